/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records go: a file, a descriptor, standard error, the system's log, the
 * journal. A sink takes whole records and says of each whether it got through;
 * it never makes a guest wait for longer than RE_SINK_WAIT_MS, and that once.
 *
 * Threads: re_sink_write() may be called by any number of them, and by forked
 * children with a copy of the sink; it takes no lock and allocates nothing.
 *
 * Host calls that a sink makes while a guest runs, for a filter of them:
 *
 *     all         write, and gettid, getpid, prctl(PR_GET_NAME), clock_gettime
 *                 of those who format the record
 *     file        once a second newfstatat, fstat, pread64; after a rename
 *                 openat, fcntl(F_DUPFD_CLOEXEC, F_GETFL), dup3, close,
 *                 getrlimit (prlimit64) in the folder that was open from
 *                 the start; among threads, what re_guest_ops.apart makes
 *     pipe        rt_sigprocmask, rt_sigpending, rt_sigtimedwait, poll
 *     socket      sendto, poll; after an error connect
 *     journal     besides, for a record that is too large for a datagram:
 *                 memfd_create, fcntl(F_ADD_SEALS), mmap, munmap, sendmsg
 *     kernel:     getuid, getgid
 */
#ifndef RULEENGINE_SINK_H
#define RULEENGINE_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ruleengine/diag.h"

struct re_origin;

enum re_format {
    RE_FORMAT_JSON,         /* one object a line */
    RE_FORMAT_TERMINAL,     /* lines for people, with the time of day */
    RE_FORMAT_TEXT,         /* the same with date and zone: for files */
    RE_FORMAT_KERNEL,       /* type=SECCOMP, as the kernel's audit has it */
    RE_FORMAT_SYSLOG,       /* RFC 3164 with a JSON object behind "@cee:" */
    RE_FORMAT_JOURNAL,      /* fields of the journal's native protocol */
};

/* What a descriptor turned out to be. */
enum re_sink_kind {
    RE_SINK_NONE,           /* standard error was closed: all is lost */
    RE_SINK_FILE,           /* a regular file with a name: may be rotated */
    RE_SINK_PLAIN,          /* any other file, a terminal, a device */
    RE_SINK_PIPE,
    RE_SINK_STREAM,         /* a connected socket */
    RE_SINK_DATAGRAM,
};

/* How long one record waits for a reader, milliseconds. A reader that is not
 * there by then is waited for again only after it has taken a record. */
#define RE_SINK_WAIT_MS 200

struct re_sink {
    enum re_format format;
    enum re_sink_kind kind;
    int fd;                 /* its own, out of the guest's way; -1: NONE */
    size_t limit;           /* bytes that one record may have */
    bool is_stderr;         /* others write there, too */

    /* private */
    int (*apart)(void (*function)(void *arg), void *arg);   /* of re_guest_ops,
                               or NULL; set when it has been opened */
    int floor;              /* where its own descriptors stand */
    int dir_fd;             /* O_PATH: the folder of a FILE; or -1 */
    char *name;             /* of a FILE, in that folder */
    struct sockaddr_un peer;    /* of a DATAGRAM that can connect again */
    socklen_t peer_len;     /* 0: it cannot */
    atomic_llong looked;    /* the second of the last look at the name */
    atomic_bool own_torn;
    atomic_bool *torn;      /* the last line lacks its end: re_sink_share() */
    atomic_bool moved;      /* a FILE's name is another file's, or nobody's */
    atomic_bool stalled;    /* nobody reads: do not wait */
    bool terminal;
    bool limited;           /* a file may grow so far: RLIMIT_FSIZE */
};

/*
 * Opens what a specification names:
 *
 *     FILE                JSON lines, created with mode 0600 or appended to
 *     -                   readable lines on standard error
 *     fd:N                JSON lines to a descriptor, which is taken over (1
 *                         and 2 stay open beside it)
 *     text:  kernel:  json:   before one of these: another format
 *     syslog:[SOCKET]     the system's log, /dev/log
 *     journal:[SOCKET]    the journal
 *
 * 0 or a negative errno with diags. A closed standard error is a warning. The
 * origin keeps the name of a file for the next program image.
 */
int re_sink_open(struct re_sink *sink, const char *spec,
                 struct re_origin *origin,
                 struct re_diags *diags);

/* The same sink in the next program image: "fds" are what re_sink_fds() gave
 * there. They belong to the sink from now on, also when this fails. */
int re_sink_reopen(struct re_sink *sink, const char *spec, const int fds[2],
                   struct re_origin *origin,
                   struct re_diags *diags);
void re_sink_fds(const struct re_sink *sink, int fds[2]);

/* Where all processes that write to this sink tell each other that its last
 * line lacks its end; false at first, or what they know by now. Borrowed.
 * Without it the sink keeps that to itself. */
void re_sink_share(struct re_sink *sink, atomic_bool *torn);

/*
 * open(2) of a log that is appended to and created with mode 0600, in dir_fd
 * (or AT_FDCWD); "flags" come on top. A regular file is open for reading, too,
 * where that is allowed: for re_log_is_cut(). A pipe without a reader is ENXIO.
 */
int re_log_open(int dir_fd, const char *name, int flags);

/* How long nobody has written to a line that nobody will end, milliseconds. */
#define RE_LOG_LEFT_MS 500

/* Whether a regular file ends within a line whose writer has gone: killed, or
 * stopped by a full disk. "wait": until that is clear; otherwise false while a
 * writer may be busy. False where it cannot be found out. */
bool re_log_is_cut(int fd, bool wait);

/* The file of a FILE's name, opened anew or made; or -1. */
int re_sink_open_name(const struct re_sink *sink);

void re_sink_close(struct re_sink *sink);

/* One record, its newline included. "second": of the wall clock. False: it is
 * lost. errno is left alone. */
bool re_sink_write(struct re_sink *sink, const char *record, size_t len,
                   int64_t second);

#endif
