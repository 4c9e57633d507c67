/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical ITS, ours alone: it turns (DeviceID, EventID) of a message
 * into an LPI on a CPU. Collection n is CPU n. Domains see none of it.
 *
 *   device table  --DeviceID-->  ITT of the device  --EventID-->  LPI, n
 *   LPI configuration table: enable and priority, one byte each, for all CPUs
 *   LPI pending table: a bit each, per CPU, the redistributor's alone
 *
 * Commands go through one ring; a batch ends with SYNC and is waited for.
 * its_lock (LOCK_RANK_IRQ) covers devices, cmd_lock (LOCK_RANK_GIC) the ring.
 * Manual: IHI 0069 issue H, chapter 5 "Locality-specific Peripheral
 * Interrupts and the ITS", 5.3 "ITS commands", 12.19 "ITS registers".
 */
#include <asm/gic.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/list.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/spinlock.h>
#include <xen/time.h>

#define GITS_CTLR             0x0000U
#define GITS_CTLR_ENABLED     BIT32(0)
#define GITS_CTLR_QUIESCENT   BIT32(31)
#define GITS_TYPER            0x0008U
#define TYPER_PHYSICAL        BIT64(0)
#define TYPER_ITT_ENTRY       GENMASK64(7, 4)   /* bytes - 1 */
#define TYPER_ID_BITS         GENMASK64(12, 8)  /* of an EventID, - 1 */
#define TYPER_DEV_BITS        GENMASK64(17, 13) /* of a DeviceID, - 1 */
#define TYPER_PTA             BIT64(19)
#define GITS_CBASER           0x0080U
#define GITS_CWRITER          0x0088U
#define GITS_CREADR           0x0090U
#define CREADR_STALLED        BIT64(0)
#define GITS_BASER(n)         (0x0100U + 8 * (n))
#define BASER_VALID           BIT64(63)
#define BASER_INDIRECT        BIT64(62)
#define BASER_TYPE            GENMASK64(58, 56)
#define BASER_DEVICES         1U
#define BASER_COLLECTIONS     4U
#define BASER_ENTRY_SIZE      GENMASK64(52, 48) /* bytes - 1 */
#define BASER_PAGE_SIZE       GENMASK64(9, 8)
#define BASER_SIZE            GENMASK64(7, 0) /* pages - 1 */
#define GITS_TRANSLATER_FRAME 0x10000U
#define GITS_TRANSLATER       0x10040U
#define GITS_NR_BASER         8U

/* Redistributor, 12.11 */
#define GICR_CTLR             0x0000U
#define GICR_CTLR_ENABLE_LPIS BIT32(0)
#define GICR_CTLR_RWP         BIT32(3)
#define GICR_TYPER            0x0008U
#define GICR_TYPER_NUMBER     GENMASK64(23, 8)
#define GICR_PROPBASER        0x0070U
#define GICR_PENDBASER        0x0078U
#define PENDBASER_PTZ         BIT64(62)

/* Where the fields below are is common to BASER, CBASER (inner at 61:59,
 * shareability at 11:10), and to PROPBASER and PENDBASER (inner at 9:7). */
#define SHARE           GENMASK64(11, 10)
#define SHARE_INNER     1U
#define INNER_CACHE     GENMASK64(61, 59)
#define INNER_CACHE_LPI GENMASK64(9, 7)
#define CACHE_NC        1U
#define CACHE_RAWAWB    7U

enum its_cmd_id {
    CMD_MOVI = 0x01,
    CMD_SYNC = 0x05,
    CMD_MAPD = 0x08,
    CMD_MAPC = 0x09,
    CMD_MAPTI = 0x0a,
    CMD_INV = 0x0c,
    CMD_INVALL = 0x0d,
    CMD_DISCARD = 0x0f,
};

#define KIB64_ORDER    4U
#define CMDQ_ORDER     KIB64_ORDER
#define CMDQ_SIZE      (PAGE_SIZE << CMDQ_ORDER)
#define CMD_SIZE       32U
#define ITS_TIMEOUT_US 1000000
#define FLAT_LIMIT     MiB(2) /* a larger device table has two levels */

