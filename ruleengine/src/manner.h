/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a rule's verdict is carried out, beyond what the verdict says: after a
 * delay, with a signal, up to a limit, on another file. A rule without any of
 * that has no manner, so that deciding only tests a pointer.
 */
#ifndef RULEENGINE_MANNER_H
#define RULEENGINE_MANNER_H

#include "policy.h"

/*
 * limit AMOUNT [of MEASURE] [/s] else BEYOND. The state is shared by all
 * processes of the guest. Without a period it is what has been used. With one,
 * it is the time (CLOCK_MONOTONIC, ns) at which a bucket that holds "amount"
 * and is filled within "period" will be full again (GCRA): a time that lies a
 * period ahead means that it is empty.
 */
struct re_limit {
    uint64_t amount;            /* calls or bytes, at least 1 */
    uint64_t period;            /* ns; 0: the amount is for good */
    const char *measure;        /* an argument; NULL: calls are counted */
    bool of_result;             /* "of result" */
    size_t offset, length;      /* of the measure, in the entry's value */
    bool waits;                 /* beyond it calls wait; "beyond" is unused */
    struct re_rule beyond;      /* refuses */
    _Atomic uint64_t *state;
};

/* Where a call has the number that a limit measures, and what can be done with
 * a call that asks for more than is left. */
struct re_measure {
    const struct re_form *form; /* reg is a word of its block; or NULL */
    uint8_t reg, width, pair;   /* as in struct re_test */
    bool is_signed;
    bool shortens;              /* it may be carried out with less, as the
                                   kernel itself does where a file system or
                                   RLIMIT_FSIZE ends */
};

/* What a rule puts in the place of a file. */
struct re_content {
    const char *bytes;          /* DATA, FILE */
    size_t len;
    const char *path;           /* FILE, REDIRECT: on the host; absolute */
    const char *written;        /* ... as the policy has it */
};

struct re_device;

struct re_manner {
    uint64_t delay, delay_after;    /* ns; 0: none */
    int signal;                     /* the host's number; 0: none */
    const char *signal_name;
    struct re_limit *limit;         /* NULL: none */
    struct re_content content;
    const char *write_to;           /* RETURN: the argument that leads to where
                                       "content" is written; NULL: nowhere */
    const struct re_device *device; /* DEVICE, READ */
};

/* The manner of a rule that is being parsed, made if it has none; NULL when
 * memory is short. */
struct re_manner *re_manner_of(struct re_rule *rule, struct re_arena *arena);

/* --- limits ------------------------------------------------------------ */

/* CLOCK_MONOTONIC, ns */
uint64_t re_now(void);

/*
 * Takes "want" from the limit, or as much as there is if that will do
 * ("shortens"). Whether anything was to be had; *ret_got is what was taken and
 * *ret_until the time until which the call must wait (0: it need not).
 */
bool re_limit_take(const struct re_limit *limit, uint64_t now, uint64_t want,
                   bool shortens, uint64_t *ret_got, uint64_t *ret_until);

/* Gives back what was not used. */
void re_limit_return(const struct re_limit *limit, uint64_t amount);

/* Takes what has been used already, be it more than there is. */
void re_limit_add(const struct re_limit *limit, uint64_t now, uint64_t amount);

/* --- calls ------------------------------------------------------------- */

struct re_thread;

/*
 * What becomes of a call that layer i lets through or emulates by a rule with a
 * manner: that rule, or the refusal beyond its limit. What is taken from the
 * limit is noted in the call.
 */
const struct re_rule *re_manner_ask(const struct re_layer *layer,
                                    struct re_call *call, unsigned i,
                                    const struct re_rule *rule);

/*
 * Before the verdict is carried out: delays and signals of layer "only", or
 * (-1) of all layers. False: a signal came meanwhile, and the call must be made
 * again.
 */
bool re_manner_begin(const struct re_layer *layer, struct re_thread *thread,
                     struct re_call *call, int only, bool again);

/* Before the original runs: cuts its size to what the limits grant. */
void re_manner_run(const struct re_layer *const *layers, struct re_call *call);

/* What has been taken and not been used goes back: after the original has
 * ended with this result, or (RE_RESULT_AGAIN) when it has not run. */
void re_manner_settle(const struct re_layer *const *layers,
                      struct re_call *call, int64_t result);

/* After the call: the delays behind it. */
void re_manner_end(const struct re_layer *layer, struct re_call *call);

/* Writes the bytes of "return N write ... to ARGUMENT". 0 or -EFAULT. */
int re_manner_write(const struct re_layer *layer, const struct re_call *call,
                    const struct re_rule *rule);

#endif
