#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 3600
#
# Debian's programs for arm64, run by the unpatched twin, by ours without a
# policy, and under a policy that allows everything: each must say the same
# three times and leave the same files.
#
# shellcheck disable=SC2016,SC2154,SC2317 # programs in quotes; of the head; cases

# shellcheck source=tests/tcg/three-ways.bash
. "$(dirname "${BASH_SOURCE[0]}")/three-ways.bash"

three_ways perl python3-minimal libpython3-stdlib gawk sed grep tar gzip \
    xz-utils sqlite3 openssl git lua5.4 nginx-light redis-server coreutils \
    findutils diffutils bc file

# guest PROGRAM ARGUMENT...: by the emulator whose turn it is
guest()
{
    local program
    for program in "$guest"/{usr/bin,bin,usr/sbin}/"$1"; do
        [ ! -e "$program" ] || break
    done
    shift
    timeout 300 "${emulator[@]}" -L "$guest" "$program" "$@"
}

# said CASE: what it says and leaves, run in a new folder of the same name
said()
{
    rm -rf "$TEST_TMP/run" && mkdir "$TEST_TMP/run"
    (
        cd "$TEST_TMP/run" || exit
        "$1" 2>&1
        printf 'status %d\n' $?
        find . -type f -not -path './.git/*' -exec sha256sum {} + | sort -k 2
    ) </dev/null
}

# --- the programs ----------------------------------------------------------

perl_()
{
    guest perl -e '
        my %n; $n{length($_ x 3) % 7} += $_ for 1 .. 20000;
        print join(" ", map { "$_=$n{$_}" } sort keys %n), "\n";
        pipe(my $r, my $w);
        for my $i (1 .. 5) {
            my $pid = fork;
            if (!$pid) { close $r; syswrite $w, "$i\n"; exit $i }
            waitpid $pid, 0; print "child ", $? >> 8, "\n";
        }
        close $w; print sort <$r>;
        open my $f, ">", "made" or die; printf $f "%s\n", $_ ** 2 for 1 .. 99;
        close $f; print -s "made", "\n";
        $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; sleep 5;
        print join(",", map { sprintf "%.6f", sin $_ } 1 .. 5), "\n";
        opendir my $d, "/nonexistent" or print "$!\n";'
}

python()
{
    guest "$(cd "$guest/usr/bin" && echo python3.[0-9]*)" -c '
import hashlib, json, mmap, os, select, signal, socket, threading, time, zlib
print(hashlib.sha512(b"x" * 100000).hexdigest())
print(json.dumps({"a": [1, 2.5, None]}), zlib.crc32(b"y" * 9999))
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
def echo():
    s, _ = server.accept()
    while (data := s.recv(100)):
        s.sendall(data.upper())
    s.close()
t = threading.Thread(target=echo); t.start()
c = socket.create_connection(server.getsockname())
c.sendall(b"hello"); print(c.recv(100)); c.close(); t.join()
total, lock = 0, threading.Lock()
def count():
    global total
    for _ in range(500):
        with lock: total += 1
ts = [threading.Thread(target=count) for _ in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]; print(total)
with open("made", "w+b") as f:
    f.truncate(8192)
    with mmap.mmap(f.fileno(), 8192) as m: m[4096:4101] = b"bytes"
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
a.send(b"one"); a.send(b"two"); print(b.recv(9), b.recv(9))
ep = select.epoll(); ep.register(b, select.EPOLLIN); a.send(b"x")
print([e for _, e in ep.poll(5)])
r, w = os.pipe(); pid = os.fork()
if pid == 0:
    os.write(w, b"child"); os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.read(r, 9))
os.mkdir("d"); os.symlink("../made", "d/l"); print(os.path.realpath("d/l")[-8:])
print(sorted(e.name for e in os.scandir(".")))
try: open("/nonexistent")
except OSError as e: print(e)
'
}

gawk_() { guest gawk 'BEGIN { for (i = 1; i < 30000; i++) s += log(i) * (i % 7)
    printf "%.6f\n", s; print toupper("x") > "made"; print strftime("%Y", 0, 1) }'; }
