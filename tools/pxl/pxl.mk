# SPDX-License-Identifier: GPL-2.0-or-later
#
# pxl, the toolstack: a program for arm64 and dom0.  It is built against
# Debian's arm64 packages; the stable Xen libraries are loaded in dom0, the
# others are linked in.

# ---- Sources: one file per line, sorted.  Commands go to commands.h.

# What needs no hypervisor; host tests compile these, too.
pxl_srcs += tools/pxl/cfg-parse.c
pxl_srcs += tools/pxl/cfg.c
pxl_srcs += tools/pxl/clock.c
pxl_srcs += tools/pxl/config.c
pxl_srcs += tools/pxl/devspec.c
pxl_srcs += tools/pxl/dt-known.c
pxl_srcs += tools/pxl/dt-node.c
pxl_srcs += tools/pxl/guest-tree.c
pxl_srcs += tools/pxl/image.c
pxl_srcs += tools/pxl/parse.c
pxl_srcs += tools/pxl/pci-name.c
pxl_srcs += tools/pxl/pci-spec.c
pxl_srcs += tools/pxl/place.c
pxl_srcs += tools/pxl/table.c
pxl_srcs += tools/pxl/taken.c
pxl_srcs += tools/pxl/util.c

pxl_srcs += tools/pxl/build.c
pxl_srcs += tools/pxl/console.c
pxl_srcs += tools/pxl/create.c
pxl_srcs += tools/pxl/current.c
pxl_srcs += tools/pxl/debug.c
pxl_srcs += tools/pxl/device.c
pxl_srcs += tools/pxl/domain.c
pxl_srcs += tools/pxl/dt-linux.c
pxl_srcs += tools/pxl/dt.c
pxl_srcs += tools/pxl/guest.c
pxl_srcs += tools/pxl/hyp.c
pxl_srcs += tools/pxl/info.c
pxl_srcs += tools/pxl/interrupt.c
pxl_srcs += tools/pxl/iommu-audit.c
pxl_srcs += tools/pxl/iommu-faults.c
pxl_srcs += tools/pxl/iommu.c
pxl_srcs += tools/pxl/json.c
pxl_srcs += tools/pxl/life.c
pxl_srcs += tools/pxl/list-config.c
pxl_srcs += tools/pxl/list.c
pxl_srcs += tools/pxl/loopdev.c
pxl_srcs += tools/pxl/main.c
pxl_srcs += tools/pxl/memory.c
pxl_srcs += tools/pxl/monitor.c
pxl_srcs += tools/pxl/netif.c
pxl_srcs += tools/pxl/pci-assignable.c
pxl_srcs += tools/pxl/pci-linux.c
pxl_srcs += tools/pxl/pci-list.c
pxl_srcs += tools/pxl/pci.c
pxl_srcs += tools/pxl/pvdev.c
pxl_srcs += tools/pxl/pv-cmd.c
pxl_srcs += tools/pxl/sched.c
pxl_srcs += tools/pxl/store.c
pxl_srcs += tools/pxl/vbd.c
pxl_srcs += tools/pxl/vcpu.c
pxl_srcs += tools/pxl/vif.c
pxl_srcs += tools/pxl/xs.c

# ---- How

pxl_root := $(B)/debian/pxl
pxl_lib  := $(pxl_root)/usr/lib/aarch64-linux-gnu
pxl_packages := libxen-dev libxencall1 libxenevtchn1 libxenforeignmemory1 \
    libxengnttab1 libxenstore4 libxentoolcore1 libxentoollog1 libfdt-dev \
    zlib1g-dev

pxl_objs := $(pxl_srcs:%.c=$(B)/obj/%.o)
PXL_CPPFLAGS := -MMD -MP -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
    -D__XEN_TOOLS__=1 -iquote tools/pxl \
    -I$(B)/obj/tools/pxl/include -isystem $(pxl_root)/usr/include \
    -isystem $(pxl_root)/usr/include/aarch64-linux-gnu
PXL_CFLAGS := -std=gnu11 -O2 -g -fPIE -fstack-protector-strong
PXL_LIBS   := -lxencall -lxenforeignmemory -lxenevtchn -lxengnttab \
    -lxenstore -lxentoolcore -lxentoollog \
    -Wl,-Bstatic -lfdt -lz -Wl,-Bdynamic

all: $(B)/pxl

$(B)/pxl: $(pxl_objs)
	$(call say,PXL)
	$(Q)$(CC) $(PXL_CFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed -o $@ \
	    $(pxl_objs) -L$(pxl_lib) -Wl,-rpath-link,$(pxl_lib) $(PXL_LIBS)

$(pxl_objs): $(B)/obj/tools/pxl/%.o: tools/pxl/%.c tools/pxl/pxl.mk \
    $(B)/obj/tools/pxl/stamp
	$(call say,CC)
	$(Q)$(CC) $(PXL_CPPFLAGS) $(PXL_CFLAGS) $(WARNINGS) -c -o $@ $<

# xen/include as a whole would hide the public headers, which are <xen/...>.
$(B)/obj/tools/pxl/stamp: tools/pxl/pxl.mk tools/debian.sh \
    xen/include/proxenos.h | deps
	$(Q)tools/debian.sh unpack $(pxl_root) $(pxl_packages:%=%:arm64)
	@mkdir -p $(@D)/include
	$(Q)cp xen/include/proxenos.h $(@D)/include/
	$(Q)touch $@

-include $(pxl_objs:.o=.d)
