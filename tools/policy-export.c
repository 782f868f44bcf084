/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy export: a policy as a container's seccomp profile. Such a profile
 * knows no paths, no addresses, no handlers and no counts, and its numbers are
 * those of one machine; so a call with a condition gets the strictest of the
 * verdicts that it can have here.
 */
#include "policy-question.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static const char help[] =
"usage: qemu-policy export oci POLICY ... [--target TARGET] [-o OUT]\n"
"\n"
"Writes the policies (several are layers) as one seccomp profile for programs of\n"
"TARGET (x86_64). Conditions on arguments become \"args\" where a filter can say\n"
"the same; another call that is only sometimes let through is refused, and what\n"
"is lost that way stands on standard error and in comments of the profile.\n"
"\n"
"Exit status: 0, 1 a policy has errors, 2 wrong usage.\n";

enum { ACTION_MAX = 96 };

/* Calls with the same action, as one rule of the profile. */
struct group {
    char key[ACTION_MAX];           /* "SCMP_ACT_ERRNO EPERM" */
    const char *action;
    const char *error;              /* of ERRNO */
    struct json_object *names;
    bool lossy;
};

struct exporter {
    const struct policy_layers *layers;
    const char *default_action;
    char default_error[ACTION_MAX];
    struct json_object *conditions;     /* rules with "args" */
    struct group *groups;
    size_t count;
};

static const char *action_of(const struct re_answer_rule *r)
{
    if (!r->refuses && !r->emulates) {
        return r->logs ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW";
    }
    if (r->permissive) {
        return "SCMP_ACT_LOG";
    }
    return strcmp(r->verdict, "kill") == 0 ? "SCMP_ACT_KILL_PROCESS" :
        strcmp(r->verdict, "trap") == 0 ? "SCMP_ACT_TRAP" : "SCMP_ACT_ERRNO";
}

/* The errno of a refusal; of an emulation that is no error, ENOSYS. */
static const char *errno_of(const struct re_answer_rule *r)
{
    const char *blank = strchr(r->verdict, ' ');

    return strncmp(r->verdict, "deny ", 5) == 0 ||
        strncmp(r->verdict, "error ", 6) == 0 ? blank + 1 : "ENOSYS";
}

static bool stricter(const struct re_answer_rule *a,
                     const struct re_answer_rule *b)
{
    int x = a->permissive ? 0 : a->strictness;
    int y = b->permissive ? 0 : b->strictness;

    return x > y;
}

/* The strictest verdict that a call can have, and whether it has others. */
static const struct re_answer_rule *strictest(struct re_answer *answers,
                                              unsigned layers, bool *lossy)
{
    const struct re_answer_rule *worst = NULL;

    for (unsigned i = 0; i < layers; i++) {
        for (size_t j = 0; j <= answers[i].decides; j++) {
            const struct re_answer_rule *r = &answers[i].rules[j];

            worst = !worst || stricter(r, worst) ? r : worst;
            *lossy |= answers[i].decides > 0;
        }
    }
    *lossy |= worst->emulates && strncmp(worst->verdict, "error ", 6) != 0;
    return worst;
}

static struct group *group_for(struct exporter *e,
                               const struct re_answer_rule *r, bool lossy)
{
    const char *action = action_of(r);
    bool is_errno = strcmp(action, "SCMP_ACT_ERRNO") == 0;
    char key[ACTION_MAX];
    struct group *g;

    snprintf(key, sizeof(key), "%s %.40s%s", action,
             is_errno ? errno_of(r) : "", lossy ? " lossy" : "");
    for (size_t i = 0; i < e->count; i++) {
        if (strcmp(e->groups[i].key, key) == 0) {
            return &e->groups[i];
        }
    }
    e->groups = policy_need(reallocarray(e->groups, e->count + 1,
                                         sizeof(*g)));
    g = &e->groups[e->count++];
    snprintf(g->key, sizeof(g->key), "%s", key);
    g->action = action;
    g->error = NULL;
    if (is_errno) {
        int number = st_errno_by_name(e->layers->target, errno_of(r));

        g->error = st_errno_name(e->layers->target, number);
    }
    g->names = policy_need(json_object_new_array());
    g->lossy = lossy;
    return g;
}

static void ask(struct exporter *e, int slot, struct re_answer *answers)
{
    for (unsigned i = 0; i < e->layers->count; i++) {
        if (re_view_ask(e->layers->views[i], slot, NULL, &answers[i]) < 0) {
            policy_need(NULL);
        }
    }
}

/* Whether a call inside another one has a number besides, which stands for
 * it. */
static bool stands_elsewhere(const struct st_target *t, unsigned slot)
{
    const char *name = st_slot_name(t, slot);
    bool found = false;

    for (unsigned i = 0; i < st_number_count(t) && !found; i++) {
        const char *other = st_slot_name(t, i);

        found = i != slot && other && strcmp(other, name) == 0;
    }
    return found;
}

