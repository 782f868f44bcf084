/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define REFUSE  (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
                    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
                    CLONE_NEWNET | CLONE_PTRACE | CLONE_UNTRACED)

#ifdef __s390x__
#define CLONE_FLAGS 1           /* the stack comes first */
#else
#define CLONE_FLAGS 0
#endif

/* Of an argument's 64 bits, those that an int or a long's flags are in. */
#define LOW_WORD(i) (offsetof(struct seccomp_data, args[i]) + \
                     (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

/* --- instructions ------------------------------------------------------ */

struct maker {
    struct host_filter *filter;
    bool full;
};

static void put(struct maker *m, struct sock_filter insn)
{
    if (m->filter->len == HOST_FILTER_MAX) {
        m->full = true;
        return;
    }
    m->filter->code[m->filter->len++] = insn;
}

static void answer(struct maker *m, uint32_t action)
{
    put(m, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void load(struct maker *m, uint32_t offset)
{
    put(m, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* Jumps over "over" instructions unless the comparison holds. */
static void unless(struct maker *m, unsigned op, uint32_t value, unsigned over)
{
    put(m, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, value, 0, over));
}

/* --- arguments --------------------------------------------------------- */

static void answer_if(struct maker *m, unsigned op, uint32_t value,
                      uint32_t action)
{
    unless(m, op, value, 1);
    answer(m, action);
}

static void check_clone(struct maker *m, const struct host_calls *calls)
{
    (void)calls;
    load(m, LOW_WORD(CLONE_FLAGS));
    answer_if(m, BPF_JSET, NAMESPACES, REFUSE);
    answer(m, SECCOMP_RET_ALLOW);
}

static void check_clone3(struct maker *m, const struct host_calls *calls)
{
    (void)calls;
    answer(m, UNKNOWN);
}

static void check_execveat(struct maker *m, const struct host_calls *calls)
{
    (void)calls;
    load(m, LOW_WORD(4));
    answer_if(m, BPF_JEQ, AT_EMPTY_PATH, SECCOMP_RET_ALLOW);
    answer(m, REFUSE);
}

static void check_ioctl(struct maker *m, const struct host_calls *calls)
{
    (void)calls;
    load(m, LOW_WORD(1));
    answer_if(m, BPF_JEQ, TIOCSTI, REFUSE);
#ifdef TIOCLINUX
    answer_if(m, BPF_JEQ, TIOCLINUX, REFUSE);
#endif
    answer(m, SECCOMP_RET_ALLOW);
}

static void check_prctl(struct maker *m, const struct host_calls *calls)
{
    static const uint32_t own[] = {
        PR_SET_NAME, PR_GET_NAME, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS,
        PR_SET_SECCOMP,
        PR_SET_VMA,
    };

    if (!calls->prctl_open) {
        load(m, LOW_WORD(0));
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
            answer_if(m, BPF_JEQ, own[i], SECCOMP_RET_ALLOW);
        }
        answer(m, REFUSE);
        return;
    }
    answer(m, SECCOMP_RET_ALLOW);
}

static const struct {
    const char *name;
    void (*check)(struct maker *m, const struct host_calls *calls);
} checks[] = {
    { "clone", check_clone },
    { "clone3", check_clone3 },
    { "execveat", check_execveat },
    { "ioctl", check_ioctl },
    { "prctl", check_prctl },
};

static void check_arguments(struct maker *m, const struct host_calls *calls,
                            unsigned slot)
{
    const char *name = st_slot_name(calls->host, slot);

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (strcmp(checks[i].name, name) == 0) {
            checks[i].check(m, calls);
            return;
        }
    }
    answer(m, REFUSE);
}

/* --- numbers ----------------------------------------------------------- */

/* Numbers that share an answer, up to the next range's first. */
struct range {
    uint32_t first;
    unsigned slot;              /* of "first" */
    uint32_t action;            /* 0: the arguments decide */
};

static uint32_t action_of(const struct host_calls *calls, unsigned slot)
{
    if (!st_slot_name(calls->host, slot)) {
        return UNKNOWN;
    }
    return calls->state[slot] == HOST_CALL_OPEN ? SECCOMP_RET_ALLOW :
        calls->state[slot] == HOST_CALL_CHECKED ? 0 : REFUSE;
}

static unsigned find_ranges(const struct host_calls *calls,
                            struct range ranges[ST_MAX_SLOTS + 2])
{
    unsigned count = 0, numbers = st_number_count(calls->host);
    uint32_t base = st_base(calls->host);

    if (base > 0) {
        ranges[count++] = (struct range){ 0, 0, UNKNOWN };
    }
    for (unsigned slot = 0; slot < numbers; slot++) {
        uint32_t action = action_of(calls, slot);

        if (count == 0 || action == 0 || ranges[count - 1].action != action) {
            ranges[count++] = (struct range){ base + slot, slot, action };
        }
    }
    ranges[count++] = (struct range){ base + numbers, 0, UNKNOWN };
    return count;
}

/* Halves the ranges: as many comparisons as their number has bits. The jump
 * over the lower half can be a long one. */
static void put_tree(struct maker *m, const struct host_calls *calls,
                     const struct range *ranges, unsigned count)
{
    unsigned half = count / 2, jump;

    if (count == 1) {
        if (ranges->action) {
            answer(m, ranges->action);
        } else {
            check_arguments(m, calls, ranges->slot);
        }
        return;
    }
    unless(m, BPF_JGE, ranges[half].first, 1);
    jump = m->filter->len;
    put(m, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
    put_tree(m, calls, ranges, half);
    if (!m->full) {
        m->filter->code[jump].k = m->filter->len - jump - 1;
    }
    put_tree(m, calls, ranges + half, count - half);
}

int host_filter_make(struct host_filter *ret, const struct host_calls *calls)
{
    struct range ranges[ST_MAX_SLOTS + 2];
    struct maker m = { .filter = ret };

    ret->len = 0;
    load(&m, offsetof(struct seccomp_data, arch));
    put(&m, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                         st_audit_arch(calls->host), 1, 0));
    answer(&m, SECCOMP_RET_KILL_PROCESS);
    load(&m, offsetof(struct seccomp_data, nr));
    put_tree(&m, calls, ranges, find_ranges(calls, ranges));
    return m.full ? -E2BIG : 0;
}
