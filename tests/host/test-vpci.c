/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vpci.c - enumeration and the virtual host bridge, on a model of PCI
 * hardware: what the guest reads, what the hardware got, what the P2M has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <proxenos.h>

#include <xen/time.h>

#include "pci.h"

#define COMMAND 0x04U
#define BAR(n)  (0x10U + 4 * (n))
#define MEM     0x2U
#define MASTER  0x4U

static int setup(void **state)
{
    (void)state;
    model_reset();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_exit();
    return 0;
}

/* A port with an endpoint behind it: 64-bit BAR 0 with an MSI-X table. */
static struct model_fn *port, *nic;

static void build_nic(uint64_t bar, uint32_t table)
{
    port = model_add(NULL, 0x08, 1);
    model_cap_exp(port, 0x40, 4, 0);
    nic = model_add(port, 0, 0);
    model_bar(nic, 0, bar, true);
    model_bar(nic, 4, 0x100000, false);
    model_cap_exp(nic, 0x40, 0, 0x80);
    model_cap_msi(nic, 0x80, 0xa0);
    model_cap_msix(nic, 0xa0, 4, 0, table, 0);
}

static void place_nic(uint64_t bar0, uint32_t bar4)
{
    guest_conf_write(1, 0, BAR(0), 4, (uint32_t)bar0);
    guest_conf_write(1, 0, BAR(1), 4, bar0 >> 32);
    guest_conf_write(1, 0, BAR(4), 4, bar4);
    guest_conf_write(1, 0, COMMAND, 2, MEM | MASTER);
}

/* ---- enumeration ---- */

static void test_numbers_buses(void **state)
{
    struct model_fn *a, *b, *c, *d;
    struct pci_dev *pdev;

    (void)state;
    a = model_add(NULL, 0x08, 1);
    b = model_add(a, 0x00, 1);
    c = model_add(b, 0x00, 0);
    d = model_add(NULL, 0x10, 1);
    model_set(a, COMMAND, 2, 7);
    model_set(c, COMMAND, 2, 7);
    model_boot();
    assert_int_equal(model_get(a, 0x18, 4), 0x00020100);
    assert_int_equal(model_get(b, 0x18, 4), 0x00020201);
    assert_int_equal(model_get(d, 0x18, 4), 0x00030300);
    pdev = pci_find(PCI_SBDF(0, 2, 0));
    assert_non_null(pdev);
    assert_ptr_equal(pdev->dev.owner, model_d);
    /* Off for good until the guest wants it. */
    assert_int_equal(model_get(a, COMMAND, 2) & 7, 0);
    assert_int_equal(model_get(c, COMMAND, 2) & 7, 0);
}

static void test_keeps_firmware_numbers(void **state)
{
    struct model_fn *a, *b;

    (void)state;
    a = model_add(NULL, 0x08, 1);
    b = model_add(a, 0x00, 0);
    model_set(a, 0x18, 4, 0x00070500);
    model_set(b, COMMAND, 2, 6); /* firmware left it on */
    model_boot();
    assert_int_equal(model_get(a, 0x18, 4), 0x00070500);
    assert_non_null(pci_find(PCI_SBDF(0, 5, 0)));
    assert_int_equal(model_get(b, COMMAND, 2) & MASTER, 0);
}

/* Behind a bridge to conventional PCI everything has the bridge's requester
 * ID; events of one DeviceID differ (the model insists on it). */
static void test_requester_alias(void **state)
{
    struct model_fn *bridge, *x, *y;

    (void)state;
    bridge = model_add(NULL, 0x08, 1);
    model_cap_exp(bridge, 0x40, 7, 0);
    x = model_add(bridge, 0x08, 0);
    y = model_add(bridge, 0x10, 0);
    model_cap_msi(x, 0x80, 0);
    model_cap_msi(y, 0x80, 0);
    model_boot();
    assert_int_equal(pci_find(PCI_SBDF(0, 0, 0x08))->requester_id, 0x0008);
    assert_int_equal(pci_find(PCI_SBDF(0, 1, 0x08))->requester_id, 0x0100);
    assert_int_equal(pci_find(PCI_SBDF(0, 1, 0x10))->requester_id, 0x0100);
    for ( unsigned int devfn = 8; devfn <= 16; devfn += 8 )
    {
        guest_conf_write(1, devfn, 0x8c, 2, MODEL_MSI_FIRST + devfn);
        guest_conf_write(1, devfn, 0x82, 2, 1);
    }
    assert_int_equal(model_vectors, 2);
}

/* A bridge renumbered by the guest moves for the guest only. */
static void test_guest_renumbers(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    guest_conf_write(0, 8, 0x18, 4, 0);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    guest_conf_write(0, 8, 0x18, 4, 0xab090700);
    assert_int_equal(guest_conf_read(0, 8, 0x18, 4), 0xab090700);
    assert_int_equal(guest_conf_read(7, 0, 0, 4), 0x12341b36);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    assert_int_equal(model_get(port, 0x18, 4), 0xab010100);
}

/* ---- BARs ---- */

static void test_sizing(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    guest_conf_write(1, 0, BAR(0), 4, ~0U);
    guest_conf_write(1, 0, BAR(1), 4, ~0U);
    assert_int_equal(guest_conf_read(1, 0, BAR(0), 4), 0xffffc00c);
    assert_int_equal(guest_conf_read(1, 0, BAR(1), 4), 0xffffffff);
    assert_int_equal(guest_conf_read(1, 0, BAR(0), 8), 0xffffffffffffc00cULL);
    assert_int_equal(guest_conf_read(1, 0, BAR(0) + 1, 1), 0xc0);
    assert_int_equal(guest_conf_read(1, 0, BAR(5), 4), 0);
    assert_int_equal(model_nr_mapped(), 0);
}

static void test_bars_follow_the_guest(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    /* 4 pages less the table's, and 256 */
    assert_int_equal(model_nr_mapped(), 3 + 256);
    assert_true(model_mapped(0x8000000000));
    assert_true(model_mapped(0x8000001000));
    assert_false(model_mapped(0x8000002000));
    assert_true(model_mapped(0x8000003000));
    assert_true(model_mapped(0x101ff000));
    assert_int_equal(model_get(nic, COMMAND, 2) & 6, 6);

    /* moved while decoding */
    guest_conf_write(1, 0, BAR(4), 4, 0x10200000);
    assert_false(model_mapped(0x10100000));
    assert_true(model_mapped(0x10200000));

    guest_conf_write(1, 0, COMMAND, 2, MASTER);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(model_get(nic, COMMAND, 2) & 6, MASTER);
    assert_int_equal(guest_read(0x10200000, 4), 0xffffffff);
}

static void test_bars_elsewhere_stay_out(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x08000000, 0x40000000); /* the GIC, RAM */
    assert_int_equal(model_nr_mapped(), 0);
    guest_conf_write(1, 0, BAR(4), 4, 0x20000000);
    assert_int_equal(model_nr_mapped(), 0);
    /* begins in a window, ends outside */
    guest_conf_write(1, 0, BAR(4), 4, 0x1ff00000);
    assert_int_equal(model_nr_mapped(), 0);
    guest_conf_write(1, 0, BAR(4), 4, 0x1fe00000);
    assert_int_equal(model_nr_mapped(), 256);
}

