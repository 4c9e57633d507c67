/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SMMUv3 in stage-1 mode: probe, take-over from firmware, the stream
 * table, contexts of domains, and the ops table.
 *
 *   StreamID -> L1 descriptor -> STE -> CD (ASID) -> the domain's own table
 *               (2-level only)   abort until attached
 *
 * From the moment the unit is enabled every stream aborts that no domain was
 * given. All state is in memory; smmu->lock guards streams and ASIDs, the
 * device lock which stream is whose. Queues, entries, events: smmuv3-*.c.
 *
 * Spec: IHI 0070 issue F.a, 3.3 "Data structures and translation procedure",
 * 3.11 "Reset, Enable and initialization".
 */
#include "smmuv3.h"

#include <proxenos.h>

#include <xen/barrier.h>
#include <xen/cache.h>
#include <xen/device.h>
#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/softirq.h>
#include <xen/time.h>

/* Larger numbers than these buy nothing: 16 Mi streams (2-level), 64 Ki
 * (linear, 4 MiB), 256 commands, 1024 events. */
#define MAX_SID_BITS        24U
#define MAX_SID_BITS_LINEAR 16U
#define MAX_CMDQ_LOG2       8U
#define MAX_EVTQ_LOG2       10U

/* All a 4 KiB granule translates, and all a 64-bit device needs. */
#define SMMU_IA_BITS 48U

/* Without range commands: beyond so many, drop the whole ASID instead. */
#define MAX_TLBI_OPS 64U

void smmu_publish(const struct smmuv3_device *smmu, const void *p, size_t size)
{
    if ( !smmu->feat.coherent )
        cache_clean(p, size);

    /* Pairs with the unit's fetch, after its doorbell or at any time. */
    dsb_sy();
}

/* ---- streams ---- */

static int add_l2(struct smmuv3_device *smmu, uint32_t sid)
{
    unsigned int index = sid >> SMMU_SPLIT;
    size_t size = (sizeof(uint64_t) * STE_WORDS) << SMMU_SPLIT;
    struct smmuv3_streams s = {
        .ste = alloc_xen_pages(order_from_bytes(size)),
        .dev = xzalloc_array(struct device *, 1U << SMMU_SPLIT),
    };

    if ( !s.ste || !s.dev )
    {
        if ( s.ste )
            free_xen_pages(s.ste, order_from_bytes(size));
        xfree(s.dev);
        return -ENOMEM;
    }

    /* Invalid entries abort; in memory before the unit can follow. */
    smmu_publish(smmu, s.ste, size);
    smmu->streams[index] = s;
    WRITE_ONCE(smmu->strtab_l1[index],
               FIELD_PREP(L1STD_SPAN, SMMU_SPLIT + 1) |
                   (maddr_x(virt_to_maddr(s.ste)) & L1STD_L2PTR));
    smmu_publish(smmu, &smmu->strtab_l1[index], sizeof(uint64_t));

    /* That there was no table may be cached. */
    return smmu_cmdq_do(smmu, smmu_cmd_cfgi_ste(sid, false));
}

/* The entry of a stream, with its L2 table. NULL: none, or no memory. */
static uint64_t *find_ste(struct smmuv3_device *smmu, uint32_t sid,
                          struct device ***dev)
{
    struct smmuv3_streams *s = smmu->streams;

    if ( sid >> smmu->feat.sid_bits )
        return NULL;

    if ( smmu->strtab_l1 )
    {
        s += sid >> SMMU_SPLIT;
        /* Linked, but not confirmed: writing the entry will ask again. */
        if ( !s->ste && add_l2(smmu, sid) && !s->ste )
            return NULL;
        sid &= BIT32(SMMU_SPLIT) - 1;
    }

    if ( dev )
        *dev = &s->dev[sid];
    return &s->ste[sid * STE_WORDS];
}

static int write_stream(struct smmuv3_device *smmu, uint32_t sid,
                        struct smmu_ste target)
{
    uint64_t *ste;
    int rc = -ENOMEM;

