/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders that are read again while a guest runs, by the descriptor that was
 * opened before it: neither chdir, chroot nor a renamed folder leads elsewhere.
 * Other threads of the guest may do anything to descriptors below "floor"
 * meanwhile; what is read here has been looked at behind it.
 */
#ifndef RULEENGINE_FOLDER_H
#define RULEENGINE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* Opens a folder among the own descriptors. A descriptor or a negative
 * errno. */
int re_folder_open(const char *path, int floor);

/* The names that end in "suffix" and do not start with a dot, as
 * re_origin_list() has them, in malloc'ed memory. 0 or a negative errno. */
int re_folder_list(int fd, int floor, const char *suffix, char **ret_names,
                   size_t *ret_size);

/* A file of it, of those names: opened for reading, among the own descriptors;
 * or a negative errno, -EINVAL for what is no regular file. */
int re_folder_open_file(int fd, int floor, const char *name);

/* When files were last changed, in whatever way, and written: ns since 1970. */
struct re_folder_times {
    int64_t changed, written;
};

/* A number that is another one when a file of these names has been changed. */
uint64_t re_folder_stamp(int fd, const char *names,
                         struct re_folder_times *ret);

#endif
