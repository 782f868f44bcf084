/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"

const char *re_verdict_name(enum re_verdict verdict)
{
    static const char *const names[] = {
        [RE_VERDICT_ALLOW] = "allow", [RE_VERDICT_RETURN] = "return",
        [RE_VERDICT_ERROR] = "error", [RE_VERDICT_LUA] = "lua",
        [RE_VERDICT_DENY] = "deny", [RE_VERDICT_TRAP] = "trap",
        [RE_VERDICT_KILL] = "kill",
    };

    return names[verdict];
}

/* --- words in the wrong place --------------------------------------------- */

enum word_class { OTHER_WORD, REFUSAL, ALLOWANCE, ACTION };

static enum word_class class_of(const struct re_document *doc,
                                const char *word)
{
    static const struct {
        const char *word;
        enum word_class cls;
    } words[] = {
        { "deny", REFUSAL }, { "kill", REFUSAL }, { "trap", REFUSAL },
        { "errno", REFUSAL }, { "allow", ALLOWANCE }, { "always", ALLOWANCE },
        { "yes", ALLOWANCE }, { "return", ACTION }, { "error", ACTION },
        { "lua", ACTION },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].word) == 0) {
            return words[i].cls;
        }
    }
    return st_errno_by_name(doc->target, word) > 0 ? REFUSAL : OTHER_WORD;
}

/* Where a word belongs that begins no value of this section; NULL: nobody
 * knows. */
static const char *misplaced(const struct re_document *doc,
                             enum re_section section, const struct re_scan *s)
{
    char word[64];
    enum word_class cls;

    if (s->token == RE_TOKEN_NUMBER && section == RE_SECTION_EMULATE) {
        return "a result is given by \"return\"";
    }
    if (s->token != RE_TOKEN_WORD) {
        return NULL;
    }
    cls = class_of(doc, re_scan_text(s, word, sizeof(word)));
    if (section == RE_SECTION_ALLOW) {
        return cls == REFUSAL ? "a refusal belongs into [deny]" :
            cls == ACTION ? "this belongs into [emulate]" :
            cls == ALLOWANCE ? "write \"always\"" :
            strcmp(word, "if") == 0 ? "in [allow] the condition is the value, "
            "without \"if\"" : NULL;
    }
    if (cls == ALLOWANCE) {
        return "this belongs into [allow]";
    }
    if (section == RE_SECTION_DENY) {
        return cls == ACTION ? "this belongs into [emulate]" :
            cls == REFUSAL ? "write the errno alone" :
            "the errno comes first: EPERM if ...";
    }
    return cls == REFUSAL && word[0] == 'E' ?
        "a failure is given by \"error\" and its errno" :
        cls == REFUSAL ? "this belongs into [deny]" : NULL;
}

/* EACCES for eacces, and for -EACCES; NULL. */
static const char *errno_meant(const struct re_document *doc,
                               const struct re_scan *s)
{
    char word[64];

    if (s->token == RE_TOKEN_OPERATOR && re_scan_is(s, "-")) {
        return "errnos have no sign here";
    }
    re_scan_text(s, word, sizeof(word));
    for (char *at = word; *at; at++) {
        *at = toupper((unsigned char)*at);
    }
    return s->token == RE_TOKEN_WORD &&
        st_errno_by_name(doc->target, word) > 0 ?
        "errnos are written in capitals" : NULL;
}

static int wrong_place(const struct re_document *doc, enum re_section section,
                       struct re_scan *s, const char *what)
{
    const char *hint = section == RE_SECTION_ALLOW ? NULL :
        errno_meant(doc, s);
    char word[64];

    if (!hint) {
        hint = misplaced(doc, section, s);
    }
    return hint ? re_scan_error(s, hint, "expected %s, not \"%s\"", what,
                                re_scan_text(s, word, sizeof(word))) :
        re_scan_expected(s, what);
}

/* --- errnos --------------------------------------------------------------- */

static const char *errno_at(void *opaque, unsigned i)
{
    const struct st_target *t = opaque;

    /* Numbers are dense enough: the highest, mips' EDQUOT, is 1133. */
    for (unsigned n = 1, seen = 0; n < 1200; n++) {
        const char *name = st_errno_name(t, n);

        if (name && seen++ == i) {
            return name;
        }
    }
    return NULL;
}

static int errno_parse(struct re_document *doc, struct re_scan *s,
                       struct re_rule *rule, const char *what)
{
    char name[64], hint[RE_SUGGEST_MAX + 32];
    int number;

    if (s->token == RE_TOKEN_NUMBER) {
        return re_scan_error(s, "numbers differ from target to target",
                             "expected an errno by its name");
    }
    if (s->token != RE_TOKEN_WORD) {
        return wrong_place(doc, RE_SECTION_DENY, s, what);
    }
    re_scan_text(s, name, sizeof(name));
    number = st_errno_by_name(doc->target, name);
    if (number < 0) {
        if (name[0] != 'E') {
            return wrong_place(doc, RE_SECTION_DENY, s, what);
        }
        return re_scan_error(s, re_suggest_hint(name, errno_at,
                                                (void *)doc->target, hint,
                                                sizeof(hint)),
                             "unknown errno \"%s\"", name);
    }
    rule->error = number;
    rule->error_name = st_errno_name(doc->target, number);
    re_scan_next(s);
    return 0;
}

