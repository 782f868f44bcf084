/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "diag-add.h"
#include "manner-bind.h"
#include "origin.h"
#include "sense.h"
#include "slots.h"

/* A draft at one of its slots. */
struct entry {
    struct entry *next;         /* of the slot, the winner first */
    struct entry *sibling;      /* of the draft */
    const struct bound *bound;
    const struct re_test *tests;
    struct re_manner_bound manner;
    uint16_t slot;
    uint16_t test_count;
    bool asks, names, peers;
    bool exact;             /* a directory's rule for this very spelling */
};

/* A draft, bound to its slots. */
struct bound {
    const struct re_draft *draft;
    uint8_t rank;
    struct entry *entries;
};

enum { RANK_SET = 0, RANK_NAME = 1, RANK_CONDITION = 2, RANK_DEVICE = 4 };

struct compiler {
    struct re_layer *layer;
    struct re_document *doc;
    struct re_slot_index *index;
    struct re_arena *scratch;   /* until the policy is compiled */
    struct bound *bounds;       /* one for each draft */
    size_t count;
    struct entry *lists[ST_MAX_SLOTS];
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
    if (order == 0) {
        order = compare_text(a->handler_name, b->handler_name);
    }
    /* Manners are compared by their words. */
    return order ? order : compare_text(a->manner ? a->text : NULL,
                                        b->manner ? b->text : NULL);
}

/* ORDER VERDICT; a refusal that lets calls through comes behind all that do
 * not, but before what allows without a word. */
static int strictness(const struct re_rule *rule)
{
    return rule->permissive ? 1 : 2 * (int)rule->verdict;
}

/* Neither the order of lines nor that of includes decides: what is left equal
 * here has the same effect, and the place only settles which is named. */
static int compare_bounds(const void *x, const void *y)
{
    const struct bound *a = *(struct bound *const *)x;
    const struct bound *b = *(struct bound *const *)y;
    const struct re_rule *ra = a->draft->rule, *rb = b->draft->rule;
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
    order = compare_effect(ra, rb);
    if (order == 0 && ra->log != rb->log) {
        order = rb->log - ra->log;
    }
    if (order == 0 && ra->file != rb->file) {
        order = compare_text(ra->file, rb->file);
    }
    return order ? order : (ra->line > rb->line) - (ra->line < rb->line);
}

/* --- drafts to slots ------------------------------------------------------ */

/* What binding one draft to its slots has come to. */
struct spread {
    const struct re_draft *draft;
    struct bound *bound;
    unsigned count, lacking_count;
    unsigned unfit;             /* calls that its verdict or limit is not for */
    struct re_node *lacking;    /* the first one */
    unsigned lacking_slot;
    struct re_node *foreign;    /* the first of a spelling that QEMU lacks */
    unsigned foreign_slot;
    struct re_bound tests;      /* of the last slot */
    struct re_manner_bound manner;  /* of the last slot */
};

/* bound NULL: always */
static int add_entry(struct compiler *c, struct spread *s, unsigned slot,
                     const struct re_bound *bound)
{
    struct entry *e = re_arena_alloc(c->scratch, sizeof(*e));

    if (!e) {
        return -ENOMEM;
    }
    e->bound = s->bound;
    e->tests = bound ? bound->tests : NULL;
    e->test_count = bound ? bound->count : 0;
    e->asks = (bound && bound->asks) || s->manner.form || s->draft->device ||
        (s->manner.measure && s->manner.measure->form);
    e->manner = s->manner;
    e->names = (bound && bound->names) || s->manner.form;
    e->peers = bound && bound->peers;
    e->slot = slot;
    e->exact = !s->draft->entry &&
        strcmp(s->draft->name, st_slot_name(c->layer->target, slot)) == 0;
    e->sibling = s->bound->entries;
    s->bound->entries = e;
    return 0;
}

static bool has_prototype(const struct st_target *t, unsigned slot)
{
    struct st_arg args[ST_MAX_ARGS];

    return st_slot_args(t, slot, args) >= 0;
}

/* A call without a prototype is one that QEMU lacks as well. Where a set or
 * the name of another spelling brings it in (`execve` alpha's osf_execve), a
 * condition that it cannot be asked about is of no consequence. */
static bool is_foreign(const struct st_target *t, const struct re_draft *draft,
                       unsigned slot)
{
    return !has_prototype(t, slot) &&
        (draft->set || strcmp(draft->name, st_slot_name(t, slot)) != 0);
}

