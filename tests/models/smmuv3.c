/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMMUv3 model: registers, event queue, global errors, the list of violations.
 * One unit is used by one thread. IHI 0070 chapter 6 "Memory map and
 * registers", 7 "Faults, errors and Event queue".
 */
#define _GNU_SOURCE /* vasprintf */
#include "smmuv3.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "smmuv3-priv.h"

/* 6.2 Register overview: page 0, and page 1 for the event queue indexes. */
enum {
    IDR0 = 0x00,
    IDR1 = 0x04,
    IDR2 = 0x08,
    IDR3 = 0x0c,
    IDR4 = 0x10,
    IDR5 = 0x14,
    IIDR = 0x18,
    AIDR = 0x1c,
    CR0 = 0x20,
    CR0ACK = 0x24,
    CR1 = 0x28,
    CR2 = 0x2c,
    GBPA = 0x44,
    IRQ_CTRL = 0x50,
    IRQ_CTRLACK = 0x54,
    GERROR = 0x60,
    GERRORN = 0x64,
    GERROR_IRQ_CFG0 = 0x68,
    GERROR_IRQ_CFG1 = 0x70,
    GERROR_IRQ_CFG2 = 0x74,
    STRTAB_BASE = 0x80,
    STRTAB_BASE_CFG = 0x88,
    CMDQ_BASE = 0x90,
    CMDQ_PROD = 0x98,
    CMDQ_CONS = 0x9c,
    EVENTQ_BASE = 0xa0,
    EVENTQ_IRQ_CFG0 = 0xb0,
    EVENTQ_IRQ_CFG1 = 0xb8,
    EVENTQ_IRQ_CFG2 = 0xbc,
    EVENTQ_PROD = 0x100a8,
    EVENTQ_CONS = 0x100ac,
};

#define GBPA_UPDATE   (1u << 31) /* 6.3.15 */
#define GBPA_INCOMING (1u << 12) /* SHCFG: use incoming */
#define IRQ_GERROR    (1u << 0)  /* 6.3.17 */
#define IRQ_EVENTQ    (1u << 2)
#define OVERFLOW      (1u << 31) /* 6.3.30 OVFLG, 6.3.31 OVACKFLG */

void violation(struct smmuv3_model *m, const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;

    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        abort();
    va_end(ap);
    m->violations =
        realloc(m->violations, (m->nr_violations + 1) * sizeof(*m->violations));
    if ( !m->violations )
        abort();
    m->violations[m->nr_violations++] = text;
}

struct smmuv3_violations smmuv3_model_violations(const struct smmuv3_model *m)
{
    return (struct smmuv3_violations){
        .count = m->nr_violations,
        .first = m->nr_violations ? m->violations[0] : "",
    };
}

const char *smmuv3_model_violation(const struct smmuv3_model *m, size_t index)
{
    return index < m->nr_violations ? m->violations[index] : "";
}

void smmuv3_model_forgive(struct smmuv3_model *m)
{
    while ( m->nr_violations )
        free(m->violations[--m->nr_violations]);
}

struct smmuv3_model_cfg smmuv3_model_default(void)
{
    return (struct smmuv3_model_cfg){
        .s1p = true,
        .st_2level = true,
        .asid16 = true,
        .cohacc = true,
        .ril = true,
        .gbpa = true,
        .oas = 44,
        .sidsize = 16,
        .cmdqs = 8,
        .eventqs = 7,
        .seed = 1,
    };
}

struct smmuv3_model *smmuv3_model_new(const struct smmuv3_model_cfg *cfg)
{
    struct smmuv3_model *m = calloc(1, sizeof(*m));

    if ( !m )
        abort();
    m->cfg = *cfg;
    m->issued = calloc((size_t)1 << cfg->cmdqs, sizeof(*m->issued));
    if ( !m->issued )
        abort();
    m->random = cfg->seed ? cfg->seed : 1;
    m->gbpa = cfg->gbpa ? GBPA_INCOMING : 0;
    /* 6.3.24 etc.: reset values are UNKNOWN, so software must write them. */
    m->strtab_base = UINT64_C(0xdead0000);
    m->cmdq = (struct queue){UINT64_C(0xdead0001), 1, 1};
    m->eventq = (struct queue){UINT64_C(0xdead0001), 1, 1};
    /* 3.11 Reset, enable and initialization: caches are not cleared. */
    m->conf_unknown = m->tlb_unknown = true;
    return m;
}

