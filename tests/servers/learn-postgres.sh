#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
# Learning from PostgreSQL, which has a process for each connection, shared memory
# with another name each time, and a program that starts others to set it up: what
# comes out serves as before, and does nothing else.
# shellcheck disable=SC2154
. "$(dirname "$0")/learn.bash"

need aarch64 arm64 postgresql-15 postgresql-client-15 dash
programs=$guest/usr/lib/postgresql/15/bin
data=$TEST_TMP/data
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# It does not run as root.
if [ "$(id -u)" -eq 0 ]; then
    chown 65534 "$TEST_TMP"
    "${nobody[@]}" test -x "$emulator" -a -x "$programs/initdb" 2>/dev/null ||
        skip_all "nobody cannot get at $TEST_BUILD"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "${nobody[*]}" "$emulator" \
        >"$TEST_TMP/emulator"
    chmod 755 "$TEST_TMP/emulator"
    emulator=$TEST_TMP/emulator
fi
cd "$TEST_TMP" || exit 1

sql()
{
    timeout 60 "$TEST_BIN/qemu-aarch64" -L "$guest" "$programs/psql" \
        -h 127.0.0.1 -p "$port" -U postgres -d postgres -Atqc "$1" 2>&1
}

# start HOW: always at one port, for that is learnt
port=$(free_port)
start()
{
    serve "$1" "$programs/postgres" -D "$data" -p "$port" -k "$TEST_TMP" \
        -c listen_addresses=127.0.0.1 -c shared_buffers=16MB || return 1
    for _ in {1..100}; do
        [ "$(sql 'select 1')" != 1 ] || return 0
        sleep 0.1
    done
    return 1
}

# used HOW: what it is for
used()
{
    sql 'drop table if exists t' >said
    sql 'create table t(a int, b text)' >said
    sql 'insert into t select g, md5(g::text) from generate_series(1, 1000) g' \
        >said
    sql 'create index on t(b)' >said
    is "$(sql 'select count(*), max(b) from t')" \
        '1000|ffeabd223de0d4eacb9a3e6e53e5448d' "$1: a table with an index"
    is "$(sql "select a from t where b = md5('77')")" 77 "$1: a row is found"
    sql 'vacuum analyze t' >said
    is "$(sql 'select sum(a) from t')" 500500 "$1: a sum"
    sql checkpoint >said
}

succeeds "a database is made while it is watched" watched "$programs/initdb" \
    -D "$data" -A trust -U postgres --no-locale -N
start watched || { tap_done; exit 1; }
used watched
end_server "$server"
# A second run has other names.
start watched || { tap_done; exit 1; }
used "watched again"
end_server "$server"
server=
taught postgres
like "$told" '/dev/shm/PostgreSQL\.\[0-9\]\*' "its shared memory has another name each time"

if start held; then
    used held
    no_refusals postgres
    like "$(sql "copy t to '/tmp/elsewhere-$port'")" \
        'ermission denied|not permitted' "it cannot write elsewhere"
    like "$(sql "select pg_read_file('/etc/hostname')")" \
        'ermission denied|not permitted' "it cannot read elsewhere"
    end_server "$server"
    server=
fi
tap_done
