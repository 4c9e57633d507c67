/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault status of IPMMU contexts turned into faults for the core. The unit
 * says which context and address, not which master: with one device in a
 * context that is it, with several it is "one of them".
 *
 * The interrupt is a level, and is up while any status is. It is muted until
 * the softirq has read, reported and cleared all, so that a storm of faults
 * takes no more than its turn. Device lock held, unless said.
 */
#include "ipmmu.h"

#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/softirq.h>

void ipmmu_irq(unsigned int irq, void *data)
{
    (void)data;
    irq_mute(irq);
    softirq_raise(SOFTIRQ_IOMMU);
}

struct status {
    uint32_t imstr;
    uint64_t iova;
};

/* Read and clear; false when there is nothing. */
static bool take_status(struct ipmmu_root *root, struct ipmmu_context *c,
                        struct status *s)
{
    spin_lock(&root->lock);
    s->imstr = c->imctr ? ipmmu_root_read(root, c->index, IPMMU_IMSTR) : 0;
    if ( s->imstr )
    {
        /* Before the status is cleared: they read 0 afterwards. */
        s->iova = ipmmu_root_read(root, c->index, IPMMU_IMELAR) |
                  (uint64_t)ipmmu_root_read(root, c->index, IPMMU_IMEUAR) << 32;
        ipmmu_root_write(root, c->index, IPMMU_IMSTR, 0);

        /* As other drivers do: the fault itself may be cached, and what is
         * mapped there next would not be seen. */
        if ( c->index != IPMMU_QUARANTINE &&
             (s->imstr & (IPMMU_IMSTR_TF | IPMMU_IMSTR_PF)) )
            (void)!ipmmu_flush(root, c);
    }
    spin_unlock(&root->lock);
    return s->imstr;
}

/* The only device that it can have been, or NULL. */
static struct device *only_device(const struct ipmmu_root *root,
                                  const struct ipmmu_context *c)
{
    struct device *dev, *found = NULL;

    list_for_each_entry (dev, &c->dom->d->iommu.devices, of_owner)
    {
        if ( dev->unit != &root->unit || dev->attached != c->dom ||
             dev->cut_off )
            continue;
        if ( found )
            return NULL;
        found = dev;
    }
    return found;
}

static enum iommu_fault_reason reason_of(uint32_t imstr)
{
    if ( imstr & IPMMU_IMSTR_MHIT )
        return IOMMU_FAULT_OTHER;
    if ( imstr & IPMMU_IMSTR_ABORT )
        return IOMMU_FAULT_WALK_ABORT;
    if ( imstr & IPMMU_IMSTR_PF )
        return IOMMU_FAULT_PERMISSION;
    return IOMMU_FAULT_TRANSLATION;
}

static void describe(char *buf, size_t size, uint32_t imstr)
{
    static const char *const codes[8] = {
        [1] = ", bad table format",
        [4] = ", access permission",
        [5] = ", secure access",
    };
    const char *code = codes[FIELD_GET(IPMMU_IMSTR_ERRCODE, imstr)];

    snprintf(buf, size, "%s%s%s%s%s, IMSTR %#x",
             imstr & IPMMU_IMSTR_TF ? "TF" : "",
             imstr & IPMMU_IMSTR_PF ? "PF" : "",
             imstr & IPMMU_IMSTR_ABORT ? "ABORT" : "",
             imstr & IPMMU_IMSTR_MHIT ? "MHIT" : "", code ? code : "", imstr);
}

void ipmmu_poll(struct ipmmu_root *root, struct ipmmu_context *c)
{
    struct iommu_fault fault = {.unit = &root->unit};
    char detail[64];
    struct status s;

    if ( !take_status(root, c, &s) )
        return;

    fault.id = c->index;
    fault.id_name = "context";
    if ( c->index == IPMMU_QUARANTINE )
        fault.reason = IOMMU_FAULT_BAD_STREAM;
    else
    {
        fault.reason = reason_of(s.imstr);
        if ( c->nr_devices )
            fault.dev = only_device(root, c);
        if ( c->nr_devices && !fault.dev )
            fault.dom = c->dom;
    }
    /* Which of several micro-TLBs it came through is not known, either. */
    if ( fault.dev && fault.dev->nr_ids == 1 )
    {
        fault.id = fault.dev->ids[0];
        fault.id_name = "utlb";
    }

    fault.has_iova = true;
    fault.iova = s.iova;
    /* The status does not tell, but only writes lack permission. */
    fault.no_direction = !(s.imstr & IPMMU_IMSTR_PF);
    fault.write = s.imstr & IPMMU_IMSTR_PF;
    describe(detail, sizeof(detail), s.imstr);
    fault.detail = detail;
    iommu_report_fault(&fault);
}

void ipmmu_poll_events(struct iommu_unit *unit)
{
    struct ipmmu_root *root = to_root(unit);

    for ( unsigned int i = IPMMU_QUARANTINE; i < root->layout->nr_ctx; i++ )
        ipmmu_poll(root, &root->ctx[i]);
    if ( root->irq )
        irq_unmute(root->irq);
}
