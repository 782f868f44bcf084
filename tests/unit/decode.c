/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What arguments look like in the log, on targets of different kinds. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "decode.h"
#include "guest-fixture.h"
#include "tap.h"

/* Shorthands for the values below: where things lie in the guest. */
enum {
    PATH = GUEST_BASE,              /* "/etc/shadow" */
    ODD_PATH = GUEST_BASE + 0x100,  /* control characters and bad UTF-8 */
    LONG_PATH = GUEST_BASE + 0x1000,    /* 4200 bytes */
    EDGE = GUEST_BASE + GUEST_SIZE - 4, /* four bytes, then nothing */
    INET = GUEST_BASE + 0x200,
    INET6 = GUEST_BASE + 0x240,
    UNIX = GUEST_BASE + 0x280,
    ABSTRACT = GUEST_BASE + 0x300,
    AT_SIGN = GUEST_BASE + 0x2f0,
    NETLINK = GUEST_BASE + 0x380,
    PACKET = GUEST_BASE + 0x3c0,
    TIME = GUEST_BASE + 0x400,      /* two words: 3, 5 */
    HOW = GUEST_BASE + 0x440,       /* struct open_how */
    WILD = 0x10,
};

struct example {
    const char *target, *call;
    uint64_t values[ST_MAX_ARGS];
    const char *text;       /* all arguments, as a readable line has them */
};

static const struct example examples[] = {
    { "aarch64", "openat", { -100, PATH, 0, 0777 },
      "AT_FDCWD, \"/etc/shadow\", O_RDONLY" },
    { "x86_64", "openat", { 5, PATH, 0101, 0644 },
      "5, \"/etc/shadow\", O_WRONLY|O_CREAT, 0644" },
    { "mips", "open", { PATH, 0x101, 0 },
      "\"/etc/shadow\", O_WRONLY|O_CREAT, 0" },
    { "arm", "openat", { 0xffffff9c, WILD, 0, 0 },
      "AT_FDCWD, 0x10, O_RDONLY" },
    { "aarch64", "openat", { 0xdeadbeefffffff9c, 0, 0, 0 },
      "AT_FDCWD, NULL, O_RDONLY" },
    { "x86_64", "openat", { 3, EDGE, 0 }, "3, 0x13ffc, O_RDONLY" },
    { "x86_64", "open", { ODD_PATH, 0x40000000, 0 },
      "\"a\\n\\x1b[1m\\xff\\\"\\\\b\", O_RDONLY|0x40000000" },
    { "arm", "connect", { 3, INET, 16 }, "3, inet 192.0.2.1:443" },
    { "mips", "connect", { 3, INET, 16 }, "3, inet 192.0.2.1:443" },
    { "sparc64", "connect", { 3, INET6, 28 },
      "3, inet6 [2001:db8::1%2]:53" },
    { "x86_64", "connect", { 3, INET6, 24 }, "3, inet6 [2001:db8::1]:53" },
    { "x86_64", "connect", { 3, UNIX, 110 }, "3, unix /run/x" },
    { "x86_64", "connect", { 3, UNIX, 111 }, "3, AF_UNIX, 111 bytes" },
    { "x86_64", "connect", { 3, UNIX, 5 }, "3, unix /ru" },
    { "x86_64", "connect", { 3, UNIX, 2 }, "3, unix (unnamed)" },
    { "s390x", "connect", { 3, ABSTRACT, 8 }, "3, unix @a\\x00b\\n\\x00" },
    { "x86_64", "connect", { 3, AT_SIGN, 5 }, "3, unix ./@ab" },
    { "ppc64", "connect", { 3, NETLINK, 12 },
      "3, netlink pid 4660, groups 0x11" },
    { "x86_64", "connect", { 3, PACKET, 20 }, "3, AF_PACKET, 20 bytes" },
    { "x86_64", "connect", { 3, INET, 4 }, "3, AF_INET, 4 bytes" },
    { "x86_64", "connect", { 3, INET, 1 }, "3, 1 bytes" },
    { "x86_64", "connect", { 3, INET, 0 }, "3, 0x10200, 0" },
    { "x86_64", "connect", { 3, EDGE, 16 }, "3, 0x13ffc, 16" },
    { "x86_64", "connect", { -1, 0, 16 }, "-1, NULL, 16" },
    { "x86_64", "socket", { 2, 0x80801, 0 },
      "AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, IPPROTO_IP" },
    { "mips", "socket", { 2, 0x82, 0 },
      "AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP" },
    { "x86_64", "kill", { -1, 15 }, "-1, SIGTERM" },
    { "aarch64", "umask", { 022 }, "022" },
    { "aarch64", "umask", { -1 }, "037777777777" },
    { "x86_64", "chown", { PATH, 0xffffffff, 100 },
      "\"/etc/shadow\", -1, 100" },
    { "arm", "pread64", { 3, WILD, 10, 0x123456789a },
      "3, 0x10, 10, 78187493530" },
    { "mips", "pread64", { 3, WILD, 10, -2 }, "3, 0x10, 10, -2" },
    { "x86_64", "mmap", { 0, 4096, 3, 0x22, -1, 0 },
      "NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0" },
    { "x86_64", "setsockopt", { 3, 1, 2, 0, 4 },
      "3, SOL_SOCKET, SO_REUSEADDR, NULL, 4" },
    { "mips", "setsockopt", { 3, 6, 1, 0, 4 },
      "3, SOL_TCP, TCP_NODELAY, NULL, 4" },
    { "x86_64", "nanosleep", { TIME, 0 }, "{tv_sec=3, tv_nsec=5}, NULL" },
    { "s390x", "nanosleep", { TIME, 0 }, "{tv_sec=3, tv_nsec=5}, NULL" },
    { "x86_64", "nanosleep", { EDGE, TIME }, "0x13ffc, 0x10400" },
    { "s390x", "openat2", { -100, PATH, HOW, 24 },
      "AT_FDCWD, \"/etc/shadow\", {flags=O_WRONLY|O_CREAT, mode=0600, "
      "resolve=0x8}, 24" },
    { "x86_64", "writev", { 1, TIME, 1 }, "1, {5 bytes}, 1" },
    { "x86_64", "getpid", { 0 }, "" },
};

