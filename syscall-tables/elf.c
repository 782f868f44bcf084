/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which target runs an ELF file: what each target's loader in QEMU accepts
 * (elf_check_arch, elf_check_abi in linux-user) and the little more that tells
 * one target of a machine from another. */
#include <elf.h>

#include "tables.h"

/* Machine numbers that <elf.h> has not, or only under other names. */
#define MACHINE_I486            6
#define MACHINE_ALPHA           0x9026
#define MACHINE_MICROBLAZE_OLD  0xbaab
#define MACHINE_HEXAGON         164
#define MACHINE_LOONGARCH       258

/* e_flags of MIPS */
#define MIPS_ABI2               0x00000020      /* n32 */
#define MIPS_ABI_MASK           0x0000f000
#define MIPS_ABI_O32            0x00001000

static const char class_refused[] =
    "QEMU user mode runs no program of this machine with this word size";
static const char order_refused[] =
    "QEMU user mode runs no program of this machine with this byte order";

/* A machine with one target per byte order and one word size. */
struct machine {
    uint16_t machine;
    uint8_t elf_class;
    const struct st_target *little, *big;       /* NULL: QEMU has none */
};

static const struct machine machines[] = {
    { EM_386, ELFCLASS32, &st_target_i386, NULL },
    { MACHINE_I486, ELFCLASS32, &st_target_i386, NULL },
    { EM_68K, ELFCLASS32, NULL, &st_target_m68k },
    { EM_AARCH64, ELFCLASS64, &st_target_aarch64, &st_target_aarch64_be },
    { MACHINE_ALPHA, ELFCLASS64, &st_target_alpha, NULL },
    { EM_ARM, ELFCLASS32, &st_target_arm, &st_target_armeb },
    { MACHINE_HEXAGON, ELFCLASS32, &st_target_hexagon, NULL },
    { MACHINE_LOONGARCH, ELFCLASS64, &st_target_loongarch64, NULL },
    { EM_MICROBLAZE, ELFCLASS32, &st_target_microblazeel,
      &st_target_microblaze },
    { MACHINE_MICROBLAZE_OLD, ELFCLASS32, &st_target_microblazeel,
      &st_target_microblaze },
    { EM_OPENRISC, ELFCLASS32, NULL, &st_target_or1k },
    { EM_PARISC, ELFCLASS32, NULL, &st_target_hppa },
    { EM_PPC, ELFCLASS32, NULL, &st_target_ppc },
    { EM_PPC64, ELFCLASS64, &st_target_ppc64le, &st_target_ppc64 },
    { EM_S390, ELFCLASS64, NULL, &st_target_s390x },
    { EM_SH, ELFCLASS32, &st_target_sh4, &st_target_sh4eb },
    { EM_SPARC, ELFCLASS32, NULL, &st_target_sparc },
    { EM_SPARC32PLUS, ELFCLASS32, NULL, &st_target_sparc32plus },
    { EM_SPARCV9, ELFCLASS64, NULL, &st_target_sparc64 },
    { EM_X86_64, ELFCLASS64, &st_target_x86_64, NULL },
    { EM_XTENSA, ELFCLASS32, &st_target_xtensa, &st_target_xtensaeb },
};

static const struct st_target *mips_target(uint8_t elf_class, bool big,
                                           uint32_t flags, const char **why)
{
    if (elf_class == ELFCLASS64) {
        return big ? &st_target_mips64 : &st_target_mips64el;
    }
    if (flags & MIPS_ABI2) {
        return big ? &st_target_mipsn32 : &st_target_mipsn32el;
    }
    if ((flags & MIPS_ABI_MASK) & ~MIPS_ABI_O32) {
        *why = "MIPS programs of the O64 and EABI kinds are not supported by "
               "QEMU user mode";
        return NULL;
    }
    return big ? &st_target_mips : &st_target_mipsel;
}

static const struct st_target *find(uint8_t elf_class, bool big,
                                    uint16_t machine, uint32_t flags,
                                    const char **why)
{
    const struct st_target *t;
    unsigned i;

    if (machine == EM_X86_64 && elf_class == ELFCLASS32) {
        *why = "x32 programs are not supported by QEMU user mode";
        return NULL;
    }
    if (machine == EM_MIPS) {
        return mips_target(elf_class, big, flags, why);
    }
    if (machine == EM_RISCV && !big) {
        return elf_class == ELFCLASS64 ? &st_target_riscv64
            : &st_target_riscv32;
    }
    for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (machines[i].machine != machine) {
            continue;
        }
        if (machines[i].elf_class != elf_class) {
            *why = class_refused;
            return NULL;
        }
        t = big ? machines[i].big : machines[i].little;
        if (!t) {
            *why = order_refused;
        }
        return t;
    }
    *why = machine == EM_RISCV ? order_refused
        : "QEMU user mode has no target for this machine";
    return NULL;
}

const struct st_target *st_target_for_elf(uint8_t elf_class, uint8_t elf_data,
                                          uint16_t machine, uint32_t flags,
                                          const char **ret_why)
{
    const char *why = NULL;
    const struct st_target *t = NULL;

    if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64) {
        why = "the ELF header's class is neither 32 nor 64 bits";
    } else if (elf_data != ELFDATA2LSB && elf_data != ELFDATA2MSB) {
        why = "the ELF header's byte order is neither little nor big endian";
    } else {
        t = find(elf_class, elf_data == ELFDATA2MSB, machine, flags, &why);
    }
    if (!t && ret_why) {
        *ret_why = why;
    }
    return t;
}
