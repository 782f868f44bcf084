/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record-private.h"

#include <string.h>
#include <syslog.h>

#include "fix.h"
#include "manner.h"
#include "verdict.h"

/* --- when -------------------------------------------------------------- */

/* The proleptic Gregorian calendar, counted in years that begin in March so
 * that a leap day comes last. Without libc's lock on the time zone. */
struct re_civil re_record_civil(int64_t seconds)
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
    return (struct re_civil) {
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day - (153 * month + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

void re_record_put_clock(struct re_out *o, const struct re_civil *t)
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
    struct re_civil t = re_record_civil(now->tv_sec);
    char text[40];
    struct re_out o = { .buf = text, .size = sizeof(text) };

    re_out_padded(&o, t.year, 4);
    re_out_text(&o, "-");
    re_out_padded(&o, t.month, 2);
    re_out_text(&o, "-");
    re_out_padded(&o, t.day, 2);
    re_out_text(&o, "T");
    re_record_put_clock(&o, &t);
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
const char *re_record_comm(const struct re_record *r)
{
    return r->renamed ? r->comm : base_name(r->exe);
}

/* --- what -------------------------------------------------------------- */

/* A text with a place of its own in the record; arg -1: none has it yet. */
struct kept {
    struct re_decoded *value;
    int *arg;
    char *text;
    size_t size;
};

static bool kept_for(struct re_record *r, int i, struct kept *ret)
{
    struct kept path = { &r->path_value, &r->path_arg, r->path,
                         sizeof(r->path) };
    struct kept path2 = { &r->path2_value, &r->path2_arg, r->path2,
                          sizeof(r->path2) };
    struct kept address = { &r->address_value, &r->address_arg, r->address,
                            sizeof(r->address) };

    if (r->all[i].kind == ST_KIND_SOCKADDR ||
        (r->all[i].kind == ST_KIND_SOCKADDR_OUT &&
         r->address_value.kind == RE_DECODED_ADDRESS)) {
        *ret = address;     /* also whom accept's connection comes from */
        return true;
    }
    if (r->all[i].kind != ST_KIND_PATH) {
        return false;
    }
    if (r->path_arg < 0 || r->path_arg == i) {
        *ret = path;
        return true;
    }
    *ret = path2;
    return r->path2_arg < 0 || r->path2_arg == i;
}

const char *re_record_decode(struct re_record *r, unsigned i,
                             struct re_decoded *value)
{
    const struct re_decoder d = {
        .target = r->target,
        .ops = r->ops,
        .guest = r->call->guest,
    };
    struct kept k;

    if (!kept_for(r, i, &k)) {
        re_decode(&d, r->all, r->count, i, r->args, r->scratch,
                  sizeof(r->scratch), value);
        return r->scratch;
    }
    if (*k.arg < 0 && k.value->kind == RE_DECODED_NONE) {
        re_decode(&d, r->all, r->count, i, r->args, k.text, k.size, k.value);
        *k.arg = i;
    }
    *value = *k.value;
    return k.text;
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

void re_record_prepare(struct re_record *r)
{
    int n;

    if (r->prepared) {
        return;
    }
    r->prepared = true;
    r->count = 0;
    if (!r->call) {
        return;
    }
    n = r->call->slot < 0 ? -1 :
        st_slot_args(r->target, r->call->slot, r->all);
    r->count = n < 0 ? 0 : n;
    r->knows_args = n >= 0;
    r->path_arg = r->path2_arg = r->address_arg = -1;
    r->path_value.kind = RE_DECODED_NONE;
    r->path2_value.kind = RE_DECODED_NONE;
    r->address_value.kind = RE_DECODED_NONE;
    use_checked_address(r);
}

const char *re_record_call(const struct re_record *r)
{
    return r->call->slot < 0 ? NULL :
        st_slot_name(r->target, r->call->slot);
}

bool re_record_knows_args(const struct re_record *r)
{
    return r->knows_args;
}

static bool is_error(int64_t result)
{
    return result < 0 && result >= -4095;
}

/* The guest's error that the call ended in, or NULL. */
const char *re_record_error(const struct re_record *r)
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

/* The file on the host that takes the place of the guest's, or NULL. */
const char *re_record_object(const struct re_rule *rule)
{
    return rule->manner ? rule->manner->content.path : NULL;
}

bool re_record_permissive(const struct re_record *r)
{
    return r->call->rule->permissive ||
        r->layer->permissive;
}

/* "web.ini:14"; "web.ini default" where there is no line, and, in readable
 * lines, for the default wherever it stands. */
void re_record_put_rule(struct re_out *o, const struct re_rule *rule,
                        enum re_escape escape, bool readable)
{
    const char *file = rule->file ? rule->file : "-";

    re_out_escaped(o, file, strlen(file), escape, RE_RECORD_NAME);
    if (rule->line == 0 ||
        (readable && rule->key && strcmp(rule->key, "default") == 0)) {
        re_out_text(o, " ");
        re_out_text(o, rule->key ? rule->key : "default");
    } else {
        re_out_text(o, ":");
        re_out_unsigned(o, rule->line);
    }
}

const char *re_record_verdict(const struct re_record *r)
{
    return r->call ? re_verdict_name(r->call->rule->verdict) :
        r->message ? "log" : "limit";
}

int re_record_priority(const struct re_record *r)
{
    enum re_verdict verdict;

    if (!r->call) {
        return r->message ? LOG_INFO : LOG_WARNING;
    }
    verdict = r->call->rule->verdict;
    return re_record_permissive(r) ? LOG_NOTICE :
        verdict >= RE_VERDICT_TRAP ? LOG_ERR :
        verdict == RE_VERDICT_DENY ? LOG_WARNING :
        verdict == RE_VERDICT_ALLOW ? LOG_INFO : LOG_NOTICE;
}

/* --- JSON -------------------------------------------------------------- */

static void json_args(struct re_record *r, struct re_json *j)
{
    re_json_open(j, "args");
    for (unsigned i = 0; i < r->count; i++) {
        struct re_decoded value;
        const char *text = re_record_decode(r, i, &value);

        re_decoded_json(j, r->all[i].name, &value, text, RE_RECORD_ARG);
    }
    if (!re_record_knows_args(r)) {
        for (unsigned i = 0; i < ST_MAX_ARGS; i++) {
            char name[] = { 'a', 'r', 'g', '0' + i, '\0' };

            re_json_hex(j, name, r->args[i]);
        }
    }
    re_json_close(j);
}

static void json_outcome(struct re_record *r, struct re_json *j)
{
    const struct re_rule *rule = r->call->rule;
    const char *error = re_record_error(r), *object = re_record_object(rule);

    if (re_record_permissive(r)) {
        re_json_true(j, "permissive");
    }
    if (object) {
        re_json_string(j, "object", object);
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
    const char *name = re_record_call(r);
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
        re_json_bytes(j, "path", r->path, r->path_value.len, RE_RECORD_PATH);
        j->truncated |= r->path_value.cut;
    }
    if (r->path2_value.kind == RE_DECODED_STRING) {
        re_json_bytes(j, "path2", r->path2, r->path2_value.len,
                      RE_RECORD_PATH);
        j->truncated |= r->path2_value.cut;
    }
    if (r->address_value.kind == RE_DECODED_ADDRESS) {
        re_json_bytes(j, "sockaddr", r->address, r->address_value.len,
                      RE_RECORD_ARG);
    }
}

static void json_who(struct re_record *r, struct re_json *j)
{
    const char *name = re_record_comm(r);

    re_json_signed(j, "pid", r->pid);
    re_json_signed(j, "tid", r->tid);
    re_json_bytes(j, "comm", name, strlen(name), RE_RECORD_ARG);
    re_json_bytes(j, "exe", r->exe, strlen(r->exe), RE_RECORD_NAME);
}

/* What the arguments have been found to point to, as far as it is whole. */
static struct re_fix_texts fix_texts(const struct re_record *r)
{
    const struct re_decoded *path = &r->path_value, *path2 = &r->path2_value;
    const struct re_decoded *address = &r->address_value;
    struct re_fix_texts texts = { .ops = r->ops };

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
    char text[RE_FIX_MAX];      /* more than RE_RECORD_NAME */
    struct re_out o = { .buf = text, .size = sizeof(text) };

    re_record_put_rule(&o, rule, RE_ESCAPE_NONE, false);
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
            re_json_bytes(j, keys[i][0], path->name, path->len, RE_RECORD_PATH);
        }
        if (path->host) {
            re_json_bytes(j, keys[i][1], path->host, strlen(path->host),
                          RE_RECORD_PATH);
        }
    }
}

static void json_data(struct re_record *r, struct re_json *j)
{
    re_json_open(j, "data");
    for (unsigned i = 0; i < r->data_count; i++) {
        const struct re_datum *d = &r->data[i];

        if (d->kind == RE_DATUM_TEXT) {
            re_json_bytes(j, d->key, d->text, d->len, RE_RECORD_PATH);
        } else if (d->kind == RE_DATUM_INTEGER) {
            re_json_signed(j, d->key, d->number);
        } else if (d->number) {
            re_json_true(j, d->key);
        } else {
            re_json_false(j, d->key);
        }
    }
    re_json_close(j);
}

static void json_message(struct re_record *r, struct re_json *j)
{
    json_who(r, j);
    if (r->source) {
        re_json_bytes(j, "source", r->source, strlen(r->source),
                      RE_RECORD_NAME);
    }
    if (r->data) {
        json_data(r, j);
    } else if (r->message) {
        re_json_bytes(j, "message", r->message, strlen(r->message),
                      RE_RECORD_MAX / 2);
    }
}

void re_record_put_members(struct re_record *r, struct re_json *j)
{
    const struct re_guest_ops *ops = r->ops;

    re_json_unsigned(j, "v", 1);
    put_time(j, &r->now);
    re_json_string(j, "verdict", re_record_verdict(r));
    if (r->call) {
        json_outcome(r, j);
    }
    if (r->limited > 0) {
        re_json_unsigned(j, "limited", r->limited);
    }
    if (r->lost > 0) {
        re_json_unsigned(j, "lost", r->lost);
    }
    re_json_string(j, "target", st_target_name(r->target));
    if (r->call) {
        json_call(r, j);
        json_who(r, j);
        if (ops && ops->pc) {
            re_json_hex(j, "pc", ops->pc(r->call->guest));
        }
        json_why(r, j);
        json_resolved(r, j);
    } else {
        json_message(r, j);
    }
}

size_t re_record_json(struct re_record *r, char *buf, size_t size)
{
    struct re_json j;

    re_record_prepare(r);
    re_json_begin(&j, buf, size);
    re_record_put_members(r, &j);
    return re_json_end(&j);
}

size_t re_record_format(struct re_record *r, enum re_format format,
                        char *buf, size_t size)
{
    switch (format) {
    case RE_FORMAT_JSON:
        return re_record_json(r, buf, size);
    case RE_FORMAT_TERMINAL:
        return re_record_text(r, buf, size, false);
    case RE_FORMAT_TEXT:
        return re_record_text(r, buf, size, true);
    case RE_FORMAT_KERNEL:
        return re_record_kernel(r, buf, size);
    case RE_FORMAT_SYSLOG:
        return re_record_syslog(r, buf, size);
    case RE_FORMAT_JOURNAL:
        return re_record_journal(r, buf, size);
    }
    return 0;
}
