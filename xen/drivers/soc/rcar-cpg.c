/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module clocks and resets of an R-Car's CPG, for modules that are not the
 * hardware domain's: our console's, and devices in quarantine or given to a
 * guest. The hardware domain has the CPG, and stops what has no driver there.
 * Its accesses are passed on one by one; requests to stop or reset a module
 * that is held are left out of them.
 *
 * cpg.lock orders these.
 */
#include <xen/rcar.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <xen/time.h>

#define MAX_REGS 32U
#define MAX_HELD 64U

#define CLOCK_MODULE     1U /* first cell of two; the other is a number */
#define START_TIMEOUT_US 1000U
#define RESET_US         35U /* one cycle of the 32 kHz clock */

/* Offsets of register n of 32 modules each. */
struct cpg_kind {
    unsigned int nr;
    uint32_t (*stop)(unsigned int n);    /* 1: stop */
    uint32_t (*status)(unsigned int n);  /* 1: stopped */
    uint32_t (*reset)(unsigned int n);   /* 1: reset */
    uint32_t (*release)(unsigned int n); /* 1: reset no more */
};

struct rcar_cpg {
    const struct dt_node *np; /* NULL: there is none */
    const struct cpg_kind *kind;
    char *regs;
    uint64_t size;
    spinlock_t lock; /* LOCK_RANK_POWER */
    const struct dt_node *held[MAX_HELD];
    unsigned int nr_held;
    uint32_t mask[MAX_REGS]; /* modules of held nodes */
};

static struct rcar_cpg cpg; /* a machine has one */

static uint32_t gen3_stop(unsigned int n)
{
    static const uint16_t offset[] = {0x130, 0x134, 0x138, 0x13c, 0x140, 0x144,
                                      0x148, 0x14c, 0x990, 0x994, 0x998, 0x99c};

    return offset[n];
}

static uint32_t gen3_status(unsigned int n)
{
    static const uint16_t offset[] = {0x030, 0x038, 0x040, 0x048, 0x04c, 0x03c,
                                      0x1c0, 0x1c4, 0x9a0, 0x9a4, 0x9a8, 0x9ac};

    return offset[n];
}

static uint32_t gen3_reset(unsigned int n)
{
    static const uint16_t offset[] = {0x0a0, 0x0a8, 0x0b0, 0x0b8, 0x0bc, 0x0c4,
                                      0x1c8, 0x1cc, 0x920, 0x924, 0x928, 0x92c};

    return offset[n];
}

static uint32_t gen3_release(unsigned int n)
{
    return 0x940 + 4 * n;
}

static uint32_t gen4_stop(unsigned int n)
{
    return 0x2d00 + 4 * n;
}

static uint32_t gen4_status(unsigned int n)
{
    return 0x2e00 + 4 * n;
}

static uint32_t gen4_reset(unsigned int n)
{
    return 0x2c00 + 4 * n;
}

static uint32_t gen4_release(unsigned int n)
{
    return 0x2c80 + 4 * n;
}

static const struct cpg_kind gen3 = {
    .nr = 12,
    .stop = gen3_stop,
    .status = gen3_status,
    .reset = gen3_reset,
    .release = gen3_release,
};

static const struct cpg_kind gen4 = {
    .nr = 30,
    .stop = gen4_stop,
    .status = gen4_status,
    .reset = gen4_reset,
    .release = gen4_release,
};

static uint32_t get(uint32_t offset)
{
    return read32(cpg.regs + offset);
}

static void set(uint32_t offset, uint32_t value)
{
    write32(cpg.regs + offset, value);
}

/* ---- the hardware domain's accesses ---- */

static int cpg_read(struct vcpu *v, void *priv, uint64_t offset,
                    unsigned int size, uint64_t *value)
{
    (void)v, (void)priv;
    if ( size != 4 || offset & 3 || offset + 4 > cpg.size )
        return -EFAULT;
    *value = get((uint32_t)offset);
    return 0;
}

