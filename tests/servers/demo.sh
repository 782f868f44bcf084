#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration: a real nginx for arm64 serves its page, is refused what
# policies/web.ini does not allow, and leaves nothing behind.
# timeout: 900

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-aarch64" ] || skip_all "qemu-aarch64 was not built"

left_over()
{
    find /tmp -maxdepth 1 -name 'qemu-policy-demo.*' | sort
    pgrep -f 'nginx .*qemu-policy-demo\.' || true
}

before=$(left_over)
succeeds "the demo succeeds" "$TEST_ROOT/tools/demo"
[ "$tap_failed" = 0 ] || not_ok "what it printed" "$output"
like "$output" '^\[6/6\] nginx for arm64 +ok' "the packages are unpacked"
like "$output" '^\$ build/bin/qemu-user --policy policies/web.ini ' \
    "it shows the command"
like "$output" '/ +-> 200, [0-9]+ bytes: "Welcome to nginx!"' \
    "the page is served"
like "$output" '/outside +-> 403' "a file outside is not"
like "$output" '/away +-> 50[02]' "nor is another server asked"
time='^ +[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+'
like "$output" "$time nginx\[[0-9]+\] openat\(.*\"/etc/shadow\".* = EACCES +\
policies/web.ini:[0-9]+" "the file is shown with the line that refused it"
like "$output" "$time nginx\[[0-9]+\] connect\(.*192\.0\.2\.1.* = EPERM +\
policies/web.ini default" "the connection is shown with the default"
is "$(left_over)" "$before" "nothing is left behind"

tap_done
