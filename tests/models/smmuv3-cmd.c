/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMMUv3 model: the command queue. An invalidation marks what it matches; a
 * CMD_SYNC that completes drops what is marked. IHI 0070 chapter 4 "Commands".
 */
#include "smmuv3-priv.h"

/* 3.5.1: an index has a wrap bit above LOG2SIZE. */
static uint32_t index_mask(const struct queue *q)
{
    unsigned int log2 = q->base & 31;

    return (2u << (log2 > 19 ? 19 : log2)) - 1;
}

uint32_t queue_slot(const struct queue *q, uint32_t index)
{
    return index & (index_mask(q) >> 1);
}

uint32_t queue_used(const struct queue *q)
{
    return (q->prod - q->cons) & index_mask(q);
}

uint32_t queue_next(const struct queue *q, uint32_t index)
{
    return (index + 1) & index_mask(q);
}

static uint64_t entry_address(const struct queue *q, uint32_t index,
                              unsigned int shift)
{
    unsigned int log2 = q->base & 31;
    uint64_t base = q->base & UINT64_C(0x00ffffffffffffe0);

    base &= ~((UINT64_C(1) << (log2 + shift)) - 1);
    return base + ((uint64_t)queue_slot(q, index) << shift);
}

uint64_t queue_address(const struct queue *q, uint32_t index)
{
    return entry_address(q, index, 5);
}

/* Remember the commands from index to PROD, as a unit may fetch them now. */
void cmdq_published(struct smmuv3_model *m, uint32_t from)
{
    const struct queue *q = &m->cmdq;

    if ( (q->base & 31) > m->cfg.cmdqs )
        return;
    for ( uint32_t i = from & index_mask(q); i != (q->prod & index_mask(q));
          i = queue_next(q, i) )
        if ( !model_fetch(m, entry_address(q, i, 4),
                          m->issued[queue_slot(q, i)], 2) )
            m->issued[queue_slot(q, i)][0] = 0;
}

/* ---- 4.3 Configuration structure invalidation */

static void watch_cfgi(struct smmuv3_model *m, uint32_t sid, uint32_t last,
                       bool cd_only)
{
    for ( struct watched *w = m->watched; w; w = w->next )
        if ( w->sid >= sid && w->sid <= last && (w->cd || !cd_only) )
            w->cfgi = true;
}

/* STEs and their CDs; L1STDs too unless leaf. */
static void cfgi_ste(struct smmuv3_model *m, uint32_t sid, uint32_t last,
                     bool leaf)
{
    unsigned int split = (unsigned int)bits(m->strtab_cfg, 10, 6);
    uint32_t first = sid >> split << split;

    for ( struct conf *c = m->conf; c; c = c->next )
        if ( c->kind == CONF_L1STD ? !leaf && c->sid >= first && c->sid <= last
                                   : c->sid >= sid && c->sid <= last )
            c->pending = true;
    watch_cfgi(m, sid, last, false);
}

static void cfgi_cd(struct smmuv3_model *m, uint32_t sid)
{
    for ( struct conf *c = m->conf; c; c = c->next )
        if ( c->kind == CONF_CD && c->sid == sid )
            c->pending = true;
    watch_cfgi(m, sid, sid, true);
}

/* ---- 4.4 TLB invalidation */

struct scope {
    bool any_vmid, any_asid, by_va, globals, s2;
    uint8_t world;
    uint16_t vmid, asid;
    uint64_t start, size;
    bool leaf;
    unsigned int level; /* of leaves, or 0 for any */
};

static bool in_scope(const struct tlb *e, const struct scope *s)
{
    if ( e->s2 != s->s2 || (!e->s2 && e->world != s->world) ||
         (!s->any_vmid && e->vmid != s->vmid) )
        return false;
    if ( !s->any_asid && (e->global ? !s->globals : e->asid != s->asid) )
        return false;
    if ( !s->by_va )
        return true;
    if ( s->start > e->ia + (e->size - 1) || e->ia > s->start + (s->size - 1) )
        return false;
    if ( e->table ) /* Leaf == 0: the levels above the given one */
        return !s->leaf && (!s->level || e->level < s->level);
    return !s->level || e->level == s->level;
}

static void tlbi(struct smmuv3_model *m, const struct scope *s)
{
    for ( struct tlb *e = m->tlb; e; e = e->next )
        if ( in_scope(e, s) )
            e->pending = true;
}

