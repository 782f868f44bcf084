/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "condition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"
#include "match.h"
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
    if (re_scan_is(p->s, "-")) {
        re_scan_expected(p->s, "\"..\"");
        return false;
    }
    *ret = range;
    return true;
}

static bool parse_set(struct parser *p, struct re_range **tail)
{
    if (!re_scan_take(p->s, "{")) {
        return parse_item(p, tail);
    }
    if (re_scan_is(p->s, "}")) {
        re_scan_error(p->s, NULL, "an empty set never holds");
        return false;
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
    if (re_scan_is(s, "&")) {
        re_scan_error(s, "(flags & O_CREAT), alone or with \"==\"",
                      "a masked argument is in parentheses");
    } else {
        re_scan_expected(s, "a comparison such as \"==\" or \"in\"");
    }
    return false;
}

/* --- texts ---------------------------------------------------------------- */

static bool is_path_subject(const char *subject)
{
    return strcmp(subject, "path") == 0 || strcmp(subject, "path2") == 0 ||
        strcmp(subject, "fdpath") == 0;
}

static bool text_error(struct parser *p, const char *hint, const char *message)
{
    re_scan_error(p->s, hint, "%s", message);
    return false;
}

/* Names that the kernel never gives: a condition with one could not hold. */
static const char *name_fault(const char *name, size_t len)
{
    if (name[0] != '/') {
        return "a path starts with \"/\"";
    }
    for (const char *at = name; (at = memchr(at, '/', name + len - at)); ) {
        size_t part = strcspn(++at, "/");

        if (part == 0 && at[0] == '/') {
            return "a path has one \"/\" between two names";
        }
        if ((part == 1 && at[0] == '.') ||
            (part == 2 && at[0] == '.' && at[1] == '.')) {
            return "a path has no \".\" and \"..\": it is compared with where "
                "they lead";
        }
    }
    if (len > 1 && name[len - 1] == '/') {
        return "a path does not end in \"/\"";
    }
    return len >= RE_PATH_MAX ? "the path is too long" : NULL;
}

static bool check_network(struct parser *p, const struct re_node *node,
                          const struct re_text *text, bool in_set)
{
    struct re_network network;
    bool has_bits;
    const char *fault = re_network_parse(text->chars, text->len, &network,
                                         &has_bits);

    if (node->relation != RE_RELATION_IN) {
        fault = "addresses are compared with \"==\", \"!=\" and \"in\"";
    } else if (!fault && has_bits && !in_set) {
        fault = "\"==\" takes one address; a network needs \"in\"";
    }
    return fault ? text_error(p, strcmp(text->chars, "localhost") == 0 ?
                              "names are not looked up: in {127.0.0.0/8, ::1}" :
                              isalpha((unsigned char)text->chars[0]) &&
                              strchr(text->chars, '.') ?
                              "names are not looked up" : NULL, fault) : true;
}

static bool check_text(struct parser *p, const struct re_node *node,
                       struct re_text *text, bool in_set)
{
    bool is_unix = strcmp(node->subject, "unix") == 0;
    const char *fault;

    if (strcmp(node->subject, "addr") == 0) {
        return check_network(p, node, text, in_set);
    }
    if (text->len > 1 && text->chars[text->len - 1] == '/' &&
        node->relation == RE_RELATION_UNDER) {
        text->len--;
    }
    if (is_unix && text->chars[0] == '@') {
        fault = node->relation == RE_RELATION_UNDER ?
            "an abstract name lies under no directory; use \"like\"" : NULL;
    } else if (node->relation == RE_RELATION_LIKE && text->len > 1 &&
               strncmp(text->chars, "**", 2) == 0) {
        fault = NULL;
    } else {
        fault = name_fault(text->chars, text->len);
    }
    if (!fault && node->relation == RE_RELATION_LIKE) {
        fault = re_glob_fault(text->chars, text->len);
    }
    return fault ? text_error(p, is_unix && !strchr("/@", text->chars[0]) ?
                              "an abstract name starts with \"@\"" :
                              text->chars[0] == '~' ?
                              "write out the home folder" : NULL,
                              fault) : true;
}

static char *unquoted(struct parser *p)
{
    const char *from = p->s->entry->value + p->s->offset + 1;
    char *copy = re_arena_strndup(p->arena, from, p->s->length - 2);
    char *to = copy;

    for (char *at = copy; at && *at; at++) {
        at += *at == '\\' && (at[1] == '\\' || at[1] == '"');
        *to++ = *at;
    }
    if (to) {
        *to = '\0';
    }
    return copy;
}

static bool parse_text(struct parser *p, const struct re_node *node,
                       bool in_set, struct re_text **tail)
{
    struct re_scan *s = p->s;
    struct re_text *text = re_arena_alloc(p->arena, sizeof(*text));

    if (!text) {
        return false;
    }
    if (s->token != RE_TOKEN_TEXT && s->token != RE_TOKEN_STRING) {
        if (in_set && re_scan_is(s, "}")) {
            return text_error(p, NULL, "an empty set never holds");
        }
        re_scan_expected(s, strcmp(node->subject, "addr") == 0 ?
                         "an address" : node->relation == RE_RELATION_LIKE ?
                         "a pattern" : "a path");
        return false;
    }
    text->chars = s->token == RE_TOKEN_STRING ? unquoted(p) : token_text(p);
    if (!text->chars) {
        return false;
    }
    text->len = strlen(text->chars);
    text->offset = s->offset;
    text->length = s->length;
    if (s->token == RE_TOKEN_TEXT && node->relation != RE_RELATION_LIKE &&
        strcmp(node->subject, "addr") != 0 && strpbrk(text->chars, "*?[")) {
        return text_error(p, "\"like\" takes patterns; a name is put in quotes",
                          "this would be taken as a name, not as a pattern");
    }
    if (!check_text(p, node, text, in_set)) {
        return false;
    }
    *tail = text;
    re_scan_next(s);
    return true;
}

static bool parse_text_set(struct parser *p, struct re_node *node)
{
    struct re_text **tail = &node->texts;
    struct re_scan *s = p->s;

    re_scan_next_text(s);
    if (!re_scan_is(s, "{")) {
        return parse_text(p, node, true, tail);
    }
    do {
        re_scan_next_text(s);
        if (!parse_text(p, node, true, tail)) {
            return false;
        }
        tail = &(*tail)->next;
    } while (re_scan_is(s, ","));
    if (!re_scan_take(s, "}")) {
        re_scan_expected(s, "\",\" or \"}\"");
        return false;
    }
    return true;
}

/* What follows "path", "unix" or "addr". */
static bool parse_text_relation(struct parser *p, struct re_node *node)
{
    static const struct {
        const char *word;
        enum re_relation relation;
    } words[] = {
        { "in", RE_RELATION_IN }, { "under", RE_RELATION_UNDER },
        { "like", RE_RELATION_LIKE },
    };
    struct re_scan *s = p->s;

    node->relation = RE_RELATION_IN;
    if (re_scan_is(s, "==") || re_scan_is(s, "!=")) {
        node->negated = re_scan_is(s, "!=");
        re_scan_next_text(s);
        return parse_text(p, node, false, &node->texts);
    }
    node->negated = re_scan_take(s, "!");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (re_scan_is(s, words[i].word)) {
            node->relation = words[i].relation;
            return parse_text_set(p, node);
        }
    }
    re_scan_expected(s, is_path_subject(node->subject) ||
                     strcmp(node->subject, "unix") == 0 ?
                     "\"==\", \"!=\", \"in\", \"under\" or \"like\"" :
                     "\"==\", \"!=\" or \"in\"");
    return false;
}

