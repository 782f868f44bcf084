/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "arena.h"
#include "decode.h"
#include "diag-add.h"
#include "facts.h"
#include "json.h"
#include "origin.h"
#include "sink.h"

enum {
    TABLE_SIZE = 1 << 17,       /* things that are remembered, 8 bytes each */
    TABLE_REACH = 32,           /* places where a thing may stand */
    LINE_MAX_ = 12 * 1024,      /* bytes of a record, on the guest's stack */
    PATH_LIMIT = 4 * 1024,      /* bytes of output for one path */
    TEXT_MAX = 512,
};

/* Shared by all processes of the guest. Zero is an empty place. */
struct table {
    _Atomic uint64_t lost;      /* records not written, not reported yet */
    _Atomic uint64_t repeated;  /* written although the table was full */
    atomic_bool torn;           /* the file ends within a line */
    _Atomic uint64_t things[TABLE_SIZE];
};

/* What there is to see in one slot's calls. */
struct subject {
    const struct re_form *form;     /* NULL: neither paths nor addresses */
    struct st_arg args[ST_MAX_ARGS];    /* those that are worth a look */
    uint8_t count;
    bool named;
};

struct re_learn {
    const struct st_target *target;
    const struct re_guest_ops *ops;
    const char *exe;
    int fd;
    struct re_arena *arena;         /* owns what stands in "subjects" */
    struct subject *subjects;       /* st_slot_count() of them */
    struct table *table;            /* shared mapping */
    uint64_t seed;                  /* things of another target are others */
};

/* --- hashes ------------------------------------------------------------ */

/* Mixing of splitmix64 (public domain, Sebastiano Vigna). */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash += value + UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const char *at = bytes;
    uint64_t word;

    hash = mix(hash, len);
    for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, at, len);
    return mix(hash, word);
}

/* --- what was seen ----------------------------------------------------- */

static bool is_seen(const struct re_learn *l, uint64_t thing)
{
    const _Atomic uint64_t *things = l->table->things;

    for (unsigned i = 0; i < TABLE_REACH; i++) {
        uint64_t there = atomic_load_explicit(
            &things[(thing + i) % TABLE_SIZE], memory_order_relaxed);

        if (there == thing) {
            return true;
        }
        if (!there) {
            return false;
        }
    }
    return false;
}

/* False: there is no room for it. */
static bool remember(struct re_learn *l, uint64_t thing)
{
    _Atomic uint64_t *things = l->table->things;

    for (unsigned i = 0; i < TABLE_REACH; i++) {
        uint64_t there = 0;

        if (atomic_compare_exchange_strong(&things[(thing + i) % TABLE_SIZE],
                                           &there, thing) ||
            there == thing) {
            return true;
        }
    }
    return false;
}

/* --- writing ----------------------------------------------------------- */

/* A line that was cut short gets its newline before the next one. */
static bool write_line(struct re_learn *l, const char *line, size_t len)
{
    ssize_t n;

    if (atomic_load(&l->table->torn) && write(l->fd, "\n", 1) == 1) {
        atomic_store(&l->table->torn, false);
    }
    do {
        n = write(l->fd, line, len);
    } while (n < 0 && errno == EINTR);
    if (n > 0 && (size_t)n < len) {
        atomic_store(&l->table->torn, true);
    }
    return n == (ssize_t)len;
}

static void json_begin(const struct re_learn *l, struct re_json *j, char *line)
{
    re_json_begin(j, line, LINE_MAX_);
    re_json_unsigned(j, "v", 1);
    re_json_string(j, "verdict", "learn");
    re_json_string(j, "target", st_target_name(l->target));
}

/* Writes the record and remembers the thing, in this order: better twice than
 * never. What cannot be written is not remembered, and tried again. */
static void finish(struct re_learn *l, struct re_json *j, uint64_t thing)
{
    int saved = errno;
    uint64_t lost = atomic_exchange(&l->table->lost, 0);
    uint64_t repeated = atomic_load(&l->table->repeated);

    re_json_signed(j, "pid", getpid());
    re_json_bytes(j, "exe", l->exe, strlen(l->exe), TEXT_MAX);
    if (lost) {
        re_json_unsigned(j, "lost", lost);
    }
    if (repeated) {
        re_json_unsigned(j, "repeated", repeated);
    }
    if (!write_line(l, j->out.buf, re_json_end(j))) {
        atomic_fetch_add(&l->table->lost, lost + 1);
    } else if (!remember(l, thing)) {
        atomic_fetch_add(&l->table->repeated, 1);
    }
    errno = saved;
}

