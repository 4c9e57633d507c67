/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPMMU-VMSA model: registers, flushes, faults. Walks and caches:
 * ipmmu-walk.c. See ipmmu.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipmmu-priv.h"

void ipmmu_violation(struct ipmmu_model *m, const char *fmt, ...)
{
    va_list args;

    if ( m->nr_violations++ )
        return;
    va_start(args, fmt);
    vsnprintf(m->first, sizeof(m->first), fmt, args);
    va_end(args);
}

static void reset_unit(struct ipmmu_model *m, unsigned int unit)
{
    struct unit *u = &m->unit[unit];

    memset(u, 0, sizeof(*u));
    u->sctlr = m->cfg.sctlr;
    u->auxctlr = m->cfg.auxctlr;
    for ( unsigned int i = 0; i < m->nr_utlbs; i++ )
        u->imuctr[i] = m->cfg.utlb;
}

struct ipmmu_model *ipmmu_model_new(const struct ipmmu_model_cfg *cfg)
{
    struct ipmmu_model *m = calloc(1, sizeof(*m));

    if ( !m || cfg->nr_leaves > IPMMU_MODEL_LEAVES )
        abort();
    m->cfg = *cfg;
    m->nr_ctx = cfg->gen4 ? 16 : 8;
    m->nr_utlbs = cfg->gen4 ? 64 : 48;
    for ( unsigned int i = 0; i <= cfg->nr_leaves; i++ )
        reset_unit(m, i);
    return m;
}

void ipmmu_model_free(struct ipmmu_model *m)
{
    if ( !m )
        return;
    ipmmu_drop(m, ALL_UNITS, ALL_CONTEXTS);
    ipmmu_forget_memory(m);
    free(m);
}

struct ipmmu_model_cfg *ipmmu_model_tune(struct ipmmu_model *m)
{
    return &m->cfg;
}

void ipmmu_model_power_cycle(struct ipmmu_model *m)
{
    ipmmu_drop(m, ALL_UNITS, ALL_CONTEXTS);
    memset(m->ctx, 0, sizeof(m->ctx));
    for ( unsigned int i = 0; i <= m->cfg.nr_leaves; i++ )
        reset_unit(m, i);
    ipmmu_update_irq(m);
}

/* ---- which register */

enum space {
    SPACE_NONE,
    SPACE_CONTEXT,
    SPACE_UTLB,
    SPACE_SCTLR,
    SPACE_AUXCTLR
};

struct where {
    enum space space;
    unsigned int index; /* of a context or micro-TLB */
    uint32_t reg;       /* within it */
};

static struct where find(const struct ipmmu_model *m, uint32_t offset)
{
    const uint32_t control = m->cfg.gen4 ? 0x1000 : 0;
    const uint32_t utlbs = m->cfg.gen4 ? 0x3000 : 0;
    struct where w = {SPACE_NONE, 0, 0};

    for ( unsigned int i = 0; i < m->nr_ctx; i++ )
    {
        uint32_t bank = i * 0x40;

        if ( m->cfg.gen4 )
            bank = 0x10000 + i * 0x1040 + (i > 7 ? 0x600 : 0);
        if ( offset >= bank && offset < bank + 0x40 )
            return (struct where){SPACE_CONTEXT, i, offset - bank};
    }
    for ( unsigned int i = 0; i < m->nr_utlbs; i++ )
    {
        uint32_t at = utlbs + (i < 32 ? 0x300 + 16 * i : 0x600 + 16 * (i - 32));

        if ( offset >= at && offset < at + 16 )
            return (struct where){SPACE_UTLB, i, offset - at};
    }
    if ( offset == control + 0x500 )
        w.space = SPACE_SCTLR;
    if ( offset == control + 0x504 )
        w.space = SPACE_AUXCTLR;
    return w;
}

static bool accessible(struct ipmmu_model *m, unsigned int unit,
                       uint32_t offset, unsigned int size)
{
    if ( unit > m->cfg.nr_leaves )
        abort();
    if ( m->cfg.off >> unit & 1 )
        ipmmu_violation(m, "unit %u: %#x touched with its power off", unit,
                        offset);
    else if ( size != 4 || offset % 4 )
        ipmmu_violation(m, "unit %u: %#x accessed with %u bytes", unit, offset,
                        size);
    else
        return true;
    return false;
}

/* ---- interrupts */

