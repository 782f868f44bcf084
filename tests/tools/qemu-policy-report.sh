#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # output, of tap.sh; it calls functions
#
# qemu-policy report: sums, filters, bounded memory, damaged and hostile logs,
# logs that grow and are rotated, and the page, which a browser runs.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_TMP" || exit 1
export TZ=UTC COLUMNS=200 LC_ALL=C.UTF-8

# record TIME VERDICT CALL COMM OBJECT RULE [MORE]: OBJECT is a member or ""
record()
{
    printf '{"v":1,"time":"2021-03-04T%sZ","verdict":"%s",%s"target":"aarch64",' \
        "$1" "$2" "${7:+$7,}"
    printf '"syscall":"%s","nr":1,"args":{},%s"pid":81,"tid":81,' \
        "$3" "${5:+$5,}"
    printf '"comm":"%s","exe":"/usr/bin/%s","pc":"0x1","rule":"%s"}\n' \
        "$4" "$4" "$6"
}

errno='"errno":"EPERM"'
shadow='"path":"/etc/shadow"'
for second in 01 02 03 04 05; do
    record "10:42:$second.000001" deny openat nginx "$shadow" web.ini:14 \
        '"errno":"EACCES"'
done >audit.jsonl
{
    record 10:42:07.153201 deny connect nginx '"sockaddr":"inet 192.0.2.1:443"' \
        "web.ini default" "$errno"
    record 10:43:00.000000 deny connect nginx '"sockaddr":"inet 192.0.2.1:443"' \
        "web.ini default" "$errno"
    record 11:10:00.000000 kill reboot sh "" web.ini:3
    record 11:10:01.000000 deny openat sh "$shadow" web.ini:14 \
        "\"permissive\":true,$errno"
    record 11:10:02.000000 return getpid sh "" web.ini:9 '"value":4242'
    record 11:10:03.000000 allow openat sh '"path":"/a"' web.ini:1
    printf '%s\n' '{"v":1,"time":"2021-03-04T11:10:04.000000Z","verdict":"log","target":"arm","pid":1,"tid":1,"comm":"sh","exe":"/bin/sh","message":"hello"}'
} >>audit.jsonl

# --- sums ------------------------------------------------------------------

succeeds "a report" "$tool" report audit.jsonl
like "$output" '^9 refusals of 3 calls by 2 programs, 2021-03-04 10:42:01 to 11:10:01$' \
    "... how many, of what, by whom, and when"
like "$output" '^ +5 +█+ +openat +EACCES +nginx +/etc/shadow +web.ini:14 +10:42:01 +10:42:05$' \
    "... each kind with its rule, first and last"
like "$output" '^ +2 .* connect +EPERM +nginx +inet 192.0.2.1:443 +web.ini default +10:42:07 +10:43:00$' \
    "... addresses"
like "$output" '^ +1 .* reboot +killed +sh +web.ini:3 ' "... what was killed"
like "$output" 'not counted here: 1 emulated, 1 allowed, 1 messages' \
    "... and what else there is"
like "$output" '^ +6 +█+ +/etc/shadow +(.*█.*) +10:42:01 +11:10:01$' \
    "... by path, over time"

# counts OPTION... : calls and numbers
counts()
{
    "$tool" report --json "$@" audit.jsonl |
        jq -rc '[.by.call.rows[]? | "\(.name) \(.count)"] | join(", ")'
}
is "$(counts)" "openat 6, connect 2, reboot 1" "as JSON"
is "$(counts --syscall connect --syscall reboot)" "connect 2, reboot 1" \
    "--syscall"
is "$(counts --comm sh)" "openat 1, reboot 1" "--comm"
is "$(counts --path /etc/shadow --rule web.ini:14)" "openat 6" \
    "--path and --rule: both have to hold"
is "$(counts --verdict permissive)" "openat 1" "--verdict permissive"
is "$(counts --verdict emulated,allowed)" "getpid 1, openat 1" \
    "--verdict with two"
is "$(counts --verdict all)" "openat 7, connect 2, getpid 1, reboot 1" \
    "--verdict all"
is "$(counts --since "2021-03-04 10:42:05")" "connect 2, openat 2, reboot 1" \
    "--since a time"
is "$(counts --since 2021-03-04T10:42:07Z --until 2021-03-04T11:10:00Z)" \
    "connect 2" "--since and --until, the end left out"
