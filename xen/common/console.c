/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: every message goes into a ring, and to the UART once there is
 * one. Input goes to dom0, or after Ctrl-a three times to us, where it is
 * debug keys. Lock: console_lock; a fatal error stops taking it.
 */
#include <xen/console.h>

#include <public/xen.h>

#include <xen/barrier.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/softirq.h>

#define RING_SIZE   32768U /* a power of two */
#define INPUT_SIZE  256U
#define SWITCH_CHAR 0x01 /* Ctrl-a */

static DEFINE_SPINLOCK(console_lock, LOCK_RANK_CONSOLE);
static char ring[RING_SIZE];
static uint32_t ring_head; /* bytes ever written; console_lock */
static uint32_t uart_next; /* of these, bytes the UART has; console_lock */
static bool sync_mode;     /* a fatal error: no locks any more */
static bool timestamps;
static char log_threshold = '2';

static const struct uart_ops *uart;
static void *uart_priv;
static struct dt_node *uart_np;

/* Input for dom0: filled by the interrupt's softirq, read by console_io. */
static char input[INPUT_SIZE];
static uint32_t input_head, input_tail; /* console_lock */
static bool input_to_xen;
static unsigned int switch_count;

/* ---- output ---- */

static bool console_lock_take(void)
{
    if ( sync_mode || spin_is_held(&console_lock) )
        return false;
    spin_lock(&console_lock);
    return true;
}

static void uart_putc(char c)
{
    if ( uart )
        uart->putc(uart_priv, c);
    else
        early_putc(c);
}

/* What the UART has not shown yet; all that the ring still has. */
static void uart_drain(void)
{
    if ( ring_head - uart_next > RING_SIZE )
        uart_next = ring_head - RING_SIZE;
    for ( ; uart_next != ring_head; uart_next++ )
    {
        char c = ring[uart_next % RING_SIZE];

        if ( c == '\n' )
            uart_putc('\r');
        uart_putc(c);
    }
}

static void put_text(const char *s, size_t n)
{
    for ( ; n; n--, s++ )
        ring[ring_head++ % RING_SIZE] = *s;
}

/* Every line of ours is marked and stamped, so that dom0's are told apart. */
static void put_prefix(void)
{
    char stamp[32];
    s_time_t now = NOW();
    int n;

    put_text("(XEN) ", 6);
    if ( !timestamps )
        return;
    n = snprintf(stamp, sizeof(stamp), "[%5ld.%06ld] ",
                 (long)(now / SECONDS(1)), (long)(now / 1000 % 1000000));
    put_text(stamp, (size_t)n);
}

void vprintk(const char *fmt, va_list args)
{
    static bool line_open; /* console_lock */
    char buf[512];
    char level = '2', *s = buf, *end;
    bool locked;

    if ( fmt[0] == '\001' )
    {
        level = fmt[1];
        fmt += 2;
    }
    if ( level > log_threshold )
        return;
    vsnprintf(buf, sizeof(buf), fmt, args);

    locked = console_lock_take();
    while ( *s )
    {
        if ( !line_open )
            put_prefix();
        end = strchr(s, '\n');
        line_open = !end;
        end = end ? end + 1 : s + strlen(s);
        put_text(s, (size_t)(end - s));
        s = end;
    }
    uart_drain();
    if ( locked )
        spin_unlock(&console_lock);
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
}

bool ratelimit_allow(struct ratelimit *rl)
{
    uint64_t now = (uint64_t)NOW();

    if ( now - rl->window_start > (uint64_t)SECONDS(5) || !rl->window_start )
    {
        if ( rl->missed )
            printk("(%u messages like the next one were dropped)\n",
                   rl->missed);
        rl->window_start = now;
        rl->in_window = rl->missed = 0;
    }
    if ( rl->in_window < 10 )
    {
        rl->in_window++;
        return true;
    }
    rl->missed++;
    return false;
}

void console_force_sync(void)
{
    sync_mode = true;
}

size_t console_ring_read(char *buf, size_t size, uint32_t *index, bool clear)
{
    static uint32_t start; /* console_lock: cleared up to here */
    uint32_t at;
    size_t n = 0;

    spin_lock(&console_lock);
    if ( ring_head - start > RING_SIZE )
        start = ring_head - RING_SIZE;
    at = *index - start > ring_head - start ? start : *index;
    for ( ; at != ring_head && n < size; at++ )
        buf[n++] = ring[at % RING_SIZE];
    *index = at;
    if ( clear )
        start = ring_head;
    spin_unlock(&console_lock);
    return n;
}

void console_ring_show(void)
{
    bool locked = console_lock_take();

    uart_next = ring_head - min(ring_head, RING_SIZE);
    uart_drain();
    if ( locked )
        spin_unlock(&console_lock);
}

/* ---- the UART ---- */

void uart_register(const struct uart_ops *ops, void *priv, struct dt_node *np)
{
    uart = ops;
    uart_priv = priv;
    uart_np = np;
    np->used_by_xen = true;
}

