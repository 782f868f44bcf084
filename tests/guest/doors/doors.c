/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways around a policy, tried by a guest: each argument is one, and prints one
 * line. "high" is where the emulator keeps its own descriptors: the last 64 of
 * the first 4096 that the limit allows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/epoll.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doors.h"

static char **arguments;        /* behind the word */

static const char *name_of(long ret)
{
    return ret < 0 ? strerrorname_np(errno) : "0";
}

static int high(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur <= 4096 - 256 ? limit.rlim_cur + 192 : 4096 - 64;
}

/* --- descriptors ------------------------------------------------------- */

/* Calls that find a descriptor there, of those that should not. */
static void descriptors(void)
{
    struct file_clone_range range = { .src_fd = -1 };
    int found = 0;
    char c;

    for (int fd = high(); fd < high() + 64; fd++) {
        found += fcntl(fd, F_GETFD) >= 0;
        found += read(fd, &c, 0) >= 0;
        found += write(fd, "", 0) >= 0;
        found += ftruncate(fd, 0) >= 0 || errno != EBADF;
        found += dup(fd) >= 0;
        found += fcntl(fd, F_DUPFD, 0) >= 0;
        found += mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED;
        found += openat(fd, "self", O_PATH) >= 0;
        found += fchdir(fd) >= 0;
        found += ioctl(1, FICLONE, fd) == 0 || errno != EBADF;
        range.src_fd = fd;
        found += ioctl(1, FICLONERANGE, &range) == 0 || errno != EBADF;
    }
    printf("descriptors: %d calls\n", found);
}

/* What /proc says is open there; the number alone can be known. */
static void reopened(void)
{
    int found = 0;
    char name[64];

    symlink("/proc/self/fd", "fds");
    for (int fd = high(); fd < high() + 64; fd++) {
        static const char *const forms[] = {
            "/proc/self/fd/%d", "/proc/thread-self/fd/%d", "/dev/fd/%d",
            "fds/%d",
        };

        for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            struct stat st, err = { .st_ino = 0 };
            int copy;

            snprintf(name, sizeof(name), forms[i], fd);
            copy = open(name, O_RDWR | O_TRUNC);
            /* Standard error is the guest's too. */
            fstat(2, &err);
            found += copy >= 0 && fstat(copy, &st) == 0 &&
                S_ISREG(st.st_mode) && st.st_ino != err.st_ino;
        }
    }
    unlink("fds");
    printf("reopened: %d\n", found);
}

static void closed(void)
{
    for (int fd = high(); fd < high() + 64; fd++) {
        if (close(fd) == 0 || dup2(0, fd) >= 0 || dup3(0, fd, O_CLOEXEC) >= 0) {
            printf("closed: %d\n", fd);
            return;
        }
    }
    printf("closed: none\n");
}

/* With a larger limit, those of the next program image, and a new log file,
 * would stand elsewhere. */
static int count_open(void)
{
    int count = 0;

    for (int fd = 0; fd < 8192; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void raised(void)
{
    struct rlimit limit;
    char before[16];

    snprintf(before, sizeof(before), "%d", count_open());
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < 4096 || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        printf("raised: not\n");
        return;
    }
    execl("/proc/self/exe", "doors", "count", before, NULL);
}

static void count(void)
{
    printf("raised: %d\n", count_open() - atoi(arguments[0]));
}

static void closed_range(void)
{
    printf("close_range: %s\n", name_of(syscall(SYS_close_range, 3, ~0U, 0)));
}

static void sent(void)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .head = {
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
        .cmsg_type = SCM_RIGHTS,
    } };
    struct iovec iov = { (char *)"x", 1 };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    int pair[2], count = 0;

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (int fd = high(); fd < high() + 64; fd++) {
        memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        count += sendmsg(pair[0], &msg, 0) >= 0;
    }
    printf("sent: %d\n", count);
}

/* Whether waiting tells which numbers are open. */
static void waited(void)
{
    int epoll = epoll_create1(0), found = 0;
    struct timeval at_once = { 0, 0 };

    for (int fd = high(); fd < high() + 64; fd++) {
        struct epoll_event event = { .events = EPOLLIN };
        struct pollfd one = { .fd = fd, .events = POLLIN | POLLOUT };
        fd_set set;

        found += poll(&one, 1, 0) != 1 || one.revents != POLLNVAL;
        found += epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ||
            errno != EBADF;
        if (fd < FD_SETSIZE) {
            FD_ZERO(&set);
            FD_SET(fd, &set);
            found += select(fd + 1, NULL, &set, NULL, &at_once) > 0;
        }
    }
    close(epoll);
    printf("waited: %d\n", found);
}

