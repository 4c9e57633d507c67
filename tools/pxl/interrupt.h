/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C while a domain is being made: the work stops at the next step, and
 * what has been made is undone.
 */
#ifndef PXL_INTERRUPT_H
#define PXL_INTERRUPT_H

#include <stdbool.h>

/* interrupt_catch - from now on SIGINT, SIGTERM and SIGHUP are only noted. */
void interrupt_catch(void);
/* interrupt_ignore - or not even that. */
void interrupt_ignore(void);
/* interrupt_default - and now they end the program again. */
void interrupt_default(void);
/* interrupted - has one come? Said once. */
bool interrupted(void);

#endif /* PXL_INTERRUPT_H */
