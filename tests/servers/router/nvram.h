/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router's settings, as its programs reach them: /dev/nvram is told a name by
 * read() in the buffer, and answers with where the value lies in its mapping.
 */
#ifndef ROUTER_NVRAM_H
#define ROUTER_NVRAM_H

#define NVRAM_SPACE 0x8000      /* bytes of the mapping */
#define NVRAM_COMMIT 0x48534c46 /* ioctl: write to flash */

/* Opens and maps the device once. 0, or -1 with errno. */
int nvram_open(void);

/* The value, which lies in the mapping; NULL when there is no such name. */
const char *nvram_get(const char *name);

/* 0, or -1 with errno. Other processes see it at once. */
int nvram_set(const char *name, const char *value);
int nvram_commit(void);

/* "name=value" texts, each ending in a NUL, then an empty one. Bytes, or -1. */
int nvram_all(char *buf, int size);

#endif
