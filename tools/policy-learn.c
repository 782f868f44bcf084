/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy learn: a policy of what programs did. */
#include "policy-learn.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ruleengine/find.h>

static const char help[] =
"usage: qemu-policy learn LOG ... [--base POLICY] [--target all] [-o OUT]\n"
"\n"
"Makes a policy that allows what was done in some runs, and little more. A LOG is\n"
"what --policy-learn wrote, or an audit log (JSON lines) of a permissive run; \"-\"\n"
"is standard input. Several runs, also of several targets, become one policy.\n"
"\n"
"  --base POLICY   include it, and allow only what it does not\n"
"  --target all    the policy is for all targets: also what C libraries use there\n"
"                  instead, and libraries wherever they lie\n"
"  -o, --output OUT    where the policy goes (standard output)\n"
"\n"
"What was generalised, and what deserves a look, is said on standard error and in\n"
"comments. The policy is asked about everything that was seen before it is done.\n"
"\n"
"Exit status: 0, 1 a log is wrong or something seen would be refused, 2 wrong\n"
"usage.\n";

/* --- asking a policy ------------------------------------------------------ */

struct judge {
    struct re_view *views[TARGETS_MAX];     /* by the log's targets */
    const struct policy_scope *scope;
};

static void print_errors(const struct re_diags *diags)
{
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *diag = re_diags_at(diags, i);

        if (diag->severity == RE_ERROR) {
            char *text = policy_need(re_diag_text(diag));

            fputs(text, stderr);
            free(text);
        }
    }
}

static void judge_free(struct judge *j)
{
    for (unsigned i = 0; j->scope && i < j->scope->count; i++) {
        re_view_free(j->views[i]);
    }
}

static bool judge_load(struct judge *j, const struct policy_scope *scope,
                       const char *path)
{
    bool fine = true;

    *j = (struct judge) { .scope = scope };
    for (unsigned i = 0; i < scope->count && fine; i++) {
        struct re_diags *diags = policy_need(re_diags_new());

        fine = re_view_new(&j->views[i], scope->targets[i], path, diags) == 0;
        print_errors(diags);
        re_diags_free(diags);
    }
    return fine;
}

static void say(struct re_known *known, const struct learn_thing *t,
                unsigned slot, const char *name, const char *value)
{
    char why[256];

    if (value && re_known_set(known, t->target, slot, name, value, why,
                              sizeof(why)) == -ENOMEM) {
        policy_need(NULL);
    }
}

static void say_all(struct re_known *known, const struct learn_thing *t,
                    unsigned slot)
{
    say(known, t, slot, "path", t->path);
    say(known, t, slot, "path2", t->path2);
    say(known, t, slot, "access", t->access);
    say(known, t, slot, "addr", t->addr);
    say(known, t, slot, "port", t->port);
    say(known, t, slot, "unix", t->unix_name);
    if (!t->addr && !t->unix_name) {
        say(known, t, slot, "family", t->family);
    }
    for (unsigned i = 0; i < t->arg_count; i++) {
        say(known, t, slot, t->args[i].name, t->args[i].value);
    }
}

/* Whether a policy lets it through for certain, by every way to make the call;
 * "*ret_place" is malloc'ed and says which rule does not. */
static bool judge_allows(const struct judge *j, const struct learn_thing *t,
                         char **ret_place)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(t->target, t->call, slots), view = 0;
    bool fine = true;

    while (j->scope->targets[view] != t->target) {
        view++;
    }
    for (unsigned i = 0; i < count && fine; i++) {
        struct re_known *known = policy_need(calloc(1, sizeof(*known)));
        const struct re_answer_rule *rule;
        struct re_answer answer;

        known->nth = 1;
        say_all(known, t, slots[i]);
        if (re_view_ask(j->views[view], slots[i], known, &answer) < 0) {
            policy_need(NULL);
        }
        rule = &answer.rules[answer.decides];
        fine = st_slot_is_carrier(t->target, slots[i]) ||
            (answer.certain && !rule->refuses && !rule->emulates);
        if (!fine && ret_place) {
            *ret_place = rule->line ?
                policy_printf("%s:%u", rule->file, rule->line) :
                policy_printf("the default");
        }
        re_answer_free(&answer);
        free(known);
    }
    return fine;
}

/* What is about a path that leads nowhere can be allowed by no rule, and fails
 * with or without one. */
