/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's console, which xenconsoled keeps as a terminal of dom0. */
#ifndef PXL_CONSOLE_H
#define PXL_CONSOLE_H

#define CONSOLE_ESCAPE 0x1d /* ^] */

/* console_open - its terminal; waits for xenconsoled to make it. -1 after a
 * message. */
int console_open(int domid);

/*
 * console_run - connect stdin and stdout to it until @escape is typed or the
 * domain is gone; closes @fd. On a terminal every key goes to the guest.
 */
int console_run(int fd, char escape);

#endif /* PXL_CONSOLE_H */
