/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about policies that load: rules that cannot decide anything, calls
 * that do what a refused one does, and programs that could not even begin or
 * end. For tools; an emulator does not ask.
 */
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "inspect-private.h"
#include "origin.h"
#include "sense.h"

/* --- siblings ----------------------------------------------------------- */

/* Calls that do the same to a path or a process. */
static const struct family {
    const char *calls[6];
    const char *what;       /* "openat2 opens files too" */
    const char *set;        /* covers all of them; NULL: none does */
} families[] = {
    { { "open", "openat", "openat2", "creat" }, "open files too", "@open" },
    { { "execve", "execveat" }, "run programs too", "@exec" },
    { { "rename", "renameat", "renameat2" }, "rename files too", "@rename" },
    { { "link", "linkat" }, "make links too", "@link" },
    { { "symlink", "symlinkat" }, "make links too", "@symlink" },
    { { "unlink", "unlinkat" }, "remove files too", "@unlink" },
    { { "mkdir", "mkdirat" }, "make directories too", "@mkdir" },
    { { "mknod", "mknodat" }, "make nodes too", "@mknod" },
    { { "chmod", "fchmodat", "fchmodat2" }, "change modes too", "@chmod" },
    { { "chown", "lchown", "fchownat" }, "change owners too", NULL },
    { { "readlink", "readlinkat" }, "read links too", "@readlink" },
    { { "fork", "vfork", "clone", "clone3" }, "make processes too", "@fork" },
    { { "accept", "accept4" }, "take connections too", "@accept" },
    { { "umount2", "umount" }, "unmount too", NULL },
    { { "kill", "tkill", "tgkill", "pidfd_send_signal" }, "send signals too",
      "@kill" },
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]), FAMILY_MAX = 6 };

static bool refuses(const struct re_rule *rule)
{
    return rule->verdict >= RE_VERDICT_DENY;
}

/* Whether a call is let through whatever its arguments are. */
static bool is_open(const struct re_layer *layer, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(layer->target, name, slots);

    for (unsigned i = 0; i < count; i++) {
        const struct re_slot *s = &layer->slots[slots[i]];

        for (unsigned j = 0; j < s->count; j++) {
            if (s->candidates[j].rule->verdict != RE_VERDICT_ALLOW) {
                return false;
            }
        }
    }
    return count > 0;
}

/* Whether a call has no way through. */
static bool is_shut(const struct re_layer *layer, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(layer->target, name, slots);

    for (unsigned i = 0; i < count; i++) {
        const struct re_slot *s = &layer->slots[slots[i]];

        for (unsigned j = 0; j < s->count; j++) {
            if (!refuses(s->candidates[j].rule) ||
                s->candidates[j].rule->permissive) {
                return false;
            }
        }
    }
    return true;
}

static const struct family *family_of(const char *name)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        for (unsigned j = 0; j < FAMILY_MAX && families[i].calls[j]; j++) {
            if (strcmp(families[i].calls[j], name) == 0) {
                return &families[i];
            }
        }
    }
    return NULL;
}

/* "`openat` and `openat2`", those that are open or that this target lacks; how
 * many are open here. The same text on many targets is said once. */
static unsigned open_siblings(const struct re_layer *layer,
                              const struct family *family, const char *name,
                              char *buf, size_t size)
{
    const char *found[FAMILY_MAX];
    unsigned count = 0, open = 0;
    uint16_t slots[ST_MAX_SPELLINGS];
    size_t length = 0;

    for (unsigned i = 0; i < FAMILY_MAX && family->calls[i]; i++) {
        const char *other = family->calls[i];

        if (strcmp(other, name) != 0) {
            bool is = is_open(layer, other);

            open += is;
            if (is || st_slots_of_name(layer->target, other, slots) == 0) {
                found[count++] = other;
            }
        }
    }
    for (unsigned i = 0; i < count && length < size; i++) {
        length += snprintf(buf + length, size - length, "%s`%s`",
                           i == 0 ? "" : i + 1 < count ? ", " : " and ",
                           found[i]);
    }
    return open;
}

/* Namespaces that a clone may not make cannot be had from fork; and where
 * clone3 is one that the kernel lacks, a C library takes clone. */
