/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"
#include "lua-state.h"
#include "verdict.h"

/* A setting as one file has it. */
struct re_pending {
    struct re_pending *next;
    const unsigned *depth;
    struct re_setting setting;
};

/* Words that a setting may have, and what they stand for. */
struct word {
    const char *text;           /* NULL: the last one */
    uint64_t number;
};

/* A key of [policy]. */
struct key {
    const char *name;
    size_t place;               /* in struct re_document, bytes */
    int (*parse)(struct re_document *doc, const struct key *key,
                 struct re_setting *fresh);     /* NULL: parse.c reads it */
    const struct word *words;
    unsigned unit;              /* enum unit */
};

enum unit { UNIT_INSTRUCTIONS, UNIT_BYTES, UNIT_NONE };

#define RATE_MAX 10000000

/* --- kinds of values ------------------------------------------------------ */

static int wrong(struct re_document *doc, const struct re_entry *entry,
                 const char *expected)
{
    char hint[RE_SUGGEST_MAX + 32];

    re_entry_diag(doc->diags, RE_ERROR, entry, 0, strlen(entry->value),
                  re_suggest_quoted(entry->value, expected, hint,
                                    sizeof(hint)), "expected %s", expected);
    return -EINVAL;
}

static int verdict_parse(struct re_document *doc, const struct key *key,
                         struct re_setting *fresh)
{
    (void)key;
    return re_setting_verdict_parse(doc, fresh->entry, fresh);
}

/* "a", "b" or "c" */
static void append_words(char *buf, size_t size, const struct word *words)
{
    size_t len = 0;

    for (const struct word *w = words; w->text && len < size; w++) {
        len += snprintf(buf + len, size - len, "%s\"%s\"",
                        w == words ? "" : w[1].text ? ", " : " or ", w->text);
    }
}

static int word_parse(struct re_document *doc, const struct key *key,
                      struct re_setting *fresh)
{
    char expected[256];

    for (const struct word *w = key->words; w->text; w++) {
        if (strcmp(fresh->entry->value, w->text) == 0) {
            fresh->number = w->number;
            return 0;
        }
    }
    append_words(expected, sizeof(expected), key->words);
    return wrong(doc, fresh->entry, expected);
}

/* A number of instructions, or of bytes with KiB, MiB or GiB. */
static int limit_parse(struct re_document *doc, const struct key *key,
                       struct re_setting *fresh)
{
    const struct re_entry *entry = fresh->entry;
    bool bytes = key->unit == UNIT_BYTES;
    unsigned shift = 0;
    struct re_scan s;

    re_scan_start(&s, entry, 0, doc->diags);
    if (s.token != RE_TOKEN_NUMBER) {
        return re_scan_expected(&s, bytes ? "a number of bytes" :
                                key->unit == UNIT_NONE ? "a number" :
                                "a number of instructions");
    }
    fresh->number = s.number;
    re_scan_next(&s);
    if (bytes) {
        shift = re_scan_take(&s, "KiB") ? 10 : re_scan_take(&s, "MiB") ? 20 :
            re_scan_take(&s, "GiB") ? 30 : 0;
    }
    if (s.token != RE_TOKEN_END) {
        return re_scan_expected(&s, bytes ? "\"KiB\", \"MiB\" or \"GiB\"" :
                                "the line's end");
    }
    if (key->unit != UNIT_NONE &&
        (fresh->number == 0 || fresh->number > UINT64_MAX >> (shift + 1))) {
        re_entry_diag(doc->diags, RE_ERROR, entry, 0, strlen(entry->value),
                      NULL, "the limit is out of range");
        return -EINVAL;
    }
    fresh->number <<= shift;
    return 0;
}

/* Names between blanks, or-ed; each is a hole, so it is said aloud. */
static int libraries_parse(struct re_document *doc, const struct key *key,
                           struct re_setting *fresh)
{
    const struct re_entry *entry = fresh->entry;
    const char *v = entry->value;

    while (*v) {
        size_t length = strcspn(v, " \t"), at = v - entry->value;
        const struct word *w = key->words;
        char expected[256];

        while (w->text && (strlen(w->text) != length ||
                           strncmp(w->text, v, length) != 0)) {
            w++;
        }
        if (!w->text) {
            char word[RE_SUGGEST_MAX], hint[RE_SUGGEST_MAX + 32];

            append_words(expected, sizeof(expected), key->words);
            snprintf(word, sizeof(word), "%.*s", (int)length, v);
            re_entry_diag(doc->diags, RE_ERROR, entry, at, length,
                          re_suggest_quoted(word, expected, hint,
                                            sizeof(hint)),
                          "expected %s", expected);
            return -EINVAL;
        }
        re_entry_diag(doc->diags, RE_WARNING, entry, at, length, NULL, "%s",
                      w->number == RE_LUA_COROUTINE ?
                      "with \"coroutine\", the limit of instructions holds "
                      "for each coroutine" :
                      w->number == RE_LUA_DEBUG ?
                      "with \"debug\", handlers can take off their limits" :
                      "with this library, handlers reach the host");
        fresh->number |= w->number;
        v += length;
        v += strspn(v, " \t");
    }
    return 0;
}

