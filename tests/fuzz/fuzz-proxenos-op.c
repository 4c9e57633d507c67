/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxenos' own hypercall with any arguments, from dom0 and others, between
 * changes of owners, DMA, and entries of the P2M. The machine lives on from one
 * input to the next; after each the audit of every domain is clean, no lock is
 * held and no reference left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "px-rig.h"

#include <xen/hypercall.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

static uint64_t take(struct input *in, unsigned int bytes)
{
    uint64_t v = 0;

    while ( bytes-- && in->left )
    {
        v = v << 8 | *in->at++;
        in->left--;
    }
    return v;
}

/* Small numbers mostly, so that things are found; any number sometimes. */
static uint32_t number(struct input *in, unsigned int below)
{
    uint64_t v = take(in, 1);

    return (uint32_t)(v < 245 ? v % below : take(in, 4));
}

static char buffer[64];

static struct px_device device(struct input *in)
{
    static const char *const paths[] = {"/soc/dma@1000", "/soc/uart@2000",
                                        "/soc", ""};
    struct px_device dev = {.kind = number(in, 3)};
    const char *path = paths[take(in, 1) & 3];

    dev.sbdf = PCI_DEVFN(1 + number(in, PX_PCI + 1), 0);
    memset(buffer, 0, sizeof(buffer));
    memcpy(buffer, path, strlen(path));
    dev.path_len = number(in, sizeof(buffer));
    /* Who tells a length has that much: the hypervisor need not know. */
    if ( dev.path_len > sizeof(buffer) && dev.path_len < 256 )
        dev.path_len = (uint32_t)strlen(path);
    dev.path.p = take(in, 1) & 7 ? buffer : NULL;
    return dev;
}

static void fill(struct input *in, struct proxenos_op *op)
{
    switch ( op->cmd )
    {
    case PX_OP_unit_info:
        op->u.unit_info.index = number(in, 3);
        break;
    case PX_OP_table_info:
        op->u.table_info.domid = number(in, PX_DOMAINS + 1);
        op->u.table_info.index = number(in, 2);
        break;
    case PX_OP_device_info:
        op->u.device_info.index = number(in, PX_PCI + 3);
        op->u.device_info.dev = device(in);
        if ( op->u.device_info.dev.path_len > sizeof(buffer) )
            op->u.device_info.dev.path_len = sizeof(buffer);
        break;
    case PX_OP_fault_clear:
        op->u.fault_clear.dev = device(in);
        break;
    case PX_OP_fault_policy:
        op->u.fault_policy.dev = device(in);
        op->u.fault_policy.policy = number(in, 4);
        op->u.fault_policy.threshold = number(in, 5);
        break;
    case PX_OP_audit:
        op->u.audit.domid = number(in, PX_DOMAINS + 1);
        op->u.audit.table = number(in, 2);
        op->u.audit.gfn = take(in, 8);
        break;
    case PX_OP_quarantine:
    case PX_OP_release:
        op->u.quarantine.dev = device(in);
        break;
    case PX_OP_attach:
        op->u.attach.domid = number(in, PX_DOMAINS + 1);
        op->u.attach.dev = device(in);
        op->u.attach.flags = number(in, 5);
        op->u.attach.vslot = number(in, 40);
        break;
    case PX_OP_detach:
        op->u.detach.domid = number(in, PX_DOMAINS + 1);
        op->u.detach.dev = device(in);
        break;
    default:
        break;
    }
}

static void hypercall(struct input *in)
{
    struct proxenos_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = number(in, PX_OP_detach + 2);
    op.version = take(in, 1) < 250 ? PROXENOS_OP_VERSION : number(in, 4);
    fill(in, &op);
    px_rig_run_as(take(in, 1) < 240 ? 0 : 1);
    px_rig.not_writable = take(in, 1) > 250;
    (void)do_proxenos_op((uintptr_t)&op, 0, 0, 0, 0);
    px_rig.not_writable = false;
}

static void change_p2m(struct input *in)
{
    struct domain *d = px_rig.d[take(in, 1) % PX_DOMAINS];
    gfn_t gfn = _gfn(0x40000 + take(in, 1));
    uint64_t what = take(in, 1);

    if ( what & 1 )
        (void)!p2m_add_page(d, gfn, _mfn(0x1000000 + what),
                            what & 2 ? P2M_MMIO_DIRECT : P2M_MMIO_CPU);
    else
        (void)p2m_remove_page(d, gfn, INVALID_MFN);
}

static void dma(struct input *in)
{
    static const uint32_t sids[] = {0x108, 2, 0x4210, 0x777};
    uint32_t sid = sids[take(in, 1) & 3];

    (void)smmuv3_model_dma(rig.model[0], sid, take(in, 2) << PAGE_SHIFT,
                           take(in, 1) & 1, false);
    if ( take(in, 1) & 1 )
        rig_softirqs();
}

static void must_be_clean(struct domain *d)
{
    struct px_audit a = {.table = 0};

    do
    {
        if ( iommu_audit(d, &a) || a.differences )
            __builtin_trap();
    } while ( !(a.flags & PX_AUDIT_DONE) );
    if ( d->refcount != 1 )
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    static bool started;

    if ( !started )
        px_rig_init();
    started = true;
    while ( in.left )
    {
        uint64_t what = take(&in, 1);

        rig.preempt = what & 0x10;
        px_rig.rc = what & 0x20 ? -ERESTART : 0;
        if ( what & 8 )
            hypercall(&in);
        else if ( what & 4 )
            change_p2m(&in);
        else
            dma(&in);
    }
    rig_softirqs();
    rig.preempt = false;
    for ( unsigned int i = 0; i < PX_DOMAINS; i++ )
        must_be_clean(px_rig.d[i]);
    rig_check();
    return 0;
}
