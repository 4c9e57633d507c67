/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forced in first, instead of pxl's hyp.h, whose <xen/...> would be the
 * hypervisor's own here. What it declares of these, a test defines.
 */
#ifndef PXL_HYP_H
#define PXL_HYP_H

#include "guest-abi.h"

int hyp_domctl(uint32_t cmd, uint16_t domid, struct xen_domctl *op);
int hyp_px(uint32_t cmd, struct proxenos_op *op);
void *hyp_buffer(size_t size);
void hyp_buffer_free(void *buf, size_t size);

#endif /* PXL_HYP_H */
