/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and frame numbers, one C type per address space, so that the
 * compiler finds swapped arguments. Each is a struct of one uint64_t and costs
 * nothing. Crossing from one space to another is always a named function.
 *
 *   gfn, ipa     guest frame, guest intermediate physical address (stage 2 in)
 *   mfn, maddr   machine frame, machine address
 *   dfn, iova    device frame, address a device puts on the bus (IOMMU in)
 */
#ifndef XEN_ADDR_H
#define XEN_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/compiler.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* Gives name_t, _name(x), name_x(a), name_add(a, n), name_eq(a, b). */
#define ADDR_TYPE(name)                                                        \
    typedef struct {                                                           \
        uint64_t name;                                                         \
    } name##_t;                                                                \
    static inline name##_t _##name(uint64_t x)                                 \
    {                                                                          \
        return (name##_t){x};                                                  \
    }                                                                          \
    static inline uint64_t name##_x(name##_t a)                                \
    {                                                                          \
        return a.name;                                                         \
    }                                                                          \
    static inline __must_check name##_t name##_add(name##_t a, uint64_t n)     \
    {                                                                          \
        return _##name(a.name + n);                                            \
    }                                                                          \
    static inline bool name##_eq(name##_t a, name##_t b)                       \
    {                                                                          \
        return a.name == b.name;                                               \
    }

ADDR_TYPE(gfn)
ADDR_TYPE(mfn)
ADDR_TYPE(dfn)
ADDR_TYPE(ipa)
ADDR_TYPE(maddr)
ADDR_TYPE(iova)

#undef ADDR_TYPE

#define INVALID_GFN   _gfn(~UINT64_C(0))
#define INVALID_MFN   _mfn(~UINT64_C(0))
#define INVALID_DFN   _dfn(~UINT64_C(0))
#define INVALID_IPA   _ipa(~UINT64_C(0))
#define INVALID_MADDR _maddr(~UINT64_C(0))
#define INVALID_IOVA  _iova(~UINT64_C(0))

#define PRI_gfn   "#lx"
#define PRI_mfn   "#lx"
#define PRI_dfn   "#lx"
#define PRI_ipa   "#lx"
#define PRI_maddr "#lx"
#define PRI_iova  "#lx"

/* Frame and address of the same space. */
static inline ipa_t gfn_to_ipa(gfn_t gfn)
{
    return _ipa(gfn_x(gfn) << PAGE_SHIFT);
}

static inline gfn_t gfn_from_ipa(ipa_t ipa)
{
    return _gfn(ipa_x(ipa) >> PAGE_SHIFT);
}

static inline maddr_t mfn_to_maddr(mfn_t mfn)
{
    return _maddr(mfn_x(mfn) << PAGE_SHIFT);
}

static inline mfn_t mfn_from_maddr(maddr_t ma)
{
    return _mfn(maddr_x(ma) >> PAGE_SHIFT);
}

static inline iova_t dfn_to_iova(dfn_t dfn)
{
    return _iova(dfn_x(dfn) << PAGE_SHIFT);
}

static inline dfn_t dfn_from_iova(iova_t iova)
{
    return _dfn(iova_x(iova) >> PAGE_SHIFT);
}

/* A device sees the guest's physical addresses: dfn == gfn by design. */
static inline dfn_t dfn_from_gfn(gfn_t gfn)
{
    return _dfn(gfn_x(gfn));
}

static inline gfn_t gfn_from_dfn(dfn_t dfn)
{
    return _gfn(dfn_x(dfn));
}

/* Largest order that a and b are aligned to and that fits in nr pages. */
static inline unsigned int max_order(uint64_t a, uint64_t b, uint64_t nr)
{
    uint64_t align = a | b;
    unsigned int fit = 63 - (unsigned int)__builtin_clzll(nr);
    unsigned int low = align ? (unsigned int)__builtin_ctzll(align) : 63;

    return low < fit ? low : fit;
}

#endif /* XEN_ADDR_H */
