/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "fd-trans.h"

#include <sys/un.h>

#include "guest.h"
#include "handlers.h"
#include "path.h"
#include "path-state.h"
#include "policy.h"

/* Magic addresses, 16 bytes apart. */
enum {
    MAGIC_PATH = 1,             /* + index of the pin */
    MAGIC_ADDRESS = MAGIC_PATH + PATH_PINS,
    MAGIC_MESSAGE,
    MAGIC_HOW,
    MAGIC_BLOCK,
};

/* --- carrying out ------------------------------------------------------ */

static abi_ulong magic(unsigned which)
{
    return POLICY_MAGIC + 16 * which;
}

/* A file is looked at through its descriptor: half the price of its name in
 * /proc. */
static bool apply_stat(struct pin *pin, struct re_call *call)
{
    int flags = -1;

    switch (pin->file ? call->nr : -1) {
#ifdef TARGET_NR_newfstatat
    case TARGET_NR_newfstatat:
        flags = 3;
        break;
#endif
#ifdef TARGET_NR_fstatat64
    case TARGET_NR_fstatat64:
        flags = 3;
        break;
#endif
#ifdef TARGET_NR_statx
    case TARGET_NR_statx:
        flags = 2;
        break;
#endif
    }
    if (flags < 0) {
        return false;
    }
    pin->text[0] = 0;
    call->args[pin->dirfd_reg] = pin->fd;
    call->args[flags] |= AT_EMPTY_PATH;
    return true;
}

/* Flags of open that a made file does not heed: its one name is a link, and a
 * device is not emptied. */
static uint64_t content_flags(const struct pin *pin)
{
    return TARGET_O_NOFOLLOW | (pin->keeps ? TARGET_O_TRUNC : 0);
}

/* A made file has one name, which is a link of /proc: that must be followed. */
static void apply_content(struct pin *pin, struct re_call *call)
{
    switch (call->nr) {
#ifdef TARGET_NR_creat
    case TARGET_NR_creat:
        if (pin->keeps) {
            call->nr = TARGET_NR_open;
            call->args[1] = TARGET_O_WRONLY;
        }
        break;
#endif
#ifdef TARGET_NR_lstat
    case TARGET_NR_lstat:
        call->nr = TARGET_NR_stat;
        break;
#endif
#ifdef TARGET_NR_lstat64
    case TARGET_NR_lstat64:
        call->nr = TARGET_NR_stat64;
        break;
#endif
#if defined(TARGET_NR_oldlstat) && defined(TARGET_NR_oldstat)
    case TARGET_NR_oldlstat:
        call->nr = TARGET_NR_oldstat;
        break;
#endif
#ifdef TARGET_NR_faccessat2
    case TARGET_NR_faccessat2:
        call->args[3] &= ~(uint64_t)AT_SYMLINK_NOFOLLOW;
        break;
#endif
#ifdef TARGET_NR_openat2
    case TARGET_NR_openat2:
        break;                  /* apply_how() */
#endif
    default:
        if (pin->flags_reg >= 0) {
            call->args[pin->flags_reg] &= ~content_flags(pin);
        }
    }
}

static void apply_pin(struct pin *pin, unsigned index, struct re_call *call)
{
    if (pin->directory) {
        call->args[pin->dirfd_reg] = pin->fd;
        return;
    }
    call->args[pin->reg] = (abi_long)magic(MAGIC_PATH + index);
    if (apply_stat(pin, call)) {
        return;
    }
    if (pin->dirfd_reg >= 0) {
        call->args[pin->dirfd_reg] = AT_FDCWD;
    }
    if (pin->content) {
        apply_content(pin, call);
    }
    if (!pin->add_nofollow) {
        return;
    }
#ifdef TARGET_NR_creat
    if (call->nr == TARGET_NR_creat) {
        call->nr = TARGET_NR_open;
        call->args[2] = call->args[1];
        call->args[1] = TARGET_O_CREAT | TARGET_O_WRONLY | TARGET_O_TRUNC |
            TARGET_O_NOFOLLOW;
        return;
    }
#endif
    if (call->nr != TARGET_NR_openat2) {
        call->args[pin->flags_reg] |= TARGET_O_NOFOLLOW;
    }
}

