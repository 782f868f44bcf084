/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log under what a guest may choose: strings, addresses, structures,
 * names of programs. Each record is one line of harmless UTF-8 in each form,
 * the JSON one is JSON for another reader, and a line that is offered to allow
 * the call is a policy that allows it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include <json-c/json.h>

#include <ruleengine/engine.h>

#include "fuzz.h"
#include "utf8.h"

enum { BASE = 0x10000, SIZE = 0x3000, FORMS = 3, LINE_MAX_BYTES = 16384 };

unsigned long fuzz_worth;           /* fixes that were tried */

const char *const fuzz_words[] = {
    "\n", "\"", "\\", "\x1b[2J", "\x7f", "\xc2\x85", "\xe2\x80\xae", "\xff",
    "\xed\xa0\x80", "\xf3\xa0\x80\x81", "\xe2\x80\xa8", "type=SECCOMP", " ; ",
    "/../", "/tmp/x", "\r", "{\"v\":1}", "\xf0\x9f\x98\x80", "*", "}", "(",
    "\t", "/a b", "]", ",", "==", " if ", "\xef\xbb\xbf", NULL,
};

/* --- the guest ------------------------------------------------------------ */

static unsigned char memory[SIZE];

static int guest_read(void *unused, uint64_t addr, void *buf, size_t len)
{
    (void)unused;
    if (addr < BASE || addr - BASE > SIZE || len > SIZE - (addr - BASE)) {
        return -EFAULT;
    }
    memcpy(buf, memory + (addr - BASE), len);
    return 0;
}

static ssize_t guest_read_string(void *unused, uint64_t addr, char *buf,
                                 size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (guest_read(unused, addr + i, buf + i, 1) < 0) {
            return -EFAULT;
        }
        if (!buf[i]) {
            return i;
        }
    }
    buf[size - 1] = '\0';
    return -ENAMETOOLONG;
}

static uint64_t guest_pc(void *unused)
{
    (void)unused;
    return 0x55a0;
}

static void guest_path(void *unused, const struct re_path_query *q,
                       struct re_path *path)
{
    char given[RE_PATH_MAX];
    int n;

    (void)unused;
    if (q->given) {
        snprintf(given, sizeof(given), "%s", q->given);
    } else if (guest_read_string(NULL, q->addr, given, sizeof(given)) < 0) {
        return;
    }
    n = snprintf(path->name, sizeof(path->name), "%s%s",
                 given[0] == '/' ? "" : "/cwd/", given);
    path->len = n > 0 && (size_t)n < sizeof(path->name) ? n : 0;
}

static const struct re_guest_ops ops = {
    .read = guest_read, .read_string = guest_read_string, .pc = guest_pc,
    .path = guest_path,
};

/* --- records -------------------------------------------------------------- */

static const char *const forms[FORMS] = { "", "text:", "kernel:" };

/* One line, of characters that do nothing to a terminal. */
static void check_line(const char *line, size_t len)
{
    if (len == 0 || line[len - 1] != '\n') {
        fuzz_fail("a record without an end");
    }
    len--;
    for (size_t i = 0; i < len; ) {
        uint32_t point;
        unsigned n = re_utf8_decode(line + i, len - i, &point);

        if (n == 0 || !re_utf8_harmless(point)) {
            fprintf(stderr, "at %zu of %.*s\n", i, (int)len, line);
            fuzz_fail("a record with a character that it should not have");
        }
        i += n;
    }
}

static struct re_engine *load(const struct st_target *t, const char *text,
                              const char *const *logs, size_t log_count,
                              struct re_diags *diags)
{
    char path[32];
    const char *policy = path;
    int fd = fuzz_file(text, strlen(text), path);
    struct re_config config = {
        .target = t, .ops = &ops, .policies = &policy, .policy_count = 1,
        .logs = logs, .log_count = log_count, .exe = "/usr/bin/\xff\"x",
    };
    struct re_engine *engine = NULL;

    if (re_engine_new(&engine, &config, diags) < 0) {
        engine = NULL;
    }
    close(fd);
    return engine;
}

static enum re_step ask(struct re_engine *engine, const struct re_call *given)
{
    static struct re_facts facts;
    struct re_thread thread = { .again = false };
    struct re_call call = *given;

    call.facts = &facts;
    return re_enter(engine, &thread, &call);
}

/* "[allow] openat = path == /x": as a policy of its own. */
static void check_fix(const struct st_target *t, const struct re_call *call,
                      const char *fix)
{
    struct re_diags *diags = re_diags_new();
    const char *end = strchr(fix, ']');
    static const char *const quiet[] = { "/dev/null" };
    struct re_engine *engine;
    char text[2048];

    if (fix[0] != '[' || !end) {
        re_diags_free(diags);
        return;                         /* a comment */
    }
    snprintf(text, sizeof(text), "[policy]\ndefault = deny EPERM\n%.*s\n%s\n",
             strncmp(fix, "[policy]", 8) ? (int)(end + 1 - fix) : 0, fix,
             end + 1 + (end[1] == ' '));
    engine = load(t, text, quiet, 1, diags);
    if (!engine) {
        fprintf(stderr, "%s%s", text, re_diag_text(re_diags_at(diags, 0)));
        fuzz_fail("a fix that is no policy");
    }
    if (ask(engine, call) != RE_STEP_RUN) {
        fprintf(stderr, "%s on %s\n", text, st_target_name(t));
        fuzz_fail("a fix that does not allow the call");
    }
    fuzz_worth++;
    re_engine_free(engine);
    re_diags_free(diags);
}

