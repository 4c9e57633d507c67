/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMMUv3 model: configuration caches, TLB, walks, and the accesses of devices.
 * Entries leave only through drop_pending(). IHI 0070 3.3 "Data structures and
 * translation procedure", chapter 5; DDI 0487 D8 "VMSAv8-64" for descriptors.
 */
#include <stdlib.h>
#include <string.h>

#include "smmuv3-priv.h"

enum use {
    NEWEST,
    OLDEST,
    UNCACHED,
    PREFETCH
};

/* A fault, as an event record will tell it. */
struct fault {
    uint8_t event;
    bool s2, silent;
    unsigned int class; /* 7.3: 1 TT, 2 IN */
    uint64_t address;   /* FetchAddr, or IPA */
};

/* What one stage of translation needs to know. */
struct regime {
    uint64_t ttb, mair;
    unsigned int in_bits, out_bits, start;
    uint16_t asid, vmid;
    uint8_t world;
    bool s2, affd, had, pan, record;
};

void drop_pending(struct smmuv3_model *m)
{
    for ( struct conf **at = &m->conf, *c; (c = *at); )
        if ( c->pending )
        {
            *at = c->next;
            free(c);
        }
        else
            at = &c->next;
    for ( struct tlb **at = &m->tlb, *e; (e = *at); )
        if ( e->pending )
        {
            *at = e->next;
            free(e);
        }
        else
            at = &e->next;
}

/* ---- Configuration */

/* Read a structure through the cache, or past it. */
static bool conf_read(struct smmuv3_model *m, enum conf_kind kind, uint32_t sid,
                      uint64_t pa, uint64_t *w, unsigned int nr, bool cached)
{
    struct conf *c = m->conf;

    if ( !cached )
        return model_peek(m, pa, w, nr);
    while ( c && (c->kind != kind || c->sid != sid) )
        c = c->next;
    if ( c )
    {
        memcpy(w, c->w, nr * 8);
        return true;
    }
    if ( !model_fetch(m, pa, w, nr) )
        return false;
    c = calloc(1, sizeof(*c));
    if ( !c )
        abort();
    *c = (struct conf){
        .next = m->conf,
        .kind = kind,
        .sid = sid,
        .pa = pa,
        .nr = nr,
    };
    memcpy(c->w, w, nr * 8);
    m->conf = c;
    return true;
}

/* 3.3.1 Stream table lookup, 5.1 L1STD. */
uint64_t ste_address(struct smmuv3_model *m, uint32_t sid, bool cached,
                     uint8_t *event, uint64_t *fetch)
{
    unsigned int log2 = (unsigned int)bits(m->strtab_cfg, 5, 0);
    unsigned int split = (unsigned int)bits(m->strtab_cfg, 10, 6), span;
    uint64_t base = m->strtab_base & UINT64_C(0x00ffffffffffffc0), std;
    uint32_t low = sid & ((1u << split) - 1);

    if ( (uint64_t)sid >> log2 )
        *event = EV_BAD_STREAMID;
    else if ( bits(m->strtab_cfg, 17, 16) != 1 )
        return base + (uint64_t)sid * 64;
    else if ( !conf_read(m, CONF_L1STD, sid - low, base + (sid >> split) * 8,
                         &std, 1, cached) )
    {
        *event = EV_STE_FETCH;
        *fetch = base + (sid >> split) * 8;
    }
    else
    {
        span = (unsigned int)bits(std, 4, 0);
        if ( span && span <= 11 && span <= split + 1 && !(low >> (span - 1)) )
            return (bits(std, 55, 6) >> (span - 1) << (span - 1) << 6) +
                   low * 64;
        *event = EV_BAD_STREAMID;
    }
    return 0;
}

/* 6.3.6 IDR5.OAS and 5.4 CD.IPS share an encoding. */
static unsigned int address_bits(const struct smmuv3_model *m, uint64_t code)
{
    static const unsigned int size[] = {32, 36, 40, 42, 44, 48, 52, 52};

    return size[code] < m->cfg.oas ? size[code] : m->cfg.oas;
}

