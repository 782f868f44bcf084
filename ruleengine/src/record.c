/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fix.h"

/* Bytes of output, escaped. */
enum {
    ARG_LIMIT = 384,        /* a string among the arguments */
    PATH_LIMIT = 3584,      /* "path" and "path2" */
    NAME_LIMIT = 768,       /* the program's name, the rule's file */
};

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
static const char *comm(const struct re_record *r)
{
    return r->renamed ? r->comm : base_name(r->exe);
}
/* --- what -------------------------------------------------------------- */

/*
 * Decodes argument i. Paths and the socket address stay in the entry, for
 * fields of their own; any other text lasts until the next argument.
 */
static const char *decode(struct re_record *r, unsigned i,
                          struct re_decoded *value)
{
    const struct re_decoder d = {
        .target = r->target,
        .ops = r->ops,
        .guest = r->call->guest,
    };
    struct re_decoded *keep = NULL;
    char *text = r->scratch;
    size_t size = sizeof(r->scratch);

    if (r->all[i].kind == ST_KIND_PATH &&
        r->path_value.kind == RE_DECODED_NONE) {
        keep = &r->path_value;
        text = r->path;
        size = sizeof(r->path);
    } else if (r->all[i].kind == ST_KIND_PATH &&
               r->path2_value.kind == RE_DECODED_NONE) {
        keep = &r->path2_value;
        text = r->path2;
        size = sizeof(r->path2);
    } else if (r->all[i].kind == ST_KIND_SOCKADDR) {
        if (r->address_value.kind == RE_DECODED_ADDRESS) {
            *value = r->address_value;
            return r->address;
        }
        keep = &r->address_value;
        text = r->address;
        size = sizeof(r->address);
    }
    re_decode(&d, r->all, r->count, i, r->args, text, size, value);
    if (keep) {
        *keep = *value;
    }
    return text;
}

/* The address that conditions have looked at, rather than what lies there by
 * now; also that of sendmsg, which no argument shows. */
static void use_checked_address(struct re_record *r)
{
    const struct re_facts *facts = r->call->facts;
    struct re_out out = { .buf = r->address, .size = sizeof(r->address) };

    if (facts && facts->made & RE_FACT_ADDRESS && facts->address.present) {
        re_decode_sockaddr(r->target, facts->address.bytes,
                           facts->address.len, &out);
        r->address_value = (struct re_decoded) {
            .kind = RE_DECODED_ADDRESS, .len = out.len, .cut = out.cut,
        };
    }
}

static void prepare(struct re_record *r)
{
    int n = r->call->slot < 0 ? -1 :
        st_slot_args(r->target, r->call->slot, r->all);

    r->count = n < 0 ? 0 : n;
    r->path_value.kind = RE_DECODED_NONE;
    r->path2_value.kind = RE_DECODED_NONE;
    r->address_value.kind = RE_DECODED_NONE;
    use_checked_address(r);
}

static const char *call_name(const struct re_record *r)
{
    return r->call->slot < 0 ? NULL :
        st_slot_name(r->target, r->call->slot);
}

static bool knows_args(const struct re_record *r)
{
    struct st_arg unused[ST_MAX_ARGS];

    return r->count > 0 || (r->call->slot >= 0 &&
        st_slot_args(r->target, r->call->slot, unused) == 0);
}

static bool is_error(int64_t result)
{
    return result < 0 && result >= -4095;
}

/* The guest's error that the call ended in, or NULL. */
static const char *error_name(const struct re_record *r)
{
    const struct re_rule *rule = r->call->rule;
    int64_t result = r->call->result;

    if (rule->verdict == RE_VERDICT_DENY ||
        rule->verdict == RE_VERDICT_ERROR) {
        return rule->error_name ? rule->error_name :
            st_errno_name(r->target, rule->error);
    }
    if (rule->verdict == RE_VERDICT_LUA && is_error(result)) {
        return st_errno_name(r->target, -result);
    }
    return NULL;
}