static void test_bars_on_one_another(void **state)
{
    struct model_fn *other;

    (void)state;
    build_nic(0x4000, 0x2000);
    other = model_add(NULL, 0x18, 0);
    model_bar(other, 0, 0x10000, false);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_conf_write(0, 0x18, BAR(0), 4, 0x10110000);
    guest_conf_write(0, 0x18, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 3 + 256);
    /* taking the second away leaves the first */
    guest_conf_write(0, 0x18, COMMAND, 2, 0);
    assert_int_equal(model_nr_mapped(), 3 + 256);

    /* when the first moves, the second is where it was put */
    guest_conf_write(0, 0x18, COMMAND, 2, MEM);
    guest_conf_write(1, 0, BAR(4), 4, 0x10200000);
    assert_int_equal(model_nr_mapped(), 3 + 256 + 16);
    guest_conf_write(1, 0, BAR(4), 4, 0x10100000);
    assert_int_equal(model_nr_mapped(), 3 + 16);
    guest_conf_write(0, 0x18, COMMAND, 2, 0);
    assert_int_equal(model_nr_mapped(), 3 + 256);
}

/* A large one on the last page of which there is another: refused at a glance,
 * however often the guest tries, and when any BAR of its moves. */
static void test_refused_at_a_glance(void **state)
{
    struct model_fn *other;

    (void)state;
    build_nic(0x4000, 0x2000);
    other = model_add(NULL, 0x18, 0);
    model_bar(other, 0, 0x1000, false);
    model_bar(other, 1, 0x100, false);
    model_boot();
    guest_conf_write(0, 0x18, BAR(0), 4, 0x101ff000);
    guest_conf_write(0, 0x18, BAR(1), 4, 0x10300800);
    guest_conf_write(0, 0x18, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 2);
    model_work = 0;
    guest_conf_write(1, 0, BAR(4), 4, 0x10100000);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    for ( unsigned int i = 0; i < 10; i++ )
    {
        guest_conf_write(1, 0, BAR(4), 4, i & 1 ? 0x10300000 : 0x10100000);
        guest_conf_write(0, 0x18, BAR(1), 4, 0x10300800 + 0x100 * (i & 1));
    }
    assert_int_equal(model_nr_mapped(), 2);
    assert_in_range(model_work, 1, 40); /* the small one's page */

    /* between them; then where the second was, as that goes */
    guest_conf_write(1, 0, BAR(4), 4, 0x10200000);
    assert_int_equal(model_nr_mapped(), 2 + 256);
    guest_conf_write(1, 0, BAR(4), 4, 0x10300000);
    assert_int_equal(model_nr_mapped(), 2);
    guest_conf_write(0, 0x18, BAR(1), 4, 0x10400000);
    assert_int_equal(model_nr_mapped(), 2 + 256);
    /* and the small one comes back to the page of the large one */
    guest_conf_write(0, 0x18, BAR(1), 4, 0x10300000);
    assert_int_equal(model_nr_mapped(), 1 + 256);
    guest_conf_write(0, 0x18, COMMAND, 2, 0);
    assert_int_equal(model_nr_mapped(), 256);
}

static void test_small_bars_share_a_page(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 3; i++ )
        model_bar(model_add(NULL, 0x08 * (i + 1), 0), 0, 0x100, false);
    model_boot();
    for ( unsigned int i = 0; i < 3; i++ )
    {
        guest_conf_write(0, 0x08 * (i + 1), BAR(0), 4, 0x10000000 + 0x100 * i);
        guest_conf_write(0, 0x08 * (i + 1), COMMAND, 2, MEM);
        assert_int_equal(model_nr_mapped(), 1);
    }
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_true(model_mapped(0x10000000));
        guest_conf_write(0, 0x08 * (i + 1), COMMAND, 2, 0);
    }
    assert_int_equal(model_nr_mapped(), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    model_no_memory = true;
    place_nic(0x8000000000, 0x10100000);
    assert_int_equal(model_nr_mapped(), 0);
    model_no_memory = false;
    guest_conf_write(1, 0, COMMAND, 2, 0);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 3 + 256);
}

/* ---- interrupts ---- */

#define ENTRY(i) (0x8000002000ULL + 16 * (i))

static uint32_t hw_entry(unsigned int i, unsigned int word)
{
    uint32_t v;

    memcpy(&v, &nic->mem[0x2000 + 16 * i + 4 * word], 4);
    return v;
}

static void guest_entry(unsigned int i, uint32_t data, uint32_t control)
{
    guest_write(ENTRY(i), 4, 0x8020040);
    guest_write(ENTRY(i) + 4, 4, 0);
    guest_write(ENTRY(i) + 8, 4, data);
    guest_write(ENTRY(i) + 12, 4, control);
}

static void expect_entry(unsigned int i, unsigned int virq)
{
    unsigned int v;

    assert_int_equal(hw_entry(i, 0), MODEL_DOORBELL);
    assert_int_equal(hw_entry(i, 1), 0);
    assert_int_equal(hw_entry(i, 3), 0);
    assert_true(model_vector_of(hw_entry(i, 2), &v));
    assert_int_equal(v, virq);
}

static void test_msix(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    assert_int_equal(model_doorbells, 1);
    place_nic(0x8000000000, 0x10100000);

    /* masked: kept for the guest, nothing for the hardware */
    guest_entry(0, 256, 1);
    assert_int_equal(guest_read(ENTRY(0), 4), 0x8020040);
    assert_int_equal(guest_read(ENTRY(0) + 8, 8), 0x100000100);
    assert_int_equal(guest_read(ENTRY(0) + 9, 1), 1);
    assert_int_equal(hw_entry(0, 0), 0);
    assert_int_equal(hw_entry(0, 3), 1);
    assert_int_equal(model_vectors, 0);

    /* on, all masked */
    guest_conf_write(1, 0, 0xa2, 2, 0xc000);
    assert_int_equal(guest_conf_read(1, 0, 0xa0, 4) >> 16, 0xc003);
    assert_int_equal(model_get(nic, 0xa2, 2), 0xc003);
    assert_int_equal(model_vectors, 0);
    guest_write(ENTRY(0) + 12, 4, 0);
    expect_entry(0, 256);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    assert_int_equal(model_get(nic, 0xa2, 2), 0x8003);
    expect_entry(0, 256);
    assert_int_equal(hw_entry(1, 3), 1);

    /* another message, by 8-byte stores */
    guest_write(ENTRY(2), 8, 0x8020040);
    guest_write(ENTRY(2) + 8, 8, 258);
    expect_entry(2, 258);
    guest_write(ENTRY(2) + 8, 4, 259);
    expect_entry(2, 259);
    assert_int_equal(model_vectors, 2);

    /* masked: at the function */
    guest_write(ENTRY(0) + 12, 4, 1);
    assert_int_equal(hw_entry(0, 3), 1);
    guest_write(ENTRY(0) + 12, 4, 0);
    expect_entry(0, 256);

    /* a number that is not of its v2m frame */
    guest_write(ENTRY(2) + 8, 4, 40);
    assert_int_equal(hw_entry(2, 3), 1);
    assert_int_equal(model_vectors, 1);

    /* beside the table: the registers themselves */
    guest_write(0x8000002800, 4, 0xabcd);
    assert_int_equal(nic->mem[0x2800], 0xcd);
    assert_int_equal(guest_read(0x8000002800, 2), 0xabcd);

    /* off, and on again, as it was */
    guest_conf_write(1, 0, 0xa2, 2, 0);
    assert_int_equal(model_get(nic, 0xa2, 2), 3);
    assert_int_equal(guest_conf_read(1, 0, 0xa2, 2), 3);
    guest_conf_write(1, 0, 0xa2, 2, 0xffff);
    assert_int_equal(model_get(nic, 0xa2, 2), 0xc003);
    expect_entry(0, 256);
    assert_int_equal(hw_entry(1, 3), 1);
    assert_int_equal(model_vectors, 1);
}

