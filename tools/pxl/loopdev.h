/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loop devices of dom0: files as block devices. */
#ifndef PXL_LOOPDEV_H
#define PXL_LOOPDEV_H

#include <stdbool.h>

/* loop_attach - a free one for @file; its path, to be freed, NULL after a
 * message. */
char *loop_attach(const char *file, bool readonly);
/* loop_detach - now, or as soon as nobody has it open. */
void loop_detach(const char *device);

#endif /* PXL_LOOPDEV_H */