/* Whether any is the same as another file; and a pointer for the kernel. */
static void compared(void)
{
#ifdef SYS_kcmp
    int found = 0, pid = getpid();
    struct kcmp_epoll_slot slot = { 0 };

    for (int fd = high(); fd < high() + 64; fd++) {
        found += syscall(SYS_kcmp, pid, pid, KCMP_FILE, fd, 2) >= 0;
        found += syscall(SYS_kcmp, pid, pid, KCMP_FILE, 2, fd) >= 0;
    }
    found += syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, 0, &slot) >= 0 ||
        errno != EPERM;
    printf("compared: %d\n", found);
#else
    printf("compared: 0\n");
#endif
}

static void fetched(void)
{
    pid_t parent = getpid(), child = fork();
    int count = 0;

    if (child == 0) {
        int pidfd = syscall(SYS_pidfd_open, parent, 0);

        for (int fd = high(); fd < high() + 64; fd++) {
            count += syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0;
        }
        _exit(count);
    }
    waitpid(child, &count, 0);
    printf("fetched: %d\n", WEXITSTATUS(count));
}

/* --- /proc ------------------------------------------------------------- */

/* Opens the emulator's view of a file in a process's folder, by every way. */
static int ways_in(const char *folder, const char *entry)
{
    char path[128];
    int dir = open(folder, O_PATH | O_DIRECTORY), count = 0, fd;

    snprintf(path, sizeof(path), "%s/%s", folder, entry);
    fd = open(path, O_RDONLY);
    count += fd >= 0;
    count += openat(dir, entry, O_RDONLY) >= 0;
    symlink(path, "way");
    count += open("way", O_RDONLY) >= 0;
    unlink("way");
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, entry);
    count += open(path, O_RDONLY) >= 0;
    snprintf(path, sizeof(path), "/proc/self/root%s/%s", folder, entry);
    count += open(path, O_RDONLY) >= 0;
    return count;
}

static void proc(void)
{
    static const char *const entries[] = { "mem", "pagemap", "clear_refs" };
    pid_t child = fork();
    char own[64], task[64], other[64];
    int count = 0;

    if (child == 0) {
        pause();
        _exit(0);
    }
    snprintf(own, sizeof(own), "/proc/%d", getpid());
    snprintf(task, sizeof(task), "/proc/self/task/%ld", syscall(SYS_gettid));
    snprintf(other, sizeof(other), "/proc/%d", child);
    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        count += ways_in("/proc/self", entries[i]);
        count += ways_in("/proc/thread-self", entries[i]);
        count += ways_in(own, entries[i]);
        count += ways_in(task, entries[i]);
        count += ways_in(other, entries[i]);
    }
    count += ways_in(other, "maps");
    count += ways_in(other, "environ");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("proc: %d ways\n", count);
}

/* Own maps are to be had, and name no emulator. */
static void maps(void)
{
    static const char *const names[] = {
        "/proc/self/maps", "/proc/thread-self/maps", "way", "maps",
    };
    char line[4096];
    int opened = 0, shown = 0;

    symlink("/proc/thread-self/maps", "way");
    for (int i = 0; i < 4; i++) {
        int dir = i == 3 ? open("/proc/self", O_PATH) : AT_FDCWD;
        int fd = openat(dir, names[i], O_RDONLY);
        FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

        opened += f != NULL;
        while (f && fgets(line, sizeof(line), f)) {
            if (strstr(line, "/qemu-")) {
                shown++;
                break;
            }
        }
    }
    unlink("way");
    printf("maps: %d opened, %d show the emulator\n", opened, shown);
}

/* --- calls ------------------------------------------------------------- */

static void *connect_far(void *unused)
{
    static char address[0x50000] = { AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)unused;
    printf("lengths: %s\n",
           name_of(connect(fd, (void *)address, sizeof(address))));
    return NULL;
}

static void lengths(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, connect_far, NULL);
    pthread_join(thread, NULL);
}

