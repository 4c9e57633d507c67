/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables: who may map what, what the entry says meanwhile, references
 * given back exactly once, and nothing left behind when something fails. Random
 * operations are compared with a list of what should be mapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include "hyp-rig.h"

#include <xen/hypercall.h>

#include <public/grant_table.h>

#define LENDER  1U
#define USER    0U /* direct-mapped, with an IOMMU */
#define OTHER   2U
#define HOLE    64U /* the first gfn with nothing at it */
#define NOTHING UINT32_MAX

static struct grant_entry_v1 *table;

static int setup(void **state)
{
    struct page_info *pg;

    (void)state;
    rig_init();
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        assert_int_equal(grant_table_init(rig_dom[i], 2, i == OTHER ? 1 : 4),
                         0);
    assert_int_equal(grant_table_get_frame(rig_dom[LENDER], 0, &pg), 0);
    table = page_to_virt(pg);
    put_page(pg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        assert_int_equal(grant_table_release_mappings(rig_dom[i]), 0);
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
    {
        grant_table_exit(rig_dom[i]);
        assert_int_equal(rig_dom[i]->refcount, 1);
        for ( unsigned int g = 0; g < 48; g++ )
            if ( rig_p2m[i].type[g] == P2M_RAM_RW )
                assert_int_equal(rig_refs(i, g), 1);
    }
    assert_int_equal(rig_allocs(), 0);
    rig_exit();
    return 0;
}

static void grant(uint32_t ref, unsigned int to, uint32_t gfn, bool readonly)
{
    table[ref].domid = (domid_t)to;
    table[ref].frame = gfn;
    table[ref].flags =
        (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0));
}

static struct gnttab_map_grant_ref map(uint32_t ref, unsigned int gfn,
                                       uint32_t flags)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = (uint64_t)gfn << PAGE_SHIFT,
        .ref = ref,
        .dom = LENDER,
        .flags = GNTMAP_host_map | flags,
    };

    assert_int_equal(
        do_grant_table_op(GNTTABOP_map_grant_ref, (uintptr_t)&op, 1, 0, 0), 0);
    return op;
}

static int16_t unmap(grant_handle_t handle, unsigned int gfn)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = (uint64_t)gfn << PAGE_SHIFT,
        .handle = handle,
    };

    assert_int_equal(
        do_grant_table_op(GNTTABOP_unmap_grant_ref, (uintptr_t)&op, 1, 0, 0),
        0);
    return op.status;
}

static struct page_info *lent(unsigned int gfn)
{
    return mfn_to_page(rig_p2m[LENDER].mfn[gfn]);
}

/* Machine addresses are no business of a domain that has its own. */
static void test_bus_address(void **state)
{
    struct gnttab_map_grant_ref m;

    (void)state;
    rig_run_as(OTHER, 0);
    grant(9, OTHER, 5, false);
    m = map(9, HOLE, 0);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(m.dev_bus_addr, (uint64_t)HOLE << PAGE_SHIFT);
    assert_int_equal(unmap(m.handle, HOLE), GNTST_okay);
}

