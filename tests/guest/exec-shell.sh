#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# Debian's shells, coreutils and make of arm64, which execute one another all
# the time, below a policy that allows little.
# shellcheck disable=SC2154
# shellcheck source=tests/servers/lib.sh
. "$(dirname "$0")/../servers/lib.sh"
# shellcheck source=tests/guest/foreign-work.bash
. "$root/tests/guest/foreign-work.bash"

need aarch64 arm64 dash busybox-static coreutils sed make tcc libc6-dev perl python3

cat >"$TEST_TMP/shell.ini" <<POLICY
[policy]
default  = deny EPERM
include  = $root/policies/base.ini
[allow]
syscalls = execve wait4 kill prctl setpgid clone umask chdir setresuid setresgid
@open    = access == read || path under /dev || path under $TEST_TMP
POLICY

# below SHELL SCRIPT-FILE
below()
{
    out=$(cd "$TEST_TMP" && timeout 120 "$TEST_BIN/qemu-aarch64" \
        -policy "$TEST_TMP/shell.ini" -policy-log "$log" -L "$guest" "$@" \
        2>"$said" </dev/null)
    status=$?
}

cd "$TEST_TMP" || exit 1
lay_out_script
echo 'mkdir /tmp/from-the-guest 2>/dev/null || echo refused' >>script
expected="./script has 2 words: one
B
C
out
3
nested zero one  two
a=b c
refused"

below "$guest/bin/dash" ./script one two
is "$out" "$expected" "dash: pipes, substitutions and scripts"
is "$(jq -r 'select(.syscall | startswith("mkdir")) | .comm' "$log" | sort -u)" mkdir \
    "what a program of the shell is refused is in its record"

cat >"$TEST_TMP/outer" <<'SCRIPT'
#!/bin/dash
exec ./script one two
SCRIPT
chmod +x "$TEST_TMP/outer"
below "$guest/bin/dash" -c './outer'
is "$out" "$expected" "a script that executes a script"

below "$guest/bin/busybox" sh -c 'echo $((6 * 7)) | busybox cat; /bin/true && echo yes'
is "$out" "42
yes" "busybox"

printf 'all: one\n\t@cat one\none:\n\t@echo made > one\n' \
    >"$TEST_TMP/Makefile"
below "$guest/usr/bin/make" -s SHELL=/bin/dash
is "$out" made "make"

# --- test-like work --------------------------------------------------------

cat >"$TEST_TMP/work.ini" <<POLICY
[policy]
default  = allow
[deny]
syscalls = @network-io:EACCES ptrace @module @reboot
@open    = EACCES if access != read && path !under {$TEST_TMP, /dev}
@exec    = EACCES if path under {/usr/local, $TEST_TMP/forbidden}
POLICY

# working COMMAND: a command line of the foreign shell
working()
{
    rm -f "$log"
    out=$(cd "$TEST_TMP/work" && HOME=$TEST_TMP TMPDIR=$TEST_TMP \
        PATH=/usr/bin:/bin timeout 300 \
        "$TEST_BIN/qemu-aarch64" -policy "$TEST_TMP/work.ini" \
        -policy-log "$log" -L "$guest" "$guest/bin/dash" -c "$1" \
        2>"$said" </dev/null)
    status=$?
}

mkdir -p "$TEST_TMP"/{work,forbidden}
cd "$TEST_TMP/work" || exit 1
lay_out_build
working 'make -s -j2 check'
is "$out" "says 42
 2 42" "make, a compiler, and what it has made"
working 'make -s clean 2>/dev/null || echo none; rm one; make -n check | head -n 1'
is "$out" "none
tcc -o one one.o two.o" "make knows what is up to date"

lay_out_perl
cat >t/refused.t <<'PERL'
use Test::More tests => 1;
ok(!open(my $g, '>', '/etc/made'), 'what the policy refuses');
PERL
working 'prove -j2 t'
is "${out##*$'\n'}" "Result: PASS" "perl: tests, two at a time"

lay_out_python
working 'python3 test_one.py'
is "$status $(grep -x OK "$said")" "0 OK" \
    "python: tests, with pools of processes"
cat >test_refused.py <<'PYTHON'
import socket, unittest

class Refused(unittest.TestCase):
    def test_refused(self):
        with self.assertRaises(PermissionError):
            open("/etc/made", "w")
        with self.assertRaises(PermissionError):
            socket.create_connection(("127.0.0.1", 9))

unittest.main(argv=["refused"])
PYTHON
working 'python3 test_refused.py'
is "$status $(grep -x OK "$said")" "0 OK" "python: what the policy refuses"

cp "$guest/bin/true" "$TEST_TMP/forbidden/true" 2>/dev/null ||
    cp "$guest/usr/bin/true" "$TEST_TMP/forbidden/true"
printf '#!%s/forbidden/true\n' "$TEST_TMP" >script
chmod +x script
working './script; echo $?; ../forbidden/true; echo $?; true; echo $?'
is "$out" "126
126
0" "what may not be executed is no interpreter either"
tap_done