    spin_lock(&smmu->lock);
    ste = find_ste(smmu, sid, NULL);
    if ( ste )
        rc = smmu_ste_write(smmu, sid, ste, &target);
    spin_unlock(&smmu->lock);
    return rc;
}

static int write_streams(struct smmuv3_device *smmu, const struct device *dev,
                         struct smmu_ste target)
{
    int rc = 0;

    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        int one = write_stream(smmu, dev->ids[i], target);

        rc = rc ? rc : one;
    }
    return rc;
}

/* ---- contexts ---- */

static int alloc_asid(struct smmuv3_device *smmu, uint16_t *asid)
{
    int rc = -ENOSPC;

    spin_lock(&smmu->lock);
    for ( unsigned int i = 0; i < BIT32(smmu->feat.asid_bits) / 64; i++ )
    {
        unsigned int bit = ffs64(~smmu->asid_map[i]);

        if ( !bit )
            continue;
        smmu->asid_map[i] |= BIT64(bit - 1);
        *asid = (uint16_t)(i * 64 + bit - 1);
        rc = 0;
        break;
    }
    spin_unlock(&smmu->lock);
    return rc;
}

static void free_asid(struct smmuv3_device *smmu, uint16_t asid)
{
    spin_lock(&smmu->lock);
    smmu->asid_map[asid / 64] &= ~BIT64(asid % 64);
    spin_unlock(&smmu->lock);
}

static struct smmuv3_context *find_context(struct smmuv3_device *smmu,
                                           struct iommu_dom *dom)
{
    struct iommu_context *ctx;

    list_for_each_entry (ctx, &dom->contexts, list)
    {
        if ( ctx->unit == &smmu->unit )
            return container_of(ctx, struct smmuv3_context, ctx);
    }
    return NULL;
}

static int make_context(struct smmuv3_device *smmu, struct iommu_dom *dom,
                        struct smmuv3_context **out)
{
    struct smmuv3_context *c = xzalloc(struct smmuv3_context);
    struct smmu_cd cd;
    int rc;

    if ( !c )
        return -ENOMEM;

    rc = -ENOMEM;
    c->cd = xzalloc_bytes(sizeof(cd), sizeof(cd));
    if ( !c->cd )
        goto fail;

    rc = alloc_asid(smmu, &c->asid);
    if ( rc )
    {
        printk(XENLOG_ERR "%s: all %u ASIDs are in use\n", smmu->unit.name,
               BIT32(smmu->feat.asid_bits) - 1);
        goto fail;
    }

    cd = smmu_cd_make(&smmu->feat, pgt_root(&dom->pgt), dom->pgt.ia_bits,
                      c->asid);
    memcpy(c->cd, cd.word, sizeof(cd));
    smmu_publish(smmu, c->cd, sizeof(cd));

    c->dom = dom;
    c->ctx.unit = &smmu->unit;
    list_add_tail(&c->ctx.list, &dom->contexts);
    *out = c;
    return 0;

fail:
    xfree(c->cd);
    xfree(c);
    return rc;
}

/* Give CD and ASID back, once nothing of them is cached; else keep them. */
static int drop_context(struct smmuv3_device *smmu, struct smmuv3_context *c)
{
    int rc;

    if ( c->nr_devices )
        return 0;

    rc = smmu_cmdq_do(smmu, smmu_cmd_tlbi_asid(c->asid));
    if ( rc )
        return rc;

    list_del(&c->ctx.list);
    free_asid(smmu, c->asid);
    xfree(c->cd);
    xfree(c);
    return 0;
}

/* ---- the ops ---- */

