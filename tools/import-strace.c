/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strace's faults, one a line, as its --inject and --fault have them:
 *
 *     openat,open:error=ENOSPC:when=3
 *     --inject=write:retval=0:when=2..6+2
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "policy-draft.h"
#include "policy-question.h"

struct fault {
    char *calls;
    char *verdict;          /* "error ENOSPC", or NULL */
    char *options;          /* " delay 10us signal SIGUSR1", or NULL */
    const char *when;       /* or NULL */
};

/* strace's classes that have a set of the same calls. */
static const char *set_of(const char *class)
{
    static const struct {
        const char *class, *set;
    } sets[] = {
        { "%network", "@network-io" }, { "%net", "@network-io" },
        { "%process", "@process" }, { "%signal", "@signal" },
        { "%ipc", "@ipc" }, { "%file", "@path" }, { "%clock", "@time" },
        { "network", "@network-io" }, { "file", "@path" },
        { "process", "@process" }, { "signal", "@signal" }, { "ipc", "@ipc" },
    };

    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (strcmp(sets[i].class, class) == 0) {
            return sets[i].set;
        }
    }
    return NULL;
}

static void set_error(struct policy_draft *d, unsigned line,
                      struct fault *f, const char *value)
{
    char *end;
    long number = strtol(value, &end, 10);
    const char *name = *end || end == value ? value : draft_errno(number);

    if (!name || !draft_is_errno(name)) {
        draft_fail(d, line, "\"%s\" is not an errno", value);
        return;
    }
    free(f->verdict);
    f->verdict = policy_printf("error %s", name);
}

static void add_option(struct fault *f, const char *name, const char *value)
{
    char *all = policy_printf("%s %s %s", f->options ? f->options : "", name,
                              value);

    free(f->options);
    f->options = all;
}

/* By name or by the host's number, as strace has them. */
static void add_signal(struct policy_draft *d, unsigned line, struct fault *f,
                       const char *value)
{
    char *end, *name;
    long number = strtol(value, &end, 10);

    if (*end || end == value) {
        for (number = 1; number < 32; number++) {
            if (strncmp(value, "SIG", 3) == 0 &&
                strcmp(sigabbrev_np(number), value + 3) == 0) {
                break;
            }
        }
    }
    if (number < 1 || number > 31 || number == SIGSTKFLT) {
        draft_note(d, line, "%s: signal=%s", f->calls, value);
        return;
    }
    name = policy_printf("SIG%s", number == SIGPOLL ? "IO" :
                         sigabbrev_np(number));
    add_option(f, "signal", name);
    free(name);
}

/* Microseconds, or with a unit. */
static void add_delay(struct policy_draft *d, unsigned line, struct fault *f,
                      const char *option, const char *value)
{
    char *unit, *text;
    unsigned long long number = strtoull(value, &unit, 10);

    if (strcmp(unit, "ns") == 0) {
        number = (number + 999) / 1000;
        unit = "us";
    }
    if (unit == value || number == 0 ||
        (*unit && strcmp(unit, "us") && strcmp(unit, "ms") &&
         strcmp(unit, "s"))) {
        draft_note(d, line, "%s: %s=%s", f->calls, option, value);
        return;
    }
    text = policy_printf("%llu%s", number, *unit ? unit : "us");
    add_option(f, option, text);
    free(text);
}

static void part(struct policy_draft *d, unsigned line, struct fault *f,
                 char *text)
{
    char *equals = strchr(text, '=');
    const char *value = equals ? equals + 1 : "";

    if (equals) {
        *equals = '\0';
    }
    if (strcmp(text, "error") == 0) {
        set_error(d, line, f, value);
    } else if (strcmp(text, "retval") == 0) {
        free(f->verdict);
        f->verdict = policy_printf("return %s", value);
    } else if (strcmp(text, "signal") == 0) {
        add_signal(d, line, f, value);
    } else if (strcmp(text, "delay_enter") == 0 ||
               strcmp(text, "delay_exit") == 0) {
        add_delay(d, line, f, text[6] == 'e' && text[7] == 'n' ? "delay" :
                  "delay-after", value);
    } else if (strcmp(text, "when") == 0) {
        f->when = value;
    } else {
        draft_note(d, line, "%s: %s%s%s", f->calls, text, equals ? "=" : "",
                   value);
    }
}

static void add_fault(struct policy_draft *d, unsigned line, struct fault *f)
{
    char *calls = f->calls, *call;

    while ((call = strsep(&calls, ","))) {
        const char *set = set_of(call);
        bool optional = call[0] == '?';

        if (call[0] == '/' || call[0] == '!' || strchr(call, '@')) {
            draft_note(d, line, "%s: name the calls one by one", call);
        } else if (set) {
            draft_note(d, line, "%s has become %s, which may hold other calls",
                       call, set);
            draft_add(d, line, DRAFT_EMULATE, set, f->verdict, NULL, f->when);
        } else {
            draft_add(d, line, DRAFT_EMULATE, call + optional, f->verdict,
                      NULL, f->when);
        }
    }
}

static void expression(struct policy_draft *d, unsigned line, char *text,
                       bool is_fault)
{
    struct fault f = { .calls = strsep(&text, ":") };
    char *one;

    while (text && (one = strsep(&text, ":"))) {
        part(d, line, &f, one);
    }
    if (!f.verdict && is_fault) {
        f.verdict = policy_printf("error ENOSYS");
    }
    if (f.options) {
        char *all = policy_printf("%s%s", f.verdict ? f.verdict : "run",
                                  f.options);

        free(f.verdict);
        f.verdict = all;
    }
    if (f.verdict && !d->failed) {
        add_fault(d, line, &f);
    } else if (!d->failed) {
        draft_note(d, line, "%s: nothing is done to it", f.calls);
    }
    free(f.verdict);
    free(f.options);
}

/* Takes "--inject=", "-e fault=" and the like off; false: neither. */
static bool strip(char **text, bool *is_fault)
{
    static const struct {
        const char *start;
        bool fault;
    } starts[] = {
        { "--inject=", false }, { "--fault=", true }, { "inject=", false },
        { "fault=", true }, { "-e inject=", false }, { "-e fault=", true },
        { "-einject=", false }, { "-efault=", true },
    };

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t length = strlen(starts[i].start);

        if (strncmp(*text, starts[i].start, length) == 0) {
            *text += length;
            *is_fault = starts[i].fault;
            return true;
        }
    }
    *is_fault = false;
    return **text != '-' && strncmp(*text, "trace=", 6) != 0;
}

void import_strace(struct policy_draft *d, FILE *in,
                   const struct draft_options *options)
{
    unsigned line = 0;
    char *text;
    bool counts = false;

    (void)options;
    draft_set_default(d, "allow");
    d->unknown = policy_printf("allow");
    while (!d->failed && (text = draft_line(in, &line))) {
        char *start = text + strspn(text, " \t");
        bool is_fault;

        start[strcspn(start, "# \t\r") == 2 && start[0] == '-' ?
              strlen(start) : strcspn(start, "# \t\r")] = '\0';
        counts |= strstr(start, "when=") != NULL;
        if (*start && strip(&start, &is_fault)) {
            expression(d, line, start, is_fault);
        } else if (*start) {
            draft_note(d, line, "%s", start);
        }
        free(text);
    }
    if (counts) {
        draft_note(d, 0, "\"when\" counts the calls of all processes and "
                   "threads together, strace those of each");
    }
}
