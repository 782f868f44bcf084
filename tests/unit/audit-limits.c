/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of the log: what is left out, by whom, and that it is counted. */
#include <pthread.h>
#include <sys/wait.h>

#include "json-check.h"
#include "log-limit.h"
#include "log-fixture.h"

static struct bench bench;

static void check_rate(void)
{
    static struct re_log_limit limit;
    const struct re_log_rate rate = { 3, 60 };
    unsigned passed = 0, notices = 0;

    for (int i = 0; i < 10; i++) {
        enum re_log_answer a = re_log_limit_all(&limit, &rate, 600 + i);

        passed += a == RE_LOG_LIMIT_PASS;
        notices += a == RE_LOG_LIMIT_NOTICE;
    }
    tap_ok(passed == 3 && notices == 1, "three in a minute, and one notice");
    tap_ok(re_log_limit_all(&limit, &rate, 659) == RE_LOG_LIMIT_DROP &&
           re_log_limit_all(&limit, &rate, 660) == RE_LOG_LIMIT_PASS,
           "the next minute begins anew");
    tap_ok(re_log_limit_all(&limit, &(struct re_log_rate) { 0, 0 }, 660) ==
           RE_LOG_LIMIT_PASS, "no limit lets all pass");
}

static void check_kinds(void)
{
    static struct re_log_limit limit;
    const struct re_log_rate rate = { 2, 1 };
    unsigned passed = 0;

    for (int i = 0; i < 10; i++) {
        passed += re_log_limit_kind(&limit, &rate, 1, 1000);
    }
    tap_ok(passed == 2, "two of a kind");
    tap_ok(re_log_limit_kind(&limit, &rate, 2, 1000) &&
           re_log_limit_kind(&limit, &rate, 1, 1001),
           "another kind, and another second, have their own");
    passed = 0;
    for (uint64_t kind = 0; kind < 5000; kind++) {
        passed += re_log_limit_kind(&limit, &rate, kind, 2000);
    }
    tap_ok(passed == 5000, "too many kinds cost limits, not records");
}

static struct re_log_limit *shared;

static void *take_many(void *passed)
{
    const struct re_log_rate rate = { 1000, 3600 };

    for (int i = 0; i < 5000; i++) {
        *(unsigned *)passed += re_log_limit_all(shared, &rate, 3600) ==
            RE_LOG_LIMIT_PASS;
    }
    return NULL;
}

static void check_threads(void)
{
    static struct re_log_limit limit;
    unsigned passed[8] = { 0 }, sum = 0;
    pthread_t threads[8];

    shared = &limit;
    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, take_many, &passed[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        sum += passed[i];
    }
    tap_ok(sum == 1000, "eight threads share one limit: %u", sum);
}

/* --- in a log ---------------------------------------------------------- */

static void refuse(const char *call, unsigned times)
{
    const uint64_t values[ST_MAX_ARGS] = { 0 };
    struct re_call made;

    for (unsigned i = 0; i < times; i++) {
        bench_call(&bench, slot_named(bench.target, call), values, &made);
    }
}

/* The sum of a member over all lines; *ret_lines: how many there are. */
static unsigned sum_of(const char *key, unsigned *ret_lines)
{
    FILE *f = fopen(bench.log, "r");
    unsigned sum = 0;

    *ret_lines = 0;
    while (f && fgets(bench.line, sizeof(bench.line), f)) {
        const char *at = strstr(bench.line, key);

        ++*ret_lines;
        sum += at ? strtoul(at + strlen(key), NULL, 10) : 0;
        if (!is_record(bench.line)) {
            tap_ok(false, "a line is whole");
        }
    }
    if (f) {
        fclose(f);
    }
    return sum;
}

/* No assumption about when an hour begins: at most one turns in between. */
static void check_log(const char *policy, const char *what, unsigned most)
{
    unsigned lines, limited;

    if (!bench_load(&bench, "x86_64", policy)) {
        tap_ok(false, "%s: the policy loads", what);
        return;
    }
    if (fork() == 0) {
        refuse("getpid", 100);
        re_engine_finish(bench.engine);
        _exit(0);
    }
    wait(NULL);
    refuse("getpid", 100);
    re_engine_finish(bench.engine);
    limited = sum_of("\"limited\":", &lines);
    tap_ok(lines < 2 * most + 6 && limited > 150 && limited < 200,
           "%s: %u lines, %u left out, over two processes", what, lines,
           limited);
    tap_ok(strstr(bench.line, "\"verdict\":\"limit\""),
           "the last line says how many are missing");
    refuse("getppid", 1);
    bench_read(&bench, bench.log);
    tap_ok(!!strstr(bench.line, "getppid") == !!strstr(policy, "log-repeat"),
           "another call %s", strstr(policy, "log-repeat") ?
           "is recorded" : "is left out as well");
    bench_end(&bench);
}

static void check_kill(void)
{
    unsigned lines;

    bench_load(&bench, "x86_64", "[policy]\ndefault = deny\nlog-rate = 1/h\n"
               "[deny]\nptrace = kill\n");
    refuse("getpid", 10);
    refuse("ptrace", 1);
    sum_of("x", &lines);
    tap_ok(strstr(bench.line, "\"verdict\":\"kill\"") &&
           strstr(bench.line, "\"limited\":"), "what ends the program is "
           "always recorded");
    bench_end(&bench);
}

int main(void)
{
    check_rate();
    check_kinds();
    check_threads();
    check_log("[policy]\ndefault = deny EPERM\nlog-rate = 5/h\n", "log-rate",
              5);
    check_log("[policy]\ndefault = deny EPERM\nlog-repeat = 3/h\n",
              "log-repeat", 3);
    check_kill();
    return tap_done();
}
