/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the paths that were seen to those that are meant: paths that differ in a
 * number become one pattern, and so do folders of which many files were used.
 * What is general is said, with its reason.
 */
#include "policy-learn-paths.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANY = 6,               /* files of one folder that become a pattern */
    ALIKE = 3,              /* names that differ in a number alone */
    NUMBER_MIN = 3,         /* digits of a counter */
};

/* --- many paths ----------------------------------------------------------- */

/* A slash comes before all else, so that what lies in a folder stands
 * together, and so does what lies in each of its folders. */
static int compare(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++) {
    }
    return (*a == '/' ? 1 : (unsigned char)*a) -
        (*b == '/' ? 1 : (unsigned char)*b);
}

static int by_text(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare(x->text, y->text);

    return order ? order : (int)x->wild - (int)y->wild;
}

static void free_item(struct item *item)
{
    free(item->seen);
    free(item->text);
}

static void note(struct learn_notes *notes, const char *from, const char *to,
                 const char *why)
{
    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(notes->items[i].to, to) == 0) {
            notes->items[i].count++;
            return;
        }
    }
    notes->items = policy_need(reallocarray(notes->items, notes->count + 1,
                                            sizeof(*notes->items)));
    notes->items[notes->count++] = (struct learn_note) {
        .from = policy_printf("%s", from), .to = policy_printf("%s", to),
        .why = why, .count = 1,
    };
}

