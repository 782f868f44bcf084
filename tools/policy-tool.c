/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Complaints that sub-commands share. */
#include "policy-tool.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int policy_usage(const struct policy_command *command, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "qemu-policy%s%s: ", command ? " " : "",
            command ? command->name : "");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "; see qemu-policy%s%s --help\n", command ? " " : "",
            command ? command->name : "");
    return POLICY_USAGE;
}

int policy_unknown(const struct policy_command *command, const char *what,
                   const char *word, re_name_at *at, void *opaque)
{
    char near[RE_SUGGEST_MAX];

    if (re_suggest(word, at, opaque, near, sizeof(near))) {
        return policy_usage(command, "unknown %s \"%s\" (did you mean "
                            "\"%s\"?)", what, word, near);
    }
    return policy_usage(command, "unknown %s \"%s\"", what, word);
}

const char *policy_call_at(void *unused, unsigned i)
{
    (void)unused;
    return st_name_at(i);
}

const char *policy_set_at(void *unused, unsigned i)
{
    const struct st_set *set = st_set_at(i);

    (void)unused;
    return set ? set->name : NULL;
}

static const char *target_at(void *unused, unsigned i)
{
    const struct st_target *target = st_target_at(i);

    (void)unused;
    return target ? st_target_name(target) : NULL;
}

/* The options that a command's help names. */
struct options {
    const char *help;
    char option[RE_SUGGEST_MAX];
};

static const char *option_at(void *opaque, unsigned i)
{
    struct options *o = opaque;
    const char *at = o->help;

    while ((at = strstr(at, "--"))) {
        size_t len = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");

        if (len > 2 && len < sizeof(o->option) && i-- == 0) {
            memcpy(o->option, at, len);
            o->option[len] = '\0';
            return o->option;
        }
        at += len;
    }
    return NULL;
}

static int unknown_option(const struct policy_command *command,
                          const char *given)
{
    struct options o = { .help = command->help };
    char word[RE_SUGGEST_MAX], near[RE_SUGGEST_MAX];

    snprintf(word, sizeof(word), "%.*s", (int)strcspn(given, "="), given);
    if (re_suggest(word, option_at, &o, near, sizeof(near))) {
        return policy_usage(command, "unknown option %s (did you mean %s?)",
                            given, near);
    }
    return policy_usage(command, "unknown option %s", given);
}

int policy_bad_option(const struct policy_command *command, char **argv)
{
    /* A short option is in optopt; a long one is the argument just read. */
    if (optopt > 0 && optopt < 128 && strncmp(argv[optind - 1], "--", 2)) {
        return policy_usage(command, "unknown option, or no value: -%c",
                            optopt);
    }
    if (optopt == 0) {
        return unknown_option(command, argv[optind - 1]);
    }
    return policy_usage(command, strchr(argv[optind - 1], '=') ?
                        "option %s takes no value" : "option %s needs a value",
                        argv[optind - 1]);
}

const struct st_target *policy_target(const struct policy_command *command,
                                      const char *name)
{
    const struct st_target *target = st_target_by_name(name);
    const char *meant = st_target_meant(name);

    if (!target && meant) {
        policy_usage(command, "unknown target \"%s\": its name is \"%s\" "
                     "here", name, meant);
    } else if (!target) {
        char near[RE_SUGGEST_MAX];

        if (re_suggest(name, target_at, NULL, near, sizeof(near))) {
            policy_unknown(command, "target", name, target_at, NULL);
        } else {
            policy_usage(command, "unknown target \"%s\"; qemu-policy list "
                         "targets shows them", name);
        }
    }
    return target;
}
