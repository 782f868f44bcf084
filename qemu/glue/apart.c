/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/selfmap.h"

#include <sched.h>
#include <sys/syscall.h>

#include <ruleengine/numbers.h>

#include "apart.h"
#include "policy.h"

struct task {
    void (*function)(void *arg);
    void *arg;
};

bool policy_has_threads(void)
{
    return first_cpu && CPU_NEXT(first_cpu);
}

static int run(void *opaque)
{
    const struct task *task = opaque;

    re_number_lend_copy();      /* for a guest that has all others */
    task->function(task->arg);
    re_number_lent_copy();
    /* The other thread goes on before the kernel has done away with this one's
     * table, and what it closes then would stay open for a while. */
    syscall(__NR_close_range, 0, ~0u, 0);
    return 0;
}

int policy_apart(void (*function)(void *arg), void *arg)
{
    uint8_t stack[POLICY_APART_STACK] __attribute__((aligned(16))) POLICY_UNSET;
    struct task task = { function, arg };
    sigset_t all, old;
    int ret, err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    /* Without CLONE_FILES: a copy of the table, which goes away with it. With
     * CLONE_VFORK: this thread goes on when that one has ended. */
    ret = clone(run, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND |
                CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK, &task);
    err = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ret < 0 ? err : 0;
}

/* --- the process's own map ---------------------------------------------- */

static void read_maps(void *ret)
{
    *(IntervalTreeRoot **)ret = read_self_maps();
}

IntervalTreeRoot *policy_self_maps(void)
{
    IntervalTreeRoot *maps = NULL;

    if (!policy_engine || !policy_has_threads()) {
        return read_self_maps();
    }
    policy_apart(read_maps, &maps);
    return maps;
}
