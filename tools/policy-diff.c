/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy diff: for which calls two policies give different verdicts. */
#include "policy-question.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"usage: qemu-policy diff OLD NEW [--target TARGET|all]\n"
"\n"
"Compares two policies by what they mean: both are asked about each call, with\n"
"every value of its arguments at which a condition of either changes its answer.\n"
"However rules are spelled, ordered or included, what comes to the same is no\n"
"difference. For each call that differs: the rules that can decide it (\"-\": of\n"
"OLD alone, \"+\": of NEW alone), and a call as an example. Calls with patterns,\n"
"or with too many values, that no example tells apart are compared as text.\n"
"\n"
"Exit status: 0 they are the same, 1 they differ or have errors, 2 wrong usage.\n";

enum { NAMES_SHOWN = 10 };

/* A change, and the calls that it befalls: on "target" (one bit each) alike. */
struct change {
    struct policy_variant where;    /* key: the change as text */
    const char **names;
    size_t count;
};

/* What has changed for one call, by target. */
struct changes {
    struct change *items;
    size_t count;
};

/* --- one call ----------------------------------------------------------- */

static char *effect(const struct re_answer_rule *r)
{
    bool permissive = r->permissive && r->refuses &&
        !strstr(r->effect, " permissive");

    return policy_printf("%s%s%s", r->effect, permissive ? " permissive" : "",
                         r->lacking ? " (always)" : "");
}

static bool has_effect(const struct re_answer *a, const char *text)
{
    bool found = false;

    for (size_t i = 0; i <= a->decides && !found; i++) {
        char *other = effect(&a->rules[i]);

        found = strcmp(text, other) == 0;
        free(other);
    }
    return found;
}

static void put_side(FILE *out, const struct re_answer *a,
                     const struct re_answer *other, char sign)
{
    for (size_t i = 0; i <= a->decides; i++) {
        char *text = effect(&a->rules[i]);
        bool both = has_effect(other, text);

        if (!both || sign == '+') {
            fprintf(out, "  %c ", both ? ' ' : sign);
            policy_put_place(out, &a->rules[i]);
            fprintf(out, "  %s\n", text);
        }
        free(text);
    }
}

/* By effects in order; the places do not count. */
static bool same(const struct re_answer *a, const struct re_answer *b)
{
    bool equal = a->decides == b->decides;

    for (size_t i = 0; i <= a->decides && equal; i++) {
        char *x = effect(&a->rules[i]), *y = effect(&b->rules[i]);

        equal = strcmp(x, y) == 0 && a->rules[i].logs == b->rules[i].logs;
        free(x);
        free(y);
    }
    return equal;
}

/* "    e.g. connect addr=192.0.2.1 port=80: allow (a.ini:3), then deny EACCES
 * (b.ini:4)"; nothing when it is so for every call. */
static void put_example(FILE *out, const char *name,
                        const struct re_contrast *c)
{
    if (!c->example[0]) {
        return;
    }
    fprintf(out, "    e.g. %s %s:", name, c->example);
    for (unsigned i = 0; i < 2; i++) {
        const struct re_answer_rule place = {
            .file = c->sides[i].file, .line = c->sides[i].line,
        };

        fprintf(out, "%s %.200s (", i ? ", then" : "", c->sides[i].action);
        policy_put_place(out, &place);
        fputc(')', out);
    }
    fputc('\n', out);
}

/* The change as text, or NULL; "*ret_key" is the text without the example. */
static char *compare_slot(const struct policy_layers *l, int slot,
                          const char *name, char **ret_key)
{
    struct re_contrast contrast;
    struct re_answer a, b;
    char *text = NULL;
    size_t size;
    FILE *out;

    if (re_view_compare(l->views[0], l->views[1], slot, &contrast) < 0) {
        policy_need(NULL);
    }
    if (contrast.relation == RE_SAME) {
        return NULL;
    }
    if (re_view_ask(l->views[0], slot, NULL, &a) < 0 ||
        re_view_ask(l->views[1], slot, NULL, &b) < 0) {
        policy_need(NULL);
    }
    if (contrast.relation == RE_DIFFERS || !same(&a, &b)) {
        out = policy_need(open_memstream(&text, &size));
        put_side(out, &a, &b, '-');
        put_side(out, &b, &a, '+');
        fflush(out);
        policy_need(text);
        *ret_key = policy_printf("%s", text);
        if (contrast.relation == RE_DIFFERS) {
            put_example(out, name, &contrast);
        }
        fclose(out);
    }
    re_answer_free(&a);
    re_answer_free(&b);
    re_contrast_free(&contrast);
    return text;
}

static char *compare_setting(const struct policy_layers *l, const char *name)
{
    char a[256], b[256];
    const char *file;
    unsigned line;

    re_view_setting(l->views[0], name, a, sizeof(a), &file, &line);
    re_view_setting(l->views[1], name, b, sizeof(b), &file, &line);
    return strcmp(a, b) == 0 ? NULL :
        policy_printf("  - %s\n  + %s\n", a, b);
}

/* --- all calls ---------------------------------------------------------- */

struct call {
    const char *name;
    struct policy_variants variants;
};

struct calls {
    struct call *items;
    size_t count;
};

