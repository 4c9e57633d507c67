/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The toolstack's sets: bytes, the lowest number first. No lock, no state. */
#include <xen/domctl.h>

#include <public/domctl.h>

#include <xen/bits.h>
#include <xen/guest-copy.h>

#define MAX_BITS 65536U /* of a caller's set, most of it zeroes */

static size_t bytes_of(const struct xenctl_bitmap *map)
{
    return DIV_ROUND_UP(map->nr_bits, 8U);
}

int bits_from_guest(uint64_t *bits, const struct xenctl_bitmap *map)
{
    *bits = 0;
    if ( copy_from_guest(bits, guest_handle_addr(map->bitmap),
                         min(bytes_of(map), sizeof(*bits))) )
        return -EFAULT;
    if ( map->nr_bits < 64 )
        *bits &= BIT64(map->nr_bits) - 1;
    return 0;
}

int bits_to_guest(const struct xenctl_bitmap *map, uint64_t bits)
{
    uint64_t at = guest_handle_addr(map->bitmap);
    size_t size = bytes_of(map), n = min(size, sizeof(bits));

    if ( map->nr_bits > MAX_BITS )
        return -E2BIG;
    if ( map->nr_bits < 64 )
        bits &= BIT64(map->nr_bits) - 1;
    if ( copy_to_guest(at, &bits, n) || clear_guest(at + n, size - n) )
        return -EFAULT;
    return 0;
}
