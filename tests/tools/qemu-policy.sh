#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The policy tool: what check says and how it exits, what list knows.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_TMP" || exit 1

# policy FILE: standard input becomes a policy
policy()
{
    cat >"$1"
}

# says STATUS EXPECTED NAME WORD...: exit status and whole output
says()
{
    local status=$1 expected=$2 name=$3
    shift 3
    exits "$status" "$name" "$tool" "$@"
    is "$output" "$expected" "$name: what it says"
}

# --- check -----------------------------------------------------------------

policy fine.ini <<'END'
[policy]
default = deny EPERM
[allow]
syscalls = brk read write exit_group
END
says 0 'fine.ini: ok (33 targets)' "a policy without mistakes" check fine.ini
says 0 'fine.ini: ok (mips)' "... for one target" check fine.ini --target mips
says 0 'fine.ini: ok (33 targets)' "... for all, by name" \
    check --target all fine.ini
says 0 $'fine.ini: ok (33 targets)\nfine.ini: ok (33 targets)' "two policies" \
    check fine.ini fine.ini

policy typo.ini <<'END'
[allow]
syscalls = opneat read write
END
says 1 'typo.ini:2:12: error: unknown syscall "opneat"
    2 | syscalls = opneat read write
      |            ^~~~~~  did you mean "openat"?
1 error, 0 warnings' "a mistake that all targets share is said once" \
    check typo.ini


# A target's name in the file's name, its line or a hint is not what differs.
mkdir -p aarch64 && printf '[policy]\ntargets = arm aarch46\n' >aarch64/arm.ini
says 1 'aarch64/arm.ini:2:15: error: unknown target "aarch46"
    2 | targets = arm aarch46
      |               ^~~~~~~  did you mean "aarch64"?
1 error, 0 warnings' "names of targets do not double a mistake" \
    check aarch64/arm.ini

policy old.ini <<'END'
[allow]
syscalls = open exit_group brk
END
exits 0 "a warning is no error" "$tool" check old.ini
like "$output" '^old.ini:2:12: warning: aarch64 has no open.*\(.*on 7 targets: aarch64, .*riscv64\)$' \
    "it says on which targets it holds"
like "$output" '^0 errors, 1 warning$' "it is counted once"
says 0 'old.ini: ok (arm)' "it is not said for another target" \
    check --target arm old.ini
exits 0 "a finding on one target" "$tool" check --target aarch64 old.ini
unlike "$output" 'targets' "does not speak of targets"

policy most.ini <<'END'
[deny]
syscalls = sethae
END
exits 0 "a call that one target has" "$tool" check most.ini
like "$output" 'on 32 targets, not on alpha\)$' "that one is named"

exits 1 "a mistake in one of two policies" "$tool" check fine.ini typo.ini
like "$output" '^fine.ini: ok' "the other one is fine"
exits 1 "a policy that is not there" "$tool" check nowhere.ini
like "$output" '^nowhere.ini: error: ' "it is named"
printf 'a\0b' >raw.ini
exits 1 "a policy that is no text" "$tool" check raw.ini

mkdir rules && echo 'function syscall_getpid() return 1, 42 end' >rules/a.lua
says 0 'rules: ok (33 targets)' "a directory of rules" check --rules rules
echo 'function syscall_getpid( return 1, 42 end' >rules/a.lua
exits 1 "a mistake in a rule" "$tool" check --rules rules
like "$output" 'rules/a.lua:1' "it is where the file and line say"
exits 1 "rules and a policy" "$tool" check --rules rules fine.ini

exits 2 "check without a policy" "$tool" check
exits 2 "an unknown option" "$tool" check --targets=arm fine.ini
like "$output" 'unknown option --targets=arm \(did you mean --target\?\);' \
    "it is named, and what was meant"
exits 2 "an option without its value" "$tool" check fine.ini --target
like "$output" 'qemu-policy check: option --target needs a value;' "so is it"
exits 2 "a value that an option does not take" "$tool" stats --json=yes fine.ini
like "$output" 'qemu-policy stats: option --json=yes takes no value;' "so is it"
exits 2 "a short option without its value" "$tool" learn fine.ini -o
like "$output" 'qemu-policy learn: unknown option, or no value: -o;' \
    "which may be either"
exits 2 "an unknown target" "$tool" check --target vax fine.ini
like "$output" '"vax"' "it is named"
exits 2 "another's name for a target" "$tool" check --target arm64 fine.ini
like "$output" 'qemu-policy check: unknown target "arm64": its name is "aarch64" here;' \
    "another's name for a target leads to ours"
