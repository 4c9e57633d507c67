/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOMMU core: table formats, every domain's tables and their life, and who
 * owns which device. The units themselves are driven through struct iommu_ops;
 * faults are iommu-fault.c's, what can be looked at iommu-info.c's.
 *
 * Locks: p2m->lock guards a domain's tables and contexts (the caller of the
 * p2m hook has it), device_lock owners.
 */
#include "iommu-private.h"

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/softirq.h>

/* Freed per call of iommu_domain_teardown(). */
#define TEARDOWN_TABLES 64U

DEFINE_SPINLOCK(device_lock, LOCK_RANK_DEVICE);
bool iommu_enabled = true;

struct iommu_format iommu_formats[IOMMU_MAX_FORMATS];
unsigned int iommu_nr_formats;
LIST_HEAD(iommu_units);
LIST_HEAD(iommu_devices);
static bool iommu_force, iommu_verbose;

/* ---- command line: "iommu=<bool>, force|required, verbose" ---- */

static bool word_is(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(s, word, len);
}

/* Debug builds only: a hook that forgets domUs, to see that it is noticed. */
#ifdef CONFIG_DEBUG
static bool broken_hook; /* boot only */

static bool break_hook(const char *s, size_t len)
{
    broken_hook |= word_is(s, len, "broken-hook");
    return word_is(s, len, "broken-hook");
}

static bool hook_is_broken(const struct domain *d)
{
    return broken_hook && !d->is_hardware;
}

static void warn_of_broken_hook(void)
{
    if ( broken_hook )
        printk(XENLOG_WARN "*** iommu=broken-hook: devices of domUs reach "
                           "nothing, which the audit must find ***\n");
}
#else
static bool break_hook(const char *s __maybe_unused, size_t len __maybe_unused)
{
    return false;
}

static bool hook_is_broken(const struct domain *d __maybe_unused)
{
    return false;
}

static void warn_of_broken_hook(void)
{
}
#endif

static int parse_word(const char *s, size_t len)
{
    static const char *const on[] = {"", "yes", "on", "true", "enable", "1"};
    static const char *const off[] = {"no", "off", "false", "disable", "0"};

    for ( unsigned int i = 0; i < ARRAY_SIZE(on); i++ )
    {
        if ( word_is(s, len, on[i]) )
        {
            iommu_enabled = true;
            return 0;
        }
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(off); i++ )
    {
        if ( word_is(s, len, off[i]) )
        {
            iommu_enabled = false;
            return 0;
        }
    }
    if ( word_is(s, len, "force") || word_is(s, len, "required") )
    {
        iommu_force = true;
        return 0;
    }
    if ( word_is(s, len, "verbose") || word_is(s, len, "debug") )
    {
        iommu_verbose = true;
        return 0;
    }
    return break_hook(s, len) ? 0 : -EINVAL;
}

static int parse_iommu(const char *value)
{
    int rc = 0;

    do
    {
        const char *end = value ? strchr(value, ',') : NULL;
        size_t len = end ? (size_t)(end - value) : value ? strlen(value) : 0;

        if ( parse_word(value ? value : "", len) )
            rc = -EINVAL;
        value = end ? end + 1 : NULL;
    } while ( value );

    return rc;
}
CMDLINE_OPTION("iommu", parse_iommu);

/* ---- formats and units ---- */

struct iommu_format *iommu_format_get(const struct pgt_fmt *fmt,
                                      unsigned int ia_bits,
                                      unsigned int oa_bits, bool coherent_walk)
{
    struct iommu_format *f = NULL;

    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        if ( iommu_formats[i].fmt == fmt )
            f = &iommu_formats[i];
    }

    if ( !f )
    {
        if ( iommu_nr_formats == IOMMU_MAX_FORMATS )
            return NULL;
        f = &iommu_formats[iommu_nr_formats];
        *f = (struct iommu_format){fmt, ia_bits, oa_bits, coherent_walk,
                                   iommu_nr_formats};
        iommu_nr_formats++;
    }

    f->ia_bits = min(f->ia_bits, ia_bits);
    f->oa_bits = min(f->oa_bits, oa_bits);
    f->coherent_walk &= coherent_walk;
    return f;
}

