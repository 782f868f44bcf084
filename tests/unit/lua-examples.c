/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The examples that are shipped: each loads on each target without a word, and
 * does what it says. Argument: the directory "policies".
 */
#include "lua-fixture.h"

#include <dirent.h>

#include "ruleengine/engine.h"

static const char *policies;

/* An example as the only layer of an engine; NULL when it does not load. */
static struct re_engine *load(const struct st_target *target, const char *name,
                              bool is_rules, struct re_diags *diags)
{
    char path[512];
    const char *paths[1] = { path };
    const struct re_config config = {
        .target = target,
        .ops = &guest_ops,
        .policies = paths,
        .policy_count = !is_rules,
        .rule_dirs = paths,
        .rule_dir_count = is_rules,
        .logs = (const char *const []) { "/dev/null" },
        .log_count = 1,
        .exe = "test",
    };
    struct re_engine *engine;

    snprintf(path, sizeof(path), "%s/%s/%s", policies,
             is_rules ? "rules" : "handlers", name);
    return re_engine_new(&engine, &config, diags) < 0 ? NULL : engine;
}

static void check_loads(const char *name, bool is_rules)
{
    unsigned good = 0;

    for (unsigned i = 0; i < st_target_count(); i++) {
        struct re_diags *diags = re_diags_new();
        struct re_engine *engine = load(st_target_at(i), name, is_rules,
                                        diags);

        if (engine && !re_diags_count(diags)) {
            good++;
        } else if (re_diags_count(diags)) {
            char *text = re_diag_text(re_diags_at(diags, 0));

            tap_note(st_target_name(st_target_at(i)));
            tap_note(text);
            free(text);
        }
        re_engine_free(engine);
        re_diags_free(diags);
    }
    tap_ok(good == st_target_count(), "%s loads on %u targets", name, good);
}

/* Everything in a folder: directories of rules, or files that end in .ini. */
static void check_folder(const char *folder, bool is_rules)
{
    char path[512];
    struct dirent **entries;
    int count;

    snprintf(path, sizeof(path), "%s/%s", policies, folder);
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const char *end = strrchr(name, '.');

        if (*name != '.' && (is_rules || (end && !strcmp(end, ".ini")))) {
            check_loads(name, is_rules);
        }
        free(entries[i]);
    }
    if (count > 0) {
        free(entries);
    }
    tap_ok(count > 4, "%s: examples are there", folder);
}

/* --- what they do ------------------------------------------------------ */

/* One call under an example. "original" is what the call gives when it is
 * carried out, *ret_runs how often it was. */
static int64_t ask(const char *target_name, const char *example, bool is_rules,
                   const char *name, const uint64_t args[3], int64_t original,
                   struct guest *guest, unsigned *ret_runs)
{
    const struct st_target *target = st_target_by_name(target_name);
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = load(target, example, is_rules, diags);
    struct re_thread thread = { 0 };
    struct re_call call = {
        .nr = number_of(target, name),
        .args = { args[0], args[1], args[2] },
        .guest = guest,
    };
    enum re_step step;

    *ret_runs = 0;
    re_diags_free(diags);
    if (!engine) {
        return INT64_MIN;
    }
    call.slot = st_slot_of_number(target, call.nr);
    step = re_engine_map(engine)[call.slot] ? re_enter(engine, &thread, &call) :
           RE_STEP_RUN;
    while (step == RE_STEP_RUN && *ret_runs < 3) {
        ++*ret_runs;
        step = re_resume(engine, &thread, &call, original);
    }
    re_engine_free(engine);
    return call.result;
}

static void test_rules(void)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    const uint64_t none[3] = { 0 };
    const uint64_t path[3] = { -100, GUEST_BASE, 0 };
    const uint64_t write[3] = { 1, GUEST_BASE, 65536 };
    const uint64_t large[3] = { 1, GUEST_BASE, 65537 };
    unsigned runs;
    int64_t r;

    r = ask("mips", "fake-getpid", true, "getpid", none, 1, guest, &runs);
    tap_ok(r == 4242 && !runs, "fake-getpid: %lld", (long long)r);
    strcpy((char *)guest->bytes, "/etc/shadow");
    r = ask("s390x", "refuse-open", true, "openat", path, 5, guest, &runs);
    tap_ok(r == -13 && !runs, "refuse-open: %lld", (long long)r);
    strcpy((char *)guest->bytes, "/usr/shadow");
    r = ask("s390x", "refuse-open", true, "openat", path, 5, guest, &runs);
    tap_ok(r == 5 && runs == 1, "refuse-open lets through: %lld", (long long)r);
    r = ask("ppc", "limit-writes", true, "write", large, 9, guest, &runs);
    tap_ok(r == -27 && !runs, "limit-writes: %lld", (long long)r);
    r = ask("ppc", "limit-writes", true, "write", write, 9, guest, &runs);
    tap_ok(r == 9 && runs == 1, "limit-writes lets through: %lld",
           (long long)r);
    r = ask("arm", "watch-write", true, "write", write, 9, guest, &runs);
    tap_ok(r == 9 && runs == 1, "watch-write lets through: %lld",
           (long long)r);
    free(guest);
}

static void test_handlers(void)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    const uint64_t uname[3] = { GUEST_BASE };
    const uint64_t clock[3] = { 0, GUEST_BASE };
    const uint64_t wild[3] = { 0, 16 };
    static const uint8_t big[8] = { 0x5e, 0x0b, 0xe1, 0 };
    unsigned runs;
    int64_t r;

    r = ask("arm", "router.ini", false, "uname", uname, 0, guest, &runs);
    tap_ok(!r && runs == 1 && !strcmp((char *)guest->bytes + 65, "router"),
           "router.ini: uname says %s", guest->bytes + 65);
    memset(guest->bytes, 0xff, sizeof(guest->bytes));
    r = ask("ppc", "fixed-clock.ini", false, "clock_gettime", clock, 7, guest,
            &runs);
    tap_ok(!r && !runs && !memcmp(guest->bytes, big, 8) &&
           guest->bytes[8] == 0xff, "fixed-clock.ini: 2020 in 32 bits");
    memset(guest->bytes, 0xff, sizeof(guest->bytes));
    r = ask("ppc", "fixed-clock.ini", false, "clock_gettime64", clock, 7,
            guest, &runs);
    tap_ok(!r && !runs && !memcmp(guest->bytes + 4, big, 8) &&
           guest->bytes[16] == 0xff, "fixed-clock.ini: 2020 in 64 bits");
    r = ask("ppc", "fixed-clock.ini", false, "clock_gettime", wild, 7, guest,
            &runs);
    tap_ok(r == -14 && !runs, "fixed-clock.ini: a wild pointer");
    free(guest);
}

int main(int argc, char **argv)
{
    policies = argc > 1 ? argv[1] : "policies";
    check_folder("rules", true);
    check_folder("handlers", false);
    test_rules();
    test_handlers();
    return tap_done();
}
