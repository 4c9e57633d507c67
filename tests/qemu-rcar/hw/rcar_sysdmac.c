/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYS-DMAC of R-Car Gen3: auto-request transfers (CHCR.RS 4) without
 * descriptors, which is what bare-metal software and dmatest's simplest case
 * use. Requests of peripherals (DMARS) and descriptors in memory are not there:
 * starting one sets CHCR.CAE, with a message.
 *
 * A channel moves so many units in a millisecond, far less than hardware: a
 * long transfer is one that others can interrupt.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "rcar_sysdmac.h"
#include "trace.h"

enum {
    DMAISTA = 0x20,
    DMASEC = 0x30,
    DMAOR = 0x60,
    DMACHCLR = 0x80,
    CHANNELS = 0x8000,
    CHANNEL_SIZE = 0x80,
};
enum {
    SAR = 0x00,
    DAR = 0x04,
    TCR = 0x08,
    CHCR = 0x0c,
    FIXSAR = 0x10,
    FIXDAR = 0x14,
    DMARS = 0x40,
};
#define OR_DME 0x1

#define SLICE_UNITS 64

#define CHCR_DE   0x1
#define CHCR_TE   0x2
#define CHCR_IE   0x4
#define CHCR_DPM  0x30000000
#define CHCR_CAIE 0x40000000
#define CHCR_CAE  0x80000000

static unsigned unit_size(uint32_t chcr)
{
    static const unsigned low[] = {1, 2, 4, 16}, high[] = {32, 64, 0, 8};

    switch ( chcr >> 20 & 3 )
    {
    case 0:
        return low[chcr >> 3 & 3];
    case 1:
        return high[chcr >> 3 & 3];
    default:
        return 0;
    }
}

static int step(uint32_t chcr, unsigned shift, unsigned size)
{
    switch ( chcr >> shift & 3 )
    {
    case 1:
        return size;
    case 2:
        return -(int)size;
    default:
        return 0;
    }
}

static void update_irq(RCarSysDMACChannel *c)
{
    qemu_set_irq(c->irq, (c->chcr & CHCR_TE && c->chcr & CHCR_IE) ||
                             (c->chcr & CHCR_CAE && c->chcr & CHCR_CAIE));
}

/* One unit; false: an address error. */
static bool transfer(RCarSysDMACChannel *c, unsigned size)
{
    uint64_t from = (uint64_t)(c->fixsar & 0xff) << 32 | c->sar;
    uint64_t to = (uint64_t)(c->fixdar & 0xff) << 32 | c->dar;
    uint8_t buf[64];

    if ( address_space_read(c->as, from, MEMTXATTRS_UNSPECIFIED, buf, size) !=
             MEMTX_OK ||
         address_space_write(c->as, to, MEMTXATTRS_UNSPECIFIED, buf, size) !=
             MEMTX_OK )
        return false;
    c->sar += step(c->chcr, 12, size);
    c->dar += step(c->chcr, 14, size);
    return true;
}

static bool is_busy(const RCarSysDMACState *s, const RCarSysDMACChannel *c)
{
    return s->dmaor & OR_DME && c->chcr & CHCR_DE &&
           !(c->chcr & (CHCR_TE | CHCR_CAE));
}

static void begin(RCarSysDMACState *s, unsigned i)
{
    RCarSysDMACChannel *c = &s->ch[i];
    unsigned size = unit_size(c->chcr);

    if ( (c->chcr >> 8 & 0xf) != 4 || c->chcr & CHCR_DPM || !size )
    {
        qemu_log_mask(LOG_UNIMP, "sysdmac: channel %u: CHCR %#x\n", i, c->chcr);
        c->chcr |= CHCR_CAE;
    }
    trace_rcar_sysdmac_start(s->name, i, (uint64_t)c->fixsar << 32 | c->sar,
                             (uint64_t)c->fixdar << 32 | c->dar,
                             (uint64_t)c->tcr * size);
}

static void run(RCarSysDMACState *s, unsigned i)
{
    RCarSysDMACChannel *c = &s->ch[i];
    unsigned left = SLICE_UNITS;

    if ( !c->begun )
        begin(s, i);
    c->begun = true;
    for ( ; c->tcr && left && !(c->chcr & CHCR_CAE); left-- )
    {
        if ( transfer(c, unit_size(c->chcr)) )
            c->tcr--;
        else
            c->chcr |= CHCR_CAE;
    }
    if ( !c->tcr && !(c->chcr & CHCR_CAE) )
        c->chcr |= CHCR_TE;
    if ( is_busy(s, c) )
        return;
    c->begun = false;
    trace_rcar_sysdmac_end(s->name, i, c->chcr, c->tcr);
    update_irq(c);
}

static void run_all(void *opaque)
{
    RCarSysDMACState *s = opaque;
    bool busy = false;

    for ( unsigned i = 0; i < RCAR_SYSDMAC_CHANNELS; i++ )
    {
        if ( is_busy(s, &s->ch[i]) )
            run(s, i);
        busy |= is_busy(s, &s->ch[i]);
    }
    if ( busy )
        timer_mod(s->timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + 1);
}

