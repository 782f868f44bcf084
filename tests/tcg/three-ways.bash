# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the tests
#
# For tests that run Debian's programs for arm64 three ways and compare:
#
#     three_ways PACKAGE...   unpacks them, with all they need, into $guest, and
#                             sets the emulators, each an array of words:
#                             twin, the unpatched one; plain, ours without a
#                             policy; under_policy, ours below one that allows
#                             everything. Skips the test where one is missing.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/servers/lib.sh
. "$here/../servers/lib.sh"
here=$TEST_ROOT/tests/tcg
# shellcheck source=tests/tcg/twins.bash
. "$here/twins.bash"

three_ways()
{
    find_twins || skip_all "$twins_missing"
    need aarch64 arm64 "$@"
    printf '[policy]\ndefault = allow\n' >"$TEST_TMP/all.ini"
    twin=("$TWINS/qemu-aarch64")
    plain=("$TEST_BIN/qemu-aarch64")
    under_policy=("$TEST_BIN/qemu-aarch64" -policy "$TEST_TMP/all.ini")
}
