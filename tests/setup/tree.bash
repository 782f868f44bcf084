# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A small repository around the real tools/setup, and a QEMU tree that
# configures and builds in a moment: what set-up does with them needs no
# network, and nothing outside TEST_TMP is touched. Sourced by the tests here.

# small_repository DIR: set-up with a library of one function
small_repository()
{
    mkdir -p "$1/qemu/patches" "$1/qemu/glue"
    cp -r "$TEST_ROOT/tools" "$1/"
    cat >"$1/meson.build" <<'MESON'
project('small', 'c')
library = static_library('ruleengine', 'engine.c')
import('pkgconfig').generate(library, name: 'ruleengine',
                             description: 'a small one')
executable('qemu-user', 'user.c')
MESON
    printf 'int engine(void);\nint engine(void) { return 1; }\n' \
        >"$1/engine.c"
    printf 'int main(void) { return 0; }\n' >"$1/user.c"
    printf 'int glue;\n' >"$1/qemu/glue/policy.c"
}

# small_qemu DIR VERSION: `qemu-<target>` prints what hook.c says
small_qemu()
{
    mkdir -p "$1/linux-user"
    printf '%s\n' "$2" >"$1/VERSION"
    printf '%s\n' '#include <stdio.h>' '' 'int main(void)' '{' \
        '    puts("unpatched");' '    return 0;' '}' >"$1/linux-user/main.c"
    cat >"$1/configure" <<'CONFIGURE'
#!/bin/sh
# Writes rules for ninja as QEMU's own does, one program for each target.
src=$(dirname "$0")
for option in "$@"; do
    case $option in
    --target-list=*) list=${option#*=} ;;
    -Dpkg_config_path=*) library=${option#*=}/.. ;;
    esac
done
{
    printf 'rule cc\n  command = cc -o $out $in\n'
    for target in $(echo "$list" | tr , ' '); do
        name=${target%-linux-user}
        : >"$target-config-target.h"
        printf 'build qemu-%s: cc %s/linux-user/main.c\n' "$name" "$src"
    done
} >build.ninja
CONFIGURE
    chmod +x "$1/configure"
}

# small_patch FILE OLD NEW: changes the line that main.c prints
small_patch()
{
    cat >"$1" <<PATCH
Subject: print something else
---
--- a/linux-user/main.c
+++ b/linux-user/main.c
@@ -4,4 +4,4 @@
 {
-    puts("$2");
+    puts("$3");
     return 0;
 }
PATCH
}

# fake NAME LINE...: a program before all others on PATH
fake()
{
    local name=$1
    shift
    mkdir -p "$TEST_TMP/fake"
    printf '%s\n' '#!/bin/sh' "$@" >"$TEST_TMP/fake/$name"
    chmod +x "$TEST_TMP/fake/$name"
}

# with_fakes COMMAND...
with_fakes()
{
    PATH=$TEST_TMP/fake:$PATH "$@"
}
