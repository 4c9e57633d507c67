/* SPDX-License-Identifier: GPL-2.0-or-later */
/* px-rig.c - see px-rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "px-rig.h"

#include <xen/device-tree.h>
#include <xen/irq.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/rcar.h>

#define SID_FUNCTION 0x108U
#define SID_NODE     0x4210U
#define SID_SD       0x77U

struct px_rig px_rig;
struct vcpu *percpu_current_vcpu;
struct domain *hardware_domain;

static struct vcpu vcpus[PX_DOMAINS];
static struct dt_node nodes[PX_NODES] = {
    {.name = "", .full_name = "/"},
    {.name = "dma@1000", .full_name = "/soc/dma@1000"},
    {.name = "uart@2000", .full_name = "/soc/uart@2000"},
    {.name = "sd@50000000", .full_name = "/soc/sd@50000000"},
    {.name = "port@0", .full_name = "/soc/sd@50000000/port@0"},
    {.name = "i2c@52000000", .full_name = "/soc/i2c@52000000"},
};
struct dt_node *dt_gic;

/* ---- the guest ---- */

int copy_from_guest(void *dst, uint64_t guest_va, size_t size)
{
    assert_int_equal(unit_rig_locks(), 0);
    if ( guest_va < PAGE_SIZE )
        return -EFAULT;
    memcpy(dst, (const void *)(uintptr_t)guest_va, size);
    return 0;
}

int copy_to_guest(uint64_t guest_va, const void *src, size_t size)
{
    assert_int_equal(unit_rig_locks(), 0);
    if ( guest_va < PAGE_SIZE || px_rig.not_writable )
        return -EFAULT;
    memcpy((void *)(uintptr_t)guest_va, src, size);
    return 0;
}

struct domain *domain_get(domid_t id)
{
    if ( id >= PX_DOMAINS )
        return NULL;
    return domain_get_known(px_rig.d[id]);
}

long hypercall_continue(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                        uint64_t a3, uint64_t a4)
{
    assert_int_equal(nr, 48);
    (void)a1;
    (void)a2;
    (void)a3;
    (void)a4;
    px_rig.nr_continued++;
    return (long)a0;
}

void px_rig_run_as(unsigned int domid)
{
    vcpus[domid].domain = px_rig.d[domid];
    percpu_current_vcpu = &vcpus[domid];
}

/* ---- the device tree ---- */

unsigned int dt_nr_regs(const struct dt_node *np)
{
    const struct px_node *n = &px_rig.res[np - nodes];

    return n->reg[0][1] ? n->reg[1][1] ? 2 : 1 : 0;
}

static int get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
                   uint64_t *size)
{
    const struct px_node *n = &px_rig.res[np - nodes];

    assert_true(index < dt_nr_regs(np));
    *addr = n->reg[index][0];
    *size = n->reg[index][1];
    return 0;
}

static int get_irq(const struct dt_node *np, unsigned int index,
                   unsigned int *irq, enum irq_type *type)
{
    const struct px_node *n = &px_rig.res[np - nodes];

    if ( index >= 2 || !n->irq[index] )
        return -ENOENT;
    *irq = n->irq[index];
    *type = IRQ_TYPE_LEVEL_HIGH;
    return 0;
}

struct dt_node *dt_find_path(const char *path)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(nodes); i++ )
        if ( !strcmp(path, nodes[i].full_name) )
            return &nodes[i];
    return NULL;
}

/* ---- interrupts; the CPU that is asked may wait for a lock ---- */

int irq_route_to_guest(struct domain *d, unsigned int virq, unsigned int irq,
                       enum irq_type type, const char *name)
{
    assert_int_equal(virq, irq);
    assert_int_equal(type, IRQ_TYPE_LEVEL_HIGH);
    assert_non_null(name);
    assert_true(d->is_hardware || px_rig.booked[d->domain_id][virq]);
    if ( px_rig.irq_guest[irq] )
        return -EBUSY;
    px_rig.irq_guest[irq] = d;
    return 0;
}

int irq_release_guest(struct domain *d, unsigned int irq)
{
    assert_false(spin_is_held(&device_lock));
    assert_false(spin_is_held(&hardware_domain->hypercall_lock));
    if ( irq >= PX_IRQS || px_rig.irq_guest[irq] != d )
        return -ENOENT;
    px_rig.irq_guest[irq] = NULL;
    return 0;
}

struct domain *irq_guest(unsigned int irq)
{
    return px_rig.irq_guest[irq];
}

const char *irq_name(unsigned int irq)
{
    return px_rig.irq_guest[irq] ? "somebody" : NULL;
}

bool vgic_reserve_irq(struct domain *d, unsigned int virq)
{
    bool *booked = &px_rig.booked[d->domain_id][virq];

    if ( virq >= 32 + px_rig.nr_spis || *booked )
        return false;
    *booked = true;
    return true;
}

