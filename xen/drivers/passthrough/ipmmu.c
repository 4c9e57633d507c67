/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas IPMMU-VMSA of R-Car Gen3 and Gen4 with page tables of our own, in
 * stage-1 mode, which every cut can do: layouts, errata, probe of roots and
 * leaves, contexts of domains, and the ops table. See ipmmu.h for how these
 * belong together.
 *
 * For the core, the root is the unit that devices belong to; a leaf is one
 * that only reads their specifiers. Device lock: who uses which context. Unit
 * lock: registers and what they should hold.
 *
 * Not known, as no manual is public (so it is not relied upon): what happens
 * above 39 bits (nothing is mapped there, both regions have the same table);
 * what an access does in a context that is off (none is ever selected); what
 * IMSCTLR 31:30 mean alone, and the reset value of S2PTE (kept, cleared, and
 * both printed); why context 0 is avoided (so it is); whether a master hangs
 * when an access is refused.
 */
#include "ipmmu.h"

#include <proxenos.h>

#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>

static LIST_HEAD(roots); /* struct ipmmu_root.list; boot only */

/* ---- layouts and errata ---- */

static const struct ipmmu_layout layout_gen3 = {
    .name = "Gen3",
    .nr_ctx = 8,
    .nr_utlb = 48,
    .ctx_stride = 0x40,
    .size = 0x1000,
};

static const struct ipmmu_layout layout_gen4 = {
    .name = "Gen4",
    .nr_ctx = 16,
    .nr_utlb = 64,
    .ctx_base = 0x10000,
    .ctx_stride = 0x1040,
    .ctx_gap = 0x600,
    .utlb_base = 0x3000,
    .ctrl_base = 0x1000,
    .size = 0x20000,
};

struct ipmmu_erratum {
    uint8_t product, first_cut, last_cut;
    uint32_t bits;
};

/*
 * What is not here holds for all: walks do not snoop (tables are cleaned, no
 * walk attributes), NS and NSTable in every descriptor.
 */
static const struct ipmmu_erratum errata[] = {
    /* Restriction 100: leaves may not cache. Firmware does it for leaves that
     * are always on; those in power areas lose it at every power-up. */
    {RCAR_H3, 0x10, 0x10, IPMMU_DISCACHE},
    {RCAR_M3N, 0x00, 0x01, IPMMU_DISCACHE},
    {RCAR_E3, 0x00, 0x0f, IPMMU_DISCACHE},
    /* Micro-TLB 0 of a leaf is suspected to miss flushes; Linux does not use
     * channel 0 of a DMA controller for that reason. Cause and cuts are not
     * known. */
    {RCAR_H3, 0x00, 0xff, IPMMU_UTLB0},
    {RCAR_M3W, 0x00, 0xff, IPMMU_UTLB0},
};

static uint32_t find_errata(void)
{
    struct rcar_prr prr = rcar_prr();
    uint32_t bits = 0;

    for ( unsigned int i = 0; i < ARRAY_SIZE(errata); i++ )
    {
        const struct ipmmu_erratum *e = &errata[i];

        /* Nobody says which it is: all of them. */
        if ( !prr.known || (e->product == prr.product &&
                            prr.cut >= e->first_cut && prr.cut <= e->last_cut) )
            bits |= e->bits;
    }
    return bits;
}

/*
 * "ipmmu-utlb0=<bool>": may domains other than dom0 use micro-TLB 0 where it
 * is suspect? dom0's Linux does not know that it is behind an IPMMU, uses all
 * channels, and would fail.
 */
static bool allow_utlb0;

static int parse_utlb0(const char *value)
{
    if ( !value || !strcmp(value, "yes") )
        allow_utlb0 = true;
    else if ( !strcmp(value, "no") )
        allow_utlb0 = false;
    else
        return -EINVAL;
    return 0;
}
CMDLINE_OPTION("ipmmu-utlb0", parse_utlb0);

/* ---- contexts ---- */