static int spread_slot(struct compiler *c, struct spread *s, unsigned slot)
{
    const struct re_draft *draft = s->draft;
    struct re_node *lacking;
    const struct re_test *before = s->tests.tests;

    if (!re_manner_bind(c->layer, draft, slot, &s->manner)) {
        s->unfit++;
        return 0;
    }
    if (!draft->condition) {
        s->count++;
        return add_entry(c, s, slot, NULL);
    }
    switch (re_condition_bind(draft->condition, c->layer, slot, c->doc->diags,
                              &s->tests, &lacking)) {
    case RE_BOUND:
        if (s->tests.tests != before &&
            !re_origin_is_frozen(c->layer->origin)) {
            re_condition_sense(draft->condition, c->layer, slot,
                               c->doc->diags);
        }
        s->count++;
        return add_entry(c, s, slot, &s->tests);
    case RE_BOUND_ERROR:
        return -EINVAL;
    case RE_BOUND_LACKING:
        break;
    }
    if (draft->set && is_foreign(c->layer->target, draft, slot)) {
        /* nobody need be told */
    } else if (is_foreign(c->layer->target, draft, slot)) {
        s->foreign = s->foreign ? s->foreign : lacking;
        s->foreign_slot = slot;
    } else if (s->lacking_count++ == 0) {
        s->lacking = lacking;
        s->lacking_slot = slot;
    }
    if (draft->rule->verdict < RE_VERDICT_DENY) {
        return 0;           /* not allowed, not emulated */
    }
    return add_entry(c, s, slot, NULL);     /* refused in any case */
}

/* Says which part of a rule the target cannot express. */
static int report_lacking(struct compiler *c, const struct spread *s)
{
    const struct st_target *t = c->layer->target;
    bool refuses = s->draft->rule->verdict >= RE_VERDICT_DENY;
    char consequence[160];

    if (s->count == 0) {
        re_condition_lacking(s->lacking, RE_ERROR, t, s->lacking_slot, false,
                             "", c->doc->diags);
        return -EINVAL;
    }
    snprintf(consequence, sizeof(consequence), " on %s: %s",
             st_target_name(t),
             refuses ? "refused there whatever the arguments are" :
             "the rule does not apply there");
    re_condition_lacking(s->lacking, RE_WARNING, t, s->lacking_slot,
                         s->lacking_count > 1, consequence, c->doc->diags);
    return 0;
}

/* Of a name: all its slots carry other calls. */
static bool only_carries(const struct st_target *t, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    return st_slots_of_name(t, name, slots) > 0;
}

static void warn_without_effect(struct compiler *c,
                                const struct re_draft *draft)
{
    const struct st_target *t = c->layer->target;

    if (!draft->set && only_carries(t, draft->name)) {
        re_draft_diag(c->doc, draft, RE_WARNING, NULL,
                      "%s carries other calls on %s, which are decided by "
                      "their own names; this has no effect", draft->name,
                      st_target_name(t));
        return;
    }
    re_draft_diag(c->doc, draft, RE_WARNING,
                  draft->set ? NULL : "\"?\" before the name says that "
                  "this is known", "%s has no %s; this has no effect",
                  st_target_name(t), draft->set ? "call of this set" :
                  draft->name);
}

static int spread_draft(struct compiler *c, struct bound *bound)
{
    const struct re_draft *draft = bound->draft;
    struct spread s = { .draft = draft, .bound = bound };
    const struct re_slots *slots = re_slots_of(c->index, draft->set,
                                               draft->name);
    int err = slots ? 0 : -ENOMEM;

    for (unsigned i = 0; !err && i < slots->count; i++) {
        err = spread_slot(c, &s, slots->at[i]);
    }
    if (!err && s.unfit) {
        err = re_manner_unfit(draft, s.count == 0 && !s.lacking_count,
                              c->doc->diags);
    }
    if (!err && s.count == 0 && s.foreign && !s.lacking_count) {
        s.lacking = s.foreign;
        s.lacking_slot = s.foreign_slot;
        s.lacking_count = 1;
    }
    if (!err && s.lacking_count) {
        err = report_lacking(c, &s);
    }
    if (!err && draft->condition) {
        re_condition_tell_sense(draft->condition, c->doc->diags);
    }
    if (!err && slots->count == 0 && !draft->optional) {
        warn_without_effect(c, draft);
    }
    return err;
}

static int spread_drafts(struct compiler *c)
{
    size_t i = 0;
    int result = 0;

    for (const struct re_draft *d = c->doc->drafts; d; d = d->next) {
        c->count++;
    }
    c->bounds = re_arena_array(c->scratch, c->count + 1, sizeof(*c->bounds));
    if (!c->bounds) {
        return -ENOMEM;
    }
    for (const struct re_draft *d = c->doc->drafts; d; d = d->next, i++) {
        struct bound *b = &c->bounds[i];
        int err;

        b->draft = d;
        b->rank = (d->set ? RANK_SET : RANK_NAME) |
            (d->device ? RANK_DEVICE : 0) |
            (d->condition || has_when(d->rule) ?
             RANK_CONDITION : 0);
        err = spread_draft(c, b);
        result = err ? err : result;
    }
    return result;
}

/* Puts the entries of all drafts onto the lists of their slots, the winner
 * first. Sorting the drafts once sorts every slot. */
