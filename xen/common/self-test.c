/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short checks at boot of debug builds; a failure stops the machine. */
#include <xen/self-test.h>

#include <xen/bits.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>

#ifdef CONFIG_DEBUG

_Static_assert(GENMASK64(11, 8) == 0xf00, "GENMASK64");
_Static_assert(FIELD_PREP(GENMASK64(11, 8), 5ULL) == 0x500, "FIELD_PREP");
_Static_assert(FIELD_GET(GENMASK64(11, 8), 0xabcULL) == 0xa, "FIELD_GET");

static void test_heap(void)
{
    unsigned long before = heap_free_pages();
    uint64_t *a = alloc_xen_pages(1), *b = xzalloc_bytes(100, 8);

    BUG_ON(!a || !b || *a || *b || ((uint64_t)a & 0x1fff));
    BUG_ON(virt_to_maddr(a).maddr != mfn_to_maddr(virt_to_mfn(a)).maddr);
    xfree(b);
    free_xen_pages(a, 1);
    BUG_ON(heap_free_pages() != before);
    printk("self-test: heap ok\n");
}

static void test_format(void)
{
    char buf[64];

    snprintf(buf, sizeof(buf), "%05d %#x %-4s| %lx %3u", -42, 0xabU, "ab",
             0x123456789abUL, 7U);
    BUG_ON(strcmp(buf, "-0042 0xab ab  | 123456789ab   7"));
    BUG_ON(snprintf(buf, 4, "abcdef") != 6 || strcmp(buf, "abc"));
    BUG_ON(strtoull("0x1fg", NULL, 0) != 0x1f);
    printk("self-test: format ok\n");
}

static void test_time(void)
{
    s_time_t t = NOW();

    udelay(10);
    BUG_ON(NOW() - t < MICROSECS(10));
    BUG_ON(ticks_to_ns(ns_to_ticks(SECONDS(1))) > SECONDS(1));
    printk("self-test: time ok\n");
}

/* ---- a scratch stage-2 table that nothing walks ---- */

static void *scratch_alloc(void *ctx, unsigned int order)
{
    (void)ctx;
    return alloc_xen_pages(order);
}

static void scratch_free(void *ctx, void *table, unsigned int order)
{
    (void)ctx;
    free_xen_pages(table, order);
}

static struct pgt_page *scratch_page(const void *table)
{
    return &mfn_to_page(virt_to_mfn(table))->pgt;
}

static void scratch_publish(void *ctx, const uint64_t *desc, size_t nr)
{
    (void)ctx;
    (void)desc;
    (void)nr;
}

static void scratch_invalidate(void *ctx, uint64_t ia, uint64_t size,
                               unsigned int level)
{
    (void)ctx;
    (void)ia;
    (void)size;
    (void)level;
}

static void test_pgtable(void)
{
    const struct pgt_env env = {
        .alloc = scratch_alloc,
        .free = scratch_free,
        .page = scratch_page,
        .virt_offset = (uint64_t)maddr_to_virt(_maddr(0)),
        .publish = scratch_publish,
        .invalidate = scratch_invalidate,
    };
    const struct pgt_attr rw = {.read = true, .write = true, .sw = 5};
    unsigned long before = heap_free_pages();
    struct pgt_gather g;
    struct pgt_leaf leaf;
    struct pgt t;

    pgt_gather_init(&g);
    BUG_ON(pgt_init(&t, &pgt_fmt_p2m_s2, &env, NULL, 40, 40));
    BUG_ON(pgt_prepare(&t, MiB(2), 9, PGT_EMPTY));
    pgt_map(&t, MiB(2), _maddr(MiB(6)), 9, rw, &g);
    BUG_ON(!pgt_lookup(&t, MiB(2) + 0x5000, &leaf) || leaf.attr.sw != 5 ||
           maddr_x(leaf.oa) != MiB(6) + 0x5000);
    BUG_ON(pgt_prepare(&t, MiB(2) + 0x5000, 0, PGT_SPLIT));
    pgt_unmap(&t, MiB(2) + 0x5000, 0, &g);
    BUG_ON(pgt_lookup(&t, MiB(2) + 0x5000, &leaf) ||
           !pgt_lookup(&t, MiB(2) + 0x6000, &leaf));
    pgt_unmap(&t, MiB(2), 9, &g);
    BUG_ON(pgt_next_leaf(&t, 0, &leaf));
    pgt_gather_done(&t, &g, true);
    pgt_destroy(&t);
    BUG_ON(heap_free_pages() != before);
    printk("self-test: pgtable ok\n");
}

void self_test(void)
{
    test_heap();
    test_format();
    test_time();
    test_pgtable();
}

#endif /* CONFIG_DEBUG */
