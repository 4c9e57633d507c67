/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMMUv3 model: what the unit sees of memory, and the checks that compare it
 * with what is cached. IHI 0070 3.15 "Cache coherency", 3.21 "Structure access
 * rules and update procedures".
 */
#include <stdlib.h>
#include <string.h>

#include "smmuv3-priv.h"

#define PAGE UINT64_C(4096)
#define LINE UINT64_C(64)

static uint64_t line_bit(uint64_t pa)
{
    return UINT64_C(1) << (pa % PAGE / LINE);
}

static struct shadow *shadow_find(struct smmuv3_model *m, uint64_t pa)
{
    struct shadow *s = m->shadow[pa / PAGE % NR_SHADOW];

    while ( s && s->pa != (pa & ~(PAGE - 1)) )
        s = s->next;
    return s;
}

static struct shadow *shadow_get(struct smmuv3_model *m, uint64_t pa)
{
    struct shadow *s = shadow_find(m, pa);

    if ( s )
        return s;
    s = calloc(1, sizeof(*s));
    if ( !s )
        abort();
    s->pa = pa & ~(PAGE - 1);
    s->next = m->shadow[pa / PAGE % NR_SHADOW];
    m->shadow[pa / PAGE % NR_SHADOW] = s;
    return s;
}

/* Copy the line at pa from memory; a line the unit wrote is newer there. */
static void refresh(struct smmuv3_model *m, struct shadow *s, uint64_t pa)
{
    const void *now = m->cfg.mem(m->cfg.ctx, pa, LINE);

    if ( !now || s->device & line_bit(pa) )
        return;
    memcpy(s->data + pa % PAGE, now, LINE);
    s->known |= line_bit(pa);
}

static void refresh_range(struct smmuv3_model *m, uint64_t pa, uint64_t size)
{
    for ( uint64_t at = pa & ~(LINE - 1); at < pa + size; at += LINE )
        refresh(m, shadow_get(m, at), at);
}

/* nr words at pa, all in one line. */
static bool fetch(struct smmuv3_model *m, uint64_t pa, uint64_t *w,
                  unsigned int nr, bool quiet)
{
    const void *now = NULL;
    struct shadow *s;

    if ( !(pa >> m->cfg.oas) )
        now = m->cfg.mem(m->cfg.ctx, pa, nr * 8);
    if ( !now )
        return false;
    if ( m->cfg.cohacc && !m->cfg.strict_order )
    {
        memcpy(w, now, nr * 8);
        return true;
    }
    s = shadow_get(m, pa);
    if ( !(s->known & line_bit(pa)) )
    {
        if ( m->cfg.cohacc )
            refresh(m, s, pa & ~(LINE - 1));
        else if ( quiet )
            return false;
        else
            violation(m, "unit reads %#lx, in a line never cleaned", pa);
    }
    memcpy(w, s->data + pa % PAGE, nr * 8);
    return true;
}

bool model_fetch(struct smmuv3_model *m, uint64_t pa, uint64_t *w,
                 unsigned int nr)
{
    return fetch(m, pa, w, nr, false);
}

bool model_peek(struct smmuv3_model *m, uint64_t pa, uint64_t *w,
                unsigned int nr)
{
    return fetch(m, pa, w, nr, true);
}

bool model_store(struct smmuv3_model *m, uint64_t pa, const uint64_t *w,
                 unsigned int nr)
{
    void *now = NULL;
    struct shadow *s = shadow_find(m, pa);

    if ( !(pa >> m->cfg.oas) )
        now = m->cfg.mem(m->cfg.ctx, pa, nr * 8);
    if ( !now )
        return false;
    if ( m->cfg.cohacc )
        memcpy(now, w, nr * 8);
    else
    {
        s = shadow_get(m, pa);
        if ( !(s->known & line_bit(pa)) )
            refresh(m, s, pa & ~(LINE - 1));
        s->device |= line_bit(pa);
    }
    if ( s )
        memcpy(s->data + pa % PAGE, w, nr * 8);
    return true;
}

void smmuv3_model_watch(struct smmuv3_model *m, uint64_t pa, size_t size)
{
    refresh_range(m, pa, size);
}

void smmuv3_model_clean(struct smmuv3_model *m, uint64_t pa, size_t size)
{
    if ( !m->cfg.cohacc )
        refresh_range(m, pa, size);
    smmuv3_model_barrier(m); /* cleaning ends with one */
}

