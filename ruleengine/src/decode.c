/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decode.h"
#include "width.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

/* The same on all of Linux's architectures, as are the address families. */
enum { GUEST_AT_FDCWD = -100 };

/* struct sockaddr_storage: no address is longer. */
enum { SOCKADDR_MAX = 128 };

/* --- numbers ----------------------------------------------------------- */

uint64_t re_decode_number(const struct st_arg *arg,
                          const uint64_t args[ST_MAX_REGS])
{
    return re_width_argument(args, arg->reg, arg->pair, arg->width,
                             arg->is_signed);
}

/* Whether an unsigned 32-bit (or narrower) id is -1, "none" or "as it is". */
static bool id_is_none(const struct st_arg *arg, uint64_t number)
{
    return !arg->is_signed && arg->width < 64 &&
        number == (UINT64_C(1) << arg->width) - 1;
}

/* --- socket addresses -------------------------------------------------- */

static uint64_t guest_integer(const struct st_target *target,
                              const unsigned char *bytes, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value = value << 8 | bytes[st_big_endian(target) ? i : len - 1 - i];
    }
    return value;
}

static void put_inet(const unsigned char *bytes, struct re_out *out)
{
    char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, bytes + 4, text, sizeof(text));
    re_out_text(out, "inet ");
    re_out_text(out, text);
    re_out_text(out, ":");
    re_out_unsigned(out, bytes[2] << 8 | bytes[3]);
}

static void put_inet6(const struct st_target *target,
                      const unsigned char *bytes, size_t len,
                      struct re_out *out)
{
    /* scope_id came later: without it an address is 24 bytes long. */
    uint64_t scope = len >= 28 ? guest_integer(target, bytes + 24, 4) : 0;
    char text[INET6_ADDRSTRLEN];

    inet_ntop(AF_INET6, bytes + 8, text, sizeof(text));
    re_out_text(out, "inet6 [");
    re_out_text(out, text);
    if (scope > 0) {
        re_out_text(out, "%");
        re_out_unsigned(out, scope);
    }
    re_out_text(out, "]:");
    re_out_unsigned(out, bytes[2] << 8 | bytes[3]);
}

static void put_unix(const char *bytes, size_t len, struct re_out *out)
{
    size_t path_len = len - 2;

    re_out_text(out, "unix ");
    if (path_len == 0) {
        re_out_text(out, "(unnamed)");
    } else if (bytes[2] == '\0') {      /* abstract: all bytes count */
        re_out_text(out, "@");
        re_out_bytes(out, bytes + 3, path_len - 1);
    } else {                            /* a file "@" is no abstract name */
        re_out_text(out, bytes[2] == '@' ? "./" : "");
        re_out_bytes(out, bytes + 2, strnlen(bytes + 2, path_len));
    }
}

static void put_family(const struct st_target *target, uint64_t family,
                       size_t len, struct re_out *out)
{
    char name[64];

    st_format_constant(target, st_family_by_name("af"), family, name,
                       sizeof(name));
    re_out_text(out, name);
    re_out_text(out, ", ");
    re_out_unsigned(out, len);
    re_out_text(out, " bytes");
}

void re_decode_sockaddr(const struct st_target *target, const void *address,
                        size_t len, struct re_out *out)
{
    const unsigned char *bytes = address;
    uint64_t family;

    if (len < 2) {
        re_out_unsigned(out, len);
        re_out_text(out, " bytes");
        return;
    }
    family = guest_integer(target, bytes, 2);
    if (family == AF_INET && len >= 8) {
        put_inet(bytes, out);
    } else if (family == AF_INET6 && len >= 24) {
        put_inet6(target, bytes, len, out);
    } else if (family == AF_UNIX && len <= sizeof(struct sockaddr_un)) {
        put_unix(address, len, out);
    } else if (family == AF_NETLINK && len >= 12) {
        re_out_text(out, "netlink pid ");
        re_out_unsigned(out, guest_integer(target, bytes + 4, 4));
        re_out_text(out, ", groups ");
        re_out_hex(out, guest_integer(target, bytes + 8, 4));
    } else {
        put_family(target, family, len, out);
    }
}

/* --- arguments --------------------------------------------------------- */

static void decode_string(const struct re_decoder *d, char *buf, size_t size,
                          struct re_decoded *value)
{
    ssize_t len;

