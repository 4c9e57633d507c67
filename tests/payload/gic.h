/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt controller as a guest sees it: GICv2 or GICv3 by the device tree,
 * SGIs, PPIs and their handlers. SPIs have none: they are asked for.
 * Handlers run with interrupts masked. Every CPU calls gic_init_cpu() itself.
 * Manual: IHI 0069 (GICv3), IHI 0048 (GICv2).
 */
#ifndef PAYLOAD_GIC_H
#define PAYLOAD_GIC_H

#include <stdbool.h>
#include <stdint.h>

#define GIC_NR_PRIVATE 32
#define VTIMER_IRQ     27

#define GICD_CTLR         0x0000
#define GICD_TYPER        0x0004
#define GICD_ISENABLER(n) (0x0100 + 4 * (n))
#define GICD_ICENABLER(n) (0x0180 + 4 * (n))
#define GICD_SGIR         0x0f00
#define GICR_TYPER        0x0008
#define GICR_WAKER        0x0014
#define GICR_SGI          0x10000 /* second frame of a redistributor */
#define GICR_STRIDE       0x20000

typedef void (*irq_fn)(unsigned int irq);

struct gic {
    bool v3;
    uint64_t gicd_base;
    uint64_t gicc_base; /* v2 */
    uint64_t gicr_base; /* v3: of the boot CPU */
};

extern struct gic gic;

/* gic_init - find the controller, enable the distributor and this CPU. */
void gic_init(void);
void gic_init_cpu(void);

/* gic_enable - route a private interrupt of this CPU to fn. */
void gic_enable(unsigned int irq, irq_fn fn);

/* gic_enable_spi - on a GICv2, for CPU 0; it has no handler. */
void gic_enable_spi(unsigned int irq);

/* gic_take - with interrupts masked: the one that is due, 1020 and above: none.
 * gic_end - of one that was taken. */
unsigned int gic_take(void);
void gic_end(unsigned int irq);

/* gic_send_sgi - signal SGI irq to CPU id, the caller's own included. */
void gic_send_sgi(unsigned int irq, unsigned int id);

/* From the IRQ vector. */
void irq_handler(void);

#endif
