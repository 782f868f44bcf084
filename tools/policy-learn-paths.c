/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the paths that were seen to those that are meant: names that are another
 * one each time become patterns, and folders of which many files were used
 * become one pattern. What is general is said, with its reason.
 */
#include "policy-learn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    MANY = 6,               /* files of one folder that become a pattern */
    ALIKE = 3,              /* names that differ in a number alone */
    HASH_MIN = 16,          /* hexadecimal digits of a hash */
    RANDOM_MIN = 5,         /* characters that a temporary name is made of */
    NUMBER_MIN = 3,         /* digits of a process id, of a counter */
};

struct item {
    char *seen;
    char *text;             /* a pattern if wild, else the path itself */
    bool wild, whole;       /* whole: text ends in a pattern for a folder */
    const char *why;
};

struct items {
    struct item *items;
    size_t count;
};

/* --- folders -------------------------------------------------------------- */

static const char *const temporary[] = {
    "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/run",
};

/* Whether path is dir, or lies below it. */
static bool is_below(const char *path, const char *dir)
{
    size_t length = strlen(dir);

    return strcmp(dir, "/") == 0 ||
        (strncmp(path, dir, length) == 0 &&
         (path[length] == '/' || !path[length]));
}

static bool is_below_any(const char *path, const char *const *dirs,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_below(path, dirs[i])) {
            return true;
        }
    }
    return false;
}

bool learn_is_within(const char *path, const struct learn_words *folders)
{
    return is_below_any(path, temporary, COUNT(temporary)) ||
        is_below_any(path, (const char *const *)folders->items,
                     folders->count);
}

/* --- one name ------------------------------------------------------------- */

/* A name's place in its path. */
struct place {
    const char *dir;        /* the path before it, without the last slash */
    long pid;
    bool writes, any_target;
};

static char *without(const char *word, size_t at, size_t length,
                     const char *put)
{
    return policy_printf("%.*s%s%s", (int)at, word, put, word + at + length);
}

static bool all_digits(const char *word)
{
    return *word && word[strspn(word, "0123456789")] == '\0';
}

