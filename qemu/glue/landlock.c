/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/path.h"
#include "qemu/timer.h"

#include <link.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <ruleengine/extent.h>

#include "descriptors.h"
#include "landlock.h"
#include "policy.h"

/* --- the kernel's interface, ABI 1 to 5; older headers lack parts of it - */

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

enum {
    EXECUTE     = 1 << 0,
    WRITE_FILE  = 1 << 1,
    READ_FILE   = 1 << 2,
    READ_DIR    = 1 << 3,
    REMOVE_DIR  = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR   = 1 << 6,
    MAKE_DIR    = 1 << 7,
    MAKE_REG    = 1 << 8,
    MAKE_SOCK   = 1 << 9,
    MAKE_FIFO   = 1 << 10,
    MAKE_BLOCK  = 1 << 11,
    MAKE_SYM    = 1 << 12,
    REFER       = 1 << 13,          /* ABI 2 */
    TRUNCATE    = 1 << 14,          /* ABI 3 */
    IOCTL_DEV   = 1 << 15,          /* ABI 5 */

    MAKE_NODE = MAKE_CHAR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK,
    MAKE_ANY = MAKE_NODE | MAKE_DIR | MAKE_SYM,
    REMOVE_ANY = REMOVE_DIR | REMOVE_FILE,
    READ = READ_FILE | READ_DIR | IOCTL_DEV,
    WRITE = WRITE_FILE | TRUNCATE | MAKE_REG | IOCTL_DEV,
    OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };      /* ABI 4 */

struct ruleset_attr {
    uint64_t handled_fs, handled_net;
};

struct path_beneath {
    uint64_t allowed;
    int32_t fd;
} QEMU_PACKED;

struct net_port {
    uint64_t allowed, port;
};

struct landlock {
    int fd;
    uint64_t handled_files, handled_net;
    bool failed;                /* a rule could not be added: memory */

    /* name -> uint64_t of rights, both owned */
    GHashTable *guest_files;    /* as the policy says */
    GHashTable *places;         /* as the host has them; each gets a rule */
    uint64_t everywhere;
    bool moves;                 /* files may be renamed or linked */
    uint64_t right;             /* for the callbacks: of the rule at hand */
};

/* --- names ------------------------------------------------------------- */

static GHashTable *new_names(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void note(GHashTable *names, const char *name, uint64_t rights)
{
    uint64_t *known = g_hash_table_lookup(names, name);

    if (!known) {
        known = g_new0(uint64_t, 1);
        g_hash_table_insert(names, g_strdup(name), known);
    }
    *known |= rights;
}

/* A file can be replaced by a new one of that name, which no rule for the old
 * one knows: so its folder stands for it. Not "/", which would be
 * everything. */
static void note_folder_of(struct landlock *l, const char *name,
                           uint64_t rights)
{
    char *dir = g_path_get_dirname(name);

    while (strcmp(dir, "/") != 0 && access(dir, F_OK) < 0) {
        char *above = g_path_get_dirname(dir);

        g_free(dir);
        dir = above;
    }
    note(l->places, strcmp(dir, "/") != 0 ? dir : name, rights);
    g_free(dir);
}

/* A host's name: what stands there, and what a link there leads to. */
static void note_name(struct landlock *l, const char *name, uint64_t rights)
{
    g_autofree char *real = realpath(name, NULL);
    struct stat st;

    if (!real) {
        note_folder_of(l, name, rights);
        return;
    }
    if (stat(real, &st) == 0 &&
        (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode))) {
        note_folder_of(l, real, rights);
    } else {
        note(l->places, real, rights);
    }
    if (strcmp(real, name) != 0 && lstat(name, &st) == 0 &&
        S_ISLNK(st.st_mode)) {
        note_folder_of(l, name, rights & (MAKE_ANY | REMOVE_ANY | REFER));
    }
}

/* What is the process' own in /proc is a child's, too. */
static void note_guest_file(void *opaque, const char *name, bool below)
{
    struct landlock *l = opaque;

    if (strcmp(name, "/") == 0) {
        l->everywhere |= below ? l->right : 0;
    } else if (g_str_has_prefix(name, "/proc/")) {
        note(l->guest_files, "/proc", l->right);
    } else if (name[0] == '/') {
        note(l->guest_files, name, l->right);
    }
}

