/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "option.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "manner.h"

#define DELAY_MAX (UINT64_C(24) * 3600 * 1000000000)    /* ns: a day */

/* Those that have been met. */
struct options {
    struct re_document *doc;
    enum re_section section;
    struct re_scan *s;
    struct re_draft *draft;
    bool have_if, have_when, have_limit, have_delay, have_after, have_signal,
        have_log, have_permissive;
};

/* --- words ---------------------------------------------------------------- */

bool re_scan_is_key(const struct re_scan *s, const char *key)
{
    const char *text = s->entry->value + s->offset;
    size_t len = strlen(key);

    return s->token == RE_TOKEN_WORD && strncmp(text, key, len) == 0 &&
        !isalnum((unsigned char)text[len]) && text[len] != '_' &&
        text[len] != '-';
}

bool re_scan_take_key(struct re_scan *s, const char *key)
{
    if (!re_scan_is_key(s, key)) {
        return false;
    }
    re_scan_start(s, s->entry, s->offset + strlen(key), s->diags);
    return true;
}

bool re_option_starts(const struct re_scan *s)
{
    static const char *const keys[] = {
        "when", "limit", "delay", "delay-after", "signal", "log", "quiet",
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (re_scan_is_key(s, keys[i])) {
            return true;
        }
    }
    return false;
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

/* --- delay ---------------------------------------------------------------- */

/* "10ms"; the current token is the keyword. */
static int delay_parse(struct re_scan *s, const char *key, uint64_t *ret)
{
    static const char expected[] = "a time such as 10ms, 500us or 2s";
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
    };
    char text[32], *unit;
    uint64_t number;

    s->length = strlen(key);
    re_scan_next_text(s);
    if (s->token != RE_TOKEN_TEXT || s->length >= sizeof(text)) {
        return re_scan_expected(s, expected);
    }
    re_scan_text(s, text, sizeof(text));
    errno = 0;
    number = strtoull(text, &unit, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].name) || !isdigit((unsigned char)*text)) {
            continue;
        }
        if (errno || number == 0 || number > DELAY_MAX / units[i].ns) {
            return re_scan_error(s, NULL, "the delay is out of range");
        }
        *ret = number * units[i].ns;
        re_scan_next(s);
        return 0;
    }
    return re_scan_expected(s, expected);
}

/* --- signal --------------------------------------------------------------- */

