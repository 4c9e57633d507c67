/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up, identity map, console and exceptions of the guest payloads.
 *
 * Owns root_table, the memory that ram_alloc() hands out and the per-CPU
 * blocks. One 39-bit root of 1 GiB blocks: Normal where the device tree has
 * memory, Device elsewhere below the last memory, nothing above, so that an
 * address from there is untranslatable. No lock: only the boot CPU allocates
 * and prints.
 * Manual: DDI 0487 D8.3 "Translation table descriptor formats".
 */
#include "runtime.h"

#include <stdarg.h>

#include <public/sched.h>

#include "fdt.h"
#include "gic.h"
#include "hypercall.h"
#include "pv-console.h"

#define GIB          0x40000000UL
#define ROOT_ENTRIES 512
#define DESC_BLOCK   0x401UL /* AF, valid, block */
#define DESC_NORMAL  0x304UL /* inner shareable, MAIR index 1 */
#define DESC_XN      (3UL << 53)

#define LINE_SIZE 256

/* What the vectors of start.S leave on the stack. */
struct frame {
    uint64_t x[19], x29, x30, elr, spsr;
};

_Static_assert(sizeof(struct cpu) == CPU_SIZE, "start.S sets SP by CPU_SIZE");
_Static_assert(offsetof(struct frame, elr) == 168, "start.S: save");

extern const char _start[], _end[];

void mm_prepare(const void *fdt);
void runtime_main(const void *fdt, uint64_t cntpct) __attribute__((noreturn));
void runtime_secondary(struct cpu *cpu) __attribute__((noreturn));
void secondary_start(void);
void sync_handler(struct frame *f);
void unexpected_handler(struct frame *f) __attribute__((noreturn));

uint64_t root_table[ROOT_ENTRIES] __attribute__((aligned(4096)));
/*
 * The stack ends with a page: what a shallow function passes to the hypervisor
 * does not cross one, so that its cost does not depend on the link.
 */
struct cpu cpus[MAX_CPUS] __attribute__((aligned(4096)));
struct boot boot;

static uint64_t ram_next, ram_end;

bool memory_range(const void *fdt, unsigned int n, uint64_t *start,
                  uint64_t *size)
{
    struct fdt_query q = {
        .prop = "device_type",
        .value = "memory",
        .want = "reg",
    };
    const uint8_t *reg;
    uint32_t len;

    for ( ; (reg = fdt_find(fdt, &q, &len)) != NULL; q.index++ )
    {
        if ( n < len / 16 )
        {
            *start = fdt_cell64(reg, 4 * n);
            *size = fdt_cell64(reg, 4 * n + 2);
            return true;
        }
        n -= len / 16;
    }

    return false;
}

void mm_prepare(const void *fdt)
{
    uint64_t start, size, i, last = 0;
    unsigned int n;

    for ( n = 0; memory_range(fdt, n, &start, &size); n++ )
    {
        if ( !size )
            continue;
        for ( i = start / GIB;
              i <= (start + size - 1) / GIB && i < ROOT_ENTRIES; i++ )
        {
            root_table[i] = i * GIB | DESC_BLOCK | DESC_NORMAL;
            last = i > last ? i : last;
        }
    }

    for ( i = 0; i < last; i++ )
    {
        if ( !root_table[i] )
            root_table[i] = i * GIB | DESC_BLOCK | DESC_XN;
    }
}

void map_device(uint64_t addr)
{
    uint64_t i = addr / GIB;

    if ( i >= ROOT_ENTRIES )
        panic("no device can be at %lx\n", addr);
    if ( !root_table[i] )
        root_table[i] = i * GIB | DESC_BLOCK | DESC_XN;
    __asm__ volatile("dsb ishst; isb" : : : "memory");
}

static void ram_init(const void *fdt)
{
    uint64_t image = (uint64_t)_start, start, size;
    unsigned int n;

    for ( n = 0; memory_range(fdt, n, &start, &size); n++ )
    {
        if ( image < start || image - start >= size )
            continue;

        ram_next = (uint64_t)_end;
        ram_end = start + size;
        /* The hypervisor puts the tree in the same bank, behind the image. */
        if ( (uint64_t)fdt > image && (uint64_t)fdt < ram_end )
            ram_end = (uint64_t)fdt;
        return;
    }

    panic("no memory node covers the image at %lx\n", image);
}

void *ram_alloc(size_t size, size_t align)
{
    uint64_t start = (ram_next + align - 1) & ~((uint64_t)align - 1);

    if ( start > ram_end || size > ram_end - start )
        panic("ram_alloc: no %lu bytes left\n", size);
    ram_next = start + size;

    return (void *)start;
}

static void find_cpus(const void *fdt)
{
    struct fdt_query q = {
        .prop = "device_type",
        .value = "cpu",
        .want = "reg",
    };
    const uint8_t *reg;
    uint32_t len;

    for ( ; q.index < MAX_CPUS && (reg = fdt_find(fdt, &q, &len)); q.index++ )
    {
        boot.mpidr[q.index] = len == 8 ? fdt_cell64(reg, 0) : fdt_cell(reg, 0);
        cpus[q.index].id = q.index;
    }
    boot.nr_cpus = q.index;
}

