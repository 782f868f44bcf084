#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The other shipped policies on a program that nobody here wrote: Debian's
# arm64 busybox.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"

need aarch64 arm64 busybox-static
busybox=$(find "$guest" -path '*bin/busybox' -type f | head -n 1)
cd "$TEST_TMP" || exit 1

# box POLICY APPLET...: sets $out (both streams) and $status
box()
{
    local policy=$1
    shift
    rm -f "$log"
    out=$(timeout 60 "$TEST_BIN/qemu-user" --policy \
        "$root/policies/$policy.ini" --policy-log "$log" "$busybox" "$@" 2>&1)
    status=$?
}

box base echo hello
is "$status $out" "0 hello" "base.ini: echo works"
is "$(cat "$log" 2>/dev/null)" "" "and nothing it did was refused"
box base cat /etc/shadow
like "$out" 'Operation not permitted' "base.ini: /etc/shadow is not read"
is "$(jq -r 'select(.syscall == "openat") | .path' "$log")" /etc/shadow \
    "and the log says so"
box base touch made
like "$out" 'Operation not permitted' "base.ini: nothing is created"
ln -s /etc/shadow innocent
box base cat innocent
like "$out" 'Operation not permitted' "base.ini: a link leads nowhere else"

box no-network wget -q -O - http://127.0.0.1:1/
like "$out" 'Permission denied' "no-network.ini: wget has no network"
is "$(jq -r '[.syscall, .args.domain] | join(" ")' "$log" | head -n 1)" \
    "socket AF_INET" "and the log says which socket"
box no-network touch made
is "$status" 0 "no-network.ini: files are written"

box read-only touch new
like "$out" 'Read-only file system' "read-only.ini: nothing is created"
box read-only sh -c 'echo x >made'
like "$out" 'Read-only file system' "read-only.ini: nothing is overwritten"
box read-only rm made
like "$out" 'Read-only file system' "read-only.ini: nothing is removed"
box read-only mv made other
like "$out" 'Read-only file system' "read-only.ini: nothing is renamed"
box read-only sh -c 'echo x >/dev/null && cat made'
is "$status" 0 "read-only.ini: /dev/null swallows, files are read"

box faults touch a b c d
like "$out" 'c: No space left on device' "faults.ini: the third file does not fit"
is "$(echo a b c d | xargs -n 1 | xargs ls 2>/dev/null | paste -sd' ')" \
    "a b d" "and the others do"

box log-everything ls /
is "$status" 0 "log-everything.ini: ls works"
succeeds "every line of its log is JSON" jq -e . "$log"
succeeds "its calls are there" refused getdents64
is "$(jq -r .verdict "$log" | sort -u)" allow "all of them allowed"

reproduced()
{
    box reproducible sh -c 'date; echo $$ $PPID; uname -nr;
        head -c 16 /dev/urandom | od -x'
}
reproduced
first=$out
reproduced
is "$out" "$first" "reproducible.ini: two runs say the same"
like "$out" 'Jan  1 00:00:00 .*2020' "time begins in 2020"
like "$out" '1000 999' "with the same ids"
tap_done
