/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain-build.c - dom0 from the boot modules: its memory, what is loaded
 * into it, its first vCPU. Its device tree and devices: domain-build-dt.c.
 *
 * Runs once on the boot CPU before any guest does, hence takes no lock of its
 * own. Memory is direct-mapped (GPA = PA) and comes in blocks as large as the
 * allocator has; neighbours are joined into banks.
 *
 * Linux: Documentation/arm64/booting.rst; Xen: docs/misc/arm/device-tree/
 * booting.txt for the bindings of modules.
 */
#include "domain-build.h"

#include <libfdt.h>

#include <public/hvm/params.h>

#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <asm/gic.h>

/* ---- options ---- */

#define DOM0_DEFAULT_MEM MiB(512)

static uint64_t opt_mem = DOM0_DEFAULT_MEM, opt_mem_min, opt_mem_max = ~0UL;
static unsigned int opt_vcpus_min = 1, opt_vcpus_max = ~0U;

/* "512M", "1G", without a unit KiB; stops behind it. */
static int parse_size(const char **s, uint64_t *size)
{
    static const char units[] = "bBkKmMgGtT";
    const char *unit;
    uint64_t n = strtoull(*s, s, 0);
    unsigned int shift = 10;

    unit = **s && **s != ',' ? strchr(units, **s) : NULL;
    if ( unit )
    {
        shift = (unsigned int)(unit - units) / 2 * 10;
        (*s)++;
    }
    if ( n == 0 || n > ~0UL >> shift || (**s && **s != ',') )
        return -EINVAL;
    *size = n << shift;
    return 0;
}

/* "dom0_mem=[min:<min>,][max:<max>,][<size>]", in any order. */
static int parse_dom0_mem(const char *s)
{
    for ( ;; )
    {
        uint64_t *target = &opt_mem;
        int rc;

        if ( !strncmp(s, "min:", 4) )
            target = &opt_mem_min;
        else if ( !strncmp(s, "max:", 4) )
            target = &opt_mem_max;
        s += target == &opt_mem ? 0 : 4;
        rc = parse_size(&s, target);
        if ( rc )
            return rc;
        if ( !*s++ )
            return 0;
    }
}
CMDLINE_OPTION("dom0_mem", parse_dom0_mem);

/* "dom0_max_vcpus=<n>", "<min>-<max>", "<min>-", "-<max>". */
static int parse_dom0_max_vcpus(const char *s)
{
    unsigned long long low = 1, high = ~0U;

    if ( *s != '-' )
        low = high = strtoull(s, &s, 0);
    if ( *s == '-' )
    {
        s++;
        high = *s ? strtoull(s, &s, 0) : ~0U;
    }
    if ( *s || low == 0 || low > high || high > ~0U )
        return -EINVAL;
    opt_vcpus_min = (unsigned int)low;
    opt_vcpus_max = (unsigned int)high;
    return 0;
}
CMDLINE_OPTION("dom0_max_vcpus", parse_dom0_max_vcpus);

static unsigned int dom0_vcpus(void)
{
    unsigned int n = max(min(nr_cpus, opt_vcpus_max), opt_vcpus_min);

    return min(n, gic->version == 2 ? 8U : 128U);
}

/* ---- modules ---- */

static bool in_ram(uint64_t start, uint64_t size)
{
    maddr_t bank;
    uint64_t len;

    for ( unsigned int i = 0; mm_ram_bank(i, &bank, &len); i++ )
        if ( start >= maddr_x(bank) && start - maddr_x(bank) < len &&
             size <= len - (start - maddr_x(bank)) )
            return true;
    return false;
}

/*
 * A module's "reg". Where /chosen does not say how many cells, two each:
 * QEMU's guest-loader always writes two 64-bit values.
 */
