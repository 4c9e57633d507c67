#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-10.sh OUT - QEMU 10.0 of bookworm-backports, unpacked in OUT and never
# installed: OUT/qemu-system-aarch64 runs it with its own data and modules.
# Its libraries are those of the host's qemu-system-arm package.

set -eu

out=${1:?usage: qemu-10.sh OUT}
top=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)

"$top/tools/debian.sh" unpack "$out" qemu-system-arm/bookworm-backports \
    qemu-system-common/bookworm-backports qemu-system-data/bookworm-backports

cat > "$out/qemu-system-aarch64" <<WRAP
#!/bin/sh
# Made by tools/qemu-10.sh.
export QEMU_MODULE_DIR="$out/usr/lib/$(uname -m)-linux-gnu/qemu"
exec "$out/usr/bin/qemu-system-aarch64" -L "$out/usr/share/qemu" "\$@"
WRAP
chmod +x "$out/qemu-system-aarch64"

missing=$(ldd "$out/usr/bin/qemu-system-aarch64" | grep 'not found' || true)
if [ -n "$missing" ]; then
    echo "qemu-10.sh: libraries are missing on this machine:" >&2
    echo "$missing" >&2
    exit 1
fi
"$out/qemu-system-aarch64" --version > /dev/null