static int smmuv3_dt_xlate(struct iommu_unit *unit, struct device *dev,
                           const uint32_t *args, unsigned int nr_args)
{
    struct smmuv3_device *smmu = to_smmu(unit);

    if ( nr_args != 1 )
    {
        printk(XENLOG_ERR "%s: %s: %u cells where one StreamID is due\n",
               unit->name, dev->name, nr_args);
        return -EINVAL;
    }
    if ( args[0] >> smmu->feat.sid_bits )
    {
        printk(XENLOG_ERR "%s: %s: StreamID %#x has more than %u bits\n",
               unit->name, dev->name, args[0], smmu->feat.sid_bits);
        return -ERANGE;
    }

    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        if ( dev->ids[i] == args[0] )
            return 0;
    }
    if ( dev->nr_ids == DEVICE_MAX_IDS )
    {
        printk(XENLOG_ERR "%s: %s: more than %u StreamIDs\n", unit->name,
               dev->name, DEVICE_MAX_IDS);
        return -ENOSPC;
    }

    dev->ids[dev->nr_ids++] = args[0];
    return 0;
}

static int smmuv3_add_device(struct iommu_unit *unit, struct device *dev)
{
    struct smmuv3_device *smmu = to_smmu(unit);

    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
    {
        struct device **slot;
        uint64_t *ste;

        spin_lock(&smmu->lock);
        ste = find_ste(smmu, dev->ids[i], &slot);
        spin_unlock(&smmu->lock);
        if ( !ste )
            return -ENOMEM;
        if ( !*slot )
            *slot = dev;
    }
    return 0;
}

static int smmuv3_attach(struct iommu_unit *unit, struct device *dev,
                         struct iommu_dom *dom)
{
    struct smmuv3_device *smmu = to_smmu(unit);
    struct smmuv3_context *c = find_context(smmu, dom);
    int rc;

    if ( !c )
    {
        rc = make_context(smmu, dom, &c);
        if ( rc )
            return rc;
    }

    rc = write_streams(smmu, dev,
                       smmu_ste_make_s1(&smmu->feat, virt_to_maddr(c->cd)));
    if ( !rc )
    {
        c->nr_devices++;
        dev->unit_priv = c;
        return 0;
    }

    /* The context may only go when no entry refers to it any more. */
    if ( !write_streams(smmu, dev, smmu_ste_make_invalid()) )
        rc = drop_context(smmu, c) ? -ETIMEDOUT : rc;
    return rc;
}

static int smmuv3_detach(struct iommu_unit *unit, struct device *dev,
                         struct iommu_dom *dom)
{
    struct smmuv3_device *smmu = to_smmu(unit);
    struct smmuv3_context *c = dev->unit_priv;
    int rc = write_streams(smmu, dev, smmu_ste_make_invalid());

    ASSERT(c->dom == dom);
    c->nr_devices--;
    dev->unit_priv = NULL;
    if ( !rc )
        rc = drop_context(smmu, c);

    return rc ? -ETIMEDOUT : 0;
}

static void smmuv3_cut_off(struct iommu_unit *unit, uint32_t id)
{
    if ( write_stream(to_smmu(unit), id, smmu_ste_make_abort()) )
        printk_ratelimited(XENLOG_ERR "%s: sid %#x: cannot be cut off\n",
                           unit->name, id);
}

/* Ranges of up to 31 * 2^n pages; a range of one page says so by VA. */
static void add_ranges(struct smmuv3_device *smmu, uint16_t asid,
                       const struct pgt_gather *g)
{
    uint64_t iova = g->start, nr = (g->end - g->start) >> PAGE_SHIFT;
    bool leaf = !g->tables;

    while ( nr )
    {
        unsigned int scale = (unsigned int)__builtin_ctzll(nr);
        unsigned int num = (unsigned int)(nr >> scale) & 31;
        uint64_t pages = (uint64_t)num << scale;

        smmu_cmdq_add(
            smmu, pages == 1 ? smmu_cmd_tlbi_va(asid, iova, leaf)
                             : smmu_cmd_tlbi_range(asid, iova, num, scale,
                                                   pgt_gather_level(g), leaf));
        smmu->unit.nr_invalidations++;
        iova += pages << PAGE_SHIFT;
        nr -= pages;
    }
}

