/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests of one slot while they are made: the last one first, for each has
 * to know its ways on. */
#include <stdlib.h>
#include <string.h>

#include "bind-private.h"
#include "diag-add.h"

void re_bind_complain(struct re_binder *b, struct re_node *node, size_t offset,
                      size_t length, const char *hint, const char *message)
{
    if (!node->reported) {
        re_entry_diag(b->diags, RE_ERROR, node->entry, offset, length, hint,
                      "%s", message);
        node->reported = true;
    }
    b->failed = true;
}

uint16_t re_bind_push(struct re_binder *b, const struct re_test *test)
{
    if (b->count >= RE_COND_MAX) {
        re_bind_complain(b, b->root, b->root->offset, b->root->length, NULL,
                         "the condition has too many tests");
        return RE_COND_FALSE;
    }
    if (b->count == b->room) {
        unsigned room = b->room ? b->room * 2 : 8;
        struct re_test *more = realloc(b->tests, room * sizeof(*more));

        if (!more) {
            re_bind_complain(b, b->root, b->root->offset, b->root->length, NULL,
                             "out of memory");
            return RE_COND_FALSE;
        }
        b->tests = more;
        b->room = room;
    }
    b->tests[b->count] = *test;
    return b->count++;
}

const struct re_form *re_bind_form(struct re_binder *b)
{
    const struct re_form *form = re_layer_form(b->layer, b->slot);

    b->failed |= !form;
    return form;
}

static uint16_t turned(const struct re_binder *b, uint16_t way)
{
    return way < RE_COND_MAX ? b->count - 1 - way : way;
}

static void reverse(struct re_test *tests, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        struct re_test swap = tests[i];

        tests[i] = tests[count - 1 - i];
        tests[count - 1 - i] = swap;
    }
}

void re_bind_finish(struct re_binder *b, uint16_t entry,
                    struct re_bound *bound)
{
    struct re_test *tests;

    if (entry >= RE_COND_MAX) {
        /* It holds always, or never, whatever the arguments are. */
        struct re_test constant_test = {
            .op = RE_TEST_RANGE, .width = 64, .mask = 0, .low = 0, .span = 0,
            .yes = entry, .no = entry,
        };

        b->count = 0;
        entry = re_bind_push(b, &constant_test);
    }
    if (b->failed) {
        return;
    }
    /* The first test is the last one pushed; what lies behind it was pushed
     * for a branch that turned out to be constant. */
    b->count = entry + 1;
    for (unsigned i = 0; i < b->count; i++) {
        b->tests[i].yes = turned(b, b->tests[i].yes);
        b->tests[i].no = turned(b, b->tests[i].no);
    }
    reverse(b->tests, b->count);
    bound->asks = b->asks;
    bound->names = b->names;
    bound->peers = b->peers;
    if (bound->tests && bound->count == b->count &&
        memcmp(bound->tests, b->tests, b->count * sizeof(*tests)) == 0) {
        return;
    }
    tests = re_arena_array(b->arena, b->count, sizeof(*tests));
    if (!tests) {
        b->failed = true;
        return;
    }
    memcpy(tests, b->tests, b->count * sizeof(*tests));
    bound->tests = tests;
    bound->count = b->count;
}
