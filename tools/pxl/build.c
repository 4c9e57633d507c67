/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.c - a new domain's contents; see build.h. */
#include "build.h"
#include "guest-tree.h"
#include "hyp.h"
#include "interrupt.h"
#include "pxl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/version.h>
#include <xenforeignmemory.h>

#define PAGE_SHIFT 12U
#define TREE_SIZE  (64U << 10)

/* ---- files ---- */

static int wrong_file(const struct config *c, const char *setting,
                      const char *file, char *why)
{
    cfg_err(c->cfg, cfg_get(c->cfg, setting), "%s %s: %s", setting, file, why);
    free(why);
    return -1;
}

/* Registers keep the host's addresses: no RAM may be there. */
static int check_registers(const struct build *b)
{
    for ( unsigned int i = 0; i < b->nr_banks; i++ )
        for ( size_t k = 0; k < b->dt.nr_holes; k++ )
        {
            const struct range *r = &b->dt.hole[k];

            if ( r->start >= b->bank[i].start + b->bank[i].size ||
                 r->start + r->size <= b->bank[i].start )
                continue;
            cfg_err(b->config->cfg, cfg_get(b->config->cfg, "memory"),
                    "memory: a device has its registers at %#llx, where the "
                    "guest's memory would be; give it less",
                    (unsigned long long)r->start);
            return -1;
        }
    return 0;
}

int build_open(struct build *b, const struct config *c)
{
    char *why;

    memset(b, 0, sizeof(*b));
    b->config = c;
    if ( image_open(c->kernel, &b->kernel, &why) ||
         image_kernel(&b->kernel, &b->header, &why) )
        return wrong_file(c, "kernel", c->kernel, why);
    if ( c->ramdisk && image_open(c->ramdisk, &b->ramdisk, &why) )
        return wrong_file(c, "ramdisk", c->ramdisk, why);

    b->place.text_offset = b->header.text_offset;
    b->place.kernel.size = b->header.memory;
    b->place.ramdisk.size = b->ramdisk.size;
    b->place.dtb.size = TREE_SIZE;
    b->nr_banks = place_banks(c->maxmem_kib << 10, b->bank);
    if ( dt_config(c->cfg, c->again, &b->dt) || check_registers(b) )
        return -1;
    if ( b->nr_banks && !place_images(&b->bank[0], &b->place) )
        return 0;
    cfg_err(c->cfg, cfg_get(c->cfg, "memory"),
            "memory: %llu MiB are too few for a kernel of %llu MiB and a "
            "ramdisk of %llu MiB",
            (unsigned long long)c->memory_kib >> 10,
            (unsigned long long)b->header.memory >> 20,
            (unsigned long long)b->ramdisk.size >> 20);
    return -1;
}

void build_close(struct build *b)
{
    image_close(&b->kernel);
    image_close(&b->ramdisk);
    dt_config_free(&b->dt);
}

/* ---- memory ---- */

#define MEMORY_WAIT_MS 15000U
#define POLL_MS        100U
/* A domain's structures, and those of a vCPU. */
#define DOMAIN_KIB 1024U
#define VCPU_KIB   256U

uint64_t build_pool(const struct config *c)
{
    return ((uint64_t)c->max_vcpus << 20) + (c->maxmem_kib >> 10) * 4096 +
           (512U << 10);
}

static uint64_t needed_kib(const struct config *c)
{
    return c->maxmem_kib + (2 * build_pool(c) >> 10) + DOMAIN_KIB +
           (uint64_t)c->max_vcpus * VCPU_KIB;
}

static int host_memory(uint64_t *free_kib, uint64_t *total_kib)
{
    struct xen_sysctl op = {.cmd = 0};
    int rc = hyp_sysctl(XEN_SYSCTL_physinfo, &op);

    if ( rc )
    {
        err("cannot ask for the host's memory: %s", strerror(-rc));
        return -1;
    }
    *free_kib = (op.u.physinfo.free_pages + op.u.physinfo.scrub_pages)
                << (PAGE_SHIFT - 10);
    *total_kib = op.u.physinfo.total_pages << (PAGE_SHIFT - 10);
    return 0;
}

