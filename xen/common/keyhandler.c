/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: a table of short functions that print state. */
#include <xen/console.h>

#include <xen/domain.h>

static struct {
    void (*fn)(char key);
    const char *desc;
} keys[128];

void keyhandler_register(char key, void (*fn)(char key), const char *desc)
{
    ASSERT(!keys[(int)key].fn);
    keys[(int)key].fn = fn;
    keys[(int)key].desc = desc;
}

void keyhandler_run(char key)
{
    if ( (unsigned char)key < ARRAY_SIZE(keys) && keys[(int)key].fn )
    {
        printk("'%c' pressed -> %s\n", key, keys[(int)key].desc);
        keys[(int)key].fn(key);
    }
}

static void show_help(char key)
{
    (void)key;
    for ( unsigned int i = 0; i < ARRAY_SIZE(keys); i++ )
        if ( keys[i].fn )
            printk(" key '%c' => %s\n", (char)i, keys[i].desc);
}

static void run_all(char key)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(keys); i++ )
        if ( keys[i].fn && (char)i != key && (char)i != 'R' && (char)i != 'h' &&
             (char)i != 'w' && (char)i != '%' )
            keyhandler_run((char)i);
}

static void show_ring(char key)
{
    (void)key;
    console_ring_show();
}

static void show_domain(struct domain *d)
{
    struct vcpu *v;

    printk("d%u: refs %u%s%s%s%s pages %lu of %lu, %u vCPUs\n", d->domain_id,
           d->refcount, d->is_hardware ? " hardware" : "",
           d->direct_mapped ? " direct-mapped" : "",
           d->is_dying ? " dying" : "", d->is_shut_down ? " shut down" : "",
           d->tot_pages, d->max_pages, d->max_vcpus);
    for_each_vcpu (d, v)
        printk("  v%u: CPU%u%s%s%s pause %u, ran %ld ms, work %#x\n",
               v->vcpu_id, v->sched.cpu, v->sched.online ? "" : " offline",
               v->sched.runnable ? "" : " blocked",
               v->sched.on_cpu ? " loaded" : "", v->sched.pause_count,
               (long)(v->sched.runtime / 1000000), v->work);
}

/* Call fn for each domain, or say that the list is locked. */
static void each_domain(void (*fn)(struct domain *d))
{
    struct domain *d;

    if ( !spin_trylock(&domlist_lock) )
    {
        printk("domain list is locked\n");
        return;
    }
    list_for_each_entry (d, &domain_list, list)
        fn(d);
    spin_unlock(&domlist_lock);
}

static void show_domain_memory(struct domain *d)
{
    printk("d%u: %lu of %lu pages; stage 2: %lu+%lu+%lu leaves of 1G/2M/4K, "
           "%u tables\n",
           d->domain_id, d->tot_pages, d->max_pages, d->p2m.pgt.stats.leaves[1],
           d->p2m.pgt.stats.leaves[2], d->p2m.pgt.stats.leaves[3],
           d->p2m.pgt.stats.tables);
}

static void show_memory(char key)
{
    (void)key;
    printk("heap: %lu of %lu MiB free\n", heap_free_pages() >> 8,
           heap_total_pages() >> 8);
    each_domain(show_domain_memory);
}

static void show_vcpus(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        show_vcpu(v);
}

static void show_registers(char key)
{
    (void)key;
    each_domain(show_vcpus);
}

static void show_domains(char key)
{
    (void)key;
    each_domain(show_domain);
}

static void show_events(char key)
{
    (void)key;
    each_domain(evtchn_dump);
}

static void reboot_machine(char key)
{
    (void)key;
    machine_restart();
}

void keyhandler_init(void)
{
    keyhandler_register('h', show_help, "this help");
    keyhandler_register('m', show_memory, "memory");
    keyhandler_register('w', show_ring, "console ring");
    keyhandler_register('d', show_registers, "registers of vCPUs");
    keyhandler_register('q', show_domains, "domains and vCPUs");
    keyhandler_register('e', show_events, "event channels");
    keyhandler_register('R', reboot_machine, "reboot the machine");
    keyhandler_register('*', run_all, "all diagnostics");
}
