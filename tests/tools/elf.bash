# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# ELF headers made by hand, for tests of the launcher.

# bytes ORDER COUNT NUMBER: a number as octal escapes, "little" or "big"
bytes()
{
    local i out='' n=$(($3))
    for ((i = 0; i < $2; i++)); do
        if [ "$1" = little ]; then
            out+=$(printf '\\0%03o' $((n >> 8 * i & 255)))
        else
            out=$(printf '\\0%03o' $((n >> 8 * i & 255)))$out
        fi
    done
    printf '%s' "$out"
}

# make_elf FILE BITS ORDER MACHINE [FLAGS [TYPE]]: a header without any content
make_elf()
{
    local order=$3 word=4 class=1 data=1 size=52
    [ "$2" = 32 ] || { word=8 class=2 size=64; }
    [ "$order" = little ] || data=2
    # %b takes the escapes that bytes() gives.
    {
        printf '\177ELF%b%b\001' "$(bytes little 1 $class)" \
            "$(bytes little 1 $data)"
        printf '\0\0\0\0\0\0\0\0\0'
        printf '%b' "$(bytes "$order" 2 "${6:-2}")" \
            "$(bytes "$order" 2 "$4")" "$(bytes "$order" 4 1)" \
            "$(bytes "$order" $word 0)" "$(bytes "$order" $word 0)" \
            "$(bytes "$order" $word 0)" "$(bytes "$order" 4 "${5:-0}")" \
            "$(bytes "$order" 2 $size)"
        printf '\0\0\0\0\0\0\0\0\0\0'
    } >"$1"
    chmod +x "$1"
}
