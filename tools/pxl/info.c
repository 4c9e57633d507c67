/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info.c - info: the host and its hypervisor. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <xen/version.h>

#include "cmd.h"
#include "domain.h"
#include "json.h"
#include "parse.h"
#include "pxl.h"

#define PAGES_PER_MIB 256

struct host {
    struct utsname uts;
    struct xen_sysctl_physinfo phys;
    unsigned int major, minor, pagesize, free_cpus;
    const char *scheduler;
    xen_extraversion_t extra;
    xen_capabilities_info_t caps;
    xen_changeset_info_t changeset;
    xen_commandline_t cmdline;
    struct xen_compile_info cc;
    struct xen_platform_parameters platform;
};

/* Strings stay empty when the hypervisor does not tell. */
static int version(uint64_t cmd, void *out, size_t size)
{
    return hyp_call2(__HYPERVISOR_xen_version, cmd, out, size);
}

static const char *ask_scheduler(void)
{
    struct xen_sysctl op = {0};

    if ( hyp_sysctl(XEN_SYSCTL_sched_id, &op) < 0 )
        return "unknown";
    switch ( op.u.sched_id.sched_id )
    {
    case XEN_SCHEDULER_CREDIT:
        return "credit";
    case XEN_SCHEDULER_CREDIT2:
        return "credit2";
    case XEN_SCHEDULER_RTDS:
        return "rtds";
    case XEN_SCHEDULER_NULL:
        return "null";
    default:
        return "unknown";
    }
}

/* CPUs that belong to no pool. */
static unsigned int ask_free_cpus(void)
{
    struct xen_sysctl op = {0};
    unsigned int nr = nr_cpus(), i, n = 0;
    size_t size = (nr + 7) / 8;
    uint8_t *map = hyp_buffer(size);

    op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    op.u.cpupool_op.cpumap.nr_bits = nr;
    set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, map);
    if ( hyp_sysctl(XEN_SYSCTL_cpupool_op, &op) >= 0 )
        for ( i = 0; i < nr; i++ )
            n += cpu_isset(map, i);
    hyp_buffer_free(map, size);
    return n;
}

static int ask(struct host *h)
{
    int rc = version(XENVER_version, NULL, 0);

    if ( rc < 0 )
        return hyp_failed(rc, "cannot ask for the hypervisor's version");
    h->major = (unsigned int)rc >> 16;
    h->minor = (unsigned int)rc & 0xffff;
    rc = version(XENVER_pagesize, NULL, 0);
    h->pagesize = rc < 0 ? 0 : (unsigned int)rc;

    version(XENVER_extraversion, h->extra, sizeof(h->extra));
    version(XENVER_capabilities, h->caps, sizeof(h->caps));
    version(XENVER_changeset, h->changeset, sizeof(h->changeset));
    version(XENVER_commandline, h->cmdline, sizeof(h->cmdline));
    version(XENVER_compile_info, &h->cc, sizeof(h->cc));
    version(XENVER_platform_parameters, &h->platform, sizeof(h->platform));
    h->scheduler = ask_scheduler();
    h->free_cpus = ask_free_cpus();
    if ( uname(&h->uts) )
        memset(&h->uts, 0, sizeof(h->uts));
    return host_info(&h->phys);
}

