/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections are judged by whom they come from: what is decided before one is
 * taken, what behind, and what a signal or an error in between means.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "guest-fixture.h"
#include "tap.h"
#include "engine-fixture.h"

enum { MAX = 4 };

/* --- the emulator ------------------------------------------------------- */

static struct guest guest;
static unsigned taken, flags_seen, sleeps;
static int64_t outcome;         /* not 0: instead of a connection */
static unsigned char peer[RE_SOCKADDR_MAX];
static unsigned peer_len;

static int64_t fake_accept(void *opaque, const uint64_t *args, uint32_t flags,
                           unsigned char *bytes)
{
    (void)opaque;
    (void)args;
    if (outcome) {
        return outcome;
    }
    taken++;
    flags_seen = flags;
    memcpy(bytes, peer, peer_len);
    return peer_len;
}

static int fake_sleep(void *opaque, uint64_t until)
{
    (void)opaque;
    (void)until;
    sleeps++;
    return 0;
}

/* The bytes as a little-endian guest has them. */
static void internet(const char *address, uint16_t port)
{
    struct sockaddr_in in = { .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_port = htons(port) };

    outcome = 0;
    memset(peer, 0, sizeof(peer));
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        peer_len = sizeof(in);
        memcpy(peer, &in, sizeof(in));
        peer[0] = AF_INET;
    } else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
        peer_len = sizeof(in6);
        memcpy(peer, &in6, sizeof(in6));
        peer[0] = AF_INET6;
    }
}

static void local(const char *path, size_t len)
{
    outcome = 0;
    memset(peer, 0, sizeof(peer));
    peer[0] = AF_UNIX;
    memcpy(peer + 2, path, len);
    peer_len = 2 + len;
}

/* --- calls -------------------------------------------------------------- */

static const struct st_target *target;
static struct re_engine *engine;
static struct re_thread thread;
static struct re_call call;
static struct re_facts facts;
static char paths[MAX][32];
static unsigned layers;

static void layer(const char *rules)
{
    FILE *f;

    snprintf(paths[layers], sizeof(paths[0]), "/tmp/peers-XXXXXX");
    f = fdopen(mkstemp(paths[layers++]), "w");
    fputs(rules, f);
    fclose(f);
}

static void load(void)
{
    static struct re_guest_ops ops;
    const char *policies[MAX], *logs[] = { "/dev/null" };
    struct re_config config = {
        .target = target, .ops = &ops, .logs = logs, .log_count = 1,
        .policies = policies, .policy_count = layers,
    };

    ops = guest_ops;
    ops.accept = fake_accept;
    ops.sleep = fake_sleep;
    for (unsigned i = 0; i < layers; i++) {
        policies[i] = paths[i];
    }
    re_engine_free(engine);
    memset(&thread, 0, sizeof(thread));
    engine = engine_of(&config);
    while (layers) {
        unlink(paths[--layers]);
    }
}

static void load_one(const char *rules)
{
    layer(rules);
    load();
}

static enum re_step enter(const char *name, uint64_t fd)
{
    taken = sleeps = 0;
    memset(&call, 0, sizeof(call));
    call.slot = slot_named(target, name);
    call.nr = st_number_of_slot(target, call.slot);
    call.args[0] = fd;
    call.args[3] = strcmp(name, "accept4") == 0 ? 0x800 : 0;
    call.guest = &guest;
    call.facts = &facts;
    return re_enter(engine, &thread, &call);
}

static bool runs(uint64_t fd)
{
    return enter("accept4", fd) == RE_STEP_RUN &&
        re_resume(engine, &thread, &call, 7) == RE_STEP_DONE &&
        call.result == 7;
}

static bool refused(uint64_t fd, int error)
{
    return enter("accept4", fd) == RE_STEP_DONE && call.result == -error;
}

/* --- tests -------------------------------------------------------------- */

static void addresses(void)
{
    load_one("[policy]\ndefault = deny EPERM\n"
             "[allow]\naccept4 = addr in {10.0.0.0/8, fd00::/8} || port < 1024\n"
             "accept = family == AF_UNIX\n");
    tap_ok(re_engine_asks_for_peers(engine), "connections are asked about");
    internet("10.1.2.3", 4000);
    tap_ok(runs(3) && taken == 1, "a network's");
    tap_ok(flags_seen == 0x800, "accept4's flags are passed on");
    internet("11.1.2.3", 4000);
    tap_ok(refused(3, EPERM) && taken == 1, "another's is refused");
    internet("11.1.2.3", 1023);
    tap_ok(runs(3), "a port");
    internet("fd00::1", 4000);
    tap_ok(runs(3), "IPv6");
    internet("::ffff:10.9.9.9", 4000);
    tap_ok(runs(3), "IPv4 inside IPv6");
    internet("10.1.2.3", 4000);
    tap_ok(enter("accept", 3) == RE_STEP_DONE && call.result == -EPERM,
           "accept has rules of its own");
    local("", 0);
    tap_ok(enter("accept", 3) == RE_STEP_RUN && flags_seen == 0,
           "a family, and no flags");
}

