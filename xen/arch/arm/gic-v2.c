/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv2: distributor, CPU interface, and the virtual interface control
 * registers (GICH). Guests use the GICV page as their CPU interface.
 * EOImode 1.
 *
 * Read-modify-write of distributor registers takes dist_lock
 * (LOCK_RANK_GIC); set and clear registers need none.
 * Manual: IHI 0048 issue B.b, chapters 4 and 5.
 */
#include <asm/gic.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <asm/vgic.h>

/* Distributor, 4.3 */
#define GICD_CTLR        0x000U
#define GICD_TYPER       0x004U
#define GICD_TYPER_LINES GENMASK32(4, 0)
#define GICD_IGROUPR     0x080U
#define GICD_ISENABLER   0x100U
#define GICD_ICENABLER   0x180U
#define GICD_ISPENDR     0x200U
#define GICD_ICPENDR     0x280U
#define GICD_ISACTIVER   0x300U
#define GICD_ICACTIVER   0x380U
#define GICD_IPRIORITYR  0x400U
#define GICD_ITARGETSR   0x800U
#define GICD_ICFGR       0xc00U
#define GICD_SGIR        0xf00U

/* CPU interface, 4.4 */
#define GICC_CTLR         0x0000U
#define GICC_CTLR_ENABLE  BIT32(0)
#define GICC_CTLR_EOIMODE BIT32(9)
#define GICC_PMR          0x0004U
#define GICC_BPR          0x0008U
#define GICC_IAR          0x000cU
#define GICC_EOIR         0x0010U
#define GICC_IIDR         0x00fcU
#define GICC_IIDR_ARCH    GENMASK32(19, 16)
#define GICC_DIR          0x1000U
#define GICC_SIZE         0x2000U
#define GICC_ALIAS        0xf000U /* see frame_offset() */

/* Virtual interface control, 5.3 */
#define GICH_HCR          0x000U
#define GICH_HCR_EN       BIT32(0)
#define GICH_HCR_UIE      BIT32(1)
#define GICH_HCR_NPIE     BIT32(3)
#define GICH_VTR          0x004U
#define GICH_VTR_LISTREGS GENMASK32(5, 0)
#define GICH_VMCR         0x008U
#define GICH_EISR0        0x020U
#define GICH_ELRSR0       0x030U
#define GICH_APR          0x0f0U
#define GICH_LR(i)        (0x100U + 4 * (i))
#define GICH_LR_VIRT      GENMASK32(9, 0)
#define GICH_LR_PHYS      GENMASK32(19, 10)
#define GICH_LR_PRIO      GENMASK32(27, 23)
#define GICH_LR_STATE     GENMASK32(29, 28)
#define GICH_LR_HW        BIT32(31)
#define GICH_SIZE         0x1000U

static uint8_t *gicd, *gicc, *gich;
static DEFINE_SPINLOCK(dist_lock, LOCK_RANK_GIC);

/* This CPU's bit in ITARGETSR and SGIR; its interface number is not ours. */
static DEFINE_PER_CPU(uint8_t, gic_target);

static void irq_set_bit(unsigned int irq, unsigned int reg)
{
    write32(gicd + reg + irq / 32 * 4, BIT32(irq % 32));
}

static void gicv2_enable(unsigned int irq)
{
    irq_set_bit(irq, GICD_ISENABLER);
}

static void gicv2_disable(unsigned int irq)
{
    irq_set_bit(irq, GICD_ICENABLER);
    dsb_sy();
}

static void gicv2_set_type(unsigned int irq, enum irq_type type)
{
    uint8_t *reg = gicd + GICD_ICFGR + irq / 16 * 4;
    uint32_t edge = BIT32(irq % 16 * 2 + 1), cfg;

    spin_lock(&dist_lock);
    cfg = read32(reg) & ~edge;
    if ( !irq_type_is_level(type) )
        cfg |= edge;
    write32(reg, cfg);
    spin_unlock(&dist_lock);
}

static void gicv2_set_priority(unsigned int irq, uint8_t prio)
{
    write8(gicd + GICD_IPRIORITYR + irq, prio);
}

static void gicv2_set_affinity(unsigned int irq, unsigned int cpu)
{
    write8(gicd + GICD_ITARGETSR + irq, per_cpu(gic_target, cpu));
}

static void gicv2_set_active(unsigned int irq, bool active)
{
    irq_set_bit(irq, active ? GICD_ISACTIVER : GICD_ICACTIVER);
}

static bool gicv2_is_pending(unsigned int irq)
{
    return read32(gicd + GICD_ISPENDR + irq / 32 * 4) & BIT32(irq % 32);
}

static void gicv2_set_pending(unsigned int irq, bool pending)
{
    irq_set_bit(irq, pending ? GICD_ISPENDR : GICD_ICPENDR);
}

/* ---- CPU interface ---- */

static uint32_t gicv2_ack(void)
{
    uint32_t iar = read32(gicc + GICC_IAR);

    /* The acknowledge must be seen before what the handler does. */
    dsb_sy();
    return iar;
}

static void gicv2_eoi(uint32_t iar)
{
    write32(gicc + GICC_EOIR, iar);
}

