/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power areas of an R-Car's SYSC: which are on, for drivers of ours whose
 * registers are in one, and for devices that are not the hardware domain's; an
 * access to what is off hangs or aborts.
 *
 * The hardware domain switches them, as it has the SYSC. Its accesses are
 * passed on one by one, so that our drivers leave an area before it goes off,
 * and have written their registers before anybody knows that it is on. Requests
 * to switch off an area that is held are left out: Linux takes that for a
 * failure, and for on. Nothing is switched on from here: Linux would wait for
 * what has happened already.
 *
 * sysc.lock orders requests. What is known of an area is changed under it and
 * read without.
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

/* What there is on any part: A3VP, A3VC, A3IR; C4 in one piece. */
#define MAX_AREAS 8U
#define MAX_HELD  64U

/* A request that takes longer than that has failed. */
#define SWITCH_TIMEOUT_US 2000U

/* Registers of a generation; offsets are into those of an area. */
struct sysc_kind {
    unsigned int always_on;     /* this area and those above */
    uint32_t on_mask, on_value; /* of the status, at offset 0 */
    uint32_t off_request, on_request;
    uint32_t (*area_base)(unsigned int area); /* 0: not known */
};

struct sysc_area {
    unsigned int area;
    uint32_t base;
    bool on;
};

struct rcar_sysc {
    const struct dt_node *np;
    const struct sysc_kind *kind;
    char *regs;
    uint64_t size;
    spinlock_t lock; /* LOCK_RANK_POWER */
    struct sysc_area area[MAX_AREAS];
    unsigned int nr_areas; /* boot only */
    const struct dt_node *held[MAX_HELD];
    unsigned int nr_held;
};

static struct rcar_sysc sysc; /* a machine has one */
static void (*watcher)(void);

/* The tree numbers areas by their bit in the interrupt status. */
static uint32_t gen3_base(unsigned int area)
{
    switch ( area )
    {
    case 9: /* A3VP */
        return 0x340;
    case 14: /* A3VC */
        return 0x380;
    case 24: /* A3IR */
        return 0x180;
    default:
        return 0;
    }
}

static uint32_t gen4_base(unsigned int area)
{
    return 0x1000 + 0x40 * area;
}

static const struct sysc_kind gen3 = {
    .always_on = 32,
    .on_mask = BIT32(0), /* "is off" */
    .on_value = 0,
    .off_request = 0x4,
    .on_request = 0xc,
    .area_base = gen3_base,
};

static const struct sysc_kind gen4 = {
    .always_on = 64,
    .on_mask = BIT32(4) | BIT32(0), /* on, off; neither while it changes */
    .on_value = BIT32(4),
    .off_request = 0x8,
    .on_request = 0x4,
    .area_base = gen4_base,
};

static bool read_status(const struct sysc_area *a)
{
    return (read32(sysc.regs + a->base) & sysc.kind->on_mask) ==
           sysc.kind->on_value;
}

/* ---- what a node needs of the SYSC ---- */

static const struct {
    const char *compatible;
    const struct sysc_kind *kind;
} matches[] = {
    {"renesas,r8a774a1-sysc", &gen3}, {"renesas,r8a774b1-sysc", &gen3},
    {"renesas,r8a774c0-sysc", &gen3}, {"renesas,r8a774e1-sysc", &gen3},
    {"renesas,r8a7795-sysc", &gen3},  {"renesas,r8a7796-sysc", &gen3},
    {"renesas,r8a77961-sysc", &gen3}, {"renesas,r8a77965-sysc", &gen3},
    {"renesas,r8a77970-sysc", &gen3}, {"renesas,r8a77980-sysc", &gen3},
    {"renesas,r8a77990-sysc", &gen3}, {"renesas,r8a77995-sysc", &gen3},
    {"renesas,r8a779a0-sysc", &gen4}, {"renesas,r8a779f0-sysc", &gen4},
    {"renesas,r8a779g0-sysc", &gen4}, {"renesas,r8a779h0-sysc", &gen4},
};

static const struct sysc_kind *kind_of(const struct dt_node *np)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(matches); i++ )
    {
        if ( dt_is_compatible(np, matches[i].compatible) )
            return matches[i].kind;
    }
    return NULL;
}

