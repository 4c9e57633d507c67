/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers and interrupts of device-tree nodes, on their way between domains
 * with the right to do DMA, which is iommu.c's.
 *
 * The owner (dev->owner) is set before anything is given and cleared after all
 * was taken, so that nobody else gets it in between. A domU's own are moved
 * under its hypercall_lock. That is none to hold for the hardware domain's:
 * taking an interrupt waits for the CPU that runs its vCPU, which may wait for
 * a lock. There @moving keeps others away, who try again.
 */
#include <xen/dt-assign.h>

#include <public/domctl.h>
#include <proxenos.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/rcar.h>

#define MAX_NODES  8U
#define MAX_RANGES 16U
#define MAX_PAGES  1024U /* of all ranges: it is not preempted */

struct frames {
    uint64_t first, last;
};

/* What the nodes of a group have. */
struct claim {
    struct dt_node *node[MAX_NODES];
    unsigned int nr_nodes;
    struct frames range[MAX_RANGES];
    unsigned int nr_ranges;
    uint64_t irqs[(IRQ_SPI_END + 63) / 64];
};

static bool moving; /* device lock */

/* ---- what there is to move ---- */

static int add_range(struct claim *c, const struct dt_node *np, struct frames r)
{
    uint64_t pages = r.last - r.first + 1;

    for ( uint64_t i = r.first; i <= r.last && pages <= MAX_PAGES; i++ )
        if ( mfn_is_ram(_mfn(i)) )
        {
            printk(XENLOG_ERR "%s: a register at %#lx, which is RAM\n",
                   np->full_name, (unsigned long)(i << PAGE_SHIFT));
            return -EINVAL;
        }
    for ( unsigned int i = 0; i < c->nr_ranges; i++ )
        pages += c->range[i].last - c->range[i].first + 1;
    if ( pages > MAX_PAGES || c->nr_ranges == MAX_RANGES )
    {
        printk(XENLOG_ERR "%s: more registers than can be moved\n",
               np->full_name);
        return -E2BIG;
    }
    c->range[c->nr_ranges++] = r;
    return 0;
}

static bool overlap(struct frames a, struct frames b)
{
    return a.first <= b.last && b.first <= a.last;
}

/* Two ranges of the group may share a page: it is one then. */
static int merge_range(struct claim *c, const struct dt_node *np,
                       struct frames r)
{
    for ( unsigned int i = 0; i < c->nr_ranges; )
    {
        if ( !overlap(c->range[i], r) )
        {
            i++;
            continue;
        }
        r.first = min(r.first, c->range[i].first);
        r.last = max(r.last, c->range[i].last);
        c->range[i] = c->range[--c->nr_ranges];
        i = 0;
    }
    return add_range(c, np, r);
}

/* False: none, or an address on some other bus. */
static bool get_frames(const struct dt_node *np, unsigned int i,
                       struct frames *r, int *rc)
{
    uint64_t addr, size;

    *rc = dt_get_reg(np, i, &addr, &size);
    if ( *rc || !size )
        return false;
    if ( addr + size - 1 < addr )
    {
        *rc = -EINVAL;
        return false;
    }
    *r = (struct frames){addr >> PAGE_SHIFT, (addr + size - 1) >> PAGE_SHIFT};
    return true;
}

static int claim_regs(struct claim *c, const struct dt_node *np)
{
    struct frames r;

    for ( unsigned int i = 0; i < dt_nr_regs(np); i++ )
    {
        int rc;

        if ( get_frames(np, i, &r, &rc) )
            rc = merge_range(c, np, r);
        else if ( rc != -EINVAL )
            rc = 0;
        if ( rc )
            return rc;
    }
    return 0;
}

/* -ENOENT: past the last. */
static int get_spi(const struct dt_node *np, unsigned int i, unsigned int *irq,
                   enum irq_type *type)
{
    int rc = dt_get_irq(np, i, irq, type);

    if ( !rc && (*irq < IRQ_SPI_FIRST || *irq >= IRQ_SPI_END) )
        return -EINVAL;
    return rc;
}

