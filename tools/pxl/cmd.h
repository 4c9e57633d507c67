/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes of the commands in commands.h. */
#ifndef PXL_CMD_H
#define PXL_CMD_H

#define COMMAND(name, run, args, help) int run(int argc, char **argv);
#include "commands.h"
#undef COMMAND

#endif /* PXL_CMD_H */
