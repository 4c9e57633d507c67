/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-smmuv3-model.c - the SMMUv3 model against words worked out by hand from
 * IHI 0070 and DDI 0487. No driver code is involved: this is the test of the
 * judge, above all that it remembers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smmuv3.h"

#define RAM        UINT64_C(0x80000000)
#define L1_STREAMS UINT64_C(0x80000000) /* 256 descriptors, 2 KiB */
#define COMMANDS   UINT64_C(0x80001000) /* 256 entries */
#define EVENTS     UINT64_C(0x80002000) /* 4 entries */
#define CD         UINT64_C(0x80003000)
#define STREAMS    UINT64_C(0x80004000) /* STEs of StreamIDs 0..255 */
#define ROOT       UINT64_C(0x80010000) /* level 1: T0SZ = 25 */
#define LEVEL2     UINT64_C(0x80011000)
#define LEVEL3     UINT64_C(0x80012000)

#define SID     0x42u
#define STE     (STREAMS + SID * 64)
#define IOVA    UINT64_C(0x40203000) /* indexes 1, 1, 3 */
#define PAGE_PA UINT64_C(0x90005000)

/* T0SZ 25, WBWA, inner shareable, EPD1, V, IPS 44, AA64, R, A, ASID 7 */
#define CD_WORD0 UINT64_C(0x00076204c0003519)
/* V, Config = stage 1, S1ContextPtr */
#define STE_WORD0 (CD | 0xb)
/* page: nG, AF, inner shareable, AP[1], valid; read-only adds AP[2] */
#define PAGE_RW  UINT64_C(0xf43)
#define PAGE_RO  UINT64_C(0xfc3)
#define BLOCK_RW UINT64_C(0xf41)

static uint8_t ram[0x20000] __attribute__((aligned(64)));
static struct smmuv3_model *m;
static uint32_t prod;
static unsigned int irqs[3];
static uint64_t hole; /* a page that aborts, or 0 */

static void *mem(void *ctx, uint64_t pa, size_t size)
{
    (void)ctx;
    if ( pa < RAM || pa + size > RAM + sizeof(ram) ||
         (hole && pa >> 12 == hole >> 12) )
        return NULL;
    return &ram[pa - RAM];
}

static void irq(void *ctx, enum smmuv3_model_irq which)
{
    (void)ctx;
    irqs[which]++;
}

static uint64_t peek(uint64_t pa)
{
    uint64_t word;

    memcpy(&word, &ram[pa - RAM], 8);
    return word;
}

static void poke(uint64_t pa, uint64_t word)
{
    memcpy(&ram[pa - RAM], &word, 8);
}

static void command(uint64_t w0, uint64_t w1)
{
    poke(COMMANDS + (prod & 255) * 16, w0);
    poke(COMMANDS + (prod & 255) * 16 + 8, w1);
    smmuv3_model_clean(m, COMMANDS + (prod & 255) * 16, 16);
    prod = (prod + 1) & 511;
    smmuv3_model_write(m, 0x98, 4, prod);
}

static void sync_only(void)
{
    command(0x46, 0);
}

/* Leaf-only NH_VA for ASID 7, and its CMD_SYNC. */
static void invalidate_page(uint64_t iova)
{
    command(UINT64_C(0x0007000000000012), iova | 1);
    sync_only();
}

static struct smmuv3_model_cfg config(void)
{
    struct smmuv3_model_cfg cfg = smmuv3_model_default();

    cfg.mem = mem;
    cfg.irq = irq;
    return cfg;
}

/* Reset to SMMUEN, in the order of 3.11, with one mapped page. */
static void start(const struct smmuv3_model_cfg *cfg)
{
    memset(ram, 0, sizeof(ram));
    memset(irqs, 0, sizeof(irqs));
    hole = 0;
    prod = 0;
    m = smmuv3_model_new(cfg);
    poke(L1_STREAMS, STREAMS | 9); /* Span 9: 256 STEs */
    poke(STE, STE_WORD0);
    poke(CD, CD_WORD0);
    poke(CD + 8, ROOT);
    poke(CD + 24, 0xff); /* MAIR: index 0 is write-back */
    poke(ROOT + 8, LEVEL2 | 3);
    poke(LEVEL2 + 8, LEVEL3 | 3);
    poke(LEVEL3 + 24, PAGE_PA | PAGE_RW);
    smmuv3_model_watch(m, RAM, sizeof(ram));

    smmuv3_model_write(m, 0x28, 4, 0xd75);
    smmuv3_model_write(m, 0x2c, 4, 2); /* RECINVSID */
    smmuv3_model_write(m, 0x80, 8, L1_STREAMS | UINT64_C(1) << 62);
    smmuv3_model_write(m, 0x88, 4, 0x10210); /* 2-level, 8, 16 */
    smmuv3_model_write(m, 0x90, 8, COMMANDS | 8);
    smmuv3_model_write(m, 0x98, 4, 0);
    smmuv3_model_write(m, 0x9c, 4, 0);
    smmuv3_model_write(m, 0xa0, 8, EVENTS | 2);
    smmuv3_model_write(m, 0x100a8, 4, 0);
    smmuv3_model_write(m, 0x100ac, 4, 0);
    smmuv3_model_write(m, 0x20, 4, 8); /* CMDQEN */
    while ( smmuv3_model_read(m, 0x24, 4) != 8 )
        continue;
    command(0x04, 31); /* CFGI_ALL */
    command(0x30, 0);  /* TLBI_NSNH_ALL */
    sync_only();
    while ( smmuv3_model_read(m, 0x9c, 4) != prod )
        continue;
    smmuv3_model_write(m, 0x50, 4, 5); /* GERROR, EVENTQ */
    while ( smmuv3_model_read(m, 0x54, 4) != 5 )
        continue;
    smmuv3_model_write(m, 0x20, 4, 0xd); /* and EVENTQEN, SMMUEN */
    while ( smmuv3_model_read(m, 0x24, 4) != 0xd )
        continue;
}

