/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/path.h"
#include "special-errno.h"
#include "fd-trans.h"

#include <linux/magic.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <ruleengine/engine.h>

#include "made.h"
#include "handlers.h"
#include "policy.h"
#include "path.h"
#include "pin.h"

#define PINS 3                  /* path, path2, the path of an address */

/* Magic addresses, 16 bytes apart. */
enum {
    MAGIC_PATH = 1,             /* + index of the pin */
    MAGIC_ADDRESS = MAGIC_PATH + PINS,
    MAGIC_MESSAGE,
    MAGIC_HOW,
    MAGIC_BLOCK,
};

/* The file behind a descriptor, by a number of its own. */
struct held {
    int fd;                     /* -1: nothing is held */
    int reg, given;             /* the argument, and what it was */
    int error;                  /* host errno; the call must fail with it */
};

struct state {
    struct re_facts facts;
    struct pin pins[PINS];
    struct held held;               /* if facts.made has RE_FACT_FDPATH */
    struct re_call *call;           /* that is being carried out */
    bool applied;
    unsigned char address[RE_SOCKADDR_MAX + 16];
    struct target_msghdr message;
    uint64_t how[RE_OPEN_HOW];      /* in the guest's order */
    abi_ulong block[RE_BLOCK_WORDS];    /* likewise */
};

static const struct st_target *path_target;
static bool path_guards;        /* calls use what their paths have led to */
static bool path_redirects[ST_MAX_SLOTS];   /* by -L */
static bool path_makes[ST_MAX_SLOTS];       /* something, whatever the flags */
static pthread_key_t path_key;
static __thread struct state *path_state;

/* --- what the engine asks for ------------------------------------------ */

static void copy_given(struct pin *pin, void *guest,
                       const struct re_path_query *q)
{
    ssize_t len;

    if (q->given) {
        snprintf(pin->given, sizeof(pin->given), "%s", q->given);
        return;
    }
    len = policy_guest_ops.read_string(guest, q->addr, pin->given,
                                       sizeof(pin->given));
    if (len < 0) {
        pin->given[0] = '\0';
        pin->error = -len;
    }
}

static const char *redirected(const char *given)
{
    const struct re_call *call = path_state->call;

    return call && call->slot >= 0 && path_redirects[call->slot] ?
        path(given) : given;
}

/* By the file system, which need not be mounted on /proc. */
static bool is_proc(int fd)
{
    struct statfs fs;

    return fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC;
}

static void start_pin(struct pin *pin, const struct re_path_query *q)
{
    if (pin->made) {
        policy_pin_close(pin->fd);
    }
    pin->made = true;
    pin->directory = pin->add_nofollow = pin->file = pin->content = false;
    pin->keeps = false;
    pin->error = 0;
    pin->fd = -1;
    pin->reg = q->reg;
    pin->dirfd_reg = q->dirfd_reg;
    pin->flags_reg = q->flags_reg;
    pin->arg = q->addr;
    pin->host[0] = '\0';
}

/* 0 or a negative errno; only what it found when the string can be read. */
static int find(struct pin *pin, void *guest, const struct re_path_query *q)
{
    const char *name;

    if (q->null_is_dirfd && (abi_ulong)q->addr == 0) {
        pin->given[0] = '\0';
        return policy_pin_descriptor(pin, q->dirfd, true);
    }
    copy_given(pin, guest, q);
    if (pin->error) {
        return -pin->error;
    }
    name = q->resolve ? pin->given : redirected(pin->given);
    if (name[0]) {
        return policy_pin_path(pin, q, name);
    }
    return q->empty_is_dirfd ? policy_pin_descriptor(pin, q->dirfd, false) :
        -ENOENT;
}

static struct pin *resolve(void *guest, const struct re_path_query *q)
{
    struct pin *pin = &path_state->pins[q->index];

    start_pin(pin, q);
    pin->error = -find(pin, guest, q);
    pin->plain = !is_proc(pin->fd);
    return pin;
}

void policy_path_resolve(void *guest, const struct re_path_query *q,
                         struct re_path *path)
{
    const struct pin *pin = resolve(guest, q);

    if (pin->host[0]) {
        policy_pin_guest_name(pin->host, path->name, sizeof(path->name));
        path->len = strlen(path->name);
        path->host = strcmp(path->name, pin->host) ? pin->host : NULL;
    }
}

/* Calls about the number itself: nothing else can be put in its place. */
static bool is_about_number(int nr)
{
    switch (nr) {
    case TARGET_NR_close:
    case TARGET_NR_dup:
#ifdef TARGET_NR_dup2
    case TARGET_NR_dup2:
#endif
    case TARGET_NR_dup3:
#ifdef TARGET_NR_fcntl
    case TARGET_NR_fcntl:
#endif
#ifdef TARGET_NR_fcntl64
    case TARGET_NR_fcntl64:
#endif
        return true;
    }
    return false;
}

