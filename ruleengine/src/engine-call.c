/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call on its way: layers are asked one after the other, the strictest
 * answer counts, and handlers run until they have one.
 */
#include "engine-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "facts.h"
#include "interpreter.h"
#include "lua-state.h"
#include "manner.h"
#include "reload.h"
#include "verdict.h"

/* --- deciding ------------------------------------------------------------- */

static bool refuses(const struct re_rule *rule)
{
    return rule->verdict >= RE_VERDICT_DENY;
}

static bool lets_through(const struct re_layer *layer,
                         const struct re_rule *rule)
{
    return refuses(rule) && (rule->permissive || layer->permissive);
}

/* The layer whose rule has decided. */
static const struct re_layer *deciding(const struct re_engine *e,
                                       const struct re_call *call)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (call->decided[i] == call->rule) {
            return e->layers[i];
        }
    }
    return e->layers[call->layer];      /* its on-error */
}

static void record(struct re_engine *e, struct re_call *call)
{
    if (call->rule->log && e->audit) {
        re_audit_record(e->audit, deciding(e, call), call, call->given);
    }
}

static enum re_step let_run(struct re_call *call)
{
    call->settled = true;
    return RE_STEP_RUN;
}

/* The result of "return", once what goes with it is in the guest's memory. */
static int64_t answer(const struct re_layer *layer, const struct re_call *call,
                      const struct re_rule *rule)
{
    const struct re_manner *m = rule->manner;

    if (m && m->write_to &&
        (!layer->ops || !layer->ops->write ||
         re_manner_write(layer, call, rule) < 0)) {
        return -st_errno_by_name(layer->target, "EFAULT");
    }
    return rule->value;
}

/* A verdict that needs no handler. */
static enum re_step carry_out(struct re_engine *e, struct re_call *call)
{
    const struct re_rule *rule = call->rule;
    enum re_step step = RE_STEP_DONE;

    switch (rule->verdict) {
    case RE_VERDICT_ALLOW:
        step = let_run(call);
        break;
    case RE_VERDICT_RETURN:
        call->result = answer(e->layers[call->layer], call, rule);
        break;
    case RE_VERDICT_ERROR:
    case RE_VERDICT_DENY:
        call->result = -rule->error;
        break;
    case RE_VERDICT_TRAP:
        step = RE_STEP_TRAP;
        break;
    case RE_VERDICT_KILL:
        step = RE_STEP_KILL;
        break;
    default:
        break;              /* emulate() and follow_handler() */
    }
    record(e, call);
    return step;
}

/* The layers' emulating rules behind that of layer "after" (-1: all), until
 * one answers. */
static enum re_step emulate(struct re_engine *e, struct re_call *call,
                            int after);

/*
 * A handler's own call (c_do_syscall) is asked of the other layers first; what
 * needs to look behind a pointer then holds for what refuses only. Its guest
 * errno, or 0.
 */
static int64_t other_refused(struct re_engine *e, const struct re_call *call)
{
    for (unsigned i = 0; call->other && i < e->layer_count; i++) {
        const struct re_rule *rule = i == call->layer ? NULL :
            re_layer_decide(e->layers[i], call->slot, call->args, NULL, NULL);

        if (rule && refuses(rule) && !lets_through(e->layers[i], rule)) {
            return rule->error ? rule->error :
                st_errno_by_name(e->target, "EPERM");
        }
    }
    return 0;
}

static enum re_step follow_handler(struct re_engine *e, struct re_call *call,
                                   enum re_lua_step step)
{
    const struct re_layer *layer = e->layers[call->layer];

    while (step == RE_LUA_RUN) {
        int64_t refused = other_refused(e, call);

        if (!refused) {
            return RE_STEP_RUN;
        }
        step = re_lua_resume(layer->lua, call, -refused);
    }
    switch (step) {
    case RE_LUA_RUN:        /* above */
    case RE_LUA_RESULT:
        record(e, call);
        return RE_STEP_DONE;
    case RE_LUA_PASS:
        call->result = RE_RESULT_GONE;  /* none yet: for the record */
        record(e, call);
        return emulate(e, call, call->layer);
    case RE_LUA_FAILED:
        break;
    }
    call->rule = layer->on_error;
    re_stats_hit(call->rule);
    if (lets_through(layer, call->rule) ||
        call->rule->verdict == RE_VERDICT_ALLOW) {
        record(e, call);
        if (call->has_run) {
            call->result = call->ran;
            return RE_STEP_DONE;
        }
        return emulate(e, call, call->layer);
    }
    return carry_out(e, call);
}

