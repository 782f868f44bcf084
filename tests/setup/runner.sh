#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The runner of the tests: what it counts, and that nothing which goes wrong
# in a test is taken for success.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/setup/tree.bash
. "$(dirname "$0")/tree.bash"

tree=$TEST_TMP/tree
small_repository "$tree"

# shell_test SUITE/NAME LINE...
shell_test()
{
    local file=$tree/tests/$1.sh
    shift
    mkdir -p "${file%/*}"
    printf '%s\n' '#!/bin/sh' "$@" >"$file"
    chmod +x "$file"
}

# gives NAME STATUS LAST-LINE SUITE...: runs tools/test without set-up
gives()
{
    local name=$1 status=$2 line=$3
    shift 3
    exits "$status" "$name: exit status" "$tree/tools/test" --no-setup "$@"
    is "${output##*$'\n'}" "$line" "$name: the last line"
}

shell_test good/one 'echo "ok 1 - a"' 'echo "ok 2 - b"' 'echo 1..2'
gives "two that pass" 0 "2 passed, 0 failed" good
like "$output" '^ok +good/one \(2 passed, [0-9]+s\)$' "one line for them"

shell_test bad/one 'echo "ok 1 - a"' 'echo "not ok 2 - b"' 'echo "# why"' \
    'echo 1..2' 'exit 1'
gives "one that fails" 1 "1 passed, 1 failed" bad
like "$output" '^  \| not ok 2 - b$' "what failed is shown"
like "$output" '^  \| # why$' "and why"
unlike "$output" 'ok 1 - a' "what passed is not"

shell_test skipping/one 'echo "ok 1 - a # SKIP no moon"' 'echo "ok 2 - b"' \
    'echo 1..2'
shell_test skipping/two 'echo "1..0 # SKIP no sun"'
gives "two that skip" 0 "1 passed, 0 failed, 2 skipped" skipping
like "$output" 'skip: a # SKIP no moon' "a check's reason is shown"
like "$output" 'skip: no sun' "a test's reason is shown"

shell_test dying/one 'echo 1..2' 'echo "ok 1 - a"' 'kill -SEGV $$'
gives "one that dies" 1 "1 passed, 1 failed" dying
shell_test short/one 'echo 1..3' 'echo "ok 1 - a"'
gives "one that ends early" 1 "1 passed, 1 failed" short
shell_test planless/one 'echo "ok 1 - a"'
gives "one without a plan" 1 "1 passed, 1 failed" planless
shell_test silent/one 'true'
gives "one that says nothing" 1 "0 passed, 1 failed" silent
shell_test status/one 'echo "ok 1 - a"' 'echo 1..1' 'exit 3'
gives "one with a status but no failure" 1 "1 passed, 1 failed" status
shell_test bailing/one 'echo "ok 1 - a"' 'echo 1..1' 'echo "Bail out! rain"'
gives "one that bails out" 1 "1 passed, 1 failed" bailing
shell_test barred/one 'echo "ok 1 - a"' 'echo 1..1'
chmod -x "$tree/tests/barred/one.sh"
gives "one that cannot be executed" 1 "0 passed, 1 failed" barred
shell_test sourced/one 'echo "ok 1 - a"' 'echo 1..1'
echo 'exit 1' >"$tree/tests/sourced/lib.sh"
gives "what tests source is none" 0 "1 passed, 0 failed" sourced
shell_test slow/one '# timeout: 1' 'echo 1..1' 'exec sleep 20'
gives "one that does not end" 1 "0 passed, 1 failed" slow
like "$output" 'no end after 1 s' "the limit is named"
shell_test limited/one 'echo 1..1' 'exec sleep 20'
gives "--timeout" 1 "0 passed, 1 failed" --timeout 1 limited
shell_test stopping/one '# timeout: 1' 'echo 1..1' 'kill -STOP 0'
gives "one that stops itself and its group" 1 "0 passed, 1 failed" stopping
shell_test leaving/one 'sleep 1234 >/dev/null 2>&1 &' 'echo "ok 1 - $!"' \
    'echo 1..1'
gives "one that leaves a process" 0 "1 passed, 0 failed" leaving
left=$(sed -n 's/^ok 1 - //p' "$tree/build/log/test/leaving.one.tap")
# Killed it is at once; init may take a moment to see it.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$left" 2>/dev/null || break
    sleep 0.2
done
exits 1 "which is gone afterwards" kill -0 "$left"

# What a test is given, and that its folder goes away.
shell_test given/one '[ -d "$TEST_TMP" ] && echo "ok 1 - $TEST_TMP"' \
    'touch "$TEST_TMP/left"' '[ -x "$TEST_ROOT/tools/test" ] &&' \
    'echo "ok 2 - $QEMU_SRC"' 'echo "1..2"'
gives "one that looks around" 0 "2 passed, 0 failed" given
given=$(sed -n 's/^ok 1 - //p' "$tree/build/log/test/given.one.tap")
if [ -n "$given" ] && [ ! -e "$given" ]; then
    ok "its folder is removed"
else
    not_ok "its folder is removed" "$given"
fi

# Choice and order.
shell_test good/two 'echo "ok 1 - c"' 'echo 1..1'
gives "a suite of two" 0 "3 passed, 0 failed" good
gives "one test of a suite" 0 "1 passed, 0 failed" good/two
exits 2 "a test that there is not" "$tree/tools/test" good/three
like "$output" "no test 'good/three'" "it is named"
unlike "$output" '^\[1/' "... before the set-up"
gives "two suites" 1 "4 passed, 1 failed" good bad
shell_test benchmark/one 'echo "ok 1 - fast"' 'echo 1..1'
succeeds "--list" "$tree/tools/test" --list
like "$output" '^good/two$' "names a test"
like "$output" '^benchmark/one$' "names a benchmark"
rm -r "$tree"/tests/{bad,dying,short,planless,silent,status,bailing,slow} \
    "$tree"/tests/{limited,stopping,leaving,barred,sourced}
gives "no suite named" 0 "6 passed, 0 failed, 2 skipped"
unlike "$output" 'benchmark' "benchmarks are run on request only"

# Tests that meson knows: counted by their subtests where they speak TAP.
cat >>"$tree/meson.build" <<'MESON'
test('plain', executable('plain', 'user.c'), suite: 'mixed')
test('tap', find_program('tap'), suite: 'mixed', protocol: 'tap')
test('late', executable('late', 'user.c', build_by_default: false),
     suite: 'mixed')
MESON
printf '#!/bin/sh\necho "ok 1 - a"\necho "not ok 2 - b"\necho 1..2\n' \
    >"$tree/tap"
chmod +x "$tree/tap"
shell_test mixed/shell 'echo "ok 1 - d"' 'echo 1..1'
succeeds "the library is set up" "$tree/tools/setup" --targets none
gives "meson's and shell tests" 1 "4 passed, 1 failed" mixed
like "$output" '^FAILED +mixed/tap \(1 passed, 1 failed\)' "by subtest"
like "$output" '^ok +mixed/plain \(1 passed' "or by exit status"
gives "one of meson's" 0 "1 passed, 0 failed" mixed/plain
printf 'int main(void) { return 1; }\n' >"$tree/user.c"
gives "meson's that fail" 1 "2 passed, 3 failed" mixed
printf 'int main(void) { return nothing; }\n' >"$tree/user.c"
exits 1 "meson's that do not compile" "$tree/tools/test" --no-setup mixed

tap_done
