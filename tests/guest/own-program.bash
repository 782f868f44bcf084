# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034 # of lib.sh
#
# For tests that bring a program of their own: sourced behind lib.sh.
#
#     own_program NAME     $probe is NAME/*.c, compiled for the target; else the
#                          reason is a skip and the status 1

own_program()
{
    local newer compiler name triplet
    while read -r name triplet _; do
        [ "$name" != "$target" ] || compiler=$triplet-gcc
    done <<<"$cross_table"
    probe=$probes/$1-$target
    newer=$(find "$here/$1" -name '*.[ch]' -newer "$probe" 2>&1)
    if [ ! -x "$probe" ] || [ -n "$newer" ]; then
        "$compiler" -O1 -Wall -Wextra -static -pthread -o "$probe.$$" \
            "$here/$1"/*.c >"$probe.log" 2>&1 && mv "$probe.$$" "$probe" || {
            skip "$target" "$1 does not compile: $(head -n 1 "$probe.log")"
            return 1
        }
    fi
}
