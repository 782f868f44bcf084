/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: between the guest's system calls and QEMU's.
 *
 * Host stack: a guest thread has 256 KiB of it. A call that is decided here
 * adds struct re_call and, when it is logged, the audit record: together some
 * 24 KiB below do_syscall. Nothing here recurses.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"
#include "user/page-protection.h"
#include "user/safe-syscall.h"
#include "special-errno.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>
#include <ruleengine/find.h>

#include "accept.h"
#include "handlers.h"
#include "made.h"
#include "messages.h"
#include "path.h"
#include "pin.h"
#include "policy.h"
#include "exec.h"
#include "doors.h"
#include "wall.h"

#define EXIT_POLICY 2           /* the policy is wrong: nothing was run */
#define NOTE_SIZE 256           /* bytes of a note in strace output */

#define SIGSYS_SECCOMP 1        /* si_code SYS_SECCOMP, the same everywhere */

struct re_engine *policy_engine;
unsigned policy_limit;
uint8_t policy_map[POLICY_NUMBERS];

QEMU_BUILD_BUG_ON(TARGET_NR_exit_group >= POLICY_NUMBERS);

static const struct st_target *policy_target;
static GPtrArray *policy_files;         /* of char *, in the order given */
static GPtrArray *policy_rule_dirs;     /* of char * */
static bool policy_rules_reload;
static GPtrArray *policy_logs;          /* of char *, the same */
static char *policy_learn_path;
static char *policy_stats_path;

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
static __thread sigjmp_buf *policy_landing;

/* --- guest memory ------------------------------------------------------ */

/*
 * The host's address of len bytes of guest memory that the guest itself may
 * use in this way (VERIFY_READ, VERIFY_WRITE), or NULL. A 32-bit guest's
 * address may come zero-extended or sign-extended, and in no other way.
 */
static void *guest_bytes(void *guest, uint64_t addr, size_t len, int type)
{
    CPUState *cpu = guest;
    abi_ulong abi_addr = addr;

    if (addr != abi_addr && addr != (uint64_t)(int64_t)(abi_long)addr) {
        return NULL;
    }
    abi_addr = cpu_untagged_addr(cpu, abi_addr);
    if ((abi_ulong)len != len || !access_ok_untagged(type, abi_addr, len)) {
        return NULL;
    }
    return g2h_untagged(abi_addr);
}

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

/*
 * memcpy(), or a copy up to the first NUL, that survives pages which another
 * thread of the guest takes away meanwhile: policy_fault() then comes back
 * here. Each byte of a string is read once, for the guest may be changing it.
 * Returns -EFAULT, or whether the NUL was met.
 */
static int guarded_copy(void *to, const void *from, size_t len, bool to_nul)
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

void policy_fault(const void *mask)
{
    if (policy_landing) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        siglongjmp(*policy_landing, 1);
    }
}

static int guest_read(void *guest, uint64_t addr, void *buf, size_t len)
{
    const void *bytes = policy_kept(addr, len);

    if (!bytes) {
        bytes = guest_bytes(guest, addr, len, VERIFY_READ);
    }

    return bytes ? guarded_copy(buf, bytes, len, false) : -EFAULT;
}

static int guest_write(void *guest, uint64_t addr, const void *buf, size_t len)
{
    void *bytes = guest_bytes(guest, addr, len, VERIFY_WRITE);

    return bytes ? guarded_copy(bytes, buf, len, false) : -EFAULT;
}

/* By pages, for what lies behind the string may not be readable. */
static ssize_t guest_read_string(void *guest, uint64_t addr, char *buf,
                                 size_t size)
{
    size_t done = 0;
    ssize_t kept = policy_kept_length(addr);

    if (kept >= 0) {
        snprintf(buf, size, "%s", (char *)policy_kept(addr, 0));
        return kept < (ssize_t)size ? (ssize_t)strlen(buf) : -ENAMETOOLONG;
    }
    while (done < size) {
        size_t page_rest = -((addr + done) | TARGET_PAGE_MASK);
        size_t len = MIN(page_rest, size - done);
        const void *bytes = guest_bytes(guest, addr + done, len, VERIFY_READ);
        int met = bytes ? guarded_copy(buf + done, bytes, len, true) : -EFAULT;

        if (met < 0) {
            return met;
        }
        if (met) {
            return strlen(buf);
        }
        done += len;
    }
    buf[size - 1] = '\0';
    return -ENAMETOOLONG;
}

