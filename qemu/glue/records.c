/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that remove, rename, link, cut or replace files by name. What a name
 * leads to may change between a look and its use, so each call is made on the
 * folder that has been looked into, with a copy of the last part of the name:
 * since the same is refused to all, what an entry of a folder is as a record,
 * it stays.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "faults.h"
#include "look.h"
#include "policy.h"
#include "records.h"


/* Among the emulator's own. A log that goes on in another file keeps its
 * number. */
static int files[RE_HIGH_COUNT];
static unsigned file_count;

/* --- which they are ----------------------------------------------------- */

/* A file that the emulator writes, and that has a name. What is the guest's own
 * standard error as well is not kept from it. */
static bool is_written(int own)
{
    int flags = fcntl(own, F_GETFL);
    struct stat st;

    return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) &&
        fstat(own, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 0 &&
        !policy_same_file(policy_message_fd(), &st);
}

void policy_records_prepare(void)
{
    file_count = 0;
    for (int own = policy_floor; own < policy_floor + RE_HIGH_COUNT; own++) {
        if (is_written(own)) {
            files[file_count++] = own;
        }
    }
}

bool policy_records_kept(void)
{
    return file_count > 0;
}

/* One of them, or what a log will go on in. */
static bool is_record(const struct stat *st)
{
    struct stat named;
    const char *name;
    int folder;

    if (!S_ISREG(st->st_mode) || policy_same_file(policy_message_fd(), st)) {
        return false;
    }
    for (unsigned i = 0; i < file_count; i++) {
        if (policy_same_file(files[i], st)) {
            return true;
        }
    }
    for (unsigned i = 0; re_engine_log_name(policy_engine, i, &folder, &name);
         i++) {
        if (name && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            named.st_dev == st->st_dev && named.st_ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

bool policy_records_has(int fd)
{
    struct stat st;

    return file_count && fstat(fd, &st) == 0 && is_record(&st);
}

bool policy_records_named(int folder, const char *last)
{
    const char *name;
    struct stat st;
    int own;

    for (unsigned i = 0; re_engine_log_name(policy_engine, i, &own, &name);
         i++) {
        if (name && strcmp(name, last) == 0 && fstat(folder, &st) == 0 &&
            policy_same_file(own, &st)) {
            return true;
        }
    }
    return false;
}

bool policy_records_alike(const char *path)
{
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    const char *name;
    int own;

    for (unsigned i = 0; re_engine_log_name(policy_engine, i, &own, &name);
         i++) {
        if (name && strcmp(name, last) == 0) {
            return true;
        }
    }
    return false;
}

/* --- places -------------------------------------------------------------- */

/* An entry of an open folder; or a path that can lead to a folder only, as it
 * is. */
struct place {
    int folder;
    bool open;                  /* "folder" is to be closed */
    char last[PATH_MAX];        /* with a slash, if one was behind it */
    char bare[NAME_MAX + 1];    /* without; "": a folder in any case */
};

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The last part of a path, which ends before it then. 0 or a host errno. */
static int cut(char *path, struct place *ret)
{
    size_t end = strlen(path), start, len;

    while (end > 0 && path[end - 1] == '/') {
        end--;
    }
    start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    len = end - start;
    if (len > NAME_MAX) {
        return ENAMETOOLONG;
    }
    memcpy(ret->bare, path + start, len);
    ret->bare[len] = '\0';
    if (len == 0 || is_dots(ret->bare)) {
        ret->bare[0] = '\0';
        strcpy(ret->last, path);
        return 0;
    }
    sprintf(ret->last, "%s%s", ret->bare, path[end] ? "/" : "");
    path[start] = '\0';
    return 0;
}

/* Where no thread of the guest can put something else in its place, for as long
 * as it is needed; -1 is passed on. EMFILE also when one was quicker: it is
 * done apart then. */
static int hold(int fd, int dirfd, const char *path, bool moves)
{
    int high = moves ? policy_look_take_named(fd, dirfd, path, 0) : fd;

    errno = high < 0 && errno == EAGAIN ? EMFILE : errno;
    return high;
}

static void let_go(int fd, bool moves)
{
    if (moves) {
        policy_look_done(fd);
    } else {
        re_number_close(fd);
    }
}

/* 0 or a host errno. */
static int find_place(struct place *ret, int dirfd, const char *path,
                      bool moves)
{
    char copy[PATH_MAX];
    const char *folder;
    int err;

    strcpy(copy, path);
    err = cut(copy, ret);
    if (err || !ret->bare[0]) {
        ret->folder = dirfd;
        return err;
    }
    folder = copy[0] ? copy : ".";
    ret->folder = hold(POLICY_LENT(openat(dirfd, folder, O_PATH | O_DIRECTORY |
                                          O_CLOEXEC)), dirfd, folder, moves);
    ret->open = ret->folder >= 0;
    return ret->open ? 0 : errno;
}

static bool is_kept(const struct place *place)
{
    struct stat st;

    return place->bare[0] &&
        (policy_records_named(place->folder, place->bare) ||
         (fstatat(place->folder, place->bare, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
          is_record(&st)));
}

/* --- calls ---------------------------------------------------------------- */

/* A call on its way: "make" gets the places of its paths. */
struct act {
    int (*make)(const struct act *act, const struct place places[2]);
    int count;                  /* of places: 1, 2 */
    bool object;                /* paths[0] is followed to its object, ... */
    bool empty;                 /* ... or is none: dirfds[0] itself */
    bool apart;                 /* for its working folder's sake */
    int dirfds[2];
    const char *paths[2];
    int flags;
    mode_t mode;
    dev_t device;
    off_t length;
    bool moves;                 /* what is open is moved out of reach */
    int found;                  /* the object, O_PATH; or -1 */
    int ret, error;
};

/* What a path leads to, or a descriptor itself; 0 or a host errno. */
static int find_object(struct act *act)
{
    const char *path = act->empty ? "" : act->paths[0];
    int fd = act->empty ? fcntl(act->dirfds[0], F_DUPFD_CLOEXEC, 0) :
        openat(act->dirfds[0], path, O_PATH | O_CLOEXEC);

    act->found = hold(fd, act->dirfds[0], path, act->moves);
    return act->found < 0 ? errno : policy_records_has(act->found) ||
        policy_look_refuses(act->found, true) ? EACCES : 0;
}

static int find_and_make(struct act *act)
{
    struct place places[2] = { 0 };
    int err = act->object ? find_object(act) : 0;

    for (int i = act->object; i < act->count && !err; i++) {
        err = find_place(&places[i], act->dirfds[i], act->paths[i], act->moves);
        err = err ? err : is_kept(&places[i]) ? EACCES : 0;
    }
    if (!err) {
        err = act->make(act, places) < 0 ? errno : 0;
    }
    for (int i = 0; i < 2; i++) {
        if (places[i].open) {
            let_go(places[i].folder, act->moves);
        }
    }
    if (act->found >= 0) {
        let_go(act->found, act->moves);
    }
    act->found = -1;
    return err;
}

static void carry_out(void *opaque)
{
    struct act *act = opaque;

    act->error = find_and_make(act);
}

/* Of the guest's string, which may be changing, there is one copy. It may be
 * gone, too: nothing is open yet. 0 or a host errno. */
static int copy_path(const char **path, char *copy)
{
    int met = policy_guarded_copy(copy, *path, PATH_MAX, true);

    *path = copy;
    return met < 0 ? EFAULT : !met ? ENAMETOOLONG : !copy[0] ? ENOENT : 0;
}

/* Among threads with numbers of the emulator's own; when there are none left,
 * or the call needs a working folder, apart. */
static int make(struct act *act)
{
    char copies[2][PATH_MAX] POLICY_UNSET;
    int err = 0;

    for (int i = act->empty; i < 2 && act->paths[i] && !err; i++) {
        err = copy_path(&act->paths[i], copies[i]);
    }
    if (err) {
        errno = err;
        return -1;
    }
    act->found = -1;
    act->moves = !act->apart && policy_has_threads();
    if (!act->apart) {
        carry_out(act);
    }
    if (act->apart || (act->moves && act->error == EMFILE)) {
        act->moves = false;
        err = policy_apart(carry_out, act);
    }
    errno = err ? err : act->error;
    return errno ? -1 : 0;
}

static int make_unlink(const struct act *act, const struct place places[2])
{
    return unlinkat(places[0].folder, places[0].last, act->flags);
}

int policy_unlinkat(int dirfd, const char *path, int flags)
{
    struct act act = {
        .make = make_unlink, .count = 1, .dirfds = { dirfd }, .paths = { path },
        .flags = flags,
    };

    return file_count && !(flags & AT_REMOVEDIR) ? make(&act) :
        unlinkat(dirfd, path, flags);
}

static int make_rename(const struct act *act, const struct place places[2])
{
    return !act->flags ?
        renameat(places[0].folder, places[0].last, places[1].folder,
                 places[1].last) :
        syscall(__NR_renameat2, places[0].folder, places[0].last,
                places[1].folder, places[1].last, act->flags);
}

int policy_renameat2(int from, const char *path, int to, const char *new,
                     unsigned flags)
{
    struct act act = {
        .make = make_rename, .count = 2, .dirfds = { from, to },
        .paths = { path, new }, .flags = flags,
    };

    return file_count ? make(&act) : flags ?
        syscall(__NR_renameat2, from, path, to, new, flags) :
        renameat(from, path, to, new);
}

static int make_link(const struct act *act, const struct place places[2])
{
    char name[40];

    if (!act->object) {
        return linkat(places[0].folder, places[0].last, places[1].folder,
                      places[1].last, act->flags);
    }
    if (act->empty) {
        return linkat(act->found, "", places[1].folder, places[1].last,
                      act->flags);
    }
    snprintf(name, sizeof(name), "thread-self/fd/%d", act->found);
    return linkat(policy_proc_fd(), name, places[1].folder, places[1].last,
                  act->flags);
}

int policy_linkat(int from, const char *path, int to, const char *new,
                  int flags)
{
    struct act act = {
        .make = make_link, .count = 2, .dirfds = { from, to },
        .paths = { path, new }, .flags = flags,
        .empty = (flags & AT_EMPTY_PATH) && !path[0],
    };

    act.object = act.empty || (flags & AT_SYMLINK_FOLLOW);
    return file_count ? make(&act) : linkat(from, path, to, new, flags);
}

/* The name of what has been found, for calls that know names alone: from the
 * folder /proc, wherever a guest's "/" may be. The thread's own, and so
 * apart. */
static bool name_object(const struct act *act, char name[40])
{
    snprintf(name, 40, "thread-self/fd/%d", act->found);
    return fchdir(policy_proc_fd()) == 0;
}

static int make_shorter(const struct act *act, const struct place places[2])
{
    char name[40];

    return name_object(act, name) ? truncate(name, act->length) : -1;
}

int policy_truncate(const char *path, off_t length)
{
    struct act act = {
        .make = make_shorter, .object = true, .apart = true,
        .dirfds = { AT_FDCWD }, .paths = { path }, .length = length,
    };

    return file_count ? make(&act) : truncate(path, length);
}

static int make_account(const struct act *act, const struct place places[2])
{
    char name[40];

    return name_object(act, name) ? acct(name) : -1;
}

int policy_acct(const char *path)
{
    struct act act = {
        .make = make_account, .object = true, .apart = true,
        .dirfds = { AT_FDCWD }, .paths = { path },
    };

    return file_count && path ? make(&act) : acct(path);
}

/* What is made in the place of a log that has just been renamed would be what
 * the log goes on in, or would keep it from going on. */

static int make_symlink(const struct act *act, const struct place places[2])
{
    return symlinkat(act->paths[1], places[0].folder, places[0].last);
}

int policy_symlinkat(const char *target, int dirfd, const char *path)
{
    struct act act = {
        .make = make_symlink, .count = 1, .dirfds = { dirfd },
        .paths = { path, target },
    };

    return file_count ? make(&act) : symlinkat(target, dirfd, path);
}

static int make_folder(const struct act *act, const struct place places[2])
{
    return mkdirat(places[0].folder, places[0].last, act->mode);
}

int policy_mkdirat(int dirfd, const char *path, mode_t mode)
{
    struct act act = {
        .make = make_folder, .count = 1, .dirfds = { dirfd }, .paths = { path },
        .mode = mode,
    };

    return file_count ? make(&act) : mkdirat(dirfd, path, mode);
}

static int make_node(const struct act *act, const struct place places[2])
{
    return mknodat(places[0].folder, places[0].last, act->mode, act->device);
}

int policy_mknodat(int dirfd, const char *path, mode_t mode, dev_t device)
{
    struct act act = {
        .make = make_node, .count = 1, .dirfds = { dirfd }, .paths = { path },
        .mode = mode, .device = device,
    };

    return file_count ? make(&act) : mknodat(dirfd, path, mode, device);
}