static void start_default(void)
{
    struct smmuv3_model_cfg cfg = config();

    start(&cfg);
}

static void expect_clean(void)
{
    assert_string_equal(smmuv3_model_violations(m).first, "");
}

/* One violation was recorded, and it is this one. */
static void expect_violation(const char *text)
{
    if ( !strstr(smmuv3_model_violations(m).first, text) )
        fail_msg("wanted \"%s\", got \"%s\"", text,
                 smmuv3_model_violations(m).first);
    smmuv3_model_forgive(m);
}

static int stop(void **state)
{
    (void)state;
    if ( m )
        smmuv3_model_free(m);
    m = NULL;
    return 0;
}

static struct smmuv3_dma_result dma(uint64_t iova, bool write)
{
    return smmuv3_model_dma(m, SID, iova, write, false);
}

static void expect_ok(uint64_t iova, uint64_t pa)
{
    struct smmuv3_dma_result r = dma(iova, false);

    assert_true(r.ok);
    assert_int_equal(r.pa, pa);
}

static void expect_event(uint64_t iova, bool write, uint8_t event)
{
    struct smmuv3_dma_result r = dma(iova, write);

    assert_false(r.ok);
    assert_int_equal(r.event, event);
}

/* ---- Registers and queues */

static void test_id_registers(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.cmdqs = cfg.eventqs = 19;
    cfg.bbml = 2;
    start(&cfg);
    assert_int_equal(smmuv3_model_read(m, 0x00, 4), 0x0d40101a);
    assert_int_equal(smmuv3_model_read(m, 0x04, 4), 0x02730010);
    assert_int_equal(smmuv3_model_read(m, 0x0c, 4), 0x1404);
    assert_int_equal(smmuv3_model_read(m, 0x14, 4), 0x14);
    expect_clean();
}

static void test_register_rules(void **state)
{
    (void)state;
    start_default();
    smmuv3_model_write(m, 0x80, 8, 0);
    expect_violation("register 0x80 while");
    smmuv3_model_write(m, 0x90, 8, 0);
    expect_violation("register 0x90 while");
    smmuv3_model_write(m, 0x9c, 4, 0);
    expect_violation("register 0x9c while");
    smmuv3_model_write(m, 0x98, 8, prod);
    expect_violation("8 bytes at 0x98");
    smmuv3_model_write(m, 0x44, 4, 1u << 20);
    expect_violation("without Update");
    smmuv3_model_read(m, 0xa8, 4);
    expect_violation("unknown register 0xa8");
    smmuv3_model_write(m, 0x98, 4, (prod - 1) & 511);
    expect_violation("passes CMDQ_CONS");
    smmuv3_model_tune(m)->lazy = true;
    command(0x46, 0);
    smmuv3_model_write(m, 0x98, 4, (prod - 1) & 511);
    expect_violation("moves back");
}

static void test_acks_may_be_late(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.ack_delay = 3;
    start(&cfg);
    expect_clean();
    smmuv3_model_write(m, 0x20, 4, 0xc);
    assert_int_equal(smmuv3_model_read(m, 0x24, 4), 0xd);
    smmuv3_model_write(m, 0x20, 4, 0xd);
    expect_violation("before CR0ACK");
}

static void test_enable_with_unknown_caches(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    m = smmuv3_model_new(&cfg);
    smmuv3_model_write(m, 0x80, 8, L1_STREAMS);
    smmuv3_model_write(m, 0x88, 4, 0x10210);
    smmuv3_model_write(m, 0x20, 4, 1);
    expect_violation("never invalidated");
}

static void test_disabled_unit(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    m = smmuv3_model_new(&cfg);
    expect_ok(0x1234, 0x1234);
    assert_true(smmuv3_model_reachable(m, PAGE_PA, 4096));
    smmuv3_model_write(m, 0x44, 4, 0x80101000); /* Update, ABORT */
    assert_int_equal(smmuv3_model_read(m, 0x44, 4), 0x00101000);
    expect_event(0x1234, false, 0);
    assert_false(smmuv3_model_reachable(m, PAGE_PA, 4096));
}

