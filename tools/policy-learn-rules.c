/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what was seen to rules that allow it: calls without a condition go into
 * a list, and into sets where that opens little more; the others get a rule
 * each that says what mattered.
 */
#include "policy-learn-rules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SIBLINGS_MAX = 32 };

/* --- tokens --------------------------------------------------------------- */

void learn_put(struct learn_words *tokens, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    learn_words_add(tokens, policy_vprintf(format, ap));
    va_end(ap);
}

/* Text as a condition holds it; stars outside of quotes are for patterns. */
static char *quoted(const struct learn_pattern *pattern)
{
    static const char safe[] = "*?[]/._-+@%~=:0123456789"
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *text = pattern->text;
    const char *plain = pattern->relation == LEARN_LIKE ? safe : safe + 4;
    char *result, *to;

    if (*text && text[strspn(text, plain)] == '\0') {
        return policy_printf("%s", text);
    }
    to = result = policy_need(malloc(2 * strlen(text) + 3));
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return result;
}

/* "SUBJECT == a", "SUBJECT in {a, b}" */
void learn_put_choice(struct learn_words *tokens, const char *subject,
                       const char *one, const char *many,
                       const struct learn_words *values)
{
    if (values->count == 1) {
        learn_put(tokens, "%s", subject);
        learn_put(tokens, "%s", one);
        learn_put(tokens, "%s", values->items[0]);
        return;
    }
    learn_put(tokens, "%s", subject);
    learn_put(tokens, "%s", many);
    for (size_t i = 0; i < values->count; i++) {
        learn_put(tokens, "%s%s%s", i ? "" : "{", values->items[i],
            i + 1 < values->count ? "," : "}");
    }
}

void learn_put_patterns(struct learn_words *tokens, const char *subject,
                         const struct learn_patterns *patterns)
{
    static const struct {
        enum learn_relation relation;
        const char *one, *many;
    } kinds[] = {
        { LEARN_UNDER, "under", "under" },
        { LEARN_LIKE, "like", "like" },
        { LEARN_EQUAL, "==", "in" },
    };
    bool any = false;

    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct learn_words values = { 0 };

        for (size_t i = 0; i < patterns->count; i++) {
            if (patterns->items[i].relation == kinds[k].relation) {
                learn_words_add(&values, quoted(&patterns->items[i]));
            }
        }
        if (values.count) {
            if (any) {
                learn_put(tokens, "||");
            }
            learn_put_choice(tokens, subject, kinds[k].one, kinds[k].many, &values);
            any = true;
        }
        learn_words_free(&values);
    }
}

/* Puts brackets around tokens from "first" on. */
static void bracket(struct learn_words *tokens, size_t first)
{
    char **last = &tokens->items[tokens->count - 1];
    char *open = policy_printf("(%s", tokens->items[first]), *close;

    free(tokens->items[first]);
    tokens->items[first] = open;
    close = policy_printf("%s)", *last);
    free(*last);
    *last = close;
}

struct learn_rule *learn_add_rule(struct learn_policy *p, const char *name)
{
    struct learn_rule *rule;

    p->rules = policy_need(reallocarray(p->rules, p->rule_count + 1,
                                        sizeof(*p->rules)));
    rule = &p->rules[p->rule_count++];
    *rule = (struct learn_rule) { .name = policy_printf("%s", name) };
    return rule;
}

void learn_alternative(struct learn_rule *rule)
{
    if (rule->tokens.count) {
        learn_put(&rule->tokens, "||");
    }
}

/* --- paths ---------------------------------------------------------------- */

static bool is_plain_device(const char *path)
{
    static const char *const devices[] = {
        "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts/",
        "/proc/self/fd/",
    };

    for (size_t i = 0; i < COUNT(devices); i++) {
        if (strncmp(path, devices[i], strlen(devices[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_secret(const char *path)
{
    static const char *const parts[] = {
        "/etc/shadow", "/etc/gshadow", "/.ssh/", "/.gnupg/", "/private/",
        "/.aws/", "/.netrc",
    };

    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(path, parts[i])) {
            return true;
        }
    }
    return false;
}

/* What a person should look at, as comments of the rule. */
static void look_at_paths(const struct maker *m, struct learn_rule *rule,
                          const struct learn_trait *trait,
                          const struct learn_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct learn_pattern *p = &patterns->items[i];

        if (trait->look) {
            learn_put(&rule->looks, "%s: %s", trait->look, p->text);
        } else if (is_secret(p->text)) {
            learn_put(&rule->looks, "may be a secret: %s", p->text);
        } else if (p->wrote && !is_plain_device(p->text) &&
                   !learn_is_within(p->text, &m->log->folders)) {
            learn_put(&rule->looks, "changes files outside of its folder: %s",
                p->text);
        }
    }
}

struct opened {
    const char *path;
    long pid;
    unsigned mask;          /* of what it was opened for, see access_bit() */
};

enum { MASK_READ = 1, MASK_WRITE = 2, MASK_BOTH = 4, MASK_ALL = 7 };

static unsigned access_bit(const char *access)
{
    if (!access) {
        return MASK_ALL;        /* nobody could tell */
    }
    return strcmp(access, "read") == 0 ? MASK_READ :
        strcmp(access, "write") == 0 ? MASK_WRITE : MASK_BOTH;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct opened *)a)->path,
                  ((const struct opened *)b)->path);
}

