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
    spinlock_t lock;               /* LOCK_RANK_VPCI */
    struct list_head functions;    /* struct vpci */
};

void domain_vpci_init(struct domain *d);
/* vpci_add_host - dom0: emulate this host's ECAM at its machine address. */
int __must_check vpci_add_host(struct domain *d, struct pci_host *host);
int __must_check vpci_add_function(struct domain *d, struct pci_dev *pdev);
void vpci_remove_function(struct pci_dev *pdev);

#endif /* XEN_VPCI_H */
