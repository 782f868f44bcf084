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

# make_dynamic FILE BITS ORDER MACHINE LOADER: a header, and behind it the one
# that names a dynamic loader
make_dynamic()
{
    local order=$3 word=4 class=1 data=1 size=52 entry=32 length=$((${#5} + 1))
    [ "$2" = 32 ] || { word=8 class=2 size=64 entry=56; }
    [ "$order" = little ] || data=2
    {
        printf '\177ELF%b%b\001' "$(bytes little 1 $class)" \
            "$(bytes little 1 $data)"
        printf '\0\0\0\0\0\0\0\0\0'
        printf '%b' "$(bytes "$order" 2 3)" \
            "$(bytes "$order" 2 "$4")" "$(bytes "$order" 4 1)" \
            "$(bytes "$order" $word 0)" "$(bytes "$order" $word $size)" \
            "$(bytes "$order" $word 0)" "$(bytes "$order" 4 0)" \
            "$(bytes "$order" 2 $size)" "$(bytes "$order" 2 $entry)" \
            "$(bytes "$order" 2 1)" "$(bytes "$order" 2 0)" \
            "$(bytes "$order" 2 0)" "$(bytes "$order" 2 0)"
        # PT_INTERP; its flags stand elsewhere in the 64-bit header
        printf '%b' "$(bytes "$order" 4 3)"
        [ $word = 4 ] || printf '%b' "$(bytes "$order" 4 4)"
        printf '%b' "$(bytes "$order" $word $((size + entry)))" \
            "$(bytes "$order" $word 0)" "$(bytes "$order" $word 0)" \
            "$(bytes "$order" $word $length)" "$(bytes "$order" $word $length)"
        [ $word = 8 ] || printf '%b' "$(bytes "$order" 4 4)"
        printf '%b' "$(bytes "$order" $word 1)"
        printf '%s\0' "$5"
    } >"$1"
    chmod +x "$1"
}
