# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034 # of the tests
#
#     find_twins      sets $TWINS, unless it is given, to a folder of unpatched
#                     emulators of the version that ours are made of: Debian's
#                     own build. Skips the whole test where there are none.
#
# Sourced behind tap.sh.

program=${0##*/}
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
    debian_qemu "$(cat "$QEMU_SRC/VERSION")" || skip_all "$debian_qemu_error"
    TWINS=$debian_qemu
}
