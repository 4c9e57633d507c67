# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything one types; `make help` lists it.  All that is built or fetched
# goes under build/.  Packages are fetched by tools/debian.sh.

CROSS_COMPILE ?= aarch64-linux-gnu-
HOSTCC        ?= gcc
debug         ?= y
PYTHON        ?= /usr/bin/python3

CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
B       := build

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = @echo "  $(1)	$@"

.PHONY: all
all: $(B)/proxenos

# ---- Sources of the hypervisor: one file per line, sorted within its folder.

# First instructions: must be the first object.
srcs += xen/arch/arm/head.S

# The CPU: address space, exceptions, vCPU state, interrupts.
srcs += xen/arch/arm/bootmem.c
srcs += xen/arch/arm/cache.S
srcs += xen/arch/arm/domain-build-dt.c
srcs += xen/arch/arm/domain-build.c
srcs += xen/arch/arm/early.c
srcs += xen/arch/arm/entry.S
srcs += xen/arch/arm/gic-v2.c
srcs += xen/arch/arm/gic-v3-its.c
srcs += xen/arch/arm/gic-v3.c
srcs += xen/arch/arm/gic.c
srcs += xen/arch/arm/guest-copy.c
srcs += xen/arch/arm/hypercall.c
srcs += xen/arch/arm/irq.c
srcs += xen/arch/arm/mm.c
srcs += xen/arch/arm/msi.c
srcs += xen/arch/arm/p2m-tlb.c
srcs += xen/arch/arm/p2m.c
srcs += xen/arch/arm/psci.c
srcs += xen/arch/arm/setup.c
srcs += xen/arch/arm/shutdown.c
srcs += xen/arch/arm/smp.c
srcs += xen/arch/arm/time.c
srcs += xen/arch/arm/traps.c
srcs += xen/arch/arm/vcpu.c
srcs += xen/arch/arm/vgic-dist.c
srcs += xen/arch/arm/vgic-v2.c
srcs += xen/arch/arm/vgic-v2m.c
srcs += xen/arch/arm/vgic-v3.c
srcs += xen/arch/arm/vgic.c
srcs += xen/arch/arm/vpsci.c
srcs += xen/arch/arm/vsysreg.c
srcs += xen/arch/arm/vtimer.c

# What does not depend on it.
srcs += xen/common/cmdline.c
srcs += xen/common/console.c
srcs += xen/common/cpu-kind.c
srcs += xen/common/device-tree.c
srcs += xen/common/domain.c
srcs += xen/common/domctl-device.c
srcs += xen/common/domctl-vcpu.c
srcs += xen/common/domctl.c
srcs += xen/common/event-channel.c
srcs += xen/common/evtchn-fifo.c
srcs += xen/common/grant-table.c
srcs += xen/common/hvm-op.c
srcs += xen/common/keyhandler.c
srcs += xen/common/memory.c
srcs += xen/common/mmio.c
srcs += xen/common/multicall.c
srcs += xen/common/page-alloc.c
srcs += xen/common/paging.c
srcs += xen/common/platform-op.c
srcs += xen/common/proxenos-op.c
srcs += xen/common/rangeset.c
srcs += xen/common/sched-op.c
srcs += xen/common/sched.c
srcs += $(if $(filter y,$(debug)),xen/common/self-test.c)
srcs += xen/common/softirq.c
srcs += xen/common/spinlock.c
srcs += xen/common/string.c
srcs += xen/common/symbols.c
srcs += xen/common/sysctl.c
srcs += xen/common/timer.c
srcs += xen/common/vcpu-op.c
srcs += xen/common/version.c
srcs += xen/common/vsprintf.c
srcs += xen/common/xenctl-bitmap.c

# Page tables of EL2, the P2M and IOMMUs.
srcs += xen/common/pgtable/fmt-s1.c
srcs += xen/common/pgtable/fmt-s2.c
srcs += xen/common/pgtable/pgtable.c

# Consoles.
srcs += xen/drivers/char/pl011.c
srcs += xen/drivers/char/scif.c

