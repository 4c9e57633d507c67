/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pxl-pci-move.c - PCI functions between dom0, quarantine and domains:
 * what pxl asks a hypervisor and a Linux of the test's own to do, and what it
 * says about it.
 */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg.h"
#include "cmd.h"
#include "device.h"
#include "pci-linux.h"
#include "pci.h"
#include "pxl.h"
#include "captured.h"

/* ---- the machine ---- */

#define BRIDGE "0000:00:01.0"
#define TWIN_1 "0000:06:01.0"
#define TWIN_2 "0000:06:02.0"
#define BARE   "0000:02:00.0"
#define NODE   "/soc/mmc@1"

enum {
    AT_BRIDGE,
    AT_TWIN_1,
    AT_TWIN_2,
    AT_BARE,
    AT_NODE,
    NR
};

static struct px_device_info dev[NR];

static const struct px_device_info machine[NR] = {
    [AT_BRIDGE] = {.dev = {.kind = PX_DEVICE_PCI, .sbdf = 0x8},
                   .group = AT_BRIDGE,
                   .flags = PX_DEV_BRIDGE},
    [AT_TWIN_1] = {.dev = {.kind = PX_DEVICE_PCI, .sbdf = 0x608},
                   .group = AT_TWIN_1},
    [AT_TWIN_2] = {.dev = {.kind = PX_DEVICE_PCI, .sbdf = 0x610},
                   .group = AT_TWIN_1},
    [AT_BARE] = {.dev = {.kind = PX_DEVICE_PCI, .sbdf = 0x200},
                 .group = AT_BARE,
                 .unit = PX_NO_INDEX},
    [AT_NODE] = {.dev = {.kind = PX_DEVICE_DT, .path_len = sizeof(NODE) - 1},
                 .group = AT_NODE},
};

/* What it answers when it is asked for these; 0: it does them. */
static int quarantine_rc, attach_rc, release_rc;
static uint32_t conflict;
static uint64_t cpu_time;

/* What dom0's Linux was told, in order. */
static char linux_log[1024];

static void note(const char *what, const char *name)
{
    size_t len = strlen(linux_log);

    snprintf(linux_log + len, sizeof(linux_log) - len, "%s%s%s;", what,
             *name ? " " : "", name);
}

static struct px_device_info *find(const struct px_device *of)
{
    assert_int_equal(of->kind, PX_DEVICE_PCI);
    for ( int i = 0; i < NR; i++ )
        if ( dev[i].dev.kind == of->kind && dev[i].dev.sbdf == of->sbdf )
            return &dev[i];
    fail_msg("no device %#x", of->sbdf);
    return NULL;
}

static void move_group(uint32_t group, uint32_t owner)
{
    for ( int i = 0; i < NR; i++ )
        if ( dev[i].group == group )
            dev[i].owner = owner;
}

static bool group_in_use(uint32_t group)
{
    for ( int i = 0; i < NR; i++ )
        if ( dev[i].group == group && dev[i].vslot != PX_NO_INDEX )
            return true;
    return false;
}

static int device_info(struct px_device_info *info)
{
    uint32_t index = info->index;
    char *path = info->dev.path.p;

    if ( index >= NR )
        return -ENOENT;
    *info = dev[index];
    info->index = index;
    if ( info->dev.kind == PX_DEVICE_DT )
        memcpy(path, NODE, sizeof(NODE) - 1);
    return 0;
}

static int attach(struct px_attach *a)
{
    struct px_device_info *d = find(&a->dev);

    if ( attach_rc || d->owner == 0 )
    {
        a->owner = d->owner;
        return attach_rc ? attach_rc : -EBUSY;
    }
    move_group(d->group, a->domid);
    d->vslot = 8;
    return 0;
}

static int detach(const struct px_detach *op)
{
    struct px_device_info *d = find(&op->dev);

    if ( d->owner != op->domid || d->vslot == PX_NO_INDEX )
        return -ENODEV;
    d->vslot = PX_NO_INDEX;
    if ( !group_in_use(d->group) )
        move_group(d->group, DOMID_INVALID);
    return 0;
}

