#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The launcher: which emulator it starts for which program, with which command
# line, and what it says when it cannot. The emulators here only show their
# arguments.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/tools/elf.bash
. "$(dirname "$0")/elf.bash"

[ -x "$TEST_BIN/qemu-user" ] || skip_all "qemu-user was not built"
unset QEMU_POLICY QEMU_RULES QEMU_RULES_RELOAD QEMU_LD_PREFIX QEMU_ARGV0

bin=$TEST_TMP/bin
mkdir "$bin"
cp "$TEST_BIN/qemu-user" "$bin/"
user=$bin/qemu-user

# fake FILE: an emulator that shows how it was called
fake()
{
    printf '#!/bin/sh\nprintf "%%s" "${0##*/}"\nprintf " [%%s]" "$@"\n' >"$1"
    chmod +x "$1"
}

# starts EXPECTED NAME WORD...: what the emulator gets, without folders
starts()
{
    local expected=$1 name=$2
    shift 2
    succeeds "$name starts" "$user" "$@"
    is "${output//$TEST_TMP\//}" "$expected" "$name"
}

cd "$TEST_TMP" || exit 1

# --- the ELF header: name, word size, byte order, machine, flags -----------

while read -r target bits order machine flags; do
    fake "$bin/qemu-$target"
    make_elf program "$bits" "$order" "$machine" "${flags:-0}"
    starts "qemu-$target [./program]" \
        "$bits bits, $order endian, machine $machine${flags:+, flags $flags}" \
        ./program
done <<'END'
aarch64 64 little 183
aarch64_be 64 big 183
alpha 64 little 0x9026
arm 32 little 40 0x5000400
arm 32 little 40 0x5000200
armeb 32 big 40 0x5000200
armeb 32 big 40 0x5800200
hexagon 32 little 164
hppa 32 big 15
i386 32 little 3
loongarch64 64 little 258
m68k 32 big 4
microblaze 32 big 189
microblazeel 32 little 189
mips 32 big 8 0x1000
mips 32 big 8 0x70001007
mipsel 32 little 8 0x1000
mipsn32 32 big 8 0x20
mipsn32el 32 little 8 0x80000024
mips64 64 big 8
mips64el 64 little 8 0x80000007
or1k 32 big 92
ppc 32 big 20
ppc64 64 big 21 1
ppc64le 64 little 21 2
riscv32 32 little 243 5
riscv64 64 little 243 5
s390x 64 big 22
sh4 32 little 42
sh4eb 32 big 42
sparc 32 big 2
sparc32plus 32 big 18 0x100
sparc64 64 big 43
x86_64 64 little 62
xtensa 32 little 94 0x300
xtensaeb 32 big 94 0x300
END

# --- programs that no emulator runs ----------------------------------------

make_elf x32 32 little 62
exits 126 "an x32 program" "$user" ./x32
like "$output" '^qemu-user: ./x32: .*x32' "x32 is named"
make_elf s390 32 big 22
exits 126 "a 31-bit s390 program" "$user" ./s390
make_elf o64 32 big 8 0x2000
exits 126 "a MIPS O64 program" "$user" ./o64
make_elf vax 32 little 75
exits 126 "a machine without a target" "$user" ./vax
make_elf object 64 little 183 0 1
exits 126 "an object file" "$user" ./object
like "$output" 'object file' "it is called one"
make_elf odd 64 little 183
printf '\003' | dd of=odd bs=1 seek=4 conv=notrunc 2>/dev/null
exits 126 "an unknown class" "$user" ./odd
head -c 40 program >short && chmod +x short
exits 126 "a header that ends early" "$user" ./short
like "$output" 'cut short' "it says so"
printf 'MZ' >dos && chmod +x dos
exits 126 "neither ELF nor script" "$user" ./dos
: >empty && chmod +x empty
exits 126 "an empty file" "$user" ./empty
exits 127 "a file that is not there" "$user" ./nowhere
like "$output" '^qemu-user: ./nowhere: No such file' "it is named"
exits 126 "a folder" "$user" "$bin"
make_elf locked 64 little 183 && chmod -x locked
exits 126 "a file that may not be executed" "$user" ./locked
like "$output" 'Permission denied' "it says so"

# --- the emulator ----------------------------------------------------------

