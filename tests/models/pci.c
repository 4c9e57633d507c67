/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.c - see pci.h. */
#include "pci.h"

#include <stdio.h>
#define strtoull host_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull

#include <xen/bits.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <xen/softirq.h>
#include <xen/time.h>
#include <xen/timer.h>

#define MAX_FUNCTIONS 16U
#define MAX_FRAMES    65536U
#define MAX_VECTORS   4096U
/* Machine address a appears in the hypervisor at this distance. */
#define IO_BASE 0x700000000000ULL

struct domain *model_d, *model_u[2], *hardware_domain;
struct pci_host *model_host;
unsigned int model_vectors, model_doorbells, model_windows;
bool model_no_memory, model_isolated, model_ram_at_doorbell;
unsigned int model_throttled;
unsigned long model_work;
unsigned int percpu_cpu_id;
struct vcpu *percpu_current_vcpu;

static struct domain *view; /* whose accesses guest_*() are */
static struct model_fn *functions[MAX_FUNCTIONS];
static unsigned int nr_functions;
static struct frame {
    struct domain *d;
    uint64_t gfn, mfn;
} frame[MAX_FRAMES];
static unsigned long nr_frames;
static struct dt_node host_node = {.name = "pcie", .full_name = "/pcie"};
static s_time_t now;

/* ---- the hardware ---- */

static uint32_t get(const uint8_t *p, unsigned int size)
{
    uint32_t v = 0;

    for ( unsigned int i = size; i--; )
        v = v << 8 | p[i];
    return v;
}

static void put(uint8_t *p, unsigned int size, uint64_t value)
{
    for ( unsigned int i = 0; i < size; i++ )
        p[i] = (uint8_t)(value >> 8 * i);
}

uint32_t model_get(const struct model_fn *fn, unsigned int reg,
                   unsigned int size)
{
    return get(fn->cfg + reg, size);
}

void model_set(struct model_fn *fn, unsigned int reg, unsigned int size,
               uint32_t value)
{
    put(fn->cfg + reg, size, value);
}

static bool is_bridge(const struct model_fn *fn)
{
    return (fn->cfg[0x0e] & 0x7f) == 1;
}

/* The bus a function answers on; false: no access gets through to it. */
static bool answers_on(const struct model_fn *fn, unsigned int *bus)
{
    unsigned int above;

    *bus = 0;
    if ( !fn->parent )
        return true;
    *bus = fn->parent->cfg[0x19];
    for ( const struct model_fn *b = fn->parent; b; b = b->parent )
        if ( b->cfg[0x19] == 0 || *bus < b->cfg[0x19] || *bus > b->cfg[0x1a] ||
             !answers_on(b, &above) || b->cfg[0x18] != above )
            return false;
    return true;
}

static struct model_fn *find(unsigned int bus, unsigned int devfn)
{
    unsigned int at;

    for ( unsigned int i = 0; i < nr_functions; i++ )
        if ( functions[i]->devfn == devfn && answers_on(functions[i], &at) &&
             at == bus && now >= functions[i]->silent_until &&
             !(functions[i]->parent &&
               (functions[i]->parent->cfg[0x3e] & 0x40)) )
            return functions[i];
    return NULL;
}

static void mask_table(struct model_fn *fn, unsigned int cap)
{
    uint32_t table = get(fn->cfg + cap + 4, 4) & ~7U;

    for ( unsigned int i = 0; i <= (get(fn->cfg + cap + 2, 2) & 0x7ff); i++ )
        fn->mem[table + 16 * i + 12] = 1;
}

