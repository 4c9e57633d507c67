/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vpci.c - guests that write anything anywhere in their configuration
 * space and windows: dom0 and a domU that has two of the functions, perhaps
 * resets them or loses one. After every access: only what the hardware decodes
 * inside a window is mapped, only for its owner, no MSI-X table is, bus numbers
 * and the addresses of the domU's functions stand, and whatever message the
 * hardware may send belongs to a vector of the function's owner.
 */
#include <stddef.h>
#include <stdint.h>
#define strtoull libc_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull

#include <proxenos.h>

#include "pci.h"

#define NR_FUNCTIONS 6U

static struct model_fn *fn[NR_FUNCTIONS];
static const uint16_t place[NR_FUNCTIONS] = {0x008, 0x100, 0x010,
                                             0x208, 0x210, 0x018};
static uint32_t buses[2];
static bool given[NR_FUNCTIONS]; /* to the domU */

static void require(bool fact)
{
    if ( !fact )
        abort();
}

/* To the domU, at slots 1 and 2, where dom0 has put it. */
static void give(unsigned int i, pci_sbdf_t sbdf)
{
    unsigned int b = i == 1 ? 0 : 2, reset, slot = PX_NO_INDEX;
    uint64_t addr = MODEL_MEM64 + 0x100000 * i;
    struct device *conflict;
    domid_t owner;

    guest_conf_write(place[i] >> 8, place[i] & 0xff, 0x10 + 4 * b, 8, addr);
    while ( pci_quarantine(sbdf, &reset, &conflict) == -ERESTART )
        model_advance(20);
    require(!pci_attach(model_u[0], sbdf, 0, &slot, &owner, &conflict));
    given[i] = true;
}

static void build(void)
{
    model_reset();
    memset(given, 0, sizeof(given));
    fn[0] = model_add(NULL, 0x08, 1);
    model_bar(fn[0], 0, 0x1000, false);
    model_cap_exp(fn[0], 0x40, 4, 0x60);
    model_cap_msi(fn[0], 0x60, 0);
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
    fn[1]->cfg[0x47] |= 0x10; /* FLR */
    model_boot();
    give(1, PCI_SBDF(0, 1, 0));
    give(5, PCI_SBDF(0, 0, 0x18));
    buses[0] = model_get(fn[0], 0x18, 4) & 0xffffff;
    buses[1] = model_get(fn[2], 0x18, 4) & 0xffffff;
}

static uint64_t bar_of(const struct model_fn *f, unsigned int i)
{
    uint64_t addr = model_get(f, 0x10 + 4 * i, 4) & ~0xfU;

    return f->bar_64[i] ? addr | (uint64_t)model_get(f, 0x14 + 4 * i, 4) << 32
                        : addr;
}

static bool decoded(const struct domain *d, uint64_t page)
{
    for ( unsigned int f = 0; f < NR_FUNCTIONS; f++ )
        for ( unsigned int i = 0; i < 6; i++ )
        {
            uint64_t addr = bar_of(fn[f], i);

            if ( given[f] == (d != model_d) && fn[f]->bar_size[i] &&
                 (model_get(fn[f], 4, 2) & 2) && page + PAGE_SIZE > addr &&
                 page < addr + fn[f]->bar_size[i] )
                return true;
        }
    return false;
}

static bool is_given(const struct model_fn *f)
{
    return (f == fn[1] && given[1]) || (f == fn[5] && given[5]);
}

static void check_message(const struct model_fn *f, uint64_t addr,
                          uint32_t data)
{
    struct domain *d;
    uint32_t id;

    require(addr == MODEL_DOORBELL);
    require(model_vector_owner(data, &d, &id));
    require(d == (is_given(f) ? model_u[0] : model_d));
}

/* Where the domU sees BAR 0 of function 1; where dom0 put it if it is its. */
static uint64_t seen_bar(const struct model_fn *f)
{
    uint64_t at;

    if ( !is_given(f) )
        return bar_of(f, 0);
    model_view(model_u[0]);
    at = guest_conf_read(0, 8, 0x10, 8) & ~0xfULL;
    return at;
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
            check_message(f, addr, data);
    }
    if ( model_get(f, 4, 2) & 2 )
    {
        uint64_t bar = seen_bar(f);

        for ( uint64_t at = offset; at < offset + 16 * nr; at += 16 )
            require(!model_mapped(bar + at));
        model_view(model_d);
    }
}