is "$(TZ=UTC-2 counts --until "2021-03-04 12:43")" "openat 5, connect 1" \
    "--until, where the clock shows two hours more"
is "$(counts --since 1d)" "" "--since a day ago"
is "$("$tool" report --json audit.jsonl | jq -c \
    '[.counted, .filtered, .verdicts.permissive, .verdicts.messages,
      (.timeline.counts | add), .rows.others]')" "[9,0,1,1,9,0]" \
    "as JSON: the parts add up"
output=$("$tool" report --by rule audit.jsonl)
like "$output" '^ +6 .* web.ini:14 ' "--by rule"
unlike "$output" 'EACCES' "... and nothing else"
output=$("$tool" report --by program --top 1 audit.jsonl)
like "$output" '^ +2 +1 other$' "--top: the others are counted"
is "$(cat audit.jsonl audit.jsonl | "$tool" report --json - audit.jsonl |
    jq .counted)" 27 "several logs, one of them standard input"
gzip -k audit.jsonl
is "$("$tool" report --json audit.jsonl.gz | jq .counted)" 9 "a gzip log"
record 10:42:07.1 deny openat a "$shadow" w:1 \
    '"fix":"[allow] openat = path == /etc/shadow","errno":"EPERM"' >fix.jsonl
output=$("$tool" report --fix fix.jsonl)
like "$output" '^ +\[allow\] openat = path == /etc/shadow$' "--fix"

# --- what is wrong with a log ----------------------------------------------

{
    head -n 2 audit.jsonl
    head -n 1 audit.jsonl | head -c 100
    printf '\n\n{"v":1,"time":"nonsense","verdict":"deny"}\n'
    printf '{"v":2,"time":"2021-03-04T10:42:00Z","verdict":"deny"}\n'
    printf '[1,2]\n17\n"text"\nnot json\n{}{}\n{"v":1} {"v":1}\n\377\n'
    printf '{"a":%s\n' "$(printf '[%.0s' {1..5000})"
    head -n 3 audit.jsonl | tail -n 1
    head -n 1 audit.jsonl | head -c 150
} >broken.jsonl
is "$("$tool" report --json broken.jsonl |
    jq -c '[.counted, .damaged, .foreign]')" "[3,10,2]" \
    "damaged and foreign lines are counted, and nothing else is lost"
output=$("$tool" report broken.jsonl)
like "$output" 'damaged: 10 lines' "... and told"
{
    head -n 1 audit.jsonl
    head -c 3000000 /dev/zero | tr '\0' 'x'
    printf '\n'
    head -n 1 audit.jsonl
} >long.jsonl
is "$("$tool" report --json long.jsonl | jq -c '[.counted, .damaged]')" \
    "[2,1]" "a line without end is one damaged line"
: >empty.jsonl
succeeds "an empty log" "$tool" report empty.jsonl
like "$output" '^0 refusals$' "... says so"
printf '[policy]\ndefault = deny\n' >policy.ini
exits 1 "a file that is no log" "$tool" report policy.ini
like "$output" '^qemu-policy report: policy.ini: nothing in it is a record$' \
    "... is not taken for one without refusals"
exits 1 "... nor beside a log" "$tool" report audit.jsonl policy.ini
like "$output" 'damaged: 2 lines' "... of which the report is shown"
printf '{"v":2,"time":"2021-03-04T10:42:00Z","verdict":"deny"}\n' >later.jsonl
succeeds "a log of a later version alone" "$tool" report later.jsonl
succeeds "a page of an empty log" "$tool" report --html empty.html empty.jsonl
head -c 60 audit.jsonl.gz >torn.gz
exits 1 "a torn gzip log" "$tool" report torn.gz
exits 1 "a log that is not there" "$tool" report audit.jsonl nothing
like "$output" 'nothing: No such file' "... is named"
like "$output" '^9 refusals' "... and what could be read is shown"
exits 1 "a folder" "$tool" report .
exits 2 "no log" "$tool" report
exits 2 "an unknown --by" "$tool" report --by colour audit.jsonl
exits 2 "an unknown time" "$tool" report --since soon audit.jsonl
exits 2 "an unknown verdict" "$tool" report --verdict refused,x audit.jsonl
exits 2 "--top nothing" "$tool" report --top 0 audit.jsonl
exits 2 "--follow of standard input" "$tool" report --follow -
{
    head -n 1 audit.jsonl | sed 's/}$/,"limited":30,"lost":7}/'
    printf '{"v":1,"time":"2021-03-04T11:00:00Z","verdict":"limit","target":"arm","limited":12,"pid":1,"tid":1,"comm":"x","exe":"/x"}\n'
} >lost.jsonl
output=$("$tool" report lost.jsonl)
like "$output" 'lost: 7 records' "what the log lost"
like "$output" 'left out by a limit of the policy: 42 records' \
    "... and what a limit left out"

