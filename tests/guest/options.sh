#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# The emulator's options, its environment variables, its exit status, strace.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

refuse_sync='[policy]
default = allow
[deny]
sync = EACCES'

help_text()
{
    local text
    text=$("$emulator" -help)
    check "-help has -policy" matches "$text" '-policy file +QEMU_POLICY '
    check "-help has -rules" matches "$text" '-rules dir +QEMU_RULES '
    check "-help has -rules-reload" matches "$text" \
        '-rules-reload +QEMU_RULES_RELOAD '
    check "-help has -policy-log" matches "$text" \
        '-policy-log where +QEMU_POLICY_LOG '
    check "-help has -policy-stats" matches "$text" \
        '-policy-stats file +QEMU_POLICY_STATS '
    check "-help has -policy-learn" matches "$text" \
        '-policy-learn file +QEMU_POLICY_LEARN '
}

bad_policy()
{
    policy <<'END'
[policy]
default = allow
[deny]
snyc = EACCES
END
    expect_status "a wrong policy: status 2" 2 call getppid
    check "the guest was not started" equals "$out" ""
    check "the place is named" contains "$err" "policy.ini:4:1: error:"
    given=(-policy "$work/none.ini")
    expect_status "a missing policy: status 2" 2 call getppid
    check "it is named" contains "$err" "none.ini"
    given=(-rules "$work/no-such-directory")
    expect_status "a missing rule directory: status 2" 2 call getppid
    given=("--policy=$work/none.ini")
    expect_status "the same behind an equals sign" 2 call getppid
    check "by its name alone" contains "$err" "$work/none.ini"
    given=("--polixy=$work/none.ini")
    expect_status "an unknown option: status 1" 1 call getppid
    policy <<<"$refuse_sync"
    given=(-policy "$work/policy.ini" -policy-log "$work/none/log")
    expect_status "a log that cannot be written: status 2" 2 call getppid
}

environment()
{
    policy <<<"$refuse_sync"
    printf '[policy]\ndefault = allow\n[deny]\nflock = ENXIO\n' \
        >"$work/second.ini"
    given=()
    export QEMU_POLICY=$work/policy.ini:$work/second.ini
    export QEMU_POLICY_LOG=$log
    expect "QEMU_POLICY holds several, QEMU_POLICY_LOG names the log" \
"sync = EACCES
flock = ENXIO" call sync -- call flock 99 0
    check "both are logged" log_count true 2
    given=(--policy "$work/second.ini")
    export QEMU_POLICY=$work/policy.ini
    expect "an option adds to the environment's" \
"sync = EACCES
flock = ENXIO" call sync -- call flock 99 0
    unset QEMU_POLICY QEMU_POLICY_LOG
}

strace()
{
    policy <<<"$refuse_sync"
    options -strace
    run call sync
    check "strace shows what the policy has refused" matches "$err" \
        'sync\([^)]*\) = -1 errno=[0-9]+ \(Permission denied\) \[policy: deny, [^]]*policy.ini:4\]'
    check "and leaves other calls alone" matches "$err" 'exit_group\(0\)'
    run call lseek 99 0 0
    check "no note where no rule answered" matches "$err" \
        'lseek\([^[]*\(Bad file descriptor\)'$'\n'
    given=(-policy "$work/policy.ini" -strace)
    run call sync
    check "a record on standard error cuts the call's line, as strace does" \
        matches "$err" $'(^|\n)[0-9]+ sync\\([^)]*\\) <unfinished \\.\\.\\.>
  [^\n]* sync\\(\\) = EACCES [^\n]*
[0-9]+ <\\.\\.\\. sync resumed> = -1 errno=[0-9]+ \\(Permission denied\\) \\[policy: deny, [^]]*\\]\n'
    given+=(-D "$work/trace")
    run call sync
    check "a trace of its own is not cut" grep -q '^[0-9]* sync([^)]*) = -1 ' \
        "$work/trace"
    check "... and the record is whole" matches "$err" \
        $'^  [^\n]* sync\\(\\) = EACCES [^\n]*$'
}

default_log()
{
    policy <<<"$refuse_sync"
    given=(-policy "$work/policy.ini")
    run call sync
    check "without -policy-log records go to standard error, readable" \
        matches "$err" 'sync\(\) = EACCES.*policy.ini:4'
}

for_each_target help_text bad_policy environment strace default_log
tap_done
