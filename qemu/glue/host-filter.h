/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-filter: struct host_calls as a program for the host's seccomp.
 *
 * Made by hand rather than by libseccomp: some 80 ranges of numbers instead of
 * a rule for each call. libseccomp takes 1.2 ms to build and 3 ms to load what
 * is built and loaded here in 0.4 ms; all of start-up may take 3. A test runs
 * the program for all numbers and compares it with the table, and with what
 * libseccomp makes of it.
 *
 *     open                      allowed; the kernel keeps a map of these and
 *                               does not run the program for them
 *     refused                   EPERM
 *     numbers without a name    ENOSYS: a newer C library falls back
 *     another architecture      the process is killed
 *
 * Checked by arguments:
 *
 *     clone       no new namespaces, nobody traced (QEMU passes on neither)
 *     clone3      ENOSYS: its arguments are out of sight
 *     execveat    a descriptor, AT_EMPTY_PATH alone: an emulator
 *     ioctl       not TIOCSTI, not TIOCLINUX
 *     prctl       where the guest has none of its own: a name, dumpable,
 *                 no_new_privs, seccomp, names of mappings
 */
#ifndef LINUX_USER_POLICY_HOST_FILTER_H
#define LINUX_USER_POLICY_HOST_FILTER_H

#include <linux/filter.h>

#include "host-calls.h"

#define HOST_FILTER_MAX 2048    /* instructions; the kernel takes 4096 */

struct host_filter {
    unsigned short len;
    struct sock_filter code[HOST_FILTER_MAX];
};

/* 0; -E2BIG when it does not fit. */
int host_filter_make(struct host_filter *ret, const struct host_calls *calls);

#endif
