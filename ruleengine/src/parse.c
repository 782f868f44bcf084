/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ruleengine/find.h"
#include "device.h"
#include "diag-add.h"
#include "refusal.h"
#include "sections.h"
#include "settings.h"
#include "verdict.h"

/* A file being read, and the one that includes it. */
struct source {
    const struct source *parent;
    const char *path;           /* as named */
    const char *real;           /* resolved, to know it again */
    unsigned depth;
    struct seen *file;
};

struct seen {
    struct seen *next;
    const char *real;
    unsigned depth;             /* of the shortest way to it */
    struct edge *includes;
};

/* One file includes another. */
struct edge {
    struct edge *next;
    struct seen *to;
};

struct parser {
    struct re_document *doc;
    struct seen *seen;          /* every file, included once */
    struct re_settings settings;
};

static int parse_file(struct parser *p, const char *path,
                      const struct source *parent,
                      const struct re_entry *include, size_t offset,
                      size_t length);

/* --- names ---------------------------------------------------------------- */

static const char *call_at(void *opaque, unsigned i)
{
    (void)opaque;
    return st_name_at(i);
}

static const char *set_at(void *opaque, unsigned i)
{
    const struct st_set *set = st_set_at(i);

    (void)opaque;
    return set ? set->name : NULL;
}

/* Resolves draft->name, which may begin with "?". */
static int name_parse(struct re_document *doc, struct re_draft *draft)
{
    char hint[RE_SUGGEST_MAX + 32];
    const char *suggestion;

    if (draft->name[0] == '?') {
        draft->optional = true;
        draft->name++;
    }
    if (draft->name[0] == '@') {
        draft->set = st_set_by_name(draft->name);
        if (draft->set) {
            return 0;
        }
        suggestion = re_suggest_hint(draft->name, set_at, NULL, hint,
                                     sizeof(hint));
        re_draft_diag(doc, draft, RE_ERROR, suggestion,
                      "unknown set \"%.64s\"", draft->name);
        return -EINVAL;
    }
    if (st_name_known(draft->name)) {
        return 0;
    }
    suggestion = re_suggest_hint(draft->name, call_at, NULL, hint,
                                 sizeof(hint));
    re_draft_diag(doc, draft, RE_ERROR, suggestion,
                  "unknown syscall \"%.64s\"", draft->name);
    return -EINVAL;
}

/* --- rules ---------------------------------------------------------------- */

/* The piece in which a byte of the value stands, from an earlier one on. */
static const struct re_piece *piece_at(const struct re_piece *piece,
                                       size_t offset)
{
    while (piece->next && piece->next->offset <= offset) {
        piece = piece->next;
    }
    return piece;
}

/* What may follow a name in a list, behind a colon: one word, from "offset" to
 * "end", without blanks. */
static int suffix_parse(struct re_document *doc, enum re_section section,
                        struct re_draft *draft, size_t offset, size_t end)
{
    const char *what = section == RE_SECTION_DENY ?
        "an errno such as EPERM, \"kill\", \"trap\", \"log\" or \"quiet\"" :
        "\"log\" or \"quiet\"";
    struct re_scan s;
    int err = 0;

    if (offset == end) {
        re_entry_diag(doc->diags, RE_ERROR, draft->entry, offset - 1, 1, NULL,
                      "expected %s behind \":\"", what);
        return -EINVAL;
    }
    re_scan_start(&s, draft->entry, offset, doc->diags);
    if (re_scan_is(&s, "log") || re_scan_is(&s, "quiet")) {
        draft->logging = re_scan_is(&s, "log") ? RE_LOG_ALWAYS : RE_LOG_NEVER;
        re_scan_next(&s);
    } else if (section == RE_SECTION_DENY) {
        err = re_refusal_parse(doc, &s, draft->rule, what);
    } else {
        err = re_scan_expected(&s, what);
    }
    if (!err && s.token != RE_TOKEN_END && s.offset < end) {
        err = re_scan_expected(&s, "a blank");
    }
    return err;
}

