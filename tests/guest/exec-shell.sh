#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# Debian's shells, coreutils and make of arm64, which execute one another all
# the time, below a policy that allows little.
# shellcheck disable=SC2154
# shellcheck source=tests/servers/lib.sh
. "$(dirname "$0")/../servers/lib.sh"

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

cat >"$TEST_TMP/script" <<'SCRIPT'
#!/bin/dash
echo "args: $# $1"
printf 'b\na\nc\n' | sort | tail -n 2 | tr a-z A-Z
x=$(echo in | cat | sed s/in/out/); echo "$x"
(exit 3); echo $?
/bin/dash -c 'echo "nested $0 $1"' zero 'one  two'
VARIABLE='a=b c' /bin/dash -c 'echo "$VARIABLE"'
mkdir /tmp/from-the-guest 2>/dev/null || echo refused
SCRIPT
chmod +x "$TEST_TMP/script"
expected="args: 2 one
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

mkdir -p "$TEST_TMP"/{work/t,forbidden}
cd "$TEST_TMP/work" || exit 1
cat >one.c <<'C'
#include <stdio.h>
int two(void);
int main(void) { printf("%d\n", 40 + two()); return 0; }
C
echo 'int two(void) { return 2; }' >two.c
cat >Makefile <<'MAKE'
CC = tcc
SHELL = /bin/dash
check: one
	@./one | sed 's/^/says /'
	@(./one; ./one) | sort | uniq -c | tr -s ' '
one: one.o two.o
	@$(CC) -o $@ $^
%.o: %.c
	@$(CC) -c $< -o $@
MAKE
working 'make -j2 check'
is "$out" "says 42
 2 42" "make, a compiler, and what it has made"
working 'make -s clean 2>/dev/null || echo none; rm one; make -n check | head -n 1'
is "$out" "none
tcc -o one one.o two.o" "make knows what is up to date"

cat >t/one.t <<'PERL'
use Test::More tests => 4;
use File::Temp qw(tempfile);
is(`echo child | tr a-z A-Z`, "CHILD\n", 'a pipe of children');
my ($f, $name) = tempfile();
print $f "b\na\n"; close $f;
is(`sort $name`, "a\nb\n", 'a program that reads a file');
ok(system($^X, '-e', 'exit 3') == 3 << 8, 'perl runs perl');
ok(!open(my $g, '>', '/etc/made'), 'what the policy refuses');
PERL
printf 'print "1..1\\nok 1\\n"\n' >t/two.t
working 'prove -j2 t'
is "${out##*$'\n'}" "Result: PASS" "perl: tests, two at a time"

cat >test_one.py <<'PYTHON'
import multiprocessing, os, socket, subprocess, sys, tempfile, unittest

def square(n):
    return n * n

class Work(unittest.TestCase):
    def test_children(self):
        run = subprocess.run(["sort"], input="b\na\n", text=True,
                             capture_output=True)
        self.assertEqual(run.stdout, "a\nb\n")
        run = subprocess.run([sys.executable, "-c", "print(6 * 7)"],
                             capture_output=True, text=True)
        self.assertEqual(run.stdout, "42\n")

    def test_shell(self):
        self.assertEqual(os.popen("echo a | cat").read(), "a\n")

    def test_pool(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.assertEqual(pool.map(square, range(5)), [0, 1, 4, 9, 16])

    def test_refused(self):
        with self.assertRaises(PermissionError):
            open("/etc/made", "w")
        with self.assertRaises(PermissionError):
            socket.create_connection(("127.0.0.1", 9))

unittest.main(argv=["work", "-v"])
PYTHON
working 'python3 test_one.py'
is "$status $(grep -x OK "$said")" "0 OK" "python: tests, with a pool of processes"

cp "$guest/bin/true" "$TEST_TMP/forbidden/true" 2>/dev/null ||
    cp "$guest/usr/bin/true" "$TEST_TMP/forbidden/true"
printf '#!%s/forbidden/true\n' "$TEST_TMP" >script
chmod +x script
working './script; echo $?; ../forbidden/true; echo $?; true; echo $?'
is "$out" "126
126
0" "what may not be executed is no interpreter either"
tap_done