/* The vectors of a frame are few: what is masked when MSI-X goes off needs
 * none. */
static void test_msix_few(void **state)
{
    (void)state;
    model_isolated = false;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    guest_entry(0, 256, 0);
    guest_entry(1, 257, 0);
    guest_write(ENTRY(1) + 12, 4, 1);
    assert_int_equal(model_vectors, 2); /* one may be on its way */
    guest_conf_write(1, 0, 0xa2, 2, 0);
    assert_int_equal(model_vectors, 1);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    expect_entry(0, 256);
    assert_int_equal(hw_entry(1, 3), 1);
    guest_write(ENTRY(1) + 12, 4, 0);
    expect_entry(1, 257);
}

/* The largest table: no access of the guest concerns all of it. */
static void test_msix_many(void **state)
{
    static const uint16_t control[] = {0xc000, 0x8000, 0,      0x8000,
                                       0xc000, 0x4000, 0x8000, 0};
    const unsigned int nr = 2048;
    struct device *conflict;
    struct model_fn *fn;
    unsigned int reset;
    int rc;

    (void)state;
    fn = model_add(NULL, 0x08, 0);
    model_bar(fn, 0, 0x8000, true);
    model_cap_msix(fn, 0x40, nr, 0, 0, 0);
    model_boot();
    guest_conf_write(0, 8, BAR(0), 4, 0);
    guest_conf_write(0, 8, BAR(1), 4, 0x80);
    guest_conf_write(0, 8, COMMAND, 2, MEM | MASTER);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        model_work = 0;
        guest_write(0x8000000008 + 16 * i, 4, MODEL_MSI_FIRST + i % 32);
        guest_write(0x800000000c + 16 * i, 4, 0);
        assert_in_range(model_work, 1, 10);
    }
    for ( unsigned int i = 0; i < nr; i += 2 )
        guest_write(0x800000000c + 16 * i, 4, 1);
    assert_int_equal(model_vectors, nr);
    model_work = 0;
    for ( unsigned int i = 0; i < ARRAY_SIZE(control); i++ )
    {
        guest_conf_write(0, 8, 0x42, 2, control[i]);
        assert_int_equal(guest_conf_read(0, 8, 0x42, 2), control[i] | 0x7ff);
    }
    guest_conf_write(0, 8, COMMAND, 2, 0);
    guest_conf_write(0, 8, COMMAND, 2, MEM);
    guest_conf_write(0, 8, BAR(1), 4, 0x81);
    assert_int_equal(model_work, 0);
    assert_int_equal(model_vectors, nr);
    /* nor does a step of its way out; until that is over nobody has it */
    do
    {
        model_work = 0;
        rc = pci_quarantine(PCI_SBDF(0, 0, 8), &reset, &conflict);
        assert_in_range(model_work, 0, 200);
        assert_int_equal(guest_conf_read(0, 8, 0, 4), 0xffffffff);
        assert_int_equal(!pci_find(PCI_SBDF(0, 0, 8))->dev.owner, !rc);
        model_advance(1);
    } while ( rc == -ERESTART );
    assert_int_equal(rc, 0);
    assert_int_equal(model_vectors, 0);
    assert_null(pci_find(PCI_SBDF(0, 0, 8))->dev.owner);
    assert_int_equal(model_get(fn, COMMAND, 2) & MASTER, 0);
}

/* A reset clears the hardware; writing it all again brings it back. */
static void test_msix_after_reset(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_entry(1, 257, 0);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    expect_entry(1, 257);
    memset(&nic->mem[0x2000], 0, 64);
    for ( unsigned int i = 0; i < 4; i++ )
        nic->mem[0x200c + 16 * i] = 1;
    model_set(nic, COMMAND, 2, 0);
    model_set(nic, BAR(0), 4, 0xc);
    model_set(nic, BAR(1), 4, 0);
    model_set(nic, 0xa2, 2, 3);

    place_nic(0x8000000000, 0x10100000);
    guest_conf_write(1, 0, 0xa2, 2, 0xc000);
    guest_entry(1, 257, 0);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    expect_entry(1, 257);
    assert_int_equal(model_get(nic, 0xa2, 2), 0x8003);
}

static void test_msi(void **state)
{
    unsigned int virq;

    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    /* one message is offered, whatever the function can */
    assert_int_equal(guest_conf_read(1, 0, 0x82, 2), 0x80);
    guest_conf_write(1, 0, 0x82, 2, 1);
    assert_int_equal(model_get(nic, 0x82, 2) & 1, 0); /* no message yet */
    guest_conf_write(1, 0, 0x84, 4, 0x8020040);
    guest_conf_write(1, 0, 0x88, 4, 0);
    guest_conf_write(1, 0, 0x8c, 2, 260);
    assert_int_equal(model_get(nic, 0x82, 2) & 0x71, 1);
    assert_int_equal(model_get(nic, 0x84, 4), MODEL_DOORBELL);
    assert_true(model_vector_of(model_get(nic, 0x8c, 2), &virq));
    assert_int_equal(virq, 260);
    assert_int_equal(guest_conf_read(1, 0, 0x84, 4), 0x8020040);
    assert_int_equal(guest_conf_read(1, 0, 0x8c, 2), 260);
    assert_int_equal(guest_conf_read(1, 0, 0x80, 4), 0x0081a005);

    guest_conf_write(1, 0, 0x82, 2, 0);
    assert_int_equal(model_get(nic, 0x82, 2) & 1, 0);
    assert_int_equal(model_vectors, 0);
}

/* ---- what a guest does not see ---- */

static void test_hidden_capabilities(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_set(nic, 0x100, 4, 0x1401000f); /* ATS, next 0x140 */
    model_set(nic, 0x104, 4, 0x80000020);
    model_set(nic, 0x140, 4, 0x18010001); /* AER, next 0x180 */
    model_set(nic, 0x180, 4, 0x00010010); /* SR-IOV */
    model_boot();
    assert_int_equal(guest_conf_read(1, 0, 0x100, 4), 0x14000000);
    assert_int_equal(guest_conf_read(1, 0, 0x104, 4), 0);
    guest_conf_write(1, 0, 0x106, 2, 0x8000);
    assert_int_equal(model_get(nic, 0x104, 4), 0x80000020);
    assert_int_equal(guest_conf_read(1, 0, 0x140, 4), 0x18010001);
    assert_int_equal(guest_conf_read(1, 0, 0x180, 4), 0);
    guest_conf_write(1, 0, 0x188, 2, 1);
    assert_int_equal(model_get(nic, 0x188, 2), 0);
}

static void test_removal(void **state)
{
    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_entry(1, 257, 0);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    assert_int_equal(model_vectors, 1);
    assert_int_equal(vpci_remove_function(pci_find(PCI_SBDF(0, 1, 0))), 0);
    assert_int_equal(model_vectors, 0);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(model_get(nic, COMMAND, 2) & 7, 0);
    assert_int_equal(model_get(nic, 0xa2, 2) & 0x8000, 0);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
}

