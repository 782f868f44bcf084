/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DOORS_H
#define DOORS_H

#include <stdbool.h>

/* Ways around a policy that have files of their own: each prints one line. */
void exchange(void);
void exchanged(void);
void truncated(void);
void bound(void);
void frame(void);
void semaphores(void);
void loader(void);
void arguments_grow(void);
void instead(void);
void folders(void);
void kept(void);
void succeeded(void);
void cut_short(void);
void shown(void);
void shown_threads(void);
void stay(void);
void surroundings(void);
void large_sets(void);
void counters(void);
void maps_taken(void);
void program_taken(void);
void log_taken(void);
void pointers(void);

/* Whether a descriptor is open on a process's memory. */
bool is_memory(int fd);

#endif
