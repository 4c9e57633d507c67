/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPMMU-VMSA model: what it sees of memory, walks, caches, and what a master
 * gets. Table format: VMSAv8-64 stage 1, 4 KiB granule, from level 1.
 */
#include <stdlib.h>
#include <string.h>

#include "ipmmu-priv.h"

#define PAGE UINT64_C(4096)
#define LINE UINT64_C(64)

#define DESC_VALID   UINT64_C(1)
#define DESC_TABLE   UINT64_C(3)
#define DESC_NS      (UINT64_C(1) << 5)
#define DESC_RO      (UINT64_C(1) << 7)
#define DESC_AF      (UINT64_C(1) << 10)
#define DESC_OA      UINT64_C(0x000000fffffff000)
#define DESC_HIGH_OA UINT64_C(0x0000ff0000000000)
#define DESC_CONTIG  (UINT64_C(1) << 52)
#define DESC_SW      (UINT64_C(0xf) << 55)
#define DESC_NSTABLE (UINT64_C(1) << 63)

/* ---- memory as it was last cleaned */

static struct seen *seen_find(struct ipmmu_model *m, uint64_t pa)
{
    struct seen *s = m->seen[pa / PAGE % NR_SEEN];

    while ( s && s->pa != (pa & ~(PAGE - 1)) )
        s = s->next;
    return s;
}

static struct seen *seen_get(struct ipmmu_model *m, uint64_t pa)
{
    struct seen *s = seen_find(m, pa);

    if ( s )
        return s;
    s = calloc(1, sizeof(*s));
    if ( !s )
        abort();
    s->pa = pa & ~(PAGE - 1);
    s->next = m->seen[pa / PAGE % NR_SEEN];
    m->seen[pa / PAGE % NR_SEEN] = s;
    return s;
}

void ipmmu_forget_memory(struct ipmmu_model *m)
{
    for ( unsigned int i = 0; i < NR_SEEN; i++ )
        for ( struct seen *s = m->seen[i], *next; s; s = next )
        {
            next = s->next;
            free(s);
        }
    memset(m->seen, 0, sizeof(m->seen));
}

/* False: nobody answers there. */
static bool fetch(struct ipmmu_model *m, uint64_t pa, uint64_t *desc,
                  bool quiet)
{
    const uint64_t line = UINT64_C(1) << (pa % PAGE / LINE);
    struct seen *s;

    if ( !m->cfg.mem(m->cfg.ctx, pa, 8) )
        return false;
    s = seen_find(m, pa);
    if ( !s || !(s->known & line) )
    {
        if ( !quiet )
            ipmmu_violation(m, "walk reads %#lx, in a line never cleaned", pa);
        *desc = 0;
        return !quiet;
    }
    memcpy(desc, s->data + pa % PAGE, sizeof(*desc));
    return true;
}

/* ---- caches */

void ipmmu_drop(struct ipmmu_model *m, unsigned int unit, unsigned int context)
{
    struct entry **at = &m->cache, *e;

    while ( (e = *at) != NULL )
    {
        bool forgets = (unit == ALL_UNITS || e->unit == unit) &&
                       (context == ALL_CONTEXTS || e->context == context);

        if ( m->cfg.utlb0_forgets && unit != ALL_UNITS && unit != ROOT_UNIT &&
             e->utlb == 0 )
            forgets = false;
        if ( forgets )
        {
            *at = e->next;
            free(e);
        }
        else
            at = &e->next;
    }
}

static void insert(struct ipmmu_model *m, const struct entry *value)
{
    struct entry *e;

    for ( e = m->cache; e; e = e->next )
        if ( e->unit == value->unit && e->context == value->context &&
             e->ia == value->ia && e->level == value->level &&
             e->desc == value->desc && e->desc_pa == value->desc_pa )
            return;
    e = malloc(sizeof(*e));
    if ( !e )
        abort();
    *e = *value;
    e->next = m->cache;
    m->cache = e;
}

