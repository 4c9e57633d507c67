/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SD host (SDHI) of R-Car Gen3 with its internal DMA controller. */
#ifndef HW_ARM_RCAR_SDHI_H
#define HW_ARM_RCAR_SDHI_H

#include "exec/memory.h"
#include "hw/sd/sd.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_RCAR_SDHI "rcar-sdhi"
OBJECT_DECLARE_SIMPLE_TYPE(RCarSDHIState, RCAR_SDHI)

struct RCarSDHIState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    SDBus sdbus;
    QEMUBH *bh;

    /* properties */
    uint32_t version;

    AddressSpace *as;   /* of the internal DMA controller */
    uint16_t reg[0x80]; /* by 16-bit register; those that keep their value */
    uint32_t status, mask;
    uint32_t info1, info1_mask, info2, dtran_mode;
    uint64_t dtran_addr;
    bool dtran_started;

    /* the data transfer under way */
    bool data, reading, multi;
    uint32_t blocks_left, block_size;
    uint8_t buf[4096];
    unsigned at, fill; /* PIO */
};

void rcar_sdhi_connect(RCarSDHIState *s, AddressSpace *as);

#endif
