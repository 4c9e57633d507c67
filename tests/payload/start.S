/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First instructions and exception vectors of the bare-metal guest payloads.
 *
 * Owns the arm64 Image header, self-relocation, the switch to the identity
 * map, the start of further CPUs and the way into C for exceptions. What the
 * map contains is decided in runtime.c.
 * Manual: Linux Documentation/arm64/booting.rst for the header; DDI 0487
 * D1.10 "Exception entry" for the vectors.
 */

#include "layout.h"

#define MAIR_VALUE      0x000000000000ff04  /* 0 Device-nGnRE, 1 Normal WB */
#define TCR_VALUE       0x0000000280803519  /* T0SZ 25, WB, IS, EPD1, 40 bit */
#define SCTLR_VALUE     0x0000000030d0181d  /* M, C, I, SA and the RES1 bits */

    .section .text.start, "ax"
    .global _start
_start:
    b       boot
    .long   0
    .quad   0                               /* text_offset */
    .quad   _end - _start                   /* image_size */
    .quad   0xa                             /* little endian, 4 KiB, anywhere */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

boot:
    mrs     x20, cntpct_el0                 /* time of the first instruction */
    mov     x19, x0                         /* device tree */

    adrp    x0, __bss_start
    add     x0, x0, :lo12:__bss_start
    adrp    x1, __bss_end
    add     x1, x1, :lo12:__bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b

    /* R_AARCH64_RELATIVE entries: offset, info, addend. */
2:  adrp    x0, __rela_start
    add     x0, x0, :lo12:__rela_start
    adrp    x1, __rela_end
    add     x1, x1, :lo12:__rela_end
    adrp    x2, _start                      /* linked at 0: the load offset */
3:  cmp     x0, x1
    b.hs    4f
    ldp     x3, x4, [x0], #16
    ldr     x4, [x0], #8
    add     x4, x4, x2
    str     x4, [x3, x2]
    b       3b

4:  adrp    x0, cpus
    add     x0, x0, :lo12:cpus
    bl      cpu_prepare
    mov     x0, x19
    bl      mm_prepare                      /* fills root_table, MMU still off */
    bl      mmu_on
    mov     x0, x19
    mov     x1, x20
    b       runtime_main

/* PSCI CPU_ON entry, x0: this CPU's struct cpu. */
    .global secondary_start
secondary_start:
    bl      cpu_prepare
    bl      mmu_on
    mrs     x0, tpidr_el1
    b       runtime_secondary

/* x0: struct cpu. Sets the stack, the per-CPU pointer and the vectors. */
cpu_prepare:
    msr     tpidr_el1, x0
    ldr     x1, =CPU_SIZE
    add     sp, x0, x1
    adr     x1, vectors
    msr     vbar_el1, x1
    ret

mmu_on:
    ldr     x0, =MAIR_VALUE
    msr     mair_el1, x0
    ldr     x0, =TCR_VALUE
    msr     tcr_el1, x0
    adrp    x0, root_table
    add     x0, x0, :lo12:root_table
    msr     ttbr0_el1, x0
    dsb     sy
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    ldr     x0, =SCTLR_VALUE
    msr     sctlr_el1, x0
    isb
    ret

    .ltorg

/* Frame of an exception: x0..x18, x29, x30, ELR and SPSR, 16-aligned. */
#define FRAME_SIZE      192

    .macro  save
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x29, [sp, #144]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x30, x2, [sp, #160]
    str     x3, [sp, #176]
    .endm

    .macro  restore_and_eret
    ldp     x30, x2, [sp, #160]
    ldr     x3, [sp, #176]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x18, x29, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #FRAME_SIZE
    eret
    .endm

sync_entry:
    save
    mov     x0, sp
    bl      sync_handler
    restore_and_eret

irq_entry:
    save
    bl      irq_handler
    restore_and_eret

    .macro  unexpected
    .align  7
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp]
    save
    mov     x0, sp
    bl      unexpected_handler
    .endm

    .align  11
vectors:
    .rept   4                               /* from EL1 with SP_EL0: unused */
    unexpected
    .endr

    .align  7                               /* synchronous, from EL1 */
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp]
    b       sync_entry

    .align  7                               /* IRQ, from EL1 */
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp]
    mrs     x0, cntvct_el0
    mrs     x1, tpidr_el1
    str     x0, [x1]                        /* struct cpu: irq_stamp */
    b       irq_entry

    .rept   10
    unexpected
    .endr
