/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faults: guest memory that is gone when the emulator looks at it.
 *
 * QEMU asks whether memory is there, and then uses it. In between another
 * thread of the guest may unmap it; and a mapping of a file that has become
 * shorter is there, and faults nevertheless. Where the kernel says EFAULT, QEMU
 * would end.
 *
 * A fault in QEMU's own code, on an address in the guest's window, below
 * do_syscall(), goes back there: as if do_syscall1() had returned
 * -TARGET_EFAULT. Nothing prepares for this, so that it costs a call nothing:
 * the way back is read off the stack, as an exception's is. What the call has
 * allocated by then is lost to it; so a call that holds a lock, or has left the
 * processor half-way between two states, must not end like this. Where that
 * could be, the emulator gives up as before.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"
#include "strace.h"
#include "qemu/rcu.h"
#include "user/page-protection.h"
#if __has_include("exec/mmap-lock.h")
#include "exec/mmap-lock.h"     /* since QEMU 10.1 */
#endif

#include <setjmp.h>
#include <unwind.h>

#include <ruleengine/engine.h>

#include "confine.h"
#include "faults.h"
#include "guest.h"
#include "policy.h"

static __thread sigjmp_buf *policy_landing;
__thread bool policy_holding;

/* --- copies -------------------------------------------------------------- */

static int copy_to_nul(char *to, const volatile char *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
        if (to[i] == '\0') {
            return 1;
        }
    }
    return 0;
}

int policy_guarded_copy(void *to, const void *from, size_t len, bool to_nul)
{
    sigjmp_buf landing;
    int met = 0;

    if (sigsetjmp(landing, 0)) {
        policy_landing = NULL;
        return -EFAULT;
    }
    policy_landing = &landing;
    signal_barrier();
    if (to_nul) {
        met = copy_to_nul(to, from, len);
    } else {
        memcpy(to, from, len);
    }
    signal_barrier();
    policy_landing = NULL;
    return met;
}

/* --- where all signals are blocked ---------------------------------------- */

/* A fault that is blocked ends the process. */
static void unblock_faults(sigset_t *ret_mask)
{
    sigset_t faults;

    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    sigprocmask(SIG_UNBLOCK, &faults, ret_mask);
}

void policy_put_tid(uint32_t tid, abi_ulong addr)
{
    uint32_t swapped = tswap32(tid);
    sigset_t mask;

    unblock_faults(&mask);
    policy_guest_ops.write(thread_cpu, addr, &swapped, sizeof(swapped));
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

int policy_block_signals(void)
{
    int pending = block_signals();

    if (policy_engine) {
        unblock_faults(NULL);
    }
    return pending;
}

/* --- the way back -------------------------------------------------------- */

/* Is on the stack, whatever the compiler makes of its callers. */
abi_long __attribute__((noinline))
policy_survive(CPUArchState *env, const struct re_call *call,
               policy_original_fn *original)
{
    bool before = policy_hold_on(false);
    abi_long ret = original(env, call);

    policy_hold_on(before);
    return ret;
}

#if defined(__x86_64__)
/* What a function finds when the one that it has called returns. */
struct way_back {
    uintptr_t pc, sp, rbx, rbp, r12, r13, r14, r15;
};

/* DWARF's numbers of registers. */
enum { RBX = 3, RBP = 6, R12 = 12, R13, R14, R15 };

/*
 * These leave more behind than memory: a lock, a descriptor of the emulator's,
 * half of a processor's state.
 */
static bool is_no_way(uintptr_t function)
{
    const uintptr_t functions[] = {
        (uintptr_t)policy_execve, (uintptr_t)print_syscall,
        (uintptr_t)print_syscall_ret, (uintptr_t)do_rt_sigreturn,
#ifdef TARGET_ARCH_HAS_SETUP_FRAME
        (uintptr_t)do_sigreturn,
#endif
#ifdef TARGET_PPC
        (uintptr_t)do_swapcontext,
#endif
    };

    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        if (function == functions[i]) {
            return true;
        }
    }
    return false;
}

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *frame,
                                         void *opaque)
{
    uintptr_t function = _Unwind_GetRegionStart(frame);
    struct way_back *way = opaque;

    if (is_no_way(function)) {
        return _URC_END_OF_STACK;
    }
    if (function != (uintptr_t)do_syscall &&
        function != (uintptr_t)policy_survive) {
        return _URC_NO_REASON;
    }
    *way = (struct way_back) {
        .pc = _Unwind_GetIP(frame), .sp = _Unwind_GetCFA(frame),
        .rbx = _Unwind_GetGR(frame, RBX), .rbp = _Unwind_GetGR(frame, RBP),
        .r12 = _Unwind_GetGR(frame, R12), .r13 = _Unwind_GetGR(frame, R13),
        .r14 = _Unwind_GetGR(frame, R14), .r15 = _Unwind_GetGR(frame, R15),
    };
    return _URC_END_OF_STACK;
}

static G_NORETURN void go_back(const struct way_back *way, abi_long result)
{
#ifdef __SANITIZE_ADDRESS__
    extern void __asan_handle_no_return(void);

    __asan_handle_no_return();
#endif
    /* The stack pointer last: a signal may overwrite what lies below. */
    asm volatile("movq 0(%%rdx), %%rcx\n\t"
                 "movq 16(%%rdx), %%rbx\n\t"
                 "movq 24(%%rdx), %%rbp\n\t"
                 "movq 32(%%rdx), %%r12\n\t"
                 "movq 40(%%rdx), %%r13\n\t"
                 "movq 48(%%rdx), %%r14\n\t"
                 "movq 56(%%rdx), %%r15\n\t"
                 "movq 8(%%rdx), %%rsp\n\t"
                 "cld\n\t"
                 "jmp *%%rcx"
                 : : "d"(way), "a"((uint64_t)(int64_t)result) : "memory");
    __builtin_unreachable();
}

/* Returns if there is none. */
static void take_way_back(const void *mask)
{
    struct way_back way = { 0 };

    _Unwind_Backtrace(look_at_frame, &way);
    if (way.pc) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        go_back(&way, -TARGET_EFAULT);
    }
}
#else
static void take_way_back(const void *mask)
{
}
#endif

void policy_fault(const void *addr, const void *mask)
{
    if (policy_landing) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        siglongjmp(*policy_landing, 1);
    }
    if (policy_window_has(addr) && !policy_holding && !have_mmap_lock() &&
        get_ptr_rcu_reader()->depth == 0) {
        take_way_back(mask);
    }
}

bool policy_mends(const void *addr)
{
    return policy_engine && re_engine_mend(policy_engine, addr);
}
