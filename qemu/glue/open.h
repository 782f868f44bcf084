/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open: opening files, which are looked at before the guest has them. What the
 * guest's own calls need, policy_openat() and policy_openat2(), is in policy.h.
 */
#ifndef LINUX_USER_POLICY_OPEN_H
#define LINUX_USER_POLICY_OPEN_H

#include <sys/types.h>

/* For struct re_guest_ops, "open_host"; see there. */
int policy_open_host(void *guest, const char *path, int host_flags,
                     mode_t mode);

#endif
