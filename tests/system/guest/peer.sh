# SPDX-License-Identifier: GPL-2.0-or-later
#
# peer.sh - both ends of a network test: dom0 and guests source it.

# serve - px.net_kib (2048) KiB of random data and their checksum, on port 80.
serve()
{
    kib=$(option net_kib)
    mkdir -p /tmp/www
    dd if=/dev/urandom of=/tmp/www/data bs=1k count="${kib:-2048}" 2> /dev/null
    ( cd /tmp/www && sha256sum data > sum )
    httpd -h /tmp/www
}

# fetch_from PEER - ping, then its data over TCP; the verdict is net-PEER.
fetch_from()
{
    if ! wait_for 30 ping -c 1 -W 2 "$1"; then
        fail "net-$1" "no answer to a ping"
        return
    fi
    rm -rf /tmp/fetched
    mkdir /tmp/fetched
    if ( cd /tmp/fetched && wget -q "http://$1/data" "http://$1/sum" &&
         sha256sum -c sum > /dev/null ); then
        pass "net-$1" "$(wc -c < /tmp/fetched/data) bytes as they were sent"
    else
        fail "net-$1" "$(wc -c < /tmp/fetched/data) bytes are not what was sent"
    fi
}
