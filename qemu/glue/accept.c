/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel gives a connection the lowest free descriptor, and another thread
 * of the guest that writes to that number has it before it is judged. So with
 * threads, the connection is accepted by a thread of the emulator that has a
 * table of descriptors of its own for the purpose, and passed on through a
 * local socket which only the emulator can use: in there it is nobody's.
 * Without threads there is nobody to use it.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"
#include "special-errno.h"
#include "user/safe-syscall.h"
#include "user/signal.h"

#include <poll.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "accept.h"
#include "apart.h"
#include "descriptors.h"
#include "guest.h"
#include "path.h"
#include "policy.h"

/* Nanoseconds that accept() may take for a connection that is there. */
#define TICK 10000000

/* The way to this process' guest: [0] is read, [1] written. One connection is
 * in there at a time, from when it is taken until its call is over. */
static int way[2] = { -1, -1 };
static bool way_taken;
static pthread_mutex_t way_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t way_free = PTHREAD_COND_INITIALIZER;

static __thread struct {
    bool held;                  /* a connection, until the guest has it */
    bool running;               /* the call is being carried out */
    bool on_way;                /* it is in the way, else it is "fd" */
    int fd;
    bool blocks;                /* accept() would wait for somebody */
    int listener, flags;        /* as the call had them; flags the host's */
    socklen_t len;
    struct sockaddr_storage address;
} taken;

/* --- the way ----------------------------------------------------------- */

static void claim_way(void)
{
    pthread_mutex_lock(&way_lock);
    while (way_taken) {
        pthread_cond_wait(&way_free, &way_lock);
    }
    way_taken = true;
    pthread_mutex_unlock(&way_lock);
}

static void leave_way(void)
{
    pthread_mutex_lock(&way_lock);
    way_taken = false;
    pthread_cond_signal(&way_free);
    pthread_mutex_unlock(&way_lock);
}

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static int send_connection(int fd)
{
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    union control control = {
        .head = {
            .cmsg_len = CMSG_LEN(sizeof(int)),
            .cmsg_level = SOL_SOCKET,
            .cmsg_type = SCM_RIGHTS,
        },
    };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof(control),
    };

    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    return syscall(__NR_sendmsg, way[1], &message, MSG_DONTWAIT) < 0 ?
        -errno : 0;
}

/* The guest's lowest free number, or a negative errno. Without "wanted", the
 * connection is closed by the kernel, for there is no room for it. */
static int receive_connection(bool wanted, int flags)
{
    char byte;
    struct iovec iov = { &byte, 1 };
    union control control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = wanted ? &control : NULL,
        .msg_controllen = wanted ? sizeof(control) : 0,
    };
    int fd = -EMFILE;

    if (syscall(__NR_recvmsg, way[0], &message, MSG_DONTWAIT |
                (flags & SOCK_CLOEXEC ? MSG_CMSG_CLOEXEC : 0)) < 0) {
        return -errno;
    }
    if (wanted && CMSG_FIRSTHDR(&message) &&
        control.head.cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
    }
    return fd;
}

/* --- with threads ------------------------------------------------------ */

/*
 * Has a signal interrupt what this thread, which has all of them blocked, waits
 * for; again and again, for the first may come too soon. It is the one that
 * QEMU interrupts threads with, and means no more than that somebody should
 * look. The timer's number, or -1.
 */
static int start_ticking(void)
{
    const uint64_t set = UINT64_C(1) << (host_interrupt_signal - 1);
    const struct itimerspec ticks = {
        .it_interval.tv_nsec = TICK, .it_value.tv_nsec = TICK,
    };
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = host_interrupt_signal,
    };
    int timer;

    event._sigev_un._tid = syscall(__NR_gettid);
    if (syscall(__NR_timer_create, CLOCK_MONOTONIC, &event, &timer) < 0) {
        return -1;
    }
    syscall(__NR_timer_settime, timer, 0, &ticks, NULL);
    syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, sizeof(set));
    return timer;
}

/* Takes a connection that is there. If another process that has the socket as
 * well was quicker, accept() waits for the next one, and the socket cannot be
 * told not to without telling that process, too: so it is interrupted. */
static int accept_at_once(void)
{
    int timer = start_ticking(), fd, error;

    if (timer < 0) {
        errno = ENOMEM;
        return -1;
    }
    fd = syscall(__NR_accept4, taken.listener, &taken.address, &taken.len,
                 taken.flags & SOCK_NONBLOCK);
    error = errno == EINTR ? EAGAIN : errno;
    syscall(__NR_timer_delete, timer);
    errno = error;
    return fd;
}