static uint64_t dom0_kib(void)
{
    struct xen_domctl op = {.cmd = 0};

    if ( hyp_domctl(XEN_DOMCTL_getdomaininfo, 0, &op) || op.domain )
        return 0;
    return op.u.getdomaininfo.tot_pages << (PAGE_SHIFT - 10);
}

static void say_memory(const struct config *c, uint64_t need, uint64_t have)
{
    unsigned long long missing = need > have ? (need - have + 1023) >> 10 : 0;

    err("not enough memory for %s: it needs %llu MiB, %llu MiB are free, %llu "
        "MiB are missing; dom0 has %llu MiB: destroy another domain, lower "
        "memory, or lower dom0_mem on the hypervisor's command line",
        c->name, (unsigned long long)(need + 1023) >> 10,
        (unsigned long long)have >> 10, missing,
        (unsigned long long)dom0_kib() >> 10);
}

int build_wait_memory(const struct config *c)
{
    uint64_t need = needed_kib(c);
    uint64_t end = now_ms() + MEMORY_WAIT_MS;
    uint64_t have, total;

    for ( ;; )
    {
        if ( host_memory(&have, &total) )
            return -1;
        if ( have >= need )
            return 0;
        /* Nobody could give that much: no need to wait. */
        if ( need > total || now_ms() >= end || interrupted() )
            break;
        progress("waiting for memory", have >> 10, need >> 10, "MiB");
        wait_ms(POLL_MS);
    }
    say_memory(c, need, have);
    return -1;
}

#define MAX_EXTENTS 128U

/* @nr extents of 2^order pages from @gfn on. The number done, or -errno. */
static int populate_call(uint16_t domid, uint64_t gfn, unsigned int order,
                         unsigned int nr, xen_pfn_t *list)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr, .extent_order = order, .domid = domid};

    for ( unsigned int i = 0; i < nr; i++ )
        list[i] = gfn + ((uint64_t)i << order);
    set_xen_guest_handle(r.extent_start, list);
    return hyp_memory(XENMEM_populate_physmap, &r, sizeof(r));
}

/*
 * As many extents of one size as fit in the next step. Large ones are tried
 * where addresses allow; @*max_order falls when the host has none left.
 */
static int populate_step(uint16_t domid, uint64_t gfn, uint64_t left,
                         unsigned int *max_order, xen_pfn_t *list)
{
    static const unsigned int orders[] = {18, 9, 0};
    static const unsigned int most[] = {1, 32, MAX_EXTENTS};

    for ( unsigned int i = 0; i < sizeof(orders) / sizeof(orders[0]); i++ )
    {
        unsigned int order = orders[i];
        uint64_t nr = left >> order;
        int done;

        if ( order > *max_order || !nr || gfn & ((1ULL << order) - 1) )
            continue;
        if ( nr > most[i] )
            nr = most[i];
        done = populate_call(domid, gfn, order, (unsigned int)nr, list);
        if ( done > 0 )
            return done << order;
        if ( done < 0 && order == 0 )
            return done;
        if ( order )
            *max_order = orders[i + 1];
    }
    return -ENOMEM;
}

static int populate(uint16_t domid, const struct range *r, uint64_t *done,
                    uint64_t total)
{
    xen_pfn_t *list = hyp_buffer(MAX_EXTENTS * sizeof(*list));
    uint64_t gfn = r->start >> PAGE_SHIFT;
    uint64_t left = r->size >> PAGE_SHIFT;
    unsigned int max_order = 18;
    int rc = 0;

    while ( left && rc >= 0 )
    {
        rc = interrupted() ? -EINTR
                           : populate_step(domid, gfn, left, &max_order, list);
        if ( rc <= 0 )
            break;
        gfn += (uint64_t)rc;
        left -= (uint64_t)rc;
        *done += (uint64_t)rc << PAGE_SHIFT;
        progress("memory", *done >> 20, total >> 20, "MiB");
    }
    hyp_buffer_free(list, MAX_EXTENTS * sizeof(*list));
    return left ? rc : 0;
}

