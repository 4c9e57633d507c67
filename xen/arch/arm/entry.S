/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception vectors of EL2, the way into a guest, and the stack switch.
 *
 * A guest exit stores all general registers at the top of the vCPU's EL2
 * stack (struct cpu_regs) and runs C there with interrupts masked. The way
 * back tests one word of the CPU and one of the vCPU, no more.
 */
#include <asm/asm.h>
#include <asm/offsets.h>

        .macro  save_regs
        sub     sp, sp, #REGS_SIZE
        stp     x0, x1, [sp, #0]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x1, elr_el2
        stp     x30, x1, [sp, #240]
        mrs     x2, spsr_el2
        mrs     x3, esr_el2
        stp     x2, x3, [sp, #256]
        mov     x0, sp
        .endm

        /* An exit from a guest: x0 = its registers, x3 = syndrome. */
        .macro  guest_vector handler
        .balign 128
        save_regs
        b       \handler
        .endm

        /* An exception of EL2 itself is a bug of ours. x1 says which. */
        .macro  hyp_vector nr
        .balign 128
        save_regs
        mov     x1, #\nr
        b       hyp_exception
        .endm

        .text
        .balign 2048
        .globl  vectors_el2
vectors_el2:
        hyp_vector 0                    /* EL2t */
        hyp_vector 1
        hyp_vector 2
        hyp_vector 3
        .balign 128                     /* EL2h: synchronous */
        b       hyp_sync
        hyp_vector 5
        hyp_vector 6
        hyp_vector 7
        guest_vector guest_sync         /* lower EL, AArch64 */
        guest_vector guest_irq
        guest_vector guest_irq          /* FIQ: not used, same answer */
        guest_vector guest_serror
        guest_vector guest_aarch32      /* lower EL, AArch32: not offered */
        guest_vector guest_aarch32
        guest_vector guest_aarch32
        guest_vector guest_aarch32
END(vectors_el2)

/*
 * A synchronous exception at EL2h may be a stack overflow into the guard
 * page: then SP is of no use and the dump runs on the CPU's emergency stack.
 * Is the SP that save_regs is about to write to mapped? AT tells.
 */
hyp_sync:
        msr     tpidrro_el0, x0         /* guest state is lost: fatal anyway */
        sub     x0, sp, #REGS_SIZE
        at      s1e2w, x0
        isb
        mrs     x0, par_el1
        tbz     x0, #0, 1f
        adr_l   x0, emergency_stack_top
        mov     sp, x0
1:      mrs     x0, tpidrro_el0
        save_regs
        mov     x1, #4
hyp_exception:
        mov     x29, xzr
        bl      do_hyp_exception
        b       .

guest_sync:
        mov     w4, #ESR_HVC_XEN_LO
        movk    w4, #ESR_HVC_XEN_HI, lsl #16
        mov     x29, xzr
        cmp     w3, w4
        b.ne    1f
        bl      do_hypercall
        b       return_to_guest
1:      bl      do_guest_sync
        b       return_to_guest

guest_irq:
        mov     x29, xzr
        bl      do_irqs
        b       return_to_guest

guest_serror:
        mov     x29, xzr
        bl      do_guest_serror
        b       return_to_guest

guest_aarch32:
        mov     x29, xzr
        bl      do_guest_aarch32
        /* fall through */

/* SP = the vCPU's struct cpu_regs. */
ENTRY(return_to_guest)
        mrs     x0, tpidr_el2
        adr_l   x1, percpu_softirq_pending
        ldr     w1, [x1, x0]
        adr_l   x2, percpu_current_vcpu
        ldr     x2, [x2, x0]
        ldr     w2, [x2, #VCPU_WORK]
        orr     w1, w1, w2
        cbnz    w1, 2f
1:      ldp     x0, x1, [sp, #REGS_PC]
        msr     elr_el2, x0
        msr     spsr_el2, x1
        ldp     x0, x1, [sp, #0]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldr     x30, [sp, #240]
        add     sp, sp, #REGS_SIZE
        eret
        dsb     nsh                     /* no speculation past ERET */
        isb
2:      bl      leave_hypervisor
        b       return_to_guest
END(return_to_guest)

/*
 * void switch_stack(uint64_t *save_sp, uint64_t load_sp): callee-saved
 * registers and the stack pointer; returns on the other stack.
 */
ENTRY(switch_stack)
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        mov     x2, sp
        str     x2, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret
END(switch_stack)

/* Where switch_stack() arrives on a stack that has never run: x19 is the
 * function to continue in (idle loop), or 0 for the guest. */
ENTRY(vcpu_first_run)
        mov     x29, xzr
        bl      sched_tail
        cbz     x19, return_to_guest
        blr     x19
        b       .
END(vcpu_first_run)

/*
 * void fp_save(uint64_t *v), fp_restore(const uint64_t *v): V0..V31.
 */
        .arch_extension fp
        .arch_extension simd
ENTRY(fp_save)
        stp     q0, q1, [x0, #0]
        stp     q2, q3, [x0, #32]
        stp     q4, q5, [x0, #64]
        stp     q6, q7, [x0, #96]
        stp     q8, q9, [x0, #128]
        stp     q10, q11, [x0, #160]
        stp     q12, q13, [x0, #192]
        stp     q14, q15, [x0, #224]
        stp     q16, q17, [x0, #256]
        stp     q18, q19, [x0, #288]
        stp     q20, q21, [x0, #320]
        stp     q22, q23, [x0, #352]
        stp     q24, q25, [x0, #384]
        stp     q26, q27, [x0, #416]
        stp     q28, q29, [x0, #448]
        stp     q30, q31, [x0, #480]
        ret
END(fp_save)

ENTRY(fp_restore)
        ldp     q0, q1, [x0, #0]
        ldp     q2, q3, [x0, #32]
        ldp     q4, q5, [x0, #64]
        ldp     q6, q7, [x0, #96]
        ldp     q8, q9, [x0, #128]
        ldp     q10, q11, [x0, #160]
        ldp     q12, q13, [x0, #192]
        ldp     q14, q15, [x0, #224]
        ldp     q16, q17, [x0, #256]
        ldp     q18, q19, [x0, #288]
        ldp     q20, q21, [x0, #320]
        ldp     q22, q23, [x0, #352]
        ldp     q24, q25, [x0, #384]
        ldp     q26, q27, [x0, #416]
        ldp     q28, q29, [x0, #448]
        ldp     q30, q31, [x0, #480]
        ret
END(fp_restore)

        .section .bss.page_aligned, "aw", %nobits
        .balign 16
        .skip   8192
emergency_stack_top:
