#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the programs say to a wrong command line: exit status 2, the word that
# is wrong, and nothing done.

# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"
# shellcheck source=tests/setup/tree.bash
. "$(dirname "$0")/tree.bash"

tree=$TEST_TMP/tree
small_repository "$tree"
setup=$tree/tools/setup

succeeds "--help succeeds" "$setup" --help
like "$output" '^Usage: tools/setup' "--help is about set-up"
for word in --targets --qemu --qemu-source --vanilla --bench --headers --jobs; do
    like "$output" "^  $word" "--help knows $word"
done

exits 2 "an unknown option" "$setup" --target aarch64 --frobnicate
like "$output" "frobnicate" "the unknown option is named"
exits 2 "a stray word" "$setup" aarch64
like "$output" "'aarch64'" "the stray word is named"

exits 2 "an unknown target" "$setup" --targets aarch64,vax
like "$output" "unknown target 'vax'" "the unknown target is named"
like "$output" "targets:.* aarch64 .* xtensaeb" "the targets are listed"
exits 2 "a target by another name" "$setup" --targets arm64
like "$output" "did you mean aarch64\?" "the target's name is suggested"
exits 2 "a twin of an unknown target" "$setup" --vanilla=pdp11
like "$output" "unknown target 'pdp11'" "the twin's target is named"

for version in latest 10.x 10. .10 10..0 '10 0'; do
    exits 2 "--qemu '$version'" "$setup" --qemu "$version"
    like "$output" "'$version' is not a QEMU version" "'$version' is named"
done
exits 2 "a version and a tree" "$setup" --qemu 10.0 --qemu-source /tmp
like "$output" "exclude each other" "the two options are named"
for jobs in 0 x -1 ''; do
    exits 2 "--jobs '$jobs'" "$setup" "--jobs=$jobs"
done

if [ -e "$tree/build" ]; then
    not_ok "a wrong command line does nothing" "$(ls "$tree/build")"
else
    ok "a wrong command line does nothing"
fi

exits 2 "tools/foreign without packages" "$tree/tools/foreign" arm64
exits 2 "tools/foreign with an unknown architecture" \
    "$tree/tools/foreign" pdp11 hello
like "$output" "'pdp11' is not a Debian architecture" "which is named"
for pair in aarch64:arm64 x86_64:amd64 ppc64le:ppc64el; do
    exits 2 "tools/foreign with QEMU's name of ${pair#*:}" \
        "$tree/tools/foreign" "${pair%:*}" hello
    like "$output" "Debian's name of ${pair%:*} is ${pair#*:}" \
        "which is told Debian's"
done
succeeds "tools/foreign --help" "$tree/tools/foreign" --help
exits 2 "tools/demo with a stray word" "$tree/tools/demo" nginx
succeeds "tools/demo --help" "$tree/tools/demo" --help
exits 2 "tools/test with an unknown option" "$tree/tools/test" --frobnicate
succeeds "tools/test --help" "$tree/tools/test" --help
exits 2 "tools/test with an unknown suite" \
    "$tree/tools/test" --no-setup nonesuch
like "$output" "no test 'nonesuch'" "which is named"
exits 2 "... and before anything is set up" "$tree/tools/test" nonesuch/one
if [ -e "$tree/build" ]; then
    not_ok "which does nothing" "$(ls "$tree/build")"
else
    ok "which does nothing"
fi

tap_done
