/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proxenos-op.c - the hypercall of <proxenos.h>: who may call it, what
 * goes in and comes out, with errors as well, and what it does to owners. Each
 * test is a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"
#include "px-rig.h"

#include <xen/dt-assign.h>
#include <xen/hypercall.h>

#define SBDF(i) (px_rig.pci[i].sbdf.sbdf)
#define NODE    "/soc/dma@1000"

static struct proxenos_op op;

static long call(uint32_t cmd)
{
    op.cmd = cmd;
    op.version = PROXENOS_OP_VERSION;
    return do_proxenos_op((uintptr_t)&op, 0, 0, 0, 0);
}

static struct proxenos_op *fresh(void)
{
    memset(&op, 0, sizeof(op));
    return &op;
}

static struct px_device function(unsigned int i)
{
    return (struct px_device){.kind = PX_DEVICE_PCI, .sbdf = SBDF(i)};
}

static char path[300];

static struct px_device node(const char *name)
{
    strcpy(path, name);
    return (struct px_device){
        .kind = PX_DEVICE_DT,
        .path = {path},
        .path_len = (uint32_t)strlen(name),
    };
}

/* ---- the call itself ---- */

static void control_domain_only(void)
{
    px_rig_init();
    for ( unsigned int id = 1; id < PX_DOMAINS; id++ )
    {
        px_rig_run_as(id);
        for ( uint32_t cmd = 0; cmd <= PX_OP_detach + 1; cmd++ )
        {
            memset(&op, 0x5a, sizeof(op));
            assert_int_equal(call(cmd), -EPERM);
            assert_int_equal(op.u.audit.flags, 0x5a5a5a5a);
        }
        assert_int_equal(do_proxenos_op(0, 0, 0, 0, 0), -EPERM);
    }
    assert_int_equal(px_rig.nr_calls, 0);
    px_rig_run_as(0);
    fresh();
    assert_int_equal(call(PX_OP_unit_info), 0);
}

static void bad_calls(void)
{
    px_rig_init();
    fresh();
    assert_int_equal(call(0), -ENOSYS);
    assert_int_equal(call(PX_OP_detach + 1), -ENOSYS);
    assert_int_equal(call(~0U), -ENOSYS);
    assert_int_equal(do_proxenos_op(8, 0, 0, 0, 0), -EFAULT);
    for ( uint32_t version = 0; version < 3; version++ )
    {
        fresh()->cmd = PX_OP_unit_info;
        op.version = version;
        assert_int_equal(do_proxenos_op((uintptr_t)&op, 0, 0, 0, 0),
                         version == PROXENOS_OP_VERSION ? 0 : -EACCES);
    }
    px_rig.not_writable = true;
    assert_int_equal(call(PX_OP_unit_info), -EFAULT);
}

/* ---- looking ---- */

static void units(void)
{
    struct px_unit_info *u = &op.u.unit_info;

    px_rig_init();
    fresh();
    assert_int_equal(call(PX_OP_unit_info), 0);
    assert_int_equal(u->kind, PX_UNIT_SMMUV3);
    assert_string_equal(u->name, "smmuv3 9000000");
    assert_string_equal(u->format, "smmu-s1");
    assert_int_equal(u->stages, 1);
    assert_int_equal(u->ia_bits, 48);
    assert_int_equal(u->contexts, 65535);
    assert_int_equal(u->contexts_used, 1);
    assert_true(u->syncs > 0);
    assert_int_equal(u->faults, 0);

    /* Another domain is another context; faults are read before the answer. */
    assert_int_equal(rig_deassign(&px_rig.pci[0].dev), 0);
    assert_int_equal(rig_assign(px_rig.d[1], &px_rig.pci[0].dev), 0);
    assert_false(smmuv3_model_dma(rig.model[0], 0x108, 0x1000, true, false).ok);
    assert_false(smmuv3_model_dma(rig.model[0], 0x777, 0x1000, true, false).ok);
    assert_int_equal(call(PX_OP_unit_info), 0);
    assert_int_equal(u->contexts_used, 2);
    assert_int_equal(u->faults, 2);
    assert_int_equal(u->stray_faults, 1);
    u->index = 1;
    assert_int_equal(call(PX_OP_unit_info), -ENOENT);
    u->index = ~0U;
    assert_int_equal(call(PX_OP_unit_info), -ENOENT);
}

