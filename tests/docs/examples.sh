#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the documents show can be used as it stands: each ```ini block loads on
# every target, each ```lua block is one that a policy or a directory of rules
# loads, each link leads somewhere.
#
# The blocks of one document lie in one folder (blocks.bash), so that
# `handlers` and `include` find what the document shows. A Lua block below a
# folder belongs to a directory of rules.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/docs/blocks.bash
. "$(dirname "$0")/blocks.bash"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
cd "$TEST_ROOT" || exit 1

# loaded NAME: does one of the document's policies name it?
loaded()
{
    [ ${#own[@]} -gt 0 ] &&
        grep -qE "^handlers *=(.* )?${1//./[.]}( |\$)" -- "${own[@]}"
}

check_block()
{
    local document=$1 kind=$2 line=$3 name=$4
    case $kind:$name in
    ini:*)
        succeeds "$document:$line: the policy loads" \
            "$TEST_BIN/qemu-policy" check "$name"
        unlike "$output" 'warning|error' "... without a warning" ;;
    lua:*/*)
        succeeds "$document:$line: the rules load" \
            "$TEST_BIN/qemu-policy" check --rules "${name%/*}"
        unlike "$output" 'warning|error' "... without a warning" ;;
    lua:line-*)
        # The reference's are run, each by itself: tests/unit/lua-reference.c.
        is "$document" docs/lua-reference.md \
            "$document:$line: the block has a name" ;;
    lua:*)
        # Loaded with that policy, and its functions looked for.
        if loaded "$name"; then
            ok "$document:$line: a policy shown there names $name"
        else
            not_ok "$document:$line: a policy shown there names $name" \
                "no \`handlers = $name\` in: ${own[*]}"
        fi ;;
    esac
}

check_document()
{
    local document=$1 folder=$TEST_TMP/$1 own list kind line name
    mkdir -p "$folder"
    # What an example includes is what the project ships.
    cp -r policies/. "$folder"
    list=$(blocks "$document" "$folder")
    mapfile -t own < <(sed -n 's/^ini [0-9]* //p' <<<"$list")
    while read -r kind line name; do
        [ -n "$kind" ] || continue
        cd "$folder" || exit 1
        check_block "$document" "$kind" "$line" "$name"
        cd "$TEST_ROOT" || exit 1
    done <<<"$list"
    found[$document]=$(grep -c . <<<"$list")
}

# anchors FILE: how its headings are called in links
anchors()
{
    sed -n '/^```/,/^```/d; s/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links()
{
    local document=$1 link file anchor bad=
    while read -r link; do
        case $link in
        '' | *://*) continue ;;
        esac
        file=${link%%#*}
        anchor=
        [ "$file" = "$link" ] || anchor=${link#*#}
        if [ -n "$file" ]; then
            file=$(dirname "$document")/$file
        else
            file=$document
        fi
        if [ ! -e "$file" ]; then
            bad+="$link: no such file"$'\n'
        elif [ -n "$anchor" ] &&
            ! anchors "$file" | grep -qxF -- "$anchor"; then
            bad+="$link: no such heading"$'\n'
        fi
    done < <(grep -oE '\]\([^)]+\)' "$document" | sed 's/^](//; s/)$//')
    is "$bad" "" "$document: its links lead somewhere"
}

declare -A found
for document in ./*.md docs/*.md docs/tutorials/*.md; do
    if [ ! -e "$document" ]; then
        not_ok "$document exists"
        continue
    fi
    check_document "$document"
    check_links "$document"
done

# Should the form of the documents change so that nothing is found in them any
# more, the checks above would be silent.
for document in ./README.md docs/policy.md docs/lua.md; do
    if [ "${found[$document]:-0}" -ge 2 ]; then
        ok "$document has examples"
    else
        not_ok "$document has examples" "found: ${found[$document]:-0}"
    fi
done
tap_done
