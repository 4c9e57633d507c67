/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci.c - PCI devices to domains and from them: at creation, while they run,
 * at their end.
 *
 * A device is dom0's, or quarantined ("assignable", pci-assignable.c), or a
 * domU's. The way between domains leads through quarantine, where the
 * hypervisor resets it.
 */
#include "pci.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg.h"
#include "cmd.h"
#include "device.h"
#include "pxl.h"
#include "taken.h"

_Static_assert(PCI_ANY_SLOT == PX_NO_INDEX, "passed on as it is");

#define DYING_MS 60000U /* a big domain is taken apart in slices */

static bool is_dying(uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;

    return next_domain(domid, &info) && info.domain == domid &&
           info.flags & XEN_DOMINF_dying;
}

/* Until the domain that had it is gone. */
static void wait_for_dying(uint32_t domid)
{
    uint64_t since = now_ms();

    while ( is_dying(domid) && now_ms() - since < DYING_MS )
    {
        progress("waiting for the device's last domain",
                 (now_ms() - since) / 1000, DYING_MS / 1000, "s");
        wait_ms(100);
    }
    progress_end();
}

char *pci_partner(uint32_t sbdf, uint32_t owner)
{
    struct devices devs;
    const struct device *dev;
    char *name = NULL;

    if ( devices_load(&devs) != 0 )
        return NULL;
    dev = device_pci(&devs, sbdf);
    for ( size_t i = 0;
          dev && dev->info.vslot == PX_NO_INDEX && !name && i < devs.nr; i++ )
    {
        const struct px_device_info *other = &devs.dev[i].info;

        if ( other->group == dev->info.group && other->owner == owner &&
             other->vslot != PX_NO_INDEX )
            name = xstrdup(devs.dev[i].name);
    }
    devices_free(&devs);
    return name;
}

static char *owned_error(const struct px_attach *attach, const char *name)
{
    char *owner, *other, *text;

    if ( attach->owner == DOMID_INVALID )
        return xstrdup("it is being moved; try again");
    if ( attach->owner == 0 )
        return xasprintf("dom0 has it; pxl pci-assignable-add %s first, or "
                         "write seize=1",
                         name);
    if ( attach->owner == attach->domid )
        return xstrdup("the domain has it already");
    owner = domain_name((int)attach->owner);
    other = pci_partner(attach->dev.sbdf, attach->owner);
    if ( other )
        text = xasprintf("it shares its requester ID with %s, which %s has: an "
                         "IOMMU cannot tell them apart; pxl pci-detach %s %s "
                         "first",
                         other, owner, owner, other);
    else
        text = xasprintf("%s has it; pxl pci-detach %s %s first", owner, owner,
                         name);
    free(other);
    free(owner);
    return text;
}

/* A bridge, or a device that no IOMMU covers, with consent. */
static char *forbidden_error(const struct px_device_info *info)
{
    if ( info->flags & PX_DEV_BRIDGE )
        return xstrdup("a bridge stays with dom0; name a device behind it");
    if ( info->unit == PX_NO_INDEX )
        return xstrdup("no IOMMU covers it, and the domain is not "
                       "direct-mapped: the consent of permissive=1 is for "
                       "direct-mapped domains only, and pxl makes none");
    return xstrdup("the hypervisor does not give it away");
}

/* @info: what is known of the device. */
static char *attach_error(const struct px_attach *attach, const char *name,
                          const struct px_device_info *info, int rc)
{
    char *other, *text;

    switch ( rc )
    {
    case -EINVAL:
        return xasprintf("dom0 gets it by pxl pci-assignable-remove -r %s",
                         name);
    case -ESRCH:
        return xasprintf("there is no domain %u", attach->domid);
    case -ENODEV:
        return xstrdup("there is no such device; pxl pci-assignable-list");
    case -EPERM:
        return forbidden_error(info);
    case -EBUSY:
        return owned_error(attach, name);
    case -EXDEV:
        other = device_index_name(attach->conflict);
        text = xasprintf("it shares its requester ID with %s, which is not the "
                         "domain's: an IOMMU cannot tell them apart; both go "
                         "to one domain, or neither",
                         other);
        free(other);
        return text;
    case -EOPNOTSUPP:
        if ( info->unit == PX_NO_INDEX )
            return xstrdup("no IOMMU covers it, so nothing would keep it from "
                           "all memory");
        return xstrdup("the domain has no IOMMU tables (passthrough = "
                       "\"disabled\")");
    case -ERANGE:
        return xstrdup("the domain has memory above the reach of the device's "
                       "IOMMU; give it less");
    case -ENOSPC:
        return xstrdup("no context of its IOMMU, or no slot of the domain's "
                       "bus, is left");
    case -EEXIST:
        return xasprintf("slot %#x is taken", attach->vslot);
    case -EADDRNOTAVAIL:
        return xstrdup("its interrupt doorbell or a BAR needs an address that "
                       "the domain uses");
    default:
        return xstrdup(strerror(-rc));
    }
}

