/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleengine/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#define TABLE_MAX 4096          /* a table that is cheap to copy */
#define WORD 64
#define WORDS (RE_NUMBERS / WORD)

/* A bit each, from "first" on: taken, or beyond the limit. */
static _Atomic uint64_t taken[WORDS];
static int first, floor_, end = -1;
static int placeholder = -1;    /* -1: not occupied */
static __thread int lent_here = -1; /* in this thread's copy of the table */

/* --- where ------------------------------------------------------------- */

void re_numbers_make_room(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
        limit.rlim_cur > TABLE_MAX - RE_NUMBERS) {
        return;
    }
    limit.rlim_cur += RE_NUMBERS;
    if (limit.rlim_cur > limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
    }
    setrlimit(RLIMIT_NOFILE, &limit);
}

int re_high_floor(void)
{
    struct rlimit limit;
    rlim_t top = 1024;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        top = limit.rlim_cur < TABLE_MAX ? limit.rlim_cur : TABLE_MAX;
    }
    return top >= 4 * RE_HIGH_COUNT ? top - RE_HIGH_COUNT : top / 2;
}

/* Just below the own ones: the table of descriptors reaches as far already, in
 * forked children too, and need not grow. */
int re_pin_floor(int floor)
{
    return floor - RE_PIN_COUNT > floor / 2 ? floor - RE_PIN_COUNT : floor / 2;
}

/* --- bits -------------------------------------------------------------- */

static bool is_kept(int fd)
{
    return placeholder >= 0 && fd >= first && fd < end;
}

static uint64_t bit_of(int fd)
{
    return UINT64_C(1) << (fd - first) % WORD;
}

static _Atomic uint64_t *word_of(int fd)
{
    return &taken[(fd - first) / WORD];
}

/* The lowest in [from, to) that nobody has, or -1. */
static int claim(int from, int to)
{
    for (int n = from; n < to; n++) {
        if (!(atomic_load_explicit(word_of(n), memory_order_relaxed) &
              bit_of(n)) &&
            !(atomic_fetch_or(word_of(n), bit_of(n)) & bit_of(n))) {
            return n;
        }
    }
    errno = EMFILE;
    return -1;
}

static void unclaim(int n)
{
    atomic_fetch_and(word_of(n), ~bit_of(n));
}

bool re_number_is_taken(int fd)
{
    return is_kept(fd) && (atomic_load(word_of(fd)) & bit_of(fd));
}

/* --- occupying --------------------------------------------------------- */

int re_numbers_occupy(int from, int floor, int to, int fd)
{
    int n;

    if (fd < 0) {
        return to;
    }
    first = from;
    floor_ = floor;
    end = to;
    placeholder = fd;
    for (size_t i = 0; i < WORDS; i++) {
        atomic_store(&taken[i], UINT64_MAX);
    }
    /* None behind them is asked for: the table would have to grow, and among
     * threads the kernel waits some milliseconds for that. */
    for (n = from; from < to; from = n + 1) {
        n = fcntl(fd, F_DUPFD_CLOEXEC, from);
        if (n < 0 || n >= to) {
            break;
        }
        unclaim(n);
    }
    if (n >= to) {
        close(n);
    } else if (n < 0) {
        struct rlimit limit;

        /* The limit ends it: what lies beyond is nobody's. */
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
            limit.rlim_cur < (rlim_t)to) {
            end = limit.rlim_cur;
        }
    }
    return end;
}

/* --- taking ------------------------------------------------------------ */

int re_number_take(enum re_numbers where, int fd)
{
    int n = where == RE_NUMBERS_OWN ? claim(floor_, end) :
        claim(first, floor_);

    if (n >= 0 && dup3(fd, n, O_CLOEXEC) < 0) {
        int err = errno;

        unclaim(n);
        errno = err;
        n = -1;
    }
    return n;
}

int re_number_move(enum re_numbers where, int fd)
{
    int n, err;

    if (fd < 0 || is_kept(fd)) {
        return fd;
    }
    n = re_number_take(where, fd);
    err = errno;
    close(fd);
    errno = err;
    return n;
}

/* --- giving back -------------------------------------------------------- */

void re_number_close(int fd)
{
    int err = errno;

    if (!is_kept(fd) || fd == lent_here) {
        if (fd >= 0) {
            close(fd);          /* what is lent is so until it is given back */
        }
    } else if (dup3(placeholder, fd, O_CLOEXEC) == fd) {
        unclaim(fd);
    }
    errno = err;
}

void re_number_closed(int fd)
{
    int err = errno, n;

    if (!is_kept(fd)) {
        return;
    }
    n = fcntl(placeholder, F_DUPFD_CLOEXEC, fd);
    if (n == fd) {
        unclaim(fd);
    } else if (n >= 0) {
        close(n);               /* a thread of the guest was quicker */
    }
    errno = err;
}

/* --- lending ------------------------------------------------------------ */

int re_number_lend(void)
{
    int n = placeholder < 0 ? -1 : claim(floor_, end);

    if (n >= 0) {
        close(n);
    }
    return n;
}

void re_number_lent(int number, int fd)
{
    if (number >= 0 && fd != number) {
        re_number_closed(number);
    }
}

/* Other threads claim numbers meanwhile: this one is given back once, at the
 * end, however often it was opened and closed in the copy. */
int re_number_lend_copy(void)
{
    return lent_here = re_number_lend();
}

void re_number_lent_copy(void)
{
    if (lent_here >= 0) {
        unclaim(lent_here);
    }
    lent_here = -1;
}

/* --- the engine's -------------------------------------------------------- */

/* Nothing but a number of the own ones: any other is the guest's to close and
 * to write to. */
int re_move_to(int fd, int floor)
{
    int high;

    if (placeholder >= 0) {
        return re_number_take(RE_NUMBERS_OWN, fd);
    }
    high = fcntl(fd, F_DUPFD_CLOEXEC, floor);
    if (high >= floor + RE_HIGH_COUNT) {
        close(high);
        high = -1;
        errno = EMFILE;
    } else if (high < 0 && errno == EINVAL) {
        errno = EMFILE;         /* the limit has been set below */
    }
    return high;
}

int re_move_high(int fd)
{
    return re_move_to(fd, re_high_floor());
}
