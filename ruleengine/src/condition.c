/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "condition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"
#include "node.h"

enum { NESTING_MAX = 64 };  /* parentheses and "!", so that recursion ends */

struct parser {
    struct re_scan *s;
    struct re_arena *arena;
    unsigned depth;
};

static struct re_node *parse_condition(struct parser *p);

static struct re_node *new_node(struct parser *p, enum re_node_kind kind)
{
    struct re_node *node = re_arena_alloc(p->arena, sizeof(*node));

    if (node) {
        node->kind = kind;
        node->entry = p->s->entry;
        node->offset = p->s->offset;
        node->length = p->s->length;
    }
    return node;
}

static struct re_node *pair_node(struct parser *p, enum re_node_kind kind,
                                 struct re_node *left, struct re_node *right)
{
    struct re_node *node = new_node(p, kind);

    if (!node || !left || !right) {
        return NULL;
    }
    node->left = left;
    node->right = right;
    return node;
}

static char *token_text(struct parser *p)
{
    return re_arena_strndup(p->arena, p->s->entry->value + p->s->offset,
                            p->s->length);
}

/* [ "-" ] number | atom { "|" atom } */
static bool parse_value(struct parser *p, struct re_value *value)
{
    struct re_scan *s = p->s;
    struct re_atom **tail = &value->atoms;

    value->offset = s->offset;
    value->negative = re_scan_take(s, "-");
    do {
        struct re_atom *atom = re_arena_alloc(p->arena, sizeof(*atom));

        if (!atom) {
            return false;
        }
        atom->offset = s->offset;
        atom->length = s->length;
        atom->text = token_text(p);
        if (s->token == RE_TOKEN_NUMBER) {
            atom->number = s->number;
            atom->decimal = s->decimal;
        } else if (s->token == RE_TOKEN_WORD && !value->negative) {
            atom->is_name = true;
        } else {
            re_scan_expected(s, value->negative ? "a number" :
                             "a number or a constant");
            return false;
        }
        *tail = atom;
        tail = &atom->next;
        value->length = s->offset + s->length - value->offset;
        re_scan_next(s);
    } while (!value->negative && re_scan_take(s, "|"));
    return true;
}

static bool parse_item(struct parser *p, struct re_range **ret)
{
    struct re_range *range = re_arena_alloc(p->arena, sizeof(*range));

    if (!range || !parse_value(p, &range->low)) {
        return false;
    }
    range->high = range->low;
    if (re_scan_take(p->s, "..")) {
        if (!parse_value(p, &range->high)) {
            return false;
        }
    }
    *ret = range;
    return true;
}

static bool parse_set(struct parser *p, struct re_range **tail)
{
    if (!re_scan_take(p->s, "{")) {
        return parse_item(p, tail);
    }
    do {
        if (!parse_item(p, tail)) {
            return false;
        }
        tail = &(*tail)->next;
    } while (re_scan_take(p->s, ","));
    if (!re_scan_take(p->s, "}")) {
        re_scan_expected(p->s, "\",\" or \"}\"");
        return false;
    }
    return true;
}

/* What follows the subject. A masked subject may stand alone: not zero. */
static bool parse_relation(struct parser *p, struct re_node *node)
{
    static const struct {
        const char *text;
        enum re_relation relation;
        bool negated;
    } relations[] = {
        { "==", RE_RELATION_IN, false }, { "!=", RE_RELATION_IN, true },
        { "<", RE_RELATION_BELOW, false }, { ">=", RE_RELATION_BELOW, true },
        { ">", RE_RELATION_ABOVE, false }, { "<=", RE_RELATION_ABOVE, true },
    };
    struct re_scan *s = p->s;

    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
        if (re_scan_take(s, relations[i].text)) {
            node->relation = relations[i].relation;
            node->negated = relations[i].negated;
            return parse_item(p, &node->ranges);
        }
    }
    node->relation = RE_RELATION_IN;
    if (re_scan_take(s, "!")) {
        node->negated = true;
        if (!re_scan_is(s, "in")) {
            re_scan_expected(s, "\"in\"");
            return false;
        }
    }
    if (re_scan_take(s, "in")) {
        return parse_set(p, &node->ranges);
    }
    if (node->masked && !node->negated) {
        node->relation = RE_RELATION_NONZERO;
        return true;
    }
    re_scan_expected(s, "a comparison such as \"==\" or \"in\"");
    return false;
}

/* Whether "(" opens a masked subject: "(" word "&", and not "&&". */
static bool at_masked(const struct re_scan *s)
{
    const char *p = s->entry->value + s->offset + 1;

    while (*p == ' ' || *p == '\t') {
        p++;
    }
    if (!isalpha((unsigned char)*p) && *p != '_') {
        return false;
    }
    while (isalnum((unsigned char)*p) || *p == '_') {
        p++;
    }
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p[0] == '&' && p[1] != '&';
}

static struct re_node *parse_comparison(struct parser *p)
{
    struct re_scan *s = p->s;
    struct re_node *node;
    bool masked = re_scan_is(s, "(");

    if (masked) {
        re_scan_next(s);
    }
    if (s->token != RE_TOKEN_WORD) {
        re_scan_expected(s, "an argument's name");
        return NULL;
    }
    node = new_node(p, RE_NODE_COMPARE);
    if (!node) {
        return NULL;
    }
    node->subject = token_text(p);
    re_scan_next(s);
    if (masked) {
        node->masked = true;
        re_scan_next(s);    /* the "&" that at_masked() saw */
        if (!parse_value(p, &node->mask)) {
            return NULL;
        }
        if (!re_scan_take(s, ")")) {
            re_scan_expected(s, "\")\" behind the mask");
            return NULL;
        }
    }
    if (!parse_relation(p, node)) {
        return NULL;
    }
    return node;
}

static struct re_node *parse_factor(struct parser *p)
{
    struct re_scan *s = p->s;
    struct re_node *node;

    if (++p->depth > NESTING_MAX) {
        re_scan_error(s, NULL, "the condition is nested too deeply");
        return NULL;
    }
    if (re_scan_is(s, "!")) {
        node = new_node(p, RE_NODE_NOT);
        re_scan_next(s);
        if (node) {
            node->left = parse_factor(p);
            node = node->left ? node : NULL;
        }
    } else if (re_scan_is(s, "(") && !at_masked(s)) {
        re_scan_next(s);
        node = parse_condition(p);
        if (node && !re_scan_take(s, ")")) {
            re_scan_expected(s, "\")\"");
            node = NULL;
        }
    } else {
        node = parse_comparison(p);
    }
    p->depth--;
    return node;
}

static struct re_node *parse_conjunct(struct parser *p)
{
    struct re_node *node = parse_factor(p);

    while (node && re_scan_take(p->s, "&&")) {
        node = pair_node(p, RE_NODE_AND, node, parse_factor(p));
    }
    return node;
}

static struct re_node *parse_condition(struct parser *p)
{
    struct re_node *node = parse_conjunct(p);

    while (node && re_scan_take(p->s, "||")) {
        node = pair_node(p, RE_NODE_OR, node, parse_conjunct(p));
    }
    return node;
}

struct re_node *re_condition_parse(struct re_scan *s, struct re_arena *arena)
{
    struct parser p = { .s = s, .arena = arena };

    return parse_condition(&p);
}
