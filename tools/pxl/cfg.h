/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration file in xl's grammar (xl.cfg.5): NAME = VALUE, or += to add
 * to an earlier one. A value is a "string" or 'string' with C's escapes, a
 * number (decimal, 0x hexadecimal, 0 octal), or a [list] of them; lists may be
 * nested once and end with a comma; comments start with #; newline or ";" ends
 * a setting. Values know their line, so that what is wrong with them is said
 * as "FILE:LINE: ...".
 */
#ifndef PXL_CFG_H
#define PXL_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CFG_NO_LINE (~0U)

struct cfg_value {
    unsigned int line; /* 0: from the command line; CFG_NO_LINE: cfg_set() */
    char *string;      /* of a string or number; NULL: a list */
    struct cfg_value *item;
    size_t nr;
};

struct cfg;

/* cfg_load - NULL after a message that names the line. */
struct cfg *cfg_load(const char *file);
/* cfg_parse - the same for a text; @file is for messages. */
struct cfg *cfg_parse(const char *file, const char *text, size_t len);
/*
 * cfg_add - settings of the command line ("NAME=VALUE;..."); later ones win.
 * A value that is no list may stand without quotes there.
 */
int cfg_add(struct cfg *cfg, const char *text);
/* cfg_set, cfg_set_list - instead of what the file says, which is freed. */
void cfg_set(struct cfg *cfg, const char *name, const char *text);
void cfg_set_list(struct cfg *cfg, const char *name, char *const *text,
                  size_t nr);
void cfg_free(struct cfg *cfg);

/* All but cfg_get: @fallback or an empty value when the setting is absent;
 * -1 after a message when it is of another kind. */
const struct cfg_value *cfg_get(struct cfg *cfg, const char *name);
int cfg_string(struct cfg *cfg, const char *name, const char *fallback,
               const char **out);
int cfg_number(struct cfg *cfg, const char *name, uint64_t fallback,
               uint64_t *out);
/* A string counts as a list of one. */
int cfg_list(struct cfg *cfg, const char *name, const struct cfg_value **items,
             size_t *nr);

/* cfg_err - "FILE:LINE: ...", for a value found wrong later. @at NULL: of the
 * file as a whole, such as a setting that is missing. */
void cfg_err(const struct cfg *cfg, const struct cfg_value *at, const char *fmt,
             ...) __attribute__((format(printf, 3, 4)));
/* cfg_unused - warn of each setting that nobody asked for. */
void cfg_unused(struct cfg *cfg);

#endif /* PXL_CFG_H */
