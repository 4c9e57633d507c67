/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.c - a domain's life; see guest.h. The order is that of Xen's
 * toolstack: the domain, its limits, its memory, xenstore, its devices; the
 * reverse when it goes. Whatever fails on the way, guest_destroy() undoes:
 * it takes away what is there.
 */
#include "guest.h"
#include "build.h"
#include "domain.h"
#include "hyp.h"
#include "interrupt.h"
#include "pci.h"
#include "pvdev.h"
#include "pxl.h"
#include "store.h"
#include "vbd.h"
#include "vif.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <xen/event_channel.h>

/* ---- one at a time ---- */

static int lock_fd = -1;

int guest_lock(void)
{
    static const char *const files[] = {"/run/lock/pxl", "/run/pxl.lock",
                                        "/tmp/pxl.lock"};
    static const char said[] = "another domain is being made or destroyed";

    for ( size_t i = 0; lock_fd < 0 && i < sizeof(files) / sizeof(files[0]);
          i++ )
        lock_fd = open(files[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( lock_fd < 0 )
    {
        err("cannot open a lock file in /run or /tmp: %s", strerror(errno));
        return -1;
    }
    if ( flock(lock_fd, LOCK_EX | LOCK_NB) )
        verbose("waiting: %s", said);
    while ( flock(lock_fd, LOCK_EX) )
        if ( errno != EINTR || interrupted() )
        {
            err("%s: %s", said, strerror(errno));
            guest_unlock();
            return -1;
        }
    return 0;
}

void guest_unlock(void)
{
    if ( lock_fd >= 0 )
        close(lock_fd);
    lock_fd = -1;
}

/* ---- small requests ---- */

int guest_pause(int domid)
{
    struct xen_domctl op = {.cmd = 0};

    return hyp_domctl(XEN_DOMCTL_pausedomain, (uint16_t)domid, &op);
}

int guest_unpause(int domid)
{
    struct xen_domctl op = {.cmd = 0};

    return hyp_domctl(XEN_DOMCTL_unpausedomain, (uint16_t)domid, &op);
}

/* ---- the hypervisor's part ---- */

#define NR_SPIS 32U /* the virtual UART's, virtio's, INTA to INTD */

#define GICV2_VCPUS 8U

static int say_create(const struct config *c, int rc)
{
    if ( rc == -ENODEV )
        cfg_err(c->cfg, cfg_get(c->cfg, "gic_version"),
                "the host's interrupt controller cannot be a GICv%u for a "
                "guest: remove gic_version",
                c->gic_version);
    else if ( rc == -EINVAL && c->max_vcpus > GICV2_VCPUS )
        cfg_err(c->cfg, cfg_get(c->cfg, "vcpus"),
                "the hypervisor refuses %u vCPUs: a guest with a GICv2 has at "
                "most %u",
                c->max_vcpus, GICV2_VCPUS);
    else if ( rc == -ENOMEM )
        err("cannot make %s: the hypervisor is out of memory", c->name);
    else
        err("cannot make %s: %s", c->name, strerror(-rc));
    return -1;
}

/* Interrupts of the host's devices keep their numbers. */
static uint32_t nr_spis(const struct build *b)
{
    uint32_t need = b->dt.last_irq >= 32 ? b->dt.last_irq - 31 : 0;

    /* as distributors have them */
    need = (need + 31) & ~31U;
    need = need > 988 ? 988 : need;
    return need > NR_SPIS ? need : NR_SPIS;
}

static int make_empty(const struct config *c, struct build *b)
{
    struct xen_domctl op = {.cmd = 0};
    struct xen_domctl_createdomain *d = &op.u.createdomain;
    int rc;

    memcpy(d->handle, c->uuid, sizeof(d->handle));
    d->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    if ( c->passthrough )
        d->flags |= XEN_DOMCTL_CDF_iommu;
    d->max_vcpus = c->max_vcpus;
    d->max_evtchn_port = c->max_event_channels;
    d->max_grant_frames = (int32_t)c->max_grant_frames;
    d->max_maptrack_frames = (int32_t)c->max_maptrack_frames;
    d->grant_opts = XEN_DOMCTL_GRANT_version(1);
    d->arch.gic_version =
        (uint8_t)(c->gic_version ? c->gic_version - 1
                                 : XEN_DOMCTL_CONFIG_GIC_NATIVE);
    d->arch.nr_spis = nr_spis(b);
    rc = hyp_domctl(XEN_DOMCTL_createdomain, 0, &op);
    if ( rc )
        return say_create(c, rc);
    b->domid = op.domain;
    b->gic_version = d->arch.gic_version + 1U;
    return 0;
}

/* What the guest's tree must know. */
static int ask_back(struct build *b)
{
    domain_info_t info;
    int rc = domain_info(b->domid, &info);

    if ( rc )
        return rc;
    b->gpaddr_bits = info.gpaddr_bits;
    /* The message frame's interrupts come on top of what was asked for. */
    b->msi = b->config->passthrough && info.arch_config.nr_spis > nr_spis(b);
    return 0;
}

static int set_affinity_of(uint16_t domid, uint32_t vcpu, const uint8_t *map,
                           unsigned int nr_cpus, uint32_t flag)
{
    struct xen_domctl op = {.cmd = 0};
    struct xenctl_bitmap *bits = flag == XEN_VCPUAFFINITY_HARD
                                     ? &op.u.vcpuaffinity.cpumap_hard
                                     : &op.u.vcpuaffinity.cpumap_soft;
    size_t size = (nr_cpus + 7) / 8;
    uint8_t *buf = hyp_buffer(size);
    int rc;

    memcpy(buf, map, size);
    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = flag;
    set_xen_guest_handle(bits->bitmap, buf);
    bits->nr_bits = nr_cpus;
    rc = hyp_domctl(XEN_DOMCTL_setvcpuaffinity, domid, &op);
    hyp_buffer_free(buf, size);
    return rc;
}

static int set_affinity(const struct config *c, uint16_t domid)
{
    int rc = 0;

    for ( uint32_t i = 0; !rc && i < c->nr_cpus_maps; i++ )
        if ( c->cpus[i] )
            rc = set_affinity_of(domid, i, c->cpus[i], c->host_cpus,
                                 XEN_VCPUAFFINITY_HARD);
    for ( uint32_t i = 0; !rc && i < c->nr_soft_maps; i++ )
        if ( c->cpus_soft[i] )
            rc = set_affinity_of(domid, i, c->cpus_soft[i], c->host_cpus,
                                 XEN_VCPUAFFINITY_SOFT);
    return rc;
}

static int set_scheduling(const struct config *c, uint16_t domid)
{
    struct xen_sysctl id = {.cmd = 0};
    struct xen_domctl op = {.cmd = 0};
    int rc = hyp_sysctl(XEN_SYSCTL_sched_id, &id);

    if ( rc || (!c->weight && !c->cap) )
        return rc;
    op.u.scheduler_op.sched_id = id.u.sched_id.sched_id;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    rc = hyp_domctl(XEN_DOMCTL_scheduler_op, domid, &op);
    if ( rc )
        return rc;
    if ( c->weight )
        op.u.scheduler_op.u.credit2.weight = (uint16_t)c->weight;
    op.u.scheduler_op.u.credit2.cap = (uint16_t)c->cap;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    return hyp_domctl(XEN_DOMCTL_scheduler_op, domid, &op);
}

#define SLACK_KIB 1024U /* the magic pages, and what guests add */

static int set_memory_limits(const struct config *c, uint16_t domid)
{
    struct xen_domctl op = {.cmd = 0};
    int rc;

    op.u.max_mem.max_memkb = c->maxmem_kib + SLACK_KIB;
    rc = hyp_domctl(XEN_DOMCTL_max_mem, domid, &op);
    if ( rc )
        return rc;
    op.u.paging_mempool.size = build_pool(c);
    rc = hyp_domctl(XEN_DOMCTL_set_paging_mempool_size, domid, &op);
    return rc == -ENOSYS ? 0 : rc;
}

static int alloc_port(uint16_t domid, uint32_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = domid, .remote_dom = 0};
    int rc = hyp_call2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                       &a, sizeof(a));

    *port = a.port;
    return rc;
}

