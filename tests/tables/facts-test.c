/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts that are known from elsewhere (manual pages, processor ABIs, QEMU's
 * do_syscall), one row each, against the tables. */
#include <string.h>

#include "syscall-tables.h"
#include "check.h"

static struct checks checks;

/* --- constants ------------------------------------------------------------ */

static const struct {
    const char *target, *family, *name;
    uint64_t value;
} constants[] = {
    { "x86_64",      "open",     "O_DIRECTORY",   0200000 },
    { "arm",         "open",     "O_DIRECTORY",   040000 },
    { "aarch64",     "open",     "O_DIRECTORY",   040000 },
    { "ppc64le",     "open",     "O_DIRECTORY",   040000 },
    { "m68k",        "open",     "O_DIRECTORY",   040000 },
    { "alpha",       "open",     "O_DIRECTORY",   0100000 },
    { "hppa",        "open",     "O_DIRECTORY",   010000 },
    { "mips",        "open",     "O_DIRECTORY",   0200000 },
    { "x86_64",      "open",     "O_CREAT",       0100 },
    { "mips",        "open",     "O_CREAT",       0400 },
    { "sparc64",     "open",     "O_CREAT",       0x200 },
    { "alpha",       "open",     "O_CREAT",       01000 },
    { "mipsel",      "open",     "O_APPEND",      010 },
    { "x86_64",      "open",     "O_CLOEXEC",     02000000 },
    { "sparc",       "open",     "O_CLOEXEC",     0x400000 },
    { "x86_64",      "map",      "MAP_ANONYMOUS", 0x20 },
    { "mips64el",    "map",      "MAP_ANONYMOUS", 0x800 },
    { "xtensa",      "map",      "MAP_ANONYMOUS", 0x800 },
    { "alpha",       "map",      "MAP_ANONYMOUS", 0x10 },
    { "hppa",        "map",      "MAP_ANONYMOUS", 0x10 },
    { "hppa",        "map",      "MAP_FIXED",     0x04 },
    { "alpha",       "map",      "MAP_FIXED",     0x100 },
    { "x86_64",      "map",      "MAP_FIXED",     0x10 },
    { "x86_64",      "socktype", "SOCK_STREAM",   1 },
    { "mips",        "socktype", "SOCK_STREAM",   2 },
    { "mips",        "socktype", "SOCK_DGRAM",    1 },
    { "x86_64",      "socktype", "SOCK_NONBLOCK", 04000 },
    { "mips",        "socktype", "SOCK_NONBLOCK", 0200 },
    { "sparc",       "socktype", "SOCK_NONBLOCK", 0x4000 },
    { "alpha",       "socktype", "SOCK_NONBLOCK", 0x40000000 },
    { "hppa",        "socktype", "SOCK_NONBLOCK", 0x40000000 },
    { "s390x",       "socktype", "SOCK_TYPE_MASK", 0xf },
    { "riscv64",     "af",       "AF_INET6",      10 },
    { "riscv64",     "af",       "PF_UNIX",       1 },
    { "aarch64",     "dirfd",    "AT_FDCWD",      -100ull },
    { "i386",        "dirfd",    "AT_FDCWD",      -100ull },
    { "i386",        "prot",     "PROT_EXEC",     4 },
    { "x86_64",      "socklevel", "SOL_SOCKET",   1 },
    { "mips",        "socklevel", "SOL_SOCKET",   0xffff },
    { "sparc64",     "sockopt",  "SO_REUSEADDR",  4 },
    { "x86_64",      "sockopt",  "TCP_NODELAY",   1 },
    { "x86_64",      "signal",   "SIGUSR1",       10 },
    { "mips",        "signal",   "SIGUSR1",       16 },
    { "sparc",       "signal",   "SIGUSR1",       30 },
    { "mips",        "sighow",   "SIG_BLOCK",     1 },
    { "x86_64",      "sighow",   "SIG_BLOCK",     0 },
    { "x86_64",      "fcntl",    "F_SETLK",       6 },
    { "alpha",       "fcntl",    "F_SETLK",       8 },
    { "x86_64",      "ioctl",    "TCGETS",        0x5401 },
    { "mips",        "ioctl",    "TCGETS",        0x540d },
    { "ppc",         "ioctl",    "TCGETS",        0x402c7413 },
    { "mips",        "ioctl",    "FIONBIO",       0x667e },
    { "x86_64",      "ioctl",    "SIOCGIFCONF",   0x8912 },
    { "arm",         "ioctl",    "MEMGETINFO",    0x80204d01 },
    { "mips",        "ioctl",    "MEMGETINFO",    0x40204d01 },
    { "mips",        "resource", "RLIMIT_NOFILE", 5 },
    { "x86_64",      "resource", "RLIMIT_NOFILE", 7 },
    { "x86_64",      "clone",    "CLONE_NEWUSER", 0x10000000 },
    { "x86_64",      "access",   "W_OK",          2 },
    { "arm",         "epoll_create", "EPOLL_CLOEXEC", 02000000 },
    { "sparc",       "eventfd",  "EFD_NONBLOCK",  0x4000 },
};

