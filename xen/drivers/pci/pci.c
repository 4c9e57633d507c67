/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.c - the physical functions: found at boot, bus mastering off, bus
 * numbers settled, requester IDs known, then handed to the IOMMU core.
 *
 * What a guest sees of them is vpci.c's. The lists belong to the device lock
 * (enumeration runs before anyone else can look). Configuration accesses are
 * single loads and stores and need no lock; pci_conf_change() is whole, since
 * interrupts change COMMAND too. Owners: pci-assign.c.
 */
#include "pci-private.h"

#include <proxenos.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>
#include <xen/vpci.h>

LIST_HEAD(pci_hosts);
LIST_HEAD(pci_devices);

#define MAX_BRIDGE_DEPTH 16U /* more is refused: enumeration recurses */

/* ---- configuration space ---- */

static uint8_t *conf_addr(const struct pci_host *host, unsigned int bus,
                          unsigned int devfn, unsigned int reg)
{
    return (uint8_t *)host->ecam_va +
           ((size_t)(bus - host->bus_start) << 20 | devfn << 12 | reg);
}

static uint32_t read_at(const void *addr, unsigned int size)
{
    switch ( size )
    {
    case 1:
        return read8(addr);
    case 2:
        return read16(addr);
    default:
        return read32(addr);
    }
}

static void write_at(void *addr, unsigned int size, uint32_t value)
{
    switch ( size )
    {
    case 1:
        write8(addr, (uint8_t)value);
        break;
    case 2:
        write16(addr, (uint16_t)value);
        break;
    default:
        write32(addr, value);
        break;
    }
}

uint32_t pci_conf_read(const struct pci_dev *pdev, unsigned int reg,
                       unsigned int size)
{
    return read_at(conf_addr(pdev->host, pdev->sbdf.bus, pdev->sbdf.devfn, reg),
                   size);
}

void pci_conf_write(const struct pci_dev *pdev, unsigned int reg,
                    unsigned int size, uint32_t value)
{
    write_at(conf_addr(pdev->host, pdev->sbdf.bus, pdev->sbdf.devfn, reg), size,
             value);
}

void pci_conf_change(const struct pci_dev *pdev, unsigned int reg,
                     uint16_t clear, uint16_t set)
{
    static DEFINE_SPINLOCK(lock, LOCK_RANK_GIC);
    uint16_t value;

    spin_lock(&lock);
    value = (uint16_t)pci_conf_read(pdev, reg, 2);
    pci_conf_write(pdev, reg, 2, (value & (uint16_t)~clear) | set);
    spin_unlock(&lock);
}

unsigned int pci_find_ext_cap(const struct pci_dev *pdev, uint16_t id)
{
    unsigned int at = PCI_EXT_CAP_START;

    if ( !pdev->cap_exp )
        return 0;
    /* At most as many as fit: a device could lie about the next one. */
    for ( unsigned int left = (4096 - 256) / 8; left && at >= 256; left-- )
    {
        uint32_t header = pci_conf_read(pdev, at, 4);

        if ( header == 0 || header == ~0U )
            return 0;
        if ( (uint16_t)header == id )
            return at;
        at = header >> 20 & ~3U;
    }
    return 0;
}

/* ---- before anything else: no bus mastering ---- */

static bool present(const struct pci_host *host, unsigned int bus,
                    unsigned int devfn)
{
    uint32_t id = read32(conf_addr(host, bus, devfn, PCI_VENDOR_ID));

    /* All ones: nobody; 0xffff0001: retry status, treated as nobody. */
    return id != ~0U && (id & 0xffff) != 0xffff && (uint16_t)id != 0x0001 &&
           id != 0;
}

bool pci_present(const struct pci_dev *pdev)
{
    return present(pdev->host, pdev->sbdf.bus, pdev->sbdf.devfn);
}

bool pci_is_same(const struct pci_dev *pdev)
{
    return pci_conf_read(pdev, PCI_VENDOR_ID, 2) == pdev->vendor &&
           pci_conf_read(pdev, PCI_DEVICE_ID, 2) == pdev->device_id;
}

