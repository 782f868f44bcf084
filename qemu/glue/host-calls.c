/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-calls.h"

#include <errno.h>
#include <string.h>

/*
 * Names are those of syscall-tables; a name stands for all its spellings. A
 * list ends with NULL. All lists hold what linux-user/syscall.c of QEMU 10.0
 * and 10.2 and the C library do: the guest suites run below a wall made of
 * them.
 */
typedef const char *const list[24];

/* --- for the emulator itself ------------------------------------------- */

/* While the guest runs, whatever it may do: memory, threads that are there,
 * signals, time, what is open, and the end. */
static const char *const needs[] = {
    "read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat",
    "mmap", "munmap", "mprotect", "mremap", "madvise", "brk",
    "futex", "sched_yield", "sched_getaffinity", "membarrier", "rseq",
    "set_robust_list", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
    "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "tgkill", "kill",
    "gettid", "getpid", "getuid", "getgid",
    "exit", "exit_group",
    "clock_gettime", "clock_getres", "gettimeofday", "time",
    "clock_nanosleep", "nanosleep", "getrandom", "fcntl", "dup3", "prctl",
    "poll", "ppoll",
};

/* Where a path leads, and opening what has been looked at. */
static const char *const looking[] = {
    "openat", "openat2", "readlink", "readlinkat", "fstatfs", "statfs",
    "newfstatat", "statx", "faccessat", "faccessat2", "dup", "dup3",
    "close_range", "getcwd",
};

/* A file made of bytes. */
static const char *const making[] = {
    "memfd_create", "pwrite64", "ftruncate",
};

/* What handlers and rules do by themselves, besides opening. */
static const char *const acting[] = {
    "mkdir", "mkdirat", "lseek",
};

/* A log that is a file: looked at once a second, and opened anew when it has
 * been renamed, see ruleengine/src/sink.h; and whether a guest's path leads
 * there, see records.c. */
static const char *const logging[] = {
    "newfstatat", "statx", "openat", "dup3", "prlimit64", "poll", "ppoll",
    "close_range", "fstatfs", "readlinkat",
};

/* A log that is a socket. */
static const char *const sending[] = {
    "sendto", "sendmsg", "connect", "poll", "ppoll", "memfd_create",
};

/* A connection is taken before it is judged: see accept.c. */
static const char *const accepting[] = {
    "accept4", "clone", "close_range", "getsockopt", "sendmsg", "recvmsg",
    "timer_create", "timer_settime", "timer_delete",
    "socketpair",
};

/* What the dynamic loader and QEMU's start ask for: a guest's execve ends in
 * another emulator, below this same filter. */
static const char *const starting[] = {
    "execveat", "openat", "access", "faccessat", "faccessat2", "arch_prctl",
    "set_tid_address", "prlimit64", "getrlimit", "setrlimit", "uname",
    "sysinfo", "getcwd", "readlink", "readlinkat", "newfstatat", "statx",
    "statfs", "fstatfs", "getuid", "geteuid", "getgid", "getegid", "clone",
    "memfd_create", "ftruncate", "dup", "dup2", "dup3", "ioctl", "getppid",
    "poll", "ppoll", "sched_getparam", "sched_getscheduler", "umask",
    "get_mempolicy", "eventfd2", "close_range", "pwrite64", "msync",
};

/* --- for the guest's calls --------------------------------------------- */

/* Which of a group the C library and QEMU choose is theirs to say; they do the
 * same, and the guest's right to one is a right to all. */