static int prepare(const struct config *c, struct build *b)
{
    struct xen_domctl op = {.cmd = 0};
    const char *what = "information";
    int rc = ask_back(b);

    if ( !rc )
    {
        what = "vCPUs";
        op.u.max_vcpus.max = c->max_vcpus;
        rc = hyp_domctl(XEN_DOMCTL_max_vcpus, b->domid, &op);
    }
    if ( !rc )
    {
        what = "affinity";
        rc = set_affinity(c, b->domid);
    }
    if ( !rc )
    {
        what = "weight and cap";
        rc = set_scheduling(c, b->domid);
    }
    if ( !rc )
    {
        what = "memory limits";
        rc = set_memory_limits(c, b->domid);
    }
    if ( !rc )
    {
        what = "event channels";
        rc = alloc_port(b->domid, &b->store_port);
        if ( !rc )
            rc = alloc_port(b->domid, &b->console_port);
    }
    if ( rc )
        err("cannot make %s: %s: %s", c->name, what, strerror(-rc));
    return rc ? -1 : 0;
}

/* ---- devices ---- */

/* A domain that was there before does without what cannot be had again. */
static int without(const struct config *c, const char *what)
{
    if ( !c->again )
        return -1;
    warn("%s: the domain starts without it", what);
    return 0;
}

