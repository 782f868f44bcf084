/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "machines.h"

/* What <elf.h> has not, or not everywhere. */
#define MACHINE_ALPHA           0x9026
#define MACHINE_HEXAGON         164
#define MACHINE_LOONGARCH       258
#define HEXAGON_V68             0x68
#define MIPS_N32                EF_MIPS_ABI2
#define MIPS_O32                0x00001000
#define PPC64_ELFV2             2   /* the entry is code, no descriptor */

void code_number(struct code *c, bool big, uint64_t value, unsigned bytes)
{
    unsigned i;

    if (c->length + bytes > sizeof(c->bytes)) {
        abort();
    }
    for (i = 0; i < bytes; i++) {
        c->bytes[c->length++] = value >> 8 * (big ? bytes - 1 - i : i);
    }
}

static void word(struct code *c, uint32_t value)
{
    code_number(c, c->big, value, 4);
}

static void half(struct code *c, uint16_t value)
{
    code_number(c, c->big, value, 2);
}

/* --- aarch64, and its big-endian kind with little-endian code ------------- */

static void aarch64_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0xd2800000 | (value & 0xffff) << 5 | reg);      /* MOVZ */
    word(c, 0xf2a00000 | (value >> 16) << 5 | reg);         /* MOVK lsl 16 */
}

static void aarch64_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0xaa0003e0 | from << 16 | to);                  /* ORR to, xzr */
}

static void aarch64_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0xd4000001);                                    /* SVC 0 */
}

/* --- alpha ---------------------------------------------------------------- */

/* The low half is added with its sign, so the high half makes up for it. */
static uint32_t high_of_signed(uint32_t value, unsigned low_bits)
{
    return (value + (1u << (low_bits - 1))) >> low_bits;
}

static void alpha_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x241f0000 | reg << 21 | high_of_signed(value, 16));    /* LDAH */
    word(c, 0x20000000 | reg << 21 | reg << 16 | (value & 0xffff)); /* LDA */
}

static void alpha_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x44000400 | from << 21 | from << 16 | to);     /* BIS */
}

static void alpha_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x00000083);                            /* CALL_PAL callsys */
}

/* --- arm, and its big-endian kind (BE-32) --------------------------------- */

static void arm_load(struct code *c, unsigned reg, uint32_t value)
{
    uint32_t low = value & 0xffff, high = value >> 16;

    word(c, 0xe3000000 | (low >> 12) << 16 | reg << 12 | (low & 0xfff));
    word(c, 0xe3400000 | (high >> 12) << 16 | reg << 12 | (high & 0xfff));
}                                                           /* MOVW, MOVT */

static void arm_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0xe1a00000 | to << 12 | from);                  /* MOV */
}

static void arm_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0xef000000);                                    /* SVC 0 */
}

/* --- hexagon -------------------------------------------------------------- */

/* Bits 15:14 of a word are 3 in the last word of a packet and 1 before. */
static void hexagon_load(struct code *c, unsigned reg, uint32_t value)
{
    uint32_t low = value & 0x3f;

    word(c, (value >> 20) << 16 | 1 << 14 | (value >> 6 & 0x3fff));
    word(c, 0x7800c000 | low << 5 | reg);       /* immext, Rd = #s16 */
}

static void hexagon_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x7060c000 | from << 16 | to);                  /* Rd = Rs */
}

static void hexagon_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x5400c004);                                    /* trap0(#1) */
}

/* --- hppa ----------------------------------------------------------------- */

/* LDIL has its 21 bits in five shuffled fields. */
static uint32_t hppa_high(uint32_t value)
{
    uint32_t x = value >> 11;

    return (x & 0x100000) >> 20 | (x & 0x0ffe00) >> 8 | (x & 0x000180) << 7 |
           (x & 0x00007c) << 14 | (x & 0x000003) << 12;
}

static void hppa_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x20000000 | reg << 21 | hppa_high(value));     /* LDIL */
    word(c, 0x34000000 | reg << 21 | reg << 16 | (value & 0x7ff) << 1);
}                                                           /* LDO */

static void hppa_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x34000000 | from << 21 | to << 16);            /* LDO 0(from) */
}

