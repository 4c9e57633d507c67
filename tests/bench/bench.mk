# SPDX-License-Identifier: GPL-2.0-or-later
#
# Instructions per operation, on Proxenos and on Debian's Xen.

XEN_IMAGE := $(B)/debian/xen/boot/xen-4.17-arm64

$(XEN_IMAGE): | deps
	$(Q)tools/debian.sh unpack $(B)/debian/xen xen-hypervisor-4.17-arm64:arm64
	$(Q)touch $@

# Counts of several CPUs need QEMU 10.
QEMU_SMP := $(B)/qemu-10.0/qemu-system-aarch64

$(QEMU_SMP): | deps
	$(Q)tools/qemu-10.sh $(@D)
	$(Q)touch $@

# A release build of its own: Debian's Xen is one too.
BENCH_BUILD := $(B)/release

.PHONY: bench-proxenos
bench-proxenos:
	$(Q)$(MAKE) --no-print-directory B=$(BENCH_BUILD) debug=n \
	    $(BENCH_BUILD)/proxenos

.PHONY: bench
bench: bench-proxenos $(XEN_IMAGE) $(QEMU_SMP) $(B)/payload/bench.Image
	$(Q)$(PYTHON) tests/bench/bench.py --payload $(B)/payload/bench.Image \
	    --xen $(XEN_IMAGE) --proxenos $(BENCH_BUILD)/proxenos \
	    --qemu-smp $(QEMU_SMP) --out $(B)/bench.json $(BENCH_ARGS)