/* 5.4.2 Validity of CD: true if this CD may be used for a lower address. */
static bool cd_decode(struct smmuv3_model *m, const uint64_t *cd,
                      struct regime *r)
{
    unsigned int tsz = (unsigned int)bits(cd[0], 5, 0);

    r->record = bit(cd[0], 45);
    r->in_bits = 64 - tsz;
    r->out_bits = address_bits(m, bits(cd[0], 34, 32));
    r->ttb = cd[1] & UINT64_C(0x000ffffffffffff0);
    r->asid = (uint16_t)bits(cd[0], 63, 48);
    r->affd = bit(cd[0], 35);
    r->pan = bit(cd[0], 40);
    r->had = bit(cd[1], 1);
    r->mair = cd[3];
    if ( r->asid >> 8 && !m->cfg.asid16 )
        violation(m, "CD with a 16-bit ASID (5.4)");
    if ( bits(cd[0], 39, 38) )
        violation(m, "CD.TBI is not modelled");
    /* V, AA64; ENDI; HD, HA without HTTU; S without stalls; A (TERM_MODEL) */
    if ( !bit(cd[0], 31) || !bit(cd[0], 41) || bit(cd[0], 15) ||
         bits(cd[0], 43, 42) || (bit(cd[0], 44) && !m->cfg.stall) ||
         !bit(cd[0], 46) )
        return false;
    /* The upper half: walked never, valid if enabled (T1SZ, TG1 = 4 KiB). */
    if ( !bit(cd[0], 30) )
    {
        if ( bits(cd[0], 21, 16) < 16 || bits(cd[0], 21, 16) > 39 ||
             bits(cd[0], 23, 22) != 2 )
            return false;
        violation(m, "CD.EPD1 = 0: TTB1 is not modelled");
    }
    if ( bit(cd[0], 14) ) /* EPD0: TTB0's fields are ignored */
        return true;
    if ( tsz < 16 || tsz > 39 || bits(cd[0], 7, 6) || r->ttb >> r->out_bits )
        return false;
    r->start = 3 - (r->in_bits - 13) / 9;
    return true;
}

/* 5.2: the stage 2 half of an STE. */
static bool ste_stage2(struct smmuv3_model *m, const uint64_t *ste,
                       struct regime *r)
{
    unsigned int sl0 = (unsigned int)bits(ste[2], 39, 38), shift;

    r->s2 = true;
    r->in_bits = 64 - (unsigned int)bits(ste[2], 37, 32);
    r->out_bits = address_bits(m, bits(ste[2], 50, 48));
    r->ttb = ste[3] & UINT64_C(0x000ffffffffffff0);
    r->affd = bit(ste[2], 53);
    r->record = bit(ste[2], 58);
    if ( !bit(ste[2], 51) || bit(ste[2], 52) || bits(ste[2], 56, 55) ||
         bits(ste[2], 47, 46) || sl0 == 3 || r->ttb >> r->out_bits ||
         (bit(ste[2], 57) && !m->cfg.stall) )
        return false;
    r->start = 2 - sl0;
    shift = 39 - 9 * r->start;
    return r->in_bits > shift && r->in_bits <= shift + 13 &&
           r->in_bits <= m->cfg.oas;
}

/* STE and CD of a stream: 0, or the event. *bypass where nothing translates. */
static uint8_t configure(struct smmuv3_model *m, uint32_t sid, bool cached,
                         struct regime *r, bool *epd0, bool *bypass,
                         struct fault *f)
{
    uint64_t ste[8], cd[8], pa;
    uint8_t event = 0;
    unsigned int config;

