/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1: frames that a domain lends to another, who maps or
 * copies them. The lender's side is its table (shared with it) and an active
 * entry per reference in use; the user's side is its maptrack, by handle.
 *
 *   lender's entry --pin--> active entry (frame, reference) <-- maptrack[handle]
 *   GTF_reading/writing are set in the entry while it is pinned.
 *
 * Locks: a table's lock for its frames, active entries and maptrack. Lender's
 * and user's are taken one after the other, never together. p2m->lock inside.
 * Manual: <public/grant_table.h>.
 */
#include <xen/grant-table.h>

#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/domain.h>
#include <xen/guest-atomics.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/mm.h>
#include <xen/softirq.h>

_Static_assert(sizeof(struct grant_entry_v1) == 8, "grant entry");
_Static_assert(sizeof(struct gnttab_map_grant_ref) == 32, "map");
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == 24, "unmap");
_Static_assert(sizeof(struct gnttab_copy) == 40, "copy");
_Static_assert(sizeof(struct gnttab_query_size) == 16, "query_size");
_Static_assert(sizeof(struct gnttab_cache_flush) == 16, "cache_flush");

#define ENTRIES_PER_FRAME                                                      \
    ((unsigned int)(PAGE_SIZE / sizeof(struct grant_entry_v1)))

/* Flags and domid, the first word of an entry. */
#define ENTRY_FLAGS GENMASK32(15, 0)
#define ENTRY_DOMID GENMASK32(31, 16)

/* A reference; in use when page is set, else the counts are 0. table lock */
struct active_grant {
    struct page_info *page; /* one reference while pinned */
    uint32_t readers, writers;
    domid_t domid; /* of the user */
    bool writable; /* the lender itself may write the frame */
};

/* What the user mapped, by handle. Its owner's table lock. */
struct grant_mapping {
    struct domain *lender; /* reference held; NULL: free */
    mfn_t mfn;
    gfn_t gfn;    /* where it is in the user's space */
    uint32_t ref; /* next free handle while free */
    bool readonly;
    bool busy;    /* free, being mapped or unmapped: hands off; atomic */
    bool aliased; /* has an IOMMU entry at its machine address */
};

#define MAPPINGS_PER_PAGE                                                      \
    ((unsigned int)(PAGE_SIZE / sizeof(struct grant_mapping)))
#define NO_HANDLE UINT32_MAX

static struct grant_mapping *mapping_at(const struct grant_table *gt,
                                        uint32_t handle)
{
    return &gt->maptrack[handle / MAPPINGS_PER_PAGE]
                        [handle % MAPPINGS_PER_PAGE];
}

/* ---- the lender's side; gt->lock held ---- */

static struct grant_entry_v1 *shared_entry(const struct grant_table *gt,
                                           uint32_t ref)
{
    struct grant_entry_v1 *frame =
        page_to_virt(gt->frame[ref / ENTRIES_PER_FRAME].page);

    return &frame[ref % ENTRIES_PER_FRAME];
}

static struct active_grant *active_entry(const struct grant_table *gt,
                                         uint32_t ref)
{
    return &gt->frame[ref / ENTRIES_PER_FRAME].active[ref % ENTRIES_PER_FRAME];
}

/*
 * Check the entry and set GTF_reading (and writing) in one step, so that the
 * lender cannot take it back in between.
 */
static int16_t mark_in_use(struct domain *d, uint32_t *word, domid_t user,
                           bool readonly)
{
    uint32_t old = READ_ONCE(*word);
    uint32_t set = readonly ? GTF_reading : GTF_reading | GTF_writing;

    for ( unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++ )
    {
        if ( (old & GTF_type_mask) != GTF_permit_access ||
             FIELD_GET(ENTRY_DOMID, old) != user ||
             (!readonly && (old & GTF_readonly)) )
            return GNTST_general_error;
        if ( (old & set) == set || guest_cmpxchg32(d, word, &old, old | set) )
            return GNTST_okay;
    }
    guest_atomic_starved(d);
    return GNTST_general_error;
}