/* syscalls = name @set ?name name:ERRNO ... */
static int list_parse(struct re_document *doc, enum re_section section,
                      const struct re_entry *entry)
{
    const struct re_piece *piece = entry->pieces;
    const char *v = entry->value;
    int result = 0;

    if (section == RE_SECTION_EMULATE) {
        re_key_diag(doc->diags, RE_ERROR, entry, "getpid = return 4242",
                    "[emulate] takes single calls, not \"syscalls\"");
        return -EINVAL;
    }
    while (*v) {
        size_t word = strcspn(v, " \t"), name = strcspn(v, " \t:,");
        struct re_draft *draft = re_draft_new(doc, entry);
        int err = 0;

        if (!draft) {
            return -ENOMEM;
        }
        draft->in_value = true;
        draft->offset = v - entry->value;
        draft->length = name;
        draft->name = re_arena_strndup(doc->arena, v, name);
        piece = piece_at(piece, draft->offset);
        draft->rule->line = piece->line;
        draft->rule->text = draft->name;
        draft->rule->verdict = section == RE_SECTION_ALLOW ?
            RE_VERDICT_ALLOW : RE_VERDICT_DENY;
        draft->rule->error = st_errno_by_name(doc->target, "EPERM");
        draft->rule->error_name = "EPERM";
        if (!draft->name) {
            return -ENOMEM;
        }
        if (v[0] == '=') {
            re_entry_diag(doc->diags, RE_ERROR, entry, draft->offset, 1,
                          "an errno stands behind the name: read:EPERM",
                          "unexpected \"=\"");
            return -EINVAL;
        }
        if (v[name] == ',' || name == 0) {
            re_entry_diag(doc->diags, RE_ERROR, entry, draft->offset + name, 1,
                          NULL, v[name] == ',' ? "names are separated by "
                          "blanks, not by \",\"" : "expected a name");
            err = -EINVAL;
        } else {
            err = name_parse(doc, draft);
            if (v[name] == ':' && !err) {
                err = suffix_parse(doc, section, draft,
                                   draft->offset + name + 1,
                                   draft->offset + word);
            }
        }
        if (!err) {
            re_draft_append(doc, draft);
        }
        result = err ? err : result;
        v += word;
        v += strspn(v, " \t");
    }
    return result;
}

static int rule_parse(struct re_document *doc, enum re_section section,
                      const struct re_entry *entry)
{
    struct re_draft *draft;
    struct re_scan s;
    int err;

    if (strcmp(entry->key, "syscalls") == 0) {
        return list_parse(doc, section, entry);
    }
    draft = re_draft_new(doc, entry);
    if (!draft) {
        return -ENOMEM;
    }
    draft->name = entry->key;
    err = name_parse(doc, draft);
    re_scan_start(&s, entry, 0, doc->diags);
    if (re_verdict_parse(doc, section, &s, draft) < 0) {
        err = -EINVAL;
    }
    if (!err) {
        re_draft_append(doc, draft);
    }
    return err;
}

/* --- lists of files ------------------------------------------------------- */

/* A path in an INI file is relative to the file's own folder. */
static char *relative_to(struct re_arena *arena, const char *file,
                         const char *path, size_t length)
{
    const char *slash = strrchr(file, '/');

    if (path[0] == '/' || !slash) {
        return re_arena_strndup(arena, path, length);
    }
    return re_arena_printf(arena, "%.*s%.*s", (int)(slash - file + 1), file,
                           (int)length, path);
}

/* For re_origin_canonical(): what a name stands for stays so in all programs
 * that are executed from then on. */
static int find_by_name(const char *name, char *buf, size_t size)
{
    char *path;
    int err = re_policy_find(name, &path);

    if (err < 0) {
        return err;
    }
    err = (size_t)snprintf(buf, size, "%s", path) < size ? 0 : -ENAMETOOLONG;
    free(path);
    return err;
}

