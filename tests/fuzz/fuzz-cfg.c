// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files of pxl: any bytes are read or refused, and what was read
 * can be asked for. What is refused has been said on stderr, once.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg.h"
#include "pxl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int messages;

/* Instead of util.c's: nothing is to be read by anybody. */
void __wrap_err(const char *fmt, ...);
void __wrap_err(const char *fmt, ...)
{
    (void)fmt;
    messages++;
}

void __wrap_warn(const char *fmt, ...);
void __wrap_warn(const char *fmt, ...)
{
    (void)fmt;
}

static void touch(const struct cfg_value *v, unsigned int lines, int depth)
{
    size_t i;

    if ( v->line > lines || depth > 2 || (v->string && v->nr) )
        abort();
    if ( v->string && strlen(v->string) > 1U << 20 )
        abort();
    for ( i = 0; i < v->nr; i++ )
        touch(&v->item[i], lines, depth + 1);
}

static void ask(struct cfg *cfg, unsigned int lines)
{
    static const char *const names[] = {"a", "b", "name", "disk", "pci"};
    const struct cfg_value *v, *items;
    const char *s;
    uint64_t n;
    size_t i, j, nr;

    for ( i = 0; i < sizeof(names) / sizeof(names[0]); i++ )
    {
        v = cfg_get(cfg, names[i]);
        if ( v )
            touch(v, lines, 0);
        if ( !cfg_string(cfg, names[i], "", &s) && !s )
            abort();
        if ( !cfg_number(cfg, names[i], 1, &n) && !v && n != 1 )
            abort();
        if ( cfg_list(cfg, names[i], &items, &nr) )
            abort();
        for ( j = 0; j < nr; j++ )
            touch(&items[j], lines, 1);
    }
    cfg_unused(cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    unsigned int lines = 1;
    struct cfg *cfg;
    size_t i;

    memcpy(text, data, size);
    text[size] = '\0';
    for ( i = 0; i < size; i++ )
        lines += text[i] == '\n';

    messages = 0;
    cfg = cfg_parse("f", text, size);
    if ( !cfg != (messages == 1) || messages > 1 )
        abort();
    if ( cfg )
    {
        if ( memchr(text, '\0', size) )
            abort();
        ask(cfg, lines);
        cfg_add(cfg, text);
        ask(cfg, lines);
    }
    cfg_free(cfg);
    free(text);
    return 0;
}
