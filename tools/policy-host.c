/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-host.h"

#include <string.h>

#include <host-calls.h>

#define WIDTH 78

static bool may_run(const void *opaque, unsigned slot)
{
    const struct policy_layers *l = opaque;

    for (unsigned i = 0; i < l->count; i++) {
        if (!re_view_may_run(l->views[i], slot)) {
            return false;
        }
    }
    return true;
}

static unsigned reasons(const struct policy_layers *l)
{
    unsigned found = 0;

    for (unsigned i = 0; i < l->count; i++) {
        found |= re_view_asks(l->views[i]) ? HOST_CALLS_LOOK : 0;
        found |= re_view_acts(l->views[i]) ? HOST_CALLS_FILES : 0;
        found |= re_view_asks_for_peers(l->views[i]) ? HOST_CALLS_ACCEPT : 0;
    }
    return found;
}

/* Names in lines, without those that "but" has, too (NULL: all); "?" behind
 * what arguments decide. */
static void put_names(FILE *out, const struct host_calls *calls,
                      const struct host_calls *but)
{
    unsigned column = WIDTH;

    for (unsigned i = 0; i < st_number_count(calls->host); i++) {
        const char *name = st_slot_name(calls->host, i);
        unsigned length;

        if (!name || calls->state[i] == HOST_CALL_REFUSED ||
            (but && but->state[i] == calls->state[i])) {
            continue;
        }
        length = strlen(name) + 2;
        if (column + length > WIDTH) {
            fputs("\n   ", out);
            column = 3;
        }
        fprintf(out, " %s%s", name,
                calls->state[i] == HOST_CALL_CHECKED ? "?" : "");
        column += length;
    }
    fputc('\n', out);
}

/* What a log of some kind adds, for it is the user who says where records
 * go. */
static void put_more(FILE *out, const char *log, const struct host_calls *with,
                     const struct host_calls *without)
{
    unsigned all, before = host_calls_count(without, &all);
    unsigned more = host_calls_count(with, &all) - before;

    fprintf(out, "with %s: %u more", log, more);
    put_names(out, with, without);
}

static char *list_of(const struct host_calls *calls,
                     const struct host_calls *file,
                     const struct host_calls *socket)
{
    char *text;
    size_t size;
    FILE *out = policy_need(open_memstream(&text, &size));
    unsigned all, open = host_calls_count(calls, &all);

    fprintf(out, "%u of %u calls of the host", open, all);
    put_names(out, calls, NULL);
    put_more(out, "a log that is a file", file, calls);
    put_more(out, "a log that goes to syslog or the journal", socket, calls);
    fclose(out);
    return policy_need(text);
}

static bool add(struct policy_variants *variants, const struct st_target *t,
                unsigned target, const char *const *files, unsigned count)
{
    struct policy_layers layers;
    struct host_calls calls, file, socket;
    bool fine = policy_layers_load(&layers, t, files, count);
    unsigned why;

    if (!fine) {
        return false;
    }
    why = reasons(&layers);
    if (host_calls_derive(&calls, t, may_run, &layers, why) < 0 ||
        host_calls_derive(&file, t, may_run, &layers,
                          why | HOST_CALLS_LOG) < 0 ||
        host_calls_derive(&socket, t, may_run, &layers,
                          why | HOST_CALLS_SEND) < 0) {
        fputs("qemu-policy: there is no table of this machine's calls\n",
              stderr);
        fine = false;
    } else {
        policy_variant_add(variants, NULL, list_of(&calls, &file, &socket),
                           target);
    }
    policy_layers_free(&layers);
    return fine;
}

int policy_show_host_calls(const struct policy_scope *scope,
                           const char *const *files, unsigned count)
{
    struct policy_variants variants = { .items = NULL };
    bool fine = true;

    for (unsigned i = 0; i < scope->count && fine; i++) {
        fine = add(&variants, scope->targets[i], i, files, count);
    }
    for (size_t i = 0; i < variants.count && fine; i++) {
        const struct policy_variant *v = &variants.items[i];

        if (scope->count > 1) {
            printf("below ");
            policy_put_targets(stdout, v, scope);
            printf(": ");
        }
        fputs(v->text, stdout);
    }
    policy_variants_free(&variants);
    return fine ? POLICY_FINE : POLICY_WRONG;
}
