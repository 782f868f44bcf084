/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <byteswap.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files ------------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static int fail(struct program *p, int code, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(p->why, sizeof(p->why), format, ap);
    va_end(ap);
    return code;
}

static int fail_errno(struct program *p, int err)
{
    return fail(p, err == ENOENT || err == ENOTDIR ? EXIT_NOT_FOUND :
                EXIT_NOT_EXECUTABLE, "%s",
                err == EISDIR ? "it is a directory" : strerror(err));
}

int program_access(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        return errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return EISDIR;
    }
    /* Root may execute anything with any x bit; without one nobody may. */
    if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0) {
        return EACCES;
    }
    return 0;
}

/* As much of the file's start as there is; -errno. */
static ssize_t read_start(const char *path, void *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0) {
        return -errno;
    }
    while (len < size && n > 0) {
        n = pread(fd, (char *)buf + len, size - len, len);
        len += n > 0 ? n : 0;
    }
    n = n < 0 ? -errno : (ssize_t)len;
    close(fd);
    return n;
}

int program_find(const char *name, char *buf, size_t size)
{
    const char *path = getenv("PATH");
    bool seen = false;

    if (strchr(name, '/')) {
        snprintf(buf, size, "%s", name);
        return strlen(name) < size ? 0 : EXIT_NOT_FOUND;
    }
    for (path = path ? path : "/bin:/usr/bin"; path;) {
        size_t len = strcspn(path, ":");
        /* An empty entry is the working directory. */
        int n = snprintf(buf, size, "%.*s/%s", len ? (int)len : 1,
                         len ? path : ".", name);
        int err = n < 0 || (size_t)n >= size ? ENAMETOOLONG :
            program_access(buf);

        if (err == 0) {
            return 0;
        }
        seen |= err == EACCES;
        path = path[len] ? path + len + 1 : NULL;
    }
    return seen ? EXIT_NOT_EXECUTABLE : EXIT_NOT_FOUND;
}

/* --- ELF --------------------------------------------------------------- */

static uint16_t swapped16(uint16_t value, bool swap)
{
    return swap ? bswap_16(value) : value;
}

static uint32_t swapped32(uint32_t value, bool swap)
{
    return swap ? bswap_32(value) : value;
}

static uint64_t swapped64(uint64_t value, bool swap)
{
    return swap ? bswap_64(value) : value;
}

static bool is_swapped(const unsigned char *ident)
{
    return (ident[EI_DATA] == ELFDATA2MSB) != (__BYTE_ORDER == __BIG_ENDIAN);
}

static int read_elf(struct program *p, const void *start, size_t len)
{
    const Elf32_Ehdr *small = start;
    const Elf64_Ehdr *large = start;    /* the same up to e_version */
    const unsigned char *ident = small->e_ident;
    bool is_large = ident[EI_CLASS] == ELFCLASS64;
    bool swap = is_swapped(ident);
    const char *why = NULL;
    uint16_t type;

    if (len < (is_large ? sizeof(*large) : sizeof(*small))) {
        return fail(p, EXIT_NOT_EXECUTABLE, "its ELF header is cut short");
    }
    if ((ident[EI_CLASS] != ELFCLASS32 && !is_large) ||
        (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)) {
        return fail(p, EXIT_NOT_EXECUTABLE, "its ELF header is damaged: "
                    "class %u, byte order %u", ident[EI_CLASS],
                    ident[EI_DATA]);
    }
    type = swapped16(small->e_type, swap);
    if (type != ET_EXEC && type != ET_DYN) {
        return fail(p, EXIT_NOT_EXECUTABLE, "it is an ELF file, but not a "
                    "program (%s)", type == ET_REL ? "an object file" :
                    type == ET_CORE ? "a core dump" : "of unknown type");
    }
    p->target = st_target_for_elf(ident[EI_CLASS], ident[EI_DATA],
                                  swapped16(small->e_machine, swap),
                                  swapped32(is_large ? large->e_flags :
                                            small->e_flags, swap), &why);
    if (!p->target) {
        return fail(p, EXIT_NOT_EXECUTABLE, "%s", why ? why :
                    "no target of QEMU's runs this machine's programs");
    }
    return 0;
}