static uint64_t guest_pc(void *guest)
{
    CPUState *cpu = guest;

    return cpu->cc->get_pc(cpu);
}

/* x86_64's vsyscall page: a call from there can neither be made again nor
 * leave the registers alone; the emulator asserts it. */
static bool in_vsyscall_page(CPUArchState *env)
{
#if defined(TARGET_X86_64)
    return (env->eip & TARGET_PAGE_MASK) == TARGET_VSYSCALL_PAGE;
#else
    return false;
#endif
}

static int guest_sleep(void *guest, uint64_t until)
{
    bool whole = in_vsyscall_page(cpu_env((CPUState *)guest)) ||
        policy_accept_holds();
    struct timespec time = {
        .tv_sec = until / NANOSECONDS_PER_SECOND,
        .tv_nsec = until % NANOSECONDS_PER_SECOND,
    };
    int ret;

    do {
        ret = whole ? -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time,
                                       NULL) :
            safe_syscall(__NR_clock_nanosleep, CLOCK_MONOTONIC,
                         TIMER_ABSTIME, &time, NULL);
    } while (ret && whole);
    return ret ? -EINTR : 0;
}

/* Through the host's kernel, so that it meets the guest's mask and handlers as
 * any other signal does. */
static void guest_signal(void *guest, int number)
{
    syscall(__NR_tgkill, getpid(), qemu_get_thread_id(), number);
}

static int64_t guest_seek(void *guest, int fd, int64_t to)
{
    off_t at = lseek(fd, MAX(to, 0), to < 0 ? SEEK_CUR : SEEK_SET);

    return at < 0 ? -errno : at;
}

const struct re_guest_ops policy_guest_ops = {
    .read = guest_read,
    .write = guest_write,
    .read_string = guest_read_string,
    .pc = guest_pc,
    .path = policy_path_resolve,
    .descriptor = policy_path_descriptor,
    .canonical = policy_pin_canonical,
    .make_file = policy_made_file,
    .open_host = policy_made_open,
    .identity = policy_path_identity,
    .sleep = guest_sleep,
    .accept = policy_accept_take,
    .signal = guest_signal,
    .seek = guest_seek,
    .replace = policy_path_replace,
    .make_parents = policy_path_make_parents,
    .below_root = policy_path_below_root,
    .keep = policy_keep,
    .alloc = policy_alloc,
    .release = policy_release,
    .fd_path = policy_fd_path,
    .register_at = policy_register_at,
    .read_register = policy_register_read,
    .write_register = policy_register_write,
    .layouts = policy_layouts,
};

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
    bool vsyscall = in_vsyscall_page(env);
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
    info._sifields._sigfault._addr = guest_pc(env_cpu(env));
    memcpy((char *)&info._sifields + sizeof(abi_ulong), &rest, sizeof(rest));
    queue_signal(env, TARGET_SIGSYS, QEMU_SI_FAULT, &info);
    return vsyscall ? -TARGET_ENOSYS : -QEMU_ESIGRETURN;
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

    re_engine_finish(policy_engine);
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