/* One entry for each path. */
static size_t collect_opened(const struct use *u, struct opened *opened)
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < u->count; i++) {
        if (u->things[i]->path) {
            opened[count++] = (struct opened) {
                u->things[i]->path, u->things[i]->pid,
                access_bit(u->things[i]->access),
            };
        }
    }
    qsort(opened, count, sizeof(*opened), by_path);
    for (size_t i = 0; i < count; i++) {
        if (kept && by_path(&opened[kept - 1], &opened[i]) == 0) {
            opened[kept - 1].mask |= opened[i].mask;
        } else {
            opened[kept++] = opened[i];
        }
    }
    return kept;
}

static void put_access(struct learn_words *tokens, unsigned mask)
{
    struct learn_words names = { 0 };

    if (mask == MASK_ALL) {
        return;
    }
    if (mask & MASK_READ) {
        learn_put(&names, "read");
    }
    if (mask & MASK_WRITE) {
        learn_put(&names, "write");
    }
    if (mask & MASK_BOTH) {
        learn_put(&names, "readwrite");
    }
    learn_put_choice(tokens, "access", "==", "in", &names);
    learn_put(tokens, "&&");
    learn_words_free(&names);
}

static void make_open(struct maker *m, const struct use *u)
{
    struct opened *opened = policy_need(calloc(u->count + 1, sizeof(*opened)));
    struct learn_path *paths = policy_need(calloc(u->count + 1,
                                                  sizeof(*paths)));
    size_t count = collect_opened(u, opened);

    m->policy->paths += count;
    for (unsigned mask = 1; mask <= MASK_ALL; mask++) {
        struct learn_path_options options = {
            .writes = mask != MASK_READ, .folds = true,
            .any_target = m->options->any_target,
            .folders = &m->log->folders,
        };
        struct learn_patterns patterns = { 0 };
        struct learn_rule *rule;
        size_t n = 0, first;

        for (size_t i = 0; i < count; i++) {
            if (opened[i].mask == mask) {
                paths[n++] = (struct learn_path) {
                    opened[i].path, opened[i].pid,
                };
            }
        }
        if (!n) {
            continue;
        }
        learn_generalise(&patterns, paths, n, &options, &m->policy->notes);
        rule = learn_add_rule(m->policy, u->trait->rule);
        put_access(&rule->tokens, mask);
        first = rule->tokens.count;
        learn_put_patterns(&rule->tokens, "path", &patterns);
        if (first && learn_words_have(&rule->tokens, "||")) {
            bracket(&rule->tokens, first);
        }
        look_at_paths(m, rule, u->trait, &patterns);
        learn_patterns_free(&patterns);
    }
    free(opened);
    free(paths);
}

/* The patterns of all first, or all second, paths. */
static void collect_paths(struct maker *m, const struct use *u, bool second,
                          struct learn_patterns *ret)
{
    struct learn_path *paths = policy_need(calloc(u->count + 1,
                                                  sizeof(*paths)));
    bool runs = strcmp(u->trait->rule, "@exec") == 0;
    struct learn_path_options options = {
        .writes = !runs, .folds = !runs,
        .any_target = m->options->any_target, .folders = &m->log->folders,
    };
    size_t n = 0;

    for (size_t i = 0; i < u->count; i++) {
        const char *path = second ? u->things[i]->path2 : u->things[i]->path;

        if (path) {
            paths[n++] = (struct learn_path) { path, u->things[i]->pid };
        }
    }
    m->policy->paths += n;
    learn_generalise(ret, paths, n, &options, &m->policy->notes);
    free(paths);
}

/* One rule; for other targets, also for the calls that are used there. */
static void make_path_rule(struct maker *m, const struct use *u,
                           const char *name,
                           const struct learn_patterns *patterns,
                           const struct learn_patterns *patterns2)
{
    struct learn_rule *rule = learn_add_rule(m->policy, name);
    size_t second;

    learn_put_patterns(&rule->tokens, "path", patterns);
    if (patterns2->count) {
        if (learn_words_have(&rule->tokens, "||")) {
            bracket(&rule->tokens, 0);
        }
        learn_put(&rule->tokens, "&&");
        second = rule->tokens.count;
        learn_put_patterns(&rule->tokens, "path2", patterns2);
        for (size_t i = second; i < rule->tokens.count; i++) {
            if (strcmp(rule->tokens.items[i], "||") == 0) {
                bracket(&rule->tokens, second);
                break;
            }
        }
    }
    look_at_paths(m, rule, u->trait, patterns);
    look_at_paths(m, rule, u->trait, patterns2);
}

