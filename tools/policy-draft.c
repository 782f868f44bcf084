/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-draft.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ruleengine/inspect.h>
#include <syscall-tables.h>

#include "policy-question.h"

enum { COLUMNS = 78 };

static char *format_text(const char *format, va_list ap)
{
    char *text;

    return policy_need(vasprintf(&text, format, ap) < 0 ? NULL : text);
}

void draft_note(struct policy_draft *d, unsigned line, const char *format, ...)
{
    va_list ap;
    char *text;

    va_start(ap, format);
    text = format_text(format, ap);
    va_end(ap);
    d->notes = policy_need(reallocarray(d->notes, d->note_count + 1,
                                        sizeof(*d->notes)));
    /* Notes go to terminals, too. */
    for (char *at = text; *at; at++) {
        *at = (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at;
    }
    d->notes[d->note_count++] = line ?
        policy_printf("line %u: %s", line, text) : policy_printf("%s", text);
    free(text);
}

void draft_fail(struct policy_draft *d, unsigned line, const char *format, ...)
{
    va_list ap;

    if (line) {
        fprintf(stderr, "%s:%u: error: ", d->file, line);
    } else {
        fprintf(stderr, "%s: error: ", d->file);
    }
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    d->failed = true;
}

void draft_set_default(struct policy_draft *d, const char *verdict)
{
    free(d->default_);
    d->default_ = policy_printf("%s", verdict);
}

/* --- names -------------------------------------------------------------- */

/* A call that only carries others, on some target at least. */
static bool carries(const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    for (unsigned i = 0; i < st_target_count(); i++) {
        const struct st_target *t = st_target_at(i);

        if (st_slots_of_name(t, name, slots) > 0 &&
            st_slot_is_carrier(t, slots[0])) {
            return true;
        }
    }
    return false;
}

static bool everywhere(const char *name)
{
    const struct st_set *set = st_set_by_name(name);
    uint16_t slots[ST_MAX_SPELLINGS];
    bool all = true;

    for (unsigned i = 0; i < st_target_count() && all; i++) {
        unsigned found = set ? 0 :
            st_slots_of_name(st_target_at(i), name, slots);

        for (unsigned j = 0; set && j < set->count && !found; j++) {
            found = st_slots_of_name(st_target_at(i),
                                     st_name_at(set->members[j]), slots);
        }
        all = found;
    }
    return all;
}

const char *draft_arg(const char *call, unsigned i, char buf[8])
{
    const struct st_target *t = st_target_by_name("x86_64");
    struct st_arg args[ST_MAX_ARGS];
    uint16_t slots[ST_MAX_SPELLINGS];

    if (st_slots_of_name(t, call, slots) > 0 &&
        (int)i < st_slot_args(t, slots[0], args)) {
        const char *name = args[i].name;

        /* These are words of the language besides. */
        if (strcmp(name, "path") && strcmp(name, "unix") &&
            strcmp(name, "path2")) {
            return name;
        }
    }
    snprintf(buf, 8, "arg%u", i % 10);
    return buf;
}

/* Where an argument stands in a list of them, or -1. */
static int place_of(const char *name, const struct st_arg *args, int count)
{
    int place = strncmp(name, "arg", 3) == 0 && name[3] >= '0' &&
        name[3] <= '5' && !name[4] ? name[3] - '0' : -1;

    for (int i = 0; i < count && place < 0; i++) {
        place = strcmp(args[i].name, name) == 0 ? i : -1;
    }
    return place < count ? place : -1;
}

unsigned draft_arg_width(const char *call, const char *name, bool *ret_narrow)
{
    unsigned most = 0, least = 64;

    for (unsigned t = 0; t < st_target_count(); t++) {
        const struct st_target *target = st_target_at(t);
        uint16_t slots[ST_MAX_SPELLINGS];
        struct st_arg args[ST_MAX_ARGS];
        unsigned count = st_slots_of_name(target, call, slots);

        for (unsigned j = 0; j < count; j++) {
            int i = place_of(name, args, st_slot_args(target, slots[j], args));

            if (i >= 0) {
                most = args[i].width > most ? args[i].width : most;
                least = args[i].width < least ? args[i].width : least;
            }
        }
    }
    *ret_narrow = least < most;
    return most ? most : 64;
}

const char *draft_errno(long number)
{
    return number > 0 && number < 4096 ?
        st_errno_name(st_target_by_name("x86_64"), number) : NULL;
}

bool draft_is_errno(const char *name)
{
    return st_errno_by_name(st_target_by_name("x86_64"), name) > 0;
}

/* --- rules -------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* A rule for the same call under the same condition. */
static struct draft_rule *find(const struct policy_draft *d,
                               const char *name, const char *condition,
                               const char *when)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->rules[i].name, name) == 0 &&
            same_text(d->rules[i].condition, condition) &&
            same_text(d->rules[i].when, when)) {
            return &d->rules[i];
        }
    }
    return NULL;
}

