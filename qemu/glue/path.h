/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path: what a policy has decided about a path, an address or a struct
 * open_how is what QEMU then uses.
 *
 * When a condition asks for a path, it is resolved here and its object is kept
 * open (a pin): the file itself, or the directory that its last name is in.
 * While the call runs, its arguments are replaced by addresses that no guest
 * can use, POLICY_MAGIC and above; lock_user() and lock_user_string() hand out
 * the bytes behind them: "/proc/self/fd/N" for a pinned file,
 * "/proc/self/fd/N/name" for a name in a pinned directory, the copied address.
 * So neither the guest's memory nor any directory is looked at a second time.
 *
 * Everything below belongs to the calling thread.
 */
#ifndef LINUX_USER_POLICY_PATH_H
#define LINUX_USER_POLICY_PATH_H

#include <ruleengine/engine.h>
#include <ruleengine/numbers.h>

struct re_call;
struct re_facts;
struct re_path;
struct re_path_query;
struct re_replacement;

/* Once, before the guest runs, for a policy with such conditions. Marks the
 * calls that have to be watched for the pins' sake; with NULL, for learning,
 * names are resolved only to be looked at, and nothing is watched. */
void policy_path_start(const struct st_target *target, uint8_t *map);

/* This thread's facts, for a call that is about to be decided; NULL before
 * policy_path_start(), or when memory is short. */
struct re_facts *policy_path_facts(struct re_call *call);

/* For policy_guest_ops: */
void policy_path_resolve(void *guest, const struct re_path_query *query,
                         struct re_path *path);
int policy_path_replace(void *guest, const struct re_path_query *query,
                        const struct re_replacement *with);
int policy_path_make_parents(void *guest, const struct re_path_query *query);
int policy_path_below_root(void *guest, const struct re_path_query *query);

void policy_path_descriptor(void *guest, int fd, int reg,
                            struct re_path *path);
int policy_path_identity(void *guest, int dirfd, uint64_t ret[2]);

/*
 * Whether a call must not be carried out because it would take a pin away or
 * change what paths mean: the guest's answer is then *ret. May narrow the
 * call's arguments. For every watched call, before the policy is asked.
 */
bool policy_path_guard(struct re_call *call, abi_long *ret);

/* Has such calls watched from now on: marks them in the map. NULL: nothing is
 * watched. */
void policy_path_watch(uint8_t *map);

/* Whether they are: then no call gives the guest another "/". */
bool policy_path_keeps_names(void);

/* Replaces the arguments of a call that is about to run. 0, or the guest's
 * errno, negative: then it must not run. */
abi_long policy_path_apply(struct re_call *call);

/* The guest's own number for a descriptor that policy_path_apply() has put in
 * its place; else the same. */
int policy_path_given_fd(int dirfd);

/* Whether the policy lets the program that is being executed have this
 * interpreter, by its canonical name on the host; else the execution is to be
 * given up, and what the guest is told is settled. */
bool policy_path_interpreter(enum re_interpreter kind, const char *host);

/* The call is over: closes its pins. */
void policy_path_release(void);

/* In a forked child: closes what other threads of the parent had pinned. */
void policy_path_fork_child(void);

/*
 * For an address that policy_path_apply() has put in the place of a path: the
 * string that the guest gave, and the pin's descriptor (of the file itself;
 * -1 when there is none). NULL for any other address.
 */
const char *policy_path_given(abi_ulong addr, int *ret_fd);

/* The guest's number for an errno of the host. */
abi_long policy_guest_errno(int error);

#endif
