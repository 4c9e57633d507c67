/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forced in first: a program of dom0 sees the public headers of arm64, as a
 * tool does, whatever the host is.
 */
#ifndef GUEST_ABI_H
#define GUEST_ABI_H

#include <stddef.h>
#include <stdint.h>

#undef __XEN__
#define __XEN_TOOLS__ 1
#pragma push_macro("__x86_64__")
#undef __x86_64__
#ifndef __aarch64__
#define __aarch64__ 1
#define GUEST_ABI_PRETEND
#endif
#include <public/xen.h>

#include <public/domctl.h>
#ifdef GUEST_ABI_PRETEND
#undef __aarch64__
#endif
#pragma pop_macro("__x86_64__")

/* <xen/domctl.h> would be the hypervisor's own. */
#define __XEN__ 1
#include <proxenos.h>
#undef __XEN__

#endif /* GUEST_ABI_H */
