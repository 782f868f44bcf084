/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memfd that is handed over, host byte order:
 *
 *     struct policy_head
 *     NUL-terminated strings, as many of each kind as head.counts says, in the
 *     order of enum policy_strings
 *     head.saved_size bytes of the engine's
 *
 * Nobody but an emulator executes an emulator with a memfd to take over: a
 * guest's execve never chooses the emulator's arguments.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "handover.h"
#include "options.h"
#include "policy.h"
#include "program.h"
#include "wall.h"

#define MAGIC UINT64_C(0x3172656f766f6871)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct policy_handover inherited;
static const struct policy_head *inherited_head;    /* NULL: the user's start */
static char **inherited_environ;
static const char *inherited_program;
static char program_real[PATH_MAX];     /* without links, or "" */

static struct re_engine *handover_engine;
static GPtrArray *names[KINDS];         /* POLICIES and following */

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
        st.st_size < (off_t)sizeof(struct policy_head)) {
        bad_handover();
    }
    map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        bad_handover();
    }
    re_number_close(fd);
    *ret_size = st.st_size;
    return map;
}

void policy_handover_flag(const struct policy_head *h, int flag)
{
    const struct policy_own *own = &h->own;
    const int fds[] = {
        h->load_fd, h->interpreter_fd, own->program_fd, own->self_fd,
        own->proc_fd, own->message_fd, h->shared_fd, h->learn_fd, h->stats_fd,
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
    for (size_t i = 0; i < ARRAY_SIZE(own->siblings); i++) {
        if (own->siblings[i] >= 0) {
            fcntl(own->siblings[i], F_SETFD, flag);
        }
    }
}

static void take_over(int *argc, char ***argv)
{
    size_t size;
    const char *at = map_handover(atoi((*argv)[2]), &size), *end = at + size;
    const struct policy_head *h = (const void *)at;
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
    policy_own = h->own;
    policy_floor = h->own.floor;
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
        .message_fd = h->own.message_fd,
        .floor = h->own.floor,
    };
    memcpy(inherited.saved.fds, h->engine_fds, sizeof(h->engine_fds));
    policy_handover_flag(h, FD_CLOEXEC);   /* execve has opened them to us */
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
    prefix = absolute(policy_option_value("L", "QEMU_LD_PREFIX"));
    log_name = absolute(policy_option_value("D", "QEMU_LOG_FILENAME"));
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
    policy_options_start(argc, argv);
    keep_names();
    if (inherited_head || policy_option_given("policy", "QEMU_POLICY") ||
        policy_option_given("rules", "QEMU_RULES") ||
        policy_option_given("policy-learn", "QEMU_POLICY_LEARN") ||
        policy_option_given("policy-stats", "QEMU_POLICY_STATS")) {
        qemu_log_opener = open_log;
        if (!inherited_head) {
            re_numbers_make_room();
        }
    }
}

const struct policy_handover *policy_inherited(void)
{
    return inherited_head ? &inherited : NULL;
}

/* What threads of the guest were not to read before execve: there are none
 * now. */
static int for_reading(int fd)
{
    char name[40];
    int readable;

    if (fd < 0 || !(fcntl(fd, F_GETFL) & O_PATH)) {
        return fd;
    }
    snprintf(name, sizeof(name), "self/fd/%d", fd);
    readable = openat(policy_own.proc_fd, name, O_RDONLY | O_CLOEXEC);
    re_number_close(fd);
    return readable;
}

int policy_open_program(const char *path)
{
    return inherited_head ? for_reading(inherited_head->load_fd) :
        open(path, O_RDONLY);
}

int policy_open_interpreter(const char *name)
{
    if (inherited_head && inherited_head->interpreter_fd < 0) {
        errno = ENOEXEC;        /* it named none when it was looked at */
    }
    return inherited_head ? for_reading(inherited_head->interpreter_fd) :
        open(name, O_RDONLY);
}