static int add_devices(const struct config *c, const struct build *b, int domid)
{
    for ( size_t i = 0; i < c->nr_disks; i++ )
        if ( interrupted() ||
             (vbd_add(domid, &c->disk[i]) && without(c, c->disk[i].text)) )
            return -1;
    for ( size_t i = 0; i < c->nr_nics; i++ )
        if ( interrupted() ||
             (vif_add(domid, &c->nic[i]) && without(c, c->nic[i].text)) )
            return -1;
    return interrupted() || pci_create(c->cfg, domid, c->again) ||
                   dt_create(c->cfg, &b->dt, domid, c->again)
               ? -1
               : 0;
}

static void each_device(const char *type, int domid,
                        void (*fn)(const struct pv_device *d))
{
    size_t nr;
    uint32_t *ids = pv_list(type, domid, &nr);

    for ( size_t i = 0; i < nr; i++ )
    {
        const struct pv_device d = {type, domid, ids[i]};

        fn(&d);
    }
    free(ids);
}

static void close_one(const struct pv_device *d)
{
    (void)pv_close(d, true);
}

static void remove_disk(const struct pv_device *d)
{
    (void)vbd_remove(d->domid, d->devid, true);
}

static void remove_nic(const struct pv_device *d)
{
    (void)vif_remove(d->domid, d->devid, true);
}

/* All are asked first, so that they close side by side. */
static void remove_devices(int domid)
{
    each_device("vif", domid, close_one);
    each_device("vbd", domid, close_one);
    each_device("vif", domid, remove_nic);
    each_device("vbd", domid, remove_disk);
}

/* ---- making ---- */

static int check_virtual(const struct config *c)
{
    const struct cfg_value *item;
    size_t nr;
    char *why;

    (void)cfg_list(c->cfg, "disk", &item, &nr);
    for ( size_t i = 0; i < c->nr_disks; i++ )
        if ( vbd_check(&c->disk[i], &why) )
        {
            cfg_err(c->cfg, &item[i], "disk %s: %s", c->disk[i].vdev, why);
            free(why);
            return -1;
        }
    (void)cfg_list(c->cfg, "vif", &item, &nr);
    for ( size_t i = 0; i < c->nr_nics; i++ )
        if ( vif_check(&c->nic[i], &why) )
        {
            cfg_err(c->cfg, &item[i], "vif: %s", why);
            free(why);
            return -1;
        }
    return 0;
}

int guest_check_pci(const struct config *c, size_t *nr)
{
    struct pci_spec *pci = NULL;

    if ( pci_config(c->cfg, &pci, nr) )
        return -1;
    free(pci);
    if ( !*nr || c->passthrough )
        return 0;
    cfg_err(c->cfg, cfg_get(c->cfg, "passthrough"),
            "passthrough = \"disabled\", but there are PCI devices");
    return -1;
}

