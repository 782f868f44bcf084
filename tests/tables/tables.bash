# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the shell tests of this folder: the library's dump program, built from
# the sources, so that no build folder is needed.

build_dump()
{
    cc -std=gnu11 -O0 -I"$TEST_ROOT/syscall-tables/include" \
        -I"$TEST_ROOT/syscall-tables" -o "$TEST_TMP/dump" \
        "$TEST_ROOT/tests/tables/dump.c" "$TEST_ROOT"/syscall-tables/*.c \
        "$TEST_ROOT"/syscall-tables/generated/*.c
}

all_targets()
{
    sed -n 's/^TARGET(\(.*\))$/\1/p' \
        "$TEST_ROOT/syscall-tables/generated/targets.inc"
}
