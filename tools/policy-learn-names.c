/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one path means: names in it that are another one each time (process ids,
 * temporary files, versions, other targets' libraries) become patterns.
 */
#include "policy-learn-paths.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum {
    HASH_MIN = 16,          /* hexadecimal digits of a hash */
    SHARD_MAX = 2,          /* ... of a folder that is called by its first ones, */
    SHARDS_MAX = 2,         /* and how many such folders */
    RANDOM_MIN = 5,         /* characters that a temporary name is made of */
    NUMBER_MIN = 3,         /* digits of a process id */
};

/* --- folders -------------------------------------------------------------- */

static const char *const temporary[] = {
    "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/run",
};

/* Whether path is dir, or lies below it. */
bool learn_is_below(const char *path, const char *dir)
{
    size_t length = strlen(dir);

    return strcmp(dir, "/") == 0 ||
        (strncmp(path, dir, length) == 0 &&
         (path[length] == '/' || !path[length]));
}

bool learn_is_below_any(const char *path, const char *const *dirs,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (learn_is_below(path, dirs[i])) {
            return true;
        }
    }
    return false;
}

bool learn_is_within(const char *path, const struct learn_words *folders)
{
    return learn_is_below_any(path, temporary, COUNT(temporary)) ||
        learn_is_below_any(path, (const char *const *)folders->items,
                     folders->count);
}

/* --- one name ------------------------------------------------------------- */

/* A name's place in its path. */
struct place {
    const char *dir;        /* the path before it, without the last slash */
    long pid;
    bool writes, any_target;
};

/* A backslash before what patterns understand. */
char *learn_escaped(const char *word)
{
    char *to, *text = policy_need(malloc(2 * strlen(word) + 1));

    for (to = text; *word; word++) {
        if (strchr("*?[\\", *word)) {
            *to++ = '\\';
        }
        *to++ = *word;
    }
    *to = '\0';
    return text;
}

/* A name as a pattern, in which "put" stands for a part of it. */
static char *without(const char *word, size_t at, size_t length,
                     const char *put)
{
    char *before = policy_need(strndup(word, at));
    char *start = learn_escaped(before), *rest = learn_escaped(word + at + length);
    char *pattern = policy_printf("%s%s%s", start, put, rest);

    free(before);
    free(start);
    free(rest);
    return pattern;
}

static bool all_digits(const char *word)
{
    return *word && word[strspn(word, "0123456789")] == '\0';
}

/* /proc/123, /proc/self/task/123, /proc/self/fd/7 */
static char *in_proc(const char *word, const struct place *p, const char **why)
{
    size_t length = strlen(p->dir);

    if (!learn_is_below(p->dir, "/proc") || !all_digits(word)) {
        return NULL;
    }
    if (strcmp(p->dir, "/proc") == 0 ||
        (length > 5 && strcmp(p->dir + length - 5, "/task") == 0)) {
        *why = "a process id";
        return policy_printf("[0-9]*");
    }
    if (strcmp(p->dir + length - 3, "/fd") == 0 ||
        (length > 7 && strcmp(p->dir + length - 7, "/fdinfo") == 0)) {
        *why = "a descriptor's number";
        return policy_printf("[0-9]*");
    }
    return NULL;
}

/* The length of a character, and whether a policy may hold it: not what json-c
 * puts in the place of bytes that are no text, and nothing that reorders or
 * hides what stands around it. */
static size_t character(const char *at, bool *ret_odd)
{
    uint32_t point;
    size_t length = re_utf8_decode(at, strlen(at), &point);

    *ret_odd = length == 0 || point == 0xfffd || !re_utf8_harmless(point);
    return length ? length : 1;
}

static char *odd_bytes(const char *word, const struct place *p,
                       const char **why)
{
    char *text = policy_need(malloc(2 * strlen(word) + 1)), *to = text;

    (void)p;
    for (size_t n; *word; word += n) {
        bool odd;

        n = character(word, &odd);
        if (odd) {
            *why = "bytes that a policy cannot hold";
            *to = '*';
            to += to == text || to[-1] != '*';
        } else {
            if (strchr("*?[\\", *word)) {
                *to++ = '\\';
            }
            memcpy(to, word, n);
            to += n;
        }
    }
    *to = '\0';
    if (*why) {
        return text;
    }
    free(text);
    return NULL;
}

static char *process_id(const char *word, const struct place *p,
                        const char **why)
{
    char number[24];
    size_t length = snprintf(number, sizeof(number), "%ld", p->pid);

    for (const char *at = word; length >= NUMBER_MIN &&
         (at = strstr(at, number)); at += length) {
        if ((at == word || !isdigit((unsigned char)at[-1])) &&
            !isdigit((unsigned char)at[length])) {
            *why = "the process id";
            return without(word, at - word, length, "[0-9]*");
        }
    }
    return NULL;
}

static const char hash_reason[] = "a hash";

