/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of IPMMU roots and leaves. What they should hold is kept in
 * memory; writing all of it again is how a unit is started and resumed.
 *
 * Order, where others depend on it: contexts of the root, then the same
 * contexts of a leaf, then its micro-TLBs; a flush the other way round, leaf
 * before root, since the root says when it has ended. Context registers take
 * effect with a flush. The unit lock is held everywhere here.
 */
#include "ipmmu.h"

#include <xen/barrier.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/time.h>

static uint32_t ctx_offset(const struct ipmmu_layout *l, unsigned int ctx,
                           struct ipmmu_ctx_reg reg)
{
    return l->ctx_base + ctx * l->ctx_stride + (ctx > 7 ? l->ctx_gap : 0) +
           reg.offset;
}

uint32_t ipmmu_root_read(const struct ipmmu_root *root, unsigned int ctx,
                         struct ipmmu_ctx_reg reg)
{
    return read32((char *)root->base + ctx_offset(root->layout, ctx, reg));
}

void ipmmu_root_write(struct ipmmu_root *root, unsigned int ctx,
                      struct ipmmu_ctx_reg reg, uint32_t value)
{
    write32((char *)root->base + ctx_offset(root->layout, ctx, reg), value);
}

uint32_t ipmmu_unit_read(const struct ipmmu_root *root,
                         struct ipmmu_unit_reg reg)
{
    return read32((char *)root->base + root->layout->ctrl_base + reg.offset);
}

/* Firmware has set bits in these registers that must stay. */
static void set_bits(const struct ipmmu_layout *l, void *base,
                     struct ipmmu_unit_reg reg, uint32_t clear, uint32_t set)
{
    char *addr = (char *)base + l->ctrl_base + reg.offset;
    uint32_t old = read32(addr);

    if ( ((old & ~clear) | set) != old )
        write32(addr, (old & ~clear) | set);
}

/* ---- leaves ---- */

bool ipmmu_leaf_on(struct ipmmu_leaf *leaf)
{
    if ( !leaf->power.sysc )
        return leaf->live;

    if ( !rcar_power_is_on(&leaf->power) )
        leaf->live = false;
    else if ( !leaf->live )
        ipmmu_write_leaf(leaf);
    return leaf->live;
}

static char *leaf_imctr(const struct ipmmu_leaf *leaf, unsigned int ctx)
{
    return (char *)leaf->base +
           ctx_offset(leaf->root->layout, ctx, IPMMU_IMCTR);
}

static void write_utlb(struct ipmmu_leaf *leaf, unsigned int utlb)
{
    char *base = (char *)leaf->base + leaf->root->layout->utlb_base;

    /* All of IMUCTR: what firmware selected would mix with ours. */
    write32(base + IPMMU_IMUASID_OFFSET(utlb), 0);
    write32(base + IPMMU_IMUCTR_OFFSET(utlb),
            (uint32_t)FIELD_PREP(IPMMU_IMUCTR_TTSEL, leaf->utlb[utlb]) |
                IPMMU_IMUCTR_FLUSH | IPMMU_IMUCTR_MMUEN);
}

static void flush_leaf(struct ipmmu_leaf *leaf, unsigned int ctx)
{
    uint32_t imctr = IPMMU_IMCTR_FLUSH;

    if ( leaf->nr_utlbs[ctx] )
        imctr |= IPMMU_IMCTR_MMUEN | IPMMU_IMCTR_INTEN;
    write32(leaf_imctr(leaf, ctx), imctr);

    /* It has got there before the root is told: another device. */
    (void)read32(leaf_imctr(leaf, ctx));
}

void ipmmu_select(struct ipmmu_leaf *leaf, unsigned int utlb, unsigned int ctx)
{
    unsigned int old = leaf->utlb[utlb];

    if ( old == ctx )
        return;

    leaf->utlb[utlb] = (uint8_t)ctx;
    leaf->nr_utlbs[ctx]++;
    leaf->nr_utlbs[old]--;
    if ( !ipmmu_leaf_on(leaf) )
        return;

    if ( leaf->nr_utlbs[ctx] == 1 )
        flush_leaf(leaf, ctx);
    write_utlb(leaf, utlb);
    if ( !leaf->nr_utlbs[old] )
        flush_leaf(leaf, old);
}

void ipmmu_write_leaf(struct ipmmu_leaf *leaf)
{
    const struct ipmmu_root *root = leaf->root;
    const struct ipmmu_layout *l = root->layout;
    bool uncached = root->errata & IPMMU_DISCACHE;

    set_bits(l, leaf->base, IPMMU_IMSCTLR, IPMMU_IMSCTLR_USE_SECGRP,
             uncached ? IPMMU_IMSCTLR_DISCACHE : 0);

    for ( unsigned int i = 0; i < l->nr_ctx; i++ )
    {
        if ( leaf->nr_utlbs[i] )
            flush_leaf(leaf, i);
    }
    for ( unsigned int i = 0; i < l->nr_utlb; i++ )
        write_utlb(leaf, i);

    /* No micro-TLB selects the others any more. */
    for ( unsigned int i = 0; i < l->nr_ctx; i++ )
    {
        if ( !leaf->nr_utlbs[i] )
            write32(leaf_imctr(leaf, i), 0);
    }
    leaf->live = true;
}

