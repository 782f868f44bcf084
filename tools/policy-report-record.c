/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the audit log (docs/audit.md) -> struct report_record. yajl calls
 * back for each value; nothing is allocated for a record.
 */
#include "policy-report.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* Bytes from other files, as the audit log shows them on a terminal. */
#include "utf8.h"

/* Members that are read. */
enum member {
    M_OTHER, M_V, M_TIME, M_VERDICT, M_PERMISSIVE, M_ERRNO, M_VALUE, M_TARGET,
    M_SYSCALL, M_NR, M_ARGS, M_PATH, M_PATH2, M_SOCKADDR, M_PID, M_COMM, M_EXE,
    M_RULE, M_FIX, M_RESOLVED, M_RESOLVED2, M_LOST, M_LIMITED,
    MEMBERS,
};

static const struct member_name {
    char s[15];
    uint8_t len;
} member_names[MEMBERS] = {
#define NAME(s) { s, sizeof(s) - 1 }
    [M_V] = NAME("v"), [M_TIME] = NAME("time"), [M_VERDICT] = NAME("verdict"),
    [M_PERMISSIVE] = NAME("permissive"), [M_ERRNO] = NAME("errno"),
    [M_VALUE] = NAME("value"), [M_TARGET] = NAME("target"),
    [M_SYSCALL] = NAME("syscall"), [M_NR] = NAME("nr"), [M_ARGS] = NAME("args"),
    [M_PATH] = NAME("path"), [M_PATH2] = NAME("path2"),
    [M_SOCKADDR] = NAME("sockaddr"), [M_PID] = NAME("pid"),
    [M_COMM] = NAME("comm"), [M_EXE] = NAME("exe"), [M_RULE] = NAME("rule"),
    [M_FIX] = NAME("fix"), [M_RESOLVED] = NAME("resolved"),
    [M_RESOLVED2] = NAME("resolved2"), [M_LOST] = NAME("lost"),
    [M_LIMITED] = NAME("limited"),
#undef NAME
};

enum { PLAIN_MAX = 4096 + 128 };    /* bytes of a record's path, and more */

struct report_parser {
    yajl_handle yajl;
    unsigned depth;
    bool in_args;
    unsigned values;        /* at depth 0 */
    bool is_object;         /* the first of them */
    enum member member;     /* that the next value of depth 1 belongs to */
    uint32_t seen;          /* 1 << enum member */
    struct report_text text[MEMBERS];
    char store[32 * 1024];  /* of the texts */
    size_t used;
    char constants[256];    /* of the arguments: "AF_INET, SOCK_STREAM" */
    size_t constants_len;
    char object[2 * REPORT_TEXT_MAX], process[REPORT_TEXT_MAX];
    char number[24];
};

/* --- callbacks ---------------------------------------------------------- */

static void keep(struct report_parser *p, const char *s, size_t len)
{
    char *to = p->store + p->used;
    size_t n;

    if (p->depth != 1 || p->member == M_OTHER ||
        sizeof(p->store) - p->used < 2 * REPORT_TEXT_MAX) {
        return;
    }
    n = p->member == M_TIME || p->member == M_VERDICT ? 64 : REPORT_TEXT_MAX;
    n = report_clean(to, n, s, len);
    p->text[p->member] = (struct report_text) { to, n };
    p->seen |= UINT32_C(1) << p->member;
    p->used += n;
}

/* Names of constants among the arguments say what a call without a path or an
 * address was about. */
