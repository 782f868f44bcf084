/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies that are made out of bytes twice over: as text, for the engine, and
 * as the plain structures below, for an evaluator that shares no line with it
 * (decide-plain.c). Reader, parser, binder, compiler and facts of the engine
 * are all on the other side of the comparison.
 */
#ifndef TESTS_FUZZ_DECIDE_H
#define TESTS_FUZZ_DECIDE_H

#include <stdbool.h>
#include <stdio.h>

#include <syscall-tables.h>

#include "fuzz.h"

enum {
    RULES = 8,              /* of a policy, at most */
    NODES = 15,             /* of a condition */
    TEXT = 96,              /* bytes of a path or a pattern */
    DEPTH = 3,
};

enum node_kind {
    NODE_AND, NODE_OR, NODE_NOT,
    NODE_NUMBER,            /* (ARGUMENT & mask) in low..high, or not in */
    NODE_FAMILY, NODE_PORT, /* in low..high, or not in */
    NODE_ACCESS,            /* == low, or != */
    NODE_PATH, NODE_PATH2, NODE_UNIX, NODE_FDPATH,
    NODE_ADDR,              /* in ip/bits, or not in */
};

enum relation { EQUAL, UNDER, LIKE };   /* of texts */

struct node {
    enum node_kind kind;
    bool negated;
    struct node *left, *right;
    char subject[32];       /* NUMBER */
    bool masked;
    uint32_t mask;
    __int128 low, high;
    enum relation relation;
    char text[TEXT];
    unsigned char ip[16];
    unsigned bits;
};

/* In the order of strictness (docs/policy.md, "Which rule wins"). */
enum action { ALLOW, RETURN, ERROR, DENY, TRAP, KILL };

struct rule {
    const char *name;       /* a call or a set */
    enum action action;
    const char *error;      /* ERROR, DENY */
    unsigned value;         /* RETURN */
    struct node *condition; /* NULL: always */
    struct node nodes[NODES];
    unsigned used;          /* of nodes */
};

struct policy {
    enum action otherwise;  /* the default; DENY is EPERM */
    struct rule rules[RULES];
    unsigned count;
};

/* What a call refers to, beyond its registers. */
struct world {
    char path[2][TEXT];     /* of its path arguments */
    char unix_name[TEXT];   /* of an AF_UNIX address */
    bool has_address;
    unsigned family, port;
    unsigned char ip[16];   /* IPv4 as ::ffff:a.b.c.d */
    int fd;                 /* what the first descriptor argument is; 7 is ... */
    char fdpath[TEXT];      /* ... this file, others are none */
};

struct answer {
    enum action action;
    int error;              /* the guest's */
    unsigned value;
};

void decide_make(struct policy *p, const struct st_target *t,
                 struct fuzz_bytes *b);
void decide_write(const struct policy *p, FILE *out);

/* A path such as policies made here ask about. */
void decide_make_path(char text[TEXT], struct fuzz_bytes *b);

/* One that fits what a node asks for, or nearly. */
void decide_make_like(char text[TEXT], const struct node *n,
                      struct fuzz_bytes *b);

/* Some call that policies made here may name. */
const char *decide_name(struct fuzz_bytes *b);

struct answer decide_plain(const struct policy *layers, unsigned count,
                           const struct st_target *t, unsigned slot,
                           const uint64_t args[ST_MAX_REGS],
                           const struct world *w);

#endif
