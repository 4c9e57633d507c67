/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message interrupts of functions: one interface over LPIs of the ITS and
 * SPIs of a GICv2m frame. Every vector injects one virtual SPI.
 *
 * A frame's SPIs are of use only if nobody else has them: on QEMU's virt its
 * range covers the SMMU's interrupts, so what any node of the tree lists and
 * what is booked is never handed out.
 *
 * A device that sends without end is held back: its vector is off at the
 * interrupt controller for a while, which remembers one message. So are the
 * vectors of a guest that sends too much with all of them.
 *
 * Vectors are never freed, only unused: an interrupt may arrive late. Their
 * lock (LOCK_RANK_IRQ) is held while one is injected; alloc_lock (same rank,
 * never together) covers which are in use, hold_lock (LOCK_RANK_GIC, inside
 * theirs) those that are held back.
 */
#include <xen/irq.h>

#include <xen/bits.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <asm/gic.h>
#include <asm/vgic.h>

#define V2M_TYPER      0x008U
#define V2M_TYPER_BASE GENMASK32(25, 16)
#define V2M_TYPER_NR   GENMASK32(9, 0)
#define V2M_SETSPI_NS  0x040U
#define V2M_SIZE       0x1000U

struct msi_vector {
    spinlock_t lock;
    struct domain *d;           /* lock; NULL: nobody's */
    unsigned int virq;          /* lock */
    bool used;                  /* alloc_lock */
    bool unusable;              /* alloc_lock: taken, or its unmap timed out */
    bool requested;             /* v2m: irq_request() was done */
    bool held;                  /* lock: off, and on held_vectors */
    struct list_head hold_list; /* hold_lock */
    unsigned int count;         /* lock: messages since @window */
    s_time_t window;            /* lock */
    uint32_t device_id;
    unsigned int event;
};

/* So many messages of a vector in that time are a storm. */
#define HOLD_LIMIT  2000U
#define GUEST_LIMIT 6000U /* of all vectors of a guest */
#define HOLD_TIME   MILLISECS(20)
/* So many are let go at a time: each takes a command of the ITS. */
#define HOLD_SLICE 32U

static struct msi_vector *vectors;
static unsigned int nr_vectors;
static unsigned int first_irq; /* INTID of vectors[0] */
static maddr_t v2m_frame;
static DEFINE_SPINLOCK(alloc_lock, LOCK_RANK_IRQ);
static DEFINE_SPINLOCK(hold_lock, LOCK_RANK_GIC);
static LIST_HEAD(held_vectors); /* hold_lock */
static struct timer hold_timer; /* set while there are any */

unsigned int msi_vector_irq(const struct msi_vector *vec)
{
    return first_irq + (unsigned int)(vec - vectors);
}

static void set_enabled(struct msi_vector *vec, bool on)
{
    unsigned int irq = msi_vector_irq(vec);

    ASSERT(spin_is_held(&vec->lock)); /* else it may be another owner's */
    if ( its_present() )
        its_enable(vec->device_id, vec->event, irq, on);
    else
        (on ? gic->enable : gic->disable)(irq);
}

/* Count a message; true: it was one too many in too short a time. */
static bool is_storm(struct msi_vector *vec)
{
    s_time_t now, since;

    if ( ++vec->count < HOLD_LIMIT )
        return false;
    now = NOW();
    since = now - vec->window;
    vec->window = now;
    vec->count = 0;
    return since < HOLD_TIME;
}

/* The same for all of a guest's vectors: thousands of them, each below its
 * limit, would leave the CPU no time for anybody. Vectors race for the count,
 * which may lose a few. */
static bool is_flood(struct domain *d)
{
    struct vgic_dist *dist = &d->vgic;
    s_time_t now;

    if ( d->is_hardware )
        return false;
    now = NOW();
    if ( now - READ_ONCE(dist->msg_window) >= HOLD_TIME )
    {
        WRITE_ONCE(dist->msg_window, now);
        WRITE_ONCE(dist->nr_msgs, 0);
    }
    WRITE_ONCE(dist->nr_msgs, dist->nr_msgs + 1);
    return READ_ONCE(dist->nr_msgs) > GUEST_LIMIT;
}

/* The first one sets the timer: it does not wait longer for later ones. */
static void hold(struct msi_vector *vec)
{
    set_enabled(vec, false);
    vec->held = true;
    spin_lock(&hold_lock);
    if ( list_empty(&held_vectors) )
        timer_set(&hold_timer, NOW() + HOLD_TIME);
    list_add_tail(&vec->hold_list, &held_vectors);
    spin_unlock(&hold_lock);
}

static void unhold(struct msi_vector *vec)
{
    vec->held = false;
    spin_lock(&hold_lock);
    list_del(&vec->hold_list);
    spin_unlock(&hold_lock);
}

