/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine: the window that the guest's memory lies in.
 *
 *     guard | 2^n bytes: guest address 0 .. guest_mask | guard
 *           ^ guest_base
 *
 * All of it is reserved without access before anything is translated, and
 * stays reserved: what the guest unmaps is reserved again, and so is what the
 * host takes away for a mapping that then cannot be made. Every address that
 * the guest computes is cut to n bits where it becomes a host address. The
 * guards are for accesses that begin inside and end outside.
 *
 * A guest of 32 bits has 2^32 bytes, whatever part of it the kernel would let
 * it map, since it can compute every such address. Others have what the host
 * can spare.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/guest-host.h"
#include "user-mmap.h"
#include "qemu/host-utils.h"

#include <sys/random.h>

#include <ruleengine/engine.h>

#include "confine.h"
#include "policy.h"

#define NARROW_BITS 32
#define BITS_MAX 47             /* beyond, no host has room */
#define BITS_MIN 32             /* where programs are linked to */
#define GUARD (UINT64_C(16) << 20)      /* bytes on each side */
#define ALIGN (UINT64_C(2) << 20)       /* of the window; SHMLBA at least */

/* Where to look for room: from 2^HINT_FIRST down to 2^HINT_LAST. */
#define HINT_FIRST 45
#define HINT_LAST 33

/* Of every address that guest code can have, as opposed to map. */
#define IS_NARROW (TARGET_LONG_BITS == 32 || TARGET_ABI_BITS == 32 || \
                   TARGET_VIRT_ADDR_SPACE_BITS <= 32)

uintptr_t guest_mask = UINTPTR_MAX;

static uintptr_t window;        /* guest_base to be; 0: there is none */

static uint64_t random_below(uint64_t limit)
{
    uint64_t n = 0;

    if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n)) {
        return 0;
    }
    return n % limit;
}

static uintptr_t try_at(uint64_t hint, uint64_t size)
{
    void *p = mmap((void *)(uintptr_t)hint, size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                   (hint ? MAP_FIXED_NOREPLACE : 0), -1, 0);

    if (p == MAP_FAILED) {
        return 0;
    }
    if (hint && (uintptr_t)p != hint) {
        munmap(p, size);
        return 0;
    }
    return (uintptr_t)p;
}

/* Whether there is room for it somewhere: otherwise no place need be tried. */
static bool fits(uint64_t size)
{
    uintptr_t anywhere = try_at(0, size);

    if (anywhere) {
        munmap((void *)anywhere, size);
    }
    return anywhere;
}

/*
 * Far below what the emulator itself maps: should a failing mmap leave a hole
 * in the window for a moment, the host puts none of the emulator's into it, as
 * it fills the highest hole first.
 */
static uintptr_t reserve(unsigned bits)
{
    uint64_t size = (UINT64_C(1) << bits) + 2 * GUARD;
    uintptr_t found;

    if (!fits(size + ALIGN)) {
        return 0;
    }
    for (unsigned i = HINT_FIRST; i >= HINT_LAST; i--) {
        uint64_t low = UINT64_C(1) << i;

        found = try_at((low + random_below(low / 4)) & -ALIGN, size);
        if (found) {
            return found + GUARD;
        }
    }
    found = try_at(0, size + ALIGN);
    return found ? ROUND_UP(found + GUARD, ALIGN) : 0;
}

static unsigned bits_of(unsigned long last)
{
    return last ? 64 - clz64(last) : BITS_MAX;
}

static void reserve_narrow(void)
{
    window = reserve(NARROW_BITS);
    guest_mask = UINT32_MAX;
    if (TARGET_VIRT_ADDR_SPACE_BITS > 32 && !reserved_va) {
        reserved_va = UINT32_MAX;       /* mips n32 */
    }
}

/* -R says how much the guest may map; it may address up to the next power of
 * two. */
