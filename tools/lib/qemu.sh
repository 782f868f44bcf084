# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# QEMU: its source, our patches, its build. Sourced after common.sh, apt.sh
# and targets.sh; never run.
#
# Below build/qemu/VERSION/:
#
#   src/            the patched tree; linux-user/policy in it leads to qemu/glue
#   obj/            its build folder
#   vanilla/src     the tree as Debian has it, and
#   vanilla/obj     its build folder, both only with --vanilla
#   stamps/         what the above were made from: one small file for each

cache=$build/cache
patches=$root/qemu/patches

# Where meson builds the library that emulators are linked with.
library_obj=$build/meson

# The twin is built with the same options: benchmarks compare the two.
configure_options=(--python=/usr/bin/python3 --without-default-features
    --disable-system --disable-tools --disable-docs --enable-linux-user
    --disable-install-blobs --disable-werror --disable-debug-info
    --disable-download --enable-attr)

# --- Versions --------------------------------------------------------------

# upstream VERSION: 10.0.13 from 1:10.0.13+ds-0+deb13u1
upstream()
{
    sed 's/^[0-9]*://; s/-[^-]*$//; s/[+~]ds.*$//; s/[+]dfsg.*$//' <<<"$1"
}

# version_fits UPSTREAM WANTED: 10.0.13 fits 10, 10.0 and 10.0.13, and
# anything fits nothing
version_fits()
{
    [ -z "$2" ] || [ "$1" = "$2" ] || [ "${1#"$2".}" != "$1" ]
}

# unpacked_version WANTED: the newest that is complete below build/qemu
unpacked_version()
{
    local dir
    for dir in "$build"/qemu/*/stamps/patches; do
        [ -e "$dir" ] || continue
        dir=${dir%/stamps/patches}
        version_fits "${dir##*/}" "$1" && printf '%s\n' "${dir##*/}"
    done | sort -rV | head -n 1
}

# cached_source WANTED: the newest downloaded .dsc that fits
cached_source()
{
    local dsc version
    for dsc in "$cache"/qemu/*.dsc; do
        [ -e "$dsc" ] || continue
        version=$(sed -n 's/^Version: //p' "$dsc" | head -n 1)
        version_fits "$(upstream "$version")" "$1" &&
            printf '%s %s\n' "$version" "$dsc"
    done | sort -rV | head -n 1 | cut -d' ' -f2
}

# source_suites WANTED: where to look. Debian 13 has 10.0; others are in the
# suites that come after it.
source_suites()
{
    debian_lines deb-src trixie || return 1
    case $1 in
    10.0 | 10.0.*) ;;
    *)
        debian_lines deb-src forky
        debian_lines deb-src sid ;;
    esac
}

# listed_versions WANTED: Debian versions of qemu, newest first
listed_versions()
{
    local version
    with_apt source apt-cache showsrc qemu 2>/dev/null |
        sed -n 's/^Version: //p' | sort -urV |
        while read -r version; do
            version_fits "$(upstream "$version")" "$1" && say "$version"
        done
    return 0
}

# listed_upstreams: all of them, for a message
listed_upstreams()
{
    local version
    for version in $(listed_versions ""); do
        upstream "$version"
    done | sort -urV | paste -sd" "
}

# fetch_source WANTED: into the cache; sets source_dsc. Fails the step.
fetch_source()
{
    local wanted=$1 versions version log
    log=$(fresh_log source)
    source_suites "$wanted" |
        apt_config source "$(dpkg --print-architecture)" ||
        step_fail "no Debian mirror answers" "$logs/apt-source.log" \
            "Check the network and the machine's sources in /etc/apt," \
            "or give a QEMU tree of your own: --qemu-source DIR"
    versions=$(listed_versions "$wanted")
    mkdir -p "$cache/qemu"
    need_space 200 "$cache/qemu"
    for version in $versions; do
        # A version can be listed and yet be gone from the pool.
        (cd "$cache/qemu" && logged "$log" with_apt source \
            apt-get -q source --download-only "qemu=$version") || continue
        source_dsc=$(cached_source "$wanted")
        return 0
    done
    versions=${versions//$'\n'/ }
    step_fail "QEMU $wanted is not to be had from this machine's mirror\
${versions:+ (listed, but not served: $versions)}" "$log" \
        "It lists: $(listed_upstreams)" \
        "Choose one (--qemu VERSION), or give a tree: --qemu-source DIR"
}

# --- Unpacking and patching ------------------------------------------------

# patch_list: the series, in order
patch_list()
{
    find "$patches" -maxdepth 1 -name '*.patch' 2>/dev/null | sort
}

# tree_digest ID: what a patched tree is made from
tree_digest()
{
    {
        printf '%s\n' "$1"
        patch_list | while read -r file; do
            printf '%s\n' "${file##*/}"
            cat "$file"
        done
    } | sha256sum | cut -d' ' -f1
}

