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

#include <proxenos.h>

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

    uint32_t value;

    if ( !t )
        return f->guest ? 0 : pci_conf_read(f->pdev, reg, size);
    value = t->read(f, reg & ~3U);
    if ( f->guest && reg < PCI_EXT_CAP_START && f->next_cap[reg / 4] )
        value = (value & ~0xff00U) |
                (uint32_t)(f->next_cap[reg / 4] & ~VPCI_CAP) << 8;
    return (value & byte_mask(reg, size)) >> (reg & 3) * 8;
}

static void conf_write(struct vpci *f, unsigned int reg, unsigned int size,
                       uint32_t value)
{
    const struct vpci_trap *t = find_trap(f, reg & ~3U);

    if ( t )
        t->write(f, reg & ~3U, value << (reg & 3) * 8, byte_mask(reg, size));
    else if ( !f->guest )
        pci_conf_write(f->pdev, reg, size, value);
}

/* ---- ECAM ---- */

/* The function that @offset of the host's ECAM means to this domain. */
static struct vpci *find_function(struct vpci_host *vhost, uint64_t offset)
{
    unsigned int first = vhost->host ? vhost->host->bus_start : 0;
    unsigned int bus = vhost->bus_map[first + (offset >> 20)];
    unsigned int devfn = (unsigned int)(offset >> 12) & 0xff;
    struct vpci *f;

    list_for_each_entry (f, &vhost->d->vpci.functions, list)
        if ( f->vhost == vhost && f->bus == bus && f->devfn == devfn )
            return f;
    return NULL;
}

/* Its owner has asked for a reset that is not over: it does not answer. */
static bool is_resetting(struct vpci *f)
{
    return f->guest && pci_reset_poll(f->pdev) == -ERESTART;
}

/* Naturally aligned; 8 bytes are two dwords. */
static bool valid_access(uint64_t offset, unsigned int size)
{
    return !(offset & (size - 1));
}

/* False: nobody is there. @sbdf: who, on the machine. */
static bool read_function(struct vpci_host *vhost, uint64_t offset,
                          unsigned int size, uint64_t *value, pci_sbdf_t *sbdf)
{
    struct domain *d = vhost->d;
    unsigned int reg = (unsigned int)offset & 0xfff;
    struct vpci *f;

    spin_lock(&d->vpci.lock);
    f = find_function(vhost, offset);
    if ( f )
        *sbdf = f->pdev->sbdf;
    if ( f && !is_resetting(f) )
    {
        *value = conf_read(f, reg, size == 8 ? 4 : size);
        if ( size == 8 )
            *value |= (uint64_t)conf_read(f, reg + 4, 4) << 32;
    }
    spin_unlock(&d->vpci.lock);
    return f != NULL;
}

static int ecam_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    struct vpci_host *vhost = priv;
    struct pci_host *host = vhost->host;
    pci_sbdf_t sbdf = {0};
    bool found;

    (void)v;
    *value = ~0ULL;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    found = read_function(vhost, offset, size, value, &sbdf);
    if ( offset & 0xfff )
        return 0;

    /* The vendor: here one sees whether somebody came or went. */
    if ( found && pci_is_gone(vhost->d, sbdf) )
    {
        found = false;
        *value = ~0ULL;
    }
    if ( !found && host &&
         pci_look_for(vhost->d, host,
                      vhost->bus_map[host->bus_start + (offset >> 20)],
                      (unsigned int)(offset >> 12) & 0xff) )
        (void)read_function(vhost, offset, size, value, &sbdf);
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
    if ( f && is_resetting(f) )
        f = NULL;
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
        {
            va = page->va;
            break;
        }
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

/*
 * The function with a BAR at a guest address, and where that is for us. Of
 * pages that the guest has in its own tables there is none: one that traps all
 * the same was mapped meanwhile, and the access is to be tried again.
 */
static struct vpci *find_bar(struct domain *d, uint64_t addr, uint64_t *maddr,
                             bool *again)
{
    struct vpci *f;

    *again = false;

    list_for_each_entry (f, &d->vpci.functions, list)
        for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
            if ( f->bar[i].mapped && addr >= f->bar[i].addr &&
                 addr - f->bar[i].addr < f->pdev->bar[i].size )
            {
                *maddr = f->bar[i].maddr + (addr - f->bar[i].addr);
                *again = f->pdev->bar[i].size >= PAGE_SIZE &&
                         !vpci_msix_has_page(f, addr >> PAGE_SHIFT);
                return *again ? NULL : f;
            }
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
    uint64_t addr = w->base + offset, maddr;
    struct vpci *f;
    bool again;

    (void)v;
    *value = ~0ULL;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    spin_lock(&d->vpci.lock);
    f = find_bar(d, addr, &maddr, &again);
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
        const void *va = vpci_device_page(maddr);

        if ( va )
            *value = device_read(va, size);
    }
    spin_unlock(&d->vpci.lock);
    return again ? -EAGAIN : 0;
}

