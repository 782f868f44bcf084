/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc: files of /proc that show the emulator or change it, by whatever name
 * they have been opened, and what a guest sees instead.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_PROC_H
#define LINUX_USER_POLICY_PROC_H

enum policy_proc {
    POLICY_PROC_PLAIN,          /* not of /proc, or nothing of the emulator's */
    POLICY_PROC_REFUSED,
    POLICY_PROC_MAPS, POLICY_PROC_SMAPS, POLICY_PROC_AUXV,  /* QEMU makes them,
                                   of the guest's own process */
    POLICY_PROC_ENVIRON,        /* of the guest's own, from its memory */
    POLICY_PROC_STAT,           /* of any process: without addresses */
    POLICY_PROC_CMDLINE,        /* without the emulator's options */
};

/* What an open file is, O_PATH or not. */
enum policy_proc policy_proc_look(int fd);

/*
 * What the guest gets for such a file, which is not PLAIN, with open's flags: a
 * descriptor, or -1 and errno. "closes": the file's number is given back first,
 * for it may be the one that the guest's has to have.
 */
int policy_proc_open(CPUArchState *env, int fd, enum policy_proc entry,
                     int flags, bool closes);

#endif
