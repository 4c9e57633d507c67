/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op: a domain's reservation, and what else may appear in its address
 * space: shared_info, grant frames, foreign frames. The P2M does the mapping,
 * the allocator the frames; this is who may ask for what.
 *
 * A long operation keeps its progress in the command, above the sub-operation
 * (MEMOP_EXTENT_SHIFT), and its result counts from there.
 *
 * Locks: d->hypercall_lock around the place of shared pages; p2m->lock inside.
 */
#include <xen/hypercall.h>

#include <public/memory.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/guest-copy.h>
#include <xen/mm.h>
#include <xen/softirq.h>

_Static_assert(sizeof(struct xen_memory_reservation) == 32, "reservation");
_Static_assert(sizeof(struct xen_add_to_physmap) == 24, "add_to_physmap");
_Static_assert(sizeof(struct xen_add_to_physmap_batch) == 32, "batch");
_Static_assert(sizeof(struct xen_remove_from_physmap) == 16, "remove");
_Static_assert(sizeof(struct xen_mem_acquire_resource) == 32, "acquire");

#define MEMOP_EXTENT_SHIFT 6U
#define MEMOP_CMD_MASK     GENMASK64(MEMOP_EXTENT_SHIFT - 1, 0)
#define CHUNK              32U /* array entries copied at a time */
#define GUEST_MAX_ORDER    9U  /* of an extent, but for the control domain */

static long continue_at(uint64_t op, uint64_t arg, uint64_t done)
{
    return hypercall_continue(__HYPERVISOR_memory_op,
                              op | done << MEMOP_EXTENT_SHIFT, arg, 0, 0, 0);
}

/* The domain an operation names; a reference for any but the caller's own. */
static int get_target(domid_t id, struct domain **out)
{
    struct domain *self = current->domain;

    *out = self;
    if ( id == DOMID_SELF || id == self->domain_id )
        return 0;
    *out = domain_get(id);
    if ( !*out )
        return -ESRCH;
    if ( self->is_privileged )
        return 0;
    domain_put(*out);
    return -EPERM;
}

static void put_target(struct domain *d)
{
    if ( d != current->domain )
        domain_put(d);
}

static bool gfn_range_ok(uint64_t gfn, unsigned int order)
{
    uint64_t limit = BIT64(p2m_ipa_bits - PAGE_SHIFT);

    return gfn < limit && limit - gfn >= BIT64(order);
}

/* ---- reservation ---- */

/*
 * Are all 2^order frames the domain's? Stable for a direct-mapped domain, which
 * keeps its frames until it dies. The frame table may have holes where there is
 * no RAM.
 */
static bool owns_frames(const struct domain *d, mfn_t mfn, unsigned int order)
{
    const struct page_info *pg, *end;

    if ( !mfn_range_is_ram(mfn, BIT64(order)) )
        return false;
    pg = mfn_to_page(mfn);
    for ( end = pg + BIT64(order); pg < end; pg++ )
        if ( READ_ONCE(pg->owner) != d )
            return false;
    return true;
}

/* The frames of a direct-mapped domain come back where they were. */
static int populate_direct(struct domain *d, gfn_t gfn, unsigned int order)
{
    mfn_t mfn = _mfn(gfn_x(gfn));

    if ( !owns_frames(d, mfn, order) )
        return -EINVAL;
    return order ? p2m_map_range(d, gfn, BIT64(order), mfn, P2M_RAM_RW)
                 : p2m_add_page(d, gfn, mfn, P2M_RAM_RW);
}

static int populate_fresh(struct domain *d, gfn_t gfn, unsigned int order,
                          unsigned int address_bits)
{
    unsigned int flags = ALLOC_ZERO;
    struct page_info *pg;
    int rc;

    if ( address_bits && address_bits <= 32 )
        flags |= ALLOC_DMA32;
    pg = alloc_domain_pages(d, order, flags);
    if ( !pg )
        return -ENOMEM;
    rc = p2m_map_range(d, gfn, BIT64(order), page_to_mfn(pg), P2M_RAM_RW);
    if ( rc )
        for ( uint64_t i = 0; i < BIT64(order); i++ )
            page_release(&pg[i]);
    return rc;
}

