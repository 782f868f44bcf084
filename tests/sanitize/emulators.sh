#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 3000
# shellcheck disable=SC2154 # of tap.sh
# Emulators with ASan and UBSan: tests of tests/guest in which a guest is
# hostile, and the guest that does anything, without threads and with some.
# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

sanitized=$TEST_BUILD/sanitize/bin
log=$TEST_TMP/log
targets=
for target in aarch64 mips; do
    [ ! -x "$sanitized/qemu-$target" ] || targets+="$target "
done
[ -n "$targets" ] || skip_all "tools/setup --sanitize has not been run"

# Faults are the guest's, what is too much for malloc is NULL, and what a call
# has left behind that met with a fault is lost. A finding ends the emulator.
export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_sigbus=0
ASAN_OPTIONS+=:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TEST_BIN=$sanitized TARGETS=$targets

# guest NAME [VARIABLE=VALUE...]
guest()
{
    local name=$1 of
    shift
    if env "$@" "$TEST_ROOT/tests/guest/$name.sh" >"$log" 2>&1; then
        of=$(grep -c '^ok' "$log")
        ok "$name${*:+ $*}: $of checks"
    else
        not_ok "$name${*:+ $*}" "$(grep -v '^ok' "$log" | head -n 60)"
    fi
}

guest mappings
guest pointers
guest frames
guest paths
guest doors
guest random SEED=7 CHILDREN=200
guest random SEED=77 CHILDREN=200
guest random SEED=777 CHILDREN=100 THREADS=3
tap_done