/* An address in the byte order of the target's sa_family. */
static void put_family(struct guest *g, const struct st_target *t,
                       unsigned at, unsigned family)
{
    at -= GUEST_BASE;
    g->memory[at + !st_big_endian(t)] = 0;
    g->memory[at + st_big_endian(t)] = family;
}

static void put_word(struct guest *g, const struct st_target *t, unsigned at,
                     uint32_t word)
{
    word = st_big_endian(t) ? htobe32(word) : htole32(word);
    guest_put(g, at - GUEST_BASE, &word, 4);
}

static void put_wide(struct guest *g, const struct st_target *t, unsigned at,
                     uint64_t word)
{
    word = st_big_endian(t) ? htobe64(word) : htole64(word);
    guest_put(g, at - GUEST_BASE, &word, 8);
}

static void fill(struct guest *g, const struct st_target *t)
{
    static const unsigned char v4[] = { 1, 187, 192, 0, 2, 1 };
    static const unsigned char v6[] = {
        0, 53, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 1,
    };

    memset(g->memory, 0, sizeof(g->memory));
    guest_put_string(g, 0, "/etc/shadow");
    guest_put_string(g, ODD_PATH - GUEST_BASE, "a\n\x1b[1m\xff\"\\b");
    memset(g->memory + (LONG_PATH - GUEST_BASE), 'p', 4200);
    memset(g->memory + (EDGE - GUEST_BASE), 'e', 4);
    put_family(g, t, INET, 2);
    guest_put(g, INET + 2 - GUEST_BASE, v4, sizeof(v4));
    put_family(g, t, INET6, 10);
    guest_put(g, INET6 + 2 - GUEST_BASE, v6, sizeof(v6));
    put_word(g, t, INET6 + 24, 2);
    put_family(g, t, UNIX, 1);
    guest_put_string(g, UNIX + 2 - GUEST_BASE, "/run/x");
    put_family(g, t, ABSTRACT, 1);
    put_family(g, t, AT_SIGN, 1);
    guest_put_string(g, AT_SIGN + 2 - GUEST_BASE, "@ab");
    guest_put(g, ABSTRACT + 2 - GUEST_BASE, "\0a\0b\n", 5);
    put_family(g, t, NETLINK, 16);
    put_word(g, t, NETLINK + 4, 0x1234);
    put_word(g, t, NETLINK + 8, 0x11);
    put_family(g, t, PACKET, 17);
    put_wide(g, t, TIME, 3);
    put_wide(g, t, TIME + 8, 5);
    put_wide(g, t, HOW, 0101);
    put_wide(g, t, HOW + 8, 0600);
    put_wide(g, t, HOW + 16, 8);
}

