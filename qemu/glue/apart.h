/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apart: descriptors that no thread of the guest can name, not for a moment.
 *
 * The kernel gives what is opened the lowest free number, and another thread
 * that uses that number has it before it can be moved away. So with threads,
 * it is opened where there is a table of descriptors of its own for it.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_APART_H
#define LINUX_USER_POLICY_APART_H

#include <stdbool.h>

/* Whether another thread of the guest could use a descriptor meanwhile. */
bool policy_has_threads(void);

/*
 * Runs a function with a copy of this process' descriptors and of its working
 * folder, which is gone when it returns, and for the rest in this thread's
 * place: with its memory, its errno and its thread-local variables, while no
 * signal reaches it. It has POLICY_APART_STACK bytes of stack. 0 or a host
 * errno: then it was not run.
 */
#define POLICY_APART_STACK (32 * 1024)

int policy_apart(void (*function)(void *arg), void *arg);

#endif
