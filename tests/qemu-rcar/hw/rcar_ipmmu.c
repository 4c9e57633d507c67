/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas IPMMU-VMSA of R-Car Gen3.
 *
 * The root (IPMMU-MM) owns the contexts: table base, format, fault status and
 * the interrupt. Leaves hold the micro-TLBs of bus masters, and of each context
 * the enable bits. Both cache translations; an entry is gone when both were
 * flushed. A micro-TLB that is not enabled passes accesses on as they are.
 *
 * No manual is public. Where drivers do not tell what the hardware does, the
 * comment says "unknown" and the model takes the choice that lets a careless
 * driver fail.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "exec/address-spaces.h"
#include "rcar_ipmmu.h"
#include "rcar_clean.h"
#include "trace.h"

/* context bank, 0x40 bytes each */
enum {
    IMCTR = 0x00,
    IMTTBCR = 0x08,
    IMTTLBR0 = 0x10,
    IMTTUBR0 = 0x14,
    IMTTLBR1 = 0x18,
    IMTTUBR1 = 0x1c,
    IMSTR = 0x20,
    IMMAIR0 = 0x28,
    IMMAIR1 = 0x2c,
    IMELAR = 0x30,
    IMEUAR = 0x34,
    BANK_SIZE = 0x40,
};
#define CTR_MMUEN 0x1
#define CTR_FLUSH 0x2
#define CTR_INTEN 0x4
#define CTR_VA64  0x20000000

#define TTBCR_EAE 0x80000000
#define TTBCR_PMB 0x40000000

#define STR_TF       0x1
#define STR_PF       0x2
#define STR_ABORT    0x4
#define STR_CODE(n)  ((n) << 8)
#define STR_LEVEL(n) ((n) << 12)
enum {
    CODE_FORMAT = 1,
    CODE_ACCESS = 4,
    CODE_SECURE = 5
};

#define REG_IMSCTLR      0x500
#define REG_IMSAUXCTLR   0x504
#define SCTLR_USE_SECGRP 0x10000000
#define AUXCTLR_S2PTE    0x8

#define UCTR_MMUEN 0x1
#define UCTR_FLUSH 0x2

typedef struct TLBEntry {
    uint64_t desc;
    unsigned level;
    unsigned utlb; /* that brought it in */
} TLBEntry;

static RCarIPMMUState *root_of(RCarIPMMUState *s)
{
    return s->root ? s->root : s;
}

/* ---- cached translations, by context and 4 KiB page */

static guint tlb_hash(gconstpointer key)
{
    return g_int64_hash(key);
}

static gpointer tlb_key(unsigned ctx, uint64_t iova)
{
    uint64_t *key = g_new(uint64_t, 1);

    *key = (uint64_t)ctx << 56 | iova >> 12;
    return key;
}

static TLBEntry *tlb_find(RCarIPMMUState *s, unsigned ctx, uint64_t iova)
{
    uint64_t key = (uint64_t)ctx << 56 | iova >> 12;

    return g_hash_table_lookup(s->tlb, &key);
}

static void tlb_add(RCarIPMMUState *s, unsigned ctx, uint64_t iova,
                    const TLBEntry *e)
{
    g_hash_table_insert(s->tlb, tlb_key(ctx, iova), g_memdup2(e, sizeof(*e)));
}

typedef struct FlushArgs {
    unsigned ctx;
    bool spare_utlb0;
} FlushArgs;

static gboolean tlb_of_context(gpointer key, gpointer value, gpointer opaque)
{
    const FlushArgs *args = opaque;
    const TLBEntry *e = value;

    if ( *(uint64_t *)key >> 56 != args->ctx )
        return false;
    return !(args->spare_utlb0 && e->utlb == 0);
}

static void tlb_flush(RCarIPMMUState *s, unsigned ctx)
{
    FlushArgs args = {ctx, s->root && s->utlb0_erratum};

    trace_rcar_ipmmu_flush(s->name, ctx);
    g_hash_table_foreach_remove(s->tlb, tlb_of_context, &args);
}