static void test_command_error(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    command(0xff, 0);
    assert_int_equal(smmuv3_model_read(m, 0x9c, 4), 0x01000003);
    assert_int_equal(smmuv3_model_read(m, 0x60, 4), 1);
    assert_int_equal(irqs[SMMUV3_MODEL_IRQ_GERROR], 1);
    invalidate_page(IOVA);
    assert_int_equal(smmuv3_model_read(m, 0x9c, 4), 0x01000003);
    expect_ok(IOVA, PAGE_PA);
    poke(COMMANDS + 3 * 16, 0x46); /* repair, acknowledge */
    smmuv3_model_write(m, 0x64, 4, 1);
    assert_int_equal(smmuv3_model_read(m, 0x9c, 4) & 0xfffff, prod);
    expect_event(IOVA, false, 0x10);
    expect_clean();
    smmuv3_model_write(m, 0x64, 4, 0);
    expect_violation("inactive");
}

static void test_illegal_commands(void **state)
{
    /* EL2 without HYP, stage 2 without S2P, SSec, RESUME, CS 3, empty range */
    static const uint64_t illegal[][2] = {
        {0x20, 0},   {0x28, 0},     {0x2a, 0}, {0x403, 1}, {0x44, 0},
        {0x3046, 0}, {0x12, 0x400}, {0x18, 0}, {0x40, 0},  {0, 0},
    };
    uint32_t active = 0;

    (void)state;
    start_default();
    for ( size_t i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++ )
    {
        command(illegal[i][0], illegal[i][1]);
        assert_int_equal(smmuv3_model_read(m, 0x9c, 4) >> 24, 1);
        poke(COMMANDS + ((prod - 1) & 255) * 16, 0x46);
        active ^= 1;
        smmuv3_model_write(m, 0x64, 4, active);
    }
    expect_clean();
}

static void test_sync_late_and_never(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.lazy = true;
    start(&cfg);
    smmuv3_model_tune(m)->sync_delay = 5;
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    invalidate_page(IOVA);
    expect_ok(IOVA, PAGE_PA);
    assert_false(smmuv3_model_settled(m));
    smmuv3_model_forgive(m);
    while ( smmuv3_model_read(m, 0x9c, 4) != prod )
        continue;
    expect_event(IOVA, false, 0x10);
    assert_true(smmuv3_model_settled(m));

    smmuv3_model_tune(m)->lazy = false;
    sync_only();
    for ( int i = 0; i < 4; i++ )
        assert_int_not_equal(smmuv3_model_read(m, 0x9c, 4), prod);
    assert_int_equal(smmuv3_model_read(m, 0x9c, 4), prod);

    smmuv3_model_tune(m)->sync_never = true;
    command(0x1046, 0);
    for ( int i = 0; i < 1000; i++ )
        assert_int_not_equal(smmuv3_model_read(m, 0x9c, 4), prod);
    smmuv3_model_tune(m)->sync_never = false;
    while ( smmuv3_model_read(m, 0x9c, 4) != prod )
        continue;
    assert_int_equal(irqs[SMMUV3_MODEL_IRQ_SYNC], 1);
}

static void test_command_overwritten(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    start(&cfg);
    smmuv3_model_tune(m)->lazy = true;
    command(0x30, 0);
    poke(COMMANDS + ((prod - 1) & 255) * 16, 0x46);
    while ( smmuv3_model_read(m, 0x9c, 4) != prod )
        continue;
    expect_violation("overwritten");

    for ( int i = 0; i < 256; i++ )
        command(0x46, 0);
    expect_clean();
    command(0x46, 0);
    expect_violation("passes CMDQ_CONS");
}

static void test_event_queue_overflow(void **state)
{
    (void)state;
    start_default();
    for ( int i = 0; i < 4; i++ )
        assert_true(dma(0x1000, false).recorded);
    assert_int_equal(irqs[SMMUV3_MODEL_IRQ_EVENT], 1);
    assert_int_equal(smmuv3_model_read(m, 0x100a8, 4), 4);
    assert_false(dma(0x1000, false).recorded);
    assert_false(dma(0x1000, false).recorded);
    assert_int_equal(smmuv3_model_read(m, 0x100a8, 4), 0x80000004);
    smmuv3_model_write(m, 0x100ac, 4, 0x80000004);
    assert_true(dma(0x1000, false).recorded);
    assert_int_equal(smmuv3_model_read(m, 0x100a8, 4), 0x80000005);
    assert_int_equal(irqs[SMMUV3_MODEL_IRQ_EVENT], 2);
    expect_clean();
    smmuv3_model_write(m, 0x100ac, 4, 0x80000006);
    expect_violation("passes EVENTQ_PROD");
}

