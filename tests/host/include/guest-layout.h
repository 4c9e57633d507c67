/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's layout of a guest on Arm, by public/arch-arm.h, where the host's
 * public headers are another machine's. Forced in first.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#ifndef __aarch64__
#define GUEST_GICV3_GICD_BASE        0x03001000ULL
#define GUEST_GICV3_GICR0_BASE       0x03020000ULL
#define GUEST_GICV3_GICR0_SIZE       0x01000000ULL
#define GUEST_VPCI_ECAM_BASE         0x10000000ULL
#define GUEST_VPCI_ECAM_SIZE         0x10000000ULL
#define GUEST_VPCI_MEM_ADDR          0x23000000ULL
#define GUEST_VPCI_MEM_SIZE          0x10000000ULL
#define GUEST_VPCI_PREFETCH_MEM_ADDR 0x100000000ULL
#define GUEST_VPCI_PREFETCH_MEM_SIZE 0x100000000ULL
#define GUEST_GNTTAB_BASE            0x38000000ULL
#define GUEST_GNTTAB_SIZE            0x01000000ULL
#define GUEST_MAGIC_BASE             0x39000000ULL
#define GUEST_MAGIC_SIZE             0x01000000ULL
#endif

#endif /* GUEST_LAYOUT_H */
