/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What learning knows about calls. */
#include "policy-learn.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- what rules say ------------------------------------------------------ */

/*
 * Calls whose arguments matter; all others are allowed as they are. Looking at
 * files (stat, access, readlink) tells that they exist and no more, and is
 * asked for far too often to be worth a path. Rules for sets hold for all of
 * their calls, so that a C library that uses another one is served as well.
 */
static const struct learn_trait traits[] = {
    { "open",       LEARN_OPEN, "@open" },
    { "openat",     LEARN_OPEN, "@open" },
    { "openat2",    LEARN_OPEN, "@open" },
    { "creat",      LEARN_OPEN, "@open" },
    { "execve",     LEARN_PATH, "@exec", .look = "runs another program" },
    { "execveat",   LEARN_PATH, "@exec", .look = "runs another program" },
    { "unlink",     LEARN_PATH, "@unlink" },
    { "unlinkat",   LEARN_PATH, "@unlink" },
    { "rmdir",      LEARN_PATH, "@unlink" },
    { "mkdir",      LEARN_PATH, "@mkdir" },
    { "mkdirat",    LEARN_PATH, "@mkdir" },
    { "mknod",      LEARN_PATH, "@mknod" },
    { "mknodat",    LEARN_PATH, "@mknod" },
    { "symlink",    LEARN_PATH, "@symlink" },
    { "symlinkat",  LEARN_PATH, "@symlink" },
    { "link",       LEARN_PATHS, "@link" },
    { "linkat",     LEARN_PATHS, "@link" },
    { "rename",     LEARN_PATHS, "@rename" },
    { "renameat",   LEARN_PATHS, "@rename" },
    { "renameat2",  LEARN_PATHS, "@rename" },
    { "chmod",      LEARN_PATH, "chmod" },
    { "fchmodat",   LEARN_PATH, "fchmodat" },
    { "fchmodat2",  LEARN_PATH, "fchmodat2" },
    { "chown",      LEARN_PATH, "chown" },
    { "lchown",     LEARN_PATH, "lchown" },
    { "fchownat",   LEARN_PATH, "fchownat" },
    { "truncate",   LEARN_PATH, "truncate" },
    { "utime",      LEARN_PATH, "utime" },
    { "utimes",     LEARN_PATH, "utimes" },
    { "futimesat",  LEARN_PATH, "futimesat" },
    { "utimensat",  LEARN_PATH, "utimensat" },
    { "setxattr",   LEARN_PATH, "setxattr" },
    { "lsetxattr",  LEARN_PATH, "lsetxattr" },
    { "removexattr", LEARN_PATH, "removexattr" },
    { "lremovexattr", LEARN_PATH, "lremovexattr" },
    { "connect",    LEARN_ADDRESS, "connect" },
    { "bind",       LEARN_ADDRESS, "bind" },
    { "sendto",     LEARN_ADDRESS, "sendto" },
    { "sendmsg",    LEARN_ADDRESS, "sendmsg" },
    { "sendmmsg",   LEARN_ADDRESS, "sendmmsg" },
    { "socket",     LEARN_SOCKET, "socket" },
    { "socketpair", LEARN_ARGUMENT, "socketpair", "domain" },
    { "clone",      LEARN_CLONE, "clone" },
    { "clone3",     LEARN_REFUSED, "clone3" },
    { "ioctl",      LEARN_ARGUMENT, "ioctl", "cmd" },
    { "prctl",      LEARN_ARGUMENT, "prctl", "option" },
    { "kill",       LEARN_ARGUMENT, "kill", "sig" },
    { "tkill",      LEARN_ARGUMENT, "tkill", "sig" },
    { "tgkill",     LEARN_ARGUMENT, "tgkill", "sig" },
    { "rt_sigqueueinfo", LEARN_ARGUMENT, "rt_sigqueueinfo", "sig" },
    { "rt_tgsigqueueinfo", LEARN_ARGUMENT, "rt_tgsigqueueinfo", "sig" },
    { "pidfd_send_signal", LEARN_ARGUMENT, "pidfd_send_signal", "sig" },
    { "ptrace",     LEARN_ARGUMENT, "ptrace", "request",
      "reads and changes other processes" },
    { "unshare",    LEARN_ARGUMENT, "unshare", "unshare_flags",
      "makes name spaces" },
    { "keyctl",     LEARN_ARGUMENT, "keyctl", "cmd", "keys of the kernel's" },
    { "bpf",        LEARN_ARGUMENT, "bpf", "cmd",
      "loads programs into the kernel" },
};

const struct learn_trait *learn_trait_of(const char *call)
{
    static const struct learn_trait plain = { "", LEARN_PLAIN };

    for (size_t i = 0; i < COUNT(traits); i++) {
        if (strcmp(traits[i].call, call) == 0) {
            return &traits[i];
        }
    }
    return &plain;
}

/* --- what is dangerous --------------------------------------------------- */

/* Sets of which no call is opened along with others, and why a person should
 * look at one that was used; the first that has the call counts. */