void runtime_main(const void *fdt, uint64_t cntpct)
{
    boot.fdt = fdt;
    boot.cntpct = cntpct;
    ram_init(fdt);
    find_cpus(fdt);
    payload_main();
    shutdown(SHUTDOWN_poweroff);
}

void runtime_secondary(struct cpu *cpu)
{
    cpu->main(cpu->id);
    smccc(PSCI_CPU_OFF, 0, 0, 0);
    panic("CPU %u is still on\n", cpu->id);
}

long cpu_start(unsigned int id, void (*fn)(unsigned int id))
{
    cpus[id].main = fn;
    __asm__ volatile("dsb sy" : : : "memory");

    return smccc(PSCI_CPU_ON, boot.mpidr[id], (uint64_t)secondary_start,
                 (uint64_t)&cpus[id]);
}

void shutdown(unsigned int reason)
{
    struct sched_shutdown arg = {.reason = reason};

    for ( ;; )
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &arg);
}

/* ---- Exceptions ---- */

static uint64_t read_esr(void)
{
    uint64_t v;

    __asm__ volatile("mrs %0, esr_el1" : "=r"(v));

    return v;
}

static uint64_t read_far(void)
{
    uint64_t v;

    __asm__ volatile("mrs %0, far_el1" : "=r"(v));

    return v;
}

void sync_handler(struct frame *f)
{
    struct cpu *cpu = this_cpu();

    if ( !cpu->fault_expected )
        unexpected_handler(f);

    cpu->fault = (struct fault){true, read_esr(), read_far()};
    f->elr += 4;
}

void unexpected_handler(struct frame *f)
{
    panic("exception: esr %lx far %lx elr %lx spsr %lx\n", read_esr(),
          read_far(), f->elr - (uint64_t)_start, f->spsr);
}

void fault_arm(void)
{
    struct cpu *cpu = this_cpu();

    cpu->fault.taken = false;
    cpu->fault_expected = true;
    __asm__ volatile("" : : : "memory");
}

struct fault fault_result(void)
{
    struct cpu *cpu = this_cpu();

    __asm__ volatile("dsb sy; isb" : : : "memory");
    cpu->fault_expected = false;

    return cpu->fault;
}

struct fault try_read(uint64_t addr, uint32_t *v)
{
    struct fault fault;
    uint32_t got;

    fault_arm();
    got = read32(addr);
    fault = fault_result();
    if ( v && !fault.taken )
        *v = got;

    return fault;
}

struct fault try_write(uint64_t addr, uint32_t v)
{
    fault_arm();
    write32(addr, v);

    return fault_result();
}

/* ---- Console ---- */

struct line {
    char buf[LINE_SIZE];
    unsigned int used;
};

static void line_flush(struct line *l)
{
    if ( hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, l->used, l->buf) )
        pv_console_write(l->buf, l->used);
    l->used = 0;
}

static void line_put(struct line *l, char c)
{
    l->buf[l->used++] = c;
    if ( c == '\n' || l->used == LINE_SIZE )
        line_flush(l);
}

static void line_number(struct line *l, uint64_t v, unsigned int base)
{
    char digits[20];
    unsigned int n = 0;

    do
    {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while ( v );

    while ( n )
        line_put(l, digits[--n]);
}

static void line_signed(struct line *l, long v)
{
    if ( v < 0 )
        line_put(l, '-');
    line_number(l, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void vprintk(const char *fmt, va_list *ap)
{
    struct line l = {.used = 0};
    const char *s;

    for ( ; *fmt; fmt++ )
    {
        bool is_long;

        if ( *fmt != '%' )
        {
            line_put(&l, *fmt);
            continue;
        }

        is_long = *++fmt == 'l';
        if ( is_long )
            fmt++;

        switch ( *fmt )
        {
        case 's':
            for ( s = va_arg(*ap, const char *); *s; s++ )
                line_put(&l, *s);
            break;
        case 'c':
            line_put(&l, (char)va_arg(*ap, int));
            break;
        case 'd':
            line_signed(&l, is_long ? va_arg(*ap, long) : va_arg(*ap, int));
            break;
        case 'u':
        case 'x':
            line_number(&l,
                        is_long ? va_arg(*ap, unsigned long)
                                : va_arg(*ap, unsigned int),
                        *fmt == 'u' ? 10 : 16);
            break;
        default:
            line_put(&l, *fmt);
            break;
        }
    }

    if ( l.used )
        line_flush(&l);
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintk(fmt, &ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printk("PX-PANIC: ");
    vprintk(fmt, &ap);
    va_end(ap);
    shutdown(SHUTDOWN_poweroff);
}

/* ---- What the compiler calls ---- */

void *memset(void *dst, int c, size_t n)
{
    unsigned char *d = dst;

    while ( n-- )
        *d++ = (unsigned char)c;

    return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
    const unsigned char *s = src;
    unsigned char *d = dst;

    while ( n-- )
        *d++ = *s++;

    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for ( ; n; n--, x++, y++ )
    {
        if ( *x != *y )
            return *x - *y;
    }

    return 0;
}
