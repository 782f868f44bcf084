# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# A C library for cross compilers whose own is no use. Debian 12's compiler for
# sh4 drops comparisons with zero as soon as it optimises; its C library was
# made by it, and no program gets to main(). Debian 13's was made by another.
# Sourced after common.sh and apt.sh, never run.
#
# Below build/cross/:
#
#   bin/TRIPLET-gcc     the compiler with that library, and without optimising;
#                       tests find it first (tools/lib/tap.sh)
#   TRIPLET/            the library's packages, unpacked

# other_libc TARGET LOG: does what TARGET needs, which mostly is nothing.
# Returns 1 when it is not to be had.
other_libc()
{
    local dir=$build/cross triplet=sh4-linux-gnu
    [ "$1" = sh4 ] && [ "$(debian_codename)" = bookworm ] || return 0
    [ ! -x "$dir/bin/$triplet-gcc" ] || return 0
    debian_lines deb trixie |
        apt_config trixie "$(dpkg --print-architecture)" || return 1
    rm -rf "${dir:?}/$triplet" && mkdir -p "$dir/bin" "$dir/$triplet" || return 1
    (cd "$dir/$triplet" && logged "$2" with_apt trixie apt-get -q download \
        libc6-dev-sh4-cross linux-libc-dev-sh4-cross libgcc-14-dev-sh4-cross &&
        for file in *.deb; do
            logged "$2" dpkg-deb -x "$file" . || exit
        done && rm -- *.deb) || return 1
    libc_wrapper "$triplet" "$dir/$triplet/usr" >"$dir/bin/$triplet-gcc.new" &&
        chmod +x "$dir/bin/$triplet-gcc.new" &&
        mv "$dir/bin/$triplet-gcc.new" "$dir/bin/$triplet-gcc"
}

# libc_wrapper TRIPLET FOLDER
libc_wrapper()
{
    local part options=
    for part in "$2/$1/lib" "$2/lib/gcc-cross/$1/14"; do
        options="$options -B'$part' -L'$part'"
    done
    printf '#!/bin/sh\nexec /usr/bin/%s-gcc%s -isystem '\''%s'\'' "$@" -O0\n' \
        "$1" "$options" "$2/$1/include"
}