static int module_reg(const struct dt_node *np, struct boot_module *mod)
{
    const struct dt_property *reg = dt_find_property(np, "reg");
    uint32_t na = 2, ns = 2;
    const uint32_t *cells;

    if ( !reg )
        return -ENOENT;
    (void)!dt_read_u32(np->parent, "#address-cells", &na);
    (void)!dt_read_u32(np->parent, "#size-cells", &ns);
    if ( na - 1 > 1 || ns - 1 > 1 || reg->length < 4 * (na + ns) )
        return -EINVAL;
    cells = reg->value;
    mod->start = dt_next_cells(&cells, na);
    mod->size = dt_next_cells(&cells, ns);
    return mod->size && in_ram(mod->start, mod->size) ? 0 : -ERANGE;
}

/* Which slot a module node fills; NULL: none of dom0's. */
static struct boot_module *module_slot(struct dom0_build *b,
                                       const struct dt_node *np)
{
    if ( dt_is_compatible(np, "multiboot,kernel") ||
         dt_is_compatible(np, "xen,linux-zimage") )
        return &b->kernel;
    if ( dt_is_compatible(np, "multiboot,ramdisk") ||
         dt_is_compatible(np, "xen,linux-initrd") )
        return &b->ramdisk;
    if ( dt_is_compatible(np, "xen,xsm-policy") ||
         dt_is_compatible(np, "multiboot,device-tree") ||
         dt_is_compatible(np, "multiboot,microcode") )
        return NULL;
    /* Nothing said: the first is the kernel, the second the ramdisk. */
    return !b->kernel.size ? &b->kernel : &b->ramdisk;
}

static void find_initrd(struct dom0_build *b)
{
    uint64_t start, end;

    if ( dt_read_u64(dt_chosen, "linux,initrd-start", &start) ||
         dt_read_u64(dt_chosen, "linux,initrd-end", &end) )
        return;
    if ( end <= start || !in_ram(start, end - start) )
        printk(XENLOG_ERR "dom0: linux,initrd-start/end %#lx..%#lx is no RAM\n",
               start, end);
    else
        b->ramdisk = (struct boot_module){start, end - start};
}

static int find_modules(struct dom0_build *b)
{
    struct dt_node *np;

    b->bootargs = "";
    if ( !dt_chosen )
        return -ENOENT;

    /* The kernel's own, or else /chosen's when it is not for us. */
    if ( dt_read_string(dt_chosen, "xen,dom0-bootargs", &b->bootargs) &&
         dt_find_property(dt_chosen, "xen,xen-bootargs") )
        (void)!dt_read_string(dt_chosen, "bootargs", &b->bootargs);

    dt_for_each_child (dt_chosen, np)
    {
        struct boot_module *slot;
        int rc;

        if ( !dt_is_compatible(np, "multiboot,module") &&
             !dt_is_compatible(np, "xen,multiboot-module") )
            continue;
        slot = module_slot(b, np);
        if ( !slot )
            continue;
        if ( slot->size )
        {
            printk(XENLOG_WARN "%s: one more kernel or ramdisk: ignored\n",
                   np->full_name);
            continue;
        }
        rc = module_reg(np, slot);
        if ( rc )
        {
            printk(XENLOG_ERR "%s: %s\n", np->full_name,
                   rc == -ERANGE ? "not in RAM" : "bad reg");
            slot->size = 0;
        }
        else if ( slot == &b->kernel )
            (void)!dt_read_string(np, "bootargs", &b->bootargs);
    }
    if ( !b->ramdisk.size )
        find_initrd(b);
    return b->kernel.size ? 0 : -ENOENT;
}

/* ---- memory ---- */

static void add_bank(struct dom0_build *b, uint64_t start, uint64_t size)
{
    unsigned int i = 0;

    while ( i < b->nr_banks && b->bank[i].start < start )
        i++;
    memmove(&b->bank[i + 1], &b->bank[i],
            (b->nr_banks - i) * sizeof(b->bank[0]));
    b->bank[i].start = start;
    b->bank[i].size = size;
    b->nr_banks++;

    /* Join with the neighbours, the upper one first. */
    for ( unsigned int k = i + 1; k + 1 > i; k-- )
    {
        if ( k == 0 || k >= b->nr_banks ||
             b->bank[k - 1].start + b->bank[k - 1].size != b->bank[k].start )
            continue;
        b->bank[k - 1].size += b->bank[k].size;
        b->nr_banks--;
        memmove(&b->bank[k], &b->bank[k + 1],
                (b->nr_banks - k) * sizeof(b->bank[0]));
    }
}