void smmuv3_model_free(struct smmuv3_model *m)
{
    m->conf_cleared = m->tlb_cleared = false;
    for ( struct conf *c = m->conf; c; c = c->next )
        c->pending = true;
    for ( struct tlb *e = m->tlb; e; e = e->next )
        e->pending = true;
    drop_pending(m);
    for ( struct watched *w = m->watched, *next; w; w = next )
    {
        next = w->next;
        free(w);
    }
    for ( size_t i = 0; i < NR_SHADOW; i++ )
        for ( struct shadow *s = m->shadow[i], *next; s; s = next )
        {
            next = s->next;
            free(s);
        }
    smmuv3_model_forgive(m);
    free(m->violations);
    free(m->issued);
    free(m);
}

struct smmuv3_model_cfg *smmuv3_model_tune(struct smmuv3_model *m)
{
    return &m->cfg;
}

void model_irq(struct smmuv3_model *m, enum smmuv3_model_irq irq)
{
    /* 6.3.17: CMD_SYNC's interrupt has no enable here. */
    if ( (irq == SMMUV3_MODEL_IRQ_EVENT && !(m->irq_ctrlack & IRQ_EVENTQ)) ||
         (irq == SMMUV3_MODEL_IRQ_GERROR && !(m->irq_ctrlack & IRQ_GERROR)) )
        return;
    if ( m->cfg.irq )
        m->cfg.irq(m->cfg.ctx, irq);
}

/* 7.5 Global error recording: active while GERROR and GERRORN differ. */
void model_gerror(struct smmuv3_model *m, uint32_t error)
{
    if ( (m->gerror ^ m->gerrorn) & error )
        return;
    m->gerror ^= error;
    model_irq(m, SMMUV3_MODEL_IRQ_GERROR);
}

/* 7.2.1: true if the record is in the queue. */
bool model_event(struct smmuv3_model *m, const uint64_t record[4])
{
    struct queue *q = &m->eventq;

    if ( !(m->cr0ack & M_CR0_EVENTQEN) ||
         ((m->gerror ^ m->gerrorn) & M_GERR_EVENTQ) )
        return false;
    if ( queue_used(q) >> (q->base & 31) )
    {
        /* 7.4: a second loss before the acknowledgement leaves no trace. */
        if ( !((q->prod ^ q->cons) & OVERFLOW) )
            q->prod ^= OVERFLOW;
        return false;
    }
    if ( !model_store(m, queue_address(q, q->prod), record, 4) )
    {
        model_gerror(m, M_GERR_EVENTQ);
        return false;
    }
    /* 3.18: interrupt when the queue becomes non-empty, not at each record. */
    bool was_empty = queue_used(q) == 0;

    q->prod = queue_next(q, q->prod) | (q->prod & OVERFLOW);
    if ( was_empty )
        model_irq(m, SMMUV3_MODEL_IRQ_EVENT);
    return true;
}

static uint32_t id_register(const struct smmuv3_model *m, uint32_t offset)
{
    const struct smmuv3_model_cfg *c = &m->cfg;

    switch ( offset )
    {
    case IDR0: /* TTF = AArch64, TTENDIAN = little, TERM_MODEL = abort */
        return (uint32_t)c->s2p | (uint32_t)c->s1p << 1 | 2u << 2 |
               (uint32_t)c->cohacc << 4 | (uint32_t)c->hyp << 9 |
               (uint32_t)c->asid16 << 12 | (uint32_t)c->sev << 14 |
               (uint32_t)c->vmid16 << 18 | 2u << 21 |
               (c->stall ? 0u : 1u) << 24 | 1u << 26 |
               (uint32_t)c->st_2level << 27;
    case IDR1:
        return c->sidsize | c->eventqs << 16 | c->cmdqs << 21;
    case IDR3: /* HAD */
        return 1u << 2 | (uint32_t)c->ril << 10 | c->bbml << 11;
    case IDR5: /* GRAN4K only */
        return 1u << 4 | (c->oas == 32   ? 0u
                          : c->oas == 36 ? 1u
                          : c->oas == 40 ? 2u
                          : c->oas == 42 ? 3u
                          : c->oas == 44 ? 4u
                                         : 5u);
    case AIDR:
        return 2; /* SMMUv3.2 */
    default:
        return 0;
    }
}

static uint64_t *wide_register(struct smmuv3_model *m, uint32_t offset)
{
    switch ( offset & ~4u )
    {
    case GERROR_IRQ_CFG0:
        return &m->gerror_irq_cfg0;
    case STRTAB_BASE:
        return &m->strtab_base;
    case CMDQ_BASE:
        return &m->cmdq.base;
    case EVENTQ_BASE:
        return &m->eventq.base;
    case EVENTQ_IRQ_CFG0:
        return &m->eventq_irq_cfg0;
    default:
        return NULL;
    }
}

