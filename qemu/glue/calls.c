/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host stack: a guest thread has 256 KiB of it. A call that is decided here
 * adds struct re_call and, when it is logged, the audit record: together some
 * 24 KiB below do_syscall. Nothing here recurses.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"
#include "special-errno.h"
#include "qemu/log.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "accept.h"
#include "calls.h"
#include "descriptors.h"
#include "doors.h"
#include "faults.h"
#include "guest.h"
#include "handlers.h"
#include "messages.h"
#include "path.h"
#include "policy.h"

#define NOTE_SIZE 256           /* bytes of a note in strace output */

#define SIGSYS_SECCOMP 1        /* si_code SYS_SECCOMP, the same everywhere */

unsigned policy_limit;
uint8_t policy_map[POLICY_NUMBERS];

QEMU_BUILD_BUG_ON(TARGET_NR_exit_group >= POLICY_NUMBERS);

static const struct st_target *policy_target;

/* What policy_map holds of a number about which nothing is left to learn. Only
 * while something is learnt: then policy_map has every number, until it is
 * known. Any thread may copy a byte from here to there. */
static uint8_t *policy_known_map;

/* Conditions ask for facts, and a call uses those that they have made. */
static bool policy_asks;

/* Whether sendmmsg is decided by its messages: a condition asks for addresses,
 * or they are learnt. */
static bool policy_by_message;

static __thread struct re_thread policy_thread;
static __thread char policy_note[NOTE_SIZE];
static __thread enum {
    LINE_NONE,
    LINE_OPEN,              /* a call of this thread, without its result */
    LINE_CUT,               /* likewise, but something has come between */
} policy_line;

/* --- verdicts that end in a signal ------------------------------------- */

/* -QEMU_ESIGRETURN makes sparc and hppa stay where they are. */
static void pass_over_syscall(CPUArchState *env)
{
#if defined(TARGET_SPARC)
    env->pc = env->npc;
    env->npc = env->npc + 4;
#elif defined(TARGET_HPPA)
    env->iaoq_f = env->gr[31] | PRIV_USER;
    env->iaoq_b = env->iaoq_f + 4;
#endif
}

/*
 * SIGSYS with what seccomp gives: si_call_addr, si_syscall, si_arch. QEMU
 * knows no such siginfo. It swaps _sigfault._addr, where si_call_addr lies,
 * and passes on the bytes behind it as they are: so they are put there in the
 * guest's order already.
 */
static abi_long trap(CPUArchState *env, const struct re_call *call)
{
    target_siginfo_t info = {
        .si_signo = TARGET_SIGSYS,
        .si_code = SIGSYS_SECCOMP,
    };
    bool vsyscall = policy_in_vsyscall_page(env);
    struct {
        int32_t nr;
        uint32_t arch;
    } rest = {
        .nr = tswap32(call->nr),
        .arch = tswap32(st_audit_arch(policy_target)),
    };

    if (!vsyscall) {
        pass_over_syscall(env);
    }
    info._sifields._sigfault._addr = policy_guest_ops.pc(env_cpu(env));
    memcpy((char *)&info._sifields + sizeof(abi_ulong), &rest, sizeof(rest));
    queue_signal(env, TARGET_SIGSYS, QEMU_SI_FAULT, &info);
    return vsyscall ? -TARGET_ENOSYS : -QEMU_ESIGRETURN;
}

/* The process ends. Nobody would know that the logs lack something. */
static void finish(void)
{
    uint64_t missing = re_engine_finish(policy_engine);
    int fd = policy_message_fd();

    if (missing > 0 && fd >= 0) {
        policy_cut_line();
        dprintf(fd, "qemu-" TARGET_NAME ": %" PRIu64 " record%s could not be "
                "written to the log\n", missing, missing == 1 ? "" : "s");
    }
}

/* Has the host kernel kill the process at its next system call, as
 * SECCOMP_RET_KILL_PROCESS does: no handler can be set in time. */
static void kill_by_seccomp(void)
{
    struct sock_filter kill_process = BPF_STMT(BPF_RET | BPF_K,
                                               SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = { .len = 1, .filter = &kill_process };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
        syscall(__NR_getpid);
    }
}

/*
 * The whole process dies by SIGSYS, whatever handlers the guest has set or its
 * other threads are setting now, and leaves no core file.
 */