void smmuv3_model_invalidate(struct smmuv3_model *m, uint64_t pa, size_t size)
{
    for ( uint64_t at = pa & ~(LINE - 1); at < pa + size; at += LINE )
    {
        struct shadow *s = shadow_find(m, at);
        void *now = m->cfg.mem(m->cfg.ctx, at, LINE);

        if ( !s || !now || !(s->device & line_bit(at)) )
            continue;
        memcpy(now, s->data + at % PAGE, LINE);
        s->device &= ~line_bit(at);
    }
}

void smmuv3_model_barrier(struct smmuv3_model *m)
{
    if ( m->cfg.cohacc && m->cfg.strict_order )
        for ( size_t i = 0; i < NR_SHADOW; i++ )
            for ( struct shadow *s = m->shadow[i]; s; s = s->next )
                for ( uint64_t at = 0; at < PAGE; at += LINE )
                    if ( s->known & line_bit(at) )
                        refresh(m, s, s->pa + at);
    observe_config(m);
}

/* ---- Visible states of STEs and CDs */

void smmuv3_model_watch_sid(struct smmuv3_model *m, uint32_t sid)
{
    for ( int cd = 0; cd < 2; cd++ )
    {
        struct watched *w = calloc(1, sizeof(*w));

        if ( !w )
            abort();
        w->sid = sid;
        w->cd = cd;
        w->next = m->watched;
        m->watched = w;
    }
}

/* Where memory has the structure now; 0 if nothing refers to it. */
static uint64_t config_address(struct smmuv3_model *m, const struct watched *w)
{
    uint8_t event = 0;
    uint64_t fetch_pa, ste[8];
    uint64_t pa = ste_address(m, w->sid, false, &event, &fetch_pa);

    if ( event || !w->cd )
        return event ? 0 : pa;
    if ( !model_peek(m, pa, ste, 8) || !bit(ste[0], 0) || !bit(ste[0], 1) ||
         !bit(ste[0], 3) )
        return 0;
    return ste[0] & UINT64_C(0x00ffffffffffffc0);
}

/* 3.21.3 Configuration structure update procedures. */
static void observe_one(struct smmuv3_model *m, struct watched *w)
{
    const unsigned int v = w->cd ? 31 : 0;
    const char *name = w->cd ? "CD" : "STE";
    uint64_t now[8], pa = config_address(m, w);
    unsigned int changed = 0;
    bool was_valid, is_valid;

    if ( !pa || !model_peek(m, pa, now, 8) )
    {
        w->seen = false;
        return;
    }
    if ( !w->seen || w->pa != pa )
    {
        w->seen = w->synced = true;
        w->pa = pa;
        memcpy(w->w, now, sizeof(now));
        return;
    }
    for ( unsigned int i = 0; i < 8; i++ )
        changed += w->w[i] != now[i];
    if ( !changed )
        return;
    was_valid = bit(w->w[0], v);
    is_valid = bit(now[0], v);
    if ( (was_valid || is_valid) && changed > 1 )
        violation(m, "sid %#x: %u words of its %s change at once, V %d -> %d",
                  w->sid, changed, name, was_valid, is_valid);
    else if ( !was_valid && !is_valid && !w->synced )
        violation(m, "sid %#x: %s rewritten after V=0 without CFGI and SYNC",
                  w->sid, name);
    if ( was_valid && !is_valid )
        w->synced = w->cfgi = false;
    memcpy(w->w, now, sizeof(now));
}

void observe_config(struct smmuv3_model *m)
{
    if ( m->cr0ack & M_CR0_SMMUEN )
        for ( struct watched *w = m->watched; w; w = w->next )
            observe_one(m, w);
}

/* ---- 3.21.1.1 Translation tables update procedure */

#define DESC_NT 16 /* DDI 0487, block descriptor nT */
#define DESC_OA UINT64_C(0x0000fffffffff000)
#define DESC_SW (UINT64_C(0xf) << 55)

static bool is_table(uint64_t desc, unsigned int level)
{
    return level < 3 && (desc & 3) == 3;
}

/* 3.21.1.3: a block may become a table only if it says the same. */
static bool same_output(struct smmuv3_model *m, const struct tlb *e,
                        uint64_t now)
{
    struct tlb first = {.level = e->level, .desc = now};

    while ( is_table(first.desc, first.level) )
    {
        if ( !model_peek(m, first.desc & DESC_OA, &first.desc, 1) )
            return false;
        first.level++;
    }
    return bit(first.desc, 0) && tlb_output(&first) == tlb_output(e);
}

