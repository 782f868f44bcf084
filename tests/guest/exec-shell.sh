#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's shells, coreutils and make of arm64, which execute one another all
# the time, below a policy that allows little.
# shellcheck disable=SC2154
# shellcheck source=tests/servers/lib.sh
. "$(dirname "$0")/../servers/lib.sh"

need aarch64 arm64 dash busybox-static coreutils sed make

cat >"$TEST_TMP/shell.ini" <<POLICY
[policy]
default  = deny EPERM
include  = $root/policies/base.ini
[allow]
syscalls = execve wait4 kill prctl setpgid clone umask chdir setresuid setresgid
@open    = access == read || path under /dev || path under $TEST_TMP
POLICY

# below SHELL SCRIPT-FILE
below()
{
    out=$(cd "$TEST_TMP" && timeout 120 "$TEST_BIN/qemu-aarch64" \
        -policy "$TEST_TMP/shell.ini" -policy-log "$log" -L "$guest" "$@" \
        2>"$said" </dev/null)
    status=$?
}

cat >"$TEST_TMP/script" <<'SCRIPT'
#!/bin/dash
echo "args: $# $1"
printf 'b\na\nc\n' | sort | tail -n 2 | tr a-z A-Z
x=$(echo in | cat | sed s/in/out/); echo "$x"
(exit 3); echo $?
/bin/dash -c 'echo "nested $0 $1"' zero 'one  two'
VARIABLE='a=b c' /bin/dash -c 'echo "$VARIABLE"'
mkdir /tmp/from-the-guest 2>/dev/null || echo refused
SCRIPT
chmod +x "$TEST_TMP/script"
expected="args: 2 one
B
C
out
3
nested zero one  two
a=b c
refused"

below "$guest/bin/dash" ./script one two
is "$out" "$expected" "dash: pipes, substitutions and scripts"
is "$(jq -r 'select(.syscall | startswith("mkdir")) | .comm' "$log" | sort -u)" mkdir \
    "what a program of the shell is refused is in its record"

cat >"$TEST_TMP/outer" <<'SCRIPT'
#!/bin/dash
exec ./script one two
SCRIPT
chmod +x "$TEST_TMP/outer"
below "$guest/bin/dash" -c './outer'
is "$out" "$expected" "a script that executes a script"

below "$guest/bin/busybox" sh -c 'echo $((6 * 7)) | busybox cat; /bin/true && echo yes'
is "$out" "42
yes" "busybox"

printf 'all: one\n\t@cat one\none:\n\t@echo made > one\n' \
    >"$TEST_TMP/Makefile"
below "$guest/usr/bin/make" -s SHELL=/bin/dash
is "$out" made "make"
tap_done