static int order_entries(struct compiler *c)
{
    struct bound **sorted = re_arena_array(c->scratch, c->count + 1,
                                           sizeof(*sorted));

    if (!sorted) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < c->count; i++) {
        sorted[i] = &c->bounds[i];
    }
    qsort(sorted, c->count, sizeof(*sorted), compare_bounds);
    /* Rules of directories are equal but for the spelling that they name. */
    for (int exact = 0; exact < 2; exact++) {
        for (size_t i = c->count; i-- > 0; ) {
            for (struct entry *e = sorted[i]->entries; e; e = e->sibling) {
                if (e->exact == exact) {
                    e->next = c->lists[e->slot];
                    c->lists[e->slot] = e;
                }
            }
        }
    }
    return 0;
}

/* --- slots ---------------------------------------------------------------- */

/* Two rules for the same call, both always, of the same strictness: nothing
 * but the order of lines could tell which is meant. A directory of rules may
 * have one for each spelling, and serves many targets. */
static int check_conflict(struct compiler *c, const struct bound *a,
                          const struct bound *b)
{
    const struct re_rule *ra = a->draft->rule, *rb = b->draft->rule;

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
    return !e->tests && !has_when(e->bound->draft->rule) &&
        !e->bound->draft->device;
}

/* Deciding ends with the first rule that always holds, and what stands behind
 * that is for tools. */
static int settle_slot(struct compiler *c, unsigned slot)
{
    struct re_slot *out = &c->layer->slots[slot];
    const struct entry *decides = NULL;
    struct re_candidate *candidates;
    unsigned count = 0;
    int err = 0;

    for (const struct entry *e = c->lists[slot]; e; e = e->next) {
        count++;
    }
    candidates = re_arena_array(c->layer->arena, count + 1,
                                sizeof(*candidates));
    if (!candidates) {
        return -ENOMEM;
    }
    out->candidates = candidates;
    out->count = out->total = count + 1;
    candidates[count].rule = c->layer->default_rule;
    count = 0;
    for (const struct entry *e = c->lists[slot]; e; e = e->next) {
        candidates[count++] = (struct re_candidate) {
            .rule = e->bound->draft->rule,
            .tests = e->tests, .test_count = e->test_count,
            .asks = e->asks, .names = e->names, .peers = e->peers,
            .draft = e->bound->draft,
            .measure = e->manner.measure, .form = e->manner.form,
            .device = e->bound->draft->device,
            .device_reg = e->manner.device_reg,
            .device_form = e->manner.device_form,
        };
        if (!decides && always(e)) {
            decides = e;
            out->count = count;
        } else if (decides && !err) {
            err = check_conflict(c, decides->bound, e->bound);
        }
    }
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

static struct re_limit *limit_of(const struct re_rule *rule)
{
    return rule->manner ? rule->manner->limit : NULL;
}

/* Counters of "when" and the state of limits lie in memory that forked children
 * and executed programs share. */
static int make_counters(struct compiler *c)
{
    size_t count = 0;
    _Atomic uint64_t *next;
    void *map;

    for (const struct re_draft *d = c->doc->drafts; d; d = d->next) {
        count += has_when(d->rule) + (limit_of(d->rule) != NULL);
    }
    if (count == 0) {
        return 0;
    }
    map = re_origin_share(c->layer->origin, count * sizeof(*next));
    if (!map) {
        int err = errno;

        re_diags_add(c->doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                     "memory for the counters of \"when\" and \"limit\": %s",
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
        if (limit_of(d->rule)) {
            limit_of(d->rule)->state = next++;
        }
    }
    return 0;
}

static int compile(struct compiler *c)
{
    int result, err;

    c->index = re_arena_alloc(c->scratch, sizeof(*c->index));
    c->layer->forms = re_arena_array(c->layer->arena,
                                     st_slot_count(c->layer->target),
                                     sizeof(*c->layer->forms));
    c->layer->unknown.candidates = single(c, &c->doc->unknown.rule);
    c->layer->unknown.count = c->layer->unknown.total = 1;
    if (!c->index || !c->layer->forms || !c->layer->unknown.candidates) {
        return -ENOMEM;
    }
    c->index->target = c->layer->target;
    c->index->arena = c->scratch;
    result = spread_drafts(c);
    if (result == -ENOMEM) {
        return result;
    }
    err = order_entries(c);
    err = err ? err : settle_slots(c);
    result = err ? err : result;
    return result ? result : make_counters(c);
}

int re_compile(struct re_layer *layer, struct re_document *doc)
{
    struct compiler *c = calloc(1, sizeof(*c));
    int result = -ENOMEM;

    if (c) {
        c->layer = layer;
        c->doc = doc;
        c->scratch = re_arena_new();
        if (c->scratch) {
            result = compile(c);
        }
        if (re_arena_failed(layer->arena)) {
            result = -ENOMEM;
        }
        re_arena_free(c->scratch);
        free(c);
    }
    if (result == -ENOMEM) {
        re_diags_add(doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
    }
    return result;
}