/* --- calls that run, but otherwise --------------------------------------- */

static const struct re_form *form_of(const struct re_layer *layer,
                                     const struct re_call *call,
                                     const struct re_rule *rule)
{
    const struct re_slot *s = &layer->slots[call->slot];

    for (unsigned i = 0; i < s->count; i++) {
        if (s->candidates[i].rule == rule) {
            return s->candidates[i].form;
        }
    }
    return NULL;
}

static int guest_errno(const struct re_engine *e, int error)
{
    const char *name = strerrorname_np(error);
    int number = name ? st_errno_by_name(e->target, name) : -1;

    return number > 0 ? number : st_errno_by_name(e->target, "EIO");
}

static int replace_file(struct re_call *call, const struct re_rule *rule,
                        const struct re_form *form)
{
    const struct re_manner *m = rule->manner;
    const struct re_content *c = &m->content;
    struct re_replacement with = {
        .path = rule->verdict == RE_VERDICT_REDIRECT ? c->path : NULL,
        .fd = rule->verdict == RE_VERDICT_DEVICE ? m->device->fd : -1,
        .bytes = c->bytes, .len = c->len,
    };

    if (call->facts->made & RE_FACT_PATH && call->facts->paths[0].len) {
        with.name = call->facts->paths[0].name;
    }
    return re_fact_replace(call->facts, form, &with);
}

/* Prepares the call for what the rule says of it. 0, or the host's errno,
 * negative: the call then ends with that. */
static int change_call(const struct re_layer *layer, struct re_call *call,
                       const struct re_rule *rule)
{
    const struct re_form *form = rule->verdict == RE_VERDICT_RUN ? NULL :
        form_of(layer, call, rule);

    if (rule->verdict == RE_VERDICT_READ) {
        re_device_read(rule->manner->device, layer, call);
    }
    if (!form) {
        return 0;
    }
    if (!call->facts) {
        return -ENOMEM;
    }
    switch (rule->verdict) {
    case RE_VERDICT_WILDCARD:
        re_fact_address(call->facts, form);
        call->wildcard = form;
        return 0;
    case RE_VERDICT_PARENTS:
        re_fact_make_parents(call->facts, form);
        return 0;           /* the call says itself what is missing */
    case RE_VERDICT_ROOT:
        return re_fact_below_root(call->facts, form);
    default:
        return replace_file(call, rule, form);
    }
}

static bool runs(const struct re_rule *rule)
{
    return rule->verdict < RE_VERDICT_RETURN;
}

/* A rule below which the original runs: it, and then the other layers' rules,
 * are applied to the call. */
static enum re_step run_otherwise(struct re_engine *e, struct re_call *call)
{
    int layer = call->layer;
    int err = change_call(e->layers[layer], call, call->rule);

    if (err < 0) {
        call->result = -guest_errno(e, -err);
    } else {
        call->result = RE_RESULT_GONE;  /* none yet: for the record */
    }
    if (!call->again) {
        record(e, call);
    }
    return err < 0 ? RE_STEP_DONE : emulate(e, call, layer);
}

/* Whether layer a's rule is carried out before layer b's: the stricter one,
 * and among equals that of the layer which was named first. */
static bool comes_before(const struct re_call *call, int a, int b)
{
    enum re_verdict x = call->decided[a]->verdict;
    enum re_verdict y = call->decided[b]->verdict;

    return x != y ? x > y : a < b;
}

static enum re_lua_step start(const struct re_layer *layer,
                              const struct re_rule *rule,
                              struct re_call *call)
{
    return layer->reload ? re_reload_start(layer->reload, call) :
        re_lua_start(layer->lua, rule, call);
}

