# SPDX-License-Identifier: GPL-2.0-or-later
#
# dmac.sh - SYS-DMACs given to bare-metal guests (tests/payload/dmac.c): they
# copy their own memory and nothing else, also when their domain ends in the
# middle; and as many domains with devices as the IPMMU has contexts.
#
# The board is test_dmac.py's, which reads QEMU's trace afterwards. Lines
# "PX-MARK: ..." tell it where it is.

. /tests/toolstack.sh

dmac0=/soc/dma-controller@e6700000
dmac1=/soc/dma-controller@e7300000
dmac2=/soc/dma-controller@e7310000
sdhi2=/soc/mmc@ee140000
sdhi3=/soc/mmc@ee160000
audio=/soc/dma-controller@ec700000
pattern=/tmp/pattern
# All RAM of the machine and its names; the guest's is below 42000000. Then
# registers: IPMMU, GIC, clocks, power, console, SYSRAM; and where nothing is.
attack="ram=48000000-c0000000/1ff000 ram=600000000-680000000/1ff000 targets=\
e67b0000,e6740000,e7740000,f1010000,f1020000,f1040000,e6150000,e6180000,\
e6e88000,e6300000,fff00044,0,42000000,47fff000,c0000000,408000000,448000000,\
480000000,680000000,700000000,7ffffff000,8000000000,fffffff000"

# guest NAME DEVICE WORDS - start it; WORDS are the payload's.
guest()
{
    cat > "/guest/$1.cfg" <<END
name = "$1"
kernel = "/guest/dmac.Image"
extra = "dmac=$3 $4"
memory = 32
vcpus = 1
on_poweroff = "destroy"
on_crash = "destroy"
dtdev = [ "$2" ]
END
    step "create-$1" pxl create -q "/guest/$1.cfg"
}

# verdicts GUEST - the payload's, as ours, once it has ended.
verdicts()
{
    ended() { says "$1" PX-GUEST-DONE || says "$1" PX-PANIC; }
    wait_for "${2:-300}" ended "$1" ||
        { fail "$1" "its payload did not end"; show_console "$1"; }
    console "$1" | tr -d '\r' |
        sed -n "s/^PX-GUEST: /PX-TEST: $1-/p; s/^PX-INFO: /&$1: /p;
                s/^PX-PANIC/PX-TEST: $1-panic: FAIL &/p"
}

start_toolstack
head -c 4194304 /dev/urandom > $pattern
sum=$(sha256sum < $pattern)
step dt-list pxl dt-list
step iommu-list pxl iommu-list

# ---- two neighbours: one attacks, the other works on

echo "PX-MARK: guests"
guest b $dmac1 loop
guest a $dmac0 copy,first,attack,copy "$attack"
verdicts a 900
step iommu-list-two pxl iommu-list
if pxl iommu-faults > /tmp/out 2>&1 &&
   grep -E "$dmac0 +a +[1-9]" /tmp/out > /tmp/line; then
    pass faults-named "$(cat /tmp/line)"
else
    fail faults-named "no line of $dmac0"
fi
show /tmp/out
pxl iommu-faults $dmac1 > /tmp/out 2>&1
if grep -qE "$dmac1 +b +0" /tmp/out; then
    pass no-faults-of-b
else
    fail no-faults-of-b "$(tail -n 1 /tmp/out)"
fi
if pxl dmesg | grep -E "context .*\(d$(domid a) ${dmac0##*/}\) iova" > /tmp/out; then
    pass dmesg-names "$(wc -l < /tmp/out) lines, the last: $(tail -n 1 /tmp/out)"
else
    fail dmesg-names "no line names $dmac0 and its domain"
    pxl dmesg | tail -n 20 > /tmp/out
    show /tmp/out
fi
if [ "$(sha256sum < $pattern)" = "$sum" ]; then
    pass dom0-intact
else
    fail dom0-intact "4 MiB of dom0's memory have changed"
fi
rounds() { console b | tr -d '\r' | awk '/^round/ { n = $2 } END { print n + 0 }'; }
before=$(rounds)
goes_on() { [ "$(rounds)" -gt "$before" ]; }
if wait_for 60 goes_on && ! says b FAIL; then
    pass b-intact "round $(rounds)"
else
    fail b-intact "$(console b | tail -n 1)"
fi
clean attack
echo "PX-MARK: attacked"

# ---- ends in mid-DMA

pxl destroy b
wait_for 60 gone b || fail gone-b
guest c $dmac1 copy,long
wait_for 120 says c "long:" 2
if console c | tail -n 1 | grep -q "CHCR 100409"; then
    pass mid-dma "$(console c | tail -n 1)"
else
    fail mid-dma "$(console c | tail -n 1)"
fi
echo "PX-MARK: destroy"
step destroy-in-dma pxl destroy c
if wait_for 60 gone c; then
    pass destroyed
else
    fail destroyed "$(pxl list | tr '\n' ';')"
fi
echo "PX-MARK: destroyed"
sleep 3
pxl dmesg | tail -n 5 > /tmp/out
show /tmp/out
clean destroyed
# The next one finds it as if nothing had been.
guest c $dmac1 copy,first
verdicts c

# ---- as many as there are contexts: dom0 has one

guest d $dmac2 copy
verdicts d
guest e $sdhi2 touch
verdicts e
guest f $sdhi3 touch
verdicts f
step iommu-list-full pxl iommu-list
for name in a c d e f; do
    if gone $name; then
        fail "contexts-$name" "it is gone"
    else
        pass "contexts-$name"
    fi
done
sed "s/^name = .*/name = \"g\"/; s,^dtdev.*,dtdev = [ \"$audio\" ]," \
    /guest/f.cfg > /guest/g.cfg
if pxl create -q /guest/g.cfg > /tmp/out 2>&1; then
    fail contexts-exhausted "a seventh domain got one"
elif grep -q 'no context of its IOMMU is left' /tmp/out; then
    pass contexts-exhausted "$(grep 'no context' /tmp/out)"
else
    fail contexts-exhausted "$(head -n 1 /tmp/out)"
fi
show /tmp/out
pxl dmesg | grep 'contexts are in use' | tail -n 1 > /tmp/out
if [ -s /tmp/out ]; then
    pass contexts-named "$(cat /tmp/out)"
else
    fail contexts-named
fi
if gone g; then
    pass refused-is-gone
else
    fail refused-is-gone
fi
# One that ends makes room.
pxl destroy e
wait_for 60 gone e || fail gone-e
guest h $audio ""
if gone h; then
    fail context-given-back
else
    pass context-given-back
fi
clean contexts
echo "PX-MARK: contexts"

# ---- a storm is cut off, and hurts nobody else

pxl destroy a
wait_for 60 gone a || fail gone-a
step storm-limit \
    pxl iommu-faults --policy disconnect --threshold 100 $dmac0
guest s $dmac0 storm
verdicts s 600
if pxl iommu-faults | grep -q "$dmac0 .*CUT-OFF"; then
    pass storm-cut-off "$(pxl iommu-faults | grep $dmac0)"
else
    fail storm-cut-off "$(pxl iommu-faults | grep $dmac0)"
fi

# ---- everything as before

for name in c d f h s; do
    pxl destroy $name
    wait_for 60 gone $name || fail "gone-$name"
done
for device in $dmac0 $dmac1 $dmac2 $sdhi2 $sdhi3 $audio; do
    step "back-${device##*/}" pxl dt-detach -r $device
done
clean end
step iommu-list-end pxl iommu-list