static bool is_about_flags(const struct re_draft *draft)
{
    const char *error = draft->rule->error_name;

    return (draft->condition && strcmp(draft->name, "clone") == 0) ||
        (strcmp(draft->name, "clone3") == 0 && error &&
         strcmp(error, "ENOSYS") == 0);
}

static void lint_siblings(const struct re_layer *layer,
                          const struct re_document *doc,
                          const struct re_draft *draft)
{
    const struct family *family = draft->set || !refuses(draft->rule) ? NULL :
        family_of(draft->name);
    char siblings[160], hint[64];

    if (!family || is_about_flags(draft) ||
        !open_siblings(layer, family, draft->name, siblings,
                       sizeof(siblings))) {
        return;
    }
    snprintf(hint, sizeof(hint), "`%s` covers them",
             family->set ? family->set : "");
    re_draft_diag(doc, draft, RE_WARNING, family->set ? hint : NULL,
                  "`%s` is denied, but %s can %s", draft->name, siblings,
                  family->what);
}

/* --- rules that never decide -------------------------------------------- */

static bool same_condition(const struct re_draft *a, const struct re_draft *b)
{
    struct re_node_span x = { SIZE_MAX, 0 }, y = { SIZE_MAX, 0 };

    if (!a->condition || !b->condition || a->rule->when.first ||
        b->rule->when.first) {
        return false;
    }
    re_node_measure(a->condition, &x);
    re_node_measure(b->condition, &y);
    return x.to - x.from == y.to - y.from &&
        memcmp(a->entry->value + x.from, b->entry->value + y.from,
               x.to - x.from) == 0;
}

/* The candidate that takes everything from the one at "index", or NULL. */
static const struct re_candidate *winner(const struct re_slot *s,
                                         unsigned index)
{
    const struct re_draft *draft = s->candidates[index].draft;

    for (unsigned i = 0; i < index && i < s->count; i++) {
        const struct re_draft *other = s->candidates[i].draft;

        if (other && !other->set == !draft->set &&
            same_condition(other, draft)) {
            return &s->candidates[i];
        }
    }
    return index >= s->count ? &s->candidates[s->count - 1] : NULL;
}

/* On every slot that the draft governs: who wins. NULL: on one, nobody. */
static const struct re_candidate *always_loses(const struct re_layer *layer,
                                               const struct re_draft *draft)
{
    const struct re_candidate *first = NULL;

    for (unsigned slot = 0; slot < st_slot_count(layer->target); slot++) {
        const struct re_slot *s = &layer->slots[slot];

        for (unsigned i = 0; i < s->total; i++) {
            const struct re_candidate *w;

            if (s->candidates[i].draft != draft) {
                continue;
            }
            w = winner(s, i);
            if (!w || (w->rule->verdict == draft->rule->verdict &&
                       w->rule->error == draft->rule->error)) {
                return NULL;        /* it decides, or another says the same */
            }
            first = first ? first : w;
        }
    }
    return first;
}

static const char *does(const struct re_rule *rule)
{
    return refuses(rule) ? "refuses" :
        rule->verdict == RE_VERDICT_ALLOW ? "allows" : "emulates";
}

/* A file that includes another may well overrule it: that is no mistake. */
static void lint_reach(const struct re_layer *layer,
                       const struct re_document *doc,
                       const struct re_draft *draft)
{
    const struct re_candidate *w = always_loses(layer, draft);

    if (!w || !w->draft ||
        strcmp(w->rule->file, draft->entry->file) != 0) {
        return;
    }
    re_draft_diag(doc, draft, RE_WARNING, NULL,
                  "unreachable: line %u %s `%s` in every case that this line "
                  "%s", w->rule->line, does(w->rule), draft->name,
                  does(draft->rule));
}

/* --- rules that leave nothing together ----------------------------------- */

enum { TOGETHER_MAX = 16 };

/* Rules with conditions that stand before one, and its own condition, as one
 * list of tests: it holds for a call that none of them takes. */
struct together {
    struct re_test *tests;
    unsigned count;
    const struct re_rule *rules[TOGETHER_MAX];
    unsigned rule_count;
};

static bool takes_some(const struct re_candidate *c)
{
    return refuses(c->rule) && !c->rule->permissive && !c->rule->when.first &&
        !c->device && c->tests && c->draft;
}

