/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas R-Car Gen3 (M3-W, RZ/G2M): 2 Cortex-A57 and 4 Cortex-A53, GIC-400,
 * SCIF2, SYS-DMAC and SDHI behind their IPMMU, clocks, power and product
 * registers. The rest of the register space reads as zero and ignores writes.
 *
 * Started like the boards: PSCI firmware is there (QEMU's, by SMC), the next
 * stage (-kernel, U-Boot say) lies at 0x50000000 and is entered at EL2, or EL1
 * with el2=off. x1 has the tree fragment that BL2 leaves: the board's name and
 * its memory. A device tree given with -dtb is at 0x4c000000, in x0.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/intc/arm_gic.h"
#include "hw/loader.h"
#include "hw/misc/unimp.h"
#include "hw/qdev-properties.h"
#include "hw/sd/sd.h"
#include "sysemu/blockdev.h"
#include "sysemu/device_tree.h"
#include "sysemu/reset.h"
#include "sysemu/sysemu.h"
#include "cpu.h"
#include <libfdt.h>
#include "rcar_clean.h"
#include "rcar_ipmmu.h"
#include "rcar_scif.h"
#include "rcar_sdhi.h"
#include "rcar_sysctrl.h"
#include "rcar_sysdmac.h"

#define TYPE_RCAR_GEN3_MACHINE MACHINE_TYPE_NAME("rcar-gen3")
OBJECT_DECLARE_SIMPLE_TYPE(RCarGen3MachineState, RCAR_GEN3_MACHINE)

#define NR_CPUS     6
#define NR_BIG      2 /* Cortex-A57; the others are Cortex-A53 */
#define NR_SPIS     480
#define MAX_MODULES 8
#define CNTFRQ      8333300

#define LOW_BASE    UINT64_C(0x40000000)
#define LOW_SIZE    (2 * GiB)
#define BANK_BASE   UINT64_C(0x400000000) /* + n * 4 GiB: the banks */
#define MAX_HIGH    3
#define KERNEL_ADDR UINT64_C(0x50000000)
#define DTB_ADDR    UINT64_C(0x4c000000)
#define DTB_SIZE    (1 * MiB)
#define BL2_ADDR    UINT64_C(0x4c100000)
#define FIRMWARE    UINT64_C(0x08000000) /* of low memory, to secure firmware */

enum {
    DS0,
    DS1,
    HC,
    MP,
    PV0,
    PV1,
    VC0,
    VI0,
    NR_LEAVES
};
static const struct {
    const char *name;
    uint32_t base;
} leaves[NR_LEAVES] = {
    [DS0] = {"ds0", 0xe6740000}, [DS1] = {"ds1", 0xe7740000},
    [HC] = {"hc", 0xe6570000},   [MP] = {"mp", 0xec670000},
    [PV0] = {"pv0", 0xfd800000}, [PV1] = {"pv1", 0xfd950000},
    [VC0] = {"vc0", 0xfe6b0000}, [VI0] = {"vi0", 0xfebd0000},
};

static const struct {
    uint32_t base;
    unsigned module, leaf, first_utlb, error_spi;
    uint16_t spi[RCAR_SYSDMAC_CHANNELS];
} dmacs[] = {
    {0xe6700000,
     219,
     DS0,
     0,
     199,
     {200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214,
      215}},
    {0xe7300000,
     218,
     DS1,
     0,
     220,
     {216, 217, 218, 219, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318,
      319}},
    {0xe7310000,
     217,
     DS1,
     16,
     416,
     {417, 418, 419, 420, 421, 422, 423, 424, 425, 426, 427, 428, 429, 430, 431,
      397}},
};

static const struct {
    uint32_t base, version;
    unsigned module, utlb, spi;
} sdhis[] = {
    {0xee100000, 0xcc10, 314, 32, 165},
    {0xee120000, 0xcc10, 313, 33, 166},
    {0xee140000, 0xcd10, 312, 34, 167},
    {0xee160000, 0xcd10, 311, 35, 168},
};

struct RCarGen3MachineState {
    MachineState parent_obj;

    bool el2, noncoherent, stage2, utlb0_erratum, module_reset;
    char *board, *soc; /* "compatible" of BL2's fragment */
    uint32_t product, flush_delay;

    ARMCPU *cpu[NR_CPUS];
    DeviceState *gic;
    RCarIPMMUState *root, *leaf[NR_LEAVES];
    DeviceState *module[MAX_MODULES]; /* by their number, below */
    unsigned number[MAX_MODULES], nr_modules;
    MemoryRegion low, alias, high[MAX_HIGH], sysram;
    MemoryRegion gic_alias[4][32];
    hwaddr dtb;
};

static qemu_irq spi(RCarGen3MachineState *s, unsigned n)
{
    return qdev_get_gpio_in(s->gic, n);
}

/* ---- CPUs and interrupt controller */

static void create_cpus(RCarGen3MachineState *s, unsigned nr)
{
    for ( unsigned i = 0; i < nr; i++ )
    {
        bool big = i < NR_BIG;
        Object *cpu = object_new(big ? ARM_CPU_TYPE_NAME("cortex-a57")
                                     : ARM_CPU_TYPE_NAME("cortex-a53"));

        object_property_set_int(cpu, "mp-affinity",
                                big ? i : 0x100 + i - NR_BIG, &error_abort);
        object_property_set_bool(cpu, "has_el3", false, &error_abort);
        object_property_set_bool(cpu, "has_el2", s->el2, &error_abort);
        object_property_set_int(cpu, "psci-conduit", QEMU_PSCI_CONDUIT_SMC,
                                &error_abort);
        object_property_set_int(cpu, "cntfrq", CNTFRQ, &error_abort);
        object_property_set_bool(cpu, "start-powered-off", i > 0, &error_abort);
        qdev_realize(DEVICE(cpu), NULL, &error_fatal);
        s->cpu[i] = ARM_CPU(cpu);
        object_unref(cpu);
    }
}

/* The 4 KiB pages of a frame are repeated through each 64 KiB. */
static void map_aliased(RCarGen3MachineState *s, unsigned frame, hwaddr base,
                        unsigned pages)
{
    MemoryRegion *mr = sysbus_mmio_get_region(SYS_BUS_DEVICE(s->gic), frame);

    for ( unsigned i = 0; i < pages * 16; i++ )
    {
        MemoryRegion *alias = &s->gic_alias[frame][i];

        memory_region_init_alias(alias, OBJECT(s), "gic-400", mr,
                                 i / 16 * 0x1000, 0x1000);
        memory_region_add_subregion(get_system_memory(), base + i * 0x1000,
                                    alias);
    }
}

static void create_gic(RCarGen3MachineState *s, unsigned nr)
{
    static const int timer[] = {
        [GTIMER_PHYS] = 30,
        [GTIMER_VIRT] = 27,
        [GTIMER_HYP] = 26,
        [GTIMER_SEC] = 29,
    };
    SysBusDevice *sbd;

    s->gic = qdev_new(TYPE_ARM_GIC);
    sbd = SYS_BUS_DEVICE(s->gic);
    qdev_prop_set_uint32(s->gic, "revision", 2);
    qdev_prop_set_uint32(s->gic, "num-cpu", nr);
    qdev_prop_set_uint32(s->gic, "num-irq", NR_SPIS + GIC_INTERNAL);
    qdev_prop_set_bit(s->gic, "has-virtualization-extensions", s->el2);
    sysbus_realize_and_unref(sbd, &error_fatal);

    map_aliased(s, 0, 0xf1010000, 1);
    map_aliased(s, 1, 0xf1020000, 2);
    if ( s->el2 )
    {
        map_aliased(s, 2, 0xf1040000, 1);
        map_aliased(s, 3, 0xf1060000, 2);
    }

    for ( unsigned i = 0; i < nr; i++ )
    {
        DeviceState *cpu = DEVICE(s->cpu[i]);
        unsigned base = NR_SPIS + i * GIC_INTERNAL;

        for ( unsigned t = 0; t < ARRAY_SIZE(timer); t++ )
            qdev_connect_gpio_out(cpu, t,
                                  qdev_get_gpio_in(s->gic, base + timer[t]));
        sysbus_connect_irq(sbd, i, qdev_get_gpio_in(cpu, ARM_CPU_IRQ));
        sysbus_connect_irq(sbd, i + nr, qdev_get_gpio_in(cpu, ARM_CPU_FIQ));
        sysbus_connect_irq(sbd, i + 2 * nr,
                           qdev_get_gpio_in(cpu, ARM_CPU_VIRQ));
        sysbus_connect_irq(sbd, i + 3 * nr,
                           qdev_get_gpio_in(cpu, ARM_CPU_VFIQ));
        if ( s->el2 )
            sysbus_connect_irq(sbd, i + 4 * nr,
                               qdev_get_gpio_in(s->gic, base + 25));
    }
}

/* ---- devices */

static RCarIPMMUState *create_ipmmu(RCarGen3MachineState *s, const char *name,
                                    hwaddr base)
{
    DeviceState *dev = qdev_new(TYPE_RCAR_IPMMU);

    qdev_prop_set_string(dev, "name", name);
    qdev_prop_set_bit(dev, "stage2", s->stage2);
    qdev_prop_set_bit(dev, "noncoherent", s->noncoherent);
    qdev_prop_set_bit(dev, "utlb0-erratum", s->utlb0_erratum);
    qdev_prop_set_uint32(dev, "flush-delay", s->flush_delay);
    if ( s->root )
        object_property_set_link(OBJECT(dev), "root", OBJECT(s->root),
                                 &error_abort);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, base);
    return RCAR_IPMMU(dev);
}

