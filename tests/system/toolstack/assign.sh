# SPDX-License-Identifier: GPL-2.0-or-later
#
# assign.sh - PCI devices for domains by pxl, and what holds them back: taken
# from dom0, given to a guest at creation, kept over its reboot, moved to a
# running guest, given back; attacks; ends of domains in mid-DMA.
#
# The machine is test_assign.py's: NVMe 01:00.0, network card 02:00.0, an edu
# each at 03:00.0 and 04:00.0, two behind a PCI bridge at 06:01.0 and 06:02.0.
# px.consent=1: a GICv2, where MSI needs consent.  Lines "PX-DO: ..." ask the
# test for something.

. /tests/toolstack.sh
. /tests/peer.sh

nvme=0000:01:00.0
nic=0000:02:00.0
edu_a=0000:03:00.0
edu_b=0000:04:00.0
twin_1=0000:06:01.0
twin_2=0000:06:02.0
consent=$(option consent)
mib=$(option fs_mib)
mib=${mib:-256}
# What the guests' edu devices are told to try.
attack="px.ram=$(option ram) px.targets=$(option targets)"
[ -n "$(option steps)" ] && attack="$attack px.steps=$(option steps)"

# ---- helpers

assignable() { pxl pci-assignable-list | grep -q "$1"; }
# owner DEVICE - the third word on.
faults_of() { pxl iommu-faults "$1" | awk 'NR == 2 { print $3 }'; }
has_faults() { [ "$(faults_of "$1")" != 0 ]; }

# config NAME DEVICES SCRIPTS MORE - a guest's configuration file.
config()
{
    cat > "/guest/$1.cfg" <<END
name = "$1"
kernel = "/guest/Image"
ramdisk = "/guest/initramfs.cpio.gz"
extra = "console=hvc0 px_guest=$3 px.fs=nvme0n1 px.fs_mib=$mib $attack px.net_sum=$(option net_sum)"
memory = 256
vcpus = 2
on_poweroff = "destroy"
on_crash = "destroy"
pci = [ $2 ]
$4
END
}

# ---- from dom0

start_toolstack
free=$(free_memory)
step iommu-list pxl iommu-list
shows unit-listed 'smmuv3' pxl iommu-list
clean dom0

# What dom0 uses is not taken from it.
mke2fs -F /dev/nvme0n1 8192 > /dev/null 2>&1
mount -t ext4 /dev/nvme0n1 /mnt
refused mounted-refused '/dev/nvme0n1 is mounted on /mnt' \
    pxl pci-assignable-add $nvme
umount /mnt
dd if=/dev/zero of=/dev/nvme0n1 bs=1M count=1 2> /dev/null
card=$(ls "/sys/bus/pci/devices/$nic/net")
ip link set "$card" up
ip addr add 10.77.0.1/24 dev "$card"
refused address-refused "$card is up, with address 10.77.0.1" \
    pxl pci-assignable-add $nic

shows add-nvme 'function level reset' pxl pci-assignable-add $nvme
shows add-nic-by-force 'address 10.77.0.1; taken all the same' \
    pxl pci-assignable-add -f $nic
