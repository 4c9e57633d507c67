/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event queue and global errors of an SMMUv3: records become faults for the
 * core, errors become lines. Whether a fault is printed, and what is done
 * about a storm of them, is the core's business.
 *
 * The unit writes records and moves PROD, we move CONS; device lock held.
 *
 * Spec: IHI 0070 issue F.a, 7.2 "Event queue recorded faults and events",
 * 7.3 "Event records", 7.4 "Event queue overflow", 7.5 "Global error
 * recording".
 */
#include "smmuv3.h"

#include <xen/barrier.h>
#include <xen/cache.h>
#include <xen/device.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/softirq.h>

struct event_kind {
    const char *name;
    enum iommu_fault_reason reason;
    bool has_iova;
};

static const struct event_kind event_kinds[] = {
    [0x01] = {"F_UUT", IOMMU_FAULT_OTHER, true},
    [0x02] = {"C_BAD_STREAMID", IOMMU_FAULT_BAD_STREAM, false},
    [0x03] = {"F_STE_FETCH", IOMMU_FAULT_BAD_CONFIG, false},
    [0x04] = {"C_BAD_STE", IOMMU_FAULT_BAD_STREAM, false},
    [0x05] = {"F_BAD_ATS_TREQ", IOMMU_FAULT_OTHER, true},
    [0x06] = {"F_STREAM_DISABLED", IOMMU_FAULT_BAD_STREAM, false},
    [0x07] = {"F_TRANSL_FORBIDDEN", IOMMU_FAULT_OTHER, true},
    [0x08] = {"C_BAD_SUBSTREAMID", IOMMU_FAULT_BAD_CONFIG, false},
    [0x09] = {"F_CD_FETCH", IOMMU_FAULT_BAD_CONFIG, false},
    [0x0a] = {"C_BAD_CD", IOMMU_FAULT_BAD_CONFIG, false},
    [0x0b] = {"F_WALK_EABT", IOMMU_FAULT_WALK_ABORT, true},
    [0x10] = {"F_TRANSLATION", IOMMU_FAULT_TRANSLATION, true},
    [0x11] = {"F_ADDR_SIZE", IOMMU_FAULT_ADDR_SIZE, true},
    [0x12] = {"F_ACCESS", IOMMU_FAULT_ACCESS_FLAG, true},
    [0x13] = {"F_PERMISSION", IOMMU_FAULT_PERMISSION, true},
    [0x20] = {"F_TLB_CONFLICT", IOMMU_FAULT_OTHER, true},
    [0x21] = {"F_CFG_CONFLICT", IOMMU_FAULT_BAD_CONFIG, false},
    [0x24] = {"E_PAGE_REQUEST", IOMMU_FAULT_OTHER, false},
    [0x25] = {"F_VMS_FETCH", IOMMU_FAULT_BAD_CONFIG, false},
};

static struct device *device_of(const struct smmuv3_device *smmu, uint32_t sid)
{
    const struct smmuv3_streams *s = smmu->streams;

    if ( sid >> smmu->feat.sid_bits )
        return NULL;

    if ( smmu->strtab_l1 )
    {
        s += sid >> SMMU_SPLIT;
        sid &= BIT32(SMMU_SPLIT) - 1;
    }
    return s->dev ? s->dev[sid] : NULL;
}

static void report(struct smmuv3_device *smmu, const uint64_t *record)
{
    static const struct event_kind unknown = {"unknown event",
                                              IOMMU_FAULT_OTHER, false};
    uint64_t type = FIELD_GET(EVT0_TYPE, record[0]);
    const struct event_kind *kind = &unknown;
    struct iommu_fault fault = {.unit = &smmu->unit};

    if ( type < ARRAY_SIZE(event_kinds) && event_kinds[type].name )
        kind = &event_kinds[type];

    fault.id = (uint32_t)FIELD_GET(EVT0_SID, record[0]);
    fault.dev = device_of(smmu, fault.id);
    fault.reason = kind->reason;
    fault.detail = kind->name;
    fault.has_iova = kind->has_iova;
    if ( kind->has_iova )
    {
        fault.iova = record[2];
        fault.write = !(record[1] & EVT1_RNW);
    }
    iommu_report_fault(&fault);
}