/* ---- faults */

static void update_irq(RCarIPMMUState *root)
{
    bool level = false;

    for ( unsigned i = 0; i < RCAR_IPMMU_CONTEXTS; i++ )
        level |= root->ctx[i].imctr & CTR_INTEN && root->ctx[i].imstr;
    qemu_set_irq(root->irq, level);
}

static void fault(RCarIPMMUPort *port, unsigned ctx, uint64_t iova, bool write,
                  uint32_t imstr)
{
    RCarIPMMUState *root = root_of(port->leaf);
    RCarIPMMUContext *c = &root->ctx[ctx];

    trace_rcar_ipmmu_fault(port->leaf->name, port->utlb, ctx, iova, write,
                           imstr);
    if ( c->imstr )
        return; /* the first one is kept */
    c->imstr = imstr;
    c->imelar = iova;
    c->imeuar = iova >> 32;
    update_irq(root);
}

/* ---- walks: VMSAv8-64 stage 1, 4 KiB granule, from level 1 */

#define DESC_OA UINT64_C(0x000000fffffff000)

static bool read_desc(RCarIPMMUState *root, uint64_t pa, uint64_t *desc)
{
    if ( root->noncoherent )
        return rcar_clean_read(pa, desc);
    *desc = address_space_ldq_le(&address_space_memory, pa,
                                 MEMTXATTRS_UNSPECIFIED, NULL);
    return true;
}

static bool format_ok(const RCarIPMMUState *root, const RCarIPMMUContext *c)
{
    unsigned t0sz = c->live_ttbcr & 0x1f;

    return c->live_ttbcr & TTBCR_EAE && !(c->live_ttbcr & TTBCR_PMB) &&
           c->imctr & CTR_VA64 && (c->live_ttbcr >> 6 & 3) == 2 && t0sz >= 25 &&
           !(root->imsauxctlr & AUXCTLR_S2PTE);
}

/* 0, or what IMSTR shall say. */
static uint32_t walk(RCarIPMMUState *root, unsigned ctx, uint64_t iova,
                     TLBEntry *e)
{
    RCarIPMMUContext *c = &root->ctx[ctx];
    uint64_t table = c->live_ttbr;

    if ( !format_ok(root, c) )
        return STR_TF | STR_CODE(CODE_FORMAT) | STR_LEVEL(1);
    /* unknown: whether higher bits fault, or choose the other region */
    if ( iova >> (64 - (c->live_ttbcr & 0x1f)) )
        return STR_TF | STR_LEVEL(1);

    for ( unsigned level = 1;; level++ )
    {
        uint64_t at = table + (iova >> (39 - 9 * level) & 0x1ff) * 8, desc;
        bool leads_on;

        if ( !read_desc(root, at, &desc) )
            return STR_ABORT | STR_LEVEL(level);
        if ( !(desc & 1) || (level == 3 && !(desc & 2)) )
            return STR_TF | STR_LEVEL(level);
        leads_on = level < 3 && desc & 2;
        /* NSTable is not inherited: each table entry needs it. */
        if ( leads_on ? !(desc >> 63) : !(desc & 0x20) )
            return STR_PF | STR_CODE(CODE_SECURE) | STR_LEVEL(level);
        if ( leads_on )
        {
            table = desc & DESC_OA;
            continue;
        }
        if ( !(desc & 0x400) )
            return STR_TF | STR_LEVEL(level); /* unknown: which fault AF is */
        e->desc = desc;
        e->level = level;
        return 0;
    }
}

