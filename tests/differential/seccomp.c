/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One seccomp profile, enforced by the kernel's filter and, imported, by this
 * project on the same target: every number, and a spread of arguments, must
 * come to the same.
 *
 *     seccomp PROFILE.json POLICY.ini             says so, as TAP
 *     seccomp PROFILE.json POLICY.ini --stricter  the same for an exported
 *                                                 profile: it may refuse more
 *     seccomp PROFILE.json POLICY.ini --refused   prints what is refused, for a
 *                                                 guest: "nr arg ... errno"
 *
 * Arguments stay within the widths that the kernel declares: a filter compares
 * registers, and sees the upper half of an int's, which the call itself never
 * looks at. What a refusal looks like in the kernel itself is tried with every
 * number that is refused whatever its arguments are.
 */
#include "profile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <ruleengine/engine.h>

#include "tap.h"

enum { ROUNDS = 400, SPREAD_MAX = 5 * PROFILE_VALUES_MAX + 16 };

static const struct st_target *target;
static struct re_engine *engine;
static struct profile profile;
static uint64_t spread[SPREAD_MAX];
static unsigned spread_count;
static bool stricter;      /* an exported filter may refuse more */
static uint64_t state = 88172645463325252;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 33) % n;
}

static void make_spread(void)
{
    static const uint64_t always[] = { 0, 1, 2, 0x1000, 0x7fffffff };

    for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        spread[spread_count++] = always[i];
    }
    for (unsigned i = 0; i < profile.value_count; i++) {
        uint64_t v = profile.values[i];

        spread[spread_count++] = v;
        spread[spread_count++] = v + 1;
        spread[spread_count++] = v - 1;
        spread[spread_count++] = v << 1;
        spread[spread_count++] = v & (v - 1);
    }
}

/* Registers as a program leaves them that passes what is declared. */
static void choose_args(int slot, uint64_t args[ST_MAX_REGS])
{
    struct st_arg declared[ST_MAX_ARGS];
    int count = slot < 0 ? -1 : st_slot_args(target, slot, declared);

    memset(args, 0, ST_MAX_REGS * sizeof(*args));
    for (int i = 0; i < 6; i++) {
        args[i] = spread[below(spread_count)];
        if (i < count && declared[i].width < 64) {
            args[i] &= (UINT64_C(1) << declared[i].width) - 1;
        }
        if (i < count && declared[i].is_signed) {
            /* a filter has no sign */
            args[i] &= INT64_MAX >> (64 - declared[i].width);
        }
    }
}

/* What the filter's answer is to the program: 0, an errno or a signal. */
static int of_filter(uint32_t action)
{
    switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
        return 0;
    case SECCOMP_RET_ERRNO:
        return -(int)(action & SECCOMP_RET_DATA);
    default:
        return SIGSYS;
    }
}

static int of_engine(int nr, const uint64_t args[ST_MAX_REGS])
{
    struct re_thread thread = { .again = false };
    struct re_call call = {
        .nr = nr, .slot = st_slot_of_number(target, nr),
    };

    memcpy(call.args, args, sizeof(call.args));
    if (call.slot >= 0 && !re_engine_map(engine)[call.slot]) {
        return 0;
    }
    switch (re_enter(engine, &thread, &call)) {
    case RE_STEP_RUN:
        return 0;
    case RE_STEP_DONE:
        return call.result;
    default:
        return SIGSYS;
    }
}

static struct seccomp_data data_of(int nr, const uint64_t args[ST_MAX_REGS])
{
    struct seccomp_data data = { .nr = nr, .arch = st_audit_arch(target) };

    memcpy(data.args, args, sizeof(data.args));
    return data;
}

/* Numbers without a name are "unknown" here, and the default there. */
static bool is_named(int nr)
{
    int slot = st_slot_of_number(target, nr);

    return slot >= 0 && st_slot_name(target, slot);
}