void iommu_register_unit(struct iommu_unit *unit)
{
    list_add_tail(&unit->list, &iommu_units);
}

bool iommu_present(void)
{
    return !list_empty(&iommu_units);
}

struct iommu_unit *iommu_unit_of(const struct dt_node *np)
{
    struct iommu_unit *unit;

    list_for_each_entry (unit, &iommu_units, list)
    {
        if ( unit->np == np )
            return unit;
    }
    return NULL;
}

static void iommu_softirq(void)
{
    struct iommu_unit *unit;

    spin_lock(&device_lock);
    list_for_each_entry (unit, &iommu_units, list)
        unit->ops->poll_events(unit);
    spin_unlock(&device_lock);
}

/* ---- what the page tables need from us ---- */

static void *table_alloc(void *ctx, unsigned int order)
{
    const struct iommu_dom *dom = ctx;
    void *table = paging_alloc(dom->d, order);

    /* A walker that does not snoop must not find what was there before. */
    if ( table && !dom->format->coherent_walk )
        cache_clean(table, PAGE_SIZE << order);
    return table;
}

static void table_free(void *ctx, void *table, unsigned int order)
{
    const struct iommu_dom *dom = ctx;

    paging_free(dom->d, table, order);
}

static struct pgt_page *table_page(const void *table)
{
    return &mfn_to_page(virt_to_mfn(table))->pgt;
}

static void table_publish(void *ctx, const uint64_t *desc, size_t nr)
{
    const struct iommu_dom *dom = ctx;

    if ( !dom->format->coherent_walk )
        cache_clean(desc, nr * sizeof(*desc));

    /* Pairs with the walker's reads, which nothing of ours orders. */
    dsb_sy();
}

/* Run @g on every unit that may have cached translations of the domain. */
static int sync_contexts(struct iommu_dom *dom, const struct pgt_gather *g)
{
    struct domain_iommu *di = &dom->d->iommu;
    struct iommu_context *ctx;
    int rc = 0;

    list_for_each_entry (ctx, &dom->contexts, list)
    {
        int one = ctx->unit->ops->iotlb_sync(ctx, g);

        rc = rc ? rc : one;
    }

    if ( rc && !di->lost_sync )
        printk(XENLOG_ERR "d%u: IOTLB invalidation failed (%d): frames and "
                          "tables it covered are kept out of use\n",
               dom->d->domain_id, rc);
    if ( rc )
        di->lost_sync = true;
    return rc;
}

static void table_invalidate(void *ctx, uint64_t ia, uint64_t size,
                             unsigned int level)
{
    struct pgt_gather g = {
        .start = ia,
        .end = ia + size,
        .levels = (uint8_t)(level < PGT_LEVELS ? BIT32(level) : 0xf),
        .tables = level >= PGT_LEVELS,
    };

    /* A failure is remembered in lost_sync. */
    (void)sync_contexts(ctx, &g);
}

static struct pgt_env table_env = {
    .alloc = table_alloc,
    .free = table_free,
    .page = table_page,
    .to_virt = maddr_to_virt,
    .to_maddr = virt_to_maddr,
    .publish = table_publish,
    .invalidate = table_invalidate,
};

/* ---- life of a domain ---- */

int iommu_domain_init(struct domain *d)
{
    struct domain_iommu *di = &d->iommu;

    list_init(&di->devices);
    iommu_fault_domain_init(d);
    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        struct iommu_dom *dom = &di->dom[i];
        int rc;

        dom->d = d;
        dom->format = &iommu_formats[i];
        list_init(&dom->contexts);
        rc = pgt_init(&dom->pgt, dom->format->fmt, &table_env, dom,
                      dom->format->ia_bits, dom->format->oa_bits);
        if ( !rc )
            continue;

        while ( i-- )
            pgt_destroy(&di->dom[i].pgt);
        return rc;
    }
    di->enabled = iommu_nr_formats;
    return 0;
}

