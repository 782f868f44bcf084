#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# shellcheck disable=SC2154 # output, of tap.sh
#
# tools/bench: its command line, what it makes of figures, and that it runs a
# group. No figure of such a run is looked at, for what takes how long is not this
# test's affair; that what is compared with refuses what it should is.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
bench=$TEST_ROOT/tools/bench
report=$TEST_ROOT/tests/benchmark/report
cd "$TEST_TMP" || exit 1

succeeds "--help" "$bench" --help
like "$output" '^Usage: tools/bench' "is about tools/bench"
succeeds "--list" "$bench" --list
is "$(sort <<<"$output")" "$(for file in "$TEST_ROOT"/tests/benchmark/*.sh; do
    [ ! -x "$file" ] || basename "$file" .sh
done | sort)" "names every group, and no other"
exits 2 "an unknown group" "$bench" --no-setup cakes
like "$output" "no group 'cakes'" "is named"
exits 2 "no rounds" "$bench" --no-setup --rounds 0 rules
exits 2 "an unknown target" "$bench" --no-setup --target pdp11 rules
exits 2 "an unknown option" "$bench" --frobnicate
exits 2 "figures that are not there" "$bench" --from nowhere.json
exits 2 "a document that is not there" "$bench" --from /dev/null --write no.md

# Figures whose sums can be done in the head.
line()
{
    local IFS=$'\t'
    printf '%s\n' "$*"
}
{
    line calls calls "A call" ns less plain "" "" "" "400 500 300 200 100"
    line calls calls "A call" ns less quick plain "ratio 1" "" "90 100 75 50 25"
    line calls calls "A call" ns less slow plain "plus 30" "" "131 900 900 900 900"
    line threads lines "Threads" ns less one "" "" 2 "10"
    line threads lines "Threads" ns less one "" "" 1 "20"
    line threads lines "Threads" ns less two one "" 2 "30"
    line threads lines "Threads" ns less two one "" 1 "10"
    line added added "Counted" instructions less none "" "" "" "72"
    line added added "Counted" instructions less six none "plus 6" "" "78"
    line servers web "Web" requests/s more none "" "" "" "100 200"
} >lines
succeeds "figures become JSON" bash -c \
    "'$report' json '{\"qemu\":\"10.0.13\"}' <lines >run.json"

# holds NAME EXPRESSION
holds()
{
    succeeds "$1" jq -e "$2" run.json
}
holds "four tables" '.tables | length == 4'
holds "with what was said about the run" '.v == 1 and .qemu == "10.0.13"'
holds "quartiles" '.tables[0].rows[0] | .least == 100 and .q1 == 200 and
    .median == 300 and .q3 == 400 and .most == 500 and .n == 5'
holds "samples, in their order" \
    '.tables[0].rows[0].samples == [400, 500, 300, 200, 100]'
holds "ratios" '.tables[0].rows[1] | .ratio == 0.25 and .ratio_best == 0.25'
holds "and those of each round" \
    '.tables[0].rows[1] | .ratio_q1 == 0.225 and .ratio_q3 == 0.25'
holds "a budget that is kept" '.tables[0].rows[1].kept'
holds "one that is not" '.tables[0].rows[2].kept == false'
holds "one that is just kept" '.tables[2].rows[1].kept'
holds "points are compared with points" \
    '.tables[1].rows | map(.ratio) == [null, null, 3, 0.5]'
holds "the best of what should be more" '.tables[3].rows[0].best == 200'
exits 5 "a base that is not there is an error" bash -c \
    "sed 's/\tplain\tratio/\tplane\tratio/' lines | '$report' json"

succeeds "JSON becomes tables" "$bench" --from run.json
like "$output" '^\| A call, ns \| best \|.*\| budget \|$' "with what they are of"
like "$output" '^\| slow \| 131 \| 900 .*\| \+30: \*\*over\*\* \|$' \
    "and what is over its budget"
like "$output" '^\| Threads, ns \| 1 \| 2 \|$' "in the order of the axis"
like "$output" '^\| two \| 10.0 \(0.50\) \| 30.0 \(3.0\) \|$' "as points"
like "$output" '^\| six \| 78.0 \| 6.00 \| 1.08 \| \+6: kept \|$' "as counts"

printf '%s\n' before '<!-- bench: calls -->' old '<!-- end -->' between \
    '<!-- bench: learn -->' kept '<!-- end -->' after >doc.md
succeeds "a document is renewed" "$bench" --from run.json --write doc.md
like "$(cat doc.md)" '^\| quick \|' "with the new table"
unlike "$(cat doc.md)" '^old$' "in the old one's place"
is "$(grep -vE '^(\|.*)?$' doc.md | paste -sd' ')" \
    "before <!-- bench: calls --> <!-- end --> between <!-- bench: learn --> kept <!-- end --> after" \
    "and the rest stays"
cp doc.md again.md
succeeds "renewed once more" "$bench" --from run.json --write again.md
is "$(cmp doc.md again.md 2>&1)" "" "it stays as it is"

if command -v gnuplot >/dev/null; then
    succeeds "tables become plots" "$bench" --from run.json --plots plots
    is "$(ls plots | paste -sd' ')" \
        "added-added.svg calls-calls.svg threads-lines.svg" \
        "one for each that compares"
    succeeds "with their names" grep -q 'quick' plots/calls-calls.svg
    printf '![A call](shown/calls-calls.svg)\n' >>doc.md
    succeeds "a document with a plot is renewed" \
        "$bench" --from run.json --write doc.md
    is "$(ls shown)" calls-calls.svg "and the plot with it, no other"
    is "$(grep . plots/threads-lines.svg | tail -n 1)" "</svg>" "to their end"
else
    skip "tables become plots" "gnuplot is not installed"
fi

# What the project is compared with.
gcc -O2 -static -pthread -o native "$TEST_ROOT/tests/benchmark/loop.c" &&
    gcc -O2 -D_GNU_SOURCE -o refuse "$TEST_ROOT/tests/benchmark/refuse.c" \
        -lseccomp
is $? 0 "the programs of the comparison compile"
exits 1 "the loop looks at results" ./native getppid=-1 10
for how in filter notify ptrace; do
    succeeds "$how refuses getppid" ./refuse $how ./native getppid=-1 50
    succeeds "$how lets dup through" ./refuse $how ./native dup=-9 50
done

if [ -x "$TEST_BIN/qemu-aarch64" ] && command -v aarch64-linux-gnu-gcc \
    >/dev/null; then
    succeeds "a group runs" "$bench" --no-setup --quick --json rules.json rules
    like "$output" '^\[1/1\] rules +ok' "and is told"
    like "$output" '^QEMU [0-9.]+, aarch64, .*a quick run' "with how it was run"
    like "$output" '^\| getppid: none concerns it \| [0-9.]+ \| [0-9.]+ \|$' \
        "and its figures"
    succeeds "its JSON has them all" jq -e \
        '[.tables[].rows[].samples[]] | length > 16 and all(. >= 0)' rules.json
else
    skip "a group runs" "qemu-aarch64 or a compiler for it is missing"
fi
tap_done