/* --- conditions --------------------------------------------------------- */

static struct json_object *args_of(const struct re_filter_list *list)
{
    static const char *const operators[] = {
        [RE_FILTER_EQ] = "SCMP_CMP_EQ", [RE_FILTER_NE] = "SCMP_CMP_NE",
        [RE_FILTER_LT] = "SCMP_CMP_LT", [RE_FILTER_LE] = "SCMP_CMP_LE",
        [RE_FILTER_GT] = "SCMP_CMP_GT", [RE_FILTER_GE] = "SCMP_CMP_GE",
        [RE_FILTER_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
    };
    struct json_object *args = policy_need(json_object_new_array());

    for (unsigned i = 0; i < list->count; i++) {
        const struct re_filter *f = &list->all[i];
        struct json_object *arg = policy_need(json_object_new_object());
        bool masked = f->op == RE_FILTER_MASKED_EQ;

        json_object_object_add(arg, "index", json_object_new_int(f->arg));
        json_object_object_add(arg, "value", json_object_new_uint64(
            masked ? f->mask : f->value));
        if (masked) {
            json_object_object_add(arg, "valueTwo",
                                   json_object_new_uint64(f->value));
        }
        json_object_object_add(arg, "op",
                               json_object_new_string(operators[f->op]));
        json_object_array_add(args, arg);
    }
    return args;
}

static bool is_default(const struct exporter *e,
                       const struct re_answer_rule *r)
{
    return strcmp(action_of(r), e->default_action) == 0 &&
        (strcmp(action_of(r), "SCMP_ACT_ERRNO") != 0 ||
         strcmp(errno_of(r), e->default_error) == 0);
}

/*
 * A call whose conditional rules all do the same, with the profile's default
 * for the rest: rules with "args". A filter does not say which of two rules
 * counts, so nothing else can be put that way.
 */
static bool add_conditions(struct exporter *e, unsigned slot,
                           const struct re_answer *answer)
{
    const struct re_answer_rule *first = &answer->rules[0];
    struct re_filters *filters;
    bool fits = e->layers->count == 1 && answer->decides > 0 &&
        is_default(e, &answer->rules[answer->decides]) &&
        (!first->emulates || strncmp(first->verdict, "error ", 6) == 0);

    filters = policy_need(malloc(sizeof(*filters)));
    fits = fits && re_view_filters(e->layers->views[0], slot, filters) == 0;
    for (unsigned i = 0; fits && i < filters->count; i++) {
        struct json_object *rule = policy_need(json_object_new_object());
        struct json_object *names = policy_need(json_object_new_array());

        json_object_array_add(names, json_object_new_string(
            st_slot_name(e->layers->target, slot)));
        json_object_object_add(rule, "names", names);
        json_object_object_add(rule, "action",
                               json_object_new_string(action_of(first)));
        if (strcmp(action_of(first), "SCMP_ACT_ERRNO") == 0) {
            json_object_object_add(rule, "errnoRet", json_object_new_int(
                st_errno_by_name(e->layers->target, errno_of(first))));
        }
        json_object_object_add(rule, "args", args_of(&filters->any[i]));
        json_object_array_add(e->conditions, rule);
    }
    free(filters);
    return fits;
}

static void add_slot(struct exporter *e, unsigned slot)
{
    const struct st_target *t = e->layers->target;
    const char *name = st_slot_name(t, slot);
    struct re_answer answers[RE_LAYERS_MAX];
    const struct re_answer_rule *r;
    bool lossy = false;

    if (!name || (slot >= st_number_count(t) && stands_elsewhere(t, slot))) {
        return;
    }
    if (st_slot_is_carrier(t, slot)) {
        fprintf(stderr, "%s: not carried over: the calls that it carries have "
                "rules of their own; it is left to defaultAction\n", name);
        return;
    }
    ask(e, slot, answers);
    if (add_conditions(e, slot, &answers[0])) {
        re_answer_free(&answers[0]);
        return;
    }
    r = strictest(answers, e->layers->count, &lossy);
    if (lossy) {
        fprintf(stderr, "%s: not carried over: what decides between its "
                "rules; it is %s%s%s\n", name, action_of(r),
                strcmp(action_of(r), "SCMP_ACT_ERRNO") ? "" : " ",
                strcmp(action_of(r), "SCMP_ACT_ERRNO") ? "" : errno_of(r));
    }
    json_object_array_add(group_for(e, r, lossy)->names,
                          json_object_new_string(name));
    for (unsigned i = 0; i < e->layers->count; i++) {
        re_answer_free(&answers[i]);
    }
}

static struct json_object *rule_of(struct exporter *e, struct group *g)
{
    struct json_object *rule = policy_need(json_object_new_object());

