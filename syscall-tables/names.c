/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of calls. */
#include <string.h>

#include "tables.h"

static const struct name_pool {
#define NAME(name, canonical) char n_##name[sizeof(#name)];
#include "generated/names.inc"
#undef NAME
} pool = {
#define NAME(name, canonical) #name,
#include "generated/names.inc"
#undef NAME
};

_Static_assert(sizeof(pool) <= UINT16_MAX, "offsets have 16 bits");

/* Where name i + 1 starts. */
static const uint16_t offsets[] = {
#define NAME(name, canonical) offsetof(struct name_pool, n_##name),
#include "generated/names.inc"
#undef NAME
};

static const uint16_t canonicals[] = {
#define NAME(name, canonical) ST_N_##canonical,
#include "generated/names.inc"
#undef NAME
};

const char *st_table_name(unsigned name)
{
    return name && name < ST_N_COUNT
        ? (const char *)&pool + offsets[name - 1] : NULL;
}

unsigned st_table_name_find(const char *name)
{
    unsigned from = 1, to = ST_N_COUNT;

    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = strcmp(name, st_table_name(middle));

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return ST_N_none;
}

unsigned st_table_canonical(unsigned name)
{
    return name && name < ST_N_COUNT ? canonicals[name - 1] : ST_N_none;
}

bool st_name_known(const char *name)
{
    return st_table_name_find(name) != ST_N_none;
}

const char *st_name_at(unsigned i)
{
    return i < ST_N_COUNT - 1 ? st_table_name(i + 1) : NULL;
}

unsigned st_call_at(unsigned i)
{
    return i < ST_N_COUNT - 1 ? st_table_canonical(i + 1) : ST_N_none;
}

const char *st_canonical_name(const char *name)
{
    return st_table_name(st_table_canonical(st_table_name_find(name)));
}

_Static_assert(ST_N_COUNT <= ST_MAX_CALLS, "a larger ST_MAX_CALLS is needed");

unsigned st_call_of_name(const char *name)
{
    return st_table_canonical(st_table_name_find(name));
}
