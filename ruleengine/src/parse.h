/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the entries of a policy's files to rules with positions: what the text
 * says, before it is spread over the slots of a target.
 */
#ifndef RULEENGINE_PARSE_H
#define RULEENGINE_PARSE_H

#include "condition.h"
#include "policy.h"
#include "reader.h"
#include "sections.h"

/* Whether a rule leaves a record. */
enum re_logging {
    RE_LOG_BY_DEFAULT,      /* as [policy] log says */
    RE_LOG_ALWAYS,
    RE_LOG_NEVER,
};

enum { RE_INCLUDE_DEPTH_MAX = 16 };

/* One call or set that an entry names, with what it makes of it. */
struct re_draft {
    struct re_draft *next;
    const struct re_entry *entry;
    size_t offset, length;      /* of the name, in the entry's value ... */
    bool in_value;              /* ... or else the key is the name */
    const char *name;           /* without "?" */
    const struct st_set *set;   /* NULL: the name is a call */
    bool optional;              /* "?": a target may lack it */
    enum re_logging logging;
    struct re_rule *rule;       /* one for all names of an entry's verdict */
    size_t handler_offset;      /* where LUA names its handler, in the value */
    struct re_node *condition;  /* NULL: always */
    const struct re_device *device;     /* only for it; NULL: for all */
};

/* A single value of [policy]; depth 0 is the policy's own file. */
struct re_setting {
    const struct re_entry *entry;   /* NULL: nowhere set */
    unsigned depth;
    enum re_logging logging;
    struct re_rule rule;            /* default, unknown, on-error */
    uint64_t number;                /* permissive, limits; log: a bit set */
};

/* Values of "exec" (a layer that does not say: RE_EXEC_INHERIT). */
enum {
    RE_EXEC_INHERIT,        /* below the same policy, in an emulator */
    RE_EXEC_DENY,           /* not at all */
    RE_EXEC_NATIVE,         /* these paths outside, the rest as INHERIT */
};

/* Values of "log", or-ed. */
enum {
    RE_LOG_REFUSED = 1,
    RE_LOG_EMULATED = 2,
    RE_LOG_ALLOWED = 4,
};

struct re_handlers {
    struct re_handlers *next;
    const struct re_entry *entry;
    const char *path;           /* as named, below the INI file's folder */
};

struct re_device;

struct re_document {
    const struct st_target *target;
    struct re_arena *arena;
    struct re_origin *origin;   /* NULL: one of its own while parsing */
    struct re_diags *diags;
    struct re_draft *drafts, **tail;
    struct re_device *devices;
    struct re_handlers *handlers, **handlers_tail;
    struct re_setting default_, unknown, on_error, permissive, log, exec;
    struct re_setting instructions, memory, libraries, seed, state;
    struct re_setting gdb, confine;
    struct re_setting log_rate, log_repeat, host_wall;
};

/* Reads a policy file with all that it includes. Diagnoses as much as it can
 * before it returns 0 or a negative errno. */
int re_parse(struct re_document *doc, const char *path);

/* --- drafts; in draft.c --------------------------------------------------- */

/* A draft of the entry, not yet among the document's, with a rule that knows
 * where it stands. In the arena; NULL when memory is short. */
struct re_draft *re_draft_new(struct re_document *doc,
                              const struct re_entry *entry);
void re_draft_append(struct re_document *doc, struct re_draft *draft);

/* A complaint about the name of a draft, where it stands. */
void re_draft_diag(const struct re_document *doc, const struct re_draft *draft,
                   enum re_severity severity, const char *hint,
                   const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
