/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-scif.c - the SCIF console driver against a model of the port: FIFOs of
 * 16, flags that are cleared by writing 0 after they have been read as 1 and
 * come back while their cause stays, an overrun that stops the receiver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/irq.h>
#include <xen/mm.h>

#define BASE UINT64_C(0x200000e88000)
#define FIFO 16u

enum flag {
    DR = 0x01,
    RDF = 0x02,
    BRK = 0x10,
    TDFE = 0x20,
    TEND = 0x40,
    ER = 0x80
};

static struct {
    uint16_t scr, smr, fcr, fsr, lsr, seen, lsr_seen;
    uint8_t brr;
    uint8_t tx[FIFO], rx[FIFO];
    unsigned int nr_tx, nr_rx, slow;
    char out[128];
    unsigned int nr_out, nr_lost;
} port;

static const struct uart_ops *ops;
static void *priv;
static irq_handler_t handler;
static void *handler_dev;
static char in[64];
static unsigned int nr_in, nr_calls;
static bool muted, softirq;

/* Flags whose cause is there are there. */
static void update(void)
{
    if ( port.nr_tx < FIFO / 2 )
        port.fsr |= TDFE;
    if ( !port.nr_tx )
        port.fsr |= TEND;
    if ( port.nr_rx )
        port.fsr |= RDF;
}

static void shift_out(void)
{
    if ( !port.nr_tx || !(port.scr & 0x20) )
        return;
    port.out[port.nr_out++] = (char)port.tx[0];
    memmove(port.tx, port.tx + 1, --port.nr_tx);
}

static bool level(void)
{
    update();
    return ((port.scr & 0x40) && (port.fsr & (DR | RDF))) ||
           ((port.scr & 0x48) && ((port.fsr & (ER | BRK)) || (port.lsr & 1)));
}

static void receive(const char *s)
{
    for ( ; *s; s++ )
    {
        if ( !(port.scr & 0x10) || (port.lsr & 1) )
            port.nr_lost++;
        else if ( port.nr_rx == FIFO )
            port.lsr |= 1;
        else
            port.rx[port.nr_rx++] = (uint8_t)*s;
    }
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint64_t offset = (uintptr_t)addr - BASE;
    uint8_t c;

    update();
    assert_int_equal(size, offset == 0x14 || offset == 0x04 ? 1 : 2);
    switch ( offset )
    {
    case 0x00:
        return port.smr;
    case 0x08:
        return port.scr;
    case 0x10:
        if ( port.slow )
            port.slow--;
        else
            shift_out();
        port.seen |= port.fsr;
        return port.fsr;
    case 0x14:
        assert_true(port.nr_rx);
        c = port.rx[0];
        memmove(port.rx, port.rx + 1, --port.nr_rx);
        return c;
    case 0x18:
        return port.fcr;
    case 0x24:
        port.lsr_seen |= port.lsr;
        return port.lsr;
    default:
        fail();
        return 0;
    }
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint64_t offset = (uintptr_t)addr - BASE;

    assert_int_equal(size, offset == 0x0c ? 1 : 2);
    switch ( offset )
    {
    case 0x08:
        port.scr = (uint16_t)value;
        break;
    case 0x0c:
        assert_true(port.nr_tx < FIFO);
        port.tx[port.nr_tx++] = (uint8_t)value;
        break;
    case 0x10:
        port.fsr &= (uint16_t)(value | (uint16_t)~port.seen);
        port.seen = 0;
        update();
        break;
    case 0x18:
        port.fcr = (uint16_t)value;
        if ( value & 4 )
            port.nr_tx = 0;
        if ( value & 2 )
            port.nr_rx = 0;
        break;
    case 0x24:
        port.lsr &= (uint16_t)(value | (uint16_t)~port.lsr_seen);
        port.lsr_seen = 0;
        break;
    default:
        /* SCSMR, SCBRR, clocks and pins are firmware's. */
        fail();
    }
}

/* ---- the machine ---- */

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    static uint64_t memory[16];

    (void)align;
    assert_true(size <= sizeof(memory));
    return memset(memory, 0, sizeof(memory));
}

void xfree(void *p)
{
    (void)p;
}

void *ioremap(maddr_t ma, size_t size)
{
    (void)ma;
    assert_int_equal(size, 64);
    return (void *)(uintptr_t)BASE;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    (void)np, (void)index;
    *addr = 0xe6e88000;
    *size = 64;
    return 0;
}