static int cpg_write(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t value)
{
    (void)v, (void)priv;
    if ( size != 4 || offset & 3 || offset + 4 > cpg.size )
        return -EFAULT;

    spin_lock(&cpg.lock);
    for ( unsigned int n = 0; n < cpg.kind->nr; n++ )
    {
        if ( offset == cpg.kind->stop(n) || offset == cpg.kind->reset(n) )
            value &= ~cpg.mask[n];
    }
    set((uint32_t)offset, (uint32_t)value);
    spin_unlock(&cpg.lock);
    return 0;
}

static const struct mmio_ops cpg_ops = {
    .read = cpg_read,
    .write = cpg_write,
};

/* ---- what a node needs of the CPG ---- */

/* Numbers are written in decimal: register and two digits of a bit. */
static bool split(uint32_t number, unsigned int *n, uint32_t *bit)
{
    if ( number / 100 >= cpg.kind->nr || number % 100 >= 32 )
        return false;
    *n = number / 100;
    *bit = BIT32(number % 100);
    return true;
}

/* Module clock @i of a node; -ENOENT past the last, -ENODEV another's. */
static int get_clock(const struct dt_node *np, unsigned int i, unsigned int *n,
                     uint32_t *bit)
{
    struct dt_phandle_args args;
    int rc = dt_parse_phandle_args(np, "clocks", "#clock-cells", i, &args);

    if ( rc )
        return -ENOENT;
    return args.np == cpg.np && args.nr_args == 2 &&
                   args.args[0] == CLOCK_MODULE && split(args.args[1], n, bit)
               ? 0
               : -ENODEV;
}

static int get_reset(const struct dt_node *np, unsigned int i, unsigned int *n,
                     uint32_t *bit)
{
    struct dt_phandle_args args;
    int rc = dt_parse_phandle_args(np, "resets", "#reset-cells", i, &args);

    if ( rc )
        return -ENOENT;
    return args.np == cpg.np && args.nr_args == 1 && split(args.args[0], n, bit)
               ? 0
               : -ENODEV;
}

/* cpg.lock held. */
static void update_mask(void)
{
    unsigned int n;
    uint32_t bit;

    memset(cpg.mask, 0, sizeof(cpg.mask));
    for ( unsigned int h = 0; h < cpg.nr_held; h++ )
    {
        for ( unsigned int i = 0;; i++ )
        {
            int rc = get_clock(cpg.held[h], i, &n, &bit);

            if ( rc == -ENOENT )
                break;
            if ( !rc )
                cpg.mask[n] |= bit;
        }
    }
}

static bool is_held(const struct dt_node *np)
{
    for ( unsigned int i = 0; i < cpg.nr_held; i++ )
    {
        if ( cpg.held[i] == np )
            return true;
    }
    return false;
}

/* cpg.lock held. */
static int start(const struct dt_node *np)
{
    unsigned int n;
    uint32_t bit;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = get_clock(np, i, &n, &bit);

        if ( rc == -ENOENT )
            return 0;
        if ( rc )
            continue;
        set(cpg.kind->stop(n), get(cpg.kind->stop(n)) & ~bit);
        if ( poll_until(!(get(cpg.kind->status(n)) & bit), START_TIMEOUT_US) )
        {
            printk(XENLOG_ERR "%s: its clock does not start\n", np->full_name);
            return -EIO;
        }
    }
}

int rcar_cpg_hold(const struct dt_node *np)
{
    int rc = 0;

    if ( !cpg.np )
        return 0;
    spin_lock(&cpg.lock);
    if ( !is_held(np) )
    {
        if ( cpg.nr_held == MAX_HELD )
            rc = -ENOSPC;
        else
        {
            cpg.held[cpg.nr_held++] = np;
            update_mask();
        }
    }
    if ( !rc )
        rc = start(np);
    spin_unlock(&cpg.lock);
    return rc;
}