static enum re_step emulate(struct re_engine *e, struct re_call *call,
                            int after)
{
    const struct re_rule *rule;
    int next = -1;

    for (int i = 0; i < (int)e->layer_count; i++) {
        rule = call->decided[i];
        if (rule->verdict == RE_VERDICT_ALLOW || refuses(rule)) {
            continue;       /* refusals that are left here are permissive */
        }
        if ((after < 0 || comes_before(call, after, i)) &&
            (next < 0 || comes_before(call, i, next))) {
            next = i;
        }
    }
    if (next < 0) {
        return let_run(call);
    }
    rule = call->decided[next];
    call->layer = next;
    call->rule = rule;
    if (runs(rule)) {
        return run_otherwise(e, call);
    }
    if (rule->verdict != RE_VERDICT_LUA) {
        return carry_out(e, call);
    }
    return follow_handler(e, call, start(e->layers[next], rule, call));
}

/* --- manners ------------------------------------------------------------- */

static const struct re_layer *const *layers_of(const struct re_engine *e)
{
    return (const struct re_layer *const *)e->layers;
}

/* A step on its way out: what it means for limits and delays. */
static enum re_step finish(struct re_engine *e, struct re_call *call,
                           enum re_step step)
{
    if (call->charged && step == RE_STEP_RUN) {
        if (call->measured) {
            re_manner_run(layers_of(e), call);
        }
    } else if (call->charged) {
        re_manner_settle(layers_of(e), call, RE_RESULT_AGAIN);
    }
    if (call->manners && step == RE_STEP_DONE) {
        re_manner_end(e->layers[0], call);
    }
    return step;
}

static void remember(struct re_thread *thread, const struct re_call *call,
                     const struct re_rule *rule)
{
    thread->again = true;
    thread->again_waits = false;
    thread->again_rule = rule;
    thread->again_nr = call->asked;
    memcpy(thread->again_args, call->given, sizeof(call->given));
}

/* The delays and signals of what has been decided: of all layers, or of the one
 * that refuses. False: it must be decided again. */
static bool begin(struct re_engine *e, struct re_thread *thread,
                  struct re_call *call, const struct re_rule *strictest,
                  bool refused)
{
    int only = -1;

    for (unsigned i = 0; refused && i < e->layer_count; i++) {
        if (call->decided[i] == strictest) {
            only = i;
        }
    }
    if (re_manner_begin(e->layers[0], thread, call, only, call->again)) {
        return true;
    }
    re_manner_settle(layers_of(e), call, RE_RESULT_AGAIN);
    remember(thread, call, strictest ? strictest : call->rule);
    return false;
}

/* A call that is made again was decided, counted and logged before. */
static bool made_again(struct re_thread *thread, const struct re_call *call)
{
    if (!thread->again) {
        return false;
    }
    if (thread->again_nr != call->nr ||
        memcmp(thread->again_args, call->args, sizeof(call->args)) != 0) {
        /* A signal's handler runs in between; the call may come yet. */
        return false;
    }
    thread->again = false;
    return true;
}

/* Two denials with different errnos: the errno whose name sorts first, as among
 * the rules of one layer, so that the order of layers does not matter. */
static bool stricter(const struct re_rule *a, const struct re_rule *b)
{
    if (a->verdict != b->verdict) {
        return a->verdict > b->verdict;
    }
    return a->verdict == RE_VERDICT_DENY &&
        strcmp(a->error_name, b->error_name) < 0;
}

/* --- calls that accept -------------------------------------------------- */

/*
 * What the layers say before there is a connection. True: that will do, for all
 * know, or one refuses, and those that wait for a peer need not be asked. Else
 * "form" is how to take one.
 */
static bool decide_early(struct re_engine *e, struct re_call *call,
                         const struct re_rule *const *again,
                         struct re_undecided *pending,
                         const struct re_form **ret_form)
{
    bool waits = false, refused = false;

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_rule *rule =
            re_layer_decide_early(e->layers[i], call->slot, call->args,
                                  call->facts, again, &pending[i]);

        call->decided[i] = rule;
        if (!rule) {
            *ret_form = pending[i].form;
            waits = true;
        } else {
            refused |= refuses(rule) && !lets_through(e->layers[i], rule);
        }
    }
    return !waits || refused;
}