    pa = ste_address(m, sid, cached, &event, &f->address);
    if ( event )
    {
        f->silent = event == EV_BAD_STREAMID && !(m->cr2 & M_CR2_RECINVSID);
        return event;
    }
    f->address = pa;
    if ( !conf_read(m, CONF_STE, sid, pa, ste, 8, cached) )
        return EV_STE_FETCH;
    config = (unsigned int)bits(ste[0], 3, 1);
    if ( !bit(ste[0], 0) )
        return EV_BAD_STE;
    if ( config < 4 )
    {
        f->silent = true; /* abort, no event */
        return EV_BAD_STE;
    }
    *bypass = config == 4;
    if ( *bypass )
        return 0;
    if ( ((config & 1) && !m->cfg.s1p) || ((config & 2) && !m->cfg.s2p) )
        return EV_BAD_STE;
    if ( config == 7 )
    {
        violation(m, "nested translation is not modelled");
        return EV_BAD_STE;
    }
    /* 3.17: stage 1 entries carry a VMID as soon as there is a stage 2. */
    r->vmid = m->cfg.s2p ? (uint16_t)bits(ste[2], 15, 0) : 0;
    if ( r->vmid >> 8 && !m->cfg.vmid16 )
        violation(m, "STE with a 16-bit VMID (5.2)");
    if ( config == 6 )
        return ste_stage2(m, ste, r) ? 0 : EV_BAD_STE;
    r->world = (uint8_t)bits(ste[1], 31, 30);
    if ( (r->world && !m->cfg.hyp) || r->world & 1 )
        return EV_BAD_STE; /* 5.2 STRW */
    if ( r->world == WORLD_NS_EL2 )
        r->vmid = 0;
    if ( bit(ste[1], 27) && m->cfg.stall == false )
        return EV_BAD_STE; /* S1STALLD */
    f->address = ste[0] & UINT64_C(0x00ffffffffffffc0);
    if ( !conf_read(m, CONF_CD, sid, f->address, cd, 8, cached) )
        return EV_CD_FETCH;
    *epd0 = bit(cd[0], 14);
    return cd_decode(m, cd, r) ? 0 : EV_BAD_CD;
}

/* ---- TLB */

uint64_t tlb_output(const struct tlb *e)
{
    return bits(e->desc, 47, 39 - 9 * e->level) << (39 - 9 * e->level);
}

static bool tagged(const struct tlb *e, const struct regime *r, uint64_t ia)
{
    return e->s2 == r->s2 && e->world == r->world && e->vmid == r->vmid &&
           (e->global || e->asid == r->asid) && ia >= e->ia &&
           ia - e->ia < e->size;
}

/*
 * The leaf for ia, or the deepest table. Among equals the newest that no
 * command has named; or the oldest.
 */
static struct tlb *tlb_find(struct smmuv3_model *m, const struct regime *r,
                            uint64_t ia, bool table, enum use use)
{
    struct tlb *best = NULL;

    for ( struct tlb *e = m->tlb; e; e = e->next )
    {
        if ( e->table != table || !tagged(e, r, ia) )
            continue;
        if ( !best || (table && e->level > best->level) ||
             ((!table || e->level == best->level) &&
              (use == OLDEST || (best->pending && !e->pending))) )
            best = e;
    }
    if ( best && best->ttb != r->ttb && !best->reported )
    {
        best->reported = true;
        violation(m, "ASID %u VMID %u: entry of table %#lx used for %#lx",
                  r->asid, r->vmid, best->ttb, r->ttb);
    }
    return best;
}

static void tlb_insert(struct smmuv3_model *m, const struct tlb *from)
{
    struct tlb *e = malloc(sizeof(*e));

    if ( !e )
        abort();
    *e = *from;
    e->next = m->tlb;
    m->tlb = e;
}

/* ---- Walks */

/* DDI 0487, "The Contiguous bit": 16 entries that are one translation. */
static void check_contiguous(struct smmuv3_model *m, const struct tlb *e)
{
    const uint64_t ignore = UINT64_C(0xf) << 55 | 1u << 10;
    unsigned int shift = 39 - 9 * e->level;
    uint64_t first = e->desc_pa & ~UINT64_C(127), desc = 0;
    uint64_t expect = e->desc & ~(UINT64_C(15) << shift);

    for ( uint64_t i = 0; i < 16; i++ )
        if ( !model_peek(m, first + i * 8, &desc, 1) ||
             ((desc ^ (expect | i << shift)) & ~ignore) )
        {
            violation(m, "contiguous run at %#lx: entry %lu is %#lx", first, i,
                      desc);
            return;
        }
}

