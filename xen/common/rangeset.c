/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers as a sorted array of disjoint ranges that do not touch. The
 * caller serialises. Few ranges are expected, many are possible.
 */
#include <xen/domain.h>

#include <xen/mm.h>

#define RANGES_MAX 65536U

/* Index of the first range that ends at or after @n. */
static unsigned int first_at(const struct rangeset *r, uint64_t n)
{
    unsigned int low = 0, high = r->nr;

    while ( low < high )
    {
        unsigned int mid = (low + high) / 2;

        if ( r->range[mid].end < n )
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int grow(struct rangeset *r)
{
    unsigned int max = r->max ? r->max * 2 : 8;
    void *range;

    if ( r->nr < r->max )
        return 0;
    if ( max > RANGES_MAX )
        return -ENOSPC;
    range = xzalloc_bytes(max * sizeof(*r->range), sizeof(uint64_t));
    if ( !range )
        return -ENOMEM;
    if ( r->nr )
        memcpy(range, r->range, r->nr * sizeof(*r->range));
    xfree(r->range);
    r->range = range;
    r->max = max;
    return 0;
}

/* Replace ranges [i, i + del) by @ins fresh ones. Room was made. */
static void splice(struct rangeset *r, unsigned int i, unsigned int del,
                   unsigned int ins)
{
    memmove(&r->range[i + ins], &r->range[i + del],
            (r->nr - i - del) * sizeof(*r->range));
    r->nr = r->nr + ins - del;
}

int rangeset_add(struct rangeset *r, uint64_t start, uint64_t end)
{
    unsigned int i, last;
    int rc;

    if ( start > end )
        return -EINVAL;
    rc = grow(r);
    if ( rc )
        return rc;

    /* [i, last) touch or overlap the new one and are joined with it */
    i = first_at(r, start ? start - 1 : 0);
    for ( last = i; last < r->nr; last++ )
    {
        if ( end != UINT64_MAX && r->range[last].start > end + 1 )
            break;
        start = min(start, r->range[last].start);
        end = max(end, r->range[last].end);
    }
    splice(r, i, last - i, 1);
    r->range[i].start = start;
    r->range[i].end = end;
    return 0;
}

int rangeset_remove(struct rangeset *r, uint64_t start, uint64_t end)
{
    unsigned int i, last, keep;
    uint64_t first_start, last_end;
    int rc;

    if ( start > end )
        return -EINVAL;
    i = first_at(r, start);
    for ( last = i; last < r->nr && r->range[last].start <= end; last++ )
        ;
    if ( last == i )
        return 0;
    rc = grow(r); /* one range may become two */
    if ( rc )
        return rc;

    first_start = r->range[i].start;
    last_end = r->range[last - 1].end;
    keep = (first_start < start ? 1U : 0U) + (last_end > end ? 1U : 0U);
    splice(r, i, last - i, keep);
    if ( first_start < start )
    {
        r->range[i].start = first_start;
        r->range[i].end = start - 1;
        i++;
    }
    if ( last_end > end )
    {
        r->range[i].start = end + 1;
        r->range[i].end = last_end;
    }
    return 0;
}

bool rangeset_contains(const struct rangeset *r, uint64_t start, uint64_t end)
{
    unsigned int i = first_at(r, start);

    return start <= end && i < r->nr && r->range[i].start <= start &&
           r->range[i].end >= end;
}

void rangeset_free(struct rangeset *r)
{
    xfree(r->range);
    r->range = NULL;
    r->nr = r->max = 0;
}