static void accept_aside(void *error)
{
    int fd = taken.blocks ? accept_at_once() :
        syscall(__NR_accept4, taken.listener, &taken.address, &taken.len,
                taken.flags & SOCK_NONBLOCK);

    *(int *)error = fd < 0 ? errno : -send_connection(fd);
}

/* 0 or a host errno. */
static int accept_in_helper(void)
{
    int error = 0, err = policy_apart(accept_aside, &error);

    return err ? err : error;
}

static bool is_there(void)
{
    struct pollfd wanted = { .fd = taken.listener, .events = POLLIN };

    return poll(&wanted, 1, 0) != 0;
}

/*
 * EAGAIN: another thread was quicker, or another process between looking and
 * accepting.
 */
static int try_to_accept(bool blocks)
{
    int error;

    taken.len = sizeof(taken.address);
    taken.blocks = blocks;
    claim_way();
    error = blocks && !is_there() ? EAGAIN : accept_in_helper();
    if (error) {
        leave_way();
    } else {
        taken.held = taken.on_way = true;
    }
    return error;
}

/* What a wait that a signal has ended means: accept goes on where the signal's
 * handler says SA_RESTART, poll never does. */
static int interrupted(CPUState *cpu)
{
    TaskState *ts = get_task_state(cpu);

    for (int sig = 1; sig <= TARGET_NSIG; sig++) {
        int host = target_to_host_signal(sig);
        struct sigaction act;

        if (ts->sigtab[sig - 1].pending &&
            !sigismember(&ts->signal_mask, host) &&
            sigaction(host, NULL, &act) == 0) {
            return act.sa_flags & SA_RESTART ? QEMU_ERESTARTSYS : EINTR;
        }
    }
    return QEMU_ERESTARTSYS;
}

static int get_option(int fd, int option, void *value, socklen_t len)
{
    return getsockopt(fd, SOL_SOCKET, option, value, &len);
}

/* Waits until somebody connects, as accept does. 0 or a host errno. */
static int wait_for_connection(CPUState *cpu)
{
    struct pollfd wanted = { .fd = taken.listener, .events = POLLIN };
    struct timeval patience = { 0, 0 };
    struct timespec time, *limit = NULL;

    get_option(taken.listener, SO_RCVTIMEO, &patience, sizeof(patience));
    if (patience.tv_sec || patience.tv_usec) {
        time.tv_sec = patience.tv_sec;
        time.tv_nsec = patience.tv_usec * 1000;
        limit = &time;
    }
    switch (safe_syscall(__NR_ppoll, &wanted, 1, limit, NULL, 0)) {
    case -1:
        return errno == EINTR ? limit ? EINTR : interrupted(cpu) : errno;
    case 0:
        return EAGAIN;
    default:
        return 0;
    }
}

/* Whether accept would wait for somebody, rather than say at once what is wrong
 * or that nobody is there. */
static bool would_wait(void)
{
    int status = fcntl(taken.listener, F_GETFL), listens = 0;

    return status >= 0 && !(status & O_NONBLOCK) &&
        get_option(taken.listener, SO_ACCEPTCONN, &listens,
                   sizeof(listens)) == 0 && listens;
}

static int accept_among_threads(CPUState *cpu)
{
    bool waits = would_wait();
    int error;

    do {
        error = waits ? wait_for_connection(cpu) : 0;
        if (error) {
            return error;
        }
        error = try_to_accept(waits);
    } while (error == EAGAIN && waits);
    return error;
}

/* --- taking ------------------------------------------------------------ */

/* Without threads: by the call itself. */
static int accept_alone(void)
{
    taken.len = sizeof(taken.address);
    taken.fd = safe_syscall(__NR_accept4, taken.listener, &taken.address,
                            &taken.len, taken.flags);
    if (taken.fd < 0) {
        return errno;
    }
    taken.held = true;
    return 0;
}

/* What QEMU, too, finds wrong before it accepts; 0 or a guest errno. */
static int wrong_arguments(CPUState *cpu, const uint64_t *args,
                           uint32_t flags)
{
    abi_ulong addr = args[1], len_addr = args[2];
    uint32_t len;

    if (flags & ~(TARGET_SOCK_CLOEXEC | TARGET_SOCK_NONBLOCK)) {
        return TARGET_EINVAL;
    }
    if (addr == 0) {
        return 0;
    }
    if (policy_guest_ops.read(cpu, len_addr, &len, sizeof(len)) < 0 ||
        !access_ok(cpu, VERIFY_WRITE, len_addr, sizeof(len))) {
        return TARGET_EFAULT;
    }
    len = tswap32(len);
    return (int32_t)len < 0 ? TARGET_EINVAL :
        !access_ok(cpu, VERIFY_WRITE, addr, len) ? TARGET_EFAULT : 0;
}