static int move(struct px_quarantine *q, int rc, uint32_t from, uint32_t to)
{
    struct px_device_info *d = find(&q->dev);

    q->conflict = conflict;
    if ( rc || d->owner != from )
        return rc ? rc : -EBUSY;
    move_group(d->group, to);
    return 0;
}

int hyp_px(uint32_t cmd, struct proxenos_op *op)
{
    switch ( cmd )
    {
    case PX_OP_device_info:
        return device_info(&op->u.device_info);
    case PX_OP_quarantine:
        return move(&op->u.quarantine, quarantine_rc, 0, DOMID_INVALID);
    case PX_OP_release:
        return move(&op->u.quarantine, release_rc, DOMID_INVALID, 0);
    case PX_OP_attach:
        return attach(&op->u.attach);
    case PX_OP_detach:
        return detach(&op->u.detach);
    default:
        fail_msg("operation %u", cmd);
        return -ENOSYS;
    }
}

int hyp_domctl(uint32_t cmd, uint16_t domid, struct xen_domctl *op)
{
    assert_int_equal(cmd, XEN_DOMCTL_getdomaininfo);
    op->u.getdomaininfo.domain = domid;
    op->u.getdomaininfo.cpu_time = cpu_time;
    return 0;
}

void *hyp_buffer(size_t size)
{
    return xcalloc(1, size);
}

void hyp_buffer_free(void *buf, size_t size)
{
    (void)size;
    free(buf);
}

/* ---- dom0 ---- */

char *linux_user(const char *bdf)
{
    (void)bdf;
    return NULL;
}

int linux_let_go(const char *bdf)
{
    note("let go", bdf);
    return 0;
}

int linux_no_driver(const char *bdf)
{
    note("no driver", bdf);
    return 0;
}

int linux_driver(const char *bdf)
{
    note("driver", bdf);
    return 0;
}

int linux_rescan(void)
{
    note("rescan", "");
    return 0;
}

bool pci_named(const char *name, uint32_t *sbdf)
{
    (void)name;
    (void)sbdf;
    return false;
}

int pci_set_name(uint32_t sbdf, const char *name)
{
    (void)sbdf;
    assert_null(name);
    return 0;
}

bool pci_name_is_good(const char *name)
{
    (void)name;
    return true;
}

int pci_resolve(struct pci_spec *spec, char **why)
{
    (void)spec;
    *why = NULL;
    return 0;
}

char *domain_name(int domid)
{
    return xasprintf("domain-%d", domid);
}

int domain_arg(const char *arg)
{
    return atoi(arg);
}

int usage(const char *name)
{
    (void)name;
    return 2;
}

int options(int argc, char **argv, const char *shortopts,
            const struct option *longopts)
{
    static const struct option none[] = {{NULL, 0, NULL, 0}};

    return getopt_long(argc, argv, shortopts, longopts ? longopts : none, NULL);
}

/* ---- the tests ---- */

#define MAX_WORDS 4

static const char *out, *errors;

static int run(int (*command)(int, char **), const char *const *words)
{
    char *argv[MAX_WORDS + 1] = {NULL};
    int argc = 0, rc;

    for ( ; words[argc]; argc++ )
        argv[argc] = xstrdup(words[argc]);
    linux_log[0] = '\0';
    optind = 0;
    stdout_begin();
    stderr_begin();
    rc = command(argc, argv);
    errors = stderr_end();
    out = stdout_end();
    for ( int i = 0; i < MAX_WORDS; i++ )
        free(argv[i]);
    return rc;
}

#define RUN(command, ...)                                                      \
    run(command, (const char *const[MAX_WORDS + 1]){"pxl", __VA_ARGS__})

static void assert_says(const char *text, const char *what)
{
    if ( !strstr(text, what) )
        fail_msg("no \"%s\" in \"%s\"", what, text);
}

