/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine needs of the emulator: the guest's memory and where it is.
 *
 * All functions may be called from any guest thread, at any time between
 * re_enter() and the end of the call, also with the engine's Lua lock held:
 * they must not enter the engine again.
 */
#ifndef RULEENGINE_GUEST_H
#define RULEENGINE_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct re_guest_ops {
    /* Copies len bytes out of, or into, guest memory at a guest address.
     * 0, or -EFAULT (then an unspecified part may have been copied). */
    int (*read)(void *guest, uint64_t addr, void *buf, size_t len);
    int (*write)(void *guest, uint64_t addr, const void *buf, size_t len);

    /* Copies a NUL-terminated string into buf[size], size >= 1. Returns its
     * length without the NUL; -ENAMETOOLONG when no NUL comes within size
     * bytes (buf then holds size - 1 bytes and a NUL); -EFAULT. */
    ssize_t (*read_string)(void *guest, uint64_t addr, char *buf, size_t size);

    /* The guest's program counter, at or just behind the system call. */
    uint64_t (*pc)(void *guest);
};

#endif
