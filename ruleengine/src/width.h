/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of fewer bits than 64, as arguments are, and arguments of two
 * registers. Widths are 1 to 64 bits. */
#ifndef RULEENGINE_WIDTH_H
#define RULEENGINE_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

#include <syscall-tables.h>

/* All bits of that width. */
static inline uint64_t re_width_mask(unsigned width)
{
    return width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

/* The number that the lowest bits are, extended to 64 bits. */
static inline uint64_t re_width_extend(uint64_t value, unsigned width,
                                       bool is_signed)
{
    unsigned unused = 64 - width;

    value <<= unused;
    return is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

/* What an argument is, by its place (struct st_arg), extended to 64 bits. */
static inline uint64_t re_width_argument(const uint64_t regs[ST_MAX_REGS],
                                         unsigned reg, enum st_pair pair,
                                         unsigned width, bool is_signed)
{
    uint64_t value = regs[reg];

    if (pair != ST_PAIR_NONE) {
        uint64_t next = regs[(reg + 1) % ST_MAX_REGS];

        value = pair == ST_PAIR_LOW_HIGH ? (uint32_t)value | next << 32 :
            value << 32 | (uint32_t)next;
    }
    return re_width_extend(value, width, is_signed);
}

#endif
