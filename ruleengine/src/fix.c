/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix.h"

#include <string.h>

#include "decode.h"

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
static bool put_condition(const struct st_target *target, unsigned slot,
                          const uint64_t args[ST_MAX_REGS], bool must,
                          struct re_out *out)
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(target, slot, all);
    bool any = false;

    for (int i = 0; i < count; i++) {
        uint64_t mask = telling_bits(&all[i]);

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

void re_fix_text(const struct re_layer *layer, const struct re_call *call,
                 const uint64_t args[ST_MAX_REGS], struct re_out *out)
{
    const struct st_target *target = layer->target;
    char text[RE_FIX_MAX];
    struct re_out condition = { .buf = text, .size = sizeof(text) };
    const char *name = call->slot < 0 ? NULL :
        st_slot_name(target, call->slot);
    enum obstacle obstacle;
    bool any;

    if (call->rule->verdict < RE_VERDICT_DENY) {
        return;
    }
    if (!name) {
        re_out_text(out, "[policy] unknown = allow");
        return;
    }
    obstacle = find_obstacle(layer, call, name);
    any = obstacle != OBSTACLE_CONDITION &&
        put_condition(target, call->slot, args, obstacle != OBSTACLE_GENERAL,
                      &condition);
    if (any) {
        re_out_text(out, "[allow] ");
        re_out_text(out, name);
        re_out_text(out, " = ");
        re_out_bytes(out, text, condition.len);
    } else if (obstacle == OBSTACLE_GENERAL) {
        re_out_text(out, "[allow] syscalls = ");
        re_out_text(out, name);
    } else {
        put_comment(call->rule, out);
    }
}