/* The text of a PT_INTERP header, when it is one that a loader can have. */
static void read_loader_name(struct program *p, int fd, uint64_t offset,
                             uint64_t length)
{
    if (length > 1 && length <= sizeof(p->loader) &&
        pread(fd, p->loader, length, offset) == (ssize_t)length &&
        p->loader[length - 1] == '\0') {
        return;
    }
    p->loader[0] = '\0';
}

/* The dynamic loader that the program at "path" names, if any. */
static void read_loader(struct program *p, const char *path, const void *start)
{
    const Elf32_Ehdr *small = start;
    const Elf64_Ehdr *large = start;
    bool is_large = small->e_ident[EI_CLASS] == ELFCLASS64;
    bool swap = is_swapped(small->e_ident), found = false;
    uint64_t at = is_large ? swapped64(large->e_phoff, swap) :
        swapped32(small->e_phoff, swap);
    unsigned count = swapped16(is_large ? large->e_phnum : small->e_phnum,
                               swap);
    size_t size = is_large ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    union {
        Elf32_Phdr small;
        Elf64_Phdr large;
    } header;

    for (unsigned i = 0; fd >= 0 && i < count && !found; i++) {
        if (pread(fd, &header, size, at + i * size) != (ssize_t)size) {
            break;
        }
        found = swapped32(header.small.p_type, swap) == PT_INTERP;
    }
    if (found && is_large) {
        read_loader_name(p, fd, swapped64(header.large.p_offset, swap),
                         swapped64(header.large.p_filesz, swap));
    } else if (found) {
        read_loader_name(p, fd, swapped32(header.small.p_offset, swap),
                         swapped32(header.small.p_filesz, swap));
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* --- scripts ----------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "#!interpreter [one argument]", cut to PROGRAM_LINE_MAX as the kernel does:
 * an argument may be cut, an interpreter's path may not. */
static int read_script(struct program *p, const char *start, size_t len)
{
    const char *end = memchr(start, '\n', len);
    const char *s = start + 2, *word;
    bool cut = !end && len == PROGRAM_LINE_MAX;

    end = end ? end : start + len;
    while (s < end && is_blank(*s)) {
        s++;
    }
    for (word = s; s < end && *s && !is_blank(*s);) {
        s++;
    }
    if (s == word) {
        return fail(p, EXIT_NOT_EXECUTABLE, "its first line, \"#!\", names no "
                    "interpreter");
    }
    if (s == end && cut) {
        return fail(p, EXIT_NOT_EXECUTABLE, "the interpreter's path after "
                    "\"#!\" is longer than %d bytes", PROGRAM_LINE_MAX - 2);
    }
    snprintf(p->interpreter, sizeof(p->interpreter), "%.*s", (int)(s - word),
             word);
    while (s < end && is_blank(*s)) {
        s++;
    }
    while (end > s && is_blank(end[-1])) {
        end--;
    }
    snprintf(p->argument, sizeof(p->argument), "%.*s", (int)(end - s), s);
    return 0;
}

int program_read(struct program *p, const char *path)
{
    union {
        char text[PROGRAM_LINE_MAX];
        Elf64_Ehdr header;
    } start;
    ssize_t len;
    int err = program_access(path);

    memset(p, 0, sizeof(*p));
    if (err) {
        return fail_errno(p, err);
    }
    len = read_start(path, &start, sizeof(start));
    if (len < 0) {
        return fail_errno(p, -len);
    }
    if (len >= EI_NIDENT && memcmp(start.text, ELFMAG, SELFMAG) == 0) {
        err = read_elf(p, &start, len);
        if (!err) {
            read_loader(p, path, &start);
        }
        return err;
    }
    if (len >= 2 && memcmp(start.text, "#!", 2) == 0) {
        return read_script(p, start.text, len);
    }
    return fail(p, EXIT_NOT_EXECUTABLE,
                "it is neither an ELF program nor a script with \"#!\"");
}
