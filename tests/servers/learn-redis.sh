#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Learning from redis, which has threads, forks to save, writes files and renames
# them: what comes out serves as before, and does nothing else.
# shellcheck disable=SC2154
. "$(dirname "$0")/learn.bash"

need aarch64 arm64 redis-server redis-tools
data=$TEST_TMP/data
mkdir -p "$data"
cd "$data" || exit 1

cli()
{
    timeout 60 "$TEST_BIN/qemu-aarch64" -L "$guest" \
        "$guest/usr/bin/redis-cli" -p "$port" "$@" 2>&1
}

# start HOW: always at one port, for that is learnt
port=$(free_port)
start()
{
    local i
    serve "$1" "$guest/usr/bin/redis-server" --port "$port" \
        --bind 127.0.0.1 --dir "$data" --save "" --appendonly yes \
        --ignore-warnings ARM64-COW-BUG || return 1
    for ((i = 0; i < 100; i++)); do
        [ "$(cli PING)" != PONG ] || return 0
        sleep 0.1
    done
    return 1
}

# saved: a background save, by a child, has come to its end
saved()
{
    local i
    cli BGSAVE >"$TEST_TMP/told"
    for ((i = 0; i < 200; i++)); do
        [ "$(cli INFO persistence | tr -d '\r' | sed -n \
            's/^rdb_bgsave_in_progress://p')" != 0 ] || break
        sleep 0.1
    done
    cli INFO persistence | tr -d '\r' |
        sed -n 's/^rdb_last_bgsave_status://p'
}

# used HOW: what it is for
used()
{
    is "$(cli SET colour green)" OK "$1: a key is set"
    is "$(cli GET colour)" green "$1: and read again"
    is "$(cli INCRBY count 42)" 42 "$1: it counts"
    is "$(saved)" ok "$1: a child saves the data"
    like "$(cli INFO server)" '^redis_version:' "$1: it tells its version"
    like "$(cli CONFIG SET maxmemory 100mb)" OK "$1: it takes a setting"
    cli FLUSHALL >"$TEST_TMP/told"
}

start watched || { tap_done; exit 1; }
used watched
end_server "$server"
# A second run finds the files of the first, and has other pids.
start watched
used "watched again"
end_server "$server"
server=
taught redis
like "$told" 'syscalls, [0-9]* paths, ' "it says what it has learnt"

if start held; then
    used held
    no_refusals redis
    # What it was not made to do: another folder, another machine.
    like "$(cli CONFIG SET dir /etc)" 'ERR|denied|not permitted' \
        "it cannot go to another folder"
    cli REPLICAOF 192.0.2.1 6379 >"$TEST_TMP/told"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        refused connect && break
        sleep 0.25
    done
    succeeds "it cannot be made to call out" refused connect
    end_server "$server"
    server=
fi
does_not "redis: another port" "$guest/usr/bin/redis-server" \
    --port "$(free_port)" --bind 127.0.0.1 --dir "$data" \
    --ignore-warnings ARM64-COW-BUG
tap_done
