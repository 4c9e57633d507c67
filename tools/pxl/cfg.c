/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cfg.c - the settings of a configuration, and what is asked of them. */
#include "cfg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg-parse.h"
#include "pxl.h"

#define MAX_FILE (1U << 20)

struct setting {
    char *name;
    struct cfg_value value;
    bool used;
};

struct cfg {
    char *file;
    struct setting *set;
    size_t nr;
};

void value_free(struct cfg_value *value)
{
    size_t i;

    for ( i = 0; i < value->nr; i++ )
        value_free(&value->item[i]);
    free(value->item);
    free(value->string);
}

static struct setting *find(struct cfg *cfg, const char *name)
{
    size_t i;

    for ( i = 0; i < cfg->nr; i++ )
        if ( !strcmp(cfg->set[i].name, name) )
            return &cfg->set[i];
    return NULL;
}

/* Both are strings or both are lists; @more is used up. */
static void append_value(struct cfg_value *to, struct cfg_value *more)
{
    char *joined;

    if ( to->string )
    {
        joined = xasprintf("%s%s", to->string, more->string);
        free(to->string);
        free(more->string);
        to->string = joined;
        return;
    }
    to->item = xrealloc(to->item, (to->nr + more->nr) * sizeof(*to->item));
    if ( more->nr )
        memcpy(to->item + to->nr, more->item, more->nr * sizeof(*to->item));
    to->nr += more->nr;
    free(more->item);
}

int settings_store(struct cfg *cfg, char *name, struct cfg_value value,
                   bool append)
{
    struct setting *old = find(cfg, name);

    if ( !old )
    {
        cfg->set = xrealloc(cfg->set, (cfg->nr + 1) * sizeof(*cfg->set));
        cfg->set[cfg->nr++] = (struct setting){.name = name, .value = value};
        return 0;
    }
    free(name);

    if ( append && !old->value.string != !value.string )
    {
        cfg_err(cfg, &value, "+= adds to %s: '%s' is %s",
                value.string ? "a string" : "a list", old->name,
                old->value.string ? "a string" : "a list");
        value_free(&value);
        return -1;
    }
    if ( append )
    {
        append_value(&old->value, &value);
        return 0;
    }

    if ( value.line && value.line != CFG_NO_LINE )
        warn("%s:%u: '%s' is set again; line %u has no effect", cfg->file,
             value.line, old->name, old->value.line);
    value_free(&old->value);
    old->value = value;
    return 0;
}

struct cfg *cfg_parse(const char *file, const char *text, size_t len)
{
    struct cfg *cfg = xcalloc(1, sizeof(*cfg));

    cfg->file = xstrdup(file);
    if ( !settings_parse(cfg, file, text, len) )
        return cfg;
    cfg_free(cfg);
    return NULL;
}

struct cfg *cfg_load(const char *file)
{
    FILE *f = fopen(file, "re");
    struct cfg *cfg = NULL;
    char *text;
    size_t len;

    if ( !f )
    {
        err("%s: %s", file, strerror(errno));
        return NULL;
    }
    text = xcalloc(MAX_FILE, 1);
    len = fread(text, 1, MAX_FILE, f);
    if ( ferror(f) )
        err("%s: %s", file, strerror(errno));
    else if ( len == MAX_FILE )
        err("%s: larger than 1 MiB: no configuration", file);
    else
        cfg = cfg_parse(file, text, len);
    free(text);
    fclose(f);
    return cfg;
}

int cfg_add(struct cfg *cfg, const char *text)
{
    return settings_parse(cfg, NULL, text, strlen(text));
}

void cfg_set(struct cfg *cfg, const char *name, const char *text)
{
    const struct cfg_value v = {CFG_NO_LINE, xstrdup(text), NULL, 0};

    (void)settings_store(cfg, xstrdup(name), v, false);
}

void cfg_set_list(struct cfg *cfg, const char *name, char *const *text,
                  size_t nr)
{
    const struct cfg_value v = {CFG_NO_LINE, NULL, xcalloc(nr, sizeof(*v.item)),
                                nr};

    for ( size_t i = 0; i < nr; i++ )
        v.item[i] = (struct cfg_value){CFG_NO_LINE, xstrdup(text[i]), NULL, 0};
    (void)settings_store(cfg, xstrdup(name), v, false);
}

void cfg_free(struct cfg *cfg)
{
    size_t i;

    if ( !cfg )
        return;
    for ( i = 0; i < cfg->nr; i++ )
    {
        value_free(&cfg->set[i].value);
        free(cfg->set[i].name);
    }
    free(cfg->set);
    free(cfg->file);
    free(cfg);
}

const struct cfg_value *cfg_get(struct cfg *cfg, const char *name)
{
    struct setting *s = find(cfg, name);

    if ( !s )
        return NULL;
    s->used = true;
    return &s->value;
}

int cfg_string(struct cfg *cfg, const char *name, const char *fallback,
               const char **out)
{
    const struct cfg_value *v = cfg_get(cfg, name);

    if ( v && !v->string )
    {
        cfg_err(cfg, v, "'%s' is a list; it should be a string", name);
        return -1;
    }
    *out = v ? v->string : fallback;
    return 0;
}

int cfg_number(struct cfg *cfg, const char *name, uint64_t fallback,
               uint64_t *out)
{
    const struct cfg_value *v = cfg_get(cfg, name);
    uint64_t n;
    char *end;

    if ( !v )
    {
        *out = fallback;
        return 0;
    }
    if ( !v->string )
    {
        cfg_err(cfg, v, "'%s' is a list; it should be a number", name);
        return -1;
    }
    errno = 0;
    n = strtoull(v->string, &end, 0);
    if ( *v->string < '0' || *v->string > '9' || *end || errno )
    {
        cfg_err(cfg, v, "'%s' is \"%s\"; it should be a number", name,
                v->string);
        return -1;
    }
    *out = n;
    return 0;
}

int cfg_list(struct cfg *cfg, const char *name, const struct cfg_value **items,
             size_t *nr)
{
    const struct cfg_value *v = cfg_get(cfg, name);

    *items = !v ? NULL : v->string ? v : v->item;
    *nr = !v ? 0 : v->string ? 1 : v->nr;
    return 0;
}

void cfg_err(const struct cfg *cfg, const struct cfg_value *at, const char *fmt,
             ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if ( !at )
        err("%s: %s", cfg->file, text);
    else if ( at->line == CFG_NO_LINE )
        err("%s, as it is by now: %s", cfg->file, text);
    else if ( at->line )
        err("%s:%u: %s", cfg->file, at->line, text);
    else
        err("command line: %s", text);
}

void cfg_unused(struct cfg *cfg)
{
    size_t i;

    for ( i = 0; i < cfg->nr; i++ )
    {
        const struct setting *s = &cfg->set[i];

        if ( s->used )
            continue;
        if ( s->value.line )
            warn("%s:%u: '%s' is not known and has no effect", cfg->file,
                 s->value.line, s->name);
        else
            warn("command line: '%s' is not known and has no effect", s->name);
    }
}
