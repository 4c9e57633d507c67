/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Emulated registers: regions of a domain's address space, and their ops. */
#ifndef XEN_MMIO_H
#define XEN_MMIO_H

#include <xen/addr.h>
#include <xen/spinlock.h>

struct domain;
struct vcpu;

/*
 * Handlers get the offset in the region and the access size in bytes (1, 2,
 * 4, 8). They return 0, or -EFAULT to give the guest an external abort.
 */
struct mmio_ops {
    int (*read)(struct vcpu *v, void *priv, uint64_t offset, unsigned int size,
                uint64_t *value);
    int (*write)(struct vcpu *v, void *priv, uint64_t offset, unsigned int size,
                 uint64_t value);
};

struct mmio_region {
    uint64_t base, size;
    const struct mmio_ops *ops;
    void *priv;
};

#define MMIO_MAX_REGIONS 64U
struct domain_mmio {
    spinlock_t lock; /* writers; readers use the sorted array */
    unsigned int nr;
    struct mmio_region region[MMIO_MAX_REGIONS]; /* sorted by base */
};

/*
 * mmio_register - regions may not overlap (-EEXIST); -ENOSPC when full.
 * Before the domain runs, or with it paused.
 */
int __must_check mmio_register(struct domain *d, ipa_t base, uint64_t size,
                               const struct mmio_ops *ops, void *priv);
void mmio_unregister(struct domain *d, ipa_t base);
/* mmio_find - the region of an address, or NULL. */
const struct mmio_region *mmio_find(const struct domain *d, uint64_t ipa);

#endif /* XEN_MMIO_H */