/* A call that a handler makes besides: the emulator's own doors stay shut. */
static abi_long run_other(CPUArchState *env, struct re_call *call)
{
    abi_long ret;

    if (policy_doors_guard(env, call, &ret) || policy_path_guard(call, &ret)) {
        return ret;
    }
    return run_syscall(env, call);
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
        ret = original(env, call);
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
static abi_long decide(CPUArchState *env, struct re_call *call,
                       policy_original_fn *original)
{
    enum re_step step = re_enter(policy_engine, &policy_thread, call);
    abi_long ret;

    if (step == RE_STEP_RUN && policy_known_map) {
        learn(call);
    }
    while (step == RE_STEP_RUN) {
        if (call->nr == TARGET_NR_exit_group) {
            re_engine_finish(policy_engine);
        }
        ret = call->nr == TARGET_NR_exit ?
            run_exit(env, call, call->other ? run_syscall : original) :
            run_checked(env, call, original);
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
    return decide(env, &call, run_nothing);
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

/* Adds one name; or, from the environment, several with separators. QEMU
 * hands the same function both, and the environment's by getenv()'s pointer. */
static void add_names(GPtrArray **names, const char *arg, const char *variable,
                      const char *separator)
{
    if (!*names) {
        *names = g_ptr_array_new();
    }
    if (arg == getenv(variable)) {
        g_auto(GStrv) parts = g_strsplit(arg, separator, -1);

        for (char **part = parts; *part; part++) {
            if (**part) {
                g_ptr_array_add(*names, g_strdup(*part));
            }
        }
    } else {
        g_ptr_array_add(*names, g_strdup(arg));
    }
}

void handle_arg_policy(const char *arg)
{
    add_names(&policy_files, arg, "QEMU_POLICY", ":");
}

void handle_arg_rules(const char *arg)
{
    add_names(&policy_rule_dirs, arg, "QEMU_RULES", ":");
}

void handle_arg_rules_reload(const char *arg)
{
    policy_rules_reload = true;
}

/* The option replaces what the environment says. */
void handle_arg_policy_log(const char *arg)
{
    const char *given = getenv("QEMU_POLICY_LOG");
    static bool replaced;

    if (policy_logs && arg != given && !replaced && given) {
        g_ptr_array_set_size(policy_logs, 0);
        replaced = true;
    }
    add_names(&policy_logs, arg, "QEMU_POLICY_LOG", ",");
}

void handle_arg_policy_stats(const char *arg)
{
    g_free(policy_stats_path);
    policy_stats_path = g_strdup(arg);
}

void handle_arg_policy_learn(const char *arg)
{
    g_free(policy_learn_path);
    policy_learn_path = g_strdup(arg);
}

/* Both reports end the lines they write. */
static void print_diags(const struct re_diags *diags)
{
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        char *text = re_diag_text(re_diags_at(diags, i));

        fputs(text ? text : "out of memory\n", stderr);
        free(text);
    }
}

static G_NORETURN void refuse_to_start(void)
{
    fprintf(stderr, "qemu-" TARGET_NAME ": the policy is not in force and the "
            "program was not started\n");
    exit(EXIT_POLICY);
}

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

/* What would let the guest out whatever the policy says. */
static void refuse_options(void)
{
    const char *why = NULL;

    if (policy_option_given("B", "QEMU_GUEST_BASE")) {
        why = "-B lets the guest reach the emulator's memory";
    } else if (policy_option_given("g", "QEMU_GDB") &&
               !re_engine_gdb(policy_engine)) {
        why = "-g lets a debugger change everything; \"gdb = yes\" in [policy] "
              "permits it";
    }
    if (why) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: %s\n", why);
        refuse_to_start();
    }
}

/*
 * After execve standard error is the guest's: the engine gets the one that the
 * user's emulator had. Warnings were given then.
 */
static int load_again(const struct re_config *config, struct re_diags *diags)
{
    const struct policy_handover *h = policy_inherited();
    int guests = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int ret;

    if (h->message_fd >= 0) {
        dup2(h->message_fd, STDERR_FILENO);
    } else {
        close(STDERR_FILENO);
    }
    ret = re_engine_new(&policy_engine, config, diags);
    if (ret < 0) {
        print_diags(diags);
        refuse_to_start();
    }
    if (guests >= 0) {
        dup2(guests, STDERR_FILENO);
        close(guests);
    } else {
        close(STDERR_FILENO);
    }
    return ret;
}

/* Counters and tables are files in memory, of half a megabyte at most. */
static void explain_failure(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < MiB) {
        fprintf(stderr, "qemu-" TARGET_NAME ": files may not grow beyond %"
                PRIu64 " bytes here (ulimit -f), and what a policy counts is "
                "kept in one\n", (uint64_t)limit.rlim_cur);
    }
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

static void load(struct re_config *config)
{
    struct re_diags *diags = re_diags_new();
    sigset_t mask;
    int ret;

    policy_target = st_target_by_name(TARGET_NAME);
    if (!policy_target || !diags) {
        refuse_to_start();
    }
    policy_pin_prepare(policy_inherited() ? policy_floor : re_high_floor());
    config->target = policy_target;
    /* What is kept in memory is a file, too. */
    policy_hold_xfsz(&mask);
    if (policy_inherited()) {
        ret = load_again(config, diags);
    } else {
        ret = re_engine_new(&policy_engine, config, diags);
        print_diags(diags);
    }
    policy_drop_xfsz(&mask);
    re_diags_free(diags);
    if (ret < 0) {
        explain_failure();
        refuse_to_start();
    }
    if (!policy_inherited()) {
        refuse_options();
    }
    ret = policy_exec_prepare(policy_engine, config);
    if (ret < 0) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: execve cannot be "
                "confined: %s\n", strerror(-ret));
        refuse_to_start();
    }
    ret = policy_accept_prepare(policy_engine);
    if (ret < 0) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: accept cannot be "
                "confined: %s\n", strerror(-ret));
        refuse_to_start();
    }
    policy_wall_prepare(policy_engine, policy_target, config->logs,
                        config->log_count);
    fill_map();
    policy_asks = re_engine_asks(policy_engine);
    policy_by_message = decides_by_message();
    if (policy_asks || re_engine_learns(policy_engine)) {
        /* What programs bring along may be asked for, whoever else is. */
        policy_map[TARGET_NR_execve] = policy_map[TARGET_NR_execveat] = 1;
        policy_path_start(policy_target, re_engine_names(policy_engine) ?
                          policy_map : NULL);
    }
    if (re_engine_learns(policy_engine)) {
        policy_known_map = g_memdup2(policy_map, sizeof(policy_map));
        memset(policy_map, 1, sizeof(policy_map));
    }
}

