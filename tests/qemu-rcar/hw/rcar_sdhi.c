/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SD host (SDHI) of R-Car Gen3: the TMIO register set, 8 bytes for each
 * 16-bit register, and the internal DMA controller at 0x820. Commands end at once;
 * data moves through the port of 64 bits or by DMA. Not there: tuning (SCC),
 * SDIO interrupts, DMA end interrupts of their own.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "rcar_sdhi.h"
#include "trace.h"

/* TMIO registers; the address is four times that */
enum {
    SD_CMD = 0x00,
    SD_ARG = 0x04,
    SD_STOP = 0x08,
    SD_SECCNT = 0x0a,
    SD_RESPONSE = 0x0c,
    SD_STATUS = 0x1c,
    SD_STATUS2 = 0x1e,
    SD_MASK = 0x20,
    SD_MASK2 = 0x22,
    SD_SIZE = 0x26,
    SD_DATA = 0x30,
    SD_DMA_ENABLE = 0xd8,
    SD_RESET = 0xe0,
    SD_VERSION = 0xe2,
};
#define CMD_INDEX   0x3f
#define CMD_DATA    0x800
#define CMD_READ    0x1000
#define CMD_MULTI   0x2000
#define CMD_NO_STOP 0x4000
#define STOP_COUNT  0x100
#define DMA_ENABLE  0x2

#define ST_RESPONSE     0x00000001U
#define ST_DATA_END     0x00000004U
#define ST_CARD         0x00000020U /* state of the card detect line */
#define ST_WRITABLE     0x00000080U
#define ST_TIMEOUT      0x00400000U
#define ST_DAT0         0x00800000U
#define ST_RX_READY     0x01000000U
#define ST_TX_REQUEST   0x02000000U
#define ST_CLOCK_IDLE   0x20000000U
#define ST_ILLEGAL      0x80000000U
#define ST_DATA_TIMEOUT 0x00080000U

/* internal DMA controller */
enum {
    DTRAN_MODE = 0x820,
    DTRAN_CTRL = 0x828,
    DM_RST = 0x830,
    DM_INFO1 = 0x840,
    DM_INFO1_MASK = 0x848,
    DM_INFO2 = 0x850,
    DM_INFO2_MASK = 0x858,
    DTRAN_ADDR = 0x880,
};
#define MODE_RECEIVE 0x10000
#define INFO1_TX_END 0x10000
#define INFO1_RX_END 0x120000 /* at bit 17 or 20, by version */
#define INFO2_ERROR  0x30000

static uint16_t *sd_reg(RCarSDHIState *s, unsigned reg)
{
    return &s->reg[reg / 2];
}

static void update_irq(RCarSDHIState *s)
{
    qemu_set_irq(s->irq, (s->status & ~s->mask) != 0 ||
                             (s->info1 & ~s->info1_mask) != 0);
}

static uint32_t status(const RCarSDHIState *s)
{
    uint32_t value = s->status | ST_DAT0 | ST_CLOCK_IDLE;
    SDBus *bus = (SDBus *)&s->sdbus;

    if ( sdbus_get_inserted(bus) )
        value |= ST_CARD | (sdbus_get_readonly(bus) ? 0 : ST_WRITABLE);
    return value;
}

/* ---- responses */

static void put_response(RCarSDHIState *s, const uint8_t *r, int len)
{
    uint16_t *out = sd_reg(s, SD_RESPONSE);

    memset(out, 0, 16);
    if ( len == 4 )
    {
        out[0] = lduw_be_p(r + 2);
        out[1] = lduw_be_p(r);
        return;
    }
    /* 136 bits: what is left without the last byte, lowest first */
    for ( int i = 0; i < 15; i++ )
        out[i / 2] |= r[14 - i] << (i % 2 * 8);
}

/* False: nobody answered. */
static bool card_command(RCarSDHIState *s, uint8_t index, uint32_t arg)
{
    SDRequest request = {.cmd = index, .arg = arg};
    uint8_t response[16];
    int len = sdbus_do_command(&s->sdbus, &request, response);

    trace_rcar_sdhi_command(DEVICE(s)->canonical_path, index, arg, len);
    if ( len == 4 || len == 16 )
        put_response(s, response, len);
    /* Commands without response: 0, 4, 7 to nobody, 15. */
    return len > 0 || index == 0 || index == 4 || index == 15;
}

/* ---- data */

static void data_end(RCarSDHIState *s)
{
    s->data = false;
    s->dtran_started = false;
    if ( s->multi && *sd_reg(s, SD_STOP) & STOP_COUNT &&
         !(*sd_reg(s, SD_CMD) & CMD_NO_STOP) )
        card_command(s, 12, 0);
    s->status |= ST_DATA_END;
}