static void hppa_call(struct code *c, uint32_t number)
{
    word(c, 0xe4008200);                        /* BE,L 0x100(%sr2,%r0) */
    word(c, 0x34140000 | number << 1);          /* LDI number,%r20 */
}

/* --- loongarch ------------------------------------------------------------ */

static void loongarch_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x14000000 | (value >> 12) << 5 | reg);         /* LU12I.W */
    word(c, 0x03800000 | (value & 0xfff) << 10 | reg << 5 | reg);   /* ORI */
}

static void loongarch_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x03800000 | from << 5 | to);                   /* ORI 0 */
}

static void loongarch_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x002b0000);                                    /* SYSCALL 0 */
}

/* --- m68k ----------------------------------------------------------------- */

static void m68k_load(struct code *c, unsigned reg, uint32_t value)
{
    half(c, 0x203c | reg << 9);                             /* MOVE.L #, Dn */
    code_number(c, true, value, 4);
}

static void m68k_move(struct code *c, unsigned to, unsigned from)
{
    half(c, 0x2000 | to << 9 | from);                       /* MOVE.L Dm, Dn */
}

static void m68k_call(struct code *c, uint32_t number)
{
    (void)number;
    half(c, 0x4e40);                                        /* TRAP #0 */
}

/* --- microblaze ----------------------------------------------------------- */

static void microblaze_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0xb0000000 | value >> 16);                      /* IMM */
    word(c, 0x30000000 | reg << 21 | (value & 0xffff));     /* ADDIK r0 */
}

static void microblaze_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x80000000 | to << 21 | from << 16);            /* OR r0 */
}

static void microblaze_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0xb9cc0008);                                    /* BRKI r14, 8 */
}

/* --- mips, all ABIs ------------------------------------------------------- */

static void mips_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x3c000000 | reg << 16 | value >> 16);          /* LUI */
    word(c, 0x34000000 | reg << 21 | reg << 16 | (value & 0xffff)); /* ORI */
}

static void mips_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x00000025 | from << 21 | to << 11);            /* OR $0 */
}

static void mips_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x0000000c);                                    /* SYSCALL */
}

/* --- or1k ----------------------------------------------------------------- */

static void or1k_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x18000000 | reg << 21 | value >> 16);          /* l.movhi */
    word(c, 0xa8000000 | reg << 21 | reg << 16 | (value & 0xffff)); /* l.ori */
}

static void or1k_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0xa8000000 | to << 21 | from << 16);            /* l.ori 0 */
}

static void or1k_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x20000001);                                    /* l.sys 1 */
}

/* --- ppc ------------------------------------------------------------------ */

static void ppc_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x3c000000 | reg << 21 | value >> 16);          /* LIS */
    word(c, 0x60000000 | reg << 21 | reg << 16 | (value & 0xffff)); /* ORI */
}

static void ppc_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x7c000378 | from << 21 | to << 16 | from << 11);       /* OR */
}

static void ppc_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x44000002);                                    /* SC */
}

/* --- riscv ---------------------------------------------------------------- */

static void riscv_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x00000037 | high_of_signed(value, 12) << 12 | reg << 7); /* LUI */
    word(c, 0x00000013 | (value & 0xfff) << 20 | reg << 15 | reg << 7);
}                                                           /* ADDI */

static void riscv_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x00000013 | from << 15 | to << 7);             /* ADDI 0 */
}

static void riscv_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x00000073);                                    /* ECALL */
}

/* --- s390x ---------------------------------------------------------------- */

static void s390x_load(struct code *c, unsigned reg, uint32_t value)
{
    half(c, 0xc001 | reg << 4);                             /* LGFI */
    word(c, value);
}

static void s390x_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0xb9040000 | to << 4 | from);                   /* LGR */
}

static void s390x_call(struct code *c, uint32_t number)
{
    (void)number;
    half(c, 0x0a00);                                        /* SVC 0 */
}

/* --- sh4: R0 is the only register that bytes can be or-ed into ------------- */

