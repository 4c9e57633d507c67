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
#include <xen/guest-copy.h>
#include <xen/hypercall.h>

#define SID_FUNCTION 0x108U
#define SID_NODE     0x4210U

struct px_rig px_rig;
struct vcpu *percpu_current_vcpu;
struct domain *hardware_domain;

static struct vcpu vcpus[PX_DOMAINS];
static struct dt_node nodes[2] = {
    {.name = "dma@1000", .full_name = "/soc/dma@1000"},
    {.name = "uart@2000", .full_name = "/soc/uart@2000"},
};

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

struct dt_node *dt_find_path(const char *path)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(nodes); i++ )
        if ( !strcmp(path, nodes[i].full_name) )
            return &nodes[i];
    return NULL;
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
    dt.np = &nodes[0];
    nodes[0].dev = &dt;
    make_function(3, PCI_DEVFN(4, 0), true, SID_NODE);
    for ( unsigned int i = 0; i < PX_PCI; i++ )
        assert_int_equal(rig_assign(hardware_domain, &px_rig.pci[i].dev), 0);
    assert_ptr_equal(dt.owner, hardware_domain);
}