# IOMMU: the core, the device tree's side, the IPMMU, the SMMUv3.
srcs += xen/drivers/passthrough/dt-assign.c
srcs += xen/drivers/passthrough/iommu-audit.c
srcs += xen/drivers/passthrough/iommu-dt.c
srcs += xen/drivers/passthrough/iommu-fault.c
srcs += xen/drivers/passthrough/iommu-info.c
srcs += xen/drivers/passthrough/iommu.c
srcs += xen/drivers/passthrough/ipmmu-fault.c
srcs += xen/drivers/passthrough/ipmmu-hw.c
srcs += xen/drivers/passthrough/ipmmu.c
srcs += xen/drivers/passthrough/smmuv3-cmdq.c
srcs += xen/drivers/passthrough/smmuv3-evtq.c
srcs += xen/drivers/passthrough/smmuv3-ste.c
srcs += xen/drivers/passthrough/smmuv3.c

# PCI: physical and virtual.
srcs += xen/drivers/pci/pci-assign.c
srcs += xen/drivers/pci/pci-ecam.c
srcs += xen/drivers/pci/pci-intx.c
srcs += xen/drivers/pci/pci-reset.c
srcs += xen/drivers/pci/pci.c
srcs += xen/drivers/pci/vpci-guest.c
srcs += xen/drivers/pci/vpci-header.c
srcs += xen/drivers/pci/vpci-msi.c
srcs += xen/drivers/pci/vpci-msix.c
srcs += xen/drivers/pci/vpci.c

# Parts of systems on a chip that drivers ask about.
srcs += xen/drivers/soc/rcar-cpg.c
srcs += xen/drivers/soc/rcar-prr.c
srcs += xen/drivers/soc/rcar-sysc.c

# ---- Flags

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion \
    -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
    -Wcast-align -Wpointer-arith -Wwrite-strings -Wformat=2 \
    -Wimplicit-fallthrough -Wredundant-decls

# Expanded when used: `make deps` may only just have installed the compiler.
CPPFLAGS = -D__XEN__ -MMD -MP -nostdinc -Ixen/include -Ixen/arch/arm/include \
    -isystem $(B)/include -isystem $(B)/libfdt-el2/include \
    -isystem xen/include/libfdt \
    -isystem $(shell $(CC) -print-file-name=include)
CPPFLAGS += $(if $(filter y,$(debug)),-DCONFIG_DEBUG=1,-DNDEBUG)

TARGET_FLAGS := -march=armv8-a -mgeneral-regs-only -mstrict-align \
    -mno-outline-atomics -ffreestanding -fno-common -fno-pic -fno-pie \
    -fno-strict-aliasing -fno-stack-protector -fno-omit-frame-pointer \
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
CFLAGS  := -std=gnu11 -O2 -g $(TARGET_FLAGS)
# A release is optimised as a whole: a tenth of a hypercall was calls.
LTO     := $(if $(filter y,$(debug)),,-flto)
LDFLAGS := -nostdlib -static --build-id=none -z noexecstack \
    -z max-page-size=4096 --gc-sections --fatal-warnings

# ---- The hypervisor: three links, so that it carries its own symbol table.

objs   := $(patsubst %,$(B)/obj/%.o,$(srcs))
image  := $(if $(LTO),$(B)/obj/image.o,$(objs))
libfdt := $(B)/libfdt-el2/libfdt.a
link    = $(LD) $(LDFLAGS) -T $(B)/xen.lds -o $@ $(filter %.o,$^) $(libfdt)

$(B)/proxenos: $(B)/proxenos.elf
	$(call say,IMAGE)
	$(Q)$(OBJCOPY) -O binary $< $@

$(B)/obj/image.o: $(objs)
	$(call say,LTO)
	$(Q)$(CC) $(CFLAGS) $(WARNINGS) -nostdlib -r -flto=2 \
	    -flinker-output=nolto-rel -o $@ $^

