/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handlers: what Lua handlers ask of the emulator. The functions are for struct
 * re_guest_ops and described there.
 */
#ifndef LINUX_USER_POLICY_HANDLERS_H
#define LINUX_USER_POLICY_HANDLERS_H

struct re_layout;
struct re_register;

int policy_keep(void *guest, unsigned reg, const void *bytes, size_t len,
                uint64_t *ret_addr);

/* The bytes that this thread's call has kept at an address, when there are at
 * least len of them (a NUL follows the last); else NULL. */
void *policy_kept(abi_ulong addr, size_t len);

/* How many there are; -1: none at this address. */
ssize_t policy_kept_length(abi_ulong addr);

/* The call is over: forgets them. */
void policy_kept_release(void);

int policy_alloc(void *guest, size_t size, uint64_t *ret_addr);
int policy_release(void *guest, uint64_t addr, size_t size);
ssize_t policy_fd_path(void *guest, int fd, char *buf, size_t size);

/* In registers.c. */
bool policy_register_at(void *guest, unsigned i, struct re_register *ret);
ssize_t policy_register_read(void *guest, int number, void *buf, size_t size);
ssize_t policy_register_write(void *guest, int number, const void *buf,
                              size_t size);

/* In layouts.c. */
extern const struct re_layout policy_layouts[];

#endif