static IOMMUTLBEntry rcar_ipmmu_translate(IOMMUMemoryRegion *iommu, hwaddr iova,
                                          IOMMUAccessFlags flag, int idx)
{
    RCarIPMMUPort *port = container_of(iommu, RCarIPMMUPort, iommu);
    RCarIPMMUState *s = port->leaf, *root = root_of(s);
    uint32_t uctr = s->imuctr[port->utlb], imstr;
    unsigned ctx = uctr >> 4 & 0xf;
    bool write = flag & IOMMU_WO;
    TLBEntry e = {.utlb = port->utlb}, *cached;
    uint64_t size;
    IOMMUTLBEntry out = {
        .target_as = &address_space_memory,
        .iova = iova,
        .translated_addr = iova,
        .addr_mask = 0xfff,
        .perm = IOMMU_NONE,
    };

    if ( !s->powered )
        return out;
    if ( !(uctr & UCTR_MMUEN) )
    {
        trace_rcar_ipmmu_bypass(s->name, port->utlb, iova, write);
        out.perm = IOMMU_RW;
        out.iova &= ~UINT64_C(0xfff);
        out.translated_addr = out.iova;
        return out;
    }
    if ( (s->imsctlr | root->imsctlr) & SCTLR_USE_SECGRP )
    {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: USE_SECGRP is set\n", s->name);
        return out;
    }
    /* unknown: what a context that is not enabled does with an access */
    if ( ctx >= RCAR_IPMMU_CONTEXTS || !(root->ctx[ctx].imctr & CTR_MMUEN) ||
         !(s->ctx[ctx].imctr & CTR_MMUEN) )
    {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: micro-TLB %u: context %u is not enabled\n", s->name,
                      port->utlb, ctx);
        return out;
    }

    cached = tlb_find(s, ctx, iova);
    if ( !cached )
        cached = tlb_find(root, ctx, iova);
    if ( cached )
        e = *cached;
    else if ( (imstr = walk(root, ctx, iova, &e)) )
    {
        fault(port, ctx, iova, write, imstr);
        return out;
    }
    e.utlb = port->utlb;
    tlb_add(s, ctx, iova, &e);
    tlb_add(root, ctx, iova, &e);

    if ( write && e.desc & 0x80 )
    {
        fault(port, ctx, iova, write,
              STR_PF | STR_CODE(CODE_ACCESS) | STR_LEVEL(e.level));
        return out;
    }
    size = UINT64_C(1) << (39 - 9 * e.level);
    out.iova = iova & ~UINT64_C(0xfff);
    out.translated_addr =
        (e.desc & DESC_OA & ~(size - 1)) | (out.iova & (size - 1));
    out.perm = e.desc & 0x80 ? IOMMU_RO : IOMMU_RW;
    trace_rcar_ipmmu_translate(s->name, port->utlb, ctx, iova,
                               out.translated_addr | (iova & 0xfff), write);
    return out;
}

/* ---- registers */

static void flush_done(RCarIPMMUState *root, unsigned i)
{
    RCarIPMMUContext *c = &root->ctx[i];

    c->imctr &= ~CTR_FLUSH;
    c->live_ttbcr = c->imttbcr;
    c->live_ttbr = c->imttlbr[0] | (uint64_t)(c->imttubr[0] & 0xff) << 32;
    tlb_flush(root, i);
}

static void write_imctr(RCarIPMMUState *s, unsigned i, uint32_t value)
{
    RCarIPMMUContext *c = &s->ctx[i];

    if ( s->root )
    {
        c->imctr = value & (CTR_MMUEN | CTR_INTEN);
        if ( value & CTR_FLUSH )
            tlb_flush(s, i);
        return;
    }
    c->imctr = value;
    if ( value & CTR_FLUSH )
    {
        c->flush_reads = s->flush_delay;
        if ( !s->flush_delay )
            flush_done(s, i);
    }
    update_irq(s);
}

static uint32_t read_imctr(RCarIPMMUState *s, unsigned i)
{
    RCarIPMMUContext *c = &s->ctx[i];

    if ( !s->root && c->imctr & CTR_FLUSH && s->flush_delay != ~0U &&
         (!c->flush_reads || !--c->flush_reads) )
        flush_done(s, i);
    return c->imctr;
}

