#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Policies with bytes that do not belong into a text file, and files that are
# none: made here, refused with the message beside them.
set -u
golden=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
failed=0

# expect NAME MESSAGE: NAME.ini is refused with the first line MESSAGE
expect() {
    local got

    n=$((n + 1))
    got=$(cd "$dir" && rm -f ./*.txt && "$golden" bad . 2>&1 | sed -n 's/^# //p' | head -n 1)
    if [ "$got" = "$2" ]; then
        echo "ok $n - $1 is refused: $2"
    else
        echo "not ok $n - $1 is refused"
        echo "# got:    $got"
        echo "# wanted: $2"
        failed=1
    fi
    rm -rf "$dir"/*.ini
}

printf '[policy]\ndefault = deny\0 EPERM\n' >"$dir/nul.ini"
expect "NUL" 'nul.ini:2:15: error: NUL byte in a policy'

printf '[policy]\ndefault = deny \xff\n' >"$dir/utf8.ini"
expect "a stray byte" 'utf8.ini:2:16: error: this is not valid UTF-8'

printf '[policy]\ndefault = deny \xc0\xaf\n' >"$dir/overlong.ini"
expect "an overlong form" 'overlong.ini:2:16: error: this is not valid UTF-8'

printf '\xef\xbb\xbf[policy]\ndefault = deny\n' >"$dir/bom.ini"
expect "a byte order mark" 'bom.ini:1:1: error: the file starts with a byte order mark'

printf '[policy]\n; \033[2J\ndefault = deny\n' >"$dir/escape.ini"
expect "an escape" 'escape.ini:2:3: error: control or invisible character in a policy'

printf '[policy]\n; \xe2\x80\xae\ndefault = deny\n' >"$dir/bidi.ini"
expect "a bidirectional override" 'bidi.ini:2:3: error: control or invisible character in a policy'

: >"$dir/empty.ini"
expect "an empty file" 'empty.ini: error: the policy is empty'

head -c 65536 /dev/urandom >"$dir/binary.ini"
printf '\177ELF' | dd of="$dir/binary.ini" conv=notrunc status=none
expect "a program" 'binary.ini:1:1: error: control or invisible character in a policy'

mkdir "$dir/folder.ini"
expect "a folder" 'folder.ini: error: Is a directory'

ln -s nowhere "$dir/missing.ini"
expect "a missing file" 'missing.ini: error: No such file or directory'

ln -s loop.ini "$dir/loop.ini"
expect "a link to itself" 'loop.ini: error: Too many levels of symbolic links'

{ printf '[policy]\ndefault = deny\n[allow]\nsyscalls = read '
  head -c 300 /dev/zero | tr '\0' ' '; printf 'write\n'; } >"$dir/long.ini"
expect "a long line" 'long.ini:4:199: error: this line has 321 bytes, more than 198'

{ printf '[policy]\ndefault = deny\n[allow]\nread = '
  for _ in $(seq 70); do printf '!'; done; printf 'fd == 0\n'; } >"$dir/deep.ini"
expect "a deep condition" 'deep.ini:4:72: error: the condition is nested too deeply'

for i in $(seq 18); do
    printf '[policy]\ninclude = part-%d.ini\n' $((i + 1)) >"$dir/part-$i.ini"
done
printf '[policy]\ninclude = part-1.ini\n' >"$dir/chain.ini"
expect "a chain of includes" 'part-16.ini:2:11: error: includes are nested more than 16 deep'
rm -f "$dir"/part-*

if [ "$(id -u)" = 0 ]; then
    n=$((n + 1))
    echo "ok $n - an unreadable file # SKIP root reads everything"
else
    printf '[policy]\ndefault = deny\n' >"$dir/secret.ini"
    chmod 0 "$dir/secret.ini"
    expect "an unreadable file" 'secret.ini: error: Permission denied'
fi
echo "1..$n"
exit $failed
