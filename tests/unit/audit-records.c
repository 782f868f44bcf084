/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a record says: as JSON, and as a readable line. */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "json-check.h"
#include "log-fixture.h"

static struct bench bench;

static const char policy[] =
    "[policy]\n"
    "default = deny EPERM\n"
    "unknown = kill\n"
    "log = emulated\n"
    "[allow]\n"
    "syscalls = read:log\n"
    "[deny]\n"
    "openat = EACCES\n"
    "rename = EROFS if oldname > 0\n"
    "kill = EPERM permissive\n"
    "reboot = kill\n"
    "swapon = trap\n"
    "[emulate]\n"
    "getpid = return 4242\n"
    "write = error ENOSPC\n";

/* Where the guest keeps its strings. */
enum { FIRST = GUEST_BASE, SECOND = GUEST_BASE + 0x1000,
       ADDRESS = GUEST_BASE + 0x2000 };

static void fill(void)
{
    static const unsigned char inet[] = { 2, 0, 1, 187, 192, 0, 2, 1 };

    guest_put_string(&bench.guest, 0, "/etc/shadow");
    guest_put_string(&bench.guest, 0x1000, "b\xff\"");
    guest_put(&bench.guest, 0x2000, inet, sizeof(inet));
}

static void make(const char *name, uint64_t a, uint64_t b, uint64_t c,
                 uint64_t d)
{
    const uint64_t values[ST_MAX_ARGS] = { a, b, c, d };
    int slot = slot_named(bench.target, name);
    struct re_call call;

    bench_call(&bench, slot, values, &call);
    bench_read(&bench, bench.log);
}

static void has(const char *what, const char *part)
{
    if (!tap_ok(strstr(bench.line, part) && is_record(bench.line), "%s",
                what)) {
        tap_note(part);
        tap_note(bench.line);
    }
}

/* --- JSON -------------------------------------------------------------- */

/* "2026-11-22T10:42:07.153201Z", at most a minute ago. */
static bool is_now(const char *text)
{
    struct tm tm = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    time_t now = time(NULL), then = timegm(&tm);

    return rest && rest[0] == '.' && strspn(rest + 1, "0123456789") == 6 &&
        strcmp(rest + 7, "Z") == 0 && then <= now && now - then < 60;
}

static void check_whole_record(void)
{
    char when[64] = "", expected[1024], *time_at;

    make("openat", -100, FIRST, 0, 0);
    tap_ok(member(bench.line, "time", when, sizeof(when)) && is_now(when),
           "the time is UTC with microseconds: %s", when);
    snprintf(expected, sizeof(expected),
             "{\"v\":1,\"time\":\"%s\",\"verdict\":\"deny\","
             "\"errno\":\"EACCES\",\"target\":\"x86_64\","
             "\"syscall\":\"openat\",\"nr\":257,\"args\":{"
             "\"dfd\":\"AT_FDCWD\",\"filename\":\"/etc/shadow\","
             "\"flags\":\"O_RDONLY\"},\"path\":\"/etc/shadow\","
             "\"pid\":%d,\"tid\":%ld,\"comm\":\"nginx\","
             "\"exe\":\"/usr/sbin/nginx\",\"pc\":\"0x55a0\","
             "\"rule\":\"%s:8\",\"fix\":\"[allow] openat = "
             "path == /etc/shadow && access == read\"}\n", when, getpid(),
             syscall(SYS_gettid), bench.policy);
    time_at = strstr(bench.line, when);
    if (!tap_ok(time_at && strcmp(bench.line, expected) == 0,
                "a refused call, whole")) {
        tap_note(bench.line);
        tap_note(expected);
    }
}

