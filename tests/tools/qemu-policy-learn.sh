#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy learn. tests/learn/server.jsonl becomes exactly server.ini, which
# decides as server.cases says; then runs that are put together, audit logs, bases,
# all targets, and logs that are none or that a guest has tried to write.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_ROOT/tests/learn" || exit 1

succeeds "a lesson becomes a policy" "$tool" learn server.jsonl \
    -o "$TEST_TMP/server.ini"
like "$output" '23 syscalls, 17 paths, 5 addresses -> 16 rules' "how much"
like "$output" 'folded +4 syscalls into @basic-io, which opens 12 more' \
    "what was folded, and what that opens"
like "$output" 'generalised /var/tmp/nginx.k3Jd9 -> /var/tmp/nginx\.\* +\(a temporary name\)' \
    "what was generalised, and why"
like "$output" "look at +runs another program: /usr/bin/dash +$TEST_TMP/server.ini:31" \
    "what to look at, and where"
is "$(cat "$TEST_TMP/server.ini")" "$(cat server.ini)" "the policy"
succeeds "it is one" "$tool" check "$TEST_TMP/server.ini" --target aarch64
succeeds "it decides as meant" "$tool" test "$TEST_TMP/server.ini" \
    server.cases --target aarch64
is "$("$tool" learn server.jsonl 2>/dev/null)" "$(cat server.ini)" \
    "without -o it goes to standard output"
is "$(ls -A "$TEST_TMP")" server.ini "nothing else is left behind"

# --- several runs, in any order ----------------------------------------------
cd "$TEST_TMP" || exit 1
lesson=$TEST_ROOT/tests/learn/server.jsonl
{ head -n 1 "$lesson"; tail -n +20 "$lesson"; } >b.jsonl
head -n 22 "$lesson" | tac >a.jsonl
rules() { sed 's/^; .*//; /^$/d' "$1"; }
"$tool" learn a.jsonl b.jsonl -o ab.ini 2>/dev/null
"$tool" learn b.jsonl a.jsonl -o ba.ini 2>/dev/null
is "$(rules ab.ini)" "$(rules server.ini)" "two runs are one policy"
is "$(rules ba.ini)" "$(rules ab.ini)" "in any order"
sed 's/aarch64/s390x/' a.jsonl >s.jsonl
succeeds "runs on two targets" "$tool" learn s.jsonl b.jsonl -o two.ini
like "$(grep '^;   ' two.ini)" 'targets +s390x' "... which it names"
succeeds "... is for both" "$tool" check two.ini --target s390x

# --- audit logs --------------------------------------------------------------
record() { printf '{"v":1,"verdict":"deny",%s"target":"arm","syscall":%s}\n' "$@"; }
{
    record '"permissive":true,' '"open","args":{"filename":"x","flags":"O_WRONLY|O_CREAT","mode":"0644"},"path":"x","resolved":"/data/x"'
    record '"permissive":true,' '"connect","args":{"fd":3},"sockaddr":"inet 192.0.2.7:53"'
    record '' '"ptrace","args":{}'
} >audit.jsonl
succeeds "a permissive run's audit log" "$tool" learn audit.jsonl -o audit.ini
like "$output" 'refused and emulated calls are left out \(1\)' \
    "what was refused is not allowed"
like "$(cat audit.ini)" '^@open += access == write && path == /data/x$' \
    "a path is where it led"
like "$(cat audit.ini)" '^connect += addr == 192\.0\.2\.7 && port == 53$' \
    "an address is taken apart"

# --- a base ------------------------------------------------------------------
cp "$TEST_ROOT/policies/base.ini" .
succeeds "what a base lacks" "$tool" learn --base base.ini \
    "$lesson" -o more.ini
like "$(cat more.ini)" '^include +=  *base\.ini$' "the base is included"
unlike "$(sed -n '/^\[allow\]/,$p' more.ini)" '@basic-io|TCGETS|brk' \
    "what it allows is not allowed again"
succeeds "both together allow everything" "$tool" test more.ini \
    <(grep allow "$TEST_ROOT/tests/learn/server.cases") --target aarch64
mkdir -p away
succeeds "a base elsewhere" "$tool" learn --base base.ini "$lesson" \
    -o away/more.ini
succeeds "... is found from there" "$tool" check away/more.ini --target aarch64
printf '[policy]\ndefault = allow\n[deny]\nsetuid = EPERM\n' >strict.ini
exits 1 "a base that refuses what was seen" "$tool" learn --base strict.ini \
    "$lesson" -o never.ini
like "$output" 'refused +setuid \(strict\.ini:4\)' "... is named, with its line"

# --- what other targets say of it --------------------------------------------
is "$("$tool" check "$TEST_TMP/server.ini" 2>&1)" \
    "$TEST_TMP/server.ini: ok (33 targets)" \
    "learnt on one target: nothing to say on others"
{ cat "$lesson"; printf '%s\n' '{"v":1,"verdict":"learn","target":"aarch64","syscall":"ioctl","args":{"cmd":"TCGETS2"},"pid":700}'
} >tcgets2.jsonl
succeeds "a constant that few targets lack" "$tool" learn tcgets2.jsonl \
    -o tcgets2.ini
