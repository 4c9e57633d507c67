/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arm PL011 UART. Spec: DDI 0183 issue G, 3.3 "Register descriptions". */
#include <xen/console.h>

#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/mm.h>

#define PL011_DR      0x00U
#define PL011_FR      0x18U
#define PL011_FR_TXFF (1U << 5)
#define PL011_FR_RXFE (1U << 4)
#define PL011_CR      0x30U
#define PL011_CR_EN   0x301U /* UARTEN, TXE, RXE */
#define PL011_IMSC    0x38U
#define PL011_INT_RX  ((1U << 4) | (1U << 6)) /* receive, timeout */
#define PL011_ICR     0x44U

struct pl011 {
    char *regs;
    unsigned int irq;
    void (*rx)(void);
};

static void pl011_putc(void *priv, char c)
{
    struct pl011 *p = priv;

    while ( read32(p->regs + PL011_FR) & PL011_FR_TXFF )
        ;
    write32(p->regs + PL011_DR, (uint8_t)c);
}

static int pl011_getc(void *priv)
{
    struct pl011 *p = priv;

    if ( read32(p->regs + PL011_FR) & PL011_FR_RXFE )
        return -1;
    return (int)(read32(p->regs + PL011_DR) & 0xff);
}

static void pl011_irq(unsigned int irq, void *dev)
{
    struct pl011 *p = dev;

    (void)irq;
    write32(p->regs + PL011_ICR, PL011_INT_RX);
    p->rx();
}

static int pl011_irq_enable(void *priv, void (*rx)(void))
{
    struct pl011 *p = priv;

    p->rx = rx;
    write32(p->regs + PL011_ICR, 0x7ff);
    write32(p->regs + PL011_IMSC, PL011_INT_RX);
    return irq_request(p->irq, IRQ_TYPE_LEVEL_HIGH, pl011_irq, p, "pl011");
}

static const struct uart_ops pl011_ops = {
    .name = "pl011",
    .putc = pl011_putc,
    .getc = pl011_getc,
    .irq_enable = pl011_irq_enable,
};

static const struct dt_match pl011_match[] = {
    {.compatible = "arm,pl011"},
    {.compatible = "arm,sbsa-uart"},
    {.compatible = NULL},
};

static int pl011_probe(struct dt_node *np, const void *data)
{
    struct pl011 *p = xzalloc(struct pl011);
    uint64_t base, size;
    enum irq_type type;

    (void)data;
    if ( !p )
        return -ENOMEM;
    if ( dt_get_reg(np, 0, &base, &size) || dt_get_irq(np, 0, &p->irq, &type) )
    {
        printk(XENLOG_ERR "%s: no registers or no interrupt\n", np->full_name);
        xfree(p);
        return -EINVAL;
    }
    p->regs = ioremap(_maddr(base), size);
    if ( !p->regs )
    {
        xfree(p);
        return -ENOMEM;
    }
    write32(p->regs + PL011_IMSC, 0);
    write32(p->regs + PL011_CR, PL011_CR_EN);
    uart_register(&pl011_ops, p, np);
    return 0;
}
DT_DRIVER(pl011, "PL011", DT_DRIVER_SERIAL, pl011_match, pl011_probe);
