#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
#
# What README.md says of its examples, tried: the policy of five lines, what it
# prints, the mistake that is pointed out, the handler.

# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/../guest/lib.sh"
# shellcheck source=tests/docs/blocks.bash
. "$(dirname "$0")/blocks.bash"

readme=$TEST_ROOT/README.md
[ -e "$readme" ] || skip_all "there is no README.md"
list=$(blocks "$readme" "$work")

# example NAME PATTERN: the policy of the README that has PATTERN
example()
{
    local file
    file=$(awk '$1 == "ini" { print $3 }' <<<"$list" |
        while read -r file; do
            ! grep -q -- "$2" "$work/$file" || printf '%s\n' "$file"
        done)
    if [ "$(grep -c . <<<"$file")" -ne 1 ] || [ -z "$file" ]; then
        not_ok "README.md has one policy with \"$2\"" "found: $file"
        tap_done
    fi
    [ "$file" = "$1" ] || cp "$work/$file" "$work/$1"
}
example offline.ini ptrace
example router.ini handlers

below()
{
    fresh
    given=(-policy "$1")
    cp "$work/$1" "$work/policy.ini"    # for the story of a failure
}

# number CALL: as the target counts
number()
{
    "$TEST_BIN/qemu-policy" list syscalls --target "$target" |
        awk -v name="$1" 'index($2, name "(") == 1 { print $1 }'
}

# The numbers of the ptrace and the reboot here mean nothing to a kernel.
offline()
{
    local ptrace reboot
    ptrace=$(number ptrace)
    reboot=$(number reboot)
    below offline.ini
    expect "an internet socket" "socket = EACCES" call socket 2 1 6
    like "$err" '^ *[0-9:.]{12} [^ ]+\[[0-9]+\] socket\(AF_INET, SOCK_[A-Z]+, IPPROTO_TCP\) = EACCES   offline.ini:4$' \
        "$target: ... is reported as the README shows"
    expect "ptrace" "$ptrace = EPERM" call "$ptrace" 99 0 0 0
    expect_status "reboot ends the program with SIGSYS" 159 \
        call "$reboot" 1 2 3 0

    options -policy-log "$log"
    run call socket 2 1 6
    check "with --policy-log it is JSON: decoded, with its rule" log_count \
        '.syscall == "socket" and .args.domain == "AF_INET" and
         .rule == "offline.ini:4" and (.fix | length > 0)' 1
    options -strace
    run call socket 2 1 6
    like "$err" '^[0-9]+ socket\(.*\) = -1 errno=[0-9]+ \(Permission denied\) \[policy: deny, offline.ini:4\]$' \
        "$target: -strace shows the rule behind the result"
}

handler()
{
    below router.ini
    expect "the handler's answer" "nodename = router" uname
}

# The message of the README, for a policy with this mistake in line 9.
mistake()
{
    local shown
    shown=$(sed -n '/^    \$ build\/bin\/qemu-policy check web.ini$/,/^$/p' \
        "$readme" | sed '1d; /^$/d; s/^    //')
    {
        printf ';\n%.0s' 1 2 3 4 5 6 7
        printf '[allow]\n%s\n' \
            "$(sed -n 's/^ *9 | //p' <<<"$shown")"
    } >"$work/web.ini"
    output=$(cd "$work" && "$TEST_BIN/qemu-policy" check web.ini 2>&1)
    is "$(grep -A 2 ' error: ' <<<"$output")" "$shown" \
        "a mistake is reported as the README shows"
}

mistake
for_each_target offline handler
tap_done
