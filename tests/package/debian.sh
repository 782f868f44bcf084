#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# shellcheck disable=SC2154,SC2317 # output, of tap.sh; it calls functions
#
# The Debian package: built by dpkg-buildpackage from a copy of this tree with
# the emulators that are built, and installed in a root that holds nothing but
# what Debian calls essential and what the package depends on.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck disable=SC2034 # of apt.sh
root=$TEST_ROOT build=$TEST_BUILD
# shellcheck source=tools/lib/apt.sh
. "$TEST_ROOT/tools/lib/apt.sh"

command -v dh >/dev/null || skip_all "debhelper is not installed"
command -v mmdebstrap >/dev/null || skip_all "mmdebstrap is not installed"
[ "$(id -u)" -eq 0 ] || skip_all "a clean root takes root"
[ -x "$TEST_BIN/qemu-aarch64" ] || skip_all "qemu-aarch64 was not built"

# --- build -----------------------------------------------------------------

src=$TEST_TMP/package/src
mkdir -p "$src/build/bin"
(cd "$TEST_ROOT" && git ls-files -z 2>/dev/null | grep -z . ||
    find . -path ./build -prune -o -path ./.git -prune -o -type f -print0) |
    (cd "$TEST_ROOT" && tar --null -T - -cf -) | tar -C "$src" -xf -
cp "$TEST_BIN/qemu-aarch64" "$src/build/bin/"
cd "$src" || exit 1
DEB_BUILD_OPTIONS="nocheck parallel=2" dpkg-buildpackage -b -us -uc \
    >"$TEST_TMP/build.log" 2>&1
status=$?
is $status 0 "dpkg-buildpackage builds it"
[ $status -eq 0 ] || { tail -n 30 "$TEST_TMP/build.log"; tap_done; }
cd "$TEST_TMP/package" || exit 1
package=$(echo qemu-user-policy_*.deb)
library=$(echo libruleengine-dev_*.deb)
files=$(dpkg-deb -c "$package" | awk '{ print $6 }')
for file in usr/bin/qemu-user usr/bin/qemu-policy usr/bin/qemu-user-binfmt \
    usr/libexec/qemu-policy/qemu-aarch64 etc/qemu-policy/ \
    usr/share/qemu-policy/policies/web.ini usr/share/qemu-policy/binfmt.conf \
    usr/share/man/man1/qemu-user.1.gz \
    usr/share/bash-completion/completions/qemu-policy \
    usr/share/zsh/site-functions/_qemu-policy; do
    like "$files" "^\\./$file\$" "the package has $file"
done
unlike "$files" '^./usr/bin/qemu-aarch64$' \
    "... and leaves the names of Debian's own emulators alone"
files=$(dpkg-deb -c "$library" | awk '{ print $6 }')
like "$files" 'ruleengine.pc$' "the library's package has ruleengine.pc"
like "$files" '/libruleengine.a$' "... and the library"
printf '# %s: %s KiB installed\n' "$package" \
    "$(dpkg-deb -f "$package" Installed-Size)"

# inside COMMAND...: in the clean root, with a /proc that goes with it
inside()
{
    unshare -m sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' \
        "$clean" "$@"
}

# --- a clean root ----------------------------------------------------------

clean=$TEST_TMP/clean
codename=$(debian_codename)
debian_lines deb "$codename" >sources.list ||
    skip "a clean root" "the machine's sources name no Debian archive"
if [ -s sources.list ]; then
    # shellcheck disable=SC2016 # for mmdebstrap's shell
    mmdebstrap --quiet --variant=apt --include="$TEST_TMP/package/$package" \
        --hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
        "$codename" "$clean" sources.list >"$TEST_TMP/root.log" 2>&1
    is $? 0 "it installs in a clean root"
    tail -n 5 "$TEST_TMP/root.log" | sed 's/^/# /'
fi
if [ -x "$clean/usr/bin/qemu-user" ]; then
    succeeds "qemu-policy finds a policy by name there" \
        inside qemu-policy check web
    printf '[policy]\ndefault = deny EACCES\n' >"$clean/etc/qemu-policy/web.ini"
    succeeds "... /etc/qemu-policy goes first" inside \
        qemu-policy explain web --target aarch64 getpid
    like "$output" 'deny EACCES' "... as its verdict shows"
    rm "$clean/etc/qemu-policy/web.ini"
    succeeds "the emulator starts there" inside \
        /usr/libexec/qemu-policy/qemu-aarch64 --version
    compiler=$(command -v aarch64-linux-gnu-gcc)
    if [ -n "$compiler" ]; then
        cat >"$TEST_TMP/hello.c" <<'C'
#include <stdio.h>
#include <sys/socket.h>
int main(void)
{
    puts(socket(AF_INET, SOCK_STREAM, 0) < 0 ? "refused" : "connected");
    return 7;
}
C
        "$compiler" -static -o "$clean/hello" "$TEST_TMP/hello.c"
        exits 7 "a foreign program runs there under a policy" inside \
            qemu-user --policy no-network --policy-log /log /hello
        like "$output" '^refused$' "... which refuses it the network"
        is "$(jq -r .rule "$clean/log")" \
            "/usr/share/qemu-policy/policies/no-network.ini:$(grep -n \
                '^socket' "$TEST_ROOT/policies/no-network.ini" | cut -d: -f1)" \
            "... and says which policy that was"
        succeeds "... and the report" inside qemu-policy report /log
    else
        skip "a foreign program" "there is no compiler for aarch64"
    fi
    succeeds "it goes again" chroot "$clean" dpkg --purge qemu-user-policy
    is "$(find "$clean/usr" "$clean/etc" -name '*qemu-policy*')" "" \
        "... and leaves nothing"
fi
tap_done