/* A signal came while the call waited for somebody to connect. What was decided
 * before that was counted; nothing was logged. */
static enum re_step wait_again(struct re_engine *e, struct re_thread *thread,
                               struct re_call *call)
{
    const struct re_rule *decided = NULL;

    for (unsigned i = 0; i < e->layer_count; i++) {
        decided = decided ? decided : call->decided[i];
    }
    remember(thread, call, decided);
    thread->again_until = 0;
    thread->again_waits = true;
    return RE_STEP_AGAIN;
}

/*
 * Fills call->decided, with a connection taken where rules ask whom it is from.
 * RE_STEP_RUN: go on; else the call is over: without a connection there is
 * nothing to judge, and the call's own error is its answer.
 */
static enum re_step meet_peer(struct re_engine *e, struct re_thread *thread,
                              struct re_call *call,
                              const struct re_rule *const *again)
{
    struct re_undecided pending[RE_LAYERS_MAX];
    const struct re_form *form = NULL;
    int64_t result;

    if (decide_early(e, call, again, pending, &form)) {
        return RE_STEP_RUN;
    }
    result = re_fact_peer(call->facts, form);
    if (result == RE_RESULT_AGAIN) {
        return wait_again(e, thread, call);
    }
    if (result < 0) {
        call->result = result;
        return RE_STEP_DONE;
    }
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (!call->decided[i]) {
            call->decided[i] = re_layer_decide_later(e->layers[i], &pending[i],
                                                     call->args, call->facts);
        }
    }
    return RE_STEP_RUN;
}

/* --- all calls ----------------------------------------------------------- */

static void decide_layers(struct re_engine *e, struct re_call *call,
                          const struct re_rule *const *again)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        call->decided[i] = re_layer_decide(e->layers[i], call->slot,
                                           call->args, call->facts, again);
    }
}

/* The call as it came, about which nothing is known yet. */
static void begin_call(const struct re_engine *e, struct re_call *call,
                       bool again)
{
    if (call->facts) {
        call->facts->made = 0;
        call->facts->target = e->target;
        call->facts->guest = call->guest;
        call->facts->args = call->given;
    }
    memcpy(call->given, call->args, sizeof(call->given));
    call->result = 0;
    call->rule = NULL;
    call->lua = NULL;
    call->layer = 0;
    call->has_run = false;
    call->other = false;
    call->settled = false;
    call->again = again;
    call->asked = call->nr;
    call->manners = call->charged = call->measured = 0;
    call->until = 0;
    call->wildcard = NULL;
    call->refused = NULL;
}

static enum re_step decide_call(struct re_engine *e, struct re_thread *thread,
                                struct re_call *call, bool again)
{
    bool emulated = false, refused;
    const struct re_rule *decided = thread->again_rule;
    const struct re_rule *strictest = NULL;

    begin_call(e, call, again && !thread->again_waits);
    if (call->facts && call->slot >= 0 && e->peers[call->slot]) {
        enum re_step step = meet_peer(e, thread, call,
                                      again ? &decided : NULL);

        if (step != RE_STEP_RUN) {
            return step;
        }
    } else {
        decide_layers(e, call, again ? &decided : NULL);
    }
    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_rule *rule = call->decided[i];

        if (!rule) {
            continue;
        }
        if (rule->manner) {
            rule = re_manner_ask(e->layers[i], call, i, rule);
        }
        call->decided[i] = rule;
        if (lets_through(e->layers[i], rule) ||
            rule->verdict == RE_VERDICT_ALLOW) {
            call->rule = rule;
            if (!call->again) {
                record(e, call);
            }
            continue;
        }
        emulated |= !refuses(rule);
        if (!strictest || stricter(rule, strictest)) {
            strictest = rule;
        }
    }
    refused = strictest && refuses(strictest);
    if ((call->manners || call->until) &&
        !begin(e, thread, call, strictest, refused)) {
        return RE_STEP_AGAIN;
    }
    if (refused) {
        call->rule = strictest;
        return finish(e, call, carry_out(e, call));
    }
    return finish(e, call, emulated ? emulate(e, call, -1) : let_run(call));
}

