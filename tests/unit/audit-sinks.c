/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records go, and what becomes of them when nobody takes them: files that
 * are renamed or replaced, pipes and sockets that are full or shut, daemons
 * that are started again; and the forms of a record.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "audit.h"
#include "json-check.h"
#include "log-fixture.h"
#include "origin.h"
#include "ruleengine/numbers.h"
#include "sink.h"

static char folder[64], name[80], other[80], victim[80];
static struct re_diags *diags;
static struct re_origin *origin;
static int64_t second = 1000;       /* each new one lets a sink look again */

static int open_sink(struct re_sink *sink, const char *spec)
{
    re_origin_free(origin);
    re_diags_free(diags);
    diags = re_diags_new();
    return !diags || re_origin_new(&origin) < 0 ? -ENOMEM :
        re_sink_open(sink, spec, origin, diags);
}

static bool put(struct re_sink *sink, const char *text)
{
    return re_sink_write(sink, text, strlen(text), second++);
}

static bool holds(const char *path, const char *text)
{
    char found[1024] = "";
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(found, 1, sizeof(found) - 1, f) : 0;

    if (f) {
        fclose(f);
    }
    found[n] = '\0';
    if (!f || strcmp(found, text) != 0) {
        tap_note(found);
        return false;
    }
    return true;
}

static void start(void)
{
    const char *const paths[] = { name, other, victim };

    for (unsigned i = 0; i < 3; i++) {
        unlink(paths[i]);
    }
}

/* --- rotation ---------------------------------------------------------- */

static void check_rename(void)
{
    struct re_sink sink;

    start();
    if (!tap_ok(open_sink(&sink, name) == 0, "a file opens")) {
        return;
    }
    put(&sink, "one\n");
    rename(name, other);
    put(&sink, "two\n");
    tap_ok(holds(other, "one\n") && holds(name, "two\n"),
           "a renamed log goes on under its name");
    unlink(name);
    put(&sink, "three\n");
    tap_ok(holds(name, "three\n"), "so does one that was removed");
    rename(name, other);
    write_file(name, "made by logrotate\n");
    put(&sink, "four\n");
    tap_ok(holds(name, "made by logrotate\nfour\n"),
           "and in a file that somebody else has made");
    put(&sink, "five\n");
    truncate(name, 0);
    put(&sink, "six\n");
    tap_ok(holds(name, "six\n"), "a log that is emptied goes on at its start");
    rename(name, other);
    re_sink_write(&sink, "seven\n", 6, second - 1);
    tap_ok(holds(other, "six\nseven\n") && access(name, F_OK) != 0,
           "the name is looked at once a second");
    re_sink_close(&sink);
}

/* Where threads of a guest could use a new descriptor: 0, or what there is to say
 * against it. */
static int apart_answer, apart_count;

static int apart(void (*function)(void *arg), void *arg)
{
    if (apart_answer == 0) {
        function(arg);
        apart_count++;
    }
    return apart_answer;
}

static void check_apart(void)
{
    const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    struct re_sink sink;
    struct stat before, after;

    start();
    open_sink(&sink, name);
    sink.apart = apart;
    put(&sink, "one\n");
    rename(name, other);
    fstat(sink.fd, &before);
    put(&sink, "two\n");
    write_file(name, "two\ncut");
    utimensat(AT_FDCWD, name, long_ago, 0);
    put(&sink, "three\n");
    put(&sink, "four\n");
    fstat(sink.fd, &after);
    tap_ok(apart_count == 3 && holds(other, "one\n") &&
           holds(name, "two\ncut\nthree\nfour\n"),
           "among threads each record opens the file of the name");
    tap_ok(before.st_ino == after.st_ino, "and leaves no descriptor");
    apart_answer = -EAGAIN;
    put(&sink, "five\n");
    tap_ok(holds(other, "one\nfive\n"), "where it cannot, the old file has it");
    apart_answer = 1;
    put(&sink, "six\n");
    apart_answer = 0;
    put(&sink, "seven\n");
    tap_ok(apart_count == 3 && holds(other, "one\nfive\n") &&
           holds(name, "two\ncut\nthree\nfour\nsix\nseven\n"),
           "without threads the file stays open");
    re_sink_close(&sink);
}

