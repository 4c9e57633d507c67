/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that owns a SYS-DMAC of an R-Car (dtdev) and has it copy memory: its
 * own, which works, and everybody else's, which must not.
 *
 * The command line is "dmac=WORD,WORD,..." of
 *
 *   copy    each channel but the first copies, and one interrupts
 *   first   the first does not
 *   attack  reads from and writes to what "ram=START-END/STEP" and
 *           "targets=ADDRESS,..." name and is not ours (hexadecimal)
 *   storm   refused accesses until the device is cut off, so many at most
 *   loop    a copy a second, for ever
 *   long    one copy of a GiB to one place, for ever as far as we know
 *   touch   reads the registers of a device that is no SYS-DMAC
 *
 * Verdicts are lines "PX-GUEST: NAME: PASS|FAIL ...", the last line is
 * "PX-GUEST-DONE". What is written elsewhere is MAGIC, so that who finds it
 * outside our memory has found a hole. Manual: none is public; the registers
 * are those that Linux's and TF-A's drivers use.
 */
#include <stdint.h>

#include <public/sched.h>

#include "fdt.h"
#include "gic.h"
#include "hypercall.h"
#include "runtime.h"

#define DMASEC      0x30
#define DMAOR       0x60 /* 16 bits */
#define DMACHCLR    0x80
#define DMAOR_ON    0x0301         /* DME, PRI 3 */
#define DMAOR_OK(v) (((v)&5) == 1) /* DME, and no AE */

#define SAR(n)    (0x8000 + 0x80 * (n))
#define DAR(n)    (0x8004 + 0x80 * (n))
#define TCR(n)    (0x8008 + 0x80 * (n))
#define CHCR(n)   (0x800c + 0x80 * (n))
#define FIXSAR(n) (0x8010 + 0x80 * (n))
#define FIXDAR(n) (0x8014 + 0x80 * (n))

#define CHCR_DE   0x1U
#define CHCR_TE   0x2U
#define CHCR_IE   0x4U
#define CHCR_COPY 0x00105408U /* 64 bytes a unit, both increment, by itself */
#define CHCR_HOLD 0x00100408U /* the same, both stay where they are */
#define CHCR_CAE  0x80000000U /* an access was refused */

#define UNIT      64U
#define CHANNELS  16U
#define LONGEST   0xffffffU /* units */
#define COPY_SIZE 0x10000UL
#define STORM     50000U

/* A unit of this, and then one more each word: memory has it from us only. */
#define MAGIC 0x7078ed05d3acbeefUL

enum outcome {
    COPIED,
    REFUSED,
    STUCK,
};

static uint64_t base;
static const uint8_t *interrupts;
static uint8_t *source, *target; /* COPY_SIZE each */
static uint8_t *magic;           /* a unit of it */
static uint32_t more;            /* bits of CHCR */

static void write16(uint64_t addr, uint16_t v)
{
    __asm__ volatile("strh %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static uint16_t read16(uint64_t addr)
{
    uint16_t v;

    __asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");

    return v;
}

static uint64_t seconds(unsigned int n)
{
    uint64_t frequency;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));

    return n * frequency;
}

