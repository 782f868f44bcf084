#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the window around the guest's memory costs programs that compute:
# Debian's arm64 programs under a policy that allows everything, with and
# without a window, against an unpatched emulator. Seconds of user time, the
# least of interleaved runs, which other work on the machine can only make
# longer. Prints figures; fails when a program did not run.
#
#     ROUNDS=7 tests/benchmark/confine.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
root=$TEST_ROOT
program=tests/benchmark
# shellcheck source=tools/lib/common.sh
. "$root/tools/lib/common.sh"
# shellcheck source=tools/lib/apt.sh
. "$root/tools/lib/apt.sh"
# shellcheck source=tools/lib/foreign.sh
. "$root/tools/lib/foreign.sh"

rounds=${ROUNDS:-7}
twin=$TEST_BUILD/vanilla/qemu-aarch64
ours=$TEST_BIN/qemu-aarch64
guest=$TEST_BUILD/foreign/arm64
packages=(xz-utils perl openssl luajit python3 coreutils)
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG

for needed in "$twin" "$ours"; do
    [ -x "$needed" ] ||
        skip_all "$needed is not built (tools/setup --vanilla)"
done
mkdir -p "$TEST_BUILD/log"
foreign_unpack arm64 "$TEST_BUILD/log/foreign-arm64.log" "${packages[@]}" || {
    not_ok "Debian's ${packages[*]} for arm64" "$foreign_error"
    tap_done
    exit 1
}

cd "$TEST_TMP" || exit 1
printf '[policy]\ndefault = allow\n' >window.ini
printf '[policy]\ndefault = allow\nconfine = no\n' >none.ini
head -c 1500000 "$guest/usr/bin/perl" >bytes
seq 400000 | sed 's/\(.*\)\(.\)/\2\1/' >numbers

# emulator KIND: its command line as $emulator
emulator()
{
    case $1 in
    twin) emulator=("$twin") ;;
    *) emulator=("$ours" -policy "$1.ini") ;;
    esac
}

# measure NAME PROGRAM ARGUMENT...
measure()
{
    local name=$1 kind round time
    local -A least
    shift
    for ((round = 0; round < rounds; round++)); do
        for kind in twin window none; do
            emulator "$kind"
            TIMEFORMAT=%3U
            if ! { time "${emulator[@]}" -L "$guest" "$guest/usr/bin/$1" \
                "${@:2}" >/dev/null 2>err <bytes; } 2>time; then
                not_ok "$name" "$kind: $(tail -n 1 err)"
                return
            fi
            time=$(tail -n 1 time)
            time=$((10#${time/./}))
            if [ -z "${least[$kind]:-}" ] || ((time < least[$kind])); then
                least[$kind]=$time
            fi
        done
    done
    ok "$name"
    printf '# %-12s unpatched %5d ms, no window %+5.1f %%, window %+5.1f %%\n' \
        "$name" "${least[twin]}" \
        "$(change "${least[none]}" "${least[twin]}")" \
        "$(change "${least[window]}" "${least[twin]}")"
}

# change NEW OLD: percent
change()
{
    awk -v new="$1" -v old="$2" 'BEGIN { print (new / old - 1) * 100 }'
}

measure compression xz -1 -c
measure sorting sort -n numbers
measure hashing openssl sha512 bytes
measure perl perl -e 'my %h; $h{$_ * 7919 % 10007} += $_ for 1 .. 400000'
measure python python3 -c 'print(sum(i * i % 7 for i in range(600000)))'
measure jit luajit -e 'local t = {}
for i = 1, 8e6 do t[i % 4096] = (t[i * 7 % 4096] or 0) + i end'
tap_done
