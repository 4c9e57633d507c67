/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs' stage 2, with a TLB that never forgets by itself: stage2.h. */
#include "stage2.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OA         0x0000fffffffff000ULL
#define CONTIGUOUS (1ULL << 52)
/* Without a break: S2AP, XN, and what the hardware ignores. */
#define LIVE (3ULL << 6 | 3ULL << 53 | 15ULL << 55)
#define PAGE 4096ULL

/* A table that a walk reaches, as the walkers have seen it. */
struct table {
    uint64_t pa, ia;
    unsigned int level, nr;
    uint64_t *desc;
    struct table **child;          /* by index; NULL: no table there */
    struct table *children, *next; /* the same, one after the other */
};

/* Replaced, and still in a TLB. */
struct stale {
    struct stale *next;
    uint16_t vmid;
    bool is_table;
    uint64_t ia, size, desc;
    bool s2, combined;             /* by itself, and with stage 1 */
    bool s2_named, combined_named; /* by a TLBI that is not complete */
};

struct vm {
    struct vm *next;
    uint16_t vmid;
    struct table *root;
};

struct stage2_model {
    void *(*mem)(void *ctx, uint64_t pa, size_t size);
    void *ctx;
    bool vmid16;
    uint64_t vtcr, vttbr;
    struct vm *vms;
    struct stale *stale;
    unsigned int nr_violations;
    char first[256];
};

__attribute__((format(printf, 2, 3))) static void
violation(struct stage2_model *m, const char *fmt, ...)
{
    va_list args;

    if ( m->nr_violations++ )
        return;
    va_start(args, fmt);
    (void)vsnprintf(m->first, sizeof(m->first), fmt, args);
    va_end(args);
}

static void *allocate(size_t size)
{
    void *p = calloc(1, size);

    if ( !p )
        abort();
    return p;
}

static uint64_t span(unsigned int level)
{
    return PAGE << (9 * (3 - level));
}

static bool valid(uint64_t desc)
{
    return desc & 1;
}

static bool is_table(uint64_t desc, unsigned int level)
{
    return level < 3 && (desc & 3) == 3;
}

/* VTCR_EL2.VS: without it a VMID is 8 bits. */
static uint16_t vmid_of(const struct stage2_model *m, uint64_t vttbr)
{
    return (uint16_t)(vttbr >> 48 & (m->vtcr >> 19 & 1 ? 0xffff : 0xff));
}

/* ---- what was seen, and what becomes stale ---- */

static void add_stale(struct stage2_model *m, uint16_t vmid, uint64_t ia,
                      uint64_t size, uint64_t desc, bool table)
{
    struct stale *s = allocate(sizeof(*s));

    *s = (struct stale){.next = m->stale,
                        .vmid = vmid,
                        .is_table = table,
                        .ia = ia,
                        .size = size,
                        .desc = desc,
                        .s2 = true,
                        .combined = true};
    m->stale = s;
}