static void test_map_and_unmap(void **state)
{
    struct gnttab_map_grant_ref m;

    (void)state;
    grant(9, USER, 5, false);
    m = map(9, HOLE, 0);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(m.dev_bus_addr, mfn_x(rig_p2m[LENDER].mfn[5])
                                         << PAGE_SHIFT);
    assert_int_equal(rig_p2m[USER].type[HOLE], P2M_GRANT_RW);
    assert_true(mfn_eq(rig_p2m[USER].mfn[HOLE], rig_p2m[LENDER].mfn[5]));
    assert_int_equal(table[9].flags,
                     GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(lent(5)->alias_rw, 1);
    assert_int_equal(rig_refs(LENDER, 5), 3); /* own, pinned, mapped */

    assert_int_equal(unmap(m.handle, HOLE + 1), GNTST_bad_virt_addr);
    assert_int_equal(unmap(m.handle, HOLE), GNTST_okay);
    assert_int_equal(rig_p2m[USER].type[HOLE], P2M_INVALID);
    assert_int_equal(table[9].flags, GTF_permit_access);
    assert_int_equal(lent(5)->alias_rw, 0);
    assert_int_equal(unmap(m.handle, HOLE), GNTST_bad_handle);
}

static void test_readonly(void **state)
{
    struct gnttab_map_grant_ref a, b;

    (void)state;
    grant(9, USER, 5, true);
    assert_int_equal(map(9, HOLE, 0).status, GNTST_general_error);
    assert_int_equal(table[9].flags, GTF_permit_access | GTF_readonly);
    a = map(9, HOLE, GNTMAP_readonly);
    b = map(9, HOLE + 1, GNTMAP_readonly);
    assert_int_equal(a.status | b.status, GNTST_okay);
    assert_int_equal(rig_p2m[USER].type[HOLE], P2M_GRANT_RO);
    assert_int_equal(lent(5)->alias_ro, 2);
    assert_int_equal(unmap(a.handle, HOLE), GNTST_okay);
    assert_true(table[9].flags & GTF_reading);
    assert_int_equal(unmap(b.handle, HOLE + 1), GNTST_okay);
    assert_false(table[9].flags & GTF_reading);
}

/* Writers come and go: GTF_writing stands for them alone. */
static void test_reader_and_writer(void **state)
{
    struct gnttab_map_grant_ref r, w;

    (void)state;
    grant(9, USER, 5, false);
    r = map(9, HOLE, GNTMAP_readonly);
    w = map(9, HOLE + 1, 0);
    assert_true(table[9].flags & GTF_writing);
    assert_int_equal(unmap(w.handle, HOLE + 1), GNTST_okay);
    assert_int_equal(table[9].flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap(r.handle, HOLE), GNTST_okay);
}

static void test_refusals(void **state)
{
    struct gnttab_map_grant_ref op;

    (void)state;
    grant(9, OTHER, 5, false);
    assert_int_equal(map(9, HOLE, 0).status, GNTST_general_error);
    assert_int_equal(map(10, HOLE, 0).status, GNTST_general_error);
    assert_int_equal(map(512, HOLE, 0).status, GNTST_bad_gntref);
    assert_int_equal(map(UINT32_MAX, HOLE, 0).status, GNTST_bad_gntref);
    grant(9, USER, 5, false);
    assert_int_equal(map(9, HOLE, GNTMAP_contains_pte).status,
                     GNTST_general_error);
    assert_int_equal(map(9, 3, 0).status, GNTST_general_error); /* RAM there */
    op = (struct gnttab_map_grant_ref){.host_addr = ~UINT64_C(0),
                                       .ref = 9,
                                       .dom = LENDER,
                                       .flags = GNTMAP_host_map};
    assert_int_equal(
        do_grant_table_op(GNTTABOP_map_grant_ref, (uintptr_t)&op, 1, 0, 0), 0);
    assert_int_equal(op.status, GNTST_bad_virt_addr);
    assert_int_equal(op.handle, NOTHING);
    op.host_addr = HOLE << PAGE_SHIFT;
    op.dom = 77;
    do_grant_table_op(GNTTABOP_map_grant_ref, (uintptr_t)&op, 1, 0, 0);
    assert_int_equal(op.status, GNTST_bad_domain);
    grant(9, USER, 100, false); /* no such frame */
    assert_int_equal(map(9, HOLE, 0).status, GNTST_bad_page);
    assert_int_equal(table[9].flags, GTF_permit_access);
    table[9].flags = GTF_transitive;
    assert_int_equal(map(9, HOLE, 0).status, GNTST_general_error);
    assert_int_equal(unmap(0, HOLE), GNTST_bad_handle);
    assert_int_equal(unmap(NOTHING, HOLE), GNTST_bad_handle);
    assert_int_equal(do_grant_table_op(99, 0, 1, 0, 0), -ENOSYS);
    assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref, 0, 0, 0, 0), 0);
    assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref, 0, 1, 0, 0),
                     -EFAULT);
    assert_int_equal(
        do_grant_table_op(GNTTABOP_map_grant_ref, 0, UINT32_MAX, 0, 0),
        -EINVAL);
}

