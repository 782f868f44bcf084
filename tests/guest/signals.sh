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

for_each_target restart sigreturn
tap_done
