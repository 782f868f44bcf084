#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Calls that a signal interrupts or that return from one.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

restart()
{
    policy <<'END'
[policy]
default = allow
[allow]
read = always log
END
    expect "a read that a signal interrupts goes on" \
"read = 1
byte=x signals=1" restart
    check "and is logged once" log_count '.syscall == "read"' 1
    expect "without SA_RESTART the caller sees EINTR" \
"read = EINTR
byte=- signals=1" interrupt
    policy <<'END'
[policy]
default = allow
[emulate]
read = error EIO when 2
END
    expect "and is counted once" \
"read = 1
byte=x signals=1
read = EIO" restart -- call read 99 0 0
}

# Both ways of returning, each of which replaces the registers.
sigreturn()
{
    policy <<'END'
[policy]
default = allow
[allow]
rt_sigreturn = always log
?sigreturn   = always log
END
    expect "handlers return through the policy" "signals=3" sigreturn
    check "and each is logged" log_count '.syscall | endswith("sigreturn")' 3
}

no_core() { ! compgen -G "$work/*core*"; }

# Whatever ends a guest, no memory of the emulator's is left in a file. The limit
# is one byte: it also keeps programs from being started that the kernel would
# hand a core to, which 0 does not.
cores()
{
    local n end
    run call kill self 11
    if ! no_core >/dev/null; then
        ok "$target: without a policy there is a core file"
    else
        skip "$target: without a policy there is a core file" \
            "QEMU and the kernel leave none here"
    fi
    for n in 3 4 6 8 11; do
        for end in "call kill self" "fork call kill self" \
            "thread call kill self"; do
            policy <<'END'
[policy]
default = allow
END
            # shellcheck disable=SC2086 # words
            run $end $n
            # From a thread, the process may be quicker to end than the signal.
            [ "$status" -gt 128 ] || [ "${end%% *}" != call ]
            is $? 0 "$target: $end $n ends by a signal"
            check "$end $n: no core file" no_core
        done
    done
    policy <<'END'
[policy]
default = allow
[deny]
sync = kill
END
    expect_status "the verdict kill" 159 call sync
    check "the verdict kill: no core file" no_core
    expect "the limit stays what it is" $'limit 1 1\nlimit 1 1' limit 4
}

for_each_target restart sigreturn cores
tap_done
