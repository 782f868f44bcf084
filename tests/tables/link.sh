#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A program that names its target links that target's table and no other.
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tables.bash"

mkdir -p "$TEST_TMP/objects"
for file in "$TEST_ROOT"/syscall-tables/*.c \
    "$TEST_ROOT"/syscall-tables/generated/*.c; do
    name=${file#"$TEST_ROOT"/syscall-tables/}
    cc -std=gnu11 -fPIC -I"$TEST_ROOT/syscall-tables/include" \
        -I"$TEST_ROOT/syscall-tables" -c \
        -o "$TEST_TMP/objects/${name//\//-}.o" "$file" ||
        not_ok "$name compiles"
done
ar rcs "$TEST_TMP/libtables.a" "$TEST_TMP"/objects/*.o
cc -std=gnu11 -I"$TEST_ROOT/syscall-tables/include" -o "$TEST_TMP/one" \
    "$TEST_ROOT/tests/tables/one-target.c" "$TEST_TMP/libtables.a"
is "$("$TEST_TMP/one")" "O_RDONLY|O_CREAT" "the program works"
is "$(nm "$TEST_TMP/one" | sed -n 's/.* \(st_target_[a-z0-9_]*\)$/\1/p' |
    sort | tr '\n' ' ')" "st_target_aarch64 st_target_name " \
    "it holds one table"
tap_done
