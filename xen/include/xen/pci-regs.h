/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space: PCI Local Bus Specification 3.0, PCI-to-PCI Bridge
 * Architecture 1.2, PCI Express Base Specification 5.0 (chapter 7).
 */
#ifndef XEN_PCI_REGS_H
#define XEN_PCI_REGS_H

#define PCI_VENDOR_ID        0x00U
#define PCI_DEVICE_ID        0x02U
#define PCI_COMMAND          0x04U
#define PCI_COMMAND_IO       0x0001U
#define PCI_COMMAND_MEMORY   0x0002U
#define PCI_COMMAND_MASTER   0x0004U
#define PCI_COMMAND_INTX_OFF 0x0400U
#define PCI_STATUS           0x06U
#define PCI_STATUS_INTX      0x0008U /* it asserts its interrupt */
#define PCI_STATUS_CAP_LIST  0x0010U
#define PCI_CLASS_REVISION   0x08U
#define PCI_CACHE_LINE       0x0cU
#define PCI_HEADER_TYPE      0x0eU
#define PCI_HEADER_MULTI     0x80U
#define PCI_HEADER_NORMAL    0U
#define PCI_HEADER_BRIDGE    1U
#define PCI_BAR0             0x10U
#define PCI_BAR_IO           0x00000001U
#define PCI_BAR_TYPE         0x00000006U
#define PCI_BAR_TYPE_64      0x00000004U
#define PCI_BAR_PREFETCH     0x00000008U
#define PCI_BAR_MEM_MASK     0xfffffff0U
#define PCI_BAR_IO_MASK      0xfffffffcU
#define PCI_ROM_ADDRESS      0x30U
#define PCI_ROM_ENABLE       0x00000001U
#define PCI_ROM_MASK         0xfffff800U
#define PCI_SUBSYSTEM        0x2cU
#define PCI_CAP_POINTER      0x34U
#define PCI_INTERRUPT_LINE   0x3cU
#define PCI_INTERRUPT_PIN    0x3dU /* 1: INTA; 0: none */

/* Type 1 header */
#define PCI_PRIMARY_BUS     0x18U
#define PCI_SECONDARY_BUS   0x19U
#define PCI_SUBORDINATE_BUS 0x1aU
#define PCI_ROM_ADDRESS1    0x38U
#define PCI_BRIDGE_CONTROL  0x3eU
#define PCI_BRIDGE_RESET    0x0040U

#define PCI_CAP_ID_PM     0x01U
#define PCI_CAP_ID_MSI    0x05U
#define PCI_CAP_ID_VENDOR 0x09U
#define PCI_CAP_ID_EXP    0x10U
#define PCI_CAP_ID_MSIX   0x11U

/* Power management capability */
#define PCI_PM_CONTROL       0x04U
#define PCI_PM_STATE         0x0003U /* D0 to D3hot */
#define PCI_PM_NO_SOFT_RESET 0x0008U

/* PCI Express capability */
#define PCI_EXP_FLAGS          0x02U
#define PCI_EXP_VERSION        0x000fU
#define PCI_EXP_TYPE           0x00f0U
#define PCI_EXP_LEGACY         1U
#define PCI_EXP_TO_PCI         7U /* PCI Express to PCI bridge */
#define PCI_EXP_FROM_PCI       8U /* PCI to PCI Express bridge */
#define PCI_EXP_INTEGRATED     9U /* endpoint of the root complex */
#define PCI_EXP_SLOT           0x0100U
#define PCI_EXP_DEVCAP         0x04U
#define PCI_EXP_DEVCAP_FLR     0x10000000U
#define PCI_EXP_DEVCTL         0x08U
#define PCI_EXP_DEVCTL_FLR     0x8000U
#define PCI_EXP_DEVSTA         0x0aU
#define PCI_EXP_DEVSTA_PENDING 0x0020U
#define PCI_EXP_LNKCTL         0x10U
#define PCI_EXP_SLTCTL         0x18U
#define PCI_EXP_SLTCTL_EVENTS  0x1008U /* presence, link state */
#define PCI_EXP_SLTSTA         0x1aU
#define PCI_EXP_SLTSTA_EVENTS  0x0108U
#define PCI_EXP_DEVCTL2        0x28U

/* MSI capability */
#define PCI_MSI_CONTROL 0x02U
#define PCI_MSI_ENABLE  0x0001U
#define PCI_MSI_MMC     0x000eU /* log2 of the vectors it can send */
#define PCI_MSI_MME     0x0070U /* log2 of the vectors enabled */
#define PCI_MSI_64      0x0080U
#define PCI_MSI_MASKING 0x0100U
#define PCI_MSI_ADDRESS 0x04U

/* MSI-X capability */
#define PCI_MSIX_CONTROL      0x02U
#define PCI_MSIX_SIZE         0x07ffU
#define PCI_MSIX_MASK_ALL     0x4000U
#define PCI_MSIX_ENABLE       0x8000U
#define PCI_MSIX_TABLE        0x04U
#define PCI_MSIX_PBA          0x08U
#define PCI_MSIX_BIR          0x00000007U
#define PCI_MSIX_ENTRY_SIZE   16U
#define PCI_MSIX_ENTRY_CTRL   12U
#define PCI_MSIX_ENTRY_MASKED 0x00000001U

/* Extended capabilities */
#define PCI_EXT_CAP_START       0x100U
#define PCI_EXT_CAP_ID_ACS      0x0dU
#define PCI_ACS_CONTROL         0x06U
#define PCI_ACS_ISOLATION       0x001dU /* source validation, redirects, up */
#define PCI_EXT_CAP_ID_ATS      0x0fU
#define PCI_EXT_CAP_ID_SRIOV    0x10U
#define PCI_EXT_CAP_ID_PRI      0x13U
#define PCI_EXT_CAP_ID_REBAR    0x15U
#define PCI_EXT_CAP_ID_PASID    0x1bU
#define PCI_EXT_CAP_ID_VF_REBAR 0x24U

#endif /* XEN_PCI_REGS_H */
