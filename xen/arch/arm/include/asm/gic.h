/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a physical GIC driver (gic-v2.c, gic-v3.c) offers to irq.c and to the
 * injection engine (vgic.c). One ops table, chosen at probe. EOImode is 1:
 * eoi() drops the priority, deactivate() ends the interrupt.
 */
#ifndef ASM_GIC_H
#define ASM_GIC_H

#include <xen/addr.h>
#include <xen/bits.h>
#include <xen/irq.h>

struct dt_node;

/*
 * A list register, in the layout of ICH_LR<n>_EL2 (IHI 0069, 12.4.7); the
 * GICv2 driver converts. LR_PHYS holds an INTID with LR_HW, and the
 * requesting CPU of an SGI on GICv2.
 */
#define LR_VIRT    GENMASK64(31, 0)
#define LR_PHYS    GENMASK64(44, 32)
#define LR_EOI     BIT64(41) /* without LR_HW: maintenance interrupt at EOI */
#define LR_PRIO    GENMASK64(55, 48)
#define LR_GROUP1  BIT64(60)
#define LR_HW      BIT64(61)
#define LR_PENDING BIT64(62)
#define LR_ACTIVE  BIT64(63)

#define GIC_MAX_LRS 16U

/* When the maintenance interrupt asks for list registers to be refilled. */
enum gic_refill {
    GIC_REFILL_NEVER,
    GIC_REFILL_NO_PENDING, /* none holds a pending interrupt (NPIE) */
    GIC_REFILL_UNDERFLOW,  /* at most one holds anything (UIE) */
};

struct gic_ops {
    const char *name;
    unsigned int version;      /* 2 or 3 */
    void (*init_cpu)(void);    /* this CPU's interface, hypervisor part */
    uint32_t (*ack)(void);     /* IAR; its INTID is 1020.. when idle */
    void (*eoi)(uint32_t iar); /* priority drop */
    void (*deactivate)(uint32_t iar);
    void (*enable)(unsigned int irq);
    void (*disable)(unsigned int irq); /* complete when it returns */
    void (*set_type)(unsigned int irq, enum irq_type type);
    void (*set_priority)(unsigned int irq, uint8_t prio);
    void (*set_affinity)(unsigned int irq, unsigned int cpu);
    void (*set_active)(unsigned int irq, bool active);
    bool (*is_pending)(unsigned int irq);
    void (*set_pending)(unsigned int irq, bool pending);
    void (*send_sgi)(cpumask_t to, unsigned int sgi);
    void (*recheck)(void); /* NULL, or see irq_recheck() */

    /* virtual interface of this CPU */
    uint64_t lr_group; /* LR_GROUP1 where guests use Group 1 */
    uint64_t (*lr_read)(unsigned int i);
    void (*lr_write)(unsigned int i, uint64_t lr);
    /* Bit i: the guest has ended what list register i held. That is ELRSR or
     * EISR: with LR_EOI a register counts as empty only when it is cleared. */
    uint64_t (*lrs_ended)(void);
    void (*set_refill)(enum gic_refill when);
    void (*init_vcpu)(struct vcpu *v);
    void (*save_vcpu)(struct vcpu *v); /* VMCR, APRs; leaves LRs to vgic.c */
    void (*restore_vcpu)(struct vcpu *v);
    /* "reg" and what else dom0's node needs besides the common properties. */
    int (*make_dt_node)(struct domain *d, void *fdt);
};

extern const struct gic_ops *gic;
extern unsigned int gic_nr_irqs; /* SGIs + PPIs + SPIs of the distributor */
extern unsigned int gic_nr_lrs;

/* Host addresses, for dom0's virtual GIC (which stands at the same place). */
#define GIC_MAX_GICR 8U
struct gic_layout {
    struct dt_node *np;
    maddr_t gicd, gicc, gicv; /* gicc, gicv: GICv2 */
    uint64_t gicd_size, gicc_size;
    struct {
        maddr_t base;
        uint64_t size;
    } gicr[GIC_MAX_GICR]; /* GICv3 */
    unsigned int nr_gicr;
    uint64_t gicr_stride;
    unsigned int maintenance_irq;
};
extern struct gic_layout gic_layout;

/* gic_init - find and set up the distributor and this CPU. Panics without. */
void gic_init(void);
void gic_init_cpu(void);
/* gic_register - by a driver's probe. */
void gic_register(const struct gic_ops *ops, struct dt_node *np,
                  unsigned int nr_irqs);

/*
 * gic_make_dt_node - the whole node for dom0 (fdt_begin_node() to
 * fdt_end_node()), with the host's phandle and
 * the virtual GICv2m frame as a child, whose phandle is that of the host's
 * MSI controller: "msi-map" of host bridges stays true.
 */
int __must_check gic_make_dt_node(struct domain *d, void *fdt);

/* gic_property_reg - "reg" of the GIC node, of address and size pairs. */
int gic_property_reg(void *fdt, const uint64_t *range, unsigned int nr);

/* gic_is_host_msi - is it an ITS or v2m frame, kept from dom0? */
bool gic_is_host_msi(const struct dt_node *np);
/* gic_msi_phandle - of the frame that dom0 sees; 0: it has none. */
uint32_t gic_msi_phandle(void);
/* gic_msi_frame - where the host's MSI controller stands; false: none. */
bool gic_msi_frame(maddr_t *base, uint64_t *size);

/* ---- irq.c, for the drivers and the virtual GIC ---- */

/* irq_init - the descriptors; @nr of them. By gic_register(). */
void irq_init(unsigned int nr);
/* irq_listed - is the SPI some device-tree node's? Never given out as MSI. */
bool irq_listed(unsigned int irq);
/* irq_leave_active - a requested interrupt ends by the guest's EOI through a
 * list register with the hardware link, not after its handler. */
void irq_leave_active(unsigned int irq);

/* ---- msi.c and gic-v3-its.c ---- */

void msi_init(void);          /* after gic_register() */
void msi_lpi(uint32_t intid); /* an LPI was acknowledged */

/* its_probe - every ITS under @gic_np; how many are usable. Before any
 * redistributor has LPIs enabled. */
unsigned int its_probe(struct dt_node *gic_np);
/* its_init_cpu - LPIs and the collection of this CPU. @gicr: its RD frame. */
void its_init_cpu(void *gicr, maddr_t gicr_ma);
bool its_present(void);
/* its_map - route event @event of @device_id to @lpi on @cpu. */
int __must_check its_map(uint32_t device_id, unsigned int nr_events,
                         unsigned int event, uint32_t lpi, unsigned int cpu);
/* its_unmap - discard; the last event of a device unmaps the device.
 * -ETIMEDOUT: the LPI may still arrive. */
int its_unmap(uint32_t device_id, unsigned int event);
/* its_move - to another CPU. */
void its_move(uint32_t device_id, unsigned int event, unsigned int cpu);
/* its_enable - let @lpi through, or keep one message of it back, if it is
 * still the event's. */
void its_enable(uint32_t device_id, unsigned int event, uint32_t lpi, bool on);
maddr_t its_doorbell(void);

#define LPI_ID_BITS 14U /* 8192 LPIs */
#define NR_LPIS     (BIT32(LPI_ID_BITS) - IRQ_LPI_FIRST)

#endif /* ASM_GIC_H */