/* Sorts, and keeps one of each. */
static void unite(struct items *list)
{
    size_t kept = 0;

    if (list->count) {
        qsort(list->items, list->count, sizeof(*list->items), by_text);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept && by_text(&list->items[kept - 1], &list->items[i]) == 0) {
            free_item(&list->items[i]);
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* --- paths that are alike ------------------------------------------------- */

/* How many of the sorted words are this one, if they are enough. */
static bool are_many(const struct learn_words *sorted, const char *word)
{
    size_t low = 0, high = sorted->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(sorted->items[middle], word) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low + ALIKE <= sorted->count &&
        strcmp(sorted->items[low + ALIKE - 1], word) == 0;
}

/* What "wider" makes of a path, or NULL; malloc'ed. */
typedef char *wider_fn(const struct item *item);

/* Gives the items of which "wider" makes the same, if there are enough of them,
 * and "wants" (NULL: anything) holds for one, what it makes of them. */
static void join_alike(struct items *list, wider_fn *wider,
                       bool (*wants)(const struct item *item), const char *why,
                       struct learn_notes *notes)
{
    struct learn_words texts = { 0 }, wanted = { 0 };

    for (size_t i = 0; i < list->count; i++) {
        char *text = wider(&list->items[i]);

        if (text && wants && wants(&list->items[i])) {
            learn_words_add(&wanted, policy_printf("%s", text));
        }
        if (text) {
            learn_words_add(&texts, text);
        }
    }
    learn_words_sort(&texts);
    for (size_t i = 0; i < list->count; i++) {
        struct item *item = &list->items[i];
        char *text = wider(item);

        if (text && are_many(&texts, text) &&
            (!wants || learn_words_have(&wanted, text))) {
            free(item->text);
            item->text = text;
            item->wild = true;
            item->why = why;
            note(notes, item->seen, item->text, item->why);
        } else {
            free(text);
        }
    }
    learn_words_free(&texts);
    learn_words_free(&wanted);
}

/* --- numbers -------------------------------------------------------------- */

/* The last run of digits in a path's last name; false: it has none. */
static bool find_number(const char *text, size_t *at, size_t *length)
{
    const char *name = strrchr(text, '/'), *end;

    for (end = text + strlen(text); end > name; end--) {
        if (isdigit((unsigned char)end[-1])) {
            const char *start = end;

            while (start > name && isdigit((unsigned char)start[-1])) {
                start--;
            }
            *at = start - text;
            *length = end - start;
            return true;
        }
    }
    return false;
}

/* The path with its number as a pattern, or NULL. Its folders may be patterns
 * by now. */
static char *numbered(const struct item *item)
{
    size_t at, length;
    const char *name = strrchr(item->text, '/');
    char *before, *after, *text;

    if (!name || (item->wild && strpbrk(name, "*[?\\")) ||
        !find_number(item->text, &at, &length)) {
        return NULL;
    }
    text = policy_need(strndup(item->text, at));
    before = item->wild ? policy_printf("%s", text) : learn_escaped(text);
    after = learn_escaped(item->text + at + length);
    free(text);
    text = policy_printf("%s[0-9]*%s", before, after);
    free(before);
    free(after);
    return text;
}

/* Three files that differ in a number: there will be a fourth. */
static void join_numbers(struct items *list, struct learn_notes *notes)
{
    join_alike(list, numbered, NULL, "they differ in a number", notes);
}

/* --- shards ---------------------------------------------------------------- */

/* The last of a path's names that are two hexadecimal digits: where its slash
 * is, or NULL. */
static char *find_shard(const char *text)
{
    for (const char *at = text + strlen(text); at-- > text;) {
        if (*at == '/' && isxdigit((unsigned char)at[1]) &&
            isxdigit((unsigned char)at[2]) && (!at[3] || at[3] == '/')) {
            return (char *)at;
        }
    }
    return NULL;
}

static char *without_shard(const struct item *item)
{
    char *text = item->wild ? policy_printf("%s", item->text) :
        learn_escaped(item->text);
    char *at = find_shard(text);

    if (!at) {
        free(text);
        return NULL;
    }
    at[1] = at[2] = '?';
    return text;
}

/* Else it may be a number: a month, a terminal. */
static bool has_letter(const struct item *item)
{
    const char *at = find_shard(item->text);

    return isalpha((unsigned char)at[1]) || isalpha((unsigned char)at[2]);
}

/* A store that spreads what it has over 256 folders: three were used. */
static void join_shards(struct items *list, struct learn_notes *notes)
{
    join_alike(list, without_shard, has_letter,
               "they differ in two hexadecimal digits", notes);
}

/* --- libraries ------------------------------------------------------------ */

/* A pattern for a library anywhere below /usr/lib; or NULL. */
static char *anywhere(const struct item *item)
{
    static const char *const roots[] = { "/usr/lib/", "/lib/", "/lib64/" };
    const char *name = strrchr(item->text, '/');

    for (size_t i = 0; name && i < COUNT(roots); i++) {
        if (strncmp(item->text, roots[i], strlen(roots[i])) == 0 &&
            strstr(name, ".so")) {
            char *word = item->wild ? policy_printf("%s", name + 1) :
                learn_escaped(name + 1);
            char *text = policy_printf("%s**%s", roots[i], word);

            free(word);
            return text;
        }
    }
    return NULL;
}

/* The dynamic linker tries one folder after the other. */
static void join_searches(struct items *list, struct learn_notes *notes)
{
    join_alike(list, anywhere, NULL,
               "a library that is looked for in many folders", notes);
}

/* --- folders with many files ---------------------------------------------- */

/* Where secrets and strangers lie: not opened because of many neighbours. */
static const char *const closed[] = {
    "/etc/ssl", "/etc/ssl/private", "/etc/ssh", "/etc/pki", "/usr/bin",
    "/usr/sbin", "/var/lib", "/var/log", "/var/mail", "/var/spool",
    "/var/tmp", "/var/run", "/var/cache", "/run/user", "/dev/shm", "/dev/pts",
    "/dev/mapper", "/proc/self", "/proc/self/task", "/proc/self/fd",
    "/proc/sys", "/sys/class", "/sys/devices", "/sys/kernel", "/sys/bus",
};

static const char *const unwritable[] = {
    "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev",
    "/proc", "/sys",
};

static unsigned depth(const char *dir)
{
    unsigned n = 0;

    for (; *dir; dir++) {
        n += *dir == '/' && dir[1];
    }
    return n;
}

static bool may_fold(const char *dir, const struct learn_path_options *o)
{
    if (depth(dir) < 2 || strstr(dir, "/.ssh") || strstr(dir, "/.gnupg") ||
        strstr(dir, "/private") || strncmp(dir, "/proc/[", 7) == 0) {
        return false;
    }
    if (learn_is_below(dir, "/home") && depth(dir) < 3 &&
        !learn_words_have(o->folders, dir)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(closed); i++) {
        if (strcmp(dir, closed[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < o->folders->count; i++) {
        /* What is around the program's ground is not its own. */
        if (learn_is_below(o->folders->items[i], dir) &&
            strcmp(o->folders->items[i], dir) != 0) {
            return false;
        }
    }
    return !o->writes ||
        !learn_is_below_any(dir, unwritable, COUNT(unwritable));
}

/* The folder's name as far as a path has it: 0 when the path is not below. */
static size_t folder_of(const char *text)
{
    return strrchr(text, '/') - text;
}

/* Different names directly in a folder that lead to what was used; "*deeper":
 * some of them are folders. */
static unsigned count_children(const struct items *list, size_t first,
                               const char *dir, size_t length, bool *deeper)
{
    const char *last = NULL;
    size_t last_length = 0;
    unsigned count = 0;

    for (size_t i = first; i < list->count; i++) {
        const char *text = list->items[i].text, *name;
        size_t n;

        if (strncmp(text, dir, length) != 0 || text[length] != '/') {
            break;
        }
        name = text + length + 1;
        n = strcspn(name, "/");
        *deeper |= name[n] == '/';
        if (!last || n != last_length || strncmp(last, name, n) != 0) {
            count++;
        }
        last = name;
        last_length = n;
    }
    return count;
}

static void fold_into(struct items *list, const char *dir, bool deeper,
                      struct learn_notes *notes)
{
    size_t length = strlen(dir);
    bool wild = false;

    for (size_t i = 0; i < list->count; i++) {
        struct item *item = &list->items[i];

        if (strncmp(item->text, dir, length) == 0 &&
            item->text[length] == '/') {
            wild |= item->wild && strpbrk(dir, "*[?\\");
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        struct item *item = &list->items[i];
        char *base;

        if (strncmp(item->text, dir, length) != 0 ||
            item->text[length] != '/') {
            continue;
        }
        base = wild ? policy_printf("%s", dir) : learn_escaped(dir);
        free(item->text);
        item->text = policy_printf("%s/%s", base, deeper ? "**" : "*");
        item->wild = item->whole = true;
        item->why = "many files of a folder";
        note(notes, item->seen, item->text, item->why);
        free(base);
    }
}

/* The deepest folder with many names, as long as there is one. Items are
 * sorted, so that those of a folder stand together. */
static bool fold_one(struct items *list, const struct learn_path_options *o,
                     struct learn_notes *notes)
{
    char *best = NULL;
    bool best_deeper = false, found;

    for (size_t i = 0; i < list->count; i++) {
        char *dir = policy_printf("%s", list->items[i].text);

        for (size_t n = folder_of(dir); n > 0; n = folder_of(dir)) {
            bool deeper = false;

            dir[n] = '\0';
            if (i > 0 && strncmp(list->items[i - 1].text, dir, n) == 0 &&
                list->items[i - 1].text[n] == '/') {
                break;          /* counted with the one before */
            }
            if (may_fold(dir, o) && (!best || depth(dir) > depth(best)) &&
                count_children(list, i, dir, n, &deeper) >= MANY) {
                free(best);
                best = policy_printf("%s", dir);
                best_deeper = deeper;
            }
        }
        free(dir);
    }
    found = best;
    if (found) {
        fold_into(list, best, best_deeper, notes);
    }
    free(best);
    return found;
}

/* --- what comes out ------------------------------------------------------- */

/* "/a/b/" and two stars is "under /a/b", if that has nothing else. */
static void put_pattern(struct learn_patterns *ret, const struct item *item,
                        bool wrote)
{
    size_t length = strlen(item->text);
    struct learn_pattern p = {
        .relation = item->wild ? LEARN_LIKE : LEARN_EQUAL, .wrote = wrote,
    };

    if (item->whole && length > 3 &&
        strcmp(item->text + length - 3, "/**") == 0 &&
        strcspn(item->text, "*?[\\") == length - 2) {
        p.relation = LEARN_UNDER;
        length -= 3;
    }
    p.text = policy_need(strndup(item->text, length));
    ret->items = policy_need(reallocarray(ret->items, ret->count + 1,
                                          sizeof(*ret->items)));
    ret->items[ret->count++] = p;
}

/* Of what was noted on the way, that which has come out. */
static void take_notes(struct learn_notes *to, const struct learn_notes *from,
                       const char *text)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct learn_note *n = &from->items[i];

        if (strcmp(n->to, text) == 0) {
            note(to, n->from, n->to, n->why);
            to->items[to->count - 1].count = n->count;
        }
    }
}

void learn_generalise(struct learn_patterns *ret, const struct learn_path *paths,
                      size_t count, const struct learn_path_options *options,
                      struct learn_notes *notes)
{
    struct items list = {
        .items = policy_need(calloc(count + 1, sizeof(struct item))),
    };
    struct learn_notes own = { 0 };

    for (size_t i = 0; i < count; i++) {
        learn_make_item(&list.items[list.count++], &paths[i], options);
    }
    learn_add_libraries(&list);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].wild) {
            note(&own, list.items[i].seen, list.items[i].text,
                 list.items[i].why);
        }
    }
    unite(&list);
    if (!options->writes && !options->any_target) {
        join_searches(&list, &own);
    }
    join_shards(&list, &own);
    join_numbers(&list, &own);
    unite(&list);
    while (options->folds && fold_one(&list, options, &own)) {
        unite(&list);
    }
    for (size_t i = 0; i < list.count; i++) {
        put_pattern(ret, &list.items[i], options->writes);
        take_notes(notes, &own, list.items[i].text);
        free_item(&list.items[i]);
    }
    learn_notes_free(&own);
    free(list.items);
}

void learn_patterns_free(struct learn_patterns *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].text);
    }
    free(p->items);
    *p = (struct learn_patterns) { 0 };
}

void learn_notes_free(struct learn_notes *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->items[i].from);
        free(n->items[i].to);
    }
    free(n->items);
    *n = (struct learn_notes) { 0 };
}