static const struct {
    const char *target, *name;
    int number;
} errors[] = {
    { "x86_64", "EPERM", 1 },       { "x86_64", "ENOSYS", 38 },
    { "mips", "ENOSYS", 89 },       { "mips64el", "ENOSYS", 89 },
    { "alpha", "ENOSYS", 78 },      { "sparc", "ENOSYS", 90 },
    { "sparc64", "ENOSYS", 90 },    { "hppa", "ENOSYS", 251 },
    { "mips", "ECONNREFUSED", 146 }, { "alpha", "EDEADLK", 11 },
    { "alpha", "EAGAIN", 35 },      { "sparc", "ETIMEDOUT", 60 },
    { "hppa", "ELOOP", 249 },       { "mips", "ELOOP", 90 },
    { "xtensa", "ENOSYS", 38 },     { "ppc", "EDEADLOCK", 58 },
    { "x86_64", "EDEADLOCK", 35 },  { "mips", "EDQUOT", 1133 },
    { "x86_64", "ENOTSUP", 95 },
};

static void check_constants(void)
{
    unsigned i;

    for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
        const struct st_target *t = st_target_by_name(constants[i].target);
        uint64_t value = ~constants[i].value;

        CHECK(&checks, st_constant(t, st_family_by_name(constants[i].family),
                                   constants[i].name, &value) == 0 &&
              value == constants[i].value, "%s %s: %#llx",
              constants[i].target, constants[i].name,
              (unsigned long long)value);
    }
    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        const struct st_target *t = st_target_by_name(errors[i].target);

        CHECK(&checks, st_errno_by_name(t, errors[i].name) ==
              errors[i].number, "%s %s: %d", errors[i].target,
              errors[i].name, st_errno_by_name(t, errors[i].name));
    }
}

/* --- numbers and spellings ------------------------------------------------- */

static const struct {
    const char *target, *name;
    int numbers[6];             /* all that the name governs, then 0 */
} names[] = {
    { "x86_64",  "openat",        { 257 } },
    { "aarch64", "mmap",          { 222 } },
    { "aarch64", "open",          { 0 } },
    { "arm",     "mmap",          { 90, 192 } },
    { "arm",     "mmap2",         { 90, 192 } },
    { "mips",    "openat",        { 4288 } },
    { "mips64",  "openat",        { 5247 } },
    { "mipsn32", "openat",        { 6251 } },
    { "i386",    "connect",       { 362, 102 } },
    { "s390x",   "connect",       { 362, 102 } },
    { "x86_64",  "connect",       { 42 } },
    { "i386",    "send",          { 102 } },
    { "i386",    "msgrcv",        { 401, 117, 117 } },
    { "i386",    "clock_gettime", { 265, 403 } },
    { "i386",    "getuid",        { 24, 199 } },
    { "i386",    "lseek",         { 19, 140 } },
    { "riscv32", "lseek",         { 62 } },
    { "i386",    "stat",          { 18, 106, 195 } },
    { "alpha",   "getpid",        { 20 } },
    { "i386",    "umount",        { 22, 52 } },
    { "i386",    "select",        { 82, 142 } },
    { "arm",     "sync_file_range", { 341 } },
    { "sparc",   "sched_setaffinity", { 160, 261 } },
    { "x86_64",  "arm_fadvise64_64", { 221 } },
};