/* "inherit", "deny", or "native" and at least one absolute path. */
static int exec_parse(struct re_document *doc, const struct key *key,
                      struct re_setting *fresh)
{
    const struct re_entry *entry = fresh->entry;
    const char *v = entry->value;
    size_t word = strcspn(v, " \t"), rest = word + strspn(v + word, " \t");
    int result = 0;

    (void)key;
    if (strcmp(v, "inherit") == 0 || strcmp(v, "deny") == 0) {
        fresh->number = v[0] == 'd' ? RE_EXEC_DENY : RE_EXEC_INHERIT;
        return 0;
    }
    if (word != strlen("native") || strncmp(v, "native", word) != 0 ||
        v[rest] == '\0') {
        return wrong(doc, entry,
                     "\"inherit\", \"deny\" or \"native PATH ...\"");
    }
    fresh->number = RE_EXEC_NATIVE;
    while (v[rest]) {
        size_t length = strcspn(v + rest, " \t");

        if (v[rest] != '/') {
            re_entry_diag(doc->diags, RE_ERROR, entry, rest, length, NULL,
                          "a native program is named by its absolute path");
            result = -EINVAL;
        }
        rest += length;
        rest += strspn(v + rest, " \t");
    }
    return result;
}

/* Whoever gives up the wall around the emulator is told so, at each start. */
static int confine_parse(struct re_document *doc, const struct key *key,
                         struct re_setting *fresh)
{
    int result = word_parse(doc, key, fresh);

    if (result == 0 && !fresh->number) {
        re_entry_diag(doc->diags, RE_WARNING, fresh->entry, 0,
                      strlen(fresh->entry->value), NULL,
                      "a hostile program can read and change the emulator's "
                      "memory, and with it this policy");
    }
    return result;
}

/* "1000/s", "60/min", "5/h": as count << 32 | seconds. */
static int rate_parse(struct re_document *doc, const struct key *key,
                      struct re_setting *fresh)
{
    static const struct word periods[] = {
        { "/s", 1 }, { "/min", 60 }, { "/h", 3600 }, { NULL, 0 },
    };
    const char *v = fresh->entry->value;
    size_t digits = strspn(v, "0123456789");
    uint64_t count = 0;

    (void)key;
    for (size_t i = 0; i < digits && count <= RATE_MAX; i++) {
        count = count * 10 + (v[i] - '0');
    }
    for (const struct word *p = periods; p->text; p++) {
        if (digits > 0 && strcmp(v + digits, p->text) == 0 && count > 0 &&
            count <= RATE_MAX) {
            fresh->number = count << 32 | p->number;
            return 0;
        }
    }
    return wrong(doc, fresh->entry, "a number from 1 to 10000000 and \"/s\", "
                 "\"/min\" or \"/h\"");
}

/* --- keys ----------------------------------------------------------------- */

static const struct word yes_no[] = { { "yes", 1 }, { "no", 0 }, { NULL, 0 } };

static const struct word logs[] = {
    { "none", 0 }, { "refused", RE_LOG_REFUSED },
    { "emulated", RE_LOG_REFUSED | RE_LOG_EMULATED },
    { "all", RE_LOG_REFUSED | RE_LOG_EMULATED | RE_LOG_ALLOWED },
    { NULL, 0 },
};

static const struct word libraries[] = {
    { "coroutine", RE_LUA_COROUTINE }, { "debug", RE_LUA_DEBUG },
    { "io", RE_LUA_IO }, { "os", RE_LUA_OS }, { "package", RE_LUA_PACKAGE },
    { NULL, 0 },
};

static const struct word states[] = {
    { "process", false }, { "thread", true }, { NULL, 0 },
};

static const struct word walls[] = {
    { "auto", RE_WALL_AUTO }, { "strict", RE_WALL_STRICT },
    { "off", RE_WALL_OFF }, { NULL, 0 },
};

#define AT(member) offsetof(struct re_document, member)

