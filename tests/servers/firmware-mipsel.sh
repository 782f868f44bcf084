#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two web servers of Debian's mipsel, each with the start of a router's firmware
# loaded into it (router/board.c) and a page of the router's (router/status.c).
# Without the router they end; under policies/firmware.ini there is a page.
# shellcheck disable=SC2154 # output, guest, log, said: of lib.sh
. "$(dirname "$0")/lib.sh"

need mipsel mipsel mini-httpd busybox
command -v mipsel-linux-gnu-gcc >/dev/null ||
    skip_all "there is no compiler for mipsel"
source=$here/router
# policies/firmware.ini keeps /tmp and /var below the root, and makes folders.
state=/tmp/router.$$
below=$guest$state
# The firmware's own files: those of /tmp would not be found on the host.
files=$guest/router.$$
trap 'rm -rf "$below" "$files"; [ -z "$server" ] || end_server "$server"
    [ -z "$made" ] || rm -rf "$TEST_TMP"' EXIT
mkdir -p "$files/www/cgi-bin"
succeeds "the firmware compiles" mipsel-linux-gnu-gcc -O2 -Wall -Wextra -Werror \
    -shared -fPIC -o "$files/board.so" "$source/board.c" "$source/nvram.c"
succeeds "and its page" mipsel-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static \
    -o "$files/www/cgi-bin/status.cgi" "$source/status.c" "$source/nvram.c"
echo "the first page" >"$files/www/index.html"

# router NAME PROGRAM ARGUMENT...: comes up under the policy as $server
router()
{
    local name=$1
    shift
    rm -rf "$log" "${below:?}"
    "$TEST_BIN/qemu-user" --policy "$root/policies/firmware.ini" \
        --policy-log "$log" -L "$guest" -E "BOARD_STATE=$state" \
        -E "LD_PRELOAD=$files/board.so" \
        "$@" >"$said" 2>&1 </dev/null &
    server=$!
    started "$port" "$name"
}

# without NAME PROGRAM ARGUMENT...: what it does where there is no router
without()
{
    local name=$1
    shift
    exits 70 "$name does not come up without a router" timeout 60 \
        "$TEST_BIN/qemu-mipsel" -L "$guest" \
        -E "LD_PRELOAD=$files/board.so" "$@"
    like "$output" '^board: no nvram$' "and says what it wants"
}

page()
{
    curl -s -m 20 "http://127.0.0.1:$port/cgi-bin/status.cgi${1:+?$1}" |
        tr -d '\r'
}

# recorded FILTER: whether the log has such a record
recorded()
{
    jq -es "any(.[]; $1)" "$log" >/dev/null
}

pages()
{
    local all
    succeeds "$1: the folders that it needs were made" \
        test -f "$below/run/httpd/pid" -a -S "$below/ipc/httpd/socket"
    succeeds "$1: and not on this machine" test ! -e "$state"
    is "$(curl -s -m 20 "http://127.0.0.1:$port/index.html")" \
        "the first page" "$1: a page"
    all=$(page)
    like "$all" '^host: router$' "the name that the firmware gave the machine"
    unlike "$(uname -n)" '^router$' "which is not that of this machine"
    like "$all" '^lan_ipaddr=192\.168\.1\.1$' "a page shows the nvram"
    like "$(page lan_ipaddr=10.9.8.7)" '^set: 0$' "a page sets a value"
    like "$(page lan_ipaddr)" '^lan_ipaddr: 10\.9\.8\.7$' \
        "and the next process finds it"
    like "$(page new=value)" '^set: 0$' "a name that was not there"
    like "$(page new)" '^new: value$' "is found"
    like "$(page)" '^new=value$' "and listed"
    like "$(page nowhere)" '^nowhere: \(none\)$' "an unknown name is unknown"
    like "$(page reboot)" '^restart: 0$' "it believes that it restarts"
    like "$(page lan_ipaddr)" '^lan_ipaddr: 10\.9\.8\.7$' "but goes on"
    succeeds "every line of the log is JSON" jq -e . "$log"
    succeeds "it tells of the restart" recorded \
        '.syscall == "reboot" and .verdict == "return"'
    succeeds "the address that was wanted" recorded \
        '.data.event? == "bind" and .data.wanted == "192.168.1.1"'
    succeeds "the unknown name" recorded '.data.missing? == "nowhere"'
    succeeds "the program and its argument" recorded \
        '.data.event? == "exec" and (.data.arguments | test("status.cgi"))'
}

mini=("$guest/usr/sbin/mini_httpd" -D -h 192.168.1.1 -u "$(id -un)"
    -d "$files/www" -c 'cgi-bin/*')
port=$(free_port)
without mini_httpd "${mini[@]}" -p "$port"
router mini_httpd "${mini[@]}" -p "$port" && pages mini_httpd
end_server "$server"

port=$(free_port)
box=("$guest/bin/busybox" httpd -f -p "192.168.1.1:$port" -h "$files/www")
without "busybox httpd" "${box[@]}"
router "busybox httpd" "${box[@]}" && pages "busybox httpd"
end_server "$server"
server=

# lacks NAME SED-SCRIPT WORDS: under the policy without some lines of it the
# firmware does not come up, says why, and believes that it restarts
cp -r "$root/policies/handlers" "$TEST_TMP"
lacks()
{
    sed "$2" "$root/policies/firmware.ini" >"$TEST_TMP/less.ini"
    rm -rf "$log" "${below:?}"
    exits 70 "without $1 it does not come up" timeout 60 \
        "$TEST_BIN/qemu-user" --policy "$TEST_TMP/less.ini" \
        --policy-log "$log" -L "$guest" -E "BOARD_STATE=$state" \
        -E "LD_PRELOAD=$files/board.so" "${box[@]}"
    like "$output" "^board: $3\$" "and says so"
    like "$output" '^board: restarting$' "and believes that it restarts"
    is "$(jq -r 'select(.syscall) | .syscall' "$log" | paste -sd' ')" \
        "kill reboot" "as the log tells"
}

lacks "its flash" '/^\[device \/dev\/mtd0\]/,/^$/d' \
    'the flash has no information'
lacks "its buttons" '/^\[device \/dev\/gpio\]/,/^$/d' 'the reset button'
lacks "folders for files" '/^@path *= below-root/d' \
    'no folder for its state'
lacks "folders for sockets" '/^bind *= below-root/d' \
    'no socket for its helpers'
tap_done