/* A table that nothing leads to any more, and all below it. */
static void leave_table(struct stage2_model *m, uint16_t vmid, struct table *t)
{
    for ( unsigned int i = 0; i < t->nr; i++ )
    {
        uint64_t ia = t->ia + i * span(t->level);

        if ( !valid(t->desc[i]) )
            continue;
        add_stale(m, vmid, ia, span(t->level), t->desc[i],
                  is_table(t->desc[i], t->level));
        if ( t->child[i] )
            leave_table(m, vmid, t->child[i]);
    }
    free(t->desc);
    free(t->child);
    free(t);
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void check_made(struct stage2_model *m, uint16_t vmid, uint64_t ia,
                       unsigned int level)
{
    for ( const struct stale *s = m->stale; s; s = s->next )
        if ( s->vmid == vmid && overlaps(s->ia, s->size, ia, span(level)) )
        {
            violation(m, "VMID %u: ipa %#llx made while %#llx is cached", vmid,
                      (unsigned long long)ia, (unsigned long long)s->desc);
            return;
        }
}

static struct table *new_table(struct stage2_model *m, uint16_t vmid,
                               uint64_t pa, uint64_t ia, unsigned int level,
                               unsigned int nr);

static void drop_child(struct stage2_model *m, uint16_t vmid, struct table *t,
                       unsigned int i)
{
    struct table **at = &t->children;

    while ( *at != t->child[i] )
        at = &(*at)->next;
    *at = t->child[i]->next;
    leave_table(m, vmid, t->child[i]);
    t->child[i] = NULL;
}

static void see_desc(struct stage2_model *m, uint16_t vmid, struct table *t,
                     unsigned int i, uint64_t new)
{
    uint64_t old = t->desc[i], ia = t->ia + i * span(t->level);

    if ( valid(old) && valid(new) &&
         ((old ^ new) & ~LIVE || is_table(old, t->level)) )
        violation(m, "VMID %u: ipa %#llx level %u: %#llx -> %#llx, no break",
                  vmid, (unsigned long long)ia, t->level,
                  (unsigned long long)old, (unsigned long long)new);
    if ( !valid(old) && valid(new) )
        check_made(m, vmid, ia, t->level);
    if ( valid(new) && (t->level == 0 || t->level == 3) && !(new & 2) )
        violation(m, "VMID %u: reserved descriptor %#llx", vmid,
                  (unsigned long long)new);

    if ( valid(old) )
    {
        add_stale(m, vmid, ia, span(t->level), old, is_table(old, t->level));
        if ( (old & CONTIGUOUS) && !is_table(old, t->level) && !(i % 16) )
            add_stale(m, vmid, ia, 16 * span(t->level), old, false);
        if ( t->child[i] )
            drop_child(m, vmid, t, i);
    }
    t->desc[i] = new;
    if ( is_table(new, t->level) )
    {
        t->child[i] = new_table(m, vmid, new &OA, ia, t->level + 1, 512);
        t->child[i]->next = t->children;
        t->children = t->child[i];
    }
}

static void see_table(struct stage2_model *m, uint16_t vmid, struct table *t)
{
    const uint64_t *now = m->mem(m->ctx, t->pa, t->nr * sizeof(*now));

    if ( !now )
    {
        violation(m, "VMID %u: table at %#llx is no memory", vmid,
                  (unsigned long long)t->pa);
        return;
    }
    if ( memcmp(now, t->desc, t->nr * sizeof(*now)) )
        for ( unsigned int i = 0; i < t->nr; i++ )
            if ( now[i] != t->desc[i] )
                see_desc(m, vmid, t, i, now[i]);
    for ( struct table *child = t->children; child; child = child->next )
        see_table(m, vmid, child);
}

static struct table *new_table(struct stage2_model *m, uint16_t vmid,
                               uint64_t pa, uint64_t ia, unsigned int level,
                               unsigned int nr)
{
    struct table *t = allocate(sizeof(*t));

    *t = (struct table){.pa = pa, .ia = ia, .level = level, .nr = nr};
    t->desc = allocate(nr * sizeof(*t->desc));
    t->child = allocate(nr * sizeof(*t->child));
    see_table(m, vmid, t);
    return t;
}

static void observe(struct stage2_model *m)
{
    for ( struct vm *vm = m->vms; vm; vm = vm->next )
        see_table(m, vm->vmid, vm->root);
}

/* ---- registers and instructions ---- */

struct stage2_model *stage2_new(void *(*mem)(void *ctx, uint64_t pa,
                                             size_t size),
                                void *ctx, bool vmid16)
{
    struct stage2_model *m = allocate(sizeof(*m));

    m->mem = mem;
    m->ctx = ctx;
    m->vmid16 = vmid16;
    return m;
}

uint64_t stage2_read(const struct stage2_model *m, const char *reg)
{
    if ( strcmp(reg, "vttbr_el2") )
        abort();
    return m->vttbr;
}

void stage2_write(struct stage2_model *m, const char *reg, uint64_t value)
{
    if ( !strcmp(reg, "vttbr_el2") )
        m->vttbr = value;
    else if ( strcmp(reg, "vtcr_el2") )
        abort();
    else if ( value >> 19 & 1 && !m->vmid16 )
        violation(m, "VTCR_EL2.VS without FEAT_VMID16");
    else
        m->vtcr = value;
}

/* D8.14: IPAS2 names stage-2 entries, VMALLE1 those combined with stage 1,
 * which can come back as long as the stage-2 entry is there. */
void stage2_tlbi(struct stage2_model *m, const char *op, uint64_t arg)
{
    bool every = !strcmp(op, "alle1") || !strcmp(op, "alle1is");
    bool vmid = !strcmp(op, "vmalls12e1is");
    bool leaf = !strcmp(op, "ipas2le1is");
    bool any = !strcmp(op, "ipas2e1is");
    bool combined = !strcmp(op, "vmalle1is");
    uint64_t ipa = (arg & 0xfffffffffULL) << 12;

    if ( !every && !vmid && !leaf && !any && !combined )
        abort();
    for ( struct stale *s = m->stale; s; s = s->next )
    {
        if ( !every && s->vmid != vmid_of(m, m->vttbr) )
            continue;
        if ( every || vmid )
            s->s2_named = s->combined_named = true;
        if ( (any || (leaf && !s->is_table)) &&
             overlaps(s->ia, s->size, ipa, PAGE) )
            s->s2_named = true;
        if ( combined && !s->s2 )
            s->combined_named = true;
    }
}

void stage2_dsb(struct stage2_model *m, const char *scope)
{
    bool completes =
        !strcmp(scope, "ish") || !strcmp(scope, "sy") || !strcmp(scope, "nsh");

    for ( struct stale **at = &m->stale, *s; completes && (s = *at); )
    {
        s->s2 = s->s2 && !s->s2_named;
        s->combined = s->combined && !s->combined_named;
        if ( s->s2 || s->combined )
        {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
    observe(m);
}

void stage2_run(struct stage2_model *m, uint64_t vttbr)
{
    unsigned int bits = 64 - (unsigned int)(m->vtcr & 63);
    unsigned int level = 2 - (unsigned int)(m->vtcr >> 6 & 3);
    struct vm *vm = allocate(sizeof(*vm));

    vm->vmid = vmid_of(m, vttbr);
    if ( level > 1 || bits <= 39 - 9 * level || bits > 52 - 9 * level )
        violation(m, "VTCR_EL2 %#llx: no %u-bit walk from level %u",
                  (unsigned long long)m->vtcr, bits, level);
    if ( stage2_cached(m, vttbr) )
        violation(m, "VMID %u is reused while it is cached", vm->vmid);
    vm->root = new_table(m, vm->vmid, vttbr & OA, 0, level,
                         1U << (bits - (39 - 9 * level)));
    vm->next = m->vms;
    m->vms = vm;
}

static struct vm *find(const struct stage2_model *m, uint64_t vttbr)
{
    struct vm *vm = m->vms;

    while ( vm && vm->vmid != vmid_of(m, vttbr) )
        vm = vm->next;
    return vm;
}

void stage2_stop(struct stage2_model *m, uint64_t vttbr)
{
    struct vm *vm = find(m, vttbr), **at = &m->vms;

    observe(m);
    while ( *at != vm )
        at = &(*at)->next;
    *at = vm->next;
    /* The root's own address is cached, too. */
    add_stale(m, vm->vmid, 0, UINT64_C(1) << 48, vm->root->pa | 3, true);
    leave_table(m, vm->vmid, vm->root);
    free(vm);
}

/* ---- looking ---- */

static struct stage2_access judge(uint64_t desc, uint64_t ia, uint64_t size,
                                  uint64_t ipa, char how)
{
    uint64_t rights = how == 'w' ? 2 : 1, xn = desc >> 53 & 3;

    return (struct stage2_access){
        .ok = (desc >> 6 & rights) == rights && (how != 'x' || !xn),
        .pa = (desc & OA & ~(size - 1)) | (ipa - ia),
        .memattr = (unsigned int)(desc >> 2 & 15),
    };
}

struct stage2_access stage2_access(const struct stage2_model *m, uint64_t vttbr,
                                   uint64_t ipa, char how)
{
    const struct vm *vm = find(m, vttbr);
    const struct table *t = vm ? vm->root : NULL;

    for ( const struct stale *s = m->stale; s; s = s->next )
        if ( s->vmid == vmid_of(m, vttbr) && !s->is_table &&
             overlaps(s->ia, s->size, ipa, 1) )
            return judge(s->desc, s->ia, s->size, ipa, how);

    while ( t )
    {
        uint64_t i = (ipa - t->ia) / span(t->level);

        if ( i >= t->nr || !valid(t->desc[i]) )
            break;
        if ( !t->child[i] )
            return judge(t->desc[i], t->ia + i * span(t->level), span(t->level),
                         ipa, how);
        t = t->child[i];
    }
    return (struct stage2_access){.ok = false};
}

static void leaves_of(const struct table *t,
                      void (*fn)(void *arg, uint64_t ipa, uint64_t size,
                                 uint64_t desc),
                      void *arg)
{
    for ( unsigned int i = 0; i < t->nr; i++ )
    {
        if ( t->child[i] )
            leaves_of(t->child[i], fn, arg);
        else if ( valid(t->desc[i]) )
            fn(arg, t->ia + i * span(t->level), span(t->level), t->desc[i]);
    }
}

void stage2_leaves(struct stage2_model *m, uint64_t vttbr,
                   void (*fn)(void *arg, uint64_t ipa, uint64_t size,
                              uint64_t desc),
                   void *arg)
{
    const struct vm *vm = find(m, vttbr);

    observe(m);
    if ( vm )
        leaves_of(vm->root, fn, arg);
}

static bool table_reaches(const struct table *t, uint64_t pa, uint64_t size)
{
    if ( overlaps(t->pa, t->nr * 8, pa, size) )
        return true;
    for ( unsigned int i = 0; i < t->nr; i++ )
    {
        if ( t->child[i]
                 ? table_reaches(t->child[i], pa, size)
                 : valid(t->desc[i]) &&
                       overlaps(t->desc[i] & OA, span(t->level), pa, size) )
            return true;
    }
    return false;
}

bool stage2_reachable(struct stage2_model *m, uint64_t pa, uint64_t size)
{
    observe(m);
    for ( const struct vm *vm = m->vms; vm; vm = vm->next )
        if ( table_reaches(vm->root, pa, size) )
            return true;
    for ( const struct stale *s = m->stale; s; s = s->next )
        if ( overlaps(s->desc & OA, s->is_table ? PAGE : s->size, pa, size) )
            return true;
    return false;
}

void stage2_freed(struct stage2_model *m, uint64_t pa, uint64_t size)
{
    if ( stage2_reachable(m, pa, size) )
        violation(m, "memory at %#llx given back while a CPU reaches it",
                  (unsigned long long)pa);
}

bool stage2_cached(const struct stage2_model *m, uint64_t vttbr)
{
    for ( const struct stale *s = m->stale; s; s = s->next )
        if ( s->vmid == vmid_of(m, vttbr) )
            return true;
    return find(m, vttbr);
}

bool stage2_settled(struct stage2_model *m)
{
    observe(m);
    if ( m->stale )
        violation(m, "VMID %u: ipa %#llx size %#llx: %#llx is still cached%s",
                  m->stale->vmid, (unsigned long long)m->stale->ia,
                  (unsigned long long)m->stale->size,
                  (unsigned long long)m->stale->desc,
                  m->stale->s2 ? "" : " with stage 1");
    return !m->stale;
}

unsigned int stage2_violations(const struct stage2_model *m)
{
    return m->nr_violations;
}

const char *stage2_first_violation(const struct stage2_model *m)
{
    return m->first;
}
