/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delays, signals, limits and replaced files, as an emulator meets them: what is
 * asked of it, in which order, and what a signal in the middle changes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "guest-fixture.h"
#include "tap.h"
#include "engine-fixture.h"

/* --- the emulator ------------------------------------------------------- */

static char did[256];           /* what it was asked to do */
static bool interrupted;        /* sleeping ends early */
static uint64_t slept_until;
static struct guest guest;

static void note(const char *what)
{
    size_t len = strlen(did);

    snprintf(did + len, sizeof(did) - len, "%s%s", len ? " " : "", what);
}

static int fake_sleep(void *opaque, uint64_t until)
{
    (void)opaque;
    slept_until = until;
    note(interrupted ? "sleep!" : "sleep");
    return interrupted ? -EINTR : 0;
}

static void fake_signal(void *opaque, int number)
{
    (void)opaque;
    note(sigabbrev_np(number));
}

static int fake_replace(void *opaque, const struct re_path_query *query,
                        const struct re_replacement *with)
{
    (void)opaque;
    (void)query;
    if (with->path) {
        note(with->path);
    } else {
        char text[64];

        snprintf(text, sizeof(text), "%s%.*s", with->writable ? "+" : "",
                 (int)with->len, (const char *)with->bytes);
        note(text);
    }
    return 0;
}

static int fake_parents(void *opaque, const struct re_path_query *query)
{
    (void)opaque;
    (void)query;
    note("parents");
    return 0;
}

static int fake_root(void *opaque, const struct re_path_query *query)
{
    (void)opaque;
    note(query->index ? "root1" : "root0");
    return 0;
}

/* --- a call ------------------------------------------------------------- */

static const struct st_target *target;
static struct re_engine *engine;
static struct re_thread thread;
static struct re_call call;
static struct re_facts facts;

static void load(const char *rules)
{
    static struct re_guest_ops ops;
    char path[] = "/tmp/manners-XXXXXX";
    const char *policies[] = { path }, *logs[] = { "/dev/null" };
    struct re_config config = {
        .target = target, .ops = &ops, .logs = logs, .log_count = 1,
        .policies = policies, .policy_count = 1,
    };
    FILE *f = fdopen(mkstemp(path), "w");

    ops = guest_ops;
    ops.sleep = fake_sleep;
    ops.signal = fake_signal;
    ops.replace = fake_replace;
    ops.make_parents = fake_parents;
    ops.below_root = fake_root;
    fprintf(f, "[policy]\ndefault = allow\n%s", rules);
    fclose(f);
    re_engine_free(engine);
    memset(&thread, 0, sizeof(thread));
    engine = engine_of(&config);
    unlink(path);
}

static enum re_step enter(const char *name, uint64_t a, uint64_t b,
                          uint64_t c)
{
    did[0] = '\0';
    memset(&call, 0, sizeof(call));
    call.slot = slot_named(target, name);
    call.nr = st_number_of_slot(target, call.slot);
    call.args[0] = a;
    call.args[1] = b;
    call.args[2] = c;
    call.guest = &guest;
    call.facts = &facts;
    return re_enter(engine, &thread, &call);
}

static enum re_step resume(int64_t result)
{
    return re_resume(engine, &thread, &call, result);
}

static bool answered(int64_t result)
{
    return call.result == result;
}

/* write(1, ..., size): the size that it runs with, or its error. */
static int64_t write_size(uint64_t size, int64_t result)
{
    if (enter("write", 1, GUEST_BASE, size) != RE_STEP_RUN) {
        return call.result;
    }
    size = call.args[2];
    resume(result < 0 ? result : (int64_t)size);
    return size;
}

/* --- tests -------------------------------------------------------------- */

