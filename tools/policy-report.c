/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy report: what audit logs come to. */
#include "policy-report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
"usage: qemu-policy report [option ...] log ...\n"
"\n"
"Sums up audit logs (JSON lines, plain or gzip; - is standard input): what was\n"
"refused, how often, to whom, by which rule and when. Without options that is an\n"
"overview for a terminal.\n"
"\n"
"  --by WHAT         count by call, result, program, path (or address), rule,\n"
"                    target, exe or process\n"
"  --top N           rows of a table\n"
"  --fix             also the line that would allow it\n"
"  --html FILE       write a page to look at with a browser (- is standard output)\n"
"  --json            everything counted, as one JSON object\n"
"  --follow, -f      go on as the logs grow, also when they are rotated;\n"
"                    --interval SECONDS (1) apart\n"
"\n"
"What counts:\n"
"  --verdict WHAT    refused (with what is let through as permissive, the\n"
"                    default), permissive, emulated, allowed, all; several with\n"
"                    commas\n"
"  --since TIME      2026-11-22, \"2026-11-22 10:42\", 10:42 (local time; with a\n"
"  --until TIME      Z behind a date: UTC), or so long ago: 90s, 15m, 2h, 3d\n"
"  --syscall NAME    only these; may be given several times, and also\n"
"  --comm NAME       --program; --rule RULE, --path PATH, --target TARGET\n"
"\n"
"Counts in bounded memory: of very many different ones, the rarest are not kept\n"
"apart, and the report says so. Lines that are damaged are counted; a file of\n"
"such lines alone is an error.\n";

enum { OPTION_SINCE = 256, OPTION_UNTIL, OPTION_VERDICT, OPTION_HTML,
       OPTION_JSON, OPTION_BY, OPTION_TOP, OPTION_FIX, OPTION_INTERVAL,
       OPTION_ONLY };       /* + enum report_field */

static const struct option options[] = {
    { "by", required_argument, NULL, OPTION_BY },
    { "top", required_argument, NULL, OPTION_TOP },
    { "fix", no_argument, NULL, OPTION_FIX },
    { "html", required_argument, NULL, OPTION_HTML },
    { "json", no_argument, NULL, OPTION_JSON },
    { "follow", no_argument, NULL, 'f' },
    { "interval", required_argument, NULL, OPTION_INTERVAL },
    { "verdict", required_argument, NULL, OPTION_VERDICT },
    { "since", required_argument, NULL, OPTION_SINCE },
    { "until", required_argument, NULL, OPTION_UNTIL },
    { "syscall", required_argument, NULL, OPTION_ONLY + REPORT_CALL },
    { "comm", required_argument, NULL, OPTION_ONLY + REPORT_PROGRAM },
    { "program", required_argument, NULL, OPTION_ONLY + REPORT_PROGRAM },
    { "path", required_argument, NULL, OPTION_ONLY + REPORT_OBJECT },
    { "rule", required_argument, NULL, OPTION_ONLY + REPORT_RULE },
    { "target", required_argument, NULL, OPTION_ONLY + REPORT_TARGET },
    { NULL },
};

struct job {
    struct report_filter filter;
    struct report_view view;
    const char *html;
    bool json, follow;
    unsigned interval_ms;
    int64_t now;
};

/* --- the command line --------------------------------------------------- */

static int add_only(struct job *job, enum report_field field, const char *word)
{
    const char ***list = &job->filter.only[field];
    size_t n = 0;

    while (*list && (*list)[n]) {
        n++;
    }
    *list = policy_need(realloc(*list, (n + 2) * sizeof(**list)));
    (*list)[n] = word;
    (*list)[n + 1] = NULL;
    return 0;
}

