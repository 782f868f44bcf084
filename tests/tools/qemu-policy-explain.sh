#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy explain: every rule, why it matches or not, and which decides.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_TMP" || exit 1

# explains EXPECTED NAME WORD...: the whole output
explains()
{
    local expected=$1 name=$2
    shift 2
    succeeds "$name" "$tool" explain "$@"
    is "$output" "$expected" "$name: what it says"
}

cat >web.ini <<'END'
[policy]
default = deny EACCES
[allow]
syscalls = @basic-io mmap:log
connect = addr in 10.0.0.0/8 && port == 5432
@open = access == read && (path under /usr || path like /a/*.so)
socket = domain in {AF_INET, AF_INET6} && (type & SOCK_TYPE_MASK) == SOCK_STREAM
[deny]
syscalls = @network-io @module:ENOSYS
openat = EROFS if (flags & O_CREAT)
close = EIO when 3
umount2 = EACCES if flags != 0
dup3 = EMFILE if oldfd < 3 permissive
[emulate]
?time = return 7
getpid = return 4242
END

explains 'connect (s390x: 362, and socketcall 3) -> deny EPERM
  web.ini:5  [allow] connect = addr in 10.0.0.0/8 && port == 5432  no: port is 443, not 5432
  web.ini:9  [deny] syscalls = @network-io                         matches, a set without a condition
  web.ini:2  [policy] default = deny EACCES                        less specific
  decided by web.ini:9' "a call with two ways in" \
    web.ini --target s390x connect addr=10.1.2.3 port=443
explains 'connect (33 targets) -> allow
  web.ini:5  [allow] connect = addr in 10.0.0.0/8 && port == 5432  matches, the call itself with a condition
  web.ini:9  [deny] syscalls = @network-io                         less specific
  web.ini:2  [policy] default = deny EACCES                        less specific
  decided by web.ini:5' "what all targets share is said once" \
    web.ini connect addr=10.1.2.3 port=5432
explains 'openat (33 targets) -> deny EACCES
  web.ini:10  [deny] openat = EROFS if (flags & O_CREAT)                        no: flags & O_CREAT is 0
  web.ini:6   [allow] @open = access == read && (path under /usr || path li...  no: path is /etc/shadow, not under /usr, not like /a/*.so
  web.ini:2   [policy] default = deny EACCES                                    no rule matches
  decided by web.ini:2' "paths are cleaned, texts are cut" \
    web.ini openat path=/usr/.././etc//shadow flags=O_RDONLY
explains 'close (arm: 6) -> allow
  web.ini:11  [deny] close = EIO when 3       no: `when` does not count call 2
  web.ini:4   [allow] syscalls = @basic-io    matches, a set without a condition
  web.ini:2   [policy] default = deny EACCES  less specific
  decided by web.ini:4' "a rule that counts" \
    web.ini --target arm close when=2
explains 'mmap (arm: 90, and mmap2 192) -> allow
  web.ini:4  [allow] syscalls = mmap:log     matches, the call itself without a condition
  web.ini:2  [policy] default = deny EACCES  less specific
  decided by web.ini:4' "two spellings" web.ini mmap --target arm

output=$("$tool" explain web.ini openat path=/usr/x access=read --target arm)
like "$output" '^openat \(arm: 322\) -> may be allow$' \
    "what is not given may matter"
like "$output" 'web.ini:10 .* may match: depends on flags$' "it is named"
like "$output" 'not certain: web.ini:6 decides if no rule above' \
    "it is not called decided"
output=$("$tool" explain web.ini openat flags='O_RDWR|O_CREAT')
like "$output" 'openat \(33 targets\) -> deny EROFS' "constants or-ed"
output=$("$tool" explain web.ini openat flags=0x1 path=/usr/x --target mips)
like "$output" 'no: access is write, not read$' "access follows from flags"
output=$("$tool" explain web.ini openat flags=0x100 path=/usr/x --target mips)
like "$output" 'mips: 4288\) -> deny EROFS' "flags are the target's"
output=$("$tool" explain web.ini socket domain=AF_UNIX type=1)
like "$output" 'no: domain is AF_UNIX, not in \{AF_INET, AF_INET6\}$' "sets"
output=$("$tool" explain web.ini socket domain=AF_INET \
    type='SOCK_DGRAM|SOCK_CLOEXEC' --target mips)
like "$output" 'no: type & SOCK_TYPE_MASK is SOCK_DGRAM, not SOCK_STREAM$' \
    "masks"
output=$("$tool" explain web.ini dup3 oldfd=2 --target arm)
like "$output" 'arm: 358\) -> deny EMFILE permissive$' "a permissive rule"
like "$output" 'web.ini:13, which is permissive: the call is let through' \
    "it is said that the call goes on"
output=$("$tool" explain web.ini dup3 oldfd=5 --target arm)
like "$output" 'no: oldfd is 5, not < 3$' "orders"
output=$("$tool" explain web.ini umount2)
like "$output" 'may match: depends on flags$' "umount2 has flags"
like "$output" 'matches, the call itself .*; the call lacks what' \
    "umount has none"

cat >other.ini <<'END'
[policy]
default = allow
[deny]
connect = kill if port < 1024
getpid = EPERM
END
output=$("$tool" explain web.ini other.ini connect addr=::1 port=80)
like "$output" '^connect \(33 targets\) -> kill$' "the stricter layer counts"
like "$output" '^  web.ini: deny EPERM$' "each layer is shown"
like "$output" '^  other.ini: kill$' "... with its own verdict"
like "$output" '^  decided by other.ini:4$' "the layer that decides is named"
output=$("$tool" explain web.ini other.ini getpid --target mips)
like "$output" '^getpid \(mips: 4020\) -> deny EPERM$' \
    "a refusal beats an emulation"
like "$output" '\[emulate\] getpid = return 4242' "emulations are shown"
output=$("$tool" explain ./other.ini connect unix=@x port=5 2>&1)
like "$output" 'an address has no `port` besides' "words that disagree"

exits 2 "a call that does not exist" "$tool" explain web.ini opneat
like "$output" 'unknown syscall "opneat" \(did you mean "openat"\?\)' "it is named, and what is near"
exits 2 "an argument that does not exist" "$tool" explain web.ini openat fgs=1
like "$output" 'openat has no "fgs" \(dfd, filename, flags, mode\)' \
    "it is named, and what the call has"
exits 2 "a constant that does not exist" \
    "$tool" explain web.ini openat flags=O_RDNOLY
like "$output" '"O_RDNOLY" is not a constant of `flags`' "it is named"
exits 2 "a number that does not fit" "$tool" explain web.ini close fd=0x123456789
exits 2 "a relative path" "$tool" explain web.ini openat path=usr
exits 2 "a network for an address" \
    "$tool" explain web.ini connect addr=10.0.0.0/8
exits 2 "no policy" "$tool" explain openat
exits 2 "no call" "$tool" explain web.ini
exits 2 "a word without a value" "$tool" explain web.ini openat flags
exits 2 "a call that the target lacks" \
    "$tool" explain web.ini open --target aarch64
echo '[allow]' >bad.ini
exits 1 "a policy that is wrong" "$tool" explain bad.ini openat
like "$output" 'bad.ini' "it says what is wrong"

# Arguments that lie in memory are asked about as others are.
cat >memory.ini <<'END'
[policy]
default = allow
[deny]
openat2 = EACCES if access != read && mode == 0
mmap    = EACCES if (prot & PROT_EXEC) && arg4 == 3
END
like "$("$tool" explain memory.ini openat2 flags=O_RDWR mode=0)" \
    '^openat2 \(33 targets\) -> deny EACCES$' "flags of openat2, and what follows"
like "$("$tool" explain memory.ini openat2 flags=O_RDONLY)" \
    'no: access is read$' "... which say what it is opened for"
like "$("$tool" explain memory.ini mmap prot=PROT_EXEC fd=3)" \
    '^mmap \(33 targets\) -> deny EACCES$' "arguments of mmap, wherever they are"
like "$("$tool" explain memory.ini mmap prot=PROT_READ --target s390x)" \
    'no: prot & PROT_EXEC is 0$' "... with the reason"

tap_done