static void mark_unused(struct domain *d, uint32_t *word,
                        const struct active_grant *act)
{
    uint32_t clear = 0;

    if ( !act->writers )
        clear |= GTF_writing;
    if ( !act->writers && !act->readers )
        clear |= GTF_reading;
    if ( clear )
        guest_fetch_and32(d, word, ~clear);
}

/* First use: look the frame up. Later uses get the same one. */
static int16_t take_frame(struct domain *d, struct active_grant *act,
                          uint32_t gfn, bool readonly)
{
    enum p2m_type type;

    act->page = p2m_get_page(d, _gfn(gfn), !readonly, &type);
    if ( !act->page )
        return GNTST_bad_page;
    if ( type != P2M_RAM_RW && type != P2M_RAM_RO )
    {
        put_page(act->page);
        act->page = NULL;
        return GNTST_bad_page;
    }
    act->writable = type == P2M_RAM_RW;
    return GNTST_okay;
}

/*
 * Take a reference into use for domain @user. On success the frame stays,
 * and the entry says so, until unpin().
 */
static int16_t pin(struct domain *d, uint32_t ref, domid_t user, bool readonly,
                   struct page_info **page)
{
    struct grant_table *gt = &d->grant;
    struct grant_entry_v1 *entry;
    struct active_grant *act;
    int16_t rc;

    spin_lock(&gt->lock);
    if ( ref / ENTRIES_PER_FRAME >= gt->nr_frames )
    {
        spin_unlock(&gt->lock);
        return GNTST_bad_gntref;
    }
    entry = shared_entry(gt, ref);
    act = active_entry(gt, ref);
    if ( act->page && (act->domid != user || (!readonly && !act->writable)) )
        rc = GNTST_general_error;
    else if ( act->readers == UINT32_MAX || act->writers == UINT32_MAX )
        rc = GNTST_no_space;
    else
        rc = mark_in_use(d, (uint32_t *)(void *)entry, user, readonly);
    if ( rc == GNTST_okay && !act->page )
    {
        rc = take_frame(d, act, READ_ONCE(entry->frame), readonly);
        act->domid = user;
    }
    if ( rc == GNTST_okay )
    {
        if ( readonly )
            act->readers++;
        else
            act->writers++;
        *page = act->page;
    }
    else
        mark_unused(d, (uint32_t *)(void *)entry, act);
    spin_unlock(&gt->lock);
    return rc;
}

static void unpin(struct domain *d, uint32_t ref, bool readonly)
{
    struct grant_table *gt = &d->grant;
    struct page_info *page = NULL;
    struct active_grant *act;

    spin_lock(&gt->lock);
    act = active_entry(gt, ref);
    if ( readonly )
        act->readers--;
    else
        act->writers--;
    mark_unused(d, (uint32_t *)(void *)shared_entry(gt, ref), act);
    if ( !act->readers && !act->writers )
    {
        page = act->page;
        act->page = NULL;
    }
    spin_unlock(&gt->lock);
    if ( page )
        put_page(page);
}

/* ---- the user's side ---- */

static bool maptrack_grow(struct grant_table *gt)
{
    unsigned int first = gt->nr_maptrack * MAPPINGS_PER_PAGE;
    struct grant_mapping *m;

    if ( gt->nr_maptrack == gt->max_maptrack )
        return false;
    m = xzalloc_array(struct grant_mapping, MAPPINGS_PER_PAGE);
    if ( !m )
        return false;
    for ( unsigned int i = 0; i < MAPPINGS_PER_PAGE; i++ )
    {
        m[i].busy = true;
        m[i].ref =
            i + 1 < MAPPINGS_PER_PAGE ? first + i + 1 : gt->maptrack_free;
    }
    gt->maptrack[gt->nr_maptrack] = m;
    /* pairs with handle_take(), which has no lock */
    __atomic_store_n(&gt->nr_maptrack, gt->nr_maptrack + 1, __ATOMIC_RELEASE);
    gt->maptrack_free = first;
    return true;
}

