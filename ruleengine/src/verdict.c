/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content.h"
#include "diag-add.h"
#include "manner.h"
#include "option.h"
#include "refusal.h"

const char *re_verdict_name(enum re_verdict verdict)
{
    static const char *const names[] = {
        [RE_VERDICT_ALLOW] = "allow", [RE_VERDICT_RUN] = "run",
        [RE_VERDICT_WILDCARD] = "any-address",
        [RE_VERDICT_PARENTS] = "make-parents",
        [RE_VERDICT_ROOT] = "below-root",
        [RE_VERDICT_REDIRECT] = "redirect", [RE_VERDICT_DEVICE] = "device",
        [RE_VERDICT_READ] = "read", [RE_VERDICT_FILE] = "file",
        [RE_VERDICT_DATA] = "data", [RE_VERDICT_RETURN] = "return",
        [RE_VERDICT_ERROR] = "error", [RE_VERDICT_LUA] = "lua",
        [RE_VERDICT_DENY] = "deny", [RE_VERDICT_TRAP] = "trap",
        [RE_VERDICT_KILL] = "kill",
    };

    return names[verdict];
}

/* --- rules ---------------------------------------------------------------- */

static int number_parse(struct re_document *doc, struct re_scan *s,
                        struct re_rule *rule)
{
    bool negative = re_scan_take(s, "-");
    unsigned bits = st_word_bits(doc->target);
    uint64_t n = s->number;

    if (s->token != RE_TOKEN_NUMBER) {
        return re_scan_expected(s, "a number");
    }
    if (negative ? n > UINT64_C(1) << (bits - 1) :
        bits == 32 && n > UINT32_MAX) {
        return re_scan_error(s, NULL, "this does not fit in %u bits", bits);
    }
    n = negative ? -n : n;
    if (bits == 32) {
        n = (uint64_t)(int64_t)(int32_t)n;
    }
    if ((int64_t)n < 0 && (int64_t)n >= -4095) {
        return re_scan_error(s, "write \"error\" and the errno's name",
                             "a result of -4095 to -1 is an error");
    }
    rule->value = (int64_t)n;
    re_scan_next(s);
    return 0;
}

/* "data", "file", "redirect" and what they put in the file's place. */
static int replacement_parse(struct re_document *doc, struct re_scan *s,
                             struct re_rule *rule)
{
    struct re_manner *m = re_manner_of(rule, doc->arena);

    return m ? re_content_parse(doc, s, &m->content, &rule->verdict) :
        -ENOMEM;
}

static int handler_parse(struct re_document *doc, struct re_scan *s,
                         struct re_draft *draft)
{
    struct re_rule *rule = draft->rule;

    rule->verdict = RE_VERDICT_LUA;
    if (s->token != RE_TOKEN_WORD) {
        return re_scan_expected(s, "the name of a Lua function");
    }
    rule->handler_name = re_arena_strndup(doc->arena,
                                          s->entry->value + s->offset,
                                          s->length);
    draft->handler_offset = s->offset;
    re_scan_next(s);
    return rule->handler_name ? 0 : -ENOMEM;
}

/* [ write "BYTES" to ARGUMENT ], behind a result */
static int write_parse(struct re_document *doc, struct re_scan *s,
                       struct re_rule *rule)
{
    struct re_manner *m;
    int err;

    if (!re_scan_take(s, "write")) {
        return 0;
    }
    m = re_manner_of(rule, doc->arena);
    if (!m) {
        return -ENOMEM;
    }
    err = re_bytes_parse(doc, s, &m->content.bytes, &m->content.len);
    if (err) {
        return err;
    }
    if (!re_scan_take(s, "to") || s->token != RE_TOKEN_WORD) {
        return re_scan_expected(s, "\"to\" and an argument");
    }
    m->write_to = re_arena_strndup(doc->arena, s->entry->value + s->offset,
                                   s->length);
    re_scan_next(s);
    return m->write_to ? 0 : -ENOMEM;
}

static int action_parse(struct re_document *doc, struct re_scan *s,
                        struct re_draft *draft)
{
    struct re_rule *rule = draft->rule;
    int err;

