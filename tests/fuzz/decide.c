/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deciding: random policies in up to two layers, random calls with paths,
 * addresses and descriptors; the engine's answer against a plain evaluator's.
 * Any difference is a finding.
 */
#include "decide.h"

#include <errno.h>

#include <ruleengine/engine.h>

enum { LAYERS = 2, CALLS = 64, BASE = 0x10000, PATHS = 0x400, SIZE = 0x1000,
       ADDRESS = 2 * PATHS };

unsigned long fuzz_worth;           /* sets of policies that loaded */

const char *const fuzz_words[] = { NULL };

/* --- the guest ------------------------------------------------------------ */

struct guest {
    unsigned char memory[SIZE];
    struct world world;
};

static int guest_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    struct guest *g = opaque;

    if (addr < BASE || addr - BASE > SIZE || len > SIZE - (addr - BASE)) {
        return -EFAULT;
    }
    memcpy(buf, g->memory + (addr - BASE), len);
    return 0;
}

/* Without links, and all paths are absolute. */
static void guest_path(void *opaque, const struct re_path_query *q,
                       struct re_path *path)
{
    struct guest *g = opaque;
    const char *text = q->given ? q->given : q->index < 2 ?
        g->world.path[q->index] : "";

    path->len = strlen(text);
    memcpy(path->name, text, path->len + 1);
}

static void guest_descriptor(void *opaque, int fd, int reg,
                             struct re_path *path)
{
    struct guest *g = opaque;

    (void)reg;
    path->len = 0;
    if (fd == 7) {
        path->len = strlen(g->world.fdpath);
        memcpy(path->name, g->world.fdpath, path->len + 1);
    }
}

static const struct re_guest_ops ops = {
    .read = guest_read, .path = guest_path, .descriptor = guest_descriptor,
};

/* --- calls ---------------------------------------------------------------- */

static void put_number(const struct st_target *t, unsigned char *at,
                       uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[st_big_endian(t) ? size - 1 - i : i] = value >> 8 * i;
    }
}

/* A question of the rule that the call is made for; NULL: none of that kind. */
static const struct node *asked(const struct rule *r, enum node_kind kind,
                                const char *subject, struct fuzz_bytes *b)
{
    unsigned from = r->used ? fuzz_below(b, r->used) : 0;

    for (unsigned i = 0; i < r->used; i++) {
        const struct node *n = &r->nodes[(from + i) % r->used];

        if (n->kind == kind && (!subject || !strcmp(n->subject, subject))) {
            return n;
        }
    }
    return NULL;
}

/* Numbers beside the ends of what the rule asks for. */
static void put_near(const struct rule *r, const struct st_target *t,
                     const struct st_arg *a, uint64_t args[ST_MAX_REGS],
                     struct fuzz_bytes *b)
{
    const struct node *n = asked(r, NODE_NUMBER, a->name, b);
    uint64_t value;

    if (!n || a->pair != ST_PAIR_NONE) {
        return;
    }
    value = (fuzz_below(b, 2) ? n->low : n->high) + fuzz_below(b, 3) - 1;
    if (a->width < 64 && fuzz_below(b, 2)) {
        value = (value & ((UINT64_C(1) << a->width) - 1)) |
            fuzz_number(b, 1) << a->width;
    }
    args[a->reg] = st_word_bits(t) == 32 ? (uint64_t)(int32_t)value : value;
}

/* A text that fits what the rule asks for, or nearly. */
static void make_text(char text[TEXT], const struct rule *r,
                      enum node_kind kind, struct fuzz_bytes *b)
{
    const struct node *n = asked(r, kind, NULL, b);

    if (n && fuzz_below(b, 4)) {
        decide_make_like(text, n, b);
    } else {
        decide_make_path(text, b);
    }
}

