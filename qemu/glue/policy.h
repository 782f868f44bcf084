/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: what QEMU's user mode asks of the rule engine.
 *
 * The patches call the functions below and do nothing else; the files beside
 * this one do the work. They are compiled inside QEMU, once for each target,
 * with QEMU's own headers; include "qemu.h" before this file.
 *
 * Without a policy every function here is a no-operation or does what QEMU
 * does by itself.
 */
#ifndef LINUX_USER_POLICY_H
#define LINUX_USER_POLICY_H

#include "qemu/interval-tree.h"

#include <sys/resource.h>

#include "confine.h"

struct re_engine;

/*
 * QEMU is compiled so that each local variable begins as zeroes. For large ones
 * which every call has, and which are written before they are read, that is the
 * better part of their price.
 */
#if __has_attribute(uninitialized)
#define POLICY_UNSET __attribute__((uninitialized))
#else
#define POLICY_UNSET
#endif

/*
 * Numbers below this have a byte in policy_map; numbers from here on cannot be
 * a call of any target (the highest base, of mips n32, is 6000) and reach
 * policy_unknown() by way of the default case of do_syscall1.
 */
#define POLICY_NUMBERS 8192

/* The engine, or NULL without a policy. */
extern struct re_engine *policy_engine;

/* POLICY_NUMBERS with a policy, 0 without one. */
extern unsigned policy_limit;

/* Non-zero: the policy is to be asked about this number. */
extern uint8_t policy_map[POLICY_NUMBERS];

/* Besides 0 and 1: ask if the first argument is one of the emulator's own
 * descriptors. */
#define POLICY_ASK_FD 2
#define POLICY_ASKED_FDS 256    /* RE_NUMBERS of ruleengine/numbers.h */
extern int policy_asked_floor;
extern int policy_floor;        /* of what the emulator has opened for itself */

/*
 * The test that every system call pays for: two host instructions without a
 * policy, six with one; seven more for a call whose first argument is a
 * descriptor, for it may be one of the emulator's own.
 */
static inline bool policy_watches(int num, abi_long arg1)
{
    const uint8_t *byte = &policy_map[(unsigned)num];

    if ((unsigned)num >= policy_limit || !*byte) {
        return false;
    }
    barrier();      /* read anew: both tests compare memory and load nothing */
    return (*byte & 1) ||
        (uint32_t)arg1 - (uint32_t)policy_asked_floor < POLICY_ASKED_FDS;
}

/* --- calls on their way: each returns what do_syscall would ------------- */

/* A call that policy_watches(). */
abi_long policy_syscall(CPUArchState *env, int num, abi_long arg1,
                        abi_long arg2, abi_long arg3, abi_long arg4,
                        abi_long arg5, abi_long arg6, abi_long arg7,
                        abi_long arg8);

/* A number that QEMU does not know: -TARGET_ENOSYS, unless the number lies
 * outside policy_map and the policy has something else to say. */
abi_long policy_unknown(CPUArchState *env, int num, abi_long arg1,
                        abi_long arg2, abi_long arg3, abi_long arg4,
                        abi_long arg5, abi_long arg6);

/* The same for a number that mips o32's cpu loop would answer by itself. */
abi_long policy_undefined(CPUArchState *env, int num);

/* socketcall, once its arguments a[0 .. nargs - 1] have been copied out of
 * the guest's memory; the rest of a[6] is not read. */
abi_long policy_socketcall(int op, const abi_long *a, unsigned nargs);

/* In syscall.c: what QEMU does by itself. */
abi_long policy_original(CPUArchState *env, int num, abi_long arg1,
                         abi_long arg2, abi_long arg3, abi_long arg4,
                         abi_long arg5, abi_long arg6, abi_long arg7,
                         abi_long arg8);
abi_long policy_original_socketcall(int op, const abi_long *a);

/* --- strace ------------------------------------------------------------ */

/* Writes " [policy: ...]" to QEMU's log when a rule has answered this thread's
 * call; the note is good until policy_strace_end(). */
void policy_strace_note(void);
void policy_strace_end(void);

/* --- what was checked is what is used ---------------------------------- */

/*
 * The last page of the address space holds error numbers, never memory. While
 * a call runs whose path, address or struct open_how a condition has looked
 * at, such arguments are addresses from here on, and these functions have the
 * bytes; NULL for any other address.
 */
#define POLICY_MAGIC ((abi_ulong)-4096)

void *policy_string(abi_ulong addr);
void *policy_bytes(abi_ulong addr, size_t len);

/* Whether the name is one of policy_string()'s and stands for a file outside of
 * /proc, of which there is nothing to fake. */
bool policy_is_plain(const char *name);

/* --- faults ------------------------------------------------------------ */

/*
 * From the host's SIGSEGV and SIGBUS handlers, before they give up because of
 * an access to "addr": does not return if this thread was copying guest memory
 * for the policy, or if the guest's call can end with EFAULT. "mask" is the
 * kernel's signal mask to go back to.
 */
void policy_fault(const void *addr, const void *mask);

/* put_user_u32() of a thread's number, where locks are held or the thread has
 * ended: as for the kernel, it does not matter whether there is memory. */
void policy_put_tid(uint32_t tid, abi_ulong addr);

/* block_signals() of a call that goes on to look at guest memory. */
int policy_block_signals(void);

/* From the host's handler of SIGBUS: whether the fault was the emulator's own
 * and has been mended. */
bool policy_mends(const void *addr);

