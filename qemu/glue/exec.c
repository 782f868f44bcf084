/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: execve below a policy, and what start-up takes over from it.
 *
 * The memfd that is handed over, host byte order:
 *
 *     struct head
 *     NUL-terminated strings, as many of each kind as head.counts says, in the
 *     order of enum kind
 *     head.saved_size bytes of the engine's
 *
 * Nobody but an emulator executes an emulator with a memfd to take over: a
 * guest's execve never chooses the emulator's arguments.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"
#include "qemu/path.h"

#include <linux/close_range.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "exec.h"
#include "path.h"
#include "policy.h"
#include "program.h"
#include "wall.h"

#define MAGIC UINT64_C(0x3172656f766f6871)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#define ARGS_SHOWN (64 * 1024)  /* bytes of arguments that ps is shown */
#define TARGETS_MAX 64

enum kind {
    OPTIONS, PROGRAM, ARGS, ENVIRON, POLICIES, RULE_DIRS, LOGS, LEARN_PATH,
    STATS_PATH, KINDS,
};

struct head {
    uint64_t magic;
    uint64_t saved_size;
    uint32_t counts[KINDS];
    int32_t program_fd;         /* O_RDONLY, for the loader */
    int32_t program_path_fd;    /* O_PATH */
    int32_t interpreter_fd;     /* O_RDONLY, for the loader; or -1 */
    int32_t floor, self_fd, proc_fd, message_fd, shared_fd, learn_fd, stats_fd;
    int32_t engine_fds[RE_SAVED_FDS];
    int32_t wall_stands;        /* it holds for what comes, and needs no other */
    int32_t siblings[TARGETS_MAX];   /* by st_target_at(), or -1 */
};

static char **start_argv;       /* of this process image */
static int start_argc;
static int option_count;        /* start_argv[1 .. option_count] are options */

static struct policy_handover inherited;
static const struct head *inherited_head;   /* NULL: started by the user */
static char **inherited_environ;
static const char *inherited_program;
static char program_real[PATH_MAX];     /* without links, or "" */

static struct re_engine *exec_engine;
static GPtrArray *exec_names[KINDS];    /* POLICIES and following */
static struct head own = {
    .program_fd = -1, .program_path_fd = -1, .interpreter_fd = -1,
    .self_fd = -1, .proc_fd = -1, .message_fd = -1,
};
static pthread_mutex_t exec_lock = PTHREAD_MUTEX_INITIALIZER;

int policy_floor = INT_MAX;

/* --- options ----------------------------------------------------------- */

