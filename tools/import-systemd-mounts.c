/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of a systemd unit as rules. There, mounts in a namespace of the unit's;
 * here, conditions. As with mounts, the nearest path that is listed counts for
 * a file, and of two that are the same the stricter.
 */
#include "import-systemd.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "policy-question.h"

struct path_list {
    struct unit_path *items;
    size_t count;
};

void unit_append(char **text, const char *format, ...)
{
    char *more, *longer;
    va_list ap;

    va_start(ap, format);
    more = policy_vprintf(format, ap);
    va_end(ap);
    longer = policy_printf("%s%s", *text ? *text : "", more);
    free(more);
    free(*text);
    *text = longer;
}

/* The path stays whose it is. */
static void list_add(struct path_list *list, enum unit_mode mode, unsigned line,
                     const char *key, char *path)
{
    list->items = policy_need(reallocarray(list->items, list->count + 1,
                                           sizeof(*list->items)));
    list->items[list->count++] = (struct unit_path) {
        .path = path, .key = key, .mode = mode, .line = line,
    };
}

/* --- which path counts ---------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

    return strncmp(path, folder, length) == 0 && path[length] == '/' &&
        path[length + 1];
}

/* The nearest item that a path is below, or NULL. */
static const struct unit_path *around(const struct path_list *list,
                                      const char *path)
{
    const struct unit_path *found = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct unit_path *item = &list->items[i];

        if (is_below(path, item->path) &&
            (!found || strlen(item->path) > strlen(found->path))) {
            found = item;
        }
    }
    return found;
}

/* By their paths, so that a folder comes before what is in it. */
static int compare(const void *a, const void *b)
{
    const struct unit_path *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order ? order : (int)x->mode - (int)y->mode;
}

/* Leaves out what says nothing new: below what cannot be reached, of the same
 * mode as what is around it, a path again. */
static void settle(struct path_list *list)
{
    struct path_list kept = { 0 };

    if (list->count) {
        qsort(list->items, list->count, sizeof(*list->items), compare);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct unit_path *item = &list->items[i];
        const struct unit_path *outer = around(&kept, item->path);
        bool again = i > 0 && strcmp(item[-1].path, item->path) == 0;
        bool grants = item->mode == UNIT_WRITABLE ||
            item->mode == UNIT_EXECUTABLE;

        if (!again && (outer ? outer->mode != UNIT_INACCESSIBLE &&
                       outer->mode != item->mode : !grants)) {
            list_add(&kept, item->mode, item->line, item->key, item->path);
        }
    }
    free(list->items);
    *list = kept;
}

/* What is run, or all else; the paths stay the unit's. */
static struct path_list select_paths(const struct unit_paths *p, bool runs)
{
    struct path_list list = { 0 };

    for (size_t i = 0; i < p->count; i++) {
        const struct unit_path *item = &p->items[i];
        bool of_running = item->mode == UNIT_NO_EXEC ||
            item->mode == UNIT_EXECUTABLE;

        if (of_running == runs) {
            list_add(&list, item->mode, item->line, item->key, item->path);
        }
    }
    settle(&list);
    return list;
}

/* --- conditions ----------------------------------------------------------- */

/* A list's next path, in quotes where that is needed. */
static void append_path(char **text, const char *path)
{
    bool plain = !path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._@+-")];

    unit_append(text, plain ? "%s%s" : "%s\"%s\"", *text && **text ? ", " : "",
           path);
}

static char *exceptions(const struct path_list *list,
                        const struct unit_path *item)
{
    char *text = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct unit_path *inner = &list->items[i];

        if ((inner->mode == UNIT_WRITABLE || inner->mode == UNIT_EXECUTABLE) &&
            is_below(inner->path, item->path) &&
            around(list, inner->path) == item) {
            append_path(&text, inner->path);
        }
    }
    return text;
}

/*
 * Where a mode holds, for a subject: "path", "path2", ... For "entries" it also
 * holds for the very paths that are excepted, since to remove or replace one is
 * to change the folder around it. malloc'ed; NULL: nowhere.
 */
static char *where(const struct path_list *list, enum unit_mode mode,
                   const char *subject, bool entries)
{
    char *whole = NULL, *text = NULL;
    unsigned terms = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct unit_path *item = &list->items[i];
        char *but = item->mode == mode ? exceptions(list, item) : NULL;
        char *path = NULL;

        if (item->mode == mode && !but) {
            append_path(&whole, item->path);
        } else if (but) {
            append_path(&path, item->path);
            unit_append(&text, "%s%s under %s && %s%s !under {%s}",
                   terms++ ? " || " : "", subject, path, entries ? "(" : "",
                   subject, but);
            if (entries) {
                unit_append(&text, " || %s in {%s})", subject, but);
            }
        }
        free(path);
        free(but);
    }
    if (whole) {
        unit_append(&text, "%s%s under {%s}", terms++ ? " || " : "", subject,
               whole);
    }
    free(whole);
    if (terms > 1) {
        char *inner = text;

        text = policy_printf("(%s)", inner);
        free(inner);
    }
    return text;
}