static struct ipmmu_context *find_context(struct ipmmu_root *root,
                                          const struct iommu_dom *dom)
{
    struct iommu_context *ctx;

    list_for_each_entry (ctx, &dom->contexts, list)
    {
        if ( ctx->unit == &root->unit )
            return container_of(ctx, struct ipmmu_context, ctx);
    }
    return NULL;
}

static unsigned int nr_used(const struct ipmmu_root *root)
{
    unsigned int nr = 0;

    for ( unsigned int i = IPMMU_FIRST_CTX; i < root->layout->nr_ctx; i++ )
        nr += READ_ONCE(root->ctx[i].imctr) != 0;
    return nr;
}

static unsigned int nr_for_domains(const struct ipmmu_root *root)
{
    return root->layout->nr_ctx - IPMMU_FIRST_CTX;
}

static void report_exhausted(const struct ipmmu_root *root)
{
    printk(XENLOG_ERR "%s: all %u contexts are in use, a domain each:",
           root->unit.name, nr_for_domains(root));
    for ( unsigned int i = IPMMU_FIRST_CTX; i < root->layout->nr_ctx; i++ )
    {
        const struct ipmmu_context *c = &root->ctx[i];

        if ( c->nr_devices )
            printk(" d%u", c->dom->d->domain_id);
        else
            printk(c->dom0_only ? " (kept for d0)" : " (lost)");
    }
    printk("\n");
}

/* p2m->lock of the domain held. */
static int make_context(struct ipmmu_root *root, struct iommu_dom *dom,
                        struct ipmmu_context **out)
{
    struct ipmmu_context *c = NULL;
    int rc;

    for ( unsigned int i = IPMMU_FIRST_CTX; i < root->layout->nr_ctx && !c;
          i++ )
    {
        if ( !root->ctx[i].imctr &&
             (dom->d->is_hardware || !root->ctx[i].dom0_only) )
            c = &root->ctx[i];
    }
    if ( !c )
    {
        report_exhausted(root);
        return -ENOSPC;
    }
    if ( maddr_x(pgt_root(&dom->pgt)) >> IPMMU_OA_BITS )
        return -ERANGE;

    spin_lock(&root->lock);
    c->table = pgt_root(&dom->pgt);
    rc = ipmmu_ctx_enable(root, c);
    spin_unlock(&root->lock);
    /* Not confirmed: no micro-TLB selects it, and it is never used again. */
    if ( rc )
        return rc;

    c->dom = dom;
    c->ctx.unit = &root->unit;
    list_add_tail(&c->ctx.list, &dom->contexts);
    *out = c;
    return 0;
}

/* One that did not answer may have kept what was taken from the domain. */
static int check_context(struct ipmmu_root *root, struct ipmmu_context *c)
{
    int rc;

    spin_lock(&root->lock);
    rc = c->silent ? ipmmu_flush(root, c) : 0;
    spin_unlock(&root->lock);
    return rc;
}

/* Give the context back, when the last device has left it. */
static int drop_context(struct ipmmu_root *root, struct ipmmu_context *c)
{
    int rc;

    if ( c->nr_devices )
        return 0;

    spin_lock(&root->lock);
    rc = ipmmu_ctx_disable(root, c);
    spin_unlock(&root->lock);
    if ( rc )
        return rc;

    list_del(&c->ctx.list);
    c->dom = NULL;
    return 0;
}

/* ---- devices ---- */

static bool is_suspect(const struct ipmmu_root *root, uint32_t id)
{
    return (root->errata & IPMMU_UTLB0) && !IPMMU_ID_UTLB(id) && !allow_utlb0;
}

/* Channels that stay in quarantine, because of an erratum. */
static bool is_kept_back(const struct ipmmu_root *root, const struct domain *d,
                         uint32_t id)
{
    return is_suspect(root, id) && !d->is_hardware;
}

/* Are there any that do not? Who would work in vain is not given. */
static bool may_have(const struct ipmmu_root *root, const struct device *dev,
                     const struct domain *d)
{
    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        if ( !is_kept_back(root, d, dev->ids[i]) )
            return true;
    }
    return false;
}

