/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's seccomp profile (OCI runtime specification, and the fields that
 * container engines add: includes, excludes, defaultErrno).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "policy-draft.h"
#include "policy-question.h"

struct importer {
    struct policy_draft *draft;
    const struct draft_options *options;
    unsigned entry;             /* of "syscalls", from 1; for notes */
};

static struct json_object *member(struct json_object *o, const char *name)
{
    struct json_object *found = NULL;

    json_object_object_get_ex(o, name, &found);
    return found;
}

static const char *text_of(struct json_object *o, const char *name)
{
    struct json_object *found = member(o, name);

    /* A JSON null is no object at all. */
    return found ? json_object_get_string(found) : "";
}

static size_t length_of(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ?
        json_object_array_length(list) : 0;
}

/* Every member that is not one of these is named in a note. */
static void note_others(struct importer *im, struct json_object *o,
                        const char *const *known)
{
    json_object_object_foreach(o, key, value) {
        bool found = false;

        for (const char *const *k = known; *k && !found; k++) {
            found = strcmp(*k, key) == 0;
        }
        if (!found) {
            draft_note(im->draft, 0, "%s\"%s\": %.100s",
                       im->entry ? "in a rule: " : "", key,
                       json_object_to_json_string(value));
        }
    }
}


/* --- shapes ------------------------------------------------------------- */

struct shape {
    const char *name;           /* NULL: the end */
    json_type type, items;      /* items: of an array */
};

/*
 * What has another type is refused: read as nothing, it would make a rule for
 * some arguments or capabilities one for all. null is as good as left out.
 */
static bool has_shape(struct importer *im, struct json_object *o,
                      const struct shape *shapes)
{
    for (const struct shape *s = shapes; s->name; s++) {
        struct json_object *value = member(o, s->name);

        if (value && !json_object_is_type(value, s->type)) {
            draft_fail(im->draft, 0, "\"%s\": expected %s, not %.100s",
                       s->name, json_type_to_name(s->type),
                       json_object_to_json_string(value));
            return false;
        }
        for (size_t i = 0; i < length_of(value); i++) {
            struct json_object *item = json_object_array_get_idx(value, i);

            if (!json_object_is_type(item, s->items)) {
                draft_fail(im->draft, 0, "in \"%s\": expected %s, not %.100s",
                           s->name, json_type_to_name(s->items),
                           json_object_to_json_string(item));
                return false;
            }
        }
    }
    return true;
}

static bool profile_has_shape(struct importer *im, struct json_object *root)
{
    static const struct shape shapes[] = {
        { "defaultAction", json_type_string },
        { "defaultErrno", json_type_string },
        { "defaultErrnoRet", json_type_int },
        { "architectures", json_type_array, json_type_string },
        { "archMap", json_type_array, json_type_object },
        { "syscalls", json_type_array, json_type_object },
        { NULL },
    };

    return has_shape(im, root, shapes);
}

