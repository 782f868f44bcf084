/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a native program can be kept from a call by, for comparison: runs a
 * program whose getppid is refused with EPERM.
 *
 *     refuse filter|notify|ptrace PROGRAM [ARGUMENT...]
 *
 * filter: by a seccomp filter, in the kernel. notify: by this process, which the
 * kernel asks about the call (seccomp user notification) and about no other.
 * ptrace: by this process, which the kernel stops the program for at each call,
 * before and after it.
 *
 * Each is as quick as we know to make it: the supervisor waits in one call, and
 * is woken on the program's CPU where the kernel can do that.
 */
#include <elf.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static int fail(const char *what, int error)
{
    fprintf(stderr, "refuse: %s: %s\n", what, strerror(error));
    return 125;
}

/* load_filter: getppid only, by `action`; a negative errno when it fails */
static int load_filter(uint32_t action, int *ret_listener)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter ? seccomp_rule_add(filter, action, SCMP_SYS(getppid), 0)
                       : -ENOMEM;

    if (!error) {
        error = seccomp_load(filter);
    }
    if (!error && ret_listener) {
        *ret_listener = seccomp_notify_fd(filter);
    }
    seccomp_release(filter);
    return error;
}

static int become(char **argv)
{
    execv(argv[0], argv);
    return fail(argv[0], errno);
}

static int status_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid) {
        return fail("waitpid", errno);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_filtered(char **argv)
{
    int error = load_filter(SCMP_ACT_ERRNO(EPERM), NULL);

    return error ? fail("seccomp", -error) : become(argv);
}

/* --- Notification -------------------------------------------------------- */

/* Until we are killed. */
static int answer_notifications(int listener)
{
    struct seccomp_notif *request;
    struct seccomp_notif_resp *answer;

    if (seccomp_notify_alloc(&request, &answer)) {
        return fail("notifications", ENOMEM);
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
          SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    for (;;) {
        memset(request, 0, sizeof(*request));
        if (seccomp_notify_receive(listener, request)) {
            continue;
        }
        memset(answer, 0, sizeof(*answer));
        answer->id = request->id;
        answer->error = -EPERM;
        seccomp_notify_respond(listener, answer);
    }
}

/* The program: the number of its listener goes up, an answer comes down. */
static int become_notified(char **argv, int up, int down)
{
    int listener, error = load_filter(SCMP_ACT_NOTIFY, &listener);
    char byte;

    if (error) {
        return fail("seccomp", -error);
    }
    if (write(up, &listener, sizeof(listener)) != sizeof(listener) ||
        read(down, &byte, 1) != 1) {
        return fail("pipe", EIO);
    }
    return become(argv);
}

static int fetch_listener(pid_t pid, int number)
{
    int pidfd = syscall(SYS_pidfd_open, pid, 0);

    return pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

static int run_notified(char **argv)
{
    int up[2], down[2], number, listener = -1, status;
    pid_t program, supervisor;

    if (pipe(up) || pipe(down)) {
        return fail("pipe", errno);
    }
    program = fork();
    if (program == 0) {
        _exit(become_notified(argv, up[1], down[0]));
    }
    close(up[1]);
    if (read(up[0], &number, sizeof(number)) == sizeof(number)) {
        listener = fetch_listener(program, number);
    }
    if (listener < 0) {
        kill(program, SIGKILL);
        status_of(program);
        return fail("listener", errno);
    }
    supervisor = fork();
    if (supervisor == 0) {
        _exit(answer_notifications(listener));
    }
    if (write(down[1], "", 1) != 1) {
        kill(program, SIGKILL);
    }
    status = status_of(program);
    kill(supervisor, SIGKILL);
    status_of(supervisor);
    return status;
}

/* --- Tracing ------------------------------------------------------------- */

/* skip_call: the kernel then carries nothing out */
static void skip_call(pid_t pid)
{
#if defined(__x86_64__)
    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax),
           -1L);
#elif defined(__aarch64__)
    int none = -1;
    struct iovec vector = { &none, sizeof(none) };

    ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &vector);
#else
#error "how a call is skipped here is not known"
#endif
}

static void set_result(pid_t pid, long result)
{
#if defined(__x86_64__)
    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax),
           result);
#else
    struct user_regs_struct registers;
    struct iovec vector = { &registers, sizeof(registers) };

    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &vector);
    registers.regs[0] = result;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &vector);
#endif
}

static void trace_stop(pid_t pid, bool *refused)
{
    struct __ptrace_syscall_info info;

    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        *refused = info.entry.nr == SYS_getppid;
        if (*refused) {
            skip_call(pid);
        }
    } else if (*refused) {
        set_result(pid, -EPERM);
        *refused = false;
    }
}

static int run_traced(char **argv)
{
    bool refused = false;
    int status, signal = 0;
    pid_t pid = fork();

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(become(argv));
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        return fail("the program did not stop", ESRCH);
    }
    ptrace(PTRACE_SETOPTIONS, pid, NULL,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    for (;;) {
        ptrace(PTRACE_SYSCALL, pid, NULL, (long)signal);
        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
            break;
        }
        signal = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            trace_stop(pid, &refused);
        } else if (status >> 16 == 0) {
            signal = WSTOPSIG(status);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "filter") == 0) {
        return run_filtered(argv + 2);
    }
    if (argc > 2 && strcmp(argv[1], "notify") == 0) {
        return run_notified(argv + 2);
    }
    if (argc > 2 && strcmp(argv[1], "ptrace") == 0) {
        return run_traced(argv + 2);
    }
    fprintf(stderr,
            "Usage: refuse filter|notify|ptrace PROGRAM [ARGUMENT...]\n");
    return 2;
}