static bool can_be_named(const struct learn_thing *t)
{
    enum learn_kind kind = learn_trait_of(t->call)->kind;

    return t->path || (kind != LEARN_OPEN && kind != LEARN_PATH &&
                       kind != LEARN_PATHS && kind != LEARN_REFUSED);
}

/* Two things of which an answer for the one is one for the other. */
static bool is_plain(const struct learn_thing *t)
{
    return learn_trait_of(t->call)->kind == LEARN_PLAIN;
}

static bool is_same(const struct learn_thing *a, const struct learn_thing *b)
{
    return a->call == b->call && a->target == b->target;
}

/* --- before: what the base allows ----------------------------------------- */

static bool leave_out_known(struct learn_log *log, const char *base)
{
    struct judge judge;
    bool fine = judge_load(&judge, &log->targets, base);
    size_t kept = 0;

    for (size_t i = 0; i < log->count && fine; i++) {
        struct learn_thing t = log->things[i];

        if (!judge_allows(&judge, &t, NULL)) {
            log->things[i] = log->things[kept];
            log->things[kept++] = t;
        }
    }
    if (fine) {
        /* The others stay behind the end, to be freed with the rest. */
        log->kept = kept;
    }
    judge_free(&judge);
    return fine;
}

/* --- after: whether all that was seen is allowed -------------------------- */

static void describe(const struct learn_thing *t, const char *place)
{
    fprintf(stderr, "  refused     %s", t->call);
    if (t->path || t->unix_name) {
        fprintf(stderr, " %s", t->path ? t->path : t->unix_name);
    }
    if (t->addr) {
        fprintf(stderr, " %s port %s", t->addr, t->port);
    }
    for (unsigned i = 0; i < t->arg_count; i++) {
        fprintf(stderr, " %s=%s", t->args[i].name, t->args[i].value);
    }
    fprintf(stderr, " (%s)\n", place);
}

static bool is_held(const struct learn_log *log,
                    const struct policy_scope *targets, const char *path)
{
    struct judge judge;
    bool fine = judge_load(&judge, &log->targets, path);
    unsigned refused = 0;

    for (size_t i = 0; i < log->count && fine; i++) {
        const struct learn_thing *t = &log->things[i];
        char *place = NULL;

        if (!can_be_named(t) ||
            (i > 0 && is_plain(t) && is_same(t, &log->things[i - 1]))) {
            continue;
        }
        if (!judge_allows(&judge, t, &place)) {
            describe(t, place);
            refused++;
        }
        free(place);
    }
    judge_free(&judge);
    /* And it must be a policy wherever it is meant to be one. */
    for (unsigned i = 0; i < targets->count && fine; i++) {
        struct policy_scope one = { { targets->targets[i] }, 1 };

        fine = judge_load(&judge, &one, path);
        judge_free(&judge);
    }
    return fine && !refused;
}

/* --- after: what other targets say of it ---------------------------------- */

static bool is_meant_for(const struct learn_policy *p,
                         const struct st_target *t)
{
    for (unsigned i = 0; i < p->targets.count; i++) {
        if (p->targets.targets[i] == t) {
            return true;
        }
    }
    return false;
}

/* Whether a policy means the same there as where it was learnt: a constant
 * that a target lacks is an error, a rule that does not apply a warning. Those
 * of a base are the base's. */
static bool is_fit(const struct st_target *t, const char *path)
{
    struct re_diags *diags = policy_need(re_diags_new());
    struct re_view *view = NULL;
    bool fit = re_view_new(&view, t, path, diags) == 0;

    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *diag = re_diags_at(diags, i);

        fit &= !diag->file || strcmp(diag->file, path) != 0;
    }
    re_view_free(view);
    re_diags_free(diags);
    return fit;
}

static void find_unfit(struct learn_policy *p, const char *path)
{
    const struct st_target *t;

    for (unsigned i = 0; (t = st_target_at(i)) && i < TARGETS_MAX; i++) {
        if (!is_meant_for(p, t) && !is_fit(t, path)) {
            p->unfit.targets[p->unfit.count++] = t;
        }
    }
    if (p->unfit.count) {
        learn_words_add(&p->doubts, policy_printf("%u targets lack what it "
                        "names, and refuse it (\"targets\")", p->unfit.count));
    }
}

/* --- what it tells -------------------------------------------------------- */

