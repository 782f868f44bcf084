#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Emulation without Lua: other files, devices, signals, delays, limits.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# Every call that opens or looks, whatever the target uses.
replace()
{
    local name
    for name in @open "?stat" "?lstat" "?newfstatat" "?statx" "?access" \
        "?faccessat"; do
        echo "$name = $1"
    done
}

data()
{
    echo "from a file" >"$work/fixture"
    policy <<END
[policy]
default = allow
[emulate]
$(replace 'data "x86\n\x00\"" if path == /proc/cpuinfo')
$(replace 'file fixture if path == /no/such/file')
END
    expect "data stands in the place of a file" \
'stat = file of 6 bytes, access = ok
open = ok
read = "x86.."
read = """
read = ""
seek = 1
map = "x86."
write = EBADF' file /proc/cpuinfo stat open:r read:5 read:9 read:9 seek:1 map \
        write:y
    expect "what is written is the descriptor's own" \
'open = ok
write = 2
read = "6.."
open = ok
read = "x86..""' file /proc/cpuinfo open:rw write:yz read:3 open:rn read:9
    expect "flags mean what they mean" \
"open = EEXIST
open = ENOTDIR
open = ok
read = \"\"" file /proc/cpuinfo open:wcx open:rd open:rwt read:9
    echo "changed" >"$work/fixture"
    policy <<END
[policy]
default = allow
[emulate]
$(replace 'file fixture if path == /no/such/file')
END
    expect "a file has the bytes that it had when the policy was loaded" \
'open = ok
read = "changed."
open = ok
read = "changed."' file /no/such/file open:r read:20 exec open:r read:20
}

redirect()
{
    echo "one" >"$work/one"
    policy <<END
[policy]
default = allow
[emulate]
$(replace 'redirect one if path == /no/such/file')
$(replace 'redirect new if path == /no/such/new')
unlinkat = redirect one if path == /no/such/file
END
    expect "another file of the host takes its place" \
'stat = file of 4 bytes, access = ok
open = ok
read = "one."
open = ok
write = 3' file /no/such/file stat open:r read:9 open:w write:two
    check "and is written" equals "$(cat "$work/one")" "two"
    expect "it can be one that is made" \
'stat = ENOENT
open = ENOENT
open = ok
write = 4' file /no/such/new stat open:r open:wc write:made
    check "there" equals "$(cat "$work/new")" "made"
    rm -f "$work/new"
    expect "or removed" "unlinkat = 0" \
        call unlinkat AT_FDCWD str:/no/such/file 0
    check "here" equals "$(ls "$work/one" 2>&1 | grep -c No)" 1
}

parents()
{
    rm -rf "$work/deep"
    policy <<END
[policy]
default = allow
[emulate]
@open = make-parents if path under $work/deep && access != read
END
    expect "missing directories are made" \
"open = ok" file "$work/deep/a/b/file" open:wc
    check "all of them" test -f "$work/deep/a/b/file"
    ln -s "$work" "$work/deep/link"
    expect "for writing alone" "open = ENOENT" file "$work/deep/c/d" open:r
    check "as asked" test ! -e "$work/deep/c"
    rm -rf "$work/deep"
}

# With a root: what a program makes, and finds again, is there and nowhere else.
below_root()
{
    local root=$work/root
    rm -rf "$root" /tmp/below-root.$$
    mkdir -p "$root/etc" "$root/tmp"
    ln -s "/tmp/below-root.$$/late" "$root/etc/late"
    ln -s "../../../../../../../../tmp" "$root/out"
    policy <<'END'
[policy]
default = allow
END
    options -L "$root"
    expect "without the rule, the host's" "mkdirat = 0" \
        call mkdirat AT_FDCWD "str:/tmp/below-root.$$" 0700
    check "there" rmdir "/tmp/below-root.$$"
    policy <<'END'
[policy]
default = allow
[emulate]
@path = below-root if path under {/tmp, /etc, /out}
END
    options -L "$root"
    expect "a file and its folders are made" "stat = ENOENT
open = ok
write = 4
stat = file of 4 bytes, access = ok
open = ok
read = \"made\"" file "/tmp/below-root.$$/a/b" stat open:wc write:made stat open:r read:8
    check "below the root" equals "$(cat "$root/tmp/below-root.$$/a/b")" made
    expect "by a link of the root's" "open = ok
write = 4" file /etc/late open:wc write:late
    check "to where it leads there" \
        equals "$(cat "$root/tmp/below-root.$$/late")" late
    expect "by one that leads out of it" "open = ok
write = 3" file "/out/below-root.$$/out" open:wc write:out
    check "to where chroot would lead" \
        equals "$(cat "$root/tmp/below-root.$$/out")" out
    expect "folders" "mkdirat = 0
unlinkat = 0" call mkdirat AT_FDCWD "str:/tmp/below-root.$$/c/d/" 0700 -- \
        call unlinkat AT_FDCWD "str:/tmp/below-root.$$/out" 0
    check "made" test -d "$root/tmp/below-root.$$/c/d"
    expect "both names of a file" "renameat2 = 0" call renameat2 AT_FDCWD \
        "str:/tmp/below-root.$$/a/b" AT_FDCWD "str:/srv/below-root.$$/new" 0
    check "in a folder that is made" test -f "$root/srv/below-root.$$/new"
    check "and nothing on the host" \
        test ! -e "/tmp/below-root.$$" -a ! -e "/srv/below-root.$$"
    rm -rf "$root"
}

signals()
{
    policy <<'END'
[policy]
default = allow
[emulate]
sync  = signal SIGTERM
fsync = error EIO signal SIGKILL
umask = delay 1ms delay-after 1ms
END
    expect_status "a signal on entry" 143 call sync
    expect_status "with an error" 137 call fsync 99
    expect "a delayed call gives what it gives" "umask = 18" call umask 022
}

limits()
{
    policy <<'END'
[policy]
default = allow
[allow]
getpgid = limit 3 else EAGAIN
write   = fd > 2 limit 10 B of count else ENOSPC
END
    expect "calls are counted" \
"getpgid = ESRCH
getpgid = ESRCH
getpgid = ESRCH
getpgid = EAGAIN" call getpgid 0x3ffffff -- call getpgid 0x3ffffff -- \
        call getpgid 0x3ffffff -- call getpgid 0x3ffffff
    expect "over all processes" \
"open = ok
write = 4
write = 6
write = ENOSPC" file "$work/limited" open:wc write:1234 fork \
        write:12345678 exec write:1
    check "and what was cut is not there" equals \
        "$(cat "$work/limited")" "1234123456"
    rm -f "$work/limited"
    check "the refusal is logged" log_count \
        '.verdict == "deny" and .errno == "ENOSPC"' 1
}

devices()
{
    policy <<'END'
[policy]
default = allow
[device /dev/nvram]
content = data "lan=1"
ioctl   = return 7 write "\x01\x02" to arg if cmd == 0x4004
ioctl   = error EIO if cmd == 0x4005
[device /dev/sensor/temperature]
reads   = "21" "22" "23" repeat
[device /dev/once]
reads   = "a" "bc"
END
    expect "a device is there, and keeps what is written" \
'stat = file of 5 bytes, access = ok
open = ok
read = "lan=1"
open = ok
write = 3
open = ok
read = "wan=1"' file /dev/nvram stat open:r read:9 open:wct write:wan open:r \
        read:9
    expect "for children and executed programs too" \
'open = ok
write = 3
open = ok
read = "wan=1"
write = 1
open = ok
read = "wan=1!"' file /dev/nvram open:w write:wan fork open:rw read:9 \
        write:! exec open:r read:9
    expect "its ioctls are answered by its own" \
"open = ok
ioctl = 7, 01 02 ee ee
ioctl = EIO
ioctl = ENOTTY" file /dev/nvram open:r ioctl:0x4004 ioctl:0x4005 ioctl:0x4006
    expect "by no other file's" \
"open = ok
ioctl = ENOTTY" file /etc/passwd open:r ioctl:0x4004
    expect "through dup, fork, messages and execve" \
"open = ok
ioctl = 7, 01 02 ee ee
ioctl = 7, 01 02 ee ee
ioctl = 7, 01 02 ee ee
ioctl = 7, 01 02 ee ee" file /dev/nvram open:r dup ioctl:0x4004 pass \
        ioctl:0x4004 fork ioctl:0x4004 exec ioctl:0x4004
    expect "reads come one by one" \
'open = ok
read = "21"
read = "2"
read = "2"
readv = "2"
read = "3"
read = "21"' file /dev/sensor/temperature open:r read:99 read:1 read:99 \
        readv:99 fork read:99 exec read:99
    expect "and end" \
'open = ok
read = "a"
read = "bc"
read = ""' file /dev/once open:r read:99 read:99 read:99
}

# However mmap gets its arguments: some targets have a call that finds them in
# memory, instead of the other or beside it.
mapped_devices()
{
    policy <<'END'
[policy]
default = allow
[device /dev/none]
content = data "none"
mmap    = error ENODEV
[device /dev/some]
content = data "some"
mmap    = error EPERM if (prot & PROT_WRITE)
[device /dev/all]
content = data "all!"
END
    expect "a device's rules for mmap are asked" \
"open = ok
map = ENODEV
map = ENODEV
map = ENODEV" file /dev/none open:rw map oldmap dup oldmap
    expect "with their conditions" \
'open = ok
map = "some"
map = "some"' file /dev/some open:rw map oldmap
    expect "and of no other file" \
'open = ok
map = "all!"
map = "all!"' file /dev/all open:rw map oldmap
    policy <<'END'
[policy]
default = allow
[allow]
mmap    = fd > 2 limit 8 KiB of len else ENOMEM
END
    printf mapped >"$work/mapped"
    expect "a limit of what is mapped" \
'open = ok
map = "mapp"
map = "mapp"
map = ENOMEM
map = ENOMEM' file "$work/mapped" open:r oldmap map oldmap map
}

for_each_target data redirect parents below_root signals limits devices \
    mapped_devices
tap_done
