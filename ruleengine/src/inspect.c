/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleengine/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "inspect-private.h"
#include "manner.h"
#include "origin.h"
#include "reach.h"
#include "verdict.h"

int re_view_new(struct re_view **ret, const struct st_target *target,
                const char *path, struct re_diags *diags)
{
    struct re_view *view = calloc(1, sizeof(*view));
    int err = view ? re_origin_new(&view->origin) : -ENOMEM;

    if (err) {
        re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL, "%s",
                     strerror(-err));
    } else {
        err = re_layer_load(&view->layer, target, NULL, view->origin, path,
                            diags);
    }
    if (err) {
        re_view_free(view);
        return err;
    }
    *ret = view;
    return 0;
}

void re_view_free(struct re_view *view)
{
    if (!view) {
        return;
    }
    re_layer_free(view->layer);
    re_origin_free(view->origin);
    free(view);
}

/* --- rules as text ----------------------------------------------------- */

void re_rule_text(const struct re_rule *rule, char *buf, size_t size)
{
    const char *name = re_verdict_name(rule->verdict);

    switch (rule->verdict) {
    case RE_VERDICT_RETURN:
        snprintf(buf, size, "%s %" PRId64, name, rule->value);
        break;
    case RE_VERDICT_DENY:
    case RE_VERDICT_ERROR:
        snprintf(buf, size, "%s %s", name, rule->error_name);
        break;
    case RE_VERDICT_REDIRECT:
    case RE_VERDICT_FILE:
        snprintf(buf, size, "%s %s", name, rule->manner->content.written);
        break;
    case RE_VERDICT_DEVICE:
        snprintf(buf, size, "%s %s", name, rule->manner->content.path);
        break;
    case RE_VERDICT_LUA:
        snprintf(buf, size, "%s %s", name, rule->handler_name);
        break;
    default:
        snprintf(buf, size, "%s", name);
    }
}

/* A value on one line, each run of blanks one blank. */
static void put_line(FILE *out, const char *text)
{
    bool quoted = false;

    for (; *text; text++) {
        quoted ^= *text == '"';
        if (quoted || (*text != ' ' && *text != '\t')) {
            fputc(*text, out);
        } else if (text[1] && text[1] != ' ' && text[1] != '\t') {
            fputc(' ', out);
        }
    }
}

/* What stands behind a name in a list: ":ENOSYS". */
static void put_suffix(FILE *out, const struct re_draft *draft)
{
    const char *from = draft->entry->value + draft->offset + draft->length;

    fprintf(out, "%.*s", (int)strcspn(from, " \t"), from);
}

static void put_text(FILE *out, const struct re_candidate *c)
{
    const struct re_draft *draft = c->draft;

    if (!draft) {
        if (c->rule->line) {
            fprintf(out, "[policy] %s = ", c->rule->key);
        }
        put_line(out, c->rule->text ? c->rule->text : "");
    } else if (draft->in_value) {
        fprintf(out, "[%s] syscalls = %.*s", draft->entry->section,
                (int)draft->length, draft->entry->value + draft->offset);
        put_suffix(out, draft);
    } else {
        fprintf(out, "[%s] %s = ", draft->entry->section, draft->entry->key);
        put_line(out, draft->entry->value);
    }
}

/* The same without the name, and however it was spelled. */
static void put_effect(FILE *out, const struct re_candidate *c,
                       const char *verdict)
{
    const struct re_draft *draft = c->draft;
    const char *value = draft ? draft->entry->value : NULL;

    if (!draft || draft->in_value) {
        fputs(verdict, out);
        if (draft && draft->logging) {
            fputs(draft->logging == RE_LOG_ALWAYS ? " log" : " quiet", out);
        }
    } else if (c->rule->verdict == RE_VERDICT_ALLOW) {
        bool always = strncmp(value, "always", 6) == 0;

        fprintf(out, "allow%s", always || !draft->condition ? "" : " if");
        value += always ? 6 + strspn(value + 6, " \t") : 0;
        fputs(*value ? " " : "", out);
        put_line(out, value);
    } else {
        fputs(c->rule->verdict == RE_VERDICT_DENY ? "deny " : "", out);
        put_line(out, value);
    }
}

static int set_texts(struct re_answer_rule *r, const struct re_candidate *c)
{
    size_t size;
    FILE *out = open_memstream(&r->text, &size);

    if (!out) {
        return -ENOMEM;
    }
    put_text(out, c);
    if (fclose(out) != 0 || !(out = open_memstream(&r->effect, &size))) {
        return -ENOMEM;
    }
    put_effect(out, c, r->verdict);
    return fclose(out) != 0 ? -ENOMEM : 0;
}

/* --- one rule ---------------------------------------------------------- */

static bool counted(const struct re_when *when, uint64_t n)
{
    return n >= when->first && n <= when->last &&
        (when->step == 0 ? n == when->first :
         (n - when->first) % when->step == 0);
}

