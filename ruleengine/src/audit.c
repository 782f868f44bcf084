/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag-add.h"
#include "origin.h"
#include "record.h"
#include "sink.h"

/* Shared by all processes of the guest. */
struct shared {
    struct {
        _Atomic uint64_t lost;          /* records, so far */
        _Atomic uint64_t unreported;    /* of these, not in any record yet */
        atomic_bool torn;               /* see re_sink_share() */
    } sinks[RE_SINKS_MAX];
    _Atomic uint64_t serial;            /* of RE_FORMAT_KERNEL */
    atomic_int starter;                 /* the process that the user started */
    struct re_log_limit limit;
};

/* A program's name that has been replaced; a thread may still be reading it. */
struct name {
    struct name *older;
    char text[];
};

struct re_audit {
    const struct st_target *target;
    const struct re_guest_ops *ops;
    struct re_sink sinks[RE_SINKS_MAX];
    unsigned sink_count;
    bool has_kernel;        /* one of them is RE_FORMAT_KERNEL */
    struct re_log_rate rate, repeat;
    struct re_login login;
    long utc_offset;        /* seconds east of UTC, when the log was opened */
    char first_comm[RE_COMM_MAX];      /* the emulator's own name */
    _Atomic(struct name *) exe;
    struct shared *shared;
};

/* --- opening ----------------------------------------------------------- */

/* The offset stays what it is now: asking for it takes libc's lock. */
static long utc_offset(void)
{
    time_t now = time(NULL);
    struct tm tm;

    return localtime_r(&now, &tm) ? tm.tm_gmtoff : 0;
}

/* A small file of /proc without its newline; an empty string without it. */
static void read_word(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, " \n")] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

static uint32_t read_id(const char *path)
{
    char text[32];

    read_word(path, text, sizeof(text));
    return *text ? strtoul(text, NULL, 10) : UINT32_MAX;
}

