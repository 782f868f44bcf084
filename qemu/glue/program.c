/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/bswap.h"
#include "qemu/path.h"

#include <elf.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>

#include "apart.h"
#include "descriptors.h"
#include "look.h"
#include "path.h"
#include "policy.h"
#include "program.h"

#define LINE_MAX_BYTES 256      /* of a script: BINPRM_BUF_SIZE */
#define NO_INTERPRETER (-1)     /* beside enum re_interpreter */
#define STRING_MAX_BYTES (32 * 4096)    /* MAX_ARG_STRLEN */

/* --- opening ----------------------------------------------------------- */

/* Whether the way to a file leads through a link of /proc that is none. */
static bool by_magic(int dirfd, const char *name)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS,
    };
    int fd = POLICY_LENT(syscall(__NR_openat2, dirfd, name, &how, sizeof(how)));
    int err = errno;

    if (fd >= 0) {
        re_number_close(fd);
        return false;
    }
    return err == ELOOP;
}

/*
 * /proc/self/exe and its like lead to the emulator; they mean the guest's own
 * program. Another process's is out of reach.
 */
static int not_the_emulator(int fd, int dirfd, const char *name)
{
    if (!policy_is_emulator(fd) || !by_magic(dirfd, name) ||
        policy_is_program(fd)) {
        return fd;
    }
    policy_look_done(fd);
    fd = policy_look_at(policy_program_fd());
    return fd < 0 ? -errno : fd;
}

static int open_path(int dirfd, const char *name, int flags)
{
    int fd;

    if (name[0] == '\0' && (flags & AT_EMPTY_PATH)) {
        if (dirfd == AT_FDCWD) {
            return -EACCES;
        }
        fd = policy_look_at(dirfd);
        return fd < 0 ? -errno : fd;
    }
    name = path(name);
    flags = O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    fd = policy_look_take(POLICY_LENT(openat(dirfd, name, flags)));
    return fd < 0 ? -errno : not_the_emulator(fd, dirfd, name);
}

/* As the kernel's do_open_execat() and bprm checks. */
static int check_access(int fd)
{
    struct statvfs fs;
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    if (S_ISLNK(st.st_mode)) {
        return -ELOOP;
    }
    if (!S_ISREG(st.st_mode) ||
        (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC))) {
        return -EACCES;
    }
    /* faccessat2: glibc of older releases lacks AT_EMPTY_PATH. */
    if (syscall(__NR_faccessat2, fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH)) {
        return -errno;
    }
    return 0;
}

static void forget_file(struct program *p)
{
    if (p->path_fd >= 0) {
        policy_look_done(p->path_fd);
    }
    if (p->fd >= 0) {
        policy_look_done(p->fd);
    }
    p->path_fd = p->fd = -1;
    g_clear_pointer(&p->real, g_free);
}

/*
 * A file that has been found, for reading, and its name. Only what may be
 * executed and the policy does not refuse ("kind"; the program itself has been
 * asked for) is opened. With threads it stays O_PATH: see read_at().
 */
static int open_found(int found, int kind, char **ret_real)
{
    char real[PATH_MAX];
    int err = check_access(found), fd;

    if (err) {
        return err;
    }
    if (policy_fd_name(found, real, sizeof(real)) < 0) {
        return -errno;
    }
    if (kind != NO_INTERPRETER && !policy_path_interpreter(kind, real)) {
        return -EACCES;
    }
    fd = policy_has_threads() ? policy_look_at(found) :
        policy_look_take(POLICY_LENT(
            policy_reopen(found, O_RDONLY | O_CLOEXEC)));
    if (fd < 0) {
        return -errno;
    }
    *ret_real = g_strdup(real);
    return fd;
}

/* "pinned" is the file when the policy has found it already, or -1. */
static int open_file(struct program *p, int dirfd, const char *name, int flags,
                     int pinned, int kind)
{
    forget_file(p);
    p->path_fd = pinned < 0 ? open_path(dirfd, name, flags) :
        policy_look_at(pinned);
    if (p->path_fd < 0) {
        return pinned < 0 ? p->path_fd : -errno;
    }
    p->fd = open_found(p->path_fd, kind, &p->real);
    return MIN(p->fd, 0);
}