static void check_spellings(void)
{
    unsigned i, k, n;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct st_target *t = st_target_by_name(names[i].target);
        uint16_t slots[ST_MAX_SPELLINGS];

        n = st_slots_of_name(t, names[i].name, slots);
        for (k = 0; k < 6 && names[i].numbers[k]; k++) {
            CHECK(&checks, k < n &&
                  st_number_of_slot(t, slots[k]) == names[i].numbers[k],
                  "%s %s: number %u is %d", names[i].target, names[i].name,
                  k, k < n ? st_number_of_slot(t, slots[k]) : -1);
        }
        CHECK(&checks, n == k, "%s %s: %u slots", names[i].target,
              names[i].name, n);
    }
}

static void check_carriers(void)
{
    const struct st_target *i386 = st_target_by_name("i386");
    const struct st_target *arm = st_target_by_name("arm");
    const struct st_target *mips = st_target_by_name("mips");
    const struct st_target *x86_64 = st_target_by_name("x86_64");
    int slot = st_slot_of_socketcall(i386, 3);

    CHECK(&checks, slot > 0 && strcmp(st_slot_name(i386, slot), "connect") == 0
          && st_slot_operation(i386, slot) == 3, "socketcall 3");
    CHECK(&checks, st_slot_of_socketcall(i386, 0) == -1 &&
          st_slot_of_socketcall(i386, 21) == -1, "no such operation");
    CHECK(&checks, st_slot_of_socketcall(x86_64, 3) == -1, "no socketcall");
    CHECK(&checks, st_slot_of_ipc(i386, 12, 0) != st_slot_of_ipc(i386, 12, 1),
          "two forms of msgrcv");
    CHECK(&checks, st_slot_of_ipc(i386, 12, 1) == st_slot_of_ipc(i386, 12, 7),
          "any version but 0");
    CHECK(&checks, st_slot_of_ipc(i386, 5, 0) == -1, "no such operation");
    CHECK(&checks, st_slot_is_carrier(i386, 102) &&
          st_slot_is_carrier(i386, 117) && !st_slot_is_carrier(i386, 113),
          "i386");
    CHECK(&checks, st_slot_is_carrier(arm, 113), "arm's indirect call");
    CHECK(&checks, st_slot_is_carrier(mips, 0), "mips' indirect call");
    CHECK(&checks, st_base(mips) == 4000 && st_slot_of_number(mips, 4000) == 0,
          "mips");
}

/* --- how arguments are passed ---------------------------------------------- */