static const char *signal_at(void *opaque, unsigned i)
{
    static const char *const names[] = {
        "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE",
        "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGKILL", "SIGPIPE",
        "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTOP", "SIGSYS",
        "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG",
        "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ",
    };

    (void)opaque;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

/* The host's number, or 0. Named as above: the ones that every target has. */
static int signal_number(const char *name)
{
    for (int n = 1; n < 32; n++) {
        const char *abbreviation = sigabbrev_np(n);

        if (abbreviation && strcmp(name + 3, abbreviation) == 0) {
            return n;
        }
    }
    return strcmp(name, "SIGIO") == 0 ? SIGIO : 0;
}

static int signal_parse(struct re_scan *s, struct re_manner *m)
{
    char name[32], hint[RE_SUGGEST_MAX + 32];
    const char *known;

    re_scan_next(s);
    if (s->token != RE_TOKEN_WORD) {
        return re_scan_expected(s, "a signal such as SIGTERM");
    }
    re_scan_text(s, name, sizeof(name));
    for (unsigned i = 0; (known = signal_at(NULL, i)); i++) {
        if (strcmp(known, name) == 0) {
            m->signal_name = known;
            m->signal = signal_number(known);
            re_scan_next(s);
            return m->signal ? 0 : -EINVAL;
        }
    }
    return re_scan_error(s, re_suggest_hint(name, signal_at, NULL, hint,
                                            sizeof(hint)),
                         "unknown signal \"%s\"", name);
}

/* --- all of them ---------------------------------------------------------- */

static int once(struct re_scan *s, bool *seen)
{
    if (*seen) {
        return re_scan_error(s, NULL, "this option stands here twice");
    }
    *seen = true;
    return 0;
}

static int manner_option(struct options *o)
{
    struct re_scan *s = o->s;
    struct re_manner *m = re_manner_of(o->draft->rule, o->doc->arena);
    int err;

    if (!m) {
        return -ENOMEM;
    }
    if (re_scan_is_key(s, "limit")) {
        err = once(s, &o->have_limit);
        return err ? err : re_limit_parse(o->doc, s, o->draft);
    }
    if (re_scan_is_key(s, "delay")) {
        err = once(s, &o->have_delay);
        return err ? err : delay_parse(s, "delay", &m->delay);
    }
    if (re_scan_is_key(s, "delay-after")) {
        err = once(s, &o->have_after);
        return err ? err : delay_parse(s, "delay-after", &m->delay_after);
    }
    err = once(s, &o->have_signal);
    return err ? err : signal_parse(s, m);
}

static int unexpected(struct options *o)
{
    static const char *const options[] = {
        [RE_SECTION_ALLOW] = "\"when\", \"limit\", \"delay\", "
            "\"delay-after\", \"signal\", \"log\" or \"quiet\"",
        [RE_SECTION_DENY] = "\"when\", \"delay\", \"delay-after\", "
            "\"signal\", \"log\", \"quiet\" or \"permissive\"",
        [RE_SECTION_EMULATE] = "\"when\", \"delay\", \"delay-after\", "
            "\"signal\", \"log\" or \"quiet\"",
    };
    bool bare = !o->draft->condition && !o->have_if;
    char what[160], word[64];

    snprintf(what, sizeof(what), "%s%s", o->draft->condition ?
             "\"&&\", \"||\", " : bare ? "\"if\", " : "",
             options[o->section]);
    if (bare && o->s->token == RE_TOKEN_WORD) {
        return re_scan_error(o->s, "a condition begins with \"if\"",
                             "expected %s, not \"%s\"", what,
                             re_scan_text(o->s, word, sizeof(word)));
    }
    return re_scan_expected(o->s, what);
}

static int option_parse(struct options *o)
{
    struct re_scan *s = o->s;
    int err;

    if (re_scan_is_key(s, "if") && o->section != RE_SECTION_ALLOW) {
        err = once(s, &o->have_if);
        if (!err) {
            re_scan_next(s);
            o->draft->condition = re_condition_parse(s, o->doc->arena);
            err = o->draft->condition ? 0 : -EINVAL;
        }
        return err;
    }
    if (re_scan_is_key(s, "when")) {
        err = once(s, &o->have_when);
        re_scan_next(s);
        return err ? err : when_parse(s, &o->draft->rule->when);
    }
    if (re_scan_is_key(s, "log") || re_scan_is_key(s, "quiet")) {
        err = once(s, &o->have_log);
        o->draft->logging = re_scan_is(s, "log") ? RE_LOG_ALWAYS :
            RE_LOG_NEVER;
        re_scan_next(s);
        return err;
    }
    if (re_scan_is_key(s, "permissive") && o->section == RE_SECTION_DENY) {
        err = once(s, &o->have_permissive);
        o->draft->rule->permissive = true;
        re_scan_next(s);
        return err;
    }
    if (re_option_starts(s) && (o->section == RE_SECTION_ALLOW ||
                                !re_scan_is_key(s, "limit"))) {
        return manner_option(o);
    }
    return unexpected(o);
}

int re_options_parse(struct re_document *doc, enum re_section section,
                     struct re_scan *s, struct re_draft *draft)
{
    struct options o = {
        .doc = doc, .section = section, .s = s, .draft = draft,
        .have_if = section == RE_SECTION_ALLOW,     /* it has no "if" */
    };
    int err = 0;

    while (!err && s->token != RE_TOKEN_END) {
        err = option_parse(&o);
    }
    return err;
}
