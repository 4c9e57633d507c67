/* SPDX-License-Identifier: MIT */
/*
 * What a toolstack can ask of Proxenos beyond Xen's ABI: IOMMU units, tables,
 * devices, their owners and faults. One hypercall, for the control domain:
 * x16 = __HYPERVISOR_proxenos_op, x0 = address of a struct proxenos_op, which
 * is written back. Result: 0 or a Xen error; what each operation says below.
 *
 * The structures may grow with PROXENOS_OP_VERSION; another one: -EACCES.
 */
#ifndef PROXENOS_H
#define PROXENOS_H

#ifdef __XEN__
#include <public/domctl.h>
#else
#include <xen/domctl.h>
#endif

#define __HYPERVISOR_proxenos_op __HYPERVISOR_arch_0
#define PROXENOS_OP_VERSION      1

#define PX_NO_INDEX (~0U)

/*
 * The virtual PCI host bridge of a domain with IOMMU tables, beyond what
 * public/arch-arm.h says of it (GUEST_VPCI_*): one bus, 0. INTA to INTD of
 * slot s are the level interrupts PX_VPCI_INTX_IRQ + (s + pin) % 4, pin 0 for
 * INTA. Messages go to the GICv2m frame, where the host has any.
 */
#define PX_VPCI_INTX_IRQ 44U /* INTID, and the three behind it */
#define PX_VPCI_V2M_BASE 0x03011000U
#define PX_VPCI_V2M_SIZE 0x1000U

/* A device: a PCI function, or a node of the host's device tree. */
struct px_device {
#define PX_DEVICE_PCI 1
#define PX_DEVICE_DT  2
    uint32_t kind;
    uint32_t sbdf;                  /* PCI: segment, bus, devfn */
    XEN_GUEST_HANDLE_64(char) path; /* DT: not terminated */
    uint32_t path_len; /* DT: bytes, 255 at most; device_info: out, needed */
    uint32_t pad;
};

/* ---- looking ---- */

/*
 * PX_OP_unit_info: the IOMMU unit @index. -ENOENT: past the last. An IPMMU's
 * leaves are units, too, with the contexts of their root.
 */
struct px_unit_info {
    uint32_t index; /* in */
#define PX_UNIT_SMMUV3 1
#define PX_UNIT_IPMMU  2
    uint32_t kind;
    char name[32]; /* "smmuv3 9050000" */
    char format[16];
    uint32_t stages; /* bit 0: stage 1, bit 1: stage 2 */
    uint32_t ia_bits, oa_bits;
    uint32_t contexts, contexts_used;
    uint32_t pad;
    uint64_aligned_t invalidations, syncs, faults, longest_sync_ns;
    uint64_aligned_t stray_faults; /* of ids that are no device's */
};

/*
 * PX_OP_table_info: table @index of a domain; a domain has one per table
 * format in use. -ESRCH: no domain. -ENOENT: past its last (a domain without
 * tables has none).
 */
struct px_table_info {
    uint32_t domid, index; /* in */
    char format[16];
    uint32_t ia_bits, oa_bits;
    uint64_aligned_t tables;     /* pages of 4 KiB */
    uint64_aligned_t leaves[4];  /* by level */
    uint32_t devices;            /* attached */
#define PX_TABLE_OUT_OF_REACH 1U /* part of the domain is above the units */
#define PX_TABLE_LOST_SYNC    2U /* an invalidation was not confirmed */
    uint32_t flags;
};