static enum re_truth rule_holds(struct re_question *q,
                                const struct re_candidate *c, FILE *why)
{
    const struct re_when *when = &c->rule->when;
    struct re_node *condition = c->draft ? c->draft->condition : NULL;
    enum re_truth truth = RE_YES;

    if (c->tests && condition) {
        truth = re_question_holds(q, condition);
        if (truth != RE_YES) {
            re_question_why(q, condition, truth, why);
        }
    }
    if (truth == RE_YES && c->device) {
        fprintf(why, "whether the descriptor is the device's is not known");
        truth = RE_OPEN;
    }
    if (truth == RE_NO || !when->first) {
        return truth;
    }
    if (!q->known) {
        return RE_OPEN;
    }
    if (counted(when, q->known->nth)) {
        return truth;
    }
    if (truth == RE_YES) {
        fprintf(why, "`when` does not count call %" PRIu64, q->known->nth);
    }
    return RE_NO;
}

static int rank_of(const struct re_candidate *c)
{
    const struct re_draft *draft = c->draft;

    if (!draft) {
        return RE_RANK_DEFAULT;
    }
    return (draft->set ? RE_RANK_SET : RE_RANK_NAME) |
        (draft->device ? RE_RANK_DEVICE : 0) |
        (draft->condition || draft->rule->when.first ?
         RE_RANK_CONDITION : 0);
}

static int describe(struct re_question *q, const struct re_candidate *c,
                    struct re_answer_rule *r)
{
    const struct re_rule *rule = c->rule;
    size_t size;
    FILE *why = open_memstream(&r->why, &size);

    if (!why) {
        return -ENOMEM;
    }
    r->holds = rule_holds(q, c, why);
    if (fclose(why) != 0) {
        return -ENOMEM;
    }
    r->file = rule->file;
    r->line = rule->line;
    r->rank = rank_of(c);
    r->strictness = rule->verdict;
    r->refuses = rule->verdict >= RE_VERDICT_DENY;
    r->emulates = !r->refuses && rule->verdict != RE_VERDICT_ALLOW;
    r->permissive = rule->permissive || q->view->layer->permissive;
    r->logs = rule->log;
    r->lacking = c->draft && c->draft->condition && !c->tests;
    re_rule_text(rule, r->verdict, sizeof(r->verdict));
    return set_texts(r, c);
}

/* --- rules that do not apply ------------------------------------------- */

static bool names_slot(const struct st_target *t, const char *name,
                       unsigned slot)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(t, name, slots);

    for (unsigned i = 0; i < count; i++) {
        if (slots[i] == slot) {
            return true;
        }
    }
    return false;
}

static bool governs(const struct st_target *t, const struct re_draft *draft,
                    unsigned slot)
{
    if (!draft->set) {
        return names_slot(t, draft->name, slot);
    }
    for (unsigned i = 0; i < draft->set->count; i++) {
        if (names_slot(t, st_name_at(draft->set->members[i]), slot)) {
            return true;
        }
    }
    return false;
}

static bool is_candidate(const struct re_slot *s, const struct re_draft *draft)
{
    for (unsigned i = 0; i < s->total; i++) {
        if (s->candidates[i].draft == draft) {
            return true;
        }
    }
    return false;
}

/* An allowance or an emulation that names an argument which this spelling of
 * the call lacks. */
static bool left_out(struct re_question *q, const struct re_slot *s,
                     const struct re_draft *draft)
{
    return draft->condition && draft->rule->verdict < RE_VERDICT_DENY &&
        !is_candidate(s, draft) &&
        governs(q->view->layer->target, draft, q->slot);
}

static int describe_left_out(struct re_question *q,
                             const struct re_draft *draft,
                             struct re_answer_rule *r)
{
    struct re_candidate c = { .rule = draft->rule, .draft = draft };
    int err = describe(q, &c, r);

    free(r->why);
    r->holds = RE_NO;
    r->lacking = true;
    r->why = strdup("the call lacks what the condition asks about");
    return r->why ? err : -ENOMEM;
}

/* --- answers ----------------------------------------------------------- */

static void set_register(const struct st_target *t, const struct st_arg *arg,
                         uint64_t regs[ST_MAX_REGS], uint64_t value)
{
    if (arg->pair == ST_PAIR_NONE) {
        regs[arg->reg] = st_word_bits(t) == 32 ?
            (uint64_t)(int64_t)(int32_t)value : value;
        return;
    }
    regs[arg->reg + (arg->pair == ST_PAIR_HIGH_LOW)] =
        (int64_t)(int32_t)value;
    regs[arg->reg + (arg->pair == ST_PAIR_LOW_HIGH)] =
        (int64_t)(int32_t)(value >> 32);
}

