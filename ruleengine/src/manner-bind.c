/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manner-bind.h"

#include <errno.h>
#include <string.h>

#include "form.h"
#include "verdict.h"

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name)) {
        names++;
    }
    return *names;
}

/* --- verdicts ----------------------------------------------------------- */

static bool changes_call(enum re_verdict verdict)
{
    return verdict >= RE_VERDICT_WILDCARD && verdict <= RE_VERDICT_DATA &&
        verdict != RE_VERDICT_READ;
}

/* Whether a verdict that changes the call's file or address can do so to this
 * call. */
static bool verdict_fits(enum re_verdict verdict, const struct re_form *form,
                         const char *name)
{
    /* Those for which a file is as good as any other, whoever made it. */
    static const char *const shows[] = {
        "open", "openat", "openat2", "creat", "stat", "lstat", "newfstatat",
        "statx", "access", "faccessat", "faccessat2", "statfs", "truncate",
        NULL,
    };
    /* Those that are about more than files. */
    static const char *const large[] = {
        "execve", "execveat", "mount", "umount2", "pivot_root", "chroot",
        "swapon", "swapoff", "acct", "open_tree", "move_mount", "fspick",
        "mount_setattr", "quotactl", "uselib", NULL,
    };

    switch (verdict) {
    case RE_VERDICT_DEVICE:
    case RE_VERDICT_DATA:
    case RE_VERDICT_FILE:
        return form->path_count && is_one_of(name, shows);
    case RE_VERDICT_REDIRECT:
        return form->path_count;
    case RE_VERDICT_PARENTS:
        return form->path_count || form->binds;
    case RE_VERDICT_ROOT:
        return form->path_count ? !is_one_of(name, large) :
            form->address_reg >= 0;
    case RE_VERDICT_WILDCARD:
        return form->binds;
    default:
        return true;
    }
}

/* --- limits ------------------------------------------------------------- */

/*
 * The kernel, too, may transfer less than these are asked for. Sockets' calls
 * are not among them: a message would be cut.
 */
static const struct shortened {
    const char *name, *count;   /* the argument */
} shortened[] = {
    { "read", "count" }, { "write", "count" }, { "pread64", "count" },
    { "pwrite64", "count" }, { "getrandom", "len" }, { "sendfile", "count" },
    { "copy_file_range", "len" }, { "splice", "len" }, { "tee", "len" },
};

static const struct shortened *find_shortened(const struct re_layer *layer,
                                              unsigned slot)
{
    const char *call = st_slot_name(layer->target, slot);

    call = call ? st_canonical_name(call) : NULL;
    for (size_t i = 0; call && i < sizeof(shortened) / sizeof(shortened[0]);
         i++) {
        if (strcmp(call, shortened[i].name) == 0) {
            return &shortened[i];
        }
    }
    return NULL;
}

/* Old mmap's arguments lie in memory. */
static const struct re_measure *find_in_block(struct re_layer *layer,
                                              unsigned slot, const char *name)
{
    const struct re_form *form = re_layer_form(layer, slot);
    struct st_arg arg;
    struct re_measure *m;

    if (!form || form->block != RE_BLOCK_OLD_MMAP ||
        !re_form_block_arg(form, name, &arg)) {
        return NULL;
    }
    m = re_arena_alloc(layer->arena, sizeof(*m));
    if (m) {
        m->form = form;
        m->reg = arg.reg;
        m->width = arg.width;
        m->is_signed = arg.is_signed;
    }
    return m;
}

static const struct re_measure *find_measure(struct re_layer *layer,
                                             unsigned slot, const char *name)
{
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(layer->target, slot, args);
    struct re_measure *m;

    for (int i = 0; i < count; i++) {
        if (strcmp(args[i].name, name) != 0) {
            continue;
        }
        m = re_arena_alloc(layer->arena, sizeof(*m));
        if (m) {
            m->reg = args[i].reg;
            m->width = args[i].width;
            m->pair = args[i].pair;
            m->is_signed = args[i].is_signed;
            m->shortens = args[i].pair == ST_PAIR_NONE &&
                find_shortened(layer, slot);
        }
        return m;
    }
    return find_in_block(layer, slot, name);
}

/* What these transfer is also the most that they are asked for: so the last one
 * is cut, rather than measured when it is too late. */
static const struct re_measure *find_result(struct re_layer *layer,
                                            unsigned slot)
{
    const struct shortened *s = find_shortened(layer, slot);

    return s ? find_measure(layer, slot, s->count) : NULL;
}

