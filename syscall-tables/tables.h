/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of the generated tables; private to syscall-tables/.
 *
 * Names, types and constants are kept as one block of characters each with
 * offsets into it, so that nothing here needs a relocation at start-up. The
 * lists in generated/ are X-macros: one line per entry, included once per
 * thing made from it.
 */
#ifndef SYSCALL_TABLES_TABLES_H
#define SYSCALL_TABLES_TABLES_H

#include "syscall-tables.h"

#define ST_REG_NEXT 0xff    /* the argument takes the next register in turn */

/* How a C type is compared: bits and sign; "word" is the target's abi_long. */
enum st_class {
    ST_CLASS_s16, ST_CLASS_u16, ST_CLASS_s32, ST_CLASS_u32,
    ST_CLASS_s64, ST_CLASS_u64, ST_CLASS_slong, ST_CLASS_ulong,
};

/* How 64-bit arguments reach do_syscall: see sources/targets.txt. */
enum st_pairs {
    ST_PAIRS_none, ST_PAIRS_aligned, ST_PAIRS_packed, ST_PAIRS_rw64,
    ST_PAIRS_whole,
};

/* Call names, 1 .. ST_N_COUNT - 1 in strcmp order; 0 is "no name". */
enum st_name_id {
    ST_N_none,
#define NAME(name, canonical) ST_N_##name,
#include "generated/names.inc"
#undef NAME
    ST_N_COUNT
};

/* The name that stands for all spellings of a call. */
enum st_call_id {
#define NAME(name, canonical) ST_CALL_##name = ST_N_##canonical,
#include "generated/names.inc"
#undef NAME
};

/* Prototypes; 0 is "not known". */
enum st_prototype_id {
    ST_P_none,
#define PROTOTYPE(name, count) ST_P_##name,
#define ARG(name, type, cls, kind, family, reg)
#include "generated/prototypes.inc"
#undef ARG
#undef PROTOTYPE
    ST_P_COUNT
};

enum st_family_id {
    ST_F_none,
#define FAMILY(name, mask, text) ST_F_##name,
#include "generated/families.inc"
#undef FAMILY
    ST_F_COUNT
};

/* All constants of all families, sorted by family, then name. */
enum st_constant_id {
#define CONSTANT(family, name, value) ST_C_##family##_##name,
#define ALIAS CONSTANT
#define ABSENT(family, name) ST_C_##family##_##name,
#define ABSENT_ALIAS ABSENT
#include "generated/constants.inc"
#undef ABSENT_ALIAS
#undef ABSENT
#undef ALIAS
#undef CONSTANT
    ST_C_COUNT
};

/* One slot of a target. */
struct st_call {
    uint16_t name;          /* enum st_name_id */
    uint16_t prototype;     /* enum st_prototype_id */
    uint16_t call;          /* enum st_call_id of the name, or 0 */
};

/* A constant whose value on a target is not the one in constants.inc. */
struct st_difference {
    int64_t value;
    uint16_t constant;      /* enum st_constant_id */
    bool absent;            /* the target has no such constant */
};

/* A sub-call; slot number_count + i is the i-th of the target's own. */
struct st_subcall {
    uint16_t operation;
    int8_t version;             /* of ipc: 0, 1 (any but 0), -1 (all) */
    bool ipc;                   /* of ipc, else of socketcall */
};

struct st_target {
    const char *name;
    const struct st_call *calls;                /* slot_count of them */
    const struct st_subcall *subcalls;          /* slot_count - number_count */
    const struct st_difference *differences;    /* by ascending constant */
    uint32_t audit_arch;
    uint16_t difference_count;
    uint16_t number_count;
    uint16_t slot_count;
    int16_t base;
    int16_t socketcall;         /* number, -1: the target has none */
    int16_t ipc;
    uint8_t word_bits;
    uint8_t pairs;              /* enum st_pairs */
    bool big_endian;
};


/* Every target, for the objects that need them all. */
#define TARGET(name) extern const struct st_target st_target_##name;
#include "generated/targets.inc"
#undef TARGET

/* Shared between the library's files. Indexes are those of the enums above. */
const char *st_table_name(unsigned name);
unsigned st_table_name_find(const char *name);      /* 0: none */
unsigned st_table_canonical(unsigned name);

#endif