#define LPI_PRIORITY 0xa0U
#define LPI_GROUP1   0x02U
#define LPI_ENABLED  0x01U

struct its_cmd {
    uint64_t dw[4];
};

struct its_event {
    uint32_t lpi; /* 0: not mapped */
    uint32_t cpu;
};

struct its_device {
    struct list_head list; /* its_lock */
    uint32_t id;
    unsigned int bits; /* of an EventID */
    unsigned int nr_mapped;
    void *itt;
    unsigned int itt_order;
    struct its_event *event;
};

static struct {
    uint8_t *base; /* NULL: no ITS */
    maddr_t ma;
    uint64_t typer;
    uint8_t *cmdq;
    uint64_t cmd_write;  /* byte offset; cmd_lock */
    uint64_t *dev_table; /* level 1 if indirect */
    unsigned int dev_entry_size;
    bool dev_indirect;
    bool coherent;     /* its tables and ring */
    bool lpi_coherent; /* the LPI tables */
    uint8_t *lpi_config;
    uint64_t target[NR_CPUS]; /* RDbase of each collection, in place */
} its;

static DEFINE_SPINLOCK(cmd_lock, LOCK_RANK_GIC);
static DEFINE_SPINLOCK(its_lock, LOCK_RANK_ITS);
static LIST_HEAD(its_devices);

/* ---- commands: 5.3, little-endian doublewords ---- */

static struct its_cmd cmd_mapd(uint32_t dev, uint64_t itt, unsigned int bits,
                               bool valid)
{
    return (struct its_cmd){{
        CMD_MAPD | (uint64_t)dev << 32,
        bits - 1,
        itt | (valid ? BIT64(63) : 0),
        0,
    }};
}

static struct its_cmd cmd_mapc(uint32_t collection, uint64_t target)
{
    return (struct its_cmd){{CMD_MAPC, 0, BIT64(63) | target | collection, 0}};
}

static struct its_cmd cmd_mapti(uint32_t dev, uint32_t event, uint32_t lpi,
                                uint32_t collection)
{
    return (struct its_cmd){{
        CMD_MAPTI | (uint64_t)dev << 32,
        event | (uint64_t)lpi << 32,
        collection,
        0,
    }};
}

static struct its_cmd cmd_event(enum its_cmd_id id, uint32_t dev,
                                uint32_t event, uint32_t collection)
{
    return (struct its_cmd){{id | (uint64_t)dev << 32, event, collection, 0}};
}

static struct its_cmd cmd_invall(uint32_t collection)
{
    return (struct its_cmd){{CMD_INVALL, 0, collection, 0}};
}

static struct its_cmd cmd_sync(uint64_t target)
{
    return (struct its_cmd){{CMD_SYNC, 0, target, 0}};
}

static bool ring_done(uint64_t write)
{
    return (read64(its.base + GITS_CREADR) & (CMDQ_SIZE - CMD_SIZE)) == write;
}

/* Run @nr commands and a SYNC to @cpu's redistributor, to completion. */
static int its_run(const struct its_cmd *cmd, unsigned int nr, unsigned int cpu)
{
    const struct its_cmd sync = cmd_sync(its.target[cpu]);
    int rc;

    spin_lock(&cmd_lock);
    for ( unsigned int i = 0; i <= nr; i++ )
    {
        uint8_t *slot = its.cmdq + its.cmd_write;

        memcpy(slot, i < nr ? &cmd[i] : &sync, CMD_SIZE);
        if ( !its.coherent )
            cache_clean(slot, CMD_SIZE);
        its.cmd_write = (its.cmd_write + CMD_SIZE) % CMDQ_SIZE;
    }
    /* The ITS fetches the commands after it sees CWRITER. */
    dsb_sy();
    write64(its.base + GITS_CWRITER, its.cmd_write);
    rc = poll_until(ring_done(its.cmd_write), ITS_TIMEOUT_US);
    if ( rc )
        printk(XENLOG_ERR "its %lx: command %#lx%s\n", maddr_x(its.ma),
               cmd->dw[0],
               read64(its.base + GITS_CREADR) & CREADR_STALLED
                   ? " is refused"
                   : " does not complete");
    spin_unlock(&cmd_lock);

    return rc;
}

