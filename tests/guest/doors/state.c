/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest changes behind the emulator's back: the state of the processor in
 * a signal's frame, and objects of the kernel between two looks at them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "doors.h"

#ifdef __aarch64__
#ifndef PR_SVE_SET_VL
#define PR_SVE_SET_VL 50
#endif

static volatile unsigned wanted;    /* of PSTATE.M */
static sigjmp_buf back;

static void raise_level(int sig, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;

    (void)sig;
    (void)info;
    frame->uc_mcontext.pstate |= wanted;
}

static void undefined(int sig)
{
    siglongjmp(back, sig);
}

/* The level that the processor says it is at; user code cannot even ask. */
static int level(void)
{
    unsigned long el;

    if (sigsetjmp(back, 1)) {
        return 0;
    }
    asm volatile("mrs %0, CurrentEL" : "=r"(el));
    return el >> 2 & 3;
}

void frame(void)
{
    struct sigaction action = { .sa_sigaction = raise_level,
                                .sa_flags = SA_SIGINFO };
    int highest = 0;

    signal(SIGILL, undefined);
    sigaction(SIGUSR1, &action, NULL);
    for (wanted = 0; wanted < 16; wanted++) {
        int now;

        raise(SIGUSR1);
        /* What is known of the state is derived anew. */
        prctl(PR_SVE_SET_VL, 32, 0, 0, 0);
        now = level();
        highest = now > highest ? now : highest;
    }
    printf("frame: level %d\n", highest);
}
#else
void frame(void)
{
    printf("frame: none\n");
}
#endif

#define ROUNDS 20000
#define MANY 4000
#define TOO_MANY 70000     /* for numbers of 16 bits */

static unsigned short values[TOO_MANY];

/* Makes a set again under its number, with one semaphore and with many. */
static void replace(int id, int next, int many)
{
    char number[16];
    int length = snprintf(number, sizeof(number), "%d", id);

    for (int i = 0; i < ROUNDS; i++) {
        semctl(id, 0, IPC_RMID);
        if (pwrite(next, number, length, 0) < 0 ||
            semget(IPC_PRIVATE, i & 1 ? 1 : many, 0600) != id) {
            _exit(1);
        }
    }
    _exit(0);
}

/* The set's number is this test's to choose: it is in a namespace of its own. */
static int own_numbers(void)
{
    return unshare(CLONE_NEWIPC) < 0 ? -1 :
        open("/proc/sys/kernel/sem_next_id", O_WRONLY);
}

static void look_while_exchanged(int next, int many)
{
    int id, status = 0;
    pid_t child;

    id = semget(IPC_PRIVATE, 1, 0600);
    child = fork();
    if (child == 0) {
        replace(id, next, many);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        semctl(id, 0, GETALL, values);
    }
    semctl(id, 0, IPC_RMID);
    printf("semaphores: %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 0 ?
           "read" : "not exchanged");
}

void semaphores(void)
{
    int next = own_numbers();

    if (next < 0) {
        printf("semaphores: no\n");
        return;
    }
    look_while_exchanged(next, MANY);
}

/* Root in such a namespace says how many semaphores a set can have. */
void large_sets(void)
{
    int next = own_numbers(), limits = -1, id;

    if (next >= 0) {
        limits = open("/proc/sys/kernel/sem", O_WRONLY);
    }
    if (limits < 0 || write(limits, "500000 999999 500 999", 21) != 21) {
        printf("large sets: no\n");
        return;
    }
    id = semget(IPC_PRIVATE, TOO_MANY, 0600);
    if (id < 0) {
        printf("large sets: %s\n", strerrorname_np(errno));
        return;
    }
    semctl(id, 0, IPC_RMID);
    look_while_exchanged(next, TOO_MANY);
}
