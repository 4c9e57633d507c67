/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the command line: numbers, amounts of memory, sets of CPUs. */
#ifndef PXL_PARSE_H
#define PXL_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* parse_number - decimal, or 0x...; the whole of @text. Says what is wrong. */
int parse_number(const char *text, uint64_t *out);
/* parse_memory - KiB of a number and t, g, m (also without), k or b. */
int parse_memory(const char *text, uint64_t *kib);

/* CPUs as a bit map, lowest first, of (nr + 7) / 8 bytes. */
static inline bool cpu_isset(const uint8_t *map, unsigned int cpu)
{
    return map[cpu / 8] >> (cpu % 8) & 1;
}

/*
 * parse_cpus - "all", "3", "0-3,^1", "node:0" of @nr CPUs, which are one node.
 * An empty set is refused, as is a CPU that does not exist.
 */
int parse_cpus(const char *text, unsigned int nr, uint8_t *map);
/* format_cpus - the reverse, to be freed: "all", "none", or "0-3,5". */
char *format_cpus(const uint8_t *map, unsigned int nr);

#endif /* PXL_PARSE_H */
