/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine needs of the emulator: the guest's memory and where it is.
 *
 * All functions may be called from any guest thread, at any time between
 * re_enter() and the end of the call, also with the engine's Lua lock held:
 * they must not enter the engine again.
 */
#ifndef RULEENGINE_GUEST_H
#define RULEENGINE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ruleengine/facts.h"

struct re_replacement {
    const char *path;       /* on the host, absolute; NULL: a file of ... */
    const void *bytes;
    size_t len;
    const char *name;       /* NULL: any */
    bool writable;
};

struct re_guest_ops {
    /* Copies len bytes out of, or into, guest memory at a guest address.
     * 0, or -EFAULT (then an unspecified part may have been copied). */
    int (*read)(void *guest, uint64_t addr, void *buf, size_t len);
    int (*write)(void *guest, uint64_t addr, const void *buf, size_t len);

    /* Copies a NUL-terminated string into buf[size], size >= 1. Returns its
     * length without the NUL; -ENAMETOOLONG when no NUL comes within size
     * bytes (buf then holds size - 1 bytes and a NUL); -EFAULT. */
    ssize_t (*read_string)(void *guest, uint64_t addr, char *buf, size_t size);

    /* The guest's program counter, at or just behind the system call. */
    uint64_t (*pc)(void *guest);

    /*
     * Resolves a path as the guest's call would and keeps hold of what it
     * found, so that the call, when it is carried out, acts on that and on
     * nothing else, whatever other threads do to the string, to links and to
     * directories meanwhile. Fills path->name, len and host. A path that
     * cannot be resolved makes the call fail when it is carried out, with the
     * errno that the kernel gives. NULL: this guest has no paths.
     */
    void (*path)(void *guest, const struct re_path_query *query,
                 struct re_path *path);

    /*
     * The canonical name, as the guest sees it, that a path of the policy has
     * now; 0, or a negative errno when there is no such file. NULL: policies
     * are taken literally.
     */
    int (*canonical)(const char *path, char *buf, size_t size);

    /*
     * A descriptor of the guest's for a regular file with these bytes, at
     * offset 0; the lowest free number, as open gives. "name" is what /proc
     * shows, NULL: any. open_flags are O_ACCMODE, O_CLOEXEC, O_NONBLOCK and the
     * like in the host's values: a file opened for reading alone can not be
     * changed by any way, one that is opened for writing is the descriptor's
     * own; O_TRUNC empties it. The descriptor, or the host's errno, negative:
     * -EMFILE when the guest has no number left. NULL: this guest has none.
     */
    int (*make_file)(void *guest, const void *bytes, size_t len,
                     const char *name, int open_flags);

    /*
     * Opens a path of the host's for the guest: not below -L, not asked of
     * the policy; what would show or change the emulator is -EACCES. Flags and
     * errnos are the host's. A FIFO may block; -EINTR when a signal comes.
     * NULL: this guest has none.
     */
    int (*open_host)(void *guest, const char *path, int host_flags,
                     mode_t mode);

    /*
     * Which directory a descriptor of the guest is, or RE_CWD: two numbers that
     * no other has while it exists. 0 or a negative errno. NULL: not known.
     */
    int (*identity)(void *guest, int dirfd, uint64_t ret[2]);

    /* Sleeps until a time of CLOCK_MONOTONIC, in ns. 0, or -EINTR when a
     * signal for the guest came before. NULL: nothing is ever delayed. */
    int (*sleep)(void *guest, uint64_t until);

    /* Sends the calling thread a signal; the host's number. NULL: none. */
    void (*signal)(void *guest, int number);

    /*
     * From here to the end of the call, a path of it, named by its query, leads
     * to something else: to "path" on the host (not below -L, not asked of the
     * policy), or, where that is NULL, to a regular file with these bytes,
     * which the call may change if it is "writable", for nobody else. "name" is
     * what /proc shows of it. 0, or the host's errno, negative. NULL: this
     * guest has no paths.
     */
    int (*replace)(void *guest, const struct re_path_query *query,
                   const struct re_replacement *with);

    /* Makes the directories, mode 0755, that the path of a query lacks but for
     * its last name, and resolves it anew. 0, or the host's errno, negative:
     * -EEXIST when there was nothing to make. NULL as above. */
    int (*make_parents)(void *guest, const struct re_path_query *query);
};

#endif