static unsigned int nr_functions(const struct pci_host *host, unsigned int bus,
                                 unsigned int dev)
{
    if ( !present(host, bus, PCI_DEVFN(dev, 0)) )
        return 0;
    return read8(conf_addr(host, bus, PCI_DEVFN(dev, 0), PCI_HEADER_TYPE)) &
                   PCI_HEADER_MULTI
               ? 8
               : 1;
}

/* Every bus, whether a bridge leads to it or not. */
static void stop_masters(struct pci_host *host)
{
    for ( unsigned int bus = host->bus_start; bus <= host->bus_end; bus++ )
        for ( unsigned int dev = 0; dev < 32; dev++ )
            for ( unsigned int fn = nr_functions(host, bus, dev); fn--; )
            {
                unsigned int devfn = PCI_DEVFN(dev, fn);
                uint8_t *cmd = conf_addr(host, bus, devfn, PCI_COMMAND);
                uint16_t value;

                if ( !present(host, bus, devfn) )
                    continue;
                host->roots[bus / 64] |= BIT64(bus % 64);
                value = read16(cmd);
                if ( value & PCI_COMMAND_MASTER )
                    write16(cmd, value & (uint16_t)~PCI_COMMAND_MASTER);
            }
}

/* ---- bus numbers ----
 *
 * Each root bus has the numbers up to the next root bus for what lies behind
 * its bridges. Firmware's numbering is kept when every bridge is consistent
 * with it; otherwise all below that root are numbered depth first, which is
 * also Linux's order.
 */

static bool is_root(const struct pci_host *host, unsigned int bus)
{
    return host->roots[bus / 64] >> (bus % 64) & 1;
}

static bool is_bridge(const struct pci_host *host, unsigned int bus,
                      unsigned int devfn)
{
    return present(host, bus, devfn) &&
           (read8(conf_addr(host, bus, devfn, PCI_HEADER_TYPE)) &
            ~PCI_HEADER_MULTI) == PCI_HEADER_BRIDGE;
}

#define for_each_bridge(host, bus, devfn)                                      \
    for ( unsigned int devfn = 0; devfn < 256; devfn++ )                       \
        if ( !(devfn & 7) && !nr_functions(host, bus, devfn >> 3) )            \
            devfn += 7;                                                        \
        else if ( !is_bridge(host, bus, devfn) )                               \
            continue;                                                          \
        else

struct bus_numbers {
    uint8_t primary, secondary, subordinate;
};

static struct bus_numbers read_numbers(const struct pci_host *host,
                                       unsigned int bus, unsigned int devfn)
{
    uint32_t v = read32(conf_addr(host, bus, devfn, PCI_PRIMARY_BUS));

    return (struct bus_numbers){(uint8_t)v, (uint8_t)(v >> 8),
                                (uint8_t)(v >> 16)};
}

static void write_numbers(const struct pci_host *host, unsigned int bus,
                          unsigned int devfn, struct bus_numbers n)
{
    uint8_t *at = conf_addr(host, bus, devfn, PCI_PRIMARY_BUS);
    uint32_t v = read32(at) & 0xff000000; /* the latency timer stays */

    write32(at, v | n.primary | (uint32_t)n.secondary << 8 |
                    (uint32_t)n.subordinate << 16);
}

/* Buses below @bus are within (*next, last] and used once, in rising order. */
static bool numbers_make_sense(const struct pci_host *host, unsigned int bus,
                               unsigned int last, unsigned int depth)
{
    unsigned int taken = bus;

    if ( depth > MAX_BRIDGE_DEPTH )
        return false;
    for_each_bridge (host, bus, devfn)
    {
        struct bus_numbers n = read_numbers(host, bus, devfn);

        if ( n.primary != bus || n.secondary <= taken ||
             n.subordinate < n.secondary || n.subordinate > last ||
             !numbers_make_sense(host, n.secondary, n.subordinate, depth + 1) )
            return false;
        taken = n.subordinate;
    }
    return true;
}