/* "no base.ini in /etc/qemu-policy"; where else such a file may be, that is
 * not looked at. */
static void name_not_found(const struct re_document *doc,
                           const struct re_entry *entry, const char *name,
                           size_t offset)
{
    char folder[PATH_MAX], where[2 * PATH_MAX] = "", hint[512];
    size_t len = 0, name_len = strlen(name);
    const char *const beside[] = { ".ini", "" }, *real = NULL;
    unsigned i;

    for (i = 0; re_policy_folder(i, folder, sizeof(folder)) &&
         len < sizeof(where); i++) {
        len += snprintf(where + len, sizeof(where) - len, "%s%s",
                        i ? " or " : "", folder);
    }
    for (i = 0; i < 2 && !real; i++) {
        char file[256];
        char *path;

        snprintf(file, sizeof(file), "%.200s%s", name, beside[i]);
        path = relative_to(doc->arena, entry->file, file, strlen(file));
        if (path && re_origin_real(doc->origin, path, &real) == 0) {
            snprintf(hint, sizeof(hint), "the file beside this one is \"%s%s\"",
                     i ? "./" : "", file);
        } else {
            real = NULL;
        }
    }
    re_entry_diag(doc->diags, RE_ERROR, entry, offset, name_len,
                  real ? hint : NULL, "no policy \"%.64s\": there is no "
                  "%.64s.ini in %s", name, name, where);
}

/* A word without a dot or a slash is the name of a policy, as in --policy. */
static int include_word(struct parser *p, const struct source *source,
                        const struct re_entry *entry, size_t offset,
                        size_t length)
{
    char *word = re_arena_strndup(p->doc->arena, entry->value + offset,
                                  length);
    const char *path = word;
    int err;

    if (word && re_policy_is_name(word)) {
        err = re_origin_canonical(p->doc->origin, word, find_by_name, &path);
        if (err == -ENOENT) {
            name_not_found(p->doc, entry, word, offset);
        }
        if (err < 0) {
            return err;
        }
        path = re_arena_strdup(p->doc->arena, path);
    } else if (word) {
        path = relative_to(p->doc->arena, entry->file, word, length);
    }
    return path ? parse_file(p, path, source, entry, offset, length) :
        -ENOMEM;
}

static int include_parse(struct parser *p, const struct source *source,
                         const struct re_entry *entry)
{
    const char *v = entry->value;
    int result = 0;

    while (*v) {
        size_t length = strcspn(v, " \t");
        int err = include_word(p, source, entry, v - entry->value, length);

        result = err ? err : result;
        v += length;
        v += strspn(v, " \t");
    }
    return result;
}

static int handlers_parse(struct re_document *doc,
                          const struct re_entry *entry)
{
    const char *v = entry->value;

    while (*v) {
        size_t length = strcspn(v, " \t");
        struct re_handlers *h = re_arena_alloc(doc->arena, sizeof(*h));

        if (!h) {
            return -ENOMEM;
        }
        h->entry = entry;
        h->path = relative_to(doc->arena, entry->file, v, length);
        if (!h->path) {
            return -ENOMEM;
        }
        *doc->handlers_tail = h;
        doc->handlers_tail = &h->next;
        v += length;
        v += strspn(v, " \t");
    }
    return 0;
}

static int policy_entry_parse(struct parser *p, const struct source *source,
                              const struct re_entry *entry)
{
    if (re_setting_known(entry->key)) {
        return re_setting_parse(&p->settings, &source->file->depth, entry);
    }
    if (strcmp(entry->key, "include") == 0) {
        return include_parse(p, source, entry);
    }
    if (strcmp(entry->key, "handlers") == 0) {
        return handlers_parse(p->doc, entry);
    }
    if (strcmp(entry->key, "targets") == 0) {
        return 0;           /* targets_check() has read it */
    }
    return re_setting_unknown(p->doc, entry);
}

/* --- files ---------------------------------------------------------------- */

