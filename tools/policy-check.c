/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy check: what is wrong with policies, for one target or for all.
 * What holds on several targets is said once.
 */
#include "policy-question.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static const char help[] =
"usage: qemu-policy check FILE ... [--target TARGET|all] [--rules DIR] ...\n"
"\n"
"Reads each policy as an emulator would and prints what is wrong with it. Each\n"
"FILE is checked on its own, for all targets or for one; directories of Lua\n"
"rules are checked together. The main chunks of Lua files are run, as they are\n"
"when an emulator starts.\n"
"\n"
"Exit status: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.\n";

/* One finding and where it holds. The key of "where" is its text with the
 * target's name taken out, so that it can be recognised on another target. */
struct finding {
    struct re_diag diag;    /* owned copies */
    struct policy_variant where;
    bool names_target;
};

struct findings {
    struct finding *items;
    size_t count, capacity;
    size_t errors, warnings;
};

static char *copy(const char *text)
{
    return text ? policy_need(strdup(text)) : NULL;
}

/* --- collecting -------------------------------------------------------- */

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Takes the target's name out of "text" wherever it is a word, but not between
 * quotes, where messages have what the policy says. */
static bool take_name_out(char *text, const char *target)
{
    size_t len = strlen(target);
    char *from = text, *to = text;
    bool found = false, quoted = false;

    while (*from) {
        quoted ^= *from == '"';
        if (!quoted && strncmp(from, target, len) == 0 &&
            !in_word(from[len]) && (from == text || !in_word(from[-1]))) {
            found = true;
            *to++ = '\1';
            from += len;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return found;
}

/* The finding as text, the target's name taken out of what is said: not of the
 * file's name nor of its line, which are the same for every target. A hint
 * speaks of the target where the message does. */
static char *make_key(const struct re_diag *diag, const char *target,
                      bool *ret_names_target)
{
    char *message = policy_need(strdup(diag->message));
    char *hint = policy_need(strdup(diag->hint ? diag->hint : ""));
    struct re_diag said = *diag;
    char *text;

    *ret_names_target = take_name_out(message, target);
    if (*ret_names_target) {
        take_name_out(hint, target);
    }
    said.message = message;
    said.hint = diag->hint ? hint : NULL;
    text = policy_need(re_diag_text(&said));
    free(message);
    free(hint);
    return text;
}

static struct finding *find(struct findings *f, const char *key)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->items[i].where.key, key) == 0) {
            return &f->items[i];
        }
    }
    return NULL;
}

static struct finding *add(struct findings *f, const struct re_diag *diag)
{
    struct finding *found;

    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 16;
        f->items = policy_need(reallocarray(f->items, f->capacity,
                                     sizeof(*f->items)));
    }
    found = &f->items[f->count++];
    *found = (struct finding) { .diag = *diag };
    found->diag.file = copy(diag->file);
    found->diag.message = copy(diag->message);
    found->diag.hint = copy(diag->hint);
    found->diag.source = copy(diag->source);
    if (diag->severity == RE_ERROR) {
        f->errors++;
    } else {
        f->warnings++;
    }
    return found;
}

static void collect(struct findings *f, const struct re_diags *diags,
                    const struct policy_scope *scope, unsigned target)
{
    const char *name = st_target_name(scope->targets[target]);

    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *diag = re_diags_at(diags, i);
        bool names_target;
        char *key = make_key(diag, name, &names_target);
        struct finding *found = find(f, key);

        if (found) {
            free(key);
        } else {
            found = add(f, diag);
            found->where.key = key;
            found->names_target = names_target;
        }
        found->where.count += !found->where.on[target];
        found->where.on[target] = true;
    }
}

/* What a policy that loads may not mean. */
static void advise(const struct re_config *config, struct re_diags *diags)
{
    struct re_diags *again = policy_need(re_diags_new());

    for (size_t i = 0; i < config->policy_count; i++) {
        struct re_view *view;

        if (re_view_new(&view, config->target, config->policies[i],
                        again) == 0) {
            re_view_lint(view, diags);
            re_view_free(view);
        }
    }
    re_diags_free(again);   /* what loading says was said before */
}

/* Loads what "config" names, for each target. */
static void check(struct findings *f, const struct policy_scope *scope,
                  struct re_config config)
{
    for (unsigned i = 0; i < scope->count; i++) {
        struct re_diags *diags = policy_need(re_diags_new());
        struct re_engine *engine;

        config.target = scope->targets[i];
        if (re_engine_new(&engine, &config, diags) == 0) {
            re_engine_free(engine);
            advise(&config, diags);
        }
        collect(f, diags, scope, i);
        re_diags_free(diags);
    }
}

/* --- printing ---------------------------------------------------------- */

