/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions of which only a part is known: whether they hold, and which
 * comparison is to blame. Every comparison is bound and tested by itself, by
 * the code that decides calls.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "inspect-private.h"

enum {
    REASONS_MAX = 64, REASONS_SHOWN = 4,
    WORDS = 32,             /* the index of the first argument in memory */
};

/* --- truth ------------------------------------------------------------- */

/* Of an argument: its index; from WORDS on, a word in memory; -1: none. */
static const struct st_arg *argument(struct re_question *q,
                                     const char *name, int *ret_index)
{
    for (int i = 0; i < q->arg_count; i++) {
        if (strcmp(q->args[i].name, name) == 0) {
            *ret_index = i;
            return &q->args[i];
        }
    }
    if (strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] <= '5' &&
        (q->arg_count < 0 || name[3] - '0' < q->arg_count)) {
        *ret_index = name[3] - '0';
        return q->arg_count < 0 ? NULL : &q->args[*ret_index];
    }
    if (re_form_block_arg(q->form, name, &q->word)) {
        *ret_index = WORDS + q->word.reg;
        return &q->word;
    }
    *ret_index = -1;
    return NULL;
}

/* The RE_KNOWN_* that a comparison asks about; 0: an argument. */
static unsigned fact_of(const struct re_question *q,
                        const struct re_node *node)
{
    static const struct {
        const char *name;
        unsigned bit;
    } facts[] = {
        { "path", RE_KNOWN_PATH }, { "path2", RE_KNOWN_PATH2 },
        { "unix", RE_KNOWN_UNIX }, { "addr", RE_KNOWN_ADDR },
        { "port", RE_KNOWN_PORT }, { "family", RE_KNOWN_FAMILY },
        { "access", RE_KNOWN_ACCESS }, { "fdpath", RE_KNOWN_FDPATH },
    };
    const struct re_form *form = q->form;
    unsigned bit = 0;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (strcmp(facts[i].name, node->subject) == 0) {
            bit = facts[i].bit;
        }
    }
    return node->texts || (bit == RE_KNOWN_ACCESS && form->open) ||
        ((bit & (RE_KNOWN_PORT | RE_KNOWN_FAMILY)) && form->has_address) ?
        bit : 0;
}

/* The argument that holds open's flags, or -1. */
static int flags_index(const struct re_question *q)
{
    for (int i = 0; i < q->arg_count; i++) {
        if (q->form->open == RE_OPEN_FLAGS &&
            q->args[i].reg == q->form->open_reg) {
            return i;
        }
    }
    return -1;
}

static uint64_t value_of(const struct re_question *q, int i)
{
    return i < WORDS ? q->known->values[i] :
        q->known->about.block.words[i - WORDS];
}

static bool is_known(struct re_question *q, const struct re_node *node)
{
    unsigned fact = fact_of(q, node);
    int i;

    if (!q->known) {
        return false;
    }
    if (fact == RE_KNOWN_ACCESS && !(q->known->facts & fact)) {
        i = flags_index(q);
        return q->form->open == RE_OPEN_CREAT || (i >= 0 && q->known->args[i]);
    }
    if (fact) {
        return q->known->facts & fact;
    }
    argument(q, node->subject, &i);
    return i >= WORDS ? q->known->words >> (i - WORDS) & 1 :
        i >= 0 && q->known->args[i];
}

/* "made" is what keeps the engine from asking a guest. */
static void prepare_facts(struct re_question *q)
{
    q->facts->made = RE_FACT_PATH | RE_FACT_PATH2 | RE_FACT_ADDRESS |
        RE_FACT_UNIX | RE_FACT_ACCESS | RE_FACT_FDPATH | RE_FACT_BLOCK;
    q->facts->args = q->regs;
    q->facts->target = q->view->layer->target;
    if (!(q->known->facts & RE_KNOWN_ACCESS)) {
        q->facts->made &= ~RE_FACT_ACCESS;      /* from the flags */
    }
}

static enum re_truth compare(struct re_question *q, struct re_node *node)
{
    struct re_layer *layer = q->view->layer;
    struct re_bound bound = { NULL };
    struct re_node *lacking;

    if (!is_known(q, node) ||
        re_condition_bind(node, layer, q->slot, NULL, &bound, &lacking) !=
        RE_BOUND) {
        return RE_OPEN;
    }
    prepare_facts(q);
    return re_tests_hold_with_facts(bound.tests, q->regs, q->facts) ? RE_YES :
        RE_NO;
}