/* A mapped page is not passed on: only RAM can be lent. */
static void test_no_regrant(void **state)
{
    (void)state;
    grant(9, USER, 5, false);
    assert_int_equal(map(9, HOLE, 0).status, GNTST_okay);
    rig_p2m[LENDER].type[6] = P2M_GRANT_RW;
    grant(10, USER, 6, false);
    assert_int_equal(map(10, HOLE + 1, 0).status, GNTST_bad_page);
    rig_p2m[LENDER].type[6] = P2M_RAM_RW;
}

/* The lender changes the entry while it is in use: nothing changes for us. */
static void test_entry_changes_in_use(void **state)
{
    struct gnttab_map_grant_ref a, b;

    (void)state;
    grant(9, USER, 5, false);
    a = map(9, HOLE, 0);
    table[9].frame = 6;
    b = map(9, HOLE + 1, 0);
    assert_int_equal(b.status, GNTST_okay);
    assert_true(mfn_eq(rig_p2m[USER].mfn[HOLE + 1], rig_p2m[LENDER].mfn[5]));
    table[9].domid = OTHER;
    rig_run_as(OTHER, 0);
    assert_int_equal(map(9, HOLE, 0).status, GNTST_general_error);
    rig_run_as(USER, 0);
    table[9].flags = 0;
    assert_int_equal(unmap(a.handle, HOLE), GNTST_okay);
    assert_int_equal(unmap(b.handle, HOLE + 1), GNTST_okay);
}

/* The user puts something else where the grant was. */
static void test_unmap_after_removal(void **state)
{
    struct gnttab_map_grant_ref m;

    (void)state;
    grant(9, USER, 5, false);
    m = map(9, HOLE, 0);
    assert_int_equal(p2m_remove_page(rig_dom[USER], _gfn(HOLE), INVALID_MFN),
                     0);
    assert_int_equal(rig_refs(LENDER, 5), 2); /* pinned still */
    assert_int_equal(unmap(m.handle, HOLE), GNTST_okay);
    assert_int_equal(lent(5)->alias_rw, 0);
}

static void test_maptrack_limit(void **state)
{
    unsigned int n;
    grant_handle_t last = 0;

    (void)state;
    grant(9, OTHER, 5, true);
    rig_run_as(OTHER, 0);
    for ( n = 0; n < 1000; n++ )
    {
        struct gnttab_map_grant_ref m = map(9, HOLE, GNTMAP_readonly);

        if ( m.status != GNTST_okay )
        {
            assert_int_equal(m.status, GNTST_no_space);
            break;
        }
        last = m.handle;
        rig_p2m[OTHER].type[HOLE] = P2M_INVALID; /* room for the next */
    }
    assert_in_range(n, 60, 200);
    /* the references of those overwritten entries: give them back */
    rig_p2m[OTHER].type[HOLE] = P2M_GRANT_RO;
    assert_int_equal(unmap(last, HOLE), GNTST_okay);
    for ( unsigned int i = 1; i < n; i++ )
        put_page(lent(5));
}

static void test_copy(void **state)
{
    struct gnttab_copy c = {.len = 100, .flags = GNTCOPY_source_gref};
    uint8_t *src = rig_page(LENDER, 5), *dst = rig_page(USER, 7);

    (void)state;
    grant(9, USER, 5, true);
    memset(src, 0xab, PAGE_SIZE);
    c.source.u.ref = 9;
    c.source.domid = LENDER;
    c.source.offset = 10;
    c.dest.u.gmfn = 7;
    c.dest.domid = DOMID_SELF;
    c.dest.offset = PAGE_SIZE - 100;
    assert_int_equal(do_grant_table_op(GNTTABOP_copy, (uintptr_t)&c, 1, 0, 0),
                     0);
    assert_int_equal(c.status, GNTST_okay);
    assert_int_equal(dst[PAGE_SIZE - 100], 0xab);
    assert_int_equal(dst[PAGE_SIZE - 101], 0);
    assert_int_equal(table[9].flags, GTF_permit_access | GTF_readonly);

    c.dest.offset++;
    do_grant_table_op(GNTTABOP_copy, (uintptr_t)&c, 1, 0, 0);
    assert_int_equal(c.status, GNTST_bad_copy_arg);
    c.dest.offset = 0;
    c.dest.domid = OTHER; /* by frame only our own */
    do_grant_table_op(GNTTABOP_copy, (uintptr_t)&c, 1, 0, 0);
    assert_int_equal(c.status, GNTST_permission_denied);
    /* to a read-only grant */
    c.flags = GNTCOPY_dest_gref;
    c.source.u.gmfn = 7;
    c.source.domid = DOMID_SELF;
    c.dest.u.ref = 9;
    c.dest.domid = LENDER;
    do_grant_table_op(GNTTABOP_copy, (uintptr_t)&c, 1, 0, 0);
    assert_int_equal(c.status, GNTST_general_error);
    assert_int_equal(table[9].flags, GTF_permit_access | GTF_readonly);
}

