/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record of the audit log in each of its forms. Neither allocates nor
 * locks.
 */
#ifndef RULEENGINE_RECORD_H
#define RULEENGINE_RECORD_H

#include <sys/types.h>
#include <time.h>

#include "decode.h"
#include "policy.h"
#include "sink.h"

/*
 * Everything that a record needs lies on the stack of the guest's thread, of
 * which an emulator may have given it 256 KiB. Bytes; with the frames of what
 * is called below re_audit_record() stays under 24 KiB.
 */
enum {
    RE_RECORD_MAX = 11 * 1024,  /* the record, in any form */
    RE_RECORD_SCRATCH = 512,    /* text of an argument that is no path */
    RE_COMM_MAX = 16,           /* TASK_COMM_LEN */
};

/* What the kernel's form says of a process besides. */
struct re_login {
    uint32_t auid, session;     /* UINT32_MAX: unset */
    char subject[128];          /* security context, or "" */
};

/* One member of a record that a handler makes; "key" is plain ASCII. */
struct re_datum {
    const char *key;
    enum { RE_DATUM_TEXT, RE_DATUM_INTEGER, RE_DATUM_BOOLEAN } kind;
    const char *text;       /* TEXT: the bytes, and how many */
    size_t len;
    int64_t number;         /* the others */
};

/* A call, a handler's message or a notice on its way into the log. */
struct re_record {
    /* set by the caller */
    const struct st_target *target;
    const struct re_guest_ops *ops;
    const struct re_layer *layer;   /* whose rule has decided */
    const struct re_call *call;     /* NULL: a message or notice */
    const uint64_t *args;           /* as the guest gave them */
    const char *source;             /* of a message; may be NULL */
    const char *message;            /* NULL without a call: a notice */
    const struct re_datum *data;    /* in the place of its text, or NULL */
    unsigned data_count;
    struct timespec now;
    long utc_offset;                /* seconds east of UTC */
    pid_t pid, tid;
    const char *exe;
    char comm[RE_COMM_MAX];         /* if the guest has renamed itself */
    bool renamed;
    const struct re_login *login;   /* RE_FORMAT_KERNEL */
    uint64_t serial;                /* the same: unique among all processes */
    uint64_t lost;                  /* since the last record that got through */
    uint64_t limited;               /* left out by a limit, likewise */

    /* private */
    bool prepared, knows_args;
    int path_arg, path2_arg, address_arg;   /* whose text it is, or -1 */
    struct st_arg all[ST_MAX_ARGS];
    unsigned count;
    struct re_decoded path_value, path2_value, address_value;
    char path[RE_DECODE_MAX], path2[RE_DECODE_MAX];
    char scratch[RE_RECORD_SCRATCH], address[RE_RECORD_SCRATCH];
};

/*
 * Writes the record in a form, newline included, at most "size" bytes (of
 * RE_RECORD_MAX at most; PIPE_BUF at least), and returns its length. 0: the
 * form has no such records.
 */
size_t re_record_format(struct re_record *r, enum re_format format,
                        char *buf, size_t size);

size_t re_record_json(struct re_record *r, char *buf, size_t size);
size_t re_record_text(struct re_record *r, char *buf, size_t size,
                      bool with_date);
size_t re_record_kernel(struct re_record *r, char *buf, size_t size);
size_t re_record_syslog(struct re_record *r, char *buf, size_t size);
size_t re_record_journal(struct re_record *r, char *buf, size_t size);

#endif
