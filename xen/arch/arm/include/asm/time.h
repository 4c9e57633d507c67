/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic timer's interrupts and the raw counter. */
#ifndef ASM_TIME_H
#define ASM_TIME_H

#include <stdint.h>
#include <xen/time.h>

struct dt_node;

struct timer_irqs {
    unsigned int phys_secure, phys, virt, hyp; /* PPIs of the host's node */
    struct dt_node *np;
};
const struct timer_irqs *timer_irqs(void);

/* cntpct - the physical counter, in program order. */
uint64_t cntpct(void);

/* time_early_init - NOW() works from here; before the device tree is read. */
void time_early_init(void);

#endif /* ASM_TIME_H */