/* What can be found out before anything is made. */
static int check(const struct config *c)
{
    int other = store_find(c->name);
    size_t nr_pci;

    if ( other < 0 )
        return (!c->again && check_virtual(c)) || guest_check_pci(c, &nr_pci)
                   ? -1
                   : 0;
    cfg_err(c->cfg, cfg_get(c->cfg, "name"),
            "there is a domain named %s already: domain %d", c->name, other);
    return -1;
}

static int fill(const struct config *c, struct build *b)
{
    if ( prepare(c, b) || build_domain(b) || interrupted() ||
         store_domain(c, b->domid, b->store_port, b->console_port) ||
         add_devices(c, b, b->domid) )
        return -1;
    return 0;
}

int guest_make(const struct config *c)
{
    struct build b;
    int domid = -1;

    if ( check(c) )
        return -1;
    if ( !build_open(&b, c) && !build_wait_memory(c) && !make_empty(c, &b) )
    {
        domid = b.domid;
        if ( fill(c, &b) )
        {
            (void)guest_destroy(domid);
            domid = -1;
        }
    }
    build_close(&b);
    return domid;
}

/* ---- going ---- */

struct destroying {
    int domid, rc;
    bool done; /* atomic */
};

static void *destroy(void *arg)
{
    struct xen_domctl op = {.cmd = 0};
    struct destroying *d = arg;

    d->rc = hyp_domctl(XEN_DOMCTL_destroydomain, (uint16_t)d->domid, &op);
    __atomic_store_n(&d->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void show_freed(const struct destroying *d)
{
    domain_info_t info;
    uint64_t total = 0;

    while ( !__atomic_load_n(&d->done, __ATOMIC_ACQUIRE) )
    {
        if ( !domain_info(d->domid, &info) )
        {
            total = total ? total : info.tot_pages;
            progress("memory freed", (total - info.tot_pages) >> 8, total >> 8,
                     "MiB");
        }
        wait_ms(20);
    }
    progress_end();
}

/* One call takes it apart, a big domain for seconds: who looks on from a
 * terminal sees it by another thread. -errno. */
static int destroy_domain(int domid)
{
    struct destroying d = {.domid = domid};
    pthread_t thread;

    if ( !isatty(STDERR_FILENO) || pthread_create(&thread, NULL, destroy, &d) )
    {
        destroy(&d);
        return d.rc;
    }
    show_freed(&d);
    pthread_join(thread, NULL);
    return d.rc;
}

int guest_destroy(int domid)
{
    int rc = guest_pause(domid);

    /* It may have gone, but for what it leaves in xenstore. */
    if ( rc && rc != -ESRCH && rc != -EOVERFLOW )
    {
        err("cannot pause domain %d: %s", domid, strerror(-rc));
        return -1;
    }
    if ( !rc && pci_destroy(domid) )
        warn("domain %d: its PCI devices are left to the hypervisor", domid);
    remove_devices(domid);
    if ( rc != -ESRCH )
        rc = destroy_domain(domid);
    store_forget(domid);
    if ( rc && rc != -ESRCH )
    {
        err("cannot destroy domain %d: %s", domid, strerror(-rc));
        return -1;
    }
    return 0;
}

int guest_preserve(int domid, const char *name)
{
    struct xen_domctl op = {.cmd = 0};
    uint8_t *uuid = op.u.setdomainhandle.handle;
    int rc;

    if ( getrandom(uuid, UUID_SIZE, 0) != (ssize_t)UUID_SIZE )
        return -1;
    rc = hyp_domctl(XEN_DOMCTL_setdomainhandle, (uint16_t)domid, &op);
    if ( rc )
    {
        err("cannot set domain %d aside: %s", domid, strerror(-rc));
        return -1;
    }
    if ( pci_destroy(domid) | dt_destroy(domid) )
        warn("domain %d keeps devices that its successor cannot have", domid);
    remove_devices(domid);
    return store_preserve(domid, name, uuid);
}
