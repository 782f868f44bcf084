/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: one record for each call that a rule wants recorded, to each
 * sink (sink.h), and what has become of those that no sink has.
 */
#ifndef RULEENGINE_AUDIT_H
#define RULEENGINE_AUDIT_H

#include "log-limit.h"
#include "policy.h"

struct re_audit;
struct re_datum;
struct re_origin;

/* Sinks of one log. */
#define RE_SINKS_MAX    4

struct re_audit_config {
    const struct st_target *target;
    const struct re_guest_ops *ops;
    const char *const *logs;    /* specifications: see re_sink_open(); borrowed
                                   during re_audit_new() only */
    size_t log_count;           /* 0: "-" */
    const char *exe;            /* the guest program; copied */
    struct re_origin *origin;   /* keeps counts and names */
    struct re_log_rate rate;        /* records of all kinds ... */
    struct re_log_rate repeat;      /* ... and of one rule about one call */
    const int *fds;             /* NULL, or what re_audit_fds() gave in the
                                   program image before: RE_SINKS_MAX * 2,
                                   owned from now on, also on failure */
};

/* 0 or a negative errno with diags. */
int re_audit_new(struct re_audit **ret, const struct re_audit_config *config,
                 struct re_diags *diags);
void re_audit_free(struct re_audit *audit);
void re_audit_set_exe(struct re_audit *audit, const char *exe);

/* For the next program image: RE_SINKS_MAX * 2 descriptors, or -1. */
void re_audit_fds(const struct re_audit *audit, int *fds);

/* See re_engine_log_name(). */
bool re_audit_name(const struct re_audit *audit, unsigned i, int *ret_folder,
                   const char **ret_name);

/*
 * Records what call->rule, one of "layer", made of a call. "args" are those
 * that the guest gave (call->args may have been rewritten since). A handler's
 * result of RE_RESULT_GONE means that the original call is to run. Never
 * allocates, never blocks on a lock, never fails: what cannot be written is
 * counted.
 */
void re_audit_record(struct re_audit *audit, const struct re_layer *layer,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS]);

/* A message of a handler (call:log, c_log) as a record of its own. */
void re_audit_message(struct re_audit *audit, const char *source,
                      const char *message);

/* Data of a handler (call:log{}) as a record of its own. */
void re_audit_data(struct re_audit *audit, const char *source,
                   const struct re_datum *data, unsigned count);

/* The program's name as records have it; good for as long as the log. */
const char *re_audit_exe(const struct re_audit *audit);

/* The calling thread's name as records have it. */
#define RE_AUDIT_COMM_MAX 64
void re_audit_comm(const struct re_audit *audit, char comm[RE_AUDIT_COMM_MAX]);

/* The process ends: a record of its own for what is missing and no record has
 * told yet. */
void re_audit_finish(struct re_audit *audit);

/* Behind re_audit_finish(), in the process that was started: records that a log
 * on a full disk, say, neither has nor tells of. 0 in all others. */
uint64_t re_audit_untold(const struct re_audit *audit);

/* Records that a sink could not take so far, of all processes; the sum over
 * all sinks. */
uint64_t re_audit_lost(const struct re_audit *audit);

#endif
