#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy-lua(7) names each function that handlers have and no other, and
# its example loads.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
page=$TEST_ROOT/docs/man/qemu-policy-lua.7
cd "$TEST_TMP" || exit 1

awk '
    /^[.]EE/ { file = "" }
    first && match($0, /[a-z-]+[.](ini|lua)$/) { file = substr($0, RSTART) }
    { first = /^[.]EX/ }
    file { print > (file) }' "$page"
succeeds "the example loads" "$TEST_BIN/qemu-policy" check router.ini
unlike "$output" 'warning|error' "... without a warning"
like "$(cat router.lua)" 'call:run' "... with its handler"

# known FILE...: names in the lists of functions that Lua is given
known()
{
    (cd "$TEST_ROOT/ruleengine/src" && cat "$@") |
        grep -o '{ "[a-z][a-z0-9_]*", [a-z][a-z0-9_]* }' | cut -d '"' -f 2 |
        sort -u
}

# named PREFIX: names that the page has behind it, in front of "("
named()
{
    grep -oE "(^|[^a-z0-9_])$1[a-z0-9_]+[({]" "$page" |
        sed -E "s/^.*$1//; s/[({]$//" | sort -u
}

methods=$(known lua-call.c lua-memory.c lua-pack.c lua-process.c lua-struct.c)
like "$methods" '(^|[^a-z_])set_u32' "the lists of the code are found"
is "$(named call:)" "$methods" "the methods of calls"
is "$(named shared[.])" "$(known lua-shared.c)" "the functions of shared"
is "$(named c_)" "$(known lua-older.c | sed 's/^c_//')" \
    "the functions of the older form"
for name in $(known lua-libs.c); do
    like "$(cat "$page")" "(^|[^a-z_:.])$name\\(" "the function $name"
done
tap_done