static int populate_extent(struct domain *d, uint64_t gfn,
                           const struct xen_memory_reservation *r)
{
    if ( d->direct_mapped )
        return populate_direct(d, _gfn(gfn), r->extent_order);
    return populate_fresh(d, _gfn(gfn), r->extent_order,
                          XENMEMF_get_address_bits(r->mem_flags));
}

/* One page: the reference makes sure that it is this frame we release. */
static int release_page(struct domain *d, gfn_t gfn)
{
    enum p2m_type type;
    struct page_info *pg = p2m_get_page(d, gfn, false, &type);
    int rc = -EINVAL;

    if ( !pg )
        return -EINVAL;
    if ( type == P2M_RAM_RW || type == P2M_RAM_RO )
        rc = p2m_remove_page(d, gfn, page_to_mfn(pg));
    if ( !rc )
        page_release(pg);
    put_page(pg);
    return rc;
}

/* 2^order pages that one leaf maps: taken out at once. */
static int release_block(struct domain *d, gfn_t gfn, mfn_t mfn,
                         unsigned int order)
{
    struct page_info *pg = mfn_to_page(mfn);
    uint64_t held = 0, nr = BIT64(order);
    struct pgt_leaf leaf;
    int rc = -EINVAL;

    while ( held < nr && get_page(&pg[held], d) )
        held++;
    spin_lock(&d->p2m.lock);
    /* Another vCPU may have put something else there meanwhile. */
    if ( held == nr && pgt_lookup(&d->p2m.pgt, ipa_x(gfn_to_ipa(gfn)), &leaf) &&
         leaf.order >= order && leaf.attr.sw == P2M_RAM_RW &&
         mfn_eq(mfn_from_maddr(leaf.oa), mfn) )
        rc = p2m_set_entry(&d->p2m, gfn, order, INVALID_MFN, P2M_INVALID);
    spin_unlock(&d->p2m.lock);
    while ( held-- )
    {
        if ( !rc )
            page_release(&pg[held]);
        put_page(&pg[held]);
    }
    return rc;
}

static int decrease_extent(struct domain *d, uint64_t gfn,
                           const struct xen_memory_reservation *r)
{
    unsigned int order = r->extent_order, leaf;
    enum p2m_type type;
    mfn_t mfn;
    int rc = 0;

    /* its frames stay its own, so that the same ones can come back */
    if ( d->direct_mapped && !order )
        return p2m_remove_page(d, _gfn(gfn), _mfn(gfn));
    if ( !order )
        return release_page(d, _gfn(gfn));

    mfn = p2m_lookup(d, _gfn(gfn), &type, &leaf);
    if ( d->direct_mapped )
        return type == P2M_RAM_RW ? p2m_unmap_range(d, _gfn(gfn), BIT64(order))
                                  : -EINVAL;
    if ( type == P2M_RAM_RW && leaf >= order && IS_ALIGNED(gfn, BIT64(order)) )
        return release_block(d, _gfn(gfn), mfn, order);
    for ( uint64_t i = 0; i < BIT64(order) && !rc; i++ )
        rc = release_page(d, _gfn(gfn + i));
    return rc;
}

static unsigned int extent_order_limit(const struct domain *d, uint64_t op)
{
    if ( !current->domain->is_privileged )
        return GUEST_MAX_ORDER;
    /* page by page, and not preemptible */
    if ( op == XENMEM_decrease_reservation && !d->direct_mapped )
        return GUEST_MAX_ORDER;
    return MAX_ORDER;
}

/* Extents [done, r->nr_extents): how many are done in all; *preempted. */
static uint64_t walk_extents(struct domain *d,
                             const struct xen_memory_reservation *r,
                             uint64_t op, uint64_t done, bool *preempted)
{
    uint64_t gfn[CHUNK], list = guest_handle_addr(r->extent_start);

    while ( done < r->nr_extents )
    {
        uint64_t n = min(r->nr_extents - done, (uint64_t)CHUNK);

        if ( copy_from_guest(gfn, list + done * sizeof(gfn[0]),
                             n * sizeof(gfn[0])) )
            return done;
        for ( uint64_t i = 0; i < n; i++ )
        {
            int rc = -EINVAL;

            if ( gfn_range_ok(gfn[i], r->extent_order) )
                rc = op == XENMEM_populate_physmap
                         ? populate_extent(d, gfn[i], r)
                         : decrease_extent(d, gfn[i], r);
            if ( rc )
                return done;
            done++;
            if ( done < r->nr_extents && preempt_check() )
            {
                *preempted = true;
                return done;
            }
        }
    }
    return done;
}

