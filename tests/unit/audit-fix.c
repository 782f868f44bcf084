/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each "fix" of a record, put into the policy, allows the call it is about. */
#include "log-fixture.h"

enum { POLICY_MAX = 1 << 18, FIX_MAX = 1024 };

static struct bench bench;

/* Arguments of all kinds: small, large, negative, flags, strings. */
static void choose(uint64_t values[ST_MAX_ARGS], unsigned slot,
                   unsigned round)
{
    static const uint64_t numbers[] = {
        0, 1, 2, 3, -1, -100, 5, 0x80000000, 0x541b, 0x7fffffffffff,
        GUEST_BASE, 0x101, 17, 0x5413, 0x88,
    };
    const unsigned count = sizeof(numbers) / sizeof(numbers[0]);

    for (unsigned i = 0; i < ST_MAX_ARGS; i++) {
        values[i] = numbers[(slot * 7 + i * (round + 1) + round * 5) % count];
    }
}

/* --- one call at a time ------------------------------------------------ */

struct example {
    const char *target, *policy, *call;
    uint64_t values[ST_MAX_ARGS];
    const char *fix;            /* "": a comment */
    uint64_t other[ST_MAX_ARGS];    /* a call that stays refused ... */
    bool has_other;                 /* ... if there is one */
    const char *bytes;          /* what lies at GUEST_BASE; then conditions can
                                   ask what pointers refer to */
    size_t len;
};

#define DEFAULT "[policy]\ndefault = deny EPERM\n"
#define TEXT(text) text, sizeof(text)
#define TEN(text) text text text text text text text text text text
#define LONG(letter) "/" TEN(TEN(letter))