static void keep_constant(struct report_parser *p, const char *s, size_t len)
{
    char *to = p->constants + p->constants_len;
    size_t gap = p->constants_len ? 2 : 0;

    if (len < 2 || len + gap > sizeof(p->constants) - p->constants_len ||
        (len == 8 && memcmp(s, "AT_FDCWD", 8) == 0)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        bool first = i == 0 || s[i - 1] == '|';

        if (!(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '_' && s[i] != '|' &&
            (first || !((s[i] >= '0' && s[i] <= '9') ||
                        (s[i] >= 'a' && s[i] <= 'f')))) {
            return;
        }
    }
    memcpy(to, ", ", gap);
    memcpy(to + gap, s, len);
    p->constants_len += gap + len;
}

static void count_value(struct report_parser *p)
{
    if (p->depth == 0) {
        p->values++;
    }
}

static int on_string(void *opaque, const unsigned char *s, size_t len)
{
    struct report_parser *p = opaque;

    if (p->in_args && p->depth == 2) {
        keep_constant(p, (const char *)s, len);
    } else {
        keep(p, (const char *)s, len);
    }
    count_value(p);
    return 1;
}

static int on_number(void *opaque, const char *s, size_t len)
{
    keep(opaque, s, len);
    count_value(opaque);
    return 1;
}

static int on_boolean(void *opaque, int value)
{
    if (value) {
        keep(opaque, "true", 4);
    }
    count_value(opaque);
    return 1;
}

static int on_null(void *opaque)
{
    count_value(opaque);
    return 1;
}

static int on_key(void *opaque, const unsigned char *s, size_t len)
{
    struct report_parser *p = opaque;

    if (p->depth != 1) {
        return 1;
    }
    p->member = M_OTHER;
    for (unsigned i = 1; i < MEMBERS; i++) {
        const struct member_name *name = &member_names[i];

        if (name->len == len && memcmp(name->s, s, len) == 0) {
            p->member = i;
            break;
        }
    }
    return 1;
}

static int open_map(void *opaque)
{
    struct report_parser *p = opaque;

    count_value(p);
    p->is_object |= p->depth == 0;
    p->in_args |= p->depth == 1 && p->member == M_ARGS;
    p->depth++;
    return 1;
}

static int open_array(void *opaque)
{
    struct report_parser *p = opaque;

    count_value(p);
    p->depth++;
    return 1;
}

static int close_any(void *opaque)
{
    struct report_parser *p = opaque;

    p->depth--;
    p->in_args &= p->depth > 1;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = open_map,
    .yajl_map_key = on_key,
    .yajl_end_map = close_any,
    .yajl_start_array = open_array,
    .yajl_end_array = close_any,
};

/* --- the parser --------------------------------------------------------- */

/* One parser reads line after line; only a damaged line costs a new one. */
static void renew(struct report_parser *p)
{
    if (p->yajl) {
        yajl_free(p->yajl);
    }
    p->yajl = policy_need(yajl_alloc(&callbacks, NULL, p));
    yajl_config(p->yajl, yajl_allow_multiple_values, 1);
}

struct report_parser *report_parser_new(void)
{
    struct report_parser *p = policy_need(calloc(1, sizeof(*p)));

    renew(p);
    return p;
}

void report_parser_free(struct report_parser *p)
{
    if (p) {
        yajl_free(p->yajl);
        free(p);
    }
}

/* Whether the line is one JSON value. */
static bool read_line(struct report_parser *p, const char *line, size_t len)
{
    p->depth = p->values = p->seen = 0;
    p->used = p->constants_len = 0;
    p->in_args = p->is_object = false;
    p->member = M_OTHER;
    memset(p->text, 0, sizeof(p->text));
    /* The newline ends a number, so that nothing is left for the next line. */
    if (yajl_parse(p->yajl, (const unsigned char *)line, len) ==
        yajl_status_ok &&
        yajl_parse(p->yajl, (const unsigned char *)"\n", 1) ==
        yajl_status_ok && p->depth == 0 && p->values == 1) {
        return true;
    }
    renew(p);
    return false;
}

/* --- what it means ------------------------------------------------------ */

static bool is_text(const struct report_text *t, const char *word)
{
    return t->len == strlen(word) && memcmp(t->s, word, t->len) == 0;
}

static struct report_text literal(const char *s)
{
    return (struct report_text) { s, strlen(s) };
}

/* The class by the verdict; false when that is unknown. */
static bool classify(const struct report_parser *p, enum report_class *ret)
{
    static const struct { const char *verdict; enum report_class class; }
    table[] = {
        { "deny", REPORT_REFUSED }, { "kill", REPORT_REFUSED },
        { "trap", REPORT_REFUSED }, { "error", REPORT_EMULATED },
        { "return", REPORT_EMULATED }, { "lua", REPORT_EMULATED },
        { "file", REPORT_EMULATED }, { "data", REPORT_EMULATED },
        { "redirect", REPORT_EMULATED }, { "run", REPORT_EMULATED },
        { "device", REPORT_EMULATED }, { "read", REPORT_EMULATED },
        { "any-address", REPORT_EMULATED },
        { "make-parents", REPORT_EMULATED },
        { "below-root", REPORT_EMULATED }, { "allow", REPORT_ALLOWED },
        { "log", REPORT_MESSAGE }, { "limit", REPORT_MESSAGE },
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (is_text(&p->text[M_VERDICT], table[i].verdict)) {
            *ret = table[i].class;
            if (p->seen & 1 << M_PERMISSIVE && *ret == REPORT_REFUSED) {
                *ret = REPORT_PERMISSIVE;
            }
            return true;
        }
    }
    return false;
}

static struct report_text result(const struct report_parser *p)
{
    const struct report_text *verdict = &p->text[M_VERDICT];

    if (p->text[M_ERRNO].len > 0) {
        return p->text[M_ERRNO];
    }
    if (is_text(verdict, "kill")) {
        return literal("killed");
    }
    if (is_text(verdict, "trap")) {
        return literal("SIGSYS");
    }
    if (p->text[M_VALUE].len > 0) {
        return p->text[M_VALUE];
    }
    return is_text(verdict, "lua") ? literal("passed on") :
        is_text(verdict, "allow") ? literal("allowed") : *verdict;
}

static size_t put(char *to, size_t size, const char *s, size_t len)
{
    size_t n = len < size ? len : size;

    if (n > 0) {            /* what is absent has no address */
        memcpy(to, s, n);
    }
    return n;
}

/* "PATH", "PATH -> PATH2", an address; else the arguments' constants. */
static struct report_text object(struct report_parser *p)
{
    const struct report_text *path =
        &p->text[p->text[M_RESOLVED].len ? M_RESOLVED : M_PATH];
    const struct report_text *path2 =
        &p->text[p->text[M_RESOLVED2].len ? M_RESOLVED2 : M_PATH2];
    size_t n;

    if (p->text[M_SOCKADDR].len > 0) {
        return p->text[M_SOCKADDR];
    }
    if (path->len == 0) {
        return (struct report_text) { p->constants, p->constants_len };
    }
    if (path2->len == 0) {
        return *path;
    }
    n = put(p->object, REPORT_TEXT_MAX, path->s, path->len);
    n += put(p->object + n, sizeof(p->object) - n, " -> ", 4);
    n += put(p->object + n, sizeof(p->object) - n, path2->s, path2->len);
    return (struct report_text) { p->object, n };
}

static struct report_text process(struct report_parser *p)
{
    const struct report_text *comm = &p->text[M_COMM], *pid = &p->text[M_PID];
    size_t n = put(p->process, REPORT_TEXT_MAX - 32, comm->s, comm->len);

    n += put(p->process + n, 1, "[", 1);
    n += put(p->process + n, 20, pid->s, pid->len);
    n += put(p->process + n, 1, "]", 1);
    return (struct report_text) { p->process, n };
}

/* "12" of a call without a name: its number. */
static struct report_text call(struct report_parser *p)
{
    const struct report_text *nr = &p->text[M_NR];
    int n;

    if (p->text[M_SYSCALL].len > 0) {
        return p->text[M_SYSCALL];
    }
    n = snprintf(p->number, sizeof(p->number), "%.*s",
                 nr->len < 20 ? (int)nr->len : 20, nr->s ? nr->s : "");
    return (struct report_text) { p->number, n };
}

static uint64_t number(const struct report_text *t)
{
    char digits[24] = "";

    memcpy(digits, t->s ? t->s : "", t->len < 20 ? t->len : 20);
    return digits[0] == '-' ? 0 : strtoull(digits, NULL, 10);
}

enum report_line report_parse(struct report_parser *p, const char *line,
                              size_t len, struct report_record *ret)
{
    const uint32_t needed = 1 << M_V | 1 << M_TIME | 1 << M_VERDICT;
    struct report_record r = { 0 };

    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
        len--;
    }
    if (len == 0) {
        return REPORT_LINE_EMPTY;
    }
    if (!read_line(p, line, len) || !p->is_object) {
        return REPORT_LINE_DAMAGED;
    }
    if ((p->seen & needed) != needed || !is_text(&p->text[M_V], "1") ||
        !classify(p, &r.class) ||
        !report_time_record(p->text[M_TIME].s, p->text[M_TIME].len,
                            &r.time)) {
        return REPORT_LINE_FOREIGN;
    }
    r.lost = number(&p->text[M_LOST]);
    r.limited = number(&p->text[M_LIMITED]);
    r.fix = p->text[M_FIX];
    r.field[REPORT_CALL] = call(p);
    r.field[REPORT_RESULT] = result(p);
    r.field[REPORT_PROGRAM] = p->text[M_COMM];
    r.field[REPORT_OBJECT] = object(p);
    r.field[REPORT_RULE] = p->text[M_RULE];
    r.field[REPORT_TARGET] = p->text[M_TARGET];
    r.field[REPORT_EXE] = p->text[M_EXE];
    r.field[REPORT_PROCESS] = process(p);
    *ret = r;
    return REPORT_LINE_RECORD;
}