static const struct {
    const char *target, *call, *argument;
    enum st_kind kind;
    int width, is_signed, reg;
    enum st_pair pair;
} arguments[] = {
    { "x86_64", "openat", "dfd", ST_KIND_DIRFD, 32, 1, 0, ST_PAIR_NONE },
    { "x86_64", "openat", "filename", ST_KIND_PATH, 64, 0, 1, ST_PAIR_NONE },
    { "x86_64", "openat", "flags", ST_KIND_FLAGS, 32, 1, 2, ST_PAIR_NONE },
    { "x86_64", "openat", "mode", ST_KIND_MODE, 16, 0, 3, ST_PAIR_NONE },
    { "arm", "openat", "filename", ST_KIND_PATH, 32, 0, 1, ST_PAIR_NONE },
    { "x86_64", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 3, ST_PAIR_NONE },
    { "arm", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4, ST_PAIR_LOW_HIGH },
    { "armeb", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4, ST_PAIR_HIGH_LOW },
    { "i386", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 3, ST_PAIR_LOW_HIGH },
    { "mips", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4, ST_PAIR_HIGH_LOW },
    { "mipsel", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4,
      ST_PAIR_LOW_HIGH },
    { "mipsn32", "pread64", "pos", ST_KIND_OFFSET, 32, 1, 3, ST_PAIR_NONE },
    { "ppc", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4, ST_PAIR_HIGH_LOW },
    { "sh4", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 4, ST_PAIR_LOW_HIGH },
    { "sparc", "pread64", "pos", ST_KIND_OFFSET, 64, 1, 3, ST_PAIR_HIGH_LOW },
    { "arm", "ftruncate64", "length", ST_KIND_SIZE, 64, 1, 2,
      ST_PAIR_LOW_HIGH },
    { "sh4", "ftruncate64", "length", ST_KIND_SIZE, 64, 1, 1,
      ST_PAIR_LOW_HIGH },
    { "i386", "truncate64", "length", ST_KIND_SIZE, 64, 1, 1,
      ST_PAIR_LOW_HIGH },
    { "mips", "sync_file_range", "offset", ST_KIND_OFFSET, 64, 1, 2,
      ST_PAIR_HIGH_LOW },
    { "mips", "sync_file_range", "flags", ST_KIND_FLAGS, 32, 0, 6,
      ST_PAIR_NONE },
    { "i386", "sync_file_range", "flags", ST_KIND_FLAGS, 32, 0, 5,
      ST_PAIR_NONE },
    { "arm", "arm_fadvise64_64", "advice", ST_KIND_FLAGS, 32, 1, 1,
      ST_PAIR_NONE },
    { "arm", "arm_fadvise64_64", "len", ST_KIND_SIZE, 64, 1, 4,
      ST_PAIR_LOW_HIGH },
    { "mips", "fadvise64", "advice", ST_KIND_FLAGS, 32, 1, 6,
      ST_PAIR_NONE },
    { "ppc", "fadvise64_64", "advice", ST_KIND_FLAGS, 32, 1, 1,
      ST_PAIR_NONE },
    { "mips", "fallocate", "len", ST_KIND_SIZE, 64, 1, 4,
      ST_PAIR_HIGH_LOW },
    { "x86_64", "mmap", "prot", ST_KIND_FLAGS, 32, 0, 2, ST_PAIR_NONE },
    { "x86_64", "mmap", "fd", ST_KIND_FD, 32, 1, 4, ST_PAIR_NONE },
    { "x86_64", "readv", "fd", ST_KIND_FD, 32, 1, 0, ST_PAIR_NONE },
    { "arm", "preadv", "pos_h", ST_KIND_INT, 32, 0, 4, ST_PAIR_NONE },
    { "x86_64", "connect", "uservaddr", ST_KIND_SOCKADDR, 64, 0, 1,
      ST_PAIR_NONE },
    { "x86_64", "accept", "upeer_sockaddr", ST_KIND_SOCKADDR_OUT, 64, 0, 1,
      ST_PAIR_NONE },
    { "x86_64", "socket", "domain", ST_KIND_FLAGS, 32, 1, 0, ST_PAIR_NONE },
    { "x86_64", "kill", "sig", ST_KIND_SIGNAL, 32, 1, 1, ST_PAIR_NONE },
    { "x86_64", "write", "buf", ST_KIND_BUFFER, 64, 0, 1, ST_PAIR_NONE },
    { "x86_64", "clone", "clone_flags", ST_KIND_FLAGS, 32, 0, 0,
      ST_PAIR_NONE },
    { "x86_64", "clone", "tls", ST_KIND_POINTER, 64, 0, 4, ST_PAIR_NONE },
    { "aarch64", "clone", "tls", ST_KIND_POINTER, 64, 0, 3, ST_PAIR_NONE },
    { "s390x", "clone", "clone_flags", ST_KIND_FLAGS, 32, 0, 1,
      ST_PAIR_NONE },
    { "microblaze", "clone", "tls", ST_KIND_POINTER, 32, 0, 5, ST_PAIR_NONE },
    { "x86_64", "umount2", "name", ST_KIND_PATH, 64, 0, 0, ST_PAIR_NONE },
    { "x86_64", "symlink", "old", ST_KIND_STRING, 64, 0, 0, ST_PAIR_NONE },
    { "x86_64", "rename", "newname", ST_KIND_PATH, 64, 0, 1, ST_PAIR_NONE },
    { "i386", "setuid", "uid", ST_KIND_ID, 32, 0, 0, ST_PAIR_NONE },
};

static const struct st_arg *find_argument(const struct st_target *t,
                                          unsigned slot, const char *name,
                                          struct st_arg args[ST_MAX_ARGS])
{
    int n = st_slot_args(t, slot, args), i;

