/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The injection engine and the distributor's registers, against list
 * registers that behave as the manual says (IHI 0069 issue H, chapter 6) and
 * a reference that knows only "pending, active, enabled, priority, target" of
 * each interrupt. Random operations; before each acknowledge, what the list
 * registers offer must be what the reference would take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <asm/gic.h>
#include <asm/vgic.h>

#define CPUS       3U
#define VCPUS      4U
#define NR_SPIS    32U
#define LRS        4U
#define NR_IRQS    (IRQ_SPI_FIRST + NR_SPIS)
#define FIRST_PIRQ 48U /* SPIs from here on stand for physical ones */
#define NR_PIRQS   4U
#define TIMER_PPI  27U /* linked, per CPU */
#define UPCALL_PPI 31U

/* ---- the machine ---- */

struct phys {
    bool enabled, line, latch, active;
};

static uint64_t hw_lr[CPUS][LRS];
static enum gic_refill hw_refill[CPUS];
static struct vcpu *running[CPUS];
static struct phys phys[IRQ_SPI_END];
static bool timer_active[CPUS]; /* the PPI's active bit */

unsigned int percpu_cpu_id;
struct vcpu *percpu_current_vcpu;
static struct vcpu idle_vcpu;
static struct domain dom;
static struct vcpu vcpus[VCPUS];
static struct vcpu *vcpu_ptr[VCPUS];
static bool upcall_byte[VCPUS];
static uint32_t kicked; /* vCPUs */

static void on_cpu(unsigned int cpu)
{
    percpu_cpu_id = cpu;
    percpu_current_vcpu = running[cpu] ? running[cpu] : &idle_vcpu;
}

static uint64_t fake_lr_read(unsigned int i)
{
    assert_true(i < LRS);
    return hw_lr[percpu_cpu_id][i];
}

static void fake_lr_write(unsigned int i, uint64_t lr)
{
    assert_true(i < LRS);
    /* 12.4.7: both states at once is unpredictable with the link. */
    assert_false((lr & LR_HW) && (lr & LR_PENDING) && (lr & LR_ACTIVE));
    for ( unsigned int j = 0; j < LRS && lr; j++ )
        if ( j != i && hw_lr[percpu_cpu_id][j] & (LR_PENDING | LR_ACTIVE) )
            assert_int_not_equal((uint32_t)hw_lr[percpu_cpu_id][j],
                                 (uint32_t)lr);
    hw_lr[percpu_cpu_id][i] = lr;
}

static bool lr_eoi_waits(uint64_t lr)
{
    return !(lr & (LR_PENDING | LR_ACTIVE | LR_HW)) && (lr & LR_EOI);
}

static uint64_t fake_lrs_ended(void)
{
    uint64_t mask = 0;

    for ( unsigned int i = 0; i < LRS; i++ )
        if ( !(hw_lr[percpu_cpu_id][i] & (LR_PENDING | LR_ACTIVE)) )
            mask |= BIT64(i);
    return mask;
}

static void fake_set_refill(enum gic_refill when)
{
    hw_refill[percpu_cpu_id] = when;
}

