/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/path.h"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "apart.h"
#include "descriptors.h"
#include "handover.h"
#include "pin.h"
#include "policy.h"

#define OWN_FDS "/proc/self/fd"
#define LINKS_MAX 40            /* as in the kernel */
#define PARTS_MAX 64            /* names cut off to find what exists */

static char path_root[PATH_MAX];            /* of -L, without links; or "" */
static size_t path_root_len;
static char path_emulator[PATH_MAX];        /* what runs this */
static char path_program[PATH_MAX];         /* what the guest runs; or "" */
static bool leader_gone;                    /* see descriptors() */
static int own_fds = -1;                    /* see policy_pin_own() */

/* --- numbers ----------------------------------------------------------- */

/*
 * Pins stand apart from the guest's descriptors: an open gets the lowest free
 * number, which programs count on, and a guest must not be able to put
 * something else in a pin's place.
 */
static int move_up(int fd)
{
    int high = re_number_move(RE_NUMBERS_PINS, fd);

    return high < 0 ? -errno : high;
}

int policy_pin_duplicate(int fd)
{
    int high = re_number_take(RE_NUMBERS_PINS, fd);

    return high < 0 ? -errno : high;
}

static int open_now(int dirfd, const char *name, int flags, uint64_t resolve)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = { O_PATH | O_CLOEXEC | flags, 0, resolve };

    return resolve ? syscall(__NR_openat2, dirfd, name, &how, sizeof(how)) :
        openat(dirfd, name, how.flags);
}

/* Any number, also where the guest has taken all of its own. */
static int open_low(int dirfd, const char *name, int flags, uint64_t resolve)
{
    return POLICY_LENT(open_now(dirfd, name, flags, resolve));
}

static int open_path(int dirfd, const char *name, int flags, uint64_t resolve)
{
    return move_up(open_low(dirfd, name, flags, resolve));
}

/* For what is closed again before the call goes on: without threads, nobody
 * comes across it. */