/* The highest number used at or below @bus. */
static unsigned int number_below(const struct pci_host *host, unsigned int bus,
                                 unsigned int last, unsigned int depth)
{
    unsigned int taken = bus;

    for_each_bridge (host, bus, devfn)
        write_numbers(host, bus, devfn, (struct bus_numbers){0});
    for_each_bridge (host, bus, devfn)
    {
        struct bus_numbers n = {(uint8_t)bus, (uint8_t)(taken + 1),
                                (uint8_t)last};

        if ( taken == last || depth > MAX_BRIDGE_DEPTH )
        {
            printk(XENLOG_ERR "PCI %04x:%02x:%02x.%u: no bus number left\n",
                   host->seg, bus, devfn >> 3, devfn & 7);
            break;
        }
        write_numbers(host, bus, devfn, n);
        taken = number_below(host, n.secondary, last, depth + 1);
        n.subordinate = (uint8_t)taken;
        write_numbers(host, bus, devfn, n);
    }
    return taken;
}

static unsigned int last_below(const struct pci_host *host, unsigned int root)
{
    unsigned int bus = root + 1;

    while ( bus <= host->bus_end && !is_root(host, bus) )
        bus++;
    return bus - 1;
}

/* Buses that answered although no bridge leads to them, or leads wrongly. */
static void find_roots(struct pci_host *host)
{
    for ( unsigned int bus = host->bus_start; bus <= host->bus_end; bus++ )
    {
        if ( !is_root(host, bus) )
            continue;
        for_each_bridge (host, bus, devfn)
        {
            struct bus_numbers n = read_numbers(host, bus, devfn);

            if ( n.secondary > bus && n.subordinate >= n.secondary )
                for ( unsigned int b = n.secondary; b <= n.subordinate; b++ )
                    host->roots[b / 64] &= ~BIT64(b % 64);
        }
    }
    /* The one that the tree describes, even when it is empty. */
    host->roots[host->bus_start / 64] |= BIT64(host->bus_start % 64);
}

/* ---- functions ---- */