static int setup(void **state)
{
    (void)state;
    memcpy(dev, machine, sizeof(dev));
    for ( int i = 0; i < NR; i++ )
        dev[i].vslot = PX_NO_INDEX;
    quarantine_rc = attach_rc = release_rc = 0;
    conflict = PX_NO_INDEX;
    cpu_time = 1;
    return 0;
}

/* Who keeps a group where it is, and what to do about it. */
static void test_obstacles(void **state)
{
    static const struct {
        uint32_t conflict, owner;
        const char *says;
    } cases[] = {
        {AT_BRIDGE, 0, "requester ID with " BRIDGE ", which is a bridge"},
        {AT_TWIN_2, 0, "requester ID with " TWIN_2 ", which dom0 still uses"},
        {AT_TWIN_2, 3, TWIN_2 ", which domain-3 has; pxl pci-detach domain-3 "},
        {AT_TWIN_2, DOMID_INVALID,
         TWIN_2 ", which is assignable already; pxl pci-assignable-remove"},
        {PX_NO_INDEX, 0, "requester ID with another device, which stays"},
    };

    quarantine_rc = -EXDEV;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        conflict = cases[i].conflict;
        if ( conflict != PX_NO_INDEX )
            dev[conflict].owner = cases[i].owner;
        assert_int_equal(RUN(cmd_pci_assignable_add, TWIN_1), EXIT_FAILURE);
        assert_says(errors, TWIN_1 ": not assignable: it shares its ");
        assert_says(errors, cases[i].says);
        assert_says(linux_log, "rescan;"); /* what was let go of */
    }
    setup(state);
    quarantine_rc = -ETIMEDOUT;
    assert_int_equal(RUN(cmd_pci_assignable_add, TWIN_1), EXIT_FAILURE);
    assert_says(errors, "its IOMMU did not confirm in time");
}

static void test_group_and_back(void **state)
{
    (void)state;
    assert_int_equal(RUN(cmd_pci_assignable_add, TWIN_1), EXIT_SUCCESS);
    assert_string_equal(linux_log, "let go " TWIN_1 ";let go " TWIN_2 ";");
    assert_int_equal(dev[AT_TWIN_2].owner, DOMID_INVALID);
    assert_says(out, TWIN_2 " moves with it");

    /* Linux binds what a rescan finds, if nobody forbids it. */
    assert_int_equal(RUN(cmd_pci_assignable_remove, TWIN_1), EXIT_SUCCESS);
    assert_string_equal(linux_log,
                        "rescan;no driver " TWIN_1 ";no driver " TWIN_2 ";");
    assert_int_equal(dev[AT_TWIN_2].owner, 0);
}

static void test_group_detach(void **state)
{
    (void)state;
    assert_int_equal(RUN(cmd_pci_assignable_add, TWIN_1), EXIT_SUCCESS);
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1), EXIT_SUCCESS);
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_2), EXIT_SUCCESS);
    assert_int_equal(RUN(cmd_pci_detach, "3", TWIN_1), EXIT_SUCCESS);
    assert_says(out, "stays domain-3's until " TWIN_2 " is detached, too");
    assert_null(strstr(out, "assignable"));
    assert_int_equal(RUN(cmd_pci_assignable_remove, TWIN_1), EXIT_FAILURE);
    assert_says(errors, TWIN_1 ": domain-3 has it with " TWIN_2
                               "; pxl pci-detach domain-3 " TWIN_2 " first");
    assert_int_equal(RUN(cmd_pci_detach, "3", TWIN_2), EXIT_SUCCESS);
    assert_says(out, TWIN_2 ": detached, assignable");
}

/* The end of a domain that has one of a group: nothing is amiss. */
static int destroy(int argc, char **argv)
{
    (void)argc;
    return pci_destroy(atoi(argv[1]));
}

