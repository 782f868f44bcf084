#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# The numbers are TARGET_NR_* as QEMU compiles them: from the headers that its
# build made where it was built for the target, else from those that its own
# script makes of its tables.
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tables.bash"

[ -n "${QEMU_SRC:-}" ] && [ -e "$QEMU_SRC/VERSION" ] ||
    skip_all "QEMU_SRC names no unpacked tree: '${QEMU_SRC:-}'"
build_dump || { not_ok "the library compiles"; tap_done; }

mak()
{
    sed -n "s/^$2=//p" "$QEMU_SRC/configs/targets/$1-linux-user.mak" | tail -n 1
}

# built_header TARGET NAME: the header that a QEMU build made, if there is one
built_header()
{
    local dir
    for dir in ${QEMU_BUILD_DIRS:-}; do
        for file in "$dir/libqemu-$1-linux-user.a.p/$2" \
            "$dir/libqemu-$1-linux-user.fa.p/$2" \
            "$dir/qemu-$1.p/$2"; do
            [ ! -e "$file" ] || { printf '%s\n' "$file"; return; }
        done
    done
}

# compiled_numbers TARGET: "NUMBER NAME" lines, fillers left out
compiled_numbers()
{
    local arch table dir header folder flag flags=()
    arch=$(mak "$1" TARGET_ARCH)
    dir=$(mak "$1" TARGET_ABI_DIR)
    dir=$QEMU_SRC/linux-user/${dir:-$arch}
    table=$(mak "$1" TARGET_SYSTBL)
    header=${table%.tbl}_nr.h
    folder=$TEST_TMP/$1
    mkdir -p "$folder"
    file=$(built_header "$1" "$header")
    if [ -n "$file" ]; then
        cp "$file" "$folder/$header"
        echo built >"$folder/from"
    else
        # shellcheck disable=SC2046 # mips passes an empty word and a number
        case $arch in
        mips) set -- "$1" '' 4000 ;;
        mips64) set -- "$1" '' TARGET_SYSCALL_OFFSET ;;
        esac
        sh "$dir/syscallhdr.sh" "$dir/$table" "$folder/$header" \
            "$(mak "$1" TARGET_SYSTBL_ABI)" "${@:2}"
        echo made >"$folder/from"
    fi
    for flag in TARGET_ABI_MIPSO32 TARGET_ABI_MIPSN32 TARGET_ABI_MIPSN64; do
        [ -z "$(mak "$1" $flag)" ] || flags+=("-D$flag")
    done
    {
        echo '#include <stdio.h>'
        if [ -e "$dir/syscall_nr.h" ]; then
            echo "#include \"$dir/syscall_nr.h\""
        else
            echo "#include \"$header\""
        fi
        echo 'int main(void) {'
        sed -nE 's/^#define TARGET_NR_([A-Za-z0-9_]+)[[:space:]].*/\1/p' \
            "$folder/$header" | grep -vE '^(unused|reserved|available)[0-9]' |
            sed 's/.*/printf("%d %s\\n", TARGET_NR_&, "&");/'
        echo 'return 0; }'
    } >"$folder/print.c"
    cc -w "${flags[@]}" -I"$folder" -o "$folder/print" "$folder/print.c" &&
        "$folder/print" | sort
}

# not_compiled TARGET: "NUMBER NAME" of calls without an entry point, for the
# one script that drops them
not_compiled()
{
    [[ $1 == ppc* ]] || { echo; return; }
    awk '$4 == "sys_ni_syscall" { print $1, $3 }' \
        "$QEMU_SRC/linux-user/ppc/syscall.tbl"
}

built=0
for target in $(all_targets); do
    compiled_numbers "$target" >"$TEST_TMP/compiled"
    "$TEST_TMP/dump" numbers "$target" | sort >"$TEST_TMP/ours"
    [ "$(cat "$TEST_TMP/$target/from")" != built ] || built=$((built + 1))
    if [ ! -s "$TEST_TMP/compiled" ]; then
        not_ok "$target: QEMU's numbers can be compiled"
        continue
    fi
    # QEMU's script for mips o32 renames one call, that for ppc leaves out what
    # the table gives no entry point; the tables keep the kernel's names.
    [[ $target != mips && $target != mipsel ]] ||
        sed -i 's/^4254 fadvise64_64$/4254 fadvise64/' "$TEST_TMP/compiled"
    difference=$(sort "$TEST_TMP/compiled" |
        diff - "$TEST_TMP/ours" | grep '^[<>]' | grep -vxFf \
        <(not_compiled "$target" | sed 's/^/> /'))
    is "$difference" "" "$target: $(wc -l <"$TEST_TMP/ours") numbers, header \
$(cat "$TEST_TMP/$target/from")"
done
if [ "$built" -gt 0 ]; then
    ok "$built targets were compared with the headers of a build"
else
    skip "comparison with the headers of a build" \
        "no build of QEMU in '${QEMU_BUILD_DIRS:-}'"
fi
tap_done
