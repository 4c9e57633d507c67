# SPDX-License-Identifier: GPL-2.0-or-later
#
# Host tests: a name in HOST_TESTS, its sources in a variable of that name, and
# if need be NAME-cflags and NAME-libs.  One test a block, for example
#
#   HOST_TESTS += test-pgtable
#   test-pgtable := tests/host/test-pgtable.c xen/common/pgtable/pgtable.c

HOST_TESTS += test-symbols
test-symbols := tests/host/test-symbols.c xen/common/symbols.c
test-symbols-cflags := -D_start=image_start -D_etext=image_end

HOST_TESTS += test-device-tree
test-device-tree := tests/host/test-device-tree.c tests/host/libfdt.c \
    xen/common/device-tree.c
test-device-tree-cflags := -isystem $(B)/libfdt-el2 \
    -isystem $(B)/libfdt-el2/include -isystem xen/include/libfdt

HOST_TESTS += test-pgtable
test-pgtable := tests/host/test-pgtable.c tests/host/pgt-rig.c \
    tests/models/tlb.c xen/common/pgtable/pgtable.c \
    xen/common/pgtable/fmt-s1.c xen/common/pgtable/fmt-s2.c

HOST_TESTS += test-smmuv3-model
test-smmuv3-model := tests/host/test-smmuv3-model.c tests/models/smmuv3.c \
    tests/models/smmuv3-cmd.c tests/models/smmuv3-mem.c \
    tests/models/smmuv3-walk.c

iommu_core := $(patsubst %,xen/drivers/passthrough/%.c,iommu iommu-fault \
    iommu-info)

HOST_TESTS += test-ipmmu-model
test-ipmmu-model := tests/host/test-ipmmu-model.c tests/models/ipmmu.c \
    tests/models/ipmmu-walk.c

# What stands behind the rigs of units.
smmuv3_rig := tests/host/unit-rig.c \
    tests/models/smmuv3.c tests/models/smmuv3-cmd.c \
    tests/models/smmuv3-mem.c tests/models/smmuv3-walk.c \
    $(iommu_core) xen/drivers/passthrough/smmuv3.c \
    xen/drivers/passthrough/smmuv3-cmdq.c \
    xen/drivers/passthrough/smmuv3-evtq.c \
    xen/drivers/passthrough/smmuv3-ste.c xen/common/pgtable/pgtable.c \
    xen/common/pgtable/fmt-s1.c xen/common/pgtable/fmt-s2.c

# The rig comes first: its part of .dtdrivers is the start of the array.
HOST_TESTS += test-smmuv3
test-smmuv3 := tests/host/iommu-rig.c tests/host/test-smmuv3.c \
    $(smmuv3_rig)
test-smmuv3-cflags := -isystem xen/arch/arm/include -Wno-redundant-decls

HOST_TESTS += test-iommu-policy
test-iommu-policy := tests/host/iommu-rig.c tests/host/test-iommu-policy.c \
    $(smmuv3_rig)
test-iommu-policy-cflags := $(test-smmuv3-cflags)

# The rig comes first: its part of .dtdrivers is the start of the array.
HOST_TESTS += test-ipmmu
test-ipmmu := tests/host/ipmmu-rig.c tests/host/test-ipmmu.c \
    tests/host/unit-rig.c tests/models/ipmmu.c tests/models/ipmmu-walk.c \
    $(iommu_core) xen/drivers/passthrough/ipmmu.c \
    xen/drivers/passthrough/ipmmu-fault.c xen/drivers/passthrough/ipmmu-hw.c \
    xen/common/pgtable/pgtable.c xen/common/pgtable/fmt-s1.c \
    xen/common/pgtable/fmt-s2.c
test-ipmmu-cflags := $(test-smmuv3-cflags)

HOST_TESTS += test-bootmem
test-bootmem := tests/host/test-bootmem.c tests/host/libfdt.c \
    xen/arch/arm/bootmem.c
test-bootmem-cflags := $(test-device-tree-cflags) \
    -isystem xen/arch/arm/include -Wno-redundant-decls

HOST_TESTS += test-rcar-cpg
test-rcar-cpg := tests/host/test-rcar-cpg.c xen/drivers/soc/rcar-cpg.c
test-rcar-cpg-cflags := $(test-smmuv3-cflags)

HOST_TESTS += test-rcar-sysc
test-rcar-sysc := tests/host/test-rcar-sysc.c xen/drivers/soc/rcar-sysc.c
test-rcar-sysc-cflags := $(test-smmuv3-cflags)

HOST_TESTS += test-scif
test-scif := tests/host/test-scif.c xen/drivers/char/scif.c
test-scif-cflags := $(test-smmuv3-cflags)

test-hyp-cflags := -include tests/host/include/arm-abi.h \
    -isystem xen/arch/arm/include

