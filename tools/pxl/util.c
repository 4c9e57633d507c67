/* SPDX-License-Identifier: GPL-2.0-or-later */
/* util.c - messages, progress and memory. */
#include "pxl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

unsigned int verbosity;

/* The line of progress() that is on the terminal. */
static struct {
    const char *what;
    uint64_t since, shown; /* ms; shown 0: not yet */
} line;

static void end_line(void)
{
    if ( line.shown )
        fputs("\r\033[K", stderr);
    line.shown = 0;
}

static void message(const char *kind, const char *fmt, va_list args)
{
    fflush(stdout);
    end_line();
    fprintf(stderr, "pxl: %s", kind);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

#define MESSAGE(kind)                                                          \
    do                                                                         \
    {                                                                          \
        va_list args;                                                          \
                                                                               \
        va_start(args, fmt);                                                   \
        message(kind, fmt, args);                                              \
        va_end(args);                                                          \
    } while ( 0 )

void err(const char *fmt, ...)
{
    MESSAGE("");
}

void warn(const char *fmt, ...)
{
    MESSAGE("warning: ");
}

void verbose(const char *fmt, ...)
{
    if ( verbosity )
        MESSAGE("");
}

#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 200

void progress(const char *what, uint64_t done, uint64_t total, const char *unit)
{
    uint64_t now = now_ms();
    bool last = total && done >= total;

    if ( line.what != what )
    {
        end_line();
        line.what = what;
        line.since = now;
    }

    if ( isatty(STDERR_FILENO) &&
         (last ? line.shown
               : now - line.since >= PROGRESS_AFTER_MS &&
                     now - line.shown >= PROGRESS_EVERY_MS) )
    {
        fflush(stdout);
        fprintf(stderr, "\r%s: %llu", what, (unsigned long long)done);
        if ( total )
            fprintf(stderr, "/%llu", (unsigned long long)total);
        fprintf(stderr, " %s\033[K", unit);
        if ( last )
            fputc('\n', stderr);
        fflush(stderr);
        line.shown = now;
    }

    if ( last )
    {
        line.what = NULL;
        line.shown = 0;
    }
}

void progress_wait(const char *what, uint64_t since, uint64_t ms)
{
    progress(what, (now_ms() - since) / 1000, ms / 1000, "s");
}

void progress_end(void)
{
    end_line();
    line.what = NULL;
}

static void *checked(void *p)
{
    if ( p )
        return p;
    err("out of memory");
    exit(EXIT_FAILURE);
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return checked(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
    va_list args;
    char *s;
    int rc;

    va_start(args, fmt);
    rc = vasprintf(&s, fmt, args);
    va_end(args);
    return checked(rc < 0 ? NULL : s);
}
