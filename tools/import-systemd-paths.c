/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a systemd unit says of the file system, as a list of paths. */
#include "import-systemd.h"

#include <stdlib.h>
#include <string.h>

#include "policy-question.h"

/* A path's bytes, which a policy's lines have room for, quoted; and how many
 * paths conditions have. */
enum { PATH_BYTES_MAX = 80, PATHS_MAX = 256 };

/* --- settings ------------------------------------------------------------- */

static const struct {
    const char *key, *old_key;
    enum unit_mode mode;
} lists[] = {
    { "ReadWritePaths", "ReadWriteDirectories", UNIT_WRITABLE },
    { "ReadOnlyPaths", "ReadOnlyDirectories", UNIT_READ_ONLY },
    { "InaccessiblePaths", "InaccessibleDirectories", UNIT_INACCESSIBLE },
    { "NoExecPaths", NULL, UNIT_NO_EXEC },
    { "ExecPaths", NULL, UNIT_EXECUTABLE },
};

/* Folders that systemd makes for the unit, which may write there. */
static const struct {
    const char *key, *below;
} unit_folders[] = {
    { "RuntimeDirectory", "/run" }, { "StateDirectory", "/var/lib" },
    { "CacheDirectory", "/var/cache" }, { "LogsDirectory", "/var/log" },
    { "ConfigurationDirectory", "/etc" },
};

/* What is said with a word. */
enum { OFF, SYSTEM_YES = 1, SYSTEM_FULL, SYSTEM_STRICT,
       HOME_YES = 1, HOME_READ_ONLY, HOME_TMPFS };

static const struct {
    const char *key, *word;     /* NULL: yes */
    enum unit_protection protection;
    unsigned value;
} words[] = {
    { "ProtectSystem", NULL, UNIT_SYSTEM, SYSTEM_YES },
    { "ProtectSystem", "full", UNIT_SYSTEM, SYSTEM_FULL },
    { "ProtectSystem", "strict", UNIT_SYSTEM, SYSTEM_STRICT },
    { "ProtectHome", NULL, UNIT_HOME, HOME_YES },
    { "ProtectHome", "read-only", UNIT_HOME, HOME_READ_ONLY },
    { "ProtectHome", "tmpfs", UNIT_HOME, HOME_TMPFS },
    { "ProtectKernelTunables", NULL, UNIT_TUNABLES, 1 },
    { "ProtectControlGroups", NULL, UNIT_CONTROL_GROUPS, 1 },
    { "ProtectKernelLogs", NULL, UNIT_LOGS, 1 },
    { "ProtectKernelModules", NULL, UNIT_MODULES, 1 },
    { "PrivateTmp", NULL, UNIT_TMP, 1 },
    { "DynamicUser", NULL, UNIT_DYNAMIC, 1 },
};