static int set_verdicts(struct job *job, const char *text)
{
    static const struct { const char *word; unsigned classes; } words[] = {
        { "refused", 1 << REPORT_REFUSED | 1 << REPORT_PERMISSIVE },
        { "permissive", 1 << REPORT_PERMISSIVE },
        { "emulated", 1 << REPORT_EMULATED },
        { "allowed", 1 << REPORT_ALLOWED },
        { "all", 1 << REPORT_REFUSED | 1 << REPORT_PERMISSIVE |
          1 << REPORT_EMULATED | 1 << REPORT_ALLOWED },
    };
    unsigned classes = 0, i;

    for (const char *at = text; ; at++) {
        size_t len = strcspn(at, ",");

        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strlen(words[i].word) == len &&
                strncmp(words[i].word, at, len) == 0) {
                classes |= words[i].classes;
                break;
            }
        }
        if (i == sizeof(words) / sizeof(words[0])) {
            return policy_usage(&policy_report, "--verdict takes refused, "
                                "permissive, emulated, allowed or all, not "
                                "\"%.*s\"", (int)len, at);
        }
        at += len;
        if (!*at) {
            break;
        }
    }
    job->filter.classes = classes;
    return 0;
}

static int set_by(struct job *job, const char *word)
{
    for (int i = 0; i < REPORT_FIELDS; i++) {
        if (strcmp(report_field_names[i], word) == 0) {
            job->view.by = i;
            return 0;
        }
    }
    if (strcmp(word, "address") == 0) {
        job->view.by = REPORT_OBJECT;
        return 0;
    }
    return policy_usage(&policy_report, "--by takes call, result, program, "
                        "path, rule, target, exe or process, not \"%s\"",
                        word);
}

static int set_time(const char *option, const char *text, int64_t now,
                    int64_t *time)
{
    return report_time_option(text, now, time) ? 0 :
        policy_usage(&policy_report, "%s: what time is \"%s\"?", option, text);
}

/* 1 to a million; 0 after a complaint. */
static unsigned positive(const char *option, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || n < 1 || n > 1000000) {
        policy_usage(&policy_report, "%s takes a number from 1, not \"%s\"",
                     option, text);
        return 0;
    }
    return n;
}

static int set_interval(struct job *job, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400)) {
        return policy_usage(&policy_report, "--interval takes seconds, not "
                            "\"%s\"", text);
    }
    job->interval_ms = seconds * 1000;
    return 0;
}

static int set_option(struct job *job, int option, char **argv)
{
    switch (option) {
    case OPTION_BY:
        return set_by(job, optarg);
    case OPTION_TOP:
        job->view.top = positive("--top", optarg);
        return job->view.top ? 0 : POLICY_USAGE;
    case OPTION_FIX:
        job->view.fix = true;
        return 0;
    case OPTION_HTML:
        job->html = optarg;
        return 0;
    case OPTION_JSON:
        job->json = true;
        return 0;
    case 'f':
        job->follow = true;
        return 0;
    case OPTION_INTERVAL:
        return set_interval(job, optarg);
    case OPTION_VERDICT:
        return set_verdicts(job, optarg);
    case OPTION_SINCE:
        return set_time("--since", optarg, job->now, &job->filter.since);
    case OPTION_UNTIL:
        return set_time("--until", optarg, job->now, &job->filter.until);
    default:
        return option >= OPTION_ONLY ?
            add_only(job, option - OPTION_ONLY, optarg) :
            policy_bad_option(&policy_report, argv);
    }
}

static int check_options(const struct job *job)
{
    if (job->view.log_count == 0) {
        return policy_usage(&policy_report, "of which log?");
    }
    if (job->json && job->html) {
        return policy_usage(&policy_report, "--json and --html exclude each "
                            "other");
    }
    if (job->follow && (job->json || job->html)) {
        return policy_usage(&policy_report, "--follow is for a terminal");
    }
    for (unsigned i = 0; job->follow && i < job->view.log_count; i++) {
        if (strcmp(job->view.logs[i], "-") == 0) {
            return policy_usage(&policy_report, "--follow needs files");
        }
    }
    return 0;
}

/* --- what is done ------------------------------------------------------- */

