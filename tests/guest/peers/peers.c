/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server and its clients in one program: who is let in, what becomes of the
 * others, and whether another thread gets at a connection before it is judged.
 * Clients come from 127.0.0.1, which is welcome, and 127.0.0.2, which is not.
 *
 * Modes that begin with "t" have a second thread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GOOD = 1, BAD = 2, ACCEPTORS = 4, CLIENTS = 100 };

static struct sockaddr_in server_address;

static void die(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- sockets ------------------------------------------------------------ */

static int listen_here(int flags)
{
    socklen_t len = sizeof(server_address);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

    server_address.sin_family = AF_INET;
    server_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server_address.sin_port = 0;
    if (fd < 0 || bind(fd, (void *)&server_address, len) < 0 ||
        listen(fd, 128) < 0 ||
        getsockname(fd, (void *)&server_address, &len) < 0) {
        die("listen");
    }
    return fd;
}

/* A connection from 127.0.0.N; it is there when nobody has accepted it yet. */
static int connect_from(int n)
{
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + n - 1),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (void *)&from, sizeof(from)) < 0 ||
        connect(fd, (void *)&server_address, sizeof(server_address)) < 0) {
        die("connect");
    }
    return fd;
}

/* 'h' of a hello, 'e' for the end, '?' for anything else. */
static char heard(int fd)
{
    char byte;
    ssize_t n;

    do {
        n = recv(fd, &byte, 1, 0);
    } while (n < 0 && errno == EINTR);
    return n == 1 ? byte : n == 0 || errno == ECONNRESET ? 'e' : '?';
}

