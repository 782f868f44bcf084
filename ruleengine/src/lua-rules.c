/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of rules in the older form. Each *.lua file is run, in the order
 * of the names; then
 *
 *     syscall_<name>(num, arg1 .. arg8)      in any file is a rule for <name>
 *     do_syscall(num, arg1 .. arg8)          in <name>.lua is one
 *
 * A file that is named after a system call has globals of its own, which fall
 * back to those that all files share; so each may define a do_syscall.
 */
#include "lua-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "origin.h"

#define SUFFIX ".lua"
#define PREFIX "syscall_"
#define FILE_FUNCTION "do_syscall"

/* --- one file ---------------------------------------------------------- */

/* One directory being loaded. */
struct loader {
    struct re_lua *lua;
    struct re_diags *diags;
    const char *path;       /* the file at hand */
    char *syscall;          /* that it is named after, or NULL */
};

/* Names of system calls, for suggestions. */
static const char *syscall_at(void *opaque, unsigned i)
{
    (void)opaque;
    return st_name_at(i);
}

static void warn_unknown(const struct loader *loader, unsigned line,
                         const char *function, const char *name)
{
    char hint[RE_SUGGEST_MAX + 32];

    re_diags_add(loader->diags, RE_WARNING, loader->path, line, 0, 0, NULL,
                 re_suggest_hint(name, syscall_at, NULL, hint, sizeof(hint)),
                 "%s is never called: there is no system call \"%s\"",
                 function, name);
}

/* The rule of a system call, or NULL. */
static struct re_lua_rule *rule_of(struct re_lua *lua, const char *syscall)
{
    for (size_t i = 0; i < lua->rule_count; i++) {
        if (!strcmp(lua->rules[i].syscall, syscall)) {
            return &lua->rules[i];
        }
    }
    return NULL;
}

/* A second rule for a call: the last file of a directory wins, as a function
 * that is defined twice does, and the first of several directories. */
static void replace_rule(lua_State *L, struct loader *loader,
                         struct re_lua_rule *rule, const char *function)
{
    struct re_lua *lua = loader->lua;
    int old = rule->handler;
    int handler = re_lua_handler_find(L);

    if (handler < 0) {
        handler = re_lua_handler_add(L, function);
    } else {
        lua_pop(L, 1);
        if (handler == old || lua->handlers[handler].replaced) {
            return;         /* seen after an earlier file */
        }
    }
    re_diags_add(loader->diags, RE_WARNING, loader->path,
                 lua->handlers[handler].line, 0, 0, NULL, NULL,
                 rule->told ? "%s is not used: \"%s\" has a rule in %s:%u" :
                 "%s replaces the rule for \"%s\" in %s:%u",
                 function, rule->syscall, lua->handlers[old].file,
                 lua->handlers[old].line);
    lua->handlers[rule->told ? handler : old].replaced = true;
    if (!rule->told) {
        rule->handler = handler;
    }
}

/* Makes the function on top of the stack the rule of a system call; pops it.
 * Raises. */
static void add_rule(lua_State *L, struct loader *loader, const char *syscall,
                     const char *function)
{
    struct re_lua *lua = loader->lua;
    struct re_lua_rule *rules = rule_of(lua, syscall);
    int handler;

    if (rules) {
        replace_rule(L, loader, rules, function);
        return;
    }
    handler = re_lua_handler_find(L);
    if (handler < 0) {
        handler = re_lua_handler_add(L, function);
    } else {
        lua_pop(L, 1);      /* one function for several calls */
    }
    rules = reallocarray(lua->rules, lua->rule_count + 1, sizeof(*rules));
    if (!rules) {
        luaL_error(L, "not enough memory");
    }
    lua->rules = rules;
    rules[lua->rule_count] = (struct re_lua_rule) {
        .handler = handler,
        .syscall = strdup(syscall),
    };
    if (!rules[lua->rule_count].syscall) {
        luaL_error(L, "not enough memory");
    }
    lua->rule_count++;
}

