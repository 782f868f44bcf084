#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Paths: which object a name leads to, and that it is the one that is used.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

rounds=${RACE_ROUNDS:-20000}

# sandbox: a folder with ok/ and bad/, of which the policy allows the first
sandbox()
{
    box=$work/box
    rm -rf "$box"
    mkdir -p "$box/ok/d" "$box/bad" "$box/root/etc"
    echo a >"$box/ok/file"
    echo a >"$box/ok/d/file"
    echo b >"$box/bad/file"
    echo r >"$box/root/etc/passwd"
    ln -s ../bad "$box/ok/e"
    ln -s file "$box/ok/x"
    ln -s ../bad/file "$box/ok/out"
    ln -s ../ok/file "$box/bad/back"
    ln -s ../bad/new "$box/ok/dangling"
    ln -s ../ok/new "$box/bad/dangling"
    policy <<END
[policy]
default = allow
[allow]
@open    = path under $box/ok
?linkat   = path2 under $box/ok
unlinkat = path under $box/ok
?rmdir    = path under $box/ok
@readlink = path under $box/ok || path == /proc/self/exe
chdir    = path under $box
[deny]
@open    = EACCES
?linkat   = EACCES
unlinkat = EACCES if (flag & 0x200)
?rmdir    = EACCES
@readlink = EACCES
chdir    = EACCES
END
}

openat() { words+=(call openat AT_FDCWD "$@" --); }

names()
{
    local words=()
    sandbox
    openat "str:$box/ok/file" 0
    openat "str:$box/ok/x" 0
    openat "str:$box/ok/../ok/./d//../file" 0
    openat "str:$box/bad/back" 0
    openat "str:/proc/self/root$box/ok/file" 0
    openat "str:$box/ok/file/" 0
    openat "str:$box/ok/none" 0
    openat "str:$box/ok/none/none" 0
    expect "what lies in the folder, by any name" \
"openat = 3
openat = 4
openat = 5
openat = 6
openat = 7
openat = ENOTDIR
openat = ENOENT
openat = ENOENT" "${words[@]}"
    words=()
    openat "str:$box/bad/file" 0
    openat "str:$box/ok/out" 0
    openat "str:$box/ok/e/file" 0
    openat "str:$box/ok/../bad/file" 0
    openat "str:$box/ok/d/../e/./file" 0
    openat "str:/proc/self/root$box/bad/file" 0
    openat "str:/proc/thread-self/root$box/bad/file" 0
    openat "str:$box/bad/none/none" 0
    openat "str:" 0
    openat 1 0
    expect "what does not, by no name" \
        "$(yes 'openat = EACCES' | head -n 10)" "${words[@]}"
}

working_folder()
{
    sandbox
    expect "names from the working folder and from a descriptor" \
"chdir = 0
openat = 3
openat = EACCES
openat = EACCES
chdir = EACCES" \
        call chdir "str:$box/ok" -- call openat AT_FDCWD str:file 0 -- \
        call openat AT_FDCWD str:../bad/file 0 -- \
        call openat AT_FDCWD str:/proc/self/cwd/../bad/file 0 -- \
        call chdir str:/etc
    expect "a folder's descriptor" \
"openat = 3
openat = 4
openat = EACCES
openat = 5
openat = EACCES" \
        call openat AT_FDCWD "str:$box/ok" 0 -- \
        call openat 3 str:d/file 0 -- call openat 3 str:../bad/file 0 -- \
        call openat 77 "str:$box/ok/file" 0 -- \
        call openat 3 str:e/file 0
}

creating()
{
    local creat=0x41 nofollow=0x20000 words=() # O_WRONLY | O_CREAT
    sandbox
    case $target in
    alpha | hppa | sparc* | mips*)
        skip "$target: creating" "its O_CREAT is another"
        return ;;
    aarch64 | arm | m68k | ppc*) nofollow=0x8000 ;;
    esac
    openat "str:$box/ok/made" "$creat" 0600
    openat "str:$box/bad/dangling" "$creat" 0600
    openat "str:$box/ok/dangling" "$creat" 0600
    openat "str:$box/ok/e/made" "$creat" 0600
    openat "str:$box/bad/made" "$creat" 0600
    openat "str:$box/ok/x" "$((creat | 0x80))" 0600
    openat "str:$box/ok/slash/" "$creat" 0600
    openat "str:$box/ok/x" "$nofollow"
    expect "new files are named by where they would be" \