static const list groups[] = {
    { "open", "openat", "openat2", "creat" },
    { "stat", "lstat", "fstat", "newfstatat", "statx", "oldstat", "oldlstat",
      "oldfstat" },
    { "access", "faccessat", "faccessat2" },
    { "readlink", "readlinkat" },
    { "mkdir", "mkdirat" },
    { "mknod", "mknodat" },
    { "unlink", "unlinkat", "rmdir" },
    { "rename", "renameat", "renameat2" },
    { "link", "linkat" },
    { "symlink", "symlinkat" },
    { "chmod", "fchmodat", "fchmodat2" },
    { "chown", "lchown", "fchownat" },
    { "utime", "utimes", "futimesat", "utimensat" },
    { "getdents", "getdents64", "readdir" },
    { "pipe", "pipe2" },
    { "dup", "dup2", "dup3" },
    { "lseek", "_llseek" },
    { "preadv", "preadv2" },
    { "pwritev", "pwritev2" },
    { "poll", "ppoll" },
    { "select", "_newselect", "pselect6" },
    { "epoll_create", "epoll_create1" },
    { "epoll_wait", "epoll_pwait", "epoll_pwait2" },
    { "eventfd", "eventfd2" },
    { "signalfd", "signalfd4" },
    { "inotify_init", "inotify_init1" },
    { "accept", "accept4" },
    { "send", "sendto" },
    { "recv", "recvfrom" },
    { "sendmsg", "sendmmsg" },
    { "recvmsg", "recvmmsg" },
    { "alarm", "setitimer" },
    { "time", "gettimeofday", "clock_gettime" },
    { "stime", "settimeofday", "clock_settime" },
    { "adjtimex", "clock_adjtime" },
    { "nanosleep", "clock_nanosleep" },
    { "getrlimit", "setrlimit", "prlimit64" },
    { "wait4", "waitid", "waitpid" },
    { "fork", "vfork", "clone", "clone3" },
    { "getpgrp", "getpgid" },
    { "semop", "semtimedop" },
    { "umount", "umount2" },
    { "uname", "gethostname", "getdomainname" },
    { "fadvise64", "fadvise64_64" },
};

/* Further calls of the host, which are not the guest's by that. The guest's
 * first, then the host's. */
static const list leads_to[] = {
    { "nice", "getpriority", "setpriority" },
    { "getxpid", "getpid", "getppid" },
    { "getxuid", "getuid", "geteuid" },
    { "getxgid", "getgid", "getegid" },
    { "shmat", "shmctl", "shmdt" },
    { "fork", "pidfd_open" },
    { "clone", "pidfd_open" },
    { "fchmodat2", "openat", "chmod", "fchmod", "newfstatat", "readlink" },
    { "faccessat2", "newfstatat", "getuid", "geteuid", "getgid", "getegid" },
    { "bind", "umask" },
    { "truncate", "clone", "fchdir" },
    { "acct", "clone", "fchdir" },
};

/* QEMU answers these by itself, with what it needs anyway, or not at all. */
static const char *const none[] = {
    "_sysctl", "afs_syscall", "arch_prctl", "atomic_barrier",
    "atomic_cmpxchg_32", "bdflush", "break", "cachectl", "cacheflush",
    "cachestat", "create_module", "dipc", "exec_with_loader", "execv",
    "fanotify_init", "fanotify_mark", "ftime", "futex_requeue", "futex_wait",
    "futex_waitv", "futex_wake", "get_kernel_syms", "get_mempolicy",
    "get_robust_list", "get_thread_area", "getdtablesize", "getpagesize",
    "getpmsg", "gtty", "idle", "kern_features", "listmount", "lock",
    "lookup_dcookie", "map_shadow_stack", "mbind", "memfd_secret",
    "memory_ordering", "migrate_pages", "mlock2", "modify_ldt", "move_pages",
    "mpx", "mseal", "multiplexer", "nfsservctl",
    "oldolduname", "olduname", "or1k_atomic", "osf_getsysinfo",
    "osf_setsysinfo", "pause", "pciconfig_iobase", "pciconfig_read",
    "pciconfig_write", "perfctr", "process_madvise", "process_mrelease",
    "prof", "profil", "putpmsg", "query_module", "quotactl", "quotactl_fd",
    "remap_file_pages", "riscv_flush_icache", "riscv_hwprobe", "rseq",
    "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rtas", "s390_guarded_storage",
    "s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr",
    "s390_sthyi", "seccomp",
    "security", "set_mempolicy", "set_mempolicy_home_node",
    "set_robust_list", "set_thread_area", "set_tid_address", "sethae",
    "setpgrp", "sgetmask", "sigaction", "sigaltstack", "signal",
    "sigpending", "sigprocmask", "sigreturn", "sigsuspend", "spill",
    "spu_create", "spu_run", "ssetmask", "statmount", "stty", "subpage_prot",
    "swapcontext", "switch_endian", "sys_debug_setcontext", "syscall",
    "sysfs", "sysmips", "tuxcall", "ulimit", "uretprobe",
    "uselib", "ustat", "utrap_install", "vm86", "vm86old", "vserver",
    "xtensa",
};

