/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One emulator's policies, from the files to the end of the process; what its
 * calls meet is in engine-call.c.
 */
#include "engine-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "lua-state.h"
#include "parse.h"
#include "reload.h"

/* --- loading -------------------------------------------------------------- */

static bool plain(const struct re_rule *rule)
{
    return rule->verdict == RE_VERDICT_ALLOW && !rule->log && !rule->manner &&
        !rule->when.first;
}

/* Whether a slot's calls need not be asked about: every rule that could decide
 * lets them through and leaves no trace. */
static bool passes(const struct re_slot *slot)
{
    for (unsigned i = 0; i < slot->count; i++) {
        if (!plain(slot->candidates[i].rule)) {
            return false;
        }
    }
    return true;
}

static void make_map(struct re_engine *e)
{
    unsigned count = st_slot_count(e->target);

    if (e->stats) {
        memset(e->map, 1, sizeof(e->map));
        return;
    }
    for (unsigned i = 0; i < e->layer_count; i++) {
        for (unsigned slot = 0; slot < count; slot++) {
            e->map[slot] |= !passes(&e->layers[i]->slots[slot]);
        }
    }
}

static void warn_of_reload(const struct re_config *config,
                           struct re_diags *diags)
{
    for (size_t i = 0; i < config->rule_dir_count; i++) {
        re_diags_add(diags, RE_WARNING, config->rule_dirs[i], 0, 0, 0, NULL,
                     NULL, "is read again while the program runs: if that can "
                     "write there, no policy holds");
    }
}

/* The rule for all of a slot's calls; NULL: the first one asks for something,
 * or does more than answer. */
static const struct re_rule *only_rule(const struct re_layer *layer,
                                       unsigned slot)
{
    const struct re_candidate *c = layer->slots[slot].candidates;
    const struct re_rule *rule = c->rule;

    return c->tests || c->device || c->peers || rule->when.first ||
        rule->manner || rule->permissive || layer->permissive ||
        (rule->log && rule->verdict != RE_VERDICT_LUA) ? NULL : rule;
}

static bool answers(const struct re_rule *rule)
{
    return rule->verdict == RE_VERDICT_RETURN ||
        rule->verdict == RE_VERDICT_ERROR || rule->verdict == RE_VERDICT_DENY;
}

static struct re_fixed fix(const struct re_engine *e, unsigned slot)
{
    struct re_fixed fixed = { NULL };

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_rule *rule = only_rule(e->layers[i], slot);

        if (rule && rule->verdict == RE_VERDICT_ALLOW) {
            continue;
        }
        if (!rule || fixed.rule ||
            (!answers(rule) && rule->verdict != RE_VERDICT_LUA)) {
            return (struct re_fixed) { NULL };
        }
        fixed.rule = rule;
        fixed.layer = i;
    }
    return fixed;
}

/* Statistics look at each call. */
static void fix_slots(struct re_engine *e)
{
    unsigned count = st_slot_count(e->target);

    for (unsigned slot = 0; !e->stats && slot < count; slot++) {
        e->fixed[slot] = fix(e, slot);
    }
}

/* Without a guest there are no connections. */
static void mark_peers(struct re_engine *e, const struct re_guest_ops *ops)
{
    unsigned count = st_slot_count(e->target);

    for (unsigned i = 0; ops && ops->accept && i < e->layer_count; i++) {
        for (unsigned slot = 0; slot < count; slot++) {
            e->peers[slot] |= re_layer_asks_for_peer(e->layers[i], slot);
        }
    }
}

static int load_layers(struct re_engine *e, const struct re_config *config,
                       struct re_diags *diags)
{
    size_t wanted = config->policy_count + !!config->rule_dir_count;
    int result = 0;

