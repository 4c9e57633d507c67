# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzing targets: a name in FUZZ_TARGETS, its sources in a variable of that
# name, and if need be NAME-cflags and NAME-libs.

FUZZ_TARGETS += fuzz-device-tree
fuzz-device-tree := tests/fuzz/fuzz-device-tree.c tests/host/libfdt.c \
    xen/common/device-tree.c
fuzz-device-tree-cflags := -isystem $(B)/libfdt-el2 \
    -isystem $(B)/libfdt-el2/include -isystem xen/include/libfdt

FUZZ_TARGETS += fuzz-pgtable
fuzz-pgtable := tests/fuzz/fuzz-pgtable.c tests/host/pgt-rig.c \
    tests/models/tlb.c xen/common/pgtable/pgtable.c \
    xen/common/pgtable/fmt-s1.c xen/common/pgtable/fmt-s2.c

FUZZ_TARGETS += fuzz-vpci
fuzz-vpci := tests/fuzz/fuzz-vpci.c $(vpci_srcs)
fuzz-vpci-cflags := $(test-hyp-cflags)

FUZZ_TARGETS += fuzz-hypercall
fuzz-hypercall := tests/fuzz/fuzz-hypercall.c tests/host/hyp-rig.c \
    xen/common/event-channel.c xen/common/evtchn-fifo.c \
    xen/common/grant-table.c xen/common/memory.c
fuzz-hypercall-cflags := $(test-hyp-cflags)
fuzz-hypercall-libs := -lcmocka

FUZZ_TARGETS += fuzz-cfg
fuzz-cfg := tests/fuzz/fuzz-cfg.c tools/pxl/cfg-parse.c tools/pxl/cfg.c \
    tools/pxl/clock.c tools/pxl/util.c
fuzz-cfg-cflags := $(test-pxl-cflags)
fuzz-cfg-libs := -Wl,--wrap=err,--wrap=warn

FUZZ_TARGETS += fuzz-proxenos-op
fuzz-proxenos-op := tests/host/p2m-rig.c tests/fuzz/fuzz-proxenos-op.c \
    $(px_rig)
# clang puts red zones between the entries of .dtdrivers.
fuzz-proxenos-op-cflags := $(test-proxenos-op-cflags) -mllvm -asan-globals=0
fuzz-proxenos-op-libs := $(test-p2m-iommu-libs) -lcmocka
