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
};

#endif