    if (wanted > RE_LAYERS_MAX) {
        return re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                            "%zu policies are given, more than %d", wanted,
                            RE_LAYERS_MAX);
    }
    for (size_t i = 0; i < config->policy_count; i++) {
        struct re_layer *layer;
        int err = re_layer_load(&layer, config->target, config->ops,
                                e->origin, config->policies[i], diags);

        if (err) {
            result = result ? result : err;
        } else {
            e->layers[e->layer_count++] = layer;
        }
    }
    if (config->rule_dir_count) {
        struct re_layer *layer;
        bool changing = config->rules_reload && config->ops;
        int err = (changing ? re_layer_load_changing : re_layer_load_rules)(
            &layer, config->target, config->ops, e->origin,
            config->rule_dirs, config->rule_dir_count, diags);

        if (changing && config->policy_count && !config->saved) {
            warn_of_reload(config, diags);
        }
        if (err) {
            result = result ? result : err;
        } else {
            e->layers[e->layer_count++] = layer;
        }
    }
    return result;
}

static int make_origin(struct re_engine *e, const struct re_saved *saved,
                       struct re_diags *diags)
{
    int err = saved ? re_origin_restore(&e->origin, saved->bytes, saved->size,
                                        saved->shared_fd) :
        re_origin_new(&e->origin);

    if (!err && saved) {
        re_origin_set_made(e->origin, saved->fds + 2 * RE_SINKS_MAX);
    }
    if (err) {
        re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(-err));
    }
    return err;
}

/* The lower one of two limits, as settings have them. */
static void lower(struct re_log_rate *rate, const struct re_setting *setting)
{
    struct re_log_rate other = {
        .count = setting ? setting->number >> 32 : 0,
        .seconds = setting ? (uint32_t)setting->number : 0,
    };

    if (other.count > 0 &&
        (rate->count == 0 || (uint64_t)other.count * rate->seconds <
         (uint64_t)rate->count * other.seconds)) {
        *rate = other;
    }
}

static int open_log(struct re_engine *e, const struct re_config *config,
                    struct re_diags *diags)
{
    struct re_audit_config audit = {
        .target = config->target, .ops = config->ops,
        .logs = config->logs, .log_count = config->log_count,
        .exe = config->exe, .origin = e->origin,
        .fds = config->saved ? config->saved->fds : NULL,
    };

    for (unsigned i = 0; i < e->layer_count; i++) {
        lower(&audit.rate, e->layers[i]->log_rate);
        lower(&audit.repeat, e->layers[i]->log_repeat);
    }
    return re_audit_new(&e->audit, &audit, diags);
}

int re_engine_new(struct re_engine **ret, const struct re_config *config,
                  struct re_diags *diags)
{
    struct re_engine *e = calloc(1, sizeof(*e));
    size_t errors = re_diags_errors(diags);
    int err;

    if (!e) {
        re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        return -ENOMEM;
    }
    e->target = config->target;
    err = make_origin(e, config->saved, diags);
    if (!err) {
        err = load_layers(e, config, diags);
    }
    if (!err && re_diags_errors(diags) > errors) {
        err = -ENOMEM;          /* a warning could not be kept */
    }
    if (!err && config->ops) {
        err = open_log(e, config, diags);
    }
    if (!err && config->ops && config->stats_path) {
        err = re_stats_new(&e->stats, config->target, e->layers,
                           e->layer_count, config->stats_path,
                           config->saved ? config->saved->stats_fd : -1,
                           diags);
    }
    if (!err && config->ops && config->learn_path) {
        err = re_learn_new(&e->learn, config->target, config->ops,
                           config->learn_path, config->exe,
                           config->saved ? config->saved->learn_fd : -1,
                           e->origin, diags);
    }
    if (err) {
        re_engine_free(e);
        return err;
    }
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (e->layers[i]->lua) {
            re_lua_set_audit(e->layers[i]->lua, e->audit);
        } else if (e->layers[i]->reload) {
            re_reload_set_audit(e->layers[i]->reload, e->audit);
        }
    }
    re_origin_freeze(e->origin);
    make_map(e);
    mark_peers(e, config->ops);
    fix_slots(e);
    *ret = e;
    return 0;
}

