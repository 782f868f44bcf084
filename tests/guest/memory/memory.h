/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory: attacks of a guest on the emulator's memory. Each is a way to read
 * eight bytes, to write some, or to have a system call do something, at an
 * address that is not the guest's.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads 8 bytes from an address, which need not be aligned to more than 8. A
 * fault is caught outside. */
struct read_way {
    const char *name;
    void (*read)(uintptr_t addr, unsigned char *to);
};

/* Writes something that is not zero at an address, at most 64 bytes. */
struct write_way {
    const char *name;
    void (*write)(uintptr_t addr);
};

/* A system call that is given an address: whether it was carried out there. */
struct call_way {
    const char *name;
    bool (*call)(uintptr_t addr);
};

/* Each ends with a NULL name. */
extern const struct read_way plain_reads[], own_reads[];
extern const struct write_way plain_writes[], own_writes[];
extern const struct call_way calls[];

#endif
