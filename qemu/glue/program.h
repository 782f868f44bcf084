/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program: what a file that the guest wants executed is, found out the way the
 * kernel does, before anything is given up for it.
 */
#ifndef LINUX_USER_POLICY_PROGRAM_H
#define LINUX_USER_POLICY_PROGRAM_H

#include <syscall-tables.h>

/* How often one script may lead to another. */
#define PROGRAM_SCRIPTS_MAX 5

struct program {
    int path_fd;                /* O_PATH */
    int fd;                     /* O_RDONLY, offset 0 */
    char *name;                 /* as the guest sees it: AT_EXECFN */
    char *real;                 /* without links, as the host sees it */
    const struct st_target *target;     /* NULL: no program of any target */
    GPtrArray *args;            /* of char *, NULL at the end */
    bool outside;               /* the host is to run it */
};

/*
 * Opens the program behind a path (as execveat's arguments; the path may be
 * the one that -L redirects), follows "#!" and checks it; "given" is the path in
 * the guest's own words; "pinned" is the file if the policy has found it
 * already, or -1. 0, or a negative
 * errno of the host. "argv" are the guest's arguments, copied.
 */
int program_open(struct program *ret, int dirfd, const char *path,
                 const char *given, int pinned, char **argv, int flags);
void program_close(struct program *program);

#endif