/* QEMU's options that take no argument; all others take one. */
static bool is_flag(const char *name)
{
    static const char *const flags[] = {
        "h", "help", "one-insn-per-tb", "rules-reload", "strace", "version",
        "xtensa-abi-call0", "perfmap", "jitdump",
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (strcmp(name, flags[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *option_name(const char *arg)
{
    return arg + (arg[0] == '-') + (arg[0] == '-' && arg[1] == '-');
}

/* "policy=FILE" of an option that this project has: the value, or NULL. QEMU
 * itself takes a value as the next argument only. */
static const char *joined_value(const char *name)
{
    static const char *const own_options[] = {
        "policy", "policy-learn", "policy-log", "policy-stats", "rules",
    };
    size_t len = strcspn(name, "=");

    for (size_t i = 0; i < ARRAY_SIZE(own_options) && name[len]; i++) {
        if (strlen(own_options[i]) == len &&
            memcmp(own_options[i], name, len) == 0) {
            return name + len + 1;
        }
    }
    return NULL;
}

/* Makes two arguments of each "--policy=FILE" among the options. */
static void part_values(int *argc, char ***argv)
{
    GPtrArray *made = g_ptr_array_new();
    bool options = true, parted = false;

    for (int i = 0; i < *argc; i++) {
        char *arg = (*argv)[i];
        const char *value;

        options = options && (i == 0 || (arg[0] == '-' &&
                                         strcmp(arg, "--") != 0));
        value = options && i ? joined_value(option_name(arg)) : NULL;
        if (value) {
            g_ptr_array_add(made, g_strndup(arg, value - arg - 1));
            g_ptr_array_add(made, (char *)value);
            parted = true;
            continue;
        }
        g_ptr_array_add(made, arg);
        if (options && i && !is_flag(option_name(arg)) && i + 1 < *argc) {
            g_ptr_array_add(made, (*argv)[++i]);
        }
    }
    if (!parted) {
        g_ptr_array_free(made, true);
        return;
    }
    *argc = made->len;
    g_ptr_array_add(made, NULL);
    *argv = (char **)g_ptr_array_free(made, false);
}

static void count_options(void)
{
    int i = 1;

    while (i < start_argc && start_argv[i][0] == '-' &&
           strcmp(start_argv[i], "--") != 0) {
        i += is_flag(option_name(start_argv[i])) ? 1 : 2;
    }
    option_count = MIN(i, start_argc) - 1;
}

/* An option's value as it counts, the last one; or NULL. */
static const char *option_value(const char *option, const char *variable)
{
    const char *value = getenv(variable);

    for (int i = 1; i <= option_count; i++) {
        const char *name = option_name(start_argv[i]);

        if (is_flag(name)) {
            continue;
        }
        if (strcmp(name, option) == 0) {
            value = start_argv[i + 1];
        }
        i++;
    }
    return value;
}

bool policy_option_given(const char *option, const char *variable)
{
    return option_value(option, variable) != NULL;
}

/* Whether an option goes on to the next emulator as it is. */
static bool is_kept(const char *name, bool same_target)
{
    static const char *const dropped[] = {
        /* handed over as they were read */
        "policy", "rules", "policy-log", "policy-learn", "policy-stats",
        "0", "E", "U",                      /* the guest has made its own */
        "g", "B",                           /* not for children; never */
        "L", "D",                           /* by names that stay right */
    };
    static const char *const own_target[] = {
        "cpu", "R", "xtensa-abi-call0",
    };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++) {
        if (strcmp(name, dropped[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(own_target) && !same_target; i++) {
        if (strcmp(name, own_target[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* --- taking over ------------------------------------------------------- */

static G_NORETURN void bad_handover(void)
{
    fprintf(stderr, "qemu-" TARGET_NAME ": what was handed over for execve "
            "cannot be used\n");
    _exit(2);
}

static const char **take_strings(const char **at, const char *end, size_t n)
{
    const char **strings = g_new0(const char *, n + 1);

    for (size_t i = 0; i < n; i++) {
        const char *nul = memchr(*at, '\0', end - *at);

        if (!nul) {
            bad_handover();
        }
        strings[i] = *at;
        *at = nul + 1;
    }
    return strings;
}

/* The emulator's arguments as a user would have given them. */
static void make_argv(int *argc, char ***argv, const char **options,
                      const char **args)
{
    GPtrArray *made = g_ptr_array_new();

    g_ptr_array_add(made, (*argv)[0]);
    for (size_t i = 0; options[i]; i++) {
        g_ptr_array_add(made, (char *)options[i]);
    }
    g_ptr_array_add(made, (char *)"-0");
    g_ptr_array_add(made, (char *)args[0]);
    g_ptr_array_add(made, (char *)"--");
    g_ptr_array_add(made, (char *)inherited_program);
    for (size_t i = 1; args[i]; i++) {
        g_ptr_array_add(made, (char *)args[i]);
    }
    *argc = made->len;
    g_ptr_array_add(made, NULL);
    *argv = (char **)g_ptr_array_free(made, false);
}

static const void *map_handover(int fd, size_t *ret_size)
{
    struct stat st;
    void *map;

    if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) < 0 ||
        st.st_size < (off_t)sizeof(struct head)) {
        bad_handover();
    }
    map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        bad_handover();
    }
    close(fd);
    *ret_size = st.st_size;
    return map;
}

/* execve has opened them to us. */
static void set_close_on_exec(const struct head *h, int flag)
{
    const int fds[] = {
        h->program_fd, h->program_path_fd, h->interpreter_fd, h->self_fd,
        h->proc_fd, h->message_fd, h->shared_fd, h->learn_fd, h->stats_fd,
    };

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (fds[i] >= 0) {
            fcntl(fds[i], F_SETFD, flag);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(h->engine_fds); i++) {
        if (h->engine_fds[i] >= 0) {
            fcntl(h->engine_fds[i], F_SETFD, flag);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(h->siblings); i++) {
        if (h->siblings[i] >= 0) {
            fcntl(h->siblings[i], F_SETFD, flag);
        }
    }
}

static void take_over(int *argc, char ***argv)
{
    size_t size;
    const char *at = map_handover(atoi((*argv)[2]), &size), *end = at + size;
    const struct head *h = (const void *)at;
    const char **strings[KINDS];

    at += sizeof(*h);
    if (h->magic != MAGIC || h->counts[PROGRAM] != 1 || !h->counts[ARGS]) {
        bad_handover();
    }
    for (int i = 0; i < KINDS; i++) {
        strings[i] = take_strings(&at, end, h->counts[i]);
    }
    if ((size_t)(end - at) != h->saved_size) {
        bad_handover();
    }
    inherited_head = h;
    own = *h;
    policy_floor = h->floor;
    policy_wall_stands = h->wall_stands;
    inherited_program = strings[PROGRAM][0];
    inherited_environ = (char **)strings[ENVIRON];
    inherited = (struct policy_handover) {
        .policies = strings[POLICIES], .policy_count = h->counts[POLICIES],
        .rule_dirs = strings[RULE_DIRS],
        .rule_dir_count = h->counts[RULE_DIRS],
        .logs = strings[LOGS], .log_count = h->counts[LOGS],
        .learn_path = strings[LEARN_PATH][0],
        .stats_path = strings[STATS_PATH][0],
        .saved = {
            .bytes = (void *)at, .size = h->saved_size,
            .shared_fd = h->shared_fd, .learn_fd = h->learn_fd,
            .stats_fd = h->stats_fd,
        },
        .message_fd = h->message_fd,
        .floor = h->floor,
    };
    memcpy(inherited.saved.fds, h->engine_fds, sizeof(h->engine_fds));
    set_close_on_exec(h, FD_CLOEXEC);
    make_argv(argc, argv, strings[OPTIONS], strings[ARGS]);
    prctl(PR_SET_NAME, "qemu-" TARGET_NAME);
}

/* --- names that outlive a chdir ---------------------------------------- */

static char *prefix;            /* -L, or NULL */
static char *log_name;          /* -D, or NULL; may contain %d */

static char *absolute(const char *name)
{
    g_autofree char *cwd = NULL;

    if (!name || name[0] == '/' || name[0] == '\0') {
        return g_strdup(name);
    }
    cwd = g_get_current_dir();
    return g_build_filename(cwd, name, NULL);
}

static void keep_names(void)
{
    prefix = absolute(option_value("L", "QEMU_LD_PREFIX"));
    log_name = absolute(option_value("D", "QEMU_LOG_FILENAME"));
}

/* QEMU's log: one file for all program images, out of the guest's way. */
static FILE *open_log(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
                  (inherited_head ? 0 : O_TRUNC), 0666);
    int high = inherited_head ? policy_set_aside(fd) :
        fd < 0 ? -1 : re_move_high(fd);

    if (fd >= 0 && !inherited_head) {
        close(fd);
    }
    return high < 0 ? NULL : fdopen(high, "a");
}

void policy_start(int *argc, char ***argv)
{
    if (*argc > 2 && strcmp((*argv)[1], POLICY_HAND_OVER) == 0) {
        take_over(argc, argv);
    }
    part_values(argc, argv);
    start_argc = *argc;
    start_argv = *argv;
    count_options();
    keep_names();
    if (inherited_head || policy_option_given("policy", "QEMU_POLICY") ||
        policy_option_given("rules", "QEMU_RULES") ||
        policy_option_given("policy-learn", "QEMU_POLICY_LEARN") ||
        policy_option_given("policy-stats", "QEMU_POLICY_STATS")) {
        qemu_log_opener = open_log;
    }
}

const struct policy_handover *policy_inherited(void)
{
    return inherited_head ? &inherited : NULL;
}

int policy_open_program(const char *path)
{
    return inherited_head ? own.program_fd : open(path, O_RDONLY);
}

int policy_open_interpreter(const char *name)
{
    if (inherited_head && own.interpreter_fd < 0) {
        errno = ENOEXEC;        /* it named none when it was looked at */
    }
    return inherited_head ? own.interpreter_fd : open(name, O_RDONLY);
}

char *policy_realpath(const char *path, char *real)
{
    char *found = !inherited_head ? realpath(path, real) :
        policy_fd_name(own.program_path_fd, real, PATH_MAX) < 0 ? NULL : real;

    g_strlcpy(program_real, found ? found : "", sizeof(program_real));
    return found;
}

const char *policy_program_name(void)
{
    return program_real;
}

char **policy_environ(char **environ_)
{
    char **copy;

    if (!inherited_head) {
        return environ_;
    }
    g_strfreev(environ_);
    copy = g_strdupv(inherited_environ);
    return copy;
}

/* --- descriptors ------------------------------------------------------- */

int policy_proc_fd(void)
{
    return own.proc_fd;
}

int policy_program_fd(void)
{
    return own.program_path_fd;
}

int policy_emulator_fd(unsigned index)
{
    return own.siblings[index];
}

const char *policy_log_name(void)
{
    return log_name;
}

int policy_message_fd(void)
{
    return own.message_fd;
}

int policy_reopen(int fd, int how)
{
    char name[40];

    snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    return safe_syscall(__NR_openat, own.proc_fd, name, how, 0);
}

ssize_t policy_fd_name(int fd, char *buf, size_t size)
{
    char name[40];
    ssize_t length;

    snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    length = readlinkat(own.proc_fd, name, buf, size - 1);
    if (length >= 0) {
        buf[length] = '\0';
    }
    return length;
}

static bool same_file(int fd, const struct stat *st)
{
    struct stat other;

    return fd >= 0 && fstat(fd, &other) == 0 &&
        other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

bool policy_is_emulator(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return false;
    }
    if (same_file(own.self_fd, &st)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(own.siblings); i++) {
        if (same_file(own.siblings[i], &st)) {
            return true;
        }
    }
    return false;
}

int policy_duplicate_aside(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, policy_floor);

    if (high >= policy_floor + RE_HIGH_COUNT) {
        close(high);
        high = -1;
        errno = EMFILE;
    }
    if (high < 0 && errno == EINVAL) {
        errno = EMFILE;
    }
    return high;
}

int policy_set_aside(int fd)
{
    int high = fd < 0 ? -1 : policy_duplicate_aside(fd), err = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = err;
    return high;
}

void policy_hold_xfsz(sigset_t *ret_mask)
{
    sigset_t xfsz;

    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &xfsz, ret_mask);
}

void policy_drop_xfsz(const sigset_t *mask)
{
    const struct timespec now = { 0, 0 };
    sigset_t xfsz;

    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    while (!sigismember(mask, SIGXFSZ) &&
           sigtimedwait(&xfsz, NULL, &now) == SIGXFSZ) {
        /* there is at most one of each kind */
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
}

/* Among the descriptors that the guest is kept away from; closes "fd". */
static int keep(int fd)
{
    int high = fd < 0 ? -1 : re_move_high(fd);

    if (fd >= 0) {
        close(fd);
    }
    return high;
}

static void open_siblings(void)
{
    char name[PATH_MAX];
    g_autofree char *dir = NULL;
    ssize_t length = policy_fd_name(own.self_fd, name, sizeof(name));

    if (length < 0) {
        return;
    }
    dir = g_path_get_dirname(name);
    for (unsigned i = 0; i < st_target_count(); i++) {
        const char *target = st_target_name(st_target_at(i));

        if (strcmp(target, TARGET_NAME) != 0) {
            snprintf(name, sizeof(name), "%s/qemu-%s", dir, target);
            own.siblings[i] = keep(open(name, O_PATH | O_CLOEXEC));
        } else {
            own.siblings[i] = own.self_fd;
        }
    }
}

static GPtrArray *copy_names(const char *const *names, size_t count)
{
    GPtrArray *copy = g_ptr_array_new();

    for (size_t i = 0; i < count; i++) {
        g_ptr_array_add(copy, g_strdup(names[i]));
    }
    return copy;
}

int policy_exec_prepare(struct re_engine *engine,
                        const struct re_config *config)
{
    exec_engine = engine;
    exec_names[POLICIES] = copy_names(config->policies, config->policy_count);
    exec_names[RULE_DIRS] = copy_names(config->rule_dirs,
                                       config->rule_dir_count);
    exec_names[LOGS] = copy_names(config->logs, config->log_count);
    exec_names[LEARN_PATH] = copy_names(&config->learn_path,
                                        !!config->learn_path);
    exec_names[STATS_PATH] = copy_names(&config->stats_path,
                                        !!config->stats_path);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -errno;
    }
    if (inherited_head) {
        return 0;
    }
    memset(own.siblings, 0xff, sizeof(own.siblings));
    own.floor = policy_floor = re_high_floor();
    own.proc_fd = keep(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    own.self_fd = keep(open("/proc/self/exe", O_PATH | O_CLOEXEC));
    own.message_fd = re_move_high(STDERR_FILENO);
    own.program_path_fd = keep(open(program_real, O_PATH | O_CLOEXEC));
    if (own.proc_fd < 0 || own.self_fd < 0) {
        return -errno;
    }
    open_siblings();
    return 0;
}

/* --- handing over ------------------------------------------------------ */

struct writer {
    GByteArray *bytes;          /* head, strings, the engine's */
    uint32_t counts[KINDS];
};

static void put(struct writer *w, enum kind kind, const char *string)
{
    g_byte_array_append(w->bytes, (const void *)string, strlen(string) + 1);
    w->counts[kind]++;
}

static void put_option(struct writer *w, const char *option,
                       const char *value)
{
    if (value) {
        put(w, OPTIONS, option);
        put(w, OPTIONS, value);
    }
}

static void put_options(struct writer *w, bool same_target)
{
    put_option(w, "-L", prefix);
    put_option(w, "-D", log_name);
    for (int i = 1; i <= option_count; i++) {
        const char *name = option_name(start_argv[i]);
        bool kept = is_kept(name, same_target);

        if (kept) {
            put(w, OPTIONS, start_argv[i]);
        }
        if (!is_flag(name) && i < option_count) {
            i++;
            if (kept) {
                put(w, OPTIONS, start_argv[i]);
            }
        }
    }
}

/*
 * Strings of the guest's, each looked at once; counts what the kernel counts.
 * 0 or -E2BIG.
 */
static int put_strings(struct writer *w, enum kind kind, char **strings,
                       size_t *left)
{
    for (; *strings; strings++) {
        size_t length = strnlen(*strings, 32 * 4096);
        size_t cost = length + 1 + sizeof(abi_ulong);

        if (length == 32 * 4096 || cost > *left) {
            return -E2BIG;
        }
        *left -= cost;
        g_byte_array_append(w->bytes, (const void *)*strings, length);
        g_byte_array_append(w->bytes, (const void *)"", 1);
        w->counts[kind]++;
    }
    return 0;
}

/* As the kernel: a quarter of the stack's limit, at most 6 MiB, at least
 * 128 KiB. */
static size_t room_for_strings(void)
{
    struct rlimit limit = { .rlim_cur = 8 * 1024 * 1024 };

    getrlimit(RLIMIT_STACK, &limit);
    return MAX(MIN(limit.rlim_cur / 4, 6 * 1024 * 1024), 128 * 1024);
}

static int put_all(struct writer *w, const struct program *program,
                   char **envp, bool same_target)
{
    size_t left = room_for_strings() - strlen(program->name);
    int err;

    put_options(w, same_target);
    put(w, PROGRAM, program->name);
    err = put_strings(w, ARGS, (char **)program->args->pdata, &left);
    if (!err) {
        err = put_strings(w, ENVIRON, envp, &left);
    }
    for (enum kind kind = POLICIES; kind < KINDS && !err; kind++) {
        for (unsigned i = 0; i < exec_names[kind]->len; i++) {
            put(w, kind, g_ptr_array_index(exec_names[kind], i));
        }
    }
    return err;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0) {
            return -errno;
        }
        bytes += n;
        size -= n;
    }
    return 0;
}

/* Whether the file holds these bytes. */
static bool holds(int fd, const GByteArray *bytes)
{
    void *map = mmap(NULL, bytes->len, PROT_READ, MAP_SHARED, fd, 0);
    bool same = map != MAP_FAILED &&
        memcmp(map, bytes->data, bytes->len) == 0;

    if (map != MAP_FAILED) {
        munmap(map, bytes->len);
    }
    return same;
}

/*
 * A sealed memfd, or a negative errno. Another thread of the guest may have
 * duplicated it before it was set aside, and have written to it: what counts is
 * what has been sealed.
 */
static int seal(const GByteArray *bytes)
{
    int fd = policy_set_aside(memfd_create("handover", MFD_CLOEXEC |
                                           MFD_ALLOW_SEALING));
    sigset_t mask;
    int err;

    if (fd < 0) {
        return -errno;
    }
    policy_hold_xfsz(&mask);
    err = write_all(fd, bytes->data, bytes->len);
    policy_drop_xfsz(&mask);
    err = err == -EFBIG ? -E2BIG : err;
    if (!err && fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        err = -errno;
    }
    if (!err && !holds(fd, bytes)) {
        err = -EAGAIN;
    }
    if (err) {
        close(fd);
        return err;
    }
    return fd;
}

static int make_handover(const struct program *program, char **envp,
                         struct head *head, bool same_target)
{
    struct writer w = { .bytes = g_byte_array_new() };
    struct re_saved saved;
    int fd;

    g_byte_array_set_size(w.bytes, sizeof(*head));
    fd = put_all(&w, program, envp, same_target);
    if (fd == 0) {
        fd = re_engine_save(exec_engine, &saved);
    }
    if (fd == 0) {
        g_byte_array_append(w.bytes, saved.bytes, saved.size);
        head->magic = MAGIC;
        head->saved_size = saved.size;
        head->shared_fd = saved.shared_fd;
        memcpy(head->engine_fds, saved.fds, sizeof(head->engine_fds));
        head->learn_fd = saved.learn_fd;
        head->stats_fd = saved.stats_fd;
        memcpy(head->counts, w.counts, sizeof(head->counts));
        memcpy(w.bytes->data, head, sizeof(*head));
        free(saved.bytes);
        fd = seal(w.bytes);
    }
    g_byte_array_unref(w.bytes);
    return fd;
}

/* --- execve ------------------------------------------------------------ */

/* QEMU's own environment as it was, but for what belongs to one process. */
static char **next_environ(bool same_target)
{
    char **env = g_strdupv(environ);

    env = g_environ_unsetenv(env, "QEMU_GDB");
    env = g_environ_unsetenv(env, "QEMU_ARGV0");
    if (!same_target) {
        env = g_environ_unsetenv(env, "QEMU_CPU");
        env = g_environ_unsetenv(env, "QEMU_RESERVED_VA");
    }
    return env;
}

/* What ps shows: as a user would have started it. */
static char **next_argv(const char *target, int fd,
                        const struct program *program)
{
    GPtrArray *argv = g_ptr_array_new();
    size_t room = ARGS_SHOWN;

    g_ptr_array_add(argv, g_strdup_printf("qemu-%s", target));
    g_ptr_array_add(argv, g_strdup(POLICY_HAND_OVER));
    g_ptr_array_add(argv, g_strdup_printf("%d", fd));
    g_ptr_array_add(argv, g_strdup(program->name));
    for (unsigned i = 1; i + 1 < program->args->len; i++) {
        const char *arg = g_ptr_array_index(program->args, i);

        if (strlen(arg) >= room) {
            break;
        }
        room -= strlen(arg) + 1;
        g_ptr_array_add(argv, g_strdup(arg));
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, false);
}

/* The emulator for a program, or -1. */
static int emulator_for(const struct st_target *target)
{
    for (unsigned i = 0; i < st_target_count(); i++) {
        if (st_target_at(i) == target) {
            return own.siblings[i];
        }
    }
    return -1;
}

/* Opens the descriptors to the next program image, and shuts them again when
 * there is none; under exec_lock, for they are the process's. */
static int execute(int emulator, const struct head *head, int fd, char **argv,
                   char **env)
{
    int ret, err;

    pthread_mutex_lock(&exec_lock);
    set_close_on_exec(head, 0);
    fcntl(fd, F_SETFD, 0);
    ret = safe_syscall(__NR_execveat, emulator, "", argv, env, AT_EMPTY_PATH);
    err = errno;
    set_close_on_exec(head, FD_CLOEXEC);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    pthread_mutex_unlock(&exec_lock);
    errno = err;
    return ret;
}

/*
 * -1 and errno, as the host's execveat. A signal that comes before it is the
 * guest's: then errno is QEMU_ERESTARTSYS, and the call is made again.
 */
static int run_emulator(const struct program *program, char **envp)
{
    const char *target = st_target_name(program->target);
    bool same_target = strcmp(target, TARGET_NAME) == 0;
    struct head head = own;
    char **env, **argv;
    int fd, err, emulator = emulator_for(program->target);

    if (emulator < 0) {
        errno = ENOEXEC;
        return -1;
    }
    head.self_fd = emulator;
    head.program_fd = program->fd;
    head.program_path_fd = program->path_fd;
    head.interpreter_fd = program->interpreter_fd;
    head.wall_stands = policy_wall_stands;
    fd = make_handover(program, envp, &head, same_target);
    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    argv = next_argv(target, fd, program);
    env = next_environ(same_target);
    execute(emulator, &head, fd, argv, env);
    err = errno;
    close(fd);
    g_strfreev(argv);
    g_strfreev(env);
    errno = err;
    return -1;
}

/* All of the own descriptors, whatever another thread had begun. */
static void close_all_on_exec(void)
{
    close_range(policy_floor, policy_floor + RE_HIGH_COUNT - 1,
                CLOSE_RANGE_CLOEXEC);
}

void policy_exec_fork_child(void)
{
    pthread_mutex_init(&exec_lock, NULL);
    close_all_on_exec();
}

/* The host runs it: the policy's author has said so. */
static int run_outside(const struct program *program, char **envp)
{
    int ret, err;

    pthread_mutex_lock(&exec_lock);
    close_all_on_exec();
    ret = safe_syscall(__NR_execveat, program->fd, "", program->args->pdata,
                       envp, AT_EMPTY_PATH);
    err = errno;
    pthread_mutex_unlock(&exec_lock);
    errno = err;
    return ret;
}

int policy_execve(int dirfd, abi_ulong addr, const char *path, char **argv,
                  char **envp, int flags)
{
    struct program_call call = {
        .dirfd = dirfd, .path = path, .flags = flags, .pinned = -1,
        .given_dirfd = policy_path_given_fd(dirfd),
    };
    struct program program;
    const char *given = policy_path_given(addr, &call.pinned);
    int err;

    call.given = given ? given : path;
    err = program_open(&program, &call, argv);
    if (err) {
        errno = -err;
        return -1;
    }
    if (program.outside) {
        run_outside(&program, envp);
    } else {
        run_emulator(&program, envp);
    }
    err = errno;
    program_close(&program);
    errno = err;
    return -1;
}
