/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that are given an address of the emulator's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

#define PAGE 65536              /* the largest of any target's */

static void *page_of(uintptr_t addr)
{
    return (void *)(addr & -(uintptr_t)PAGE);
}

/* Of the guest's own: no way in. */
static void refused(int sig)
{
    (void)sig;
    _exit(1);
}

/* In a child, for the emulator may not survive it: whether it says yes, or
 * dies as no guest that is refused would. */
static bool in_child(bool (*call)(uintptr_t addr), uintptr_t addr)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        signal(SIGSEGV, refused);
        signal(SIGBUS, refused);
        _exit(call(addr) ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 0;
}

static bool call_write(uintptr_t addr)
{
    int fds[2];
    bool done;

    if (pipe(fds) < 0) {
        return false;
    }
    done = write(fds[1], (void *)addr, 8) == 8;
    close(fds[0]);
    close(fds[1]);
    return done;
}

static bool call_writev(uintptr_t addr)
{
    struct iovec parts[2] = { { (char *)"x", 1 }, { (void *)addr, 8 } };
    int fds[2];
    bool done;

    if (pipe(fds) < 0) {
        return false;
    }
    done = writev(fds[1], parts, 2) > 1;
    close(fds[0]);
    close(fds[1]);
    return done;
}

static bool do_read(uintptr_t addr)
{
    int fds[2];

    return pipe(fds) == 0 && write(fds[1], "12345678", 8) == 8 &&
        read(fds[0], (void *)addr, 8) == 8;
}

static bool call_read(uintptr_t addr)
{
    return in_child(do_read, addr);
}

static bool call_sendmsg(uintptr_t addr)
{
    struct iovec part = { (void *)addr, 8 };
    struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
    int pair[2];
    bool done;

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) {
        return false;
    }
    done = sendmsg(pair[0], &msg, 0) == 8;
    close(pair[0]);
    close(pair[1]);
    return done;
}

static bool call_vmsplice(uintptr_t addr)
{
    struct iovec part = { (void *)addr, 8 };
    int fds[2];
    bool done;

    if (pipe(fds) < 0) {
        return false;
    }
    done = vmsplice(fds[1], &part, 1, 0) == 8;
    close(fds[0]);
    close(fds[1]);
    return done;
}

static bool do_clock(uintptr_t addr)
{
    return syscall(SYS_clock_gettime, CLOCK_REALTIME, addr) == 0;
}

static bool call_clock(uintptr_t addr)
{
    return in_child(do_clock, addr);
}

static bool do_random(uintptr_t addr)
{
    return syscall(SYS_getrandom, addr, 8, 0) == 8;
}

static bool call_random(uintptr_t addr)
{
    return in_child(do_random, addr);
}

/* EAGAIN says what is not there, EFAULT that nothing is. */
static bool call_futex(uintptr_t addr)
{
    return syscall(SYS_futex, addr & ~(uintptr_t)3, FUTEX_WAKE_OP, 0, 0,
                   addr & ~(uintptr_t)3,
                   FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
}

static bool do_futex_wait(uintptr_t addr)
{
    struct timespec soon = { 0, 1000000 };

    return syscall(SYS_futex, addr & ~(uintptr_t)3, FUTEX_WAIT, 0x1234567,
                   &soon) < 0 && errno == EAGAIN;
}

static bool do_map(uintptr_t addr)
{
    void *at = page_of(addr);

    return mmap(at, PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at;
}

static bool call_map(uintptr_t addr)
{
    return in_child(do_map, addr);
}

static bool do_unmap(uintptr_t addr)
{
    return munmap(page_of(addr), PAGE) == 0;
}

static bool call_unmap(uintptr_t addr)
{
    return in_child(do_unmap, addr);
}

static bool do_protect(uintptr_t addr)
{
    return mprotect(page_of(addr), PAGE, PROT_READ | PROT_WRITE) == 0;
}

static bool call_protect(uintptr_t addr)
{
    return in_child(do_protect, addr);
}

/* The emulator's memory into the guest's. */
static bool do_remap(uintptr_t addr)
{
    return mremap(page_of(addr), PAGE, PAGE, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool call_remap(uintptr_t addr)
{
    return in_child(do_remap, addr);
}

/* The guest's memory over the emulator's. */
static bool do_move(uintptr_t addr)
{
    void *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mremap(own, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                  page_of(addr)) == page_of(addr);
}

static bool call_move(uintptr_t addr)
{
    return in_child(do_move, addr);
}

static bool do_attach(uintptr_t addr)
{
    int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
    void *at = shmat(id, page_of(addr), SHM_REMAP);

    shmctl(id, IPC_RMID, NULL);
    return at == page_of(addr);
}

static bool call_attach(uintptr_t addr)
{
    return in_child(do_attach, addr);
}

static bool do_advise(uintptr_t addr)
{
    return madvise(page_of(addr), PAGE, MADV_DONTNEED) == 0;
}

static bool call_advise(uintptr_t addr)
{
    return in_child(do_advise, addr);
}

static bool call_mincore(uintptr_t addr)
{
    unsigned char pages[16];

    return syscall(SYS_mincore, page_of(addr), 4096, pages) == 0;
}

static bool call_process_vm(uintptr_t addr)
{
#ifdef SYS_process_vm_readv
    char got[8];
    struct iovec to = { got, 8 }, from = { (void *)addr, 8 };

    return syscall(SYS_process_vm_readv, getpid(), &to, 1, &from, 1, 0) == 8;
#else
    (void)addr;
    return false;
#endif
}

static bool do_parent_tid(uintptr_t addr)
{
    volatile int *at = (int *)(addr & ~(uintptr_t)3);
    int before = *at;
    long child = syscall(SYS_clone, SIGCHLD | CLONE_PARENT_SETTID, 0,
                         (uintptr_t)at, 0, 0);

    if (child == 0) {
        _exit(1);
    }
    return child > 0 && *at != before;
}

static bool call_parent_tid(uintptr_t addr)
{
    return in_child(do_parent_tid, addr);
}

/* The frame of a signal goes where the guest says. */
static void arrived(int sig)
{
    (void)sig;
    _exit(0);
}

static void take_signal_at(uintptr_t addr)
{
    stack_t stack = {
        .ss_sp = (void *)((addr & -(uintptr_t)4096) + 4096 - 65536),
        .ss_size = 65536,
    };
    struct sigaction act = { .sa_handler = arrived, .sa_flags = SA_ONSTACK };

    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &act, NULL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
}

static bool call_signal_stack(uintptr_t addr)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        take_signal_at(addr);
        _exit(1);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const struct call_way calls[] = {
    { "write", call_write }, { "writev", call_writev }, { "read", call_read },
    { "sendmsg", call_sendmsg }, { "vmsplice", call_vmsplice },
    { "clock_gettime", call_clock }, { "getrandom", call_random },
    { "futex", call_futex }, { "futex wait", do_futex_wait },
    { "mmap", call_map }, { "munmap", call_unmap },
    { "mprotect", call_protect }, { "mremap", call_remap },
    { "mremap onto", call_move }, { "shmat", call_attach },
    { "madvise", call_advise }, { "mincore", call_mincore },
    { "process_vm_readv", call_process_vm },
    { "clone", call_parent_tid }, { "sigaltstack", call_signal_stack },
    { NULL, NULL },
};
