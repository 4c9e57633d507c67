# SPDX-License-Identifier: GPL-2.0-or-later
#
# fs.sh - the disk px.fs (xvda) keeps px.fs_mib (16) MiB (fs-write, fs-read).

. /tests/filesystem.sh
disk=$(option fs)
mib=$(option fs_mib)
keeps_data fs "/dev/${disk:-xvda}" "${mib:-16}"