# A writer was killed within a record, or just before its newline.
{
    head -n 1 audit.jsonl | head -c 80
    head -n 1 audit.jsonl
    head -n 1 audit.jsonl | tr -d '\n'
    head -n 1 audit.jsonl
    printf '\n'
} >glued.jsonl
is "$("$tool" report --json glued.jsonl | jq -c '[.counted, .damaged]')" \
    "[3,1]" "records behind one that was cut short are found"
{
    record 10:42:01.0 device openat a '"path":"/dev/nvram"' w.ini:1
    record 10:42:02.0 read read a "" w.ini:1
} >device.jsonl
is "$("$tool" report --json --verdict emulated device.jsonl |
    jq -c '[.counted, .foreign]')" "[2,0]" "devices are counted"

# --- bounded memory --------------------------------------------------------

# 150,000 paths that come once, and one that comes 3,000 times.
awk 'BEGIN { for (i = 0; i < 150000; i++) {
    path = i % 50 ? "/tmp/" i : "/often"
    printf "{\"v\":1,\"time\":\"2021-03-04T%02d:%02d:%02dZ\",\"verdict\":\"deny\",\"errno\":\"EPERM\",\"target\":\"arm\",\"syscall\":\"openat\",\"nr\":1,\"args\":{},\"path\":\"%s\",\"pid\":1,\"tid\":1,\"comm\":\"x\",\"exe\":\"/x\",\"rule\":\"w:1\"}\n", i / 36000, i / 60 % 60, i % 60, path
} }' >many.jsonl
result=$("$tool" report --json --top 40000 many.jsonl)
is "$(jq -c '.by.path | [(.rows | map(.count) | add) + .others,
    .kinds_complete, .rows[0].name, .rows[0].count]' <<<"$result")" \
    '[150000,false,"/often",3000]' \
    "of too many paths the frequent one is kept, and the sum is right"
is "$(jq -c '.by.path.rows | length <= 32768' <<<"$result")" true \
    "... and no more are kept than there is room for"
is "$(jq -c '[.by.path.rows[] | select(.name == "/often") |
    .missing_at_most // 0]' <<<"$result")" "[0]" "... and it is exact"
is "$(jq -c 'any(.by.path.rows[]; .missing_at_most > 0)' <<<"$result")" true \
    "... where others may not be, which is told"
output=$(ulimit -v 400000; "$tool" report many.jsonl)
like "$output" '^150,000 refusals of 1 call by 1 program' \
    "a report within 400 MB of addresses"

# --- hostile guests --------------------------------------------------------

evil='</script><script>document.title=\"owned\"</script><img src=x onerror=document.title=\"owned\">'
{
    record 10:42:01.0 deny openat "$evil" "\"path\":\"/a\\u001b[2J\\u202e$evil\"" \
        "w.ini:1" "\"fix\":\"<!--<script>$evil\",$errno"
    record 10:42:02.0 deny openat 'x\u2028y' '"path":"/\udcff\u0000z"' w.ini:2 \
        "$errno"
    record 10:42:03.0 deny '\"><svg/onload=document.title=1>' __proto__ \
        '"path":"constructor"' '&lt;script&gt;' "$errno"
} >hostile.jsonl
succeeds "a hostile log" "$tool" report --fix hostile.jsonl
is "$(tr -d '\n -~' <<<"$output" | sed 's/[▁▂▃▄▅▆▇█▏▎▍▌▋▊▉…]//g')" "" \
    "no control character reaches the terminal"
like "$output" '/\\xff\\x00z' "... but shows as an escape"
like "$output" '/a\\x1b\[2J\\u202e' "... so do those that reorder text"
is "$("$tool" report --json hostile.jsonl | jq -r '.by.path.rows | length')" 3 \
    "as JSON it is JSON"
