/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix.h"

#include <string.h>

#include "decode.h"
#include "utf8.h"

enum {
    FIX_TEXT_MAX = 300,     /* bytes of one path or address */
    FIX_LINE_MAX = 198,     /* of a policy's line: the reader takes no more */
};

/* What stands in the way of an [allow] line, the strongest last. */
enum obstacle {
    OBSTACLE_GENERAL,       /* a set or the default: any line with the name */
    OBSTACLE_NAME,          /* an unconditional rule for the call: a condition
                               wins */
    OBSTACLE_SET_CONDITION, /* a condition on a set: a condition wins */
    OBSTACLE_CONDITION,     /* a condition on the call: nothing wins */
};

/* --- the rule that refused --------------------------------------------- */

static bool means_call(const char *word, size_t len, const char *name)
{
    char copy[64];
    const char *canonical;

    if (len > 0 && word[0] == '?') {
        word++;
        len--;
    }
    len = strcspn(word, ": \t\n") < len ? strcspn(word, ": \t\n") : len;
    if (len == 0 || len >= sizeof(copy) || word[0] == '@') {
        return false;
    }
    memcpy(copy, word, len);
    copy[len] = '\0';
    if (strcmp(copy, "socketcall") == 0 || strcmp(copy, "ipc") == 0) {
        return true;        /* perhaps: then a condition does no harm */
    }
    canonical = st_canonical_name(copy);
    name = st_canonical_name(name);
    return canonical && name && strcmp(canonical, name) == 0;
}

/* Whether the rule names the call itself, rather than a set or nothing. */
static bool names_call(const struct re_rule *rule, const char *name)
{
    const char *word;

    if (!rule->key || !rule->text || strcmp(rule->key, "default") == 0 ||
        rule->key[0] == '@' || (rule->key[0] == '?' && rule->key[1] == '@')) {
        return false;
    }
    if (strcmp(rule->key, "syscalls") != 0) {
        return true;
    }
    word = rule->text + strspn(rule->text, " \t\n");
    while (*word) {
        size_t len = strcspn(word, " \t\n");

        if (means_call(word, len, name)) {
            return true;
        }
        word += len;
        word += strspn(word, " \t\n");
    }
    return false;
}

/* Whether the rule stood among the slot's candidates with a condition. */
static bool conditional(const struct re_layer *layer,
                        const struct re_call *call)
{
    const struct re_slot *slot;

    if (call->rule->when.first) {
        return true;
    }
    if (call->slot < 0) {
        return false;
    }
    slot = &layer->slots[call->slot];
    for (unsigned i = 0; i < slot->count; i++) {
        if (slot->candidates[i].rule == call->rule) {
            return slot->candidates[i].tests;
        }
    }
    return false;
}

static enum obstacle find_obstacle(const struct re_layer *layer,
                                   const struct re_call *call,
                                   const char *name)
{
    bool named = names_call(call->rule, name);

    if (conditional(layer, call)) {
        return named ? OBSTACLE_CONDITION : OBSTACLE_SET_CONDITION;
    }
    return named ? OBSTACLE_NAME : OBSTACLE_GENERAL;
}

/* --- the condition ----------------------------------------------------- */

/* The constant whose value is a family's choice mask: O_ACCMODE. */
static const char *mask_name(const struct st_target *target,
                             st_family_t family, uint64_t mask)
{
    const char *name;
    uint64_t value;

    for (unsigned i = 0; (name = st_constant_at(target, family, i, &value));
         i++) {
        size_t len = strlen(name);

        if (value == mask && len > 4 &&
            (strcmp(name + len - 4, "MASK") == 0 ||
             strcmp(name + len - 4, "MODE") == 0)) {
            return name;
        }
    }
    return NULL;
}

