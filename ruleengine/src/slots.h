/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which slots a name or a set of a policy governs on one target: every
 * spelling, every multiplexed call. Each is looked up once, however many rules
 * name it.
 */
#ifndef RULEENGINE_SLOTS_H
#define RULEENGINE_SLOTS_H

#include <stdint.h>

#include <syscall-tables.h>

#include "arena.h"

struct re_slots {
    struct re_slots *next;
    const void *key;        /* the set, or the canonical name */
    unsigned count;
    uint16_t *at;           /* each one once; never one that carries others */
};

enum { RE_SLOT_BUCKETS = 256 };

struct re_slot_index {
    const struct st_target *target;
    struct re_arena *arena;
    struct re_slots *buckets[RE_SLOT_BUCKETS];
};

/* Of a set, or (set NULL) of a call's name. A set does not count as naming
 * what its carriers carry; the name of a carrier does. NULL when memory is
 * short. */
const struct re_slots *re_slots_of(struct re_slot_index *index,
                                   const struct st_set *set, const char *name);

#endif