void vgic_free_irq(struct domain *d, unsigned int virq)
{
    assert_true(px_rig.booked[d->domain_id][virq]);
    px_rig.booked[d->domain_id][virq] = false;
}

struct domain *domain_get_from(domid_t id)
{
    return domain_get(id);
}

/* ---- PCI: as <xen/pci.h> says, without resets and bridges ---- */

struct pci_dev *pci_find(pci_sbdf_t sbdf)
{
    assert_true(spin_is_held(&device_lock));
    for ( unsigned int i = 0; i < PX_PCI; i++ )
        if ( px_rig.pci[i].sbdf.sbdf == sbdf.sbdf )
            return &px_rig.pci[i];
    return NULL;
}

/* Its turn: the device lock is free, as it is taken by the real ones. */
static struct device *begin(pci_sbdf_t sbdf)
{
    struct device *dev;

    px_rig.nr_calls++;
    spin_lock(&device_lock);
    dev = &pci_find(sbdf)->dev;
    return dev;
}

static int end(int rc)
{
    spin_unlock(&device_lock);
    return rc;
}

int pci_quarantine(pci_sbdf_t sbdf, unsigned int *reset,
                   struct device **conflict)
{
    struct device *dev = begin(sbdf);

    *reset = PX_RESET_FLR;
    *conflict = px_rig.rc ? dev : NULL;
    if ( px_rig.rc || !dev->owner )
        return end(px_rig.rc);
    return end(dev->owner == hardware_domain ? iommu_deassign_device(dev)
                                             : -EBUSY);
}

int pci_release(pci_sbdf_t sbdf, unsigned int *reset, struct device **conflict)
{
    struct device *dev = begin(sbdf);

    *reset = PX_RESET_BUS;
    *conflict = px_rig.rc ? dev : NULL;
    return end(px_rig.rc ? px_rig.rc
                         : iommu_assign_device(hardware_domain, dev));
}

int pci_attach(struct domain *d, pci_sbdf_t sbdf, unsigned int flags,
               unsigned int *vslot, domid_t *owner, struct device **conflict)
{
    struct device *dev;
    int rc;

    /* The domain is not taken apart while it gets something. */
    assert_true(spin_is_held(&d->hypercall_lock));
    dev = begin(sbdf);
    px_rig.flags = flags;
    px_rig.slot = *vslot;
    *conflict = px_rig.rc == -EXDEV ? dev : NULL;
    *owner = dev->owner ? dev->owner->domain_id : DOMID_INVALID;
    rc = px_rig.rc    ? px_rig.rc
         : dev->owner ? -EBUSY
                      : iommu_assign_device(d, dev);
    *vslot = 9 << 3;
    return end(rc);
}

int pci_detach(struct domain *d, pci_sbdf_t sbdf, unsigned int *reset)
{
    struct device *dev = begin(sbdf);

    *reset = PX_RESET_PM;
    if ( px_rig.rc )
        return end(px_rig.rc);
    return end(dev->owner == d ? iommu_deassign_device(dev) : -ENODEV);
}

/* ---- set-up ---- */

static void make_device(struct device *dev, enum device_kind kind,
                        const char *name, bool covered, uint32_t sid)
{
    dev->kind = kind;
    strncpy(dev->name, name, sizeof(dev->name) - 1);
    dev->unit = covered ? rig.unit[0] : NULL;
    spin_lock(&device_lock);
    if ( covered )
        assert_int_equal(dev->unit->ops->dt_xlate(dev->unit, dev, &sid, 1), 0);
    assert_int_equal(iommu_add_device(dev), 0);
    spin_unlock(&device_lock);
}

static void make_function(unsigned int i, unsigned int devfn, bool covered,
                          uint32_t sid)
{
    struct pci_dev *pdev = &px_rig.pci[i];

    pdev->sbdf = PCI_SBDF(0, 0, devfn);
    pdev->vendor = 0x8086;
    pdev->device_id = (uint16_t)(0x1000 + i);
    pdev->class_code = 0x020000;
    pdev->vslot = devfn;
    make_device(&pdev->dev, DEVICE_PCI, "0000:00:0x.0", covered, sid);
}

/* dom0 as dom0_map_devices() leaves it, in leaves as large as can be. */
static void dom0_has(unsigned int i)
{
    const struct px_node *n = &px_rig.res[i];

    for ( unsigned int k = 0; k < dt_nr_regs(&nodes[i]); k++ )
    {
        uint64_t first = n->reg[k][0] >> PAGE_SHIFT;
        uint64_t last = (n->reg[k][0] + n->reg[k][1] - 1) >> PAGE_SHIFT;

        assert_int_equal(
            rangeset_add(&hardware_domain->iomem_caps, first, last), 0);
        assert_int_equal(p2m_map_range(hardware_domain, _gfn(first),
                                       last - first + 1, _mfn(first),
                                       P2M_MMIO_DIRECT),
                         0);
    }
    for ( unsigned int k = 0; k < 2 && n->irq[k]; k++ )
    {
        px_rig.irq_guest[n->irq[k]] = hardware_domain;
        assert_int_equal(
            rangeset_add(&hardware_domain->irq_caps, n->irq[k], n->irq[k]), 0);
    }
}