/* A leaf, or the deepest table, that stands for an address. */
static struct entry *lookup(struct ipmmu_model *m, unsigned int unit,
                            unsigned int context, uint64_t iova, bool table,
                            bool oldest)
{
    struct entry *found = NULL;

    for ( struct entry *e = m->cache; e; e = e->next )
    {
        if ( e->unit != unit || e->context != context || e->table != table ||
             iova < e->ia || iova - e->ia >= e->size )
            continue;
        if ( !found || e->level > found->level ||
             (oldest && e->level == found->level) )
            found = e;
    }
    return found;
}

static bool is_table(uint64_t desc, unsigned int level)
{
    return level < 3 && (desc & DESC_TABLE) == DESC_TABLE;
}

/* A valid descriptor must be broken and flushed before another replaces it. */
static void audit_break_before_make(struct ipmmu_model *m)
{
    uint64_t now = 0;

    for ( struct entry *e = m->cache; e; e = e->next )
    {
        uint64_t differ;

        if ( e->reported || !fetch(m, e->desc_pa, &now, true) ||
             !(now & DESC_VALID) )
            continue;
        differ = now ^ e->desc;
        if ( is_table(now, e->level) == e->table &&
             !(differ & (DESC_OA | (e->table ? 0 : 0x31c))) )
            continue;
        e->reported = true;
        ipmmu_violation(m,
                        "break-before-make: %#lx level %u, %#lx -> %#lx while "
                        "cached",
                        e->ia, e->level, e->desc, now);
    }
}

void ipmmu_model_clean(struct ipmmu_model *m, uint64_t pa, size_t size)
{
    for ( uint64_t at = pa & ~(LINE - 1); at < pa + size; at += LINE )
    {
        const void *now = m->cfg.mem(m->cfg.ctx, at, LINE);
        struct seen *s;

        if ( !now )
            continue;
        s = seen_get(m, at);
        memcpy(s->data + at % PAGE, now, LINE);
        s->known |= UINT64_C(1) << (at % PAGE / LINE);
    }
    audit_break_before_make(m);
}

/* ---- walks */

struct access {
    unsigned int unit, utlb, context;
    uint64_t iova;
    bool write;
    bool oldest; /* cached entries: the worst the hardware may take */
    bool quiet;  /* a prefetch */
};

struct walk {
    uint32_t imstr; /* 0: found */
    uint64_t desc;
    unsigned int level;
};

static uint64_t level_size(unsigned int level)
{
    return UINT64_C(1) << (12 + 9 * (3 - level));
}

static struct walk walk_fault(uint32_t imstr, unsigned int level)
{
    return (struct walk){.imstr = imstr | ERRLVL(level), .level = level};
}

static uint64_t ttbr(const struct regs *r, unsigned int n)
{
    return r->ttbr_low[n] | (uint64_t)r->ttbr_high[n] << 32;
}

/*
 * The context's registers describe the one format there is. Nobody knows which
 * region a high address selects: choice, both are looked at, and what differs
 * is no format. Indices into IMMAIR0 are fixed: 0 is non-cacheable, 1
 * write-back, 2 a device.
 */
static bool format_ok(struct ipmmu_model *m, unsigned int i)
{
    const struct context *c = &m->ctx[i];
    unsigned int t0sz = c->live.imttbcr & 0x1f;
    unsigned int t1sz = c->live.imttbcr >> 16 & 0x1f;

    /* EAE, long descriptors; SL0 2, a start at level 1, takes 31..39 bits.
     * 25..31: T0SZ has 5 bits, and means 64 - T0SZ with VA64. */
    return c->live.imttbcr >> 31 && c->imctr & IMCTR_VA64 &&
           !(m->unit[ROOT_UNIT].auxctlr & AUX_S2PTE) &&
           !(c->live.imttbcr >> 30 & 1) && (c->live.imttbcr >> 6 & 3) == 2 &&
           t0sz >= 25 && t1sz == t0sz &&
           ttbr(&c->live, 1) == ttbr(&c->live, 0) &&
           (c->live.imair[0] & 0xffffff) == 0x04ff44;
}