/* One block for dom0, mapped. -ENOMEM: no block of this order is left. */
static int add_block(struct dom0_build *b, unsigned int order,
                     unsigned int flags)
{
    struct page_info *pg = alloc_pages(order, flags);
    mfn_t mfn;
    int rc;

    if ( !pg )
        return -ENOMEM;
    mfn = page_to_mfn(pg);
    rc = assign_pages(b->d, pg, order);
    if ( rc )
    {
        free_pages(pg, order, false);
        return rc;
    }
    rc = p2m_map_range(b->d, _gfn(mfn_x(mfn)), 1UL << order, mfn, P2M_RAM_RW);
    if ( rc )
        return rc;
    add_bank(b, maddr_x(mfn_to_maddr(mfn)), PAGE_SIZE << order);
    return 0;
}

#define MIN_BLOCK_ORDER 9U /* 2 MiB: the kernel wants to start on one */

/*
 * Largest blocks first; below 4 GiB as long as there are any, since devices
 * with 32 address bits see these addresses.
 */
static int alloc_memory(struct dom0_build *b, uint64_t size)
{
    uint64_t left = size >> (PAGE_SHIFT + MIN_BLOCK_ORDER) << MIN_BLOCK_ORDER;
    unsigned int flags = ALLOC_DMA32, order = MAX_ORDER;

    while ( left )
    {
        int rc;

        order = min(order, ilog2(left));
        rc = b->nr_banks == DOM0_MAX_BANKS ? -ENOMEM
                                           : add_block(b, order, flags);
        if ( !rc )
            left -= 1UL << order;
        else if ( rc != -ENOMEM )
            return rc;
        else if ( order > MIN_BLOCK_ORDER )
            order--;
        else if ( flags )
        {
            flags = 0;
            order = MAX_ORDER;
        }
        else
            break;
    }
    if ( left )
        printk(XENLOG_WARN "dom0: %lu MiB of memory is missing\n",
               left >> (20 - PAGE_SHIFT));
    return b->nr_banks ? 0 : -ENOMEM;
}

/* What dom0 gets: as asked for, less what we need ourselves. */
static uint64_t memory_size(void)
{
    uint64_t free = heap_free_pages() << PAGE_SHIFT;
    uint64_t keep = min(max(free / 16, MiB(24)), MiB(256));
    uint64_t room = free > keep ? free - keep : 0;
    uint64_t size = min(max(opt_mem, opt_mem_min), opt_mem_max);

    if ( size > room )
    {
        printk(XENLOG_WARN "dom0: %lu MiB asked for, %lu MiB there are\n",
               size >> 20, room >> 20);
        size = room;
    }
    return size;
}

/* ---- loading ---- */

/* Documentation/arm64/booting.rst, "Call the kernel image". */
struct image_header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, pe;
};
#define IMAGE_MAGIC 0x644d5241U /* "ARM\x64" */

static const char *compression(const uint8_t *p)
{
    if ( p[0] == 0x1f && p[1] == 0x8b )
        return "gzip";
    if ( p[0] == 0xfd && p[1] == '7' )
        return "xz";
    if ( p[0] == 0x28 && p[1] == 0xb5 )
        return "zstd";
    if ( (p[0] == 0x04 && p[1] == 0x22) || (p[0] == 0x02 && p[1] == 0x21) )
        return "lz4";
    if ( p[0] == 'B' && p[1] == 'Z' )
        return "bzip2";
    return NULL;
}

