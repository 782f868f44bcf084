#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Signal frames that no kernel has made. Whatever they hold, the guest's process
# goes on or ends as a guest's does: no fault and no assertion of the emulator's.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

# sound TEXT: nothing in it that an emulator says of itself when it has failed
sound()
{
    ! grep -aE 'internal SIG|^ERROR|[Aa]ssert|Bail out' <<<"$1"
}

# A process whose frame sends it there may ask for the same by itself; and, if not
# for the policy, end all that it can reach.
told()
{
    jq -es 'any(.syscall == "sync")' "$log" >/dev/null
}

frames()
{
    own_program frames || return 0
    local attack
    for attack in registers mutations places stacks; do
        policy <<'END'
[policy]
default = allow
[deny]
sync = EIO
kill = EPERM if pid < 1
END
        expect "$attack" "$attack: done" "$attack"
        check "$attack: the emulator is sound" sound "$err"
        check "$attack: the policy still holds" equals "$status" 3
        check "$attack: and its log" told
    done
}

for_each_target frames
tap_done