static void look_at_login(struct re_login *login)
{
    login->auid = read_id("/proc/self/loginuid");
    login->session = read_id("/proc/self/sessionid");
    read_word("/proc/self/attr/current", login->subject,
              sizeof(login->subject));
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

static int open_sinks(struct re_audit *audit,
                      const struct re_audit_config *config,
                      struct re_diags *diags)
{
    static const char *const standard_error[] = { "-" };
    const char *const *logs = config->log_count ? config->logs :
        standard_error;
    size_t count = config->log_count ? config->log_count : 1;
    int err = 0;

    if (count > RE_SINKS_MAX) {
        re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                     "%zu logs are given, more than %d", count, RE_SINKS_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < count && !err; i++) {
        struct re_sink *sink = &audit->sinks[i];

        err = config->fds ?
            re_sink_reopen(sink, logs[i], config->fds + 2 * i, config->origin,
                           diags) :
            re_sink_open(sink, logs[i], config->origin, diags);
        if (!err) {
            re_sink_share(sink, &audit->shared->sinks[i].torn);
            sink->apart = audit->ops ? audit->ops->apart : NULL;
            audit->sink_count++;
            audit->has_kernel |= sink->format == RE_FORMAT_KERNEL;
        }
    }
    return err;
}

int re_audit_new(struct re_audit **ret, const struct re_audit_config *config,
                 struct re_diags *diags)
{
    struct re_audit *audit = calloc(1, sizeof(*audit));
    int err;

    if (audit) {
        audit->target = config->target;
        audit->ops = config->ops;
        audit->rate = config->rate;
        audit->repeat = config->repeat;
        audit->utc_offset = utc_offset();
        prctl(PR_GET_NAME, audit->first_comm);
        audit->shared = re_origin_share(config->origin,
                                        sizeof(*audit->shared));
    }
    if (!audit || !audit->shared ||
        set_exe(audit, config->exe ? config->exe : "?") < 0) {
        re_audit_free(audit);
        re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        return -ENOMEM;
    }
    if (!config->fds) {
        atomic_store(&audit->shared->starter, getpid());
    }
    err = open_sinks(audit, config, diags);
    if (err < 0) {
        re_audit_free(audit);
        return err;
    }
    if (audit->has_kernel) {
        look_at_login(&audit->login);
    }
    *ret = audit;
    return 0;
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
    if (audit->shared) {
        munmap(audit->shared, sizeof(*audit->shared));
    }
    for (unsigned i = 0; i < audit->sink_count; i++) {
        re_sink_close(&audit->sinks[i]);
    }
    free(audit);
}

void re_audit_set_exe(struct re_audit *audit, const char *exe)
{
    set_exe(audit, exe);    /* without memory the old name stays */
}

bool re_audit_name(const struct re_audit *audit, unsigned i, int *ret_folder,
                   const char **ret_name)
{
    if (i >= audit->sink_count) {
        return false;
    }
    *ret_folder = audit->sinks[i].dir_fd;
    *ret_name = *ret_folder < 0 ? NULL : audit->sinks[i].name;
    return true;
}

void re_audit_fds(const struct re_audit *audit, int *fds)
{
    for (unsigned i = 0; i < RE_SINKS_MAX; i++) {
        fds[2 * i] = fds[2 * i + 1] = -1;
        if (i < audit->sink_count) {
            re_sink_fds(&audit->sinks[i], fds + 2 * i);
        }
    }
}

uint64_t re_audit_lost(const struct re_audit *audit)
{
    uint64_t lost = 0;

    for (unsigned i = 0; i < audit->sink_count; i++) {
        lost += atomic_load(&audit->shared->sinks[i].lost);
    }
    return lost;
}

/* --- writing ----------------------------------------------------------- */

static void begin(struct re_record *r, struct re_audit *audit)
{
    r->target = audit->target;
    r->ops = audit->ops;
    r->layer = NULL;
    r->call = NULL;
    r->args = NULL;
    r->source = NULL;
    r->message = NULL;
    r->data = NULL;
    r->prepared = false;
    r->utc_offset = audit->utc_offset;
    r->exe = atomic_load(&audit->exe)->text;
    r->limited = 0;
    clock_gettime(CLOCK_REALTIME, &r->now);
    r->pid = getpid();
    r->tid = syscall(SYS_gettid);
    r->renamed = prctl(PR_GET_NAME, r->comm) == 0 &&
        strncmp(r->comm, audit->first_comm, RE_COMM_MAX) != 0;
    r->login = &audit->login;
    if (audit->has_kernel) {
        r->serial = atomic_fetch_add(&audit->shared->serial, 1) + 1;
    }
}

/* To sink i; what it cannot take is told with the next record. */
static bool write_to(struct re_audit *audit, unsigned i, struct re_record *r,
                     char *buf)
{
    struct re_sink *sink = &audit->sinks[i];
    _Atomic uint64_t *unreported = &audit->shared->sinks[i].unreported;
    bool missing;
    size_t len;

    r->lost = atomic_load_explicit(unreported, memory_order_relaxed) > 0 ?
        atomic_exchange(unreported, 0) : 0;
    len = re_record_format(r, sink->format, buf, sink->limit);
    if (sink->is_stderr && audit->ops && audit->ops->cut_line) {
        audit->ops->cut_line();
    }
    if (len > 0 && re_sink_write(sink, buf, len, r->now.tv_sec)) {
        return true;
    }
    /* A notice is about others, and is none itself. */
    missing = len > 0 && (r->call || r->message);
    if (missing) {
        atomic_fetch_add(&audit->shared->sinks[i].lost, 1);
    }
    atomic_fetch_add(unreported, r->lost + missing);
    return false;
}

static void write_record(struct re_audit *audit, struct re_record *r)
{
    _Atomic uint64_t *limited = &audit->shared->limit.unreported;
    char buf[RE_RECORD_MAX];
    bool told = false;

    r->limited = atomic_load_explicit(limited, memory_order_relaxed) > 0 ?
        atomic_exchange(limited, 0) : 0;
    for (unsigned i = 0; i < audit->sink_count; i++) {
        told |= write_to(audit, i, r, buf);
    }
    if (!told && r->limited > 0) {
        atomic_fetch_add(limited, r->limited);
    }
}

/* --- limits ------------------------------------------------------------ */

static int64_t this_second(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

/* A record of its own that says what is missing. */
static void give_notice(struct re_audit *audit)
{
    struct re_record r;

    begin(&r, audit);
    write_record(audit, &r);
}

static bool within_rate(struct re_audit *audit, int64_t second)
{
    struct re_log_limit *limit = &audit->shared->limit;
    enum re_log_answer answer = re_log_limit_all(limit, &audit->rate, second);

    if (answer == RE_LOG_LIMIT_PASS) {
        return true;
    }
    atomic_fetch_add(&limit->unreported, 1);
    if (answer == RE_LOG_LIMIT_NOTICE) {
        give_notice(audit);
    }
    return false;
}

/* One rule about one call, the same after execve: addresses are not. */
static uint64_t kind_of(const struct re_call *call)
{
    const struct re_rule *rule = call->rule;
    uint64_t hash = (uint64_t)rule->line << 32 | (uint32_t)call->slot;

    for (const char *c = rule->file ? rule->file : ""; *c; c++) {
        hash = hash * 31 + (unsigned char)*c;
    }
    return hash;
}

/* The end of a program is always told. */
static bool passes(struct re_audit *audit, const struct re_call *call)
{
    struct re_log_limit *limit = &audit->shared->limit;
    int64_t second;

    if ((audit->rate.count == 0 && audit->repeat.count == 0) ||
        call->rule->verdict == RE_VERDICT_KILL) {
        return true;
    }
    second = this_second();
    if (audit->repeat.count > 0 &&
        !re_log_limit_kind(limit, &audit->repeat, kind_of(call), second)) {
        atomic_fetch_add(&limit->unreported, 1);
        return false;
    }
    return within_rate(audit, second);
}

void re_audit_record(struct re_audit *audit, const struct re_layer *layer,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS])
{
    struct re_record r;

    if (!call->rule || !passes(audit, call)) {
        return;
    }
    begin(&r, audit);
    r.layer = layer;
    r.call = call;
    r.args = args;
    write_record(audit, &r);
}

void re_audit_message(struct re_audit *audit, const char *source,
                      const char *message)
{
    struct re_record r;

    if (audit->rate.count > 0 && !within_rate(audit, this_second())) {
        return;
    }
    begin(&r, audit);
    r.source = source;
    r.message = message;
    write_record(audit, &r);
}

void re_audit_data(struct re_audit *audit, const char *source,
                   const struct re_datum *data, unsigned count)
{
    struct re_record r;

    begin(&r, audit);
    r.source = source;
    r.message = "";
    r.data = data;
    r.data_count = count;
    write_record(audit, &r);
}

const char *re_audit_exe(const struct re_audit *audit)
{
    return atomic_load(&audit->exe)->text;
}

void re_audit_comm(const struct re_audit *audit, char comm[RE_AUDIT_COMM_MAX])
{
    const char *exe = re_audit_exe(audit), *slash = strrchr(exe, '/');
    char name[RE_COMM_MAX];

    snprintf(comm, RE_AUDIT_COMM_MAX, "%s",
             prctl(PR_GET_NAME, name) == 0 &&
             strncmp(name, audit->first_comm, RE_COMM_MAX) != 0 ? name :
             slash ? slash + 1 : exe);
}

/* --- the end -------------------------------------------------------- */

static bool has_something_to_say(const struct re_audit *audit)
{
    bool has = atomic_load(&audit->shared->limit.unreported) > 0;

    for (unsigned i = 0; i < audit->sink_count; i++) {
        has |= atomic_load(&audit->shared->sinks[i].unreported) > 0;
    }
    return has;
}

void re_audit_finish(struct re_audit *audit)
{
    if (has_something_to_say(audit)) {
        give_notice(audit);
    }
}

uint64_t re_audit_untold(const struct re_audit *audit)
{
    uint64_t untold = 0;

    if (getpid() != atomic_load(&audit->shared->starter)) {
        return 0;
    }
    for (unsigned i = 0; i < audit->sink_count; i++) {
        if (!audit->sinks[i].is_stderr) {
            untold += atomic_load(&audit->shared->sinks[i].unreported);
        }
    }
    return untold;
}
