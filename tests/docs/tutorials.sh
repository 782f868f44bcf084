#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# shellcheck disable=SC2154 # output, of tap.sh
#
# The tutorials, done: what they show as files is written (```c, ```ini, ```lua
# blocks that begin with a comment with a name), what they show as commands is
# run (```sh), and the lines they show as output (```text) come in that order.
# "…" in such a line stands for anything.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-aarch64" ] || skip_all "qemu-aarch64 was not built"
command -v aarch64-linux-gnu-gcc >/dev/null ||
    skip_all "there is no compiler for aarch64"
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG QEMU_LD_PREFIX
export PATH=$TEST_BIN:$PATH repo=$TEST_ROOT COLUMNS=200 LC_ALL=C.UTF-8

# steps DOCUMENT FOLDER: writes its files; prints kind and file of each other
# block: "sh FOLDER/.12", "text FOLDER/.20"
steps()
{
    awk -v dir="$2" '
        kind && /^```/ {
            file = dir "/." line
            if (kind != "sh" && kind != "text") {
                name = text
                sub(/\n.*/, "", name)
                gsub(/^(\/\*|;|--) *| *\*\/$/, "", name)
                sub(/:.*/, "", name)
                file = dir "/" name
            } else
                print kind, file
            printf "%s", text >file
            close(file)
            kind = ""
            next
        }
        /^```(c|ini|lua|sh|text)$/ {
            kind = substr($0, 4); line = NR; text = ""; next
        }
        kind { text = text $0 "\n" }' "$1"
}

# shows EXPECTED-FILE OUTPUT NAME: each line, in order
shows()
{
    local wanted pattern lines at=0
    mapfile -t lines <<<"$2"
    while IFS= read -r wanted; do
        pattern=$(sed 's/[][\\.*^$(){}|+?]/\\&/g; s/…/.*/g' <<<"$wanted")
        while [ $at -lt ${#lines[@]} ] &&
            ! grep -qE -- "^ *$pattern *\$" <<<"${lines[at]}"; do
            at=$((at + 1))
        done
        if [ $at -ge ${#lines[@]} ]; then
            not_ok "$3" "no line \"$wanted\", or not in this order, in:
$2"
            return
        fi
        at=$((at + 1))
    done <"$1"
    ok "$3"
}

for document in "$TEST_ROOT"/docs/tutorials/*.md; do
    name=$(basename "$document" .md)
    folder=$TEST_TMP/$name
    mkdir "$folder"
    cd "$folder" || exit 1
    output=
    list=$(steps "$document" "$folder")
    while read -r kind file; do
        line=${file##*.}
        case $kind in
        sh) succeeds "$name.md:$line: the commands" bash -euo pipefail "$file" ;;
        text) shows "$file" "$output" "$name.md:$line: what they print" ;;
        esac
    done <<<"$list"
done
[ "$tap_count" -ge 8 ] || not_ok "the tutorials have commands"
tap_done
