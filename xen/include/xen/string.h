/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and string functions (declared in xen/lib.h), and for string.c the
 * two steps that an architecture does better: copy16() and zero_blocks().
 */
#ifndef XEN_STRING_H
#define XEN_STRING_H

#include <xen/lib.h>
#include <asm/string.h>

#endif /* XEN_STRING_H */