    for (i = 0; i < n; i++) {
        if (strcmp(args[i].name, name) == 0) {
            return &args[i];
        }
    }
    return NULL;
}

static int slot_of(const struct st_target *t, const char *name)
{
    unsigned i;

    for (i = 0; i < st_number_count(t); i++) {
        if (st_slot_name(t, i) && strcmp(st_slot_name(t, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

static void check_arguments(void)
{
    struct st_arg args[ST_MAX_ARGS];
    unsigned i;

    for (i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        const struct st_target *t = st_target_by_name(arguments[i].target);
        int slot = slot_of(t, arguments[i].call);
        const struct st_arg *a = slot < 0 ? NULL
            : find_argument(t, slot, arguments[i].argument, args);

        CHECK(&checks, a != NULL, "%s %s %s", arguments[i].target,
              arguments[i].call, arguments[i].argument);
        if (!a) {
            continue;
        }
        CHECK(&checks, a->kind == arguments[i].kind &&
              a->width == arguments[i].width &&
              a->is_signed == arguments[i].is_signed &&
              a->reg == arguments[i].reg && a->pair == arguments[i].pair,
              "%s %s %s: kind %d, %d bits, signed %d, register %d, pair %d",
              arguments[i].target, arguments[i].call, arguments[i].argument,
              a->kind, a->width, a->is_signed, a->reg, a->pair);
    }
}

static void check_subcall_registers(void)
{
    static const struct {
        const char *target;
        unsigned op, version;
        const char *argument;
        int reg;
    } rows[] = {
        { "i386", 1, 0, "sops", 4 }, { "i386", 1, 0, "nsops", 2 },
        { "i386", 4, 0, "timeout", 5 }, { "s390x", 4, 0, "timeout", 3 },
        { "i386", 3, 0, "cmd", 3 }, { "i386", 12, 1, "msgtyp", 5 },
        { "i386", 12, 0, "msgsz", 2 }, { "i386", 21, 0, "shmaddr", 4 },
        { "mips", 23, 0, "size", 2 }, { "sparc64", 24, 0, "buf", 4 },
    };
    struct st_arg args[ST_MAX_ARGS];
    unsigned i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct st_target *t = st_target_by_name(rows[i].target);
        int slot = st_slot_of_ipc(t, rows[i].op, rows[i].version);
        const struct st_arg *a = slot < 0 ? NULL
            : find_argument(t, slot, rows[i].argument, args);

        CHECK(&checks, a && a->reg == rows[i].reg, "%s ipc %u %s",
              rows[i].target, rows[i].op, rows[i].argument);
    }
    CHECK(&checks, !find_argument(st_target_by_name("i386"),
                                  st_slot_of_ipc(st_target_by_name("i386"),
                                                 12, 0), "msgtyp", args),
          "an argument that lies in memory");
}

/* --- values as text -------------------------------------------------------- */

static void check_format(void)
{
    static const struct {
        const char *target, *family;
        uint64_t value;
        const char *text;
    } rows[] = {
        { "x86_64", "open", 0, "O_RDONLY" },
        { "x86_64", "open", 0101, "O_WRONLY|O_CREAT" },
        { "mips", "open", 0x101, "O_WRONLY|O_CREAT" },
        { "x86_64", "open", 0x40000000, "O_RDONLY|0x40000000" },
        { "x86_64", "open", 020200000 | 2, "O_RDWR|O_TMPFILE" },
        { "x86_64", "open", 04010000, "O_RDONLY|O_SYNC" },
        { "x86_64", "af", 2, "AF_INET" },
        { "x86_64", "af", 99, "99" },
        { "x86_64", "socktype", 04001, "SOCK_STREAM|SOCK_NONBLOCK" },
        { "mips", "socktype", 2, "SOCK_STREAM" },
        { "x86_64", "prot", 0, "PROT_NONE" },
        { "x86_64", "prot", 5, "PROT_READ|PROT_EXEC" },
        { "x86_64", "map", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS" },
        { "hppa", "map", 0x12, "MAP_PRIVATE|MAP_ANONYMOUS" },
        { "x86_64", "dirfd", 0xffffff9c, "AT_FDCWD" },
        { "x86_64", "dirfd", -100ull, "AT_FDCWD" },
        { "x86_64", "msg", 0, "0" },
        { "x86_64", "at", 0x100, "AT_SYMLINK_NOFOLLOW" },
        { "x86_64", "faccessat", 0x200, "AT_EACCESS" },
        { "x86_64", "sockopt", 1, "1" },
        { "x86_64", "mode", 0104755, "S_IFREG|S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP"
          "|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID" },
        { "x86_64", "clone", 0x100 | 17, "SIGCHLD|CLONE_VM" },
        { "x86_64", "futex", 128, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG" },
        { "x86_64", "ioctl", 0x5401, "TCGETS" },
        { "x86_64", "ioctl", 0xdeadbeef, "0xdeadbeef" },
    };
    char buf[96], tiny[6];
    unsigned i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct st_target *t = st_target_by_name(rows[i].target);
        st_family_t family = st_family_by_name(rows[i].family);
        size_t n = st_format_constant(t, family, rows[i].value, buf,
                                      sizeof(buf));

        CHECK(&checks, strcmp(buf, rows[i].text) == 0 && n == strlen(buf),
              "%s %#llx: %s", rows[i].family,
              (unsigned long long)rows[i].value, buf);
        n = st_format_constant(t, family, rows[i].value, tiny, sizeof(tiny));
        CHECK(&checks, n == strlen(rows[i].text) && strlen(tiny) ==
              (n < 5 ? n : 5) && strncmp(tiny, rows[i].text, 5) == 0,
              "cut: %s", tiny);
        CHECK(&checks, st_format_constant(t, family, rows[i].value, NULL, 0)
              == n, "no room at all");
    }
}

/* --- sets and programs ------------------------------------------------------ */

static void check_sets(void)
{
    static const struct {
        const char *set, *name;
        int in;
    } rows[] = {
        { "@open", "openat2", 1 }, { "@open", "creat", 1 },
        { "@open", "read", 0 }, { "@connect", "connect", 1 },
        { "@basic-io", "read", 1 }, { "@basic-io", "openat", 0 },
        { "@system-service", "mmap", 1 }, { "@system-service", "mount", 0 },
        { "@network-io", "socketcall", 1 }, { "@exec", "execveat", 1 },
        { "@default", "exit_group", 1 }, { "@rename", "renameat2", 1 },
    };
    unsigned i, k;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct st_set *set = st_set_by_name(rows[i].set);
        int found = 0;

        for (k = 0; set && k < set->count; k++) {
            found |= strcmp(st_name_at(set->members[k]), rows[i].name) == 0;
        }
        CHECK(&checks, set && found == rows[i].in, "%s %s", rows[i].set,
              rows[i].name);
    }
}

/* @path has every call that takes a path, on any target, and no other. */
static void check_path_set(void)
{
    const struct st_set *set = st_set_by_name("@path");
    static unsigned char takes_path[2048], in_set[2048];
    struct st_arg args[ST_MAX_ARGS];
    const struct st_target *t;
    const char *name;
    unsigned i, slot, n;
    int k, count;

    for (i = 0; (t = st_target_at(i)); i++) {
        for (slot = 0; slot < st_slot_count(t); slot++) {
            count = st_slot_args(t, slot, args);
            for (k = 0; k < count; k++) {
                for (n = 0; args[k].kind == ST_KIND_PATH &&
                     (name = st_name_at(n)); n++) {
                    if (name == st_slot_name(t, slot)) {
                        takes_path[n] = 1;
                    }
                }
            }
        }
    }
    for (i = 0; set && i < set->count; i++) {
        in_set[set->members[i]] = 1;
    }
    for (n = 0; (name = st_name_at(n)); n++) {
        CHECK(&checks, takes_path[n] == in_set[n] ||
              (in_set[n] && strncmp(name, "osf_", 4) == 0), "%s: %d, %d",
              name, takes_path[n], in_set[n]);
    }
}

static void check_option_families(void)
{
    const struct st_target *x86_64 = st_target_by_name("x86_64");
    const struct st_target *mips = st_target_by_name("mips");
    char text[32];

    st_format_constant(x86_64, st_option_family(x86_64, 1), 2, text,
                       sizeof(text));
    CHECK(&checks, strcmp(text, "SO_REUSEADDR") == 0, "%s", text);
    st_format_constant(mips, st_option_family(mips, 0xffff), 4, text,
                       sizeof(text));
    CHECK(&checks, strcmp(text, "SO_REUSEADDR") == 0, "%s", text);
    st_format_constant(mips, st_option_family(mips, 6), 1, text,
                       sizeof(text));
    CHECK(&checks, strcmp(text, "TCP_NODELAY") == 0, "%s", text);
    CHECK(&checks, st_option_family(mips, 4711) == 0, "an unknown level");
}

static void check_elf(void)
{
    static const struct {
        int elf_class, data, machine;
        uint32_t flags;
        const char *target;     /* NULL: refused, and says why */
    } rows[] = {
        { 2, 1, 62, 0, "x86_64" },          { 1, 1, 62, 0, NULL },
        { 1, 1, 3, 0, "i386" },             { 1, 1, 6, 0, "i386" },
        { 1, 1, 40, 0x5000400, "arm" },     { 1, 2, 40, 0x5000000, "armeb" },
        { 1, 2, 40, 0x5800000, "armeb" },   { 2, 1, 183, 0, "aarch64" },
        { 2, 2, 183, 0, "aarch64_be" },     { 1, 1, 183, 0, NULL },
        { 1, 2, 8, 0x70001007, "mips" },    { 1, 1, 8, 0x70001007, "mipsel" },
        { 1, 2, 8, 0x80000027, "mipsn32" }, { 1, 1, 8, 0x20, "mipsn32el" },
        { 2, 2, 8, 0x80000007, "mips64" },  { 2, 1, 8, 0x80000007, "mips64el" },
        { 1, 2, 8, 0x2000, NULL },          { 1, 2, 20, 0, "ppc" },
        { 2, 2, 21, 1, "ppc64" },           { 2, 1, 21, 2, "ppc64le" },
        { 1, 2, 2, 0, "sparc" },            { 1, 2, 18, 0x100, "sparc32plus" },
        { 2, 2, 43, 0, "sparc64" },         { 2, 2, 22, 0, "s390x" },
        { 1, 2, 22, 0, NULL },              { 1, 1, 42, 9, "sh4" },
        { 1, 2, 42, 9, "sh4eb" },           { 2, 1, 243, 5, "riscv64" },
        { 1, 1, 243, 5, "riscv32" },        { 2, 1, 258, 0x43, "loongarch64" },
        { 1, 1, 164, 0, "hexagon" },        { 1, 2, 92, 0, "or1k" },
        { 1, 2, 189, 0, "microblaze" },     { 1, 1, 189, 0, "microblazeel" },
        { 1, 1, 94, 0, "xtensa" },          { 1, 2, 94, 0, "xtensaeb" },
        { 1, 2, 15, 0, "hppa" },            { 1, 2, 4, 0, "m68k" },
        { 2, 1, 0x9026, 0, "alpha" },       { 2, 1, 50, 0, NULL },
        { 2, 2, 62, 0, NULL },              { 0, 1, 62, 0, NULL },
        { 2, 0, 62, 0, NULL },
    };
    unsigned i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = NULL;
        const struct st_target *t =
            st_target_for_elf(rows[i].elf_class, rows[i].data,
                              rows[i].machine, rows[i].flags, &why);

        CHECK(&checks, rows[i].target ? t && !why &&
              strcmp(st_target_name(t), rows[i].target) == 0 : !t && why,
              "machine %d: %s", rows[i].machine,
              t ? st_target_name(t) : why ? why : "no reason");
        CHECK(&checks, st_target_for_elf(rows[i].elf_class, rows[i].data,
                                         rows[i].machine, rows[i].flags,
                                         NULL) == t, "without a reason");
    }
}

int main(void)
{
    check_constants();
    check_spellings();
    check_carriers();
    check_arguments();
    check_subcall_registers();
    check_format();
    check_sets();
    check_path_set();
    check_option_families();
    check_elf();
    return check_result(&checks);
}
