/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that tests of execve run as a guest:
 *
 *     exec show [ARG]...           its arguments, environment, program, calls
 *     exec run HOW PATH [ARG]...   execute PATH; prints the errno if it fails
 *     exec fork HOW PATH [ARG]...  the same in a child; prints how it ended
 *     exec environ PATH NAME=VALUE...  execute "PATH show" with these alone
 *     exec many COUNT SIZE PATH    execute "PATH count" with so many arguments
 *     exec count                   how many arguments of how many bytes there are
 *     exec sync PATH               call sync, then execute "PATH show"
 *     exec unlink FILE PATH        remove a file, then execute "PATH show"
 *     exec watched PATH            execute "PATH count", and look for what is
 *                                  handed over meanwhile
 *
 * HOW: path (execve), thread (from a second thread), at (execveat below the
 * file's directory), fd (fexecve), shut (the same, close-on-exec), memfd (a
 * copy in memory), nofollow (execveat), empty (no path at all).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *call_result(long ret)
{
    return ret < 0 ? strerrorname_np(errno) : "0";
}

static int show(int argc, char **argv)
{
    char exe[4096] = "";

    for (int i = 0; i < argc; i++) {
        printf("arg %zu:%s\n", strlen(argv[i]), argv[i]);
    }
    for (char **e = environ; *e; e++) {
        printf("env %zu:%s\n", strlen(*e), *e);
    }
    if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0) {
        strcpy(exe, strerrorname_np(errno));
    }
    printf("exe %s\n", exe);
    printf("setpgid %s\n", call_result(setpgid(0, 0)));
    printf("sync %s\n", call_result(syscall(SYS_sync)));
    return 0;
}

static int execat(int dir, const char *path, char **argv, int flags)
{
    return syscall(SYS_execveat, dir, path, argv, environ, flags);
}

/* A descriptor of a copy in memory. */
static int copy_in_memory(const char *path)
{
    int from = open(path, O_RDONLY), to = memfd_create("copy", 0);
    char buf[65536];
    ssize_t n;

    while ((n = read(from, buf, sizeof(buf))) > 0) {
        if (write(to, buf, n) != n) {
            return -1;
        }
    }
    close(from);
    return to;
}

struct call {
    const char *how, *path;
    char **argv;
};

static void execute(const struct call *c)
{
    const char *how = c->how;
    char *copy = strdup(c->path), *base = basename(strdup(c->path));

    if (!strcmp(how, "path") || !strcmp(how, "thread")) {
        execve(c->path, c->argv, environ);
    } else if (!strcmp(how, "at")) {
        execat(open(dirname(copy), O_DIRECTORY), base, c->argv, 0);
    } else if (!strcmp(how, "fd")) {
        execat(open(c->path, O_RDONLY), "", c->argv, AT_EMPTY_PATH);
    } else if (!strcmp(how, "shut")) {
        execat(open(c->path, O_RDONLY | O_CLOEXEC), "", c->argv,
               AT_EMPTY_PATH);
    } else if (!strcmp(how, "memfd")) {
        execat(copy_in_memory(c->path), "", c->argv, AT_EMPTY_PATH);
    } else if (!strcmp(how, "nofollow")) {
        execat(AT_FDCWD, c->path, c->argv, AT_SYMLINK_NOFOLLOW);
    } else if (!strcmp(how, "empty")) {
        execat(AT_FDCWD, "", c->argv, 0);
    } else {
        errno = EINVAL;
    }
    printf("%s: %s\n", how, strerrorname_np(errno));
    fflush(stdout);
    _exit(126);
}

static void *in_thread(void *call)
{
    execute(call);
    return NULL;
}

static int run(char **argv)
{
    struct call c = { argv[0], argv[1], argv + 1 };
    pthread_t thread;

    if (strcmp(c.how, "thread") == 0) {
        pthread_create(&thread, NULL, in_thread, &c);
        pthread_join(thread, NULL);
    }
    execute(&c);
    return 0;
}

static int fork_and_run(char **argv)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        run(argv);
    }
    waitpid(pid, &status, 0);
    printf("child %s %d\n", WIFEXITED(status) ? "exited" : "killed",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return 0;
}

static int many(char **argv)
{
    size_t count = strtoul(argv[0], NULL, 0), size = strtoul(argv[1], NULL, 0);
    char **args = calloc(count + 3, sizeof(*args)), *arg = malloc(size + 1);

    memset(arg, 'x', size);
    arg[size] = '\0';
    args[0] = argv[2];
    args[1] = "count";
    for (size_t i = 0; i < count; i++) {
        args[i + 2] = arg;
    }
    execve(argv[2], args, (char *[]) { NULL });
    printf("many: %s\n", strerrorname_np(errno));
    return 126;
}

static int count(int argc, char **argv)
{
    size_t size = 0;

    for (int i = 2; i < argc; i++) {
        size += strlen(argv[i]);
    }
    printf("%d arguments, %zu bytes\n", argc - 2, size);
    return 0;
}

/* What a thread sees of the descriptors that execve opens. */
static void *watch(void *shared)
{
    for (;;) {
        for (int fd = 3; fd < 16; fd++) {
            if (fcntl(fd, F_GET_SEALS) > 0) {
                *(volatile int *)shared += 1;
            }
        }
    }
    return NULL;
}

static int watched(const char *path)
{
    int *seen = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < 40; i++) {
        pthread_t thread;

        if (fork() == 0) {
            pthread_create(&thread, NULL, watch, seen);
            usleep(5000);
            execl(path, path, "count", NULL);
            _exit(126);
        }
        wait(NULL);
    }
    printf("handed over in sight: %d\n", *seen > 0);
    return 0;
}

/* Puts a link where the policy names a file, runs itself again, opens that. */
static int relink(char **argv)
{
    if (argv[3]) {
        symlink(argv[3], argv[2]);
        return execl(argv[1], argv[1], "relink", argv[1], argv[2], NULL);
    }
    printf("open %s\n", call_result(open(argv[2], O_RDONLY)));
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "show";

    if (!strcmp(what, "run") && argc > 3) {
        return run(argv + 2);
    }
    if (!strcmp(what, "fork") && argc > 3) {
        return fork_and_run(argv + 2);
    }
    if (!strcmp(what, "environ") && argc > 2) {
        return execve(argv[2], (char *[]) { argv[2], "show", NULL }, argv + 3);
    }
    if (!strcmp(what, "many") && argc > 4) {
        return many(argv + 2);
    }
    if (!strcmp(what, "sync") && argc > 2) {
        printf("sync %s\n", call_result(syscall(SYS_sync)));
        fflush(stdout);
        return execl(argv[2], argv[2], "show", NULL);
    }
    if (!strcmp(what, "unlink") && argc > 3) {
        unlink(argv[2]);
        return execl(argv[3], argv[3], "show", NULL);
    }
    if (!strcmp(what, "watched") && argc > 2) {
        return watched(argv[2]);
    }
    if (!strcmp(what, "relink") && argc > 3) {
        return relink(argv + 1);
    }
    if (!strcmp(what, "ids")) {
        return printf("ids %d %d\n", (int)geteuid(), (int)getegid()) < 0;
    }
    if (!strcmp(what, "count")) {
        return count(argc, argv);
    }
    return show(argc, argv);
}
