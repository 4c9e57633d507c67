/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first instructions, on the boot CPU and on the others: from "EL2, MMU
 * off, anywhere in RAM" to C at the link address with W^X page tables.
 *
 * Entry contract: Linux Documentation/arch/arm64/booting.rst. x0 = device
 * tree. The image may be loaded at any 2 MiB boundary.
 *
 * Tables, all in bss. boot_root has the identity map of one page beside the
 * image; mm.c makes the final root, which shares boot_l1 and has none:
 *   boot_root[0..]  -> identity (the first page of text)
 *   boot_root[510]  -> boot_l1 -> boot_l2 -> boot_l3 (image)
 */
#include <asm/asm.h>
#include <asm/config.h>

#define SCTLR_EL2_RES1  0x30c50830
#define SCTLR_EL2_MMU   (SCTLR_EL2_RES1 | 0x1005 | (1 << 19) | 0x8)
                        /* RES1 | I | C | M, WXN, SA */

#define PTE_TABLE       0x3
#define PTE_RX          0x7c7   /* page, AF, inner, AP[2] RO, AttrIndx 1 */
#define PTE_RO          0x7c7   /* and XN, bit 54 */
#define PTE_RW          0x747
#define PTE_XN_BIT      54

        .section .text.head, "ax"

/* arm64 Image header: Linux booting.rst, "4. Call the kernel image". */
        .globl  _start
_start:
        b       boot_entry
        .long   0
        .quad   0                       /* text_offset */
        .quad   image_size              /* from here to _end */
        .quad   0xa                     /* LE, 4 KiB pages, anywhere */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

/* ---- boot CPU ---- */
boot_entry:
        msr     daifset, #0xf
        mov     x20, x0                 /* device tree, physical */
        mrs     x0, CurrentEL
        cmp     x0, #(2 << 2)
        b.ne    wrong_el

        adr_l   x19, _start             /* where we are */

        /* bss, with the MMU off: nothing of it may linger in a cache */
        adr_l   x0, __bss_start
        adr_l   x1, _end
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b
        adr_l   x0, _start
        bl      clean_image

        bl      make_tables
        ldr     x30, =boot_high
        b       enable_mmu
boot_high:
        adr_l   x0, boot_stack_top
        mov     sp, x0
        msr     tpidr_el2, xzr          /* CPU 0 uses the template itself */
        mov     x0, x19
        mov     x1, x20
        mov     x29, xzr
        bl      start_xen
        b       .

/* ---- other CPUs: PSCI CPU_ON enters here, x0 = struct secondary_boot ---- */
ENTRY(secondary_entry)
        msr     daifset, #0xf
        mrs     x1, CurrentEL
        cmp     x1, #(2 << 2)
        b.ne    wrong_el
        mov     x20, x0                 /* {stack, percpu offset}: a VA */
        ldr     x30, =secondary_high
        b       enable_mmu
secondary_high:
        ldp     x0, x1, [x20]
        mov     sp, x0
        msr     tpidr_el2, x1
        mov     x29, xzr
        bl      start_secondary
        b       .
END(secondary_entry)

/*
 * Fill the tables for an image at x19. Clobbers x0-x9.
 */
make_tables:
        adr_l   x0, boot_l3
        mov     x1, x19                 /* physical page */
        adr_l   x2, _etext
        adr_l   x3, _srodata
        adr_l   x4, _sdata
        adr_l   x5, _end
        adr_l   x6, boot_stack_guard
        mov     x8, #1
        lsl     x8, x8, #PTE_XN_BIT
1:      cmp     x1, x5
        b.hs    4f
        cmp     x1, x6
        mov     x7, xzr
        b.eq    3f
        mov     x9, #PTE_RX
        cmp     x1, x2
        b.lo    2f
        mov     x9, #PTE_RO
        orr     x9, x9, x8
        cmp     x1, x4
        b.lo    2f
        mov     x9, #PTE_RW
        orr     x9, x9, x8
2:      orr     x7, x1, x9
3:      str     x7, [x0], #8
        add     x1, x1, #4096
        b       1b
