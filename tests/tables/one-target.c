/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses one target as an emulator does, by its symbol; link.sh looks at what
 * the linker takes along. */
#include <stdio.h>

#include "syscall-tables.h"

extern const struct st_target st_target_aarch64;

int main(void)
{
    struct st_arg args[ST_MAX_ARGS];
    uint64_t value = 0;
    char text[32];
    int slot = st_slot_of_number(&st_target_aarch64, 56);

    if (st_slot_args(&st_target_aarch64, slot, args) != 4 ||
        st_constant(&st_target_aarch64, args[2].family, "O_CREAT", &value)) {
        return 1;
    }
    st_format_constant(&st_target_aarch64, args[2].family, value, text,
                       sizeof(text));
    return puts(text) < 0;
}