like "$output" 'note +3 targets lack what it names, and refuse it' "... is told"
like "$(cat tcgets2.ini)" '^targets +=( !ppc(64(le)?)?){3}$' \
    "... the policy is not for them"
succeeds "it loads where it can" "$tool" check tcgets2.ini
is "$output" "tcgets2.ini: ok (30 targets)" "... and says nothing"
exits 1 "it does not where it cannot" "$tool" check tcgets2.ini --target ppc
printf '{"v":1,"verdict":"learn","target":"sparc64","syscall":%s}\n' \
    '"brk","args":{}' '"kill","args":{"sig":"SIGEMT"}' >sigemt.jsonl
"$tool" learn sigemt.jsonl -o sigemt.ini 2>said
like "$(grep -A 1 '^targets' sigemt.ini | tr -s ' \n' ' ')" \
    '^targets =( [a-z]\w+){10} $' \
    "a constant that most lack: the targets that have it"
is "$("$tool" check sigemt.ini 2>&1)" "sigemt.ini: ok (10 targets)" \
    "... and nothing is said there"

# --- all targets -------------------------------------------------------------
# Without what only some of them have: an unknown ioctl's number differs.
succeeds "for all targets" "$tool" learn --target all "$lesson" -o all.ini
is "$("$tool" check all.ini 2>&1 | tail -n 1)" "all.ini: ok (33 targets)" \
    "it is a policy for each"
# other TARGET QUESTION...
other()
{
    local target=$1
    shift
    succeeds "what C libraries use on $target" "$tool" test all.ini \
        --target "$target" <(printf '%s allow\n' "$@")
}
other x86_64 stat lstat fstat pread64 \
    'open path=/lib/x86_64-linux-gnu/libz.so.1 access=read' \
    'rename path=/srv/app/new path2=/srv/app/old'
other i386 set_thread_area send fstat 'open path=/usr/lib32/libm.so.6 access=read'
other riscv32 statx
other mips 'unlink path=/var/tmp/nginx.zZ99z'

# --- what is no log ----------------------------------------------------------
exits 1 "an empty file" "$tool" learn /dev/null
like "$output" 'nothing in it is a record' "... is none"
exits 1 "a file that is missing" "$tool" learn none.jsonl
exits 2 "no file" "$tool" learn
exits 2 "one target" "$tool" learn --target arm "$lesson"
{ cat "$lesson"; printf '%s\n' '{"v":1,' 'text' '[1]' '{"v":1}' \
    '{"verdict":"learn","target":"vax"}' \
    '{"verdict":"learn","target":"arm","syscall":"bind","args":{},"sockaddr":"ine4 x"}'
} >torn.jsonl
succeeds "lines that are none" "$tool" learn torn.jsonl -o torn.ini
like "$output" 'could not be understood: 6' "... are counted"
printf '%s\n' '{"v":1,"verdict":"learn","target":"arm","pid":7,"syscall":"unlink","path":"/tmp/\u202ex","args":{}}' \
    >hidden.jsonl
succeeds "a name that hides what stands beside it" "$tool" learn hidden.jsonl -o hidden.ini
like "$(cat hidden.ini)" 'path like /tmp/\*x' "... becomes a pattern"
printf '%s\n' '{"v":1,"verdict":"learn","target":"arm","pid":7,"syscall":"socket","args":{"domain":"AF_UNIX"}}' \
    >short.jsonl
succeeds "a socket without a type" "$tool" learn short.jsonl -o short.ini
like "$output" 'socket: with any type, for a record does not have it' "... may be any"
succeeds "... in a policy that loads" "$tool" check short.ini
sed 's/^/{"v":1,"verdict":"learn","tar/' "$lesson" >torn.jsonl
"$tool" learn "$lesson" -o whole.ini >said 2>&1
succeeds "records behind some that were cut short" "$tool" learn torn.jsonl \
    -o torn.ini
is "$(diff <(grep -v '^;' whole.ini) <(grep -v '^;' torn.ini))" "" "... are found"

# --- stores that spread what they hold over folders ---------------------------
opened() { printf '{"v":1,"verdict":"learn","target":"arm","pid":7,"syscall":"open","access":"write","path":"%s","args":{}}\n' "$@"; }
opened /srv/git/objects/40/6630161768b15d8c4fce453d97044b766e7bc0 \
    /srv/cache/c/29/b7f54b2df7773722d382f4809d65029c \
    /srv/add/b7f54b2df7773722d382f4809d65029c >hashes.jsonl
succeeds "a hash that begins in the names of folders" "$tool" learn \
    hashes.jsonl -o hashes.ini
