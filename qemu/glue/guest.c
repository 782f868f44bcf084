/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/page-protection.h"
#include "user/safe-syscall.h"
#include "qemu/timer.h"

#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "accept.h"
#include "apart.h"
#include "calls.h"
#include "faults.h"
#include "guest.h"
#include "handlers.h"
#include "made.h"
#include "open.h"
#include "path.h"
#include "pin.h"
#include "policy.h"

/* --- guest memory ------------------------------------------------------ */

/*
 * The host's address of len bytes of guest memory that the guest itself may
 * use in this way (VERIFY_READ, VERIFY_WRITE), or NULL. A 32-bit guest's
 * address may come zero-extended or sign-extended, and in no other way.
 */
static void *guest_bytes(void *guest, uint64_t addr, size_t len, int type)
{
    CPUState *cpu = guest;
    abi_ulong abi_addr = addr;

    if (addr != abi_addr && addr != (uint64_t)(int64_t)(abi_long)addr) {
        return NULL;
    }
    abi_addr = cpu_untagged_addr(cpu, abi_addr);
    if ((abi_ulong)len != len || !access_ok_untagged(type, abi_addr, len)) {
        return NULL;
    }
    return g2h_untagged(abi_addr);
}

static int guest_read(void *guest, uint64_t addr, void *buf, size_t len)
{
    const void *bytes = policy_kept(addr, len);

    if (!bytes) {
        bytes = guest_bytes(guest, addr, len, VERIFY_READ);
    }

    return bytes ? policy_guarded_copy(buf, bytes, len, false) : -EFAULT;
}

static int guest_write(void *guest, uint64_t addr, const void *buf, size_t len)
{
    void *bytes = guest_bytes(guest, addr, len, VERIFY_WRITE);

    return bytes ? policy_guarded_copy(bytes, buf, len, false) : -EFAULT;
}

/* By pages, for what lies behind the string may not be readable. */
static ssize_t guest_read_string(void *guest, uint64_t addr, char *buf,
                                 size_t size)
{
    size_t done = 0;
    ssize_t kept = policy_kept_length(addr);

    if (kept >= 0) {
        snprintf(buf, size, "%s", (char *)policy_kept(addr, 0));
        return kept < (ssize_t)size ? (ssize_t)strlen(buf) : -ENAMETOOLONG;
    }
    while (done < size) {
        size_t page_rest = -((addr + done) | TARGET_PAGE_MASK);
        size_t len = MIN(page_rest, size - done);
        const void *bytes = guest_bytes(guest, addr + done, len, VERIFY_READ);
        int met = bytes ?
            policy_guarded_copy(buf + done, bytes, len, true) : -EFAULT;

        if (met < 0) {
            return met;
        }
        if (met) {
            return strlen(buf);
        }
        done += len;
    }
    buf[size - 1] = '\0';
    return -ENAMETOOLONG;
}

static uint64_t guest_pc(void *guest)
{
    CPUState *cpu = guest;

    return cpu->cc->get_pc(cpu);
}

bool policy_in_vsyscall_page(CPUArchState *env)
{
#if defined(TARGET_X86_64)
    return (env->eip & TARGET_PAGE_MASK) == TARGET_VSYSCALL_PAGE;
#else
    return false;
#endif
}

static int guest_sleep(void *guest, uint64_t until)
{
    bool whole = policy_in_vsyscall_page(cpu_env((CPUState *)guest)) ||
        policy_accept_holds();
    struct timespec time = {
        .tv_sec = until / NANOSECONDS_PER_SECOND,
        .tv_nsec = until % NANOSECONDS_PER_SECOND,
    };
    int ret;

    do {
        ret = whole ? -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time,
                                       NULL) :
            safe_syscall(__NR_clock_nanosleep, CLOCK_MONOTONIC,
                         TIMER_ABSTIME, &time, NULL);
    } while (ret && whole);
    return ret ? -EINTR : 0;
}

/* Through the host's kernel, so that it meets the guest's mask and handlers as
 * any other signal does. */
static void guest_signal(void *guest, int number)
{
    syscall(__NR_tgkill, getpid(), qemu_get_thread_id(), number);
}

static int64_t guest_seek(void *guest, int fd, int64_t to)
{
    off_t at = lseek(fd, MAX(to, 0), to < 0 ? SEEK_CUR : SEEK_SET);

    return at < 0 ? -errno : at;
}

static int guest_apart(void (*function)(void *arg), void *arg)
{
    return policy_has_threads() ? -policy_apart(function, arg) : 1;
}

const struct re_guest_ops policy_guest_ops = {
    .read = guest_read,
    .write = guest_write,
    .read_string = guest_read_string,
    .cut_line = policy_cut_line,
    .pc = guest_pc,
    .path = policy_path_resolve,
    .descriptor = policy_path_descriptor,
    .canonical = policy_pin_canonical,
    .make_file = policy_made_file,
    .open_host = policy_open_host,
    .identity = policy_path_identity,
    .sleep = guest_sleep,
    .accept = policy_accept_take,
    .signal = guest_signal,
    .seek = guest_seek,
    .replace = policy_path_replace,
    .make_parents = policy_path_make_parents,
    .below_root = policy_path_below_root,
    .apart = guest_apart,
    .keep = policy_keep,
    .alloc = policy_alloc,
    .release = policy_release,
    .fd_path = policy_fd_path,
    .register_at = policy_register_at,
    .read_register = policy_register_read,
    .write_register = policy_register_write,
    .layouts = policy_layouts,
};
