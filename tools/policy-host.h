/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy show --host-calls: which of the host's calls the wall leaves open
 * below policies. POLICY_FINE or POLICY_WRONG. */
#ifndef TOOLS_POLICY_HOST_H
#define TOOLS_POLICY_HOST_H

#include "policy-question.h"

int policy_show_host_calls(const struct policy_scope *scope,
                           const char *const *files, unsigned count);

#endif