/* The value as a policy spells it: names of constants, else a number. */
static void put_value(const struct st_target *target, const struct st_arg *arg,
                      uint64_t value, struct re_out *out)
{
    uint64_t bits = arg->width < 64 ?
        value & ((UINT64_C(1) << arg->width) - 1) : value;
    char text[160];
    size_t len = sizeof(text);

    if (arg->family) {
        len = st_format_constant(target, arg->family, bits, text,
                                 sizeof(text));
    }
    if (len < sizeof(text)) {
        re_out_bytes(out, text, len);
    } else if (arg->family) {
        re_out_hex(out, bits);
    } else if (arg->is_signed) {
        re_out_signed(out, value);
    } else {
        re_out_unsigned(out, value);
    }
}

static void put_term(const struct st_target *target, const struct st_arg *arg,
                     const uint64_t args[ST_MAX_REGS], uint64_t mask,
                     bool first, struct re_out *out)
{
    uint64_t all = arg->width < 64 ? (UINT64_C(1) << arg->width) - 1 :
        UINT64_MAX;
    uint64_t value = re_decode_number(arg, args);
    const char *name;

    re_out_text(out, first ? "" : " && ");
    if ((mask & all) == all) {
        re_out_text(out, arg->name);
    } else {
        re_out_text(out, "(");
        re_out_text(out, arg->name);
        re_out_text(out, " & ");
        name = mask_name(target, arg->family, mask);
        if (name) {
            re_out_text(out, name);
        } else {
            re_out_hex(out, mask);
        }
        re_out_text(out, ")");
        value &= mask;
    }
    re_out_text(out, " == ");
    put_value(target, arg, value, out);
}

/* --- paths and addresses ----------------------------------------------- */

/* A path that conditions can name: absolute, and with nothing in it that they
 * would have resolved. */
static bool is_clean(const char *path, size_t len)
{
    if (len == 0 || path[0] != '/') {
        return false;
    }
    for (size_t i = 0; i + 1 < len; i++) {
        const char *rest = path + i + 1;
        size_t n = len - i - 1;

        if (path[i] != '/') {
            continue;
        }
        while (n > 0 && *rest == '.') {
            rest++;
            n--;
        }
        /* "//", "/./" and "/../", also at the end */
        if ((n == 0 || *rest == '/') && rest - (path + i + 1) <= 2) {
            return false;
        }
    }
    return len == 1 || path[len - 1] != '/';
}

/* Text as a policy can hold it; false when it cannot. */
static bool put_text(const char *text, size_t len, struct re_out *out)
{
    static const char safe[] = "/._-+@%~=:0123456789"
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t plain = 0;

    if (len == 0 || len > FIX_TEXT_MAX) {
        return false;
    }
    while (plain < len && text[plain] && strchr(safe, text[plain])) {
        plain++;
    }
    if (plain == len) {
        re_out_bytes(out, text, len);
        return true;
    }
    re_out_text(out, "\"");
    for (size_t i = 0; i < len;) {
        uint32_t point;
        unsigned n = re_utf8_decode(text + i, len - i, &point);

        if (n == 0 || !re_utf8_harmless(point)) {
            return false;
        }
        re_out_text(out, point == '"' || point == '\\' ? "\\" : "");
        re_out_bytes(out, text + i, n);
        i += n;
    }
    re_out_text(out, "\"");
    return true;
}

static bool put_text_term(const char *subject, const char *text, size_t len,
                          bool first, struct re_out *out)
{
    size_t before = out->len;

    re_out_text(out, first ? "" : " && ");
    re_out_text(out, subject);
    re_out_text(out, " == ");
    if (put_text(text, len, out) && !out->cut) {
        return true;
    }
    out->len = before;
    out->cut = false;
    return false;
}

/* The folder that a relative path of the call begins from, a guest's descriptor
 * or RE_CWD. */
static int folder_of(const struct st_target *target,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS], unsigned index)
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(target, call->slot, all), dirfd = RE_CWD;

    for (int i = 0; i < count; i++) {
        if (all[i].kind == ST_KIND_DIRFD) {
            dirfd = (int32_t)args[all[i].reg];
        } else if (all[i].kind == ST_KIND_PATH) {
            if (index-- == 0) {
                break;
            }
            dirfd = RE_CWD;
        }
    }
    return dirfd;
}