/*
 * Area @i of a node; @kind NULL: always on. -ENOENT past the last,
 * -EOPNOTSUPP: no SYSC that we know, -ENODEV: nobody can tell which.
 */
static int get_area(const struct dt_node *np, unsigned int i,
                    struct dt_phandle_args *args, const struct sysc_kind **kind)
{
    int rc = dt_parse_phandle_args(np, "power-domains", "#power-domain-cells",
                                   i, args);

    *kind = NULL;
    if ( rc )
        return rc == -ENOENT ? rc : -ENODEV;
    *kind = kind_of(args->np);
    if ( !*kind )
        return -EOPNOTSUPP;
    if ( args->nr_args != 1 )
        return -ENODEV;
    if ( args->args[0] >= (*kind)->always_on )
        *kind = NULL;
    return 0;
}

/* NULL: not one of those that were found at boot. */
static struct sysc_area *find_area(const struct dt_node *np, uint32_t area)
{
    for ( unsigned int i = 0; i < sysc.nr_areas && sysc.np == np; i++ )
    {
        if ( sysc.area[i].area == area )
            return &sysc.area[i];
    }
    return NULL;
}

static bool is_in(const struct dt_node *np, const struct sysc_area *a)
{
    const struct sysc_kind *kind;
    struct dt_phandle_args args;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = get_area(np, i, &args, &kind);

        if ( rc && rc != -EOPNOTSUPP )
            return false;
        if ( kind && find_area(args.np, args.args[0]) == a )
            return true;
    }
}

/* sysc.lock held. */
static bool is_held(const struct sysc_area *a)
{
    for ( unsigned int i = 0; i < sysc.nr_held; i++ )
    {
        if ( is_in(sysc.held[i], a) )
            return true;
    }
    return false;
}

/* ---- the hardware domain's accesses ---- */

/* Tell the drivers when something is on or off that was not. */
static void refresh(void)
{
    bool changed = false;

    for ( unsigned int i = 0; i < sysc.nr_areas; i++ )
    {
        struct sysc_area *a = &sysc.area[i];
        bool on = read_status(a);

        changed |= on != a->on;
        WRITE_ONCE(a->on, on);
    }
    if ( changed && watcher )
        watcher();
}

static int sysc_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    (void)v, (void)priv;
    if ( size != 4 || offset & 3 || offset + 4 > sysc.size )
        return -EFAULT;

    spin_lock(&sysc.lock);
    refresh();
    *value = read32(sysc.regs + offset);
    spin_unlock(&sysc.lock);
    return 0;
}

static int sysc_write(struct vcpu *v, void *priv, uint64_t offset,
                      unsigned int size, uint64_t value)
{
    struct sysc_area *a = NULL;
    bool on = false;

    (void)v, (void)priv;
    if ( size != 4 || offset & 3 || offset + 4 > sysc.size )
        return -EFAULT;

    spin_lock(&sysc.lock);
    for ( unsigned int i = 0; i < sysc.nr_areas; i++ )
    {
        uint32_t base = sysc.area[i].base;

        if ( offset == base + sysc.kind->on_request ||
             offset == base + sysc.kind->off_request )
        {
            a = &sysc.area[i];
            on = offset == base + sysc.kind->on_request;
        }
    }
    if ( a && !on && is_held(a) )
    {
        spin_unlock(&sysc.lock);
        return 0;
    }
    if ( a && !on )
    {
        /* Nobody of ours is in there any more, once the watcher is back. */
        WRITE_ONCE(a->on, false);
        if ( watcher )
            watcher();
    }
    write32(sysc.regs + offset, (uint32_t)value);

    /* Refused requests are seen in the area's error register: dom0 tries
     * again, and we look again then. */
    if ( a )
        (void)!poll_until(read_status(a) == on, SWITCH_TIMEOUT_US);
    refresh();
    spin_unlock(&sysc.lock);
    return 0;
}

static const struct mmio_ops sysc_ops = {
    .read = sysc_read,
    .write = sysc_write,
};

/* ---- for drivers ---- */

