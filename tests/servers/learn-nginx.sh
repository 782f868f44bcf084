#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# Learning from nginx: what comes out serves as before, and nothing else.
# shellcheck disable=SC2154
. "$(dirname "$0")/learn.bash"

need aarch64 arm64 nginx-light
port=$(free_port)
nginx_site "$TEST_TMP/site" "$port"
nginx=("$guest/usr/sbin/nginx" -e stderr -p "$TEST_TMP/site"
    -c "$TEST_TMP/site/nginx.conf")

fetch()
{
    curl -s -m 20 -o "$TEST_TMP/body" -w '%{http_code}' \
        "http://127.0.0.1:$port$1"
}

cd "$TEST_TMP/site" || exit 1
serve watched "${nginx[@]}" || { tap_done; exit 1; }
is "$(fetch /)" 200 "it serves a page while it is watched"
is "$(fetch /nowhere)" 404 "and says what it does not have"
# Not even kill -9 takes away what was learnt.
# shellcheck disable=SC2046 # its workers, by number
kill -KILL "$server" $(pgrep -P "$server")
wait "$server" 2>/dev/null
port=$(free_port)
sed -i "s/listen 127.0.0.1:[0-9]*/listen 127.0.0.1:$port/" nginx.conf
serve watched "${nginx[@]}"
fetch / >"$TEST_TMP/status"
end_server "$server"
taught nginx
like "$told" 'syscalls, [0-9]* paths, ' "it says what it has learnt"

serve held "${nginx[@]}"
is "$(fetch /)" 200 "it serves a page below the policy"
is "$(cmp "$TEST_TMP/body" www/index.html 2>&1)" "" "the page is whole"
is "$(fetch /nowhere)" 404 "it says what it does not have"
no_refusals nginx
like "$(fetch /away)" '^50[02]$' "it cannot be made to call out"
succeeds "the refused connection is in the log" refused connect
end_server "$server"
server=

cat >other.conf <<END
daemon off; error_log stderr; pid $TEST_TMP/site/other.pid;
events { } http { server { listen 127.0.0.1:$(free_port);
    location / { root /etc; } } }
END
does_not "another port" "$guest/usr/sbin/nginx" -e stderr -p "$TEST_TMP/site" \
    -c "$TEST_TMP/site/other.conf"
tap_done