static void check_members(void)
{
    make("connect", 3, ADDRESS, 16, 0);
    has("a socket address", "\"args\":{\"fd\":3,"
        "\"uservaddr\":\"inet 192.0.2.1:443\",\"addrlen\":16},"
        "\"sockaddr\":\"inet 192.0.2.1:443\"");
    has("the default's line",
        ".ini:2\",\"fix\":\"[allow] connect = addr == 192.0.2.1 && "
        "port == 443\"");
    make("rename", FIRST, SECOND, 0, 0);
    has("two paths", "\"path\":\"/etc/shadow\",\"path2\":\"b\\udcff\\\"\"");
    has("where no line can win, a comment", "\"fix\":\"; /");
    make("kill", 1, 9, 0, 0);
    has("a permissive rule", "\"verdict\":\"deny\",\"permissive\":true,"
        "\"errno\":\"EPERM\"");
    has("a signal", "\"args\":{\"pid\":1,\"sig\":\"SIGKILL\"}");
    make("getpid", 0, 0, 0, 0);
    has("an emulated result", "\"verdict\":\"return\",\"value\":4242,");
    tap_ok(!strstr(bench.line, "\"fix\""), "what is not refused needs no fix");
    make("write", 1, FIRST, 5, 0);
    has("an emulated error", "\"verdict\":\"error\",\"errno\":\"ENOSPC\"");
    make("reboot", 0, 0, 0, 0);
    has("kill", "\"verdict\":\"kill\",\"target\"");
    make("swapon", FIRST, 0, 0, 0);
    has("trap", "\"verdict\":\"trap\",\"target\"");
    make("read", 0, FIRST, 1, 0);
    has("an allowed call that is logged", "\"verdict\":\"allow\",\"target\"");
}

static void check_unknown_number(void)
{
    struct re_call call = {
        .nr = -1, .slot = -1, .guest = &bench.guest, .args = { 1, -1 },
    };

    re_enter(bench.engine, &bench.thread, &call);
    bench_read(&bench, bench.log);
    has("a number that is no call", "\"syscall\":null,\"nr\":-1,\"args\":{"
        "\"arg0\":\"0x1\",\"arg1\":\"0xffffffffffffffff\",\"arg2\":\"0x0\"");
    has("and how to allow it", "\"fix\":\"[policy] unknown = allow\"");
}

static void check_names(void)
{
    char old[16];

    prctl(PR_GET_NAME, old);
    prctl(PR_SET_NAME, "evil\n\x1b[31m");
    make("getpid", 0, 0, 0, 0);
    has("a guest that has renamed itself",
        "\"comm\":\"evil\\n\\u001b[31m\",\"exe\":\"/usr/sbin/nginx\"");
    prctl(PR_SET_NAME, old);
    re_engine_set_exe(bench.engine, "/bin/sh");
    make("getpid", 0, 0, 0, 0);
    has("a program that has been replaced",
        "\"comm\":\"sh\",\"exe\":\"/bin/sh\"");
    re_engine_set_exe(bench.engine, "/usr/sbin/nginx");
}

static void check_long_strings(void)
{
    memset(bench.guest.memory, '\1', 0x1000 - 1);
    memset(bench.guest.memory + 0x1000, '\2', 0x1000 - 1);
    bench.guest.memory[0xfff] = bench.guest.memory[0x1fff] = '\0';
    make("rename", FIRST, SECOND, 0, 0);
    has("two paths of 4095 control characters are cut and marked",
        "\"truncated\":true}");
    has("with nothing else missing", "\"rule\":\"/");
    fill();
}

/* What conditions have looked at is what the record shows. */
static void check_facts(void)
{
    static const char asks[] =
        "[policy]\ndefault = allow\n"
        "[deny]\n@open = EPERM if path under /cwd || path under /etc\n"
        "connect = EPERM if port == 443\n";
    const uint64_t values[ST_MAX_ARGS] = { 3, ADDRESS, 16 };
    struct re_call call = { .slot = 0 };
    uint64_t addr;

    bench.has_facts = true;
    if (!tap_ok(bench_load(&bench, "x86_64", asks), "a policy on paths loads")) {
        return;
    }
    make("openat", -100, FIRST, 0, 0);
    has("where a path lies on the host",
        "== /etc/shadow && access == read\",\"host\":\"/root/etc/x\"}");
    guest_put_string(&bench.guest, 0, "a/b");
    make("openat", -100, FIRST, 0, 0);
    has("where a path leads", "\"path\":\"a/b\",");
    has("where a path leads, resolved", ",\"resolved\":\"/cwd/a/b\"}");
    bench_call(&bench, slot_named(bench.target, "connect"), values, &call);
    addr = bench.facts.address.bytes[4];
    bench_read(&bench, bench.log);
    tap_ok(addr == 192, "the address was looked at");
    has("the address that was checked", "\"sockaddr\":\"inet 192.0.2.1:443\"");
    bench_end(&bench);
    bench.has_facts = false;
    fill();
}

