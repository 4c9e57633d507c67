/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls, on libxencall and its relatives. The handles are opened at first
 * use; when they cannot be, pxl ends with a message. All return 0 (or what the
 * hypercall does) or -errno, without a message.
 */
#ifndef PXL_HYP_H
#define PXL_HYP_H

#define __XEN_TOOLS__ 1
#include <stddef.h>
#include <stdint.h>

#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/memory.h>

#include <proxenos.h>

struct xenforeignmemory_handle;

/* Version fields are filled in here; the structure is written back. */
int hyp_domctl(uint32_t cmd, uint16_t domid, struct xen_domctl *op);
int hyp_sysctl(uint32_t cmd, struct xen_sysctl *op);
int hyp_px(uint32_t cmd, struct proxenos_op *op);
/* Any other: @arg of @size bytes is passed by address and written back; or
 * NULL. */
int hyp_memory(unsigned int cmd, void *arg, size_t size);
int hyp_call2(unsigned int nr, uint64_t cmd, void *arg, size_t size);

/* Memory that a structure's handle may point to; zeroed. */
void *hyp_buffer(size_t size);
void hyp_buffer_free(void *buf, size_t size);

/* hyp_map - @nr frames of a domain, read-write; NULL with errno. */
void *hyp_map(uint16_t domid, const xen_pfn_t *gfns, size_t nr);
void hyp_unmap(void *addr, size_t nr);

int hyp_set_param(uint16_t domid, uint32_t index, uint64_t value);
int hyp_get_param(uint16_t domid, uint32_t index, uint64_t *value);

#endif /* PXL_HYP_H */
