/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's map, candidates and tests against the naive walk: random
 * policies, every number of every target, arguments chosen near the constants.
 *
 *     fast-against-naive [POLICIES [SEED]]
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arena.h>
#include <ruleengine/engine.h>

#include "naive.h"
#include "tap.h"

static uint64_t state;      /* xorshift64*: the same figures everywhere */

static uint64_t random64(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

static unsigned below(unsigned n)
{
    return (random64() >> 33) % n;
}

static unsigned name_count, set_count;

/* --- policies ------------------------------------------------------------- */

static void write_value(FILE *f, const struct st_target *t,
                        const struct st_arg *arg)
{
    const char *constant = NULL;
    uint64_t value;

    if (arg->family && below(3)) {
        unsigned n = 0;

        while (st_constant_at(t, arg->family, n, &value)) {
            n++;
        }
        constant = n ? st_constant_at(t, arg->family, below(n), &value) : NULL;
    }
    if (constant) {
        fputs(constant, f);
    } else if (arg->is_signed && below(3) == 0) {
        fprintf(f, "-%u", below(1000));
    } else {
        fprintf(f, below(2) ? "%u" : "0x%x", below(5000));
    }
}

static void write_comparison(FILE *f, const struct st_target *t,
                             const struct st_arg *args, int count)
{
    static const char *const relations[] = {
        "==", "!=", "<", "<=", ">", ">=",
    };
    const struct st_arg *arg = &args[below(count)];

    switch (below(4)) {
    case 0:
        fprintf(f, "(%s & 0x%x)", arg->name, below(256));
        break;
    case 1:
        fprintf(f, "%s in {", arg->name);
        for (unsigned i = below(3); i > 0; i--) {
            write_value(f, t, arg);
            fputs(", ", f);
        }
        write_value(f, t, arg);
        fputs("}", f);
        break;
    case 2:
        fprintf(f, "%s in %u..%u", arg->name, below(100), 100 + below(100));
        break;
    default:
        fprintf(f, "%s %s ", arg->name, relations[below(6)]);
        write_value(f, t, arg);
    }
}

static void write_condition(FILE *f, const struct st_target *t,
                            const struct st_arg *args, int count,
                            unsigned depth)
{
    if (depth > 0 && below(2)) {
        fputs(below(3) ? "(" : "!(", f);
        write_condition(f, t, args, count, depth - 1);
        fputs(below(2) ? " && " : " || ", f);
        write_condition(f, t, args, count, depth - 1);
        fputs(")", f);
    } else {
        write_comparison(f, t, args, count);
    }
}

/* The arguments of the first slot that a name has on the target. */
static int args_of(const struct st_target *t, const char *name,
                   struct st_arg args[ST_MAX_ARGS])
{
    uint16_t slots[ST_MAX_SPELLINGS];

    if (!st_slots_of_name(t, name, slots)) {
        return -1;
    }
    return st_slot_args(t, slots[0], args);
}

static void write_rule(FILE *f, const struct st_target *t, int section)
{
    static const char *const verdicts[] = {
        "EPERM", "EACCES", "ENOSYS", "kill", "trap",
    };
    struct st_arg args[ST_MAX_ARGS];
    bool from_set = below(4) == 0;
    const char *name = from_set ? st_set_at(below(set_count))->name :
        st_name_at(below(name_count));
    const char *example = from_set ?
        st_name_at(st_set_by_name(name)->members[0]) : name;
    int count = args_of(t, example, args);
    bool conditional = count > 0 && below(3);

    if (section == 0 && !conditional) {
        fprintf(f, "%s = always\n", name);
        return;
    }
    fprintf(f, "%s = ", name);
    if (section == 1) {
        fputs(verdicts[below(5)], f);
    } else if (section == 2) {
        fprintf(f, below(2) ? "return %u" : "error EIO", below(9));
    }
    if (conditional) {
        fputs(section ? " if " : "", f);
        write_condition(f, t, args, count, 2);
    }
    fputs("\n", f);
}

static void write_policy(const char *path, const struct st_target *t)
{
    static const char *const sections[] = { "allow", "deny", "emulate" };
    static const char *const defaults[] = {
        "allow", "deny EPERM", "deny EACCES", "kill", "trap",
    };
    FILE *f = fopen(path, "w");

    fprintf(f, "[policy]\nlog = none\ndefault = %s\n", defaults[below(5)]);
    if (below(2)) {
        fprintf(f, "unknown = %s\n", defaults[below(5)]);
    }
    for (int section = 0; section < 3; section++) {
        fprintf(f, "[%s]\n", sections[section]);
        for (unsigned i = 1 + below(12); i > 0; i--) {
            write_rule(f, t, section);
        }
    }
    fclose(f);
}

/* --- comparison ----------------------------------------------------------- */

static uint64_t random_argument(void)
{
    uint64_t value = below(4) ? below(260) : random64();

    switch (below(6)) {
    case 0:
        value = -value;
        break;
    case 1:
        value = (uint64_t)(int64_t)(int32_t)value;
        break;
    case 2:
        value |= random64() << 32;
        break;
    }
    return value;
}

static struct naive_answer fast_decide(struct re_engine *engine,
                                       const struct st_target *t, int slot,
                                       int nr, const uint64_t *args)
{
    struct naive_answer a = { .verdict = RE_VERDICT_ALLOW };
    struct re_thread thread = { .again = false };
    struct re_call call = { .nr = nr, .slot = slot };
    enum re_step step;

    (void)t;
    if (slot >= 0 && !re_engine_map(engine)[slot]) {
        return a;
    }
    memcpy(call.args, args, sizeof(call.args));
    step = re_enter(engine, &thread, &call);
    switch (step) {
    case RE_STEP_RUN:
        break;
    case RE_STEP_AGAIN:         /* no signals come here */
    case RE_STEP_TRAP:
        a.verdict = RE_VERDICT_TRAP;
        break;
    case RE_STEP_KILL:
        a.verdict = RE_VERDICT_KILL;
        break;
    case RE_STEP_DONE:
        a.verdict = call.rule->verdict;
        if (call.result < 0 && call.result >= -4095) {
            a.error = -call.result;
        } else {
            a.value = call.result;
        }
    }
    return a;
}

static bool same(struct naive_answer a, struct naive_answer b)
{
    if (a.verdict != b.verdict) {
        return false;
    }
    switch (a.verdict) {
    case RE_VERDICT_DENY:
    case RE_VERDICT_ERROR:
        return a.error == b.error;
    case RE_VERDICT_RETURN:
        return a.value == b.value;
    default:
        return true;
    }
}

struct tally {
    unsigned long calls, refused_policies, differences;
};

static void compare_number(struct re_engine *engine,
                           const struct re_document *doc, int slot, int nr,
                           const char *path, struct tally *tally)
{
    for (int round = 0; round < 3; round++) {
        uint64_t args[ST_MAX_REGS];
        struct naive_answer fast, naive;

        for (int i = 0; i < ST_MAX_REGS; i++) {
            args[i] = random_argument();
        }
        fast = fast_decide(engine, doc->target, slot, nr, args);
        naive = naive_decide(doc, slot, args);
        tally->calls++;
        if (!same(fast, naive) && tally->differences++ < 5) {
            printf("# %s number %d slot %d: fast %d/%d/%lld, naive "
                   "%d/%d/%lld\n", st_target_name(doc->target), nr, slot,
                   fast.verdict, fast.error, (long long)fast.value,
                   naive.verdict, naive.error, (long long)naive.value);
            for (int i = 0; i < ST_MAX_REGS; i++) {
                printf("#   arg%d = 0x%llx\n", i, (unsigned long long)args[i]);
            }
            tap_note(path);
        }
    }
}

static void compare_policy(const struct st_target *t, const char *path,
                           struct tally *tally)
{
    const char *policies[] = { path };
    struct re_config config = {
        .target = t, .policies = policies, .policy_count = 1,
    };
    struct re_document doc = { .target = t };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    int base = st_base(t), count = st_number_count(t);

    doc.arena = re_arena_new();
    doc.diags = diags;
    if (re_engine_new(&engine, &config, diags) < 0) {
        /* A random rule contradicted another, or named what is not there. */
        tally->refused_policies++;
    } else if (re_parse(&doc, path) == 0) {
        if (!doc.unknown.entry) {
            doc.unknown.rule.verdict = RE_VERDICT_DENY;
            doc.unknown.rule.error = st_errno_by_name(t, "ENOSYS");
        }
        for (int nr = base - 3; nr < base + count + 3; nr++) {
            compare_number(engine, &doc, st_slot_of_number(t, nr), nr, path,
                           tally);
        }
        for (unsigned slot = count; slot < st_slot_count(t); slot++) {
            compare_number(engine, &doc, slot, st_number_of_slot(t, slot),
                           path, tally);
        }
        compare_number(engine, &doc, st_slot_of_number(t, -1), -1, path,
                       tally);
        compare_number(engine, &doc, st_slot_of_number(t, INT32_MAX),
                       INT32_MAX, path, tally);
    }
    re_engine_free(engine);
    re_arena_free(doc.arena);
    re_diags_free(diags);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? atoi(argv[1]) : 5;
    char path[] = "/tmp/fast-against-naive-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0) {
        perror(path);
        return 1;
    }
    close(fd);
    while (st_name_at(name_count)) {
        name_count++;
    }
    while (st_set_at(set_count)) {
        set_count++;
    }
    for (unsigned i = 0; i < st_target_count(); i++) {
        const struct st_target *t = st_target_at(i);
        struct tally tally = { 0 };

        state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 20261122) + i;
        for (unsigned round = 0; round < rounds; round++) {
            write_policy(path, t);
            compare_policy(t, path, &tally);
        }
        tap_ok(!tally.differences && tally.calls &&
               tally.refused_policies < rounds,
               "%s: %lu decisions under %lu random policies (%lu more were "
               "refused at load)", st_target_name(t), tally.calls,
               rounds - tally.refused_policies, tally.refused_policies);
    }
    unlink(path);
    return tap_done();
}