static int make_memory(const struct build *b)
{
    const struct range magic = {CONSOLE_GFN << PAGE_SHIFT, 4 * GUEST_PAGE};
    uint64_t total = magic.size, done = 0, have = 0, all;
    int rc;

    for ( unsigned int i = 0; i < b->nr_banks; i++ )
        total += b->bank[i].size;
    rc = populate(b->domid, &magic, &done, total);
    for ( unsigned int i = 0; !rc && i < b->nr_banks; i++ )
        rc = populate(b->domid, &b->bank[i], &done, total);
    if ( !rc )
        return 0;
    if ( rc == -ENOMEM && !host_memory(&have, &all) )
        say_memory(b->config, have + ((total - done) >> 10), have);
    else if ( rc != -EINTR )
        err("cannot give %s its memory: %s", b->config->name, strerror(-rc));
    return -1;
}

/* ---- contents ---- */

#define CHUNK_PAGES 1024U

/* Copy to the domain's frames from @addr on; what follows to the end of the
 * last page is zeroed. */
static int copy_to(const struct build *b, uint64_t addr, const void *data,
                   size_t size, const char *what)
{
    xen_pfn_t gfns[CHUNK_PAGES];
    size_t done = 0;

    while ( done < size )
    {
        size_t bytes = size - done, pages;
        uint8_t *to;

        if ( bytes > CHUNK_PAGES * GUEST_PAGE )
            bytes = CHUNK_PAGES * GUEST_PAGE;
        pages = (bytes + GUEST_PAGE - 1) / GUEST_PAGE;
        for ( size_t i = 0; i < pages; i++ )
            gfns[i] = ((addr + done) >> PAGE_SHIFT) + i;
        to = hyp_map(b->domid, gfns, pages);
        if ( !to )
        {
            err("cannot map memory of %s for its %s: %s", b->config->name, what,
                strerror(errno));
            return -1;
        }
        memcpy(to, (const uint8_t *)data + done, bytes);
        memset(to + bytes, 0, pages * GUEST_PAGE - bytes);
        hyp_unmap(to, pages);
        done += bytes;
        progress(what, done >> 10, size >> 10, "KiB");
        if ( interrupted() )
            return -1;
    }
    return 0;
}

/* A guest starts with its caches off. */
static int flush(const struct build *b, uint64_t addr, uint64_t size)
{
    struct xen_domctl op = {.cmd = 0};
    int rc;

    op.u.cacheflush.start_pfn = addr >> PAGE_SHIFT;
    op.u.cacheflush.nr_pfns = (size + GUEST_PAGE - 1) >> PAGE_SHIFT;
    if ( !size )
        return 0;
    rc = hyp_domctl(XEN_DOMCTL_cacheflush, b->domid, &op);
    if ( rc )
        err("cannot clean the caches for %s: %s", b->config->name,
            strerror(-rc));
    return rc ? -1 : 0;
}

static void xen_version_numbers(struct guest_tree *t)
{
    char unused[8] = "";
    int v = hyp_call2(__HYPERVISOR_xen_version, XENVER_version, unused,
                      sizeof(unused));

    t->xen_major = v > 0 ? (unsigned int)v >> 16 : 4;
    t->xen_minor = v > 0 ? (unsigned int)v & 0xffff : 17;
}

static int make_tree(struct build *b, void *tree, size_t *used)
{
    uint8_t seed[RNG_SEED_SIZE];
    struct guest_tree t = {
        .cmdline = b->config->cmdline,
        .vcpus = b->config->max_vcpus,
        .gic_version = b->gic_version,
        .gpaddr_bits = b->gpaddr_bits,
        .nr_banks = b->nr_banks,
        .ramdisk = b->place.ramdisk,
        .rng_seed = seed,
        .pci = b->config->passthrough,
        .msi = b->msi,
        .devices = b->dt.nr || b->dt.partial ? &b->dt.source : NULL,
        .hole = b->dt.hole,
        .nr_holes = b->dt.nr_holes,
    };

    if ( getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) )
    {
        err("no random numbers for the guest's seed: %s", strerror(errno));
        return -1;
    }
    memcpy(t.bank, b->bank, sizeof(t.bank));
    xen_version_numbers(&t);
    return guest_tree_write(&t, tree, TREE_SIZE, used);
}