/* ---- LPIs ---- */

static void write_config(uint32_t lpi, bool enabled)
{
    uint8_t *config = its.lpi_config + lpi - IRQ_LPI_FIRST;

    WRITE_ONCE(*config, (uint8_t)(LPI_PRIORITY | LPI_GROUP1 |
                                  (enabled ? LPI_ENABLED : 0)));
    if ( its.lpi_coherent )
        dma_wmb(); /* before the INV that makes redistributors look */
    else
        cache_clean(config, 1);
}

/* A table register of a redistributor; the shareability it agreed to. */
static bool write_lpi_table(uint8_t *gicr, unsigned int reg, uint64_t value)
{
    uint64_t got;

    write64(gicr + reg, value | FIELD_PREP(SHARE, SHARE_INNER) |
                            FIELD_PREP(INNER_CACHE_LPI, CACHE_RAWAWB));
    got = read64(gicr + reg);
    if ( got & SHARE )
        return true;
    /* Not shareable: it must not be cached either. */
    write64(gicr + reg, value | FIELD_PREP(INNER_CACHE_LPI, CACHE_NC));
    return false;
}

void its_init_cpu(void *gicr_va, maddr_t gicr_ma)
{
    unsigned int cpu = smp_processor_id();
    uint8_t *gicr = gicr_va;
    void *pending = alloc_xen_pages(KIB64_ORDER);
    struct its_cmd cmd[2];

    if ( !pending )
        panic("its: no memory for the pending table of CPU %u\n", cpu);
    cache_clean_invalidate(pending, PAGE_SIZE << KIB64_ORDER);

    /* Firmware may have left them on with its own tables. */
    write32(gicr + GICR_CTLR,
            read32(gicr + GICR_CTLR) & ~GICR_CTLR_ENABLE_LPIS);
    if ( poll_until(!(read32(gicr + GICR_CTLR) &
                      (GICR_CTLR_ENABLE_LPIS | GICR_CTLR_RWP)),
                    ITS_TIMEOUT_US) )
        panic("its: LPIs of CPU %u cannot be turned off\n", cpu);

    if ( !write_lpi_table(gicr, GICR_PROPBASER,
                          maddr_x(virt_to_maddr(its.lpi_config)) |
                              (LPI_ID_BITS - 1)) )
        its.lpi_coherent = false;
    write_lpi_table(gicr, GICR_PENDBASER,
                    maddr_x(virt_to_maddr(pending)) | PENDBASER_PTZ);
    dsb_sy();
    write32(gicr + GICR_CTLR, read32(gicr + GICR_CTLR) | GICR_CTLR_ENABLE_LPIS);
    dsb_sy();

    its.target[cpu] =
        its.typer & TYPER_PTA
            ? maddr_x(gicr_ma)
            : FIELD_GET(GICR_TYPER_NUMBER, read64(gicr + GICR_TYPER)) << 16;
    cmd[0] = cmd_mapc(cpu, its.target[cpu]);
    cmd[1] = cmd_invall(cpu);
    if ( its_run(cmd, 2, cpu) )
        panic("its: no collection for CPU %u\n", cpu);
}

/* ---- devices ---- */

/* Two-level device table: the page that holds this device's entry. */
static int grow_dev_table(uint32_t id)
{
    uint64_t per_page = (PAGE_SIZE << KIB64_ORDER) / its.dev_entry_size;
    uint64_t *entry = &its.dev_table[id / per_page];
    void *page;

    if ( !its.dev_indirect || (*entry & BASER_VALID) )
        return 0;
    page = alloc_xen_pages(KIB64_ORDER);
    if ( !page )
        return -ENOMEM;
    cache_clean_invalidate(page, PAGE_SIZE << KIB64_ORDER);
    WRITE_ONCE(*entry, maddr_x(virt_to_maddr(page)) | BASER_VALID);
    cache_clean(entry, sizeof(*entry));
    return 0;
}

