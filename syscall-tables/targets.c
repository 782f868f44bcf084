/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All targets. This object and elf.c pull every table into a program; one
 * that knows its target names it (st_target_aarch64) and needs neither. */
#include <string.h>

#include "tables.h"

static const struct st_target *const targets[] = {
#define TARGET(name) &st_target_##name,
#include "generated/targets.inc"
#undef TARGET
};

#define TARGET_COUNT (sizeof(targets) / sizeof(targets[0]))

unsigned st_target_count(void)
{
    return TARGET_COUNT;
}

const struct st_target *st_target_at(unsigned i)
{
    return i < TARGET_COUNT ? targets[i] : NULL;
}

const struct st_target *st_target_by_name(const char *name)
{
    unsigned from = 0, to = TARGET_COUNT;

    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = strcmp(name, targets[middle]->name);

        if (order == 0) {
            return targets[middle];
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return NULL;
}

/* Debian's, Docker's and uname's names, where QEMU has another. */
static const struct {
    const char *name, *target;
} other_names[] = {
    { "amd64",     "x86_64" },
    { "arm64",     "aarch64" },
    { "armel",     "arm" },
    { "armhf",     "arm" },
    { "armv6l",    "arm" },
    { "armv7l",    "arm" },
    { "i486",      "i386" },
    { "i586",      "i386" },
    { "i686",      "i386" },
    { "loong64",   "loongarch64" },
    { "mips64le",  "mips64el" },
    { "mipsle",    "mipsel" },
    { "parisc",    "hppa" },
    { "powerpc",   "ppc" },
    { "powerpc64", "ppc64" },
    { "ppc64el",   "ppc64le" },
    { "x86",       "i386" },
    { "x86-64",    "x86_64" },
};

const char *st_target_meant(const char *name)
{
    for (unsigned i = 0; i < sizeof(other_names) / sizeof(*other_names); i++) {
        if (strcmp(name, other_names[i].name) == 0) {
            return other_names[i].target;
        }
    }
    return NULL;
}