/*
 * 4.4.1.1 Range-based invalidation and level hint: 0, or a command error.
 * Sets by_va = false with size 0 where the manual promises nothing.
 */
static unsigned int decode_range(struct smmuv3_model *m, const uint64_t c[2],
                                 struct scope *s, bool *nothing)
{
    unsigned int num = (unsigned int)bits(c[0], 16, 12);
    unsigned int scale = (unsigned int)bits(c[0], 24, 20);
    unsigned int tg = (unsigned int)bits(c[1], 11, 10);
    unsigned int ttl = (unsigned int)bits(c[1], 9, 8);

    s->by_va = true;
    s->leaf = bit(c[1], 0);
    s->start = c[1] & ~UINT64_C(0xfff);
    s->size = 4096;
    if ( !m->cfg.ril || !tg )
    {
        if ( num || scale || ttl || tg )
            violation(m, "TLBI with RES0 range fields (4.4.1.1)");
        return 0;
    }
    if ( !num && !scale && !ttl )
        return M_CERROR_ILL;
    if ( scale > 30 )
        s->size = ~s->start + 1;
    else
        s->size = ((uint64_t)num + 1) << scale << 12;
    if ( s->start + s->size - 1 < s->start )
        s->size = ~s->start + 1;
    s->level = ttl;
    if ( tg != 1 )
        *nothing = true; /* no entry has another granule */
    if ( tg == 1 && ((ttl == 1 && bits(c[1], 29, 12)) ||
                     (ttl == 2 && bits(c[1], 20, 12))) )
    {
        violation(m, "TLBI address %#lx not aligned for TTL %u (4.4.1.1)",
                  s->start, ttl);
        *nothing = true;
    }
    return 0;
}

static unsigned int tlb_command(struct smmuv3_model *m, const uint64_t c[2])
{
    const struct smmuv3_model_cfg *cfg = &m->cfg;
    unsigned int op = (unsigned int)bits(c[0], 7, 0), error = 0;
    struct scope s = {
        .vmid = (uint16_t)bits(c[0], 47, 32),
        .asid = (uint16_t)bits(c[0], 63, 48),
        .any_asid = true,
        .globals = true,
        .world = op >= 0x20 && op <= 0x23 ? WORLD_NS_EL2 : WORLD_NS_EL1,
        .any_vmid = op >= 0x20 && op <= 0x23,
    };
    bool nothing = false;

    if ( (op < 0x20 && !cfg->s1p) ||
         (op >= 0x20 && op <= 0x23 && !(cfg->hyp && cfg->s1p)) ||
         ((op == 0x28 || op == 0x2a) && !cfg->s2p) )
        return M_CERROR_ILL;
    if ( op < 0x20 && !cfg->s2p && s.vmid )
    {
        /* 4.4.2: RES0, the unit may do nothing. */
        violation(m, "TLBI with VMID %u on a unit without stage 2", s.vmid);
        nothing = true;
    }
    if ( (s.asid >> 8 && !cfg->asid16) || (s.vmid >> 8 && !cfg->vmid16) )
    {
        violation(m, "TLBI with a 16-bit ASID or VMID (4.4)");
        nothing = true;
    }
    switch ( op )
    {
    case 0x10: /* NH_ALL */
    case 0x20: /* EL2_ALL */
        break;
    case 0x11: /* NH_ASID */
        s.any_asid = s.globals = false;
        break;
    case 0x21: /* EL2_ASID: entries are untagged while E2H == 0 */
        nothing = true;
        break;
    case 0x12: /* NH_VA */
        s.any_asid = false;
        error = decode_range(m, c, &s, &nothing);
        break;
    case 0x13: /* NH_VAA */
    case 0x22: /* EL2_VA */
    case 0x23: /* EL2_VAA */
        error = decode_range(m, c, &s, &nothing);
        break;
    case 0x28: /* S12_VMALL: both stages of the VMID */
        tlbi(m, &s);
        s.s2 = true;
        break;
    case 0x2a: /* S2_IPA */
        s.s2 = true;
        error = decode_range(m, c, &s, &nothing);
        break;
    case 0x30: /* NSNH_ALL */
        s.any_vmid = true;
        tlbi(m, &s);
        s.s2 = true;
        m->tlb_cleared = true;
        break;
    default:
        return M_CERROR_ILL;
    }
    if ( !error && !nothing )
        tlbi(m, &s);
    return error;
}

