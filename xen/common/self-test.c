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

void self_test(void)
{
    test_heap();
    test_format();
    test_time();
}

#endif /* CONFIG_DEBUG */