static void local_names(void)
{
    load_one("[policy]\ndefault = deny EPERM\n[allow]\n"
             "accept4 = unix under /run/app || unix == @app\n");
    local("/run/app/client", sizeof("/run/app/client"));
    tap_ok(runs(3), "the path that a peer has bound");
    local("/run/app/../x", sizeof("/run/app/../x"));
    tap_ok(runs(3), "as it is written there");
    local("run/app/client", sizeof("run/app/client"));
    tap_ok(refused(3, EPERM), "a relative one is none");
    local("\0app", 4);
    tap_ok(runs(3), "an abstract name");
    local("", 0);
    tap_ok(refused(3, EPERM), "none");
}

/* What needs no peer is decided without. */
static void before(void)
{
    load_one("[policy]\ndefault = deny EPERM\n"
             "[allow]\naccept4 = fd == 3 && addr == 10.0.0.1\n"
             "[deny]\naccept4 = EACCES if fd == 4\n"
             "[emulate]\naccept4 = error EMFILE if fd == 5\n");
    internet("10.0.0.1", 1);
    tap_ok(runs(3) && taken == 1, "the rule that asks");
    tap_ok(refused(4, EACCES) && taken == 0, "a refusal takes no connection");
    tap_ok(refused(5, EMFILE) && taken == 0, "nor does an error");
    tap_ok(refused(6, EPERM) && taken == 0,
           "nor does a comparison before that of the address");
    load_one("[policy]\ndefault = allow\n"
             "[deny]\naccept4 = EACCES if addr != 10.0.0.1\n"
             "[allow]\naccept4 = fd == 9\n");
    internet("10.0.0.2", 1);
    tap_ok(refused(9, EACCES) && taken == 1,
           "a stricter rule that asks comes first");
}

static void layered(void)
{
    layer("[policy]\ndefault = allow\n[deny]\naccept4 = EACCES\n");
    layer("[policy]\ndefault = kill\n[allow]\naccept4 = addr == 10.0.0.1\n");
    load();
    internet("10.0.0.2", 1);
    tap_ok(refused(3, EACCES) && taken == 0,
           "one layer refuses: nobody else is asked");
    layer("[policy]\ndefault = allow\n[deny]\naccept4 = EACCES if port == 1\n");
    layer("[policy]\ndefault = deny EPERM\n"
          "[allow]\naccept4 = addr == 10.0.0.1\n");
    load();
    internet("10.0.0.1", 2);
    tap_ok(runs(3) && taken == 1, "two layers look at one connection");
    internet("10.0.0.1", 1);
    tap_ok(refused(3, EACCES), "the second refuses");
    internet("10.0.0.2", 1);
    tap_ok(refused(3, EACCES), "both");
    layer("[policy]\ndefault = allow\npermissive = yes\n"
          "[deny]\naccept4 = EACCES\n");
    layer("[policy]\ndefault = deny EPERM\n"
          "[allow]\naccept4 = addr == 10.0.0.1\n");
    load();
    internet("10.0.0.1", 2);
    tap_ok(runs(3) && taken == 1, "a permissive refusal is none");
}

static void errors(void)
{
    load_one("[policy]\ndefault = kill\n[allow]\naccept4 = addr == 10.0.0.1\n");
    internet("10.0.0.1", 1);
    outcome = -EAGAIN;
    tap_ok(refused(3, EAGAIN) && !call.rule,
           "without a connection, the call's own error");
    outcome = 0;
    peer_len = 0;
    tap_ok(enter("accept4", 3) == RE_STEP_KILL && taken == 1,
           "an empty address is nobody's");
    call.facts = NULL;
    memset(&call, 0, sizeof(call));
    call.slot = slot_named(target, "accept4");
    call.nr = st_number_of_slot(target, call.slot);
    tap_ok(re_enter(engine, &thread, &call) == RE_STEP_KILL,
           "without room for facts, nobody is let in");
}

/* A signal's handler runs while nobody connects. */
static void interruptions(void)
{
    load_one("[policy]\ndefault = allow\n"
             "[deny]\naccept4 = EACCES if addr == 10.0.0.2\n"
             "[emulate]\naccept4 = error EMFILE when 2\n"
             "accept4 = error ENFILE if addr == 10.0.0.1 when 2\n"
             "accept4 = delay 1s if addr == 10.0.0.3\n");
    internet("10.0.0.1", 1);
    outcome = RE_RESULT_AGAIN;
    tap_ok(enter("accept4", 3) == RE_STEP_AGAIN, "interrupted");
    tap_ok(enter("accept4", 3) == RE_STEP_AGAIN, "and again");
    outcome = 0;
    tap_ok(runs(3), "made again, it is still the first");
    tap_ok(refused(3, EMFILE) || refused(3, ENFILE),
           "the second is answered");
    internet("10.0.0.3", 1);
    outcome = RE_RESULT_AGAIN;
    enter("accept4", 4);
    outcome = 0;
    tap_ok(enter("accept4", 4) == RE_STEP_RUN && sleeps == 1,
           "one that waited has not been delayed before");
}

int main(void)
{
    target = st_target_by_name("aarch64");
    addresses();
    local_names();
    before();
    layered();
    errors();
    interruptions();
    re_engine_free(engine);
    return tap_done();
}
