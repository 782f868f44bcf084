#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu-policy import and export. Each file of tests/import becomes exactly
# NAME.ini, which loads for all targets and decides as NAME.cases says. Then real
# profiles and units, where this machine has them.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

[ -x "$TEST_BIN/qemu-policy" ] || skip_all "qemu-policy was not built"
tool=$TEST_BIN/qemu-policy
cd "$TEST_ROOT/tests/import" || exit 1

# becomes FORMAT FILE
becomes()
{
    local name=${2%.*}
    succeeds "import of $2" "$tool" import "$1" "$2" -o "$TEST_TMP/$name.ini"
    is "$(sed 's/^.*not carried over: /;   /' <<<"$output")" \
        "$(grep '^;   ' "$name.ini" | sed 1,2d)" \
        "$2: what is lost stands on standard error and in comments"
    is "$(cat "$TEST_TMP/$name.ini")" "$(cat "$name.ini")" "$2: the policy"
    succeeds "$2: it loads" "$tool" check "$name.ini"
    succeeds "$2: it decides the same" "$tool" test "$name.ini" "$name.cases"
}
becomes oci profile.json
becomes oci wide.json
is "$("$tool" check wide.ini)" "wide.ini: ok (33 targets)" \
    "wide.json: numbers that a target's words cannot hold are no mistake"
# As its words are, of 32 bits or of 64.
while read -r target words; do
    succeeds "wide.json: what that comes to on $target" "$tool" test \
        wide.ini "wide-$words.cases" --target "$target"
done <<'END'
arm narrow
mipsel narrow
sparc32plus narrow
aarch64 wide
x86_64 wide
s390x wide
END
becomes systemd unit.service
becomes systemd refusing.service
becomes systemd families.service
becomes systemd restricted.service
becomes systemd lists.service
becomes systemd paths.service
becomes systemd nested.service
becomes minijail sandbox.policy
becomes strace faults.strace

cd "$TEST_TMP" || exit 1
output=$("$tool" import oci --cap CAP_SYS_ADMIN \
    "$TEST_ROOT/tests/import/profile.json" 2>/dev/null)
like "$output" '^ +mount$' "a capability that the program has"
unlike "$output" '^clone = ' "... and what is for those without it"

# unit EXPECTED NAME: the last line of what a unit comes to
unit()
{
    cat >input
    is "$("$tool" import systemd input 2>/dev/null | tail -n 1)" "$1" "$2"
}
unit 'syscalls = socket:EAFNOSUPPORT' "no families" \
    <<<$'[Service]\nRestrictAddressFamilies=none'
unit 'syscalls = socket:EAFNOSUPPORT' "none that are left" \
    <<<$'[Service]\nRestrictAddressFamilies=AF_INET\nRestrictAddressFamilies=~AF_INET'
unit 'socket = EAFNOSUPPORT if domain in {AF_PACKET}' "all but some" \
    <<<$'[Service]\nRestrictAddressFamilies=~AF_INET AF_PACKET\nRestrictAddressFamilies=AF_INET'
unit 'unknown = allow' "families that are forgotten" \
    <<<$'[Service]\nRestrictAddressFamilies=AF_INET\nRestrictAddressFamilies='
unit 'socket = EAFNOSUPPORT if domain !in {AF_UNIX}' "none, and then one" \
    <<<$'[Service]\nRestrictAddressFamilies=none\nRestrictAddressFamilies=AF_UNIX'

unit 'syscalls = kexec_load:log' "calls that are logged, without a filter" \
    <<<$'[Service]\nSystemCallLog=kexec_load'
unit 'syscalls = getpid:quiet' "calls that are not, where all are" \
    <<<$'[Service]\nSystemCallLog=~getpid getuid\nSystemCallLog=getuid'
unit 'unknown = allow' "calls that are logged no more" \
    <<<$'[Service]\nSystemCallLog=mount\nSystemCallLog='
