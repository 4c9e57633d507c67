/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Payload of `make bench`: what one operation of the hypervisor costs.
 *
 * Boots as dom0's kernel under any hypervisor with Xen's ABI. Counts time with
 * the virtual counter, which under QEMU's -icount shift=0 advances by one tick
 * for 16 instructions. A sum over many operations, each begun at another
 * phase of the tick, gives instructions; the smallest of some rounds is free
 * of what the hypervisor does in between (timers, a first split of a block).
 * Prints nothing while it measures.
 */
#define __XEN_TOOLS__ /* <public/sysctl.h> asks for it */

#include <stdint.h>

#include <public/sched.h>
#include <public/sysctl.h>
#include <public/version.h>

#include "events.h"
#include "gic.h"
#include "hypercall.h"
#include "memory.h"
#include "runtime.h"

#define ROUNDS        5
#define OPS           256
#define BLOCK_OPS     4
#define SPI_WORD      1 /* INTIDs 32..63 */
#define SGI           1
#define FAR_TICKS     20000U /* long enough to fall asleep first */
#define NEAR_TICKS    500U
#define FIRST_GREF    8 /* <public/grant_table.h>: reserved */
#define BAD_HYPERCALL 63

enum op {
    NULL_HYPERCALL,
    UNKNOWN_HYPERCALL,
    PSCI_VERSION_CALL,
    GICD_TYPER_READ,
    GICD_ISENABLER_WRITE,
    GICR_READ,
    GICR_WRITE,
    SELF_IPI_HANDLER,
    SELF_IPI_COMPLETE,
    IPI_ROUND_TRIP,
    EVENT_HANDLER,
    EVENT_COMPLETE,
    TIMER_HANDLER,
    TIMER_COMPLETE,
    WFI_WAKE,
    YIELD,
    PAGE_POPULATE,
    PAGE_REMOVE,
    BLOCK_POPULATE,
    BLOCK_REMOVE,
    GRANT_MAP,
    GRANT_UNMAP,
    NR_OPS
};

static const char *const names[NR_OPS] = {
    [NULL_HYPERCALL] = "null_hypercall",
    [UNKNOWN_HYPERCALL] = "unknown_hypercall",
    [PSCI_VERSION_CALL] = "psci_version",
    [GICD_TYPER_READ] = "gicd_typer_read",
    [GICD_ISENABLER_WRITE] = "gicd_isenabler_write",
    [GICR_READ] = "gicr_read",
    [GICR_WRITE] = "gicr_write",
    [SELF_IPI_HANDLER] = "self_ipi_handler",
    [SELF_IPI_COMPLETE] = "self_ipi_complete",
    [IPI_ROUND_TRIP] = "ipi_round_trip",
    [EVENT_HANDLER] = "event_handler",
    [EVENT_COMPLETE] = "event_complete",
    [TIMER_HANDLER] = "timer_handler",
    [TIMER_COMPLETE] = "timer_complete",
    [WFI_WAKE] = "wfi_wake",
    [YIELD] = "yield",
    [PAGE_POPULATE] = "page_populate",
    [PAGE_REMOVE] = "page_remove",
    [BLOCK_POPULATE] = "block_populate",
    [BLOCK_REMOVE] = "block_remove",
    [GRANT_MAP] = "grant_map",
    [GRANT_UNMAP] = "grant_unmap",
};

/* Best round so far, in instructions for an operation; 0: not measured. */
static uint64_t best[NR_OPS];

static volatile unsigned int sgis, timers;
static volatile unsigned int other_ready, other_stop;

static void record(enum op op, uint64_t ticks, unsigned int nr)
{
    uint64_t insns = ticks * TICK_NS / nr;

    if ( !best[op] || insns < best[op] )
        best[op] = insns;
}

static void check(long rc, long wanted, const char *what)
{
    if ( rc != wanted )
        panic("%s: %ld\n", what, rc);
}

/* Instructions of a loop around nothing: what each measured loop adds. */
#define LOOP(stmt)                                                             \
    do                                                                         \
    {                                                                          \
        unsigned int loop_i;                                                   \
                                                                               \
        for ( loop_i = 0; loop_i < OPS; loop_i++ )                             \
        {                                                                      \
            stmt;                                                              \
            __asm__ volatile("" : "+r"(loop_i));                               \
        }                                                                      \
    } while ( 0 )

#define MEASURE(op, stmt)                                                      \
    do                                                                         \
    {                                                                          \
        uint64_t start = counter(), middle;                                    \
                                                                               \
        LOOP((void)0);                                                         \
        middle = counter();                                                    \
        LOOP(stmt);                                                            \
        record(op, counter() - middle - (middle - start), OPS);                \
    } while ( 0 )

/* Shifts the next operation's start against the tick, by i of 16 steps. */
static void dither(unsigned int i)
{
    for ( i %= 16; i; i-- )
        __asm__ volatile("nop");
}

/* ---- Calls and trapped registers ---- */

