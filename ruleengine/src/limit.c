/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manner.h"

#include <time.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t re_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- for good ---------------------------------------------------------- */

static bool take_once(const struct re_limit *limit, uint64_t want,
                      bool shortens, uint64_t *ret_got)
{
    uint64_t used = atomic_load_explicit(limit->state, memory_order_relaxed);
    uint64_t left, got;

    do {
        left = used < limit->amount ? limit->amount - used : 0;
        got = least(want, left);
        if (got < want && (!shortens || got == 0)) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(limit->state, &used, used + got));
    *ret_got = got;
    return true;
}

/* --- a rate ------------------------------------------------------------ */

/* Nine years, ns. Who would wait for longer never gets there, and takes none:
 * sums of such times would pass 64 bits, and the bucket be full again. */
#define FOREVER (UINT64_C(1) << 58)

/* How long the bucket takes to make up for an amount, ns. Rounded down: what
 * it holds can be taken in any parts. */
static uint64_t time_for(const struct re_limit *limit, uint64_t amount)
{
    unsigned __int128 time = (unsigned __int128)amount * limit->period /
        limit->amount;

    return time > UINT64_MAX / 4 ? UINT64_MAX / 4 : (uint64_t)time;
}

/* What is in the bucket when it will be full at "full". */
static uint64_t content(const struct re_limit *limit, uint64_t now,
                        uint64_t full)
{
    uint64_t missing = full > now ? full - now : 0;

    return missing >= limit->period ? 0 :
        (unsigned __int128)(limit->period - missing) * limit->amount /
        limit->period;
}

static bool take_from_bucket(const struct re_limit *limit, uint64_t now,
                             uint64_t want, bool shortens, uint64_t *ret_got,
                             uint64_t *ret_until)
{
    uint64_t full = atomic_load_explicit(limit->state, memory_order_relaxed);
    uint64_t got, next;

    do {
        uint64_t start = full > now ? full : now;

        /* Who waits takes what will be there by then, a bucket at most. */
        got = !shortens && limit->waits ? want :
            least(want, limit->waits ? limit->amount :
                  content(limit, now, full));
        if (got < want && (!shortens || got == 0)) {
            return false;
        }
        if (start - now > FOREVER || time_for(limit, got) > FOREVER) {
            *ret_got = 0;
            *ret_until = now + 8 * FOREVER;
            return limit->waits;
        }
        next = start + time_for(limit, got);
    } while (!atomic_compare_exchange_weak(limit->state, &full, next));
    *ret_got = got;
    *ret_until = next > now + limit->period ? next - limit->period : 0;
    return true;
}

/* --- outside ----------------------------------------------------------- */

bool re_limit_take(const struct re_limit *limit, uint64_t now, uint64_t want,
                   bool shortens, uint64_t *ret_got, uint64_t *ret_until)
{
    *ret_until = 0;
    return limit->period ?
        take_from_bucket(limit, now, want, shortens, ret_got, ret_until) :
        take_once(limit, want, shortens, ret_got);
}

void re_limit_return(const struct re_limit *limit, uint64_t amount)
{
    if (amount) {
        atomic_fetch_sub(limit->state, limit->period ?
                         time_for(limit, amount) : amount);
    }
}

void re_limit_add(const struct re_limit *limit, uint64_t now, uint64_t amount)
{
    uint64_t state = atomic_load_explicit(limit->state, memory_order_relaxed);
    uint64_t next;

    do {
        next = !limit->period ? state + least(amount, UINT64_MAX - state) :
            least((state > now ? state : now) + time_for(limit, amount),
                  now + 8 * FOREVER);
    } while (!atomic_compare_exchange_weak(limit->state, &state, next));
}