static void size_bar(struct pci_dev *pdev, unsigned int i, unsigned int nr)
{
    struct pci_bar *bar = &pdev->bar[i];
    unsigned int reg = PCI_BAR0 + i * 4;
    uint32_t low, high = 0, old = pci_conf_read(pdev, reg, 4), old_high = 0;
    uint64_t mask;

    pci_conf_write(pdev, reg, 4, ~0U);
    low = pci_conf_read(pdev, reg, 4);
    pci_conf_write(pdev, reg, 4, old);
    if ( low == 0 || low == ~0U )
        return;
    if ( low & PCI_BAR_IO )
    {
        bar->type = BAR_IO;
        /* the upper half may be wired to 0 */
        bar->size = -(low & PCI_BAR_IO_MASK) & 0xffff;
        return;
    }

    bar->prefetchable = low & PCI_BAR_PREFETCH;
    bar->type = BAR_MEM32;
    mask = 0xffffffff00000000ULL | (low & PCI_BAR_MEM_MASK);
    if ( (low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && i + 1 < nr )
    {
        old_high = pci_conf_read(pdev, reg + 4, 4);
        pci_conf_write(pdev, reg + 4, 4, ~0U);
        high = pci_conf_read(pdev, reg + 4, 4);
        pci_conf_write(pdev, reg + 4, 4, old_high);
        bar->type = BAR_MEM64;
        bar[1].type = BAR_MEM64_HI;
        mask = (uint64_t)high << 32 | (low & PCI_BAR_MEM_MASK);
    }
    bar->size = -mask;
    if ( !is_power_of_2(bar->size) )
    {
        printk(XENLOG_WARN "PCI %s: BAR %u is no BAR (%#lx)\n", pdev->dev.name,
               i, mask);
        bar->size = 0;
        bar->type = BAR_NONE;
    }
}

static void size_rom(struct pci_dev *pdev)
{
    unsigned int reg = pci_is_bridge(pdev) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
    uint32_t mask, old = pci_conf_read(pdev, reg, 4);

    pci_conf_write(pdev, reg, 4, PCI_ROM_MASK);
    mask = pci_conf_read(pdev, reg, 4) & PCI_ROM_MASK;
    pci_conf_write(pdev, reg, 4, old & ~PCI_ROM_ENABLE);
    if ( !mask || !is_power_of_2(-mask) )
        return;
    pdev->bar[PCI_BAR_ROM].type = BAR_ROM;
    pdev->bar[PCI_BAR_ROM].size = -mask;
}

/* With decoding off, so that no address is claimed meanwhile. */
static void size_bars(struct pci_dev *pdev)
{
    unsigned int nr = pci_is_bridge(pdev) ? 2 : 6;

    if ( pdev->header_type > PCI_HEADER_BRIDGE )
        return; /* CardBus: none that we know */

    pci_conf_change(pdev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 0);
    for ( unsigned int i = 0; i < nr; i++ )
        if ( pdev->bar[i].type != BAR_MEM64_HI )
            size_bar(pdev, i, nr);
    size_rom(pdev);
}

static void find_caps(struct pci_dev *pdev)
{
    unsigned int at;

    if ( !(pci_conf_read(pdev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) )
        return;
    at = pci_conf_read(pdev, PCI_CAP_POINTER, 1) & ~3U;
    for ( unsigned int left = 48; left && at >= 0x40; left-- )
    {
        uint8_t id = (uint8_t)pci_conf_read(pdev, at, 1);
        uint8_t *slot = id == PCI_CAP_ID_PM     ? &pdev->cap_pm
                        : id == PCI_CAP_ID_MSI  ? &pdev->cap_msi
                        : id == PCI_CAP_ID_EXP  ? &pdev->cap_exp
                        : id == PCI_CAP_ID_MSIX ? &pdev->cap_msix
                                                : NULL;

        if ( slot && !*slot )
            *slot = (uint8_t)at;
        at = pci_conf_read(pdev, at + 1, 1) & ~3U;
    }
    pdev->has_flr = pdev->cap_exp &&
                    (pci_conf_read(pdev, pdev->cap_exp + PCI_EXP_DEVCAP, 4) &
                     PCI_EXP_DEVCAP_FLR);
}

/*
 * Who the root complex hears: bridges to conventional PCI speak for what is
 * behind them (PCI Express to PCI/PCI-X Bridge Specification 1.0, 2.3).
 */
static uint32_t find_requester(const struct pci_dev *pdev)
{
    uint32_t id = pdev->sbdf.sbdf & 0xffff;

    for ( const struct pci_dev *b = pdev->bridge; b; b = b->bridge )
    {
        unsigned int type = PCI_EXP_TO_PCI + PCI_EXP_FROM_PCI;

        if ( b->cap_exp )
            type = (unsigned int)FIELD_GET(
                PCI_EXP_TYPE, pci_conf_read(b, b->cap_exp + PCI_EXP_FLAGS, 2));
        if ( type == PCI_EXP_TO_PCI )
            id = (uint32_t)b->secondary << 8;
        else if ( !b->cap_exp || type == PCI_EXP_FROM_PCI )
            id = b->sbdf.sbdf & 0xffff;
    }
    return id;
}

/* Requests between functions go by the root complex, and so the IOMMU. */
static void isolate_behind(const struct pci_dev *bridge)
{
    unsigned int acs = pci_find_ext_cap(bridge, PCI_EXT_CAP_ID_ACS);

    if ( acs )
        pci_conf_change(bridge, acs + PCI_ACS_CONTROL, 0, PCI_ACS_ISOLATION);
}

/* What the function says about itself; it is quiet afterwards. */
static void identify(struct pci_dev *pdev)
{
    unsigned int bus = pdev->sbdf.bus, devfn = pdev->sbdf.devfn;

    pdev->vendor = (uint16_t)pci_conf_read(pdev, PCI_VENDOR_ID, 2);
    pdev->device_id = (uint16_t)pci_conf_read(pdev, PCI_DEVICE_ID, 2);
    pdev->class_code = pci_conf_read(pdev, PCI_CLASS_REVISION, 4) >> 8;
    pdev->header_type =
        (uint8_t)(pci_conf_read(pdev, PCI_HEADER_TYPE, 1) & ~PCI_HEADER_MULTI);
    pdev->secondary = 0;
    if ( pci_is_bridge(pdev) )
        pdev->secondary = read_numbers(pdev->host, bus, devfn).secondary;
    pdev->cap_pm = pdev->cap_msi = pdev->cap_exp = pdev->cap_msix = 0;
    find_caps(pdev);
    memset(pdev->bar, 0, sizeof(pdev->bar));
    pdev->saved.valid = false;
    pdev->reset.step = 0;
    size_bars(pdev);
    pci_quiesce(pdev);
    if ( pci_is_bridge(pdev) )
        isolate_behind(pdev);
    printk("PCI %s: %04x:%04x class %06x%s", pdev->dev.name, pdev->vendor,
           pdev->device_id, pdev->class_code, pdev->has_flr ? ", FLR" : "");
    if ( pci_is_bridge(pdev) )
        printk(", bridge to bus %02x", pdev->secondary);
    if ( pdev->requester_id != (pdev->sbdf.sbdf & 0xffff) )
        printk(", requester %04x", pdev->requester_id);
    printk("\n");
}

static struct pci_dev *add_function(struct pci_host *host,
                                    struct pci_dev *bridge, unsigned int bus,
                                    unsigned int devfn, bool visible)
{
    struct pci_dev *pdev = xzalloc(struct pci_dev);

    if ( !pdev )
    {
        printk(XENLOG_ERR "PCI %04x:%02x:%02x.%u: no memory\n", host->seg, bus,
               devfn >> 3, devfn & 7);
        return NULL;
    }
    pdev->host = host;
    pdev->bridge = bridge;
    pdev->visible = visible;
    pdev->vslot = PX_NO_INDEX;
    pdev->sbdf = PCI_SBDF(host->seg, bus, devfn);
    pdev->dev.kind = DEVICE_PCI;
    pdev->dev.np = host->np;
    snprintf(pdev->dev.name, sizeof(pdev->dev.name), "%04x:%02x:%02x.%u",
             host->seg, bus, devfn >> 3, devfn & 7);
    pdev->requester_id = find_requester(pdev);
    identify(pdev);
    list_add_tail(&pdev->list, &pci_devices);
    return pdev;
}

static void scan_bus(struct pci_host *host, struct pci_dev *bridge,
                     unsigned int bus, bool visible)
{
    for ( unsigned int dev = 0; dev < 32; dev++ )
    {
        unsigned int nr = nr_functions(host, bus, dev);

        for ( unsigned int fn = 0; fn < nr; fn++ )
            if ( present(host, bus, PCI_DEVFN(dev, fn)) )
                (void)add_function(host, bridge, bus, PCI_DEVFN(dev, fn),
                                   visible);
    }
}

static void enumerate(struct pci_host *host)
{
    struct list_head *at = pci_devices.prev;

    stop_masters(host);
    find_roots(host);
    for ( unsigned int bus = host->bus_start; bus <= host->bus_end; bus++ )
    {
        unsigned int last;

        if ( !is_root(host, bus) )
            continue;
        last = last_below(host, bus);
        if ( !numbers_make_sense(host, bus, last, 0) )
            (void)number_below(host, bus, last, 0);
        scan_bus(host, NULL, bus, bus == host->bus_start);
    }

    /* The list grows while it is walked: bridges found lead to more. */
    for ( at = at->next; at != &pci_devices; at = at->next )
    {
        struct pci_dev *pdev = list_entry(at, struct pci_dev, list);

        if ( pdev->host == host && pci_is_bridge(pdev) && pdev->secondary )
            scan_bus(host, pdev, pdev->secondary, pdev->visible);
    }
}

void pci_host_add(struct pci_host *host)
{
    list_add_tail(&host->list, &pci_hosts);
}

static void dump(char key)
{
    struct pci_dev *pdev;

    (void)key;
    if ( !spin_trylock(&device_lock) )
    {
        printk("PCI: the device lock is taken\n");
        return;
    }
    list_for_each_entry (pdev, &pci_devices, list)
    {
        printk("PCI %s: %04x:%04x, requester %04x, command %04x",
               pdev->dev.name, pdev->vendor, pdev->device_id,
               pdev->requester_id, pci_conf_read(pdev, PCI_COMMAND, 2));
        if ( pdev->dev.owner )
            printk(", d%u's\n", pdev->dev.owner->domain_id);
        else
            printk(", nobody's\n");
    }
    spin_unlock(&device_lock);
}

void pci_init(void)
{
    struct pci_host *host;

    keyhandler_register('Q', dump, "PCI functions and their owners");
    dt_probe_class(DT_DRIVER_PCI_HOST);
    list_for_each_entry (host, &pci_hosts, list)
    {
        printk("PCI %04x: %s, buses %02x-%02x, ECAM %" PRI_maddr "\n",
               host->seg, host->np->name, host->bus_start, host->bus_end,
               maddr_x(host->ecam));
        enumerate(host);
    }
}

struct pci_dev *pci_find(pci_sbdf_t sbdf)
{
    struct pci_dev *pdev;

    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->sbdf.sbdf == sbdf.sbdf )
            return pdev;
    return NULL;
}

bool pci_bus_to_cpu(const struct pci_host *host, uint64_t addr, uint64_t size,
                    maddr_t *ma)
{
    for ( unsigned int i = 0; i < host->nr_windows; i++ )
    {
        const struct pci_window *w = &host->window[i];

        if ( w->io || addr < w->pci || addr - w->pci >= w->size ||
             size > w->size - (addr - w->pci) )
            continue;
        *ma = _maddr(w->cpu + (addr - w->pci));
        return true;
    }
    return false;
}

/* ---- ownership ---- */

/*
 * Functions of one device can reach each other without the IOMMU unless they
 * say that they redirect such requests (ACS): one owner. Endpoints of the
 * root complex and of a link alike.
 */
static void join_siblings(struct pci_dev *pdev)
{
    struct pci_dev *other;

    if ( pci_is_bridge(pdev) || pci_find_ext_cap(pdev, PCI_EXT_CAP_ID_ACS) )
        return;
    list_for_each_entry (other, &pci_devices, list)
        if ( other != pdev && other->host == pdev->host &&
             (other->sbdf.sbdf ^ pdev->sbdf.sbdf) < 8 &&
             !pci_is_bridge(other) &&
             !pci_find_ext_cap(other, PCI_EXT_CAP_ID_ACS) &&
             other->dev.group.next )
            iommu_join_group(&pdev->dev, &other->dev);
}

static void isolate(struct pci_dev *pdev)
{
    int rc = iommu_dt_xlate_pci(pdev->host->np, pdev->requester_id, &pdev->dev);

    if ( rc && rc != -ENODEV )
        printk(XENLOG_ERR "PCI %s: IOMMU map of its host is bad (%d)\n",
               pdev->dev.name, rc);
    rc = iommu_add_device(&pdev->dev);
    if ( rc )
        printk(XENLOG_ERR "PCI %s: cannot be isolated (%d)\n", pdev->dev.name,
               rc);
    else
        join_siblings(pdev);
}

void pci_add_to_iommu(void)
{
    struct pci_dev *pdev;

    spin_lock(&device_lock);
    list_for_each_entry (pdev, &pci_devices, list)
        isolate(pdev);
    spin_unlock(&device_lock);
}

int pci_assign_all(struct domain *d)
{
    struct pci_host *host;
    struct pci_dev *pdev;
    int rc = 0;

    list_for_each_entry (host, &pci_hosts, list)
        if ( (rc = vpci_add_host(d, host)) )
            return rc;

    spin_lock(&device_lock);
    list_for_each_entry (pdev, &pci_devices, list)
    {
        if ( !pdev->visible )
        {
            printk(XENLOG_WARN "PCI %s: on a bus that the device tree does "
                               "not describe: nobody's\n",
                   pdev->dev.name);
            continue;
        }
        rc = pci_assign(d, pdev);
        if ( rc == -ENOMEM )
            break;
        rc = 0;
    }
    spin_unlock(&device_lock);
    return rc;
}

/* ---- hot-plug: noticed when the owner of the port looks ---- */

static struct pci_dev *bridge_to(const struct pci_host *host, unsigned int bus)
{
    struct pci_dev *pdev;

    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->host == host && pci_is_bridge(pdev) &&
             pdev->secondary == bus )
            return pdev;
    return NULL;
}

