/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sinks: what a specification means, opening and closing. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "diag-add.h"
#include "origin.h"
#include "record.h"

#define SYSLOG_SOCKET   "/dev/log"
#define JOURNAL_SOCKET  "/run/systemd/journal/socket"

/* What one datagram to the system's log may have: rsyslog takes 8 KiB. */
#define SYSLOG_MAX      7680

/* --- specifications ---------------------------------------------------- */

enum place { PLACE_STDERR, PLACE_FD, PLACE_PATH, PLACE_SOCKET };

struct spec {
    enum re_format format;
    enum place place;
    int fd;
    const char *path;
};

static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* "jornal:": a word and a colon that mean nothing, rather than a file. */
static bool looks_like_prefix(const char *text)
{
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");

    return letters > 0 && text[letters] == ':';
}

/* What somebody means who writes such a name, and would get a file of it. */
static const char *meant(const char *text)
{
    static const struct {
        const char *name, *hint;
    } words[] = {
        { "stderr", "standard error is \"-\"" },
        { "stdout", "standard output is \"fd:1\"" },
        { "syslog", "the system's log is \"syslog:\"" },
        { "journal", "the journal is \"journal:\"" },
        { "json", "JSON on standard error is \"json:-\"" },
        { "text", "readable lines on standard error are \"text:-\"" },
        { "kernel", "a file in the kernel's form is \"kernel:FILE\"" },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].name) == 0) {
            return words[i].hint;
        }
    }
    return NULL;
}

static int parse_fd(const char *text, int *ret)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < 0 || n > INT_MAX) {
        return -EINVAL;
    }
    *ret = n;
    return 0;
}

static int parse_spec(struct spec *spec, const char *text)
{
    static const struct {
        const char *prefix;
        enum re_format format;
    } formats[] = {
        { "json:", RE_FORMAT_JSON },
        { "text:", RE_FORMAT_TEXT },
        { "kernel:", RE_FORMAT_KERNEL },
    };
    const char *rest;

    *spec = (struct spec) { .format = RE_FORMAT_JSON, .place = PLACE_SOCKET };
    if ((rest = after(text, "syslog:"))) {
        spec->format = RE_FORMAT_SYSLOG;
        spec->path = *rest ? rest : SYSLOG_SOCKET;
        return 0;
    }
    if ((rest = after(text, "journal:"))) {
        spec->format = RE_FORMAT_JOURNAL;
        spec->path = *rest ? rest : JOURNAL_SOCKET;
        return 0;
    }
    if (strcmp(text, "-") == 0) {
        spec->format = RE_FORMAT_TEXT;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if ((rest = after(text, formats[i].prefix))) {
            spec->format = formats[i].format;
            text = rest;
            break;
        }
    }
    spec->place = strcmp(text, "-") == 0 ? PLACE_STDERR : PLACE_PATH;
    spec->path = text;
    if ((rest = after(text, "fd:"))) {
        spec->place = PLACE_FD;
        return parse_fd(rest, &spec->fd);
    }
    return !*text || looks_like_prefix(text) || meant(text) ? -EINVAL : 0;
}

/* --- what a descriptor is ----------------------------------------------- */

