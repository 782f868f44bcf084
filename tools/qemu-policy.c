/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy: checks policies and answers questions about them. */
#include "policy-tool.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct policy_command *const commands[] = {
    &policy_check, &policy_explain, &policy_test, &policy_show, &policy_diff,
    &policy_learn, &policy_import, &policy_export, &policy_report, &policy_stats,
    &policy_list,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
    puts("usage: qemu-policy COMMAND [argument ...]\n");
    for (int i = 0; i < COMMANDS; i++) {
        printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
    }
    puts("\n"
         "qemu-policy COMMAND --help says more. Exit status: 0 fine, 1 errors "
         "in what was\n"
         "asked about, 2 wrong usage.");
}

static bool is_option(const char *word, const char *shorter,
                      const char *longer)
{
    return strcmp(word, shorter) == 0 || strcmp(word, longer) == 0;
}

static int run(const struct policy_command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_option(argv[i], "-h", "--help")) {
            fputs(command->help, stdout);
            return POLICY_FINE;
        }
    }
    opterr = 0;
    return command->run(argc, argv);
}

static const char *command_at(void *unused, unsigned i)
{
    (void)unused;
    return i < COMMANDS ? commands[i]->name : NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return policy_usage(NULL, "no command given");
    }
    if (is_option(argv[1], "-h", "--help")) {
        print_help();
        return POLICY_FINE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("qemu-policy " TOOLS_VERSION);
        return POLICY_FINE;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return run(commands[i], argc - 1, argv + 1);
        }
    }
    return policy_unknown(NULL, "command", argv[1], command_at, NULL);
}