/* Nothing answers, another function does, or it has forgotten everything. Its
 * owner may be about to change it, or to reset it, on another CPU. */
static bool has_changed(struct pci_dev *pdev)
{
    struct domain *d = pdev->vpci ? pdev->dev.owner : NULL;
    bool changed;

    if ( d )
        spin_lock(&d->vpci.lock);
    changed = pci_reset_poll(pdev) != -ERESTART &&
              !pci_bus_is_resetting(pdev) &&
              (!pci_is_same(pdev) || vpci_was_reset(pdev));
    if ( d )
        spin_unlock(&d->vpci.lock);
    return changed;
}

bool pci_notice(struct pci_dev *pdev)
{
    bool lost = !pdev->gone && pdev->bridge && has_changed(pdev);

    if ( lost )
        pci_lost(pdev);
    return lost;
}

static bool look_for(struct domain *d, struct pci_host *host,
                     struct pci_dev *bridge, unsigned int bus,
                     unsigned int devfn)
{
    struct pci_dev *pdev = pci_find(PCI_SBDF(host->seg, bus, devfn));

    /* Nobody's, or somebody's who does not look. */
    if ( pdev )
        (void)pci_notice(pdev);
    /* What a guest had is not handed on as that left it: pci_lost(). */
    if ( pdev && pdev->gone && pci_reset_poll(pdev) == -ERESTART )
        return false;
    if ( (pdev && !pdev->gone) || !present(host, bus, devfn) )
        return false;
    if ( pdev )
        identify(pdev); /* perhaps another than was there before */
    else
    {
        pdev = add_function(host, bridge, bus, devfn, bridge->visible);
        if ( !pdev )
            return false;
        isolate(pdev);
    }
    pdev->gone = false;
    return !pci_assign(d, pdev);
}

