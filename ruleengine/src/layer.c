/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "compile.h"
#include "device.h"
#include "diag-add.h"
#include "lua-state.h"
#include "manner.h"
#include "origin.h"
#include "parse.h"
#include "policy.h"
#include "reload.h"

/* What a handler may use unless the policy says otherwise. */
#define DEFAULT_INSTRUCTIONS    UINT64_C(10000000)
#define DEFAULT_MEMORY          ((size_t)64 << 20)

/* Rules of the older form: against loops without end, not against rules that
 * take their time. */
static const struct re_lua_limits rule_limits = {
    .instructions = 1000000000, .memory = (size_t)1 << 30,
};

static struct re_layer *new_layer(const struct st_target *target,
                                  struct re_origin *origin)
{
    struct re_layer *layer = calloc(1, sizeof(*layer));

    if (!layer) {
        return NULL;
    }
    layer->target = target;
    layer->origin = origin;
    layer->arena = re_arena_new();
    if (!layer->arena) {
        free(layer);
        return NULL;
    }
    return layer;
}

void re_layer_free(struct re_layer *layer)
{
    if (!layer) {
        return;
    }
    re_reload_free(layer->reload);
    re_lua_free(layer->lua);
    if (layer->counters) {
        munmap(layer->counters, layer->counters_size);
    }
    re_arena_free(layer->arena);
    free(layer);
}

/* The document outlives parsing: rules of its settings stay in use. */
static struct re_document *new_document(struct re_layer *layer,
                                        struct re_diags *diags)
{
    struct re_document *doc = re_arena_alloc(layer->arena, sizeof(*doc));

    if (doc) {
        doc->target = layer->target;
        doc->arena = layer->arena;
        doc->origin = layer->origin;
        doc->diags = diags;
        layer->doc = doc;
    }
    return doc;
}

/* --- settings ------------------------------------------------------------- */

static void set_default(struct re_setting *setting, struct re_rule rule)
{
    if (!setting->entry) {
        setting->rule = rule;
    }
}

static bool logged(const struct re_document *doc, enum re_logging logging,
                   enum re_verdict verdict)
{
    uint64_t set = doc->log.entry ? doc->log.number : RE_LOG_REFUSED;

    if (logging != RE_LOG_BY_DEFAULT) {
        return logging == RE_LOG_ALWAYS;
    }
    return set & (verdict >= RE_VERDICT_DENY ? RE_LOG_REFUSED :
                  verdict > RE_VERDICT_ALLOW ? RE_LOG_EMULATED :
                  RE_LOG_ALLOWED);
}

/* Fills in what the policy leaves open. */
static void settle_settings(struct re_layer *layer, struct re_document *doc,
                            const char *path)
{
    const struct st_target *t = layer->target;
    const char *file = re_arena_strdup(layer->arena, path);
    struct re_setting *all[] = {
        &doc->default_, &doc->unknown, &doc->on_error, &doc->exec,
    };

    set_default(&doc->default_, (struct re_rule) {
        .verdict = RE_VERDICT_DENY, .error = st_errno_by_name(t, "EPERM"),
        .error_name = "EPERM", .file = file, .key = "default",
        .text = "deny EPERM",
    });
    set_default(&doc->unknown, (struct re_rule) {
        .verdict = RE_VERDICT_DENY, .error = st_errno_by_name(t, "ENOSYS"),
        .error_name = "ENOSYS", .file = file, .key = "unknown",
        .text = "deny ENOSYS",
    });
    set_default(&doc->on_error, (struct re_rule) {
        .verdict = RE_VERDICT_DENY, .error = st_errno_by_name(t, "EPERM"),
        .error_name = "EPERM", .file = file, .key = "on-error",
        .text = "deny EPERM",
    });
    doc->exec.rule = (struct re_rule) {
        .verdict = RE_VERDICT_DENY, .error = st_errno_by_name(t, "EPERM"),
        .error_name = "EPERM", .key = "exec", .text = "deny",
        .file = doc->exec.entry ? doc->exec.entry->file : file,
        .line = doc->exec.entry ? doc->exec.entry->line : 0,
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        all[i]->rule.log = logged(doc, all[i]->logging,
                                  all[i]->rule.verdict);
    }
    for (struct re_draft *d = doc->drafts; d; d = d->next) {
        d->rule->log = logged(doc, d->logging, d->rule->verdict);
        if (d->rule->manner && d->rule->manner->limit) {
            struct re_rule *beyond = &d->rule->manner->limit->beyond;

            beyond->log = logged(doc, d->logging, beyond->verdict);
        }
    }
    layer->default_rule = &doc->default_.rule;
    layer->on_error = &doc->on_error.rule;
    layer->permissive = doc->permissive.number;
    layer->exec = &doc->exec;
    layer->gdb = &doc->gdb;
    layer->confine = &doc->confine;
    layer->log_rate = &doc->log_rate;
    layer->log_repeat = &doc->log_repeat;
    layer->host_wall = &doc->host_wall;
}

