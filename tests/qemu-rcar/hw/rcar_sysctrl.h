/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks (CPG), reset (RST), power (SYSC) and product (PRR) of R-Car Gen3. */
#ifndef HW_ARM_RCAR_SYSCTRL_H
#define HW_ARM_RCAR_SYSCTRL_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_RCAR_SYSCTRL "rcar-sysctrl"
OBJECT_DECLARE_SIMPLE_TYPE(RCarSysCtrlState, RCAR_SYSCTRL)

struct RCarSysCtrlState {
    SysBusDevice parent_obj;

    MemoryRegion cpg, rst, sysc, prr;
    uint32_t product; /* property: PRR */
    uint32_t modemr;  /* property */
    uint32_t clock[0x1000 / 4];
    uint32_t syscisr, syscier, syscimr;
    uint32_t power_off[0x400 / 0x40]; /* bit per channel of a domain */
    /* A domain goes on or off: by its register offset and channel. */
    void (*changed)(void *opaque, unsigned domain, unsigned channel, bool on);
    /* A module's clock stops or runs, it is reset: register * 100 + bit. */
    void (*clocked)(void *opaque, unsigned module, bool on);
    void (*module_reset)(void *opaque, unsigned module);
    void *opaque;
};

#endif
