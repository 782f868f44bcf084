/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies out of bytes, and their text. */
#include "decide.h"

#include <arpa/inet.h>

static const char *const calls[] = {
    "openat", "open", "creat", "unlinkat", "renameat2", "rename", "linkat",
    "newfstatat", "execve", "connect", "bind", "sendto", "socket", "kill",
    "lseek", "clone", "fcntl", "pread64", "prctl", "ioctl", "mprotect",
    "write", "read", "fadvise64", "mknodat", "setresuid", "fchmod",
};

static const char *const sets[] = {
    "@open", "@rename", "@connect", "@network-io", "@file-system", "@basic-io",
    "@process",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *decide_name(struct fuzz_bytes *b)
{
    return calls[fuzz_below(b, COUNT(calls))];
}

/* --- texts ---------------------------------------------------------------- */

static void append(char text[TEXT], const char *part)
{
    size_t len = strlen(text);

    if (len + strlen(part) < TEXT) {
        strcpy(text + len, part);
    }
}

void decide_make_path(char text[TEXT], struct fuzz_bytes *b)
{
    static const char *const names[] = {
        "a", "b", "ab", "a b", "*", "c.d", "\\", "\"q", "é", "[a]", "aab", "?",
    };

    text[0] = '\0';
    for (unsigned n = 1 + fuzz_below(b, 4); n > 0; n--) {
        append(text, "/");
        append(text, names[fuzz_below(b, COUNT(names))]);
    }
}

void decide_make_like(char text[TEXT], const struct node *n,
                      struct fuzz_bytes *b)
{
    static const char *const runs[] = { "", "a", "/", "ab", "a/b", "b", "c.d" };

    if (n->relation != LIKE) {
        static const char *const tails[] = { "", "", "/a", "a", "/a/b" };

        strcpy(text, n->text);
        append(text, tails[fuzz_below(b, COUNT(tails))]);
        return;
    }
    text[0] = '\0';
    for (const char *s = n->text; *s; s++) {
        char one[] = { *s, '\0' };

        switch (*s) {
        case '[':
            s = strchr(s, ']');
            append(text, runs[1 + 4 * fuzz_below(b, 2)]);
            break;
        case '*':
        case '?':
            append(text, runs[fuzz_below(b, *s == '*' ? COUNT(runs) : 3)]);
            break;
        case '\\':
            one[0] = *++s;
            /* fall through */
        default:
            append(text, one);
        }
    }
}

static void make_pattern(char text[TEXT], struct fuzz_bytes *b)
{
    static const char *const pieces[] = {
        "a", "b", "*", "**", "?", "[ab]", "[!a]", "\\*", "/", "c.d", "[a-c]",
        "/*", "/**", "\\?", "[!a-b]", "é",
    };

    strcpy(text, "/");
    for (unsigned n = 1 + fuzz_below(b, 7); n > 0; n--) {
        append(text, pieces[fuzz_below(b, COUNT(pieces))]);
    }
}

/* --- conditions ----------------------------------------------------------- */

static bool has_kind(const struct st_arg *args, int count, enum st_kind kind)
{
    for (int i = 0; i < count; i++) {
        if (args[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void make_number(struct node *n, const struct st_arg *arg,
                        struct fuzz_bytes *b)
{
    int64_t low = (int64_t)fuzz_below(b, 300) -
        (arg->is_signed && fuzz_below(b, 2) ? 290 : 0);

    n->kind = NODE_NUMBER;
    snprintf(n->subject, sizeof(n->subject), "%s", arg->name);
    n->masked = fuzz_below(b, 4) == 0;
    n->mask = fuzz_below(b, 255) + 1;
    if (n->masked) {
        /* What has bits outside of the mask is an error. */
        n->low = n->high = fuzz_byte(b) & n->mask;
    } else {
        n->low = low;
        n->high = low + (fuzz_below(b, 2) ? fuzz_byte(b) : 0);
    }
}

static void make_address(struct node *n, struct fuzz_bytes *b)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    bool old = fuzz_below(b, 2);

    n->kind = NODE_ADDR;
    memset(n->ip, 0, sizeof(n->ip));
    if (old) {
        memcpy(n->ip, mapped, 12);
        n->ip[12] = 10;
        n->bits = 96 + fuzz_below(b, 33);
    } else {
        n->ip[0] = 0xfd;
        n->bits = fuzz_below(b, 129);
    }
    n->ip[13] = fuzz_below(b, 4);
    n->ip[15] = fuzz_below(b, 4);
    for (unsigned i = n->bits; i < 128; i++) {
        n->ip[i / 8] &= ~(0x80 >> i % 8);
    }
}

static void make_text(struct node *n, enum node_kind kind,
                      struct fuzz_bytes *b)
{
    n->kind = kind;
    n->relation = fuzz_below(b, 3);
    if (n->relation == LIKE) {
        make_pattern(n->text, b);
    } else {
        decide_make_path(n->text, b);
    }
    if (kind == NODE_UNIX && n->relation == EQUAL && fuzz_below(b, 3) == 0) {
        n->text[0] = '@';
    }
}

/* One question that the call has an answer to. */
static void make_leaf(struct node *n, const char *name,
                      const struct st_arg *args, int count,
                      struct fuzz_bytes *b)
{
    bool path = has_kind(args, count, ST_KIND_PATH);
    bool address = has_kind(args, count, ST_KIND_SOCKADDR);

    n->negated = fuzz_below(b, 3) == 0;
    switch (fuzz_below(b, 6)) {
    case 0:
        if (path) {
            bool second = strncmp(name, "rename", 6) == 0 ||
                strncmp(name, "link", 4) == 0 || name[1] == 'r';

            make_text(n, second && fuzz_below(b, 2) ? NODE_PATH2 : NODE_PATH,
                      b);
            return;
        }
        if (address) {
            make_text(n, NODE_UNIX, b);
            return;
        }
        if (has_kind(args, count, ST_KIND_FD)) {
            make_text(n, NODE_FDPATH, b);
            return;
        }
        break;
    case 1:
        if (address) {
            make_address(n, b);
            return;
        }
        if (strstr(name, "open")) {
            n->kind = NODE_ACCESS;
            n->low = n->high = fuzz_below(b, 3);
            return;
        }
        break;
    case 2:
        if (address) {
            n->kind = fuzz_below(b, 2) ? NODE_PORT : NODE_FAMILY;
            n->low = fuzz_below(b, 12);
            n->high = n->low + fuzz_below(b, 3);
            return;
        }
        break;
    }
    make_number(n, &args[fuzz_below(b, count)], b);
}

static struct node *make_node(struct rule *r, const struct st_arg *args,
                              int count, unsigned depth, struct fuzz_bytes *b)
{
    struct node *n = &r->nodes[r->used++];
    unsigned choice = depth < DEPTH ? fuzz_below(b, 6) : 9;

    if (choice <= NODE_NOT && r->used + 2 <= NODES - DEPTH) {
        n->kind = choice;
        n->left = make_node(r, args, count, depth + 1, b);
        n->right = choice == NODE_NOT ? NULL :
            make_node(r, args, count, depth + 1, b);
    } else {
        make_leaf(n, r->name, args, count, b);
    }
    return n;
}

/* --- rules ---------------------------------------------------------------- */

static void make_rule(struct rule *r, const struct st_target *t,
                      struct fuzz_bytes *b)
{
    static const char *const errors[] = { "EACCES", "EIO", "ENOSYS", "EPERM" };
    unsigned choice = fuzz_byte(b);
    bool is_set = choice % 4 == 0;
    struct st_arg args[ST_MAX_ARGS];
    uint16_t slots[ST_MAX_SPELLINGS];
    const char *example;
    int count = 0;

    r->name = is_set ? sets[fuzz_below(b, COUNT(sets))] : decide_name(b);
    r->action = fuzz_below(b, KILL + 1);
    r->error = errors[fuzz_below(b, COUNT(errors))];
    r->value = fuzz_below(b, 10);
    example = is_set ? st_name_at(st_set_by_name(r->name)->members[0]) :
        r->name;
    if (st_slots_of_name(t, example, slots) > 0) {
        count = st_slot_args(t, slots[0], args);
    }
    if (count > 0 && choice / 4 % 4) {
        r->condition = make_node(r, args, count, 0, b);
    }
}

void decide_make(struct policy *p, const struct st_target *t,
                 struct fuzz_bytes *b)
{
    static const enum action defaults[] = { ALLOW, DENY, TRAP, KILL };

    memset(p, 0, sizeof(*p));
    p->otherwise = defaults[fuzz_below(b, COUNT(defaults))];
    make_rule(&p->rules[p->count++], t, b);
    for (unsigned n = fuzz_below(b, RULES); n > 0 && b->left > 0; n--) {
        make_rule(&p->rules[p->count++], t, b);
    }
}

/* --- writing -------------------------------------------------------------- */

static void write_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_range(const struct node *n, FILE *out)
{
    if (n->low == n->high) {
        fprintf(out, " %s %lld", n->negated ? "!=" : "==", (long long)n->low);
    } else {
        fprintf(out, " %s %lld..%lld", n->negated ? "!in" : "in",
                (long long)n->low, (long long)n->high);
    }
}

static void write_text(const char *subject, const struct node *n, FILE *out)
{
    static const char *const words[][2] = {
        { "==", "!=" }, { "under", "!under" }, { "like", "!like" },
    };

    fprintf(out, "%s %s ", subject, words[n->relation][n->negated]);
    write_quoted(n->text, out);
}

static void write_node(const struct node *n, FILE *out)
{
    static const char *const accesses[] = { "read", "write", "readwrite" };
    char text[INET6_ADDRSTRLEN];
    bool old = n->bits >= 96 && n->ip[0] == 0 && n->ip[10] == 0xff;

    switch (n->kind) {
    case NODE_AND:
    case NODE_OR:
        /* A line has 198 bytes, and what is indented goes on. */
        fputs("(", out);
        write_node(n->left, out);
        fputs(n->kind == NODE_AND ? "\n  && " : "\n  || ", out);
        write_node(n->right, out);
        fputs(")", out);
        break;
    case NODE_NOT:
        fputs("!(", out);
        write_node(n->left, out);
        fputs(")", out);
        break;
    case NODE_NUMBER:
        if (n->masked) {
            fprintf(out, "(%s & 0x%x)", n->subject, n->mask);
        } else {
            fputs(n->subject, out);
        }
        write_range(n, out);
        break;
    case NODE_FAMILY:
        fputs("family", out);
        write_range(n, out);
        break;
    case NODE_PORT:
        fputs("port", out);
        write_range(n, out);
        break;
    case NODE_ACCESS:
        fprintf(out, "access %s %s", n->negated ? "!=" : "==",
                accesses[(int)n->low]);
        break;
    case NODE_PATH:
        write_text("path", n, out);
        break;
    case NODE_PATH2:
        write_text("path2", n, out);
        break;
    case NODE_UNIX:
        write_text("unix", n, out);
        break;
    case NODE_FDPATH:
        write_text("fdpath", n, out);
        break;
    case NODE_ADDR:
        inet_ntop(old ? AF_INET : AF_INET6, old ? n->ip + 12 : n->ip, text,
                  sizeof(text));
        fprintf(out, "addr %s %s/%u", n->negated ? "!in" : "in", text,
                old ? n->bits - 96 : n->bits);
        break;
    }
}

static void write_rule(const struct rule *r, FILE *out)
{
    fprintf(out, "%s%s = ", r->name[0] == '@' ? "" : "?", r->name);
    switch (r->action) {
    case ALLOW:
        fputs(r->condition ? "" : "always", out);
        break;
    case RETURN:
        fprintf(out, "return %u", r->value);
        break;
    case ERROR:
        fprintf(out, "error %s", r->error);
        break;
    case DENY:
        fputs(r->error, out);
        break;
    default:
        fputs(r->action == TRAP ? "trap" : "kill", out);
    }
    if (r->condition) {
        fputs(r->action == ALLOW ? "" : " if ", out);
        write_node(r->condition, out);
    }
    fputc('\n', out);
}

void decide_write(const struct policy *p, FILE *out)
{
    static const char *const defaults[] = {
        [ALLOW] = "allow", [DENY] = "deny EPERM", [TRAP] = "trap",
        [KILL] = "kill",
    };
    static const char *const sections[] = { "allow", "emulate", "deny" };

    fprintf(out, "[policy]\nlog = none\ndefault = %s\n",
            defaults[p->otherwise]);
    for (unsigned s = 0; s < COUNT(sections); s++) {
        fprintf(out, "[%s]\n", sections[s]);
        for (unsigned i = 0; i < p->count; i++) {
            enum action a = p->rules[i].action;

            if (s == (a == ALLOW ? 0 : a <= ERROR ? 1 : 2)) {
                write_rule(&p->rules[i], out);
            }
        }
    }
}