make_elf program 64 big 43
rm "$bin/qemu-sparc64"
exits 127 "an emulator that was not built" "$user" ./program
like "$output" 'tools/setup --targets sparc64' "how to build it"
mkdir elsewhere && fake elsewhere/qemu-sparc64
PATH=$TEST_TMP/elsewhere:$PATH starts 'qemu-sparc64 [./program]' \
    "an emulator in PATH" ./program
PATH=$TEST_TMP/elsewhere:$PATH QEMU_POLICY=a.ini \
    exits 2 "a policy in a variable that it may not know" "$user" ./program
like "$output" 'QEMU_POLICY' "the variable is named"
PATH=$TEST_TMP/elsewhere:$PATH starts \
    'qemu-sparc64 [--policy] [a.ini] [./program]' \
    "a policy in an option" --policy a.ini ./program
chmod -x "$bin/qemu-mips" && make_elf program 32 big 8
exits 127 "an emulator that may not be executed" "$user" ./program
chmod +x "$bin/qemu-mips"
host=$(uname -m)
if [ -e "$bin/qemu-$host" ]; then
    mv "$bin/qemu-$host" elsewhere/
    exits 127 "a program of this machine" "$user" /bin/sh
    like "$output" "this machine.*tools/setup --targets $host" \
        "how to run it all the same"
    mv "elsewhere/qemu-$host" "$bin/"
    starts "qemu-$host [/bin/sh]" "... with its emulator" /bin/sh
else
    skip "a program of this machine" "QEMU has no target $host"
fi

# --- the command line ------------------------------------------------------

make_elf program 64 little 183
starts 'qemu-aarch64 [-L] [root] [--policy] [a.ini] [-strace] [./program] [-x] [--] [a b]' \
    "options and arguments" \
    -L root --policy a.ini -strace ./program -x -- 'a b'
starts 'qemu-aarch64 [-0] [-h] [./program]' "a value that looks like an option" \
    -0 -h ./program
starts 'qemu-aarch64 [./program]' "the end of the options" -- ./program
all=()
for option in 0 B D E L R U cpu d dfilter g p plugin policy policy-learn policy-log policy-stats r \
    rules s seed t tb-size trace; do
    all+=("-$option" value "--$option" value)
done
for option in jitdump one-insn-per-tb perfmap strace xtensa-abi-call0; do
    all+=("-$option" "--$option")
done
starts "qemu-aarch64$(printf ' [%s]' "${all[@]}") [./program]" \
    "every option with one dash and two" "${all[@]}" ./program
starts 'qemu-aarch64 [--policy] [a=b.ini] [-L] [] [-strace] [./program] [--policy=c]' \
    "values behind \"=\"" --policy=a=b.ini -L= -strace ./program --policy=c
starts 'qemu-aarch64 [-E] [policy=a] [./program]' "a \"=\" in a value" \
    -E policy=a ./program
exits 2 "a value for an option that takes none" "$user" --strace=yes ./program
exits 2 "an unknown option with a value" "$user" --polcy=a.ini ./program
like "$output" '--polcy=a\.ini' "it is named"
exits 2 "an unknown option" "$user" --polcy a.ini ./program
like "$output" '--polcy \(did you mean --policy\?\)' "it is named, and what was meant"
exits 2 "one dash alone" "$user" - ./program
exits 2 "an option without its value" "$user" -strace -L
exits 2 "no program" "$user" -L root
exits 2 "nothing at all" "$user"
for option in -h -help --help; do
    succeeds "$option" "$user" "$option"
    like "$output" '^usage: qemu-user' "$option shows how it is used"
done
succeeds "--version" "$user" --version
like "$output" '^qemu-user [0-9]' "--version shows it"

mkdir path && make_elf path/tool 64 little 183
printf 'no program' >path/data
PATH=$TEST_TMP/path:$PATH starts 'qemu-aarch64 [-0] [tool] [path/tool] [x]' \
    "a program in PATH" tool x
PATH=$TEST_TMP/path:$PATH starts 'qemu-aarch64 [-0] [me] [path/tool]' \
    "a program in PATH under another name" -0 me tool
PATH=$TEST_TMP/path:$PATH exits 126 "a file in PATH that is no program" \
    "$user" data
