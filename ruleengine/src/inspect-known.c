/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody says about a call: words such as "flags=O_RDWR" and
 * "port=25". */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "facts.h"
#include "inspect-private.h"
#include "match.h"
#include "width.h"
#include "ruleengine/inspect.h"

__attribute__((format(printf, 3, 4)))
static int wrong(char *why, size_t size, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, size, format, ap);
    va_end(ap);
    return -EINVAL;
}

/* --- arguments --------------------------------------------------------- */

static int atom(const struct st_target *t, const struct st_arg *arg,
                const char *text, uint64_t *ret, char *why, size_t size)
{
    const struct st_family *family = st_family_at(arg->family);
    char *end;

    if (text[0] >= '0' && text[0] <= '9') {
        errno = 0;
        *ret = strtoull(text, &end, 0);
        return *end || errno ?
            wrong(why, size, "\"%s\" is not a number", text) : 0;
    }
    if (st_constant(t, arg->family, text, ret) == 0) {
        return 0;
    }
    if (family) {
        return wrong(why, size, "\"%s\" is not a constant of `%s` (%s) on %s",
                     text, arg->name, family->name, st_target_name(t));
    }
    return wrong(why, size, "\"%s\" is not a constant on %s", text,
                 st_target_name(t));
}

/* [ "-" ] number | atom { "|" atom }, as in conditions. */
static int evaluate(const struct st_target *t, const struct st_arg *arg,
                    const char *value, uint64_t *ret, char *why, size_t size)
{
    uint64_t all = arg->width >= 64 ? UINT64_MAX :
        (UINT64_C(1) << arg->width) - 1;
    bool negative = value[0] == '-';
    char copy[256], *word, *rest = copy;
    uint64_t bits = 0;

    if (snprintf(copy, sizeof(copy), "%s", value + negative) >=
        (int)sizeof(copy) || !copy[0]) {
        return wrong(why, size, "`%s` needs a number or constants", arg->name);
    }
    while ((word = strsep(&rest, "|"))) {
        uint64_t v = 0;
        int err = atom(t, arg, word, &v, why, size);

        if (err) {
            return err;
        }
        v = negative ? -v : v;
        if (v > all && re_width_extend(v, arg->width, true) != v) {
            return wrong(why, size, "%s does not fit in `%s` (%s, %u bits)",
                         value, arg->name, arg->type, arg->width);
        }
        bits |= v;
    }
    *ret = re_width_extend(bits, arg->width, arg->is_signed);
    return 0;
}

static int find_arg(const struct st_arg *args, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(args[i].name, name) == 0) {
            return i;
        }
    }
    if (strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] <= '5' &&
        !name[4]) {
        int i = name[3] - '0';

        return i < count || count < 0 ? i : -1;
    }
    return -1;
}

static int set_arg(struct re_known *known, const struct st_target *t,
                   unsigned slot, const char *name, const char *value,
                   char *why, size_t size)
{
    struct st_arg args[ST_MAX_ARGS], plain = {
        .name = name, .type = "unsigned long", .width = st_word_bits(t),
    };
    int count = st_slot_args(t, slot, args);
    int i = find_arg(args, count, name);
    int err;

    if (i < 0) {
        return -ENOENT;
    }
    err = evaluate(t, count < 0 ? &plain : &args[i], value, &known->values[i],
                   why, size);
    known->args[i] |= !err;
    return err;
}

/* An argument that lies in memory. */
static int set_word(struct re_known *known, const struct st_target *t,
                    const struct re_form *form, const char *name,
                    const char *value, char *why, size_t size)
{
    struct st_arg arg;
    uint64_t word;
    int err;

    if (!re_form_block_arg(form, name, &arg)) {
        return -ENOENT;
    }
    err = evaluate(t, &arg, value, &word, why, size);
    if (err) {
        return err;
    }
    known->about.block.words[arg.reg] = word;
    known->words |= 1u << arg.reg;
    if (form->open == RE_OPEN_HOW_MEMORY && arg.reg == 0 &&
        !(known->facts & RE_KNOWN_ACCESS)) {
        known->about.access = re_access_of(form, word);
        known->facts |= RE_KNOWN_ACCESS;
    }
    return 0;
}

/* --- facts ------------------------------------------------------------- */

/* Takes "." and ".." and doubled slashes out of a path, by the names alone. */
static int set_path(struct re_path *path, const char *value, char *why,
                    size_t size)
{
    char copy[RE_PATH_MAX], *word, *rest = copy;

    if (value[0] != '/') {
        return wrong(why, size, "a path starts with \"/\"");
    }
    if (strlen(value) >= sizeof(copy)) {
        return wrong(why, size, "the path is too long");
    }
    strcpy(copy, value);
    path->len = 0;
    while ((word = strsep(&rest, "/"))) {
        if (strcmp(word, "..") == 0) {
            while (path->len > 0 && path->name[--path->len] != '/') {
            }
        } else if (word[0] && strcmp(word, ".") != 0) {
            path->len += sprintf(path->name + path->len, "/%s", word);
        }
    }
    if (path->len == 0) {
        path->name[path->len++] = '/';
    }
    path->name[path->len] = '\0';
    return 0;
}

static int set_unix(struct re_known *known, const char *value, char *why,
                    size_t size)
{
    struct re_path *path = &known->about.unix_path;
    int err = 0;

    if (value[0] == '@' && strlen(value) < RE_PATH_MAX) {
        path->len = strlen(value);
        strcpy(path->name, value);
    } else {
        err = set_path(path, value, why, size);
    }
    known->about.address.family = AF_UNIX;
    known->facts |= RE_KNOWN_UNIX | RE_KNOWN_FAMILY | RE_KNOWN_ADDR |
        RE_KNOWN_PORT;
    return err;
}