static long reservation(uint64_t op, uint64_t arg, uint64_t done)
{
    struct xen_memory_reservation r;
    bool preempted = false;
    struct domain *d;
    long rc;

    if ( copy_from_guest(&r, arg, sizeof(r)) )
        return -EFAULT;
    if ( r.nr_extents > UINT32_MAX || done > r.nr_extents ||
         (r.mem_flags & XENMEMF_populate_on_demand) )
        return (long)done;
    rc = get_target(r.domid, &d);
    if ( rc )
        return rc;
    if ( r.extent_order <= extent_order_limit(d, op) )
        done = walk_extents(d, &r, op, done, &preempted);
    put_target(d);
    return preempted ? continue_at(op, arg, done) : (long)done;
}

/* ---- our pages in a domain's address space ---- */

/*
 * Registers come and go with the device: a guest that punches holes into a BAR
 * makes its removal, and our way round the holes, as long as it likes.
 */
static bool is_device(unsigned int type)
{
    return type == P2M_MMIO_DIRECT || type == P2M_MMIO_DIRECT_NC ||
           type == P2M_MMIO_CPU;
}

/*
 * Put our frame at @gfn in place of what is there, as one step for the guest:
 * whoever faults in between waits for the lock. RAM that stood there stays
 * the domain's.
 */
static int place_shared(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct pgt_leaf leaf;
    int rc = 0;

    spin_lock(&d->p2m.lock);
    if ( pgt_lookup(&d->p2m.pgt, ipa_x(gfn_to_ipa(gfn)), &leaf) &&
         is_device(leaf.attr.sw) )
        rc = -EINVAL;
    if ( !rc )
        rc = p2m_set_entry(&d->p2m, gfn, 0, INVALID_MFN, P2M_INVALID);
    if ( !rc )
        rc = p2m_set_entry(&d->p2m, gfn, 0, mfn, P2M_XEN_SHARED);
    spin_unlock(&d->p2m.lock);
    return rc;
}

static bool is_at(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    return !gfn_eq(gfn, INVALID_GFN) &&
           mfn_eq(p2m_lookup(d, gfn, NULL, NULL), mfn);
}

static int add_shared_info(struct domain *d, uint64_t idx, gfn_t gfn)
{
    mfn_t mfn = page_to_mfn(d->shared_info_page);
    int rc;

    if ( idx )
        return -EINVAL;
    if ( is_at(d, d->shared_info_gfn, mfn) )
        return -EBUSY;
    rc = place_shared(d, gfn, mfn);
    if ( !rc )
        d->shared_info_gfn = gfn;
    return rc;
}

/* A grant frame has one place; adding it elsewhere moves it. */
static int add_grant_frame(struct domain *d, uint64_t idx, gfn_t gfn)
{
    gfn_t old;
    mfn_t mfn;
    int rc;

    if ( idx & XENMAPIDX_grant_table_status )
        return -EOPNOTSUPP; /* version 2 */
    rc = grant_table_frame(d, idx, &mfn);
    if ( !rc )
        rc = place_shared(d, gfn, mfn);
    if ( rc )
        return rc;
    old = grant_table_move_frame(d, idx, gfn);
    if ( !gfn_eq(old, gfn) && is_at(d, old, mfn) )
        rc = p2m_remove_page(d, old, mfn);
    return rc;
}

static int add_one(struct domain *d, unsigned int space, uint64_t idx,
                   uint64_t gpfn)
{
    int rc;

    if ( !gfn_range_ok(gpfn, 0) )
        return -EINVAL;

    spin_lock(&d->hypercall_lock);
    switch ( space )
    {
    case XENMAPSPACE_shared_info:
        rc = add_shared_info(d, idx, _gfn(gpfn));
        break;

    case XENMAPSPACE_grant_table:
        rc = add_grant_frame(d, idx, _gfn(gpfn));
        break;

    default:
        rc = -ENOSYS;
        break;
    }
    spin_unlock(&d->hypercall_lock);
    return rc;
}

