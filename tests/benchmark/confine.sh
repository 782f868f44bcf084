#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What the window around the guest's memory costs programs that compute:
# Debian's arm64 programs under a policy that allows everything, with and
# without a window, against an unpatched emulator. Milliseconds of user time,
# which other work on the machine can only make longer.
TARGET=aarch64
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin
bench_foreign arm64 xz-utils perl openssl luajit python3 coreutils
size=$(of 100 10)       # per cent

ini window </dev/null
printf 'confine = no\n' | ini none
head -c $((15000 * size)) "$guest/usr/bin/perl" >bytes
seq $((4000 * size)) | sed 's/\(.*\)\(.\)/\2\1/' >numbers

# user_time COMMAND...: milliseconds
user_time()
{
    local TIMEFORMAT=%3U time
    { time "$@" >/dev/null 2>>errors <bytes; } 2>spent || return 1
    time=$(tail -n 1 spent)
    printf '%d' $((10#${time/./}))
}

# compare NAME PROGRAM ARGUMENT...
compare()
{
    local name=$1 program=(-L "$guest" "$guest/usr/bin/$2" "${@:3}")
    row "$name, unpatched" -- user_time "$twin" "${program[@]}"
    row "$name, no window" -b "$name, unpatched" -- \
        user_time "$ours" -policy none.ini "${program[@]}"
    row "$name, window" -b "$name, unpatched" -- \
        user_time "$ours" -policy window.ini "${program[@]}"
}

table programs ms less "user time of programs that compute (arm64)"
compare "xz" xz -1 -c
compare "sort" sort -n numbers
compare "sha512" openssl sha512 bytes
compare "perl" perl -e "my %h; \$h{\$_ * 7919 % 10007} += \$_
    for 1 .. $((4000 * size))"
compare "python" python3 -c "print(sum(i * i % 7 for i in range($((6000 * size)))))"
compare "luajit" luajit -e "local t = {}
for i = 1, $((80000 * size)) do t[i % 4096] = (t[i * 7 % 4096] or 0) + i end"
measure $(((rounds + 2) / 3))
finish
