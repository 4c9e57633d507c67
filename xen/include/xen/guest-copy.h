/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing guest memory. Virtual addresses go through the calling
 * vCPU's current EL1 stage 1 and stage 2; -EFAULT when either says no.
 * Each frame is held by a reference while it is accessed.
 */
#ifndef XEN_GUEST_COPY_H
#define XEN_GUEST_COPY_H

#include <xen/addr.h>
#include <xen/lib.h>

struct domain;

int __must_check copy_from_guest(void *dst, uint64_t guest_va, size_t size);
int __must_check copy_to_guest(uint64_t guest_va, const void *src, size_t size);
/* Guest-physical addresses of any domain; used when building it. */
int __must_check copy_to_guest_phys(struct domain *d, ipa_t ipa,
                                    const void *src, size_t size);
int __must_check copy_from_guest_phys(struct domain *d, void *dst, ipa_t ipa,
                                      size_t size);
int __must_check clear_guest(uint64_t guest_va, size_t size);

/* XEN_GUEST_HANDLE fields hold a pointer: its address as a number. */
#define guest_handle_addr(h) ((uint64_t)(uintptr_t)(h).p)

#endif /* XEN_GUEST_COPY_H */