/* What that comes to, from a value on. */
static const struct {
    enum unit_protection protection;
    unsigned least, most;
    enum unit_mode mode;
    const char *path;
} protected[] = {
    { UNIT_SYSTEM, SYSTEM_YES, SYSTEM_FULL, UNIT_READ_ONLY, "/usr" },
    { UNIT_SYSTEM, SYSTEM_YES, SYSTEM_FULL, UNIT_READ_ONLY, "/boot" },
    { UNIT_SYSTEM, SYSTEM_YES, SYSTEM_FULL, UNIT_READ_ONLY, "/efi" },
    { UNIT_SYSTEM, SYSTEM_FULL, SYSTEM_FULL, UNIT_READ_ONLY, "/etc" },
    { UNIT_SYSTEM, SYSTEM_STRICT, SYSTEM_STRICT, UNIT_READ_ONLY, "/" },
    { UNIT_SYSTEM, SYSTEM_STRICT, SYSTEM_STRICT, UNIT_WRITABLE, "/dev" },
    { UNIT_SYSTEM, SYSTEM_STRICT, SYSTEM_STRICT, UNIT_WRITABLE, "/proc" },
    { UNIT_SYSTEM, SYSTEM_STRICT, SYSTEM_STRICT, UNIT_WRITABLE, "/sys" },
    { UNIT_HOME, HOME_READ_ONLY, HOME_READ_ONLY, UNIT_READ_ONLY, "/home" },
    { UNIT_HOME, HOME_READ_ONLY, HOME_READ_ONLY, UNIT_READ_ONLY, "/root" },
    { UNIT_HOME, HOME_READ_ONLY, HOME_READ_ONLY, UNIT_READ_ONLY, "/run/user" },
    { UNIT_HOME, HOME_YES, HOME_YES, UNIT_INACCESSIBLE, "/home" },
    { UNIT_HOME, HOME_YES, HOME_YES, UNIT_INACCESSIBLE, "/root" },
    { UNIT_HOME, HOME_YES, HOME_YES, UNIT_INACCESSIBLE, "/run/user" },
    { UNIT_HOME, HOME_TMPFS, HOME_TMPFS, UNIT_INACCESSIBLE, "/home" },
    { UNIT_HOME, HOME_TMPFS, HOME_TMPFS, UNIT_INACCESSIBLE, "/root" },
    { UNIT_HOME, HOME_TMPFS, HOME_TMPFS, UNIT_INACCESSIBLE, "/run/user" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/sys" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/sys" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/sysrq-trigger" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/latency_stats" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/acpi" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/timer_stats" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/fs" },
    { UNIT_TUNABLES, 1, 1, UNIT_READ_ONLY, "/proc/irq" },
    { UNIT_TUNABLES, 1, 1, UNIT_INACCESSIBLE, "/proc/kallsyms" },
    { UNIT_TUNABLES, 1, 1, UNIT_INACCESSIBLE, "/proc/kcore" },
    { UNIT_CONTROL_GROUPS, 1, 1, UNIT_READ_ONLY, "/sys/fs/cgroup" },
    { UNIT_LOGS, 1, 1, UNIT_INACCESSIBLE, "/dev/kmsg" },
    { UNIT_LOGS, 1, 1, UNIT_INACCESSIBLE, "/proc/kmsg" },
    { UNIT_MODULES, 1, 1, UNIT_INACCESSIBLE, "/usr/lib/modules" },
    { UNIT_TMP, 1, 1, UNIT_WRITABLE, "/tmp" },
    { UNIT_TMP, 1, 1, UNIT_WRITABLE, "/var/tmp" },
};

/* What "%" and a letter stand for in a unit of the system's. */
static const char *const specifiers[][2] = {
    { "%", "%" }, { "t", "/run" }, { "S", "/var/lib" }, { "C", "/var/cache" },
    { "L", "/var/log" }, { "E", "/etc" }, { "T", "/tmp" },
    { "V", "/var/tmp" }, { "h", "/root" }, { "u", "root" },
};

enum {
    LISTS = sizeof(lists) / sizeof(lists[0]),
    FOLDERS = sizeof(unit_folders) / sizeof(unit_folders[0]),
    WORDS = sizeof(words) / sizeof(words[0]),
    PROTECTED = sizeof(protected) / sizeof(protected[0]),
    SPECIFIERS = sizeof(specifiers) / sizeof(specifiers[0]),
};

/* Takes the path over. */
static void unit_add(struct unit_paths *p, enum unit_mode mode, unsigned line,
                     const char *key, char *path)
{
    p->items = policy_need(reallocarray(p->items, p->count + 1,
                                        sizeof(*p->items)));
    p->items[p->count++] = (struct unit_path) {
        .path = path, .key = key, .mode = mode, .line = line,
    };
}

static void forget(struct unit_paths *p, const char *key)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++) {
        if (p->items[i].key == key) {
            free(p->items[i].path);
        } else {
            p->items[kept++] = p->items[i];
        }
    }
    p->count = kept;
}

