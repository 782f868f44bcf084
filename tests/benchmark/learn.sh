#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What learning costs for a call that has been seen, against the same emulator
# without any option. Fails when a call about which nothing is left to learn
# costs more than a few instructions; and what it costs where most of the time
# goes into starting programs: make, whose every rule is a shell and some tools.
# Servers under load are in servers.sh.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin
count=$(of 20000)

learning()
{
    rm -f lesson
    "$ours" -policy-learn lesson "$loop" "$@"
}

table times ns less "a call that was learnt from ($target)" cpu
for call in getppid dup openat; do
    row "$call" -- "$ours" "$loop" "$call" "$count"
    row "$call, learning" -b "$call" -- learning "$call" "$count"
done
measure || finish

# A rule is a shell that runs two programs and writes two files.
build_steps=$(of 20 3)
make_guest()
{
    bench_foreign arm64 make busybox-static
    mkdir -p work
    {
        printf 'SHELL = %s\n' "$guest/bin/busybox"
        printf '.SHELLFLAGS = sh -c\nB = %s\n' "$guest/bin/busybox"
        printf 'out: %s\n\tcat $^ >$@\n' "$(seq -f 'o.%g' -s ' ' "$build_steps")"
        printf 'o.%%: src\n\t$(B) sed s/a/$*/ $< >$@.tmp && $(B) mv $@.tmp $@\n'
    } >work/Makefile
    echo a >work/src
}

# build OPTION...: microseconds of processor time, all programs together
build()
{
    rm -f work/o.* work/out
    spent "$ours" "$@" -L "$guest" "$guest/usr/bin/make" -C work -s out &&
        [ -s work/out ]
}

build_learning()
{
    rm -f lesson
    build -policy-learn lesson
}

# Without a policy a guest's programs are the kernel's to start, which takes none
# for another processor: a policy about nothing is what others are compared with.
if [ "$target" = aarch64 ]; then
    make_guest
    table build µs less "make and a shell: processor time of $build_steps rules"
    row "one rule for another call" -- build -policy other.ini
    row "a path rule" -b "one rule for another call" -- build -policy paths.ini
    row "learning" -b "one rule for another call" -- build_learning
    measure $(((rounds + 2) / 3)) || finish
else
    skip "make and a shell" "it is measured for aarch64"
fi

if ! command -v valgrind >/dev/null; then
    skip "instructions" "valgrind is not installed"
    finish
fi
many=$(of 9000 3000)
table instructions instructions less "a call that was learnt from ($target)"
for call in getppid dup openat; do
    # A path is looked at by functions that others call, too.
    counted=$added_functions
    [ $call != openat ] || counted=.
    row "$call" -- instructions "$counted" 1000 "$many" "$ours" "$loop" "$call"
    row "$call, learning" -b "$call" -- instructions "$counted" 1000 "$many" \
        "$ours" -policy-learn lesson "$loop" "$call"
done
measure 1 || finish
is "$(awk -F '\t' -v table="$table_id" '$2 == table { v[$6] = $10 }
    END {
        for (call in v)
            if (call ~ /^(getppid|dup)$/ && v[call ", learning"] - v[call] > 40)
                print call
    }' "$results")" "" "when getppid and dup were seen they cost few instructions"
finish