static bool arg_has_shape(struct importer *im, struct json_object *arg)
{
    static const struct shape shapes[] = {
        { "index", json_type_int }, { "value", json_type_int },
        { "valueTwo", json_type_int }, { "op", json_type_string },
        { NULL },
    };
    static const char *const values[] = { "value", "valueTwo" };

    if (!has_shape(im, arg, shapes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct json_object *value = member(arg, values[i]);

        if (value && json_object_get_int64(value) < 0) {
            draft_fail(im->draft, 0, "\"%s\": has no sign, not %s", values[i],
                       json_object_to_json_string(value));
            return false;
        }
    }
    return true;
}

static bool rule_has_shape(struct importer *im, struct json_object *rule)
{
    static const struct shape shapes[] = {
        { "names", json_type_array, json_type_string },
        { "name", json_type_string },
        { "action", json_type_string },
        { "args", json_type_array, json_type_object },
        { "errno", json_type_string },
        { "errnoRet", json_type_int },
        { "includes", json_type_object },
        { "excludes", json_type_object },
        { NULL },
    };
    static const struct shape filter[] = {
        { "caps", json_type_array, json_type_string },
        { "arches", json_type_array, json_type_string },
        { "minKernel", json_type_string },
        { NULL },
    };
    struct json_object *args;

    if (!has_shape(im, rule, shapes) ||
        !has_shape(im, member(rule, "includes"), filter) ||
        !has_shape(im, member(rule, "excludes"), filter)) {
        return false;
    }
    args = member(rule, "args");
    for (size_t i = 0; i < length_of(args); i++) {
        if (!arg_has_shape(im, json_object_array_get_idx(args, i))) {
            return false;
        }
    }
    return true;
}
/* --- actions ------------------------------------------------------------ */

static const char *errno_of(struct importer *im, struct json_object *o,
                            const char *name, const char *number,
                            const char *left_out)
{
    const char *text = text_of(o, name), *found;

    if (text[0] && !draft_is_errno(text)) {
        draft_fail(im->draft, 0, "%s: unknown errno", name);
        return left_out;
    }
    if (text[0]) {
        return text;
    }
    if (!member(o, number)) {
        return left_out;
    }
    found = draft_errno(json_object_get_int64(member(o, number)));
    if (!found) {
        draft_fail(im->draft, 0, "%s: there is no errno %s", number,
                   json_object_get_string(member(o, number)));
    }
    return found ? found : left_out;
}

/* The section of an action, and its verdict there. */
static bool action(struct importer *im, const char *name, const char *error,
                   enum draft_section *section, const char **verdict)
{
    *section = DRAFT_DENY;
    *verdict = "kill";
    if (strcmp(name, "SCMP_ACT_ALLOW") == 0) {
        *section = DRAFT_ALLOW;
        *verdict = "";
    } else if (strcmp(name, "SCMP_ACT_LOG") == 0) {
        *section = DRAFT_ALLOW;
        *verdict = "log";
    } else if (strcmp(name, "SCMP_ACT_ERRNO") == 0) {
        *verdict = error;
    } else if (strcmp(name, "SCMP_ACT_TRAP") == 0) {
        *verdict = "trap";
    } else if (strcmp(name, "SCMP_ACT_KILL") == 0 ||
               strcmp(name, "SCMP_ACT_KILL_THREAD") == 0) {
        draft_note(im->draft, 0, "%s ends a thread; here \"kill\" ends the "
                   "process", name);
    } else if (strcmp(name, "SCMP_ACT_TRACE") == 0 ||
               strcmp(name, "SCMP_ACT_NOTIFY") == 0) {
        draft_note(im->draft, 0, "%s has nobody to ask; it is ENOSYS, as in "
                   "the kernel", name);
        *verdict = "ENOSYS";
    } else if (strcmp(name, "SCMP_ACT_KILL_PROCESS") != 0) {
        draft_fail(im->draft, 0, "unknown action \"%s\"", name);
        return false;
    }
    return true;
}

/* --- conditions --------------------------------------------------------- */

enum outcome {
    ASKS,                   /* it depends on the argument */
    ALWAYS,
    NEVER,
    WRONG,                  /* said */
};

/* Bits beyond those that an argument has, but for a sign's. */
static bool is_wide(uint64_t value, unsigned width)
{
    uint64_t all = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;

    return value > all && (value | all / 2) != UINT64_MAX;
}

/* A filter compares whole registers, and has a value that is wider than the
 * argument: what it comes to for all that the argument can be. */
static enum outcome outcome_of(const char *op, uint64_t value, uint64_t two,
                               unsigned width)
{
    if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0) {
        return is_wide(two, width) ? NEVER : ASKS;
    }
    if (!is_wide(value, width)) {
        return ASKS;
    }
    return strcmp(op, "SCMP_CMP_EQ") == 0 || strcmp(op, "SCMP_CMP_GT") == 0 ||
        strcmp(op, "SCMP_CMP_GE") == 0 ? NEVER : ALWAYS;
}

static char *comparison_text(struct importer *im, const char *call,
                             const char *name, const char *op, uint64_t value,
                             uint64_t two)
{
    static const struct {
        const char *op, *text;
    } ops[] = {
        { "SCMP_CMP_EQ", "==" }, { "SCMP_CMP_NE", "!=" },
        { "SCMP_CMP_LT", "<" }, { "SCMP_CMP_LE", "<=" },
        { "SCMP_CMP_GT", ">" }, { "SCMP_CMP_GE", ">=" },
    };

    if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0) {
        return policy_printf("(%s & 0x%" PRIx64 ") == 0x%" PRIx64, name,
                             value, two);
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (strcmp(op, ops[i].op) == 0) {
            return policy_printf("%s %s 0x%" PRIx64, name, ops[i].text, value);
        }
    }
    draft_fail(im->draft, 0, "%s: unknown comparison \"%s\"", call, op);
    return NULL;
}

/* What the language compares at the width of the target's words may be more
 * than some of these can hold. */
static void note_narrow(struct importer *im, const char *call,
                        const char *text, enum outcome outcome)
{
    draft_note(im->draft, 0, "%s: on 32-bit targets %s%s", call, text,
               outcome == ALWAYS ? " always holds" : outcome == NEVER ?
               " never holds" : " looks at the mask's lower half");
}