static int window_write(struct vcpu *v, void *priv, uint64_t offset,
                        unsigned int size, uint64_t value)
{
    struct vpci_window *w = priv;
    struct domain *d = w->vhost->d;
    uint64_t addr = w->base + offset, maddr;
    struct vpci *f;
    bool again;

    (void)v;
    if ( !valid_access(offset, size) )
        return -EFAULT;
    spin_lock(&d->vpci.lock);
    f = find_bar(d, addr, &maddr, &again);
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
        void *va = vpci_device_page(maddr);

        if ( va )
            device_write(va, size, value);
    }
    spin_unlock(&d->vpci.lock);
    return again ? -EAGAIN : 0;
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
        printk_ratelimited(XENLOG_ERR "d%u: PCI %s: no interrupt vector for "
                                      "message %u (%d)\n",
                           f->d->domain_id, f->pdev->dev.name, event, rc);
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

static int add_window(struct vpci_host *vhost, uint64_t base, uint64_t size)
{
    struct vpci_window *w = &vhost->window[vhost->nr_windows++];

    *w = (struct vpci_window){vhost, base, size};
    return mmio_register(vhost->d, _ipa(base), size, &window_ops, w);
}

static struct vpci_host *add_host(struct domain *d, struct pci_host *host,
                                  uint64_t ecam, uint64_t size, int *rc)
{
    struct vpci_host *vhost = xzalloc(struct vpci_host);
    unsigned int first = host ? host->bus_start : 0;

    *rc = -ENOMEM;
    if ( !vhost )
        return NULL;
    vhost->d = d;
    vhost->host = host;
    for ( unsigned int bus = 0; bus < ARRAY_SIZE(vhost->bus_map); bus++ )
        vhost->bus_map[bus] = VPCI_NO_BUS;
    vhost->bus_map[first] = (uint16_t)first;
    *rc = mmio_register(d, _ipa(ecam), size, &ecam_ops, vhost);
    if ( *rc )
    {
        xfree(vhost);
        return NULL;
    }
    list_add_tail(&vhost->list, &d->vpci.hosts);
    return vhost;
}

int vpci_add_host(struct domain *d, struct pci_host *host)
{
    struct vpci_host *vhost;
    int rc;

    vhost = add_host(d, host, maddr_x(host->ecam), host->ecam_size, &rc);
    for ( unsigned int i = 0; !rc && i < host->nr_windows; i++ )
        if ( !host->window[i].io )
            rc = add_window(vhost, host->window[i].cpu, host->window[i].size);
    return rc;
}

int vpci_add_bridge(struct domain *d)
{
    struct vpci_host *vhost;
    int rc;

    for ( unsigned int pin = 0; pin < 4; pin++ )
        if ( !vgic_reserve_irq(d, PX_VPCI_INTX_IRQ + pin) )
            return -EBUSY;
    vhost = add_host(d, NULL, GUEST_VPCI_ECAM_BASE, GUEST_VPCI_ECAM_SIZE, &rc);
    if ( !rc )
        rc = add_window(vhost, GUEST_VPCI_MEM_ADDR, GUEST_VPCI_MEM_SIZE);
    if ( !rc )
        rc = add_window(vhost, GUEST_VPCI_PREFETCH_MEM_ADDR,
                        GUEST_VPCI_PREFETCH_MEM_SIZE);
    return rc;
}

/* dom0 sees each function below the machine's bridge, others below theirs. */
static struct vpci_host *find_host(struct domain *d, const struct pci_dev *pdev)
{
    struct vpci_host *vhost;

    list_for_each_entry (vhost, &d->vpci.hosts, list)
        if ( !vhost->host || vhost->host == pdev->host )
            return vhost;
    return NULL;
}

/* Devices write messages to the machine's doorbell, at its own address: in the
 * tables as long as one of the domain's functions can. */
static int map_doorbell(struct vpci *f)
{
    maddr_t ma;
    int rc;

    if ( !f->messages || !f->d->iommu.enabled || !msi_doorbell_page(&ma) )
        return 0;
    rc = p2m_iommu_map_doorbell(f->d, _gfn(mfn_x(mfn_from_maddr(ma))),
                                mfn_from_maddr(ma));
    f->doorbell = !rc;
    if ( rc == -EEXIST )
        printk(XENLOG_ERR "d%u: PCI %s: the domain has something at %#lx, "
                          "where messages go\n",
               f->d->domain_id, f->pdev->dev.name, maddr_x(ma));
    return rc == -EEXIST ? -EADDRNOTAVAIL : rc;
}