/* --- one call ---------------------------------------------------------- */

struct sight {
    struct re_learn *learn;
    const struct re_call *call;
    const struct subject *subject;
    struct re_facts *facts;     /* NULL: no paths, no addresses */
    uint64_t base;              /* the call and its flags */
};

static void json_args(const struct sight *s, struct re_json *j)
{
    const struct subject *subject = s->subject;
    const struct re_decoder d = { .target = s->learn->target };
    char text[TEXT_MAX];

    re_json_open(j, "args");
    for (unsigned i = 0; i < subject->count; i++) {
        struct re_decoded value;

        re_decode(&d, subject->args, subject->count, i, s->call->given, text,
                  sizeof(text), &value);
        re_decoded_json(j, subject->args[i].name, &value, text, TEXT_MAX);
    }
    re_json_close(j);
}

static void json_path(struct re_json *j, const char *key,
                      const struct re_path *path)
{
    if (path->len) {
        re_json_bytes(j, key, path->name, path->len, PATH_LIMIT);
    } else {
        re_json_null(j, key);
    }
}

/* Whether the call says an address. Who connects is not the program's doing. */
static bool says_address(const struct re_form *form)
{
    return form->has_address && !form->accepts;
}

static void json_facts(const struct sight *s, struct re_json *j)
{
    static const char *const accesses[] = { "read", "write", "readwrite" };
    const struct re_form *form = s->subject->form;
    struct re_facts *f = s->facts;
    const struct re_address *a;
    char text[TEXT_MAX];
    struct re_out out = { .buf = text, .size = sizeof(text) };

    for (unsigned i = 0; i < form->path_count; i++) {
        json_path(j, i ? "path2" : "path", re_fact_path(f, form, i));
    }
    if (form->open != RE_OPEN_NONE) {
        re_json_string(j, "access", accesses[re_fact_access(f, form)]);
    }
    a = says_address(form) ? re_fact_address(f, form) : NULL;
    if (a && a->present) {
        re_decode_sockaddr(s->learn->target, a->bytes, a->len, &out);
        re_json_bytes(j, "sockaddr", text, out.len, TEXT_MAX);
    }
    if (a && f->made & RE_FACT_UNIX) {
        json_path(j, "unix", &f->unix_path);
    }
}

static void record(const struct sight *s, uint64_t thing)
{
    const struct re_learn *l = s->learn;
    const char *name = s->subject->named ?
        st_slot_name(l->target, s->call->slot) : NULL;
    char line[LINE_MAX_];
    struct re_json j;

    json_begin(l, &j, line);
    if (name) {
        re_json_string(&j, "syscall", name);
    } else {
        re_json_null(&j, "syscall");
    }
    re_json_signed(&j, "nr", s->call->nr);
    json_args(s, &j);
    if (s->facts) {
        json_facts(s, &j);
    }
    finish(s->learn, &j, thing);
}

/* Names whose meaning changes while nobody touches a file. */
static bool is_shifting(const char *path)
{
    return strncmp(path, "/proc/", 6) == 0 ||
        strncmp(path, "/dev/fd/", 8) == 0 ||
        strncmp(path, "/dev/std", 8) == 0;
}

/*
 * A path as the guest gives it, and where it begins: enough to know one that
 * was seen, for the price of reading it. False: only where it leads tells.
 */
static bool mix_given(const struct sight *s, unsigned index, uint64_t *hash)
{
    const struct re_path_query *q = &s->subject->form->paths[index].query;
    const struct re_guest_ops *ops = s->learn->ops;
    char path[RE_PATH_MAX];
    uint64_t where[2] = { 0, 0 };
    ssize_t len;
    int dirfd;

    len = ops->read_string(s->call->guest, s->call->given[q->reg], path,
                           sizeof(path));
    if (len < 0 || is_shifting(path)) {
        return false;
    }
    dirfd = q->dirfd_reg < 0 ? RE_CWD : (int32_t)s->call->given[q->dirfd_reg];
    if (path[0] != '/' &&
        (!ops->identity ||
         ops->identity(s->call->guest, dirfd, where) < 0)) {
        return false;
    }
    *hash = mix(mix(mix_bytes(*hash, path, len), where[0]), where[1]);
    return true;
}

static uint64_t mix_address(const struct sight *s, uint64_t hash)
{
    const struct re_address *a = re_fact_address(s->facts, s->subject->form);

    return a->present ? mix_bytes(hash, a->bytes, a->len) : mix(hash, 0);
}