static int host_flags(uint32_t flags)
{
    return (flags & TARGET_SOCK_NONBLOCK ? SOCK_NONBLOCK : 0) |
        (flags & TARGET_SOCK_CLOEXEC ? SOCK_CLOEXEC : 0);
}

/* The family, as the guest's memory has it; the rest of an address that rules
 * can name is the same everywhere. */
static unsigned put_address(unsigned char *bytes)
{
    unsigned len = MIN(taken.len, RE_SOCKADDR_MAX);
    uint16_t family = tswap16(taken.address.ss_family);

    memcpy(bytes, &taken.address, len);
    if (len >= sizeof(family)) {
        memcpy(bytes, &family, sizeof(family));
    }
    return len;
}

int64_t policy_accept_take(void *guest, const uint64_t *args, uint32_t flags,
                           unsigned char *bytes)
{
    CPUState *cpu = guest;
    int error = wrong_arguments(cpu, args, flags);

    if (error) {
        return -error;
    }
    taken.held = taken.running = taken.on_way = false;
    taken.listener = args[0];
    taken.flags = host_flags(flags);
    memset(&taken.address, 0, sizeof(taken.address));
    error = policy_has_threads() ? accept_among_threads(cpu) : accept_alone();
    if (error == QEMU_ERESTARTSYS) {
        return RE_RESULT_AGAIN;
    }
    return error ? -(int64_t)policy_guest_errno(error) : put_address(bytes);
}

/* --- carrying out ------------------------------------------------------ */

bool policy_accept_holds(void)
{
    return taken.held;
}

void policy_accept_run(void)
{
    taken.running = true;
}

/* A handler may have chosen other flags. */
static int adjust(int fd, int flags)
{
    int status;

    if (!taken.on_way && ((flags ^ taken.flags) & SOCK_CLOEXEC)) {
        fcntl(fd, F_SETFD, flags & SOCK_CLOEXEC ? FD_CLOEXEC : 0);
    }
    if ((flags ^ taken.flags) & SOCK_NONBLOCK) {
        status = fcntl(fd, F_GETFL);
        fcntl(fd, F_SETFL, flags & SOCK_NONBLOCK ? status | O_NONBLOCK :
              status & ~O_NONBLOCK);
    }
    return fd;
}

int policy_accept4(int listener, struct sockaddr *address, socklen_t *len,
                   int flags)
{
    int fd;

    if (!taken.held || !taken.running || listener != taken.listener) {
        return safe_syscall(__NR_accept4, listener, address, len, flags);
    }
    fd = taken.on_way ? receive_connection(true, flags) : taken.fd;
    taken.held = false;
    if (taken.on_way) {
        leave_way();
    }
    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    if (address) {
        memcpy(address, &taken.address, MIN(*len, taken.len));
        *len = taken.len;
    }
    return adjust(fd, flags);
}

void policy_accept_release(void)
{
    taken.running = false;
    if (!taken.held) {
        return;
    }
    taken.held = false;
    if (taken.on_way) {
        receive_connection(false, 0);
        leave_way();
    } else {
        close(taken.fd);
    }
}

/* --- start-up ---------------------------------------------------------- */

/* Before other threads could use them, among the emulator's own. */
static int make_way(void)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, way) < 0) {
        return -errno;
    }
    way[0] = policy_set_aside(way[0]);
    way[1] = policy_set_aside(way[1]);
    return way[0] < 0 || way[1] < 0 ? -EMFILE : 0;
}

int policy_accept_prepare(const struct re_engine *engine)
{
    return re_engine_asks_for_peers(engine) ? make_way() : 0;
}

/* The parent's way is the parent's alone. */
void policy_accept_fork_child(void)
{
    if (way[0] < 0) {
        return;
    }
    re_number_close(way[0]);
    re_number_close(way[1]);
    taken.held = way_taken = false;
    pthread_mutex_init(&way_lock, NULL);
    pthread_cond_init(&way_free, NULL);
    if (make_way() < 0) {
        way[0] = way[1] = -1;
    }
}
