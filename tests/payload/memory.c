/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory reservation and grant table calls of a payload. See memory.h. */
#include "memory.h"

#include <public/memory.h>

#include "hypercall.h"
#include "runtime.h"

static long extent_op(unsigned int op, unsigned long gfn, unsigned int order)
{
    xen_pfn_t frame = gfn;
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .extent_order = order,
        .domid = DOMID_SELF,
    };

    set_xen_guest_handle(r.extent_start, &frame);

    return hypercall(__HYPERVISOR_memory_op, op, &r);
}

long extent_remove(unsigned long gfn, unsigned int order)
{
    return extent_op(XENMEM_decrease_reservation, gfn, order);
}

long extent_populate(unsigned long gfn, unsigned int order)
{
    return extent_op(XENMEM_populate_physmap, gfn, order);
}

long grant_op(unsigned int op, void *args, unsigned int count)
{
    return hypercall5(__HYPERVISOR_grant_table_op, op, (unsigned long)args,
                      count, 0, 0);
}

struct grant_entry_v1 *grant_init(void)
{
    void *page = ram_alloc(PAGE_SIZE, PAGE_SIZE);
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_grant_table,
        .gpfn = (unsigned long)page >> PAGE_SHIFT,
    };
    long rc = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map);

    if ( rc )
        panic("add_to_physmap(grant_table): %ld\n", rc);

    return page;
}