void smmu_evtq_drain(struct smmuv3_device *smmu)
{
    struct smmuv3_evtq *q = &smmu->evtq;
    uint32_t mask = GENMASK32(q->log2, 0);
    uint32_t prod = smmu_read32(smmu, SMMU_EVENTQ_PROD);
    bool overflowed =
        (prod ^ smmu_read32(smmu, SMMU_EVENTQ_CONS)) & SMMU_Q_OVERFLOW;

    if ( q->cons == (prod & mask) && !overflowed )
        return;

    /* Records are read after the PROD that covers them. */
    dma_rmb();
    while ( q->cons != (prod & mask) )
    {
        uint64_t record[EVT_WORDS];
        const uint64_t *from = &q->record[(q->cons & (mask >> 1)) * EVT_WORDS];

        if ( !smmu->feat.coherent )
            cache_clean_invalidate(from, sizeof(record));
        for ( unsigned int i = 0; i < EVT_WORDS; i++ )
            record[i] = READ_ONCE(from[i]);

        report(smmu, record);
        q->cons = (q->cons + 1) & mask;
    }

    if ( overflowed )
    {
        q->nr_overflows++;
        printk_ratelimited(XENLOG_WARN
                           "%s: event queue overflow, events lost\n",
                           smmu->unit.name);
    }

    /* Records have been read before the unit may write over them. */
    smp_mb();
    smmu_write32(smmu, SMMU_EVENTQ_CONS, q->cons | (prod & SMMU_Q_OVERFLOW));

    /* The interrupt comes when an empty queue fills: look once more. */
    if ( (smmu_read32(smmu, SMMU_EVENTQ_PROD) & mask) != q->cons )
        softirq_raise(SOFTIRQ_IOMMU);
}

void smmu_gerror_handle(struct smmuv3_device *smmu)
{
    static const struct {
        uint32_t bit;
        const char *text;
    } errors[] = {
        {SMMU_GERROR_EVENTQ_ABT_ERR, "event queue write failed, events lost"},
        {SMMU_GERROR_PRIQ_ABT_ERR, "page request queue write aborted"},
        {SMMU_GERROR_MSI_CMDQ_ABT, "MSI of the command queue aborted"},
        {SMMU_GERROR_MSI_EVENTQ_ABT, "MSI of the event queue aborted"},
        {SMMU_GERROR_MSI_PRIQ_ABT, "MSI of the page request queue aborted"},
        {SMMU_GERROR_MSI_GERROR_ABT, "MSI of global errors aborted"},
        {SMMU_GERROR_SFM_ERR,
         "service failure mode: the unit aborts everything from now on"},
    };
    uint32_t gerror, gerrorn, active;

    /* cmdq.lock: also the queue's recovery answers in GERRORN. */
    spin_lock(&smmu->cmdq.lock);
    smmu_cmdq_recover(smmu);
    gerror = smmu_read32(smmu, SMMU_GERROR);
    gerrorn = smmu_read32(smmu, SMMU_GERRORN);
    active = (gerror ^ gerrorn) & SMMU_GERROR_ALL & ~SMMU_GERROR_CMDQ_ERR;
    if ( active )
        smmu_write32(smmu, SMMU_GERRORN, gerrorn ^ active);
    spin_unlock(&smmu->cmdq.lock);

    for ( unsigned int i = 0; i < ARRAY_SIZE(errors); i++ )
    {
        if ( active & errors[i].bit )
            printk_ratelimited(XENLOG_ERR "%s: %s\n", smmu->unit.name,
                               errors[i].text);
    }
    if ( active & SMMU_GERROR_EVENTQ_ABT_ERR )
        smmu->evtq.nr_overflows++;
}

int smmu_evtq_init(struct smmuv3_device *smmu)
{
    struct smmuv3_evtq *q = &smmu->evtq;
    size_t size = (sizeof(uint64_t) * EVT_WORDS) << smmu->feat.evtq_log2;

    q->record = alloc_xen_pages(order_from_bytes(size));
    if ( !q->record )
        return -ENOMEM;

    /* No dirty line of ours may be written back over a record. */
    smmu_publish(smmu, q->record, size);
    q->log2 = smmu->feat.evtq_log2;
    return 0;
}
