/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GIC: one injection engine (vgic.c), the registers common to
 * both versions (vgic-dist.c), GICv2 (vgic-v2.c), GICv3 (vgic-v3.c) and the
 * GICv2m frame guests use for MSI (vgic-v2m.c). Struct contents belong to it.
 */
#ifndef ASM_VGIC_H
#define ASM_VGIC_H

#include <xen/irq.h>
#include <xen/list.h>

struct domain;
struct vcpu;

#define VGIC_V2M_SIZE   0x1000U
#define VGIC_NR_PRIVATE 32U
#define VGIC_NO_LR      0xffU
#define VGIC_MANY_CPUS  0xffU
#define VGIC_NOT_LOADED (~0U)

/*
 * One virtual interrupt. Its owner's vgic lock protects everything; the
 * owner itself changes only with the locks of the old and the new one held.
 */
struct vgic_irq {
    struct list_head list;  /* owner's pending or moving list */
    struct vcpu *vcpu;      /* owner: whose list or LR it is on */
    struct vcpu *target;    /* where it is routed to; NULL: nowhere */
    struct msi_vector *msi; /* raised it last, perhaps no more; atomic */
    uint32_t pirq;          /* physical SPI of this virtual one, 0 none */
    uint32_t hw_pirq;       /* with hw: INTID the guest's EOI deactivates */
    uint16_t intid;
    uint8_t priority;
    uint8_t lr;      /* list register it is in, or VGIC_NO_LR */
    uint8_t sources; /* GICv2 SGI: requesting CPUs not delivered yet */
    uint8_t targets; /* GICv2: ITARGETSR as written */
    uint8_t hw_cpu;  /* with hw: who acknowledged it, or VGIC_MANY_CPUS */
    bool enabled;
    bool is_level; /* as configured by the guest */
    bool line;     /* level of the input */
    bool pending;  /* latch: an edge or ISPENDR, not in an LR */
    bool active;   /* while not in an LR */
    bool hw;       /* hw_pirq is active because of it */
    bool queued;   /* on the pending list */
    bool dropped;  /* its line fell while in a list register */
    bool watched;  /* a level; whoever raised it hears of its end */
};

struct vgic_dist {        /* in struct domain */
    unsigned int version; /* 2 or 3 */
    unsigned int nr_spis; /* all virtual SPIs, a multiple of 32 */
    struct vgic_irq *spis;
    uint64_t *allocated_irqs; /* bitmap of PPIs and SPIs booked; atomic */
    bool enabled;             /* GICD_CTLR; atomic */
    uint64_t gicd_base, gicc_base;
    uint64_t v2m_base; /* guest's GICv2m frame, 0 none */
    unsigned int v2m_first, v2m_nr;
    unsigned int nr_msgs; /* of its devices since msg_window; racy (msi.c) */
    int64_t msg_window;
};

struct vgic_cpu {             /* in struct vcpu */
    spinlock_t lock;          /* LOCK_RANK_VGIC: all below */
    unsigned int cpu;         /* whose list registers hold it, or NOT_LOADED */
    uint8_t refill;           /* enum gic_refill as programmed */
    bool recheck;             /* an interrupt in a list register changed */
    struct list_head pending; /* waiting for a list register, by priority */
    struct list_head moving;  /* routed to another vCPU meanwhile */
    struct vgic_irq *private_irqs; /* VGIC_NR_PRIVATE */
    struct vgic_irq *lr_irq[16];   /* what each list register holds */
    uint32_t lr_used;              /* bitmap of lr_irq */
    uint64_t lr[16];               /* list registers while not loaded */
    uint64_t hw_state[16];         /* gic driver: VMCR, APRs while not loaded */
    uint64_t gicr_base;            /* GICv3: this vCPU's redistributor */
};

/*
 * domain_vgic_init - @nr_spis virtual SPIs (rounded up to 32), and more for
 * the v2m frame; @version 2 or 3. Registers the MMIO regions at the host's
 * addresses for a direct-mapped domain, at Xen's guest layout otherwise.
 * d->max_vcpus is known. -ENODEV when the host cannot offer that version.
 */
int __must_check domain_vgic_init(struct domain *d, unsigned int version,
                                  unsigned int nr_spis);
void domain_vgic_exit(struct domain *d);
int __must_check vcpu_vgic_init(struct vcpu *v);
void vcpu_vgic_exit(struct vcpu *v);

/*
 * vgic_inject - set the line of a PPI/SGI (v given) or SPI (v NULL: routed by
 * the guest's settings). Edge: pass level = true each time. The event channel
 * upcall counts as an edge whatever the guest configured: pass true when the
 * upcall byte went from 0 to 1.
 */
