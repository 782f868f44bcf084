/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call's arguments as people and programs read them. Guest memory is read
 * through struct re_guest_ops only; nothing here allocates or locks.
 */
#ifndef RULEENGINE_DECODE_H
#define RULEENGINE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <syscall-tables.h>

#include "ruleengine/guest.h"
#include "json.h"

#define RE_DECODE_MAX   4096    /* bytes of a path, PATH_MAX with its NUL */

/* Whose call it is. ops may be NULL: then no pointer is followed. */
struct re_decoder {
    const struct st_target *target;
    const struct re_guest_ops *ops;
    void *guest;
};

enum re_decoded_kind {
    RE_DECODED_NONE,          /* the kernel does not look at it: leave it out */
    RE_DECODED_SIGNED,        /* number */
    RE_DECODED_UNSIGNED,      /* number */
    RE_DECODED_OCTAL,         /* number: a file mode */
    RE_DECODED_POINTER,       /* number: an address; 0 is NULL */
    RE_DECODED_SYMBOL,        /* text: names of constants, all ASCII */
    RE_DECODED_STRING,        /* text: the guest's bytes */
    RE_DECODED_ADDRESS,       /* text: "inet 192.0.2.1:443", "unix /run/x";
                               may hold the guest's bytes */
};

struct re_decoded {
    enum re_decoded_kind kind;
    uint64_t number;        /* always: the argument as extended to 64 bits */
    size_t len;             /* of the text, in the buffer given */
    bool cut;               /* the text had to be shortened */
};

/* The argument's value at its declared width and sign, register pairs joined,
 * extended to 64 bits. */
uint64_t re_decode_number(const struct st_arg *arg,
                          const uint64_t args[ST_MAX_REGS]);

/*
 * What argument "index" of a call's "count" arguments holds; all[] comes from
 * st_slot_args(). Text goes to buf[size] without a NUL. A pointer that cannot
 * be followed is RE_DECODED_POINTER.
 */
void re_decode(const struct re_decoder *d, const struct st_arg *all,
               unsigned count, unsigned index,
               const uint64_t args[ST_MAX_REGS], char *buf, size_t size,
               struct re_decoded *ret);

/* A structure that argument "index" leads to, as text ("{tv_sec=1,
 * tv_nsec=0}"); false when it is of no kind that is known, or cannot be
 * read. */
bool re_decode_struct(const struct re_decoder *d, const struct st_arg *all,
                      unsigned count, unsigned index,
                      const uint64_t args[ST_MAX_REGS], struct re_out *out);

/* Whether the argument only says how long the one before it is, which has been
 * decoded whole: readable lines leave it out. */
bool re_decode_is_length(const struct st_arg *all, unsigned index);

/*
 * A socket address of "len" bytes in the guest's layout: inet, inet6 (port in
 * network order), unix (path or abstract), netlink; for others the family.
 */
void re_decode_sockaddr(const struct st_target *target, const void *bytes,
                        size_t len, struct re_out *out);

/* Writes a value: as an argument of a readable line, and as a JSON member with
 * a text of at most "limit" bytes. */
void re_decoded_text(struct re_out *out, const struct re_decoded *value,
                   const char *text, size_t limit);
void re_decoded_json(struct re_json *json, const char *key,
                   const struct re_decoded *value, const char *text,
                   size_t limit);

#endif
