/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-msi.c - vectors of functions, over an ITS and over a GICv2m frame: whose
 * message raises what, where it is delivered, and that one that is sent
 * without end stops the others for no longer than it takes to notice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/domain.h>
#include <xen/mm.h>
#include <asm/gic.h>

#define FRAME     0x8020000U
#define DOORBELL  0x8090040U
#define FIRST_SPI 80U
#define NR_SPIS   16U
#define LISTED    82U /* some node's, though in the frame's range */

static bool with_its;
static struct {
    uint32_t device, lpi;
    unsigned int event, cpu;
    bool enabled;
} its_event[256];
static unsigned int nr_events, enabled_spis, moved_to, nr_moves, nr_turned_on;
static struct domain dom[2];
static struct vgic_irq spi[2]; /* 100 of the first, 101 of the second */
static unsigned int raised[2];
static s_time_t now;
static struct timer *timer;
static irq_handler_t handler[NR_SPIS];
static void *handler_dev[NR_SPIS];
static struct dt_node frame_node = {.name = "v2m", .full_name = "/gic/v2m"};
static struct dt_node gic_node = {.name = "gic", .child = &frame_node};

unsigned int percpu_cpu_id, gic_nr_irqs = 128;
struct gic_layout gic_layout = {.np = &gic_node};

/* ---- what msi.c stands on ---- */

static void enable(unsigned int irq)
{
    enabled_spis |= BIT32(irq - FIRST_SPI);
}

static void disable(unsigned int irq)
{
    enabled_spis &= ~BIT32(irq - FIRST_SPI);
}

static void set_pending(unsigned int irq, bool on)
{
    (void)irq, (void)on;
}

static void set_affinity(unsigned int irq, unsigned int cpu)
{
    (void)irq;
    moved_to = cpu;
    nr_moves++;
}

static struct gic_ops ops = {.enable = enable,
                             .disable = disable,
                             .set_pending = set_pending,
                             .set_affinity = set_affinity};
const struct gic_ops *gic = &ops;

unsigned int its_probe(struct dt_node *np)
{
    (void)np;
    return 1;
}

bool its_present(void)
{
    return with_its;
}

maddr_t its_doorbell(void)
{
    return _maddr(DOORBELL);
}

int its_map(uint32_t device_id, unsigned int nr, unsigned int event,
            uint32_t lpi, unsigned int cpu)
{
    assert_true(event < nr);
    its_event[nr_events].device = device_id;
    its_event[nr_events].event = event;
    its_event[nr_events].lpi = lpi;
    its_event[nr_events].cpu = cpu;
    its_event[nr_events++].enabled = true;
    return 0;
}

static unsigned int find(uint32_t device_id, unsigned int event)
{
    for ( unsigned int i = 0; i < nr_events; i++ )
        if ( its_event[i].device == device_id && its_event[i].event == event )
            return i;
    fail_msg("no event %u of %x", event, device_id);
    return 0;
}

int its_unmap(uint32_t device_id, unsigned int event)
{
    unsigned int i = find(device_id, event);

    its_event[i] = its_event[--nr_events];
    return 0;
}

void its_move(uint32_t device_id, unsigned int event, unsigned int cpu)
{
    its_event[find(device_id, event)].cpu = cpu;
    nr_moves++;
}

void its_enable(uint32_t device_id, unsigned int event, uint32_t lpi, bool on)
{
    unsigned int i = find(device_id, event);

    assert_int_equal(its_event[i].lpi, lpi);
    its_event[i].enabled = on;
    nr_turned_on += on;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t fn,
                void *dev, const char *name)
{
    (void)type, (void)name;
    handler[irq - FIRST_SPI] = fn;
    handler_dev[irq - FIRST_SPI] = dev;
    enable(irq);
    return 0;
}

bool irq_listed(unsigned int irq)
{
    return irq == LISTED;
}

struct vgic_irq *vgic_irq(struct domain *d, struct vcpu *v, unsigned int intid)
{
    (void)v;
    assert_int_equal(intid, 100 + (d - dom));
    return &spi[d - dom];
}

