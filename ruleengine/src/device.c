/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of its reads a descriptor is at is its position in the file: all of
 * them stand there one behind the other, and a read ends where one of them
 * ends. So the kernel keeps that, through dup, fork, execve and messages.
 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "content.h"
#include "diag-add.h"
#include "manner.h"
#include "origin.h"

enum { READS_MAX = 256 };

/* --- sections ------------------------------------------------------------ */

static struct re_device *find(struct re_document *doc, const char *section)
{
    struct re_device **at = &doc->devices, *device;

    while (*at && strcmp((*at)->section, section) != 0) {
        at = &(*at)->next;
    }
    if (!*at) {
        device = re_arena_alloc(doc->arena, sizeof(*device));
        if (!device) {
            return NULL;
        }
        device->section = section;
        device->path = section + strcspn(section, " \t");
        device->path += strspn(device->path, " \t");
        device->fd = -1;
        *at = device;
    }
    return *at;
}

static int claim(struct re_document *doc, struct re_device *device,
                 const struct re_entry *entry)
{
    if (device->has_content) {
        re_key_diag(doc->diags, RE_ERROR, entry, NULL,
                    "what is read from the device is said already");
        return -EINVAL;
    }
    device->has_content = true;
    return 0;
}

/* content = data "..." | file PATH */
static int content_parse(struct re_document *doc, struct re_device *device,
                         const struct re_entry *entry)
{
    struct re_content content = { .bytes = NULL };
    enum re_verdict verdict;
    struct re_scan s;
    int err = claim(doc, device, entry);

    re_scan_start(&s, entry, 0, doc->diags);
    if (!re_scan_is(&s, "data") && !re_scan_is(&s, "file")) {
        return re_scan_expected(&s, "\"data\" or \"file\"");
    }
    err = err ? err : re_content_parse(doc, &s, &content, &verdict);
    if (!err && s.token != RE_TOKEN_END) {
        err = re_scan_expected(&s, "the line's end");
    }
    device->bytes = content.bytes;
    device->len = content.len;
    return err;
}

/* Puts one more read behind those that are there. */
static int append_read(struct re_document *doc, struct re_device *device,
                       size_t *ends, const char *bytes, size_t len)
{
    char *all = re_arena_alloc(doc->arena, device->len + len + 1);

    if (!all) {
        return -ENOMEM;
    }
    if (device->len) {
        memcpy(all, device->bytes, device->len);
    }
    memcpy(all + device->len, bytes, len);
    device->bytes = all;
    device->len += len;
    ends[device->reads++] = device->len;
    return 0;
}

/* reads = "..." "..." [repeat] */
static int reads_parse(struct re_document *doc, struct re_device *device,
                       const struct re_entry *entry)
{
    size_t *ends = re_arena_array(doc->arena, READS_MAX, sizeof(*ends)), len;
    const char *bytes;
    struct re_scan s;
    int err = claim(doc, device, entry);

    if (!ends) {
        return -ENOMEM;
    }
    re_scan_start(&s, entry, 0, doc->diags);
    device->ends = ends;
    do {
        if (device->reads == READS_MAX) {
            return re_scan_error(&s, NULL, "more than %d reads", READS_MAX);
        }
        err = err ? err : re_bytes_parse(doc, &s, &bytes, &len);
        if (!err && len == 0) {
            return re_scan_error(&s, NULL, "a read of nothing is the end");
        }
        err = err ? err : append_read(doc, device, ends, bytes, len);
    } while (!err && s.token == RE_TOKEN_STRING);
    device->repeats = !err && re_scan_take(&s, "repeat");
    if (!err && s.token != RE_TOKEN_END) {
        err = re_scan_expected(&s, "a text in double quotes or \"repeat\"");
    }
    return err;
}

int re_device_entry(struct re_document *doc, const struct re_entry *entry,
                    struct re_device **ret, bool *ret_rule)
{
    struct re_device *device = find(doc, entry->section);

    *ret_rule = false;
    if (!device) {
        return -ENOMEM;
    }
    *ret = device;
    if (strcmp(entry->key, "content") == 0) {
        return content_parse(doc, device, entry);
    }
    if (strcmp(entry->key, "reads") == 0) {
        return reads_parse(doc, device, entry);
    }
    *ret_rule = true;
    return 0;
}

/* --- rules --------------------------------------------------------------- */

/* An entry that nobody has written, in the place of the section's head. */
static struct re_entry *new_entry(struct re_document *doc,
                                  const struct re_device *device,
                                  const struct re_section_head *head,
                                  const char *key, char *value)
{
    struct re_entry *entry = re_arena_alloc(doc->arena, sizeof(*entry));
    struct re_piece *piece = re_arena_alloc(doc->arena, sizeof(*piece));

    if (!entry || !piece || !value) {
        return NULL;
    }
    piece->line = head->line;
    piece->column = head->column;
    piece->source = head->source;
    *entry = (struct re_entry) {
        .file = head->file, .section = device->section, .key = key,
        .value = value, .line = head->line, .column = head->column,
        .source = head->source, .pieces = piece,
    };
    return entry;
}

static struct re_draft *new_draft(struct re_document *doc,
                                  const struct re_entry *entry,
                                  enum re_verdict verdict)
{
    struct re_draft *draft = entry ? re_draft_new(doc, entry) : NULL;

    if (!draft) {
        return NULL;
    }
    draft->name = entry->key;
    draft->optional = true;
    draft->rule->verdict = verdict;
    if (!re_manner_of(draft->rule, doc->arena)) {
        return NULL;
    }
    re_draft_append(doc, draft);
    return draft;
}