static void append(struct together *t, const struct re_candidate *c,
                   bool is_last)
{
    unsigned at = t->count;
    uint16_t next = at + c->test_count;

    for (unsigned i = 0; i < c->test_count; i++) {
        struct re_test *test = &t->tests[t->count++];
        uint16_t *ways[2];

        *test = c->tests[i];
        ways[0] = &test->yes;
        ways[1] = &test->no;
        for (unsigned w = 0; w < 2; w++) {
            if (*ways[w] < RE_COND_MAX) {
                *ways[w] += at;
            } else if (!is_last) {
                *ways[w] = *ways[w] == RE_COND_TRUE ? RE_COND_FALSE : next;
            }
        }
    }
}

/* Whether some call gets to the candidate at "index" and is one of its own; the
 * rules before it are noted once. */
static bool is_reached(const struct re_layer *layer, unsigned slot,
                       unsigned index, struct together *t)
{
    const struct re_slot *s = &layer->slots[slot];
    static const struct re_test always = {
        .op = RE_TEST_RANGE, .width = 64, .yes = RE_COND_TRUE,
        .no = RE_COND_TRUE,
    };
    struct re_candidate own = s->candidates[index];
    unsigned room = own.test_count + 1, others = 0;
    bool result;

    for (unsigned i = 0; i < index; i++) {
        if (takes_some(&s->candidates[i])) {
            room += s->candidates[i].test_count;
            others++;
        }
    }
    if (others < 2 || others > TOGETHER_MAX || room >= RE_COND_MAX) {
        return true;
    }
    if (!own.tests) {
        own.tests = &always;
        own.test_count = 1;
    }
    t->tests = calloc(room, sizeof(*t->tests));
    t->count = t->rule_count = 0;
    for (unsigned i = 0; i < index && t->tests; i++) {
        if (takes_some(&s->candidates[i])) {
            append(t, &s->candidates[i], false);
            t->rules[t->rule_count++] = s->candidates[i].rule;
        }
    }
    if (t->tests) {
        append(t, &own, true);
    }
    result = !t->tests ||
        re_tests_can_end(layer, slot, t->tests, t->count, true);
    free(t->tests);
    return result;
}

static int compare_lines(const void *x, const void *y)
{
    const struct re_rule *const *a = x, *const *b = y;

    return ((*a)->line > (*b)->line) - ((*a)->line < (*b)->line);
}

static void tell_together(const struct re_document *doc,
                          const struct re_draft *draft,
                          struct together *t)
{
    char lines[160] = "";
    size_t length = 0;

    qsort(t->rules, t->rule_count, sizeof(t->rules[0]), compare_lines);
    for (unsigned i = 0; i < t->rule_count && length < sizeof(lines); i++) {
        if (strcmp(t->rules[i]->file, draft->entry->file) != 0) {
            return;             /* a file that includes others overrules them */
        }
        length += snprintf(lines + length, sizeof(lines) - length, "%s%u",
                           i == 0 ? "" : i + 1 < t->rule_count ? ", " : " and ",
                           t->rules[i]->line);
    }
    re_draft_diag(doc, draft, RE_WARNING, NULL,
                  "unreachable: lines %s together refuse `%s` in every case "
                  "that this line %s", lines, draft->name, does(draft->rule));
}

static void lint_together(const struct re_layer *layer,
                          const struct re_document *doc,
                          const struct re_draft *draft)
{
    struct together t = { 0 };
    bool seen = false;

    if (draft->set || refuses(draft->rule) || draft->device ||
        always_loses(layer, draft)) {
        return;
    }
    for (unsigned slot = 0; slot < st_slot_count(layer->target); slot++) {
        const struct re_slot *s = &layer->slots[slot];

        for (unsigned i = 0; i < s->count; i++) {
            if (s->candidates[i].draft == draft) {
                if (is_reached(layer, slot, i, &t)) {
                    return;
                }
                seen = true;
            }
        }
    }
    if (seen) {
        tell_together(doc, draft, &t);
    }
}

/* --- allowances that undo the rest ---------------------------------------- */

