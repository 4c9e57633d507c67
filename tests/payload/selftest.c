/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Payload that checks the hypercalls of dom0, one line for each check:
 *
 *     PX-TEST: name: PASS
 *     PX-TEST: name: FAIL (got, wanted)
 *
 * and PX-TEST-END with the numbers of both. What it expects is what Debian's
 * Xen 4.17 answers a direct-mapped dom0 and Linux relies on; run it there when
 * in doubt. Checks of the FIFO events come last, as the domain then leaves the
 * 2-level form.
 */
#define __XEN_TOOLS__ 1 /* for the toolstack's structures */

#include <stdint.h>

#include <public/errno.h>
#include <public/features.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

#include "events.h"
#include "fdt.h"
#include "gic.h"
#include "hypercall.h"
#include "memory.h"
#include "proxenos.h"
#include "runtime.h"

#define BAD_HYPERCALL 63
#define BAD_SUBOP     99
#define BAD_POINTER   ((void *)0x7ffffff000UL) /* not in our map */
#define HOLE          0x7f00000000UL
#define VERSION       0x00040011 /* Xen 4.17 */
#define GREF          8          /* first for guests */
#define PATTERN       0x50780001U
#define VIRQ_BAD      99

/* For out-of-domain arguments. */
#define BAD_DOMID 0x1234
#define BAD_PORT  4000

static unsigned int passed, failed;

/*
 * The command line is "strict": also check what Xen 4.17 does not do. It
 * retries a store to a read-only grant for ever, and loses a CPU that is
 * started again as soon as PSCI says that it is off.
 */
static bool strict;

static void check(const char *name, long got, long wanted)
{
    if ( got == wanted )
    {
        passed++;
        printk("PX-TEST: %s: PASS\n", name);
    }
    else
    {
        failed++;
        printk("PX-TEST: %s: FAIL (%ld, wanted %ld)\n", name, got, wanted);
    }
}

static bool starts_with(const char *s, const char *head)
{
    while ( *head )
    {
        if ( *s++ != *head++ )
            return false;
    }

    return true;
}

/* ---- xen_version ---- */

static long xen_version(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, op, arg);
}

static void test_version_strings(void)
{
    static char buf[1024];

    buf[0] = 1;
    check("version: extraversion", xen_version(XENVER_extraversion, buf), 0);
    check("version: compile_info", xen_version(XENVER_compile_info, buf), 0);
    check("version: changeset", xen_version(XENVER_changeset, buf), 0);
    check("version: commandline", xen_version(XENVER_commandline, buf), 0);
    check("version: capabilities", xen_version(XENVER_capabilities, buf), 0);
    check("version: capabilities has aarch64",
          starts_with(buf, "xen-3.0-aarch64"), true);
    check("version: platform_parameters",
          xen_version(XENVER_platform_parameters, buf), 0);
    memset(buf, 0xff, 16);
    check("version: guest_handle", xen_version(XENVER_guest_handle, buf), 0);
    check("version: guest_handle of dom0 is 0", buf[0] | buf[15], 0);
}

static void test_version(void)
{
    struct xen_feature_info features = {.submap_idx = 0};

    check("version: version", xen_version(XENVER_version, NULL), VERSION);
    check("version: pagesize", xen_version(XENVER_pagesize, NULL), 4096);
    test_version_strings();

    check("features: submap 0", xen_version(XENVER_get_features, &features), 0);
    check("features: auto_translated_physmap",
          features.submap >> XENFEAT_auto_translated_physmap & 1, 1);
    check("features: dom0", features.submap >> XENFEAT_dom0 & 1, 1);
    check("features: ARM_SMCCC_supported",
          features.submap >> XENFEAT_ARM_SMCCC_supported & 1, 1);
    check("features: direct_mapped or not, one of them",
          (features.submap >> XENFEAT_direct_mapped & 1) +
              (features.submap >> XENFEAT_not_direct_mapped & 1),
          1);
    check("version: bad pointer", xen_version(XENVER_get_features, BAD_POINTER),
          -XEN_EFAULT);
    check("version: bad pointer for a string",
          xen_version(XENVER_extraversion, BAD_POINTER), -XEN_EFAULT);
    check("version: unknown", xen_version(BAD_SUBOP, NULL), -XEN_ENOSYS);
}