/* A handle whose mapping is busy, ours to fill; or NO_HANDLE. */
static uint32_t handle_alloc(struct domain *d, struct domain *lender)
{
    struct grant_table *gt = &d->grant;
    uint32_t handle = NO_HANDLE;

    spin_lock(&gt->lock);
    if ( gt->maptrack_free != NO_HANDLE || maptrack_grow(gt) )
    {
        struct grant_mapping *m = mapping_at(gt, gt->maptrack_free);

        handle = gt->maptrack_free;
        gt->maptrack_free = m->ref;
        m->lender = lender;
    }
    spin_unlock(&gt->lock);
    return handle;
}

static void handle_free(struct domain *d, uint32_t handle)
{
    struct grant_table *gt = &d->grant;
    struct grant_mapping *m = mapping_at(gt, handle);

    spin_lock(&gt->lock);
    m->lender = NULL;
    m->ref = gt->maptrack_free;
    gt->maptrack_free = handle;
    spin_unlock(&gt->lock);
}

/* The mapping of a handle, made busy so that it is unmapped once; or NULL. */
static struct grant_mapping *handle_take(struct domain *d, uint32_t handle)
{
    struct grant_table *gt = &d->grant;
    struct grant_mapping *m;

    if ( handle / MAPPINGS_PER_PAGE >=
         __atomic_load_n(&gt->nr_maptrack, __ATOMIC_ACQUIRE) )
        return NULL;
    m = mapping_at(gt, handle);
    return __atomic_exchange_n(&m->busy, true, __ATOMIC_ACQUIRE) ? NULL : m;
}

/* Others may take the handle from here on: pairs with handle_take(). */
static void handle_ready(struct grant_mapping *m)
{
    __atomic_store_n(&m->busy, false, __ATOMIC_RELEASE);
}

/* ---- map and unmap ---- */

/* Where DMA by machine address is expected: swiotlb-xen of a 1:1 domain. */
static bool wants_alias(const struct domain *d)
{
    return d->direct_mapped && d->iommu.enabled;
}

/* In the P2M, and at the machine address for its devices. */
static int16_t enter_mapping(struct domain *d, struct grant_mapping *m,
                             struct page_info *page)
{
    if ( !get_page(page, page->owner) )
        return GNTST_general_error;
    if ( p2m_add_page(d, m->gfn, m->mfn,
                      m->readonly ? P2M_GRANT_RO : P2M_GRANT_RW) )
    {
        put_page(page);
        return GNTST_general_error;
    }
    m->aliased = wants_alias(d);
    if ( m->aliased && p2m_iommu_alias(d, m->mfn, !m->readonly) )
    {
        m->aliased = false;
        if ( p2m_remove_page(d, m->gfn, m->mfn) )
            return GNTST_general_error; /* replaced by the guest meanwhile */
        return GNTST_no_device_space;
    }
    return GNTST_okay;
}

static int16_t map_one(struct domain *d, struct domain *lender,
                       struct gnttab_map_grant_ref *op)
{
    const uint32_t known = GNTMAP_host_map | GNTMAP_device_map |
                           GNTMAP_readonly | GNTMAP_guest_avail_mask;
    struct grant_mapping *m;
    struct page_info *page;
    uint32_t handle;
    int16_t rc;

    if ( !(op->flags & GNTMAP_host_map) )
        return GNTST_bad_gntref;
    if ( op->flags & ~known )
        return GNTST_general_error;
    if ( op->host_addr & ~PAGE_MASK || op->host_addr >> p2m_ipa_bits )
        return GNTST_bad_virt_addr;
    handle = handle_alloc(d, lender);
    if ( handle == NO_HANDLE )
        return GNTST_no_space;

