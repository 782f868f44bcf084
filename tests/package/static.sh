#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # output, of tap.sh; it calls functions
#
# The static tree of "tools/setup --static" in a root that holds nothing else:
# no libraries, no shell.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

tree=$TEST_BUILD/static/root
[ -x "$tree/libexec/qemu-policy/qemu-aarch64" ] ||
    skip_all "there is no static qemu-aarch64: tools/setup --static"
command -v aarch64-linux-gnu-gcc >/dev/null ||
    skip_all "there is no compiler for aarch64"
[ "$(id -u)" -eq 0 ] || skip_all "another root takes root"

for file in bin/qemu-user bin/qemu-policy libexec/qemu-policy/qemu-aarch64; do
    unlike "$(readelf -lW "$tree/$file")" INTERP "$file needs no loader"
    unlike "$(readelf -dW "$tree/$file")" NEEDED "$file needs no library"
done

root=$TEST_TMP/root
mkdir -p "$root/proc" "$root/dev" "$root/etc/qemu-policy" "$root/opt"
: >"$root/dev/null"
cp -R "$tree" "$root/opt/qemu-policy"

inside()
{
    unshare -m sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' \
        "$root" "$@"
}

cat >"$TEST_TMP/parent.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    printf("%s\n", socket(AF_INET, SOCK_STREAM, 0) < 0 ? "refused" : "open");
    fflush(stdout);
    if (argc < 2) {
        execl("/hello", "again", "child", NULL);
        return 9;
    }
    return strcmp(argv[0], "again") == 0 ? 7 : 8;
}
C
aarch64-linux-gnu-gcc -static -o "$root/hello" "$TEST_TMP/parent.c"
ls_root=$(cd "$root" && find . -name '*.so*' -o -path ./bin/sh)
is "$ls_root" "" "the root has no libraries"
exits 7 "a program, and what it executes" inside /opt/qemu-policy/bin/qemu-user \
    --policy no-network --policy-log /log /hello
is "$(grep -c '^refused$' <<<"$output")" 2 "... are refused the network"
succeeds "the report there" inside /opt/qemu-policy/bin/qemu-policy report /log
like "$output" '^2 refusals of 1 call by 1 program' "... counts both"
cp "$TEST_ROOT/policies/base.ini" "$root/etc/qemu-policy/no-network.ini"
succeeds "that root's own policy of the name goes first" inside \
    /opt/qemu-policy/bin/qemu-policy explain no-network --target aarch64 mount
like "$output" '/etc/qemu-policy/no-network.ini|default' "... and decides"
like "$output" 'deny EPERM' "... as it says"
tap_done
