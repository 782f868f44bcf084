/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on paths and socket addresses, without an emulator: a policy, a
 * call with what its pointers hold, and the verdict, one line each. The guest
 * is fake: its memory is one array, and its file system the list of links
 * below.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"

/* --- the guest ------------------------------------------------------------ */

enum { BASE = 0x10000, SIZE = 0x4000, PATH1 = BASE, PATH2 = BASE + 0x1000,
       BYTES = BASE + 0x2000, NAME = BASE + 0x3000 };

static struct {
    unsigned char memory[SIZE];
    struct re_path_query asked[3];
    unsigned resolved;
} guest;

static int guest_read(void *unused, uint64_t addr, void *buf, size_t len)
{
    (void)unused;
    if (addr < BASE || addr + len > BASE + SIZE) {
        return -EFAULT;
    }
    memcpy(buf, guest.memory + (addr - BASE), len);
    return 0;
}

static const char *const links[][2] = {
    { "/link/passwd", "/etc/passwd" },
    { "/srv/www/out", "/etc/shadow" },
    { "/srv/www/../../etc/shadow", "/etc/shadow" },
    { "/bin/sh", "/usr/bin/dash" },
    { "/bin", "/usr/bin" },
};

static void guest_path(void *unused, const struct re_path_query *q,
                       struct re_path *path)
{
    const char *given = q->given ? q->given :
        (const char *)guest.memory + (q->addr - BASE);

    (void)unused;
    guest.asked[q->index] = *q;
    guest.resolved++;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (q->follow && strcmp(given, links[i][0]) == 0) {
            given = links[i][1];
        }
    }
    path->len = strlen(given);
    memcpy(path->name, given, path->len + 1);
}

static int guest_canonical(const char *path, char *buf, size_t size)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (strcmp(path, links[i][0]) == 0) {
            snprintf(buf, size, "%s", links[i][1]);
            return 0;
        }
    }
    snprintf(buf, size, "%s", path);
    return 0;
}

/* 7 is a file. */
static void guest_descriptor(void *unused, int fd, int reg,
                             struct re_path *path)
{
    (void)unused;
    (void)reg;
    if (fd == 7) {
        path->len = snprintf(path->name, sizeof(path->name), "/srv/x.db");
    }
}

static const struct re_guest_ops ops = {
    .read = guest_read, .path = guest_path, .canonical = guest_canonical,
    .descriptor = guest_descriptor,
};

/* --- calls ---------------------------------------------------------------- */

static const struct st_target *target;
static struct re_call call;
static struct re_facts facts;

static void put_number(unsigned char *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[st_big_endian(target) ? size - 1 - i : i] = value >> 8 * i;
    }
}

static uint64_t constant(const char *family, const char *text)
{
    uint64_t all = 0, value;
    char copy[128], *save = NULL;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, "|", &save); word;
         word = strtok_r(NULL, "|", &save)) {
        if (st_constant(target, st_family_by_name(family), word, &value)) {
            printf("Bail out! %s lacks %s\n", st_target_name(target), word);
            exit(1);
        }
        all |= value;
    }
    return all;
}

static struct st_arg argument(const char *name)
{
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(target, call.slot, args);

    for (int i = 0; i < count; i++) {
        if (strcmp(args[i].name, name) == 0) {
            return args[i];
        }
    }
    return (struct st_arg) { .reg = ST_MAX_REGS - 1 };
}

/* inet A.B.C.D PORT, inet6 A PORT, unix P, abstract P, none, short, long */
static unsigned put_sockaddr(const char *text)
{
    unsigned char *at = guest.memory + (BYTES - BASE);
    char kind[16], where[64];
    unsigned port = 0, len = 0;

    memset(at, 0, 256);
    sscanf(text, "%15s %63s %u", kind, where, &port);
    at[2] = port >> 8;
    at[3] = port;
    if (strcmp(kind, "inet") == 0) {
        put_number(at, AF_INET, 2);
        len = inet_pton(AF_INET, where, at + 4) ? 16 : 0;
    } else if (strcmp(kind, "inet6") == 0) {
        put_number(at, AF_INET6, 2);
        len = inet_pton(AF_INET6, where, at + 8) ? 28 : 0;
    } else if (strcmp(kind, "unix") == 0 || strcmp(kind, "abstract") == 0) {
        bool abstract = kind[0] == 'a';

        put_number(at, AF_UNIX, 2);
        memset(at + 2, 0, 108);
        memcpy(at + 2 + abstract, where, strlen(where));
        len = 2 + abstract + strlen(where);
    }
    return strcmp(kind, "long") == 0 ? 4096 : strcmp(kind, "short") == 0 ? 1 :
        len;
}