static void free_device(struct its_device *dev)
{
    if ( dev->itt )
        free_xen_pages(dev->itt, dev->itt_order);
    xfree(dev->event);
    xfree(dev);
}

static struct its_device *alloc_device(uint32_t id, unsigned int nr_events)
{
    unsigned int entry =
        (unsigned int)FIELD_GET(TYPER_ITT_ENTRY, its.typer) + 1;
    struct its_device *dev = xzalloc(struct its_device);

    if ( !dev )
        return NULL;
    dev->id = id;
    dev->bits = nr_events > 2 ? ilog2(nr_events - 1) + 1 : 1;
    dev->itt_order = order_from_bytes((uint64_t)entry << dev->bits);
    dev->itt = alloc_xen_pages(dev->itt_order);
    dev->event = xzalloc_array(struct its_event, BIT64(dev->bits));
    if ( !dev->itt || !dev->event )
    {
        free_device(dev);
        return NULL;
    }
    cache_clean_invalidate(dev->itt, PAGE_SIZE << dev->itt_order);
    return dev;
}

static struct its_device *find_device(uint32_t id)
{
    struct its_device *dev;

    list_for_each_entry (dev, &its_devices, list)
        if ( dev->id == id )
            return dev;
    return NULL;
}

static int add_device(uint32_t id, unsigned int nr_events, unsigned int cpu,
                      struct its_device **out)
{
    struct its_device *dev;
    struct its_cmd cmd;
    int rc;

    if ( id >> (FIELD_GET(TYPER_DEV_BITS, its.typer) + 1) || !nr_events ||
         nr_events > BIT64(FIELD_GET(TYPER_ID_BITS, its.typer) + 1) )
        return -EINVAL;
    rc = grow_dev_table(id);
    if ( rc )
        return rc;
    dev = alloc_device(id, nr_events);
    if ( !dev )
        return -ENOMEM;
    cmd = cmd_mapd(id, maddr_x(virt_to_maddr(dev->itt)), dev->bits, true);
    rc = its_run(&cmd, 1, cpu);
    if ( rc )
    {
        /* It may still take effect: the table is lost, not reused. */
        dev->itt = NULL;
        free_device(dev);
        return rc;
    }
    list_add_tail(&dev->list, &its_devices);
    *out = dev;
    return 0;
}

static void remove_device(struct its_device *dev, unsigned int cpu)
{
    struct its_cmd cmd = cmd_mapd(dev->id, 0, 1, false);

    list_del(&dev->list);
    if ( its_run(&cmd, 1, cpu) )
        dev->itt = NULL; /* the ITS may still write it */
    free_device(dev);
}

int its_map(uint32_t device_id, unsigned int nr_events, unsigned int event,
            uint32_t lpi, unsigned int cpu)
{
    struct its_device *dev;
    struct its_cmd cmd[2];
    int rc = 0;

    spin_lock(&its_lock);
    dev = find_device(device_id);
    if ( !dev )
        rc = add_device(device_id, nr_events, cpu, &dev);
    if ( !rc && event >= BIT64(dev->bits) )
        rc = -EINVAL;
    else if ( !rc && dev->event[event].lpi )
        rc = -EEXIST;
    if ( !rc )
    {
        write_config(lpi, true);
        cmd[0] = cmd_mapti(device_id, event, lpi, cpu);
        cmd[1] = cmd_event(CMD_INV, device_id, event, 0);
        rc = its_run(cmd, 2, cpu);
    }
    if ( !rc )
    {
        dev->event[event] = (struct its_event){.lpi = lpi, .cpu = cpu};
        dev->nr_mapped++;
    }
    else if ( dev && !dev->nr_mapped )
        remove_device(dev, cpu);
    spin_unlock(&its_lock);

    return rc;
}

