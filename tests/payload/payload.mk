# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bare-metal guest payloads: build/payload/NAME.Image from PAYLOAD_NAME's
# source and the runtime in tests/payload.  To add one, name it in PAYLOADS
# and its source in payload-NAME.

PAYLOADS := bench dmac fuzz selftest tick
payload-bench    := tests/bench/bench.c
payload-dmac     := tests/payload/dmac.c
payload-fuzz     := tests/payload/fuzz.c tests/payload/fuzz-calls.c
payload-tick     := tests/payload/tick.c
payload-selftest := tests/payload/selftest.c

payload_runtime := $(addprefix tests/payload/,start.S runtime.c fdt.c gic.c \
    events.c memory.c pv-console.c)

# proxenos.h is found with quotes alone: its folder has a xen/ of its own.
PAYLOAD_CPPFLAGS := -MMD -MP -Itests/payload -isystem $(B)/include \
    -iquote xen/include -isystem $(B)/debian/xen-dev/usr/include \
    -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__
PAYLOAD_CFLAGS := -std=gnu11 -O2 -g -march=armv8-a -mgeneral-regs-only \
    -mstrict-align -mno-outline-atomics -ffreestanding -fno-common -fpie \
    -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables

payload_objs = $(patsubst %,$(B)/payload/%.o,$(payload_runtime) $(payload-$(1)))

$(B)/payload/%.c.o: %.c tests/payload/payload.mk $(B)/headers.stamp
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAYLOAD_CPPFLAGS) $(PAYLOAD_CFLAGS) $(WARNINGS) -c -o $@ $<

$(B)/payload/%.S.o: %.S tests/payload/payload.mk $(B)/headers.stamp
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAYLOAD_CPPFLAGS) $(PAYLOAD_CFLAGS) -c -o $@ $<

define payload
$(B)/payload/$(1).elf: $(call payload_objs,$(1)) tests/payload/payload.lds
	$$(call say,LD)
	$(Q)$(LD) -pie --no-dynamic-linker -z noexecstack --build-id=none \
	    --no-warn-rwx-segments -T tests/payload/payload.lds -o $$@ \
	    $$(filter %.o,$$^)
endef
$(foreach p,$(PAYLOADS),$(eval $(call payload,$(p))))

$(B)/payload/%.Image: $(B)/payload/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(foreach p,$(PAYLOADS),$(patsubst %.o,%.d,$(call payload_objs,$(p))))

.PHONY: payloads selftest
payloads: $(PAYLOADS:%=$(B)/payload/%.Image)

# HYPERVISOR=FILE runs it on another one; STRICT= for Xen.
HYPERVISOR ?= $(B)/proxenos
STRICT     ?= --strict
selftest: $(HYPERVISOR) $(B)/payload/selftest.Image
	$(Q)$(PYTHON) tests/payload/run.py --payload $(B)/payload/selftest.Image \
	    --hypervisor $(HYPERVISOR) $(STRICT) $(PAYLOAD_ARGS)

check-system soak: payloads
