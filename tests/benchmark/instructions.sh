#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What a call costs in instructions of the host, which other work on the machine
# does not change: those of do_syscall and of what the project adds to its way,
# for calls that no rule names; and all of them, by what the policy says. Fails
# where a call that no rule names has grown beyond its budget.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin valgrind
few=1000
many=$(of 9000 3000)

ini deny <<'END'
[deny]
dup = EPERM quiet
END
ini integer <<'END'
[deny]
dup = EPERM if fildes < 0 && fildes != 5 quiet
END
ini logged <<'END'
[deny]
dup = EPERM
END

# counted NAME [-b BASE] [-l BUDGET] -- FUNCTIONS CALL COMMAND...
counted()
{
    local name=$1 functions call
    local -a options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    functions=$2 call=$3
    shift 3
    row "$name" "${options[@]}" -- \
        instructions "$functions" $few "$many" "$@" "$loop" "$call"
}

table added instructions less \
    "do_syscall and what is added to it ($target)"
counted "getppid, unpatched" -- "$added_functions" getppid "$twin"
counted "getppid, no policy" -b "getppid, unpatched" -l "plus 3" -- \
    "$added_functions" getppid "$ours"
counted "getppid, not named" -b "getppid, unpatched" -l "plus 6" -- \
    "$added_functions" getppid "$ours" -policy other.ini
counted "dup, unpatched" -- "$added_functions" dup "$twin"
counted "dup, not named" -b "dup, unpatched" -- \
    "$added_functions" dup "$ours" -policy other.ini
measure 1 || finish
is "$(awk -F '\t' '$2 == "added" && $6 ~ /^getppid/ { v[$6] = $10 }
    END {
        if (v["getppid, no policy"] - v["getppid, unpatched"] > 3.05 ||
            v["getppid, not named"] - v["getppid, unpatched"] > 6.05)
            print "more"
    }' "$results")" "" "at most 3 and 6 instructions more"

# dup fails in any case: the guest's C library does not see a difference.
table all instructions less "all of a call ($target)"
counted "getppid, unpatched" -- . getppid "$twin"
counted "not named" -b "getppid, unpatched" -- . getppid "$ours" \
    -policy other.ini
counted "return 7" -b "getppid, unpatched" -- . getppid "$ours" \
    -policy return.ini
counted "lua, a number" -b "getppid, unpatched" -- . getppid "$ours" \
    -policy lua.ini
counted "dup, unpatched" -- . dup "$twin"
counted "deny, not logged" -b "dup, unpatched" -- . dup "$ours" -policy deny.ini
counted "deny if ..." -b "dup, unpatched" -- . dup "$ours" \
    -policy integer.ini
counted "deny, logged as JSON" -b "dup, unpatched" -- . dup "$ours" \
    -policy logged.ini -policy-log log
counted "openat and close, unpatched" -- . openat "$twin"
counted "a path rule that passes" -b "openat and close, unpatched" -- \
    . openat "$ours" -policy paths.ini
measure 1 || finish

# from_start COMMAND...: thousands of them, from start to end
from_start()
{
    local file
    file=start.$(printf '%s ' "$@" | cksum | cut -d' ' -f1)
    count_instructions "$file" "$@" &&
        awk -v n="$(sum_instructions . "$file")" \
            'BEGIN { printf "%.1f", n / 1000 }'
}

cp "$root"/policies/*.ini .
table start "thousand instructions" less \
    "start to end of a program that does nothing ($target)"
row "unpatched" -- from_start "$twin" "$loop" exit
row "no policy" -b unpatched -- from_start "$ours" "$loop" exit
row "one rule" -b unpatched -- from_start "$ours" -policy other.ini "$loop" exit
row "web.ini" -b unpatched -- from_start "$ours" -policy web.ini "$loop" exit
row "a Lua handler" -b unpatched -- \
    from_start "$ours" -policy lua.ini "$loop" exit
measure 1
finish
