/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "decode.h"
#include "diag-add.h"
#include "fix.h"
#include "origin.h"

/*
 * Everything that a record needs lies on the stack of the guest's thread, of
 * which an emulator may have given it 256 KiB. Bytes; with the frames of what
 * is called below re_audit_record() stays under 24 KiB.
 */
enum {
    RECORD_MAX = 11 * 1024, /* the line */
    ARG_LIMIT = 384,        /* a string among the arguments, escaped */
    PATH_LIMIT = 3584,      /* "path" and "path2", escaped */
    NAME_LIMIT = 768,       /* the program's name, the rule's file */
    SCRATCH = 512,          /* any other argument's text */
    COMM_MAX = 16,          /* TASK_COMM_LEN */
};

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
    char first_comm[COMM_MAX];      /* the emulator's own name */
    _Atomic(struct name *) exe;
    struct losses *losses;
    atomic_bool torn;       /* the last write ended in the middle of a line */
};

/* A call on its way into the log, with who made it and when. */
struct entry {
    struct re_audit *audit;
    const struct re_layer *layer;
    const struct re_call *call;     /* NULL: a handler's message */
    const uint64_t *args;
    struct timespec now;
    const char *exe;
    char comm[COMM_MAX];
    bool renamed;           /* comm is the guest's choice, not exe's */
    uint64_t lost;          /* since the last record that got through */
    struct st_arg all[ST_MAX_ARGS];
    unsigned count;
    char path[RE_DECODE_MAX], path2[RE_DECODE_MAX], scratch[SCRATCH];
    char address[SCRATCH];
    struct re_decoded path_value, path2_value, address_value;
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
 * that a full disk cut short gets its newline before the next one.
 */
static void write_line(struct entry *e, const char *line, size_t len)
{
    struct re_audit *audit = e->audit;
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
        atomic_fetch_add(&audit->losses->unreported, e->lost + 1);
    }
    errno = saved;
}

/* --- when -------------------------------------------------------------- */

struct civil {
    unsigned year, month, day, hour, minute, second;
};

/* The proleptic Gregorian calendar, counted in years that begin in March so
 * that a leap day comes last. Without libc's lock on the time zone. */