static int prepare(struct re_question *q)
{
    const struct st_target *t = q->view->layer->target;

    q->arg_count = st_slot_args(t, q->slot, q->args);
    q->form = re_layer_form(q->view->layer, q->slot);
    q->facts = malloc(sizeof(*q->facts));
    if (!q->form || !q->facts) {
        return -ENOMEM;
    }
    if (!q->known) {
        return 0;
    }
    memcpy(q->facts, &q->known->about, sizeof(*q->facts));
    for (int i = 0; i < ST_MAX_ARGS; i++) {
        if (!q->known->args[i]) {
            continue;
        }
        if (q->arg_count < 0) {
            q->regs[i] = q->known->values[i];
        } else if (i < q->arg_count) {
            set_register(t, &q->args[i], q->regs, q->known->values[i]);
        }
    }
    return 0;
}

/* Which rule decides: the first that surely holds. Rules before it that may
 * hold leave it open, unless they say the same. */
static void settle(struct re_answer *answer)
{
    size_t first = answer->count;

    answer->certain = true;
    for (size_t i = 0; i < answer->count; i++) {
        struct re_answer_rule *r = &answer->rules[i];

        r->reached = first == answer->count;
        if (r->holds == RE_YES && r->reached) {
            first = i;
        }
    }
    answer->decides = first;
    for (size_t i = 0; i < first; i++) {
        const struct re_answer_rule *r = &answer->rules[i];

        if (r->holds == RE_OPEN &&
            (strcmp(r->verdict, answer->rules[first].verdict) != 0 ||
             r->permissive != answer->rules[first].permissive)) {
            answer->certain = false;
        }
    }
}

static int fill(struct re_question *q, const struct re_slot *s,
                struct re_answer *answer)
{
    const struct re_document *doc = q->view->layer->doc;
    size_t room = s->total;
    int err = 0;

    for (const struct re_draft *d = doc->drafts; d && q->known; d = d->next) {
        room++;
    }
    answer->rules = calloc(room, sizeof(*answer->rules));
    if (!answer->rules) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i + 1 < s->total && !err; i++) {
        err = describe(q, &s->candidates[i], &answer->rules[answer->count++]);
    }
    for (const struct re_draft *d = doc->drafts; d && q->known && !err;
         d = d->next) {
        if (left_out(q, s, d)) {
            err = describe_left_out(q, d, &answer->rules[answer->count++]);
        }
    }
    if (!err) {
        err = describe(q, &s->candidates[s->total - 1],
                       &answer->rules[answer->count++]);
    }
    return err;
}

int re_view_ask(struct re_view *view, int slot, const struct re_known *known,
                struct re_answer *ret)
{
    struct re_question q = {
        .view = view, .slot = slot < 0 ? 0 : slot, .known = known,
    };
    struct re_answer answer = { 0 };
    int err = prepare(&q);

    if (!err) {
        err = fill(&q, slot < 0 ? &view->layer->unknown :
                   &view->layer->slots[slot], &answer);
    }
    free(q.facts);
    if (err) {
        re_answer_free(&answer);
        return err;
    }
    settle(&answer);
    *ret = answer;
    return 0;
}

void re_answer_free(struct re_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        free(answer->rules[i].text);
        free(answer->rules[i].effect);
        free(answer->rules[i].why);
    }
    free(answer->rules);
    answer->rules = NULL;
    answer->count = 0;
}

/* --- settings ---------------------------------------------------------- */

static const struct re_setting *setting(const struct re_view *view,
                                        const char *name)
{
    const struct re_document *doc = view->layer->doc;
    const struct {
        const char *name;
        const struct re_setting *setting;
    } all[] = {
        { "on-error", &doc->on_error }, { "permissive", &doc->permissive },
        { "exec", &doc->exec }, { "gdb", &doc->gdb }, { "log", &doc->log },
        { "confine", &doc->confine },
        { "host-wall", &doc->host_wall },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, name) == 0) {
            return all[i].setting;
        }
    }
    return NULL;
}

void re_view_setting(const struct re_view *view, const char *name, char *buf,
                     size_t size, const char **ret_file, unsigned *ret_line)
{
    const struct re_setting *s = setting(view, name);
    const char *left_out = strcmp(name, "log") == 0 ? "refused" :
        strcmp(name, "exec") == 0 ? "inherit" :
        strcmp(name, "confine") == 0 ? "yes" :
        strcmp(name, "host-wall") == 0 ? "auto" :
        strcmp(name, "on-error") == 0 ? "deny EPERM" : "no";
    bool set = s && s->entry;

    snprintf(buf, size, "%s", set ? s->entry->value : left_out);
    *ret_file = set ? s->entry->file : NULL;
    *ret_line = set ? s->entry->line : 0;
}

/* --- the host's wall ------------------------------------------------------ */

bool re_view_may_run(const struct re_view *view, int slot)
{
    return re_layer_may_run(view->layer, slot);
}

bool re_view_asks(const struct re_view *view)
{
    return re_layer_asks(view->layer);
}

bool re_view_asks_for_peers(const struct re_view *view)
{
    unsigned count = st_slot_count(view->layer->target);

    for (unsigned slot = 0; slot < count; slot++) {
        if (re_layer_asks_for_peer(view->layer, slot)) {
            return true;
        }
    }
    return false;
}

bool re_view_acts(const struct re_view *view)
{
    return re_layer_acts(view->layer);
}
