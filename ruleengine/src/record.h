/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record of the audit log as a line: JSON, or for people. Neither allocates
 * nor locks.
 */
#ifndef RULEENGINE_RECORD_H
#define RULEENGINE_RECORD_H

#include <time.h>

#include "decode.h"
#include "policy.h"

/*
 * Everything that a record needs lies on the stack of the guest's thread, of
 * which an emulator may have given it 256 KiB. Bytes; with the frames of what
 * is called below re_audit_record() stays under 24 KiB.
 */
enum {
    RE_RECORD_MAX = 11 * 1024,  /* the line */
    RE_RECORD_SCRATCH = 512,    /* text of an argument that is no path */
    RE_COMM_MAX = 16,           /* TASK_COMM_LEN */
};

/* A call (or a handler's message) on its way into the log. */
struct re_record {
    /* set by the caller */
    const struct st_target *target;
    const struct re_guest_ops *ops;
    const struct re_layer *layer;   /* whose rule has decided */
    const struct re_call *call;     /* NULL: a message */
    const uint64_t *args;           /* as the guest gave them */
    struct timespec now;
    long utc_offset;                /* seconds east of UTC */
    const char *exe;
    char comm[RE_COMM_MAX];         /* if the guest has renamed itself */
    bool renamed;
    uint64_t lost;                  /* since the last record that got through */

    /* private */
    struct st_arg all[ST_MAX_ARGS];
    unsigned count;
    struct re_decoded path_value, path2_value, address_value;
    char path[RE_DECODE_MAX], path2[RE_DECODE_MAX];
    char scratch[RE_RECORD_SCRATCH], address[RE_RECORD_SCRATCH];
};

/* Each writes a line, newline included, and returns its length. */
size_t re_record_json(struct re_record *r, char line[RE_RECORD_MAX]);
size_t re_record_text(struct re_record *r, char line[RE_RECORD_MAX]);

/* "source" may be NULL. */
size_t re_record_message_json(struct re_record *r, char line[RE_RECORD_MAX],
                              const char *source, const char *message);
size_t re_record_message_text(struct re_record *r, char line[RE_RECORD_MAX],
                              const char *source, const char *message);

#endif
