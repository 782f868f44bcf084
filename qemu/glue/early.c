/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * early: what is cheap only while the process has one thread.
 *
 * The emulator's own descriptors and pins lie some 4,000 numbers up. The kernel
 * makes a table of that size when the first of them is opened; while threads
 * share the table it waits for all processors to have seen the old one, 7 ms or
 * more. QEMU's RCU thread is made by a constructor without a priority: this one
 * comes before. Forked children copy the table at its size.
 */
#include "qemu/osdep.h"

#include <sys/resource.h>

#include <ruleengine/numbers.h>

#include "handover.h"

#define PRIORITY 200            /* 101 is the first that a program may have */

static bool is_option(const char *arg)
{
    static const char *const options[] = {
        "policy", "rules", "policy-learn", "policy-stats",
        POLICY_HAND_OVER + 1,
    };

    if (arg[0] != '-') {
        return false;
    }
    arg += 1 + (arg[1] == '-');
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        size_t len = strlen(options[i]);

        if (strncmp(arg, options[i], len) == 0 &&
            (arg[len] == '\0' || arg[len] == '=')) {
            return true;
        }
    }
    return false;
}

static bool is_handed_over(char **argv)
{
    return argv && argv[0] && argv[1] && strcmp(argv[1], POLICY_HAND_OVER) == 0;
}

/* A word of the guest's that looks like an option costs a little time, and no
 * more. */
static bool wants_policy(char **argv)
{
    if (getenv("QEMU_POLICY") || getenv("QEMU_RULES") ||
        getenv("QEMU_POLICY_LEARN") || getenv("QEMU_POLICY_STATS")) {
        return true;
    }
    for (; argv && *argv; argv++) {
        if (is_option(*argv)) {
            return true;
        }
    }
    return false;
}

/* The C library hands constructors what it hands main(). */
static void __attribute__((constructor(PRIORITY)))
grow_table(int argc, char **argv)
{
    struct rlimit limit;
    int fd, high;

    if (!wants_policy(argv)) {
        return;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    if (!is_handed_over(argv)) {
        re_numbers_make_room();
    }
    fd = open("/", O_PATH | O_CLOEXEC);
    high = fd < 0 ? -1 :
        fcntl(fd, F_DUPFD_CLOEXEC, re_high_floor() + RE_HIGH_COUNT - 1);
    if (high >= 0) {
        close(high);
    }
    if (fd >= 0) {
        close(fd);
    }
    setrlimit(RLIMIT_NOFILE, &limit);
}
