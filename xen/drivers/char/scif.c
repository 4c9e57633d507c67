/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas SCIF and HSCIF of R-Car and RZ/G2. Firmware has set clock, rate and
 * pins: those registers are left alone.
 *
 * Flags of the status register are cleared by writing 0 to what was read as 1;
 * a 1 leaves them. All registers have 16 bits but the two for data.
 */
#include <xen/console.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/mm.h>

#define SCIF_SCSCR      0x08U
#define SCIF_SCSCR_CKE  GENMASK32(1, 0) /* clock source: firmware's choice */
#define SCIF_SCSCR_REIE BIT32(3)        /* interrupts: receive errors, */
#define SCIF_SCSCR_RE   BIT32(4)
#define SCIF_SCSCR_TE   BIT32(5)
#define SCIF_SCSCR_RIE  BIT32(6) /* and received data */

#define SCIF_SCFTDR 0x0cU /* 8 bits: transmit */

#define SCIF_SCFSR        0x10U
#define SCIF_SCFSR_DR     BIT32(0) /* fewer than the trigger, for a while */
#define SCIF_SCFSR_RDF    BIT32(1) /* as many as the trigger */
#define SCIF_SCFSR_BRK    BIT32(4)
#define SCIF_SCFSR_TDFE   BIT32(5) /* room to transmit */
#define SCIF_SCFSR_TEND   BIT32(6) /* all transmitted */
#define SCIF_SCFSR_ER     BIT32(7)
#define SCIF_SCFSR_RX     (SCIF_SCFSR_DR | SCIF_SCFSR_RDF)
#define SCIF_SCFSR_TX     (SCIF_SCFSR_TDFE | SCIF_SCFSR_TEND)
#define SCIF_SCFSR_ERRORS (SCIF_SCFSR_BRK | SCIF_SCFSR_ER)

#define SCIF_SCFRDR 0x14U /* 8 bits: receive */

#define SCIF_SCFCR       0x18U
#define SCIF_SCFCR_RFRST BIT32(1)
#define SCIF_SCFCR_TFRST BIT32(2)
#define SCIF_SCFCR_RTRG  GENMASK32(7, 6) /* 0: a single character */

#define SCIF_SCLSR      0x24U
#define SCIF_SCLSR_ORER BIT32(0) /* nothing is received until cleared */

#define SCIF_SIZE 0x28U

struct scif {
    char *regs;
    unsigned int irq;
    enum irq_type type;
    void (*rx)(void);
    bool muted; /* until all has been read: the interrupt is a level */
};

static uint32_t scif_read(const struct scif *s, uint32_t reg)
{
    return read16(s->regs + reg);
}

static void scif_write(struct scif *s, uint32_t reg, uint32_t value)
{
    write16(s->regs + reg, (uint16_t)value);
}

/* After they have been read as 1. */
static void clear_flags(struct scif *s, uint32_t flags)
{
    scif_write(s, SCIF_SCFSR, ~flags);
}

static void scif_putc(void *priv, char c)
{
    struct scif *s = priv;

    while ( !(scif_read(s, SCIF_SCFSR) & SCIF_SCFSR_TDFE) )
        ;
    write8(s->regs + SCIF_SCFTDR, (uint8_t)c);
    (void)scif_read(s, SCIF_SCFSR);
    clear_flags(s, SCIF_SCFSR_TX);
}

/* Errors hold the interrupt up, and an overrun stops the receiver. */
static void clear_errors(struct scif *s, uint32_t status)
{
    if ( status & SCIF_SCFSR_ERRORS )
        clear_flags(s, SCIF_SCFSR_ERRORS);
    if ( scif_read(s, SCIF_SCLSR) & SCIF_SCLSR_ORER )
        scif_write(s, SCIF_SCLSR, 0);
}

static int scif_getc(void *priv)
{
    struct scif *s = priv;
    uint32_t status = scif_read(s, SCIF_SCFSR);
    int c;

    clear_errors(s, status);
    if ( !(status & SCIF_SCFSR_RX) )
    {
        if ( s->muted )
        {
            s->muted = false;
            irq_unmute(s->irq);
        }
        return -1;
    }

    c = read8(s->regs + SCIF_SCFRDR);
    /* Stays, or comes again, when there is more. */
    (void)scif_read(s, SCIF_SCFSR);
    clear_flags(s, SCIF_SCFSR_RX);
    return c;
}

static void scif_irq(unsigned int irq, void *dev)
{
    struct scif *s = dev;

    irq_mute(irq);
    s->muted = true;
    s->rx();
}

static int scif_irq_enable(void *priv, void (*rx)(void))
{
    struct scif *s = priv;
    int rc;

    s->rx = rx;
    rc = irq_request(s->irq, s->type, scif_irq, s, "scif");
    if ( !rc )
        scif_write(s, SCIF_SCSCR,
                   scif_read(s, SCIF_SCSCR) | SCIF_SCSCR_RIE | SCIF_SCSCR_REIE);
    return rc;
}

static const struct uart_ops scif_ops = {
    .name = "scif",
    .putc = scif_putc,
    .getc = scif_getc,
    .irq_enable = scif_irq_enable,
};

/* From what firmware, or our first messages, left to a known state. */
static void take_over(struct scif *s)
{
    uint32_t fcr = scif_read(s, SCIF_SCFCR) & ~SCIF_SCFCR_RTRG;
    uint32_t cke = scif_read(s, SCIF_SCSCR) & SCIF_SCSCR_CKE;

    /* The last words are still on their way; nothing is, if it is off. */
    while ( scif_read(s, SCIF_SCSCR) & SCIF_SCSCR_TE &&
            !(scif_read(s, SCIF_SCFSR) & SCIF_SCFSR_TEND) )
        ;

    scif_write(s, SCIF_SCSCR, cke);
    scif_write(s, SCIF_SCFCR, fcr | SCIF_SCFCR_TFRST | SCIF_SCFCR_RFRST);
    (void)scif_read(s, SCIF_SCFSR);
    clear_flags(s, SCIF_SCFSR_RX | SCIF_SCFSR_ERRORS);
    (void)scif_read(s, SCIF_SCLSR);
    scif_write(s, SCIF_SCLSR, 0);
    scif_write(s, SCIF_SCFCR, fcr & ~(SCIF_SCFCR_TFRST | SCIF_SCFCR_RFRST));
    scif_write(s, SCIF_SCSCR, cke | SCIF_SCSCR_TE | SCIF_SCSCR_RE);
}

static const struct dt_match scif_match[] = {
    {.compatible = "renesas,scif"},
    {.compatible = "renesas,hscif"},
    {.compatible = NULL},
};

static int scif_probe(struct dt_node *np, const void *data)
{
    struct scif *s = xzalloc(struct scif);
    uint64_t base, size;

    (void)data;
    if ( !s )
        return -ENOMEM;
    if ( dt_get_reg(np, 0, &base, &size) || size < SCIF_SIZE ||
         dt_get_irq(np, 0, &s->irq, &s->type) )
    {
        printk(XENLOG_ERR "%s: no registers or no interrupt\n", np->full_name);
        xfree(s);
        return -EINVAL;
    }
    s->regs = ioremap(_maddr(base), size);
    if ( !s->regs )
    {
        xfree(s);
        return -ENOMEM;
    }
    take_over(s);
    uart_register(&scif_ops, s, np);
    return 0;
}
DT_DRIVER(scif, "SCIF", DT_DRIVER_SERIAL, scif_match, scif_probe);
