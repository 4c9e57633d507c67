/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYS-DMAC of R-Car Gen3: memory to memory, a micro-TLB per channel. */
#ifndef HW_ARM_RCAR_SYSDMAC_H
#define HW_ARM_RCAR_SYSDMAC_H

#include "exec/memory.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_RCAR_SYSDMAC "rcar-sysdmac"
OBJECT_DECLARE_SIMPLE_TYPE(RCarSysDMACState, RCAR_SYSDMAC)

#define RCAR_SYSDMAC_CHANNELS 16

typedef struct RCarSysDMACChannel {
    uint32_t sar, fixsar, dar, fixdar, tcr, chcr, dmars;
    bool begun;
    AddressSpace *as;
    qemu_irq irq;
} RCarSysDMACChannel;

struct RCarSysDMACState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq error_irq;
    QEMUTimer *timer;
    char *name; /* in traces */
    uint16_t dmaor;
    uint32_t dmasec;
    RCarSysDMACChannel ch[RCAR_SYSDMAC_CHANNELS];
};

/* Where a channel's accesses go; all of them before realize. */
void rcar_sysdmac_connect(RCarSysDMACState *s, unsigned channel,
                          AddressSpace *as);

#endif
