/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv3: distributor, redistributors, and the CPU interface's system
 * registers, for us (ICC_*) and for guests (ICH_*). The ITS is
 * gic-v3-its.c. Group 1 non-secure throughout; EOImode 1.
 *
 * Read-modify-write of distributor registers takes dist_lock
 * (LOCK_RANK_GIC); set and clear registers need none.
 * Manual: IHI 0069 issue H, chapter 12 "Programmers' Model".
 */
#include <asm/gic.h>

#include <libfdt.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/time.h>
#include <asm/sysreg.h>
#include <asm/vgic.h>

/* Distributor, 12.9; a redistributor's SGI frame has the same ones. */
#define GICD_CTLR           0x0000U
#define GICD_CTLR_RWP       BIT32(31)
#define GICD_CTLR_ARE_NS    BIT32(4)
#define GICD_CTLR_ENABLE_G1 BIT32(1)
#define GICD_TYPER          0x0004U
#define GICD_TYPER_LINES    GENMASK32(4, 0)
#define GICD_IGROUPR        0x0080U
#define GICD_IGRPMODR       0x0d00U
#define GICD_ISENABLER      0x0100U
#define GICD_ICENABLER      0x0180U
#define GICD_ISPENDR        0x0200U
#define GICD_ICPENDR        0x0280U
#define GICD_ISACTIVER      0x0300U
#define GICD_ICACTIVER      0x0380U
#define GICD_IPRIORITYR     0x0400U
#define GICD_ICFGR          0x0c00U
#define GICD_IROUTER        0x6000U
#define GICD_PIDR2          0xffe8U
#define PIDR2_ARCH          GENMASK32(7, 4)

/* Redistributor, 12.11 */
#define GICR_CTLR           0x0000U
#define GICR_CTLR_RWP       BIT32(3)
#define GICR_TYPER          0x0008U
#define GICR_TYPER_AFFINITY GENMASK64(63, 32)
#define GICR_TYPER_LAST     BIT64(4)
#define GICR_TYPER_VLPIS    BIT64(1)
#define GICR_WAKER          0x0014U
#define GICR_WAKER_SLEEP    BIT32(1)
#define GICR_WAKER_ASLEEP   BIT32(2)
#define GICR_SGI_FRAME      0x10000U

#define GIC_TIMEOUT_US 1000000

/* CPU interface, 12.2 */
#define ICC_SRE_EL1      S3_0_C12_C12_5
#define ICC_SRE_EL2      S3_4_C12_C9_5
#define ICC_SRE_ALL      0xfU /* Enable, DIB, DFB, SRE */
#define ICC_CTLR_EL1     S3_0_C12_C12_4
#define ICC_CTLR_EOIMODE BIT64(1)
#define ICC_PMR_EL1      S3_0_C4_C6_0
#define ICC_BPR1_EL1     S3_0_C12_C12_3
#define ICC_IGRPEN1_EL1  S3_0_C12_C12_7
#define ICC_IAR1_EL1     S3_0_C12_C12_0
#define ICC_EOIR1_EL1    S3_0_C12_C12_1
#define ICC_DIR_EL1      S3_0_C12_C11_1
#define ICC_SGI1R_EL1    S3_0_C12_C11_5

/* Virtual interface control, 12.4 */
#define ICH_HCR_EL2      S3_4_C12_C11_0
#define ICH_HCR_EN       BIT64(0)
#define ICH_HCR_UIE      BIT64(1)
#define ICH_HCR_NPIE     BIT64(3)
#define ICH_VTR_EL2      S3_4_C12_C11_1
#define ICH_VTR_LISTREGS GENMASK64(4, 0)
#define ICH_VTR_PREBITS  GENMASK64(28, 26)
#define ICH_EISR_EL2     S3_4_C12_C11_3
#define ICH_ELRSR_EL2    S3_4_C12_C11_5
#define ICH_VMCR_EL2     S3_4_C12_C11_7
#define ICH_AP0R0_EL2    S3_4_C12_C8_0
#define ICH_AP0R1_EL2    S3_4_C12_C8_1
#define ICH_AP0R2_EL2    S3_4_C12_C8_2
#define ICH_AP0R3_EL2    S3_4_C12_C8_3
#define ICH_AP1R0_EL2    S3_4_C12_C9_0
#define ICH_AP1R1_EL2    S3_4_C12_C9_1
#define ICH_AP1R2_EL2    S3_4_C12_C9_2
#define ICH_AP1R3_EL2    S3_4_C12_C9_3

