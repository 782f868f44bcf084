/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <asm-generic/ioctl.h>  /* xtensa has a TIOCSTI made by _IOW() */
#include <linux/btrfs.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>

#include <ruleengine/engine.h>

#include "descriptors.h"
#include "doors.h"
#include "guest.h"
#include "pin.h"
#include "policy.h"
#include "records.h"

static const struct st_target *doors_target;

/* Per slot, the registers that hold descriptors: a bit each. */
static uint8_t doors_fds[ST_MAX_SLOTS];

/* --- descriptors ------------------------------------------------------- */

void policy_ioctl_fds(unsigned long request, void *argument)
{
    switch (request) {
    case FICLONERANGE: {
        struct file_clone_range *range = argument;

        range->src_fd = policy_guest_fd(range->src_fd);
        break;
    }
    case LOOP_CONFIGURE: {
        struct loop_config *config = argument;

        config->fd = policy_guest_fd(config->fd);
        break;
    }
    case BTRFS_IOC_SNAP_CREATE: {
        struct btrfs_ioctl_vol_args *volume = argument;

        volume->fd = policy_guest_fd(volume->fd);
        break;
    }
    }
}

static uint8_t fds_of(const struct st_target *target, unsigned slot)
{
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(target, slot, args);
    uint8_t mask = 0;

    for (int i = 0; i < count; i++) {
        if (args[i].kind == ST_KIND_FD || args[i].kind == ST_KIND_DIRFD) {
            mask |= 1 << args[i].reg;
        }
    }
    return mask;
}

/* Calls that are looked at below, whatever their arguments. */
static bool is_door(const char *name)
{
    static const char *const names[] = {
        "close_range", "fsconfig", "ioctl", "kcmp", "open_by_handle_at",
        "personality", "pidfd_getfd", "prlimit64", "setrlimit", "unshare",
    };

    for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A core of one byte at most: too little for a file, and of all limits the one
 * with which the kernel does not start a program that cores are piped to.
 */
static void leave_no_core(void)
{
    static const struct rlimit one = { 1, 1 }, none = { 0, 0 };

    if (setrlimit(RLIMIT_CORE, &one)) {
        setrlimit(RLIMIT_CORE, &none);
    }
}

void policy_doors_prepare(const struct st_target *target, uint8_t *map)
{
    doors_target = target;
    leave_no_core();
    for (unsigned slot = 0; slot < st_slot_count(target); slot++) {
        const char *name = st_slot_name(target, slot);
        int nr = st_number_of_slot(target, slot);

        if (!name || nr < 0) {
            continue;
        }
        doors_fds[slot] = fds_of(target, slot);
        if (slot >= st_number_count(target) || map[nr] == 1) {
            continue;
        }
        if (is_door(name) || (doors_fds[slot] & ~1)) {
            map[nr] = 1;
        } else if (doors_fds[slot]) {
            map[nr] = POLICY_ASK_FD;
        }
    }
}

static bool names_own(const struct re_call *call)
{
    unsigned mask = call->slot < 0 ? 0 : doors_fds[call->slot];

    for (unsigned reg = 0; mask; reg++, mask >>= 1) {
        if ((mask & 1) && policy_is_own(call->args[reg])) {
            return true;
        }
    }
    return false;
}

/* Around the own ones: what lies above is closed first. */
static bool guard_close_range(CPUArchState *env, struct re_call *call,
                              abi_long *ret)
{
    uint64_t *a = call->args;
    uint32_t first = a[0], last = a[1];
    uint32_t floor = policy_own_first(), end = policy_own.end;

    if (a[2] & CLOSE_RANGE_UNSHARE) {
        *ret = -TARGET_EPERM;
        return true;
    }
    if (first > last || last < floor || first >= end) {
        return false;
    }
    if (last >= end) {
        *ret = policy_original(env, call->nr, end, last, a[2], 0, 0, 0, 0, 0);
        if (*ret < 0) {
            return true;
        }
    }
    if (first >= floor) {
        *ret = 0;
        return true;
    }
    a[1] = floor - 1;
    return false;
}

/* --- calls that change the emulator ------------------------------------ */

/* A terminal that the emulator's user types into is not the guest's to type
 * into. */
static bool types_for_user(uint32_t request)
{
#ifdef TARGET_TIOCSTI
    if (request == TARGET_TIOCSTI) {
        return true;
    }
#endif
#ifdef TARGET_TIOCLINUX
    if (request == TARGET_TIOCLINUX) {
        return true;
    }
#endif
    return false;
}

/*
 * Requests whose argument holds a pointer that QEMU passes on as it is: the
 * kernel would take it for the host's. By type and number; QEMU has others of
 * the same for none of them.
 */
static bool carries_pointer(uint32_t request)
{
    static const uint16_t requests[] = {
        0x5500, 0x5502, 0x550a, 0x5512, /* USBDEVFS_CONTROL, _BULK, _SUBMITURB,
                                           _IOCTL */
        0x9423, 0x9424, 0x943b,     /* BTRFS_IOC_INO_PATHS, _LOGICAL_INO,
                                       _LOGICAL_INO_V2 */
        TARGET_CDROMREADAUDIO, TARGET_FBIOGETCMAP, TARGET_FBIOPUTCMAP,
        0x4d66,                     /* SOUND_MIXER_ACCESS */
        TARGET_CDROMAUDIOBUFSIZ,    /* of other devices: SCSI_IOCTL_GET_IDLUN,
                                       which fills what it points to */
        TARGET_SIOCGIFMEM, TARGET_SIOCSIFMEM,
    };

    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if ((request & 0xffff) == (requests[i] & 0xffff)) {
            return true;
        }
    }
    return false;
}