/* ---- contexts ---- */

/* Only when the root has nothing cached, either, has a leaf forgotten. */
static int flush_root(struct ipmmu_root *root, struct ipmmu_context *c)
{
    s_time_t start = NOW(), time;
    int rc;

    ipmmu_root_write(root, c->index, IPMMU_IMCTR, c->imctr | IPMMU_IMCTR_FLUSH);
    dsb_sy();

    /* It has had its time: no long wait again while it does not answer. */
    rc = poll_until(
        !(ipmmu_root_read(root, c->index, IPMMU_IMCTR) & IPMMU_IMCTR_FLUSH),
        c->silent ? IPMMU_RETRY_TIMEOUT_US : IPMMU_FLUSH_TIMEOUT_US);

    time = NOW() - start;
    root->unit.nr_invalidations++;
    root->unit.nr_syncs++;
    if ( time > (s_time_t)root->unit.longest_sync_ns )
        root->unit.longest_sync_ns = (uint64_t)time;

    if ( rc )
        printk_ratelimited(XENLOG_ERR "%s: the flush of context %u does not "
                                      "end: isolation is lost\n",
                           root->unit.name, c->index);
    c->silent = rc;
    return rc;
}

int ipmmu_flush(struct ipmmu_root *root, struct ipmmu_context *c)
{
    for ( unsigned int i = 0; i < root->nr_leaves; i++ )
    {
        struct ipmmu_leaf *leaf = root->leaf[i];

        if ( leaf->nr_utlbs[c->index] && ipmmu_leaf_on(leaf) )
            flush_leaf(leaf, c->index);
    }
    return flush_root(root, c);
}

static void write_context(struct ipmmu_root *root,
                          const struct ipmmu_context *c)
{
    uint32_t low = (uint32_t)maddr_x(c->table);
    uint32_t high = (uint32_t)(maddr_x(c->table) >> 32);

    /* An address above the width may select region 1: the same table there,
     * though nothing is ever mapped above. */
    ipmmu_root_write(root, c->index, IPMMU_IMTTLBR0, low);
    ipmmu_root_write(root, c->index, IPMMU_IMTTUBR0, high);
    ipmmu_root_write(root, c->index, IPMMU_IMTTLBR1, low);
    ipmmu_root_write(root, c->index, IPMMU_IMTTUBR1, high);
    ipmmu_root_write(
        root, c->index, IPMMU_IMTTBCR,
        (uint32_t)(IPMMU_IMTTBCR_EAE |
                   FIELD_PREP(IPMMU_IMTTBCR_SL0, IPMMU_IMTTBCR_SL0_LEVEL1) |
                   FIELD_PREP(IPMMU_IMTTBCR_T0SZ, 64 - IPMMU_IA_BITS) |
                   FIELD_PREP(IPMMU_IMTTBCR_T1SZ, 64 - IPMMU_IA_BITS)));
    ipmmu_root_write(root, c->index, IPMMU_IMMAIR0, (uint32_t)PGT_MAIR);
    ipmmu_root_write(root, c->index, IPMMU_IMSTR, 0);
}

int ipmmu_ctx_enable(struct ipmmu_root *root, struct ipmmu_context *c)
{
    c->imctr = IPMMU_IMCTR_MMUEN | IPMMU_IMCTR_INTEN | IPMMU_IMCTR_VA64;
    write_context(root, c);
    return ipmmu_flush(root, c);
}

int ipmmu_ctx_disable(struct ipmmu_root *root, struct ipmmu_context *c)
{
    uint32_t imctr = c->imctr;
    int rc;

    c->imctr = 0;
    rc = ipmmu_flush(root, c);
    if ( rc )
    {
        /* It stays taken, and as it was: its domain still has it. */
        c->imctr = imctr;
        ipmmu_root_write(root, c->index, IPMMU_IMCTR,
                         imctr | IPMMU_IMCTR_FLUSH);
    }
    return rc;
}

int ipmmu_write_root(struct ipmmu_root *root)
{
    const struct ipmmu_layout *l = root->layout;
    int rc = 0;

    for ( unsigned int i = 0; i < l->nr_ctx; i++ )
        ipmmu_root_write(root, i, IPMMU_IMCTR, 0);

    set_bits(l, root->base, IPMMU_IMSCTLR, IPMMU_IMSCTLR_USE_SECGRP, 0);
    set_bits(l, root->base, IPMMU_IMSAUXCTLR, IPMMU_IMSAUXCTLR_S2PTE, 0);

    for ( unsigned int i = 0; i < l->nr_ctx; i++ )
    {
        int one = 0;

        if ( root->ctx[i].imctr )
        {
            write_context(root, &root->ctx[i]);
            one = flush_root(root, &root->ctx[i]);
        }
        rc = rc ? rc : one;
    }
    return rc;
}
