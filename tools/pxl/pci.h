/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices of domains: pci = [...] of a configuration, and the commands. */
#ifndef PXL_PCI_H
#define PXL_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg;

/* pci_name - "0000:01:00.0", to be freed. */
char *pci_name(uint32_t sbdf);
/* pci_bdf - "[DDDD:]BB:DD.F" from *@text on, which moves behind it; false:
 * none. */
bool pci_bdf(const char **text, uint32_t *sbdf);

#define PCI_NO_BDF   (~0U)
#define PCI_ANY_SLOT (~0U)

/*
 * "[DDDD:]BB:DD.F[@VSLOT][,OPTION=VALUE...]" as xl-pci-configuration(5); bdf=,
 * vslot= and name= are options, too.
 */
struct pci_spec {
    uint32_t sbdf;   /* PCI_NO_BDF: not known, see name */
    char name[64];   /* "": none; else it says which function (pci_resolve) */
    uint32_t vslot;  /* PCI_ANY_SLOT: any */
    bool permissive; /* consent: without an IOMMU (direct-mapped domains) */
    bool msi;        /* consent: MSI on a frame that all share (GICv2) */
    bool seize;      /* taken from dom0 when it is not assignable yet */
    unsigned int line;
};

/*
 * pci_parse - @why: what is wrong with it, to be freed; no message is printed.
 */
int pci_parse(const char *text, struct pci_spec *spec, char **why);

/*
 * Names that pci-assignable-add -n gave, kept in xenstore.
 *
 * pci_resolve - the function that a name means; @why as above.
 * pci_named - the same of any name; false: none has it.
 * pci_given_name - of a function, to be freed; NULL: none.
 * pci_set_name - NULL: no name any more. -1 after a message.
 * pci_name_is_good - can a function be called this?
 */
int pci_resolve(struct pci_spec *spec, char **why);
bool pci_named(const char *name, uint32_t *sbdf);
char *pci_given_name(uint32_t sbdf);
int pci_set_name(uint32_t sbdf, const char *name);
bool pci_name_is_good(const char *name);

/*
 * pci_config - pci = [...], with pci_permissive and pci_seize as defaults. To
 * be called before the domain is made: a mistake is found early. @specs is to
 * be freed; @nr 0: the domain gets none.
 */
int pci_config(struct cfg *cfg, struct pci_spec **specs, size_t *nr);

/*
 * pci_create - attach the configuration's devices to @domid, which does not
 * run yet. After a failure the domain is to be destroyed: that gives them
 * back. A device whose last owner is still being taken apart (reboot) is
 * waited for. @again: a device that is not to be had is left out, after a
 * warning.
 */
int pci_create(struct cfg *cfg, int domid, bool again);

/*
 * pci_destroy - take all PCI devices from a domain before it is destroyed, so
 * that none writes into its memory; they stay assignable. Of a domain that
 * never ran, what dom0 lost to it is told (taken.h).
 */
int pci_destroy(int domid);

/*
 * pci_seize - make dom0's function assignable, without a word on stdout; one
 * that is not dom0's is left alone. @taken: it was dom0's.
 * pci_unseize - what was taken goes back to dom0 and its drivers. A function
 * that cannot is said to stay.
 */
int pci_seize(uint32_t sbdf, bool *taken);
void pci_unseize(uint32_t sbdf);

/*
 * pci_partner - the function for whose sake @owner has this one, too: a group
 * goes together, what was not asked for is switched off. To be freed; NULL: it
 * was asked for, or is not @owner's.
 */
char *pci_partner(uint32_t sbdf, uint32_t owner);

#endif /* PXL_PCI_H */