/* ---- Numbers that nobody knows ---- */

static void test_unknown(void)
{
    char page[64] = {0};

    check("unknown hypercall", hypercall(BAD_HYPERCALL, 0, page), -XEN_ENOSYS);
    check("unknown hypercall, huge number", hypercall(0xffffffffUL, 0, page),
          -XEN_ENOSYS);
    check("unknown sched_op", hypercall(__HYPERVISOR_sched_op, BAD_SUBOP, page),
          -XEN_ENOSYS);
    check("unknown event_channel_op", evtchn_op(BAD_SUBOP, page), -XEN_ENOSYS);
    check("unknown grant_table_op", grant_op(BAD_SUBOP, page, 1), -XEN_ENOSYS);
    /* -EINVAL or -ENOSYS: nobody asks. */
    check("unknown vcpu_op",
          hypercall3(__HYPERVISOR_vcpu_op, BAD_SUBOP, 0, page) < 0, true);
    check("unknown hvm_op", hypercall(__HYPERVISOR_hvm_op, BAD_SUBOP, page),
          -XEN_ENOSYS);
    check("unknown memory_op", hypercall(__HYPERVISOR_memory_op, 60, page),
          -XEN_ENOSYS);
    check("unknown physdev_op",
          hypercall(__HYPERVISOR_physdev_op, BAD_SUBOP, page), -XEN_ENOSYS);
    check("unknown console_io",
          hypercall3(__HYPERVISOR_console_io, BAD_SUBOP, 0, page), -XEN_ENOSYS);
}

static void test_console(void)
{
    char buf[16];

    check("console: read nothing",
          hypercall3(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof(buf), buf),
          0);
    check("console: write from a bad pointer",
          hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, 8, BAD_POINTER),
          -XEN_EFAULT);
}

/* ---- SMCCC and PSCI ---- */

static void test_psci(void)
{
    check("psci: version", (int)smccc(PSCI_VERSION, 0, 0, 0), 0x10001);
    check("psci: features of cpu_on",
          (int)smccc(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
    check("psci: features of an unknown function",
          (int)smccc(PSCI_FEATURES, 0xc400000eUL, 0, 0), -1);
    check("psci: migrate_info_type", (int)smccc(0x84000006U, 0, 0, 0), 2);
    check("psci: affinity_info of this CPU",
          (int)smccc(PSCI_AFFINITY_INFO, boot.mpidr[0], 0, 0), 0);
    check("psci: cpu_on of this CPU",
          (int)smccc(PSCI_CPU_ON, boot.mpidr[0], (uint64_t)payload_main, 0),
          -4);
    check("psci: cpu_on of no CPU",
          (int)smccc(PSCI_CPU_ON, 0xff00, (uint64_t)payload_main, 0), -2);
    check("smccc: version", (int)smccc(SMCCC_VERSION, 0, 0, 0), 0x10001);
    check("smccc: unknown function", (int)smccc(0x8400ffffU, 0, 0, 0), -1);
}

/* ---- A second CPU ---- */

#define SGI       2
#define OFF_TICKS 625000 /* 10 ms */

static volatile unsigned int sgis_here, sgis_there, other_ready, other_stop;

static void count_here(unsigned int irq)
{
    (void)irq;
    sgis_here++;
}

static void answer_there(unsigned int irq)
{
    sgis_there++;
    gic_send_sgi(irq, 0);
}

static void other_main(unsigned int id)
{
    (void)id;
    gic_init_cpu();
    gic_enable(SGI, answer_there);
    irq_enable();
    other_ready = 1;
    while ( !other_stop )
        cpu_relax();
    irq_disable();
}

static int affinity_info(unsigned int id)
{
    return (int)smccc(PSCI_AFFINITY_INFO, boot.mpidr[id], 0, 0);
}

static void test_second_cpu(void)
{
    unsigned int round;
    uint64_t start;

    check("cpu: the other is off", affinity_info(1), 1);
    gic_enable(SGI, count_here);

    for ( round = 1; round <= 2; round++ )
    {
        other_ready = other_stop = 0;
        check("cpu: cpu_on", (int)cpu_start(1, other_main), 0);
        check("cpu: cpu_on again", (int)cpu_start(1, other_main), -4);
        while ( !other_ready )
            cpu_relax();
        check("cpu: the other is on", affinity_info(1), 0);
        gic_send_sgi(SGI, 1);
        while ( sgis_here != round )
            cpu_relax();
        check("cpu: one SGI there, one back", sgis_there, round);
        other_stop = 1;
        while ( affinity_info(1) != 1 )
            cpu_relax();
        /* Xen 4.17 says off while the vCPU still runs: the next start races. */
        start = counter();
        while ( !strict && counter() - start < OFF_TICKS )
            cpu_relax();
    }
}

/* ---- Memory ---- */

static long add_to_physmap(unsigned int space, unsigned long idx,
                           unsigned long gpfn)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = (unsigned short)space,
        .idx = idx,
        .gpfn = gpfn,
    };

    return hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map);
}