/* Looks through the table on top of the stack for rules. */
static void find_rules(lua_State *L, struct loader *loader)
{
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        const char *function = lua_type(L, -2) == LUA_TSTRING ?
                               lua_tostring(L, -2) : "";
        const char *name = function + strlen(PREFIX);
        lua_Debug ar;

        if (!lua_isfunction(L, -1) ||
            strncmp(function, PREFIX, strlen(PREFIX))) {
            lua_pop(L, 1);
        } else if (st_name_known(name)) {
            add_rule(L, loader, name, function);
        } else if (re_lua_handler_find(L) < 0) {
            /* Kept, so that it is warned of once only. */
            lua_pushvalue(L, -1);
            lua_getinfo(L, ">S", &ar);
            re_lua_handler_add(L, function);
            warn_unknown(loader, ar.linedefined, function, name);
        } else {
            lua_pop(L, 1);
        }
    }
}

/* do_syscall in the table on top of the stack. */
static void find_file_rule(lua_State *L, struct loader *loader)
{
    lua_Debug ar;

    lua_pushliteral(L, FILE_FUNCTION);
    lua_rawget(L, -2);
    if (!lua_isfunction(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (loader->syscall) {
        add_rule(L, loader, loader->syscall, FILE_FUNCTION);
        return;
    }
    lua_getinfo(L, ">S", &ar);
    lua_pushnil(L);
    lua_setfield(L, -2, FILE_FUNCTION);
    if (ar.linedefined > 0) {
        char name[RE_SUGGEST_MAX];
        const char *base = strrchr(loader->path, '/');
        size_t len;

        base = base ? base + 1 : loader->path;
        len = strlen(base) - strlen(SUFFIX);
        len = len < sizeof(name) ? len : sizeof(name) - 1;
        memcpy(name, base, len);
        name[len] = '\0';
        warn_unknown(loader, ar.linedefined, FILE_FUNCTION, name);
    }
}

/* Runs a file and takes in its rules. Argument: the loader. */
static int load_file(lua_State *L)
{
    struct loader *loader = lua_touserdata(L, 1);

    if (re_lua_load_text(L, loader->path) != LUA_OK) {
        return lua_error(L);
    }
    lua_pushglobaltable(L);
    if (loader->syscall) {
        lua_newtable(L);                /* its globals */
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, -3);
        lua_setfield(L, -2, "__index");
        lua_setmetatable(L, -2);
        lua_remove(L, -2);
        lua_pushvalue(L, -1);
        lua_setupvalue(L, -3, 1);       /* _ENV */
    }
    lua_insert(L, -2);
    lua_call(L, 0, 0);
    find_rules(L, loader);
    find_file_rule(L, loader);
    if (loader->syscall) {              /* it may define more in _G */
        lua_pushglobaltable(L);
        find_rules(L, loader);
    }
    return 0;
}

/* --- one directory ----------------------------------------------------- */

static int by_syscall(const void *a, const void *b)
{
    const struct re_lua_rule *x = a, *y = b;

    return strcmp(x->syscall, y->syscall);
}

static int no_memory(struct loader *loader, const char *path)
{
    re_diags_add(loader->diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                 "not enough memory for Lua to load this");
    return -ENOMEM;
}

static int load_entry(struct loader *loader, const char *dir, const char *name)
{
    struct re_lua *lua = loader->lua;
    size_t len = strlen(name) - strlen(SUFFIX);
    size_t dir_len = strlen(dir);
    char *path = NULL;
    int r;

    while (dir_len > 1 && dir[dir_len - 1] == '/') {
        dir_len--;
    }
    if (asprintf(&path, "%.*s/%s", (int)dir_len, dir, name) < 0) {
        return no_memory(loader, dir);
    }
    loader->path = path;
    loader->syscall = strndup(name, len);
    if (!loader->syscall) {
        free(path);
        return no_memory(loader, dir);
    }
    if (!st_name_known(loader->syscall)) {
        free(loader->syscall);
        loader->syscall = NULL;
    }
    re_lua_load_limit(lua, true);
    r = re_lua_protect(lua, load_file, loader);
    re_lua_load_limit(lua, false);
    if (r == -ENOMEM) {
        no_memory(loader, path);
    } else if (r < 0) {
        r = re_lua_load_diag(lua, path, loader->diags);
    }
    free(loader->syscall);
    free(path);
    return r;
}

static int load_entries(struct loader *loader, const char *dir)
{
    struct re_origin *own = NULL, *origin = loader->lua->origin;
    const char *names;
    int r = 0;

    if (!origin) {
        r = re_origin_new(&own);
        origin = own;
    }
    if (!r) {
        r = re_origin_list(origin, dir, SUFFIX, &names);
    }
    if (r < 0) {
        re_diags_add(loader->diags, RE_ERROR, dir, 0, 0, 0, NULL, NULL,
                     "cannot read the directory of rules: %s", strerror(-r));
        names = "";
    }
    for (; *names; names += strlen(names) + 1) {
        int one = load_entry(loader, dir, names);

        r = r ? r : one;
    }
    re_origin_free(own);
    return r;
}

/* Makes each call of the target go by entry() and finish(). Raises. */
static int wrap_rules(lua_State *L)
{
    struct loader *loader = lua_touserdata(L, 1);
    struct re_lua *lua = loader->lua;
    unsigned count = 0;

    if (!re_lua_around_wanted(L)) {
        return 0;
    }
    for (unsigned slot = 0; slot < st_slot_count(lua->target); slot++) {
        const char *name = st_slot_name(lua->target, slot);
        struct re_lua_rule *rule = name ? rule_of(lua, name) : NULL;

        if (!name || st_slot_is_carrier(lua->target, slot) ||
            (rule && rule->around)) {
            continue;
        }
        if (rule) {
            lua_rawgeti(L, LUA_REGISTRYINDEX,
                        lua->handlers[rule->handler].ref);
        } else {
            lua_pushnil(L);
            count++;
        }
        re_lua_around_push(L, name);
        if (rule) {
            rule->handler = re_lua_handler_add(L, name);
        } else {
            add_rule(L, loader, name, name);
            rule = rule_of(lua, name);
        }
        rule->around = true;
    }
    if (count) {
        re_diags_add(loader->diags, RE_WARNING, loader->path, 0, 0, 0, NULL,
                     NULL, "entry() and finish() slow all calls: %u of them "
                     "have no rule of their own", count);
    }
    return 0;
}

int re_lua_load_rules(struct re_lua *lua, const char *dir,
                      re_lua_found *found, void *opaque,
                      struct re_diags *diags)
{
    struct loader loader = { .lua = lua, .diags = diags };
    int r = load_entries(&loader, dir);
    size_t count = 0;

    if (r < 0) {
        return r;
    }
    loader.path = dir;
    r = re_lua_protect(lua, wrap_rules, &loader);
    if (r < 0) {
        return r == -ENOMEM ? no_memory(&loader, dir) :
            re_lua_load_diag(lua, dir, diags);
    }
    if (lua->rule_count) {
        qsort(lua->rules, lua->rule_count, sizeof(*lua->rules), by_syscall);
    }
    for (size_t i = 0; i < lua->rule_count; i++) {
        struct re_lua_rule *rule = &lua->rules[i];
        const struct re_lua_handler *h = &lua->handlers[rule->handler];

        if (!rule->told) {
            rule->told = true;
            found(opaque, rule->syscall, rule->handler, h->file, h->line);
            count++;
        }
    }
    if (!count) {
        re_diags_add(diags, RE_WARNING, dir, 0, 0, 0, NULL, NULL,
                     "no rules here: no *" SUFFIX " file defines " PREFIX
                     "NAME, and none named after a call " FILE_FUNCTION);
    }
    return 0;
}
