/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci.c - the virtual host bridge: which function and register an access
 * means, and accesses to memory windows where no BAR page is mapped.
 *
 * A domain's configuration space is trapped as a whole. What is not emulated
 * goes to the hardware in the size the guest used; what is emulated is handled
 * a dword at a time (struct vpci_trap). Absent functions read all ones.
 *
 * Memory windows are trapped too, which is where the guest ends up on pages
 * with an MSI-X table and where it has no BAR at all.
 *
 * Lock: d->vpci.lock around every access.
 */
#include "vpci-private.h"

#include <xen/bits.h>
#include <xen/io.h>
#include <xen/mm.h>
#include <xen/mmio.h>

/* ---- traps of configuration space ---- */

int vpci_trap(struct vpci *f, unsigned int first, unsigned int size,
              uint32_t (*read)(struct vpci *f, unsigned int reg),
              void (*write)(struct vpci *f, unsigned int reg, uint32_t value,
                            uint32_t mask))
{
    if ( f->nr_traps == VPCI_MAX_TRAPS )
        return -E2BIG;
    f->trap[f->nr_traps++] = (struct vpci_trap){
        .first = (uint16_t)first,
        .last = (uint16_t)(first + size - 4),
        .read = read,
        .write = write,
    };
    return 0;
}

static const struct vpci_trap *find_trap(const struct vpci *f, unsigned int reg)
{
    for ( unsigned int i = 0; i < f->nr_traps; i++ )
        if ( reg >= f->trap[i].first && reg <= f->trap[i].last )
            return &f->trap[i];
    return NULL;
}

/* Bytes of a dword that an access of @size at @offset covers. */
static uint32_t byte_mask(uint64_t offset, unsigned int size)
{
    return (uint32_t)(GENMASK64(size * 8 - 1, 0) << (offset & 3) * 8);
}

static uint32_t conf_read(struct vpci *f, unsigned int reg, unsigned int size)
{
    const struct vpci_trap *t = find_trap(f, reg & ~3U);

    if ( !t )
        return pci_conf_read(f->pdev, reg, size);
    return (t->read(f, reg & ~3U) & byte_mask(reg, size)) >> (reg & 3) * 8;
}

static void conf_write(struct vpci *f, unsigned int reg, unsigned int size,
                       uint32_t value)
{
    const struct vpci_trap *t = find_trap(f, reg & ~3U);

    if ( t )
        t->write(f, reg & ~3U, value << (reg & 3) * 8, byte_mask(reg, size));
    else
        pci_conf_write(f->pdev, reg, size, value);
}

/* ---- ECAM ---- */

/* The function that @offset of the host's ECAM means to this domain. */
static struct vpci *find_function(struct vpci_host *vhost, uint64_t offset)
{
    unsigned int bus = vhost->bus_map[vhost->host->bus_start + (offset >> 20)];
    unsigned int devfn = (unsigned int)(offset >> 12) & 0xff;
    struct vpci *f;

    list_for_each_entry (f, &vhost->d->vpci.functions, list)
        if ( f->vhost == vhost && f->pdev->sbdf.bus == bus &&
             f->pdev->sbdf.devfn == devfn )
            return f;
    return NULL;
}

/* Naturally aligned; 8 bytes are two dwords. */
static bool valid_access(uint64_t offset, unsigned int size)
{
    return !(offset & (size - 1));
}

/* False: nobody is there. */
static bool read_function(struct vpci_host *vhost, uint64_t offset,
                          unsigned int size, uint64_t *value)
{
    struct domain *d = vhost->d;
    unsigned int reg = (unsigned int)offset & 0xfff;
    struct vpci *f;

    spin_lock(&d->vpci.lock);
    f = find_function(vhost, offset);
    if ( f && size == 8 )
        *value = conf_read(f, reg, 4) | (uint64_t)conf_read(f, reg + 4, 4)
                                            << 32;
    else if ( f )
        *value = conf_read(f, reg, size);
    spin_unlock(&d->vpci.lock);
    return f != NULL;
}