enum re_truth re_question_holds(struct re_question *q, struct re_node *node)
{
    enum re_truth left, right;

    switch (node->kind) {
    case RE_NODE_COMPARE:
        return compare(q, node);
    case RE_NODE_NOT:
        left = re_question_holds(q, node->left);
        return left == RE_OPEN ? RE_OPEN : left == RE_YES ? RE_NO : RE_YES;
    case RE_NODE_AND:
        left = re_question_holds(q, node->left);
        right = re_question_holds(q, node->right);
        return left < right ? left : right;
    case RE_NODE_OR:
        left = re_question_holds(q, node->left);
        right = re_question_holds(q, node->right);
        return left > right ? left : right;
    }
    return RE_OPEN;
}

/* --- reasons ----------------------------------------------------------- */

static void put_number(FILE *out, const struct re_question *q,
                       const struct st_arg *arg, uint64_t value)
{
    char text[256];

    if (arg && arg->kind == ST_KIND_DIRFD && (int64_t)value == RE_CWD) {
        fputs("AT_FDCWD", out);
    } else if (arg && arg->family) {
        st_format_constant(q->view->layer->target, arg->family, value, text,
                           sizeof(text));
        fputs(text, out);
    } else if (arg && arg->kind == ST_KIND_MODE) {
        fprintf(out, "0%" PRIo64, value);
    } else if (arg && arg->is_signed) {
        fprintf(out, "%" PRId64, (int64_t)value);
    } else {
        fprintf(out, value > 0xffff ? "0x%" PRIx64 : "%" PRIu64, value);
    }
}

static void put_address(FILE *out, const struct re_address *a)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    char text[INET6_ADDRSTRLEN];

    if (!a->has_ip) {
        fputs("no IP address", out);
    } else if (memcmp(a->ip, mapped, sizeof(mapped)) == 0) {
        fputs(inet_ntop(AF_INET, a->ip + 12, text, sizeof(text)), out);
    } else {
        fputs(inet_ntop(AF_INET6, a->ip, text, sizeof(text)), out);
    }
}

static void put_fact(FILE *out, const struct re_question *q, unsigned fact)
{
    const struct re_facts *f = q->facts;
    struct st_arg family = { .family = st_family_by_name("af") };

    switch (fact) {
    case RE_KNOWN_PATH:
        fputs(f->paths[0].name, out);
        break;
    case RE_KNOWN_PATH2:
        fputs(f->paths[1].name, out);
        break;
    case RE_KNOWN_FDPATH:
        fputs(f->fdpath.len ? f->fdpath.name : "no path", out);
        break;
    case RE_KNOWN_UNIX:
        fputs(f->unix_path.len ? f->unix_path.name : "no path", out);
        break;
    case RE_KNOWN_ADDR:
        put_address(out, &f->address);
        break;
    case RE_KNOWN_PORT:
        if (f->address.has_ip) {
            fprintf(out, "%u", f->address.port);
        } else {
            fputs("none", out);
        }
        break;
    case RE_KNOWN_FAMILY:
        put_number(out, q, &family, f->address.family);
        break;
    case RE_KNOWN_ACCESS:
        fputs(re_access_name(f->access), out);
        break;
    }
}

/* "port is 443" */
static char *actual(struct re_question *q, struct re_node *node)
{
    const char *value = node->entry->value;
    const struct st_arg *arg;
    unsigned fact = fact_of(q, node);
    uint64_t mask = UINT64_MAX;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int i;

    if (!out) {
        return NULL;
    }
    arg = argument(q, node->subject, &i);
    if (node->masked) {
        fprintf(out, "%s & %.*s is ", node->subject, (int)node->mask.length,
                value + node->mask.offset);
        mask = 0;
        for (const struct re_atom *a = node->mask.atoms; a; a = a->next) {
            uint64_t bits = a->number;

            if (a->is_name) {
                st_constant(q->view->layer->target, arg ? arg->family : 0,
                            a->text, &bits);
            }
            mask |= bits;
        }
    } else {
        fprintf(out, "%s is ", node->subject);
    }
    if (fact) {
        put_fact(out, q, fact);
    } else if (node->masked && !(value_of(q, i) & mask)) {
        put_number(out, q, node->relation == RE_RELATION_NONZERO ? NULL : arg,
                   0);
    } else {
        put_number(out, q, arg, value_of(q, i) & mask);
    }
    fclose(out);
    return text;
}