static void cache_table(struct ipmmu_model *m, const struct access *a,
                        uint64_t desc, uint64_t desc_pa, unsigned int level)
{
    const struct entry e = {
        .unit = ROOT_UNIT,
        .context = a->context,
        .utlb = a->utlb,
        .ia = a->iova & ~(level_size(level) - 1),
        .size = level_size(level),
        .desc = desc,
        .desc_pa = desc_pa,
        .level = level,
        .table = is_table(desc, level),
    };

    insert(m, &e);
}

/* A leaf is kept by the root, and by the unit that asked. */
static void cache_leaf(struct ipmmu_model *m, const struct access *a,
                       uint64_t desc, uint64_t desc_pa, unsigned int level)
{
    struct entry e = {
        .unit = a->unit,
        .context = a->context,
        .utlb = a->utlb,
        .ia = a->iova & ~(level_size(level) - 1),
        .size = level_size(level),
        .desc = desc,
        .desc_pa = desc_pa,
        .level = level,
    };

    insert(m, &e);
    e.unit = ROOT_UNIT;
    insert(m, &e);
}

/* What a valid descriptor may not be; 0: fine. */
static uint32_t check_desc(struct ipmmu_model *m, uint64_t desc,
                           unsigned int level)
{
    if ( desc & DESC_HIGH_OA )
        ipmmu_violation(m, "descriptor %#lx points above 40 bits", desc);
    if ( is_table(desc, level) )
        return desc & DESC_NSTABLE ? 0 : IMSTR_PF | ERRCODE(ERR_SECURE);
    if ( desc & DESC_CONTIG )
        ipmmu_violation(m, "descriptor %#lx has the contiguous bit", desc);
    if ( !(desc & DESC_NS) )
        return IMSTR_PF | ERRCODE(ERR_SECURE);
    return desc & DESC_AF ? 0 : IMSTR_TF; /* choice: not the format's fault */
}

static struct walk walk(struct ipmmu_model *m, const struct access *a)
{
    const struct regs *r = &m->ctx[a->context].live;
    const struct entry *start;
    unsigned int level = 1;
    uint64_t table = ttbr(r, 0), desc = 0, at;

    if ( !format_ok(m, a->context) )
        return walk_fault(IMSTR_TF | ERRCODE(ERR_FORMAT), 1);
    if ( a->iova >> (64 - (r->imttbcr & 0x1f)) )
        return walk_fault(IMSTR_TF, 1); /* choice: no truncation */

    start = lookup(m, ROOT_UNIT, a->context, a->iova, true, a->oldest);
    if ( start )
    {
        table = start->desc & DESC_OA;
        level = start->level + 1;
    }
    for ( ;; level++ )
    {
        uint32_t bad;

        at = table + (a->iova >> (12 + 9 * (3 - level)) & 0x1ff) * 8;
        if ( !fetch(m, at, &desc, a->quiet) )
            return walk_fault(IMSTR_ABORT, level);
        if ( !(desc & DESC_VALID) || (level == 3 && !(desc & 2)) )
            return walk_fault(IMSTR_TF, level);
        bad = check_desc(m, desc, level);
        if ( bad )
            return walk_fault(bad, level);
        if ( !is_table(desc, level) )
            break;
        cache_table(m, a, desc, at, level);
        table = desc & DESC_OA;
    }
    cache_leaf(m, a, desc, at, level);
    return (struct walk){.desc = desc, .level = level};
}

/* From the leaf unit's cache, the root's, or the tables. */
static struct walk translate(struct ipmmu_model *m, const struct access *a)
{
    const struct entry *e =
        lookup(m, a->unit, a->context, a->iova, false, a->oldest);