/* The guest's names are the host's, and also where -L has them. */
static void find_places(struct landlock *l)
{
    const char *root = path("/");
    GHashTableIter i;
    gpointer name, rights;

    g_hash_table_iter_init(&i, l->guest_files);
    while (g_hash_table_iter_next(&i, &name, &rights)) {
        note_name(l, name, *(uint64_t *)rights);
        if (strcmp(root, "/") != 0) {
            g_autofree char *redirected = g_build_filename(root, name, NULL);

            note_name(l, redirected, *(uint64_t *)rights);
        }
    }
}

static void pass_port(void *opaque, uint16_t port)
{
}

/* --- rules ------------------------------------------------------------- */

static void add_fd(struct landlock *l, int fd, uint64_t rights)
{
    struct path_beneath rule = { .fd = fd };
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        return;
    }
    rule.allowed = rights & l->handled_files &
        (S_ISDIR(st.st_mode) ? ~UINT64_C(0) : OF_A_FILE);
    if (rule.allowed && syscall(__NR_landlock_add_rule, l->fd,
                                RULE_PATH_BENEATH, &rule, 0) < 0) {
        l->failed = true;
    }
}

static void add_name(struct landlock *l, const char *name, uint64_t rights)
{
    int fd = rights ? open(name, O_PATH | O_CLOEXEC) : -1;

    add_fd(l, fd, rights);
    if (fd >= 0) {
        close(fd);
    }
}

/* A file that is moved must not gain rights on its way, says Landlock; the
 * policy says nothing of the kind. Then all have the same. */
static void add_places(struct landlock *l)
{
    uint64_t all = READ | EXECUTE;
    GHashTableIter i;
    gpointer name, rights;

    g_hash_table_iter_init(&i, l->places);
    while (g_hash_table_iter_next(&i, &name, &rights)) {
        all |= *(uint64_t *)rights;
    }
    g_hash_table_iter_init(&i, l->places);
    while (g_hash_table_iter_next(&i, &name, &rights)) {
        add_name(l, name, l->moves ? all : *(uint64_t *)rights);
    }
    add_name(l, "/", l->everywhere);
}

static void add_port(void *opaque, uint16_t port)
{
    struct landlock *l = opaque;
    struct net_port rule = { .allowed = l->right, .port = port };

    if (syscall(__NR_landlock_add_rule, l->fd, RULE_NET_PORT, &rule, 0) < 0) {
        l->failed = true;
    }
}

/* --- what the policy lets through -------------------------------------- */

/* Calls that need rights to files, and to which of their paths. acct and swapon
 * go without: they are for administrators, and not from inside. */