static int ecam_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    struct vpci_host *vhost = priv;
    struct pci_host *host = vhost->host;
    unsigned int bus = vhost->bus_map[host->bus_start + (offset >> 20)];
    unsigned int devfn = (unsigned int)(offset >> 12) & 0xff;
    bool found;

    (void)v;
    *value = ~0ULL;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    found = read_function(vhost, offset, size, value);
    if ( offset & 0xfff )
        return 0;

    /* The vendor: here one sees whether somebody came or went. */
    if ( found && pci_is_gone(vhost->d, PCI_SBDF(host->seg, bus, devfn)) )
    {
        found = false;
        *value = ~0ULL;
    }
    if ( !found && pci_look_for(vhost->d, host, bus, devfn) )
        (void)read_function(vhost, offset, size, value);
    return 0;
}

static int ecam_write(struct vcpu *v, void *priv, uint64_t offset,
                      unsigned int size, uint64_t value)
{
    struct vpci_host *vhost = priv;
    struct domain *d = vhost->d;
    unsigned int reg = (unsigned int)offset & 0xfff;
    struct vpci *f;

    (void)v;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    spin_lock(&d->vpci.lock);
    f = find_function(vhost, offset);
    if ( f && size == 8 )
    {
        conf_write(f, reg, 4, (uint32_t)value);
        conf_write(f, reg + 4, 4, (uint32_t)(value >> 32));
    }
    else if ( f )
        conf_write(f, reg, size, (uint32_t)value);
    spin_unlock(&d->vpci.lock);
    return 0;
}

static const struct mmio_ops ecam_ops = {ecam_read, ecam_write};

/* ---- memory windows ---- */

/*
 * Pages of device registers that accesses were passed to. A mapping stays for
 * good, so each page has one: a guest that moves a BAR around comes back to
 * the same ones.
 */
struct device_page {
    struct list_head list;
    mfn_t mfn;
    uint8_t *va;
};
static LIST_HEAD(device_pages);
static DEFINE_SPINLOCK(device_pages_lock, LOCK_RANK_GIC);

void *vpci_device_page(uint64_t addr)
{
    mfn_t mfn = mfn_from_maddr(_maddr(addr));
    struct device_page *page;
    uint8_t *va = NULL;

    spin_lock(&device_pages_lock);
    list_for_each_entry (page, &device_pages, list)
        if ( mfn_eq(page->mfn, mfn) )
            va = page->va;
    if ( !va && (page = xzalloc(struct device_page)) != NULL )
    {
        page->mfn = mfn;
        page->va = va = ioremap(mfn_to_maddr(mfn), PAGE_SIZE);
        if ( va )
            list_add(&page->list, &device_pages);
        else
            xfree(page);
    }
    spin_unlock(&device_pages_lock);
    return va ? va + (addr & ~PAGE_MASK) : NULL;
}

/* The function with a BAR mapped at a machine address. */
static struct vpci *find_bar(struct domain *d, uint64_t addr)
{
    struct vpci *f;

    list_for_each_entry (f, &d->vpci.functions, list)
        for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
            if ( f->bar[i].mapped && addr >= f->bar[i].addr &&
                 addr - f->bar[i].addr < f->pdev->bar[i].size )
                return f;
    return NULL;
}

static uint64_t device_read(const void *va, unsigned int size)
{
    switch ( size )
    {
    case 1:
        return read8(va);
    case 2:
        return read16(va);
    case 4:
        return read32(va);
    default:
        return read64(va);
    }
}

static void device_write(void *va, unsigned int size, uint64_t value)
{
    switch ( size )
    {
    case 1:
        write8(va, (uint8_t)value);
        break;
    case 2:
        write16(va, (uint16_t)value);
        break;
    case 4:
        write32(va, (uint32_t)value);
        break;
    default:
        write64(va, value);
        break;
    }
}

