# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # of lib.sh
#
# Learning from real programs. Sourced by tests of this folder:
#
#     watched COMMAND...      runs it while all is learnt, into $lesson
#     taught NAME OPTION...   $lesson becomes $policy; options of learn
#     held COMMAND...         runs it below $policy; what is refused is in $log
#     no_refusals NAME        and nothing was
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lesson=$TEST_TMP/lesson.jsonl
policy=$TEST_TMP/learnt.ini
emulator=$TEST_BIN/qemu-user

watched()
{
    timeout 120 "$emulator" --policy-learn "$lesson" -L "$guest" "$@"
}

held()
{
    rm -f "$log"
    timeout 120 "$emulator" --policy "$policy" --policy-log "$log" \
        -L "$guest" "$@"
}

taught()
{
    local name=$1
    shift
    succeeds "$name: a policy comes out" "$TEST_BIN/qemu-policy" learn \
        "$lesson" -o "$policy" "$@"
    told=$output
    succeeds "$name: it is a policy, for all targets" \
        "$TEST_BIN/qemu-policy" check "$policy"
}

no_refusals()
{
    is "$(jq -c '{syscall,args,path,resolved,sockaddr,rule}' "$log" 2>&1 |
        head -n 5)" "" "$1: nothing that it does is refused"
}

# does_not COMMAND...: a program that is held, and fails
does_not()
{
    local name=$1
    shift
    output=$(held "$@" 2>&1 </dev/null)
    if [ $? -eq 0 ]; then
        not_ok "$name" "it worked: $output"
    else
        ok "$name"
    fi
    isnt_empty "$(jq -c 'select(.verdict == "deny")' "$log" 2>/dev/null)" \
        "$name: the log has the refusal"
}

isnt_empty()
{
    if [ -n "$1" ]; then
        ok "$2"
    else
        not_ok "$2"
    fi
}

# serve HOW COMMAND...: in the background, as $server, once $port answers
serve()
{
    local how=$1
    shift
    # exec: $server is the emulator
    if [ "$how" = watched ]; then
        "$emulator" --policy-learn "$lesson" -L "$guest" "$@" \
            >"$said" 2>&1 </dev/null &
    else
        rm -f "$log"
        "$emulator" --policy "$policy" --policy-log "$log" -L "$guest" "$@" \
            >"$said" 2>&1 </dev/null &
    fi
    server=$!
    wait_for_port "$port" "$server" 60 || {
        not_ok "it starts ($how)" "$(tail -n 20 "$said")"$'\n'"$(
            jq -c '{syscall,args,path,rule}' "$log" 2>/dev/null | head -n 20)"
        return 1
    }
    ok "it starts ($how)"
}
