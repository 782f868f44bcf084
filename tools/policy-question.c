/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-question.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ruleengine/find.h>

#include "diag-add.h"

void *policy_need(void *memory)
{
    if (!memory) {
        perror("qemu-policy");
        exit(POLICY_WRONG);
    }
    return memory;
}

char *policy_vprintf(const char *format, va_list ap)
{
    char *text;

    if (vasprintf(&text, format, ap) < 0) {
        text = NULL;
    }
    return policy_need(text);
}

char *policy_printf(const char *format, ...)
{
    char *text;
    va_list ap;

    va_start(ap, format);
    text = policy_vprintf(format, ap);
    va_end(ap);
    return text;
}

char *policy_join(char *const *words, size_t count, const char *between)
{
    char *text = policy_printf("%s", "");

    for (size_t i = 0; i < count; i++) {
        char *longer = policy_printf("%s%s%s", text, i ? between : "",
                                     words[i]);

        free(text);
        text = longer;
    }
    return text;
}

/* --- targets and layers ------------------------------------------------- */

bool policy_scope_set(struct policy_scope *scope,
                      const struct policy_command *command, const char *name)
{
    if (strcmp(name, "all") != 0) {
        scope->targets[0] = policy_target(command, name);
        scope->count = 1;
        return scope->targets[0];
    }
    scope->count = st_target_count();
    for (unsigned i = 0; i < scope->count && i < TARGETS_MAX; i++) {
        scope->targets[i] = st_target_at(i);
    }
    return true;
}

static bool is_for(const struct st_target *target, const char *file)
{
    struct re_diags *diags = policy_need(re_diags_new());
    struct re_view *view = NULL;
    int err = re_view_new(&view, target, file, diags);

    re_view_free(view);
    re_diags_free(diags);
    return err != -ENOTSUP;
}

void policy_scope_fit(struct policy_scope *scope, const char *const *files,
                      unsigned count)
{
    unsigned kept = 0, all = scope->count;

    for (unsigned i = 0; i < all && all > 1; i++) {
        bool fits = true;

        for (unsigned j = 0; j < count && fits; j++) {
            fits = is_for(scope->targets[i], files[j]);
        }
        if (fits) {
            scope->targets[kept++] = scope->targets[i];
            scope->count = kept;
        }
    }
}

static void print_errors(const struct re_diags *diags)
{
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *diag = re_diags_at(diags, i);
        char *text;

        if (diag->severity == RE_ERROR) {
            text = policy_need(re_diag_text(diag));
            fputs(text, stderr);
            free(text);
        }
    }
}

bool policy_layers_load(struct policy_layers *l, const struct st_target *t,
                        const char *const *files, unsigned count)
{
    struct re_diags *diags = policy_need(re_diags_new());
    bool fine = count <= RE_LAYERS_MAX;

    *l = (struct policy_layers) { .target = t, .names = files };
    if (!fine) {
        fprintf(stderr, "qemu-policy: %u policies are more than %d\n", count,
                RE_LAYERS_MAX);
    }
    for (unsigned i = 0; i < count && fine; i++) {
        fine = re_view_new(&l->views[i], t, files[i], diags) == 0;
        l->count += fine;
    }
    print_errors(diags);
    re_diags_free(diags);
    if (!fine) {
        policy_layers_free(l);
    }
    return fine;
}

void policy_layers_free(struct policy_layers *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        re_view_free(l->views[i]);
    }
    l->count = 0;
}

/* Ends the program: a word that names no policy is no file either, for the
 * working folder is not looked into. */
static void no_such_policy(const char *name)
{
    char folder[4096];

    fprintf(stderr, "qemu-policy: no policy \"%s\": there is no %s.ini in ",
            name, name);
    for (unsigned i = 0; re_policy_folder(i, folder, sizeof(folder)); i++) {
        fprintf(stderr, "%s%s", i ? " or " : "", folder);
    }
    fprintf(stderr, "; a file here is ./%s\n", name);
    exit(POLICY_WRONG);
}

void policy_find_files(char **words, int count)
{
    for (int i = 0; i < count; i++) {
        char *path;

        if (!re_policy_is_name(words[i])) {
            continue;
        }
        if (re_policy_find(words[i], &path) < 0) {
            no_such_policy(words[i]);
        }
        words[i] = path;
    }
}