static void reserve_wide(unsigned long max)
{
    unsigned bits = MIN(BITS_MAX, bits_of(reserved_va ? reserved_va : max));

    window = reserve(bits);
    while (!window && !reserved_va && bits > BITS_MIN) {
        window = reserve(--bits);
    }
    guest_mask = (UINT64_C(1) << bits) - 1;
    if (!reserved_va) {
        reserved_va = guest_mask;
    }
}

static G_NORETURN void no_room(void)
{
    fprintf(stderr, "qemu-" TARGET_NAME ": error: no room for the guest's "
            "memory: %s; a limit on address space (ulimit -v) may be in the "
            "way, and \"confine = no\" in [policy] goes without\n"
            "qemu-" TARGET_NAME ": the program was not started\n",
            strerror(errno));
    exit(2);
}

void policy_window_reserve(unsigned long max)
{
    if (!policy_engine || !re_engine_confine(policy_engine)) {
        return;
    }
    if (HOST_LONG_BITS != 64) {
        errno = EOVERFLOW;
        no_room();
    }
    if (IS_NARROW) {
        reserve_narrow();
    } else {
        reserve_wide(max);
    }
    if (!window) {
        no_room();
    }
}

bool policy_window_take(void)
{
    if (window) {
        guest_base = window;
    }
    return window != 0;
}

bool policy_window_has(const void *addr)
{
    return window && (uintptr_t)addr - guest_base <= guest_mask;
}

/* --- pages that lie elsewhere ------------------------------------------- */

static unsigned long mappable;          /* reserved_va, meanwhile */

/* x86_64's vsyscall page is no memory: it has only page flags, which must be
 * within what can be mapped, or all can be. */
static void map_all(unsigned long last)
{
    reserved_va = last;
#ifndef GUEST_ADDR_MAX
    guest_addr_max = last ? last : ~0ul;
#endif
}

void policy_window_open(void)
{
    if (!window) {
        return;
    }
    mappable = reserved_va;
#if defined(TARGET_X86_64)
    map_all(0);
#elif defined(TARGET_ARM) && !defined(TARGET_AARCH64)
    /* With a small -R, arm's page of helpers looks for room of its own. */
    if (reserved_va < UINT32_MAX) {
        munmap((void *)(window + (0xffff0f00u & qemu_real_host_page_mask())),
               qemu_real_host_page_size());
    }
#endif
}

void policy_window_close(void)
{
    if (window) {
        map_all(mappable);
    }
}

/* --- holes -------------------------------------------------------------- */

static bool in_window(const void *addr, size_t len)
{
    return len && policy_window_has(addr) &&
        len - 1 <= guest_mask - ((uintptr_t)addr - guest_base);
}

/*
 * Whether there is something here can be told by trying: the host replaces
 * nothing. It takes away all of a range or none of it.
 */
static void close_hole(void *addr, size_t len)
{
    int err = errno;

    len = ROUND_UP(len, qemu_real_host_page_size());
    if (in_window(addr, len) &&
        mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
             MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == addr) {
        target_munmap(h2g(addr), len);
    }
    errno = err;
}

bool policy_is_mapped(abi_ulong start, abi_ulong len)
{
    return !window || page_check_range(start, len, PAGE_VALID);
}

void *policy_mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset)
{
    void *p = mmap(addr, len, prot, flags, fd, offset);

    if (p == MAP_FAILED && (flags & MAP_FIXED)) {
        close_hole(addr, len);
    }
    return p;
}

void *policy_mremap(void *from, size_t old_len, size_t new_len, int flags, ...)
{
    size_t page = qemu_real_host_page_size();
    void *to = NULL, *p;

    if (flags & MREMAP_FIXED) {
        va_list args;

        va_start(args, flags);
        to = va_arg(args, void *);
        va_end(args);
    }
    p = mremap(from, old_len, new_len, flags, to);
    if (p == MAP_FAILED && to) {
        old_len = ROUND_UP(old_len, page);
        new_len = ROUND_UP(new_len, page);
        close_hole(to, new_len);
        if (old_len > new_len) {
            close_hole((char *)from + new_len, old_len - new_len);
        }
    }
    return p;
}
