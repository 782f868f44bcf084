#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The generated tables are what their inputs give.
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/tap.sh"

for input in QEMU_SRC:VERSION LINUX_HEADERS:.; do
    variable=${input%%:*}
    [ -n "${!variable:-}" ] && [ -e "${!variable}/${input#*:}" ] ||
        skip_all "$variable names no unpacked tree: '${!variable:-}'"
done
command -v systemd-analyze >/dev/null || skip_all "no systemd-analyze"
[ "$(uname -m)" = x86_64 ] ||
    skip_all "the generator's probes need a compiler with -m32 and -m64"

generate()
{
    "$TEST_ROOT/tools/gen-tables" --qemu "$QEMU_SRC" \
        --linux "$LINUX_HEADERS" "$@"
}

output=$(generate --check 2>&1)
status=$?
case $status in
0) ok "the tables are fresh: $output" ;;
77) skip "the tables are fresh" "$(tail -n 1 <<<"$output")" ;;
*) not_ok "the tables are fresh" "$output" ;;
esac

# The check itself has to notice a change.
mkdir -p "$TEST_TMP/root/tools" "$TEST_TMP/root/syscall-tables"
cp "$TEST_ROOT"/tools/gen-tables* "$TEST_TMP/root/tools/"
cp -r "$TEST_ROOT/syscall-tables/sources" "$TEST_ROOT/syscall-tables/generated" \
    "$TEST_TMP/root/syscall-tables/"
"$TEST_TMP/root/tools/gen-tables" --qemu "$QEMU_SRC" --linux "$LINUX_HEADERS"
exits 0 "a table just made is fresh" "$TEST_TMP/root/tools/gen-tables" \
    --qemu "$QEMU_SRC" --linux "$LINUX_HEADERS" --check
sed -i 's/^CALL(1, .*/CALL(1, exit, none)/' \
    "$TEST_TMP/root/syscall-tables/generated/calls-arm.inc"
exits 1 "an edited table is stale" "$TEST_TMP/root/tools/gen-tables" \
    --qemu "$QEMU_SRC" --linux "$LINUX_HEADERS" --check
like "$output" '^calls-arm\.inc: differs' "the stale file is named"
sed -i 's/Inputs: QEMU [0-9.]*/Inputs: QEMU 0.1/' \
    "$TEST_TMP/root/syscall-tables/generated/names.inc"
exits 77 "a table of other inputs is skipped" \
    "$TEST_TMP/root/tools/gen-tables" --qemu "$QEMU_SRC" \
    --linux "$LINUX_HEADERS" --check
like "$output" 'skipped: the tables are of QEMU 0\.1' "and says why"
tap_done