/* PX_OP_device_info: the device @index. -ENOENT: past the last. */
struct px_device_info {
    uint32_t index;       /* in */
    uint32_t owner;       /* domain id; DOMID_INVALID: quarantined */
    struct px_device dev; /* path: in, a buffer of path_len bytes, or null */
    uint32_t unit;        /* index; PX_NO_INDEX: no IOMMU covers it */
    uint32_t id;          /* first StreamID or micro-TLB */
    uint32_t group;       /* index of the first device of its group */
#define PX_DEV_UNPROTECTED 0x01U /* owned, with nothing that holds it back */
#define PX_DEV_CUT_OFF     0x02U /* it stormed: aborted until attached anew */
#define PX_DEV_SHARED_MSI  0x04U /* MSI by consent on a frame all share */
#define PX_DEV_BRIDGE      0x08U
#define PX_DEV_GONE        0x10U /* pulled out */
#define PX_DEV_UNUSABLE    0x20U /* its unit could not take it */
    uint32_t flags;
#define PX_RESET_NONE 0
#define PX_RESET_FLR  1 /* function level reset */
#define PX_RESET_PM   2 /* D3hot and back */
#define PX_RESET_BUS  3 /* secondary bus of the bridge above it */
    uint32_t reset;     /* how it is reset between owners */
    uint16_t vendor, device;
    uint32_t class_code; /* 24 bits */
    uint32_t vslot;      /* devfn its owner sees it at; PX_NO_INDEX: none */
    uint32_t policy;     /* PX_FAULT_*, below */
    uint32_t threshold;
    uint32_t fault_reason; /* of the last; enum iommu_fault_reason */
    uint32_t pad;
    uint64_aligned_t faults; /* since it was assigned or they were cleared */
    uint64_aligned_t first_iova, last_iova;
    int64_aligned_t first_time, last_time; /* ns since boot */
    int64_aligned_t now;                   /* the same clock */
};

/*
 * PX_OP_fault_clear: forget the faults of a device and its group. One that was
 * cut off stays so until it is attached anew. -ENODEV: no such device.
 */
struct px_fault_clear {
    struct px_device dev;
};

/*
 * PX_OP_fault_policy: what is done about a device that faults, and its group;
 * for all its owners to come. -ENODEV: no such device. -EINVAL: no such policy.
 */
struct px_fault_policy {
    struct px_device dev;
#define PX_FAULT_LOG        0 /* a line, rate-limited; never cut off */
#define PX_FAULT_DISCONNECT 1 /* cut off after @threshold in 5 s; default */
#define PX_FAULT_CRASH      2 /* and crash its domain at the first; not dom0 */
    uint32_t policy;
    uint32_t threshold; /* 0: the default, 10000 */
};

/*
 * PX_OP_audit: compare a domain's P2M with an IOMMU table, frame by frame and
 * right by right, from @gfn on. One call does a slice: it returns 0 with @gfn
 * advanced, and PX_AUDIT_DONE set at the end. Usable while the domain runs: a
 * slice holds the P2M lock. Differences are counted, the first of a slice is
 * described. -ESRCH, -ENOENT as for table_info.
 */
struct px_audit {
    uint32_t domid, table; /* in */
    uint64_aligned_t gfn;  /* in, out */
#define PX_AUDIT_DONE 1U
    uint32_t flags;
#define PX_AUDIT_NOT_IN_IOMMU  1 /* the P2M lets devices reach it */
#define PX_AUDIT_NOT_IN_P2M    2 /* devices reach what the CPU does not */
#define PX_AUDIT_OTHER_FRAME   3
#define PX_AUDIT_MORE_RIGHTS   4 /* devices may write, or reach CPU-only */
#define PX_AUDIT_FEWER_RIGHTS  5
#define PX_AUDIT_OTHER_MEMTYPE 6
#define PX_AUDIT_MALFORMED     7         /* a descriptor that nothing writes */
    uint32_t what;                       /* the first difference of the slice */
    uint64_aligned_t compared;           /* frames that devices reach */
    uint64_aligned_t differences;        /* frames, in this slice */
    uint64_aligned_t bad_gfn;            /* of the first */
    uint64_aligned_t cpu_mfn, iommu_mfn; /* ~0: none */
};

/* ---- owners ---- */

/*
 * PX_OP_quarantine: take a device from the hardware domain, whose driver has
 * let go of it: bus mastering off, interrupts withdrawn, reset, entry that
 * aborts. From then on it may be attached to a domain. PX_OP_release gives it
 * back. Its group moves with it.
 * -ENODEV: no such device. -EBUSY: a domain's, or on its way. -EPERM: a bridge.
 * -EOPNOTSUPP: no IOMMU covers it. -EXDEV: a member of its group prevents it
 * (@conflict): a bridge, another owner's, or, at a quarantine, one that dom0
 * lets master the bus. -ETIMEDOUT: the unit did not confirm; the device is
 * quarantined.
 */
