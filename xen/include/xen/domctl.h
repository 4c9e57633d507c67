/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of domctl, and what sysctl shares with them. Each gets an operation
 * that was copied in, and a domain it holds a reference to.
 */
#ifndef XEN_DOMCTL_H
#define XEN_DOMCTL_H

#include <xen/lib.h>

struct domain;
struct xen_domctl;
struct xen_domctl_getdomaininfo;
struct xenctl_bitmap;

/* domain_info - what domctl and sysctl tell of a domain. */
void domain_info(const struct domain *d, struct xen_domctl_getdomaininfo *info);

/*
 * Of one domain's vCPUs, and of its devices. -ENOSYS: not theirs. What is to go
 * back to the caller is in @op.
 */
long domctl_vcpu(struct domain *d, struct xen_domctl *op);
long domctl_device(struct domain *d, const struct xen_domctl *op);

/* Sets of CPUs or nodes, 64 at most: what is beyond reads as zero. */
int __must_check bits_from_guest(uint64_t *bits,
                                 const struct xenctl_bitmap *map);
int __must_check bits_to_guest(const struct xenctl_bitmap *map, uint64_t bits);

#endif /* XEN_DOMCTL_H */
