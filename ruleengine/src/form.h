/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the conditions of one call can ask beyond its registers: which argument
 * is the path, which flags decide whether links are followed, where the
 * socket address is. A form is made once for each slot when a policy is
 * compiled, and read at every call that a condition asks about.
 */
#ifndef RULEENGINE_SRC_FORM_H
#define RULEENGINE_SRC_FORM_H

#include "ruleengine/facts.h"
#include "ruleengine/guest.h"
#include "arena.h"

struct re_layer;

/* Where a call's path is, and when its last link is followed. */
struct re_path_form {
    struct re_path_query query;     /* what does not depend on the arguments */
    int8_t flags_reg;               /* -1: no flags matter */
    uint32_t follow_bit;            /* this flag: follow */
    uint32_t nofollow_bit;          /* this flag: do not */
    uint32_t empty_bit;             /* this flag: "" is the descriptor */
};

/* Calls with arguments in memory. */
enum re_block_form {
    RE_BLOCK_NONE,
    RE_BLOCK_HOW,           /* openat2: flags, mode, resolve */
    RE_BLOCK_OLD_MMAP,      /* six words of the guest, where arg0 points */
};

enum re_open_form {
    RE_OPEN_NONE,           /* opens nothing: no "access" */
    RE_OPEN_FLAGS,          /* flags in open_reg */
    RE_OPEN_CREAT,          /* creat: always writes */
    RE_OPEN_HOW_MEMORY,     /* openat2: struct open_how at open_reg */
};

struct re_form {
    const struct re_guest_ops *ops;
    unsigned path_count;            /* 0 .. 2 */
    struct re_path_form paths[2];
    enum re_open_form open;
    enum re_block_form block;
    int8_t open_reg, size_reg;      /* size_reg: openat2's size of how */
    uint32_t o_accmode, o_creat, o_excl, o_trunc, o_nofollow;
    int8_t address_reg, address_len_reg, message_reg;   /* -1: none */
    int8_t count_reg;               /* sendmmsg: how many messages; -1 */
    int8_t fd_reg;                  /* the first descriptor; -1: none */
    int8_t accept_flags_reg;        /* of accept4; -1: none */
    bool accepts;                   /* the address is whom it comes from, known
                                       only once a connection is there */
    bool has_address;
    bool binds;                     /* the address is created, not looked up */
    bool address_optional;          /* NULL: where the socket is connected */
    bool wide, big_endian;          /* the guest's words */
    int efault, einval, e2big;      /* guest errnos, positive */
};

/* NULL when memory is short. */
const struct re_form *re_form_new(const struct st_target *target,
                                  unsigned slot,
                                  const struct re_guest_ops *ops,
                                  struct re_arena *arena);

/* That of a layer's slot, made when it is asked for the first time. In the
 * layer's arena; NULL when memory is short. */
const struct re_form *re_layer_form(struct re_layer *layer, unsigned slot);

/* What a file is opened for, by the flags of a call with this form. */
enum re_access re_access_of(const struct re_form *form, uint64_t flags);

/* An argument in memory by its name; "reg" is its word. False: none. */
bool re_form_block_arg(const struct re_form *form, const char *name,
                       struct st_arg *ret);

#endif
