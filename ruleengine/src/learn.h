/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learning: what a guest does, each thing once, as it does it.
 *
 * A thing is a call with those of its arguments that a policy could tell
 * apart: flags and choices by their family, signals, paths with what the file
 * is opened for, socket addresses. The first sight of each is written to a
 * file at once, with one write(2) to an O_APPEND descriptor, so that a guest
 * that is killed loses nothing. What has been seen is kept in memory which all
 * processes of the guest share, over fork and execve.
 *
 * Nothing here decides, locks, allocates or waits once it is made. The table
 * of what was seen has a fixed size: when it is full, things are written more
 * than once, and counted.
 *
 * The file holds JSON lines; members in brackets only where they apply:
 *
 *     v           1
 *     verdict     "learn"
 *     target      QEMU's name of the target
 *     syscall     the call's name; null: its number has none. Left out in the
 *                 first line of a run, which has "cwd" instead
 *     nr          the number as the guest gave it
 *     args        flags, choices and signals by the kernel's names
 *     [path], [path2]     where they lead, as the guest sees it; null: nowhere
 *     [access]    what the path is opened for: read, write, readwrite
 *     [sockaddr]  as in the audit log; [unix]: where a local one's path leads
 *     pid, exe    the process that was the first
 *     [lost]      records that could not be written before this one
 *     [repeated]  records so far that may have been written before, for the
 *                 table was full
 */
#ifndef RULEENGINE_LEARN_H
#define RULEENGINE_LEARN_H

#include "ruleengine/engine.h"

struct re_learn;
struct re_origin;

/*
 * "fd" is the file's descriptor if an earlier program image had opened it (it
 * then belongs to the learner, also when this fails), else -1 and "path" is
 * created (0600) or appended to. 0 or a negative errno with diags.
 */
int re_learn_new(struct re_learn **ret, const struct st_target *target,
                 const struct re_guest_ops *ops, const char *path,
                 const char *exe, int fd, struct re_origin *origin,
                 struct re_diags *diags);
void re_learn_free(struct re_learn *learn);
int re_learn_fd(const struct re_learn *learn);

/*
 * A call that is about to be carried out. Looks at call->given, and makes facts
 * in call->facts where there are some. Returns whether nothing is left to learn
 * about this slot, whatever its arguments are.
 */
bool re_learn_call(struct re_learn *learn, const struct re_call *call);

/* What re_interpreter() has let pass, as the call that it was asked for as: its
 * path is a fact already. */
void re_learn_interpreter(struct re_learn *learn, const struct re_call *call);

#endif
