/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy says of a call, as docs/policy.md has it, and slowly. */
#include "decide.h"

/* --- texts ---------------------------------------------------------------- */

/* One of "[a-c]" or "[!ab]"; *ret_next is behind it. */
static bool in_class(const char *p, char c, const char **ret_next)
{
    bool inverted = p[1] == '!', found = false;

    for (p += 1 + inverted; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            found |= c >= p[0] && c <= p[2];
            p += 2;
        } else {
            found |= c == *p;
        }
    }
    *ret_next = p + 1;
    return found != inverted && c != '/' && c != '\0';
}

static bool like(const char *p, const char *s)
{
    const char *next;

    switch (*p) {
    case '\0':
        return *s == '\0';
    case '*':
        if (p[1] == '*') {
            return like(p + 2, s) || (*s && like(p, s + 1));
        }
        return like(p + 1, s) || (*s && *s != '/' && like(p, s + 1));
    case '?':
        return *s && *s != '/' && like(p + 1, s + 1);
    case '[':
        return in_class(p, *s, &next) && like(next, s + 1);
    case '\\':
        return p[1] == *s && like(p + 2, s + 1);
    default:
        return *p == *s && like(p + 1, s + 1);
    }
}

static bool text_holds(const struct node *n, const char *text)
{
    size_t len = strlen(n->text);

    switch (n->relation) {
    case EQUAL:
        return strcmp(text, n->text) == 0;
    case UNDER:
        return strncmp(text, n->text, len) == 0 &&
            (text[len] == '\0' || text[len] == '/');
    default:
        return like(n->text, text);
    }
}

/* --- subjects ------------------------------------------------------------- */

struct call {
    const struct st_target *target;
    unsigned slot;
    const uint64_t *args;
    const struct world *world;
    struct st_arg all[ST_MAX_ARGS];
    int count;
};

static unsigned kinds(const struct call *c, enum st_kind kind)
{
    unsigned found = 0;

    for (int i = 0; i < c->count; i++) {
        found += c->all[i].kind == kind;
    }
    return found;
}

static const struct st_arg *argument(const struct call *c, const char *name)
{
    for (int i = 0; i < c->count; i++) {
        if (strcmp(c->all[i].name, name) == 0) {
            return &c->all[i];
        }
    }
    return NULL;
}

static bool opens(const struct call *c)
{
    const char *name = st_slot_name(c->target, c->slot);

    return strcmp(name, "open") == 0 || strcmp(name, "openat") == 0 ||
        strcmp(name, "creat") == 0;
}

/* Whether the call has what a condition asks for. */
static bool can_answer(const struct call *c, const struct node *n)
{
    switch (n->kind) {
    case NODE_AND:
    case NODE_OR:
        return can_answer(c, n->left) && can_answer(c, n->right);
    case NODE_NOT:
        return can_answer(c, n->left);
    case NODE_NUMBER:
        return argument(c, n->subject);
    case NODE_PATH:
        return kinds(c, ST_KIND_PATH) >= 1;
    case NODE_PATH2:
        return kinds(c, ST_KIND_PATH) >= 2;
    case NODE_FDPATH:
        return kinds(c, ST_KIND_FD) >= 1;
    case NODE_ACCESS:
        return opens(c);
    case NODE_FAMILY:
    case NODE_PORT:
    case NODE_UNIX:
    case NODE_ADDR:
        return kinds(c, ST_KIND_SOCKADDR) >= 1;
    }
    abort();
}

static __int128 value_of(const struct call *c, const struct st_arg *arg)
{
    __int128 one = 1, value;
    uint64_t bits = c->args[arg->reg];

    if (arg->pair == ST_PAIR_LOW_HIGH) {
        bits = (c->args[arg->reg + 1] << 32) + (uint32_t)bits;
    } else if (arg->pair == ST_PAIR_HIGH_LOW) {
        bits = (bits << 32) + (uint32_t)c->args[arg->reg + 1];
    }
    value = (__int128)bits % (one << arg->width);
    if (arg->is_signed && value >= one << (arg->width - 1)) {
        value -= one << arg->width;
    }
    return value;
}

static uint64_t flag(const struct call *c, const char *name)
{
    uint64_t value;

    if (st_constant(c->target, st_family_by_name("open"), name, &value) < 0) {
        fuzz_fail(name);
    }
    return value;
}

/* 0, 1, 2: read, write, readwrite */
static int access_of(const struct call *c)
{
    const struct st_arg *flags = argument(c, "flags");
    uint64_t value;

    if (!flags) {
        return 1;               /* creat */
    }
    value = value_of(c, flags);
    switch (value & 3) {
    case 0:
        return value & (flag(c, "O_CREAT") | flag(c, "O_TRUNC")) ? 2 : 0;
    case 1:
        return 1;
    default:
        return 2;
    }
}

