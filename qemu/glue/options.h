/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options: the emulator's command line, as far as it has to be known before
 * QEMU reads it, and goes on to the emulator of a program that the guest
 * executes.
 */
#ifndef LINUX_USER_POLICY_OPTIONS_H
#define LINUX_USER_POLICY_OPTIONS_H

/* First of all. Makes two arguments of each "--policy=FILE", as QEMU takes
 * them. */
void policy_options_start(int *argc, char ***argv);

/* Where the program's name stands in an emulator's command line, as a user or
 * execve has given it; argc: nowhere. */
int policy_options_end(char *const *argv, int argc);

/* An option's value as it counts, the last one or else its variable's; or
 * NULL. */
const char *policy_option_value(const char *option, const char *variable);

/* Whether the user has given an option, or set its variable. */
bool policy_option_given(const char *option, const char *variable);

/*
 * The options that the next emulator gets as they are, of this target or of
 * another: strings of the command line. The caller frees the array.
 */
GPtrArray *policy_options_kept(bool same_target);

#endif