/* ---- 4.7.3 CMD_SYNC: 0 done, an error, or ~0 not yet */

#define NOT_YET ~0u

static unsigned int sync_command(struct smmuv3_model *m, const uint64_t c[2])
{
    unsigned int signal = (unsigned int)bits(c[0], 13, 12);

    if ( signal == 3 )
        return M_CERROR_ILL;
    if ( m->cfg.sync_never )
        return NOT_YET;
    if ( !m->sync_begun )
    {
        m->sync_begun = true;
        m->sync_wait = m->cfg.sync_delay;
    }
    if ( m->sync_wait )
        return NOT_YET;
    m->sync_begun = false;
    drop_pending(m);
    for ( struct watched *w = m->watched; w; w = w->next )
        w->synced |= w->cfgi;
    m->conf_unknown &= !m->conf_cleared;
    m->tlb_unknown &= !m->tlb_cleared;
    if ( signal == 1 && c[0] >> 32 == 0 && !bits(c[1], 55, 2) )
        model_irq(m, SMMUV3_MODEL_IRQ_SYNC);
    return 0;
}

static unsigned int execute(struct smmuv3_model *m, const uint64_t c[2])
{
    uint32_t sid = (uint32_t)bits(c[0], 63, 32), mask;
    unsigned int op = (unsigned int)bits(c[0], 7, 0);

    if ( op <= 0x06 && bit(c[0], 10) ) /* 4.1.6: SSec from Non-secure */
        return M_CERROR_ILL;
    if ( op <= 0x06 && op != 0x04 && sid >> m->cfg.sidsize )
        violation(m, "command %#x with StreamID %#x out of range", op, sid);
    switch ( op )
    {
    case 0x01: /* PREFETCH_CONFIG, PREFETCH_ADDR: hints */
    case 0x02:
        return 0;
    case 0x03: /* CFGI_STE */
        cfgi_ste(m, sid, sid, bit(c[1], 0));
        return 0;
    case 0x04: /* CFGI_STE_RANGE, CFGI_ALL */
        mask = (uint32_t)((UINT64_C(2) << bits(c[1], 4, 0)) - 1);
        cfgi_ste(m, sid & ~mask, sid | mask, false);
        m->conf_cleared |= mask == ~0u;
        return 0;
    case 0x05: /* CFGI_CD */
        if ( bits(c[0], 31, 12) )
        {
            violation(m, "CFGI_CD with a SubstreamID (4.3.3)");
            return 0;
        }
        __attribute__((fallthrough));
    case 0x06: /* CFGI_CD_ALL */
        if ( !m->cfg.s1p )
            return M_CERROR_ILL;
        cfgi_cd(m, sid);
        return 0;
    case 0x44: /* RESUME, STALL_TERM: nothing is ever stalled */
    case 0x45:
        return m->cfg.stall ? 0 : M_CERROR_ILL;
    case 0x46:
        return sync_command(m, c);
    default:
        return op >= 0x10 && op <= 0x30 ? tlb_command(m, c) : M_CERROR_ILL;
    }
}

/* Consume up to budget commands (4.1.4). */
void cmdq_run(struct smmuv3_model *m, unsigned int budget)
{
    struct queue *q = &m->cmdq;

    if ( !(m->cr0ack & M_CR0_CMDQEN) || (q->base & 31) > m->cfg.cmdqs )
        return;
    while ( budget-- && queue_used(q) &&
            !((m->gerror ^ m->gerrorn) & M_GERR_CMDQ) )
    {
        const uint64_t *issued = m->issued[queue_slot(q, q->cons)];
        uint64_t c[2];
        unsigned int error;

        if ( !model_fetch(m, entry_address(q, q->cons, 4), c, 2) )
            error = M_CERROR_ABT;
        else
        {
            if ( c[0] != issued[0] || c[1] != issued[1] )
                violation(m, "command %u overwritten before it was consumed",
                          queue_slot(q, q->cons));
            error = execute(m, c);
        }
        if ( error == NOT_YET )
            return;
        if ( error )
        {
            /* 7.1: the code is visible before the global error. */
            q->cons = (q->cons & 0xfffff) | error << 24;
            model_gerror(m, M_GERR_CMDQ);
            return;
        }
        q->cons = queue_next(q, q->cons) | (q->cons & 0x7f000000);
    }
}