/* The names above are macros: expand them before the assembler's string. */
#define READ(reg)                       sysreg_read_expanded(reg)
#define WRITE(reg, val)                 sysreg_write_expanded(reg, val)
#define sysreg_read_expanded(reg)       sysreg_read(reg)
#define sysreg_write_expanded(reg, val) sysreg_write(reg, val)

static void *gicd;
static struct {
    void *va;
    maddr_t ma;
    uint64_t size;
} gicr_region[GIC_MAX_GICR];
static DEFINE_SPINLOCK(dist_lock, LOCK_RANK_GIC);
static unsigned int nr_apr;

/* This CPU's SGI frame, where its private interrupts are. */
static DEFINE_PER_CPU(void *, gicr_sgi);

/* ---- registers of one interrupt ---- */

/* The frame and, for registers of @bits per interrupt, the word of @irq. */
static void *irq_reg(unsigned int irq, unsigned int reg, unsigned int bits)
{
    uint8_t *base = irq < IRQ_SPI_FIRST ? this_cpu(gicr_sgi) : gicd;

    return base + reg + irq * bits / 32 * 4;
}

static void irq_set_bit(unsigned int irq, unsigned int reg)
{
    write32(irq_reg(irq, reg, 1), BIT32(irq % 32));
}

static void wait_rwp(unsigned int irq)
{
    bool here = irq < IRQ_SPI_FIRST;
    const uint8_t *sgi = this_cpu(gicr_sgi);
    const void *ctlr = here ? sgi - GICR_SGI_FRAME : (uint8_t *)gicd;
    uint32_t rwp = here ? GICR_CTLR_RWP : GICD_CTLR_RWP;

    if ( poll_until(!(read32(ctlr) & rwp), GIC_TIMEOUT_US) )
        printk(XENLOG_ERR "gic: write to interrupt %u does not complete\n",
               irq);
}

static void gicv3_enable(unsigned int irq)
{
    irq_set_bit(irq, GICD_ISENABLER);
}

static void gicv3_disable(unsigned int irq)
{
    irq_set_bit(irq, GICD_ICENABLER);
    wait_rwp(irq);
}

static void gicv3_set_type(unsigned int irq, enum irq_type type)
{
    void *reg = irq_reg(irq, GICD_ICFGR, 2);
    uint32_t edge = BIT32(irq % 16 * 2 + 1), cfg;

    spin_lock(&dist_lock);
    cfg = read32(reg) & ~edge;
    if ( !irq_type_is_level(type) )
        cfg |= edge;
    write32(reg, cfg);
    spin_unlock(&dist_lock);
}

static void gicv3_set_priority(unsigned int irq, uint8_t prio)
{
    uint8_t *base = irq < IRQ_SPI_FIRST ? this_cpu(gicr_sgi) : gicd;

    write8(base + GICD_IPRIORITYR + irq, prio);
}

static void gicv3_set_affinity(unsigned int irq, unsigned int cpu)
{
    uint8_t *base = gicd;

    write64(base + GICD_IROUTER + irq * 8, cpu_mpidr(cpu));
}

static void gicv3_set_active(unsigned int irq, bool active)
{
    irq_set_bit(irq, active ? GICD_ISACTIVER : GICD_ICACTIVER);
}

