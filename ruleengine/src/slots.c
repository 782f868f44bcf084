/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slots.h"

#include <stdbool.h>
#include <string.h>

/* A list while it is being made. */
struct gathering {
    const struct st_target *target;
    bool seen[ST_MAX_SLOTS];
    uint16_t slots[ST_MAX_SLOTS];
    unsigned count;
};

static void add(struct gathering *g, unsigned slot)
{
    if (!g->seen[slot]) {
        g->seen[slot] = true;
        g->slots[g->count++] = slot;
    }
}

/* A rule for socketcall or ipc is one for all that they carry. */
static void add_carried(struct gathering *g, unsigned carrier)
{
    const struct st_target *t = g->target;
    int nr = st_number_of_slot(t, carrier);

    for (unsigned slot = st_number_count(t); slot < st_slot_count(t); slot++) {
        if (st_number_of_slot(t, slot) == nr) {
            add(g, slot);
        }
    }
}

static void add_call(struct gathering *g, unsigned call, bool of_set)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_call(g->target, call, slots);

    for (unsigned i = 0; i < count; i++) {
        if (!st_slot_is_carrier(g->target, slots[i])) {
            add(g, slots[i]);
        } else if (!of_set) {
            add_carried(g, slots[i]);
        }
    }
}

static struct re_slots *keep(struct re_slot_index *index, const void *key,
                             const struct gathering *g)
{
    struct re_slots *list = re_arena_alloc(index->arena, sizeof(*list));

    if (list) {
        list->key = key;
        list->count = g->count;
        list->at = re_arena_array(index->arena, g->count + 1,
                                  sizeof(*list->at));
    }
    if (!list || !list->at) {
        return NULL;
    }
    memcpy(list->at, g->slots, g->count * sizeof(*list->at));
    return list;
}

static const struct re_slots *gather(struct re_slot_index *index,
                                     struct re_slots **bucket,
                                     const void *key,
                                     const struct st_set *set,
                                     const char *name)
{
    struct gathering g = { .target = index->target };
    struct re_slots *list;

    for (unsigned i = 0; set && i < set->count; i++) {
        add_call(&g, st_call_at(set->members[i]), true);
    }
    if (!set) {
        add_call(&g, st_call_of_name(name), false);
    }
    list = keep(index, key, &g);
    if (list) {
        list->next = *bucket;
        *bucket = list;
    }
    return list;
}

const struct re_slots *re_slots_of(struct re_slot_index *index,
                                   const struct st_set *set, const char *name)
{
    /* Both are constant data of the tables: their places identify them. */
    const void *key = set ? (const void *)set :
        (const void *)st_canonical_name(name);
    struct re_slots **bucket =
        &index->buckets[((uintptr_t)key >> 3) % RE_SLOT_BUCKETS];
    struct re_slots *list;

    for (list = *bucket; list; list = list->next) {
        if (list->key == key) {
            return list;
        }
    }
    return gather(index, bucket, key, set, name);
}