/* --- programs of the host ------------------------------------------------- */

static int add_native(struct re_layer *layer, const char *path, size_t length)
{
    struct re_native *native = re_arena_alloc(layer->arena, sizeof(*native));

    if (!native) {
        return -ENOMEM;
    }
    native->path = re_arena_strndup(layer->arena, path, length);
    native->next = layer->native;
    layer->native = native;
    return native->path ? 0 : -ENOMEM;
}

/* A program is known again by its name without links, as it was when the
 * policy was first loaded. One that does not exist yet is as it is named. */
static int list_native(struct re_layer *layer, const struct re_setting *exec)
{
    const char *v = exec->entry && exec->number == RE_EXEC_NATIVE ?
        exec->entry->value : "";
    int err = 0;

    for (v += strcspn(v, " \t"); *v && !err; v += strcspn(v, " \t")) {
        const char *real;

        v += strspn(v, " \t");
        err = add_native(layer, v, strcspn(v, " \t"));
        if (!err && re_origin_real(layer->origin, layer->native->path,
                                   &real) == 0) {
            err = add_native(layer, real, strlen(real));
        }
    }
    return err;
}

/* --- handlers ------------------------------------------------------------- */

static const char *function_at(void *opaque, unsigned i)
{
    return re_lua_function_at(opaque, i);
}

static int find_handlers(struct re_layer *layer, struct re_document *doc)
{
    int result = 0;

    for (struct re_draft *d = doc->drafts; d; d = d->next) {
        const char *name = d->rule->handler_name;
        char hint[RE_SUGGEST_MAX + 32];

        if (!name) {
            continue;
        }
        if (!layer->lua) {
            re_entry_diag(doc->diags, RE_ERROR, d->entry, d->handler_offset,
                          strlen(name), "[policy] handlers = FILE.lua",
                          "the policy names no file of handlers");
            result = -EINVAL;
            continue;
        }
        d->rule->handler = re_lua_handler(layer->lua, name);
        if (d->rule->handler < 0) {
            re_entry_diag(doc->diags, RE_ERROR, d->entry, d->handler_offset,
                          strlen(name),
                          re_suggest_hint(name, function_at, layer->lua, hint,
                                          sizeof(hint)),
                          "no handler \"%.64s\" in %s", name,
                          doc->handlers->path);
            result = -EINVAL;
        }
    }
    return result;
}

static int load_handlers(struct re_layer *layer, struct re_document *doc,
                         const struct re_guest_ops *ops)
{
    struct re_lua_limits limits = {
        .instructions = doc->instructions.entry ? doc->instructions.number :
            DEFAULT_INSTRUCTIONS,
        .memory = doc->memory.entry ? doc->memory.number : DEFAULT_MEMORY,
        .libraries = doc->libraries.number,
        .has_seed = doc->seed.entry,
        .seed = doc->seed.number,
        .per_thread = doc->state.number,
    };
    int err = 0;

    if (doc->handlers) {
        err = re_lua_new(&layer->lua, RE_LUA_HANDLERS, layer->target, ops,
                         &limits, doc->diags);
    }
    if (!err && layer->lua) {
        re_lua_set_on_error(layer->lua, layer->on_error);
        re_lua_set_origin(layer->lua, layer->origin);
        err = re_lua_share(layer->lua);
        if (err) {
            re_diags_add(doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                         "no memory for what handlers share");
        }
    }
    for (const struct re_handlers *h = doc->handlers; h && !err; h = h->next) {
        err = re_lua_load(layer->lua, h->path, h->entry->file, h->entry->line,
                          h->entry->pieces->column, doc->diags);
    }
    return err ? err : find_handlers(layer, doc);
}

/* --- layers --------------------------------------------------------------- */

static int no_memory(const char *path, struct re_diags *diags)
{
    re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL, "%s",
                 strerror(ENOMEM));
    return -ENOMEM;
}

int re_layer_load(struct re_layer **ret, const struct st_target *target,
                  const struct re_guest_ops *ops, struct re_origin *origin,
                  const char *path, struct re_diags *diags)
{
    struct re_layer *layer = new_layer(target, origin);
    struct re_document *doc = layer ? new_document(layer, diags) : NULL;
    int err, more;

    if (!doc) {
        re_layer_free(layer);
        return no_memory(path, diags);
    }
    layer->ops = ops;
    err = re_parse(doc, path);
    /* Later stages find further errors in what could be read. */
    if (err == 0 || err == -EINVAL) {
        settle_settings(layer, doc, path);
        more = list_native(layer, &doc->exec);
        err = err ? err : more;
        more = load_handlers(layer, doc, ops);
        err = err ? err : more;
        more = ops && !err ? re_devices_make(doc) : 0;
        err = err ? err : more;
        more = re_compile(layer, doc);
        err = err ? err : more;
    }
    if (err < 0) {
        re_layer_free(layer);
        return err;
    }
    *ret = layer;
    return 0;
}

