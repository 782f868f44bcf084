/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy test: a table of calls and verdicts, asked of a policy.
 *
 *     openat path=/srv/www/index.html access=read      allow
 *     connect addr=::1 port=25                         deny EACCES
 */
#include "policy-question.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"usage: qemu-policy test POLICY ... CASES [--target TARGET|all]\n"
"\n"
"Asks the policies (several are layers) about each line of CASES:\n"
"  CALL [NAME=VALUE ...] VERDICT    ; a comment, as is a line behind \"#\"\n"
"NAME=VALUE as in qemu-policy explain; a value with blanks stands in double\n"
"quotes. VERDICT is allow, deny ERRNO, kill, trap, return N, error ERRNO,\n"
"lua FUNCTION, data, file PATH, redirect PATH, device PATH, run, make-parents,\n"
"below-root or any-address; \"permissive\" behind a refusal that lets the call through.\n"
"Targets that lack a call are left out. A verdict that depends on what a case\n"
"does not give is a failure.\n"
"\n"
"Prints TAP. Exit status: 0 every case holds, 1 one does not, or a policy or\n"
"CASES has errors, 2 wrong usage.\n";

struct test_case {
    struct policy_question question;
    char *text;                     /* the line, without what surrounds it */
    char *owned;                    /* what the question's words point into */
    char verdict[RE_VERDICT_TEXT_MAX];
    unsigned line;
    unsigned asked;                 /* targets that have the call */
    struct policy_variants failures;
};

struct test_cases {
    const char *file;
    struct test_case *items;
    size_t count;
    unsigned errors;
};

static const struct {
    const char *name;
    const char *operand;            /* what must follow, or NULL */
} verdicts[] = {
    { "allow" }, { "deny", "an errno" }, { "kill" }, { "trap" },
    { "return", "a number" }, { "error", "an errno" },
    { "lua", "a function's name" }, { "data" }, { "file", "a path" },
    { "redirect", "a path" }, { "device", "a path" }, { "read" }, { "run" },
    { "make-parents" }, { "below-root" }, { "any-address" },
};

__attribute__((format(printf, 4, 5)))
static void complain(struct test_cases *cases, unsigned line, unsigned column,
                     const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%u:%u: error: ", cases->file, line, column);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    cases->errors++;
}

/* --- reading ------------------------------------------------------------ */

/* The next word, ended by a NUL; quotes are taken out. NULL: no more. */
static char *next_word(char **rest, char *end)
{
    char *from = *rest + strspn(*rest, " \t"), *to = from, *word = from;
    bool quoted = false;

    if (from >= end || !*from || *from == ';' || *from == '#') {
        return NULL;
    }
    for (; *from && (quoted || !strchr(" \t", *from)); from++) {
        if (*from == '"') {
            quoted = !quoted;
        } else {
            *to++ = *from;
        }
    }
    if (quoted) {
        return NULL;        /* and *rest still has something */
    }
    *rest = from < end ? from + 1 : end;
    *to = '\0';
    return word;
}

static bool is_errno(const char *name)
{
    for (unsigned i = 0; i < st_target_count(); i++) {
        if (st_errno_by_name(st_target_at(i), name) > 0) {
            return true;
        }
    }
    return false;
}

static bool check_operand(struct test_cases *cases, struct test_case *c,
                          unsigned kind, const char *word, unsigned column)
{
    const char *name = verdicts[kind].name, *operand = verdicts[kind].operand;
    char *end;

    if (!word) {
        complain(cases, c->line, column, "\"%s\" needs %s", name, operand);
        return false;
    }
    if (strcmp(operand, "an errno") == 0 && !is_errno(word)) {
        complain(cases, c->line, column, "unknown errno \"%s\"", word);
        return false;
    }
    if (strcmp(operand, "a number") == 0) {
        long long number = strtoll(word, &end, 0);

        if (*end || end == word) {
            complain(cases, c->line, column, "\"%s\" is not a number", word);
            return false;
        }
        snprintf(c->verdict, sizeof(c->verdict), "%s %lld", name, number);
        return true;
    }
    snprintf(c->verdict, sizeof(c->verdict), "%s %.64s", name, word);
    return true;
}