static void test_memory_page(void)
{
    uint64_t addr = (uint64_t)ram_alloc(PAGE_SIZE, PAGE_SIZE);
    unsigned long gfn = addr >> PAGE_SHIFT;
    uint32_t v = 0;

    write32(addr, PATTERN);
    check("memory: remove a page", extent_remove(gfn, 0), 1);
    check("memory: removed page faults on read", try_read(addr, &v).taken, 1);
    check("memory: removed page faults on write", try_write(addr, 1).taken, 1);
    check("memory: remove it again", extent_remove(gfn, 0), 0);
    check("memory: populate it", extent_populate(gfn, 0), 1);
    check("memory: populated page reads", try_read(addr, &v).taken, 0);
    check("memory: populated page writes", try_write(addr, 7).taken, 0);
    check("memory: populated page keeps its value", read32(addr), 7);
}

static void test_memory_block(void)
{
    uint64_t addr = (uint64_t)ram_alloc(BLOCK_SIZE, BLOCK_SIZE);
    unsigned long gfn = addr >> PAGE_SHIFT;

    check("memory: remove a page of a block", extent_remove(gfn + 5, 0), 1);
    check("memory: its neighbour stays",
          try_read(addr + 4 * PAGE_SIZE, NULL).taken, 0);
    check("memory: it is gone", try_read(addr + 5 * PAGE_SIZE, NULL).taken, 1);
    check("memory: it comes back", extent_populate(gfn + 5, 0), 1);
    check("memory: remove a block", extent_remove(gfn, 9), 1);
    check("memory: block is gone", try_read(addr + BLOCK_SIZE - 4, NULL).taken,
          1);
    check("memory: populate a block", extent_populate(gfn, 9), 1);
    check("memory: block reads", try_read(addr + BLOCK_SIZE - 4, NULL).taken,
          0);
}

static void test_memory_errors(void)
{
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .domid = DOMID_SELF,
    };
    struct xen_remove_from_physmap remove = {
        .domid = DOMID_SELF,
        .gpfn = HOLE >> PAGE_SHIFT,
    };

    check("memory: bad pointer",
          hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, BAD_POINTER),
          -XEN_EFAULT);
    set_xen_guest_handle(r.extent_start, BAD_POINTER);
    check("memory: bad extent list, decrease",
          hypercall(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r),
          0);
    check("memory: bad extent list, populate",
          hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 0);
    check("memory: populate nowhere", extent_populate(HOLE >> PAGE_SHIFT, 0),
          0);
    check(
        "memory: remove_from_physmap of a hole",
        hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &remove),
        -XEN_ENOENT);
    check("memory: unknown space", add_to_physmap(77, 0, 0), -XEN_ENOSYS);
    check("memory: shared_info at a second place",
          add_to_physmap(XENMAPSPACE_shared_info, 0,
                         (unsigned long)ram_alloc(PAGE_SIZE, PAGE_SIZE) >>
                             PAGE_SHIFT),
          -XEN_EBUSY);
}

/* ---- vcpu_op, hvm_op, sched_op ---- */

