/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sense.h"

#include <stdlib.h>
#include <string.h>

#include "axis.h"
#include "diag-add.h"
#include "form.h"
#include "match.h"
#include "node.h"

enum {
    SUBJECTS_MAX = 16,      /* of one condition; more are not looked through */
    QUESTIONS_MAX = 20000,  /* for one part of it */
};

/* --- one comparison ------------------------------------------------------ */

/* One range of an integer, at its width and with its mask. */
static void judge_range(const struct re_test *t, bool *ret_in, bool *ret_out)
{
    uint64_t all = t->width < 64 ? (UINT64_C(1) << t->width) - 1 : UINT64_MAX;
    uint64_t mask = t->mask & all, high = t->low + t->span, least;

    if (mask == all && t->mask == UINT64_MAX) {
        *ret_in = true;
        *ret_out = t->span < all;
        return;
    }
    *ret_in = re_mask_least(mask, t->low, &least) && least <= high;
    *ret_out = t->low > 0 || high < mask;
}

/* --- all kinds of tests -------------------------------------------------- */

/* Looks for a call of which the tests say so; true, too, when that would take
 * too long or cannot be told. */
struct quest {
    struct re_axes axes;
    const struct re_test *tests;
    unsigned count;
    bool *reached;
    unsigned asked;
    uint16_t wanted;        /* RE_COND_TRUE or RE_COND_FALSE */
};

/* The first axis that is needed, or -1; whether the wanted end can be reached,
 * and whether no other one can. */
static int survey(struct quest *q, bool *ret_can, bool *ret_must)
{
    int axis = -1;

    *ret_can = false;
    *ret_must = true;
    memset(q->reached, 0, q->count);
    q->reached[0] = true;
    for (unsigned i = 0; i < q->count; i++) {
        const struct re_test *t = &q->tests[i];
        const uint16_t ways[2] = { t->no, t->yes };
        enum re_truth truth;

        if (!q->reached[i]) {
            continue;
        }
        q->asked++;
        truth = re_axes_test(&q->axes, t);
        axis = axis < 0 ? re_axes_open(&q->axes, t) : axis;
        for (unsigned w = 0; w < 2; w++) {
            if (truth != RE_OPEN && w != (truth == RE_YES)) {
                continue;
            }
            if (ways[w] < RE_COND_MAX) {
                q->reached[ways[w]] = true;
            } else {
                *ret_can |= ways[w] == q->wanted;
                *ret_must &= ways[w] == q->wanted;
            }
        }
    }
    return axis;
}

static bool found(struct quest *q);

static bool try_values(struct quest *q, int axis)
{
    const struct re_test **tests = calloc(q->count, sizeof(*tests));
    struct re_axis_values values;
    unsigned count = 0;
    bool result;

    for (unsigned i = 0; tests && i < q->count; i++) {
        if (q->reached[i] && re_axes_open(&q->axes, &q->tests[i]) == axis) {
            tests[count++] = &q->tests[i];
        }
    }
    if (!tests ||
        re_axes_values(&q->axes, axis, tests, count, &values) < 0) {
        free(tests);
        return true;
    }
    result = values.unsure;
    for (size_t i = 0; i < values.count && !result; i++) {
        re_axes_set(&q->axes, axis, &values.items[i]);
        result = q->asked > QUESTIONS_MAX || found(q);
    }
    re_axes_unset(&q->axes, axis);
    re_axis_values_free(&values);
    free(tests);
    return result;
}

static bool found(struct quest *q)
{
    bool can, must;
    int axis = survey(q, &can, &must);

    return must || (can && (axis < 0 || try_values(q, axis)));
}

static bool can_end(const struct re_layer *layer, unsigned slot,
                    const struct re_bound *b, uint16_t wanted)
{
    struct quest q = {
        .tests = b->tests, .count = b->count, .wanted = wanted,
        .reached = calloc(b->count, sizeof(bool)),
    };
    bool result = true;

    if (re_axes_init(&q.axes, layer->target, slot) == 0 && q.reached) {
        re_axes_add(&q.axes, b->tests);
        result = found(&q);
    }
    re_axes_free(&q.axes);
    free(q.reached);
    return result;
}

bool re_tests_can_end(const struct re_layer *layer, unsigned slot,
                      const struct re_test *tests, unsigned count, bool holds)
{
    const struct re_bound bound = { .tests = tests, .count = count };

    return can_end(layer, slot, &bound, holds ? RE_COND_TRUE : RE_COND_FALSE);
}

/* --- paths that nothing has ---------------------------------------------- */

static size_t digits(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= '0' && text[n] <= '9') {
        n++;
    }
    return n;
}

/* The length of "word" if the text goes on with it, up to a "/" or the end. */
static size_t goes_on(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);

    return len >= n && memcmp(text, word, n) == 0 &&
        (len == n || text[n] == '/') ? n : 0;
}

/*
 * Links of the kernel's in /proc/PID, which have no path of their own for calls
 * that follow them. What leads on from the program's first process is looked up
 * when the policy is loaded ("exe", "cwd", "root"); other processes' cannot be,
 * and descriptors would be the emulator's.
 */