static void check_json(const struct st_target *t, const struct re_call *call,
                       const char *line, size_t len)
{
    struct json_tokener *reader = json_tokener_new();
    struct json_object *record, *fix;

    json_tokener_set_flags(reader, JSON_TOKENER_STRICT);
    record = json_tokener_parse_ex(reader, line, len);
    if (!record || !json_object_is_type(record, json_type_object) ||
        json_tokener_get_error(reader) != json_tokener_success) {
        fprintf(stderr, "%.*s%s\n", (int)len, line, json_tokener_error_desc(
                json_tokener_get_error(reader)));
        fuzz_fail("a record that is no JSON");
    }
    /* Bytes that are no UTF-8 are not to be had back from here. */
    if (json_object_object_get_ex(record, "fix", &fix) &&
        !strstr(strstr(line, "\"fix\":"), "\\udc")) {
        check_fix(t, call, json_object_get_string(fix));
    }
    json_object_put(record);
    json_tokener_free(reader);
}

/* --- calls ---------------------------------------------------------------- */

static uint64_t number(struct fuzz_bytes *b)
{
    switch (fuzz_below(b, 8)) {
    case 0:
        return fuzz_number(b, 8);
    case 1:
        return -(uint64_t)fuzz_byte(b);
    case 2:
    case 3:
        return fuzz_byte(b);
    case 4:
        return BASE + SIZE - fuzz_byte(b);
    default:
        return BASE + fuzz_below(b, 16) * 64;
    }
}

static void make_call(const struct st_target *t, struct re_call *call,
                      struct fuzz_bytes *b)
{
    static const char *const names[] = {
        "openat", "connect", "bind", "sendto", "sendmsg", "rename", "execve",
        "openat2", "kill", "ioctl", "mount", "symlinkat", "clock_settime",
    };
    unsigned choice = fuzz_below(b, 32);
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = 0;

    if (choice < sizeof(names) / sizeof(names[0])) {
        count = st_slots_of_name(t, names[choice], slots);
    }
    call->slot = count ? slots[fuzz_below(b, count)] :
        fuzz_below(b, st_slot_count(t));
    while (choice < 28 && !st_slot_name(t, call->slot)) {
        call->slot = (call->slot + 1) % st_slot_count(t);
    }
    call->nr = st_number_of_slot(t, call->slot);
    if (!st_slot_name(t, call->slot)) {
        call->slot = -1;                /* as one that nobody knows */
    }
    for (int i = 0; i < ST_MAX_REGS; i++) {
        uint64_t value = number(b);

        call->args[i] = st_word_bits(t) == 32 ? (uint64_t)(int32_t)value :
            value;
    }
    if (fuzz_below(b, 2)) {
        call->args[fuzz_below(b, 3)] = RE_CWD;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes b = { data, size };
    const struct st_target *t = st_target_at(fuzz_below(&b,
                                                        st_target_count()));
    struct re_call call = { .nr = -1 };
    struct re_diags *diags = re_diags_new();
    char paths[FORMS][40], comm[16] = "";
    const char *logs[FORMS];
    int fds[FORMS];
    struct re_engine *engine;

    make_call(t, &call, &b);
    for (unsigned i = 0; i < sizeof(comm) - 1; i++) {
        comm[i] = fuzz_byte(&b);
    }
    memset(memory, fuzz_byte(&b) & 1 ? 'x' : 0, sizeof(memory));
    memcpy(memory, b.at, b.left < sizeof(memory) ? b.left : sizeof(memory));
    for (int i = 0; i < FORMS; i++) {
        char path[32];

        fds[i] = fuzz_file("", 0, path);
        snprintf(paths[i], sizeof(paths[i]), "%s%s", forms[i], path);
        logs[i] = paths[i];
    }
    engine = load(t, "[policy]\ndefault = deny EPERM\nunknown = deny ENOSYS\n",
                  logs, FORMS, diags);
    if (!engine) {
        fprintf(stderr, "%s", re_diag_text(re_diags_at(diags, 0)));
        fuzz_fail("no engine");
    }
    /* The guest's name for itself, which differs from the emulator's. */
    prctl(PR_SET_NAME, comm);
    ask(engine, &call);
    prctl(PR_SET_NAME, "fuzz");
    re_engine_free(engine);
    for (int i = 0; i < FORMS; i++) {
        static char line[LINE_MAX_BYTES + 1];
        ssize_t len = pread(fds[i], line, LINE_MAX_BYTES, 0);

        if (len > 0) {
            line[len] = '\0';
            check_line(line, len);
        }
        if (len > 0 && i == 0) {
            check_json(t, &call, line, len);
        }
        close(fds[i]);
    }
    re_diags_free(diags);
    return 0;
}
