/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy diff: for which calls two policies give different verdicts. */
#include "policy-question.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
"usage: qemu-policy diff OLD NEW [--target TARGET|all]\n"
"\n"
"Compares two policies by what they mean: both are asked about each call, with\n"
"every value of its arguments at which a condition of either changes its answer.\n"
"However rules are spelled, ordered or included, what comes to the same is no\n"
"difference. For each call that differs: the rules that can decide it (\"-\": of\n"
"OLD alone, \"+\": of NEW alone), and a call as an example. \"unsure\" stands where\n"
"none was found, and nothing proves that there is none: with patterns, or when\n"
"the 250 million questions are used up that one call may take.\n"
"\n"
"Exit status: 0 they are the same, 1 they differ, or may, or have errors,\n"
"2 wrong usage.\n";

enum {
    NAMES_SHOWN = 10,       /* calls of one change */
    BOTH_SHOWN = 20,        /* rules that both policies have */
};

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

/* --- while it takes its time --------------------------------------------- */

/* One line on a terminal, from the second second on. */
static struct progress {
    bool wanted;
    bool shown;
    struct timespec begin;
    const char *target;
    unsigned nth, of;       /* the target; how many there are */
    const char *call;
} progress;

static void progress_begin(void)
{
    progress.wanted = isatty(STDERR_FILENO);
    clock_gettime(CLOCK_MONOTONIC, &progress.begin);
}

static void progress_tell(void *unused, uint64_t asked)
{
    struct timespec now;

    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - progress.begin.tv_sec < 2) {
        return;
    }
    fprintf(stderr, "\r%s (%u of %u): %s", progress.target, progress.nth,
            progress.of, progress.call);
    if (asked) {
        fprintf(stderr, ", %" PRIu64 " of at most %d"
                " million questions", asked / 1000000,
                RE_ASKED_MAX / 1000000);
    }
    fputs("\033[K", stderr);
    progress.shown = true;
}

static void progress_end(void)
{
    if (progress.shown) {
        fputs("\r\033[K", stderr);
    }
}

/* For the comparison of one call; NULL: nobody looks. */
static const struct re_watch *watch(const char *call)
{
    static const struct re_watch watch = { .tell = progress_tell };

    if (!progress.wanted) {
        return NULL;
    }
    progress.call = call;
    progress_tell(NULL, 0);
    return &watch;
}

/* --- one call ----------------------------------------------------------- */

/* The effects of the rules that can decide, in their order and sorted. */
struct effects {
    const struct re_answer *answer;
    char **texts, **sorted;
    size_t count;
};

static char *effect(const struct re_answer_rule *r)
{
    bool permissive = r->permissive && r->refuses &&
        !strstr(r->effect, " permissive");

    return policy_printf("%s%s%s", r->effect, permissive ? " permissive" : "",
                         r->lacking ? " (always)" : "");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void effects_set(struct effects *e, const struct re_answer *a)
{
    e->answer = a;
    e->count = a->decides + 1;
    e->texts = policy_need(reallocarray(NULL, e->count, sizeof(char *)));
    e->sorted = policy_need(reallocarray(NULL, e->count, sizeof(char *)));
    for (size_t i = 0; i < e->count; i++) {
        e->texts[i] = e->sorted[i] = effect(&a->rules[i]);
    }
    qsort(e->sorted, e->count, sizeof(char *), by_text);
}

static void effects_free(struct effects *e)
{
    for (size_t i = 0; i < e->count; i++) {
        free(e->texts[i]);
    }
    free(e->texts);
    free(e->sorted);
}

static bool has_effect(const struct effects *e, char *text)
{
    return bsearch(&text, e->sorted, e->count, sizeof(char *), by_text);
}

/* Of rules that both have, those that stand first are shown. */
static void put_side(FILE *out, const struct effects *e,
                     const struct effects *other, char sign)
{
    size_t both_shown = 0, left = 0;

    for (size_t i = 0; i < e->count; i++) {
        bool both = has_effect(other, e->texts[i]);

        if (both && (sign == '-' || both_shown == BOTH_SHOWN)) {
            left += sign == '+';
            continue;
        }
        both_shown += both;
        fprintf(out, "  %c ", both ? ' ' : sign);
        policy_put_place(out, &e->answer->rules[i]);
        fprintf(out, "  %s\n", e->texts[i]);
    }
    if (left > 0) {
        fprintf(out, "    and %zu more that both have\n", left);
    }
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

/* What was tried in vain. */
static void put_doubt(FILE *out, const struct re_contrast *c)
{
    static const struct {
        unsigned bit;
        const char *text;
    } doubts[] = {
        { RE_UNSURE_PATTERNS, "one path for each pattern" },
        { RE_UNSURE_MASKS, "some combinations of bits" },
        { RE_UNSURE_MANY, "250 million questions at most" },
    };
    const char *between = ": ";

    fputs("    unsure: no call was found that tells them apart, but not all "
          "were tried", out);
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
        if (c->unsure & doubts[i].bit) {
            fprintf(out, "%s%s", between, doubts[i].text);
            between = ", ";
        }
    }
    fputc('\n', out);
}

static void answer_of(struct re_view *view, int slot, struct re_answer *ret)
{
    if (re_view_ask(view, slot, NULL, ret) < 0) {
        policy_need(NULL);
    }
}

/* The change as text, or NULL; "*ret_key" is the text without the example. */
static char *compare_slot(const struct policy_layers *l, int slot,
                          const char *name, char **ret_key)
{
    struct re_contrast contrast;
    struct re_answer a, b;
    struct effects x, y;
    char *text = NULL;
    size_t size;
    FILE *out;

    if (re_view_compare(l->views[0], l->views[1], slot, watch(name),
                        &contrast) < 0) {
        policy_need(NULL);
    }
    if (contrast.relation == RE_SAME) {
        return NULL;
    }
    answer_of(l->views[0], slot, &a);
    answer_of(l->views[1], slot, &b);
    effects_set(&x, &a);
    effects_set(&y, &b);
    out = policy_need(open_memstream(&text, &size));
    put_side(out, &x, &y, '-');
    put_side(out, &y, &x, '+');
    if (contrast.relation == RE_UNSURE) {
        put_doubt(out, &contrast);
    }
    fflush(out);
    policy_need(text);
    *ret_key = policy_printf("%s", text);
    if (contrast.relation == RE_DIFFERS) {
        put_example(out, name, &contrast);
    }
    fclose(out);
    effects_free(&x);
    effects_free(&y);
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
            *c = (struct change) {
                .where = { .key = v->key, .text = v->text },
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

    progress_begin();

    for (unsigned i = 0; i < scope->count && !result; i++) {
        struct policy_layers layers;

        progress.target = st_target_name(scope->targets[i]);
        progress.nth = i + 1;
        progress.of = scope->count;
        if (policy_layers_load(&layers, scope->targets[i], files, 2)) {
            compare(&calls, &layers, i);
            policy_layers_free(&layers);
        } else {
            result = POLICY_WRONG;
        }
    }
    progress_end();
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
