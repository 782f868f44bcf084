/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine for a test, or NULL after a note of what is wrong with its policy.
 * Include "tap.h" before. */
#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include <stdlib.h>

#include <ruleengine/engine.h>

static struct re_engine *engine_of(const struct re_config *config)
{
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;

    if (re_engine_new(&engine, config, diags) < 0) {
        char *text = re_diag_text(re_diags_at(diags, 0));

        tap_note(text);
        free(text);
    }
    re_diags_free(diags);
    return engine;
}

#endif