/* Long hexadecimal runs, also with dashes, as in UUIDs. */
static char *hash(const char *word, const struct place *p, const char **why)
{
    (void)p;
    for (size_t i = 0; word[i];) {
        size_t length = strspn(word + i, "0123456789abcdefABCDEF-");
        size_t digits = 0, letters = 0;

        for (size_t j = 0; j < length; j++) {
            digits += !!isdigit((unsigned char)word[i + j]);
            letters += !!isalpha((unsigned char)word[i + j]);
        }
        if (digits + letters >= HASH_MIN && digits && letters) {
            *why = hash_reason;
            return without(word, i, length, "*");
        }
        i += length ? length : 1;
    }
    return NULL;
}

enum chance { NO_CHANCE, WORD_OR_CHANCE, CHANCE };

/* Whether characters look as mkstemp() and its like make them; without a digit
 * they may be a word (PostgreSQL). Where any file may lie, more is asked of
 * them. */
static enum chance chance_of(const char *s, size_t length, bool anywhere)
{
    bool digit = false, lower = false, upper = false, back = false;
    bool hump = false;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = s[i];

        if (!isalnum(c) && c != '_') {
            return NO_CHANCE;
        }
        back |= isalpha(c) && i > 0 && isdigit((unsigned char)s[i - 1]);
        hump |= isupper(c) && i > 0 && islower((unsigned char)s[i - 1]);
        digit |= !!isdigit(c);
        lower |= !!islower(c);
        upper |= !!isupper(c);
    }
    if (length < RANDOM_MIN) {
        return NO_CHANCE;
    }
    if (anywhere) {
        return length > RANDOM_MIN && back ? CHANCE : NO_CHANCE;
    }
    return digit && (lower || upper) ? CHANCE :
        hump && lower ? WORD_OR_CHANCE : NO_CHANCE;
}