static void make_paths(struct maker *m, const struct use *u)
{
    struct learn_patterns patterns = { 0 }, patterns2 = { 0 };
    const char *siblings[SIBLINGS_MAX];
    unsigned count = !m->options->any_target || u->trait->rule[0] == '@' ? 0 :
        learn_siblings(u->trait->rule, siblings, SIBLINGS_MAX);

    collect_paths(m, u, false, &patterns);
    if (u->trait->kind == LEARN_PATHS) {
        collect_paths(m, u, true, &patterns2);
    }
    if (patterns.count) {
        make_path_rule(m, u, u->trait->rule, &patterns, &patterns2);
    }
    for (unsigned i = 0; i < count && patterns.count; i++) {
        if (strcmp(siblings[i], u->trait->rule) != 0) {
            make_path_rule(m, u, siblings[i], &patterns, &patterns2);
        }
    }
    learn_patterns_free(&patterns);
    learn_patterns_free(&patterns2);
}

/* --- all of it ------------------------------------------------------------ */

static void add_use(struct maker *m, const struct learn_thing *thing)
{
    const struct learn_trait *trait = learn_trait_of(thing->call);
    struct use *u = NULL;

    if (trait->kind == LEARN_REFUSED) {
        m->policy->refuses_clone3 = true;
        return;
    }
    if (trait->kind == LEARN_PLAIN) {
        learn_words_once(&m->plain, thing->call);
        return;
    }
    for (size_t i = 0; i < m->use_count && !u; i++) {
        u = strcmp(m->uses[i].trait->rule, trait->rule) == 0 ? &m->uses[i] :
            NULL;
    }
    if (!u) {
        m->uses = policy_need(reallocarray(m->uses, m->use_count + 1,
                                           sizeof(*m->uses)));
        u = &m->uses[m->use_count++];
        *u = (struct use) { .trait = trait };
    }
    if ((u->count & (u->count - 1)) == 0) {
        u->things = policy_need(reallocarray(u->things, 2 * u->count + 1,
                                             sizeof(struct learn_thing *)));
    }
    u->things[u->count++] = thing;
}

static int by_rule(const void *a, const void *b)
{
    return strcmp(((const struct use *)a)->trait->rule,
                  ((const struct use *)b)->trait->rule);
}

static void make_use(struct maker *m, const struct use *u)
{
    switch (u->trait->kind) {
    case LEARN_OPEN:
        make_open(m, u);
        break;
    case LEARN_PATH:
    case LEARN_PATHS:
        make_paths(m, u);
        break;
    case LEARN_ADDRESS:
        learn_make_address(m, u);
        break;
    case LEARN_SOCKET:
        learn_make_socket(m, u);
        break;
    case LEARN_CLONE:
        learn_make_clone(m, u);
        break;
    case LEARN_ARGUMENT:
        learn_make_argument(m, u);
        break;
    case LEARN_PLAIN:
    case LEARN_REFUSED:
        break;
    }
}

static void set_scope(struct maker *m)
{
    struct policy_scope *scope = &m->policy->targets;

    if (!m->options->any_target) {
        *scope = m->log->targets;
        return;
    }
    scope->count = st_target_count();
    for (unsigned i = 0; i < scope->count; i++) {
        scope->targets[i] = st_target_at(i);
    }
}

void learn_make(struct learn_policy *ret, const struct learn_log *log,
                const struct learn_options *options)
{
    struct maker m = { .policy = ret, .log = log, .options = options };
    struct learn_words calls = { 0 };

    *ret = (struct learn_policy) { .base = options->base };
    set_scope(&m);
    for (size_t i = 0; i < log->kept; i++) {
        learn_words_once(&calls, log->things[i].call);
        add_use(&m, &log->things[i]);
    }
    ret->calls = calls.count;
    if (m.use_count) {
        qsort(m.uses, m.use_count, sizeof(*m.uses), by_rule);
    }
    for (size_t i = 0; i < m.use_count; i++) {
        make_use(&m, &m.uses[i]);
    }
    learn_make_list(&m);
    for (size_t i = 0; i < m.use_count; i++) {
        free(m.uses[i].things);
    }
    free(m.uses);
    learn_words_free(&m.plain);
    learn_words_free(&calls);
}

void learn_policy_free(struct learn_policy *p)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        free(p->rules[i].name);
        learn_words_free(&p->rules[i].tokens);
        learn_words_free(&p->rules[i].looks);
    }
    for (size_t i = 0; i < p->fold_count; i++) {
        learn_words_free(&p->folds[i].opened);
    }
    free(p->rules);
    free(p->folds);
    learn_words_free(&p->plain);
    learn_words_free(&p->siblings);
    learn_words_free(&p->chances);
    learn_words_free(&p->looks);
    learn_words_free(&p->doubts);
    learn_notes_free(&p->notes);
}
