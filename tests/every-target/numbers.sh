#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The glue names system calls (TARGET_NR_fcntl) that not all targets have, and
# would not compile for those that lack one. So each such name stands where the
# preprocessor comes to on targets that have it only. No emulator is needed.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"

maker=$TEST_BUILD/meson/tests/every-target/every-target-program
[ -x "$maker" ] || skip_all "every-target-program is not built: tools/setup"

# Lines "TARGET NAME": a target that lacks a call
lacking()
{
    local target name
    while read -r target _; do
        for name in "$@"; do
            [ "$("$maker" -n "$target" "$name")" != -1 ] ||
                printf '%s %s\n' "$target" "$name"
        done
    done < <("$maker" -l)
}

# unguarded LACKING FILE...: prints places where a target comes to a name that
# it lacks. #else and #elif say nothing about what is defined.
unguarded()
{
    awk '
        FNR == NR { lacks[$2, $1] = 1; any[$2] = 1; targets[$1] = 1; next }
        FNR == 1 { depth = 0 }
        /^#[ \t]*if/ {
            depth++
            asked[depth] = /\|\||!/ || /ifndef/ ? "" : $0
            next
        }
        /^#[ \t]*el/ { asked[depth] = ""; next }
        /^#[ \t]*endif/ { depth--; next }
        {
            line = $0
            while (match(line, /TARGET_NR_[a-z0-9_]+/)) {
                name = substr(line, RSTART + 10, RLENGTH - 10)
                line = substr(line, RSTART + RLENGTH)
                if (name in any)
                    check(name)
            }
        }
        function check(name,   t, i, reached, known) {
            for (t in targets) {
                if (!((name, t) in lacks))
                    continue
                reached = 1
                for (i = 1; i <= depth; i++)
                    for (known in any)
                        if ((known, t) in lacks &&
                            (" " asked[i] " ") ~ ("TARGET_NR_" known "[^a-z0-9_]"))
                            reached = 0
                if (reached) {
                    printf "%s:%d: %s has no %s\n", FILENAME, FNR, t, name
                    return
                }
            }
        }' "$@"
}

glue=("$TEST_ROOT"/qemu/glue/*.[ch])
mapfile -t names < <(grep -oh 'TARGET_NR_[a-z0-9_]*' "${glue[@]}" |
    sed 's/TARGET_NR_//' | sort -u)
lacking "${names[@]}" >"$TEST_TMP/lacking"
[ -s "$TEST_TMP/lacking" ]
is $? 0 "some targets lack calls that the glue names"
is "$(unguarded "$TEST_TMP/lacking" "${glue[@]}")" "" \
    "no target comes to the name of a call that it lacks"

# That the check finds one:
sed '/^#ifdef TARGET_NR_fcntl$/,/^#endif/ { /^#/d }' \
    "$TEST_ROOT/qemu/glue/path.c" >"$TEST_TMP/path.c"
like "$(unguarded "$TEST_TMP/lacking" "$TEST_TMP/path.c")" \
    'path.c:[0-9]+: [a-z0-9]+ has no fcntl$' "without its condition fcntl is found"
tap_done
