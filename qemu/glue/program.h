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
    int fd;                     /* O_RDONLY, offset 0; O_PATH with threads */
    int interpreter_fd;         /* the same, of its dynamic loader; or -1 */
    char *name;                 /* as the guest sees it: AT_EXECFN */
    char *real;                 /* without links, as the host sees it */
    const struct st_target *target;     /* NULL: no program of any target */
    GPtrArray *args;            /* of char *, NULL at the end */
    bool outside;               /* the host is to run it */
};

/* What the guest wants executed: execveat's arguments; the path may be one that
 * -L redirects. */
struct program_call {
    int dirfd;
    const char *path;
    int flags;
    /* dirfd and path as the guest has said them, whatever the policy has put
     * in their place */
    int given_dirfd;
    const char *given;
    int pinned;                 /* the file if the policy has found it, or -1 */
};

/*
 * Opens the program, follows "#!" and checks it. 0, or a negative errno of the
 * host. "argv" are the guest's arguments, copied.
 */
int program_open(struct program *ret, const struct program_call *call,
                 char **argv);
void program_close(struct program *program);

#endif