/* QEMU passes these on for no guest, and needs them for nothing: they see or
 * change other processes, the kernel, or what a filter sees. */
static const char *const never[] = {
    "add_key", "bpf", "execve", "delete_module", "finit_module",
    "fanotify_init", "fanotify_mark", "init_module",
    "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup",
    "io_submit", "io_uring_enter", "io_uring_register", "io_uring_setup",
    "ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self",
    "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr",
    "lookup_dcookie", "memfd_secret", "modify_ldt", "perf_event_open",
    "pidfd_getfd", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "process_madvise", "process_mrelease", "process_vm_readv",
    "process_vm_writev", "ptrace", "quotactl", "quotactl_fd", "request_key",
    "seccomp", "userfaultfd",
};

/* --- looking up -------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct st_target *host_calls_machine(void)
{
#if defined(__x86_64__) && !defined(__ILP32__)
    return st_target_by_name("x86_64");
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
    return st_target_by_name("aarch64");
#elif defined(__riscv) && __riscv_xlen == 64
    return st_target_by_name("riscv64");
#elif defined(__s390x__)
    return st_target_by_name("s390x");
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
    return st_target_by_name("ppc64le");
#elif defined(__loongarch64)
    return st_target_by_name("loongarch64");
#else
    return NULL;
#endif
}

/* Calls by st_call_of_name(), all spellings together. */
struct calls {
    bool running[ST_MAX_CALLS];     /* of the guest: may run */
    bool open[ST_MAX_CALLS];        /* of the host */
    uint8_t way[ST_MAX_CALLS];      /* enum host_way; SAME: in no list */
};

static void set_way(struct calls *c, const char *const *names, size_t count,
                    enum host_way way)
{
    for (size_t i = 0; i < count && names[i]; i++) {
        c->way[st_call_of_name(names[i])] = way;
    }
}

static void set_ways(struct calls *c)
{
    set_way(c, none, COUNT(none), HOST_WAY_NONE);
    set_way(c, never, COUNT(never), HOST_WAY_NONE);
    for (size_t i = 0; i < COUNT(groups); i++) {
        set_way(c, groups[i], COUNT(groups[i]), HOST_WAY_GROUP);
    }
}

static void open_all(struct calls *c, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && names[i]; i++) {
        c->open[st_call_of_name(names[i])] = true;
    }
}

/* --- deriving ---------------------------------------------------------- */

static bool runs(const struct calls *c, const char *name)
{
    return c->running[st_call_of_name(name)];
}

static bool any_runs(const struct calls *c, const list names)
{
    for (size_t i = 0; i < COUNT(groups[0]) && names[i]; i++) {
        if (runs(c, names[i])) {
            return true;
        }
    }
    return false;
}

static void open_for_guest(struct calls *c)
{
    for (unsigned i = 1; i < ST_MAX_CALLS; i++) {
        c->open[i] = c->running[i] && c->way[i] == HOST_WAY_SAME;
    }
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (any_runs(c, groups[i])) {
            open_all(c, groups[i], COUNT(groups[i]));
        }
    }
    for (size_t i = 0; i < COUNT(leads_to); i++) {
        if (runs(c, leads_to[i][0])) {
            open_all(c, leads_to[i] + 1, COUNT(leads_to[i]) - 1);
        }
    }
    if (any_runs(c, groups[0]) || runs(c, "open_by_handle_at")) {
        open_all(c, looking, COUNT(looking));
        open_all(c, making, COUNT(making));
    }
    if (runs(c, "execve") || runs(c, "execveat")) {
        open_all(c, starting, COUNT(starting));
        open_all(c, looking, COUNT(looking));
    }
}