static void test_event_queue_abort(void **state)
{
    (void)state;
    start_default();
    hole = EVENTS;
    assert_false(dma(0x1000, false).recorded);
    assert_int_equal(smmuv3_model_read(m, 0x60, 4), 4);
    hole = 0;
    assert_false(dma(0x1000, false).recorded);
    smmuv3_model_write(m, 0x64, 4, 4);
    assert_true(dma(0x1000, false).recorded);
}

/* ---- Translation */

static void test_translation(void **state)
{
    struct smmuv3_dma_result r;

    (void)state;
    start_default();
    r = dma(IOVA + 0x123, true);
    assert_true(r.ok);
    assert_int_equal(r.pa, PAGE_PA + 0x123);
    assert_int_equal(r.attr, 0xff);
    assert_int_equal(r.sh, 3);
    poke(ROOT + 16, UINT64_C(0xc0000000) | BLOCK_RW);
    expect_ok(UINT64_C(0x80000000) + 0x12345678, 0xd2345678);
    poke(LEVEL2 + 16, UINT64_C(0xa0200000) | BLOCK_RW);
    expect_ok(UINT64_C(0x40400000) + 0x54321, 0xa0254321);
    assert_true(smmuv3_model_settled(m));
    expect_clean();
}

static void expect_record(unsigned int slot, uint64_t w0, uint64_t w1,
                          uint64_t w2, uint64_t w3)
{
    assert_int_equal(peek(EVENTS + slot * 32), w0);
    assert_int_equal(peek(EVENTS + slot * 32 + 8), w1);
    assert_int_equal(peek(EVENTS + slot * 32 + 16), w2);
    assert_int_equal(peek(EVENTS + slot * 32 + 24), w3);
}

static void test_event_records(void **state)
{
    (void)state;
    start_default();
    expect_event(0x1008, false, 0x10);
    expect_record(0, UINT64_C(0x4200000010), UINT64_C(0x20800000000), 0x1008,
                  0);
    poke(LEVEL3 + 32, PAGE_PA | PAGE_RO);
    expect_event(IOVA + 0x1000, true, 0x13);
    expect_record(1, UINT64_C(0x4200000013), UINT64_C(0x20000000000),
                  IOVA + 0x1000, 0);
    poke(ROOT + 24, UINT64_C(0xa0000003)); /* a table in a hole */
    assert_int_equal(
        smmuv3_model_dma(m, SID, UINT64_C(0xc0001000), true, true).event, 0x0b);
    expect_record(2, UINT64_C(0x420000000b), UINT64_C(0x10200000000),
                  UINT64_C(0xc0001000), UINT64_C(0xa0000000));
    assert_int_equal(smmuv3_model_dma(m, 0x12345, 0, true, true).event, 2);
    expect_record(3, UINT64_C(0x1234500000002), 0, 0, 0);
    expect_clean();
}

static void test_faults(void **state)
{
    (void)state;
    start_default();
    poke(LEVEL3 + 32, PAGE_PA | (PAGE_RW & ~UINT64_C(0x400)));
    expect_event(IOVA + 0x1000, false, 0x12); /* AF = 0 */
    poke(LEVEL3 + 40, UINT64_C(0x0000100000000000) | PAGE_RW);
    expect_event(IOVA + 0x2000, false, 0x11); /* beyond 44 bits */
    poke(LEVEL3 + 48, PAGE_PA | (PAGE_RW & ~UINT64_C(0x40)));
    expect_event(IOVA + 0x3000, false, 0x13); /* privileged only */
    assert_true(smmuv3_model_dma(m, SID, IOVA + 0x3000, false, true).ok);
    expect_ok(IOVA, PAGE_PA); /* beyond T0SZ */
    expect_event(IOVA + (UINT64_C(1) << 39), false, 0x10);
    expect_event(IOVA + UINT64_C(0xffffff8000000000), false, 0x10);
    /* APTable[1]: nothing below is writable. */
    poke(ROOT + 32, UINT64_C(0x4000000000000003) | LEVEL2);
    assert_true(dma(UINT64_C(0x100203000), false).ok);
    expect_event(UINT64_C(0x100203000), true, 0x13);
    expect_clean();
    poke(LEVEL3 + 56, PAGE_PA | BLOCK_RW);
    expect_event(IOVA + 0x4000, false, 0x10);
    expect_violation("reserved descriptor");
    poke(LEVEL2 + 24, UINT64_C(0xa0201000) | BLOCK_RW);
    dma(0x40600000, false);
    expect_violation("below its size");
}