/* Follow the tables to the leaf for ia. Return 0, or the event. */
static uint8_t walk(struct smmuv3_model *m, const struct regime *r, uint64_t ia,
                    enum use use, struct tlb *leaf, struct fault *f)
{
    struct tlb e = {
        .ttb = r->ttb,
        .asid = r->asid,
        .vmid = r->vmid,
        .world = r->world,
        .s2 = r->s2,
        .level = r->start,
    };
    uint64_t table = r->ttb;
    unsigned int width = r->in_bits - (39 - 9 * r->start);
    const struct tlb *hit =
        use == UNCACHED ? NULL : tlb_find(m, r, ia, true, use);

    if ( hit )
    {
        e.level = hit->level + 1;
        e.aptable = hit->aptable;
        table = hit->desc & UINT64_C(0x0000fffffffff000);
        width = 9;
    }
    for ( ;; e.level++, width = 9 )
    {
        unsigned int shift = 39 - 9 * e.level;

        e.desc_pa = table + ((ia >> shift) & ((1u << width) - 1)) * 8;
        e.size = UINT64_C(1) << shift;
        e.ia = ia & ~(e.size - 1);
        if ( use == UNCACHED ? !model_peek(m, e.desc_pa, &e.desc, 1)
                             : !model_fetch(m, e.desc_pa, &e.desc, 1) )
        {
            f->class = r->s2 ? 2 : 1;
            f->address = e.desc_pa;
            return EV_WALK_EABT;
        }
        if ( !bit(e.desc, 0) )
            return EV_TRANSLATION;
        if ( (e.level == 0 || e.level == 3) && !bit(e.desc, 1) )
        {
            violation(m, "%s descriptor %#lx at level %u for %#lx",
                      e.level ? "reserved" : "block", e.desc, e.level, ia);
            return EV_TRANSLATION;
        }
        e.table = e.level < 3 && bit(e.desc, 1);
        if ( (e.table ? bits(e.desc, 47, 12) << 12 : tlb_output(&e)) >>
             r->out_bits )
            return EV_ADDR_SIZE;
        if ( !e.table )
            break;
        if ( !r->had && !r->s2 )
            e.aptable |= (uint8_t)bits(e.desc, 62, 61);
        if ( use != UNCACHED )
            tlb_insert(m, &e);
        table = e.desc & UINT64_C(0x0000fffffffff000);
    }
    if ( e.level < 3 && /* bit 16 is nT */
         (bits(e.desc, 38 - 9 * e.level, 17) || bits(e.desc, 15, 12)) )
        violation(m, "block %#lx at level %u has address bits below its size",
                  e.desc, e.level);
    if ( bit(e.desc, 52) && use != UNCACHED )
        check_contiguous(m, &e);
    e.global = !r->s2 && r->world == WORLD_NS_EL1 && !bit(e.desc, 11);
    if ( !bit(e.desc, 10) && !r->affd )
        return EV_ACCESS; /* AF == 0 is never cached */
    if ( use != UNCACHED )
        tlb_insert(m, &e);
    *leaf = e;
    return 0;
}

/* DDI 0487, stage 1 AP[2:1] with APTable and PAN, stage 2 S2AP. */
static bool permits(const struct tlb *e, const struct regime *r, bool write,
                    bool privileged)
{
    bool user = bit(e->desc, 6) && !bit(e->aptable, 0);

    if ( r->s2 )
        return bit(e->desc, write ? 7 : 6);
    if ( write && (bit(e->desc, 7) || bit(e->aptable, 1)) )
        return false;
    if ( r->world == WORLD_NS_EL2 )
        return true; /* one privilege level */
    return privileged ? !(user && r->pan) : user;
}

static uint8_t translate(struct smmuv3_model *m, const struct regime *r,
                         uint64_t iova, bool write, bool privileged,
                         enum use use, struct fault *f,
                         struct smmuv3_dma_result *out)
{
    const struct tlb *hit;
    struct tlb leaf;
    uint8_t event;