static void select_all(struct ipmmu_root *root, const struct device *dev,
                       const struct domain *d, unsigned int ctx)
{
    struct ipmmu_context *quarantine = &root->ctx[IPMMU_QUARANTINE];

    /* Who was silenced in quarantine may be heard again. */
    if ( !(quarantine->imctr & IPMMU_IMCTR_INTEN) )
    {
        quarantine->imctr |= IPMMU_IMCTR_INTEN;
        (void)!ipmmu_flush(root, quarantine);
    }
    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        uint32_t id = dev->ids[i];

        if ( ctx != IPMMU_QUARANTINE && is_kept_back(root, d, id) )
            continue;
        if ( ctx != IPMMU_QUARANTINE && is_suspect(root, id) )
            root->ctx[ctx].dom0_only = true;
        ipmmu_select(root->leaf[IPMMU_ID_LEAF(id)], IPMMU_ID_UTLB(id), ctx);
    }
}

static int ipmmu_add_device(struct iommu_unit *unit, struct device *dev)
{
    const struct ipmmu_root *root = to_root(unit);

    /* All micro-TLBs of a leaf are in quarantine from its probe on. */
    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        if ( is_suspect(root, dev->ids[i]) )
            printk("%s: %s: micro-TLB 0 (utlb %#x) may miss flushes%s\n",
                   unit->name, dev->name, dev->ids[i],
                   dev->nr_ids > 1 ? ": only dom0 may use it"
                                   : ": only dom0 may have the device");
    }
    return 0;
}

static int ipmmu_attach(struct iommu_unit *unit, struct device *dev,
                        struct iommu_dom *dom)
{
    struct ipmmu_root *root = to_root(unit);
    struct ipmmu_context *c = find_context(root, dom);
    int rc;

    if ( !may_have(root, dev, dom->d) )
    {
        printk(XENLOG_ERR "%s: %s: it has micro-TLB 0 only, which may miss "
                          "flushes: for dom0 alone, unless ipmmu-utlb0 is on "
                          "the command line\n",
               unit->name, dev->name);
        return -EPERM;
    }
    rc = c ? check_context(root, c) : make_context(root, dom, &c);
    if ( rc )
        return rc;

    spin_lock(&root->lock);
    select_all(root, dev, dom->d, c->index);
    spin_unlock(&root->lock);
    c->nr_devices++;
    return 0;
}

static int ipmmu_detach(struct iommu_unit *unit, struct device *dev,
                        struct iommu_dom *dom)
{
    struct ipmmu_root *root = to_root(unit);
    struct ipmmu_context *c = find_context(root, dom);
    int rc;

    ASSERT(c && c->nr_devices);
    spin_lock(&root->lock);
    select_all(root, dev, dom->d, IPMMU_QUARANTINE);
    spin_unlock(&root->lock);

    /* With its name, as long as it is known. */
    ipmmu_poll(root, c);

    spin_lock(&root->lock);
    rc = ipmmu_flush(root, c);
    spin_unlock(&root->lock);
    c->nr_devices--;
    if ( !rc )
        rc = drop_context(root, c);

    return rc ? -ETIMEDOUT : 0;
}

static void ipmmu_cut_off(struct iommu_unit *unit, uint32_t id)
{
    struct ipmmu_root *root = to_root(unit);
    unsigned int ctx = IPMMU_ID_CTX(id);
    int rc;

    spin_lock(&root->lock);
    if ( IPMMU_ID_IS_CTX(id) )
        /* A storm in quarantine reaches nothing already: do not hear it. */
        root->ctx[ctx].imctr &= ~IPMMU_IMCTR_INTEN;
    else
    {
        struct ipmmu_leaf *leaf = root->leaf[IPMMU_ID_LEAF(id)];

        ctx = leaf->utlb[IPMMU_ID_UTLB(id)];
        ipmmu_select(leaf, IPMMU_ID_UTLB(id), IPMMU_QUARANTINE);
    }
    rc = ipmmu_flush(root, &root->ctx[ctx]);
    /* Its last fault is not laid at the door of those who stay. */
    if ( !IPMMU_ID_IS_CTX(id) )
        ipmmu_root_write(root, ctx, IPMMU_IMSTR, 0);
    spin_unlock(&root->lock);
    if ( rc )
        printk_ratelimited(XENLOG_ERR "%s: utlb %#x: cannot be cut off\n",
                           unit->name, id);
}