static bool read_verdict(struct test_cases *cases, struct test_case *c,
                         const char *word, char **rest, char *end)
{
    unsigned column = word - c->owned + 1, kind;

    for (kind = 0; kind < sizeof(verdicts) / sizeof(verdicts[0]); kind++) {
        if (strcmp(word, verdicts[kind].name) == 0) {
            break;
        }
    }
    if (kind == sizeof(verdicts) / sizeof(verdicts[0])) {
        complain(cases, c->line, column, "expected NAME=VALUE, allow, deny, "
                 "kill, trap, return, error, lua, data, file, redirect, device, "
                 "run, make-parents, below-root or any-address, not \"%s\"", word);
        return false;
    }
    snprintf(c->verdict, sizeof(c->verdict), "%s", word);
    if (verdicts[kind].operand) {
        word = next_word(rest, end);
        if (!check_operand(cases, c, kind, word, word ? word - c->owned + 1 :
                           column)) {
            return false;
        }
    }
    word = next_word(rest, end);
    if (word && strcmp(word, "permissive") == 0) {
        size_t length = strlen(c->verdict);

        snprintf(c->verdict + length, sizeof(c->verdict) - length, " %s",
                 word);
        word = next_word(rest, end);
    }
    if (word) {
        complain(cases, c->line, (unsigned)(word - c->owned) + 1,
                 "unexpected \"%s\" behind the verdict", word);
    }
    return !word;
}

/* A line that is not empty. */
static void read_case(struct test_cases *cases, struct test_case *c)
{
    struct policy_question *q = &c->question;
    char *end = c->owned + strlen(c->owned), *rest = c->owned, *word;

    q->call = next_word(&rest, end);
    if (!q->call || !st_name_known(q->call)) {
        const char *given = q->call ? q->call : c->text;
        char hint[RE_SUGGEST_MAX + 32];
        bool found = re_suggest_hint(given, policy_call_at, NULL, hint,
                                     sizeof(hint));

        complain(cases, c->line, q->call ? q->call - c->owned + 1 : 1,
                 "unknown syscall \"%s\"%s%s%s", given, found ? " (" : "",
                 found ? hint : "", found ? ")" : "");
        return;
    }
    while ((word = next_word(&rest, end)) && strchr(word, '=')) {
        char *equals = strchr(word, '=');

        if (q->count == WORDS_MAX) {
            complain(cases, c->line, word - c->owned + 1, "too many words");
            return;
        }
        *equals = '\0';
        q->words[q->count++] = (struct policy_word) {
            .name = word, .value = equals + 1,
            .column = word - c->owned + 1,
        };
    }
    if (!word) {
        complain(cases, c->line, strlen(c->text) + 1, *rest ?
                 "a quote is not closed" : "the line lacks a verdict");
        return;
    }
    read_verdict(cases, c, word, &rest, end);
}

/* A line without its comment: from ";" or "#" behind a blank, and blanks. */
static void trim(char *line)
{
    bool quoted = false;
    size_t length;

    for (char *at = line; *at; at++) {
        quoted ^= *at == '"';
        if (!quoted && (*at == ';' || *at == '#') &&
            (at == line || at[-1] == ' ' || at[-1] == '\t')) {
            *at = '\0';
            break;
        }
    }
    length = strcspn(line, "\r\n");
    while (length > 0 && strchr(" \t", line[length - 1])) {
        length--;
    }
    line[length] = '\0';
}

static bool read_cases(struct test_cases *cases)
{
    FILE *in = fopen(cases->file, "r");
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;

    if (!in) {
        fprintf(stderr, "%s: error: %s\n", cases->file, strerror(errno));
        return false;
    }
    while (getline(&line, &size, in) >= 0) {
        struct test_case *c;

        number++;
        trim(line);
        if (!line[strspn(line, " \t")]) {
            continue;
        }
        cases->items = policy_need(reallocarray(cases->items,
                                                cases->count + 1, sizeof(*c)));
        c = &cases->items[cases->count++];
        *c = (struct test_case) {
            .line = number, .owned = policy_need(strdup(line)),
            .text = policy_need(strdup(line + strspn(line, " \t"))),
        };
        read_case(cases, c);
    }
    free(line);
    fclose(in);
    if (cases->count == 0) {
        fprintf(stderr, "%s: error: the file has no cases\n", cases->file);
    }
    return cases->count > 0 && cases->errors == 0;
}

static void free_cases(struct test_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        free(cases->items[i].owned);
        free(cases->items[i].text);
        policy_variants_free(&cases->items[i].failures);
    }
    free(cases->items);
}

/* --- asking ------------------------------------------------------------- */

/* "deny EPERM, decided by web.ini:30" */
static char *failure(const struct policy_outcome *o)
{
    const struct re_answer *a = &o->answers[o->layer];
    char *text;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));

    if (o->certain) {
        fprintf(out, "%s, decided by ", o->verdict);
        policy_put_place(out, &a->rules[a->decides]);
    }
    for (unsigned i = 0; i < o->count && !o->certain; i++) {
        a = &o->answers[i];
        for (size_t j = 0; j < a->decides && !a->certain; j++) {
            if (a->rules[j].holds == RE_OPEN) {
                fputs("not certain: ", out);
                policy_put_place(out, &a->rules[j]);
                fprintf(out, " %s", a->rules[j].why);
                break;
            }
        }
        if (!a->certain) {
            break;
        }
    }
    fclose(out);
    return policy_need(text);
}