    m = mapping_at(&d->grant, handle);
    m->readonly = op->flags & GNTMAP_readonly;
    m->gfn = gfn_from_ipa(_ipa(op->host_addr));
    m->ref = op->ref;
    rc = pin(lender, op->ref, d->domain_id, m->readonly, &page);
    if ( rc == GNTST_okay )
    {
        m->mfn = page_to_mfn(page);
        rc = enter_mapping(d, m, page);
        if ( rc != GNTST_okay )
            unpin(lender, op->ref, m->readonly);
    }
    if ( rc != GNTST_okay )
    {
        handle_free(d, handle);
        return rc;
    }
    /* where its devices see the frame */
    op->dev_bus_addr =
        d->direct_mapped ? maddr_x(mfn_to_maddr(m->mfn)) : op->host_addr;
    op->handle = handle;
    handle_ready(m);
    return GNTST_okay;
}

static void map_grant_ref(struct gnttab_map_grant_ref *op)
{
    struct domain *lender = domain_get_any(op->dom);

    op->handle = NO_HANDLE;
    op->dev_bus_addr = 0;
    if ( !lender )
    {
        op->status = GNTST_bad_domain;
        return;
    }
    op->status = lender->is_dying ? GNTST_bad_domain
                                  : map_one(current->domain, lender, op);
    /* A mapping keeps the reference until it is unmapped. */
    if ( op->status != GNTST_okay )
        domain_put(lender);
}

/* Undo a mapping that is busy, and free its handle. */
static void leave_mapping(struct domain *d, uint32_t handle,
                          struct grant_mapping *m)
{
    struct domain *lender = m->lender;
    int rc = p2m_remove_page(d, m->gfn, m->mfn);

    /* -ENOENT: the guest has put something else there */
    if ( m->aliased )
        p2m_iommu_unalias(d, m->mfn, !m->readonly);
    if ( rc && rc != -ENOENT )
    {
        /* out of memory while splitting? then it is still mapped: keep all */
        printk(XENLOG_WARN "d%u: grant %u of d%u stays mapped: %d\n",
               d->domain_id, m->ref, lender->domain_id, rc);
        m->aliased = false;
        handle_ready(m);
        return;
    }
    unpin(lender, m->ref, m->readonly);
    handle_free(d, handle);
    domain_put(lender);
}

static void unmap_grant_ref(struct gnttab_unmap_grant_ref *op)
{
    struct domain *d = current->domain;
    struct grant_mapping *m = handle_take(d, op->handle);

    if ( !m )
    {
        op->status = GNTST_bad_handle;
        return;
    }
    if ( op->host_addr != ipa_x(gfn_to_ipa(m->gfn)) )
    {
        handle_ready(m);
        op->status = GNTST_bad_virt_addr;
        return;
    }
    leave_mapping(d, op->handle, m);
    op->status = GNTST_okay;
}

/* ---- copy ---- */

struct copy_end {
    struct domain *d;       /* reference */
    struct page_info *page; /* reference, or pinned */
    uint32_t ref;
    bool by_ref, readonly;
};

static int16_t copy_open(struct copy_end *e, const struct gnttab_copy_ptr *p,
                         bool by_ref, bool readonly)
{
    enum p2m_type type;

    e->by_ref = by_ref;
    e->readonly = readonly;
    e->ref = p->u.ref;
    e->d = domain_get_any(p->domid);
    if ( !e->d )
        return GNTST_bad_domain;
    if ( by_ref )
    {
        int16_t rc = e->d->is_dying
                         ? GNTST_bad_domain
                         : pin(e->d, e->ref, current->domain->domain_id,
                               readonly, &e->page);

        if ( rc != GNTST_okay )
            domain_put(e->d);
        return rc;
    }

    /* by frame number: the caller's own memory, mapped grants included */
    e->page = e->d == current->domain
                  ? p2m_get_page(e->d, _gfn(p->u.gmfn), !readonly, &type)
                  : NULL;
    if ( e->page )
        return GNTST_okay;
    domain_put(e->d);
    return e->d == current->domain ? GNTST_bad_page : GNTST_permission_denied;
}

static void copy_close(struct copy_end *e)
{
    if ( e->by_ref )
        unpin(e->d, e->ref, e->readonly);
    else
        put_page(e->page);
    domain_put(e->d);
}

