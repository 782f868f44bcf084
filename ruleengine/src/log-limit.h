/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of the log ("log-rate", "log-repeat"): so many records in a second, a
 * minute or an hour, of all processes of a guest together. What is left out is
 * counted. Neither locks nor allocates.
 */
#ifndef RULEENGINE_LOG_LIMIT_H
#define RULEENGINE_LOG_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* At most "count" in each period of "seconds", which begin at multiples of it;
 * count 0: without limit. */
struct re_log_rate {
    uint32_t count, seconds;
};

enum { RE_LOG_LIMIT_KINDS = 1024 };

/* Zeroed at first; shared by all processes. */
struct re_log_limit {
    _Atomic uint64_t all;       /* period, records in it: 32 bits each */
    _Atomic uint64_t unreported;    /* left out, and in no record yet */
    /* By the hash of a kind of record: 16 bits of it, period (24), records in
     * it (24). Kinds that meet here displace each other: then more is let
     * through, never less. */
    _Atomic uint64_t kinds[RE_LOG_LIMIT_KINDS];
};

enum re_log_answer {
    RE_LOG_LIMIT_PASS,
    RE_LOG_LIMIT_NOTICE,        /* left out, the first one in this period */
    RE_LOG_LIMIT_DROP,
};

/* Whether one more record may be written at this second. */
enum re_log_answer re_log_limit_all(struct re_log_limit *limit,
                                    const struct re_log_rate *rate,
                                    int64_t second);

/* The same for one more of a kind. */
bool re_log_limit_kind(struct re_log_limit *limit,
                       const struct re_log_rate *rate, uint64_t kind,
                       int64_t second);

#endif