static int open_briefly(int dirfd, const char *name, int flags)
{
    int fd;

    if (policy_has_threads()) {
        return open_path(dirfd, name, flags, 0);
    }
    fd = open_low(dirfd, name, flags, 0);
    return fd < 0 ? -errno : fd;
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

static void copy_name(const char *name, char *buf, size_t size)
{
    size_t len = MIN(strlen(name), size - 1);

    memcpy(buf, name, len);
    buf[len] = '\0';
}

/* From the host's canonical name to the guest's. */
void policy_pin_guest_name(const char *host, char *buf, size_t size)
{
    if (path_root_len && is_below(host, path_root, path_root_len)) {
        copy_name(host[path_root_len] ? host + path_root_len : "/", buf,
                  size);
    } else if (!own_proc(host, buf, size)) {
        copy_name(host, buf, size);
    }
}

/* Where this process' descriptors are; by thread when the first thread has
 * ended, for then the process has none in the kernel's eyes. */
static const char *descriptors(void)
{
    return qatomic_read(&leader_gone) ? "/proc/thread-self/fd" : OWN_FDS;
}

/* A descriptor, which is not negative, as digits: the end of them. snprintf()
 * would take as long as finding the file. */
static char *put_number(char *to, int fd)
{
    char digits[16];
    int n = 0;

    do {
        digits[n++] = '0' + fd % 10;
        fd /= 10;
    } while (fd > 0);
    while (n > 0) {
        *to++ = digits[--n];
    }
    *to = '\0';
    return to;
}

/* Its name in /proc: the end of it. Has room in any buffer of
 * PIN_NUMBER_MAX. */
static char *put_link(char *to, int fd)
{
    to = stpcpy(to, descriptors());
    *to++ = '/';
    return put_number(to, fd);
}

void policy_pin_own(void)
{
    int fd = POLICY_LENT(open(OWN_FDS, O_PATH | O_DIRECTORY | O_CLOEXEC));

    re_number_close(own_fds);
    own_fds = policy_set_aside(fd);
}

const char *policy_pin_relative(const char *name, int *dirfd)
{
    size_t len = strlen(OWN_FDS);

    if (own_fds < 0 || strncmp(name, OWN_FDS, len) != 0 || name[len] != '/') {
        return name;
    }
    *dirfd = own_fds;
    return name + len + 1;
}

/* readlink() of a descriptor's name. */
static ssize_t read_link(int fd, char *buf, size_t size)
{
    char link[PIN_NUMBER_MAX];

    if (own_fds >= 0 && !qatomic_read(&leader_gone)) {
        put_number(link, fd);
        return readlinkat(own_fds, link, buf, size);
    }
    put_link(link, fd);
    return readlink(link, buf, size);
}

/* The canonical host name of a descriptor's object. What has no path (a pipe)
 * has no canonical name: -ENOENT. */
static int host_name(int fd, char *buf, size_t size)
{
    ssize_t len = read_link(fd, buf, size - 1);

    if (len < 0 && errno == ENOENT && !qatomic_read(&leader_gone)) {
        qatomic_set(&leader_gone, true);
        len = read_link(fd, buf, size - 1);
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

/* By the file system, which need not be mounted on /proc. */
static bool is_proc(int fd)
{
    struct statfs fs;

    return fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC;
}

/* By what the kernel calls it: it has no folder. */
static bool is_in_memory(const struct pin *pin)
{
    return strncmp(pin->host, "/memfd:", strlen("/memfd:")) == 0;
}

bool policy_pin_is_plain(struct pin *pin)
{
    if (!pin->asked_plain) {
        pin->asked_plain = true;
        pin->plain = !is_in_memory(pin) && !is_proc(pin->fd);
    }
    return pin->plain;
}

int policy_pin_name(int fd, char *buf, size_t size)
{
    return host_name(fd, buf, size);
}

static int append(char *buf, size_t size, const char *name)
{
    size_t len = strlen(buf);

    if (len == 1) {
        len = 0;                /* "/" */
    }
    if (strlen(name) + 2 > size - len) {
        return -ENAMETOOLONG;
    }
    buf[len] = '/';
    strcpy(buf + len + 1, name);
    return 0;
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
        re_number_close(fd);
        return err;
    }
    if (err) {
        pin->host[0] = '\0';
    }
    pin->fd = fd;
    pin->file = true;
    strcpy(put_link(pin->text, fd), stays ? "/." : "");
    return 0;
}

/* A name in a directory, which need not exist. */
static int pin_name(struct pin *pin, int parent, const struct cut *cut)
{
    int err = host_name(parent, pin->host, sizeof(pin->host));
    char *end;

    err = err ? err : append(pin->host, sizeof(pin->host), cut->last);
    if (err) {
        return err;
    }
    pin->fd = parent;
    end = put_link(pin->text, parent);
    *end++ = '/';
    strcpy(stpcpy(end, cut->last), cut->slash ? "/" : "");
    return 0;
}

static int pin_in_parent(struct pin *pin, int dirfd, const struct cut *cut,
                         uint64_t resolve)
{
    int parent = open_path(dirfd, cut->parent, O_DIRECTORY, resolve);
    int err = parent < 0 ? parent : pin_name(pin, parent, cut);

    if (err && parent >= 0) {
        re_number_close(parent);
    }
    return err;
}

/* With RESOLVE_NO_XDEV, what is mounted on the last name is not to be reached. */
static int stays_on_mount(const struct pin *pin, const struct cut *cut,
                          uint64_t resolve)
{
    int fd = resolve & RESOLVE_NO_XDEV ?
        open_path(pin->fd, cut->last, O_NOFOLLOW, RESOLVE_NO_XDEV) : -1;

    re_number_close(fd);
    return fd == -EXDEV ? fd : 0;
}

/* Where a link below the root leads to, as a path from there; "path" is that of
 * the link, and may be "buf". */
static int follow_below(const struct cut *cut, const char *target, char *buf,
                        size_t size)
{
    int len = target[0] == '/' ? snprintf(buf, size, "%s", target) :
        snprintf(buf, size, "%s/%s", cut->parent, target);

    return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

/*
 * What open() with O_CREAT creates, of a path that has just led nowhere: the
 * name itself, or what the last of a chain of links leads to. The pinned name
 * is used without following, so a link that is slipped in later makes the call
 * fail.
 */
static int pin_new(struct pin *pin, int dirfd, const char *path,
                   uint64_t resolve)
{
    bool below = resolve == RESOLVE_IN_ROOT;
    char target[RE_PATH_MAX] POLICY_UNSET, next[RE_PATH_MAX] POLICY_UNSET;
    int from = -1, err = -ELOOP;

    for (int links = 0; links < LINKS_MAX; links++) {
        struct cut cut POLICY_UNSET;
        ssize_t len;
        int parent;

        err = links ? pin_file(pin, dirfd, path, resolve, false, false) :
            -ENOENT;
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
            re_number_close(err ? parent : -1);
            break;
        }
        err = resolve && !below ? -ELOOP : len < 0 ? -errno : 0;
        if (err == -EINVAL) {
            err = -ELOOP;       /* it exists by now: look again */
            re_number_close(parent);
            continue;
        }
        if (err) {
            re_number_close(parent);
            break;
        }
        target[len] = 0;
        if (below) {
            re_number_close(parent);
            err = follow_below(&cut, target, next, sizeof(next));
            path = next;
            if (err) {
                break;
            }
            err = -ELOOP;
            continue;
        }
        err = -ELOOP;
        path = target;
        re_number_close(from);
        dirfd = from = parent;
    }
    re_number_close(from);
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

/* The name of a path that cannot be reached: the part that can, then the
 * rest. */
static void name_unreachable(struct pin *pin, int dirfd, const char *path)
{
    char head[RE_PATH_MAX] POLICY_UNSET;
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
        fd = open_briefly(dirfd, end ? head : path[0] == '/' ? "/" : ".",
                          O_DIRECTORY);
        if (end == 0) {
            break;
        }
    }
    if (fd < 0 || host_name(fd, pin->host, sizeof(pin->host)) < 0 ||
        append_rest(pin->host, sizeof(pin->host), path + end) < 0) {
        pin->host[0] = '\0';
    }
    re_number_close(fd);
}

/* A descriptor in the place of a path: "" with AT_EMPTY_PATH, or NULL. */
int policy_pin_descriptor(struct pin *pin, int dirfd, bool null)
{
    char link[PIN_NUMBER_MAX];
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
    char plain[RE_PATH_MAX] POLICY_UNSET;
    size_t len = strlen(path);
    int fd;

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    memcpy(plain, path, len);
    plain[len] = 0;
    fd = open_briefly(dirfd, plain, 0);
    if (fd < 0 || host_name(fd, pin->host, sizeof(pin->host)) < 0) {
        pin->host[0] = 0;
    }
    re_number_close(fd);
}

static int resolve_path(struct pin *pin, const struct re_path_query *q,
                        const char *path)
{
    struct cut cut POLICY_UNSET;
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
        err = pin_in_parent(pin, q->dirfd, &cut, q->resolve);
        return err ? err : stays_on_mount(pin, &cut, q->resolve);
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
    char own[RE_PATH_MAX] POLICY_UNSET;
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
        re_number_close(pin->fd);
        pin->fd = -1;
        exe.dirfd = AT_FDCWD;
        exe.follow = true;
        exe.create = false;
        exe.resolve = 0;
        return resolve_path(pin, &exe, path_program);
    }
    if (is_exe_link(pin->host)) {
        snprintf(pin->text, sizeof(pin->text), "/proc/self/exe");
        pin->file = false;
    }
    return 0;
}

/* --- made -------------------------------------------------------------- */

int policy_pin_adopt(struct pin *pin, int fd)
{
    pin->fd = policy_pin_duplicate(fd);
    re_number_close(fd);
    if (pin->fd < 0) {
        return pin->fd;
    }
    pin->file = pin->content = true;
    put_link(pin->text, pin->fd);
    return 0;
}

/* A directory in a directory, made if it is not there. */
static int enter(int parent, const char *name)
{
    int fd = open_path(parent, name, O_DIRECTORY | O_NOFOLLOW, 0);

    if (fd == -ENOENT && mkdirat(parent, name, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    return fd != -ENOENT ? fd :
        open_path(parent, name, O_DIRECTORY | O_NOFOLLOW, 0);
}

int policy_pin_make_parents(const char *host)
{
    g_auto(GStrv) parts = g_strsplit(host, "/", -1);
    int fd = open_path(AT_FDCWD, "/", O_DIRECTORY, 0);

    /* The first is empty; the last is the name itself. */
    for (char **part = parts + 1; fd >= 0 && part[0] && part[1]; part++) {
        int next = enter(fd, *part);

        re_number_close(fd);
        fd = next;
    }
    re_number_close(fd);
    return fd < 0 ? fd : 0;
}

/* --- below the root ---------------------------------------------------- */

/* The directories that lead to a name: each is looked for from the root anew,
 * so that links are followed as after chroot. */
static int make_below(int root, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    int parent = open_path(root, "/", O_DIRECTORY, RESOLVE_IN_ROOT);
    char head[RE_PATH_MAX] = "/";

    for (char **part = parts; parent >= 0 && *part; part++) {
        char **rest = part + 1;
        int next;

        while (*rest && !**rest) {
            rest++;
        }
        if (!**part || !*rest) {
            continue;           /* "//", or the name itself */
        }
        next = append(head, sizeof(head), *part);
        next = next ? next : open_path(root, head, O_DIRECTORY,
                                       RESOLVE_IN_ROOT);
        if (next == -ENOENT && mkdirat(parent, *part, 0755) == 0) {
            next = open_path(root, head, O_DIRECTORY, RESOLVE_IN_ROOT);
        }
        re_number_close(parent);
        parent = next;
    }
    re_number_close(parent);
    return parent < 0 ? parent : 0;
}

bool policy_pin_has_root(void)
{
    return path_root_len;
}

int policy_pin_below_root(struct pin *pin, const struct re_path_query *q,
                          const char *name, bool make)
{
    int root = open_path(AT_FDCWD, path_root, O_DIRECTORY, 0), err;
    struct re_path_query below = *q;

    if (root < 0) {
        return root;
    }
    below.dirfd = root;
    below.resolve = RESOLVE_IN_ROOT;
    err = resolve_path(pin, &below, name);
    if (err == -ENOENT && make && make_below(root, name) == 0) {
        err = resolve_path(pin, &below, name);
    }
    re_number_close(root);
    return err;
}

/* --- outside ----------------------------------------------------------- */

int policy_pin_path(struct pin *pin, const struct re_path_query *q,
                    const char *name)
{
    int err = resolve_path(pin, q, name);

    err = err ? err : stand_in(pin, q);
    if (err && !pin->host[0]) {
        name_unreachable(pin, q->dirfd, name);
    }
    return err;
}

int policy_pin_canonical(const char *name, char *buf, size_t size)
{
    char host[RE_PATH_MAX];
    int fd = open_briefly(AT_FDCWD, path(name), 0), err;

    if (fd < 0) {
        return fd;
    }
    err = host_name(fd, host, sizeof(host));
    re_number_close(fd);
    if (!err) {
        /* As stand_in() has it: /proc/self/exe is the guest's program. */
        policy_pin_guest_name(path_program[0] && path_emulator[0] &&
                              strcmp(host, path_emulator) == 0 ?
                              path_program : host, buf, size);
    }
    return err;
}

void policy_pin_prepare(void)
{
    const char *root = path("/");
    ssize_t len = readlink("/proc/self/exe", path_emulator,
                           sizeof(path_emulator) - 1);

    path_emulator[len < 0 ? 0 : len] = '\0';
    /* Not by what it is called: that may be /proc/self/exe, after execve. */
    copy_name(policy_program_name(), path_program, sizeof(path_program));
    if (strcmp(root, "/") != 0 && realpath(root, path_root)) {
        path_root_len = strlen(path_root);
    }
}
