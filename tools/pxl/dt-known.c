/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dt-known.c - see dt-known.h. */
#include "dt-known.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <libfdt.h>

/* A clock of R-Car's CPG: two cells, core or module, and its number. */
#define CPG_MODULE 1U
#define CPG_BYTES  12

/*
 * Clocks of R-Car Gen3 and RZ/G2 modules that domains may be given. Linux's
 * drivers of all these parts call them the same; a tree has their numbers.
 */
static const struct {
    unsigned int module;
    const char *name;
    const char *high; /* of a card's host: four times as fast, "clkh" */
} modules[] = {
    {217, "sys-dmac2", NULL}, {218, "sys-dmac1", NULL},
    {219, "sys-dmac0", NULL}, {311, "sdif3", "sd3h"},
    {312, "sdif2", "sd2h"},   {313, "sdif1", "sd1h"},
    {314, "sdif0", "sd0h"},   {328, "usb3-if0", NULL},
    {330, "usb-dmac0", NULL}, {331, "usb-dmac1", NULL},
    {700, "ehci3", NULL},     {701, "ehci2", NULL},
    {702, "ehci1", NULL},     {703, "ehci0", NULL},
    {704, "hsusb", NULL},     {812, "etheravb", NULL},
};

static uint32_t cell_at(const uint8_t *p)
{
    return fdt32_ld((const void *)p);
}

static bool is_cpg(const void *host, int node)
{
    const char *compatible =
        node < 0 ? NULL : fdt_getprop(host, node, "compatible", NULL);

    return compatible && strncmp(compatible, "renesas,", 8) == 0 &&
           strstr(compatible, "-cpg-mssr");
}

const char *dt_clock_name(const void *host, int node, int i)
{
    const char *name = fdt_stringlist_get(host, node, "clock-names", i, NULL);
    const uint8_t *p, *own;
    int len;

    own = p = fdt_getprop(host, node, "clocks", &len);
    if ( !p || len < CPG_BYTES * (i + 1) ||
         !is_cpg(host, fdt_node_offset_by_phandle(host, cell_at(p))) )
        return NULL;
    p += CPG_BYTES * i;
    if ( memcmp(p, own, 4) != 0 || cell_at(own + 4) != CPG_MODULE )
        return NULL;
    for ( size_t k = 0; k < sizeof(modules) / sizeof(modules[0]); k++ )
        if ( modules[k].module == cell_at(own + 8) )
        {
            if ( i == 0 )
                return modules[k].name;
            return name && strcmp(name, "clkh") == 0 ? modules[k].high : NULL;
        }
    return NULL;
}

bool dt_is_card_speed(const char *property)
{
    static const char *const names[] = {
        "sd-uhs-sdr12",   "sd-uhs-sdr25",   "sd-uhs-sdr50",
        "sd-uhs-sdr104",  "sd-uhs-ddr50",   "mmc-ddr-1_8v",
        "mmc-ddr-1_2v",   "mmc-hs200-1_8v", "mmc-hs200-1_2v",
        "mmc-hs400-1_8v", "mmc-hs400-1_2v", "mmc-hs400-enhanced-strobe",
    };

    for ( size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++ )
        if ( strcmp(property, names[i]) == 0 )
            return true;
    return false;
}
