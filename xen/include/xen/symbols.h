/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the hypervisor's own functions, for fatal dumps and stack traces.
 *
 * The table is made by tools/symbols.awk from a first link of the same objects
 * and linked in by a second; in the first it is empty.
 */
#ifndef XEN_SYMBOLS_H
#define XEN_SYMBOLS_H

/*
 * symbols_lookup - the function that contains a code address.
 * @addr: virtual address   @offset: set to the distance from its start
 * Context: any, takes no lock.
 * Return: its name, or NULL (and offset untouched) when addr is not ours.
 */
const char *symbols_lookup(unsigned long addr, unsigned long *offset);

#endif /* XEN_SYMBOLS_H */
