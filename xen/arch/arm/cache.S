/* SPDX-License-Identifier: GPL-2.0-or-later */
/* void cache_clean(va, size), cache_clean_invalidate(va, size). */
#include <asm/asm.h>

        .macro  by_line op
        add     x1, x0, x1
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4         /* DminLine, log2 of words */
        mov     x3, #4
        lsl     x2, x3, x2
        sub     x3, x2, #1
        bic     x0, x0, x3
        b       2f
1:      dc      \op, x0
        add     x0, x0, x2
2:      cmp     x0, x1
        b.lo    1b
        dsb     sy
        ret
        .endm

        .text
ENTRY(cache_clean)
        by_line cvac
END(cache_clean)

ENTRY(cache_clean_invalidate)
        by_line civac
END(cache_clean_invalidate)
