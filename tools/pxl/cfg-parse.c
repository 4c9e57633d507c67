/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfg-parse.c - the grammar of configuration files. It stops at the first
 * mistake; a message names the line it is on, or the line where what is not
 * closed begins.
 */
#include "cfg-parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pxl.h"

#define MAX_DEPTH 2 /* a list in a list */

struct parser {
    struct cfg *cfg;
    const char *file; /* NULL: the command line */
    const char *p, *end;
    unsigned int line;
};

__attribute__((format(printf, 3, 4))) static int
fail_at(const struct parser *in, unsigned int line, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if ( in->file )
        err("%s:%u: %s", in->file, line, text);
    else
        err("command line: %s", text);
    return -1;
}

#define fail(in, ...) fail_at(in, (in)->line, __VA_ARGS__)

/* The next character; '\0' at the end. The text holds no other '\0'. */
static char peek(const struct parser *in)
{
    return in->p < in->end ? *in->p : '\0';
}

static bool take(struct parser *in, char c)
{
    if ( peek(in) != c )
        return false;
    in->p++;
    return true;
}

/* What stands there, to be shown in a message. */
static const char *next_text(const struct parser *in)
{
    static char text[16];
    char c = peek(in);

    if ( c == '\0' )
        return "the end";
    if ( c == '\n' )
        return "the end of the line";
    if ( isprint((unsigned char)c) )
        snprintf(text, sizeof(text), "'%c'", c);
    else
        snprintf(text, sizeof(text), "byte 0x%02x", (unsigned char)c);
    return text;
}

static void skip_blanks(struct parser *in)
{
    for ( ;; )
    {
        char c = peek(in);

        if ( c == '#' )
            while ( peek(in) != '\n' && peek(in) != '\0' )
                in->p++;
        else if ( c == ' ' || c == '\t' || c == '\r' )
            in->p++;
        else
            return;
    }
}

static void skip_lines(struct parser *in)
{
    for ( skip_blanks(in); take(in, '\n'); skip_blanks(in) )
        in->line++;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char *copy(const char *from, const char *to)
{
    return xasprintf("%.*s", (int)(to - from), from);
}

/* A number or a word, which ends before what no word contains. */
static char *word(struct parser *in)
{
    const char *from = in->p;

    while ( is_name(peek(in)) || peek(in) == '.' || peek(in) == '-' )
        in->p++;
    return copy(from, in->p);
}

/* Digits of \x41 and \101, at most @max of them. */
static int coded(struct parser *in, unsigned int base, unsigned int max)
{
    unsigned int n = 0, i;

    for ( i = 0; i < max && isxdigit((unsigned char)peek(in)); i++ )
    {
        char c = (char)tolower((unsigned char)peek(in));
        unsigned int digit = (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);

        if ( digit >= base )
            break;
        n = n * base + digit;
        in->p++;
    }
    if ( i == 0 || n == 0 || n > 0xff )
        return fail(in, "a backslash and a number make a byte from 1 to 255");
    return (int)n;
}

/* What follows a backslash. Returns the byte, -1 after a message. */
static int escape(struct parser *in)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    char c = peek(in);
    const char *at = c ? strchr(from, c) : NULL;

    if ( at )
    {
        in->p++;
        return to[at - from];
    }
    if ( take(in, 'x') )
        return coded(in, 16, 2);
    if ( isdigit((unsigned char)c) )
        return coded(in, 8, 3);
    return fail(in,
                "a backslash cannot be followed by %s; for itself write \\\\",
                next_text(in));
}

static int parse_string(struct parser *in, struct cfg_value *out)
{
    char quote = *in->p++;
    char *s = xcalloc((size_t)(in->end - in->p) + 1, 1);
    size_t len = 0;
    int c;

    while ( !take(in, quote) )
    {
        c = (unsigned char)peek(in);
        if ( c == '\0' || c == '\n' )
        {
            free(s);
            return fail(in, "a string is not closed by %c on its line", quote);
        }
        in->p++;
        if ( c == '\\' && (c = escape(in)) < 0 )
        {
            free(s);
            return -1;
        }
        s[len++] = (char)c;
    }
    out->string = xrealloc(s, len + 1);
    return 0;
}

static int parse_word(struct parser *in, struct cfg_value *out)
{
    char *text = word(in), *end;

    strtoull(text, &end, 0);
    if ( isdigit((unsigned char)*text) && *end == '\0' )
    {
        out->string = text;
        return 0;
    }
    if ( isdigit((unsigned char)*text) )
        fail(in, "%s is not a number; text needs quotes", text);
    else if ( *text )
        fail(in, "%s is not a value; text needs quotes", text);
    else
        fail(in, "a value is expected, not %s", next_text(in));
    free(text);
    return -1;
}

/* On the command line: all up to ";", as it stands. */
static int parse_bare(struct parser *in, struct cfg_value *out)
{
    const char *from = in->p, *to;

    while ( peek(in) != ';' && peek(in) != '\0' )
        in->p++;
    for ( to = in->p; to > from && isspace((unsigned char)to[-1]); to-- )
        continue;
    if ( from == to )
        return fail(in, "a value is expected, not %s", next_text(in));
    out->string = copy(from, to);
    return 0;
}

static int parse_value(struct parser *in, struct cfg_value *out, int depth);

static int parse_list(struct parser *in, struct cfg_value *out, int depth)
{
    in->p++;
    if ( depth == MAX_DEPTH )
        return fail(in, "lists may be nested once, not deeper");

    for ( ;; )
    {
        skip_lines(in);
        if ( take(in, ']') )
            return 0;
        if ( peek(in) == '\0' )
            break;
        out->item = xrealloc(out->item, (out->nr + 1) * sizeof(*out->item));
        memset(&out->item[out->nr], 0, sizeof(*out->item));
        if ( parse_value(in, &out->item[out->nr++], depth + 1) )
            return -1;

        skip_lines(in);
        if ( take(in, ']') )
            return 0;
        if ( peek(in) == '\0' )
            break;
        if ( !take(in, ',') )
            return fail(in, "',' or ']' is expected, not %s", next_text(in));
    }
    return fail_at(in, out->line, "the list that begins here is not closed");
}

/* Whatever is in @out afterwards is to be freed, also after an error. */
static int parse_value(struct parser *in, struct cfg_value *out, int depth)
{
    char c = peek(in);

    out->line = in->file ? in->line : 0;
    if ( c == '[' )
        return parse_list(in, out, depth);
    if ( c == '"' || c == '\'' )
        return parse_string(in, out);
    if ( !in->file && depth == 0 )
        return parse_bare(in, out);
    return parse_word(in, out);
}

static int parse_setting(struct parser *in)
{
    const char *from = in->p;
    struct cfg_value value = {0};
    bool append;
    char *name;

    while ( is_name(peek(in)) )
        in->p++;
    if ( in->p == from || isdigit((unsigned char)*from) )
        return fail(in, "the name of a setting is expected, not %s",
                    in->p == from ? next_text(in) : "a number");
    name = copy(from, in->p);

    skip_blanks(in);
    append = take(in, '+');
    if ( !take(in, '=') )
    {
        fail(in, "'=' is expected after '%s', not %s", name, next_text(in));
        goto bad;
    }
    skip_blanks(in);
    if ( parse_value(in, &value, 0) )
        goto bad;

    skip_blanks(in);
    if ( peek(in) != '\n' && peek(in) != ';' && peek(in) != '\0' )
    {
        fail(in,
             "the line should end after the value of '%s', not go on with "
             "%s",
             name, next_text(in));
        goto bad;
    }
    return settings_store(in->cfg, name, value, append);

bad:
    free(name);
    value_free(&value);
    return -1;
}

int settings_parse(struct cfg *cfg, const char *file, const char *text,
                   size_t len)
{
    struct parser in = {
        .cfg = cfg, .file = file, .p = text, .end = text + len, .line = 1};
    const char *nul = memchr(text, '\0', len);

    for ( ;; )
    {
        skip_lines(&in);
        if ( in.p == nul )
            return fail(&in, "byte 0x00: not a text file");
        if ( in.p == in.end )
            return 0;
        if ( !take(&in, ';') && parse_setting(&in) )
            return -1;
    }
}
