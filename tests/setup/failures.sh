#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What set-up says when a step fails: exit status 1, what happened, the end of
# the log and where it is, what to do.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/setup/tree.bash
. "$(dirname "$0")/tree.bash"

tree=$TEST_TMP/tree
qemu=$TEST_TMP/qemu
small_repository "$tree"
small_qemu "$qemu" 10.0.99
setup=$tree/tools/setup

# --- The source ------------------------------------------------------------

exits 1 "a folder that is not there" "$setup" --qemu-source "$TEST_TMP/none"
like "$output" "no folder $TEST_TMP/none" "the folder is named"
mkdir "$TEST_TMP/empty"
exits 1 "a folder that is not QEMU" "$setup" --qemu-source "$TEST_TMP/empty"
like "$output" "empty is not a QEMU source tree" "what is wrong with it"
like "$output" "VERSION" "what it should have"

# --- Patches ---------------------------------------------------------------

small_patch "$tree/qemu/patches/0001-good.patch" unpatched once
small_patch "$tree/qemu/patches/0002-bad.patch" elsewhere twice
exits 1 "a patch that does not apply" "$setup" --qemu-source "$qemu"
like "$output" "^\[3/5\] patches +failed" "the step failed"
like "$output" "0002-bad.patch does not apply to QEMU 10.0.99" \
    "the patch and the version are named"
like "$output" "Hunk #1 FAILED" "the log's end is shown"
like "$output" "log: .*build/log/patches.log" "the log is named"
unlike "$output" "0001-good" "a patch that applies is not blamed"
is "$(find "$tree/build/qemu/10.0.99-own/src" 2>/dev/null)" "" \
    "no half patched tree is left"

# Fuzz would let a patch land on lines that its author has not seen.
sed 's/^ {$/ { \/* other *\//' "$tree/qemu/patches/0001-good.patch" \
    >"$tree/qemu/patches/0002-bad.patch"
rm "$tree/qemu/patches/0001-good.patch"
exits 1 "a patch with another context" "$setup" --qemu-source "$qemu"
like "$output" "0002-bad.patch does not apply" "is not applied with fuzz"
rm "$tree/qemu/patches/0002-bad.patch"

# --- Compilers -------------------------------------------------------------

printf 'int engine(void) { return nothing; }\n' >"$tree/engine.c"
exits 1 "a library that does not compile" "$setup" --qemu-source "$qemu"
like "$output" "the library or a tool does not compile" "which is said"
like "$output" "nothing.*undeclared" "the compiler's words are shown"
like "$output" "log: .*build/log/tools.log" "the library's log is named"
printf 'int engine(void) { return 1; }\n' >"$tree/engine.c"

printf 'int main(void) { return nothing; }\n' >"$qemu/linux-user/main.c"
exits 1 "a QEMU that does not compile" "$setup" --qemu-source "$qemu"
like "$output" "QEMU does not compile" "which is said"
like "$output" "nothing.*undeclared" "QEMU's compiler's words are shown"
like "$output" "log: .*10.0.99-own-qemu.log" "QEMU's log is named"
printf 'echo no libwhatever >&2\nexit 1\n' >"$qemu/configure"
rm -f "$tree/build/qemu/10.0.99-own/obj.stamp"
exits 1 "a QEMU that does not configure" "$setup" --qemu-source "$qemu"
like "$output" "QEMU's configure failed" "the failure is named"
like "$output" "no libwhatever" "configure's words are shown"

# --- The machine -----------------------------------------------------------

fake df 'echo Filesystem' 'echo "/dev/x 100 95 5 95% /"'
rm -rf "$tree/build"
exits 1 "a disk that is full" with_fakes "$setup" --qemu-source "$qemu"
like "$output" "no space left: .* has 5 MB free, this needs [0-9]+ MB" \
    "how much there is and how much is needed"
rm "$TEST_TMP/fake/df"

# Packages: nothing seems to be installed.
fake dpkg-query 'exit 1'
fake id 'echo 1000'
exits 1 "packages are missing, and not root" with_fakes "$setup"
like "$output" "only root can install" "why it stops"
like "$output" "sudo apt-get install .*ninja-build" "and the command to give"
fake id 'echo 0'
fake apt-get 'echo "E: no network" >&2; exit 100'
exits 1 "no Debian mirror configured" with_fakes "$setup"
like "$output" "no Debian mirror answers" "which is said"

printf 'PRETTY_NAME="Plan 9"\nVERSION_CODENAME=glenda\n' >"$TEST_TMP/release"
exits 1 "a release that is not supported" \
    env OS_RELEASE="$TEST_TMP/release" PATH="$TEST_TMP/fake:$PATH" "$setup"
like "$output" "Plan 9 is not supported: set-up knows Debian 12" \
    "the release is named"
like "$output" "^ +gcc .*ninja-build" "what would have to be there is listed"

# A mirror that lists nothing: its address is known, its lists are empty.
rm "$TEST_TMP/fake/dpkg-query" "$TEST_TMP/fake/id"
# shellcheck disable=SC2016 # for the program's own shell
fake apt-get 'case "$*" in' \
    '*indextargets*) . /etc/os-release;' \
    'echo "$VERSION_CODENAME main http://127.0.0.1:9/debian/" ;;' \
    '*) echo "E: Could not connect" >&2; exit 100 ;; esac'
rm -rf "$tree/build"
exits 1 "a mirror that does not answer" with_fakes "$setup" --qemu 10.0
like "$output" "no Debian mirror answers" "the mirror's silence is said"
like "$output" "Could not connect" "apt's words are shown"
like "$output" "--qemu-source DIR" "the way out is named"

tap_done
