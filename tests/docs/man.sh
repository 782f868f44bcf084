#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of policy(5) load on every target, and the page has all of the
# grammar that docs/policy.md has.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
page=$TEST_ROOT/docs/man/policy.5
cd "$TEST_TMP" || exit 1
cp -r "$TEST_ROOT/policies/." .

# .EX to .EE, where the first line names a file; without roff's escapes.
awk '
    /^[.]EE/ { file = "" }
    first && match($0, /^; [a-z-]+[.]ini/) { file = substr($0, 3, RLENGTH - 2) }
    { first = /^[.]EX/ }
    file { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print > (file) }' "$page"
for file in server.ini wx.ini faults.ini; do
    succeeds "$file: the policy loads" "$TEST_BIN/qemu-policy" check "$file"
    unlike "$output" 'warning|error' "... without a warning"
done
is "$(grep -c '^; [a-z-]*[.]ini: ' "$page")" 3 "no other example is there"

# productions FILE: the rules of the grammar, one a line, blanks squeezed
productions()
{
    sed -n 's/^ *\([a-z-]* *= .*\)$/\1/p; s/^ *\(| .*\)$/\1/p;
        s/^ *\(( text | .*\)$/\1/p' "$1" |
        sed -n '/^condition *=/,/^text-relation/p' | tr -s ' ' |
        sed 's/ … / ... /; s/| "arg0" | ... | "arg5"/| "arg0" ... "arg5"/'
}
productions "$TEST_ROOT/docs/policy.md" | grep '=' | tr -d '|' | tr -s ' ' |
    sed 's/ = .*//' >md
productions "$page" | grep '=' | tr -d '|' | tr -s ' ' | sed 's/ = .*//' >man
like "$(cat md)" "text-relation" "the grammar is found"
is "$(cat man)" "$(cat md)" "the page has the whole grammar"

# What the sections of the page name is what the program knows.
settings=$(sed -n '/^static const struct key keys/,/^};/s/^ *{ "\([a-z-]*\)".*/\1/p' \
    "$TEST_ROOT/ruleengine/src/settings.c")
for setting in $settings; do
    like "$(sed -n '/^[.]SH SETTINGS/,/^[.]SH RULES/p' "$page" |
        sed 's/\\-/-/g')" "$setting" "the page has the setting $setting"
done
table=$(sed -n '/^## \[policy\]/,/^## \[allow\]/p' \
    "$TEST_ROOT/docs/policy.md" | grep '^| *`')
for setting in $settings; do
    like "$table" "^[^|]*\\|[^|]*\`$setting\`" \
        "docs/policy.md has the setting $setting"
done
tap_done