static int window_read(struct vcpu *v, void *priv, uint64_t offset,
                       unsigned int size, uint64_t *value)
{
    struct vpci_window *w = priv;
    struct domain *d = w->vhost->d;
    uint64_t addr = w->base + offset;
    struct vpci *f;

    (void)v;
    *value = ~0ULL;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    spin_lock(&d->vpci.lock);
    f = find_bar(d, addr);
    if ( f && vpci_msix_in_table(f, addr) )
    {
        *value = vpci_msix_read(f, addr & ~3ULL);
        if ( size == 8 )
            *value |= (uint64_t)vpci_msix_read(f, addr + 4) << 32;
        else
            *value = (*value & byte_mask(addr, size)) >> (addr & 3) * 8;
    }
    else if ( f )
    {
        const void *va = vpci_device_page(addr);

        if ( va )
            *value = device_read(va, size);
    }
    spin_unlock(&d->vpci.lock);
    return 0;
}

static int window_write(struct vcpu *v, void *priv, uint64_t offset,
                        unsigned int size, uint64_t value)
{
    struct vpci_window *w = priv;
    struct domain *d = w->vhost->d;
    uint64_t addr = w->base + offset;
    struct vpci *f;

    (void)v;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    spin_lock(&d->vpci.lock);
    f = find_bar(d, addr);
    if ( f && vpci_msix_in_table(f, addr) )
    {
        unsigned int shift = (addr & 3) * 8;

        vpci_msix_write(f, addr & ~3ULL, (uint32_t)value << shift,
                        size == 8 ? ~0U : byte_mask(addr, size));
        if ( size == 8 )
            vpci_msix_write(f, addr + 4, (uint32_t)(value >> 32), ~0U);
    }
    else if ( f )
    {
        void *va = vpci_device_page(addr);

        if ( va )
            device_write(va, size, value);
    }
    spin_unlock(&d->vpci.lock);
    return 0;
}

static const struct mmio_ops window_ops = {window_read, window_write};

/* ---- message interrupts ---- */

void vpci_msg_free(struct vpci_msg *m)
{
    if ( m->vector )
        msi_vector_free(m->vector);
    m->vector = NULL;
}

int vpci_msg_update(struct vpci *f, struct vpci_msg *m, unsigned int event)
{
    unsigned int virq = m->data;
    int rc;

    if ( m->vector && m->virq == virq )
        return 0;
    vpci_msg_free(m);
    /* Only what the domain's own v2m frame gave out is a message for it. */
    if ( !vgic_is_msi(f->d, virq) )
        return -EAGAIN;
    rc = msi_vector_alloc(f->d, f->pdev->requester_id, f->nr_events,
                          f->first_event + event, virq, &m->msg, &m->vector);
    if ( rc )
    {
        m->vector = NULL;
        printk(XENLOG_ERR "PCI %s: no interrupt vector for message %u (%d)\n",
               f->pdev->dev.name, event, rc);
        return rc;
    }
    m->virq = virq;
    return 0;
}

/* Messages a function can ask for: its MSI-X table, or one MSI. */
static unsigned int count_events(const struct pci_dev *pdev)
{
    if ( pdev->cap_msix )
        return (pci_conf_read(pdev, pdev->cap_msix + PCI_MSIX_CONTROL, 2) &
                PCI_MSIX_SIZE) +
               1;
    return pdev->cap_msi ? 1 : 0;
}

/* Functions behind one alias share a DeviceID: each gets its own part. */
static void number_events(struct vpci *f)
{
    struct pci_dev *other;

    list_for_each_entry (other, &pci_devices, list)
    {
        if ( other->host != f->pdev->host ||
             other->requester_id != f->pdev->requester_id )
            continue;
        if ( other == f->pdev )
            f->first_event = f->nr_events;
        f->nr_events += count_events(other);
    }
}

/* ---- life ---- */

void domain_vpci_init(struct domain *d)
{
    spin_lock_init(&d->vpci.lock, LOCK_RANK_VPCI);
    list_init(&d->vpci.functions);
    list_init(&d->vpci.hosts);
}