/*
 * The next word of a list, in its place: blanks part them but within quotes.
 * NULL: there is none.
 */
static char *next_word(char **value)
{
    char *from = *value + strspn(*value, " \t"), *word = from, *to = from;
    char quote = '\0';

    if (!*from) {
        return NULL;
    }
    for (; *from && (quote || !strchr(" \t", *from)); from++) {
        if (quote ? *from == quote : *from == '"' || *from == '\'') {
            quote = quote ? '\0' : *from;
        } else {
            *to++ = *from;
        }
    }
    *value = from + (*from != '\0');
    *to = '\0';
    return word;
}

/* With what "%" stands for in it, malloc'ed; NULL: a policy cannot know. */
static char *expand(const char *word)
{
    char *text = policy_printf("%s", "");

    for (; *word; word++) {
        unsigned i = 0;

        if (*word != '%') {
            unit_append(&text, "%c", *word);
            continue;
        }
        word++;
        while (i < SPECIFIERS && specifiers[i][0][0] != *word) {
            i++;
        }
        if (i == SPECIFIERS) {
            free(text);
            return NULL;
        }
        unit_append(&text, "%s", specifiers[i][1]);
    }
    return text;
}

/* In place: no "//", no "/." and no "/" at the end. False: it is not absolute,
 * has "..", or what a policy cannot hold. */
static bool normalise(char *path)
{
    char *to = path;
    const char *from = path;

    if (*path != '/') {
        return false;
    }
    while (*from) {
        size_t length;

        from += strspn(from, "/");
        length = strcspn(from, "/");
        if (length == 2 && strncmp(from, "..", 2) == 0) {
            return false;
        }
        if (length > 0 && !(length == 1 && *from == '.')) {
            *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    if (to == path) {
        *to++ = '/';
    }
    *to = '\0';
    for (to = path; *to; to++) {
        if (*to < ' ' || *to > '~' || *to == '\\' || *to == '"') {
            return false;
        }
    }
    return to - path <= PATH_BYTES_MAX;
}

/* What a path that is not carried over comes to. */
static const char *instead(enum unit_mode mode)
{
    return mode == UNIT_WRITABLE ? "it is as what is around it" :
        mode == UNIT_EXECUTABLE ? "nothing there is run" :
        "it is not restricted";
}

static void path_word(struct unit_paths *p, struct policy_draft *d,
                      unsigned line, const char *key, enum unit_mode mode,
                      const char *word)
{
    const char *start = word + (*word == '-');
    char *path;

    if (*start == '+') {
        p->rooted_line = line;
        start++;
    }
    if (*word == '-' && mode == UNIT_WRITABLE) {
        draft_note(d, line, "%s=%s: systemd leaves it out where it is not "
                   "there; here a file of that name can be made", key, word);
    }
    path = expand(start);
    if (!path) {
        draft_note(d, line, "%s=%s: what %% stands for there is not known; %s",
                   key, word, instead(mode));
    } else if (!normalise(path)) {
        draft_note(d, line, "%s=%s: this is no absolute path, or not one that "
                   "a policy can hold; %s", key, word, instead(mode));
        free(path);
    } else if (p->count == PATHS_MAX) {
        draft_note(d, line, "%s=%s: these are too many paths; %s", key, word,
                   instead(mode));
        free(path);
    } else {
        unit_add(p, mode, line, key, path);
    }
}

static bool path_list(struct unit_paths *p, struct policy_draft *d,
                      unsigned line, const char *key, char *value)
{
    unsigned i = 0;
    char *word;

    while (i < LISTS && strcmp(key, lists[i].key) != 0 &&
           (!lists[i].old_key || strcmp(key, lists[i].old_key) != 0)) {
        i++;
    }
    if (i == LISTS) {
        return false;
    }
    if (!value[strspn(value, " \t")]) {
        forget(p, lists[i].key);
    }
    while ((word = next_word(&value))) {
        path_word(p, d, line, lists[i].key, lists[i].mode, word);
    }
    return true;
}

/* "NAME" or "NAME:LINK ..." */
static bool folder_list(struct unit_paths *p, struct policy_draft *d,
                        unsigned line, const char *key, char *value)
{
    unsigned i = 0;
    char *word;

    while (i < FOLDERS && strcmp(key, unit_folders[i].key) != 0) {
        i++;
    }
    if (i == FOLDERS) {
        return false;
    }
    if (!value[strspn(value, " \t")]) {
        forget(p, unit_folders[i].key);
    }
    while ((word = next_word(&value))) {
        char *path = policy_printf("%s/%.*s", unit_folders[i].below,
                                   (int)strcspn(word, ":"), word);

        path_word(p, d, line, unit_folders[i].key, UNIT_WRITABLE, path);
        free(path);
    }
    return true;
}

static bool protection(struct unit_paths *p, unsigned line, const char *key,
                       const char *value)
{
    int truth = unit_truth(value);

    for (unsigned i = 0; i < WORDS; i++) {
        bool is_value = words[i].word ? strcmp(value, words[i].word) == 0 :
            truth >= 0;

        if (strcmp(key, words[i].key) == 0 && is_value) {
            p->protections[words[i].protection].line = line;
            p->protections[words[i].protection].value =
                truth == 0 ? OFF : words[i].value;
            return true;
        }
    }
    return false;
}

bool unit_paths(struct unit_paths *p, struct policy_draft *d, unsigned line,
                const char *key, char *value)
{
    return path_list(p, d, line, key, value) ||
        folder_list(p, d, line, key, value) || protection(p, line, key, value);
}

void unit_paths_free(struct unit_paths *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].path);
    }
    free(p->items);
    *p = (struct unit_paths) { 0 };
}