static void tables(void)
{
    struct px_table_info *t = &op.u.table_info;
    struct domain *d;

    px_rig_init();
    d = px_rig.d[1];
    assert_int_equal(
        p2m_map_range(d, _gfn(0x40000), 2, _mfn(0x1000000), P2M_MMIO_DIRECT),
        0);
    fresh()->u.table_info.domid = 1;
    assert_int_equal(call(PX_OP_table_info), 0);
    assert_string_equal(t->format, "smmu-s1");
    assert_int_equal(t->domid, 1);
    assert_int_equal(t->ia_bits, 48);
    assert_int_equal(t->tables, 4);
    assert_int_equal(t->leaves[3], 2);
    assert_int_equal(t->leaves[2], 0);
    assert_int_equal(t->devices, 0);
    assert_int_equal(t->flags, 0);
    assert_int_equal(d->refcount, 1);
    d->iommu.lost_sync = d->iommu.dom[0].out_of_reach = true;
    assert_int_equal(call(PX_OP_table_info), 0);
    assert_int_equal(t->flags, PX_TABLE_LOST_SYNC | PX_TABLE_OUT_OF_REACH);
    t->domid = 0;
    assert_int_equal(call(PX_OP_table_info), 0);
    assert_int_equal(t->devices, 5);

    t->index = 1;
    assert_int_equal(call(PX_OP_table_info), -ENOENT);
    t->index = 0;
    t->domid = PX_DOMAINS;
    assert_int_equal(call(PX_OP_table_info), -ESRCH);
    t->domid = 0x10000; /* not domain 0 */
    assert_int_equal(call(PX_OP_table_info), -ESRCH);
    t->domid = DOMID_SELF;
    assert_int_equal(call(PX_OP_table_info), -ESRCH);
    t->domid = 1;
    d->iommu.enabled = false;
    assert_int_equal(call(PX_OP_table_info), -ENOENT);
    assert_int_equal(d->refcount, 1);
}

/* The order is that in which they were found: functions 0 to 2, the node, 3. */
static void devices(void)
{
    static const struct {
        uint32_t kind, unit, flags, group, vslot;
    } want[] = {
        {PX_DEVICE_PCI, 0, 0, 0, 8},
        {PX_DEVICE_PCI, 0, PX_DEV_BRIDGE, 1, 16},
        {PX_DEVICE_PCI, PX_NO_INDEX, PX_DEV_UNPROTECTED, 2, 24},
        {PX_DEVICE_DT, 0, 0, 3, PX_NO_INDEX},
        {PX_DEVICE_PCI, 0, 0, 3, 32},
    };
    struct px_device_info *i = &op.u.device_info;

    px_rig_init();
    for ( uint32_t n = 0; n < ARRAY_SIZE(want); n++ )
    {
        fresh()->u.device_info.index = n;
        assert_int_equal(call(PX_OP_device_info), 0);
        assert_int_equal(i->index, n);
        assert_int_equal(i->dev.kind, want[n].kind);
        assert_int_equal(i->unit, want[n].unit);
        assert_int_equal(i->flags, want[n].flags);
        assert_int_equal(i->group, want[n].group);
        assert_int_equal(i->vslot, want[n].vslot);
        assert_int_equal(i->owner, 0);
        assert_int_equal(i->policy, PX_FAULT_DISCONNECT);
        assert_int_equal(i->threshold, 10000);
        assert_true(i->now > 0);
    }
    fresh()->u.device_info.index = ARRAY_SIZE(want) + 1; /* and sd */
    assert_int_equal(call(PX_OP_device_info), -ENOENT);

    px_rig.pci[0].has_flr = px_rig.pci[0].gone = true;
    px_rig.pci[0].shared_msi = px_rig.pci[0].dev.cut_off = true;
    px_rig.pci[0].dev.unusable = true;
    fresh();
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_int_equal(i->dev.sbdf, 8);
    assert_int_equal(i->id, 0x108);
    assert_int_equal(i->vendor, 0x8086);
    assert_int_equal(i->device, 0x1000);
    assert_int_equal(i->class_code, 0x020000);
    assert_int_equal(i->reset, PX_RESET_FLR);
    assert_int_equal(i->flags, PX_DEV_GONE | PX_DEV_SHARED_MSI |
                                   PX_DEV_CUT_OFF | PX_DEV_UNUSABLE);
    assert_int_equal(rig_deassign(&px_rig.pci[0].dev), 0);
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_int_equal(i->owner, DOMID_INVALID);
    assert_int_equal(i->vslot, PX_NO_INDEX);
}

