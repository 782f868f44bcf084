/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path-state: what a thread's call has led to. Private to path.c, which finds
 * it, and path-apply.c, which has the call use it.
 */
#ifndef LINUX_USER_POLICY_PATH_STATE_H
#define LINUX_USER_POLICY_PATH_STATE_H

#include <ruleengine/engine.h>

#include "pin.h"

#define PATH_PINS 3             /* path, path2, the path of an address */

/* The file behind a descriptor, by a number of its own. */
struct path_held {
    int fd;                     /* -1: nothing is held */
    int reg, given;             /* the argument, and what it was */
    int error;                  /* host errno; the call must fail with it */
};

struct path_state {
    struct re_facts facts;
    struct pin pins[PATH_PINS];
    struct path_held held;      /* if facts.made has RE_FACT_FDPATH */
    struct re_call *call;       /* that is being carried out */
    bool applied;
    unsigned char address[RE_SOCKADDR_MAX + 16];
    struct target_msghdr message;
    uint64_t how[RE_OPEN_HOW];      /* in the guest's order */
    abi_ulong block[RE_BLOCK_WORDS];    /* likewise */
};

/* NULL before the first call that asks for facts. */
extern __thread struct path_state *path_state;

#endif