/* What the emulator copies for the device mapper, before it asks for whom. */
static void mapper(void)
{
    enum { TEXT = 600000 };
    struct dm_ioctl *head;
    size_t fixed = sizeof(*head) + sizeof(struct dm_target_spec);

    head = calloc(1, fixed + TEXT + 1);
    memset((char *)head + fixed, 'A', TEXT);
    head->version[0] = DM_VERSION_MAJOR;
    head->data_size = sizeof(*head) + 100;
    head->data_start = sizeof(*head);
    head->target_count = 1;
    printf("mapper: %s\n", name_of(ioctl(0, DM_TABLE_LOAD, head)));
    free(head);
}

static long send_message(int fd, struct msghdr *message, bool receive)
{
    return syscall(receive ? SYS_recvmsg : SYS_sendmsg, fd, message, 0);
}

/* A name without end, where the guest can have that much to read. */
static const char *endless_name(int fd, bool receive)
{
    size_t size = sizeof(void *) == 8 ? (size_t)5 << 30 : 1 << 20;
    char *name = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
                      MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct iovec part = { "x", 1 };
    struct msghdr message = {
        .msg_name = name, .msg_namelen = UINT32_MAX, .msg_iov = &part,
        .msg_iovlen = 1,
    };
    const char *result;

    if (name == MAP_FAILED) {
        return "no memory";
    }
    memset(name, 'A', 4096);
    result = name_of(send_message(fd, &message, receive));
    munmap(name, size);
    return result;
}

static const char *short_control(int fd)
{
    union {
        struct cmsghdr head;
        char bytes[64];
    } control = { .head = { .cmsg_len = 8, .cmsg_level = 99 } };
    struct iovec part = { "x", 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    return name_of(send_message(fd, &message, false));
}

/* Messages whose parts are longer or shorter than they can be. */
static void messages(void)
{
    struct msghdr empty = { .msg_name = NULL };
    int pair[2];

    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    send(pair[1], "x", 1, 0);
    printf("messages: %s", endless_name(pair[0], false));
    printf(" %s", endless_name(pair[0], true));
    printf(" %s", short_control(pair[0]));
    fflush(stdout);
    send_message(socket(AF_NETLINK, SOCK_RAW, 0), &empty, false);
    printf(" and goes on\n");
}

/* How much is written behind a sender's name when there is room for 2 bytes. */
static void sender(void)
{
    struct sockaddr_un from = { .sun_family = AF_UNIX };
    struct sockaddr_un to = from;
    unsigned char name[256], byte;
    struct iovec part = { &byte, 1 };
    struct msghdr message = {
        .msg_name = name, .msg_namelen = 2, .msg_iov = &part, .msg_iovlen = 1,
    };
    int out = socket(AF_UNIX, SOCK_DGRAM, 0), written = 0;
    int in = socket(AF_UNIX, SOCK_DGRAM, 0);

    memset(name, 0xee, sizeof(name));
    memset(from.sun_path + 1, 'n', sizeof(from.sun_path) - 1);
    snprintf(from.sun_path + 1, 20, "from%d", getpid());
    snprintf(to.sun_path + 1, 20, "to%d", getpid());
    if (bind(out, (void *)&from, sizeof(from)) < 0 ||
        bind(in, (void *)&to, sizeof(to)) < 0 ||
        sendto(out, "x", 1, 0, (void *)&to, sizeof(to)) != 1 ||
        send_message(in, &message, true) != 1) {
        printf("sender: %s\n", strerrorname_np(errno));
        return;
    }
    for (size_t i = 2; i < sizeof(name); i++) {
        written += name[i] != 0xee;
    }
    printf("sender: %u bytes, %d too many\n", message.msg_namelen, written);
}

/* More descriptors than the emulator's sets have room for. */
static void sets(void)
{
    static unsigned char all[4096], none[4096];
    static const char at_once[16];

    memset(all, 0xff, sizeof(all));
    printf("sets: %s\n", name_of(syscall(SYS_pselect6, 8 * sizeof(all), all,
                                         none, none, at_once, NULL)));
}

/* No address at all, where there is nothing to be read. */
static void no_length(void)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET,
                                                            SOCK_DGRAM, 0);
    struct sockaddr *nowhere = (void *)8;

    printf("no length: %s", name_of(connect(tcp, nowhere, 0)));
    printf(" %s", name_of(bind(tcp, nowhere, 0)));
    printf(" %s", name_of(connect(tcp, nowhere, 1)));
    printf(" %s\n", name_of(sendto(udp, "x", 1, 0, nowhere, 0)));
}

