# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# For tests written in shell: TAP on standard output. A test sources this,
# makes its checks, and ends with `tap_done`:
#
#   #!/usr/bin/env bash
#   . "$TEST_ROOT/tools/lib/tap.sh"
#   is "$(echo a)" a "echo repeats its argument"
#   succeeds "true succeeds" true
#   tap_done
#
# tools/test gives a test these variables; run by hand, a test finds them by
# itself when it is called by its path:
#
#   TEST_ROOT     the repository          TEST_BUILD    its build/
#   TEST_BIN      build/bin               TEST_TARGETS  emulators there
#   TEST_TMP      an empty folder that is removed afterwards
#   QEMU_SRC      the patched QEMU tree   QEMU_BUILD_DIRS  where it was built
#   LINUX_HEADERS the unpacked linux-headers-*-common
#
# A line `# timeout: SECONDS` in a test replaces the usual limit.

tap_count=0
tap_failed=0

# ok NAME / not_ok NAME [EXPLANATION]
ok()
{
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$1"
}

not_ok()
{
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$1"
    [ -z "${2:-}" ] || sed 's/^/# /' <<<"$2"
}

# skip NAME REASON: one check; skip_all REASON: the whole test
skip()
{
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

skip_all()
{
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

# is GOT EXPECTED NAME
is()
{
    if [ "$1" = "$2" ]; then
        ok "$3"
    else
        not_ok "$3" "got:      $1"$'\n'"expected: $2"
    fi
}

# like TEXT REGEX NAME: an extended regular expression, tried on each line
like()
{
    if grep -qE -- "$2" <<<"$1"; then
        ok "$3"
    else
        not_ok "$3" "no line matches $2 in:"$'\n'"$1"
    fi
}

# unlike TEXT REGEX NAME
unlike()
{
    if grep -qE -- "$2" <<<"$1"; then
        not_ok "$3" "a line matches $2 in:"$'\n'"$1"
    else
        ok "$3"
    fi
}

# exits STATUS NAME COMMAND...: leaves the output in $output, both streams
exits()
{
    local status=$1 name=$2 got=0
    shift 2
    output=$("$@" 2>&1 </dev/null) || got=$?
    if [ "$got" = "$status" ]; then
        ok "$name"
    else
        not_ok "$name" "exit status $got instead of $status:"$'\n'"$output"
    fi
}

succeeds()
{
    exits 0 "$@"
}

tap_done()
{
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}

# What tools/test would have set.
if [ -z "${TEST_ROOT:-}" ]; then
    TEST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
fi
: "${TEST_BUILD:=$TEST_ROOT/build}"
: "${TEST_BIN:=$TEST_BUILD/bin}"
# Tests change folders.
[ ! -d "$TEST_BIN" ] || TEST_BIN=$(cd "$TEST_BIN" && pwd -P)
export TEST_ROOT TEST_BUILD TEST_BIN
PATH=$TEST_BUILD/cross/bin:$PATH    # tools/lib/other-libc.sh
if [ -z "${TEST_TMP:-}" ]; then
    TEST_TMP=$(mktemp -d)
    export TEST_TMP
    trap 'rm -rf "$TEST_TMP"' EXIT
fi
