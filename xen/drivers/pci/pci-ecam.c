/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-ecam.c - host bridges whose configuration space is plain memory: 4 KiB
 * for each function (PCI Express Base Specification 5.0, 7.2.2 "PCI Express
 * Enhanced Configuration Access Mechanism").
 */
#include <xen/pci.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>

static unsigned int nr_hosts;

static int read_bus_range(struct pci_host *host)
{
    uint32_t first, last;

    host->bus_end = 0xff;
    if ( !dt_find_property(host->np, "bus-range") )
        return 0;
    if ( dt_read_u32_index(host->np, "bus-range", 0, &first) ||
         dt_read_u32_index(host->np, "bus-range", 1, &last) || first > last ||
         last > 0xff )
        return -EINVAL;
    host->bus_start = (uint8_t)first;
    host->bus_end = (uint8_t)last;
    return 0;
}

/* "ranges": <space pci-hi pci-lo> <cpu> <size-hi size-lo> */
static int read_windows(struct pci_host *host)
{
    const struct dt_property *ranges = dt_find_property(host->np, "ranges");
    uint32_t pna = dt_n_addr_cells(host->np);
    const uint32_t *cells;
    uint32_t row = 4 * (3 + pna + 2), na;

    if ( !ranges || pna - 1 > 1 || ranges->length % row ||
         dt_read_u32(host->np, "#address-cells", &na) || na != 3 )
        return -EINVAL;
    cells = ranges->value;
    for ( uint32_t i = 0; i < ranges->length / row; i++ )
    {
        struct pci_window *w = &host->window[host->nr_windows];
        uint32_t space = (uint32_t)dt_next_cells(&cells, 1);

        if ( host->nr_windows == PCI_MAX_WINDOWS )
            return -E2BIG;
        w->pci = dt_next_cells(&cells, 2);
        w->cpu = dt_next_cells(&cells, pna);
        w->size = dt_next_cells(&cells, 2);
        w->io = (space >> 24 & 3) == 1;
        w->prefetchable = space >> 30 & 1;
        if ( !(space >> 24 & 3) || !w->size || w->pci + w->size < w->pci ||
             dt_translate(host->np->parent, w->cpu, w->size, &w->cpu) )
            return -EINVAL;
        host->nr_windows++;
    }
    return 0;
}

static int ecam_probe(struct dt_node *np, const void *data)
{
    struct pci_host *host = xzalloc(struct pci_host);
    uint64_t base, size;
    uint32_t seg = nr_hosts;
    int rc;

    (void)data;
    if ( !host )
        return -ENOMEM;
    host->np = np;
    rc = dt_get_reg(np, 0, &base, &size);
    if ( !rc )
        rc = read_bus_range(host);
    if ( !rc )
        rc = read_windows(host);
    if ( rc )
        goto fail;

    (void)!dt_read_u32(np, "linux,pci-domain", &seg);
    host->seg = (uint16_t)seg;
    if ( size < MiB(1) || (base & (MiB(1) - 1)) )
    {
        rc = -EINVAL;
        goto fail;
    }
    host->bus_end = (uint8_t)MIN((uint64_t)host->bus_end,
                                 host->bus_start + (size >> 20) - 1);
    host->ecam = _maddr(base);
    host->ecam_size = (host->bus_end - host->bus_start + 1ULL) << 20;
    host->ecam_va = ioremap(host->ecam, host->ecam_size);
    if ( !host->ecam_va )
    {
        rc = -ENOMEM;
        goto fail;
    }
    pci_host_add(host);
    nr_hosts++;
    return 0;

fail:
    xfree(host);
    return rc;
}

static const struct dt_match ecam_match[] = {
    {"pci-host-ecam-generic", NULL},
    {NULL, NULL},
};
DT_DRIVER(pci_ecam, "PCI host (ECAM)", DT_DRIVER_PCI_HOST, ecam_match,
          ecam_probe);