static void device_paths(void)
{
    struct px_device_info *i = &op.u.device_info;

    px_rig_init();
    fresh()->u.device_info.index = 3;
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_int_equal(i->dev.path_len, strlen(NODE));

    /* As much as there is room for, and how much it would have been. */
    memset(path, '#', sizeof(path));
    i->dev.path.p = path;
    i->dev.path_len = 4;
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_memory_equal(path, "/soc#", 5);
    assert_int_equal(i->dev.path_len, strlen(NODE));
    i->dev.path_len = sizeof(path);
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_memory_equal(path, NODE "#", sizeof(NODE));
    i->dev.path.p = (char *)8;
    assert_int_equal(call(PX_OP_device_info), -EFAULT);
}

static void faults(void)
{
    struct px_device_info *i = &op.u.device_info;

    px_rig_init();
    for ( uint64_t at = 0x1000; at < 0x4000; at += 0x1000 )
        assert_false(smmuv3_model_dma(rig.model[0], 0x108, at, true, false).ok);
    fresh();
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_int_equal(i->faults, 3);
    assert_int_equal(i->first_iova, 0x1000);
    assert_int_equal(i->last_iova, 0x3000);
    assert_int_equal(i->fault_reason, IOMMU_FAULT_TRANSLATION);
    assert_true(i->first_time > 0 && i->first_time < i->last_time &&
                i->last_time < i->now);

    fresh()->u.fault_policy.dev = function(0);
    op.u.fault_policy.policy = PX_FAULT_CRASH;
    op.u.fault_policy.threshold = 77;
    assert_int_equal(call(PX_OP_fault_policy), 0);
    op.u.fault_policy.policy = PX_FAULT_CRASH + 1;
    assert_int_equal(call(PX_OP_fault_policy), -EINVAL);
    fresh()->u.fault_clear.dev = function(0);
    assert_int_equal(call(PX_OP_fault_clear), 0);
    fresh();
    assert_int_equal(call(PX_OP_device_info), 0);
    assert_int_equal(i->faults, 0);
    assert_int_equal(i->policy, PX_FAULT_CRASH);
    assert_int_equal(i->threshold, 77);
}

/* ---- naming a device ---- */

static long clear(struct px_device dev)
{
    fresh()->u.fault_clear.dev = dev;
    return call(PX_OP_fault_clear);
}

static void names(void)
{
    struct px_device dev;

    px_rig_init();
    assert_int_equal(clear((struct px_device){.kind = 0}), -EINVAL);
    assert_int_equal(clear((struct px_device){.kind = 3}), -EINVAL);
    assert_int_equal(
        clear((struct px_device){.kind = PX_DEVICE_PCI, .sbdf = ~0U}), -ENODEV);
    assert_int_equal(clear(function(2)), 0);
    assert_int_equal(clear(node(NODE)), 0);
    assert_int_equal(clear(node("/soc/dma@")), -ENODEV);
    assert_int_equal(clear(node("")), -ENODEV);
    assert_int_equal(clear(node("/soc/uart@2000")), -EOPNOTSUPP);
    /* It ends where it says, not where a zero is. */
    dev = node(NODE "/more");
    dev.path_len -= 5;
    assert_int_equal(clear(dev), 0);
    dev.path_len = 256;
    assert_int_equal(clear(dev), -E2BIG);
    dev.path_len = ~0U;
    assert_int_equal(clear(dev), -E2BIG);
    dev.path.p = (char *)8;
    dev.path_len = 5;
    assert_int_equal(clear(dev), -EFAULT);
}

/* ---- the audit ---- */

static void audits(void)
{
    struct px_audit *a = &op.u.audit;

    px_rig_init();
    assert_int_equal(p2m_map_range(px_rig.d[1], _gfn(0x40000), 2,
                                   _mfn(0x1000000), P2M_MMIO_DIRECT),
                     0);
    fresh()->u.audit.domid = 1;
    assert_int_equal(call(PX_OP_audit), 0);
    assert_int_equal(a->flags, PX_AUDIT_DONE);
    assert_int_equal(a->compared, 2);
    assert_int_equal(a->differences, 0);
    assert_int_equal(px_rig.d[1]->refcount, 1);
    fresh()->u.audit.domid = PX_DOMAINS;
    assert_int_equal(call(PX_OP_audit), -ESRCH);
    fresh()->u.audit.table = 1;
    assert_int_equal(call(PX_OP_audit), -ENOENT);
}

