/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pxl-audit.c - pxl iommu-audit against a hypervisor of the test's own,
 * which answers slice by slice.
 */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd.h"
#include "device.h"
#include "pxl.h"
#include "captured.h"

/* ---- the hypervisor ---- */

/* An answer to one question; rc < 0: there is no more. */
struct slice {
    uint32_t domid, table;
    uint64_t from, to;
    uint32_t flags, what;
    uint64_t compared, differences, bad_gfn, cpu_mfn, iommu_mfn;
    int rc;
};

static const struct slice *slices;
static size_t nr_slices;
static int other_rc; /* of a table that no slice is of */

int hyp_px(uint32_t cmd, struct proxenos_op *op)
{
    struct px_audit *a = &op->u.audit;

    assert_int_equal(cmd, PX_OP_audit);
    for ( size_t i = 0; i < nr_slices; i++ )
    {
        const struct slice *s = &slices[i];

        if ( s->domid != a->domid || s->table != a->table || s->from != a->gfn )
            continue;
        a->gfn = s->to;
        a->flags = s->flags;
        a->what = s->what;
        a->compared = s->compared;
        a->differences = s->differences;
        a->bad_gfn = s->bad_gfn;
        a->cpu_mfn = s->cpu_mfn;
        a->iommu_mfn = s->iommu_mfn;
        return s->rc;
    }
    return other_rc;
}

/* Domains 0 and 3. */
bool next_domain(uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    if ( domid > 3 )
        return false;
    info->domain = domid ? 3 : 0;
    return true;
}

char *domain_name(int domid)
{
    return xstrdup(domid ? "guest" : "Domain-0");
}

int domain_arg(const char *arg)
{
    return strcmp(arg, "guest") ? -1 : 3;
}

int usage(const char *name)
{
    (void)name;
    return 2;
}

int options(int argc, char **argv, const char *shortopts,
            const struct option *longopts)
{
    return getopt_long(argc, argv, shortopts, longopts, NULL);
}

/* No work here takes a second. */
uint64_t now_ms(void)
{
    return 1;
}

/* ---- its caller ---- */

static const char *out, *errors;

/* iommu-audit with up to two arguments: its exit status, out, errors. */
static int audit(const struct slice *s, size_t nr, const char *first,
                 const char *second)
{
    char *argv[] = {(char[]){"iommu-audit"}, first ? xstrdup(first) : NULL,
                    second ? xstrdup(second) : NULL, NULL};
    int argc = 1 + (first != NULL) + (second != NULL), rc;

    slices = s;
    nr_slices = nr;
    optind = 0;
    stdout_begin();
    stderr_begin();
    rc = cmd_iommu_audit(argc, argv);
    errors = stderr_end();
    out = stdout_end();
    free(argv[1]);
    free(argv[2]);
    return rc;
}

#define AUDIT(s, first, second)                                                \
    audit(s, sizeof(s) / sizeof((s)[0]), first, second)

static void assert_says(const char *text, const char *what)
{
    if ( !strstr(text, what) )
        fail_msg("no \"%s\" in \"%s\"", what, text);
}

static int setup(void **state)
{
    (void)state;
    other_rc = -ENOENT;
    return 0;
}

/* ---- the tests ---- */

static const struct slice same[] = {
    {.domid = 3, .from = 0, .to = 512, .compared = 300},
    {.domid = 3,
     .from = 512,
     .to = 1024,
     .compared = 20,
     .flags = PX_AUDIT_DONE},
};

static void test_no_difference(void **state)
{
    (void)state;
    assert_int_equal(AUDIT(same, "guest", NULL), EXIT_SUCCESS);
    assert_string_equal(out, "guest (3): 320 frames, no difference\n");
    assert_string_equal(errors, "");
}

/* The second slice alone differs; the second table, too. */
static const struct slice differ[] = {
    {.domid = 3, .from = 0, .to = 512, .compared = 300},
    {.domid = 3,
     .from = 512,
     .to = 1024,
     .compared = 20,
     .differences = 4,
     .what = PX_AUDIT_MORE_RIGHTS,
     .bad_gfn = 0x201,
     .cpu_mfn = 0x40201,
     .iommu_mfn = 0x40201,
     .flags = PX_AUDIT_DONE},
    {.domid = 3,
     .table = 1,
     .from = 0,
     .to = 1024,
     .compared = 7,
     .differences = 1,
     .what = PX_AUDIT_NOT_IN_P2M,
     .bad_gfn = 0x300,
     .cpu_mfn = ~0ULL,
     .iommu_mfn = 0x55,
     .flags = PX_AUDIT_DONE},
};

static void test_differences(void **state)
{
    (void)state;
    assert_int_equal(AUDIT(differ, "guest", NULL), EXIT_FAILURE);
    assert_string_equal(
        out,
        "  gfn 0x201: devices have more rights: CPU frame 0x40201, IOMMU frame "
        "0x40201; with 3 more frames near it\n"
        "guest (3): 4 of 320 frames DIFFER\n"
        "  gfn 0x300: devices reach what the CPU does not: CPU frame -, IOMMU "
        "frame 0x55\n"
        "guest (3), table 1: 1 of 7 frames DIFFER\n");
    assert_string_equal(errors, "");
}

