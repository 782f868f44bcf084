#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy diff compares what conditions mean. Each pair of lines is tried in
# both orders, and an example that diff gives is put to explain.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_TMP" || exit 1

# policy FILE LINE: a policy whose [deny] is that line
policy()
{
    printf '[policy]\ndefault = allow\n[deny]\n%s\n' "$2" >"$1"
}

# same LINE LINE: no difference, on any target
same()
{
    policy old.ini "$1"
    policy new.ini "$2"
    exits 0 "the same: $1 / $2" "$tool" diff old.ini new.ini
    is "$output" '' "nothing is said"
    exits 0 "the same: $2 / $1" "$tool" diff new.ini old.ini
}

# asked FILE EXPECTED WORD...: what explain says of the example
asked()
{
    local file=$1 expected=$2 verdict
    shift 2

    verdict=$("$tool" explain "$file" --target x86_64 "$@")
    like "$verdict" "$expected" "explain says so: $file $*"
}

# other LINE LINE EXAMPLE OLD NEW: they differ in that call
other()
{
    local words

    policy old.ini "$1"
    policy new.ini "$2"
    exits 1 "they differ: $1 / $2" "$tool" diff old.ini new.ini --target x86_64
    like "$output" "^    e\.g\. $3: $4 \(.*\), then $5 \(.*\)$" "an example"
    words=$(sed -n 's/^    e\.g\. \(.*\): [^:]* (.*/\1/p' <<<"$output" |
            head -n 1)
    # shellcheck disable=SC2086
    asked old.ini "$4" $words
    # shellcheck disable=SC2086
    asked new.ini "$5" $words
    exits 1 "they differ: $2 / $1" "$tool" diff new.ini old.ini
}

# --- the same in other words -------------------------------------------------

same 'close = EBADF if fd >= 3' 'close = EBADF if fd > 2'
same 'close = EBADF if fd != 3' 'close = EBADF if fd < 3 || fd > 3'
same 'close = EBADF if fd in 0..5' 'close = EBADF if fd in {0..2, 3..5}'
same 'close = EBADF if fd in 0..5' 'close = EBADF if !(fd < 0 || fd > 5)'
same 'openat = EACCES if path under /etc' \
     'openat = EACCES if path under /etc || path == /etc/passwd'
same 'openat = EACCES if access != read' \
     'openat = EACCES if access in {write, readwrite}'
same 'openat2 = EACCES if (flags & O_CREAT)' \
     'openat2 = EACCES if (flags & O_CREAT) == O_CREAT'
same 'socket = EACCES if domain in {AF_INET, AF_INET6}' \
     'socket = EACCES if domain == AF_INET6 || domain == AF_INET'
same 'connect = EACCES if addr in 10.0.0.0/8' \
     'connect = EACCES if addr in {10.0.0.0/9, 10.128.0.0/9}'
same 'mmap = EACCES if (prot & PROT_EXEC) && (prot & PROT_WRITE)' \
     'mmap = EACCES if (prot & PROT_EXEC|PROT_WRITE) == PROT_EXEC|PROT_WRITE'
same 'kill = EPERM if pid == -1 && sig != 0' \
     'kill = EPERM if !(sig == 0) && !(pid != -1)'
same 'read = EINTR when 3' 'read = EINTR when 3..3'
same 'openat = EACCES if path like "/tmp/*"' \
     'openat = EACCES   if  path like "/tmp/*"'

# --- other meanings ----------------------------------------------------------

other 'close = EBADF if fd >= 3' 'close = EBADF if fd > 3' \
      'close fd=3' 'deny EBADF' 'allow'
other 'close = EBADF if fd == -1' 'close = EBADF if fd in -2..-1' \
      'close fd=-2' 'allow' 'deny EBADF'
other 'openat = EACCES if path under /etc' \
      'openat = EACCES if path under /etc && path != /etc/passwd' \
      'openat path=/etc/passwd' 'deny EACCES' 'allow'
other 'openat = EACCES if path == /a' 'openat = EACCES if path under /a' \
      'openat path=/a/[^ ]+' 'allow' 'deny EACCES'
other 'openat = EACCES if path like "/tmp/*"' \
      'openat = EACCES if path like "/tmp/a*"' \
      'openat path=/tmp/x+' 'deny EACCES' 'allow'
other 'openat = EACCES if path like "/t/[0-9]*"' \
      'openat = EACCES if path like "/t/[a-z]*"' \
      'openat path=/t/[0-9]x' 'deny EACCES' 'allow'
other 'openat = EACCES if access != read' 'openat = EACCES if access == write' \
      'openat flags=O_RD[^ ]+' 'deny EACCES' 'allow'
other 'connect = EACCES if addr in 10.0.0.0/8 && port == 80' \
      'connect = EACCES if addr in 10.0.0.0/9 && port == 80' \
      'connect addr=10\.[0-9.]+ port=80' 'deny EACCES' 'allow'
other 'connect = EACCES if addr in ::/0' 'connect = EACCES if family == AF_INET' \
      'connect addr=[^ ]+ port=[0-9]+' 'deny EACCES' 'allow'
other 'connect = EACCES if unix == /run/x' 'connect = EACCES if unix under /run' \
      'connect unix=/run[^ ]*' 'allow' 'deny EACCES'