/* --- rules ---------------------------------------------------------------- */

static bool all_refused(const struct st_set *set, unit_refusal *refusal,
                        const void *unit)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (!refusal(unit, st_canonical_name(st_name_at(set->members[i])))) {
            return false;
        }
    }
    return true;
}

/* The oldest calls of some machines are known by name alone. */
static bool is_common(const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    return st_slots_of_name(st_target_by_name("x86_64"), name, slots) > 0;
}

/* A set's rule would be weaker than the filter where that kills a member: it
 * gets a rule of its own. */
static void add_rule(struct policy_draft *d, unit_refusal *refusal,
                     const void *unit, const char *name, const char *verdict,
                     const char *condition)
{
    const struct st_set *set = st_set_by_name(name);

    if (!set) {
        if (!refusal(unit, name)) {
            draft_add(d, 0, DRAFT_DENY, name, verdict, condition, NULL);
        }
        return;
    }
    if (all_refused(set, refusal, unit)) {
        return;
    }
    draft_add(d, 0, DRAFT_DENY, name, verdict, condition, NULL);
    for (unsigned i = 0; i < set->count; i++) {
        const char *member = st_canonical_name(st_name_at(set->members[i]));
        const char *own = refusal(unit, member);

        if (own && strcmp(own, "kill") == 0 && is_common(member)) {
            draft_add(d, 0, DRAFT_DENY, member, own, condition, NULL);
        }
    }
}

/* A rule for where a mode holds, if that is anywhere, and "before". */
static void add_where(struct policy_draft *d, unit_refusal *refusal,
                      const void *unit, const struct path_list *list,
                      enum unit_mode mode, const char *name,
                      const char *verdict, const char *subject,
                      const char *before, bool entries)
{
    char *place = where(list, mode, subject, entries);

    if (place) {
        char *condition = policy_printf("%s%s", before, place);

        add_rule(d, refusal, unit, name, verdict, condition);
        free(condition);
    }
    free(place);
}

/* The calls that change the file system, by what of it. */
static const struct writer {
    const char *name, *subject, *before;
    bool entries;               /* ... of folders */
} writers[] = {
    { "@open", "path", "access != read && ", false },
    { "@access", "path", "(mode & W_OK) && ", false },
    { "@mkdir", "path", "", true }, { "@mknod", "path", "", true },
    { "@symlink", "path", "", true }, { "@unlink", "path", "", true },
    { "@rename", "path", "", true }, { "@rename", "path2", "", true },
    { "@link", "path", "", false }, { "@link", "path2", "", true },
    { "bind", "unix", "", true },
    { "@utime", "path", "", false }, { "truncate", "path", "", false },
    { "chmod", "path", "", false }, { "fchmodat", "path", "", false },
    { "fchmodat2", "path", "", false }, { "fchmod", "fdpath", "", false },
    { "chown", "path", "", false }, { "lchown", "path", "", false },
    { "fchownat", "path", "", false }, { "fchown", "fdpath", "", false },
    { "setxattr", "path", "", false }, { "lsetxattr", "path", "", false },
    { "fsetxattr", "fdpath", "", false },
    { "removexattr", "path", "", false },
    { "lremovexattr", "path", "", false },
    { "fremovexattr", "fdpath", "", false },
    { "acct", "path", "", false }, { "swapon", "path", "", false },
};

/* A device is no file of the file system that it lies in, and can be written
 * to through a read-only mount: so can these, which programs expect. */
static void except_devices(struct path_list *list)
{
    static const char *const devices[] = {
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
        "/dev/tty", "/dev/ptmx", "/dev/pts",
    };

    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        list_add(list, UNIT_WRITABLE, 0, NULL, (char *)devices[i]);
    }
    settle(list);
}

static void add_read_only(const struct unit_paths *p, struct policy_draft *d,
                          const struct path_list *list, unit_refusal *refusal,
                          const void *unit)
{
    struct path_list opened = select_paths(p, false);

    except_devices(&opened);
    for (unsigned i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        const struct writer *w = &writers[i];

        add_where(d, refusal, unit, *w->before ? &opened : list, UNIT_READ_ONLY,
                  w->name, "EROFS", w->subject, w->before, w->entries);
    }
    free(opened.items);
}