text()
{
    guest seq 1 20000 >numbers && guest sed -n 's/9\(.\)$/[\1]/p' numbers |
        guest sort -r | guest uniq -c | guest head -n 20
    guest grep -c '7.*7' numbers
    guest wc numbers; guest cksum numbers; guest tail -n 2 numbers
    guest find . -name 'n*' -size +1k; guest diff numbers /dev/null | guest tail -n 1
    guest ls -l /nonexistent; guest mkdir -p a/b/c && guest cp -a a z && guest mv z y
    guest ln -s numbers link && guest readlink -f link | guest sed 's|.*/||'
    guest dd if=numbers of=part bs=1000 skip=1 count=3 status=none
    guest truncate -s 12345 sparse; guest stat -c '%s %a %F' sparse y link
    guest rm -r a y; guest test -e a; guest touch -d @0 part; guest date -r part -u
}
archives()
{
    guest seq 1 60000 >numbers
    guest gzip -9nk numbers && guest gzip -l numbers.gz
    guest xz -T2 -k --block-size=65536 numbers && guest xz -t numbers.xz
    guest tar --mtime=@0 --owner=0 --group=0 -cf made.tar numbers numbers.gz &&
        guest tar -tvf made.tar && mkdir out && guest tar -C out -xf made.tar
    guest gzip -dc numbers.gz | guest cmp - numbers
    guest xz -dc numbers.xz | guest cmp - numbers
    rm -f numbers.xz
}
sqlite()
{
    guest sqlite3 made.db "PRAGMA journal_mode=WAL; CREATE TABLE t(a, b);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 5000)
        INSERT INTO t SELECT i, i*i % 97 FROM n; CREATE INDEX x ON t(b);
        SELECT b, count(*), sum(a) FROM t GROUP BY b LIMIT 9; PRAGMA integrity_check;"
}
openssl_()
{
    guest openssl dgst -sha3-256 /dev/null
    printf 'text\n' | guest openssl enc -aes-256-ctr -K 00 -iv 00 2>/dev/null |
        guest openssl enc -d -aes-256-ctr -K 00 -iv 00 2>/dev/null
    guest openssl prime 1000003
    guest openssl genpkey -algorithm ed25519 | guest openssl pkey -noout -text |
        guest grep -c :
}
git_()
{
    export HOME=$PWD GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000'
    guest git -c init.defaultBranch=main init -q . &&
        printf 'text\n' >file && guest git add file &&
        guest git -c user.name=n -c user.email=e -c gc.auto=0 \
            -c maintenance.auto=false commit -qm one
    guest git log --format='%H %an %s' -p; guest git fsck; guest git status --short
}
lua() { guest lua5.4 -e 'local t = {} for i = 1, 9999 do t[#t + 1] = i % 13 end
    table.sort(t) print(#t, t[5000], os.time({year=2000, month=1, day=1, hour=12}))
    local f = assert(io.open("made", "w")) f:write(("x"):rep(5000)) f:close()
    print(io.open("/nonexistent")) print(string.format("%q", 1/3))'; }
servers()
{
    mkdir -p logs && printf 'pid %s/pid;\nerror_log stderr;\nevents {}\nhttp {}\n' \
        "$PWD" >conf
    guest nginx -t -p "$PWD" -c "$PWD/conf" -e stderr 2>&1 | sed 's/.*nginx: //'
    guest redis-server --version | cut -d' ' -f1-3
    guest redis-server --port 0 --unixsocket "$PWD/s" --save '' \
        --ignore-warnings ARM64-COW-BUG --dir "$PWD" >/dev/null 2>&1 &
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(guest redis-cli -s "$PWD/s" ping 2>/dev/null)" != PONG ] || break
        sleep 0.1
    done
    guest redis-cli -s "$PWD/s" set a 1; guest redis-cli -s "$PWD/s" incr a
    guest redis-cli -s "$PWD/s" eval 'return {1, redis.call("get", "a")}' 0
    guest redis-cli -s "$PWD/s" shutdown nosave
    wait
}
calculators()
{
    echo 'scale=200; a(1)*4; 2^999' | guest bc -l
    guest file --version | guest head -n 1
    guest factor 1000000016000000063; guest expr 7 \* 6; guest nproc --all
    guest env -i A=1 | guest cat
    guest sha256sum /dev/null; guest id -u; guest uname -m
}

for name in perl_ python gawk_ text archives sqlite openssl_ git_ lua servers \
    calculators; do
    emulator=("${twin[@]}")
    by_twin=$(said "$name")
    [ "$(grep -c . <<<"$by_twin")" -gt 1 ]
    is $? 0 "${name%_}: it says something"
    emulator=("${plain[@]}")
    is "$(said "$name")" "$by_twin" "${name%_}: the same without a policy"
    emulator=("${under_policy[@]}")
    is "$(said "$name")" "$by_twin" "${name%_}: the same under a policy"
done
tap_done
