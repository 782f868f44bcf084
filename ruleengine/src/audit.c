/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include "diag-add.h"
#include "origin.h"
#include "record.h"

/* Shared with forked children. */
struct losses {
    _Atomic uint64_t lost;          /* records, so far */
    _Atomic uint64_t unreported;    /* of these, not in any record yet */
};

/* A program's name that has been replaced; a thread may still be reading it. */
struct name {
    struct name *older;
    char text[];
};

struct re_audit {
    const struct st_target *target;
    const struct re_guest_ops *ops;
    int fd;                 /* -1: standard error was closed */
    bool readable;          /* lines for people, not JSON */
    long utc_offset;        /* seconds east of UTC, when the log was opened */
    char first_comm[RE_COMM_MAX];      /* the emulator's own name */
    _Atomic(struct name *) exe;
    struct losses *losses;
    atomic_bool torn;       /* the last write ended in the middle of a line */
};

/* --- opening ----------------------------------------------------------- */

static int open_file(struct re_audit *audit, const char *path,
                     struct re_diags *diags)
{
    /* O_NONBLOCK: a pipe without a reader is an error, a full one loses
     * records (counted); the guest is never kept waiting. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                  O_NONBLOCK, 0600);
    int err;

    if (fd >= 0) {
        audit->fd = re_move_high(fd);
        err = errno;
        close(fd);
        if (audit->fd >= 0) {
            return 0;
        }
        errno = err;
    }
    err = errno;
    re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                 "cannot open the log: %s", strerror(err));
    return -err;
}

static int open_log(struct re_audit *audit, const char *path, int fd,
                    struct re_diags *diags)
{
    if (path && strcmp(path, "-") != 0) {
        if (fd >= 0) {
            audit->fd = fd;
            return 0;
        }
        return open_file(audit, path, diags);
    }
    audit->readable = true;
    audit->fd = re_move_high(STDERR_FILENO);
    if (audit->fd < 0) {
        re_diags_add(diags, RE_WARNING, NULL, 0, 0, 0, NULL, NULL,
                     "standard error is closed: refused calls are counted, "
                     "but not shown");
    }
    return 0;
}

/* The offset stays what it is now: asking for it takes libc's lock. */
static long utc_offset(void)
{
    time_t now = time(NULL);
    struct tm tm;

    return localtime_r(&now, &tm) ? tm.tm_gmtoff : 0;
}

static int set_exe(struct re_audit *audit, const char *exe)
{
    size_t len = strlen(exe) + 1;
    struct name *name = malloc(sizeof(*name) + len);

    if (!name) {
        return -ENOMEM;
    }
    memcpy(name->text, exe, len);
    name->older = atomic_load(&audit->exe);
    while (!atomic_compare_exchange_weak(&audit->exe, &name->older, name)) {
    }
    return 0;
}

static int out_of_memory(struct re_audit *audit, struct re_diags *diags)
{
    re_audit_free(audit);
    re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                 strerror(ENOMEM));
    return -ENOMEM;
}

/* NULL on failure. */
static void *new_losses(struct re_origin *origin)
{
    size_t size = sizeof(struct losses);
    void *map;

    if (origin) {
        return re_origin_share(origin, size);
    }
    map = mmap(NULL, size, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

int re_audit_join(struct re_audit **ret, const struct st_target *target,
                  const struct re_guest_ops *ops, const char *path,
                  const char *exe, int fd, struct re_origin *origin,
                  struct re_diags *diags)
{
    struct re_audit *audit = calloc(1, sizeof(*audit));
    void *map;
    int err;

    if (!audit) {
        return out_of_memory(NULL, diags);
    }
    audit->target = target;
    audit->ops = ops;
    audit->fd = -1;
    audit->utc_offset = utc_offset();
    prctl(PR_GET_NAME, audit->first_comm);
    map = new_losses(origin);
    if (!map || set_exe(audit, exe ? exe : "?") < 0) {
        audit->losses = map;
        return out_of_memory(audit, diags);
    }
    audit->losses = map;
    err = open_log(audit, path, fd, diags);
    if (err < 0) {
        re_audit_free(audit);
        return err;
    }
    *ret = audit;
    return 0;
}

int re_audit_new(struct re_audit **ret, const struct st_target *target,
                 const struct re_guest_ops *ops, const char *path,
                 const char *exe, struct re_diags *diags)
{
    return re_audit_join(ret, target, ops, path, exe, -1, NULL, diags);
}

void re_audit_free(struct re_audit *audit)
{
    if (!audit) {
        return;
    }
    for (struct name *name = atomic_load(&audit->exe); name;) {
        struct name *older = name->older;

        free(name);
        name = older;
    }
    if (audit->losses) {
        munmap(audit->losses, sizeof(*audit->losses));
    }
    if (audit->fd >= 0) {
        close(audit->fd);
    }
    free(audit);
}

void re_audit_set_exe(struct re_audit *audit, const char *exe)
{
    set_exe(audit, exe);    /* without memory the old name stays */
}

int re_audit_fd(const struct re_audit *audit)
{
    return audit->readable ? -1 : audit->fd;
}

uint64_t re_audit_lost(const struct re_audit *audit)
{
    return atomic_load(&audit->losses->lost);
}

/* --- writing ----------------------------------------------------------- */

/*
 * One write(2) per line, so that lines of several processes do not mix. A line
 * that a full disk cut short gets its newline before the next one. "lost" are
 * the losses that the line reports.
 */
static void write_line(struct re_audit *audit, const char *line, size_t len,
                       uint64_t lost)
{
    int saved = errno;
    ssize_t n;

    if (audit->fd >= 0 && atomic_load(&audit->torn) &&
        write(audit->fd, "\n", 1) == 1) {
        atomic_store(&audit->torn, false);
    }
    do {
        n = audit->fd < 0 ? -1 : write(audit->fd, line, len);
    } while (n < 0 && audit->fd >= 0 && errno == EINTR);
    if (n < 0 || (size_t)n < len) {
        if (n > 0) {
            atomic_store(&audit->torn, true);
        }
        atomic_fetch_add(&audit->losses->lost, 1);
        atomic_fetch_add(&audit->losses->unreported, lost + 1);
    }
    errno = saved;
}

static void begin(struct re_record *r, struct re_audit *audit)
{
    r->target = audit->target;
    r->ops = audit->ops;
    r->layer = NULL;
    r->call = NULL;
    r->args = NULL;
    r->utc_offset = audit->utc_offset;
    r->exe = atomic_load(&audit->exe)->text;
    r->lost = atomic_exchange(&audit->losses->unreported, 0);
    clock_gettime(CLOCK_REALTIME, &r->now);
    r->renamed = prctl(PR_GET_NAME, r->comm) == 0 &&
        strncmp(r->comm, audit->first_comm, RE_COMM_MAX) != 0;
}

void re_audit_record(struct re_audit *audit, const struct re_layer *layer,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS])
{
    char line[RE_RECORD_MAX];
    struct re_record r;
    size_t len;

    if (!call->rule) {
        return;
    }
    begin(&r, audit);
    r.layer = layer;
    r.call = call;
    r.args = args;
    len = audit->readable ? re_record_text(&r, line) :
        re_record_json(&r, line);
    write_line(audit, line, len, r.lost);
}

void re_audit_message(struct re_audit *audit, const char *source,
                      const char *message)
{
    char line[RE_RECORD_MAX];
    struct re_record r;
    size_t len;

    begin(&r, audit);
    len = audit->readable ?
        re_record_message_text(&r, line, source, message) :
        re_record_message_json(&r, line, source, message);
    write_line(audit, line, len, r.lost);
}
