# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuzz.sh - a hostile guest beside a peaceful one: px.fuzz calls, then all is
# as before.

. /tests/toolstack.sh
start_toolstack

free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }
gone() { ! xl domid "$1" > /dev/null 2>&1; }
last_tick() { console tick | tr -d '\r' | awk '/^tick/ { n = $2 } END { print n }'; }
ticks_on() { [ "$(last_tick)" -gt "$ticked" ]; }

# as_before NAME MIB - is that much free again?
as_before()
{
    wait_for 30 sh -c "[ \"\$(xl info | awk '/^free_memory/ { print \$3 }')\" = $2 ]"
    if [ "$(free_memory)" = "$2" ]; then
        pass "$1" "$2 MiB"
    else
        fail "$1" "$(free_memory) MiB, not $2"
    fi
}

# expect NAME SECONDS COMMAND... - it succeeds by then.
expect()
{
    name=$1
    shift
    if wait_for "$@"; then
        pass "$name"
    else
        fail "$name"
    fi
}

# What dom0 grows by, for its first guests, stays.
for guest in tick fuzz; do
    step warm-up xl create -p /guest/$guest.cfg
    xl destroy $guest
    wait_for 60 gone $guest
done
empty=$(free_memory)
step tick-create xl create /guest/tick.cfg
expect tick-ticks 60 says tick "tick 2"
free=$(free_memory)

ram=$(xl info | awk '/^total_memory/ { print $3 + 128 }')
echo "extra = \"fuzz=$(option fuzz) seed=$(option seed) ram=$ram\"" >> /guest/fuzz.cfg
step fuzz-create xl create /guest/fuzz.cfg
calls=0
until says fuzz "disclosures" || gone fuzz; do
    sleep 5
    info "$(console fuzz | tail -n 1)"
done
wait_for 10 says fuzz "disclosures"
verdict=$(console fuzz | tr -d '\r' | grep 'disclosures')
console fuzz | sed 's/^/PX-OUT: /'
case $verdict in
    *PASS) pass fuzz "$verdict" ;;
    *) fail fuzz "$verdict" ;;
esac
expect fuzz-gone 60 gone fuzz
ticked=$(last_tick)
expect tick-goes-on 30 ticks_on
step xl-list xl list
# xl rounds to MiB, and a few pages of dom0's own tables came in between: the
# exact count is rounds.sh's.
info "free $(free_memory) MiB, $free before the hostile guest"
step tick-destroy xl destroy tick
expect tick-gone 60 gone tick
as_before all-memory "$empty"