unit 'setns = EPERM if nstype == 0 || (nstype & CLONE_NEWPID)' \
    "namespaces that are taken from all" \
    <<<$'[Service]\nRestrictNamespaces=no\nRestrictNamespaces=~pid'
unit 'unknown = allow' "namespaces that are all given back" \
    <<<$'[Service]\nRestrictNamespaces=~pid\nRestrictNamespaces=pid'
unit 'unknown = allow' "namespaces that are forgotten" \
    <<<$'[Service]\nRestrictNamespaces=yes\nRestrictNamespaces='
unit 'accept4 = ECONNABORTED if addr in {10.0.0.0/8} && addr !in {10.1.0.0/16}' \
    "addresses, but for some" \
    <<<$'[Service]\nIPAddressAllow=10.1.2.3/16\nIPAddressDeny=1.2.3.4\nIPAddressDeny=\nIPAddressDeny=10.0.0.0/8'
unit 'unknown = allow' "addresses that are all allowed" \
    <<<$'[Service]\nIPAddressAllow=any\nIPAddressDeny=any'

unit 'unknown = allow' "paths that are forgotten" \
    <<<$'[Service]\nReadOnlyPaths=/x\nInaccessibleDirectories=/y\nReadOnlyPaths=\nInaccessiblePaths='
unit 'unknown = allow' "what is given and nothing taken" \
    <<<$'[Service]\nReadWritePaths=/x\nExecPaths=/y\nProtectSystem=no\nStateDirectory=x'
unit '@rename = EBUSY if path2 in {/srv, /srv/a}' \
    "folders that may not take a path with them" \
    <<<$'[Service]\nInaccessiblePaths=/srv/a/b'
unit '@rename = EBUSY if path2 in {/srv, /srv/a}' \
    "... nor what cannot be run" <<<$'[Service]\nNoExecPaths=/srv/a/b'
unit 'swapon = EROFS if path under {/srv}' \
    "what cannot be removed lies in no folder but /" \
    <<<$'[Service]\nReadOnlyPaths=/srv/ /srv/a/b "/srv/c d"'

# decides NAME: a unit, an empty line, and what is asked of its policy
decides()
{
    cat >both
    sed '/^$/,$d' both >input
    sed '1,/^$/d' both >one.cases
    succeeds "$1: imported" "$tool" import systemd input -o input.ini
    succeeds "$1: it decides" "$tool" test input.ini one.cases
}
decides "what DynamicUser= implies" <<'END'
[Service]
DynamicUser=yes
StateDirectory=x
ProtectHome=no

openat path=/etc/x flags=O_WRONLY access=write mode=0         deny EROFS
openat path=/home/x flags=O_RDONLY access=read mode=0         allow
openat path=/home/x flags=O_WRONLY access=write mode=0        deny EROFS
openat path=/var/lib/x/y flags=O_WRONLY access=write mode=0   allow
openat path=/tmp/y flags=O_WRONLY access=write mode=0         allow
mkdirat path=/tmp/y mode=04755                                deny EPERM
END
like "$(head -n 12 input.ini)" 'line 2: DynamicUser=: the user stays' \
    "... what it does not"
decides "ProtectSystem=, and what lies in it" <<'END'
ProtectSystem=full
ProtectHome=read-only
ReadWritePaths=/etc /etc/x /home/x
ReadOnlyPaths=/etc/x

openat path=/etc/y access=write             deny EROFS
openat path=/etc/x/y access=write           deny EROFS
openat path=/usr/y access=write             deny EROFS
openat path=/boot/y access=write            deny EROFS
openat path=/var/y access=write             allow
openat path=/home/y access=write            deny EROFS
openat path=/home/x/y access=write          allow
openat path=/home/y access=read             allow
END

# As many paths as there may be, as long as they may be, and one more.
{
    echo 'ReadOnlyPaths=/'
    for ((i = 0; i < 256; i++)); do
        printf 'ReadWritePaths="/%03d, %s"\n' "$i" "$(printf '%073d' 0)"
    done
} >input
succeeds "many long paths" "$tool" import systemd input -o input.ini
like "$output" 'line 257: ReadWritePaths=/255, 0*: these are too many' \
    "... too many of them"