    if (re_scan_take(s, "return")) {
        rule->verdict = RE_VERDICT_RETURN;
        err = number_parse(doc, s, rule);
        return err ? err : write_parse(doc, s, rule);
    }
    if (re_scan_take(s, "error")) {
        rule->verdict = RE_VERDICT_ERROR;
        return re_errno_parse(doc, s, rule, "an errno such as ENOSPC");
    }
    if (re_scan_take(s, "lua")) {
        return handler_parse(doc, s, draft);
    }
    if (re_scan_is(s, "data") || re_scan_is(s, "file") ||
        re_scan_is(s, "redirect")) {
        return replacement_parse(doc, s, rule);
    }
    if (re_scan_take_key(s, "make-parents")) {
        rule->verdict = RE_VERDICT_PARENTS;
        return 0;
    }
    if (re_scan_take_key(s, "below-root")) {
        rule->verdict = RE_VERDICT_ROOT;
        return 0;
    }
    if (re_scan_take_key(s, "any-address")) {
        rule->verdict = RE_VERDICT_WILDCARD;
        return 0;
    }
    rule->verdict = RE_VERDICT_RUN;
    if (re_scan_take(s, "run") || re_scan_is_key(s, "delay") ||
        re_scan_is_key(s, "delay-after") || re_scan_is_key(s, "signal")) {
        return 0;
    }
    return re_wrong_place(doc, RE_SECTION_EMULATE, s,
                          "\"return\", \"error\", \"data\", \"file\", "
                          "\"redirect\", \"run\", \"make-parents\", "
                          "\"below-root\", \"any-address\" or \"lua\"");
}

static int allowance_parse(struct re_document *doc, struct re_scan *s,
                           struct re_draft *draft)
{
    draft->rule->verdict = RE_VERDICT_ALLOW;
    if (re_scan_take(s, "always") || re_option_starts(s)) {
        return 0;
    }
    if (re_misplaced(doc, RE_SECTION_ALLOW, s)) {
        return re_wrong_place(doc, RE_SECTION_ALLOW, s,
                              "\"always\" or a condition");
    }
    draft->condition = re_condition_parse(s, doc->arena);
    return draft->condition ? 0 : -EINVAL;
}

int re_verdict_parse(struct re_document *doc, enum re_section section,
                     struct re_scan *s, struct re_draft *draft)
{
    int err = section == RE_SECTION_ALLOW ? allowance_parse(doc, s, draft) :
        section == RE_SECTION_EMULATE ? action_parse(doc, s, draft) :
        re_refusal_parse(doc, s, draft->rule,
                         "an errno such as EPERM, \"kill\" or \"trap\"");

    return err ? err : re_options_parse(doc, section, s, draft);
}

/* --- settings ------------------------------------------------------------- */

int re_setting_verdict_parse(struct re_document *doc,
                             const struct re_entry *entry,
                             struct re_setting *setting)
{
    static const char what[] = "\"allow\", \"deny\", \"kill\" or \"trap\"";
    struct re_rule *rule = &setting->rule;
    struct re_scan s;
    int err = 0;

    re_scan_start(&s, entry, 0, doc->diags);
    if (re_scan_take(&s, "allow")) {
        rule->verdict = RE_VERDICT_ALLOW;
    } else if (re_scan_take(&s, "deny")) {
        rule->verdict = RE_VERDICT_DENY;
        if (s.token == RE_TOKEN_END || re_scan_is(&s, "log") ||
            re_scan_is(&s, "quiet")) {
            rule->error = st_errno_by_name(doc->target, "EPERM");
            rule->error_name = "EPERM";
        } else {
            err = re_errno_parse(doc, &s, rule, "an errno such as EPERM");
        }
    } else if (re_scan_is(&s, "kill") || re_scan_is(&s, "trap")) {
        err = re_refusal_parse(doc, &s, rule, what);
    } else {
        return re_scan_expected(&s, what);
    }
    if (!err && (re_scan_is(&s, "log") || re_scan_is(&s, "quiet"))) {
        setting->logging = re_scan_is(&s, "log") ? RE_LOG_ALWAYS :
            RE_LOG_NEVER;
        re_scan_next(&s);
    }
    if (!err && s.token != RE_TOKEN_END) {
        err = re_scan_expected(&s, "\"log\", \"quiet\" or the line's end");
    }
    rule->file = entry->file;
    rule->line = entry->line;
    rule->key = entry->key;
    rule->text = entry->value;
    return err;
}
