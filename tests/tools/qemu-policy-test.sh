#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy test: how it reads cases, what it says of those that fail; and the
# cases of the policies in policies/.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
here=$TEST_ROOT/tests/tools/cases

# --- the policies of this repository ----------------------------------------

while read -r policy; do
    name=${policy#"$TEST_ROOT/policies/"}
    if [ -e "$here/${name%.ini}.cases" ]; then
        succeeds "the cases of $name" \
            "$tool" test "$policy" "$here/${name%.ini}.cases"
    else
        not_ok "the cases of $name" "there are none"
    fi
done < <(find "$TEST_ROOT/policies" -name '*.ini' | sort)

# --- how it reads and what it says ------------------------------------------

cd "$TEST_TMP" || exit 1
cat >a.ini <<'END'
[allow]
syscalls = read getpid:log
open     = flags == 0
@open    = path == "/a b"
[deny]
reboot   = kill
?time    = trap
dup      = EMFILE permissive
[emulate]
getuid   = return 0
uname    = error ENOSYS when 2
END
cat >a.cases <<'END'
; comments and blanks
   # are left out

read                    allow         ; a comment
  reboot                kill
time                    trap
dup                     deny EMFILE permissive
getuid                  return 0
uname when=2            error ENOSYS
uname                   deny EPERM
openat path="/a b"      allow
openat path="/a c"      deny EPERM
END
succeeds "cases that hold" "$tool" test a.ini a.cases
is "$output" 'ok 1 - read allow (33 targets)
ok 2 - reboot kill (33 targets)
ok 3 - time trap (17 targets)
ok 4 - dup deny EMFILE permissive (33 targets)
ok 5 - getuid return 0 (33 targets)
ok 6 - uname when=2 error ENOSYS (33 targets)
ok 7 - uname deny EPERM (33 targets)
ok 8 - openat path="/a b" allow (33 targets)
ok 9 - openat path="/a c" deny EPERM (33 targets)
1..9' "each is a line of TAP"
succeeds "one target" "$tool" test a.ini a.cases --target riscv64
like "$output" '^ok 1 - read allow \(riscv64\)$' "it is named"
like "$output" '^ok 3 .*# SKIP riscv64 has no time$' \
    "a call that it lacks is skipped"

cat >b.cases <<'END'
read            deny EPERM
write           deny EPERM
openat          allow
open flags=1 path=/x    allow
END
exits 1 "cases that do not hold" "$tool" test a.ini b.cases
is "$output" 'not ok 1 - read deny EPERM (33 targets)
# line 1, on 33 targets: allow, decided by a.ini:2
ok 2 - write deny EPERM (33 targets)
not ok 3 - openat allow (33 targets)
# line 3, on 33 targets: not certain: a.ini:4 depends on path
not ok 4 - open flags=1 path=/x allow (26 targets)
# line 4, on 26 targets, not aarch64, aarch64_be, hexagon, loongarch64, or1k, riscv32, riscv64: deny EPERM, decided by default
1..4' "what is the case instead, and where"

# wrong LINE EXPECTED NAME: a line that is not a case
wrong()
{
    printf '%s\n' "$1" >c.cases
    exits 1 "$3" "$tool" test a.ini c.cases
    is "$output" "c.cases:$2" "$3: what it says"
}
wrong 'opneat allow' '1:1: error: unknown syscall "opneat" (did you mean "openat"?)' "an unknown call"
wrong 'openat path=/x' '1:15: error: the line lacks a verdict' "no verdict"
wrong 'openat path=/x permit' '1:16: error: expected NAME=VALUE, allow, deny, kill, trap, return, error, lua, data, file, redirect, device, run, make-parents, below-root or any-address, not "permit"' \
    "an unknown verdict"
wrong 'read deny' '1:6: error: "deny" needs an errno' "deny alone"
wrong 'read deny EPREM' '1:11: error: unknown errno "EPREM"' "an unknown errno"
wrong 'read return x' '1:13: error: "x" is not a number' "not a number"
wrong 'read allow now' '1:12: error: unexpected "now" behind the verdict' \
    "text behind the verdict"
wrong 'openat fgls=1 allow' '1:8: error: openat has no "fgls" (dfd, filename, flags, mode)' \
    "an unknown argument"
wrong 'openat flags=O_X allow' '1:8: error: "O_X" is not a constant of `flags` (open flags) on aarch64' \
    "an unknown constant"
wrong 'openat path="/x allow' '1:22: error: a quote is not closed' "an open quote"
: >empty.cases
exits 1 "a file without cases" "$tool" test a.ini empty.cases
exits 1 "a file that is not there" "$tool" test a.ini nowhere.cases
exits 1 "a policy that is not there" "$tool" test nowhere.ini a.cases
exits 2 "no cases" "$tool" test a.ini
exits 2 "an unknown target" "$tool" test a.ini a.cases --target vax

printf '[deny]\nread = EIO\n[policy]\ndefault=allow\n' >layer.ini
echo 'read deny EIO' >d.cases
succeeds "two layers" "$tool" test a.ini layer.ini d.cases

# --- numbers that only words of 64 bits hold ---------------------------------

# Both ends of a range are such words then, on all targets.
cat >wide.ini <<'END'
[policy]
default = allow
[deny]
munmap = EACCES if addr in {0xffff800000000000..0xffffffffffffffff}
ptrace = EACCES if request in {-5000000000..0xffffffff}
END
cat >wide.cases <<'END'
munmap addr=0xffffffff  allow
munmap addr=0x80000000  allow
ptrace request=5        deny EACCES
ptrace request=-5       deny EACCES
END
succeeds "a range means the same where its ends are wider than words" \
    "$tool" test wide.ini wide.cases
like "$output" 'request=5 deny EACCES \(33 targets\)' \
    "... on every target"

tap_done
