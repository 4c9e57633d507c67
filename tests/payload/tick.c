/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peaceful guest: it says every second that it is alive. */
#include <stdint.h>

#include <public/sched.h>

#include "hypercall.h"
#include "runtime.h"

#define SECOND (1000000000UL / TICK_NS)

void payload_main(void)
{
    struct sched_poll poll = {.nr_ports = 0};
    uint64_t next = counter();

    for ( unsigned int n = 0;; n++ )
    {
        printk("tick %u\n", n);
        for ( next += SECOND; counter() < next; )
        {
            poll.timeout = next * TICK_NS;
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
        }
    }
}
