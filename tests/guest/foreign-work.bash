# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # programs in quotes
#
# Work of programs of a foreign Debian that execute one another: what it is laid
# out of, in the folder that a function is called in. Sourced by exec-plain.sh
# and exec-shell.sh, which say what is run and what must come of it.

# ./script WORD...: what a shell does
lay_out_script()
{
    cat >script <<'SCRIPT'
#!/bin/dash
echo "$0 has $# words: $1"
printf 'b\na\nc\n' | sort | tail -n 2 | tr a-z A-Z
x=$(echo in | cat | sed s/in/out/); echo "$x"
(exit 3); echo $?
/bin/dash -c 'echo "nested $0 $1"' zero 'one  two'
VARIABLE='a=b c' /bin/dash -c 'echo "$VARIABLE"'
SCRIPT
    chmod +x script
}

# A program of two files. "check" runs it; "wrong" does not compile, and "deep"
# and "kill" end badly.
lay_out_build()
{
    cat >one.c <<'C'
#include <stdio.h>
int two(void);
int main(void) { printf("%d\n", 40 + two()); return 0; }
C
    echo 'int two(void) { return 2; }' >two.c
    echo 'int three(void) { return x; }' >three.c
    cat >Makefile <<'MAKE'
CC = tcc
SHELL = /bin/dash
check: one
	./one | sed 's/^/says /'
	(./one; ./one) | sort | uniq -c | tr -s ' '
one: one.o two.o
	$(CC) -o $@ $^
%.o: %.c
	$(CC) -c $< -o $@
wrong: three.o
deep:
	$(MAKE) -C . check
	@exit 3
kill:
	@kill -TERM $$$$
MAKE
}

# t/one.t: perl's tests of itself and of its children
lay_out_perl()
{
    mkdir -p t
    cat >t/one.t <<'PERL'
use Test::More tests => 6;
use File::Temp qw(tempfile);
use IPC::Open3;
is(`echo child | tr a-z A-Z`, "CHILD\n", 'a pipe of children');
my ($f, $name) = tempfile(UNLINK => 1);
print $f "b\na\n"; close $f;
is(`sort $name`, "a\nb\n", 'a program that reads a file');
ok(system($^X, '-e', 'exit 3') == 3 << 8, 'perl runs perl');
ok(system($^X, '-e', 'kill 15, $$') == 15, 'and hears of a signal');
my $pid = open3(my $in, my $out, undef, 'cat', '-', '/nonexistent');
print $in "text\n"; close $in;
is_deeply([sort <$out>], ["cat: /nonexistent: No such file or directory\n",
    "text\n"], 'both outputs of a child');
waitpid $pid, 0;
is($? >> 8, 1, 'and how it ended');
PERL
}

# test_one.py: the same of python
lay_out_python()
{
    cat >test_one.py <<'PYTHON'
import multiprocessing, os, signal, subprocess, sys, tempfile, unittest

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
        with os.popen("echo a | cat") as pipe:
            self.assertEqual(pipe.read(), "a\n")

    def test_pool(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.assertEqual(pool.map(square, range(5)), [0, 1, 4, 9, 16])

    def test_spawned(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            self.assertEqual(pool.map(abs, [-1]), [1])

    def test_ends(self):
        self.assertEqual(subprocess.call("exit 7", shell=True), 7)
        self.assertEqual(subprocess.call("kill -9 $$", shell=True), -9)
        with self.assertRaises(FileNotFoundError):
            subprocess.run(["/nonexistent"])
        with self.assertRaises(PermissionError):
            subprocess.run(["/etc"])

    def test_descriptors(self):
        fd = os.memfd_create("script", 0)
        os.write(fd, b"#!/bin/dash\necho $0 $# >&2; exit 5\n")
        pid = os.fork()
        if pid == 0:
            os.execve(fd, ["given", "word"], {})
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 5)
        self.assertEqual(os.spawnl(os.P_WAIT, "/proc/self/exe", "python3",
                                   "-c", "raise SystemExit(6)"), 6)

if __name__ == "__main__":
    unittest.main(argv=["work", "-v"])
PYTHON
}