/* The kind of sink->fd, and what follows from it. */
static void look(struct re_sink *sink, const struct spec *spec)
{
    struct rlimit most;
    struct stat st;
    int type = 0;
    socklen_t len = sizeof(type);

    sink->limit = RE_RECORD_MAX;
    if (sink->fd < 0 || fstat(sink->fd, &st) < 0) {
        sink->kind = RE_SINK_NONE;
        return;
    }
    sink->kind = RE_SINK_PLAIN;
    sink->terminal = isatty(sink->fd);
    sink->limited = getrlimit(RLIMIT_FSIZE, &most) == 0 &&
        most.rlim_cur != RLIM_INFINITY;
    if (S_ISREG(st.st_mode) && spec->place == PLACE_PATH) {
        sink->kind = RE_SINK_FILE;
    } else if (S_ISFIFO(st.st_mode)) {
        sink->kind = RE_SINK_PIPE;
        sink->limit = PIPE_BUF;     /* what goes in whole or not at all */
    } else if (S_ISSOCK(st.st_mode) &&
               getsockopt(sink->fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
        sink->kind = type == SOCK_STREAM ? RE_SINK_STREAM : RE_SINK_DATAGRAM;
    }
    if (spec->format == RE_FORMAT_SYSLOG) {
        sink->limit = SYSLOG_MAX;
    }
    if (sink->format == RE_FORMAT_TEXT &&
        (sink->terminal || spec->place == PLACE_STDERR)) {
        sink->format = RE_FORMAT_TERMINAL;
    }
}

/* Takes a descriptor out of the guest's way: closes it, returns the other one,
 * or a negative errno. */
static int set_aside(const struct re_sink *sink, int fd)
{
    int high = fd < 0 ? -1 : re_move_to(fd, sink->floor);
    int err = errno;

    if (fd >= 0) {
        close(fd);
    }
    return high < 0 ? -err : high;
}

/*
 * An open pipe of somebody else's: through an open file of our own, so that a
 * full one is an error here and keeps its ways elsewhere. Where that cannot be,
 * it stays as it is.
 */
static void stop_waiting(struct re_sink *sink)
{
    char name[40];
    int fd;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", sink->fd);
    fd = set_aside(sink, open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC |
                              O_NOCTTY));
    if (fd >= 0) {
        re_number_close(sink->fd);
        sink->fd = fd;
    }
}

/* Another emulator, or this one in another life, may have been killed in the
 * middle of a line: the kernel cuts a write between two pages. */
static void look_at_end(struct re_sink *sink, int fd)
{
    if (re_log_is_cut(fd, true)) {
        atomic_store(sink->torn, true);
    }
}

/* --- opening ----------------------------------------------------------- */

/*
 * The folder and the name of a file, so that it can be found again after it has
 * been renamed, wherever the guest has gone meanwhile. Without them the log
 * just stays where it is. The origin knows the name also in the next image.
 */
static void remember_name(struct re_sink *sink, const char *path,
                          struct re_origin *origin)
{
    const char *real, *slash;
    char *dir;

    if (re_origin_real(origin, path, &real) < 0 ||
        !(slash = strrchr(real, '/'))) {
        return;
    }
    sink->name = strdup(slash + 1);
    if (sink->dir_fd < 0) {
        dir = strndup(real, slash == real ? 1 : slash - real);
        sink->dir_fd = set_aside(sink, open(dir ? dir : "", O_PATH |
                                            O_DIRECTORY | O_CLOEXEC));
        free(dir);
    }
}

static int open_path(struct re_sink *sink, const struct spec *spec,
                     struct re_origin *origin)
{
    sink->fd = set_aside(sink, re_log_open(AT_FDCWD, spec->path, 0));
    if (sink->fd < 0) {
        return sink->fd;
    }
    look(sink, spec);
    if (sink->kind == RE_SINK_FILE) {
        remember_name(sink, spec->path, origin);
        look_at_end(sink, sink->fd);
    }
    return 0;
}

/* The end of a file that has been opened by somebody else, maybe not to be
 * read. */
static void look_at_appended(struct re_sink *sink)
{
    char name[40];
    struct stat st;
    int fd;

    if (fstat(sink->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    snprintf(name, sizeof(name), "/proc/self/fd/%d", sink->fd);
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0) {
        look_at_end(sink, fd);
        close(fd);
    }
}

static int open_fd(struct re_sink *sink, const struct spec *spec)
{
    int flags = fcntl(spec->fd, F_GETFL);

    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        return -EBADF;
    }
    sink->fd = re_move_to(spec->fd, sink->floor);
    if (sink->fd < 0) {
        return -errno;
    }
    if (spec->fd > STDERR_FILENO) {
        close(spec->fd);    /* no guest shall write there */
    }
    look(sink, spec);
    if (sink->kind == RE_SINK_PIPE) {
        stop_waiting(sink);
    } else if (sink->kind == RE_SINK_PLAIN && flags & O_APPEND) {
        look_at_appended(sink);
    }
    return 0;
}

static int set_peer(struct re_sink *sink, const char *path)
{
    size_t len = strlen(path);

    if (len >= sizeof(sink->peer.sun_path)) {
        return -ENAMETOOLONG;
    }
    sink->peer.sun_family = AF_UNIX;
    memcpy(sink->peer.sun_path, path, len + 1);
    sink->peer_len = offsetof(struct sockaddr_un, sun_path) + len + 1;
    return 0;
}

