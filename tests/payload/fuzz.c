/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest: hypercalls with arguments of all kinds, alone and in
 * multicalls, and accesses to emulated registers, from two vCPUs at once. It
 * cannot say that the hypervisor is unharmed: others look at that. It looks
 * for addresses of the hypervisor in whatever a call has written.
 *
 * The command line is "fuzz=CALLS seed=SEED ram=MIB", the last one being the
 * machine's: arguments that are copied to odd places look like addresses now and
 * then. The last line begins with "fuzz: " and the number of calls; FAIL in it
 * means that one disclosed something. Interrupts stay masked: what becomes of
 * them is the fuzz's.
 */
#include "fuzz.h"

#include <public/features.h>
#include <public/memory.h>
#include <public/version.h>

#include "fdt.h"
#include "gic.h"
#include "hypercall.h"
#include "memory.h"
#include "pv-console.h"

#define GROUND_SIZE    (16 * BLOCK_SIZE)
#define PATTERN        0xa5a5a5a5a5a5a5a5UL
#define DEFAULT_CALLS  50000UL
#define MAX_RANGES     8
#define DIRECT_MAP_RAM 0x800040000000UL
#define SYSREGS        32768 /* encodings with op0 of 2 and 3 */
#define MRS_X0         0xd5300000U

struct fuzz_world world;
static struct fuzz fuzz[2];
static unsigned long seed = 1;
static unsigned long ram_size; /* the machine's */

/* Emulated registers, and nothing at all. */
static struct {
    uint64_t base, size;
} range[MAX_RANGES];
static unsigned int nr_ranges;

uint64_t rnd64(struct fuzz *f)
{
    /* xorshift64* */
    f->state ^= f->state >> 12;
    f->state ^= f->state << 25;
    f->state ^= f->state >> 27;
    return f->state * 0x2545f4914f6cdd1dUL;
}

unsigned int rnd(struct fuzz *f, unsigned int below)
{
    return (unsigned int)((rnd64(f) >> 32) * below >> 32);
}

/* As asm/config.h of the hypervisor places things. */
bool is_ours(uint64_t v)
{
    uint64_t top = v >> 32, low = (uint32_t)v;

    return (v >= DIRECT_MAP_RAM && v - DIRECT_MAP_RAM < ram_size) ||
           ((top == 0xf000 || top == 0xf100) && low) || /* registers, stacks */
           (top >= 0xf800 && top < 0xf810) ||           /* frame table */
           (top == 0xff00 && low && low < 0x200000);    /* image */
}

/* ---- what a call has written ---- */

static void found(struct fuzz *f, const struct call *c, uint64_t value)
{
    if ( f->disclosed++ )
        return;
    f->first_nr = (unsigned int)c->nr;
    f->first_cmd = c->arg[0];
    f->first_value = value;
}

static void scan(struct fuzz *f, const struct call *c)
{
    const uint64_t *word = (const uint64_t *)(const void *)f->arena;
    const uint64_t *end = (const uint64_t *)(const void *)f->arena->hole;

    for ( ; word < end; word++ )
        if ( is_ours(*word) )
            found(f, c, *word);
}

static void prepare(struct fuzz *f)
{
    struct arena *a = f->arena;

    for ( unsigned int i = 0; i < LIST_WORDS; i++ )
        a->out[i] = PATTERN;
    for ( unsigned int i = 0, at = rnd(f, LIST_WORDS - 16); i < 16; i++ )
        a->list[at + i] =
            world.ground +
            rnd(f, (unsigned int)(world.end - world.ground) - 512);
}

/* ---- calls ---- */

static void count(struct fuzz *f, unsigned long nr, long rc)
{
    unsigned int i = nr < FUZZ_NRS ? (unsigned int)nr : FUZZ_NRS - 1;

    f->calls++;
    f->tried[i]++;
    f->ok[i] += rc >= 0;
}

static long issue(struct fuzz *f, const struct call *c)
{
    long rc = hypercall5(c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3],
                         c->arg[4]);

    if ( is_ours((uint64_t)rc) )
        found(f, c, (uint64_t)rc);
    return rc;
}

static void one_call(struct fuzz *f)
{
    struct call c;

    make_call(f, &c, 0);
    count(f, c.nr, issue(f, &c));
    scan(f, &c);
}

static void one_multicall(struct fuzz *f)
{
    struct multicall_entry *e = (void *)f->arena->multicall;
    unsigned int nr = 1 + rnd(f, SLOTS);
    struct call c, list = {.nr = __HYPERVISOR_multicall};

    for ( unsigned int i = 0; i < nr; i++ )
    {
        make_call(f, &c, i);
        if ( !rnd(f, 16) )
            c.nr = __HYPERVISOR_multicall; /* no nesting */
        e[i].op = c.nr;
        e[i].result = PATTERN;
        for ( unsigned int n = 0; n < ARRAY_SIZE(e[i].args); n++ )
            e[i].args[n] = n < ARRAY_SIZE(c.arg) ? c.arg[n] : 0;
    }
    list.arg[0] = (unsigned long)e;
    list.arg[1] = nr;
    count(f, list.nr, issue(f, &list));
    for ( unsigned int i = 0; i < nr; i++ )
        if ( e[i].result != PATTERN )
            count(f, e[i].op, (long)e[i].result);
    scan(f, &list);
}