static void test_bad_configuration(void **state)
{
    static const uint64_t bad_cd[] = {
        UINT64_C(0x0007620440003519), /* V = 0 */
        UINT64_C(0x00076004c0003519), /* AA64 = 0 */
        UINT64_C(0x00072204c0003519), /* A = 0 */
        UINT64_C(0x00077204c0003519), /* S = 1 */
        UINT64_C(0x00076204c000350f), /* T0SZ 15 */
        UINT64_C(0x00076204c0003568), /* T0SZ 40 */
        UINT64_C(0x0007620480003519), /* EPD1 = 0, T1SZ 0 */
        UINT64_C(0x00076204c000b519), /* ENDI */
    };

    (void)state;
    start_default();
    for ( size_t i = 0; i < sizeof(bad_cd) / sizeof(bad_cd[0]); i++ )
    {
        poke(CD, bad_cd[i]);
        command((uint64_t)SID << 32 | 5, 1);
        sync_only();
        expect_event(IOVA, false, 0x0a);
    }
    poke(STE, UINT64_C(0xa000000b)); /* a CD in a hole */
    command((uint64_t)SID << 32 | 3, 1);
    sync_only();
    expect_event(IOVA, false, 0x09);
    assert_int_equal(smmuv3_model_dma(m, 0x43, 0, false, false).event, 0x04);
    assert_int_equal(smmuv3_model_dma(m, 0x100, 0, false, false).event, 0x02);
    poke(STE, 0xd); /* stage 2 without S2P */
    command((uint64_t)SID << 32 | 3, 1);
    sync_only();
    expect_event(IOVA, false, 0x04);
}

/* ---- It remembers */

static void test_unmap_needs_tlbi_and_sync(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    expect_ok(IOVA, PAGE_PA);
    assert_false(smmuv3_model_dma_uncached(m, SID, IOVA, false, false).ok);
    assert_true(smmuv3_model_reachable(m, PAGE_PA, 4096));
    assert_false(smmuv3_model_settled(m));
    expect_violation("TLBI forgotten");
    command(UINT64_C(0x0007000000000012), IOVA | 1);
    expect_ok(IOVA, PAGE_PA);
    smmuv3_model_freed(m, PAGE_PA, 4096);
    expect_violation("freed while reachable");
    assert_false(smmuv3_model_settled(m));
    expect_violation("no CMD_SYNC");
    sync_only();
    expect_event(IOVA, false, 0x10);
    smmuv3_model_freed(m, PAGE_PA, 4096);
    assert_true(smmuv3_model_settled(m));
}

static void test_invalidation_must_match(void **state)
{
    /* wrong ASID, wrong page, TTL 2 for a page, another range, 16 KiB */
    static const uint64_t missing[][2] = {
        {UINT64_C(0x0008000000000012), IOVA | 1},
        {UINT64_C(0x0007000000000012), (IOVA + 0x1000) | 1},
        {UINT64_C(0x0007000000003012), UINT64_C(0x40200000) | 0x601},
        {UINT64_C(0x0007000000002012), UINT64_C(0x40200000) | 0x401},
        {UINT64_C(0x0007000000000012), IOVA | 0xb01},
        {UINT64_C(0x0008000000000011), 0},
    };
    static const uint64_t matching[][2] = {
        {UINT64_C(0x0007000000000012), IOVA | 1},
        {UINT64_C(0x0000000000000013), IOVA},
        {UINT64_C(0x0007000000000012), IOVA | 0x701}, /* TG 1, TTL 3 */
        {UINT64_C(0x0007000000003012), UINT64_C(0x40200000) | 0x401},
        {UINT64_C(0x0007000000200012), UINT64_C(0x40200000) | 0x701},
        {UINT64_C(0x0007000000000011), 0},
        {0x10, 0},
        {0x30, 0},
    };

    (void)state;
    start_default();
    for ( size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++ )
    {
        poke(LEVEL3 + 24, PAGE_PA | PAGE_RW);
        expect_ok(IOVA, PAGE_PA);
        poke(LEVEL3 + 24, 0);
        for ( size_t n = 0; n < sizeof(missing) / sizeof(missing[0]); n++ )
        {
            command(missing[n][0], missing[n][1]);
            sync_only();
            expect_ok(IOVA, PAGE_PA);
        }
        command(matching[i][0], matching[i][1]);
        sync_only();
        expect_event(IOVA, false, 0x10);
    }
    expect_clean();
    command(UINT64_C(0x0007000000000012), IOVA | 0x601);
    expect_violation("not aligned for TTL");
    command(UINT64_C(0x0007000100000012), IOVA | 1);
    expect_violation("without stage 2");
}

static void test_walk_cache(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL2 + 8, 0);
    invalidate_page(IOVA);
    /* The leaf went, the way to its table did not. */
    expect_ok(IOVA, PAGE_PA);
    assert_true(smmuv3_model_reachable(m, LEVEL3, 4096));
    smmuv3_model_table_freed(m, LEVEL3);
    expect_violation("table");
    command(UINT64_C(0x0007000000000012), IOVA);
    sync_only();
    smmuv3_model_table_freed(m, LEVEL3);
    expect_event(IOVA, false, 0x10);
    assert_true(smmuv3_model_settled(m));
}

static void test_permission_change(void **state)
{
    (void)state;
    start_default();
    assert_true(dma(IOVA, true).ok);
    poke(LEVEL3 + 24, PAGE_PA | PAGE_RO);
    assert_true(dma(IOVA, true).ok);
    invalidate_page(IOVA);
    expect_event(IOVA, true, 0x13);
    expect_clean();
}