    json_object_object_add(rule, "names", g->names);
    json_object_object_add(rule, "action", json_object_new_string(g->action));
    if (g->error) {
        json_object_object_add(rule, "errnoRet", json_object_new_int(
            st_errno_by_name(e->layers->target, g->error)));
    }
    if (g->lossy) {
        json_object_object_add(rule, "comment", json_object_new_string(
            "has conditions in the policy; this is the strictest verdict"));
    }
    return rule;
}

/* The policy's own default, below which conditions can be said. NULL: it lets
 * calls through, or numbers without a name are treated otherwise. */
static const struct re_answer_rule *own_default(struct exporter *e,
                                                struct re_answer *answer,
                                                const struct re_answer_rule *unknown)
{
    const struct re_answer_rule *r;

    if (e->layers->count != 1 || !unknown->refuses || unknown->permissive) {
        return NULL;
    }
    ask(e, 0, answer);
    r = &answer->rules[answer->count - 1];
    return r->refuses && !r->permissive ? r : NULL;
}

/* Numbers that no name stands for get the default: the policy's, or else the
 * strictest "unknown". */
static void add_default(struct exporter *e, struct json_object *root)
{
    struct re_answer answers[RE_LAYERS_MAX];
    struct re_answer other = { 0 };
    const struct re_answer_rule *own;
    const struct re_answer_rule *r;
    bool lossy = false;

    ask(e, -1, answers);
    r = strictest(answers, e->layers->count, &lossy);
    own = own_default(e, &other, r);
    if (own && strcmp(own->verdict, r->verdict) != 0) {
        fprintf(stderr, "numbers without a name: not carried over: %s; they "
                "have the default there, %s\n", r->verdict, own->verdict);
    }
    r = own ? own : r;
    e->default_action = action_of(r);
    snprintf(e->default_error, sizeof(e->default_error), "%s", errno_of(r));
    json_object_object_add(root, "defaultAction",
                           json_object_new_string(action_of(r)));
    if (strcmp(action_of(r), "SCMP_ACT_ERRNO") == 0) {
        json_object_object_add(root, "defaultErrnoRet", json_object_new_int(
            st_errno_by_name(e->layers->target, errno_of(r))));
    }
    re_answer_free(&other);
    for (unsigned i = 0; i < e->layers->count; i++) {
        re_answer_free(&answers[i]);
    }
}

static int export(const struct policy_layers *layers, const char *path)
{
    struct exporter e = { .layers = layers };
    struct json_object *root = policy_need(json_object_new_object());
    struct json_object *rules = policy_need(json_object_new_array());
    FILE *out = path ? fopen(path, "w") : stdout;
    bool fine = out;

    e.conditions = policy_need(json_object_new_array());
    add_default(&e, root);
    for (unsigned i = 0; i < st_slot_count(layers->target); i++) {
        add_slot(&e, i);
    }
    for (size_t i = 0; i < e.count; i++) {
        json_object_array_add(rules, rule_of(&e, &e.groups[i]));
    }
    for (size_t i = 0; i < json_object_array_length(e.conditions); i++) {
        json_object_array_add(rules, json_object_get(
            json_object_array_get_idx(e.conditions, i)));
    }
    json_object_put(e.conditions);
    json_object_object_add(root, "syscalls", rules);
    if (fine) {
        fprintf(out, "%s\n", json_object_to_json_string_ext(
            root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
            JSON_C_TO_STRING_NOSLASHESCAPE));
        fine = fflush(out) == 0;
        fine &= !path || fclose(out) == 0;
    }
    if (!fine) {
        perror(path ? path : "qemu-policy");
    }
    json_object_put(root);
    free(e.groups);
    return fine ? POLICY_FINE : POLICY_WRONG;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    const char *name = "x86_64", *out = NULL;
    const struct st_target *target;
    struct policy_layers layers;
    int c, result;

    while ((c = getopt_long(argc, argv, "o:t:", options, NULL)) >= 0) {
        if (c == 'o') {
            out = optarg;
        } else if (c == 't') {
            name = optarg;
        } else {
            return policy_bad_option(&policy_export, argv);
        }
    }
    if (argc - optind < 2) {
        return policy_usage(&policy_export, "expected a format and a policy");
    }
    policy_find_files(argv + optind + 1, argc - optind - 1);
    if (strcmp(argv[optind], "oci") != 0) {
        return policy_usage(&policy_export, "unknown format \"%s\"",
                            argv[optind]);
    }
    target = policy_target(&policy_export, name);
    if (!target) {
        return POLICY_USAGE;
    }
    if (!policy_layers_load(&layers, target,
                            (const char *const *)argv + optind + 1,
                            argc - optind - 1)) {
        return POLICY_WRONG;
    }
    result = export(&layers, out);
    policy_layers_free(&layers);
    return result;
}

const struct policy_command policy_export = {
    .name = "export",
    .summary = "writes a policy as a container's seccomp profile",
    .help = help,
    .run = run,
};
