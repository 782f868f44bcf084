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

int policy_bad_option(const struct policy_command *command, char **argv)
{
    /* A short option is in optopt; a long one is the argument just read. */
    if (optopt > 0 && optopt < 128 && strncmp(argv[optind - 1], "--", 2)) {
        return policy_usage(command, "unknown option, or no value: -%c",
                            optopt);
    }
    if (optopt == 0) {
        return policy_usage(command, "unknown option %s", argv[optind - 1]);
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
        policy_usage(command, "unknown target \"%s\"; qemu-policy list "
                     "targets shows them", name);
    }
    return target;
}
