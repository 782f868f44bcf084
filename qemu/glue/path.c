/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"
#include "qemu/path.h"
#include "special-errno.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <ruleengine/engine.h>

#include "policy.h"
#include "path.h"

#define PINS 3                  /* path, path2, the path of an address */
#define LINKS_MAX 40            /* as in the kernel */
#define OWN_NUMBERS 64          /* at the end of the table, for QEMU itself */
#define PARTS_MAX 64            /* names cut off to find what exists */
#define NUMBER_MAX 48             /* bytes of "/proc/thread-self/fd/N" */
#define TEXT_MAX (NUMBER_MAX + NAME_MAX + 4)

/* Magic addresses, 16 bytes apart. */
enum {
    MAGIC_PATH = 1,             /* + index of the pin */
    MAGIC_ADDRESS = MAGIC_PATH + PINS,
    MAGIC_MESSAGE,
    MAGIC_HOW,
};

/* One resolved path. */
struct pin {
    bool made;
    bool directory;             /* fd goes in the place of the descriptor */
    bool add_nofollow;          /* nobody may slip a link in */
    bool plain;                 /* not in /proc: QEMU fakes nothing there */
    bool file;                  /* text is the descriptor and no more */
    int error;                  /* host errno; the call must fail with it */
    int fd;                     /* -1: none */
    int reg, dirfd_reg, flags_reg;      /* -1: none */
    uint64_t arg;               /* of reg, when it was resolved */
    char text[TEXT_MAX];
    char given[RE_PATH_MAX];    /* the guest's string */
    char host[RE_PATH_MAX];     /* canonical, on the host */
};

struct state {
    struct re_facts facts;
    struct pin pins[PINS];
    const struct re_call *call;     /* that is being carried out */
    bool applied;
    unsigned char address[RE_SOCKADDR_MAX + 16];
    struct target_msghdr message;
    uint64_t how[RE_OPEN_HOW];      /* in the guest's order */
};

static const struct st_target *path_target;
static bool path_redirects[ST_MAX_SLOTS];   /* by -L */
static char path_root[PATH_MAX];            /* of -L, without links; or "" */
static size_t path_root_len;
static char path_emulator[PATH_MAX];        /* what runs this */
static int pin_floor, pin_end;              /* numbers of pins */
static bool leader_gone;                    /* see descriptors() */
static pthread_key_t path_key;
static __thread struct state *path_state;

/* --- numbers ----------------------------------------------------------- */

/*
 * Pins stand apart from the guest's descriptors: an open gets the lowest free
 * number, which programs count on, and a guest must not be able to put
 * something else in a pin's place.
 */
static int move_up(int fd)
{
    int high;

    if (fd < 0) {
        return -errno;
    }
    high = fcntl(fd, F_DUPFD_CLOEXEC, pin_floor);
    close(fd);
    if (high >= pin_end) {
        close(high);
        high = -1;
    }
    return high < 0 ? -EMFILE : high;
}

static int open_path(int dirfd, const char *name, int flags, uint64_t resolve)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = { O_PATH | O_CLOEXEC | flags, 0, resolve };

    return move_up(resolve ? syscall(__NR_openat2, dirfd, name, &how,
                                     sizeof(how)) :
                   openat(dirfd, name, how.flags));
}

