/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial port with FIFOs (SCIF) of R-Car Gen3. Characters leave at once;
 * received ones wait in a FIFO of 16. One level interrupt for all causes.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-properties-system.h"
#include "rcar_scif.h"

enum {
    SCSCR = 0x08,
    SCFTDR = 0x0c,
    SCFSR = 0x10,
    SCFRDR = 0x14,
    SCFCR = 0x18,
    SCFDR = 0x1c,
    SCLSR = 0x24,
    SIZE = 0x40,
};
#define SCR_TIE   0x80
#define SCR_RIE   0x40
#define SCR_TE    0x20
#define SCR_RE    0x10
#define SCR_TEIE  0x800
#define FSR_TEND  0x40
#define FSR_TDFE  0x20
#define FSR_RDF   0x02
#define FSR_DR    0x01
#define FCR_RFRST 0x02
#define LSR_ORER  0x01

static uint16_t scif_reg(const RCarSCIFState *s, hwaddr reg)
{
    return s->reg[reg / 4];
}

static unsigned rx_trigger(const RCarSCIFState *s)
{
    static const unsigned trigger[] = {1, 4, 8, 14};

    return trigger[scif_reg(s, SCFCR) >> 6 & 3];
}

/* The transmitter is always idle. */
static uint16_t flags(const RCarSCIFState *s)
{
    uint16_t fsr = FSR_TEND | FSR_TDFE;

    if ( s->rx_fill >= rx_trigger(s) )
        fsr |= FSR_RDF;
    else if ( s->rx_fill )
        fsr |= FSR_DR;
    return fsr;
}

static void update_irq(RCarSCIFState *s)
{
    uint16_t scr = scif_reg(s, SCSCR), fsr = flags(s);

    qemu_set_irq(s->irq, (scr & SCR_TIE && fsr & FSR_TDFE) ||
                             (scr & SCR_TEIE && fsr & FSR_TEND) ||
                             (scr & SCR_RIE &&
                              (fsr & (FSR_RDF | FSR_DR) || s->overrun)));
}

static int can_receive(void *opaque)
{
    RCarSCIFState *s = opaque;

    return scif_reg(s, SCSCR) & SCR_RE ? RCAR_SCIF_FIFO - s->rx_fill : 0;
}

static void receive(void *opaque, const uint8_t *buf, int size)
{
    RCarSCIFState *s = opaque;

    for ( int i = 0; i < size; i++ )
    {
        if ( s->rx_fill == RCAR_SCIF_FIFO )
            s->overrun = true;
        else
            s->rx[(s->rx_first + s->rx_fill++) % RCAR_SCIF_FIFO] = buf[i];
    }
    update_irq(s);
}

static uint64_t scif_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSCIFState *s = opaque;
    uint64_t value = scif_reg(s, offset);

    switch ( offset )
    {
    case SCFSR:
        value = s->fsr_seen = flags(s);
        break;
    case SCFRDR:
        value = s->rx[s->rx_first];
        if ( s->rx_fill )
        {
            s->rx_first = (s->rx_first + 1) % RCAR_SCIF_FIFO;
            s->rx_fill--;
            qemu_chr_fe_accept_input(&s->chr);
        }
        update_irq(s);
        break;
    case SCFDR:
        value = s->rx_fill;
        break;
    case SCLSR:
        value = s->overrun ? LSR_ORER : 0;
        break;
    }
    return value;
}

static void scif_write(void *opaque, hwaddr offset, uint64_t value,
                       unsigned size)
{
    RCarSCIFState *s = opaque;
    uint8_t ch = value;

    s->reg[offset / 4] = value;
    switch ( offset )
    {
    case SCFTDR:
        if ( scif_reg(s, SCSCR) & SCR_TE )
            qemu_chr_fe_write_all(&s->chr, &ch, 1);
        break;
    case SCFCR:
        if ( value & FCR_RFRST )
            s->rx_fill = 0;
        break;
    case SCLSR:
        if ( !(value & LSR_ORER) )
            s->overrun = false;
        break;
    case SCSCR:
        qemu_chr_fe_accept_input(&s->chr);
        break;
    }
    update_irq(s);
}

static const MemoryRegionOps scif_ops = {
    .read = scif_read,
    .write = scif_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 2,
    .impl.min_access_size = 1,
    .impl.max_access_size = 2,
};

static void scif_reset(DeviceState *dev)
{
    RCarSCIFState *s = RCAR_SCIF(dev);

    memset(s->reg, 0, sizeof(s->reg));
    s->rx_first = s->rx_fill = 0;
    s->overrun = false;
}

static void scif_realize(DeviceState *dev, Error **errp)
{
    RCarSCIFState *s = RCAR_SCIF(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &scif_ops, s, TYPE_RCAR_SCIF,
                          SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
    qemu_chr_fe_set_handlers(&s->chr, can_receive, receive, NULL, NULL, s, NULL,
                             true);
}

static Property scif_properties[] = {
    DEFINE_PROP_CHR("chardev", RCarSCIFState, chr),
    DEFINE_PROP_END_OF_LIST(),
};

static void scif_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = scif_realize;
    dc->reset = scif_reset;
    device_class_set_props(dc, scif_properties);
}

static const TypeInfo scif_types[] = {
    {
        .name = TYPE_RCAR_SCIF,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RCarSCIFState),
        .class_init = scif_class_init,
    },
};

DEFINE_TYPES(scif_types)
