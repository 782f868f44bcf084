/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same seccomp profile, as the kernel's filter: built with libseccomp from
 * the JSON, run here over struct seccomp_data or in the kernel itself. */
#ifndef TESTS_DIFFERENTIAL_PROFILE_H
#define TESTS_DIFFERENTIAL_PROFILE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

enum { PROFILE_VALUES_MAX = 64 };

struct profile {
    struct sock_fprog program;
    uint64_t values[PROFILE_VALUES_MAX];    /* that its conditions compare */
    unsigned value_count;
};

/* Of the host. False after a message on standard error. */
bool profile_read(struct profile *ret, const char *path);
void profile_free(struct profile *p);

/* What the filter returns: SECCOMP_RET_* with its data. */
uint32_t profile_run(const struct profile *p, const struct seccomp_data *data);

/*
 * The call, made in a forked child below the filter, in the kernel: its errno
 * (negative), 0 for a success, or the signal that ended the child.
 */
int profile_try(const struct profile *p, const struct seccomp_data *data);

#endif
