# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with programs
#
# Running a server for a demonstration or a test: a free port, waiting until
# it answers, ending it. Sourced; needs `root` and `build` (or TEST_ROOT and
# TEST_BUILD, in a test).

# free_port: prints a port of 127.0.0.1 that the kernel chose
free_port()
{
    local source=${root:-$TEST_ROOT}/tools/lib/free-port.c
    local program=${build:-$TEST_BUILD}/cache/free-port
    if [ ! "$program" -nt "$source" ]; then
        mkdir -p "${program%/*}"
        cc -Wall -Wextra -o "$program.$$" "$source" &&
            mv "$program.$$" "$program" || return 1
    fi
    "$program"
}

# answers PORT: whether something listens on 127.0.0.1:PORT
answers()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_for_port PORT PID [SECONDS]: 0 once it answers; 1 when PID has ended or
# the time (20 s) is over
wait_for_port()
{
    local tenths=$((${3:-20} * 10))
    while [ $tenths -gt 0 ]; do
        ! answers "$1" || return 0
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.1
        tenths=$((tenths - 1))
    done
    return 1
}

# end_server PID: asks, waits two seconds, insists
end_server()
{
    local tenths=20
    kill -TERM "$1" 2>/dev/null || return 0
    while [ $tenths -gt 0 ] && kill -0 "$1" 2>/dev/null; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    return 0
}

# nginx_site DIR PORT: writes DIR/nginx.conf and what it needs, for a server
# whose documents are DIR/www.
#
# daemon off: the server stays our child, so that it can be watched and ended.
# master_process stays on: the worker is forked, as on a real machine, and a
# policy has to hold in it. user root: inside an unprivileged host namespace or
# container there may be no other user to change to; as anybody else than root
# nginx passes over the line. /outside is a mistake that really happens (an
# alias that leads out of the documents), /away a request that makes the
# server itself call out.
nginx_site()
{
    local dir=$1 port=$2 kind
    mkdir -p "$dir/www" "$dir/tmp"
    printf '%s\n' '<!DOCTYPE html>' '<title>Welcome to nginx!</title>' \
        '<p>Served by an arm64 nginx under a policy.</p>' \
        >"$dir/www/index.html"
    {
        printf '%s\n' "daemon off;" "worker_processes 1;" \
            "pid $dir/nginx.pid;" "error_log stderr;"
        [ "$(id -u)" != 0 ] || printf 'user root;\n'
        printf '%s\n' "events { worker_connections 64; }" "http {" \
            "    access_log off;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            printf '    %s_temp_path %s/tmp/%s;\n' $kind "$dir" $kind
        done
        cat <<CONF
    server {
        listen 127.0.0.1:$port;
        root $dir/www;
        location = /outside { alias /etc/shadow; }
        location = /away { proxy_pass http://192.0.2.1:443; }
    }
}
CONF
    } >"$dir/nginx.conf"
}