like "$(tr -d '\n' <hashes.ini)" \
    '/srv/cache/\?/\?\?/\*,.*/srv/git/objects/\?\?/\*' "... is all of it any"
like "$(cat hashes.ini)" '/srv/add/\*' "... but not what is a word"
opened /srv/git/tmp_obj_abcdef /srv/git/tmp_notes >marked.jsonl
succeeds "a temporary name of letters alone" "$tool" learn marked.jsonl \
    -o marked.ini
like "$(cat marked.ini)" '/srv/git/tmp\*' "... is one behind a mark"
like "$(cat marked.ini)" '/srv/git/tmp_notes' "... and a word is none"
opened /dev/shm/PostgreSQL.3680697798 /dev/shm/sem.aBcDef >words.jsonl
succeeds "a word before a number" "$tool" learn words.jsonl -o words.ini
like "$(cat words.ini)" '/dev/shm/PostgreSQL\.\[0-9\]\*' "... is a word"
like "$(cat words.ini)" '/dev/shm/sem\.\*' "... and without one perhaps not"
opened /srv/store/40/tmp /srv/store/4d/tmp /srv/store/45/tmp \
    /srv/log/10/day /srv/log/11/day /srv/log/12/day \
    /srv/few/ab/day /srv/few/cd/day >shards.jsonl
succeeds "folders of two hexadecimal digits" "$tool" learn shards.jsonl \
    -o shards.ini
like "$output" '/srv/store/40/tmp and 2 more -> /srv/store/\?\?/tmp +\(they differ in two' \
    "... are any, where three were used"
unlike "$(grep -v '^;' shards.ini)" '/srv/(log|few)/\?' \
    "... and not where there are two, or only numbers"

# --- what a guest may try ----------------------------------------------------
hostile() { printf '{"v":1,"verdict":"learn","target":"arm","syscall":%s}\n' "$1"; }
{
    hostile '"open","args":{},"access":"read","path":"/tmp/a\n[allow]\nptrace = always"'
    hostile '"open","args":{},"access":"read","path":"/tmp/b\" || path under /x"'
    hostile '"open","args":{},"access":"read","path":"/tmp/e/../../etc/shadow"'
    hostile '"connect","args":{},"sockaddr":"inet 1.2.3.4 || port == 5:1"'
    hostile '"open","args":{},"access":"read","path":"/tmp/c ; x"'
    hostile '"open","args":{},"access":"read","path":"/tmp/d*"'
    hostile '"open","args":{},"access":"read","path":"/tmp/\u001b[31m\udc80"'
    hostile '"ioctl","args":{"cmd":"TCGETS || cmd == TIOCSTI"}'
    hostile '"open\n[deny]","args":{}'
} >hostile.jsonl
"$tool" learn hostile.jsonl -o hostile.ini >said 2>&1
is "$(tr -d '\n\40-\176' <said | wc -c)" 0 "a terminal gets nothing odd"
is "$(tr -d '\n\40-\176' <hostile.ini | wc -c)" 0 "nor does the policy"
unlike "$(grep -v '^;' hostile.ini)" \
    '^ptrace|^\[deny\]|^@open += .*path under /$|TIOCSTI' \
    "no text of a guest's becomes a rule"
succeeds "it is a policy" "$tool" check hostile.ini --target arm
{
    opened '/tmp/*/abcd1234efgh' '/tmp/a*b-7777' '/tmp/c*d.a1B2c3D4' \
        '/srv/e*f-0123456789abcdef0123'
    hostile '"open","args":{},"access":"read","path":"/lib/l[ibz.so.1.2"'
    hostile '"open","args":{},"access":"read","path":"/usr/lib/x*y5.36/z"'
} >stars.jsonl
succeeds "stars and brackets beside what becomes a pattern" "$tool" learn \
    stars.jsonl -o stars.ini
succeeds "... are a policy" "$tool" check stars.ini --target arm
cat >stars.cases <<'END'
open path=/tmp/a*b-8888 access=write            allow
open path=/tmp/axxb-8888 access=write           deny EPERM
open path=/tmp/cxxd.a1B2c3D4 access=write       deny EPERM
open path=/srv/exxf-0123456789abcdef0123 access=write   deny EPERM
open path=/lib/l[ibz.so.3 access=read           allow
open path=/usr/lib/xxxy5.36/z access=read       deny EPERM
open path=/tmp/q/abcd1234efgh access=write      deny EPERM
END
succeeds "... and mean themselves" "$tool" test stars.ini stars.cases \
    --target arm
for question in 'open path=/etc/shadow access=read' 'open path=/x access=read' \
    'connect addr=1.2.3.4 port=5' 'ioctl cmd=TIOCSTI' ptrace; do
    # shellcheck disable=SC2086 # words
    like "$("$tool" explain hostile.ini --target arm $question)" \
        '> deny EPERM$' "refused: $question"
done
like "$("$tool" explain hostile.ini --target arm open path=/tmp/dx \
    access=read)" '> deny EPERM$' "a star in a name is a star"
tap_done