static void terminal(void)
{
    long sti = ioctl(0, TIOCSTI, "x");

    printf("TIOCSTI: %s", name_of(sti));
    printf(" %s\n", ioctl(0, TIOCLINUX, "\2") < 0 ? "refused" : "done");
}

static void persona(void)
{
    printf("personality: %s\n",
           name_of(syscall(SYS_personality, READ_IMPLIES_EXEC)));
}

/* The C library's own way to tell of timers, on the host's side. */
static void timer(void)
{
    struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
    struct sigevent event = { .sigev_notify = SIGEV_THREAD };
    int id;
    long ret = syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);

    printf("timer: %s\n", name_of(ret));
    fflush(stdout);
    if (ret == 0) {
        syscall(SYS_timer_settime, id, 0, &soon, NULL);
        usleep(100000);
    }
}

/* Calls that would change the emulator's process or look into it. */
static void changes(void)
{
    char byte;
    struct iovec part = { &byte, 1 };
    int count = 0;

    count += prctl(PR_SET_MM, PR_SET_MM_BRK, sbrk(0), 0, 0) == 0;
    count += prctl(PR_SET_SECCOMP, 1, 0, 0, 0) == 0;
    count += prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0;
    count += ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    count += process_vm_readv(getpid(), &part, 1, &part, 1, 0) == 1;
    count += process_vm_writev(getpid(), &part, 1, &part, 1, 0) == 1;
    for (int what = PR_SET_MM_START_CODE; what <= PR_SET_MM_MAP; what++) {
        count += prctl(PR_SET_MM, what, &byte, sizeof(byte), 0) == 0;
    }
#ifdef SYS_perf_event_open
    count += syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0;
#endif
    printf("changes: %d\n", count);
}

static sigjmp_buf landing;

static void land(int sig)
{
    siglongjmp(landing, sig);
}

/* time() where every x86_64 has it; EIO says that the policy was asked. */
static void vsyscall(void)
{
#if defined(__x86_64__)
    long (*volatile time_at)(long *) = (void *)0xffffffffff600400;
    volatile unsigned char *bytes = (void *)0xffffffffff600000;
    long now = time_at(NULL);
    int sig = sigsetjmp(landing, 1);

    signal(SIGSEGV, land);
    if (sig == 0) {
        (void)bytes[0];
    }
    printf("vsyscall: %ld, SIG%s\n", now, sig ? sigabbrev_np(sig) : "none");
#else
    printf("vsyscall: none\n");
#endif
}

/* --- threads and limits ------------------------------------------------ */

bool is_memory(int fd)
{
    char link[64], name[64];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, name, sizeof(name) - 1);
    return length > 4 && memcmp(name + length - 4, "/mem", 4) == 0 &&
        !(fcntl(fd, F_GETFL) & O_PATH);
}

/* A number of one thread's is another file of the first thread's. */
static void *open_apart(void *number)
{
    int fd = *(int *)number, count;

    count = unshare(CLONE_FILES) == 0;
    close(fd);
    count += open("/proc/self/mem", O_RDONLY) >= 0;
    count += syscall(SYS_close_range, INT_MAX, ~0U, CLOSE_RANGE_UNSHARE) == 0;
    count += open("/proc/self/mem", O_RDONLY) >= 0;
    printf("apart: %d\n", count);
    return NULL;
}

static void apart(void)
{
    pthread_t thread;
    int fd = open("/dev/null", O_RDONLY);

    pthread_create(&thread, NULL, open_apart, &fd);
    pthread_join(thread, NULL);
}

static struct {
    int fd;
    atomic_bool done;
    bool won;
} race;

/* Takes what the number is for a moment. */
static void *take(void *unused)
{
    (void)unused;
    while (!race.done && !race.won) {
        int copy = fcntl(race.fd, F_DUPFD, 100);

        race.won = copy >= 0 && is_memory(copy);
        close(copy);
    }
    return NULL;
}

/* A file that must not be open is, until the emulator has closed it. */
static void raced(void)
{
    struct { uint64_t flags, mode, resolve; } how = { O_RDONLY, 0, 0 };
    pthread_t thread;

    race.fd = open("/dev/null", O_RDONLY);
    close(race.fd);
    pthread_create(&thread, NULL, take, NULL);
    for (int i = 0; i < 5000; i++) {
        open("/proc/self/mem", O_RDONLY);
        syscall(SYS_openat2, AT_FDCWD, "/proc/self/mem", &how, sizeof(how));
    }
    race.done = true;
    pthread_join(thread, NULL);
    printf("raced: %s\n", race.won ? "won" : "lost");
}