/* The next program image finds the descriptor closed: by name the log goes
 * on. */
static void check_closed(void)
{
    struct re_sink sink, next;
    int fds[2];

    start();
    open_sink(&sink, name);
    put(&sink, "one\n");
    re_sink_fds(&sink, fds);
    write(fds[0], "cut", 3);
    close(fds[0]);
    tap_ok(re_sink_reopen(&next, name, fds, origin, diags) == 0 &&
           next.kind == RE_SINK_FILE && next.fd >= re_high_floor(),
           "a log that was lost on the way is opened again");
    put(&next, "two\n");
    tap_ok(holds(name, "one\ncut\ntwo\n"), "and goes on, on a new line");
    re_sink_close(&next);
    free(sink.name);
}

/* --- lines without an end ---------------------------------------------- */

/* Long ago. */
static void append(const char *path, const char *text)
{
    const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
    FILE *f = fopen(path, "a");

    if (f) {
        fputs(text, f);
        fclose(f);
        utimensat(AT_FDCWD, path, times, 0);
    }
}

/* A writer was killed: before this log was opened, or while it is open. */
static void check_cut(void)
{
    struct re_sink sink;
    char spec[16];
    int fd;

    start();
    append(name, "killed");
    open_sink(&sink, name);
    put(&sink, "one\n");
    tap_ok(holds(name, "killed\none\n"), "a log that ends within a line goes "
           "on on the next one");
    append(name, "killed");
    put(&sink, "two\n");
    tap_ok(holds(name, "killed\none\nkilled\ntwo\n"),
           "also when another writer dies later on");
    write(sink.fd, "bu", 2);
    put(&sink, "sy\n");
    tap_ok(holds(name, "killed\none\nkilled\ntwo\nbusy\n"),
           "one that may be busy is left to end its line");
    re_sink_close(&sink);

    start();
    append(name, "killed");
    fd = open(name, O_WRONLY | O_APPEND);
    snprintf(spec, sizeof(spec), "fd:%d", fd);
    open_sink(&sink, spec);
    put(&sink, "one\n");
    tap_ok(holds(name, "killed\none\n"), "also through a descriptor");
    re_sink_close(&sink);
}

