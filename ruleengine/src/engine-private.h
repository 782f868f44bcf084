/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine is made of, for the files that are its parts:
 *
 *     engine.c        made and freed; fork, execve
 *     engine-call.c   one call on its way through the layers
 *     engine-asks.c   what the layers come to, for those who build walls, maps
 */
#ifndef RULEENGINE_ENGINE_PRIVATE_H
#define RULEENGINE_ENGINE_PRIVATE_H

#include "ruleengine/engine.h"

#include "audit.h"
#include "learn.h"
#include "origin.h"
#include "policy.h"
#include "stats.h"

/*
 * What every call of a slot comes to, whatever its arguments: one layer's
 * answer or handler, while the others let it pass and nobody writes that down.
 */
struct re_fixed {
    const struct re_rule *rule;     /* DENY, ERROR, RETURN, LUA; or NULL */
    unsigned layer;                 /* whose rule it is */
};

struct re_engine {
    const struct st_target *target;
    struct re_layer *layers[RE_LAYERS_MAX];
    unsigned layer_count;
    struct re_origin *origin;
    struct re_audit *audit;     /* NULL: nothing is recorded (tools) */
    struct re_stats *stats;     /* NULL: nothing is counted */
    struct re_learn *learn;     /* NULL: nothing is learnt */
    uint8_t map[ST_MAX_SLOTS];
    uint8_t peers[ST_MAX_SLOTS];    /* 1: some condition asks who connects */
    struct re_fixed fixed[ST_MAX_SLOTS];
};

#endif