/* A slot: pulled out while it works, then another function in its place. */
static void test_hot_plug(void **state)
{
    struct model_fn *other;

    (void)state;
    build_nic(0x4000, 0x2000);
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_entry(1, 257, 0);
    guest_conf_write(1, 0, 0xa2, 2, 0x8000);
    model_remove(nic);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    assert_int_equal(model_vectors, 0);
    assert_int_equal(model_nr_mapped(), 0);
    assert_null(pci_find(PCI_SBDF(0, 1, 0))->dev.owner);

    other = model_add(port, 0, 0);
    model_bar(other, 2, 0x2000, false);
    assert_int_equal(guest_conf_read(1, 0, 0, 2), 0x1b36);
    assert_ptr_equal(pci_find(PCI_SBDF(0, 1, 0))->dev.owner, model_d);
    guest_conf_write(1, 0, BAR(2), 4, 0x10000000);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 2);

    /* replaced by its like while nobody looked */
    model_remove(other);
    other = model_add(port, 0, 0);
    model_bar(other, 2, 0x8000, false);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    assert_int_equal(model_nr_mapped(), 0);
    guest_conf_write(1, 0, BAR(2), 4, 0x10000000);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 8);
}

/* ---- functions of domUs ---- */

#define U          model_u[0]
#define DEVFN      0x08U /* slot 1, which it gets when it asks for any */
#define UMEM       0x23000000U
#define UPREFETCH  0x100000000ULL
#define INTX(s, p) (PX_VPCI_INTX_IRQ + ((s) + (p)) % 4)
#define NIC        PCI_SBDF(0, 1, 0)

/* Call until it is over; how many times. */
#define finish(call)                                                           \
    ({                                                                         \
        int rc_;                                                               \
        while ( (rc_ = (call)) == -ERESTART )                                  \
            model_advance(5);                                                  \
        rc_;                                                                   \
    })

static int quarantine(pci_sbdf_t sbdf)
{
    struct device *conflict;
    unsigned int reset;

    return finish(pci_quarantine(sbdf, &reset, &conflict));
}

static int attach(struct domain *d, pci_sbdf_t sbdf, unsigned int flags)
{
    unsigned int slot = PX_NO_INDEX;
    struct device *conflict;
    domid_t owner;

    return pci_attach(d, sbdf, flags, &slot, &owner, &conflict);
}

static int detach(struct domain *d, pci_sbdf_t sbdf)
{
    unsigned int reset;

    return finish(pci_detach(d, sbdf, &reset));
}

static int release(pci_sbdf_t sbdf)
{
    struct device *conflict;
    unsigned int reset;

    return finish(pci_release(sbdf, &reset, &conflict));
}

/* dom0 has used the card and let go of it. */
static void give_nic(bool flr)
{
    build_nic(0x4000, 0x2000);
    model_cap_pm(nic, 0xc0, false, 0);
    nic->cfg[0xa1] = 0xc0;
    if ( flr )
        nic->cfg[0x47] |= 0x10;
    model_boot();
    place_nic(0x8000000000, 0x10100000);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    assert_int_equal(quarantine(NIC), 0);
}

static uint32_t conf(unsigned int reg, unsigned int size)
{
    return (uint32_t)guest_conf_read(0, DEVFN, reg, size);
}

static void attach_nic(void)
{
    give_nic(true);
    assert_int_equal(attach(U, NIC, 0), 0);
    model_view(U);
}

static void place_guest_nic(uint64_t bar0, uint32_t bar4)
{
    guest_conf_write(0, DEVFN, BAR(0), 4, (uint32_t)bar0);
    guest_conf_write(0, DEVFN, BAR(1), 4, bar0 >> 32);
    guest_conf_write(0, DEVFN, BAR(4), 4, bar4);
    guest_conf_write(0, DEVFN, COMMAND, 2, MEM | MASTER);
}

static void test_owners(void **state)
{
    unsigned int slot = PX_NO_INDEX, reset;
    struct device *conflict;
    struct pci_dev *pdev;
    domid_t owner;

    (void)state;
    give_nic(true);
    pdev = pci_find(NIC);
    assert_null(pdev->dev.owner);
    assert_int_equal(nic->resets, 1);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    /* it keeps its place on the machine */
    assert_int_equal(model_get(nic, BAR(0), 4), 0x0000000c);
    assert_int_equal(model_get(nic, BAR(1), 4), 0x80);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);

    assert_int_equal(pci_attach(U, NIC, 0, &slot, &owner, &conflict), 0);
    assert_int_equal(slot, DEVFN);
    assert_ptr_equal(pdev->dev.owner, U);
    assert_int_equal(attach(model_u[1], NIC, 0), -EBUSY);
    assert_int_equal(pci_attach(model_u[1], NIC, 0, &slot, &owner, &conflict),
                     -EBUSY);
    assert_int_equal(owner, U->domain_id);
    assert_int_equal(quarantine(NIC), -EBUSY);
    assert_int_equal(release(NIC), -EBUSY);
    assert_int_equal(detach(model_u[1], NIC), -ENODEV);

    assert_int_equal(pci_detach(U, NIC, &reset), -ERESTART);
    assert_ptr_equal(pdev->dev.owner, U); /* until it is reset */
    assert_int_equal(attach(U, NIC, 0), -EBUSY);
    assert_int_equal(finish(pci_detach(U, NIC, &reset)), 0);
    assert_int_equal(reset, PX_RESET_FLR);
    assert_int_equal(nic->resets, 2);
    assert_null(pdev->dev.owner);
    slot = 5;
    assert_int_equal(pci_attach(model_u[1], NIC, 0, &slot, &owner, &conflict),
                     0);
    assert_int_equal(slot, 5 << 3);
    assert_int_equal(detach(model_u[1], NIC), 0);
    /* any slot: not at once the one that U had before */
    slot = PX_NO_INDEX;
    assert_int_equal(pci_attach(U, NIC, 0, &slot, &owner, &conflict), 0);
    assert_int_equal(slot, 2 << 3);
    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(release(NIC), 0);
    assert_ptr_equal(pdev->dev.owner, model_d);
    model_view(model_d);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    assert_int_equal(guest_conf_read(1, 0, BAR(4), 4), 0x10100000);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 3 + 256);
}

static void test_refused(void **state)
{
    struct device *conflict;
    unsigned int slot = 32, reset;
    domid_t owner;

    (void)state;
    build_nic(0x4000, 0x2000);
    nic->cfg[0x47] |= 0x10;
    model_boot();
    assert_int_equal(pci_quarantine(PCI_SBDF(0, 0, 8), &reset, &conflict),
                     -EPERM);
    assert_int_equal(pci_quarantine(PCI_SBDF(0, 3, 8), &reset, &conflict),
                     -ENODEV);
    assert_int_equal(attach(U, NIC, 0), -EBUSY); /* dom0's */
    /* dom0 never gave it addresses */
    assert_int_equal(quarantine(NIC), 0);
    assert_int_equal(attach(U, NIC, 0), -EADDRNOTAVAIL);
    assert_int_equal(release(NIC), 0);
    place_nic(0x8000000000, 0x10100000);
    assert_int_equal(quarantine(NIC), 0);
    assert_int_equal(attach(hardware_domain, NIC, 0), -EINVAL);
    assert_int_equal(pci_attach(U, NIC, 0, &slot, &owner, &conflict), -ENOSPC);
    pci_find(NIC)->dev.unit = NULL;
    assert_int_equal(attach(U, NIC, 0), -EOPNOTSUPP);
    pci_find(NIC)->dev.unit = (struct iommu_unit *)(uintptr_t)64;
    model_ram_at_doorbell = true;
    assert_int_equal(attach(U, NIC, 0), -EADDRNOTAVAIL);
    assert_null(pci_find(NIC)->dev.owner);
    model_ram_at_doorbell = false;
    U->is_dying = true;
    assert_int_equal(attach(U, NIC, 0), -ESRCH);
    U->is_dying = false;
    assert_int_equal(attach(U, NIC, 0), 0);
}

