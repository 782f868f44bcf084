#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# timeout: 600
# What docs/collect.md says about collectors, with the collectors themselves:
# rsyslog, systemd-journald, logrotate, ausearch. Their configurations are those
# of the document, but for the folders.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

document=$TEST_ROOT/docs/collect.md
daemons=()
# A socket's name has at most 107 bytes.
short=$(mktemp -d /tmp/collect.XXXXXX)
made=$(trap -p EXIT)
trap '[ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}"
    wait "${daemons[@]}" 2>/dev/null
    rm -rf "$short"
    [ -z "$made" ] || rm -rf "$TEST_TMP"' EXIT

# block KIND: the document's, with its folders moved to ours
block()
{
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$document" | sed '1d;$d' |
        sed "s,/var/log/,$short/,g"
}

# wait_until COMMAND...: at most some seconds
wait_until()
{
    local i
    for ((i = 0; i < 100; i++)); do
        ! "$@" 2>"$work/waiting" || return 0
        sleep 0.1
    done
    return 1
}

has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# What a guest would like a log to show.
refusing()
{
    policy <<'POLICY'
[policy]
default = allow
[deny]
setpgid = EACCES
openat = ENOENT if path == /etc/shadow
POLICY
    given=(-policy "$work/policy.ini" -policy-log "$log" -policy-log "$1")
}

# --- rsyslog ---------------------------------------------------------------

rsyslog=
if command -v rsyslogd >/dev/null; then
    {
        printf 'module(load="imuxsock" SysSock.Use="off")\n'
        printf 'input(type="imuxsock" Socket="%s")\n' "$short/log"
        block rsyslog-fields
        block rsyslog
    } >"$work/rsyslog.conf"
    rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" \
        >"$work/rsyslog.out" 2>&1 &
    daemons+=($!)
    if wait_until test -S "$short/log"; then
        rsyslog=yes
    else
        not_ok "rsyslogd starts" "$(cat "$work/rsyslog.out")"
    fi
fi

to_rsyslog()
{
    own_program logs || return 0
    if [ -z "$rsyslog" ]; then
        skip "$target: rsyslog" "it is not installed (setup leaves it to you: it would take over the system's log)"
        return 0
    fi
    rm -f "$log"
    : >"$short/qemu-policy.jsonl"
    : >"$short/qemu-policy.brief"
    refusing "syslog:$short/log"
    run refuse 1 2 10
    wait_until has_lines "$short/qemu-policy.jsonl" 20
    check "rsyslog has every record, member for member" equals \
        "$(diff <(jq -cS . "$log" | sort) \
            <(jq -cS . "$short/qemu-policy.jsonl" | sort))" ""
    check "qemu-policy report reads what it has" equals \
        "$("$TEST_BIN/qemu-policy" report --json "$short/qemu-policy.jsonl" |
            jq -c '[.counted, .damaged, .foreign]')" "[20,0,0]"
    wait_until has_lines "$short/qemu-policy.brief" 20
    check "and its fields are members" equals \
        "$(cut -d ' ' -f 3-4 "$short/qemu-policy.brief" | sort -u)" \
        "setpgid EACCES"
}

# --- the journal -----------------------------------------------------------

# In a mount name space of its own, where /run is a folder of ours: nothing of
# the machine's journal is touched, and its sockets can be reached from here.
run=$short/run
journald=
why_no_journal="it is not installed"
daemon=/lib/systemd/systemd-journald
if [ -x "$daemon" ] && command -v journalctl >/dev/null; then
    mkdir -p "$run/systemd/journal" "$run/log/journal" \
        "$run/systemd/journald.conf.d"
    {
        block journald
        printf 'Storage=volatile\nAudit=\nReadKMsg=no\nForwardToSyslog=no\n'
        printf 'ForwardToWall=no\n'
    } >"$run/systemd/journald.conf.d/test.conf"
    # shellcheck disable=SC2016 # the inner shell's
    unshare -m --propagation private sh -c \
        'mount --bind "$1" /run && exec "$2"' sh "$run" "$daemon" \
        >"$work/journald.out" 2>&1 &
    daemons+=($!)
    if wait_until test -S "$run/systemd/journal/socket"; then
        journald=yes
    else
        why_no_journal="it does not start here: $(head -n 1 \
            "$work/journald.out")"
        unset 'daemons[-1]'
    fi