static void make_sd(void)
{
    static struct device sd;

    px_rig.nr_spis = 64;
    px_rig.res[2] = (struct px_node){{{0x51000000, 0x100}}, {72}};
    px_rig.res[3] =
        (struct px_node){{{0x50000000, 0x2000}, {0x50008010, 0x20}}, {70, 71}};
    px_rig.res[4] = (struct px_node){{{0x50000000, 0x10}}, {70}};
    px_rig.res[5] = (struct px_node){{{0x52000000, 0x1000}}, {73}};
    for ( unsigned int i = 0; i < PX_NODES; i++ )
    {
        px_rig.node[i] = &nodes[i];
        nodes[i].parent = i == 4 ? &nodes[3] : i ? &nodes[0] : NULL;
        nodes[i].next_all = i + 1 < PX_NODES ? &nodes[i + 1] : NULL;
    }
    dt_root = &nodes[0];
    rig.get_reg = get_reg;
    rig.get_irq = get_irq;
    px_rig.sd = &sd;
    make_device(&sd, DEVICE_DT, "sd@50000000", true, SID_SD);
    sd.np = &nodes[3];
    nodes[3].dev = &sd;
    assert_int_equal(rig_assign(hardware_domain, &sd), 0);
    dom0_has(2);
    dom0_has(3);
    dom0_has(5);
}

/* ---- power, clocks and resets ---- */

static unsigned int index_of(const struct dt_node *np)
{
    for ( unsigned int i = 0; i < PX_NODES; i++ )
        if ( px_rig.node[i] == np )
            return i;
    fail_msg("no node of the rig's");
    return 0;
}

int rcar_power_hold(const struct dt_node *np)
{
    px_rig.powered[index_of(np)] = true;
    return px_rig.no_power ? -EIO : 0;
}

void rcar_power_let_go(const struct dt_node *np)
{
    assert_false(px_rig.held[index_of(np)]);
    px_rig.powered[index_of(np)] = false;
}

/* No clock starts without power. */
int rcar_cpg_hold(const struct dt_node *np)
{
    assert_true(px_rig.powered[index_of(np)] && !px_rig.no_power);
    px_rig.held[index_of(np)] = true;
    return px_rig.no_clock ? -EIO : 0;
}

void rcar_cpg_let_go(const struct dt_node *np)
{
    px_rig.held[index_of(np)] = false;
}

/* Between owners: nobody reaches its registers, its DMA is the old one's. */
unsigned int rcar_cpg_reset(const struct dt_node *np)
{
    const struct px_node *res = &px_rig.res[index_of(np)];

    assert_true(px_rig.held[index_of(np)] && !px_rig.no_clock);
    for ( unsigned int i = 0; i < PX_DOMAINS; i++ )
        for ( unsigned int k = 0; k < dt_nr_regs(np); k++ )
        {
            uint64_t frame = res->reg[k][0] >> PAGE_SHIFT;

            assert_false(mfn_eq(
                p2m_lookup(px_rig.d[i], _gfn(frame), NULL, NULL), _mfn(frame)));
        }
    px_rig.nr_resets++;
    return !px_rig.no_reset;
}

void px_rig_init(void)
{
    struct rig_cfg cfg = {
        .smmu = smmuv3_model_default(),
        .nr_units = 1,
        .mmfr0 = 4, /* 44 bits */
        .mmfr1 = 2 << 4,
    };
    static struct device dt;

    rig_init(&cfg);
    px_rig = (struct px_rig){.dt = &dt};
    for ( unsigned int i = 0; i < PX_DOMAINS; i++ )
    {
        px_rig.d[i] = rig_domain((domid_t)i);
        px_rig.d[i]->refcount = 1;
        spin_lock_init(&px_rig.d[i]->hypercall_lock, LOCK_RANK_HYPERCALL);
    }
    hardware_domain = px_rig.d[0];
    hardware_domain->is_privileged = hardware_domain->is_hardware = true;
    hardware_domain->direct_mapped = true;
    px_rig_run_as(0);

    make_function(0, PCI_DEVFN(1, 0), true, SID_FUNCTION);
    make_function(1, PCI_DEVFN(2, 0), true, 2);
    px_rig.pci[1].header_type = PCI_HEADER_BRIDGE;
    make_function(2, PCI_DEVFN(3, 0), false, 0);
    make_device(&dt, DEVICE_DT, "dma@1000", true, SID_NODE);
    dt.np = &nodes[1];
    nodes[1].dev = &dt;
    make_function(3, PCI_DEVFN(4, 0), true, SID_NODE);
    for ( unsigned int i = 0; i < PX_PCI; i++ )
        assert_int_equal(rig_assign(hardware_domain, &px_rig.pci[i].dev), 0);
    assert_ptr_equal(dt.owner, hardware_domain);
    make_sd();
}