static const struct example examples[] = {
    { "aarch64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = (flags & O_ACCMODE) == O_RDONLY",
      { -100, GUEST_BASE, 1 }, true },
    { "aarch64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = path == /cwd/a/motd && access == read",
      { -100, GUEST_BASE, 1 }, true, TEXT("a/motd") },
    { "aarch64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = (flags & O_ACCMODE) == O_RDONLY",
      { -100, GUEST_BASE, 1 }, true, TEXT("../motd") },
    { "arm", DEFAULT, "rename", { GUEST_BASE, GUEST_BASE + 2 },
      "[allow] rename = path == /cwd/a && path2 == /cwd/b",
      { GUEST_BASE + 2, GUEST_BASE }, true, TEXT("a\0b") },
    /* A line of a policy has 198 bytes. */
    { "arm", DEFAULT, "rename", { GUEST_BASE, GUEST_BASE + 102 },
      "[allow] rename = path == " LONG("x"),
      { GUEST_BASE + 102, GUEST_BASE }, true, TEXT(LONG("x") "\0" LONG("y")) },
    { "aarch64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = (flags & O_ACCMODE) == O_RDONLY",
      { -100, GUEST_BASE, 1 }, true, TEXT(LONG("x") LONG("y")) },
    { "mips", DEFAULT, "socket", { 2, 0x82, 6 },
      "[allow] socket = domain == AF_INET && "
      "(type & SOCK_TYPE_MASK) == SOCK_STREAM", { 2, 1, 6 }, true },
    { "x86_64", DEFAULT, "socket", { 16, 3, 0 },
      "[allow] socket = domain == AF_NETLINK && "
      "(type & SOCK_TYPE_MASK) == SOCK_RAW", { 16, 2, 0 }, true },
    { "x86_64", DEFAULT, "socket", { 99, 15, 0 },
      "[allow] socket = domain == 99 && (type & SOCK_TYPE_MASK) == 15",
      { 98, 15, 0 }, true },
    { "x86_64", DEFAULT, "kill", { 1, 9 }, "[allow] kill = sig == SIGKILL",
      { 1, 15 }, true },
    { "x86_64", DEFAULT, "mprotect", { 4096, 4096, 7 },
      "[allow] mprotect = prot == PROT_READ|PROT_WRITE|PROT_EXEC",
      { 4096, 4096, 3 }, true },
    { "arm", DEFAULT, "ioctl", { 1, 0x5413, 0 },
      "[allow] ioctl = cmd == TIOCGWINSZ", { 1, 0x5412, 0 }, true },
    { "x86_64", DEFAULT, "ioctl", { 1, 0xdeadbeef, 0 },
      "[allow] ioctl = cmd == 0xdeadbeef", { 1, 0xdeadbeee, 0 }, true },
    { "x86_64", DEFAULT, "connect", { 3, 8, 16 },
      "[allow] syscalls = connect" },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\nsyscalls = @connect\n",
      "connect", { 3, 8, 16 }, "[allow] syscalls = connect" },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\nsyscalls = connect\n",
      "connect", { 3, 8, 16 }, "[allow] connect = fd == 3",
      { 4, 8, 16 }, true },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\nconnect = kill\n",
      "connect", { -1, 8, 16 }, "[allow] connect = fd == -1",
      { 4, 8, 16 }, true },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\n"
      "@open = EACCES if (flags & O_ACCMODE) != O_RDONLY\n", "openat",
      { -100, GUEST_BASE, 1 },
      "[allow] openat = (flags & O_ACCMODE) == O_WRONLY",
      { -100, GUEST_BASE, 2 }, true },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\n"
      "openat = EACCES if flags != 0\n", "openat", { -100, GUEST_BASE, 1 },
      "" },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\ngetpid = EPERM\n",
      "getpid", { 0 }, "" },
    { "i386", "[policy]\ndefault = allow\n[deny]\nsyscalls = socketcall\n",
      "socket", { 2, 1, 0 }, "[allow] socket = domain == AF_INET && "
      "(type & SOCK_TYPE_MASK) == SOCK_STREAM", { 10, 1, 0 }, true },
    /* with paths and addresses */
    { "aarch64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = path == /etc/shadow && access == read",
      { -100, GUEST_BASE, 1 }, true, TEXT("/etc/shadow") },
    { "mips", DEFAULT, "open", { GUEST_BASE, 0x300 },
      "[allow] open = path == /etc/shadow && access == readwrite",
      { GUEST_BASE, 0 }, true, TEXT("/etc/shadow") },
    { "x86_64", DEFAULT, "creat", { GUEST_BASE, 0600 },
      "[allow] creat = path == \"/a b\" && access == write",
      { GUEST_BASE + 1, 0600 }, true, TEXT("/a b") },
    { "x86_64", DEFAULT, "unlink", { GUEST_BASE },
      "[allow] unlink = path == \"/a;\\\"\\\\ü\"",
      { GUEST_BASE + 1 }, true, TEXT("/a;\"\\ü") },
    { "x86_64", DEFAULT, "rename", { GUEST_BASE, GUEST_BASE + 3 },
      "[allow] rename = path == /a && path2 == /b",
      { GUEST_BASE, GUEST_BASE }, true, TEXT("/a\0/b") },
    { "x86_64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = (flags & O_ACCMODE) == O_RDONLY",
      { -100, GUEST_BASE, 1 }, true, TEXT("/srv/../etc/shadow") },
    { "x86_64", DEFAULT, "openat", { -100, GUEST_BASE, 0 },
      "[allow] openat = (flags & O_ACCMODE) == O_RDONLY",
      { -100, GUEST_BASE, 1 }, true, TEXT("/a\n\xff") },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\n"
      "@open = EPERM if path under /cwd\n", "openat",
      { -100, GUEST_BASE, 0 },
      "[allow] openat = path == /cwd/x && access == read",
      { -100, GUEST_BASE, 1 }, true, TEXT("x") },
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 16 },
      "[allow] connect = addr == 192.0.2.1 && port == 443",
      { 3, GUEST_BASE, 7 }, true, TEXT("\2\0\1\273\300\0\2\1") },
    { "x86_64", DEFAULT, "bind", { 3, GUEST_BASE, 28 },
      "[allow] bind = addr == ::1 && port == 53", { 3, GUEST_BASE, 16 }, true,
      TEXT("\12\0\0\65\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\0\0") },
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 110 },
      "[allow] connect = unix == /run/x", { 3, GUEST_BASE, 7 }, true,
      TEXT("\1\0/run/x") },
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 5 },
      "[allow] connect = unix == @ab", { 3, GUEST_BASE, 4 }, true,
      TEXT("\1\0\0ab") },
    /* a file "@ab" below the working directory */
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 6 },
      "[allow] syscalls = connect", { 0 }, false, TEXT("\1\0@ab") },
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 5 },
      "[allow] syscalls = connect", { 0 }, false, TEXT("\1\0a,b") },
    /* longer than any name is: the kernel refuses it whatever it says */
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 111 },
      "[allow] connect = family == AF_UNIX", { 3, GUEST_BASE + 1, 111 }, true,
      TEXT("\1\0\0ab") },
    { "x86_64", DEFAULT, "connect", { 3, GUEST_BASE, 12 },
      "[allow] connect = family == AF_NETLINK", { 3, GUEST_BASE + 1, 12 }, true,
      TEXT("\20\0\0\0\0\0\0\0\0\0\0\0") },
    { "x86_64", "[policy]\ndefault = allow\n[deny]\nconnect = EPERM\n",
      "connect", { 3, GUEST_BASE, 20 },
      "[allow] connect = family == AF_PACKET", { 3, GUEST_BASE + 1, 20 }, true,
      TEXT("\21\0") },
};