/* Names that programs put before the random part without a mark. */
static size_t known_start(const char *s, size_t length)
{
    static const char *const starts[] = { "tmp", "cc", "go-build", "build" };

    for (size_t i = 0; i < COUNT(starts); i++) {
        size_t n = strlen(starts[i]);

        if (length > n + 3 && strncmp(s, starts[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

/* "tmp_obj_abcdef": six characters of mkstemp()'s behind a mark, which need not
 * look as if they were chosen by chance. */
static bool is_marked(const char *s, size_t length)
{
    return length > 10 && strncmp(s, "tmp", 3) == 0 && s[length - 7] == '_' &&
        strcspn(s + length - 6, "_") >= 6;
}

/* What is as random as "least" in a name. */
static char *random_part(const char *word, bool here, enum chance least,
                         const char **why)
{
    for (size_t i = 0; word[i];) {
        size_t length = strcspn(word + i, ".-~#:"), start, end;

        end = i + length;
        start = known_start(word + i, length);
        if (chance_of(word + i, length, !here) >= least ||
            is_marked(word + i, length)) {
            *why = "a temporary name";
            return without(word, i + start, length - start, "*");
        }
        start = length - strspn(word + i, "_abcdefghijklmnopqrstuvwxyz") <
            NUMBER_MIN ? length : strspn(word + i,
                                         "_abcdefghijklmnopqrstuvwxyz");
        if (start < length &&
            strspn(word + i + start, "0123456789") == length - start) {
            *why = "a number in a temporary name";
            return without(word, i + start, length - start, "[0-9]*");
        }
        i = word[end] ? end + 1 : end;
    }
    return NULL;
}

static char *temporary_name(const char *word, const struct place *p,
                            const char **why)
{
    bool here = learn_is_below_any(p->dir, temporary, COUNT(temporary));
    char *text;

    if (!here && !p->writes) {
        return NULL;
    }
    text = random_part(word, here, CHANCE, why);
    return text ? text : random_part(word, here, WORD_OR_CHANCE, why);
}

static const char *const system_folders[] = {
    "/usr", "/lib", "/lib64", "/opt",
};

/* libz.so.1.2.13 */
static char *library_version(const char *word, const struct place *p,
                             const char **why)
{
    const char *so = strstr(word, ".so.");

    (void)p;
    if (!so || !isdigit((unsigned char)so[4]) ||
        so[4 + strspn(so + 4, "0123456789.")]) {
        return NULL;
    }
    *why = "a library's version";
    return without(word, so + 4 - word, strlen(so + 4), "*");
}

/* python3.11, 5.36.0 */
static char *version(const char *word, const struct place *p,
                     const char **why)
{
    if (!learn_is_below_any(p->dir, system_folders, COUNT(system_folders))) {
        return NULL;
    }
    for (size_t i = 0; word[i]; i++) {
        size_t major = strspn(word + i, "0123456789");
        size_t rest = major && word[i + major] == '.' ?
            strspn(word + i + major + 1, "0123456789.") : 0;

        while (rest && word[i + major + rest] == '.') {
            rest--;             /* the dot of a file's ending */
        }
        if (rest) {
            *why = "a version";
            return without(word, i + major + 1, rest, "*");
        }
        i += major ? major - 1 : 0;
    }
    return NULL;
}

/* aarch64-linux-gnu, arm-linux-gnueabihf */
static char *triplet(const char *word, const struct place *p,
                     const char **why)
{
    const char *middle = strstr(word, "-linux-"), *start = middle;
    size_t length;

    if (!p->any_target || !middle) {
        return NULL;
    }
    while (start > word && (isalnum((unsigned char)start[-1]) ||
                            start[-1] == '_')) {
        start--;
    }
    length = strspn(middle + 7, "abcdefghijklmnopqrstuvwxyz0123456789_");
    *why = "other targets have other folders";
    return without(word, start - word, middle + 7 + length - start,
                   "*-linux-*");
}

typedef char *rewrite_fn(const char *word, const struct place *p,
                         const char **why);

/* The first that applies, then those behind it on what it has left. */
static rewrite_fn *const rewrites[] = {
    odd_bytes, in_proc, triplet, process_id, hash, library_version, version,
    temporary_name,
};

/* A name as a pattern, and whether it is more than itself. Only one rewriting,
 * besides that of targets: what it puts in is not looked at again. */
static char *rewrite(const char *word, const struct place *p, bool *wild,
                     const char **why)
{
    for (size_t i = 0; i < COUNT(rewrites); i++) {
        const char *reason = NULL;
        char *now = rewrites[i](word, p, &reason);

        if (now) {
            *wild = true;
            *why = reason;
            return now;
        }
    }
    return learn_escaped(word);
}

/* What lies where C libraries look for their own. "ending": of names that this
 * is about, or "". */
static const struct {
    const char *start, *ending, *wide;
} wide_folders[] = {
    { "/usr/lib", ".so", "/usr/lib*/**.so*" },
    { "/lib", ".so", "/lib*/**.so*" },
    { "/usr/lib/*-linux-*/", "", "/usr/lib/*-linux-*/**" },
    { "/lib/*-linux-*/", "", "/lib/*-linux-*/**" },
    { "/usr/lib/locale/", "", "/usr/lib/locale/**" },
};

/* Another target links other libraries: all of them, wherever they are. */
static void widen(struct item *item)
{
    for (size_t i = 0; i < COUNT(wide_folders); i++) {
        if (strncmp(item->text, wide_folders[i].start,
                    strlen(wide_folders[i].start)) == 0 &&
            strstr(item->text, wide_folders[i].ending)) {
            free(item->text);
            item->text = policy_printf("%s", wide_folders[i].wide);
            item->wild = true;
            item->why = "other targets have other libraries";
            return;
        }
    }
}

/* Where there is one of the first two, there is the other. */
void learn_add_libraries(struct items *list)
{
    bool any[2] = { false, false };

    for (size_t i = 0; i < list->count; i++) {
        any[0] |= strcmp(list->items[i].text, wide_folders[0].wide) == 0;
        any[1] |= strcmp(list->items[i].text, wide_folders[1].wide) == 0;
    }
    if (any[0] != any[1]) {
        list->items = policy_need(reallocarray(list->items, list->count + 1,
                                               sizeof(*list->items)));
        list->items[list->count++] = (struct item) {
            .seen = policy_printf("%s", wide_folders[any[0]].start),
            .text = policy_printf("%s", wide_folders[any[0]].wide),
            .wild = true, .why = "other targets have other libraries",
        };
    }
}

/* --- one path ------------------------------------------------------------- */

/* Hashes are spread over folders that are called by their first digits, as git's
 * objects are, and caches: where the name is a hash, such folders are as well. */
static void loosen_shards(char *pattern)
{
    char *end = pattern + strlen(pattern);

    for (int i = 0; i < SHARDS_MAX; i++) {
        char *start = end;

        while (start > pattern && isxdigit((unsigned char)start[-1])) {
            start--;
        }
        if (start == end || end - start > SHARD_MAX || start == pattern ||
            start[-1] != '/') {
            return;
        }
        memset(start, '?', end - start);
        end = start - 1;
    }
}

void learn_make_item(struct item *item, const struct learn_path *path,
                      const struct learn_path_options *options)
{
    char *rest = policy_printf("%s", path->text), *at = rest, *word;
    char *dir = policy_printf("%s", ""), *pattern = policy_printf("%s", "");

    *item = (struct item) { .seen = policy_printf("%s", path->text) };
    at += *at == '/';
    while (*rest == '/' && (word = strsep(&at, "/"))) {
        struct place p = {
            .dir = dir, .pid = path->pid, .writes = options->writes,
            .any_target = options->any_target,
        };
        const char *why = NULL;
        char *now = rewrite(word, &p, &item->wild, &why);
        char *longer, *deeper;

        item->why = item->why ? item->why : why;
        if (why == hash_reason) {
            loosen_shards(pattern);
        }
        longer = policy_printf("%s/%s", pattern, now);
        deeper = policy_printf("%s/%s", dir, word);
        free(now);
        free(pattern);
        free(dir);
        pattern = longer;
        dir = deeper;
    }
    if (*rest != '/') {         /* "@name": no file */
        char *now = odd_bytes(rest, NULL, &item->why);

        if (now) {
            free(pattern);
            pattern = now;
            item->wild = true;
        }
    }
    item->text = policy_printf("%s", item->wild ? pattern : path->text);
    if (options->any_target && !options->writes) {
        widen(item);
    }
    free(pattern);
    free(dir);
    free(rest);
}