static int ipmmu_iotlb_sync(struct iommu_context *ctx,
                            const struct pgt_gather *g)
{
    struct ipmmu_root *root = to_root(ctx->unit);
    int rc;

    /* There is nothing smaller than a context. */
    (void)g;
    spin_lock(&root->lock);
    rc = ipmmu_flush(root, container_of(ctx, struct ipmmu_context, ctx));
    spin_unlock(&root->lock);
    return rc;
}

static int ipmmu_dt_xlate(struct iommu_unit *unit, struct device *dev,
                          const uint32_t *args, unsigned int nr_args)
{
    const struct ipmmu_leaf *leaf = to_leaf(unit);
    uint32_t id;

    if ( nr_args != 1 )
    {
        printk(XENLOG_ERR "%s: %s: %u cells where one micro-TLB is due\n",
               unit->name, dev->name, nr_args);
        return -EINVAL;
    }
    if ( args[0] >= leaf->root->layout->nr_utlb )
    {
        printk(XENLOG_ERR "%s: %s: micro-TLB %u, there are %u\n", unit->name,
               dev->name, args[0], leaf->root->layout->nr_utlb);
        return -ERANGE;
    }

    id = IPMMU_ID(leaf->number, args[0]);
    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        if ( dev->ids[i] == id )
            return 0;
    }
    if ( dev->nr_ids == DEVICE_MAX_IDS )
    {
        printk(XENLOG_ERR "%s: %s: more than %u micro-TLBs\n", unit->name,
               dev->name, DEVICE_MAX_IDS);
        return -ENOSPC;
    }
    dev->ids[dev->nr_ids++] = id;
    return 0;
}

static int root_xlate(struct iommu_unit *unit, struct device *dev,
                      const uint32_t *args, unsigned int nr_args)
{
    (void)args;
    (void)nr_args;
    printk(XENLOG_ERR "%s: %s: a root has no micro-TLBs\n", unit->name,
           dev->name);
    return -EINVAL;
}

/* ---- looking ---- */

static void root_dump(struct iommu_unit *unit)
{
    struct ipmmu_root *root = to_root(unit);

    spin_lock(&root->lock);
    printk("%s: %s, contexts %u of %u, IMSCTLR %#x IMSAUXCTLR %#x\n",
           unit->name, root->layout->name, nr_used(root), nr_for_domains(root),
           ipmmu_unit_read(root, IPMMU_IMSCTLR),
           ipmmu_unit_read(root, IPMMU_IMSAUXCTLR));
    for ( unsigned int i = IPMMU_QUARANTINE; i < root->layout->nr_ctx; i++ )
    {
        const struct ipmmu_context *c = &root->ctx[i];
        char who[16] = "lost";

        if ( !c->imctr )
            continue;
        if ( i == IPMMU_QUARANTINE )
            snprintf(who, sizeof(who), "quarantine");
        else if ( c->nr_devices )
            snprintf(who, sizeof(who), "d%u", c->dom->d->domain_id);
        printk("  context %u: %s, %u devices, table %#lx, IMCTR %#x IMSTR "
               "%#x%s\n",
               i, who, c->nr_devices, (unsigned long)maddr_x(c->table),
               ipmmu_root_read(root, i, IPMMU_IMCTR),
               ipmmu_root_read(root, i, IPMMU_IMSTR),
               c->silent ? ", DOES NOT FLUSH" : "");
    }
    spin_unlock(&root->lock);
}

