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

/* Bytes of the UTF-8 character at @s; 0: there is none. */
static unsigned int character(const char *s)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0, 0},
                 {0xe0, 0xc0, 0x80},
                 {0xf0, 0xe0, 0x800},
                 {0xf8, 0xf0, 0x10000}};
    unsigned char c = (unsigned char)*s;

    for ( unsigned int len = 1; len <= 4; len++ )
    {
        uint32_t code = c & (unsigned char)~forms[len - 1].mask;

        if ( (c & forms[len - 1].mask) != forms[len - 1].lead )
            continue;
        for ( unsigned int i = 1; i < len; i++ )
        {
            if ( ((unsigned char)s[i] & 0xc0) != 0x80 )
                return 0;
            code = code << 6 | ((unsigned char)s[i] & 0x3f);
        }
        if ( code < forms[len - 1].least || code > 0x10ffff ||
             (code >= 0xd800 && code <= 0xdfff) )
            return 0;
        return len;
    }
    return 0;
}

/* What is not UTF-8, such as a name in another code, becomes U+FFFD. */
static void put_string(const char *s)
{
    putchar('"');
    while ( *s )
    {
        unsigned int len = character(s);

        if ( *s == '"' || *s == '\\' )
            printf("\\%c", *s);
        else if ( len == 1 && *s < ' ' )
            printf("\\u%04x", *s);
        else if ( len )
            printf("%.*s", (int)len, s);
        else
            printf("\\ufffd");
        s += len ? len : 1;
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