/* By allowing: the header, four capabilities, nothing else. */
static void test_guest_config(void **state)
{
    (void)state;
    give_nic(true);
    model_set(nic, 0x0e, 1, 0x80); /* more functions on the machine */
    model_set(nic, 0x60, 4, 0xdeadbeef);
    model_set(nic, 0x100, 4, 0x00010003);
    assert_int_equal(attach(U, NIC, 0), 0);
    model_view(U);
    assert_int_equal(guest_conf_read(0, 0, 0, 4), 0xffffffff);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    assert_int_equal(conf(0, 4), 0x12341b36);
    assert_int_equal(conf(0x0e, 1), 0);
    assert_int_equal(conf(0x34, 1), 0x40);
    assert_int_equal(conf(0x41, 1), 0x80);
    assert_int_equal(conf(0x81, 1), 0xa0);
    assert_int_equal(conf(0xa1, 1), 0xc0);
    assert_int_equal(conf(0xc1, 1), 0);
    assert_int_equal(conf(0x42, 2) >> 4 & 0xf, 9);
    assert_int_equal(conf(0x44, 4), 0x10000000);
    assert_int_equal(conf(0xa4, 4), 0x2000); /* table */
    assert_int_equal(conf(0x60, 4), 0);
    guest_conf_write(0, DEVFN, 0x60, 4, 1);
    assert_int_equal(model_get(nic, 0x60, 4), 0xdeadbeef);
    assert_int_equal(conf(0x100, 4), 0);
    assert_int_equal(conf(0x3c, 2), 0x100);
    guest_conf_write(0, DEVFN, 0x3c, 1, 7);
    assert_int_equal(conf(0x3c, 2), 0x107);

    /* D3hot is the guest's idea alone */
    guest_conf_write(0, DEVFN, 0xc4, 2, 3);
    assert_int_equal(conf(0xc4, 2), 0x000b);
    assert_int_equal(model_get(nic, 0xc4, 2) & 3, 0);
    assert_int_equal(conf(0xc2, 2), 3);

    /* no parity, no SERR, no I/O */
    guest_conf_write(0, DEVFN, COMMAND, 2, 0xffff);
    assert_int_equal(conf(COMMAND, 2), 0x0406);
    assert_int_equal(model_get(nic, COMMAND, 2), 0x0406);
}

static void test_guest_bars(void **state)
{
    uint64_t ma;

    (void)state;
    attach_nic();
    guest_conf_write(0, DEVFN, BAR(0), 4, ~0U);
    guest_conf_write(0, DEVFN, BAR(1), 4, ~0U);
    assert_int_equal(conf(BAR(0), 4), 0xffffc00c);
    assert_int_equal(conf(BAR(1), 4), 0xffffffff);
    place_guest_nic(UPREFETCH, UMEM);
    assert_int_equal(model_nr_mapped(), 3 + 256);
    assert_true(model_mapped_to(UPREFETCH + 0x1000, &ma));
    assert_int_equal(ma, 0x8000001000);
    assert_false(model_mapped(UPREFETCH + 0x2000)); /* the table */
    assert_true(model_mapped_to(UMEM + 0xff000, &ma));
    assert_int_equal(ma, 0x101ff000);
    /* the hardware stays where it was */
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
    assert_int_equal(model_get(nic, BAR(1), 4), 0x80);

    guest_conf_write(0, DEVFN, BAR(4), 4, UMEM + 0x100000);
    assert_false(model_mapped(UMEM));
    assert_true(model_mapped_to(UMEM + 0x100000, &ma));
    assert_int_equal(ma, 0x10100000);
    /* outside the windows: nowhere */
    guest_conf_write(0, DEVFN, BAR(4), 4, 0x40000000);
    assert_int_equal(model_nr_mapped(), 3);
    guest_conf_write(0, DEVFN, BAR(4), 4, UMEM + 0x10000000 - 0x80000);
    assert_int_equal(model_nr_mapped(), 3 + 256);
    assert_true(model_mapped(UMEM + 0xff00000)); /* aligned by its size */

    /* beside the table, and the table itself */
    guest_write(UPREFETCH + 0x2800, 4, 0xabcd);
    assert_int_equal(nic->mem[0x2800], 0xcd);
    guest_write(UPREFETCH + 0x2008, 4, 256);
    assert_int_equal(nic->mem[0x2008], 0);

    /* A page that another vCPU had mapped meanwhile: the guest's own access. */
    assert_int_equal(guest_late_write(UPREFETCH + 0x1000, 4, 0xabcd), -EAGAIN);
    assert_int_equal(nic->mem[0x1000], 0);

    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
}

/* One run of a BAR is mapped, the other one cannot be: neither stays. */
static void test_guest_bars_half_mapped(void **state)
{
    (void)state;
    attach_nic();
    place_guest_nic(UPREFETCH, 0);
    assert_int_equal(model_nr_mapped(), 3);
    guest_conf_write(0, DEVFN, COMMAND, 2, 0);
    assert_int_equal(p2m_map_range(U, _gfn((UPREFETCH >> 12) + 3), 1, _mfn(1),
                                   P2M_MMIO_DIRECT),
                     0);
    guest_conf_write(0, DEVFN, COMMAND, 2, MEM);
    assert_int_equal(model_nr_mapped(), 1);
    assert_false(model_mapped(UPREFETCH));
    p2m_unmap_range(U, _gfn((UPREFETCH >> 12) + 3), 1);
}

/* Two functions share a page of the machine; each domain gets its part. */
static void test_guest_small_bars(void **state)
{
    struct model_fn *a, *b;

    (void)state;
    a = model_add(NULL, 0x18, 0);
    b = model_add(NULL, 0x20, 0);
    model_bar(a, 0, 0x100, false);
    model_bar(b, 0, 0x100, false);
    a->mem[0x10] = 0xaa;
    b->mem[0x10] = 0xbb;
    model_boot();
    guest_conf_write(0, 0x18, BAR(0), 4, 0x10000000);
    guest_conf_write(0, 0x20, BAR(0), 4, 0x10000100);
    assert_int_equal(quarantine(PCI_SBDF(0, 0, 0x18)), 0);
    assert_int_equal(quarantine(PCI_SBDF(0, 0, 0x20)), 0);
    assert_int_equal(attach(U, PCI_SBDF(0, 0, 0x18), 0), 0);
    assert_int_equal(attach(model_u[1], PCI_SBDF(0, 0, 0x20), 0), 0);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        model_view(model_u[i]);
        guest_conf_write(0, DEVFN, BAR(0), 4, ~0U);
        assert_int_equal(conf(BAR(0), 4), 0xfffff000);
        guest_conf_write(0, DEVFN, BAR(0), 4, UMEM);
        guest_conf_write(0, DEVFN, COMMAND, 2, MEM);
        assert_int_equal(model_nr_mapped(), 0);
        assert_int_equal(guest_read(UMEM + 0x10, 1), i ? 0xbb : 0xaa);
        assert_int_equal(guest_read(UMEM + 0x110, 1), 0xff);
        guest_write(UMEM + 0x110, 1, 0x55);
    }
    assert_int_equal(a->mem[0x10], 0xaa);
    assert_int_equal(b->mem[0x10], 0xbb);
}