/* A name stands for a policy of the machine's; see ruleengine/find.h. */
static void find_policies(void)
{
    for (guint i = 0; policy_files && i < policy_files->len; i++) {
        char *word = policy_files->pdata[i], *path = NULL;
        int ret = re_policy_is_name(word) ? re_policy_find(word, &path) : 0;

        if (ret < 0) {
            fprintf(stderr, "qemu-" TARGET_NAME ": error: policy \"%s\": no "
                    "%s.ini in /etc/qemu-policy or where this is installed; "
                    "a file here is ./%s\n", word, word, word);
            refuse_to_start();
        }
        if (path) {
            policy_files->pdata[i] = path;
            g_free(word);
        }
    }
}

void policy_load(const char *program)
{
    const struct policy_handover *h = policy_inherited();
    struct re_config config = {
        .ops = &policy_guest_ops,
        .learn_path = policy_learn_path,
        .stats_path = policy_stats_path,
        .rules_reload = policy_rules_reload,
        .exe = policy_program_name()[0] ? policy_program_name() : program,
    };

    if (h) {
        config.policies = h->policies;
        config.policy_count = h->policy_count;
        config.rule_dirs = h->rule_dirs;
        config.rule_dir_count = h->rule_dir_count;
        config.logs = h->logs;
        config.log_count = h->log_count;
        config.learn_path = h->learn_path;
        config.stats_path = h->stats_path;
        config.saved = &h->saved;
    } else {
        find_policies();
        if (policy_files) {
            config.policies = (const char *const *)policy_files->pdata;
            config.policy_count = policy_files->len;
        }
        if (policy_rule_dirs) {
            config.rule_dirs = (const char *const *)policy_rule_dirs->pdata;
            config.rule_dir_count = policy_rule_dirs->len;
        }
        if (policy_logs) {
            config.logs = (const char *const *)policy_logs->pdata;
            config.log_count = policy_logs->len;
        }
    }
    if (config.policy_count || config.rule_dir_count || config.learn_path ||
        config.stats_path) {
        load(&config);
    }
}

/* --- fork -------------------------------------------------------------- */

void policy_fork_start(void)
{
    if (policy_engine) {
        re_fork_prepare(policy_engine);
    }
}

void policy_fork_end(bool child)
{
    if (!policy_engine) {
        return;
    }
    if (child) {
        policy_path_fork_child();
        policy_doors_fork_child();
        policy_exec_fork_child();
        policy_accept_fork_child();
        re_fork_child(policy_engine);
    } else {
        re_fork_parent(policy_engine);
    }
}