/* Nothing special when it is not known. */
static struct px_device_info info_of(uint32_t sbdf)
{
    struct px_device_info info = {0};
    struct devices devs;
    const struct device *dev;

    if ( devices_load(&devs) != 0 )
        return info;
    dev = device_pci(&devs, sbdf);
    if ( dev )
        info = dev->info;
    devices_free(&devs);
    return info;
}

/* The hypervisor's answer; @a explains it. */
static int try_attach(int domid, const struct pci_spec *spec,
                      struct px_attach *answer)
{
    struct proxenos_op op;
    struct px_attach *a = &op.u.attach;
    int rc;

    for ( bool waited = false;; waited = true )
    {
        memset(&op, 0, sizeof(op));
        a->domid = (uint32_t)domid;
        a->flags = (spec->msi ? PX_ATTACH_MSI : 0) |
                   (spec->permissive ? PX_ATTACH_PERMISSIVE : 0);
        a->vslot = spec->vslot;
        a->owner = DOMID_INVALID;
        a->conflict = PX_NO_INDEX;
        device_pci_op(&a->dev, spec->sbdf);
        rc = hyp_px(PX_OP_attach, &op);
        if ( rc != -EBUSY || waited || !is_dying(a->owner) )
            break;
        wait_for_dying(a->owner);
    }
    *answer = *a;
    return rc;
}

/* @why: to be freed; NULL when it has been said. */
static int attach(int domid, struct pci_spec *spec, char **why)
{
    struct px_device_info info;
    struct px_attach answer;
    bool taken = false;
    char *name;
    int rc;

    if ( pci_resolve(spec, why) != 0 ||
         (spec->seize && pci_seize(spec->sbdf, &taken) != 0) )
        return -1;
    rc = try_attach(domid, spec, &answer);
    name = pci_name(spec->sbdf);
    if ( rc >= 0 && taken )
        taken_note(name, "pci-assignable-remove -r");
    if ( rc < 0 )
    {
        info = info_of(spec->sbdf);
        *why = attach_error(&answer, name, &info, rc);
        /* Nobody asked for it to be nobody's. */
        if ( taken )
            pci_unseize(spec->sbdf);
    }
    free(name);
    return rc < 0 ? -1 : 0;
}

int pci_create(struct cfg *cfg, int domid, bool again)
{
    const struct cfg_value *items;
    struct pci_spec *specs;
    size_t nr, same;
    int rc = 0;

    if ( pci_config(cfg, &specs, &nr) != 0 ||
         cfg_list(cfg, "pci", &items, &same) != 0 )
        return -1;
    for ( size_t i = 0; i < nr && rc == 0; i++ )
    {
        char *name, *why;

        rc = attach(domid, &specs[i], &why);
        name = specs[i].sbdf == PCI_NO_BDF ? xstrdup("pci")
                                           : pci_name(specs[i].sbdf);
        if ( why )
            cfg_err(cfg, &items[i], "%s: %s", name, why);
        else if ( rc == 0 )
            verbose("%s: attached", name);
        if ( rc && again )
        {
            warn("%s: the domain starts without it", name);
            rc = 0;
        }
        free(why);
        free(name);
    }
    free(specs);
    return rc;
}