    if ( !e )
        e = lookup(m, ROOT_UNIT, a->context, a->iova, false, a->oldest);
    if ( !e )
        return walk(m, a);
    /* What the root gave, the unit keeps. */
    cache_leaf(m, a, e->desc, e->desc_pa, e->level);
    return (struct walk){.desc = e->desc, .level = e->level};
}

/* ---- masters */

static void latch(struct ipmmu_model *m, const struct access *a, uint32_t imstr)
{
    struct context *c = &m->ctx[a->context];

    if ( a->quiet || c->imstr )
        return;
    c->imstr = imstr;
    c->imelar = (uint32_t)a->iova;
    c->imeuar = (uint32_t)(a->iova >> 32);
    ipmmu_update_irq(m);
}

static struct ipmmu_dma_result dma(struct ipmmu_model *m, struct access *a)
{
    const struct unit *u = &m->unit[a->unit];
    uint32_t imuctr = u->imuctr[a->utlb];
    struct ipmmu_dma_result r = {0};
    struct walk w;

    if ( a->unit == ROOT_UNIT || a->unit > m->cfg.nr_leaves ||
         a->utlb >= m->nr_utlbs )
        abort();
    if ( m->cfg.off >> a->unit & 1 )
        return r;
    if ( !(imuctr & IMUCTR_MMUEN) )
        return (struct ipmmu_dma_result){.ok = true, .pa = a->iova};
    if ( u->sctlr & SCTLR_SECGRP || m->unit[ROOT_UNIT].sctlr & SCTLR_SECGRP )
        return r;
    if ( m->cfg.need_discache && (u->sctlr & SCTLR_DISCACHE) != SCTLR_DISCACHE )
        ipmmu_violation(m, "unit %u: caches are on in spite of the erratum",
                        a->unit);

    a->context = imuctr >> 4 & (m->cfg.gen4 ? 0x1f : 0xf);
    r.context = a->context;
    if ( a->context >= m->nr_ctx )
    {
        ipmmu_violation(m, "unit %u: micro-TLB %u selects context %u", a->unit,
                        a->utlb, a->context);
        return r;
    }
    /* choice: a context that is off aborts, and says nothing */
    if ( !(m->ctx[a->context].imctr & IMCTR_MMUEN) ||
         !(u->imctr[a->context] & IMCTR_MMUEN) )
        return r;

    r.translated = true;
    w = translate(m, a);
    if ( !w.imstr && a->write && w.desc & DESC_RO )
        w.imstr = IMSTR_PF | ERRCODE(ERR_ACCESS) | ERRLVL(w.level);
    r.imstr = w.imstr;
    if ( w.imstr )
    {
        latch(m, a, w.imstr);
        return r;
    }
    r.ok = true;
    r.pa = (w.desc & DESC_OA & ~(level_size(w.level) - 1)) |
           (a->iova & (level_size(w.level) - 1));
    return r;
}

struct ipmmu_dma_result ipmmu_model_dma(struct ipmmu_model *m,
                                        unsigned int unit, unsigned int utlb,
                                        uint64_t iova, bool write)
{
    struct access a = {
        .unit = unit, .utlb = utlb, .iova = iova, .write = write};

    return dma(m, &a);
}

struct ipmmu_dma_result ipmmu_model_dma_prefer_stale(struct ipmmu_model *m,
                                                     unsigned int unit,
                                                     unsigned int utlb,
                                                     uint64_t iova, bool write)
{
    struct access a = {.unit = unit,
                       .utlb = utlb,
                       .iova = iova,
                       .write = write,
                       .oldest = true};

    return dma(m, &a);
}

void ipmmu_model_prefetch(struct ipmmu_model *m, unsigned int unit,
                          unsigned int utlb, uint64_t iova, uint64_t size)
{
    for ( uint64_t at = iova; at < iova + size; at += PAGE )
    {
        struct access a = {
            .unit = unit, .utlb = utlb, .iova = at, .quiet = true};

        (void)dma(m, &a);
    }
}