step add-edu pxl pci-assignable-add ${edu_a#0000:}
refused bridge-refused 'a bridge' pxl pci-assignable-add 00:01.0
refused nobody-refused 'no such PCI device' pxl pci-assignable-add 7f:00.0
shows assignable-list "^$nvme" pxl pci-assignable-list
if [ -e "/sys/bus/pci/devices/$nvme" ] || [ -e /dev/nvme0n1 ]; then
    fail dom0-lets-go "dom0 still has it"
else
    pass dom0-lets-go
fi
echo 1 > /sys/bus/pci/rescan
if [ -e "/sys/bus/pci/devices/$nvme" ]; then
    fail dom0-sees-not "a rescan finds it"
else
    pass dom0-sees-not
fi

# There and back; a driver comes when it is asked for.
step back-without-driver pxl pci-assignable-remove $nvme
sleep 2
if [ -e "/sys/bus/pci/devices/$nvme" ] &&
   [ ! -e "/sys/bus/pci/devices/$nvme/driver" ]; then
    pass no-driver
else
    fail no-driver "$(ls -l "/sys/bus/pci/devices/$nvme/driver" 2>&1)"
fi
step driver-later pxl pci-assignable-remove -r $nvme
if wait_for 30 test -e "/sys/bus/pci/devices/$nvme/driver"; then
    pass driver-came
else
    fail driver-came "$(cat "/sys/bus/pci/devices/$nvme/driver_override")"
fi
step back-to-nobody pxl pci-assignable-add $nvme
step back-without-driver-again pxl pci-assignable-remove $nvme
step add-driverless pxl pci-assignable-add $nvme
step back-to-dom0 pxl pci-assignable-remove -r $nvme
if wait_for 30 test -b /dev/nvme0n1 &&
   dd if=/dev/nvme0n1 of=/dev/null bs=1M count=4 iflag=direct 2> /dev/null; then
    pass dom0-has-it-again
else
    fail dom0-has-it-again "no /dev/nvme0n1"
fi
step add-nvme-again pxl pci-assignable-add -n disk $nvme
shows named "^$nvme disk" pxl pci-assignable-list -n
refused name-taken "another's name" pxl pci-assignable-add -n disk $edu_b
clean quarantine

# ---- two guests

msi=
[ -n "$consent" ] && msi=,msi=1
# Beside its devices the first one has a PV disk and a PV card.
dd if=/dev/zero of=/a.img bs=1M count=24 2> /dev/null
step bridge start_bridge
serve
config a "\"name=disk\", \"$nic$msi\", \"$edu_a\"" fs,net,pci,beside \
    'disk = [ "/a.img,raw,xvda,w" ]
vif = [ "mac=00:16:3e:00:00:0a,bridge=xenbr0" ]'
config b "\"$edu_b,seize=1\"" pci 'on_reboot = "rename-restart"'
config c "\"$edu_b,seize=1\", \"$twin_1\"" pci
step create-a pxl create /guest/a.cfg
if [ -z "$(domid a)" ]; then
    pxl dmesg | tail -n 20 | sed 's/^/PX-OUT: /'
    return 0
fi
boots a 1
step pci-list-a pxl pci-list a

# What is taken for a domain that cannot have it goes back; what is taken for
# one that is not made for another reason is named.
dom0_has() { [ -e "/sys/bus/pci/devices/$1" ] && ! assignable "$1"; }
refused seize-refused 'slot 0x1 is taken' pxl pci-attach a "$edu_b,seize=1" 1
if wait_for 30 dom0_has $edu_b; then
    pass seize-undone
else
    fail seize-undone "$(pxl iommu-list | grep $edu_b)"
fi
refused create-refused "/guest/c.cfg:[0-9]+: $twin_1: dom0 has it" \
    pxl create -q /guest/c.cfg
cp /tmp/out /tmp/refused
if gone c; then
    pass create-undone
else
    fail create-undone "$(pxl list | tr '\n' ';')"
fi
shows taken-told "$edu_b: .*pxl pci-assignable-remove -r $edu_b gives it back" \
    cat /tmp/refused
if grep -q 'assignable now' /tmp/refused; then
    fail seize-quiet "$(grep 'assignable now' /tmp/refused)"
else
    pass seize-quiet
fi
step taken-returned pxl pci-assignable-remove -r $edu_b
if dom0_has $edu_b; then
    pass dom0-has-taken
else
    fail dom0-has-taken "$(pxl iommu-list | grep $edu_b)"
fi

step create-b pxl create /guest/b.cfg
boots b 1
step iommu-list-two pxl iommu-list
clean two-guests
for list in iommu-list iommu-faults "iommu-faults $edu_b" iommu-audit \
            pci-assignable-list "pci-list a" dt-list; do
    # shellcheck disable=SC2086  # a command and its arguments
    echo "PX-JSON: $list: $(pxl $list --json | tr -d '\n')"
done
echo "PX-JSON: list -l a: $(pxl list -l a | tr -d '\n')"
refused taken-refused 'a has it' pxl pci-attach b $nvme

if [ -n "$consent" ]; then
    shows consent-marked SHARED-MSI pxl pci-list a
    shows consent-marked-everywhere SHARED-MSI pxl iommu-list
else
    run_in a vectors a
fi

# ---- reboot: another domain, the same devices and data

old=$(domid a)
step reboot pxl reboot a
boots a 2
if [ "$(domid a)" != "$old" ]; then
    pass reboots "domain $(domid a), was $old"
else
    fail reboots "$(pxl list | tr '\n' ';')"
fi
clean reboot

# ---- what changes its memory and its registers' place, devices and all

has_memory() { [ "$(pxl list "$1" | awk 'NR == 2 { print $3 }')" = "$2" ]; }
# balloon MIB
balloon()
{
    step "balloon-$1" pxl mem-set a "$1"
    if wait_for 120 has_memory a "$1"; then
        pass "balloon-$1-done"
    else
        fail "balloon-$1-done" "$(pxl list a | tail -n 1)"
    fi
    clean "balloon-$1"
}
balloon 200
balloon 256
run_in a move-bar a-there
clean bar-moved
run_in a move-bar a-back
clean bar-back

# ---- detach from one, attach to the other: the same data

run_in a let-go a
step detach pxl pci-detach a name=disk
clean detach
refused detach-again 'does not have it' pxl pci-detach a $nvme
step attach pxl pci-attach b $nvme
run_in b rescan b
run_in b fs b
clean attach

# ---- over reboots each keeps what it has by now

# b's old self stays, but for its devices, and is called otherwise.
old=$(domid a)
aside=b-$(domid b)
step reboot-after-detach pxl reboot a
step reboot-after-attach pxl reboot b
boots b 2
run_in b fs b-2
# Its script looks for the disk in vain, so its verdicts do not count.
if wait_for 300 says a PX-SHELL 3 && [ "$(domid a)" != "$old" ]; then
    pass a-boot-3 "domain $(domid a), was $old"
else
    fail a-boot-3 "$(pxl list | tr '\n' ';')"
    show /var/log/xen/pxl-a.log
fi
owned() { pxl pci-list "$1" | awk 'NR > 1 { printf "%s ", $2 }'; }
if [ "$(owned a)" = "$nic $edu_a " ] && [ "$(owned b)" = "$nvme $edu_b " ] &&
   [ -z "$(owned "$aside")" ]; then
    pass reboots-keep "a: $(owned a); b: $(owned b)"
else
    fail reboots-keep "a: $(owned a); b: $(owned b)"
fi
shows set-aside "$aside .* [-rbp]*s" pxl list "$aside"
clean reboots-keep
step destroy-set-aside pxl destroy "$aside"

# ---- groups

shows group-follows "$twin_2 moves with it" pxl pci-assignable-add $twin_1
if assignable $twin_2; then
    pass group-moves
else
    fail group-moves "$(pxl pci-assignable-list | tr '\n' ' ')"
fi
refused slot-refused 'slot 0x1 is taken' pxl pci-attach b $twin_1 1
step group-attach pxl pci-attach a $twin_1
refused group-refused "shares its requester ID with $twin_1" \
    pxl pci-attach b $twin_2
step group-attach-both pxl pci-attach a $twin_2
run_in a rescan a
clean group
# Both go again; a keeps its card and its edu.
forget='for d in /sys/bus/pci/devices/*; do echo 1 > $d/remove; done'
type_in a "$forget"
sleep 2
shows group-detach "$twin_1: detached.*stays a's until $twin_2 is detached" \
    pxl pci-detach a $twin_1
refused group-kept "a has it with $twin_2; pxl pci-detach a $twin_2 first" \
    pxl pci-assignable-remove $twin_1
shows group-detach-both "$twin_2: detached, assignable" pxl pci-detach a $twin_2
run_in a rescan a
clean group-detached

# ---- attacks

run_in a attack a 3600
shows faults-named "$edu_a +a +[1-9]" pxl iommu-faults
shows no-faults-of-b "$edu_b +b +0" pxl iommu-faults $edu_b
run_in b attack b 3600
shows faults-named-b "$edu_b +b +[1-9]" pxl iommu-faults
step faults-clear pxl iommu-faults -c
shows faults-cleared "$edu_a +a +0" pxl iommu-faults $edu_a
clean attack

# b's work goes on while a storms; a is cut off. The host may be busy with other
# things: what counts is the best of a few looks.
step policy pxl iommu-faults --policy disconnect --threshold 5000 $edu_a
run_in b pace before
pace() { console b | sed -n 's/^PX-GUEST: pace: PASS \([0-9]*\).*/\1/p'; }
alone=$(pace)
for look in 1 2 3; do
    type_in a 'edu-attack storm 300000'
    wait_for 60 has_faults $edu_a
    run_in b pace "during-$look"
    during=$(pace | tail -n 1)
    [ "${during:-0}" -ge $((alone / 4)) ] && break
done
if [ "${during:-0}" -ge $((alone / 4)) ] && [ "${alone:-0}" -gt 0 ]; then
    pass pace "$alone rounds before, $during while the other storms"
else
    fail pace "$alone rounds before, $during while the other storms"
fi
cut_off() { pxl iommu-faults "$1" | grep -q CUT-OFF; }
if wait_for 120 cut_off $edu_a; then
    pass storm-cut-off "$(pxl iommu-faults $edu_a | tail -n 1)"
else
    fail storm-cut-off "$(pxl iommu-faults $edu_a | tail -n 1)"
fi
clean storm

# ---- pulled out while a guest has it

if [ "$(option pull)" = 1 ]; then
    echo "PX-DO: pull"
    sleep 10
    run_in b pci pulled # who looks finds nobody
    is_gone() { pxl iommu-list | grep "$edu_b" | grep -q GONE; }
    if wait_for 120 is_gone; then
        pass pulled-out "$(pxl iommu-list | grep "$edu_b")"
    else
        fail pulled-out "$(pxl iommu-list | grep "$edu_b")"
    fi
    shows pulled-out-shown GONE pxl iommu-faults $edu_b
    refused pulled-out-refused 'it was pulled out' \
        pxl pci-assignable-remove $edu_b
    clean pulled-out
    # The next boot does without it.
    aside=b-$(domid b)
    step reboot-without pxl reboot b
    boots b 3
    if [ "$(owned b)" = "$nvme " ]; then
        pass without-pulled "$(owned b)"
    else
        fail without-pulled "$(owned b)"
    fi
    step destroy-set-aside-again pxl destroy "$aside"
fi

# ---- ends

# Crashed by its device: the first address without a right is the last. The
# storm has cut the other one off.
step attach-twin pxl pci-attach a $twin_1
run_in a rescan a
step policy-crash pxl iommu-faults --policy crash $twin_1
type_in a 'edu-attack storm 1000'
if wait_for 120 gone a; then
    pass crashed-by-fault
else
    fail crashed-by-fault "$(pxl list | tr '\n' ';')"
fi
clean crash

# Destroyed while its disk writes.
type_in b 'dd if=/dev/zero of=/dev/nvme0n1 bs=128k count=100000 oflag=direct &'
sleep 3
step destroy-in-dma pxl destroy b
if wait_for 60 gone b && wait_for 60 assignable $nvme; then
    pass destroyed
else
    fail destroyed "$(pxl list | tr '\n' ';')"
fi
clean destroy

# Everything as before.
for dev in $(pxl pci-assignable-list); do
    step "return-$dev" pxl pci-assignable-remove -r "$dev"
done
if wait_for 30 test -b /dev/nvme0n1 &&
   dd if=/dev/urandom of=/dev/nvme0n1 bs=1M count=4 oflag=direct \
      2> /dev/null; then
    pass dom0-in-the-end
else
    fail dom0-in-the-end "no /dev/nvme0n1"
fi
clean end
all_freed "$free"
