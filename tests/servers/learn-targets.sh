#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Learnt on aarch64, held on other targets: "--target all" knows what their C
# libraries use instead.
# shellcheck disable=SC2154,SC2086 # of learn.bash; lists of packages
. "$(dirname "$0")/learn.bash"

need aarch64 arm64 python3-minimal busybox-static
cd "$TEST_TMP" || exit 1
cat >work.py <<'END'
import os, socket, sys, tempfile, threading, time
done = []
t = threading.Thread(target=lambda: done.append("thread"))
t.start()
t.join()
with tempfile.NamedTemporaryFile("w+") as f:
    f.write("x")
    f.flush()
    os.stat(f.name)
if os.fork() == 0:
    os._exit(0)
os.wait()
os.makedirs("made", exist_ok=True)
open("made/file", "w").write("y")
os.chmod("made/file", 0o600)
os.rename("made/file", "made/other")
os.utime("made/other")
os.unlink("made/other")
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
a.sendall(b"sent")
done.append(c.recv(4).decode())
time.sleep(0.01)
print(*done)
END
cat >work.sh <<'END'
echo one >a; echo two >>a; cat a | wc -l; ls a; mv a b; rm b; date >/dev/null
for i in 1 2 3; do (echo $i); done
END

python()
{
    "$@" "$guest"/usr/bin/python3.[0-9]* work.py 2>&1
}

shell()
{
    "$@" "$guest/bin/busybox" sh work.sh 2>&1
}

# lesson_for PROGRAM EXPECTED
lesson_for()
{
    rm -f "$lesson"
    policy=$TEST_TMP/$1.ini
    is "$($1 watched)" "$2" "$1: it works on aarch64 while it is watched"
    $1 watched >/dev/null
    $1 watched >/dev/null
    $1 watched >/dev/null
    taught "$1" --target all
}

# held_on TARGET ARCH
held_on()
{
    [ -x "$TEST_BIN/qemu-$1" ] || {
        skip "$1" "qemu-$1 is not built"
        return
    }
    need "$1" "$2" python3-minimal busybox-static
    policy=$TEST_TMP/python.ini
    is "$(python held)" "thread sent" "python, on $1"
    no_refusals "python, on $1"
    policy=$TEST_TMP/shell.ini
    is "$(shell held)" $'2\na\n1\n2\n3' "busybox, on $1"
    no_refusals "busybox, on $1"
    does_not "busybox, on $1: a secret" "$guest/bin/busybox" cat /etc/shadow
}

lesson_for python "thread sent"
lesson_for shell $'2\na\n1\n2\n3'
held_on aarch64 arm64
held_on x86_64 amd64
held_on s390x s390x
held_on arm armhf
tap_done