static void test_destroy(void **state)
{
    (void)state;
    for ( int which = AT_TWIN_1; which <= AT_TWIN_2; which++ )
    {
        move_group(AT_TWIN_1, 3);
        dev[which].vslot = 8;
        assert_int_equal(RUN(destroy, "3"), 0);
        assert_string_equal(errors, "");
        assert_int_equal(dev[AT_TWIN_1].owner, DOMID_INVALID);
    }
}

static void test_seize_undone(void **state)
{
    attach_rc = -EEXIST;
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1 ",seize=1"), EXIT_FAILURE);
    assert_says(errors, TWIN_1 ",seize=1: not attached: slot ");
    assert_string_equal(out, "");
    assert_string_equal(linux_log,
                        "let go " TWIN_1 ";let go " TWIN_2
                        ";rescan;driver " TWIN_1 ";driver " TWIN_2 ";");
    assert_int_equal(dev[AT_TWIN_1].owner, 0);
    assert_int_equal(dev[AT_TWIN_2].owner, 0);

    /* It was assignable before: that is where it stays. */
    move_group(AT_TWIN_1, DOMID_INVALID);
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1 ",seize=1"), EXIT_FAILURE);
    assert_int_equal(dev[AT_TWIN_1].owner, DOMID_INVALID);

    setup(state);
    attach_rc = -EEXIST;
    release_rc = -ENOMEM;
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1 ",seize=1"), EXIT_FAILURE);
    assert_says(errors, "pxl pci-assignable-remove -r " TWIN_1 " tries again");
}

static void test_taken_is_told(void **state)
{
    (void)state;
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1 ",seize=1"), EXIT_SUCCESS);
    assert_int_equal(RUN(destroy, "3"), 0);
    assert_string_equal(errors, ""); /* it has run */
    cpu_time = 0;
    assert_int_equal(RUN(destroy, "3"), 0);
    assert_string_equal(errors,
                        "pxl: warning: " TWIN_1 ": was dom0's, and is in "
                        "quarantine now; pxl pci-assignable-remove -r " TWIN_1
                        " gives it back\n");
    assert_int_equal(RUN(destroy, "3"), 0);
    assert_string_equal(errors, "");
}

static void test_refusals(void **state)
{
    (void)state;
    attach_rc = -EPERM;
    assert_int_equal(RUN(cmd_pci_attach, "3", BARE ",permissive=1"),
                     EXIT_FAILURE);
    assert_says(errors, "no IOMMU covers it, and the domain is not "
                        "direct-mapped");
    assert_int_equal(RUN(cmd_pci_attach, "3", BRIDGE), EXIT_FAILURE);
    assert_says(errors, "a bridge stays with dom0");
    attach_rc = -EOPNOTSUPP;
    assert_int_equal(RUN(cmd_pci_attach, "3", BARE), EXIT_FAILURE);
    assert_says(errors, "no IOMMU covers it, so nothing would");
    assert_int_equal(RUN(cmd_pci_attach, "3", TWIN_1), EXIT_FAILURE);
    assert_says(errors, "the domain has no IOMMU tables");

    assert_int_equal(RUN(cmd_pci_assignable_add, NODE), EXIT_FAILURE);
    assert_says(errors, NODE ": no PCI device; see pxl dt-attach");
    assert_int_equal(RUN(cmd_pci_assignable_remove, NODE), EXIT_FAILURE);
    assert_says(errors, NODE ": no PCI device; see pxl dt-attach");
    dev[AT_TWIN_1].flags |= PX_DEV_GONE;
    assert_int_equal(RUN(cmd_pci_assignable_add, TWIN_1), EXIT_FAILURE);
    assert_says(errors, TWIN_1 ": it was pulled out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_obstacles, setup),
        cmocka_unit_test_setup(test_group_and_back, setup),
        cmocka_unit_test_setup(test_group_detach, setup),
        cmocka_unit_test_setup(test_destroy, setup),
        cmocka_unit_test_setup(test_seize_undone, setup),
        cmocka_unit_test_setup(test_taken_is_told, setup),
        cmocka_unit_test_setup(test_refusals, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