/*
 * Only another thread can put another file behind the number, so with one thread
 * nothing is held. Closing what is held gives up the locks that fcntl() has set
 * on the file: see docs/policy.md.
 */
void policy_path_descriptor(void *guest, int fd, int reg, struct re_path *path)
{
    struct held *held = &path_state->held;
    bool alone = !CPU_NEXT(first_cpu);
    char host[RE_PATH_MAX] POLICY_UNSET;

    held->reg = reg;
    held->given = fd;
    held->fd = -1;
    held->error = 0;
    if (policy_guest_fd(fd) < 0) {
        return;
    }
    if (!alone && !is_about_number(path_state->call->nr)) {
        held->fd = policy_pin_duplicate(fd);
        held->error = held->fd < 0 ? -held->fd : 0;
        if (held->error) {
            return;
        }
        fd_trans_dup(fd, held->fd);
        fd = held->fd;
    }
    if (policy_pin_name(fd, host, sizeof(host)) == 0) {
        policy_pin_guest_name(host, path->name, sizeof(path->name));
        path->len = strlen(path->name);
    }
}

int policy_path_identity(void *guest, int dirfd, uint64_t ret[2])
{
    struct stat st;

    if ((dirfd == RE_CWD ? stat(".", &st) : fstat(dirfd, &st)) < 0) {
        return -errno;
    }
    ret[0] = st.st_dev;
    ret[1] = st.st_ino;
    return 0;
}

int policy_path_replace(void *guest, const struct re_path_query *q,
                        const struct re_replacement *with)
{
    struct pin *pin = &path_state->pins[q->index];
    struct re_path_query other = *q;
    int fd;

    start_pin(pin, q);
    if (with->path) {
        other.dirfd = AT_FDCWD;
        other.resolve = 0;
        snprintf(pin->given, sizeof(pin->given), "%s", with->path);
        pin->error = -policy_pin_path(pin, &other, with->path);
        pin->plain = !is_proc(pin->fd);
        return 0;
    }
    fd = with->fd >= 0 ? fcntl(with->fd, F_DUPFD_CLOEXEC, policy_floor) :
        policy_made_aside(with->bytes, with->len, with->name, with->writable);
    pin->keeps = with->fd >= 0;
    if (fd < 0) {
        return with->fd >= 0 ? -EMFILE : fd;
    }
    pin->plain = true;
    return policy_pin_adopt(pin, fd);
}

int policy_path_make_parents(void *guest, const struct re_path_query *q)
{
    struct pin *pin = resolve(guest, q);
    int err;

    if (pin->error != ENOENT) {
        return pin->error ? -pin->error : -EEXIST;
    }
    err = policy_pin_make_parents(pin->host);
    if (!err) {
        resolve(guest, q);
    }
    return err;
}

/* Whether the call would make what the query names. */
static bool makes(const struct re_path_query *q)
{
    const struct re_call *call = path_state->call;

    return q->create || (call->slot >= 0 && path_makes[call->slot]);
}

int policy_path_below_root(void *guest, const struct re_path_query *q)
{
    struct pin *pin = resolve(guest, q);

    if (pin->given[0] == '/' && !q->resolve && policy_pin_has_root()) {
        start_pin(pin, q);
        pin->error = -policy_pin_below_root(pin, q, pin->given, makes(q));
        pin->plain = !is_proc(pin->fd);
    } else if (pin->error == ENOENT && makes(q)) {
        policy_path_make_parents(guest, q);     /* the call says what fails */
    }
    return 0;
}

/* --- carrying out ------------------------------------------------------ */

abi_long policy_guest_errno(int error)
{
    const char *name = strerrorname_np(error);
    int number = name ? st_errno_by_name(path_target, name) : -1;

    return number > 0 ? number : TARGET_EIO;
}

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

static abi_long apply_paths(struct state *s, struct re_call *call)
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

static abi_long apply_how(struct state *s, struct re_call *call)
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
    return 0;
}

static abi_long apply_block(struct state *s, struct re_call *call)
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
static abi_long put_unix_path(struct state *s, unsigned *ret_len)
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