static void test_break_before_make(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, (PAGE_PA + 0x1000) | PAGE_RW);
    invalidate_page(IOVA);
    expect_violation("break-before-make");
    expect_ok(IOVA, PAGE_PA + 0x1000);
    poke(LEVEL3 + 24, 0);
    invalidate_page(IOVA);
    poke(LEVEL3 + 24, PAGE_PA | PAGE_RW);
    expect_ok(IOVA, PAGE_PA);
    expect_clean();
    poke(LEVEL2 + 8, UINT64_C(0xa0200000) | BLOCK_RW);
    command(UINT64_C(0x0007000000000012), IOVA);
    expect_violation("break-before-make");
}

static void test_live_split_at_bbml2(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.bbml = 2;
    start(&cfg);
    poke(LEVEL2 + 16, UINT64_C(0xa0200000) | BLOCK_RW);
    expect_ok(0x40400000, 0xa0200000);
    for ( uint64_t i = 0; i < 512; i++ )
        poke(LEVEL3 + i * 8, (UINT64_C(0xa0200000) + i * 4096) | PAGE_RW);
    poke(LEVEL2 + 16, LEVEL3 | 3);
    command(UINT64_C(0x0007000000000012), 0x40400000);
    sync_only();
    expect_ok(0x40401000, 0xa0201000);
    expect_clean();
    /* But not into something else. */
    poke(LEVEL2 + 24, UINT64_C(0xa0400000) | BLOCK_RW);
    expect_ok(0x40600000, 0xa0400000);
    poke(LEVEL2 + 24, LEVEL3 | 3);
    command(UINT64_C(0x0007000000000012), 0x40600000);
    expect_violation("break-before-make");
}

static void test_contiguous(void **state)
{
    const uint64_t run = UINT64_C(0x90010000) | PAGE_RW | UINT64_C(1) << 52;

    (void)state;
    start_default();
    for ( uint64_t i = 0; i < 16; i++ )
        poke(LEVEL3 + (16 + i) * 8, run + i * 4096);
    expect_ok(0x40212000, 0x90012000);
    expect_clean();
    poke(LEVEL3 + 20 * 8, 0);
    expect_ok(0x40213000, 0x90013000);
    expect_violation("contiguous run");
}

static void test_configuration_cache(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(STE, 1); /* abort */
    expect_ok(IOVA, PAGE_PA);
    assert_false(smmuv3_model_settled(m));
    expect_violation("CFGI forgotten");
    command((uint64_t)SID << 32 | 5, 1); /* CFGI_CD is not enough */
    sync_only();
    poke(CD, 0);
    expect_event(IOVA, false, 0x0a);
    command((uint64_t)SID << 32 | 3, 1);
    sync_only();
    expect_event(IOVA, false, 0);
    /* An STE that was invalid when read is remembered as such. */
    assert_int_equal(smmuv3_model_dma(m, 0x43, 0, false, false).event, 4);
    poke(STREAMS + 0x43 * 64, 9); /* bypass */
    assert_int_equal(smmuv3_model_dma(m, 0x43, 0, false, false).event, 4);
    command(UINT64_C(0x43) << 32 | 3, 1);
    sync_only();
    assert_true(smmuv3_model_dma(m, 0x43, 0x5000, false, false).ok);
    assert_true(smmuv3_model_reachable(m, PAGE_PA, 4096));
}

static void test_level1_stream_descriptor(void **state)
{
    (void)state;
    start_default();
    assert_int_equal(smmuv3_model_dma(m, 0x100, 0, false, false).event, 2);
    poke(STREAMS + 64, 9); /* what StreamID 0x101 will find */
    poke(L1_STREAMS + 8, STREAMS | 9);
    command(UINT64_C(0x101) << 32 | 3, 1); /* Leaf: keeps the L1STD */
    sync_only();
    assert_int_equal(smmuv3_model_dma(m, 0x101, 0, false, false).event, 2);
    command(UINT64_C(0x101) << 32 | 3, 0);
    sync_only();
    assert_true(smmuv3_model_dma(m, 0x101, 0, false, false).ok);
}

static void test_asid_shared_by_two_tables(void **state)
{
    (void)state;
    start_default();
    expect_ok(IOVA, PAGE_PA);
    poke(CD + 8, LEVEL2);
    command((uint64_t)SID << 32 | 5, 1);
    sync_only();
    dma(IOVA, false);
    expect_violation("ASID 7");
}

static void test_vmid_tags_stage1(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.s2p = true;
    start(&cfg);
    poke(STE + 16, 5); /* S2VMID, never read so far */
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    invalidate_page(IOVA); /* VMID 0 */
    expect_ok(IOVA, PAGE_PA);
    command(UINT64_C(0x0007000500000012), IOVA | 1);
    sync_only();
    expect_event(IOVA, false, 0x10);
    expect_clean();
}

