#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Numbers that are no system call: negative, huge, in a hole of the table.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# mips o32 numbers start at 4000, n64 at 5000. arm sends SIGILL for numbers from
# 0xf0800 on, as Linux does: no call of any kind.
numbers()
{
    case $target in
    mips | mipsel) nothing=(-1 0x7fffffff 3999 4999 100000) ;;
    mips64*) nothing=(-1 0x7fffffff 4999 5999 100000) ;;
    arm) nothing=(1000 8191 8192 100000 0xeffff) ;;
    *) nothing=(-1 0x7fffffff 1000 8191 8192 100000) ;;
    esac
    words=()
    for number in "${nothing[@]}"; do
        words+=(call "$number" --)
    done
}

# answers TEXT: what is expected when each number gets the answer
answers()
{
    for number in "${nothing[@]}"; do
        printf '%s = %s\n' "$number" "$1"
    done
}

default_()
{
    numbers
    policy <<'END'
[policy]
default = allow
END
    expect "they are ENOSYS" "$(answers ENOSYS)" "${words[@]}"
    policy <<'END'
[policy]
default = deny EPERM
[allow]
syscalls = @default @basic-io @file-system @process @signal @system-service
END
    expect "also where the default is another error" "$(answers ENOSYS)" \
        "${words[@]}"
}

chosen()
{
    numbers
    policy <<'END'
[policy]
default = allow
unknown = deny EBADRQC
END
    expect "the policy can choose an errno" "$(answers EBADRQC)" "${words[@]}"
    check "each is logged" log_count '.errno == "EBADRQC"' ${#nothing[@]}
    policy <<'END'
[policy]
default = allow
unknown = kill
END
    local number
    for number in "${nothing[@]}"; do
        expect_status "the policy can kill for $number" 159 call "$number"
    done
    policy <<'END'
[policy]
default = allow
unknown = trap
END
    expect "or trap" \
"signals=1 signo=yes code=yes errno=0
syscall=yes arch=yes addr=yes" trap "${nothing[0]}"
}

without()
{
    numbers
    given=()
    expect "without a policy they are what they always were" \
        "$(answers ENOSYS)" "${words[@]}"
}

for_each_target default_ chosen without
tap_done