/* As it comes out of reset; silent for a while. */
static void reset_fn(struct model_fn *fn)
{
    put(fn->cfg + 4, 2, 0);
    for ( unsigned int i = 0; i < 6; i++ )
        if ( fn->bar_size[i] )
        {
            fn->cfg[0x10 + 4 * i] = fn->bar_64[i] ? 0x0c : 0;
            memset(&fn->cfg[0x11 + 4 * i], 0, fn->bar_64[i] ? 7 : 3);
        }
    for ( unsigned int cap = fn->cfg[0x34]; cap; cap = fn->cfg[cap + 1] )
        if ( fn->cfg[cap] == 0x05 )
            fn->cfg[cap + 2] &= 0x8e;
        else if ( fn->cfg[cap] == 0x11 )
        {
            fn->cfg[cap + 3] &= 0x3f;
            mask_table(fn, cap);
        }
        else if ( fn->cfg[cap] == 0x10 )
            put(fn->cfg + cap + 8, 2, 0);
        else if ( fn->cfg[cap] == 0x01 )
            fn->cfg[cap + 4] &= 0xfc;
    fn->intx = false;
    fn->resets++;
    fn->silent_until = now + MILLISECS(50);
}

/* Writes that do something. */
static void react(struct model_fn *fn, unsigned int reg, uint8_t old)
{
    uint8_t value = fn->cfg[reg];

    if ( reg == 5 && fn->deaf )
        fn->cfg[5] &= 0xfb;
    if ( is_bridge(fn) && reg == 0x3e && !(value & 0x40) && (old & 0x40) )
        for ( unsigned int i = 0; i < nr_functions; i++ )
            if ( functions[i]->parent == fn )
                reset_fn(functions[i]);
    for ( unsigned int cap = fn->cfg[0x34]; cap; cap = fn->cfg[cap + 1] )
    {
        if ( fn->cfg[cap] == 0x10 && reg == cap + 9 && (value & 0x80) )
        {
            fn->cfg[reg] &= 0x7f;
            if ( fn->cfg[cap + 7] & 0x10 )
                reset_fn(fn);
            return;
        }
        if ( fn->cfg[cap] == 0x01 && reg == cap + 4 && (old & 3) == 3 &&
             !(value & 3) && !(value & 8) )
        {
            reset_fn(fn);
            return;
        }
    }
}

static void write_byte(struct model_fn *fn, unsigned int reg, uint8_t value)
{
    unsigned int nr = is_bridge(fn) ? 2 : 6;
    uint8_t old = fn->cfg[reg];

    if ( reg < 4 || (reg >= 8 && reg < 0x10) || (reg >= 0x34 && reg < 0x3c) )
        return; /* read-only */
    if ( reg >= 0x10 && reg < 0x10 + 4 * nr )
    {
        unsigned int i = (reg - 0x10) / 4, low = i;
        uint64_t mask;

        if ( i && fn->bar_64[i - 1] )
            low = i - 1;
        mask = ~(fn->bar_size[low] - 1);
        if ( !fn->bar_size[low] )
            return;
        mask = (low != i ? mask >> 32 : mask) >> (reg & 3) * 8;
        fn->cfg[reg] = (uint8_t)((value & mask) | (fn->cfg[reg] & ~mask));
        return;
    }
    if ( reg >= 0x10 + 4 * nr && reg < 0x28 && !is_bridge(fn) )
        return;
    /* a capability's id and link are fixed, and the size in MSI-X's control */
    for ( unsigned int cap = fn->cfg[0x34]; cap; cap = fn->cfg[cap + 1] )
    {
        if ( reg == cap || reg == cap + 1 )
            return;
        if ( fn->cfg[cap] == 0x10 && reg >= cap + 4 && reg < cap + 8 )
            return;
        if ( fn->cfg[cap] == 0x11 && reg >= cap && reg < cap + 12 )
        {
            if ( reg == cap + 3 )
                fn->cfg[reg] =
                    (uint8_t)((fn->cfg[reg] & 0x3f) | (value & 0xc0));
            return;
        }
    }
    fn->cfg[reg] = value;
    react(fn, reg, old);
}

static uint32_t conf_get(const struct model_fn *fn, unsigned int reg,
                         unsigned int size)
{
    uint8_t cfg[8];

    memcpy(cfg, fn->cfg + reg, size);
    if ( reg <= 6 && reg + size > 6 && fn->intx )
        cfg[6 - reg] |= 8;
    return get(cfg, size);
}

