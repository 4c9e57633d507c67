/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.c - lookup in the symbol table of the hypervisor's own text.
 *
 * Owns nothing that changes: the table is constant, so it can be used in a
 * dying hypervisor without a lock. tools/symbols.awk writes the table.
 */
#include <xen/symbols.h>

#include <stddef.h>
#include <stdint.h>

struct symbol_entry {
    uint32_t offset; /* from _start */
    uint32_t name;   /* from symbols_names */
};

extern const char _start[], _etext[];
extern const uint32_t symbols_count;
extern const struct symbol_entry symbols_table[];
extern const char symbols_names[];

const char *symbols_lookup(unsigned long addr, unsigned long *offset)
{
    unsigned long start = (unsigned long)_start;
    uint32_t low = 0, high = symbols_count;

    if ( addr < start || addr >= (unsigned long)_etext )
        return NULL;

    /* The last entry at or below addr: [0, low) are, [high, count) are not. */
    while ( low < high )
    {
        uint32_t mid = low + (high - low) / 2;

        if ( symbols_table[mid].offset <= addr - start )
            low = mid + 1;
        else
            high = mid;
    }
    if ( low == 0 )
        return NULL;

    *offset = addr - start - symbols_table[low - 1].offset;
    return symbols_names + symbols_table[low - 1].name;
}
