/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sinks: getting a record out, whatever has become of the other end. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ruleengine/numbers.h"

enum { POLL_TRIES = 4 };        /* signals cut a wait short */

/* True once for each second, whichever thread asks. */
static bool new_second(struct re_sink *sink, int64_t second)
{
    long long looked = atomic_load_explicit(&sink->looked,
                                            memory_order_relaxed);

    return looked != second &&
        atomic_compare_exchange_strong(&sink->looked, &looked, second);
}

/* --- the file itself ---------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int re_log_open(int dir_fd, const char *name, int flags)
{
    struct stat here, there;
    int fd, both;

    /* O_NONBLOCK: a pipe without a reader is an error, a full one loses
     * records (counted). */
    flags |= O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    fd = openat(dir_fd, name, flags | O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || fstat(fd, &here) < 0 || !S_ISREG(here.st_mode)) {
        return fd;
    }
    both = openat(dir_fd, name, flags | O_RDWR);
    if (both >= 0 && fstat(both, &there) == 0 && same_file(&here, &there)) {
        close(fd);
        return both;
    }
    if (both >= 0) {
        close(both);
    }
    return fd;
}

/* Whether its writer has had the time to end the line. */
static bool is_left(const struct stat *st)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - st->st_mtim.tv_sec) * 1000 +
        (now.tv_nsec - st->st_mtim.tv_nsec) / 1000000 > RE_LOG_LEFT_MS;
}

bool re_log_is_cut(int fd, bool wait)
{
    const struct timespec a_while = { 0, RE_LOG_LEFT_MS / 20 * 1000000L };
    struct stat st;
    char last;

    for (int i = 0; ; i++) {
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
            pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n') {
            return false;
        }
        /* Another machine's clock may be wrong. */
        if (is_left(&st) || (wait && i > 20)) {
            return true;
        }
        if (!wait) {
            return false;
        }
        nanosleep(&a_while, NULL);
    }
}

/* --- rotation ---------------------------------------------------------- */

/*
 * Whether a descriptor is what a log may go on in: the file of that name, by no
 * other name as well (a guest could have linked it to someone else's), open as
 * we have opened it. Another thread of the guest could have put something else
 * in its place while it had a number within the guest's reach.
 */