static uint64_t bar_address(const struct model_fn *fn, unsigned int i)
{
    uint64_t addr = get(fn->cfg + 0x10 + 4 * i, 4) & ~0xfU;

    return fn->bar_64[i] ? addr | (uint64_t)get(fn->cfg + 0x14 + 4 * i, 4) << 32
                         : addr;
}

/* The memory behind an address, as far as a function decodes it. */
static uint8_t *decode(uint64_t addr)
{
    for ( unsigned int f = 0; f < nr_functions; f++ )
        for ( unsigned int i = 0; i < 6; i++ )
        {
            struct model_fn *fn = functions[f];

            if ( fn->bar_size[i] && (fn->cfg[4] & 2) &&
                 addr >= bar_address(fn, i) &&
                 addr - bar_address(fn, i) < fn->bar_size[i] )
                return &fn->mem[(addr - bar_address(fn, i)) % sizeof(fn->mem)];
        }
    return NULL;
}

static uint64_t read_machine(uint64_t ma, unsigned int size)
{
    uint64_t v = ~0ULL;
    uint8_t *p;

    if ( ma - MODEL_ECAM < (uint64_t)MODEL_BUSES << 20 )
    {
        struct model_fn *fn = find((unsigned int)((ma - MODEL_ECAM) >> 20),
                                   (unsigned int)(ma >> 12) & 0xff);

        return fn ? conf_get(fn, ma & 0xfff, size) : v;
    }
    model_work++;
    p = decode(ma);
    if ( p )
        v = size == 8 ? get(p, 4) | (uint64_t)get(p + 4, 4) << 32
                      : get(p, size);
    return v;
}

static void write_machine(uint64_t ma, unsigned int size, uint64_t value)
{
    uint8_t *p;

    if ( ma - MODEL_ECAM < (uint64_t)MODEL_BUSES << 20 )
    {
        struct model_fn *fn = find((unsigned int)((ma - MODEL_ECAM) >> 20),
                                   (unsigned int)(ma >> 12) & 0xff);

        for ( unsigned int i = 0; fn && i < size; i++ )
            write_byte(fn, (ma & 0xfff) + i, (uint8_t)(value >> 8 * i));
        model_lines();
        return;
    }
    model_work++;
    p = decode(ma);
    if ( p )
        put(p, size, value);
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    return read_machine((uintptr_t)addr - IO_BASE, size);
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    write_machine((uintptr_t)addr - IO_BASE, size, value);
}

void *ioremap(maddr_t ma, size_t size)
{
    (void)size;
    return (void *)(uintptr_t)(IO_BASE + maddr_x(ma));
}

/* ---- the surroundings ---- */

void printk(const char *fmt, ...)
{
    (void)fmt;
}

bool ratelimit_allow(struct ratelimit *rl)
{
    (void)rl;
    return true;
}

void panic(const char *fmt, ...)
{
    fprintf(stderr, "panic: %s", fmt);
    abort();
}

void *xzalloc_bytes(size_t size, size_t align)
{
    (void)align;
    return calloc(1, size);
}

void xfree(void *p)
{
    free(p);
}

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

static unsigned int nr_held;

void spin_lock(spinlock_t *l)
{
    if ( l->tickets++ )
        abort();
    nr_held++;
}

bool spin_is_held(const spinlock_t *l)
{
    return l->tickets != 0;
}

bool spin_trylock(spinlock_t *l)
{
    spin_lock(l);
    return true;
}

/* Interrupts are taken when no lock is held. */
void spin_unlock(spinlock_t *l)
{
    l->tickets--;
    if ( !--nr_held )
        model_lines();
}

spinlock_t device_lock = SPINLOCK_INIT(LOCK_RANK_DEVICE);

void keyhandler_register(char key, void (*fn)(char key), const char *desc)
{
    (void)key, (void)fn, (void)desc;
}

s_time_t NOW(void)
{
    return now += 1000;
}

/* Timers and tasklets: run by model_advance(). */
static struct timer *armed[8];
static struct tasklet *tasklets;