static bool permissive(const struct re_record *r)
{
    return r->call->rule->permissive ||
        r->layer->permissive;
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

static void json_args(struct re_record *r, struct re_json *j)
{
    re_json_open(j, "args");
    for (unsigned i = 0; i < r->count; i++) {
        struct re_decoded value;
        const char *text = decode(r, i, &value);

        re_decoded_json(j, r->all[i].name, &value, text, ARG_LIMIT);
    }
    if (!knows_args(r)) {
        for (unsigned i = 0; i < ST_MAX_ARGS; i++) {
            char name[] = { 'a', 'r', 'g', '0' + i, '\0' };

            re_json_hex(j, name, r->args[i]);
        }
    }
    re_json_close(j);
}

static void json_outcome(struct re_record *r, struct re_json *j)
{
    /* ORDER VERDICT */
    static const char names[][8] = {
        "allow", "return", "error", "lua", "deny", "trap", "kill",
    };
    const struct re_rule *rule = r->call->rule;
    const char *error = error_name(r);

    re_json_string(j, "verdict", names[rule->verdict]);
    if (permissive(r)) {
        re_json_true(j, "permissive");
    }
    if (error) {
        re_json_string(j, "errno", error);
    } else if (rule->verdict == RE_VERDICT_RETURN) {
        re_json_signed(j, "value", rule->value);
    } else if (rule->verdict == RE_VERDICT_LUA &&
               r->call->result != RE_RESULT_GONE) {
        re_json_signed(j, "value", r->call->result);
    }
}

static void json_call(struct re_record *r, struct re_json *j)
{
    const struct st_target *t = r->target;
    const char *name = call_name(r);
    int slot = r->call->slot;

    if (name) {
        re_json_string(j, "syscall", name);
    } else {
        re_json_null(j, "syscall");
    }
    re_json_signed(j, "nr", r->call->nr);
    if (slot >= 0 && st_slot_operation(t, slot) > 0) {
        int carrier = st_slot_of_number(t, st_number_of_slot(t, slot));
        const char *via = carrier < 0 ? NULL : st_slot_name(t, carrier);

        re_json_string(j, "via", via ? via : "?");
    }
    json_args(r, j);
    if (r->path_value.kind == RE_DECODED_STRING) {
        re_json_bytes(j, "path", r->path, r->path_value.len, PATH_LIMIT);
        j->truncated |= r->path_value.cut;
    }
    if (r->path2_value.kind == RE_DECODED_STRING) {
        re_json_bytes(j, "path2", r->path2, r->path2_value.len, PATH_LIMIT);
        j->truncated |= r->path2_value.cut;
    }
    if (r->address_value.kind == RE_DECODED_ADDRESS) {
        re_json_bytes(j, "sockaddr", r->address, r->address_value.len,
                      ARG_LIMIT);
    }
}

static void json_who(struct re_record *r, struct re_json *j)
{
    const char *name = comm(r);

    re_json_signed(j, "pid", getpid());
    re_json_signed(j, "tid", syscall(SYS_gettid));
    re_json_bytes(j, "comm", name, strlen(name), ARG_LIMIT);
    re_json_bytes(j, "exe", r->exe, strlen(r->exe), NAME_LIMIT);
}

/* What the arguments have been found to point to, as far as it is whole. */
static struct re_fix_texts fix_texts(const struct re_record *r)
{
    const struct re_decoded *path = &r->path_value, *path2 = &r->path2_value;
    const struct re_decoded *address = &r->address_value;
    struct re_fix_texts texts = { 0 };

    if (path->kind == RE_DECODED_STRING && !path->cut) {
        texts.path = r->path;
        texts.path_len = path->len;
    }
    if (path2->kind == RE_DECODED_STRING && !path2->cut) {
        texts.path2 = r->path2;
        texts.path2_len = path2->len;
    }
    if (address->kind == RE_DECODED_ADDRESS && !address->cut) {
        texts.address = r->address;
        texts.address_len = address->len;
    }
    return texts;
}

static void json_why(struct re_record *r, struct re_json *j)
{
    const struct re_rule *rule = r->call->rule;
    const struct re_fix_texts texts = fix_texts(r);
    char text[RE_FIX_MAX];      /* more than NAME_LIMIT */
    struct re_out o = { .buf = text, .size = sizeof(text) };

    put_rule(&o, rule, RE_ESCAPE_NONE, false);
    re_json_bytes(j, "rule", text, o.len, SIZE_MAX);

    o = (struct re_out) { .buf = text, .size = sizeof(text) };
    re_fix_text(r->layer, r->call, r->args, &texts, &o);
    if (o.len > 0 && !o.cut) {
        re_json_bytes(j, "fix", text, o.len, SIZE_MAX);
    }
}

/* Where the paths have led, if a condition has had them resolved: as the guest
 * sees it, and on the host, each where it differs. */
static void json_resolved(struct re_record *r, struct re_json *j)
{
    static const char *const keys[2][2] = {
        { "resolved", "host" }, { "resolved2", "host2" },
    };
    const struct re_facts *facts = r->call->facts;
    const char *given[2] = { r->path, r->path2 };
    const struct re_decoded *values[2] = { &r->path_value, &r->path2_value };

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

static void json_begin(struct re_record *r, struct re_json *j, char *line)
{
    re_json_begin(j, line, RE_RECORD_MAX);
    re_json_unsigned(j, "v", 1);
    put_time(j, &r->now);
}

static size_t json_end(struct re_record *r, struct re_json *j)
{
    if (r->lost > 0) {
        re_json_unsigned(j, "lost", r->lost);
    }
    return re_json_end(j);
}

size_t re_record_json(struct re_record *r, char line[RE_RECORD_MAX])
{
    const struct re_guest_ops *ops = r->ops;
    struct re_json j;

    prepare(r);
    json_begin(r, &j, line);
    json_outcome(r, &j);
    re_json_string(&j, "target", st_target_name(r->target));
    json_call(r, &j);
    json_who(r, &j);
    if (ops && ops->pc) {
        re_json_hex(&j, "pc", ops->pc(r->call->guest));
    }
    json_why(r, &j);
    json_resolved(r, &j);
    return json_end(r, &j);
}

size_t re_record_message_json(struct re_record *r, char line[RE_RECORD_MAX],
                              const char *source, const char *message)
{
    struct re_json j;

    json_begin(r, &j, line);
    re_json_string(&j, "verdict", "log");
    re_json_string(&j, "target", st_target_name(r->target));
    json_who(r, &j);
    if (source) {
        re_json_bytes(&j, "source", source, strlen(source), NAME_LIMIT);
    }
    re_json_bytes(&j, "message", message, strlen(message), RE_RECORD_MAX / 2);
    return json_end(r, &j);
}

/* --- readable lines ---------------------------------------------------- */

static void text_who(struct re_record *r, struct re_out *o)
{
    struct civil t = civil_time(r->now.tv_sec + r->utc_offset);
    const char *name = comm(r);
    pid_t pid = getpid(), tid = syscall(SYS_gettid);

    re_out_text(o, "  ");
    put_clock(o, &t);
    re_out_padded(o, r->now.tv_nsec / 1000000, 3);
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

static void text_call(struct re_record *r, struct re_out *o)
{
    const char *name = call_name(r);
    const char *comma = "";

    if (name) {
        re_out_text(o, name);
    } else {
        re_out_text(o, "syscall ");
        re_out_signed(o, r->call->nr);
    }
    re_out_text(o, "(");
    for (unsigned i = 0; i < r->count; i++) {
        struct re_decoded value;
        const char *text = decode(r, i, &value);

        if (value.kind == RE_DECODED_NONE ||
            (re_decode_is_length(r->all, i) &&
             r->address_value.kind == RE_DECODED_ADDRESS)) {
            continue;
        }
        re_out_text(o, comma);
        re_decoded_text(o, &value, text, PATH_LIMIT);
        comma = ", ";
    }
    for (unsigned i = 0; i < ST_MAX_ARGS && !knows_args(r); i++) {
        re_out_text(o, comma);
        re_out_hex(o, r->args[i]);
        comma = ", ";
    }
    re_out_text(o, ") = ");
}

static void text_outcome(struct re_record *r, struct re_out *o)
{
    const struct re_rule *rule = r->call->rule;
    const char *error = error_name(r);

    if (error) {
        re_out_text(o, error);
    } else if (rule->verdict == RE_VERDICT_KILL) {
        re_out_text(o, "killed (SIGSYS)");
    } else if (rule->verdict == RE_VERDICT_TRAP) {
        re_out_text(o, "SIGSYS");
    } else if (rule->verdict == RE_VERDICT_RETURN) {
        re_out_signed(o, rule->value);
    } else if (rule->verdict == RE_VERDICT_LUA &&
               r->call->result != RE_RESULT_GONE) {
        re_out_signed(o, r->call->result);
    } else {
        re_out_text(o, rule->verdict == RE_VERDICT_ALLOW ? "allowed" :
                    "passed on");
    }
    if (permissive(r)) {
        re_out_text(o, " (permissive: let through)");
    }
}

static size_t text_end(struct re_record *r, struct re_out *o)
{
    if (r->lost > 0) {
        re_out_text(o, "   (");
        re_out_unsigned(o, r->lost);
        re_out_text(o, " records lost before this)");
    }
    o->size++;              /* kept for the newline */
    re_out_text(o, "\n");
    return o->len;
}

size_t re_record_text(struct re_record *r, char line[RE_RECORD_MAX])
{
    struct re_out o = { .buf = line, .size = RE_RECORD_MAX - 1 };

    prepare(r);
    text_who(r, &o);
    text_call(r, &o);
    text_outcome(r, &o);
    re_out_text(&o, "   ");
    put_rule(&o, r->call->rule, RE_ESCAPE_TEXT, true);
    return text_end(r, &o);
}

size_t re_record_message_text(struct re_record *r, char line[RE_RECORD_MAX],
                              const char *source, const char *message)
{
    struct re_out o = { .buf = line, .size = RE_RECORD_MAX - 1 };

    text_who(r, &o);
    if (source) {
        re_out_escaped(&o, source, strlen(source), RE_ESCAPE_TEXT, NAME_LIMIT);
        re_out_text(&o, ": ");
    }
    re_out_escaped(&o, message, strlen(message), RE_ESCAPE_TEXT,
                   RE_RECORD_MAX / 2);
    return text_end(r, &o);
}

