/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FIFO event channel ABI. Each port has an event word in pages the guest
 * gave (the array); each vCPU has a control block with 16 queue heads:
 *
 *   control block        event words
 *   ready   head[q] ---> port 5: PENDING LINKED link=9 ---> port 9: link=0
 *                                                           (our q->tail)
 *
 * We append at the tail, the guest takes from the head: it reads the link and
 * clears it together with LINKED. So a tail that lost its LINKED bit means that
 * the guest has emptied the queue, and the port goes to the head instead.
 *
 * Lock: a domain's fifo->lock for tails and links. All words are shared with
 * the guest and changed by atomics.
 * Manual: <public/event_channel.h>, "FIFO ABI".
 */
#include <xen/event.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/guest-atomics.h>
#include <xen/mm.h>

#define WORDS_PER_PAGE ((unsigned int)(PAGE_SIZE / sizeof(event_word_t)))
#define MAX_PAGES      ((unsigned int)EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

#define PENDING   BIT32(EVTCHN_FIFO_PENDING)
#define MASKED    BIT32(EVTCHN_FIFO_MASKED)
#define LINKED    BIT32(EVTCHN_FIFO_LINKED)
#define BUSY      BIT32(EVTCHN_FIFO_BUSY)
#define LINK_MASK ((uint32_t)EVTCHN_FIFO_LINK_MASK)

_Static_assert(sizeof(struct evtchn_fifo_control_block) == 72, "control block");
_Static_assert(sizeof(struct evtchn_init_control) == 24, "init_control");

struct evtchn_fifo {
    spinlock_t lock;                   /* LOCK_RANK_EVTCHN_FIFO */
    unsigned int nr_words;             /* only grows; event words there are */
    struct page_info *page[MAX_PAGES]; /* evtchn.lock; a reference each */
    event_word_t *array[MAX_PAGES];
};

struct evtchn_fifo_vcpu {
    struct page_info *page;
    struct evtchn_fifo_control_block *block;
    uint32_t tail[EVTCHN_FIFO_MAX_QUEUES]; /* fifo->lock; 0: was emptied */
};

static event_word_t *event_word(const struct domain *d, evtchn_port_t port)
{
    struct evtchn_fifo *f = d->evtchn.fifo;

    if ( port >= __atomic_load_n(&f->nr_words, __ATOMIC_ACQUIRE) )
        return NULL;
    return &f->array[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

static struct evtchn_fifo_vcpu *fifo_vcpu(const struct domain *d,
                                          unsigned int vcpu)
{
    const struct vcpu *v = d->vcpu[vcpu];

    return __atomic_load_n(&v->evtchn.fifo, __ATOMIC_ACQUIRE);
}

/*
 * Point the tail's link at @port, unless the guest has unlinked the tail. One
 * change of the word by the guest may come between; a second cannot while BUSY
 * is set, but for clearing LINKED.
 */
static bool link_tail(struct domain *d, event_word_t *word, uint32_t port)
{
    uint32_t w = READ_ONCE(*word);

    for ( unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++ )
    {
        if ( !(w & LINKED) )
        {
            if ( w & BUSY )
                guest_fetch_and32(d, word, ~BUSY);
            return false;
        }
        if ( guest_cmpxchg32(d, word, &w, (w & ~(BUSY | LINK_MASK)) | port) )
            return true;
        if ( i == 1 )
            w = guest_fetch_or32(d, word, BUSY) | BUSY;
    }
    guest_atomic_starved(d);
    return false;
}

/* Append a port that was just marked LINKED. True: its queue was empty. */
static bool enqueue(struct domain *d, struct evtchn *chn,
                    struct evtchn_fifo_vcpu *fv)
{
    struct evtchn_fifo_vcpu *old = fifo_vcpu(d, chn->last_vcpu);
    uint32_t *tail = &fv->tail[chn->priority];
    event_word_t *tail_word;
    bool linked = false;

    /* it was a tail and has been taken: that queue is empty now */
    if ( old && old->tail[chn->last_priority] == chn->port )
        old->tail[chn->last_priority] = 0;
    chn->last_vcpu = chn->notify_vcpu;
    chn->last_priority = chn->priority;

    if ( *tail && (tail_word = event_word(d, *tail)) )
        linked = link_tail(d, tail_word, chn->port);
    if ( !linked )
        WRITE_ONCE(fv->block->head[chn->priority], chn->port);
    *tail = chn->port;
    return !linked;
}

/* Link a pending, unmasked port and tell its vCPU. */
static void link_port(struct domain *d, struct evtchn *chn, event_word_t *word)
{
    struct evtchn_fifo *f = d->evtchn.fifo;
    struct evtchn_fifo_vcpu *fv = fifo_vcpu(d, chn->notify_vcpu);
    uint32_t ready = BIT32(chn->priority);
    bool was_empty;

    /* a guest may not unmask for a vCPU without a control block: dropped */
    if ( unlikely(!fv) )
        return;

    spin_lock(&f->lock);
    if ( guest_fetch_or32(d, word, LINKED) & LINKED )
    {
        spin_unlock(&f->lock);
        return;
    }
    was_empty = enqueue(d, chn, fv);
    spin_unlock(&f->lock);

    if ( was_empty && !(guest_fetch_or32(d, &fv->block->ready, ready) & ready) )
        vcpu_mark_events_pending(d->vcpu[chn->notify_vcpu]);
}

void evtchn_fifo_set_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = event_word(d, chn->port);

    if ( unlikely(!word) )
    {
        chn->pending = true; /* until expand_array */
        return;
    }
    /* masked: unmasking finds PENDING; linked: so does the guest */
    if ( !(guest_fetch_or32(d, word, PENDING) & (MASKED | LINKED)) )
        link_port(d, chn, word);
}

void evtchn_fifo_unmask(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = event_word(d, chn->port);

    if ( word && (guest_fetch_and32(d, word, ~MASKED) & PENDING) )
        evtchn_fifo_set_pending(d, chn);
}

void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = event_word(d, chn->port);

    /* not unlinked: the guest takes it off its queue, finding nothing */
    if ( word )
        guest_fetch_and32(d, word, ~PENDING);
}