static void close_pin(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

/* --- names ------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir, size_t len)
{
    return strncmp(path, dir, len) == 0 &&
        (path[len] == '/' || path[len] == '\0');
}

/* "/proc/123/..." of this process is what the guest calls /proc/self. */
static const char *own_proc(const char *host, char *buf, size_t size)
{
    char own[32];
    int len;

    if (strncmp(host, "/proc/", 6) != 0 || !g_ascii_isdigit(host[6])) {
        return NULL;
    }
    len = snprintf(own, sizeof(own), "/proc/%d", getpid());
    if (!is_below(host, own, len)) {
        return NULL;
    }
    snprintf(buf, size, "/proc/self%s", host + len);
    return buf;
}

/* From the host's canonical name to the guest's. */
static void guest_name(const char *host, char *buf, size_t size)
{
    if (path_root_len && is_below(host, path_root, path_root_len)) {
        snprintf(buf, size, "%s", host[path_root_len] ?
                 host + path_root_len : "/");
    } else if (!own_proc(host, buf, size)) {
        snprintf(buf, size, "%s", host);
    }
}

/* Where this process' descriptors are; by thread when the first thread has
 * ended, for then the process has none in the kernel's eyes. */
static const char *descriptors(void)
{
    return qatomic_read(&leader_gone) ? "/proc/thread-self/fd" :
        "/proc/self/fd";
}

/* The canonical host name of a descriptor's object. What has no path (a pipe)
 * has no canonical name: -ENOENT. */
static int host_name(int fd, char *buf, size_t size)
{
    char link[NUMBER_MAX];
    ssize_t len;

    snprintf(link, sizeof(link), "%s/%d", descriptors(), fd);
    len = readlink(link, buf, size - 1);
    if (len < 0 && errno == ENOENT && !qatomic_read(&leader_gone)) {
        qatomic_set(&leader_gone, true);
        snprintf(link, sizeof(link), "%s/%d", descriptors(), fd);
        len = readlink(link, buf, size - 1);
    }
    if (len < 0) {
        return -EACCES;         /* /proc is not what it was */
    }
    buf[len] = '\0';
    if ((size_t)len >= size - 1) {
        return -ENAMETOOLONG;
    }
    return buf[0] == '/' ? 0 : -ENOENT;
}

static int append(char *buf, size_t size, const char *name)
{
    size_t len = strlen(buf);

    if (len == 1) {
        len = 0;                /* "/" */
    }
    return (size_t)snprintf(buf + len, size - len, "/%s", name) <
        size - len ? 0 : -ENAMETOOLONG;
}

/* --- resolving --------------------------------------------------------- */

/* A path cut in two: "parent" ends where "last" starts. */
struct cut {
    char parent[RE_PATH_MAX];
    char last[NAME_MAX + 1];
    bool slash;                 /* there were slashes behind it */
    bool dot;                   /* last is "", "." or ".." */
};

static int cut_path(const char *path, struct cut *ret)
{
    size_t end = strlen(path), start;

    ret->slash = false;
    while (end > 0 && path[end - 1] == '/') {
        end--;
        ret->slash = true;
    }
    start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    if (end - start > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(ret->last, path + start, end - start);
    ret->last[end - start] = '\0';
    memcpy(ret->parent, path, start);
    ret->parent[start] = '\0';
    if (start == 0) {
        strcpy(ret->parent, path[0] == '/' ? "/" : ".");
    }
    ret->dot = end == start || strcmp(ret->last, ".") == 0 ||
        strcmp(ret->last, "..") == 0;
    return 0;
}

/* The file itself. "stays": the call says not to follow links, so that the
 * text must not look like one. */
static int pin_file(struct pin *pin, int dirfd, const char *path,
                    uint64_t resolve, bool slash, bool stays)
{
    int fd = open_path(dirfd, path, slash ? O_DIRECTORY : 0, resolve), err;

    if (fd < 0) {
        return fd;
    }
    err = host_name(fd, pin->host, sizeof(pin->host));
    if (err && err != -ENOENT) {
        close(fd);
        return err;
    }
    if (err) {
        pin->host[0] = '\0';
    }
    pin->fd = fd;
    pin->file = true;
    snprintf(pin->text, sizeof(pin->text), "%s/%d%s", descriptors(), fd,
             stays ? "/." : "");
    return 0;
}

/* A name in a directory, which need not exist. */
static int pin_name(struct pin *pin, int parent, const struct cut *cut)
{
    int err = host_name(parent, pin->host, sizeof(pin->host));

    err = err ? err : append(pin->host, sizeof(pin->host), cut->last);
    if (err) {
        return err;
    }
    pin->fd = parent;
    snprintf(pin->text, sizeof(pin->text), "%s/%d/%s%s", descriptors(), parent,
             cut->last, cut->slash ? "/" : "");
    return 0;
}

static int pin_in_parent(struct pin *pin, int dirfd, const struct cut *cut,
                         uint64_t resolve)
{
    int parent = open_path(dirfd, cut->parent, O_DIRECTORY, resolve);
    int err = parent < 0 ? parent : pin_name(pin, parent, cut);

    if (err && parent >= 0) {
        close(parent);
    }
    return err;
}

/*
 * What open() with O_CREAT creates: the name itself, or what the last of a
 * chain of links leads to. The pinned name is used without following, so a
 * link that is slipped in later makes the call fail.
 */
static int pin_new(struct pin *pin, int dirfd, const char *path,
                   uint64_t resolve)
{
    char target[RE_PATH_MAX];
    int from = -1, err = -ELOOP;

    for (int links = 0; links < LINKS_MAX; links++) {
        struct cut cut;
        ssize_t len;
        int parent;

        err = pin_file(pin, dirfd, path, resolve, false, false);
        if (err != -ENOENT) {
            break;
        }
        err = cut_path(path, &cut);
        if (err || cut.dot || cut.slash) {
            err = err ? err : cut.slash ? -EISDIR : -ENOENT;
            break;
        }
        parent = open_path(dirfd, cut.parent, O_DIRECTORY, resolve);
        err = parent;
        if (parent < 0) {
            break;
        }
        len = readlinkat(parent, cut.last, target, sizeof(target) - 1);
        if (len < 0 && errno == ENOENT) {
            err = pin_name(pin, parent, &cut);
            pin->add_nofollow = true;
            close_pin(err ? parent : -1);
            break;
        }
        err = resolve ? -ELOOP : len < 0 ? -errno : 0;
        if (err == -EINVAL) {
            err = -ELOOP;       /* it exists by now: look again */
            close(parent);
            continue;
        }
        if (err) {
            close(parent);
            break;
        }
        err = -ELOOP;
        target[len] = 0;
        path = target;
        close_pin(from);
        dirfd = from = parent;
    }
    close_pin(from);
    return err;
}

/* Names that do not exist, tidied: what is left of "a/./b/../c" is "a/c". */
static int append_rest(char *buf, size_t size, const char *rest)
{
    g_auto(GStrv) parts = g_strsplit(rest, "/", -1);
    size_t base = strlen(buf);

    for (char **part = parts; *part; part++) {
        if (!**part || strcmp(*part, ".") == 0) {
            continue;
        }
        if (strcmp(*part, "..") == 0) {
            char *slash = strrchr(buf, '/');

            if (slash && (size_t)(slash - buf) >= base) {
                *slash = '\0';
            }
        } else if (append(buf, size, *part) < 0) {
            return -ENAMETOOLONG;
        }
    }
    return 0;
}

/* The name of a path that cannot be reached: the part that can, and the rest. */
static void name_unreachable(struct pin *pin, int dirfd, const char *path)
{
    char head[RE_PATH_MAX];
    size_t end = strlen(path);
    int fd = -1;

    for (int i = 0; i < PARTS_MAX && fd < 0; i++) {
        while (end > 0 && path[end - 1] == '/') {
            end--;
        }
        while (end > 0 && path[end - 1] != '/') {
            end--;
        }
        memcpy(head, path, end);
        head[end] = '\0';
        fd = open_path(dirfd, end ? head : path[0] == '/' ? "/" : ".",
                       O_DIRECTORY, 0);
        if (end == 0) {
            break;
        }
    }
    if (fd < 0 || host_name(fd, pin->host, sizeof(pin->host)) < 0 ||
        append_rest(pin->host, sizeof(pin->host), path + end) < 0) {
        pin->host[0] = '\0';
    }
    close_pin(fd);
}

/* A descriptor in the place of a path: "" with AT_EMPTY_PATH, or NULL. */
static int pin_descriptor(struct pin *pin, int dirfd, bool null)
{
    char link[NUMBER_MAX];
    int err;

    if (dirfd == AT_FDCWD) {
        snprintf(link, sizeof(link), ".");
    } else {
        snprintf(link, sizeof(link), "%s/%d", descriptors(), dirfd);
    }
    err = pin_file(pin, AT_FDCWD, link, 0, false, false);
    if (err == -ENOENT && dirfd != AT_FDCWD) {
        err = -EBADF;
    }
    pin->directory = !null;
    return err;
}

/* "file/", which is none: the name of the file. */
static void name_file(struct pin *pin, int dirfd, const char *path)
{
    char plain[RE_PATH_MAX];
    size_t len = strlen(path);
    int fd;

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    memcpy(plain, path, len);
    plain[len] = 0;
    fd = open_path(dirfd, plain, 0, 0);
    if (fd < 0 || host_name(fd, pin->host, sizeof(pin->host)) < 0) {
        pin->host[0] = 0;
    }
    close_pin(fd);
}

static int resolve_path(struct pin *pin, const struct re_path_query *q,
                        const char *path)
{
    struct cut cut;
    bool follow;
    int err = cut_path(path, &cut);

    if (err) {
        return err;
    }
    follow = cut.dot || q->follow || (cut.slash && !q->is_directory);
    if (q->is_directory && !(cut.dot && cut.last[0] == '\0')) {
        follow = false;
    }
    if (!follow) {
        return pin_in_parent(pin, q->dirfd, &cut, q->resolve);
    }
    err = pin_file(pin, q->dirfd, path, q->resolve, cut.slash, !q->follow);
    if (err == -ENOENT) {
        /* Named even where nothing is created: a link into the unknown must
         * not tell, by the error, what there is. */
        err = pin_new(pin, q->dirfd, path, q->resolve);
        err = err == 0 && pin->add_nofollow && !q->create ? -ENOENT : err;
    } else if (err == -ENOTDIR && cut.slash) {
        name_file(pin, q->dirfd, path);
    }
    return err;
}

/* --- QEMU's own names -------------------------------------------------- */

/* "exe" in this process' own folder of /proc, or in one of its threads'. */
static bool is_exe_link(const char *host)
{
    char own[RE_PATH_MAX];
    const char *name = own_proc(host, own, sizeof(own));
    size_t digits;

    if (!name) {
        return false;
    }
    name += strlen("/proc/self");
    if (strncmp(name, "/task/", 6) == 0) {
        digits = strspn(name + 6, "0123456789");
        name += 6 + digits;
    }
    return strcmp(name, "/exe") == 0;
}

/*
 * Links to the emulator are links to the guest's program: followed, it is
 * resolved instead; itself, QEMU answers for it by this name alone.
 */
static int stand_in(struct pin *pin, const struct re_path_query *q)
{
    struct re_path_query exe = *q;

    if (pin->fd >= 0 && path_emulator[0] &&
        strcmp(pin->host, path_emulator) == 0) {
        close_pin(pin->fd);
        pin->fd = -1;
        exe.dirfd = AT_FDCWD;
        exe.follow = true;
        exe.create = false;
        exe.resolve = 0;
        return resolve_path(pin, &exe, real_exec_path);
    }
    if (is_exe_link(pin->host)) {
        snprintf(pin->text, sizeof(pin->text), "/proc/self/exe");
        pin->file = false;
    }
    return 0;
}

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

void policy_path_resolve(void *guest, const struct re_path_query *q,
                         struct re_path *path)
{
    struct pin *pin = &path_state->pins[q->index];
    const char *name;
    int err = 0;

    pin->made = true;
    pin->directory = pin->add_nofollow = pin->file = false;
    pin->error = 0;
    pin->fd = -1;
    pin->reg = q->reg;
    pin->dirfd_reg = q->dirfd_reg;
    pin->flags_reg = q->flags_reg;
    pin->arg = q->addr;
    pin->host[0] = '\0';
    if (q->null_is_dirfd && (abi_ulong)q->addr == 0) {
        pin->given[0] = '\0';
        err = pin_descriptor(pin, q->dirfd, true);
    } else {
        copy_given(pin, guest, q);
        if (pin->error) {
            return;
        }
        name = q->resolve ? pin->given : redirected(pin->given);
        if (!name[0]) {
            err = q->empty_is_dirfd ? pin_descriptor(pin, q->dirfd, false) :
                -ENOENT;
        } else {
            err = resolve_path(pin, q, name);
            err = err ? err : stand_in(pin, q);
            if (err && !pin->host[0]) {
                name_unreachable(pin, q->dirfd, name);
            }
        }
    }
    pin->error = -err;
    pin->plain = strncmp(pin->host, "/proc", 5) != 0;
    if (pin->host[0]) {
        guest_name(pin->host, path->name, sizeof(path->name));
        path->len = strlen(path->name);
        path->host = strcmp(path->name, pin->host) ? pin->host : NULL;
    }
}

int policy_path_canonical(const char *name, char *buf, size_t size)
{
    char host[RE_PATH_MAX];
    int fd = open_path(AT_FDCWD, path(name), 0, 0), err;

    if (fd < 0) {
        return fd;
    }
    err = host_name(fd, host, sizeof(host));
    close(fd);
    if (!err) {
        guest_name(host, buf, size);
    }
    return err;
}

/* --- carrying out ------------------------------------------------------ */

static abi_long guest_errno(int error)
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
            return -guest_errno(pin->error);
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
        resolve = 0;            /* it has been resolved that way */
    }
    s->how[0] = tswap64(flags);
    s->how[1] = tswap64(f->how[1]);
    s->how[2] = tswap64(resolve);
    call->args[f->how_reg] = (abi_long)magic(MAGIC_HOW);
    return 0;
}