"openat = 3
openat = 4
openat = EACCES
openat = EACCES
openat = EACCES
openat = EEXIST
openat = EISDIR
openat = ELOOP" "${words[@]}"
    check "the allowed ones exist" test -e "$box/ok/made" -a -e "$box/ok/new"
    check "the others do not" eval "! ls '$box'/bad/made '$box'/bad/new"
}

strings()
{
    local words=() long
    sandbox
    long=$(printf '/.%.0s' {1..3000})
    policy <<END
[policy]
default = allow
[deny]
openat = EACCES if path under $box/bad
END
    openat "endz:$box/ok/file" 0
    openat "end:$box/ok/file" 0
    openat 1 0
    openat -1 0
    openat -4080 0
    openat "str:$box$long/ok/file" 0
    openat "str:$box/ok/$(printf 'x%.0s' {1..300})" 0
    openat "str:" 0
    expect "pointers and lengths" \
"openat = 3
openat = EFAULT
openat = EFAULT
openat = EFAULT
openat = EFAULT
openat = ENAMETOOLONG
openat = ENAMETOOLONG
openat = ENOENT" "${words[@]}"
}

# QEMU answers for some files of /proc by itself; that goes on.
own_files()
{
    local exe
    sandbox
    policy <<END
[policy]
default = allow
[deny]
@open = EACCES if path under $box/bad
@readlink = EACCES if path under $box/bad
END
    run show /proc/self/maps
    if [ "$target" = hppa ]; then
        skip "hppa: the guest's own maps" "they begin with the gateway page"
    else
        check "the guest's own maps" contains "$out" "${probe##*/}"
    fi
    check "and not the emulator's" eval "! contains '$out' '$emulator'"
    exe=$(readlink -f "$probe")
    run show /proc/self/exe
    check "/proc/self/exe is the guest's program" contains "$out" ELF
    policy <<END
[policy]
default = allow
[deny]
@open = EACCES if path == $exe
END
    expect "also by its name in the policy" \
"openat = EACCES
openat = EACCES" \
        call openat AT_FDCWD str:/proc/self/exe 0 -- \
        call openat AT_FDCWD str:/proc/thread-self/exe 0
}

# What -L replaces is named by its path below the folder that is given there.
root_option()
{
    sandbox
    policy <<END
[policy]
default = allow
[deny]
openat = EACCES
[allow]
openat = path == /etc/passwd
END
    options -L "$box/root"
    run show /etc/passwd
    check "-L: the file below its folder" equals "$out" 'content = r'
    expect "-L: by its own name it is the same file" \
"openat = 3
openat = EACCES" \
        call openat AT_FDCWD "str:$box/root/etc/passwd" 0 -- \
        call openat AT_FDCWD str:/etc/hostname 0
}

# Other calls than open, and what they look at.
looking()
{
    sandbox
    policy <<END
[policy]
default = allow
[allow]
statx   = path under $box/ok
openat2 = path under $box/ok && access == read
[deny]
statx   = EACCES
openat2 = EACCES
END
    expect "statx: by path, and by descriptor" \
"statx = 0
statx = EACCES
statx = 0
statx = EACCES
openat = 3
statx = 0
openat = 4
statx = EACCES
statx = EACCES
statx = EACCES
statx = ENOENT" \
        call statx AT_FDCWD "str:$box/ok/file" 0 0x7ff buf:256 -- \
        call statx AT_FDCWD "str:$box/ok/out" 0 0x7ff buf:256 -- \
        call statx AT_FDCWD "str:$box/ok/out" 0x100 0x7ff buf:256 -- \
        call statx AT_FDCWD "str:$box/ok/out/" 0x100 0x7ff buf:256 -- \
        call openat AT_FDCWD "str:$box/ok/file" 0 -- \
        call statx 3 str: 0x1000 0x7ff buf:256 -- \
        call openat AT_FDCWD "str:$box/bad/file" 0 -- \
        call statx 4 str: 0x1000 0x7ff buf:256 -- \
        call statx 77 "str:x" 0 0x7ff buf:256 -- \
        call statx AT_FDCWD "str:$box/ok/dangling" 0 0x7ff buf:256 -- \
        call statx AT_FDCWD "str:$box/bad/dangling" 0 0x7ff buf:256
    expect "openat2, whose flags lie in memory" \
"openat2 = 3
openat2 = EACCES
openat2 = EACCES
openat2 = EACCES
openat2 = EINVAL" \
        call openat2 AT_FDCWD "str:$box/ok/file" buf:24 24 -- \
        call openat2 AT_FDCWD "str:$box/ok/out" buf:24 24 -- \
        call openat2 AT_FDCWD "str:$box/ok/../bad/file" buf:24 24 -- \
        call openat2 AT_FDCWD "str:$box/bad/file" buf:24 24 -- \
        call openat2 AT_FDCWD "str:$box/ok/file" buf:24 8
}