/* Leaf by leaf, or all of the ASID when those are many or tables went. */
static void add_leaves(struct smmuv3_device *smmu, uint16_t asid,
                       const struct pgt_gather *g)
{
    unsigned int level = pgt_gather_level(g);
    uint64_t step = level < PGT_LEVELS ? pgt_level_size(level) : PAGE_SIZE;

    if ( g->tables || (g->end - g->start) / step > MAX_TLBI_OPS )
    {
        smmu_cmdq_add(smmu, smmu_cmd_tlbi_asid(asid));
        smmu->unit.nr_invalidations++;
        return;
    }
    for ( uint64_t iova = g->start; iova < g->end; iova += step )
    {
        smmu_cmdq_add(smmu, smmu_cmd_tlbi_va(asid, iova, true));
        smmu->unit.nr_invalidations++;
    }
}

static int smmuv3_iotlb_sync(struct iommu_context *ctx,
                             const struct pgt_gather *g)
{
    struct smmuv3_device *smmu = to_smmu(ctx->unit);
    uint16_t asid = container_of(ctx, struct smmuv3_context, ctx)->asid;

    smmu_cmdq_begin(smmu);
    if ( smmu->feat.ril && g->start < g->end &&
         !((g->end - g->start) >> (PAGE_SHIFT + 31)) )
        add_ranges(smmu, asid, g);
    else
        add_leaves(smmu, asid, g);
    return smmu_cmdq_end(smmu);
}

static void smmuv3_poll_events(struct iommu_unit *unit)
{
    smmu_gerror_handle(to_smmu(unit));
    smmu_evtq_drain(to_smmu(unit));
}

/* Both without ASID 0, which no context has. */
static unsigned int max_contexts(const struct smmuv3_device *smmu)
{
    return BIT32(smmu->feat.asid_bits) - 1;
}

static unsigned int nr_contexts(const struct smmuv3_device *smmu)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < BIT32(smmu->feat.asid_bits) / 64; i++ )
        nr += popcount64(READ_ONCE(smmu->asid_map[i]));
    return nr - 1;
}

static void smmuv3_info(struct iommu_unit *unit, struct px_unit_info *info)
{
    const struct smmuv3_device *smmu = to_smmu(unit);

    info->kind = PX_UNIT_SMMUV3;
    info->stages = smmu->feat.stage2 ? 3 : 1;
    info->contexts = max_contexts(smmu);
    info->contexts_used = nr_contexts(smmu);
}

static void smmuv3_dump(struct iommu_unit *unit)
{
    const struct smmuv3_device *smmu = to_smmu(unit);
    const struct smmuv3_features *f = &smmu->feat;

    printk("%s: %s stream table, %u StreamID bits, output %u bits%s%s%s\n",
           unit->name, f->two_level ? "2-level" : "linear", f->sid_bits,
           f->oa_bits, f->coherent ? ", coherent" : "", f->ril ? ", RIL" : "",
           f->bbml2 ? ", BBML2" : "");
    printk("  ASIDs %u of %u, CR0 %#x, GERROR %#x/%#x\n", nr_contexts(smmu),
           max_contexts(smmu), smmu_read32(smmu, SMMU_CR0ACK),
           smmu_read32(smmu, SMMU_GERROR), smmu_read32(smmu, SMMU_GERRORN));
    printk("  commands: prod %#x cons %#x, %lu errors, %lu timeouts; events: "
           "cons %#x, %lu overflows\n",
           smmu->cmdq.prod, smmu_read32(smmu, SMMU_CMDQ_CONS),
           (unsigned long)smmu->cmdq.nr_errors,
           (unsigned long)smmu->cmdq.nr_timeouts, smmu->evtq.cons,
           (unsigned long)smmu->evtq.nr_overflows);
}

static const struct iommu_ops smmuv3_ops = {
    .name = "smmuv3",
    .dt_xlate = smmuv3_dt_xlate,
    .add_device = smmuv3_add_device,
    .attach = smmuv3_attach,
    .detach = smmuv3_detach,
    .cut_off = smmuv3_cut_off,
    .iotlb_sync = smmuv3_iotlb_sync,
    .poll_events = smmuv3_poll_events,
    .dump = smmuv3_dump,
    .info = smmuv3_info,
};