/* What is fixed for all calls of a slot. */
static enum re_step carry_out_fixed(struct re_engine *e, struct re_call *call,
                                    const struct re_fixed *fixed)
{
    const struct re_rule *rule = fixed->rule;
    bool handled = rule->verdict == RE_VERDICT_LUA;

    if (handled) {
        begin_call(e, call, false);
        for (unsigned i = 0; i < e->layer_count; i++) {
            call->decided[i] =
                e->layers[i]->slots[call->slot].candidates->rule;
        }
    }
    call->settled = false;
    call->rule = rule;
    call->layer = fixed->layer;
    return handled ? follow_handler(e, call, start(e->layers[fixed->layer],
                                                   rule, call)) :
        carry_out(e, call);
}

/* bind() of an address that the host lacks, once more. */
static bool take_wildcard(const struct re_engine *e, struct re_call *call,
                          int64_t result)
{
    const struct re_form *form = call->wildcard;

    call->wildcard = NULL;
    return result == -st_errno_by_name(e->target, "EADDRNOTAVAIL") &&
        re_fact_wildcard(call->facts, form);
}

static void count(struct re_engine *e, const struct re_call *call,
                  enum re_step step)
{
    bool answered = step != RE_STEP_RUN && step != RE_STEP_AGAIN &&
        call->rule;

    for (unsigned i = 0; i < e->layer_count; i++) {
        if (call->decided[i]) {
            re_stats_hit(call->decided[i]);
        }
    }
    re_stats_decided(e->stats, call, answered && refuses(call->rule),
                     answered ? !refuses(call->rule) :
                     step == RE_STEP_RUN && !call->settled);
}

enum re_step re_enter(struct re_engine *e, struct re_thread *thread,
                      struct re_call *call)
{
    bool again = made_again(thread, call);
    enum re_step step;

    if (call->slot >= 0 && e->fixed[call->slot].rule && !again) {
        return carry_out_fixed(e, call, &e->fixed[call->slot]);
    }
    if (!e->stats) {
        return decide_call(e, thread, call, again);
    }
    re_stats_begin(e->stats, call);
    step = decide_call(e, thread, call, again);
    if (!call->again && !(step == RE_STEP_AGAIN && thread->again_waits)) {
        count(e, call, step);
    }
    if (step == RE_STEP_DONE) {
        re_stats_end(e->stats, call);
    }
    return step;
}

/* What re_interpreter() has found ends the call, whoever waits for a result. */
static enum re_step refuse(struct re_engine *e, struct re_call *call)
{
    const struct re_rule *rule = call->refused;

    if (call->lua) {
        re_lua_drop(e->layers[call->layer]->lua, call);
    }
    call->refused = NULL;
    call->rule = rule;
    call->layer = call->refused_layer;
    call->settled = false;
    call->result = -call->refused_error;
    return finish(e, call, rule->verdict == RE_VERDICT_TRAP ? RE_STEP_TRAP :
                  rule->verdict == RE_VERDICT_KILL ? RE_STEP_KILL :
                  RE_STEP_DONE);
}

static enum re_step go_on(struct re_engine *e, struct re_thread *thread,
                          struct re_call *call, int64_t result)
{
    enum re_step step = RE_STEP_DONE;

    if (call->refused) {
        return refuse(e, call);
    }
    call->result = result;
    if (call->wildcard && take_wildcard(e, call, result)) {
        return RE_STEP_RUN;
    }
    if (call->charged) {
        re_manner_settle(layers_of(e), call, result);
    }
    if (result == RE_RESULT_AGAIN || result == RE_RESULT_GONE) {
        if (result == RE_RESULT_AGAIN) {
            remember(thread, call, call->rule);
            thread->again_until = 0;        /* it has waited */
        }
        if (call->lua) {
            re_lua_drop(e->layers[call->layer]->lua, call);
        }
        return RE_STEP_DONE;
    }
    if (!call->settled) {
        call->ran = result;
        call->has_run = true;
        step = follow_handler(e, call, re_lua_resume(
            e->layers[call->layer]->lua, call, result));
    }
    return finish(e, call, step);
}

