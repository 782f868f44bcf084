# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# QEMU's linux-user targets, and the cross compilers that Debian has for some
# of them. Sourced, never run. To add a target: its name in all_targets, and
# where Debian has a compiler and a libc for it, a line in cross_table.

# Every linux-user target that QEMU 10 has.
all_targets="aarch64 aarch64_be alpha arm armeb hexagon hppa i386 loongarch64
    m68k microblaze microblazeel mips mips64 mips64el mipsel mipsn32 mipsn32el
    or1k ppc ppc64 ppc64le riscv32 riscv64 s390x sh4 sh4eb sparc sparc32plus
    sparc64 x86_64 xtensa xtensaeb"

# target   GNU triplet               libc package for a cross compiler
cross_table="
aarch64    aarch64-linux-gnu         libc6-dev-arm64-cross
alpha      alpha-linux-gnu           libc6.1-dev-alpha-cross
arm        arm-linux-gnueabihf       libc6-dev-armhf-cross
hppa       hppa-linux-gnu            libc6-dev-hppa-cross
i386       i686-linux-gnu            libc6-dev-i386-cross
m68k       m68k-linux-gnu            libc6-dev-m68k-cross
mips       mips-linux-gnu            libc6-dev-mips-cross
mips64el   mips64el-linux-gnuabi64   libc6-dev-mips64el-cross
mipsel     mipsel-linux-gnu          libc6-dev-mipsel-cross
ppc64      powerpc64-linux-gnu       libc6-dev-ppc64-cross
ppc64le    powerpc64le-linux-gnu     libc6-dev-ppc64el-cross
riscv64    riscv64-linux-gnu         libc6-dev-riscv64-cross
s390x      s390x-linux-gnu           libc6-dev-s390x-cross
sh4        sh4-linux-gnu             libc6-dev-sh4-cross
sparc64    sparc64-linux-gnu         libc6-dev-sparc64-cross
x86_64     x86_64-linux-gnu          libc6-dev-amd64-cross
"

# The targets that the tests need: those with a compiler.
test_targets()
{
    awk 'NF { print $1 }' <<<"$cross_table"
}

# known_target NAME
known_target()
{
    local target
    for target in $all_targets; do
        [ "$target" = "$1" ] && return 0
    done
    return 1
}

# expand_targets LIST: names between commas or blanks, `all` and `test`
# included, as sorted lines. Fails, printing the first unknown name.
expand_targets()
{
    local name list=
    for name in ${1//,/ }; do
        case $name in
        all) list="$list $all_targets" ;;
        test) list="$list $(test_targets)" ;;
        *)
            known_target "$name" || { printf '%s\n' "$name"; return 1; }
            list="$list $name" ;;
        esac
    done
    # shellcheck disable=SC2086 # the words are the list
    printf '%s\n' $list | sort -u
}

# near_target NAME: a target that NAME may have meant, or nothing
near_target()
{
    case $1 in
    arm64) printf aarch64 ;;
    amd64 | x86-64 | x64) printf x86_64 ;;
    armhf | armel) printf arm ;;
    i486 | i586 | i686 | x86) printf i386 ;;
    ppc64el | powerpc64le) printf ppc64le ;;
    powerpc64) printf ppc64 ;;
    powerpc) printf ppc ;;
    riscv) printf riscv64 ;;
    s390) printf s390x ;;
    parisc) printf hppa ;;
    openrisc) printf or1k ;;
    loong64) printf loongarch64 ;;
    esac
}

# target_triplet TARGET: the prefix of its compiler, or nothing
target_triplet()
{
    awk -v t="$1" '$1 == t { print $2 }' <<<"$cross_table"
}

# target_cc TARGET: its C compiler. The host's own one where that fits.
target_cc()
{
    local triplet
    triplet=$(target_triplet "$1")
    [ -n "$triplet" ] || return 1
    if [ "$triplet" = "$(gcc -dumpmachine 2>/dev/null)" ]; then
        printf 'gcc'
    else
        printf '%s-gcc' "$triplet"
    fi
}

# cross_packages TARGET...: Debian packages with compilers for these
cross_packages()
{
    local target triplet libc host
    host=$(uname -m)
    for target in "$@"; do
        # What uname calls the host is QEMU's name for it, but for x86.
        [ "$target" != "$host" ] || continue
        while read -r name triplet libc; do
            [ "$name" = "$target" ] || continue
            # Debian writes x86-64 in a package's name.
            printf 'gcc-%s %s\n' "${triplet/x86_64/x86-64}" "$libc"
        done <<<"$cross_table"
    done
}

# debian_name TARGET: Debian's name of a target, where it is another than QEMU's
debian_name()
{
    case $1 in
    x86_64) printf amd64 ;;
    aarch64) printf arm64 ;;
    arm) printf 'armhf, or armel' ;;
    ppc64le) printf ppc64el ;;
    ppc) printf powerpc ;;
    loongarch64) printf loong64 ;;
    esac
}

# debian_target ARCH: QEMU's name for a Debian architecture
debian_target()
{
    case $1 in
    amd64) printf x86_64 ;;
    arm64) printf aarch64 ;;
    armel | armhf) printf arm ;;
    ppc64el) printf ppc64le ;;
    powerpc) printf ppc ;;
    loong64) printf loongarch64 ;;
    *) ! known_target "$1" || printf '%s' "$1" ;;
    esac
}
