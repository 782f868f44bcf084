/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies by name: "web" is the file web.ini in the first of these folders
 * that has it. The working folder is none of them.
 *
 *     /etc/qemu-policy                        the machine's own
 *     PREFIX/share/qemu-policy/policies       installed with the program
 *
 * PREFIX is where the running program is installed: in PREFIX/bin or in
 * PREFIX/libexec/qemu-policy. A program elsewhere has the first folder only.
 */
#ifndef RULEENGINE_FIND_H
#define RULEENGINE_FIND_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a word is a name: letters, digits, "-" and "_". Anything else, such
 * as a path or a file with its ".ini", names a file. */
bool re_policy_is_name(const char *word);

/* The i-th folder into buf; false when there are no more, or its name does not
 * fit. */
bool re_policy_folder(unsigned i, char *buf, size_t size);

/*
 * The file of a name, in malloc'ed memory. 0; -ENOENT when no folder has it,
 * or another negative errno. A file that is there and cannot be read is found:
 * the next folder must not stand in for it.
 */
int re_policy_find(const char *name, char **ret_path);

#endif
