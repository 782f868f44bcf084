#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# redis, which has threads, forks to save, and writes files: no-network would be
# too strict, web.ini too; faults.ini and log-everything.ini are tried on it. Under
# any emulator it believes to see a kernel bug, and is told to go on.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"

need aarch64 arm64 redis-server redis-tools

# What has come along with another package has been downloaded, and apt does not
# say again where it is to be had.
sed -i '/^redis-tools$/d' "$guest/.asked"
succeeds "a package that is there already can be asked for" \
    "$TEST_ROOT/tools/foreign" arm64 redis-tools

cli()
{
    timeout 60 "$TEST_BIN/qemu-aarch64" -L "$guest" \
        "$guest/usr/bin/redis-cli" -p "$port" "$@" 2>&1
}

start()
{
    port=$(free_port)
    mkdir -p "$TEST_TMP/data"
    rm -f "$log"
    under "$1" "$guest/usr/bin/redis-server" --port "$port" \
        --bind 127.0.0.1 --dir "$TEST_TMP/data" --save "" \
        --ignore-warnings ARM64-COW-BUG
    started "$port" "redis under $1.ini"
}

if start log-everything; then
    is "$(cli SET colour green)" OK "a key is set"
    is "$(cli GET colour)" green "and read again"
    is "$(cli SAVE)" OK "a snapshot is written"
    like "$(cli INFO server)" '^redis_version:' "it tells its version"
    end_server "$server"
    succeeds "every line of the log is JSON" jq -e . "$log"
    succeeds "accepted connections are in the log" refused accept4
    is "$(jq -r .verdict "$log" | sort -u)" allow "nothing was refused"
fi

# fsync finds a broken disk, and redis says so instead of losing data
if start faults; then
    is "$(cli SET colour green)" OK "under faults.ini a key is set"
    like "$(cli SAVE)" '^ERR|error|Error|^\(error\)' \
        "and a snapshot is not reported as written"
    end_server "$server"
    succeeds "the fault is in the log" refused fsync
fi
server=
tap_done