/* A local socket's path is replaced in the address itself. */
static abi_long put_unix_path(struct state *s, unsigned *ret_len)
{
    const struct pin *pin = &s->pins[2];
    size_t len = strlen(pin->text);

    if (pin->error) {
        return -guest_errno(pin->error);
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

static abi_long apply_address(struct state *s, struct re_call *call)
{
    const struct re_address *a = &s->facts.address;
    abi_ulong name = 0;
    unsigned len = 0;
    abi_long ret = 0;

    if (!(s->facts.made & RE_FACT_ADDRESS)) {
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

abi_long policy_path_apply(struct re_call *call)
{
    struct state *s = path_state;
    abi_long ret;

    if (!s || !s->facts.made) {
        return 0;
    }
    ret = apply_how(s, call);
    ret = ret ? ret : apply_paths(s, call);
    ret = ret ? ret : apply_address(s, call);
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
    s->facts.made = 0;
    for (unsigned i = 0; i < PINS; i++) {
        if (s->pins[i].made) {
            close_pin(s->pins[i].fd);
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

    return i >= 0 && i < PINS && path_state->pins[i].made ?
        path_state->pins[i].text : NULL;
}

void *policy_bytes(abi_ulong addr, size_t len)
{
    struct state *s = path_state;

    switch (which_of(addr)) {
    case MAGIC_ADDRESS:
        return len < sizeof(s->address) ? s->address : NULL;
    case MAGIC_MESSAGE:
        return len <= sizeof(s->message) ? &s->message : NULL;
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

    if (!policy_string(addr)) {
        return NULL;
    }
    pin = &path_state->pins[which_of(addr) - MAGIC_PATH];
    *ret_fd = pin->file ? pin->fd : -1;
    return pin->given;
}

/* --- doors ------------------------------------------------------------- */

static bool is_pin(int fd)
{
    return fd >= pin_floor && fd < pin_end;
}

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUSER)

/* Whether a guest would lower the number of descriptors below its pins'. */
static bool lowers_limit(const struct re_call *call, abi_ulong addr,
                         unsigned size)
{
    unsigned char bytes[8] = { 0 };
    uint64_t limit;

    if (addr == 0 ||
        policy_guest_ops.read(call->guest, addr, bytes, size) < 0) {
        return false;
    }
    limit = size == 8 ? ldq_p(bytes) : (uint32_t)ldl_p(bytes);
    return limit < pin_end;
}

bool policy_path_guard(struct re_call *call, abi_long *ret)
{
    uint64_t *a = call->args;
    bool refused = false;

    *ret = -TARGET_EBADF;
    switch (path_target ? call->nr : -1) {
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
        if ((unsigned)a[0] < pin_end && (unsigned)a[1] >= pin_floor) {
            refused = (unsigned)a[0] >= pin_floor;
            *ret = 0;
            a[1] = pin_floor - 1;
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
#ifdef TARGET_NR_move_mount
    case TARGET_NR_move_mount:
#endif
        *ret = -TARGET_EPERM;
        refused = true;
        break;
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

/* The calls whose absolute paths QEMU looks for below -L first. */
static void find_redirects(const struct st_target *target)
{
    static const char *const names[] = {
        "open", "openat", "openat2", "creat", "readlink", "readlinkat",
        "access", "stat", "lstat", "newfstatat", "statx", "statfs",
        "utimensat", "futimesat", "inotify_add_watch", "acct",
        "name_to_handle_at",
    };

    for (unsigned slot = 0; slot < st_slot_count(target); slot++) {
        const char *name = st_slot_name(target, slot);

        name = name ? st_canonical_name(name) : NULL;
        for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
            path_redirects[slot] |= strcmp(name, names[i]) == 0;
        }
    }
}

void policy_path_prepare(void)
{
    const char *root = path("/");
    ssize_t len = readlink("/proc/self/exe", path_emulator,
                           sizeof(path_emulator) - 1);
    struct rlimit limit;

    path_emulator[len < 0 ? 0 : len] = '\0';
    if (strcmp(root, "/") != 0 && realpath(root, path_root)) {
        path_root_len = strlen(path_root);
    }
    /* As high as a table of descriptors may sensibly grow: a server should
     * not get there. */
    pin_end = getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 65536 ?
        65536 : limit.rlim_cur;
    pin_end -= OWN_NUMBERS;
    pin_floor = pin_end > 512 ? pin_end - 192 : pin_end / 2;
}

void policy_path_start(const struct st_target *target, uint8_t *map)
{
    path_target = target;
    find_redirects(target);
    watch_doors(map);
    pthread_key_create(&path_key, g_free);
}

/* Another thread was in the middle of a call: in the child, nobody is. */
void policy_path_fork_child(void)
{
    if (path_target) {
        close_range(pin_floor, pin_end - 1, 0);
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
