# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with groups
#
# What the benchmarks share. A group is a file of this folder that runs as a
# test, alone or by tools/bench:
#
#   . "$(dirname "$0")/lib.sh"
#   begin twin
#   table calls ns less "A call that is refused"
#   row "unpatched" -- "$twin" "$loop" getppid 20000
#   row "refused" -b "unpatched" -l "ratio 1" -- "$ours" -policy deny.ini ...
#   measure
#   finish
#
# A row's command prints one number, once a round; it may be a function. Of two,
# as the guest program prints them, the first is taken, or with `cpu` behind the
# title the second: processor time, which other work on the machine changes less.
# That is for calls that nothing but the emulator has to do with. With `both`
# there are two tables. The
# rounds are interleaved, for what else runs on the machine changes from second
# to second, and every other round goes backwards. -b names the row to compare
# with; -x is the value on the x axis (threads, rules) where a row is a point of
# a line; -l is a budget: "ratio N" and "plus N" bind the least figure, against
# the base's least.
#
# From the environment:
#
#   TARGET           of the emulators (aarch64)
#   ROUNDS           so many interleaved rounds
#   QUICK            not empty: few rounds of few calls, to see that it works
#   BENCH_RESULTS    a file that the figures are appended to, one row a line
#
# A group fails when something did not run or did not do what was to be
# measured. A figure over its budget is said and is no failure, for it may be
# the machine's.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
root=$TEST_ROOT
program=tests/benchmark
# shellcheck source=tools/lib/common.sh
. "$root/tools/lib/common.sh"
# shellcheck source=tools/lib/targets.sh
. "$root/tools/lib/targets.sh"

group=$(basename "$0" .sh)
target=${TARGET:-aarch64}
twin=$TEST_BUILD/vanilla/qemu-$target
with_plugins=$TEST_BUILD/plugins/qemu-$target
ours=$TEST_BIN/qemu-$target
loop=$TEST_TMP/loop
native=$TEST_TMP/native
results=${BENCH_RESULTS:-$TEST_TMP/results}
# do_syscall, and what the project adds to a call's way
added_functions='(do_syscall|policy_[a-z_]*|re_[a-z_]*|st_[a-z_]*)'

