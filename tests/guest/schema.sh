#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Records of every kind are what docs/audit.schema.json says, member by member,
# and nothing else; in the order of docs/audit.md's table.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

schema=$TEST_ROOT/docs/audit.schema.json
cat >"$work/handlers.lua" <<'END'
function number(call)
  call:log("a message\n\27[31m")
  call:log{ event = "asked", count = 7, fine = true }
  return 4242
end
function through(call)
end
END
echo content >"$work/fixture"
mkdir -p "$work/d"
ln -sf /etc/shadow "$work/d/link"

# faults: what is wrong with the records of the log, in some lines
faults()
{
    jq -rn --slurpfile schema "$schema" -L "$here" 'include "schema";
        $schema[0] as $s | foreach inputs as $r (0; . + 1;
            . as $line | $r | (faults($s; "\($line)"), unknown($s)))' \
        "$log" 2>&1 | head -n 20
}

kinds()
{
    policy <<'END'
[policy]
default  = allow
log      = all
handlers = handlers.lua
[deny]
@open    = EACCES if path == /etc/shadow
connect  = EACCES if addr == 192.0.2.1 || unix under /run
setpgid  = EPERM if pid == 5 permissive
?flock   = trap if fd == 98
getpgid  = kill
@rename  = EACCES
[emulate]
getppid  = lua number
umask    = lua through
fsync    = return 0
sync     = error EIO
lseek    = return 7
@open    = file fixture if path == /no/such/file
@open    = data "x" if path == /no/such/data
@open    = redirect fixture if path == /no/such/link
[device /dev/nvram]
content  = data "x"
END
    # One after the other, for not every target has all of these.
    while read -r -a words; do
        run call "${words[@]}"
    done <<CALLS
openat AT_FDCWD str:/etc/shadow 0
openat AT_FDCWD str:d/link 0
openat AT_FDCWD str:/no/such/file 0
openat AT_FDCWD str:/no/such/data 0
openat AT_FDCWD str:/no/such/link 0
openat AT_FDCWD str:/dev/nvram 0
openat AT_FDCWD str:/x$(printf '\033\377')/y 0
openat AT_FDCWD str:$(printf '%04000d' 0) 0
openat AT_FDCWD 8 0
connect 99 in:192.0.2.1:80 size
connect 99 in6:2001:db8::1:80 size
connect 99 unix:/run/x size
setpgid 5 5
getppid
umask 0
fsync 99
sync
lseek 99 0 0
renameat AT_FDCWD str:/a AT_FDCWD str:/b
renameat2 AT_FDCWD str:/a AT_FDCWD str:/b 0
getpgid 0
CALLS
    check "there are records of many kinds" equals "$(jq -r .verdict "$log" |
        sort -u | grep -cxE 'allow|deny|kill|lua|error|return|log')" 7
    check "each is what the schema says, and has no other members" equals \
        "$(faults)" ""
    check "members come in the order of the document" equals "$(order)" ""
    valid
}

# The members of docs/audit.md's table, in order; and those of a message.
members=$(sed -n '/^## JSON lines/,/^### /p' "$TEST_ROOT/docs/audit.md" |
    sed -n 's/^| \(\[*`.*\) | [a-z].* |.*/\1/p' | grep -o '`[a-z0-9]*`' |
    tr -d '`')

order()
{
    jq -rn --arg members "$members" '
        ($members | split("\n")) as $all |
        [inputs | select(has("syscall")) | keys_unsorted as $its |
            select(($all - ($all - $its)) != $its) | $its | tojson] | .[0] // ""' \
        "$log" 2>&1
}

limits()
{
    policy <<'END'
[policy]
default = allow
log-rate = 2/h
[deny]
getppid = EACCES
END
    run call getppid -- call getppid -- call getppid -- call getppid
    check "a notice of what is left out is one of these" equals "$(faults)" ""
    check "there is one" equals \
        "$(jq -r 'select(.verdict == "limit") | .limited' "$log" | wc -l)" 2
}

# The schema itself, by a validator that others use: Debian's
# python3-jsonschema.
valid()
{
    if ! python3 -c 'import jsonschema' 2>/dev/null; then
        skip "$target: the schema, by python3-jsonschema" "it is not installed"
        return 0
    fi
    jq -s . "$log" >"$work/records.json"
    jq '{ definitions: { record: . }, type: "array",
        items: { "$ref": "#/definitions/record" } }' "$schema" \
        >"$work/array.json"
    check "python3-jsonschema says the same" python3 -W ignore -m jsonschema \
        -i "$work/records.json" "$work/array.json"
    jq -c '.[0] | .nr = "x"' "$work/records.json" | jq -s . >"$work/wrong.json"
    check "and finds what is wrong" sh -c '! "$@"' sh python3 -W ignore \
        -m jsonschema -i "$work/wrong.json" "$work/array.json"
}

for_each_target kinds limits
printf '{"v":1,"time":"x","verdict":"deny","syscall":5,"more":1}\n' >"$log"
is "$(faults | wc -l)" 11 "what is no record has faults"
tap_done