/* --- doors ------------------------------------------------------------- */

/* With a policy: open() and openat2() of the guest, whose "how" is a struct
 * open_how: a descriptor that is fit for the guest, or -1 and errno. */
int policy_openat(CPUArchState *env, int dirfd, const char *name, int flags,
                  mode_t mode);
int policy_openat2(CPUArchState *env, int dirfd, const char *name,
                   const void *how);

/*
 * Calls of the guest that name files, as the host's of the same names, but that
 * none of them removes, replaces, links or cuts what the emulator records to:
 * EACCES.
 */
int policy_unlinkat(int dirfd, const char *path, int flags);
int policy_renameat2(int from, const char *path, int to, const char *new,
                     unsigned flags);
int policy_linkat(int from, const char *path, int to, const char *new,
                  int flags);
int policy_symlinkat(const char *target, int dirfd, const char *path);
int policy_mkdirat(int dirfd, const char *path, mode_t mode);
int policy_mknodat(int dirfd, const char *path, mode_t mode, dev_t device);
int policy_truncate(const char *path, off_t length);
int policy_acct(const char *path);

/* accept4() of the guest: the connection that its call has been judged by. */
int policy_accept4(int listener, struct sockaddr *address, socklen_t *len,
                   int flags);

/* A descriptor that the guest wants to send or map: -1 for one of the
 * emulator's. */
int policy_guest_fd(int fd);

/* The same of those in an ioctl's argument, a structure as the host has it. */
void policy_ioctl_fds(unsigned long request, void *argument);

/* The guest's table of descriptors ends where the emulator's own begin, and
 * none stands behind that: getrlimit(); "ret" of prlimit64, with two limits of
 * 64 bits; "ret" of the host's getdents, by its number, with entries whose
 * names begin at "at". */
int policy_getrlimit(int resource, struct rlimit *limit);
int policy_shown_limits(int ret, int resource, void *limits);
int policy_listed(int ret, int call, size_t at, int fd, void *entries,
                  size_t size);

/* setrlimit(), and what prlimit64 is to set: a limit that leaves no room for the
 * emulator's own descriptors is not set, and that is no error. */
int policy_setrlimit(int resource, const struct rlimit *limit);
void *policy_new_limits(int resource, void *limits);

/* A descriptor that the guest waits for: one that is not open for one of the
 * emulator's. */
int policy_poll_fd(int fd);

/* What a frame says of segments (x86) and of where to go on (s390x). */
#ifdef TARGET_I386
void policy_load_seg(CPUX86State *env, X86Seg seg, int selector);
#endif
uint64_t policy_psw(uint64_t mask, uint64_t addr);

/* read_self_maps(), which opens a file, out of the reach of the guest's
 * threads. */
IntervalTreeRoot *policy_self_maps(void);

/* Whether the guest has pages everywhere in a range: what is reserved for it looks
 * to the host as if it had. True without a window. */
bool policy_is_mapped(abi_ulong start, abi_ulong len);

/* How the guest wants to hear of a timer: -1, which is no way, if the host's C
 * library would have to call a function. */
int policy_notify(int notify);

/* Whether no core file may be written, because it would show the emulator. */
bool policy_keeps_core(void);

/* The most that is put on the stack because the guest says so, bytes. */
#define POLICY_ALLOCA_MAX (64 * 1024)

/* What is converted for the host may be cut short by the guest; its fixed parts
 * are converted nevertheless. No such part is larger, bytes. */
#define POLICY_SLACK 256

/* Semaphores in a set, at most: their numbers have 16 bits. The kernel's limit
 * may be higher; semget() of the guest keeps to this one. */
#define POLICY_SEMS 65536

int policy_semget(int key, int count, int flags);

/* --- start-up ---------------------------------------------------------- */

/* Options; each -policy and -rules is a layer. */
void handle_arg_policy(const char *arg);
void handle_arg_rules(const char *arg);
void handle_arg_rules_reload(const char *arg);
void handle_arg_policy_log(const char *arg);
void handle_arg_policy_learn(const char *arg);
void handle_arg_policy_stats(const char *arg);

/*
 * Reads the policy for a program, before any of the program is looked at.
 * Errors and warnings go to standard error; after an error QEMU exits with
 * status 2.
 */
void policy_load(const char *program);

/* Last of all before the guest runs: the host's wall. */
void policy_enter(void);

/* --- execve ------------------------------------------------------------ */

/*
 * First of all in main(): when this program image was made by a guest's execve,
 * the arguments become what they would have been had the user started the
 * program.
 */
void policy_start(int *argc, char ***argv);

/* The guest's environment: as execve gave it, or as it is. Takes it over. */
char **policy_environ(char **environ_);

/* open(path, O_RDONLY) and realpath() for the guest's program; the first also
 * for its dynamic loader. */
int policy_open_program(const char *path);
int policy_open_interpreter(const char *path);
char *policy_realpath(const char *path, char *real);

/*
 * With a policy: execve (dirfd AT_FDCWD, flags 0) and execveat of the guest,
 * whose path lies at "addr".
 * Returns only when it fails: -1, errno.
 */
int policy_execve(int dirfd, abi_ulong addr, const char *path, char **argv,
                  char **envp, int flags);

/* In util/log.c: opens QEMU's log file; NULL: fopen(name, "w"). */
extern FILE *(*qemu_log_opener)(const char *name);

/* --- fork -------------------------------------------------------------- */

void policy_fork_start(void);
void policy_fork_end(bool child);

#endif
