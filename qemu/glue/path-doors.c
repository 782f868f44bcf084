/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path-doors: calls that would change what paths mean.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include "path.h"
#include "policy.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUSER)

static bool path_guards;        /* calls use what their paths have led to */

bool policy_path_keeps_names(void)
{
    return path_guards;
}

bool policy_path_guard(struct re_call *call, abi_long *ret)
{
    uint64_t *a = call->args;
    bool refused = false;

    switch (path_guards ? call->nr : -1) {
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
    static const int doors[] = {
        TARGET_NR_umount2, TARGET_NR_chroot, TARGET_NR_pivot_root,
        TARGET_NR_mount,
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
