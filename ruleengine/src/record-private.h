/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the forms of a record share. */
#ifndef RULEENGINE_RECORD_PRIVATE_H
#define RULEENGINE_RECORD_PRIVATE_H

#include "record.h"

/* Bytes of output, escaped. */
enum {
    RE_RECORD_ARG = 384,    /* a string among the arguments */
    RE_RECORD_PATH = 3584,  /* "path" and "path2" */
    RE_RECORD_NAME = 768,   /* the program's name, the rule's file */
};

struct re_civil {
    unsigned year, month, day, hour, minute, second;
};

struct re_civil re_record_civil(int64_t seconds);
void re_record_put_clock(struct re_out *o, const struct re_civil *t);

/* The program's name: the emulator bears its own until the guest gives itself
 * one. */
const char *re_record_comm(const struct re_record *r);

/* Looks at the call; before the others. */
void re_record_prepare(struct re_record *r);

/*
 * Decodes argument i. Paths and the socket address stay in the record, for
 * fields of their own; any other text lasts until the next argument.
 */
const char *re_record_decode(struct re_record *r, unsigned i,
                             struct re_decoded *value);

/* The call's name, or NULL. */
const char *re_record_call(const struct re_record *r);

/* Whether the call's arguments have names. */
bool re_record_knows_args(const struct re_record *r);

/* The guest's error that the call ended in, or NULL. */
const char *re_record_error(const struct re_record *r);

/* "deny", "log" for a message. */
const char *re_record_verdict(const struct re_record *r);

bool re_record_permissive(const struct re_record *r);

/* The file on the host that takes the place of the guest's, or NULL. */
const char *re_record_object(const struct re_rule *rule);

/* "web.ini:14"; "web.ini default" where there is no line, and, in "readable"
 * lines, for the default wherever it stands. */
void re_record_put_rule(struct re_out *o, const struct re_rule *rule,
                        enum re_escape escape, bool readable);

/* As re_record_text(), without time, losses and newline. */
void re_record_put_text(struct re_record *r, struct re_out *o);

/* The members of the JSON object, into an object that has begun. */
void re_record_put_members(struct re_record *r, struct re_json *j);

/* syslog's: 3 to 6. */
int re_record_priority(const struct re_record *r);

#endif
