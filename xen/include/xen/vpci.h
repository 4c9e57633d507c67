/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual host bridge a domain sees: trapped ECAM, BARs mapped through
 * the P2M, MSI and MSI-X programmed by us alone. drivers/pci/vpci*.c
 */
#ifndef XEN_VPCI_H
#define XEN_VPCI_H

#include <xen/list.h>
#include <xen/spinlock.h>

struct domain;
struct pci_dev;
struct pci_host;

struct domain_vpci {
    spinlock_t lock;            /* LOCK_RANK_VPCI */
    struct list_head functions; /* struct vpci; lock */
    struct list_head hosts;     /* struct vpci_host; before it runs */
    unsigned int last_slot;     /* given out; device lock */
};

void domain_vpci_init(struct domain *d);
/* domain_vpci_exit - free what is left; its functions were removed. */
void domain_vpci_exit(struct domain *d);
/* vpci_add_host - dom0: emulate this host's ECAM at its machine address. */
int __must_check vpci_add_host(struct domain *d, struct pci_host *host);
/* vpci_add_bridge - domU: an empty bus at GUEST_VPCI_*. */
int __must_check vpci_add_bridge(struct domain *d);
/*
 * vpci_add_function - show a function of a host that was added; decoding and
 * bus mastering start off. domU: at @devfn of its bus; @flags: PX_ATTACH_*.
 * -EADDRNOTAVAIL: the domain has something where the MSI doorbell is.
 * Device lock held.
 */
int __must_check vpci_add_function(struct domain *d, struct pci_dev *pdev,
                                   unsigned int devfn, unsigned int flags);
/*
 * vpci_remove_function - quiesce it, unmap its BARs, withdraw its interrupts
 * and doorbell. -ERESTART: call again, some of its vectors are left; for its
 * owner it has gone. Device lock held.
 */
int vpci_remove_function(struct pci_dev *pdev);
/* vpci_uses - does somebody have it, with registers in this range of the
 * machine? Device lock held. */
bool vpci_uses(const struct pci_dev *pdev, uint64_t addr, uint64_t size);
/* vpci_was_reset - with its owner's vPCI lock held: does it decode no memory although its owner wants it to? */
bool vpci_was_reset(const struct pci_dev *pdev);

#endif /* XEN_VPCI_H */