static bool may_go_on(const struct re_sink *sink, int fd)
{
    const int how = fcntl(fd, F_GETFL);
    struct stat here, there;

    return how >= 0 && (how & O_APPEND) && (how & O_ACCMODE) != O_RDONLY &&
        fstat(fd, &here) == 0 && S_ISREG(here.st_mode) &&
        here.st_nlink == 1 &&
        fstatat(sink->dir_fd, sink->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        same_file(&here, &there);
}

/* The file of the name as it is now, or a new one; or -1. */
static int open_named(const struct re_sink *sink)
{
    int fd = re_log_open(sink->dir_fd, sink->name, O_NOFOLLOW);

    if (fd >= 0 && !may_go_on(sink, fd)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int re_sink_open_name(const struct re_sink *sink)
{
    int low = open_named(sink);
    int high = low < 0 ? -1 : re_move_to(low, sink->floor);

    if (low >= 0) {
        close(low);
    }
    if (high >= 0 && !may_go_on(sink, high)) {
        re_number_close(high);
        high = -1;
    }
    return high;
}

/* In the place of the descriptor, in one step: another thread may be
 * writing. */
static void open_again(struct re_sink *sink)
{
    int fd = re_sink_open_name(sink);

    if (fd >= 0) {
        dup3(fd, sink->fd, O_CLOEXEC);
        re_number_close(fd);
    }
}

static void look_at_end(struct re_sink *sink, int fd)
{
    if (re_log_is_cut(fd, false)) {
        atomic_store(sink->torn, true);
    }
}

/* Has somebody renamed or removed the file? Has somebody who wrote into it been
 * killed within a line? */
static void follow_name(struct re_sink *sink)
{
    struct stat here, there;
    bool moved;

    if (!sink->name || sink->dir_fd < 0 || fstat(sink->fd, &here) < 0) {
        return;
    }
    moved = fstatat(sink->dir_fd, sink->name, &there,
                    AT_SYMLINK_NOFOLLOW) < 0 || !same_file(&here, &there);
    atomic_store(&sink->moved, moved);
    if (!moved) {
        look_at_end(sink, sink->fd);
    }
}

/* --- waiting ----------------------------------------------------------- */

/* Whether a reader makes room in time; it is waited for once. */
static bool wait_for_room(struct re_sink *sink)
{
    struct pollfd p = { .fd = sink->fd, .events = POLLOUT };

    for (int i = 0; i < POLL_TRIES && !atomic_load(&sink->stalled); i++) {
        int n = poll(&p, 1, RE_SINK_WAIT_MS / POLL_TRIES);

        if (n > 0) {
            return p.revents & POLLOUT;
        }
    }
    atomic_store(&sink->stalled, true);
    return false;
}

/* --- files, terminals -------------------------------------------------- */

static ssize_t write_once(int fd, const char *bytes, size_t len)
{
    ssize_t n;

    do {
        n = write(fd, bytes, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/*
 * write(2) to a pipe whose reader has gone sends SIGPIPE, to a file that may
 * not grow SIGXFSZ, which would be the guest's to die of. It is held back, and
 * taken unless it was pending before.
 */
static ssize_t write_without(int sig, int fd, const char *bytes, size_t len)
{
    const struct timespec at_once = { 0, 0 };
    const int sent_with = sig == SIGPIPE ? EPIPE : EFBIG;
    sigset_t set, before, pending;
    ssize_t n;
    int err;

    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    sigpending(&pending);
    n = write_once(fd, bytes, len);
    err = errno;
    if (n < 0 && err == sent_with && !sigismember(&pending, sig)) {
        while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return n;
}

static ssize_t write_file(const struct re_sink *sink, int fd,
                          const char *bytes, size_t len)
{
    return sink->limited ? write_without(SIGXFSZ, fd, bytes, len) :
        write_once(fd, bytes, len);
}

/* A line that was cut short gets its newline before the next one. */
static bool write_to(struct re_sink *sink, int fd, const char *bytes,
                     size_t len)
{
    ssize_t n;

    if (atomic_load_explicit(sink->torn, memory_order_relaxed) &&
        write_file(sink, fd, "\n", 1) == 1) {
        atomic_store(sink->torn, false);
    }
    n = write_file(sink, fd, bytes, len);
    while (n > 0 && (size_t)n < len && sink->terminal) {
        bytes += n;
        len -= n;
        n = write_file(sink, fd, bytes, len);
    }
    if (n > 0 && (size_t)n < len) {
        atomic_store(sink->torn, true);
    }
    return n >= 0 && (size_t)n == len;
}

static bool write_plain(struct re_sink *sink, const char *bytes, size_t len)
{
    return write_to(sink, sink->fd, bytes, len);
}

/* --- files that have another name by now -------------------------------- */

/* One record for the file of the name, opened for it alone. */
struct errand {
    struct re_sink *sink;
    const char *bytes;
    size_t len;
    bool look;                  /* at the file's end first */
    bool opened, done;
};

static void write_named(void *opaque)
{
    struct errand *e = opaque;
    int fd = open_named(e->sink);

    e->opened = fd >= 0;
    if (e->opened && e->look) {
        look_at_end(e->sink, fd);
    }
    e->done = e->opened && write_to(e->sink, fd, e->bytes, e->len);
    if (e->opened) {
        close(fd);
    }
}

/*
 * The log goes on in the file that has its name now. Where another thread of
 * the guest could use a new descriptor before it is out of reach, there is
 * none: each record opens the file where no thread of the guest sees it, until
 * the process has but one thread, forks or executes another program. If that
 * cannot be, the file that was renamed gets the record.
 */
static bool write_moved(struct re_sink *sink, const char *bytes, size_t len,
                        bool look)
{
    struct errand errand = { sink, bytes, len, look, false, false };
    int ret = sink->apart ? sink->apart(write_named, &errand) : 1;

    if (ret == 1) {
        atomic_store(&sink->moved, false);
        open_again(sink);
        look_at_end(sink, sink->fd);
    }
    return errand.opened ? errand.done : write_plain(sink, bytes, len);
}

static bool write_followed(struct re_sink *sink, const char *bytes, size_t len,
                           int64_t second)
{
    bool look = new_second(sink, second);

    if (look) {
        follow_name(sink);
    }
    return atomic_load_explicit(&sink->moved, memory_order_relaxed) ?
        write_moved(sink, bytes, len, look) : write_plain(sink, bytes, len);
}

/* --- pipes ------------------------------------------------------------- */

/* At most PIPE_BUF bytes: all of them or none. */
static bool write_pipe(struct re_sink *sink, const char *bytes, size_t len)
{
    ssize_t n = write_without(SIGPIPE, sink->fd, bytes, len);

    if (n < 0 && errno == EAGAIN && wait_for_room(sink)) {
        n = write_without(SIGPIPE, sink->fd, bytes, len);
    }
    return n >= 0 && (size_t)n == len;
}

/* --- sockets ----------------------------------------------------------- */

static bool peer_has_gone(int err)
{
    return err == ECONNREFUSED || err == ENOTCONN || err == ECONNRESET ||
        err == EPIPE || err == ENOENT || err == EDESTADDRREQ;
}

/* A daemon that has been started again has another socket of the same name. */
static bool connect_again(struct re_sink *sink, int64_t second)
{
    return sink->peer_len > 0 && new_second(sink, second) &&
        connect(sink->fd, (struct sockaddr *)&sink->peer,
                sink->peer_len) == 0;
}

static ssize_t send_once(struct re_sink *sink, const char *bytes, size_t len)
{
    ssize_t n;

    do {
        n = send(sink->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n;
}

static bool holds(int fd, const char *bytes, size_t len)
{
    void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    bool same = map != MAP_FAILED && memcmp(map, bytes, len) == 0;

    if (map != MAP_FAILED) {
        munmap(map, len);
    }
    return same;
}

/* The bytes in a sealed memfd, or -1. Until it had been moved, other threads
 * of the guest could reach it: what counts is what has been sealed. */
static int sealed(const struct re_sink *sink, const char *bytes, size_t len)
{
    int low = memfd_create("policy-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int fd = low < 0 ? -1 : re_move_to(low, sink->floor);

    if (low >= 0) {
        close(low);
    }
    if (fd >= 0 && (write_once(fd, bytes, len) != (ssize_t)len ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
                          F_SEAL_GROW | F_SEAL_WRITE) < 0 ||
                    !holds(fd, bytes, len))) {
        re_number_close(fd);
        fd = -1;
    }
    return fd;
}

/* The journal takes what is too large for a datagram in this form. */
static ssize_t send_file(struct re_sink *sink, const char *bytes, size_t len)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = {
        .msg_control = &control, .msg_controllen = sizeof(control),
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    int fd = sealed(sink, bytes, len);
    ssize_t n;

    if (fd < 0) {
        return -1;
    }
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(int));
    n = sendmsg(sink->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    re_number_close(fd);
    return n < 0 ? -1 : (ssize_t)len;
}

static bool send_record(struct re_sink *sink, const char *bytes, size_t len,
                        int64_t second)
{
    ssize_t n = send_once(sink, bytes, len);

    if (n < 0 && peer_has_gone(errno) && connect_again(sink, second)) {
        n = send_once(sink, bytes, len);
    }
    if (n < 0 && errno == EAGAIN && wait_for_room(sink)) {
        n = send_once(sink, bytes, len);
    }
    if (n < 0 && (errno == EMSGSIZE || errno == ENOBUFS) &&
        sink->format == RE_FORMAT_JOURNAL) {
        n = send_file(sink, bytes, len);
    }
    return n >= 0 && (size_t)n == len;
}

/* On a stream, what was cut short goes on when there is room again. */
static bool send_stream(struct re_sink *sink, const char *bytes, size_t len)
{
    ssize_t n;

    if (atomic_load(sink->torn) && send_once(sink, "\n", 1) == 1) {
        atomic_store(sink->torn, false);
    }
    n = send_once(sink, bytes, len);
    if (n < 0 && errno == EAGAIN && wait_for_room(sink)) {
        n = send_once(sink, bytes, len);
    }
    while (n > 0 && (size_t)n < len && wait_for_room(sink)) {
        bytes += n;
        len -= n;
        n = send_once(sink, bytes, len);
    }
    if (n > 0 && (size_t)n < len) {
        atomic_store(sink->torn, true);
    }
    return n >= 0 && (size_t)n == len;
}

/* ----------------------------------------------------------------------- */

static bool put(struct re_sink *sink, const char *bytes, size_t len,
                int64_t second)
{
    switch (sink->kind) {
    case RE_SINK_FILE:
        return write_followed(sink, bytes, len, second);
    case RE_SINK_PLAIN:
        return write_plain(sink, bytes, len);
    case RE_SINK_PIPE:
        return write_pipe(sink, bytes, len);
    case RE_SINK_STREAM:
        return send_stream(sink, bytes, len);
    case RE_SINK_DATAGRAM:
        return send_record(sink, bytes, len, second);
    case RE_SINK_NONE:
        break;
    }
    return false;
}

bool re_sink_write(struct re_sink *sink, const char *record, size_t len,
                   int64_t second)
{
    int saved = errno;
    bool done = put(sink, record, len, second);

    if (done && atomic_load_explicit(&sink->stalled, memory_order_relaxed)) {
        atomic_store(&sink->stalled, false);
    }
    errno = saved;
    return done;
}
