/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy explain: every rule that governs a call, whether it matches, why
 * not, and which one decides.
 */
#include "policy-question.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"usage: qemu-policy explain POLICY ... [--target TARGET|all] CALL [NAME=VALUE ...]\n"
"\n"
"Says what becomes of a call, and why: every rule that governs it, the first to\n"
"win on top. Several policies are layers. A policy's name has a \".\" or a \"/\".\n"
"\n"
"NAME is an argument (flags, fd, arg0 ... arg5) with a number, a constant, or\n"
"constants joined by \"|\"; or what a condition can ask about:\n"
"  path= path2=   absolute paths, without links\n"
"  access=        read, write or readwrite\n"
"  addr= port= family= unix=    of a socket address\n"
"  when=          the how manieth call it is, for rules with \"when\" (1)\n"
"What is left out is not known; a verdict that depends on it is said to.\n"
"\n"
"Exit status: 0, 1 the policy has errors, 2 wrong usage.\n";

enum { TEXT_MAX = 64 };     /* columns of a rule's text */

struct columns {
    int place, text;
};

/* The rule's place and text, as wide as they are. */
static char *place_of(const struct re_answer_rule *r)
{
    char *text;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    policy_put_place(out, r);
    fclose(out);
    return policy_need(text);
}

static int text_width(const struct re_answer_rule *r)
{
    size_t width = strlen(r->text);

    return width > TEXT_MAX ? TEXT_MAX : width;
}

static void measure(const struct re_answer *a, struct columns *c)
{
    for (size_t i = 0; i < a->count; i++) {
        char *place = place_of(&a->rules[i]);
        int width = strlen(place), text = text_width(&a->rules[i]);

        c->place = width > c->place ? width : c->place;
        c->text = text > c->text ? text : c->text;
        free(place);
    }
}

static const char *kind(int rank)
{
    switch (rank) {
    case RE_RANK_DEFAULT:
        return "no rule matches";
    case RE_RANK_SET:
        return "matches, a set without a condition";
    case RE_RANK_NAME:
        return "matches, the call itself without a condition";
    case RE_RANK_SET | RE_RANK_CONDITION:
        return "matches, a set with a condition";
    }
    return "matches, the call itself with a condition";
}

static const char *loses(const struct re_answer_rule *r,
                         const struct re_answer_rule *winner)
{
    if (r->rank < winner->rank) {
        return "less specific";
    }
    if (r->strictness < winner->strictness) {
        return "as specific, but less strict";
    }
    return strcmp(r->verdict, winner->verdict) == 0 ? "says the same" :
        "as specific and as strict; the errno sorts later";
}

static void put_reason(FILE *out, const struct re_answer *a, size_t i)
{
    const struct re_answer_rule *r = &a->rules[i], *w = &a->rules[a->decides];

    if (r->holds == RE_NO) {
        fprintf(out, "no: %s", r->why);
    } else if (i < a->decides) {
        fprintf(out, "may match: %s", r->why);
    } else if (i > a->decides) {
        fputs(loses(r, w), out);
    } else {
        fputs(kind(r->rank), out);
        if (r->lacking) {
            fputs("; the call lacks what that asks about", out);
        }
    }
}

static void put_rule(FILE *out, const struct re_answer *a, size_t i,
                     const struct columns *c)
{
    const struct re_answer_rule *r = &a->rules[i];
    char *place = place_of(r);
    bool cut = strlen(r->text) > TEXT_MAX;

    fprintf(out, "  %-*s  %.*s%s%*s  ", c->place, place,
            cut ? TEXT_MAX - 3 : TEXT_MAX, r->text, cut ? "..." : "",
            c->text - text_width(r), "");
    put_reason(out, a, i);
    fputc('\n', out);
    free(place);
}

static void put_layer(FILE *out, const struct policy_layers *l,
                      const struct policy_outcome *o, unsigned layer,
                      const struct columns *c)
{
    const struct re_answer *a = &o->answers[layer];

    if (o->count > 1) {
        fprintf(out, "  %s: %s%s%s\n", l->names[layer],
                a->rules[a->decides].verdict,
                a->rules[a->decides].permissive &&
                a->rules[a->decides].refuses ? " permissive" : "",
                a->certain ? "" : ", or not");
    }
    for (size_t i = 0; i < a->count; i++) {
        put_rule(out, a, i, c);
    }
}

static void put_decision(FILE *out, const struct policy_outcome *o)
{
    const struct re_answer *a = &o->answers[o->layer];
    const struct re_answer_rule *r = &a->rules[a->decides];

    if (!o->certain) {
        fputs("  not certain: ", out);
        policy_put_place(out, r);
        fputs(" decides if no rule above it matches\n", out);
        return;
    }
    fputs("  decided by ", out);
    if (r->line) {
        policy_put_place(out, r);
    } else {
        fprintf(out, "the default of %s", r->file);
    }
    if (r->refuses && r->permissive) {
        fputs(", which is permissive: the call is let through", out);
    }
    fputc('\n', out);
}