static char text_file[] = "text";

/* No program, but opened to see. */
static void *execute_same(void *name)
{
    char *args[] = { text_file, NULL };

    (void)name;
    for (int i = 0; i < 1000; i++) {
        execv(text_file, args);
    }
    return NULL;
}

/* Threads that open the same by a name in /proc: each finds it. */
static void *open_same(void *name)
{
    long lost = 0;

    for (int i = 0; i < 3000; i++) {
        int fd = open(name, O_RDONLY);

        lost += fd < 0;
        close(fd);
    }
    return (void *)lost;
}

static void together(void)
{
    pthread_t threads[4];
    char name[64];
    long lost = 0;
    int fd;

    fd = open(text_file, O_RDWR | O_CREAT, 0755);
    write(fd, text_file, sizeof(text_file));
    close(fd);
    snprintf(name, sizeof(name), "/proc/self/fd/%d",
             open(text_file, O_RDONLY));
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, i == 3 ? execute_same : open_same,
                       name);
    }
    for (int i = 0; i < 4; i++) {
        void *ret;

        pthread_join(threads[i], &ret);
        lost += (long)ret;
    }
    unlink(text_file);
    printf("together: %ld lost\n", lost);
}

/* /proc by other names: its own tree, and on another folder. */
static void mounted(void)
{
    int count = 0, tree = syscall(SYS_open_tree, AT_FDCWD, "/proc/self",
                                  OPEN_TREE_CLONE);
    char name[64];

    if (tree < 0) {
        printf("mounted: no\n");
        return;
    }
    count += openat(tree, "mem", O_RDONLY) >= 0;
    mkdir("7", 0700);
    snprintf(name, sizeof(name), "7/%d/mem", getpid());
    if (mount("proc", "7", "proc", 0, NULL) == 0) {
        count += open(name, O_RDONLY) >= 0;
        umount2("7", MNT_DETACH);
    }
    rmdir("7");
    printf("mounted: %d ways\n", count);
}

/* Files, and so the log, that must not grow. */
static void no_growth(void)
{
    struct rlimit none = { 0, 0 };
    int set;

    signal(SIGXFSZ, SIG_IGN);
    set = setrlimit(RLIMIT_FSIZE, &none) == 0;
    printf("limits: %d\n", set);
}

/* A limit that is one number when it is looked at, and another when it is set:
 * in a word of the machine, and in one of 64 bits. */
static struct {
    volatile unsigned long word[2];
    volatile uint64_t wide[2];
    atomic_bool done;
} limit;

static void *change_limit(void *arg)
{
    while (!limit.done) {
        limit.word[0] = limit.word[1];
        limit.word[0] = 3;
        limit.wide[0] = limit.wide[1];
        limit.wide[0] = 3;
    }
    return arg;
}

static void lowered(void)
{
    struct rlimit now;
    pthread_t thread;
    int count = 0;

    getrlimit(RLIMIT_NOFILE, &now);
    limit.word[1] = limit.wide[1] = now.rlim_max;
    pthread_create(&thread, NULL, change_limit, NULL);
    for (int i = 0; i < 50000 && count == 0; i++) {
        int fd;

#ifdef SYS_setrlimit
        syscall(SYS_setrlimit, RLIMIT_NOFILE, limit.word);
#endif
        syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, limit.wide, NULL);
        fd = fcntl(0, F_DUPFD, 10);
        count += fd < 0;
        close(fd);
    }
    limit.done = true;
    pthread_join(thread, NULL);
    printf("lowered: %d times\n", count);
}