/* What stands behind a verdict's name: a handler, a file. */
static const char *object_of(const struct re_rule *rule)
{
    if (rule->handler_name) {
        return rule->handler_name;
    }
    return rule->manner ? rule->manner->content.path : NULL;
}

enum re_step re_resume(struct re_engine *e, struct re_thread *thread,
                       struct re_call *call, int64_t result)
{
    enum re_step step = go_on(e, thread, call, result);

    if (e->stats && step == RE_STEP_DONE &&
        call->result != RE_RESULT_AGAIN && call->result != RE_RESULT_GONE) {
        re_stats_end(e->stats, call);
    }
    return step;
}

/* --- what programs bring along -------------------------------------------- */

/* The call as which an interpreter is asked for. */
static void ask_as(const struct re_engine *e, struct re_call *asked,
                   enum re_interpreter kind)
{
    struct re_facts *f = asked->facts;
    uint16_t slots[ST_MAX_SPELLINGS];

    asked->lua = NULL;
    asked->has_run = false;
    asked->settled = false;
    if (kind == RE_INTERPRETER_OF_ELF &&
        st_slots_of_name(e->target, "openat", slots) > 0) {
        memset(asked->given, 0, sizeof(asked->given));
        asked->given[0] = (uint64_t)RE_CWD;
        asked->slot = slots[0];
        asked->nr = st_number_of_slot(e->target, slots[0]);
        f->made = 0;            /* "access" is another's */
    } else if (asked->other) {
        memcpy(asked->given, asked->args, sizeof(asked->given));
    }
    memcpy(asked->args, asked->given, sizeof(asked->args));
    f->made |= RE_FACT_PATH;
    f->args = asked->given;
}

/* The layers' answers; the strictest refusal is in call->refused. */
static void ask_layers(struct re_engine *e, struct re_call *call,
                       struct re_call *asked, enum re_interpreter kind)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        int error = 0;
        const struct re_rule *rule = re_layer_interpreter(
            e->layers[i], asked, call->decided[i], kind, &error);

        if (!rule) {
            continue;
        }
        asked->decided[i] = asked->rule = rule;
        asked->layer = i;
        asked->settled = lets_through(e->layers[i], rule);
        if (asked->settled) {
            record(e, asked);
        } else if (!call->refused || stricter(rule, call->refused)) {
            call->refused = rule;
            call->refused_layer = i;
            call->refused_error = error ? error : rule->error;
        }
    }
}

bool re_interpreter(struct re_engine *e, struct re_call *call,
                    enum re_interpreter kind)
{
    struct re_facts *f = call->facts;
    struct re_call asked = *call;
    unsigned made = f->made;

    ask_as(e, &asked, kind);
    ask_layers(e, call, &asked, kind);
    if (call->refused) {
        asked.rule = call->refused;
        asked.layer = call->refused_layer;
        asked.result = -call->refused_error;
        asked.settled = false;
        re_stats_hit(call->refused);
        record(e, &asked);
    } else if (e->learn) {
        re_learn_interpreter(e->learn, &asked);
    }
    f->args = call->given;
    f->made = made | RE_FACT_PATH;
    return !call->refused;
}

size_t re_call_note(const struct re_call *call, char *buf, size_t size)
{
    const struct re_rule *rule = call->rule;
    const char *object = rule ? object_of(rule) : NULL;
    char place[32] = "";

    if (!rule || rule->verdict == RE_VERDICT_ALLOW) {
        if (size) {
            buf[0] = '\0';
        }
        return 0;
    }
    if (rule->line) {
        snprintf(place, sizeof(place), ":%u", rule->line);
    }
    return snprintf(buf, size, "policy: %s%s%s%s, %s%s%s%s",
                    re_verdict_name(rule->verdict),
                    object ? " " : "", object ? object : "",
                    call->settled && refuses(rule) ? " (permissive)" : "",
                    rule->file, place,
                    rule->line || rule->verdict == RE_VERDICT_LUA ? "" : " ",
                    rule->line || rule->verdict == RE_VERDICT_LUA ? "" :
                    rule->key ? rule->key : "default");
}