int its_unmap(uint32_t device_id, unsigned int event)
{
    struct its_device *dev;
    struct its_cmd cmd[2];
    int rc = -ENOENT;

    spin_lock(&its_lock);
    dev = find_device(device_id);
    if ( dev && event < BIT64(dev->bits) && dev->event[event].lpi )
    {
        struct its_event *e = &dev->event[event];

        write_config(e->lpi, false);
        cmd[0] = cmd_event(CMD_INV, device_id, event, 0);
        cmd[1] = cmd_event(CMD_DISCARD, device_id, event, 0);
        rc = its_run(cmd, 2, e->cpu);
        e->lpi = 0;
        if ( !--dev->nr_mapped )
            remove_device(dev, e->cpu);
    }
    spin_unlock(&its_lock);

    return rc;
}

void its_move(uint32_t device_id, unsigned int event, unsigned int cpu)
{
    struct its_device *dev;
    struct its_cmd cmd;

    spin_lock(&its_lock);
    dev = find_device(device_id);
    if ( dev && event < BIT64(dev->bits) && dev->event[event].lpi &&
         dev->event[event].cpu != cpu )
    {
        cmd = cmd_event(CMD_MOVI, device_id, event, cpu);
        if ( !its_run(&cmd, 1, dev->event[event].cpu) )
            dev->event[event].cpu = cpu;
    }
    spin_unlock(&its_lock);
}

void its_enable(uint32_t device_id, unsigned int event, uint32_t lpi, bool on)
{
    struct its_device *dev;
    struct its_cmd cmd;

    spin_lock(&its_lock);
    dev = find_device(device_id);
    if ( dev && event < BIT64(dev->bits) && dev->event[event].lpi == lpi )
    {
        write_config(lpi, on);
        cmd = cmd_event(CMD_INV, device_id, event, 0);
        if ( its_run(&cmd, 1, dev->event[event].cpu) )
            printk(XENLOG_ERR "its: LPI %u stays as it was\n", lpi);
    }
    spin_unlock(&its_lock);
}

bool its_present(void)
{
    return its.base != NULL;
}

maddr_t its_doorbell(void)
{
    return maddr_add(its.ma, GITS_TRANSLATER);
}

/* ---- probe ---- */

/* A table or ring register: as shareable as the ITS agrees to. */
static uint64_t write_table(unsigned int reg, uint64_t value)
{
    uint64_t got;

    write64(its.base + reg, value | FIELD_PREP(SHARE, SHARE_INNER) |
                                FIELD_PREP(INNER_CACHE, CACHE_RAWAWB));
    got = read64(its.base + reg);
    if ( got & SHARE )
        return got;
    its.coherent = false;
    write64(its.base + reg, value | FIELD_PREP(INNER_CACHE, CACHE_NC));
    return read64(its.base + reg);
}

/* Table @n of at least @size bytes, in 64 KiB pages where the unit can. */
static int setup_baser(unsigned int n, uint64_t size, bool indirect,
                       void **table)
{
    static const unsigned int page_order[] = {0, 2, 4};
    unsigned int pagesize = 2, order = KIB64_ORDER;

    order = MAX(order, order_from_bytes(size));
    *table = alloc_xen_pages(order);
    if ( !*table )
        return -ENOMEM;
    cache_clean_invalidate(*table, PAGE_SIZE << order);

    for ( ;; pagesize-- )
    {
        uint64_t pages = (1UL << order) >> page_order[pagesize];
        uint64_t got;

        got = write_table(GITS_BASER(n),
                          BASER_VALID | (indirect ? BASER_INDIRECT : 0) |
                              maddr_x(virt_to_maddr(*table)) |
                              FIELD_PREP(BASER_PAGE_SIZE, pagesize) |
                              FIELD_PREP(BASER_SIZE, MIN(pages, 256UL) - 1));
        if ( FIELD_GET(BASER_PAGE_SIZE, got) == pagesize )
            return 0;
        if ( !pagesize || indirect )
            return -ENODEV;
    }
}

