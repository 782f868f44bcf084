/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path-doors: calls that would take a pin away, or change what paths mean.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include "guest.h"
#include "path.h"
#include "pin.h"
#include "policy.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUSER)

static bool path_guards;        /* calls use what their paths have led to */

bool policy_path_keeps_names(void)
{
    return path_guards;
}

static bool is_pin(int fd)
{
    return fd >= policy_pin_floor && fd < policy_pin_end;
}

/* Whether a guest would lower the number of descriptors below its pins'. */
static bool lowers_limit(const struct re_call *call, abi_ulong addr,
                         unsigned size)
{
    uint64_t limit = 0;
    uint32_t narrow;

    if (addr == 0 ||
        policy_guest_ops.read(call->guest, addr, &limit, size) < 0) {
        return false;
    }
    memcpy(&narrow, &limit, sizeof(narrow));
    return (size == 8 ? tswap64(limit) : tswap32(narrow)) <
        (unsigned)policy_pin_end;
}

bool policy_path_guard(struct re_call *call, abi_long *ret)
{
    uint64_t *a = call->args;
    bool refused = false;

    *ret = -TARGET_EBADF;
    switch (path_guards ? call->nr : -1) {
    case TARGET_NR_close:
        refused = is_pin(a[0]);
        break;
#ifdef TARGET_NR_dup2
    case TARGET_NR_dup2:
#endif
    case TARGET_NR_dup3:
        refused = is_pin(a[1]);
        break;
#ifdef TARGET_NR_close_range
    case TARGET_NR_close_range:
        if ((unsigned)a[0] < policy_pin_end &&
            (unsigned)a[1] >= policy_pin_floor) {
            refused = (unsigned)a[0] >= policy_pin_floor;
            *ret = 0;
            a[1] = policy_pin_floor - 1;
        }
        break;
#endif
    /* Done without being done: a program that asks for fewer has what it
     * wants. */
#ifdef TARGET_NR_setrlimit
    case TARGET_NR_setrlimit:
        *ret = 0;
        refused = a[0] == TARGET_RLIMIT_NOFILE &&
            lowers_limit(call, a[1], sizeof(abi_ulong));
        break;
#endif
    case TARGET_NR_prlimit64:
        if ((int)a[1] == TARGET_RLIMIT_NOFILE && lowers_limit(call, a[2], 8)) {
            a[2] = 0;
        }
        break;
    /* From here on "/proc/self/fd" and all names would mean something else. */
#ifdef TARGET_NR_umount
    case TARGET_NR_umount:
#endif
    case TARGET_NR_umount2:
    case TARGET_NR_chroot:
    case TARGET_NR_pivot_root:
    case TARGET_NR_mount:
#ifdef TARGET_NR_setns
    case TARGET_NR_setns:
#endif
#ifdef TARGET_NR_open_by_handle_at
    case TARGET_NR_open_by_handle_at:
#endif
#ifdef TARGET_NR_fsmount
    case TARGET_NR_fsmount:
#endif
#ifdef TARGET_NR_move_mount
    case TARGET_NR_move_mount:
#endif
        *ret = -TARGET_EPERM;
        refused = true;
        break;
    /* A tree of its own, in which names begin anew. */
#ifdef TARGET_NR_open_tree
    case TARGET_NR_open_tree:
        *ret = -TARGET_EPERM;
        refused = a[2] & 1 /* OPEN_TREE_CLONE */;
        break;
#endif
#ifdef TARGET_NR_unshare
    case TARGET_NR_unshare:
        *ret = -TARGET_EPERM;
        refused = a[0] & NAMESPACES;
        break;
#endif
    }
    return refused;
}

void policy_path_watch(uint8_t *map)
{
    /* close() is asked about for the sake of the own descriptors, and of pins
     * with them. */
    static const int doors[] = {
        TARGET_NR_dup3, TARGET_NR_umount2, TARGET_NR_chroot,
        TARGET_NR_pivot_root, TARGET_NR_mount, TARGET_NR_prlimit64,
#ifdef TARGET_NR_setrlimit
        TARGET_NR_setrlimit,
#endif
#ifdef TARGET_NR_dup2
        TARGET_NR_dup2,
#endif
#ifdef TARGET_NR_close_range
        TARGET_NR_close_range,
#endif
#ifdef TARGET_NR_umount
        TARGET_NR_umount,
#endif
#ifdef TARGET_NR_open_by_handle_at
        TARGET_NR_open_by_handle_at,
#endif
#ifdef TARGET_NR_fsmount
        TARGET_NR_fsmount,
#endif
#ifdef TARGET_NR_open_tree
        TARGET_NR_open_tree,
#endif
#ifdef TARGET_NR_setns
        TARGET_NR_setns,
#endif
#ifdef TARGET_NR_move_mount
        TARGET_NR_move_mount,
#endif
#ifdef TARGET_NR_unshare
        TARGET_NR_unshare,
#endif
    };

    path_guards = map;
    for (size_t i = 0; map && i < ARRAY_SIZE(doors); i++) {
        map[doors[i]] = 1;
    }
}
