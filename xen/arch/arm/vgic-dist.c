/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers with a bit, two bits or a byte per interrupt, which GICv2's
 * and GICv3's distributors and the SGI frame of a redistributor share.
 * Groups are those of a Non-secure view: read as zero, writes ignored.
 * Manual: IHI 0069 issue H, 12.9; IHI 0048 issue B.b, 4.3.
 */
#include <asm/vgic.h>

#include <xen/bits.h>
#include <xen/domain.h>

/* Offset / 0x80 of the registers with one bit per interrupt. */
enum bit_reg {
    IGROUPR = 1,
    ISENABLER,
    ICENABLER,
    ISPENDR,
    ICPENDR,
    ISACTIVER,
    ICACTIVER,
};
#define BIT_REGS_END 0x400U
#define IPRIORITYR   0x400U
#define ITARGETSR    0x800U
#define ICFGR        0xc00U
#define ICFGR_END    0xd00U

struct range {
    struct vcpu *v;
    unsigned int first, end;
};

static struct vgic_irq *irq_of(const struct range *r, unsigned int intid)
{
    return intid >= r->first && intid < r->end
               ? vgic_irq(r->v->domain, r->v, intid)
               : NULL;
}

/*
 * A whole register: 32 in a row are neighbours in one array, which has no
 * fewer. From the last to the first: a shift and an OR are one instruction.
 */
static uint64_t read_enabled(const struct vgic_irq *irq)
{
    uint64_t value = 0;

#pragma GCC unroll 32
    for ( unsigned int i = 32; i--; )
        value = value << 1 | irq[i].enabled;
    return value;
}

static uint64_t read_state(struct domain *d, struct vgic_irq *irq,
                           unsigned int nr, bool active)
{
    uint64_t value = 0;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct vgic_irq_state state = vgic_irq_state(d, &irq[i]);

        value |= (uint64_t)(active ? state.active : state.pending) << i;
    }
    return value;
}

static uint64_t read_bits(const struct range *r, enum bit_reg reg,
                          unsigned int intid)
{
    struct vgic_irq *irq = irq_of(r, intid);
    unsigned int nr = MIN(32U, r->end - intid);

    if ( !irq )
        return 0;
    switch ( reg )
    {
    case ISENABLER:
    case ICENABLER:
        return read_enabled(irq);
    case ISPENDR:
    case ICPENDR:
        return read_state(r->v->domain, irq, nr, false);
    case ISACTIVER:
    case ICACTIVER:
        return read_state(r->v->domain, irq, nr, true);
    case IGROUPR:
    default:
        return 0;
    }
}

static void write_bit(struct domain *d, enum bit_reg reg, struct vgic_irq *irq)
{
    /* On GICv2 the pending state of an SGI is per source: 0xf10 and up. */
    bool sgi_v2 = irq->intid < IRQ_SGI_COUNT && d->vgic.version == 2;

    switch ( reg )
    {
    case ISENABLER:
        vgic_irq_enable(d, irq, true);
        break;
    case ICENABLER:
        vgic_irq_enable(d, irq, false);
        break;
    case ISPENDR:
        if ( !sgi_v2 )
            vgic_irq_set_pending(d, irq, true);
        break;
    case ICPENDR:
        if ( !sgi_v2 )
            vgic_irq_set_pending(d, irq, false);
        break;
    case ISACTIVER:
        vgic_irq_set_active(d, irq, true);
        break;
    case ICACTIVER:
        vgic_irq_set_active(d, irq, false);
        break;
    case IGROUPR:
    default:
        break;
    }
}

static void write_bits(const struct range *r, enum bit_reg reg,
                       unsigned int intid, uint64_t value)
{
    if ( reg == IGROUPR )
        return;
    for ( value &= 0xffffffff; value; value &= value - 1 )
    {
        struct vgic_irq *irq =
            irq_of(r, intid + (unsigned int)__builtin_ctzll(value));

        if ( irq )
            write_bit(r->v->domain, reg, irq);
    }
}

/* GICv2: private interrupts go to the CPU that looks. */
static uint32_t read_target(const struct range *r, const struct vgic_irq *irq)
{
    return irq->intid < VGIC_NR_PRIVATE ? BIT32(r->v->vcpu_id & 7)
                                        : irq->targets;
}

