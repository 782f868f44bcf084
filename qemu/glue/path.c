/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/path.h"
#include "fd-trans.h"

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "guest.h"
#include "made.h"
#include "path.h"
#include "path-state.h"
#include "pin.h"
#include "policy.h"

static const struct st_target *path_target;
static bool path_redirects[ST_MAX_SLOTS];   /* by -L */
static bool path_makes[ST_MAX_SLOTS];       /* something, whatever the flags */
static pthread_key_t path_key;
__thread struct path_state *path_state;

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

static void start_pin(struct pin *pin, const struct re_path_query *q)
{
    if (pin->made) {
        re_number_close(pin->fd);
    }
    pin->made = true;
    pin->directory = pin->add_nofollow = pin->file = pin->content = false;
    pin->keeps = pin->asked_plain = false;
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

/* Whether a number is what this thread's call has in the place of a
 * descriptor. */
static bool holds(int fd)
{
    return path_state && (path_state->facts.made & RE_FACT_FDPATH) &&
        path_state->held.fd == fd;
}

int policy_guest_fd(int fd)
{
    return policy_engine && policy_is_own(fd) && !holds(fd) ? -1 :
        fd;
}

int policy_poll_fd(int fd)
{
    return policy_engine && policy_is_own(fd) ? INT_MAX : fd;
}

/*
 * Only another thread can put another file behind the number, so with one
 * thread nothing is held. Closing what is held gives up the locks that fcntl()
 * has set on the file: see docs/policy.md.
 */
void policy_path_descriptor(void *guest, int fd, int reg, struct re_path *path)
{
    struct path_held *held = &path_state->held;
    char host[RE_PATH_MAX] POLICY_UNSET;

    held->reg = reg;
    held->given = fd;
    held->fd = -1;
    held->error = 0;
    if (policy_guest_fd(fd) < 0) {
        return;
    }
    if (policy_has_threads() && !is_about_number(path_state->call->nr)) {
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
        return 0;
    }
    fd = with->fd >= 0 ? policy_duplicate_aside(with->fd) :
        policy_made_aside(with->bytes, with->len, with->name, with->writable);
    pin->keeps = with->fd >= 0;
    if (fd < 0) {
        return with->fd >= 0 ? -EMFILE : fd;
    }
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
    } else if (pin->error == ENOENT && makes(q)) {
        policy_path_make_parents(guest, q);     /* the call says what fails */
    }
    return 0;
}

bool policy_path_interpreter(enum re_interpreter kind, const char *host)
{
    struct path_state *s = path_state;
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

abi_long policy_guest_errno(int error)
{
    const char *name = strerrorname_np(error);
    int number = name ? st_errno_by_name(path_target, name) : -1;

    return number > 0 ? number : TARGET_EIO;
}

/* --- start-up ---------------------------------------------------------- */

static void find_slots(const struct st_target *target,
                       const char *const *names, size_t count, bool *slots)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t found[ST_MAX_SPELLINGS];
        unsigned n = st_slots_of_name(target, names[i], found);

        while (n > 0) {
            slots[found[--n]] = true;
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
    policy_path_watch(map);
    pthread_key_create(&path_key, g_free);
    policy_pin_own();
}

void policy_path_fork_child(void)
{
    if (path_target) {
        policy_pin_own();
    }
}

struct re_facts *policy_path_facts(struct re_call *call)
{
    if (!path_target) {
        return NULL;
    }
    if (!path_state) {
        path_state = g_try_new0(struct path_state, 1);
        if (!path_state) {
            return NULL;
        }
        pthread_setspecific(path_key, path_state);
    }
    path_state->call = call;
    return &path_state->facts;
}
