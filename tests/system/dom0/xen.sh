# SPDX-License-Identifier: GPL-2.0-or-later
#
# xen.sh - the hypervisor's interfaces as dom0's kernel and tools meet them.

sys=/sys/hypervisor
version=$(cat $sys/version/major 2> /dev/null).$(cat $sys/version/minor 2> /dev/null)
if [ "$version" = 4.17 ]; then
    pass xen-version "$version$(cat $sys/version/extra)"
else
    fail xen-version "$version, and Debian's tools need 4.17"
fi

# Auto-translated, dom0, direct-mapped.
features=$(cat $sys/properties/features 2> /dev/null)
if [ $((0x${features:-0} & 0x20804)) = $((0x20804)) ]; then
    pass xen-features "$features"
else
    fail xen-features "${features:-none}"
fi

missing=
for f in /dev/xen/evtchn /dev/xen/gntdev /dev/xen/gntalloc /dev/xen/privcmd \
         /proc/xen/capabilities; do
    [ -e $f ] || missing="$missing $f"
done
if [ -z "$missing" ] && grep -q control_d /proc/xen/capabilities; then
    pass xen-devices
else
    fail xen-devices "missing:$missing, capabilities" \
         "$(cat /proc/xen/capabilities 2> /dev/null)"
fi

xen-calls
