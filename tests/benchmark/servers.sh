#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
#
# Servers of Debian's for arm64 under load: nginx, asked by wrk, and redis, asked
# by redis-benchmark. Requests a second, and the processor time of the server's
# processes for each, which other work on the machine changes less.
TARGET=aarch64
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/lib/server.sh
. "$root/tools/lib/server.sh"
begin twin wrk redis-benchmark
bench_foreign arm64 nginx-light redis-server
seconds=1
asked=$(of 20000 500)
made=$(trap -p EXIT)     # tap.sh may have made a folder to remove
declare -A pid port
trap 'end_servers; [ -z "$made" ] || rm -rf "$TEST_TMP"' EXIT

# strace would let go of what it traces, and end alone.
end_servers()
{
    local key child
    for key in "${!pid[@]}"; do
        case $key in
        *-strace)
            for child in $(cat "/proc/${pid[$key]}/task"/*/children); do
                end_server "$child"
            done ;;
        esac
        end_server "${pid[$key]}"
    done
}

# Beside those that groups share. web.ini is what such a server would have.
ini redis <<'END'
[deny]
@open = EACCES if path in {/etc/shadow, /etc/gshadow} || path under /root
connect = EACCES if family != AF_UNIX
syscalls = execve execveat ptrace @module @mount:EPERM
END
cp "$root"/policies/*.ini .

# emulator KIND: its command line as $emulator
emulator()
{
    case $1 in
    unpatched) emulator=("$twin") ;;
    strace) emulator=(strace -f --seccomp-bpf -qq -o /dev/null -e trace=mount
        -e inject=mount:error=EPERM "$twin") ;;
    none) emulator=("$ours") ;;
    learning) emulator=("$ours" -policy-learn "lesson.$1") ;;
    *) emulator=("$ours" -policy "$1.ini" -policy-log "log.$1") ;;
    esac
}

# launch NAME KIND PROGRAM ARGUMENT...: as pid[NAME-KIND], at $port
launch()
{
    local name=$1 kind=$2
    shift 2
    emulator "$kind"
    "${emulator[@]}" -L "$guest" "$@" >"said.$name-$kind" 2>&1 </dev/null &
    pid[$name-$kind]=$!
    if ! wait_for_port "${port[$name-$kind]}" $! 60; then
        not_ok "$name starts: $kind" "$(tail -n 5 "said.$name-$kind")"
        finish
    fi
}

# ticks PID: processor time of a process, its children and theirs, in ticks
ticks()
{
    local child sum=0
    for child in "$1" $(cat "/proc/$1/task"/*/children 2>/dev/null); do
        if [ "$child" = "$1" ]; then
            sum=$((sum + $(sed 's/^.*) //' "/proc/$1/stat" |
                awk '{ print $12 + $13 }')))
        else
            sum=$((sum + $(ticks "$child")))
        fi
    done
    printf '%d' "$sum"
}

# ask KIND nginx|redis: requests a second of one load, and the processor time
# of each into cost.NAME-KIND
ask()
{
    local key=$1 before after rate requests
    before=$(ticks "${pid[$key]}")
    case $key in
    nginx-*)
        wrk -t 1 -c 16 -d "$seconds" "http://127.0.0.1:${port[$key]}/" \
            >"said.wrk" || return 1
        # An answer that is not a page would be quick, too.
        ! grep 'Non-2xx' said.wrk >&2 || return 1
        requests=$(awk '/requests in/ { print $1 }' said.wrk)
        rate=$(awk '/^Requests\/sec/ { print $2 }' said.wrk) ;;
    redis-*)
        requests=$asked
        redis-benchmark -p "${port[$key]}" -c 16 -n "$asked" -t get --csv \
            >said.redis 2>&1 || return 1
        rate=$(awk -F '","' '/^"GET"/ { print $2 }' said.redis) ;;
    esac
    after=$(ticks "${pid[$key]}")
    awk -v ticks=$((after - before)) -v n="$requests" \
        -v second="$(getconf CLK_TCK)" \
        'BEGIN { printf "%.1f\n", ticks / second * 1e6 / n }' >>"cost.$key"
    printf '%s' "$rate"
}

# next_cost NAME-KIND: as ask() left them, one after the other
next_cost()
{
    head -n 1 "cost.$1" && sed -i 1d "cost.$1"
}

# rows_of NAME COMMAND KIND=TEXT...: the first is what others are compared with
rows_of()
{
    local name=$1 command=$2 kind
    local -a against=()
    shift 2
    for kind in "$@"; do
        row "${kind#*=}" "${against[@]}" -- "$command" "$name-${kind%%=*}"
        against=(-b "${1#*=}")
    done
}

# measure_server NAME KIND=TEXT...
measure_server()
{
    local few=$(((rounds + 2) / 3))
    table "$1" requests/s more "$1 for arm64: requests"
    rows_of "$1" ask "${@:2}"
    measure $few || finish
    table "$1-time" µs less "$1 for arm64: processor time of a request"
    rows_of "$1" next_cost "${@:2}"
    measure $few || finish
}

for kind in unpatched strace none other paths web learning; do
    port[nginx-$kind]=$(free_port)
    nginx_site "$TEST_TMP/site-$kind" "${port[nginx-$kind]}"
    launch nginx $kind "$guest/usr/sbin/nginx" -e stderr \
        -p "$TEST_TMP/site-$kind" -c "$TEST_TMP/site-$kind/nginx.conf"
done
measure_server nginx unpatched=unpatched none="no policy" \
    other="one rule for another call" paths="a path rule" web=web.ini \
    learning="no policy, learning" \
    strace="unpatched, under strace --seccomp-bpf"
for kind in unpatched none other redis learning; do
    port[redis-$kind]=$(free_port)
    mkdir -p "data-$kind"
    launch redis $kind "$guest/usr/bin/redis-server" --bind 127.0.0.1 \
        --port "${port[redis-$kind]}" --dir "data-$kind" --save "" \
        --ignore-warnings ARM64-COW-BUG
done
measure_server redis unpatched=unpatched none="no policy" \
    other="one rule for another call" redis="a policy for redis" \
    learning="no policy, learning"
finish