HOST_TESTS += test-evtchn
test-evtchn := tests/host/hyp-rig.c tests/host/test-evtchn.c \
    xen/common/event-channel.c xen/common/evtchn-fifo.c
test-evtchn-cflags := $(test-hyp-cflags)
test-evtchn-libs := -lpthread

HOST_TESTS += test-grant
test-grant := tests/host/hyp-rig.c tests/host/test-grant.c \
    xen/common/grant-table.c
test-grant-cflags := $(test-hyp-cflags)

HOST_TESTS += test-vgic
test-vgic := tests/host/test-vgic.c xen/arch/arm/vgic.c \
    xen/arch/arm/vgic-dist.c
test-vgic-cflags := $(test-hyp-cflags)

vpci_srcs := tests/models/pci.c xen/drivers/pci/pci.c \
    xen/drivers/pci/pci-assign.c xen/drivers/pci/pci-intx.c \
    xen/drivers/pci/pci-reset.c xen/drivers/pci/vpci.c \
    xen/drivers/pci/vpci-guest.c xen/drivers/pci/vpci-header.c \
    xen/drivers/pci/vpci-msi.c xen/drivers/pci/vpci-msix.c
HOST_TESTS += test-vpci
test-vpci := tests/host/test-vpci.c $(vpci_srcs)
test-vpci-cflags := $(test-hyp-cflags)

HOST_TESTS += test-msi
test-msi := tests/host/test-msi.c xen/arch/arm/msi.c
test-msi-cflags := $(test-hyp-cflags)

HOST_TESTS += test-iommu-dt
test-iommu-dt := tests/host/test-iommu-dt.c tests/host/libfdt.c \
    xen/common/device-tree.c xen/drivers/passthrough/iommu-dt.c
test-iommu-dt-cflags := $(test-device-tree-cflags) \
    -isystem xen/arch/arm/include -Wno-redundant-decls

HOST_TESTS += test-spinlock
test-spinlock := tests/host/test-spinlock.c xen/common/spinlock.c \
    xen/common/softirq.c
test-spinlock-cflags := -include tests/host/thread-cpu.h $(test-hyp-cflags) \
    -fno-sanitize=address
test-spinlock-libs := -lpthread

# The simulated CPUs come first: their part of .cmdline starts the array.
HOST_TESTS += test-sched
test-sched := tests/host/smp-sim.c tests/host/test-sched.c xen/common/sched.c \
    xen/common/cpu-kind.c \
    xen/common/softirq.c xen/common/timer.c
# A list's head is no vCPU: container_of() of it is only compared.  And ASan
# does not know contexts with stacks of their own.
test-sched-cflags := -include tests/host/smp-sim.h $(test-hyp-cflags) \
    -fno-sanitize=alignment,address

ipmmu_srcs := tests/models/ipmmu.c tests/models/ipmmu-walk.c \
    xen/drivers/passthrough/ipmmu.c xen/drivers/passthrough/ipmmu-fault.c \
    xen/drivers/passthrough/ipmmu-hw.c

# The IPMMU's driver is linked before the SMMUv3's.
p2m_rig := tests/host/p2m-rig-ipmmu.c $(ipmmu_srcs) $(smmuv3_rig) \
    tests/models/stage2.c xen/arch/arm/p2m.c \
    xen/arch/arm/p2m-tlb.c xen/common/page-alloc.c xen/common/paging.c \
    xen/drivers/passthrough/iommu-audit.c

# The rig comes first: its part of .dtdrivers is the start of the array.
HOST_TESTS += test-p2m-iommu
test-p2m-iommu := tests/host/p2m-rig.c tests/host/test-p2m-iommu.c \
    $(p2m_rig)
test-p2m-iommu-cflags := -isystem xen/arch/arm/include -Wno-redundant-decls
# Memory that is given back passes the rig, allocations may fail there.
test-p2m-iommu-libs := -Wl,--wrap=alloc_xen_pages \
    -Wl,--wrap=xzalloc_bytes,--wrap=free_xen_pages,--wrap=put_page \
    -Wl,--wrap=page_release,--wrap=paging_free

HOST_TESTS += test-iommu-audit
test-iommu-audit := tests/host/p2m-rig.c tests/host/test-iommu-audit.c \
    $(p2m_rig)
test-iommu-audit-cflags := $(test-p2m-iommu-cflags)
test-iommu-audit-libs := $(test-p2m-iommu-libs)

px_rig := $(p2m_rig) tests/host/px-rig.c xen/common/proxenos-op.c \
    xen/common/rangeset.c xen/drivers/passthrough/dt-assign.c
HOST_TESTS += test-proxenos-op
test-proxenos-op := tests/host/p2m-rig.c tests/host/test-proxenos-op.c \
    $(px_rig)
