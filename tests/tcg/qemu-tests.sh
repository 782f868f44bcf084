#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 7200
#
# QEMU's own tests of user-mode emulation (tests/tcg of its source), for each
# target with a cross compiler, run by four emulators: the unpatched twin, ours
# without a policy, ours under a policy that allows everything without keeping
# the memory apart, and the same with. What passes and what fails must be the
# same but for what the file `differences` names, with its reason; and what it
# names must be so.
#
#     TARGETS="aarch64 mips" TWINS=DIR tests/tcg/qemu-tests.sh
#
# Without TWINS the twins are Debian's own build of the same version.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"
# shellcheck source=tests/tcg/twins.bash
. "$here/twins.bash"

: "${TARGETS:=$(test_targets)}"
makefile=$QEMU_SRC/tests/tcg/Makefile.target
work=$TEST_BUILD/tests/tcg
again=3         # times that a failing test is tried: some depend on timing
limit=120       # seconds for one
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG QEMU_STRACE QEMU_LOG

[ -e "$makefile" ] || skip_all "QEMU's source has no tests/tcg"
find_twins || skip_all "$twins_missing"

# tcg TARGET WORD...: make in the target's folder
tcg()
{
    local folder=$work/$1
    shift
    timeout 3600 make -k -C "$folder" -f "$makefile" --no-print-directory \
        TIMEOUT="$limit" "$@" </dev/null 2>&1
}

# prepare TARGET: what QEMU's configure would write, and the tests compiled
prepare()
{
    local folder=$work/$1 triplet
    triplet=$(target_triplet "$1")
    mkdir -p "$folder"
    printf 'SRC_PATH=%s\nPYTHON=%s\n' "$QEMU_SRC" /usr/bin/python3 \
        >"$work/config-host.mak"
    {
        printf 'TARGET_NAME=%s\nTARGET=%s-linux-user\nBUILD_STATIC=y\n' \
            "$1" "$1"
        printf 'CC=%s\nCCAS=%s\n' "$(target_cc "$1")" "$(target_cc "$1")"
        # Relaxed static programs of alpha jump to address 0 before main().
        [ "$1" != alpha ] || printf 'EXTRA_CFLAGS=-Wl,--no-relax\n'
        for tool in ar as ld nm objcopy ranlib strip; do
            printf '%s=%s-%s\n' "${tool^^}" "$triplet" "$tool"
        done
    } >"$folder/config-target.mak"
    ln -sf "$makefile" "$folder/Makefile"
    tcg "$1" -j2 all >"$folder/compile.log"
    tcg "$1" help | sed -n 's/^  run-//p' | sort -u >"$folder/tests"
}

# Names of tests that failed, in the output of make.
failed_in()
{
    sed -n 's/^make.*: run-\([^]]*\)\] .*/\1/p' "$1" | sort -u
}

# run TARGET NAME COMMAND...: leaves which tests failed in TARGET/NAME.failed
run()
{
    local target=$1 folder=$work/$1 name=$2 try tests
    shift 2
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$folder/qemu-$name"
    chmod +x "$folder/qemu-$name"
    mapfile -t tests < <(sed 's/^/run-/' "$folder/tests")
    for ((try = 0; try < again && ${#tests[@]}; try++)); do
        tcg "$target" QEMU="$folder/qemu-$name" "${tests[@]}" \
            >"$folder/$name.log"
        failed_in "$folder/$name.log" >"$folder/$name.failed"
        mapfile -t tests < <(sed 's/^/run-/' "$folder/$name.failed")
    done
}

# expected TARGET NAME: what `differences` says that fails besides
expected()
{
    awk -v t="$1" -v n="$2" '/^#/ || !NF { next }
        ($1 == t || $1 == "*") && ($3 == n || $3 == "policy" && n != "plain") {
            print $2 }' "$here/differences" |
        grep -xFf "$work/$1/tests"
}

# compare TARGET NAME WHAT: with the twin's
compare()
{
    local folder=$work/$1 wanted got
    wanted=$(sort -u "$folder/twin.failed" <(expected "$1" "$2"))
    got=$(cat "$folder/$2.failed")
    is "$got" "$wanted" "$1: $3: $(wc -l <"$folder/tests") tests, $(
        grep -c . <<<"$got") failures"
    [ "$got" = "$wanted" ] || tail -n 30 "$folder/$2.log" | sed 's/^/# /'
}

printf '[policy]\ndefault = allow\n' >"$TEST_TMP/confined.ini"
printf '[policy]\ndefault = allow\nconfine = no\n' >"$TEST_TMP/open.ini"

for target in $TARGETS; do
    emulator=$TEST_BIN/qemu-$target
    twin=$TWINS/qemu-$target
    if [ ! -x "$emulator" ] || [ ! -x "$twin" ]; then
        skip "$target" "no emulator of it, or no unpatched twin, was built"
        continue
    elif ! command -v "$(target_cc "$target")" >/dev/null; then
        skip "$target" "no compiler for it is installed"
        continue
    fi
    prepare "$target"
    [ -s "$work/$target/tests" ]
    is $? 0 "$target: QEMU has tests for it"
    run "$target" twin "$twin"
    run "$target" plain "$emulator"
    run "$target" open "$emulator -policy $TEST_TMP/open.ini"
    run "$target" confined "$emulator -policy $TEST_TMP/confined.ini"
    compare "$target" plain "without a policy, as unpatched"
    compare "$target" open "all allowed, memory shared"
    compare "$target" confined "all allowed, memory apart"
done
tap_done
