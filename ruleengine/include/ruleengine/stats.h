/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of --policy-stats: counters of all processes of a guest, in memory
 * that is the file. It is true at any time, also while the guest runs and after
 * a kill -9; qemu-policy stats reads it.
 *
 *     struct re_stats_head
 *     for each target that took part, from sections[i].offset on:
 *         struct re_stats_slot [slots + 1]    by slot; last: unknown numbers
 *         struct re_stats_rule [rules]
 *         text[text_size]                     strings, NUL-terminated
 *
 * Host byte order. Counters only grow; each is read and written on its own.
 */
#ifndef RULEENGINE_STATS_H
#define RULEENGINE_STATS_H

#include <stdint.h>

#define RE_STATS_MAGIC      "QPSTATS1"
#define RE_STATS_SECTIONS   16

struct re_stats_slot {      /* one cache line */
    _Atomic uint64_t calls;
    _Atomic uint64_t refused;   /* of these, by deny, trap or kill */
    _Atomic uint64_t emulated;  /* answered by return, error or a handler */
    _Atomic uint64_t errors;    /* results that are errors, refusals included */
    _Atomic uint64_t bytes_in, bytes_out;   /* read and written */
    _Atomic uint64_t time;      /* nanoseconds, of calls that came back */
    _Atomic uint64_t longest;   /* nanoseconds, one call */
};

struct re_stats_rule {
    _Atomic uint64_t hits;      /* calls that its layer left to this rule */
    uint32_t place;             /* offset of text: "web.ini:14" */
    uint32_t what;              /* "openat = access == read" */
};

struct re_stats_section {
    char target[16];
    uint64_t offset;            /* bytes from the file's start */
    uint32_t slots, rules;
    uint64_t text_size;
};

struct re_stats_head {
    char magic[8];
    uint32_t section_count, unused;
    int64_t started;            /* seconds since 1970 */
    _Atomic uint64_t images;    /* programs: one and each execve */
    struct re_stats_section sections[RE_STATS_SECTIONS];
};

#endif
