/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extent: which files and ports a policy can ever let a call have. For a wall
 * outside of the policy, that must stand in no permission's way: what is told
 * is a superset, and where no condition bounds it, that is the answer.
 */
#ifndef RULEENGINE_EXTENT_PUBLIC_H
#define RULEENGINE_EXTENT_PUBLIC_H

#include <stdbool.h>
#include <stdint.h>

struct re_engine;

/* Later is more. */
enum re_extent {
    RE_EXTENT_NONE,             /* the call is never carried out */
    RE_EXTENT_SOME,             /* with what has been told */
    RE_EXTENT_ANY,              /* with anything; ignore what was told */
};

enum re_extent_of {
    RE_EXTENT_PATH,             /* what "path" says in conditions ... */
    RE_EXTENT_PATH2,
    RE_EXTENT_UNIX,             /* ... "unix": of a socket in the file system */
};

/* A file by its absolute name; "below": or whatever lies in that folder. */
typedef void re_extent_file_fn(void *opaque, const char *name, bool below);
typedef void re_extent_port_fn(void *opaque, uint16_t port);

/* "access": only calls that open for this (enum re_access); -1: all. The same
 * file may be told more than once. Of several layers one that bounds it
 * counts. */
enum re_extent re_engine_files(const struct re_engine *engine, unsigned slot,
                               enum re_extent_of of, int access,
                               re_extent_file_fn *file, void *opaque);

/* Ports of IPv4 and IPv6, whatever the kind of socket. */
enum re_extent re_engine_ports(const struct re_engine *engine, unsigned slot,
                               re_extent_port_fn *port, void *opaque);

#endif