/* Registers that must not change while what they configure is enabled. */
static bool locked(const struct smmuv3_model *m, uint32_t offset)
{
    uint32_t on = m->cr0 | m->cr0ack, irq = m->irq_ctrl | m->irq_ctrlack;

    switch ( offset )
    {
    case CR2:
    case STRTAB_BASE:
    case STRTAB_BASE + 4:
    case STRTAB_BASE_CFG:
        return on & M_CR0_SMMUEN;
    case CR1:
        return on & (M_CR0_SMMUEN | M_CR0_CMDQEN | M_CR0_EVENTQEN);
    case CMDQ_BASE:
    case CMDQ_BASE + 4:
    case CMDQ_CONS:
        return on & M_CR0_CMDQEN;
    case EVENTQ_BASE:
    case EVENTQ_BASE + 4:
    case EVENTQ_PROD:
        return on & M_CR0_EVENTQEN;
    case GERROR_IRQ_CFG0:
    case GERROR_IRQ_CFG0 + 4:
    case GERROR_IRQ_CFG1:
    case GERROR_IRQ_CFG2:
        return irq & IRQ_GERROR;
    case EVENTQ_IRQ_CFG0:
    case EVENTQ_IRQ_CFG0 + 4:
    case EVENTQ_IRQ_CFG1:
    case EVENTQ_IRQ_CFG2:
        return irq & IRQ_EVENTQ;
    default:
        return false;
    }
}

static void check_queue(struct smmuv3_model *m, const struct queue *q,
                        const char *name, unsigned int max, unsigned int entry)
{
    unsigned int log2 = q->base & 31;
    uint64_t base = q->base & UINT64_C(0x00ffffffffffffe0);

    if ( log2 > max )
        violation(m, "%s_BASE.LOG2SIZE %u above %u (6.3.25)", name, log2, max);
    else if ( base & ((UINT64_C(1) << (log2 + entry)) - 1) )
        violation(m, "%s_BASE %#lx is not aligned to its size (6.3.25)", name,
                  base);
    if ( q->prod >> (log2 + 1) & ~OVERFLOW >> (log2 + 1) ||
         queue_used(q) >> log2 > 1 )
        violation(m, "%s indexes beyond the queue at enable", name);
}

static void check_stream_table(struct smmuv3_model *m)
{
    unsigned int log2 = (unsigned int)bits(m->strtab_cfg, 5, 0);
    unsigned int split = (unsigned int)bits(m->strtab_cfg, 10, 6);
    unsigned int fmt = (unsigned int)bits(m->strtab_cfg, 17, 16);
    uint64_t base = m->strtab_base & UINT64_C(0x00ffffffffffffc0);
    unsigned int size = log2 + 6;

    if ( log2 > m->cfg.sidsize )
        violation(m, "STRTAB_BASE_CFG.LOG2SIZE above SIDSIZE (6.3.25)");
    if ( fmt > 1 || (fmt == 1 && !m->cfg.st_2level) )
        violation(m, "STRTAB_BASE_CFG.FMT %u unsupported (6.3.25)", fmt);
    if ( fmt == 1 )
    {
        if ( split != 6 && split != 8 && split != 10 )
            violation(m, "STRTAB_BASE_CFG.SPLIT %u reserved", split);
        size = log2 > split ? log2 - split + 3 : 3;
    }
    if ( base & ((UINT64_C(1) << size) - 1) )
        violation(m, "STRTAB_BASE %#lx is not aligned to its size", base);
}

static void cr0_effect(struct smmuv3_model *m)
{
    uint32_t rise = m->cr0 & ~m->cr0ack;

    if ( rise & M_CR0_CMDQEN )
        check_queue(m, &m->cmdq, "CMDQ", m->cfg.cmdqs, 4);
    if ( rise & M_CR0_EVENTQEN )
        check_queue(m, &m->eventq, "EVENTQ", m->cfg.eventqs, 5);
    if ( rise & M_CR0_SMMUEN )
    {
        check_stream_table(m);
        if ( m->conf_unknown || m->tlb_unknown )
            violation(m, "SMMUEN=1 with %s never invalidated (3.11)",
                      m->conf_unknown ? "configuration caches" : "TLBs");
        for ( struct watched *w = m->watched; w; w = w->next )
            w->seen = false;
    }
    /* PRIQEN, ATSCHK and VMW are RES0 here: they are never acknowledged. */
    m->cr0ack = m->cr0 & (M_CR0_SMMUEN | M_CR0_EVENTQEN | M_CR0_CMDQEN);
    if ( rise & M_CR0_CMDQEN )
    {
        /* What lies between the indexes is taken as published now. */
        cmdq_published(m, m->cmdq.cons);
        if ( !m->cfg.lazy )
            cmdq_run(m, ~0u);
    }
}