static void sleep(void)
{
    struct sched_poll poll = {.nr_ports = 0};
    uint64_t frequency = seconds(1);

    /* Nanoseconds of system time, which the counter is. */
    poll.timeout = (counter() / frequency + 1) * 1000000000UL +
                   counter() % frequency * 1000000000UL / frequency;
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

/* The device does not see our caches, on hardware. */
static void clean(const void *p, uint64_t size)
{
    uint64_t at = (uint64_t)p & ~63UL, end = (uint64_t)p + size;

    for ( ; at < end; at += 64 )
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb sy" : : : "memory");
}

/* ---- transfers ---- */

static void clear_channel(unsigned int ch)
{
    uint64_t end = counter() + seconds(5);

    write32(base + DMACHCLR, 1U << ch);
    while ( read32(base + CHCR(ch)) & CHCR_DE && counter() < end )
        cpu_relax();
}

static void start(unsigned int ch, uint64_t from, uint64_t to, uint32_t units,
                  uint32_t chcr)
{
    clear_channel(ch);
    write32(base + SAR(ch), (uint32_t)from);
    write32(base + FIXSAR(ch), (uint32_t)(from >> 32));
    write32(base + DAR(ch), (uint32_t)to);
    write32(base + FIXDAR(ch), (uint32_t)(to >> 32));
    write32(base + TCR(ch), units);
    write32(base + CHCR(ch), chcr | more | CHCR_DE);
}

static enum outcome wait(unsigned int ch)
{
    uint64_t end = counter() + seconds(20);
    enum outcome outcome = STUCK;
    uint32_t chcr;

    do
        chcr = read32(base + CHCR(ch));
    while ( !(chcr & (CHCR_TE | CHCR_CAE)) && counter() < end );

    if ( chcr & CHCR_CAE )
        outcome = REFUSED;
    else if ( chcr & CHCR_TE )
        outcome = COPIED;
    return outcome;
}

static enum outcome copy(unsigned int ch, uint64_t from, uint64_t to,
                         uint64_t size)
{
    enum outcome outcome;

    start(ch, from, to, (uint32_t)(size / UNIT), CHCR_COPY);
    outcome = wait(ch);
    clear_channel(ch);
    return outcome;
}

static void fill(void *p, uint64_t size, uint64_t seed)
{
    uint64_t *word = p;

    for ( uint64_t i = 0; i < size / 8; i++ )
        word[i] = (seed + i) * 0x9e3779b97f4a7c15UL;
    clean(p, size);
}

static void fill_magic(void *p)
{
    uint64_t *word = p;

    for ( uint64_t i = 0; i < UNIT / 8; i++ )
        word[i] = MAGIC + i;
    clean(p, UNIT);
}

static bool is_filled(const uint8_t *p, uint64_t size, uint8_t with)
{
    clean(p, size);
    for ( uint64_t i = 0; i < size; i++ )
        if ( p[i] != with )
            return false;
    return true;
}

static bool copies(unsigned int ch, uint64_t size)
{
    enum outcome outcome;

    fill(source, size, counter());
    memset(target, 0x5a, COPY_SIZE);
    clean(target, COPY_SIZE);
    outcome = copy(ch, (uint64_t)source, (uint64_t)target, size);
    clean(target, COPY_SIZE);
    if ( outcome == COPIED && !memcmp(source, target, size) &&
         is_filled(target + size, COPY_SIZE - size, 0x5a) )
        return true;
    printk("PX-INFO: channel %u: outcome %u\n", ch, outcome);
    return false;
}

/* ---- copy ---- */

/* Interrupt 0 is the one for errors. */
static unsigned int intid(unsigned int ch)
{
    return fdt_cell(interrupts, 3 * (ch + 1) + 1) + 32;
}

/* With interrupts masked, it is seen at the GIC. */
static bool interrupts_us(unsigned int ch)
{
    unsigned int id = intid(ch), got;
    bool good;

    gic_init();
    gic_enable_spi(id);
    more = CHCR_IE;
    start(ch, (uint64_t)source, (uint64_t)target, 1, CHCR_COPY);
    good = wait(ch) == COPIED;
    more = 0;
    for ( uint64_t end = counter() + seconds(5);
          (got = gic_take()) >= 1020 && counter() < end; )
        cpu_relax();
    clear_channel(ch);
    if ( got < 1020 )
        gic_end(got);
    if ( got != id )
        printk("PX-INFO: interrupt %u where %u was due\n", got, id);
    return good && got == id;
}

static uint64_t ram_end(void)
{
    uint64_t from, size, end = 0;

    for ( unsigned int i = 0; memory_range(boot.fdt, i, &from, &size); i++ )
        end = from + size > end ? from + size : end;
    return end;
}

static void test_copy(void)
{
    unsigned int good = 0;

    for ( unsigned int ch = 1; ch < CHANNELS; ch++ )
        good += copies(ch, COPY_SIZE >> (ch % 4));
    printk("PX-GUEST: copy: %s %u channels of %u copy their owner's memory\n",
           good == CHANNELS - 1 ? "PASS" : "FAIL", good, CHANNELS - 1);
    printk("PX-GUEST: interrupt: %s of channel 3\n",
           interrupts_us(3) ? "PASS" : "FAIL");

    memset(target, 0x5a, COPY_SIZE);
    clean(target, COPY_SIZE);
    printk("PX-GUEST: edge: %s a copy stops where memory ends\n",
           copy(2, ram_end() - UNIT, (uint64_t)target, 2 * UNIT) == REFUSED &&
                   is_filled(target + UNIT, UNIT, 0x5a)
               ? "PASS"
               : "FAIL");
}

/* Where it is behind micro-TLB 0 of an IPMMU that is suspected to miss flushes
 * of that one. */
static void test_first(void)
{
    printk("PX-GUEST: channel-0: %s it is kept back\n",
           copy(0, (uint64_t)source, (uint64_t)target, UNIT) == REFUSED
               ? "PASS"
               : "FAIL");
}

/* ---- attack ---- */

struct attack {
    unsigned int tried, let_through, stuck, changed;
};

/* Is it in our memory? What else is ours are registers. */
static bool is_own(uint64_t addr)
{
    uint64_t from, size;

    for ( unsigned int i = 0; memory_range(boot.fdt, i, &from, &size); i++ )
        if ( addr >= from && addr - from < size )
            return true;
    return addr >= base && addr - base < 0x10000;
}

static void count(struct attack *a, uint64_t addr, enum outcome outcome,
                  const char *what)
{
    a->tried++;
    a->stuck += outcome == STUCK;
    if ( outcome != COPIED )
        return;
    a->let_through++;
    printk("PX-INFO: %s at %lx was let through\n", what, addr);
}

static void attack_one(struct attack *a, uint64_t addr)
{
    unsigned int ch = 1 + a->tried / 2 % (CHANNELS - 1);

    if ( is_own(addr) )
        return;
    count(a, addr, copy(ch, addr, (uint64_t)target, UNIT), "a read");
    a->changed += !is_filled(target, UNIT, 0x5a);
    count(a, addr, copy(ch, (uint64_t)magic, addr, UNIT), "a write");
}

static const char *number(const char *s, uint64_t *value)
{
    for ( *value = 0;; s++ )
    {
        uint64_t digit;

        if ( *s >= '0' && *s <= '9' )
            digit = (uint64_t)(*s - '0');
        else if ( *s >= 'a' && *s <= 'f' )
            digit = (uint64_t)(*s - 'a') + 10;
        else
            return s;
        *value = *value << 4 | digit;
    }
}

/* The @n-th "name=" of the command line; NULL: there are fewer. */
static const char *option(const char *name, unsigned int n)
{
    const char *s = fdt_bootargs(boot.fdt);
    unsigned int i;

    for ( ; s && *s; s++ )
    {
        for ( i = 0; name[i] && s[i] == name[i]; i++ )
            continue;
        if ( !name[i] && !n-- )
            return s + i;
    }
    return NULL;
}

static void test_attack(void)
{
    struct attack a = {0};
    uint64_t from, to, step;
    const char *s;

    for ( unsigned int i = 0; memory_range(boot.fdt, i, &from, &to); i++ )
        printk("PX-INFO: own %lx-%lx\n", from, from + to);
    fill_magic(magic);
    memset(target, 0x5a, UNIT);
    clean(target, UNIT);
    for ( unsigned int n = 0; (s = option("ram=", n)); n++ )
    {
        s = number(s, &from);
        s = number(s + 1, &to);
        number(s + 1, &step);
        for ( ; step && from < to; from += step )
            attack_one(&a, from);
    }
    for ( s = option("targets=", 0); s && *s != ' ' && *s; s += *s == ',' )
    {
        s = number(s, &from);
        attack_one(&a, from);
    }
    printk("PX-GUEST: attack: %s %u accesses tried, %u let through, %u without "
           "an end, %u disclosed\n",
           a.tried && !a.let_through && !a.stuck && !a.changed ? "PASS"
                                                               : "FAIL",
           a.tried, a.let_through, a.stuck, a.changed);
}

/* As many as a domain can: it is not to be the others' loss. */
static void test_storm(void)
{
    unsigned int n;

    for ( n = 0; n < STORM && copy(1 + n % 15, 0, 0, UNIT) == REFUSED; n++ )
        if ( n % 100 == 99 && !copies(4, UNIT) )
            break;
    printk("PX-GUEST: storm: %s cut off after %u accesses\n",
           n % 100 == 99 ? "PASS" : "FAIL", n);
}

/* ---- for ever ---- */

static void __attribute__((noreturn)) loop(void)
{
    for ( unsigned int n = 0;; n++ )
    {
        if ( !copies(1 + n % (CHANNELS - 1), COPY_SIZE) )
            printk("PX-GUEST: loop: FAIL in round %u\n", n);
        printk("round %u\n", n);
        sleep();
    }
}

static void __attribute__((noreturn)) long_copy(void)
{
    fill(source, UNIT, 1);
    start(5, (uint64_t)source, (uint64_t)target, LONGEST, CHCR_HOLD);
    for ( ;; )
    {
        printk("long: %u units left, CHCR %x\n", read32(base + TCR(5)),
               read32(base + CHCR(5)));
        sleep();
    }
}

static void touch(void)
{
    struct fdt_query q = {
        .prop = "compatible",
        .value = "renesas,rcar-gen3-sdhi",
        .want = "reg",
    };
    const uint8_t *reg = fdt_find(boot.fdt, &q, NULL);
    uint32_t value = 0;
    bool good = false;

    if ( reg )
    {
        map_device(fdt_cell64(reg, 0));
        good = !try_read(fdt_cell64(reg, 0), &value).taken;
    }
    printk("PX-GUEST: touch: %s %s at %lx: %x\n", good ? "PASS" : "FAIL",
           q.value, reg ? fdt_cell64(reg, 0) : 0, value);
}

/* ---- */

static void dmac_init(void)
{
    struct fdt_query q = {
        .prop = "compatible",
        .value = "renesas,rcar-dmac",
        .want = "reg",
    };
    const uint8_t *reg = fdt_find(boot.fdt, &q, NULL);

    if ( !reg )
        return;
    base = fdt_cell64(reg, 0);
    map_device(base);
    q.want = "interrupts";
    interrupts = fdt_find(boot.fdt, &q, NULL);
    source = ram_alloc(COPY_SIZE, COPY_SIZE);
    target = ram_alloc(COPY_SIZE, COPY_SIZE);
    magic = ram_alloc(PAGE_SIZE, PAGE_SIZE);
    write16(base + DMAOR, 0);
    write32(base + DMACHCLR, 0xffff);
    write16(base + DMAOR, DMAOR_ON);
    printk("PX-INFO: SYS-DMAC at %lx, DMAOR %x, DMASEC %x\n", base,
           read16(base + DMAOR), read32(base + DMASEC));
}

static bool is_word(const char *s, const char *word)
{
    while ( *word && *s == *word )
    {
        s++;
        word++;
    }
    return !*word && (*s == ',' || *s == ' ' || !*s);
}

void payload_main(void)
{
    const char *s = option("dmac=", 0);

    dmac_init();
    if ( base && !DMAOR_OK(read16(base + DMAOR)) )
        panic("the SYS-DMAC does not start\n");
    for ( ; s && *s && *s != ' '; s++ )
    {
        if ( is_word(s, "touch") )
            touch();
        else if ( !base )
            panic("no SYS-DMAC in the device tree\n");
        else if ( is_word(s, "copy") )
            test_copy();
        else if ( is_word(s, "first") )
            test_first();
        else if ( is_word(s, "attack") )
            test_attack();
        else if ( is_word(s, "storm") )
            test_storm();
        else if ( is_word(s, "loop") )
            loop();
        else if ( is_word(s, "long") )
            long_copy();
        while ( *s && *s != ',' && *s != ' ' )
            s++;
        if ( *s != ',' )
            break;
    }
    printk("PX-GUEST-DONE\n");
    for ( ;; )
        sleep();
}