struct finding {
    struct re_document *doc;
    bool failed;
};

static void rule_found(void *opaque, const char *syscall, int handler,
                       const char *file, unsigned line)
{
    struct finding *f = opaque;
    struct re_arena *arena = f->doc->arena;
    struct re_draft *draft = re_arena_alloc(arena, sizeof(*draft));
    struct re_rule *rule = re_arena_alloc(arena, sizeof(*rule));

    if (!draft || !rule) {
        f->failed = true;
        return;
    }
    rule->verdict = RE_VERDICT_LUA;
    rule->handler = handler;
    rule->handler_name = re_arena_strdup(arena, syscall);
    rule->file = re_arena_strdup(arena, file);
    rule->line = line;
    rule->key = rule->text = rule->handler_name;
    draft->rule = rule;
    draft->name = rule->handler_name;
    draft->optional = true;     /* one directory serves many targets */
    if (re_arena_failed(arena)) {
        f->failed = true;
        return;
    }
    re_draft_append(f->doc, draft);
}

/* A layer without rules; users of this form expect that what no rule answers
 * goes on. */
static struct re_layer *new_rules(const struct st_target *target,
                                  struct re_origin *origin,
                                  struct re_document **ret_doc,
                                  struct re_diags *diags)
{
    struct re_layer *layer = new_layer(target, origin);
    struct re_document *doc = layer ? new_document(layer, diags) : NULL;

    if (!doc) {
        re_layer_free(layer);
        no_memory(NULL, diags);
        return NULL;
    }
    doc->tail = &doc->drafts;
    layer->default_rule = &doc->default_.rule;
    layer->on_error = &doc->on_error.rule;
    *ret_doc = doc;
    return layer;
}

/* Loads the directories into the layer's state. Frees the layer when that fails
 * or "err" has. */
static int fill_rules(struct re_layer *layer, struct re_document *doc,
                      const char *const *dirs, size_t count, int err)
{
    struct finding finding = { .doc = doc };

    for (size_t i = 0; i < count && !err; i++) {
        err = re_lua_load_rules(layer->lua, dirs[i], rule_found, &finding,
                                doc->diags);
    }
    if (!err) {
        err = finding.failed ? no_memory(NULL, doc->diags) :
            re_compile(layer, doc);
    }
    if (err < 0) {
        re_layer_free(layer);
    }
    return err;
}

int re_layer_load_rules(struct re_layer **ret, const struct st_target *target,
                        const struct re_guest_ops *ops,
                        struct re_origin *origin,
                        const char *const *dirs, size_t count,
                        struct re_diags *diags)
{
    struct re_document *doc;
    struct re_layer *layer = new_rules(target, origin, &doc, diags);
    int err;

    if (!layer) {
        return -ENOMEM;
    }
    err = re_lua_new(&layer->lua, RE_LUA_RULES, target, ops, &rule_limits,
                     diags);
    if (!err) {
        re_lua_set_origin(layer->lua, origin);
        err = re_lua_share(layer->lua);
    }
    err = fill_rules(layer, doc, dirs, count, err);
    if (!err) {
        *ret = layer;
    }
    return err;
}

int re_layer_load_rules_again(struct re_layer **ret, struct re_layer *first,
                              struct re_origin *origin,
                              const char *const *dirs, size_t count,
                              struct re_diags *diags)
{
    struct re_document *doc;
    struct re_layer *layer = new_rules(first->target, origin, &doc, diags);
    int err;

    if (!layer) {
        return -ENOMEM;
    }
    err = fill_rules(layer, doc, dirs, count,
                     re_lua_new_again(&layer->lua, first->lua, origin));
    if (!err) {
        doc->diags = NULL;      /* the caller's, who frees them */
        *ret = layer;
    }
    return err;
}

int re_layer_load_changing(struct re_layer **ret,
                           const struct st_target *target,
                           const struct re_guest_ops *ops,
                           struct re_origin *origin, const char *const *dirs,
                           size_t count, struct re_diags *diags)
{
    struct re_document *doc;
    struct re_layer *first, *layer;
    int err = re_layer_load_rules(&first, target, ops, origin, dirs, count,
                                  diags);

    if (err) {
        return err;
    }
    layer = new_rules(target, origin, &doc, diags);
    err = layer ? re_reload_new(&layer->reload, first, dirs, count, diags) :
        -ENOMEM;
    if (err) {
        re_layer_free(first);
        re_layer_free(layer);
        return err;
    }
    doc->default_.rule = (struct re_rule) {
        .verdict = RE_VERDICT_LUA, .handler = -1,
        .handler_name = "rules", .key = "rules", .text = "rules",
        .file = re_arena_strdup(layer->arena, dirs[0]),
    };
    err = re_compile(layer, doc);
    if (err) {
        re_layer_free(layer);
        return err;
    }
    *ret = layer;
    return 0;
}