static int load(struct build *b)
{
    const struct placement *p = &b->place;
    void *tree = xcalloc(1, TREE_SIZE);
    size_t used = 0;
    int rc = make_tree(b, tree, &used);

    if ( !rc )
        rc = copy_to(b, p->kernel.start, b->kernel.data, b->kernel.size,
                     "kernel");
    if ( !rc )
        rc = copy_to(b, p->ramdisk.start, b->ramdisk.data, b->ramdisk.size,
                     "ramdisk");
    if ( !rc )
        rc = copy_to(b, p->dtb.start, tree, used, "device tree");
    free(tree);
    if ( rc || flush(b, p->kernel.start, p->kernel.size) ||
         flush(b, p->ramdisk.start, p->ramdisk.size) ||
         flush(b, p->dtb.start, used) ||
         flush(b, CONSOLE_GFN << PAGE_SHIFT, 4 * GUEST_PAGE) )
        return -1;
    return 0;
}

/* ---- what the daemons share with it ---- */

static int set_params(const struct build *b)
{
    /* type 2: a PPI; flags 2: level, active low; libxl's encoding */
    const uint64_t callback = 2ULL << 56 | 2U << 8 | GUEST_EVTCHN_PPI;
    const struct {
        uint32_t index;
        uint64_t value;
    } params[] = {
        {HVM_PARAM_CALLBACK_IRQ, callback},
        {HVM_PARAM_CONSOLE_PFN, CONSOLE_GFN},
        {HVM_PARAM_STORE_PFN, XENSTORE_GFN},
        {HVM_PARAM_MONITOR_RING_PFN, VMEVENT_GFN},
        {HVM_PARAM_CONSOLE_EVTCHN, b->console_port},
        {HVM_PARAM_STORE_EVTCHN, b->store_port},
    };

    for ( size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++ )
    {
        int rc = hyp_set_param(b->domid, params[i].index, params[i].value);

        if ( rc )
        {
            err("cannot set parameter %u of %s: %s", params[i].index,
                b->config->name, strerror(-rc));
            return -1;
        }
    }
    return 0;
}

/* Entries 0 and 1 of its grant table are for xenconsoled and xenstored. */
static int seed_grants(const struct build *b)
{
    xenforeignmemory_handle *fm = xenforeignmemory_open(NULL, 0);
    xenforeignmemory_resource_handle *res = NULL;
    grant_entry_v1_t *table;
    void *addr = NULL;

    if ( fm )
        res = xenforeignmemory_map_resource(
            fm, b->domid, XENMEM_resource_grant_table,
            XENMEM_resource_grant_table_id_shared, 0, 1, &addr,
            PROT_READ | PROT_WRITE, 0);
    if ( !res )
        err("cannot map the grant table of %s: %s", b->config->name,
            strerror(errno));
    else
    {
        table = addr;
        table[GNTTAB_RESERVED_CONSOLE] = (grant_entry_v1_t){
            .flags = GTF_permit_access, .domid = 0, .frame = CONSOLE_GFN};
        table[GNTTAB_RESERVED_XENSTORE] = (grant_entry_v1_t){
            .flags = GTF_permit_access, .domid = 0, .frame = XENSTORE_GFN};
        xenforeignmemory_unmap_resource(fm, res);
    }
    if ( fm )
        xenforeignmemory_close(fm);
    return res ? 0 : -1;
}

static int set_registers(const struct build *b)
{
    struct vcpu_guest_context *ctx = hyp_buffer(sizeof(*ctx));
    struct xen_domctl op = {.cmd = 0};
    int rc;

    ctx->flags = VGCF_online;
    ctx->user_regs.pc64 = b->place.kernel.start;
    ctx->user_regs.x0 = b->place.dtb.start;
    ctx->user_regs.cpsr = PSR_GUEST64_INIT;
    ctx->sctlr = SCTLR_GUEST_INIT;
    op.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, ctx);
    rc = hyp_domctl(XEN_DOMCTL_setvcpucontext, b->domid, &op);
    hyp_buffer_free(ctx, sizeof(*ctx));
    if ( rc )
        err("cannot set the registers of %s: %s", b->config->name,
            strerror(-rc));
    return rc ? -1 : 0;
}

int build_domain(struct build *b)
{
    if ( make_memory(b) || load(b) || set_params(b) || set_registers(b) ||
         seed_grants(b) )
        return -1;
    return 0;
}