test-proxenos-op-cflags := $(test-p2m-iommu-cflags) \
    -include tests/host/include/guest-layout.h
test-proxenos-op-libs := $(test-p2m-iommu-libs)

HOST_TESTS += test-page-alloc
test-page-alloc := tests/host/test-page-alloc.c xen/common/page-alloc.c
test-page-alloc-cflags := $(test-hyp-cflags)

# Under other names, to stand next to libc's.
HOST_TESTS += test-vsprintf
test-vsprintf := tests/host/test-vsprintf.c tests/host/xen-vsprintf.c

HOST_TESTS += test-timer
test-timer := tests/host/test-timer.c xen/common/timer.c

# Its hypervisor is the test's; the headers are arm64's, as for dom0.
HOST_TESTS += test-pxl-audit
test-pxl-audit := tests/host/test-pxl-audit.c \
    $(patsubst %,tools/pxl/%.c,iommu-audit json util)
test-pxl-audit-cflags := -D_GNU_SOURCE -iquote tools/pxl \
    -include tests/host/include/guest-hyp.h \
    -isystem $(B)/debian/xen-dev/usr/include

HOST_TESTS += test-pxl-dt-move
test-pxl-dt-move := tests/host/test-pxl-dt-move.c \
    $(patsubst %,tools/pxl/%.c,cfg cfg-parse dt dt-known dt-node json taken util)
test-pxl-dt-move-cflags := $(test-pxl-audit-cflags)
test-pxl-dt-move-libs := -lfdt

HOST_TESTS += test-pxl-pci-move
test-pxl-pci-move := tests/host/test-pxl-pci-move.c \
    $(patsubst %,tools/pxl/%.c,cfg cfg-parse clock device json pci \
    pci-assignable pci-spec taken util)
test-pxl-pci-move-cflags := $(test-pxl-audit-cflags)

HOST_TESTS += test-pxl-pci
test-pxl-pci := tests/host/test-pxl-pci.c \
    $(patsubst %,tools/pxl/%.c,cfg cfg-parse clock pci-spec util)
test-pxl-pci-cflags := -D_GNU_SOURCE -iquote tools/pxl

# pxl's parts that need no hypervisor.
test-pxl-cflags := -D_GNU_SOURCE -Itools/pxl
HOST_TESTS += test-pxl-cfg
test-pxl-cfg := tests/host/test-pxl-cfg.c tools/pxl/cfg-parse.c \
    tools/pxl/cfg.c tools/pxl/clock.c tools/pxl/util.c
test-pxl-cfg-cflags := $(test-pxl-cflags)

HOST_TESTS += test-pxl-config
test-pxl-config := tests/host/test-pxl-config.c \
    $(patsubst %,tools/pxl/%.c,cfg cfg-parse clock config devspec parse util)
test-pxl-config-cflags := $(test-pxl-cflags)

# The public headers are arm64's; the tree is read with the host's libfdt.
HOST_TESTS += test-pxl-create
test-pxl-create := tests/host/test-pxl-create.c \
    $(patsubst %,tools/pxl/%.c,devspec dt-known dt-node guest-tree image place \
    util)
test-pxl-create-cflags := -D_GNU_SOURCE -iquote tools/pxl \
    -include tests/host/include/guest-abi.h \
    -isystem $(B)/debian/xen-dev/usr/include
test-pxl-create-libs := -lfdt -lz

# xenstore and the hypervisor are the test. guest-abi.h has what hyp.h would
# include, were it not for the hypervisor's own <xen/domctl.h>.
HOST_TESTS += test-pxl-current
test-pxl-current := tests/host/test-pxl-current.c \
    $(patsubst %,tools/pxl/%.c,cfg cfg-parse clock config current devspec \
    dt-known dt-node parse pci-spec util)
test-pxl-current-cflags := -D_GNU_SOURCE -iquote tools/pxl \
    -include tests/host/include/guest-abi.h -DPXL_HYP_H \
    -isystem $(B)/debian/xen-dev/usr/include
test-pxl-current-libs := -lfdt

# A board's tree of Debian's kernel package.
HOST_TESTS += test-pxl-dt
test-pxl-dt := tests/host/test-pxl-dt.c tools/pxl/dt-known.c \
    tools/pxl/dt-node.c tools/pxl/util.c
test-pxl-dt-cflags := -D_GNU_SOURCE -iquote tools/pxl
test-pxl-dt-libs := -lfdt

# progress() asks the test for the time.
HOST_TESTS += test-pxl-util
test-pxl-util := tests/host/test-pxl-util.c tools/pxl/json.c \
    tools/pxl/parse.c tools/pxl/table.c tools/pxl/util.c
test-pxl-util-cflags := $(test-pxl-cflags)
test-pxl-util-libs := -Wl,--wrap=isatty