/* "not 5432": what the comparison wants, in the policy's own words. */
static char *wanted(const struct re_node *node, bool negated)
{
    const char *value = node->entry->value, *word = "";
    size_t from = 0, to = 0;
    bool many = false;
    char *text;

    for (const struct re_range *r = node->ranges; r; r = r->next) {
        from = from ? from : r->low.offset + 1;
        to = r->high.offset + r->high.length;
        many |= r->next != NULL;
    }
    for (const struct re_text *t = node->texts; t; t = t->next) {
        from = from ? from : t->offset + 1;
        to = t->offset + t->length;
        many |= t->next != NULL;
    }
    switch (node->relation) {
    case RE_RELATION_NONZERO:
        return strdup("");
    case RE_RELATION_IN:
        word = many || (node->ranges && node->ranges->low.offset !=
                        node->ranges->high.offset) ? "in " : "";
        break;
    case RE_RELATION_UNDER:
        word = "under ";
        break;
    case RE_RELATION_LIKE:
        word = "like ";
        break;
    case RE_RELATION_BELOW:
        word = negated ? ">= " : "< ";
        negated = false;
        break;
    case RE_RELATION_ABOVE:
        word = negated ? "<= " : "> ";
        negated = false;
        break;
    }
    if (negated && !word[0]) {
        return strdup("");          /* "domain is AF_UNIX" says it */
    }
    return asprintf(&text, "%s%s%s%.*s%s", negated ? "" : "not ", word,
                    many ? "{" : "", (int)(to - from + 1), value + from - 1,
                    many ? "}" : "") < 0 ? NULL : text;
}

struct reason {
    char *actual, *wanted;
};

struct reasons {
    struct reason items[REASONS_MAX];
    unsigned count;
    bool open;              /* looking for what is not known */
};

/* The comparisons that keep a node from being "want". */
static void collect(struct re_question *q, struct re_node *node, bool want,
                    struct reasons *r)
{
    enum re_truth blame = r->open ? RE_OPEN : want ? RE_NO : RE_YES;
    bool both = (node->kind == RE_NODE_OR) == want || r->open;

    if (node->kind == RE_NODE_NOT) {
        collect(q, node->left, !want, r);
        return;
    }
    if (node->kind == RE_NODE_COMPARE) {
        if (r->count < REASONS_MAX && re_question_holds(q, node) == blame) {
            r->items[r->count++] = (struct reason) {
                .actual = r->open ? strdup(node->subject) : actual(q, node),
                .wanted = r->open ? strdup("") :
                    wanted(node, node->negated == want),
            };
        }
        return;
    }
    if (re_question_holds(q, node->left) == blame) {
        collect(q, node->left, want, r);
        if (!both) {
            return;
        }
    }
    if (re_question_holds(q, node->right) == blame) {
        collect(q, node->right, want, r);
    }
}

static bool said_before(const struct reasons *r, unsigned i)
{
    for (unsigned j = 0; j < i; j++) {
        if (strcmp(r->items[i].actual, r->items[j].actual) == 0) {
            return true;
        }
    }
    return false;
}

/* "path is /x, not under /usr, not under /lib": one subject's reasons. */
static void put_reason(FILE *out, const struct reasons *r, unsigned first)
{
    unsigned shown = 0, more = 0;

    fputs(r->items[first].actual, out);
    for (unsigned i = first; i < r->count; i++) {
        if (strcmp(r->items[i].actual, r->items[first].actual) != 0 ||
            !r->items[i].wanted[0]) {
            continue;
        }
        if (shown++ < REASONS_SHOWN) {
            fprintf(out, ", %s", r->items[i].wanted);
        } else {
            more++;
        }
    }
    if (more) {
        fprintf(out, " and %u more", more);
    }
}

void re_question_why(struct re_question *q, struct re_node *node,
                     enum re_truth truth, FILE *out)
{
    struct reasons r = { .open = truth == RE_OPEN };
    const char *between = r.open ? "depends on " : "";
    bool complete = true;

    collect(q, node, true, &r);
    for (unsigned i = 0; i < r.count; i++) {
        complete &= r.items[i].actual && r.items[i].wanted;
    }
    for (unsigned i = 0; complete && i < r.count; i++) {
        if (!said_before(&r, i)) {
            fputs(between, out);
            put_reason(out, &r, i);
            between = r.open ? ", " : "; ";
        }
    }
    for (unsigned i = 0; i < r.count; i++) {
        free(r.items[i].actual);
        free(r.items[i].wanted);
    }
}