static const struct key keys[] = {
    { "confine", AT(confine), confine_parse, yes_no },
    { "default", AT(default_), verdict_parse },
    { "exec", AT(exec), exec_parse },
    { "gdb", AT(gdb), word_parse, yes_no },
    { "handler-instructions", AT(instructions), limit_parse,
      .unit = UNIT_INSTRUCTIONS },
    { "handler-libraries", AT(libraries), libraries_parse,
      .words = libraries },
    { "handler-memory", AT(memory), limit_parse, .unit = UNIT_BYTES },
    { "handler-seed", AT(seed), limit_parse, .unit = UNIT_NONE },
    { "handler-state", AT(state), word_parse, states },
    { "handlers", 0, NULL },
    { "host-wall", AT(host_wall), word_parse, walls },
    { "include", 0, NULL },
    { "log", AT(log), word_parse, logs },
    { "log-rate", AT(log_rate), rate_parse },
    { "log-repeat", AT(log_repeat), rate_parse },
    { "on-error", AT(on_error), verdict_parse },
    { "permissive", AT(permissive), word_parse, yes_no },
    { "targets", 0, NULL },
    { "unknown", AT(unknown), verdict_parse },
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* NULL: no such key, or none that has one value. */
static const struct key *key_of(const char *name)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (keys[i].parse && strcmp(name, keys[i].name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

bool re_setting_known(const char *key)
{
    return key_of(key) != NULL;
}

static const char *name_at(void *opaque, unsigned i)
{
    (void)opaque;
    return i < KEY_COUNT ? keys[i].name : NULL;
}

int re_setting_unknown(struct re_document *doc, const struct re_entry *entry)
{
    char hint[RE_SUGGEST_MAX + 32];

    re_key_diag(doc->diags, RE_ERROR, entry,
                re_suggest_hint(entry->key, name_at, NULL, hint,
                                sizeof(hint)),
                "unknown key \"%.64s\" in [policy]", entry->key);
    return -EINVAL;
}

/* --- files ---------------------------------------------------------------- */

/* The same key in the same file, or NULL. */
static const struct re_entry *first_in(const struct re_settings *all,
                                       const unsigned *depth, const char *key)
{
    for (const struct re_pending *q = all->pending; q; q = q->next) {
        if (q->depth == depth && strcmp(q->setting.entry->key, key) == 0) {
            return q->setting.entry;
        }
    }
    return NULL;
}

int re_setting_twice(struct re_document *doc, const struct re_entry *entry,
                     const struct re_entry *first)
{
    re_key_diag(doc->diags, RE_ERROR, entry, NULL,
                "\"%s\" is set twice; first in line %u", entry->key,
                first->line);
    return -EINVAL;
}

int re_setting_parse(struct re_settings *all, const unsigned *depth,
                     const struct re_entry *entry)
{
    struct re_document *doc = all->doc;
    const struct re_entry *first = first_in(all, depth, entry->key);
    const struct key *key = key_of(entry->key);
    struct re_pending *pending;

    if (first) {
        return re_setting_twice(doc, entry, first);
    }
    pending = re_arena_alloc(doc->arena, sizeof(*pending));
    if (!pending) {
        return -ENOMEM;
    }
    pending->depth = depth;
    pending->setting.entry = entry;
    if (!all->pending) {
        all->tail = &all->pending;
    }
    *all->tail = pending;
    all->tail = &pending->next;
    return key->parse(doc, key, &pending->setting);
}

/* The nearest files come first: what is set already stays, but (an error) a
 * file just as near must not say otherwise. */
static int claim(struct re_document *doc, const struct re_setting *fresh)
{
    const struct re_entry *entry = fresh->entry;
    struct re_setting *setting = (struct re_setting *)
        ((char *)doc + key_of(entry->key)->place);

    if (!setting->entry) {
        *setting = *fresh;
        return 0;
    }
    if (setting->depth < fresh->depth ||
        strcmp(setting->entry->value, entry->value) == 0) {
        return 0;
    }
    re_key_diag(doc->diags, RE_ERROR, entry,
                "set it in the policy that includes both",
                "\"%s\" is set otherwise in %s:%u", entry->key,
                setting->entry->file, setting->entry->line);
    return -EINVAL;
}

int re_settings_claim(struct re_settings *all)
{
    int result = 0;

    for (unsigned depth = 0; depth <= RE_INCLUDE_DEPTH_MAX; depth++) {
        for (struct re_pending *q = all->pending; q; q = q->next) {
            if (*q->depth == depth) {
                int err;

                q->setting.depth = depth;
                err = claim(all->doc, &q->setting);
                result = err ? err : result;
            }
        }
    }
    return result;
}