exits 2 "an unknown option" "$tool" check --frob fine.ini
like "$output" '--frob' "it is named"
exits 2 "an option without its value" "$tool" check fine.ini --target

# Escape sequences of a hostile policy do not reach a terminal.
printf '[allow]\nsyscalls = \033[31mx\n' >escape.ini
exits 1 "a policy with control characters" "$tool" check escape.ini
unlike "$output" $'\033' "they are escaped"

# --- list ------------------------------------------------------------------

succeeds "list targets" "$tool" list targets
is "$(wc -l <<<"$output")" 33 "there are 33"
like "$output" '^mipsel +32 bits +little endian' "with size and byte order"
succeeds "list syscalls" "$tool" list syscalls
like "$output" '^openat$' "names"
succeeds "list syscalls of a target" "$tool" list syscalls --target i386
like "$output" '^ 295 +openat\(dfd, filename, flags, mode\)$' "arguments"
like "$output" '^ 102 +connect\(.*\) +socketcall 3$' "calls inside others"
succeeds "list sets" "$tool" list sets
like "$output" '^@basic-io +[A-Z]' "with descriptions"
succeeds "list a set" "$tool" list sets @open
like "$output" '^openat2$' "its members"
exits 2 "list an unknown set" "$tool" list sets @nope
exits 2 "list a set that was meant" "$tool" list sets @opne
like "$output" 'unknown set "@opne" \(did you mean "@open"\?\)' "it is named"
exits 2 "a list that was meant" "$tool" list sest
like "$output" 'unknown list "sest" \(did you mean "sets"\?\)' "it is named"
exits 2 "a command that was meant" "$tool" chekc
like "$output" 'unknown command "chekc" \(did you mean "check"\?\)' "it is named"
exits 2 "a target that was meant" "$tool" check --target aarc64 fine.ini
like "$output" 'unknown target "aarc64" \(did you mean "aarch64"\?\)' "it is named"
succeeds "list constants" "$tool" list constants
like "$output" '^open flags$' "families"
succeeds "list constants of a target" "$tool" list constants --target mips
like "$output" '^ +O_CREAT +0x100$' "with the target's values"
succeeds "list one family" "$tool" list constants --target arm 'open flags'
like "$output" '^ +O_DIRECTORY +0x4000$' "its constants"
unlike "$output" 'AF_INET' "and no others"
exits 2 "values without a target" "$tool" list constants open
exits 2 "an unknown family" "$tool" list constants --target arm nope
exits 2 "list without a word" "$tool" list
exits 2 "list of something else" "$tool" list everything
exits 2 "list with too many words" "$tool" list targets aarch64

# --- the program -----------------------------------------------------------

exits 2 "no command" "$tool"
exits 2 "an unknown command" "$tool" frobnicate
like "$output" '"frobnicate"' "it is named"
for command in check diff explain export import list show test; do
    succeeds "--help" "$tool" --help
    like "$output" "^  $command " "--help knows $command"
    succeeds "$command --help" "$tool" "$command" --help
    like "$output" "^usage: qemu-policy $command" "$command says how it is used"
done
succeeds "--version" "$tool" --version
like "$output" '^qemu-policy [0-9]' "--version shows it"

# --- policies for some targets ---------------------------------------------

policy some.ini <<'END'
[policy]
targets = arm mips
include = others.ini
[allow]
syscalls = brk read exit_group
[deny arm]
arm_fadvise64_64 = EACCES
END
policy others.ini <<'END'
[policy]
targets = !arm !mips
default = allow
END
says 0 'some.ini: ok (2 targets)' "for two targets, checked for two" \
    check some.ini
says 0 'close (2 targets) -> deny EPERM
  default  deny EPERM  no rule matches
  decided by the default of some.ini' "... and asked about two" \
    explain some.ini close
says 1 'some.ini:2:11: error: this policy is not for sh4
    2 | targets = arm mips
      |           ^~~~~~~~
1 error, 0 warnings' "another target refuses it" check some.ini --target sh4

{
    printf '[policy]\ndefault = allow\n[deny]\nopenat = EACCES if path in {\n'
    seq -f '    /a/%.0f,' 65400
    printf '    /b}\n'
} | policy large.ini
says 1 'large.ini:4:20: error: the condition has too many tests
    4 | openat = EACCES if path in {
      |                    ^~~~
1 error, 0 warnings' "more tests than a condition can have" \
    check large.ini --target aarch64

tap_done
