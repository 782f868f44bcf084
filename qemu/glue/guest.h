/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest: what the rule engine asks of a guest, by callbacks: its memory, which
 * another thread may take away meanwhile, and what other files here answer.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_GUEST_H
#define LINUX_USER_POLICY_GUEST_H

#include <ruleengine/engine.h>

/* "guest" is the CPUState of the thread whose call it is. */
extern const struct re_guest_ops policy_guest_ops;

/* x86_64's vsyscall page: a call from there can neither be made again nor
 * leave the registers alone; the emulator asserts it. */
bool policy_in_vsyscall_page(CPUArchState *env);

#endif