static void test_misc(void)
{
    struct vcpu_register_vcpu_info info = {.mfn = 0, .offset = 0};
    struct xen_hvm_param param = {.domid = DOMID_SELF};

    check("vcpu: second vcpu_info",
          hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, &info),
          -XEN_EINVAL);
    check(
        "vcpu: no such vcpu",
        hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 99, &info),
        -XEN_ENOENT);

    param.index = HVM_PARAM_CALLBACK_IRQ;
    check("hvm: get CALLBACK_IRQ",
          hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), 0);
    check("hvm: CALLBACK_IRQ is the node's interrupt",
          (long)(param.value & 0xff), (long)events.irq);
    check("hvm: CALLBACK_IRQ is a PPI", (long)(param.value >> 56), 2);
    param.index = HVM_PARAM_STORE_EVTCHN;
    param.value = 1;
    check("hvm: get STORE_EVTCHN",
          hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), 0);
    check("hvm: dom0 has no store yet", (long)param.value, 0);
    param.index = HVM_NR_PARAMS;
    check("hvm: get a parameter there is not",
          hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), -XEN_EINVAL);
    check("hvm: bad pointer",
          hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, BAD_POINTER),
          -XEN_EFAULT);

    check("sched: yield", hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL),
          0);
    check("sched: shutdown, bad pointer",
          hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, BAD_POINTER),
          -XEN_EFAULT);
}

static void test_multicall(void)
{
    static struct multicall_entry calls[2] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
        {.op = BAD_HYPERCALL},
    };

    check("multicall",
          hypercall(__HYPERVISOR_multicall, (unsigned long)calls, (void *)2),
          0);
    check("multicall: first result", (long)calls[0].result, VERSION);
    check("multicall: second result", (long)calls[1].result, -XEN_ENOSYS);
}

/* ---- Event channels ---- */

static long port_op(unsigned int op, evtchn_port_t port)
{
    /* close, send and unmask take the port alone. */
    struct evtchn_send arg = {.port = port};

    return evtchn_op(op, &arg);
}

static long port_status(evtchn_port_t port)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = port};
    long rc = evtchn_op(EVTCHNOP_status, &status);

    return rc ? rc : (long)status.status;
}

static void test_event_delivery(evtchn_port_t from, evtchn_port_t to)
{
    unsigned int seen = events.count[to];
    unsigned long bit = 1UL << (to % 64);

    check("evtchn: send", port_op(EVTCHNOP_send, from), 0);
    check("evtchn: it arrives", events.count[to] - seen, 1);
    check("evtchn: and is consumed",
          (long)(events.shared->evtchn_pending[to / 64] & bit), 0);

    __atomic_fetch_or(&events.shared->evtchn_mask[to / 64], bit,
                      __ATOMIC_SEQ_CST);
    check("evtchn: send to a masked port", port_op(EVTCHNOP_send, from), 0);
    check("evtchn: it does not arrive", events.count[to] - seen, 1);
    check("evtchn: but is pending",
          (events.shared->evtchn_pending[to / 64] & bit) != 0, 1);
    check("evtchn: unmask", port_op(EVTCHNOP_unmask, to), 0);
    check("evtchn: now it arrives", events.count[to] - seen, 2);
}

