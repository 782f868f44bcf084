/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake guest with all that handlers can ask of one: bytes that are kept,
 * two registers, memory that is given out once, a few structures.
 */
#ifndef TESTS_UNIT_LUA_GUEST_H
#define TESTS_UNIT_LUA_GUEST_H

#include <stdio.h>
#include <string.h>

#include "guest-fixture.h"

enum { KEPT_BASE = 0xf000, ALLOCATED = GUEST_BASE + 0x3000 };

static char kept[ST_MAX_REGS][4096];    /* bytes of handlers, by register */
static size_t kept_length[ST_MAX_REGS];
static uint64_t registers[2];
static unsigned allocated;
static uint64_t slept_until;    /* ns of CLOCK_MONOTONIC */
static int sleep_result;
static char opened[256];

static int lua_guest_keep(void *guest, unsigned reg, const void *bytes,
                          size_t len, uint64_t *ret_addr)
{
    (void)guest;
    if (len >= sizeof(kept[reg])) {
        return -E2BIG;
    }
    memcpy(kept[reg], bytes, len);
    kept[reg][len] = '\0';
    kept_length[reg] = len;
    *ret_addr = KEPT_BASE + 16 * reg;
    return 0;
}

static int lua_guest_alloc(void *guest, size_t size, uint64_t *ret_addr)
{
    (void)guest;
    if (size > 4096) {
        return -ENOMEM;
    }
    allocated++;
    *ret_addr = ALLOCATED;
    return 0;
}

static int lua_guest_release(void *guest, uint64_t addr, size_t size)
{
    (void)guest, (void)size;
    allocated--;
    return addr == ALLOCATED ? 0 : -EINVAL;
}

static ssize_t lua_guest_fd_path(void *guest, int fd, char *buf, size_t size)
{
    (void)guest;
    return fd == 3 ? snprintf(buf, size, "/etc/motd") : -EBADF;
}

static int lua_guest_sleep(void *guest, uint64_t until)
{
    (void)guest;
    slept_until = until;
    return sleep_result;
}

static bool lua_guest_register_at(void *guest, unsigned i,
                                  struct re_register *ret)
{
    static const struct re_register all[] = {
        { 0, "r0", "core" }, { 1, "pc", "core" }, { 7, "v0", "vector" },
    };

    (void)guest;
    if (i >= sizeof(all) / sizeof(all[0])) {
        return false;
    }
    *ret = all[i];
    return true;
}

/* r0 and pc: 4 bytes, big-endian as its user is; v0: 16 bytes. */
static ssize_t lua_guest_read_register(void *guest, int number, void *buf,
                                       size_t size)
{
    uint8_t *bytes = buf;

    (void)guest, (void)size;
    if (number == 7) {
        memset(buf, 7, 16);
        return 16;
    }
    if (number > 1) {
        return -ENOENT;
    }
    for (int i = 0; i < 4; i++) {
        bytes[i] = registers[number] >> (24 - 8 * i);
    }
    return 4;
}

static ssize_t lua_guest_write_register(void *guest, int number,
                                        const void *buf, size_t size)
{
    const uint8_t *bytes = buf;

    (void)guest;
    if (number == 7) {
        return -EPERM;
    }
    registers[number] = 0;
    for (size_t i = 0; i < size; i++) {
        registers[number] = registers[number] << 8 | bytes[i];
    }
    return size;
}

static int lua_guest_make_file(void *guest, const void *bytes, size_t len,
                               const char *name, int flags)
{
    (void)guest;
    snprintf(opened, sizeof(opened), "%s %.*s %d", name ? name : "-",
             (int)len, (const char *)bytes, flags);
    return 40;
}

static int lua_guest_open_host(void *guest, const char *path, int flags,
                               mode_t mode)
{
    (void)guest;
    snprintf(opened, sizeof(opened), "%s %d %o", path, flags, mode);
    return strncmp(path, "/no", 3) == 0 ? -ENOENT : 41;
}

static const struct re_field timespec_fields[] = {
    { "tv_sec", RE_FIELD_SIGNED, 0, 4 }, { "tv_nsec", RE_FIELD_SIGNED, 4, 4 },
};

static const struct re_field utsname_fields[] = {
    { "sysname", RE_FIELD_TEXT, 0, 65 }, { "nodename", RE_FIELD_TEXT, 65, 65 },
};

static const struct re_layout lua_guest_layouts[] = {
    { "timespec", 8, 2, timespec_fields },
    { "old_timespec32", 8, 2, timespec_fields },
    { "new_utsname", 390, 2, utsname_fields },
    { NULL, 0, 0, NULL },
};

static const struct re_guest_ops lua_guest_ops = {
    .read = guest_read,
    .write = guest_write,
    .read_string = guest_read_string,
    .pc = guest_pc,
    .path = guest_path,
    .keep = lua_guest_keep,
    .alloc = lua_guest_alloc,
    .release = lua_guest_release,
    .fd_path = lua_guest_fd_path,
    .sleep = lua_guest_sleep,
    .register_at = lua_guest_register_at,
    .read_register = lua_guest_read_register,
    .write_register = lua_guest_write_register,
    .make_file = lua_guest_make_file,
    .open_host = lua_guest_open_host,
    .layouts = lua_guest_layouts,
};

#endif
