/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of calls without a condition, and the sets that stand for many. */
#include "policy-learn-rules.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 2048,       /* bound of st_name_at() */
    SET_MIN = 4,            /* calls seen that make a set worth naming */
    SET_OPENS = 3,          /* further calls for each of these, at most */
    SIBLINGS_MAX = 32,
};

/* --- sets ----------------------------------------------------------------- */

struct names {
    const char *names[NAMES_MAX];       /* canonical, each once */
    bool harmless[NAMES_MAX];
    unsigned count;
};

static void collect_names(struct names *n)
{
    const char *name;

    for (unsigned i = 0; (name = st_name_at(i)) && n->count < NAMES_MAX; i++) {
        const char *call = st_canonical_name(name);

        if (call && strcmp(call, name) == 0) {
            n->names[n->count] = call;
            n->harmless[n->count++] = learn_is_harmless(call);
        }
    }
}

static bool is_harmless(const struct names *n, const char *call)
{
    for (unsigned i = 0; i < n->count; i++) {
        if (strcmp(n->names[i], call) == 0) {
            return n->harmless[i];
        }
    }
    return false;
}

/* Of the calls that a set opens, how many do what no call seen does; those that
 * do the same as each other count once. */
static size_t strangeness(const struct maker *m,
                          const struct learn_words *opened)
{
    struct learn_words kinds = { 0 };
    size_t count;

    for (size_t i = 0; i < opened->count; i++) {
        const char *siblings[SIBLINGS_MAX];
        unsigned n = learn_siblings(opened->items[i], siblings, SIBLINGS_MAX);
        bool known = false;

        for (unsigned j = 0; j < n; j++) {
            known |= learn_words_have(&m->plain, siblings[j]);
        }
        if (!known) {
            learn_words_once(&kinds, n ? siblings[0] : opened->items[i]);
        }
    }
    count = kinds.count;
    learn_words_free(&kinds);
    return count;
}

/* What naming a set would allow: true if it may be named at all. */
static bool weigh(const struct maker *m, const struct names *names,
                  const struct st_set *set, const struct learn_words *open,
                  struct learn_fold *ret)
{
    struct learn_words once = { 0 };
    bool fine = true;

    *ret = (struct learn_fold) { .set = set->name };
    for (unsigned i = 0; i < set->count && fine; i++) {
        const char *call = st_canonical_name(st_name_at(set->members[i]));

        if (!call || !learn_words_once(&once, call)) {
            continue;
        }
        if (learn_words_have(&m->plain, call)) {
            ret->covered += !learn_words_have(open, call);
        } else if (!is_harmless(names, call)) {
            fine = false;
        } else if (!learn_words_have(open, call)) {
            learn_words_once(&ret->opened, call);
        }
    }
    learn_words_free(&once);
    return fine && ret->covered >= SET_MIN &&
        ret->opened.count <= SET_OPENS * ret->covered &&
        strangeness(m, &ret->opened) <= ret->covered;
}

static void take_fold(struct learn_policy *p, const struct learn_fold *fold,
                      struct learn_words *open)
{
    const struct st_set *set = st_set_by_name(fold->set);

    p->folds = policy_need(reallocarray(p->folds, p->fold_count + 1,
                                        sizeof(*p->folds)));
    p->folds[p->fold_count++] = *fold;
    for (unsigned i = 0; i < set->count; i++) {
        const char *call = st_canonical_name(st_name_at(set->members[i]));

        if (call) {
            learn_words_once(open, call);
        }
    }
    learn_words_once(&p->plain, fold->set);
}

/* The set that saves most is taken first, as long as one saves anything. */
static void fold_sets(struct maker *m, struct learn_words *open)
{
    struct names *names = policy_need(calloc(1, sizeof(*names)));
    bool found = true;

    collect_names(names);
    while (found) {
        struct learn_fold best = { 0 };
        const struct st_set *set;

        found = false;
        for (unsigned i = 0; (set = st_set_at(i)); i++) {
            struct learn_fold fold;
            bool fine = weigh(m, names, set, open, &fold);

            if (fine && (!found || fold.covered + best.opened.count >
                         best.covered + fold.opened.count)) {
                learn_words_free(&best.opened);
                best = fold;
                found = true;
            } else {
                learn_words_free(&fold.opened);
            }
        }
        if (found) {
            take_fold(m->policy, &best, open);
        }
    }
    free(names);
}

/* --- the list ------------------------------------------------------------- */

bool learn_is_everywhere(const struct policy_scope *scope, const char *name)
{
    const struct st_set *set = st_set_by_name(name);
    uint16_t slots[ST_MAX_SPELLINGS];

    for (unsigned i = 0; i < scope->count; i++) {
        unsigned found = set ? 0 :
            st_slots_of_name(scope->targets[i], name, slots);

        for (unsigned j = 0; set && j < set->count && !found; j++) {
            found = st_slots_of_name(scope->targets[i],
                                     st_name_at(set->members[j]), slots);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void add_siblings_of(struct maker *m, const char *call,
                            const struct learn_words *open)
{
    const char *siblings[SIBLINGS_MAX];
    unsigned n = learn_siblings(call, siblings, SIBLINGS_MAX);

    for (unsigned i = 0; i < n; i++) {
        if (learn_trait_of(siblings[i])->kind == LEARN_PLAIN &&
            strcmp(siblings[i], "fork") && strcmp(siblings[i], "vfork") &&
            !learn_words_have(&m->plain, siblings[i]) &&
            !learn_words_have(open, siblings[i])) {
            learn_words_once(&m->policy->siblings, siblings[i]);
        }
    }
}

/* Of fork's, learn_make_clone() knows. */
static void add_siblings(struct maker *m, const struct learn_words *open)
{
    for (size_t i = 0; i < m->plain.count; i++) {
        add_siblings_of(m, m->plain.items[i], open);
    }
    for (size_t i = 0; i < m->use_count; i++) {
        add_siblings_of(m, m->uses[i].trait->call, open);
    }
    add_siblings_of(m, "set_tid_address", open);
    learn_words_sort(&m->policy->siblings);
}

/* Whether a thread has to wait for another is another thing each time. */
static void add_chances(struct maker *m, const struct learn_words *open)
{
    static const char *const chances[] = { "futex", "sched_yield" };

    for (size_t i = 0; i < sizeof(chances) / sizeof(chances[0]); i++) {
        if (!learn_words_have(&m->plain, chances[i]) &&
            !learn_words_have(open, chances[i])) {
            learn_words_once(&m->policy->chances, chances[i]);
        }
    }
}

void learn_make_list(struct maker *m)
{
    struct learn_policy *p = m->policy;
    struct learn_words open = { 0 };

    learn_words_sort(&m->plain);
    fold_sets(m, &open);
    learn_words_sort(&p->plain);
    for (size_t i = 0; i < m->plain.count; i++) {
        const char *call = m->plain.items[i], *look = learn_look_of(call);

        if (!learn_words_have(&open, call)) {
            learn_words_once(&p->plain, call);
        }
        if (look) {
            learn_put(&p->looks, "%s: %s", call, look);
        }
    }
    if (learn_makes_threads(m)) {
        add_chances(m, &open);
    }
    if (m->options->any_target) {
        add_siblings(m, &open);
    }
    learn_words_free(&open);
}