/* As the emulators do: facts are to be had where a condition needs some. */
static bool load(const char *target, const char *policy, bool facts)
{
    bool loads = bench_load(&bench, target, policy);

    bench.has_facts = loads && (facts || re_engine_asks(bench.engine));
    return loads;
}

/* "[allow] key = value" as lines of a policy of its own. */
static void put_fix(char *to, size_t size, const char *policy,
                    const char *fix)
{
    const char *section_end = strchr(fix, ']');

    snprintf(to, size, "%s%.*s%s%s\n", policy,
             section_end ? (int)(section_end - fix) + 1 : 0, fix,
             section_end ? "\n" : "", section_end ? section_end + 2 : fix);
}

static bool allowed(const char *target, const char *policy, const char *name,
                    const uint64_t values[ST_MAX_ARGS], bool facts, bool *ret)
{
    struct re_call call;
    bool loads = load(target, policy, facts);

    if (loads) {
        *ret = bench_call(&bench, slot_named(bench.target, name), values,
                          &call) == RE_STEP_RUN;
        bench_read(&bench, bench.log);
    }
    bench_end(&bench);
    return loads;
}

static void check_example(const struct example *e, bool facts)
{
    char fix[FIX_MAX] = "", policy[4096];
    bool before = true, after = false, other = true;

    memset(bench.guest.memory, 0, sizeof(bench.guest.memory));
    if (e->bytes) {
        guest_put(&bench.guest, 0, e->bytes, e->len);
    }

    if (!allowed(e->target, e->policy, e->call, e->values, facts,
                 &before) ||
        before || !member(bench.line, "fix", fix, sizeof(fix))) {
        tap_ok(false, "%s %s is refused, with a fix", e->target, e->call);
        tap_note(bench.line);
        return;
    }
    if (!*e->fix) {
        tap_ok(fix[0] == ';' && strstr(fix, "change it there"),
               "%s %s: only a comment can help", e->target, e->call);
        return;
    }
    if (!tap_ok(strcmp(fix, e->fix) == 0, "%s: %s", e->target, e->fix)) {
        tap_note(fix);
    }
    put_fix(policy, sizeof(policy), e->policy, fix);
    tap_ok(allowed(e->target, policy, e->call, e->values, facts, &after) &&
           after, "... allows it");
    if (e->has_other) {
        tap_ok(allowed(e->target, policy, e->call, e->other, facts,
                       &other) && !other, "... and not another");
    }
}

/* --- every call of a target -------------------------------------------- */

struct collected {
    char names[POLICY_MAX];         /* lines below "syscalls =" */
    char conditions[POLICY_MAX];    /* lines "name = condition" */
    unsigned calls, without;
};