static int open_socket(struct re_sink *sink, const struct spec *spec)
{
    int err = set_peer(sink, spec->path);

    if (err) {
        return err;
    }
    sink->fd = set_aside(sink, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC |
                                      SOCK_NONBLOCK, 0));
    if (sink->fd < 0) {
        return sink->fd;
    }
    if (connect(sink->fd, (struct sockaddr *)&sink->peer,
                sink->peer_len) < 0) {
        return -errno;
    }
    look(sink, spec);
    return 0;
}

static void init(struct re_sink *sink, const struct spec *spec,
                 const struct re_origin *origin)
{
    memset(sink, 0, sizeof(*sink));
    sink->is_stderr = spec->place == PLACE_STDERR ||
        (spec->place == PLACE_FD && spec->fd == STDERR_FILENO);
    sink->floor = re_origin_floor(origin);
    sink->fd = sink->dir_fd = -1;
    sink->format = spec->format;
    sink->kind = RE_SINK_NONE;
    sink->torn = &sink->own_torn;
}

void re_sink_share(struct re_sink *sink, atomic_bool *torn)
{
    if (atomic_load(sink->torn)) {
        atomic_store(torn, true);
    }
    sink->torn = torn;
}

static int bad_spec(const char *text, struct re_diags *diags)
{
    const char *colon = strchr(text, ':');
    const char *hint = meant(colon ? colon + 1 : text);
    char buf[128] = "";

    snprintf(buf, sizeof(buf), "%s%sa file of such a name needs a folder "
             "before it: ./NAME", hint ? hint : "", hint ? "; " : "");
    re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, buf,
                 "\"%s\" is no place for a log: FILE, -, fd:N, syslog:, "
                 "journal:, or one of the first three behind text:, kernel: "
                 "or json:", text);
    return -EINVAL;
}

int re_sink_open(struct re_sink *sink, const char *text,
                 struct re_origin *origin,
                 struct re_diags *diags)
{
    struct spec spec;
    int err = 0;

    if (parse_spec(&spec, text) < 0) {
        return bad_spec(text, diags);
    }
    init(sink, &spec, origin);
    switch (spec.place) {
    case PLACE_PATH:
        err = open_path(sink, &spec, origin);
        break;
    case PLACE_SOCKET:
        err = open_socket(sink, &spec);
        break;
    case PLACE_FD:
        err = open_fd(sink, &spec);
        break;
    case PLACE_STDERR:
        spec.fd = STDERR_FILENO;
        if (open_fd(sink, &spec) < 0) {
            re_diags_add(diags, RE_WARNING, NULL, 0, 0, 0, NULL, NULL,
                         "standard error is closed: refused calls are "
                         "counted, but not shown");
        }
        break;
    }
    if (err) {
        re_sink_close(sink);
        re_diags_add(diags, RE_ERROR, text, 0, 0, 0, NULL, NULL,
                     "cannot open the log: %s", strerror(-err));
    }
    return err;
}

/* --- the next program image -------------------------------------------- */

int re_sink_reopen(struct re_sink *sink, const char *text, const int fds[2],
                   struct re_origin *origin,
                   struct re_diags *diags)
{
    struct spec spec;

    if (parse_spec(&spec, text) < 0) {
        return bad_spec(text, diags);
    }
    init(sink, &spec, origin);
    sink->fd = fds[0];
    sink->dir_fd = fds[1];
    look(sink, &spec);
    if (spec.place == PLACE_PATH && sink->dir_fd >= 0) {
        remember_name(sink, spec.path, origin);
    }
    if (sink->kind == RE_SINK_NONE && sink->name) {
        /* Another thread was following the name while execve went on. */
        sink->fd = re_sink_open_name(sink);
        look(sink, &spec);
    }
    if (sink->kind == RE_SINK_FILE) {
        look_at_end(sink, sink->fd);    /* execve has ended other threads */
    }
    if (spec.place == PLACE_SOCKET) {
        set_peer(sink, spec.path);
    }
    return 0;
}

void re_sink_fds(const struct re_sink *sink, int fds[2])
{
    fds[0] = sink->fd;
    fds[1] = sink->dir_fd;
}

void re_sink_close(struct re_sink *sink)
{
    re_number_close(sink->fd);
    re_number_close(sink->dir_fd);
    free(sink->name);
    sink->fd = sink->dir_fd = -1;
    sink->name = NULL;
}
