/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between pci.c (finding functions), pci-assign.c (whose they are),
 * pci-reset.c, pci-intx.c and the virtual host bridge (vpci*.c).
 */
#ifndef PCI_PRIVATE_H
#define PCI_PRIVATE_H

#include <xen/pci.h>

/* pci_save - keep what a reset loses. pci_restore - write it back; decoding
 * is off then. Device lock. */
void pci_save(struct pci_dev *pdev);
void pci_restore(struct pci_dev *pdev);
/*
 * pci_reset_start - begin a reset of this kind; the function is quiesced and
 * has no owner that could reach it, or its owner's vPCI lock is held.
 * pci_reset_poll - go on with it: -ERESTART while it lasts, at most a second
 * or so; 0 with the configuration restored; -ETIMEDOUT: it does not answer.
 */
void pci_reset_start(struct pci_dev *pdev, unsigned int kind);
int pci_reset_poll(struct pci_dev *pdev);
/* pci_bus_is_resetting - for another's sake: it is silent, and loses what a
 * new owner would set up. Device lock. */
bool pci_bus_is_resetting(const struct pci_dev *pdev);

/* pci_assign - to @d with the whole of its group; shown to @d at once. */
int __must_check pci_assign(struct domain *d, struct pci_dev *pdev);
/* pci_lost - it was pulled out: take it from its owner. Device lock. */
void pci_lost(struct pci_dev *pdev);
/* pci_is_same - is it, or its like, still there? */
bool pci_is_same(const struct pci_dev *pdev);

/*
 * pci_intx_pin - where its pin stands on the root bus, 0 for INTA; false: it
 * has none. pci_intx_attach - its line raises @virq of @d (0: the line's own
 * number) from now on. Without a line it raises nothing, with a message.
 */
bool pci_intx_pin(const struct pci_dev *pdev, unsigned int *pin);
void pci_intx_attach(struct pci_dev *pdev, struct domain *d, unsigned int virq);
void pci_intx_detach(struct pci_dev *pdev);
/* pci_intx_command - write COMMAND as its owner wants it, Interrupt Disable
 * included; pci_intx_off: what it wants. */
void pci_intx_command(struct pci_dev *pdev, uint16_t command);

#endif /* PCI_PRIVATE_H */