/* mmap("#FD", "PROT"), wherever the target has its arguments. */
static void put_mmap(int fd, const char *prot, const struct st_arg *args,
                     int count)
{
    unsigned word = st_word_bits(target) / 8;
    uint64_t values[6] = {
        0x10000, 4096, constant("prot", prot), constant("map", "MAP_PRIVATE"),
        fd, 0,
    };

    for (int i = 0; i < 6; i++) {
        if (count == 1) {
            put_number(guest.memory + (BYTES - BASE) + i * word, values[i],
                       word);
        } else {
            call.args[args[i].reg] = values[i];
        }
    }
    if (count == 1) {
        call.args[0] = BYTES;
    }
}

/* NAME FILE [FLAGS]; NAME FILE FILE; NAME ADDRESS; NAME #FD */
static bool make_call(const char *name, const char *first, const char *second)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    struct st_arg args[ST_MAX_ARGS];
    unsigned word = st_word_bits(target) / 8, paths = 0, len;
    int count;

    if (!st_slots_of_name(target, name, slots)) {
        return false;
    }
    memset(&call, 0, sizeof(call));
    call.slot = slots[0];
    call.nr = st_number_of_slot(target, call.slot);
    call.facts = &facts;
    count = st_slot_args(target, call.slot, args);
    for (int i = 0; i < count; i++) {
        if (args[i].kind == ST_KIND_DIRFD) {
            call.args[args[i].reg] = RE_CWD;
        } else if (args[i].kind == ST_KIND_PATH) {
            const char *text = paths ? second : first;

            call.args[args[i].reg] = paths ? PATH2 : PATH1;
            memcpy(guest.memory + (paths++ ? PATH2 - BASE : 0), text,
                   strlen(text) + 1);
        } else if (args[i].kind == ST_KIND_FD && first && first[0] == '#') {
            call.args[args[i].reg] = atoi(first + 1);
        } else if (args[i].kind == ST_KIND_SOCKADDR) {
            len = put_sockaddr(first);
            call.args[args[i].reg] = strcmp(first, "none") ? BYTES : 0;
            call.args[args[i + 1].reg] = len;
        }
    }
    if (strcmp(name, "mmap") == 0) {
        put_mmap(atoi(first + 1), second, args, count);
        return true;
    }
    if (strcmp(name, "sendmsg") == 0 || strcmp(name, "sendmmsg") == 0) {
        unsigned char *at = guest.memory + (NAME - BASE);

        len = put_sockaddr(first);
        put_number(at, strcmp(first, "none") ? BYTES : 0, word);
        put_number(at + word, len, 4);
        call.args[argument("msg").reg] = NAME;
        if (strcmp(name, "sendmmsg") == 0) {
            call.args[argument("vlen").reg] = 1;
        }
    }
    if (strcmp(name, "openat2") == 0) {
        unsigned char *at = guest.memory + (BYTES - BASE);

        memset(at, 0, 24);
        put_number(at, constant("open", second), 8);
        call.args[argument("how").reg] = BYTES;
        call.args[argument("size").reg] = 24;
    } else if (paths == 1 && second) {
        call.args[argument("flags").reg] = constant("open", second);
    }
    return true;
}

/* --- the table ------------------------------------------------------------ */