static void inject(struct msi_vector *vec)
{
    bool too_many = false;

    spin_lock(&vec->lock);
    if ( vec->d )
    {
        vgic_inject(vec->d, NULL, vec->virq, true);
        too_many = is_storm(vec);
        too_many |= is_flood(vec->d);
        if ( too_many && !vec->held )
        {
            hold(vec);
            printk_ratelimited(
                XENLOG_WARN "d%u: device %02x:%02x.%u: message %u without "
                            "end, held back\n",
                vec->d->domain_id, vec->device_id >> 8 & 0xff,
                vec->device_id >> 3 & 31, vec->device_id & 7, vec->event);
        }
    }
    spin_unlock(&vec->lock);
}

static struct msi_vector *first_held(void)
{
    struct msi_vector *vec = NULL;

    spin_lock(&hold_lock);
    if ( !list_empty(&held_vectors) )
        vec = list_first_entry(&held_vectors, struct msi_vector, hold_list);
    spin_unlock(&hold_lock);
    return vec;
}

static void end_hold(void *unused)
{
    struct msi_vector *vec;

    (void)unused;
    for ( unsigned int i = 0; i < HOLD_SLICE && (vec = first_held()); i++ )
    {
        spin_lock(&vec->lock);
        if ( vec->held ) /* still: it may have been freed, or passed on */
        {
            unhold(vec);
            set_enabled(vec, true);
        }
        spin_unlock(&vec->lock);
    }
    spin_lock(&hold_lock);
    if ( !list_empty(&held_vectors) )
        timer_set(&hold_timer, NOW() + MILLISECS(1));
    spin_unlock(&hold_lock);
}

void msi_lpi(uint32_t intid)
{
    if ( its_present() && intid - IRQ_LPI_FIRST < nr_vectors )
        inject(&vectors[intid - IRQ_LPI_FIRST]);
}

static void v2m_irq(unsigned int irq, void *dev)
{
    (void)irq;
    inject(dev);
}

static void put_vector(struct msi_vector *vec, bool unusable)
{
    spin_lock(&alloc_lock);
    vec->used = false;
    vec->unusable = unusable;
    spin_unlock(&alloc_lock);
}

static struct msi_vector *get_vector(void)
{
    static unsigned int next; /* alloc_lock */
    struct msi_vector *vec = NULL;

    /* Not the last one freed: a late interrupt finds nobody. */
    spin_lock(&alloc_lock);
    for ( unsigned int i = 0; i < nr_vectors && !vec; i++ )
    {
        struct msi_vector *v = &vectors[next];

        next = next + 1 == nr_vectors ? 0 : next + 1;
        if ( !v->used && !v->unusable )
        {
            v->used = true;
            vec = v;
        }
    }
    spin_unlock(&alloc_lock);
    return vec;
}

/* Where the guest wants it, as far as its vCPU stays there. */
static unsigned int pick_cpu(struct domain *d, unsigned int virq)
{
    const struct vgic_irq *irq = vgic_irq(d, NULL, virq);
    const struct vcpu *target = irq ? irq->target : NULL;

    return target ? target->sched.cpu : smp_processor_id();
}

static int enable_v2m(struct msi_vector *vec)
{
    unsigned int irq = msi_vector_irq(vec);
    int rc;

    if ( vec->requested )
    {
        gic->set_pending(irq, false);
        gic->enable(irq);
        return 0;
    }
    rc = irq_request(irq, IRQ_TYPE_EDGE_RISING, v2m_irq, vec, "msi");
    vec->requested = !rc;
    return rc;
}

static void set_owner(struct msi_vector *vec, struct domain *d,
                      unsigned int virq)
{
    struct vgic_irq *irq = d ? vgic_irq(d, NULL, virq) : NULL;

    spin_lock(&vec->lock);
    vec->d = d;
    vec->virq = virq;
    if ( vec->held )
        unhold(vec);
    vec->count = 0;
    spin_unlock(&vec->lock);
    if ( irq )
        __atomic_store_n(&irq->msi, vec, __ATOMIC_RELAXED);
}

static int enable_vector(struct msi_vector *vec, unsigned int nr_events)
{
    return its_present()
               ? its_map(vec->device_id, nr_events, vec->event,
                         msi_vector_irq(vec), pick_cpu(vec->d, vec->virq))
               : enable_v2m(vec);
}

int msi_vector_alloc(struct domain *d, uint32_t device_id,
                     unsigned int nr_events, unsigned int event,
                     unsigned int virq, struct msi_msg *msg,
                     struct msi_vector **out)
{
    struct msi_vector *vec;
    int rc;

    if ( !nr_vectors )
        return -ENODEV;

    do
    {
        vec = get_vector();
        if ( !vec )
            return -ENOSPC;
        vec->device_id = device_id;
        vec->event = event;
        set_owner(vec, d, virq);
        rc = enable_vector(vec, nr_events);
        if ( rc )
        {
            set_owner(vec, NULL, 0);
            put_vector(vec, rc == -EBUSY || rc == -ETIMEDOUT);
        }
    } while ( rc == -EBUSY ); /* that SPI is somebody else's: the next one */
    if ( rc )
        return rc;