/* /proc/123, /proc/self/task/123, /proc/self/fd/7 */
static char *in_proc(const char *word, const struct place *p, const char **why)
{
    size_t length = strlen(p->dir);

    if (!is_below(p->dir, "/proc") || !all_digits(word)) {
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

/* Bytes that are no text: json-c has put U+FFFD in their place. */
static size_t odd_length(const char *at)
{
    if ((unsigned char)*at < ' ' || *at == 0x7f) {
        return *at != '\0';
    }
    /* C1 controls, and U+FFFD */
    return *at == '\xc2' && (unsigned char)at[1] < 0xa0 ? 2 :
        strncmp(at, "\xef\xbf\xbd", 3) == 0 ? 3 : 0;
}

static char *odd_bytes(const char *word, const struct place *p,
                       const char **why)
{
    char *text = policy_need(malloc(2 * strlen(word) + 1)), *to = text;

    (void)p;
    for (size_t n; *word; word += n) {
        n = odd_length(word);
        if (n) {
            *why = "bytes that a policy cannot hold";
            *to = '*';
            to += to == text || to[-1] != '*';
        } else {
            n = 1;
            if (strchr("*?[\\", *word)) {
                *to++ = '\\';
            }
            *to++ = *word;
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
            *why = "a hash";
            return without(word, i, length, "*");
        }
        i += length ? length : 1;
    }
    return NULL;
}

/* Whether characters look as mkstemp() and its like make them. Where any file
 * may lie, more is asked of them. */
static bool is_random(const char *s, size_t length, bool anywhere)
{
    bool digit = false, lower = false, upper = false, back = false;
    bool hump = false;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = s[i];

        if (!isalnum(c) && c != '_') {
            return false;
        }
        back |= isalpha(c) && i > 0 && isdigit((unsigned char)s[i - 1]);
        hump |= isupper(c) && i > 0 && islower((unsigned char)s[i - 1]);
        digit |= !!isdigit(c);
        lower |= !!islower(c);
        upper |= !!isupper(c);
    }
    if (length < RANDOM_MIN) {
        return false;
    }
    return anywhere ? length > RANDOM_MIN && back :
        (digit && (lower || upper)) || (hump && lower);
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

static char *temporary_name(const char *word, const struct place *p,
                            const char **why)
{
    bool here = is_below_any(p->dir, temporary, COUNT(temporary));

    if (!here && !p->writes) {
        return NULL;
    }
    for (size_t i = 0; word[i];) {
        size_t length = strcspn(word + i, ".-~#:"), start, end;

        end = i + length;
        start = here ? known_start(word + i, length) : 0;
        if (is_random(word + i, length, !here)) {
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

static const char *const system_folders[] = { "/usr", "/lib", "/lib64", "/opt" };

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
    return policy_printf("%.*s.so.*", (int)(so - word), word);
}

/* python3.11, 5.36.0 */
static char *version(const char *word, const struct place *p,
                     const char **why)
{
    if (!is_below_any(p->dir, system_folders, COUNT(system_folders))) {
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

/* A backslash before what patterns understand. */
static char *escaped(const char *word)
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
            *why = *why ? *why : reason;
            return now;
        }
    }
    return escaped(word);
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
static void add_libraries(struct items *list)
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

static void make_item(struct item *item, const struct learn_path *path,
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
        char *now = rewrite(word, &p, &item->wild, &item->why);
        char *longer = policy_printf("%s/%s", pattern, now);
        char *deeper = policy_printf("%s/%s", dir, word);

        free(now);
        free(pattern);
        free(dir);
        pattern = longer;
        dir = deeper;
    }
    item->text = policy_printf("%s", item->wild ? pattern : path->text);
    if (options->any_target && !options->writes) {
        widen(item);
    }
    free(pattern);
    free(dir);
    free(rest);
}

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

/* The path with its number as a pattern, or NULL. Its folders may be patterns by
 * now. */
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
    before = item->wild ? policy_printf("%s", text) : escaped(text);
    after = escaped(item->text + at + length);
    free(text);
    text = policy_printf("%s[0-9]*%s", before, after);
    free(before);
    free(after);
    return text;
}

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

/* Three files that differ in a number: there will be a fourth. */
static void join_numbers(struct items *list, struct learn_notes *notes)
{
    struct learn_words texts = { 0 };

    for (size_t i = 0; i < list->count; i++) {
        char *text = numbered(&list->items[i]);

        if (text) {
            learn_words_add(&texts, text);
        }
    }
    learn_words_sort(&texts);
    for (size_t i = 0; i < list->count; i++) {
        struct item *item = &list->items[i];
        char *text = numbered(item);

        if (text && are_many(&texts, text)) {
            free(item->text);
            item->text = text;
            item->wild = true;
            item->why = "they differ in a number";
            note(notes, item->seen, item->text, item->why);
        } else {
            free(text);
        }
    }
    learn_words_free(&texts);
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
                escaped(name + 1);
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
    struct learn_words texts = { 0 };

    for (size_t i = 0; i < list->count; i++) {
        char *text = anywhere(&list->items[i]);

        if (text) {
            learn_words_add(&texts, text);
        }
    }
    learn_words_sort(&texts);
    for (size_t i = 0; i < list->count; i++) {
        struct item *item = &list->items[i];
        char *text = anywhere(item);

        if (text && are_many(&texts, text)) {
            free(item->text);
            item->text = text;
            item->wild = true;
            item->why = "a library that is looked for in many folders";
            note(notes, item->seen, item->text, item->why);
        } else {
            free(text);
        }
    }
    learn_words_free(&texts);
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
    if (is_below(dir, "/home") && depth(dir) < 3 &&
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
        if (is_below(o->folders->items[i], dir) &&
            strcmp(o->folders->items[i], dir) != 0) {
            return false;
        }
    }
    return !o->writes || !is_below_any(dir, unwritable, COUNT(unwritable));
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
        base = wild ? policy_printf("%s", dir) : escaped(dir);
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
        make_item(&list.items[list.count++], &paths[i], options);
    }
    add_libraries(&list);
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