bool ipmmu_model_irq_level(const struct ipmmu_model *m)
{
    for ( unsigned int i = 0; i < m->nr_ctx; i++ )
        if ( m->ctx[i].imctr & IMCTR_INTEN && m->ctx[i].imstr )
            return true;
    return false;
}

void ipmmu_update_irq(struct ipmmu_model *m)
{
    bool level = ipmmu_model_irq_level(m);

    if ( level == m->irq )
        return;
    m->irq = level;
    if ( m->cfg.irq )
        m->cfg.irq(m->cfg.ctx, level);
}

/* ---- context banks */

/* A flush has ended: what was written counts from here on. */
static void flush_done(struct ipmmu_model *m, unsigned int i)
{
    struct context *c = &m->ctx[i];

    c->flushing = false;
    c->imctr &= ~IMCTR_FLUSH;
    c->live = c->regs;
    ipmmu_drop(m, ROOT_UNIT, i);
}

static void write_root_imctr(struct ipmmu_model *m, unsigned int i,
                             uint32_t value)
{
    struct context *c = &m->ctx[i];

    if ( i == 0 && value & IMCTR_MMUEN )
        ipmmu_violation(m, "context 0 is in use");
    c->imctr = value;
    if ( value & IMCTR_FLUSH )
    {
        c->flushing = true;
        c->flush_wait = m->cfg.flush_delay;
        /* Done at once, or at the read that finds it so. */
        if ( !m->cfg.flush_delay && !m->cfg.flush_never )
            flush_done(m, i);
        if ( m->cfg.flush_last && !--m->cfg.flush_last )
            m->cfg.flush_never = true;
    }
    ipmmu_update_irq(m);
}

static uint32_t read_root_imctr(struct ipmmu_model *m, unsigned int i)
{
    struct context *c = &m->ctx[i];

    if ( c->flushing && !m->cfg.flush_never )
    {
        if ( c->flush_wait )
            c->flush_wait--;
        if ( !c->flush_wait )
            flush_done(m, i);
    }
    return c->imctr;
}

static uint32_t read_root(struct ipmmu_model *m, const struct where *w)
{
    const struct context *c = &m->ctx[w->index];

    switch ( w->reg )
    {
    case 0x00:
        return read_root_imctr(m, w->index);
    case 0x08:
        return c->regs.imttbcr;
    case 0x10:
        return c->regs.ttbr_low[0];
    case 0x14:
        return c->regs.ttbr_high[0];
    case 0x18:
        return c->regs.ttbr_low[1];
    case 0x1c:
        return c->regs.ttbr_high[1];
    case 0x20:
        return c->imstr;
    case 0x28:
        return c->regs.imair[0];
    case 0x2c:
        return c->regs.imair[1];
    case 0x30:
        return c->imelar;
    case 0x34:
        return c->imeuar;
    default:
        return 0;
    }
}

static void write_root(struct ipmmu_model *m, const struct where *w,
                       uint32_t value)
{
    struct context *c = &m->ctx[w->index];

    switch ( w->reg )
    {
    case 0x00:
        write_root_imctr(m, w->index, value);
        break;
    case 0x08:
        c->regs.imttbcr = value;
        /* Walks do not snoop, whatever one asks for (manual's erratum). */
        if ( value & 0x3f003f00 )
            ipmmu_violation(m, "IMTTBCR %#x asks for cached walks", value);
        if ( value & 1U << 30 && !m->cfg.stage2 )
            ipmmu_violation(m, "IMTTBCR.PMB on a part without stage 2");
        break;
    case 0x10:
    case 0x18:
        if ( value & 0xfff )
            ipmmu_violation(m, "table base %#x is not a page", value);
        c->regs.ttbr_low[w->reg == 0x18] = value;
        break;
    case 0x14:
    case 0x1c:
        c->regs.ttbr_high[w->reg == 0x1c] = value & 0xff;
        break;
    case 0x20:
        /* Zeros clear; the addresses go with it. */
        c->imstr &= value;
        if ( !c->imstr )
            c->imelar = c->imeuar = 0;
        ipmmu_update_irq(m);
        break;
    case 0x28:
    case 0x2c:
        c->regs.imair[w->reg == 0x2c] = value;
        break;
    default:
        break; /* nobody has described it */
    }
}