static bool gicv3_is_pending(unsigned int irq)
{
    return read32(irq_reg(irq, GICD_ISPENDR, 1)) & BIT32(irq % 32);
}

static void gicv3_set_pending(unsigned int irq, bool pending)
{
    irq_set_bit(irq, pending ? GICD_ISPENDR : GICD_ICPENDR);
}

/* ---- CPU interface ---- */

static uint32_t gicv3_ack(void)
{
    uint32_t iar = (uint32_t)READ(ICC_IAR1_EL1);

    /* The acknowledge must be seen before what the handler does. */
    dsb_sy();
    return iar;
}

static void gicv3_eoi(uint32_t iar)
{
    WRITE(ICC_EOIR1_EL1, iar);
    isb();
}

static void gicv3_deactivate(uint32_t iar)
{
    WRITE(ICC_DIR_EL1, iar);
    isb();
}

/* One write reaches 16 CPUs that agree in all but Aff0. */
static void gicv3_send_sgi(cpumask_t to, unsigned int sgi)
{
    unsigned int cpu;

    /* Earlier stores before the interrupt; pairs with the receiver's ack. */
    dsb(ishst);
    for_each_cpu (cpu, to)
    {
        uint64_t mpidr = cpu_mpidr(cpu);

        WRITE(ICC_SGI1R_EL1,
              (mpidr >> 32 & 0xff) << 48 | (mpidr >> 4 & 0xf) << 44 |
                  (mpidr >> 16 & 0xff) << 32 | (uint64_t)sgi << 24 |
                  (mpidr >> 8 & 0xff) << 16 | BIT64(mpidr & 0xf));
    }
    isb();
}

/* ---- virtual interface ---- */

#define LR_LIST(op)                                                            \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)  \
        op(12) op(13) op(14) op(15)

/* ICH_LR<n>_EL2 is S3_4_C12_C12_n, and C13 from 8 on. */
#define ICH_LR0  S3_4_C12_C12_0
#define ICH_LR1  S3_4_C12_C12_1
#define ICH_LR2  S3_4_C12_C12_2
#define ICH_LR3  S3_4_C12_C12_3
#define ICH_LR4  S3_4_C12_C12_4
#define ICH_LR5  S3_4_C12_C12_5
#define ICH_LR6  S3_4_C12_C12_6
#define ICH_LR7  S3_4_C12_C12_7
#define ICH_LR8  S3_4_C12_C13_0
#define ICH_LR9  S3_4_C12_C13_1
#define ICH_LR10 S3_4_C12_C13_2
#define ICH_LR11 S3_4_C12_C13_3
#define ICH_LR12 S3_4_C12_C13_4
#define ICH_LR13 S3_4_C12_C13_5
#define ICH_LR14 S3_4_C12_C13_6
#define ICH_LR15 S3_4_C12_C13_7

static uint64_t gicv3_lr_read(unsigned int i)
{
    switch ( i )
    {
#define READ_LR(n)                                                             \
    case n:                                                                    \
        return READ(ICH_LR##n);
        LR_LIST(READ_LR)
    default:
        BUG();
    }
}

static void gicv3_lr_write(unsigned int i, uint64_t lr)
{
    switch ( i )
    {
#define WRITE_LR(n)                                                            \
    case n:                                                                    \
        WRITE(ICH_LR##n, lr);                                                  \
        break;
        LR_LIST(WRITE_LR)
    default:
        BUG();
    }
}

static uint64_t gicv3_lrs_ended(void)
{
    return READ(ICH_ELRSR_EL2) | READ(ICH_EISR_EL2);
}

static void gicv3_set_refill(enum gic_refill when)
{
    static const uint64_t hcr[] = {
        [GIC_REFILL_NEVER] = ICH_HCR_EN,
        [GIC_REFILL_NO_PENDING] = ICH_HCR_EN | ICH_HCR_NPIE,
        [GIC_REFILL_UNDERFLOW] = ICH_HCR_EN | ICH_HCR_UIE,
    };

    WRITE(ICH_HCR_EL2, hcr[when]);
}

/* hw_state: VMCR, then AP0R<n> and AP1R<n>. */
enum {
    HW_VMCR,
    HW_AP0R,
    HW_AP1R = HW_AP0R + 4
};

static void gicv3_init_vcpu(struct vcpu *v)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(v->vgic.hw_state); i++ )
        v->vgic.hw_state[i] = 0;
}

