/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every bare-metal guest payload gets from the runtime: start-up, an
 * identity map, console, memory to use, exceptions, further CPUs.
 *
 * Not here: the interrupt controller (gic.h), event channels (events.h), the
 * device tree (fdt.h), hypercalls (hypercall.h).
 * Payloads have one flow of control per CPU and share no locks.
 */
#ifndef PAYLOAD_RUNTIME_H
#define PAYLOAD_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define BLOCK_SIZE 0x200000UL /* order 9 */
#define MAX_CPUS   8
#define TICK_NS    16 /* 62.5 MHz; 16 instructions by icount */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What try_read() and try_write() saw. */
struct fault {
    bool taken;
    uint64_t esr, far;
};

struct cpu {
    uint64_t irq_stamp; /* counter at the last vector entry */
    unsigned int id;
    bool fault_expected;
    struct fault fault;
    void (*main)(unsigned int id);
    uint8_t stack[CPU_SIZE - 48] __attribute__((aligned(8)));
};

struct boot {
    const void *fdt;
    uint64_t cntpct; /* at the payload's first instruction */
    unsigned int nr_cpus;
    uint64_t mpidr[MAX_CPUS];
};

extern struct boot boot;
extern struct cpu cpus[MAX_CPUS];

/* Each payload defines this; returning from it powers the domain off. */
void payload_main(void);

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;

    __asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));

    return cpu;
}

/* The virtual counter, after everything before it has completed. */
static inline uint64_t counter(void)
{
    uint64_t t;

    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t) : : "memory");

    return t;
}

static inline void irq_enable(void)
{
    __asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("msr daifset, #2" : : : "memory");
}

/* Lets other CPUs run under a round-robin model too. */
static inline void cpu_relax(void)
{
    __asm__ volatile("yield" : : : "memory");
}

static inline uint32_t read32(uint64_t addr)
{
    uint32_t v;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");

    return v;
}

static inline void write32(uint64_t addr, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static inline uint64_t read64(uint64_t addr)
{
    uint64_t v;

    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(addr) : "memory");

    return v;
}

/*
 * printk - format onto the hypervisor's console.
 * Knows %s %c %d %u %x and %%, each with an optional l. One hypercall a line.
 * A domain that may not write there has a console of its own (pv-console.c).
 */
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* panic - print a line that begins with PX-PANIC, then power off. */
void panic(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* shutdown - end the domain with a SHUTDOWN_* reason of <public/sched.h>. */
void shutdown(unsigned int reason) __attribute__((noreturn));

/*
 * ram_alloc - take memory that nothing else uses, zeroed by nobody.
 * @size: bytes   @align: a power of two, at least a page
 * Never freed. Panics when the bank that holds the payload is used up.
 */
void *ram_alloc(size_t size, size_t align);

/* memory_range - the n-th range of RAM by the tree; false behind the last. */
bool memory_range(const void *fdt, unsigned int n, uint64_t *start,
                  uint64_t *size);

/* map_device - the GiB around addr, where the tree has no memory. */
void map_device(uint64_t addr);

/*
 * try_read - read 32 bits at addr where the read may fault.
 * @v: the value, untouched after a fault; may be NULL
 * Return: whether it faulted, with the syndrome.
 */
struct fault try_read(uint64_t addr, uint32_t *v);
struct fault try_write(uint64_t addr, uint32_t v);

/* fault_arm - the next instructions may fault, and are stepped over then.
 * fault_result - until here; the last fault. Both of this CPU. */
void fault_arm(void);
struct fault fault_result(void);

/*
 * cpu_start - bring CPU id up by PSCI and run fn on it, interrupts masked.
 * Return: PSCI's answer, 0 when the CPU is coming.
 */
long cpu_start(unsigned int id, void (*fn)(unsigned int id));

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
