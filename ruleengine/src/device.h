/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that the host does not have:
 *
 *     [device /dev/nvram]
 *     content = data "lan_ipaddr=192.0.2.1\0"
 *     ioctl   = return 0 write "\x01\0\0\0" to arg if cmd == 0x4004
 *
 * A device is one file in memory that all of the guest's processes share. The
 * path leads to it, and it is known again, whatever descriptor refers to it and
 * however that came about, by the numbers of its device and inode.
 */
#ifndef RULEENGINE_DEVICE_H
#define RULEENGINE_DEVICE_H

#include "ruleengine/engine.h"
#include "parse.h"

struct re_device {
    struct re_device *next;
    const char *path;           /* as the guest names it */
    const char *section;        /* as written: "device /dev/nvram" */
    const char *bytes;          /* at first */
    size_t len;
    bool has_content;
    const size_t *ends;         /* of each read, in "bytes"; NULL: one piece */
    unsigned reads;
    bool repeats;               /* the first read comes again after the last */
    int fd;                     /* the origin's; -1: tools have none */
    uint64_t id[2];             /* st_dev and st_ino of its file */
};

/* An entry of a section [device ...]; the section's device, *ret, is made when
 * it is new, in the arena. "*ret_rule" says that the entry is a rule for the
 * device, still to be read. 0 or a negative errno, with diags. */
int re_device_entry(struct re_document *doc, const struct re_entry *entry,
                    struct re_device **ret, bool *ret_rule);

/* The rules that make the path lead to the device, once its section has been
 * read. 0 or a negative errno, with diags. */
int re_device_add(struct re_document *doc, const struct re_section_head *head);

/* Makes the files; for a guest. 0 or a negative errno, with diags. */
int re_devices_make(struct re_document *doc);

/* Whether a descriptor of the guest refers to it. */
bool re_device_is(const struct re_device *device,
                  const struct re_guest_ops *ops, void *guest, int fd);

/* Carries a read out for a device of several reads: from one of them alone. */
void re_device_read(const struct re_device *device,
                    const struct re_layer *layer, struct re_call *call);

#endif