/* One read's worth of time for a counter; true when it has just run out. */
static bool elapsed(unsigned int *wait)
{
    return *wait && --*wait == 0;
}

static uint32_t read32(struct smmuv3_model *m, uint32_t offset)
{
    uint64_t *wide = wide_register(m, offset);

    if ( wide )
        return (uint32_t)(*wide >> (offset & 4 ? 32 : 0));
    switch ( offset )
    {
    case IDR0:
    case IDR1:
    case IDR2:
    case IDR3:
    case IDR4:
    case IDR5:
    case IIDR:
    case AIDR:
        return id_register(m, offset);
    case CR0:
        return m->cr0;
    case CR0ACK:
        if ( elapsed(&m->ack_wait) )
            cr0_effect(m);
        return m->cr0ack;
    case CR1:
        return m->cr1;
    case CR2:
        return m->cr2;
    case GBPA:
        if ( elapsed(&m->gbpa_wait) )
            m->gbpa = m->gbpa_new;
        return m->gbpa | (m->gbpa_wait ? GBPA_UPDATE : 0);
    case IRQ_CTRL:
        return m->irq_ctrl;
    case IRQ_CTRLACK:
        if ( elapsed(&m->irq_wait) )
            m->irq_ctrlack = m->irq_ctrl;
        return m->irq_ctrlack;
    case GERROR:
        return m->gerror;
    case GERRORN:
        return m->gerrorn;
    case GERROR_IRQ_CFG1:
    case GERROR_IRQ_CFG2:
        return m->gerror_irq_cfg[offset == GERROR_IRQ_CFG2];
    case STRTAB_BASE_CFG:
        return m->strtab_cfg;
    case CMDQ_PROD:
        return m->cmdq.prod;
    case CMDQ_CONS:
        smmuv3_model_tick(m);
        return m->cmdq.cons;
    case EVENTQ_PROD:
        return m->eventq.prod;
    case EVENTQ_CONS:
        return m->eventq.cons;
    case EVENTQ_IRQ_CFG1:
    case EVENTQ_IRQ_CFG2:
        return m->eventq_irq_cfg[offset == EVENTQ_IRQ_CFG2];
    default:
        violation(m, "read of unknown register %#x", offset);
        return 0;
    }
}

uint64_t smmuv3_model_read(struct smmuv3_model *m, uint32_t offset,
                           unsigned int size)
{
    if ( size == 8 && !(offset & 7) && wide_register(m, offset) )
        return *wide_register(m, offset);
    if ( size != 4 || offset & 3 )
    {
        violation(m, "read of %u bytes at %#x (6.2)", size, offset);
        return 0;
    }
    return read32(m, offset);
}

void smmuv3_model_tick(struct smmuv3_model *m)
{
    unsigned int budget = ~0u;

    if ( m->sync_wait )
        m->sync_wait--;
    if ( m->cfg.lazy )
    {
        m->random ^= m->random << 13;
        m->random ^= m->random >> 7;
        m->random ^= m->random << 17;
        budget = m->random & 3;
    }
    cmdq_run(m, budget);
}

static void write_prod(struct smmuv3_model *m, uint32_t value)
{
    uint32_t old = m->cmdq.prod;
    bool error = (m->gerror ^ m->gerrorn) & M_GERR_CMDQ;
    uint32_t before = queue_used(&m->cmdq);

    m->cmdq.prod = value & 0xfffff;
    if ( !((m->cr0 | m->cr0ack) & M_CR0_CMDQEN) )
        return;
    if ( queue_used(&m->cmdq) > 1u << (m->cmdq.base & 31) )
    {
        violation(m, "CMDQ_PROD %#x passes CMDQ_CONS %#x (3.21.2)", value,
                  m->cmdq.cons);
        m->cmdq.prod = old;
    }
    else if ( queue_used(&m->cmdq) < before && !error )
    {
        violation(m, "CMDQ_PROD moves back without a command error (7.1)");
        m->cmdq.prod = old;
    }
    else
        cmdq_published(m, old);
    /* Before the commands run: what did software change without them? */
    observe_config(m);
    audit_break_before_make(m);
    if ( !m->cfg.lazy )
        cmdq_run(m, ~0u);
}

