/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests ask about, as axes of values: one for each argument and path
 * ("access" follows from the flags), one for the address and one for its port.
 * A point that moves along them: on an axis where it has no place yet, a test
 * is open. For inspect-search.c.
 */
#ifndef RULEENGINE_AXIS_H
#define RULEENGINE_AXIS_H

#include <stdio.h>

#include "policy.h"
#include "ruleengine/inspect.h"

enum {
    RE_AXES_MAX = 24,
    RE_VALUES_MAX = 1000000,    /* on one axis */
};

enum re_axis_kind {
    RE_AXIS_ARG,            /* a register, or a pair of them */
    RE_AXIS_WORD,           /* an argument in memory */
    RE_AXIS_PATH,
    RE_AXIS_PATH2,
    RE_AXIS_FDPATH,
    RE_AXIS_ADDRESS,
    RE_AXIS_PORT,           /* nothing but behind an address that has one */
    RE_AXIS_KINDS,
};

struct re_axis_value {
    uint64_t number;        /* ARG, WORD, PORT; ADDRESS: the family */
    char *text;             /* owned; paths, and an address that is a path */
    bool has_ip;
    unsigned char ip[16];
};

struct re_axis {
    enum re_axis_kind kind;
    uint8_t reg, width, pair;
    bool is_signed;
    const struct re_axis_value *at;     /* borrowed; NULL: open */
};

struct re_axes {
    const struct st_target *target;
    int slot;
    struct re_axis items[RE_AXES_MAX];
    size_t count;
    int8_t index[RE_AXIS_KINDS][ST_MAX_REGS];   /* 1 + the axis; 0: none */
    const struct re_form *form;     /* of arguments in memory; or NULL */
    const struct re_form *opens;    /* "access" was asked about; or NULL */
    struct re_facts *facts;
    unsigned made;          /* what "facts" has before each question */
    uint64_t regs[ST_MAX_REGS];
};

struct re_axis_values {
    struct re_axis_value *items;
    size_t count, room;
    unsigned unsure;        /* RE_UNSURE_*: why these may not be all */
};

/* 0 or -ENOMEM. */
int re_axes_init(struct re_axes *axes, const struct st_target *target,
                 int slot);
/* Makes the axes of what a rule's tests (NULL: none) ask about. */
void re_axes_add(struct re_axes *axes, const struct re_test *tests);
void re_axes_free(struct re_axes *axes);

/* How many tests there are; every one of them can be reached. */
unsigned re_tests_count(const struct re_test *tests);

/* The axis that a test needs next, or -1: it is not open. */
int re_axes_open(const struct re_axes *axes, const struct re_test *test);
/* Whether one test holds at the point; RE_OPEN where that is not said yet. */
enum re_truth re_axes_test(struct re_axes *axes, const struct re_test *test);

/* The values at which one of the tests, all of this axis, changes its answer;
 * at least one. Those that may be alike are all there. 0 or -ENOMEM; freed by
 * re_axis_values_free(). */
int re_axes_values(const struct re_axes *axes, size_t axis,
                   const struct re_test *const *tests, size_t count,
                   struct re_axis_values *ret);
void re_axis_values_free(struct re_axis_values *values);

/* Moves the point along one axis; takes it away from there. */
void re_axes_set(struct re_axes *axes, size_t axis,
                 const struct re_axis_value *value);
void re_axes_unset(struct re_axes *axes, size_t axis);

/* Writes the point as words of a question: "flags=O_RDWR path=/etc/x". */
void re_axes_put(const struct re_axes *axes, FILE *out);

#endif