static const struct {
    uint32_t bit;
    const char *word, *field; /* of virt_caps; of libxl_physinfo */
} caps[] = {
    {XEN_SYSCTL_PHYSCAP_pv, "pv", "cap_pv"},
    {XEN_SYSCTL_PHYSCAP_hvm, "hvm", "cap_hvm"},
    {XEN_SYSCTL_PHYSCAP_directio, "hvm_directio", "cap_hvm_directio"},
    {XEN_SYSCTL_PHYSCAP_hap, "hap", "cap_hap"},
    {XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share",
     "cap_iommu_hap_pt_share"},
    {XEN_SYSCTL_PHYSCAP_vpmu, "vpmu", "cap_vpmu"},
    {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1", "cap_gnttab_v1"},
    {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2", "cap_gnttab_v2"},
};
#define NR_CAPS (sizeof(caps) / sizeof(caps[0]))

__attribute__((format(printf, 2, 3))) static void line(const char *name,
                                                       const char *fmt, ...)
{
    va_list args;

    printf("%-23s: ", name);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

static void print_host(const struct host *h)
{
    line("host", "%s", h->uts.nodename);
    line("release", "%s", h->uts.release);
    line("version", "%s", h->uts.version);
    line("machine", "%s", h->uts.machine);
}

static void print_phys(const struct xen_sysctl_physinfo *p)
{
    unsigned int i;

    line("nr_cpus", "%u", p->nr_cpus);
    line("max_cpu_id", "%u", p->max_cpu_id);
    line("nr_nodes", "%u", p->nr_nodes);
    line("cores_per_socket", "%u", p->cores_per_socket);
    line("threads_per_core", "%u", p->threads_per_core);
    line("cpu_mhz", "%u.%03u", p->cpu_khz / 1000, p->cpu_khz % 1000);
    printf("%-23s: ", "hw_caps");
    for ( i = 0; i < 8; i++ )
        printf("%08x%c", p->hw_cap[i], i < 7 ? ':' : '\n');
    printf("%-23s:", "virt_caps");
    for ( i = 0; i < NR_CAPS; i++ )
        if ( p->capabilities & caps[i].bit )
            printf(" %s", caps[i].word);
    putchar('\n');
    line("total_memory", "%" PRIu64, p->total_pages / PAGES_PER_MIB);
    line("free_memory", "%" PRIu64,
         (p->free_pages - p->outstanding_pages) / PAGES_PER_MIB);
    line("sharing_freed_memory", "0");
    line("sharing_used_memory", "0");
    line("outstanding_claims", "%" PRIu64,
         p->outstanding_pages / PAGES_PER_MIB);
}

static void print_hypervisor(const struct host *h)
{
    line("free_cpus", "%u", h->free_cpus);
    line("xen_major", "%u", h->major);
    line("xen_minor", "%u", h->minor);
    line("xen_extra", "%s", h->extra);
    line("xen_version", "%u.%u%s", h->major, h->minor, h->extra);
    line("xen_caps", "%s", h->caps);
    line("xen_scheduler", "%s", h->scheduler);
    line("xen_pagesize", "%u", h->pagesize);
    line("platform_params", "virt_start=0x%" PRIx64, h->platform.virt_start);
    line("xen_changeset", "%s", h->changeset);
    line("xen_commandline", "%s", h->cmdline);
    line("cc_compiler", "%s", h->cc.compiler);
    line("cc_compile_by", "%s", h->cc.compile_by);
    line("cc_compile_domain", "%s", h->cc.compile_domain);
    line("cc_compile_date", "%s", h->cc.compile_date);
    line("build_id", "%s", "");
    line("xend_config_format", "4");
}

/* ---- -n: where the CPUs and the memory are ---- */

#define MAX_NODES 64

struct topology {
    uint32_t nr_cpus, nr_nodes;
    xen_sysctl_cputopo_t *cpu; /* of nr_cpus */
    size_t cpu_size;
    xen_sysctl_meminfo_t node[MAX_NODES];
    uint32_t distance[MAX_NODES * MAX_NODES];
};

static int ask_topology(struct topology *t)
{
    struct xen_sysctl op = {0};
    size_t node_size = sizeof(t->node), dist_size = sizeof(t->distance);
    xen_sysctl_meminfo_t *node = hyp_buffer(node_size);
    uint32_t *distance = hyp_buffer(dist_size);
    int rc;

    t->nr_cpus = nr_cpus();
    t->cpu_size = t->nr_cpus * sizeof(*t->cpu);
    t->cpu = hyp_buffer(t->cpu_size);
    op.u.cputopoinfo.num_cpus = t->nr_cpus;
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, t->cpu);
    rc = hyp_sysctl(XEN_SYSCTL_cputopoinfo, &op);

    memset(&op, 0, sizeof(op));
    op.u.numainfo.num_nodes = MAX_NODES;
    set_xen_guest_handle(op.u.numainfo.meminfo, node);
    set_xen_guest_handle(op.u.numainfo.distance, distance);
    if ( rc >= 0 )
        rc = hyp_sysctl(XEN_SYSCTL_numainfo, &op);
    t->nr_nodes =
        op.u.numainfo.num_nodes < MAX_NODES ? op.u.numainfo.num_nodes : 0;
    memcpy(t->node, node, node_size);
    memcpy(t->distance, distance, dist_size);
    hyp_buffer_free(node, node_size);
    hyp_buffer_free(distance, dist_size);
    return rc < 0 ? hyp_failed(rc, "cannot ask for the host's topology") : 0;
}

static void print_topology(const struct topology *t)
{
    uint32_t i, j;

    printf("cpu_topology           :\n"
           "cpu:    core    socket     node\n");
    for ( i = 0; i < t->nr_cpus; i++ )
        if ( t->cpu[i].core != XEN_INVALID_CORE_ID )
            printf("%3u:    %4u     %4u     %4u\n", i, t->cpu[i].core,
                   t->cpu[i].socket, t->cpu[i].node);
    printf("numa_info              :\n"
           "node:    memsize    memfree    distances\n");
    for ( i = 0; i < t->nr_nodes; i++ )
    {
        printf("%4u:    %6" PRIu64 "     %6" PRIu64 "      ", i,
               t->node[i].memsize >> 20, t->node[i].memfree >> 20);
        for ( j = 0; j < t->nr_nodes; j++ )
            printf("%s%u", j ? "," : "", t->distance[i * t->nr_nodes + j]);
        putchar('\n');
    }
}

static void json_topology(const struct topology *t)
{
    uint32_t i, j;

    json_array("cpu_topology");
    for ( i = 0; i < t->nr_cpus; i++ )
    {
        json_object(NULL);
        json_number("cpu", i);
        json_number("core", t->cpu[i].core);
        json_number("socket", t->cpu[i].socket);
        json_number("node", t->cpu[i].node);
        json_end();
    }
    json_end();
    json_array("numa_info");
    for ( i = 0; i < t->nr_nodes; i++ )
    {
        json_object(NULL);
        json_number("size", t->node[i].memsize);
        json_number("free", t->node[i].memfree);
        json_array("dists");
        for ( j = 0; j < t->nr_nodes; j++ )
            json_number(NULL, t->distance[i * t->nr_nodes + j]);
        json_end();
        json_end();
    }
    json_end();
}

/* Fields as in libxl_physinfo and libxl_version_info. */
static void json_host(const struct host *h, const struct topology *t)
{
    const struct xen_sysctl_physinfo *p = &h->phys;
    size_t i;

    json_object(NULL);
    json_string("host", h->uts.nodename);
    json_string("release", h->uts.release);
    json_string("version", h->uts.version);
    json_string("machine", h->uts.machine);
    json_number("threads_per_core", p->threads_per_core);
    json_number("cores_per_socket", p->cores_per_socket);
    json_number("max_cpu_id", p->max_cpu_id);
    json_number("nr_cpus", p->nr_cpus);
    json_number("cpu_khz", p->cpu_khz);
    json_number("total_pages", p->total_pages);
    json_number("free_pages", p->free_pages);
    json_number("scrub_pages", p->scrub_pages);
    json_number("outstanding_pages", p->outstanding_pages);
    json_number("max_possible_mfn", p->max_mfn);
    json_number("nr_nodes", p->nr_nodes);
    for ( i = 0; i < NR_CAPS; i++ )
        json_bool(caps[i].field, p->capabilities & caps[i].bit);
    json_number("xen_version_major", h->major);
    json_number("xen_version_minor", h->minor);
    json_string("xen_version_extra", h->extra);
    json_string("compiler", h->cc.compiler);
    json_string("compile_by", h->cc.compile_by);
    json_string("compile_domain", h->cc.compile_domain);
    json_string("compile_date", h->cc.compile_date);
    json_string("capabilities", h->caps);
    json_string("changeset", h->changeset);
    json_number("virt_start", h->platform.virt_start);
    json_number("pagesize", h->pagesize);
    json_string("commandline", h->cmdline);
    json_number("free_cpus", h->free_cpus);
    json_string("scheduler", h->scheduler);
    if ( t )
        json_topology(t);
    json_end();
}

int cmd_info(int argc, char **argv)
{
    static const struct option longs[] = {
        {"numa", 0, NULL, 'n'},
        {"json", 0, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    static struct host h;
    static struct topology t;
    bool numa = false, as_json = false;
    int c;

    while ( (c = options(argc, argv, "nj", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        numa |= c == 'n';
        as_json |= c == 'j';
    }
    if ( optind != argc )
        return usage(argv[0]);
    if ( ask(&h) || (numa && ask_topology(&t)) )
        return EXIT_FAILURE;

    if ( as_json )
    {
        json_host(&h, numa ? &t : NULL);
        return EXIT_SUCCESS;
    }
    print_host(&h);
    print_phys(&h.phys);
    if ( numa )
        print_topology(&t);
    print_hypervisor(&h);
    return EXIT_SUCCESS;
}