static abi_long apply_paths(struct path_state *s, struct re_call *call)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pin *pin = &s->pins[i];

        /* A handler may have chosen another string: that one is its own. */
        if (!pin->made || call->args[pin->reg] != pin->arg) {
            continue;
        }
        if (pin->error) {
            return -policy_guest_errno(pin->error);
        }
        apply_pin(pin, i, call);
    }
    return 0;
}

static abi_long apply_how(struct path_state *s, struct re_call *call)
{
    const struct re_facts *f = &s->facts;
    const struct pin *pin = &s->pins[0];
    uint64_t flags = f->how[0], resolve = f->how[2];

    if (!(f->made & RE_FACT_ACCESS) || f->how_reg < 0) {
        return 0;
    }
    if (f->how_error) {
        return -f->how_error;
    }
    if (pin->made && !pin->directory) {
        flags |= pin->add_nofollow ? TARGET_O_NOFOLLOW : 0;
        flags &= pin->content ? ~content_flags(pin) : UINT64_MAX;
        resolve = 0;            /* it has been resolved that way */
    }
    s->how[0] = tswap64(flags);
    s->how[1] = tswap64(f->how[1]);
    s->how[2] = tswap64(resolve);
    call->args[f->how_reg] = (abi_long)magic(MAGIC_HOW);
    call->args[f->how_size_reg] = sizeof(s->how);   /* the rest was zero */
    return 0;
}

static abi_long apply_block(struct path_state *s, struct re_call *call)
{
    const struct re_block *b = &s->facts.block;

    if (!(s->facts.made & RE_FACT_BLOCK) || b->reg < 0) {
        return 0;
    }
    if (b->error) {
        return -b->error;
    }
    for (unsigned i = 0; i < RE_BLOCK_WORDS; i++) {
        s->block[i] = tswapal(b->words[i]);
    }
    call->args[b->reg] = (abi_long)magic(MAGIC_BLOCK);
    return 0;
}

/* A local socket's path is replaced in the address itself. */
static abi_long put_unix_path(struct path_state *s, unsigned *ret_len)
{
    const struct pin *pin = &s->pins[2];
    size_t len = strlen(pin->text);

    if (pin->error) {
        return -policy_guest_errno(pin->error);
    }
    if (len >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        return -TARGET_ENAMETOOLONG;
    }
    memcpy(s->address + 2, pin->text, len + 1);
    *ret_len = 2 + len + 1;
    return 0;
}

static abi_long apply_message(struct path_state *s, struct re_call *call,
                              abi_ulong name, unsigned len)
{
    const struct re_address *a = &s->facts.address;

    if (policy_guest_ops.read(call->guest, call->args[a->message_reg],
                              &s->message, sizeof(s->message)) < 0) {
        return -TARGET_EFAULT;
    }
    s->message.msg_name = tswapal(name);
    s->message.msg_namelen = tswap32(len);
    call->args[a->message_reg] = (abi_long)magic(MAGIC_MESSAGE);
    return 0;
}

/* A handler may have chosen another address: that one is its own. */
static bool is_replaced(const struct re_call *call, const struct re_address *a)
{
    int reg = a->message_reg >= 0 ? a->message_reg : a->reg;

    return reg >= 0 && call->args[reg] != call->given[reg];
}

static abi_long apply_address(struct path_state *s, struct re_call *call)
{
    const struct re_address *a = &s->facts.address;
    abi_ulong name = 0;
    unsigned len = 0;
    abi_long ret = 0;

    if (!(s->facts.made & RE_FACT_ADDRESS) ||
        (a->reg < 0 && a->message_reg < 0) || is_replaced(call, a)) {
        return 0;
    }
    if (a->error) {
        return -a->error;
    }
    if (a->present) {
        memset(s->address, 0, sizeof(s->address));
        memcpy(s->address, a->bytes, a->len);
        name = magic(MAGIC_ADDRESS);
        len = a->len;
        ret = s->pins[2].made ? put_unix_path(s, &len) : 0;
    }
    if (ret) {
        return ret;
    }
    if (a->message_reg >= 0) {
        return apply_message(s, call, name, len);
    }
    call->args[a->reg] = (abi_long)name;
    call->args[a->len_reg] = len;
    return 0;
}

