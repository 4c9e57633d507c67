# SPDX-License-Identifier: GPL-2.0-or-later
#
# symbols.awk - "nm -n" of a linked hypervisor into the table that fatal dumps
# use (xen/include/xen/symbols.h): every text symbol, sorted by address, as
# (offset from _start, offset of its name).  With no input the table is empty,
# which is what the first link takes.

BEGIN { n = 0 }

$3 == "_start" { start = $1 }

# What link-time optimisation leaves below _start are not addresses.
start && $2 ~ /^[tTwW]$/ && $3 !~ /^\$/ {
    addr[n] = $1
    name[n++] = $3
}

END {
    print "    .section .rodata.symbols, \"a\""
    print "    .global symbols_table, symbols_count, symbols_names"
    print "    .balign 4"
    print "symbols_count:"
    print "    .word " n
    print "symbols_table:"
    for ( i = 0; i < n; i++ )
    {
        printf "    .word 0x%s - 0x%s, %u\n", addr[i], start, at
        at += length(name[i]) + 1
    }
    print "symbols_names:"
    for ( i = 0; i < n; i++ )
        printf "    .asciz \"%s\"\n", name[i]
}