/* A function level reset by the guest: away for a while, then as new. */
static void test_guest_flr(void **state)
{
    (void)state;
    attach_nic();
    place_guest_nic(UPREFETCH, UMEM);
    guest_write(UPREFETCH + 0x2008, 4, 257);
    guest_write(UPREFETCH + 0x200c, 4, 0);
    guest_conf_write(0, DEVFN, 0xa2, 2, 0x8000);
    assert_int_equal(model_vectors, 1);
    guest_conf_write(0, DEVFN, 0x48, 2, 0x8000);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(conf(0, 4), 0xffffffff);
    guest_conf_write(0, DEVFN, COMMAND, 2, MEM); /* too early */
    model_advance(20);
    assert_int_equal(conf(COMMAND, 4), 0xffffffff);
    assert_int_equal(nic->resets, 2);
    model_advance(150);
    (void)conf(0, 4);
    (void)conf(0, 4);
    assert_int_equal(conf(0, 4), 0x12341b36);
    assert_int_equal(conf(COMMAND, 2), 0);
    assert_int_equal(conf(BAR(4), 4), 0);
    assert_int_equal(conf(0xa2, 2), 3);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
    place_guest_nic(UPREFETCH, UMEM);
    assert_int_equal(model_nr_mapped(), 3 + 256);
    assert_int_equal(guest_read(UPREFETCH + 0x2008, 8), 0x100000000);
    assert_int_equal(hw_entry(0, 3), 1);
    /* another message than before */
    guest_conf_write(0, DEVFN, 0xa2, 2, 0x8000);
    guest_write(UPREFETCH + 0x2008, 4, 258);
    guest_write(UPREFETCH + 0x200c, 4, 0);
    expect_entry(0, 258);
    assert_int_equal(model_vectors, 1);
    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(model_vectors, 0);
}

/* A function that says it is where another one is does not get its guest
 * there: dom0's, or another guest's. */
static void test_bars_of_a_liar(void **state)
{
    pci_sbdf_t liar = PCI_SBDF(0, 0, 0x30);
    struct model_fn *fn;

    (void)state;
    fn = model_add(NULL, 0x30, 0);
    model_bar(fn, 0, 0x4000, false);
    attach_nic();
    assert_int_equal(quarantine(liar), 0);
    assert_int_equal(attach(model_u[1], liar, 0), -EADDRNOTAVAIL);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(release(liar), 0);
        model_set(fn, BAR(0), 4, 0x101fc000); /* the end of BAR 4 */
        assert_int_equal(quarantine(liar), 0);
        assert_int_equal(attach(model_u[1], liar, 0), -EADDRNOTAVAIL);
        if ( i )
            break;
        assert_int_equal(detach(U, NIC), 0);
        assert_int_equal(release(NIC), 0);
        model_view(model_d);
        guest_conf_write(1, 0, COMMAND, 2, MEM);
    }
    guest_conf_write(1, 0, COMMAND, 2, 0);
    assert_int_equal(attach(model_u[1], liar, 0), 0);
    assert_int_equal(detach(model_u[1], liar), 0);
    assert_int_equal(release(liar), 0);
    guest_conf_write(1, 0, COMMAND, 2, MEM);
    model_set(fn, BAR(0), 4, 0x10200000); /* beside it */
    assert_int_equal(quarantine(liar), 0);
    assert_int_equal(attach(model_u[1], liar, 0), 0);
}

/* ---- resets ---- */

static void test_reset_kinds(void **state)
{
    struct pci_dev *pdev;

    (void)state;
    give_nic(false);
    pdev = pci_find(NIC);
    assert_int_equal(nic->resets, 1);
    assert_int_equal(pdev->reset.kind, PX_RESET_BUS);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
    assert_int_equal(model_get(port, 0x3e, 2) & 0x40, 0);
    /* somebody else behind the same port */
    assert_int_equal(pci_reset_kind(pdev), PX_RESET_BUS);
    model_add(port, 0x08, 0);
    assert_int_equal(release(NIC), 0);
    model_view(model_d);
    (void)guest_conf_read(1, 8, 0, 4);
    assert_int_equal(pci_reset_kind(pdev), PX_RESET_NONE);
    model_set(nic, 0xc4, 2, 0); /* its power state resets it */
    assert_int_equal(pci_reset_kind(pdev), PX_RESET_PM);
    assert_int_equal(quarantine(NIC), 0);
    assert_int_equal(nic->resets, 2);
    assert_int_equal(pdev->reset.kind, PX_RESET_PM);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
    /* left asleep by dom0's driver */
    assert_int_equal(release(NIC), 0);
    model_set(nic, 0xc4, 2, 0x000b);
    assert_int_equal(quarantine(NIC), 0);
    assert_int_equal(model_get(nic, 0xc4, 2), 0x0008);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);
}

/* One that never comes back holds nobody up for ever. */
static void test_reset_without_end(void **state)
{
    unsigned int reset, calls = 0;

    (void)state;
    attach_nic();
    while ( pci_detach(U, NIC, &reset) == -ERESTART )
    {
        nic->silent_until = INT64_MAX;
        model_advance(10);
        assert_true(++calls < 200);
    }
    assert_null(pci_find(NIC)->dev.owner);
    nic->silent_until = 0;
}

/* Two on a bus: one is not given away while the other one's reset hits it. */
static void test_reset_of_neighbour(void **state)
{
    pci_sbdf_t x = PCI_SBDF(0, 1, 0x08), y = PCI_SBDF(0, 1, 0x10);
    struct model_fn *fn;
    unsigned int reset;

    (void)state;
    port = model_add(NULL, 0x08, 1);
    model_cap_exp(port, 0x40, 4, 0);
    model_add(port, 0x08, 0);
    fn = model_add(port, 0x10, 0);
    model_boot();
    assert_int_equal(quarantine(x), 0);
    assert_int_equal(quarantine(y), 0);
    assert_int_equal(attach(U, x, 0), 0);
    assert_int_equal(pci_detach(U, x, &reset), -ERESTART);
    assert_int_equal(attach(model_u[1], y, 0), -ERESTART);
    while ( attach(model_u[1], y, 0) == -ERESTART )
        model_advance(5);
    model_view(model_u[1]);
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER);
    assert_int_equal(detach(U, x), 0);
    assert_int_equal(model_get(fn, COMMAND, 2) & MASTER, MASTER);
}

/* Taken away while the reset that its guest asked for goes on: that one is
 * waited for, and what it lost comes back. */
static void test_reset_by_both(void **state)
{
    unsigned int reset, calls = 0;

    (void)state;
    attach_nic();
    guest_conf_write(0, DEVFN, 0x48, 2, 0x8000);
    (void)conf(0, 4); /* it begins */
    assert_int_equal(nic->resets, 2);
    while ( pci_detach(U, NIC, &reset) == -ERESTART )
    {
        model_advance(10);
        calls++;
    }
    assert_in_range(calls, 5, 20);
    assert_int_equal(nic->resets, 2);
    assert_int_equal(model_get(nic, BAR(4), 4), 0x10100000);

    /* or while it is silent for another reason */
    assert_int_equal(attach(U, NIC, 0), 0);
    nic->silent_until = NOW() + 60 * 1000000;
    pci_find(NIC)->bridge = NULL; /* nobody looks whether it left */
    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(nic->resets, 3);
}

/* Its guest made it forget everything, so that it looks like another one. */
static void test_reset_before_found(void **state)
{
    (void)state;
    attach_nic();
    place_guest_nic(UPREFETCH, UMEM);
    model_set(nic, COMMAND, 2, MASTER);
    model_view(model_d);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    assert_null(pci_find(NIC)->dev.owner);
    assert_int_equal(model_get(nic, COMMAND, 2) & MASTER, 0);
    for ( unsigned int i = 0; i < 5; i++ )
    {
        model_advance(60);
        (void)guest_conf_read(1, 0, 0, 4);
    }
    assert_int_equal(nic->resets, 2);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    assert_ptr_equal(pci_find(NIC)->dev.owner, model_d);
}