int iommu_domain_teardown(struct domain *d)
{
    struct domain_iommu *di = &d->iommu;

    if ( !di->enabled )
        return 0;

    ASSERT(list_empty(&di->devices));
    if ( di->lost_sync )
    {
        printk(XENLOG_ERR "d%u: IOMMU tables are kept: a unit may walk them\n",
               d->domain_id);
        di->enabled = false;
        return 0;
    }

    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        int rc = pgt_free_tables(&di->dom[i].pgt, TEARDOWN_TABLES);

        if ( rc )
            return rc;
    }
    di->enabled = false;
    return 0;
}

/* ---- the hook of p2m_set_entry() ---- */

/* Does the format reach a range that starts here, aligned to its size? */
static inline bool in_reach(const struct iommu_dom *dom, dfn_t dfn)
{
    return !(dfn_x(dfn) >> (dom->pgt.ia_bits - PAGE_SHIFT));
}

/* Undo a prepare of holes: drop the tables it made, which are empty. */
static void abandon(struct iommu_dom *dom, dfn_t dfn, unsigned int order)
{
    struct pgt_gather g;
    int rc = 0;

    pgt_gather_init(&g);
    pgt_unmap(&dom->pgt, iova_x(dfn_to_iova(dfn)), order, &g);
    if ( !pgt_gather_empty(&g) )
        rc = sync_contexts(dom, &g);
    pgt_gather_done(&dom->pgt, &g, !rc);
}

static int prepare(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
                   enum pgt_expect expect)
{
    struct domain_iommu *di = &d->iommu;
    int rc = 0;

    if ( !di->enabled )
        return 0;

    for ( unsigned int i = 0; i < iommu_nr_formats && !rc; i++ )
    {
        struct iommu_dom *dom = &di->dom[i];

        if ( expect != PGT_SPLIT && dom->nr_attached &&
             !(in_reach(dom, dfn) &&
               pgt_oa_ok(&dom->pgt, mfn_to_maddr(mfn), order)) )
            rc = -ERANGE;
        else if ( in_reach(dom, dfn) )
            rc =
                pgt_prepare(&dom->pgt, iova_x(dfn_to_iova(dfn)), order, expect);
        if ( !rc || expect != PGT_EMPTY )
            continue;

        /* All formats or none. */
        while ( i-- )
            if ( in_reach(&di->dom[i], dfn) )
                abandon(&di->dom[i], dfn, order);
        return rc;
    }
    return rc;
}

int iommu_prepare_pages(struct domain *d, dfn_t dfn, mfn_t mfn,
                        unsigned int order)
{
    return prepare(d, dfn, mfn, order, PGT_EMPTY);
}

int iommu_prepare_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    return prepare(d, dfn, _mfn(0), order, PGT_SPLIT);
}

void iommu_map_pages(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
                     unsigned int flags, struct iommu_gather *g)
{
    struct domain_iommu *di = &d->iommu;
    struct pgt_attr attr = {
        .read = true,
        .write = flags & IOMMU_WRITE,
        .exec = !(flags & IOMMU_MMIO),
        .mem = flags & IOMMU_MMIO ? PGT_MEM_DEV_NGNRE : PGT_MEM_WB,
    };

    if ( !di->enabled || !(flags & IOMMU_READ) || hook_is_broken(d) )
        return;

    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        struct iommu_dom *dom = &di->dom[i];

        if ( in_reach(dom, dfn) &&
             pgt_oa_ok(&dom->pgt, mfn_to_maddr(mfn), order) )
            pgt_map(&dom->pgt, iova_x(dfn_to_iova(dfn)), mfn_to_maddr(mfn),
                    order, attr, &g->pgt[i]);
        else
            dom->out_of_reach = true;
    }
}

void iommu_unmap_pages(struct domain *d, dfn_t dfn, unsigned int order,
                       struct iommu_gather *g)
{
    struct domain_iommu *di = &d->iommu;

    if ( !di->enabled )
        return;

    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        if ( in_reach(&di->dom[i], dfn) )
            pgt_unmap(&di->dom[i].pgt, iova_x(dfn_to_iova(dfn)), order,
                      &g->pgt[i]);
    }
}

int iommu_iotlb_sync(struct domain *d, struct iommu_gather *g)
{
    int rc = 0;

    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        struct iommu_dom *dom = &d->iommu.dom[i];
        int one;

        if ( pgt_gather_empty(&g->pgt[i]) )
            continue;
        one = sync_contexts(dom, &g->pgt[i]);
        pgt_gather_done(&dom->pgt, &g->pgt[i], !one);
        rc = rc ? rc : one;
    }
    return rc;
}

