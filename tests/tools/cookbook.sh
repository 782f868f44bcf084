#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every policy of docs/cookbook.md loads for all targets
# without a warning, and decides as the table below it says.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cp -r "$TEST_ROOT/policies/." "$TEST_TMP" && cd "$TEST_TMP" || exit 1

# The fenced blocks as files: a policy's first line is its name, "; x.ini", and
# a table belongs to the policy before it.
awk '
    /^```ini$/ { getline; name = substr($0, 3); print name > "names"
                 block = name; next }
    /^```cases$/ { block = name; sub(/\.ini$/, ".cases", block); next }
    /^```/ { block = ""; next }
    block != "" { print > block }
' "$TEST_ROOT/docs/cookbook.md"

is "$(sort names | uniq -d)" '' "every policy has a name of its own"
if [ "$(wc -l <names)" -ge 15 ]; then
    ok "there are $(wc -l <names) policies"
else
    not_ok "there are $(wc -l <names) policies" "too few were found"
fi
while read -r policy; do
    succeeds "$policy loads" "$tool" check "$policy"
    is "$output" "$policy: ok (33 targets)" "$policy: nothing to say"
    succeeds "$policy decides" "$tool" test "$policy" "${policy%.ini}.cases"
done <names

tap_done
