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
#include <time.h>

#include "ruleengine/facts.h"

/* What is put in the place of a file. */
struct re_replacement {
    const char *path;       /* on the host, absolute; NULL: the file that ... */
    int fd;                 /* ... is open here, or (-1) one of ... */
    const void *bytes;
    size_t len;
    const char *name;       /* NULL: any */
    bool writable;
};

/* A register of the guest, as a debugger knows it. Strings are static. */
struct re_register {
    int number;             /* the debugger's */
    const char *name;       /* "x0" */
    const char *feature;    /* "org.gnu.gdb.aarch64.core", or "" */
};

enum re_field_kind {
    RE_FIELD_UNSIGNED,
    RE_FIELD_SIGNED,
    RE_FIELD_TEXT,          /* an array of char */
};

/* One member of a structure; offsets and sizes in bytes. */
struct re_field {
    const char *name;       /* as programs call it: "st_mtime" */
    enum re_field_kind kind;
    uint16_t offset, size;
};

struct re_layout {
    const char *name;       /* as the kernel calls it: "stat64" */
    uint16_t size;          /* bytes */
    uint16_t count;         /* of fields */
    const struct re_field *fields;
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

    /*
     * A line is about to be written to standard error. Where the emulator
     * itself has begun one there for this thread (a call in a trace of calls),
     * it is cut here. NULL: it never has.
     */
    void (*cut_line)(void);

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
     * What a descriptor of the guest refers to, which do_syscall argument
     * "reg" names (from RE_BLOCK_REG on: a word of the block): its canonical
     * path in path->name, empty for what has none.
     * The call, when it is carried out, acts on that file, whatever other
     * threads do to the number meanwhile. NULL: nothing has a path.
     */
    void (*descriptor)(void *guest, int fd, int reg, struct re_path *path);

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

    /* Where a descriptor of the guest's is in its file; puts it there, if "to"
     * is not negative. A negative errno. NULL: this guest has none. */
    int64_t (*seek)(void *guest, int fd, int64_t to);

    /*
     * Takes a connection for a call of the guest, accept (flags 0) or accept4,
     * with arguments 0 to 2 of it, waiting for one as the call does. The guest
     * can not use it before the call is carried out, which then gives it this
     * one; a call that ends without closes it. Until then no signal ends
     * "sleep". Puts the peer's address, in the guest's layout, into
     * bytes[RE_SOCKADDR_MAX] and returns its length, or what the call ends
     * with: a guest errno, negative, or RE_RESULT_AGAIN. NULL: no condition
     * asks who a peer is.
     */
    int64_t (*accept)(void *guest, const uint64_t *args, uint32_t flags,
                      unsigned char *bytes);

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

    /*
     * Resolves an absolute path of a query anew, below the guest's root (QEMU's
     * -L) and nowhere else, as after chroot; there, a call that makes something
     * finds the directories that lead to it. Other paths, and all where there
     * is no such root, are resolved as by "path". 0, or the host's errno,
     * negative; what the call itself fails with is no error here. NULL as
     * above.
     */
    int (*below_root)(void *guest, const struct re_path_query *query);

    /*
     * Runs a function with descriptors and a working folder of its own, a copy
     * of what there is and gone when it returns: no other thread of the guest
     * can use what it opens. For the rest it runs as if it had been called,
     * with no signal and some 32 KiB of stack. 0; 1, and it was not run, if the
     * guest has but one thread; the host's errno, negative. NULL: this guest
     * has no threads.
     */
    int (*apart)(void (*function)(void *arg), void *arg);

    /* --- for handlers in Lua; each may be NULL: it is not to be had ------ */

    /*
     * Keeps a copy of some bytes (and a NUL behind them) for the rest of this
     * call, at a guest address where only the emulator finds them: what a
     * handler has chosen in the place of argument "reg" (0 .. 7), whose former
     * bytes go away. 0, or -E2BIG, -ENOMEM.
     */
    int (*keep)(void *guest, unsigned reg, const void *bytes, size_t len,
                uint64_t *ret_addr);

    /* Guest memory of whole pages, zeroed, for reading and writing. 0, or a
     * negative errno of the host. */
    int (*alloc)(void *guest, size_t size, uint64_t *ret_addr);
    int (*release)(void *guest, uint64_t addr, size_t size);

    /* What a descriptor of the guest, or RE_CWD, refers to, as the guest sees
     * it: the length, or a negative errno of the host. For records as well. */
    ssize_t (*fd_path)(void *guest, int fd, char *buf, size_t size);

    /* The i-th register in a debugger's list; false past the end. */
    bool (*register_at)(void *guest, unsigned i, struct re_register *ret);

    /* A register's bytes, in the guest's order. Returns how many there are;
     * -ENOENT: no such register, -EPERM: it cannot be set, -EINVAL: that is not
     * its size. */
    ssize_t (*read_register)(void *guest, int number, void *buf, size_t size);
    ssize_t (*write_register)(void *guest, int number, const void *buf,
                              size_t size);

    /* Structures in the guest's layout; behind the last one, one without a
     * name. */
    const struct re_layout *layouts;
};

#endif