static void test_cache_flush(void **state)
{
    struct gnttab_cache_flush f = {.length = 64};
    struct gnttab_map_grant_ref m;

    (void)state;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_cache_flush, (uintptr_t)&f, 1, 0, 0), 0);
    f.op = GNTTAB_CACHE_CLEAN;
    f.a.dev_bus_addr = mfn_x(rig_p2m[LENDER].mfn[5]) << PAGE_SHIFT;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_cache_flush, (uintptr_t)&f, 1, 0, 0),
        -EPERM);
    grant(9, USER, 5, false);
    m = map(9, HOLE, 0);
    assert_int_equal(
        do_grant_table_op(GNTTABOP_cache_flush, (uintptr_t)&f, 1, 0, 0), 0);
    f.offset = PAGE_SIZE - 63;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_cache_flush, (uintptr_t)&f, 1, 0, 0),
        -EINVAL);
    f.a.dev_bus_addr = ~UINT64_C(0) << PAGE_SHIFT;
    f.offset = 0;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_cache_flush, (uintptr_t)&f, 1, 0, 0),
        -EINVAL);
    assert_int_equal(unmap(m.handle, HOLE), GNTST_okay);
}

static void test_queries(void **state)
{
    struct gnttab_query_size q = {.dom = DOMID_SELF};
    struct gnttab_set_version v = {.version = 2};
    xen_pfn_t gfns[2];
    struct gnttab_setup_table s = {.dom = LENDER, .nr_frames = 2};

    (void)state;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_query_size, (uintptr_t)&q, 1, 0, 0), 0);
    assert_int_equal(q.status, GNTST_okay);
    assert_int_equal(q.nr_frames, 1);
    assert_int_equal(q.max_nr_frames, 2);
    assert_int_equal(
        do_grant_table_op(GNTTABOP_set_version, (uintptr_t)&v, 1, 0, 0),
        -ENOSYS);
    assert_int_equal(v.version, 1);
    assert_int_equal(
        do_grant_table_op(GNTTABOP_set_version, (uintptr_t)&v, 1, 0, 0), 0);
    s.frame_list.p = gfns;
    grant_table_move_frame(rig_dom[LENDER], 0, _gfn(77));
    assert_int_equal(
        do_grant_table_op(GNTTABOP_setup_table, (uintptr_t)&s, 1, 0, 0), 0);
    assert_int_equal(s.status, GNTST_okay);
    assert_int_equal(gfns[0], 77);
    s.nr_frames = 3;
    do_grant_table_op(GNTTABOP_setup_table, (uintptr_t)&s, 1, 0, 0);
    assert_int_equal(s.status, GNTST_general_error);
    rig_run_as(OTHER, 0);
    do_grant_table_op(GNTTABOP_setup_table, (uintptr_t)&s, 1, 0, 0);
    assert_int_equal(s.status, GNTST_permission_denied);
}

