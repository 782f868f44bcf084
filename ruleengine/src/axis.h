/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests ask about, as axes of values: one for each argument and path
 * ("access" follows from the flags), one for the address as a whole. For
 * inspect-compare.c.
 */
#ifndef RULEENGINE_AXIS_H
#define RULEENGINE_AXIS_H

#include <stdio.h>

#include "policy.h"

enum { RE_AXES_MAX = 24 };

enum re_axis_kind {
    RE_AXIS_ARG,            /* a register, or a pair of them */
    RE_AXIS_WORD,           /* an argument in memory */
    RE_AXIS_PATH,
    RE_AXIS_PATH2,
    RE_AXIS_FDPATH,
    RE_AXIS_ADDRESS,
};

struct re_axis_value {
    uint64_t number;        /* ARG, WORD; ADDRESS: the family */
    char *text;             /* owned; paths, and an address that is a path */
    bool has_ip;
    unsigned char ip[16];
    uint16_t port;
};

struct re_axis {
    enum re_axis_kind kind;
    uint8_t reg, width, pair;
    bool is_signed;
    struct re_axis_value *values;
    size_t count;
    const struct re_test **tests;
    size_t test_count;
};

struct re_axes {
    const struct st_target *target;
    int slot;
    struct re_axis items[RE_AXES_MAX];
    size_t count;
    bool complete;          /* the values are all that make a difference */
    const struct re_form *form;     /* of arguments in memory; or NULL */
    const struct re_form *opens;    /* "access" was asked about; or NULL */
    struct re_facts *facts;
    unsigned made;          /* what "facts" has before each question */
    uint64_t regs[ST_MAX_REGS];
};

/* All of these: 0 or -ENOMEM. */
int re_axes_init(struct re_axes *axes, const struct st_target *target,
                 int slot);
/* Notes what the tests (NULL: none) of one rule ask about. They are borrowed. */
int re_axes_add(struct re_axes *axes, const struct re_test *tests);
/* Finds the values, at least one on each axis. */
int re_axes_finish(struct re_axes *axes);
void re_axes_free(struct re_axes *axes);

/* Moves the point along one axis; then asks whether tests hold there. */
void re_axes_set(struct re_axes *axes, size_t axis, size_t value);
bool re_axes_hold(struct re_axes *axes, const struct re_test *tests);

/* A point as words of a question: "flags=O_RDWR path=/etc/x". */
void re_axes_put(const struct re_axes *axes, const size_t *at, FILE *out);

#endif
