#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Threads and children decide at the same time; each record is whole.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

storm()
{
    policy <<'END'
[policy]
default = allow
[deny]
setpgid = EACCES
END
    expect "every call of 8 threads and 4 children is refused" \
        "refused=800 others=0 children=4" storm 8 100 setpgid
    check "and has its record" log_count \
        '.syscall == "setpgid" and .verdict == "deny"' 1200
}

counted()
{
    policy <<'END'
[policy]
default = allow
[emulate]
setpgid = error EIO when 1..500
sched_yield = error EIO when 2+2
END
    expect "counters are exact with threads and shared with children" \
        "refused=400 others=0 children=4" storm 4 100 setpgid
    expect "each second one" \
"sched_yield = 0
sched_yield = EIO
sched_yield = 0
child exited with 0
sched_yield = EIO" \
        call sched_yield -- call sched_yield -- fork call sched_yield -- call sched_yield
}

inherited()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync = EACCES
END
    expect "threads and children keep the policy" \
"sync = EACCES
sync = EACCES
child exited with 0
child exited with 0" thread call sync -- fork fork call sync
}

for_each_target storm counted inherited
tap_done
