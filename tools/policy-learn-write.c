/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A learnt policy as an INI file: the same input gives the same bytes. */
#include "policy-learn.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 78,
    INDENT = 10,
    COMMENT_MAX = 180,      /* bytes; a policy's lines have at most 198 */
};

struct writer {
    FILE *out;
    unsigned line;          /* the next one's number */
    struct policy_scope all;    /* targets */
};

/* What nobody sees while learning, and every program may need. */
static const char *const ends[] = {
    "exit", "exit_group", "rt_sigreturn", "sigreturn", "restart_syscall",
};

__attribute__((format(printf, 2, 3)))
static void put_line(struct writer *w, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vfprintf(w->out, format, ap);
    va_end(ap);
    fputc('\n', w->out);
    w->line++;
}

/* Comments hold no control characters and are never too long. */
__attribute__((format(printf, 2, 3)))
static void comment(struct writer *w, const char *format, ...)
{
    char *text;
    va_list ap;

    va_start(ap, format);
    text = policy_vprintf(format, ap);
    va_end(ap);
    fputs("; ", w->out);
    for (size_t i = 0; text[i] && i < COMMENT_MAX; i++) {
        unsigned char c = text[i];

        fputc(c >= ' ' && c < 0x7f ? c : '?', w->out);
    }
    fputc('\n', w->out);
    w->line++;
    free(text);
}

/* Words with blanks between them, under a key or below another line. */
static void put_words(struct writer *w, const char *lead,
                      const struct learn_words *words)
{
    int column = fprintf(w->out, "%s", lead);

    for (size_t i = 0; i < words->count; i++) {
        int length = strlen(words->items[i]);

        if (column > INDENT && column + 1 + length > COLUMNS) {
            fprintf(w->out, "\n%*s", INDENT, "");
            w->line++;
            column = INDENT;
        }
        column += fprintf(w->out, " %s", words->items[i]);
    }
    fputc('\n', w->out);
    w->line++;
}

/* A policy is read on any target, wherever it was learnt: what one of them
 * lacks is not to be warned about. */
static char *spelled(const struct writer *w, const char *name)
{
    return policy_printf("%s%s", learn_is_everywhere(&w->all, name) ? "" : "?",
                         name);
}

static bool is_end(const char *name)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(ends[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* --- the top -------------------------------------------------------------- */

static void put_names(struct writer *w, const char *what,
                      const struct learn_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        comment(w, "  %-10s%s", i ? "" : what, words->items[i]);
    }
}

/* Which targets it is not for, or, if those are most, which it is for. */
static void put_targets(struct writer *w, const struct policy_scope *unfit)
{
    bool most = unfit->count > w->all.count / 2;
    struct learn_words words = { 0 };

    if (!unfit->count) {
        return;
    }
    for (unsigned i = 0; i < w->all.count; i++) {
        const struct st_target *t = w->all.targets[i];
        bool fits = true;

        for (unsigned j = 0; j < unfit->count; j++) {
            fits &= unfit->targets[j] != t;
        }
        if (fits == most) {
            learn_words_add(&words, policy_printf("%s%s", most ? "" : "!",
                                                  st_target_name(t)));
        }
    }
    comment(w, "the others lack what rules below name");
    put_words(w, "targets   =", &words);
    learn_words_free(&words);
}

static void put_top(struct writer *w, const struct learn_policy *p,
                    const struct learn_log *log, const char *base)
{
    comment(w, "Learnt from what a program did. Read it before you rely on it:");
    comment(w, "what stands behind \"look at\" first.");
    put_names(w, "from", &log->files);
    put_names(w, "programs", &log->programs);
    for (unsigned i = 0; i < log->targets.count; i++) {
        comment(w, "  %-10s%s", i ? "" : "targets",
                st_target_name(log->targets.targets[i]));
    }
    if (p->notes.count) {
        comment(w, "Generalised:");
    }
    for (size_t i = 0; i < p->notes.count; i++) {
        const struct learn_note *n = &p->notes.items[i];

        if (n->count > 1) {
            comment(w, "  %s and %u more -> %s (%s)", n->from, n->count - 1,
                    n->to, n->why);
        } else {
            comment(w, "  %s -> %s (%s)", n->from, n->to, n->why);
        }
    }
    for (size_t i = 0; i < p->doubts.count; i++) {
        comment(w, "Note: %s", p->doubts.items[i]);
    }
    put_line(w, "[policy]");
    put_line(w, "default   = deny EPERM");
    if (base) {
        put_line(w, "include   = %s", base);
    }
    put_targets(w, &p->unfit);
}

/* --- the list ------------------------------------------------------------- */

static void put_part(struct writer *w, const struct learn_words *names,
                     const char **lead)
{
    struct learn_words words = { 0 };

    for (size_t i = 0; i < names->count; i++) {
        if (!is_end(names->items[i])) {
            learn_words_add(&words, spelled(w, names->items[i]));
        }
    }
    if (words.count) {
        put_words(w, *lead, &words);
        *lead = "          ";
    }
    learn_words_free(&words);
}

static void put_ends(struct writer *w, const char **lead)
{
    static const char *const words[] = {
        "exit", "exit_group", "?rt_sigreturn", "?sigreturn", "restart_syscall",
    };
    struct learn_words list = { 0 };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        learn_words_add(&list, policy_printf("%s", words[i]));
    }
    comment(w, "the end, and the way back from a signal's handler");
    put_words(w, *lead, &list);
    *lead = "          ";
    learn_words_free(&list);
}

