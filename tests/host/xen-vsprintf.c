/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vsprintf.c as it is, its functions under other names than libc's. */
#define snprintf  xen_snprintf
#define vsnprintf xen_vsnprintf
#include "../../xen/common/vsprintf.c"

const char *symbols_lookup(unsigned long addr, unsigned long *offset)
{
    if ( addr - 0x1000 >= 0x100 )
        return NULL;
    *offset = addr - 0x1000;
    return "function";
}
