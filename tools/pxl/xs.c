/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xs.c - xenstore; see xs.h. */
#include "xs.h"
#include "pxl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct xs_handle *conn;
static xs_transaction_t transaction = XBT_NULL;

/*
 * xs_open() falls back to the kernel's device, which waits for a xenstored
 * that may never come; so see first that one is there.
 */
static bool listening(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    if ( fd < 0 )
        return false;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", xs_daemon_socket());
    ok = !connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    close(fd);
    return ok;
}

struct xs_handle *xs_conn(void)
{
    static bool said;

    if ( conn )
        return conn;
    if ( listening() )
        conn = xs_open(0);
    if ( !conn && !said )
    {
        err("cannot reach xenstore: %s; start xenstored", strerror(errno));
        said = true;
    }
    return conn;
}

/* The path that the arguments of a function with @fmt last give. */
#define FORMAT_PATH(path, fmt)                                                 \
    do                                                                         \
    {                                                                          \
        va_list args;                                                          \
                                                                               \
        va_start(args, fmt);                                                   \
        if ( vasprintf(&(path), fmt, args) < 0 )                               \
            abort();                                                           \
        va_end(args);                                                          \
    } while ( 0 )

static int failed(const char *what, char *path)
{
    /* A transaction that must be run again is no error yet. */
    if ( transaction == XBT_NULL || errno != EAGAIN )
        err("xenstore: cannot %s %s: %s", what, path, strerror(errno));
    free(path);
    return -1;
}

static char *read_node(const char *path)
{
    unsigned int len;

    return xs_conn() ? xs_read(conn, transaction, path, &len) : NULL;
}

char *xs_get(const char *path_fmt, ...)
{
    char *path, *value;

    FORMAT_PATH(path, path_fmt);
    value = read_node(path);
    free(path);
    return value;
}

uint64_t xs_get_number(uint64_t fallback, const char *path_fmt, ...)
{
    char *path, *value, *end;
    uint64_t n = fallback;

    FORMAT_PATH(path, path_fmt);
    value = read_node(path);
    if ( value && *value )
    {
        n = strtoull(value, &end, 0);
        if ( *end )
            n = fallback;
    }
    free(value);
    free(path);
    return n;
}

int xs_put(const char *value, const char *path_fmt, ...)
{
    char *path;

    if ( !xs_conn() )
        return -1;
    FORMAT_PATH(path, path_fmt);
    if ( !xs_write(conn, transaction, path, value,
                   (unsigned int)strlen(value)) )
        return failed("write", path);
    free(path);
    return 0;
}

int xs_del(const char *path_fmt, ...)
{
    char *path;

    if ( !xs_conn() )
        return -1;
    FORMAT_PATH(path, path_fmt);
    if ( !xs_rm(conn, transaction, path) && errno != ENOENT )
        return failed("remove", path);
    free(path);
    return 0;
}

char **xs_dir(unsigned int *nr, const char *path_fmt, ...)
{
    char **names;
    char *path;

    *nr = 0;
    if ( !xs_conn() )
        return NULL;
    FORMAT_PATH(path, path_fmt);
    names = xs_directory(conn, transaction, path, nr);
    if ( !names )
        *nr = 0;
    free(path);
    return names;
}

int xs_own(unsigned int owner, unsigned int reader, const char *path_fmt, ...)
{
    struct xs_permissions perms[2] = {
        {.id = owner, .perms = XS_PERM_NONE},
        {.id = reader, .perms = XS_PERM_READ},
    };
    char *path;

    if ( !xs_conn() )
        return -1;
    FORMAT_PATH(path, path_fmt);
    if ( !xs_mkdir(conn, transaction, path) ||
         !xs_set_permissions(conn, transaction, path, perms, reader ? 2 : 1) )
        return failed("create", path);
    free(path);
    return 0;
}

#define TRIES 100U

int xs_transaction(int (*fn)(void *arg), void *arg)
{
    if ( !xs_conn() )
        return -1;
    for ( unsigned int i = 0; i < TRIES; i++ )
    {
        xs_transaction_t t = xs_transaction_start(conn);
        int rc;

        if ( t == XBT_NULL )
            break;
        transaction = t;
        rc = fn(arg);
        transaction = XBT_NULL;
        if ( xs_transaction_end(conn, t, rc != 0) || rc )
            return rc;
        if ( errno != EAGAIN )
            break;
    }
    err("xenstore: a transaction failed: %s", strerror(errno));
    return -1;
}

#define POLL_MS 20U

int xs_wait_state(const char *path, unsigned int state, unsigned int ms)
{
    uint64_t since = now_ms(), now;

    for ( ;; )
    {
        now = xs_get_number(UINT64_MAX, "%s/state", path);
        if ( now == state || now == UINT64_MAX || now_ms() - since >= ms )
            break;
        progress_wait("waiting for the device's other end", since, ms);
        wait_ms(POLL_MS);
    }
    progress_end();
    if ( now == state )
        return 0;
    errno = now == UINT64_MAX ? ENOENT : ETIMEDOUT;
    return -1;
}