static void unmap_doorbell(struct vpci *f)
{
    maddr_t ma;

    if ( f->doorbell && msi_doorbell_page(&ma) )
        p2m_iommu_unmap_doorbell(f->d, _gfn(mfn_x(mfn_from_maddr(ma))));
    f->doorbell = false;
}

/* Whether it may send messages: those of a frame that all share reach every
 * domain that has one of its interrupts (P8). */
static bool may_send(const struct vpci *f, unsigned int flags)
{
    if ( !f->pdev->cap_msi && !f->pdev->cap_msix )
        return false;
    return !f->guest || msi_isolated() || (flags & PX_ATTACH_MSI);
}

static void connect_pin(struct vpci *f)
{
    unsigned int pin;

    if ( !f->guest || !pci_intx_pin(f->pdev, &pin) )
        pci_intx_attach(f->pdev, f->d, 0);
    else
        pci_intx_attach(f->pdev, f->d,
                        PX_VPCI_INTX_IRQ + ((f->devfn >> 3) + pin) % 4);
}

/* False: it has many vectors, there is more to do. */
static bool free_function(struct vpci *f)
{
    if ( !vpci_msix_exit(f) )
        return false;
    vpci_msi_exit(f);
    unmap_doorbell(f);
    xfree(f);
    return true;
}

static int init_function(struct vpci *f)
{
    int rc = map_doorbell(f);

    return rc ? rc : vpci_header_init(f);
}

int vpci_add_function(struct domain *d, struct pci_dev *pdev,
                      unsigned int devfn, unsigned int flags)
{
    struct vpci_host *vhost = find_host(d, pdev);
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
    f->guest = !vhost->host;
    f->bus = f->guest ? 0 : pdev->sbdf.bus;
    f->devfn = f->guest ? devfn : pdev->sbdf.devfn;
    f->messages = may_send(f, flags);
    number_events(f);

    spin_lock(&d->vpci.lock);
    rc = init_function(f);
    if ( rc )
    {
        vpci_header_exit(f);
        while ( !free_function(f) )
            ;
    }
    else
    {
        connect_pin(f);
        list_add_tail(&f->list, &d->vpci.functions);
        pdev->vpci = f;
        pdev->vslot = f->devfn;
        pdev->shared_msi = f->guest && f->messages && !msi_isolated();
    }
    spin_unlock(&d->vpci.lock);
    return rc;
}

static void hide_function(struct pci_dev *pdev)
{
    struct vpci *f = pdev->vpci;

    pci_intx_detach(pdev);
    pci_quiesce(pdev);
    list_del(&f->list);
    vpci_header_exit(f);
    pdev->vpci = NULL;
    pdev->old_vpci = f;
    pdev->vslot = PX_NO_INDEX;
    pdev->shared_msi = false;
}

int vpci_remove_function(struct pci_dev *pdev)
{
    struct vpci *f = pdev->vpci ? pdev->vpci : pdev->old_vpci;
    struct domain *d;

    if ( !f )
        return 0;
    d = f->d;
    spin_lock(&d->vpci.lock);
    if ( pdev->vpci )
        hide_function(pdev);
    if ( free_function(f) )
        pdev->old_vpci = NULL;
    spin_unlock(&d->vpci.lock);
    return pdev->old_vpci ? -ERESTART : 0;
}

/* The machine's addresses of BAR @i while somebody has the function. */
static bool used_range(const struct pci_dev *pdev, unsigned int i,
                       uint64_t *start)
{
    const struct vpci *f = pdev->vpci;
    maddr_t ma;

    if ( !f->guest )
    {
        *start = f->bar[i].maddr;
        return f->bar[i].mapped;
    }
    if ( (pdev->bar[i].type != BAR_MEM32 && pdev->bar[i].type != BAR_MEM64) ||
         !pci_saved_bar(pdev, i, &ma) )
        return false;
    *start = maddr_x(ma);
    return true;
}

bool vpci_uses(const struct pci_dev *pdev, uint64_t addr, uint64_t size)
{
    uint64_t start;
    bool used = false;

    if ( !pdev->vpci )
        return false;
    spin_lock(&pdev->vpci->d->vpci.lock);
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        used |= used_range(pdev, i, &start) &&
                addr < start + pdev->bar[i].size && start < addr + size;
    spin_unlock(&pdev->vpci->d->vpci.lock);
    return used;
}

bool vpci_was_reset(const struct pci_dev *pdev)
{
    return pdev->vpci && pdev->vpci->memory &&
           !(pci_conf_read(pdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}