fi

# journal WORD...: its records since the last test
journal()
{
    journalctl --directory "$run/log/journal" --quiet --no-pager \
        -t qemu-policy "$@" 2>&1
}

journal_has() { [ "$(journal "${@:2}" | wc -l)" -ge "$1" ]; }

to_journal()
{
    own_program logs || return 0
    if [ -z "$journald" ]; then
        skip "$target: the journal" "$why_no_journal"
        return 0
    fi
    rm -f "$log"
    refusing "journal:$run/systemd/journal/socket"
    run refuse 1 2 10
    wait_until journal_has 20 "POLICY_TARGET=$target"
    check "journalctl shows every record" equals \
        "$(journal "POLICY_TARGET=$target" | grep -c 'setpgid(8388607, ')" 20
    check "and chooses by member" equals \
        "$(journal POLICY_VERDICT=deny POLICY_SYSCALL=setpgid -p warning \
            "POLICY_TARGET=$target" | wc -l) $(journal POLICY_VERDICT=kill \
            "POLICY_TARGET=$target")" "20 "
    block jq >"$work/journal.jq"
    journal "POLICY_TARGET=$target" -o json --all |
        jq -c -f "$work/journal.jq" >"$work/back.jsonl"
    check "as JSON lines they are what was recorded, member for member" \
        equals "$(diff <(jq -cS . "$log" | sort) \
            <(jq -cS . "$work/back.jsonl" | sort))" ""
    check "qemu-policy report reads them" equals \
        "$("$TEST_BIN/qemu-policy" report --json "$work/back.jsonl" |
            jq -c '[.counted, .damaged, .foreign]')" "[20,0,0]"
}

# --- logrotate, ausearch ---------------------------------------------------

rotated()
{
    own_program logs || return 0
    local folder=$short/qemu-policy
    if ! command -v logrotate >/dev/null; then
        skip "$target: logrotate" "it is not installed"
        return 0
    fi
    rm -rf "$folder"
    mkdir -m 0700 "$folder"
    block logrotate >"$work/rotate.conf"
    # It wants files that only their owner can change.
    chmod 0600 "$work/rotate.conf"
    refusing "$folder/a.jsonl"
    run refuse 1 1 5
    check "logrotate takes the document's lines" \
        logrotate -f -s "$work/rotate.state" "$work/rotate.conf"
    run refuse 1 1 7
    check "the log goes on under its name" equals \
        "$(wc -l <"$folder/a.jsonl") $(wc -l <"$folder/a.jsonl.1")" "7 5"
    logrotate -f -s "$work/rotate.state" "$work/rotate.conf"
    run refuse 1 1 9
    check "and a report reads all of it, compressed or not" equals \
        "$("$TEST_BIN/qemu-policy" report --json "$folder"/*.jsonl* |
            jq -c .counted)" 21
}

to_ausearch()
{
    own_program logs || return 0
    if ! command -v ausearch >/dev/null; then
        skip "$target: ausearch" "it is not installed"
        return 0
    fi
    rm -f "$work/audit"
    refusing "kernel:$work/audit"
    run refuse 1 1 3
    check "ausearch names the guest's call" equals \
        "$(ausearch -if "$work/audit" -m SECCOMP -i </dev/null 2>&1 |
            grep -c 'verdict=deny')" 3
    check "and aureport counts them" equals \
        "$(aureport -if "$work/audit" --comm </dev/null 2>&1 |
            grep -c ' logs')" 3
}

for_each_target to_rsyslog to_journal rotated to_ausearch
tap_done
