/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that goes away: by calls that fail, by files that become shorter, and
 * by other threads while a call looks at it.
 *
 *     mappings kept        an mremap that fails leaves what was there
 *     mappings replaced    an mmap that fails may take away what was there
 *     mappings hold        the same, and waits for the end of standard input
 *     mappings beyond      calls whose arguments lie behind the end of a file
 *     mappings tids        the same with the numbers of threads
 *     mappings taken N     N calls while another thread unmaps their arguments
 *
 * It prints lines that are the same on every target.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES 4

static size_t size;             /* of a mapping here, bytes */

static char *map_some(void)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

/* A mapping that is there, of a file whose end has come to lie before it. */
static char *map_beyond(void)
{
    char name[] = "beyond.XXXXXX";
    int fd = mkstemp(name);
    char *p;

    if (fd < 0 || unlink(name) < 0 || ftruncate(fd, size) < 0) {
        perror("beyond");
        exit(1);
    }
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED || ftruncate(fd, 0) < 0) {
        perror("beyond");
        exit(1);
    }
    close(fd);
    return p;
}

static const char *name_of(long result)
{
    return result >= 0 ? "done" : errno == EFAULT ? "EFAULT" :
        errno == ENOMEM ? "ENOMEM" : errno == EINVAL ? "EINVAL" :
        errno == ENODEV ? "ENODEV" : strerror(errno);
}

/* --- calls that fail ------------------------------------------------------ */

/* Flags that do not exist, and a length that the old mapping has not. */
static int kept(void)
{
    char *p = map_some();
    size_t third = size / PAGES;
    long ret;

    strcpy(p, "here");
    ret = syscall(SYS_mremap, p, size, size / 2, 0x41, 0);
    printf("flags that do not exist: %s, %s\n", name_of(ret), p);
    munmap(p + third, third);
    ret = (long)mremap(p, size, 2 * size, MREMAP_MAYMOVE);
    printf("more than there is: %s, %s\n", ret == -1 ? "fails" : "done", p);
    return 0;
}

/* A socket cannot be mapped, which the kernel finds out late. */
static char *replace(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char *p = map_some();
    void *q;

    strcpy(p, ".");
    q = mmap(p, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    printf("a socket in its place: %s\n",
           name_of(q == MAP_FAILED ? -1 : 0));
    q = mmap(NULL, 16 * size, PROT_READ, MAP_SHARED, fd, 0);
    printf("a socket somewhere: %s\n", name_of(q == MAP_FAILED ? -1 : 0));
    close(fd);
    return p;
}

static int replaced(void)
{
    char *p = replace(), *q;
    struct stat st;
    int ret = stat(p, &st);

    printf("what was there: %s\n",
           ret == 0 || errno == EFAULT ? "there or EFAULT" : name_of(ret));
    q = mmap(p, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    strcpy(q, ".");
    printf("memory in its place: %s\n", name_of(stat(q, &st)));
    return 0;
}

static int hold(void)
{
    char byte;

    replace();
    printf("ready\n");
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}

/* --- calls that look at what is gone -------------------------------------- */

/* By the numbers of calls, where the C library would look by itself. */
static long look(unsigned which, char *p)
{
    static const unsigned char usual[_NSIG / 8];
    static int fd = -1, zero = -1;

    if (fd < 0) {
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        zero = open("/dev/zero", O_RDONLY);
    }
    /* Nobody sleeps for as long as some path says. */
    (void)!read(zero, p, 128);
    switch (which) {
    case 0:
        return access(p, R_OK);
    case 1:
        return uname((struct utsname *)p);
    case 2:
        return syscall(SYS_rt_sigprocmask, SIG_BLOCK, p, NULL, _NSIG / 8);
    case 3:
        return syscall(SYS_rt_sigaction, SIGUSR1, p, NULL, _NSIG / 8,
                       _NSIG / 8);
    case 4:
#ifdef SYS_nanosleep
        return syscall(SYS_nanosleep, p, NULL);
#else
        return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL);
#endif
    case 5:
        return writev(fd, (struct iovec *)p, 2);
    case 6:
        return sendmsg(fd, (struct msghdr *)p, 0);
    case 7:
        return poll((struct pollfd *)p, 2, 0);
    case 8:
        return open(p, O_RDONLY);
    case 9:
        return syscall(SYS_statfs, ".", p);
    case 10:
        return getsockname(fd, (struct sockaddr *)(p + 64), (socklen_t *)p);
    case 11:
        return syscall(SYS_getrusage, 0, p);
    case 12:
        return syscall(SYS_getcwd, p, size);
    case 13:
        return syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, usual, p, _NSIG / 8);
    default:
        return readlink("/proc/self/exe", p, 64);
    }
}

