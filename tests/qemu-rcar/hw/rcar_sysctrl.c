/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drivers ask of clocks, reset and power domains of R-Car Gen3: module
 * stop bits are followed by their status, and stop modules; resets end, power
 * requests succeed.
 * Four windows: CPG, RST, SYSC, PRR. Other registers keep what is written.
 */
#include "qemu/osdep.h"
#include "hw/qdev-properties.h"
#include "rcar_sysctrl.h"

/* ---- CPG */

#define NR_MSTP 12
static const uint16_t smstpcr[NR_MSTP] = {0x130, 0x134, 0x138, 0x13c,
                                          0x140, 0x144, 0x148, 0x14c,
                                          0x990, 0x994, 0x998, 0x99c};
static const uint16_t mstpsr[NR_MSTP] = {0x030, 0x038, 0x040, 0x048,
                                         0x04c, 0x03c, 0x1c0, 0x1c4,
                                         0x9a0, 0x9a4, 0x9a8, 0x9ac};
static const uint16_t srcr[NR_MSTP] = {0x0a0, 0x0a8, 0x0b0, 0x0b8,
                                       0x0bc, 0x0c4, 0x1c8, 0x1cc,
                                       0x920, 0x924, 0x928, 0x92c};
#define SRSTCLR 0x940

static uint64_t cpg_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSysCtrlState *s = opaque;

    for ( unsigned i = 0; i < NR_MSTP; i++ )
        if ( offset == mstpsr[i] )
            return s->clock[smstpcr[i] / 4];
    return s->clock[offset / 4];
}

static void stop_modules(RCarSysCtrlState *s, unsigned i, uint32_t stop)
{
    uint32_t changed = s->clock[smstpcr[i] / 4] ^ stop;

    s->clock[smstpcr[i] / 4] = stop;
    for ( unsigned bit = 0; bit < 32; bit++ )
        if ( changed >> bit & 1 && s->clocked )
            s->clocked(s->opaque, i * 100 + bit, !(stop >> bit & 1));
}

static void reset_modules(RCarSysCtrlState *s, unsigned i, uint32_t reset)
{
    s->clock[srcr[i] / 4] = reset;
    for ( unsigned bit = 0; bit < 32; bit++ )
        if ( reset >> bit & 1 && s->module_reset )
            s->module_reset(s->opaque, i * 100 + bit);
}

static void cpg_write(void *opaque, hwaddr offset, uint64_t value,
                      unsigned size)
{
    RCarSysCtrlState *s = opaque;

    for ( unsigned i = 0; i < NR_MSTP; i++ )
    {
        if ( offset == SRSTCLR + 4 * i )
            s->clock[srcr[i] / 4] &= ~value;
        else if ( offset == srcr[i] )
            reset_modules(s, i, value);
        else if ( offset == smstpcr[i] )
            stop_modules(s, i, value);
        else
            continue;
        return;
    }
    s->clock[offset / 4] = value;
}

/* ---- RST: mode pins */

static uint64_t rst_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSysCtrlState *s = opaque;

    return offset == 0x60 ? s->modemr : 0;
}

static void ignore_write(void *opaque, hwaddr offset, uint64_t value,
                         unsigned size)
{
}

/* ---- SYSC */

enum {
    SYSCSR = 0x00,
    SYSCISR = 0x04,
    SYSCISCR = 0x08,
    SYSCIER = 0x0c,
    SYSCIMR = 0x10,
    /* per domain, at its offset */
    PWRSR = 0x00,
    PWROFFCR = 0x04,
    PWRONCR = 0x0c,
    PWRONSR = 0x10,
};

static uint64_t sysc_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSysCtrlState *s = opaque;

    if ( offset >= 0x40 && offset < 0x400 )
    {
        uint32_t off = s->power_off[offset / 0x40];

        switch ( offset % 0x40 )
        {
        case PWRSR:
            return off;
        case PWRONSR:
            return ~off;
        default:
            return 0; /* requests are taken at once */
        }
    }
    switch ( offset )
    {
    case SYSCSR:
        return 3; /* ready for either */
    case SYSCISR:
        return s->syscisr;
    case SYSCIER:
        return s->syscier;
    case SYSCIMR:
        return s->syscimr;
    default:
        return 0;
    }
}

