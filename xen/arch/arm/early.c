/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line for those who start us at EL1: MMU off, wherever we were loaded,
 * so only PC-relative data and libfdt. The UART is stdout-path's, as firmware
 * left it.
 */
#include <stdint.h>

#include <xen/io.h>
#include <xen/lib.h>

#include <libfdt.h>

void early_el1_message(const void *fdt);

static const char message[] =
    "\r\nProxenos: entered at EL1, but a hypervisor needs EL2. On QEMU add "
    "virtualization=on;\r\non R-Car the firmware must be built with "
    "RCAR_BL33_EXECUTION_EL=1. Stopped.\r\n";

static int stdout_node(const void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), len = 0;
    const char *path, *colon;

    path = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "stdout-path", &len);
    if ( !path )
        return -1;
    colon = memchr(path, ':', (size_t)len);
    return fdt_path_offset_namelen(fdt, path, colon ? (int)(colon - path)
                                                    : len - 1);
}

void early_el1_message(const void *fdt)
{
    int node, len;
    const fdt32_t *reg;
    volatile char *uart;
    uint64_t base;
    bool scif;

    if ( !fdt || fdt_check_header(fdt) || (node = stdout_node(fdt)) < 0 )
        return;
    reg = fdt_getprop(fdt, node, "reg", &len);
    if ( !reg || len < 8 )
        return;
    base = fdt32_ld(reg);
    if ( len >= 16 )
        base = base << 32 | fdt32_ld(reg + 1);
    uart = (volatile char *)base;
    scif = !fdt_node_check_compatible(fdt, node, "renesas,scif");
    if ( !scif && fdt_node_check_compatible(fdt, node, "arm,pl011") )
        return;

    for ( const char *s = message; *s; s++ )
        if ( scif )
        {
            while ( !(read16(uart + 0x10) & 0x20) ) /* SCFSR.TDFE */
                ;
            write8(uart + 0x0c, (uint8_t)*s);       /* SCFTDR */
            write16(uart + 0x10, (uint16_t)(read16(uart + 0x10) & ~0x60U));
        }
        else
        {
            while ( read32(uart + 0x18) & 0x20 )    /* UARTFR.TXFF */
                ;
            write32(uart, (uint8_t)*s);             /* UARTDR */
        }
}