struct px_quarantine {
    struct px_device dev;
    uint32_t reset;    /* out: PX_RESET_* that was done */
    uint32_t conflict; /* out: device index, PX_NO_INDEX: none */
};

/*
 * PX_OP_attach: give a quarantined device to a domain, running or not. PCI: it
 * appears on the virtual host bridge at @vslot.
 * -ESRCH no domain; -EINVAL dom0, which gets it by PX_OP_release; -ENODEV no
 * device; -EPERM a bridge, or PX_ATTACH_PERMISSIVE of an uncovered device for a
 * domain that is not direct-mapped; -EBUSY it is not quarantined (@owner: whose
 * it is); -EXDEV a member of its group is somebody else's (@conflict);
 * -EOPNOTSUPP no IOMMU covers it and PX_ATTACH_PERMISSIVE is missing, or the
 * domain has no tables; -ERANGE the domain has memory above the unit's reach;
 * -ENOSPC no context of the unit, or no slot, is left; -EEXIST the slot is
 * taken; -EADDRNOTAVAIL the doorbell's or a BAR's address is not usable.
 */
struct px_attach {
    uint32_t domid;
#define PX_ATTACH_MSI        1U /* consent: MSI on a frame all share (P8) */
#define PX_ATTACH_PERMISSIVE 2U /* consent: unprotected; direct-mapped only */
    uint32_t flags;
    struct px_device dev;
    uint32_t vslot;    /* in: slot 0..31, PX_NO_INDEX: any; out: devfn */
    uint32_t owner;    /* out, with -EBUSY */
    uint32_t conflict; /* out: device index, PX_NO_INDEX: none */
    uint32_t pad;
};

/*
 * PX_OP_detach: take a device from a domain, running or not, into quarantine:
 * bus mastering off, interrupts and doorbell withdrawn, reset, entry that
 * aborts, BARs unmapped. -ENODEV: @domid does not have it. -ETIMEDOUT: the
 * unit did not confirm; the device is quarantined, the domain's tables and
 * frames stay out of use.
 */
struct px_detach {
    uint32_t domid;
    uint32_t reset; /* out: PX_RESET_* that was done */
    struct px_device dev;
};

/*
 * The operation is written back, unless the call fails with -EPERM (not the
 * control domain), -EFAULT or -EACCES: outputs that explain an error are there.
 *
 * PX_DEVICE_DT: with the node's DMA go the registers in "reg", at their own
 * addresses, and the SPIs in "interrupts", under their own numbers; those of
 * the other nodes of its group, too. It is not reset (PX_RESET_NONE). Further
 * errors: -EADDRINUSE a page of its registers or an interrupt is another
 * node's, too; -EADDRNOTAVAIL the guest has something else at the address;
 * -EBUSY (attach, without an @owner) an interrupt is not free there, or beyond
 * the domain's; -EPERM the hypervisor uses it; -E2BIG too many registers. The
 * console says which one it is. -EINVAL: attach to or detach from dom0, which
 * is PX_OP_release and PX_OP_quarantine.
 */
struct proxenos_op {
#define PX_OP_unit_info    1
#define PX_OP_table_info   2
#define PX_OP_device_info  3
#define PX_OP_fault_clear  4
#define PX_OP_fault_policy 5
#define PX_OP_audit        6
#define PX_OP_quarantine   7
#define PX_OP_release      8
#define PX_OP_attach       9
#define PX_OP_detach       10
    uint32_t cmd;
    uint32_t version; /* PROXENOS_OP_VERSION */
    union {
        struct px_unit_info unit_info;
        struct px_table_info table_info;
        struct px_device_info device_info;
        struct px_fault_clear fault_clear;
        struct px_fault_policy fault_policy;
        struct px_audit audit;
        struct px_quarantine quarantine; /* and release */
        struct px_attach attach;
        struct px_detach detach;
    } u;
};

#endif /* PROXENOS_H */
