# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# What the project's shell programs share: where things are, messages,
# progress lines, logs and the lock. Sourced, never run.
#
# A program that sources this file sets `program` first (its name, as the
# messages print it). Afterwards:
#
#   root build logs     absolute folders: the repository, build/, build/log/
#   say, warn, die      a line; a warning; a message and exit 1
#   usage_error         a message and exit 2, for wrong command lines
#   step_begin, _end    "[2/5] patches             ok (6 applied)"
#   step_count, _tick   a bar on a terminal, a line now and then elsewhere
#   step_fail           what happened, the end of the log, what to do; exit 1
#   logged LOG CMD...   run CMD with its output appended to LOG
#   lock_build          keep two runs that write into build/ apart

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build
# shellcheck disable=SC2034 # for the programs that source this file
logs=$build/log

# Sorting, case and messages that are parsed must not depend on the locale.
export LC_ALL=C.UTF-8

say()
{
    printf '%s\n' "$*"
}

warn()
{
    printf '%s: warning: %s\n' "$program" "$*" >&2
}

die()
{
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

usage_error()
{
    printf '%s: %s\n' "$program" "$*" >&2
    printf "Try '%s --help'.\n" "$program" >&2
    exit 2
}

# --- Progress --------------------------------------------------------------

# A demo that calls tools/setup numbers its own steps after set-up's: it says
# by SETUP_MORE_STEPS how many follow.
steps_total=0
step_number=0
step_name=
step_began=0
step_shown=0    # seconds since the shell started, when we last wrote

on_terminal()
{
    [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]
}

step_begin()
{
    step_name=$1
    step_number=$((step_number + 1))
    step_began=$SECONDS
    step_shown=$SECONDS
    if on_terminal; then
        printf '\r\033[K%s' "$(step_label)"
    fi
}

step_label()
{
    printf '[%d/%d] %-19s ' "$step_number" "$steps_total" "$step_name"
}

# step_note TEXT: what a step is at, where it can be seen
step_note()
{
    if on_terminal; then
        printf '\r\033[K%s%s' "$(step_label)" "$1"
    fi
}

step_end()
{
    if on_terminal; then
        printf '\r\033[K'
    fi
    printf '%s%s\n' "$(step_label)" "$*"
}

# step_bar DONE TOTAL: twenty cells
step_bar()
{
    local full empty
    full=$(($2 > 0 ? 20 * $1 / $2 : 20))
    empty=$((20 - full))
    printf '%*s' "$full" '' | sed 's/ /━/g'
    printf '%*s' "$empty" ''
    printf ' %d/%d' "$1" "$2"
}

# step_tick DONE TOTAL: at most one redraw a second on a terminal, and a line
# twice a minute where the output is kept
step_tick()
{
    local pause=30
    on_terminal && pause=1
    [ $((SECONDS - step_shown)) -ge $pause ] || return 0
    step_shown=$SECONDS
    if on_terminal; then
        printf '\r\033[K%s%s' "$(step_label)" "$(step_bar "$1" "$2")"
    else
        printf '%s%d/%d\n' "$(step_label)" "$1" "$2"
    fi
}

# duration SECONDS: 1m32s, 5s
duration()
{
    if [ "$1" -ge 60 ]; then
        printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
    else
        printf '%ds' "$1"
    fi
}

# step_end_counted TOTAL: the last state of a bar
step_end_counted()
{
    local took
    took=$(duration $((SECONDS - step_began)))
    if on_terminal; then
        step_end "$(step_bar "$1" "$1")  $took"
    else
        step_end "ok ($1/$1, $took)"
    fi
}

# step_fail WHAT LOG ADVICE...: the end of a run. LOG may be empty; each
# ADVICE is a line.
step_fail()
{
    local what=$1 log=$2
    shift 2
    step_end "failed"
    {
        printf '%s: %s\n' "$program" "$what"
        if [ -n "$log" ] && [ -s "$log" ]; then
            log_excerpt "$log" | sed 's/^/  | /'
            printf '  log: %s\n' "$(shown_path "$log")"
        fi
        [ $# -eq 0 ] || printf '  %s\n' "$@"
    } >&2
    exit 1
}

# log_excerpt LOG: the lines a reader wants: what came of the last compilation
# that failed, else the last error of meson with what led to it, else the end
log_excerpt()
{
    local failed error
    failed=$(grep -n "^FAILED: " "$1" | grep -v " build\.ninja" |
        tail -n 1 | cut -d: -f1)
    error=$(grep -n " ERROR: " "$1" | tail -n 1 | cut -d: -f1)
    if [ -n "$failed" ]; then
        # The command line after FAILED: is long and says little.
        tail -n +"$((failed + 2))" "$1" | head -n 15
    elif [ -n "$error" ]; then
        head -n "$((error + 2))" "$1" | tail -n 8
    else
        # of the last command
        awk '/^\$ / { text = "" } { text = text $0 "\n" }
            END { printf "%s", text }' "$1" | tail -n 12
    fi | cut -c1-200
}

# shown_path PATH: shorter, where it lies below the current folder
shown_path()
{
    printf '%s' "${1#"$PWD"/}"
}

# --- Running things --------------------------------------------------------

# logged LOG COMMAND...: with its output appended to LOG, without our lock
# (a daemon that a package starts would hold it for ever)
logged()
{
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    printf '$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1 </dev/null 9>&-
}

# fresh_log NAME: prints the path of an emptied log
fresh_log()
{
    mkdir -p "$logs"
    : >"$logs/$1.log"
    printf '%s' "$logs/$1.log"
}

# lock_build: descriptor 9 holds the lock until the program ends
lock_build()
{
    mkdir -p "$build" || die "cannot make $build"
    exec 9>>"$build/.lock" || die "cannot write $build/.lock"
    if ! flock -n 9; then
        say "waiting: another run is at work in $(shown_path "$build")"
        flock 9
    fi
}

# need_space MEGABYTES FOLDER: fails the step when there is less
need_space()
{
    local free
    free=$(df -Pm "$2" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ -n "$free" ] || return 0
    if [ "$free" -lt "$1" ]; then
        step_fail "no space left: $2 has $free MB free, this needs $1 MB" "" \
            "Free some space, or put the repository on another disk."
    fi
}
