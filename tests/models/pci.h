/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI hardware as a program sees it: functions with configuration space, BARs
 * that are sized by writing ones and decode only when told to, bridges that
 * pass accesses to the bus they are numbered for, MSI-X tables in BARs. And
 * around it what drivers/pci stands on: a P2M, vectors, an IOMMU that takes
 * every device. Written from the specifications, sharing nothing with the
 * code under test but its interfaces.
 */
#ifndef MODEL_PCI_H
#define MODEL_PCI_H

#include <xen/domain.h>
#include <xen/pci.h>

#define MODEL_ECAM      0x4010000000ULL
#define MODEL_BUSES     16U
#define MODEL_MEM32     0x10000000ULL /* window, bus address == CPU address */
#define MODEL_SIZE32    0x0fff0000ULL /* no multiple of a large BAR */
#define MODEL_MEM64     0x8000000000ULL
#define MODEL_SIZE64    0x8000000000ULL
#define MODEL_DOORBELL  0x8090040ULL
#define MODEL_MSI_FIRST 256U /* the domain's v2m frame */
#define MODEL_MSI_NR    32U

struct model_fn {
    struct model_fn *parent; /* bridge above; NULL: bus 0 */
    unsigned int devfn;
    uint8_t cfg[4096];
    uint64_t bar_size[6];
    bool bar_64[6];
    uint8_t mem[0x8000]; /* behind every BAR alike */
    bool intx;           /* it asserts its pin */
    bool deaf;           /* it has no Interrupt Disable */
    unsigned int resets;
    int64_t silent_until; /* after a reset */
};

extern struct domain *model_d, *model_u[2]; /* dom0, guests */
extern struct pci_host *model_host;
extern unsigned int model_vectors; /* allocated now */
extern bool model_no_memory;       /* p2m_map_range() fails */
extern unsigned int model_doorbells;
extern bool model_isolated;          /* the doorbell tells devices apart */
extern bool model_ram_at_doorbell;   /* of the guests */
extern unsigned int model_throttled; /* lines switched off */
/* Accesses to device memory, and vectors and pages that came, went or were
 * refused. */
extern unsigned long model_work;
extern unsigned int model_windows; /* mmio regions registered, ECAM included */

/* model_reset - no functions, an empty domain; model_exit frees all. */
void model_reset(void);
void model_exit(void);
/* model_add - a function of type @header; then set it up. */
struct model_fn *model_add(struct model_fn *parent, unsigned int devfn,
                           unsigned int header);
/* model_remove - pulled out of its slot. */
void model_remove(struct model_fn *fn);
void model_bar(struct model_fn *fn, unsigned int i, uint64_t size, bool is_64);
/* Capabilities: a PCI Express one of a port type, MSI (64-bit), MSI-X. */
void model_cap_exp(struct model_fn *fn, unsigned int at, unsigned int type,
                   unsigned int next);
void model_cap_msi(struct model_fn *fn, unsigned int at, unsigned int next);
void model_cap_msix(struct model_fn *fn, unsigned int at, unsigned int nr,
                    unsigned int bar, uint32_t offset, unsigned int next);
uint32_t model_get(const struct model_fn *fn, unsigned int reg,
                   unsigned int size);
void model_set(struct model_fn *fn, unsigned int reg, unsigned int size,
               uint32_t value);
void model_cap_pm(struct model_fn *fn, unsigned int at, bool resets,
                  unsigned int next);
/* model_boot - what the hypervisor does at boot, up to dom0's functions. */
void model_boot(void);

/* model_advance - time goes by; tasklets and timers run. */
void model_advance(unsigned int ms);
/* Pins: assert one; a domain's virtual line; the guest ends it. */
void model_intx(struct model_fn *fn, bool asserted);
void model_lines(void);
bool model_virq(const struct domain *d, unsigned int virq);
void model_eoi(struct domain *d, unsigned int virq);

/* model_view - whose accesses, and P2M, the following are; dom0 at first. */
void model_view(struct domain *d);
/* The guest's accesses; the P2M decides where they go. */
uint64_t guest_conf_read(unsigned int bus, unsigned int devfn, unsigned int reg,
                         unsigned int size);
void guest_conf_write(unsigned int bus, unsigned int devfn, unsigned int reg,
                      unsigned int size, uint64_t value);
uint64_t guest_read(uint64_t addr, unsigned int size);
void guest_write(uint64_t addr, unsigned int size, uint64_t value);
/* guest_late_write - one that trapped before its page was mapped: what the
 * region's handler answers. */
int guest_late_write(uint64_t addr, unsigned int size, uint64_t value);
/* model_mapped - does the P2M have the frame of this address? */
bool model_mapped(uint64_t addr);
unsigned long model_nr_mapped(void);
bool model_mapped_to(uint64_t addr, uint64_t *maddr);
/* model_frame - all there are, of every domain. */
bool model_frame(unsigned long i, struct domain **d, uint64_t *gaddr,
                 uint64_t *maddr);
bool model_vector_owner(uint32_t data, struct domain **d, uint32_t *device_id);
/* model_vector_of - is there a vector that sends this, and what it injects. */
bool model_vector_of(uint32_t data, unsigned int *virq);

#endif /* MODEL_PCI_H */