static bool is_kernel_link(const char *text, size_t len)
{
    static const char *const links[] = { "/exe", "/cwd", "/root" };
    bool own;
    size_t n;

    if (len < 6 || memcmp(text, "/proc/", 6) != 0) {
        return false;
    }
    text += 6;
    len -= 6;
    n = digits(text, len);
    own = n == 0;
    n = n ? n : goes_on(text, len, "self");
    n = n ? n : goes_on(text, len, "thread-self");
    if (n == 0) {
        return false;
    }
    text += n;
    len -= n;
    if (len > 6 && memcmp(text, "/task/", 6) == 0) {
        n = 6 + digits(text + 6, len - 6);
        text += n;
        len -= n;
    }
    if (len > 4 && memcmp(text, "/fd/", 4) == 0) {
        return digits(text + 4, len - 4) > 0;
    }
    for (unsigned i = 0; i < 3 && !own; i++) {
        if (goes_on(text, len, links[i])) {
            return true;
        }
    }
    return false;
}

/* How a call goes about the path that a comparison asks for. */
static void note_links(struct re_node *node, struct re_layer *layer,
                       unsigned slot)
{
    bool second = strcmp(node->subject, "path2") == 0;
    const struct re_form *form;
    const struct re_path_form *p;

    if (!second && strcmp(node->subject, "path") != 0) {
        return;
    }
    form = re_layer_form(layer, slot);
    if (!form || form->path_count <= second) {
        return;
    }
    p = &form->paths[second];
    if (p->query.follow) {
        node->followed = true;
        node->follower = node->follower ? node->follower :
            st_slot_name(layer->target, slot);
    } else {
        node->kept = true;
    }
}

/* --- the tree ------------------------------------------------------------ */

static void may_do_both(struct re_node *node)
{
    node->holds = node->fails = true;
}

static bool is_one_value(const struct re_range *r)
{
    return r->low.offset == r->high.offset;
}

/* Single values are too few to be all, and texts are without number. */
static bool is_plain(const struct re_node *node, struct re_layer *layer,
                     unsigned slot)
{
    unsigned count = 0, few = UINT16_MAX;

    if (node->texts) {
        return true;
    }
    if (node->masked || node->relation != RE_RELATION_IN) {
        return false;
    }
    if (strcmp(node->subject, "access") == 0) {
        const struct re_form *form = re_layer_form(layer, slot);

        /* There are three, and "creat" has but one of them. */
        few = form && (form->open == RE_OPEN_FLAGS ||
                       form->open == RE_OPEN_HOW_MEMORY) ? 3 : 0;
    }
    for (const struct re_range *r = node->ranges; r; r = r->next) {
        if (!is_one_value(r)) {
            return false;
        }
        count++;
    }
    return count < few;
}

static bool is_named(const struct re_value *value)
{
    for (const struct re_atom *a = value->atoms; a; a = a->next) {
        if (a->is_name) {
            return true;
        }
    }
    return false;
}

static bool is_zero(const struct re_value *value)
{
    return !value->atoms->next && !value->atoms->is_name &&
        value->atoms->number == 0;
}

/* Whether a number's width is that of a 32-bit target's words: what cannot be
 * there is said for the sake of others ("len <= 0xffffffff"). That a number has
 * no sign is so for all of them. */
static bool is_word_matter(const struct re_node *node,
                           const struct re_layer *layer, unsigned slot)
{
    static const char *const narrow[] = { "port", "family", "access" };
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(layer->target, slot, args);

    if (st_word_bits(layer->target) == 64 || node->masked ||
        is_zero(&node->ranges->low)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(args[i].name, node->subject) == 0) {
            return args[i].is_word;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(narrow[i], node->subject) == 0) {
            return false;
        }
    }
    return true;
}

static void sense_comparison(struct re_node *node, struct re_layer *layer,
                             unsigned slot, const struct re_bound *b)
{
    const struct re_test *t = b->tests;
    unsigned count = b->count;
    bool in, out;

    if (is_word_matter(node, layer, slot)) {
        may_do_both(node);
        return;
    }
    if (t->op == RE_TEST_READ_BLOCK) {
        t++;                        /* what it leads to is the test */
        count--;
    }
    if (count == 1 && (t->op == RE_TEST_RANGE || t->op == RE_TEST_BLOCK) &&
        t->yes != t->no) {
        if (t->mask == 0 && is_named(&node->mask)) {
            may_do_both(node);      /* the target lacks these bits */
            node->vague = true;
            return;
        }
        judge_range(t, &in, &out);
        node->holds |= t->yes == RE_COND_TRUE ? in : out;
        node->fails |= t->yes == RE_COND_TRUE ? out : in;
        return;
    }
    node->holds |= can_end(layer, slot, b, RE_COND_TRUE);
    node->fails |= can_end(layer, slot, b, RE_COND_FALSE);
}

/* Subjects that depend on each other go by one name. */
static const char *group_of(const char *subject)
{
    static const char *const addresses[] = { "addr", "port", "family", "unix" };

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(subject, addresses[i]) == 0) {
            return "addr";
        }
    }
    return strcmp(subject, "access") == 0 ? "flags" : subject;
}