/* ---- owners ---- */

static long give(unsigned int domid, struct px_device dev, uint32_t flags)
{
    fresh()->u.attach.dev = dev;
    op.u.attach.domid = domid;
    op.u.attach.flags = flags;
    op.u.attach.vslot = 5;
    return call(PX_OP_attach);
}

static long take(unsigned int domid, struct px_device dev)
{
    fresh()->u.detach.dev = dev;
    op.u.detach.domid = domid;
    return call(PX_OP_detach);
}

static long quarantine(struct px_device dev, bool release)
{
    fresh()->u.quarantine.dev = dev;
    return call(release ? PX_OP_release : PX_OP_quarantine);
}

static void functions(void)
{
    struct device *dev;

    px_rig_init();
    dev = &px_rig.pci[0].dev;
    assert_int_equal(give(1, function(0), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, 0);
    assert_int_equal(quarantine(function(0), false), 0);
    assert_int_equal(op.u.quarantine.reset, PX_RESET_FLR);
    assert_int_equal(op.u.quarantine.conflict, PX_NO_INDEX);
    assert_null(dev->owner);

    assert_int_equal(give(1, function(0), PX_ATTACH_MSI), 0);
    assert_int_equal(px_rig.flags, PX_ATTACH_MSI);
    assert_int_equal(px_rig.slot, 5);
    assert_int_equal(op.u.attach.vslot, 9 << 3);
    assert_int_equal(op.u.attach.conflict, PX_NO_INDEX);
    assert_ptr_equal(dev->owner, px_rig.d[1]);
    assert_int_equal(give(2, function(0), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, 1);
    assert_int_equal(op.u.attach.vslot, 5);
    assert_int_equal(quarantine(function(0), false), -EBUSY);

    assert_int_equal(take(2, function(0)), -ENODEV);
    assert_int_equal(take(1, function(0)), 0);
    assert_int_equal(op.u.detach.reset, PX_RESET_PM);
    assert_null(dev->owner);
    assert_int_equal(quarantine(function(0), true), 0);
    assert_int_equal(op.u.quarantine.reset, PX_RESET_BUS);
    assert_ptr_equal(dev->owner, px_rig.d[0]);
    for ( unsigned int i = 0; i < PX_DOMAINS; i++ )
        assert_int_equal(px_rig.d[i]->refcount, 1);
}

/* What explains an error is written back; a call that goes on changes nothing
 * of what it was asked. */
static void errors_and_more_time(void)
{
    struct proxenos_op before;

    px_rig_init();
    px_rig.rc = -EXDEV;
    assert_int_equal(quarantine(function(3), false), -EXDEV);
    assert_int_equal(op.u.quarantine.conflict, 4);
    assert_int_equal(give(1, function(3), 0), -EXDEV);
    assert_int_equal(op.u.attach.conflict, 4);
    px_rig.rc = -ETIMEDOUT;
    assert_int_equal(take(1, function(0)), -ETIMEDOUT);
    assert_int_equal(op.u.detach.reset, PX_RESET_PM);

    px_rig.rc = -ERESTART;
    fresh()->u.attach.dev = function(0);
    op.u.attach.domid = 1;
    op.u.attach.vslot = PX_NO_INDEX;
    op.cmd = PX_OP_attach;
    op.version = PROXENOS_OP_VERSION;
    before = op;
    assert_int_equal(call(PX_OP_attach), (long)(uintptr_t)&op);
    assert_memory_equal(&op, &before, sizeof(op));
    assert_int_equal(quarantine(function(0), false), (long)(uintptr_t)&op);
    assert_int_equal(take(1, function(0)), (long)(uintptr_t)&op);
    assert_int_equal(px_rig.nr_continued, 3);
    assert_int_equal(px_rig.d[1]->refcount, 1);
}

static void consent(void)
{
    px_rig_init();
    assert_int_equal(rig_deassign(&px_rig.pci[2].dev), 0);
    assert_int_equal(give(1, function(2), 0), -EOPNOTSUPP);
    assert_int_equal(give(1, function(2), PX_ATTACH_MSI), -EOPNOTSUPP);
    /* Its DMA would go to others' memory: consent does not help that. */
    assert_int_equal(give(1, function(2), PX_ATTACH_PERMISSIVE), -EPERM);
    assert_int_equal(give(1, function(2), 4), -EINVAL);
    assert_int_equal(px_rig.nr_calls, 0);
    assert_null(px_rig.pci[2].dev.owner);
    px_rig.d[1]->direct_mapped = true;
    assert_int_equal(give(1, function(2), 0), -EOPNOTSUPP);
    assert_int_equal(px_rig.nr_calls, 0);
    (void)give(1, function(2), PX_ATTACH_PERMISSIVE);
    assert_int_equal(px_rig.nr_calls, 1);
    assert_int_equal(px_rig.flags, PX_ATTACH_PERMISSIVE);

    /* A protected one needs none. */
    assert_int_equal(rig_deassign(&px_rig.pci[0].dev), 0);
    assert_int_equal(give(2, function(0), PX_ATTACH_PERMISSIVE), 0);
}

static void domains_that_are_not(void)
{
    px_rig_init();
    assert_int_equal(rig_deassign(&px_rig.pci[0].dev), 0);
    assert_int_equal(give(PX_DOMAINS, function(0), 0), -ESRCH);
    assert_int_equal(give(0x10001, function(0), 0), -ESRCH);
    assert_int_equal(take(PX_DOMAINS, function(0)), -ESRCH);
    px_rig.d[1]->is_dying = true;
    assert_int_equal(give(1, function(0), 0), -ESRCH);
    assert_int_equal(px_rig.nr_calls, 0);
    assert_int_equal(px_rig.d[1]->refcount, 1);
}

/* A node's DMA: the function that shares its id goes with it. */
static void node_of_the_tree(void)
{
    px_rig_init();
    assert_int_equal(give(1, node(NODE), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, 0);
    assert_int_equal(take(1, node(NODE)), -ENODEV);
    assert_int_equal(quarantine(node(NODE), false), 0);
    assert_int_equal(op.u.quarantine.reset, PX_RESET_NONE);
    assert_null(px_rig.dt->owner);
    assert_null(px_rig.pci[3].dev.owner);
    assert_int_equal(quarantine(node(NODE), false), 0);

    assert_int_equal(give(1, node(NODE), 0), 0);
    assert_int_equal(op.u.attach.vslot, PX_NO_INDEX);
    assert_ptr_equal(px_rig.dt->owner, px_rig.d[1]);
    assert_ptr_equal(px_rig.pci[3].dev.owner, px_rig.d[1]);
    assert_int_equal(give(2, node(NODE), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, 1);
    assert_int_equal(quarantine(node(NODE), false), -EBUSY);
    assert_int_equal(quarantine(node(NODE), true), -EBUSY);
    assert_int_equal(take(2, node(NODE)), -ENODEV);
    assert_int_equal(take(1, node(NODE)), 0);
    assert_null(px_rig.dt->owner);
    assert_int_equal(quarantine(node(NODE), true), 0);
    assert_ptr_equal(px_rig.dt->owner, px_rig.d[0]);
    assert_int_equal(quarantine(node(NODE), true), 0);
    assert_int_equal(quarantine(node("/soc/uart@2000"), false), -EOPNOTSUPP);
    assert_int_equal(px_rig.nr_calls, 0);
}

/* ---- registers and interrupts of a node ---- */

#define SD "/soc/sd@50000000"

static const uint64_t sd_frames[] = {0x50000, 0x50001, 0x50008};

/* Whose they are: in the tables of both sides, in the GIC, in its books. */
static void sd_is_at(const struct domain *d)
{
    struct proxenos_op audit = {.cmd = PX_OP_audit};

    assert_ptr_equal(px_rig.sd->owner, d);
    for ( unsigned int id = 0; id < PX_DOMAINS; id++ )
    {
        struct domain *of = px_rig.d[id];

        for ( unsigned int i = 0; i < ARRAY_SIZE(sd_frames); i++ )
        {
            gfn_t gfn = _gfn(sd_frames[i]);
            enum p2m_type type;
            mfn_t mfn = p2m_lookup(of, gfn, &type, NULL);

            assert_true(
                mfn_eq(mfn, of == d ? _mfn(sd_frames[i]) : INVALID_MFN));
            assert_int_equal(type, of == d ? P2M_MMIO_DIRECT : P2M_INVALID);
        }
        for ( unsigned int irq = 70; irq < 72; irq++ )
            assert_int_equal(px_rig.booked[id][irq], of == d && id);
        audit.version = PROXENOS_OP_VERSION;
        audit.u.audit = (struct px_audit){.domid = id};
        assert_int_equal(do_proxenos_op((uintptr_t)&audit, 0, 0, 0, 0), 0);
        assert_int_equal(audit.u.audit.differences, 0);
        assert_int_equal(of->refcount, 1);
    }
    assert_ptr_equal(px_rig.irq_guest[70], d);
    assert_ptr_equal(px_rig.irq_guest[71], d);
    assert_int_equal(px_rig.held[3], d != hardware_domain);
    assert_int_equal(px_rig.powered[3], d != hardware_domain);
    assert_int_equal(
        rangeset_contains(&hardware_domain->iomem_caps, 0x50000, 0x50001),
        d == hardware_domain);
    assert_int_equal(rangeset_contains(&hardware_domain->irq_caps, 70, 71),
                     d == hardware_domain);
    /* Its neighbours have stayed. */
    assert_true(mfn_eq(p2m_lookup(hardware_domain, _gfn(0x51000), NULL, NULL),
                       _mfn(0x51000)));
    assert_ptr_equal(px_rig.irq_guest[72], hardware_domain);
}

static void a_node_with_all_it_has(void)
{
    px_rig_init();
    sd_is_at(px_rig.d[0]);
    assert_int_equal(give(1, node(SD), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, 0);
    sd_is_at(px_rig.d[0]);
    for ( unsigned int round = 0; round < 3; round++ )
    {
        assert_int_equal(quarantine(node(SD), false), 0);
        sd_is_at(NULL);
        assert_int_equal(quarantine(node(SD), false), 0);
        assert_int_equal(give(1, node(SD), 0), 0);
        sd_is_at(px_rig.d[1]);
        assert_int_equal(give(2, node(SD), 0), -EBUSY);
        assert_int_equal(op.u.attach.owner, 1);
        assert_int_equal(quarantine(node(SD), false), -EBUSY);
        assert_int_equal(quarantine(node(SD), true), -EBUSY);
        assert_int_equal(take(2, node(SD)), -ENODEV);
        sd_is_at(px_rig.d[1]);
        assert_int_equal(take(1, node(SD)), 0);
        sd_is_at(NULL);
        assert_int_equal(give(2, node(SD), 0), 0);
        sd_is_at(px_rig.d[2]);
        assert_int_equal(take(2, node(SD)), 0);
        assert_int_equal(quarantine(node(SD), true), 0);
        sd_is_at(px_rig.d[0]);
        assert_int_equal(quarantine(node(SD), true), 0);
    }
    /* dom0's is not to be had or lost by these. */
    assert_int_equal(take(0, node(SD)), -EINVAL);
    assert_int_equal(quarantine(node(SD), false), 0);
    assert_int_equal(give(0, node(SD), 0), -EINVAL);
    sd_is_at(NULL);
}

/* The uart's registers, or its interrupt, come to be among the card's. */
static void shared_with_another(void)
{
    struct px_node *uart, *sd;

    px_rig_init();
    uart = &px_rig.res[2];
    sd = &px_rig.res[3];
    sd->reg[1][0] = 0x51000f00;
    assert_int_equal(quarantine(node(SD), false), -EADDRINUSE);
    rig.disabled = px_rig.node[2]; /* the registers are there all the same */
    assert_int_equal(quarantine(node(SD), false), -EADDRINUSE);
    sd->reg[1][0] = 0x50008010;
    sd_is_at(px_rig.d[0]);

    uart->irq[0] = 71;
    assert_int_equal(quarantine(node(SD), false), 0);
    rig.disabled = NULL;
    assert_int_equal(give(1, node(SD), 0), -EADDRINUSE);
    uart->irq[0] = 72;
    sd_is_at(NULL);
    assert_int_equal(give(1, node(SD), 0), 0);
    sd_is_at(px_rig.d[1]);
}

static void nothing_changes_on_errors(void)
{
    unsigned int resets;
    struct px_node *sd;

    px_rig_init();
    sd = &px_rig.res[3];
    assert_int_equal(quarantine(node(SD), false), 0);

    /* The domain has something there: the last of three pages. */
    assert_int_equal(p2m_add_page(px_rig.d[1], _gfn(0x50008), _mfn(0x60000),
                                  P2M_MMIO_DIRECT),
                     0);
    assert_int_equal(give(1, node(SD), 0), -EADDRNOTAVAIL);
    assert_int_equal(op.u.attach.owner, DOMID_INVALID);
    assert_int_equal(p2m_remove_page(px_rig.d[1], _gfn(0x50008), _mfn(0x60000)),
                     0);
    sd_is_at(NULL);

    /* Its layout has. */
    sd->reg[1][0] = 0x38000000;
    assert_int_equal(give(1, node(SD), 0), -EADDRNOTAVAIL);
    sd->reg[1][0] = 0x50008010;
    sd_is_at(NULL);

    /* The second interrupt is beyond its own, booked, or somebody's. */
    px_rig.nr_spis = 71 - 32;
    assert_int_equal(give(1, node(SD), 0), -EBUSY);
    px_rig.nr_spis = 64;
    sd_is_at(NULL);
    px_rig.irq_guest[71] = px_rig.d[2];
    resets = px_rig.nr_resets;
    assert_int_equal(give(1, node(SD), 0), -EBUSY);
    assert_int_equal(op.u.attach.owner, DOMID_INVALID);
    px_rig.irq_guest[71] = NULL;
    sd_is_at(NULL);
    /* It had the registers for a moment, and runs. */
    assert_int_equal(px_rig.nr_resets, resets + 1);

    /* Somebody got its registers another way, any of them. */
    for ( unsigned int i = 0; i < ARRAY_SIZE(sd_frames); i++ )
    {
        gfn_t gfn = _gfn(sd_frames[i]);
        mfn_t mfn = _mfn(sd_frames[i]);

        assert_int_equal(p2m_add_page(px_rig.d[2], gfn, mfn, P2M_MMIO_DIRECT),
                         0);
        assert_int_equal(give(1, node(SD), 0), -EBUSY);
        assert_int_equal(op.u.attach.owner, 2);
        assert_int_equal(p2m_remove_page(px_rig.d[2], gfn, mfn), 0);
        sd_is_at(NULL);
    }
    assert_int_equal(px_rig.nr_resets, resets + 1);

    /* Back to dom0, who has lent out the address. */
    assert_int_equal(p2m_add_page(px_rig.d[0], _gfn(0x50008), _mfn(0x60000),
                                  P2M_MMIO_DIRECT),
                     0);
    assert_int_equal(quarantine(node(SD), true), -EADDRNOTAVAIL);
    assert_int_equal(px_rig.nr_resets, resets + 2);
    assert_int_equal(p2m_remove_page(px_rig.d[0], _gfn(0x50008), _mfn(0x60000)),
                     0);
    sd_is_at(NULL);
    assert_int_equal(quarantine(node(SD), true), 0);
    sd_is_at(px_rig.d[0]);
}

/* Its clock runs while dom0 does not know who uses it; it is reset whenever
 * it has left a domain. */
static void clocks_and_resets(void)
{
    px_rig_init();
    px_rig.no_clock = true;
    assert_int_equal(quarantine(node(SD), false), -EIO);
    sd_is_at(px_rig.d[0]);
    px_rig.no_clock = false;
    assert_int_equal(px_rig.nr_resets, 0);
    assert_int_equal(quarantine(node(SD), false), 0);
    assert_int_equal(px_rig.nr_resets, 1);

    px_rig.no_clock = true;
    assert_int_equal(give(1, node(SD), 0), -EIO);
    sd_is_at(NULL);
    px_rig.no_clock = false;
    assert_int_equal(give(1, node(SD), 0), 0);
    assert_int_equal(px_rig.nr_resets, 1);
    assert_int_equal(take(1, node(SD)), 0);
    assert_int_equal(px_rig.nr_resets, 2);
    assert_int_equal(quarantine(node(SD), true), 0);
    sd_is_at(px_rig.d[0]);
}

/* An area that is off is not waited for, and one that is on stays so. */
static void power(void)
{
    px_rig_init();
    px_rig.no_power = true;
    assert_int_equal(quarantine(node(SD), false), -EIO);
    sd_is_at(px_rig.d[0]);
    px_rig.no_power = false;
    assert_int_equal(quarantine(node(SD), false), 0);
    sd_is_at(NULL);
    assert_int_equal(px_rig.nr_resets, 1);

    px_rig.no_power = true;
    assert_int_equal(give(1, node(SD), 0), -EIO);
    sd_is_at(NULL);
    assert_int_equal(px_rig.nr_resets, 1);
    px_rig.no_power = false;
    assert_int_equal(give(1, node(SD), 0), 0);
    sd_is_at(px_rig.d[1]);
}

/* Who cannot be reset is named. */
static void without_a_reset(void)
{
    px_rig_init();
    rig.find = "/soc/sd@50000000: has no reset of its own: its next owner "
               "finds what this one left in it";
    assert_int_equal(quarantine(node(SD), false), 0);
    assert_int_equal(rig.nr_found, 0);
    assert_int_equal(give(1, node(SD), 0), 0);
    px_rig.no_reset = true;
    assert_int_equal(take(1, node(SD)), 0);
    assert_int_equal(rig.nr_found, 1);
}

static void not_to_be_moved(void)
{
    struct px_node *sd;

    px_rig_init();
    sd = &px_rig.res[3];
    px_rig.node[3]->used_by_xen = true;
    assert_int_equal(quarantine(node(SD), false), -EPERM);
    px_rig.node[3]->used_by_xen = false;
    sd->irq[1] = 27;
    assert_int_equal(quarantine(node(SD), false), -EINVAL);
    sd->irq[1] = 71;
    sd->reg[1][1] = 0x500000;
    assert_int_equal(quarantine(node(SD), false), -E2BIG);
    sd->reg[1][1] = 0x20;
    sd->reg[1][0] = RIG_RAM;
    assert_int_equal(quarantine(node(SD), false), -EINVAL);
    sd->reg[1][0] = ~0xfULL;
    assert_int_equal(quarantine(node(SD), false), -EINVAL);
    sd->reg[1][0] = 0x50008010;
    sd_is_at(px_rig.d[0]);
}

/* As domain_kill() does, before its frames go. */
static void a_domain_that_dies(void)
{
    px_rig_init();
    assert_int_equal(quarantine(node(SD), false), 0);
    assert_int_equal(give(1, node(SD), 0), 0);
    spin_lock(&px_rig.d[1]->hypercall_lock);
    dt_withdraw(px_rig.d[1], px_rig.sd);
    assert_int_equal(px_rig.nr_resets, 2);
    assert_ptr_equal(px_rig.sd->owner, px_rig.d[1]); /* the DMA goes last */
    spin_unlock(&px_rig.d[1]->hypercall_lock);
    assert_int_equal(rig_deassign(px_rig.sd), 0);
    sd_is_at(NULL);
    assert_int_equal(give(2, node(SD), 0), 0);
    sd_is_at(px_rig.d[2]);
}

/* dom0's registers lie in a leaf that a split needs memory for. */
static void without_memory(void)
{
    unsigned int n = 0;
    long rc;

    px_rig_init();
    assert_int_equal(p2m_unmap_range(px_rig.d[0], _gfn(0x50000), 2), 0);
    assert_int_equal(p2m_unmap_range(px_rig.d[0], _gfn(0x50008), 1), 0);
    assert_int_equal(p2m_map_range(px_rig.d[0], _gfn(0x50000), 512,
                                   _mfn(0x50000), P2M_MMIO_DIRECT),
                     0);
    do
    {
        rig.fail_alloc = ++n;
        rc = quarantine(node(SD), false);
        assert_true(rc == 0 || rc == -ENOMEM);
        if ( rc )
            sd_is_at(px_rig.d[0]);
    } while ( rc );
    rig.fail_alloc = 0;
    assert_true(n > 1);
    sd_is_at(NULL);

    /* The second round has the tables of the first; another domain has none. */
    n = 0;
    do
    {
        rig.fail_alloc = ++n;
        rc = give(2, node(SD), 0);
        assert_true(rc == 0 || rc == -ENOMEM);
        if ( rc )
            sd_is_at(NULL);
    } while ( rc );
    rig.fail_alloc = 0;
    sd_is_at(px_rig.d[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_domain_only),
        TEST(bad_calls),
        TEST(units),
        TEST(tables),
        TEST(devices),
        TEST(device_paths),
        TEST(faults),
        TEST(names),
        TEST(audits),
        TEST(functions),
        TEST(errors_and_more_time),
        TEST(consent),
        TEST(domains_that_are_not),
        TEST(node_of_the_tree),
        TEST(a_node_with_all_it_has),
        TEST(shared_with_another),
        TEST(nothing_changes_on_errors),
        TEST(clocks_and_resets),
        TEST(power),
        TEST(without_a_reset),
        TEST(not_to_be_moved),
        TEST(a_domain_that_dies),
        TEST(without_memory),
    };

    isolated_end = rig_check;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