void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level)
{
    (void)v;
    assert_true(level);
    assert_true(virq == 100 || virq == 101);
    raised[d - dom]++;
}

s_time_t NOW(void)
{
    return now;
}

void timer_init(struct timer *t, void (*function)(void *data), void *data,
                unsigned int cpu)
{
    (void)cpu;
    t->function = function;
    t->data = data;
}

void timer_set(struct timer *t, s_time_t expires)
{
    t->expires = expires;
    timer = t;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    assert_ptr_equal(np, &frame_node);
    (void)index;
    *addr = FRAME;
    *size = 0x1000;
    return 0;
}

int dt_read_u32(const struct dt_node *np, const char *name, uint32_t *out)
{
    (void)np;
    *out = strcmp(name, "arm,msi-base-spi") ? NR_SPIS : FIRST_SPI;
    return 0;
}

bool dt_is_compatible(const struct dt_node *np, const char *compat)
{
    return np == &frame_node && !strcmp(compat, "arm,gic-v2m-frame");
}

bool dt_is_available(const struct dt_node *np)
{
    (void)np;
    return true;
}

void *ioremap(maddr_t ma, size_t size)
{
    (void)ma, (void)size;
    return NULL;
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    (void)addr, (void)size;
    return 0;
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    (void)addr, (void)size, (void)value;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    static void *kept[8]; /* the hypervisor never lets go of them either */
    static unsigned int nr;

    (void)align;
    assert_true(nr < ARRAY_SIZE(kept));
    kept[nr] = calloc(1, size);
    return kept[nr++];
}

static spinlock_t *held_lock[4];
static unsigned int nr_held;
static void (*at_unlock)(void); /* another CPU, waiting for the lock; once */

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

void keyhandler_register(char key, void (*fn)(char key), const char *desc)
{
    (void)key;
    (void)fn;
    (void)desc;
}

void spin_lock(spinlock_t *l)
{
    assert_true(!nr_held || held_lock[nr_held - 1]->rank < l->rank);
    held_lock[nr_held++] = l;
}

void spin_unlock(spinlock_t *l)
{
    void (*next)(void) = at_unlock;

    assert_ptr_equal(held_lock[--nr_held], l);
    if ( nr_held )
        return;
    at_unlock = NULL;
    if ( next )
        next();
}

bool spin_is_held(const spinlock_t *l)
{
    for ( unsigned int i = 0; i < nr_held; i++ )
        if ( held_lock[i] == l )
            return true;
    return false;
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    fail_msg("%s", fmt);
    abort();
}

bool ratelimit_allow(struct ratelimit *rl)
{
    (void)rl;
    return true;
}

/* ---- tests ---- */

static void machine(unsigned int version)
{
    with_its = version == 3;
    ops.version = version;
    nr_events = enabled_spis = nr_moves = 0;
    memset(spi, 0, sizeof(spi));
    raised[0] = raised[1] = 0;
    dom[0].vgic.msg_window = dom[1].vgic.msg_window = 0;
    timer = NULL;
    now = SECONDS(100);
    msi_init();
}

static struct msi_vector *alloc(unsigned int d, uint32_t device_id,
                                unsigned int event, struct msi_msg *msg)
{
    struct msi_vector *vec;

    assert_int_equal(
        msi_vector_alloc(&dom[d], device_id, 4, event, 100 + d, msg, &vec), 0);
    return vec;
}

/* The device sends it, if the interrupt controller lets it through. */
static void send(struct msi_vector *vec)
{
    unsigned int irq = msi_vector_irq(vec);

    if ( !with_its )
    {
        if ( enabled_spis & BIT32(irq - FIRST_SPI) )
            handler[irq - FIRST_SPI](irq, handler_dev[irq - FIRST_SPI]);
        return;
    }
    for ( unsigned int i = 0; i < nr_events; i++ )
        if ( its_event[i].lpi == irq && its_event[i].enabled )
            msi_lpi(irq);
}