void timer_init(struct timer *t, void (*function)(void *data), void *data,
                unsigned int cpu)
{
    *t = (struct timer){.function = function, .data = data, .cpu = cpu};
}

void timer_set(struct timer *t, s_time_t expires)
{
    t->expires = expires;
    for ( unsigned int i = 0; i < ARRAY_SIZE(armed); i++ )
        if ( armed[i] == t || !armed[i] )
        {
            armed[i] = t;
            return;
        }
    abort();
}

void tasklet_schedule(struct tasklet *t)
{
    if ( t->scheduled )
        return;
    t->scheduled = 1;
    t->next = tasklets;
    tasklets = t;
}

void model_advance(unsigned int ms)
{
    now += MILLISECS(ms);
    while ( tasklets )
    {
        struct tasklet *t = tasklets;

        tasklets = t->next;
        t->scheduled = 0;
        t->function(t->data);
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(armed); i++ )
        if ( armed[i] && armed[i]->expires <= now )
        {
            struct timer *t = armed[i];

            armed[i] = NULL;
            t->function(t->data);
        }
    model_lines();
}

void udelay(unsigned int us)
{
    (void)us;
}

int iommu_dt_xlate_pci(struct dt_node *host, uint32_t requester_id,
                       struct device *dev)
{
    (void)host;
    dev->ids[0] = requester_id;
    dev->nr_ids = 1;
    return 0;
}

/* Units: one that tells requester IDs apart. */
static struct iommu_unit *const unit = (struct iommu_unit *)(uintptr_t)64;

int iommu_add_device(struct device *dev)
{
    struct pci_dev *pdev;

    dev->unit = unit;
    list_init(&dev->group);
    list_for_each_entry (pdev, &pci_devices, list)
        if ( &pdev->dev != dev && pdev->dev.group.next &&
             pdev->dev.ids[0] == dev->ids[0] )
            iommu_join_group(&pdev->dev, dev);
    return 0;
}

void iommu_join_group(struct device *a, struct device *b)
{
    struct list_head *a_next = a->group.next, *b_next = b->group.next;

    for ( struct list_head *m = a_next; m != &a->group; m = m->next )
        if ( m == &b->group )
            return;
    a->group.next = b_next;
    b_next->prev = &a->group;
    b->group.next = a_next;
    a_next->prev = &b->group;
}

/* What the function could still do when the IOMMU lets go of it. */
static void check_quiet(struct device *dev)
{
    const struct pci_dev *pdev = container_of(dev, struct pci_dev, dev);
    const struct model_fn *fn = find(pdev->sbdf.bus, pdev->sbdf.devfn);

    if ( fn && ((fn->cfg[4] & 4) || pdev->vpci) )
        abort();
}

static void set_group_owner(struct device *dev, struct domain *d)
{
    struct device *m = dev;

    do
    {
        if ( !d && m->owner )
            check_quiet(m);
        m->owner = d;
        m = list_entry(m->group.next, struct device, group);
    } while ( m != dev );
}

int iommu_assign_device(struct domain *d, struct device *dev)
{
    if ( dev->owner )
        return dev->owner == d ? 0 : -EBUSY;
    set_group_owner(dev, d);
    return 0;
}

int iommu_deassign_device(struct device *dev)
{
    set_group_owner(dev, NULL);
    return 0;
}

/* ---- interrupt lines ---- */

#define LINE0 35U /* INTIDs of the four; each domain's virtual ones anywhere */

static struct {
    irq_handler_t handler;
    void *dev;
    bool off;
} line[4];
static bool virtual_line[3][64], watched[3][64];

static unsigned int who(const struct domain *d)
{
    return d == model_d ? 0 : d == model_u[0] ? 1 : 2;
}

int dt_map_irq(const struct dt_node *np, const uint32_t addr[4],
               unsigned int *irq, enum irq_type *type)
{
    if ( np != &host_node || addr[3] - 1 > 3 )
        abort();
    *irq = LINE0 + ((addr[0] >> 11 & 31) + addr[3] - 1) % 4;
    *type = IRQ_TYPE_LEVEL_HIGH;
    return 0;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t handler,
                void *dev, const char *name)
{
    (void)type, (void)name;
    line[irq - LINE0].handler = handler;
    line[irq - LINE0].dev = dev;
    return 0;
}