/* malloc'ed where the outcome is ASKS. */
static char *comparison(struct importer *im, const char *call,
                        struct json_object *arg, enum outcome *ret)
{
    const char *op = text_of(arg, "op"), *name;
    uint64_t value = json_object_get_uint64(member(arg, "value"));
    uint64_t two = json_object_get_uint64(member(arg, "valueTwo"));
    int index = json_object_get_int(member(arg, "index"));
    bool masked = strcmp(op, "SCMP_CMP_MASKED_EQ") == 0, narrow;
    unsigned width;
    char buf[8], *text;

    *ret = WRONG;
    if (!member(arg, "index") || index < 0 || index > 5) {
        draft_fail(im->draft, 0, "%s: an index is 0 to 5", call);
        return NULL;
    }
    name = draft_arg(call, index, buf);
    width = draft_arg_width(call, name, &narrow);
    text = comparison_text(im, call, name, op, value, two);
    if (!text) {
        return NULL;
    }
    *ret = outcome_of(op, value, two, width);
    if (*ret != ASKS) {
        draft_note(im->draft, 0, "%s: %s %s holds, for %s has %u bits", call,
                   text, *ret == ALWAYS ? "always" : "never", name, width);
        free(text);
        return NULL;
    }
    if (masked && is_wide(value, width)) {
        free(text);
        value &= (UINT64_C(1) << width) - 1;
        text = comparison_text(im, call, name, op, value, two);
        draft_note(im->draft, 0, "%s: %s, for %s has %u bits", call, text,
                   name, width);
    } else if (narrow && (is_wide(value, 32) || (masked && is_wide(two, 32)))) {
        note_narrow(im, call, text, outcome_of(op, value, two, 32));
    }
    return text;
}

/* Where two ask about the same argument, one will do: so container engines read
 * them. */
static bool any_will_do(struct json_object *args)
{
    unsigned seen = 0;

    for (size_t i = 0; i < length_of(args); i++) {
        struct json_object *arg = json_object_array_get_idx(args, i);
        unsigned bit = 1u << (json_object_get_int(member(arg, "index")) & 31);

        if (seen & bit) {
            return true;
        }
        seen |= bit;
    }
    return false;
}

static void join(char **text, char *one, bool any)
{
    char *both;

    if (!*text) {
        *text = one;
        return;
    }
    both = policy_printf("%s %s %s", *text, any ? "||" : "&&", one);
    free(one);
    free(*text);
    *text = both;
}

/* All must hold, or any; malloc'ed where the outcome is ASKS. */
static char *condition(struct importer *im, const char *call,
                       struct json_object *args, enum outcome *ret)
{
    bool any = any_will_do(args);
    enum outcome settles = any ? ALWAYS : NEVER;    /* one of these does */
    char *text = NULL;

    *ret = any ? NEVER : ALWAYS;
    for (size_t i = 0; i < length_of(args); i++) {
        enum outcome outcome;
        char *one = comparison(im, call, json_object_array_get_idx(args, i),
                               &outcome);

        if (outcome == WRONG || outcome == settles) {
            free(text);
            *ret = outcome;
            return NULL;
        }
        if (outcome == ASKS) {
            join(&text, one, any);
            *ret = ASKS;
        }
    }
    return text;
}

static void add_conditional(struct importer *im, const char *call,
                            struct json_object *args,
                            enum draft_section section, const char *verdict)
{
    enum outcome outcome;
    char *tests = condition(im, call, args, &outcome);

    if (outcome == NEVER) {
        draft_note(im->draft, 0, "%s: a rule that never holds is left out",
                   call);
    } else if (outcome != WRONG) {
        draft_add(im->draft, 0, section, call, verdict, tests, NULL);
    }
    free(tests);
}

/* --- rules -------------------------------------------------------------- */

static bool has_cap(const struct importer *im, struct json_object *caps,
                    bool all)
{
    size_t count = length_of(caps), found = 0;

    for (size_t i = 0; i < count; i++) {
        const char *cap = json_object_get_string(
            json_object_array_get_idx(caps, i));

        for (unsigned j = 0; j < im->options->cap_count; j++) {
            found += strcmp(im->options->caps[j], cap) == 0;
        }
    }
    return all ? found == count : found > 0;
}

static const char *list_text(struct json_object *list)
{
    return json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN);
}