/* ---- groups ---- */

static void test_groups(void **state)
{
    struct model_fn *bridge, *multi[2];
    pci_sbdf_t x = PCI_SBDF(0, 1, 0x08), y = PCI_SBDF(0, 1, 0x10);
    pci_sbdf_t m = PCI_SBDF(0, 0, 0x30);
    struct device *conflict;
    unsigned int reset, slot = PX_NO_INDEX;
    domid_t owner;

    (void)state;
    bridge = model_add(NULL, 0x08, 1);
    model_cap_exp(bridge, 0x40, 7, 0);
    model_add(bridge, 0x08, 0);
    model_add(bridge, 0x10, 0);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        multi[i] = model_add(NULL, 0x30 + i, 0);
        multi[i]->cfg[0x0e] = 0x80;
    }
    model_boot();

    /* dom0 still uses the other one */
    guest_conf_write(1, 0x10, COMMAND, 2, MASTER);
    assert_int_equal(pci_quarantine(x, &reset, &conflict), -EXDEV);
    assert_ptr_equal(conflict, &pci_find(y)->dev);
    guest_conf_write(1, 0x10, COMMAND, 2, 0);
    assert_int_equal(quarantine(x), 0);
    assert_null(pci_find(y)->dev.owner);
    assert_null(pci_find(y)->vpci);

    assert_int_equal(attach(U, x, 0), 0);
    assert_int_equal(pci_attach(model_u[1], y, 0, &slot, &owner, &conflict),
                     -EXDEV);
    assert_ptr_equal(conflict, &pci_find(x)->dev);
    assert_int_equal(release(y), -EBUSY);
    assert_int_equal(attach(U, y, 0), 0);
    assert_int_equal(detach(U, x), 0);
    assert_ptr_equal(pci_find(y)->dev.owner, U);
    assert_int_equal(attach(model_u[1], x, 0), -EXDEV);
    assert_int_equal(detach(U, y), 0);
    assert_null(pci_find(x)->dev.owner);
    assert_int_equal(release(x), 0);
    assert_ptr_equal(pci_find(y)->dev.owner, model_d);

    /* functions of one device that do not keep apart: no ACS */
    assert_int_equal(quarantine(m), 0);
    assert_null(pci_find(PCI_SBDF(0, 0, 0x31))->dev.owner);
}

/* Whatever order the functions of a group leave in: none is left half-way. */
static void test_groups_leave(void **state)
{
    pci_sbdf_t a = PCI_SBDF(0, 0, 0x30), b = PCI_SBDF(0, 0, 0x31);
    struct model_fn *fn[2];
    unsigned int reset;

    (void)state;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        fn[i] = model_add(NULL, 0x30 + i, 0);
        fn[i]->cfg[0x0e] = 0x80;
        model_cap_exp(fn[i], 0x40, 9, 0);
        fn[i]->cfg[0x47] |= 0x10;
    }
    model_boot();
    assert_int_equal(quarantine(a), 0);

    /* its owner dies; it used one, then both of them */
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(attach(U, a, 0), 0);
        if ( i )
            assert_int_equal(attach(U, b, 0), 0);
        assert_int_equal(finish(pci_domain_release(U)), 0);
        assert_null(pci_find(a)->dev.owner);
        assert_null(pci_find(b)->dev.owner);
        assert_false(pci_find(a)->leaving || pci_find(b)->leaving);
    }

    /* two detaches at a time: the group is its owner's to the end of both */
    assert_int_equal(attach(U, a, 0), 0);
    assert_int_equal(attach(U, b, 0), 0);
    assert_int_equal(pci_detach(U, a, &reset), -ERESTART);
    model_advance(120);
    assert_int_equal(pci_detach(U, b, &reset), -ERESTART);
    assert_int_equal(detach(U, a), 0);
    assert_ptr_equal(pci_find(b)->dev.owner, U);
    assert_int_equal(detach(U, b), 0);
    assert_null(pci_find(a)->dev.owner);
    assert_int_equal(attach(model_u[1], b, 0), 0);
}

/* ---- pins ---- */

static void test_intx(void **state)
{
    (void)state;
    attach_nic();
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER);
    model_intx(nic, true);
    assert_true(model_virq(U, INTX(1, 0)));
    assert_int_equal(model_get(nic, COMMAND, 2) & 0x400, 0x400);
    assert_int_equal(conf(COMMAND, 2) & 0x400, 0); /* ours, not its */
    assert_int_equal(conf(6, 2) & 8, 8);
    /* ended, but still asserted: once more */
    model_eoi(U, INTX(1, 0));
    assert_true(model_virq(U, INTX(1, 0)));
    model_intx(nic, false);
    model_eoi(U, INTX(1, 0));
    assert_false(model_virq(U, INTX(1, 0)));
    assert_int_equal(model_get(nic, COMMAND, 2) & 0x400, 0);

    /* the guest's own Interrupt Disable stays */
    model_intx(nic, true);
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER | 0x400);
    model_eoi(U, INTX(1, 0));
    assert_int_equal(model_get(nic, COMMAND, 2) & 0x400, 0x400);
    assert_false(model_virq(U, INTX(1, 0)));
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER);
    assert_true(model_virq(U, INTX(1, 0)));
    /* taken away with its line up */
    assert_int_equal(detach(U, NIC), 0);
    assert_false(model_virq(U, INTX(1, 0)));
}

/* One line, functions of two domains and of dom0: each hears its own only. */
static void test_intx_shared(void **state)
{
    struct model_fn *fn[3];

    (void)state;
    for ( unsigned int i = 0; i < 3; i++ )
        fn[i] = model_add(NULL, 0x20 * (i + 1), 0);
    model_boot();
    for ( unsigned int i = 0; i < 2; i++ )
    {
        assert_int_equal(quarantine(PCI_SBDF(0, 0, 0x20 * (i + 1))), 0);
        assert_int_equal(attach(model_u[i], PCI_SBDF(0, 0, 0x20 * (i + 1)), 0),
                         0);
    }
    model_intx(fn[1], true);
    assert_false(model_virq(U, INTX(1, 0)));
    assert_true(model_virq(model_u[1], INTX(1, 0)));
    assert_false(model_virq(model_d, 35));
    model_intx(fn[2], true);
    assert_true(model_virq(model_d, 35));
    model_eoi(model_d, 35);
    assert_true(model_virq(model_d, 35));
    assert_true(model_virq(model_u[1], INTX(1, 0)));
    /* the second one's guest never ends it: the others do not notice */
    model_intx(fn[0], true);
    assert_true(model_virq(U, INTX(1, 0)));
    for ( unsigned int i = 0; i < 3; i++ )
        fn[i]->intx = false;
    model_eoi(U, INTX(1, 0));
    model_eoi(model_d, 35);
    assert_false(model_virq(model_d, 35));
}

/* A function that fires at every end is held back, and comes again. */
static void test_intx_storm(void **state)
{
    unsigned int n = 0;

    (void)state;
    attach_nic();
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER);
    model_intx(nic, true);
    while ( model_virq(U, INTX(1, 0)) )
    {
        assert_true(++n < 20000);
        model_eoi(U, INTX(1, 0));
    }
    model_advance(50);
    assert_false(model_virq(U, INTX(1, 0)));
    model_advance(100);
    assert_true(model_virq(U, INTX(1, 0)));
}