static const struct row {
    const char *rules;          /* below [policy] default = deny EPERM */
    const char *name, *first, *second;
    bool allowed;
} rows[] = {
    /* ==, != and in */
    { "openat = path == /etc/passwd", "openat", "/etc/passwd", NULL, true },
    { "openat = path == /etc/passwd", "openat", "/etc/passwd2", NULL, false },
    { "openat = path == /etc/passwd", "openat", "/link/passwd", NULL, true },
    { "openat = path == \"/a b/c\"", "openat", "/a b/c", NULL, true },
    { "openat = path == \"/a \\\"b\"", "openat", "/a \"b", NULL, true },
    { "openat = path != /etc/passwd", "openat", "/etc/passwd", NULL, false },
    { "openat = path != /etc/passwd", "openat", "/x", NULL, true },
    { "openat = path in {/a, /b,/c}", "openat", "/c", NULL, true },
    { "openat = path in {/a, /b,/c}", "openat", "/d", NULL, false },
    { "openat = path !in {/a, /b}", "openat", "/b", NULL, false },
    { "openat = (path == /a || path == /b) && (flags & 1) == 0", "openat",
      "/b", NULL, true },
    { "openat = (path == /a)", "openat", "/a", NULL, true },
    { "openat = !(path == /a)", "openat", "/a", NULL, false },
    /* under */
    { "openat = path under /srv/www", "openat", "/srv/www/a/b", NULL, true },
    { "openat = path under /srv/www/", "openat", "/srv/www", NULL, true },
    { "openat = path under /srv/www", "openat", "/srv/www2/a", NULL, false },
    { "openat = path under /srv/www", "openat", "/srv/www/out", NULL, false },
    { "openat = path under /srv/www", "openat", "/srv/www/../../etc/shadow",
      NULL, false },
    { "openat = path under /", "openat", "/x", NULL, true },
    { "openat = path under {/a, /b}", "openat", "/b/x", NULL, true },
    /* like */
    { "openat = path like /tmp/*.c", "openat", "/tmp/x.c", NULL, true },
    { "openat = path like /tmp/*.c", "openat", "/tmp/a/x.c", NULL, false },
    { "openat = path like /tmp/**.c", "openat", "/tmp/a/x.c", NULL, true },
    { "openat = path like **/x.?", "openat", "/tmp/a/x.c", NULL, true },
    { "openat = path like /tmp/?", "openat", "/tmp//", NULL, false },
    { "openat = path like /t[a-m]p/[!x]", "openat", "/tmp/y", NULL, true },
    { "openat = path like /t[a-l]p/[!x]", "openat", "/tmp/y", NULL, false },
    { "openat = path like /tmp/[!x]", "openat", "/tmp/x", NULL, false },
    { "openat = path like /tmp/\\*", "openat", "/tmp/*", NULL, true },
    { "openat = path like /tmp/\\*", "openat", "/tmp/a", NULL, false },
    { "openat = path like /a/**/b/*/c", "openat", "/a/x/b/y/b/z/c", NULL,
      true },
    { "openat = path like /a/**/b/*/c", "openat", "/a/x/b/y/z/c", NULL,
      false },
    /* a link in the policy itself */
    { "openat = path == /bin/sh", "openat", "/usr/bin/dash", NULL, true },
    { "openat = path under /bin", "openat", "/usr/bin/ls", NULL, true },
    { "openat = path like /bin/l*", "openat", "/usr/bin/ls", NULL, true },
    /* links that the call does not follow */
    { "unlinkat = path == /link/passwd", "unlinkat", "/link/passwd", NULL,
      true },
    { "openat = path == /link/passwd", "openat", "/link/passwd", "O_NOFOLLOW",
      true },
    { "openat = path == /link/passwd", "openat", "/link/passwd",
      "O_CREAT|O_EXCL", true },
    /* both paths */
    { "renameat2 = path under /a && path2 under /b", "renameat2", "/a/x",
      "/b/y", true },
    { "renameat2 = path under /a && path2 under /b", "renameat2", "/a/x",
      "/a/y", false },
    { "linkat = path2 == /b/y", "linkat", "/a/x", "/b/y", true },
    /* access */
    { "openat = access == read", "openat", "/x", "O_RDONLY", true },
    { "openat = access == read", "openat", "/x", "O_RDONLY|O_TRUNC", false },
    { "openat = access == read", "openat", "/x", "O_RDONLY|O_CREAT", false },
    { "openat = access == write", "openat", "/x", "O_WRONLY|O_CREAT", true },
    { "openat = access == readwrite", "openat", "/x", "O_RDWR", true },
    { "openat = access in {read, readwrite}", "openat", "/x", "O_WRONLY",
      false },
    { "openat = access != write", "openat", "/x", "O_WRONLY", false },
    { "openat2 = path == /x && access == read", "openat2", "/x", "O_RDONLY",
      true },
    { "openat2 = path == /x && access == read", "openat2", "/x", "O_RDWR",
      false },
    { "openat2 = path == /link/passwd", "openat2", "/link/passwd",
      "O_NOFOLLOW", true },
    { "@open = path == /x && access == write", "creat", "/x", NULL, true },
    { "@open = path == /x && access == read", "creat", "/x", NULL, false },
    /* addresses */
    { "connect = addr == 127.0.0.1 && port == 80", "connect",
      "inet 127.0.0.1 80", NULL, true },
    { "connect = addr == 127.0.0.1 && port == 80", "connect",
      "inet 127.0.0.1 81", NULL, false },
    { "connect = addr == 127.0.0.1", "connect", "inet6 ::ffff:127.0.0.1 80",
      NULL, true },
    { "connect = addr == ::ffff:127.0.0.1", "connect", "inet 127.0.0.1 80",
      NULL, true },
    { "connect = addr == ::1", "connect", "inet6 ::1 80", NULL, true },
    { "connect = addr == ::1", "connect", "inet 127.0.0.1 80", NULL, false },
    { "connect = addr in 10.0.0.0/8", "connect", "inet 10.9.8.7 1", NULL,
      true },
    { "connect = addr in 10.0.0.0/8", "connect", "inet 11.9.8.7 1", NULL,
      false },
    { "connect = addr in 10.128.0.0/9", "connect", "inet 10.127.0.1 1", NULL,
      false },
    { "connect = addr in {192.0.2.1, fe80::/10}", "connect",
      "inet6 febf::1 1", NULL, true },
    { "connect = addr in {192.0.2.1, fe80::/10}", "connect",
      "inet6 fec0::1 1", NULL, false },
    { "connect = addr in 0.0.0.0/0", "connect", "inet6 ::1 1", NULL, false },
    { "connect = addr !in 10.0.0.0/8", "connect", "inet 11.0.0.1 1", NULL,
      true },
    { "bind = port >= 1024", "bind", "inet 0.0.0.0 8080", NULL, true },
    { "bind = port >= 1024", "bind", "inet 0.0.0.0 80", NULL, false },
    { "bind = port in {80, 8000..8999}", "bind", "inet6 :: 8080", NULL, true },
    { "bind = port != 22", "bind", "inet 0.0.0.0 22", NULL, false },
    /* What has no port is neither above nor below one. */
    { "connect = port >= 1024", "connect", "unix /run/x.sock", NULL, false },
    { "connect = port > 1023", "connect", "unix /run/x.sock", NULL, false },
    { "connect = port <= 80", "connect", "unix /run/x.sock", NULL, false },
    { "connect = port < 80", "connect", "unix /run/x.sock", NULL, false },
    { "connect = port != 80", "connect", "unix /run/x.sock", NULL, true },
    { "connect = port >= 65535", "connect", "inet 0.0.0.0 65535", NULL, true },
    { "connect = port <= 0", "connect", "inet 0.0.0.0 0", NULL, true },
    { "bind = family == AF_INET6", "bind", "inet6 :: 1", NULL, true },
    { "bind = family in {AF_INET, AF_UNIX}", "bind", "inet6 :: 1", NULL,
      false },
    { "sendto = addr == 192.0.2.1", "sendto", "inet 192.0.2.1 53", NULL,
      true },
    { "sendto = addr == 192.0.2.1", "sendto", "none", NULL, false },
    { "sendto = family == AF_UNSPEC", "sendto", "none", NULL, true },
    { "sendmsg = addr == 192.0.2.1 && port == 53", "sendmsg",
      "inet 192.0.2.1 53", NULL, true },
    { "sendmsg = addr == 192.0.2.1", "sendmsg", "inet 192.0.2.2 53", NULL,
      false },
    { "sendmsg = family == AF_UNSPEC", "sendmsg", "none", NULL, true },
    { "sendmmsg = addr == 192.0.2.1 && port == 53", "sendmmsg",
      "inet 192.0.2.1 53", NULL, true },
    { "sendmmsg = addr == 192.0.2.1", "sendmmsg", "inet 192.0.2.2 53", NULL,
      false },
    { "sendmmsg = family == AF_UNSPEC && vlen == 1", "sendmmsg", "none", NULL,
      true },
    { "connect = addr == 0.0.0.0 || family == AF_INET", "connect", "short",
      NULL, false },
    { "connect = addr == 0.0.0.0 || family == AF_INET", "connect", "long",
      NULL, false },
    /* local sockets */
    { "connect = unix == /run/x.sock", "connect", "unix /run/x.sock", NULL,
      true },
    { "connect = unix == /etc/passwd", "connect", "unix /link/passwd", NULL,
      true },
    { "connect = unix under /run", "connect", "unix /tmp/x", NULL, false },
    { "connect = unix == @bus", "connect", "abstract bus", NULL, true },
    { "connect = unix == @bus", "connect", "abstract bus2", NULL, false },
    { "connect = unix like @b*", "connect", "abstract bus2", NULL, true },
    { "connect = unix == /bus", "connect", "abstract bus", NULL, false },
    { "connect = unix like /run/*", "connect", "inet 0.0.0.0 1", NULL,
      false },
    /* descriptors */
    { "ftruncate = fdpath under /srv", "ftruncate", "#7", NULL, true },
    { "ftruncate = fdpath under /srv", "ftruncate", "#8", NULL, false },
    { "fsync = fdpath !under /srv", "fsync", "#8", NULL, true },
    { "fsync = fdpath !under /srv", "fsync", "#7", NULL, false },
    { "fsync = fdpath in {/a, /srv/x.db} && fd == 7", "fsync", "#7", NULL,
      true },
    { "write = fdpath like **/*.db", "write", "#7", NULL, true },
    /* arguments in memory */
    { "openat2 = mode == 0 && resolve == 0 && flags == O_RDWR", "openat2",
      "/x", "O_RDWR", true },
    { "openat2 = (resolve & 8)", "openat2", "/x", "O_RDWR", false },
    { "openat2 = (flags & O_TRUNC) == 0", "openat2", "/x",
      "O_RDWR|O_TRUNC", false },
    { "mmap = !(prot & PROT_EXEC)", "mmap", "#7", "PROT_READ", true },
    { "mmap = !(prot & PROT_EXEC)", "mmap", "#7", "PROT_READ|PROT_EXEC",
      false },
    { "mmap = flags == MAP_PRIVATE && fd == 7 && len <= 4096 && off == 0",
      "mmap", "#7", "PROT_READ", true },
    { "mmap = fd < 0", "mmap", "#-1", "PROT_READ", true },
    { "mmap = fd < 0", "mmap", "#7", "PROT_READ", false },
    /* the same words as names of ordinary arguments */
    { "munmap = addr == 4096", "munmap", NULL, NULL, false },
    { "munmap = addr in 0x0..0xfff", "munmap", NULL, NULL, true },
};