/* May the cached descriptor be replaced by this one while it is cached? */
static bool needs_break(struct smmuv3_model *m, const struct tlb *e,
                        uint64_t now)
{
    bool table = is_table(now, e->level);
    uint64_t differ = e->desc ^ now;

    if ( table && !e->table && !same_output(m, e, now) )
        return true;
    if ( e->table != table )
        return m->cfg.bbml == 0 ||
               (m->cfg.bbml == 1 && !bit(e->table ? now : e->desc, DESC_NT));
    if ( table )
        return differ & DESC_OA;
    return (differ & DESC_OA) || bits(differ, 4, 2) || bits(differ, 9, 8) ||
           (bit(e->desc, 11) && !bit(now, 11)) ||
           (bit(differ, 52) && m->cfg.bbml == 0);
}

void audit_break_before_make(struct smmuv3_model *m)
{
    uint64_t now = 0;

    if ( !(m->cr0ack & M_CR0_SMMUEN) )
        return;
    for ( struct tlb *e = m->tlb; e; e = e->next )
        if ( model_peek(m, e->desc_pa, &now, 1) && now != e->desc &&
             bit(now, 0) && needs_break(m, e, now) && !e->reported )
        {
            e->reported = true;
            violation(m,
                      "break-before-make: %#lx level %u, %#lx -> %#lx "
                      "while cached",
                      e->ia, e->level, e->desc, now);
        }
}

/* ---- The end of an operation */

static void settled_conf(struct smmuv3_model *m, const struct conf *c)
{
    static const char *const names[] = {"L1STD", "STE", "CD"};
    struct watched w = {.sid = c->sid, .cd = c->kind == CONF_CD};
    uint64_t now[8], pa = c->pa;

    if ( c->kind != CONF_L1STD )
        pa = config_address(m, &w);
    if ( !pa || pa != c->pa || !model_peek(m, pa, now, c->nr) ||
         memcmp(now, c->w, c->nr * 8) )
        violation(m, "sid %#x: cached %s differs from memory, CFGI forgotten",
                  c->sid, names[c->kind]);
}

bool smmuv3_model_settled(struct smmuv3_model *m)
{
    size_t before = m->nr_violations;
    bool pending = false;
    uint64_t now = 0;

    observe_config(m);
    if ( (m->cr0ack & M_CR0_CMDQEN) && queue_used(&m->cmdq) )
        violation(m, "%u commands are not consumed", queue_used(&m->cmdq));
    if ( (m->gerror ^ m->gerrorn) & M_GERR_CMDQ )
        violation(m, "a command error is not acknowledged");
    for ( const struct conf *c = m->conf; c; c = c->next )
    {
        pending |= c->pending;
        if ( !c->pending )
            settled_conf(m, c);
    }
    for ( const struct tlb *e = m->tlb; e; e = e->next )
    {
        pending |= e->pending;
        if ( !e->pending && (!model_peek(m, e->desc_pa, &now, 1) ||
                             ((now ^ e->desc) & ~DESC_SW)) )
            violation(m,
                      "TLB has %#lx level %u as %#lx, memory %#lx: TLBI "
                      "forgotten",
                      e->ia, e->level, e->desc, now);
    }
    if ( pending )
        violation(m, "an invalidation has no CMD_SYNC");
    return m->nr_violations == before;
}

/* ---- Reachability */

struct range {
    uint64_t pa, size;
};

static bool overlaps(const struct range *r, uint64_t pa, uint64_t size)
{
    return r->size && size && r->pa < pa + size && pa < r->pa + r->size;
}

static bool tree_reaches(struct smmuv3_model *m, const struct range *r,
                         uint64_t table, unsigned int level, unsigned int nr)
{
    struct tlb e = {.level = level};

    if ( overlaps(r, table, (uint64_t)nr * 8) )
        return true;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( !model_peek(m, table + i * 8, &e.desc, 1) || !bit(e.desc, 0) )
            continue;
        if ( is_table(e.desc, level) )
        {
            if ( tree_reaches(m, r, e.desc & DESC_OA, level + 1, 512) )
                return true;
        }
        else if ( overlaps(r, tlb_output(&e), UINT64_C(1) << (39 - 9 * level)) )
            return true;
    }
    return false;
}

