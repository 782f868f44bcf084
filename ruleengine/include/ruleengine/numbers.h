/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numbers: descriptors that an emulator keeps its guest away from. They stand
 * together, at the end of the table's first 4096; above what the guest may
 * have, where the limit can be raised by as many.
 *
 * The kernel gives whoever opens something the lowest free number. None of
 * these is ever free while a guest runs: where nothing else is open stands a
 * copy of one descriptor, which is taken away by dup3() and put back by dup3(),
 * each in one step. So a guest that fills its table meets EMFILE before them,
 * as if its table ended there, and there is always one left for a call that
 * needs it.
 *
 * A process has one table of descriptors. What is known of it here is the
 * process's, too, and belongs to no engine; threads may call everything below
 * re_numbers_occupy() at the same time.
 */
#ifndef RULEENGINE_NUMBERS_H
#define RULEENGINE_NUMBERS_H

#include <stdbool.h>

/* All of them: those for what calls look at, then the engine's and the
 * emulator's own. Fewer where the limit is low. */
#define RE_NUMBERS 256
#define RE_PIN_COUNT 192
#define RE_HIGH_COUNT 64

enum re_numbers { RE_NUMBERS_PINS, RE_NUMBERS_OWN };

/* Raises the limit so that they stand above it, where that can be. Before the
 * first of them is opened; once, in the first program image. */
void re_numbers_make_room(void);

/* Where the own ones begin, by the limit as it is. */
int re_high_floor(void);

/* Where pins begin that stand below such a floor. */
int re_pin_floor(int floor);

/* A duplicate among the own ones, close-on-exec; -1 and errno on failure,
 * EMFILE when none is free. Does not close "fd". For the start of the first
 * program image: later the guest may have changed the limit. */
int re_move_high(int fd);

/* The same for such a floor. */
int re_move_to(int fd, int floor);

/*
 * From here on none is free: [first, end), where the own ones begin at "floor".
 * "placeholder", which is one of the own, is what stands where nothing else
 * does. Returns the end, which is lower where the limit is. Until then none can
 * be taken but by re_move_to(), and re_number_close() does as close().
 */
int re_numbers_occupy(int first, int floor, int end, int placeholder);

/* A duplicate of a descriptor there, close-on-exec; -1 and errno, EMFILE when
 * all are taken. */
int re_number_take(enum re_numbers where, int fd);

/* The same, and closes "fd", also on failure; -1 is passed on with its errno.
 * What stands there already stays. */
int re_number_move(enum re_numbers where, int fd);

/* close(), for any descriptor; -1 is none. errno stays. */
void re_number_close(int fd);

/* Whether something is open there that is no placeholder. */
bool re_number_is_taken(int fd);

/* After closedir() and the like, which have closed one of these by
 * themselves. */
void re_number_closed(int fd);

/*
 * Lets one number go for what is opened next, when the table is full: for a
 * process without other threads. The number, or -1. re_number_lent() ends it:
 * "fd" is what has been opened. If that is the number, it stays taken until it
 * is closed; else it is occupied anew.
 */
int re_number_lend(void);
void re_number_lent(int number, int fd);

/* The same in a copy of the table, while other threads use the process's own:
 * the number is this thread's until re_number_lent_copy(), whatever is opened
 * and closed there meanwhile. */
int re_number_lend_copy(void);
void re_number_lent_copy(void);

#endif