static void pio_next(RCarSDHIState *s)
{
    if ( !s->blocks_left )
    {
        data_end(s);
        return;
    }
    s->at = 0;
    s->fill = s->block_size;
    s->status |= s->reading ? ST_RX_READY : ST_TX_REQUEST;
}

static void pio_block_done(RCarSDHIState *s)
{
    if ( !s->reading )
        sdbus_write_data(&s->sdbus, s->buf, s->block_size);
    s->blocks_left--;
    s->fill = 0;
    pio_next(s);
    update_irq(s);
}

static bool dma_block(RCarSDHIState *s)
{
    MemTxResult result;

    if ( s->reading )
    {
        sdbus_read_data(&s->sdbus, s->buf, s->block_size);
        result =
            address_space_write(s->as, s->dtran_addr, MEMTXATTRS_UNSPECIFIED,
                                s->buf, s->block_size);
    }
    else
    {
        result =
            address_space_read(s->as, s->dtran_addr, MEMTXATTRS_UNSPECIFIED,
                               s->buf, s->block_size);
        if ( result == MEMTX_OK )
            sdbus_write_data(&s->sdbus, s->buf, s->block_size);
    }
    s->dtran_addr = (uint32_t)(s->dtran_addr + s->block_size);
    return result == MEMTX_OK;
}

static void dma_run(void *opaque)
{
    RCarSDHIState *s = opaque;

    if ( !s->data || !s->dtran_started ||
         !(*sd_reg(s, SD_DMA_ENABLE) & DMA_ENABLE) )
        return;
    s->fill = 0;
    s->status &= ~(ST_RX_READY | ST_TX_REQUEST);
    trace_rcar_sdhi_dma(s->reading, s->dtran_addr,
                        s->blocks_left * s->block_size);
    for ( ; s->blocks_left; s->blocks_left-- )
    {
        if ( dma_block(s) )
            continue;
        s->info2 |= INFO2_ERROR;
        s->status |= ST_DATA_TIMEOUT;
        break;
    }
    s->info1 |= s->reading ? INFO1_RX_END : INFO1_TX_END;
    data_end(s);
    update_irq(s);
}

static void data_begin(RCarSDHIState *s, uint16_t cmd)
{
    s->data = true;
    s->reading = cmd & CMD_READ;
    s->multi = cmd & CMD_MULTI;
    s->block_size = MIN(*sd_reg(s, SD_SIZE), sizeof(s->buf));
    s->blocks_left = s->multi ? *sd_reg(s, SD_SECCNT) : 1;
    pio_next(s);
    qemu_bh_schedule(s->bh);
}

static void command(RCarSDHIState *s, uint16_t cmd)
{
    uint32_t arg = *sd_reg(s, SD_ARG) | (uint32_t)*sd_reg(s, SD_ARG + 2) << 16;

    s->data = false;
    if ( !card_command(s, cmd & CMD_INDEX, arg) )
        s->status |= ST_TIMEOUT;
    else if ( cmd & CMD_DATA )
        data_begin(s, cmd);
    s->status |= ST_RESPONSE;
    update_irq(s);
}

/* ---- registers */

static uint64_t port_read(RCarSDHIState *s, unsigned size)
{
    uint64_t value = 0;

    /* Not before: DMA may be turned on after the command. */
    if ( s->data && s->reading && s->fill && !s->at )
        sdbus_read_data(&s->sdbus, s->buf, s->block_size);
    for ( unsigned i = 0; i < size && s->at < s->fill; i++ )
        value |= (uint64_t)s->buf[s->at++] << 8 * i;
    if ( s->data && s->reading && s->fill && s->at == s->fill )
        pio_block_done(s);
    return value;
}

static void port_write(RCarSDHIState *s, uint64_t value, unsigned size)
{
    for ( unsigned i = 0; i < size && s->at < s->fill; i++ )
        s->buf[s->at++] = value >> 8 * i;
    if ( s->data && !s->reading && s->fill && s->at == s->fill )
        pio_block_done(s);
}

static uint64_t dm_read(RCarSDHIState *s, hwaddr offset)
{
    switch ( offset )
    {
    case DTRAN_MODE:
        return s->dtran_mode;
    case DM_INFO1:
        return s->info1;
    case DM_INFO1_MASK:
        return s->info1_mask;
    case DM_INFO2:
        return s->info2;
    case DTRAN_ADDR:
        return s->dtran_addr;
    default:
        return 0;
    }
}