static void write_gerrorn(struct smmuv3_model *m, uint32_t value)
{
    uint32_t active = m->gerror ^ m->gerrorn, toggled = value ^ m->gerrorn;

    if ( toggled & ~active )
        violation(m, "GERRORN acknowledges inactive errors %#x (6.3.20)",
                  toggled & ~active);
    m->gerrorn = value;
    if ( toggled & active & M_GERR_CMDQ )
    {
        /* 7.1: commands from CONS on are fetched again. */
        cmdq_published(m, m->cmdq.cons);
        if ( !m->cfg.lazy )
            cmdq_run(m, ~0u);
    }
}

static void write_gbpa(struct smmuv3_model *m, uint32_t value)
{
    if ( !m->cfg.gbpa )
        return;
    if ( m->gbpa_wait || !(value & GBPA_UPDATE) )
    {
        violation(m, "GBPA written %s (6.3.15)",
                  m->gbpa_wait ? "while Update is 1" : "without Update");
        return;
    }
    m->gbpa_new = value & ~GBPA_UPDATE;
    m->gbpa_wait = m->cfg.ack_delay;
    if ( !m->gbpa_wait )
        m->gbpa = m->gbpa_new;
}

static void write_event_cons(struct smmuv3_model *m, uint32_t value)
{
    uint32_t before = queue_used(&m->eventq);

    m->eventq.cons = value;
    if ( (m->cr0ack & M_CR0_EVENTQEN) && queue_used(&m->eventq) > before )
        violation(m, "EVENTQ_CONS %#x passes EVENTQ_PROD %#x (3.21.2)", value,
                  m->eventq.prod);
}

static void write32(struct smmuv3_model *m, uint32_t offset, uint32_t value)
{
    uint64_t *wide = wide_register(m, offset);

    if ( wide && offset & 4 )
        *wide = (*wide & 0xffffffff) | (uint64_t)value << 32;
    else if ( wide )
        *wide = (*wide & ~UINT64_C(0xffffffff)) | value;
    else
        switch ( offset )
        {
        case CR0:
            if ( m->ack_wait )
                violation(m, "CR0 written before CR0ACK followed (6.3.9)");
            m->cr0 = value;
            m->ack_wait = m->cfg.ack_delay;
            if ( !m->ack_wait )
                cr0_effect(m);
            break;
        case CR1:
            m->cr1 = value;
            break;
        case CR2:
            m->cr2 = value;
            break;
        case GBPA:
            write_gbpa(m, value);
            break;
        case IRQ_CTRL:
            if ( m->irq_wait )
                violation(m, "IRQ_CTRL written before IRQ_CTRLACK followed");
            m->irq_ctrl = value & (IRQ_GERROR | IRQ_EVENTQ);
            m->irq_wait = m->cfg.ack_delay;
            if ( !m->irq_wait )
                m->irq_ctrlack = m->irq_ctrl;
            break;
        case GERRORN:
            write_gerrorn(m, value);
            break;
        case GERROR_IRQ_CFG1:
        case GERROR_IRQ_CFG2:
            m->gerror_irq_cfg[offset == GERROR_IRQ_CFG2] = value;
            break;
        case STRTAB_BASE_CFG:
            m->strtab_cfg = value;
            break;
        case CMDQ_PROD:
            write_prod(m, value);
            break;
        case CMDQ_CONS:
            m->cmdq.cons = value;
            break;
        case EVENTQ_PROD:
            m->eventq.prod = value;
            break;
        case EVENTQ_CONS:
            write_event_cons(m, value);
            break;
        case EVENTQ_IRQ_CFG1:
        case EVENTQ_IRQ_CFG2:
            m->eventq_irq_cfg[offset == EVENTQ_IRQ_CFG2] = value;
            break;
        default:
            violation(m, "write to unknown or read-only register %#x", offset);
        }
}

void smmuv3_model_write(struct smmuv3_model *m, uint32_t offset,
                        unsigned int size, uint64_t value)
{
    if ( locked(m, offset) )
    {
        violation(m, "write to register %#x while its user is enabled (6.3)",
                  offset);
        return;
    }
    if ( size == 8 && !(offset & 7) && wide_register(m, offset) )
        *wide_register(m, offset) = value;
    else if ( size == 4 && !(offset & 3) )
        write32(m, offset, (uint32_t)value);
    else
        violation(m, "write of %u bytes at %#x (6.2)", size, offset);
}