exits 127 "no such program in PATH" "$user" no-such-tool
make_elf ./-dash 64 little 183
PATH=:$PATH starts 'qemu-aarch64 [-0] [-dash] [./-dash]' \
    "a program whose name begins with a dash" -- -dash

# --- scripts ---------------------------------------------------------------

# script FILE LINE
script()
{
    printf '%s\n' "$2" >"$1"
    chmod +x "$1"
}

script plain "#!$TEST_TMP/program"
starts 'qemu-aarch64 [program] [./plain] [a] [b]' "a script" ./plain a b
script one "#! 	$TEST_TMP/program 	-e  x y  	"
starts 'qemu-aarch64 [program] [-e  x y] [./one] [a]' \
    "a script whose interpreter has an argument" ./one a
printf '#!%s' "$TEST_TMP/program" >bare && chmod +x bare
starts 'qemu-aarch64 [program] [./bare]' "a script of one line without an end" \
    ./bare
script two "#!$TEST_TMP/one"
starts "qemu-aarch64 [program] [-e  x y] [one] [./two]" \
    "a script whose interpreter is a script" ./two
script s1 "#!$TEST_TMP/program"
for i in 2 3 4 5 6; do
    script "s$i" "#!$TEST_TMP/s$((i - 1))"
done
starts 'qemu-aarch64 [program] [s1] [s2] [s3] [s4] [./s5]' "five scripts" ./s5
exits 126 "six scripts" "$user" ./s6
script loop "#!$TEST_TMP/loop"
exits 126 "a script that is its own interpreter" "$user" ./loop
script none '#!  '
exits 126 "a script without an interpreter" "$user" ./none
script missing "#!$TEST_TMP/nowhere"
exits 127 "an interpreter that is not there" "$user" ./missing
like "$output" 'nowhere, the interpreter of ./missing' "both are named"
script long "#!/$(printf '%0300d' 0)"
exits 126 "an interpreter's path that is too long" "$user" ./long
script cut "#!$TEST_TMP/program $(printf '%0300d' 0)"
succeeds "an argument that is too long" "$user" ./cut
mkdir -p root/opt && cp program root/opt/only-below
script below '#!/opt/only-below -x'
starts 'qemu-aarch64 [-L] [root] [-0] [/opt/only-below] [root/opt/only-below] [-x] [./below]' \
    "an interpreter below -L" -L root ./below
QEMU_LD_PREFIX=root starts \
    'qemu-aarch64 [-0] [/opt/only-below] [root/opt/only-below] [-x] [./below]' \
    "an interpreter below QEMU_LD_PREFIX" ./below
exits 127 "... and not without it" "$user" ./below

# --- programs with libraries ------------------------------------------------

mkdir -p root/lib && : >root/lib/ld-test.so.1
while read -r target bits order machine; do
    make_dynamic dynamic "$bits" "$order" "$machine" /lib/ld-test.so.1
    succeeds "$target: a loader that is not there" "$user" ./dynamic
    is "$output" "qemu-user: ./dynamic needs /lib/ld-test.so.1, which is not on this machine; -L ROOT names the folder that holds its libraries
qemu-$target [./dynamic]" "$target: what to do is said, and the emulator starts"
    starts "qemu-$target [-L] [root] [./dynamic]" \
        "$target: a loader below -L" -L root ./dynamic
done <<'END'
aarch64 64 little 183
s390x 64 big 22
arm 32 little 40
ppc 32 big 20
END
succeeds "a loader that -L lacks" "$user" -L path ./dynamic
like "$output" 'needs /lib/ld-test.so.1, which is not below path; -L ROOT' \
    "the folder is named"
make_dynamic dynamic 64 little 183 "$TEST_TMP/root/lib/ld-test.so.1"
starts 'qemu-aarch64 [./dynamic]' "a loader of this machine" ./dynamic
make_dynamic dynamic 64 little 183 $'/lib/\033[2J'
starts 'qemu-aarch64 [./dynamic]' "a loader's name that a terminal obeys" \
    ./dynamic
make_dynamic dynamic 64 little 183 /lib/ld-test.so.1 && truncate -s 100 dynamic
starts 'qemu-aarch64 [./dynamic]' "a header that is cut" ./dynamic

tap_done