int re_refusal_parse(struct re_document *doc, struct re_scan *s,
                     struct re_rule *rule, const char *what)
{
    if (re_scan_take(s, "kill")) {
        rule->verdict = RE_VERDICT_KILL;
        return 0;
    }
    if (re_scan_take(s, "trap")) {
        rule->verdict = RE_VERDICT_TRAP;
        return 0;
    }
    rule->verdict = RE_VERDICT_DENY;
    return errno_parse(doc, s, rule, what);
}

/* --- when ----------------------------------------------------------------- */

static int count_parse(struct re_scan *s, uint64_t least, uint64_t *ret)
{
    if (s->token != RE_TOKEN_NUMBER) {
        return re_scan_expected(s, "a count");
    }
    if (s->number < least) {
        return re_scan_error(s, NULL, "expected a count of at least %llu",
                             (unsigned long long)least);
    }
    *ret = s->number;
    re_scan_next(s);
    return 0;
}

/* first | first+ | first+step | first..last | first..last+step */
static int when_parse(struct re_scan *s, struct re_when *when)
{
    int err = count_parse(s, 1, &when->first);

    when->last = when->first;
    if (!err && re_scan_is(s, "-")) {
        return re_scan_expected(s, "\"+\" or \"..\"");
    }
    if (!err && re_scan_take(s, "..")) {
        err = count_parse(s, when->first, &when->last);
        when->step = 1;
    } else if (!err && re_scan_is(s, "+")) {
        when->last = UINT64_MAX;
        when->step = 1;
    }
    if (!err && re_scan_take(s, "+")) {
        if (s->token == RE_TOKEN_NUMBER) {
            err = count_parse(s, 1, &when->step);
        }
    }
    return err;
}

/* --- rules ---------------------------------------------------------------- */

static int once(struct re_scan *s, bool *seen)
{
    if (*seen) {
        return re_scan_error(s, NULL, "this option stands here twice");
    }
    *seen = true;
    re_scan_next(s);
    return 0;
}

static int option_expected(enum re_section section,
                           const struct re_draft *draft, struct re_scan *s)
{
    bool deny = section == RE_SECTION_DENY;
    bool bare = !draft->condition && section != RE_SECTION_ALLOW;
    char word[64], what[128];

    snprintf(what, sizeof(what), "%s\"when\", \"log\"%s",
             bare ? "\"if\", " : "\"&&\", \"||\", ",
             deny ? ", \"quiet\" or \"permissive\"" : " or \"quiet\"");
    if (bare && s->token == RE_TOKEN_WORD) {
        return re_scan_error(s, "a condition begins with \"if\"",
                             "expected %s, not \"%s\"", what,
                             re_scan_text(s, word, sizeof(word)));
    }
    return re_scan_expected(s, what);
}

/* { "if" condition | "when" count | "log" | "quiet" | "permissive" } */
static int options_parse(struct re_document *doc, enum re_section section,
                         struct re_scan *s, struct re_draft *draft)
{
    bool have_when = false, have_log = false, have_permissive = false;
    bool have_if = section == RE_SECTION_ALLOW;     /* it has no "if" */
    int err = 0;

    while (!err && s->token != RE_TOKEN_END) {
        if (re_scan_is(s, "if") && section != RE_SECTION_ALLOW) {
            err = once(s, &have_if);
            if (!err) {
                draft->condition = re_condition_parse(s, doc->arena);
                err = draft->condition ? 0 : -EINVAL;
            }
        } else if (re_scan_is(s, "when")) {
            err = once(s, &have_when);
            if (!err) {
                err = when_parse(s, &draft->rule->when);
            }
        } else if (re_scan_is(s, "log") || re_scan_is(s, "quiet")) {
            draft->logging = re_scan_is(s, "log") ? RE_LOG_ALWAYS :
                RE_LOG_NEVER;
            err = once(s, &have_log);
        } else if (re_scan_is(s, "permissive") && section == RE_SECTION_DENY) {
            draft->rule->permissive = true;
            err = once(s, &have_permissive);
        } else {
            err = option_expected(section, draft, s);
        }
    }
    return err;
}

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

static int action_parse(struct re_document *doc, struct re_scan *s,
                        struct re_draft *draft)
{
    struct re_rule *rule = draft->rule;

    if (re_scan_take(s, "return")) {
        rule->verdict = RE_VERDICT_RETURN;
        return number_parse(doc, s, rule);
    }
    if (re_scan_take(s, "error")) {
        rule->verdict = RE_VERDICT_ERROR;
        return errno_parse(doc, s, rule, "an errno such as ENOSPC");
    }
    if (re_scan_take(s, "lua")) {
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
    return wrong_place(doc, RE_SECTION_EMULATE, s,
                       "\"return\", \"error\" or \"lua\"");
}

static int allowance_parse(struct re_document *doc, struct re_scan *s,
                           struct re_draft *draft)
{
    draft->rule->verdict = RE_VERDICT_ALLOW;
    if (re_scan_take(s, "always") || re_scan_is(s, "log") ||
        re_scan_is(s, "quiet") || re_scan_is(s, "when")) {
        return 0;
    }
    if (misplaced(doc, RE_SECTION_ALLOW, s)) {
        return wrong_place(doc, RE_SECTION_ALLOW, s,
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

    return err ? err : options_parse(doc, section, s, draft);
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
            err = errno_parse(doc, &s, rule, "an errno such as EPERM");
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
