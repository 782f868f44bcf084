/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs: files, gzip files, pipes; whole, or as they grow. */
#include "policy-report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* --- lines -------------------------------------------------------------- */

/* Bytes that arrive in pieces, cut into lines. */
struct lines {
    char buf[REPORT_LINE_MAX];
    size_t len;
    bool skipping;          /* the rest of a line that was too long */
};

static void take_line(const struct report_source *s, struct lines *l,
                      const char *line, size_t len)
{
    if (l->skipping) {
        l->skipping = false;
    } else {
        report_sum_line(s->sum, s->parser, line, len);
    }
}

/* After bytes have been added to the buffer. */
static void cut_lines(const struct report_source *s, struct lines *l)
{
    char *at = l->buf, *end = l->buf + l->len, *newline;

    while ((newline = memchr(at, '\n', end - at))) {
        take_line(s, l, at, newline + 1 - at);
        at = newline + 1;
    }
    l->len = end - at;
    memmove(l->buf, at, l->len);
    if (l->len == sizeof(l->buf)) {
        if (!l->skipping) {
            s->sum->damaged++;
            s->sum->lines++;
        }
        l->skipping = true;
        l->len = 0;
    }
}

/* At the end of a file: a line without its newline. */
static void end_lines(const struct report_source *s, struct lines *l)
{
    if (l->len > 0 || l->skipping) {
        take_line(s, l, l->buf, l->len);
    }
    l->len = 0;
}

static bool complain(const char *path, const char *why)
{
    fprintf(stderr, "qemu-policy report: %s: %s\n", path, why);
    return false;
}

/* --- a whole log -------------------------------------------------------- */

/* On standard error, a few times a second. */
struct progress {
    const char *path;
    off_t size;             /* 0: not known */
    struct timespec shown;
    bool any;
};

static void show_progress(const struct report_source *s, struct progress *p,
                          gzFile in)
{
    struct timespec now;
    uint64_t lines = s->sum->lines;

    if (!s->progress) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - p->shown.tv_sec +
        (now.tv_nsec - p->shown.tv_nsec) / 1e9 < 0.25) {
        return;
    }
    p->shown = now;
    p->any = true;
    fprintf(stderr, "\r%s: ", p->path);
    if (p->size > 0) {
        fprintf(stderr, "%3d %%, ", (int)(100 * gzoffset(in) / p->size));
    }
    fprintf(stderr, "%.1f million lines\033[K", lines / 1e6);
}

static void end_progress(const struct progress *p)
{
    if (p->any) {
        fputs("\r\033[K", stderr);
    }
}

static bool read_all(const struct report_source *s, gzFile in,
                     struct progress *p)
{
    struct lines *l = policy_need(calloc(1, sizeof(*l)));
    int n, error;
    const char *why;

    while ((n = gzread(in, l->buf + l->len, sizeof(l->buf) - l->len)) > 0) {
        l->len += n;
        cut_lines(s, l);
        show_progress(s, p, in);
    }
    end_lines(s, l);
    free(l);
    end_progress(p);
    why = gzerror(in, &error);
    if (n < 0 || (error != Z_OK && error != Z_STREAM_END)) {
        /* A gzip file that is still being written ends early. */
        return complain(p->path, error == Z_ERRNO ? strerror(errno) : why);
    }
    return true;
}

bool report_read(const struct report_source *s, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct progress p = { .path = is_stdin ? "standard input" : path };
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    gzFile in;
    bool fine;

    if (fd < 0) {
        return complain(p.path, strerror(errno));
    }
    if (fstat(fd, &st) == 0) {
        p.size = S_ISREG(st.st_mode) ? st.st_size : 0;
        if (S_ISDIR(st.st_mode)) {
            close(fd);
            return complain(path, strerror(EISDIR));
        }
    }
    in = policy_need(gzdopen(fd, "rb"));
    gzbuffer(in, 1 << 18);
    fine = read_all(s, in, &p);
    gzclose(in);
    return fine;
}

/* --- a log that grows --------------------------------------------------- */

/*
 * A log is rotated by renaming it: a guest may go on in the renamed file for a
 * while, so that this one is read until the next rotation. A log that became
 * shorter was emptied.
 */
struct tail {
    const char *path;
    int fd, old;            /* -1: none */
    struct lines *lines, *old_lines;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void read_new(const struct report_source *s, int fd, struct lines *l)
{
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n;

    if (at > 0 && fstat(fd, &st) == 0 && st.st_size < at) {
        lseek(fd, 0, SEEK_SET);
        end_lines(s, l);
    }
    while ((n = read(fd, l->buf + l->len, sizeof(l->buf) - l->len)) > 0) {
        l->len += n;
        cut_lines(s, l);
    }
}

static bool same_file(int fd, const char *path)
{
    struct stat a, b;

    return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
        a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void follow_rename(const struct report_source *s, struct tail *t)
{
    struct lines *spare = t->old_lines;
    int fd;

    if (same_file(t->fd, t->path)) {
        return;
    }
    fd = open(t->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;             /* between a rename and the new file */
    }
    if (t->fd >= 0) {
        read_new(s, t->fd, t->lines);
    }
    if (t->old >= 0) {
        end_lines(s, spare);
        close(t->old);
    }
    t->old = t->fd;
    t->fd = fd;
    t->old_lines = t->lines;
    t->lines = spare;
    t->lines->len = 0;
    t->lines->skipping = false;
}

static void poll_tail(const struct report_source *s, struct tail *t)
{
    if (t->old >= 0) {
        read_new(s, t->old, t->old_lines);
    }
    if (t->fd >= 0) {
        read_new(s, t->fd, t->lines);
    }
    follow_rename(s, t);
    if (t->fd >= 0) {
        read_new(s, t->fd, t->lines);
    }
}

static void end_tail(const struct report_source *s, struct tail *t)
{
    if (t->old >= 0) {
        end_lines(s, t->old_lines);
        close(t->old);
    }
    if (t->fd >= 0) {
        end_lines(s, t->lines);
        close(t->fd);
    }
    free(t->lines);
    free(t->old_lines);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool report_follow(const struct report_source *s, char *const *paths,
                   unsigned count, unsigned interval_ms,
                   void (*show)(const struct report_sum *sum, void *opaque),
                   void *opaque)
{
    const struct timespec pause = {
        interval_ms / 1000, interval_ms % 1000 * 1000000L,
    };
    struct tail *tails = policy_need(calloc(count, sizeof(*tails)));
    uint64_t shown = UINT64_MAX;

    for (unsigned i = 0; i < count; i++) {
        tails[i] = (struct tail) {
            .path = paths[i], .fd = -1, .old = -1,
            .lines = policy_need(calloc(1, sizeof(struct lines))),
            .old_lines = policy_need(calloc(1, sizeof(struct lines))),
        };
    }
    catch_signals();
    while (!ended) {
        for (unsigned i = 0; i < count; i++) {
            poll_tail(s, &tails[i]);
        }
        if (s->sum->lines != shown) {
            shown = s->sum->lines;
            show(s->sum, opaque);
        }
        nanosleep(&pause, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        poll_tail(s, &tails[i]);
        end_tail(s, &tails[i]);
    }
    free(tails);
    return true;
}
