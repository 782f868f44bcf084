/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether two policies mean the same by a call. Rules that both have in the
 * same place make no difference (inspect-match.c); where one of the others can
 * hold, both policies are asked (inspect-search.c). A difference that is found
 * is one. That none was found proves that there is none, unless something is
 * in the way that re_contrast.unsure names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect-compare.h"

static int side_make(struct re_side *side, const struct re_layer *layer,
                     int slot)
{
    size_t count;

    *side = (struct re_side) {
        .layer = layer,
        .slot = slot < 0 ? &layer->unknown : &layer->slots[slot],
    };
    count = side->slot->count;
    side->actions = calloc(count, sizeof(*side->actions));
    side->ids = calloc(count, sizeof(*side->ids));
    side->tests = calloc(count, sizeof(*side->tests));
    side->own = calloc(count, sizeof(*side->own));
    if (!side->actions || !side->ids || !side->tests || !side->own) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const struct re_candidate *c = &side->slot->candidates[i];

        side->own[i] = true;
        side->tests[i] = re_tests_count(c->tests);
        side->actions[i] = re_action_text(layer, c);
        if (!side->actions[i]) {
            return -ENOMEM;
        }
    }
    return 0;
}

static void side_free(struct re_side *side)
{
    for (size_t i = 0; side->actions && i < side->slot->count; i++) {
        free(side->actions[i]);
    }
    free(side->actions);
    free(side->ids);
    free(side->tests);
    free(side->own);
}

struct named {
    const char *action;
    uint32_t *id;
};

static int by_action(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->action,
                  ((const struct named *)b)->action);
}

static int number_actions(struct re_side sides[2])
{
    size_t count = sides[0].slot->count + sides[1].slot->count, at = 0;
    struct named *all = reallocarray(NULL, count, sizeof(*all));
    uint32_t id = 0;

    if (!all) {
        return -ENOMEM;
    }
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < sides[side].slot->count; i++) {
            all[at++] = (struct named) {
                sides[side].actions[i], &sides[side].ids[i],
            };
        }
    }
    qsort(all, count, sizeof(*all), by_action);
    for (size_t i = 0; i < count; i++) {
        id += i > 0 && by_action(&all[i - 1], &all[i]) != 0;
        *all[i].id = id;
    }
    free(all);
    return 0;
}

static int tell(struct re_search *s, struct re_contrast *ret)
{
    ret->relation = RE_DIFFERS;
    ret->example = s->example;
    for (unsigned side = 0; side < 2; side++) {
        const struct re_side *of = &s->sides[side];
        const struct re_rule *rule = of->slot->candidates[s->at[side]].rule;

        ret->sides[side].file = rule->file;
        ret->sides[side].line = rule->line;
        ret->sides[side].action = strdup(of->actions[s->at[side]]);
        if (!ret->sides[side].action) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int search(struct re_side sides[2], const struct re_layer *layer,
                  int slot, const struct re_watch *watch,
                  struct re_contrast *ret)
{
    struct re_search s = { .sides = sides, .watch = watch };
    int found = re_axes_init(&s.axes, layer->target, slot);

    found = found ? found : re_search_find(&s);
    if (found == 1) {
        found = tell(&s, ret);
    } else if (found == 0 && s.unsure) {
        ret->relation = RE_UNSURE;
        ret->unsure = s.unsure;
    }
    re_axes_free(&s.axes);
    return found;
}

int re_view_compare(struct re_view *a, struct re_view *b, int slot,
                    const struct re_watch *watch, struct re_contrast *ret)
{
    struct re_contrast contrast = { .relation = RE_SAME };
    struct re_side sides[2] = { 0 };
    ssize_t own;
    int err = side_make(&sides[0], a->layer, slot);

    err = err ? err : side_make(&sides[1], b->layer, slot);
    err = err ? err : number_actions(sides);
    if (!err) {
        own = re_sides_match(sides);
        err = own < 0 ? own : own == 0 ? 0 :
            search(sides, a->layer, slot, watch, &contrast);
    }
    side_free(&sides[0]);
    side_free(&sides[1]);
    if (err) {
        re_contrast_free(&contrast);
        return err;
    }
    *ret = contrast;
    return 0;
}

void re_contrast_free(struct re_contrast *contrast)
{
    free(contrast->example);
    free(contrast->sides[0].action);
    free(contrast->sides[1].action);
    *contrast = (struct re_contrast) { .relation = RE_SAME };
}