/* A call of that name is meant as the call. */
static bool is_policy(const char *word)
{
    char *path;

    if (strpbrk(word, "./")) {
        return true;
    }
    if (st_canonical_name(word) || re_policy_find(word, &path) < 0) {
        return false;
    }
    free(path);
    return true;
}

int policy_files(int argc, char **argv, int first)
{
    int count = 0;

    while (first + count < argc && !strchr(argv[first + count], '=') &&
           is_policy(argv[first + count])) {
        count++;
    }
    if (count == 0 && first < argc && re_policy_is_name(argv[first]) &&
        !st_canonical_name(argv[first])) {
        no_such_policy(argv[first]);
    }
    policy_find_files(argv + first, count);
    return count;
}

/* --- questions ---------------------------------------------------------- */

/* A word that one spelling of the call lacks is not known there; one that all
 * lack is found by policy_check_words(). */
static bool set_words(const struct st_target *t, unsigned slot,
                      struct policy_question *q, struct re_known *known,
                      struct policy_fault *fault)
{
    for (unsigned i = 0; i < q->count; i++) {
        struct policy_word *word = &q->words[i];
        int err = re_known_set(known, t, slot, word->name, word->value,
                               fault->why, sizeof(fault->why));

        if (err == -ENOMEM) {
            policy_need(NULL);
        }
        if (err && err != -ENOENT) {
            fault->word = i;
            return false;
        }
        word->understood |= !err;
    }
    return true;
}

/* " (dfd, filename, flags, mode)": of the first target that has the call. */
static void put_arguments(const char *call, char *buf, size_t size)
{
    struct st_arg args[ST_MAX_ARGS];
    uint16_t slots[ST_MAX_SPELLINGS];
    const struct st_target *t;
    int count = 0;
    size_t len = 0;

    for (unsigned i = 0; count <= 0 && (t = st_target_at(i)); i++) {
        if (st_slots_of_name(t, call, slots) > 0) {
            count = st_slot_args(t, slots[0], args);
        }
    }
    buf[0] = '\0';
    for (int i = 0; i < count && len < size; i++) {
        len += snprintf(buf + len, size - len, "%s%s%s", i ? ", " : " (",
                        args[i].name, i == count - 1 ? ")" : "");
    }
}

int policy_check_words(const struct policy_question *q,
                       struct policy_fault *fault)
{
    char arguments[128];

    for (unsigned i = 0; i < q->count; i++) {
        if (!q->words[i].understood) {
            put_arguments(q->call, arguments, sizeof(arguments));
            snprintf(fault->why, sizeof(fault->why), "%s has no \"%.64s\"%s",
                     q->call, q->words[i].name, arguments);
            fault->word = i;
            return -1;
        }
    }
    return 0;
}

/* As an engine: the strictest refusal, else the first layer that emulates. */
/* As an engine: among denials the errno whose name sorts first. */
static bool stricter(const struct re_answer_rule *a,
                     const struct re_answer_rule *b)
{
    return a->strictness != b->strictness ? a->strictness > b->strictness :
        strcmp(a->verdict, b->verdict) < 0;
}

static void combine(struct policy_outcome *o)
{
    const struct re_answer_rule *best = NULL, *through = NULL;
    const char *note = "";

    o->certain = true;
    for (unsigned i = 0; i < o->count; i++) {
        const struct re_answer *a = &o->answers[i];
        const struct re_answer_rule *r = &a->rules[a->decides];

        o->certain &= a->certain;
        if (r->refuses && r->permissive) {
            through = through ? through : r;
            o->layer = through == r && !best ? i : o->layer;
            continue;
        }
        if ((r->refuses && (!best || !best->refuses ||
                            stricter(r, best))) ||
            (r->emulates && (!best || (!best->refuses && !best->emulates))) ||
            (!best && !through)) {
            best = r;
            o->layer = i;
        }
    }
    if (!best || (through && !best->refuses && !best->emulates)) {
        best = through;
        note = " permissive";
    }
    snprintf(o->verdict, sizeof(o->verdict), "%s%s", best->verdict, note);
}

static bool ask_slot(const struct policy_layers *l,
                     struct policy_question *q, unsigned slot,
                     struct policy_outcome *o, struct policy_fault *fault)
{
    struct re_known *known = policy_need(calloc(1, sizeof(*known)));
    bool fine;

