#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
# shellcheck disable=SC2154 # of tap.sh
# ThreadSanitizer on the engine: what many threads do together is no race.
# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

obj=$TEST_BUILD/sanitize/threads
log=$TEST_TMP/log

# Those with threads. Lua itself is not instrumented: its states are seen by
# their locks. A child that a process with threads has forked can start none
# here, so `reload` is left out; `threads` does the same without.
names=(threads lua-threads lua-shared)

if [ ! -e "$obj/build.ninja" ]; then
    succeeds "meson configures" /usr/bin/meson setup -Db_sanitize=thread \
        "$obj" "$TEST_ROOT"
fi
succeeds "it compiles" ninja -C "$obj" "${names[@]/#/tests/unit/unit-}"

# A report is the end.
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
for name in "${names[@]}"; do
    if "$obj/tests/unit/unit-$name" >"$log" 2>&1; then
        ok "$name: $(grep -c '^ok' "$log") checks without a race"
    else
        not_ok "$name" "$(grep -v '^ok' "$log" | head -n 60)"
    fi
done
tap_done