/* Requests whose argument is a descriptor. */
static bool takes_descriptor(uint32_t request)
{
    return request == TARGET_FICLONE || request == TARGET_LOOP_SET_FD ||
        request == TARGET_LOOP_CHANGE_FD;
}

/* Whether a file may be appended to, changed, removed. */
static bool marks_file(uint32_t request)
{
    return (request & 0xffff) == (FS_IOC_SETFLAGS & 0xffff);
}

/* QEMU copies what is behind the argument's head, as long as the guest says, to
 * where the guest says: in its own memory, and for any descriptor. */
static bool maps_devices(uint32_t request)
{
    return (request >> 8 & 0xff) == 0xfd;       /* DM_IOCTL */
}

/* The next program image is an emulator: only what asks, and what is so. */
static bool changes_personality(uint32_t persona)
{
    return persona != UINT32_MAX && (persona & ~0xffu) != 0;
}

/* Limits that would hurt the emulator: no growth of files ends the log, and cores
 * have the limit that leave_no_core() has set. The guest, which asks for less,
 * has what it wants. That of descriptors: policy_setrlimit(). */
static bool lowers_limit(int resource, uint64_t addr)
{
    return (resource == TARGET_RLIMIT_FSIZE ||
            resource == TARGET_RLIMIT_CORE) && (abi_ulong)addr != 0;
}

/* What a descriptor is the same as; and a type whose last argument is a pointer
 * that QEMU passes on as it is. */
#define KCMP_FILE 0
#define KCMP_EPOLL_TFD 7

static bool compares_own(const uint64_t *a, abi_long *ret)
{
    *ret = (int)a[2] == KCMP_EPOLL_TFD ? -TARGET_EPERM : -TARGET_EBADF;
    return (int)a[2] == KCMP_EPOLL_TFD ||
        ((int)a[2] == KCMP_FILE &&
         (policy_is_own(a[3]) || policy_is_own(a[4])));
}

bool policy_doors_guard(CPUArchState *env, struct re_call *call,
                        abi_long *ret)
{
    const uint64_t *a = call->args;

    if (names_own(call)) {
        *ret = -TARGET_EBADF;
        return true;
    }
    switch (call->nr) {
#ifdef TARGET_NR_close_range
    case TARGET_NR_close_range:
        return guard_close_range(env, call, ret);
#endif
#ifdef TARGET_NR_pidfd_getfd
    /* Another process would get at what is being opened, before it has been
     * looked at. */
    case TARGET_NR_pidfd_getfd:
        *ret = -TARGET_EPERM;
        return true;
#endif
#ifdef TARGET_NR_setrlimit
    case TARGET_NR_setrlimit:
        *ret = 0;
        return lowers_limit(a[0], a[1]);
#endif
    case TARGET_NR_prlimit64:
        if (lowers_limit(a[1], a[2])) {
            call->args[2] = 0;
        }
        break;
#ifdef TARGET_NR_unshare
    /* /proc/self/fd would show the first thread's descriptors to all. */
    case TARGET_NR_unshare:
        *ret = -TARGET_EPERM;
        return a[0] & CLONE_FILES;
#endif
#ifdef TARGET_NR_fsconfig
    case TARGET_NR_fsconfig:
        *ret = -TARGET_EBADF;
        return (uint32_t)a[1] == 5 /* FSCONFIG_SET_FD */ && policy_is_own(a[4]);
#endif
#ifdef TARGET_NR_kcmp
    case TARGET_NR_kcmp:
        return compares_own(a, ret);
#endif
    case TARGET_NR_ioctl:
        if (takes_descriptor(a[1]) && policy_is_own(a[2])) {
            *ret = -TARGET_EBADF;
            return true;
        }
        *ret = -TARGET_EACCES;
        if (marks_file(a[1]) && policy_records_has(a[0])) {
            return true;
        }
        *ret = types_for_user(a[1]) ? -TARGET_EPERM : -TARGET_ENOTTY;
        return types_for_user(a[1]) || carries_pointer(a[1]) ||
            maps_devices(a[1]);
#ifdef TARGET_NR_open_by_handle_at
    /* No name to look for records by; and what policies count in, which has no
     * name, has a handle. */
    case TARGET_NR_open_by_handle_at:
        *ret = -TARGET_EPERM;
        return a[2] & (O_ACCMODE | TARGET_O_TRUNC);
#endif
    case TARGET_NR_personality:
        *ret = -TARGET_EINVAL;
        return changes_personality(a[0]);
    }
    return false;
}

int policy_semget(int key, int count, int flags)
{
    if (policy_engine && count > POLICY_SEMS) {
        errno = EINVAL;         /* as beyond SEMMSL */
        return -1;
    }
    return semget(key, count, flags);
}

int policy_notify(int notify)
{
    return policy_engine && notify == SIGEV_THREAD ? -1 : notify;
}

bool policy_keeps_core(void)
{
    if (policy_engine) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    return policy_engine;
}