static long add_to_physmap(uint64_t arg)
{
    struct xen_add_to_physmap a;
    struct domain *d;
    long rc;

    if ( copy_from_guest(&a, arg, sizeof(a)) )
        return -EFAULT;
    rc = get_target(a.domid, &d);
    if ( rc )
        return rc;
    rc = add_one(d, a.space, a.idx, a.gpfn);
    put_target(d);
    return rc;
}

/* ---- foreign frames ---- */

/* Map @fd's frame with the rights @fd has. The P2M takes the reference. */
static int map_foreign(struct domain *d, struct domain *fd, uint64_t fgfn,
                       uint64_t gpfn)
{
    enum p2m_type type;
    struct page_info *pg;
    int rc = -EINVAL;

    if ( !gfn_range_ok(gpfn, 0) || !gfn_range_ok(fgfn, 0) )
        return -EINVAL;
    pg = p2m_get_page(fd, _gfn(fgfn), false, &type);
    if ( !pg )
        return -EINVAL;
    /* grant frames too: the way of a toolstack without acquire_resource */
    if ( type == P2M_RAM_RW || type == P2M_RAM_RO || type == P2M_XEN_SHARED )
        rc = p2m_add_page(d, _gfn(gpfn), page_to_mfn(pg),
                          type == P2M_RAM_RO ? P2M_FOREIGN_RO : P2M_FOREIGN_RW);
    if ( rc )
        put_page(pg);
    return rc;
}

/* Entries [done, size). The count done; -EFAULT on a bad array. */
static long walk_batch(struct domain *d, struct domain *fd,
                       const struct xen_add_to_physmap_batch *b, uint64_t done)
{
    uint64_t idx[CHUNK], gpfn[CHUNK];
    int err[CHUNK];

    while ( done < b->size )
    {
        uint64_t n = min(b->size - done, (uint64_t)CHUNK);

        if ( copy_from_guest(idx,
                             guest_handle_addr(b->idxs) + done * sizeof(idx[0]),
                             n * sizeof(idx[0])) ||
             copy_from_guest(
                 gpfn, guest_handle_addr(b->gpfns) + done * sizeof(gpfn[0]),
                 n * sizeof(gpfn[0])) )
            return -EFAULT;
        for ( uint64_t i = 0; i < n; i++ )
            err[i] = fd ? map_foreign(d, fd, idx[i], gpfn[i])
                        : add_one(d, b->space, idx[i], gpfn[i]);
        if ( copy_to_guest(guest_handle_addr(b->errs) + done * sizeof(err[0]),
                           err, n * sizeof(err[0])) )
            return -EFAULT;
        done += n;
        if ( preempt_check() )
            break;
    }
    return (long)done;
}

/* Only the control domain maps the frames of others. */
static int get_foreign(domid_t id, const struct domain *d, struct domain **out)
{
    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( id == DOMID_SELF || id == d->domain_id )
        return -EINVAL;
    *out = domain_get(id);
    return *out ? 0 : -ESRCH;
}

static long add_to_physmap_batch(uint64_t arg, uint64_t done)
{
    struct domain *d, *fd = NULL;
    struct xen_add_to_physmap_batch b;
    long rc;

    if ( copy_from_guest(&b, arg, sizeof(b)) )
        return -EFAULT;
    if ( done > b.size )
        return -EILSEQ;
    rc = get_target(b.domid, &d);
    if ( rc )
        return rc;
    if ( b.space == XENMAPSPACE_gmfn_foreign )
        rc = get_foreign(b.u.foreign_domid, d, &fd);
    else if ( b.u.res0 )
        rc = -EOPNOTSUPP;
    if ( !rc )
        rc = walk_batch(d, fd, &b, done);
    if ( fd )
        domain_put(fd);
    put_target(d);

    if ( rc < 0 )
        return rc;
    return rc < b.size
               ? continue_at(XENMEM_add_to_physmap_batch, arg, (uint64_t)rc)
               : 0;
}

static long remove_from_physmap(uint64_t arg)
{
    struct xen_remove_from_physmap r;
    enum p2m_type type;
    struct domain *d;
    mfn_t mfn;
    long rc;

    if ( copy_from_guest(&r, arg, sizeof(r)) )
        return -EFAULT;
    rc = get_target(r.domid, &d);
    if ( rc )
        return rc;
    mfn = p2m_lookup(d, _gfn(r.gpfn), &type, NULL);
    if ( !gfn_range_ok(r.gpfn, 0) || mfn_eq(mfn, INVALID_MFN) )
        rc = -ENOENT;
    else
        rc = is_device(type) ? -EINVAL : p2m_remove_page(d, _gfn(r.gpfn), mfn);
    put_target(d);
    return rc;
}

