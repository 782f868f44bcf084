/* SPDX-License-Identifier: GPL-2.0-or-later */
/* None of the kept numbers is ever free, and each can be had. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "tap.h"

enum { THREADS = 4, ROUNDS = 20000 };

static int first, floor_, end;
static atomic_int strays, failures;
static atomic_bool ended;

static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode);
}

/* As a guest that has taken everything: it gets a number whenever one is free. */
static void *grab(void *arg)
{
    while (!ended) {
        int fd = open("/dev/zero", O_RDONLY);

        if (fd >= 0) {
            strays++;
            close(fd);
        }
    }
    return arg;
}

static void *take_and_give(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        int fd = re_number_take(i & 1 ? RE_NUMBERS_OWN : RE_NUMBERS_PINS, 0);

        if (fd < first || fd >= end || !re_number_is_taken(fd) ||
            !is_file(fd)) {
            failures++;
        }
        re_number_close(fd);
    }
    return arg;
}

static void check_threads(void)
{
    pthread_t grabbing, taking[THREADS];

    pthread_create(&grabbing, NULL, grab, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&taking[i], NULL, take_and_give, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(taking[i], NULL);
    }
    ended = true;
    pthread_join(grabbing, NULL);
    tap_ok(strays == 0, "with a full table, no number comes free");
    tap_ok(failures == 0, "and threads get what they need");
}

static int count_own(int *fds)
{
    int n = 0;

    while ((fds[n] = re_number_take(RE_NUMBERS_OWN, 0)) >= 0) {
        n++;
    }
    return n;
}

static void check_lending(void)
{
    int number = re_number_lend(), fd = open("/dev/zero", O_RDONLY);
    int fds[RE_NUMBERS], n;

    tap_ok(fd == number && number >= floor_, "what is lent is what is opened");
    re_number_lent(number, fd);
    tap_ok(re_number_is_taken(fd) && is_file(fd) &&
           re_number_move(RE_NUMBERS_PINS, fd) == fd, "and stays there");
    re_number_close(fd);
    tap_ok(!re_number_is_taken(fd) && open("/", O_RDONLY) < 0,
           "until it is closed");
    number = re_number_lend();
    re_number_lent(number, -1);
    tap_ok(!re_number_is_taken(number) && open("/", O_RDONLY) < 0,
           "what was lent for nothing is occupied again");
    number = re_number_take(RE_NUMBERS_OWN, 0);
    close(number);
    re_number_closed(number);
    tap_ok(!re_number_is_taken(number) && open("/", O_RDONLY) < 0,
           "and what others have closed");
    n = count_own(fds);
    tap_ok(errno == EMFILE && n > 0 && n < RE_HIGH_COUNT,
           "there is an end to them");
    while (n > 0) {
        re_number_close(fds[--n]);
    }
}

/* As a helper with a table of its own, while others take and give numbers. */
static void *lend_in_copy(void *arg)
{
    int number, fd, other;

    if (unshare(CLONE_FILES) < 0) {
        return arg;
    }
    number = re_number_lend_copy();
    for (int i = 0; i < 3; i++) {
        fd = open("/dev/zero", O_RDONLY);
        failures += fd < 0 || fd != number;
        re_number_close(fd);
        other = re_number_take(RE_NUMBERS_OWN, 0);
        failures += other < 0 || other == number || !re_number_is_taken(number);
        re_number_close(other);
    }
    re_number_lent_copy();
    failures += re_number_is_taken(number);
    return NULL;
}

static void check_copy(void)
{
    pthread_t thread;
    void *unable;

    pthread_create(&thread, NULL, lend_in_copy, NULL);
    pthread_join(thread, &unable);
    if (unable) {
        tap_skip("no table of its own", "a number that is lent in a copy");
        return;
    }
    tap_ok(failures == 0 && open("/", O_RDONLY) < 0,
           "a number that is lent in a copy is nobody else's until its end");
}

int main(void)
{
    struct rlimit limit = { 256, 4096 };
    int fd;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &limit);
    close(0);
    tap_ok(open("/dev/null", O_RDWR) == 0, "there is something to duplicate");
    tap_ok(re_number_take(RE_NUMBERS_OWN, 0) < 0 && errno == EMFILE,
           "nothing is taken before");
    re_numbers_make_room();
    getrlimit(RLIMIT_NOFILE, &limit);
    floor_ = re_high_floor();
    first = re_pin_floor(floor_);
    tap_ok(limit.rlim_cur == 512 && floor_ == 448 && first == 256,
           "room is made above the limit");
    end = floor_ + RE_HIGH_COUNT;
    fd = re_move_high(0);
    tap_ok(fd == floor_ && re_numbers_occupy(first, floor_, end, fd) == end,
           "all of them are occupied");
    while (open("/dev/null", O_RDWR) >= 0) {
    }
    tap_ok(errno == EMFILE && fcntl(first - 1, F_GETFD) >= 0,
           "a table is full where they begin");
    check_lending();
    check_copy();
    check_threads();
    /* What looks for leaks at the end opens files. */
    for (fd = 3; fd < 32; fd++) {
        close(fd);
    }
    return tap_done();
}