static int claim_irqs(struct claim *c, const struct dt_node *np)
{
    enum irq_type type;
    unsigned int irq;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = get_spi(np, i, &irq, &type);

        if ( rc == -ENOENT )
            return 0;
        if ( rc && rc != -ENODEV ) /* some other controller's */
            return rc;
        if ( !rc )
            c->irqs[irq / 64] |= BIT64(irq % 64);
    }
}

static int claim_node(struct claim *c, struct dt_node *np)
{
    int rc;

    if ( c->nr_nodes == MAX_NODES )
        return -E2BIG;
    if ( np->used_by_xen || np->mediator || np->driver || np == dt_gic )
    {
        printk(XENLOG_ERR "%s: the hypervisor uses it\n", np->full_name);
        return -EPERM;
    }
    c->node[c->nr_nodes++] = np;
    rc = claim_regs(c, np);
    if ( !rc )
        rc = claim_irqs(c, np);
    if ( rc == -EINVAL )
        printk(XENLOG_ERR "%s: reg or interrupts cannot be given away\n",
               np->full_name);
    return rc;
}

/* ---- who else has some of it ---- */

/* A node of the group, or below one. */
static bool is_claimed(const struct claim *c, const struct dt_node *np)
{
    for ( ; np; np = np->parent )
        for ( unsigned int i = 0; i < c->nr_nodes; i++ )
            if ( c->node[i] == np )
                return true;
    return false;
}

static bool shares_page(const struct claim *c, const struct dt_node *np)
{
    struct frames r;
    int rc;

    for ( unsigned int i = 0; i < dt_nr_regs(np); i++ )
        for ( unsigned int k = 0; k < c->nr_ranges; k++ )
            if ( get_frames(np, i, &r, &rc) && overlap(r, c->range[k]) )
            {
                uint64_t at = max(r.first, c->range[k].first) << PAGE_SHIFT;

                printk(XENLOG_ERR "%s: the page at %#lx has registers of %s, "
                                  "too\n",
                       c->node[0]->full_name, (unsigned long)at, np->full_name);
                return true;
            }
    return false;
}

static bool shares_irq(const struct claim *c, const struct dt_node *np)
{
    enum irq_type type;
    unsigned int irq;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = dt_get_irq(np, i, &irq, &type);

        if ( rc && rc != -ENODEV )
            return false;
        if ( !rc && irq < IRQ_SPI_END && (c->irqs[irq / 64] & BIT64(irq % 64)) )
        {
            printk(XENLOG_ERR "%s: interrupt %u is that of %s, too\n",
                   c->node[0]->full_name, irq, np->full_name);
            return true;
        }
    }
}

/* Registers are there in a disabled device as well; its interrupt is silent. */
static int check_shared(const struct claim *c)
{
    const struct dt_node *np;

    dt_for_each_node (np)
        if ( np != dt_root && !is_claimed(c, np) &&
             (shares_page(c, np) ||
              (dt_is_available(np) && shares_irq(c, np))) )
            return -EADDRINUSE;
    return 0;
}

static int make_claim(struct claim *c, struct device *dev)
{
    struct device *m = dev;
    int rc = 0;

    memset(c, 0, sizeof(*c));
    spin_lock(&device_lock);
    do
    {
        if ( m->kind == DEVICE_DT )
            rc = claim_node(c, m->np);
        m = list_entry(m->group.next, struct device, group);
    } while ( !rc && m != dev );
    spin_unlock(&device_lock);
    return rc;
}

/* ---- registers ---- */

/* The guest's layout, which its tree and the emulation go by. */
static const struct {
    uint64_t base, size;
    const char *what;
} layout[] = {
    {GUEST_GICV3_GICD_BASE,
     GUEST_GICV3_GICR0_BASE + GUEST_GICV3_GICR0_SIZE - GUEST_GICV3_GICD_BASE,
     "interrupt controller"},
    {GUEST_VPCI_ECAM_BASE, GUEST_VPCI_ECAM_SIZE, "PCI host bridge"},
    {GUEST_VPCI_MEM_ADDR, GUEST_VPCI_MEM_SIZE, "PCI memory"},
    {GUEST_VPCI_PREFETCH_MEM_ADDR, GUEST_VPCI_PREFETCH_MEM_SIZE, "PCI memory"},
    {GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE, "grant table"},
    {GUEST_MAGIC_BASE, GUEST_MAGIC_SIZE, "console and xenstore"},
};

