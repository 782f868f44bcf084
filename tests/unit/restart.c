/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call that a signal has interrupted comes to the engine again: it is decided
 * again, but it is not the next one for "when".
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"
#include "engine-fixture.h"

static struct re_engine *load(const char *rules)
{
    static char path[] = "/tmp/restart-XXXXXX";
    const char *policies[] = { path };
    struct re_config config = {
        .target = st_target_by_name("aarch64"),
        .policies = policies, .policy_count = 1,
    };
    struct re_engine *engine = NULL;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    fprintf(f, "[policy]\ndefault = allow\n%s", rules);
    fclose(f);
    engine = engine_of(&config);
    unlink(path);
    strcpy(path + strlen(path) - 6, "XXXXXX");
    return engine;
}

/* One read(fd, ...) on a thread; its first step. */
static enum re_step enter(struct re_engine *engine, struct re_thread *thread,
                          struct re_call *call, uint64_t fd)
{
    const struct st_target *t = st_target_by_name("aarch64");
    uint16_t slots[ST_MAX_SPELLINGS];

    st_slots_of_name(t, "read", slots);
    memset(call, 0, sizeof(*call));
    call->slot = slots[0];
    call->nr = st_number_of_slot(t, slots[0]);
    call->args[0] = fd;
    return re_enter(engine, thread, call);
}

static void counts_once(void)
{
    struct re_engine *engine = load("[deny]\nread = EPERM when 2\n");
    struct re_thread one = { .again = false }, two = { .again = false };
    struct re_call a, b;

    tap_ok(enter(engine, &one, &a, 3) == RE_STEP_RUN, "the first call runs");
    re_resume(engine, &one, &a, RE_RESULT_AGAIN);
    tap_ok(enter(engine, &one, &a, 3) == RE_STEP_RUN,
           "made again, it is still the first");
    re_resume(engine, &one, &a, RE_RESULT_AGAIN);
    tap_ok(enter(engine, &two, &b, 3) == RE_STEP_DONE && b.result == -1,
           "another thread's is the second, and refused");
    tap_ok(enter(engine, &one, &a, 3) == RE_STEP_RUN,
           "that does not make the first one the second");
    re_resume(engine, &one, &a, 5);
    tap_ok(enter(engine, &one, &a, 3) == RE_STEP_RUN, "the third runs");
    re_engine_free(engine);
}

/* A signal's handler makes calls of its own, and ends in sigreturn. */
static void survives_a_handler(void)
{
    struct re_engine *engine = load("[deny]\nread = EPERM when 3\n");
    struct re_thread thread = { .again = false };
    struct re_call a, b;

    enter(engine, &thread, &a, 3);
    re_resume(engine, &thread, &a, RE_RESULT_AGAIN);
    tap_ok(enter(engine, &thread, &b, 4) == RE_STEP_RUN,
           "the handler's call is the second");
    re_resume(engine, &thread, &b, RE_RESULT_GONE);
    tap_ok(enter(engine, &thread, &a, 3) == RE_STEP_RUN,
           "the interrupted one is not counted after it");
    tap_ok(enter(engine, &thread, &b, 4) == RE_STEP_DONE,
           "the next one is the third");
    re_engine_free(engine);
}

int main(void)
{
    counts_once();
    survives_a_handler();
    return tap_done();
}