/* NAME = device if path == "/dev/nvram" */
static int add_path_rule(struct re_document *doc, struct re_device *device,
                         const struct re_section_head *head, const char *name)
{
    static const char format[] = "device if path == \"%s\"";
    struct re_entry *entry = new_entry(doc, device, head, name,
        re_arena_printf(doc->arena, format, device->path));
    struct re_draft *draft = new_draft(doc, entry, RE_VERDICT_DEVICE);
    struct re_scan s;

    if (!draft) {
        return -ENOMEM;
    }
    draft->rule->manner->device = device;
    draft->rule->manner->content.path = device->path;
    re_scan_start(&s, entry, strlen("device if "), doc->diags);
    draft->condition = re_condition_parse(&s, doc->arena);
    return draft->condition ? 0 : -EINVAL;
}

static int add_read_rule(struct re_document *doc, struct re_device *device,
                         const struct re_section_head *head, const char *name)
{
    struct re_entry *entry = new_entry(doc, device, head, name,
        re_arena_printf(doc->arena, "device"));
    struct re_draft *draft = new_draft(doc, entry, RE_VERDICT_READ);

    if (!draft) {
        return -ENOMEM;
    }
    draft->device = device;
    draft->logging = RE_LOG_NEVER;
    draft->rule->manner->device = device;
    return 0;
}

int re_device_add(struct re_document *doc, const struct re_section_head *head)
{
    static const char *const by_path[] = {
        "open", "openat", "openat2", "creat", "stat", "lstat", "newfstatat",
        "statx", "access", "faccessat", "faccessat2", "statfs", "truncate",
    };
    struct re_device *device = find(doc, head->name);
    int err = device ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof(by_path) / sizeof(by_path[0]) && !err; i++) {
        err = add_path_rule(doc, device, head, by_path[i]);
    }
    if (!err && device->ends) {
        err = add_read_rule(doc, device, head, "read");
        err = err ? err : add_read_rule(doc, device, head, "readv");
    }
    return err;
}

/* --- files --------------------------------------------------------------- */

int re_devices_make(struct re_document *doc)
{
    for (struct re_device *d = doc->devices; d; d = d->next) {
        struct stat st;

        d->fd = re_origin_make(doc->origin, d->path, d->bytes, d->len);
        if (d->fd < 0 || fstat(d->fd, &st) < 0) {
            return re_diags_add(doc->diags, RE_ERROR, NULL, 0, 0, 0, NULL,
                                d->fd == -E2BIG ? "at most 16 in all" : NULL,
                                "[%s]: %s", d->section,
                                strerror(d->fd < 0 ? -d->fd : errno));
        }
        d->id[0] = st.st_dev;
        d->id[1] = st.st_ino;
    }
    return 0;
}

bool re_device_is(const struct re_device *device,
                  const struct re_guest_ops *ops, void *guest, int fd)
{
    uint64_t id[2];

    return ops && ops->identity && fd >= 0 &&
        ops->identity(guest, fd, id) == 0 &&
        id[0] == device->id[0] && id[1] == device->id[1];
}

/* --- reads --------------------------------------------------------------- */

/* How much of a read may be had at a position. */
static size_t piece_at(const struct re_device *device, int64_t at)
{
    for (unsigned i = 0; i < device->reads; i++) {
        if ((uint64_t)at < device->ends[i]) {
            return device->ends[i] - at;
        }
    }
    return SIZE_MAX;            /* behind all of them: the end, or what was
                                   written there */
}

/* The first piece of memory that a readv fills: as a read of that. */
static bool first_vector(const struct re_layer *layer, struct re_call *call)
{
    unsigned word = st_word_bits(layer->target) / 8;
    bool big = st_big_endian(layer->target);
    unsigned char bytes[16];
    uint64_t values[2], vector = call->args[1];
    uint16_t slots[ST_MAX_SPELLINGS];

    for (uint32_t i = 0; i < (uint32_t)call->args[2] && i < 1024; i++) {
        if (layer->ops->read(call->guest, vector, bytes, 2 * word) < 0) {
            return false;
        }
        for (unsigned v = 0; v < 2; v++) {
            values[v] = 0;
            for (unsigned b = 0; b < word; b++) {
                values[v] = values[v] << 8 |
                    bytes[v * word + (big ? b : word - 1 - b)];
            }
        }
        if (values[1]) {
            if (!st_slots_of_name(layer->target, "read", slots)) {
                return false;
            }
            call->nr = st_number_of_slot(layer->target, slots[0]);
            call->args[1] = word == 4 ? (uint64_t)(int32_t)values[0] :
                values[0];
            call->args[2] = values[1];
            return true;
        }
        vector += 2 * word;
    }
    return false;
}

void re_device_read(const struct re_device *device,
                    const struct re_layer *layer, struct re_call *call)
{
    const struct re_guest_ops *ops = layer->ops;
    const char *name = st_slot_name(layer->target, call->slot);
    int fd = (int32_t)call->args[0];
    int64_t at = ops && ops->seek ? ops->seek(call->guest, fd, -1) : -1;
    size_t piece;

    if (at < 0 || (strcmp(name, "readv") == 0 && !first_vector(layer, call))) {
        return;                 /* it fails by itself */
    }
    if (device->repeats && (uint64_t)at >= device->len) {
        at = ops->seek(call->guest, fd, 0);
    }
    piece = piece_at(device, at);
    if (st_word_bits(layer->target) == 32) {
        call->args[2] = (uint32_t)call->args[2];
    }
    if (call->args[2] > piece) {
        call->args[2] = piece;
    }
}
