#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy show and diff: what policies come to, and where they differ.
# qemu-policy-diff.sh: which conditions mean the same.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_TMP" || exit 1

# says STATUS EXPECTED NAME WORD...: exit status and whole output
says()
{
    local status=$1 expected=$2 name=$3
    shift 3
    exits "$status" "$name" "$tool" "$@"
    is "$output" "$expected" "$name: what it says"
}

cat >part.ini <<'END'
[policy]
on-error = deny EIO
[allow]
syscalls = read write:log
connect = port == 80
  || port == 443
END
cat >a.ini <<'END'
[policy]
include = part.ini
[deny]
syscalls = connect:EACCES
read = EINTR when 3 permissive
umount2 = EBUSY if flags != 0
END

succeeds "show of one call" "$tool" show a.ini read
is "$output" 'read                    a.ini:5     deny EINTR when 3 permissive
                        part.ini:4  allow' "its rules, the first to win on top"
succeeds "show of a condition on two lines" "$tool" show a.ini connect
is "$output" 'connect                 part.ini:5  allow if port == 80 || port == 443
                        a.ini:4     deny EACCES' "it is one line"
succeeds "show of a call that only the default governs" \
    "$tool" show a.ini --target arm uname
is "$output" 'uname                   a.ini default  deny EPERM' \
    "where it comes from"
succeeds "show of a set" "$tool" show a.ini @read
like "$output" '^getdents +a.ini default +deny EPERM$' "its members"
succeeds "show" "$tool" show a.ini
like "$output" '^\[policy\] on-error +part.ini:2  deny EIO$' "settings"
like "$output" '^write +part.ini:4 +allow log$' "calls with rules"
like "$output" '^umount2 +a.ini:6 .*always\)  \(on 1[0-9] targets' \
    "targets where a spelling lacks an argument"
like "$output" '^\(every other call\) +a.ini default +deny EPERM$' "the rest"
like "$output" '^\(unknown number\) +a.ini default +deny ENOSYS$' \
    "numbers without a name"
exits 2 "an unknown call" "$tool" show a.ini opneat
like "$output" 'unknown syscall "opneat" \(did you mean "openat"\?\)' "what was meant"
exits 2 "an unknown set" "$tool" show a.ini @opne
like "$output" 'unknown set "@opne" \(did you mean "@open"\?\)' "what was meant"
exits 2 "a call that the target lacks" \
    "$tool" show a.ini --target aarch64 open
exits 1 "a policy that is not there" "$tool" show b.ini
exits 2 "no policy" "$tool" show

# --- diff -------------------------------------------------------------------

cat >b.ini <<'END'
[policy]
on-error = deny EIO
[deny]
umount2 = EBUSY if flags != 0
connect = EACCES
read = EINTR   when 3 permissive
[allow]
connect = port == 80 || port == 443
syscalls = write:log
read = always
END
says 0 '' "the same, written otherwise" diff a.ini b.ini
sed -i 's/443/8443/; s/EBUSY/EAGAIN/; /^on-error/d' b.ini
says 1 '[policy] on-error (33 targets)
  - deny EIO
  + deny EPERM
connect (33 targets)
  - part.ini:5  allow if port == 80 || port == 443
  + b.ini:7  allow if port == 80 || port == 8443
    b.ini:4  deny EACCES
    e.g. connect addr=192.0.2.1 port=443: allow (part.ini:5), then deny EACCES (b.ini:4)
umount2 (33 targets)
  - a.ini:6  deny EBUSY if flags != 0
  + b.ini:3  deny EAGAIN if flags != 0
    default  deny EPERM
    e.g. umount2 flags=MNT_FORCE: deny EBUSY (a.ini:6), then deny EAGAIN (b.ini:3)
umount2 (18 targets, not aarch64, aarch64_be, hexagon, hppa, loongarch64, mips64, mips64el, mipsn32, mipsn32el, or1k, ppc64, ppc64le, riscv32, riscv64, x86_64)
  - a.ini:6  deny EBUSY if flags != 0 (always)
  + b.ini:3  deny EAGAIN if flags != 0 (always)' "what differs" diff a.ini b.ini
printf '[policy]\ndefault = allow\n' >c.ini
exits 1 "two defaults" "$tool" diff a.ini c.ini --target arm
like "$output" ' and [0-9]+ more \(arm\)$' "many calls are counted"
exits 1 "a policy that is wrong" "$tool" diff a.ini nowhere.ini
exits 2 "one policy" "$tool" diff a.ini

# The host's wall: how many calls it leaves open, and what a log adds.
printf '[policy]\ndefault = deny EPERM\n[allow]\nsyscalls = read write exit_group\n' >wall.ini
exits 0 "calls of the host" "$tool" show wall.ini --host-calls --target aarch64
like "$output" '^[0-9]+ of [0-9]+ calls of the host$' "are counted"
like "$output" '^with a log that is a file: [0-9]+ more$' "with a file for records"
like "$output" '^with a log that goes to syslog or the journal: [1-9][0-9]* more$' \
    "and with a socket"
like "$(grep -A1 'syslog or the journal' <<<"$output")" '^ +.*connect' \
    "which is connected"

tap_done