/* A relative path behind the name of its folder, as the program has it now. */
static bool put_relative(const struct st_target *target,
                         const struct re_call *call,
                         const uint64_t args[ST_MAX_REGS], unsigned index,
                         const struct re_fix_texts *texts,
                         const char *given, size_t len, bool first,
                         struct re_out *out)
{
    const struct re_guest_ops *ops = texts->ops;
    char whole[FIX_TEXT_MAX];
    ssize_t n = -1;

    while (len >= 2 && memcmp(given, "./", 2) == 0) {
        given += 2;
        len -= 2;
    }
    if (len > 0 && given[0] != '/' && ops && ops->fd_path) {
        n = ops->fd_path(call->guest, folder_of(target, call, args, index),
                         whole, sizeof(whole));
    }
    if (n < 1 || whole[0] != '/' || n + 1 + len >= sizeof(whole)) {
        return false;
    }
    n -= n == 1;                /* "/" */
    whole[n] = '/';
    memcpy(whole + n + 1, given, len);
    return is_clean(whole, n + 1 + len) &&
        put_text_term(index ? "path2" : "path", whole, n + 1 + len, first,
                      out);
}

/* The call's own path: canonical if a condition has asked for it, else as
 * written. The policy resolves what it names, too. */
static bool put_path(const struct st_target *target,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS], unsigned index,
                     const struct re_fix_texts *texts, bool first,
                     struct re_out *out)
{
    const char *given = index ? texts->path2 : texts->path;
    size_t len = index ? texts->path2_len : texts->path_len;

    const struct re_facts *facts = call->facts;
    const char *subject = index ? "path2" : "path";

    if (facts && facts->made & RE_FACT_PATH << index &&
        facts->paths[index].len > 0) {
        return put_text_term(subject, facts->paths[index].name,
                             facts->paths[index].len, first, out);
    }
    if (!given || !is_clean(given, len)) {
        return given && put_relative(target, call, args, index, texts, given,
                                     len, first, out);
    }
    return put_text_term(subject, given, len, first, out);
}