void irq_unmute(unsigned int irq)
{
    line[irq - LINE0].off = false;
}

void irq_mute(unsigned int irq)
{
    line[irq - LINE0].off = true;
    model_throttled++;
}

static bool line_is_high(unsigned int i)
{
    for ( unsigned int n = 0; n < nr_functions; n++ )
    {
        const struct model_fn *fn = functions[n], *at = fn;
        unsigned int pin = fn->cfg[0x3d] - 1U;

        if ( !fn->intx || (fn->cfg[5] & 4) || pin > 3 )
            continue;
        for ( ; at->parent; at = at->parent )
            pin += at->devfn >> 3;
        if ( (pin + (at->devfn >> 3)) % 4 == i )
            return true;
    }
    return false;
}

void model_lines(void)
{
    static bool inside;

    if ( inside || nr_held )
        return; /* the interrupt controller waits for the handler */
    inside = true;
    for ( unsigned int i = 0, limit = 1000; i < 4; i++ )
        while ( line[i].handler && !line[i].off && line_is_high(i) )
        {
            if ( !limit-- )
                abort(); /* the host has no time for anything else */
            line[i].handler(LINE0 + i, line[i].dev);
        }
    inside = false;
}

void model_intx(struct model_fn *fn, bool asserted)
{
    fn->intx = asserted;
    model_lines();
}

bool model_virq(const struct domain *d, unsigned int virq)
{
    return virtual_line[who(d)][virq];
}

void model_eoi(struct domain *d, unsigned int virq)
{
    if ( !virtual_line[who(d)][virq] || !watched[who(d)][virq] )
        abort();
    virtual_line[who(d)][virq] = false;
    pci_intx_ended();
    model_advance(0);
}

void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level)
{
    (void)v;
    virtual_line[who(d)][virq] = level;
}

bool vgic_line(struct domain *d, unsigned int virq)
{
    return virtual_line[who(d)][virq];
}

void vgic_watch(struct domain *d, unsigned int virq)
{
    watched[who(d)][virq] = true;
}

bool vgic_reserve_irq(struct domain *d, unsigned int virq)
{
    (void)d;
    return virq < 64;
}

unsigned int dt_probe_class(enum dt_driver_class class)
{
    (void)class;
    model_host = calloc(1, sizeof(*model_host));
    model_host->np = &host_node;
    model_host->bus_end = MODEL_BUSES - 1;
    model_host->ecam = _maddr(MODEL_ECAM);
    model_host->ecam_size = (uint64_t)MODEL_BUSES << 20;
    model_host->ecam_va = ioremap(model_host->ecam, model_host->ecam_size);
    model_host->window[0] = (struct pci_window){
        .pci = MODEL_MEM32, .cpu = MODEL_MEM32, .size = MODEL_SIZE32};
    model_host->window[1] = (struct pci_window){
        .pci = MODEL_MEM64, .cpu = MODEL_MEM64, .size = MODEL_SIZE64};
    model_host->nr_windows = 2;
    pci_host_add(model_host);
    return 1;
}

/* The P2M: a set of frames of each domain; dom0's at their own number. */
static long find_frame(const struct domain *d, uint64_t gfn)
{
    for ( unsigned long i = 0; i < nr_frames; i++ )
        if ( frame[i].d == d && frame[i].gfn == gfn )
            return (long)i;
    return -1;
}

