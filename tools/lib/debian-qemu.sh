# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# The unpatched emulators that Debian itself has built of the QEMU that was
# chosen: twins for tests, without compiling them. Their figures are not to be
# compared, for they are built otherwise. Sourced after common.sh and apt.sh,
# never run.
#
# Below build/debian-qemu/VERSION/: the package's files.

# debian_qemu VERSION: sets debian_qemu to the folder of the emulators. Returns 1
# with debian_qemu_error set when there is no package of this very version.
debian_qemu()
{
    local dir=$build/debian-qemu/$1 log=$logs/debian-qemu.log suite package
    debian_qemu=$dir/usr/bin
    debian_qemu_error=
    [ ! -e "$dir/.complete" ] || return 0
    mkdir -p "$dir" "$logs"
    for suite in trixie sid; do
        debian_lines deb "$suite" | apt_config "qemu-$suite" \
            "$(dpkg --print-architecture)" || continue
        package=$(with_apt "qemu-$suite" apt-cache madison qemu-user |
            awk -v v="$1" '$3 ~ "^(1:)?" v "[+~-]" { print $3; exit }')
        [ -n "$package" ] || continue
        rm -rf "$dir" && mkdir -p "$dir"
        if (cd "$dir" && logged "$log" with_apt "qemu-$suite" \
            apt-get -q download "qemu-user=$package" &&
            logged "$log" dpkg-deb -x qemu-user_*.deb . &&
            rm qemu-user_*.deb); then
            touch "$dir/.complete"
            return 0
        fi
    done
    debian_qemu_error="Debian has no qemu-user of version $1"
    return 1
}
