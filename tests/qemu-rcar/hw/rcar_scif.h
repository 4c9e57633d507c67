/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial port with FIFOs (SCIF) of R-Car Gen3. */
#ifndef HW_ARM_RCAR_SCIF_H
#define HW_ARM_RCAR_SCIF_H

#include "chardev/char-fe.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_RCAR_SCIF "rcar-scif"
OBJECT_DECLARE_SIMPLE_TYPE(RCarSCIFState, RCAR_SCIF)

#define RCAR_SCIF_FIFO 16

struct RCarSCIFState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    CharBackend chr;

    uint16_t reg[0x40 / 4]; /* those that only keep what is written */
    uint16_t fsr_seen;      /* flags that were read as 1 */
    bool overrun;
    uint8_t rx[RCAR_SCIF_FIFO];
    unsigned rx_first, rx_fill;
};

#endif