void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level);
/* vgic_inject_hw - a physical interrupt has fired and stays active until the
 * guest ends the virtual one. */
void vgic_inject_hw(struct domain *d, struct vcpu *v, unsigned int virq,
                    unsigned int pirq);

/* vgic_link - virtual SPI @virq stands for physical @pirq; 0: for none any
 * more, and what is pending is dropped. irq.c only. */
int __must_check vgic_link(struct domain *d, unsigned int virq,
                           unsigned int pirq, bool is_level);
void vgic_unlink(struct domain *d, unsigned int virq);

/*
 * vgic_watch - @virq is the line of PCI functions: a level, which falls when
 * the guest ends it, with a call of pci_intx_ended(). vgic_line: is it high?
 */
void vgic_watch(struct domain *d, unsigned int virq);
bool vgic_line(struct domain *d, unsigned int virq);

/* vgic_reserve_irq / vgic_alloc_spi - book a virtual interrupt. */
bool vgic_reserve_irq(struct domain *d, unsigned int virq);
int vgic_alloc_spi(struct domain *d); /* number or -ENOSPC */
int vgic_alloc_ppi(struct domain *d);
void vgic_free_irq(struct domain *d, unsigned int virq);

/* vgic_is_msi - is it an SPI of the domain's v2m frame? vPCI checks the data
 * of a message with it. */
bool vgic_is_msi(const struct domain *d, unsigned int virq);

/* vgic_flush - before entering the guest, when v->work has VCPU_WORK_VGIC,
 * which the caller clears first: what comes later sets it again. */
void vgic_flush(struct vcpu *v);
void vgic_save(struct vcpu *v);    /* context switch away */
void vgic_restore(struct vcpu *v); /* context switch to */
/* vgic_has_pending - would an enabled interrupt wake this vCPU from WFI? */
bool vgic_has_pending(struct vcpu *v);
/* vgic_maintenance - handler of the maintenance interrupt. */
void vgic_maintenance(unsigned int irq, void *unused);
/* vgic_dump - debug key: what is pending, active and in list registers. */
void vgic_dump(struct vcpu *v);

/* ICC_SGI1R_EL1 written; GICv3. */
void vgic_v3_sgi1r(struct vcpu *v, uint64_t value);

/* ---- between the files of the virtual GIC ---- */

/* vgic_send_sgi - from @v to @to, which may be @v. */
void vgic_send_sgi(struct vcpu *v, struct vcpu *to, unsigned int sgi);
struct vgic_irq *vgic_irq(struct domain *d, struct vcpu *v, unsigned int intid);
struct vgic_irq_state {
    bool pending, active;
};
struct vgic_irq_state vgic_irq_state(struct domain *d, struct vgic_irq *irq);
void vgic_irq_enable(struct domain *d, struct vgic_irq *irq, bool enable);
void vgic_irq_set_pending(struct domain *d, struct vgic_irq *irq, bool on);
void vgic_irq_set_active(struct domain *d, struct vgic_irq *irq, bool on);
void vgic_irq_set_priority(struct vgic_irq *irq, uint8_t priority);
void vgic_irq_set_type(struct vgic_irq *irq, bool is_level);
void vgic_irq_set_target(struct vgic_irq *irq, struct vcpu *target,
                         uint8_t targets);
/* GICv2: which CPUs' requests for an SGI are pending; set or clear some. */
uint8_t vgic_sgi_sources(struct vcpu *v, uint64_t sgi);
void vgic_sgi_set_sources(struct vcpu *v, uint64_t sgi, uint8_t mask, bool on);
/* vgic_set_enabled - GICD_CTLR: forward interrupts or not. */
void vgic_set_enabled(struct domain *d, bool enabled);

/*
 * Registers 0x080..0xcff, the same in the distributor and in a
 * redistributor's SGI frame. @v: whose private interrupts; interrupts below
 * @first or from @end on read as zero. False: not one of them.
 */
bool vgic_dist_read(struct vcpu *v, unsigned int first, unsigned int end,
                    uint64_t offset, unsigned int size, uint64_t *value);
bool vgic_dist_write(struct vcpu *v, unsigned int first, unsigned int end,
                     uint64_t offset, unsigned int size, uint64_t value);

int __must_check vgic_v2_init(struct domain *d);
int __must_check vgic_v3_init(struct domain *d);
void vgic_v3_init_vcpu(struct vcpu *v);
int __must_check vgic_v2m_init(struct domain *d);
/* vgic_v3_gicr - redistributor region @i of a domain; false past the last. */
bool vgic_v3_gicr(const struct domain *d, unsigned int i, uint64_t *base,
                  uint64_t *size, unsigned int *first_vcpu);

#endif /* ASM_VGIC_H */
