/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of calls. */
#include <string.h>

#include "tables.h"

/* All members of all sets, one set after the other, as st_name_at() counts. */
static const uint16_t members[] = {
#define SET(id, name, count, description)
#define MEMBER(id, call) ST_N_##call - 1,
#include "generated/sets.inc"
#undef MEMBER
#undef SET
};

/* FIRST_x is the index in members[] of x's first one; LAST_x only makes the
 * next enumerator start behind x's. */
enum {
#define SET(id, name, count, description) \
    FIRST_##id, LAST_##id = FIRST_##id + count - 1,
#define MEMBER(id, call)
#include "generated/sets.inc"
#undef MEMBER
#undef SET
};

static const struct st_set sets[] = {
#define SET(id, name, count, description) \
    { name, description, members + FIRST_##id, count },
#define MEMBER(id, call)
#include "generated/sets.inc"
#undef MEMBER
#undef SET
};

#define SET_COUNT (sizeof(sets) / sizeof(sets[0]))

const struct st_set *st_set_at(unsigned i)
{
    return i < SET_COUNT ? &sets[i] : NULL;
}

const struct st_set *st_set_by_name(const char *name)
{
    unsigned from = 0, to = SET_COUNT;

    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = strcmp(name, sets[middle].name);

        if (order == 0) {
            return &sets[middle];
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return NULL;
}
