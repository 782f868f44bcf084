/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which calls of the host stay open: the table knows what each guest call of each
 * target leads to, and the program for the kernel says what the table says, and
 * what libseccomp would say.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bpf.h"
#include "host-filter.h"
#include "tap.h"

#define ROUNDS 40
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

/* A policy that lets some slots run. */
struct some {
    uint8_t may[ST_MAX_SLOTS];
};

static bool may(const void *policy, unsigned slot)
{
    return ((const struct some *)policy)->may[slot];
}

static void allow(struct some *p, const struct st_target *t, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned n = st_slots_of_name(t, name, slots);

    for (unsigned i = 0; i < n; i++) {
        p->may[slots[i]] = 1;
    }
}

static enum host_call state_of(const struct host_calls *c, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    return st_slots_of_name(c->host, name, slots) ? c->state[slots[0]] :
        HOST_CALL_REFUSED;
}

static uint32_t run(const struct host_filter *f, const struct host_calls *c,
                    int nr, unsigned arg, uint64_t value)
{
    struct seccomp_data data = { .nr = nr, .arch = st_audit_arch(c->host) };

    data.args[arg] = value;
    return bpf_run(f->code, f->len, &data);
}

static int number(const struct host_calls *c, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    return st_slots_of_name(c->host, name, slots) ?
        st_number_of_slot(c->host, slots[0]) : -1;
}

/* --- the table --------------------------------------------------------- */

static void complete(void)
{
    unsigned gaps = 0, names = 0;

    for (unsigned i = 0; i < st_target_count(); i++) {
        const struct st_target *t = st_target_at(i);

        for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
            const char *name = st_slot_name(t, slot);

            if (!name || st_slot_is_carrier(t, slot)) {
                continue;
            }
            names++;
            if (host_calls_way(name) == HOST_WAY_UNKNOWN) {
                printf("# %s: %s\n", st_target_name(t), name);
                gaps++;
            }
        }
    }
    tap_ok(names > 10000 && gaps == 0,
           "each guest call of each target leads somewhere");
}

/* A guest's call that may run has the host's, under one name or another. */
static void carried_out(void)
{
    unsigned missing = 0;

    for (unsigned i = 0; i < st_target_count(); i++) {
        const struct st_target *t = st_target_at(i);

        for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
            const char *name = st_slot_name(t, slot);
            struct host_calls with;
            struct some p = { .may = { 0 } };
            int err;

            if (!name || st_slot_is_carrier(t, slot) ||
                host_calls_way(name) == HOST_WAY_NONE) {
                continue;
            }
            p.may[slot] = 1;
            err = host_calls_derive(&with, t, may, &p, 0);
            if (err || (host_calls_way(name) == HOST_WAY_SAME &&
                        state_of(&with, name) == HOST_CALL_REFUSED)) {
                printf("# %s: %s\n", st_target_name(t), name);
                missing++;
            }
        }
    }
    tap_ok(missing == 0, "what may run can be carried out");
}

/* An old call that QEMU lacks may share its spellings with one that it passes on. */
static void passed_on(void)
{
    static const char *const names[] = {
        "timerfd_create", "sched_getaffinity", "sched_setaffinity", "adjtimex",
        "uname",
    };
    const struct st_target *t = st_target_by_name("aarch64");
    struct some all;
    struct host_calls c;

    memset(&all, 1, sizeof(all));
    host_calls_derive(&c, t, may, &all, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tap_ok(state_of(&c, names[i]) != HOST_CALL_REFUSED,
               "allowed, %s reaches the host", names[i]);
    }
}

static void refused(void)
{
    static const char *const always[] = {
        "ptrace", "process_vm_readv", "process_vm_writev", "bpf",
        "kexec_load", "init_module", "finit_module", "userfaultfd", "keyctl",
        "io_uring_setup", "io_uring_enter", "perf_event_open", "pidfd_getfd",
    };
    static const char *const asked[] = {
        "mount", "reboot", "socket", "connect", "bind", "chroot", "setuid",
        "unlinkat", "unlink", "rename", "mkdir", "chmod", "openat", "open",
        "execveat", "clone", "setns", "unshare", "personality", "symlink",
    };
    const struct st_target *t = st_target_by_name("mips");
    struct some all, nothing = { .may = { 0 } };
    struct host_calls c;
    bool closed = true;

    memset(&all, 1, sizeof(all));
    tap_ok(host_calls_derive(&c, t, may, &all, ~0u) == 0, "derive for all");
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        closed &= state_of(&c, always[i]) == HOST_CALL_REFUSED;
    }
    tap_ok(closed, "what QEMU passes on for nobody is refused whatever may run");
    tap_ok(state_of(&c, "execve") == HOST_CALL_REFUSED &&
           state_of(&c, "execveat") == HOST_CALL_CHECKED,
           "programs are executed by descriptor");
    host_calls_derive(&c, t, may, &nothing, 0);
    closed = true;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        if (state_of(&c, asked[i]) != HOST_CALL_REFUSED) {
            printf("# %s\n", asked[i]);
            closed = false;
        }
    }
    tap_ok(closed, "what may not run is refused");
    allow(&nothing, t, "getuid");
    allow(&nothing, t, "creat");
    host_calls_derive(&c, t, may, &nothing, 0);
    tap_ok(state_of(&c, "getuid") == HOST_CALL_OPEN &&
           state_of(&c, "openat") == HOST_CALL_OPEN &&
           state_of(&c, "mkdir") == HOST_CALL_REFUSED,
           "other names on the host: creat opens openat");
}

/* --- the program ------------------------------------------------------- */