static int detach(int domid, uint32_t sbdf, const char *name, uint32_t *reset)
{
    struct proxenos_op op = {0};
    int rc;

    op.u.detach.domid = (uint32_t)domid;
    device_pci_op(&op.u.detach.dev, sbdf);
    rc = hyp_px(PX_OP_detach, &op);
    *reset = op.u.detach.reset;
    if ( rc >= 0 )
        return 0;
    if ( rc == -ENODEV )
        err("%s: domain %d does not have it; pxl pci-list %d", name, domid,
            domid);
    else if ( rc == -ETIMEDOUT )
        err("%s: its IOMMU did not confirm in time: the device is in "
            "quarantine, the domain's memory stays out of use",
            name);
    else
        err("%s: cannot be taken from domain %d: %s", name, domid,
            strerror(-rc));
    return -1;
}

static bool has_run(int domid)
{
    struct xen_domctl_getdomaininfo info;

    return !next_domain((uint32_t)domid, &info) || info.domain != domid ||
           info.cpu_time != 0;
}

int pci_destroy(int domid)
{
    struct devices devs;
    int rc = 0;

    if ( devices_load(&devs) != 0 )
        return -1;
    for ( size_t i = 0; i < devs.nr; i++ )
    {
        const struct px_device_info *info = &devs.dev[i].info;
        uint32_t reset;

        /* What it has for another's sake goes with that one. */
        if ( info->dev.kind == PX_DEVICE_PCI &&
             info->owner == (uint32_t)domid && info->vslot != PX_NO_INDEX &&
             detach(domid, info->dev.sbdf, devs.dev[i].name, &reset) != 0 )
            rc = -1;
    }
    devices_free(&devs);
    if ( !has_run(domid) )
        taken_tell();
    return rc;
}

int cmd_pci_attach(int argc, char **argv)
{
    struct pci_spec spec = {0};
    char *why;
    int domid, opt;

    while ( (opt = options(argc, argv, "", NULL)) != -1 )
        return usage(argv[0]);
    if ( argc - optind < 2 || argc - optind > 3 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    if ( pci_parse(argv[optind + 1], &spec, &why) != 0 )
    {
        err("%s", why);
        free(why);
        return EXIT_FAILURE;
    }
    /* xl's third argument: the slot. */
    if ( argc - optind == 3 )
    {
        char *end;
        unsigned long slot = strtoul(argv[optind + 2], &end, 16);

        if ( *end || end == argv[optind + 2] || slot > 0x1f )
        {
            err("\"%s\": a slot is 0 to 1f", argv[optind + 2]);
            return EXIT_FAILURE;
        }
        spec.vslot = (uint32_t)slot;
    }

    if ( attach(domid, &spec, &why) == 0 )
        return EXIT_SUCCESS;
    if ( why )
    {
        err("%s: not attached: %s", argv[optind + 1], why);
        free(why);
    }
    return EXIT_FAILURE;
}

/* One of a group stays the domain's as long as the domain has another. */
static void say_detached(int domid, uint32_t sbdf, const char *name,
                         uint32_t reset)
{
    char *other = pci_partner(sbdf, (uint32_t)domid);
    char *owner = domain_name(domid);

    if ( other )
        printf("%s: detached (reset: %s); stays %s's until %s is detached, "
               "too: they share a requester ID\n",
               name, reset_name(reset), owner, other);
    else
        printf("%s: detached, assignable (reset: %s)\n", name,
               reset_name(reset));
    free(owner);
    free(other);
}

int cmd_pci_detach(int argc, char **argv)
{
    struct pci_spec spec = {0};
    uint32_t reset;
    char *name, *why;
    int domid, opt, rc;

    /* -f: without asking the guest, which nobody does here. */
    while ( (opt = options(argc, argv, "f", NULL)) != -1 )
        if ( opt != 'f' )
            return usage(argv[0]);
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    /* As xl: what attached it detaches it; the options say nothing here. */
    if ( pci_parse(argv[optind + 1], &spec, &why) != 0 ||
         pci_resolve(&spec, &why) != 0 )
    {
        err("%s", why);
        free(why);
        return EXIT_FAILURE;
    }
    name = pci_name(spec.sbdf);
    rc = detach(domid, spec.sbdf, name, &reset);
    if ( rc == 0 )
        say_detached(domid, spec.sbdf, name, reset);
    free(name);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
