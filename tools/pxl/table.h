/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table on stdout: columns as wide as their widest cell, two spaces between
 * them. Columns are given as "<Name|ID|<State": "<" aligns to the left.
 */
#ifndef PXL_TABLE_H
#define PXL_TABLE_H

struct table;

struct table *table_new(const char *columns);
/* table_cell - the next cell, from left to right, row after row. */
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* table_print - header and rows; frees the table. */
void table_print(struct table *t);

#endif /* PXL_TABLE_H */
