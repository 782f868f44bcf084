/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as lines for people. */
#include "record-private.h"

#include <string.h>

#include "verdict.h"

static void put_offset(struct re_out *o, long seconds)
{
    unsigned minutes = (seconds < 0 ? -seconds : seconds) / 60;

    re_out_text(o, seconds < 0 ? "-" : "+");
    re_out_padded(o, minutes / 60, 2);
    re_out_padded(o, minutes % 60, 2);
}

/* The time of day, local; in a file with the date and the zone. */
static void put_when(struct re_record *r, struct re_out *o, bool with_date)
{
    struct re_civil t = re_record_civil(r->now.tv_sec + r->utc_offset);

    if (with_date) {
        re_out_padded(o, t.year, 4);
        re_out_text(o, "-");
        re_out_padded(o, t.month, 2);
        re_out_text(o, "-");
        re_out_padded(o, t.day, 2);
        re_out_text(o, " ");
    } else {
        re_out_text(o, "  ");
    }
    re_record_put_clock(o, &t);
    re_out_padded(o, r->now.tv_nsec / 1000000, 3);
    if (with_date) {
        re_out_text(o, " ");
        put_offset(o, r->utc_offset);
    }
    re_out_text(o, " ");
}

static void put_who(struct re_record *r, struct re_out *o)
{
    const char *name = re_record_comm(r);

    re_out_escaped(o, name, strlen(name), RE_ESCAPE_TEXT, RE_RECORD_ARG);
    re_out_text(o, "[");
    re_out_signed(o, r->pid);
    if (r->tid != r->pid) {
        re_out_text(o, "/");
        re_out_signed(o, r->tid);
    }
    re_out_text(o, "] ");
}

static void put_call(struct re_record *r, struct re_out *o)
{
    const char *name = re_record_call(r);
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
        const char *text = re_record_decode(r, i, &value);

        if (value.kind == RE_DECODED_NONE ||
            (re_decode_is_length(r->all, i) &&
             r->address_value.kind == RE_DECODED_ADDRESS)) {
            continue;
        }
        re_out_text(o, comma);
        re_decoded_text(o, &value, text, RE_RECORD_PATH);
        comma = ", ";
    }
    for (unsigned i = 0; i < ST_MAX_ARGS && !re_record_knows_args(r); i++) {
        re_out_text(o, comma);
        re_out_hex(o, r->args[i]);
        comma = ", ";
    }
    re_out_text(o, ") = ");
}

/* Of a call that goes on: how. */
static void put_manner(struct re_out *o, const struct re_rule *rule)
{
    const char *object = re_record_object(rule);

    re_out_text(o, rule->verdict == RE_VERDICT_ALLOW ? "allowed" :
                rule->verdict == RE_VERDICT_LUA ? "passed on" :
                re_verdict_name(rule->verdict));
    if (object) {
        re_out_text(o, " ");
        re_out_escaped(o, object, strlen(object), RE_ESCAPE_TEXT,
                       RE_RECORD_NAME);
    }
}

static void put_outcome(struct re_record *r, struct re_out *o)
{
    const struct re_rule *rule = r->call->rule;
    const char *error = re_record_error(r);

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
        put_manner(o, rule);
    }
    if (re_record_permissive(r)) {
        re_out_text(o, " (permissive: let through)");
    }
}

static void put_data(struct re_record *r, struct re_out *o)
{
    for (unsigned i = 0; i < r->data_count; i++) {
        const struct re_datum *d = &r->data[i];

        re_out_text(o, i ? " " : "");
        re_out_text(o, d->key);
        re_out_text(o, d->kind == RE_DATUM_TEXT ? "=\"" : "=");
        if (d->kind == RE_DATUM_TEXT) {
            re_out_escaped(o, d->text, d->len, RE_ESCAPE_TEXT,
                           RE_RECORD_PATH);
            re_out_text(o, "\"");
        } else if (d->kind == RE_DATUM_INTEGER) {
            re_out_signed(o, d->number);
        } else {
            re_out_text(o, d->number ? "true" : "false");
        }
    }
}

static void put_message(struct re_record *r, struct re_out *o)
{
    if (r->source) {
        re_out_escaped(o, r->source, strlen(r->source), RE_ESCAPE_TEXT,
                       RE_RECORD_NAME);
        re_out_text(o, ": ");
    }
    if (r->data) {
        put_data(r, o);
        return;
    }
    re_out_escaped(o, r->message, strlen(r->message), RE_ESCAPE_TEXT,
                   RE_RECORD_MAX / 2);
}

void re_record_put_text(struct re_record *r, struct re_out *o)
{
    re_record_prepare(r);
    put_who(r, o);
    if (r->call) {
        put_call(r, o);
        put_outcome(r, o);
        re_out_text(o, "   ");
        re_record_put_rule(o, r->call->rule, RE_ESCAPE_TEXT, true);
    } else if (r->message) {
        put_message(r, o);
    } else {
        re_out_text(o, "the log is limited");
    }
}

static void put_count(struct re_out *o, uint64_t count, const char *what)
{
    if (count > 0) {
        re_out_text(o, "   (");
        re_out_unsigned(o, count);
        re_out_text(o, what);
    }
}

size_t re_record_text(struct re_record *r, char *buf, size_t size,
                      bool with_date)
{
    struct re_out o = { .buf = buf, .size = size - 1 };

    put_when(r, &o, with_date);
    re_record_put_text(r, &o);
    put_count(&o, r->limited, " records left out before this)");
    put_count(&o, r->lost, " records lost before this)");
    o.size++;               /* kept for the newline */
    re_out_text(&o, "\n");
    return o.len;
}