static uint32_t wanted(const struct host_calls *c, unsigned nr)
{
    unsigned slot = nr - st_base(c->host);

    if (nr < (unsigned)st_base(c->host) || slot >= st_number_count(c->host) ||
        !st_slot_name(c->host, slot)) {
        return UNKNOWN;
    }
    return c->state[slot] == HOST_CALL_OPEN ? SECCOMP_RET_ALLOW :
        c->state[slot] == HOST_CALL_REFUSED ? REFUSED : 0;
}

/* The same by libseccomp, for what needs no arguments. */
static unsigned differs_from_libseccomp(const struct host_filter *f,
                                        const struct host_calls *c)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    struct host_filter theirs;
    int fd = memfd_create("filter", 0);
    unsigned differ = 0;
    ssize_t got;

    for (unsigned i = 0; i < st_number_count(c->host); i++) {
        if (c->state[i] == HOST_CALL_OPEN && st_slot_name(c->host, i)) {
            seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
                             st_number_of_slot(c->host, i), 0);
        }
    }
    if (seccomp_export_bpf(ctx, fd) < 0) {
        differ++;
    }
    got = pread(fd, theirs.code, sizeof(theirs.code), 0);
    theirs.len = got < 0 ? 0 : got / sizeof(theirs.code[0]);
    for (unsigned nr = 0; nr < 1024; nr++) {
        bool open = run(f, c, nr, 0, 0) == SECCOMP_RET_ALLOW;

        if (wanted(c, nr) != 0 &&
            open != (run(&theirs, c, nr, 0, 0) == SECCOMP_RET_ALLOW)) {
            differ++;
        }
    }
    seccomp_release(ctx);
    close(fd);
    return differ;
}

static void same_as_table(void)
{
    const struct st_target *t = st_target_by_name("arm");
    unsigned wrong = 0, differ = 0, longest = 0;

    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        struct host_calls c;
        struct host_filter f;
        struct some p;

        for (unsigned i = 0; i < ST_MAX_SLOTS; i++) {
            p.may[i] = rand() % ROUNDS < round;
        }
        host_calls_derive(&c, t, may, &p, rand());
        if (host_filter_make(&f, &c) < 0) {
            wrong++;
            continue;
        }
        longest = f.len > longest ? f.len : longest;
        for (unsigned nr = 0; nr < 70000; nr++) {
            uint32_t want = wanted(&c, nr);

            wrong += want && run(&f, &c, nr, 0, 0) != want;
        }
        wrong += run(&f, &c, -1, 0, 0) != UNKNOWN;
        wrong += run(&f, &c, 0x40000000, 0, 0) != UNKNOWN;   /* x32 */
        if (round % 10 == 5) {
            differ += differs_from_libseccomp(&f, &c);
        }
    }
    printf("# at most %u instructions\n", longest);
    tap_ok(wrong == 0, "the program says what the table says");
    tap_ok(differ == 0, "and what libseccomp makes of it");
}

static void arguments(void)
{
    const struct st_target *t = st_target_by_name("aarch64");
    struct seccomp_data other = { .nr = 1, .arch = 0x40000003 };
    struct some p = { .may = { 0 } };
    struct host_calls c;
    struct host_filter f;

    allow(&p, t, "clone");
    allow(&p, t, "execve");
    allow(&p, t, "ioctl");
    host_calls_derive(&c, t, may, &p, 0);
    host_filter_make(&f, &c);
    tap_ok(run(&f, &c, number(&c, "clone"), 0, CLONE_VM | CLONE_THREAD) ==
           SECCOMP_RET_ALLOW, "clone: a thread");
    tap_ok(run(&f, &c, number(&c, "clone"), 0, CLONE_NEWUSER | 17) == REFUSED,
           "clone: a user namespace");
    tap_ok(run(&f, &c, number(&c, "clone3"), 0, 0) == UNKNOWN,
           "clone3: its flags are out of sight");
    tap_ok(run(&f, &c, number(&c, "ioctl"), 1, TCGETS) == SECCOMP_RET_ALLOW &&
           run(&f, &c, number(&c, "ioctl"), 1, TIOCSTI) == REFUSED &&
           run(&f, &c, number(&c, "ioctl"), 1, 1ull << 32 | TIOCSTI) == REFUSED,
           "ioctl: nobody types for the user");
    tap_ok(run(&f, &c, number(&c, "execveat"), 4, 0x1000) ==
           SECCOMP_RET_ALLOW &&
           run(&f, &c, number(&c, "execveat"), 4, 0) == REFUSED &&
           run(&f, &c, number(&c, "execve"), 4, 0) == REFUSED,
           "execveat: a descriptor, and no name");
    tap_ok(run(&f, &c, number(&c, "prctl"), 0, PR_SET_NAME) ==
           SECCOMP_RET_ALLOW &&
           run(&f, &c, number(&c, "prctl"), 0, PR_SET_MM) == REFUSED,
           "prctl: QEMU's own");
    allow(&p, t, "prctl");
    host_calls_derive(&c, t, may, &p, 0);
    host_filter_make(&f, &c);
    tap_ok(run(&f, &c, number(&c, "prctl"), 0, PR_SET_PDEATHSIG) ==
           SECCOMP_RET_ALLOW, "prctl: the guest's");
    tap_ok(bpf_run(f.code, f.len, &other) == SECCOMP_RET_KILL_PROCESS,
           "calls of another architecture end the process");
}

int main(void)
{
    if (!host_calls_machine()) {
        printf("1..0 # SKIP no table of this machine's calls\n");
        return 0;
    }
    complete();
    carried_out();
    passed_on();
    refused();
    same_as_table();
    arguments();
    return tap_done();
}
