/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM before there is an allocator: banks from the flat device tree's memory
 * nodes, less memory reservations, /reserved-memory, boot modules, initrd,
 * the tree itself and our image. Only libfdt is used; the tree is untrusted.
 */
#include <asm/mm.h>

#include <libfdt.h>

#define MAX_BANKS  16U
#define MAX_RANGES 128U

struct range {
    uint64_t start, end;
};

static struct range bank[MAX_BANKS];
static unsigned int nr_banks;
static struct range alias; /* shows RAM that a lower address shows, too */
static struct range free_range[MAX_RANGES];
static unsigned int nr_free_ranges;

/* The bank of a frame, or NULL. The first is empty when there is none. */
static inline const struct range *bank_of(mfn_t mfn)
{
    uint64_t ma = maddr_x(mfn_to_maddr(mfn));
    const struct range *b = bank;

    if ( mfn_x(mfn) >> 52 )
        return NULL;
    do
    {
        if ( ma - b->start < b->end - b->start )
            return b;
    } while ( ++b < bank + nr_banks );
    return NULL;
}

bool mfn_is_ram(mfn_t mfn)
{
    return bank_of(mfn);
}

bool mfn_range_is_ram(mfn_t mfn, uint64_t nr)
{
    const struct range *b = bank_of(mfn);

    return b && nr <= (b->end - maddr_x(mfn_to_maddr(mfn))) >> PAGE_SHIFT;
}

bool mm_ram_bank(unsigned int i, maddr_t *start, uint64_t *size)
{
    if ( i >= nr_banks )
        return false;
    *start = _maddr(bank[i].start);
    *size = bank[i].end - bank[i].start;
    return true;
}

bool mm_ram_alias(maddr_t *start, uint64_t *size)
{
    *start = _maddr(alias.start);
    *size = alias.end - alias.start;
    return *size;
}

bool bootmem_free(unsigned int i, maddr_t *start, maddr_t *end)
{
    if ( i >= nr_free_ranges )
        return false;
    *start = _maddr(free_range[i].start);
    *end = _maddr(free_range[i].end);
    return true;
}

/* Take [start, end) out of the free ranges. */
static int reserve(uint64_t start, uint64_t end)
{
    start &= PAGE_MASK;
    end = (end + PAGE_SIZE - 1) & PAGE_MASK;

    for ( unsigned int i = 0; i < nr_free_ranges; i++ )
    {
        struct range *r = &free_range[i], old = *r;

        if ( start >= old.end || end <= old.start )
            continue;
        if ( start <= old.start && end >= old.end )
        {
            *r = free_range[--nr_free_ranges];
            i--;
            continue;
        }
        if ( start > old.start && end < old.end )
        {
            if ( nr_free_ranges == MAX_RANGES )
                return -ENOSPC;
            free_range[nr_free_ranges++] = (struct range){end, old.end};
            r->end = start;
        }
        else if ( start > old.start )
            r->end = start;
        else
            r->start = end;
    }
    return 0;
}

maddr_t bootmem_take(uint64_t size, uint64_t congruent)
{
    uint64_t best = 0;

    congruent &= MiB(2) - 1;
    for ( unsigned int i = 0; i < nr_free_ranges; i++ )
    {
        uint64_t at;

        if ( free_range[i].end - free_range[i].start < size )
            continue;
        at = free_range[i].end - size;
        at -= (at - congruent) & (MiB(2) - 1);
        if ( at >= free_range[i].start && at < free_range[i].end && at > best )
            best = at;
    }
    if ( !best || reserve(best, best + size) )
        return INVALID_MADDR;
    return _maddr(best);
}

/* @n cells; more than two cells keep the low 64 bits. */
static uint64_t read_cells(const fdt32_t *cell, int n)
{
    uint64_t v = 0;

    while ( n-- > 0 )
        v = v << 32 | fdt32_to_cpu(*cell++);
    return v;
}

static int cells_of(const void *fdt, int node, const char *name, int dflt)
{
    int len;
    const fdt32_t *p = fdt_getprop(fdt, node, name, &len);
    uint32_t n = p && len == 4 ? fdt32_to_cpu(*p) : (uint32_t)dflt;

    return n <= 2 ? (int)n : 2;
}

/* Call fn for each entry of a node's reg. */
static int each_reg(const void *fdt, int node, int ac, int sc,
                    int (*fn)(uint64_t start, uint64_t size))
{
    int len, rc = 0;
    const fdt32_t *p = fdt_getprop(fdt, node, "reg", &len);
    int entry = 4 * (ac + sc);

    for ( ; p && entry && len >= entry && !rc; len -= entry, p += ac + sc )
        rc = fn(read_cells(p, ac), read_cells(p + ac, sc));
    return rc;
}

static int add_bank(uint64_t start, uint64_t size);

/* The parts of a bank around the alias. */
static int cut_alias(uint64_t start, uint64_t end)
{
    printk(XENLOG_WARN "memory: bank %#lx..%#lx: %#lx..%#lx is the same RAM as "
                       "below 4 GiB: ignored\n",
           start, end, alias.start, alias.end);
    if ( start < alias.start )
        (void)add_bank(start, alias.start - start);
    if ( end > alias.end )
        (void)add_bank(alias.end, end - alias.end);
    return 0;
}

