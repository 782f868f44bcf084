/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's linux-user targets and the numbers of their calls. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gen-tables.h"

/* The value of KEY=value in a .mak file. The last of several holds, as in
 * make; NULL if there is none. */
static char *mak_value(const char *mak, const char *key)
{
    size_t length = strlen(key);
    char *value = NULL;

    while (mak && *mak) {
        if (strncmp(mak, key, length) == 0 && mak[length] == '=') {
            mak += length + 1;
            value = copy_text(mak, strcspn(mak, "\n"));
        }
        mak = strchr(mak, '\n');
        if (mak) {
            mak++;
        }
    }
    return value;
}

static char *upper(const char *text)
{
    char *copy = copy_text(text, strlen(text)), *p;

    for (p = copy; *p; p++) {
        *p = toupper((unsigned char)*p);
    }
    return copy;
}

static void read_mak(struct target *t, const char *qemu)
{
    char *mak = read_file(format_text("%s/configs/targets/%s-linux-user.mak",
                                      qemu, t->name));
    char *arch = mak_value(mak, "TARGET_ARCH");
    char *base_arch = mak_value(mak, "TARGET_BASE_ARCH");
    char *dir = mak_value(mak, "TARGET_ABI_DIR");
    char *bits = mak_value(mak, "TARGET_LONG_BITS");
    static const char *const abis[] = {
        "TARGET_ABI_MIPSO32", "TARGET_ABI_MIPSN32", "TARGET_ABI_MIPSN64",
    };
    size_t i;

    t->table = mak_value(mak, "TARGET_SYSTBL");
    t->abis = mak_value(mak, "TARGET_SYSTBL_ABI");
    if (!arch || !bits || !t->table || !t->abis) {
        die("%s: its .mak file lacks TARGET_ARCH, TARGET_LONG_BITS, "
            "TARGET_SYSTBL or TARGET_SYSTBL_ABI", t->name);
    }
    t->dir = dir ? dir : arch;
    t->big_endian = mak_value(mak, "TARGET_BIG_ENDIAN") != NULL;
    t->word_bits = mak_value(mak, "TARGET_ABI32") ? 32 : atoi(bits);
    list_add(&t->qemu_defines, format_text("TARGET_%s", upper(arch)));
    list_add(&t->qemu_defines, format_text("TARGET_%s",
                                           upper(base_arch ? base_arch
                                                           : arch)));
    if (strcmp(arch, "ppc64") == 0) {
        list_add(&t->qemu_defines, "TARGET_PPC");
    }
    for (i = 0; i < ARRAY_SIZE(abis); i++) {
        if (mak_value(mak, abis[i])) {
            list_add(&t->qemu_defines, abis[i]);
        }
    }
    if (t->word_bits == 32) {
        list_add(&t->qemu_defines, "TARGET_ABI32");
    }
    list_add(&t->qemu_defines, format_text("TARGET_ABI_BITS=%d",
                                           t->word_bits));
    list_add(&t->qemu_defines, format_text("TARGET_LONG_BITS=%s", bits));
    list_add(&t->qemu_defines, format_text("TARGET_BIG_ENDIAN=%d",
                                           t->big_endian));
    list_sort(&t->qemu_defines);
}

/*
 * Whether the line's ABI is one of the target's. As QEMU's syscallhdr.sh does,
 * this compares beginnings: its pattern is not anchored at the end.
 */
