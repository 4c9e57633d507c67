/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place.c - a guest's memory map; see place.h. */
#include "place.h"

#include <xen/xen.h>

#define MODULES_OFFSET (128ULL << 20)

unsigned int place_banks(uint64_t size, struct range bank[MAX_BANKS])
{
    static const uint64_t bases[] = GUEST_RAM_BANK_BASES;
    static const uint64_t sizes[] = GUEST_RAM_BANK_SIZES;
    unsigned int nr = 0;

    for ( ; size && nr < MAX_BANKS; nr++ )
    {
        bank[nr].start = bases[nr];
        bank[nr].size = size < sizes[nr] ? size : sizes[nr];
        size -= bank[nr].size;
    }
    return size ? 0 : nr;
}

static uint64_t pages_up(uint64_t size)
{
    return (size + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
}

int place_images(const struct range *bank, struct placement *p)
{
    uint64_t end = bank->start + bank->size;
    uint64_t at = bank->start + MODULES_OFFSET;
    uint64_t modules, kernel_end;

    /* Each fits on its own; so no sum below overflows. */
    if ( p->kernel.size > bank->size || p->ramdisk.size > bank->size ||
         p->dtb.size > bank->size || p->text_offset > bank->size )
        return -1;
    p->kernel.start = bank->start + p->text_offset;
    kernel_end = pages_up(p->kernel.start + p->kernel.size);
    modules = pages_up(p->ramdisk.size) + pages_up(p->dtb.size);
    if ( kernel_end > end )
        return -1;

    if ( kernel_end > at || at + modules > end )
    {
        if ( end - kernel_end >= modules )
            at = (end - modules) & ~(GUEST_PAGE - 1);
        else if ( p->text_offset >= modules )
            at = (p->kernel.start - modules) & ~(GUEST_PAGE - 1);
        else
            return -1;
        if ( at < bank->start )
            return -1;
    }
    p->ramdisk.start = at;
    p->dtb.start = at + pages_up(p->ramdisk.size);
    return 0;
}