static void create_ipmmus(RCarGen3MachineState *s)
{
    s->root = create_ipmmu(s, "mm", 0xe67b0000);
    sysbus_connect_irq(SYS_BUS_DEVICE(s->root), 0, spi(s, 196));
    for ( unsigned i = 0; i < NR_LEAVES; i++ )
        s->leaf[i] = create_ipmmu(s, leaves[i].name, leaves[i].base);
}

/* A3VC has the IPMMU of the codecs in it. */
static void power_changed(void *opaque, unsigned domain, unsigned channel,
                          bool on)
{
    RCarGen3MachineState *s = opaque;

    if ( domain == 0x380 && channel == 0 )
        rcar_ipmmu_power(s->leaf[VC0], on);
}

/* ---- modules of the CPG */

static void add_module(RCarGen3MachineState *s, unsigned number,
                       DeviceState *dev)
{
    g_assert(s->nr_modules < MAX_MODULES);
    s->number[s->nr_modules] = number;
    s->module[s->nr_modules++] = dev;
}

/* Without a clock it does not answer: what is behind it reads as zero. */
static void clock_changed(void *opaque, unsigned number, bool on)
{
    RCarGen3MachineState *s = opaque;

    for ( unsigned i = 0; i < s->nr_modules; i++ )
        if ( s->number[i] == number )
            memory_region_set_enabled(
                sysbus_mmio_get_region(SYS_BUS_DEVICE(s->module[i]), 0), on);
}

