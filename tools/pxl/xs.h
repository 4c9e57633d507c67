/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore, on libxenstore; opened at first use. Reads and writes belong to
 * the transaction that xs_transaction() is running, if it is.
 */
#ifndef PXL_XS_H
#define PXL_XS_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

/* xs_conn - the connection, or NULL after a message (is xenstored running?). */
struct xs_handle *xs_conn(void);

/* Paths and values as printf() would; read: to be freed, NULL when absent. */
char *xs_get(const char *path_fmt, ...) __attribute__((format(printf, 1, 2)));
/* xs_get_number - decimal or 0x..., @fallback when absent or no number. */
uint64_t xs_get_number(uint64_t fallback, const char *path_fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* value_fmt formats "PATH" then "VALUE": xs_put("1", "%s/online", path). */
int xs_put(const char *value, const char *path_fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* xs_del - with what is below it; what is absent is no error. */
int xs_del(const char *path_fmt, ...) __attribute__((format(printf, 1, 2)));
/* xs_dir - names below a path; to be freed with one free(), NULL: none. */
char **xs_dir(unsigned int *nr, const char *path_fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * xs_own - make a node of @owner (0: dom0). @reader, when not 0, may read it;
 * the owner may do all. The node is created empty when absent.
 */
int xs_own(unsigned int owner, unsigned int reader, const char *path_fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * xs_transaction - run @fn until its writes have been taken as one. When it
 * fails nothing is written. Return: @fn's, or -1 after a message.
 */
int xs_transaction(int (*fn)(void *arg), void *arg);

/*
 * xs_wait_state - until a device's "state" at @path is @state, at most @ms.
 * Return: 0; -1 timed out, with errno ETIMEDOUT, or the device is gone
 * (ENOENT).
 */
int xs_wait_state(const char *path, unsigned int state, unsigned int ms);

#endif /* PXL_XS_H */
