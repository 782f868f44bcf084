/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of rules that are read again when a file of theirs changes
 * (--rules-reload).
 *
 * The engine's layer has one rule for every call, "lua", and asks here for the
 * rule that counts now. What a directory says at one time is a generation: a
 * layer of its own, with a Lua state of its own. A new one takes the place of
 * the one before, whole, or not at all: when it does not load, the old one
 * stays, and standard error and the log are told once. Calls that are under way
 * end with the generation they began with; when the last of them has, it goes.
 *
 * Any thread may call these; fork as in engine.h.
 */
#ifndef RULEENGINE_RELOAD_H
#define RULEENGINE_RELOAD_H

#include "lua-state.h"
#include "policy.h"

struct re_reload;

/* "first" is the layer of the directories as they were loaded at the start, and
 * becomes the reload's. The names are copied. 0 or a negative errno with
 * diags; "first" is the caller's then. */
int re_reload_new(struct re_reload **ret, struct re_layer *first,
                  const char *const *dirs, size_t count,
                  struct re_diags *diags);
void re_reload_free(struct re_reload *reload);

/* As re_lua_set_audit(); before anything runs. */
void re_reload_set_audit(struct re_reload *reload, struct re_audit *audit);

/* As re_lua_start(), with the rule that the call has now; RE_LUA_PASS when it
 * has none. Looks at the directories first, four times a second at most. */
enum re_lua_step re_reload_start(struct re_reload *reload,
                                 struct re_call *call);

/* As re_origin_save(), with the texts as they were read last. */
int re_reload_save(struct re_reload *reload, const struct re_origin *origin,
                   void **ret_bytes, size_t *ret_size);

void re_reload_fork_prepare(struct re_reload *reload);
void re_reload_fork_parent(struct re_reload *reload);
void re_reload_fork_child(struct re_reload *reload);

#endif
