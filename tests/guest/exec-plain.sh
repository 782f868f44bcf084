#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# Programs of a foreign Debian that execute one another: shells, pipes, perl,
# python, make and a compiler. By plain QEMU, which the kernel starts for each of
# them (binfmt_misc) within that Debian as its root, and by ours below a policy:
# what they say on both outputs, how they end and the files that they leave must be
# the same. Plain QEMU is Debian's own build of the same version; it is made known
# to the kernel within a namespace of its own, so that the machine sees nothing of
# it (Linux 6.7).
# shellcheck disable=SC2016,SC2028,SC2154,SC2317 # programs in quotes; of lib.sh; cases
# shellcheck source=tests/servers/lib.sh
. "$(dirname "$0")/../servers/lib.sh"
# shellcheck source=tests/tcg/twins.bash
. "$root/tests/tcg/twins.bash"
# shellcheck source=tests/guest/foreign-work.bash
. "$root/tests/guest/foreign-work.bash"

find_twins || skip_all "$twins_missing"
# Below -L, what the foreign Debian has in /bin alone is the host's in /usr/bin,
# which an emulator beside ours then runs.
[ -x "$TEST_BIN/qemu-$(uname -m)" ] ||
    skip_all "no emulator for the host's own programs was built"
need aarch64 arm64 dash coreutils sed grep findutils make tcc libc6-dev perl \
    python3

box=$TEST_TMP/box
apart=(unshare --user --map-root-user --mount)
policy=$TEST_TMP/work.ini
cat >"$policy" <<POLICY
[policy]
default  = allow
[deny]
syscalls = @network-io:EACCES ptrace @module @reboot
@open    = EACCES if access != read && path !under {$box, /dev}
@exec    = EACCES if path under /usr/local
POLICY

# --- plain QEMU ------------------------------------------------------------

# as_root FOLDER: FOLDER becomes a root of the foreign Debian's folders; run
# within a namespace. Lines for binfmt_misc are on standard input.
cat >"$TEST_TMP/as-root" <<'SCRIPT'
set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cat >/proc/sys/fs/binfmt_misc/register
mount -t tmpfs none "$1"
for name in "$2"/*; do
    if [ -L "$name" ]; then
        cp -P "$name" "$1"
    elif [ -d "$name" ]; then
        mkdir "$1/${name##*/}"
        mount --bind "$name" "$1/${name##*/}"
    fi
done
mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1$3"
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$3" "$1$3"
exec /usr/sbin/chroot "$1" /usr/bin/env -C "$3" /bin/dash -c "$4"
SCRIPT
mkdir -p "$TEST_TMP/root"

# by_plain COMMAND: a command line for the foreign shell
by_plain()
{
    "$TEST_BIN/qemu-policy" list binfmt | grep "^:qemu-policy-aarch64-" |
        sed "s|:[^:]*:PF\$|:$TWINS/qemu-aarch64:PF|" |
        timeout 100 "${surroundings[@]}" "${apart[@]}" sh "$TEST_TMP/as-root" \
            "$TEST_TMP/root" "$guest" "$box" "$1"
}

by_ours()
{
    (cd "$box" && timeout 100 "${surroundings[@]}" "$TEST_BIN/qemu-aarch64" \
        -policy "$policy" -policy-log "$log" -L "$guest" -0 /bin/dash \
        "$guest/bin/dash" -c "$1" </dev/null)
}

surroundings=(env -i "HOME=$box" "TMPDIR=$box" PATH=/usr/bin:/bin TZ=UTC0
    PYTHONDONTWRITEBYTECODE=1
    LC_ALL=C)

# --- work ------------------------------------------------------------------

# Each lays out its files in the folder it is called in, and says what to run.

shell()
{
    lay_out_script
    cat >>script <<'SCRIPT'
cat <<TEXT | grep -n here
there
TEXT
seq 1 100000 | sort -rn | head -n 3
yes | head -n 1
sleep 0.1 & wait $!; echo $?
trap 'echo trapped' TERM; kill -TERM $$
sh -c 'kill -KILL $$'; echo $?
sh -c 'ulimit -c 0; kill -SEGV $$'; echo $?
env -i A=1 B='2 3' env
env -u HOME printenv HOME || echo unset
exec /bin/dash -c 'echo replaced; exit 9'
SCRIPT
    printf '#! /bin/dash -e  \nfalse\necho not reached\n' >option
    printf '#!./script\n' >nested
    printf '#!/usr/bin/env -S printf %%s-%%s\\n one\n' >parted
    chmod +x option nested parted
    echo './script one two; echo $?; ./option; echo $?; ./nested a; echo $?
        ./parted two; find . -type f | sort | xargs -n 2 echo'
}