static void plural(unsigned n, const char *one, const char *many,
                   const char *behind)
{
    fprintf(stderr, "%u %s%s", n, n == 1 ? one : many, behind);
}

static void print_line_count(const struct learn_policy *p)
{
    unsigned rules = 0;

    for (size_t i = 0; i < p->rule_count; i++) {
        rules += p->rules[i].tokens.count > 0;
    }
    plural(p->calls, "syscall", "syscalls", ", ");
    plural(p->paths, "path", "paths", ", ");
    plural(p->addresses, "address", "addresses", " -> ");
    plural(rules + 1, "rule", "rules", "\n");
}

static void print_folds(const struct learn_policy *p)
{
    for (size_t i = 0; i < p->fold_count; i++) {
        const struct learn_fold *f = &p->folds[i];

        fprintf(stderr, "  folded      %u syscalls into %s", f->covered, f->set);
        if (f->opened.count) {
            fprintf(stderr, ", which opens %zu more", f->opened.count);
        }
        fputc('\n', stderr);
    }
}

static void print_text(const char *text)
{
    for (; *text; text++) {
        fputc(*text >= ' ' && *text < 0x7f ? *text : '?', stderr);
    }
}

static void print_notes(const struct learn_policy *p)
{
    for (size_t i = 0; i < p->notes.count; i++) {
        const struct learn_note *n = &p->notes.items[i];

        fputs("  generalised ", stderr);
        print_text(n->from);
        if (n->count > 1) {
            fprintf(stderr, " and %u more", n->count - 1);
        }
        fputs(" -> ", stderr);
        print_text(n->to);
        fprintf(stderr, "  (%s)\n", n->why);
    }
}

static void print_looks(const struct learn_policy *p, const char *file)
{
    for (size_t i = 0; i < p->looks.count; i++) {
        fputs("  look at     ", stderr);
        print_text(p->looks.items[i]);
        fprintf(stderr, "  %s:%zu\n", file, p->looks_line + i);
    }
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct learn_rule *r = &p->rules[i];

        for (size_t j = 0; j < r->looks.count; j++) {
            fputs("  look at     ", stderr);
            print_text(r->looks.items[j]);
            fprintf(stderr, "  %s:%u\n", file, r->line);
        }
    }
}

static void print_summary(const struct learn_policy *p, const char *file)
{
    print_line_count(p);
    print_folds(p);
    print_notes(p);
    print_looks(p, file ? file : "-");
    for (size_t i = 0; i < p->doubts.count; i++) {
        fputs("  note        ", stderr);
        print_text(p->doubts.items[i]);
        fputc('\n', stderr);
    }
}

/* --- doubts --------------------------------------------------------------- */

static void doubt(struct learn_policy *p, bool when, char *text)
{
    if (when) {
        learn_words_add(&p->doubts, text);
    } else {
        free(text);
    }
}

static void add_doubts(struct learn_policy *p, const struct learn_log *log)
{
    unsigned nowhere = 0;

    for (size_t i = 0; i < log->count; i++) {
        nowhere += log->things[i].has_path && !can_be_named(&log->things[i]);
    }
    doubt(p, nowhere, policy_printf("calls with a path that leads nowhere are "
          "left out (%u): they fail, with another error", nowhere));
    doubt(p, log->refused, policy_printf("refused and emulated calls are left "
          "out (%u): they did not run", log->refused));
    doubt(p, log->broken, policy_printf("lines of the logs that could not be "
          "understood: %u", log->broken));
    doubt(p, log->lost, policy_printf("records that are missing in the logs: "
          "%llu; learn again", (unsigned long long)log->lost));
    for (size_t i = 0; i < log->nameless.count; i++) {
        doubt(p, true, policy_printf("number %s has no name here and gets "
              "ENOSYS", log->nameless.items[i]));
    }
}

/* --- the command ---------------------------------------------------------- */

/* The base as the policy has to name it: by its name, if it was named so;
 * relative to the policy's folder, if it lies beside it; else without links.
 * malloc'ed. */
static char *include_name(const struct learn_options *options,
                          const char *out)
{
    const char *base = options->base;
    const char *base_slash = strrchr(base, '/');
    const char *out_slash = out ? strrchr(out, '/') : NULL;
    size_t base_length = base_slash ? base_slash - base + 1 : 0;
    size_t out_length = out_slash ? out_slash - out + 1 : 0;

    if (options->base_name) {
        return policy_printf("%s", options->base_name);
    }
    if (base_length == out_length &&
        strncmp(base, out ? out : "", base_length) == 0) {
        base += base_length;
        return policy_printf("%s%s", re_policy_is_name(base) ? "./" : "", base);
    }
    return policy_need(realpath(base, NULL));
}

