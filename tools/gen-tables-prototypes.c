/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prototypes: the kernel's, those of sources/, and what their arguments are. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gen-tables.h"

/* --- reading C prototypes ----------------------------------------------- */

/* Blanks out comments, so that what is left can be scanned for prototypes. */
static void remove_comments(char *text)
{
    char *p = text, *end;

    while ((p = strstr(p, "/*"))) {
        end = strstr(p + 2, "*/");
        end = end ? end + 2 : p + strlen(p);
        memset(p, ' ', end - p);
    }
}

/* Words separated by one space, "*" before what it points from, no __user. */
static char *tidy(const char *from, size_t length)
{
    char *out = malloc(2 * length + 1), *to = out;
    size_t i = 0, n;

    while (i < length) {
        if (isspace((unsigned char)from[i])) {
            i++;
        } else if (from[i] == '*') {
            if (to > out && to[-1] != '*') {
                *to++ = ' ';
            }
            *to++ = '*';
            i++;
        } else {
            for (n = i; n < length && !isspace((unsigned char)from[n]) &&
                 from[n] != '*'; n++) {
            }
            if (n - i != 6 || strncmp(from + i, "__user", 6) != 0) {
                if (to > out && (to[-1] != '*' || from[i] != ' ')) {
                    *to++ = ' ';
                }
                memcpy(to, from + i, n - i);
                to += n - i;
            }
            i = n;
        }
    }
    *to = '\0';
    return out;
}

