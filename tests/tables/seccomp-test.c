/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, against libseccomp's tables wherever it has the target and the
 * call. */
#include <string.h>

#include <seccomp.h>

#include "syscall-tables.h"
#include "check.h"

static struct checks checks;

static const struct {
    const char *target;
    uint32_t token;
} targets[] = {
    { "aarch64", SCMP_ARCH_AARCH64 },   { "arm", SCMP_ARCH_ARM },
    { "hppa", SCMP_ARCH_PARISC },       { "i386", SCMP_ARCH_X86 },
    { "mips", SCMP_ARCH_MIPS },         { "mips64", SCMP_ARCH_MIPS64 },
    { "mips64el", SCMP_ARCH_MIPSEL64 }, { "mipsel", SCMP_ARCH_MIPSEL },
    { "mipsn32", SCMP_ARCH_MIPS64N32 },
    { "mipsn32el", SCMP_ARCH_MIPSEL64N32 },
    { "ppc", SCMP_ARCH_PPC },           { "ppc64", SCMP_ARCH_PPC64 },
    { "ppc64le", SCMP_ARCH_PPC64LE },   { "riscv64", SCMP_ARCH_RISCV64 },
    { "s390x", SCMP_ARCH_S390X },       { "x86_64", SCMP_ARCH_X86_64 },
};

/* The number of the call itself, not of a spelling or a sub-call; -1: none. */
static int number_of(const struct st_target *t, const char *name)
{
    unsigned i;

    for (i = 0; i < st_number_count(t); i++) {
        if (st_slot_name(t, i) && strcmp(st_slot_name(t, i), name) == 0) {
            return st_number_of_slot(t, i);
        }
    }
    return -1;
}

/* QEMU's table for n64 has this line under an ABI that it does not use. */
static int is_lost(const struct st_target *t, const char *name)
{
    return strncmp(st_target_name(t), "mips64", 6) == 0 &&
        strcmp(name, "set_mempolicy_home_node") == 0;
}

static void check_target(const struct st_target *t, uint32_t token)
{
    unsigned i, agreed = 0;
    const char *name;

    for (i = 0; (name = st_name_at(i)); i++) {
        int theirs = seccomp_syscall_resolve_name_arch(token, name);
        int ours = number_of(t, name);

        int slot = theirs < 0 ? -1 : st_slot_of_number(t, theirs);

        if (theirs < 0 || (ours < 0 && (slot < 0 || is_lost(t, name)))) {
            /* Not known to libseccomp, multiplexed, or newer than the table:
             * nothing to compare. */
            continue;
        }
        if (ours < 0) {
            /* The number has to be in the table, under another spelling. */
            const char *other = st_slot_name(t, slot);

            CHECK(&checks, other && strcmp(st_canonical_name(other),
                                           st_canonical_name(name)) == 0,
                  "%s %s: libseccomp has it as %d, the table %s",
                  st_target_name(t), name, theirs, other ? other : "nothing");
            continue;
        }
        CHECK(&checks, theirs == ours, "%s %s: %d, libseccomp has %d",
              st_target_name(t), name, ours, theirs);
        agreed++;
    }
    CHECK(&checks, agreed > 250, "%s: only %u calls in common",
          st_target_name(t), agreed);
}

int main(void)
{
    unsigned i;

    for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        const struct st_target *t = st_target_by_name(targets[i].target);

        CHECK(&checks, st_audit_arch(t) == targets[i].token, "%s: %#x, %#x",
              targets[i].target, st_audit_arch(t), targets[i].token);
        check_target(t, targets[i].token);
    }
    return check_result(&checks);
}
