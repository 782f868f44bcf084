/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * made: descriptors that the policy makes for the guest. They are files of the
 * host's kernel like all others of the guest: read, lseek, mmap, fstat, dup,
 * fork and execve know nothing of it.
 */
#ifndef LINUX_USER_POLICY_MADE_H
#define LINUX_USER_POLICY_MADE_H

/* For struct re_guest_ops; see there. */
int policy_made_file(void *guest, const void *bytes, size_t len,
                     const char *name, int open_flags);

/* The same, among the emulator's own descriptors: the caller's to close. A
 * descriptor, or a negative errno. */
int policy_made_aside(const void *bytes, size_t len, const char *name,
                      bool writable);

#endif