static void add_inaccessible(struct policy_draft *d,
                             const struct path_list *list,
                             unit_refusal *refusal, const void *unit)
{
    static const char *const rules[][2] = {
        { "@path", "path" }, { "@rename", "path2" }, { "@link", "path2" },
        { "bind", "unix" }, { "connect", "unix" }, { "sendto", "unix" },
        { "sendmsg", "unix" }, { "sendmmsg", "unix" },
    };

    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        add_where(d, refusal, unit, list, UNIT_INACCESSIBLE, rules[i][0],
                  "EACCES", rules[i][1], "", false);
    }
}

static void add_no_exec(struct policy_draft *d, const struct path_list *list,
                        unit_refusal *refusal, const void *unit)
{
    add_where(d, refusal, unit, list, UNIT_NO_EXEC, "@exec", "EACCES", "path",
              "", false);
    add_where(d, refusal, unit, list, UNIT_NO_EXEC, "mmap", "EPERM", "fdpath",
              "(prot & PROT_EXEC) && ", false);
}

/* The folders that a path lies in: a mount goes with them where they are
 * renamed, a rule does not. */
static void append_folders(struct path_list *folders,
                           const struct path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct unit_path *item = &list->items[i];
        const char *end = item->path;

        if (item->mode == UNIT_WRITABLE || item->mode == UNIT_EXECUTABLE ||
            is_below(item->path, "/proc") || is_below(item->path, "/sys")) {
            continue;
        }
        while ((end = strchr(end + 1, '/'))) {
            list_add(folders, UNIT_INACCESSIBLE, 0, NULL, policy_printf(
                         "%.*s", (int)(end - item->path), item->path));
        }
    }
}

static void add_folders(struct policy_draft *d, const struct path_list *list,
                        const struct path_list *run, unit_refusal *refusal,
                        const void *unit)
{
    struct path_list folders = { 0 };
    char *text = NULL;

    append_folders(&folders, list);
    append_folders(&folders, run);
    if (folders.count) {
        qsort(folders.items, folders.count, sizeof(*folders.items), compare);
    }
    for (size_t i = 0; i < folders.count; i++) {
        const char *path = folders.items[i].path;
        const struct unit_path *outer = around(list, path);

        /* Where nothing can be renamed, that is said already. */
        if ((i == 0 || strcmp(path, folders.items[i - 1].path) != 0) &&
            (!outer || outer->mode == UNIT_WRITABLE)) {
            append_path(&text, path);
        }
    }
    for (unsigned i = 0; i < 2 && text; i++) {
        char *condition = policy_printf("%s in {%s}", i ? "path2" : "path",
                                        text);

        add_rule(d, refusal, unit, "@rename", "EBUSY", condition);
        free(condition);
    }
    for (size_t i = 0; i < folders.count; i++) {
        free(folders.items[i].path);
    }
    free(folders.items);
    free(text);
}

/* --- all of it ------------------------------------------------------------ */

static bool has(const struct path_list *list, enum unit_mode mode,
                unsigned *ret_line)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].mode == mode) {
            *ret_line = list->items[i].line;
            return true;
        }
    }
    return false;
}

static void note_rules(struct policy_draft *d, const struct path_list *list,
                       const struct path_list *run)
{
    unsigned line;

    if (has(list, UNIT_READ_ONLY, &line)) {
        draft_note(d, line, "what is read-only: mkdir, or open with O_CREAT, "
                   "of what is there fails with EROFS, too, and FIFOs and "
                   "other devices than the usual ones cannot be written");
        draft_note(d, line, "what is read-only: ioctl is not looked at, by "
                   "which an open file's flags are set (FS_IOC_SETFLAGS)");
    }
    if (has(list, UNIT_INACCESSIBLE, &line)) {
        draft_note(d, line, "what is inaccessible: nothing of it can be "
                   "looked at, not even that it is there");
    }
    if (has(run, UNIT_NO_EXEC, &line)) {
        draft_note(d, line, "NoExecPaths=: a program's dynamic loader, and "
                   "mprotect of what is mapped, are not looked at");
    }
    if (list->count || run->count) {
        draft_note(d, 0, "rules on paths: chroot, mounts and new mount or "
                   "user namespaces are refused with EPERM besides");
    }
}

void unit_add_paths(struct unit_paths *p, struct policy_draft *d,
                    unit_refusal *refusal, const void *unit)
{
    struct path_list list, run;

    unit_paths_settle(p, d);
    list = select_paths(p, false);
    run = select_paths(p, true);
    note_rules(d, &list, &run);
    add_read_only(p, d, &list, refusal, unit);
    add_inaccessible(d, &list, refusal, unit);
    add_no_exec(d, &run, refusal, unit);
    add_folders(d, &list, &run, refusal, unit);
    free(list.items);
    free(run.items);
}