static void test_events(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_CONSOLE, .vcpu = 0};
    struct evtchn_bind_vcpu vcpu = {.vcpu = 0};
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF,
        .remote_dom = DOMID_SELF,
    };
    struct evtchn_bind_interdomain bind = {.remote_dom = BAD_DOMID};
    evtchn_port_t from = 0, to = 0;

    check("evtchn: loopback", events_loopback(&from, &to), 0);
    check("evtchn: ports are not 0", from && to && from != to, 1);
    check("evtchn: status is interdomain", port_status(to),
          EVTCHNSTAT_interdomain);
    test_event_delivery(from, to);

    vcpu.port = to;
    check("evtchn: bind_vcpu", evtchn_op(EVTCHNOP_bind_vcpu, &vcpu), 0);
    vcpu.vcpu = 99;
    check("evtchn: bind_vcpu to no vcpu", evtchn_op(EVTCHNOP_bind_vcpu, &vcpu),
          -XEN_ENOENT);

    check("evtchn: close one end", port_op(EVTCHNOP_close, from), 0);
    check("evtchn: the closed end", port_status(from), EVTCHNSTAT_closed);
    check("evtchn: the other end is unbound", port_status(to),
          EVTCHNSTAT_unbound);
    check("evtchn: send from an unbound port", port_op(EVTCHNOP_send, to), 0);
    check("evtchn: close the other", port_op(EVTCHNOP_close, to), 0);
    check("evtchn: close a closed port", port_op(EVTCHNOP_close, to),
          -XEN_EINVAL);
    check("evtchn: send from a closed port", port_op(EVTCHNOP_send, to),
          -XEN_EINVAL);
    check("evtchn: send from no port", port_op(EVTCHNOP_send, BAD_PORT),
          -XEN_EINVAL);
    check("evtchn: unmask of no port", port_op(EVTCHNOP_unmask, BAD_PORT),
          -XEN_EINVAL);

    check("evtchn: alloc_unbound", evtchn_op(EVTCHNOP_alloc_unbound, &alloc),
          0);
    check("evtchn: a freed port comes again", alloc.port,
          to < from ? to : from);
    check("evtchn: bind to a domain that is not",
          evtchn_op(EVTCHNOP_bind_interdomain, &bind), -XEN_ESRCH);
    port_op(EVTCHNOP_close, alloc.port);

    check("evtchn: bind_virq", evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    check("evtchn: status is virq", port_status(virq.port), EVTCHNSTAT_virq);
    check("evtchn: bind_virq again", evtchn_op(EVTCHNOP_bind_virq, &virq),
          -XEN_EEXIST);
    check("evtchn: send on a virq port", port_op(EVTCHNOP_send, virq.port),
          -XEN_EINVAL);
    check("evtchn: close the virq", port_op(EVTCHNOP_close, virq.port), 0);
    virq.virq = VIRQ_BAD;
    check("evtchn: bind_virq unknown", evtchn_op(EVTCHNOP_bind_virq, &virq),
          -XEN_EINVAL);
    check("evtchn: bad pointer", evtchn_op(EVTCHNOP_send, BAD_POINTER),
          -XEN_EFAULT);
}

/* ---- Grant table ---- */

/* Two pages: the first is granted, the second a hole to map it at. */
static struct grant_entry_v1 *grants;
static uint64_t granted, hole;

static long grant_map(uint32_t flags, grant_ref_t ref, domid_t dom,
                      struct gnttab_map_grant_ref *map)
{
    long rc;

    *map = (struct gnttab_map_grant_ref){
        .host_addr = hole,
        .flags = flags,
        .ref = ref,
        .dom = dom,
    };
    rc = grant_op(GNTTABOP_map_grant_ref, map, 1);

    return rc ? rc : map->status;
}

static long grant_unmap(grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref unmap = {
        .host_addr = hole,
        .handle = handle,
    };
    long rc = grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);

    return rc ? rc : unmap.status;
}

static void test_grant_sizes(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_set_version version = {.version = 1};
    struct gnttab_cache_flush flush = {.op = 0};

    check("grant: query_size", grant_op(GNTTABOP_query_size, &size, 1), 0);
    check("grant: query_size status", size.status, GNTST_okay);
    check("grant: 64 frames at most", size.max_nr_frames, 64);
    check("grant: set_version 1", grant_op(GNTTABOP_set_version, &version, 1),
          0);
    check("grant: version is 1", version.version, 1);
    check("grant: cache_flush probe", grant_op(GNTTABOP_cache_flush, &flush, 1),
          0);
    check("grant: no entries", grant_op(GNTTABOP_map_grant_ref, &flush, 0), 0);
    check("grant: bad pointer",
          grant_op(GNTTABOP_map_grant_ref, BAD_POINTER, 1), -XEN_EFAULT);
}

static void test_grant_map(void)
{
    struct gnttab_map_grant_ref map;
    grant_handle_t handle;

    check("grant: map", grant_map(GNTMAP_host_map, GREF, 0, &map), GNTST_okay);
    handle = map.handle;
    check("grant: entry is marked in use",
          grants[GREF].flags & (GTF_reading | GTF_writing),
          GTF_reading | GTF_writing);
    check("grant: bus address of the frame", (long)map.dev_bus_addr,
          (long)granted);
    write32(granted, PATTERN);
    check("grant: the mapping reads", try_read(hole, NULL).taken, 0);
    check("grant: what was written", read32(hole), PATTERN);
    check("grant: the mapping writes", try_write(hole, 5).taken, 0);
    check("grant: to the frame", read32(granted), 5);
    check("grant: unmap", grant_unmap(handle), GNTST_okay);
    check("grant: hole after unmap", try_read(hole, NULL).taken, 1);
    check("grant: entry is free again",
          grants[GREF].flags & (GTF_reading | GTF_writing), 0);
    check("grant: unmap again", grant_unmap(handle), GNTST_bad_handle);
}

