#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian.sh - packages from Debian's archive, through a private apt directory.
#
#   debian.sh fetch PACKAGE...        download binary packages
#   debian.sh unpack DIR PACKAGE...   download and unpack them into DIR
#   debian.sh source DIR PACKAGE[/RELEASE]  upstream's source, newest, into DIR
#   debian.sh depends PACKAGE         the real package a meta package names
#
# PACKAGE is name[:arch][/release], as apt takes it.  Everything lives in
# build/apt: lists, archives and state.  The user's /etc/apt, architectures
# and dpkg status are neither read nor written, but for a proxy setting.
# What has been downloaded once is never downloaded again; lists are fetched
# once too (remove build/apt/lists.stamp to refresh them).
#
# DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR choose other mirrors.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
apt=${PX_APT_DIR:-$top/build/apt}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

die()
{
    echo "debian.sh: $*" >&2
    exit 1
}

configure()
{
    host=$(dpkg --print-architecture)
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r "$keys" ] || die "$keys is missing: install debian-archive-keyring"

    mkdir -p "$apt/etc/preferences.d" "$apt/etc/apt.conf.d" \
             "$apt/state/lists/partial" "$apt/cache/archives/partial" \
             "$apt/debs" "$apt/sources"
    : >> "$apt/state/status"

    for type in deb deb-src; do
        opt="[signed-by=$keys]"
        [ "$type" = deb ] && opt="[signed-by=$keys arch=$host,arm64]"
        echo "$type $opt $mirror bookworm main"
        echo "$type $opt $mirror bookworm-updates main"
        echo "$type $opt $security bookworm-security main"
        echo "$type $opt $mirror bookworm-backports main"
    done > "$apt/etc/sources.list"
    # libfdt's source: bookworm's tarball is missing on some mirrors.
    echo "deb-src [signed-by=$keys] $mirror trixie main" \
        >> "$apt/etc/sources.list"

    # A fresh configuration tree: nothing of /etc/apt is read, except how to
    # reach the network.
    {
        apt-config dump | grep -E '^Acquire::https?::(P|p)roxy' || true
        cat <<-CONF
	Dir "$apt";
	Dir::Etc "etc";
	Dir::Etc::parts "apt.conf.d";
	Dir::Etc::sourcelist "sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferencesparts "preferences.d";
	Dir::State "state";
	Dir::State::status "$apt/state/status";
	Dir::Cache "cache";
	APT::Architecture "$host";
	APT::Architectures { "$host"; "arm64"; };
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::Retries "3";
CONF
    } > "$apt/apt.conf"
}

lists()
{
    [ -e "$apt/lists.stamp" ] && return
    configure
    echo "debian.sh: fetching Debian's package lists" >&2
    APT_CONFIG=$apt/apt.conf apt-get -q update >&2 ||
        die "cannot fetch the package lists (network? DEBIAN_MIRROR?)"
    touch "$apt/lists.stamp"
}

# The .deb file of one package, downloaded when it is not there yet.
fetch_one()
{
    stamp=$apt/debs/$(echo "$1" | tr '/:' '__').path
    if [ ! -s "$stamp" ] || [ ! -s "$(cat "$stamp")" ]; then
        lists
        echo "debian.sh: downloading $1" >&2
        tmp=$apt/debs/tmp.$$
        mkdir -p "$tmp"
        ( cd "$tmp" && APT_CONFIG=$apt/apt.conf apt-get -q download "$1" >&2 ) ||
            { rm -rf "$tmp"; die "cannot download package $1"; }
        deb=$(ls "$tmp")
        mv "$tmp/$deb" "$apt/debs/$deb"
        rmdir "$tmp"
        echo "$apt/debs/$deb" > "$stamp"
    fi
    cat "$stamp"
}

cmd=${1:?usage: debian.sh fetch|unpack|source|depends ...}
shift

# One instance at a time: two suites may ask for packages at once.
mkdir -p "$apt"
exec 9> "$apt/lock"
flock 9

case $cmd in
fetch)
    for p in "$@"; do
        fetch_one "$p"
    done
    ;;
unpack)
    dir=$1
    shift
    mkdir -p "$dir"
    for p in "$@"; do
        deb=$(fetch_one "$p")
        dpkg-deb -x "$deb" "$dir"
    done
    ;;
source)
    dir=$1
    src=$apt/sources/$(echo "$2" | tr / _)
    if [ ! -e "$src/stamp" ]; then
        lists
        echo "debian.sh: downloading the source of $2" >&2
        mkdir -p "$src"
        export APT_CONFIG="$apt/apt.conf"
        case $2 in
        */*)
            which=$2
            ;;
        *)
            which=$2=$(apt-cache showsrc "$2" | sed -n 's/^Version: //p' |
                       sort -V | tail -n 1)
            ;;
        esac
        ( cd "$src" &&
          apt-get -q source --tar-only --download-only "$which" >&2 ) ||
            die "cannot download the source of $2"
        touch "$src/stamp"
    fi
    rm -rf "$dir"
    mkdir -p "$dir"
    tar -xf "$src"/*.orig.tar.* --strip-components=1 -C "$dir"
    ;;
depends)
    lists
    APT_CONFIG=$apt/apt.conf apt-cache depends --no-recommends "$1" |
        sed -n 's/^ *Depends: //p' | head -n 1
    ;;
*)
    die "unknown command $cmd"
    ;;
esac
