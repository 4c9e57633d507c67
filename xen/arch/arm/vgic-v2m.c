/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GICv2m frame a guest sees: its MSI controller. Linux reads which SPIs
 * it may hand out; it drives such a frame below a GICv2 and below a GICv3
 * without LPIs alike. Devices never write here: vPCI takes a message's number
 * from the trapped capability, and the device gets a doorbell of the host.
 * A write by a CPU raises the SPI as the hardware would.
 * Manual: DEN0029 (Arm SBSA) issue C, appendix E "GICv2m Architecture".
 */
#include <asm/vgic.h>

#include <xen/domain.h>
#include <xen/mmio.h>
#include <asm/gic.h>

#define V2M_TYPER     0x008U
#define V2M_SETSPI_NS 0x040U
#define V2M_IIDR      0xfccU
#define IIDR_VALUE    0x5000043bU

/* In the hole of Xen's guest layout, behind the larger distributor. */
#define GUEST_V2M_BASE 0x03011000U

static int v2m_read(struct vcpu *v, void *priv, uint64_t offset,
                    unsigned int size, uint64_t *value)
{
    const struct vgic_dist *dist = &v->domain->vgic;

    (void)priv;
    (void)size;
    if ( offset == V2M_TYPER )
        *value = (uint64_t)dist->v2m_first << 16 | dist->v2m_nr;
    else
        *value = offset == V2M_IIDR ? IIDR_VALUE : 0;
    return 0;
}

static int v2m_write(struct vcpu *v, void *priv, uint64_t offset,
                     unsigned int size, uint64_t value)
{
    unsigned int virq = (unsigned int)value & 0x3ff;

    (void)priv;
    (void)size;
    if ( offset == V2M_SETSPI_NS && vgic_is_msi(v->domain, virq) )
        vgic_inject(v->domain, NULL, virq, true);
    return 0;
}

static const struct mmio_ops v2m_ops = {
    .read = v2m_read,
    .write = v2m_write,
};

int vgic_v2m_init(struct domain *d)
{
    maddr_t frame;
    uint64_t size;

    d->vgic.v2m_base = GUEST_V2M_BASE;
    if ( d->direct_mapped && gic_msi_frame(&frame, &size) )
        d->vgic.v2m_base = maddr_x(frame);
    return mmio_register(d, _ipa(d->vgic.v2m_base), VGIC_V2M_SIZE, &v2m_ops,
                         NULL);
}
