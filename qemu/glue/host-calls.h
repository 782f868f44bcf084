/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host-calls: which system calls of the host an emulator below a policy needs.
 *
 * QEMU carries a guest's call out by one or more of the host's, often under
 * other names; and it needs some for itself. What remains can be refused by the
 * host's kernel, whatever becomes of the emulator.
 *
 * Knows nothing of QEMU's code and includes none of its headers: qemu-policy
 * and the tests use it as the emulators do.
 */
#ifndef LINUX_USER_POLICY_HOST_CALLS_H
#define LINUX_USER_POLICY_HOST_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <syscall-tables.h>

/* What is open for other reasons than the guest's calls: bits. */
enum {
    HOST_CALLS_LOOK   = 1 << 0, /* a condition asks where paths lead */
    HOST_CALLS_FILES  = 1 << 1, /* files of the host stand in for the guest's */
    HOST_CALLS_LOG    = 1 << 2, /* files are written: logs, statistics */
    HOST_CALLS_SEND   = 1 << 3, /* a log is a socket */
    HOST_CALLS_ACCEPT = 1 << 4, /* connections are judged by their peers */
};

/*
 * One byte per slot of the host's table. What is REFUSED fails with EPERM;
 * CHECKED depends on arguments (host-filter.h).
 */
enum host_call {
    HOST_CALL_REFUSED,
    HOST_CALL_OPEN,
    HOST_CALL_CHECKED,
};

struct host_calls {
    const struct st_target *host;
    uint8_t state[ST_MAX_SLOTS];    /* enum host_call */
    bool prctl_open;                /* the guest's own: all operations */
};

/* The table of the machine that this is compiled for; NULL: there is none. */
const struct st_target *host_calls_machine(void);

/*
 * "may_run" says whether the policy can ever let a slot's call of the guest
 * run. 0, or -ENOENT when there is no table for this machine.
 */
int host_calls_derive(struct host_calls *ret, const struct st_target *guest,
                      bool (*may_run)(const void *policy, unsigned slot),
                      const void *policy, unsigned reasons);

/* How many are not refused, and of how many that the host has. */
unsigned host_calls_count(const struct host_calls *calls, unsigned *ret_all);

/* For tests: what a guest's call leads to. */
enum host_way {
    HOST_WAY_SAME,              /* the host's call of that name */
    HOST_WAY_GROUP,             /* one or more of a group */
    HOST_WAY_NONE,              /* nothing: QEMU does it itself or not at all */
    HOST_WAY_UNKNOWN,           /* a gap */
};

enum host_way host_calls_way(const char *guest_name);

#endif