/* In a register, or in the copy of a block. */
static int held_number(struct path_state *s, struct re_call *call)
{
    int reg = s->held.reg;

    return reg < RE_BLOCK_REG ? (int)call->args[reg] :
        (int)tswapal(s->block[reg - RE_BLOCK_REG]);
}

static abi_long apply_descriptor(struct path_state *s, struct re_call *call)
{
    struct path_held *held = &s->held;

    if (!(s->facts.made & RE_FACT_FDPATH) ||
        held_number(s, call) != held->given) {
        return 0;
    }
    if (held->error) {
        return -policy_guest_errno(held->error);
    }
    if (held->fd >= 0 && held->reg >= RE_BLOCK_REG) {
        s->block[held->reg - RE_BLOCK_REG] = tswapal(held->fd);
    } else if (held->fd >= 0) {
        call->args[held->reg] = held->fd;
    }
    return 0;
}

abi_long policy_path_apply(struct re_call *call)
{
    struct path_state *s = path_state;
    abi_long ret;

    if (!s || !s->facts.made) {
        return 0;
    }
    ret = apply_how(s, call);
    ret = ret ? ret : apply_paths(s, call);
    ret = ret ? ret : apply_block(s, call);
    ret = ret ? ret : apply_address(s, call);
    ret = ret ? ret : apply_descriptor(s, call);
    s->applied = ret == 0;
    return ret;
}

void policy_path_release(void)
{
    struct path_state *s = path_state;

    if (!s || !s->facts.made) {
        return;
    }
    s->applied = false;
    if ((s->facts.made & RE_FACT_FDPATH) && s->held.fd >= 0) {
        fd_trans_unregister(s->held.fd);
        re_number_close(s->held.fd);
        s->held.fd = -1;
    }
    s->facts.made = 0;
    for (unsigned i = 0; i < PATH_PINS; i++) {
        if (s->pins[i].made) {
            re_number_close(s->pins[i].fd);
            s->pins[i].made = false;
        }
    }
}

/* --- what QEMU reads --------------------------------------------------- */

static int which_of(abi_ulong addr)
{
    struct path_state *s = path_state;

    return s && s->applied && addr >= POLICY_MAGIC &&
        (addr - POLICY_MAGIC) % 16 == 0 ? (addr - POLICY_MAGIC) / 16 : -1;
}

void *policy_string(abi_ulong addr)
{
    int i = which_of(addr) - MAGIC_PATH;

    if (policy_kept_length(addr) >= 0) {
        return policy_kept(addr, 0);
    }
    return i >= 0 && i < PATH_PINS && path_state->pins[i].made ?
        path_state->pins[i].text : NULL;
}

void *policy_bytes(abi_ulong addr, size_t len)
{
    struct path_state *s = path_state;

    if (policy_kept_length(addr) >= 0) {
        return policy_kept(addr, len);
    }
    switch (which_of(addr)) {
    case MAGIC_ADDRESS:
        return len < sizeof(s->address) ? s->address : NULL;
    case MAGIC_MESSAGE:
        return len <= sizeof(s->message) ? &s->message : NULL;
    case MAGIC_BLOCK:
        return len <= sizeof(s->block) ? s->block : NULL;
    case MAGIC_HOW:
        return len <= sizeof(s->how) ? s->how : NULL;
    }
    return NULL;
}

bool policy_is_plain(const char *name)
{
    struct path_state *s = path_state;

    return s && s->applied && s->pins[0].made && name == s->pins[0].text &&
        policy_pin_is_plain(&s->pins[0]);
}

const char *policy_path_given(abi_ulong addr, int *ret_fd)
{
    struct pin *pin;

    if (policy_kept_length(addr) >= 0 || !policy_string(addr)) {
        return NULL;
    }
    pin = &path_state->pins[which_of(addr) - MAGIC_PATH];
    *ret_fd = pin->file ? pin->fd : -1;
    return pin->given;
}

int policy_path_given_fd(int dirfd)
{
    const struct path_state *s = path_state;
    const struct pin *pin = s ? &s->pins[0] : NULL;

    return s && s->applied && pin->made && pin->dirfd_reg >= 0 &&
        dirfd == (pin->directory ? pin->fd : AT_FDCWD) ?
        (int)s->call->given[pin->dirfd_reg] : dirfd;
}
