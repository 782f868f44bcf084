/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy show: what a policy with its includes comes to for each call, and
 * where each line of that stands.
 */
#include "policy-host.h"
#include "policy-question.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"usage: qemu-policy show POLICY ... [--target TARGET|all] [CALL | @SET ...]\n"
"       qemu-policy show POLICY ... --host-calls [--target TARGET|all]\n"
"\n"
"Shows for each call the rules that can decide it, the first to win on top, with\n"
"the file and line of each. Calls that only the default governs are counted at\n"
"the end, unless they are asked for by name. Several policies are layers.\n"
"\n"
"  --host-calls   instead, which calls of the host the wall leaves open (those\n"
"                 with ? for some arguments only)\n"
"\n"
"Exit status: 0, 1 a policy has errors, 2 wrong usage.\n";

/* What one call comes to, on every target. */
struct shown {
    const char *name;       /* canonical */
    struct policy_variants variants;
    bool on[TARGETS_MAX];   /* targets that have it */
    unsigned count;
    bool plain;             /* defaults alone, everywhere */
};

struct listing {
    struct shown *items;
    size_t count;
    const struct policy_scope *scope;
    const char **wanted;    /* canonical names, or NULL: every call */
    size_t wanted_count;
};

/* --- collecting --------------------------------------------------------- */

static bool is_wanted(const struct listing *l, const char *name)
{
    for (size_t i = 0; i < l->wanted_count; i++) {
        if (strcmp(l->wanted[i], name) == 0) {
            return true;
        }
    }
    return !l->wanted;
}

static struct shown *find(struct listing *l, const char *name)
{
    struct shown *item;

    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->items[i].name, name) == 0) {
            return &l->items[i];
        }
    }
    l->items = policy_need(reallocarray(l->items, l->count + 1,
                                        sizeof(*l->items)));
    item = &l->items[l->count++];
    *item = (struct shown) { .name = name, .plain = true };
    return item;
}

/* "web.ini:5  allow if port == 80": one line for each rule of a layer. */
static bool put_answer(FILE *out, const struct re_answer *a, const char *layer)
{
    for (size_t i = 0; i <= a->decides; i++) {
        const struct re_answer_rule *r = &a->rules[i];

        if (r->line) {
            policy_put_place(out, r);
        } else {
            fprintf(out, "%s default", layer);
        }
        fprintf(out, "\t%s%s%s\n", r->effect, r->permissive && r->refuses &&
                !strstr(r->effect, " permissive") ? " permissive" : "",
                r->lacking ? " (it lacks what that asks about: always)" : "");
    }
    return a->rules[0].rank != RE_RANK_DEFAULT;
}

static void collect_slot(struct listing *l, const struct policy_layers *layers,
                         unsigned target, int slot, const char *name)
{
    struct shown *item = find(l, name);
    char *text;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    for (unsigned i = 0; i < layers->count; i++) {
        struct re_answer answer;

        if (re_view_ask(layers->views[i], slot, NULL, &answer) < 0) {
            policy_need(NULL);
        }
        item->plain &= !put_answer(out, &answer, layers->names[i]);
        re_answer_free(&answer);
    }
    fclose(out);
    policy_variant_add(&item->variants, NULL, policy_need(text), target);
    item->count += !item->on[target];
    item->on[target] = true;
}

static void collect(struct listing *l, const struct policy_layers *layers,
                    unsigned target)
{
    const struct st_target *t = layers->target;

    for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
        const char *name = st_slot_name(t, slot);

        if (name && !st_slot_is_carrier(t, slot)) {
            const char *canonical = st_canonical_name(name);

            name = canonical ? canonical : name;
            if (is_wanted(l, name)) {
                collect_slot(l, layers, target, slot, name);
            }
        }
    }
    if (!l->wanted) {
        collect_slot(l, layers, target, -1, "(unknown number)");
    }
}