static uint32_t *bank_register(RCarIPMMUContext *c, hwaddr reg)
{
    switch ( reg )
    {
    case IMTTBCR:
        return &c->imttbcr;
    case IMTTLBR0:
        return &c->imttlbr[0];
    case IMTTUBR0:
        return &c->imttubr[0];
    case IMTTLBR1:
        return &c->imttlbr[1];
    case IMTTUBR1:
        return &c->imttubr[1];
    case IMSTR:
        return &c->imstr;
    case IMMAIR0:
        return &c->imair[0];
    case IMMAIR1:
        return &c->imair[1];
    case IMELAR:
        return &c->imelar;
    case IMEUAR:
        return &c->imeuar;
    default:
        return NULL;
    }
}

static void write_bank(RCarIPMMUState *s, unsigned i, hwaddr reg,
                       uint32_t value)
{
    RCarIPMMUContext *c = &s->ctx[i];
    uint32_t *r = bank_register(c, reg);

    if ( reg == IMCTR )
        write_imctr(s, i, value);
    else if ( s->root || !r || reg == IMELAR || reg == IMEUAR )
        return;
    else if ( reg == IMSTR )
    {
        c->imstr &= value; /* zeros clear */
        if ( !c->imstr )
            c->imelar = c->imeuar = 0;
        update_irq(s);
    }
    else
    {
        if ( reg == IMTTBCR && value & TTBCR_PMB && !s->stage2 )
        {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: this part has no stage 2\n",
                          s->name);
            value = 0;
        }
        *r = value;
    }
}

/* False: not a micro-TLB's register. */
static bool utlb_at(hwaddr offset, unsigned *n, hwaddr *reg)
{
    if ( offset >= 0x300 && offset < 0x500 )
        *n = (offset - 0x300) / 16;
    else if ( offset >= 0x600 && offset < 0x700 )
        *n = 32 + (offset - 0x600) / 16;
    else
        return false;
    *reg = offset & 0xf;
    return true;
}

static MemTxResult rcar_ipmmu_read(void *opaque, hwaddr offset, uint64_t *value,
                                   unsigned size, MemTxAttrs attrs)
{
    RCarIPMMUState *s = opaque;
    unsigned n;
    hwaddr reg;

    *value = 0;
    if ( !s->powered )
        return MEMTX_ERROR;
    if ( offset < RCAR_IPMMU_CONTEXTS * BANK_SIZE )
    {
        unsigned i = offset / BANK_SIZE;
        uint32_t *r = bank_register(&s->ctx[i], offset % BANK_SIZE);

        if ( offset % BANK_SIZE == IMCTR )
            *value = read_imctr(s, i);
        else if ( r && !s->root )
            *value = *r;
    }
    else if ( utlb_at(offset, &n, &reg) )
        *value = reg == 0 ? s->imuctr[n] : 0;
    else if ( offset == REG_IMSCTLR )
        *value = s->imsctlr;
    else if ( offset == REG_IMSAUXCTLR )
        *value = s->imsauxctlr;
    return MEMTX_OK;
}

static MemTxResult rcar_ipmmu_write(void *opaque, hwaddr offset, uint64_t value,
                                    unsigned size, MemTxAttrs attrs)
{
    RCarIPMMUState *s = opaque;
    unsigned n;
    hwaddr reg;

    if ( !s->powered )
        return MEMTX_ERROR;
    trace_rcar_ipmmu_write(s->name, offset, value);
    if ( offset < RCAR_IPMMU_CONTEXTS * BANK_SIZE )
        write_bank(s, offset / BANK_SIZE, offset % BANK_SIZE, value);
    else if ( utlb_at(offset, &n, &reg) )
    {
        if ( reg == 0 )
            s->imuctr[n] = value & ~UCTR_FLUSH;
    }
    else if ( offset == REG_IMSCTLR )
        s->imsctlr = value;
    else if ( offset == REG_IMSAUXCTLR )
        s->imsauxctlr = s->stage2 ? value : value & ~AUXCTLR_S2PTE;
    return MEMTX_OK;
}