static void storm(unsigned int version)
{
    struct msi_vector *bad, *good;
    struct msi_msg msg;

    machine(version);
    bad = alloc(0, 0x100, 0, &msg);
    good = alloc(1, 0x200, 0, &msg);
    /* often, but not without end */
    for ( unsigned int i = 0; i < 20000; i++, now += 20000 )
        send(bad);
    assert_int_equal(raised[0], 20000);

    for ( unsigned int i = 0; i < 100000; i++, now += 50 )
        send(bad);
    assert_true(raised[0] < 20000 + 5000);
    send(good);
    assert_int_equal(raised[1], 1);

    assert_non_null(timer);
    now = timer->expires;
    timer->function(timer->data);
    raised[0] = 0;
    send(bad);
    assert_int_equal(raised[0], 1);

    /* held back when it is freed: the next one has a free one */
    for ( unsigned int i = 0; i < 100000; i++ )
        send(bad);
    msi_vector_free(bad);
    timer->function(timer->data);
    raised[0] = 0;
    bad = alloc(0, 0x100, 0, &msg);
    send(bad);
    assert_int_equal(raised[0], 1);
    msi_vector_free(bad);
    msi_vector_free(good);
}

/* Each of many vectors stays below its limit; together they are a storm. */
static void test_storm_of_many(void **state)
{
    struct msi_vector *bad[8], *good;
    struct msi_msg msg;

    (void)state;
    machine(3);
    for ( unsigned int i = 0; i < 8; i++ )
        bad[i] = alloc(0, 0x100 + (i & 4), i & 3, &msg);
    good = alloc(1, 0x200, 0, &msg);
    for ( unsigned int i = 0; i < 100; i++ )
        for ( unsigned int n = 0; n < 19; n++, now += MILLISECS(1) )
            for ( unsigned int m = 0; m < 400; m++ )
            {
                send(bad[m % 8]);
                if ( timer && timer->expires && now >= timer->expires )
                {
                    timer->expires = 0;
                    timer->function(timer->data);
                }
            }
    /* 400 a millisecond were sent */
    assert_in_range(raised[0], 100000, 600000);
    send(good);
    assert_int_equal(raised[1], 1);
    for ( unsigned int i = 0; i < 8; i++ )
        msi_vector_free(bad[i]);
    msi_vector_free(good);
}

static struct msi_vector *passed_on;

static void let_go(void)
{
    msi_vector_free(passed_on);
}

/* Until somebody else has the same one. */
static void pass_on(void)
{
    struct msi_vector *old = passed_on, *vec;
    struct msi_msg msg;

    msi_vector_free(old);
    for ( vec = alloc(1, 0x200, 1, &msg); vec != old;
          vec = alloc(1, 0x200, 1, &msg) )
        msi_vector_free(vec);
}

/* A vector that changes hands while it is held back, or let go again. */
static void test_passed_on(void **state)
{
    struct msi_msg msg;

    (void)state;
    for ( unsigned int end = 0; end < 3; end++ )
    {
        machine(2);
        passed_on = alloc(0, 0x100, 0, &msg);
        while ( !timer )
        {
            at_unlock = raised[0] == 1999 + 2000 && !end ? pass_on : NULL;
            send(passed_on);
        }
        at_unlock = end == 1 ? pass_on : end ? let_go : NULL;
        timer->function(timer->data);
        assert_null(at_unlock);
        if ( end == 2 )
        {
            assert_int_equal(enabled_spis, 0);
            continue;
        }
        raised[1] = 0;
        send(passed_on);
        assert_int_equal(raised[1], 1);
        /* its first owner's interrupt has nothing to do with it any more */
        msi_retarget(&dom[0], 100, 1);
        assert_int_equal(nr_moves, 0);
        msi_retarget(&dom[1], 101, 1);
        assert_int_equal(nr_moves, 1);
        msi_vector_free(passed_on);
    }
}

/* However many vectors a guest has, an interrupt or a tick of the timer
 * handles a few of them. */
