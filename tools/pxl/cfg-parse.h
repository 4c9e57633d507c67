/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between cfg.c, which keeps settings, and cfg-parse.c, which reads them. */
#ifndef PXL_CFG_PARSE_H
#define PXL_CFG_PARSE_H

#include "cfg.h"

/* settings_parse - calls settings_store() for each; @file NULL: the command
 * line. -1 after a message that names the line. */
int settings_parse(struct cfg *cfg, const char *file, const char *text,
                   size_t len);

/* settings_store - takes over @name and the value's memory, also when it
 * fails; @append: +=. */
int settings_store(struct cfg *cfg, char *name, struct cfg_value value,
                   bool append);

void value_free(struct cfg_value *value);

#endif /* PXL_CFG_PARSE_H */