static void set_power(RCarSysCtrlState *s, unsigned domain, uint32_t channels,
                      bool on)
{
    uint32_t *off = &s->power_off[domain / 0x40];

    for ( unsigned i = 0; i < 32; i++ )
        if ( channels >> i & 1 && s->changed )
            s->changed(s->opaque, domain, i, on);
    *off = on ? *off & ~channels : *off | channels;
    s->syscisr |= s->syscier; /* whoever waits is told */
}

static void sysc_write(void *opaque, hwaddr offset, uint64_t value,
                       unsigned size)
{
    RCarSysCtrlState *s = opaque;

    if ( offset >= 0x40 && offset < 0x400 )
    {
        unsigned reg = offset % 0x40;

        if ( reg == PWROFFCR || reg == PWRONCR )
            set_power(s, offset - reg, value, reg == PWRONCR);
        return;
    }
    switch ( offset )
    {
    case SYSCISCR:
        s->syscisr &= ~value;
        break;
    case SYSCIER:
        s->syscier = value;
        break;
    case SYSCIMR:
        s->syscimr = value;
        break;
    }
}

static uint64_t prr_read(void *opaque, hwaddr offset, unsigned size)
{
    RCarSysCtrlState *s = opaque;

    return s->product;
}

#define OPS(name, reader, writer)                                              \
    static const MemoryRegionOps name = {                                      \
        .read = reader,                                                        \
        .write = writer,                                                       \
        .endianness = DEVICE_LITTLE_ENDIAN,                                    \
        .valid.min_access_size = 4,                                            \
        .valid.max_access_size = 4,                                            \
    }
OPS(cpg_ops, cpg_read, cpg_write);
OPS(rst_ops, rst_read, ignore_write);
OPS(sysc_ops, sysc_read, sysc_write);
OPS(prr_ops, prr_read, ignore_write);

#define A3VC 0x380

static void sysctrl_reset(DeviceState *dev)
{
    RCarSysCtrlState *s = RCAR_SYSCTRL(dev);

    for ( unsigned i = 0; i < NR_MSTP; i++ )
        stop_modules(s, i, 0);
    memset(s->clock, 0, sizeof(s->clock));
    memset(s->power_off, 0, sizeof(s->power_off));
    s->syscisr = s->syscier = s->syscimr = 0;
    set_power(s, A3VC, 1, false); /* nobody has needed the codecs yet */
}

static void sysctrl_realize(DeviceState *dev, Error **errp)
{
    RCarSysCtrlState *s = RCAR_SYSCTRL(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    Object *obj = OBJECT(dev);

    memory_region_init_io(&s->cpg, obj, &cpg_ops, s, "rcar-cpg", 0x1000);
    memory_region_init_io(&s->rst, obj, &rst_ops, s, "rcar-rst", 0x200);
    memory_region_init_io(&s->sysc, obj, &sysc_ops, s, "rcar-sysc", 0x400);
    memory_region_init_io(&s->prr, obj, &prr_ops, s, "rcar-prr", 4);
    sysbus_init_mmio(sbd, &s->cpg);
    sysbus_init_mmio(sbd, &s->rst);
    sysbus_init_mmio(sbd, &s->sysc);
    sysbus_init_mmio(sbd, &s->prr);
}

static Property sysctrl_properties[] = {
    DEFINE_PROP_UINT32("product", RCarSysCtrlState, product, 0x5211),
    DEFINE_PROP_UINT32("modemr", RCarSysCtrlState, modemr, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void sysctrl_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = sysctrl_realize;
    dc->reset = sysctrl_reset;
    device_class_set_props(dc, sysctrl_properties);
}

static const TypeInfo sysctrl_types[] = {
    {
        .name = TYPE_RCAR_SYSCTRL,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RCarSysCtrlState),
        .class_init = sysctrl_class_init,
    },
};

DEFINE_TYPES(sysctrl_types)