/* ---- registers ---- */

static void access(struct fuzz *f, uint64_t addr, unsigned int size, bool write,
                   uint64_t v)
{
    fault_arm();
    switch ( size )
    {
    case 0:
        if ( write )
            __asm__ volatile("strb %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
        else
            __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(addr));
        break;
    case 1:
        if ( write )
            __asm__ volatile("strh %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
        else
            __asm__ volatile("ldrsh %0, [%1]" : "=r"(v) : "r"(addr));
        break;
    case 2:
        if ( write )
            __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
        else
            __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr));
        break;
    case 3:
        if ( write )
            __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(addr) : "memory");
        else
            __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(addr));
        break;
    case 4: /* no syndrome for an emulator */
        if ( write )
            __asm__ volatile("stp %0, %0, [%1]"
                             :
                             : "r"(v), "r"(addr)
                             : "memory");
        else
            __asm__ volatile("ldp %0, xzr, [%1]" : "=r"(v) : "r"(addr));
        break;
    default:
        __asm__ volatile("dc cvac, %0" : : "r"(addr) : "memory");
        break;
    }
    f->faults += fault_result().taken;
    f->mmio++;
    if ( !write && is_ours(v) )
        found(f, &(struct call){.nr = FUZZ_NRS, .arg = {addr}}, v);
}

static void one_access(struct fuzz *f)
{
    unsigned int i = rnd(f, nr_ranges), size = rnd(f, 6);
    uint64_t offset = rnd64(f) % range[i].size;

    if ( rnd(f, 4) ) /* registers are at the start of a range, and aligned */
        offset = (rnd(f, 2) ? offset : offset & 0xfff) & ~0UL << (size & 3);
    access(f, range[i].base + offset, size, rnd(f, 2),
           launder(rnd(f, 2) ? rnd64(f) : 1UL << rnd(f, 64)));
}

/* SGIs, the emulated timer, and the virtual CPU interface itself. */
static void one_sysreg(struct fuzz *f)
{
    uint64_t v =
        launder(rnd(f, 2) ? rnd64(f) & 0xff0f0000ffUL : 1UL << rnd(f, 64));

    fault_arm();
    switch ( rnd(f, gic.v3 ? 6 : 3) )
    {
    case 0:
        __asm__ volatile("msr cntp_tval_el0, %0" : : "r"(v & 0xffff));
        break;
    case 1:
        __asm__ volatile("msr cntp_ctl_el0, %0" : : "r"(v & 3));
        break;
    case 2:
        __asm__ volatile("msr cntp_cval_el0, %0" : : "r"(v));
        break;
    case 3:
        __asm__ volatile("msr s3_0_c12_c11_5, %0" : : "r"(v)); /* SGI1R */
        break;
    case 4:
        __asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(v)); /* IAR1 */
        if ( rnd(f, 4) )
            __asm__ volatile("msr s3_0_c12_c12_1, %0" : : "r"(v));
        break;
    case 5:
        __asm__ volatile("msr s3_0_c12_c11_7, %0" : : "r"(v)); /* SGI0R */
        break;
    }
    f->faults += fault_result().taken;
    f->mmio++;
}

/* Every system register there could be is read once. */
static void read_all_sysregs(struct fuzz *f)
{
    uint32_t *code = ram_alloc(PAGE_SIZE, PAGE_SIZE);

    for ( uint32_t i = 0; i < SYSREGS; i++ )
    {
        register uint64_t v __asm__("x0") = 0;

        code[0] = MRS_X0 | i << 5;
        code[1] = 0xd65f03c0U; /* ret */
        __asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb"
                         :
                         : "r"(code)
                         : "memory");
        fault_arm();
        __asm__ volatile("blr %1" : "+r"(v) : "r"(code) : "x30", "memory");
        f->faults += fault_result().taken;
        f->mmio++;
        if ( is_ours(v) )
            found(f, &(struct call){.nr = FUZZ_NRS, .arg = {i}}, v);
    }
}

/* ---- life ---- */

static void run(struct fuzz *f)
{
    unsigned long tenth = f->left / 10, next = f->left - tenth;

    while ( f->left )
    {
        unsigned long before = f->calls;

        prepare(f);
        if ( !rnd(f, 8) )
            one_multicall(f);
        else
            one_call(f);
        for ( unsigned int i = rnd(f, 3); i; i-- )
            one_access(f);
        if ( !rnd(f, 4) )
            one_sysreg(f);
        before = f->calls - before;
        f->left -= f->left < before ? f->left : before;
        if ( f == &fuzz[0] && f->left < next )
        {
            printk("fuzz: %lu calls to go\n", f->left);
            next = next > tenth ? next - tenth : 0;
        }
    }
    f->done = true;
}

static void other_main(unsigned int id)
{
    run(&fuzz[id]);
}

static void add_range(uint64_t base, uint64_t size)
{
    if ( nr_ranges < MAX_RANGES )
    {
        range[nr_ranges].base = base;
        range[nr_ranges++].size = size;
    }
}