/* " (on 12 targets: ...)", or nothing where the finding holds everywhere. */
static char *where(const struct finding *found, const struct policy_scope *scope)
{
    unsigned n = found->where.count, all = scope->count;
    bool alone = n == 1 && found->names_target;
    char *text = NULL;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    if (n == all && found->names_target && all > 1) {
        fprintf(out, " (and so on all %u targets)", all);
    } else if (n < all && n > all / 2) {
        fprintf(out, " (%son %u targets, not on ",
                found->names_target ? "so " : "", n);
        policy_put_names(out, &found->where, scope, false);
        fputc(')', out);
    } else if (n < all && !alone) {
        fprintf(out, " (%son %u target%s: ",
                found->names_target ? "so " : "", n, n > 1 ? "s" : "");
        policy_put_names(out, &found->where, scope, true);
        fputc(')', out);
    }
    if (fclose(out) != 0) {
        policy_need(NULL);
    }
    return policy_need(text);
}

static void print_finding(const struct finding *found,
                          const struct policy_scope *scope)
{
    struct re_diag diag = found->diag;
    char *targets = where(found, scope);
    char *text;

    if (asprintf(&diag.message, "%s%s", diag.message, targets) < 0) {
        policy_need(NULL);
    }
    text = policy_need(re_diag_text(&diag));
    fputs(text, stdout);
    free(text);
    free(diag.message);
    free(targets);
}

/* By place; qsort is not stable, so what was found first breaks ties. */
static int compare(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    const struct re_diag *p = &x->diag, *q = &y->diag;
    int order = strcmp(p->file ? p->file : "", q->file ? q->file : "");

    if (order == 0) {
        order = (p->line > q->line) - (p->line < q->line);
    }
    if (order == 0) {
        order = (p->column > q->column) - (p->column < q->column);
    }
    return order ? order : strcmp(x->where.key, y->where.key);
}

static void print_findings(struct findings *f, const struct policy_scope *scope)
{
    if (f->count > 0) {
        qsort(f->items, f->count, sizeof(*f->items), compare);
    }
    for (size_t i = 0; i < f->count; i++) {
        print_finding(&f->items[i], scope);
    }
}

static void clear(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].diag.file);
        free(f->items[i].diag.message);
        free(f->items[i].diag.hint);
        free(f->items[i].diag.source);
        free(f->items[i].where.key);
    }
    free(f->items);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void report(const char *name, const struct policy_scope *scope,
                   const struct re_config *config,
                   size_t *errors, size_t *warnings)
{
    struct findings f = { 0 };

    check(&f, scope, *config);
    print_findings(&f, scope);
    if (f.count == 0 && scope->count == 1) {
        printf("%s: ok (%s)\n", name, st_target_name(scope->targets[0]));
    } else if (f.count == 0) {
        printf("%s: ok (%u targets)\n", name, scope->count);
    }
    *errors += f.errors;
    *warnings += f.warnings;
    clear(&f);
}

/* --- the command ------------------------------------------------------- */

static int check_all(const struct policy_scope *scope, char **files, int count,
                     const char *const *dirs, size_t dir_count)
{
    size_t errors = 0, warnings = 0;

    for (int i = 0; i < count; i++) {
        const char *file = files[i];
        struct policy_scope own = *scope;
        struct re_config config = { .policies = &file, .policy_count = 1 };

        policy_scope_fit(&own, &file, 1);
        report(file, &own, &config, &errors, &warnings);
    }
    if (dir_count > 0) {
        struct re_config config = {
            .rule_dirs = dirs,
            .rule_dir_count = dir_count,
        };

        report(dirs[0], scope, &config, &errors, &warnings);
    }
    if (errors || warnings) {
        printf("%zu error%s, %zu warning%s\n", errors, plural(errors),
               warnings, plural(warnings));
    }
    return errors ? POLICY_WRONG : POLICY_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "rules", required_argument, NULL, 'r' },
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    const char **dirs = policy_need(calloc(argc, sizeof(*dirs)));
    const char *target = "all";
    size_t dir_count = 0;
    struct policy_scope scope;
    int c, result = POLICY_USAGE;

    while ((c = getopt_long(argc, argv, "r:t:", options, NULL)) >= 0) {
        if (c == 'r') {
            dirs[dir_count++] = optarg;
        } else if (c == 't') {
            target = optarg;
        } else {
            policy_bad_option(&policy_check, argv);
            goto out;
        }
    }
    policy_find_files(argv + optind, argc - optind);
    if (optind == argc && dir_count == 0) {
        policy_usage(&policy_check, "no policy given");
        goto out;
    }
    if (policy_scope_set(&scope, &policy_check, target)) {
        result = check_all(&scope, argv + optind, argc - optind, dirs,
                           dir_count);
    }
out:
    free(dirs);
    return result;
}

const struct policy_command policy_check = {
    .name = "check",
    .summary = "says what is wrong with a policy, and what to write instead",
    .help = help,
    .run = run,
};