void domain_vpci_exit(struct domain *d)
{
    struct vpci_host *vhost, *tmp;

    list_for_each_entry_safe (vhost, tmp, &d->vpci.hosts, list)
    {
        list_del(&vhost->list);
        xfree(vhost);
    }
}

static int add_windows(struct vpci_host *vhost)
{
    const struct pci_host *host = vhost->host;

    for ( unsigned int i = 0; i < host->nr_windows; i++ )
    {
        struct vpci_window *w = &vhost->window[i];
        int rc;

        if ( host->window[i].io )
            continue;
        w->vhost = vhost;
        w->base = host->window[i].cpu;
        rc = mmio_register(vhost->d, _ipa(w->base), host->window[i].size,
                           &window_ops, w);
        if ( rc )
            return rc;
    }
    return 0;
}

/* Devices write messages to the machine's doorbell, at its own address. */
static int map_doorbell(struct domain *d)
{
    maddr_t ma;
    mfn_t mfn;

    if ( !d->iommu.enabled || !msi_doorbell_page(&ma) )
        return 0;
    mfn = mfn_from_maddr(ma);
    return p2m_iommu_map_doorbell(d, _gfn(mfn_x(mfn)), mfn);
}

int vpci_add_host(struct domain *d, struct pci_host *host)
{
    struct vpci_host *vhost = xzalloc(struct vpci_host);
    int rc;

    if ( !vhost )
        return -ENOMEM;
    vhost->d = d;
    vhost->host = host;
    for ( unsigned int bus = 0; bus < ARRAY_SIZE(vhost->bus_map); bus++ )
        vhost->bus_map[bus] = VPCI_NO_BUS;
    vhost->bus_map[host->bus_start] = host->bus_start;

    rc = mmio_register(d, _ipa(maddr_x(host->ecam)), host->ecam_size, &ecam_ops,
                       vhost);
    if ( rc )
    {
        xfree(vhost);
        return rc;
    }
    if ( list_empty(&d->vpci.hosts) )
        rc = map_doorbell(d);
    list_add_tail(&vhost->list, &d->vpci.hosts);
    return rc ? rc : add_windows(vhost);
}

static struct vpci_host *find_host(struct domain *d,
                                   const struct pci_host *host)
{
    struct vpci_host *vhost;

    list_for_each_entry (vhost, &d->vpci.hosts, list)
        if ( vhost->host == host )
            return vhost;
    return NULL;
}

static void free_function(struct vpci *f)
{
    vpci_msi_exit(f);
    vpci_msix_exit(f);
    vpci_header_exit(f);
    xfree(f);
}

int vpci_add_function(struct domain *d, struct pci_dev *pdev)
{
    struct vpci_host *vhost = find_host(d, pdev->host);
    struct vpci *f;
    int rc;

    if ( !vhost )
        return -ENOENT;
    if ( pdev->vpci )
        return -EBUSY;
    f = xzalloc(struct vpci);
    if ( !f )
        return -ENOMEM;
    f->d = d;
    f->vhost = vhost;
    f->pdev = pdev;
    number_events(f);

    spin_lock(&d->vpci.lock);
    rc = vpci_header_init(f);
    if ( !rc )
        rc = vpci_msi_init(f);
    if ( !rc )
        rc = vpci_msix_init(f);
    if ( rc )
        free_function(f);
    else
    {
        list_add_tail(&f->list, &d->vpci.functions);
        pdev->vpci = f;
    }
    spin_unlock(&d->vpci.lock);
    return rc;
}

void vpci_remove_function(struct pci_dev *pdev)
{
    struct vpci *f = pdev->vpci;
    struct domain *d;

    if ( !f )
        return;
    d = f->d;
    spin_lock(&d->vpci.lock);
    pci_quiesce(pdev);
    list_del(&f->list);
    pdev->vpci = NULL;
    free_function(f);
    spin_unlock(&d->vpci.lock);
}

bool vpci_was_reset(const struct pci_dev *pdev)
{
    return pdev->vpci && pdev->vpci->memory &&
           !(pci_conf_read(pdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}