static void add_node(const char *compatible)
{
    struct fdt_query q = {
        .prop = "compatible",
        .value = compatible,
        .want = "reg",
    };
    const uint8_t *reg = fdt_find(boot.fdt, &q, NULL);
    uint64_t size = reg ? fdt_cell64(reg, 2) : 0;

    /* of a configuration space, the first bus */
    if ( reg )
        add_range(fdt_cell64(reg, 0), size < 0x100000 ? size : 0x100000);
}

static void find_ranges(void)
{
    world.device = gic.gicd_base;
    add_range(gic.gicd_base, gic.v3 ? 0x10000 : 0x1000);
    if ( gic.v3 )
        add_range(gic.gicr_base, 2 * GICR_STRIDE);
    else
        add_range(gic.gicc_base, 0x2000);
    add_node("arm,gic-v2m-frame");
    add_node("pci-host-ecam-generic");
    if ( world.control_domain )
        return;
    /* Where a guest may have a frame that its tree does not name. */
    add_range(0x03011000, 0x1000);
    add_range(0, 0x38000000);
}

static void find_world(void)
{
    struct xen_feature_info features = {.submap_idx = 0};
    uint64_t ground = (uint64_t)ram_alloc(GROUND_SIZE, BLOCK_SIZE);
    uint64_t start, size;

    hypercall(__HYPERVISOR_xen_version, XENVER_get_features, &features);
    world.control_domain = features.submap >> XENFEAT_dom0 & 1;
    world.ground = ground >> PAGE_SHIFT;
    world.end = (ground + GROUND_SIZE) >> PAGE_SHIFT;
    world.console_port = pv_console_port();
    for ( unsigned int i = 0; memory_range(boot.fdt, i, &start, &size); i++ )
        if ( (start + size) >> PAGE_SHIFT > world.ram_end )
            world.ram_end = (start + size) >> PAGE_SHIFT;
    world.ram_end = (world.ram_end + 511) & ~511UL;
}

/* "fuzz=50000" and the like, in whatever node has a command line. */
static unsigned long option(const char *name, unsigned long value)
{
    const char *s = fdt_bootargs(boot.fdt);
    unsigned int n = 0;

    for ( ; s && *s; s++ )
    {
        for ( n = 0; name[n] && s[n] == name[n]; n++ )
            continue;
        if ( name[n] )
            continue;
        for ( value = 0, s += n; *s >= '0' && *s <= '9'; s++ )
            value = value * 10 + (unsigned long)(*s - '0');
        break;
    }
    return value;
}

static void start(struct fuzz *f, unsigned long calls, unsigned int id)
{
    f->state = (seed + id) * 0x9e3779b97f4a7c15UL + 1;
    f->left = calls;
    f->arena = ram_alloc(sizeof(struct arena), PAGE_SIZE);
    memset(f->arena, 0, sizeof(struct arena));
    extent_remove((uint64_t)f->arena->hole >> PAGE_SHIFT, 0);
}

static void report(unsigned int vcpus)
{
    unsigned long calls = 0, ok = 0, mmio = 0, faults = 0, disclosed = 0;

    for ( unsigned int nr = 0; nr < FUZZ_NRS; nr++ )
        if ( fuzz[0].tried[nr] )
            printk("fuzz: call %u: %lu, %lu succeeded\n", nr,
                   fuzz[0].tried[nr] + fuzz[1].tried[nr],
                   fuzz[0].ok[nr] + fuzz[1].ok[nr]);
    for ( unsigned int i = 0; i < vcpus; i++ )
    {
        struct fuzz *f = &fuzz[i];

        calls += f->calls;
        mmio += f->mmio;
        faults += f->faults;
        disclosed += f->disclosed;
        for ( unsigned int nr = 0; nr < FUZZ_NRS; nr++ )
            ok += f->ok[nr];
        if ( f->disclosed )
            printk("fuzz: call %u, %lx has disclosed %lx\n", f->first_nr,
                   f->first_cmd, f->first_value);
    }
    printk("fuzz: %lu calls, %lu succeeded, %lu accesses, %lu faults, %lu "
           "disclosures, seed %lu: %s\n",
           calls, ok, mmio, faults, disclosed, seed,
           disclosed ? "FAIL" : "PASS");
}

void payload_main(void)
{
    unsigned int vcpus = boot.nr_cpus > 1 ? 2 : 1;
    unsigned long calls = option("fuzz=", DEFAULT_CALLS);

    seed = option("seed=", counter());
    ram_size = option("ram=", 65536) << 20;
    printk("fuzz: %lu calls on %u vCPUs, seed %lu\n", calls, vcpus, seed);
    gic_init();
    find_world();
    find_ranges();
    for ( unsigned int i = 0; i < vcpus; i++ )
        start(&fuzz[i], calls / vcpus, i);
    read_all_sysregs(&fuzz[0]);
    if ( vcpus > 1 && cpu_start(1, other_main) )
        panic("the second vCPU does not start\n");
    run(&fuzz[0]);
    while ( vcpus > 1 && !fuzz[1].done )
        cpu_relax();
    report(vcpus);
}