/* Copies what was written to where it belongs. */
static bool publish(const char *from, const char *to)
{
    FILE *in = fopen(from, "r"), *out = to ? fopen(to, "w") : stdout;
    bool fine = in && out;
    char buf[4096];
    size_t n;

    while (fine && (n = fread(buf, 1, sizeof(buf), in)) > 0) {
        fine = fwrite(buf, 1, n, out) == n;
    }
    fine = fine && fflush(out) == 0;
    if (!fine) {
        fprintf(stderr, "%s: error: %s\n", to ? to : "standard output",
                strerror(errno));
    }
    if (in) {
        fclose(in);
    }
    if (out && to) {
        fclose(out);
    }
    return fine;
}

/* A name beside the policy that is to be, for includes to be found. */
static char *draft_name(const char *out)
{
    const char *slash = out ? strrchr(out, '/') : NULL;

    return policy_printf("%.*s.learn-XXXXXX",
                         slash ? (int)(slash - out + 1) : 0, out ? out : "");
}

static bool write_to(const char *draft, struct learn_policy *p,
                     const struct learn_log *log, const char *base)
{
    FILE *file = fopen(draft, "w");

    if (file) {
        learn_write(p, log, base, file);
    }
    return file && fclose(file) == 0;
}

static int write_and_ask(struct learn_policy *p, const struct learn_log *log,
                         const struct learn_options *options, const char *out)
{
    char *base = options->base ? include_name(options, out) : NULL;
    char *draft = draft_name(out);
    int fd = mkstemp(draft);
    bool fine = fd >= 0 && close(fd) == 0 && write_to(draft, p, log, base);

    if (fine) {
        find_unfit(p, draft);
        fine = !p->unfit.count || write_to(draft, p, log, base);
    }
    if (!fine) {
        fprintf(stderr, "%s: error: %s\n", out ? out : draft, strerror(errno));
    } else {
        print_summary(p, out);
        fine = publish(draft, out);
        fine &= is_held(log, &p->targets, draft);
    }
    unlink(draft);
    free(draft);
    free(base);
    return fine ? POLICY_FINE : POLICY_WRONG;
}

static int learn(char **files, int count, const struct learn_options *options,
                 const char *out)
{
    struct learn_log log = { 0 };
    struct learn_policy policy;
    bool fine = true;
    int result = POLICY_WRONG;

    for (int i = 0; i < count && fine; i++) {
        fine = learn_log_read(&log, files[i]);
    }
    if (fine && !log.targets.count) {
        fprintf(stderr, "%s: error: nothing in it is a record\n", files[0]);
        fine = false;
    }
    log.kept = log.count;
    if (fine && options->base) {
        fine = leave_out_known(&log, options->base);
    }
    if (fine) {
        learn_make(&policy, &log, options);
        add_doubts(&policy, &log);
        result = write_and_ask(&policy, &log, options, out);
        learn_policy_free(&policy);
    }
    learn_log_free(&log);
    return result;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "base", required_argument, NULL, 'b' },
        { "target", required_argument, NULL, 't' },
        { "output", required_argument, NULL, 'o' },
        { NULL },
    };
    struct learn_options given = { 0 };
    const char *out = NULL;
    char *base;
    int c;

    while ((c = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
        switch (c) {
        case 'b':
            base = optarg;
            policy_find_files(&base, 1);
            given.base = base;
            given.base_name = re_policy_is_name(optarg) ? optarg : NULL;
            break;
        case 't':
            given.any_target = strcmp(optarg, "all") == 0;
            if (!given.any_target) {
                return policy_usage(&policy_learn, "--target takes \"all\"");
            }
            break;
        case 'o':
            out = optarg;
            break;
        default:
            return policy_bad_option(&policy_learn, argv);
        }
    }
    if (optind == argc) {
        return policy_usage(&policy_learn, "expected a log");
    }
    return learn(argv + optind, argc - optind, &given, out);
}

const struct policy_command policy_learn = {
    .name = "learn",
    .summary = "makes a policy of what a program did",
    .help = help,
    .run = run,
};