static void dm_write(RCarSDHIState *s, hwaddr offset, uint64_t value)
{
    switch ( offset )
    {
    case DTRAN_MODE:
        s->dtran_mode = value;
        break;
    case DTRAN_CTRL:
        s->dtran_started = value & 1;
        qemu_bh_schedule(s->bh);
        break;
    case DM_RST:
        s->dtran_started = false;
        break;
    case DM_INFO1:
        s->info1 &= value;
        break;
    case DM_INFO1_MASK:
        s->info1_mask = value;
        break;
    case DM_INFO2:
        s->info2 &= value;
        break;
    case DTRAN_ADDR:
        s->dtran_addr = (uint32_t)value; /* the engine has 32 bits */
        break;
    }
    update_irq(s);
}

static void soft_reset(RCarSDHIState *s)
{
    s->status = 0;
    s->data = s->dtran_started = false;
    s->fill = s->at = 0;
    *sd_reg(s, SD_STOP) = 0;
}

/* Pairs that 32 bits at the lower one's address reach at once. */
static bool is_pair(unsigned reg)
{
    return reg == SD_ARG || (reg >= SD_RESPONSE && reg < SD_STATUS);
}

static uint64_t sdhi_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSDHIState *s = opaque;
    unsigned reg = offset / 4;

    if ( offset >= 0x820 )
        return offset < 0x900 ? dm_read(s, offset) : 0;
    if ( size == 4 && is_pair(reg) )
        return *sd_reg(s, reg) | (uint32_t)*sd_reg(s, reg + 2) << 16;
    switch ( reg )
    {
    case SD_DATA:
        return port_read(s, size);
    case SD_STATUS:
        return status(s) & 0xffff;
    case SD_STATUS2:
        return status(s) >> 16;
    case SD_MASK:
        return s->mask & 0xffff;
    case SD_MASK2:
        return s->mask >> 16;
    case SD_VERSION:
        return s->version;
    default:
        return reg < 0x100 ? *sd_reg(s, reg) : 0;
    }
}

static void sdhi_write(void *opaque, hwaddr offset, uint64_t value,
                       unsigned size)
{
    RCarSDHIState *s = opaque;
    unsigned reg = offset / 4;

    if ( offset >= 0x820 )
    {
        if ( offset < 0x900 )
            dm_write(s, offset, value);
        return;
    }
    if ( reg == SD_DATA )
    {
        port_write(s, value, size);
        return;
    }
    if ( size == 4 && is_pair(reg) )
        *sd_reg(s, reg + 2) = value >> 16;
    value &= 0xffff;
    if ( reg < 0x100 )
        *sd_reg(s, reg) = value;
    switch ( reg )
    {
    case SD_CMD:
        command(s, value);
        break;
    case SD_STATUS: /* zeros clear */
        s->status &= value | 0xffff0000;
        break;
    case SD_STATUS2:
        s->status &= value << 16 | 0xffff;
        break;
    case SD_MASK:
        s->mask = (s->mask & 0xffff0000) | value;
        break;
    case SD_MASK2:
        s->mask = (s->mask & 0xffff) | value << 16;
        break;
    case SD_RESET:
        if ( !(value & 1) )
            soft_reset(s);
        break;
    case SD_DMA_ENABLE:
        qemu_bh_schedule(s->bh);
        break;
    }
    update_irq(s);
}

static const MemoryRegionOps sdhi_ops = {
    .read = sdhi_read,
    .write = sdhi_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 2,
    .valid.max_access_size = 8,
    .impl.min_access_size = 2,
    .impl.max_access_size = 8,
};

void rcar_sdhi_connect(RCarSDHIState *s, AddressSpace *as)
{
    s->as = as;
}

static void sdhi_reset(DeviceState *dev)
{
    RCarSDHIState *s = RCAR_SDHI(dev);

    memset(s->reg, 0, sizeof(s->reg));
    soft_reset(s);
    s->mask = s->info1_mask = ~0U;
    s->info1 = s->info2 = s->dtran_mode = 0;
}

static void sdhi_init(Object *obj)
{
    RCarSDHIState *s = RCAR_SDHI(obj);

    qbus_init(&s->sdbus, sizeof(s->sdbus), TYPE_SD_BUS, DEVICE(obj), "sd-bus");
}

static void sdhi_realize(DeviceState *dev, Error **errp)
{
    RCarSDHIState *s = RCAR_SDHI(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &sdhi_ops, s, TYPE_RCAR_SDHI,
                          0x2000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
    s->bh = qemu_bh_new(dma_run, s);
}

static Property sdhi_properties[] = {
    DEFINE_PROP_UINT32("version", RCarSDHIState, version, 0xcc10),
    DEFINE_PROP_END_OF_LIST(),
};

static void sdhi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = sdhi_realize;
    dc->reset = sdhi_reset;
    device_class_set_props(dc, sdhi_properties);
}

static const TypeInfo sdhi_types[] = {
    {
        .name = TYPE_RCAR_SDHI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RCarSDHIState),
        .instance_init = sdhi_init,
        .class_init = sdhi_class_init,
    },
};

DEFINE_TYPES(sdhi_types)