static void ask(struct test_cases *cases, struct test_case *c,
                const struct policy_layers *layers, unsigned target)
{
    struct policy_outcome outcomes[ST_MAX_SPELLINGS];
    struct policy_fault fault;
    int count = policy_ask(layers, &c->question, outcomes, &fault);

    if (count < 0) {
        complain(cases, c->line, fault.word < 0 ? 1 :
                 c->question.words[fault.word].column, "%s", fault.why);
        return;
    }
    c->asked += count > 0;
    for (int i = 0; i < count; i++) {
        if (!outcomes[i].certain ||
            strcmp(outcomes[i].verdict, c->verdict) != 0) {
            policy_variant_add(&c->failures, NULL, failure(&outcomes[i]),
                               target);
        }
    }
    policy_outcomes_free(outcomes, count);
}

static bool ask_all(struct test_cases *cases, const struct policy_scope *scope,
                    const char *const *files, unsigned count)
{
    for (unsigned i = 0; i < scope->count; i++) {
        struct policy_layers layers;

        if (!policy_layers_load(&layers, scope->targets[i], files, count)) {
            return false;
        }
        for (size_t j = 0; j < cases->count; j++) {
            ask(cases, &cases->items[j], &layers, i);
        }
        policy_layers_free(&layers);
        if (cases->errors) {
            return false;       /* said once, not for each target */
        }
    }
    for (size_t i = 0; i < cases->count; i++) {
        struct test_case *c = &cases->items[i];
        struct policy_fault fault;

        if (c->asked && policy_check_words(&c->question, &fault) < 0) {
            complain(cases, c->line, c->question.words[fault.word].column,
                     "%s", fault.why);
        }
    }
    return cases->errors == 0;
}

/* --- TAP ---------------------------------------------------------------- */

/* The line with each run of blanks as one. */
static void print_text(const char *text)
{
    for (; *text; text++) {
        if (!strchr(" \t", *text) || !strchr(" \t", text[1])) {
            putchar(*text == '#' ? '.' : *text);
        }
    }
}

static void print_case(const struct test_case *c, size_t number,
                       const struct policy_scope *scope)
{
    printf("%s %zu - ", c->failures.count ? "not ok" : "ok", number);
    print_text(c->text);
    if (c->asked == 0) {
        printf(" # SKIP %s has no %s\n", scope->count == 1 ?
               st_target_name(scope->targets[0]) : "no target",
               c->question.call);
        return;
    }
    if (scope->count == 1) {
        printf(" (%s)\n", st_target_name(scope->targets[0]));
    } else {
        printf(" (%u target%s)\n", c->asked, c->asked == 1 ? "" : "s");
    }
    for (size_t i = 0; i < c->failures.count; i++) {
        printf("# line %u, on ", c->line);
        policy_put_targets(stdout, &c->failures.items[i], scope);
        printf(": %s\n", c->failures.items[i].text);
    }
}

static int print_cases(const struct test_cases *cases,
                       const struct policy_scope *scope)
{
    bool failed = false;

    for (size_t i = 0; i < cases->count; i++) {
        print_case(&cases->items[i], i + 1, scope);
        failed |= cases->items[i].failures.count > 0;
    }
    printf("1..%zu\n", cases->count);
    return failed ? POLICY_WRONG : POLICY_FINE;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    struct test_cases cases = { 0 };
    struct policy_scope scope;
    const char *target = "all";
    int c, result = POLICY_WRONG;

    while ((c = getopt_long(argc, argv, "t:", options, NULL)) >= 0) {
        if (c != 't') {
            return policy_bad_option(&policy_test, argv);
        }
        target = optarg;
    }
    if (argc - optind < 2) {
        return policy_usage(&policy_test, "expected a policy and a file of "
                            "cases");
    }
    if (!policy_scope_set(&scope, &policy_test, target)) {
        return POLICY_USAGE;
    }
    policy_find_files(argv + optind, argc - optind - 1);
    policy_scope_fit(&scope, (const char *const *)argv + optind,
                     argc - optind - 1);
    cases.file = argv[argc - 1];
    if (read_cases(&cases) &&
        ask_all(&cases, &scope, (const char *const *)argv + optind,
                argc - optind - 1)) {
        result = print_cases(&cases, &scope);
    }
    free_cases(&cases);
    return result;
}

const struct policy_command policy_test = {
    .name = "test",
    .summary = "asks a policy about a table of calls and verdicts",
    .help = help,
    .run = run,
};
