/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON on stdout, as the lists write it with --json. Members are named, the
 * elements of an array are not (name NULL). Indented by two, one value a line.
 */
#ifndef PXL_JSON_H
#define PXL_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* Each is closed by json_end(); the outermost ends the line. */
void json_object(const char *name);
void json_array(const char *name);
void json_end(void);

/* @value NULL: null. */
void json_string(const char *name, const char *value);
void json_format(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void json_number(const char *name, uint64_t value);
void json_bool(const char *name, bool value);

#endif /* PXL_JSON_H */
