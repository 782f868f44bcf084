/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest for tests without an emulator: a few pages of memory, and a call to
 * make. The memory begins at GUEST_BASE in the guest's addresses.
 */
#ifndef TESTS_UNIT_GUEST_FIXTURE_H
#define TESTS_UNIT_GUEST_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruleengine/engine.h"

enum { GUEST_BASE = 0x10000, GUEST_SIZE = 0x4000, GUEST_PC = 0x55a0 };

/* The same bytes, as text and as numbers. */
struct guest {
    union {
        char memory[GUEST_SIZE];
        uint8_t bytes[GUEST_SIZE];
    };
};

static int guest_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    struct guest *g = opaque;

    if (addr < GUEST_BASE || len > GUEST_SIZE ||
        addr - GUEST_BASE > GUEST_SIZE - len) {
        return -EFAULT;
    }
    memcpy(buf, g->memory + (addr - GUEST_BASE), len);
    return 0;
}

static int guest_write(void *opaque, uint64_t addr, const void *buf,
                       size_t len)
{
    struct guest *g = opaque;

    if (addr < GUEST_BASE || len > GUEST_SIZE ||
        addr - GUEST_BASE > GUEST_SIZE - len) {
        return -EFAULT;
    }
    memcpy(g->memory + (addr - GUEST_BASE), buf, len);
    return 0;
}

static ssize_t guest_read_string(void *opaque, uint64_t addr, char *buf,
                                 size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (guest_read(opaque, addr + i, buf + i, 1) < 0) {
            return -EFAULT;
        }
        if (!buf[i]) {
            return i;
        }
    }
    buf[size - 1] = '\0';
    return -ENAMETOOLONG;
}

static uint64_t guest_pc(void *opaque)
{
    (void)opaque;
    return GUEST_PC;
}

/* A file system without links, whose working directory is /cwd, and whose /etc
 * lies elsewhere on the host. */
static void guest_path(void *guest, const struct re_path_query *query,
                       struct re_path *path)
{
    char given[RE_PATH_MAX];
    int n;

    if (query->given) {
        snprintf(given, sizeof(given), "%s", query->given);
    } else if (guest_read_string(guest, query->addr, given,
                                 sizeof(given)) < 0) {
        return;
    }
    n = snprintf(path->name, sizeof(path->name), "%s%s",
                 given[0] == '/' ? "" : "/cwd/", given);
    path->len = n > 0 && (size_t)n < sizeof(path->name) ? n : 0;
    path->host = strncmp(path->name, "/etc/", 5) == 0 ? "/root/etc/x" : NULL;
}

static ssize_t guest_fd_path(void *guest, int fd, char *buf, size_t size)
{
    (void)guest;
    return fd == RE_CWD ? snprintf(buf, size, "/cwd") :
        fd == 3 ? snprintf(buf, size, "/etc") : -EBADF;
}

static const struct re_guest_ops guest_ops = {
    .read = guest_read,
    .write = guest_write,
    .read_string = guest_read_string,
    .pc = guest_pc,
    .path = guest_path,
    .fd_path = guest_fd_path,
};

/* Puts bytes into the guest's memory; returns their guest address. */
__attribute__((unused))
static uint64_t guest_put(struct guest *g, unsigned offset, const void *bytes,
                          size_t len)
{
    memcpy(g->memory + offset, bytes, len);
    return GUEST_BASE + offset;
}

__attribute__((unused))
static uint64_t guest_put_string(struct guest *g, unsigned offset,
                                 const char *text)
{
    return guest_put(g, offset, text, strlen(text) + 1);
}

/* The slot that bears this very name, or -1. Of two the last: the one inside
 * socketcall or ipc. */
__attribute__((unused))
static int slot_named(const struct st_target *t, const char *name)
{
    int last = -1;

    for (unsigned i = 0; i < st_slot_count(t); i++) {
        const char *found = st_slot_name(t, i);

        if (found && strcmp(found, name) == 0) {
            last = i;
        }
    }
    return last;
}

/* Puts a value where the target passes this argument. */
__attribute__((unused))
static void set_arg(const struct st_target *t, const struct st_arg *arg,
                    uint64_t args[ST_MAX_REGS], uint64_t value)
{
    bool narrow = st_word_bits(t) == 32;

    if (arg->pair == ST_PAIR_NONE) {
        args[arg->reg] = narrow ? (uint64_t)(int32_t)value : value;
        return;
    }
    args[arg->reg + (arg->pair == ST_PAIR_HIGH_LOW)] = (int32_t)value;
    args[arg->reg + (arg->pair == ST_PAIR_LOW_HIGH)] = (int32_t)(value >> 32);
}

#endif