other 'mmap = EACCES if (prot & PROT_EXEC) && (prot & PROT_WRITE)' \
      'mmap = EACCES if (prot & PROT_EXEC|PROT_WRITE)' \
      'mmap prot=PROT_[A-Z]+' 'allow' 'deny EACCES'
other 'close = EBADF if fd >= 3' 'close = EIO if fd >= 3' \
      'close fd=3' 'deny EBADF' 'deny EIO'
other 'lseek = EINVAL if offset > 0xffffffff' \
      'lseek = EINVAL if offset >= 0xffffffff' \
      'lseek offset=4294967295' 'allow' 'deny EINVAL'

# --- what is not a condition ------------------------------------------------

# differs LINE LINE
differs()
{
    policy old.ini "$1"
    policy new.ini "$2"
    exits 1 "they differ: $1 / $2" "$tool" diff old.ini new.ini
}

differs 'read = EINTR when 3' 'read = EINTR when 4'
differs 'read = EINTR' 'read = EINTR quiet'
differs 'read = EINTR' 'read = EINTR permissive'
differs 'read = EINTR' 'read = EINTR delay 1ms'
# --- what could not be told ------------------------------------------------

# unsure LINE LINE WHY: nothing was found and nothing proven: that is said
unsure()
{
    policy old.ini "$1"
    policy new.ini "$2"
    exits 1 "unsure: $1 / $2" "$tool" diff old.ini new.ini --target s390x
    is "$(tail -n 1 <<<"$output")" "    unsure: no call was found that tells\
 them apart, but not all were tried: $3" "it says so, and why"
}

unsure 'openat = EACCES if path like "/tmp/*"' \
       'openat = EACCES if path like "/tmp/?*"' 'one path for each pattern'
unsure 'read = EIO if (count & 0x3f) > 3 && count < 64' \
       'read = EIO if (count & 0x7f) in 4..63 && count <= 63' \
       'some combinations of bits'
# What both have is no reason for doubt.
same 'openat = EACCES if path like "/tmp/*" && access == read' \
     'openat = EACCES if path  like "/tmp/*" && access in {read}'

# --- thousands of rules for one call ----------------------------------------

# many FILE LINE: a policy of 5,000 rules; %n stands for a number of its own, %a for
# two bytes
many()
{
    {
        printf '[policy]\ndefault = allow\n[deny]\n'
        awk -v line="$2" 'BEGIN {
            for (i = 0; i < 5000; i++) {
                text = line
                gsub(/%n/, i * 2, text)
                gsub(/%a/, int(i / 250) "." i % 250, text)
                print text
            }
        }'
    } >"$1"
}

many old.ini 'read = EACCES if fd == %n && count > %n'
{ head -n 3 old.ini; tail -n +4 old.ini | tac; } >new.ini
exits 0 "5,000 rules: their order is none" "$tool" diff old.ini new.ini
many new.ini 'read = EACCES if fd in %n..%n && !(count <= %n)'
exits 0 "5,000 rules, said otherwise" "$tool" diff old.ini new.ini --target arm
many new.ini 'read = EACCES if (fd > %n || fd == %n) && fd <= %n && count > %n'
exits 0 "5,000 rules of other tests" "$tool" diff old.ini new.ini --target arm
sed 's/fd == 5000 && count > 5000$/fd == 5000 \&\& count > 5001/' old.ini >new.ini
exits 1 "5,000 rules, one of which is another" "$tool" diff old.ini new.ini
like "$output" '^    e\.g\. read fd=5000 count=5001: deny EACCES \(old.ini:2504\)' \
    "the call is found"
like "$output" '^    and 4980 more that both have$' "what both have is cut short"
is "$(grep -c '^  [-+] ' <<<"$output")" 2 "what one has is not"

many old.ini 'connect = EACCES if addr in 10.%a.0/24 && port == %n'
many new.ini 'connect = EACCES if addr in {10.%a.0/25, 10.%a.128/25} && port == %n'
exits 1 "more than can be asked" "$tool" diff old.ini new.ini --target arm
is "$(tail -n 1 <<<"$output")" "    unsure: no call was found that tells\
 them apart, but not all were tried: 250 million questions at most" \
    "it ends, and says so"

# On a terminal it is seen to work, and Ctrl-C ends it.
{
    for _ in {1..300}; do
        grep -q ' of 33)' screen 2>/dev/null && break
        sleep 0.1
    done
    printf '\003'
    sleep 1
} | script -qefc "$tool diff old.ini new.ini" screen >/dev/null
is "${PIPESTATUS[1]}" 130 "Ctrl-C ends it"
like "$(tr '\r' '\n' <screen)" \
    '^[a-z0-9_]+ \([0-9]+ of 33\): connect, [0-9]+ of at most 250 million questions' \
    "a terminal shows how far it is"


# A rule that another one takes everything from changes nothing.
printf '[policy]\ndefault = allow\n[deny]\nclose = EBADF\n' >old.ini
cp old.ini new.ini
printf '[allow]\nclose = fd == 1 && fd == 2\n' >>new.ini
exits 0 "a condition that never holds" "$tool" diff old.ini new.ini

tap_done