int p2m_map_range(struct domain *d, gfn_t gfn, unsigned long nr, mfn_t mfn,
                  enum p2m_type type)
{
    if ( (d == model_d && gfn_x(gfn) != mfn_x(mfn)) || !nr ||
         (type != P2M_MMIO_DIRECT && type != P2M_MMIO_DIRECT_NC) )
        abort();
    model_work += nr;
    if ( model_no_memory || nr_frames + nr > MAX_FRAMES )
        return -ENOMEM;
    for ( unsigned long i = 0; i < nr; i++ )
        if ( find_frame(d, gfn_x(gfn) + i) >= 0 )
            return -EEXIST;
    for ( unsigned long i = 0; i < nr; i++ )
        frame[nr_frames++] = (struct frame){d, gfn_x(gfn) + i, mfn_x(mfn) + i};
    return 0;
}

int p2m_unmap_range(struct domain *d, gfn_t gfn, unsigned long nr)
{
    model_work += nr;
    for ( unsigned long i = 0; i < nr; i++ )
    {
        long at = find_frame(d, gfn_x(gfn) + i);

        if ( at >= 0 )
            frame[at] = frame[--nr_frames];
    }
    return 0;
}

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type,
                 unsigned int *order)
{
    long at = find_frame(d, gfn_x(gfn));

    *type = P2M_MMIO_DIRECT;
    *order = 0;
    return at >= 0 ? _mfn(frame[at].mfn) : INVALID_MFN;
}

int p2m_iommu_map_doorbell(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    if ( gfn_x(gfn) != MODEL_DOORBELL >> PAGE_SHIFT ||
         mfn_x(mfn) != MODEL_DOORBELL >> PAGE_SHIFT )
        abort();
    if ( model_ram_at_doorbell && d != model_d )
        return -EEXIST;
    d->p2m.doorbell_users++;
    model_doorbells++;
    return 0;
}

void p2m_iommu_unmap_doorbell(struct domain *d, gfn_t gfn)
{
    if ( gfn_x(gfn) != MODEL_DOORBELL >> PAGE_SHIFT ||
         !d->p2m.doorbell_users-- )
        abort();
    model_doorbells--;
}

void model_view(struct domain *d)
{
    view = d;
}

bool model_mapped_to(uint64_t addr, uint64_t *maddr)
{
    long at = find_frame(view, addr >> PAGE_SHIFT);

    if ( at < 0 )
        return false;
    *maddr = frame[at].mfn << PAGE_SHIFT | (addr & ~PAGE_MASK);
    return true;
}

bool model_mapped(uint64_t addr)
{
    return find_frame(view, addr >> PAGE_SHIFT) >= 0;
}

unsigned long model_nr_mapped(void)
{
    unsigned long nr = 0;

    for ( unsigned long i = 0; i < nr_frames; i++ )
        nr += frame[i].d == view;
    return nr;
}

bool model_frame(unsigned long i, struct domain **d, uint64_t *gaddr,
                 uint64_t *maddr)
{
    if ( i >= nr_frames )
        return false;
    *d = frame[i].d;
    *gaddr = frame[i].gfn << PAGE_SHIFT;
    *maddr = frame[i].mfn << PAGE_SHIFT;
    return true;
}

/* Vectors: the message's data is the slot, plus a number no guest writes. */
struct msi_vector {
    bool used;
    struct domain *d;
    uint32_t device_id;
    unsigned int event, virq;
};
static struct msi_vector vectors[MAX_VECTORS];
#define DATA_BASE 0x4000U

int msi_vector_alloc(struct domain *d, uint32_t device_id,
                     unsigned int nr_events, unsigned int event,
                     unsigned int virq, struct msi_msg *msg,
                     struct msi_vector **out)
{
    unsigned int slot = 0;

    if ( event >= nr_events || !vgic_is_msi(d, virq) )
        abort();
    for ( unsigned int i = MAX_VECTORS; i--; )
    {
        if ( !vectors[i].used )
            slot = i;
        else if ( vectors[i].device_id == device_id &&
                  vectors[i].event == event )
            abort(); /* the ITS has one entry for it */
    }
    if ( vectors[slot].used )
        return -ENOSPC;
    vectors[slot] = (struct msi_vector){true, d, device_id, event, virq};
    msg->doorbell = _maddr(MODEL_DOORBELL);
    msg->data = DATA_BASE + slot;
    *out = &vectors[slot];
    model_vectors++;
    model_work++;
    return 0;
}