static void check_example(const struct example *e)
{
    const struct st_target *t = st_target_by_name(e->target);
    static struct guest guest;
    const struct re_decoder d = {
        .target = t, .ops = &guest_ops, .guest = &guest,
    };
    char line[1024], text[RE_DECODE_MAX];
    struct re_out out = { .buf = line, .size = sizeof(line) - 1 };
    uint64_t args[ST_MAX_REGS] = { 0 };
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(t, slot_named(t, e->call), all);
    bool resolved = false;

    fill(&guest, t);
    for (int i = 0; i < count; i++) {
        set_arg(t, &all[i], args, e->values[i]);
    }
    for (int i = 0; i < count; i++) {
        struct re_decoded value;

        re_decode(&d, all, count, i, args, text, sizeof(text), &value);
        if (value.kind == RE_DECODED_NONE ||
            (resolved && re_decode_is_length(all, i))) {
            continue;
        }
        resolved = value.kind == RE_DECODED_ADDRESS;
        re_out_text(&out, i ? ", " : "");
        re_decoded_text(&out, &value, text, 512);
    }
    line[out.len] = '\0';
    if (!tap_ok(strcmp(line, e->text) == 0, "%s: %s(%s)", e->target, e->call,
                e->text)) {
        tap_note(line);
    }
}

static void check_long_path(void)
{
    const struct st_target *t = st_target_by_name("x86_64");
    static struct guest guest;
    const struct re_decoder d = {
        .target = t, .ops = &guest_ops, .guest = &guest,
    };
    struct st_arg arg = { .kind = ST_KIND_PATH, .width = 64 };
    uint64_t args[ST_MAX_REGS] = { LONG_PATH };
    char text[RE_DECODE_MAX], line[64];
    struct re_out out = { .buf = line, .size = sizeof(line) - 1 };
    struct re_decoded value;

    fill(&guest, t);
    re_decode(&d, &arg, 1, 0, args, text, sizeof(text), &value);
    tap_ok(value.kind == RE_DECODED_STRING && value.cut &&
           value.len == RE_DECODE_MAX - 1, "a path without an end is cut");
    re_decoded_text(&out, &value, text, 16);
    line[out.len] = '\0';
    tap_ok(strcmp(line, "\"ppppppppppppp…\"") == 0, "and says so");
}

/* No address and no length may make it read or write where it should not:
 * worth most under AddressSanitizer. */
static void check_any_address(void)
{
    const struct st_target *t = st_target_by_name("mips");
    unsigned seed = 1;
    bool printable = true;

    for (int i = 0; i < 20000; i++) {
        size_t len = (seed = seed * 1103515245 + 12345) >> 16 & 127;
        unsigned char *bytes = malloc(len + 1);
        char shown[160], line[700];
        struct re_out raw = { .buf = shown, .size = sizeof(shown) };
        struct re_out out = { .buf = line, .size = sizeof(line) };

        for (size_t j = 0; j < len; j++) {
            bytes[j] = (seed = seed * 1103515245 + 12345) >> 16;
        }
        if (len > 1) {
            bytes[0] = 0;
            bytes[1] %= 20;
        }
        re_decode_sockaddr(t, bytes, len, &raw);
        re_out_escaped(&out, shown, raw.len, RE_ESCAPE_TEXT, sizeof(line));
        for (size_t j = 0; j < out.len; j++) {
            printable &= (unsigned char)line[j] >= ' ' && line[j] != 0x7f;
        }
        free(bytes);
    }
    tap_ok(printable, "any bytes as a socket address give printable text");
}

int main(void)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        check_example(&examples[i]);
    }
    check_long_path();
    check_any_address();
    return tap_done();
}