is "$(grep -c 'not carried over: line 257' <<<"$output")" 1 "... by one"
is "$("$tool" check input.ini)" "input.ini: ok (33 targets)" "... they load"
printf 'openat path="/%s, %s" access=write %s\n' \
    000 "$(printf '%073d' 0)" allow 254 "$(printf '%073d' 0)" allow \
    255 "$(printf '%073d' 0)" 'deny EROFS' >one.cases
succeeds "... and decide" "$tool" test input.ini one.cases --target aarch64
echo "ReadOnlyPaths=/$(printf '%080d' 0)" >input
succeeds "a path that is too long" "$tool" import systemd input
like "$output" 'not carried over: line 1: .*it is not restricted' \
    "... is told of"

# wrong FORMAT EXPECTED NAME: standard input is no such thing
wrong()
{
    cat >input
    exits 1 "$3" "$tool" import "$1" input
    like "$output" "$2" "$3: what it says"
}
wrong oci 'input: error: this is no JSON' "no JSON" <<<'{'
wrong oci 'no seccomp profile' "another JSON" <<<'{}'
wrong oci 'unknown action "SCMP_ACT_FROB"' "an unknown action" \
    <<<'{"defaultAction":"SCMP_ACT_FROB"}'
wrong oci 'unknown comparison "X"' "an unknown comparison" \
    <<<'{"defaultAction":"SCMP_ACT_KILL_PROCESS","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"X"}]}]}'
wrong oci 'an index is 0 to 5' "an index that is none" \
    <<<'{"defaultAction":"SCMP_ACT_KILL_PROCESS","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]}'
wrong oci 'in "syscalls": expected object, not 1' "a rule that is none" \
    <<<'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[1]}'
wrong oci 'in "names": expected string, not null' "a name that is none" \
    <<<'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[null],"action":"SCMP_ACT_KILL"}]}'
wrong oci 'errno: unknown errno' "an errno that would end the line" \
    <<<'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","errno":"EPERM\n[allow]"}]}'
# What has another type would be read as nothing, and the rule be one for all.
while IFS='|' read -r what said; do
    wrong oci "$said" "of another type: $what" \
        <<<"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":$what}"