char *policy_realpath(const char *path, char *real)
{
    char *found = !inherited_head ? realpath(path, real) :
        policy_fd_name(policy_own.program_fd, real, PATH_MAX) < 0 ? NULL : real;

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

const char *policy_log_name(void)
{
    return log_name;
}

/* --- handing over ------------------------------------------------------ */

static GPtrArray *copy_names(const char *const *names, size_t count)
{
    GPtrArray *copy = g_ptr_array_new();

    for (size_t i = 0; i < count; i++) {
        g_ptr_array_add(copy, g_strdup(names[i]));
    }
    return copy;
}

void policy_handover_start(struct re_engine *engine,
                           const struct re_config *config)
{
    handover_engine = engine;
    names[POLICIES] = copy_names(config->policies, config->policy_count);
    names[RULE_DIRS] = copy_names(config->rule_dirs, config->rule_dir_count);
    names[LOGS] = copy_names(config->logs, config->log_count);
    names[LEARN_PATH] = copy_names(&config->learn_path, !!config->learn_path);
    names[STATS_PATH] = copy_names(&config->stats_path, !!config->stats_path);
}

struct writer {
    GByteArray *bytes;          /* head, strings, the engine's */
    uint32_t counts[KINDS];
};

static void put(struct writer *w, enum policy_strings kind, const char *string)
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
    g_autoptr(GPtrArray) kept = policy_options_kept(same_target);

    put_option(w, "-L", prefix);
    put_option(w, "-D", log_name);
    for (unsigned i = 0; i < kept->len; i++) {
        put(w, OPTIONS, g_ptr_array_index(kept, i));
    }
}

/*
 * Strings of the guest's, each looked at once; counts what the kernel counts.
 * 0 or -E2BIG.
 */
static int put_strings(struct writer *w, enum policy_strings kind,
                       char **strings, size_t *left)
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
    for (enum policy_strings kind = POLICIES; kind < KINDS && !err; kind++) {
        for (unsigned i = 0; i < names[kind]->len; i++) {
            put(w, kind, g_ptr_array_index(names[kind], i));
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
    int fd = policy_set_aside(POLICY_LENT(
        memfd_create("handover", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
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
        re_number_close(fd);
        return err;
    }
    return fd;
}

/* The strings, and behind them the engine's bytes, whose descriptors the head
 * gets. 0 or a negative errno. */
static int collect(struct writer *w, struct policy_head *head,
                   const struct program *program, char **envp,
                   bool same_target)
{
    struct re_saved saved;
    int err = put_all(w, program, envp, same_target);

    if (!err) {
        err = re_engine_save(handover_engine, &saved);
    }
    if (err) {
        return err;
    }
    g_byte_array_append(w->bytes, saved.bytes, saved.size);
    head->saved_size = saved.size;
    head->shared_fd = saved.shared_fd;
    memcpy(head->engine_fds, saved.fds, sizeof(head->engine_fds));
    head->learn_fd = saved.learn_fd;
    head->stats_fd = saved.stats_fd;
    memcpy(head->counts, w->counts, sizeof(head->counts));
    free(saved.bytes);
    return 0;
}

int policy_handover_make(struct policy_head *head,
                         const struct program *program, char **envp,
                         int emulator, bool same_target)
{
    struct writer w = { .bytes = g_byte_array_new() };
    int fd;

    *head = (struct policy_head) {
        .magic = MAGIC,
        .load_fd = program->fd,
        .interpreter_fd = program->interpreter_fd,
        .own = policy_own,
        .wall_stands = policy_wall_stands,
    };
    head->own.self_fd = emulator;
    head->own.program_fd = program->path_fd;
    g_byte_array_set_size(w.bytes, sizeof(*head));
    fd = collect(&w, head, program, envp, same_target);
    if (fd == 0) {
        memcpy(w.bytes->data, head, sizeof(*head));
        fd = seal(w.bytes);
    }
    g_byte_array_unref(w.bytes);
    return fd;
}
