/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine's layers come to together, without a call: what the glue's map
 * holds, what is executed where, how far the host's walls may go.
 */
#include "engine-private.h"

#include <string.h>

#include "extent.h"
#include "parse.h"
#include "reach.h"

const uint8_t *re_engine_map(const struct re_engine *e)
{
    return e->map;
}

unsigned re_engine_map_size(const struct re_engine *e)
{
    return st_slot_count(e->target);
}

static bool any_asks(const struct re_engine *e, bool names)
{
    unsigned count = st_slot_count(e->target);

    for (unsigned i = 0; i < e->layer_count; i++) {
        for (unsigned slot = 0; slot < count; slot++) {
            const struct re_slot *s = &e->layers[i]->slots[slot];

            for (unsigned j = 0; j < s->count; j++) {
                if (names ? s->candidates[j].names :
                     s->candidates[j].asks) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool re_engine_asks(const struct re_engine *e)
{
    return any_asks(e, false);
}

bool re_engine_names(const struct re_engine *e)
{
    return any_asks(e, true);
}

bool re_engine_asks_about(const struct re_engine *e, unsigned slot)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_slot *s = &e->layers[i]->slots[slot];

        for (unsigned j = 0; j < s->count; j++) {
            if (s->candidates[j].asks) {
                return true;
            }
        }
    }
    return false;
}

bool re_engine_asks_for_peers(const struct re_engine *e)
{
    return memchr(e->peers, 1, sizeof(e->peers));
}

/* --- what is executed, and where ------------------------------------------ */

static bool lists(const struct re_layer *layer, const char *path)
{
    for (const struct re_native *n = layer->native; n; n = n->next) {
        if (strcmp(n->path, path) == 0) {
            return true;
        }
    }
    return false;
}

enum re_exec re_engine_exec(const struct re_engine *e, const char *path)
{
    bool outside = false;

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_setting *exec = e->layers[i]->exec;

        if (!exec) {
            continue;       /* directories of rules leave it open */
        }
        if (exec->number != RE_EXEC_NATIVE ||
            !lists(e->layers[i], path)) {
            return RE_EXEC_AGAIN;
        }
        outside = true;
    }
    return outside ? RE_EXEC_OUTSIDE : RE_EXEC_AGAIN;
}

bool re_engine_confine(const struct re_engine *e)
{
    bool wide = false;

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_setting *confine = e->layers[i]->confine;

        if (!confine) {
            continue;       /* directories of rules leave it open */
        }
        if (!confine->entry || confine->number) {
            return true;
        }
        wide = true;
    }
    return !wide;
}

bool re_engine_gdb(const struct re_engine *e)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (e->layers[i]->gdb && !e->layers[i]->gdb->number) {
            return false;
        }
    }
    return true;
}

/* --- the host's wall ------------------------------------------------------ */

bool re_engine_may_run(const struct re_engine *e, int slot)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (!re_layer_may_run(e->layers[i], slot)) {
            return false;
        }
    }
    return true;
}

/* Each layer is a wall by itself: the first that bounds it. */
static enum re_extent engine_extent(const struct re_engine *e, unsigned slot,
                                    const struct re_extent_query *query)
{
    enum re_extent extent = RE_EXTENT_ANY;

    if (!re_engine_may_run(e, slot)) {
        return RE_EXTENT_NONE;
    }
    for (unsigned i = 0; i < e->layer_count && extent == RE_EXTENT_ANY; i++) {
        extent = re_layer_extent(e->layers[i], slot, query);
    }
    return extent;
}

enum re_extent re_engine_files(const struct re_engine *e, unsigned slot,
                               enum re_extent_of of, int access,
                               re_extent_file_fn *file, void *opaque)
{
    const struct re_extent_query query = {
        .of = of, .access = access, .file = file, .opaque = opaque,
    };

    return engine_extent(e, slot, &query);
}

enum re_extent re_engine_ports(const struct re_engine *e, unsigned slot,
                               re_extent_port_fn *port, void *opaque)
{
    const struct re_extent_query query = {
        .ports = true, .access = -1, .port = port, .opaque = opaque,
    };

    return engine_extent(e, slot, &query);
}

bool re_engine_acts(const struct re_engine *e)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        if (re_layer_acts(e->layers[i])) {
            return true;
        }
    }
    return false;
}

bool re_engine_runs_outside(const struct re_engine *e)
{
    bool outside = false;

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_setting *exec = e->layers[i]->exec;

        if (exec && exec->number != RE_EXEC_NATIVE) {
            return false;
        }
        outside |= exec != NULL;
    }
    return outside;
}

enum re_wall re_engine_host_wall(const struct re_engine *e)
{
    enum re_wall wall = RE_WALL_OFF;

    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_setting *s = e->layers[i]->host_wall;
        enum re_wall own = s ? s->number : RE_WALL_AUTO;

        if (own == RE_WALL_STRICT || wall == RE_WALL_OFF) {
            wall = own;
        }
        if (wall == RE_WALL_STRICT) {
            break;
        }
    }
    return wall;
}

bool re_engine_acts_freely(const struct re_engine *e)
{
    for (unsigned i = 0; i < e->layer_count; i++) {
        const struct re_layer *layer = e->layers[i];

        if (layer->reload ||
            (layer->lua && (!layer->exec || layer->doc->libraries.number))) {
            return true;
        }
    }
    return false;
}