static void test_many(void **state)
{
    struct msi_vector *bad[200];
    unsigned int ticks = 0;
    struct msi_msg msg;

    (void)state;
    machine(3);
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        bad[i] = alloc(0, 0x100 + i / 4, i & 3, &msg);
    msi_retarget(&dom[0], 100, 1);
    assert_int_equal(nr_moves, 1);

    for ( unsigned int n = 0; n < 100; n++ )
        for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
            send(bad[i]);
    for ( unsigned int i = 0; i < nr_events; i++ )
        assert_false(its_event[i].enabled);
    nr_turned_on = 0;
    while ( nr_turned_on < ARRAY_SIZE(bad) )
    {
        unsigned int before = nr_turned_on;

        assert_true(timer->expires > now);
        now = timer->expires;
        timer->function(timer->data);
        assert_in_range(nr_turned_on - before, 1, 50);
        assert_true(++ticks < 50);
    }
    assert_true(now <= timer->expires);
    for ( unsigned int i = 0; i < nr_events; i++ )
        assert_true(its_event[i].enabled);
    timer->expires = 0;
    timer->function(timer->data);
    assert_int_equal(timer->expires, 0); /* no need of it */
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
        msi_vector_free(bad[i]);
}

static void test_storm_its(void **state)
{
    (void)state;
    storm(3);
}

static void test_storm_v2m(void **state)
{
    (void)state;
    storm(2);
}

/* An event is its device's; what another writes there is not heard. */
static void test_its(void **state)
{
    struct msi_vector *vec[2];
    struct msi_msg msg;

    (void)state;
    machine(3);
    assert_true(msi_isolated());
    vec[0] = alloc(0, 0x100, 3, &msg);
    assert_int_equal(maddr_x(msg.doorbell), DOORBELL);
    assert_int_equal(msg.data, 3);
    vec[1] = alloc(1, 0x200, 3, &msg);
    assert_int_not_equal(its_event[0].lpi, its_event[1].lpi);
    send(vec[1]);
    assert_int_equal(raised[0], 0);
    assert_int_equal(raised[1], 1);
    msi_retarget(&dom[1], 101, 1);
    assert_int_equal(its_event[find(0x100, 3)].cpu, 0);
    assert_int_equal(its_event[find(0x200, 3)].cpu, 1);

    /* late: the device had sent it before */
    msi_vector_free(vec[1]);
    msi_lpi(msi_vector_irq(vec[1]));
    assert_int_equal(raised[1], 1);
    msi_vector_free(vec[0]);
    assert_int_equal(nr_events, 0);
}

static void test_v2m(void **state)
{
    struct msi_vector *vec[NR_SPIS];
    struct msi_msg msg;

    (void)state;
    machine(2);
    assert_false(msi_isolated());
    for ( unsigned int i = 0; i < NR_SPIS - 1; i++ )
    {
        vec[i] = alloc(0, 0x100, 0, &msg);
        assert_int_not_equal(msg.data, LISTED);
        assert_int_equal(maddr_x(msg.doorbell), FRAME + 0x40);
    }
    assert_int_equal(
        msi_vector_alloc(&dom[1], 0x200, 1, 0, 101, &msg, &vec[NR_SPIS - 1]),
        -ENOSPC);
    msi_retarget(&dom[0], 100, 1);
    assert_int_equal(moved_to, 1);
    msi_vector_free(vec[0]);
    assert_false(enabled_spis & BIT32(msi_vector_irq(vec[0]) - FIRST_SPI));
    for ( unsigned int i = 1; i < NR_SPIS - 1; i++ )
        msi_vector_free(vec[i]);
    assert_int_equal(enabled_spis, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* The vectors of a frame stay; an ITS makes new ones. */
        cmocka_unit_test(test_v2m),       cmocka_unit_test(test_storm_v2m),
        cmocka_unit_test(test_passed_on), cmocka_unit_test(test_its),
        cmocka_unit_test(test_storm_its), cmocka_unit_test(test_storm_of_many),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests_name("msi", tests, NULL, NULL);
}
