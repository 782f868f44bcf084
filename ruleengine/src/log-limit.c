/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log-limit.h"

enum re_log_answer re_log_limit_all(struct re_log_limit *limit,
                                    const struct re_log_rate *rate,
                                    int64_t second)
{
    uint64_t period, before, after, used;

    if (rate->count == 0) {
        return RE_LOG_LIMIT_PASS;
    }
    period = (uint32_t)(second / rate->seconds);
    before = atomic_load_explicit(&limit->all, memory_order_relaxed);
    do {
        used = before >> 32 == period ? (uint32_t)before : 0;
        if (used > rate->count) {
            return RE_LOG_LIMIT_DROP;       /* the notice has been given */
        }
        after = period << 32 | (used + 1);
    } while (!atomic_compare_exchange_weak(&limit->all, &before, after));
    return used < rate->count ? RE_LOG_LIMIT_PASS : RE_LOG_LIMIT_NOTICE;
}

/* Mixes all bits into all (the finisher of splitmix64). */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

bool re_log_limit_kind(struct re_log_limit *limit,
                       const struct re_log_rate *rate, uint64_t kind,
                       int64_t second)
{
    const uint64_t most = 0xffffff;
    uint64_t hash = mix(kind), head, before, after, used;
    _Atomic uint64_t *place = &limit->kinds[hash % RE_LOG_LIMIT_KINDS];

    if (rate->count == 0) {
        return true;
    }
    head = hash >> 48 << 48 | ((second / rate->seconds) & most) << 24;
    before = atomic_load_explicit(place, memory_order_relaxed);
    do {
        used = (before & ~most) == head ? before & most : 0;
        if (used >= rate->count || used == most) {
            return false;
        }
        after = head | (used + 1);
    } while (!atomic_compare_exchange_weak(place, &before, after));
    return true;
}
