/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drafts: made, put among those of a document, complained about. */
#include <stdarg.h>
#include <stdio.h>

#include "diag-add.h"
#include "parse.h"

struct re_draft *re_draft_new(struct re_document *doc,
                              const struct re_entry *entry)
{
    struct re_draft *draft = re_arena_alloc(doc->arena, sizeof(*draft));
    struct re_rule *rule = re_arena_alloc(doc->arena, sizeof(*rule));

    if (!draft || !rule) {
        return NULL;
    }
    draft->entry = entry;
    draft->rule = rule;
    rule->file = entry->file;
    rule->line = entry->line;
    rule->key = entry->key;
    rule->text = entry->value;
    return draft;
}

void re_draft_append(struct re_document *doc, struct re_draft *draft)
{
    *doc->tail = draft;
    doc->tail = &draft->next;
}

void re_draft_diag(const struct re_document *doc, const struct re_draft *draft,
                   enum re_severity severity, const char *hint,
                   const char *format, ...)
{
    char message[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    if (draft->in_value) {
        re_entry_diag(doc->diags, severity, draft->entry, draft->offset,
                      draft->length, hint, "%s", message);
    } else {
        re_key_diag(doc->diags, severity, draft->entry, hint, "%s", message);
    }
}
