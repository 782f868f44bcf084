#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 2400
# shellcheck disable=SC2154 # of tap.sh
# The library, the tools' code and the harnesses of tests/fuzz with ASan and
# UBSan: meson's own tests once more.
# shellcheck source=tools/lib/tap.sh
. "$(dirname "$0")/../../tools/lib/tap.sh"

obj=$TEST_BUILD/sanitize/meson
[ -e "$obj/build.ninja" ] || skip_all "tools/setup --sanitize has not been run"

# Leaks count; where the sanitizer itself makes a test fail:
why_not()
{
    case $1 in
    audit-stress) echo "a sanitized record takes more of a thread's stack" ;;
    diag-text) echo "a sanitized program's memory cannot be limited" ;;
    esac
}

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
succeeds "all of it compiles" ninja -C "$obj"

for suite in unit policy simulation fuzz; do
    while read -r name; do
        why=$(why_not "$name")
        if [ -n "$why" ]; then
            skip "$suite/$name" "$why"
            continue
        fi
        succeeds "$suite/$name" /usr/bin/meson test -C "$obj" --no-rebuild \
            --print-errorlogs --suite "$suite" "$name"
    done < <(/usr/bin/meson introspect --tests "$obj" | jq -r --arg s "$suite" \
        '.[] | select(.suite | map(endswith(":" + $s)) | any) | .name')
done
tap_done