bool pci_look_for(struct domain *d, struct pci_host *host, unsigned int bus,
                  unsigned int devfn)
{
    struct pci_dev *bridge;
    bool found;

    if ( bus <= host->bus_start || bus > host->bus_end )
        return false;
    spin_lock(&device_lock);
    bridge = bridge_to(host, bus);
    found = bridge && bridge->dev.owner == d &&
            look_for(d, host, bridge, bus, devfn);
    spin_unlock(&device_lock);
    return found;
}

bool pci_is_gone(struct domain *d, pci_sbdf_t sbdf)
{
    struct pci_dev *pdev;
    bool gone;

    spin_lock(&device_lock);
    pdev = pci_find(sbdf);
    gone = pdev && pdev->bridge && pdev->dev.owner == d && has_changed(pdev);
    if ( gone )
        pci_lost(pdev);
    spin_unlock(&device_lock);
    return gone;
}

/* ---- quiescing ---- */

void pci_quiesce(struct pci_dev *pdev)
{
    pci_conf_change(pdev, PCI_COMMAND, PCI_COMMAND_MASTER,
                    PCI_COMMAND_INTX_OFF);
    if ( pdev->cap_msi )
        pci_conf_change(pdev, pdev->cap_msi + PCI_MSI_CONTROL, PCI_MSI_ENABLE,
                        0);
    if ( pdev->cap_msix )
        pci_conf_change(pdev, pdev->cap_msix + PCI_MSIX_CONTROL,
                        PCI_MSIX_ENABLE, PCI_MSIX_MASK_ALL);
}