/* Takes key (NULL: the text) and text (NULL: no change) over. */
static void note(struct calls *calls, const char *name, char *key, char *text,
                 unsigned target)
{
    size_t i;

    if (!text) {
        return;
    }
    for (i = 0; i < calls->count; i++) {
        if (strcmp(calls->items[i].name, name) == 0) {
            break;
        }
    }
    if (i == calls->count) {
        calls->items = policy_need(reallocarray(calls->items, i + 1,
                                                sizeof(*calls->items)));
        calls->items[calls->count++] = (struct call) { .name = name };
    }
    policy_variant_add(&calls->items[i].variants, key, text, target);
}

static void compare(struct calls *calls, const struct policy_layers *l,
                    unsigned target)
{
    static const struct {
        const char *shown, *name;
    } settings[] = {
        { "[policy] on-error", "on-error" },
        { "[policy] permissive", "permissive" },
        { "[policy] exec", "exec" }, { "[policy] gdb", "gdb" },
        { "[policy] confine", "confine" },
        { "[policy] host-wall", "host-wall" },
    };
    const struct st_target *t = l->target;
    char *text, *key = NULL;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        note(calls, settings[i].shown, NULL,
             compare_setting(l, settings[i].name), target);
    }
    text = compare_slot(l, -1, "(unknown)", &key);
    note(calls, "[policy] unknown", key, text, target);
    for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
        const char *name = st_slot_name(t, slot);

        if (name && !st_slot_is_carrier(t, slot)) {
            const char *canonical = st_canonical_name(name);

            key = NULL;
            text = compare_slot(l, slot, name, &key);
            note(calls, canonical ? canonical : name, key, text, target);
        }
    }
}

/* --- printing ----------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct call *)a)->name,
                  ((const struct call *)b)->name);
}

/* Calls that change alike are one change. */
static void gather(struct changes *changes, const struct call *call)
{
    for (size_t i = 0; i < call->variants.count; i++) {
        const struct policy_variant *v = &call->variants.items[i];
        struct change *c = NULL;

        for (size_t j = 0; j < changes->count && !c; j++) {
            if (strcmp(changes->items[j].where.key, v->key) == 0) {
                c = &changes->items[j];
            }
        }
        if (!c) {
            changes->items = policy_need(reallocarray(
                changes->items, changes->count + 1, sizeof(*c)));
            c = &changes->items[changes->count++];
            *c = (struct change) {                 .where = { .key = v->key, .text = v->text },
            };
        }
        for (unsigned t = 0; t < TARGETS_MAX; t++) {
            c->where.count += v->on[t] && !c->where.on[t];
            c->where.on[t] |= v->on[t];
        }
        c->names = policy_need(reallocarray(c->names, c->count + 1,
                                            sizeof(*c->names)));
        c->names[c->count++] = call->name;
    }
}

static void print_change(const struct change *c,
                         const struct policy_scope *scope)
{
    for (size_t i = 0; i < c->count && i < NAMES_SHOWN; i++) {
        printf("%s%s", i ? ", " : "", c->names[i]);
    }
    if (c->count > NAMES_SHOWN) {
        printf(" and %zu more", c->count - NAMES_SHOWN);
    }
    printf(" (");
    policy_put_targets(stdout, &c->where, scope);
    printf(")\n%s", c->where.text);
}

static void print(struct calls *calls, const struct policy_scope *scope)
{
    struct changes changes = { 0 };

    if (calls->count > 0) {
        qsort(calls->items, calls->count, sizeof(*calls->items), by_name);
    }
    for (size_t i = 0; i < calls->count; i++) {
        gather(&changes, &calls->items[i]);
    }
    for (size_t i = 0; i < changes.count; i++) {
        print_change(&changes.items[i], scope);
        free(changes.items[i].names);
    }
    free(changes.items);
}

static int diff(const struct policy_scope *scope, const char *const *files)
{
    struct calls calls = { 0 };
    int result = POLICY_FINE;

    for (unsigned i = 0; i < scope->count && !result; i++) {
        struct policy_layers layers;

        if (policy_layers_load(&layers, scope->targets[i], files, 2)) {
            compare(&calls, &layers, i);
            policy_layers_free(&layers);
        } else {
            result = POLICY_WRONG;
        }
    }
    if (!result) {
        print(&calls, scope);
        result = calls.count ? POLICY_WRONG : POLICY_FINE;
    }
    for (size_t i = 0; i < calls.count; i++) {
        policy_variants_free(&calls.items[i].variants);
    }
    free(calls.items);
    return result;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    struct policy_scope scope;
    const char *target = "all";
    int c;

    while ((c = getopt_long(argc, argv, "t:", options, NULL)) >= 0) {
        if (c != 't') {
            return policy_bad_option(&policy_diff, argv);
        }
        target = optarg;
    }
    if (argc - optind != 2) {
        return policy_usage(&policy_diff, "expected two policies");
    }
    if (!policy_scope_set(&scope, &policy_diff, target)) {
        return POLICY_USAGE;
    }
    policy_find_files(argv + optind, 2);
    policy_scope_fit(&scope, (const char *const *)argv + optind, 2);
    return diff(&scope, (const char *const *)argv + optind);
}

const struct policy_command policy_diff = {
    .name = "diff",
    .summary = "says for which calls two policies differ",
    .help = help,
    .run = run,
};