static void open_for_emulator(struct calls *c, unsigned reasons)
{
    open_all(c, needs, COUNT(needs));
    if (reasons & (HOST_CALLS_LOOK | HOST_CALLS_FILES)) {
        open_all(c, looking, COUNT(looking));
    }
    if (reasons & HOST_CALLS_FILES) {
        open_all(c, groups[0], COUNT(groups[0]));
        open_all(c, acting, COUNT(acting));
        open_all(c, making, COUNT(making));
    }
    if (reasons & HOST_CALLS_LOG) {
        open_all(c, logging, COUNT(logging));
    }
    if (reasons & HOST_CALLS_SEND) {
        open_all(c, sending, COUNT(sending));
    }
    if (reasons & HOST_CALLS_ACCEPT) {
        open_all(c, accepting, COUNT(accepting));
    }
}

static void set_states(struct host_calls *ret, const struct calls *c)
{
    const unsigned checked[] = {
        st_call_of_name("clone"), st_call_of_name("execveat"),
        st_call_of_name("ioctl"), st_call_of_name("prctl"),
    };
    const unsigned clone3 = st_call_of_name("clone3");

    for (unsigned i = 0; i < st_number_count(ret->host); i++) {
        unsigned call = st_call_of_slot(ret->host, i);
        bool open = call && c->open[call], by_args = call && call == clone3;

        for (size_t k = 0; k < COUNT(checked); k++) {
            by_args |= open && call == checked[k];
        }
        /* clone3's arguments lie in memory, where no filter sees them: ENOSYS,
         * and the C library falls back to clone. */
        ret->state[i] = by_args ? HOST_CALL_CHECKED :
            open ? HOST_CALL_OPEN : HOST_CALL_REFUSED;
    }
}

int host_calls_derive(struct host_calls *ret, const struct st_target *guest,
                      bool (*may_run)(const void *policy, unsigned slot),
                      const void *policy, unsigned reasons)
{
    struct calls c = { .running = { false } };

    memset(ret, 0, sizeof(*ret));
    ret->host = host_calls_machine();
    if (!ret->host) {
        return -ENOENT;
    }
    for (unsigned slot = 0; slot < st_slot_count(guest); slot++) {
        if (!st_slot_is_carrier(guest, slot) && may_run(policy, slot)) {
            c.running[st_call_of_slot(guest, slot)] = true;
        }
    }
    c.running[0] = false;
    set_ways(&c);
    open_for_guest(&c);
    open_for_emulator(&c, reasons);
    set_states(ret, &c);
    ret->prctl_open = runs(&c, "prctl");
    return 0;
}

unsigned host_calls_count(const struct host_calls *calls, unsigned *ret_all)
{
    unsigned open = 0, all = 0;

    for (unsigned i = 0; i < st_number_count(calls->host); i++) {
        all += st_slot_name(calls->host, i) != NULL;
        open += calls->state[i] != HOST_CALL_REFUSED;
    }
    *ret_all = all;
    return open;
}

enum host_way host_calls_way(const char *name)
{
    const struct st_target *host = host_calls_machine();
    unsigned call = st_call_of_name(name);
    struct calls c = { .running = { false } };

    if (strncmp(name, "osf_", 4) == 0) {
        return HOST_WAY_NONE;       /* alpha's: QEMU has three, all its own */
    }
    set_ways(&c);
    if (c.way[call] != HOST_WAY_SAME) {
        return c.way[call];
    }
    for (unsigned i = 0; host && i < st_number_count(host); i++) {
        if (call && st_call_of_slot(host, i) == call) {
            return HOST_WAY_SAME;
        }
    }
    for (size_t i = 0; i < COUNT(leads_to); i++) {
        if (strcmp(leads_to[i][0], name) == 0) {
            return HOST_WAY_GROUP;
        }
    }
    return HOST_WAY_UNKNOWN;
}