static void gicv3_save_vcpu(struct vcpu *v)
{
    uint64_t *hw = v->vgic.hw_state;

    hw[HW_VMCR] = READ(ICH_VMCR_EL2);
    switch ( nr_apr )
    {
    case 4:
        hw[HW_AP0R + 3] = READ(ICH_AP0R3_EL2);
        hw[HW_AP0R + 2] = READ(ICH_AP0R2_EL2);
        hw[HW_AP1R + 3] = READ(ICH_AP1R3_EL2);
        hw[HW_AP1R + 2] = READ(ICH_AP1R2_EL2);
        __attribute__((fallthrough));
    case 2:
        hw[HW_AP0R + 1] = READ(ICH_AP0R1_EL2);
        hw[HW_AP1R + 1] = READ(ICH_AP1R1_EL2);
        __attribute__((fallthrough));
    default:
        hw[HW_AP0R] = READ(ICH_AP0R0_EL2);
        hw[HW_AP1R] = READ(ICH_AP1R0_EL2);
    }
}

static void gicv3_restore_vcpu(struct vcpu *v)
{
    const uint64_t *hw = v->vgic.hw_state;

    WRITE(ICH_VMCR_EL2, hw[HW_VMCR]);
    switch ( nr_apr )
    {
    case 4:
        WRITE(ICH_AP0R3_EL2, hw[HW_AP0R + 3]);
        WRITE(ICH_AP0R2_EL2, hw[HW_AP0R + 2]);
        WRITE(ICH_AP1R3_EL2, hw[HW_AP1R + 3]);
        WRITE(ICH_AP1R2_EL2, hw[HW_AP1R + 2]);
        __attribute__((fallthrough));
    case 2:
        WRITE(ICH_AP0R1_EL2, hw[HW_AP0R + 1]);
        WRITE(ICH_AP1R1_EL2, hw[HW_AP1R + 1]);
        __attribute__((fallthrough));
    default:
        WRITE(ICH_AP0R0_EL2, hw[HW_AP0R]);
        WRITE(ICH_AP1R0_EL2, hw[HW_AP1R]);
    }
}

/* ---- bring-up ---- */

/* This CPU's redistributor, by affinity. */
static void *find_gicr(maddr_t *ma)
{
    uint64_t mpidr = cpu_mpidr(smp_processor_id());
    uint64_t aff = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);

    for ( unsigned int i = 0; i < gic_layout.nr_gicr; i++ )
    {
        uint64_t off = 0, typer = 0;

        while ( off + 2 * GICR_SGI_FRAME <= gicr_region[i].size &&
                !(typer & GICR_TYPER_LAST) )
        {
            uint8_t *frame = (uint8_t *)gicr_region[i].va + off;

            typer = read64(frame + GICR_TYPER);
            if ( FIELD_GET(GICR_TYPER_AFFINITY, typer) == aff )
            {
                *ma = maddr_add(gicr_region[i].ma, off);
                return frame;
            }
            off += gic_layout.gicr_stride     ? gic_layout.gicr_stride
                   : typer & GICR_TYPER_VLPIS ? 4UL * GICR_SGI_FRAME
                                              : 2UL * GICR_SGI_FRAME;
        }
    }
    panic("gic: no redistributor for CPU %u\n", smp_processor_id());
}