static int16_t grant_copy(const struct gnttab_copy *op)
{
    struct copy_end src, dst;
    int16_t rc;

    if ( op->source.offset + op->len > PAGE_SIZE ||
         op->dest.offset + op->len > PAGE_SIZE )
        return GNTST_bad_copy_arg;
    rc = copy_open(&src, &op->source, op->flags & GNTCOPY_source_gref, true);
    if ( rc != GNTST_okay )
        return rc;
    rc = copy_open(&dst, &op->dest, op->flags & GNTCOPY_dest_gref, false);
    if ( rc == GNTST_okay )
    {
        memmove((char *)page_to_virt(dst.page) + op->dest.offset,
                (char *)page_to_virt(src.page) + op->source.offset, op->len);
        copy_close(&dst);
    }
    copy_close(&src);
    return rc;
}

/* ---- cache maintenance ---- */

/* Has @d mapped this frame by grant? */
static bool has_mapped(struct domain *d, mfn_t mfn)
{
    struct grant_table *gt = &d->grant;
    bool found = false;

    spin_lock(&gt->lock);
    for ( uint32_t h = 0; h < gt->nr_maptrack * MAPPINGS_PER_PAGE && !found;
          h++ )
    {
        const struct grant_mapping *m = mapping_at(gt, h);

        found = m->lender && !m->busy && mfn_eq(m->mfn, mfn);
    }
    spin_unlock(&gt->lock);
    return found;
}

static int cache_flush_op(const struct gnttab_cache_flush *op)
{
    struct domain *d = current->domain;
    mfn_t mfn = mfn_from_maddr(_maddr(op->a.dev_bus_addr));
    char *va;

    if ( op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL) )
        return -EOPNOTSUPP;
    if ( (op->a.dev_bus_addr & ~PAGE_MASK) ||
         op->offset + op->length > PAGE_SIZE )
        return -EINVAL;
    if ( !op->op || !op->length )
        return 0;
    if ( !mfn_is_ram(mfn) )
        return -EINVAL;
    /* only who knows machine addresses has a use for this */
    if ( !d->direct_mapped ||
         (READ_ONCE(mfn_to_page(mfn)->owner) != d && !has_mapped(d, mfn)) )
        return -EPERM;

    /* no reference: on a frame that has just gone it does no harm */
    va = (char *)mfn_to_virt(mfn) + op->offset;
    /* a line may hold a neighbour's data: dropping it is cleaning it first */
    if ( op->op & GNTTAB_CACHE_INVAL )
        cache_clean_invalidate(va, op->length);
    else
        cache_clean(va, op->length);
    return 0;
}

/* ---- the table itself ---- */

/* gt->lock held. */
static int add_frame(struct grant_table *gt)
{
    struct grant_frame *f = &gt->frame[gt->nr_frames];

    f->active = xzalloc_array(struct active_grant, ENTRIES_PER_FRAME);
    if ( !f->active )
        return -ENOMEM;
    f->page = alloc_domain_pages(dom_xen, 0, ALLOC_ZERO);
    if ( !f->page )
    {
        xfree(f->active);
        f->active = NULL;
        return -ENOMEM;
    }
    f->gfn = INVALID_GFN;
    gt->nr_frames++;
    return 0;
}

static int grow_to(struct domain *d, unsigned long nr)
{
    struct grant_table *gt = &d->grant;
    int rc = 0;

    if ( nr > gt->max_frames )
        return -EINVAL;
    if ( d->is_dying )
        return -ESRCH;
    while ( gt->nr_frames < nr && !rc )
        rc = add_frame(gt);
    return rc;
}

int grant_table_get_frame(struct domain *d, unsigned long idx,
                          struct page_info **page)
{
    struct grant_table *gt = &d->grant;
    int rc = -EINVAL;