static int check_layout(const struct domain *d, const struct claim *c)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(layout); i++ )
        for ( unsigned int k = 0; k < c->nr_ranges; k++ )
        {
            const struct frames r = {layout[i].base >> PAGE_SHIFT,
                                     (layout[i].base + layout[i].size - 1) >>
                                         PAGE_SHIFT};

            if ( !overlap(r, c->range[k]) )
                continue;
            printk(XENLOG_ERR "d%u: %s: its registers are where the guest's "
                              "%s is\n",
                   d->domain_id, c->node[0]->full_name, layout[i].what);
            return -EADDRNOTAVAIL;
        }
    return 0;
}

/* A page at a time: leaves of one page go without memory for a split. */
static int map_regs(struct domain *d, const struct claim *c)
{
    for ( unsigned int i = 0; i < c->nr_ranges; i++ )
        for ( uint64_t f = c->range[i].first; f <= c->range[i].last; f++ )
        {
            int rc;

            /* what a quarantine that did not get on left to dom0 */
            if ( mfn_eq(p2m_lookup(d, _gfn(f), NULL, NULL), _mfn(f)) )
                continue;
            rc = p2m_add_page(d, _gfn(f), _mfn(f), P2M_MMIO_DIRECT);
            if ( !rc )
                continue;
            printk(XENLOG_ERR "d%u: %s: the register page %#lx is not mapped "
                              "(%d)\n",
                   d->domain_id, c->node[0]->full_name,
                   (unsigned long)(f << PAGE_SHIFT), rc);
            return rc == -EEXIST ? -EADDRNOTAVAIL : rc;
        }
    return 0;
}

static int unmap_regs(struct domain *d, const struct claim *c)
{
    for ( unsigned int i = 0; i < c->nr_ranges; i++ )
        for ( uint64_t f = c->range[i].first; f <= c->range[i].last; f++ )
        {
            int rc = p2m_remove_page(d, _gfn(f), _mfn(f));

            if ( rc && rc != -ENOENT )
                return rc;
        }
    return 0;
}

/* ---- interrupts ---- */

/* The hardware domain's numbers are the machine's: nothing is booked. */
static int route(struct domain *d, const struct dt_node *np, unsigned int irq,
                 enum irq_type type)
{
    int rc;

    if ( irq_guest(irq) == d )
        return 0;
    if ( !d->is_hardware && !vgic_reserve_irq(d, irq) )
    {
        printk(XENLOG_ERR "d%u: %s: interrupt %u is none of its own that is "
                          "free\n",
               d->domain_id, np->full_name, irq);
        return -EBUSY;
    }
    rc = irq_route_to_guest(d, irq, irq, type, np->full_name);
    if ( !rc )
        return 0;
    if ( !d->is_hardware )
        vgic_free_irq(d, irq);
    printk(XENLOG_ERR "d%u: %s: interrupt %u: %s has it (%d)\n", d->domain_id,
           np->full_name, irq, irq_name(irq) ? irq_name(irq) : "nobody", rc);
    return rc;
}

static int route_irqs(struct domain *d, const struct claim *c)
{
    enum irq_type type;
    unsigned int irq;

    for ( unsigned int i = 0; i < c->nr_nodes; i++ )
        for ( unsigned int k = 0;; k++ )
        {
            int rc = get_spi(c->node[i], k, &irq, &type);

            if ( rc == -ENOENT )
                break;
            if ( !rc )
                rc = route(d, c->node[i], irq, type);
            else if ( rc == -ENODEV )
                rc = 0;
            if ( rc )
                return rc;
        }
    return 0;
}

static void release_irqs(struct domain *d, const struct claim *c)
{
    for ( unsigned int irq = IRQ_SPI_FIRST; irq < IRQ_SPI_END; irq++ )
        if ( c->irqs[irq / 64] & BIT64(irq % 64) &&
             !irq_release_guest(d, irq) && !d->is_hardware )
            vgic_free_irq(d, irq);
}