/* --- what they come to ---------------------------------------------------- */

/* What DynamicUser= implies, where the unit does not say more. */
static void imply(struct unit_paths *p, struct policy_draft *d)
{
    unsigned line = p->protections[UNIT_DYNAMIC].line;
    struct unit_protected *home = &p->protections[UNIT_HOME];

    if (!p->protections[UNIT_DYNAMIC].value) {
        return;
    }
    draft_note(d, line, "DynamicUser=: the user stays who starts the program; "
               "what it implies of file systems and set-id bits is here");
    p->protections[UNIT_SYSTEM] = (struct unit_protected) {
        line, SYSTEM_STRICT };
    p->protections[UNIT_TMP] = (struct unit_protected) { line, 1 };
    if (home->value == OFF) {
        *home = (struct unit_protected) { line, HOME_READ_ONLY };
    }
}

static void note_words(const struct unit_paths *p, struct policy_draft *d)
{
    const struct unit_protected *tmp = &p->protections[UNIT_TMP];
    const struct unit_protected *home = &p->protections[UNIT_HOME];

    if (tmp->value) {
        draft_note(d, tmp->line, "PrivateTmp=: /tmp and /var/tmp are those of "
                   "the machine, and can be written");
    }
    if (home->value == HOME_TMPFS) {
        draft_note(d, home->line, "ProtectHome=tmpfs: the folders are not "
                   "empty but cannot be reached");
    }
    if (p->rooted_line && p->root_line) {
        draft_note(d, p->rooted_line, "+: the paths are taken from /, not "
                   "from the unit's root");
    }
}

void unit_paths_settle(struct unit_paths *p, struct policy_draft *d)
{
    imply(p, d);
    for (unsigned i = 0; i < PROTECTED; i++) {
        const struct unit_protected *of =
            &p->protections[protected[i].protection];

        if (of->value >= protected[i].least &&
            of->value <= protected[i].most) {
            unit_add(p, protected[i].mode, of->line, NULL,
                     policy_printf("%s", protected[i].path));
        }
    }
    note_words(p, d);
}
