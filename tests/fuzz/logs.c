/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reads logs, under any bytes: a program that is watched chooses much of
 * what its log says. The first byte picks who reads. What is learnt from a log
 * is a policy that loads; what is reported is text for a terminal, JSON for
 * another reader, or a page whose data ends no script.
 */
#include <getopt.h>

#include <json-c/json.h>

#include <ruleengine/engine.h>

#include "fuzz.h"
#include "policy-learn.h"
#include "policy-tool.h"
#include "utf8.h"

static FILE *errors;                /* what stderr was */

unsigned long fuzz_worth;           /* logs that something came of */

const char *const fuzz_words[] = {
    "{\"v\":1,", "\"verdict\":\"learn\"", "\"verdict\":\"deny\"",
    "\"verdict\":\"allow\"", "\"target\":\"mips\"", "\"syscall\":\"openat\"",
    "\"nr\":4242", "\"path\":\"/a b/*\"", "\"path2\":\"/x\"", "\"args\":{",
    "\"sockaddr\":\"inet 192.0.2.1:443\"", "unix @x", "inet6 [::1]:80",
    "\"flags\":\"O_RDONLY|O_CREAT\"", "\"errno\":\"EPERM\"", "\"pid\":-1",
    "\"time\":\"2026-11-22T10:42:07.153201Z\"", "\"lost\":18446744073709551615",
    "\"repeated\":3", "\"limited\":1", "\"cwd\":\"/\"", "\"exe\":\"/x\"",
    "\"rule\":\"a.ini:3\"", "\"fix\":\"[allow] x\"", "\\u0000", "\\udcff",
    "</script>", "\x1b[2J", "\n", "null", "1e999", "\"comm\":\"x\"",
    "\xe2\x80\xae", "[", "]", "\\", "*", "/proc/700/maps", NULL,
};

/* --- learn ---------------------------------------------------------------- */

static void check_policy(const char *text, size_t size,
                         const struct policy_scope *targets)
{
    char path[32];
    const char *policy = path;
    int fd = fuzz_file(text, size, path);

    for (unsigned i = 0; i < targets->count; i++) {
        struct re_config config = {
            .target = targets->targets[i],
            .policies = &policy, .policy_count = 1,
        };
        struct re_diags *diags = re_diags_new();
        struct re_engine *engine = NULL;

        if (re_engine_new(&engine, &config, diags) < 0) {
            fprintf(errors, "%.*s\n%s", (int)size, text,
                    re_diag_text(re_diags_at(diags, 0)));
            fuzz_fail("what was learnt is no policy");
        }
        re_engine_free(engine);
        re_diags_free(diags);
    }
    close(fd);
}

static void learn(const char *path, bool any_target)
{
    struct learn_options options = { .any_target = any_target };
    struct learn_log log = { 0 };
    struct learn_policy policy;
    char *text = NULL;
    size_t size = 0;

    if (learn_log_read(&log, path) && log.targets.count) {
        FILE *out = open_memstream(&text, &size);

        log.kept = log.count;
        learn_make(&policy, &log, &options);
        learn_write(&policy, &log, NULL, out);
        fclose(out);
        check_policy(text, size, &log.targets);
        learn_policy_free(&policy);
        free(text);
        fuzz_worth++;
    }
    learn_log_free(&log);
}

/* --- report --------------------------------------------------------------- */

/* Lines for people: nothing that a terminal would act on. */
static void check_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; ) {
        uint32_t point;
        unsigned n = re_utf8_decode(text + i, size - i, &point);

        if (text[i] != '\n' && (n == 0 || !re_utf8_harmless(point))) {
            fprintf(errors, "at %zu of %.*s\n", i, (int)size, text);
            fuzz_fail("a report with a character that it should not have");
        }
        i += n ? n : 1;
    }
}

static void check_json(const char *text, size_t size)
{
    struct json_tokener *reader = json_tokener_new();
    struct json_object *all;

    json_tokener_set_flags(reader, JSON_TOKENER_STRICT |
                           JSON_TOKENER_ALLOW_TRAILING_CHARS);
    all = json_tokener_parse_ex(reader, text, size);
    if (!all || !json_object_is_type(all, json_type_object)) {
        fprintf(errors, "%.*s\n", (int)size, text);
        fuzz_fail("a report that is no JSON");
    }
    json_object_put(all);
    json_tokener_free(reader);
}

static unsigned count_of(const char *text, const char *word)
{
    unsigned count = 0;

    for (; (text = strstr(text, word)); text++) {
        count++;
    }
    return count;
}

static void report(const char *path, unsigned how)
{
    static const char *const hows[][3] = {
        { "--verdict", "all" }, { "--fix" }, { "--json" }, { "--html", "-" },
        { "--by", "path", "--fix" }, { "--by", "rule" },
    };
    const char *const *words = hows[how % 6];
    char *argv[8] = { "report" };
    int argc = 1;
    FILE *usual = stdout;
    char *text = NULL;
    size_t size = 0;

    for (unsigned i = 0; i < 3 && words[i]; i++) {
        argv[argc++] = (char *)words[i];
    }
    argv[argc++] = (char *)path;
    stdout = open_memstream(&text, &size);
    optind = 0;
    policy_report.run(argc, argv);
    fclose(stdout);
    stdout = usual;
    if (size > 0) {
        fuzz_worth++;
    }
    if (size > 0 && how % 6 == 2) {
        check_json(text, size);
    } else if (how % 6 == 3) {
        if (count_of(text, "</script") != count_of(text, "<script")) {
            fuzz_fail("the log's text ends a script of the page");
        }
    } else {
        check_text(text, size);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *said = NULL, path[32];
    size_t length = 0;
    int fd;

    if (size < 2) {
        return 0;
    }
    fd = fuzz_file(data + 1, size - 1, path);
    errors = stderr;
    stderr = open_memstream(&said, &length);
    if (data[0] % 8 < 2) {
        learn(path, data[0] % 8);
    } else {
        report(path, data[0] % 8 - 2);
    }
    fclose(stderr);
    stderr = errors;
    check_text(said, length);
    free(said);
    close(fd);
    return 0;
}