static void write_target(const struct range *r, struct vgic_irq *irq,
                         uint8_t mask)
{
    struct domain *d = r->v->domain;
    struct vcpu *target = NULL;

    if ( irq->intid < VGIC_NR_PRIVATE )
        return;
    if ( d->max_vcpus < 8 )
        mask &= (uint8_t)(BIT32(d->max_vcpus) - 1);
    if ( mask )
        target = d->vcpu[__builtin_ctz(mask)];
    vgic_irq_set_target(irq, target, mask);
}

/* IPRIORITYR and ITARGETSR: a byte each, in any access size up to 8. */
static uint64_t read_bytes(const struct range *r, uint64_t offset,
                           unsigned int size)
{
    unsigned int intid = (unsigned int)(offset & 0x3ff);
    uint64_t value = 0;

    for ( unsigned int i = 0; i < size; i++ )
    {
        const struct vgic_irq *irq = irq_of(r, intid + i);
        uint32_t byte = 0;

        if ( irq && offset < ITARGETSR )
            byte = irq->priority;
        else if ( irq && r->v->domain->vgic.version == 2 )
            byte = read_target(r, irq);
        value |= (uint64_t)byte << (8 * i);
    }
    return value;
}

static void write_bytes(const struct range *r, uint64_t offset,
                        unsigned int size, uint64_t value)
{
    unsigned int intid = (unsigned int)(offset & 0x3ff);

    for ( unsigned int i = 0; i < size; i++ )
    {
        struct vgic_irq *irq = irq_of(r, intid + i);
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if ( irq && offset < ITARGETSR )
            /* Five bits, as many as a list register of GICv2 holds. */
            vgic_irq_set_priority(irq, byte & 0xf8);
        else if ( irq && r->v->domain->vgic.version == 2 )
            write_target(r, irq, byte);
    }
}

static uint64_t read_config(const struct range *r, unsigned int intid)
{
    uint64_t value = 0;

    for ( unsigned int i = 0; i < 16; i++ )
    {
        const struct vgic_irq *irq = irq_of(r, intid + i);

        if ( irq && !irq->is_level )
            value |= BIT64(2 * i + 1);
    }
    return value;
}

static void write_config(const struct range *r, unsigned int intid,
                         uint64_t value)
{
    for ( unsigned int i = 0; i < 16; i++ )
    {
        struct vgic_irq *irq = irq_of(r, intid + i);
        bool is_level = !(value & BIT64(2 * i + 1));

        /* SGIs are edge; a physical interrupt is as the host's tree says. */
        if ( irq && intid >= IRQ_PPI_FIRST && !irq->pirq &&
             irq->is_level != is_level )
            vgic_irq_set_type(irq, is_level);
    }
}

bool vgic_dist_read(struct vcpu *v, unsigned int first, unsigned int end,
                    uint64_t offset, unsigned int size, uint64_t *value)
{
    const struct range r = {.v = v, .first = first, .end = end};

    if ( offset < 0x80 || offset >= ICFGR_END )
        return false;
    if ( offset >= IPRIORITYR && offset < ICFGR )
        *value = read_bytes(&r, offset, size);
    else if ( size != 4 )
        *value = 0;
    else if ( offset < BIT_REGS_END )
        *value = read_bits(&r, (enum bit_reg)(offset / 0x80),
                           (unsigned int)(offset & 0x7c) * 8);
    else
        *value = read_config(&r, (unsigned int)(offset & 0xfc) * 4);
    return true;
}

bool vgic_dist_write(struct vcpu *v, unsigned int first, unsigned int end,
                     uint64_t offset, unsigned int size, uint64_t value)
{
    const struct range r = {.v = v, .first = first, .end = end};

    if ( offset < 0x80 || offset >= ICFGR_END )
        return false;
    if ( offset >= IPRIORITYR && offset < ICFGR )
        write_bytes(&r, offset, size, value);
    else if ( size != 4 )
        return true;
    else if ( offset < BIT_REGS_END )
        write_bits(&r, (enum bit_reg)(offset / 0x80),
                   (unsigned int)(offset & 0x7c) * 8, value);
    else
        write_config(&r, (unsigned int)(offset & 0xfc) * 4, value);
    return true;
}
