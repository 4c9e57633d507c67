/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a physical GIC driver (gic-v2.c, gic-v3.c) offers to irq.c and to the
 * injection engine (vgic.c). One ops table, chosen at probe.
 */
#ifndef ASM_GIC_H
#define ASM_GIC_H

#include <xen/irq.h>

struct dt_node;

/* A list register in neutral form. */
struct gic_lr {
    uint32_t virq;
    uint32_t pirq;    /* with hw: INTID deactivated by the guest's EOI/DIR */
    uint8_t priority;
    bool pending, active, hw, eoi; /* eoi: maintenance interrupt at EOI */
    uint8_t source;   /* GICv2 SGI: requesting CPU */
};

struct gic_ops {
    const char *name;
    unsigned int version;            /* 2 or 3 */
    void (*init_cpu)(void);          /* this CPU's interface, hypervisor part */
    uint32_t (*ack)(void);           /* IAR; 1020.. when nothing is pending */
    void (*eoi)(uint32_t irq);       /* priority drop */
    void (*deactivate)(uint32_t irq);
    void (*enable)(unsigned int irq);
    void (*disable)(unsigned int irq);
    void (*set_type)(unsigned int irq, enum irq_type type);
    void (*set_priority)(unsigned int irq, uint8_t prio);
    void (*set_affinity)(unsigned int irq, unsigned int cpu);
    void (*set_active)(unsigned int irq, bool active);
    bool (*is_pending)(unsigned int irq);
    void (*set_pending)(unsigned int irq, bool pending);
    void (*send_sgi)(cpumask_t to, unsigned int sgi);

    /* virtual interface of this CPU */
    unsigned int nr_lrs;
    void (*lr_read)(unsigned int i, struct gic_lr *lr);
    void (*lr_write)(unsigned int i, const struct gic_lr *lr);
    void (*lr_clear)(unsigned int i);
    uint64_t (*elrsr)(void);         /* bit i: list register i is empty */
    void (*hcr_set_underflow)(bool on); /* maintenance at <= 1 valid LR */
    void (*save_vcpu)(struct vcpu *v);  /* VMCR, APRs; leaves LRs to vgic.c */
    void (*restore_vcpu)(struct vcpu *v);
    /* dom0's GIC node in the new tree: same phandle and host addresses */
    int (*make_dt_node)(struct domain *d, void *fdt, uint32_t phandle);
};

extern const struct gic_ops *gic;
extern unsigned int gic_nr_irqs; /* SGIs + PPIs + SPIs of the distributor */

/* Host addresses, for dom0's virtual GIC (which stands at the same place). */
struct gic_layout {
    maddr_t gicd, gicc, gicv;    /* gicc, gicv: GICv2 */
    uint64_t gicd_size, gicc_size;
    struct { maddr_t base; uint64_t size; } gicr[8]; /* GICv3 */
    unsigned int nr_gicr;
    unsigned int maintenance_irq;
};
extern struct gic_layout gic_layout;

/* gic_init - find and set up the distributor and this CPU. Panics without. */
void gic_init(void);
void gic_init_cpu(void);

#endif /* ASM_GIC_H */
