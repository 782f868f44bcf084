/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of fewer bits than 64, as arguments are: widths are 1 to 64. */
#ifndef RULEENGINE_WIDTH_H
#define RULEENGINE_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

/* All bits of that width. */
static inline uint64_t re_width_mask(unsigned width)
{
    return width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

/* The number that the lowest bits are, extended to 64 bits. */
static inline uint64_t re_width_extend(uint64_t value, unsigned width,
                                       bool is_signed)
{
    uint64_t sign = UINT64_C(1) << (width - 1);

    value &= re_width_mask(width);
    return is_signed ? (value ^ sign) - sign : value;
}

#endif
