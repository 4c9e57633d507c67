/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GIC: one injection engine (vgic.c), register emulation for
 * GICv2 (vgic-v2.c) and GICv3 (vgic-v3.c). Struct contents belong to it.
 */
#ifndef ASM_VGIC_H
#define ASM_VGIC_H

#include <xen/irq.h>
#include <xen/list.h>

struct vgic_irq;

struct vgic_dist {               /* in struct domain */
    unsigned int version;        /* 2 or 3 */
    unsigned int nr_spis;
    struct vgic_irq *spis;
    uint64_t *allocated_irqs;    /* bitmap of virtual SPIs/PPIs handed out */
    bool enabled;                /* GICD_CTLR; vgic lock of vCPU 0 */
    spinlock_t lock;
    uint64_t gicd_base;
    uint64_t v2m_base;           /* guest's GICv2m frame, 0 none */
    unsigned int v2m_first, v2m_nr;
};

struct vgic_cpu {                /* in struct vcpu */
    spinlock_t lock;             /* LOCK_RANK_VGIC: this vCPU's lists */
    struct list_head pending;    /* vgic_irq waiting for a list register */
    struct vgic_irq *private_irqs; /* 32 */
    struct vgic_irq *lr_irq[16]; /* what each list register holds */
    uint64_t lr_used;            /* bitmap of lr_irq */
    uint64_t hw_state[16];       /* gic driver: saved LRs, VMCR, APRs */
    uint64_t gicr_base;
};

/*
 * domain_vgic_init - @nr_spis virtual SPIs (rounded up to 32); @version 2 or
 * 3. Registers the MMIO regions at the host's addresses for a direct-mapped
 * domain, at Xen's guest layout otherwise.
 */
int __must_check domain_vgic_init(struct domain *d, unsigned int version,
                                  unsigned int nr_spis);
void domain_vgic_exit(struct domain *d);
int __must_check vcpu_vgic_init(struct vcpu *v);
void vcpu_vgic_exit(struct vcpu *v);

/* vgic_inject - set the line of a PPI/SGI (v given) or SPI (v NULL: routed by
 * the guest's settings). Edge: pass level = true each time. */
void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level);
/* vgic_inject_hw - a physical interrupt routed to the guest has fired. */
void vgic_inject_hw(struct domain *d, struct vcpu *v, unsigned int virq,
                    unsigned int pirq);

/* vgic_reserve_irq / vgic_alloc_spi - book a virtual interrupt. */
bool vgic_reserve_irq(struct domain *d, unsigned int virq);
int vgic_alloc_spi(struct domain *d); /* number or -ENOSPC */
int vgic_alloc_ppi(struct domain *d);
void vgic_free_irq(struct domain *d, unsigned int virq);

/* vgic_flush - before entering the guest, when v->vgic_work is set. */
void vgic_flush(struct vcpu *v);
void vgic_save(struct vcpu *v);    /* context switch away */
void vgic_restore(struct vcpu *v); /* context switch to */
/* vgic_has_pending - would an enabled interrupt wake this vCPU from WFI? */
bool vgic_has_pending(struct vcpu *v);

/* ICC_SGI1R_EL1 written; GICv3. */
void vgic_v3_sgi1r(struct vcpu *v, uint64_t value);

#endif /* ASM_VGIC_H */
