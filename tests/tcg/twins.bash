# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034 # of the tests
#
#     find_twins      sets $TWINS, unless it is given, to a folder of unpatched
#                     emulators of the version that ours are made of: Debian's
#                     own build. Returns 1 where there are none, and says why in
#                     $twins_missing.
#
# Sourced behind tap.sh.

: "${program:=${0##*/}}"
: "${QEMU_SRC:=$TEST_BUILD/qemu/current/src}"
# shellcheck source=tools/lib/common.sh
. "$TEST_ROOT/tools/lib/common.sh"
build=$TEST_BUILD logs=$TEST_BUILD/log
# shellcheck source=tools/lib/apt.sh
. "$TEST_ROOT/tools/lib/apt.sh"
# shellcheck source=tools/lib/debian-qemu.sh
. "$TEST_ROOT/tools/lib/debian-qemu.sh"

find_twins()
{
    [ -z "${TWINS:-}" ] || return 0
    debian_qemu "$(cat "$QEMU_SRC/VERSION")" || {
        twins_missing=$debian_qemu_error
        return 1
    }
    TWINS=$debian_qemu
}