$(B)/proxenos.elf: $(image) Makefile $(B)/obj/symbols.2.o $(libfdt) $(B)/xen.lds
	$(call say,LD)
	$(Q)$(link)
	@$(NM) -n $@ | awk -f tools/symbols.awk | cmp - $(B)/obj/symbols.2.S

$(B)/obj/pass.%.elf: $(image) Makefile $(B)/obj/symbols.%.o $(libfdt) $(B)/xen.lds
	$(call say,LD)
	$(Q)$(link)

$(B)/obj/symbols.0.S: tools/symbols.awk | $(B)/flags
	$(Q)awk -f $< < /dev/null > $@
$(B)/obj/symbols.1.S: $(B)/obj/pass.0.elf
	$(Q)$(NM) -n $< | awk -f tools/symbols.awk > $@
$(B)/obj/symbols.2.S: $(B)/obj/pass.1.elf
	$(Q)$(NM) -n $< | awk -f tools/symbols.awk > $@
$(B)/obj/symbols.%.o: $(B)/obj/symbols.%.S
	$(Q)$(CC) $(TARGET_FLAGS) -c -o $@ $<
.SECONDARY:

$(B)/obj/%.c.o: %.c $(B)/flags $(B)/headers.stamp
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LTO) $(WARNINGS) -c -o $@ $<

$(B)/obj/%.S.o: %.S $(B)/flags $(B)/headers.stamp
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -D__ASSEMBLY__ $(TARGET_FLAGS) -g -c -o $@ $<

.PHONY: objs
objs: $(objs)

$(B)/xen.lds: xen/arch/arm/xen.lds.S $(B)/flags
	$(Q)$(CC) $(CPPFLAGS) -D__ASSEMBLY__ -E -P -MT $@ -MF $@.d -o $@ $<

# Rebuild all when the flags change.
$(B)/flags: FORCE | deps
	@mkdir -p $(B)/obj
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LTO)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LTO)' > $@
.PHONY: FORCE
FORCE:

-include $(objs:.o=.d) $(B)/xen.lds.d

# ---- From Debian's archive

$(B)/headers.stamp: tools/debian.sh tools/libfdt.sh | deps
	$(Q)tools/debian.sh unpack $(B)/debian/xen-dev libxen-dev:arm64
	@mkdir -p $(B)/include
	$(Q)ln -sfn ../debian/xen-dev/usr/include/xen $(B)/include/public
	$(Q)tools/libfdt.sh $(B)/libfdt-el2
	$(Q)touch $@

# A loop that is memcpy() must not become a call of memcpy().
# Nor may its callers appear after all of it has been found unused.
$(B)/obj/xen/common/string.c.o: CFLAGS += -fno-tree-loop-distribute-patterns
$(B)/obj/xen/common/string.c.o: LTO :=

# Third-party code: the hypervisor's code generation, its own warnings.
libfdt_objs := $(patsubst %,$(B)/libfdt-el2/%.o,fdt fdt_addresses fdt_check \
    fdt_empty_tree fdt_ro fdt_rw fdt_strerror fdt_sw fdt_wip)

$(libfdt_objs): $(B)/libfdt-el2/%.o: $(B)/headers.stamp $(B)/flags
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $(@:.o=.c)
$(libfdt): $(libfdt_objs)
	$(Q)$(CROSS_COMPILE)ar rcsD $@ $^

# ---- Tools of the host

.PHONY: deps
#: deps            install the host packages that are missing, or name them
deps:
	@tools/deps.sh

# ---- Tools of dom0

include tools/pxl/pxl.mk
include dts/rcar.mk

include tests/tests.mk

.PHONY: clean distclean help
#: clean           remove what was built; distclean: also what was fetched
clean:
	rm -rf $(B)/obj $(B)/proxenos* $(B)/pxl $(B)/host $(B)/fuzz $(B)/results
distclean:
	rm -rf $(B)

help:
	@echo 'make [debug=n] [V=1] builds build/proxenos and build/pxl.  Targets:'
	@sed -n 's/^#: /  /p' Makefile dts/rcar.mk tests/tests.mk