# reading LOG: openat2 may read below $box/ok
reading()
{
    sandbox
    policy <<END
[policy]
default = allow
log     = $1
[allow]
openat2 = path under $box/ok && access == read
[deny]
openat2 = EACCES
END
}

# A longer struct than is known here: as the kernel takes it, zero behind what it
# knows. What another thread makes of it meanwhile is not looked at again.
longer()
{
    reading all
    local file="str:$box/ok/file"
    expect "a longer struct open_how" \
"openat2 = 3
openat2 = 4
openat2 = E2BIG
openat2 = E2BIG
openat2 = EFAULT
openat2 = EFAULT
openat2 = E2BIG
openat2 = EFAULT
openat2 = E2BIG
openat2 = EACCES" \
        call openat2 AT_FDCWD "$file" edge:32 32 -- \
        call openat2 AT_FDCWD "$file" edge:4000 4000 -- \
        call openat2 AT_FDCWD "$file" edge:32:24 32 -- \
        call openat2 AT_FDCWD "$file" edge:4000:3999 4000 -- \
        call openat2 AT_FDCWD "$file" edge:24 32 -- \
        call openat2 AT_FDCWD "$file" edge:1024 4096 -- \
        call openat2 AT_FDCWD "$file" edge:1024:1023 4096 -- \
        call openat2 AT_FDCWD "$file" edge:16 24 -- \
        call openat2 AT_FDCWD "$file" buf:24 0x20000 -- \
        call openat2 AT_FDCWD "str:$box/bad/file" edge:32 32
    check "the record has the size that was given" log_count \
        '.syscall == "openat2" and .args.size == 4000' 2
    reading none
    expect "a second thread changes the struct and what is behind it" \
        "allowed=some forbidden=none" race how "$rounds" "$box"
}

# Attributes of files, and of links themselves: those cannot have user's, so that
# EPERM tells a call that does not follow them from one that does.
attributes()
{
    sandbox
    policy <<END
[policy]
default = allow
[allow]
setxattr  = path under $box/ok
lsetxattr = path under $box/ok
getxattr  = path under $box/ok
[deny]
setxattr  = EACCES
lsetxattr = EACCES
getxattr  = EACCES
END
    run call setxattr "str:$box/ok/file" str:user.test str:v 1 0
    if contains "$out" EOPNOTSUPP >/dev/null; then
        skip "$target: extended attributes" "the file system has none"
        return
    fi
    expect "extended attributes, by where a name leads" \
"setxattr = 0
setxattr = 0
setxattr = EACCES
lsetxattr = EPERM
lsetxattr = EACCES
getxattr = 1
getxattr = EACCES" \
        call setxattr "str:$box/ok/file" str:user.test str:v 1 0 -- \
        call setxattr "str:$box/bad/back" str:user.test str:v 1 0 -- \
        call setxattr "str:$box/ok/out" str:user.test str:v 1 0 -- \
        call lsetxattr "str:$box/ok/x" str:user.test str:v 1 0 -- \
        call lsetxattr "str:$box/bad/back" str:user.test str:v 1 0 -- \
        call getxattr "str:$box/ok/x" str:user.test buf:8 8 -- \
        call getxattr "str:$box/ok/out" str:user.test buf:8 8
}

