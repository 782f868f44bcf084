/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints a table for the shell tests: "numbers TARGET" as "NUMBER NAME" lines,
 * "asserts TARGET" as C assertions about the values of its constants. */
#include <stdio.h>
#include <string.h>

#include "syscall-tables.h"

static void print_numbers(const struct st_target *t)
{
    unsigned slot;

    for (slot = 0; slot < st_number_count(t); slot++) {
        if (st_slot_name(t, slot)) {
            printf("%d %s\n", st_number_of_slot(t, slot),
                   st_slot_name(t, slot));
        }
    }
}

/* The line's number leads from the compiler's complaint to the constant. */
static void print_asserts(const struct st_target *t)
{
    unsigned family, i;
    const char *name;
    uint64_t value;

    for (family = 1; st_family_at(family); family++) {
        for (i = 0; (name = st_constant_at(t, family, i, &value)); i++) {
            /* Compared at 32 bits: headers differ in the sign of bit 31. */
            printf("#ifdef %s\n_Static_assert((unsigned)(%s) == 0x%xu, "
                   "\"%s %s, the table has 0x%x\");\n#endif\n", name, name,
                   (unsigned)value, st_target_name(t), name,
                   (unsigned)value);
        }
    }
}

int main(int argc, char **argv)
{
    const struct st_target *t = argc == 3 ? st_target_by_name(argv[2]) : NULL;

    if (!t) {
        fprintf(stderr, "usage: dump numbers|asserts TARGET\n");
        return 2;
    }
    if (strcmp(argv[1], "numbers") == 0) {
        print_numbers(t);
    } else {
        print_asserts(t);
    }
    return 0;
}
