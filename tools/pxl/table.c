/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pxl.h"

struct table {
    size_t columns, cells;
    bool *left;
    char **cell; /* the first row is the header */
};

static void add(struct table *t, char *text)
{
    t->cell = xrealloc(t->cell, (t->cells + 1) * sizeof(*t->cell));
    t->cell[t->cells++] = text;
}

struct table *table_new(const char *columns)
{
    struct table *t = xcalloc(1, sizeof(*t));

    for ( ;; )
    {
        bool left = *columns == '<';
        size_t len;

        columns += left;
        len = strcspn(columns, "|");
        t->left = xrealloc(t->left, t->columns + 1);
        t->left[t->columns++] = left;
        add(t, xasprintf("%.*s", (int)len, columns));
        columns += len;
        if ( !*columns++ )
            return t;
    }
}

void table_cell(struct table *t, const char *fmt, ...)
{
    va_list args;
    char text[512];

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    add(t, xstrdup(text));
}

/* Bytes of UTF-8 that begin a character. */
static size_t width(const char *s)
{
    size_t n = 0;

    for ( ; *s; s++ )
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void print_cell(const char *s, size_t wide, bool left, bool last)
{
    int pad = (int)(wide - width(s));

    if ( left )
        printf("%s%*s", s, last ? 0 : pad, "");
    else
        printf("%*s%s", pad, "", s);
    fputs(last ? "\n" : "  ", stdout);
}

void table_print(struct table *t)
{
    size_t i, *wide = xcalloc(t->columns, sizeof(*wide));

    while ( t->cells % t->columns )
        add(t, xstrdup(""));

    for ( i = 0; i < t->cells; i++ )
        if ( width(t->cell[i]) > wide[i % t->columns] )
            wide[i % t->columns] = width(t->cell[i]);

    for ( i = 0; i < t->cells; i++ )
    {
        size_t c = i % t->columns;

        print_cell(t->cell[i], wide[c], t->left[c], c == t->columns - 1);
        free(t->cell[i]);
    }

    free(wide);
    free(t->cell);
    free(t->left);
    free(t);
}
