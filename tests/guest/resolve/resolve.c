/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * openat2 with every kind of name, flag and way to resolve it, in a folder that
 * it fills: what each comes to, a line each.
 *
 *     resolve FOLDER
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
    "a", "./a", "d/b", "d/../a", "d/..", "..", "../out", "d/../../out", ".",
    "", "/", "/a", "/d/b", "/etc/..", "to-a", "to-d/b", "to-d", "to-d/", "a/",
    "d/", "up", "up/out", "absolute", "d/root", "d/root/a", "loop", "nowhere",
    "no/such", "new", "d/new", "to-new", "d/to-new", "d/root-new", "/new",
    "/proc", "/proc/self", "/proc/self/root/proc", "/proc/self/cwd",
    "/proc/self/cwd/a", "to-proc", "to-proc/self", "up-new", "a/b", "d/../new",
};

static const uint64_t flags[] = {
    O_RDONLY, O_PATH, O_PATH | O_NOFOLLOW, O_NOFOLLOW, O_DIRECTORY,
    O_PATH | O_DIRECTORY | O_NOFOLLOW, O_RDWR, O_RDWR | O_CREAT,
    O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_NOFOLLOW,
};

static const uint64_t ways[] = {
    0, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS,
    RESOLVE_BENEATH, RESOLVE_IN_ROOT,
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV,
    RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH | RESOLVE_IN_ROOT,
    1 << 10,
};

/* As it is before each call. */
static void fill(const char *folder)
{
    static const char *const made[] = {
        "new", "d/new", "../outnew", "d/d", "../new",
    };
    char link[4096];

    for (unsigned i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        unlink(made[i]);
    }
    if (access("a", F_OK) == 0) {
        return;
    }
    mkdir("d", 0700);
    close(open("a", O_WRONLY | O_CREAT, 0600));
    close(open("d/b", O_WRONLY | O_CREAT, 0600));
    close(open("../out", O_WRONLY | O_CREAT, 0600));
    (void)!symlink("a", "to-a");
    (void)!symlink("d", "to-d");
    (void)!symlink("..", "up");
    (void)!symlink("loop", "loop");
    (void)!symlink("nothing/there", "nowhere");
    (void)!symlink("new", "to-new");
    (void)!symlink("../new", "d/to-new");
    (void)!symlink("/new", "d/root-new");
    (void)!symlink("/", "d/root");
    (void)!symlink("/proc", "to-proc");
    (void)!symlink("../outnew", "up-new");
    snprintf(link, sizeof(link), "%s/a", folder);
    (void)!symlink(link, "absolute");
}

static void print_name(int fd)
{
    char link[64], target[4096];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, target, sizeof(target) - 1);
    target[len < 0 ? 0 : len] = '\0';
    printf(" %s\n", strncmp(target, "/proc/", 6) ? target : "/proc/...");
}

static void try(int dirfd, const char *from, const char *name, uint64_t flag,
                uint64_t way)
{
    struct open_how how = {
        .flags = flag, .mode = flag & O_CREAT ? 0600 : 0, .resolve = way,
    };
    int fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
    struct stat st, there;

    printf("%s \"%s\" %#llx %#llx: ", from, name, (unsigned long long)flag,
           (unsigned long long)way);
    if (fd < 0) {
        printf("%s\n", strerrorname_np(errno));
        return;
    }
    fstat(fd, &st);
    printf("%s", S_ISDIR(st.st_mode) ? "folder" : S_ISLNK(st.st_mode) ? "link" :
           "file");
    if (fstatat(AT_FDCWD, "new", &there, AT_SYMLINK_NOFOLLOW) == 0) {
        printf(", made here%s", there.st_ino == st.st_ino ? "" : "?");
    }
    if (fstatat(AT_FDCWD, "../outnew", &there, AT_SYMLINK_NOFOLLOW) == 0) {
        printf(", made outside");
    }
    print_name(fd);
    close(fd);
}

/* In the host's root, which is not the test's. */
static int makes_elsewhere(const char *name, uint64_t flag, uint64_t way)
{
    return (flag & O_CREAT) && (name[0] == '/' || strstr(name, "root")) &&
        !(way & (RESOLVE_IN_ROOT | RESOLVE_BENEATH));
}

int main(int argc, char **argv)
{
    int here;

    if (argc < 2 || chdir(argv[1]) < 0) {
        return 2;
    }
    here = open(".", O_PATH | O_DIRECTORY);
    for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        for (unsigned f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
            for (unsigned w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
                if (makes_elsewhere(names[n], flags[f], ways[w])) {
                    continue;
                }
                fill(argv[1]);
                try(AT_FDCWD, ".", names[n], flags[f], ways[w]);
                fill(argv[1]);
                try(here, "fd", names[n], flags[f], ways[w]);
            }
        }
    }
    return 0;
}
