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

    /* off: kept for the guest, nothing for the hardware */
    guest_entry(0, 256, 0);
    assert_int_equal(guest_read(ENTRY(0), 4), 0x8020040);
    assert_int_equal(guest_read(ENTRY(0) + 8, 8), 256);
    assert_int_equal(guest_read(ENTRY(0) + 9, 1), 1);
    assert_int_equal(hw_entry(0, 3), 1);
    assert_int_equal(model_vectors, 0);

    /* on, all masked */
    guest_conf_write(1, 0, 0xa2, 2, 0xc000);
    assert_int_equal(guest_conf_read(1, 0, 0xa0, 4) >> 16, 0xc003);
    assert_int_equal(model_get(nic, 0xa2, 2), 0xc003);
    assert_int_equal(model_vectors, 0);
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

    guest_conf_write(1, 0, 0xa2, 2, 0);
    assert_int_equal(model_get(nic, 0xa2, 2) & 0x8000, 0);
    assert_int_equal(model_vectors, 0);
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
    vpci_remove_function(pci_find(PCI_SBDF(0, 1, 0)));
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
        TEST(test_small_bars_share_a_page),
        TEST(test_no_memory),
        TEST(test_msix),
        TEST(test_msix_after_reset),
        TEST(test_msi),
        TEST(test_hidden_capabilities),
        TEST(test_removal),
        TEST(test_hot_plug),
    };

    return cmocka_run_group_tests_name("vpci", tests, NULL, NULL);
}
