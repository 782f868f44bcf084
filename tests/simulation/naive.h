/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy's meaning, taken literally: every rule is looked at for every
 * call, conditions are evaluated as trees with wide integers, and the
 * precedence rule is applied as it is written in docs/policy.md. Slow, and
 * independent of compile.c, bind.c and decide.c, which it is there to check.
 */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include <parse.h>

struct naive_answer {
    enum re_verdict verdict;
    int error;              /* guest errno, DENY and ERROR */
    int64_t value;          /* RETURN */
};

/* What a parsed policy says of a call: slot as in struct re_call. Rules with
 * "when" or Lua must not occur. */
struct naive_answer naive_decide(const struct re_document *doc, int slot,
                                 const uint64_t args[ST_MAX_REGS]);

#endif
