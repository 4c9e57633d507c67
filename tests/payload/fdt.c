/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reader of the flattened device tree, one pass per question. See fdt.h. */
#include "fdt.h"

#include <stdbool.h>
#include <stddef.h>

enum token {
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROP = 3,
    NOP = 4,
};

static bool str_eq(const char *a, const char *b)
{
    while ( *a && *a == *b )
    {
        a++;
        b++;
    }

    return *a == *b;
}

static uint32_t str_size(const char *s)
{
    uint32_t n = 0;

    while ( s[n] )
        n++;

    return n + 1;
}

static bool list_has(const char *list, uint32_t len, const char *value)
{
    uint32_t pos;

    for ( pos = 0; pos < len; pos += str_size(list + pos) )
    {
        if ( str_eq(list + pos, value) )
            return true;
    }

    return false;
}

const char *fdt_bootargs(const void *fdt)
{
    struct fdt_query q = {.prop = "bootargs", .want = "bootargs"};

    return (const char *)fdt_find(fdt, &q, NULL);
}

uint32_t fdt_total_size(const void *fdt)
{
    return fdt_cell(fdt, 1);
}

const uint8_t *fdt_find(const void *fdt, const struct fdt_query *q,
                        uint32_t *len)
{
    const uint8_t *base = fdt, *found = NULL;
    const uint8_t *p = base + fdt_cell(base, 2);
    const char *strings = (const char *)base + fdt_cell(base, 3);
    unsigned int left = q->index;
    uint32_t found_len = 0;
    bool match = false;

    for ( ;; )
    {
        uint32_t token = fdt_cell(p, 0), size;
        const char *name;

        p += 4;

        if ( token == PROP )
        {
            size = fdt_cell(p, 0);
            name = strings + fdt_cell(p, 1);
            p += 8;
            if ( str_eq(name, q->prop) &&
                 (!q->value || list_has((const char *)p, size, q->value)) )
                match = true;
            if ( str_eq(name, q->want) )
            {
                found = p;
                found_len = size;
            }
            p += (size + 3) & ~3U;
            continue;
        }

        if ( token == NOP )
            continue;

        /* A node's properties end where a child or its own end begins. */
        if ( match && !left-- )
        {
            if ( found && len )
                *len = found_len;
            return found;
        }

        if ( token != BEGIN_NODE && token != END_NODE )
            return NULL;

        match = false;
        found = NULL;
        if ( token == BEGIN_NODE )
            p += (str_size((const char *)p) + 3) & ~3U;
    }
}