static struct civil civil_time(int64_t seconds)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    int64_t era, year;
    unsigned day, month;

    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468;                     /* since 1 March of the year 0 */
    era = days / 146097;                /* of 400 years */
    day = days % 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;        /* 0 is March */
    return (struct civil) {
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day - (153 * month + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

static void put_clock(struct re_out *o, const struct civil *t)
{
    re_out_padded(o, t->hour, 2);
    re_out_text(o, ":");
    re_out_padded(o, t->minute, 2);
    re_out_text(o, ":");
    re_out_padded(o, t->second, 2);
    re_out_text(o, ".");
}

static void put_time(struct re_json *j, const struct timespec *now)
{
    struct civil t = civil_time(now->tv_sec);
    char text[40];
    struct re_out o = { .buf = text, .size = sizeof(text) };

    re_out_padded(&o, t.year, 4);
    re_out_text(&o, "-");
    re_out_padded(&o, t.month, 2);
    re_out_text(&o, "-");
    re_out_padded(&o, t.day, 2);
    re_out_text(&o, "T");
    put_clock(&o, &t);
    re_out_padded(&o, now->tv_nsec / 1000, 6);
    re_out_text(&o, "Z");
    re_json_bytes(j, "time", text, o.len, SIZE_MAX);
}

/* --- who --------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* The emulator bears its own name until the guest gives itself one. */
static const char *comm(const struct entry *e)
{
    return e->renamed ? e->comm : base_name(e->exe);
}

static void begin(struct entry *e, struct re_audit *audit,
                  const struct re_layer *layer,
                  const struct re_call *call, const uint64_t *args)
{
    int n = -1;

    e->audit = audit;
    e->layer = layer;
    e->call = call;
    e->args = args;
    e->count = 0;
    e->exe = atomic_load(&audit->exe)->text;
    e->lost = atomic_exchange(&audit->losses->unreported, 0);
    e->path_value.kind = RE_DECODED_NONE;
    e->path2_value.kind = RE_DECODED_NONE;
    e->address_value.kind = RE_DECODED_NONE;
    clock_gettime(CLOCK_REALTIME, &e->now);
    e->renamed = prctl(PR_GET_NAME, e->comm) == 0 &&
        strncmp(e->comm, audit->first_comm, COMM_MAX) != 0;
    if (call && call->slot >= 0) {
        n = st_slot_args(audit->target, call->slot, e->all);
    }
    if (n >= 0) {
        e->count = n;
    }
}

/* --- what -------------------------------------------------------------- */

/*
 * Decodes argument i. Paths and the socket address stay in the entry, for
 * fields of their own; any other text lasts until the next argument.
 */
static const char *decode(struct entry *e, unsigned i,
                          struct re_decoded *value)
{
    const struct re_decoder d = {
        .target = e->audit->target,
        .ops = e->audit->ops,
        .guest = e->call->guest,
    };
    struct re_decoded *keep = NULL;
    char *text = e->scratch;
    size_t size = sizeof(e->scratch);

    if (e->all[i].kind == ST_KIND_PATH &&
        e->path_value.kind == RE_DECODED_NONE) {
        keep = &e->path_value;
        text = e->path;
        size = sizeof(e->path);
    } else if (e->all[i].kind == ST_KIND_PATH &&
               e->path2_value.kind == RE_DECODED_NONE) {
        keep = &e->path2_value;
        text = e->path2;
        size = sizeof(e->path2);
    } else if (e->all[i].kind == ST_KIND_SOCKADDR) {
        if (e->address_value.kind == RE_DECODED_ADDRESS) {
            *value = e->address_value;
            return e->address;
        }
        keep = &e->address_value;
        text = e->address;
        size = sizeof(e->address);
    }
    re_decode(&d, e->all, e->count, i, e->args, text, size, value);
    if (keep) {
        *keep = *value;
    }
    return text;
}

/* The address that conditions have looked at, rather than what lies there by
 * now; also that of sendmsg, which no argument shows. */
static void use_checked_address(struct entry *e)
{
    const struct re_facts *facts = e->call->facts;
    struct re_out out = { .buf = e->address, .size = sizeof(e->address) };

    if (facts && facts->made & RE_FACT_ADDRESS && facts->address.present) {
        re_decode_sockaddr(e->audit->target, facts->address.bytes,
                           facts->address.len, &out);
        e->address_value = (struct re_decoded) {
            .kind = RE_DECODED_ADDRESS, .len = out.len, .cut = out.cut,
        };
    }
}

static const char *call_name(const struct entry *e)
{
    return e->call->slot < 0 ? NULL :
        st_slot_name(e->audit->target, e->call->slot);
}

static bool knows_args(const struct entry *e)
{
    struct st_arg unused[ST_MAX_ARGS];

    return e->count > 0 || (e->call->slot >= 0 &&
        st_slot_args(e->audit->target, e->call->slot, unused) == 0);
}

static bool is_error(int64_t result)
{
    return result < 0 && result >= -4095;
}

/* The guest's error that the call ended in, or NULL. */
static const char *error_name(const struct entry *e)
{
    const struct re_rule *rule = e->call->rule;
    int64_t result = e->call->result;

    if (rule->verdict == RE_VERDICT_DENY ||
        rule->verdict == RE_VERDICT_ERROR) {
        return rule->error_name ? rule->error_name :
            st_errno_name(e->audit->target, rule->error);
    }
    if (rule->verdict == RE_VERDICT_LUA && is_error(result)) {
        return st_errno_name(e->audit->target, -result);
    }
    return NULL;
}

static bool permissive(const struct entry *e)
{
    return e->call->rule->permissive ||
        e->layer->permissive;
}

/* "web.ini:14"; "web.ini default" where there is no line, and, in readable
 * lines, for the default wherever it stands. */
static void put_rule(struct re_out *o, const struct re_rule *rule,
                     enum re_escape escape, bool readable)
{
    const char *file = rule->file ? rule->file : "-";

    re_out_escaped(o, file, strlen(file), escape, NAME_LIMIT);
    if (rule->line == 0 ||
        (readable && rule->key && strcmp(rule->key, "default") == 0)) {
        re_out_text(o, " ");
        re_out_text(o, rule->key ? rule->key : "default");
    } else {
        re_out_text(o, ":");
        re_out_unsigned(o, rule->line);
    }
}

/* --- JSON -------------------------------------------------------------- */

static void json_args(struct entry *e, struct re_json *j)
{
    re_json_open(j, "args");
    for (unsigned i = 0; i < e->count; i++) {
        struct re_decoded value;
        const char *text = decode(e, i, &value);

        re_decoded_json(j, e->all[i].name, &value, text, ARG_LIMIT);
    }
    if (!knows_args(e)) {
        for (unsigned i = 0; i < ST_MAX_ARGS; i++) {
            char name[] = { 'a', 'r', 'g', '0' + i, '\0' };

            re_json_hex(j, name, e->args[i]);
        }
    }
    re_json_close(j);
}

static void json_outcome(struct entry *e, struct re_json *j)
{
    /* ORDER VERDICT */
    static const char names[][8] = {
        "allow", "return", "error", "lua", "deny", "trap", "kill",
    };
    const struct re_rule *rule = e->call->rule;
    const char *error = error_name(e);

    re_json_string(j, "verdict", names[rule->verdict]);
    if (permissive(e)) {
        re_json_true(j, "permissive");
    }
    if (error) {
        re_json_string(j, "errno", error);
    } else if (rule->verdict == RE_VERDICT_RETURN) {
        re_json_signed(j, "value", rule->value);
    } else if (rule->verdict == RE_VERDICT_LUA &&
               e->call->result != RE_RESULT_GONE) {
        re_json_signed(j, "value", e->call->result);
    }
}

static void json_call(struct entry *e, struct re_json *j)
{
    const struct st_target *t = e->audit->target;
    const char *name = call_name(e);
    int slot = e->call->slot;

    if (name) {
        re_json_string(j, "syscall", name);
    } else {
        re_json_null(j, "syscall");
    }
    re_json_signed(j, "nr", e->call->nr);
    if (slot >= 0 && st_slot_operation(t, slot) > 0) {
        int carrier = st_slot_of_number(t, st_number_of_slot(t, slot));
        const char *via = carrier < 0 ? NULL : st_slot_name(t, carrier);

        re_json_string(j, "via", via ? via : "?");
    }
    json_args(e, j);
    if (e->path_value.kind == RE_DECODED_STRING) {
        re_json_bytes(j, "path", e->path, e->path_value.len, PATH_LIMIT);
        j->truncated |= e->path_value.cut;
    }
    if (e->path2_value.kind == RE_DECODED_STRING) {
        re_json_bytes(j, "path2", e->path2, e->path2_value.len, PATH_LIMIT);
        j->truncated |= e->path2_value.cut;
    }
    if (e->address_value.kind == RE_DECODED_ADDRESS) {
        re_json_bytes(j, "sockaddr", e->address, e->address_value.len,
                      ARG_LIMIT);
    }
}

static void json_who(struct entry *e, struct re_json *j)
{
    const char *name = comm(e);

    re_json_signed(j, "pid", getpid());
    re_json_signed(j, "tid", syscall(SYS_gettid));
    re_json_bytes(j, "comm", name, strlen(name), ARG_LIMIT);
    re_json_bytes(j, "exe", e->exe, strlen(e->exe), NAME_LIMIT);
}

/* What the arguments have been found to point to, as far as it is whole. */
static struct re_fix_texts fix_texts(const struct entry *e)
{
    const struct re_decoded *path = &e->path_value, *path2 = &e->path2_value;
    const struct re_decoded *address = &e->address_value;
    struct re_fix_texts texts = { 0 };

    if (path->kind == RE_DECODED_STRING && !path->cut) {
        texts.path = e->path;
        texts.path_len = path->len;
    }
    if (path2->kind == RE_DECODED_STRING && !path2->cut) {
        texts.path2 = e->path2;
        texts.path2_len = path2->len;
    }
    if (address->kind == RE_DECODED_ADDRESS && !address->cut) {
        texts.address = e->address;
        texts.address_len = address->len;
    }
    return texts;
}

static void json_why(struct entry *e, struct re_json *j)
{
    const struct re_rule *rule = e->call->rule;
    const struct re_fix_texts texts = fix_texts(e);
    char text[RE_FIX_MAX];      /* more than NAME_LIMIT */
    struct re_out o = { .buf = text, .size = sizeof(text) };

    put_rule(&o, rule, RE_ESCAPE_NONE, false);
    re_json_bytes(j, "rule", text, o.len, SIZE_MAX);

    o = (struct re_out) { .buf = text, .size = sizeof(text) };
    re_fix_text(e->layer, e->call, e->args, &texts, &o);
    if (o.len > 0 && !o.cut) {
        re_json_bytes(j, "fix", text, o.len, SIZE_MAX);
    }
}

/* Where the paths have led, if a condition has had them resolved: as the guest
 * sees it, and on the host, each where it differs. */
static void json_resolved(struct entry *e, struct re_json *j)
{
    static const char *const keys[2][2] = {
        { "resolved", "host" }, { "resolved2", "host2" },
    };
    const struct re_facts *facts = e->call->facts;
    const char *given[2] = { e->path, e->path2 };
    const struct re_decoded *values[2] = { &e->path_value, &e->path2_value };

    for (unsigned i = 0; facts && i < 2; i++) {
        const struct re_path *path = &facts->paths[i];

        if (!(facts->made & RE_FACT_PATH << i) || path->len == 0) {
            continue;
        }
        if (values[i]->kind != RE_DECODED_STRING ||
            values[i]->len != path->len ||
            memcmp(given[i], path->name, path->len) != 0) {
            re_json_bytes(j, keys[i][0], path->name, path->len, PATH_LIMIT);
        }
        if (path->host) {
            re_json_bytes(j, keys[i][1], path->host, strlen(path->host),
                          PATH_LIMIT);
        }
    }
}

static void json_begin(struct entry *e, struct re_json *j, char *line)
{
    re_json_begin(j, line, RECORD_MAX);
    re_json_unsigned(j, "v", 1);
    put_time(j, &e->now);
}

static size_t json_end(struct entry *e, struct re_json *j)
{
    if (e->lost > 0) {
        re_json_unsigned(j, "lost", e->lost);
    }
    return re_json_end(j);
}

static size_t json_record(struct entry *e, char *line)
{
    const struct re_guest_ops *ops = e->audit->ops;
    struct re_json j;

    json_begin(e, &j, line);
    json_outcome(e, &j);
    re_json_string(&j, "target", st_target_name(e->audit->target));
    json_call(e, &j);
    json_who(e, &j);
    if (ops && ops->pc) {
        re_json_hex(&j, "pc", ops->pc(e->call->guest));
    }
    json_why(e, &j);
    json_resolved(e, &j);
    return json_end(e, &j);
}

static size_t json_message(struct entry *e, char *line, const char *source,
                           const char *message)
{
    struct re_json j;

    json_begin(e, &j, line);
    re_json_string(&j, "verdict", "log");
    re_json_string(&j, "target", st_target_name(e->audit->target));
    json_who(e, &j);
    if (source) {
        re_json_bytes(&j, "source", source, strlen(source), NAME_LIMIT);
    }
    re_json_bytes(&j, "message", message, strlen(message), RECORD_MAX / 2);
    return json_end(e, &j);
}

/* --- readable lines ---------------------------------------------------- */

static void text_who(struct entry *e, struct re_out *o)
{
    struct civil t = civil_time(e->now.tv_sec + e->audit->utc_offset);
    const char *name = comm(e);
    pid_t pid = getpid(), tid = syscall(SYS_gettid);

    re_out_text(o, "  ");
    put_clock(o, &t);
    re_out_padded(o, e->now.tv_nsec / 1000000, 3);
    re_out_text(o, " ");
    re_out_escaped(o, name, strlen(name), RE_ESCAPE_TEXT, ARG_LIMIT);
    re_out_text(o, "[");
    re_out_signed(o, pid);
    if (tid != pid) {
        re_out_text(o, "/");
        re_out_signed(o, tid);
    }
    re_out_text(o, "] ");
}

static void text_call(struct entry *e, struct re_out *o)
{
    const char *name = call_name(e);
    const char *comma = "";

    if (name) {
        re_out_text(o, name);
    } else {
        re_out_text(o, "syscall ");
        re_out_signed(o, e->call->nr);
    }
    re_out_text(o, "(");
    for (unsigned i = 0; i < e->count; i++) {
        struct re_decoded value;
        const char *text = decode(e, i, &value);

        if (value.kind == RE_DECODED_NONE ||
            (re_decode_is_length(e->all, i) &&
             e->address_value.kind == RE_DECODED_ADDRESS)) {
            continue;
        }
        re_out_text(o, comma);
        re_decoded_text(o, &value, text, PATH_LIMIT);
        comma = ", ";
    }
    for (unsigned i = 0; i < ST_MAX_ARGS && !knows_args(e); i++) {
        re_out_text(o, comma);
        re_out_hex(o, e->args[i]);
        comma = ", ";
    }
    re_out_text(o, ") = ");
}

static void text_outcome(struct entry *e, struct re_out *o)
{
    const struct re_rule *rule = e->call->rule;
    const char *error = error_name(e);

    if (error) {
        re_out_text(o, error);
    } else if (rule->verdict == RE_VERDICT_KILL) {
        re_out_text(o, "killed (SIGSYS)");
    } else if (rule->verdict == RE_VERDICT_TRAP) {
        re_out_text(o, "SIGSYS");
    } else if (rule->verdict == RE_VERDICT_RETURN) {
        re_out_signed(o, rule->value);
    } else if (rule->verdict == RE_VERDICT_LUA &&
               e->call->result != RE_RESULT_GONE) {
        re_out_signed(o, e->call->result);
    } else {
        re_out_text(o, rule->verdict == RE_VERDICT_ALLOW ? "allowed" :
                    "passed on");
    }
    if (permissive(e)) {
        re_out_text(o, " (permissive: let through)");
    }
}

static size_t text_end(struct entry *e, struct re_out *o)
{
    if (e->lost > 0) {
        re_out_text(o, "   (");
        re_out_unsigned(o, e->lost);
        re_out_text(o, " records lost before this)");
    }
    o->size++;              /* kept for the newline */
    re_out_text(o, "\n");
    return o->len;
}

static size_t text_record(struct entry *e, char *line)
{
    struct re_out o = { .buf = line, .size = RECORD_MAX - 1 };

    text_who(e, &o);
    text_call(e, &o);
    text_outcome(e, &o);
    re_out_text(&o, "   ");
    put_rule(&o, e->call->rule, RE_ESCAPE_TEXT, true);
    return text_end(e, &o);
}

static size_t text_message(struct entry *e, char *line, const char *source,
                           const char *message)
{
    struct re_out o = { .buf = line, .size = RECORD_MAX - 1 };

    text_who(e, &o);
    if (source) {
        re_out_escaped(&o, source, strlen(source), RE_ESCAPE_TEXT, NAME_LIMIT);
        re_out_text(&o, ": ");
    }
    re_out_escaped(&o, message, strlen(message), RE_ESCAPE_TEXT,
                   RECORD_MAX / 2);
    return text_end(e, &o);
}

/* --- records ----------------------------------------------------------- */

void re_audit_record(struct re_audit *audit, const struct re_layer *layer,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS])
{
    char line[RECORD_MAX];
    struct entry e;
    size_t len;

    if (!call->rule) {
        return;
    }
    begin(&e, audit, layer, call, args);
    use_checked_address(&e);
    len = audit->readable ? text_record(&e, line) : json_record(&e, line);
    write_line(&e, line, len);
}

void re_audit_message(struct re_audit *audit, const char *source,
                      const char *message)
{
    char line[RECORD_MAX];
    struct entry e;
    size_t len;

    begin(&e, audit, NULL, NULL, NULL);
    len = audit->readable ? text_message(&e, line, source, message) :
        json_message(&e, line, source, message);
    write_line(&e, line, len);
}
