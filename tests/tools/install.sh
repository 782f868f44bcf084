#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # output, of tap.sh
#
# What "meson install" puts where, and that it works from there: the library
# through pkg-config, policies by name, emulators out of PATH, completion, and
# the lines for binfmt_misc, which a kernel takes.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/tools/elf.bash
. "$(dirname "$0")/elf.bash"

meson=${TEST_MESON_BUILD:-$TEST_BUILD/meson}
[ -e "$meson/build.ninja" ] || skip_all "the library was not built"
unset QEMU_POLICY QEMU_RULES QEMU_LD_PREFIX QEMU_ARGV0

# Emulators that show how they were called.
mkdir "$TEST_TMP/emulators" "$TEST_TMP/path"
for name in qemu-aarch64 qemu-mips; do
    printf '#!/bin/sh\nprintf "%%s" "${0#%s}"\nprintf " [%%s]" "$@"\n' \
        "$TEST_TMP/" >"$TEST_TMP/emulators/$name"
    chmod +x "$TEST_TMP/emulators/$name"
done
DESTDIR=$TEST_TMP/root /usr/bin/meson install -C "$meson" --no-rebuild \
    >"$TEST_TMP/log" 2>&1
is $? 0 "meson install"
prefix=$(dirname "$(dirname "$(find "$TEST_TMP/root" -name qemu-policy \
    -path '*/bin/*')")")
private=$prefix/libexec/qemu-policy
rm -f "$private"/*
MESON_INSTALL_DESTDIR_PREFIX=$prefix "$TEST_ROOT/tools/install-emulators" \
    "$TEST_TMP/emulators"
bin=$prefix/bin
cd "$TEST_TMP" || exit 1

for file in bin/qemu-user bin/qemu-policy bin/qemu-user-binfmt \
    libexec/qemu-policy/qemu-aarch64 share/man/man1/qemu-user.1 \
    share/man/man1/qemu-policy.1 share/qemu-policy/policies/web.ini \
    share/bash-completion/completions/qemu-policy \
    share/bash-completion/completions/qemu-user \
    share/zsh/site-functions/_qemu-policy share/zsh/site-functions/_qemu-user \
    include/ruleengine/engine.h include/syscall-tables.h; do
    if [ -e "$prefix/$file" ]; then ok "$file"; else not_ok "$file"; fi
done

# --- the library -----------------------------------------------------------

cat >user.c <<'C'
#include <ruleengine/engine.h>
#include <ruleengine/find.h>
#include <ruleengine/inspect.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct re_config config = {
        .target = st_target_by_name("mips"),
        .policies = (const char *const *)argv + 1,
        .policy_count = argc - 1,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine;

    printf("%d\n", re_engine_new(&engine, &config, diags));
    return 0;
}
C
PKG_CONFIG_LIBDIR=$(dirname "$(find "$prefix" -name ruleengine.pc)"):$(pkg-config \
    --variable pc_path pkg-config)
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR=
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs ruleengine)
unlike "$flags" '/src|/meson|/build' "ruleengine.pc names no folder of the build"
# shellcheck disable=SC2086 # words
succeeds "a program against the installed library" cc -Wall -Werror -o user \
    user.c $flags
succeeds "... runs" ./user "$prefix/share/qemu-policy/policies/web.ini"
is "$output" 0 "... and loads a policy"
for header in "$prefix"/include/ruleengine/*.h "$prefix"/include/*.h; do
    printf '#include "%s"\n' "$header" >one.c
    # shellcheck disable=SC2086
    succeeds "${header##*/} alone" cc -Wall -Werror -fsyntax-only one.c $flags
done

# --- policies by name ------------------------------------------------------

succeeds "check web" "$bin/qemu-policy" check web
succeeds "explain web" "$bin/qemu-policy" explain web --target mips ptrace
like "$output" 'share/qemu-policy/policies/' "... is the installed one"
printf '[policy]\ndefault = kill\n' >web.ini
cp web.ini web
succeeds "a web.ini in the working folder" "$bin/qemu-policy" explain web \
    --target mips ptrace
unlike "$output" 'kill' "... is not asked"
exits 1 "a name that nothing has" "$bin/qemu-policy" check wbe
printf '[policy]\ndefault = allow\n' >read.ini
cp web.ini base.ini
printf '[policy]\ninclude = base\n' >including.ini
succeeds "include = base" "$bin/qemu-policy" explain including.ini \
    --target mips brk
like "$output" "share/qemu-policy/policies/base.ini" "... is the installed one"
succeeds "explain FILE read asks about the call" "$bin/qemu-policy" explain \
    read.ini --target mips read

# --- the launcher ----------------------------------------------------------

make_elf program 64 little 183
succeeds "an installed emulator" "$bin/qemu-user" --policy web ./program
is "${output#*/libexec}" "/qemu-policy/qemu-aarch64 [--policy] [web] [./program]" \
    "... is taken, and gets the name"
# A distribution's emulators know no policy; one must not run instead.
cp emulators/qemu-aarch64 "$bin/"
rm "$private/qemu-aarch64"
exits 2 "another emulator beside the launcher, a policy by variable" \
    env QEMU_POLICY=web PATH="$bin:$PATH" "$bin/qemu-user" ./program
like "$output" 'may not know QEMU_POLICY' "... is refused"
cp emulators/qemu-aarch64 "$private/"