    spin_lock(&gt->lock);
    if ( idx < gt->max_frames )
        rc = grow_to(d, idx + 1);
    if ( !rc )
    {
        *page = gt->frame[idx].page;
        if ( !get_page(*page, dom_xen) )
            rc = -EBUSY;
    }
    spin_unlock(&gt->lock);
    return rc;
}

int grant_table_frame(struct domain *d, unsigned long idx, mfn_t *mfn)
{
    struct page_info *page;
    int rc = grant_table_get_frame(d, idx, &page);

    if ( !rc )
    {
        *mfn = page_to_mfn(page);
        put_page(page); /* it stays until the domain is freed */
    }
    return rc;
}

gfn_t grant_table_move_frame(struct domain *d, unsigned long idx, gfn_t gfn)
{
    gfn_t old;

    spin_lock(&d->grant.lock);
    old = d->grant.frame[idx].gfn;
    d->grant.frame[idx].gfn = gfn;
    spin_unlock(&d->grant.lock);
    return old;
}

/* The domain an operation is about, with a reference; or a GNTST_ error. */
static int16_t get_target(domid_t id, struct domain **d)
{
    *d = domain_get_any(id);
    if ( !*d )
        return GNTST_bad_domain;
    if ( *d == current->domain || current->domain->is_privileged )
        return GNTST_okay;
    domain_put(*d);
    return GNTST_permission_denied;
}

static long setup_table(uint64_t arg)
{
    struct gnttab_setup_table op;
    struct domain *d;
    long rc = 0;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    op.status = get_target(op.dom, &d);
    if ( op.status == GNTST_okay )
    {
        struct grant_table *gt = &d->grant;

        spin_lock(&gt->lock);
        if ( grow_to(d, op.nr_frames) )
            op.status = GNTST_general_error;
        spin_unlock(&gt->lock);
        for ( uint32_t i = 0; op.status == GNTST_okay && i < op.nr_frames; i++ )
        {
            xen_pfn_t gfn = gfn_x(READ_ONCE(gt->frame[i].gfn));

            if ( copy_to_guest(guest_handle_addr(op.frame_list) +
                                   i * sizeof(gfn),
                               &gfn, sizeof(gfn)) )
                op.status = GNTST_bad_virt_addr;
        }
        domain_put(d);
    }
    if ( copy_to_guest(arg, &op, sizeof(op)) )
        rc = -EFAULT;
    return rc;
}

static long query_size(uint64_t arg)
{
    struct gnttab_query_size op;
    struct domain *d;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    op.nr_frames = op.max_nr_frames = 0;
    op.status = get_target(op.dom, &d);
    if ( op.status == GNTST_okay )
    {
        op.nr_frames = READ_ONCE(d->grant.nr_frames);
        op.max_nr_frames = d->grant.max_frames;
        domain_put(d);
    }
    return copy_to_guest(arg, &op, sizeof(op));
}

static long set_version(uint64_t arg)
{
    struct gnttab_set_version op;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
    op.version = 1;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : rc;
}

static long get_version(uint64_t arg)
{
    struct gnttab_get_version op;
    struct domain *d;
    int16_t st;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    st = get_target(op.dom, &d);
    if ( st != GNTST_okay )
        return st == GNTST_bad_domain ? -ESRCH : -EPERM;
    domain_put(d);
    op.version = 1;
    return copy_to_guest(arg, &op, sizeof(op));
}

/* ---- arrays of operations ---- */

union grant_op {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;
    struct gnttab_cache_flush flush;
};

static size_t op_size(uint64_t cmd)
{
    switch ( cmd )
    {
    case GNTTABOP_map_grant_ref:
        return sizeof(struct gnttab_map_grant_ref);
    case GNTTABOP_unmap_grant_ref:
        return sizeof(struct gnttab_unmap_grant_ref);
    case GNTTABOP_copy:
        return sizeof(struct gnttab_copy);
    case GNTTABOP_cache_flush:
        return sizeof(struct gnttab_cache_flush);
    default:
        return 0;
    }
}