static void delays(void)
{
    load("[emulate]\nread = delay 10ms signal SIGUSR1\n"
         "lseek = error EIO delay 1s delay-after 2s signal SIGPIPE\n"
         "[deny]\ndup = EMFILE delay-after 1ms\n"
         "[allow]\nfsync = delay-after 3s\n");
    tap_ok(enter("read", 0, 0, 0) == RE_STEP_RUN &&
           strcmp(did, "sleep USR1") == 0, "delay, signal, call: %s", did);
    tap_ok(resume(5) == RE_STEP_DONE && answered(5) &&
           strcmp(did, "sleep USR1") == 0, "nothing behind it: %s", did);
    tap_ok(enter("lseek", 0, 0, 0) == RE_STEP_DONE && answered(-EIO) &&
           strcmp(did, "sleep PIPE sleep") == 0,
           "an error with all of it: %s", did);
    tap_ok(enter("dup", 0, 0, 0) == RE_STEP_DONE && answered(-EMFILE) &&
           strcmp(did, "sleep") == 0, "a refusal, and then a delay");
    tap_ok(enter("fsync", 0, 0, 0) == RE_STEP_RUN && !did[0] &&
           resume(0) == RE_STEP_DONE && strcmp(did, "sleep") == 0,
           "a delay behind a call that runs");
}

static void interruptions(void)
{
    uint64_t first;

    load("[emulate]\nread = delay 10s signal SIGUSR1\n"
         "lseek = error EIO delay 1s when 2\n");
    interrupted = true;
    tap_ok(enter("read", 0, 0, 0) == RE_STEP_AGAIN &&
           strcmp(did, "sleep!") == 0, "a signal ends the delay");
    first = slept_until;
    tap_ok(enter("read", 0, 0, 0) == RE_STEP_AGAIN && slept_until == first,
           "the call that is made again waits for the same time");
    interrupted = false;
    tap_ok(enter("read", 0, 0, 0) == RE_STEP_RUN && slept_until == first &&
           strcmp(did, "sleep USR1") == 0,
           "and runs, with its signal: %s", did);
    tap_ok(resume(RE_RESULT_AGAIN) == RE_STEP_DONE &&
           enter("read", 0, 0, 0) == RE_STEP_RUN && !did[0],
           "a call that was interrupted itself has waited");
    resume(0);
    enter("lseek", 0, 0, 0);
    resume(0);
    interrupted = true;
    tap_ok(enter("lseek", 0, 0, 0) == RE_STEP_AGAIN, "the second lseek waits");
    interrupted = false;
    tap_ok(enter("lseek", 0, 0, 0) == RE_STEP_DONE && answered(-EIO),
           "made again it is still the second, and fails");
    tap_ok(enter("lseek", 0, 0, 0) == RE_STEP_RUN, "the third runs");
    resume(0);
}

static void byte_limits(void)
{
    load("[allow]\nwrite = limit 100 B of count else ENOSPC\n"
         "mmap = limit 100 B of len else ENOMEM\n"
         "writev = limit 10 B of result else EDQUOT\n");
    tap_ok(write_size(60, 0) == 60 && write_size(60, 0) == 40,
           "a write beyond the limit is cut");
    tap_ok(write_size(1, 0) == -ENOSPC && write_size(0, 0) == 0,
           "then none is left, but for nothing");
    load("[allow]\nwrite = limit 100 B of count else ENOSPC\n"
         "mmap = limit 100 B of len else ENOMEM\n"
         "writev = limit 10 B of result else EDQUOT\n");
    tap_ok(write_size(80, -EBADF) == 80 && write_size(100, 0) == 100,
           "a write that fails costs nothing");
    tap_ok(enter("mmap", 0, 60, 0) == RE_STEP_RUN &&
           resume(0x7f0000000000) == RE_STEP_DONE &&
           enter("mmap", 0, 60, 0) == RE_STEP_DONE && answered(-ENOMEM) &&
           enter("mmap", 0, 40, 0) == RE_STEP_RUN,
           "a mapping is not cut, and a large address is no size");
    resume(-ENOMEM);
    tap_ok(enter("writev", 1, 0, 0) == RE_STEP_RUN &&
           resume(9) == RE_STEP_DONE &&
           enter("writev", 1, 0, 0) == RE_STEP_RUN &&
           resume(50) == RE_STEP_DONE &&
           enter("writev", 1, 0, 0) == RE_STEP_DONE &&
           answered(-EDQUOT), "results are counted when they are known");
}

