/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' timers. CNTV is the hardware's, its interrupt injected with the
 * hardware link; CNTP is emulated by a timer of ours.
 */
#ifndef ASM_VTIMER_H
#define ASM_VTIMER_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Of every guest, whatever the host's are: Xen's and Linux's numbers. */
#define VTIMER_VIRT_PPI 27U
#define VTIMER_PHYS_PPI 30U

/* vtimer_init - the host's virtual timer interrupt, on the boot CPU, after
 * gic_init() and time_init(). vtimer_init_cpu - on each other CPU. */
void vtimer_init(void);
void vtimer_init_cpu(void);

/* vcpu_vtimer_init - soft timers, not running. */
void vcpu_vtimer_init(struct vcpu *v);
/* vcpu_vtimer_exit - neither runs any more. */
void vcpu_vtimer_exit(struct vcpu *v);

/* vtimer_save - switched out, after vgic_save(): if it is blocked, a soft
 * timer wakes it when CNTV would fire. vtimer_restore - switched in. */
void vtimer_save(struct vcpu *v);
void vtimer_restore(struct vcpu *v);

/* vtimer_sysreg - a trapped CNTP_{TVAL,CTL,CVAL}_EL0, @reg as in ESR_EL2.
 * @v is current. False: not one of them. */
bool vtimer_sysreg(struct vcpu *v, uint64_t reg, bool read, uint64_t *value);

#endif /* ASM_VTIMER_H */
