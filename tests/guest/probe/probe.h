/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: a program that runs as the guest and tells on its standard output
 * what became of its system calls. Every command prints lines that a test can
 * compare, in terms that are the same on every target: errno by name, numbers
 * in decimal, "yes" and "no".
 */
#ifndef PROBE_H
#define PROBE_H

/* A command: argv[0] is its name. Returns the exit status. */
typedef int command_fn(int argc, char **argv);

/* Runs a command and its arguments by name; 64 if there is none. */
int run_command(int argc, char **argv);

/* The name of an error, "EACCES"; of an unknown one its number. */
const char *error_name(int error);

/* "name = result" of a call that returned result and set error. */
void print_result(const char *name, long result, int error);

/* A call's number, from its name or digits; -1 with *ret_known false where the
 * target lacks it. Ends the probe for a name that it never heard of. */
long call_number(const char *text, int *ret_known);

/*
 * An argument: a number; str:TEXT, a pointer to the text; end:TEXT, a pointer
 * to a text that ends where readable memory does, without a NUL; endz:TEXT,
 * the same with its NUL; buf:N, a pointer to N zero bytes; ro:TEXT, a text in
 * memory that cannot be written; in:ADDR:PORT, in6:ADDR:PORT and unix:PATH, a
 * socket address; AT_FDCWD. Exits on anything else.
 */
long argument(const char *text);

/* Whether a race's round is due: each of its rounds, and more, up to a hundred
 * times as many, while not all that is allowed was seen. On a busy machine the
 * other thread may stand still for all of them, with the forbidden thing in
 * place. */
int is_due(int round, int rounds, int seen);

/* Bytes of the last socket address that argument() made. */
long last_address_size(void);

command_fn cmd_call, cmd_trap, cmd_trap_vsyscall, cmd_vsyscall, cmd_int80;
command_fn cmd_pread, cmd_socketcall, cmd_ipc, cmd_indirect;
command_fn cmd_thread, cmd_fork, cmd_storm, cmd_catcher;
command_fn cmd_restart, cmd_interrupt, cmd_sigreturn;
command_fn cmd_flip, cmd_vanish, cmd_uname, cmd_show, cmd_limit;
command_fn cmd_race, cmd_address, cmd_messages, cmd_blocked, cmd_file;

#endif