int dt_get_irq(const struct dt_node *np, unsigned int index, unsigned int *irq,
               enum irq_type *type)
{
    (void)np, (void)index;
    *irq = 196;
    *type = IRQ_TYPE_LEVEL_HIGH;
    return 0;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t fn,
                void *dev, const char *name)
{
    (void)name;
    assert_int_equal(irq, 196);
    assert_int_equal(type, IRQ_TYPE_LEVEL_HIGH);
    handler = fn;
    handler_dev = dev;
    return 0;
}

void irq_mute(unsigned int irq)
{
    assert_int_equal(irq, 196);
    muted = true;
}

void irq_unmute(unsigned int irq)
{
    assert_int_equal(irq, 196);
    muted = false;
}

void uart_register(const struct uart_ops *o, void *p, struct dt_node *np)
{
    (void)np;
    ops = o;
    priv = p;
}

__asm__(".section .dtdrivers, \"aw\"\n.balign 8\ndrivers:\n.previous\n");
extern const struct dt_driver drivers[];

/* As the console does it: characters are read later. */
static void rx(void)
{
    nr_calls++;
    softirq = true;
}

static void interrupts(void)
{
    unsigned int rounds = 0;

    do
    {
        assert_true(rounds++ < 100);
        for ( unsigned int i = 0; level() && !muted; i++ )
        {
            assert_true(i < 10);
            handler(196, handler_dev);
        }
        for ( int c; softirq && (c = ops->getc(priv)) >= 0; )
            in[nr_in++] = (char)c;
        softirq = false;
    } while ( level() && !muted );
    assert_false(level() || muted);
}

static int setup(void **state)
{
    struct dt_node np = {.full_name = "/soc/serial@e6e88000"};

    (void)state;
    memset(&port, 0, sizeof(port));
    memset(in, 0, sizeof(in));
    nr_in = nr_calls = 0;
    muted = softirq = false;

    /* Firmware is in the middle of a word, and has its own settings. */
    port.scr = 0x0031; /* TE, RE, CKE */
    port.fcr = 0x00c0;
    port.fsr = BRK;
    memcpy(port.tx, "last", 4);
    port.nr_tx = 4;
    port.slow = 7;
    assert_int_equal(drivers[0].probe(&np, NULL), 0);
    assert_string_equal(port.out, "last");
    assert_int_equal(port.scr, 0x31);
    assert_int_equal(port.fcr, 0);
    assert_int_equal(port.fsr & BRK, 0);

    assert_int_equal(ops->irq_enable(priv, rx), 0);
    assert_int_equal(port.scr, 0x79);
    assert_false(level());
    memset(port.out, 0, sizeof(port.out));
    port.nr_out = 0;
    return 0;
}

static void test_putc(void **state)
{
    const char *text = "Forty-two characters, more than its FIFO.\n";

    (void)state;
    for ( const char *s = text; *s; s++ )
    {
        port.slow = 3;
        ops->putc(priv, *s);
    }
    while ( port.nr_tx )
        shift_out();
    assert_string_equal(port.out, text);
    assert_false(level());
}

static void test_getc(void **state)
{
    (void)state;
    assert_int_equal(ops->getc(priv), -1);
    receive("help");
    assert_true(level());
    interrupts();
    assert_string_equal(in, "help");
    assert_int_equal(nr_calls, 1);
    assert_false(level());
}

/* What came in time is there, and what comes later is received again. */
static void test_overrun(void **state)
{
    (void)state;
    receive("0123456789abcdefgh");
    assert_int_equal(port.nr_lost, 1);
    interrupts();
    assert_string_equal(in, "0123456789abcdef");
    receive("x");
    interrupts();
    assert_string_equal(in, "0123456789abcdefx");
}

static void test_errors(void **state)
{
    (void)state;
    port.fsr |= ER | BRK;
    assert_true(level());
    interrupts();
    assert_int_equal(nr_in, 0);
    port.lsr |= 1;
    interrupts();
    receive("y");
    interrupts();
    assert_string_equal(in, "y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_putc, setup),
        cmocka_unit_test_setup(test_getc, setup),
        cmocka_unit_test_setup(test_overrun, setup),
        cmocka_unit_test_setup(test_errors, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
