/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "exec.h"
#include "handover.h"
#include "path.h"
#include "policy.h"
#include "program.h"

#define ARGS_SHOWN (64 * 1024)  /* bytes of arguments that ps is shown */

static pthread_mutex_t exec_lock = PTHREAD_MUTEX_INITIALIZER;

int policy_exec_prepare(struct re_engine *engine,
                        const struct re_config *config)
{
    policy_handover_start(engine, config);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -errno;
    }
    return policy_inherited() ? 0 : policy_own_start(policy_program_name());
}

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
            return policy_own.siblings[i];
        }
    }
    return -1;
}

/* Once, for a shell that goes through $PATH would fill the log. */
static void tell_missing(const struct program *program)
{
    static bool told;
    const char *target = st_target_name(program->target);
    g_autofree char *text = NULL;

    if (qatomic_xchg(&told, true)) {
        return;
    }
    text = g_strdup_printf("%s does not run: it is built for %s, and there is "
                           "no qemu-%s beside this emulator (said once by a "
                           "process)", program->real, target, target);
    re_engine_tell(policy_engine, text);
}

/* Opens the descriptors to the next program image, and shuts them again when
 * there is none; under exec_lock, for they are the process's. */
static int execute(int emulator, const struct policy_head *head, int fd,
                   char **argv, char **env)
{
    int ret, err;

    pthread_mutex_lock(&exec_lock);
    policy_handover_flag(head, 0);
    fcntl(fd, F_SETFD, 0);
    ret = safe_syscall(__NR_execveat, emulator, "", argv, env, AT_EMPTY_PATH);
    err = errno;
    policy_handover_flag(head, FD_CLOEXEC);
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
    struct policy_head head;
    char **env, **argv;
    int fd, err, emulator = emulator_for(program->target);

    if (emulator < 0) {
        tell_missing(program);
        errno = ENOEXEC;
        return -1;
    }
    fd = policy_handover_make(&head, program, envp, emulator, same_target);
    if (fd < 0) {
        errno = -fd;
        return -1;
    }
    argv = next_argv(target, fd, program);
    env = next_environ(same_target);
    execute(emulator, &head, fd, argv, env);
    err = errno;
    re_number_close(fd);
    g_strfreev(argv);
    g_strfreev(env);
    errno = err;
    return -1;
}

void policy_exec_fork_child(void)
{
    pthread_mutex_init(&exec_lock, NULL);
    policy_own_close_on_exec();
}

/* The host runs it: the policy's author has said so. */
static int run_outside(const struct program *program, char **envp)
{
    int ret, err;

    pthread_mutex_lock(&exec_lock);
    policy_own_close_on_exec();
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