static const struct {
    const char *name;
    enum re_extent_of of;
    int access;                 /* -1: any */
    uint64_t rights;
} needs[] = {
    { "open",      RE_EXTENT_PATH, RE_ACCESS_READ, READ },
    { "open",      RE_EXTENT_PATH, RE_ACCESS_WRITE, WRITE },
    { "open",      RE_EXTENT_PATH, RE_ACCESS_READWRITE, READ | WRITE },
    { "openat",    RE_EXTENT_PATH, RE_ACCESS_READ, READ },
    { "openat",    RE_EXTENT_PATH, RE_ACCESS_WRITE, WRITE },
    { "openat",    RE_EXTENT_PATH, RE_ACCESS_READWRITE, READ | WRITE },
    { "openat2",   RE_EXTENT_PATH, RE_ACCESS_READ, READ },
    { "openat2",   RE_EXTENT_PATH, RE_ACCESS_WRITE, WRITE },
    { "openat2",   RE_EXTENT_PATH, RE_ACCESS_READWRITE, READ | WRITE },
    { "creat",     RE_EXTENT_PATH, RE_ACCESS_WRITE, WRITE },
    { "mq_open",   RE_EXTENT_PATH, -1, 0 },
    { "truncate",  RE_EXTENT_PATH, -1, TRUNCATE },
    { "mkdir",     RE_EXTENT_PATH, -1, MAKE_DIR },
    { "mkdirat",   RE_EXTENT_PATH, -1, MAKE_DIR },
    { "mknod",     RE_EXTENT_PATH, -1, MAKE_NODE },
    { "mknodat",   RE_EXTENT_PATH, -1, MAKE_NODE },
    { "symlink",   RE_EXTENT_PATH, -1, MAKE_SYM },
    { "symlinkat", RE_EXTENT_PATH, -1, MAKE_SYM },
    { "symlink",   RE_EXTENT_PATH2, -1, MAKE_SYM },
    { "symlinkat", RE_EXTENT_PATH2, -1, MAKE_SYM },
    { "unlink",    RE_EXTENT_PATH, -1, REMOVE_FILE },
    { "unlinkat",  RE_EXTENT_PATH, -1, REMOVE_ANY },
    { "rmdir",     RE_EXTENT_PATH, -1, REMOVE_DIR },
    { "rename",    RE_EXTENT_PATH, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "renameat",  RE_EXTENT_PATH, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "renameat2", RE_EXTENT_PATH, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "rename",    RE_EXTENT_PATH2, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "renameat",  RE_EXTENT_PATH2, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "renameat2", RE_EXTENT_PATH2, -1, REMOVE_ANY | MAKE_ANY | REFER },
    { "link",      RE_EXTENT_PATH, -1, MAKE_ANY | REFER },
    { "linkat",    RE_EXTENT_PATH, -1, MAKE_ANY | REFER },
    { "link",      RE_EXTENT_PATH2, -1, MAKE_ANY | REFER },
    { "linkat",    RE_EXTENT_PATH2, -1, MAKE_ANY | REFER },
    { "bind",      RE_EXTENT_UNIX, -1, MAKE_SOCK },
    { "execve",    RE_EXTENT_PATH, -1, READ_FILE },
    { "execveat",  RE_EXTENT_PATH, -1, READ_FILE },
};

/* Below Landlock no mount can be made or changed. Nor with conditions on paths,
 * whatever else the policy says: see policy_path_guard(). */
static const char *const mounts[] = {
    "mount", "umount", "umount2", "pivot_root", "move_mount", "fsmount",
    "open_tree", "fsopen", "mount_setattr", "open_by_handle_at",
};

static bool may_run(const struct re_engine *e, const struct st_target *t,
                    const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned n = st_slots_of_name(t, name, slots);

    for (unsigned i = 0; i < n; i++) {
        if (re_engine_may_run(e, slots[i])) {
            return true;
        }
    }
    return false;
}

/* How far conditions bound the call's files; those are noted. */
static enum re_extent note_call(struct landlock *l, const struct re_engine *e,
                                const struct st_target *t, unsigned need)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned n = st_slots_of_name(t, needs[need].name, slots);
    enum re_extent all = RE_EXTENT_NONE;

    l->right = needs[need].rights;
    for (unsigned i = 0; i < n && all != RE_EXTENT_ANY; i++) {
        enum re_extent one = re_engine_files(e, slots[i], needs[need].of,
                                             needs[need].access,
                                             note_guest_file, l);

        all = one > all ? one : all;
    }
    return all;
}

/* The rights that no condition binds to files hold everywhere; of the others,
 * the files are noted. */
static void note_files(struct landlock *l, const struct re_engine *e,
                       const struct st_target *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
        enum re_extent extent = needs[i].rights & ~l->everywhere ?
            note_call(l, e, t, i) : RE_EXTENT_NONE;

        if (extent == RE_EXTENT_ANY) {
            l->everywhere |= needs[i].rights;
        }
        l->moves |= (needs[i].rights & REFER) && extent != RE_EXTENT_NONE;
    }
}

/* TCP: the right if conditions bind it to ports, else 0. */
static uint64_t bound_ports(const struct re_engine *e,
                            const struct st_target *t, const char *name,
                            re_extent_port_fn *fn, struct landlock *l,
                            uint64_t right)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned n = st_slots_of_name(t, name, slots);

    l->right = right;
    for (unsigned i = 0; i < n && right; i++) {
        if (re_engine_ports(e, slots[i], fn, l) == RE_EXTENT_ANY) {
            return 0;
        }
    }
    return right;
}

