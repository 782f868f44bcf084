/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin of QEMU that is told of each system call, for comparison.
 *
 *     qemu-aarch64 -plugin plugin.so PROGRAM
 *     qemu-aarch64 -plugin plugin.so,rules=FILE PROGRAM
 *
 * The first counts calls. The second does what emulators with Lua rules have
 * done: at each call it makes the name of a function, "syscall_" and the
 * call's name, looks it up among the globals of one Lua state, and calls it with
 * the number and arguments where it is there. Plugins of QEMU 10 only watch: what
 * the function returns is dropped, and the call is carried out.
 *
 * Names are those of the guest's calls in SYSCALL_NAMES, a file with a number
 * and a name on each line.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qemu-plugin.h>

#define CALLS_MAX 1024

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static char *names[CALLS_MAX];
static lua_State *state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seen;

static void count_call(qemu_plugin_id_t id, unsigned vcpu, int64_t num,
                       uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
}

static void ask_rule(qemu_plugin_id_t id, unsigned vcpu, int64_t num,
                     uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                     uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    const uint64_t args[] = { a1, a2, a3, a4, a5, a6, a7, a8 };
    char name[64];

    if (num < 0 || num >= CALLS_MAX || !names[num]) {
        return;
    }
    snprintf(name, sizeof(name), "syscall_%s", names[num]);
    pthread_mutex_lock(&lock);
    if (lua_getglobal(state, name) == LUA_TFUNCTION) {
        lua_pushinteger(state, num);
        for (size_t i = 0; i < 8; i++) {
            lua_pushinteger(state, (lua_Integer)args[i]);
        }
        if (lua_pcall(state, 9, 2, 0)) {
            fprintf(stderr, "plugin: %s\n", lua_tostring(state, -1));
        }
    }
    lua_settop(state, 0);
    pthread_mutex_unlock(&lock);
}

static int read_names(const char *file)
{
    FILE *in = file ? fopen(file, "r") : NULL;
    char name[64];
    unsigned num;

    if (!in) {
        fprintf(stderr, "plugin: SYSCALL_NAMES cannot be read\n");
        return -1;
    }
    while (fscanf(in, "%u %63s", &num, name) == 2) {
        if (num < CALLS_MAX && !names[num]) {
            names[num] = strdup(name);
        }
    }
    fclose(in);
    return 0;
}

static int load_rules(const char *file)
{
    state = luaL_newstate();
    if (!state) {
        return -1;
    }
    luaL_openlibs(state);
    if (luaL_dofile(state, file)) {
        fprintf(stderr, "plugin: %s\n", lua_tostring(state, -1));
        return -1;
    }
    return read_names(getenv("SYSCALL_NAMES"));
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (argc == 1 && strncmp(argv[0], "rules=", 6) == 0) {
        if (load_rules(argv[0] + 6)) {
            return -1;
        }
        qemu_plugin_register_vcpu_syscall_cb(id, ask_rule);
    } else {
        qemu_plugin_register_vcpu_syscall_cb(id, count_call);
    }
    return 0;
}