4:
        adr_l   x0, boot_l2
        adr_l   x1, boot_l3
        orr     x1, x1, #PTE_TABLE
        str     x1, [x0]
        mov     x1, x0
        orr     x1, x1, #PTE_TABLE
        adr_l   x0, boot_l1
        str     x1, [x0]
        orr     x1, x0, #PTE_TABLE
        adr_l   x0, boot_root
        str     x1, [x0, #((XEN_VIRT >> 39) * 8)]
        adr_l   x1, xen_ttbr0           /* until mm.c has a better one */
        str     x0, [x1]

        /* identity map: the first page of text, which holds this file */
        adr_l   x1, boot_id_l1
        orr     x2, x1, #PTE_TABLE
        ubfx    x3, x19, #39, #9
        str     x2, [x0, x3, lsl #3]
        adr_l   x2, boot_id_l2
        orr     x4, x2, #PTE_TABLE
        ubfx    x3, x19, #30, #9
        str     x4, [x1, x3, lsl #3]
        adr_l   x1, boot_id_l3
        orr     x4, x1, #PTE_TABLE
        ubfx    x3, x19, #21, #9
        str     x4, [x2, x3, lsl #3]
        ubfx    x3, x19, #12, #9
        mov     x4, #PTE_RX
        orr     x4, x4, x19
        str     x4, [x1, x3, lsl #3]

        /* the walker may look before it snoops: MMU-off stores are in memory
         * already, stale cache lines over them must go */
        mov     x9, x30
        adr_l   x0, boot_tables_start
        adr_l   x1, boot_tables_end
        bl      invalidate_range
        mov     x30, x9
        ret

clean_image:
        adr_l   x1, _end
        /* fall through */
/* Clean and invalidate [x0, x1) to the point of coherency. x2, x3 go. */
invalidate_range:
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4
        mov     x3, #4
        lsl     x2, x3, x2
1:      dc      civac, x0
        add     x0, x0, x2
        cmp     x0, x1
        b.lo    1b
        dsb     sy
        ret

/*
 * MMU on with boot_root, then to x30 at the link address, and there the final
 * root: both agree on the image, so the change needs no break.
 */
enable_mmu:
        ldr     x0, =MAIR_EL2_VALUE
        msr     mair_el2, x0
        /* TCR_EL2: T0SZ 16, 4 KiB, inner shareable, write-back; PS from
         * ID_AA64MMFR0_EL1.PARange, at most 48 bits; RES1 bits 31, 23 */
        ldr     x0, =0x80803510
        mrs     x1, id_aa64mmfr0_el1
        and     x1, x1, #0xf
        cmp     x1, #5
        mov     x2, #5
        csel    x1, x1, x2, lo
        orr     x0, x0, x1, lsl #16
        msr     tcr_el2, x0
        adr_l   x0, boot_root
        msr     ttbr0_el2, x0
        isb
        tlbi    alle2
        ic      iallu
        dsb     sy
        isb
        ldr     x0, =vectors_el2
        msr     vbar_el2, x0
        ldr     x0, =SCTLR_EL2_MMU
        msr     sctlr_el2, x0
        isb
        ldr     x2, =1f
        br      x2
1:      adr_l   x1, xen_ttbr0
        ldr     x1, [x1]
        msr     ttbr0_el2, x1
        isb
        tlbi    alle2
        dsb     nsh
        isb
        ret

/* ---- not at EL2: say so where it can be read, and stop ---- */
wrong_el:
        mov     x0, x20
        adr_l   x1, boot_stack_top
        mov     sp, x1
        adr     x1, 2f
        b       early_el1_message
2:      wfe
        b       2b

        .section .bss.page_aligned, "aw", %nobits
        .balign 4096
boot_tables_start:
        .globl  boot_l1, boot_l2
boot_root:      .skip 4096
boot_l1:        .skip 4096
boot_l2:        .skip 4096
boot_l3:        .skip 4096
boot_id_l1:     .skip 4096
boot_id_l2:     .skip 4096
boot_id_l3:     .skip 4096
boot_tables_end:

        .section .bss, "aw", %nobits
        .balign 8
        .globl  xen_ttbr0
xen_ttbr0:      .skip 8
