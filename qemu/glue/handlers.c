/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user-mmap.h"

#include <ruleengine/engine.h>

#include "descriptors.h"
#include "handlers.h"
#include "pin.h"
#include "policy.h"

/* --- bytes that a handler has chosen ----------------------------------- */

/* Addresses in POLICY_MAGIC's page, behind those of path.c. */
#define MAGIC_KEPT 32       /* the first, in steps of 16 bytes */
#define KEPT_MAX (1024 * 1024)  /* bytes of one */

static __thread struct {
    char *bytes;
    size_t len;
} kept[ST_MAX_REGS];
static __thread bool any_kept;  /* so that calls without pay next to nothing */

int policy_keep(void *guest, unsigned reg, const void *bytes, size_t len,
                uint64_t *ret_addr)
{
    char *copy;

    if (len > KEPT_MAX) {
        return -E2BIG;
    }
    copy = g_try_malloc(len + 1);
    if (!copy) {
        return -ENOMEM;
    }
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    g_free(kept[reg].bytes);
    kept[reg].bytes = copy;
    kept[reg].len = len;
    any_kept = true;
    *ret_addr = (abi_long)(POLICY_MAGIC + 16 * (MAGIC_KEPT + reg));
    return 0;
}

/* The register whose bytes are at an address, or -1. */
static int which_kept(abi_ulong addr)
{
    abi_ulong at = addr - POLICY_MAGIC;

    if (addr < POLICY_MAGIC || at % 16 || at / 16 < MAGIC_KEPT ||
        at / 16 >= MAGIC_KEPT + ST_MAX_REGS) {
        return -1;
    }
    at = at / 16 - MAGIC_KEPT;
    return kept[at].bytes ? (int)at : -1;
}

void *policy_kept(abi_ulong addr, size_t len)
{
    int i = which_kept(addr);

    return i >= 0 && len <= kept[i].len ? kept[i].bytes : NULL;
}

ssize_t policy_kept_length(abi_ulong addr)
{
    int i = which_kept(addr);

    return i < 0 ? -1 : (ssize_t)kept[i].len;
}

void policy_kept_release(void)
{
    if (!any_kept) {
        return;
    }
    any_kept = false;
    for (unsigned i = 0; i < ST_MAX_REGS; i++) {
        g_free(kept[i].bytes);
        kept[i].bytes = NULL;
    }
}

/* --- memory ------------------------------------------------------------ */

/* With the Lua lock held: mmap_lock() comes behind it, for fork takes Lua's
 * first. */
int policy_alloc(void *guest, size_t size, uint64_t *ret_addr)
{
    abi_long addr = target_mmap(0, TARGET_PAGE_ALIGN(size),
                                PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (addr == -1) {
        return -errno;
    }
    *ret_addr = (abi_ulong)addr;
    return 0;
}

int policy_release(void *guest, uint64_t addr, size_t size)
{
    return target_munmap(addr, TARGET_PAGE_ALIGN(size)) == 0 ? 0 : -EINVAL;
}

/* --- the rest ---------------------------------------------------------- */

ssize_t policy_fd_path(void *guest, int fd, char *buf, size_t size)
{
    char name[40] = "thread-self/cwd", host[PATH_MAX];
    ssize_t len;

    if (fd != RE_CWD) {
        fd = policy_guest_fd(fd);
        if (fd < 0) {
            return -EBADF;
        }
        snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    }
    len = readlinkat(policy_proc_fd(), name, host, sizeof(host) - 1);
    if (len < 0) {
        return errno == ENOENT ? -EBADF : -errno;
    }
    host[len] = '\0';
    policy_pin_guest_name(host, buf, size);
    return strlen(buf);
}
