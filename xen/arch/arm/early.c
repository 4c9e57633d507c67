/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UART before there is a driver, as firmware left it, found by stdout-path:
 * for messages of the first instructions, and for the one line that those see
 * who start us at EL1. There the MMU is off and we may be anywhere, so code
 * and data here are PC-relative; nothing but libfdt is called.
 *
 * At EL2 the tree and the UART are seen through spare entries of the image's
 * level-2 table (head.S), which needs no allocator.
 */
#include <asm/early.h>

#include <xen/barrier.h>
#include <xen/console.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <asm/config.h>
#include <asm/mm.h>

#include <libfdt.h>

#define BLOCK       MiB(2)
#define DESC_FDT    UINT64_C(0x00400000000007c5) /* WB, RO, XN */
#define DESC_DEVICE UINT64_C(0x0040000000000749) /* nGnRE, RW, XN */
#define SLOT_FDT    1U /* and 2: the tree may straddle */
#define SLOT_UART   3U

struct early_uart {
    volatile char *regs;
    bool scif;
};

static struct early_uart early_uart;

static int stdout_node(const void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), len = 0;
    const char *path, *colon;

    path = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "stdout-path", &len);
    if ( !path || len < 1 )
        return -1;
    colon = memchr(path, ':', (size_t)len);
    return fdt_path_offset_namelen(fdt, path,
                                   colon ? (int)(colon - path) : len - 1);
}

/* Physical address of the UART; 0 when there is none that we know. */
static uint64_t find_uart(const void *fdt, bool *scif)
{
    int node, len;
    const fdt32_t *reg;
    uint64_t base;

    if ( fdt_check_header(fdt) || (node = stdout_node(fdt)) < 0 )
        return 0;
    *scif = !fdt_node_check_compatible(fdt, node, "renesas,scif") ||
            !fdt_node_check_compatible(fdt, node, "renesas,hscif");
    if ( !*scif && fdt_node_check_compatible(fdt, node, "arm,pl011") )
        return 0;
    reg = fdt_getprop(fdt, node, "reg", &len);
    if ( !reg || len < 8 )
        return 0;
    base = fdt32_ld(reg);
    return len >= 16 ? base << 32 | fdt32_ld(reg + 1) : base;
}

static void uart_put(const struct early_uart *u, char c)
{
    if ( u->scif )
    {
        while ( !(read16(u->regs + 0x10) & 0x20) ) /* SCFSR.TDFE */
            ;
        write8(u->regs + 0x0c, (uint8_t)c); /* SCFTDR */
        write16(u->regs + 0x10, (uint16_t)(read16(u->regs + 0x10) & ~0x60U));
        return;
    }
    while ( read32(u->regs + 0x18) & 0x20 ) /* UARTFR.TXFF */
        ;
    write32(u->regs, (uint8_t)c); /* UARTDR */
}

/* ---- at EL1 ---- */

static const char el1_message[] =
    "\r\nProxenos: entered at EL1, but a hypervisor needs EL2. On QEMU add "
    "virtualization=on;\r\non R-Car the firmware must be built with "
    "RCAR_BL33_EXECUTION_EL=1. Stopped.\r\n";

void early_el1_message(const void *fdt)
{
    struct early_uart u;

    u.regs = fdt ? (volatile char *)find_uart(fdt, &u.scif) : NULL;
    for ( const char *s = el1_message; u.regs && *s; s++ )
        uart_put(&u, *s);
}

/* ---- at EL2, at the link address ---- */

static void *map_slot(unsigned int slot, uint64_t ma, uint64_t desc)
{
    boot_l2[slot] = (ma & ~(BLOCK - 1)) | desc;
    dsb(ishst); /* the walker, before the first use */
    isb();
    return (void *)(XEN_VIRT + slot * BLOCK + (ma & (BLOCK - 1)));
}

const void *early_map_fdt(maddr_t fdt_ma)
{
    map_slot(SLOT_FDT + 1, maddr_x(fdt_ma) + BLOCK, DESC_FDT);
    return map_slot(SLOT_FDT, maddr_x(fdt_ma), DESC_FDT);
}

void early_console_init(const void *fdt)
{
    uint64_t ma = find_uart(fdt, &early_uart.scif);

    if ( ma )
        early_uart.regs = map_slot(SLOT_UART, ma, DESC_DEVICE);
}

void early_putc(char c)
{
    if ( early_uart.regs )
        uart_put(&early_uart, c);
}