void re_engine_free(struct re_engine *e)
{
    if (!e) {
        return;
    }
    for (unsigned i = 0; i < e->layer_count; i++) {
        re_layer_free(e->layers[i]);
    }
    re_learn_free(e->learn);
    re_audit_free(e->audit);
    re_stats_free(e->stats);
    re_origin_free(e->origin);
    free(e);
}

bool re_engine_learns(const struct re_engine *e)
{
    return e->learn;
}

bool re_engine_learn(struct re_engine *e, const struct re_call *call)
{
    return re_learn_call(e->learn, call);
}

void re_engine_tell(const struct re_engine *e, const char *text)
{
    if (e->audit) {
        re_audit_message(e->audit, NULL, text);
    }
}

void re_engine_set_exe(struct re_engine *e, const char *exe)
{
    if (e->audit) {
        re_audit_set_exe(e->audit, exe);
    }
}

bool re_engine_log_name(const struct re_engine *e, unsigned i, int *ret_folder,
                        const char **ret_name)
{
    return e->audit && re_audit_name(e->audit, i, ret_folder, ret_name);
}

bool re_engine_mend(const struct re_engine *e, const void *addr)
{
    return e->stats && re_stats_mend(e->stats, addr);
}

uint64_t re_engine_finish(struct re_engine *e)
{
    if (!e->audit) {
        return 0;
    }
    re_audit_finish(e->audit);
    return re_audit_untold(e->audit);
}

/* --- fork ----------------------------------------------------------------- */

void re_fork_prepare(struct re_engine *e)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (e->layers[i]->lua) {
            re_lua_fork_prepare(e->layers[i]->lua);
        } else if (e->layers[i]->reload) {
            re_reload_fork_prepare(e->layers[i]->reload);
        }
    }
}

void re_fork_parent(struct re_engine *e)
{
    for (unsigned i = e->layer_count; i-- > 0;) {
        if (e->layers[i]->lua) {
            re_lua_fork_parent(e->layers[i]->lua);
        } else if (e->layers[i]->reload) {
            re_reload_fork_parent(e->layers[i]->reload);
        }
    }
}

void re_fork_child(struct re_engine *e)
{
    for (unsigned i = e->layer_count; i-- > 0;) {
        if (e->layers[i]->lua) {
            re_lua_fork_child(e->layers[i]->lua);
        } else if (e->layers[i]->reload) {
            re_reload_fork_child(e->layers[i]->reload);
        }
    }
}

/* --- execve --------------------------------------------------------------- */

int re_engine_save(const struct re_engine *e, struct re_saved *ret)
{
    struct re_saved saved = {
        .shared_fd = re_origin_fd(e->origin),
        .learn_fd = e->learn ? re_learn_fd(e->learn) : -1,
        .stats_fd = e->stats ? re_stats_fd(e->stats) : -1,
    };
    struct re_reload *reload = NULL;
    int err;

    for (unsigned i = 0; i < e->layer_count; i++) {
        reload = e->layers[i]->reload ? e->layers[i]->reload : reload;
    }
    err = reload ? re_reload_save(reload, e->origin, &saved.bytes,
                                  &saved.size) :
        re_origin_save(e->origin, NULL, &saved.bytes, &saved.size);
    for (unsigned i = 0; i < RE_SAVED_FDS; i++) {
        saved.fds[i] = -1;
    }
    if (e->audit) {
        re_audit_fds(e->audit, saved.fds);
    }
    re_origin_get_made(e->origin, saved.fds + 2 * RE_SINKS_MAX);
    if (!err) {
        *ret = saved;
    }
    return err;
}

_Static_assert(2 * RE_SINKS_MAX + RE_ORIGIN_MADE_MAX <= RE_SAVED_FDS, "");

