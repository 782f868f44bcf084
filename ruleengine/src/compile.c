/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "diag-add.h"
#include "origin.h"

/* A candidate while its slot's list is being made. */
struct entry {
    struct entry *next;
    struct re_candidate candidate;
    const struct re_draft *draft;
    uint8_t rank;
    bool exact;             /* a directory's rule for this very spelling */
};

enum { RANK_SET = 0, RANK_NAME = 1, RANK_CONDITION = 2 };

struct compiler {
    struct re_layer *layer;
    struct re_document *doc;
    struct entry *lists[ST_MAX_SLOTS];
    const struct re_draft *last[ST_MAX_SLOTS];  /* each draft once a slot */
};

static bool has_when(const struct re_rule *rule)
{
    return rule->when.first != 0;
}

/* --- order ---------------------------------------------------------------- */

static int compare_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* Whether two rules do the same, as far as a guest can see. */
static int compare_effect(const struct re_rule *a, const struct re_rule *b)
{
    int order = compare_text(a->error_name, b->error_name);

    if (order == 0) {
        order = (a->value > b->value) - (a->value < b->value);
    }
    return order ? order : compare_text(a->handler_name, b->handler_name);
}

/* ORDER VERDICT; a refusal that lets calls through comes behind all that do
 * not, but before what allows without a word. */
static int strictness(const struct re_rule *rule)
{
    return rule->permissive ? 1 : 2 * (int)rule->verdict;
}

/* Neither the order of lines nor that of includes decides: what is left equal
 * here has the same effect, and the place only settles which is named. */
static int compare_entries(const void *x, const void *y)
{
    const struct entry *a = *(struct entry *const *)x;
    const struct entry *b = *(struct entry *const *)y;
    const struct re_rule *ra = a->candidate.rule, *rb = b->candidate.rule;
    int order;

    if (a->rank != b->rank) {
        return b->rank - a->rank;
    }
    if (strictness(ra) != strictness(rb)) {
        return strictness(rb) - strictness(ra);
    }
    if (ra->verdict != rb->verdict) {
        return (int)rb->verdict - (int)ra->verdict;
    }
    if (a->exact != b->exact) {
        return b->exact - a->exact;
    }
    order = compare_effect(ra, rb);
    if (order == 0 && ra->log != rb->log) {
        order = rb->log - ra->log;
    }
    if (order == 0) {
        order = compare_text(ra->file, rb->file);
    }
    return order ? order : (ra->line > rb->line) - (ra->line < rb->line);
}

/* --- drafts to slots ------------------------------------------------------ */

static int add_entry(struct compiler *c, unsigned slot,
                     const struct re_draft *draft,
                     const struct re_test *tests, bool asks)
{
    struct entry *e = re_arena_alloc(c->layer->arena, sizeof(*e));

    if (!e) {
        return -ENOMEM;
    }
    e->candidate.rule = draft->rule;
    e->candidate.tests = tests;
    e->candidate.asks = asks;
    e->draft = e->candidate.draft = draft;
    e->rank = (draft->set ? RANK_SET : RANK_NAME) |
        (draft->condition || has_when(draft->rule) ? RANK_CONDITION : 0);
    e->exact = !draft->entry &&
        strcmp(draft->name, st_slot_name(c->layer->target, slot)) == 0;
    e->next = c->lists[slot];
    c->lists[slot] = e;
    return 0;
}

/* What binding one draft to its slots has come to. */
struct spread {
    const struct re_draft *draft;
    unsigned slots, bound, lacking_count;
    struct re_node *lacking;    /* the first one */
    unsigned lacking_slot;
};

static bool has_prototype(const struct st_target *t, unsigned slot)
{
    struct st_arg args[ST_MAX_ARGS];

    return st_slot_args(t, slot, args) >= 0;
}

static int spread_slot(struct compiler *c, struct spread *s, unsigned slot)
{
    const struct re_draft *draft = s->draft;
    const struct re_test *tests = NULL;
    struct re_node *lacking;
    bool asks = false;

    if (c->last[slot] == draft) {
        return 0;
    }
    c->last[slot] = draft;
    s->slots++;
    if (!draft->condition) {
        s->bound++;
    } else {
        switch (re_condition_bind(draft->condition, c->layer->target, slot,
                                  c->layer->ops, c->layer->arena,
                                  c->doc->diags, &tests, &asks, &lacking)) {
        case RE_BOUND:
            s->bound++;
            break;
        case RE_BOUND_ERROR:
            return -EINVAL;
        case RE_BOUND_LACKING:
            /* A call without a prototype is one that QEMU lacks as well: of
             * those in a set nobody need be told. */
            if ((!draft->set || has_prototype(c->layer->target, slot)) &&
                s->lacking_count++ == 0) {
                s->lacking = lacking;
                s->lacking_slot = slot;
            }
            if (draft->rule->verdict < RE_VERDICT_DENY) {
                return 0;       /* not allowed, not emulated */
            }
            tests = NULL;       /* refused, whatever its arguments are */
            asks = false;
            break;
        }
    }
    return add_entry(c, slot, draft, tests, asks);
}

