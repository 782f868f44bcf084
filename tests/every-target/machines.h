/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it takes to write a program for each of QEMU's machines without a
 * compiler: where a system call's number and arguments go, and three pieces
 * of machine code. The instructions are those of the architecture manuals and
 * are named beside their words.
 */
#ifndef EVERY_TARGET_MACHINES_H
#define EVERY_TARGET_MACHINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_ARGS    3           /* arguments that a call can be given */
#define MACHINE_LIMIT   0x40000     /* values below it can be loaded */

/* Machine code as it is written. Words take the order of "big". */
struct code {
    bool big;
    size_t length;                  /* bytes */
    uint8_t bytes[2048];
};

struct machine {
    const char *target;             /* QEMU's name */
    uint16_t elf_machine;           /* e_machine */
    uint32_t elf_flags;             /* e_flags */
    bool little_code;               /* code little endian, data big */
    uint8_t number, args[MACHINE_ARGS], result;     /* registers */

    /* Puts a value below MACHINE_LIMIT into a register. */
    void (*load)(struct code *c, unsigned reg, uint32_t value);
    void (*move)(struct code *c, unsigned to, unsigned from);
    /* The system call; its number is given where it has to stand beside the
     * instruction. */
    void (*call)(struct code *c, uint32_t number);
};

/* NULL: no such target */
const struct machine *machine_by_target(const char *target);
const struct machine *machine_at(unsigned i);       /* NULL past the end */

/* Appends a number of 1 to 8 bytes in the given order. Aborts when the code
 * is full: a program of this generator has a handful of calls. */
void code_number(struct code *c, bool big, uint64_t value, unsigned bytes);

#endif
