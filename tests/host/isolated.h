/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolated.h - tests in processes of their own: what they set up lives as long
 * as a machine. After cmocka.h; TEST(fn) is an entry of the list of tests.
 */
#ifndef TESTS_HOST_ISOLATED_H
#define TESTS_HOST_ISOLATED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* xen/lib.h has its own strtoull: no stdlib.h, nor what includes it. */
pid_t waitpid(pid_t pid, int *status, int options);

/* What every test ends with, if not NULL. */
static void (*isolated_end)(void);

static void isolated(void **state)
{
    void (*fn)(void) = (void (*)(void))(uintptr_t)*state;
    static bool in_child;
    int status;
    pid_t pid;

    /* A failed assertion leaves by cmocka's way: no other test runs here. */
    if ( in_child )
        _exit(1);
    fflush(stdout);
    pid = fork();
    assert_true(pid >= 0);
    if ( !pid )
    {
        in_child = true;
        fn();
        if ( isolated_end )
            isolated_end();
        fflush(stdout);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* clang-format off */
#define TEST(fn) {#fn, isolated, NULL, NULL, (void *)(uintptr_t)(fn)}
/* clang-format on */

#endif /* TESTS_HOST_ISOLATED_H */