done <<'END'
5|"syscalls": expected array, not 5
[{"names":"read","action":"SCMP_ACT_ALLOW"}]|"names": expected array, not "read"
[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":{"index":0}}]|"args": expected array
[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[0]}]|in "args": expected object, not 0
[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":3.7,"op":"SCMP_CMP_EQ"}]}]|"value": expected int, not 3.7
[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]}]|"value": has no sign, not -1
[{"names":["read"],"action":"SCMP_ACT_ALLOW","includes":["CAP_KILL"]}]|"includes": expected object
[{"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":"CAP_KILL"}}]|"caps": expected array, not "CAP_KILL"
[{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":"EIO"}]|"errnoRet": expected int, not "EIO"
END

# accepts FORMAT NOTE NAME: standard input is imported but for what NOTE says,
# and what comes of it loads
accepts()
{
    cat >input
    succeeds "$3: imported" "$tool" import "$1" input -o input.ini
    like "$output" "$2" "$3: what is left out"
    succeeds "$3: it loads" "$tool" check input.ini
}
accepts minijail 'write: "a" is not understood' "less than an argument" \
    <<<'write: a'
accepts minijail 'read: "arg0 =" is not understood' "less than a comparison" \
    <<<'read: arg0 ='
accepts minijail 'not carried over: line 1: read: .*O_FROB' \
    "a constant that there is not" <<<'read: arg0 == O_FROB'
accepts oci 'not carried over: getpid: .*arg5' "an argument too many" \
    <<<'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getpid"],"action":"SCMP_ACT_KILL","args":[{"index":5,"op":"SCMP_CMP_EQ","value":1}]}]}'
accepts strace 'not carried over: line 1: dup: this option stands here twice' \
    "an option that stands twice" <<<'dup:signal=SIGHUP:signal=SIGINT'

printf 'SystemCallFilter=a\033[31m\n' >input
succeeds "names that no call can have" "$tool" import systemd input
unlike "$output" $'\033' "control characters do not reach a terminal"
wrong systemd '"frob" is not an errno' "an unknown errno" \
    <<<'SystemCallErrorNumber=frob'
wrong minijail 'input:1: error: expected "NAME: RULE"' "no minijail policy" \
    <<<'read'
wrong minijail 'input:1: error: expected "{NAME, NAME}: RULE"' \
    "braces that do not end" <<<'{read, write: 1'
wrong minijail 'nowhere' "an include that is not there" <<<'@include nowhere'
wrong minijail 'included too deeply' "a file that includes itself" \
    <<<'@include input'
wrong strace '"FROB" is not an errno' "an unknown error" <<<'read:error=FROB'
exits 1 "a file that is not there" "$tool" import oci nowhere
exits 2 "an unknown format" "$tool" import frob input
exits 2 "no file" "$tool" import oci
echo '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}' >config.json
succeeds "a whole config.json" "$tool" import oci config.json
like "$output" '^default = allow$' "its profile is found"

# --- export -----------------------------------------------------------------

cat >a.ini <<'END'
[policy]
default = allow
[deny]
syscalls = reboot:kill ptrace:EIO mount:trap
socket   = EACCES if domain != AF_UNIX
[emulate]
getpid   = return 1
END
succeeds "export" "$tool" export oci a.ini -o a.json
is "$output" 'getpid: not carried over: what decides between its rules; it is SCMP_ACT_ERRNO ENOSYS
socket: not carried over: what decides between its rules; it is SCMP_ACT_ERRNO EACCES' \
    "what is lost"
is "$(jq -r '.syscalls[] | select(.names | index("ptrace")) |
    "\(.action) \(.errnoRet)"' a.json)" 'SCMP_ACT_ERRNO 5' "errnos"
is "$(jq -r '.syscalls[] | select(.names | index("socket")) | .comment' \
    a.json)" 'has conditions in the policy; this is the strictest verdict' \
    "a condition is refused"
succeeds "it can be imported" "$tool" import oci a.json -o b.ini
for case in 'reboot kill' 'ptrace deny EIO' 'mount trap' 'read allow' \
    'socket deny EACCES'; do
    echo "$case" >one.cases
    succeeds "there and back: $case" \
        "$tool" test b.ini one.cases --target x86_64
done
succeeds "export for another target" \
    "$tool" export oci a.ini --target mips -o mips.json
is "$(jq -r '[.syscalls[].names[]] | index("cacheflush") != null and index("connect") != null' mips.json)" \
    true "its calls"
exits 2 "an unknown format" "$tool" export frob a.ini
exits 1 "a policy that is not there" "$tool" export oci nowhere.ini

# --- the real ones ----------------------------------------------------------

profile=/usr/share/containers/seccomp.json
if [ -e "$profile" ]; then
    succeeds "the profile of golang-github-containers-common" \
        "$tool" import oci "$profile" -o real.ini
    succeeds "it loads" "$tool" check real.ini
    printf '%s\n' 'read allow' 'fstat allow' 'mount allow' 'bpf deny EPERM' \
        'socket domain=AF_NETLINK protocol=9 deny EINVAL' \
        'keyctl allow' 'vm86 deny EPERM' \
        'personality personality=0x20000 allow' >real.cases
    succeeds "it decides" "$tool" test real.ini real.cases
else
    skip "a real container profile" \
        "golang-github-containers-common is not installed"
fi
units=$(grep -ls '^SystemCallFilter=' /lib/systemd/system/*.service)
[ -n "$units" ] || skip "real units" "no unit here has SystemCallFilter="
for unit in $units; do
    succeeds "${unit##*/}" "$tool" import systemd "$unit" -o unit.ini
    succeeds "${unit##*/}: it loads" "$tool" check unit.ini
done

tap_done