succeeds "a page of it" "$tool" report --html hostile.html hostile.jsonl
is "$(grep -o '<script' hostile.html | wc -l)" 2 \
    "the page has its own two script elements"
is "$(grep -c '<img\|<svg' hostile.html)" 0 "... and no other element"
is "$(grep -c 'Content-Security-Policy.*default-src .none.' hostile.html)" 1 \
    "... and allows itself no network"

# --- the page in a browser -------------------------------------------------

browser=$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome)

# dump PAGE: the document as it is once its script has run
dump()
{
    local as_root=
    [ "$(id -u)" -ne 0 ] || as_root=--no-sandbox
    # shellcheck disable=SC2086 # perhaps none
    timeout 120 "$browser" --headless $as_root --disable-gpu \
        --disable-dev-shm-usage --user-data-dir="$TEST_TMP/browser" \
        --virtual-time-budget=10000 --dump-dom "file://$TEST_TMP/$1" \
        2>browser.log
}

# in_page NAME PATTERN
in_page()
{
    if grep -qE -- "$2" <<<"$page"; then
        ok "$1"
    else
        not_ok "$1" "no $2 in the document"
    fi
}

if [ -z "$browser" ]; then
    skip "the page in a browser" "there is no chromium"
else
    "$tool" report --html audit.html audit.jsonl
    page=$(dump audit.html)
    in_page "a browser runs the page" '<title>9 refusals – audit report</title>'
    in_page "... and shows its numbers" '<dt>refusals</dt><dd>9</dd>'
    in_page "... a time line" '<path class="count" d="M[0-9.]+ '
    in_page "... with round times" '>10:50</text>.*>11:00</text>'
    in_page "... a heat map" 'title="openat by nginx: 5"'
    in_page "... lists" '<span>web.ini:14</span><span>6</span>'
    in_page "... and rows" 'Only this path or address">/etc/shadow</button>'
    page=$(dump hostile.html)
    in_page "a hostile log runs nothing" \
        '<title>3 refusals – audit report</title>'
    in_page "... but is text in the page" \
        '>/a\\x1b\[2J\\u202e&lt;/script&gt;&lt;script&gt;document.title='
    # The same without the page's own ban on foreign scripts.
    bare='s|<meta http-equiv="Content-Security-Policy"[^>]*>||'
    sed "$bare" hostile.html >bare.html
    page=$(dump bare.html)
    in_page "... not even without the page's security policy" \
        '<title>3 refusals – audit report</title>'
    click="document.querySelectorAll('#by-object button')[1].click()"
    sed "$bare; s|</body>|<script>$click</script></body>|" audit.html \
        >clicked.html
    page=$(dump clicked.html)
    in_page "a click on an address chooses it" \
        'path or address: inet 192.0.2.1:443 ✕'
    in_page "... and the rows are those" '>1 of 1 rows, 2 records'
    page=$(dump empty.html)
    in_page "the page of an empty log" 'nothing to count'
fi

# --- logs that grow --------------------------------------------------------

# shown PATTERN: the live report comes to say so
shown()
{
    for _ in $(seq 300); do
        ! grep -qE -- "$1" live.out || return 0
        sleep 0.1
    done
    return 1
}

head -n 2 audit.jsonl >live.jsonl
"$tool" report --follow --interval 0.05 live.jsonl >live.out 2>live.err &
follower=$!
succeeds "--follow: what is there" shown '^2 refusals'
head -n 3 audit.jsonl | tail -n 1 | head -c 50 >>live.jsonl
head -n 3 audit.jsonl | tail -n 1 | tail -c +51 >>live.jsonl
succeeds "... what comes, a line in two parts" shown '^3 refusals'
mv live.jsonl live.jsonl.1
head -n 1 audit.jsonl >live.jsonl
succeeds "... the new log after a rename" shown '^4 refusals'
head -n 1 audit.jsonl >>live.jsonl.1
succeeds "... and what still goes to the old one" shown '^5 refusals'
: >live.jsonl
sleep 0.3
head -n 1 audit.jsonl >>live.jsonl
succeeds "... after it was emptied" shown '^6 refusals'
kill -TERM "$follower"
wait "$follower"
is $? 0 "... until it is told to end"
is "$(grep -E '^[0-9]+ refusals' live.out | tail -n 1 | cut -d' ' -f1)" 6 \
    "... with a last report"
is "$(cat live.err)" "" "... and without complaints"
tap_done