/* A rule for socketcall or ipc is one for all that they carry. */
static int spread_carried(struct compiler *c, struct spread *s,
                          unsigned carrier)
{
    const struct st_target *t = c->layer->target;
    int nr = st_number_of_slot(t, carrier);
    int err = 0;

    for (unsigned slot = st_number_count(t);
         slot < st_slot_count(t) && !err; slot++) {
        if (st_number_of_slot(t, slot) == nr) {
            err = spread_slot(c, s, slot);
        }
    }
    return err;
}

static int spread_name(struct compiler *c, struct spread *s, const char *name)
{
    const struct st_target *t = c->layer->target;
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(t, name, slots);
    int err = 0;

    for (unsigned i = 0; i < count && !err; i++) {
        if (!st_slot_is_carrier(t, slots[i])) {
            err = spread_slot(c, s, slots[i]);
        } else if (!s->draft->set) {
            err = spread_carried(c, s, slots[i]);
        }
    }
    return err;
}

/* Says which part of a rule the target cannot express. */
static int report_lacking(struct compiler *c, const struct spread *s)
{
    const struct st_target *t = c->layer->target;
    bool refuses = s->draft->rule->verdict >= RE_VERDICT_DENY;
    char consequence[160];

    if (s->bound == 0) {
        re_condition_lacking(s->lacking, RE_ERROR, t, s->lacking_slot, "",
                             c->doc->diags);
        return -EINVAL;
    }
    snprintf(consequence, sizeof(consequence), "%s on %s: %s",
             s->lacking_count > 1 ? ", nor of other calls that this rule names,"
             : "", st_target_name(t),
             refuses ? "refused there whatever the arguments are" :
             "the rule does not apply there");
    re_condition_lacking(s->lacking, RE_WARNING, t, s->lacking_slot,
                         consequence, c->doc->diags);
    return 0;
}

static int spread_draft(struct compiler *c, const struct re_draft *draft)
{
    struct spread s = { .draft = draft };
    int err = 0;

    if (draft->set) {
        for (unsigned i = 0; i < draft->set->count && !err; i++) {
            err = spread_name(c, &s, st_name_at(draft->set->members[i]));
        }
    } else {
        err = spread_name(c, &s, draft->name);
    }
    if (!err && s.lacking_count) {
        err = report_lacking(c, &s);
    }
    if (!err && s.slots == 0 && !draft->optional) {
        re_draft_diag(c->doc, draft, RE_WARNING,
                      draft->set ? NULL : "\"?\" before the name says that "
                      "this is known", "%s has no %s; this has no effect",
                      st_target_name(c->layer->target), draft->set ?
                      "call of this set" : draft->name);
    }
    return err;
}

/* --- slots ---------------------------------------------------------------- */

/* Two rules for the same call, both always, of the same strictness: nothing
 * but the order of lines could tell which is meant. A directory of rules may
 * have one for each spelling, and serves many targets. */
static int check_conflict(struct compiler *c, const struct entry *a,
                          const struct entry *b)
{
    const struct re_rule *ra = a->candidate.rule, *rb = b->candidate.rule;

    if (a->rank != b->rank || a->rank != RANK_NAME || !b->draft->entry ||
        ra->verdict != rb->verdict || ra->permissive != rb->permissive ||
        compare_effect(ra, rb) == 0) {
        return 0;
    }
    re_draft_diag(c->doc, b->draft, RE_ERROR, NULL,
                  "this contradicts %s:%u, which is as specific and as strict",
                  ra->file, ra->line);
    return -EINVAL;
}

static const struct re_candidate *single(struct compiler *c,
                                         const struct re_rule *rule)
{
    struct re_candidate *candidate = re_arena_alloc(c->layer->arena,
                                                    sizeof(*candidate));

    if (candidate) {
        candidate->rule = rule;
    }
    return candidate;
}

static bool always(const struct entry *e)
{
    return !e->candidate.tests && !has_when(e->candidate.rule);
}

/* Sorts a slot's list; deciding ends with the first rule that always holds, and
 * what stands behind that is for tools. */
