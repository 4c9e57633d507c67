/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libfdt.c - the library's own sources, for tests that read or write trees.
 * They come by -isystem, so our warnings do not apply to them.
 */
#include <fdt.c>
#include <fdt_check.c>
#include <fdt_ro.c>
#include <fdt_strerror.c>
#include <fdt_sw.c>
#include <fdt_wip.c>
