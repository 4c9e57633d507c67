/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distributor and redistributors a GICv3 guest sees. Its CPU interface is
 * the hardware's virtual one; only ICC_SGI1R_EL1 traps. Affinity routing is
 * always on, there are no LPIs and no ITS.
 * vCPU n has Aff0 = n % 16, Aff1 = n / 16.
 * Manual: IHI 0069 issue H, 12.9 and 12.11.
 */
#include <asm/vgic.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mmio.h>
#include <asm/gic.h>

#define GICD_CTLR        0x0000U
#define CTLR_ARE_NS      BIT32(4)
#define CTLR_ENABLE_G1A  BIT32(1)
#define GICD_TYPER       0x0004U
#define TYPER_ID_BITS    (9U << 19) /* 10 bits: no LPIs */
#define TYPER_NO_1OFN    BIT32(25)
#define GICD_IIDR        0x0008U
#define IIDR_VALUE       0x5000043bU
#define GICD_IROUTER     0x6100U /* of INTID 32 */
#define GICD_IROUTER_END 0x7fe0U
#define IROUTER_ANY      BIT64(31)
#define GICD_PIDR2       0xffe8U /* and of a redistributor */
#define PIDR2_GICV3      0x30U

#define GICR_IIDR        0x0004U
#define GICR_TYPER       0x0008U
#define GICR_TYPER_LAST  BIT64(4)
#define GICR_SGI_FRAME   0x10000U
#define GICR_FRAMES_SIZE 0x20000U

#define SGI1R_TARGETS GENMASK64(15, 0)
#define SGI1R_AFF1    GENMASK64(23, 16)
#define SGI1R_INTID   GENMASK64(27, 24)
#define SGI1R_AFF2    GENMASK64(39, 32)
#define SGI1R_IRM     BIT64(40)
#define SGI1R_RS      GENMASK64(47, 44)
#define SGI1R_AFF3    GENMASK64(55, 48)

static uint64_t affinity(const struct vcpu *v)
{
    return (v->vcpu_id & 0xf) | (uint64_t)(v->vcpu_id >> 4) << 8;
}

static struct vcpu *vcpu_by_id(struct domain *d, uint64_t id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/* @aff: Aff3 in bits 39:32, the others in 23:0. */
static struct vcpu *vcpu_by_affinity(struct domain *d, uint64_t aff)
{
    if ( (aff & ~UINT64_C(0xff0f)) & UINT64_C(0xff00ffffff) )
        return NULL;
    return vcpu_by_id(d, (aff & 0xf) | (aff >> 8 & 0xff) << 4);
}

void vgic_v3_sgi1r(struct vcpu *v, uint64_t value)
{
    struct domain *d = v->domain;
    unsigned int sgi = (unsigned int)FIELD_GET(SGI1R_INTID, value);
    uint64_t targets = FIELD_GET(SGI1R_TARGETS, value);
    struct vcpu *to;

    if ( value & SGI1R_IRM )
    {
        for_each_vcpu (d, to)
            if ( to != v )
                vgic_send_sgi(v, to, sgi);
        return;
    }
    if ( value & (SGI1R_AFF2 | SGI1R_AFF3 | SGI1R_RS) )
        return;
    for ( ; targets; targets &= targets - 1 )
    {
        to = vcpu_by_id(d, FIELD_GET(SGI1R_AFF1, value) * 16 +
                               (uint64_t)__builtin_ctzll(targets));
        if ( to )
            vgic_send_sgi(v, to, sgi);
    }
}

/* ---- distributor ---- */

static uint64_t read_irouter(struct vcpu *v, uint64_t offset)
{
    unsigned int intid =
        IRQ_SPI_FIRST + (unsigned int)((offset - GICD_IROUTER) / 8);
    const struct vgic_irq *irq = vgic_irq(v->domain, NULL, intid);
    const struct vcpu *target = irq ? irq->target : NULL;

    return target ? affinity(target) : 0;
}

static void write_irouter(struct vcpu *v, uint64_t offset, unsigned int size,
                          uint64_t value)
{
    struct domain *d = v->domain;
    unsigned int intid =
        IRQ_SPI_FIRST + (unsigned int)((offset - GICD_IROUTER) / 8);
    struct vgic_irq *irq = vgic_irq(d, NULL, intid);

    /* The upper half holds Aff3, which is 0 for every vCPU. */
    if ( !irq || (size == 4 && offset % 8) )
        return;
    vgic_irq_set_target(
        irq,
        value & IROUTER_ANY ? vcpu_by_id(d, 0) : vcpu_by_affinity(d, value), 0);
}

static int gicd_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    const struct vgic_dist *dist = &v->domain->vgic;

    (void)priv;
    if ( vgic_dist_read(v, IRQ_SPI_FIRST, IRQ_SPI_FIRST + dist->nr_spis, offset,
                        size, value) )
        return 0;

    switch ( offset )
    {
    case GICD_CTLR:
        *value = CTLR_ARE_NS | (dist->enabled ? CTLR_ENABLE_G1A : 0);
        break;
    case GICD_TYPER:
        *value =
            DIV_ROUND_UP(dist->nr_spis, 32) | TYPER_ID_BITS | TYPER_NO_1OFN;
        break;
    case GICD_IIDR:
        *value = IIDR_VALUE;
        break;
    case GICD_PIDR2:
        *value = PIDR2_GICV3;
        break;
    case GICD_IROUTER ... GICD_IROUTER_END - 1:
        *value = read_irouter(v, offset);
        if ( size == 4 && offset % 8 )
            *value >>= 32;
        break;
    default:
        *value = 0;
        break;
    }
    return 0;
}