static void gicv2_deactivate(uint32_t iar)
{
    write32(gicc + GICC_DIR, iar);
}

static void gicv2_send_sgi(cpumask_t to, unsigned int sgi)
{
    uint32_t targets = 0;
    unsigned int cpu;

    for_each_cpu (cpu, to)
        targets |= per_cpu(gic_target, cpu);
    /* Earlier stores before the interrupt; pairs with the receiver's ack. */
    dsb(ishst);
    write32(gicd + GICD_SGIR, targets << 16 | sgi);
}

/* ---- virtual interface ---- */

/* A source of an SGI has its bits where INTIDs have theirs, here and there;
 * LR_EOI is the top bit of either field. */
static uint64_t gicv2_lr_read(unsigned int i)
{
    uint32_t hw = read32(gich + GICH_LR(i));
    uint64_t lr =
        FIELD_GET(GICH_LR_VIRT, hw) | FIELD_GET(GICH_LR_PHYS, hw) << 32 |
        FIELD_GET(GICH_LR_PRIO, hw) << 51 | FIELD_GET(GICH_LR_STATE, hw) << 62;

    return hw & GICH_LR_HW ? lr | LR_HW : lr;
}

static void gicv2_lr_write(unsigned int i, uint64_t lr)
{
    uint32_t hw =
        (uint32_t)((lr & GICH_LR_VIRT) | FIELD_PREP(GICH_LR_PHYS, lr >> 32) |
                   FIELD_PREP(GICH_LR_PRIO, lr >> 51) |
                   FIELD_PREP(GICH_LR_STATE, lr >> 62));

    write32(gich + GICH_LR(i), lr & LR_HW ? hw | GICH_LR_HW : hw);
}

static uint64_t gicv2_lrs_ended(void)
{
    return read32(gich + GICH_ELRSR0) | read32(gich + GICH_EISR0);
}

static void gicv2_set_refill(enum gic_refill when)
{
    static const uint32_t hcr[] = {
        [GIC_REFILL_NEVER] = GICH_HCR_EN,
        [GIC_REFILL_NO_PENDING] = GICH_HCR_EN | GICH_HCR_NPIE,
        [GIC_REFILL_UNDERFLOW] = GICH_HCR_EN | GICH_HCR_UIE,
    };

    write32(gich + GICH_HCR, hcr[when]);
}

enum {
    HW_VMCR,
    HW_APR
};

static void gicv2_init_vcpu(struct vcpu *v)
{
    v->vgic.hw_state[HW_VMCR] = 0;
    v->vgic.hw_state[HW_APR] = 0;
}

static void gicv2_save_vcpu(struct vcpu *v)
{
    v->vgic.hw_state[HW_VMCR] = read32(gich + GICH_VMCR);
    v->vgic.hw_state[HW_APR] = read32(gich + GICH_APR);
}

static void gicv2_restore_vcpu(struct vcpu *v)
{
    write32(gich + GICH_VMCR, (uint32_t)v->vgic.hw_state[HW_VMCR]);
    write32(gich + GICH_APR, (uint32_t)v->vgic.hw_state[HW_APR]);
}

/* ---- bring-up ---- */

/* The banked target registers read as this CPU's own bit. */
static uint8_t own_target(void)
{
    uint32_t mask = 0;

    for ( unsigned int i = 0; i < IRQ_SPI_FIRST; i += 4 )
        mask |= read32(gicd + GICD_ITARGETSR + i);
    mask |= mask >> 16;
    mask |= mask >> 8;
    /* A single CPU may have them read as zero. */
    return mask & 0xff ? (uint8_t)mask : 1;
}

/* Any write to the CPU interface will do; this one changes nothing. */
static void gicv2_recheck(void)
{
    write32(gicc + GICC_PMR, 0xff);
}

static void gicv2_init_cpu(void)
{
    this_cpu(gic_target) = own_target();

    write32(gicd + GICD_ICENABLER, ~0U);
    write32(gicd + GICD_ICACTIVER, ~0U);
    write32(gicd + GICD_ICPENDR, ~0U);
    for ( unsigned int i = 0; i < IRQ_SPI_FIRST; i += 4 )
        write32(gicd + GICD_IPRIORITYR + i, 0xa0a0a0a0);
    write32(gicd + GICD_ISENABLER, BIT32(NR_IPIS) - 1);

    write32(gicc + GICC_PMR, 0xff);
    write32(gicc + GICC_BPR, 0);
    write32(gicc + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);

    for ( unsigned int i = 0; i < gic_nr_lrs; i++ )
        gicv2_lr_write(i, 0);
    write32(gich + GICH_VMCR, 0);
    write32(gich + GICH_APR, 0);
    gicv2_set_refill(GIC_REFILL_NEVER);
}