static abi_long apply_message(struct state *s, struct re_call *call,
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

static abi_long apply_address(struct state *s, struct re_call *call)
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

static abi_long apply_descriptor(struct state *s, struct re_call *call)
{
    struct held *held = &s->held;

    if (!(s->facts.made & RE_FACT_FDPATH) ||
        (int)call->args[held->reg] != held->given) {
        return 0;
    }
    if (held->error) {
        return -policy_guest_errno(held->error);
    }
    if (held->fd >= 0) {
        call->args[held->reg] = held->fd;
    }
    return 0;
}

abi_long policy_path_apply(struct re_call *call)
{
    struct state *s = path_state;
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
    struct state *s = path_state;

    if (!s || !s->facts.made) {
        return;
    }
    s->applied = false;
    if ((s->facts.made & RE_FACT_FDPATH) && s->held.fd >= 0) {
        fd_trans_unregister(s->held.fd);
        policy_pin_close(s->held.fd);
        s->held.fd = -1;
    }
    s->facts.made = 0;
    for (unsigned i = 0; i < PINS; i++) {
        if (s->pins[i].made) {
            policy_pin_close(s->pins[i].fd);
            s->pins[i].made = false;
        }
    }
}

/* --- what QEMU reads --------------------------------------------------- */

static int which_of(abi_ulong addr)
{
    struct state *s = path_state;

    return s && s->applied && addr >= POLICY_MAGIC &&
        (addr - POLICY_MAGIC) % 16 == 0 ? (addr - POLICY_MAGIC) / 16 : -1;
}

void *policy_string(abi_ulong addr)
{
    int i = which_of(addr) - MAGIC_PATH;

    if (policy_kept_length(addr) >= 0) {
        return policy_kept(addr, 0);
    }
    return i >= 0 && i < PINS && path_state->pins[i].made ?
        path_state->pins[i].text : NULL;
}

void *policy_bytes(abi_ulong addr, size_t len)
{
    struct state *s = path_state;

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
    struct state *s = path_state;

    return s && s->applied && s->pins[0].made && s->pins[0].plain &&
        name == s->pins[0].text;
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
    const struct state *s = path_state;
    const struct pin *pin = s ? &s->pins[0] : NULL;

    return s && s->applied && pin->made && pin->dirfd_reg >= 0 &&
        dirfd == (pin->directory ? pin->fd : AT_FDCWD) ?
        (int)s->call->given[pin->dirfd_reg] : dirfd;
}

bool policy_path_interpreter(enum re_interpreter kind, const char *host)
{
    struct state *s = path_state;
    struct re_path *path;

    if (!s) {
        return true;            /* no condition asks for anything */
    }
    path = &s->facts.paths[0];
    policy_pin_guest_name(host, path->name, sizeof(path->name));
    path->len = strlen(path->name);
    path->host = strcmp(path->name, host) ? host : NULL;
    return re_interpreter(policy_engine, s->call, kind);
}

/* --- doors ------------------------------------------------------------- */

static bool is_pin(int fd)
{
    return fd >= policy_pin_floor && fd < policy_pin_end;
}

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUSER)

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

static void watch_doors(uint8_t *map)
{
    static const int doors[] = {
        TARGET_NR_close, TARGET_NR_dup3, TARGET_NR_umount2, TARGET_NR_chroot,
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

    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        map[doors[i]] = 1;
    }
}

/* --- start-up ---------------------------------------------------------- */

static void find_slots(const struct st_target *target,
                       const char *const *names, size_t count, bool *slots)
{
    for (unsigned slot = 0; slot < st_slot_count(target); slot++) {
        const char *name = st_slot_name(target, slot);

        name = name ? st_canonical_name(name) : NULL;
        for (size_t i = 0; name && i < count; i++) {
            slots[slot] |= strcmp(name, names[i]) == 0;
        }
    }
}

static void find_calls(const struct st_target *target)
{
    /* The calls whose absolute paths QEMU looks for below -L first. */
    static const char *const redirected[] = {
        "open", "openat", "openat2", "creat", "readlink", "readlinkat",
        "access", "stat", "lstat", "newfstatat", "statx", "statfs",
        "utimensat", "futimesat", "inotify_add_watch", "acct",
        "name_to_handle_at",
        "execve", "execveat",   /* by program.c */
    };
    static const char *const making[] = {
        "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link",
        "linkat", "rename", "renameat", "renameat2", "bind", "creat",
    };

    find_slots(target, redirected, ARRAY_SIZE(redirected), path_redirects);
    find_slots(target, making, ARRAY_SIZE(making), path_makes);
}

void policy_path_start(const struct st_target *target, uint8_t *map)
{
    path_target = target;
    find_calls(target);
    path_guards = map;
    if (map) {
        watch_doors(map);
    }
    pthread_key_create(&path_key, g_free);
    policy_pin_own();
}

/* Another thread was in the middle of a call: in the child, nobody is. */
void policy_path_fork_child(void)
{
    if (path_target) {
        close_range(policy_pin_floor, policy_pin_end - 1, 0);
        policy_pin_own();
    }
}

struct re_facts *policy_path_facts(struct re_call *call)
{
    if (!path_target) {
        return NULL;
    }
    if (!path_state) {
        path_state = g_try_new0(struct state, 1);
        if (!path_state) {
            return NULL;
        }
        pthread_setspecific(path_key, path_state);
    }
    path_state->call = call;
    return &path_state->facts;
}