/* The groups that a part asks about. False: one is asked about twice, or there
 * are too many. */
static bool are_apart(const struct re_node *node,
                      const char *groups[SUBJECTS_MAX], unsigned *count)
{
    const char *group;

    if (!node) {
        return true;
    }
    if (node->kind != RE_NODE_COMPARE) {
        return are_apart(node->left, groups, count) &&
            are_apart(node->right, groups, count);
    }
    group = group_of(node->subject);
    for (unsigned i = 0; i < *count; i++) {
        /* "arg1" may be any of the others. */
        if (strcmp(groups[i], group) == 0 || strncmp(group, "arg", 3) == 0 ||
            strncmp(groups[i], "arg", 3) == 0) {
            return false;
        }
    }
    if (*count == SUBJECTS_MAX) {
        return false;
    }
    groups[(*count)++] = group;
    return true;
}

/* Whether some mask of it has no bits on this target. */
static bool is_vague(const struct re_node *node)
{
    return node && (node->vague || is_vague(node->left) ||
                    is_vague(node->right));
}

static void sense(struct re_node *node, struct re_layer *layer, unsigned slot,
                  struct re_diags *diags)
{
    const char *groups[SUBJECTS_MAX];
    struct re_bound bound = { 0 };
    struct re_node *lacking;
    unsigned count = 0;

    node->sensed = true;
    if (node->texts) {
        note_links(node, layer, slot);
    }
    if (node->holds && node->fails) {
        return;
    }
    if (node->vague || node->kind == RE_NODE_NOT ||
        (node->kind == RE_NODE_COMPARE ? is_plain(node, layer, slot) :
         are_apart(node, groups, &count))) {
        may_do_both(node);
        return;
    }
    if (re_condition_bind(node, layer, slot, diags, &bound, &lacking) !=
        RE_BOUND) {
        may_do_both(node);
    } else if (node->kind == RE_NODE_COMPARE) {
        sense_comparison(node, layer, slot, &bound);
    } else {
        node->holds |= can_end(layer, slot, &bound, RE_COND_TRUE);
        node->fails |= can_end(layer, slot, &bound, RE_COND_FALSE);
    }
}

void re_condition_sense(struct re_node *node, struct re_layer *layer,
                        unsigned slot, struct re_diags *diags)
{
    if (!node) {
        return;
    }
    re_condition_sense(node->left, layer, slot, diags);
    re_condition_sense(node->right, layer, slot, diags);
    if (node->kind != RE_NODE_COMPARE && is_vague(node)) {
        may_do_both(node);
    }
    sense(node, layer, slot, diags);
}

/* --- warnings ------------------------------------------------------------ */

static const char *hint_of(const struct re_node *node, char *buf, size_t size)
{
    if (node->masked) {
        return node->holds ? "every value with this mask does" :
            "no value with this mask does";
    }
    if ((node->relation == RE_RELATION_BELOW) && is_zero(&node->ranges->low)) {
        snprintf(buf, size, "`%s` has no sign", node->subject);
        return buf;
    }
    return NULL;
}

/* Whether a part of a condition asks for flags: for O_NOFOLLOW, as like as
 * not. */
static bool asks_flags(const struct re_node *node)
{
    return node && ((node->kind == RE_NODE_COMPARE &&
                     strncmp(node->subject, "flag", 4) == 0) ||
                    asks_flags(node->left) || asks_flags(node->right));
}

static void tell_links(struct re_node *node, struct re_diags *diags)
{
    if (!node) {
        return;
    }
    tell_links(node->left, diags);
    tell_links(node->right, diags);
    if (!node->followed || node->kept || node->reported ||
        node->relation == RE_RELATION_LIKE) {
        return;
    }
    for (struct re_text *t = node->texts; t; t = t->next) {
        if (is_kernel_link(t->chars, t->len)) {
            re_entry_diag(diags, RE_WARNING, node->entry, t->offset,
                          t->length, "name what it leads to",
                          "no path is this: %s follows the link, and a path is "
                          "where it leads", node->follower);
        }
    }
}

/* True when something was said. */
static bool tell(struct re_node *node, struct re_diags *diags)
{
    struct re_node_span e = { SIZE_MAX, 0 };
    bool said;
    char hint[96];

    if (!node) {
        return false;
    }
    said = tell(node->left, diags);
    said |= tell(node->right, diags);
    if (said || !node->sensed || node->reported ||
        (node->holds && node->fails)) {
        return said;
    }
    re_node_measure(node, &e);
    re_entry_diag(diags, RE_WARNING, node->entry, e.from, e.to - e.from,
                  node->kind == RE_NODE_COMPARE ?
                  hint_of(node, hint, sizeof(hint)) : NULL, "%s",
                  node->kind == RE_NODE_COMPARE ?
                  node->holds ? "this always holds" : "this can never hold" :
                  node->holds ? "this always holds: one of its parts does" :
                  "this can never hold: its parts exclude each other");
    return true;
}

void re_condition_tell_sense(struct re_node *node, struct re_diags *diags)
{
    tell(node, diags);
    if (!asks_flags(node)) {
        tell_links(node, diags);
    }
}