static void test_every_difference_has_words(void **state)
{
    struct slice s = {.domid = 3,
                      .to = 8,
                      .compared = 1,
                      .differences = 1,
                      .cpu_mfn = 1,
                      .iommu_mfn = 2,
                      .flags = PX_AUDIT_DONE};
    static const char *const words[] = {
        [PX_AUDIT_NOT_IN_IOMMU] = ": devices do not reach what they should:",
        [PX_AUDIT_NOT_IN_P2M] = ": devices reach what the CPU does not:",
        [PX_AUDIT_OTHER_FRAME] = ": devices reach another frame:",
        [PX_AUDIT_MORE_RIGHTS] = ": devices have more rights:",
        [PX_AUDIT_FEWER_RIGHTS] = ": devices have fewer rights:",
        [PX_AUDIT_OTHER_MEMTYPE] = ": another memory type:",
        [PX_AUDIT_MALFORMED] = ": a table entry that nobody",
        [PX_AUDIT_MALFORMED + 1] = ": different:",
    };

    (void)state;
    for ( s.what = PX_AUDIT_NOT_IN_IOMMU; s.what <= PX_AUDIT_MALFORMED + 1;
          s.what++ )
    {
        assert_int_equal(audit(&s, 1, "guest", NULL), EXIT_FAILURE);
        assert_says(out, words[s.what]);
    }
}

/* All domains: one that differs is enough, wherever it is in the list. */
static void test_all(void **state)
{
    static const struct slice first[] = {
        {.domid = 0,
         .to = 8,
         .compared = 8,
         .differences = 8,
         .what = PX_AUDIT_MALFORMED,
         .flags = PX_AUDIT_DONE},
        {.domid = 3, .to = 8, .compared = 8, .flags = PX_AUDIT_DONE},
    };

    (void)state;
    assert_int_equal(AUDIT(first, "--all", NULL), EXIT_FAILURE);
    assert_says(out, "Domain-0 (0): 8 of 8 frames DIFFER\n");
    assert_says(out, "guest (3): 8 frames, no difference\n");
    assert_int_equal(AUDIT(differ, NULL, NULL), EXIT_FAILURE);
    assert_says(out, "Domain-0 (0): no IOMMU table\n");
    assert_says(out, "guest (3), table 1: 1 of 7 frames DIFFER\n");
    assert_int_equal(AUDIT(same, "--all", NULL), EXIT_SUCCESS);
}

static void test_json(void **state)
{
    (void)state;
    assert_int_equal(AUDIT(differ, "--json", "guest"), EXIT_FAILURE);
    assert_says(out, "\"what\": \"devices have more rights\"");
    assert_says(out, "\"gfn\": \"0x201\"");
    assert_says(out, "\"compared\": 320");
    assert_says(out, "\"differences\": 4");
    assert_null(strstr(out, "DIFFER"));
    assert_int_equal(AUDIT(same, "--json", "guest"), EXIT_SUCCESS);
    assert_says(out, "\"differences\": 0");
}

static void test_errors(void **state)
{
    static const struct slice half[] = {
        {.domid = 3, .from = 0, .to = 512, .compared = 300},
        {.domid = 3, .from = 512, .rc = -EIO},
    };
    static const struct slice stuck[] = {
        {.domid = 3, .from = 0, .to = 0, .compared = 300},
    };

    (void)state;
    /* No table is nothing wrong; neither is a domain that has ended. */
    assert_int_equal(audit(NULL, 0, "guest", NULL), EXIT_SUCCESS);
    assert_string_equal(out, "guest (3): no IOMMU table\n");
    other_rc = -ESRCH;
    assert_int_equal(audit(NULL, 0, "guest", NULL), EXIT_SUCCESS);
    assert_string_equal(errors, "");
    /* Anything else is no "no difference". */
    other_rc = -ENOSYS;
    assert_int_equal(audit(NULL, 0, "guest", NULL), EXIT_FAILURE);
    assert_says(errors, "domain 3: the audit stopped: Function not impl");
    assert_int_equal(AUDIT(half, "guest", NULL), EXIT_FAILURE);
    assert_says(errors, "domain 3: the audit stopped: Input/output error");
    assert_null(strstr(out, "no difference"));
    assert_int_equal(AUDIT(stuck, "guest", NULL), EXIT_FAILURE);
    assert_says(errors, "domain 3: the audit stopped");
    /* No such domain; two answers to "which". */
    assert_int_equal(AUDIT(same, "nobody", NULL), EXIT_FAILURE);
    assert_int_equal(AUDIT(same, "--all", "guest"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_no_difference, setup),
        cmocka_unit_test_setup(test_differences, setup),
        cmocka_unit_test_setup(test_every_difference_has_words, setup),
        cmocka_unit_test_setup(test_all, setup),
        cmocka_unit_test_setup(test_json, setup),
        cmocka_unit_test_setup(test_errors, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
