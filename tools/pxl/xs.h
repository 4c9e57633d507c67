/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenstore, on libxenstore; opened at first use. */
#ifndef PXL_XS_H
#define PXL_XS_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

/* xs_conn - the connection, or NULL after a message (is xenstored running?). */
struct xs_handle *xs_conn(void);

/* Paths and values as printf() would; read: to be freed, NULL when absent. */
char *xs_get(const char *path_fmt, ...) __attribute__((format(printf, 1, 2)));
/* value_fmt formats "PATH" then "VALUE": xs_put("1", "%s/online", path). */
int xs_put(const char *value, const char *path_fmt, ...)
    __attribute__((format(printf, 2, 3)));
int xs_del(const char *path_fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * xs_wait_state - until a device's "state" at @path is @state, at most @ms.
 * Return: 0; -1 timed out, with errno ETIMEDOUT.
 */
int xs_wait_state(const char *path, unsigned int state, unsigned int ms);

#endif /* PXL_XS_H */
