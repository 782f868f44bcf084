#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# A guest that does anything at all, within one folder: whatever it comes to, the
# emulator comes to no harm. What harm is stands on standard error: an assertion,
# a fault that is the emulator's own, a sanitizer's report.
#
# By hand, also with emulators that are checked (tools/setup --sanitize):
#
#     TEST_BIN=build/sanitize/bin SEED=$RANDOM CHILDREN=500 tests/guest/random.sh
#
# With THREADS=3 several threads change mappings below each other's calls. Where
# the host is no x86-64, a fault of QEMU's own at an address of the guest's is no
# finding then: QEMU looks whether memory is there before it uses it, and not
# while.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

seed=${SEED:-20261122}
children=${CHILDREN:-12}
threads=${THREADS:-0}
TARGETS=${TARGETS:-aarch64 mips}

# Not as root, where that can be: the policy is the first wall, not the only one.
as_nobody()
{
    if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --regid=65534 \
        --clear-groups test -x "$emulator" -a -x "$probe" -a -w "$1" 2>/dev/null
    then
        wrapper=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    else
        wrapper=()
    fi
}

# Faults are the guest's, and what is too much for malloc is NULL.
asan=detect_leaks=0:handle_segv=0:handle_sigbus=0:allocator_may_return_null=1

harm()
{
    local words='Assertion|Sanitizer|runtime error|smashing|double free|corrupt'
    words+='|failed to allocate'    # GLib's, after which it aborts
    [ "$threads" -gt 0 ] && [ "$(uname -m)" != x86_64 ] ||
        words+='|QEMU internal SIG'
    tr -d '\0' <"$work/err" | grep -aE "$words" |
        grep -av 'WARNING: AddressSanitizer failed to allocate'
}

anything()
{
    local folder=$work/anything
    own_program random || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    "$TEST_BIN/qemu-policy" list syscalls --target "$target" >"$folder/table"
    sed "s|WORK|$folder|" "$here/random/random.ini" >"$work/random.ini"
    : >"$work/in"
    chmod 777 "$folder"
    chmod 755 "$work"
    as_nobody "$folder"
    {
        out=$(cd "$folder" && ulimit -f 65536 && ulimit -c 0 &&
            ASAN_OPTIONS=$asan UBSAN_OPTIONS=print_stacktrace=1 exec timeout -k 5 280 \
            "${wrapper[@]}" "$emulator" -policy "$work/random.ini" "$probe" \
            table "$seed" "$children" 150 "$threads" tell \
            <"$work/in" 2>"$work/err" 3<&-)
        status=$?
    } 2>/dev/null
    check "$children random children of seed $seed: the program goes on" \
        matches "$status:$(tail -n 1 <<<"$out")" "^0:.* of $children children"
    is "$(harm)" "" "$target: the emulator comes to no harm"
    [ -z "$(harm)" ] || tr -d '\0' <<<"$out" | sed 's/^/# /'
}

for_each_target anything
tap_done