static void leaf_dump(struct iommu_unit *unit)
{
    struct ipmmu_leaf *leaf = to_leaf(unit);
    struct ipmmu_root *root = leaf->root;

    spin_lock(&root->lock);
    printk("%s: micro-TLBs %#x and up%s, by context:", unit->name,
           IPMMU_ID(leaf->number, 0),
           ipmmu_leaf_on(leaf) ? "" : ", SWITCHED OFF");
    for ( unsigned int i = 0; i < root->layout->nr_ctx; i++ )
    {
        if ( leaf->nr_utlbs[i] )
            printk(" %u: %u", i, leaf->nr_utlbs[i]);
    }
    printk("\n");
    spin_unlock(&root->lock);
}

static void root_info(struct iommu_unit *unit, struct px_unit_info *info)
{
    const struct ipmmu_root *root = to_root(unit);

    info->kind = PX_UNIT_IPMMU;
    info->stages = 1;
    info->contexts = nr_for_domains(root);
    info->contexts_used = nr_used(root);
}

/* Those that micro-TLBs of this leaf select. */
static void leaf_info(struct iommu_unit *unit, struct px_unit_info *info)
{
    const struct ipmmu_leaf *leaf = to_leaf(unit);

    root_info(&leaf->root->unit, info);
    info->contexts_used = 0;
    for ( unsigned int i = IPMMU_FIRST_CTX; i < IPMMU_MAX_CTX; i++ )
        info->contexts_used += READ_ONCE(leaf->nr_utlbs[i]) != 0;
}

/* The root is asked. */
static void leaf_poll_events(struct iommu_unit *unit)
{
    (void)unit;
}

static const struct iommu_ops root_ops = {
    .name = "ipmmu",
    .dt_xlate = root_xlate,
    .add_device = ipmmu_add_device,
    .attach = ipmmu_attach,
    .detach = ipmmu_detach,
    .cut_off = ipmmu_cut_off,
    .iotlb_sync = ipmmu_iotlb_sync,
    .poll_events = ipmmu_poll_events,
    .dump = root_dump,
    .info = root_info,
};

static const struct iommu_ops leaf_ops = {
    .name = "ipmmu-leaf",
    .dt_xlate = ipmmu_dt_xlate,
    .poll_events = leaf_poll_events,
    .dump = leaf_dump,
    .info = leaf_info,
};

/* ---- power ---- */

/* Areas have been switched: leaves in them have forgotten everything. */
static void power_changed(void)
{
    struct ipmmu_root *root;

    list_for_each_entry (root, &roots, list)
    {
        spin_lock(&root->lock);
        for ( unsigned int i = 0; i < root->nr_leaves; i++ )
            (void)ipmmu_leaf_on(root->leaf[i]);
        spin_unlock(&root->lock);
    }
}

int ipmmu_resume(void)
{
    struct ipmmu_root *root;
    int rc = 0;

    list_for_each_entry (root, &roots, list)
    {
        int one;

        spin_lock(&root->lock);
        one = ipmmu_write_root(root);
        for ( unsigned int i = 0; i < root->nr_leaves; i++ )
        {
            struct ipmmu_leaf *leaf = root->leaf[i];

            if ( leaf->power.sysc )
                leaf->live = false;
            else
                ipmmu_write_leaf(leaf);
            (void)ipmmu_leaf_on(leaf);
        }
        spin_unlock(&root->lock);
        rc = rc ? rc : one;
    }
    return rc;
}

/* ---- probe ---- */

static int map_registers(struct iommu_unit *unit, struct dt_node *np,
                         const struct ipmmu_layout *layout, void **base)
{
    uint64_t addr, size;
    int rc = dt_get_reg(np, 0, &addr, &size);

    if ( rc || size < layout->size )
    {
        printk(XENLOG_ERR "%s: not %#x bytes of registers\n", np->full_name,
               layout->size);
        return rc ? rc : -EINVAL;
    }
    snprintf(unit->name, sizeof(unit->name), "ipmmu %lx", (unsigned long)addr);
    unit->np = np;
    *base = ioremap(_maddr(addr), layout->size);
    return *base ? 0 : -ENOMEM;
}