static bool maintenance(unsigned int cpu)
{
    unsigned int pending = 0, valid = 0;

    for ( unsigned int i = 0; i < LRS; i++ )
    {
        uint64_t lr = hw_lr[cpu][i];

        if ( lr_eoi_waits(lr) )
            return true;
        pending += (lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING;
        valid += (lr & (LR_PENDING | LR_ACTIVE)) != 0;
    }
    return (hw_refill[cpu] == GIC_REFILL_NO_PENDING && !pending) ||
           (hw_refill[cpu] == GIC_REFILL_UNDERFLOW && valid <= 1);
}

static void fake_enable(unsigned int irq)
{
    phys[irq].enabled = true;
}

static void fake_disable(unsigned int irq)
{
    phys[irq].enabled = false;
}

static void fake_set_active(unsigned int irq, bool active)
{
    if ( irq == TIMER_PPI )
        timer_active[percpu_cpu_id] = active;
    else
        phys[irq].active = active;
}

static bool fake_is_pending(unsigned int irq)
{
    return phys[irq].line || phys[irq].latch;
}

static void fake_set_pending(unsigned int irq, bool pending)
{
    phys[irq].latch = pending;
}

static void fake_set_affinity(unsigned int irq, unsigned int cpu)
{
    (void)irq;
    (void)cpu;
}

static void fake_recheck(void)
{
}

static void fake_vcpu(struct vcpu *v)
{
    (void)v;
}

static struct gic_ops ops = {
    .enable = fake_enable,
    .disable = fake_disable,
    .set_active = fake_set_active,
    .is_pending = fake_is_pending,
    .set_pending = fake_set_pending,
    .set_affinity = fake_set_affinity,
    .lr_read = fake_lr_read,
    .lr_write = fake_lr_write,
    .lrs_ended = fake_lrs_ended,
    .set_refill = fake_set_refill,
    .init_vcpu = fake_vcpu,
    .save_vcpu = fake_vcpu,
    .restore_vcpu = fake_vcpu,
};
const struct gic_ops *gic = &ops;
unsigned int gic_nr_lrs = LRS;

/* ---- what vgic.c stands on ---- */

static const spinlock_t *held[4];
static unsigned int nr_held;
static void (*between)(void); /* another CPU's turn: no lock is held */
static unsigned int
    patience; /* locks taken until it counts as a hang; 0: any */

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

void spin_lock(spinlock_t *l)
{
    assert_int_equal(nr_held, 0);
    if ( patience && !--patience )
        fail_msg("it goes round for ever");
    held[nr_held++] = l;
}

void spin_lock_nested(spinlock_t *l)
{
    assert_int_equal(nr_held, 1);
    assert_ptr_not_equal(held[0], l);
    held[nr_held++] = l;
}

bool spin_trylock(spinlock_t *l)
{
    spin_lock(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    unsigned int i;

    for ( i = 0; i < nr_held && held[i] != l; i++ )
        continue;
    assert_true(i < nr_held);
    held[i] = held[--nr_held];
    if ( between && !nr_held )
        between();
}

void vcpu_kick(struct vcpu *v)
{
    kicked |= BIT32(v->vcpu_id);
}

void smp_call_on(cpumask_t to, void (*fn)(void *arg), void *arg)
{
    unsigned int here = percpu_cpu_id, cpu;

    assert_int_equal(nr_held, 0);
    for_each_cpu (cpu, to)
    {
        on_cpu(cpu);
        fn(arg);
    }
    on_cpu(here);
}

bool evtchn_upcall_pending(const struct vcpu *v)
{
    return upcall_byte[v->vcpu_id];
}

void *xzalloc_bytes(size_t size, size_t align)
{
    (void)align;
    return calloc(1, size);
}

void xfree(void *p)
{
    free(p);
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    fail_msg("panic: %s", fmt);
    abort();
}

static unsigned int ended;

void pci_intx_ended(void)
{
    ended++;
}

void msi_retarget(struct domain *d, unsigned int virq, unsigned int cpu)
{
    (void)d, (void)virq, (void)cpu;
}

bool gic_msi_frame(maddr_t *base, uint64_t *size)
{
    (void)base;
    (void)size;
    return false;
}

int vgic_v2_init(struct domain *d)
{
    (void)d;
    return 0;
}

int vgic_v3_init(struct domain *d)
{
    (void)d;
    return 0;
}

int vgic_v2m_init(struct domain *d)
{
    (void)d;
    return 0;
}

void vgic_v3_init_vcpu(struct vcpu *v)
{
    (void)v;
}

/* ---- the reference ---- */

struct ref {
    bool enabled, latch, line, level, active;
    uint8_t priority;
    uint8_t sources;     /* GICv2 SGI */
    unsigned int target; /* vCPU; SPIs */
    unsigned int at;     /* vCPU where it is active */
};

static struct ref ref_private[VCPUS][VGIC_NR_PRIVATE], ref_spi[NR_SPIS];
static bool ref_dist;
static uint64_t seed, start;

static unsigned int rnd(unsigned int n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned int)(seed >> 33) % n;
}

static struct ref *ref_of(unsigned int v, unsigned int irq)
{
    return irq < VGIC_NR_PRIVATE ? &ref_private[v][irq]
                                 : &ref_spi[irq - VGIC_NR_PRIVATE];
}

static bool is_linked(unsigned int irq)
{
    return irq >= FIRST_PIRQ && irq < FIRST_PIRQ + NR_PIRQS;
}

static bool ref_pending(const struct ref *r)
{
    return r->latch || r->sources || (r->level && r->line);
}

/* May vCPU @v be given this one now? */
static bool ref_deliverable(unsigned int v, unsigned int irq)
{
    const struct ref *r = ref_of(v, irq);

    return ref_dist && r->enabled && !r->active && ref_pending(r) &&
           (irq < VGIC_NR_PRIVATE || r->target == v);
}

/* ---- what happens on the machine ---- */

static void serve_maintenance(unsigned int cpu)
{
    for ( unsigned int n = 0; maintenance(cpu); n++ )
    {
        assert_true(n < 3); /* else a storm: the guest would never run */
        on_cpu(cpu);
        vgic_maintenance(25, NULL);
    }
}

/* Everyone who was kicked looks; physical interrupts arrive. */
static void settle(void)
{
    unsigned int here = percpu_cpu_id;

    for ( unsigned int irq = FIRST_PIRQ; irq < FIRST_PIRQ + NR_PIRQS; irq++ )
        if ( phys[irq].enabled && !phys[irq].active &&
             (phys[irq].line || phys[irq].latch) )
        {
            phys[irq].latch = false;
            phys[irq].active = true;
            on_cpu(rnd(CPUS));
            vgic_inject_hw(&dom, NULL, irq, irq);
        }
    for ( unsigned int cpu = 0; cpu < CPUS; cpu++ )
    {
        struct vcpu *v = running[cpu];

        on_cpu(cpu);
        while ( v && v->work )
        {
            v->work = 0;
            vgic_flush(v);
        }
        serve_maintenance(cpu);
    }
    on_cpu(here);
}

/* What a linked interrupt's line means to the reference. */
static void ref_sync_phys(void)
{
    for ( unsigned int irq = FIRST_PIRQ; irq < FIRST_PIRQ + NR_PIRQS; irq++ )
    {
        struct ref *r = ref_of(0, irq);

        if ( r->enabled && !r->active && (phys[irq].line || phys[irq].latch) &&
             !phys[irq].active )
            r->latch = true;
    }
}

static void full_settle(void)
{
    ref_sync_phys();
    settle();
    settle(); /* what moved to another vCPU */
}

static void unload(unsigned int cpu)
{
    if ( !running[cpu] )
        return;
    on_cpu(cpu);
    vgic_save(running[cpu]);
    running[cpu] = NULL;
    for ( unsigned int i = 0; i < LRS; i++ )
        assert_int_equal(hw_lr[cpu][i], 0);
    assert_int_equal(hw_refill[cpu], GIC_REFILL_NEVER);
    on_cpu(cpu);
}

static void load(unsigned int cpu, unsigned int v)
{
    unload(cpu);
    for ( unsigned int i = 0; i < CPUS; i++ )
        if ( running[i] == &vcpus[v] )
            unload(i);
    running[cpu] = &vcpus[v];
    vcpus[v].sched.cpu = cpu;
    on_cpu(cpu);
    vgic_restore(&vcpus[v]);
    while ( vcpus[v].work )
    {
        vcpus[v].work = 0;
        vgic_flush(&vcpus[v]);
    }
}

/*
 * May the engine owe the guest something? It found all list registers active,
 * and one of them may have ended unseen since.
 */
static bool is_short(unsigned int cpu)
{
    return hw_refill[cpu] == GIC_REFILL_UNDERFLOW;
}

/* What the reference would take next on @v, or NR_IRQS. */
static unsigned int ref_best(unsigned int v)
{
    unsigned int best = NR_IRQS;

    for ( unsigned int irq = 0; irq < NR_IRQS; irq++ )
        if ( ref_deliverable(v, irq) &&
             (best == NR_IRQS ||
              ref_of(v, irq)->priority < ref_of(v, best)->priority) )
            best = irq;
    return best;
}

static unsigned int hw_best(unsigned int cpu)
{
    unsigned int best = LRS;

    for ( unsigned int i = 0; i < LRS; i++ )
        if ( (hw_lr[cpu][i] & (LR_PENDING | LR_ACTIVE)) == LR_PENDING &&
             (best == LRS || FIELD_GET(LR_PRIO, hw_lr[cpu][i]) <
                                 FIELD_GET(LR_PRIO, hw_lr[cpu][best])) )
            best = i;
    return best;
}

/* What both sides think of it, and the seed to run it again alone. */
static void fail_about(unsigned int v, unsigned int irq)
{
    const struct ref *r = ref_of(v, irq);
    const struct vgic_irq *e = vgic_irq(&dom, &vcpus[v], irq);

    fail_msg("seed %lu, v%u irq %u: reference en %d latch %d line %d level %d "
             "active %d sources %x prio %x target %u; engine en %d pending %d "
             "line %d level %d active %d hw %d sources %x prio %x lr %u "
             "queued %d owner %u target %u; lr_used %x refill %u work %x "
             "lrs %lx %lx %lx %lx",
             start, v, irq, r->enabled, r->latch, r->line, r->level, r->active,
             r->sources, r->priority, r->target, e->enabled, e->pending,
             e->line, e->is_level, e->active, e->hw, e->sources, e->priority,
             e->lr, e->queued, e->vcpu->vcpu_id, e->target->vcpu_id,
             vcpus[v].vgic.lr_used, vcpus[v].vgic.refill, vcpus[v].work,
             hw_lr[percpu_cpu_id][0], hw_lr[percpu_cpu_id][1],
             hw_lr[percpu_cpu_id][2], hw_lr[percpu_cpu_id][3]);
}

/* The guest acknowledges what its interface offers. */
static void guest_ack(unsigned int cpu)
{
    unsigned int v = running[cpu]->vcpu_id, best = ref_best(v);
    unsigned int i = hw_best(cpu), irq;
    struct ref *r;

    if ( best == NR_IRQS )
    {
        if ( i != LRS )
            fail_about(v, (unsigned int)FIELD_GET(LR_VIRT, hw_lr[cpu][i]));
        return;
    }
    if ( i == LRS )
    {
        if ( !is_short(cpu) )
            fail_about(v, best);
        return;
    }
    irq = (unsigned int)FIELD_GET(LR_VIRT, hw_lr[cpu][i]);
    if ( !ref_deliverable(v, irq) )
        fail_about(v, irq);
    if ( !is_short(cpu) &&
         ref_of(v, irq)->priority != ref_of(v, best)->priority )
        fail_about(v, best);

    r = ref_of(v, irq);
    if ( irq < IRQ_SGI_COUNT && ops.version == 2 )
    {
        unsigned int source =
            (unsigned int)FIELD_GET(LR_PHYS, hw_lr[cpu][i]) & 7;

        assert_true(r->sources & BIT32(source));
        r->sources &= (uint8_t)~BIT32(source);
    }
    r->latch = false;
    r->active = true;
    r->at = v;
    hw_lr[cpu][i] = (hw_lr[cpu][i] & ~LR_PENDING) | LR_ACTIVE;
    if ( irq == UPCALL_PPI )
        upcall_byte[v] = false;
}

static void guest_eoi(unsigned int cpu)
{
    for ( unsigned int n = LRS, i = rnd(LRS); n; n--, i = (i + 1) % LRS )
    {
        uint64_t *lr = &hw_lr[cpu][i];
        unsigned int irq = (unsigned int)FIELD_GET(LR_VIRT, *lr);
        struct ref *r;

        if ( !(*lr & LR_ACTIVE) )
            continue;
        r = ref_of(running[cpu]->vcpu_id, irq);
        assert_true(r->active);
        assert_int_equal(r->at, running[cpu]->vcpu_id);
        r->active = false;
        *lr &= ~LR_ACTIVE;
        if ( *lr & LR_HW )
        {
            unsigned int pirq = (unsigned int)FIELD_GET(LR_PHYS, *lr);

            if ( pirq == TIMER_PPI )
                timer_active[cpu] = false;
            else
            {
                assert_true(phys[pirq].active);
                phys[pirq].active = false;
            }
        }
        return;
    }
}

/* ---- operations ---- */

static unsigned int any_irq(unsigned int *v)
{
    *v = rnd(VCPUS);
    switch ( rnd(4) )
    {
    case 0:
        return rnd(8);
    case 1:
        return 20 + rnd(6);
    default:
        return IRQ_SPI_FIRST + rnd(NR_SPIS);
    }
}

static void op_inject(void)
{
    unsigned int v, irq = any_irq(&v);
    struct ref *r = ref_of(v, irq);
    bool level = rnd(2);

    if ( is_linked(irq) )
    {
        phys[irq].line = level;
        return;
    }
    if ( irq < IRQ_SGI_COUNT )
    {
        unsigned int from = rnd(VCPUS);

        vgic_send_sgi(&vcpus[from], &vcpus[v], irq);
        if ( ops.version == 2 )
            r->sources |= (uint8_t)BIT32(from);
        else
            r->latch = true;
        return;
    }
    vgic_inject(&dom, irq < VGIC_NR_PRIVATE ? &vcpus[v] : NULL, irq, level);
    if ( r->level )
        r->line = level;
    else if ( level )
        r->latch = true;
}

static void op_upcall(void)
{
    unsigned int v = rnd(VCPUS);

    if ( upcall_byte[v] )
        return;
    upcall_byte[v] = true;
    ref_of(v, UPCALL_PPI)->latch = true;
    vgic_inject(&dom, &vcpus[v], UPCALL_PPI, true);
}

/* By the registers, as a guest does it; the accessing vCPU is anyone. */
static void write_reg(unsigned int v, unsigned int reg, unsigned int irq)
{
    assert_true(vgic_dist_write(&vcpus[v], 0, NR_IRQS, reg + irq / 32 * 4, 4,
                                BIT64(irq % 32)));
}

static bool read_reg(unsigned int v, unsigned int reg, unsigned int irq)
{
    uint64_t value;

    assert_true(
        vgic_dist_read(&vcpus[v], 0, NR_IRQS, reg + irq / 32 * 4, 4, &value));
    return value & BIT64(irq % 32);
}

static void op_enable(void)
{
    unsigned int v, irq = any_irq(&v);
    bool on = rnd(3);

    ref_of(v, irq)->enabled = on;
    write_reg(v, on ? 0x100 : 0x180, irq);
    assert_int_equal(read_reg(v, 0x100, irq), on);
}

static void op_pending(void)
{
    unsigned int v, irq = any_irq(&v);
    struct ref *r = ref_of(v, irq);
    bool on = rnd(2);

    /* Setting the latch of a level outlives the line's fall here only. */
    if ( (irq < IRQ_SGI_COUNT && ops.version == 2) || r->level )
        return;
    full_settle();
    write_reg(v, on ? 0x200 : 0x280, irq);
    if ( !is_linked(irq) )
        r->latch = on;
    else if ( !on )
        r->latch = false;
}

static void op_target(void)
{
    unsigned int irq = IRQ_SPI_FIRST + rnd(NR_SPIS), to = rnd(VCPUS);

    ref_of(0, irq)->target = to;
    if ( ops.version == 2 )
        assert_true(
            vgic_dist_write(&vcpus[0], 0, NR_IRQS, 0x800 + irq, 1, BIT64(to)));
    else
        vgic_irq_set_target(vgic_irq(&dom, NULL, irq), &vcpus[to], 0);
}

static void op_priority(void)
{
    unsigned int v, irq = any_irq(&v);
    struct ref *r = ref_of(v, irq);

    full_settle();
    /* When it takes effect on a pending one is the implementation's. */
    if ( ref_pending(r) || r->active )
        return;
    r->priority = (uint8_t)(rnd(8) * 8);
    assert_true(
        vgic_dist_write(&vcpus[v], 0, NR_IRQS, 0x400 + irq, 1, r->priority));
}

static void op_read(void)
{
    unsigned int v, irq = any_irq(&v);
    struct ref *r = ref_of(v, irq);

    full_settle();
    if ( read_reg(v, 0x300, irq) != r->active )
        fail_about(v, irq);
    if ( is_linked(irq) && (phys[irq].line || phys[irq].latch) )
        return; /* pending in the physical distributor, and reads so */
    if ( read_reg(v, 0x200, irq) != ref_pending(r) )
        fail_about(v, irq);
}

static void op_dist(void)
{
    ref_dist = rnd(8);
    vgic_set_enabled(&dom, ref_dist);
}

static void op_has_pending(void)
{
    unsigned int cpu = rnd(CPUS);

    full_settle();
    on_cpu(cpu);
    for ( unsigned int v = 0; v < VCPUS; v++ )
        if ( running[cpu] == &vcpus[v] || vcpus[v].vgic.cpu == VGIC_NOT_LOADED )
            assert_int_equal(vgic_has_pending(&vcpus[v]),
                             ref_best(v) != NR_IRQS);
}

static void op_guest(void)
{
    unsigned int cpu = rnd(CPUS);

    full_settle();
    if ( !running[cpu] )
        return;
    on_cpu(cpu);
    if ( rnd(2) )
        guest_ack(cpu);
    else
        guest_eoi(cpu);
    serve_maintenance(cpu);
}

static void step(void)
{
    on_cpu(rnd(CPUS));
    switch ( rnd(20) )
    {
    case 0 ... 5:
        op_inject();
        break;
    case 6:
        op_enable();
        break;
    case 7:
        op_pending();
        break;
    case 8:
        op_target();
        break;
    case 9:
        op_priority();
        break;
    case 10:
        op_read();
        break;
    case 11:
        if ( !rnd(4) )
            op_dist();
        break;
    case 12:
        op_has_pending();
        break;
    case 13:
        load(rnd(CPUS), rnd(VCPUS));
        break;
    case 14:
        unload(rnd(CPUS));
        break;
    case 15:
        op_upcall();
        break;
    default:
        op_guest();
        break;
    }
    assert_int_equal(nr_held, 0);
}

/* ---- set-up ---- */

static void machine_init(unsigned int version)
{
    memset(hw_lr, 0, sizeof(hw_lr));
    memset(hw_refill, 0, sizeof(hw_refill));
    memset(phys, 0, sizeof(phys));
    memset(running, 0, sizeof(running));
    memset(upcall_byte, 0, sizeof(upcall_byte));
    memset(&dom, 0, sizeof(dom));
    memset(vcpus, 0, sizeof(vcpus));
    memset(ref_private, 0, sizeof(ref_private));
    memset(ref_spi, 0, sizeof(ref_spi));
    idle_vcpu.sched.is_idle = true;
    ops.version = version;
    ops.lr_group = version == 3 ? LR_GROUP1 : 0;
    on_cpu(0);

    dom.max_vcpus = VCPUS;
    dom.vcpu = vcpu_ptr;
    dom.evtchn_irq = UPCALL_PPI;
    assert_int_equal(domain_vgic_init(&dom, version, NR_SPIS), 0);
    for ( unsigned int v = 0; v < VCPUS; v++ )
    {
        vcpu_ptr[v] = &vcpus[v];
        vcpus[v].vcpu_id = v;
        vcpus[v].domain = &dom;
        vcpus[v].sched.runnable = true;
        assert_int_equal(vcpu_vgic_init(&vcpus[v]), 0);
        for ( unsigned int i = 0; i < VGIC_NR_PRIVATE; i++ )
            ref_private[v][i] = (struct ref){
                .priority = 0xa0,
                .enabled = i < IRQ_SGI_COUNT,
                .level = i >= IRQ_SGI_COUNT && i != UPCALL_PPI,
            };
        ref_private[v][UPCALL_PPI].enabled = true;
        vgic_irq_enable(&dom, vgic_irq(&dom, &vcpus[v], UPCALL_PPI), true);
    }
    for ( unsigned int i = 0; i < NR_SPIS; i++ )
    {
        bool level = i % 2;

        ref_spi[i] = (struct ref){.priority = 0xa0, .level = level};
        vgic_irq_set_type(&dom.vgic.spis[i], level);
    }
    for ( unsigned int i = 0; i < NR_PIRQS; i++ )
    {
        ref_spi[FIRST_PIRQ - IRQ_SPI_FIRST + i].level = false;
        assert_int_equal(vgic_link(&dom, FIRST_PIRQ + i, FIRST_PIRQ + i, true),
                         0);
    }
    ref_dist = true;
    vgic_set_enabled(&dom, true);
}

static void machine_exit(void)
{
    for ( unsigned int cpu = 0; cpu < CPUS; cpu++ )
        unload(cpu);
    for ( unsigned int v = 0; v < VCPUS; v++ )
        vcpu_vgic_exit(&vcpus[v]);
    domain_vgic_exit(&dom);
}

static void random_ops(unsigned int version)
{
    const char *only = getenv("VGIC_SEED");

    for ( unsigned int round = 0; round < 200; round++ )
    {
        seed = start = only ? strtoul(only, NULL, 0) : round * 7919 + version;
        machine_init(version);
        for ( unsigned int i = 0; i < 2000; i++ )
            step();
        machine_exit();
    }
}

static void test_random_v2(void **state)
{
    (void)state;
    random_ops(2);
}

static void test_random_v3(void **state)
{
    (void)state;
    random_ops(3);
}

/* The commonest: one interrupt, one list register, no list. */
static void test_self_sgi(void **state)
{
    (void)state;
    machine_init(3);
    load(0, 1);
    kicked = 0;
    for ( unsigned int i = 0; i < 10; i++ )
    {
        ref_private[1][3].latch = true;
        vgic_send_sgi(&vcpus[1], &vcpus[1], 3);
        assert_int_equal(hw_best(0), 0);
        assert_int_equal(vcpus[1].work, 0);
        guest_ack(0);
        guest_eoi(0);
        assert_false(maintenance(0));
    }
    assert_int_equal(kicked, 0);
    machine_exit();
}

/* A linked interrupt moves with its vCPU, and ends on another CPU. */
static void test_timer_moves(void **state)
{
    struct vgic_irq *irq;

    (void)state;
    machine_init(3);
    irq = vgic_irq(&dom, &vcpus[0], TIMER_PPI);
    vgic_irq_enable(&dom, irq, true);
    ref_private[0][TIMER_PPI] = (struct ref){.priority = 0xa0, .enabled = true};
    load(0, 0);
    timer_active[0] = true;
    ref_private[0][TIMER_PPI].latch = true;
    vgic_inject_hw(&dom, &vcpus[0], TIMER_PPI, TIMER_PPI);
    guest_ack(0);
    unload(0);
    assert_true(irq->hw);
    timer_active[2] = true; /* as vtimer_restore() does */
    load(2, 0);
    guest_eoi(2);
    assert_false(timer_active[2]);
    unload(2);
    assert_false(irq->hw);
    machine_exit();
}

/* As QEMU has it: the EOI is that of another CPU than the acknowledge, which
 * has it active for ever, unless it is told. */
static void test_ends_elsewhere(void **state)
{
    (void)state;
    machine_init(3);
    ops.recheck = fake_recheck;
    load(1, 0);
    write_reg(0, 0x100, FIRST_PIRQ);
    for ( unsigned int cpu = 0; cpu < 2; cpu++ )
    {
        phys[FIRST_PIRQ].active = true;
        *ref_of(0, FIRST_PIRQ) =
            (struct ref){.priority = 0xa0, .enabled = true, .latch = true};
        on_cpu(cpu);
        vgic_inject_hw(&dom, NULL, FIRST_PIRQ, FIRST_PIRQ);
        settle();
        guest_ack(1);
        guest_eoi(1);
        phys[FIRST_PIRQ].active = true; /* for the one that has taken it */
        unload(1);
        assert_int_equal(phys[FIRST_PIRQ].active, cpu == 1);
        phys[FIRST_PIRQ].active = false;
        load(1, 0);
    }
    ops.recheck = NULL;
    machine_exit();
}

/* Unlinking takes the link out of a list register in use elsewhere. */
static void test_unlink_active(void **state)
{
    (void)state;
    machine_init(3);
    load(1, 0);
    write_reg(0, 0x100, FIRST_PIRQ);
    ref_of(0, FIRST_PIRQ)->enabled = true;
    phys[FIRST_PIRQ].line = true;
    full_settle();
    guest_ack(1);
    assert_true(hw_lr[1][0] & LR_HW);
    on_cpu(0);
    vgic_unlink(&dom, FIRST_PIRQ);
    assert_true(hw_lr[1][0] & LR_ACTIVE);
    assert_false(hw_lr[1][0] & LR_HW);
    machine_exit();
}

/* The line of a PCI function falls at its end, and who raised it is told. */
static void test_watched(void **state)
{
    (void)state;
    machine_init(3);
    vgic_watch(&dom, 44);
    vgic_irq_set_type(&dom.vgic.spis[12], false); /* it stays a level */
    load(1, 0);
    write_reg(0, 0x100, 44);
    *ref_of(0, 44) = (struct ref){
        .priority = 0xa0, .enabled = true, .level = true, .line = true};
    ended = 0;
    vgic_inject(&dom, NULL, 44, true);
    full_settle();
    guest_ack(1);
    full_settle();
    assert_true(vgic_line(&dom, 44));
    assert_int_equal(ended, 0);
    ref_of(0, 44)->line = false;
    guest_eoi(1);
    serve_maintenance(1);
    assert_false(vgic_line(&dom, 44));
    assert_int_equal(ended, 1);
    assert_int_equal(hw_best(1), LRS);
    vgic_inject(&dom, NULL, 44, true);
    full_settle();
    assert_int_not_equal(hw_best(1), LRS);
    machine_exit();
}

/* ---- two CPUs program one interrupt at a time ---- */

#define RACERS      3U /* SPIs */
#define RACE_NESTED 3U /* operations that are cut by the next */

static unsigned int race_depth;

/* Route, raise, enable or disable one of a few interrupts. */
static void race_op(void)
{
    struct vgic_irq *irq = &dom.vgic.spis[rnd(RACERS)];

    switch ( rnd(4) )
    {
    case 0:
    case 1:
        vgic_irq_set_target(irq, &vcpus[rnd(VCPUS)], 0);
        break;
    case 2:
        vgic_irq_set_pending(&dom, irq, true);
        break;
    case 3:
        vgic_irq_enable(&dom, irq, rnd(4));
        break;
    }
}

static void race(void)
{
    unsigned int here = percpu_cpu_id;

    if ( race_depth == RACE_NESTED || rnd(3) )
        return;
    race_depth++;
    on_cpu(rnd(CPUS));
    race_op();
    on_cpu(here);
    race_depth--;
}

/* Each is where it was routed last, once, and is taken there. */
static void check_racers(void)
{
    for ( unsigned int i = 0; i < RACERS; i++ )
    {
        struct vgic_irq *irq = &dom.vgic.spis[i];
        struct vcpu *v = irq->target;
        unsigned int seen = 0;

        vgic_irq_enable(&dom, irq, true);
        vgic_irq_set_pending(&dom, irq, true);
        settle();
        assert_ptr_equal(irq->vcpu, v);
        unload(0);
        unload(1);
        load(2, v->vcpu_id);
        for ( unsigned int n = 0; n < LRS; n++ )
            seen += (uint32_t)hw_lr[2][n] == irq->intid;
        assert_int_equal(seen, 1);
        vgic_irq_set_pending(&dom, irq, false);
        vgic_irq_enable(&dom, irq, false);
        settle();
        unload(2);
        for ( unsigned int n = 0; n < VCPUS; n++ )
        {
            assert_true(list_empty(&vcpus[n].vgic.moving));
            assert_true(list_empty(&vcpus[n].vgic.pending) || n != v->vcpu_id);
        }
        load(0, 0);
        load(1, 1);
    }
}

static void test_routed_back(void **state)
{
    (void)state;
    for ( unsigned int round = 0; round < 2000; round++ )
    {
        seed = start = round * 7919 + 5;
        machine_init(3);
        for ( unsigned int i = 0; i < RACERS; i++ )
            vgic_irq_set_type(&dom.vgic.spis[i], false);
        load(0, 0);
        load(1, 1);
        race_depth = 0;
        patience = 1000000;
        between = race;
        for ( unsigned int i = 0; i < 30; i++ )
        {
            on_cpu(rnd(CPUS));
            race_op();
        }
        between = NULL;
        check_racers();
        patience = 0;
        machine_exit();
    }
}

static void test_booking(void **state)
{
    int a, b;

    (void)state;
    machine_init(3);
    a = vgic_alloc_spi(&dom);
    b = vgic_alloc_spi(&dom);
    assert_true(a >= (int)IRQ_SPI_FIRST && b >= (int)IRQ_SPI_FIRST && a != b);
    assert_false(vgic_reserve_irq(&dom, (unsigned int)a));
    vgic_free_irq(&dom, (unsigned int)a);
    assert_true(vgic_reserve_irq(&dom, (unsigned int)a));
    assert_false(vgic_reserve_irq(&dom, 27));
    assert_false(vgic_reserve_irq(&dom, 3));
    assert_false(vgic_reserve_irq(&dom, NR_IRQS));
    a = vgic_alloc_ppi(&dom);
    assert_true(a >= 16 && a < 32);
    for ( unsigned int i = 0; i < NR_SPIS; i++ )
        b = vgic_alloc_spi(&dom);
    assert_int_equal(b, -ENOSPC);
    machine_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_sgi),
        cmocka_unit_test(test_timer_moves),
        cmocka_unit_test(test_ends_elsewhere),
        cmocka_unit_test(test_unlink_active),
        cmocka_unit_test(test_watched),
        cmocka_unit_test(test_booking),
        cmocka_unit_test(test_routed_back),
        cmocka_unit_test(test_random_v3),
        cmocka_unit_test(test_random_v2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
