/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pxl-dt-move.c - device-tree devices between dom0 and domains: a device
 * that did not get where it should is dom0's again, or its place is told.
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
#include "dt.h"
#include "json.h"
#include "pxl.h"
#include "captured.h"
#include "taken.h"

#define NODE "/soc/mmc@1"

/* ---- the hypervisor, with one device; dom0's Linux ---- */

static struct {
    uint32_t owner, flags;
    bool bound; /* dom0's driver has it */
    int attach_rc, release_rc;
} world;

static bool names_it(const struct px_device *dev)
{
    return dev->kind == PX_DEVICE_DT && dev->path_len == strlen(NODE) &&
           memcmp(dev->path.p, NODE, strlen(NODE)) == 0;
}

static int move(int rc, uint32_t to)
{
    if ( rc == 0 )
        world.owner = to;
    return rc;
}

int hyp_px(uint32_t cmd, struct proxenos_op *op)
{
    switch ( cmd )
    {
    case PX_OP_quarantine:
        assert_true(names_it(&op->u.quarantine.dev));
        assert_int_equal(world.owner, 0);
        assert_false(world.bound);
        return move(0, DOMID_INVALID);
    case PX_OP_release:
        assert_true(names_it(&op->u.quarantine.dev));
        return move(world.release_rc, 0);
    case PX_OP_attach:
        assert_true(names_it(&op->u.attach.dev));
        assert_int_equal(world.owner, DOMID_INVALID);
        return move(world.attach_rc, op->u.attach.domid);
    case PX_OP_detach:
        assert_true(names_it(&op->u.detach.dev));
        assert_int_equal(world.owner, op->u.detach.domid);
        return move(0, DOMID_INVALID);
    default:
        fail_msg("operation %u", cmd);
        return -ENOSYS;
    }
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

int devices_load(struct devices *devs)
{
    devs->nr = 1;
    devs->dev = xcalloc(1, sizeof(*devs->dev));
    devs->dev[0].name = xstrdup(NODE);
    devs->dev[0].info.dev.kind = PX_DEVICE_DT;
    devs->dev[0].info.owner = world.owner;
    devs->dev[0].info.flags = world.flags;
    return 0;
}

void devices_free(struct devices *devs)
{
    free(devs->dev[0].name);
    free(devs->dev);
}

char *device_index_name(uint32_t index)
{
    return xasprintf("device %u", index);
}

char *device_owner(const struct device *dev)
{
    return xasprintf("owner-%u", dev->info.owner);
}

char *device_marks(const struct device *dev)
{
    return xstrdup(dev->info.flags & PX_DEV_CUT_OFF ? "CUT-OFF" : "");
}

void json_device(const struct device *dev)
{
    json_string("device", dev->name);
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
    return getopt_long(argc, argv, shortopts,
                       longopts ? longopts
                                : (const struct option[]){{NULL, 0, NULL, 0}},
                       NULL);
}

uint64_t now_ms(void)
{
    return 1;
}

int dt_linux_let_go(const char *path)
{
    assert_string_equal(path, NODE);
    world.bound = false;
    return 0;
}

int dt_linux_bind(const char *path)
{
    assert_string_equal(path, NODE);
    assert_int_equal(world.owner, 0);
    world.bound = true;
    return 0;
}

/* ---- the tests ---- */

static const char *out, *errors;

#define MAX_WORDS 4

static int run(int (*command)(int, char **), const char *const *words)
{
    char *argv[MAX_WORDS + 1] = {NULL};
    int argc = 0, rc;

    for ( ; words[argc]; argc++ )
        argv[argc] = xstrdup(words[argc]);
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

static void assert_says(const char *what)
{
    if ( !strstr(errors, what) )
        fail_msg("no \"%s\" in \"%s\"", what, errors);
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.bound = true;
    return 0;
}

static void test_attach(void **state)
{
    (void)state;
    assert_int_equal(RUN(cmd_dt_attach, "3", NODE), EXIT_SUCCESS);
    assert_int_equal(world.owner, 3);
    assert_false(world.bound);
    assert_int_equal(RUN(cmd_dt_detach, "-r", "3", NODE), EXIT_SUCCESS);
    assert_int_equal(world.owner, 0);
    assert_true(world.bound);
}

/* What this call took goes back; what was in quarantine before stays. */
static void test_refused_attach(void **state)
{
    static const int reasons[] = {-ERANGE, -EADDRINUSE, -EBUSY, -ENOSPC};

    (void)state;
    for ( size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++ )
    {
        world.attach_rc = reasons[i];
        assert_int_equal(RUN(cmd_dt_attach, "3", NODE), EXIT_FAILURE);
        assert_says(NODE ": not attached: ");
        assert_int_equal(world.owner, 0);
        assert_true(world.bound);
    }
    world.owner = DOMID_INVALID;
    assert_int_equal(RUN(cmd_dt_attach, "3", NODE), EXIT_FAILURE);
    assert_int_equal(world.owner, DOMID_INVALID);
    stderr_begin();
    taken_tell(); /* of test_attach() alone */
    errors = stderr_end();
    assert_string_equal(errors, "pxl: warning: " NODE ": was dom0's, and is in "
                                "quarantine now; pxl dt-detach -r " NODE
                                " gives it back\n");
}

/* Where is it? The user is not to search. */
static void test_not_released(void **state)
{
    (void)state;
    world.attach_rc = -ERANGE;
    world.release_rc = -ENOMEM;
    assert_int_equal(RUN(cmd_dt_attach, "3", NODE), EXIT_FAILURE);
    assert_says(NODE ": it is in quarantine now; pxl dt-detach -r " NODE);
    world.attach_rc = 0;
    assert_int_equal(RUN(cmd_dt_attach, "3", NODE), EXIT_SUCCESS);
    assert_int_equal(RUN(cmd_dt_detach, "-r", "3", NODE), EXIT_FAILURE);
    assert_says(NODE ": not given back to dom0: ");
    assert_says(NODE ": it is in quarantine now; pxl dt-detach -r " NODE);
    /* A domain has it: it is not in quarantine. */
    world.owner = 3;
    world.release_rc = -EBUSY;
    assert_int_equal(RUN(cmd_dt_detach, "-r", NODE), EXIT_FAILURE);
    assert_says("domain-3 has it");
    assert_null(strstr(errors, "quarantine"));
}

static void test_list(void **state)
{
    (void)state;
    world.flags = PX_DEV_CUT_OFF;
    world.owner = 3;
    assert_int_equal(RUN(cmd_dt_list, "3"), EXIT_SUCCESS);
    assert_non_null(strstr(out, "owner-3"));
    assert_non_null(strstr(out, NODE "  CUT-OFF\n"));
    assert_int_equal(RUN(cmd_dt_list, "4"), EXIT_SUCCESS);
    assert_null(strstr(out, NODE));
    assert_int_equal(RUN(cmd_dt_list, "--json"), EXIT_SUCCESS);
    assert_non_null(strstr(out, "\"device\": \"" NODE "\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_attach, setup),
        cmocka_unit_test_setup(test_refused_attach, setup),
        cmocka_unit_test_setup(test_not_released, setup),
        cmocka_unit_test_setup(test_list, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
