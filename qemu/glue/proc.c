/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "loader.h"
#include "user-internals.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "guest.h"
#include "handover.h"
#include "made.h"
#include "options.h"
#include "policy.h"
#include "proc.h"

/* --- what an open file is ------------------------------------------------ */

/* Files in /proc that show the emulator or change it. */
static bool shows_emulator(const char *entry)
{
    static const char *const entries[] = {
        "auxv", "clear_refs", "environ", "kcore", "maps", "mem", "numa_maps",
        "pagemap", "smaps", "smaps_rollup", "stack", "syscall",
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        if (strcmp(entry, entries[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "123", and nothing but digits: the number; else 0. */
static long process_number(const char *name, const char **ret_rest)
{
    char *end;
    long n = *name >= '1' && *name <= '9' ? strtol(name, &end, 10) : 0;

    if (n == 0 || *end != '/') {
        return 0;
    }
    *ret_rest = end + 1;
    return n;
}

/* What an open file of /proc is: its process, or 0, and its name there. */
static long find_entry(const char *name, const char **ret_entry)
{
    const char *slash, *rest;
    long pid = 0;

    for (slash = strchr(name, '/'); slash && !pid;
         slash = strchr(slash + 1, '/')) {
        pid = process_number(slash + 1, &rest);
    }
    if (!pid) {
        return 0;
    }
    if (strncmp(rest, "task/", 5) == 0) {
        process_number(rest + 5, &rest);
    }
    *ret_entry = rest;
    return pid;
}

/*
 * Whether a file, not a folder, is all of its mount: another name that it has
 * been given (a bind mount, a tree of its own), which says nothing. Kernels
 * before 5.8 do not tell.
 */
static bool is_mounted_alone(int fd)
{
    struct statx stx;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) < 0) {
        return true;
    }
    return !S_ISDIR(stx.stx_mode) &&
        (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* The guest's own, which is shown to it as it would be; else refused. */
static enum policy_proc own_entry(const char *entry)
{
    return strcmp(entry, "maps") == 0 ? POLICY_PROC_MAPS :
        strcmp(entry, "smaps") == 0 ? POLICY_PROC_SMAPS :
        strcmp(entry, "auxv") == 0 ? POLICY_PROC_AUXV :
        strcmp(entry, "environ") == 0 ? POLICY_PROC_ENVIRON :
        POLICY_PROC_REFUSED;
}

/*
 * Files of any process that are shown without what is the emulator's. Of the
 * same names are two of the machine's, in /proc itself, and a folder.
 */
static enum policy_proc changed_entry(int fd, const char *last)
{
    enum policy_proc entry = strcmp(last, "stat") == 0 ? POLICY_PROC_STAT :
        strcmp(last, "cmdline") == 0 ? POLICY_PROC_CMDLINE : POLICY_PROC_PLAIN;
    struct stat st, machines;

    return entry != POLICY_PROC_PLAIN && fstat(fd, &st) == 0 &&
        S_ISREG(st.st_mode) &&
        (fstatat(policy_proc_fd(), last, &machines, 0) < 0 ||
         st.st_dev != machines.st_dev || st.st_ino != machines.st_ino) ?
        entry : POLICY_PROC_PLAIN;
}

enum policy_proc policy_proc_look(int fd)
{
    struct statfs fs;
    char name[PATH_MAX] POLICY_UNSET;
    enum policy_proc changed;
    const char *entry = "";
    const char *last;
    bool alone;

    if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return POLICY_PROC_PLAIN;
    }
    if (policy_fd_name(fd, name, sizeof(name)) < 0 || !strchr(name, '/')) {
        return POLICY_PROC_REFUSED;
    }
    /* By its last name: it may be mounted elsewhere, or a part of it. */
    last = strrchr(name, '/') + 1;
    alone = is_mounted_alone(fd);
    changed = changed_entry(fd, last);
    if (!alone && changed != POLICY_PROC_PLAIN) {
        return changed;
    }
    if (!alone && !shows_emulator(last) &&
        !strstr(name, "/map_files") && !g_str_has_suffix(name, " (deleted)")) {
        return POLICY_PROC_PLAIN;
    }
    return find_entry(name, &entry) == getpid() ? own_entry(entry) :
        POLICY_PROC_REFUSED;
}

/* --- reading ------------------------------------------------------------- */

#define READ_MAX (4 * 1024 * 1024)      /* bytes of a command line */

/* What is read of a file, and the process that it is of. */
struct reading {
    int fd;
    GByteArray *bytes;
    bool emulator;              /* the process runs one */
    int error;                  /* host errno */
};

static int open_aside(const char *name, int flags)
{
    return openat(policy_proc_fd(), name, flags | O_CLOEXEC);
}

static void read_all(struct reading *r, int fd)
{
    char part[4096];
    ssize_t n = 0;

    while (r->bytes->len < READ_MAX && (n = read(fd, part, sizeof(part))) > 0) {
        g_byte_array_append(r->bytes, (void *)part, n);
    }
    r->error = n < 0 ? errno : 0;
}

static void look_at_program(struct reading *r)
{
    char name[PATH_MAX] POLICY_UNSET, exe[40];
    const char *entry;
    int fd;

    if (policy_fd_name(r->fd, name, sizeof(name)) < 0) {
        return;
    }
    snprintf(exe, sizeof(exe), "%ld/exe", find_entry(name, &entry));
    fd = open_aside(exe, O_PATH);
    r->emulator = fd >= 0 && policy_is_emulator(fd);
    if (fd >= 0) {
        close(fd);
    }
}

static void read_file(void *opaque)
{
    struct reading *r = opaque;
    int fd = policy_reopen_uninterrupted(r->fd, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        r->error = errno;
        return;
    }
    read_all(r, fd);
    close(fd);
    look_at_program(r);
}

/* 0 or a host errno. */
static int read_aside(struct reading *r)
{
    int err = 0;

    if (policy_has_threads()) {
        err = policy_apart(read_file, r);
    } else {
        read_file(r);
    }
    return err ? err : r->error;
}

/* --- what is shown instead ----------------------------------------------- */

/* Fields of "stat" by their numbers in proc(5), and what the kernel shows of
 * them to other users. */
static const char *shown_field(int number)
{
    switch (number) {
    case 26: case 27:                   /* startcode, endcode */
        return "1";
    case 28: case 29: case 30:          /* startstack, kstkesp, kstkeip */
    case 35:                            /* wchan */
    case 45: case 46: case 47:          /* start_data, end_data, start_brk */
    case 48: case 49: case 50: case 51: /* arg_start to env_end */
        return "0";
    default:
        return NULL;
    }
}

/* The name in parentheses may contain anything. */
static GByteArray *without_addresses(const GByteArray *raw)
{
    g_autofree char *text = g_strndup((char *)raw->data, raw->len);
    GByteArray *made = g_byte_array_new();
    char *rest = strrchr(text, ')');
    g_auto(GStrv) fields = NULL;

    if (!rest || rest[1] != ' ') {
        return made;            /* not what it was said to be */
    }
    g_byte_array_append(made, (void *)text, rest + 1 - text);
    fields = g_strsplit(g_strchomp(rest + 2), " ", -1);
    for (int i = 0; fields[i]; i++) {
        const char *shown = shown_field(i + 3);

        shown = shown ? shown : fields[i];
        g_byte_array_append(made, (void *)" ", 1);
        g_byte_array_append(made, (void *)shown, strlen(shown));
    }
    g_byte_array_append(made, (void *)"\n", 1);
    return made;
}

static void put_strings(GByteArray *to, char **strings)
{
    for (; *strings; strings++) {
        g_byte_array_append(to, (void *)*strings, strlen(*strings) + 1);
    }
}

/* An emulator's command line without the emulator's part. */
static GByteArray *guests_part(const GByteArray *raw)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new();
    GByteArray *made = g_byte_array_new();
    size_t at = 0;
    int first;

    while (at < raw->len) {
        g_ptr_array_add(strings, raw->data + at);
        at += strnlen((char *)raw->data + at, raw->len - at) + 1;
    }
    first = strings->len > 3 &&
        strcmp(g_ptr_array_index(strings, 1), POLICY_HAND_OVER) == 0 ? 3 :
        policy_options_end((char **)strings->pdata, strings->len);
    g_ptr_array_add(strings, NULL);
    if (first < (int)strings->len - 1) {
        put_strings(made, (char **)strings->pdata + first);
    }
    return made;
}

static GByteArray *own_command(CPUArchState *env)
{
    GByteArray *made = g_byte_array_new();

    put_strings(made, get_task_state(env_cpu(env))->bprm->argv);
    return made;
}

/* After fork, and before another program is executed, that is this one's. */
static bool is_own_command(const GByteArray *raw)
{
    struct reading own = { .bytes = g_byte_array_new() };
    bool same;

    own.fd = policy_set_aside(open_aside("self/cmdline", O_PATH));
    same = own.fd >= 0 && read_aside(&own) == 0 &&
        own.bytes->len == raw->len &&
        memcmp(own.bytes->data, raw->data, raw->len) == 0;
    re_number_close(own.fd);
    g_byte_array_unref(own.bytes);
    return same;
}

static GByteArray *command_line(CPUArchState *env, const struct reading *r)
{
    return !r->emulator ? g_byte_array_ref(r->bytes) :
        is_own_command(r->bytes) ? own_command(env) : guests_part(r->bytes);
}

/* The environment as it lies in the guest's memory, from its start on. */
static GByteArray *environment(CPUArchState *env)
{
    struct image_info *info = get_task_state(env_cpu(env))->info;
    abi_ulong at = info->env_strings, end = info->file_string;
    GByteArray *made = g_byte_array_new();

    while (at < end && end - at < READ_MAX) {
        uint8_t part[4096];
        size_t len = MIN(sizeof(part), end - at);

        if (policy_guest_ops.read(env_cpu(env), at, part, len) < 0) {
            break;
        }
        g_byte_array_append(made, part, len);
        at += len;
    }
    return made;
}

/* NULL and errno. */
static GByteArray *make_content(CPUArchState *env, int fd,
                                enum policy_proc entry)
{
    struct reading r = { .fd = fd };
    GByteArray *made = NULL;

    if (entry == POLICY_PROC_ENVIRON) {
        return environment(env);
    }
    r.bytes = g_byte_array_new();
    errno = read_aside(&r);
    if (!errno) {
        made = entry == POLICY_PROC_STAT ? without_addresses(r.bytes) :
            command_line(env, &r);
    }
    g_byte_array_unref(r.bytes);
    return made;
}

static int open_made(CPUArchState *env, int fd, enum policy_proc entry,
                     int flags, bool closes)
{
    static const char *const names[] = {
        [POLICY_PROC_ENVIRON] = "environ", [POLICY_PROC_STAT] = "stat",
        [POLICY_PROC_CMDLINE] = "cmdline",
    };
    GByteArray *made = make_content(env, fd, entry);
    int ret, err = errno;

    if (closes) {
        close(fd);              /* its number is the next one's */
    }
    errno = err;
    if (!made) {
        return -1;
    }
    ret = policy_made_file(env_cpu(env), made->data, made->len, names[entry],
                           flags);
    g_byte_array_unref(made);
    errno = ret < 0 ? -ret : errno;
    return ret < 0 ? -1 : ret;
}

int policy_proc_open(CPUArchState *env, int fd, enum policy_proc entry,
                     int flags, bool closes)
{
    const char *own = entry == POLICY_PROC_MAPS ? "/proc/self/maps" :
        entry == POLICY_PROC_SMAPS ? "/proc/self/smaps" :
        entry == POLICY_PROC_AUXV ? "/proc/self/auxv" : NULL;

    if (entry != POLICY_PROC_REFUSED && !own) {
        return open_made(env, fd, entry, flags, closes);
    }
    if (closes) {
        close(fd);
    }
    errno = EACCES;
    return own ? do_guest_openat(env, AT_FDCWD, own, flags, 0, true) : -1;
}
