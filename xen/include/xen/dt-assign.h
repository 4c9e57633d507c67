/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of devices that are nodes of the host's tree. With the right to do
 * DMA (xen/iommu.h) go the registers in "reg", at the guest-physical address
 * that is the machine's, and the SPIs in "interrupts", under their own numbers.
 * Its clocks run, and its power areas stay on, while it is not the hardware
 * domain's, and it is reset when it leaves a domain, where we know how
 * (xen/rcar.h); a message names one that is not.
 *
 * The nodes of a group move together. A node goes nowhere while a page of its
 * registers, or one of its interrupts, is also that of a node outside of the
 * group: whoever has the one would have the other. A message names both.
 *
 * All these: -EPERM the hypervisor itself uses a node of the group;
 * -EADDRINUSE a page or an interrupt is shared; -E2BIG more ranges or pages
 * than are moved at a time; -EINVAL "reg" or "interrupts" is malformed; -EIO a
 * clock of it does not start, or a power area of it is off.
 */
#ifndef XEN_DT_ASSIGN_H
#define XEN_DT_ASSIGN_H

#include <xen/compiler.h>
#include <xen/addr.h>

struct device;
struct domain;

/*
 * dt_quarantine - from the hardware domain to nobody: its registers leave that
 * domain's tables and what it may hand on, its interrupts are masked. Nobody's
 * already: 0. -EBUSY: a domU's. -ERESTART: to be called again.
 * dt_release - the way back. No lock held.
 */
int __must_check dt_quarantine(struct device *dev);
int __must_check dt_release(struct device *dev, struct device **conflict);

/*
 * dt_attach - nobody's to @d. -EBUSY: @owner has it or its registers, or
 * an interrupt of it is not free (DOMID_INVALID; a message says why); -EADDRNOTAVAIL: a register's address is one of the
 * guest's layout or in use there; else as iommu_assign_device(). After an error
 * nothing has changed.
 * dt_detach - back to nobody. -ENODEV: not @d's. -ETIMEDOUT as
 * iommu_deassign_device().
 * dt_withdraw - the registers and interrupts alone, for a domain that dies.
 * d->hypercall_lock held.
 */
int __must_check dt_attach(struct domain *d, struct device *dev,
                           uint32_t *owner, struct device **conflict);
int __must_check dt_detach(struct domain *d, struct device *dev);
void dt_withdraw(struct domain *d, struct device *dev);

#endif /* XEN_DT_ASSIGN_H */