static const MemoryRegionOps rcar_ipmmu_ops = {
    .read_with_attrs = rcar_ipmmu_read,
    .write_with_attrs = rcar_ipmmu_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

/* ---- ports and power */

AddressSpace *rcar_ipmmu_port(RCarIPMMUState *s, unsigned utlb)
{
    RCarIPMMUPort *port;
    g_autofree char *name = g_strdup_printf("%s.%u", s->name, utlb);

    g_assert(utlb < RCAR_IPMMU_UTLBS);
    if ( s->port[utlb] )
        return &s->port[utlb]->as;
    port = g_new0(RCarIPMMUPort, 1);
    port->leaf = s;
    port->utlb = utlb;
    memory_region_init_iommu(&port->iommu, sizeof(port->iommu),
                             TYPE_RCAR_IPMMU "-region", OBJECT(s), name,
                             UINT64_MAX);
    address_space_init(&port->as, MEMORY_REGION(&port->iommu), name);
    s->port[utlb] = port;
    return &port->as;
}

static void forget(RCarIPMMUState *s)
{
    memset(s->ctx, 0, sizeof(s->ctx));
    memset(s->imuctr, 0, sizeof(s->imuctr));
    s->imsctlr = s->sctlr_reset;
    s->imsauxctlr = 0;
    g_hash_table_remove_all(s->tlb);
}

void rcar_ipmmu_power(RCarIPMMUState *s, bool on)
{
    if ( s->powered && !on )
        forget(s);
    s->powered = on;
}

static void rcar_ipmmu_reset(DeviceState *dev)
{
    RCarIPMMUState *s = RCAR_IPMMU(dev);

    forget(s);
    if ( !s->root )
        update_irq(s);
}

static void rcar_ipmmu_init(Object *obj)
{
    RCarIPMMUState *s = RCAR_IPMMU(obj);

    s->powered = true;
    s->tlb = g_hash_table_new_full(tlb_hash, g_int64_equal, g_free, g_free);
}

static void rcar_ipmmu_realize(DeviceState *dev, Error **errp)
{
    RCarIPMMUState *s = RCAR_IPMMU(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &rcar_ipmmu_ops, s,
                          s->name ? s->name : TYPE_RCAR_IPMMU, 0x1000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
}

static Property rcar_ipmmu_properties[] = {
    DEFINE_PROP_STRING("name", RCarIPMMUState, name),
    DEFINE_PROP_LINK("root", RCarIPMMUState, root, TYPE_RCAR_IPMMU,
                     RCarIPMMUState *),
    DEFINE_PROP_BOOL("stage2", RCarIPMMUState, stage2, false),
    DEFINE_PROP_BOOL("noncoherent", RCarIPMMUState, noncoherent, false),
    DEFINE_PROP_BOOL("utlb0-erratum", RCarIPMMUState, utlb0_erratum, false),
    DEFINE_PROP_UINT32("flush-delay", RCarIPMMUState, flush_delay, 3),
    /* unknown at reset: set, so that nobody relies on it being clear */
    DEFINE_PROP_UINT32("imsctlr", RCarIPMMUState, sctlr_reset, 0x10000000),
    DEFINE_PROP_END_OF_LIST(),
};

static void rcar_ipmmu_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = rcar_ipmmu_realize;
    dc->reset = rcar_ipmmu_reset;
    device_class_set_props(dc, rcar_ipmmu_properties);
}

static void rcar_ipmmu_region_class_init(ObjectClass *klass, void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(klass);

    imrc->translate = rcar_ipmmu_translate;
}

static const TypeInfo rcar_ipmmu_types[] = {
    {
        .name = TYPE_RCAR_IPMMU,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RCarIPMMUState),
        .instance_init = rcar_ipmmu_init,
        .class_init = rcar_ipmmu_class_init,
    },
    {
        .name = TYPE_RCAR_IPMMU "-region",
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = rcar_ipmmu_region_class_init,
    },
};

DEFINE_TYPES(rcar_ipmmu_types)