void rcar_cpg_let_go(const struct dt_node *np)
{
    if ( !cpg.np )
        return;
    spin_lock(&cpg.lock);
    for ( unsigned int i = 0; i < cpg.nr_held; i++ )
    {
        if ( cpg.held[i] == np )
        {
            cpg.held[i] = cpg.held[--cpg.nr_held];
            break;
        }
    }
    update_mask();
    spin_unlock(&cpg.lock);
}

/* A line that leads to somebody else's device as well. cpg.lock held. */
static bool is_shared(const struct dt_node *np, unsigned int n, uint32_t bit)
{
    const struct dt_node *other;

    dt_for_each_node (other)
    {
        unsigned int m;
        uint32_t b;

        if ( other == np || !dt_is_available(other) || is_held(other) )
            continue;
        for ( unsigned int i = 0;; i++ )
        {
            int rc = get_reset(other, i, &m, &b);

            if ( rc == -ENOENT )
                break;
            if ( !rc && m == n && b == bit )
                return true;
        }
    }
    return false;
}

unsigned int rcar_cpg_reset(const struct dt_node *np)
{
    unsigned int n, nr = 0;
    uint32_t bit;

    if ( !cpg.np )
        return 0;
    spin_lock(&cpg.lock);
    for ( unsigned int i = 0;; i++ )
    {
        int rc = get_reset(np, i, &n, &bit);

        if ( rc == -ENOENT )
            break;
        if ( rc || is_shared(np, n, bit) )
            continue;
        set(cpg.kind->reset(n), bit);
        udelay(RESET_US);
        set(cpg.kind->release(n), bit);
        nr++;
    }
    spin_unlock(&cpg.lock);
    return nr;
}

/* ---- at boot ---- */

static const struct {
    const char *compatible;
    const struct cpg_kind *kind;
} matches[] = {
    {"renesas,r8a774a1-cpg-mssr", &gen3}, {"renesas,r8a774b1-cpg-mssr", &gen3},
    {"renesas,r8a774c0-cpg-mssr", &gen3}, {"renesas,r8a774e1-cpg-mssr", &gen3},
    {"renesas,r8a7795-cpg-mssr", &gen3},  {"renesas,r8a7796-cpg-mssr", &gen3},
    {"renesas,r8a77961-cpg-mssr", &gen3}, {"renesas,r8a77965-cpg-mssr", &gen3},
    {"renesas,r8a77970-cpg-mssr", &gen3}, {"renesas,r8a77980-cpg-mssr", &gen3},
    {"renesas,r8a77990-cpg-mssr", &gen3}, {"renesas,r8a77995-cpg-mssr", &gen3},
    {"renesas,r8a779a0-cpg-mssr", &gen4}, {"renesas,r8a779f0-cpg-mssr", &gen4},
    {"renesas,r8a779g0-cpg-mssr", &gen4}, {"renesas,r8a779h0-cpg-mssr", &gen4},
};

static struct dt_node *find(const struct cpg_kind **kind)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(matches); i++ )
    {
        struct dt_node *np = dt_find_compatible(NULL, matches[i].compatible);

        *kind = matches[i].kind;
        if ( np )
            return np;
    }
    return NULL;
}

void rcar_cpg_init(void)
{
    const struct cpg_kind *kind;
    struct dt_node *np = find(&kind);
    uint64_t addr, size;

    /* The last status is behind all the others. */
    if ( !np || dt_get_reg(np, 0, &addr, &size) ||
         size < kind->status(kind->nr - 1) + 4 )
        return;
    cpg.regs = ioremap(_maddr(addr), size);
    if ( !cpg.regs )
        return;
    spin_lock_init(&cpg.lock, LOCK_RANK_POWER);
    cpg.kind = kind;
    cpg.size = size;
    cpg.np = np;
    np->mediator = &cpg_ops;

    dt_for_each_node (np)
    {
        if ( np->used_by_xen && rcar_cpg_hold(np) )
            printk(XENLOG_ERR "%s: dom0 may stop its clock\n", np->full_name);
    }
}