static void measure_calls(void)
{
    MEASURE(NULL_HYPERCALL,
            hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL));
    MEASURE(UNKNOWN_HYPERCALL, hypercall(BAD_HYPERCALL, 0, NULL));
    MEASURE(PSCI_VERSION_CALL, smccc(PSCI_VERSION, 0, 0, 0));
    MEASURE(YIELD, hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL));
}

static void measure_registers(void)
{
    uint64_t gicr = gic.gicr_base + GICR_SGI + GICD_ISENABLER(0);

    MEASURE(GICD_TYPER_READ, read32(gic.gicd_base + GICD_TYPER));
    MEASURE(GICD_ISENABLER_WRITE,
            write32(gic.gicd_base + GICD_ISENABLER(SPI_WORD), 0));
    if ( gic.v3 )
    {
        MEASURE(GICR_READ, read32(gicr));
        MEASURE(GICR_WRITE, write32(gicr, 0));
    }
}

/* ---- Interrupts ---- */

static void sgi_handler(unsigned int irq)
{
    (void)irq;
    sgis++;
}

static void timer_handler(unsigned int irq)
{
    (void)irq;
    __asm__ volatile("msr cntv_ctl_el0, xzr; isb");
    timers++;
}

/* A sum of stamps for operations begun at every phase of the tick. */
struct sums {
    uint64_t handler, complete;
};

static void record_sums(enum op handler, enum op complete, struct sums s)
{
    record(handler, s.handler, OPS);
    record(complete, s.complete, OPS);
}

static void measure_self_ipi(void)
{
    struct sums s = {0, 0};
    unsigned int i, seen;
    uint64_t start;

    for ( i = 0; i < OPS; i++ )
    {
        seen = sgis;
        dither(i);
        start = counter();
        gic_send_sgi(SGI, 0);
        while ( sgis == seen )
            cpu_relax();
        s.complete += counter() - start;
        s.handler += cpus[0].irq_stamp - start;
    }
    record_sums(SELF_IPI_HANDLER, SELF_IPI_COMPLETE, s);
}

static void measure_events(void)
{
    struct sums s = {0, 0};
    static evtchn_port_t from, to;
    struct evtchn_send send;
    unsigned int i, seen;
    uint64_t start;

    if ( !from )
        check(events_loopback(&from, &to), 0, "event channel to ourselves");

    send.port = from;
    for ( i = 0; i < OPS; i++ )
    {
        seen = events.count[to];
        dither(i);
        start = counter();
        evtchn_op(EVTCHNOP_send, &send);
        while ( events.count[to] == seen )
            cpu_relax();
        s.complete += counter() - start;
        s.handler += cpus[0].irq_stamp - start;
    }
    record_sums(EVENT_HANDLER, EVENT_COMPLETE, s);
}

static void timer_start(uint64_t at)
{
    __asm__ volatile("msr cntv_cval_el0, %0; msr cntv_ctl_el0, %1; isb"
                     :
                     : "r"(at), "r"(1UL));
}

static void measure_timer(void)
{
    struct sums s = {0, 0};
    unsigned int i, seen;
    uint64_t at;

    for ( i = 0; i < OPS; i++ )
    {
        seen = timers;
        at = counter() + NEAR_TICKS;
        timer_start(at);
        dither(i);
        while ( timers == seen )
            __asm__ volatile("" : : : "memory");
        s.complete += counter() - at;
        s.handler += cpus[0].irq_stamp - at;
    }
    record_sums(TIMER_HANDLER, TIMER_COMPLETE, s);
}

/* From the deadline to the wfi's end: the CPU sleeps until just then. */
static void measure_wfi(void)
{
    uint64_t sum = 0, at;
    unsigned int i, seen;

    for ( i = 0; i < OPS; i++ )
    {
        seen = timers;
        irq_disable();
        at = counter() + FAR_TICKS;
        timer_start(at);
        __asm__ volatile("wfi");
        sum += counter() - at;
        irq_enable();
        while ( timers == seen )
            cpu_relax();
    }
    record(WFI_WAKE, sum, OPS);
}

/* The other CPU: answers each SGI by one, and spins in between. */
static void answer_handler(unsigned int irq)
{
    gic_send_sgi(irq, 0);
}

static void other_main(unsigned int id)
{
    (void)id;
    gic_init_cpu();
    gic_enable(SGI, answer_handler);
    other_ready = 1;
    irq_enable();
    while ( !other_stop )
        cpu_relax();
    irq_disable();
}

static void measure_ipi_round_trip(void)
{
    uint64_t start, sum = 0;
    unsigned int i, seen;

    for ( i = 0; i < OPS; i++ )
    {
        seen = sgis;
        dither(i);
        start = counter();
        gic_send_sgi(SGI, 1);
        while ( sgis == seen )
            cpu_relax();
        sum += counter() - start;
    }
    record(IPI_ROUND_TRIP, sum, OPS);
}

/* ---- Memory ---- */

