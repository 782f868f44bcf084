# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# Debian packages of another architecture, unpacked side by side into a root
# that QEMU's -L can use. Nothing of them is installed or run on the host.
# Sourced after common.sh and apt.sh, never run.
#
# Below build/foreign/ARCH/: the root itself; .packages names what is in it,
# one file name a line.

# foreign_suite ARCH: the running release where it has ARCH, else Debian 13
# (bookworm has no riscv64)
foreign_suite()
{
    case $1 in
    riscv64) printf trixie ;;
    *) debian_codename ;;
    esac
}

# foreign_unpack ARCH LOG PACKAGE...: with all they depend on, one caller at a
# time. Sets foreign_added to how many packages were new. Returns 1 with
# foreign_error set when something is not to be had.
foreign_unpack()
{
    local result=0
    foreign_added=0
    foreign_error=
    mkdir -p "$build/foreign/$1"
    if [ -L "$build/foreign/$1/bin" ] &&
        foreign_has "$build/foreign/$1" "${@:3}"; then
        return 0
    fi
    exec 7>>"$build/foreign/$1/.lock"
    flock 7
    foreign_unpack_alone "$@" || result=1
    exec 7>&-
    return $result
}

foreign_unpack_alone()
{
    local arch=$1 log=$2 dir=$build/foreign/$1 config=foreign-$1 files file
    local asked=()
    shift 2
    if [ ! -L "$dir/bin" ]; then
        # Of before roots were merged: all that was asked for, once more.
        [ ! -e "$dir/.asked" ] || mapfile -t asked <"$dir/.asked"
        find "$dir" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +
        foreign_merge "$dir"
        set -- "$@" "${asked[@]}"
    fi
    ! foreign_has "$dir" "$@" || return 0
    debian_lines deb "$(foreign_suite "$arch")" |
        apt_config "$config" "$arch" || {
        foreign_error="no Debian mirror answers"
        return 1
    }
    # With an empty status file apt takes a closed set of packages; of those that
    # it has downloaded before it does not print where they are to be had.
    mkdir -p "$build/apt/$config/none/partial"
    files=$(with_apt "$config" apt-get -qq --print-uris \
        -o Dir::Cache::archives="$build/apt/$config/none" install "$@" \
        2>>"$log" | cut -d' ' -f2) && [ -n "$files" ] || {
        foreign_error="Debian has no such packages for $arch: $*"
        return 1
    }
    logged "$log" with_apt "$config" apt-get -q --download-only install "$@" || {
        foreign_error="packages could not be downloaded"
        return 1
    }
    for file in $files; do
        ! grep -qxF "$file" "$dir/.packages" 2>/dev/null || continue
        logged "$log" foreign_extract \
            "$build/apt/$config/cache/archives/$file" "$dir" || {
            foreign_error="$file does not unpack"
            return 1
        }
        printf '%s\n' "$file" >>"$dir/.packages"
        foreign_added=$((foreign_added + 1))
    done
    foreign_links "$dir"
    printf '%s\n' "$@" >>"$dir/.asked"
}

# foreign_merge DIR: an empty root in which, as on an installed system, /bin is
# /usr/bin, and so on: packages have their files here or there
foreign_merge()
{
    local name
    for name in bin sbin lib lib64; do
        mkdir -p "$1/usr/$name"
        ln -s "usr/$name" "$1/$name"
    done
}

# foreign_extract FILE DIR: unlike dpkg-deb -x, with links to folders left alone
foreign_extract()
{
    dpkg-deb --fsys-tarfile "$1" |
        tar -x -p --keep-directory-symlink -C "$2"
}

# foreign_has DIR PACKAGE...: whether all were asked for before
foreign_has()
{
    local dir=$1 name
    shift
    for name in "$@"; do
        grep -qxF "$name" "$dir/.asked" 2>/dev/null || return 1
    done
}

# foreign_links DIR: absolute links lead out of the root when the host's
# kernel follows them; they are rewritten to stay inside. The loader is one.
foreign_links()
{
    local link target up
    find "$1" -xdev -type l -lname '/*' -printf '%P\t%l\n' |
        while IFS=$'\t' read -r link target; do
            up=$(dirname "$link" | sed 's|[^/]\{1,\}|..|g')
            [ "$(dirname "$link")" != . ] || up=.
            ln -sfn "$up$target" "$1/$link"
        done
}