static void put_fold(struct writer *w, const struct learn_fold *f)
{
    int column = fprintf(w->out, "; %s: %u calls seen%s", f->set, f->covered,
                         f->opened.count ? "; not seen:" : "");

    for (size_t i = 0; i < f->opened.count; i++) {
        const char *name = f->opened.items[i];

        if (column + 1 + (int)strlen(name) > COLUMNS) {
            column = fprintf(w->out, "\n;  ") - 1;
            w->line++;
        }
        column += fprintf(w->out, " %s", name);
    }
    fputc('\n', w->out);
    w->line++;
}

static void put_list(struct writer *w, struct learn_policy *p)
{
    const char *lead = "syscalls =";

    p->looks_line = w->line;
    for (size_t i = 0; i < p->looks.count; i++) {
        comment(w, "look at %s", p->looks.items[i]);
    }
    if (!p->base) {
        put_ends(w, &lead);
    }
    for (size_t i = 0; i < p->fold_count; i++) {
        put_fold(w, &p->folds[i]);
    }
    put_part(w, &p->plain, &lead);
    if (p->chances.count) {
        comment(w, "what threads that wait for each other may come to");
        put_part(w, &p->chances, &lead);
    }
    if (p->siblings.count) {
        comment(w, "what C libraries use instead on other targets");
        put_part(w, &p->siblings, &lead);
    }
}

/* --- rules ---------------------------------------------------------------- */

static void put_rule(struct writer *w, struct learn_rule *rule)
{
    char *name = spelled(w, rule->name);
    char *lead = policy_printf("%-9s =", name);

    for (size_t i = 0; i < rule->looks.count; i++) {
        comment(w, "look at %s", rule->looks.items[i]);
    }
    rule->line = w->line;
    put_words(w, lead, &rule->tokens);
    free(lead);
    free(name);
}

void learn_write(struct learn_policy *p, const struct learn_log *log,
                 const char *base, FILE *out)
{
    struct writer w = { .out = out, .line = 1 };
    const struct st_target *t;

    for (unsigned i = 0; (t = st_target_at(i)) && i < TARGETS_MAX; i++) {
        w.all.targets[w.all.count++] = t;
    }
    put_top(&w, p, log, base);
    put_line(&w, "%s", "");
    put_line(&w, "[allow]");
    put_list(&w, p);
    for (size_t i = 0; i < p->rule_count; i++) {
        if (p->rules[i].tokens.count) {
            put_line(&w, "%s", "");
            put_rule(&w, &p->rules[i]);
        }
    }
    if (p->refuses_clone3 && !p->base) {
        put_line(&w, "%s", "");
        put_line(&w, "[deny]");
        comment(&w, "its flags lie in memory; C libraries then use clone");
        put_line(&w, "%-9s = ENOSYS quiet",
                 learn_is_everywhere(&w.all, "clone3") ? "clone3" :
                 "?clone3");
    }
}