bool evtchn_fifo_is_pending(const struct domain *d, const struct evtchn *chn)
{
    const event_word_t *word = event_word(d, chn->port);

    return word ? READ_ONCE(*word) & PENDING : chn->pending;
}

bool evtchn_fifo_is_masked(const struct domain *d, const struct evtchn *chn)
{
    const event_word_t *word = event_word(d, chn->port);

    return !word || (READ_ONCE(*word) & MASKED);
}

bool evtchn_fifo_is_linked(const struct domain *d, evtchn_port_t port)
{
    const event_word_t *word = event_word(d, port);

    return word && (READ_ONCE(*word) & LINKED);
}

/* ---- life ---- */

/* A RAM page of the guest's with a reference, or NULL. */
static struct page_info *get_ram_page(struct domain *d, uint64_t gfn)
{
    enum p2m_type type;
    struct page_info *pg = p2m_get_page(d, _gfn(gfn), true, &type);

    if ( pg && type != P2M_RAM_RW )
    {
        put_page(pg);
        return NULL;
    }
    return pg;
}

/*
 * From the 2-level ABI: what is pending there is raised again here, once the
 * words exist.
 */
static int fifo_switch(struct domain *d)
{
    struct evtchn_fifo *f = xzalloc(struct evtchn_fifo);

    if ( !f )
        return -ENOMEM;
    spin_lock_init(&f->lock, LOCK_RANK_EVTCHN_FIFO);

    for ( unsigned int port = 1; port < d->evtchn.nr_ports; port++ )
    {
        struct evtchn *chn = evtchn_get(&d->evtchn, port);

        spin_lock(&chn->lock);
        chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
        chn->last_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
        chn->pending =
            port < EVTCHN_2L_NR_CHANNELS &&
            (d->shared_info->evtchn_pending[port / 64] & BIT64(port % 64));
        spin_unlock(&chn->lock);
    }
    __atomic_store_n(&d->evtchn.fifo, f, __ATOMIC_RELEASE);
    return 0;
}

int evtchn_fifo_init_control(struct domain *d, struct evtchn_init_control *op)
{
    struct evtchn_fifo_vcpu *fv;
    struct vcpu *v;
    int rc = -ENOMEM;

    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    memset(op->_pad, 0, sizeof(op->_pad));
    if ( op->vcpu >= d->max_vcpus || !d->vcpu[op->vcpu] )
        return -ENOENT;
    v = d->vcpu[op->vcpu];
    if ( op->offset % sizeof(uint64_t) ||
         op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
         v->evtchn.fifo )
        return -EINVAL;

    fv = xzalloc(struct evtchn_fifo_vcpu);
    if ( !fv )
        return -ENOMEM;
    fv->page = get_ram_page(d, op->control_gfn);
    if ( !fv->page )
        rc = -EINVAL;
    else if ( d->evtchn.fifo || !(rc = fifo_switch(d)) )
    {
        fv->block = (void *)((char *)page_to_virt(fv->page) + op->offset);
        __atomic_store_n(&v->evtchn.fifo, fv, __ATOMIC_RELEASE);
        return 0;
    }
    if ( fv->page )
        put_page(fv->page);
    xfree(fv);
    return rc;
}

int evtchn_fifo_expand_array(struct domain *d, struct evtchn_expand_array *op)
{
    struct evtchn_fifo *f = d->evtchn.fifo;
    unsigned int first, nr;

    if ( !f )
        return -ENOSYS;
    first = f->nr_words;
    nr = first / WORDS_PER_PAGE;
    if ( nr >= MAX_PAGES )
        return -ENOSPC;

    f->page[nr] = get_ram_page(d, op->array_gfn);
    if ( !f->page[nr] )
        return -EINVAL;
    f->array[nr] = page_to_virt(f->page[nr]);
    /* pairs with the acquire in event_word() */
    __atomic_store_n(&f->nr_words, first + WORDS_PER_PAGE, __ATOMIC_RELEASE);

    for ( unsigned int port = max(first, 1U);
          port < min(first + WORDS_PER_PAGE, d->evtchn.nr_ports); port++ )
    {
        struct evtchn *chn = evtchn_get(&d->evtchn, port);

        spin_lock(&chn->lock);
        if ( chn->pending )
        {
            chn->pending = false;
            evtchn_fifo_set_pending(d, chn);
        }
        spin_unlock(&chn->lock);
    }
    return 0;
}

void evtchn_fifo_destroy(struct domain *d)
{
    struct evtchn_fifo *f = d->evtchn.fifo;
    struct vcpu *v;

    if ( !f )
        return;
    d->evtchn.fifo = NULL;
    for_each_vcpu (d, v)
    {
        struct evtchn_fifo_vcpu *fv = v->evtchn.fifo;

        v->evtchn.fifo = NULL;
        if ( fv )
            put_page(fv->page);
        xfree(fv);
    }
    for ( unsigned int i = 0; i < f->nr_words / WORDS_PER_PAGE; i++ )
        put_page(f->page[i]);
    xfree(f);
}