/* A child's write is cut short; its parent's is the next one. */
static void check_cut_by_child(void)
{
    atomic_bool *torn = mmap(NULL, sizeof(*torn), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rlimit limit = { 7, RLIM_INFINITY };
    struct re_sink sink;

    start();
    open_sink(&sink, name);
    re_sink_share(&sink, torn);
    re_sink_write(&sink, "one\n", 4, second);
    if (fork() == 0) {
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(re_sink_write(&sink, "child\n", 6, second));
    }
    wait(NULL);
    tap_ok(holds(name, "one\nchi"), "a child has no room for its line");
    re_sink_write(&sink, "two\n", 4, second);
    re_sink_write(&sink, "three\n", 6, second);
    tap_ok(holds(name, "one\nchi\ntwo\nthree\n"), "the next line is whole, "
           "whichever process it is from");
    re_sink_close(&sink);
    munmap(torn, sizeof(*torn));
}

/* What a guest could put in the place of the log. */
static void check_traps(void)
{
    struct re_sink sink;

    start();
    open_sink(&sink, name);
    write_file(victim, "precious\n");

    rename(name, other);
    symlink(victim, name);
    tap_ok(put(&sink, "link\n") && holds(victim, "precious\n") &&
           holds(other, "link\n"), "a planted symbolic link is not followed");

    unlink(name);
    link(victim, name);
    tap_ok(put(&sink, "name\n") && holds(victim, "precious\n") &&
           holds(other, "link\nname\n"), "nor is a second name of a file");

    unlink(name);
    mkfifo(name, 0600);
    tap_ok(put(&sink, "pipe\n") && holds(other, "link\nname\npipe\n"),
           "nor a pipe");
    unlink(name);
    mkdir(name, 0700);
    tap_ok(put(&sink, "dir\n") && holds(other, "link\nname\npipe\ndir\n"),
           "nor a folder");
    rmdir(name);
    tap_ok(put(&sink, "back\n") && holds(name, "back\n"),
           "once the way is free it goes on");
    re_sink_close(&sink);
}

/* A folder that another one takes the place of is not where the log goes. */
static void check_moved_folder(void)
{
    char away[96], inside[160];
    struct re_sink sink;

    start();
    open_sink(&sink, name);
    snprintf(away, sizeof(away), "%s.away", folder);
    snprintf(inside, sizeof(inside), "%s/log", away);
    rename(folder, away);
    mkdir(folder, 0700);
    unlink(inside);
    tap_ok(put(&sink, "one\n") && holds(inside, "one\n") &&
           access(name, F_OK) != 0, "the log stays in the folder it began in");
    rmdir(folder);
    rename(away, folder);
    re_sink_close(&sink);
}

/* --- pipes ------------------------------------------------------------- */

static volatile sig_atomic_t got_sigpipe;

static void on_sigpipe(int sig)
{
    (void)sig;
    got_sigpipe = 1;
}


/* How many records go in before one does not; at most "most". */
static unsigned fill(struct re_sink *sink, unsigned most)
{
    char text[512];
    unsigned n = 0;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    while (n < most && re_sink_write(sink, text, sizeof(text), second)) {
        n++;
    }
    return n;
}

static void drain(int fd)
{
    char bytes[65536];

    while (poll(&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, 0) > 0 &&
           read(fd, bytes, sizeof(bytes)) > 0) {
    }
}

static void check_pipe(void)
{
    struct re_sink sink;
    char spec[32];
    int ends[2];
    unsigned n;

    if (pipe(ends) < 0) {
        return;
    }
    snprintf(spec, sizeof(spec), "fd:%d", ends[1]);
    tap_ok(open_sink(&sink, spec) == 0 && sink.kind == RE_SINK_PIPE,
           "a pipe by its number");
    tap_ok(fcntl(ends[1], F_GETFD) < 0, "the number is taken from the guest");
    n = fill(&sink, 100000);
    tap_ok(n > 10 && n < 100000, "a full pipe loses records after %u", n);
    tap_ok(atomic_load(&sink.stalled), "and is waited for once");
    drain(ends[0]);
    tap_ok(put(&sink, "room\n") && !atomic_load(&sink.stalled),
           "when it is read again it goes on");
    signal(SIGPIPE, on_sigpipe);
    close(ends[0]);
    tap_ok(!put(&sink, "gone\n") && !got_sigpipe,
           "without a reader records are lost, and no signal comes");
    raise(SIGPIPE);
    tap_ok(got_sigpipe, "other signals still do");
    re_sink_close(&sink);
}

/* --- sockets ----------------------------------------------------------- */

static int listen_at(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool receives(int fd, const char *text)
{
    char found[1024];
    ssize_t n = recv(fd, found, sizeof(found) - 1, MSG_DONTWAIT);

    found[n > 0 ? n : 0] = '\0';
    return n > 0 && strcmp(found, text) == 0;
}

static void check_daemon(void)
{
    struct re_sink sink;
    char spec[160];
    int fd = listen_at(name);
    unsigned n;

    snprintf(spec, sizeof(spec), "syslog:%s", name);
    if (!tap_ok(open_sink(&sink, spec) == 0, "a daemon's socket")) {
        return;
    }
    tap_ok(put(&sink, "one") && receives(fd, "one"), "a record arrives");
    close(fd);
    tap_ok(!put(&sink, "two"), "while the daemon is away records are lost");
    fd = listen_at(name);
    tap_ok(put(&sink, "three") && receives(fd, "three"),
           "a daemon that was started again is found");
    n = fill(&sink, 100000);
    tap_ok(n < 100000 && atomic_load(&sink.stalled),
           "one that reads no more is not waited for: %u", n);
    re_sink_close(&sink);
    close(fd);
    unlink(name);
    n = -open_sink(&sink, spec);
    tap_ok(n == ENOENT && re_diags_errors(diags) == 1,
           "%s", re_diags_at(diags, 0)->message);
}

/* A descriptor that came with a datagram, and what the file holds. */
static bool receives_file(int fd, const char *bytes, size_t len)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_control = &control, .msg_controllen = sizeof(control),
    };
    static char found[65536];
    bool same;
    int file;

    if (recvmsg(fd, &message, MSG_DONTWAIT) < 0 ||
        !CMSG_FIRSTHDR(&message)) {
        return false;
    }
    memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    same = pread(file, found, sizeof(found), 0) == (ssize_t)len &&
        memcmp(found, bytes, len) == 0 &&
        (fcntl(file, F_GET_SEALS) & F_SEAL_WRITE);
    close(file);
    return same;
}