static void sh4_load(struct code *c, unsigned reg, uint32_t value)
{
    half(c, 0xe000 | value >> 16);                          /* MOV #, R0 */
    half(c, 0x4018);                                        /* SHLL8 R0 */
    half(c, 0xcb00 | (value >> 8 & 0xff));                  /* OR #, R0 */
    half(c, 0x4018);                                        /* SHLL8 R0 */
    half(c, 0xcb00 | (value & 0xff));                       /* OR #, R0 */
    half(c, 0x6003 | reg << 8);                             /* MOV R0, Rn */
}

static void sh4_move(struct code *c, unsigned to, unsigned from)
{
    half(c, 0x6003 | to << 8 | from << 4);                  /* MOV */
}

static void sh4_call(struct code *c, uint32_t number)
{
    (void)number;
    half(c, 0xc316);                                        /* TRAPA #0x16 */
}

/* --- sparc ---------------------------------------------------------------- */

static void sparc_load(struct code *c, unsigned reg, uint32_t value)
{
    word(c, 0x01000000 | reg << 25 | value >> 10);          /* SETHI */
    word(c, 0x80102000 | reg << 25 | reg << 14 | (value & 0x3ff));  /* OR */
}

static void sparc_move(struct code *c, unsigned to, unsigned from)
{
    word(c, 0x80100000 | to << 25 | from);                  /* OR %g0 */
}

static void sparc_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x91d02010);                                    /* TA 0x10 */
}

static void sparc64_call(struct code *c, uint32_t number)
{
    (void)number;
    word(c, 0x91d0206d);                                    /* TA 0x6d */
}

/* --- x86 ------------------------------------------------------------------ */

static void x86_load(struct code *c, unsigned reg, uint32_t value)
{
    code_number(c, false, 0xb8 + reg, 1);                   /* MOV r32, imm */
    word(c, value);
}

static void x86_move(struct code *c, unsigned to, unsigned from)
{
    half(c, 0xc089 | (from << 3 | to) << 8);                /* MOV r32, r32 */
}

static void i386_call(struct code *c, uint32_t number)
{
    (void)number;
    half(c, 0x80cd);                                        /* INT 0x80 */
}

static void x86_64_call(struct code *c, uint32_t number)
{
    (void)number;
    half(c, 0x050f);                                        /* SYSCALL */
}

/* --- xtensa: 24 bits; the fields of the big-endian kind are mirrored ------- */

static void xtensa_rrr(struct code *c, unsigned op2, unsigned op1, unsigned r,
                       unsigned s, unsigned t)
{
    code_number(c, c->big,
                c->big ? t << 16 | s << 12 | r << 8 | op1 << 4 | op2
                       : op2 << 20 | op1 << 16 | r << 12 | s << 8 | t << 4, 3);
}

static void xtensa_rri8(struct code *c, unsigned imm8, unsigned r, unsigned s,
                        unsigned t, unsigned op0)
{
    code_number(c, c->big,
                c->big ? op0 << 20 | t << 16 | s << 12 | r << 8 | imm8
                       : imm8 << 16 | r << 12 | s << 8 | t << 4 | op0, 3);
}

static void xtensa_load(struct code *c, unsigned reg, uint32_t value)
{
    uint32_t high = high_of_signed(value, 8);

    xtensa_rri8(c, high & 0xff, 0xa, high >> 8, reg, 2);    /* MOVI */
    xtensa_rrr(c, 1, 1, reg, reg, 32 - 8 - 16);             /* SLLI 8 */
    xtensa_rri8(c, value & 0xff, 0xc, reg, reg, 2);         /* ADDI */
}

static void xtensa_move(struct code *c, unsigned to, unsigned from)
{
    xtensa_rrr(c, 2, 0, to, from, from);                    /* OR */
}

static void xtensa_call(struct code *c, uint32_t number)
{
    (void)number;
    xtensa_rrr(c, 0, 0, 5, 0, 0);                           /* SYSCALL */
}

/* --- the table, in the order of QEMU's names ------------------------------ */

#define CODE(name) name##_load, name##_move, name##_call