/* Returns the address's length. */
static unsigned make_address(struct guest *g, const struct st_target *t,
                             const struct rule *r, struct fuzz_bytes *b)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const unsigned families[] = { 2, 10, 1, 16 };
    unsigned char *at = g->memory + ADDRESS;
    struct world *w = &g->world;

    w->family = families[fuzz_below(b, 4)];
    w->port = fuzz_below(b, 16);
    memset(at, 0, 128);
    memset(w->ip, 0, sizeof(w->ip));
    put_number(t, at, w->family, 2);
    at[3] = w->port;
    switch (w->family) {
    case 2:
        memcpy(w->ip, mapped, 12);
        w->ip[12] = 10;
        w->ip[13] = fuzz_below(b, 4);
        w->ip[15] = fuzz_below(b, 4);
        memcpy(at + 4, w->ip + 12, 4);
        return 16;
    case 10:
        memcpy(w->ip, mapped, 12);
        w->ip[0] = fuzz_below(b, 2) ? 0xfd : 0;
        w->ip[12] = fuzz_below(b, 2) ? 10 : 0;
        w->ip[13] = fuzz_below(b, 4);
        w->ip[15] = fuzz_below(b, 4);
        memcpy(at + 8, w->ip, 16);
        return 28;
    case 1:
        make_text(w->unix_name, r, NODE_UNIX, b);
        memcpy(at + 2, w->unix_name, strlen(w->unix_name));
        if (w->unix_name[0] == '@' || fuzz_below(b, 3) == 0) {
            w->unix_name[0] = '@';
            at[2] = 0;
            return 2 + strlen(w->unix_name);
        }
        return 3 + strlen(w->unix_name);
    }
    return 12;
}

static uint64_t number(struct fuzz_bytes *b)
{
    unsigned choice = fuzz_byte(b);
    uint64_t value = choice & 3 ? fuzz_below(b, 300) : fuzz_number(b, 8);

    switch (choice >> 2 & 3) {
    case 0:
        return value;
    case 1:
        return -value;
    case 2:
        return value | fuzz_number(b, 4) << 32;
    default:
        return (uint64_t)(int64_t)(int32_t)value;
    }
}

static void make_call(struct guest *g, const struct st_target *t,
                      const struct rule *r, struct re_call *call,
                      struct fuzz_bytes *b)
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(t, call->slot, all);
    struct world *w = &g->world;
    unsigned paths = 0;

    memset(w, 0, sizeof(*w));
    for (int i = 0; i < ST_MAX_REGS; i++) {
        call->args[i] = number(b);
    }
    make_text(w->fdpath, r, NODE_FDPATH, b);
    for (int i = 0; i < count; i++) {
        put_near(r, t, &all[i], call->args, b);
    }
    for (int i = count; i-- > 0; ) {
        const struct st_arg *a = &all[i];

        if (a->kind == ST_KIND_FD) {
            if (fuzz_below(b, 2)) {
                call->args[a->reg] = 7;
            }
            w->fd = (int32_t)call->args[a->reg];
        }
    }
    for (int i = 0; i < count; i++) {
        const struct st_arg *a = &all[i];

        if (a->kind == ST_KIND_PATH) {
            char *path = w->path[paths];

            make_text(path, r, paths ? NODE_PATH2 : NODE_PATH, b);
            strcpy((char *)g->memory + paths * PATHS, path);
            call->args[a->reg] = BASE + paths++ * PATHS;
        } else if (a->kind == ST_KIND_SOCKADDR) {
            w->has_address = strcmp(st_slot_name(t, call->slot), "sendto") ||
                fuzz_below(b, 4);
            call->args[all[i + 1].reg] =
                w->has_address ? make_address(g, t, r, b) : 0;
            call->args[a->reg] = w->has_address ? BASE + ADDRESS : 0;
        }
    }
}

static struct answer ask(struct re_engine *engine, struct re_call *call)
{
    struct re_thread thread = { .again = false };
    struct answer a = { .action = ALLOW };

    switch (re_enter(engine, &thread, call)) {
    case RE_STEP_TRAP:
        a.action = TRAP;
        break;
    case RE_STEP_KILL:
        a.action = KILL;
        break;
    case RE_STEP_DONE:
        a.action = call->result < 0 ? ERROR : RETURN;
        a.error = call->result < 0 ? -call->result : 0;
        a.value = call->result < 0 ? 0 : call->result;
        break;
    default:
        break;
    }
    return a;
}

