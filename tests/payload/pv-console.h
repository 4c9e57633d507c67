/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domU's console: a ring that xenconsoled in dom0 reads. The page and the
 * event channel are the toolstack's (HVM_PARAM_CONSOLE_*). One CPU writes.
 * Manual: <public/io/console.h>.
 */
#ifndef PAYLOAD_PV_CONSOLE_H
#define PAYLOAD_PV_CONSOLE_H

#include <stdint.h>

/* pv_console_write - waits while the ring is full; nothing without one. */
void pv_console_write(const char *s, unsigned int size);

/* pv_console_gfn, pv_console_port - the page and the port, for who must leave them alone.
 * 0 when there is none. */
uint64_t pv_console_gfn(void);
uint32_t pv_console_port(void);

#endif
