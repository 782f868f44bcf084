/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader, parser, binder and compiler under any bytes. The first byte picks the
 * target; the rest is a policy, or several of them with a 0xff byte between.
 * Whatever is loaded must then decide calls, and agree with its own map.
 */
#include <ruleengine/engine.h>

#include "fuzz.h"

enum { LAYERS = 3 };

unsigned long fuzz_worth;           /* good policies */

const char *const fuzz_words[] = {
    "\n[deny]\n", "\n[emulate]\n", "\n[policy]\n", " if ", " && ", " || ",
    "!", "(", ")", "{", "}", "..", "when 3+2", "log", "permissive", "\"", "\\",
    " ;", "0xffffffffffffffff", "-1", "18446744073709551615", "@open", "?",
    ":kill", "arg0", "path", "path2", "fdpath", "under /", "like /*",
    "addr in 10.0.0.0/8", "addr", "port", "unix", "family", "access == read",
    "=", "\xff", "\n[device /dev/x]\n", "limit", "rate 3/s", "delay 1s",
    "return 4", "error EIO", "redirect /a", "data \"x\"", "file /a",
    "default = allow\n", "unknown = kill\n", "once", "trap", "kill", NULL,
};

/* Each finding has a message and can be shown; errors name a file, and those
 * in a line name a column within it or just behind. */
static void check_findings(const struct re_diags *diags, int err)
{
    if ((err < 0) != (re_diags_errors(diags) > 0)) {
        fuzz_fail("refused without an error, or loaded with one");
    }
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *d = re_diags_at(diags, i);
        char *text = re_diag_text(d);

        if (!text || !*text || !d->message || !*d->message) {
            fuzz_fail("a finding without text");
        }
        if (d->line && d->source && d->column > strlen(d->source) + 1) {
            fuzz_fail("a column behind the end of its line");
        }
        free(text);
    }
}

static void decide_all(struct re_engine *engine, const struct st_target *t)
{
    unsigned count = st_slot_count(t), size = re_engine_map_size(engine);
    struct re_thread thread = { .again = false };

    for (int slot = -1; slot < (int)count; slot++) {
        struct re_call call = {
            .slot = slot, .nr = slot < 0 ? -1 : st_number_of_slot(t, slot),
        };
        enum re_step step;

        for (int i = 0; i < ST_MAX_REGS; i++) {
            call.args[i] = (uint64_t)(slot + i) * UINT64_C(0x9e3779b97f4a7c15);
        }
        step = re_enter(engine, &thread, &call);
        if (slot >= 0 && (unsigned)slot < size &&
            !re_engine_map(engine)[slot] && step != RE_STEP_RUN) {
            fuzz_fail("the map lets a call through that a rule refuses");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct st_target *t;
    char paths[LAYERS][32];
    const char *policies[LAYERS];
    int fds[LAYERS];
    struct re_config config = { .policies = policies };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    int err;

    if (size == 0 || !diags) {
        re_diags_free(diags);
        return 0;
    }
    t = config.target = st_target_at(data[0] % st_target_count());
    data++;
    size--;
    while (config.policy_count < LAYERS) {
        size_t i = config.policy_count++;
        const uint8_t *end = memchr(data, 0xff, size);
        size_t len = end ? (size_t)(end - data) : size;

        fds[i] = fuzz_file(data, len, paths[i]);
        policies[i] = paths[i];
        if (!end) {
            break;
        }
        data = end + 1;
        size -= len + 1;
    }
    err = re_engine_new(&engine, &config, diags);
    check_findings(diags, err);
    if (!err) {
        fuzz_worth++;
        decide_all(engine, t);
    }
    re_engine_free(err ? NULL : engine);
    re_diags_free(diags);
    for (size_t i = 0; i < config.policy_count; i++) {
        close(fds[i]);
    }
    return 0;
}