static void reset_module(void *opaque, unsigned number)
{
    RCarGen3MachineState *s = opaque;

    for ( unsigned i = 0; i < s->nr_modules && s->module_reset; i++ )
        if ( s->number[i] == number )
            DEVICE_GET_CLASS(s->module[i])->reset(s->module[i]);
}

static void create_sysctrl(RCarGen3MachineState *s)
{
    static const hwaddr base[] = {0xe6150000, 0xe6160000, 0xe6180000,
                                  0xfff00044};
    DeviceState *dev = qdev_new(TYPE_RCAR_SYSCTRL);

    RCAR_SYSCTRL(dev)->changed = power_changed;
    RCAR_SYSCTRL(dev)->clocked = clock_changed;
    RCAR_SYSCTRL(dev)->module_reset = reset_module;
    RCAR_SYSCTRL(dev)->opaque = s;
    qdev_prop_set_uint32(dev, "product", s->product);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    for ( unsigned i = 0; i < ARRAY_SIZE(base); i++ )
        sysbus_mmio_map(SYS_BUS_DEVICE(dev), i, base[i]);
}

static void create_dmacs(RCarGen3MachineState *s)
{
    for ( unsigned i = 0; i < ARRAY_SIZE(dmacs); i++ )
    {
        DeviceState *dev = qdev_new(TYPE_RCAR_SYSDMAC);
        RCarIPMMUState *leaf = s->leaf[dmacs[i].leaf];
        g_autofree char *name = g_strdup_printf("dmac%u", i);

        qdev_prop_set_string(dev, "name", name);
        for ( unsigned ch = 0; ch < RCAR_SYSDMAC_CHANNELS; ch++ )
            rcar_sysdmac_connect(
                RCAR_SYSDMAC(dev), ch,
                rcar_ipmmu_port(leaf, dmacs[i].first_utlb + ch));
        sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
        sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, dmacs[i].base);
        add_module(s, dmacs[i].module, dev);
        sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, spi(s, dmacs[i].error_spi));
        for ( unsigned ch = 0; ch < RCAR_SYSDMAC_CHANNELS; ch++ )
            sysbus_connect_irq(SYS_BUS_DEVICE(dev), 1 + ch,
                               spi(s, dmacs[i].spi[ch]));
    }
}

