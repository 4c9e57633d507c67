/* SPDX-License-Identifier: GPL-2.0-or-later */
/* p2m-rig-ipmmu.c - an IPMMU's root and leaf in the rig of the P2M. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "p2m-rig.h"

#include <xen/device-tree.h>
#include <xen/irq.h>
#include <xen/rcar.h>

static const struct dt_node *root_node;

void rig_ipmmu_probe(const struct dt_driver *drv, struct dt_node *np)
{
    const void *layout = drv->match[0].data;

    assert_string_equal(drv->match[0].compatible, "renesas,ipmmu-r8a774a1");
    root_node = np;
    np[0].phandle = 1;
    np[0].full_name = np[1].full_name = "/ipmmu";
    assert_int_equal(drv->probe(&np[0], layout), 0);
    assert_int_equal(drv->probe(&np[1], layout), 0);
    rig.unit[RIG_UNITS] = iommu_unit_of(&np[1]);
}

void rig_ipmmu_check(void)
{
    struct ipmmu_violations v;

    (void)ipmmu_model_settled(rig.ipmmu);
    v = ipmmu_model_violations(rig.ipmmu);
    if ( v.count )
        fail_msg("IPMMU: %zu violations, first: %s", v.count, v.first);
}

const struct dt_property *dt_find_property(const struct dt_node *np,
                                           const char *name)
{
    static const struct dt_property main_property;

    assert_string_equal(name, "renesas,ipmmu-main");
    return np == root_node ? NULL : &main_property;
}

int dt_read_u32_index(const struct dt_node *np, const char *name,
                      unsigned int index, uint32_t *out)
{
    (void)np, (void)name, (void)index;
    *out = root_node->phandle;
    return 0;
}

bool dt_is_available(const struct dt_node *np)
{
    return np != rig.disabled;
}

void irq_mute(unsigned int irq)
{
    (void)irq;
}

void irq_unmute(unsigned int irq)
{
    (void)irq;
}

struct rcar_prr rcar_prr(void)
{
    return (struct rcar_prr){.known = true, .product = RCAR_M3N, .cut = 0x10};
}

const char *rcar_prr_text(char buf[32])
{
    return strcpy(buf, "model");
}

int rcar_power_of(const struct dt_node *np, struct rcar_power *power)
{
    (void)np;
    *power = (struct rcar_power){0};
    return 0;
}

bool rcar_power_is_on(const struct rcar_power *power)
{
    return !power->sysc;
}

void rcar_power_watch(void (*fn)(void))
{
    (void)fn;
}