static void test_grant_readonly(void)
{
    struct gnttab_map_grant_ref map;

    check("grant: map read-only",
          grant_map(GNTMAP_host_map | GNTMAP_readonly, GREF, 0, &map),
          GNTST_okay);
    check("grant: read-only reads", try_read(hole, NULL).taken, 0);
    if ( strict )
        check("grant: read-only does not write", try_write(hole, 1).taken, 1);
    check("grant: only marked for reading",
          grants[GREF].flags & (GTF_reading | GTF_writing), GTF_reading);
    check("grant: unmap read-only", grant_unmap(map.handle), GNTST_okay);

    grants[GREF].flags = GTF_permit_access | GTF_readonly;
    check("grant: writable map of a read-only grant",
          grant_map(GNTMAP_host_map, GREF, 0, &map), GNTST_general_error);
    grants[GREF].flags = GTF_permit_access;
}

static void test_grant_errors(void)
{
    struct gnttab_map_grant_ref map;

    check("grant: map for no domain",
          grant_map(GNTMAP_host_map, GREF, BAD_DOMID, &map), GNTST_bad_domain);
    check("grant: map an empty entry",
          grant_map(GNTMAP_host_map, GREF + 1, 0, &map), GNTST_general_error);
    check("grant: map a reference out of range",
          grant_map(GNTMAP_host_map, 1U << 20, 0, &map), GNTST_bad_gntref);
    check("grant: map without host_map", grant_map(0, GREF, 0, &map),
          GNTST_bad_gntref);
    check("grant: unmap of no handle", grant_unmap(12345), GNTST_bad_handle);
}

static void test_grant_copy(void)
{
    uint64_t page = (uint64_t)ram_alloc(PAGE_SIZE, PAGE_SIZE);
    struct gnttab_copy copy = {
        .source = {.u.ref = GREF, .domid = 0, .offset = 16},
        .dest = {.u.gmfn = page >> PAGE_SHIFT,
                 .domid = DOMID_SELF,
                 .offset = 32},
        .len = 8,
        .flags = GNTCOPY_source_gref,
    };

    write32(granted + 16, PATTERN);
    write32(page + 32, 0);
    check("grant: copy", grant_op(GNTTABOP_copy, &copy, 1), 0);
    check("grant: copy status", copy.status, GNTST_okay);
    check("grant: copied", read32(page + 32), PATTERN);
    copy.dest.offset = PAGE_SIZE - 4;
    check("grant: copy across a page", grant_op(GNTTABOP_copy, &copy, 1), 0);
    check("grant: its status", copy.status, GNTST_bad_copy_arg);
    copy.dest.offset = 0;
    copy.source.u.ref = GREF + 1;
    check("grant: copy of an empty entry", grant_op(GNTTABOP_copy, &copy, 1),
          0);
    check("grant: and its status", copy.status, GNTST_general_error);
}

static void test_grants(void)
{
    granted = (uint64_t)ram_alloc(PAGE_SIZE, PAGE_SIZE);
    hole = (uint64_t)ram_alloc(PAGE_SIZE, PAGE_SIZE);
    extent_remove(hole >> PAGE_SHIFT, 0);
    test_grant_sizes();

    grants = grant_init();
    grants[GREF].domid = 0;
    grants[GREF].frame = (uint32_t)(granted >> PAGE_SHIFT);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    grants[GREF].flags = GTF_permit_access;

    test_grant_map();
    test_grant_readonly();
    test_grant_errors();
    test_grant_copy();
}

/* ---- FIFO event channels ---- */

