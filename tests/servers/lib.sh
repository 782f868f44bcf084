# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with tests
#
# Real servers of Debian, for other processors, under shipped policies. Sourced
# by the tests of this folder.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
root=$TEST_ROOT
program=tests/servers
# shellcheck source=tools/lib/common.sh
. "$root/tools/lib/common.sh"
# shellcheck source=tools/lib/apt.sh
. "$root/tools/lib/apt.sh"
# shellcheck source=tools/lib/foreign.sh
. "$root/tools/lib/foreign.sh"
# shellcheck source=tools/lib/server.sh
. "$root/tools/lib/server.sh"

unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG
server=
made=$(trap -p EXIT)     # tap.sh may have made a folder to remove
trap '[ -z "$server" ] || end_server "$server"; [ -z "$made" ] || rm -rf "$TEST_TMP"' EXIT

# need TARGET ARCH PACKAGE...: sets $guest, the unpacked root; skips the whole
# test when there is no emulator
need()
{
    local target=$1 arch=$2
    shift 2
    [ -x "$TEST_BIN/qemu-$target" ] ||
        skip_all "qemu-$target is not built"
    # A folder of packages is unpacked by one test at a time.
    exec 8>"$TEST_BUILD/foreign.lock"
    flock 8
    mkdir -p "$TEST_BUILD/log"
    foreign_unpack "$arch" "$TEST_BUILD/log/foreign-$arch.log" "$@" || {
        not_ok "Debian's $* for $arch" "$foreign_error"
        tap_done
        exit 1
    }
    exec 8>&-
    guest=$TEST_BUILD/foreign/$arch
}

# under POLICY PROGRAM ARGUMENT...: in the background, as $server; what the
# policy refuses goes to $log, what the program says to $said
log=$TEST_TMP/log
said=$TEST_TMP/said
under()
{
    local policy=$1
    shift
    "$TEST_BIN/qemu-user" --policy "$root/policies/$policy.ini" \
        --policy-log "$log" -L "$guest" "$@" >"$said" 2>&1 </dev/null &
    server=$!
}

# started PORT NAME
started()
{
    if wait_for_port "$1" "$server" 60; then
        ok "$2 starts under its policy"
        return 0
    fi
    not_ok "$2 starts under its policy" "$(tail -n 20 "$said")"$'\n'"$(
        jq -c '{syscall,args,rule}' "$log" 2>/dev/null | tail -n 20)"
    return 1
}

# refused CALL: whether the log has a refusal of it
refused()
{
    jq -es --arg call "$1" 'any(.[]; .syscall == $call)' "$log" >/dev/null 2>&1
}