/* The six words of old mmap, as the guest has them in its memory. */
static void put_words(uint64_t addr, uint64_t len)
{
    bool big = st_big_endian(target);
    unsigned size = st_word_bits(target) / 8;
    const uint64_t words[6] = { addr, len, 0, 0, 0, 0 };

    for (unsigned i = 0; i < 6 * size; i++) {
        unsigned at = big ? size - 1 - i % size : i % size;

        guest.bytes[i] = words[i / size] >> 8 * at;
    }
}

static enum re_step old_mmap(uint64_t addr, uint64_t len)
{
    put_words(addr, len);
    return enter("mmap", GUEST_BASE, 0, 0);
}

static void block_limits(const char *name)
{
    const struct st_target *before = target;

    target = st_target_by_name(name);
    load("[allow]\nmmap = limit 100 B of len else ENOMEM\n");
    tap_ok(old_mmap(0, 60) == RE_STEP_RUN &&
           resume(0x70000000) == RE_STEP_DONE &&
           old_mmap(0, 60) == RE_STEP_DONE && answered(-ENOMEM) &&
           old_mmap(0, 40) == RE_STEP_RUN && call.facts->block.words[1] == 40,
           "%s: old mmap's length is measured, and what was measured is "
           "used", name);
    resume(-EFAULT);
    tap_ok(enter("mmap", 16, 0, 0) == RE_STEP_RUN &&
           call.facts->block.error == EFAULT,
           "%s: what cannot be read asks for nothing, and fails", name);
    resume(-EFAULT);
    tap_ok(old_mmap(0, 41) == RE_STEP_DONE && old_mmap(0, 40) == RE_STEP_RUN,
           "%s: a call that failed has used nothing", name);
    resume(0x70000000);
    load("[emulate]\nmmap = return 5 write \"xy\" to addr\n");
    tap_ok(old_mmap(GUEST_BASE + 100, 1) == RE_STEP_DONE && answered(5) &&
           memcmp(guest.memory + 100, "xy", 2) == 0,
           "%s: bytes go to where a word in memory points", name);
    tap_ok(old_mmap(16, 1) == RE_STEP_DONE && answered(-EFAULT),
           "%s: or nowhere", name);
    target = before;
}

/* What can be cut is, also by what it has returned. */
static void result_limits(void)
{
    load("[allow]\nwrite = limit 100 B of result else ENOSPC\n");
    tap_ok(write_size(60, 0) == 60 && write_size(60, 0) == 40 &&
           write_size(1, 0) == -ENOSPC, "a write by its result is cut, too");
    load("[allow]\nwrite = limit 100 B of result else ENOSPC\n");
    enter("write", 1, GUEST_BASE, 90);
    resume(30);
    tap_ok(write_size(90, 0) == 70, "what was not written is left");
}

static void call_limits(void)
{
    int ran = 0;

    load("[allow]\nlseek = fd == 3 limit 2 else EMFILE\n"
         "dup = limit 1/s else wait\nfsync = limit 1/h else EAGAIN\n");
    for (int i = 0; i < 5; i++) {
        if (enter("lseek", 3, 0, 0) == RE_STEP_RUN) {
            ran++;
            resume(i ? 0 : RE_RESULT_AGAIN);
        }
        enter("lseek", 4, 0, 0);
    }
    tap_ok(ran == 3 && answered(0), "two calls, and one made again: %d", ran);
    tap_ok(enter("fsync", 0, 0, 0) == RE_STEP_RUN &&
           resume(0) == RE_STEP_DONE &&
           enter("fsync", 0, 0, 0) == RE_STEP_DONE && answered(-EAGAIN),
           "one an hour");
    enter("dup", 0, 0, 0);
    resume(0);
    tap_ok(enter("dup", 0, 0, 0) == RE_STEP_RUN && strcmp(did, "sleep") == 0,
           "or it waits");
    resume(0);
    interrupted = true;
    tap_ok(enter("dup", 0, 0, 0) == RE_STEP_AGAIN, "until a signal comes");
    interrupted = false;
    tap_ok(enter("dup", 0, 0, 0) == RE_STEP_RUN, "and then goes on waiting");
    resume(0);
}