static char dtuart[128];

static int parse_dtuart(const char *value)
{
    return strlcpy(dtuart, value, sizeof(dtuart)) < sizeof(dtuart) ? 0
                                                                   : -EINVAL;
}
CMDLINE_OPTION("dtuart", parse_dtuart);

static int parse_console_timestamps(const char *value)
{
    timestamps = strcmp(value, "no") && strcmp(value, "none");
    return 0;
}
CMDLINE_OPTION("console_timestamps", parse_console_timestamps);

static int parse_loglvl(const char *value)
{
    if ( !strncmp(value, "all", 3) || !strncmp(value, "debug", 5) )
        log_threshold = '3';
    else if ( !strncmp(value, "info", 4) )
        log_threshold = '2';
    else if ( !strncmp(value, "warning", 7) )
        log_threshold = '1';
    else if ( !strncmp(value, "error", 5) || !strncmp(value, "none", 4) )
        log_threshold = '0';
    else
        return -EINVAL;
    return 0;
}
CMDLINE_OPTION("loglvl", parse_loglvl);

/* console=dtuart and the like: there is one console. */
static int parse_console(const char *value)
{
    (void)value;
    return 0;
}
CMDLINE_OPTION("console", parse_console);

void console_init_uart(void)
{
    const char *path = dtuart;
    char name[128], *options;
    struct dt_node *np;

    if ( !*path &&
         (!dt_chosen || dt_read_string(dt_chosen, "stdout-path", &path)) )
        return;
    strlcpy(name, path, sizeof(name));
    options = strchr(name, ':'); /* "serial0:115200n8" */
    if ( options )
        *options = '\0';
    np = dt_find_path(name);
    if ( !np )
        printk(XENLOG_ERR "console: no node %s\n", name);
    else if ( dt_probe_node(np, DT_DRIVER_SERIAL) )
        printk(XENLOG_ERR "console: no driver for %s\n", np->full_name);
    printk("console: %s\n", np ? np->full_name : "none");
}

/* ---- input ---- */

static void console_input(char c)
{
    if ( c == SWITCH_CHAR )
    {
        if ( ++switch_count == 3 )
        {
            switch_count = 0;
            input_to_xen = !input_to_xen;
            printk("*** Serial input to %s (type 'CTRL-a' three times to "
                   "switch input)\n",
                   input_to_xen ? "Xen" : "DOM0");
        }
        return;
    }
    switch_count = 0;
    if ( input_to_xen || !hardware_domain )
    {
        keyhandler_run(c);
        return;
    }
    spin_lock(&console_lock);
    if ( input_head - input_tail < INPUT_SIZE )
        input[input_head++ % INPUT_SIZE] = c;
    spin_unlock(&console_lock);
    send_global_virq(VIRQ_CONSOLE);
}

static void console_softirq(void)
{
    int c;

    while ( uart && (c = uart->getc(uart_priv)) >= 0 )
        console_input((char)c);
}

static void console_rx(void)
{
    softirq_raise(SOFTIRQ_CONSOLE);
}

void console_init_irq(void)
{
    softirq_open(SOFTIRQ_CONSOLE, console_softirq);
    if ( uart && uart->irq_enable(uart_priv, console_rx) )
        printk(XENLOG_ERR "console: %s: no interrupt: no input\n",
               uart_np->full_name);
}

/* ---- CONSOLEIO_*: dom0's hvc0, and early messages of other domains ---- */

static long guest_write(uint64_t buf, uint64_t count)
{
    char chunk[256];

    while ( count )
    {
        size_t n = min(count, (uint64_t)sizeof(chunk));

        if ( copy_from_guest(chunk, buf, n) )
            return -EFAULT;
        spin_lock(&console_lock);
        put_text(chunk, n);
        uart_drain();
        spin_unlock(&console_lock);
        buf += n;
        count -= n;
        if ( count && preempt_check() )
            return hypercall_continue(__HYPERVISOR_console_io, CONSOLEIO_write,
                                      count, buf, 0, 0);
    }
    return 0;
}

static long guest_read(uint64_t buf, uint64_t count)
{
    char chunk[INPUT_SIZE];
    size_t n = 0;

    spin_lock(&console_lock);
    while ( n < count && n < sizeof(chunk) && input_tail != input_head )
        chunk[n++] = input[input_tail++ % INPUT_SIZE];
    spin_unlock(&console_lock);
    return copy_to_guest(buf, chunk, n) ? -EFAULT : (long)n;
}

long do_console_io(uint64_t cmd, uint64_t count, uint64_t buf, uint64_t a3,
                   uint64_t a4)
{
    (void)a3;
    (void)a4;
    if ( !current->domain->is_hardware )
        return -EPERM;
    switch ( cmd )
    {
    case CONSOLEIO_write:
        return guest_write(buf, (uint32_t)count);
    case CONSOLEIO_read:
        return guest_read(buf, (uint32_t)count);
    }
    return -ENOSYS;
}