static char *copy(const char *text)
{
    return text ? policy_need(strdup(text)) : NULL;
}

/* Which of two rules for one call stays: that of its usual spelling ("fstat"
 * before "oldfstat", for one rule governs both), else the stricter. */
static bool replaces(const struct draft_rule *old, const char *canonical,
                     const char *spelled, enum draft_section section,
                     const char *verdict)
{
    bool usual = strcmp(spelled, canonical) == 0;
    bool was_usual = strcmp(old->spelled, canonical) == 0;

    if (usual != was_usual) {
        return usual;
    }
    return section == DRAFT_DENY && (old->section == DRAFT_ALLOW ||
                                     strcmp(verdict, "kill") == 0);
}

static void note_conflict(struct policy_draft *d, unsigned line,
                          const struct draft_rule *old, const char *spelled,
                          bool new_counts)
{
    if (strcmp(old->spelled, spelled) == 0) {
        draft_note(d, line, "%s is both allowed and refused, or refused twice; "
                   "the stricter counts", spelled);
    } else {
        draft_note(d, line, "one rule governs %s and %s; that of %s counts",
                   old->spelled, spelled, new_counts ? spelled :
                   old->spelled);
    }
}

static void free_rule(struct draft_rule *r)
{
    free(r->name);
    free(r->spelled);
    free(r->verdict);
    free(r->condition);
    free(r->when);
}

void draft_add(struct policy_draft *d, unsigned line,
               enum draft_section section, const char *spelled,
               const char *verdict, const char *condition, const char *when)
{
    bool is_set = spelled[0] == '@';
    const char *name = is_set ? spelled : st_canonical_name(spelled);
    struct draft_rule *old;

    if (!name || (is_set && !st_set_by_name(name))) {
        draft_note(d, line, "no target has %s", spelled);
        return;
    }
    if (!is_set && carries(spelled)) {
        draft_note(d, line, "%s: the calls that it carries are decided by "
                   "themselves", spelled);
        return;
    }
    if (!draft_is_verdict(section, verdict)) {
        draft_fail(d, line, "%s: \"%s\" is not a verdict", spelled, verdict);
        return;
    }
    if (condition || when || section == DRAFT_EMULATE) {
        struct draft_rule rule = {
            .section = section, .name = (char *)name,
            .verdict = (char *)verdict, .condition = (char *)condition,
            .when = (char *)when,
        };
        char *why = draft_rule_fault(&rule);

        if (why) {
            draft_note(d, line, "%s: %s", spelled, why);
            free(why);
            return;
        }
    }
    old = find(d, name, condition, when);
    if (!old) {
        d->rules = policy_need(reallocarray(d->rules, d->count + 1,
                                            sizeof(*d->rules)));
        old = &d->rules[d->count++];
    } else if (old->section == section &&
               strcmp(old->verdict, verdict) == 0) {
        return;
    } else {
        bool new_counts = replaces(old, name, spelled, section, verdict);

        note_conflict(d, line, old, spelled, new_counts);
        if (!new_counts) {
            return;
        }
        free_rule(old);
    }
    *old = (struct draft_rule) {
        .section = section, .name = copy(name), .spelled = copy(spelled),
        .verdict = copy(verdict), .condition = copy(condition),
        .when = copy(when),
    };
}