static bool has_ip(const struct world *w)
{
    return w->has_address && (w->family == 2 || w->family == 10);
}

static bool in_network(const struct world *w, const struct node *n)
{
    for (unsigned i = 0; i < n->bits; i++) {
        if ((w->ip[i / 8] ^ n->ip[i / 8]) & 0x80 >> i % 8) {
            return false;
        }
    }
    return true;
}

static bool in_range(const struct node *n, __int128 value)
{
    return (value >= n->low && value <= n->high) != n->negated;
}

static bool holds(const struct call *c, const struct node *n)
{
    const struct world *w = c->world;
    __int128 value;

    switch (n->kind) {
    case NODE_AND:
        return holds(c, n->left) && holds(c, n->right);
    case NODE_OR:
        return holds(c, n->left) || holds(c, n->right);
    case NODE_NOT:
        return !holds(c, n->left);
    case NODE_NUMBER:
        value = value_of(c, argument(c, n->subject));
        return in_range(n, n->masked ? value & n->mask : value);
    case NODE_FAMILY:
        return in_range(n, w->has_address ? w->family : 0);
    case NODE_PORT:
        return has_ip(w) ? in_range(n, w->port) : n->negated;
    case NODE_ADDR:
        return (has_ip(w) && in_network(w, n)) != n->negated;
    case NODE_ACCESS:
        return in_range(n, access_of(c));
    case NODE_PATH:
        return text_holds(n, w->path[0]) != n->negated;
    case NODE_PATH2:
        return text_holds(n, w->path[1]) != n->negated;
    case NODE_UNIX:
        return (w->has_address && w->family == 1 &&
                text_holds(n, w->unix_name)) != n->negated;
    case NODE_FDPATH:
        return (w->fd == 7 && text_holds(n, w->fdpath)) != n->negated;
    }
    abort();
}

/* --- rules ---------------------------------------------------------------- */

static bool governs(const struct call *c, const char *name)
{
    const struct st_set *set = st_set_by_name(name);
    uint16_t slots[ST_MAX_SPELLINGS];

    for (unsigned i = 0; i < (set ? set->count : 1); i++) {
        unsigned n = st_slots_of_name(c->target, set ?
                                      st_name_at(set->members[i]) : name,
                                      slots);

        for (unsigned j = 0; j < n; j++) {
            if (slots[j] == c->slot) {
                return true;
            }
        }
    }
    return false;
}

static bool applies(const struct call *c, const struct rule *r)
{
    if (!governs(c, r->name)) {
        return false;
    }
    if (r->condition && !can_answer(c, r->condition)) {
        return r->action >= DENY;
    }
    return !r->condition || holds(c, r->condition);
}

static int specificity(const struct rule *r)
{
    return 2 * !!r->condition + (r->name[0] != '@');
}

static bool beats(const struct rule *a, const struct rule *b)
{
    if (specificity(a) != specificity(b)) {
        return specificity(a) > specificity(b);
    }
    if (a->action != b->action) {
        return a->action > b->action;
    }
    if (a->action == RETURN) {
        return a->value < b->value;
    }
    return (a->action == ERROR || a->action == DENY) &&
        strcmp(a->error, b->error) < 0;
}

static const struct rule *layer_rule(const struct policy *p,
                                     const struct call *c)
{
    const struct rule *best = NULL;

    for (unsigned i = 0; i < p->count; i++) {
        const struct rule *r = &p->rules[i];

        if (applies(c, r) && (!best || beats(r, best))) {
            best = r;
        }
    }
    return best;
}

struct answer decide_plain(const struct policy *layers, unsigned count,
                           const struct st_target *t, unsigned slot,
                           const uint64_t args[ST_MAX_REGS],
                           const struct world *w)
{
    struct call c = { .target = t, .slot = slot, .args = args, .world = w };
    struct answer answer = { .action = ALLOW };
    const char *error = NULL;

    c.count = st_slot_args(t, slot, c.all);
    for (unsigned i = 0; i < count; i++) {
        const struct rule *r = layer_rule(&layers[i], &c);
        enum action action = r ? r->action : layers[i].otherwise;
        const char *name = r ? r->error : "EPERM";

        if (action > answer.action ||
            (action == DENY && answer.action == DENY &&
             strcmp(name, error) < 0)) {
            answer.action = action;
            answer.value = r ? r->value : 0;
            answer.error = st_errno_by_name(t, name);
            error = name;
        }
    }
    return answer;
}