static G_NORETURN void kill_process(CPUArchState *env)
{
    struct sigaction act = { .sa_handler = SIG_DFL };
    sigset_t only_sigsys;

    finish();
    preexit_cleanup(env, 128 + TARGET_SIGSYS);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

    sigaction(SIGSYS, &act, NULL);
    syscall(__NR_tgkill, getpid(), qemu_get_thread_id(), SIGSYS);
    sigemptyset(&only_sigsys);
    sigaddset(&only_sigsys, SIGSYS);
    sigprocmask(SIG_UNBLOCK, &only_sigsys, NULL);

    /* Still here: another thread was quicker and has caught it. */
    kill_by_seccomp();
    kill(getpid(), SIGKILL);
    _exit(128 + SIGSYS);
}

/* --- deciding ---------------------------------------------------------- */

static void note_answer(const struct re_call *call)
{
    if (re_call_note(call, policy_note, sizeof(policy_note)) == 0) {
        policy_note[0] = '\0';
    }
}

/* QEMU prints a call before it is made and its result behind that. Records and
 * messages come between, where they go to standard error as well. */
void policy_cut_line(void)
{
    if (policy_line == LINE_OPEN && !qemu_log_separate()) {
        qemu_log(" <unfinished ...>\n");
        policy_line = LINE_CUT;
    }
}

static void resume_line(const struct re_call *call)
{
    int slot = st_slot_of_number(policy_target, call->asked);
    const char *name = slot < 0 ? NULL : st_slot_name(policy_target, slot);

    qemu_log("%d <... %s resumed>", getpid(), name ? name : "unknown");
}

static void call_is_gone(void *call)
{
    re_resume(policy_engine, &policy_thread, call, RE_RESULT_GONE);
    policy_kept_release();
}

/* exit ends a thread by pthread_exit(): a handler that waits for the result is
 * then told that there will be none. */
static abi_long run_exit(CPUArchState *env, const struct re_call *call,
                         policy_original_fn *original)
{
    abi_long ret;

    pthread_cleanup_push(call_is_gone, (void *)call);
    ret = original(env, call);
    pthread_cleanup_pop(0);
    return ret;
}

/* The engine's word for a result that is none. */
static int64_t outcome(abi_long ret)
{
    return ret == -QEMU_ERESTARTSYS ? RE_RESULT_AGAIN :
        ret == -QEMU_ESIGRETURN ? RE_RESULT_GONE : ret;
}

/* alpha takes every negative result for an error, unless V0 is 0 by then. */
static abi_long answer(CPUArchState *env, int64_t result)
{
#if defined(TARGET_ALPHA)
    if (result < -4095) {
        env->ir[IR_V0] = 0;
    }
#endif
    return result;
}

static abi_long run_syscall(CPUArchState *env, const struct re_call *call);

/* Whether there never was another thread: QEMU says so to each before it starts
 * the second one. (Host memory that others share counts as one.) */
static bool is_alone(CPUArchState *env)
{
    return !(env_cpu(env)->tcg_cflags & CF_PARALLEL);
}

/* A call that a handler makes besides: the emulator's own doors stay shut. */
static abi_long run_other(CPUArchState *env, struct re_call *call)
{
    abi_long ret;

    if (policy_doors_guard(env, call, &ret) || policy_path_guard(call, &ret)) {
        return ret;
    }
    return policy_survive(env, call, run_syscall);
}

/* The original, with what the conditions have looked at in the place of the
 * arguments that lead to it. */
static abi_long run_checked(CPUArchState *env, struct re_call *call,
                            policy_original_fn *original)
{
    uint64_t args[ST_MAX_REGS];
    int nr = call->nr;
    abi_long ret;

    if (call->other) {
        return run_other(env, call);
    }
    memcpy(args, call->args, sizeof(args));
    ret = policy_path_apply(call);
    if (ret == 0) {
        policy_accept_run();
        ret = policy_survive(env, call, original);
    }
    memcpy(call->args, args, sizeof(args));
    call->nr = nr;
    return ret;
}

/* Writes down what is about to run. Without conditions, the call itself has no
 * use for what its arguments lead to. */
static void learn(const struct re_call *call)
{
    bool known = re_engine_learn(policy_engine, call);

    if (!policy_asks) {
        policy_path_release();
    }
    if (known && call->slot >= 0 && (unsigned)call->nr < policy_limit &&
        st_slot_operation(policy_target, call->slot) == 0) {
        policy_map[call->nr] = policy_known_map[call->nr];
    }
}

/* What the call has held. */
static void release(void)
{
    policy_path_release();
    policy_kept_release();
    policy_accept_release();
}

/*
 * Asks the engine and does what it says. The registers as they are stay with
 * the guest when its call is to be made again, or has replaced them.
 */
