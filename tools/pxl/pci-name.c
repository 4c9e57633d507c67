/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-name.c - names of assignable functions, as pci-assignable-add -n gives
 * them. They are where xl keeps them.
 */
#include "pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pxl.h"
#include "xs.h"

#define NAMES "/libxl/pciback"

/* A node's name for a function: xenstore knows no colons. */
static char *node(uint32_t sbdf)
{
    return xasprintf(NAMES "/%04x-%02x-%02x-%01x", sbdf >> 16, sbdf >> 8 & 0xff,
                     sbdf >> 3 & 0x1f, sbdf & 7);
}

char *pci_given_name(uint32_t sbdf)
{
    char *path = node(sbdf);
    char *name = xs_get("%s/name", path);

    free(path);
    return name;
}

int pci_set_name(uint32_t sbdf, const char *name)
{
    char *path = node(sbdf);
    int rc = name ? xs_put(name, "%s/name", path) : xs_del("%s", path);

    free(path);
    return rc;
}

bool pci_named(const char *name, uint32_t *sbdf)
{
    unsigned int nr;
    char **nodes = xs_dir(&nr, NAMES);
    bool found = false;

    for ( unsigned int i = 0; i < nr && !found; i++ )
    {
        unsigned int seg, bus, slot, fn;
        char *other = xs_get(NAMES "/%s/name", nodes[i]);

        found =
            other && strcmp(other, name) == 0 &&
            sscanf(nodes[i], "%4x-%2x-%2x-%1x", &seg, &bus, &slot, &fn) == 4;
        if ( found )
            *sbdf = seg << 16 | bus << 8 | (slot & 0x1f) << 3 | (fn & 7);
        free(other);
    }
    free(nodes);
    return found;
}

bool pci_name_is_good(const char *name)
{
    const char *p = name;
    uint32_t sbdf;

    return *name && strlen(name) < sizeof(((struct pci_spec *)0)->name) &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                             "XYZ0123456789_.-")] == '\0' &&
           !(pci_bdf(&p, &sbdf) && !*p);
}

int pci_resolve(struct pci_spec *spec, char **why)
{
    *why = NULL;
    if ( !spec->name[0] || pci_named(spec->name, &spec->sbdf) )
        return 0;
    *why = xasprintf("no function has the name \"%s\"; pxl "
                     "pci-assignable-list -n",
                     spec->name);
    return -1;
}