/* --- what the emulator needs ------------------------------------------- */

/* Its libraries are loaded anew in an executed program, and libgcc_s when a
 * thread ends. */
static int add_library(struct dl_phdr_info *info, size_t size, void *opaque)
{
    g_autofree char *real = info->dlpi_name && info->dlpi_name[0] ?
        realpath(info->dlpi_name, NULL) : NULL;
    g_autofree char *dir = real ? g_path_get_dirname(real) : NULL;

    if (dir) {
        note(((struct landlock *)opaque)->places, dir, READ | EXECUTE);
    }
    return 0;
}

static void add_emulator(struct landlock *l, bool executes)
{
    static const char *const looks[] = {
        "/proc", "/sys/devices/system/cpu", "/sys/kernel/mm",
        "/etc/ld.so.cache", "/dev/null",
    };
    static const char *const programs[] = {
        "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/usr", "/opt", "/nix",
        "/gnu",
    };

    for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
        add_name(l, looks[i], READ);
    }
    add_fd(l, policy_program_fd(), READ_FILE);
    dl_iterate_phdr(add_library, l);
    if (!executes) {
        return;
    }
    /* Interpreters, of scripts too, are read without being asked for. */
    l->right = READ_FILE;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        note_guest_file(l, programs[i], true);
    }
    for (unsigned i = 0; i < st_target_count(); i++) {
        add_fd(l, policy_emulator_fd(i), READ_FILE | EXECUTE);
    }
}

/* Logs may begin a file for each process, and begin anew when they have been
 * renamed. */
static void note_written(struct landlock *l, const char *const *names)
{
    for (; *names; names++) {
        note_folder_of(l, *names, READ | WRITE);
    }
}

/* --- outside ----------------------------------------------------------- */

static int abi(void)
{
    int version = syscall(__NR_landlock_create_ruleset, NULL, 0,
                          CREATE_RULESET_VERSION);

    return version < 0 ? -errno : version;
}

static uint64_t known_rights(int version)
{
    return (REFER - 1) | (version >= 2 ? REFER : 0) |
        (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_DEV : 0);
}

static int create(struct landlock *l, int version)
{
    struct ruleset_attr attr = { l->handled_files, l->handled_net };

    l->fd = syscall(__NR_landlock_create_ruleset, &attr, version >= 4 ?
                    sizeof(attr) : sizeof(attr.handled_fs), 0);
    if (l->fd < 0) {
        return -errno;
    }
    l->fd = policy_set_aside(l->fd);
    return l->fd < 0 ? -errno : 0;
}

static void fill(struct landlock *l, const struct re_engine *e,
                 const struct st_target *t, const char *const *written)
{
    if (l->handled_files) {
        add_emulator(l, may_run(e, t, "execve") || may_run(e, t, "execveat"));
        note_written(l, written);
        find_places(l);
        add_places(l);
    }
    bound_ports(e, t, "bind", add_port, l, l->handled_net & BIND_TCP);
    bound_ports(e, t, "connect", add_port, l, l->handled_net & CONNECT_TCP);
}

/* Whether files can be named that suffice; *ret_why if not. */
static bool binds_files(struct landlock *l, const struct re_engine *e,
                        const struct st_target *t, const char **ret_why)
{
    if (re_engine_acts(e)) {
        *ret_why = "rules or handlers open files by themselves";
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
        if (!re_engine_names(e) && may_run(e, t, mounts[i])) {
            *ret_why = "the policy lets the guest mount";
            return false;
        }
    }
    note_files(l, e, t);
    if ((l->everywhere & (READ_FILE | WRITE_FILE)) ==
        (READ_FILE | WRITE_FILE)) {
        *ret_why = "the policy lets any file be read and written";
        return false;
    }
    if (l->everywhere & REFER) {
        *ret_why = "the policy lets any file be moved";
        return false;
    }
    return true;
}

