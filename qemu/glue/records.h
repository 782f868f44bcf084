/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records: the files that the emulator writes, logs, statistics and what is
 * learnt. They are evidence: the guest may read them, if its policy allows, and
 * nothing else.
 */
#ifndef LINUX_USER_POLICY_RECORDS_H
#define LINUX_USER_POLICY_RECORDS_H

#include <stdbool.h>
#include <sys/stat.h>

/* When all of them are open. */
void policy_records_prepare(void);

/* Whether there are any. */
bool policy_records_kept(void);

/* Whether a descriptor refers to one, or to what a log will go on in. */
bool policy_records_has(int fd);

/* Whether "last" in an open folder is the name of a log, existing or not. */
bool policy_records_named(int folder, const char *last);

/* Whether a path ends in the name of a log, wherever that is. */
bool policy_records_alike(const char *path);

#endif
