/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusal.h"

#include <ctype.h>
#include <string.h>

#include "diag-add.h"

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
        { "lua", ACTION }, { "data", ACTION }, { "file", ACTION },
        { "redirect", ACTION }, { "run", ACTION },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].word) == 0) {
            return words[i].cls;
        }
    }
    return st_errno_by_name(doc->target, word) > 0 ? REFUSAL : OTHER_WORD;
}

const char *re_misplaced(const struct re_document *doc,
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

int re_wrong_place(const struct re_document *doc, enum re_section section,
                   struct re_scan *s, const char *what)
{
    const char *hint = section == RE_SECTION_ALLOW ? NULL :
        errno_meant(doc, s);
    char word[64];

    if (!hint) {
        hint = re_misplaced(doc, section, s);
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

int re_errno_parse(struct re_document *doc, struct re_scan *s,
                   struct re_rule *rule, const char *what)
{
    char name[64], hint[RE_SUGGEST_MAX + 32];
    int number;

    if (s->token == RE_TOKEN_NUMBER) {
        return re_scan_error(s, "numbers differ from target to target",
                             "expected an errno by its name");
    }
    if (s->token != RE_TOKEN_WORD) {
        return re_wrong_place(doc, RE_SECTION_DENY, s, what);
    }
    re_scan_text(s, name, sizeof(name));
    number = st_errno_by_name(doc->target, name);
    if (number < 0) {
        if (name[0] != 'E') {
            return re_wrong_place(doc, RE_SECTION_DENY, s, what);
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
    return re_errno_parse(doc, s, rule, what);
}