static bool same(struct answer fast, struct answer plain)
{
    if (plain.action == DENY) {
        plain.action = ERROR;           /* the guest sees no difference */
    }
    return fast.action == plain.action &&
        (plain.action != ERROR || fast.error == plain.error) &&
        (plain.action != RETURN || fast.value == plain.value);
}

static void compare(struct re_engine *engine, const struct policy *layers,
                    unsigned count, const struct st_target *t,
                    struct fuzz_bytes *b)
{
    static struct guest guest;
    static struct re_facts facts;
    const struct policy *p = &layers[fuzz_below(b, count)];
    const struct rule *rule = &p->rules[fuzz_below(b, p->count)];
    const char *name = rule->name[0] == '@' ? decide_name(b) : rule->name;
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned n = st_slots_of_name(t, name, slots);
    struct re_call call = { .guest = &guest, .facts = &facts };
    uint64_t args[ST_MAX_REGS];
    struct answer fast, plain;

    if (n == 0) {
        return;
    }
    call.slot = slots[fuzz_below(b, n)];
    call.nr = st_number_of_slot(t, call.slot);
    if (st_slot_is_carrier(t, call.slot)) {
        return;
    }
    make_call(&guest, t, rule, &call, b);
    memcpy(args, call.args, sizeof(args));
    plain = decide_plain(layers, count, t, call.slot, args, &guest.world);
    fast = ask(engine, &call);
    if (!same(fast, plain) || (!re_engine_map(engine)[call.slot] &&
                               plain.action != ALLOW)) {
        for (unsigned i = 0; i < count; i++) {
            decide_write(&layers[i], stderr);
        }
        fprintf(stderr, "%s %s(", st_target_name(t),
                st_slot_name(t, call.slot));
        for (int i = 0; i < ST_MAX_REGS; i++) {
            fprintf(stderr, "%s%#llx", i ? ", " : "",
                    (unsigned long long)args[i]);
        }
        fprintf(stderr, ") \"%s\" \"%s\" fd %d \"%s\" unix \"%s\" family %u "
                "port %u\nfast: %d %d %u, plain: %d %d %u\n",
                guest.world.path[0], guest.world.path[1], guest.world.fd,
                guest.world.fdpath, guest.world.unix_name, guest.world.family,
                guest.world.port, fast.action, fast.error, fast.value,
                plain.action, plain.error, plain.value);
        fuzz_fail("the engine decides otherwise");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Each half ends by itself: what changes in the policies leaves the calls
     * as they are. */
    struct fuzz_bytes b = { data, size / 2 };
    struct fuzz_bytes rest = { data + size / 2, size - size / 2 };
    unsigned count = 1 + fuzz_below(&b, LAYERS);
    const struct st_target *t = st_target_at(fuzz_below(&b,
                                                        st_target_count()));
    static struct policy layers[LAYERS];
    char paths[LAYERS][32];
    const char *policies[LAYERS];
    int fds[LAYERS];
    struct re_config config = {
        .target = t, .ops = &ops, .policies = policies, .policy_count = count,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;

    for (unsigned i = 0; i < count; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);

        decide_make(&layers[i], t, &b);
        decide_write(&layers[i], out);
        fclose(out);
        fds[i] = fuzz_file(text, length, paths[i]);
        policies[i] = paths[i];
        free(text);
    }
    /* Some contradict themselves, or name what the target lacks. */
    if (re_engine_new(&engine, &config, diags) == 0) {
        fuzz_worth++;
        for (unsigned i = 0; i < CALLS && rest.left > 0; i++) {
            compare(engine, layers, count, t, &rest);
        }
        re_engine_free(engine);
    }
    re_diags_free(diags);
    for (unsigned i = 0; i < count; i++) {
        close(fds[i]);
    }
    return 0;
}
