#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Set-up does what is to do, once: patches that change are applied anew, a
# library that changes is linked in, everything else stays as it is.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/setup/tree.bash
. "$(dirname "$0")/tree.bash"

tree=$TEST_TMP/tree
qemu=$TEST_TMP/qemu
small_repository "$tree"
small_qemu "$qemu" 10.0.99
setup=$tree/tools/setup
bin=$tree/build/bin

digest()
{
    (cd "$1" && find . -type f -printf '%p %T@\n' -exec sha256sum {} + | sort |
        sha256sum)
}

before=$(digest "$qemu")
small_patch "$tree/qemu/patches/0001-first.patch" unpatched first

succeeds "the first run" "$setup" --qemu-source "$qemu"
like "$output" '^\[1/5\] packages +ok$' "packages are there"
like "$output" '^\[2/5\] QEMU 10.0.99 source ok' "the version is the tree's"
like "$output" '^\[3/5\] patches +ok \(1 applied\)$' "patches are counted"
like "$output" '^\[4/5\] library and tools +ok' "the library is built"
like "$output" '^\[5/5\] qemu-aarch64 +ok \(1/1, ' "the emulator is built"
is "$("$bin/qemu-aarch64")" first "the emulator is the patched one"
succeeds "the launcher is there" "$bin/qemu-user"
is "$(digest "$qemu")" "$before" "the user's tree is as it was"
is "$(readlink -f "$tree/build/qemu/current/src/linux-user/policy")" \
    "$tree/qemu/glue" "the glue is reached through the patched tree"

made=$(stat -c '%Y %i' "$bin/qemu-aarch64")
succeeds "the second run" "$setup"
like "$output" '^\[5/5\] qemu-aarch64 +ok$' "has nothing to build"
is "$(stat -c '%Y %i' "$bin/qemu-aarch64")" "$made" \
    "the emulator is left alone"

# Another target beside the first, and what a plain run then holds up to date.
succeeds "another target" "$setup" --targets s390x
like "$output" '^\[5/5\] qemu-s390x +ok \(1/1' "only that is built"
is "$(cd "$bin" && echo qemu-[a-z]*)" "qemu-aarch64 qemu-s390x qemu-user" \
    "the first is still there"
succeeds "no target named" "$setup"
like "$output" '^\[5/5\] 2 emulators +ok$' "means those that are there"

# A patch that changes.
small_patch "$tree/qemu/patches/0001-first.patch" unpatched second
succeeds "after a change of the series" "$setup"
like "$output" '^\[5/5\] 2 emulators +ok \(2/2' "both are built again"
is "$("$bin/qemu-aarch64")" second "with the new patch"
small_patch "$tree/qemu/patches/0002-more.patch" second third
succeeds "after a longer series" "$setup" --targets aarch64
is "$("$bin/qemu-aarch64")" third "both patches are in, in order"

# Files that a new series leaves as they were keep their times: ninja would
# compile the whole of QEMU otherwise.
touch -d '2001-02-03' "$tree/build/qemu/current/src/VERSION"
printf '\n' >>"$tree/qemu/patches/0002-more.patch"
cp "$qemu/VERSION" "$qemu/VERSION.new" && mv "$qemu/VERSION.new" \
    "$qemu/VERSION"
succeeds "after a change that is none" "$setup" --targets aarch64
is "$(date -r "$tree/build/qemu/current/src/VERSION" +%F)" 2001-02-03 \
    "an equal file keeps its time"

# The library.
before=$(stat -c '%i %Z' "$bin/qemu-aarch64")
sleep 1
printf 'int engine(void);\nint engine(void) { return 2; }\n' >"$tree/engine.c"
succeeds "after a change of the library" "$setup" --targets aarch64
like "$output" '^\[5/5\] qemu-aarch64 +ok \(1/1' "the emulator is linked again"

# The user's tree.
sed -i 's/return 0/return 3/' "$qemu/linux-user/main.c"
sed -i 's/return 0/return 3/' "$tree"/qemu/patches/*.patch
succeeds "after a change of the user's tree" "$setup" --targets aarch64
"$bin/qemu-aarch64" >/dev/null
is $? 3 "the change is in the emulator"

# Twins.
succeeds "with twins" "$setup" --targets aarch64 --vanilla
like "$output" '^\[6/6\] unpatched qemu-aarch64 +ok' "the twin is built"
is "$("$tree/build/vanilla/qemu-aarch64")" unpatched "without patches"
is "$("$bin/qemu-aarch64")" third "beside the patched one"
if [ -e "$tree/build/qemu/current/vanilla/src/linux-user/policy" ]; then
    not_ok "the twin's tree has no glue"
else
    ok "the twin's tree has no glue"
fi

# What benchmarks compare with. The packages would have to be installed.
# shellcheck disable=SC2016 # for the program's own shell
fake dpkg-query 'shift 3' \
    'for name; do printf "ii |%s|9:9\n" "$name"; done'
succeeds "with twins that take plugins" with_fakes "$setup" \
    --targets aarch64 --bench
like "$output" '^\[7/7\] plugins qemu-aarch64 +ok' "they are built, too"
is "$("$tree/build/plugins/qemu-aarch64")" unpatched "without patches"

# Another QEMU: emulators of two versions must not lie side by side.
small_qemu "$TEST_TMP/other" 10.2.99
sed -i 's/return 3/return 0/' "$tree"/qemu/patches/*.patch
succeeds "another QEMU" "$setup" --qemu-source "$TEST_TMP/other" \
    --targets s390x
is "$(cd "$bin" && echo qemu-[a-z]*)" "qemu-s390x qemu-user" \
    "the emulators of the other one are gone"
is "$(readlink "$tree/build/qemu/current")" 10.2.99-own "current leads to it"

# Two runs at once.
"$setup" >"$TEST_TMP/one" 2>&1 &
"$setup" >"$TEST_TMP/two" 2>&1
is $? 0 "of two runs at once one succeeds"
wait $!
is $? 0 "and the other too"
like "$(cat "$TEST_TMP/one" "$TEST_TMP/two")" '^\[5/5\] qemu-s390x +ok' \
    "both to the end"

# An interrupted run leaves nothing that the next one trusts.
rm -rf "$tree/build/qemu/10.2.99-own/stamps" 
mkdir -p "$tree/build/qemu/10.2.99-own/src.new/rubbish"
succeeds "after an interruption" "$setup"
is "$(ls -d "$tree"/build/qemu/10.2.99-own/src*/rubbish 2>/dev/null)" "" \
    "what it left behind is not used"

tap_done