static const struct {
    const char *set, *why;
} grave[] = {
    { "@chroot", "refused all the same: it would change what paths mean" },
    { "@mount", "refused all the same: it would change what paths mean" },
    { "@open-handle", "opens files without their paths" },
    { "@module", "loads code into the kernel" },
    { "@bpf", "loads programs into the kernel, or filters calls" },
    { "@raw-io", "reaches devices" },
    { "@reboot", "stops the machine" },
    { "@power", "stops the machine" },
    { "@swap", "changes the machine's memory" },
    { "@clock", "sets the machine's clock" },
    { "@debug", "reads and changes other processes" },
    { "@namespace", "enters or makes name spaces" },
    { "@setuid", "changes whose process it is" },
    { "@sethostname", "renames the machine" },
    { "@keyring", "keys of the kernel's" },
    { "@cpu-emulation", "a rare thing to do" },
    { "@obsolete", "a rare thing to do" },
    { "@mknod", "makes devices and pipes" },
    { "@privileged", "something that only a superuser may do" },
    /* Nothing to look at, but nothing to give away either. */
    { "@exec", NULL },
    { "@fork", NULL },
    { "@kill", NULL },
    { "@xattr", NULL },
    { "@chown", NULL },
    { "@chmod", NULL },
};

/* Of those sets, but what many programs do for no harm. */
static const char *const common[] = {
    "capget", "fork", "vfork", "getxattr", "lgetxattr", "fgetxattr",
    "listxattr", "llistxattr", "flistxattr", "fchmod", "fchown",
};

static bool is_member(const char *set_name, const char *call)
{
    const struct st_set *set = st_set_by_name(set_name);

    for (unsigned i = 0; set && i < set->count; i++) {
        const char *name = st_canonical_name(st_name_at(set->members[i]));

        if (name && strcmp(name, call) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_common(const char *call)
{
    for (size_t i = 0; i < COUNT(common); i++) {
        if (strcmp(common[i], call) == 0) {
            return true;
        }
    }
    return false;
}

bool learn_is_harmless(const char *call)
{
    if (learn_trait_of(call)->kind != LEARN_PLAIN) {
        return false;
    }
    for (size_t i = 0; i < COUNT(grave); i++) {
        if (is_member(grave[i].set, call)) {
            return false;
        }
    }
    return true;
}

const char *learn_look_of(const char *call)
{
    const struct learn_trait *trait = learn_trait_of(call);

    if (trait->kind != LEARN_PLAIN || is_common(call)) {
        return trait->look;
    }
    for (size_t i = 0; i < COUNT(grave); i++) {
        if (grave[i].why && is_member(grave[i].set, call)) {
            return grave[i].why;
        }
    }
    return NULL;
}

/* --- what a C library may use instead ------------------------------------ */

/*
 * Calls of which one C library uses this and another that, or the same one on
 * another target or in another release. Spellings of one call (mmap2,
 * clock_gettime64) are one name everywhere and do not stand here.
 */
static const char *const families[][12] = {
    { "read", "readv", "pread64", "preadv", "preadv2" },
    { "write", "writev", "pwrite64", "pwritev", "pwritev2" },
    { "close", "close_range" },
    { "fstat", "stat", "lstat", "newfstatat", "statx" },
    { "access", "faccessat", "faccessat2" },
    { "readlink", "readlinkat" },
    { "chmod", "fchmodat", "fchmodat2" },
    { "chown", "lchown", "fchownat" },
    { "utime", "utimes", "futimesat", "utimensat" },
    { "pipe", "pipe2" },
    { "dup", "dup2", "dup3" },
    { "poll", "ppoll" },
    { "select", "pselect6" },
    { "epoll_create", "epoll_create1" },
    { "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_wait_old" },
    { "epoll_ctl", "epoll_ctl_old" },
    { "eventfd", "eventfd2" },
    { "signalfd", "signalfd4" },
    { "inotify_init", "inotify_init1" },
    { "accept", "accept4" },
    { "recv", "recvfrom" },
    { "send", "sendto" },
    { "time", "gettimeofday", "clock_gettime" },
    { "nanosleep", "clock_nanosleep" },
    { "alarm", "setitimer" },
    { "pause", "rt_sigsuspend", "sigsuspend", "ppoll" },
    { "getpgrp", "getpgid" },
    { "getrlimit", "setrlimit", "prlimit64" },
    { "waitpid", "wait4" },
    { "rt_sigaction", "sigaction", "signal" },
    { "rt_sigprocmask", "sigprocmask" },
    { "rt_sigpending", "sigpending" },
    { "nice", "setpriority" },
    { "semop", "semtimedop" },
    { "clone", "fork", "vfork" },
    { "getpid", "getppid" },
    /* starting up */
    { "set_tid_address", "set_robust_list", "rseq", "set_thread_area",
      "get_thread_area", "arch_prctl", "cacheflush", "riscv_flush_icache",
      "riscv_hwprobe", "getpagesize", "osf_getsysinfo", "osf_setsysinfo" },
    { "brk", "mmap", "munmap", "mprotect" },
};

unsigned learn_siblings(const char *call, const char **ret, unsigned max)
{
    const unsigned width = sizeof(families[0]) / sizeof(families[0][0]);
    unsigned count = 0;

    for (size_t i = 0; i < COUNT(families); i++) {
        bool among = false;

        for (unsigned j = 0; j < width && families[i][j]; j++) {
            among |= strcmp(families[i][j], call) == 0;
        }
        for (unsigned j = 0; among && j < width && families[i][j]; j++) {
            if (count < max) {
                ret[count++] = families[i][j];
            }
        }
    }
    return count;
}