    f->s2 = r->s2;
    f->class = 2;
    f->silent = !r->record;
    f->address = r->s2 ? iova & ~UINT64_C(0xfff) : 0;
    if ( iova >> r->in_bits )
        return EV_TRANSLATION;
    hit = use == UNCACHED ? NULL : tlb_find(m, r, iova, false, use);
    if ( hit )
        leaf = *hit;
    else
    {
        event = walk(m, r, iova, use, &leaf, f);
        if ( event )
        {
            f->silent &= event != EV_WALK_EABT;
            return event;
        }
    }
    if ( !permits(&leaf, r, write, privileged) )
        return EV_PERMISSION;
    out->pa = tlb_output(&leaf) | (iova & (leaf.size - 1));
    if ( !r->s2 )
        out->attr = (uint8_t)(r->mair >> (8 * bits(leaf.desc, 4, 2)));
    out->sh = (uint8_t)bits(leaf.desc, 9, 8);
    return 0;
}

/* 7.3: the record of a fault. */
static bool report(struct smmuv3_model *m, uint32_t sid, uint64_t iova,
                   bool write, bool privileged, const struct fault *f)
{
    uint64_t record[4] = {f->event | (uint64_t)sid << 32, 0, 0, 0};

    if ( f->event >= EV_WALK_EABT )
    {
        record[1] = (uint64_t)privileged << 33 | (uint64_t)!write << 35 |
                    (uint64_t)f->s2 << 39 | (uint64_t)f->class << 40;
        record[2] = iova;
        record[3] = f->address;
    }
    else if ( f->event == EV_STE_FETCH || f->event == EV_CD_FETCH )
        record[3] = f->address;
    return model_event(m, record);
}

static struct smmuv3_dma_result access_by(struct smmuv3_model *m, uint32_t sid,
                                          uint64_t iova, bool write,
                                          bool privileged, enum use use)
{
    struct smmuv3_dma_result out = {.ok = false};
    struct regime r = {.ttb = 0};
    struct fault f = {.event = 0};
    bool bypass = false, epd0 = false;

    if ( !(m->cr0ack & M_CR0_SMMUEN) )
    {
        out.ok = !bit(m->gbpa, 20);
        out.pa = iova;
        return out;
    }
    f.event = configure(m, sid, use != UNCACHED, &r, &epd0, &bypass, &f);
    if ( !f.event && bypass )
    {
        out.pa = iova;
        if ( iova >> m->cfg.oas )
            f = (struct fault){.event = EV_ADDR_SIZE, .class = 2};
    }
    else if ( !f.event && epd0 )
        f = (struct fault){
            .event = EV_TRANSLATION,
            .class = 2,
            .silent = !r.record,
        };
    else if ( !f.event )
        f.event = translate(m, &r, iova, write, privileged, use, &f, &out);
    out.ok = !f.event;
    out.event = f.silent && f.event == EV_BAD_STE ? 0 : f.event;
    if ( f.event && !f.silent && (use == NEWEST || use == OLDEST) )
        out.recorded = report(m, sid, iova, write, privileged, &f);
    return out;
}

struct smmuv3_dma_result smmuv3_model_dma(struct smmuv3_model *m, uint32_t sid,
                                          uint64_t iova, bool write,
                                          bool privileged)
{
    return access_by(m, sid, iova, write, privileged, NEWEST);
}

struct smmuv3_dma_result
smmuv3_model_dma_prefer_stale(struct smmuv3_model *m, uint32_t sid,
                              uint64_t iova, bool write, bool privileged)
{
    return access_by(m, sid, iova, write, privileged, OLDEST);
}

struct smmuv3_dma_result smmuv3_model_dma_uncached(struct smmuv3_model *m,
                                                   uint32_t sid, uint64_t iova,
                                                   bool write, bool privileged)
{
    return access_by(m, sid, iova, write, privileged, UNCACHED);
}

void smmuv3_model_prefetch(struct smmuv3_model *m, uint32_t sid, uint64_t iova,
                           uint64_t size)
{
    for ( uint64_t at = 0; at < size; at += 4096 )
        access_by(m, sid, iova + at, false, true, PREFETCH);
}
