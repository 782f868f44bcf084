/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said about a handler that failed, once for each place in its source:
 *
 *     web.lua:3: attempt to index a nil value (field 'nmae'), in fake_uname for
 *     uname(), denied with EPERM (on-error, web.ini:5); further errors are
 *     counted
 */
#include "lua-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "audit.h"
#include "policy.h"

/* What push_traceback() needs. */
struct re_lua_traceback {
    lua_State *thread;
    const char *place;
    const char *message;
};

#define PLACE_MAX 320       /* bytes of "file:line" */
#define MESSAGE_MAX 1024    /* bytes of a message; one write(2) */

int re_lua_message_fd(void)
{
    return re_move_high(STDERR_FILENO);
}

void re_lua_place_of(lua_State *L, const struct re_lua_run *run,
                     char *buf, size_t size)
{
    struct re_lua *lua = re_lua_owner(L);
    const struct re_lua_handler *h = &lua->handlers[run->handler];
    lua_Debug ar;

    /* After an error the stack is still as it was. */
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            snprintf(buf, size, "%s:%d",
                     *ar.source == '@' ? ar.source + 1 : ar.short_src,
                     ar.currentline);
            return;
        }
    }
    snprintf(buf, size, "%s:%u", h->file, h->line);
}

/* Whether this failure is the first at its place. */
static bool is_new_place(struct re_lua *lua, const char *name)
{
    struct re_lua_place *place;

    lua->failures++;
    for (size_t i = 0; i < lua->place_count; i++) {
        if (!strcmp(lua->places[i].name, name)) {
            lua->places[i].count++;
            return false;
        }
    }
    if (lua->place_count == RE_LUA_PLACES_MAX) {
        return false;
    }
    place = &lua->places[lua->place_count];
    place->name = strdup(name);
    place->count = 1;
    lua->place_count += place->name != NULL;
    return true;
}

/* States of threads count together, and tell of a place once. */
static bool is_news(struct re_lua *lua, const char *name)
{
    struct re_lua *home = lua->home;
    bool news;

    pthread_mutex_lock(&home->failures_lock);
    news = is_new_place(home, name);
    pthread_mutex_unlock(&home->failures_lock);
    return news;
}

void re_lua_failures_free(struct re_lua *lua)
{
    for (size_t i = 0; i < lua->place_count; i++) {
        free(lua->places[i].name);
    }
    lua->place_count = 0;
}

void re_lua_forget_places(struct re_lua *lua)
{
    pthread_mutex_lock(&lua->failures_lock);
    re_lua_failures_free(lua);
    pthread_mutex_unlock(&lua->failures_lock);
}

uint64_t re_lua_failures(struct re_lua *lua)
{
    uint64_t failures;

    pthread_mutex_lock(&lua->failures_lock);
    failures = lua->failures;
    pthread_mutex_unlock(&lua->failures_lock);
    return failures;
}

/* ", denied with EPERM (on-error, web.ini:5)" */
static void outcome_text(const struct re_lua *lua, char *buf, size_t size)
{
    const struct re_rule *rule = lua->on_error;
    int n = 0;

    *buf = '\0';
    if (lua->flavour == RE_LUA_RULES) {
        snprintf(buf, size, ", the original call goes on");
        return;
    }
    if (!rule) {
        return;
    }
    switch (rule->verdict) {
    case RE_VERDICT_ALLOW:
        n = snprintf(buf, size, ", allowed");
        break;
    case RE_VERDICT_RETURN:
        n = snprintf(buf, size, ", answered with %lld",
                     (long long)rule->value);
        break;
    case RE_VERDICT_ERROR:
    case RE_VERDICT_DENY:
    case RE_VERDICT_LUA:
        n = snprintf(buf, size, ", denied with %s", rule->error_name ?
                     rule->error_name : "an error");
        break;
    case RE_VERDICT_TRAP:
        n = snprintf(buf, size, ", trapped");
        break;
    case RE_VERDICT_KILL:
        n = snprintf(buf, size, ", killed");
        break;
    default:
        break;
    }
    if (n < 0 || (size_t)n >= size) {
        return;
    }
    if (rule->line) {
        snprintf(buf + n, size - n, " (on-error, %.200s:%u)", rule->file,
                 rule->line);
    } else {
        snprintf(buf + n, size - n, " (on-error by default)");
    }
}