/*
 * "addr" is a socket address for connect and a number for mmap. What is
 * written tells them apart: every address has a dot or a colon behind its
 * first digits, or starts with a letter, and no number does (".." is a range).
 */
static bool number_follows(const struct re_scan *s)
{
    const char *at = s->entry->value + s->offset + s->length;
    size_t digits;

    if (re_scan_is(s, "<") || re_scan_is(s, "<=") || re_scan_is(s, ">") ||
        re_scan_is(s, ">=")) {
        return true;
    }
    at += strspn(at, " \tin{");
    digits = strspn(at, "0123456789xXabcdefABCDEF-");
    return digits > 0 && isdigit((unsigned char)at[at[0] == '-']) &&
        at[digits] != ':' && (at[digits] != '.' || at[digits + 1] == '.');
}

static bool takes_text(const struct re_scan *s, const struct re_node *node)
{
    if (node->masked) {
        return false;
    }
    if (strcmp(node->subject, "addr") == 0) {
        return !number_follows(s);
    }
    return is_path_subject(node->subject) ||
        strcmp(node->subject, "unix") == 0;
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
        if (s->token == RE_TOKEN_NUMBER) {
            re_scan_error(s, "the argument stands on the left",
                          "expected an argument's name, not a number");
        } else {
            re_scan_expected(s, "an argument's name");
        }
        return NULL;
    }
    node = new_node(p, RE_NODE_COMPARE);
    if (!node) {
        return NULL;
    }
    node->subject = token_text(p);
    if (!node->subject) {
        return NULL;
    }
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
    if (takes_text(s, node) ? !parse_text_relation(p, node) :
        !parse_relation(p, node)) {
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

/* --- where it stands ----------------------------------------------------- */

static void widen(struct re_node_span *e, size_t offset, size_t length)
{
    e->from = offset < e->from ? offset : e->from;
    e->to = offset + length > e->to ? offset + length : e->to;
}

void re_node_measure(const struct re_node *node, struct re_node_span *e)
{
    if (!node) {
        return;
    }
    if (node->kind != RE_NODE_AND && node->kind != RE_NODE_OR) {
        widen(e, node->offset, node->length);
    }
    for (const struct re_range *r = node->ranges; r; r = r->next) {
        widen(e, r->high.offset, r->high.length);
    }
    for (const struct re_text *t = node->texts; t; t = t->next) {
        widen(e, t->offset, t->length);
    }
    if (node->masked) {
        widen(e, node->mask.offset, node->mask.length);
    }
    re_node_measure(node->left, e);
    re_node_measure(node->right, e);
}

struct re_node *re_condition_parse(struct re_scan *s, struct re_arena *arena)
{
    struct parser p = { .s = s, .arena = arena };

    return parse_condition(&p);
}
