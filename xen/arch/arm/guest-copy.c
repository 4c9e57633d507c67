/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory, by virtual address through the calling vCPU's own tables, or
 * by guest-physical address. A frame is held by a reference while its bytes
 * move, so it cannot be freed under us; own frames need no P2M lock.
 *
 * Spec: DDI 0487 J.a, C5.5 "A64 System instructions for address translation".
 */
#include <xen/guest-copy.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <asm/sysreg.h>

/*
 * The frame behind @va with a reference, by AT S12E1R/W; NULL when not mapped
 * or not RAM. Foreign and granted frames go through the P2M and its lock.
 */
static __always_inline struct page_info *get_page_va(struct domain *d,
                                                     uint64_t va, bool write)
{
    struct page_info *pg;
    uint64_t par, saved = sysreg_read(par_el1);
    mfn_t mfn;

    if ( write )
        __asm__ volatile("at s12e1w, %0\n\tisb" : : "r"(va) : "memory");
    else
        __asm__ volatile("at s12e1r, %0\n\tisb" : : "r"(va) : "memory");
    par = sysreg_read(par_el1);
    sysreg_write(par_el1, saved);
    if ( par & 1 )
        return NULL;
    mfn = _mfn((par & GENMASK64(51, 12)) >> PAGE_SHIFT);
    if ( !mfn_is_ram(mfn) )
        return NULL;
    pg = mfn_to_page(mfn);
    if ( likely(get_page(pg, d)) )
        return pg;

    /* Another domain's frame: find it by the guest's address. */
    __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(va) : "memory");
    par = sysreg_read(par_el1);
    sysreg_write(par_el1, saved);
    return par & 1
               ? NULL
               : p2m_get_page(d, _gfn((par & GENMASK64(51, 12)) >> PAGE_SHIFT),
                              write, NULL);
}

enum copy_kind {
    COPY_TO,
    COPY_FROM,
    COPY_CLEAR
};

/* Most structures are a few aligned words. */
static __always_inline void move(char *to, const char *from, size_t n)
{
    uint64_t mix = (uint64_t)to | (uint64_t)from | n;

    if ( likely(!(mix & 7)) && n <= 64 )
        for ( ; n; n -= 8, to += 8, from += 8 )
            *(uint64_t *)(void *)to = *(const uint64_t *)(const void *)from;
    else if ( n == 4 && !(mix & 3) )
        *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
    else
        memcpy(to, from, n);
}

static __always_inline void copy_in_page(struct page_info *pg, uint64_t offset,
                                         char *buf, size_t n,
                                         enum copy_kind kind)
{
    char *p = (char *)page_to_virt(pg) + offset;

    if ( kind == COPY_TO )
        move(p, buf, n);
    else if ( kind == COPY_FROM )
        move(buf, p, n);
    else
        memset(p, 0, n);
}

/* @n bytes that do not leave the page of @va. */
static __always_inline int copy_piece(uint64_t va, char *buf, size_t n,
                                      enum copy_kind kind)
{
    struct page_info *pg = get_page_va(current->domain, va, kind != COPY_FROM);

    if ( !pg )
        return -EFAULT;
    copy_in_page(pg, va & ~PAGE_MASK, buf, n, kind);
    put_page(pg);
    return 0;
}

static noinline int copy_pages(uint64_t va, char *buf, size_t size,
                               enum copy_kind kind)
{
    int rc = 0;

    while ( size && !rc )
    {
        size_t n = min((size_t)(PAGE_SIZE - (va & ~PAGE_MASK)), size);

        rc = copy_piece(va, buf, n, kind);
        va += n;
        buf += n;
        size -= n;
    }
    return rc;
}

/* One function per kind, so that the hot two test nothing twice. */
static __always_inline int copy_va(uint64_t va, char *buf, size_t size,
                                   enum copy_kind kind)
{
    /* At least a byte, and none on the next page? */
    if ( likely(size - 1 < PAGE_SIZE - (va & ~PAGE_MASK)) )
        return copy_piece(va, buf, size, kind);
    return copy_pages(va, buf, size, kind);
}

static int copy_ipa(struct domain *d, uint64_t ipa, char *buf, size_t size,
                    enum copy_kind kind)
{
    while ( size )
    {
        uint64_t offset = ipa & ~PAGE_MASK;
        size_t n = min((size_t)(PAGE_SIZE - offset), size);
        struct page_info *pg =
            p2m_get_page(d, _gfn(ipa >> PAGE_SHIFT), kind != COPY_FROM, NULL);

        if ( !pg )
            return -EFAULT;
        copy_in_page(pg, offset, buf, n, kind);
        put_page(pg);
        ipa += n;
        buf += n;
        size -= n;
    }
    return 0;
}

int copy_from_guest(void *dst, uint64_t guest_va, size_t size)
{
    return copy_va(guest_va, dst, size, COPY_FROM);
}

int copy_to_guest(uint64_t guest_va, const void *src, size_t size)
{
    return copy_va(guest_va, (void *)(uintptr_t)src, size, COPY_TO);
}

int clear_guest(uint64_t guest_va, size_t size)
{
    return copy_va(guest_va, NULL, size, COPY_CLEAR);
}

int copy_to_guest_phys(struct domain *d, ipa_t ipa, const void *src,
                       size_t size)
{
    return copy_ipa(d, ipa_x(ipa), (void *)(uintptr_t)src, size, COPY_TO);
}

int copy_from_guest_phys(struct domain *d, void *dst, ipa_t ipa, size_t size)
{
    return copy_ipa(d, ipa_x(ipa), dst, size, COPY_FROM);
}