static void create_sdhis(RCarGen3MachineState *s)
{
    for ( unsigned i = 0; i < ARRAY_SIZE(sdhis); i++ )
    {
        DeviceState *dev = qdev_new(TYPE_RCAR_SDHI), *card;
        DriveInfo *drive = drive_get(IF_SD, 0, i);

        qdev_prop_set_uint32(dev, "version", sdhis[i].version);
        rcar_sdhi_connect(RCAR_SDHI(dev),
                          rcar_ipmmu_port(s->leaf[DS1], sdhis[i].utlb));
        sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
        sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, sdhis[i].base);
        add_module(s, sdhis[i].module, dev);
        sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, spi(s, sdhis[i].spi));
        if ( !drive )
            continue;
        card = qdev_new(TYPE_SD_CARD);
        qdev_prop_set_drive_err(card, "drive", blk_by_legacy_dinfo(drive),
                                &error_fatal);
        qdev_realize_and_unref(card, qdev_get_child_bus(dev, "sd-bus"),
                               &error_fatal);
    }
}

static void create_scif(RCarGen3MachineState *s, hwaddr base, unsigned module,
                        unsigned irq, Chardev *chr)
{
    DeviceState *dev = qdev_new(TYPE_RCAR_SCIF);

    qdev_prop_set_chr(dev, "chardev", chr);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, base);
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, spi(s, irq));
    add_module(s, module, dev);
}

/* ---- memory and start */

/* H3 has four channels, a quarter of the memory at each; M3-W the second half at
 * the third. The first bank is seen below 4 GiB, too. */
static bool is_h3(const RCarGen3MachineState *s)
{
    return strcmp(s->soc, "renesas,r8a7795") == 0;
}

static uint64_t low_size(RCarGen3MachineState *s)
{
    uint64_t ram = MACHINE(s)->ram_size;

    return MIN(is_h3(s) ? ram / 4 : ram, LOW_SIZE);
}

/* The others; false: there is no n-th. */
static bool high_bank(RCarGen3MachineState *s, unsigned n, hwaddr *base,
                      uint64_t *size)
{
    unsigned nr = is_h3(s) ? MAX_HIGH : 1;
    uint64_t rest = MACHINE(s)->ram_size - low_size(s);

    *base = BANK_BASE + (is_h3(s) ? n + 1 : 2) * 4 * GiB;
    *size = rest / nr;
    return n < nr && rest;
}