    value->kind = RE_DECODED_POINTER;
    if (value->number == 0 || !d->ops) {
        return;
    }
    len = d->ops->read_string(d->guest, value->number, buf, size);
    if (len == -ENAMETOOLONG) {
        len = size - 1;
        value->cut = true;
    }
    if (len >= 0) {
        value->kind = RE_DECODED_STRING;
        value->len = len;
    }
}

static void decode_address(const struct re_decoder *d,
                           const struct st_arg *length,
                           const uint64_t args[ST_MAX_REGS],
                           char *buf, size_t size, struct re_decoded *value)
{
    struct re_out out = { .buf = buf, .size = size };
    unsigned char bytes[SOCKADDR_MAX];
    uint64_t len = length ? (uint32_t)re_decode_number(length, args) : 0;

    value->kind = RE_DECODED_POINTER;
    if (value->number == 0 || len == 0 || !d->ops) {
        return;
    }
    if (len > sizeof(bytes)) {
        len = sizeof(bytes);
        value->cut = true;
    }
    if (d->ops->read(d->guest, value->number, bytes, len) == 0) {
        re_decode_sockaddr(d->target, bytes, len, &out);
        value->kind = RE_DECODED_ADDRESS;
        value->len = out.len;
        value->cut |= out.cut;
    }
}

/* An option's name depends on the level, the argument before it. */
static st_family_t family_of(const struct re_decoder *d,
                             const struct st_arg *all, unsigned index,
                             const uint64_t args[ST_MAX_REGS])
{
    st_family_t level = st_family_by_name("socklevel"), found = 0;

    if (index > 0 && all[index - 1].family == level &&
        strcmp(all[index].name, "optname") == 0) {
        found = st_option_family(d->target, (uint32_t)re_decode_number(
            &all[index - 1], args));
    }
    return found ? found : all[index].family;
}

static void decode_symbol(const struct re_decoder *d, const struct st_arg *arg,
                          st_family_t family, char *buf, size_t size,
                          struct re_decoded *value)
{
    uint64_t number = value->number;
    size_t len;

    /* Constants are kept zero-extended; a negative number has no name. */
    if (arg->width < 64) {
        number &= (UINT64_C(1) << arg->width) - 1;
    }
    len = st_format_constant(d->target, family, number, buf, size);
    value->kind = RE_DECODED_SYMBOL;
    value->len = len < size ? len : size - 1;
    value->cut = len >= size;
}

static bool has_bits(const struct re_decoder *d, st_family_t family,
                     const char *name, uint64_t flags)
{
    uint64_t bits;

    return st_constant(d->target, family, name, &bits) == 0 &&
        (flags & bits) == bits;
}

/* open's mode counts only where a file may be created. */
static bool mode_is_unused(const struct re_decoder *d,
                           const struct st_arg *all, unsigned count,
                           const uint64_t args[ST_MAX_REGS])
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t flags, unused;

        if (all[i].kind != ST_KIND_FLAGS ||
            st_constant(d->target, all[i].family, "O_CREAT", &unused) < 0) {
            continue;
        }
        flags = re_decode_number(&all[i], args);
        return !has_bits(d, all[i].family, "O_CREAT", flags) &&
            !has_bits(d, all[i].family, "O_TMPFILE", flags);
    }
    return false;
}

static void decode_plain(const struct st_arg *arg, struct re_decoded *value)
{
    value->kind = arg->is_signed ? RE_DECODED_SIGNED : RE_DECODED_UNSIGNED;
    if (arg->kind == ST_KIND_ID && id_is_none(arg, value->number)) {
        value->number = UINT64_MAX;
        value->kind = RE_DECODED_SIGNED;
    }
    if (arg->kind == ST_KIND_FD || arg->kind == ST_KIND_DIRFD) {
        value->number = (uint64_t)(int32_t)value->number;
        value->kind = RE_DECODED_SIGNED;
    }
}

static void decode_pointer(const struct re_decoder *d,
                           const struct st_arg *all, unsigned count,
                           unsigned index, const uint64_t args[ST_MAX_REGS],
                           char *buf, size_t size, struct re_decoded *value)
{
    struct re_out out = { .buf = buf, .size = size };

    value->kind = RE_DECODED_POINTER;
    if (re_decode_struct(d, all, count, index, args, &out)) {
        value->kind = RE_DECODED_SYMBOL;
        value->len = out.len;
        value->cut = out.cut;
    }
}