static int give_all(struct domain *d, const struct claim *c)
{
    int rc = map_regs(d, c);

    return rc ? rc : route_irqs(d, c);
}

/* No driver's interrupt is left without its registers. */
static int take_all(struct domain *d, const struct claim *c)
{
    release_irqs(d, c);
    return unmap_regs(d, c);
}

/* ---- power, clocks and resets ---- */

/* The hardware domain's drivers of these do not know who uses it now. */
static int hold_all(const struct claim *c)
{
    int rc = 0;

    for ( unsigned int i = 0; !rc && i < c->nr_nodes; i++ )
    {
        rc = rcar_power_hold(c->node[i]);
        if ( !rc )
            rc = rcar_cpg_hold(c->node[i]);
    }
    return rc;
}

static void let_go(const struct claim *c)
{
    for ( unsigned int i = 0; i < c->nr_nodes; i++ )
    {
        rcar_cpg_let_go(c->node[i]);
        rcar_power_let_go(c->node[i]);
    }
}

/* What one owner has started ends before the next one comes. All are held. */
static void reset_all(const struct claim *c)
{
    for ( unsigned int i = 0; i < c->nr_nodes; i++ )
    {
        if ( !rcar_cpg_reset(c->node[i]) )
            printk(XENLOG_WARN "%s: has no reset of its own: its next owner "
                               "finds what this one left in it\n",
                   c->node[i]->full_name);
    }
}

/* It may have been used from the first page on. */
static void take_back(struct domain *d, const struct claim *c)
{
    (void)take_all(d, c);
    reset_all(c);
}

/* ---- owners ---- */

static int take_dma(struct domain *from, struct device *dev)
{
    int rc;

    spin_lock(&device_lock);
    rc = dev->owner == from ? iommu_deassign_device(dev) : -ENODEV;
    spin_unlock(&device_lock);
    return rc;
}

static int give_dma(struct domain *to, struct device *dev, uint32_t *owner,
                    struct device **conflict)
{
    int rc = -EBUSY;

    spin_lock(&device_lock);
    if ( dev->owner )
        *owner = dev->owner->domain_id;
    else
    {
        *conflict = iommu_group_conflict(dev, to);
        rc = iommu_assign_device(to, dev);
    }
    spin_unlock(&device_lock);
    return rc;
}

static bool has_any(struct domain *d, const struct claim *c)
{
    for ( unsigned int i = 0; i < c->nr_ranges; i++ )
        for ( uint64_t f = c->range[i].first; f <= c->range[i].last; f++ )
            if ( mfn_eq(p2m_lookup(d, _gfn(f), NULL, NULL), _mfn(f)) )
                return true;
    return false;
}

/*
 * Does somebody have its registers? Not only by us: a PCI function of the
 * group may have led the DMA alone into quarantine, or domctl mapped them.
 */
static int check_left(const struct claim *c, uint32_t *owner)
{
    struct domain *d = domain_get_from(0), *next;
    int rc = 0;

    for ( ; d; d = next )
    {
        if ( d->p2m.d && has_any(d, c) )
        {
            *owner = d->domain_id;
            rc = -EBUSY;
        }
        next = rc ? NULL : domain_get_from((domid_t)(d->domain_id + 1));
        domain_put(d);
    }
    return rc;
}

static int check_attach(const struct domain *d, const struct claim *c,
                        uint32_t *owner)
{
    int rc = check_shared(c);

    if ( !rc )
        rc = check_layout(d, c);
    return rc ? rc : check_left(c, owner);
}

int dt_attach(struct domain *d, struct device *dev, uint32_t *owner,
              struct device **conflict)
{
    struct claim c;
    int rc;

    ASSERT(spin_is_held(&d->hypercall_lock));
    if ( d->is_hardware )
        return -EINVAL;
    rc = make_claim(&c, dev);
    if ( !rc )
        rc = check_attach(d, &c, owner);
    if ( !rc )
        rc = give_dma(d, dev, owner, conflict);
    if ( rc )
        return rc;
    rc = hold_all(&c);
    if ( !rc )
    {
        rc = give_all(d, &c);
        if ( rc )
            take_back(d, &c);
    }
    if ( rc )
        (void)take_dma(d, dev);
    return rc;
}