static void check_journal_file(void)
{
    static char text[RE_SINK_WAIT_MS * 64];
    int small = 2048, fd = listen_at(name);
    struct re_sink sink;
    char spec[160];

    snprintf(spec, sizeof(spec), "journal:%s", name);
    if (!tap_ok(open_sink(&sink, spec) == 0, "a journal's socket")) {
        return;
    }
    setsockopt(sink.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    memset(text, 'j', sizeof(text));
    tap_ok(re_sink_write(&sink, text, sizeof(text), second) &&
           receives_file(fd, text, sizeof(text)),
           "what is too large for a datagram comes in a sealed file");
    re_sink_close(&sink);
    close(fd);
    unlink(name);
}

static void check_stream(void)
{
    struct re_sink sink;
    char spec[32];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
        return;
    }
    snprintf(spec, sizeof(spec), "text:fd:%d", ends[1]);
    tap_ok(open_sink(&sink, spec) == 0 && sink.kind == RE_SINK_STREAM &&
           sink.format == RE_FORMAT_TEXT, "a connected socket by its number");
    tap_ok(put(&sink, "one\n") && receives(ends[0], "one\n"),
           "takes records");
    tap_ok(fill(&sink, 100000) < 100000, "and loses them when it is full");
    drain(ends[0]);
    tap_ok(put(&sink, "two\n"), "and goes on");
    close(ends[0]);
    got_sigpipe = 0;
    tap_ok(!put(&sink, "gone\n") && !got_sigpipe, "its end is no signal");
    re_sink_close(&sink);
}

/* --- specifications ---------------------------------------------------- */

static void check_specs(void)
{
    static const struct {
        const char *spec;
        int err;
    } bad[] = {
        { "", EINVAL }, { "jornal:", EINVAL }, { "text:", EINVAL },
        { "fd:", EINVAL }, { "fd:x", EINVAL }, { "fd:-1", EINVAL },
        { "fd:987654", EBADF }, { "text:/nonexistent/log", ENOENT },
        { "kernel:syslog:", EINVAL }, { "fd:3x", EINVAL },
        { "stderr", EINVAL }, { "syslog", EINVAL }, { "text:stderr", EINVAL },
    };
    struct re_sink sink;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int err = open_sink(&sink, bad[i].spec);

        tap_ok(err == -bad[i].err && re_diags_errors(diags) == 1, "\"%s\": %s",
               bad[i].spec, re_diags_at(diags, 0)->message);
    }
    open_sink(&sink, "text:stderr");
    tap_ok(strcmp(re_diags_at(diags, 0)->hint, "standard error is \"-\"; a file "
                  "of such a name needs a folder before it: ./NAME") == 0,
           "a word that is no file: what is meant");
}

/* --- forms ------------------------------------------------------------- */

static struct bench bench;