void msi_vector_free(struct msi_vector *vec)
{
    if ( !vec->used )
        abort();
    vec->used = false;
    model_vectors--;
    model_work++;
}

bool msi_doorbell_page(maddr_t *ma)
{
    *ma = _maddr(MODEL_DOORBELL & PAGE_MASK);
    return true;
}

bool vgic_is_msi(const struct domain *d, unsigned int virq)
{
    (void)d;
    return virq - MODEL_MSI_FIRST < MODEL_MSI_NR;
}

bool msi_isolated(void)
{
    return model_isolated;
}

bool model_vector_of(uint32_t data, unsigned int *virq)
{
    if ( data - DATA_BASE >= MAX_VECTORS || !vectors[data - DATA_BASE].used )
        return false;
    *virq = vectors[data - DATA_BASE].virq;
    return true;
}

bool model_vector_owner(uint32_t data, struct domain **d, uint32_t *device_id)
{
    if ( data - DATA_BASE >= MAX_VECTORS || !vectors[data - DATA_BASE].used )
        return false;
    *d = vectors[data - DATA_BASE].d;
    *device_id = vectors[data - DATA_BASE].device_id;
    return true;
}

/* Traps of the domains. */
static struct {
    struct mmio_region region;
    struct domain *d;
} regions[16];

int mmio_register(struct domain *d, ipa_t base, uint64_t size,
                  const struct mmio_ops *ops, void *priv)
{
    regions[model_windows].region =
        (struct mmio_region){ipa_x(base), size, ops, priv};
    regions[model_windows++].d = d;
    return 0;
}

static const struct mmio_region *region_of(uint64_t addr)
{
    for ( unsigned int i = 0; i < model_windows; i++ )
        if ( regions[i].d == view &&
             addr - regions[i].region.base < regions[i].region.size )
            return &regions[i].region;
    return NULL;
}

uint64_t guest_read(uint64_t addr, unsigned int size)
{
    const struct mmio_region *r = region_of(addr);
    uint64_t value = ~0ULL, maddr;

    if ( model_mapped_to(addr, &maddr) )
        return read_machine(maddr, size);
    if ( r )
        (void)!r->ops->read(NULL, r->priv, addr - r->base, size, &value);
    return size == 8 ? value : value & (BIT64(size * 8) - 1);
}

int guest_late_write(uint64_t addr, unsigned int size, uint64_t value)
{
    const struct mmio_region *r = region_of(addr);

    return r ? r->ops->write(NULL, r->priv, addr - r->base, size, value) : 0;
}

void guest_write(uint64_t addr, unsigned int size, uint64_t value)
{
    uint64_t maddr;

    if ( model_mapped_to(addr, &maddr) )
        write_machine(maddr, size, value);
    else
        (void)!guest_late_write(addr, size, value);
}

static uint64_t ecam(void)
{
    return view == model_d ? MODEL_ECAM : GUEST_VPCI_ECAM_BASE;
}

uint64_t guest_conf_read(unsigned int bus, unsigned int devfn, unsigned int reg,
                         unsigned int size)
{
    return guest_read(ecam() + (bus << 20 | devfn << 12 | reg), size);
}

void guest_conf_write(unsigned int bus, unsigned int devfn, unsigned int reg,
                      unsigned int size, uint64_t value)
{
    guest_write(ecam() + (bus << 20 | devfn << 12 | reg), size, value);
}

/* ---- building one ---- */

struct model_fn *model_add(struct model_fn *parent, unsigned int devfn,
                           unsigned int header)
{
    struct model_fn *fn = calloc(1, sizeof(*fn));

    fn->parent = parent;
    fn->devfn = devfn;
    put(fn->cfg, 4, 0x12341b36);
    fn->cfg[0x3d] = 1;
    fn->cfg[0x0e] = (uint8_t)header;
    functions[nr_functions++] = fn;
    return fn;
}

