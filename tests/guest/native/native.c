/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native code in the emulator, as if a guest had broken out: a library of the
 * host, preloaded into the emulator, that takes the place of a function which
 * QEMU calls for the guest. sched_get_priority_max(1000 + n) then makes attack
 * n by the host's own system calls. Its answer is 0, or -1 and errno.
 *
 * The folder of the attacks is in NATIVE_BOX.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 1000
#define NOBODY 0x3fffffff        /* no process has such a number */

static char box[200];
static char path[400];

static const char *in_box(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", box, name);
    return path;
}

static long open_file(const char *name, int flags)
{
    long fd = syscall(SYS_openat, AT_FDCWD, in_box(name), flags, 0600);

    if (fd >= 0) {
        close(fd);
    }
    return fd < 0 ? -1 : 0;
}

static long tcp(int call, int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0), err;
    long ret = fd < 0 ? -1 : syscall(call, fd, &a, sizeof(a));

    err = errno;
    close(fd);
    errno = err;
    return ret;
}

static long run_program(void)
{
    char *argv[] = { "true", NULL }, *envp[] = { NULL };
    long fd = syscall(SYS_openat, AT_FDCWD, "/bin/true", O_PATH, 0);

    /* On success the whole emulator is /bin/true: no answer is seen. */
    syscall(SYS_execve, "/bin/true", argv, envp);
    if (fd >= 0) {
        syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
    }
    return -1;
}

/* What the emulator's RCU thread may: a thread that came before the wall. */
static void *attack_elsewhere(void *arg)
{
    *(long *)arg = open_file("secret", O_RDONLY) < 0 ? -errno : 0;
    return NULL;
}

static long from_thread(void)
{
    pthread_t thread;
    long ret = 0;

    if (pthread_create(&thread, NULL, attack_elsewhere, &ret)) {
        return 0;
    }
    pthread_join(thread, NULL);
    errno = -ret;
    return ret ? -1 : 0;
}

static long attack(int n)
{
    char bytes[64] = "";
    int fds[2] = { 0 };

    switch (n) {
    case 0: return open_file("allowed/file", O_RDONLY);
    case 1: return open_file("secret", O_RDONLY);
    case 2: return open_file("allowed/file", O_RDWR);
    case 3: return open_file("created", O_WRONLY | O_CREAT);
    case 4: return syscall(SYS_unlink, in_box("allowed/file"));
    case 5: return syscall(SYS_mkdir, in_box("folder"), 0700);
    case 6: return syscall(SYS_symlink, "/", in_box("link"));
    case 7: return syscall(SYS_rename, in_box("secret"), "/tmp/stolen");
    case 8: return syscall(SYS_chmod, in_box("secret"), 0777);
    case 9: return run_program();
    case 10: return syscall(SYS_ptrace, 16 /* ATTACH */, NOBODY, 0, 0);
    case 11: return syscall(SYS_process_vm_readv, NOBODY, bytes, 0, bytes,
                            0, 0);
    case 12: return syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0) < 0 ? -1 : 0;
    case 13: return syscall(SYS_unshare, CLONE_NEWUSER);
    case 14: return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    case 15: return syscall(SYS_mount, "none", box, "tmpfs", 0, NULL);
    case 16: return syscall(SYS_bpf, 0, bytes, sizeof(bytes));
    case 17: return syscall(SYS_keyctl, 0, -3, 0);
    case 18: return syscall(SYS_io_uring_setup, 8, bytes) < 0 ? -1 : 0;
    case 19: return syscall(SYS_userfaultfd, 0) < 0 ? -1 : 0;
    case 20: return syscall(SYS_init_module, bytes, 0, "");
    case 21: return syscall(SYS_reboot, 0, 0, 0, 0);
    case 22: return syscall(SYS_setuid, 65534);
    case 23: return syscall(SYS_personality, 0x0040000);
    case 24: return ioctl(0, TIOCSTI, "x");
    case 25: return syscall(600, 0, 0, 0);
    case 26: return from_thread();
    case 27: return tcp(SYS_connect, 9);
    case 28: return tcp(SYS_bind, 0);
    case 29: return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
    case 30: return open_file("allowed/new", O_WRONLY | O_CREAT);
    case 31: return tcp(SYS_connect, atoi(getenv("NATIVE_PORT")));
    }
    errno = EINVAL;
    return -1;
}

/* As long as the guest has not begun, the environment is the user's. */
static void __attribute__((constructor)) keep_box(void)
{
    const char *name = getenv("NATIVE_BOX");

    snprintf(box, sizeof(box), "%s", name ? name : "/nonexistent");
}

int sched_get_priority_max(int policy)
{
    if (policy >= FIRST) {
        return attack(policy - FIRST);
    }
    return syscall(SYS_sched_get_priority_max, policy);
}