static int open_sysc(struct dt_node *np, const struct sysc_kind *kind)
{
    uint64_t addr, size;

    if ( sysc.np )
        return sysc.np == np ? 0 : -ENODEV;
    if ( dt_get_reg(np, 0, &addr, &size) || !size )
        return -ENODEV;
    sysc.regs = ioremap(_maddr(addr), size);
    if ( !sysc.regs )
        return -ENOMEM;

    spin_lock_init(&sysc.lock, LOCK_RANK_POWER);
    sysc.kind = kind;
    sysc.size = size;
    sysc.np = np;
    np->mediator = &sysc_ops;
    return 0;
}

/* Boot only. */
static int add_area(const struct dt_node *np, unsigned int i,
                    struct rcar_power *power)
{
    struct dt_phandle_args args;
    const struct sysc_kind *kind;
    struct sysc_area *a;
    uint32_t base;
    int rc = get_area(np, i, &args, &kind);

    if ( rc || !kind )
        return rc;
    base = kind->area_base(args.args[0]);
    if ( !base || open_sysc(args.np, kind) || base + 0x10 > sysc.size )
        return -ENODEV;

    power->sysc = &sysc;
    power->area = args.args[0];
    if ( find_area(args.np, power->area) )
        return 0;
    if ( sysc.nr_areas == MAX_AREAS )
        return -ENODEV;
    a = &sysc.area[sysc.nr_areas++];
    *a = (struct sysc_area){.area = power->area, .base = base};
    a->on = read_status(a);
    return 0;
}

int rcar_power_of(const struct dt_node *np, struct rcar_power *power)
{
    int rc;

    *power = (struct rcar_power){0};
    rc = add_area(np, 0, power);
    return rc == -ENOENT ? 0 : rc ? -ENODEV : 0;
}

bool rcar_power_is_on(const struct rcar_power *power)
{
    if ( !power->sysc )
        return true;
    for ( unsigned int i = 0; i < sysc.nr_areas; i++ )
    {
        if ( sysc.area[i].area == power->area )
            return READ_ONCE(sysc.area[i].on);
    }
    return false;
}

void rcar_power_watch(void (*fn)(void))
{
    watcher = fn;
}

/* ---- for devices ---- */

void rcar_power_init(void)
{
    const struct dt_node *np;
    struct rcar_power power;

    dt_for_each_node (np)
    {
        int rc = np->dev ? 0 : -ENOENT;

        /* What cannot be found now is refused later. */
        for ( unsigned int i = 0; !rc || rc == -EOPNOTSUPP; i++ )
            rc = add_area(np, i, &power);
    }
}

/* sysc.lock held. */
static int check_on(const struct dt_node *np)
{
    const struct sysc_kind *kind;
    struct dt_phandle_args args;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = get_area(np, i, &args, &kind);
        const struct sysc_area *a;

        if ( rc == -ENOENT )
            return 0;
        if ( rc == -EOPNOTSUPP || (!rc && !kind) )
            continue;
        if ( rc )
        {
            printk(XENLOG_ERR "%s: power-domains cannot be read\n",
                   np->full_name);
            return -EIO;
        }
        a = find_area(args.np, args.args[0]);
        if ( a && a->on )
            continue;
        printk(XENLOG_ERR "%s: its power area %u is off%s\n", np->full_name,
               args.args[0], a ? "" : ", for all we can tell");
        return -EIO;
    }
}

int rcar_power_hold(const struct dt_node *np)
{
    unsigned int i;
    int rc;

    if ( !sysc.np )
        return check_on(np);
    spin_lock(&sysc.lock);
    for ( i = 0; i < sysc.nr_held && sysc.held[i] != np; i++ )
        continue;
    if ( i == MAX_HELD )
        rc = -ENOSPC;
    else
    {
        sysc.held[i] = np;
        sysc.nr_held = max(sysc.nr_held, i + 1);
        refresh();
        rc = check_on(np);
    }
    spin_unlock(&sysc.lock);
    return rc;
}

void rcar_power_let_go(const struct dt_node *np)
{
    if ( !sysc.np )
        return;
    spin_lock(&sysc.lock);
    for ( unsigned int i = 0; i < sysc.nr_held; i++ )
    {
        if ( sysc.held[i] == np )
        {
            sysc.held[i] = sysc.held[--sysc.nr_held];
            break;
        }
    }
    spin_unlock(&sysc.lock);
}
