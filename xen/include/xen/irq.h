/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical interrupts: who handles them, and the small interface a GIC
 * driver offers. Numbers are INTIDs: 0-15 SGI, 16-31 PPI, 32-1019 SPI,
 * 8192 and up LPI. Handlers run with interrupts masked and may not sleep.
 */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include <xen/cpumask.h>
#include <xen/spinlock.h>

struct domain;
struct vcpu;

#define IRQ_SGI_COUNT 16U
#define IRQ_PPI_FIRST 16U
#define IRQ_SPI_FIRST 32U
#define IRQ_SPI_END   1020U
#define IRQ_LPI_FIRST 8192U

/* The device tree's numbers for the third interrupt cell. */
enum irq_type {
    IRQ_TYPE_INVALID = 0,
    IRQ_TYPE_EDGE_RISING = 1,
    IRQ_TYPE_LEVEL_HIGH = 4,
    IRQ_TYPE_LEVEL_LOW = 8,
};
static inline bool irq_type_is_level(enum irq_type t)
{
    return t & (IRQ_TYPE_LEVEL_HIGH | IRQ_TYPE_LEVEL_LOW);
}

typedef void (*irq_handler_t)(unsigned int irq, void *dev);

/*
 * irq_request - our own handler for an interrupt; enables it on this CPU
 * (PPI) or on the boot CPU (SPI). -EBUSY when it has a handler or a guest.
 */
int __must_check irq_request(unsigned int irq, enum irq_type type,
                             irq_handler_t handler, void *dev,
                             const char *name);
/* irq_mute, irq_unmute - a requested SPI: keep it from arriving while its
 * cause stays, as a level does. Any number of times, any lock held. */
void irq_mute(unsigned int irq);
void irq_unmute(unsigned int irq);
/* irq_enable_percpu - enable a requested PPI on a CPU that came up later. */
void irq_enable_percpu(unsigned int irq);

/*
 * irq_route_to_guest - physical SPI to a domain's virtual SPI, injected with
 * the hardware link: the guest's deactivation is the physical one. The
 * interrupt is enabled when the guest enables the virtual one.
 * -EBUSY when it is ours or another domain's; -EINVAL not an SPI.
 */
int __must_check irq_route_to_guest(struct domain *d, unsigned int virq,
                                    unsigned int irq, enum irq_type type,
                                    const char *name);
/* irq_release_guest - mask, deactivate, forget. -ENOENT if not @d's. */
int irq_release_guest(struct domain *d, unsigned int irq);

/* Whose it is, for lists and checks: NULL when free. */
const char *irq_name(unsigned int irq);
struct domain *irq_guest(unsigned int irq);
bool irq_is_free(unsigned int irq);

/* do_irqs - acknowledge and handle everything pending; from guest exits and
 * from the idle loop. EL2 never takes an interrupt exception itself. */
void do_irqs(void);
/*
 * irq_recheck - have the interrupt controller look at its lines again; true
 * when it needs that. QEMU's GICv2 (7.2 to 11.1, gic_complete_irq()) does not
 * when a guest's EOI deactivates a level interrupt whose line is still high:
 * the interrupt stays pending and no CPU is told. The scheduler calls this
 * before it idles, and looks in every slice; hardware loses nothing by it.
 */
bool irq_recheck(void);
/* irq_pending_here - does ISR_EL1 show an interrupt waiting for this CPU? */
bool irq_pending_here(void);

/* ---- message interrupts: one LPI or v2m SPI ---- */

struct msi_msg {
    maddr_t doorbell; /* machine address the device writes */
    uint32_t data;
};
/*
 * msi_vector_alloc - a vector for event @event of the function with this ITS
 * DeviceID (requester ID). Delivered as a physical LPI when there is an ITS,
 * as an SPI of a v2m frame otherwise. It injects @virq of @d edge-wise.
 * @msg: what to program. The vector starts enabled in the GIC; masking is
 * done at the function. @irq: the INTID, for lists.
 * -ENOSPC no vector left, -ENODEV no MSI controller.
 */
struct msi_vector;
int __must_check msi_vector_alloc(struct domain *d, uint32_t device_id,
                                  unsigned int nr_events, unsigned int event,
                                  unsigned int virq, struct msi_msg *msg,
                                  struct msi_vector **out);
/* msi_vector_free - the function must not be able to send it any more. */
void msi_vector_free(struct msi_vector *vec);
/* msi_retarget - the guest routed @virq elsewhere: the vector follows, the
 * last one if several inject it. The others arrive where they did. */
void msi_retarget(struct domain *d, unsigned int virq, unsigned int cpu);
unsigned int msi_vector_irq(const struct msi_vector *vec);
/* msi_isolated - do doorbells tell devices apart (ITS)? (P8) */
bool msi_isolated(void);
/* msi_doorbell_page - the page every MSI is written to; false: no MSI. */
bool msi_doorbell_page(maddr_t *ma);

#endif /* XEN_IRQ_H */
