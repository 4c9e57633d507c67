/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Emulated registers by guest address: a sorted array, searched by halves. */
#include <xen/mmio.h>

#include <xen/domain.h>

/* Index of the first region that ends above @ipa. */
static unsigned int first_above(const struct domain_mmio *m, uint64_t ipa)
{
    unsigned int lo = 0, hi = m->nr;

    while ( lo < hi )
    {
        unsigned int mid = (lo + hi) / 2;

        if ( m->region[mid].base + m->region[mid].size <= ipa )
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct mmio_region *mmio_find(const struct domain *d, uint64_t ipa)
{
    unsigned int i = first_above(&d->mmio, ipa);

    return i < d->mmio.nr && d->mmio.region[i].base <= ipa ? &d->mmio.region[i]
                                                           : NULL;
}

int mmio_register(struct domain *d, ipa_t base, uint64_t size,
                  const struct mmio_ops *ops, void *priv)
{
    struct domain_mmio *m = &d->mmio;
    uint64_t start = ipa_x(base);
    unsigned int i = first_above(m, start);

    if ( !size || start + size < start )
        return -EINVAL;
    if ( m->nr == MMIO_MAX_REGIONS )
        return -ENOSPC;
    if ( i < m->nr && m->region[i].base < start + size )
        return -EEXIST;
    memmove(&m->region[i + 1], &m->region[i],
            (m->nr - i) * sizeof(m->region[0]));
    m->region[i] = (struct mmio_region){start, size, ops, priv};
    m->nr++;
    return 0;
}

void mmio_unregister(struct domain *d, ipa_t base)
{
    struct domain_mmio *m = &d->mmio;
    unsigned int i = first_above(m, ipa_x(base));

    if ( i >= m->nr || m->region[i].base != ipa_x(base) )
        return;
    m->nr--;
    memmove(&m->region[i], &m->region[i + 1],
            (m->nr - i) * sizeof(m->region[0]));
}