/* Somebody may have started a channel. */
static void kick(RCarSysDMACState *s)
{
    if ( !timer_pending(s->timer) )
        timer_mod(s->timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL));
}

static uint32_t *channel_register(RCarSysDMACChannel *c, hwaddr reg)
{
    switch ( reg )
    {
    case SAR:
        return &c->sar;
    case DAR:
        return &c->dar;
    case TCR:
        return &c->tcr;
    case CHCR:
        return &c->chcr;
    case FIXSAR:
        return &c->fixsar;
    case FIXDAR:
        return &c->fixdar;
    case DMARS:
        return &c->dmars;
    default:
        return NULL;
    }
}

static void clear_channel(RCarSysDMACState *s, unsigned i)
{
    RCarSysDMACChannel *c = &s->ch[i];

    if ( c->begun )
        trace_rcar_sysdmac_end(s->name, i, c->chcr, c->tcr);
    c->sar = c->dar = c->tcr = c->chcr = c->fixsar = c->fixdar = c->dmars = 0;
    c->begun = false;
    update_irq(c);
}

static uint64_t sysdmac_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSysDMACState *s = opaque;
    uint32_t *r, pending = 0;

    if ( offset >= CHANNELS )
    {
        unsigned i = (offset - CHANNELS) / CHANNEL_SIZE;

        r = i < RCAR_SYSDMAC_CHANNELS
                ? channel_register(&s->ch[i], offset % CHANNEL_SIZE)
                : NULL;
        return r ? *r : 0;
    }
    switch ( offset )
    {
    case DMAISTA:
        for ( unsigned i = 0; i < RCAR_SYSDMAC_CHANNELS; i++ )
            pending |= (s->ch[i].chcr & CHCR_TE ? 1U : 0) << i;
        return pending;
    case DMASEC:
        return s->dmasec;
    case DMAOR:
        return s->dmaor;
    default:
        return 0;
    }
}

static void write_channel(RCarSysDMACState *s, unsigned i, hwaddr reg,
                          uint32_t value)
{
    RCarSysDMACChannel *c = &s->ch[i];
    uint32_t *r = channel_register(c, reg);

    if ( !r )
        return;
    if ( reg == CHCR )
    {
        /* TE is cleared by a 0; CAE by clearing the channel. */
        value = (value & ~(CHCR_TE | CHCR_CAE)) | (c->chcr & value & CHCR_TE) |
                (c->chcr & CHCR_CAE);
        c->chcr = value;
        update_irq(c);
        if ( value & CHCR_DE )
            kick(s);
        else
            c->begun = false;
        return;
    }
    *r = reg == TCR ? value & 0xffffff : value;
}

static void sysdmac_write(void *opaque, hwaddr offset, uint64_t value,
                          unsigned size)
{
    RCarSysDMACState *s = opaque;

    if ( offset >= CHANNELS )
    {
        unsigned i = (offset - CHANNELS) / CHANNEL_SIZE;

        if ( i < RCAR_SYSDMAC_CHANNELS )
            write_channel(s, i, offset % CHANNEL_SIZE, value);
        return;
    }
    switch ( offset )
    {
    case DMASEC:
        s->dmasec = value;
        break;
    case DMAOR:
        s->dmaor = value;
        kick(s);
        break;
    case DMACHCLR:
        for ( unsigned i = 0; i < RCAR_SYSDMAC_CHANNELS; i++ )
            if ( value >> i & 1 )
                clear_channel(s, i);
        break;
    }
}

static const MemoryRegionOps sysdmac_ops = {
    .read = sysdmac_read,
    .write = sysdmac_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 2,
    .valid.max_access_size = 4,
};

void rcar_sysdmac_connect(RCarSysDMACState *s, unsigned channel,
                          AddressSpace *as)
{
    s->ch[channel].as = as;
}

static void sysdmac_reset(DeviceState *dev)
{
    RCarSysDMACState *s = RCAR_SYSDMAC(dev);

    s->dmaor = 0;
    s->dmasec = 0;
    timer_del(s->timer);
    for ( unsigned i = 0; i < RCAR_SYSDMAC_CHANNELS; i++ )
        clear_channel(s, i);
}

static void sysdmac_realize(DeviceState *dev, Error **errp)
{
    RCarSysDMACState *s = RCAR_SYSDMAC(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &sysdmac_ops, s,
                          TYPE_RCAR_SYSDMAC, 0x10000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->error_irq);
    for ( unsigned i = 0; i < RCAR_SYSDMAC_CHANNELS; i++ )
        sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->ch[i].irq);
    s->timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, run_all, s);
}

static Property sysdmac_properties[] = {
    DEFINE_PROP_STRING("name", RCarSysDMACState, name),
    DEFINE_PROP_END_OF_LIST(),
};

static void sysdmac_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = sysdmac_realize;
    dc->reset = sysdmac_reset;
    device_class_set_props(dc, sysdmac_properties);
}

static const TypeInfo sysdmac_types[] = {
    {
        .name = TYPE_RCAR_SYSDMAC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RCarSysDMACState),
        .class_init = sysdmac_class_init,
    },
};

DEFINE_TYPES(sysdmac_types)