static char *body(const struct policy_layers *l,
                  const struct policy_outcome *o)
{
    struct columns c = { 0 };
    char *text;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    fprintf(out, "%s%s\n", o->certain ? "" : "may be ", o->verdict);
    for (unsigned i = 0; i < o->count; i++) {
        measure(&o->answers[i], &c);
    }
    for (unsigned i = 0; i < o->count; i++) {
        put_layer(out, l, o, i, &c);
    }
    put_decision(out, o);
    fclose(out);
    return policy_need(text);
}

/* --- targets ------------------------------------------------------------ */

static void add_note(struct policy_variant *v, const struct st_target *t,
                     unsigned slot, const char *call)
{
    char *text, *old = v->note;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    if (old) {
        fprintf(out, "%s, and ", old);
    }
    policy_put_slot(out, t, slot, call);
    fclose(out);
    free(old);
    v->note = policy_need(text);
}

static int fault_in(const struct policy_question *q,
                    const struct policy_fault *fault)
{
    if (fault->word < 0) {
        return policy_usage(&policy_explain, "%s", fault->why);
    }
    return policy_usage(&policy_explain, "%s=%s: %s",
                        q->words[fault->word].name,
                        q->words[fault->word].value, fault->why);
}

static int ask_target(struct policy_variants *variants,
                      const struct policy_scope *scope, unsigned target,
                      struct policy_question *q,
                      const char *const *files, unsigned file_count)
{
    struct policy_outcome outcomes[ST_MAX_SPELLINGS];
    struct policy_layers layers;
    struct policy_fault fault;
    int count;

    if (!policy_layers_load(&layers, scope->targets[target], files,
                            file_count)) {
        return POLICY_WRONG;
    }
    count = policy_ask(&layers, q, outcomes, &fault);
    for (int i = 0; i < count; i++) {
        struct policy_variant *v =
            policy_variant_add(variants, NULL, body(&layers, &outcomes[i]),
                               target);

        if (v->count == 1) {
            add_note(v, scope->targets[target], outcomes[i].slot, q->call);
        }
    }
    if (count > 0) {
        policy_outcomes_free(outcomes, count);
    }
    policy_layers_free(&layers);
    return count < 0 ? fault_in(q, &fault) : POLICY_FINE;
}

static void print(const struct policy_variants *variants,
                  const struct policy_scope *scope, const char *call)
{
    for (size_t i = 0; i < variants->count; i++) {
        const struct policy_variant *v = &variants->items[i];

        printf("%s%s (", i ? "\n" : "", call);
        policy_put_targets(stdout, v, scope);
        if (v->count == 1) {
            printf(": %s", v->note);
        }
        printf(") -> %s", v->text);
    }
}

static int explain(const struct policy_scope *scope,
                   struct policy_question *q, const char *const *files,
                   unsigned file_count)
{
    struct policy_variants variants = { 0 };
    struct policy_fault fault;
    int result = POLICY_FINE;

    for (unsigned i = 0; i < scope->count && !result; i++) {
        result = ask_target(&variants, scope, i, q, files, file_count);
    }
    if (!result && variants.count && policy_check_words(q, &fault) < 0) {
        result = fault_in(q, &fault);
    }
    if (!result && variants.count == 0) {
        result = policy_usage(&policy_explain, "%s has no call of its own "
                              "named %s", scope->count == 1 ?
                              st_target_name(scope->targets[0]) :
                              "no target", q->call);
    }
    if (!result) {
        print(&variants, scope, q->call);
    }
    policy_variants_free(&variants);
    return result;
}

/* "port=443" into its two parts. */
static int read_words(struct policy_question *q, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        char *equals = strchr(words[i], '=');

        if (!equals || equals == words[i]) {
            return policy_usage(&policy_explain, "expected NAME=VALUE, not "
                                "\"%s\"", words[i]);
        }
        if (q->count == WORDS_MAX) {
            return policy_usage(&policy_explain, "too many words");
        }
        *equals = '\0';
        q->words[q->count++] = (struct policy_word) {
            .name = words[i], .value = equals + 1,
        };
    }
    return POLICY_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    struct policy_question q = { 0 };
    struct policy_scope scope;
    const char *target = "all";
    int c, files, result;

    while ((c = getopt_long(argc, argv, "t:", options, NULL)) >= 0) {
        if (c != 't') {
            return policy_bad_option(&policy_explain, argv);
        }
        target = optarg;
    }
    files = policy_files(argc, argv, optind);
    if (files == 0) {
        return policy_usage(&policy_explain, "no policy given");
    }
    if (optind + files == argc) {
        return policy_usage(&policy_explain, "which call?");
    }
    q.call = argv[optind + files];
    result = read_words(&q, argc - optind - files - 1,
                        argv + optind + files + 1);
    if (result || !policy_scope_set(&scope, &policy_explain, target)) {
        return POLICY_USAGE;
    }
    policy_scope_fit(&scope, (const char *const *)argv + optind, files);
    return explain(&scope, &q, (const char *const *)argv + optind, files);
}

const struct policy_command policy_explain = {
    .name = "explain",
    .summary = "says what becomes of a call, and which rules say so",
    .help = help,
    .run = run,
};