static int try_number(int nr, unsigned *ret_answers)
{
    const char *name = st_slot_name(target, st_slot_of_number(target, nr));
    int first = 0, wrong = 0, answer = 0;

    for (int i = 0; i < ROUNDS && !wrong; i++) {
        uint64_t args[ST_MAX_REGS];
        struct seccomp_data data;
        int there, here;

        choose_args(st_slot_of_number(target, nr), args);
        data = data_of(nr, args);
        there = of_filter(profile_run(&profile, &data));
        here = of_engine(nr, args);
        wrong = there != here && !(stricter && there != 0);
        first = i == 0 ? there : first;
        answer |= there != first;
        if (wrong) {
            char text[256];

            snprintf(text, sizeof(text), "%s(%#llx, %#llx, %#llx): the filter "
                     "gives %d, the policy %d", name,
                     (unsigned long long)args[0], (unsigned long long)args[1],
                     (unsigned long long)args[2], there, here);
            tap_note(text);
        }
    }
    *ret_answers += answer;
    return wrong;
}

/* Refused whatever its arguments are: nothing can happen. */
static bool always_refused(int nr, int *ret)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t args[ST_MAX_REGS];
        struct seccomp_data data;
        int answer;

        choose_args(st_slot_of_number(target, nr), args);
        data = data_of(nr, args);
        answer = of_filter(profile_run(&profile, &data));
        if (answer == 0 || (i && answer != *ret)) {
            return false;
        }
        *ret = answer;
    }
    return true;
}

static void compare(void)
{
    unsigned numbers = 0, differ = 0, depend = 0, tried = 0, kernel = 0;

    for (unsigned nr = 0; nr < st_number_count(target); nr++) {
        uint64_t none[ST_MAX_REGS] = { 0 };
        struct seccomp_data data = data_of(nr, none);
        int answer = 0, got;
        char text[128];

        if (!is_named(nr)) {
            continue;
        }
        numbers++;
        differ += try_number(nr, &depend);
        /* The kernel lets uretprobe pass every filter. */
        if (strcmp(st_slot_name(target, nr), "uretprobe") != 0 &&
            always_refused(nr, &answer)) {
            tried++;
            got = profile_try(&profile, &data);
            if (got != answer) {
                snprintf(text, sizeof(text), "%s: %d in the kernel, %d "
                         "expected", st_slot_name(target, nr), got, answer);
                tap_note(text);
                kernel++;
            }
        }
    }
    tap_ok(differ == 0 && numbers > 300,
           "%u numbers with %u spreads of arguments: %u differ", numbers, ROUNDS,
           differ);
    tap_ok(depend >= 3, "%u of them depend on their arguments", depend);
    tap_ok(kernel == 0 && tried > 40,
           "the kernel itself refuses %u as the filter says: %u differ", tried,
           kernel);
}

/* What a guest can try: its errno is known. */
static void print_refused(void)
{
    for (unsigned nr = 0; nr < st_number_count(target); nr++) {
        uint64_t args[ST_MAX_REGS];
        struct seccomp_data data;
        int answer;

        /* The emulator refuses some personalities before any policy. */
        bool skipped = !is_named(nr) ||
            strcmp(st_slot_name(target, st_slot_of_number(target, nr)),
                   "personality") == 0;

        for (int i = 0; !skipped && i < 8; i++) {
            choose_args(st_slot_of_number(target, nr), args);
            data = data_of(nr, args);
            answer = of_filter(profile_run(&profile, &data));
            if (answer < 0) {
                printf("%u %llu %llu %llu %llu %llu %llu %d\n", nr,
                       (unsigned long long)args[0],
                       (unsigned long long)args[1],
                       (unsigned long long)args[2],
                       (unsigned long long)args[3],
                       (unsigned long long)args[4],
                       (unsigned long long)args[5], -answer);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct re_diags *diags = re_diags_new();
    const char *policies[] = { argc > 2 ? argv[2] : "" };
    struct re_config config = {
        .policies = policies, .policy_count = 1,
        .logs = (const char *const []) { "/dev/null" }, .log_count = 1,
    };

    if (argc < 3 || !profile_read(&profile, argv[1])) {
        return 2;
    }
    target = config.target = st_target_by_name("x86_64");
    if (re_engine_new(&engine, &config, diags) < 0) {
        fprintf(stderr, "%s does not load\n", argv[2]);
        return 2;
    }
    make_spread();
    stricter = argc > 3 && strcmp(argv[3], "--stricter") == 0;
    if (argc > 3 && strcmp(argv[3], "--refused") == 0) {
        print_refused();
    } else {
        compare();
    }
    re_engine_free(engine);
    re_diags_free(diags);
    profile_free(&profile);
    return argc > 3 && !stricter ? 0 : tap_done();
}
