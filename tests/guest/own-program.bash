# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034 # of lib.sh
#
# For tests that bring a program of their own: sourced behind lib.sh.
#
#     own_program NAME     $probe is NAME/*.c, compiled for the target; else the
#                          reason is a skip and the status 1
#     compile_own NAME TARGET    $own is NAME/*.c for that target, or status 1
#     other_target   $other is a target with an emulator beside this one, and
#                    $own exec/*.c for it; or status 1

compile_own()
{
    local newer compiler='' name triplet
    while read -r name triplet _; do
        [ "$name" != "$2" ] || compiler=$triplet-gcc
    done <<<"$cross_table"
    own=$probes/$1-$2
    mkdir -p "$probes"
    newer=$(find "$here/$1" -name '*.[ch]' -newer "$own" 2>&1)
    if [ -x "$own" ] && [ -z "$newer" ]; then
        return 0
    fi
    # shellcheck disable=SC2046 # none or one
    "$compiler" -O1 -Wall -Wextra -static -pthread $(link_flags "$2") \
        -o "$own.$$" "$here/$1"/*.c >"$own.log" 2>&1 && mv "$own.$$" "$own"
}

own_program()
{
    compile_own "$1" "$target" || {
        skip "$target" "$1 does not compile: $(head -n 1 "$own.log")"
        return 1
    }
    probe=$own
}

other_target()
{
    local name
    while read -r name _; do
        if [ -n "$name" ] && [ "$name" != "$target" ] &&
            [ -x "$TEST_BIN/qemu-$name" ] && compile_own exec "$name"; then
            other=$name
            return 0
        fi
    done <<<"$cross_table"
    return 1
}