/* openat2's flags lie in memory. */
static uint64_t mix_how(const struct sight *s, uint64_t hash)
{
    if (s->subject->form->open == RE_OPEN_HOW_MEMORY) {
        re_fact_access(s->facts, s->subject->form);
        hash = mix_bytes(hash, s->facts->how, sizeof(s->facts->how));
    }
    return hash;
}

/* The name by which the call is known at a glance; 0: it has none. */
static uint64_t glance(const struct sight *s)
{
    const struct re_form *form = s->subject->form;
    uint64_t hash = mix_how(s, mix(s->base, 'g'));

    for (unsigned i = 0; i < form->path_count; i++) {
        if (!mix_given(s, i, &hash)) {
            return 0;
        }
    }
    if (says_address(form)) {
        const struct re_address *a;

        hash = mix_address(s, hash);
        a = &s->facts->address;
        /* Where a relative one leads depends on the folder. */
        if (a->family == AF_UNIX && a->len > 2 && a->bytes[2] != '/' &&
            a->bytes[2] != '\0') {
            return 0;
        }
    }
    return hash ? hash : 1;
}

/* The name by which it is known once it is clear where everything leads. */
static uint64_t resolve(const struct sight *s)
{
    const struct re_form *form = s->subject->form;
    uint64_t hash = mix_how(s, mix(s->base, 'r'));

    for (unsigned i = 0; i < form->path_count; i++) {
        const struct re_path *p = re_fact_path(s->facts, form, i);

        hash = mix_bytes(hash, p->name, p->len);
    }
    if (says_address(form)) {
        hash = mix_address(s, hash);
        if (s->facts->address.family == AF_UNIX) {
            const struct re_path *p = re_fact_unix(s->facts, form);

            hash = mix_bytes(hash, p->name, p->len);
        }
    }
    return hash ? hash : 1;
}

static void look_closely(const struct sight *s)
{
    uint64_t quick = glance(s), thing;

    if (quick && is_seen(s->learn, quick)) {
        return;
    }
    thing = resolve(s);
    if (!is_seen(s->learn, thing)) {
        record(s, thing);
        if (!is_seen(s->learn, thing)) {
            return;         /* not written, or no room */
        }
    }
    if (quick) {
        remember(s->learn, quick);
    }
}

/* The call and its flags. */
static void mix_base(struct sight *s)
{
    const struct re_call *call = s->call;

    s->base = mix(s->learn->seed, s->subject->named ? (uint64_t)call->slot :
                  UINT64_C(1) << 32 | (uint32_t)call->nr);
    for (unsigned i = 0; i < s->subject->count; i++) {
        s->base = mix(s->base, re_decode_number(&s->subject->args[i],
                                                call->given));
    }
}

void re_learn_interpreter(struct re_learn *l, const struct re_call *call)
{
    struct sight s = {
        .learn = l, .call = call, .subject = &l->subjects[call->slot],
        .facts = call->facts,
    };
    uint64_t thing;

    mix_base(&s);
    thing = s.subject->form ? resolve(&s) : 0;
    if (thing && !is_seen(l, thing)) {
        record(&s, thing);
    }
}

bool re_learn_call(struct re_learn *l, const struct re_call *call)
{
    static const struct subject unknown = { .named = false };
    struct sight s = { .learn = l, .call = call, .subject = &unknown };

    if (call->slot >= 0) {
        if (st_slot_is_carrier(l->target, call->slot)) {
            return true;
        }
        s.subject = &l->subjects[call->slot];
    }
    mix_base(&s);
    if (s.subject->form && call->facts) {
        s.facts = call->facts;
        look_closely(&s);
        return false;
    }
    s.base = s.base ? s.base : 1;
    if (!is_seen(l, s.base)) {
        record(&s, s.base);
    }
    return s.subject->count == 0 && !s.subject->form && is_seen(l, s.base);
}

/* --- making one -------------------------------------------------------- */

/* Flags, choices and signals; not numbers, sizes, descriptors, pointers. */
static bool is_telling(const struct st_arg *arg)
{
    return arg->family &&
        (arg->kind == ST_KIND_FLAGS || arg->kind == ST_KIND_SIGNAL);
}

/* Whether a call can have paths or an address: to make a form takes time, which
 * every program that is executed pays for. */