static int gicd_write(struct vcpu *v, void *priv, uint64_t offset,
                      unsigned int size, uint64_t value)
{
    (void)priv;
    if ( vgic_dist_write(v, IRQ_SPI_FIRST,
                         IRQ_SPI_FIRST + v->domain->vgic.nr_spis, offset, size,
                         value) )
        return 0;
    if ( offset >= GICD_IROUTER && offset < GICD_IROUTER_END )
        write_irouter(v, offset, size, value);
    else if ( offset == GICD_CTLR )
        vgic_set_enabled(v->domain, value & CTLR_ENABLE_G1A);
    return 0;
}

static const struct mmio_ops gicd_ops = {
    .read = gicd_read,
    .write = gicd_write,
};

/* ---- redistributors; priv is the first vCPU of the region ---- */

static bool last_of_region(const struct vcpu *v)
{
    uint64_t base, size;
    unsigned int first;

    if ( v->vcpu_id + 1 == v->domain->max_vcpus )
        return true;
    for ( unsigned int i = 0; vgic_v3_gicr(v->domain, i, &base, &size, &first);
          i++ )
        if ( first == v->vcpu_id + 1 )
            return true;
    return false;
}

static uint64_t gicr_typer(const struct vcpu *v)
{
    return affinity(v) << 32 | (uint64_t)v->vcpu_id << 8 |
           (last_of_region(v) ? GICR_TYPER_LAST : 0);
}

static struct vcpu *gicr_owner(struct vcpu *v, void *priv, uint64_t *offset)
{
    uint64_t id = (uintptr_t)priv + *offset / GICR_FRAMES_SIZE;

    *offset %= GICR_FRAMES_SIZE;
    return vcpu_by_id(v->domain, id);
}

static int gicr_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    struct vcpu *owner = gicr_owner(v, priv, &offset);

    *value = 0;
    if ( !owner )
        return 0;
    if ( offset >= GICR_SGI_FRAME )
    {
        (void)vgic_dist_read(owner, 0, VGIC_NR_PRIVATE, offset - GICR_SGI_FRAME,
                             size, value);
        return 0;
    }

    switch ( offset )
    {
    case GICR_IIDR:
        *value = IIDR_VALUE;
        break;
    case GICR_TYPER:
        *value = gicr_typer(owner);
        break;
    case GICR_TYPER + 4:
        *value = gicr_typer(owner) >> 32;
        break;
    case GICD_PIDR2:
        *value = PIDR2_GICV3;
        break;
    default: /* GICR_WAKER: always awake */
        break;
    }
    return 0;
}

static int gicr_write(struct vcpu *v, void *priv, uint64_t offset,
                      unsigned int size, uint64_t value)
{
    struct vcpu *owner = gicr_owner(v, priv, &offset);

    if ( owner && offset >= GICR_SGI_FRAME )
        (void)vgic_dist_write(owner, 0, VGIC_NR_PRIVATE,
                              offset - GICR_SGI_FRAME, size, value);
    return 0;
}

static const struct mmio_ops gicr_ops = {
    .read = gicr_read,
    .write = gicr_write,
};

bool vgic_v3_gicr(const struct domain *d, unsigned int i, uint64_t *base,
                  uint64_t *size, unsigned int *first_vcpu)
{
    unsigned int first = 0, nr;

    if ( !d->direct_mapped )
    {
        *base = GUEST_GICV3_GICR0_BASE;
        *size = (uint64_t)d->max_vcpus * GICR_FRAMES_SIZE;
        *first_vcpu = 0;
        return i == 0;
    }

    for ( unsigned int r = 0; r < gic_layout.nr_gicr; r++, first += nr )
    {
        nr = (unsigned int)(gic_layout.gicr[r].size / GICR_FRAMES_SIZE);
        if ( first >= d->max_vcpus )
            return false;
        if ( r != i )
            continue;
        *base = maddr_x(gic_layout.gicr[r].base);
        *size = (uint64_t)MIN(nr, d->max_vcpus - first) * GICR_FRAMES_SIZE;
        *first_vcpu = first;
        return true;
    }
    return false;
}

void vgic_v3_init_vcpu(struct vcpu *v)
{
    uint64_t base, size;
    unsigned int first;

    for ( unsigned int i = 0; vgic_v3_gicr(v->domain, i, &base, &size, &first);
          i++ )
        if ( v->vcpu_id - first < size / GICR_FRAMES_SIZE )
            v->vgic.gicr_base =
                base + (uint64_t)(v->vcpu_id - first) * GICR_FRAMES_SIZE;
}

int vgic_v3_init(struct domain *d)
{
    uint64_t base, size, vcpus = 0;
    unsigned int first;
    int rc;

    d->vgic.gicd_base =
        d->direct_mapped ? maddr_x(gic_layout.gicd) : GUEST_GICV3_GICD_BASE;
    rc = mmio_register(d, _ipa(d->vgic.gicd_base), GUEST_GICV3_GICD_SIZE,
                       &gicd_ops, NULL);
    for ( unsigned int i = 0; !rc && vgic_v3_gicr(d, i, &base, &size, &first);
          i++ )
    {
        rc = mmio_register(d, _ipa(base), size, &gicr_ops,
                           (void *)(uintptr_t)first);
        vcpus += size / GICR_FRAMES_SIZE;
    }
    if ( !rc && vcpus < d->max_vcpus )
    {
        printk(XENLOG_ERR "d%u: %u vCPUs, but redistributors for %lu\n",
               d->domain_id, d->max_vcpus, vcpus);
        rc = -EINVAL;
    }
    return rc;
}
