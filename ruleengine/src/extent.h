/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extent of one layer; see ruleengine/extent.h. */
#ifndef RULEENGINE_SRC_EXTENT_H
#define RULEENGINE_SRC_EXTENT_H

#include "policy.h"
#include "ruleengine/extent.h"

/* What is looked for in a slot's conditions. */
struct re_extent_query {
    enum re_extent_of of;
    bool ports;                 /* instead of files */
    int access;                 /* enum re_access, or -1 */
    re_extent_file_fn *file;
    re_extent_port_fn *port;
    void *opaque;
};

enum re_extent re_layer_extent(const struct re_layer *layer, unsigned slot,
                               const struct re_extent_query *query);

#endif