static int set_addr(struct re_known *known, const char *value, char *why,
                    size_t size)
{
    struct re_address *a = &known->about.address;
    struct re_network network;
    bool has_bits;
    const char *fault = re_network_parse(value, strlen(value), &network,
                                         &has_bits);

    if (fault || has_bits) {
        return wrong(why, size, "%s", fault ? fault :
                     "this is a network, not an address");
    }
    memcpy(a->ip, network.ip, sizeof(a->ip));
    a->has_ip = true;
    a->family = strchr(value, ':') ? AF_INET6 : AF_INET;
    known->facts |= RE_KNOWN_ADDR | RE_KNOWN_FAMILY | RE_KNOWN_UNIX;
    return 0;
}

static int set_port(struct re_known *known, const char *value, char *why,
                    size_t size)
{
    char *end;
    unsigned long port = strtoul(value, &end, 0);

    if (value[0] < '0' || value[0] > '9' || *end || port > UINT16_MAX) {
        return wrong(why, size, "a port is a number up to 65535");
    }
    known->about.address.port = port;
    known->about.address.has_ip = true;
    known->facts |= RE_KNOWN_PORT;
    return 0;
}

static int set_family(struct re_known *known, const struct st_target *t,
                      const char *value, char *why, size_t size)
{
    struct st_arg arg = {
        .name = "family", .type = "number", .width = 16,
        .family = st_family_by_name("af"),
    };
    uint64_t family;
    int err = evaluate(t, &arg, value, &family, why, size);

    if (err) {
        return err;
    }
    known->about.address.family = family;
    known->facts |= RE_KNOWN_FAMILY;
    if (family != AF_UNIX) {
        known->facts |= RE_KNOWN_UNIX;
    }
    if (family != AF_INET && family != AF_INET6) {
        known->facts |= RE_KNOWN_ADDR | RE_KNOWN_PORT;
    }
    return 0;
}

static int set_access(struct re_known *known, const char *value, char *why,
                      size_t size)
{
    for (unsigned i = 0; i <= RE_ACCESS_READWRITE; i++) {
        if (strcmp(value, re_access_name(i)) == 0) {
            known->about.access = i;
            known->facts |= RE_KNOWN_ACCESS;
            return 0;
        }
    }
    return wrong(why, size, "`access` is read, write or readwrite");
}

const char *re_access_name(enum re_access access)
{
    static const char *const names[] = { "read", "write", "readwrite" };

    return names[access];
}

/* Two words that cannot both be true of one address. */
static bool disagree(const struct re_known *known, const char *name)
{
    const struct re_address *a = &known->about.address;
    bool unix_known = (known->facts & RE_KNOWN_FAMILY) && a->family == AF_UNIX;

    if (strcmp(name, "addr") == 0 || strcmp(name, "port") == 0) {
        return unix_known;
    }
    return strcmp(name, "unix") == 0 && a->has_ip;
}

static int set_nth(struct re_known *known, const char *value, char *why,
                   size_t size)
{
    char *end;

    known->nth = strtoull(value, &end, 10);
    if (value[0] < '1' || value[0] > '9' || *end) {
        return wrong(why, size, "`when` takes a count from 1 on");
    }
    return 0;
}

static int set_fact(struct re_known *known, const struct st_target *t,
                    const struct re_form *form, const char *name,
                    const char *value, char *why, size_t size)
{
    int err;

    if (form->path_count >= 1 && strcmp(name, "path") == 0) {
        err = set_path(&known->about.paths[0], value, why, size);
        known->facts |= RE_KNOWN_PATH;
        return err;
    }
    if (form->path_count >= 2 && strcmp(name, "path2") == 0) {
        err = set_path(&known->about.paths[1], value, why, size);
        known->facts |= RE_KNOWN_PATH2;
        return err;
    }
    if (form->fd_reg >= 0 && strcmp(name, "fdpath") == 0) {
        err = value[0] ? set_path(&known->about.fdpath, value, why, size) : 0;
        known->facts |= RE_KNOWN_FDPATH;
        return err;
    }
    if (form->open && strcmp(name, "access") == 0) {
        return set_access(known, value, why, size);
    }
    if (!form->has_address) {
        return -ENOENT;
    }
    if (disagree(known, name)) {
        return wrong(why, size, "an address has no `%s` besides the rest",
                     name);
    }
    return strcmp(name, "unix") == 0 ? set_unix(known, value, why, size) :
        strcmp(name, "addr") == 0 ? set_addr(known, value, why, size) :
        strcmp(name, "port") == 0 ? set_port(known, value, why, size) :
        strcmp(name, "family") == 0 ?
        set_family(known, t, value, why, size) : -ENOENT;
}

int re_known_set(struct re_known *known, const struct st_target *target,
                 unsigned slot, const char *name, const char *value,
                 char *why, size_t size)
{
    struct re_arena *arena = re_arena_new();
    const struct re_form *form = arena ? re_form_new(target, slot, NULL, arena)
        : NULL;
    int err = form ? set_fact(known, target, form, name, value, why, size) :
        -ENOMEM;

    if (err == -ENOENT) {
        err = set_arg(known, target, slot, name, value, why, size);
    }
    if (err == -ENOENT) {
        err = set_word(known, target, form, name, value, why, size);
    }
    re_arena_free(arena);
    return err == -ENOENT && strcmp(name, "when") == 0 ?
        set_nth(known, value, why, size) : err;
}