static void check_msi(const struct model_fn *f, unsigned int cap)
{
    if ( model_get(f, cap + 2, 2) & 1 )
        check_message(f,
                      model_get(f, cap + 4, 4) |
                          (uint64_t)model_get(f, cap + 8, 4) << 32,
                      model_get(f, cap + 12, 2));
}

/* While it is being reset its addresses are not there. */
static bool now_awake(const struct model_fn *f)
{
    struct pci_dev *pdev =
        pci_find(f == fn[1] ? PCI_SBDF(0, 1, 0) : PCI_SBDF(0, 0, 0x18));

    return pdev->reset.step == 0;
}

static void check(void)
{
    uint64_t gaddr, page;
    struct domain *d;

    model_view(model_d);
    for ( unsigned long i = 0; model_frame(i, &d, &gaddr, &page); i++ )
    {
        require(page - MODEL_MEM32 < MODEL_SIZE32 ||
                page - MODEL_MEM64 < MODEL_SIZE64);
        require(decoded(d, page));
        require(d == model_d ||
                gaddr - GUEST_VPCI_MEM_ADDR < GUEST_VPCI_MEM_SIZE ||
                gaddr - GUEST_VPCI_PREFETCH_MEM_ADDR <
                    GUEST_VPCI_PREFETCH_MEM_SIZE);
    }
    for ( unsigned int i = 1; i < NR_FUNCTIONS; i += 4 )
        if ( given[i] && now_awake(fn[i]) )
            require(bar_of(fn[i], i == 1 ? 0 : 2) ==
                    MODEL_MEM64 + 0x100000 * i);
    require((model_get(fn[0], 0x18, 4) & 0xffffff) == buses[0]);
    require((model_get(fn[2], 0x18, 4) & 0xffffff) == buses[1]);
    check_msix(fn[1], 9, 0x1ff0);
    check_msix(fn[4], 4, 0x400);
    check_msi(fn[0], 0x60);
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

/* An access of the domU: to slots 1 and 2, its windows, or time goes by. */
static void perform_guest(const struct access *a)
{
    unsigned int devfn = a->where & 1 ? 0x10 : 0x08, size = 1U << (a->size & 3);
    unsigned int reg = (a->reg[0] | (a->reg[1] & 3U) << 8) & ~(size - 1);
    uint64_t v = value_of(a), at = GUEST_VPCI_MEM_ADDR + (v & 0xfff8);

    if ( (a->kind >> 4 & 7) == 1 )
        v = GUEST_VPCI_MEM_ADDR + (v & 0xffff000);
    else if ( (a->kind >> 4 & 7) == 2 )
        v = GUEST_VPCI_PREFETCH_MEM_ADDR >> (a->where & 4 ? 32 : 0);
    switch ( a->size >> 4 & 7 )
    {
    case 0:
        (void)!guest_conf_read(0, devfn, reg, size);
        break;
    case 1:
        if ( !model_mapped(at) )
            guest_write(at, size, v);
        break;
    case 2:
        model_advance(a->value[0]);
        break;
    case 3:
        model_intx(fn[a->where & 1 ? 5 : 1], a->value[0] & 1);
        break;
    default:
        guest_conf_write(0, devfn, reg, size, v);
        break;
    }
}

static void take_back(unsigned int i)
{
    unsigned int reset;

    while ( pci_detach(model_u[0],
                       i == 1 ? PCI_SBDF(0, 1, 0) : PCI_SBDF(0, 0, 0x18),
                       &reset) == -ERESTART )
        model_advance(20);
    given[i] = false;
}

static void perform(const struct access *a)
{
    unsigned int f = a->where % NR_FUNCTIONS, size = 1U << (a->size & 3);
    unsigned int reg = a->reg[0] | (a->reg[1] & 3U) << 8;
    uint64_t window;

    reg &= ~(size - 1);
    switch ( a->kind & 7 )
    {
    case 0:
        (void)!guest_conf_read(place[f] >> 8, place[f] & 0xff, reg, size);
        break;
    case 1:
    case 2:
    case 3:
        if ( !(f & ~2U) && (reg & ~7U) == 0x38 )
            break; /* a reset behind a bridge is dom0's right */
        guest_conf_write(place[f] >> 8, place[f] & 0xff, reg, size,
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
        model_view(a.kind & 8 ? model_u[0] : model_d);
        if ( a.kind == 0xff && a.where == 0xff )
            take_back(a.size & 1 ? 1 : 5);
        else
            (a.kind & 8 ? perform_guest : perform)(&a);
        check();
    }
    model_exit();
    return 0;
}
