/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forced in first: the public headers are arm64's, whatever the host is. */
#ifndef ARM_ABI_H
#define ARM_ABI_H

#include <stddef.h>
#include <stdint.h>

#pragma push_macro("__x86_64__")
#undef __x86_64__
#ifndef __aarch64__
#define __aarch64__ 1
#define ARM_ABI_PRETEND
#endif
#include <public/xen.h>

#include <public/domctl.h>
#ifdef ARM_ABI_PRETEND
#undef __aarch64__
#endif
#pragma pop_macro("__x86_64__")

#endif /* ARM_ABI_H */
