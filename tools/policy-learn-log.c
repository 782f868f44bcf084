/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what --policy-learn wrote, and audit logs of permissive runs: both have
 * the same members. Whatever a guest has put into a log is text here.
 */
#include "policy-learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "log-line.h"

/* --- words --------------------------------------------------------------- */

void learn_words_add(struct learn_words *w, char *word)
{
    /* Room grows by powers of two. */
    if ((w->count & (w->count - 1)) == 0) {
        w->items = policy_need(reallocarray(w->items, 2 * w->count + 1,
                                            sizeof(*w->items)));
    }
    w->items[w->count++] = word;
}

bool learn_words_have(const struct learn_words *w, const char *word)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->items[i], word) == 0) {
            return true;
        }
    }
    return false;
}

bool learn_words_once(struct learn_words *w, const char *word)
{
    if (learn_words_have(w, word)) {
        return false;
    }
    learn_words_add(w, policy_printf("%s", word));
    return true;
}

static int by_word(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void learn_words_sort(struct learn_words *w)
{
    if (w->count) {
        qsort(w->items, w->count, sizeof(*w->items), by_word);
    }
}

void learn_words_free(struct learn_words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->items[i]);
    }
    free(w->items);
    *w = (struct learn_words) { 0 };
}

/* --- members ------------------------------------------------------------- */

/* NULL: there is none, or it is no string. Borrowed. */
static const char *text_of(json_object *o, const char *key)
{
    json_object *value;

    return json_object_object_get_ex(o, key, &value) &&
        json_object_is_type(value, json_type_string) ?
        json_object_get_string(value) : NULL;
}

static uint64_t number_of(json_object *o, const char *key)
{
    json_object *value;
    int64_t n;

    if (!json_object_object_get_ex(o, key, &value)) {
        return 0;
    }
    n = json_object_get_int64(value);
    return n > 0 ? n : 0;
}

static bool has(json_object *o, const char *key)
{
    return json_object_object_get_ex(o, key, NULL);
}

static char *copy(const char *text)
{
    return text ? policy_printf("%s", text) : NULL;
}