/* target, e_machine, e_flags, little code, number, arguments, result, code */
static const struct machine machines[] = {
    { "aarch64", EM_AARCH64, 0, false, 8, { 0, 1, 2 }, 0, CODE(aarch64) },
    { "aarch64_be", EM_AARCH64, 0, true, 8, { 0, 1, 2 }, 0, CODE(aarch64) },
    { "alpha", MACHINE_ALPHA, 0, false, 0, { 16, 17, 18 }, 0, CODE(alpha) },
    { "arm", EM_ARM, EF_ARM_EABI_VER5, false, 7, { 0, 1, 2 }, 0, CODE(arm) },
    { "armeb", EM_ARM, EF_ARM_EABI_VER5, false, 7, { 0, 1, 2 }, 0,
      CODE(arm) },
    { "hexagon", MACHINE_HEXAGON, HEXAGON_V68, false, 6, { 0, 1, 2 }, 0,
      CODE(hexagon) },
    { "hppa", EM_PARISC, 0, false, 20, { 26, 25, 24 }, 28, CODE(hppa) },
    { "i386", EM_386, 0, false, 0, { 3, 1, 2 }, 0, x86_load, x86_move,
      i386_call },
    { "loongarch64", MACHINE_LOONGARCH, 0, false, 11, { 4, 5, 6 }, 4,
      CODE(loongarch) },
    { "m68k", EM_68K, 0, false, 0, { 1, 2, 3 }, 0, CODE(m68k) },
    { "microblaze", EM_MICROBLAZE, 0, false, 12, { 5, 6, 7 }, 3,
      CODE(microblaze) },
    { "microblazeel", EM_MICROBLAZE, 0, false, 12, { 5, 6, 7 }, 3,
      CODE(microblaze) },
    { "mips", EM_MIPS, MIPS_O32, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "mips64", EM_MIPS, 0, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "mips64el", EM_MIPS, 0, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "mipsel", EM_MIPS, MIPS_O32, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "mipsn32", EM_MIPS, MIPS_N32, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "mipsn32el", EM_MIPS, MIPS_N32, false, 2, { 4, 5, 6 }, 2, CODE(mips) },
    { "or1k", EM_OPENRISC, 0, false, 11, { 3, 4, 5 }, 11, CODE(or1k) },
    { "ppc", EM_PPC, 0, false, 0, { 3, 4, 5 }, 3, CODE(ppc) },
    { "ppc64", EM_PPC64, PPC64_ELFV2, false, 0, { 3, 4, 5 }, 3, CODE(ppc) },
    { "ppc64le", EM_PPC64, PPC64_ELFV2, false, 0, { 3, 4, 5 }, 3, CODE(ppc) },
    { "riscv32", EM_RISCV, 0, false, 17, { 10, 11, 12 }, 10, CODE(riscv) },
    { "riscv64", EM_RISCV, 0, false, 17, { 10, 11, 12 }, 10, CODE(riscv) },
    { "s390x", EM_S390, 0, false, 1, { 2, 3, 4 }, 2, CODE(s390x) },
    { "sh4", EM_SH, 0, false, 3, { 4, 5, 6 }, 0, CODE(sh4) },
    { "sh4eb", EM_SH, 0, false, 3, { 4, 5, 6 }, 0, CODE(sh4) },
    { "sparc", EM_SPARC, 0, false, 1, { 8, 9, 10 }, 8, CODE(sparc) },
    { "sparc32plus", EM_SPARC32PLUS, 0, false, 1, { 8, 9, 10 }, 8,
      CODE(sparc) },
    { "sparc64", EM_SPARCV9, 0, false, 1, { 8, 9, 10 }, 8, sparc_load,
      sparc_move, sparc64_call },
    { "x86_64", EM_X86_64, 0, false, 0, { 7, 6, 2 }, 0, x86_load, x86_move,
      x86_64_call },
    { "xtensa", EM_XTENSA, 0, false, 2, { 6, 3, 4 }, 2, CODE(xtensa) },
    { "xtensaeb", EM_XTENSA, 0, false, 2, { 6, 3, 4 }, 2, CODE(xtensa) },
};

const struct machine *machine_at(unsigned i)
{
    return i < sizeof(machines) / sizeof(machines[0]) ? &machines[i] : NULL;
}

const struct machine *machine_by_target(const char *target)
{
    const struct machine *m;
    unsigned i;

    for (i = 0; (m = machine_at(i)); i++) {
        if (strcmp(m->target, target) == 0) {
            return m;
        }
    }
    return NULL;
}
