/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which R-Car or RZ/G2 this is, by the product register. Product in bits 14:8,
 * cut in 7:0; the bits above are fuses that say which CPUs are there.
 */
#include <xen/rcar.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/mm.h>

#define PRR_PRODUCT GENMASK32(14, 8)
#define PRR_CUT     GENMASK32(7, 0)
#define CUT_MAJOR   GENMASK32(7, 4)
#define CUT_MINOR   GENMASK32(3, 0)

struct rcar_prr rcar_prr(void)
{
    static struct rcar_prr prr;
    static bool looked;
    struct dt_node *np;
    uint64_t addr, size;
    const void *reg;
    uint32_t value;

    if ( looked )
        return prr;
    looked = true;

    np = dt_find_compatible(NULL, "renesas,prr");
    if ( !np || dt_get_reg(np, 0, &addr, &size) || size < sizeof(uint32_t) )
        return prr;
    reg = ioremap(_maddr(addr), sizeof(uint32_t));
    if ( !reg )
        return prr;

    value = read32(reg);
    prr.known = true;
    prr.product = (uint8_t)FIELD_GET(PRR_PRODUCT, value);
    prr.cut = (uint8_t)FIELD_GET(PRR_CUT, value);
    return prr;
}

const char *rcar_prr_text(char buf[32])
{
    static const struct {
        uint8_t product;
        const char *name;
    } names[] = {
        {RCAR_H3, "H3"},    {RCAR_M3W, "M3-W"}, {RCAR_V3M, "V3M"},
        {RCAR_M3N, "M3-N"}, {RCAR_V3H, "V3H"},  {RCAR_E3, "E3"},
        {RCAR_D3, "D3"},    {RCAR_S4, "S4"},    {RCAR_V4H, "V4H"},
    };
    struct rcar_prr prr = rcar_prr();
    unsigned int major = (unsigned int)FIELD_GET(CUT_MAJOR, prr.cut) + 1;
    unsigned int minor = (unsigned int)FIELD_GET(CUT_MINOR, prr.cut);

    if ( !prr.known )
        return "unknown product";

    /* M3-W counts otherwise: 0x10 is ES1.1 or 1.2, 0x11 is ES1.3. */
    if ( prr.product == RCAR_M3W && major == 2 )
    {
        major = 1;
        minor = minor ? 3 : 1;
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(names); i++ )
    {
        if ( names[i].product == prr.product )
        {
            snprintf(buf, 32, "%s ES%u.%u", names[i].name, major, minor);
            return buf;
        }
    }
    snprintf(buf, 32, "product %#x ES%u.%u", prr.product, major, minor);
    return buf;
}
