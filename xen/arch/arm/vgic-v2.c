/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distributor a GICv2 guest sees. Its CPU interface is the hardware's
 * virtual one (GICV), mapped where the guest looks for GICC.
 * Manual: IHI 0048 issue B.b, 4.3 "Distributor register descriptions".
 */
#include <asm/vgic.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mmio.h>
#include <xen/p2m.h>
#include <asm/gic.h>

#define GICD_CTLR          0x000U
#define GICD_TYPER         0x004U
#define GICD_IIDR          0x008U
#define IIDR_VALUE         0x5000043bU
#define GICD_SGIR          0xf00U
#define SGIR_FILTER        GENMASK32(25, 24)
#define SGIR_TARGETS       GENMASK32(23, 16)
#define SGIR_INTID         GENMASK32(3, 0)
#define GICD_CPENDSGIR     0xf10U
#define GICD_SPENDSGIR     0xf20U
#define GICD_SPENDSGIR_END 0xf30U
#define GICD_PIDR2         0xfe8U
#define PIDR2_GICV2        0x20U
#define GICD_SIZE          0x1000U

static void write_sgir(struct vcpu *v, uint64_t value)
{
    unsigned int sgi = (unsigned int)FIELD_GET(SGIR_INTID, value);
    uint64_t targets = 0;
    struct vcpu *to;

    switch ( FIELD_GET(SGIR_FILTER, value) )
    {
    case 0:
        targets = FIELD_GET(SGIR_TARGETS, value);
        break;
    case 1:
        targets = 0xff & ~BIT64(v->vcpu_id);
        break;
    case 2:
        targets = BIT64(v->vcpu_id);
        break;
    default:
        break;
    }
    for ( ; targets; targets &= targets - 1 )
    {
        unsigned int id = (unsigned int)__builtin_ctzll(targets);

        to = id < v->domain->max_vcpus ? v->domain->vcpu[id] : NULL;
        if ( to )
            vgic_send_sgi(v, to, sgi);
    }
}

static uint64_t read_sgi_sources(struct vcpu *v, uint64_t offset,
                                 unsigned int size)
{
    uint64_t value = 0;

    for ( unsigned int i = 0; i < size && (offset & 0xf) + i < 16; i++ )
        value |= (uint64_t)vgic_sgi_sources(v, (offset & 0xf) + i) << (8 * i);
    return value;
}

static void write_sgi_sources(struct vcpu *v, uint64_t offset,
                              unsigned int size, uint64_t value)
{
    for ( unsigned int i = 0; i < size && (offset & 0xf) + i < 16; i++ )
        vgic_sgi_set_sources(v, (offset & 0xf) + i, (uint8_t)(value >> (8 * i)),
                             offset >= GICD_SPENDSGIR);
}

static int gicd_read(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t *value)
{
    const struct vgic_dist *dist = &v->domain->vgic;

    (void)priv;
    if ( vgic_dist_read(v, 0, IRQ_SPI_FIRST + dist->nr_spis, offset, size,
                        value) )
        return 0;

    switch ( offset )
    {
    case GICD_CTLR:
        *value = dist->enabled;
        break;
    case GICD_TYPER:
        *value = DIV_ROUND_UP(dist->nr_spis, 32) | (v->domain->max_vcpus - 1)
                                                       << 5;
        break;
    case GICD_IIDR:
        *value = IIDR_VALUE;
        break;
    case GICD_PIDR2:
        *value = PIDR2_GICV2;
        break;
    case GICD_CPENDSGIR ... GICD_SPENDSGIR_END - 1:
        *value = read_sgi_sources(v, offset, size);
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
    if ( offset == GICD_SGIR )
        write_sgir(v, value);
    else if ( vgic_dist_write(v, 0, IRQ_SPI_FIRST + v->domain->vgic.nr_spis,
                              offset, size, value) )
        return 0;
    else if ( offset == GICD_CTLR )
        vgic_set_enabled(v->domain, value & 1);
    else if ( offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END )
        write_sgi_sources(v, offset, size, value);
    return 0;
}

static const struct mmio_ops gicd_ops = {
    .read = gicd_read,
    .write = gicd_write,
};

int vgic_v2_init(struct domain *d)
{
    struct vgic_dist *dist = &d->vgic;
    int rc;

    if ( d->max_vcpus > 8 )
        return -EINVAL;

    dist->gicd_base =
        d->direct_mapped ? maddr_x(gic_layout.gicd) : GUEST_GICD_BASE;
    dist->gicc_base =
        d->direct_mapped ? maddr_x(gic_layout.gicc) : GUEST_GICC_BASE;

    rc = mmio_register(d, _ipa(dist->gicd_base), GICD_SIZE, &gicd_ops, NULL);
    if ( !rc )
        rc = p2m_map_range(d, gfn_from_ipa(_ipa(dist->gicc_base)),
                           gic_layout.gicc_size >> PAGE_SHIFT,
                           mfn_from_maddr(gic_layout.gicv), P2M_MMIO_CPU);
    return rc;
}