static void create_memory(RCarGen3MachineState *s)
{
    MachineState *machine = MACHINE(s);
    MemoryRegion *system = get_system_memory();
    uint64_t low = low_size(s), size;
    hwaddr base;

    memory_region_init_alias(&s->low, OBJECT(s), "low", machine->ram, 0, low);
    memory_region_add_subregion(system, LOW_BASE, &s->low);
    memory_region_init_alias(&s->alias, OBJECT(s), "low.alias", machine->ram, 0,
                             low);
    memory_region_add_subregion(system, BANK_BASE, &s->alias);
    for ( unsigned i = 0; high_bank(s, i, &base, &size); i++ )
    {
        memory_region_init_alias(&s->high[i], OBJECT(s), "high", machine->ram,
                                 low + i * size, size);
        memory_region_add_subregion(system, base, &s->high[i]);
    }
    memory_region_init_ram(&s->sysram, OBJECT(s), "sysram", 1 * MiB,
                           &error_fatal);
    memory_region_add_subregion(system, 0xe6300000, &s->sysram);
    create_unimplemented_device("soc", 0xe6000000, 0x1a000000);
}

static void machine_reset_cpu(void *opaque)
{
    RCarGen3MachineState *s = opaque;

    for ( unsigned i = 0; i < NR_CPUS && s->cpu[i]; i++ )
        cpu_reset(CPU(s->cpu[i]));
    cpu_set_pc(CPU(s->cpu[0]), KERNEL_ADDR);
    s->cpu[0]->env.xregs[0] = s->dtb;
    s->cpu[0]->env.xregs[1] = BL2_ADDR;
}

static void add_memory_node(void *fdt, uint64_t base, uint64_t size)
{
    g_autofree char *name = g_strdup_printf("/memory@%" PRIx64, base);

    qemu_fdt_add_subnode(fdt, name);
    qemu_fdt_setprop_string(fdt, name, "device_type", "memory");
    qemu_fdt_setprop_sized_cells(fdt, name, "reg", 2, base, 2, size);
}

static void load_bl2_fragment(RCarGen3MachineState *s)
{
    g_autofree char *compatible =
        g_strdup_printf("%s%c%s", s->board, 0, s->soc);
    uint64_t size;
    hwaddr base;
    int room;
    void *fdt = create_device_tree(&room);

    qemu_fdt_setprop(fdt, "/", "compatible", compatible,
                     strlen(s->board) + strlen(s->soc) + 2);
    qemu_fdt_setprop_cell(fdt, "/", "#address-cells", 2);
    qemu_fdt_setprop_cell(fdt, "/", "#size-cells", 2);
    add_memory_node(fdt, LOW_BASE + FIRMWARE, low_size(s) - FIRMWARE);
    for ( unsigned i = 0; high_bank(s, i, &base, &size); i++ )
        add_memory_node(fdt, base, size);
    fdt_pack(fdt);
    rom_add_blob_fixed("bl2.dtb", fdt, fdt_totalsize(fdt), BL2_ADDR);
    g_free(fdt);
}

static void load_images(RCarGen3MachineState *s)
{
    MachineState *machine = MACHINE(s);

    if ( machine->dtb )
    {
        s->dtb = DTB_ADDR;
        if ( load_image_targphys(machine->dtb, DTB_ADDR, DTB_SIZE) < 0 )
        {
            error_report("cannot load the device tree %s", machine->dtb);
            exit(1);
        }
    }
    if ( machine->kernel_filename &&
         load_image_targphys(machine->kernel_filename, KERNEL_ADDR,
                             LOW_BASE + LOW_SIZE - KERNEL_ADDR) < 0 )
    {
        error_report("cannot load %s", machine->kernel_filename);
        exit(1);
    }
}