/* Whether a rule is for a program such as this; if not, a note names it. */
static bool applies(struct importer *im, struct json_object *rule,
                    const char *names)
{
    struct json_object *in = member(rule, "includes");
    struct json_object *out = member(rule, "excludes");
    struct json_object *arches = in ? member(in, "arches") : NULL;

    if (in && !has_cap(im, member(in, "caps"), true)) {
        draft_note(im->draft, 0, "with capabilities %s alone: %s",
                   list_text(member(in, "caps")), names);
        return false;
    }
    if (out && has_cap(im, member(out, "caps"), false)) {
        draft_note(im->draft, 0, "without capabilities %s alone: %s",
                   list_text(member(out, "caps")), names);
        return false;
    }
    /* Names stand for the same call on every target, so a rule for one
     * machine's calls may be taken for all; one about the places of arguments
     * may not. */
    if (length_of(arches) && length_of(member(rule, "args"))) {
        draft_note(im->draft, 0, "on %s alone: %s", list_text(arches), names);
        return false;
    }
    if (length_of(arches)) {
        draft_note(im->draft, 0, "on every target, not on %s alone: %s",
                   list_text(arches), names);
    }
    if (out && length_of(member(out, "arches"))) {
        draft_note(im->draft, 0, "on every target, also on %s: %s",
                   list_text(member(out, "arches")), names);
    }
    if (in && member(in, "minKernel")) {
        draft_note(im->draft, 0, "on every kernel, not from %s on: %s",
                   text_of(in, "minKernel"), names);
    }
    return true;
}

static void import_rule(struct importer *im, struct json_object *rule,
                        const char *left_out)
{
    static const char *const known[] = {
        "names", "name", "action", "args", "errnoRet", "errno", "comment",
        "includes", "excludes", NULL,
    };
    struct json_object *names = member(rule, "names");
    struct json_object *args = member(rule, "args");
    const char *verdict, *text;
    enum draft_section section;
    size_t count = names ? length_of(names) : 1;

    if (!rule_has_shape(im, rule)) {
        return;
    }
    note_others(im, rule, known);
    if (!names && !member(rule, "name")) {
        draft_fail(im->draft, 0, "a rule without \"names\"");
        return;
    }
    text = names ? list_text(names) : text_of(rule, "name");
    if (!applies(im, rule, text) ||
        !action(im, text_of(rule, "action"),
                errno_of(im, rule, "errno", "errnoRet", left_out), &section,
                &verdict)) {
        return;
    }
    for (size_t i = 0; i < count && !im->draft->failed; i++) {
        const char *name = names ? json_object_get_string(
            json_object_array_get_idx(names, i)) : text_of(rule, "name");

        if (length_of(args)) {
            add_conditional(im, name, args, section, verdict);
        } else {
            draft_add(im->draft, 0, section, name, verdict, NULL, NULL);
        }
    }
}

static void import_profile(struct importer *im, struct json_object *root)
{
    static const char *const known[] = {
        "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures",
        "archMap", "syscalls", NULL,
    };
    struct json_object *rules = member(root, "syscalls");
    const char *error, *verdict;
    enum draft_section section;
    char *text;

    if (!profile_has_shape(im, root)) {
        return;
    }
    note_others(im, root, known);
    error = errno_of(im, root, "defaultErrno", "defaultErrnoRet", "EPERM");
    if (!action(im, text_of(root, "defaultAction"), error, &section,
                &verdict)) {
        return;
    }
    text = section == DRAFT_ALLOW ?
        policy_printf("allow%s%s", verdict[0] ? " " : "", verdict) :
        policy_printf("%s%s", verdict[0] == 'E' ? "deny " : "", verdict);
    draft_set_default(im->draft, text);
    if (section == DRAFT_ALLOW) {
        im->draft->unknown = policy_printf("%s", text);
    }
    free(text);
    /* A rule's errno left out is EPERM, whatever the default's is. */
    for (size_t i = 0; i < length_of(rules); i++) {
        im->entry = i + 1;
        import_rule(im, json_object_array_get_idx(rules, i), "EPERM");
    }
}

void import_oci(struct policy_draft *d, FILE *in,
                const struct draft_options *options)
{
    struct importer im = { .draft = d, .options = options };
    struct json_object *root = json_object_from_fd(fileno(in));
    struct json_object *profile = root;

    /* A whole config.json has it below linux.seccomp. */
    if (root && member(root, "linux") &&
        member(member(root, "linux"), "seccomp")) {
        profile = member(member(root, "linux"), "seccomp");
    }
    if (!root) {
        draft_fail(d, 0, "this is no JSON, or only a part of it");
    } else if (!json_object_is_type(profile, json_type_object) ||
               !member(profile, "defaultAction")) {
        draft_fail(d, 0, "this is no seccomp profile: it has no "
                   "\"defaultAction\"");
    } else {
        import_profile(&im, profile);
    }
    json_object_put(root);
}
