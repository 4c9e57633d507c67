/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rounds.c N - make a domain, let it run and destroy it, N times: memory is as
 * before then, to the page, and identifiers have not run out. Straight to the
 * hypervisor, as a toolstack would take a second each.
 *
 * The guest has no code: it takes one exception after the other, and asks for
 * memory it does not have.
 * The device is Linux's (include/uapi/xen/privcmd.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/memory.h>
#include <public/sysctl.h>

#define PAGE      4096UL
#define VCPUS     2
#define RAM       0x40000000UL
#define POOL      (4UL << 20)
#define MEGABYTES 8
#define PAGES     64 /* single ones, apart from each other */
#define WARM_UP   3

struct privcmd_hypercall {
    uint64_t op, arg[5];
};

static int privcmd;

/* Pages that stay where they are while the hypervisor looks at them. */
static struct {
    struct xen_domctl domctl;
    struct xen_sysctl sysctl;
    struct vcpu_guest_context context;
    struct xen_memory_reservation reservation;
    struct evtchn_alloc_unbound alloc;
    xen_pfn_t frames[PAGES];
} * b;

static void fail(const char *what)
{
    printf("PX-TEST: rounds: FAIL %s: %s\n", what, strerror(errno));
    exit(1);
}

static long hypercall(uint64_t op, uint64_t a0, uint64_t a1)
{
    struct privcmd_hypercall call = {op, {a0, a1, 0, 0, 0}};

    return ioctl(privcmd, _IOC(_IOC_NONE, 'P', 0, sizeof(call)), &call);
}

static void domctl(uint32_t cmd, domid_t id, const char *what)
{
    b->domctl.cmd = cmd;
    b->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    b->domctl.domain = id;
    if ( hypercall(__HYPERVISOR_domctl, (uintptr_t)&b->domctl, 0) )
        fail(what);
}

static void clear(void)
{
    memset(&b->domctl, 0, sizeof(b->domctl));
}

static domid_t create(void)
{
    struct xen_domctl_createdomain *c = &b->domctl.u.createdomain;

    clear();
    c->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_iommu;
    c->max_vcpus = VCPUS;
    c->max_evtchn_port = 1023;
    c->max_grant_frames = c->max_maptrack_frames = 8;
    c->grant_opts = XEN_DOMCTL_GRANT_version(1);
    c->arch.nr_spis = 32;
    domctl(XEN_DOMCTL_createdomain, 0, "createdomain");
    return b->domctl.domain;
}

static void populate(domid_t id, unsigned int order, unsigned long nr)
{
    struct xen_memory_reservation *r = &b->reservation;

    memset(r, 0, sizeof(*r));
    set_xen_guest_handle(r->extent_start, b->frames);
    r->nr_extents = nr;
    r->extent_order = order;
    r->domid = id;
    if ( hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                   (uintptr_t)r) != (long)nr )
        fail("populate_physmap");
}

static void give_memory(domid_t id)
{
    clear();
    b->domctl.u.paging_mempool.size = POOL;
    domctl(XEN_DOMCTL_set_paging_mempool_size, id, "paging_mempool");
    clear();
    b->domctl.u.max_mem.max_memkb = MEGABYTES << 10;
    domctl(XEN_DOMCTL_max_mem, id, "max_mem");
    b->frames[0] = RAM >> 12;
    b->frames[1] = b->frames[0] + 512;
    populate(id, 9, 2);
    for ( unsigned int i = 0; i < PAGES; i++ )
        b->frames[i] = (RAM >> 12) + (i + 2) * 1024UL + i;
    populate(id, 0, PAGES);
}

static void start(domid_t id)
{
    for ( unsigned int v = 0; v < VCPUS; v++ )
    {
        memset(&b->context, 0, sizeof(b->context));
        b->context.flags = VGCF_online;
        b->context.user_regs.pc64 = RAM;
        b->context.user_regs.cpsr = 0x1c5;
        clear();
        b->domctl.u.vcpucontext.vcpu = v;
        set_xen_guest_handle(b->domctl.u.vcpucontext.ctxt, &b->context);
        domctl(XEN_DOMCTL_setvcpucontext, id, "setvcpucontext");
    }
    b->alloc = (struct evtchn_alloc_unbound){.dom = id, .remote_dom = 0};
    if ( hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                   (uintptr_t)&b->alloc) )
        fail("alloc_unbound");
    clear();
    domctl(XEN_DOMCTL_unpausedomain, id, "unpausedomain");
}

static int is_there(domid_t id)
{
    clear();
    b->domctl.cmd = XEN_DOMCTL_getdomaininfo;
    b->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    b->domctl.domain = id;
    return !hypercall(__HYPERVISOR_domctl, (uintptr_t)&b->domctl, 0) &&
           b->domctl.domain == id;
}

static void destroy(domid_t id)
{
    time_t end = time(NULL) + 60;

    clear();
    domctl(XEN_DOMCTL_destroydomain, id, "destroydomain");
    while ( is_there(id) )
    {
        errno = ETIMEDOUT;
        if ( time(NULL) > end )
            fail("destroydomain");
        usleep(100);
    }
}

static unsigned long free_pages(void)
{
    memset(&b->sysctl, 0, sizeof(b->sysctl));
    b->sysctl.cmd = XEN_SYSCTL_physinfo;
    b->sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    if ( hypercall(__HYPERVISOR_sysctl, (uintptr_t)&b->sysctl, 0) )
        fail("physinfo");
    return b->sysctl.u.physinfo.free_pages;
}

static void one_round(unsigned int i)
{
    domid_t id = create();

    clear();
    b->domctl.u.max_vcpus.max = VCPUS;
    domctl(XEN_DOMCTL_max_vcpus, id, "max_vcpus");
    /* some die young */
    if ( i % 8 )
        give_memory(id);
    if ( i % 4 )
    {
        start(id);
        usleep(i % 16 == 1 ? 20000 : 500);
    }
    destroy(id);
}

int main(int argc, char *argv[])
{
    unsigned int n = argc > 1 ? (unsigned int)atoi(argv[1]) : 100;
    int fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    unsigned long before, after;
    time_t start_time;

    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if ( privcmd < 0 || b == MAP_FAILED || sizeof(*b) > PAGE )
        fail("/dev/xen");
    for ( unsigned int i = 0; i < WARM_UP; i++ )
        one_round(i);
    before = free_pages();
    start_time = time(NULL);
    for ( unsigned int i = 0; i < n; i++ )
    {
        one_round(i);
        if ( i % 100 == 99 )
            printf("PX-INFO: %u rounds, %ld s\n", i + 1,
                   (long)(time(NULL) - start_time));
    }
    /* The last one is off the list before its last page is free. */
    for ( time_t end = time(NULL) + 10;
          (after = free_pages()) != before && time(NULL) < end; )
        usleep(10000);
    printf("PX-TEST: rounds: %s %u rounds in %ld s, %lu pages free, %lu "
           "before\n",
           after == before ? "PASS" : "FAIL", n,
           (long)(time(NULL) - start_time), after, before);
    return after != before;
}