static void refuse(const char *path)
{
    const uint64_t values[ST_MAX_ARGS] = { -100, GUEST_BASE, 0 };
    struct re_call call;

    guest_put_string(&bench.guest, 0, path);
    bench_call(&bench, slot_named(bench.target, "openat"), values, &call);
}

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static void check_text_file(void)
{
    char spec[160];

    start();
    snprintf(spec, sizeof(spec), "text:%s", name);
    bench_load_to(&bench, "aarch64", "[policy]\ndefault = deny EPERM\n", spec);
    refuse("/a\nb\x1b[2J");
    bench_read(&bench, name);
    if (!tap_ok(bench.line[4] == '-' && bench.line[7] == '-' &&
                strstr(bench.line, " nginx[") &&
                strstr(bench.line, "] openat(AT_FDCWD, \"/a\\nb\\x1b[2J\", "
                       "O_RDONLY) = EPERM   "),
                "a readable line in a file has the date")) {
        tap_note(bench.line);
    }
    bench_end(&bench);
}

static void check_kernel(void)
{
    const char *line = bench.line;
    char spec[160];

    start();
    snprintf(spec, sizeof(spec), "kernel:%s", name);
    bench_load_to(&bench, "aarch64", "[policy]\ndefault = deny EACCES\n", spec);
    refuse("/etc/shadow");
    bench_read(&bench, name);
    if (!tap_ok(starts(line, "type=SECCOMP msg=audit(") &&
                strstr(line, ":1): auid=") &&
                strstr(line, " comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 "
                       "arch=c00000b7 syscall=56 compat=0 ip=0x55a0 "
                       "code=0x5000d verdict=deny target=aarch64 rule=\""),
                "a record as the kernel has it")) {
        tap_note(line);
    }
    re_engine_set_exe(bench.engine, "/tmp/a \"b\n");
    refuse("/etc/shadow");
    tap_ok(bench_read(&bench, name) == 2 && strstr(line, ":2): ") &&
           strstr(line, " comm=612022620A exe=2F746D702F612022620A sig=0 "),
           "names that could mislead are in hexadecimal");
    bench_end(&bench);
    bench_load_to(&bench, "mips", "[policy]\ndefault = kill\n", spec);
    refuse("/etc/shadow");
    bench_read(&bench, name);
    tap_ok(strstr(line, " sig=31 arch=00000008 syscall=4288 compat=0 ") &&
           strstr(line, " code=0x80000000 verdict=kill"),
           "what ends the program has its signal");
    bench_end(&bench);
}

/* Fields, each a line; returns a field's value. */
static bool field(const char *fields, const char *key, char *value,
                  size_t size)
{
    const char *at = strstr(fields, key);
    size_t len;

    if (!at || (at > fields && at[-1] != '\n')) {
        return false;
    }
    at += strlen(key);
    len = strcspn(at, "\n");
    snprintf(value, size, "%.*s", (int)len, at);
    return true;
}

static void check_journal(void)
{
    char spec[160], value[4096], object[4096];
    static char found[65536];
    int fd = listen_at(name);
    ssize_t n;

    snprintf(spec, sizeof(spec), "journal:%s", name);
    bench_load_to(&bench, "aarch64", "[policy]\ndefault = deny EPERM\n", spec);
    refuse("/x\nMESSAGE=forged");
    n = recv(fd, found, sizeof(found) - 1, MSG_DONTWAIT);
    found[n > 0 ? n : 0] = '\0';
    tap_ok(starts(found, "MESSAGE=nginx[") && !strstr(found, "\nMESSAGE=") &&
           field(found, "PRIORITY=", value, sizeof(value)) &&
           strcmp(value, "4") == 0, "the journal's fields");
    tap_ok(field(found, "POLICY_PATH=", value, sizeof(value)) &&
           strcmp(value, "/x\\nMESSAGE=forged") == 0,
           "a guest cannot forge one");
    tap_ok(field(found, "POLICY_ARGS=", object, sizeof(object)) &&
           strcat(object, "\n") && is_record(object),
           "the arguments are one object: %s", object);
    tap_ok(field(found, "POLICY_VERDICT=", value, sizeof(value)) &&
           strcmp(value, "deny") == 0 &&
           field(found, "POLICY_FIX=", value, sizeof(value)) &&
           found[n - 1] == '\n', "and the rest is there");
    bench_end(&bench);
    close(fd);
    unlink(name);
}