static int check_kernel(const struct dom0_build *b, struct image_header *hdr)
{
    const void *image = maddr_to_virt(_maddr(b->kernel.start));
    const char *packed;

    if ( b->kernel.size < sizeof(*hdr) )
    {
        printk(XENLOG_ERR "dom0: the kernel has %lu bytes\n", b->kernel.size);
        return -ENOEXEC;
    }
    packed = compression(image);
    if ( packed )
    {
        printk(XENLOG_ERR "dom0: the kernel is packed with %s: give the "
                          "unpacked arm64 Image\n",
               packed);
        return -ENOEXEC;
    }
    memcpy(hdr, image, sizeof(*hdr));
    if ( hdr->magic != IMAGE_MAGIC )
    {
        printk(XENLOG_ERR "dom0: the kernel is no arm64 Image\n");
        return -ENOEXEC;
    }
    if ( hdr->flags & 1 )
    {
        printk(XENLOG_ERR "dom0: the kernel is big-endian\n");
        return -ENOEXEC;
    }
    if ( hdr->image_size == 0 ) /* before Linux 3.17 */
        hdr->text_offset = 0x80000;
    hdr->image_size = max(hdr->image_size, b->kernel.size);
    if ( hdr->image_size > GiB(1) || hdr->text_offset > MiB(64) )
    {
        printk(XENLOG_ERR "dom0: kernel of %#lx bytes at offset %#lx\n",
               hdr->image_size, hdr->text_offset);
        return -ENOEXEC;
    }
    return 0;
}

/*
 * Where tree and initrd go: @size bytes at 128 MiB into the kernel's bank,
 * or else at the end of it, or else at the end of another bank.
 */
static int place(struct dom0_build *b, unsigned int kernel_bank,
                 uint64_t kernel_end, uint64_t size, uint64_t *where)
{
    uint64_t start = b->bank[kernel_bank].start;
    uint64_t end = start + b->bank[kernel_bank].size;

    if ( kernel_end <= start + MiB(128) && start + MiB(128) + size <= end )
    {
        *where = start + MiB(128);
        return 0;
    }
    if ( kernel_end + size <= end )
    {
        *where = ROUNDDOWN(end - size, MiB(2));
        if ( *where >= kernel_end )
            return 0;
    }
    for ( unsigned int i = 0; i < b->nr_banks; i++ )
        if ( i != kernel_bank && b->bank[i].size >= size )
        {
            *where =
                b->bank[i].start + ROUNDDOWN(b->bank[i].size - size, MiB(2));
            return 0;
        }
    return -ENOMEM;
}

static void load(uint64_t to, const void *from, uint64_t size)
{
    void *dest = maddr_to_virt(_maddr(to));

    memcpy(dest, from, size);
    cache_clean(dest, size); /* the guest starts with its caches off */
}

static void load_module(uint64_t to, const struct boot_module *mod)
{
    load(to, maddr_to_virt(_maddr(mod->start)), mod->size);
    mm_free_boot_range(_maddr(mod->start), mod->size);
}

static int load_all(struct dom0_build *b)
{
    uint64_t kernel_end = 0, tree_room, where;
    struct image_header hdr;
    unsigned int bank, order;
    void *tree;
    int rc;

    rc = check_kernel(b, &hdr);
    if ( rc )
        return rc;
    for ( bank = 0; bank < b->nr_banks; bank++ )
    {
        b->entry = b->bank[bank].start + hdr.text_offset;
        kernel_end = ROUNDUP(b->entry + hdr.image_size, MiB(2));
        if ( kernel_end <= b->bank[bank].start + b->bank[bank].size )
            break;
    }
    if ( bank == b->nr_banks )
    {
        printk(XENLOG_ERR "dom0: no bank of memory holds its kernel\n");
        return -ENOMEM;
    }

    /* The tree names the initrd's place, which depends on the tree's size:
     * a tree is at most 2 MiB for Linux. */
    tree_room = MiB(2);
    rc = place(b, bank, kernel_end,
               tree_room + ROUNDUP(b->ramdisk.size, MiB(2)), &where);
    if ( rc )
    {
        printk(XENLOG_ERR "dom0: no room for its ramdisk of %lu MiB\n",
               b->ramdisk.size >> 20);
        return rc;
    }
    b->dtb = where;
    b->initrd = where + tree_room;

    tree = dom0_make_tree(b, &order);
    if ( !tree )
        return -EINVAL;
    if ( fdt_totalsize(tree) > tree_room )
    {
        printk(XENLOG_ERR "dom0: device tree of %u bytes\n",
               fdt_totalsize(tree));
        free_xen_pages(tree, order);
        return -E2BIG;
    }
    load(b->dtb, tree, fdt_totalsize(tree));
    free_xen_pages(tree, order);

    load_module(b->entry, &b->kernel);
    if ( b->ramdisk.size )
        load_module(b->initrd, &b->ramdisk);
    return 0;
}