static int setup_device_table(unsigned int n, uint64_t baser)
{
    uint64_t devices = BIT64(FIELD_GET(TYPER_DEV_BITS, its.typer) + 1);
    uint64_t per_page, size;
    void *table;
    int rc;

    its.dev_entry_size = (unsigned int)FIELD_GET(BASER_ENTRY_SIZE, baser) + 1;
    per_page = (PAGE_SIZE << KIB64_ORDER) / its.dev_entry_size;
    size = devices * its.dev_entry_size;

    write64(its.base + GITS_BASER(n), BASER_INDIRECT);
    its.dev_indirect = size > FLAT_LIMIT &&
                       (read64(its.base + GITS_BASER(n)) & BASER_INDIRECT);
    if ( its.dev_indirect )
        size = DIV_ROUND_UP(devices, per_page) * sizeof(uint64_t);
    rc = setup_baser(n, MIN(size, MiB(16)), its.dev_indirect, &table);
    its.dev_table = table;
    return rc;
}

static int setup_tables(void)
{
    int rc = 0;

    for ( unsigned int n = 0; !rc && n < GITS_NR_BASER; n++ )
    {
        uint64_t baser = read64(its.base + GITS_BASER(n));
        void *table;

        if ( FIELD_GET(BASER_TYPE, baser) == BASER_DEVICES )
            rc = setup_device_table(n, baser);
        else if ( FIELD_GET(BASER_TYPE, baser) == BASER_COLLECTIONS )
            rc = setup_baser(n, 1, false, &table);
    }
    return rc;
}

static int setup_ring(void)
{
    its.cmdq = alloc_xen_pages(CMDQ_ORDER);
    its.lpi_config = alloc_xen_pages(order_from_bytes(NR_LPIS));
    if ( !its.cmdq || !its.lpi_config )
        return -ENOMEM;
    cache_clean_invalidate(its.cmdq, CMDQ_SIZE);
    for ( uint32_t i = 0; i < NR_LPIS; i++ )
        its.lpi_config[i] = LPI_PRIORITY | LPI_GROUP1;
    cache_clean(its.lpi_config, NR_LPIS);

    write_table(GITS_CBASER, BASER_VALID | maddr_x(virt_to_maddr(its.cmdq)) |
                                 ((1U << CMDQ_ORDER) - 1));
    write64(its.base + GITS_CWRITER, 0);
    its.cmd_write = 0;
    write32(its.base + GITS_CTLR,
            read32(its.base + GITS_CTLR) | GITS_CTLR_ENABLED);
    return 0;
}

static int setup(struct dt_node *np)
{
    uint64_t addr, size;
    int rc = dt_get_reg(np, 0, &addr, &size);

    if ( rc || size < 2 * GITS_TRANSLATER_FRAME )
        return rc ? rc : -EINVAL;
    its.ma = _maddr(addr);
    its.base = ioremap(its.ma, GITS_TRANSLATER_FRAME);
    if ( !its.base )
        return -ENOMEM;
    its.coherent = its.lpi_coherent = true;
    its.typer = read64(its.base + GITS_TYPER);
    if ( !(its.typer & TYPER_PHYSICAL) )
        return -ENODEV;

    write32(its.base + GITS_CTLR,
            read32(its.base + GITS_CTLR) & ~GITS_CTLR_ENABLED);
    rc = poll_until(read32(its.base + GITS_CTLR) & GITS_CTLR_QUIESCENT,
                    ITS_TIMEOUT_US);
    if ( !rc )
        rc = setup_tables();
    if ( !rc )
        rc = setup_ring();
    return rc;
}

unsigned int its_probe(struct dt_node *gic_np)
{
    struct dt_node *np;

    dt_for_each_child (gic_np, np)
    {
        int rc;

        if ( !dt_is_compatible(np, "arm,gic-v3-its") || !dt_is_available(np) )
            continue;
        if ( its.base )
        {
            printk(XENLOG_WARN "its: %s: a second one is not used\n",
                   np->full_name);
            continue;
        }
        rc = setup(np);
        if ( rc )
        {
            printk(XENLOG_ERR "its: %s is of no use: %d\n", np->full_name, rc);
            its.base = NULL;
            return 0;
        }
        printk("its %lx: %lu-bit DeviceIDs, %lu-bit EventIDs%s\n",
               maddr_x(its.ma), FIELD_GET(TYPER_DEV_BITS, its.typer) + 1,
               FIELD_GET(TYPER_ID_BITS, its.typer) + 1,
               its.dev_indirect ? ", two-level device table" : "");
    }
    return its.base != NULL;
}