static bool opens_path(const struct st_target *target, int slot)
{
    static const char *const opens[] = { "creat", "open", "openat", "openat2" };
    const char *name = st_canonical_name(st_slot_name(target, slot));

    for (size_t i = 0; name && i < sizeof(opens) / sizeof(opens[0]); i++) {
        if (strcmp(name, opens[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Which access an open asks for; NULL when the call opens nothing, or has its
 * flags in memory that no condition has read. */
static const char *access_name(const struct st_target *target,
                               const struct re_call *call,
                               const uint64_t args[ST_MAX_REGS])
{
    static const char *const names[] = { "read", "write", "readwrite" };
    uint64_t creat = 0, trunc = 0, flags;
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(target, call->slot, all);

    if (!opens_path(target, call->slot)) {
        return NULL;
    }
    if (call->facts && call->facts->made & RE_FACT_ACCESS) {
        return names[call->facts->access];
    }
    if (strcmp(st_slot_name(target, call->slot), "creat") == 0) {
        return names[RE_ACCESS_WRITE];
    }
    for (int i = 0; i < count; i++) {
        if (all[i].kind == ST_KIND_FLAGS &&
            st_constant(target, all[i].family, "O_CREAT", &creat) == 0 &&
            st_constant(target, all[i].family, "O_TRUNC", &trunc) == 0) {
            flags = re_decode_number(&all[i], args);
            return names[(flags & 3) == 1 ? RE_ACCESS_WRITE :
                         flags & (3 | creat | trunc) ? RE_ACCESS_READWRITE :
                         RE_ACCESS_READ];
        }
    }
    return NULL;
}

static bool put_paths(const struct st_target *target,
                      const struct re_call *call,
                      const uint64_t args[ST_MAX_REGS],
                      const struct re_fix_texts *texts, struct re_out *out)
{
    const char *access;

    if (!texts->path || !put_path(target, call, args, 0, texts, true, out)) {
        return false;
    }
    if (texts->path2) {
        put_path(target, call, args, 1, texts, false, out);
    }
    access = access_name(target, call, args);
    if (access) {
        re_out_text(out, " && access == ");
        re_out_text(out, access);
    }
    return true;
}

/* "inet 192.0.2.1:443" as "addr == 192.0.2.1 && port == 443". */
static bool put_internet(const char *text, size_t len, bool with_port,
                         struct re_out *out)
{
    bool brackets = text[0] == '[';
    const char *start = text + brackets, *end = text + len, *colon = end;

    while (colon > start && *colon != ':') {
        colon--;
    }
    end = colon - brackets;
    if (memchr(start, '%', end - start)) {  /* a scope is no address's part */
        end = memchr(start, '%', end - start);
    }
    if (!put_text_term("addr", start, end - start, true, out)) {
        return false;
    }
    if (with_port) {
        re_out_text(out, " && port == ");
        re_out_bytes(out, colon + 1, text + len - colon - 1);
    }
    return true;
}

static bool put_address(const char *text, size_t len, bool with_port,
                        struct re_out *out)
{
    static const struct {
        const char *start, *family;
    } families[] = {
        { "unix (unnamed)", "AF_UNIX" }, { "netlink ", "AF_NETLINK" },
    };
    const char *comma = memchr(text, ',', len);

    if (len > 5 && memcmp(text, "inet ", 5) == 0) {
        return put_internet(text + 5, len - 5, with_port, out);
    }
    if (len > 6 && memcmp(text, "inet6 ", 6) == 0) {
        return put_internet(text + 6, len - 6, with_port, out);
    }
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t n = strlen(families[i].start);

        if (len >= n && memcmp(text, families[i].start, n) == 0) {
            return put_text_term("family", families[i].family,
                                 strlen(families[i].family), true, out);
        }
    }
    if (len > 5 && memcmp(text, "unix ", 5) == 0) {
        return (text[5] == '@' || is_clean(text + 5, len - 5)) &&
            put_text_term("unix", text + 5, len - 5, true, out);
    }
    return comma && put_text_term("family", text, comma - text, true, out);
}

/* The port that somebody connects from is another each time. */
static bool takes_connections(const struct st_target *target, int slot)
{
    const char *name = st_canonical_name(st_slot_name(target, slot));

    return name && strncmp(name, "accept", 6) == 0;
}

/* What the call's pointers lead to. */
static bool put_texts(const struct st_target *target,
                      const struct re_call *call,
                      const uint64_t args[ST_MAX_REGS],
                      const struct re_fix_texts *texts, struct re_out *out)
{
    return texts->address ?
        put_address(texts->address, texts->address_len,
                    !takes_connections(target, call->slot), out) :
        put_paths(target, call, args, texts, out);
}

/* --- the condition ----------------------------------------------------- */

/* The bits of an argument that say what the call is about; 0: it does not. */
static uint64_t telling_bits(const struct st_arg *arg)
{
    const struct st_family *family = st_family_at(arg->family);

    /* A protocol's meaning depends on the domain, which is there already. */
    if (!family || strcmp(arg->name, "protocol") == 0 ||
        (arg->kind != ST_KIND_FLAGS && arg->kind != ST_KIND_SIGNAL)) {
        return 0;
    }
    /* Whether memory may become code is the point of mmap and mprotect. */
    return strcmp(arg->name, "prot") == 0 ? UINT64_MAX : family->choice_mask;
}

static bool is_pointer(const struct st_arg *arg)
{
    return arg->kind == ST_KIND_PATH || arg->kind == ST_KIND_STRING ||
        arg->kind == ST_KIND_SOCKADDR || arg->kind == ST_KIND_SOCKADDR_OUT ||
        arg->kind == ST_KIND_BUFFER || arg->kind == ST_KIND_POINTER;
}

/* Writes the condition; false when there is nothing to say (and, with "must",
 * nothing at all that could be compared). */
static bool put_condition(const struct st_target *target,
                          const struct re_call *call,
                          const uint64_t args[ST_MAX_REGS],
                          const struct re_fix_texts *texts, bool must,
                          struct re_out *out)
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(target, call->slot, all);
    bool any = put_texts(target, call, args, texts, out);
    bool told = any && (access_name(target, call, args) ||
                        takes_connections(target, call->slot));

    for (int i = 0; i < count; i++) {
        /* "access" has said what an open's flags tell; accept4's tell nothing
         * of whom it lets in. */
        uint64_t mask = told ? 0 : telling_bits(&all[i]);

        if (mask) {
            put_term(target, &all[i], args, mask, !any, out);
            any = true;
        }
    }
    for (int i = 0; i < count && must && !any; i++) {
        if (!is_pointer(&all[i])) {
            put_term(target, &all[i], args, UINT64_MAX, true, out);
            any = true;
        }
    }
    return any;
}

/* --- the line ---------------------------------------------------------- */

static void put_comment(const struct re_rule *rule, struct re_out *out)
{
    re_out_text(out, "; ");
    re_out_escaped(out, rule->file, strlen(rule->file), RE_ESCAPE_TEXT, 256);
    re_out_text(out, ":");
    re_out_unsigned(out, rule->line);
    re_out_text(out, " refuses this before any [allow] line: change it there");
}

static bool put_line(const struct st_target *target,
                     const struct re_call *call,
                     const uint64_t args[ST_MAX_REGS],
                     const struct re_fix_texts *texts, bool must,
                     struct re_out *out)
{
    static const char section[] = "[allow] ";
    size_t before = out->len;

    re_out_text(out, section);
    re_out_text(out, st_slot_name(target, call->slot));
    re_out_text(out, " = ");
    if (put_condition(target, call, args, texts, must, out) && !out->cut &&
        out->len - before <= strlen(section) + FIX_LINE_MAX) {
        return true;
    }
    out->len = before;
    out->cut = false;
    return false;
}

/* Where not all that could be named has room in a policy's line, less is. */
static bool put_allow(const struct st_target *target,
                      const struct re_call *call,
                      const uint64_t args[ST_MAX_REGS],
                      const struct re_fix_texts *texts, bool must,
                      struct re_out *out)
{
    struct re_fix_texts fewer = *texts;
    bool found = put_line(target, call, args, &fewer, must, out);

    if (!found && fewer.path2) {
        fewer.path2 = NULL;
        found = put_line(target, call, args, &fewer, must, out);
    }
    if (!found && (fewer.path || fewer.address)) {
        fewer = (struct re_fix_texts) { .ops = texts->ops };
        found = put_line(target, call, args, &fewer, must, out);
    }
    return found;
}

void re_fix_text(const struct re_layer *layer, const struct re_call *call,
                 const uint64_t args[ST_MAX_REGS],
                 const struct re_fix_texts *texts, struct re_out *out)
{
    const struct st_target *target = layer->target;
    const char *name = call->slot < 0 ? NULL :
        st_slot_name(target, call->slot);
    enum obstacle obstacle;

    if (call->rule->verdict < RE_VERDICT_DENY) {
        return;
    }
    if (!name) {
        re_out_text(out, "[policy] unknown = allow");
        return;
    }
    obstacle = find_obstacle(layer, call, name);
    if (obstacle != OBSTACLE_CONDITION &&
        put_allow(target, call, args, texts, obstacle != OBSTACLE_GENERAL,
                  out)) {
        return;
    }
    if (obstacle == OBSTACLE_GENERAL) {
        re_out_text(out, "[allow] syscalls = ");
        re_out_text(out, name);
    } else {
        put_comment(call->rule, out);
    }
}