/* ---- verdicts */

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* Is [pa, pa + size) a table or the target of a leaf below this one? */
static bool table_reaches(struct ipmmu_model *m, uint64_t table,
                          unsigned int level, uint64_t pa, uint64_t size)
{
    if ( overlap(table, PAGE, pa, size) )
        return true;
    for ( uint64_t at = table; at < table + PAGE; at += 8 )
    {
        uint64_t desc = 0;

        if ( !fetch(m, at, &desc, true) || !(desc & DESC_VALID) )
            continue;
        if ( is_table(desc, level)
                 ? table_reaches(m, desc & DESC_OA, level + 1, pa, size)
                 : overlap(desc & DESC_OA & ~(level_size(level) - 1),
                           level_size(level), pa, size) )
            return true;
    }
    return false;
}

static bool a_master_is_untranslated(const struct ipmmu_model *m)
{
    for ( unsigned int unit = 1; unit <= m->cfg.nr_leaves; unit++ )
        for ( unsigned int i = 0; i < m->nr_utlbs; i++ )
            if ( m->masters[unit] >> i & 1 && !(m->cfg.off >> unit & 1) &&
                 !(m->unit[unit].imuctr[i] & IMUCTR_MMUEN) )
                return true;
    return false;
}

bool ipmmu_model_reachable(struct ipmmu_model *m, uint64_t pa, uint64_t size)
{
    if ( a_master_is_untranslated(m) )
        return true;
    for ( const struct entry *e = m->cache; e; e = e->next )
        if ( overlap(e->desc & DESC_OA & ~(e->table ? 0 : e->size - 1),
                     e->table ? PAGE : e->size, pa, size) )
            return true;
    for ( unsigned int i = 0; i < m->nr_ctx; i++ )
        if ( m->ctx[i].imctr & IMCTR_MMUEN &&
             table_reaches(m, ttbr(&m->ctx[i].live, 0), 1, pa, size) )
            return true;
    return false;
}

void ipmmu_model_freed(struct ipmmu_model *m, uint64_t pa, uint64_t size)
{
    if ( ipmmu_model_reachable(m, pa, size) )
        ipmmu_violation(m, "%#lx freed while devices reach it", pa);
}

/* Masters that were selected into a context which does not translate. */
static void settled_masters(struct ipmmu_model *m)
{
    for ( unsigned int unit = 1; unit <= m->cfg.nr_leaves; unit++ )
        for ( unsigned int i = 0; i < m->nr_utlbs; i++ )
        {
            uint32_t imuctr = m->unit[unit].imuctr[i];
            uint32_t ctx = imuctr >> 4 & (m->cfg.gen4 ? 0x1f : 0xf);

            if ( m->cfg.off >> unit & 1 || !(imuctr & IMUCTR_MMUEN) )
                continue;
            if ( ctx >= m->nr_ctx || !(m->ctx[ctx].imctr & IMCTR_MMUEN) ||
                 !(m->unit[unit].imctr[ctx] & IMCTR_MMUEN) )
                ipmmu_violation(m,
                                "unit %u: micro-TLB %u is in context %u, "
                                "which is off",
                                unit, i, ctx);
        }
}

void ipmmu_settled_caches(struct ipmmu_model *m)
{
    for ( const struct entry *e = m->cache; e; e = e->next )
    {
        uint64_t now = 0;

        if ( !fetch(m, e->desc_pa, &now, true) || (now ^ e->desc) & ~DESC_SW )
            ipmmu_violation(m,
                            "unit %u context %u has %#lx level %u as %#lx, "
                            "memory %#lx: not flushed",
                            e->unit, e->context, e->ia, e->level, e->desc, now);
    }
    settled_masters(m);
}