/* Lua's own "short source:line: " in front of a message: its length, or 0. */
static size_t prefix_length(const char *message)
{
    const char *at = strchr(message, ':');

    while (at) {
        size_t digits = strspn(at + 1, "0123456789");

        if (digits && !strncmp(at + 1 + digits, ": ", 2)) {
            return at + digits + 3 - message;
        }
        at = strchr(at + 1, ':');
    }
    return 0;
}

/* Whether "head", a prefix of "length" bytes, names the same line as "place".
 * Lua shortens long file names, so the line alone is compared. */
static bool same_line(const char *head, size_t length, const char *place)
{
    const char *line = strrchr(place, ':');
    size_t len = strlen(line);

    return length >= len + 2 && !strncmp(head + length - 2 - len, line, len);
}

/* Keeps a message on one line and off the terminal's controls. */
static void clean(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            *text = ' ';
        }
    }
}

static void write_line(const struct re_lua *lua, char *text, size_t size)
{
    size_t n = strnlen(text, size - 1);

    text[n] = '\0';
    clean(text);
    text[n++] = '\n';
    if (lua->ops && lua->ops->cut_line) {
        lua->ops->cut_line();
    }
    if (lua->message_fd >= 0 && write(lua->message_fd, text, n) < 0) {
        return;     /* nobody left to tell */
    }
}

void re_lua_tell(struct re_lua *lua, const char *place, const char *text,
                 bool aloud)
{
    char line[MESSAGE_MAX];

    if (lua->audit) {
        re_audit_message(lua->audit, place, text);
    }
    if (aloud) {
        snprintf(line, sizeof(line), "%s: %s", place, text);
        write_line(lua, line, sizeof(line));
    }
}

/* Pushes where the coroutine stands; its stack is as it was at the error. */
static int push_traceback(lua_State *L)
{
    struct re_lua_traceback *t = lua_touserdata(L, 1);

    luaL_traceback(L, t->thread, t->message, 0);
    re_audit_message(re_lua_owner(L)->audit, t->place, lua_tostring(L, -1));
    return 0;
}

/* The whole way to an error, for the log; standard error gets its line. */
static void log_traceback(struct re_lua *lua, lua_State *thread,
                          const char *place, const char *message)
{
    struct re_lua_traceback t = { thread, place, message };

    if (lua->audit && re_lua_protect(lua, push_traceback, &t) == -EINVAL) {
        lua_pop(lua->L, 1);
    }
}

void re_lua_failure(struct re_lua *lua, lua_State *L,
                    const struct re_lua_run *run, const char *message)
{
    const struct re_lua_handler *h = &lua->handlers[run->handler];
    const char *name = run->call->slot < 0 ? NULL :
                       st_slot_name(lua->target, run->call->slot);
    char place[PLACE_MAX], outcome[256], text[MESSAGE_MAX];
    bool message_given = message != NULL;
    size_t skip = 0;

    if (message || !L) {
        snprintf(place, sizeof(place), "%s:%u", h->file, h->line);
    } else {
        re_lua_place_of(L, run, place, sizeof(place));
        message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
                  "the error value is not a string";
        skip = prefix_length(message);
        if (!same_line(message, skip, place)) {
            skip = 0;
        }
    }
    if (!is_news(lua, place)) {
        return;
    }
    outcome_text(lua, outcome, sizeof(outcome));
    snprintf(text, sizeof(text), "%s: %.400s, in %.60s for %s()%s; "
             "further errors are counted", place, message + skip,
             h->name, name ? name : "an unknown call", outcome);
    write_line(lua, text, sizeof(text));
    /* Behind its error, where both are on standard error. */
    if (!message_given && L) {
        log_traceback(lua, L, place, message + skip);
    }
}