static void check_syslog(void)
{
    static char found[65536], path[5000];
    int fd = listen_at(name);
    const char *object;
    char spec[160];
    ssize_t n;

    snprintf(spec, sizeof(spec), "syslog:%s", name);
    memset(path, '\x01', sizeof(path) - 1);     /* six bytes each */
    bench_load_to(&bench, "aarch64", "[policy]\ndefault = deny EPERM\n", spec);
    refuse(path);
    n = recv(fd, found, sizeof(found) - 2, MSG_DONTWAIT);
    found[n > 0 ? n : 0] = '\0';
    object = strstr(found, "@cee: ");
    strcat(found, "\n");
    tap_ok(n > 0 && n < 8192 && starts(found, "<84>") && object &&
           is_record(object + 6), "the system's log gets whole objects of at "
           "most 8 KiB: %zd", n);
    bench_end(&bench);
    close(fd);
    unlink(name);
}

/* --- several ----------------------------------------------------------- */

static void check_several(void)
{
    char text[160];
    const char *logs[] = { name, text, "/dev/full" };
    const char *policy = bench.policy;
    struct re_config config = {
        .target = st_target_by_name("x86_64"), .ops = &guest_ops,
        .policies = &policy, .policy_count = 1, .logs = logs, .log_count = 3,
        .exe = "/bin/x",
    };
    struct re_saved saved;

    start();
    bench_paths(&bench);
    snprintf(text, sizeof(text), "text:%s", other);
    write_file(bench.policy, "[policy]\ndefault = deny EPERM\n");
    bench.target = config.target;
    if (!tap_ok(re_engine_new(&bench.engine, &config, diags) == 0,
                "three logs at once")) {
        return;
    }
    refuse("/a");
    refuse("/a");
    tap_ok(bench_read(&bench, other) == 2 && bench_read(&bench, name) == 2 &&
           is_record(bench.line) && !strstr(bench.line, "lost"),
           "one that fails takes nothing from the others");
    tap_ok(re_engine_save(bench.engine, &saved) == 0 && saved.fds[0] >= 0 &&
           saved.fds[1] >= 0 && saved.fds[2] >= 0 && saved.fds[4] >= 0 &&
           saved.fds[6] == -1, "all go on in another program image");
    /* What execve leaves: the descriptors, and the names as they were. */
    for (unsigned i = 0; i < RE_SAVED_FDS; i++) {
        saved.fds[i] = saved.fds[i] < 0 ? -1 : dup(saved.fds[i]);
    }
    saved.shared_fd = dup(saved.shared_fd);
    re_engine_free(bench.engine);
    config.saved = &saved;
    tap_ok(re_engine_new(&bench.engine, &config, diags) == 0, "they do");
    refuse("/b");
    rename(name, victim);
    sleep(1);
    refuse("/c");
    tap_ok(bench_read(&bench, other) == 4 && bench_read(&bench, victim) == 3 &&
           bench_read(&bench, name) == 1,
           "and still follow their names");
    free(saved.bytes);
    bench_end(&bench);
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/policy-sinks-%d", getpid());
    snprintf(name, sizeof(name), "%s/log", folder);
    snprintf(other, sizeof(other), "%s/log.1", folder);
    snprintf(victim, sizeof(victim), "%s/victim", folder);
    if (!tap_ok(mkdir(folder, 0700) == 0, "a folder")) {
        return tap_done();
    }
    check_rename();
    check_apart();
    check_closed();
    check_cut();
    check_cut_by_child();
    check_traps();
    check_moved_folder();
    check_pipe();
    check_daemon();
    check_journal_file();
    check_stream();
    check_specs();
    check_text_file();
    check_kernel();
    check_journal();
    check_syslog();
    check_several();
    start();
    rmdir(folder);
    re_diags_free(diags);
    re_origin_free(origin);
    return tap_done();
}