/* The register of a call's first descriptor, or -1. */
static int find_descriptor(const struct re_layer *layer, unsigned slot)
{
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(layer->target, slot, args);

    for (int i = 0; i < count; i++) {
        if (args[i].kind == ST_KIND_FD) {
            return args[i].reg;
        }
    }
    return -1;
}

/* Of old mmap, the descriptor lies in memory. */
static bool bind_block(struct re_layer *layer, unsigned slot,
                       struct re_manner_bound *ret)
{
    const struct re_form *form = re_layer_form(layer, slot);
    struct st_arg arg;

    if (!form || !re_form_block_arg(form, "fd", &arg)) {
        return false;
    }
    ret->device_reg = arg.reg;
    ret->device_form = form;
    return true;
}

static bool bind_device(struct re_layer *layer, const struct re_draft *draft,
                        unsigned slot, struct re_manner_bound *ret)
{
    int reg = draft->device ? find_descriptor(layer, slot) : 0;

    if (reg < 0) {
        return bind_block(layer, slot, ret);
    }
    ret->device_reg = reg;
    return true;
}

/* --- outside ------------------------------------------------------------ */

static const struct re_limit *limit_of(const struct re_draft *draft)
{
    const struct re_manner *m = draft->rule->manner;

    return m && m->limit && m->limit->measure ? m->limit : NULL;
}

bool re_manner_bind(struct re_layer *layer, const struct re_draft *draft,
                    unsigned slot, struct re_manner_bound *ret)
{
    const struct re_limit *limit = limit_of(draft);
    const struct re_manner *m = draft->rule->manner;
    enum re_verdict verdict = draft->rule->verdict;
    const char *name = st_slot_name(layer->target, slot);

    memset(ret, 0, sizeof(*ret));
    if (!bind_device(layer, draft, slot, ret)) {
        return false;
    }
    if (m && m->write_to) {
        ret->measure = find_measure(layer, slot, m->write_to);
        if (!ret->measure) {
            return false;
        }
    }
    if (limit && limit->of_result) {
        ret->measure = find_result(layer, slot);
    } else if (limit) {
        ret->measure = find_measure(layer, slot, limit->measure);
        if (!ret->measure) {
            return false;
        }
    }
    if (!changes_call(verdict)) {
        return true;
    }
    ret->form = re_layer_form(layer, slot);
    name = name ? st_canonical_name(name) : NULL;
    return ret->form && name && verdict_fits(verdict, ret->form, name);
}

int re_manner_unfit(const struct re_draft *draft, bool none,
                    struct re_diags *diags)
{
    const struct re_limit *limit = limit_of(draft);
    enum re_verdict verdict = draft->rule->verdict;
    const char *name = re_verdict_name(verdict);

    const struct re_manner *m = draft->rule->manner;

    if (draft->device && none) {
        /* Where it takes a block of memory, it is out of sight. */
        none = strcmp(draft->name, "mmap") != 0;
        if (!none && draft->optional) {
            return 0;
        }
        re_key_diag(diags, none ? RE_ERROR : RE_WARNING, draft->entry, NULL,
                    "`%s` has no descriptor that could be the device's",
                    draft->name);
    } else if (m && m->write_to) {
        re_entry_diag(diags, none ? RE_ERROR : RE_WARNING, draft->entry, 0,
                      strlen(name), NULL, none ?
                      "`%s` has no argument `%s`" :
                      "not every call of `%s` has an argument `%s`: the rule "
                      "does not apply to the others", draft->name,
                      m->write_to);
    } else if (limit) {
        re_entry_diag(diags, none ? RE_ERROR : RE_WARNING, draft->entry,
                      limit->offset, limit->length, NULL,
                      none ? "`%s` has no argument `%s`" :
                      "not every call of `%s` has an argument `%s`: the rule "
                      "does not apply to the others", draft->name,
                      limit->measure);
    } else if (none) {
        re_entry_diag(diags, RE_ERROR, draft->entry, 0, strlen(name), NULL,
                      verdict == RE_VERDICT_WILDCARD ?
                      "\"%s\" is for `bind`, not for `%s`" :
                      verdict == RE_VERDICT_DATA || verdict == RE_VERDICT_FILE ?
                      "\"%s\" is for calls that open a file or look at it, "
                      "not for `%s`" :
                      verdict == RE_VERDICT_ROOT ?
                      "\"%s\" is for calls about files and local sockets, "
                      "not for `%s`" :
                      "\"%s\" is for calls with a path, not for `%s`", name,
                      draft->name);
    }
    return none ? -EINVAL : 0;
}
