/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest-side GICv2 and GICv3 driver. See gic.h. */
#include "gic.h"

#include "fdt.h"
#include "runtime.h"

#define GICC_CTLR 0x0000
#define GICC_PMR  0x0004
#define GICC_IAR  0x000c
#define GICC_EOIR 0x0010

#define GICD_CTLR_G1A_ARE 0x12U /* ARE_NS, EnableGrp1A */
#define GICD_IGROUPR      0x0080
#define GICD_IPRIORITYR   0x0400
#define GICD_ITARGETSR    0x0800
#define GICR_WAKER_ASLEEP (1U << 2)
#define GICR_TYPER_LAST   (1UL << 4)

#define IRQ_SPURIOUS 1020 /* and above */
#define PRIORITY     0xa0a0a0a0U
#define PMR_ALL      0xf0U

struct gic gic;

/* Of each CPU, as the interrupts are. */
static irq_fn handlers[MAX_CPUS][GIC_NR_PRIVATE];

static void write8(uint64_t addr, uint8_t v)
{
    __asm__ volatile("strb %w0, [%1]" : : "r"(v), "r"(addr) : "memory");
}

static uint64_t mpidr_aff(void)
{
    uint64_t v;

    __asm__ volatile("mrs %0, mpidr_el1" : "=r"(v));

    return v & 0xff00ffffffUL;
}

/* Frame of this CPU's redistributor. */
static uint64_t gicr_find(uint64_t base)
{
    uint64_t aff = mpidr_aff(), typer;

    aff = (aff & 0xffffff) | (aff >> 32) << 24;
    for ( ;; base += GICR_STRIDE )
    {
        typer = read64(base + GICR_TYPER);
        if ( typer >> 32 == aff )
            return base;
        if ( typer & GICR_TYPER_LAST )
            panic("no redistributor for affinity %lx\n", aff);
    }
}

/* Base of the block that holds this CPU's private interrupts. */
static uint64_t private_base(void)
{
    return gic.v3 ? gicr_find(gic.gicr_base) + GICR_SGI : gic.gicd_base;
}

static void init_cpu_v3(void)
{
    uint64_t gicr = gicr_find(gic.gicr_base);

    write32(gicr + GICR_WAKER, 0);
    while ( read32(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP )
        cpu_relax();
    write32(gicr + GICR_SGI + GICD_IGROUPR, ~0U);

    __asm__ volatile("msr s3_0_c12_c12_5, %0; isb\n" /* ICC_SRE_EL1 */
                     "msr s3_0_c4_c6_0, %1\n"        /* ICC_PMR_EL1 */
                     "msr s3_0_c12_c12_7, %2; isb"   /* ICC_IGRPEN1_EL1 */
                     :
                     : "r"(7UL), "r"((uint64_t)PMR_ALL), "r"(1UL));
}

void gic_init_cpu(void)
{
    unsigned int i;

    if ( gic.v3 )
        init_cpu_v3();
    else
    {
        write32(gic.gicc_base + GICC_PMR, PMR_ALL);
        write32(gic.gicc_base + GICC_CTLR, 1);
    }

    for ( i = 0; i < GIC_NR_PRIVATE; i += 4 )
        write32(private_base() + GICD_IPRIORITYR + i, PRIORITY);
}

void gic_init(void)
{
    struct fdt_query v3 = {
        .prop = "compatible",
        .value = "arm,gic-v3",
        .want = "reg",
    };
    static const char *const v2_names[] = {
        "arm,cortex-a15-gic",
        "arm,gic-400",
    };
    const uint8_t *reg = fdt_find(boot.fdt, &v3, NULL);
    unsigned int i;

    gic.v3 = reg != NULL;
    for ( i = 0; !reg && i < ARRAY_SIZE(v2_names); i++ )
    {
        struct fdt_query v2 = {
            .prop = "compatible",
            .value = v2_names[i],
            .want = "reg",
        };

        reg = fdt_find(boot.fdt, &v2, NULL);
    }
    if ( !reg )
        panic("no interrupt controller in the device tree\n");

    gic.gicd_base = fdt_cell64(reg, 0);
    if ( gic.v3 )
        gic.gicr_base = fdt_cell64(reg, 4);
    else
        gic.gicc_base = fdt_cell64(reg, 4);

    write32(gic.gicd_base + GICD_CTLR, gic.v3 ? GICD_CTLR_G1A_ARE : 1);
    gic_init_cpu();
}

void gic_enable(unsigned int irq, irq_fn fn)
{
    handlers[this_cpu()->id][irq] = fn;
    write32(private_base() + GICD_ISENABLER(0), 1U << irq);
}

void gic_send_sgi(unsigned int irq, unsigned int id)
{
    uint64_t aff = boot.mpidr[id], sgi1r;

    if ( !gic.v3 )
    {
        __asm__ volatile("dsb ish" : : : "memory");
        write32(gic.gicd_base + GICD_SGIR, 1U << (16 + id) | irq);
        return;
    }

    sgi1r = (uint64_t)irq << 24 | 1UL << (aff & 0xf) | (aff >> 8 & 0xff) << 16 |
            (aff >> 16 & 0xff) << 32 | (aff >> 32 & 0xff) << 48;
    __asm__ volatile("dsb ishst; msr s3_0_c12_c11_5, %0; isb" /* ICC_SGI1R */
                     :
                     : "r"(sgi1r)
                     : "memory");
}

static uint32_t irq_ack(void)
{
    uint64_t iar;

    if ( !gic.v3 )
        return read32(gic.gicc_base + GICC_IAR);

    __asm__ volatile("mrs %0, s3_0_c12_c12_0; dsb sy" : "=r"(iar) : : "memory");

    return (uint32_t)iar;
}

static void irq_eoi(uint32_t iar)
{
    if ( gic.v3 )
        __asm__ volatile("msr s3_0_c12_c12_1, %0; isb" : : "r"((uint64_t)iar));
    else
        write32(gic.gicc_base + GICC_EOIR, iar);
}

void gic_enable_spi(unsigned int irq)
{
    if ( gic.v3 )
        panic("SPI %u on a GICv3: not needed so far\n", irq);
    write8(gic.gicd_base + GICD_IPRIORITYR + irq, PRIORITY & 0xff);
    write8(gic.gicd_base + GICD_ITARGETSR + irq, 1);
    write32(gic.gicd_base + GICD_ISENABLER(irq / 32), 1U << irq % 32);
}

unsigned int gic_take(void)
{
    return irq_ack() & 0x3ff;
}

void gic_end(unsigned int irq)
{
    irq_eoi(irq);
}

void irq_handler(void)
{
    uint32_t iar = irq_ack();
    uint32_t irq = iar & 0x3ff;
    irq_fn fn;

    if ( irq >= IRQ_SPURIOUS )
        return;
    fn = irq < GIC_NR_PRIVATE ? handlers[this_cpu()->id][irq] : NULL;
    if ( !fn )
        panic("interrupt %u without a handler\n", irq);

    fn(irq);
    irq_eoi(iar);
}