/* ---- resources ---- */

static int map_resource_frame(struct domain *rd, uint64_t idx, uint64_t gpfn)
{
    struct page_info *pg;
    int rc;

    if ( !gfn_range_ok(gpfn, 0) )
        return -EINVAL;
    rc = grant_table_get_frame(rd, idx, &pg);
    if ( rc )
        return rc;
    rc = p2m_add_page(current->domain, _gfn(gpfn), page_to_mfn(pg),
                      P2M_FOREIGN_RW);
    if ( rc )
        put_page(pg);
    return rc;
}

static long map_resource(struct domain *rd, uint64_t arg,
                         struct xen_mem_acquire_resource *r, uint64_t done)
{
    uint64_t list = guest_handle_addr(r->frame_list);

    if ( !r->nr_frames )
    {
        /* only a null list asks for the size */
        r->nr_frames = rd->grant.max_frames;
        return list ? -EINVAL : copy_to_guest(arg, r, sizeof(*r));
    }

    for ( ; done < r->nr_frames; done++ )
    {
        uint64_t gpfn;
        int rc;

        if ( copy_from_guest(&gpfn, list + done * sizeof(gpfn), sizeof(gpfn)) )
            return -EFAULT;
        rc = map_resource_frame(rd, r->frame + done, gpfn);
        if ( rc )
            return done ? -EIO : rc;
        if ( done + 1 < r->nr_frames && preempt_check() )
            return continue_at(XENMEM_acquire_resource, arg, done + 1);
    }
    return 0;
}

static long acquire_resource(uint64_t arg, uint64_t done)
{
    struct xen_mem_acquire_resource r;
    struct domain *rd;
    long rc;

    if ( !current->domain->is_hardware )
        return -EACCES;
    if ( copy_from_guest(&r, arg, sizeof(r)) )
        return -EFAULT;
    if ( r.pad || done > r.nr_frames )
        return -EINVAL;
    if ( r.type != XENMEM_resource_grant_table ||
         r.id != XENMEM_resource_grant_table_id_shared )
        return -EOPNOTSUPP;
    rd = domain_get_any(r.domid);
    if ( !rd )
        return -ESRCH;
    rc = map_resource(rd, arg, &r, done);
    domain_put(rd);
    return rc;
}

/* ---- questions ---- */

static long domain_query(uint64_t op, uint64_t arg)
{
    struct xen_memory_domain q;
    struct domain *d;
    long rc;

    if ( copy_from_guest(&q, arg, sizeof(q)) )
        return -EFAULT;
    rc = get_target(q.domid, &d);
    if ( rc )
        return rc;
    switch ( op )
    {
    case XENMEM_current_reservation:
        rc = (long)READ_ONCE(d->tot_pages);
        break;

    case XENMEM_maximum_reservation:
        rc = (long)READ_ONCE(d->max_pages);
        break;

    default: /* XENMEM_maximum_gpfn */
        rc = (long)READ_ONCE(d->p2m.max_gfn);
        break;
    }
    put_target(d);
    return rc;
}

long do_memory_op(uint64_t cmd, uint64_t arg, uint64_t a2 __maybe_unused,
                  uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    uint64_t op = cmd & MEMOP_CMD_MASK, done = cmd >> MEMOP_EXTENT_SHIFT;

    switch ( op )
    {
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation(op, arg, done);

    case XENMEM_add_to_physmap:
        return add_to_physmap(arg);

    case XENMEM_add_to_physmap_batch:
        return add_to_physmap_batch(arg, done);

    case XENMEM_remove_from_physmap:
        return remove_from_physmap(arg);

    case XENMEM_acquire_resource:
        return acquire_resource(arg, done);

    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return domain_query(op, arg);

    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0; /* no page is shared here */

    case XENMEM_increase_reservation:
        return -EOPNOTSUPP; /* frames without a place are of no use */

    default:
        return -ENOSYS;
    }
}