static void test_fifo(void)
{
    volatile struct evtchn_fifo_control_block *control =
        ram_alloc(PAGE_SIZE, PAGE_SIZE);
    volatile event_word_t *words = ram_alloc(PAGE_SIZE, PAGE_SIZE);
    struct evtchn_init_control init = {
        .control_gfn = (unsigned long)control >> PAGE_SHIFT,
    };
    struct evtchn_expand_array expand = {
        .array_gfn = (unsigned long)words >> PAGE_SHIFT,
    };
    struct evtchn_set_priority priority = {.priority = 3};
    evtchn_port_t from = 0, to = 0;
    unsigned int i, seen = events.upcalls;

    for ( i = 0; i < PAGE_SIZE / sizeof(*words); i++ )
    {
        words[i] = 0;
        ((volatile uint32_t *)control)[i] = 0;
    }

    init.offset = PAGE_SIZE - 8;
    check("fifo: control block across a page",
          evtchn_op(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    init.offset = 0;
    check("fifo: init_control", evtchn_op(EVTCHNOP_init_control, &init), 0);
    check("fifo: link_bits", init.link_bits, EVTCHN_FIFO_LINK_BITS);
    check("fifo: expand_array", evtchn_op(EVTCHNOP_expand_array, &expand), 0);

    check("fifo: loopback", events_loopback(&from, &to), 0);
    /* A new channel may have been pending once by itself. */
    words[to] = words[from] = 0;
    control->ready = 0;
    seen = events.upcalls;

    priority.port = to;
    check("fifo: set_priority", evtchn_op(EVTCHNOP_set_priority, &priority), 0);
    check("fifo: send", port_op(EVTCHNOP_send, from), 0);
    check("fifo: upcall", events.upcalls - seen, 1);
    check("fifo: word is pending and linked, and ends the queue",
          (long)words[to],
          (long)(1U << EVTCHN_FIFO_PENDING | 1U << EVTCHN_FIFO_LINKED));
    check("fifo: queue 3 is ready", (long)(control->ready >> 3 & 1), 1);
    check("fifo: head of queue 3", control->head[3], to);

    words[to] = 1U << EVTCHN_FIFO_MASKED;
    control->head[3] = 0;
    control->ready = 0;
    seen = events.upcalls;
    check("fifo: send to a masked port", port_op(EVTCHNOP_send, from), 0);
    check("fifo: no upcall", events.upcalls - seen, 0);
    check("fifo: word is pending and masked", (long)words[to],
          (long)(1U << EVTCHN_FIFO_PENDING | 1U << EVTCHN_FIFO_MASKED));
    check("fifo: unmask", port_op(EVTCHNOP_unmask, to), 0);
    check("fifo: upcall after unmask", events.upcalls - seen, 1);
}

/* ---- Proxenos' own hypercall ---- */

static struct proxenos_op px;

static long px_call(uint32_t cmd)
{
    px.cmd = cmd;
    px.version = PROXENOS_OP_VERSION;
    return hypercall5(__HYPERVISOR_proxenos_op, (unsigned long)&px, 0, 0, 0, 0);
}

static struct proxenos_op *px_clear(void)
{
    memset(&px, 0, sizeof(px));
    return &px;
}

static void test_px_units(void)
{
    struct px_unit_info *unit = &px_clear()->u.unit_info;
    struct px_table_info *table = &px.u.table_info;

    check("px: unit_info", px_call(PX_OP_unit_info), 0);
    check("px: it is an SMMUv3", unit->kind, PX_UNIT_SMMUV3);
    check("px: by its name", starts_with(unit->name, "smmuv3 "), true);
    check("px: with stage 1", unit->stages & 1, 1);
    check("px: and contexts", unit->contexts > unit->contexts_used, true);
    px_clear()->u.unit_info.index = 1;
    check("px: no second unit", px_call(PX_OP_unit_info), -XEN_ENOENT);

    px_clear();
    check("px: table_info of dom0", px_call(PX_OP_table_info), 0);
    check("px: it has tables", table->tables > 1, true);
    check("px: and leaves",
          table->leaves[1] + table->leaves[2] + table->leaves[3] > 0, true);
    check("px: in a format", starts_with(table->format, "smmu-s1"), true);
    check("px: without trouble", table->flags, 0);
    px_clear()->u.table_info.index = 1;
    check("px: no second table", px_call(PX_OP_table_info), -XEN_ENOENT);
    px_clear()->u.table_info.domid = BAD_DOMID;
    check("px: no such domain", px_call(PX_OP_table_info), -XEN_ESRCH);
    px_clear()->u.table_info.domid = 0x10000;
    check("px: nor one beyond 16 bits", px_call(PX_OP_table_info), -XEN_ESRCH);
}

static void test_px_devices(void)
{
    struct px_device_info *dev = &px.u.device_info;
    unsigned int nr, nr_owned = 0, nr_bad = 0;
    long rc = 0;

    for ( nr = 0; !rc && nr < 64; nr += !rc )
    {
        px_clear()->u.device_info.index = nr;
        rc = px_call(PX_OP_device_info);
        nr_owned += !rc && dev->owner == 0;
        nr_bad += !rc && (dev->flags & (PX_DEV_CUT_OFF | PX_DEV_UNUSABLE |
                                        PX_DEV_UNPROTECTED));
    }
    check("px: device_info ends", rc, -XEN_ENOENT);
    check("px: after some devices", nr > 0, true);
    check("px: that are dom0's", nr_owned > 0, true);
    check("px: all in order", nr_bad, 0);

    px_clear()->u.quarantine.dev.kind = PX_DEVICE_PCI;
    px.u.quarantine.dev.sbdf = 0x12345678;
    check("px: quarantine of nothing", px_call(PX_OP_quarantine), -XEN_ENODEV);
    check("px: nobody is in the way", px.u.quarantine.conflict == PX_NO_INDEX,
          true);
    px_clear()->u.fault_clear.dev.kind = 7;
    check("px: no such kind of device", px_call(PX_OP_fault_clear),
          -XEN_EINVAL);
}

static void test_px_audit(void)
{
    struct px_audit *audit = &px.u.audit;
    uint64_t compared = 0, differences = 0, from;
    domid_t self = DOMID_SELF;
    long rc, pages = hypercall(__HYPERVISOR_memory_op,
                               XENMEM_current_reservation, &self);
    unsigned int slices = 0;

    px_clear();
    do
    {
        from = audit->gfn;
        rc = px_call(PX_OP_audit);
        compared += audit->compared;
        differences += audit->differences;
        if ( audit->differences )
            printk("PX-TEST: gfn %lx differs: %u\n", (long)audit->bad_gfn,
                   audit->what);
    } while ( !rc && !(audit->flags & PX_AUDIT_DONE) && audit->gfn > from &&
              ++slices < 100000 );
    check("px: audit of dom0", rc, 0);
    check("px: it ends", audit->flags, PX_AUDIT_DONE);
    check("px: all of its memory was compared",
          (long)compared >= pages && pages > 0, true);
    check("px: no difference", (long)differences, 0);
    px_clear()->u.audit.domid = BAD_DOMID;
    check("px: audit of no domain", px_call(PX_OP_audit), -XEN_ESRCH);
}

static void test_px(void)
{
    px_clear();
    check("px: no such operation", px_call(BAD_SUBOP), -XEN_ENOSYS);
    px.version = PROXENOS_OP_VERSION + 1;
    check("px: another version",
          hypercall5(__HYPERVISOR_proxenos_op, (unsigned long)&px, 0, 0, 0, 0),
          -XEN_EACCES);
    check("px: bad pointer",
          hypercall5(__HYPERVISOR_proxenos_op, (unsigned long)BAD_POINTER, 0, 0,
                     0, 0),
          -XEN_EFAULT);
    test_px_units();
    test_px_devices();
    test_px_audit();
}

void payload_main(void)
{
    struct fdt_query q = {
        .prop = "bootargs",
        .value = "strict",
        .want = "bootargs",
    };

    gic_init();
    events_init();
    irq_enable();
    strict = fdt_find(boot.fdt, &q, NULL) != NULL;

    test_version();
    test_unknown();
    test_console();
    test_psci();
    if ( boot.nr_cpus > 1 )
        test_second_cpu();
    test_memory_page();
    test_memory_block();
    test_memory_errors();
    test_misc();
    test_multicall();
    test_events();
    test_grants();
    if ( strict )
        test_px();
    test_fifo();

    printk("PX-TEST-END: %u passed, %u failed\n", passed, failed);
}