/* Run one; what to write back of it. An error ends the array. */
static int run_one(uint64_t cmd, union grant_op *op)
{
    switch ( cmd )
    {
    case GNTTABOP_map_grant_ref:
        map_grant_ref(&op->map);
        return 0;
    case GNTTABOP_unmap_grant_ref:
        unmap_grant_ref(&op->unmap);
        return 0;
    case GNTTABOP_copy:
        op->copy.status = grant_copy(&op->copy);
        return 0;
    default:
        return cache_flush_op(&op->flush);
    }
}

static long run_array(uint64_t cmd, uint64_t arg, uint64_t count)
{
    size_t size = op_size(cmd);
    union grant_op op;

    for ( ;; )
    {
        int rc;

        if ( copy_from_guest(&op, arg, size) )
            return -EFAULT;
        rc = run_one(cmd, &op);
        if ( rc )
            return rc;
        if ( cmd != GNTTABOP_cache_flush && copy_to_guest(arg, &op, size) )
            return -EFAULT;
        arg += size;
        if ( !--count )
            return 0;
        if ( preempt_check() )
            return hypercall_continue(__HYPERVISOR_grant_table_op, cmd, arg,
                                      count, 0, 0);
    }
}

long do_grant_table_op(uint64_t cmd, uint64_t uop, uint64_t count,
                       uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    count = (uint32_t)count;
    cmd = (uint32_t)cmd;
    if ( (int32_t)count < 0 )
        return -EINVAL;
    if ( op_size(cmd) )
        return count ? run_array(cmd, uop, count) : 0;

    switch ( cmd )
    {
    case GNTTABOP_setup_table:
        return count == 1 ? setup_table(uop) : -EINVAL;
    case GNTTABOP_query_size:
        return count == 1 ? query_size(uop) : -EINVAL;
    case GNTTABOP_set_version:
        return set_version(uop);
    case GNTTABOP_get_version:
        return get_version(uop);
    default:
        return -ENOSYS;
    }
}

/* ---- life ---- */

int grant_table_init(struct domain *d, unsigned int max_frames,
                     unsigned int max_maptrack_frames)
{
    struct grant_table *gt = &d->grant;
    unsigned int max_handles;

    if ( !max_frames )
        max_frames = GRANT_DEFAULT_FRAMES;
    if ( !max_maptrack_frames )
        max_maptrack_frames = GRANT_DEFAULT_MAPTRACK_FRAMES;
    max_handles = min(max_maptrack_frames, GRANT_DEFAULT_MAPTRACK_FRAMES);
    gt->max_frames = min(max_frames, GRANT_MAX_FRAMES);
    gt->max_maptrack = max_handles;
    gt->maptrack_free = NO_HANDLE;
    gt->frame = xzalloc_array(struct grant_frame, gt->max_frames);
    gt->maptrack = xzalloc_array(struct grant_mapping *, gt->max_maptrack);
    if ( !gt->frame || !gt->maptrack )
        return -ENOMEM;
    return add_frame(gt);
}

int grant_table_release_mappings(struct domain *d)
{
    struct grant_table *gt = &d->grant;

    while ( gt->release_next < gt->nr_maptrack * MAPPINGS_PER_PAGE )
    {
        uint32_t handle = gt->release_next++;
        struct grant_mapping *m = handle_take(d, handle);

        if ( !m )
            continue;
        leave_mapping(d, handle, m);
        if ( preempt_check() )
            return -ERESTART;
    }
    return 0;
}

void grant_table_exit(struct domain *d)
{
    struct grant_table *gt = &d->grant;

    for ( unsigned int i = 0; gt->frame && i < gt->nr_frames; i++ )
    {
        page_release(gt->frame[i].page);
        xfree(gt->frame[i].active);
    }
    for ( unsigned int i = 0; gt->maptrack && i < gt->nr_maptrack; i++ )
        xfree(gt->maptrack[i]);
    xfree(gt->frame);
    xfree(gt->maptrack);
    gt->frame = NULL;
    gt->maptrack = NULL;
    gt->nr_frames = gt->nr_maptrack = 0;
}