static void check_sub_call(void)
{
    const uint64_t values[ST_MAX_ARGS] = { 2, 1, 0 };
    struct re_call call;

    if (!tap_ok(bench_load(&bench, "i386", "[policy]\ndefault = deny EPERM\n"),
                "a policy for i386 loads")) {
        return;
    }
    bench_call(&bench, st_slot_of_socketcall(bench.target, 1), values, &call);
    bench_read(&bench, bench.log);
    has("a call inside socketcall", "\"syscall\":\"socket\",\"nr\":102,"
        "\"via\":\"socketcall\",\"args\":{\"domain\":\"AF_INET\","
        "\"type\":\"SOCK_STREAM\",");
    bench_end(&bench);
}

/* --- readable lines ---------------------------------------------------- */

static int saved_stderr;

static void redirect_stderr(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_TRUNC, 0600);

    saved_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static void restore_stderr(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
}

/* "  10:42:07.153 nginx[8123] " and then the expected text. */
static void shows(const char *expected)
{
    char who[32];
    const char *rest = bench.line + 15;
    bool framed;

    snprintf(who, sizeof(who), "nginx[%d] ", getpid());
    framed = strspn(bench.line, " ") == 2 &&
        strspn(bench.line + 2, "0123456789:.") == 12 &&
        strncmp(rest, who, strlen(who)) == 0;
    if (!tap_ok(framed && strcmp(rest + strlen(who), expected) == 0, "%.*s",
                (int)strcspn(expected, "\n"), expected)) {
        tap_note(bench.line);
    }
}

static void check_readable(void)
{
    char text[256], path[80];

    bench_paths(&bench);
    snprintf(path, sizeof(path), "%s", bench.log);
    redirect_stderr(path);
    if (!tap_ok(bench_load_to(&bench, "x86_64", policy, "-"),
                "a log on standard error opens")) {
        restore_stderr();
        return;
    }
    restore_stderr();       /* the log has a descriptor of its own */
    make("openat", -100, FIRST, 0, 0);
    snprintf(text, sizeof(text), "openat(AT_FDCWD, \"/etc/shadow\", O_RDONLY)"
             " = EACCES   %s:8\n", bench.policy);
    shows(text);
    make("connect", 3, ADDRESS, 16, 0);
    snprintf(text, sizeof(text), "connect(3, inet 192.0.2.1:443) = EPERM   "
             "%s default\n", bench.policy);
    shows(text);
    make("kill", 1, 9, 0, 0);
    snprintf(text, sizeof(text), "kill(1, SIGKILL) = EPERM (permissive: let "
             "through)   %s:10\n", bench.policy);
    shows(text);
    make("reboot", 0, 0, 0, 0);
    snprintf(text, sizeof(text), "reboot(0, 0, LINUX_REBOOT_CMD_CAD_OFF, "
             "NULL) = killed (SIGSYS)   "
             "%s:11\n", bench.policy);
    shows(text);
    make("getpid", 0, 0, 0, 0);
    snprintf(text, sizeof(text), "getpid() = 4242   %s:14\n", bench.policy);
    shows(text);
    bench_end(&bench);
}

int main(void)
{
    struct stat st;

    if (!tap_ok(bench_load(&bench, "x86_64", policy), "the policy loads")) {
        return tap_done();
    }
    fill();
    tap_ok(stat(bench.log, &st) == 0 && (st.st_mode & 0777) == 0600,
           "the log is its owner's alone");
    check_whole_record();
    check_members();
    check_unknown_number();
    check_names();
    check_long_strings();
    bench_end(&bench);
    check_sub_call();
    check_facts();
    check_readable();
    return tap_done();
}
