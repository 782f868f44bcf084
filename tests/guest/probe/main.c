/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "probe.h"

static const struct command {
    const char *name;
    command_fn *run;
    const char *usage;
} commands[] = {
    { "call", cmd_call, "CALL [ARG]..." },
    { "trap", cmd_trap, "CALL [ARG]..." },
    { "trap-vsyscall", cmd_trap_vsyscall, "" },
    { "vsyscall", cmd_vsyscall, "" },
    { "int80", cmd_int80, "CALL" },
    { "pread", cmd_pread, "OFFSET" },
    { "socketcall", cmd_socketcall, "OPERATION [ARG]..." },
    { "ipc", cmd_ipc, "OPERATION [ARG]..." },
    { "indirect", cmd_indirect, "CALL [ARG]..." },
    { "thread", cmd_thread, "COMMAND [ARG]..." },
    { "fork", cmd_fork, "COMMAND [ARG]..." },
    { "storm", cmd_storm, "THREADS ROUNDS CALL" },
    { "catcher", cmd_catcher, "COMMAND [ARG]..." },
    { "restart", cmd_restart, "" },
    { "interrupt", cmd_interrupt, "" },
    { "sigreturn", cmd_sigreturn, "" },
    { "flip", cmd_flip, "ROUNDS PATH1 PATH2" },
    { "vanish", cmd_vanish, "ROUNDS" },
    { "race", cmd_race, "KIND ROUNDS FOLDER" },
    { "address", cmd_address, "KIND ROUNDS PORT" },
    { "messages", cmd_messages, "WAY COUNT MESSAGE..." },
    { "blocked", cmd_blocked, "RESTART ROOM" },
    { "uname", cmd_uname, "" },
    { "show", cmd_show, "FILE" },
    { "limit", cmd_limit, "NUMBER" },
    { "file", cmd_file, "PATH STEP[:ARGUMENT]..." },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int run_command(int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < COMMANDS; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    fprintf(stderr, "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].usage);
    }
    return 64;
}

/* Commands may stand in a row, with "--" between them. */
int main(int argc, char **argv)
{
    int status = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    argc--;
    argv++;
    do {
        int n = 0;

        while (n < argc && strcmp(argv[n], "--") != 0) {
            n++;
        }
        status = run_command(n, argv);
        n += n < argc;
        argc -= n;
        argv += n;
    } while (argc > 0 && status == 0);
    return status;
}
