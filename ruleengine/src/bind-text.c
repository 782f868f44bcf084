/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons of paths, patterns and addresses. */
#include <errno.h>
#include <string.h>

#include "bind-private.h"
#include "match.h"
#include "origin.h"

static const struct re_string *new_string(struct re_binder *b,
                                          const char *chars, size_t len)
{
    struct re_string *s = re_arena_alloc(b->arena, sizeof(*s));

    if (s) {
        s->chars = re_arena_strndup(b->arena, chars, len);
        s->len = len;
    }
    b->failed |= !s || !s->chars;
    return s;
}

/* A pattern's names before its first special byte; 0: none but the root. */
static size_t plain_part(const char *pattern, size_t len)
{
    size_t plain = strcspn(pattern, "*?[\\");

    if (plain >= len) {
        return len;
    }
    while (plain > 0 && pattern[plain] != '/') {
        plain--;
    }
    return plain;
}

/* Where the policy's own path leads by now: /bin/sh is /usr/bin/dash. */
static const struct re_string *canonical(struct re_binder *b,
                                         const struct re_text *text,
                                         bool pattern)
{
    size_t plain = pattern ? plain_part(text->chars, text->len) : text->len;
    char from[RE_PATH_MAX], whole[2 * RE_PATH_MAX];
    const char *to;
    size_t len;
    int err;

    if (!b->ops || !b->ops->canonical || text->chars[0] != '/' ||
        plain == 0 || plain >= sizeof(from)) {
        return NULL;
    }
    memcpy(from, text->chars, plain);
    from[plain] = '\0';
    err = re_origin_canonical(b->layer->origin, from, b->ops->canonical, &to);
    b->failed |= err == -ENOMEM;
    if (err < 0 || strcmp(from, to) == 0 ||
        (pattern && strpbrk(to, "*?[\\"))) {
        return NULL;
    }
    len = strlen(to);
    memcpy(whole, to, len);
    memcpy(whole + len, text->chars + plain, text->len - plain);
    return new_string(b, whole, len + text->len - plain);
}

static void compile_text(struct re_binder *b, struct re_text *text,
                         enum re_relation relation, bool is_address)
{
    if (text->compiled) {
        return;
    }
    text->compiled = true;
    if (is_address) {
        struct re_network *n = re_arena_alloc(b->arena, sizeof(*n));
        bool has_bits;

        b->failed |= !n;
        if (n && re_network_parse(text->chars, text->len, n, &has_bits)) {
            b->failed = true;       /* condition.c has looked at it before */
        }
        text->network = n;
        return;
    }
    text->as_given = new_string(b, text->chars, text->len);
    text->canonical = canonical(b, text, relation == RE_RELATION_LIKE);
}

/* What a subject of texts is, and whether this call has it. */
static bool find_text(struct re_binder *b, const char *subject,
                      enum re_subject *ret)
{
    const struct re_form *form = re_bind_form(b);

    if (!form) {
        return false;
    }
    if (strcmp(subject, "addr") == 0 || strcmp(subject, "unix") == 0) {
        *ret = RE_SUBJECT_UNIX;
        return form->has_address;
    }
    if (strcmp(subject, "fdpath") == 0) {
        *ret = RE_SUBJECT_FDPATH;
        return form->fd_reg >= 0;
    }
    *ret = strcmp(subject, "path2") == 0 ? RE_SUBJECT_PATH2 : RE_SUBJECT_PATH;
    return form->path_count > (unsigned)(*ret == RE_SUBJECT_PATH2);
}

uint16_t re_bind_texts(struct re_binder *b, struct re_node *node,
                       uint16_t yes, uint16_t no)
{
    bool is_address = strcmp(node->subject, "addr") == 0;
    struct re_test test = {
        .op = is_address ? RE_TEST_NETWORK :
            node->relation == RE_RELATION_UNDER ? RE_TEST_TEXT_UNDER :
            node->relation == RE_RELATION_LIKE ? RE_TEST_TEXT_LIKE :
            RE_TEST_TEXT_EQUAL,
        .form = re_bind_form(b), .yes = yes,
    };
    enum re_subject subject;
    uint16_t next = no;

    if (!find_text(b, node->subject, &subject)) {
        b->lacking = b->lacking ? b->lacking : node;
        return no;
    }
    test.reg = subject;
    b->asks = b->names = true;
    b->peers |= test.form && test.form->accepts;
    for (struct re_text *t = node->texts; t && !b->failed; t = t->next) {
        compile_text(b, t, node->relation, is_address);
        for (unsigned i = 0; i < 2 && !b->failed; i++) {
            const struct re_string *s = i ? t->canonical : t->as_given;

            if (is_address ? i == 0 : s != NULL) {
                test.no = next;
                if (is_address) {
                    test.network = t->network;
                } else {
                    test.text = s;
                }
                next = re_bind_push(b, &test);
            }
        }
    }
    return next;
}