/* --- printing ----------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct shown *)a)->name,
                  ((const struct shown *)b)->name);
}

static int place_width(const struct listing *l)
{
    int width = 0;

    for (size_t i = 0; i < l->count; i++) {
        const struct policy_variants *v = &l->items[i].variants;

        for (size_t j = 0; j < v->count; j++) {
            for (char *at = v->items[j].text; *at; at = strchr(at, '\n') + 1) {
                int place = strcspn(at, "\t");

                width = place > width ? place : width;
            }
        }
    }
    return width;
}

static void print_variant(const struct listing *l, const struct shown *item,
                          const struct policy_variant *v, int width)
{
    const char *name = item->name;

    for (char *at = v->text; *at; at = strchr(at, '\n') + 1) {
        int place = strcspn(at, "\t");
        int effect = strcspn(at, "\n") - place - 1;

        printf("%-24s%-*.*s  %.*s", name, width, place, at, effect,
               at + place + 1);
        if (at == v->text && (v->count < item->count ||
                              (v->count < l->scope->count &&
                               item->variants.count > 1))) {
            printf("  (on ");
            policy_put_targets(stdout, v, l->scope);
            putchar(')');
        }
        putchar('\n');
        name = "";
    }
}

static void print(struct listing *l)
{
    int width = place_width(l);
    const struct shown *plain = NULL;
    size_t left_out = 0;

    qsort(l->items, l->count, sizeof(*l->items), by_name);
    for (size_t i = 0; i < l->count; i++) {
        const struct shown *item = &l->items[i];

        if (item->plain && !l->wanted && item->name[0] != '(') {
            plain = item;
            left_out++;
            continue;
        }
        for (size_t j = 0; j < item->variants.count; j++) {
            print_variant(l, item, &item->variants.items[j], width);
        }
    }
    if (plain) {
        struct shown rest = { .name = "(every other call)" };

        print_variant(l, &rest, &plain->variants.items[0], width);
        printf("%zu calls are left to the default\n", left_out);
    }
}

static void print_settings(const struct policy_layers *layers)
{
    static const char *const names[] = {
        "on-error", "permissive", "log", "exec", "gdb", "confine",
        "host-wall",
    };

    for (unsigned i = 0; i < layers->count; i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            const char *file;
            unsigned line;
            char value[256];

            re_view_setting(layers->views[i], names[j], value, sizeof(value),
                            &file, &line);
            if (line) {
                printf("[policy] %-15s%s:%u  %s\n", names[j], file, line,
                       value);
            }
        }
    }
}

/* --- the command -------------------------------------------------------- */

static bool want_name(struct listing *l, const char *name)
{
    const char *canonical = st_canonical_name(name);

    if (!canonical) {
        policy_unknown(&policy_show, "syscall", name, policy_call_at, NULL);
        return false;
    }
    l->wanted = policy_need(reallocarray(l->wanted, l->wanted_count + 1,
                                         sizeof(*l->wanted)));
    l->wanted[l->wanted_count++] = canonical;
    return true;
}

static bool want(struct listing *l, const char *word)
{
    const struct st_set *set;
    bool fine = true;

    if (word[0] != '@') {
        return want_name(l, word);
    }
    set = st_set_by_name(word);
    if (!set) {
        policy_unknown(&policy_show, "set", word, policy_set_at, NULL);
        return false;
    }
    for (unsigned i = 0; i < set->count && fine; i++) {
        fine = want_name(l, st_name_at(set->members[i]));
    }
    return fine;
}

static int show(struct listing *l, const char *const *files, unsigned count)
{
    for (unsigned i = 0; i < l->scope->count; i++) {
        struct policy_layers layers;

        if (!policy_layers_load(&layers, l->scope->targets[i], files, count)) {
            return POLICY_WRONG;
        }
        collect(l, &layers, i);
        if (i == 0 && !l->wanted) {
            print_settings(&layers);
        }
        policy_layers_free(&layers);
    }
    if (l->count == 0) {
        return policy_usage(&policy_show, "%s has no such call",
                            l->scope->count == 1 ?
                            st_target_name(l->scope->targets[0]) :
                            "no target");
    }
    print(l);
    return POLICY_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "host-calls", no_argument, NULL, 'H' },
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    struct policy_scope scope;
    struct listing l = { .scope = &scope };
    const char *target = "all";
    bool host_calls = false;
    int c, files, result = POLICY_USAGE;

    while ((c = getopt_long(argc, argv, "t:", options, NULL)) >= 0) {
        if (c == 'H') {
            host_calls = true;
            continue;
        }
        if (c != 't') {
            return policy_bad_option(&policy_show, argv);
        }
        target = optarg;
    }
    files = policy_files(argc, argv, optind);
    if (files == 0) {
        return policy_usage(&policy_show, "no policy given");
    }
    if (host_calls && optind + files < argc) {
        return policy_usage(&policy_show, "--host-calls takes no calls");
    }
    for (int i = optind + files; i < argc; i++) {
        if (!want(&l, argv[i])) {
            goto out;
        }
    }
    if (policy_scope_set(&scope, &policy_show, target)) {
        policy_scope_fit(&scope, (const char *const *)argv + optind, files);
        result = host_calls ?
            policy_show_host_calls(&scope, (const char *const *)argv + optind,
                                   files) :
            show(&l, (const char *const *)argv + optind, files);
    }
out:
    for (size_t i = 0; i < l.count; i++) {
        policy_variants_free(&l.items[i].variants);
    }
    free(l.items);
    free(l.wanted);
    return result;
}

const struct policy_command policy_show = {
    .name = "show",
    .summary = "shows what a policy comes to for each call",
    .help = help,
    .run = run,
};