/* A rule for one device, or what is read from it. */
static int device_parse(struct re_document *doc, const struct re_entry *entry)
{
    struct re_draft **tail = doc->tail;
    struct re_device *device;
    bool is_rule;
    int err = re_device_entry(doc, entry, &device, &is_rule);

    if (err || !is_rule) {
        return err;
    }
    err = rule_parse(doc, RE_SECTION_EMULATE, entry);
    if (!err && *tail) {
        (*tail)->device = device;
    }
    return err;
}

/* The paths of a file's devices, behind what the file says of them. */
static int devices_add(struct re_document *doc,
                       const struct re_section_head *heads)
{
    bool applies;
    int err = 0;

    for (const struct re_section_head *h = heads; h && !err; h = h->next) {
        if (re_section_of(h->name, doc->target, &applies) ==
            RE_SECTION_DEVICE) {
            err = re_device_add(doc, h);
        }
    }
    return err;
}

static int entry_parse(struct parser *p, const struct source *source,
                       const struct re_entry *entry)
{
    bool applies;
    int section = re_section_of(entry->section, p->doc->target, &applies);

    if (section < 0) {
        return -EINVAL;     /* re_sections_check() has complained */
    }
    if (!applies) {
        return 0;
    }
    return section == RE_SECTION_DEVICE ? device_parse(p->doc, entry) :
        section == RE_SECTION_POLICY ?
        policy_entry_parse(p, source, entry) :
        rule_parse(p->doc, section, entry);
}

static int entries_parse(struct parser *p, const struct source *source,
                         const struct re_entry *entries)
{
    int result = 0;

    for (const struct re_entry *e = entries; e; e = e->next) {
        int err = entry_parse(p, source, e);

        if (err == -ENOMEM) {
            return err;
        }
        result = err ? err : result;
    }
    return result;
}

/* A shorter way to a file was found. */
static void move_nearer(struct seen *file, unsigned depth)
{
    if (depth < file->depth) {
        file->depth = depth;
        for (const struct edge *e = file->includes; e; e = e->next) {
            move_nearer(e->to, depth + 1);
        }
    }
}

/* Notes that a file includes another; parent NULL: nothing does. */
static int add_edge(struct re_document *doc, const struct source *parent,
                    struct seen *to)
{
    struct edge *edge;

    if (!parent) {
        return 0;
    }
    edge = re_arena_alloc(doc->arena, sizeof(*edge));
    if (!edge) {
        return -ENOMEM;
    }
    edge->to = to;
    edge->next = parent->file->includes;
    parent->file->includes = edge;
    move_nearer(to, parent->file->depth + 1);
    return 0;
}

/* 0: read on; 1: it was read before; or a negative errno. */
static int enter_file(struct parser *p, struct source *source,
                      const struct re_entry *include, size_t offset,
                      size_t length)
{
    struct re_document *doc = p->doc;
    struct seen *seen;
    int err;

    if (source->depth > RE_INCLUDE_DEPTH_MAX) {
        re_entry_diag(doc->diags, RE_ERROR, include, offset, length, NULL,
                      "includes are nested more than %d deep",
                      RE_INCLUDE_DEPTH_MAX);
        return -EINVAL;
    }
    for (const struct source *s = source->parent; s; s = s->parent) {
        if (strcmp(s->real, source->real) == 0) {
            re_entry_diag(doc->diags, RE_ERROR, include, offset, length, NULL,
                          "include loop: %s includes itself", s->path);
            return -ELOOP;
        }
    }
    for (seen = p->seen; seen; seen = seen->next) {
        if (strcmp(seen->real, source->real) == 0) {
            err = add_edge(doc, source->parent, seen);
            return err ? err : 1;
        }
    }
    seen = re_arena_alloc(doc->arena, sizeof(*seen));
    if (!seen) {
        return -ENOMEM;
    }
    seen->real = re_arena_strdup(doc->arena, source->real);
    seen->depth = source->depth;
    seen->next = p->seen;
    p->seen = seen;
    source->file = seen;
    err = add_edge(doc, source->parent, seen);
    return seen->real ? err : -ENOMEM;
}