/* --- harmless text ------------------------------------------------------ */

/* One character of s, or one byte that is none: its length and what stands
 * for it, in buf[12]. A byte that was not UTF-8 comes as U+DC80 to U+DCFF,
 * which yajl writes as three bytes. */
static unsigned clean_one(const char *s, size_t len, char buf[12],
                          unsigned *ret_shown)
{
    const unsigned char *u = (const unsigned char *)s;
    uint32_t point = 0;
    unsigned n = re_utf8_decode(s, len, &point);

    if (n > 0 && re_utf8_harmless(point)) {
        memcpy(buf, s, n);
        *ret_shown = n;
        return n;
    }
    if (n > 0) {
        *ret_shown = snprintf(buf, 12, point < 0x100 ? "\\x%02x" :
                              point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
        return n;
    }
    if (len >= 3 && u[0] == 0xed && (u[1] == 0xb2 || u[1] == 0xb3) &&
        (u[2] & 0xc0) == 0x80) {
        *ret_shown = snprintf(buf, 12, "\\x%02x",
                              (u[1] & 1) << 6 | 0x80 | (u[2] & 0x3f));
        return 3;
    }
    *ret_shown = snprintf(buf, 12, "\\x%02x", u[0]);
    return 1;
}

size_t report_clean(char *to, size_t size, const char *from, size_t len)
{
    static const char mark[] = "…";
    const size_t mark_len = sizeof(mark) - 1;
    size_t n = 0, fits = 0;     /* "fits": as much as leaves room for mark */

    while (n < len && n + mark_len <= size && from[n] >= ' ' &&
           from[n] < 0x7f) {
        n++;
    }
    memcpy(to, from, n);
    fits = n;
    from += n;
    len -= n;
    while (len > 0) {
        char buf[12];
        unsigned shown, taken;

        taken = clean_one(from, len, buf, &shown);
        if (n + shown > size) {
            memcpy(to + fits, mark, mark_len);
            return fits + mark_len;
        }
        memcpy(to + n, buf, shown);
        n += shown;
        if (n + mark_len <= size) {
            fits = n;
        }
        from += taken;
        len -= taken;
    }
    return n;
}