/* ---- probe ---- */

/* Write a control register and wait for its acknowledgement. */
static int write_ack(struct smmuv3_device *smmu, struct smmu_reg32 reg,
                     struct smmu_reg32 ack, uint32_t value)
{
    if ( smmu_read32(smmu, reg) == value && smmu_read32(smmu, ack) == value )
        return 0;

    smmu_write32(smmu, reg, value);
    if ( !poll_until(smmu_read32(smmu, ack) == value, SMMU_SYNC_TIMEOUT_US) )
        return 0;

    printk(XENLOG_ERR "%s: register %#x does not become %#x\n", smmu->unit.name,
           reg.offset, value);
    return -ETIMEDOUT;
}

static bool gbpa_ready(const struct smmuv3_device *smmu)
{
    return !(smmu_read32(smmu, SMMU_GBPA) & SMMU_GBPA_UPDATE);
}

/*
 * Stop the unit so that it aborts everything. GBPA says what happens while
 * SMMUEN is 0, so it comes first; whatever firmware left running ends here.
 */
static int take_over(struct smmuv3_device *smmu)
{
    if ( poll_until(gbpa_ready(smmu), SMMU_SYNC_TIMEOUT_US) )
        return -ETIMEDOUT;
    smmu_write32(smmu, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    if ( poll_until(gbpa_ready(smmu), SMMU_SYNC_TIMEOUT_US) )
        return -ETIMEDOUT;

    /* QEMU before 8.1 has no GBPA; there Bus Master Enable is all there is. */
    if ( !(smmu_read32(smmu, SMMU_GBPA) & SMMU_GBPA_ABORT) )
        printk(XENLOG_WARN "%s: cannot abort while it is off (no GBPA)\n",
               smmu->unit.name);

    return write_ack(smmu, SMMU_CR0, SMMU_CR0ACK, 0);
}

static int refuse(const struct smmuv3_device *smmu, const char *why)
{
    printk(XENLOG_ERR "%s: refused, its devices stay aborted: %s\n",
           smmu->unit.name, why);
    return -ENODEV;
}

static int read_features(struct smmuv3_device *smmu)
{
    static const uint8_t oas_bits[] = {32, 36, 40, 42, 44, 48};
    struct smmuv3_features *f = &smmu->feat;
    uint32_t idr0 = smmu_read32(smmu, SMMU_IDR0);
    uint32_t idr1 = smmu_read32(smmu, SMMU_IDR1);
    uint32_t idr3 = smmu_read32(smmu, SMMU_IDR3);
    uint32_t idr5 = smmu_read32(smmu, SMMU_IDR5);
    unsigned int max_sid_bits;

    if ( !(idr0 & SMMU_IDR0_S1P) )
        return refuse(smmu, "no stage 1 (IDR0.S1P)");
    if ( !(FIELD_GET(SMMU_IDR0_TTF, idr0) & SMMU_IDR0_TTF_AARCH64) )
        return refuse(smmu, "no AArch64 tables (IDR0.TTF)");
    if ( FIELD_GET(SMMU_IDR0_TTENDIAN, idr0) == SMMU_IDR0_TTENDIAN_BE )
        return refuse(smmu, "big-endian tables only (IDR0.TTENDIAN)");
    if ( FIELD_GET(SMMU_IDR0_STALL_MODEL, idr0) ==
         SMMU_IDR0_STALL_MODEL_FORCED )
        return refuse(smmu, "every fault stalls (IDR0.STALL_MODEL)");
    if ( !(idr5 & SMMU_IDR5_GRAN4K) )
        return refuse(smmu, "no 4 KiB granule (IDR5.GRAN4K)");
    if ( idr1 & (SMMU_IDR1_TABLES_PRESET | SMMU_IDR1_QUEUES_PRESET) )
        return refuse(smmu, "fixed tables or queues (IDR1.*_PRESET)");

    f->stage2 = idr0 & SMMU_IDR0_S2P;
    f->coherent = idr0 & SMMU_IDR0_COHACC;
    f->hyp = idr0 & SMMU_IDR0_HYP;
    f->msi = idr0 & SMMU_IDR0_MSI;
    f->stall_choice =
        FIELD_GET(SMMU_IDR0_STALL_MODEL, idr0) == SMMU_IDR0_STALL_MODEL_CHOICE;
    f->asid_bits = idr0 & SMMU_IDR0_ASID16 ? 16 : 8;
    f->ril = idr3 & SMMU_IDR3_RIL;
    f->bbml2 = FIELD_GET(SMMU_IDR3_BBML, idr3) == 2;

    f->sid_bits = (unsigned int)FIELD_GET(SMMU_IDR1_SIDSIZE, idr1);
    f->two_level =
        FIELD_GET(SMMU_IDR0_ST_LEVEL, idr0) == 1 && f->sid_bits > SMMU_SPLIT;
    max_sid_bits = f->two_level ? MAX_SID_BITS : MAX_SID_BITS_LINEAR;
    f->sid_bits = min(f->sid_bits, max_sid_bits);
    f->cmdq_log2 =
        min((unsigned int)FIELD_GET(SMMU_IDR1_CMDQS, idr1), MAX_CMDQ_LOG2);
    f->evtq_log2 =
        min((unsigned int)FIELD_GET(SMMU_IDR1_EVENTQS, idr1), MAX_EVTQ_LOG2);
    if ( !f->cmdq_log2 )
        return refuse(smmu, "a command queue of one entry (IDR1.CMDQS)");

    /* IPS above 5 needs a larger granule. */
    f->ips = min((unsigned int)FIELD_GET(SMMU_IDR5_OAS, idr5), CD0_IPS_MAX);
    f->oa_bits = oas_bits[f->ips];
    return 0;
}

/* All entries invalid: they abort, and name the stream in an event. */
static int init_streams(struct smmuv3_device *smmu)
{
    struct smmuv3_features *f = &smmu->feat;
    unsigned int nr = 1, bits = f->sid_bits;
    size_t size = (sizeof(uint64_t) * STE_WORDS) << bits;

    if ( f->two_level )
    {
        nr = BIT32(bits - SMMU_SPLIT);
        size = sizeof(uint64_t) * nr;
    }

    smmu->strtab = alloc_xen_pages(order_from_bytes(size));
    smmu->streams = xzalloc_array(struct smmuv3_streams, nr);
    if ( !smmu->strtab || !smmu->streams )
        return -ENOMEM;

    if ( f->two_level )
        smmu->strtab_l1 = smmu->strtab;
    else
    {
        smmu->streams[0].ste = smmu->strtab;
        smmu->streams[0].dev = xzalloc_array(struct device *, 1U << bits);
        if ( !smmu->streams[0].dev )
            return -ENOMEM;
    }

    smmu_publish(smmu, smmu->strtab, size);
    return 0;
}

static int init_memory(struct smmuv3_device *smmu)
{
    int rc = init_streams(smmu);

    if ( rc )
        return rc;

    smmu->asid_map = xzalloc_array(uint64_t, BIT32(smmu->feat.asid_bits) / 64);
    if ( !smmu->asid_map )
        return -ENOMEM;
    smmu->asid_map[0] = 1; /* a command that says nothing hits nobody */

    rc = smmu_cmdq_init(smmu);
    return rc ? rc : smmu_evtq_init(smmu);
}

/* Everything that must be in place before CR0 enables anything. */
static void write_setup(struct smmuv3_device *smmu)
{
    const struct smmuv3_features *f = &smmu->feat;
    uint64_t cache = f->coherent ? SMMU_CACHE_WB : 0;
    uint64_t share = f->coherent ? SMMU_SH_INNER : SMMU_SH_OUTER;

    smmu_write32(smmu, SMMU_CR1,
                 (uint32_t)(FIELD_PREP(SMMU_CR1_QUEUE_IC, cache) |
                            FIELD_PREP(SMMU_CR1_QUEUE_OC, cache) |
                            FIELD_PREP(SMMU_CR1_QUEUE_SH, share) |
                            FIELD_PREP(SMMU_CR1_TABLE_IC, cache) |
                            FIELD_PREP(SMMU_CR1_TABLE_OC, cache) |
                            FIELD_PREP(SMMU_CR1_TABLE_SH, share)));
    smmu_write32(smmu, SMMU_CR2, SMMU_CR2_PTM | SMMU_CR2_RECINVSID);

    smmu_write64(smmu, SMMU_STRTAB_BASE,
                 SMMU_STRTAB_BASE_RA | (maddr_x(virt_to_maddr(smmu->strtab)) &
                                        SMMU_STRTAB_BASE_ADDR));
    smmu_write32(
        smmu, SMMU_STRTAB_BASE_CFG,
        (uint32_t)(FIELD_PREP(SMMU_STRTAB_BASE_CFG_LOG2, f->sid_bits) |
                   (f->two_level
                        ? FIELD_PREP(SMMU_STRTAB_BASE_CFG_FMT, 1) |
                              FIELD_PREP(SMMU_STRTAB_BASE_CFG_SPLIT, SMMU_SPLIT)
                        : 0)));

    smmu_write64(
        smmu, SMMU_CMDQ_BASE,
        SMMU_Q_BASE_RWA |
            (maddr_x(virt_to_maddr(smmu->cmdq.entry)) & SMMU_Q_BASE_ADDR) |
            f->cmdq_log2);
    smmu_write32(smmu, SMMU_CMDQ_PROD, 0);
    smmu_write32(smmu, SMMU_CMDQ_CONS, 0);

    smmu_write64(
        smmu, SMMU_EVENTQ_BASE,
        SMMU_Q_BASE_RWA |
            (maddr_x(virt_to_maddr(smmu->evtq.record)) & SMMU_Q_BASE_ADDR) |
            f->evtq_log2);
    smmu_write32(smmu, SMMU_EVENTQ_PROD, 0);
    smmu_write32(smmu, SMMU_EVENTQ_CONS, 0);

    /* Errors of firmware's time are not ours. */
    smmu_write32(smmu, SMMU_GERRORN, smmu_read32(smmu, SMMU_GERROR));
    if ( f->msi )
    {
        /* No address: the wires are used. */
        smmu_write64(smmu, SMMU_GERROR_IRQ_CFG0, 0);
        smmu_write64(smmu, SMMU_EVENTQ_IRQ_CFG0, 0);
    }
}

static void smmuv3_irq(unsigned int irq, void *data)
{
    (void)irq;
    (void)data;
    softirq_raise(SOFTIRQ_IOMMU);
}

/* "combined" alone, or one wire each. Without any, events wait for dumps. */
static void request_irqs(struct smmuv3_device *smmu)
{
    static const char *const names[] = {"combined", "eventq", "gerror",
                                        "cmdq-sync"};
    struct dt_node *np = smmu->unit.np;

    for ( unsigned int i = 0; i < ARRAY_SIZE(names); i++ )
    {
        int index = dt_irq_index(np, names[i]);
        enum irq_type type;
        unsigned int irq;

        if ( index < 0 )
            continue;
        if ( dt_get_irq(np, (unsigned int)index, &irq, &type) ||
             irq_request(irq, type, smmuv3_irq, smmu, smmu->unit.name) )
            printk(XENLOG_ERR "%s: no use of interrupt %s\n", smmu->unit.name,
                   names[i]);
    }
}

/* From "off, aborting" to "on, aborting". Order: 3.11. */
static int enable(struct smmuv3_device *smmu)
{
    uint32_t irqs = SMMU_IRQ_CTRL_GERROR_IRQEN | SMMU_IRQ_CTRL_EVENTQ_IRQEN;
    uint32_t cr0 = SMMU_CR0_CMDQEN;
    int rc = write_ack(smmu, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, 0);

    if ( !rc )
        rc = write_ack(smmu, SMMU_CR0, SMMU_CR0ACK, cr0);
    if ( rc )
        return rc;

    /* Whatever was cached in another life. */
    smmu_cmdq_begin(smmu);
    smmu_cmdq_add(smmu, smmu_cmd_cfgi_all());
    if ( smmu->feat.hyp )
        smmu_cmdq_add(smmu, smmu_cmd_tlbi_el2_all());
    smmu_cmdq_add(smmu, smmu_cmd_tlbi_nsnh_all());
    rc = smmu_cmdq_end(smmu);
    if ( rc )
        return rc;

    /* Interrupts before their causes: wires pulse. */
    rc = write_ack(smmu, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, irqs);
    cr0 |= SMMU_CR0_EVENTQEN;
    if ( !rc )
        rc = write_ack(smmu, SMMU_CR0, SMMU_CR0ACK, cr0);
    cr0 |= SMMU_CR0_SMMUEN;
    return rc ? rc : write_ack(smmu, SMMU_CR0, SMMU_CR0ACK, cr0);
}

static int start(struct smmuv3_device *smmu)
{
    const struct smmuv3_features *f = &smmu->feat;
    int rc = take_over(smmu);

    if ( rc )
        return refuse(smmu, "it does not answer");
    rc = read_features(smmu);
    if ( rc )
        return rc;
    rc = init_memory(smmu);
    if ( rc )
        return refuse(smmu, "no memory for its tables");

    smmu->unit.format =
        iommu_format_get(f->bbml2 ? &pgt_fmt_smmu_s1_bbml2 : &pgt_fmt_smmu_s1,
                         SMMU_IA_BITS, f->oa_bits, f->coherent);
    if ( !smmu->unit.format )
        return refuse(smmu, "too many kinds of IOMMU");

    write_setup(smmu);
    request_irqs(smmu);
    if ( enable(smmu) )
    {
        smmu_write32(smmu, SMMU_CR0, 0);
        return refuse(smmu, "it does not start");
    }
    return 0;
}

static int smmuv3_probe(struct dt_node *np, const void *data)
{
    struct smmuv3_device *smmu;
    uint64_t addr, size;
    int rc;

    (void)data;
    rc = dt_get_reg(np, 0, &addr, &size);
    if ( rc || size < SMMU_REGS_SIZE )
    {
        printk(XENLOG_ERR "%s: not two 64 KiB pages of registers\n",
               np->full_name);
        return rc ? rc : -EINVAL;
    }

    smmu = xzalloc(struct smmuv3_device);
    if ( !smmu )
        return -ENOMEM;
    snprintf(smmu->unit.name, sizeof(smmu->unit.name), "smmuv3 %lx",
             (unsigned long)addr);
    smmu->unit.ops = &smmuv3_ops;
    smmu->unit.np = np;
    spin_lock_init(&smmu->lock, LOCK_RANK_IOMMU_UNIT);

    smmu->base = ioremap(_maddr(addr), SMMU_REGS_SIZE);
    rc = smmu->base ? start(smmu) : -ENOMEM;
    if ( rc )
    {
        /* Neither its tables nor its window: it may have seen the former. */
        xfree(smmu);
        return rc;
    }

    np->used_by_xen = true;
    iommu_register_unit(&smmu->unit);
    printk("%s: stage 1, %s stream table of 2^%u, %u-bit ASIDs, output %u "
           "bits%s%s%s\n",
           smmu->unit.name, smmu->feat.two_level ? "2-level" : "linear",
           smmu->feat.sid_bits, smmu->feat.asid_bits, smmu->feat.oa_bits,
           smmu->feat.coherent ? ", coherent" : ", not coherent",
           smmu->feat.ril ? ", RIL" : "", smmu->feat.bbml2 ? ", BBML2" : "");
    return 0;
}

static const struct dt_match smmuv3_dt_match[] = {
    {.compatible = "arm,smmu-v3"},
    {.compatible = NULL},
};

DT_DRIVER(smmuv3, "Arm SMMUv3", DT_DRIVER_IOMMU, smmuv3_dt_match, smmuv3_probe);