/* Whether a file is for this target: 0, -ENOTSUP (what includes it passes it
 * over), or -EINVAL with diags. */
static int targets_check(struct re_document *doc,
                         const struct re_entry *entries, bool included)
{
    const struct re_entry *first = NULL;
    bool applies = true;
    int err = 0;

    for (const struct re_entry *e = entries; e && !err; e = e->next) {
        if (strcmp(e->section, "policy") != 0 ||
            strcmp(e->key, "targets") != 0) {
            continue;
        }
        if (first) {
            return re_setting_twice(doc, e, first);
        }
        first = e;
        err = re_targets_parse(e, doc->target, &applies, doc->diags);
    }
    if (!err && !applies) {
        err = -ENOTSUP;
        if (!included) {
            re_entry_diag(doc->diags, RE_ERROR, first, 0,
                          strlen(first->value), NULL,
                          "this policy is not for %s",
                          st_target_name(doc->target));
        }
    }
    return err;
}

/* All that a file says, in the document. */
static int take_entries(struct parser *p, const struct source *source)
{
    const struct re_section_head *heads;
    struct re_document *doc = p->doc;
    struct re_entry *entries;
    int err, more;

    err = re_read_ini(&entries, &heads, source->path, doc->arena, doc->origin,
                      doc->diags);
    if (err < 0) {
        return err;
    }
    err = re_sections_check(heads, source->path, doc->diags);
    more = targets_check(doc, entries, source->parent);
    if (more == -ENOTSUP) {
        return source->parent && !err ? 0 : err ? err : more;
    }
    err = err ? err : more;
    more = entries_parse(p, source, entries);
    err = more ? more : err;
    return err ? err : devices_add(doc, heads);
}

static int parse_file(struct parser *p, const char *path,
                      const struct source *parent,
                      const struct re_entry *include, size_t offset,
                      size_t length)
{
    struct re_document *doc = p->doc;
    struct source source = {
        .parent = parent, .path = path, .depth = parent ? parent->depth + 1 : 0,
    };
    int err;

    err = re_origin_real(doc->origin, path, &source.real);
    if (err < 0) {
        if (include) {
            re_entry_diag(doc->diags, RE_ERROR, include, offset, length, NULL,
                          "%s: %s", path, strerror(-err));
        } else {
            re_diags_add(doc->diags, RE_ERROR, path, 0, 0, 0, NULL, NULL, "%s",
                         strerror(-err));
        }
        return err;
    }
    err = enter_file(p, &source, include, offset, length);
    if (err == 0) {
        err = take_entries(p, &source);
    }
    return err > 0 ? 0 : err;
}

/* With an origin. */
static int parse_all(struct re_document *doc, const char *path)
{
    struct parser p = { .doc = doc, .settings = { .doc = doc } };
    size_t errors = re_diags_errors(doc->diags);
    int err, more;

    doc->drafts = NULL;
    doc->tail = &doc->drafts;
    doc->handlers = NULL;
    doc->handlers_tail = &doc->handlers;
    err = parse_file(&p, path, NULL, NULL, 0, 0);
    more = re_settings_claim(&p.settings);
    err = err ? err : more;
    if (re_arena_failed(doc->arena)) {
        re_diags_add(doc->diags, RE_ERROR, path, 0, 0, 0, NULL, NULL, "%s",
                     strerror(ENOMEM));
        return -ENOMEM;
    }
    if (err == 0 && re_diags_errors(doc->diags) > errors) {
        err = -EINVAL;
    }
    return err;
}

int re_parse(struct re_document *doc, const char *path)
{
    struct re_origin *origin = NULL;
    int err = 0;

    if (!doc->origin) {
        err = re_origin_new(&origin);
        doc->origin = origin;
    }
    if (err == 0) {
        err = parse_all(doc, path);
    }
    if (origin) {
        re_origin_free(origin);
        doc->origin = NULL;
    }
    return err;
}