void draft_free(struct policy_draft *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free_rule(&d->rules[i]);
    }
    for (size_t i = 0; i < d->note_count; i++) {
        free(d->notes[i]);
    }
    free(d->rules);
    free(d->notes);
    free(d->default_);
    free(d->unknown);
}

/* --- writing ------------------------------------------------------------ */

/* What a list can say. */
static bool is_listed(const struct draft_rule *r)
{
    return !r->condition && !r->when && r->section != DRAFT_EMULATE;
}

static const char *danger_of(const struct draft_rule *r)
{
    return r->section == DRAFT_ALLOW ? re_danger_of(r->name) : NULL;
}

static char *list_word(const struct draft_rule *r)
{
    bool plain = strcmp(r->verdict, "EPERM") == 0;

    return policy_printf("%s%s%s%s", everywhere(r->name) ? "" : "?", r->name,
                         r->verdict[0] && !plain ? ":" : "",
                         plain ? "" : r->verdict);
}

/* What a person should see stands by itself, below a comment. */
static void write_list(const struct policy_draft *d, enum draft_section section,
                       FILE *out)
{
    const char *lead = "syscalls =";
    int column = 0;

    for (size_t i = 0; i < 2 * d->count; i++) {
        const struct draft_rule *r = &d->rules[i % d->count];
        const char *danger = danger_of(r);
        char *word;

        if (r->section != section || !is_listed(r) ||
            !danger != (i < d->count)) {
            continue;
        }
        word = list_word(r);
        if (danger) {
            fprintf(out, "%s; look at %s: %s", column ? "\n" : "", r->name,
                    danger);
        }
        if (danger || column == 0 ||
            column + 1 + (int)strlen(word) > COLUMNS) {
            bool breaks = danger || column;

            column = fprintf(out, "%s%-10s", breaks ? "\n" : "", lead) -
                breaks;
            lead = "";
        }
        column += fprintf(out, " %s", word);
        free(word);
    }
    if (column) {
        fputc('\n', out);
    }
}

/* A condition, broken behind "||" and "&&" where a line gets long, but not
 * within quotes. */
static void write_condition(const char *text, FILE *out)
{
    const char *start = text;
    bool quoted = false;
    int column = 30;

    for (; *text; text++, column++) {
        quoted ^= *text == '"' && (text == start || text[-1] != '\\');
        if (column > COLUMNS && *text == ' ' && !quoted &&
            (!strncmp(text, " || ", 4) || !strncmp(text, " && ", 4) ||
             (text > start && text[-1] == ','))) {
            fputs("\n          ", out);
            column = 10;
        }
        fputc(*text, out);
    }
}

static const char *const section_names[] = {
    [DRAFT_ALLOW] = "allow", [DRAFT_DENY] = "deny",
    [DRAFT_EMULATE] = "emulate",
};

static void write_rule(const struct draft_rule *r, FILE *out)
{
    bool allows = r->section == DRAFT_ALLOW;

    fprintf(out, "%s%s = ", everywhere(r->name) ? "" : "?", r->name);
    if (allows && r->condition) {
        write_condition(r->condition, out);
    } else {
        fputs(allows ? "always" : r->verdict, out);
    }
    if (!allows && r->condition) {
        fputs(" if ", out);
        write_condition(r->condition, out);
    }
    if (r->when) {
        fprintf(out, " when %s", r->when);
    }
    fprintf(out, "%s%s\n", allows && r->verdict[0] ? " " : "",
            allows ? r->verdict : "");
}