/* ---- devices ---- */

static bool share_an_id(const struct device *a, const struct device *b)
{
    if ( !a->unit || a->unit != b->unit )
        return false;

    for ( unsigned int i = 0; i < a->nr_ids; i++ )
    {
        for ( unsigned int j = 0; j < b->nr_ids; j++ )
        {
            if ( a->ids[i] == b->ids[j] )
                return true;
        }
    }
    return false;
}

static bool in_group(struct device *dev, const struct device *other)
{
    struct device *m;

    list_for_each_entry (m, &dev->group, group)
    {
        if ( m == other )
            return true;
    }
    return false;
}

/* Two rings become one. */
static void join_groups(struct device *a, struct device *b)
{
    struct list_head *a_next = a->group.next, *b_next = b->group.next;

    a->group.next = b_next;
    b_next->prev = &a->group;
    b->group.next = a_next;
    a_next->prev = &b->group;
}

void iommu_join_group(struct device *a, struct device *b)
{
    ASSERT(spin_is_held(&device_lock));
    if ( !in_group(a, b) )
        join_groups(a, b);
}

int iommu_add_device(struct device *dev)
{
    struct device *other;
    int rc;

    ASSERT(spin_is_held(&device_lock));
    list_init(&dev->of_owner);
    list_init(&dev->group);
    iommu_fault_policy_init(dev);

    if ( dev->unit )
    {
        rc = dev->unit->ops->add_device(dev->unit, dev);
        if ( rc )
        {
            printk(XENLOG_ERR "%s: %s: unusable (%d)\n", dev->unit->name,
                   dev->name, rc);
            dev->unusable = true;
            list_add_tail(&dev->all, &iommu_devices);
            return rc;
        }
        if ( iommu_verbose )
            printk("%s: %s: id %#x, %u in all\n", dev->unit->name, dev->name,
                   dev->nr_ids ? dev->ids[0] : 0, dev->nr_ids);
    }

    list_for_each_entry (other, &iommu_devices, all)
    {
        if ( !share_an_id(dev, other) || in_group(dev, other) )
            continue;
        if ( iommu_verbose )
            printk("%s: %s shares an id with %s: one group\n", dev->unit->name,
                   dev->name, other->name);
        join_groups(dev, other);
    }
    list_add_tail(&dev->all, &iommu_devices);
    return 0;
}

/* A device that is the domain's, but that nothing holds back. */
static int assign_unprotected(struct domain *d, struct device *dev)
{
    if ( iommu_enabled && !d->is_hardware )
    {
        printk(XENLOG_ERR "d%u: %s: no IOMMU covers it\n", d->domain_id,
               dev->name);
        return -ENODEV;
    }
    if ( iommu_enabled && iommu_present() )
        printk(XENLOG_WARN "d%u: %s: no IOMMU covers it, its DMA reaches all "
                           "memory\n",
               d->domain_id, dev->name);
    return 0;
}

static int attach(struct domain *d, struct device *dev)
{
    struct iommu_dom *dom;
    int rc;

    if ( !dev->unit )
        return assign_unprotected(d, dev);

    /* Its streams may have no entries that could be written. */
    if ( dev->unusable )
        return -ENODEV;

    if ( !d->iommu.enabled )
    {
        printk(XENLOG_ERR "d%u: %s: the domain was created without IOMMU "
                          "tables\n",
               d->domain_id, dev->name);
        return -EOPNOTSUPP;
    }

    dom = &d->iommu.dom[dev->unit->format->index];
    /* No p2m change may fall between the check, the context and the entry. */
    spin_lock(&d->p2m.lock);
    if ( dom->out_of_reach )
    {
        printk(XENLOG_ERR "d%u: %s: the domain has memory or devices above "
                          "the %u-bit input or %u-bit output of %s\n",
               d->domain_id, dev->name, dom->format->ia_bits,
               dom->format->oa_bits, dev->unit->name);
        rc = -ERANGE;
    }
    else
        rc = dev->unit->ops->attach(dev->unit, dev, dom);

    if ( !rc )
        dom->nr_attached++;
    else if ( rc == -ETIMEDOUT || rc == -EIO )
        d->iommu.lost_sync = true;
    spin_unlock(&d->p2m.lock);

    if ( !rc )
    {
        dev->attached = dom;
        dev->cut_off = false;
    }
    else
        printk(XENLOG_ERR "d%u: %s: %s: attach failed (%d)\n", d->domain_id,
               dev->unit->name, dev->name, rc);
    return rc;
}