void model_remove(struct model_fn *fn)
{
    for ( unsigned int i = 0; i < nr_functions; i++ )
        if ( functions[i] == fn )
            functions[i] = functions[--nr_functions];
    free(fn);
}

void model_bar(struct model_fn *fn, unsigned int i, uint64_t size, bool is_64)
{
    fn->bar_size[i] = size;
    fn->bar_64[i] = is_64;
    fn->cfg[0x10 + 4 * i] = is_64 ? 0x0c : 0;
}

static void add_cap(struct model_fn *fn, unsigned int at, uint8_t id,
                    unsigned int next)
{
    if ( !fn->cfg[0x34] )
        fn->cfg[0x34] = (uint8_t)at;
    fn->cfg[6] |= 0x10;
    fn->cfg[at] = id;
    fn->cfg[at + 1] = (uint8_t)next;
}

void model_cap_exp(struct model_fn *fn, unsigned int at, unsigned int type,
                   unsigned int next)
{
    add_cap(fn, at, 0x10, next);
    fn->cfg[at + 2] = (uint8_t)(type << 4 | 2);
}

void model_cap_pm(struct model_fn *fn, unsigned int at, bool resets,
                  unsigned int next)
{
    add_cap(fn, at, 0x01, next);
    fn->cfg[at + 2] = 3;
    fn->cfg[at + 3] = 0xc8; /* PME */
    fn->cfg[at + 4] = resets ? 0 : 8;
}

void model_cap_msi(struct model_fn *fn, unsigned int at, unsigned int next)
{
    add_cap(fn, at, 0x05, next);
    fn->cfg[at + 2] = 0x80 | 3 << 1; /* 64 bits, eight messages */
}

void model_cap_msix(struct model_fn *fn, unsigned int at, unsigned int nr,
                    unsigned int bar, uint32_t offset, unsigned int next)
{
    add_cap(fn, at, 0x11, next);
    put(fn->cfg + at + 2, 2, nr - 1);
    put(fn->cfg + at + 4, 4, offset | bar);
    mask_table(fn, at);
}

static struct domain *new_domain(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->domain_id = id;
    d->iommu.enabled = true;
    domain_vpci_init(d);
    return d;
}

void model_reset(void)
{
    model_exit();
    model_d = new_domain(0);
    model_d->is_hardware = true;
    hardware_domain = view = model_d;
    model_isolated = true;
    for ( unsigned int i = 0; i < ARRAY_SIZE(model_u); i++ )
        model_u[i] = new_domain((domid_t)(i + 1));
}

void model_boot(void)
{
    pci_init();
    pci_add_to_iommu();
    if ( pci_assign_all(model_d) )
        abort();
    for ( unsigned int i = 0; i < ARRAY_SIZE(model_u); i++ )
        if ( vpci_add_bridge(model_u[i]) )
            abort();
}

static void end_domain(struct domain *d)
{
    for ( unsigned int i = 0; pci_domain_release(d) == -ERESTART; i++ )
    {
        if ( i == 100 )
            abort();
        model_advance(50);
    }
    domain_vpci_exit(d);
    free(d);
}

void model_exit(void)
{
    struct pci_dev *pdev, *next;

    if ( !model_d )
        return;
    model_no_memory = false;
    for ( unsigned int i = 0; i < ARRAY_SIZE(model_u); i++ )
        end_domain(model_u[i]);
    list_for_each_entry_safe (pdev, next, &pci_devices, list)
    {
        while ( vpci_remove_function(pdev) )
            ;
        list_del(&pdev->list);
        free(pdev);
    }
    domain_vpci_exit(model_d);
    free(model_d);
    model_d = NULL;
    if ( model_host )
        list_del(&model_host->list);
    free(model_host);
    model_host = NULL;
    while ( nr_functions )
        free(functions[--nr_functions]);
    if ( nr_frames || model_vectors || model_doorbells )
        abort(); /* removal left something behind */
    model_windows = 0;
    model_ram_at_doorbell = false;
    model_throttled = 0;
    model_advance(1000);
    memset(virtual_line, 0, sizeof(virtual_line));
}
