/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a seccomp program as the kernel would, as far as filters go: loads,
 * jumps, masks and answers. */
#ifndef TESTS_WALL_BPF_H
#define TESTS_WALL_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BPF_BAD 0xffffffffu     /* no answer: the program is wrong */

static uint32_t bpf_run(const struct sock_filter *code, unsigned len,
                        const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (unsigned pc = 0; pc < len; pc++) {
        const struct sock_filter *i = &code[pc];
        bool holds = false;

        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k + 4 > sizeof(*data)) {
                return BPF_BAD;
            }
            memcpy(&a, (const char *)data + i->k, 4);
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            continue;
        case BPF_RET | BPF_K:
            return i->k;
        case BPF_JMP | BPF_JA:
            pc += i->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            holds = a == i->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            holds = a >= i->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            holds = a > i->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            holds = a & i->k;
            break;
        default:
            return BPF_BAD;
        }
        pc += holds ? i->jt : i->jf;
    }
    return BPF_BAD;
}

#endif