static int detach(struct domain *d, struct device *dev)
{
    struct iommu_dom *dom = dev->attached;
    int rc;

    if ( !dom )
        return 0;

    spin_lock(&d->p2m.lock);
    rc = dev->unit->ops->detach(dev->unit, dev, dom);
    dom->nr_attached--;
    if ( rc )
        d->iommu.lost_sync = true;
    spin_unlock(&d->p2m.lock);

    /* What it did while it was this domain's is told with its name. */
    dev->unit->ops->poll_events(dev->unit);
    dev->attached = NULL;
    if ( rc )
        printk(XENLOG_ERR "d%u: %s: %s: detach not confirmed (%d), the "
                          "domain's tables are kept\n",
               d->domain_id, dev->unit->name, dev->name, rc);
    return rc;
}

static int assign_one(struct domain *d, struct device *dev)
{
    int rc = attach(d, dev);

    if ( rc )
        return rc;

    dev->owner = d;
    dev->faults = (struct iommu_fault_log){0};
    list_add_tail(&dev->of_owner, &d->iommu.devices);
    return 0;
}

static int deassign_one(struct device *dev)
{
    int rc = detach(dev->owner, dev);

    dev->owner = NULL;
    list_del(&dev->of_owner);
    return rc;
}

struct device *iommu_group_conflict(struct device *dev, const struct domain *d)
{
    struct device *m;

    ASSERT(spin_is_held(&device_lock));
    list_for_each_entry (m, &dev->group, group)
    {
        if ( m->owner && m->owner != d )
            return m;
    }
    return NULL;
}

int iommu_assign_device(struct domain *d, struct device *dev)
{
    struct device *m = dev;
    struct list_head *last = d->iommu.devices.prev;
    int rc = 0;

    ASSERT(spin_is_held(&device_lock));
    if ( dev->owner )
        return dev->owner == d ? 0 : -EBUSY;
    /* One that came later, into a group that has an owner. */
    if ( iommu_group_conflict(dev, d) )
        return -EXDEV;

    do
    {
        rc = m->owner ? 0 : assign_one(d, m);
        m = list_entry(m->group.next, struct device, group);
    } while ( !rc && m != dev );

    /* What it had of the group before stays. */
    while ( rc && d->iommu.devices.prev != last )
        (void)deassign_one(
            list_entry(d->iommu.devices.prev, struct device, of_owner));
    return rc;
}

int iommu_deassign_device(struct device *dev)
{
    struct device *m = dev;
    int rc = 0;

    ASSERT(spin_is_held(&device_lock));
    if ( !dev->owner )
        return -ENOENT;

    do
    {
        int one = m->owner ? deassign_one(m) : 0;

        rc = rc ? rc : one;
        m = list_entry(m->group.next, struct device, group);
    } while ( m != dev );

    return rc;
}

/* ---- boot ---- */

void iommu_init(void)
{
    if ( !iommu_enabled )
    {
        printk(XENLOG_WARN "*** iommu=no: devices are NOT isolated, their DMA "
                           "reaches all memory ***\n");
        return;
    }

    warn_of_broken_hook();
    softirq_open(SOFTIRQ_IOMMU, iommu_softirq);
    keyhandler_register('o', iommu_dump, "IOMMU units, devices and tables");
    dt_probe_class(DT_DRIVER_IOMMU);
    if ( !iommu_present() )
    {
        if ( iommu_force )
            panic("iommu=force: this machine has no IOMMU we can use\n");
        printk(XENLOG_WARN "No IOMMU: devices are NOT isolated, their DMA "
                           "reaches all memory\n");
    }
    else
        printk("I/O virtualisation enabled: own tables for devices, not "
               "shared with the CPU\n");
    iommu_dt_add_masters();
}