static void init_dist(unsigned int nr)
{
    uint32_t targets = own_target() * 0x01010101U;

    write32(gicd + GICD_CTLR, 0);
    for ( unsigned int i = IRQ_SPI_FIRST; i < nr; i += 32 )
    {
        write32(gicd + GICD_ICENABLER + i / 8, ~0U);
        write32(gicd + GICD_ICACTIVER + i / 8, ~0U);
        write32(gicd + GICD_ICPENDR + i / 8, ~0U);
    }
    for ( unsigned int i = IRQ_SPI_FIRST; i < nr; i += 4 )
    {
        write32(gicd + GICD_IPRIORITYR + i, 0xa0a0a0a0);
        write32(gicd + GICD_ITARGETSR + i, targets);
    }
    write32(gicd + GICD_CTLR, 1);
}

static int gicv2_make_dt_node(struct domain *d, void *fdt)
{
    const uint64_t range[] = {d->vgic.gicd_base, 0x1000, d->vgic.gicc_base,
                              GICC_SIZE};

    return gic_property_reg(fdt, range, 2);
}

static const struct gic_ops gicv2_ops = {
    .name = "GICv2",
    .version = 2,
    .init_cpu = gicv2_init_cpu,
    .ack = gicv2_ack,
    .eoi = gicv2_eoi,
    .deactivate = gicv2_deactivate,
    .enable = gicv2_enable,
    .disable = gicv2_disable,
    .set_type = gicv2_set_type,
    .set_priority = gicv2_set_priority,
    .set_affinity = gicv2_set_affinity,
    .set_active = gicv2_set_active,
    .is_pending = gicv2_is_pending,
    .set_pending = gicv2_set_pending,
    .send_sgi = gicv2_send_sgi,
    .recheck = gicv2_recheck,
    .lr_group = 0, /* a GICv2 guest has one group: Group 0, as IRQ */
    .lr_read = gicv2_lr_read,
    .lr_write = gicv2_lr_write,
    .lrs_ended = gicv2_lrs_ended,
    .set_refill = gicv2_set_refill,
    .init_vcpu = gicv2_init_vcpu,
    .save_vcpu = gicv2_save_vcpu,
    .restore_vcpu = gicv2_restore_vcpu,
    .make_dt_node = gicv2_make_dt_node,
};

/*
 * Systems built for 64 KiB pages repeat each 4 KiB frame 16 times, so that
 * frame 1 begins at 64 KiB. Seen from 0xf000 on, the two are neighbours
 * again (Arm SBSA, GICv2 memory map).
 */
static uint64_t frame_offset(const uint8_t *base, uint64_t size)
{
    uint32_t iidr;

    if ( size < 0x20000 )
        return 0;
    iidr = read32(base + GICC_IIDR);
    return FIELD_GET(GICC_IIDR_ARCH, iidr) == 2 &&
                   read32(base + GICC_ALIAS + GICC_IIDR) == iidr
               ? GICC_ALIAS
               : 0;
}

/* "reg": distributor, CPU interface, virtual control, virtual interface. */
static int map_frames(struct dt_node *np)
{
    uint64_t addr[4], size[4], offset;

    for ( unsigned int i = 0; i < 4; i++ )
    {
        int rc = dt_get_reg(np, i, &addr[i], &size[i]);

        if ( rc )
            return rc;
    }
    /* Some trees still give the CPU interface 4 KiB; DIR is beyond. */
    size[1] = MAX(size[1], (uint64_t)GICC_SIZE);

    gicd = ioremap(_maddr(addr[0]), MAX(size[0], UINT64_C(0x1000)));
    gicc = ioremap(_maddr(addr[1]), size[1]);
    gich = ioremap(_maddr(addr[2]), GICH_SIZE);
    if ( !gicd || !gicc || !gich )
        return -ENOMEM;

    offset = frame_offset(gicc, size[1]);
    gicc += offset;
    gic_layout.gicd = _maddr(addr[0]);
    gic_layout.gicd_size = size[0];
    gic_layout.gicc = _maddr(addr[1]);
    gic_layout.gicc_size = GICC_SIZE;
    gic_layout.gicv = _maddr(addr[3] + offset);

    return 0;
}

static int gicv2_probe(struct dt_node *np, const void *data)
{
    unsigned int nr;
    int rc = map_frames(np);

    (void)data;
    if ( rc )
    {
        printk(XENLOG_ERR "gic: %s: bad frames: %d\n", np->full_name, rc);
        return rc;
    }
    nr = 32 *
         (unsigned int)(FIELD_GET(GICD_TYPER_LINES, read32(gicd + GICD_TYPER)) +
                        1);
    nr = MIN(nr, IRQ_SPI_END);
    gic_nr_lrs =
        (unsigned int)FIELD_GET(GICH_VTR_LISTREGS, read32(gich + GICH_VTR)) + 1;
    gic_nr_lrs = MIN(gic_nr_lrs, GIC_MAX_LRS);

    init_dist(nr);
    gic_register(&gicv2_ops, np, nr);

    return 0;
}

static const struct dt_match gicv2_match[] = {
    {.compatible = "arm,cortex-a15-gic"},
    {.compatible = "arm,cortex-a7-gic"},
    {.compatible = "arm,gic-400"},
    {.compatible = NULL},
};
DT_DRIVER(gicv2, "GICv2", DT_DRIVER_GIC, gicv2_match, gicv2_probe);