static bool is_type_word(const char *word)
{
    static const char *const words[] = {
        "int", "unsigned", "long", "char", "short", "size_t", "u32", "__u32",
        "u64", "fd_set", "aio_context_t", "old_sigset_t", "__sighandler_t",
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "const char *filename@2" into type, name ("" if it has none), register. */
static void read_argument(struct argument *a, char *text)
{
    char *at = strchr(text, '@'), *last, *p;

    a->reg = -1;
    if (at) {
        a->reg = atoi(at + 1);
        *at = '\0';
    }
    last = text + strlen(text);
    while (last > text && (isalnum((unsigned char)last[-1]) ||
                           last[-1] == '_')) {
        last--;
    }
    a->name = "";
    if (*last && last > text && !is_type_word(last)) {
        p = last;
        a->name = copy_text(last, strlen(last));
        while (p > text && p[-1] == ' ') {
            p--;
        }
        /* "struct sockaddr" alone would be a type, but always has a "*". */
        *p = '\0';
    }
    a->type = copy_text(text, strlen(text));
    a->cls = a->kind = a->family = NULL;
}

static void add_prototype(struct prototype_list *l, const char *name,
                          const char *args, size_t length)
{
    struct prototype *p;
    size_t i, from = 0;

    for (i = 0; i < l->count; i++) {
        if (strcmp(l->items[i].name, name) == 0) {
            return;             /* the first holds: ours, then the kernel's */
        }
    }
    l->items = grow(l->items, l->count, sizeof(*l->items));
    p = &l->items[l->count++];
    memset(p, 0, sizeof(*p));
    p->name = name;
    for (i = 0; i <= length; i++) {
        char *text;

        if (i < length && args[i] != ',') {
            continue;
        }
        text = tidy(args + from, i - from);
        from = i + 1;
        if (!*text || strcmp(text, "void") == 0) {
            continue;
        }
        if (p->count == 6) {
            die("%s: more than six arguments", name);
        }
        read_argument(&p->args[p->count++], text);
    }
}

static void read_kernel(struct prototype_list *l, const char *path)
{
    static const char start[] = "asmlinkage long sys_";
    char *text = read_file(path), *p, *open, *close;

    remove_comments(text);
    for (p = text; (p = strstr(p, start)); p = close) {
        p += strlen(start);
        open = strchr(p, '(');
        close = open ? strchr(open, ')') : NULL;
        if (!close) {
            die("%s: a prototype without an end", path);
        }
        add_prototype(l, copy_text(p, open - p), open + 1, close - open - 1);
    }
}

static void read_own(struct prototype_list *l, const char *sources)
{
    struct source s = read_source(sources, "prototypes.txt");
    size_t i;

    for (i = 0; i < s.lines.count; i++) {
        char *line = s.lines.items[i], *open = strchr(line, '(');
        size_t n = strlen(line);

        if (!open || line[n - 1] != ')') {
            die_at(&s, i, "not of the form name(type name, ...)");
        }
        add_prototype(l, copy_text(line, open - line), open + 1,
                      line + n - open - 2);
    }
}

static int compare_prototypes(const void *a, const void *b)
{
    return strcmp(((const struct prototype *)a)->name,
                  ((const struct prototype *)b)->name);
}

struct prototype_list read_prototypes(const char *linux_tree,
                                      const char *sources)
{
    struct prototype_list l = { NULL, 0 };

    read_own(&l, sources);
    read_kernel(&l, format_text("%s/include/linux/syscalls.h", linux_tree));
    qsort(l.items, l.count, sizeof(*l.items), compare_prototypes);
    return l;
}

struct prototype *find_prototype(const struct prototype_list *l,
                                 const char *name)
{
    struct prototype key = { .name = name };

    return bsearch(&key, l->items, l->count, sizeof(*l->items),
                   compare_prototypes);
}

/* --- what the arguments are --------------------------------------------- */

static struct argument *find_argument(struct prototype *p, const char *name)
{
    int i;

    for (i = 0; i < p->count; i++) {
        if (strcmp(p->args[i].name, name) == 0) {
            return &p->args[i];
        }
    }
    return NULL;
}

static bool is_pointer(const struct argument *a)
{
    return strchr(a->type, '*') != NULL;
}

/* "flags/open/32" */
static void set_what(struct argument *a, const char *what)
{
    struct list w = split(what, "/");

    a->kind = w.items[0];
    if (w.count > 1 && strcmp(w.items[1], "-") != 0) {
        a->family = w.items[1];
    }
    if (w.count > 2) {
        bool is_signed = a->cls[0] == 's';

        if (strcmp(w.items[2], "32") != 0) {
            die("a width of %s is not supported", w.items[2]);
        }
        a->cls = is_signed ? "s32" : "u32";
    }
}

static void set_classes(struct prototype_list *l, const char *sources)
{
    struct source s = read_source(sources, "types.txt");
    size_t i, k;
    int n;

    for (i = 0; i < l->count; i++) {
        for (n = 0; n < l->items[i].count; n++) {
            struct argument *a = &l->items[i].args[n];

            for (k = 0; k < s.lines.count && !a->cls; k++) {
                char *type = strchr(s.lines.items[k], ' ');

                if (type && strcmp(type + 1, a->type) == 0) {
                    a->cls = copy_text(s.lines.items[k],
                                       type - s.lines.items[k]);
                }
            }
            if (is_pointer(a)) {
                a->cls = "ulong";
            } else if (!a->cls) {
                die("sources/types.txt lacks the type \"%s\" of %s",
                    a->type, l->items[i].name);
            }
        }
    }
}

static void apply_call(const struct source *s, size_t line,
                       struct prototype_list *l, const struct list *w)
{
    struct prototype *p = find_prototype(l, w->items[1]);
    size_t i;

    if (!p) {
        die_at(s, line, "no prototype %s", w->items[1]);
    }
    for (i = 2; i < w->count; i++) {
        char *what = strchr(w->items[i], '=');
        struct argument *a;

        if (!what) {
            die_at(s, line, "ARG=WHAT expected, not %s", w->items[i]);
        }
        *what++ = '\0';
        a = find_argument(p, w->items[i]);
        if (!a) {
            die_at(s, line, "%s has no argument %s", w->items[1],
                   w->items[i]);
        }
        set_what(a, what);
    }
}

/* "type T = what", "name A B = what", "pointer A B = what": for all arguments
 * that nothing more special has covered. */
static void apply_rule(struct prototype_list *l, const char *form,
                       const struct list *words, const char *what,
                       const char *type)
{
    size_t i, k;
    int n;

    for (i = 0; i < l->count; i++) {
        for (n = 0; n < l->items[i].count; n++) {
            struct argument *a = &l->items[i].args[n];
            bool fits = false;

            if (a->kind) {
                continue;
            }
            if (strcmp(form, "type") == 0) {
                fits = strcmp(a->type, type) == 0;
            } else if (is_pointer(a) == (strcmp(form, "pointer") == 0)) {
                for (k = 1; k < words->count; k++) {
                    fits |= strcmp(a->name, words->items[k]) == 0;
                }
            }
            if (fits) {
                set_what(a, what);
            }
        }
    }
}

static void set_defaults(struct prototype_list *l)
{
    size_t i;
    int n;

    for (i = 0; i < l->count; i++) {
        for (n = 0; n < l->items[i].count; n++) {
            struct argument *a = &l->items[i].args[n];

            if (!a->kind) {
                a->kind = is_pointer(a) ? "pointer" : "int";
            }
            if (!a->family) {
                a->family = "none";
            }
        }
    }
}

void annotate_prototypes(struct prototype_list *l, const char *sources)
{
    static const char *const order[] = { "call", "name", "pointer", "type" };
    struct source s = read_source(sources, "arguments.txt");
    size_t form, i;

    set_classes(l, sources);
    for (form = 0; form < ARRAY_SIZE(order); form++) {
        for (i = 0; i < s.lines.count; i++) {
            char *line = s.lines.items[i], *equals = strstr(line, " = ");
            struct list w;

            if (strncmp(line, order[form], strlen(order[form])) != 0) {
                continue;
            }
            w = split(line, " \t");
            if (strcmp(order[form], "call") == 0) {
                apply_call(&s, i, l, &w);
                continue;
            }
            if (!equals) {
                die_at(&s, i, "\" = WHAT\" expected");
            }
            w = split(copy_text(line, equals - line), " \t");
            apply_rule(l, order[form], &w, equals + 3,
                       copy_text(line + 5, equals - line - 5));
        }
    }
    set_defaults(l);
}

/* --- which call has which prototype ------------------------------------- */

/* The prototype that an entry point's name stands for; NULL: none. */
static struct prototype *by_entry(const struct prototype_list *l,
                                  const char *entry)
{
    static const char *const prefixes[] = {
        "compat_sys_", "__sys_", "sys32_", "sys64_", "sysn32_", "parisc_",
        "alpha_", "sys_ppc64_", "sys_ppc_", "sys_ia32_", "sys_sparc64_",
        "sys_sparc_", "sys_s390_", "sys_32_", "compat_sys_x32_", "xtensa_",
        "sys_",
    };
    static const char *const suffixes[] = { "", "_wrapper", "_time64" };
    size_t i, k;

    for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
        size_t n = strlen(prefixes[i]);

        if (strncmp(entry, prefixes[i], n) != 0) {
            continue;
        }
        for (k = 0; k < ARRAY_SIZE(suffixes); k++) {
            size_t length = strlen(entry) - n, cut = strlen(suffixes[k]);
            struct prototype *p;

            if (length <= cut ||
                strcmp(entry + n + length - cut, suffixes[k]) != 0) {
                continue;
            }
            p = find_prototype(l, copy_text(entry + n, length - cut));
            if (p) {
                return p;
            }
        }
    }
    return NULL;
}

static const char *choose(const struct source *s, const struct target *t,
                          const struct prototype_list *l,
                          const struct call *c)
{
    bool unused = strstr(c->entry, "ni_syscall") ||
        strstr(c->entry, "nis_syscall") || !*c->entry ||
        strcmp(c->entry, "-") == 0;
    const char *by_list = NULL;
    struct prototype *p;
    size_t i;

    for (i = 0; i < s->lines.count; i++) {
        struct list w = split(s->lines.items[i], " \t");

        if (w.count == 4 && strcmp(w.items[0], "call") == 0) {
            if (strcmp(w.items[2], c->name) == 0 &&
                comma_list_has(w.items[1], t->name)) {
                return w.items[3];
            }
        } else if (w.count == 2) {
            if (strcmp(w.items[0], c->entry) == 0) {
                by_list = w.items[1];
            }
        } else {
            die_at(s, i, "\"ENTRY PROTOTYPE\" or \"call TARGETS NAME "
                   "PROTOTYPE\" expected");
        }
    }
    if (by_list) {
        return by_list;
    }
    p = unused ? NULL : by_entry(l, c->entry);
    if (!p) {
        /* What the target's kernel lacks QEMU may have; a call of that name
         * has the same arguments everywhere. */
        p = find_prototype(l, c->name);
    }
    return p ? p->name : "none";
}

struct list assign_prototypes(struct target_list *targets,
                              struct prototype_list *l, const char *sources)
{
    struct source s = read_source(sources, "entries.txt");
    struct list unknown = { NULL, 0 };
    struct prototype *p;
    size_t i, k;

    for (i = 0; i < targets->count; i++) {
        struct target *t = &targets->items[i];

        for (k = 0; k < t->call_count + t->subcall_count; k++) {
            struct call *c = k < t->call_count ? &t->calls[k]
                : &t->subcalls[k - t->call_count];

            if (k < t->call_count) {
                c->prototype = choose(&s, t, l, c);
            }
            p = find_prototype(l, c->prototype);
            if (p) {
                p->used = true;
            } else if (strcmp(c->prototype, "none") == 0) {
                list_add(&unknown, format_text("%s:%s %s", t->name, c->name,
                                               c->entry));
            } else {
                die("no prototype %s, which %s of %s should have",
                    c->prototype, c->name, t->name);
            }
        }
    }
    return unknown;
}
