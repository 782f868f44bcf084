# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# nginx under policies/web.ini, for any architecture. The test sets target and
# arch, and calls test_nginx.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fetch()
{
    curl -s -m 20 -o "$TEST_TMP/body" -w '%{http_code}' \
        "http://127.0.0.1:$port$1"
}

test_nginx()
{
    local status
    need "$1" "$2" nginx-light
    port=$(free_port)
    nginx_site "$TEST_TMP/site" "$port"
    under web "$guest/usr/sbin/nginx" -e stderr -p "$TEST_TMP/site" \
        -c "$TEST_TMP/site/nginx.conf"
    started "$port" "nginx ($2)" || return
    is "$(fetch /)" 200 "it serves a page"
    is "$(cmp "$TEST_TMP/body" "$TEST_TMP/site/www/index.html" 2>&1)" "" \
        "the page is whole"
    is "$(fetch /nowhere)" 404 "it says what it does not have"
    status=$(fetch /away)
    like "$status" '^50[02]$' "a request that makes it call out fails"
    succeeds "the refused connection is in the log" refused connect
    is "$(jq -r 'select(.syscall == "connect") | .target' "$log" |
        sort -u)" "$1" "with the guest's target"
    for _ in 1 2 3 4 5 6 7 8; do
        fetch / >"$TEST_TMP/status.$_" &
    done
    wait $(jobs -p | grep -v "^$server$")
    is "$(for f in "$TEST_TMP"/status.*; do cat "$f"; echo; done | sort -u)" 200 "it serves eight at once"
    end_server "$server"
    server=
    succeeds "every line of the log is JSON" jq -e . "$log"
}