static const char *const looks[] = {
    "access", "uname", "rt_sigprocmask", "rt_sigaction", "nanosleep", "writev",
    "sendmsg", "poll", "open", "statfs", "getsockname", "getrusage", "getcwd",
    "rt_sigprocmask, the old mask", "readlink",
};

#define LOOKS (sizeof(looks) / sizeof(looks[0]))

static void *nothing(void *opaque)
{
    return opaque;
}

/* Nothing is held any more that these need. */
static void go_on(void)
{
    pthread_t thread;
    pid_t pid;

    munmap(map_some(), size);
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
    pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    printf("goes on\n");
}

static int beyond(void)
{
    char *p = map_beyond();

    for (unsigned i = 0; i < LOOKS; i++) {
        printf("%s: %s\n", looks[i], name_of(look(i, p)));
    }
    go_on();
    return 0;
}

/* --- numbers of threads --------------------------------------------------- */

static char *gone;

static void *leave(void *opaque)
{
    syscall(SYS_set_tid_address, gone);
    return opaque;
}

/* The kernel does not mind where the numbers of threads go. */
static int tids(void)
{
    pthread_t thread;
    int status = -1;
    long pid;

    gone = map_beyond();
    pthread_create(&thread, NULL, leave, NULL);
    /* Who waits for it does so by the number that it does not clear. */
    pthread_detach(thread);
    usleep(100000);
    printf("a thread has ended\n");
#ifdef __s390__
    pid = syscall(SYS_clone, 0, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                  SIGCHLD, gone, gone, 0);
#else
    pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                  SIGCHLD, 0, gone, gone, gone);
#endif
    if (pid == 0) {
        _exit(7);
    }
    waitpid(pid, &status, 0);
    printf("a child: %s, %d\n", pid > 0 ? "done" : name_of(pid),
           WEXITSTATUS(status));
    go_on();
    return 0;
}

/* --- other threads -------------------------------------------------------- */

static volatile int over;

static void *take_away(void *opaque)
{
    char *p = opaque;

    while (!over) {
        munmap(p, size);
        mmap(p, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    return NULL;
}

static int taken(unsigned rounds)
{
    char *p = map_some();
    unsigned odd = 0;
    pthread_t thread;
    sigset_t none;

    sigemptyset(&none);
    pthread_create(&thread, NULL, take_away, p);
    for (unsigned i = 0; i < rounds; i++) {
        long ret = look(i % LOOKS, p);

        odd += ret < 0 && errno != EFAULT && errno != ENOENT &&
            errno != EINVAL && errno != ENOTCONN && errno != EDESTADDRREQ &&
            errno != EOPNOTSUPP;
        if (ret > 2 && i % LOOKS == 8) {
            close(ret);
        }
        sigprocmask(SIG_SETMASK, &none, NULL);
    }
    over = 1;
    pthread_join(thread, NULL);
    printf("%u odd results\n", odd);
    go_on();
    return 0;
}

/* --- where there is nothing ------------------------------------------------- */

/* Memory that no call has made, as the rules on mmap would have it; and what
 * munmap leaves of it. */
static int holes(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *area = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fds[2];

    (void)!pipe(fds);
    (void)!write(fds[1], "x", 1);
    munmap(area + 7 * page, 2 * page);
    printf("over a hole: %s\n", mprotect(area + 3 * page, 8 * page,
           PROT_READ | PROT_WRITE | PROT_EXEC) ? strerrorname_np(errno) :
           "done");
    printf("in a hole: %s\n", mprotect(area + 7 * page, page,
           PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "done");
    printf("memory there: %s\n", read(fds[0], area + 7 * page, 1) < 0 ?
           strerrorname_np(errno) : "some");
    printf("beside it: %s\n", mprotect(area, 7 * page, PROT_READ) ?
           strerrorname_np(errno) : "done");
    munmap(area, 8 * page);
    printf("none is left: %s\n", read(fds[0], area + 7 * page, 1) < 0 ?
           strerrorname_np(errno) : "some");
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    size = PAGES * sysconf(_SC_PAGESIZE);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "kept") == 0) {
        return kept();
    }
    if (strcmp(what, "replaced") == 0) {
        return replaced();
    }
    if (strcmp(what, "holes") == 0) {
        return holes();
    }
    if (strcmp(what, "hold") == 0) {
        return hold();
    }
    if (strcmp(what, "beyond") == 0) {
        return beyond();
    }
    if (strcmp(what, "tids") == 0) {
        return tids();
    }
    if (strcmp(what, "taken") == 0 && argc > 2) {
        return taken(atoi(argv[2]));
    }
    return 64;
}