/* A table without an entry, for those that nobody owns. */
static int start_quarantine(struct ipmmu_root *root)
{
    struct ipmmu_context *c = &root->ctx[IPMMU_QUARANTINE];
    void *table = alloc_xen_pages(0);

    if ( !table )
        return -ENOMEM;
    cache_clean(table, PAGE_SIZE);
    c->table = virt_to_maddr(table);
    c->imctr = IPMMU_IMCTR_MMUEN | IPMMU_IMCTR_INTEN | IPMMU_IMCTR_VA64;
    return 0;
}

static int start_root(struct ipmmu_root *root)
{
    int rc = start_quarantine(root);

    if ( rc )
        return rc;
    root->unit.format =
        iommu_format_get(&pgt_fmt_ipmmu_s1, IPMMU_IA_BITS, IPMMU_OA_BITS,
                         false /* walks do not snoop */);
    if ( !root->unit.format )
    {
        printk(XENLOG_ERR "%s: too many kinds of IOMMU\n", root->unit.name);
        return -ENOSPC;
    }

    spin_lock(&root->lock);
    rc = ipmmu_write_root(root);
    spin_unlock(&root->lock);
    return rc;
}

/* The first of two is the non-secure one. */
static void request_irq(struct ipmmu_root *root)
{
    enum irq_type type;
    unsigned int irq;

    if ( dt_get_irq(root->unit.np, 0, &irq, &type) ||
         irq_request(irq, type, ipmmu_irq, root, root->unit.name) )
        printk(XENLOG_ERR "%s: no use of its interrupt, faults wait for "
                          "dumps\n",
               root->unit.name);
    else
        root->irq = irq;
}

static struct ipmmu_root *root_of(const struct dt_node *np)
{
    struct ipmmu_root *root;
    uint32_t phandle;

    /* The second cell on Gen3, a bit of a status word, is of no use to us. */
    if ( dt_read_u32_index(np, "renesas,ipmmu-main", 0, &phandle) )
        return NULL;
    list_for_each_entry (root, &roots, list)
    {
        if ( root->unit.np->phandle == phandle )
            return root;
    }
    return NULL;
}

/* Nobody probes these, and a micro-TLB that is off lets everything through. */
static void report_disabled(const struct ipmmu_root *root)
{
    const struct dt_node *np;

    dt_for_each_node (np)
    {
        if ( np != root->unit.np && root_of(np) == root &&
             !dt_is_available(np) )
            printk(XENLOG_ERR "%s: disabled in the device tree: its masters "
                              "are NOT isolated\n",
                   np->full_name);
    }
}

static int probe_root(struct dt_node *np, const struct ipmmu_layout *layout)
{
    struct ipmmu_root *root = xzalloc(struct ipmmu_root);
    char soc[32];
    int rc;

    if ( !root )
        return -ENOMEM;
    root->layout = layout;
    root->unit.ops = &root_ops;
    root->errata = find_errata();
    spin_lock_init(&root->lock, LOCK_RANK_IOMMU_UNIT);
    for ( unsigned int i = 0; i < layout->nr_ctx; i++ )
        root->ctx[i].index = i;

    rc = map_registers(&root->unit, np, layout, &root->base);
    if ( !rc )
        rc = start_root(root);
    if ( rc )
    {
        /* Neither the table nor the window: it may have seen the former. */
        printk(XENLOG_ERR "%s: refused (%d)\n", np->full_name, rc);
        xfree(root);
        return rc;
    }

    np->used_by_xen = true;
    list_add_tail(&root->list, &roots);
    iommu_register_unit(&root->unit);
    request_irq(root);
    printk("%s: %s, %s root, stage 1, %u contexts for domains, IMSCTLR %#x "
           "IMSAUXCTLR %#x%s%s\n",
           root->unit.name, rcar_prr_text(soc), layout->name,
           nr_for_domains(root), ipmmu_unit_read(root, IPMMU_IMSCTLR),
           ipmmu_unit_read(root, IPMMU_IMSAUXCTLR),
           root->errata & IPMMU_DISCACHE ? ", leaves do not cache" : "",
           root->errata & IPMMU_UTLB0 ? ", micro-TLB 0 suspect" : "");
    report_disabled(root);
    return 0;
}