/* SYS_WRITE0: a string to the debug console. */
static void semihosting(void)
{
    int sig = sigsetjmp(landing, 1);

    signal(SIGILL, land);
    signal(SIGTRAP, land);
    if (sig) {
        printf("semihosting: SIG%s\n", sigabbrev_np(sig));
        return;
    }
#if defined(__aarch64__)
    register long op asm("x0") = 4;
    register const char *text asm("x1") = "a string ";

    asm volatile("hlt #0xf000" : "+r"(op) : "r"(text) : "memory");
    printf("semihosting: done\n");
#elif defined(__arm__)
    register long op asm("r0") = 4;
    register const char *text asm("r1") = "a string ";

#ifdef __thumb__
    asm volatile(".inst.n 0xbabc" : "+r"(op) : "r"(text) : "memory");
#else
    asm volatile(".inst 0xe10f0070" : "+r"(op) : "r"(text) : "memory");
#endif
    printf("semihosting: done\n");
#elif defined(__riscv)
    register long op asm("a0") = 4;
    register const char *text asm("a1") = "a string ";

    asm volatile(".option push\n.option norvc\n.balign 16\n"
                 "slli zero, zero, 0x1f\nebreak\nsrai zero, zero, 7\n"
                 ".option pop" : "+r"(op) : "r"(text) : "memory");
    printf("semihosting: done\n");
#else
    printf("semihosting: none\n");
#endif
}

/* --- what the emulator writes -------------------------------------------- */

/* No name at all, but what the kernel calls the file by. */
static int open_handle(const char *name)
{
    _Alignas(struct file_handle) char bytes[sizeof(struct file_handle) +
                                            MAX_HANDLE_SZ] = "";
    struct file_handle *handle = (void *)bytes;
    int mount, folder = open(".", O_RDONLY | O_DIRECTORY), fd = -1;

    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, name, handle, &mount, 0) == 0) {
        fd = open_by_handle_at(folder, handle, O_WRONLY | O_APPEND);
    }
    close(folder);
    return fd;
}

/* Ways to write into the log, which lies in the working folder, and has another
 * name there. */
static void written(void)
{
    static const int ways[] = {
        O_WRONLY | O_APPEND, O_RDWR, O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC,
        O_WRONLY | O_CREAT,
    };
    static const char *const names[] = { "log", "./log-link", "log-hard" };
    int found = 0;

    if (symlink("log", "log-link") < 0 || access("log-hard", F_OK) < 0) {
        printf("written: no links, %s\n", strerrorname_np(errno));
        return;
    }
    for (unsigned i = 0; i < 15; i++) {
        int fd = open(names[i % 3], ways[i / 3], 0600);

        if (fd >= 0) {
            found++;
            close(fd);
        } else if (errno != EACCES) {
            printf("%s: %s\n", names[i % 3], strerrorname_np(errno));
        }
    }
    found += open_handle("log") >= 0;
    printf("written: %d\n", found);
    unlink("log-link");
}

static const struct {
    const char *name;
    void (*function)(void);
} doors[] = {
    { "descriptors", descriptors }, { "reopened", reopened },
    { "closed", closed }, { "close-range", closed_range }, { "sent", sent },
    { "fetched", fetched }, { "proc", proc }, { "maps", maps },
    { "lengths", lengths }, { "terminal", terminal }, { "persona", persona },
    { "apart", apart }, { "raced", raced }, { "mounted", mounted },
    { "no-growth", no_growth }, { "lowered", lowered },
    { "semihosting", semihosting },
    { "timer", timer }, { "changes", changes }, { "vsyscall", vsyscall },
    { "mapper", mapper }, { "messages", messages }, { "sender", sender },
    { "sets", sets },
    { "raised", raised }, { "count", count },
    { "waited", waited }, { "compared", compared },
    { "no-length", no_length }, { "pointers", pointers },
    { "together", together }, { "written", written },
    { "exchange", exchange }, { "exchanged", exchanged },
    { "creat", truncated }, { "bound", bound }, { "frame", frame },
    { "semaphores", semaphores }, { "loader", loader },
    { "arguments", arguments_grow }, { "maps-taken", maps_taken },
    { "log-taken", log_taken }, { "kept", kept },
    { "shown", shown }, { "shown-threads", shown_threads },
    { "stay", stay }, { "surroundings", surroundings },
    { "large-sets", large_sets },
    { "counters", counters }, { "instead", instead }, { "folders", folders },
    { "program-taken", program_taken },
    { "succeeded", succeeded }, { "cut-short", cut_short },
};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        for (unsigned d = 0; d < sizeof(doors) / sizeof(doors[0]); d++) {
            if (strcmp(argv[i], doors[d].name) == 0) {
                arguments = argv + i + 1;
                doors[d].function();
                fflush(stdout);
            }
        }
    }
    return syscall(SYS_sync) < 0 ? 3 : 0;
}