# stamped FILE TEXT: whether FILE says TEXT
stamped()
{
    [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]
}

stamp()
{
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"
}

# unpack INTO LOG: a pristine tree from source_dsc or source_dir
unpack()
{
    rm -rf "$1"
    mkdir -p "$(dirname "$1")"
    if [ -n "$source_dir" ]; then
        mkdir "$1"
        # What a build or git left behind in a user's tree is of no use.
        logged "$2" copy_tree "$source_dir" "$1"
    else
        logged "$2" dpkg-source --no-copy -x "$source_dsc" "$1"
    fi
}

copy_tree()
{
    tar -C "$1" --exclude=./.git --exclude=./build -cf - . | tar -C "$2" -xf -
}

# keep_times OLD NEW: a file of NEW that is as it was in OLD gets its old time
# back, so that ninja compiles only what differs
keep_times()
{
    local file
    [ -d "$1" ] || return 0
    comm -13 <(tree_times "$1") <(tree_times "$2") | cut -f1 |
        while IFS= read -r file; do
            ! cmp -s "$1/$file" "$2/$file" || touch -r "$1/$file" "$2/$file"
        done
}

tree_times()
{
    (cd "$1" && find . -type f -printf '%P\t%T@\n' | sort)
}

# apply_patches TREE LOG: prints how many. On failure prints the patch that
# does not apply.
apply_patches()
{
    local file count=0
    while read -r file; do
        if ! logged "$2" patch -d "$1" -p1 -F0 -N --batch \
            --no-backup-if-mismatch -i "$file"; then
            printf '%s' "${file##*/}"
            return 1
        fi
        count=$((count + 1))
    done < <(patch_list)
    printf '%s' "$count"
}

# patched_tree DIR: DIR/src, patched. Fails the step.
patched_tree()
{
    local dir=$1 log digest result
    digest=$(tree_digest "$source_id")
    if stamped "$dir/stamps/patches" "$digest" && [ -d "$dir/src" ]; then
        return 0
    fi
    log=$(fresh_log patches)
    need_space 1200 "$build"
    mkdir -p "$dir/stamps"
    step_note "unpacking"
    unpack "$dir/src.new" "$log" || step_fail "QEMU's source does not unpack" \
        "$log" "Is the download damaged? Remove $(shown_path "$cache/qemu")."
    step_note "patching"
    result=$(apply_patches "$dir/src.new" "$log") ||
        step_fail "$result does not apply to QEMU $qemu_version" "$log" \
            "The series is made for QEMU 10.0 and 10.2: --qemu 10.0 is the \
default." "To move it to another QEMU, see docs/qemu.md."
    [ ! -d "$root/qemu/glue" ] ||
        ln -sn ../../../../../qemu/glue "$dir/src.new/linux-user/policy"
    keep_times "$dir/src" "$dir/src.new"
    rm -rf "$dir/src"
    mv "$dir/src.new" "$dir/src"
    stamp "$dir/stamps/patches" "$digest"
}

# vanilla_tree DIR: DIR/vanilla/src, as it comes
vanilla_tree()
{
    local dir=$1 log
    if stamped "$dir/stamps/vanilla" "$source_id" && [ -d "$dir/vanilla/src" ]
    then
        return 0
    fi
    log=$(fresh_log vanilla-source)
    need_space 1200 "$build"
    step_note "unpacking the twin's source"
    unpack "$dir/vanilla/src" "$log" ||
        step_fail "QEMU's source does not unpack" "$log"
    stamp "$dir/stamps/vanilla" "$source_id"
}

