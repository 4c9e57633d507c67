/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, in the order that help lists them: COMMAND(name, function,
 * arguments, what it does). Add yours; cmd.h makes prototypes of this, main.c
 * its table.
 */
/* clang-format off */
/* clang-format on */
