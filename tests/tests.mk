# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests.  Each suite leaves "passed failed skipped" in build/results/SUITE;
# `make test` runs them all and adds up.

# ---- Host tests: real sources against models, cmocka, ASan and UBSan.
# To add one, name it and its sources in tests/host/tests.mk.

include tests/host/tests.mk

HOST_CPPFLAGS := -D__XEN__ -DCONFIG_DEBUG=1 -Itests/host/include -Itests/host \
    -Itests/models -Ixen/include -isystem $(B)/include
# libc and xen/lib.h both declare memcpy and its like.
HOST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all \
    $(filter-out -Wredundant-decls,$(WARNINGS))
host_headers := $(shell find xen/include tests/host tests/models -name '*.h')

define host_test
$(1)-objs := $(patsubst %,$(B)/host/obj/$(1)/%.o,$($(1)))
$(B)/host/$(1): $$($(1)-objs) tests/host/tests.mk
	$$(call say,HOST)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $($(1)-cflags) -o $$@ $$($(1)-objs) \
	    -lcmocka $($(1)-libs)
$(B)/host/obj/$(1)/%.o: % tests/tests.mk $(B)/headers.stamp
	@mkdir -p $$(@D)
	$(Q)$(HOSTCC) $(HOST_CPPFLAGS) -MMD -MP $(HOST_CFLAGS) $($(1)-cflags) \
	    -c -o $$@ $$<
-include $$($(1)-objs:.o=.d)
endef
$(foreach t,$(HOST_TESTS),$(eval $(call host_test,$(t))))

.PHONY: check
#: check           host tests of the real sources against models
check: images $(HOST_TESTS:%=$(B)/host/%)
	$(Q)tools/run-host-tests.sh $(HOST_TESTS)

# ---- Mutants: one-line bugs that a host test must catch.

.PHONY: mutants
#: mutants         one-line bugs from tests/mutations; each must be caught
mutants: images $(HOST_TESTS:%=$(B)/host/%)
	$(Q)$(PYTHON) tools/mutants.py

# ---- Fuzzing: libFuzzer targets, named in tests/fuzz/targets.mk.

-include tests/fuzz/targets.mk

FUZZ_SECONDS ?= 600
FUZZ_CFLAGS  := -std=gnu11 -O1 -g -fno-omit-frame-pointer \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -Wno-incompatible-library-redeclaration

define fuzz_target
$(B)/fuzz/$(1): $($(1)) $(host_headers) $(B)/headers.stamp
	$$(call say,FUZZ)
	@mkdir -p $$(@D)
	$(Q)clang $(HOST_CPPFLAGS) $(FUZZ_CFLAGS) $($(1)-cflags) -o $$@ $($(1)) \
	    $($(1)-libs)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t))))

.PHONY: fuzz fuzz-short
#: fuzz            libFuzzer targets, FUZZ_SECONDS (600) each
fuzz: $(FUZZ_TARGETS:%=$(B)/fuzz/%)
	$(Q)tools/run-fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)
#: fuzz-short      20 seconds each, the same inputs every time
fuzz-short: $(FUZZ_TARGETS:%=$(B)/fuzz/%)
	$(Q)tools/run-fuzz.sh -r 20 $(FUZZ_TARGETS)

# ---- System tests: full boots on QEMU.

.PHONY: images check-system soak
#: images          kernel and root file systems for the system tests
images: all
	$(Q)tests/images/make-images.sh
	$(Q)tests/images/make-toolstack.sh
	+$(Q)tests/images/make-hostile.sh

#: run             boot the main job: a shell of dom0, or a summary without a tty
.PHONY: run
run: all images
	$(Q)$(PYTHON) tools/run.py

#: run-rcar        the same on an emulated R-Car board, from U-Boot
.PHONY: run-rcar
run-rcar: all images
	$(Q)$(PYTHON) tools/run-rcar.py

# As many machines side by side as there are CPUs: see ByMachine in conftest.py.
pytest = $(PYTHON) -m pytest -q -p no:cacheprovider --durations=15 \
    -n $(shell nproc) --dist loadscope tests/system

#: check-system    boots on QEMU virt with iommu=smmuv3 (SYSTEM_ARGS to pytest)
check-system: all images
	$(Q)$(pytest) -m "not soak" $(SYSTEM_ARGS)

#: check-rcar      boots on an emulated R-Car board, from U-Boot
.PHONY: check-rcar
check-rcar: all images
	$(Q)$(pytest:tests/system=tests/qemu-rcar) $(SYSTEM_ARGS)

#: soak            the long system tests, the full matrix
soak: all images
	$(Q)$(pytest) $(SYSTEM_ARGS)

# ---- Payloads: bare-metal guests that boot as dom0's kernel.

#: selftest        a payload that checks dom0's hypercalls, on QEMU
include tests/payload/payload.mk

#: bench           instructions per operation, next to Debian's Xen
include tests/bench/bench.mk

# ---- All of it

.PHONY: test
#: test            everything; ends with "N passed, N failed"
test:
	$(Q)tools/test.sh

# ---- Checks of the source text

own_c := $(shell git ls-files 'xen/*.[ch]' 'tests/*.[ch]' 'tools/*.[ch]' \
    2> /dev/null)
# asm.h is for assembly alone.
headers := $(filter-out %/asm.h,$(shell find xen/include/xen \
    xen/arch/arm/include -name '*.h'))

.PHONY: check-headers format-check format lint
#: check-headers   each header compiles alone
check-headers: $(B)/headers.stamp
	$(Q)for h in $(headers); do \
	    echo "#include \"$$h\"" | $(CC) -I. $(filter-out -MMD -MP,$(CPPFLAGS)) \
	        $(CFLAGS) $(WARNINGS) -fsyntax-only -x c - || exit 1; done

#: format-check    clang-format agrees with every C file
format-check:
	$(Q)clang-format --dry-run -Werror $(own_c)
#: format          let clang-format rewrite them
format:
	$(Q)clang-format -i $(own_c)

#: lint            headers, format, layers, cppcheck, clang's thread safety
lint: check-headers format-check
	$(Q)tools/lint.sh '$(CPPFLAGS)'