# --- Building --------------------------------------------------------------

# configured_targets OBJ: of an earlier run
configured_targets()
{
    local file
    for file in "$1"/*-linux-user-config-target.h; do
        [ -e "$file" ] || continue
        file=${file##*/}
        printf '%s\n' "${file%-linux-user-config-target.h}"
    done
}

# configure_tree TREE OBJ LOG TARGET...: with what was configured before, so
# that no run undoes another one's targets. The library is found through
# pkg-config, which meson must still know when ninja runs it again.
configure_tree()
{
    local tree=$1 obj=$2 log=$3 list digest cc=cc library
    shift 3
    list=$({ configured_targets "$obj"; printf '%s\n' "$@"; } | sort -u |
        sed 's/$/-linux-user/' | paste -sd,)
    command -v ccache >/dev/null && cc="ccache cc"
    library=$library_obj/meson-uninstalled
    digest=$({
        printf '%s\n' "$list" "$cc" "${configure_options[@]}" "$tree"
        cat "$library"/*.pc 2>/dev/null
    } | sha256sum | cut -d' ' -f1)
    if stamped "$obj.stamp" "$digest" && [ -e "$obj/build.ninja" ]; then
        return 0
    fi
    mkdir -p "$obj"
    (cd "$obj" && logged "$log" "$tree/configure" "${configure_options[@]}" \
        --cc="$cc" --target-list="$list" -Dpkg_config_path="$library") ||
        return 1
    stamp "$obj.stamp" "$digest"
}

# drop_outdated OBJ TARGET...: ninja does not look behind a linker argument,
# so what was linked with an older library has to go
drop_outdated()
{
    local obj=$1 target library
    shift
    for library in "$library_obj"/lib*.a "$library_obj"/*/lib*.a; do
        for target in "$@"; do
            [ ! "$library" -nt "$obj/qemu-$target" ] ||
                rm -f "$obj/qemu-$target"
        done
    done
}

# run_ninja DIR LOG GOAL...: with the step's bar. Leaves the number of
# commands in ninja_total; 0 when there was nothing to do.
run_ninja()
{
    local dir=$1 log=$2 line at
    shift 2
    ninja_total=0
    local ran=0
    printf '$ ninja -C %s %s\n' "$dir" "$*" >>"$log"
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        '['[0-9]*/[0-9]*']'*)
            at=${line#[} at=${at%%]*}
            ninja_total=${at#*/}
            # QEMU asks for its version each time, and that is all then.
            [[ $line == *qemu-version.h* ]] || ran=1
            step_tick "${at%/*}" "$ninja_total" >&3 ;;
        'ninja: exit '*)
            [ $ran = 1 ] || ninja_total=0
            return "${line##* }" ;;
        esac
    done 3>&1 >>"$log" < <(
        NINJA_STATUS='[%f/%t] ' ninja -C "$dir" -j "$jobs" "$@" 2>&1 9>&-
        printf 'ninja: exit %d\n' $?)
}

# build_qemu TREE OBJ TARGET...: fails the step
build_qemu()
{
    local tree=$1 obj=$2 log
    shift 2
    log=$(fresh_log "$(basename "$(dirname "$obj")")-qemu")
    # Objects without debug information are the same in every checkout.
    export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=yes
    need_space $((200 + 30 * $#)) "$build"
    configure_tree "$tree" "$obj" "$log" "$@" || {
        tail -n 40 "$obj/config.log" >>"$log" 2>/dev/null
        step_fail "QEMU's configure failed" "$log" \
            "When a package is missing, tell us: tools/setup should know it."
    }
    [ "$obj" = "$vanilla_obj" ] || drop_outdated "$obj" "$@"
    run_ninja "$obj" "$log" "${@/#/qemu-}" ||
        step_fail "QEMU does not compile" "$log" \
            "Whole log: $(shown_path "$log")"
}

# publish FROM TO: a hard link, so that /proc/self/exe and the programs beside
# it are found in the folder that users name
publish()
{
    mkdir -p "$(dirname "$2")"
    [ "$1" -ef "$2" ] || ln -f "$1" "$2" 2>/dev/null || cp -f "$1" "$2"
}
