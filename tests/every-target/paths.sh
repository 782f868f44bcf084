#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2317 # the paths are called by their names
#
# Every target there is an emulator of, with programs of straight machine code
# (program.c), for half of them have no C library in Debian: through allow,
# deny, emulate, kill, Lua, the audit log and execve. What came of it is the
# table of docs/targets.md:
#
#     tests/every-target/paths.sh            is the table true?
#     tests/every-target/paths.sh --write    writes it; the lines of targets that
#                                            are not built stay as they are

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

maker=$TEST_BUILD/meson/tests/every-target/every-target-program
page=$TEST_ROOT/docs/targets.md
work=$TEST_TMP
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG QEMU_STRACE QEMU_LOG

# The pid that the programs ask about: no process has it, for it lies above
# what the programs' own policies let through.
pid=74565
other=74566

[ -x "$maker" ] || skip_all "every-target-program is not built: tools/setup"

# policy TEXT...: lines of the policy for the runs that follow
policy()
{
    printf '%s\n' "$@" >"$work/policy.ini"
    rm -f "$work/log"
}

# make NAME TEXT CALL...
make()
{
    local name=$1 text=$2
    shift 2
    "$maker" -t "$text" "$target" "$work/$name" "$@"
}

# run NAME: sets $out and $status; the launcher finds the emulator
run()
{
    { out=$(ulimit -c 0 && exec timeout 60 "$TEST_BIN/qemu-user" \
        --policy "$work/policy.ini" --policy-log "$work/log" \
        "$work/$1" 2>"$work/err" </dev/null)
        status=$?
    } 2>/dev/null
}

# came CELL NAME OUTPUT STATUS: a check, and a cell of the target's row
came()
{
    if [ "$out" = "$3" ] && [ "$status" = "$4" ]; then
        row+=" $1 |"
        ok "$target: $2"
    else
        row+=" **no** |"
        not_ok "$target: $2" "output \"$out\", not \"$3\"
status $status, not $4
$(cat "$work/err")"
    fi
}

# failed_with ERROR: the exit status that it makes
failed_with()
{
    local number status
    read -r number status < <("$maker" -e "$target" "$1")
    printf '%d' "$status"
}

# The programs that most paths share.
make_programs()
{
    make ask $'hello\n' 'write 1 text length' "getpgid $pid" \
        'exit_group result'
    make ask-other $'hello\n' 'write 1 text length' "getpgid $other" \
        'exit_group result'
}

allow()
{
    policy '[policy]' 'default = deny EPERM' '[allow]' \
        'syscalls = exit_group' 'write = fd == 1' "getpgid = pid == $pid"
    run ask
    came yes "an allowed call runs" hello "$(failed_with ESRCH)"
    run ask-other
    [ "$out:$status" = "hello:$(failed_with EPERM)" ]
    is $? 0 "$target: with another argument it is refused"
}

deny()
{
    local number
    policy '[policy]' 'default = allow' '[deny]' \
        "getpgid = ENOTEMPTY if pid == $pid"
    run ask
    read -r number _ < <("$maker" -e "$target" ENOTEMPTY)
    came "$number" "a denied call fails with the target's number" hello \
        "$(failed_with ENOTEMPTY)"
}

emulate()
{
    policy '[policy]' 'default = allow' '[emulate]' 'getpgid = return 42'
    run ask
    came yes "an emulated call gives the policy's value" hello 42
}

kill_()
{
    policy '[policy]' 'default = allow' '[deny]' "write = kill"
    run ask
    came yes "a forbidden call kills" "" 159
}

lua()
{
    cat >"$work/handlers.lua" <<'LUA'
function tell(call)
  local text = call:read(call.args.buf, call.args.count)
  text = ("%s %s %d %s\n"):format(text, call.target, call.bits, call.endian)
  call.args.buf, call.args.count = text, #text
end

function compute(call)
  return call.args.pid - 74500
end
LUA
    policy '[policy]' 'default = allow' 'handlers = handlers.lua' \
        '[emulate]' 'write = lua tell' 'getpgid = lua compute'
    make lua 'I am' 'write 1 text length' "getpgid $pid" 'exit_group result'
    run lua
    came yes "handlers read the arguments and memory, and give other bytes" \
        "I am $target $bits $([ "$order" = big ] && echo '>' || echo '<')" 65
}

audit()
{
    local number got
    number=$("$maker" -n "$target" getpgid)
    policy '[policy]' 'default = allow' '[deny]' 'getpgid = ENOTEMPTY'
    run ask
    got=$(jq -r '[.target, .syscall, .nr, .args.pid, .verdict, .errno] |
        join(" ")' "$work/log" 2>&1)
    out=$got status=$(wc -l <"$work/log")
    came "\`getpgid\` $number" "the record names target, call and arguments" \
        "$target getpgid $number $pid deny ENOTEMPTY" 1
}

execve()
{
    policy '[policy]' 'default = allow' '[emulate]' "getpgid = return 7"
    make again "$work/ask" 'execve text 0 0' 'exit_group result'
    run again
    came yes "execve: the next program has the same policy" hello 7
    # Run by the host's kernel it would leave with ESRCH's status.
    "$maker" -t "" "$(uname -m)" "$work/native" "getpgid $pid" \
        'exit_group result'
    make again "$work/native" 'execve text 0 0' 'exit_group result'
    run again
    if [ -x "$TEST_BIN/qemu-$(uname -m)" ]; then
        is "$status" 7 "$target: execve: so has a program of the host"
    else
        is "$status" "$(failed_with ENOEXEC)" \
            "$target: execve: a program of the host does not run"
    fi
}

libc()
{
    if [ -n "$(target_triplet "$target")" ]; then
        printf 'yes'
    else
        printf 'no'
    fi
}

rows=
while read -r target bits order <&3; do
    if [ ! -x "$TEST_BIN/qemu-$target" ]; then
        skip "$target" "no emulator for it was built"
        rows+=$(grep -F "| \`$target\` | $bits, " "$page" ||
            printf '| `%s` | %s, %s | not executed | | | | | | | %s |' \
                "$target" "$bits" "$order" "$(libc)")$'\n'
        continue
    fi
    row="| \`$target\` | $bits, $order |"
    make_programs
    for path in allow deny emulate kill_ lua audit execve; do
        "$path"
    done
    row+=" $(libc) |"
    rows+=$row$'\n'
    if [ "${1:-}" != --write ]; then
        grep -qxF -- "$row" "$page"
        is $? 0 "$target: its line in docs/targets.md"
    fi
done 3< <("$maker" -l)

if [ "${1:-}" = --write ]; then
    ROWS=$rows awk '
        /^\| target/ {
            print; getline; print; printf "%s", ENVIRON["ROWS"]
            table = 1; next
        }
        table && /^\|/ { next }
        { table = 0; print }' "$page" >"$page.new" && mv "$page.new" "$page"
else
    is "$(sed -nE 's/^\| `([a-z0-9_]+)` \| (32|64), .*/\1/p' "$page" | xargs)" \
        "$("$maker" -l | cut -d' ' -f1 | xargs)" \
        "docs/targets.md has a line for each target"
fi
is "$("$maker" -l | cut -d' ' -f1 | sort | xargs)" \
    "$(tr -s ' \n' '\n' <<<"$all_targets" | grep . | sort | xargs)" \
    "no target is left out"
tap_done