# begin [twin | plugins | compiler]...: what the group needs, or it is skipped.
# The working folder gets the policies that groups share (policies/).
begin()
{
    local need cc
    rounds=${ROUNDS:-15}
    [ -z "${QUICK:-}" ] || rounds=${ROUNDS:-2}
    unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG QEMU_POLICY_LEARN
    [ -x "$ours" ] || skip_all "qemu-$target is not built"
    for need in "$@"; do
        case $need in
        twin) need=$twin ;;
        plugins) need=$with_plugins ;;
        esac
        [ -x "$need" ] || command -v "$need" >/dev/null ||
            skip_all "${need##*/build/} is missing (tools/setup --bench)"
    done
    cc=$(target_cc "$target") && command -v "$cc" >/dev/null ||
        skip_all "there is no compiler for $target"
    "$cc" -O2 -static -pthread -o "$loop" "$here/loop.c" &&
        gcc -O2 -static -pthread -o "$native" "$here/loop.c" || exit 1
    cp "$here"/policies/* "$TEST_TMP" && cd "$TEST_TMP" || exit 1
}

# of N [QUICK]: N, or few in a quick run
of()
{
    if [ -n "${QUICK:-}" ]; then
        printf '%d' "${2:-$(($1 / 50 > 10 ? $1 / 50 : 10))}"
    else
        printf '%d' "$1"
    fi
}

# ini NAME: a policy that allows everything else, from standard input. A first
# line in brackets, or not: settings come first.
ini()
{
    { printf '[policy]\ndefault = allow\n'; cat; } >"$1.ini"
}

# table ID UNIT less|more TITLE [cpu | both]: what is better; rows follow
table()
{
    table_clock=${5:-}
    table_id=$1 table_unit=$2 table_better=$3 table_title=$4
    row_name=() row_base=() row_limit=() row_x=() row_command=() row_values=()
    row_times=()
}

row()
{
    local name=$1 base='' limit='' x=''
    shift
    while [ "$1" != -- ]; do
        case $1 in
        -b) base=$2 ;;
        -l) limit=$2 ;;
        -x) x=$2 ;;
        *) die "row: what is '$1'?" ;;
        esac
        shift 2
    done
    shift
    row_name+=("$name") row_base+=("$base") row_limit+=("$limit")
    row_x+=("$x") row_command+=("$(printf '%q ' "$@")")
    row_values+=("") row_times+=("")
}

# take INDEX: one figure of a row
take()
{
    local value first time
    value=$(eval "${row_command[$1]}" 2>errors </dev/null) || value=
    read -r first time <<<"$value"
    [ "$table_clock" != cpu ] || first=$time
    [ "$table_clock" = both ] || time=0
    case $first:$time in
    :* | *: | *[!0-9.:]*)
        not_ok "$table_title: ${row_name[$1]}" \
            "$value"$'\n'"$(tail -n 5 errors)"
        return 1 ;;
    esac
    row_values[$1]+="$first "
    row_times[$1]+="$time "
}

# measure [ROUNDS]: all rows of the table, then its lines
measure()
{
    local total=${1:-$rounds} round i n=${#row_name[@]}
    for ((round = 0; round < total; round++)); do
        for ((i = 0; i < n; i++)); do
            if ((round % 2)); then
                take $((n - 1 - i)) || return 1
            else
                take $i || return 1
            fi
        done
        printf '# %s %d/%d\n' "$group" $((round + 1)) "$total"
    done
    record
    if [ "$table_clock" = both ]; then
        row_values=("${row_times[@]}")
        table_id+=-time
        table_title+=", processor time"
        record
    fi
    ok "$table_title: $n rows, $total rounds"
}

# record: the table as lines for results.jq, and as a table to read
record()
{
    local i start=0
    [ ! -e "$results" ] || start=$(wc -l <"$results")
    for i in "${!row_name[@]}"; do
        printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$group" \
            "$table_id" "$table_title" "$table_unit" "$table_better" \
            "${row_name[i]}" "${row_base[i]}" "${row_limit[i]}" "${row_x[i]}" \
            "${row_values[i]}"
    done >>"$results"
    tail -n +$((start + 1)) "$results" | "$here/report" json |
        "$here/report" markdown | sed 's/^/# /'
}

# count_instructions FILE COMMAND...: by function, into FILE
count_instructions()
{
    local file=$1
    shift
    [ ! -s "$file" ] || return 0
    setarch -R valgrind --tool=callgrind --smc-check=all-non-file \
        --callgrind-out-file="$file.cg" "$@" >/dev/null 2>"$file.errors" &&
        callgrind_annotate --threshold=100 "$file.cg" \
            >"$file.new" 2>>"$file.errors" && mv "$file.new" "$file"
}

# sum_instructions FUNCTIONS FILE
sum_instructions()
{
    awk -v functions="$1" '
        /PROGRAM TOTALS/ { gsub(",", "", $1); total = $1 }
        /:[A-Za-z0-9_.]+( |$|\x27)/ && !/=>/ && !/do_syscall1/ {
            gsub(",", "", $1)
            if (match($0, ":" functions "( |$|\x27)"))
                sum += $1
        }
        END { print functions == "." ? total : sum + 0 }' "$2"
}

# instructions FUNCTIONS FEW MANY COMMAND... CALL: host instructions for a
# call, as the difference of two loop counts: all of them ("."), or those of
# the functions that the regular expression matches. No addresses are drawn by
# lot, for memory's layout alone moves such figures. What was counted once is
# not counted again. CALL gives no result to compare, as that takes instructions
# of the guest.
instructions()
{
    local functions=$1 few=$2 many=$3 file
    shift 3
    file=count.$(printf '%s ' "$@" | cksum | cut -d' ' -f1)
    count_instructions "$file.few" "$@" "$few" quiet &
    count_instructions "$file.many" "$@" "$many" quiet && wait $! || {
        cat "$file".*.errors >&2
        return 1
    }
    # The loop makes a hundredth more than it counts.
    awk -v a="$(sum_instructions "$functions" "$file.few")" -v n="$few" \
        -v b="$(sum_instructions "$functions" "$file.many")" -v m="$many" \
        'BEGIN { printf "%.1f", (b - a) / (m - n) / 1.01 }'
}

# memory_of PSS|RSS COMMAND...: KiB, while the program that COMMAND runs waits
# with all its threads ($loop wait); the kernel tells
memory_of()
{
    local kind=$1 pid line kib=
    shift
    rm -f in out
    mkfifo in out
    "$@" <in >out 2>>errors &
    pid=$!
    exec 5>in 6<out
    if read -r -t 60 line <&6 && [ "$line" = ready ]; then
        kib=$(awk -v kind="$kind:" 'tolower($1) == tolower(kind) { print $2 }' \
            "/proc/$pid/smaps_rollup")
    fi
    exec 5>&- 6<&-
    wait "$pid"
    [ -n "$kib" ] && printf '%s' "$kib"
}

# microseconds COMMAND...: from start to end
microseconds()
{
    local began ended
    began=$EPOCHREALTIME
    "$@" >/dev/null || return 1
    ended=$EPOCHREALTIME
    printf '%d' $((${ended/./} - ${began/./}))
}

# spent COMMAND...: microseconds of processor time, the program's children
# with it
spent()
{
    local TIMEFORMAT='%3U %3S'
    { time "$@" >/dev/null 2>>errors; } 2>spent || return 1
    awk '{ print int(($1 + $2) * 1e6 + 0.5) }' spent
}

# bench_foreign ARCH PACKAGE...: Debian's, unpacked; sets $guest
bench_foreign()
{
    local arch=$1
    shift
    # shellcheck source=tools/lib/apt.sh
    . "$root/tools/lib/apt.sh"
    # shellcheck source=tools/lib/foreign.sh
    . "$root/tools/lib/foreign.sh"
    mkdir -p "$TEST_BUILD/log"
    foreign_unpack "$arch" "$TEST_BUILD/log/foreign-$arch.log" "$@" || {
        not_ok "Debian's $* for $arch" "$foreign_error"
        finish
    }
    guest=$TEST_BUILD/foreign/$arch
}

finish()
{
    tap_done
}