void re_decode(const struct re_decoder *d, const struct st_arg *all,
               unsigned count, unsigned index,
               const uint64_t args[ST_MAX_REGS], char *buf, size_t size,
               struct re_decoded *ret)
{
    const struct st_arg *arg = &all[index];
    struct re_decoded value = { .number = re_decode_number(arg, args) };

    switch (arg->kind) {
    case ST_KIND_PATH:
    case ST_KIND_STRING:
        decode_string(d, buf, size, &value);
        break;
    case ST_KIND_SOCKADDR:
        decode_address(d, index + 1 < count ? arg + 1 : NULL, args,
                       buf, size, &value);
        break;
    case ST_KIND_SOCKADDR_OUT:
    case ST_KIND_BUFFER:
    case ST_KIND_POINTER:
        decode_pointer(d, all, count, index, args, buf, size, &value);
        break;
    case ST_KIND_MODE:
        if (arg->width < 64) {          /* umask(-1): no sign */
            value.number &= (UINT64_C(1) << arg->width) - 1;
        }
        value.kind = mode_is_unused(d, all, count, args) ? RE_DECODED_NONE :
            RE_DECODED_OCTAL;
        break;
    case ST_KIND_DIRFD:
        decode_plain(arg, &value);
        if ((int64_t)value.number == GUEST_AT_FDCWD && size > 8) {
            memcpy(buf, "AT_FDCWD", 8);
            value.kind = RE_DECODED_SYMBOL;
            value.len = 8;
        }
        break;
    default:
        if (arg->family != 0) {
            decode_symbol(d, arg, family_of(d, all, index, args), buf, size,
                          &value);
        } else {
            decode_plain(arg, &value);
        }
        break;
    }
    *ret = value;
}

bool re_decode_is_length(const struct st_arg *all, unsigned index)
{
    return index > 0 && all[index - 1].kind == ST_KIND_SOCKADDR;
}

/* --- values ------------------------------------------------------------ */

static void put_string(struct re_out *out, const char *text, size_t len,
                       bool cut, size_t limit)
{
    re_out_text(out, "\"");
    cut &= re_out_escaped(out, text, len, RE_ESCAPE_TEXT, limit);
    re_out_text(out, cut ? "…\"" : "\"");
}

void re_decoded_text(struct re_out *out, const struct re_decoded *value,
                   const char *text, size_t limit)
{
    switch (value->kind) {
    case RE_DECODED_NONE:
        break;
    case RE_DECODED_SIGNED:
        re_out_signed(out, value->number);
        break;
    case RE_DECODED_UNSIGNED:
        re_out_unsigned(out, value->number);
        break;
    case RE_DECODED_OCTAL:
        re_out_octal(out, value->number);
        break;
    case RE_DECODED_POINTER:
        if (value->number == 0) {
            re_out_text(out, "NULL");
        } else {
            re_out_hex(out, value->number);
        }
        break;
    case RE_DECODED_STRING:
        put_string(out, text, value->len, value->cut, limit);
        break;
    case RE_DECODED_SYMBOL:
    case RE_DECODED_ADDRESS:
        re_out_escaped(out, text, value->len, RE_ESCAPE_TEXT, limit);
        break;
    }
}

void re_decoded_json(struct re_json *json, const char *key,
                   const struct re_decoded *value, const char *text,
                   size_t limit)
{
    char octal[24];
    struct re_out o = { .buf = octal, .size = sizeof(octal) };

    switch (value->kind) {
    case RE_DECODED_NONE:
        break;
    case RE_DECODED_SIGNED:
        re_json_signed(json, key, value->number);
        break;
    case RE_DECODED_UNSIGNED:
        re_json_unsigned(json, key, value->number);
        break;
    case RE_DECODED_OCTAL:
        re_out_octal(&o, value->number);
        re_json_bytes(json, key, octal, o.len, limit);
        break;
    case RE_DECODED_POINTER:
        if (value->number == 0) {
            re_json_null(json, key);
        } else {
            re_json_hex(json, key, value->number);
        }
        break;
    case RE_DECODED_SYMBOL:
    case RE_DECODED_STRING:
    case RE_DECODED_ADDRESS:
        re_json_bytes(json, key, text, value->len, limit);
        json->truncated |= value->cut;
        break;
    }
}
