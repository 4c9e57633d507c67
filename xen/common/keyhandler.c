/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: a table of short functions that print state. */
#include <xen/console.h>

#include <xen/domain.h>
#include <asm/psci.h>
#include <asm/traps.h>

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

static void show_memory(char key)
{
    struct domain *d;

    (void)key;
    printk("heap: %lu of %lu MiB free\n", heap_free_pages() >> 8,
           heap_total_pages() >> 8);
    if ( !spin_trylock(&domlist_lock) )
    {
        printk("domain list is locked\n");
        return;
    }
    list_for_each_entry(d, &domain_list, list)
        printk("d%u: %lu of %lu pages; stage 2: %lu+%lu+%lu leaves of "
               "1G/2M/4K, %u tables\n",
               d->domain_id, d->tot_pages, d->max_pages,
               d->p2m.pgt.stats.leaves[1], d->p2m.pgt.stats.leaves[2],
               d->p2m.pgt.stats.leaves[3], d->p2m.pgt.stats.tables);
    spin_unlock(&domlist_lock);
}

static void show_ring(char key)
{
    static char buf[4096];
    uint32_t index = 0;
    size_t n = console_ring_read(buf, sizeof(buf) - 1, &index, false);

    (void)key;
    buf[n] = '\0';
    printk("%s\n", buf);
}

static void show_registers(char key)
{
    struct domain *d;
    struct vcpu *v;

    (void)key;
    if ( !spin_trylock(&domlist_lock) )
    {
        printk("domain list is locked\n");
        return;
    }
    list_for_each_entry(d, &domain_list, list)
        for_each_vcpu(d, v)
            show_vcpu(v);
    spin_unlock(&domlist_lock);
}

static void reboot_machine(char key)
{
    (void)key;
    psci_system_reset();
}

void keyhandler_init(void)
{
    keyhandler_register('h', show_help, "show this message");
    keyhandler_register('m', show_memory, "memory info");
    keyhandler_register('w', show_ring, "synchronously dump console ring");
    keyhandler_register('d', show_registers, "dump registers");
    keyhandler_register('R', reboot_machine, "reboot machine");
    keyhandler_register('*', run_all, "print all diagnostics");
}
