/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manners of the rules that have decided a call. Only calls that such a
 * rule decides get here. Sleeping is done by the emulator, with no lock held.
 */
#include "manner.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "facts.h"
#include "width.h"

struct re_manner *re_manner_of(struct re_rule *rule, struct re_arena *arena)
{
    if (!rule->manner) {
        rule->manner = re_arena_alloc(arena, sizeof(*rule->manner));
    }
    return rule->manner;
}

/* --- what a limit measures --------------------------------------------- */

/* The argument as it is in the register, or in memory. Where that cannot be
 * read, the call fails, and asks for nothing. */
static uint64_t raw(const struct re_measure *m, const struct re_call *call)
{
    const struct re_block *block;

    if (!m->form) {
        return call->args[m->reg];
    }
    block = call->facts ? re_fact_block(call->facts, m->form) : NULL;
    return !block || block->error ? 0 : block->words[m->reg];
}

static uint64_t measured(const struct re_measure *m,
                         const struct re_call *call)
{
    uint64_t value = m->form ?
        re_width_extend(raw(m, call), m->width, m->is_signed) :
        re_width_argument(call->args, m->reg, m->pair, m->width, m->is_signed);

    /* The kernel refuses what is less than none. */
    return m->is_signed && (int64_t)value < 0 ? 0 : value;
}

/* What the candidate of this rule measures; NULL: calls, or their results. */
static const struct re_measure *measure_of(const struct re_layer *layer,
                                           const struct re_call *call,
                                           const struct re_rule *rule)
{
    const struct re_slot *s = call->slot < 0 ? &layer->unknown :
        &layer->slots[call->slot];

    for (unsigned i = 0; i < s->count; i++) {
        if (s->candidates[i].rule == rule) {
            return s->candidates[i].measure;
        }
    }
    return NULL;
}

static void take(const struct re_layer *layer, struct re_call *call,
                 unsigned i, const struct re_rule *rule, bool *ret_granted)
{
    const struct re_limit *limit = rule->manner->limit;
    const struct re_measure *m = limit->measure ?
        measure_of(layer, call, rule) : NULL;
    uint64_t want = 1, until;
    bool shortens = false;

    if (m) {
        want = measured(m, call);
        shortens = m->shortens;
    }
    *ret_granted = re_limit_take(limit, limit->period ? re_now() : 0, want,
                                 shortens, &call->granted[i], &until);
    if (*ret_granted && limit->of_result && !m) {
        /* Only whether there is anything left; how much, it is too early. */
        re_limit_return(limit, 1);
        call->granted[i] = 0;
    }
    if (*ret_granted) {
        call->charged |= 1u << i;
        call->measured |= limit->measure ? 1u << i : 0;
        call->until = until > call->until ? until : call->until;
    }
}

const struct re_rule *re_manner_ask(const struct re_layer *layer,
                                    struct re_call *call, unsigned i,
                                    const struct re_rule *rule)
{
    const struct re_manner *m = rule->manner;
    bool granted = true;

    if (m->limit) {
        take(layer, call, i, rule, &granted);
    }
    if (!granted) {
        return &m->limit->beyond;
    }
    if (m->delay || m->delay_after || m->signal) {
        call->manners |= 1u << i;
    }
    return rule;
}

/* --- before ------------------------------------------------------------ */

static void send_signals(const struct re_layer *layer, struct re_call *call)
{
    for (unsigned i = 0; call->manners >> i; i++) {
        int number = call->manners >> i & 1 ?
            call->decided[i]->manner->signal : 0;

        if (number && layer->ops && layer->ops->signal) {
            layer->ops->signal(call->guest, number);
        }
    }
}

static uint64_t add_delays(const struct re_call *call, bool after)
{
    uint64_t sum = 0;

    for (unsigned i = 0; call->manners >> i; i++) {
        if (call->manners >> i & 1) {
            const struct re_manner *m = call->decided[i]->manner;

            sum += after ? m->delay_after : m->delay;
        }
    }
    return sum;
}

bool re_manner_begin(const struct re_layer *layer, struct re_thread *thread,
                     struct re_call *call, int only, bool again)
{
    bool sent = again && !thread->again_until;
    uint64_t delay, until;

    if (only >= 0) {
        call->manners &= 1u << only;
        call->until = 0;
    }
    delay = add_delays(call, false);
    /* A call that is made again has waited before, at least for a while. */
    until = again ? thread->again_until : delay ? re_now() + delay : 0;
    if (call->until > until) {
        until = call->until;
    }
    if (until && layer->ops && layer->ops->sleep &&
        layer->ops->sleep(call->guest, until) < 0) {
        thread->again_until = until;
        return false;
    }
    thread->again_until = 0;
    if (!sent) {
        send_signals(layer, call);
    }
    return true;
}

/* --- the call ---------------------------------------------------------- */

static const struct re_limit *charged(const struct re_call *call, unsigned i)
{
    return call->charged >> i & 1 ? call->decided[i]->manner->limit : NULL;
}

void re_manner_run(const struct re_layer *const *layers, struct re_call *call)
{
    for (unsigned i = 0; call->charged >> i; i++) {
        const struct re_measure *m = charged(call, i) ?
            measure_of(layers[i], call, call->decided[i]) : NULL;

        if (m && m->shortens && measured(m, call) > call->granted[i]) {
            call->args[m->reg] = call->granted[i];
        }
    }
}

/* How much of what was granted a result leaves. */
static uint64_t unused(const struct re_measure *m, uint64_t granted,
                       int64_t result)
{
    if (!m) {
        return 0;               /* a call is a call, also one that fails */
    }
    if (result < 0 && result >= -4095) {
        return granted;
    }
    return m->shortens && (uint64_t)result < granted ? granted - result : 0;
}

void re_manner_settle(const struct re_layer *const *layers,
                      struct re_call *call, int64_t result)
{
    /* A call is a call, also one that fails. */
    if (!call->measured && result != RE_RESULT_AGAIN) {
        call->charged = 0;
        return;
    }
    for (unsigned i = 0; call->charged >> i; i++) {
        const struct re_limit *limit = charged(call, i);
        const struct re_measure *m;

        if (!limit) {
            continue;
        }
        m = limit->measure ? measure_of(layers[i], call, call->decided[i]) :
            NULL;
        if (result == RE_RESULT_AGAIN) {
            re_limit_return(limit, call->granted[i]);
        } else if (limit->of_result && !m) {
            re_limit_add(limit, limit->period ? re_now() : 0,
                         result > 0 ? result : 0);
        } else if (result != RE_RESULT_GONE) {
            re_limit_return(limit, unused(m, call->granted[i], result));
        }
    }
    call->charged = 0;
}

/* --- after ------------------------------------------------------------- */

void re_manner_end(const struct re_layer *layer, struct re_call *call)
{
    uint64_t delay = add_delays(call, true);

    /* A signal ends it: the call is over, and has its result. */
    if (delay && layer->ops && layer->ops->sleep) {
        layer->ops->sleep(call->guest, re_now() + delay);
    }
}

int re_manner_write(const struct re_layer *layer, const struct re_call *call,
                    const struct re_rule *rule)
{
    const struct re_measure *m = measure_of(layer, call, rule);
    const struct re_content *c = &rule->manner->content;

    return !m ? -EFAULT : layer->ops->write(call->guest, raw(m, call),
                                            c->bytes, c->len);
}