void dt_withdraw(struct domain *d, struct device *dev)
{
    struct claim c;

    ASSERT(spin_is_held(&d->hypercall_lock));
    if ( dev->kind != DEVICE_DT || make_claim(&c, dev) )
        return;
    if ( take_all(d, &c) )
        ASSERT_UNREACHABLE(); /* leaves of one page */
    /* Held, unless its group's attach brought its DMA here. */
    if ( !hold_all(&c) )
        reset_all(&c);
}

int dt_detach(struct domain *d, struct device *dev)
{
    bool own;

    spin_lock(&device_lock);
    own = dev->owner == d;
    spin_unlock(&device_lock);
    if ( !own )
        return -ENODEV;
    if ( d->is_hardware )
        return -EINVAL;
    dt_withdraw(d, dev);
    return take_dma(d, dev);
}

/* ---- the hardware domain's ---- */

static int begin_move(const struct device *dev)
{
    int rc = 0;

    spin_lock(&device_lock);
    if ( moving )
        rc = -ERESTART;
    else if ( dev->owner && dev->owner != hardware_domain )
        rc = -EBUSY;
    else
        moving = true;
    spin_unlock(&device_lock);
    return rc;
}

static int end_move(int rc)
{
    spin_lock(&device_lock);
    moving = false;
    spin_unlock(&device_lock);
    return rc;
}

/* What the hardware domain may hand on by domctl. */
static int set_caps(const struct claim *c, bool allow)
{
    int (*change)(struct rangeset * r, uint64_t start, uint64_t end) =
        allow ? rangeset_add : rangeset_remove;
    struct domain *d = hardware_domain;
    int rc = 0;

    spin_lock(&d->hypercall_lock);
    for ( unsigned int i = 0; !rc && i < c->nr_ranges; i++ )
        rc = change(&d->iomem_caps, c->range[i].first, c->range[i].last);
    for ( unsigned int irq = IRQ_SPI_FIRST; !rc && irq < IRQ_SPI_END; irq++ )
        if ( c->irqs[irq / 64] & BIT64(irq % 64) )
            rc = change(&d->irq_caps, irq, irq);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

static void give_back(const struct claim *c)
{
    if ( give_all(hardware_domain, c) || set_caps(c, true) )
        printk(XENLOG_ERR "%s: dom0 has not got all of it back\n",
               c->node[0]->full_name);
}

int dt_quarantine(struct device *dev)
{
    struct claim c;
    int rc = make_claim(&c, dev);

    if ( !rc )
        rc = begin_move(dev);
    if ( rc )
        return rc;
    rc = check_shared(&c);
    if ( rc )
        return end_move(rc);
    /* Also when it is nobody's: the registers may have stayed behind. */
    rc = set_caps(&c, false);
    if ( !rc )
        rc = take_all(hardware_domain, &c);
    if ( !rc )
        rc = hold_all(&c);
    if ( rc )
    {
        let_go(&c);
        give_back(&c);
        return end_move(rc);
    }
    reset_all(&c);
    rc = take_dma(hardware_domain, dev);
    return end_move(rc == -ENODEV ? 0 : rc);
}

int dt_release(struct device *dev, struct device **conflict)
{
    uint32_t owner = DOMID_INVALID;
    struct claim c;
    int rc = make_claim(&c, dev);

    if ( !rc )
        rc = begin_move(dev);
    if ( rc )
        return rc;
    rc = give_dma(hardware_domain, dev, &owner, conflict);
    if ( rc )
        return end_move(owner == hardware_domain->domain_id ? 0 : rc);
    rc = give_all(hardware_domain, &c);
    if ( !rc )
        rc = set_caps(&c, true);
    if ( !rc )
        let_go(&c);
    else
    {
        take_back(hardware_domain, &c);
        (void)set_caps(&c, false);
        (void)take_dma(hardware_domain, dev);
    }
    return end_move(rc);
}