static abi_long decide_held(CPUArchState *env, struct re_call *call,
                            policy_original_fn *original)
{
    enum re_step step;
    abi_long ret;

    call->alone = is_alone(env);
    step = re_enter(policy_engine, &policy_thread, call);
    if (step == RE_STEP_RUN && policy_known_map) {
        learn(call);
    }
    while (step == RE_STEP_RUN) {
        if (call->nr == TARGET_NR_exit_group) {
            finish();
        }
        ret = call->nr == TARGET_NR_exit ?
            run_exit(env, call, call->other ? run_syscall : original) :
            run_checked(env, call, original);
        call->alone = is_alone(env);
        step = re_resume(policy_engine, &policy_thread, call, outcome(ret));
        if (outcome(ret) != ret) {
            release();
            return ret;
        }
    }
    release();
    if (unlikely(qemu_loglevel_mask(LOG_STRACE))) {
        note_answer(call);
    }
    switch (step) {
    case RE_STEP_DONE:
        return answer(env, call->result);
    case RE_STEP_AGAIN:
        return -QEMU_ERESTARTSYS;
    case RE_STEP_TRAP:
        return trap(env, call);
    default:
        kill_process(env);
    }
}

/* For calls that QEMU does not print. */
static abi_long decide_quietly(CPUArchState *env, struct re_call *call,
                               policy_original_fn *original)
{
    bool before = policy_hold_on(true);
    abi_long ret = decide_held(env, call, original);

    policy_hold_on(before);
    return ret;
}

static abi_long decide(CPUArchState *env, struct re_call *call,
                       policy_original_fn *original)
{
    abi_long ret;

    if (likely(!qemu_loglevel_mask(LOG_STRACE))) {
        return decide_quietly(env, call, original);
    }
    policy_line = LINE_OPEN;
    ret = decide_quietly(env, call, original);
    if (policy_line == LINE_CUT) {
        resume_line(call);
    }
    policy_line = LINE_NONE;
    return ret;
}

/* ipc says in its first argument which call it is. */
static int slot_of_call(int num, abi_long arg1)
{
#ifdef TARGET_NR_ipc
    if (num == TARGET_NR_ipc) {
        unsigned op = arg1;

        return st_slot_of_ipc(policy_target, op & 0xffff, op >> 16);
    }
#endif
    return st_slot_of_number(policy_target, num);
}

static abi_long run_syscall(CPUArchState *env, const struct re_call *call)
{
    const uint64_t *a = call->args;

    return policy_original(env, call->nr, a[0], a[1], a[2], a[3],
                           a[4], a[5], a[6], a[7]);
}

/*
 * Field by field, and only what the caller has to set: an initializer would
 * clear all of struct re_call, most of which is the engine's own, and take
 * longer than deciding does.
 */
abi_long policy_syscall(CPUArchState *env, int num, abi_long arg1,
                        abi_long arg2, abi_long arg3, abi_long arg4,
                        abi_long arg5, abi_long arg6, abi_long arg7,
                        abi_long arg8)
{
    struct re_call call POLICY_UNSET;
    abi_long ret;

    call.nr = num;
    call.slot = slot_of_call(num, arg1);
    call.args[0] = arg1;
    call.args[1] = arg2;
    call.args[2] = arg3;
    call.args[3] = arg4;
    call.args[4] = arg5;
    call.args[5] = arg6;
    call.args[6] = arg7;
    call.args[7] = arg8;
    call.guest = env_cpu(env);
    call.facts = policy_path_facts(&call);
    if (policy_doors_guard(env, &call, &ret) ||
        policy_path_guard(&call, &ret)) {
        return ret;
    }
    return num == TARGET_NR_sendmmsg && policy_by_message ?
        policy_messages(env, &call, decide) :
        decide(env, &call, run_syscall);
}

static abi_long run_nothing(CPUArchState *env, const struct re_call *call)
{
    return -TARGET_ENOSYS;
}

abi_long policy_unknown(CPUArchState *env, int num, abi_long arg1,
                        abi_long arg2, abi_long arg3, abi_long arg4,
                        abi_long arg5, abi_long arg6)
{
    struct re_call call = {
        .nr = num,
        .slot = -1,
        .args = { arg1, arg2, arg3, arg4, arg5, arg6 },
        .guest = env_cpu(env),
    };

    if (!policy_engine || (unsigned)num < policy_limit) {
        return -TARGET_ENOSYS;
    }
    return decide(env, &call, run_nothing);
}