static int settle_slot(struct compiler *c, unsigned slot)
{
    struct re_slot *out = &c->layer->slots[slot];
    struct re_candidate *candidates;
    struct entry **sorted;
    unsigned count = 0, kept = 0;
    int err = 0;

    for (const struct entry *e = c->lists[slot]; e; e = e->next) {
        count++;
    }
    sorted = malloc((count + 1) * sizeof(*sorted));
    candidates = re_arena_array(c->layer->arena, count + 1,
                                sizeof(*candidates));
    if (!sorted || !candidates) {
        free(sorted);
        return -ENOMEM;
    }
    count = 0;
    for (struct entry *e = c->lists[slot]; e; e = e->next) {
        sorted[count++] = e;
    }
    qsort(sorted, count, sizeof(*sorted), compare_entries);
    for (unsigned i = 0; i < count; i++) {
        candidates[i] = sorted[i]->candidate;
        if (kept == 0 && always(sorted[i])) {
            kept = i + 1;
        } else if (kept && !err) {
            err = check_conflict(c, sorted[kept - 1], sorted[i]);
        }
    }
    candidates[count].rule = c->layer->default_rule;
    free(sorted);
    out->candidates = candidates;
    out->count = kept ? kept : count + 1;
    out->total = count + 1;
    return err;
}

/* "exec = deny" is above all rules. */
static bool is_exec(const struct st_target *t, unsigned slot)
{
    const char *name = st_slot_name(t, slot);

    /* sparc's execv and alpha's osf_execve as well */
    name = name ? st_canonical_name(name) : NULL;
    return name && (strcmp(name, "execve") == 0 ||
                    strcmp(name, "execveat") == 0);
}

static int settle_slots(struct compiler *c)
{
    static const struct re_rule carried = { .verdict = RE_VERDICT_ALLOW };
    const struct st_target *t = c->layer->target;
    unsigned count = st_slot_count(t);
    int result = 0;

    c->layer->slots = re_arena_array(c->layer->arena, count,
                                     sizeof(*c->layer->slots));
    if (!c->layer->slots) {
        return -ENOMEM;
    }
    for (unsigned slot = 0; slot < count; slot++) {
        struct re_slot *out = &c->layer->slots[slot];
        int err = 0;

        if (st_slot_is_carrier(t, slot)) {
            out->candidates = single(c, &carried);
            out->count = out->total = 1;
        } else if (c->doc->exec.number == RE_EXEC_DENY && is_exec(t, slot)) {
            out->candidates = single(c, &c->doc->exec.rule);
            out->count = out->total = 1;
        } else if (!st_slot_name(t, slot)) {
            *out = c->layer->unknown;
        } else {
            err = settle_slot(c, slot);
        }
        result = err ? err : result;
    }
    return result;
}

/* --- counters ------------------------------------------------------------- */

/* Counters of "when" lie in memory that forked children and executed programs
 * share. */
static int make_counters(struct compiler *c)
{
    size_t count = 0;
    _Atomic uint64_t *next;
    void *map;

    for (const struct re_draft *d = c->doc->drafts; d; d = d->next) {
        count += has_when(d->rule);
    }
    if (count == 0) {
        return 0;
    }
    map = re_origin_share(c->layer->origin, count * sizeof(*next));
    if (!map) {
        int err = errno;

        re_diags_add(c->doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                     "memory for the counters of \"when\": %s",
                     strerror(err));
        return -err;
    }
    c->layer->counters = map;
    c->layer->counters_size = count * sizeof(*next);
    next = map;
    for (const struct re_draft *d = c->doc->drafts; d; d = d->next) {
        if (has_when(d->rule)) {
            d->rule->count = next++;
        }
    }
    return 0;
}

static int out_of_memory(struct compiler *c, int err)
{
    if (err == -ENOMEM || re_arena_failed(c->layer->arena)) {
        re_diags_add(c->doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        return -ENOMEM;
    }
    return err;
}

int re_compile(struct re_layer *layer, struct re_document *doc)
{
    struct compiler *c = calloc(1, sizeof(*c));
    int result = 0, err;

    if (!c) {
        re_diags_add(doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        return -ENOMEM;
    }
    c->layer = layer;
    c->doc = doc;
    layer->unknown.candidates = single(c, &doc->unknown.rule);
    layer->unknown.count = layer->unknown.total = 1;
    for (const struct re_draft *d = doc->drafts; d; d = d->next) {
        err = spread_draft(c, d);
        result = err ? err : result;
    }
    err = settle_slots(c);
    result = err ? err : result;
    if (!result) {
        result = make_counters(c);
    }
    result = out_of_memory(c, result);
    free(c);
    return result;
}