static bool needs_form(const char *call, const struct st_arg *args, int count)
{
    static const char *const others[] = {
        "sendmsg", "sendmmsg", "open_by_handle_at", "mq_open",
    };

    for (int i = 0; i < count; i++) {
        if (args[i].kind == ST_KIND_PATH || args[i].kind == ST_KIND_SOCKADDR) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(call, others[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int make_subject(struct re_learn *l, unsigned slot)
{
    struct subject *s = &l->subjects[slot];
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(l->target, slot, args);
    const struct re_form *form;

    s->named = st_slot_name(l->target, slot);
    if (!s->named) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (is_telling(&args[i])) {
            s->args[s->count++] = args[i];
        }
    }
    if (!needs_form(st_slot_name(l->target, slot), args, count)) {
        return 0;
    }
    form = re_form_new(l->target, slot, l->ops, l->arena);
    if (!form) {
        return -ENOMEM;
    }
    if (form->path_count || says_address(form) || form->open != RE_OPEN_NONE) {
        s->form = form;
    }
    return 0;
}

static int make_subjects(struct re_learn *l)
{
    unsigned count = st_slot_count(l->target);
    int err = 0;

    l->subjects = re_arena_alloc(l->arena, count * sizeof(*l->subjects));
    if (!l->subjects) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count && !err; i++) {
        err = make_subject(l, i);
    }
    return err;
}

/* Whether a file holds something else than records: a policy, say, that was
 * named by mistake. What cannot be read is taken for what it should be. */
static bool is_foreign(int fd)
{
    struct stat st;
    char first;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        pread(fd, &first, 1, 0) == 1 && first != '{' && first != '\n';
}

static int open_file(struct re_learn *l, const char *path,
                     struct re_diags *diags)
{
    /* A pipe that nobody reads loses records; the guest is not kept waiting. */
    int fd = re_log_open(AT_FDCWD, path, 0);
    int err = errno;

    if (fd >= 0 && is_foreign(fd)) {
        close(fd);
        re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                     "not a file to learn into: it holds something else");
        return -EEXIST;
    }
    if (fd >= 0) {
        l->fd = re_move_high(fd);
        err = errno;
        close(fd);
    }
    if (l->fd >= 0) {
        return 0;
    }
    re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                 "cannot open the file to learn into: %s", strerror(err));
    return -err;
}

/* Where the run began: the working folder is the program's own ground. */
static void record_start(struct re_learn *l)
{
    char cwd[RE_PATH_MAX], line[LINE_MAX_];
    uint64_t thing = mix_bytes(mix(l->seed, 'c'), l->exe, strlen(l->exe));
    struct re_json j;

    if (!l->ops->canonical || l->ops->canonical(".", cwd, sizeof(cwd)) < 0) {
        return;
    }
    json_begin(l, &j, line);
    re_json_bytes(&j, "cwd", cwd, strlen(cwd), PATH_LIMIT);
    finish(l, &j, thing);
}

int re_learn_new(struct re_learn **ret, const struct st_target *target,
                 const struct re_guest_ops *ops, const char *path,
                 const char *exe, int fd, struct re_origin *origin,
                 struct re_diags *diags)
{
    struct re_learn *l = calloc(1, sizeof(*l));
    const char *name = st_target_name(target);
    int err = 0;

    if (l) {
        l->target = target;
        l->ops = ops;
        l->fd = fd;
        l->seed = mix_bytes(1, name, strlen(name));
        l->arena = re_arena_new();
        l->exe = l->arena ? re_arena_strdup(l->arena, exe ? exe : "?") : NULL;
        l->table = re_origin_share(origin, sizeof(*l->table));
    }
    if (!l || !l->exe || !l->table || make_subjects(l) < 0) {
        re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        err = -ENOMEM;
    }
    if (!err && fd < 0) {
        err = open_file(l, path, diags);
    }
    if (!err && re_log_is_cut(l->fd, true)) {
        atomic_store(&l->table->torn, true);
    }
    if (err) {
        if (!l && fd >= 0) {
            close(fd);
        }
        re_learn_free(l);
        return err;
    }
    if (fd < 0) {
        record_start(l);
    }
    *ret = l;
    return 0;
}

void re_learn_free(struct re_learn *l)
{
    if (!l) {
        return;
    }
    if (l->table) {
        munmap(l->table, sizeof(*l->table));
    }
    re_number_close(l->fd);
    re_arena_free(l->arena);
    free(l);
}

int re_learn_fd(const struct re_learn *l)
{
    return l->fd;
}