/* A leaf has only these bits of a bank. */
static void write_leaf_bank(struct ipmmu_model *m, unsigned int unit,
                            const struct where *w, uint32_t value)
{
    if ( w->reg )
        return;
    m->unit[unit].imctr[w->index] = value & (IMCTR_MMUEN | IMCTR_INTEN);
    if ( value & IMCTR_FLUSH )
        ipmmu_drop(m, unit, w->index);
}

/* ---- control registers */

static void write_sctlr(struct ipmmu_model *m, unsigned int unit,
                        uint32_t value)
{
    uint32_t changed = m->unit[unit].sctlr ^ value;

    /* Firmware has put errata bits there; on the root 31:29 are its own. */
    if ( changed & 0x0fffffff || (unit == ROOT_UNIT && changed & 0xe0000000) )
        ipmmu_violation(m, "unit %u: IMSCTLR %#x -> %#x: bits are not ours",
                        unit, m->unit[unit].sctlr, value);
    m->unit[unit].sctlr = value;
}

static void write_auxctlr(struct ipmmu_model *m, unsigned int unit,
                          uint32_t value)
{
    if ( (m->unit[unit].auxctlr ^ value) & ~AUX_S2PTE )
        ipmmu_violation(m, "unit %u: IMSAUXCTLR %#x -> %#x: bits are not ours",
                        unit, m->unit[unit].auxctlr, value);
    if ( value & AUX_S2PTE && !m->cfg.stage2 )
        ipmmu_violation(m, "S2PTE on a part without stage 2");
    m->unit[unit].auxctlr = value;
}

/* ---- dispatch */

uint32_t ipmmu_model_read(struct ipmmu_model *m, unsigned int unit,
                          uint32_t offset, unsigned int size)
{
    struct where w = find(m, offset);
    const struct unit *u = &m->unit[unit];

    if ( !accessible(m, unit, offset, size) )
        return ~0U;
    switch ( w.space )
    {
    case SPACE_CONTEXT:
        if ( unit == ROOT_UNIT )
            return read_root(m, &w);
        return w.reg ? 0 : u->imctr[w.index];
    case SPACE_UTLB:
        return w.reg == 0 ? u->imuctr[w.index] : 0;
    case SPACE_SCTLR:
        return u->sctlr;
    case SPACE_AUXCTLR:
        return u->auxctlr;
    default:
        return 0;
    }
}

void ipmmu_model_write(struct ipmmu_model *m, unsigned int unit,
                       uint32_t offset, unsigned int size, uint32_t value)
{
    struct where w = find(m, offset);

    if ( !accessible(m, unit, offset, size) )
        return;
    switch ( w.space )
    {
    case SPACE_CONTEXT:
        if ( unit == ROOT_UNIT )
            write_root(m, &w, value);
        else
            write_leaf_bank(m, unit, &w, value);
        break;
    case SPACE_UTLB:
        if ( w.reg == 0 )
            m->unit[unit].imuctr[w.index] = value & ~IMUCTR_FLUSH;
        else if ( w.reg == 8 && value )
            ipmmu_violation(m, "IMUASID %#x: nobody has ever used one", value);
        break;
    case SPACE_SCTLR:
        write_sctlr(m, unit, value);
        break;
    case SPACE_AUXCTLR:
        write_auxctlr(m, unit, value);
        break;
    default:
        ipmmu_violation(m, "unit %u: write of %#x to %#x, which is nothing",
                        unit, value, offset);
        break;
    }
}

void ipmmu_model_master(struct ipmmu_model *m, unsigned int unit,
                        unsigned int utlb)
{
    m->masters[unit] |= UINT64_C(1) << utlb;
}

/* ---- verdicts */

bool ipmmu_model_settled(struct ipmmu_model *m)
{
    size_t before = m->nr_violations;

    for ( unsigned int i = 0; i < m->nr_ctx; i++ )
    {
        struct context *c = &m->ctx[i];

        if ( c->flushing )
            ipmmu_violation(m, "context %u: a flush was not waited for", i);
        if ( c->imctr & IMCTR_MMUEN &&
             memcmp(&c->regs, &c->live, sizeof(c->regs)) )
            ipmmu_violation(m, "context %u: changed without a flush", i);
    }
    ipmmu_settled_caches(m);
    return m->nr_violations == before;
}

struct ipmmu_violations ipmmu_model_violations(const struct ipmmu_model *m)
{
    return (struct ipmmu_violations){m->nr_violations, m->first};
}

void ipmmu_model_forgive(struct ipmmu_model *m)
{
    m->nr_violations = 0;
    m->first[0] = '\0';
}
