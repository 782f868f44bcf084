#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Learning: what the guest does is written down, each thing once, from all of its
# threads, children and programs, and nothing that it does is changed.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# lesson: the runs that follow learn, and nothing else
lesson()
{
    fresh
    learned=$work/learned
    rm -f "$learned"
    : >"$work/policy.ini"
    given=(-policy-learn "$learned")
}

# learned_count FILTER N
learned_count()
{
    local n
    n=$(jq -s "map(select($1)) | length" "$learned" 2>&1) ||
        { echo "$n"; return 1; }
    [ "$n" = "$2" ] || { echo "$n records, not $2:"; cat "$learned"; return 1; }
}

things()
{
    mkdir -p "$work/folder"
    echo a >"$work/folder/file"
    ln -sf folder/file "$work/link"
    lesson
    expect "calls do what they do" \
"openat = 3
openat = 4
openat = 5
openat = ENOENT
socket = 6" call openat AT_FDCWD "str:$work/folder/file" 0 -- \
        call openat AT_FDCWD str:link 0 -- call openat AT_FDCWD str:folder 0 -- \
        call openat AT_FDCWD str:none 0 -- call socket 1 1 0
    check "a file is learnt by where it leads, once" learned_count \
        ".path == \"$work/folder/file\" and .access == \"read\"" 1
    check "so is what does not exist" learned_count \
        ".path == \"$work/none\"" 1
    check "choices of a call" learned_count \
        '.syscall == "socket" and .args.domain == "AF_UNIX"' 1
    check "the target" learned_count \
        ".verdict == \"learn\" and .target != \"$target\"" 0
    check "the folder that it began in" learned_count ".cwd == \"$work\"" 1
}

refusals()
{
    lesson
    expect "what fails, fails as it does" \
"openat = EFAULT
openat = ENOENT
connect = EBADF
chroot = ENOENT" call openat AT_FDCWD 1 0 -- call openat AT_FDCWD str: 0 -- \
        call connect 99 str:aa 2 -- call chroot "str:$work/none"
}

tree()
{
    lesson
    run storm 8 200 setpgid -- fork call setsid -- call setsid
    check "threads and children are one lesson" learned_count \
        '.syscall == "setsid"' 1
    check "as good as one" [ "$(grep -c '"setpgid"' "$learned")" -lt 64 ]
    run call setsid
    check "a second run goes on in the same file" learned_count \
        '.syscall == "setsid"' 2
}

with_policy()
{
    policy <<'END'
[policy]
default = allow
[deny]
setsid = EACCES
openat = EACCES if path under /etc
END
    learned=$work/learned
    rm -f "$learned"
    options -policy-learn "$learned"
    expect "a policy stands, also when something is learnt" \
"setsid = EACCES
openat = EACCES
openat = 3" call setsid -- call openat AT_FDCWD str:/etc/passwd 0 -- \
        call openat AT_FDCWD str:/dev/null 0
    check "what it refuses is not learnt" learned_count \
        '.syscall == "setsid" or .path == "/etc/passwd"' 0
    check "what it lets through is" learned_count '.path == "/dev/null"' 1
}

bad_file()
{
    fresh
    given=(-policy-learn "$work/none/file")
    expect_status "a file that cannot be made is an error" 2 call getpid
    echo "[policy]" >"$work/mine.ini"
    given=(-policy-learn "$work/mine.ini")
    expect_status "and so is one that holds something else" 2 call getpid
    check "which stays as it is" \
        equals "$(cat "$work/mine.ini")" "[policy]"
}

for_each_target things refusals tree with_policy bad_file
tap_done