static void measure_extents(enum op populate, enum op remove, void *mem,
                            unsigned int nr, unsigned int order)
{
    unsigned long gfn = (unsigned long)mem >> PAGE_SHIFT;
    uint64_t start, middle;
    unsigned int i;

    start = counter();
    for ( i = 0; i < nr; i++ )
        check(extent_remove(gfn + ((unsigned long)i << order), order), 1,
              "decrease_reservation");
    middle = counter();
    for ( i = 0; i < nr; i++ )
        check(extent_populate(gfn + ((unsigned long)i << order), order), 1,
              "populate_physmap");
    record(remove, middle - start, nr);
    record(populate, counter() - middle, nr);
}

/* Frames [0, OPS) of mem are granted and mapped at frames [OPS, 2 * OPS). */
static void grant_prepare(struct grant_entry_v1 *table, void *mem)
{
    unsigned long gfn = (unsigned long)mem >> PAGE_SHIFT;
    unsigned int i;

    for ( i = 0; i < OPS; i++ )
    {
        check(extent_remove(gfn + OPS + i, 0), 1, "decrease_reservation");
        table[FIRST_GREF + i].domid = 0;
        table[FIRST_GREF + i].frame = (uint32_t)(gfn + i);
        __asm__ volatile("dmb ish" : : : "memory");
        table[FIRST_GREF + i].flags = GTF_permit_access;
    }
}

/* One frame at a time, as a block back end does it. */
static void measure_grants(void *mem)
{
    uint64_t addr = (uint64_t)mem + OPS * PAGE_SIZE, start, middle;
    uint64_t mapped = 0, unmapped = 0;
    unsigned int i;

    for ( i = 0; i < OPS; i++ )
    {
        struct gnttab_map_grant_ref map = {
            .host_addr = addr + i * PAGE_SIZE,
            .flags = GNTMAP_host_map,
            .ref = FIRST_GREF + i,
            .dom = 0,
        };
        struct gnttab_unmap_grant_ref unmap = {.host_addr = map.host_addr};

        dither(i);
        start = counter();
        grant_op(GNTTABOP_map_grant_ref, &map, 1);
        middle = counter();
        check(map.status, GNTST_okay, "map_grant_ref");
        unmap.handle = map.handle;
        mapped += middle - start;

        dither(i);
        start = counter();
        grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
        middle = counter();
        check(unmap.status, GNTST_okay, "unmap_grant_ref");
        unmapped += middle - start;
    }
    record(GRANT_MAP, mapped, OPS);
    record(GRANT_UNMAP, unmapped, OPS);
}

/* Debug key 'o': on Proxenos its lines give the size of the IOMMU tables. */
static void dump_iommu_tables(void)
{
    static char key = 'o';
    struct xen_sysctl sysctl = {
        .cmd = XEN_SYSCTL_debug_keys,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.debug_keys.nr_keys = 1,
    };

    set_xen_guest_handle(sysctl.u.debug_keys.keys, &key);
    hypercall(__HYPERVISOR_sysctl, (unsigned long)&sysctl, NULL);
}

/* ---- The two runs ---- */

static void run_one_cpu(void)
{
    void *pages = ram_alloc(2 * BLOCK_SIZE, BLOCK_SIZE);
    void *blocks = ram_alloc(BLOCK_OPS * BLOCK_SIZE, BLOCK_SIZE);
    void *granted = ram_alloc(BLOCK_SIZE, BLOCK_SIZE);
    struct grant_entry_v1 *table = grant_init();
    unsigned int round;

    dump_iommu_tables();
    grant_prepare(table, granted);
    for ( round = 0; round < ROUNDS; round++ )
    {
        measure_calls();
        measure_registers();
        measure_self_ipi();
        measure_events();
        measure_timer();
        measure_wfi();
        measure_extents(PAGE_POPULATE, PAGE_REMOVE, pages, OPS, 0);
        measure_extents(BLOCK_POPULATE, BLOCK_REMOVE, blocks, BLOCK_OPS, 9);
        measure_grants(granted);
    }
}

static void run_two_cpus(void)
{
    unsigned int round;

    check(cpu_start(1, other_main), 0, "CPU_ON");
    while ( !other_ready )
        cpu_relax();
    for ( round = 0; round < ROUNDS; round++ )
        measure_ipi_round_trip();
    other_stop = 1;
}

void payload_main(void)
{
    unsigned int i;

    gic_init();
    gic_enable(SGI, sgi_handler);
    gic_enable(VTIMER_IRQ, timer_handler);
    events_init();
    irq_enable();

    if ( boot.nr_cpus > 1 )
        run_two_cpus();
    else
        run_one_cpu();

    for ( i = 0; i < NR_OPS; i++ )
    {
        if ( best[i] )
            printk("BENCH %s %lu\n", names[i], best[i]);
    }
    if ( boot.nr_cpus == 1 )
        printk("BENCH entry_to_dom0 %lu\n", boot.cntpct * TICK_NS);
    printk("BENCH-END\n");
}
