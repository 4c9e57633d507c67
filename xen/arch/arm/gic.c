/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two GIC drivers share: finding the one the tree describes, the
 * host's layout, and dom0's node.
 */
#include <asm/gic.h>

#include <libfdt.h>

#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/vgic.h>

const struct gic_ops *gic;
unsigned int gic_nr_irqs;
unsigned int gic_nr_lrs;
struct gic_layout gic_layout;

static const char *const host_msi_compat[] = {
    "arm,gic-v3-its",
    "arm,gic-v2m-frame",
};

bool gic_is_host_msi(const struct dt_node *np)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(host_msi_compat); i++ )
        if ( dt_is_compatible(np, host_msi_compat[i]) )
            return true;
    return false;
}

/* The host's first MSI controller, which must be a child of the GIC. */
static struct dt_node *host_msi_node(void)
{
    struct dt_node *np;

    dt_for_each_child (gic_layout.np, np)
        if ( gic_is_host_msi(np) && dt_is_available(np) )
            return np;
    return NULL;
}

uint32_t gic_msi_phandle(void)
{
    const struct dt_node *np = host_msi_node();

    return np ? np->phandle : 0;
}

bool gic_msi_frame(maddr_t *base, uint64_t *size)
{
    const struct dt_node *np = host_msi_node();
    uint64_t addr;

    if ( !np || dt_get_reg(np, 0, &addr, size) )
        return false;
    *base = _maddr(addr);
    return true;
}

void gic_register(const struct gic_ops *ops, struct dt_node *np,
                  unsigned int nr_irqs)
{
    enum irq_type type;

    gic = ops;
    gic_nr_irqs = nr_irqs;
    gic_layout.np = np;
    np->used_by_xen = true;
    if ( dt_get_irq(np, 0, &gic_layout.maintenance_irq, &type) )
        panic("gic: %s has no maintenance interrupt\n", np->full_name);
}

void gic_init(void)
{
    int rc;

    if ( dt_probe_class(DT_DRIVER_GIC) != 1 )
        panic("gic: the device tree must have one GICv2 or GICv3\n");

    irq_init(gic_nr_irqs);
    msi_init();
    gic->init_cpu();
    rc = irq_request(gic_layout.maintenance_irq, IRQ_TYPE_LEVEL_HIGH,
                     vgic_maintenance, NULL, "GIC maintenance");
    if ( rc )
        panic("gic: maintenance interrupt: %d\n", rc);
    printk("gic: %s, %u interrupts, %u list registers\n", gic->name,
           gic_nr_irqs, gic_nr_lrs);
}

void gic_init_cpu(void)
{
    gic->init_cpu();
    irq_enable_percpu(gic_layout.maintenance_irq);
}

/* "reg" in the host node's own cells; @range holds address and size pairs. */
static int property_reg(void *fdt, uint32_t addr_cells, uint32_t size_cells,
                        const uint64_t *range, unsigned int nr)
{
    fdt32_t cells[4 * (GIC_MAX_GICR + 2)];
    unsigned int n = 0;

    for ( unsigned int i = 0; i < 2 * nr; i++ )
    {
        if ( (i % 2 ? size_cells : addr_cells) > 1 )
            cells[n++] = cpu_to_fdt32((uint32_t)(range[i] >> 32));
        cells[n++] = cpu_to_fdt32((uint32_t)range[i]);
    }
    return fdt_property(fdt, "reg", cells, (int)(n * sizeof(cells[0])));
}

int gic_property_reg(void *fdt, const uint64_t *range, unsigned int nr)
{
    return property_reg(fdt, dt_n_addr_cells(gic_layout.np),
                        dt_n_size_cells(gic_layout.np), range, nr);
}

/* The virtual GICv2m frame; Linux looks for it below either GIC. */
static int make_v2m_node(struct domain *d, void *fdt)
{
    static const char compat[] = "arm,gic-v2m-frame";
    const struct dt_node *host = host_msi_node();
    const uint64_t range[] = {d->vgic.v2m_base, VGIC_V2M_SIZE};
    char name[32];
    int rc;

    if ( !host )
        return 0;
    snprintf(name, sizeof(name), "v2m@%lx", d->vgic.v2m_base);
    rc = fdt_begin_node(fdt, name);
    if ( !rc )
        rc = fdt_property(fdt, "compatible", compat, sizeof(compat));
    if ( !rc )
        rc = property_reg(fdt, dt_n_addr_cells(host), dt_n_size_cells(host),
                          range, 1);
    if ( !rc )
        rc = fdt_property(fdt, "msi-controller", NULL, 0);
    if ( !rc && host->phandle )
        rc = fdt_property_u32(fdt, "phandle", host->phandle);
    if ( !rc )
        rc = fdt_end_node(fdt);
    return rc;
}

/*
 * What other nodes rely on is the host's: the rows of an "interrupt-map" are
 * as long as the cell counts here say.
 */
static int copy_cells(void *fdt)
{
    static const char *const names[] = {
        "#interrupt-cells",
        "#address-cells",
        "#size-cells",
        "ranges",
    };
    int rc = 0;

    for ( unsigned int i = 0; !rc && i < ARRAY_SIZE(names); i++ )
    {
        const struct dt_property *p = dt_find_property(gic_layout.np, names[i]);

        if ( p )
            rc = fdt_property(fdt, names[i], p->value, (int)p->length);
    }
    return rc;
}

int gic_make_dt_node(struct domain *d, void *fdt)
{
    const struct dt_property *compat =
        dt_find_property(gic_layout.np, "compatible");
    int rc = fdt_begin_node(fdt, gic_layout.np->name);

    if ( !rc )
        rc =
            fdt_property(fdt, "compatible", compat->value, (int)compat->length);
    if ( !rc )
        rc = fdt_property(fdt, "interrupt-controller", NULL, 0);
    if ( !rc )
        rc = copy_cells(fdt);
    if ( !rc && gic_layout.np->phandle )
        rc = fdt_property_u32(fdt, "phandle", gic_layout.np->phandle);
    if ( !rc )
        rc = gic->make_dt_node(d, fdt);
    if ( !rc && d->vgic.v2m_nr )
        rc = make_v2m_node(d, fdt);
    if ( !rc )
        rc = fdt_end_node(fdt);
    return rc ? -ENOSPC : 0;
}