static int start_leaf(struct ipmmu_leaf *leaf, struct dt_node *np)
{
    struct ipmmu_root *root = leaf->root;
    int rc = rcar_power_of(np, &leaf->power);

    if ( rc )
    {
        printk(XENLOG_ERR "%s: nobody can tell whether it is switched on: not "
                          "touched, its masters are NOT isolated\n",
               np->full_name);
        return rc;
    }
    rc = map_registers(&leaf->unit, np, root->layout, &leaf->base);
    if ( rc )
        return rc;

    leaf->unit.format = root->unit.format;
    for ( unsigned int i = 0; i < root->layout->nr_utlb; i++ )
        leaf->utlb[i] = IPMMU_QUARANTINE;
    leaf->nr_utlbs[IPMMU_QUARANTINE] = (uint8_t)root->layout->nr_utlb;

    spin_lock(&root->lock);
    if ( !leaf->power.sysc )
        ipmmu_write_leaf(leaf);
    (void)ipmmu_leaf_on(leaf);
    rc = ipmmu_flush(root, &root->ctx[IPMMU_QUARANTINE]);
    leaf->number = root->nr_leaves;
    root->leaf[root->nr_leaves++] = leaf;
    spin_unlock(&root->lock);

    /* Not a reason to let its masters go on as they like. */
    if ( rc )
        printk(XENLOG_ERR "%s: quarantine not confirmed\n", leaf->unit.name);
    return 0;
}

static int probe_leaf(struct dt_node *np, const struct ipmmu_layout *layout)
{
    struct ipmmu_root *root = root_of(np);
    struct ipmmu_leaf *leaf;
    int rc;

    if ( !root )
        return -EAGAIN;
    if ( root->layout != layout || root->nr_leaves == IPMMU_MAX_LEAVES )
    {
        printk(XENLOG_ERR "%s: does not fit its root\n", np->full_name);
        return -EINVAL;
    }

    leaf = xzalloc(struct ipmmu_leaf);
    if ( !leaf )
        return -ENOMEM;
    leaf->root = root;
    leaf->unit.ops = &leaf_ops;
    leaf->unit.main = &root->unit;
    rc = start_leaf(leaf, np);
    if ( rc )
    {
        xfree(leaf);
        return rc;
    }

    np->used_by_xen = true;
    iommu_register_unit(&leaf->unit);
    if ( leaf->power.sysc )
    {
        rcar_power_watch(power_changed);
        printk("%s: in power area %u, %s\n", leaf->unit.name, leaf->power.area,
               leaf->live ? "on" : "off");
    }
    return 0;
}

static int ipmmu_probe(struct dt_node *np, const void *data)
{
    if ( dt_find_property(np, "renesas,ipmmu-main") )
        return probe_leaf(np, data);
    return probe_root(np, data);
}

static const struct dt_match ipmmu_dt_match[] = {
    {.compatible = "renesas,ipmmu-r8a774a1", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a774b1", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a774c0", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a774e1", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a7795", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a7796", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77961", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77965", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77970", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77980", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77990", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a77995", .data = &layout_gen3},
    {.compatible = "renesas,ipmmu-r8a779a0", .data = &layout_gen4},
    {.compatible = "renesas,rcar-gen4-ipmmu-vmsa", .data = &layout_gen4},
    {.compatible = NULL},
};

DT_DRIVER(ipmmu, "Renesas IPMMU-VMSA", DT_DRIVER_IOMMU, ipmmu_dt_match,
          ipmmu_probe);