/* A live view takes the screen; elsewhere each report follows the last. */
static void show(const struct report_sum *sum, void *opaque)
{
    const struct job *job = opaque;

    if (isatty(STDOUT_FILENO)) {
        fputs("\033[H\033[2J\033[3J", stdout);
    }
    report_text(sum, &job->view, stdout);
    if (!isatty(STDOUT_FILENO)) {
        putchar('\n');
    }
    fflush(stdout);
}

static int follow(const struct job *job, const struct report_source *source)
{
    report_follow(source, job->view.logs, job->view.log_count,
                  job->interval_ms, show, (void *)job);
    show(source->sum, (void *)job);
    return POLICY_FINE;
}

static int write_html(const struct job *job, const struct report_sum *sum)
{
    bool is_stdout = strcmp(job->html, "-") == 0;
    FILE *out = is_stdout ? stdout : fopen(job->html, "w");
    bool failed;

    if (!out) {
        fprintf(stderr, "qemu-policy report: %s: %s\n", job->html,
                strerror(errno));
        return POLICY_WRONG;
    }
    report_html(sum, &job->view, out);
    failed = ferror(out);
    if (is_stdout ? fflush(out) : fclose(out)) {
        failed = true;
    }
    if (failed) {
        fprintf(stderr, "qemu-policy report: %s: %s\n", job->html,
                strerror(errno));
    }
    return failed ? POLICY_WRONG : POLICY_FINE;
}

static uint64_t records(const struct report_sum *sum)
{
    uint64_t n = sum->filtered + sum->foreign;

    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        n += sum->classes[i];
    }
    return n;
}

/* Another file than a log must not pass for one in which nothing was
 * refused. */
static bool read_log(const struct report_source *source, const char *log)
{
    uint64_t had = records(source->sum), damaged = source->sum->damaged;

    if (!report_read(source, log)) {
        return false;
    }
    if (source->sum->damaged > damaged && records(source->sum) == had) {
        fprintf(stderr, "qemu-policy report: %s: nothing in it is a record\n",
                log);
        return false;
    }
    return true;
}

static int report(const struct job *job)
{
    struct report_sum sum;
    struct report_source source = {
        .sum = &sum,
        .parser = report_parser_new(),
        .progress = isatty(STDERR_FILENO) && !job->follow,
    };
    int code = POLICY_FINE;

    report_sum_init(&sum, &job->filter);
    if (job->follow) {
        code = follow(job, &source);
    }
    for (unsigned i = 0; !job->follow && i < job->view.log_count; i++) {
        if (!read_log(&source, job->view.logs[i])) {
            code = POLICY_WRONG;
        }
    }
    /* What could be read is shown even if something could not. */
    if (!job->follow && (code == POLICY_FINE || sum.lines > 0)) {
        if (job->html) {
            code |= write_html(job, &sum);
        } else if (job->json) {
            report_json(&sum, &job->view, stdout);
        } else {
            report_text(&sum, &job->view, stdout);
        }
    }
    report_sum_free(&sum);
    report_parser_free(source.parser);
    return code;
}

static int run(int argc, char **argv)
{
    struct timespec now;
    struct job job = {
        .filter = {
            .classes = 1 << REPORT_REFUSED | 1 << REPORT_PERMISSIVE,
            .since = INT64_MIN, .until = INT64_MAX,
        },
        .view = { .by = -1 },
        .interval_ms = 1000,
    };
    int c, code = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    job.now = now.tv_sec * INT64_C(1000000);
    while (!code && (c = getopt_long(argc, argv, "f", options, NULL)) >= 0) {
        code = set_option(&job, c, argv);
    }
    job.view.logs = argv + optind;
    job.view.log_count = argc - optind;
    code = code ? code : check_options(&job);
    code = code ? code : report(&job);
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        free(job.filter.only[i]);
    }
    return code;
}

const struct policy_command policy_report = {
    .name = "report",
    .summary = "sum up audit logs: for the terminal, as a page, as JSON",
    .help = help,
    .run = run,
};