/* What an STE (and its CD) let a device or the unit reach. */
static bool ste_reaches(struct smmuv3_model *m, const struct range *r,
                        const uint64_t *ste, uint64_t *last_ttb)
{
    uint64_t cd[8], pa = ste[0] & UINT64_C(0x00ffffffffffffc0), ttb;
    unsigned int in, level;

    if ( !bit(ste[0], 0) || !bit(ste[0], 3) )
        return false;
    if ( bits(ste[0], 3, 1) == 4 )
        return true;
    if ( bit(ste[0], 2) )
    {
        level = 2 - (unsigned int)bits(ste[2], 39, 38) % 3;
        in = 64 - (unsigned int)bits(ste[2], 37, 32);
        ttb = ste[3] & DESC_OA;
    }
    else
    {
        if ( overlaps(r, pa, 64) )
            return true;
        if ( !model_peek(m, pa, cd, 8) || !bit(cd[0], 31) || bit(cd[0], 14) )
            return false;
        in = 64 - (unsigned int)bits(cd[0], 5, 0);
        if ( in < 25 || in > 48 )
            return false;
        level = 3 - (in - 13) / 9;
        ttb = cd[1] & UINT64_C(0x000ffffffffffff0);
    }
    if ( ttb == *last_ttb )
        return false; /* as the stream before it */
    *last_ttb = ttb;
    return tree_reaches(m, r, ttb, level, 1u << (in - (39 - 9 * level)));
}

static bool memory_reaches(struct smmuv3_model *m, const struct range *r)
{
    unsigned int log2 = (unsigned int)bits(m->strtab_cfg, 5, 0);
    unsigned int split = (unsigned int)bits(m->strtab_cfg, 10, 6);
    bool two = bits(m->strtab_cfg, 17, 16) == 1;
    uint64_t base = m->strtab_base & UINT64_C(0x00ffffffffffffc0);
    uint64_t ste[8], fetch_pa, last_ttb = ~UINT64_C(0), pa;
    uint64_t size = UINT64_C(64) << log2;

    if ( two )
        size = UINT64_C(8) << (log2 > split ? log2 - split : 0);
    if ( overlaps(r, base, size) )
        return true;
    for ( uint64_t sid = 0; sid < UINT64_C(1) << log2; sid++ )
    {
        uint8_t event = 0;

        pa = ste_address(m, (uint32_t)sid, false, &event, &fetch_pa);
        if ( event && two )
            sid |= (UINT64_C(1) << split) - 1; /* nothing more in this span */
        if ( event || !model_peek(m, pa, ste, 8) )
            continue;
        if ( overlaps(r, pa, 64) || ste_reaches(m, r, ste, &last_ttb) )
            return true;
    }
    return false;
}

static bool conf_reaches(struct smmuv3_model *m, const struct range *r,
                         const struct conf *c)
{
    uint64_t last = ~UINT64_C(0);
    unsigned int span = (unsigned int)bits(c->w[0], 4, 0);

    switch ( c->kind )
    {
    case CONF_L1STD:
        return span && overlaps(r, c->w[0] & UINT64_C(0x00ffffffffffffc0),
                                UINT64_C(64) << (span - 1));
    case CONF_STE:
        return ste_reaches(m, r, c->w, &last);
    default:
        return bit(c->w[0], 31) && !bit(c->w[0], 14) &&
               overlaps(r, c->w[1] & DESC_OA, PAGE);
    }
}

bool smmuv3_model_reachable(struct smmuv3_model *m, uint64_t pa, uint64_t size)
{
    struct range r = {pa, size};

    for ( const struct tlb *e = m->tlb; e; e = e->next )
        if ( e->table ? overlaps(&r, e->desc & DESC_OA, PAGE)
                      : overlaps(&r, tlb_output(e), e->size) )
            return true;
    for ( const struct conf *c = m->conf; c; c = c->next )
        if ( conf_reaches(m, &r, c) )
            return true;
    if ( (m->cr0ack & M_CR0_CMDQEN) &&
         overlaps(&r, m->cmdq.base & UINT64_C(0x00ffffffffffffe0),
                  UINT64_C(16) << (m->cmdq.base & 31)) )
        return true;
    if ( (m->cr0ack & M_CR0_EVENTQEN) &&
         overlaps(&r, m->eventq.base & UINT64_C(0x00ffffffffffffe0),
                  UINT64_C(32) << (m->eventq.base & 31)) )
        return true;
    if ( !(m->cr0ack & M_CR0_SMMUEN) )
        return !bit(m->gbpa, 20); /* 6.3.15 ABORT, else bypass */
    return memory_reaches(m, &r);
}

void smmuv3_model_freed(struct smmuv3_model *m, uint64_t pa, uint64_t size)
{
    if ( smmuv3_model_reachable(m, pa, size) )
        violation(m, "memory %#lx freed while reachable", pa);
}

void smmuv3_model_table_freed(struct smmuv3_model *m, uint64_t pa)
{
    if ( smmuv3_model_reachable(m, pa, PAGE) )
        violation(m, "table %#lx freed while reachable", pa);
}