/* Names and sets that want a reason, and what they let a program do. */
static const struct {
    const char *name, *what;
} dangers[] = {
    { "@debug", "reads and changes other processes" },
    { "@module", "loads code into the host's kernel" },
    { "@mount", "changes what all paths mean" },
    { "@raw-io", "reaches the host's hardware" },
    { "@reboot", "stops the host" },
    { "@swap", "changes the host's swap space" },
    { "acct", "writes a file in the kernel's name" },
    { "bpf", "runs code in the host's kernel" },
    { "chroot", "changes what all paths mean" },
    { "delete_module", "removes code from the host's kernel" },
    { "finit_module", "loads code into the host's kernel" },
    { "init_module", "loads code into the host's kernel" },
    { "kexec_file_load", "replaces the host's kernel" },
    { "kexec_load", "replaces the host's kernel" },
    { "mount", "changes what all paths mean" },
    { "open_by_handle_at", "opens files that no path rule sees" },
    { "pidfd_getfd", "takes descriptors of other processes" },
    { "pivot_root", "changes what all paths mean" },
    { "process_vm_readv", "reads other processes" },
    { "process_vm_writev", "changes other processes" },
    { "ptrace", "reads and changes other processes" },
    { "reboot", "stops the host" },
    { "setns", "changes what all paths mean" },
};

const char *re_danger_of(const char *name)
{
    for (size_t i = 0; i < sizeof(dangers) / sizeof(dangers[0]); i++) {
        if (strcmp(dangers[i].name, name) == 0) {
            return dangers[i].what;
        }
    }
    return NULL;
}

/* Whether a comment stands on the line above. */
static bool has_reason(const struct re_layer *layer, const char *file,
                       unsigned line)
{
    const char *text, *at;
    size_t size;

    if (line < 2 || re_origin_read(layer->origin, file, &text, &size) < 0) {
        return false;
    }
    at = text;
    for (unsigned n = 1; at && n + 1 < line; n++) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    at = at ? at + strspn(at, " \t") : "";
    return *at == ';' || *at == '#';
}

static void lint_danger(const struct re_layer *layer,
                        const struct re_document *doc,
                        const struct re_draft *draft)
{
    const char *what = draft->rule->verdict == RE_VERDICT_ALLOW &&
        !draft->condition ? re_danger_of(draft->name) : NULL;

    if (what && !always_loses(layer, draft) &&
        !has_reason(layer, draft->rule->file, draft->rule->line)) {
        re_draft_diag(doc, draft, RE_WARNING,
                      "say why in a comment on the line above",
                      "`%s` %s", draft->name, what);
    }
}

/* --- programs that can neither begin nor end ----------------------------- */

/* What C libraries and other runtimes ask for before the program's own code. */
static void lint_begin(const struct re_layer *layer,
                       const struct re_document *doc)
{
    const struct re_rule *rule = layer->default_rule;

    if (layer->permissive || !refuses(rule) || !is_shut(layer, "brk") ||
        !is_shut(layer, "mmap")) {
        return;
    }
    re_diags_add(doc->diags, RE_WARNING, rule->file, rule->line, 0, 0, NULL,
                 "`include = base` allows what every C library asks for",
                 "neither `brk` nor `mmap` is allowed: a program gets no "
                 "memory, and most end before they begin");
}

static void lint_end(const struct re_layer *layer,
                     const struct re_document *doc)
{
    const struct re_rule *rule = layer->default_rule;

    if (layer->permissive || !refuses(rule) ||
        !is_shut(layer, "exit_group") || !is_shut(layer, "rt_sigreturn")) {
        return;
    }
    re_diags_add(doc->diags, RE_WARNING, rule->file, rule->line, 0, 0, NULL,
                 NULL, "neither `exit_group` nor `rt_sigreturn` is allowed: a "
                 "program can neither end nor return from a signal's handler");
}

void re_view_lint(struct re_view *view, struct re_diags *diags)
{
    const struct re_layer *layer = view->layer;
    struct re_document doc = *layer->doc;

    doc.diags = diags;
    lint_begin(layer, &doc);
    lint_end(layer, &doc);
    for (const struct re_draft *d = doc.drafts; d; d = d->next) {
        lint_siblings(layer, &doc, d);
        lint_reach(layer, &doc, d);
        lint_together(layer, &doc, d);
        lint_danger(layer, &doc, d);
    }
}
