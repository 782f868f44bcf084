#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Learning from interpreters, a program of Go, a shell and git: what comes out
# runs them without a refusal, and keeps them from what they did not do.
# shellcheck disable=SC2154
. "$(dirname "$0")/learn.bash"

need aarch64 arm64 perl python3-minimal age busybox-static git
cd "$TEST_TMP" || exit 1
bin=$guest/usr/bin
python=$(echo "$bin"/python3.[0-9]*)

# lesson_of NAME COMMAND...: learn twice, then run below what comes out
lesson_of()
{
    local name=$1
    shift
    rm -f "$lesson"
    is "$(watched "$@" 2>&1)" "$expected" "$name: it works while it is watched"
    watched "$@" >/dev/null 2>&1
    taught "$name"
    is "$(held "$@" 2>&1)" "$expected" "$name: and below the policy"
    no_refusals "$name"
}

cat >work.py <<'END'
import os, subprocess, tempfile, threading
out = []
with tempfile.NamedTemporaryFile("w+") as f:
    f.write("x")
t = threading.Thread(target=lambda: out.append("thread"))
t.start()
t.join()
os.makedirs("made", exist_ok=True)
open("made/file", "w").write("y")
os.rename("made/file", "made/other")
os.unlink("made/other")
print(out[0], subprocess.run(["/bin/busybox", "echo", "child"],
      capture_output=True, text=True).stdout.strip())
END
expected='thread child'
lesson_of python3 "$python" work.py
like "$told" 'look at +runs another program: ' "it says that it runs another"
like "$told" '/tmp/tmp\*' "and that temporary names are temporary"
does_not "python3: a secret" "$python" -c \
    'print(open("/etc/shadow").readline())'
does_not "python3: a connection" "$python" -c \
    'import socket; socket.create_connection(("127.0.0.1", 9))'
does_not "python3: a shell" "$python" -c 'import os; os.execv("/bin/sh",
    ["sh", "-c", "true"])'

cat >work.pl <<'END'
use POSIX; use File::Temp;
my $file = File::Temp->new; print $file "x";
my $pid = fork; exit 0 unless $pid; waitpid $pid, 0;
opendir my $dir, "."; my @names = grep { /^work/ } readdir $dir;
print join(" ", sort @names), " ", $? >> 8, "\n";
END
expected='work.pl work.py 0'
lesson_of perl "$bin/perl" work.pl
does_not "perl: another file" "$bin/perl" -e \
    'open F, ">", "elsewhere" or die "$!\n"'
succeeds "perl: it was not made" test ! -e elsewhere

rm -f "$lesson"
watched "$bin/age-keygen" -o key1 >/dev/null 2>&1
watched "$bin/age-keygen" -o key2 >/dev/null 2>&1
succeeds "age: a key is made" grep -q SECRET key1
taught age
held "$bin/age-keygen" -o key2 >said 2>&1
like "$(cat said)" 'file exists|already exists' \
    "age: a file that is there is one below the policy"
rm -f key1
succeeds "age: and a key is made below it" held "$bin/age-keygen" -o key1
no_refusals age
does_not "age: a key elsewhere" "$bin/age-keygen" -o key3

# A store whose files have another name, in another folder, each time.
rm -f "$lesson"
git=("$bin/git" -c user.name=a -c user.email=b@example.org -C repository)
export HOME=$TEST_TMP GIT_CONFIG_NOSYSTEM=1
commit()
{
    echo "$2" >repository/file
    "$1" "${git[@]}" add file && "$1" "${git[@]}" commit -qm "$2" &&
        "$1" "${git[@]}" log --format=%s
}
watched "$bin/git" init -q repository 2>said
is "$(commit watched one 2>&1)" one "git: it works while it is watched"
commit watched two >/dev/null 2>&1
commit watched three >/dev/null 2>&1
taught git
like "$told" 'objects/\?\?/\*' "git: an object may have any name"
is "$(commit held four 2>&1)" $'four\nthree\ntwo\none' \
    "git: another commit below the policy"
is "$(commit held five 2>&1 | head -n 2)" $'five\nfour' "git: and one more"
no_refusals git
does_not "git: a clone elsewhere" "$bin/git" clone -q repository other

cat >work.sh <<'END'
i=0
while [ $i -lt 20 ]; do echo $i >out.$i; i=$((i + 1)); done
cat out.1? | wc -l; ls | grep -c out; rm out.*
END
expected=$'10\n20'
lesson_of busybox "$guest/bin/busybox" sh work.sh
like "$told" 'they differ in a number' "numbered files are one pattern"
does_not "busybox: cat /etc/shadow" "$guest/bin/busybox" sh -c \
    'while read -r line; do echo "$line"; done </etc/shadow'
tap_done
