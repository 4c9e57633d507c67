/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.c - JSON on stdout; see json.h. */
#include "json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 16U

static struct {
    char end;
    bool some;
} level[MAX_DEPTH];
static unsigned int depth;

static void put_string(const char *s)
{
    putchar('"');
    for ( ; *s; s++ )
    {
        unsigned char c = (unsigned char)*s;

        if ( c == '"' || c == '\\' )
            printf("\\%c", c);
        else if ( c < ' ' )
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

/* What stands before a value: a comma, the line, the name. */
static void begin(const char *name)
{
    if ( depth )
    {
        if ( level[depth - 1].some )
            putchar(',');
        level[depth - 1].some = true;
        printf("\n%*s", (int)depth * 2, "");
    }
    if ( name )
    {
        put_string(name);
        printf(": ");
    }
}

static void open_level(const char *name, char open, char end)
{
    begin(name);
    putchar(open);
    if ( depth == MAX_DEPTH )
        abort();
    level[depth].end = end;
    level[depth++].some = false;
}

void json_object(const char *name)
{
    open_level(name, '{', '}');
}

void json_array(const char *name)
{
    open_level(name, '[', ']');
}

void json_end(void)
{
    depth--;
    if ( level[depth].some )
        printf("\n%*s", (int)depth * 2, "");
    putchar(level[depth].end);
    if ( depth == 0 )
        putchar('\n');
}

void json_string(const char *name, const char *value)
{
    begin(name);
    if ( value )
        put_string(value);
    else
        printf("null");
}

void json_format(const char *name, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    if ( vasprintf(&text, fmt, args) < 0 )
        abort();
    va_end(args);
    json_string(name, text);
    free(text);
}

void json_number(const char *name, uint64_t value)
{
    begin(name);
    printf("%" PRIu64, value);
}

void json_bool(const char *name, bool value)
{
    begin(name);
    printf(value ? "true" : "false");
}
