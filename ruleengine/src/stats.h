/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting calls, where --policy-stats asks for it. Without it there is no
 * struct re_stats, and a call pays for nothing.
 *
 * Threads: counters are added to by any number of threads and processes. Host
 * calls while a guest runs: clock_gettime.
 */
#ifndef RULEENGINE_STATS_PRIVATE_H
#define RULEENGINE_STATS_PRIVATE_H

#include "ruleengine/stats.h"
#include "policy.h"

struct re_stats;

/*
 * Counters in a new file of that name; an older file of statistics is replaced,
 * any other is left alone (-EEXIST). "fd": what re_stats_fd() gave in the
 * program image before, owned from now on, or -1. The rules of the layers get
 * counters. 0 or a negative errno with diags.
 */
int re_stats_new(struct re_stats **ret, const struct st_target *target,
                 struct re_layer *const *layers, unsigned layer_count,
                 const char *path, int fd, struct re_diags *diags);
void re_stats_free(struct re_stats *stats);
int re_stats_fd(const struct re_stats *stats);

/* See re_engine_mend(). */
bool re_stats_mend(const struct re_stats *stats, const void *addr);

/* A call has come, and has been decided: "refused" and "emulated" say how. */
void re_stats_begin(struct re_stats *stats, struct re_call *call);
void re_stats_decided(struct re_stats *stats, const struct re_call *call,
                      bool refused, bool emulated);
/* It has its result. */
void re_stats_end(struct re_stats *stats, const struct re_call *call);

/* A rule has decided. */
static inline void re_stats_hit(const struct re_rule *rule)
{
    if (rule->hits) {
        atomic_fetch_add_explicit(rule->hits, 1, memory_order_relaxed);
    }
}

#endif
