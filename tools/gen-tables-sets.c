/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of calls, their spellings, and the sets of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gen-tables.h"

struct names collect_names(const struct target_list *targets,
                           const char *sources)
{
    struct source s = read_source(sources, "spellings.txt");
    struct names names = { { NULL, 0 }, NULL };
    size_t i, k;

    for (i = 0; i < targets->count; i++) {
        const struct target *t = &targets->items[i];

        for (k = 0; k < t->call_count; k++) {
            list_add(&names.all, t->calls[k].name);
        }
        for (k = 0; k < t->subcall_count; k++) {
            list_add(&names.all, t->subcalls[k].name);
        }
    }
    list_sort(&names.all);

    names.canonical = calloc(names.all.count, sizeof(*names.canonical));
    if (!names.canonical) {
        die("out of memory");
    }
    for (i = 0; i < names.all.count; i++) {
        names.canonical[i] = names.all.items[i];
    }
    for (i = 0; i < s.lines.count; i++) {
        struct list w = split(s.lines.items[i], " \t");

        for (k = 0; k < w.count; k++) {
            int n = list_find(&names.all, w.items[k]);

            if (n < 0) {
                die_at(&s, i, "no target has a call %s", w.items[k]);
            }
            if (strcmp(names.canonical[n], w.items[k]) != 0) {
                die_at(&s, i, "%s is in two groups", w.items[k]);
            }
            names.canonical[n] = w.items[0];
        }
    }
    return names;
}

static struct set *find_set(const struct set_list *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->count; i++) {
        if (strcmp(l->items[i].name, name) == 0) {
            return &l->items[i];
        }
    }
    return NULL;
}

static struct set *add_set(struct set_list *l, const char *name,
                           const char *description)
{
    struct set *set;

    l->items = grow(l->items, l->count, sizeof(*l->items));
    set = &l->items[l->count++];
    memset(set, 0, sizeof(*set));
    set->name = name;
    set->description = description;
    return set;
}

/*
 * systemd-analyze prints each set as "@name", an indented "# description",
 * and indented members, of which some are sets. What follows the sets (calls
 * in none of them) is commented out.
 */
static void read_systemd(struct set_list *l, const char *output)
{
    struct list lines = split(output, "\n");
    struct set *set = NULL;
    size_t i;

    for (i = 0; i < lines.count; i++) {
        const char *line = lines.items[i], *word = line + strspn(line, " ");

        if (line[0] == '@') {
            set = add_set(l, line, "");
        } else if (line[0] != ' ') {
            set = NULL;
        } else if (set && word[0] == '#') {
            set->description = word + strspn(word, "# ");
        } else if (set && *word) {
            list_add(&set->members, word);
        }
    }
    if (!find_set(l, "@default") || !find_set(l, "@system-service")) {
        die("systemd-analyze syscall-filter printed no sets");
    }
}

static void read_own(struct set_list *l, const char *sources,
                     const struct names *names)
{
    struct source s = read_source(sources, "sets.txt");
    struct set *set = NULL;
    size_t i, k;

    for (i = 0; i < s.lines.count; i++) {
        char *line = s.lines.items[i], *colon = strchr(line, ':');
        struct list w;

        if (!s.indented[i]) {
            if (line[0] != '@' || !colon) {
                die_at(&s, i, "\"@name: description\" expected");
            }
            *colon = '\0';
            if (find_set(l, line)) {
                die_at(&s, i, "%s: systemd has a set of that name", line);
            }
            set = add_set(l, line, colon + 1 + strspn(colon + 1, " "));
            continue;
        }
        w = split(line, " \t");
        for (k = 0; set && k < w.count; k++) {
            if (list_find(&names->all, w.items[k]) < 0) {
                die_at(&s, i, "no target has a call %s", w.items[k]);
            }
            list_add(&set->members, w.items[k]);
        }
    }
}

/* Replaces nested sets by their members; depth guards against a circle. */
static void unfold(const struct set_list *l, const struct set *set,
                   struct list *ret, const struct names *names, int depth)
{
    size_t i;

    if (depth > 8) {
        die("%s: sets nested in a circle", set->name);
    }
    for (i = 0; i < set->members.count; i++) {
        const char *name = set->members.items[i];

        if (name[0] == '@') {
            const struct set *inner = find_set(l, name);

            if (!inner) {
                die("%s: no set %s", set->name, name);
            }
            unfold(l, inner, ret, names, depth + 1);
        } else if (list_find(&names->all, name) >= 0) {
            list_add(ret, name);
        }
    }
}

static int compare_sets(const void *a, const void *b)
{
    return strcmp(((const struct set *)a)->name,
                  ((const struct set *)b)->name);
}

struct set_list read_sets(const char *systemd_output, const char *sources,
                          const struct names *names)
{
    struct set_list l = { NULL, 0 }, flat = { NULL, 0 };
    size_t i;

    read_systemd(&l, systemd_output);
    read_own(&l, sources, names);
    for (i = 0; i < l.count; i++) {
        struct set *set = add_set(&flat, l.items[i].name,
                                  l.items[i].description);

        unfold(&l, &l.items[i], &set->members, names, 0);
        list_sort(&set->members);
    }
    qsort(flat.items, flat.count, sizeof(*flat.items), compare_sets);
    return flat;
}