# --- binfmt ----------------------------------------------------------------

succeeds "as the kernel starts it" "$bin/qemu-user-binfmt" ./program a b
is "${output#*/libexec}" \
    "/qemu-policy/qemu-aarch64 [--policy] [binfmt] [./program] [a] [b]" \
    "... the policy binfmt is in force"
succeeds "an argument that looks like an option" "$bin/qemu-user-binfmt" \
    ./program --policy x
like "$output" '\[--policy\] \[binfmt\] \[./program\] \[--policy\] \[x\]$' \
    "... is the program's"
"$bin/qemu-policy" list binfmt "$bin/qemu-user-binfmt" >binfmt.conf
is "$("$bin/qemu-policy" list binfmt)" "$(cat binfmt.conf)" \
    "binfmt lines name the launcher that was installed"
is "$(awk 'length > 1900' binfmt.conf)" "" "binfmt lines are short enough"
unlike "$(cat binfmt.conf)" "qemu-policy-$(uname -m)-" \
    "... and leave this machine's own programs alone"

# In a user namespace of its own, from Linux 6.7 on. "program" is a mips one
# where this machine is an aarch64.
cat >kernel.sh <<'SH'
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 9
while read -r line; do
    case $line in
    '#'*) ;;
    *) printf '%s\n' "$line" >/proc/sys/fs/binfmt_misc/register || exit 8 ;;
    esac
done <binfmt.conf
exec -a called ./foreign one 'two three'
SH
make_elf foreign 32 big 8 0x1000
if ! unshare -Urm mount -t binfmt_misc none /proc/sys/fs/binfmt_misc \
    2>/dev/null; then
    skip "a kernel starts it" "binfmt_misc cannot be mounted here"
else
    succeeds "a kernel takes all lines, and starts the launcher" \
        unshare -Urm bash kernel.sh
    output=${output//$TEST_TMP/.}
    is "${output#*/libexec}" \
        "/qemu-policy/qemu-mips [--policy] [binfmt] [-0] [called] [./foreign] [one] [two three]" \
        "... which runs the program by the name it was called"
fi

# --- completion ------------------------------------------------------------

# complete_for FUNCTION WORD...: the last word is being typed
complete_for()
{
    PATH=$bin:$PATH bash -c '
        _init_completion() {
            words=("${line[@]}"); cword=$((${#line[@]} - 1))
            cur=${line[cword]}; prev=${line[cword - 1]}
        }
        _filedir() { :; }
        . "$1"; function=$2; shift 2
        line=("$@"); COMPREPLY=()
        "$function"; printf "%s\n" "${COMPREPLY[@]}"' bash \
        "$prefix/share/bash-completion/completions/$1" "$2" "$1" "${@:3}"
}
like "$(complete_for qemu-policy _qemu_policy rep)" '^report$' \
    "bash completes a command"
like "$(complete_for qemu-policy _qemu_policy check --target mipsn)" \
    '^mipsn32el$' "... a target"
like "$(complete_for qemu-policy _qemu_policy report --ht)" '^--html$' \
    "... an option of the command"
is "$(complete_for qemu-policy _qemu_policy learn --policy)" '' \
    "... and no option of another program that its help speaks of"
is "$(complete_for qemu-policy _qemu_policy stats --sort r)" refused \
    "... what to sort by"
like "$(complete_for qemu-policy _qemu_policy explain web openat)" '^openat2$' \
    "... a call behind a policy"
unlike "$(complete_for qemu-policy _qemu_policy check web openat)" 'openat' \
    "... and none where only policies stand"
like "$(complete_for qemu-user _qemu_user --pol)" '^--policy$' \
    "... and the launcher's"
like "$(complete_for qemu-user _qemu_user --policy we)" '^web$' \
    "... a policy's name"
like "$(complete_for qemu-policy _qemu_policy check bi)" '^binfmt$' \
    "... and for the tool"

# zsh_line TYPED: what zsh makes of it at a TAB
zsh_line()
{
    (cd "$TEST_TMP/nothing" && PATH=$bin:$PATH timeout 30 zsh -f \
        "$TEST_ROOT/tests/tools/complete.zsh" \
        "$prefix/share/zsh/site-functions" "$1")
}
if command -v zsh >/dev/null; then
    mkdir "$TEST_TMP/nothing"
    is "$(zsh_line "qemu-policy rep")" "qemu-policy report " \
        "zsh completes a command"
    is "$(zsh_line "qemu-policy check --target mipsn3")" \
        "qemu-policy check --target mipsn32" "... a target, as far as it goes"
    is "$(zsh_line "qemu-policy report --ht")" "qemu-policy report --html " \
        "... an option of the command"
    is "$(zsh_line "qemu-policy import sy")" "qemu-policy import systemd " \
        "... a format"
    is "$(zsh_line "qemu-policy explain web openat2")" \
        "qemu-policy explain web openat2 " "... a call behind a policy"
    is "$(zsh_line "qemu-policy check binf")" "qemu-policy check binfmt " \
        "... a policy's name"
    is "$(zsh_line "qemu-user --policy-le")" "qemu-user --policy-learn " \
        "... the launcher's options"
    is "$(zsh_line "qemu-user --policy binf")" "qemu-user --policy binfmt " \
        "... and its policies"
else
    skip "zsh's completion" "there is no zsh"
fi
tap_done