static void limit_of_two_rules(void)
{
    load("[allow]\nlseek = limit 1 else EMFILE\n[deny]\nlseek = EPERM if "
         "fd == 9\n");
    enter("lseek", 9, 0, 0);
    tap_ok(answered(-EPERM) && enter("lseek", 1, 0, 0) == RE_STEP_RUN,
           "a call that is refused for another reason is not counted");
    resume(0);
}

static void files(void)
{
    uint64_t path = guest_put_string(&guest, 0, "/proc/mtd");
    uint64_t other = guest_put_string(&guest, 100, "/etc/motd");

    load("[emulate]\n@open = data \"mtd\" if path == /proc/mtd\n"
         "faccessat = redirect /tmp/x if path == /proc/mtd\n"
         "mkdirat = make-parents\nrenameat = below-root\n");
    tap_ok(enter("openat", RE_CWD, path, 0) == RE_STEP_RUN &&
           strcmp(did, "mtd") == 0, "a file that is opened to be read: %s",
           did);
    resume(3);
    enter("openat", RE_CWD, path, 2);
    tap_ok(strcmp(did, "+mtd") == 0, "or to be written: %s", did);
    resume(3);
    enter("openat", RE_CWD, other, 0);
    tap_ok(!did[0], "another file is let alone");
    resume(3);
    enter("faccessat", RE_CWD, path, 0);
    tap_ok(strcmp(did, "/tmp/x") == 0, "a file of the host's: %s", did);
    resume(0);
    enter("mkdirat", RE_CWD, other, 0);
    tap_ok(strcmp(did, "parents") == 0, "parents");
    resume(0);
    enter("renameat", RE_CWD, path, RE_CWD);
    tap_ok(strcmp(did, "root0 root1") == 0, "both paths below the root: %s",
           did);
    resume(0);
}

/* bind() of an address that is not there. */
static void wildcard(void)
{
    unsigned char inet[16] = { 2, 0, 0, 80, 192, 0, 2, 1 };
    uint64_t addr = guest_put(&guest, 200, inet, sizeof(inet));
    int64_t lacking = -st_errno_by_name(target, "EADDRNOTAVAIL");

    load("[emulate]\nbind = any-address\n");
    tap_ok(enter("bind", 3, addr, sizeof(inet)) == RE_STEP_RUN &&
           facts.address.bytes[4] == 192 && resume(0) == RE_STEP_DONE,
           "an address that is there is used");
    enter("bind", 3, addr, sizeof(inet));
    tap_ok(resume(lacking) == RE_STEP_RUN &&
           memcmp(facts.address.bytes, "\2\0\0\120\0\0\0\0", 8) == 0 &&
           resume(lacking) == RE_STEP_DONE && answered(lacking),
           "else the wildcard address, once");
    enter("bind", 3, addr, sizeof(inet));
    tap_ok(resume(-EACCES) == RE_STEP_DONE && answered(-EACCES),
           "other errors are passed on");
}

int main(void)
{
    target = st_target_by_name("aarch64");
    delays();
    interruptions();
    byte_limits();
    block_limits("arm");
    block_limits("s390x");
    result_limits();
    call_limits();
    limit_of_two_rules();
    files();
    wildcard();
    re_engine_free(engine);
    return tap_done();
}