static struct re_engine *load(const char *path, const char *rules)
{
    const char *policies[] = { path };
    struct re_config config = {
        .target = target, .ops = &ops, .policies = policies,
        .policy_count = 1,
        .logs = (const char *const []) { "/dev/null" }, .log_count = 1,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    FILE *f = fopen(path, "w");

    fprintf(f, "[policy]\ndefault = deny EPERM quiet\n[allow]\n%s\n", rules);
    fclose(f);
    if (re_engine_new(&engine, &config, diags) < 0) {
        for (size_t i = 0; i < re_diags_count(diags); i++) {
            char *text = re_diag_text(re_diags_at(diags, i));

            tap_note(text);
            free(text);
        }
    }
    re_diags_free(diags);
    return engine;
}

static void try_row(const struct row *row, const char *path)
{
    struct re_thread thread = { .again = false };
    struct re_engine *engine;
    bool ran;

    if (!make_call(row->name, row->first, row->second)) {
        return;         /* @open on a target without creat, and the like */
    }
    engine = load(path, row->rules);
    if (!engine) {
        tap_ok(false, "%s: loads: %s", st_target_name(target), row->rules);
        return;
    }
    guest.resolved = 0;
    ran = re_enter(engine, &thread, &call) == RE_STEP_RUN;
    tap_ok(ran == row->allowed && guest.resolved <= 2,
           "%s: %s: %s(%s, %s) %s", st_target_name(target), row->rules,
           row->name, row->first ? row->first : "",
           row->second ? row->second : "", row->allowed ? "runs" :
           "is refused");
    re_engine_free(engine);
}

int main(void)
{
    static const char *const names[] = { "aarch64", "x86_64", "arm", "s390x",
                                         "mips", "sparc64" };
    char path[] = "/tmp/facts-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0) {
        perror(path);
        return 1;
    }
    close(fd);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        target = st_target_by_name(names[i]);
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            try_row(&rows[j], path);
        }
    }
    unlink(path);
    return tap_done();
}