/* --- reading ----------------------------------------------------------- */

struct reading {
    int fd;
    void *buf;
    size_t size;
    off_t at;
    ssize_t got;                /* or a negative errno */
};

static void read_file(void *opaque)
{
    struct reading *r = opaque;
    int fd = policy_reopen_uninterrupted(r->fd, O_RDONLY | O_CLOEXEC);

    r->got = fd < 0 ? -1 : pread(fd, r->buf, r->size, r->at);
    if (r->got < 0) {
        r->got = -errno;
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* pread() of what open_found() gave; what it returns, or a negative errno. A
 * file that may be executed is not for every guest to read, and another thread
 * could take a descriptor for that. */
static ssize_t read_at(int fd, void *buf, size_t size, off_t at)
{
    struct reading r = { fd, buf, size, at, 0 };
    int err;

    if (!(fcntl(fd, F_GETFL) & O_PATH)) {
        r.got = pread(fd, buf, size, at);
        return r.got < 0 ? -errno : r.got;
    }
    err = policy_apart(read_file, &r);
    return err ? -err : r.got;
}

/* --- scripts ----------------------------------------------------------- */

/* Cuts "#!interpreter argument" in two, in place, as the kernel's load_script()
 * does. "buf" ends with a NUL behind its LINE_MAX_BYTES. */
static int split_line(char *buf, char **ret_interpreter, char **ret_argument)
{
    char *end = memchr(buf, '\n', LINE_MAX_BYTES), *at = buf + 2, *rest;

    at += strspn(at, " \t");
    if (at == end || at == buf + LINE_MAX_BYTES) {
        return -ENOEXEC;
    } else if (*at == '\0') {
        /* The kernel takes the empty name for that of the current folder. */
        return -EACCES;
    }
    if (!end) {
        /* A cut line does: if the interpreter's name is whole. */
        rest = at + strcspn(at, " \t");
        if (*rest == '\0' && rest == buf + LINE_MAX_BYTES) {
            return -ENOEXEC;
        }
        end = buf + strlen(buf);
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = '\0';
    rest = at + strcspn(at, " \t");
    *ret_argument = NULL;
    if (*rest) {
        *rest++ = '\0';
        rest += strspn(rest, " \t");
        *ret_argument = *rest ? rest : NULL;
    }
    *ret_interpreter = at;
    return 0;
}

/* The script takes the place of argv[0], the interpreter comes before it. */
static void put_interpreter(struct program *p, const char *script,
                            const char *interpreter, const char *argument)
{
    g_ptr_array_remove_index(p->args, 0);
    g_ptr_array_insert(p->args, 0, g_strdup(script));
    if (argument) {
        g_ptr_array_insert(p->args, 0, g_strdup(argument));
    }
    g_ptr_array_insert(p->args, 0, g_strdup(interpreter));
}

static int follow_scripts(struct program *p, bool reachable)
{
    g_autofree char *name = g_strdup(p->name);

    for (int depth = 0;; depth++) {
        char buf[LINE_MAX_BYTES + 1] = "", *interpreter, *argument;
        g_autofree char *next = NULL;
        int err;

        if (depth > PROGRAM_SCRIPTS_MAX) {
            return -ELOOP;
        }
        err = read_at(p->fd, buf, LINE_MAX_BYTES, 0);
        if (err < 0) {
            return err;
        }
        if (strncmp(buf, "#!", 2) != 0) {
            return 0;
        }
        err = split_line(buf, &interpreter, &argument);
        if (err) {
            return err;
        }
        if (!reachable) {
            return -ENOENT;     /* the interpreter could not open it */
        }
        put_interpreter(p, name, interpreter, argument);
        next = g_strdup(interpreter);
        err = open_file(p, AT_FDCWD, next, 0, -1, RE_INTERPRETER_OF_SCRIPT);
        if (err) {
            return err;
        }
        g_free(name);
        name = g_steal_pointer(&next);
        reachable = true;
    }
}

/* --- ELF --------------------------------------------------------------- */

/* An ELF file's numbers, in host order. */
struct elf_head {
    uint8_t class, data;
    uint16_t type, machine, phentsize, phnum;
    uint32_t flags;
    uint64_t phoff;
};

static uint64_t number(const void *at, size_t size, bool big)
{
    switch (size) {
    case 2:
        return big ? lduw_be_p(at) : lduw_le_p(at);
    case 4:
        return big ? (uint32_t)ldl_be_p(at) : (uint32_t)ldl_le_p(at);
    default:
        return big ? ldq_be_p(at) : ldq_le_p(at);
    }
}

#define ELF_FIELD(buf, type, member, big) \
    number((buf) + offsetof(type, member), sizeof(((type *)0)->member), big)

#define HEAD_OF(Type) do { \
        head->type = ELF_FIELD(buf, Type, e_type, big); \
        head->machine = ELF_FIELD(buf, Type, e_machine, big); \
        head->flags = ELF_FIELD(buf, Type, e_flags, big); \
        head->phoff = ELF_FIELD(buf, Type, e_phoff, big); \
        head->phentsize = ELF_FIELD(buf, Type, e_phentsize, big); \
        head->phnum = ELF_FIELD(buf, Type, e_phnum, big); \
    } while (0)

/* 0, -ENOEXEC for what is no executable ELF file, or another negative errno. */
static int read_head(int fd, struct elf_head *head)
{
    char buf[sizeof(Elf64_Ehdr)] = "";
    ssize_t got = read_at(fd, buf, sizeof(buf), 0);
    bool big;

    if (got < 0) {
        return got;
    }
    if (got < (ssize_t)sizeof(Elf32_Ehdr) ||
        memcmp(buf, ELFMAG, SELFMAG) != 0) {
        return -ENOEXEC;
    }
    head->class = buf[EI_CLASS];
    head->data = buf[EI_DATA];
    big = head->data == ELFDATA2MSB;
    if (head->class == ELFCLASS64 && got == sizeof(Elf64_Ehdr)) {
        HEAD_OF(Elf64_Ehdr);
    } else if (head->class == ELFCLASS32) {
        HEAD_OF(Elf32_Ehdr);
    } else {
        return -ENOEXEC;
    }
    return head->type == ET_EXEC || head->type == ET_DYN ? 0 : -ENOEXEC;
}

/* Where the file names its interpreter: 1, 0 if it does not, or -ENOEXEC. */
static int find_interpreter(int fd, const struct elf_head *head,
                            uint64_t *ret_offset, uint64_t *ret_size)
{
    bool big = head->data == ELFDATA2MSB, wide = head->class == ELFCLASS64;
    size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    char buf[sizeof(Elf64_Phdr)];

    if (head->phentsize != size || head->phnum == 0) {
        return -ENOEXEC;
    }
    for (unsigned i = 0; i < head->phnum; i++) {
        if (read_at(fd, buf, size, head->phoff + i * size) != (ssize_t)size) {
            return -ENOEXEC;
        }
        if (ELF_FIELD(buf, Elf32_Phdr, p_type, big) != PT_INTERP) {
            continue;
        }
        *ret_offset = wide ? ELF_FIELD(buf, Elf64_Phdr, p_offset, big) :
            ELF_FIELD(buf, Elf32_Phdr, p_offset, big);
        *ret_size = wide ? ELF_FIELD(buf, Elf64_Phdr, p_filesz, big) :
            ELF_FIELD(buf, Elf32_Phdr, p_filesz, big);
        return 1;
    }
    return 0;
}

/* The dynamic loader is there, of the same kind, and not refused. It is opened
 * once: what has been checked is what will be loaded. */
static int open_interpreter(struct program *p, const struct elf_head *head)
{
    g_autofree char *real = NULL;
    struct elf_head other;
    uint64_t offset = 0, size = 0;
    char name[PATH_MAX];
    int found = find_interpreter(p->fd, head, &offset, &size);

    if (found <= 0) {
        return found;
    }
    if (size < 2 || size > sizeof(name) ||
        read_at(p->fd, name, size, offset) != (ssize_t)size ||
        name[size - 1] != '\0') {
        return -ENOEXEC;
    }
    found = open_path(AT_FDCWD, name, 0);
    if (found < 0) {
        return found;
    }
    p->interpreter_fd = open_found(found, RE_INTERPRETER_OF_ELF, &real);
    policy_look_done(found);
    if (p->interpreter_fd < 0) {
        return p->interpreter_fd;
    }
    found = read_head(p->interpreter_fd, &other);
    if (found < 0 && found != -ENOEXEC) {
        return found;
    }
    return found == 0 && other.class == head->class &&
        other.data == head->data && other.machine == head->machine ?
        0 : -ELIBBAD;
}

static int check_elf(struct program *p)
{
    struct elf_head head;
    int err = read_head(p->fd, &head);

    if (err) {
        return err;
    }
    p->target = st_target_for_elf(head.class, head.data, head.machine,
                                  head.flags, NULL);
    return p->outside ? 0 : p->target ? open_interpreter(p, &head) :
        -ENOEXEC;
}

/* --- the whole --------------------------------------------------------- */

static char *name_of(int dirfd, const char *path)
{
    if (dirfd == AT_FDCWD || path[0] == '/') {
        return g_strdup(path);
    }
    return path[0] ? g_strdup_printf("/dev/fd/%d/%s", dirfd, path) :
        g_strdup_printf("/dev/fd/%d", dirfd);
}

/* A script behind a descriptor that will be closed cannot be opened again. */
static bool is_reachable(int dirfd, const char *path)
{
    return dirfd == AT_FDCWD || path[0] == '/' ||
        !(fcntl(dirfd, F_GETFD) & FD_CLOEXEC);
}

/* Each string is looked at once: the guest may be changing it. */
static int copy_args(struct program *p, char **argv)
{
    p->args = g_ptr_array_new_with_free_func(g_free);
    for (; *argv; argv++) {
        char *copy = g_strndup(*argv, STRING_MAX_BYTES);

        g_ptr_array_add(p->args, copy);
        if (strlen(copy) >= STRING_MAX_BYTES) {
            return -E2BIG;
        }
    }
    if (p->args->len == 0) {
        g_ptr_array_add(p->args, g_strdup(""));     /* as Linux 5.18 */
    }
    return 0;
}

int program_open(struct program *ret, const struct program_call *c,
                 char **argv)
{
    struct program p = { .path_fd = -1, .fd = -1, .interpreter_fd = -1 };
    int err = 0;

    if (c->flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
        return -EINVAL;
    }
    if (c->path[0] == '\0' && !(c->flags & AT_EMPTY_PATH)) {
        return -ENOENT;
    }
    p.name = name_of(c->given_dirfd, c->given);
    err = open_file(&p, c->dirfd, c->path, c->flags, c->pinned,
                    NO_INTERPRETER);
    if (!err) {
        err = copy_args(&p, argv);
    }
    if (!err) {
        err = follow_scripts(&p, is_reachable(c->given_dirfd, c->given));
    }
    if (!err) {
        p.outside = re_engine_exec(policy_engine, p.real) == RE_EXEC_OUTSIDE;
        err = check_elf(&p);
    }
    if (err) {
        program_close(&p);
        return err;
    }
    g_ptr_array_add(p.args, NULL);
    *ret = p;
    return 0;
}

void program_close(struct program *p)
{
    forget_file(p);
    if (p->interpreter_fd >= 0) {
        policy_look_done(p->interpreter_fd);
    }
    g_free(p->name);
    if (p->args) {
        g_ptr_array_free(p->args, true);
    }
}
