/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of domains and vCPUs: created, paused, shut down or crashed, killed
 * in slices, freed with the last reference. And the wall clock they share.
 *
 * Locks: domlist_lock for the list, which is sorted by domid, and for setting
 * is_dying. References are atomic.
 */
#include <xen/domain.h>

#include <public/sched.h>
#include <public/vcpu.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/dt-assign.h>
#include <xen/guest-atomics.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <xen/softirq.h>

#define MAX_VCPUS 128U

struct domain *hardware_domain;
LIST_HEAD(domain_list);
DEFINE_SPINLOCK(domlist_lock, LOCK_RANK_DOMLIST);

/* Owns frames that are ours and that others may hold references to. */
static struct domain xen_domain = {
    .domain_id = DOMID_XEN,
    .refcount = 1,
    .page_lock = SPINLOCK_INIT(LOCK_RANK_DOMPAGE),
    .page_list = LIST_HEAD_INIT(xen_domain.page_list),
    .max_pages = ~0UL,
};
struct domain *const dom_xen = &xen_domain;

static int64_t wallclock_boot_ns; /* domlist_lock */

/* ---- references ---- */

static struct domain *find_locked(domid_t id)
{
    struct domain *d;

    list_for_each_entry (d, &domain_list, list)
        if ( d->domain_id >= id )
            return d->domain_id == id ? d : NULL;
    return NULL;
}

