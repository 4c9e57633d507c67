# SPDX-License-Identifier: GPL-2.0-or-later
#
# Instructions per operation, on Proxenos and on Debian's Xen.

XEN_IMAGE := $(B)/debian/xen/boot/xen-4.17-arm64

$(XEN_IMAGE): tools/debian.sh | deps
	$(Q)tools/debian.sh unpack $(B)/debian/xen xen-hypervisor-4.17-arm64:arm64
	$(Q)touch $@

.PHONY: bench
bench: $(B)/proxenos $(XEN_IMAGE) $(B)/payload/bench.Image
	$(Q)$(PYTHON) tests/bench/bench.py --payload $(B)/payload/bench.Image \
	    --xen $(XEN_IMAGE) --proxenos $(B)/proxenos \
	    --out $(B)/bench.json $(BENCH_ARGS)
