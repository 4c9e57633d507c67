# SPDX-License-Identifier: GPL-2.0-or-later
#
# edu.sh - attacks by the edu devices (see edu-attack.c):
#   px.ram=START-END        the machine's RAM, hexadecimal
#   px.targets=ADDRESS,...  addresses to try besides
#   px.storm=ACCESSES       ordered at the end
# After the attack this machine's own disks must still work.

ram=$(option ram)
edu-attack control
if [ -n "$ram" ]; then
    # shellcheck disable=SC2046  # one word per address
    edu-attack hunt "${ram%-*}" "${ram#*-}" $(option targets | tr , ' ')
fi
storm=$(option storm)
if [ -n "$storm" ]; then
    edu-attack storm "$storm"
fi