/* One whose last reference is gone is on its way off the list, for good. */
static bool try_get(struct domain *d)
{
    uint32_t count = __atomic_load_n(&d->refcount, __ATOMIC_RELAXED);

    while ( count &&
            !__atomic_compare_exchange_n(&d->refcount, &count, count + 1, true,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
        ;
    return count;
}

struct domain *domain_get(domid_t id)
{
    struct domain *d;

    spin_lock(&domlist_lock);
    d = find_locked(id);
    if ( d && !try_get(d) )
        d = NULL;
    spin_unlock(&domlist_lock);
    return d;
}

struct domain *domain_get_any(domid_t id)
{
    struct domain *d = current->domain;

    if ( id == DOMID_SELF || id == d->domain_id )
        return domain_get_known(d);
    return domain_get(id);
}

struct domain *domain_get_from(domid_t id)
{
    struct domain *d, *found = NULL;

    spin_lock(&domlist_lock);
    list_for_each_entry (d, &domain_list, list)
    {
        if ( d->domain_id < id || !try_get(d) )
            continue;
        found = d;
        break;
    }
    spin_unlock(&domlist_lock);
    return found;
}

void domain_put(struct domain *d)
{
    ASSERT(d->refcount);
    /* freeing takes locks that our caller may hold */
    if ( !__atomic_sub_fetch(&d->refcount, 1, __ATOMIC_ACQ_REL) )
        tasklet_schedule(&d->free_tasklet);
}

void domain_last_page_gone(struct domain *d)
{
    if ( __atomic_exchange_n(&d->pages_hold_ref, 0, __ATOMIC_ACQ_REL) )
        domain_put(d);
}

/* ---- the list ---- */

/* An id for DOMID_INVALID; -EEXIST when the one asked for is taken. */
static int pick_id(domid_t id, domid_t *out)
{
    static domid_t last; /* domain list lock; an id comes back late */

    if ( id != DOMID_INVALID )
    {
        *out = id;
        return id >= DOMID_FIRST_RESERVED ? -EINVAL
               : find_locked(id)          ? -EEXIST
                                          : 0;
    }
    for ( unsigned int tries = 1; tries < DOMID_FIRST_RESERVED; tries++ )
    {
        last = (domid_t)(last % (DOMID_FIRST_RESERVED - 1) + 1);
        if ( !find_locked(last) )
        {
            *out = last;
            return 0;
        }
    }
    return -ENOSPC;
}

static void insert_locked(struct domain *d)
{
    struct domain *pos;

    list_for_each_entry (pos, &domain_list, list)
        if ( pos->domain_id > d->domain_id )
            break;
    /* before pos, or at the end when the loop ran out */
    list_add_tail(&d->list, &pos->list);
}

/* ---- creation and the end ---- */

static int alloc_shared_info(struct domain *d)
{
    d->shared_info_page = alloc_domain_pages(dom_xen, 0, ALLOC_ZERO);
    if ( !d->shared_info_page )
        return -ENOMEM;
    d->shared_info = page_to_virt(d->shared_info_page);
    d->shared_info_gfn = INVALID_GFN;
    return 0;
}

/*
 * The order matters: IOMMU tables exist before the first P2M entry does (P1),
 * and the virtual GIC may make entries.
 */
static int init_parts(struct domain *d, const struct domain_config *cfg)
{
    int rc = cfg->hardware ? 0 : paging_init(d);

    if ( !rc )
        rc = p2m_init(d);
    if ( !rc && cfg->iommu )
        rc = iommu_domain_init(d);
    if ( !rc )
        rc = alloc_shared_info(d);
    if ( !rc )
        rc = evtchn_init(d, cfg->max_evtchn_port);
    if ( !rc )
        rc = grant_table_init(d, cfg->max_grant_frames,
                              cfg->max_maptrack_frames);
    if ( !rc )
        rc = domain_vgic_init(d, cfg->gic_version, cfg->nr_spis);
    if ( !rc && d->iommu.enabled && !d->direct_mapped )
        rc = vpci_add_bridge(d);
    return rc;
}

static void vcpu_free(struct vcpu *v)
{
    timer_kill(&v->poll_timer);
    sched_destroy_vcpu(v);
    evtchn_vcpu_exit(v);
    vcpu_vgic_exit(v);
    arch_vcpu_exit(v);
    xfree(v);
}

/* No reference is left: no lock, mapping or vCPU of it is in use. */
static void domain_free(struct domain *d)
{
    struct vcpu *v;

    for ( unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++ )
        timer_kill(&d->watchdog[i]);
    for_each_vcpu (d, v)
        vcpu_free(v);
    domain_vpci_exit(d);
    domain_vgic_exit(d);
    grant_table_exit(d);
    evtchn_exit(d);
    if ( d->shared_info_page )
        page_release(d->shared_info_page);
    p2m_exit(d);
    paging_exit(d);
    rangeset_free(&d->iomem_caps);
    rangeset_free(&d->irq_caps);
    xfree(d->vcpu);
    xfree(d);
}

static void free_tasklet(void *data)
{
    struct domain *d = data;

    spin_lock(&domlist_lock);
    list_del(&d->list);
    spin_unlock(&domlist_lock);
    domain_free(d);
    send_global_virq(VIRQ_DOM_EXC);
}

static void watchdog_fired(void *data)
{
    struct domain *d = data;

    printk(XENLOG_WARN "d%u: watchdog timed out\n", d->domain_id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

static void init_basics(struct domain *d, const struct domain_config *cfg)
{
    d->refcount = 1;
    d->pause_count = 1;
    d->is_privileged = cfg->privileged;
    d->is_hardware = cfg->hardware;
    d->direct_mapped = cfg->direct_map;
    d->max_vcpus = cfg->max_vcpus;
    d->vtimer_offset = cfg->vtimer_offset;
    d->evtchn_irq = cfg->evtchn_irq;
    d->shared_info_gfn = INVALID_GFN;
    list_init(&d->list);
    list_init(&d->page_list);
    list_init(&d->iommu.devices);
    spin_lock_init(&d->page_lock, LOCK_RANK_DOMPAGE);
    spin_lock_init(&d->hypercall_lock, LOCK_RANK_HYPERCALL);
    spin_lock_init(&d->evtchn.lock, LOCK_RANK_EVTCHN);
    spin_lock_init(&d->grant.lock, LOCK_RANK_GRANT);
    tasklet_init(&d->free_tasklet, free_tasklet, d);
    domain_vpci_init(d);
    for ( unsigned int i = 0; i < DOMAIN_WATCHDOGS; i++ )
        timer_init(&d->watchdog[i], watchdog_fired, d, smp_processor_id());
}

int domain_create(domid_t id, const struct domain_config *cfg,
                  struct domain **out)
{
    struct domain *d;
    int rc;

    if ( !cfg->max_vcpus || cfg->max_vcpus > MAX_VCPUS )
        return -EINVAL;
    d = xzalloc(struct domain);
    if ( !d )
        return -ENOMEM;
    d->vcpu = xzalloc_array(struct vcpu *, cfg->max_vcpus);
    if ( !d->vcpu )
    {
        xfree(d);
        return -ENOMEM;
    }
    init_basics(d, cfg);

    /* on the list first: the id is ours, and it can be named in messages */
    spin_lock(&domlist_lock);
    rc = pick_id(id, &d->domain_id);
    if ( !rc )
        insert_locked(d);
    spin_unlock(&domlist_lock);
    if ( rc )
    {
        xfree(d->vcpu);
        xfree(d);
        return rc;
    }

    rc = init_parts(d, cfg);
    if ( rc )
    {
        printk(XENLOG_ERR "d%u: creation failed: %d\n", d->domain_id, rc);
        while ( domain_kill(d) == -ERESTART )
            ;
        return rc;
    }
    domain_update_wallclock(d);
    *out = d;
    return 0;
}

static void poll_timed_out(void *data)
{
    struct vcpu *v = data;

    evtchn_poll_end(v);
}

static int vcpu_init_parts(struct vcpu *v)
{
    int rc = arch_vcpu_init(v, NULL);

    if ( !rc )
        rc = sched_init_vcpu(v);
    if ( !rc )
        rc = evtchn_vcpu_init(v);
    if ( !rc )
        rc = vcpu_vgic_init(v);
    return rc;
}

int vcpu_create(struct domain *d, unsigned int vcpu_id)
{
    struct vcpu *v;
    int rc;

    if ( vcpu_id >= d->max_vcpus )
        return -EINVAL;
    if ( d->vcpu[vcpu_id] )
        return -EEXIST;
    v = xzalloc(struct vcpu);
    if ( !v )
        return -ENOMEM;
    v->vcpu_id = vcpu_id;
    v->domain = d;
    v->evtchn.info = &v->evtchn.own;
    timer_init(&v->poll_timer, poll_timed_out, v, smp_processor_id());

    rc = vcpu_init_parts(v);
    if ( rc )
    {
        vcpu_free(v);
        return rc;
    }
    for ( unsigned int i = 0; i < d->pause_count; i++ )
        vcpu_pause_nosync(v);
    /* whoever looks vCPUs up finds a whole one */
    __atomic_store_n(&d->vcpu[vcpu_id], v, __ATOMIC_RELEASE);
    return 0;
}

/* ---- taking everything away ---- */

/* Devices stop before memory goes (P3). */
static int release_devices(struct domain *d)
{
    int rc = pci_domain_release(d);

    if ( rc )
        return rc;
    for ( ;; )
    {
        struct device *dev = NULL;

        spin_lock(&device_lock);
        if ( !list_empty(&d->iommu.devices) )
            dev = list_first_entry(&d->iommu.devices, struct device, of_owner);
        spin_unlock(&device_lock);
        if ( !dev )
            break;
        dt_withdraw(d, dev);
        /* By now a detach may have handed it to another. */
        spin_lock(&device_lock);
        rc = dev->owner == d ? iommu_deassign_device(dev) : 0;
        spin_unlock(&device_lock);
        if ( rc )
            printk(XENLOG_ERR "d%u: %s does not detach: %d\n", d->domain_id,
                   dev->name, rc);
        if ( preempt_check() )
            return -ERESTART;
    }
    for ( unsigned int irq = IRQ_SPI_FIRST; irq < IRQ_SPI_END; irq++ )
        if ( irq_guest(irq) == d )
            irq_release_guest(d, irq);
    return 0;
}

/*
 * Frames that others still hold have been released before: they go to the end
 * of the list, and after a lap of nothing else all is done. There may be many,
 * so each is a step of its own.
 */
static int release_pages(struct domain *d)
{
    for ( ;; )
    {
        struct page_info *pg = NULL;
        bool done;

        spin_lock(&d->page_lock);
        done = d->held_pages >= d->tot_pages;
        if ( !done )
        {
            pg = list_first_entry(&d->page_list, struct page_info, list);
            list_del(&pg->list);
            list_add_tail(&pg->list, &d->page_list);
            d->held_pages++;
            if ( pg->flags & PGF_ALLOCATED )
                d->held_pages = 0;
            else
                pg = NULL;
        }
        spin_unlock(&d->page_lock);

        if ( done )
            return 0;
        if ( pg )
            page_release(pg);
        if ( preempt_check() )
            return -ERESTART;
    }
}

static int p2m_step(struct domain *d)
{
    return d->p2m.d ? p2m_teardown(d) : 0; /* creation may have failed */
}

static int iommu_teardown(struct domain *d)
{
    return d->iommu.enabled ? iommu_domain_teardown(d) : 0;
}

/* After this step the domain's frames keep it alive, not us. */
static int drop_base_reference(struct domain *d)
{
    spin_lock(&d->page_lock);
    if ( d->tot_pages )
    {
        domain_get_known(d);
        __atomic_store_n(&d->pages_hold_ref, 1, __ATOMIC_RELEASE);
    }
    spin_unlock(&d->page_lock);
    return 0;
}

/* Its vCPUs may wait for the lock in a hypercall: not held while we wait. */
static void begin_dying(struct domain *d)
{
    spin_lock(&d->hypercall_lock);
    if ( !d->is_dying )
    {
        domain_pause_nosync(d);
        spin_lock(&domlist_lock);
        d->is_dying = true;
        spin_unlock(&domlist_lock);
    }
    spin_unlock(&d->hypercall_lock);
    domain_wait_stopped(d);
}

int domain_kill(struct domain *d)
{
    static int (*const step[])(struct domain *) = {
        release_devices, evtchn_destroy,      grant_table_release_mappings,
        p2m_step,        iommu_teardown,      paging_release,
        release_pages,   drop_base_reference,
    };
    int rc = 0;

    if ( d->is_hardware && hardware_domain == d )
        return -EINVAL;

    begin_dying(d);
    spin_lock(&d->hypercall_lock);
    while ( !rc && d->kill_step < ARRAY_SIZE(step) )
    {
        rc = step[d->kill_step](d);
        if ( !rc )
            d->kill_step++;
        if ( rc == -EAGAIN )
            rc = -ERESTART;
    }
    if ( !rc && d->kill_step == ARRAY_SIZE(step) )
        d->kill_step++; /* the reference is dropped once */
    else if ( !rc )
        rc = -EALREADY;
    spin_unlock(&d->hypercall_lock);

    if ( rc == -EALREADY )
        return 0;
    if ( rc )
        return rc;
    /* who maps its frames lets go of them now */
    send_global_virq(VIRQ_DOM_EXC);
    domain_put(d);
    return 0;
}

/* ---- running and not ---- */

void domain_pause_nosync(struct domain *d)
{
    struct vcpu *v;

    __atomic_fetch_add(&d->pause_count, 1, __ATOMIC_RELAXED);
    for_each_vcpu (d, v)
        vcpu_pause_nosync(v);
}

void domain_wait_stopped(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        vcpu_wait_stopped(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    __atomic_fetch_sub(&d->pause_count, 1, __ATOMIC_RELAXED);
    for_each_vcpu (d, v)
        vcpu_unpause(v);
}

static void raise_dom_exc(void *data __maybe_unused)
{
    send_global_virq(VIRQ_DOM_EXC);
}

static void __noreturn hardware_domain_shutdown(unsigned int reason)
{
    switch ( reason )
    {
    case SHUTDOWN_poweroff:
        printk("dom0 has powered off: machine halts\n");
        machine_halt();

    case SHUTDOWN_reboot:
        printk("dom0 has asked for a reboot\n");
        machine_restart();

    default:
        printk(XENLOG_ERR "dom0 has stopped, reason %u: rebooting\n", reason);
        machine_restart();
    }
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    /* locks may be held: dom0 hears of it from the tasklet */
    static struct tasklet dom_exc = {.function = raise_dom_exc};
    struct vcpu *v;

    if ( d->is_hardware )
        hardware_domain_shutdown(reason);
    if ( __atomic_exchange_n(&d->is_shut_down, true, __ATOMIC_ACQ_REL) )
        return;
    d->shutdown_code = (uint8_t)reason;
    for_each_vcpu (d, v)
        vcpu_pause_nosync(v);
    tasklet_schedule(&dom_exc);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    static struct ratelimit dumps;
    va_list args;

    if ( d->is_shut_down )
        return;
    printk(XENLOG_WARN "d%u crashed: ", d->domain_id);
    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
    if ( current->domain == d && ratelimit_allow(&dumps) )
    {
        show_vcpu(current);
        show_fault(current);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}

void guest_atomic_starved(struct domain *d)
{
    domain_crash(d, "keeps writing a word shared with the hypervisor\n");
}

/* ---- wall clock ---- */

s_time_t domain_time_offset(const struct domain *d)
{
    return d->vtimer_offset >= boot_count
               ? ticks_to_ns(d->vtimer_offset - boot_count)
               : -ticks_to_ns(boot_count - d->vtimer_offset);
}

/* The time when the domain's own counter was 0. domlist_lock. */
static void update_wallclock_locked(struct domain *d)
{
    struct shared_info *si = d->shared_info;
    int64_t ns = wallclock_boot_ns + domain_time_offset(d);
    uint64_t sec;

    ns = max(ns, (int64_t)0);
    sec = (uint64_t)ns / UINT64_C(1000000000);

    /* odd while we write; the guest reads in the opposite order */
    WRITE_ONCE(si->wc_version, si->wc_version | 1);
    smp_wmb();
    si->wc_sec = (uint32_t)sec;
    si->wc_sec_hi = (uint32_t)(sec >> 32);
    si->wc_nsec = (uint32_t)((uint64_t)ns % UINT64_C(1000000000));
    smp_wmb();
    WRITE_ONCE(si->wc_version, si->wc_version + 1);
}

void domain_update_wallclock(struct domain *d)
{
    spin_lock(&domlist_lock);
    update_wallclock_locked(d);
    spin_unlock(&domlist_lock);
}

void domain_set_wallclock(int64_t boot_ns)
{
    struct domain *d;

    spin_lock(&domlist_lock);
    wallclock_boot_ns = boot_ns;
    list_for_each_entry (d, &domain_list, list)
        if ( d->shared_info )
            update_wallclock_locked(d);
    spin_unlock(&domlist_lock);
}
