/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of QEMU's user-mode emulators, as far as one must know them to
 * find the program behind them: which take a value.
 */
#ifndef TOOLS_QEMU_OPTIONS_H
#define TOOLS_QEMU_OPTIONS_H

#include <stdbool.h>

enum qemu_option {
    QEMU_OPTION_UNKNOWN,
    QEMU_OPTION_FLAG,       /* stands alone */
    QEMU_OPTION_VALUE,      /* the next argument belongs to it */
};

/* The option's name is what follows one or two dashes. */
enum qemu_option qemu_option_kind(const char *name);

/* All of their names, as re_suggest() asks for them (NULL behind the last). */
const char *qemu_option_at(void *unused, unsigned i);

/* What a command line for an emulator consists of. */
struct qemu_command {
    int program;            /* index in argv: the guest program; argc: none */
    int options_end;        /* index behind the last option (before "--") */
    const char *root;       /* -L's value, or $QEMU_LD_PREFIX, or NULL */
    bool has_argv0;         /* -0 is given */
    bool help, version;     /* -h or -help, -version */
    const char *unknown;    /* the first option that QEMU lacks, or NULL */
    const char *lacking;    /* an option without its value, or NULL */
};

/*
 * A copy of argv in which options such as "--policy=FILE" are two words, as the
 * emulators want them; "*argc" is its length. NULL when memory is short. The
 * words are for the life of the program.
 */
char **qemu_command_split(int *argc, char *const *argv);

/* Reads argv[1] and following as QEMU does; stops at the first error. */
void qemu_command_parse(struct qemu_command *c, int argc, char **argv);

#endif