static void test_stage2(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.s2p = true;
    start(&cfg);
    poke(STE, 0xd); /* V, Config = stage 2 */
    /* VMID 5, S2T0SZ 25, S2SL0 1, S2PS 44, S2AA64, S2R */
    poke(STE + 16, UINT64_C(0x040c005900000005));
    poke(STE + 24, ROOT);
    poke(LEVEL3 + 24, PAGE_PA | 0x7ff); /* AF, S2AP read-write */
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    invalidate_page(IOVA);
    expect_ok(IOVA, PAGE_PA);
    command(UINT64_C(0x000000050000002a), IOVA | 1);
    sync_only();
    expect_event(IOVA, false, 0x10);
    expect_record(0, UINT64_C(0x4200000010), UINT64_C(0x28800000000), IOVA,
                  IOVA);
    expect_clean();
}

/*
 * Random changes to 64 pages. Whatever is done right gives what memory says;
 * whatever is left out is noticed if and only if something stale is cached.
 */
static void test_random_unmaps(void **state)
{
    struct smmuv3_model_cfg cfg = config();
    uint32_t rnd = 12345;

    (void)state;
    cfg.lazy = true;
    start(&cfg);
    for ( int round = 0; round < 2000; round++ )
    {
        uint64_t page, iova, old, now;
        bool cached, forget;

        rnd = rnd * 1664525 + 1013904223;
        page = rnd >> 8 & 63;
        cached = rnd >> 16 & 1;
        forget = rnd >> 17 & 1;
        iova = UINT64_C(0x40200000) + page * 4096;
        old = peek(LEVEL3 + page * 8);
        now = old ? 0 : UINT64_C(0x90000000) + ((uint64_t)round << 12);
        if ( cached )
            assert_int_equal(dma(iova, false).ok, old != 0);
        poke(LEVEL3 + page * 8, now ? now | PAGE_RW : 0);
        if ( !forget )
            invalidate_page(iova);
        while ( smmuv3_model_read(m, 0x9c, 4) != prod )
            continue;
        assert_int_equal(smmuv3_model_settled(m), !(forget && cached && old));
        smmuv3_model_forgive(m);
        if ( forget && old )
        {
            assert_int_equal(dma(iova, false).ok, cached);
            assert_int_equal(
                smmuv3_model_reachable(m, old & UINT64_C(0xfffff000), 4096),
                cached);
            invalidate_page(iova);
            while ( smmuv3_model_read(m, 0x9c, 4) != prod )
                continue;
        }
        if ( old )
            assert_false(dma(iova, false).ok);
        else
            expect_ok(iova, now);
        invalidate_page(iova); /* so that "cached" is exact */
        while ( smmuv3_model_read(m, 0x9c, 4) != prod )
            continue;
        assert_true(smmuv3_model_settled(m));
    }
}

static void test_linear_table_and_no_gbpa(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.st_2level = cfg.gbpa = false;
    start(&cfg);
    expect_violation("FMT 1 unsupported");
    smmuv3_model_write(m, 0x20, 4, 0xc);
    smmuv3_model_write(m, 0x44, 4, 0x80100000);
    assert_int_equal(smmuv3_model_read(m, 0x44, 4), 0);
    expect_ok(0x77, 0x77); /* nothing can stop it */
    smmuv3_model_write(m, 0x80, 8, STREAMS);
    smmuv3_model_write(m, 0x88, 4, 8);
    smmuv3_model_write(m, 0x20, 4, 0xd);
    expect_ok(IOVA, PAGE_PA);
    assert_int_equal(smmuv3_model_dma(m, 0x100, 0, true, true).event, 2);
    assert_true(smmuv3_model_settled(m));
}

/* CD.R = 0 and CR2.RECINVSID = 0 abort without a record; so does Config 0. */
static void test_silent_aborts(void **state)
{
    (void)state;
    start_default();
    poke(CD, CD_WORD0 & ~UINT64_C(0x0000200000000000));
    assert_false(dma(0x1000, false).ok);
    assert_int_equal(dma(0x1000, false).event, 0x10);
    poke(STREAMS + 64, 1);
    assert_false(smmuv3_model_dma(m, 1, 0, true, true).ok);
    smmuv3_model_write(m, 0x20, 4, 0xc);
    smmuv3_model_write(m, 0x2c, 4, 0);
    smmuv3_model_write(m, 0x20, 4, 0xd);
    assert_false(smmuv3_model_dma(m, 0x200, 0, true, true).ok);
    assert_int_equal(smmuv3_model_read(m, 0x100a8, 4), 0);
    expect_clean();
}

/* ---- What the unit sees, and when */