#ifdef TARGET_ABI_MIPSO32
/* Of a call without a prototype only the arguments in registers are known. */
abi_long policy_undefined(CPUArchState *env, int num)
{
    const target_ulong *gpr = env->active_tc.gpr;
    struct re_call call = {
        .nr = num,
        .args = { (abi_long)gpr[4], (abi_long)gpr[5],
                  (abi_long)gpr[6], (abi_long)gpr[7] },
        .guest = env_cpu(env),
    };

    if (!policy_engine ||
        ((unsigned)num < policy_limit && !policy_map[(unsigned)num])) {
        return -TARGET_ENOSYS;
    }
    call.slot = st_slot_of_number(policy_target, num);
    return decide_quietly(env, &call, run_nothing);
}
#endif

#ifdef TARGET_NR_socketcall
static abi_long run_socketcall(CPUArchState *env, const struct re_call *call)
{
    abi_long a[6];
    int op = st_slot_operation(policy_target, call->slot);

    for (unsigned i = 0; i < ARRAY_SIZE(a); i++) {
        a[i] = call->args[i];
    }
    return policy_original_socketcall(op, a);
}

abi_long policy_socketcall(int op, const abi_long *a, unsigned nargs)
{
    struct re_call call POLICY_UNSET;
    abi_long ret;

    if (!policy_engine) {
        return policy_original_socketcall(op, a);
    }
    call.nr = TARGET_NR_socketcall;
    memset(call.args, 0, sizeof(call.args));
    call.slot = st_slot_of_socketcall(policy_target, op);
    for (unsigned i = 0; i < nargs; i++) {
        call.args[i] = a[i];
    }
    if (policy_doors_guard(cpu_env(thread_cpu), &call, &ret)) {
        return ret;
    }
    if (!policy_known_map &&
        (call.slot < 0 || !re_engine_map(policy_engine)[call.slot])) {
        return policy_original_socketcall(op, a);
    }
    call.guest = thread_cpu;
    call.facts = policy_path_facts(&call);
    return op == TARGET_SYS_SENDMMSG && policy_by_message ?
        policy_messages(cpu_env(thread_cpu), &call, decide) :
        decide(cpu_env(thread_cpu), &call, run_socketcall);
}
#endif

/* --- strace ------------------------------------------------------------ */

void policy_strace_note(void)
{
    if (policy_note[0]) {
        qemu_log(" [%s]", policy_note);
        policy_note[0] = '\0';
    }
}

void policy_strace_end(void)
{
    policy_note[0] = '\0';
}

/* --- start-up ---------------------------------------------------------- */

/*
 * From the engine's slots to numbers. Numbers that the tables lack are marked:
 * a call that QEMU knows and the tables do not is an unknown call, not a free
 * one. ipc's number is marked if any of its calls is.
 */
static void fill_map(void)
{
    const uint8_t *slots = re_engine_map(policy_engine);
    unsigned base = st_base(policy_target);
    unsigned numbers = st_number_count(policy_target);

    g_assert(base + numbers <= POLICY_NUMBERS);
    memset(policy_map, 1, sizeof(policy_map));
    memcpy(policy_map + base, slots, numbers);
#ifdef TARGET_NR_ipc
    for (unsigned i = numbers; i < re_engine_map_size(policy_engine); i++) {
        if (st_number_of_slot(policy_target, i) == TARGET_NR_ipc) {
            policy_map[TARGET_NR_ipc] |= slots[i];
        }
    }
#endif
    policy_map[TARGET_NR_exit_group] = 1;   /* the log has a last word */
    policy_doors_prepare(policy_target, policy_map);
    policy_limit = POLICY_NUMBERS;
}

static bool decides_by_message(void)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(policy_target, "sendmmsg", slots);
    bool asks = re_engine_learns(policy_engine);

    for (unsigned i = 0; i < count; i++) {
        asks |= re_engine_asks_about(policy_engine, slots[i]);
    }
    return asks;
}

void policy_calls_start(const struct st_target *target)
{
    policy_target = target;
    fill_map();
    policy_asks = re_engine_asks(policy_engine);
    policy_by_message = decides_by_message();
    if (policy_asks || re_engine_learns(policy_engine)) {
        /* What programs bring along may be asked for, whoever else is. */
        policy_map[TARGET_NR_execve] = policy_map[TARGET_NR_execveat] = 1;
        policy_path_start(target, re_engine_names(policy_engine) ?
                          policy_map : NULL);
    }
    if (re_engine_learns(policy_engine)) {
        policy_known_map = g_memdup2(policy_map, sizeof(policy_map));
        memset(policy_map, 1, sizeof(policy_map));
    }
}