static void write_section(const struct policy_draft *d,
                          enum draft_section section, FILE *out)
{
    bool any = false;

    for (size_t i = 0; i < d->count && !any; i++) {
        any = d->rules[i].section == section;
    }
    if (!any) {
        return;
    }
    fprintf(out, "\n[%s]\n", section_names[section]);
    write_list(d, section, out);
    for (size_t i = 0; i < d->count; i++) {
        if (d->rules[i].section == section && !is_listed(&d->rules[i])) {
            write_rule(&d->rules[i], out);
        }
    }
}

void draft_write_rule(const struct draft_rule *r, FILE *out)
{
    fprintf(out, "[%s]\n", section_names[r->section]);
    write_rule(r, out);
}

/* Comments hold no control characters, and no line is longer than a policy's
 * may be. */
static void write_comment(const char *text, FILE *out)
{
    fputs(";   ", out);
    for (size_t i = 0; text[i] && i < 180; i++) {
        unsigned char c = text[i];

        fputc(c >= ' ' && c < 0x7f ? c : '?', out);
    }
    fputc('\n', out);
}

void draft_write(const struct policy_draft *d, const char *format, FILE *out)
{
    fputs("; Imported:\n", out);
    write_comment(d->file, out);
    write_comment(format, out);
    if (d->note_count) {
        fputs("; What could not be carried over as it stood:\n", out);
    }
    for (size_t i = 0; i < d->note_count; i++) {
        write_comment(d->notes[i], out);
    }
    fprintf(out, "[policy]\ndefault = %s\n", d->default_);
    if (d->unknown) {
        fprintf(out, "unknown = %s\n", d->unknown);
    }
    if (d->log) {
        fprintf(out, "log = %s\n", d->log);
    }
    write_section(d, DRAFT_ALLOW, out);
    write_section(d, DRAFT_DENY, out);
    write_section(d, DRAFT_EMULATE, out);
}

/* --- spellings ---------------------------------------------------------- */

static bool is_usual(const struct draft_rule *r)
{
    return strcmp(r->spelled, r->name) == 0;
}

/* A rule for the usual spelling, of which "r" would lift the condition. */
static const struct draft_rule *narrowed_by(const struct policy_draft *d,
                                            const struct draft_rule *r)
{
    if (r->section != DRAFT_ALLOW || r->condition || is_usual(r)) {
        return NULL;
    }
    for (size_t i = 0; i < d->count; i++) {
        const struct draft_rule *other = &d->rules[i];

        if (strcmp(other->name, r->name) == 0 && is_usual(other) &&
            other->condition && other->section == DRAFT_ALLOW) {
            return other;
        }
    }
    return NULL;
}

void draft_settle(struct policy_draft *d)
{
    for (size_t i = 0; i < d->count; ) {
        struct draft_rule *r = &d->rules[i];
        const struct draft_rule *usual = narrowed_by(d, r);

        if (!usual) {
            i++;
            continue;
        }
        note_conflict(d, 0, r, usual->spelled, true);
        free_rule(r);
        memmove(r, r + 1, (d->count - i - 1) * sizeof(*r));
        d->count--;
    }
}

/* --- reading ------------------------------------------------------------ */

char *draft_line(FILE *in, unsigned *line)
{
    char *whole = NULL, *part = NULL;
    size_t size = 0, length = 0;
    ssize_t got;

    while ((got = getline(&part, &size, in)) >= 0) {
        bool more;

        ++*line;
        while (got > 0 && strchr("\r\n", part[got - 1])) {
            part[--got] = '\0';
        }
        more = got > 0 && part[got - 1] == '\\';
        if (more) {
            part[got - 1] = ' ';     /* joined by a blank */
        }
        whole = policy_need(realloc(whole, length + got + 1));
        memcpy(whole + length, part, got);
        length += got;
        whole[length] = '\0';
        if (!more) {
            break;
        }
    }
    free(part);
    return whole;
}
