/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: one record for each call that a rule wants recorded, written
 * with one write(2) to an O_APPEND descriptor.
 */
#ifndef RULEENGINE_AUDIT_H
#define RULEENGINE_AUDIT_H

#include "policy.h"

struct re_audit;
struct re_origin;

/* path: JSON lines into a file that is created (0600) or appended to; "-" or
 * NULL: readable lines to standard error, on a descriptor of its own. The
 * descriptor is close-on-exec and out of the guest's usual way. 0 or a negative
 * errno with diags. */
int re_audit_new(struct re_audit **ret, const struct st_target *target,
                 const struct re_guest_ops *ops, const char *path,
                 const char *exe, struct re_diags *diags);
/* The same for a log that goes on: "fd", unless it is -1, is the log file's
 * descriptor, which the log owns from now on even when this fails; what is
 * lost is counted in the origin's memory. */
int re_audit_join(struct re_audit **ret, const struct st_target *target,
                  const struct re_guest_ops *ops, const char *path,
                  const char *exe, int fd, struct re_origin *origin,
                  struct re_diags *diags);

/* The log file's descriptor, or -1 when the log is standard error. */
int re_audit_fd(const struct re_audit *audit);
void re_audit_free(struct re_audit *audit);
void re_audit_set_exe(struct re_audit *audit, const char *exe);

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

/* Records that could not be written so far. */
uint64_t re_audit_lost(const struct re_audit *audit);

#endif