/* Constants and numbers: what may stand in a condition as it is. */
static bool is_value(const char *text)
{
    return *text && text[strspn(text, "|-_0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* Absolute, and without what would have been resolved. Any other names no
 * file for certain. */
static char *absolute(const char *path)
{
    size_t length = path ? strlen(path) : 0;

    if (!length || *path != '/' || strstr(path, "//") ||
        strstr(path, "/./") || strstr(path, "/../") ||
        (length > 1 && path[length - 1] == '/') ||
        strcmp(path + length - 2, "/.") == 0 ||
        (length > 2 && strcmp(path + length - 3, "/..") == 0)) {
        return NULL;
    }
    return copy(path);
}

/* --- addresses ----------------------------------------------------------- */

/* "192.0.2.1:443", "[2001:db8::1%2]:53" */
static void take_internet(struct learn_thing *t, const char *text)
{
    bool brackets = *text == '[';
    const char *colon = strrchr(text, ':');
    size_t length;

    if (!colon) {
        return;
    }
    text += brackets;
    length = colon - brackets > text ? colon - brackets - text : 0;
    length = strcspn(text, "%") < length ? strcspn(text, "%") : length;
    t->addr = policy_need(strndup(text, length));
    t->port = copy(colon + 1);
    if (t->addr[strspn(t->addr, "0123456789abcdefABCDEF.:")] ||
        t->port[strspn(t->port, "0123456789")] || !*t->addr || !*t->port) {
        free(t->addr);
        free(t->port);
        t->addr = t->port = NULL;
    }
}

/* As the audit log writes it: "inet 192.0.2.1:443", "unix /run/x",
 * "AF_PACKET, 20 bytes". */
static void take_sockaddr(struct learn_thing *t, const char *text,
                          const char *resolved)
{
    if (strncmp(text, "inet ", 5) == 0) {
        t->family = copy("AF_INET");
        take_internet(t, text + 5);
    } else if (strncmp(text, "inet6 ", 6) == 0) {
        t->family = copy("AF_INET6");
        take_internet(t, text + 6);
    } else if (strncmp(text, "unix ", 5) == 0) {
        t->family = copy("AF_UNIX");
        text = resolved ? resolved : text + 5;
        t->unix_name = *text == '@' ? copy(text) : absolute(text);
    } else if (strncmp(text, "netlink ", 8) == 0) {
        t->family = copy("AF_NETLINK");
    } else {
        t->family = policy_need(strndup(text, strcspn(text, ", ")));
    }
    if (!is_value(t->family)) {
        free(t->family);
        t->family = NULL;
    }
}

/* --- opening ------------------------------------------------------------- */

static bool has_flag(const char *flags, const char *flag)
{
    size_t length = strlen(flag);

    for (const char *at = flags; (at = strstr(at, flag)); at += length) {
        if ((at == flags || at[-1] == '|') &&
            (at[length] == '|' || !at[length])) {
            return true;
        }
    }
    return false;
}

/* Audit logs show flags, not what they come to. */
static const char *access_of(const char *call, const char *flags)
{
    if (strcmp(call, "creat") == 0) {
        return "write";
    }
    if (!flags) {
        return NULL;
    }
    if (has_flag(flags, "O_WRONLY")) {
        return "write";
    }
    return has_flag(flags, "O_RDWR") || has_flag(flags, "O_CREAT") ||
        has_flag(flags, "O_TRUNC") ? "readwrite" : "read";
}

/* --- records ------------------------------------------------------------- */

/* Arguments that rules are made of: a value that is none must not widen
 * them. */
static bool is_needed(const struct learn_thing *t, const char *name)
{
    const struct learn_trait *trait = learn_trait_of(t->call);

    return trait->kind == LEARN_SOCKET || trait->kind == LEARN_CLONE ||
        (trait->arg && strcmp(trait->arg, name) == 0);
}

/* Paths and other texts among the arguments are no values. False: one that is
 * needed is none either. */
static bool take_args(struct learn_thing *t, json_object *record)
{
    json_object *args;
    bool fine = true;

    if (!json_object_object_get_ex(record, "args", &args) ||
        !json_object_is_type(args, json_type_object)) {
        return true;
    }
    json_object_object_foreach(args, name, value) {
        const char *text = value &&
            json_object_is_type(value, json_type_string) ?
            json_object_get_string(value) : "";

        if (t->arg_count < ST_MAX_ARGS && is_value(text)) {
            t->args[t->arg_count++] = (struct learn_arg) {
                .name = copy(name), .value = copy(text),
            };
        } else if (*text) {
            fine &= !is_needed(t, name);
        }
    }
    return fine;
}

static const char *arg_of(const struct learn_thing *t, const char *name)
{
    for (unsigned i = 0; i < t->arg_count; i++) {
        if (strcmp(t->args[i].name, name) == 0) {
            return t->args[i].value;
        }
    }
    return NULL;
}

/* False: an address that is none. */
static bool take_facts(struct learn_thing *t, json_object *record)
{
    enum learn_kind kind = learn_trait_of(t->call)->kind;
    const char *sockaddr = text_of(record, "sockaddr");
    const char *resolved = text_of(record, "resolved");
    const char *resolved2 = text_of(record, "resolved2");
    const char *access = text_of(record, "access");

    t->has_path = has(record, "path") || kind == LEARN_OPEN ||
        kind == LEARN_PATH || kind == LEARN_PATHS;
    t->path = absolute(resolved ? resolved : text_of(record, "path"));
    t->path2 = absolute(resolved2 ? resolved2 : text_of(record, "path2"));
    if (kind == LEARN_OPEN) {
        t->access = copy(access ? access :
                         access_of(t->call, arg_of(t, "flags")));
    }
    if (sockaddr) {
        take_sockaddr(t, sockaddr, text_of(record, "unix"));
    } else if (kind == LEARN_ADDRESS) {
        t->family = copy("AF_UNSPEC");
    }
    return kind != LEARN_ADDRESS ||
        (t->family && (strncmp(t->family, "AF_INET", 7) != 0 || t->addr));
}

/* --- whether a policy could say it ---------------------------------------- */

/* By some spelling of the call. Nothing at all can be said. */
static bool can_say(struct re_known *known, const struct learn_thing *t,
                    const char *name, const char *value)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(t->target, t->call, slots);
    char why[256];

    for (unsigned i = 0; value && i < count; i++) {
        int err = re_known_set(known, t->target, slots[i], name, value, why,
                               sizeof(why));

        if (err == 0) {
            return true;
        }
        policy_need(err == -ENOMEM ? NULL : known);
    }
    return !value && count > 0;
}

/* Values become parts of conditions: a damaged log must not become a policy
 * that is none. Arguments that rules are not made of are left out. */
static bool check_values(struct learn_thing *t)
{
    struct re_known *known = policy_need(calloc(1, sizeof(*known)));
    bool fine = can_say(known, t, "access", t->access) &&
        can_say(known, t, "addr", t->addr) &&
        can_say(known, t, "port", t->port) &&
        can_say(known, t, "family", t->family);
    unsigned kept = 0;

    for (unsigned i = 0; i < t->arg_count; i++) {
        struct learn_arg arg = t->args[i];

        if (can_say(known, t, arg.name, arg.value)) {
            t->args[i] = t->args[kept];
            t->args[kept++] = arg;
        } else {
            fine &= !is_needed(t, arg.name);
            free(arg.name);
            free(arg.value);
        }
    }
    t->arg_count = kept;
    free(known);
    return fine;
}

static void add_target(struct policy_scope *scope, const struct st_target *t)
{
    for (unsigned i = 0; i < scope->count; i++) {
        if (scope->targets[i] == t) {
            return;
        }
    }
    scope->targets[scope->count++] = t;
}

static void free_thing(struct learn_thing *t)
{
    free(t->path);
    free(t->path2);
    free(t->access);
    free(t->family);
    free(t->addr);
    free(t->port);
    free(t->unix_name);
    for (unsigned i = 0; i < t->arg_count; i++) {
        free(t->args[i].name);
        free(t->args[i].value);
    }
}

static struct learn_thing *add_thing(struct learn_log *log)
{
    if ((log->count & (log->count - 1)) == 0) {
        log->things = policy_need(reallocarray(log->things, 2 * log->count + 1,
                                               sizeof(*log->things)));
    }
    log->things[log->count] = (struct learn_thing) { 0 };
    return &log->things[log->count++];
}

/* Whether the call went through: what was refused or faked is not to be
 * allowed. */
static bool went_through(json_object *record, const char *verdict)
{
    return strcmp(verdict, "learn") == 0 || strcmp(verdict, "allow") == 0 ||
        has(record, "permissive");
}

static void take_call(struct learn_log *log, json_object *record,
                      const struct st_target *target)
{
    const char *name = text_of(record, "syscall");
    const char *call = name ? st_canonical_name(name) : NULL;
    struct learn_thing *t;
    char number[24];

    if (!call) {
        snprintf(number, sizeof(number), "%lld",
                 (long long)number_of(record, "nr"));
        learn_words_once(&log->nameless, number);
        return;
    }
    t = add_thing(log);
    t->call = call;
    t->target = target;
    t->pid = number_of(record, "pid");
    if (!take_args(t, record) || !take_facts(t, record) || !check_values(t)) {
        free_thing(t);
        log->count--;
        log->broken++;
    }
}

static void take_record(struct learn_log *log, json_object *record)
{
    const char *verdict = text_of(record, "verdict");
    const char *target_name = text_of(record, "target");
    const char *folder = text_of(record, "cwd"), *exe = text_of(record, "exe");
    const struct st_target *target = target_name ?
        st_target_by_name(target_name) : NULL;
    uint64_t repeated = number_of(record, "repeated");

    log->records++;
    log->lost += number_of(record, "lost");
    log->repeated = repeated > log->repeated ? repeated : log->repeated;
    if (!verdict || !target) {
        log->broken++;
        return;
    }
    add_target(&log->targets, target);
    if (exe) {
        learn_words_once(&log->programs, exe);
    }
    if (folder) {
        learn_words_once(&log->folders, folder);
    } else if (!has(record, "syscall")) {
        return;             /* a handler's message */
    } else if (!went_through(record, verdict)) {
        log->refused++;
    } else {
        take_call(log, record, target);
    }
}

static bool is_blank(const char *text, const char *end)
{
    while (text < end && strchr(" \t\r\n", *text) && *text) {
        text++;
    }
    return text == end;
}

/* Whether the text is one object and nothing else. */
static bool take_object(struct learn_log *log, json_tokener *reader,
                        const char *text, size_t len)
{
    json_object *record;
    bool fine;

    json_tokener_reset(reader);
    record = json_tokener_parse_ex(reader, text, len);
    fine = json_object_is_type(record, json_type_object) &&
        is_blank(text + json_tokener_get_parse_end(reader), text + len);
    if (fine) {
        take_record(log, record);
    }
    json_object_put(record);
    return fine;
}

/* What was cut short lacks its newline, so that whole records may stand behind
 * it on the same line. */
static void take_line(struct learn_log *log, json_tokener *reader,
                      const char *line, size_t len)
{
    const char *end = line + len, *next;

    if (is_blank(line, end) || take_object(log, reader, line, len)) {
        return;
    }
    for (; line; line = next) {
        next = log_next_record(line, end - line);
        if (!take_object(log, reader, line, (next ? next : end) - line)) {
            log->records++;
            log->broken++;
        }
    }
}

static bool read_lines(struct learn_log *log, FILE *in)
{
    json_tokener *reader = policy_need(json_tokener_new());
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while ((len = getline(&line, &size, in)) >= 0) {
        take_line(log, reader, line, len);
    }
    json_tokener_free(reader);
    free(line);
    return !ferror(in);
}

bool learn_log_read(struct learn_log *log, const char *file)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
    bool fine = in && read_lines(log, in);

    if (!fine) {
        fprintf(stderr, "%s: error: %s\n", file, strerror(errno));
    }
    if (in && in != stdin) {
        fclose(in);
    }
    learn_words_once(&log->files, file);
    return fine;
}

void learn_log_free(struct learn_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free_thing(&log->things[i]);
    }
    free(log->things);
    learn_words_free(&log->files);
    learn_words_free(&log->programs);
    learn_words_free(&log->folders);
    learn_words_free(&log->nameless);
}
