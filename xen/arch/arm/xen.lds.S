/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout of the image. Sections with different rights start on new pages;
 * head.S gives each page its rights from the symbols here. */
#include <asm/config.h>

OUTPUT_FORMAT("elf64-littleaarch64")
OUTPUT_ARCH(aarch64)
ENTRY(_start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
}

SECTIONS
{
    . = XEN_VIRT;
    _start = .;
    .text : {
        KEEP(*(.text.head))
        *(.text .text.*)
        _etext = .;
    } :text
    . = ALIGN(4096);
    _srodata = .;
    .rodata : {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        __dtdrivers_start = .;
        KEEP(*(.dtdrivers))
        __dtdrivers_end = .;
        __cmdline_start = .;
        KEEP(*(.cmdline))
        __cmdline_end = .;
        *(.note.gnu.build-id)
        KEEP(*(.symbols))
    } :rodata
    . = ALIGN(4096);
    _sdata = .;
    .data : {
        *(.data .data.*)
        . = ALIGN(64);
    } :data
    . = ALIGN(16);
    _edata = .;
    .bss (NOLOAD) : {
        . = ALIGN(4096);
        __bss_start = .;
        *(.bss.page_aligned)
        . = ALIGN(64);
        __percpu_start = .;   /* CPU 0's copy; all start as zero */
        *(.bss.percpu)
        . = ALIGN(64);
        __percpu_end = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        /* An unmapped page below the boot stack. */
        boot_stack_guard = .;
        . += 4096;
        boot_stack = .;
        . += BOOT_STACK_SIZE;
        boot_stack_top = .;
    } :data
    . = ALIGN(4096);
    _end = .;

    /DISCARD/ : { *(.comment) *(.eh_frame*) *(.note.GNU-stack) *(.interp) }
}

image_size = _end - _start;
ASSERT(_end - _start <= XEN_SIZE, "the image does not fit its level-3 table")
