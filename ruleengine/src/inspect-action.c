/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect-compare.h"

#include <inttypes.h>
#include <stdlib.h>

#include "device.h"
#include "manner.h"

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

char *re_action_text(const struct re_layer *layer,
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

bool re_candidate_is_certain(const struct re_candidate *c)
{
    return !c->device && !c->rule->when.first;
}
