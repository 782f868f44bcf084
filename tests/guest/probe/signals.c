/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGSYS as the guest sees it; calls that a signal interrupts. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#if defined(__x86_64__)
# define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
# define THIS_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
# define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
# define THIS_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
# define THIS_ARCH AUDIT_ARCH_RISCV64
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
# ifdef __MIPSEL__
#  define THIS_ARCH AUDIT_ARCH_MIPSEL
# else
#  define THIS_ARCH AUDIT_ARCH_MIPS
# endif
#elif defined(__mips__) && _MIPS_SIM == _ABI64
# ifdef __MIPSEL__
#  define THIS_ARCH AUDIT_ARCH_MIPSEL64
# else
#  define THIS_ARCH AUDIT_ARCH_MIPS64
# endif
#elif defined(__powerpc64__)
# ifdef __LITTLE_ENDIAN__
#  define THIS_ARCH AUDIT_ARCH_PPC64LE
# else
#  define THIS_ARCH AUDIT_ARCH_PPC64
# endif
#elif defined(__powerpc__)
# define THIS_ARCH AUDIT_ARCH_PPC
#elif defined(__s390x__)
# define THIS_ARCH AUDIT_ARCH_S390X
#elif defined(__sparc__) && defined(__arch64__)
# define THIS_ARCH AUDIT_ARCH_SPARC64
#elif defined(__hppa__)
# define THIS_ARCH AUDIT_ARCH_PARISC
#elif defined(__m68k__)
# define THIS_ARCH AUDIT_ARCH_M68K
#elif defined(__sh__)
# define THIS_ARCH AUDIT_ARCH_SHEL
#elif defined(__alpha__)
# define THIS_ARCH AUDIT_ARCH_ALPHA
#else
# error "which AUDIT_ARCH is this?"
#endif

#ifndef SYS_SECCOMP
# define SYS_SECCOMP 1
#endif

extern char __executable_start, etext;

/* Where programs make calls: their text, or on i386 the vdso, which is two
 * pages long at most. */
static int is_code(const char *where)
{
    const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);

    return (where > &__executable_start && where < &etext) ||
        (vdso && where > vdso && where < vdso + 8192);
}

static volatile sig_atomic_t signals_seen;
static siginfo_t last_info;

static void remember(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    last_info = *info;
    signals_seen++;
}

static void set_handler(int signal, int flags)
{
    struct sigaction action = {
        .sa_sigaction = remember,
        .sa_flags = SA_SIGINFO | flags,
    };

    sigaction(signal, &action, NULL);
}

static const char *yes(int condition)
{
    return condition ? "yes" : "no";
}

/* A call that the policy traps: what the handler is told. */
int cmd_trap(int argc, char **argv)
{
    int known = 0;
    long number;
    char *where;

    if (argc < 2) {
        return 64;
    }
    number = call_number(argv[1], &known);
    if (!known) {
        return 69;
    }
    set_handler(SIGSYS, 0);
    syscall(number, 0, 0, 0, 0, 0, 0);
    where = (char *)last_info.si_call_addr;
    printf("signals=%d signo=%s code=%s errno=%d\n", (int)signals_seen,
           yes(last_info.si_signo == SIGSYS),
           yes(last_info.si_code == SYS_SECCOMP), last_info.si_errno);
    printf("syscall=%s arch=%s addr=%s\n",
           yes(last_info.si_syscall == number),
           yes((uint32_t)last_info.si_arch == (uint32_t)THIS_ARCH),
           yes(is_code(where)));
    if ((uint32_t)last_info.si_arch != (uint32_t)THIS_ARCH) {
        printf("arch is %#x, not %#x\n", last_info.si_arch, THIS_ARCH);
    }
    if (!is_code(where)) {
        printf("addr is %p\n", (void *)where);
    }
    return 0;
}

#ifdef __x86_64__
/* time() of the vsyscall page, whose addresses are part of the ABI. */
static long vsyscall_time(void)
{
    long (*volatile entry)(long *) =
        (long (*)(long *))0xffffffffff600400ul;

    return entry(NULL);
}
#endif

int cmd_vsyscall(int argc, char **argv)
{
#ifdef __x86_64__
    long result = vsyscall_time();

    (void)argv;
    if (result < 0 && result >= -4095) {
        print_result("vsyscall", -1, -result);
    } else {
        printf("vsyscall = %s\n", result > 1000000000 ? "now" : "nonsense");
    }
    return argc > 1 ? 64 : 0;
#else
    printf("vsyscall = no such call here\n");
    return argc > 100 && argv ? 0 : 69;
#endif
}

int cmd_trap_vsyscall(int argc, char **argv)
{
#ifdef __x86_64__
    (void)argv;
    set_handler(SIGSYS, 0);
    vsyscall_time();
    printf("signals=%d syscall=%s\n", (int)signals_seen,
           yes(last_info.si_syscall == SYS_time));
    return argc > 1 ? 64 : 0;
#else
    printf("vsyscall = no such call here\n");
    return argc > 100 && argv ? 0 : 69;
#endif
}

/*
 * A read that waits while a signal arrives; then the byte. With SA_RESTART
 * the caller sees one read, whatever happens below.
 */
static int interrupted_read(int flags)
{
    int ends[2];
    pid_t parent = getpid(), child;
    char byte = '-';
    ssize_t n;

    if (pipe(ends) < 0) {
        return 65;
    }
    set_handler(SIGUSR1, flags);
    child = fork();
    if (child == 0) {
        struct timespec pause = { .tv_nsec = 100000000 };

        nanosleep(&pause, NULL);
        kill(parent, SIGUSR1);
        nanosleep(&pause, NULL);
        if (write(ends[1], "x", 1) != 1) {
            _exit(65);
        }
        _exit(0);
    }
    n = syscall(SYS_read, ends[0], &byte, 1);
    print_result("read", n, errno);
    printf("byte=%c signals=%d\n", byte, (int)signals_seen);
    waitpid(child, NULL, 0);
    return 0;
}

int cmd_restart(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? 64 : interrupted_read(SA_RESTART);
}

int cmd_interrupt(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? 64 : interrupted_read(0);
}

/*
 * Handlers that return, so that rt_sigreturn (or sigreturn) runs. Not by
 * raise(): that of Debian 13's C library for sh4 makes another call.
 */
int cmd_sigreturn(int argc, char **argv)
{
    (void)argv;
    set_handler(SIGUSR1, 0);
    for (int i = 0; i < 3; i++) {
        kill(getpid(), SIGUSR1);
    }
    printf("signals=%d\n", (int)signals_seen);
    return argc > 1 ? 64 : 0;
}
