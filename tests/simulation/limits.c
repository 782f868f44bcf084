/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits against a naive model of a purse and of a bucket: random demands at
 * random times, with the time given. And many threads and processes at once:
 * what they get adds up to the limit.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manner.h"
#include "tap.h"

static uint64_t seed = 20260101;

static uint64_t below(uint64_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % n;
}

/* --- for good ---------------------------------------------------------- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool purse_agrees(void)
{
    _Atomic uint64_t state = 0;
    struct re_limit limit = { .amount = 1 + below(5000), .state = &state };
    uint64_t left = limit.amount;

    for (int i = 0; i < 400; i++) {
        uint64_t want = below(i % 3 ? 40 : 2000), got = 0, until = 1;
        bool shortens = below(2), had;
        uint64_t expected = shortens ? smaller(want, left) :
            want <= left ? want : 0;

        had = re_limit_take(&limit, 0, want, shortens, &got, &until);
        if (had != (want == 0 || expected > 0) ||
            (had && (got != expected || until != 0))) {
            return false;
        }
        if (had) {
            uint64_t back = below(got + 1);

            re_limit_return(&limit, back);
            left -= got - back;
        }
    }
    return true;
}

/* --- a rate ------------------------------------------------------------ */

/* Tokens with their fractions, as a program would keep them that nobody else
 * uses: in units of 1/period. */
struct bucket {
    unsigned __int128 tokens, full;
    uint64_t time;
};

static void fill(struct bucket *b, const struct re_limit *limit, uint64_t now)
{
    b->tokens += (unsigned __int128)(now - b->time) * limit->amount;
    if (b->tokens > b->full) {
        b->tokens = b->full;
    }
    b->time = now;
}

/* GCRA counts whole ns: it may be off by what flows in one of them for each
 * demand that the bucket still knows of. */
static bool near(unsigned __int128 a, unsigned __int128 b,
                 const struct re_limit *limit, unsigned demands)
{
    unsigned __int128 slack = (unsigned __int128)limit->amount *
        (demands + 2) + limit->period;

    return a > b ? a - b <= slack : b - a <= slack;
}

static bool bucket_agrees(void)
{
    _Atomic uint64_t state = 0;
    struct re_limit limit = {
        .amount = 1 + below(below(2) ? 100 : 100000000), .state = &state,
        .period = 1000000000,
    };
    struct bucket b = {
        .full = (unsigned __int128)limit.amount * limit.period,
        .time = 5000000000,
    };
    uint64_t now = b.time;

    b.tokens = b.full;
    for (unsigned i = 0; i < 400; i++) {
        uint64_t want = 1 + below(below(3) ? limit.amount / 10 + 1 :
                                  2 * limit.amount), got = 0, until;
        bool shortens = below(2), had;
        unsigned __int128 asked = (unsigned __int128)want * limit.period;

        now += below(below(4) ? 20000000 : 900000000);
        fill(&b, &limit, now);
        had = re_limit_take(&limit, now, want, shortens, &got, &until);
        if (until) {
            return false;       /* nobody waits here */
        }
        if (!had && !shortens && b.tokens > asked &&
            !near(b.tokens, asked, &limit, i)) {
            return false;       /* refused, though there was enough */
        }
        if (!had && shortens && b.tokens > limit.period &&
            !near(b.tokens, limit.period, &limit, i)) {
            return false;
        }
        if (had) {
            unsigned __int128 spent = (unsigned __int128)got * limit.period;

            if (got > want || (!shortens && got != want) ||
                (spent > b.tokens && !near(spent, b.tokens, &limit, i))) {
                return false;   /* more than there was */
            }
            b.tokens -= spent < b.tokens ? spent : b.tokens;
        }
    }
    return true;
}

/* Who waits gets what is asked for, one after the other at the rate. */
static bool queue_agrees(void)
{
    _Atomic uint64_t state = 0;
    struct re_limit limit = {
        .amount = 50, .period = 1000000000, .waits = true, .state = &state,
    };
    uint64_t now = 7000000000, got, until;

    for (unsigned i = 1; i <= 500; i++) {
        uint64_t expected = i <= 50 ? 0 : now + (i - 50) * UINT64_C(20000000);

        if (!re_limit_take(&limit, now, 1, false, &got, &until) || got != 1 ||
            until != expected) {
            return false;
        }
    }
    re_limit_return(&limit, 1);
    return re_limit_take(&limit, now, 1, false, &got, &until) &&
        until == now + 450 * UINT64_C(20000000);
}

/* Times that together pass 64 bits do not fill the bucket: who asks for so much
 * waits for good, and the next one as if nobody had asked. */
static bool forever_agrees(void)
{
    _Atomic uint64_t state = 0;
    struct re_limit limit = {
        .amount = 50, .period = 1000000000, .waits = true, .state = &state,
    };
    const uint64_t year = UINT64_C(31536000000000000);
    uint64_t now = 7000000000, got, until;
    const uint64_t wants[] = {
        50, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX,
        ((UINT64_C(1) << 62) - 1000000000) / 20000000,
    };

    for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
        if (!re_limit_take(&limit, now, wants[i], false, &got, &until) ||
            (i ? got != 0 || until < now + 50 * year : until != 0)) {
            return false;
        }
    }
    return re_limit_take(&limit, now, 1, false, &got, &until) && got == 1 &&
        until == now + UINT64_C(20000000);
}

/* --- many at once ------------------------------------------------------ */

enum { THREADS = 4, PROCESSES = 4, ROUNDS = 20000 };

struct shared {
    _Atomic uint64_t state, sum;
    struct re_limit limit;
};

static void *spend(void *opaque)
{
    struct shared *s = opaque;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t got = 0, until, back;

        if (re_limit_take(&s->limit, re_now(), i % 7, i % 2, &got, &until)) {
            back = got ? i % got : 0;
            re_limit_return(&s->limit, back);
            atomic_fetch_add(&s->sum, got - back);
        }
    }
    return NULL;
}

static void spend_in_threads(struct shared *s)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, spend, s);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void many(uint64_t amount, bool exhausted)
{
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    s->limit = (struct re_limit) { .amount = amount, .state = &s->state };
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            spend_in_threads(s);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    tap_ok(atomic_load(&s->sum) == atomic_load(&s->state) &&
           (atomic_load(&s->sum) == amount) == exhausted,
           "%d threads in %d processes: %llu of %llu, none twice", THREADS,
           PROCESSES, (unsigned long long)atomic_load(&s->sum),
           (unsigned long long)amount);
    munmap(s, sizeof(*s));
}

static void repeat(bool test(void), int times, const char *name)
{
    int agreed = 0;

    while (agreed < times && test()) {
        agreed++;
    }
    tap_ok(agreed == times, "%s: %d of %d runs", name, agreed, times);
}

int main(void)
{
    repeat(purse_agrees, 500, "a limit for good is a purse");
    repeat(bucket_agrees, 500, "a rate is a bucket");
    repeat(queue_agrees, 1, "who waits stands in a queue");
    repeat(forever_agrees, 1, "who would wait for ever takes nothing");
    many(100000, true);
    many(100000000, false);
    return tap_done();
}
