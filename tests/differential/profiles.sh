#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One seccomp profile, enforced by the host's kernel and, imported, by this
# project: the same for every call number and a spread of arguments. The filter
# is libseccomp's; it is run over struct seccomp_data, and in the kernel itself
# wherever it refuses. Then a guest below qemu-x86_64 makes what is refused.
# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

here=$TEST_ROOT/tests/differential
compare=$TEST_BUILD/meson/tests/differential/differential-seccomp
[ -x "$compare" ] || skip_all "libseccomp-dev is not installed"

# below_emulator PROFILE POLICY
below_emulator()
{
    if [ ! -x "$TEST_BIN/qemu-x86_64" ]; then
        skip "${1##*/}: a guest" "qemu-x86_64 was not built"
        return
    fi
    if [ "$(uname -m)" != x86_64 ] || ! command -v gcc >/dev/null; then
        skip "${1##*/}: a guest" "no compiler for x86_64"
        return
    fi
    gcc -O1 -Wall -static -o "$TEST_TMP/guest" "$here/guest.c" ||
        not_ok "the guest compiles"
    "$compare" "$here/$1" "$2" --refused >"$TEST_TMP/calls"
    is "$("$TEST_BIN/qemu-x86_64" -policy "$2" -policy-log "$TEST_TMP/log" \
        "$TEST_TMP/guest" <"$TEST_TMP/calls" 2>&1)" "many calls, 0 differ" \
        "${1##*/}: a guest gets the same errnos"
}

# exported POLICY CALL...: a profile made of it is never weaker, and loses what is
# decided by arguments of these calls alone
exported()
{
    local policy=$1 name=${1##*/}
    shift
    "$TEST_BIN/qemu-policy" export oci "$policy" -o "$TEST_TMP/out.json" \
        2>"$TEST_TMP/lost"
    is "$(sed -n 's/: not carried over: what.*//p' "$TEST_TMP/lost" | xargs)" \
        "$*" "$name: what an export loses"
    like "$("$compare" "$TEST_TMP/out.json" "$policy" --stricter 2>&1)" \
        "ok 1 - .*: 0 differ" "$name: an export is not weaker"
    like "$(jq -c '[.syscalls[] | select(.args)] | length' \
        "$TEST_TMP/out.json")" "^([4-9]|[1-9][0-9])\$" \
        "$name: an export has conditions"
}

for profile in container.json refusing.json ../import/wide.json; do
    policy=$TEST_TMP/$(basename "$profile" .json).ini
    "$TEST_BIN/qemu-policy" import oci "$here/$profile" -o "$policy" \
        2>"$TEST_TMP/notes"
    output=$("$compare" "$here/$profile" "$policy" 2>&1)
    while read -r verdict number _ name; do
        case $verdict in
        ok) ok "${profile##*/}: $name" ;;
        not) not_ok "${profile##*/}: $name" ;;
        '#') note "$number $name" ;;
        esac
    done < <(sed 's/^not ok/not/' <<<"$output")
    like "$output" "ok 3 - " "${profile##*/}: all was compared"
    # wide.json lets no program start.
    [ "${profile##*/}" = wide.json ] || below_emulator "$profile" "$policy"
done
exported "$TEST_TMP/container.ini" lseek ioctl kill setpriority prctl
exported "$TEST_TMP/refusing.ini" dup2
tap_done
