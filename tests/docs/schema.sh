#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verdicts and members of a record are the same in the engine, in
# docs/audit.md, in docs/audit.schema.json and for qemu-policy report.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
schema=$TEST_ROOT/docs/audit.schema.json
document=$TEST_ROOT/docs/audit.md

engine=$(sed -n '/^const char \*re_verdict_name/,/^}/p' \
    "$TEST_ROOT/ruleengine/src/verdict.c" | grep -o '"[a-z-]*"' | tr -d '"')
described=$(grep '^| `verdict` |' "$document" | grep -o '`[a-z-]*`' |
    tr -d '`' | tail -n +2)
is "$(jq -r '.properties.verdict.enum[]' "$schema" | sort)" \
    "$(printf '%s\nlog\nlimit' "$engine" | sort)" "the schema has the engine's verdicts"
is "$(sort <<<"$described")" "$(printf '%s\nlog\nlimit' "$engine" | sort)" \
    "so has the document"
jq -r '.properties.verdict.enum[]' "$schema" | while read -r verdict; do
    printf '{"v":1,"time":"2021-03-04T10:42:01.000000Z","verdict":"%s"}\n' \
        "$verdict"
done >"$TEST_TMP/log"
is "$("$TEST_BIN/qemu-policy" report --verdict all --json "$TEST_TMP/log" |
    jq -c '[.foreign, .damaged]')" "[0,0]" "reports know all of them"

# The rows of the table, and what is said of messages below it.
members=$(sed -n '/^## JSON lines/,/^### /p' "$document" |
    sed -n 's/^| \(\[*`[^|]*\) | [^|]* | .*/\1/p' | grep -o '`[a-z0-9]*`' |
    tr -d '`')
is "$(jq -r '.properties | keys[]' "$schema" | sort)" \
    "$(printf '%s\ndata\nmessage\nsource' "$members" | sort)" \
    "the schema has the document's members"
tap_done