static void gicv3_init_cpu(void)
{
    maddr_t ma;
    uint8_t *gicr = find_gicr(&ma), *sgi = gicr + GICR_SGI_FRAME;

    this_cpu(gicr_sgi) = sgi;

    write32(gicr + GICR_WAKER, read32(gicr + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    if ( poll_until(!(read32(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP),
                    GIC_TIMEOUT_US) )
        panic("gic: redistributor of CPU %u stays asleep\n",
              smp_processor_id());

    write32(sgi + GICD_ICENABLER, ~0U);
    write32(sgi + GICD_ICACTIVER, ~0U);
    write32(sgi + GICD_ICPENDR, ~0U);
    write32(sgi + GICD_IGROUPR, ~0U);
    write32(sgi + GICD_IGRPMODR, 0);
    for ( unsigned int i = 0; i < IRQ_SPI_FIRST; i += 4 )
        write32(sgi + GICD_IPRIORITYR + i, 0xa0a0a0a0);
    write32(sgi + GICD_ISENABLER, BIT32(NR_IPIS) - 1);
    wait_rwp(0);

    WRITE(ICC_SRE_EL2, ICC_SRE_ALL);
    isb();
    WRITE(ICC_SRE_EL1, 7);
    isb();
    WRITE(ICC_PMR_EL1, 0xff);
    WRITE(ICC_BPR1_EL1, 0);
    WRITE(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
    WRITE(ICC_IGRPEN1_EL1, 1);

    for ( unsigned int i = 0; i < gic_nr_lrs; i++ )
        gicv3_lr_write(i, 0);
    WRITE(ICH_VMCR_EL2, 0);
    gicv3_set_refill(GIC_REFILL_NEVER);
    isb();

    if ( its_present() )
        its_init_cpu(gicr, ma);
}

static void init_dist(unsigned int nr)
{
    uint8_t *base = gicd;

    write32(base + GICD_CTLR, 0);
    wait_rwp(IRQ_SPI_FIRST);
    for ( unsigned int i = IRQ_SPI_FIRST; i < nr; i += 32 )
    {
        write32(base + GICD_ICENABLER + i / 8, ~0U);
        write32(base + GICD_ICACTIVER + i / 8, ~0U);
        write32(base + GICD_ICPENDR + i / 8, ~0U);
        write32(base + GICD_IGROUPR + i / 8, ~0U);
        write32(base + GICD_IGRPMODR + i / 8, 0);
    }
    for ( unsigned int i = IRQ_SPI_FIRST; i < nr; i += 4 )
        write32(base + GICD_IPRIORITYR + i, 0xa0a0a0a0);
    wait_rwp(IRQ_SPI_FIRST);
    write32(base + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_G1);
    wait_rwp(IRQ_SPI_FIRST);
    for ( unsigned int i = IRQ_SPI_FIRST; i < nr; i++ )
        gicv3_set_affinity(i, smp_processor_id());
}

/* Same addresses as the host's, and the regions vCPUs need of them. */
static int gicv3_make_dt_node(struct domain *d, void *fdt)
{
    uint64_t range[2 * (1 + GIC_MAX_GICR)];
    unsigned int nr = 0, first;
    int rc;

    range[0] = d->vgic.gicd_base;
    range[1] = gic_layout.gicd_size;
    while (
        vgic_v3_gicr(d, nr, &range[2 + 2 * nr], &range[3 + 2 * nr], &first) )
        nr++;

    rc = fdt_property_u32(fdt, "#redistributor-regions", nr);
    if ( !rc )
        rc = gic_property_reg(fdt, range, 1 + nr);
    return rc;
}

static const struct gic_ops gicv3_ops = {
    .name = "GICv3",
    .version = 3,
    .init_cpu = gicv3_init_cpu,
    .ack = gicv3_ack,
    .eoi = gicv3_eoi,
    .deactivate = gicv3_deactivate,
    .enable = gicv3_enable,
    .disable = gicv3_disable,
    .set_type = gicv3_set_type,
    .set_priority = gicv3_set_priority,
    .set_affinity = gicv3_set_affinity,
    .set_active = gicv3_set_active,
    .is_pending = gicv3_is_pending,
    .set_pending = gicv3_set_pending,
    .send_sgi = gicv3_send_sgi,
    .lr_group = LR_GROUP1,
    .lr_read = gicv3_lr_read,
    .lr_write = gicv3_lr_write,
    .lrs_ended = gicv3_lrs_ended,
    .set_refill = gicv3_set_refill,
    .init_vcpu = gicv3_init_vcpu,
    .save_vcpu = gicv3_save_vcpu,
    .restore_vcpu = gicv3_restore_vcpu,
    .make_dt_node = gicv3_make_dt_node,
};

/* "reg": the distributor, then the redistributor regions. */
static int map_frames(struct dt_node *np)
{
    uint32_t nr = 1;
    uint64_t addr, size;

    if ( dt_find_property(np, "#redistributor-regions") &&
         dt_read_u32(np, "#redistributor-regions", &nr) )
        return -EINVAL;
    if ( !nr || nr > GIC_MAX_GICR )
    {
        printk(XENLOG_ERR "gic: %s: %u redistributor regions\n", np->full_name,
               nr);
        return -EINVAL;
    }
    if ( dt_find_property(np, "redistributor-stride") &&
         dt_read_u64(np, "redistributor-stride", &gic_layout.gicr_stride) )
        return -EINVAL;

    if ( dt_get_reg(np, 0, &addr, &size) || size < 0x10000 )
        return -EINVAL;
    gic_layout.gicd = _maddr(addr);
    gic_layout.gicd_size = size;
    gicd = ioremap(_maddr(addr), size);
    if ( !gicd )
        return -ENOMEM;

    for ( uint32_t i = 0; i < nr; i++ )
    {
        if ( dt_get_reg(np, i + 1, &addr, &size) )
            return -EINVAL;
        gic_layout.gicr[i].base = gicr_region[i].ma = _maddr(addr);
        gic_layout.gicr[i].size = gicr_region[i].size = size;
        gicr_region[i].va = ioremap(_maddr(addr), size);
        if ( !gicr_region[i].va )
            return -ENOMEM;
        gic_layout.nr_gicr = i + 1;
    }

    return 0;
}

static int gicv3_probe(struct dt_node *np, const void *data)
{
    uint64_t vtr = READ(ICH_VTR_EL2);
    unsigned int nr, prebits;
    uint32_t arch;
    int rc = map_frames(np);

    (void)data;
    if ( rc )
    {
        printk(XENLOG_ERR "gic: %s: bad frames: %d\n", np->full_name, rc);
        return rc;
    }

    arch =
        (uint32_t)FIELD_GET(PIDR2_ARCH, read32((uint8_t *)gicd + GICD_PIDR2));
    if ( arch != 3 && arch != 4 )
    {
        printk(XENLOG_ERR "gic: %s: architecture %u is not GICv3\n",
               np->full_name, arch);
        return -ENODEV;
    }

    nr = 32 * ((uint32_t)FIELD_GET(GICD_TYPER_LINES,
                                   read32((uint8_t *)gicd + GICD_TYPER)) +
               1);
    nr = MIN(nr, IRQ_SPI_END);
    gic_nr_lrs = (unsigned int)FIELD_GET(ICH_VTR_LISTREGS, vtr) + 1;
    gic_nr_lrs = MIN(gic_nr_lrs, GIC_MAX_LRS);
    prebits = (unsigned int)FIELD_GET(ICH_VTR_PREBITS, vtr) + 1;
    nr_apr = prebits <= 5 ? 1 : prebits == 6 ? 2 : 4;

    init_dist(nr);
    gic_register(&gicv3_ops, np, nr);

    return 0;
}

static const struct dt_match gicv3_match[] = {
    {.compatible = "arm,gic-v3"},
    {.compatible = NULL},
};
DT_DRIVER(gicv3, "GICv3", DT_DRIVER_GIC, gicv3_match, gicv3_probe);
