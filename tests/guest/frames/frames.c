/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signal frames that no kernel has made: each argument is an attack, and prints
 * one line. What becomes of the child that makes it is its own affair, as long as
 * it ends as a guest's program does; the test looks for an emulator that faulted.
 *
 *     registers    the whole machine context of a handler's frame is replaced
 *     mutations    words of a frame are exchanged for others, 300 times
 *     places       sigreturn with the stack where no frame is
 *     stacks       signals are delivered where no frame can be
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PATIENCE 2000           /* rounds of 5 ms for one child */
#define ROUNDS 300

static const uintptr_t values[] = {
    0, 1, 8, 15, 16, (uintptr_t)-1, (uintptr_t)-4, (uintptr_t)-8,
    (uintptr_t)-16, (uintptr_t)-4096, INTPTR_MAX, (uintptr_t)INTPTR_MIN,
    0x7ffffff8, 0x80000000, 0xfffffff8,
#if UINTPTR_MAX > UINT32_MAX
    0x3ffffffffff8, 0x400000000000, 0x7ffffffffff8, 0x800000000000,
    0x555555554000, 0x7ffff7ff0000, 0x00ffffffffffffff,
#endif
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* What the handler makes of its frame. */
static void (*forge)(ucontext_t *context, int round);
static int current;

/* --- one attack in a child ------------------------------------------------- */

static uint64_t state;

/* xorshift64, from a fixed seed */
static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Waits for a child that may be doing anything, and does not wait for ever. */
static void wait_for(pid_t pid)
{
    int status;

    for (int i = 0; i < PATIENCE; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return;
        }
        usleep(5000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

/* A child whose standard files are not ours, nor the processes that it could
 * stop. */
static void in_child(void (*attack)(int round), int round)
{
    struct rlimit limit = { 3, 3 };
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        fclose(stdin);
        fclose(stdout);
        setrlimit(RLIMIT_CPU, &limit);
        state = 0x9e3779b97f4a7c15 + 977 * round;
        attack(round);
        _exit(0);
    }
    wait_for(pid);
}

static void try(const char *name, void (*attack)(int round), int rounds)
{
    for (int i = 0; i < rounds; i++) {
        in_child(attack, i);
    }
    printf("%s: done\n", name);
}

/* --- frames that a handler forges ------------------------------------------ */

static void handler(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    forge(context, current);
}

/* Faults that follow are delivered on another stack, a few times. */
static void again(int sig)
{
    static int count;

    if (sig == SIGTRAP || ++count > 3) {
        _exit(sig);
    }
}

static void raise_forged(int round)
{
    static char memory[65536];
    stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
    struct sigaction act = { .sa_flags = SA_SIGINFO };
    struct sigaction late = { .sa_handler = again, .sa_flags = SA_ONSTACK };

    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &late, NULL);
    sigaction(SIGBUS, &late, NULL);
    sigaction(SIGILL, &late, NULL);
    act.sa_sigaction = handler;
    sigaction(SIGUSR1, &act, NULL);
    current = round;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
}

static void replace_all(ucontext_t *context, int round)
{
    uintptr_t *words = (void *)&context->uc_mcontext;
    size_t count = sizeof(context->uc_mcontext) / sizeof(*words);

    for (size_t i = 0; i < count; i++) {
        words[i] = round < VALUES ? values[round] : next();
    }
}

/* A word here and there: sizes, kinds and addresses of what a frame consists of
 * among them. */
static void mutate(ucontext_t *context, int round)
{
    uintptr_t *words = (void *)context;
    size_t count = sizeof(*context) / sizeof(*words);

    for (int n = 1 + round % 7; n > 0; n--) {
        uint64_t at = next(), value = next();

        words[at % count] = value & 1 ? values[(value >> 8) % VALUES] :
            value & 2 ? value >> 8 : words[at % count] + (value >> 8) % 64 * 8;
    }
}

static void registers(void)
{
    forge = replace_all;
    try("registers", raise_forged, VALUES + 20);
}

static void mutations(void)
{
    forge = mutate;
    try("mutations", raise_forged, ROUNDS);
}

/* --- sigreturn without a frame --------------------------------------------- */

static void return_at(uintptr_t sp)
{
#if defined(__aarch64__)
    register long nr asm("x8") = SYS_rt_sigreturn;
    asm volatile("mov sp, %0\n\tsvc 0" : : "r"(sp), "r"(nr) : "memory");
#elif defined(__arm__)
    asm volatile("mov sp, %0\n\tmov r7, %1\n\tsvc 0"
                 : : "r"(sp), "r"(SYS_rt_sigreturn) : "memory");
#elif defined(__x86_64__)
    asm volatile("mov %0, %%rsp\n\tsyscall"
                 : : "r"(sp), "a"(SYS_rt_sigreturn) : "memory");
#elif defined(__mips__)
    register long nr asm("$2") = SYS_rt_sigreturn;
    asm volatile("move $sp, %0\n\tsyscall" : : "r"(sp), "r"(nr) : "memory");
#elif defined(__riscv)
    register long nr asm("a7") = SYS_rt_sigreturn;
    asm volatile("mv sp, %0\n\tecall" : : "r"(sp), "r"(nr) : "memory");
#elif defined(__s390x__)
    register long nr asm("1") = SYS_rt_sigreturn;
    asm volatile("lgr %%r15, %0\n\tsvc 0" : : "r"(sp), "r"(nr) : "memory");
#else
    syscall(SYS_rt_sigreturn);
    (void)sp;
#endif
}

/* The last page of a mapping with nothing behind it, and one that is gone. */
static uintptr_t place(int round)
{
    static const int before[] = { 0, 8, 16, 64, 128, 256, 512, 1024, 2048 };
    enum { BEFORE = sizeof(before) / sizeof(before[0]) };
    long page = sysconf(_SC_PAGESIZE);
    char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (round < VALUES) {
        return values[round];
    }
    round -= VALUES;
    memset(two, round & 1 ? 0xff : 0x41, 2 * page);
    munmap(two + page, page);
    if (round < 2 * BEFORE) {
        return (uintptr_t)two + page - before[round / 2];
    }
    munmap(two, page);
    return (uintptr_t)two + (round & 1 ? 0 : page);
}

static void return_nowhere(int round)
{
    return_at(place(round));
}

static void places(void)
{
    try("places", return_nowhere, VALUES + 20);
}

/* --- delivery without a stack ---------------------------------------------- */

static void deliver_nowhere(int round)
{
    stack_t stack = { .ss_sp = (void *)place(round), .ss_size = 1 << 16 };
    struct sigaction act = {
        .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK,
    };

    forge = mutate;
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &act, NULL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
}

static void stacks(void)
{
    try("stacks", deliver_nowhere, VALUES + 20);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*function)(void);
    } attacks[] = {
        { "registers", registers }, { "mutations", mutations },
        { "places", places }, { "stacks", stacks },
    };

    for (int i = 1; i < argc; i++) {
        for (unsigned a = 0; a < sizeof(attacks) / sizeof(attacks[0]); a++) {
            if (strcmp(argv[i], attacks[a].name) == 0) {
                attacks[a].function();
                fflush(stdout);
            }
        }
    }
    return syscall(SYS_sync) < 0 ? 3 : 0;
}
