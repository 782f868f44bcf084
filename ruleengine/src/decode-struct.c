/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small structures that a call reads: how to open, how long, how much. */
#include "decode.h"

#include <string.h>

enum { IOVECS_MAX = 64 };       /* parts that are summed up */

/* len bytes (4 or 8) of the guest's. */
static uint64_t integer(const struct re_decoder *d, const unsigned char *bytes,
                        unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value = value << 8 | bytes[st_big_endian(d->target) ? i : len - 1 - i];
    }
    return value;
}

static bool read_guest(const struct re_decoder *d, uint64_t addr, void *bytes,
                       size_t len)
{
    return d->ops->read(d->guest, addr, bytes, len) == 0;
}

static void put_constant(const struct re_decoder *d, struct re_out *out,
                         const char *family, uint64_t value)
{
    char text[256];

    st_format_constant(d->target, st_family_by_name(family), value, text,
                       sizeof(text));
    re_out_text(out, text);
}

/* struct open_how: flags, mode, resolve, 64 bits each on every target. */
static bool put_open_how(const struct re_decoder *d, uint64_t addr,
                         struct re_out *out)
{
    unsigned char bytes[24];
    uint64_t mode;

    if (!read_guest(d, addr, bytes, sizeof(bytes))) {
        return false;
    }
    mode = integer(d, bytes + 8, 8);
    re_out_text(out, "{flags=");
    put_constant(d, out, "open", integer(d, bytes, 8));
    if (mode) {
        re_out_text(out, ", mode=");
        re_out_octal(out, mode);
    }
    re_out_text(out, ", resolve=");
    re_out_hex(out, integer(d, bytes + 16, 8));
    re_out_text(out, "}");
    return true;
}

/* Seconds and nanoseconds of "width" bytes each; of the wide form on a narrow
 * target only the lower half of the nanoseconds counts. */
static bool put_timespec(const struct re_decoder *d, uint64_t addr,
                         unsigned width, struct re_out *out)
{
    unsigned char bytes[16];
    int64_t seconds, nanoseconds;

    if (!read_guest(d, addr, bytes, 2 * width)) {
        return false;
    }
    seconds = integer(d, bytes, width);
    nanoseconds = integer(d, bytes + width, width);
    if (width == 4) {
        seconds = (int32_t)seconds;
    }
    if (st_word_bits(d->target) == 32) {
        nanoseconds = (int32_t)nanoseconds;
    }
    re_out_text(out, "{tv_sec=");
    re_out_signed(out, seconds);
    re_out_text(out, ", tv_nsec=");
    re_out_signed(out, nanoseconds);
    re_out_text(out, "}");
    return true;
}

static bool put_iovecs(const struct re_decoder *d, uint64_t addr,
                       uint64_t count, struct re_out *out)
{
    unsigned width = st_word_bits(d->target) / 8;
    unsigned char bytes[IOVECS_MAX * 16];
    uint64_t sum = 0;

    if (count == 0 || count > IOVECS_MAX ||
        !read_guest(d, addr, bytes, count * 2 * width)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        sum += integer(d, bytes + (2 * i + 1) * width, width);
    }
    re_out_text(out, "{");
    re_out_unsigned(out, sum);
    re_out_text(out, " bytes}");
    return true;
}

/* Whether the kernel reads a time there: it writes to others. */
static bool is_input(const char *name)
{
    static const char *const names[] = {
        "rqtp", "utime", "timeout", "uts", "tsp", "tp", "u_abs_timeout",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool re_decode_struct(const struct re_decoder *d, const struct st_arg *all,
                      unsigned count, unsigned index,
                      const uint64_t args[ST_MAX_REGS], struct re_out *out)
{
    const struct st_arg *arg = &all[index];
    uint64_t addr = re_decode_number(arg, args);
    const char *type = arg->type;

    if (addr == 0 || !d->ops) {
        return false;
    }
    if (strncmp(type, "const ", 6) == 0) {
        type += 6;
    }
    if (strcmp(type, "struct open_how *") == 0) {
        return put_open_how(d, addr, out);
    }
    if (strcmp(type, "struct iovec *") == 0 && index + 1 < count) {
        return put_iovecs(d, addr, re_decode_number(arg + 1, args), out);
    }
    if (!is_input(arg->name)) {
        return false;
    }
    if (strcmp(type, "struct __kernel_timespec *") == 0) {
        return put_timespec(d, addr, 8, out);
    }
    return strcmp(type, "struct old_timespec32 *") == 0 &&
        put_timespec(d, addr, 4, out);
}
