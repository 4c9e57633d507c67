/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tree does not say, but drivers and bindings do. */
#ifndef PXL_DT_KNOWN_H
#define PXL_DT_KNOWN_H

#include <stdbool.h>

/*
 * dt_clock_name - what Linux calls clock @i of "clocks" of @node; NULL: not
 * known.
 */
const char *dt_clock_name(const void *host, int node, int i);

/* dt_is_card_speed - a mode of a memory card's host for which somebody must
 * switch the lines' voltage ("vqmmc-supply"). */
bool dt_is_card_speed(const char *property);

#endif /* PXL_DT_KNOWN_H */