static bool abi_holds(const char *abis, const char *abi)
{
    struct list l = split(abis, ",");
    size_t i;

    for (i = 0; i < l.count; i++) {
        if (strncmp(l.items[i], abi, strlen(l.items[i])) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_calls(const void *a, const void *b)
{
    return ((const struct call *)a)->number - ((const struct call *)b)->number;
}

static void add_call(struct target *t, int number, const char *name,
                     const char *entry)
{
    size_t i;

    for (i = 0; i < t->call_count; i++) {
        if (t->calls[i].number == number) {
            if (strcmp(t->calls[i].name, name) != 0) {
                die("%s: %d is both %s and %s", t->name, number,
                    t->calls[i].name, name);
            }
            return;
        }
    }
    t->calls = grow(t->calls, t->call_count, sizeof(*t->calls));
    t->calls[t->call_count++] = (struct call){
        .number = number, .name = name, .entry = entry, .prototype = "none",
    };
}

/* Names that stand for a number that is not a call: alpha's "unused18",
 * sparc's "reserved82", xtensa's "available4" and the like. */
static bool is_filler(const char *name)
{
    static const char *const fillers[] = { "unused", "reserved", "available" };
    size_t i, n;

    for (i = 0; i < ARRAY_SIZE(fillers); i++) {
        n = strlen(fillers[i]);
        if (strncmp(name, fillers[i], n) == 0 &&
            isdigit((unsigned char)name[n])) {
            return true;
        }
    }
    return false;
}

static void read_numbers(struct target *t, const char *qemu)
{
    char *path = format_text("%s/linux-user/%s/%s", qemu, t->dir, t->table);
    struct list lines = split(read_file(path), "\n");
    size_t i;

    t->socketcall = t->ipc = -1;
    for (i = 0; i < lines.count; i++) {
        struct list words = split(lines.items[i], " \t");
        char *end;
        long number;

        if (words.count < 3 || !isdigit((unsigned char)words.items[0][0]) ||
            !abi_holds(t->abis, words.items[1])) {
            continue;
        }
        number = strtol(words.items[0], &end, 0);
        if (*end || number < 0 || number > 900) {
            die("%s: not a number to be expected: %s", path, words.items[0]);
        }
        if (number >= t->number_count) {
            t->number_count = number + 1;
        }
        if (is_filler(words.items[2])) {
            continue;
        }
        add_call(t, number, words.items[2],
                 words.count > 3 ? words.items[3] : "");
        if (strcmp(words.items[2], "socketcall") == 0) {
            t->socketcall = number;
        } else if (strcmp(words.items[2], "ipc") == 0) {
            t->ipc = number;
        }
    }
    qsort(t->calls, t->call_count, sizeof(*t->calls), compare_calls);
}

static void add_subcalls(struct target *t, const struct source *s)
{
    size_t i;

    for (i = 0; i < s->lines.count; i++) {
        struct list w = split(s->lines.items[i], " \t");
        bool socketcall = strcmp(w.items[0], "socketcall") == 0;
        struct call *c, *last;

        if (w.count < 5) {
            die_at(s, i, "five or six words expected");
        }
        if ((socketcall ? t->socketcall : t->ipc) < 0 ||
            (w.count > 5 && !comma_list_has(w.items[5], t->name))) {
            continue;
        }
        /* A line for the target hides the one for all that follows it. */
        last = t->subcall_count ? &t->subcalls[t->subcall_count - 1] : NULL;
        if (last && last->number == atoi(w.items[1]) &&
            strcmp(last->entry, w.items[2]) == 0 &&
            strcmp(last->name, w.items[3]) == 0) {
            continue;
        }
        t->subcalls = grow(t->subcalls, t->subcall_count,
                           sizeof(*t->subcalls));
        c = &t->subcalls[t->subcall_count++];
        c->carrier_is_ipc = !socketcall;
        c->number = atoi(w.items[1]);
        c->entry = w.items[2];
        c->name = w.items[3];
        c->prototype = w.items[4];
    }
}

static void check_complete(const struct target_list *l, const char *qemu)
{
    static const char suffix[] = "-linux-user.mak";
    struct list files = { NULL, 0 };
    size_t i, k;

    list_directory(format_text("%s/configs/targets", qemu), &files);
    for (i = 0; i < files.count; i++) {
        char *end = strstr(files.items[i], suffix);

        if (!end || end[strlen(suffix)]) {
            continue;
        }
        *end = '\0';
        for (k = 0; k < l->count; k++) {
            if (strcmp(l->items[k].name, files.items[i]) == 0) {
                break;
            }
        }
        if (k == l->count) {
            die("QEMU has a target %s that sources/targets.txt lacks",
                files.items[i]);
        }
    }
}

struct target_list read_targets(const char *qemu, const char *sources)
{
    struct target_list l = { NULL, 0 };
    struct source s = read_source(sources, "targets.txt");
    struct source subcalls = read_source(sources, "subcalls.txt");
    size_t i, k;

    for (i = 0; i < s.lines.count; i++) {
        struct list w = split(s.lines.items[i], " \t");
        struct target *t;

        if (w.count < 5) {
            die_at(&s, i, "name, base, audit architecture, arch, pairs and "
                   "defines expected");
        }
        l.items = grow(l.items, l.count, sizeof(*l.items));
        t = &l.items[l.count++];
        memset(t, 0, sizeof(*t));
        t->name = w.items[0];
        t->base = atoi(w.items[1]);
        t->audit_arch = w.items[2];
        t->kernel_arch = w.items[3];
        t->pairs = strcmp(w.items[4], "-") == 0 ? "none" : w.items[4];
        for (k = 5; k < w.count; k++) {
            list_add(&t->defines, w.items[k]);
        }
        if (i && strcmp(l.items[i - 1].name, t->name) >= 0) {
            die_at(&s, i, "the targets are not sorted");
        }
        read_mak(t, qemu);
        if ((t->word_bits == 64) != (strcmp(t->pairs, "none") == 0)) {
            die_at(&s, i, "pairs do not fit a target of %d bits",
                   t->word_bits);
        }
        read_numbers(t, qemu);
        add_subcalls(t, &subcalls);
    }
    check_complete(&l, qemu);
    return l;
}
