/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl: what the toolstack asks about the host. No lock of its own.
 */
#include <xen/hypercall.h>

#include <public/domctl.h>
#include <public/sysctl.h>

#include <xen/console.h>
#include <xen/domain.h>
#include <xen/domctl.h>
#include <xen/guest-copy.h>
#include <xen/mm.h>

_Static_assert(sizeof(struct xen_sysctl) == 136, "sysctl");
_Static_assert(sizeof(struct xen_sysctl_physinfo) == 112, "physinfo");

static long physinfo(struct xen_sysctl_physinfo *pi)
{
    uint64_t start, size;
    maddr_t bank;

    memset(pi, 0, sizeof(*pi));
    pi->threads_per_core = 1;
    pi->cores_per_socket = nr_cpus;
    pi->nr_cpus = nr_cpus;
    pi->max_cpu_id = nr_cpus - 1;
    pi->nr_nodes = 1;
    pi->cpu_khz = cntfrq_khz;
    pi->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                       XEN_SYSCTL_PHYSCAP_gnttab_v1;
    if ( iommu_present() )
        pi->capabilities |= XEN_SYSCTL_PHYSCAP_directio;
    pi->free_pages = heap_free_pages();
    for ( unsigned int i = 0; mm_ram_bank(i, &bank, &size); i++ )
    {
        start = maddr_x(bank);
        pi->total_pages += size >> PAGE_SHIFT;
        pi->max_mfn = max(pi->max_mfn, ((start + size) >> PAGE_SHIFT) - 1);
    }
    return 0;
}

static long getdomaininfolist(struct xen_sysctl_getdomaininfolist *list)
{
    uint64_t at = guest_handle_addr(list->buffer);
    domid_t id = list->first_domain;
    struct domain *d;
    uint32_t n;
    long rc = 0;

    for ( n = 0; n < list->max_domains && (d = domain_get_from(id)); n++ )
    {
        struct xen_domctl_getdomaininfo info;

        domain_info(d, &info);
        id = (domid_t)(d->domain_id + 1);
        domain_put(d);
        rc = copy_to_guest(at + n * sizeof(info), &info, sizeof(info));
        if ( rc )
            break;
    }
    list->num_domains = n;
    return rc;
}

/* In pieces: how much there is to read is the ring's affair. */
static long readconsole(struct xen_sysctl_readconsole *rd)
{
    uint64_t at = guest_handle_addr(rd->buffer);
    uint32_t index = rd->incremental ? rd->index : 0, done = 0;
    char buf[256];

    while ( done < rd->count )
    {
        size_t n =
            console_ring_read(buf, min(rd->count - done, 256U), &index, false);

        if ( !n )
            break;
        if ( copy_to_guest(at + done, buf, n) )
            return -EFAULT;
        done += (uint32_t)n;
    }
    if ( rd->clear )
        console_ring_read(buf, 0, &index, true);
    rd->count = done;
    rd->index = index;
    return 0;
}

/* ---- the host's CPUs and nodes: one pool, one node, one socket ---- */

static uint32_t count_domains(void)
{
    struct domain *d;
    uint32_t n = 0;

    for ( domid_t id = 0; (d = domain_get_from(id)); n++ )
    {
        id = (domid_t)(d->domain_id + 1);
        domain_put(d);
    }
    return n;
}

static long cpupool_op(struct xen_sysctl_cpupool_op *op)
{
    switch ( op->op )
    {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if ( op->cpupool_id ) /* the first from there on: there is none */
            return -ENOENT;
        op->sched_id = XEN_SCHEDULER_CREDIT2;
        op->n_dom = count_domains();
        return bits_to_guest(&op->cpumap, cpu_online_map.bits);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return bits_to_guest(&op->cpumap, 0);
    default:
        return -ENOSYS;
    }
}

#define LOCAL_DISTANCE 10U /* as ACPI's SLIT counts */

static long numainfo(struct xen_sysctl_numainfo *ni)
{
    uint64_t meminfo = guest_handle_addr(ni->meminfo);
    uint64_t distance = guest_handle_addr(ni->distance);
    const struct xen_sysctl_meminfo mem = {
        .memsize = heap_total_pages() << PAGE_SHIFT,
        .memfree = heap_free_pages() << PAGE_SHIFT,
    };
    const uint32_t local = LOCAL_DISTANCE;
    uint32_t room = ni->num_nodes;

    ni->num_nodes = 1;
    if ( room && meminfo && copy_to_guest(meminfo, &mem, sizeof(mem)) )
        return -EFAULT;
    if ( room && distance && copy_to_guest(distance, &local, sizeof(local)) )
        return -EFAULT;
    return 0;
}

static long cputopoinfo(struct xen_sysctl_cputopoinfo *ti)
{
    uint64_t at = guest_handle_addr(ti->cputopo);
    uint32_t room = at ? ti->num_cpus : 0;

    ti->num_cpus = nr_cpus;
    for ( uint32_t i = 0; i < min(room, nr_cpus); i++ )
    {
        const struct xen_sysctl_cputopo topo = {.core = i};

        if ( copy_to_guest(at + i * sizeof(topo), &topo, sizeof(topo)) )
            return -EFAULT;
    }
    return 0;
}

/* There is no limit to the rate of switches: it reads as zero. */
static long scheduler_op(struct xen_sysctl_scheduler_op *op)
{
    if ( op->cpupool_id || op->sched_id != XEN_SCHEDULER_CREDIT2 )
        return -EINVAL;
    if ( op->cmd == XEN_SYSCTL_SCHEDOP_putinfo )
        return op->u.sched_credit2.ratelimit_us ? -EOPNOTSUPP : 0;
    op->u.sched_credit2.ratelimit_us = 0;
    return 0;
}

#define MAX_KEYS 32U /* a dump may be long, and is not preempted */

/* Like the same letters on the console. */
static long debug_keys(const struct xen_sysctl_debug_keys *op)
{
    uint64_t at = guest_handle_addr(op->keys);
    char key;

    if ( op->nr_keys > MAX_KEYS )
        return -E2BIG;
    for ( uint32_t i = 0; i < op->nr_keys; i++ )
    {
        if ( copy_from_guest(&key, at + i, sizeof(key)) )
            return -EFAULT;
        keyhandler_run(key);
    }
    return 0;
}

static long run(struct xen_sysctl *op)
{
    switch ( op->cmd )
    {
    case XEN_SYSCTL_physinfo:
        return physinfo(&op->u.physinfo);
    case XEN_SYSCTL_getdomaininfolist:
        return getdomaininfolist(&op->u.getdomaininfolist);
    case XEN_SYSCTL_readconsole:
        return readconsole(&op->u.readconsole);
    case XEN_SYSCTL_debug_keys:
        return debug_keys(&op->u.debug_keys);
    case XEN_SYSCTL_cpupool_op:
        return cpupool_op(&op->u.cpupool_op);
    case XEN_SYSCTL_numainfo:
        return numainfo(&op->u.numainfo);
    case XEN_SYSCTL_cputopoinfo:
        return cputopoinfo(&op->u.cputopoinfo);
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        return 0;
    case XEN_SYSCTL_scheduler_op:
        return scheduler_op(&op->u.scheduler_op);
    default:
        return -ENOSYS;
    }
}

long do_sysctl(uint64_t arg, uint64_t a1 __maybe_unused,
               uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
               uint64_t a4 __maybe_unused)
{
    struct xen_sysctl op;
    long rc;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    if ( op.interface_version != XEN_SYSCTL_INTERFACE_VERSION )
        return -EACCES;
    rc = run(&op);
    return rc ? rc : copy_to_guest(arg, &op, sizeof(op));
}