    known->nth = 1;
    fine = set_words(l->target, slot, q, known, fault);
    *o = (struct policy_outcome) { .slot = slot };
    for (; fine && o->count < l->count; o->count++) {
        if (re_view_ask(l->views[o->count], slot, known,
                        &o->answers[o->count]) < 0) {
            policy_need(NULL);
        }
    }
    free(known);
    if (fine) {
        combine(o);
    }
    return fine;
}

static int check_call(const struct policy_question *q,
                      struct policy_fault *fault)
{
    char near[64];

    fault->word = -1;
    if (!st_name_known(q->call)) {
        bool found = re_suggest(q->call, policy_call_at, NULL, near,
                                sizeof(near));

        snprintf(fault->why, sizeof(fault->why),
                 "unknown syscall \"%.64s\"%s%s%s", q->call,
                 found ? " (did you mean \"" : "", found ? near : "",
                 found ? "\"?)" : "");
        return -1;
    }
    return 0;
}

int policy_ask(const struct policy_layers *l, struct policy_question *q,
               struct policy_outcome *ret, struct policy_fault *fault)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned all = st_slots_of_name(l->target, q->call, slots);
    int count = 0;

    if (check_call(q, fault) < 0) {
        return -1;
    }
    for (unsigned i = 0; i < all; i++) {
        if (st_slot_is_carrier(l->target, slots[i])) {
            continue;
        }
        if (!ask_slot(l, q, slots[i], &ret[count], fault)) {
            policy_outcomes_free(ret, count);
            return -1;
        }
        count++;
    }
    return count;
}

void policy_outcomes_free(struct policy_outcome *outcomes, int count)
{
    for (int i = 0; i < count; i++) {
        for (unsigned j = 0; j < outcomes[i].count; j++) {
            re_answer_free(&outcomes[i].answers[j]);
        }
    }
}

/* --- text --------------------------------------------------------------- */

void policy_put_slot(FILE *out, const struct st_target *t, unsigned slot,
                     const char *call)
{
    unsigned operation = st_slot_operation(t, slot);
    const char *name = st_slot_name(t, slot);
    int nr = st_number_of_slot(t, slot);

    if (name && strcmp(name, call) != 0) {
        fprintf(out, "%s ", name);
    }
    if (operation) {
        const char *carrier = st_slot_name(t, st_slot_of_number(t, nr));

        fprintf(out, "%s %u", carrier ? carrier : "operation", operation);
    } else {
        fprintf(out, "%d", nr);
    }
}

void policy_put_place(FILE *out, const struct re_answer_rule *rule)
{
    if (rule->line) {
        fprintf(out, "%s:%u", rule->file, rule->line);
    } else {
        fputs("default", out);
    }
}

/* --- the same on several targets ---------------------------------------- */

struct policy_variant *policy_variant_add(struct policy_variants *v, char *key,
                                          char *text, unsigned target)
{
    struct policy_variant *item;

    key = key ? key : policy_printf("%s", text);
    for (size_t i = 0; i < v->count; i++) {
        item = &v->items[i];
        if (strcmp(item->key, key) == 0) {
            item->count += !item->on[target];
            item->on[target] = true;
            free(key);
            free(text);
            return item;
        }
    }
    v->items = policy_need(reallocarray(v->items, v->count + 1,
                                        sizeof(*v->items)));
    item = &v->items[v->count++];
    *item = (struct policy_variant) { .key = key, .text = text, .count = 1 };
    item->on[target] = true;
    return item;
}

void policy_variants_free(struct policy_variants *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i].key);
        free(v->items[i].text);
        free(v->items[i].note);
    }
    free(v->items);
    *v = (struct policy_variants) { 0 };
}

void policy_put_names(FILE *out, const struct policy_variant *v,
                      const struct policy_scope *all, bool on)
{
    const char *comma = "";

    for (unsigned i = 0; i < all->count; i++) {
        if (v->on[i] == on) {
            fprintf(out, "%s%s", comma, st_target_name(all->targets[i]));
            comma = ", ";
        }
    }
}

void policy_put_targets(FILE *out, const struct policy_variant *v,
                        const struct policy_scope *all)
{
    unsigned n = v->count;

    if (n < all->count && n > all->count / 2) {
        fprintf(out, "%u targets, not ", n);
        policy_put_names(out, v, all, false);
    } else if (n < all->count || n == 1) {
        policy_put_names(out, v, all, true);
    } else {
        fprintf(out, "%u targets", n);
    }
}
