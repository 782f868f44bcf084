/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether two policies mean the same by a call. Each thing that conditions ask
 * about is an axis; on it lie the values at which a test of either policy
 * changes its answer. Of values that answer all tests alike one is kept, and
 * both policies are asked about every combination of what is left.
 *
 * The values of integers without masks, of masks compared with constants, of
 * "==" and "under" and of addresses are all that there are. Where that is not
 * so (patterns, ranges of masked values, too many combinations), a difference
 * that is found is one, but finding none proves nothing: RE_UNSURE.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "axis.h"
#include "device.h"
#include "inspect-private.h"
#include "manner.h"

enum { POINTS_MAX = 20000 };

struct comparison {
    const struct re_layer *layers[2];
    const struct re_slot *slots[2];
    struct re_axes axes;
    char **actions[2];          /* of each candidate: what it does */
    size_t at[RE_AXES_MAX];     /* the point: the value on each axis */
};

/* --- what a rule does ------------------------------------------------------ */

static void put_limit(FILE *out, const struct re_limit *l)
{
    char beyond[RE_VERDICT_TEXT_MAX] = "wait";

    if (!l->waits) {
        re_rule_text(&l->beyond, beyond, sizeof(beyond));
    }
    fprintf(out, " limit %" PRIu64 "%s%s", l->amount,
            l->of_result || l->measure ? " of " : "",
            l->of_result ? "result" : l->measure ? l->measure : "");
    if (l->period) {
        fprintf(out, " in %" PRIu64 " ms", l->period / 1000000);
    }
    fprintf(out, " else %s", beyond);
}

static void put_manner(FILE *out, const struct re_manner *m)
{
    if (m->limit) {
        put_limit(out, m->limit);
    }
    if (m->delay) {
        fprintf(out, " delay %" PRIu64 "us", m->delay / 1000);
    }
    if (m->delay_after) {
        fprintf(out, " delay-after %" PRIu64 "us", m->delay_after / 1000);
    }
    if (m->signal) {
        fprintf(out, " signal %s", m->signal_name);
    }
    if (m->write_to) {
        fprintf(out, " write to %s", m->write_to);
    }
    if (m->content.path) {
        fprintf(out, " (%s)", m->content.path);
    }
    for (size_t i = 0; m->content.bytes && i < m->content.len; i++) {
        fprintf(out, "%s%02x", i ? "" : " bytes ",
                (unsigned char)m->content.bytes[i]);
    }
}

static void put_device(FILE *out, const struct re_device *d)
{
    fprintf(out, " [device %s]%s", d->path, d->repeats ? " again" : "");
    for (size_t i = 0; i < d->len; i++) {
        fprintf(out, "%s%02x", i ? "" : " bytes ",
                (unsigned char)d->bytes[i]);
    }
    for (unsigned i = 0; i < d->reads; i++) {
        fprintf(out, " %zu", d->ends[i]);
    }
}

