/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forced in first, instead of pxl's hyp.h, whose <xen/...> would be the
 * hypervisor's own here. What it declares of these, a test defines.
 */
#ifndef PXL_HYP_H
#define PXL_HYP_H

#include "guest-abi.h"

int hyp_px(uint32_t cmd, struct proxenos_op *op);

#endif /* PXL_HYP_H */
