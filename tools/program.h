/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program file is: which target runs it, or which interpreter its first
 * line names.
 */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include <syscall-tables.h>

/* As the kernel's: how much of a "#!" line counts, and how often one script
 * may lead to another. */
#define PROGRAM_LINE_MAX    256     /* bytes, with "#!" */
#define PROGRAM_SCRIPTS_MAX 5

/* Exit codes of a program that starts others, as shells and env have them. */
enum {
    EXIT_USAGE = 2,
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
};

struct program {
    const struct st_target *target;     /* NULL: a script */
    char interpreter[PROGRAM_LINE_MAX]; /* of a script */
    char argument[PROGRAM_LINE_MAX];    /* its one argument, or "" */
    char loader[PROGRAM_LINE_MAX];      /* that an ELF file names, or "" */
    char why[256];                      /* after an error: a sentence */
};

/* Reads the start of a file. 0, or one of the exit codes with "why" set. */
int program_read(struct program *p, const char *path);

/*
 * Where a name leads: a name with a slash is a path, any other is looked up in
 * PATH as execvp does. "buf" holds what is found. 0, or an exit code.
 */
int program_find(const char *name, char *buf, size_t size);

/* Whether a path is a regular file that may be executed: 0, or an errno. */
int program_access(const char *path);

#endif