/* A batch that is preempted after each entry ends as one call. */
static void test_preempted_batch(void **state)
{
    struct gnttab_map_grant_ref op[8];

    (void)state;
    memset(op, 0, sizeof(op));
    for ( unsigned int i = 0; i < 8; i++ )
    {
        grant(9 + i, USER, 5 + i, false);
        op[i].ref = 9 + i;
        op[i].dom = LENDER;
        op[i].flags = GNTMAP_host_map;
        op[i].host_addr = (uint64_t)(HOLE + i) << PAGE_SHIFT;
    }
    rig_preempt = true;
    assert_int_equal(
        do_grant_table_op(GNTTABOP_map_grant_ref, (uintptr_t)op, 8, 0, 0), 0);
    for ( unsigned int i = 0; i < 8; i++ )
    {
        assert_int_equal(op[i].status, GNTST_okay);
        assert_int_equal(rig_p2m[USER].type[HOLE + i], P2M_GRANT_RW);
    }
    /* teardown() releases them in slices */
    assert_int_equal(grant_table_release_mappings(rig_dom[USER]), -ERESTART);
    rig_preempt = false;
}

static void test_alloc_failures(void **state)
{
    /* maptrack, P2M; then, with the maptrack there, the alias */
    static const long fail_at[] = {0, 1, 1};

    (void)state;
    grant(9, USER, 5, false);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        struct gnttab_map_grant_ref m;

        rig_alloc_fail = fail_at[i];
        m = map(9, HOLE, 0);
        assert_int_equal(rig_alloc_fail, -1);
        assert_int_not_equal(m.status, GNTST_okay);
        assert_int_equal(m.handle, NOTHING);
        assert_int_equal(rig_refs(LENDER, 5), 1);
        assert_int_equal(table[9].flags, GTF_permit_access);
        assert_int_equal(rig_p2m[USER].type[HOLE], P2M_INVALID);
        assert_int_equal(rig_dom[LENDER]->refcount, 1);
    }
    assert_int_equal(map(9, HOLE, 0).status, GNTST_okay);
}

/* Random maps and unmaps against a list. */
static void test_random(void **state)
{
    struct {
        bool used, ro;
        grant_handle_t h;
        unsigned int ref;
    } slot[32];
    unsigned int nr_rw[8], nr_ro[8];

    (void)state;
    memset(slot, 0, sizeof(slot));
    srand(5);
    for ( unsigned int i = 0; i < 8; i++ )
        grant(9 + i, USER, 5 + i, i & 1);
    for ( unsigned int n = 0; n < 20000; n++ )
    {
        unsigned int i = (unsigned int)rand() % 32;
        unsigned int r = (unsigned int)rand() % 8;

        if ( slot[i].used )
        {
            assert_int_equal(unmap(slot[i].h, HOLE + i), GNTST_okay);
            slot[i].used = false;
        }
        else
        {
            bool ro = rand() & 1;
            struct gnttab_map_grant_ref m =
                map(9 + r, HOLE + i, ro ? GNTMAP_readonly : 0);

            assert_int_equal(m.status == GNTST_okay, ro || !(r & 1));
            if ( m.status == GNTST_okay )
            {
                slot[i].used = true;
                slot[i].ro = ro;
                slot[i].h = m.handle;
                slot[i].ref = r;
            }
        }

        memset(nr_rw, 0, sizeof(nr_rw));
        memset(nr_ro, 0, sizeof(nr_ro));
        for ( i = 0; i < 32; i++ )
            if ( slot[i].used )
                ++*(slot[i].ro ? &nr_ro[slot[i].ref] : &nr_rw[slot[i].ref]);
        for ( r = 0; r < 8; r++ )
        {
            unsigned int all = nr_rw[r] + nr_ro[r];

            assert_int_equal(lent(5 + r)->alias_rw, nr_rw[r]);
            assert_int_equal(lent(5 + r)->alias_ro, nr_ro[r]);
            assert_int_equal(rig_refs(LENDER, 5 + r),
                             1 + (all ? 1U : 0U) + all);
            assert_int_equal(!!(table[9 + r].flags & GTF_reading), all != 0);
            assert_int_equal(!!(table[9 + r].flags & GTF_writing),
                             nr_rw[r] != 0);
        }
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_map_and_unmap),
        T(test_bus_address),
        T(test_readonly),
        T(test_reader_and_writer),
        T(test_refusals),
        T(test_no_regrant),
        T(test_entry_changes_in_use),
        T(test_unmap_after_removal),
        T(test_maptrack_limit),
        T(test_copy),
        T(test_cache_flush),
        T(test_queries),
        T(test_preempted_batch),
        T(test_alloc_failures),
        T(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
