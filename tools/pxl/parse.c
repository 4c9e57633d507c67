/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pxl.h"

/* strtoull() takes signs and spaces, too; @end: the first other character. */
static int number(const char *text, int base, uint64_t *out, const char **end)
{
    char *stop;

    if ( !isxdigit((unsigned char)*text) )
        return -1;
    errno = 0;
    *out = strtoull(text, &stop, base);
    *end = stop;
    return errno || stop == text ? -1 : 0;
}

int parse_number(const char *text, uint64_t *out)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *end;
    uint64_t n;

    if ( number(text + (hex ? 2 : 0), hex ? 16 : 10, &n, &end) || *end )
    {
        err("'%s' is not a number", text);
        return -1;
    }
    *out = n;
    return 0;
}

int parse_memory(const char *text, uint64_t *kib)
{
    const char *end;
    unsigned int shift = 0;
    uint64_t n;

    if ( number(text, 10, &n, &end) || (*end && end[1]) )
        goto bad;

    switch ( tolower((unsigned char)*end) )
    {
    case 't':
        shift = 30;
        break;
    case 'g':
        shift = 20;
        break;
    case '\0':
    case 'm':
        shift = 10;
        break;
    case 'k':
        break;
    case 'b':
        n >>= 10;
        break;
    default:
        goto bad;
    }

    if ( n << shift >> shift != n )
        goto bad;
    *kib = n << shift;
    return 0;

bad:
    err("'%s' is no amount of memory: a number and k, m (default), g or t",
        text);
    return -1;
}

static void set_range(uint8_t *map, uint64_t first, uint64_t last, bool on)
{
    uint64_t i;

    for ( i = first; i <= last; i++ )
    {
        uint8_t bit = (uint8_t)(1U << (i % 8));

        if ( on )
            map[i / 8] |= bit;
        else
            map[i / 8] &= (uint8_t)~bit;
    }
}

/* "3" or "3-5", of @nr. Returns what follows, NULL after a message. */
static const char *range(const char *text, const char *whole, uint64_t nr,
                         uint64_t *first, uint64_t *last)
{
    const char *p;

    if ( number(text, 10, first, &p) )
        goto bad;
    *last = *first;
    if ( *p == '-' && number(p + 1, 10, last, &p) )
        goto bad;
    if ( *first > *last )
        goto bad;
    if ( *last < nr )
        return p;
    err("'%s': there is no CPU or node %llu; the last is %llu", whole,
        (unsigned long long)*last, (unsigned long long)nr - 1);
    return NULL;

bad:
    err("'%s' is no list of CPUs; write it as 0-3,^1 or all", whole);
    return NULL;
}

static bool skip(const char **p, const char *word)
{
    size_t len = strlen(word);

    if ( strncmp(*p, word, len) )
        return false;
    *p += len;
    return true;
}

int parse_cpus(const char *text, unsigned int nr, uint8_t *map)
{
    size_t size = (nr + 7) / 8, i;
    uint8_t *set = xcalloc(size, 1);
    const char *p = text;
    int rc = -1;

    for ( ;; )
    {
        bool on = !skip(&p, "^");
        uint64_t first = 0, last = nr - 1;

        if ( skip(&p, "node:") || skip(&p, "nodes:") )
        {
            /* All of them are in node 0. */
            if ( !skip(&p, "all") && !(p = range(p, text, 1, &first, &last)) )
                goto out;
            last = nr - 1;
        }
        else if ( !skip(&p, "all") && !(p = range(p, text, nr, &first, &last)) )
            goto out;
        set_range(set, first, last, on);

        if ( *p == '\0' )
            break;
        if ( *p++ != ',' )
        {
            err("'%s' is no list of CPUs; write it as 0-3,^1 or all", text);
            goto out;
        }
    }

    for ( i = 0; i < size && !set[i]; i++ )
        continue;
    if ( i == size )
    {
        err("'%s' leaves no CPU", text);
        goto out;
    }
    memcpy(map, set, size);
    rc = 0;

out:
    free(set);
    return rc;
}

char *format_cpus(const uint8_t *map, unsigned int nr)
{
    char *text = xstrdup(""), *longer;
    unsigned int i, from;

    for ( i = 0; i < nr; i++ )
    {
        if ( !cpu_isset(map, i) )
            continue;
        from = i;
        while ( i + 1 < nr && cpu_isset(map, i + 1) )
            i++;
        if ( from == 0 && i == nr - 1 )
            longer = xstrdup("all");
        else if ( from == i )
            longer = xasprintf("%s%s%u", text, *text ? "," : "", i);
        else
            longer = xasprintf("%s%s%u-%u", text, *text ? "," : "", from, i);
        free(text);
        text = longer;
    }

    if ( *text )
        return text;
    free(text);
    return xstrdup("none");
}
