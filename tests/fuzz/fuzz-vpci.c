/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vpci.c - a guest that writes anything anywhere in its configuration
 * space and windows. After every access: only what the hardware decodes inside
 * a window is mapped, no MSI-X table is, bus numbers stand, and whatever
 * message the hardware may send belongs to a vector of the domain.
 */
#include <stddef.h>
#include <stdint.h>
#define strtoull libc_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull

#include "pci.h"

#define NR_FUNCTIONS 6U

static struct model_fn *fn[NR_FUNCTIONS];
static uint32_t buses[2];

static void require(bool fact)
{
    if ( !fact )
        abort();
}

static void build(void)
{
    model_reset();
    fn[0] = model_add(NULL, 0x08, 1);
    model_bar(fn[0], 0, 0x1000, false);
    model_cap_msi(fn[0], 0x50, 0);
    fn[1] = model_add(fn[0], 0x00, 0); /* an NVMe of a kind */
    model_bar(fn[1], 0, 0x4000, true);
    model_cap_exp(fn[1], 0x40, 0, 0x80);
    model_cap_msi(fn[1], 0x80, 0xa0);
    model_cap_msix(fn[1], 0xa0, 9, 0, 0x1ff0, 0);
    model_set(fn[1], 0x100, 4, 0x1401000f);
    model_set(fn[1], 0x140, 4, 0x00010010);
    fn[2] = model_add(NULL, 0x10, 1); /* to conventional PCI */
    model_cap_exp(fn[2], 0x40, 7, 0);
    fn[3] = model_add(fn[2], 0x08, 0);
    model_bar(fn[3], 0, 0x100, false);
    model_bar(fn[3], 1, 0x800, false);
    model_cap_msi(fn[3], 0x80, 0);
    fn[4] = model_add(fn[2], 0x10, 0); /* a table in a BAR below a page */
    model_bar(fn[4], 0, 0x800, false);
    model_cap_msix(fn[4], 0xa0, 4, 0, 0x400, 0);
    fn[5] = model_add(NULL, 0x18, 0);
    model_bar(fn[5], 2, 0x10000, true);
    model_boot();
    buses[0] = model_get(fn[0], 0x18, 4) & 0xffffff;
    buses[1] = model_get(fn[2], 0x18, 4) & 0xffffff;
}

static uint64_t bar_of(const struct model_fn *f, unsigned int i)
{
    uint64_t addr = model_get(f, 0x10 + 4 * i, 4) & ~0xfU;

    return f->bar_64[i] ? addr | (uint64_t)model_get(f, 0x14 + 4 * i, 4) << 32
                        : addr;
}

static bool decoded(uint64_t page)
{
    for ( unsigned int f = 0; f < NR_FUNCTIONS; f++ )
        for ( unsigned int i = 0; i < 6; i++ )
        {
            uint64_t addr = bar_of(fn[f], i);

            if ( fn[f]->bar_size[i] && (model_get(fn[f], 4, 2) & 2) &&
                 page + PAGE_SIZE > addr && page < addr + fn[f]->bar_size[i] )
                return true;
        }
    return false;
}

static void check_message(uint64_t addr, uint32_t data)
{
    unsigned int virq;

    require(addr == MODEL_DOORBELL);
    require(model_vector_of(data, &virq));
}

static void check_msix(const struct model_fn *f, unsigned int nr,
                       uint32_t offset)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        uint64_t addr;
        uint32_t data;

        memcpy(&addr, &f->mem[offset + 16 * i], 8);
        memcpy(&data, &f->mem[offset + 16 * i + 8], 4);
        if ( (model_get(f, 0xa2, 2) & 0xc000) == 0x8000 &&
             !(f->mem[offset + 16 * i + 12] & 1) )
            check_message(addr, data);
    }
    if ( model_get(f, 4, 2) & 2 )
        for ( uint64_t at = offset; at < offset + 16 * nr; at += 16 )
            require(!model_mapped(bar_of(f, 0) + at));
}

static void check_msi(const struct model_fn *f, unsigned int cap)
{
    if ( model_get(f, cap + 2, 2) & 1 )
        check_message(model_get(f, cap + 4, 4) |
                          (uint64_t)model_get(f, cap + 8, 4) << 32,
                      model_get(f, cap + 12, 2));
}

static void check(void)
{
    uint64_t page;

    for ( unsigned long i = 0; model_frame(i, &page); i++ )
    {
        require(page - MODEL_MEM32 < MODEL_SIZE32 ||
                page - MODEL_MEM64 < MODEL_SIZE64);
        require(decoded(page));
    }
    require((model_get(fn[0], 0x18, 4) & 0xffffff) == buses[0]);
    require((model_get(fn[2], 0x18, 4) & 0xffffff) == buses[1]);
    check_msix(fn[1], 9, 0x1ff0);
    check_msix(fn[4], 4, 0x400);
    check_msi(fn[0], 0x50);
    check_msi(fn[1], 0x80);
    check_msi(fn[3], 0x80);
}

struct access {
    uint8_t kind, where, size;
    uint8_t reg[2];
    uint8_t value[8];
};

/* Values that mean something come up more often than by chance. */
static uint64_t value_of(const struct access *a)
{
    uint64_t v;

    memcpy(&v, a->value, 8);
    switch ( a->kind >> 4 & 7 )
    {
    case 0:
        return MODEL_MSI_FIRST + (v & 31);
    case 1:
        return MODEL_MEM32 + (v & 0x3f800);
    case 2:
        return MODEL_MEM64 >> 32;
    case 3:
        return v & 7;
    default:
        return v;
    }
}

static void perform(const struct access *a)
{
    static const uint16_t devfn[NR_FUNCTIONS] = {0x008, 0x100, 0x010,
                                                 0x208, 0x210, 0x018};
    unsigned int f = a->where % NR_FUNCTIONS, size = 1U << (a->size & 3);
    unsigned int reg = a->reg[0] | (a->reg[1] & 3U) << 8;
    uint64_t window;

    reg &= ~(size - 1);
    switch ( a->kind & 7 )
    {
    case 0:
        (void)!guest_conf_read(devfn[f] >> 8, devfn[f] & 0xff, reg, size);
        break;
    case 1:
    case 2:
    case 3:
        guest_conf_write(devfn[f] >> 8, devfn[f] & 0xff, reg, size,
                         value_of(a));
        break;
    case 4:
        model_no_memory = a->value[0] & 1;
        break;
    default:
        window = bar_of(fn[f], a->where >> 6 & 1) + (a->reg[1] << 8 | reg);
        if ( window - MODEL_MEM32 >= MODEL_SIZE32 &&
             window - MODEL_MEM64 >= MODEL_SIZE64 )
            break;
        /* The table's page only: other registers are the device's own. */
        if ( (a->kind & 7) == 5 )
            (void)!guest_read(window & ~(uint64_t)(size - 1), size);
        else if ( !model_mapped(window) )
            guest_write(window & ~(uint64_t)(size - 1), size, value_of(a));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct access a;

    build();
    for ( ; size >= sizeof(a); data += sizeof(a), size -= sizeof(a) )
    {
        memcpy(&a, data, sizeof(a));
        perform(&a);
        check();
    }
    model_exit();
    return 0;
}
