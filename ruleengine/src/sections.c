/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sections.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <syscall-tables.h>

#include "diag-add.h"

static const char *const names[] = {
    [RE_SECTION_ALLOW] = "allow", [RE_SECTION_DENY] = "deny",
    [RE_SECTION_EMULATE] = "emulate", [RE_SECTION_POLICY] = "policy",
    [RE_SECTION_DEVICE] = "device",
};

enum { SECTIONS = sizeof(names) / sizeof(names[0]), NAME_ROOM = 64 };

/* Where a list of targets stands. */
struct list {
    const struct re_entry *entry;           /* of "targets", or else ... */
    const struct re_section_head *head;
    const char *path;
    size_t offset;              /* of the list, in the value or the name */
    struct re_diags *diags;
};

static const char *target_at(void *opaque, unsigned i)
{
    const struct st_target *t = st_target_at(i);

    (void)opaque;
    return t ? st_target_name(t) : NULL;
}

static const char *section_at(void *opaque, unsigned i)
{
    (void)opaque;
    return i < SECTIONS ? names[i] : NULL;
}

static int complain(const struct list *list, size_t offset, size_t length,
                    const char *hint, const char *message)
{
    if (list->entry) {
        re_entry_diag(list->diags, RE_ERROR, list->entry,
                      list->offset + offset, length, hint, "%s", message);
    } else {
        re_diags_add(list->diags, RE_ERROR, list->path, list->head->line,
                     list->head->column + list->offset + offset, length,
                     list->head->source, hint, "%s", message);
    }
    return -EINVAL;
}

static int unknown_target(const struct list *list, size_t offset,
                          const char *name)
{
    char hint[RE_SUGGEST_MAX + 32], message[NAME_ROOM + 32];
    const char *meant = st_target_meant(name), *suggestion = hint;

    snprintf(message, sizeof(message), "unknown target \"%s\"", name);
    if (meant) {
        snprintf(hint, sizeof(hint), "its name is \"%s\" here", meant);
    } else {
        suggestion = re_suggest_hint(name, target_at, NULL, hint,
                                     sizeof(hint));
    }
    return complain(list, offset, strlen(name), suggestion, message);
}

static size_t blanks(const char *s)
{
    return strspn(s, " \t");
}

/* Names separated by blanks; "list" NULL: nothing is said. */
static int parse_list(const struct list *list, const char *text,
                      const struct st_target *t, bool *ret_applies)
{
    const char *at = text + blanks(text);
    bool negated = *at == '!', named = false;
    int err = 0;

    while (*at) {
        size_t mark = *at == '!', length = strcspn(at, " \t");
        char name[NAME_ROOM];

        snprintf(name, sizeof(name), "%.*s", (int)(length - mark), at + mark);
        if (t && strcmp(name, st_target_name(t)) == 0) {
            named = true;
        }
        if (list && (mark != 0) != negated) {
            err = complain(list, at - text, length, NULL,
                           "either all targets have \"!\" in front or none");
        } else if (list && !st_target_by_name(name)) {
            err = unknown_target(list, at - text + mark, name);
        }
        at += length;
        at += blanks(at);
    }
    *ret_applies = named != negated;
    return err;
}

int re_targets_parse(const struct re_entry *entry, const struct st_target *t,
                     bool *ret_applies, struct re_diags *diags)
{
    struct list list = { .entry = entry, .diags = diags };

    return parse_list(&list, entry->value, t, ret_applies);
}

int re_section_of(const char *name, const struct st_target *t,
                  bool *ret_applies)
{
    size_t length = strcspn(name, " \t");
    unsigned i = 0;

    while (i < SECTIONS && (strlen(names[i]) != length ||
                                memcmp(names[i], name, length) != 0)) {
        i++;
    }
    if (i == SECTIONS) {
        return -EINVAL;
    }
    *ret_applies = true;
    if (name[length] && i != RE_SECTION_DEVICE) {
        parse_list(NULL, name + length, t, ret_applies);
    }
    return i;
}

static int check_head(const struct re_section_head *head, const char *path,
                      struct re_diags *diags)
{
    size_t length = strcspn(head->name, " \t");
    struct list list = {
        .head = head, .path = path, .offset = length, .diags = diags,
    };
    char hint[RE_SUGGEST_MAX + 32], word[NAME_ROOM];
    bool applies;

    snprintf(word, sizeof(word), "%.*s", (int)length, head->name);
    for (unsigned i = 0; i < SECTIONS; i++) {
        if (strcmp(names[i], word) != 0) {
            continue;
        }
        if (i == RE_SECTION_DEVICE) {
            const char *device = head->name + length;

            device += blanks(device);
            return *device == '/' ? 0 :
                complain(&list, *device ? blanks(head->name + length) : 0,
                         *device ? strlen(device) : 1, NULL,
                         "expected the absolute path of a device");
        }
        if (!head->name[length]) {
            return 0;
        }
        if (!head->name[length + blanks(head->name + length)]) {
            return complain(&list, 0, strlen(head->name) - length, NULL,
                            "unexpected blanks behind the section's name");
        }
        if (i == RE_SECTION_POLICY) {
            return complain(&list, blanks(head->name + length),
                            strlen(head->name + length) -
                            blanks(head->name + length),
                            "[policy] targets = ...",
                            "settings are the same for all targets");
        }
        return parse_list(&list, head->name + length, NULL, &applies);
    }
    return re_diags_add(diags, RE_ERROR, path, head->line, head->column,
                        length ? length : strlen(head->name), head->source,
                        re_suggest_hint(word, section_at, NULL, hint,
                                        sizeof(hint)),
                        "unknown section [%s]", head->name);
}

int re_sections_check(const struct re_section_head *heads, const char *path,
                      struct re_diags *diags)
{
    int result = 0;

    for (const struct re_section_head *h = heads; h; h = h->next) {
        int err = check_head(h, path, diags);

        result = err ? err : result;
    }
    return result;
}