/* ---- the domain ---- */

static int create(struct dom0_build *b)
{
    const struct domain_config cfg = {
        .max_vcpus = dom0_vcpus(),
        .nr_spis = gic_nr_irqs - IRQ_SPI_FIRST,
        .iommu = true,
        .direct_map = true,
        .privileged = true,
        .hardware = true,
    };
    int rc = domain_create(0, &cfg, &b->d);

    if ( rc )
        return rc;
    hardware_domain = b->d;
    b->d->max_pages = opt_mem_max >> PAGE_SHIFT;
    for ( unsigned int i = 0; i < cfg.max_vcpus; i++ )
        if ( (rc = vcpu_create(b->d, i)) )
            return rc;

    /* The first interrupt line that the host's timer does not use. */
    rc = vgic_alloc_ppi(b->d);
    if ( rc < 0 )
        return rc;
    b->d->evtchn_irq = (unsigned int)rc;
    b->d->hvm_params[HVM_PARAM_CALLBACK_IRQ] =
        (uint64_t)HVM_PARAM_CALLBACK_TYPE_PPI << 56 |
        HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 | b->d->evtchn_irq;
    return 0;
}

/* A guest physical region that nothing else uses: frames we never give out. */
static int reserve_grants(struct dom0_build *b)
{
    struct page_info *pg = alloc_pages(DOM0_GRANT_ORDER, 0);

    if ( !pg )
        return -ENOMEM;
    b->grants = maddr_x(mfn_to_maddr(page_to_mfn(pg)));
    return 0;
}

static int build(struct dom0_build *b)
{
    int rc = create(b);

    if ( !rc )
        rc = reserve_grants(b);
    if ( !rc )
        rc = alloc_memory(b, memory_size());
    if ( !rc )
        rc = dom0_map_devices(b->d);
    if ( !rc )
        rc = pci_assign_all(b->d);
    if ( !rc )
        rc = load_all(b);
    return rc;
}

struct domain *domain_build_dom0(void)
{
    struct dom0_build b = {0};
    int rc = find_modules(&b);

    if ( rc )
    {
        printk(XENLOG_ERR "dom0: no kernel: give a multiboot,kernel module "
                          "under /chosen\n");
        return NULL;
    }
    printk("dom0: kernel %#lx + %lu KiB, ramdisk %#lx + %lu KiB\n",
           b.kernel.start, b.kernel.size >> 10, b.ramdisk.start,
           b.ramdisk.size >> 10);

    rc = build(&b);
    if ( rc )
    {
        printk(XENLOG_ERR "dom0: cannot be built (%d)\n", rc);
        return NULL;
    }
    for ( unsigned int i = 0; i < b.nr_banks; i++ )
        printk("dom0: memory %#lx + %lu MiB\n", b.bank[i].start,
               b.bank[i].size >> 20);
    printk("dom0: %u vCPUs, entry %#lx, device tree %#lx, ramdisk %#lx\n",
           b.d->max_vcpus, b.entry, b.dtb, b.ramdisk.size ? b.initrd : 0);
    printk("dom0: command line: %s\n", b.bootargs);
    (void)vcpu_reset(b.d->vcpu[0], b.entry, b.dtb);
    return b.d;
}