static void rcar_gen3_init(MachineState *machine)
{
    RCarGen3MachineState *s = RCAR_GEN3_MACHINE(machine);

    if ( s->noncoherent )
        rcar_clean_enable();
    create_memory(s);
    create_cpus(s, machine->smp.cpus);
    create_gic(s, machine->smp.cpus);
    create_ipmmus(s);
    create_sysctrl(s);
    create_dmacs(s);
    create_sdhis(s);
    create_scif(s, 0xe6e88000, 310, 164, serial_hd(0));
    load_bl2_fragment(s);
    load_images(s);
    qemu_register_reset(machine_reset_cpu, s);
}

/* ---- what one may choose: -M rcar-gen3,noncoherent=on,product=0x4f10 */

#define BOOL_PROPERTY(field)                                                   \
    static bool get_##field(Object *obj, Error **errp)                         \
    {                                                                          \
        return RCAR_GEN3_MACHINE(obj)->field;                                  \
    }                                                                          \
    static void set_##field(Object *obj, bool value, Error **errp)             \
    {                                                                          \
        RCAR_GEN3_MACHINE(obj)->field = value;                                 \
    }
BOOL_PROPERTY(el2)
BOOL_PROPERTY(noncoherent)
BOOL_PROPERTY(stage2)
BOOL_PROPERTY(utlb0_erratum)
BOOL_PROPERTY(module_reset)

#define STRING_PROPERTY(field)                                                 \
    static char *get_##field(Object *obj, Error **errp)                        \
    {                                                                          \
        return g_strdup(RCAR_GEN3_MACHINE(obj)->field);                        \
    }                                                                          \
    static void set_##field(Object *obj, const char *value, Error **errp)      \
    {                                                                          \
        g_free(RCAR_GEN3_MACHINE(obj)->field);                                 \
        RCAR_GEN3_MACHINE(obj)->field = g_strdup(value);                       \
    }
STRING_PROPERTY(board)
STRING_PROPERTY(soc)

static void rcar_gen3_instance_init(Object *obj)
{
    RCarGen3MachineState *s = RCAR_GEN3_MACHINE(obj);

    s->el2 = true;
    s->module_reset = true; /* off: the CPG's resets reset nothing */
    s->product = 0x5211;    /* M3-W, RZ/G2M: ES1.3, no stage 2 */
    s->flush_delay = 3;
    s->board = g_strdup("hoperun,hihope-rzg2m");
    s->soc = g_strdup("renesas,r8a774a1");
    object_property_add_uint32_ptr(obj, "product", &s->product,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "flush-delay", &s->flush_delay,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void rcar_gen3_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "Renesas R-Car Gen3 (M3-W, RZ/G2M)";
    mc->init = rcar_gen3_init;
    mc->min_cpus = 1;
    mc->default_cpus = mc->max_cpus = NR_CPUS;
    mc->block_default_type = IF_SD;
    mc->no_floppy = mc->no_cdrom = mc->no_parallel = true;
    mc->ignore_memory_transaction_failures = false;
    mc->default_ram_size = 4 * GiB;
    mc->default_ram_id = "ram";
    object_class_property_add_str(oc, "board", get_board, set_board);
    object_class_property_add_str(oc, "soc", get_soc, set_soc);
    object_class_property_add_bool(oc, "el2", get_el2, set_el2);
    object_class_property_add_bool(oc, "noncoherent", get_noncoherent,
                                   set_noncoherent);
    object_class_property_add_bool(oc, "stage2", get_stage2, set_stage2);
    object_class_property_add_bool(oc, "utlb0-erratum", get_utlb0_erratum,
                                   set_utlb0_erratum);
    object_class_property_add_bool(oc, "module-reset", get_module_reset,
                                   set_module_reset);
}

static const TypeInfo rcar_gen3_types[] = {
    {
        .name = TYPE_RCAR_GEN3_MACHINE,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(RCarGen3MachineState),
        .instance_init = rcar_gen3_instance_init,
        .class_init = rcar_gen3_class_init,
    },
};

DEFINE_TYPES(rcar_gen3_types)