static int prepare(struct landlock *l, int version, const char **ret_why,
                   const struct re_engine *e, const struct st_target *t,
                   const char *const *written)
{
    int err;

    if (binds_files(l, e, t, ret_why)) {
        l->handled_files = known_rights(version);
    }
    if (version >= 4) {
        l->handled_net =
            bound_ports(e, t, "bind", pass_port, l, BIND_TCP) |
            bound_ports(e, t, "connect", pass_port, l, CONNECT_TCP);
    }
    if (!l->handled_files && !l->handled_net) {
        return 0;
    }
    err = create(l, version);
    if (!err) {
        fill(l, e, t, written);
    }
    return err ? err : l->failed ? -ENOMEM : 0;
}

void landlock_free(struct landlock *l)
{
    if (l) {
        if (l->fd >= 0) {
            close(l->fd);
        }
        g_hash_table_destroy(l->guest_files);
        g_hash_table_destroy(l->places);
        g_free(l);
    }
}

int landlock_prepare(struct landlock **ret, const char **ret_why,
                     const struct re_engine *engine,
                     const struct st_target *target,
                     const char *const *written)
{
    int version = abi(), err;
    struct landlock *l;

    if (version < 0) {
        return version;
    }
    l = g_new0(struct landlock, 1);
    l->fd = -1;
    l->guest_files = new_names();
    l->places = new_names();
    err = prepare(l, version, ret_why, engine, target, written);
    if (err || l->fd < 0) {
        g_clear_pointer(&l, landlock_free);
    }
    if (!err) {
        *ret = l;
    }
    return err;
}

/* --- threads ----------------------------------------------------------- */

/*
 * A ruleset binds the calling thread and those that it will make. QEMU's RCU
 * thread is there already; like all of QEMU's threads it blocks every signal
 * but those of faults, so one of these makes it call restrict_self.
 */
#define CALL_SIGNAL SIGFPE
#define WAIT_NS (NANOSECONDS_PER_SECOND / 2)

static int enforced_fd;
static int enforced_count;          /* of the others: how many succeeded */
static sem_t enforced_answer;       /* by each of them, whatever came of it */

static int restrict_self(int fd)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(__NR_landlock_restrict_self, fd, 0) < 0) {
        return -errno;
    }
    return 0;
}

static void restrict_thread(int sig)
{
    int err = errno;

    if (restrict_self(enforced_fd) == 0) {
        qatomic_inc(&enforced_count);
    }
    sem_post(&enforced_answer);
    errno = err;
}

/* How many other threads there are; each is sent the signal. */
static int call_threads(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/task", 0, NULL);
    const char *name;
    int others = 0;

    while (dir && (name = g_dir_read_name(dir))) {
        int tid = atoi(name);

        if (tid > 0 && tid != qemu_get_thread_id()) {
            others += syscall(__NR_tgkill, getpid(), tid, CALL_SIGNAL) == 0;
        }
    }
    return dir ? others : -ENOENT;
}

static void wait_for(int others)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += WAIT_NS;
    end.tv_sec += end.tv_nsec / NANOSECONDS_PER_SECOND;
    end.tv_nsec %= NANOSECONDS_PER_SECOND;
    while (others > 0) {
        if (sem_clockwait(&enforced_answer, CLOCK_MONOTONIC, &end) == 0) {
            others--;
        } else if (errno != EINTR) {
            break;
        }
    }
}

static int restrict_others(void)
{
    struct sigaction act = { .sa_handler = restrict_thread }, old;
    int others;

    sem_init(&enforced_answer, 0, 0);
    sigfillset(&act.sa_mask);
    sigaction(CALL_SIGNAL, &act, &old);
    others = call_threads();
    wait_for(others);
    sigaction(CALL_SIGNAL, &old, NULL);
    return others < 0 ? others :
        qatomic_read(&enforced_count) == others ? 0 : -EBUSY;
}

int landlock_enforce(struct landlock *l)
{
    int others, err;

    enforced_fd = l->fd;
    others = restrict_others();
    err = restrict_self(l->fd);
    return err ? err : others;
}