/* A line that nobody's function explains does not stop the machine. */
static void test_intx_stray(void **state)
{
    struct model_fn *stray;

    (void)state;
    build_nic(0x4000, 0x2000);
    stray = model_add(port, 0x20, 0);
    model_boot();
    guest_conf_write(1, 0, COMMAND, 2, MASTER);
    vpci_remove_function(pci_find(PCI_SBDF(0, 1, 0x20)));
    model_set(stray, COMMAND, 2, 0);
    model_intx(stray, true);
    assert_int_equal(model_throttled, 1);
    model_intx(stray, false);
    model_advance(200);
    model_intx(nic, true);
    assert_true(model_virq(model_d, 36));
}

/* Nor one that goes on although it was told to be quiet. */
static void test_intx_deaf(void **state)
{
    (void)state;
    attach_nic();
    guest_conf_write(0, DEVFN, COMMAND, 2, MASTER);
    nic->deaf = true;
    model_intx(nic, true);
    assert_true(model_virq(U, INTX(1, 0)));
    assert_int_equal(model_throttled, 1);
    model_eoi(U, INTX(1, 0));
    nic->deaf = false;
    model_intx(nic, false);
    model_advance(200);
    assert_false(model_virq(U, INTX(1, 0)));
    model_intx(nic, true);
    assert_true(model_virq(U, INTX(1, 0)));
}

/* ---- messages (P8) ---- */

static void test_messages_belong(void **state)
{
    struct domain *d;
    uint32_t id;

    (void)state;
    attach_nic();
    assert_int_equal(U->p2m.doorbell_users, 1);
    place_guest_nic(UPREFETCH, UMEM);
    guest_conf_write(0, DEVFN, 0xa2, 2, 0x8000);
    guest_write(UPREFETCH + 0x2008, 4, 260);
    guest_write(UPREFETCH + 0x200c, 4, 0);
    assert_true(model_vector_owner(hw_entry(0, 2), &d, &id));
    assert_ptr_equal(d, U);
    assert_int_equal(id, 0x100);
    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(model_vectors, 0);
    assert_int_equal(U->p2m.doorbell_users, 0);
}

/* A frame that all share: pins, or messages by consent. */
static void test_messages_by_consent(void **state)
{
    struct device *conflict;
    unsigned int slot = 1;
    domid_t owner;

    (void)state;
    model_isolated = false;
    attach_nic();
    assert_int_equal(conf(0x41, 1), 0xc0);
    assert_int_equal(conf(0x80, 4), 0);
    guest_conf_write(0, DEVFN, 0x82, 2, 1);
    guest_conf_write(0, DEVFN, 0xa2, 2, 0x8000);
    assert_int_equal(model_get(nic, 0x82, 2) & 1, 0);
    assert_int_equal(model_get(nic, 0xa2, 2) & 0x8000, 0);
    assert_int_equal(U->p2m.doorbell_users, 0);
    assert_false(pci_find(NIC)->shared_msi);
    assert_int_equal(detach(U, NIC), 0);
    assert_int_equal(
        pci_attach(U, NIC, PX_ATTACH_MSI, &slot, &owner, &conflict), 0);
    assert_true(pci_find(NIC)->shared_msi);
    assert_int_equal(conf(0x41, 1), 0x80);
    assert_int_equal(U->p2m.doorbell_users, 1);
}

/* ---- ends ---- */

static void test_domain_dies(void **state)
{
    int rc;

    (void)state;
    attach_nic();
    place_guest_nic(UPREFETCH, UMEM);
    guest_conf_write(0, DEVFN, 0xa2, 2, 0x8000);
    guest_write(UPREFETCH + 0x2008, 4, 260);
    guest_write(UPREFETCH + 0x200c, 4, 0);
    rc = pci_domain_release(U);
    assert_int_equal(rc, -ERESTART);
    /* at once: no DMA, no interrupts, no registers */
    assert_int_equal(model_get(nic, COMMAND, 2) & MASTER, 0);
    assert_int_equal(model_vectors, 0);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(finish(pci_domain_release(U)), 0);
    assert_null(pci_find(NIC)->dev.owner);
    assert_int_equal(nic->resets, 2);
    assert_int_equal(attach(model_u[1], NIC, 0), 0);
}

/* Pulled out while a domU has it: seen by it, or by dom0, who has the port. */
static void test_pulled_out(void **state)
{
    (void)state;
    attach_nic();
    place_guest_nic(UPREFETCH, UMEM);
    model_remove(nic);
    assert_int_equal(conf(0, 4), 0xffffffff);
    assert_true(pci_find(NIC)->gone);
    assert_null(pci_find(NIC)->dev.owner);
    assert_int_equal(model_nr_mapped(), 0);
    assert_int_equal(U->p2m.doorbell_users, 0);
    assert_int_equal(detach(U, NIC), -ENODEV);

    /* and another one in its place is dom0's */
    model_view(model_d);
    nic = model_add(port, 0, 0);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    assert_int_equal(quarantine(NIC), 0);
    assert_int_equal(attach(U, NIC, 0), 0);
    model_remove(nic);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0xffffffff);
    assert_null(pci_find(NIC)->dev.owner);
    assert_int_equal(pci_domain_release(U), 0);

    /* from nobody, and its like is there before anybody looks */
    nic = model_add(port, 0, 0);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x12341b36);
    assert_int_equal(quarantine(NIC), 0);
    model_remove(nic);
    nic = model_add(port, 0, 0);
    model_set(nic, 0, 4, 0x56781b36);
    assert_int_equal(attach(U, NIC, 0), -ENODEV);
    assert_int_equal(guest_conf_read(1, 0, 0, 4), 0x56781b36);
    assert_ptr_equal(pci_find(NIC)->dev.owner, model_d);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers_buses),
        TEST(test_keeps_firmware_numbers),
        TEST(test_requester_alias),
        TEST(test_guest_renumbers),
        TEST(test_sizing),
        TEST(test_bars_follow_the_guest),
        TEST(test_bars_elsewhere_stay_out),
        TEST(test_bars_on_one_another),
        TEST(test_refused_at_a_glance),
        TEST(test_small_bars_share_a_page),
        TEST(test_no_memory),
        TEST(test_msix),
        TEST(test_msix_few),
        TEST(test_msix_many),
        TEST(test_msix_after_reset),
        TEST(test_msi),
        TEST(test_hidden_capabilities),
        TEST(test_removal),
        TEST(test_hot_plug),
        TEST(test_owners),
        TEST(test_refused),
        TEST(test_guest_config),
        TEST(test_guest_bars),
        TEST(test_guest_bars_half_mapped),
        TEST(test_guest_small_bars),
        TEST(test_guest_flr),
        TEST(test_bars_of_a_liar),
        TEST(test_reset_kinds),
        TEST(test_reset_without_end),
        TEST(test_reset_by_both),
        TEST(test_reset_of_neighbour),
        TEST(test_reset_before_found),
        TEST(test_groups),
        TEST(test_groups_leave),
        TEST(test_intx),
        TEST(test_intx_shared),
        TEST(test_intx_storm),
        TEST(test_intx_stray),
        TEST(test_intx_deaf),
        TEST(test_messages_belong),
        TEST(test_messages_by_consent),
        TEST(test_domain_dies),
        TEST(test_pulled_out),
    };

    return cmocka_run_group_tests_name("vpci", tests, NULL, NULL);
}