static void test_ste_states(void **state)
{
    const uint64_t ste = STREAMS + 0x44 * 64;

    (void)state;
    start_default();
    smmuv3_model_watch_sid(m, 0x44);
    smmuv3_model_barrier(m);
    poke(ste + 8, 0x54);
    smmuv3_model_barrier(m);
    poke(ste, STE_WORD0);
    smmuv3_model_barrier(m);
    poke(ste, 0);
    smmuv3_model_barrier(m);
    expect_clean();
    poke(ste + 8, 0);
    smmuv3_model_barrier(m);
    expect_violation("without CFGI and SYNC");
    command(UINT64_C(0x44) << 32 | 3, 1);
    sync_only();
    poke(ste + 8, 0x54);
    smmuv3_model_barrier(m);
    expect_clean();
    poke(ste, STE_WORD0); /* valid first */
    poke(ste + 8, 0x50);
    smmuv3_model_barrier(m);
    expect_violation("2 words of its STE change at once, V 0 -> 1");
}

static void test_noncoherent(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.cohacc = false;
    start(&cfg);
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 32, PAGE_PA | PAGE_RO);
    expect_event(IOVA + 0x1000, false, 0x10);
    assert_int_equal(peek(EVENTS), 0);
    smmuv3_model_invalidate(m, EVENTS, 32);
    assert_int_equal(peek(EVENTS), UINT64_C(0x4200000010));
    smmuv3_model_clean(m, LEVEL3 + 32, 8);
    expect_ok(IOVA + 0x1000, PAGE_PA);
    expect_clean();
}

static void test_never_cleaned(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.cohacc = false;
    memset(ram, 0, sizeof(ram));
    m = smmuv3_model_new(&cfg);
    smmuv3_model_write(m, 0x90, 8, COMMANDS | 8);
    smmuv3_model_write(m, 0x98, 4, 0);
    smmuv3_model_write(m, 0x9c, 4, 0);
    smmuv3_model_write(m, 0x20, 4, 8);
    poke(COMMANDS, 0x46);
    smmuv3_model_write(m, 0x98, 4, 1);
    expect_violation("never cleaned");
}

static void test_store_before_barrier(void **state)
{
    struct smmuv3_model_cfg cfg = config();

    (void)state;
    cfg.strict_order = true;
    start(&cfg);
    expect_ok(IOVA, PAGE_PA);
    poke(LEVEL3 + 24, 0);
    invalidate_page(IOVA); /* its barrier covers both */
    expect_event(IOVA, false, 0x10);
    poke(LEVEL3 + 24, PAGE_PA | PAGE_RW);
    expect_event(IOVA, false, 0x10);
    smmuv3_model_barrier(m);
    expect_ok(IOVA, PAGE_PA);
    /* A command that is still in the store buffer is not what runs. */
    poke(COMMANDS + prod * 16, 0x30);
    prod++;
    smmuv3_model_write(m, 0x98, 4, prod);
    assert_int_equal(smmuv3_model_read(m, 0x9c, 4) >> 24, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_id_registers, stop),
        cmocka_unit_test_teardown(test_register_rules, stop),
        cmocka_unit_test_teardown(test_acks_may_be_late, stop),
        cmocka_unit_test_teardown(test_enable_with_unknown_caches, stop),
        cmocka_unit_test_teardown(test_disabled_unit, stop),
        cmocka_unit_test_teardown(test_command_error, stop),
        cmocka_unit_test_teardown(test_illegal_commands, stop),
        cmocka_unit_test_teardown(test_sync_late_and_never, stop),
        cmocka_unit_test_teardown(test_command_overwritten, stop),
        cmocka_unit_test_teardown(test_event_queue_overflow, stop),
        cmocka_unit_test_teardown(test_event_queue_abort, stop),
        cmocka_unit_test_teardown(test_translation, stop),
        cmocka_unit_test_teardown(test_event_records, stop),
        cmocka_unit_test_teardown(test_faults, stop),
        cmocka_unit_test_teardown(test_bad_configuration, stop),
        cmocka_unit_test_teardown(test_unmap_needs_tlbi_and_sync, stop),
        cmocka_unit_test_teardown(test_invalidation_must_match, stop),
        cmocka_unit_test_teardown(test_walk_cache, stop),
        cmocka_unit_test_teardown(test_permission_change, stop),
        cmocka_unit_test_teardown(test_break_before_make, stop),
        cmocka_unit_test_teardown(test_live_split_at_bbml2, stop),
        cmocka_unit_test_teardown(test_contiguous, stop),
        cmocka_unit_test_teardown(test_configuration_cache, stop),
        cmocka_unit_test_teardown(test_level1_stream_descriptor, stop),
        cmocka_unit_test_teardown(test_asid_shared_by_two_tables, stop),
        cmocka_unit_test_teardown(test_vmid_tags_stage1, stop),
        cmocka_unit_test_teardown(test_stage2, stop),
        cmocka_unit_test_teardown(test_random_unmaps, stop),
        cmocka_unit_test_teardown(test_linear_table_and_no_gbpa, stop),
        cmocka_unit_test_teardown(test_silent_aborts, stop),
        cmocka_unit_test_teardown(test_ste_states, stop),
        cmocka_unit_test_teardown(test_noncoherent, stop),
        cmocka_unit_test_teardown(test_never_cleaned, stop),
        cmocka_unit_test_teardown(test_store_before_barrier, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
