#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What qemu-policy check advises: of each lint/NAME.ini it says lint/NAME.txt,
# and of the policies in policies/ nothing.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_ROOT/tests/tools/lint" || exit 1

for policy in *.ini; do
    succeeds "$policy loads" "$tool" check "$policy"
    is "$output" "$(cat "${policy%.ini}.txt")" "$policy: what it says"
done
while read -r policy; do
    succeeds "${policy##*/policies/} loads" "$tool" check "$policy"
    is "$output" "$policy: ok (33 targets)" "${policy##*/policies/} is fine"
done < <(find "$TEST_ROOT/policies" -name '*.ini' | sort)

tap_done
