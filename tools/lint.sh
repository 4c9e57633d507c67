#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lint.sh CPPFLAGS - what the compiler does not say: layers (style: drivers and
# common code reach the CPU through xen/*.h), cppcheck, and clang's check of
# the locks that prototypes name.

set -u
flags=$(echo "${1:?usage: lint.sh CPPFLAGS}" | sed "s/-MMD -MP//")
rc=0

complain()
{
    echo "$*"
    rc=1
}

bad=$(grep -rn '#include <asm/' xen/common xen/drivers --include='*.c')
[ -z "$bad" ] || complain "asm/ included outside of arch/: $bad"

bad=$(grep -rnE '#include "\.\./' xen --include='*.[ch]')
[ -z "$bad" ] || complain "a path with ../: an interface is missing: $bad"

bad=$(grep -hE '^#include <xen/' xen/common/pgtable/*.[ch] |
      grep -vE '/(addr|bits|errno|compiler|pgtable)\.h>' | sort -u)
[ -z "$bad" ] || complain "common/pgtable includes more than it may: $bad"

for f in $(git ls-files 'xen/*.[chS]' 'tests/*.[ch]' 'tools/*'); do
    # What other people's programs include is MIT.
    case $f in
    xen/include/proxenos.h) licence=MIT ;;
    *) licence=GPL-2.0-or-later ;;
    esac
    head -n 3 "$f" | grep -q "SPDX-License-Identifier: $licence" ||
        complain "$f: no licence line"
done

# GCC's stdint.h is used, which wants what only GCC has built in.
# shellcheck disable=SC2086  # flags are words
clang --target=aarch64-linux-gnu $flags -std=gnu11 -ffreestanding \
    -mgeneral-regs-only -fsyntax-only \
    '-D__INT64_C(c)=c##L' '-D__UINT64_C(c)=c##UL' '-D__UINT32_C(c)=c##U' \
    -Wthread-safety -Werror=thread-safety \
    $(git ls-files 'xen/*.c') || complain "clang -Wthread-safety"

# Not understood: typeof() of a member of NULL, the linker's symbols, an array
# given to be filled, a condition that a call changes.
cppcheck --quiet --error-exitcode=1 --enable=warning,portability \
    --suppress=missingIncludeSystem --inline-suppr \
    --suppress=nullPointer --suppress=comparePointers \
    --suppress=uninitvar --suppress=identicalInnerCondition \
    -D__XEN__ -D__aarch64__ \
    -Ixen/include -Ixen/arch/arm/include $(git ls-files 'xen/*.c') ||
    complain "cppcheck"
exit $rc
