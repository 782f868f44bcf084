/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine: what the hook lines call to keep the guest's memory in a window of
 * its own. Without a policy, or with "confine = no", there is no window and
 * QEMU does what it does by itself.
 */
#ifndef LINUX_USER_POLICY_CONFINE_H
#define LINUX_USER_POLICY_CONFINE_H

/*
 * Once the policy is loaded and before anything depends on reserved_va:
 * reserves the window, sets guest_mask and, unless -R did, reserved_va. "max"
 * is the target's last address, or 0. Where there is no room QEMU exits with
 * status 2.
 */
void policy_window_reserve(unsigned long max);

/* Whether there is a window; guest_base is then its first byte. */
bool policy_window_take(void);

/* Whether this is an address of the host's within it. */
bool policy_window_has(const void *addr);

/* Around the pages that a target's kernel puts at a fixed address: these may
 * lie beyond what the guest can map. */
void policy_window_open(void);
void policy_window_close(void);

/*
 * mmap() and mremap() as QEMU uses them for the guest, with its lock held. The
 * host may take away what lies in the place of a mapping before it finds that
 * it cannot be made: no hole stays in the window, and the pages are known to be
 * gone.
 */
void *policy_mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t offset);
void *policy_mremap(void *from, size_t old_len, size_t new_len, int flags, ...);

#endif
