/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PXL_VCPU_H
#define PXL_VCPU_H

#include <stdbool.h>
#include <stdint.h>

/*
 * vcpu_pin - the CPUs that a vCPU may (@hard) and should (@soft) run on; bit
 * maps of nr_cpus() as in parse.h, NULL: as they are. Return: 0 or -errno.
 */
int vcpu_pin(int domid, uint32_t vcpu, const uint8_t *hard, const uint8_t *soft,
             bool force);

#endif /* PXL_VCPU_H */