static char *action_text(const struct re_layer *layer,
                         const struct re_candidate *c)
{
    const struct re_rule *rule = c->rule;
    const struct re_when *when = &rule->when;
    const struct re_device *device = c->device ? c->device :
        rule->manner ? rule->manner->device : NULL;
    bool refuses = rule->verdict >= RE_VERDICT_DENY;
    char verdict[RE_VERDICT_TEXT_MAX], *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out) {
        return NULL;
    }
    re_rule_text(rule, verdict, sizeof(verdict));
    fputs(verdict, out);
    if (when->first) {
        fprintf(out, " when %" PRIu64, when->first);
        if (when->last == UINT64_MAX) {
            fputc('+', out);
        } else if (when->last != when->first) {
            fprintf(out, "..%" PRIu64 "+", when->last);
        }
        if (when->step > 1) {
            fprintf(out, "%" PRIu64, when->step);
        }
    }
    if (rule->manner) {
        put_manner(out, rule->manner);
    }
    if (device) {
        put_device(out, device);
    }
    if (refuses && (rule->permissive || layer->permissive)) {
        fputs(" permissive", out);
    }
    if (refuses != rule->log) {
        fputs(rule->log ? " log" : " quiet", out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int set_actions(struct comparison *c, unsigned side)
{
    const struct re_slot *s = c->slots[side];

    c->actions[side] = calloc(s->count + 1, sizeof(char *));
    if (!c->actions[side]) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < s->count; i++) {
        c->actions[side][i] = action_text(c->layers[side], &s->candidates[i]);
        if (!c->actions[side][i]) {
            return -ENOMEM;
        }
    }
    return 0;
}

static void free_actions(struct comparison *c)
{
    for (unsigned side = 0; side < 2; side++) {
        for (char **a = c->actions[side]; a && *a; a++) {
            free(*a);
        }
        free(c->actions[side]);
    }
}

/* --- one point ------------------------------------------------------------- */

/* The next candidate from i on that holds at the point. */
static unsigned next_holding(struct comparison *c, unsigned side, unsigned i)
{
    const struct re_slot *s = c->slots[side];

    while (i + 1 < s->count && s->candidates[i].tests &&
           !re_axes_hold(&c->axes, s->candidates[i].tests)) {
        i++;
    }
    return i;
}

/* Whether a rule whose tests hold may still leave the call to the next one. */
static bool is_certain(const struct re_candidate *c)
{
    return !c->device && !c->rule->when.first;
}

/* Both policies' rules that hold, one by one, until one surely decides. True
 * when they do not do the same: then "ret" is where they part. */
static bool parts(struct comparison *c, unsigned ret[2])
{
    unsigned a = 0, b = 0;

    for (;; a++, b++) {
        a = next_holding(c, 0, a);
        b = next_holding(c, 1, b);
        if (strcmp(c->actions[0][a], c->actions[1][b]) != 0) {
            ret[0] = a;
            ret[1] = b;
            return true;
        }
        if (is_certain(&c->slots[0]->candidates[a]) ||
            a + 1 >= c->slots[0]->count || b + 1 >= c->slots[1]->count) {
            return false;
        }
    }
}

/* --- all points ------------------------------------------------------------ */

static void go_to(struct comparison *c, size_t axis, size_t value)
{
    c->at[axis] = value;
    re_axes_set(&c->axes, axis, value);
}

/* The next point, in order; false behind the last. */
static bool step(struct comparison *c)
{
    for (size_t i = c->axes.count; i-- > 0;) {
        if (c->at[i] + 1 < c->axes.items[i].count) {
            go_to(c, i, c->at[i] + 1);
            return true;
        }
        go_to(c, i, 0);
    }
    return false;
}

/* Some point: where there are too many. The numbers are the same each time. */
static void jump(struct comparison *c, uint64_t *state)
{
    for (size_t i = 0; i < c->axes.count; i++) {
        *state = *state * UINT64_C(6364136223846793005) +
            UINT64_C(1442695040888963407);
        go_to(c, i, (*state >> 33) % c->axes.items[i].count);
    }
}

static bool find(struct comparison *c, unsigned ret[2])
{
    uint64_t state = 1, points = 1;

    for (size_t i = 0; i < c->axes.count; i++) {
        go_to(c, i, 0);
        points = points > POINTS_MAX ? points :
            points * c->axes.items[i].count;
    }
    if (points <= POINTS_MAX) {
        do {
            if (parts(c, ret)) {
                return true;
            }
        } while (step(c));
        return false;
    }
    c->axes.complete = false;
    for (unsigned i = 0; i < POINTS_MAX; i++) {
        if (parts(c, ret)) {
            return true;
        }
        jump(c, &state);
    }
    return false;
}

/* --- the answer ------------------------------------------------------------ */

static int collect(struct comparison *c)
{
    int err = 0;

    for (unsigned side = 0; side < 2 && !err; side++) {
        for (unsigned i = 0; i < c->slots[side]->count && !err; i++) {
            err = re_axes_add(&c->axes, c->slots[side]->candidates[i].tests);
        }
    }
    return err ? err : re_axes_finish(&c->axes);
}

static int tell(struct comparison *c, const unsigned at[2],
                struct re_contrast *ret)
{
    size_t size;
    FILE *out = open_memstream(&ret->example, &size);

    if (!out) {
        return -ENOMEM;
    }
    re_axes_put(&c->axes, c->at, out);
    if (fclose(out) != 0) {
        return -ENOMEM;
    }
    for (unsigned side = 0; side < 2; side++) {
        const struct re_rule *rule = c->slots[side]->candidates[at[side]].rule;

        ret->sides[side].file = rule->file;
        ret->sides[side].line = rule->line;
        ret->sides[side].action = strdup(c->actions[side][at[side]]);
        if (!ret->sides[side].action) {
            return -ENOMEM;
        }
    }
    return 0;
}

int re_view_compare(struct re_view *a, struct re_view *b, int slot,
                    struct re_contrast *ret)
{
    struct comparison c = { .layers = { a->layer, b->layer } };
    struct re_contrast contrast = { .relation = RE_SAME };
    unsigned at[2];
    int err;

    for (unsigned i = 0; i < 2; i++) {
        c.slots[i] = slot < 0 ? &c.layers[i]->unknown :
            &c.layers[i]->slots[slot];
    }
    err = re_axes_init(&c.axes, a->layer->target, slot);
    for (unsigned i = 0; i < 2 && !err; i++) {
        err = set_actions(&c, i);
    }
    err = err ? err : collect(&c);
    if (!err && find(&c, at)) {
        contrast.relation = RE_DIFFERS;
        err = tell(&c, at, &contrast);
    } else if (!c.axes.complete) {
        contrast.relation = RE_UNSURE;
    }
    re_axes_free(&c.axes);
    free_actions(&c);
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
