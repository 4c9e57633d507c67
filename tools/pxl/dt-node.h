/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's nodes of devices that it is given, derived from the host's tree
 * as dom0 sees it. Registers and interrupts keep their numbers. What a node
 * refers to stays behind in the host: clocks become fixed ones with the rate
 * they have, a supply of one voltage a fixed regulator; power domains and pins
 * are dom0's business and left out; all else is left out and told. A card's
 * host without a line that detects the card has one that stays; without a
 * switch of voltages it has no modes that need one.
 */
#ifndef PXL_DT_NODE_H
#define PXL_DT_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "place.h"

#define DT_MAX_RANGES 16U
/* Above the host's phandles, below guest-tree.h's. */
#define DT_FIRST_PHANDLE 64000U

struct dt_spec;

/* What is read of one device. */
struct dt_device {
    struct range reg[DT_MAX_RANGES]; /* machine addresses */
    unsigned int nr_regs;
    unsigned int last_irq; /* highest INTID; 0: none */
};

struct dt_source {
    const void *host; /* a flat tree, checked */
    const struct dt_spec *spec;
    size_t nr;
    const void *partial; /* a tree with /passthrough, checked; NULL: none */
    /* the rate in Hz of a provider's clock, which Linux calls @output ("":
     * not known), for one that is no fixed clock; 0: not known */
    uint64_t (*rate)(const char *provider, const char *output);
    /* what is left out of @path and what the guest misses by that */
    void (*unmet)(const char *path, const char *property, const char *target);
};

/* dtdev: "/soc/mmc@ee100000[,clock:NAME=HZ...]"; NAME as in clock-names. */
struct dt_spec {
    char *path;
    char *options; /* behind the path; "" */
};
/* dt_spec_parse - @why: what is wrong, to be freed. */
int dt_spec_parse(const char *text, struct dt_spec *spec, char **why);
void dt_spec_free(struct dt_spec *spec);

/* dt_read - registers and interrupts. -1: @why says what, to be freed. */
int dt_read(const void *host, const char *path, struct dt_device *dev,
            char **why);
/*
 * dt_sharer - the path of another node that has a page of @dev's registers or
 * its interrupt, to be freed; NULL: none.
 */
char *dt_sharer(const void *host, const char *path,
                const struct dt_device *dev);

/*
 * dt_write - the node /passthrough, into a tree that is being written
 * (fdt_create()), where two cells are an address. Return: 0 or libfdt's error.
 */
int dt_write(void *fdt, const struct dt_source *src);

#endif /* PXL_DT_NODE_H */
