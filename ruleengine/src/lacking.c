/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of a condition that names an argument which a call does not
 * have.
 */
#include <stdio.h>
#include <string.h>

#include "condition.h"
#include "diag-add.h"
#include "node.h"

struct call_args {
    struct st_arg args[ST_MAX_ARGS];
    int count;              /* -1: prototype unknown */
};

static const char *arg_name_at(void *opaque, unsigned i)
{
    struct call_args *a = opaque;

    return (int)i < a->count ? a->args[i].name : NULL;
}

/* Calls that give an address when they are over. */
static bool tells_address(const char *call)
{
    static const char *const calls[] = {
        "recvfrom", "recvmsg", "recvmmsg",
        "recvmmsg_time64", "getpeername", "getsockname",
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i], call) == 0) {
            return true;
        }
    }
    return false;
}

/* What a call lacks when the subject is no argument; NULL when it would be. */
static const char *missing_fact(const struct re_node *node, const char *call)
{
    static const struct {
        const char *subject, *missing;
    } facts[] = {
        { "path", "takes no path" },
        { "path2", "takes no second path" },
        { "fdpath", "takes no descriptor" },
        { "access", "opens no file, and so has no `access`" },
        { "family", NULL }, { "port", NULL }, { "unix", NULL },
        { "addr", NULL },
    };

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (strcmp(node->subject, facts[i].subject) == 0 &&
            (strcmp(node->subject, "addr") != 0 || node->texts)) {
            return facts[i].missing ? facts[i].missing :
                tells_address(call) ?
                "tells whose address it is only when it is over, too late for "
                "a condition" : "takes no socket address";
        }
    }
    return NULL;
}

void re_condition_lacking(struct re_node *lacking, enum re_severity severity,
                          const struct st_target *target, unsigned slot,
                          bool others, const char *consequence,
                          struct re_diags *diags)
{
    const char *missing;
    uint64_t value;
    struct call_args a;
    char names[256] = "", hint[RE_SUGGEST_MAX + 32];
    size_t len = 0;

    if (lacking->reported) {
        return;
    }
    lacking->reported = severity == RE_ERROR;
    missing = missing_fact(lacking, st_slot_name(target, slot));
    if (missing) {
        re_entry_diag(diags, severity, lacking->entry, lacking->offset,
                      lacking->length, NULL, "%s %s%s%s",
                      st_slot_name(target, slot), missing,
                      others ? ", nor do other calls that this rule names," :
                      "", consequence);
        return;
    }
    a.count = st_slot_args(target, slot, a.args);
    for (int i = 0; i < a.count && len < sizeof(names); i++) {
        len += snprintf(names + len, sizeof(names) - len, "%s%s",
                        i ? ", " : "", a.args[i].name);
    }
    re_entry_diag(diags, severity, lacking->entry, lacking->offset,
                  lacking->length,
                  st_constant(target, 0, lacking->subject, &value) == 0 ?
                  "a constant stands behind the comparison" :
                  re_suggest_hint(lacking->subject, arg_name_at, &a, hint,
                                  sizeof(hint)),
                  "\"%.64s\" is not an argument of %s (%s)%s%s",
                  lacking->subject, st_slot_name(target, slot),
                  a.count < 0 ? "its arguments are arg0 to arg5" :
                  a.count == 0 ? "it has none" : names,
                  others ? ", nor of other calls that this rule names," : "",
                  consequence);
}