/* A second condition for the same name is joined to the first by "||". */
static void collect(struct collected *c, const char *fix)
{
    const char *list = "[allow] syscalls = ", *one = "[allow] ";
    char key[80], *line;
    const char *value = strstr(fix, " = ");
    size_t len;

    if (strncmp(fix, list, strlen(list)) == 0) {
        strcat(strcat(c->names, *c->names ? "\n    " : ""),
               fix + strlen(list));
        return;
    }
    if (strncmp(fix, one, strlen(one)) != 0 || !value) {
        c->without++;
        return;
    }
    len = value - fix - strlen(one);
    snprintf(key, sizeof(key), "\n%.*s = ", (int)len, fix + strlen(one));
    line = strstr(c->conditions, key);
    if (line) {
        char *end = strchr(line + 1, '\n');
        char joined[FIX_MAX];
        size_t joined_len = snprintf(joined, sizeof(joined), " || (%s)",
                                     value + 3);

        memmove(end + joined_len, end, strlen(end) + 1);
        memcpy(end, joined, joined_len);
    } else {
        len = strlen(c->conditions);
        snprintf(c->conditions + len, sizeof(c->conditions) - len - 1,
                 "%s(%s)\n", key + 1, value + 3);
    }
}

static void gather(struct collected *c, unsigned round)
{
    const struct st_target *t = bench.target;

    strcpy(c->names, "");
    strcpy(c->conditions, "\n");
    c->calls = c->without = 0;
    for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
        uint64_t values[ST_MAX_ARGS];
        char fix[FIX_MAX];
        struct re_call call;

        if (!st_slot_name(t, slot) || st_slot_is_carrier(t, slot)) {
            continue;
        }
        choose(values, slot, round);
        if (truncate(bench.log, 0) < 0) {
            perror("truncate");
        }
        bench_call(&bench, slot, values, &call);
        bench_read(&bench, bench.log);
        c->calls++;
        if (member(bench.line, "fix", fix, sizeof(fix))) {
            collect(c, fix);
        } else {
            c->without++;
        }
    }
}

static unsigned count_refused(unsigned round)
{
    const struct st_target *t = bench.target;
    unsigned refused = 0;

    for (unsigned slot = 0; slot < st_slot_count(t); slot++) {
        uint64_t values[ST_MAX_ARGS];
        struct re_call call;

        if (!st_slot_name(t, slot) || st_slot_is_carrier(t, slot)) {
            continue;
        }
        choose(values, slot, round);
        if (bench_call(&bench, slot, values, &call) != RE_STEP_RUN) {
            bench_read(&bench, bench.log);
            tap_note(bench.line);
            refused++;
        }
    }
    return refused;
}

static void check_target(const char *name, unsigned round, bool has_facts)
{
    static struct collected c;
    static char text[2 * POLICY_MAX + 256];
    unsigned refused = 0;

    guest_put_string(&bench.guest, 0, "/some where/\"a\"");
    if (!load(name, DEFAULT, has_facts)) {
        tap_ok(false, "%s: a policy loads", name);
        return;
    }
    gather(&c, round);
    bench_end(&bench);
    snprintf(text, sizeof(text), DEFAULT "[allow]%s%s%s",
             *c.names ? "\nsyscalls = " : "", c.names, c.conditions);
    if (!load(name, text, has_facts)) {
        tap_ok(false, "%s: the policy of all fixes loads", name);
        return;
    }
    refused = count_refused(round);
    tap_ok(c.calls > 250 && c.without == 0 && refused == 0,
           "%s: %u calls, each with a fix%s, all allowed by them", name,
           c.calls, has_facts ? " on facts" : "");
    bench_end(&bench);
}

int main(void)
{
    const struct st_target *t;

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        check_example(&examples[i], false);
        if (examples[i].bytes) {
            check_example(&examples[i], true);
        }
    }
    for (unsigned i = 0; (t = st_target_at(i)); i++) {
        check_target(st_target_name(t), i % 3, false);
        check_target(st_target_name(t), i % 3, true);
    }
    return tap_done();
}