# What cannot be executed: errors of the kernel's, told by the shell.
mistakes()
{
    printf '#!/nonexistent\n' >missing
    printf '#!%s\n' "$(printf 'x%.0s' {1..300})" >long
    printf 'echo no line of its own\n' >plain
    printf '#!' >open
    printf '#!  ' >blanks
    printf '#! \t\n' >blank
    printf '#!\0/bin/dash\n' >nul
    printf '#!%256s/bin/dash\n' '' >late
    : >empty
    # One that is whole up to its machine, plain QEMU only finds out at work.
    printf '\177ELF\2\1\1' >short
    mkdir folder
    printf '#!/bin/dash\n' >barred
    printf '#!./loop\n' >loop
    chmod +x missing long plain open blanks blank nul late empty short loop
    ln -s ../box/nowhere dangling
    ln -s round round
    echo 'for name in missing long plain open blanks blank nul late empty short \
        folder barred loop dangling round nowhere empty/below; do
        "./$name" a; echo "$name: $?"; perl -e '\''exec {"./$ARGV[0]"} "x", 1;
            print STDERR "$ARGV[0]: $!\n"'\'' "$name"; done
        nosuchprogram; echo $?; exec ./missing'
}

build()
{
    lay_out_build
    echo 'make check; echo $?; make -j3 check; echo $?; make wrong; echo $?
        make -j2 deep; echo $?; make kill; echo $?; make -n check | head -n 1
        make none; echo $?
        echo "int printf(); int main(int n, char **v) { printf(v[1]); return n; }" |
            tcc -run - "it runs
"; echo $?'
}

perl_()
{
    lay_out_perl
    printf 'print "1..2\\nok 1\\nnot ok 2 - meant\\n"\n' >t/two.t
    cat >many.pl <<'PERL'
$| = 1;
for my $i (1 .. 12) {
    my $pid = fork // die;
    next if $pid;
    exec $^X, '-e', 'exit shift', $i;
}
my %ended; while ((my $pid = wait) > 0) { $ended{$? >> 8}++ }
print join(' ', sort { $a <=> $b } keys %ended), "\n";
print "$0 $^X @ARGV\n";
exec { '/usr/bin/printf' } 'another name', '%s\n', $ENV{TZ} or die;
PERL
    echo 'prove -j2 t 2>&1 | grep -v wallclock; perl many.pl a "b c"; echo $?
        perl -e "die qq(last words\n)"; echo $?
        perl -e "exec q(nosuchprogram) or exit 4" ; echo $?'
}

python()
{
    lay_out_python
    echo 'python3 test_one.py 2>&1 | sed "s/ in [0-9.]*s//"
        python3 -c "import sys; print(sys.executable, sys.argv, sys.flags.isolated)" a
        python3 -c "1 / 0"; echo $?
        python3 -c "import os; os.abort()"; echo $?
        python3 -c "import os; os.execvp(\"nosuch\", [\"nosuch\"])" 2>&1 | tail -n 1
        echo "import this" | python3 - | head -n 1'
}

# Words and variables, bit for bit, up to what the kernel takes.
words()
{
    cat >words.pl <<'PERL'
my @given = map { join '', map { chr(1 + ($_ * 7) % 255) } 0 .. $_ * 40 } 0 .. 20;
my $code = 'printf "%d %s\n", scalar @ARGV, unpack "%32C*", join "\0", @ARGV;
    printf "%s\n", unpack "%32C*", join "\0", map { "$_=$ENV{$_}" } sort keys %ENV';
$ENV{"name $_"} = "\xff\n" x $_ for 1 .. 9;
system $^X, '-e', $code, '--', '', @given, '';
for my $size (131071, 131072) {
    system $^X, '-e', $code, '--', 'x' x $size and print "$size: $!\n";
}
for my $count (15, 18) {
    system $^X, '-e', $code, '--', ('y' x 131000) x $count and print "$count: $!\n";
}
PERL
    echo 'ulimit -s 8192; perl words.pl; env -i "a b=c" =d env
        env --argv0=other sh -c "echo \$0" || true'
}

# came HOW CASE: what is said on both outputs, how it ends, what it leaves
came()
{
    local command
    rm -rf "$box"
    mkdir "$box"
    command=$(cd "$box" && "$2") || return
    {
        "by_$1" "$command" >"$TEST_TMP/out" 2>"$TEST_TMP/err"
        printf 'status %d\n' $?
    } 2>/dev/null
    # QEMU says which signals it would dump core for; below a policy it never
    # does. And /proc/self/exe says where a program lies, which with -L is below
    # that folder.
    sed "s|^|out: |; s|$guest/|/|g" "$TEST_TMP/out"
    sed '/^qemu: uncaught target signal /d; s/^/err: /' "$TEST_TMP/err"
    (cd "$box" && find . -type f -exec sha256sum {} + | sort -k 2)
}

mkdir "$box"
if ! by_plain 'exec true' 2>"$TEST_TMP/err"; then
    skip_all "no binfmt_misc of one's own: $(tail -n 1 "$TEST_TMP/err")"
fi
for name in shell mistakes build perl_ python words; do
    plain=$(came plain "$name")
    ours=$(came ours "$name")
    [ "$(grep -c '^out: ' <<<"$plain")" -gt 2 ]
    is $? 0 "${name%_}: plain QEMU says something"
    [ "$plain" = "$ours" ]
    is $? 0 "${name%_}: ours says, ends and leaves the same"
    [ "$plain" = "$ours" ] ||
        diff <(echo "$plain") <(echo "$ours") | sed 's/^/# /'
done
tap_done