static int lowest_free(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

/* --- calls --------------------------------------------------------------- */

static int by_accept(int fd, void *address, socklen_t *len, int flags)
{
#ifdef SYS_accept
    return flags ? accept4(fd, address, len, flags) :
        (int)syscall(SYS_accept, fd, address, len);
#else
    return accept4(fd, address, len, flags);
#endif
}

static int by_socketcall(int fd, void *address, socklen_t *len, int flags)
{
#ifdef SYS_socketcall
    unsigned long args[] = {
        fd, (unsigned long)address, (unsigned long)len, flags,
    };

    return syscall(SYS_socketcall, flags ? 18 : 5, args);
#else
    return by_accept(fd, address, len, flags);
#endif
}

typedef int accept_fn(int fd, void *address, socklen_t *len, int flags);

static void one(accept_fn *how, int listener, int from, int flags, bool asks)
{
    int client = connect_from(from), lowest = lowest_free(), fd;
    struct sockaddr_in address = { .sin_family = 0 }, own;
    socklen_t len = sizeof(address), own_len = sizeof(own);

    fd = how(listener, asks ? &address : NULL, asks ? &len : NULL, flags);
    if (fd < 0) {
        printf("%d: %s, %c\n", from, strerrorname_np(errno), heard(client));
    } else {
        getsockname(client, (void *)&own, &own_len);
        printf("%d: %s%s%s%s", from, fd == lowest ? "lowest" : "not lowest",
               fcntl(fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "",
               fcntl(fd, F_GETFL) & O_NONBLOCK ? " nonblock" : "",
               !asks ? "" : len == sizeof(own) &&
               address.sin_family == AF_INET &&
               address.sin_port == own.sin_port &&
               address.sin_addr.s_addr == own.sin_addr.s_addr ?
               " from it" : " from elsewhere");
        fcntl(fd, F_SETFL, 0);
        if (send(fd, "h", 1, 0) != 1) {
            die("send");
        }
        printf(" %c\n", heard(client));
        close(fd);
    }
    close(client);
}

static void basics(void)
{
    int waits = listen_here(0), listener;

    one(by_accept, waits, GOOD, 0, false);
    one(by_accept, waits, BAD, 0, false);
    close(waits);
    listener = listen_here(SOCK_NONBLOCK);
    one(by_accept, listener, GOOD, SOCK_CLOEXEC, true);
    one(by_accept, listener, BAD, SOCK_CLOEXEC, true);
    one(by_accept, listener, GOOD, SOCK_NONBLOCK, true);
    one(by_accept, listener, BAD, SOCK_NONBLOCK, true);
    one(by_socketcall, listener, GOOD, 0, true);
    one(by_socketcall, listener, BAD, 0, true);
    one(by_socketcall, listener, GOOD, SOCK_CLOEXEC | SOCK_NONBLOCK, false);
    one(by_socketcall, listener, BAD, SOCK_CLOEXEC | SOCK_NONBLOCK, false);
    printf("%d descriptors\n", lowest_free());
}

/* --- local sockets ------------------------------------------------------- */

static void local(const char *name)
{
    struct sockaddr_un server = { .sun_family = AF_UNIX }, own = server;
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 1, from_len;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client, fd;
    struct sockaddr_un from;

    len += sprintf(server.sun_path + 1, "server-%d", (int)getpid());
    if (bind(listener, (void *)&server, len) < 0 || listen(listener, 8) < 0) {
        die("bind");
    }
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (name[0]) {
        memcpy(own.sun_path + 1, name, strlen(name));
        bind(client, (void *)&own,
             offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    }
    if (connect(client, (void *)&server, len) < 0) {
        die("connect");
    }
    from_len = sizeof(from);
    fd = accept4(listener, (void *)&from, &from_len, 0);
    printf("\"%s\": %s\n", name, fd >= 0 ? from.sun_family == AF_UNIX ?
           "accepted" : "of no family" : strerrorname_np(errno));
    close(fd);
    close(client);
    close(listener);
}

/* --- errors -------------------------------------------------------------- */

static void say(const char *what, int fd)
{
    printf("%s: %s\n", what, fd >= 0 ? "accepted" : strerrorname_np(errno));
    close(fd);
}

static void errors(void)
{
    int listener = listen_here(SOCK_NONBLOCK), plain, udp, client;
    struct sockaddr_in address;
    socklen_t len = sizeof(address), negative = -1;

    say("nobody", accept4(listener, NULL, NULL, 0));
    say("closed", accept4(99, NULL, NULL, 0));
    say("a file", accept4(0, NULL, NULL, 0));
    plain = socket(AF_INET, SOCK_STREAM, 0);
    say("not listening", accept4(plain, NULL, NULL, 0));
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    say("datagrams", accept4(udp, NULL, NULL, 0));
    client = connect_from(GOOD);
    say("flags", accept4(listener, NULL, NULL, 1));
    say("length", syscall(SYS_accept4, listener, &address, &negative, 0));
    say("no length", syscall(SYS_accept4, listener, &address, NULL, 0));
    say("bad address", syscall(SYS_accept4, listener, 8, &len, 0));
    say("still there", accept4(listener, (void *)&address, &len, 0));
    close(client);
    printf("%d descriptors\n", lowest_free());
}

/* --- signals ------------------------------------------------------------- */

static atomic_int done, caught;
static pid_t main_tid;

static void on_signal(int sig)
{
    (void)sig;
    caught++;
}

static void *interrupt(void *opaque)
{
    bool restarts = opaque;
    int client = -1;

    while (!done) {
        syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1);
        usleep(20000);
        if (restarts && caught > 2 && client < 0) {
            client = connect_from(GOOD);
        }
    }
    close(client);
    return NULL;
}

static void wait_for_signal(bool restarts, bool threads)
{
    struct sigaction act = {
        .sa_handler = on_signal, .sa_flags = restarts ? SA_RESTART : 0,
    };
    int listener = listen_here(0), fd, error;
    pthread_t thread;
    pid_t child = 0;

    done = caught = 0;
    main_tid = syscall(SYS_gettid);
    sigaction(SIGUSR1, &act, NULL);
    if (threads) {
        pthread_create(&thread, NULL, interrupt, restarts ? &done : NULL);
    } else {
        pid_t parent = getpid();

        child = fork();
        for (int i = 0; child == 0; i++) {
            usleep(20000);
            if (restarts && i == 10) {
                connect_from(GOOD);
            }
            kill(parent, SIGUSR1);
        }
    }
    fd = accept4(listener, NULL, NULL, 0);
    error = errno;
    done = 1;
    if (threads) {
        pthread_join(thread, NULL);
    } else {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    printf("%s: %s%s\n", restarts ? "SA_RESTART" : "no SA_RESTART",
           fd >= 0 ? "accepted" : strerrorname_np(error),
           caught ? "" : ", no signal");
    close(fd);
    close(listener);
}

/* --- many ---------------------------------------------------------------- */

static int many_listener;
static atomic_int refusals, failures;

static void *acceptor(void *opaque)
{
    (void)opaque;
    for (;;) {
        int fd = accept4(many_listener, NULL, NULL, 0);

        if (fd >= 0) {
            send(fd, "h", 1, MSG_NOSIGNAL);
            close(fd);
        } else if (errno == ECONNABORTED) {
            refusals++;
        } else {
            failures++;
        }
    }
    return NULL;
}

static void start_acceptors(void)
{
    for (int i = 0; i < ACCEPTORS; i++) {
        pthread_t thread;

        pthread_create(&thread, NULL, acceptor, NULL);
    }
}

/* "forked": another process accepts from the same socket as well. */
static void many(bool forked, int flags)
{
    int wrong = 0;
    pid_t child = -1;

    many_listener = listen_here(flags);
    if (forked) {
        start_acceptors();
        child = fork();
    }
    if (child != 0) {
        if (!forked) {
            start_acceptors();
        }
    } else {
        start_acceptors();
        for (;;) {
            pause();
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        int client = connect_from(i % 2 ? GOOD : BAD);

        wrong += heard(client) != (i % 2 ? 'h' : 'e');
        close(client);
    }
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    /* A client hears of its end before the thread that refused it goes on. */
    for (int i = 0; i < 500 && !forked && refusals < CLIENTS / 2; i++) {
        usleep(10000);
    }
    printf("many: %d wrong, %d failures%s\n", wrong, flags ? 0 : (int)failures,
           forked || refusals == CLIENTS / 2 ? "" : ", refusals are missing");
}

/* --- a socket that another process has, too ------------------------------- */

static atomic_int *taken_there;     /* by the other process; shared */
static atomic_int taken_here, interruptions, acceptor_tid;

static void *interrupted_acceptor(void *opaque)
{
    (void)opaque;
    acceptor_tid = syscall(SYS_gettid);
    for (;;) {
        int fd = accept4(many_listener, NULL, NULL, 0);

        if (fd >= 0) {
            taken_here++;
            close(fd);
        } else if (errno == EINTR) {
            interruptions++;
        } else {
            failures++;
        }
    }
    return NULL;
}

/* A signal ends the wait of the thread; false: it does not, within ten seconds. */
static bool hears(void)
{
    int before = interruptions;

    for (int i = 0; i < 2000; i++) {
        syscall(SYS_tgkill, getpid(), acceptor_tid, SIGUSR1);
        for (int j = 0; j < 5 && interruptions == before; j++) {
            usleep(1000);
        }
        if (interruptions != before) {
            return true;
        }
    }
    return false;
}

/* Two processes go for each connection. The one that was too slow is to wait as
 * if there had been none. */
static void shared(int rounds)
{
    struct sigaction act = { .sa_handler = on_signal };
    pthread_t thread;
    pid_t child;
    int deaf = 0;

    many_listener = listen_here(0);
    taken_there = mmap(NULL, sizeof(*taken_there), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGUSR1, &act, NULL);
    child = fork();
    while (child == 0) {
        close(accept4(many_listener, NULL, NULL, 0));
        ++*taken_there;
    }
    pthread_create(&thread, NULL, interrupted_acceptor, NULL);
    while (!acceptor_tid) {
        usleep(1000);
    }
    for (int i = 1; i <= rounds && !deaf; i++) {
        int client = connect_from(GOOD);

        while (taken_here + *taken_there < i) {
            usleep(100);
        }
        close(client);
        deaf = !hears();
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("shared: %s, %d failures\n", deaf ? "deaf" : "hears",
           (int)failures);
}

/* --- the attack ----------------------------------------------------------- */

static atomic_int target_fd, steals;

/* Writes to the number that the next connection gets, before it is judged. */
static void *sneak(void *opaque)
{
    (void)opaque;
    while (!done) {
        int fd = target_fd;

        if (fd >= 0 && send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
            steals++;
        }
    }
    return NULL;
}

static void attack(int rounds)
{
    int listener = listen_here(SOCK_NONBLOCK), leaks = 0, accepted = 0;
    pthread_t thread;

    done = 0;
    target_fd = -1;
    pthread_create(&thread, NULL, sneak, NULL);
    for (int i = 0; i < rounds; i++) {
        int client = connect_from(BAD), fd;

        target_fd = lowest_free();
        fd = accept4(listener, NULL, NULL, 0);
        target_fd = -1;
        accepted += fd >= 0;
        close(fd);
        leaks += heard(client) == 'x';
        close(client);
    }
    done = 1;
    pthread_join(thread, NULL);
    printf("%d accepted, %d leaks, %d steals\n", accepted, leaks,
           (int)steals);
}

/* --- which ---------------------------------------------------------------- */

static void *idle(void *opaque)
{
    (void)opaque;
    for (;;) {
        pause();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    bool threads = mode[0] == 't';
    pthread_t thread;

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(mode, "call") == 0) {
        return 0;               /* whether programs run at all */
    }
    mode += threads;
    if (threads) {
        pthread_create(&thread, NULL, idle, NULL);
    }
    if (strcmp(mode, "basics") == 0) {
        basics();
    } else if (strcmp(mode, "local") == 0) {
        local("good");
        local("bad");
        local("");
    } else if (strcmp(mode, "errors") == 0) {
        errors();
    } else if (strcmp(mode, "signals") == 0) {
        wait_for_signal(false, threads);
        wait_for_signal(true, threads);
    } else if (strcmp(mode, "many") == 0) {
        many(false, 0);
    } else if (strcmp(mode, "forked") == 0) {
        many(true, 0);
    } else if (strcmp(mode, "shared") == 0) {
        shared(argc > 2 ? atoi(argv[2]) : 200);
    } else if (strcmp(mode, "attack") == 0) {
        attack(argc > 2 ? atoi(argv[2]) : 1000);
    } else {
        return 2;
    }
    fflush(stdout);
    _exit(0);
}