doors()
{
    local number
    number=$(ulimit -n)
    number=$((number > 4096 ? 4096 - 100 : number - 100))
    sandbox
    expect "numbers of pins are not the guest's, and names keep their meaning" \
"close = EBADF
dup3 = EBADF
chroot = EPERM
openat = 3" \
        call close "$number" -- \
        call dup3 1 "$number" 0 -- \
        call chroot "str:$box" -- call openat AT_FDCWD "str:$box/ok/file" 0
}

# resolve_run [OPTION...]: what resolve prints, in a folder of its own
resolve_run()
{
    rm -rf "$work/resolve"
    mkdir -p "$work/resolve/in"
    timeout 120 "$emulator" "$@" "$own" "$work/resolve/in" </dev/null 2>&1
}

# What openat2's own flags refuse stays refused when a rule has resolved the name,
# and nothing else is opened.
resolves()
{
    if ! compile_own resolve "$target"; then
        skip "$target: openat2's ways" "$(head -n 1 "$own.log")"
        return 0
    fi
    policy <<END
[policy]
default = allow
log     = none
[deny]
@path   = EACCES if path == $box/secret
END
    resolve_run >"$work/without"
    resolve_run -policy "$work/policy.ini" >"$work/with"
    check "openat2: 8,000 names, flags and ways" \
        test "$(grep -c ': ' "$work/with")" -gt 8000
    # Strictly: a name that cannot be followed may be refused in another way.
    is "$(paste -d '|' "$work/without" "$work/with" |
        awk -F '|' '$1 != $2 && $2 !~ /: E[A-Z]+$/' | head -n 5)" "" \
        "$target: openat2 opens nothing that it would not without rules"
}

races()
{
    local kind
    for kind in link folder create dangling make remove; do
        sandbox
        policy <<END
[policy]
default = allow
log = none
[allow]
@open    = path under $box/ok
?linkat   = path2 under $box/ok
?rmdir    = path under $box/ok
unlinkat = path under $box/ok || !(flag & 0x200)
[deny]
@open    = EACCES
?linkat   = EACCES
?rmdir    = EACCES
unlinkat = EACCES
END
        expect "a second thread changes things: $kind" \
            "allowed=some forbidden=none" race "$kind" "$rounds" "$box"
    done
    sandbox
    policy <<END
[policy]
default = allow
log     = none
[allow]
@open   = path under $box/ok || access == read
[deny]
@open   = EACCES
END
    expect "a second thread changes what the emulator holds the file by" \
        "allowed=some forbidden=none" race pin "$rounds" "$box"
    sandbox
    expect "a second thread changes the string" \
        "a=some b=none refused=some" \
        flip "$rounds" "$box/./ok/file" "$box/bad//file"
}

# What a descriptor refers to; and the number that another thread changes.
descriptors()
{
    sandbox
    policy <<END
[policy]
default = allow
[deny]
pread64 = EACCES if fdpath under $box/bad
fsync   = EIO if fdpath == $box/ok/file
fchmod  = EPERM if fdpath !under /
END
    expect "a descriptor of a file is known by its path" \
        "openat = 3
fsync = EIO
fsync = EINVAL
fchmod = EPERM
fsync = EBADF" \
        call openat AT_FDCWD "str:$box/ok/file" 0 -- call fsync 3 -- \
        call fsync 1 -- call fchmod 1 0600 -- call fsync 99
    sandbox
    policy <<END
[policy]
default = allow
log     = none
[deny]
pread64 = EACCES if fdpath !under $box/ok
END
    expect "a second thread changes the descriptor" \
        "allowed=some forbidden=none" race descriptor "$rounds" "$box"
    sandbox
    policy <<END
[policy]
default = allow
log     = none
[deny]
mmap    = EACCES if fdpath under $box/bad
END
    expect "the descriptor of a mapping is known by its path" \
'open = ok
map = EACCES
map = EACCES' file "$box/bad/file" open:r map oldmap
    expect "a second thread changes the descriptor of a mapping" \
        "allowed=some forbidden=none" race map "$rounds" "$box"
}

for_each_target names resolves working_folder creating strings own_files \
    root_option looking longer attributes doors races descriptors
tap_done