static int add_bank(uint64_t start, uint64_t size)
{
    uint64_t end = start + size;
    struct range *last = nr_banks ? &bank[nr_banks - 1] : NULL;

    if ( end < start || end > (1ULL << 46) )
    {
        printk(XENLOG_ERR "memory: bank %#lx+%#lx is beyond 2^46: ignored\n",
               start, size);
        return 0;
    }
    if ( start < alias.end && end > alias.start )
        return cut_alias(start, end);
    start = (start + PAGE_SIZE - 1) & PAGE_MASK;
    end &= PAGE_MASK;
    if ( start >= end )
        return 0;
    if ( last && last->end == start )
        last->end = end;
    else if ( nr_banks == MAX_BANKS )
        printk(XENLOG_ERR "memory: more than %u banks: the rest is unused\n",
               MAX_BANKS);
    else
        bank[nr_banks++] = (struct range){start, end};
    return 0;
}

static int reserve_sized(uint64_t start, uint64_t size)
{
    return start + size < start ? 0 : reserve(start, start + size);
}

static int reserve_chosen(const void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), node, rc = 0, l1, l2;
    const fdt32_t *start, *end;

    if ( chosen < 0 )
        return 0;
    start = fdt_getprop(fdt, chosen, "linux,initrd-start", &l1);
    end = fdt_getprop(fdt, chosen, "linux,initrd-end", &l2);
    if ( start && end && (l1 == 4 || l1 == 8) && (l2 == 4 || l2 == 8) )
        rc = reserve(read_cells(start, l1 / 4), read_cells(end, l2 / 4));

    /* Modules, also those inside xen,domain nodes: any depth. Without
     * #address-cells, QEMU's guest-loader writes two 64-bit values. */
    for ( int depth = 0, n = fdt_next_node(fdt, chosen, &depth);
          n >= 0 && depth > 0 && !rc; n = fdt_next_node(fdt, n, &depth) )
    {
        if ( fdt_node_check_compatible(fdt, n, "multiboot,module") &&
             fdt_node_check_compatible(fdt, n, "xen,multiboot-module") )
            continue;
        node = fdt_parent_offset(fdt, n);
        rc = each_reg(fdt, n, cells_of(fdt, node, "#address-cells", 2),
                      cells_of(fdt, node, "#size-cells", 2), reserve_sized);
    }
    return rc;
}

/*
 * R-Car Gen3 and later, RZ/G2: what is at 0x40000000 is at 0x400000000, too;
 * 2 GiB of it. The other banks are beyond.
 */
static void find_alias(const void *fdt)
{
    const char *s;

    for ( int i = 0;
          (s = fdt_stringlist_get(fdt, 0, "compatible", i, NULL)) != NULL; i++ )
    {
        if ( !strncmp(s, "renesas,r8a77", 13) )
            alias =
                (struct range){UINT64_C(0x400000000), UINT64_C(0x480000000)};
    }
}

int bootmem_scan(const void *fdt, maddr_t fdt_ma, maddr_t image_start,
                 maddr_t image_end)
{
    int rc = fdt_check_full(fdt, MiB(2)), node, ac, sc;

    if ( rc )
    {
        printk(XENLOG_ERR "device tree: %s\n", fdt_strerror(rc));
        return -EINVAL;
    }
    ac = cells_of(fdt, 0, "#address-cells", 2);
    sc = cells_of(fdt, 0, "#size-cells", 1);
    find_alias(fdt);

    fdt_for_each_subnode (node, fdt, 0)
    {
        const char *type = fdt_getprop(fdt, node, "device_type", NULL);

        if ( type && !strcmp(type, "memory") )
            (void)each_reg(fdt, node, ac, sc, add_bank);
    }
    if ( !nr_banks )
    {
        printk(XENLOG_ERR "device tree: no memory node\n");
        return -EINVAL;
    }
    for ( nr_free_ranges = 0; nr_free_ranges < nr_banks; nr_free_ranges++ )
        free_range[nr_free_ranges] = bank[nr_free_ranges];

    rc = reserve(maddr_x(image_start), maddr_x(image_end));
    if ( !rc )
        rc = reserve(maddr_x(fdt_ma), maddr_x(fdt_ma) + fdt_totalsize(fdt));
    for ( int i = 0; !rc && i < fdt_num_mem_rsv(fdt); i++ )
    {
        uint64_t start, size;

        if ( !fdt_get_mem_rsv(fdt, i, &start, &size) )
            rc = reserve_sized(start, size);
    }
    node = fdt_path_offset(fdt, "/reserved-memory");
    if ( !rc && node >= 0 )
    {
        int sub, rac = cells_of(fdt, node, "#address-cells", 2);
        int rsc = cells_of(fdt, node, "#size-cells", 1);

        fdt_for_each_subnode (sub, fdt, node)
            if ( !rc )
                rc = each_reg(fdt, sub, rac, rsc, reserve_sized);
    }
    if ( !rc )
        rc = reserve_chosen(fdt);
    if ( rc )
        printk(XENLOG_ERR "memory: more than %u reserved ranges\n", MAX_RANGES);
    return rc;
}
