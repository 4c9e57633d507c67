/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drivers ask about a Renesas R-Car or RZ/G2: which product and cut it
 * is, whether a power area is switched on, and clocks and power areas that the
 * hardware domain does not stop. drivers/soc/rcar-*.c.
 */
#ifndef XEN_RCAR_H
#define XEN_RCAR_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/compiler.h>

struct domain;
struct dt_node;

/* ---- product register, PRR ---- */

/* Products as PRR numbers them; RZ/G2 parts have their sibling's number. */
#define RCAR_H3  0x4fU
#define RCAR_M3W 0x52U
#define RCAR_V3M 0x54U
#define RCAR_M3N 0x55U
#define RCAR_V3H 0x56U
#define RCAR_E3  0x57U
#define RCAR_D3  0x58U
#define RCAR_S4  0x5aU
#define RCAR_V4H 0x5cU

struct rcar_prr {
    bool known;      /* the tree has the register */
    uint8_t product; /* RCAR_* */
    uint8_t cut;     /* 0x10 is ES2.0, 0x11 ES2.1: major - 1, minor */
};

/* rcar_prr - by the node "renesas,prr"; read once. */
struct rcar_prr rcar_prr(void);
/* rcar_prr_text - "H3 ES2.0", or "unknown product". */
const char *rcar_prr_text(char buf[32]);

/* ---- power areas, SYSC ---- */

struct rcar_power {
    const struct rcar_sysc *sysc; /* NULL: always on */
    unsigned int area;            /* as the tree numbers them */
};

/*
 * rcar_power_of - the power area a node is in, by its "power-domains".
 * Return: 0; -ENODEV when nobody can tell whether the area is on: what is in
 * it may not be touched then. Boot only.
 */
int __must_check rcar_power_of(const struct dt_node *np,
                               struct rcar_power *power);
/* rcar_power_is_on - may what is in the area be touched? Any lock may be
 * held. While the hardware domain runs, areas change within
 * rcar_power_watch()'s @fn only. */
bool rcar_power_is_on(const struct rcar_power *power);
/* rcar_power_watch - call @fn after areas have been switched on or off, before
 * the one who did it goes on. No lock is held, but one of LOCK_RANK_POWER. One
 * caller; boot only. */
void rcar_power_watch(void (*fn)(void));

/*
 * rcar_power_init - before the hardware domain is built, when devices are
 * known: it does not switch their areas but through us.
 * rcar_power_hold - the hardware domain does not switch off the areas in
 * "power-domains" until rcar_power_let_go(). Held already: fine. -EIO: one is
 * off, or nobody can tell; a message says which, it is held all the same.
 * -ENOSPC: too many nodes are held. Who is no SYSC is not asked. No lock of
 * LOCK_RANK_POWER or above is held.
 */
void rcar_power_init(void);
int __must_check rcar_power_hold(const struct dt_node *np);
void rcar_power_let_go(const struct dt_node *np);

/* ---- clocks and resets of modules, CPG ----
 *
 * All of these do nothing on machines without one. No lock of LOCK_RANK_POWER
 * or above is held.
 */

/* rcar_cpg_init - before the hardware domain is built; holds the clocks of
 * nodes that are ours. */
void rcar_cpg_init(void);

/*
 * rcar_cpg_hold - start the module clocks in "clocks"; the hardware domain can
 * neither stop nor reset these modules until rcar_cpg_let_go(). Held already:
 * fine. -EIO: one does not start, it is held all the same; -ENOSPC: too
 * many nodes are held.
 */
int __must_check rcar_cpg_hold(const struct dt_node *np);
void rcar_cpg_let_go(const struct dt_node *np);
/*
 * rcar_cpg_reset - by its "resets", but for lines that reset a device of the
 * hardware domain's, too. Its clock runs. Return: how many lines; 0: it has not
 * been reset.
 */
unsigned int __must_check rcar_cpg_reset(const struct dt_node *np);

#endif /* XEN_RCAR_H */