    msg->doorbell =
        its_present() ? its_doorbell() : maddr_add(v2m_frame, V2M_SETSPI_NS);
    msg->data = its_present() ? event : msi_vector_irq(vec);
    *out = vec;

    return 0;
}

void msi_vector_free(struct msi_vector *vec)
{
    bool unusable = false;

    set_owner(vec, NULL, 0); /* from here on nobody turns it on or off */
    if ( its_present() )
        unusable = its_unmap(vec->device_id, vec->event) != 0;
    else
        gic->disable(msi_vector_irq(vec));
    put_vector(vec, unusable);
}

void msi_retarget(struct domain *d, unsigned int virq, unsigned int cpu)
{
    struct vgic_irq *irq = vgic_irq(d, NULL, virq);
    struct msi_vector *vec = irq ? READ_ONCE(irq->msi) : NULL;

    if ( !vec )
        return;
    spin_lock(&vec->lock);
    if ( vec->d == d && vec->virq == virq ) /* still */
    {
        if ( its_present() )
            its_move(vec->device_id, vec->event, cpu);
        else
            gic->set_affinity(msi_vector_irq(vec), cpu);
    }
    spin_unlock(&vec->lock);
}

bool msi_isolated(void)
{
    return its_present();
}

bool msi_doorbell_page(maddr_t *ma)
{
    if ( !nr_vectors )
        return false;
    *ma =
        its_present() ? _maddr(maddr_x(its_doorbell()) & PAGE_MASK) : v2m_frame;
    return true;
}

/* ---- probe ---- */

/* No lock: also on a machine that hangs. */
static void dump(char key)
{
    unsigned int used = 0, unusable = 0;

    (void)key;
    for ( unsigned int i = 0; i < nr_vectors; i++ )
    {
        used += READ_ONCE(vectors[i].used);
        unusable += READ_ONCE(vectors[i].unusable);
    }
    printk("message vectors: %u of %u in use, %u unusable\n", used, nr_vectors,
           unusable);
}

static void init_vectors(unsigned int first, unsigned int nr)
{
    vectors = xzalloc_array(struct msi_vector, nr);
    if ( !vectors )
    {
        printk(XENLOG_ERR "msi: no memory for %u vectors\n", nr);
        return;
    }
    for ( unsigned int i = 0; i < nr; i++ )
    {
        spin_lock_init(&vectors[i].lock, LOCK_RANK_IRQ);
        vectors[i].unusable = first < IRQ_SPI_END && irq_listed(first + i);
    }
    first_irq = first;
    nr_vectors = nr;
    keyhandler_register('M', dump, "message vectors");
    timer_init(&hold_timer, end_hold, NULL, smp_processor_id());
    list_init(&held_vectors);
}

/* The range is the frame's own word unless the tree overrides it. */
static int v2m_range(const struct dt_node *np, unsigned int *first,
                     unsigned int *nr)
{
    uint8_t *frame;
    uint32_t typer;

    if ( !dt_read_u32(np, "arm,msi-base-spi", first) &&
         !dt_read_u32(np, "arm,msi-num-spis", nr) )
        return 0;
    frame = ioremap(v2m_frame, V2M_SIZE);
    if ( !frame )
        return -ENOMEM;
    typer = read32(frame + V2M_TYPER);
    *first = (unsigned int)FIELD_GET(V2M_TYPER_BASE, typer);
    *nr = (unsigned int)FIELD_GET(V2M_TYPER_NR, typer);
    return 0;
}

static void v2m_probe(const struct dt_node *np)
{
    unsigned int first, nr;
    uint64_t addr, size;

    if ( dt_get_reg(np, 0, &addr, &size) )
        return;
    v2m_frame = _maddr(addr);
    if ( v2m_range(np, &first, &nr) || first < IRQ_SPI_FIRST || !nr ||
         nr > gic_nr_irqs || first > gic_nr_irqs - nr )
    {
        printk(XENLOG_ERR "v2m: %s: bad range of interrupts\n", np->full_name);
        return;
    }
    init_vectors(first, nr);
    printk("v2m %lx: interrupts %u to %u, as far as nobody else has them\n",
           maddr_x(v2m_frame), first, first + nr - 1);
}

void msi_init(void)
{
    struct dt_node *np;

    if ( gic->version == 3 && its_probe(gic_layout.np) )
    {
        init_vectors(IRQ_LPI_FIRST, NR_LPIS);
        return;
    }
    dt_for_each_child (gic_layout.np, np)
        if ( !nr_vectors && dt_is_compatible(np, "arm,gic-v2m-frame") &&
             dt_is_available(np) )
            v2m_probe(np);
}
