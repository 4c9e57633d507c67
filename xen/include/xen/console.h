/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: a ring that keeps everything, a UART that shows it, the
 * Ctrl-a switch between dom0, domains and debug keys, and console_io.
 */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <xen/lib.h>

struct dt_node;

struct uart_ops {
    const char *name;
    void (*putc)(void *priv, char c); /* polled; any time */
    int (*getc)(void *priv);          /* -1 when empty */
    /* Call @rx when there is input; after the GIC. */
    int (*irq_enable)(void *priv, void (*rx)(void));
};
/* uart_register - by a driver's probe, for the node stdout-path names. */
void uart_register(const struct uart_ops *ops, void *priv, struct dt_node *np);

/* console_init_uart - probe the UART of stdout-path or "dtuart="; until
 * then asm/early.h shows what the ring collects. */
void console_init_uart(void);
void console_init_irq(void);
/* early_putc - arch: the UART that firmware left, before a driver. */
void early_putc(char c);

/* console_force_sync - a fatal error: no locks from here on. */
void console_force_sync(void);
/* console_ring_read - for readconsole. */
size_t console_ring_read(char *buf, size_t size, uint32_t *index, bool clear);
/* console_ring_show - all of it once more, on the UART alone. */
void console_ring_show(void);

/* Debug keys, Xen's letters. Handlers take locks with trylock. */
void keyhandler_register(char key, void (*fn)(char key), const char *desc);
void keyhandler_run(char key);
void keyhandler_init(void);

/* Command line options: "name=value", "name", "no-name". At most one each. */
struct cmdline_option {
    const char *name;
    int (*parse)(const char *value); /* 0, -EINVAL: reported by name */
};
#define CMDLINE_OPTION(opt, fn)                                                \
    static const struct cmdline_option cmdline_##fn                            \
        __attribute__((used, section(".cmdline"), aligned(8))) = {.name = opt, \
                                                                  .parse = fn}
void cmdline_parse(const char *line);
extern char saved_cmdline[1024];

#endif /* XEN_CONSOLE_H */
