/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers by the names that QEMU's gdb stub has for them. Some targets give
 * the stub no names for their core registers: those have the names of gdb's
 * own sources below, or "r" and the number.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "exec/gdbstub.h"
#include "hw/core/cpu.h"

#include <ruleengine/engine.h>

#include "handlers.h"

/* Core registers, from 0; NULL: "r" and the number. */
static const struct {
    int number;
    const char *name;
} special[] = {
#if defined(TARGET_MIPS)
    { 32, "status" }, { 33, "lo" }, { 34, "hi" }, { 35, "badvaddr" },
    { 36, "cause" }, { 37, "pc" },
#elif defined(TARGET_ALPHA)
    { 63, "fpcr" }, { 64, "pc" },
#elif defined(TARGET_SH4)
    { 16, "pc" }, { 17, "pr" }, { 18, "gbr" }, { 20, "mach" }, { 21, "macl" },
#elif defined(TARGET_SPARC) && !defined(TARGET_ABI32) && \
    defined(TARGET_SPARC64)
    { 80, "pc" }, { 81, "npc" },
#elif defined(TARGET_SPARC) && !defined(TARGET_SPARC64)
    { 68, "pc" }, { 69, "npc" },
#elif defined(TARGET_HPPA)
    { 33, "pcoqh" }, { 35, "pcoqt" },
#elif defined(TARGET_OPENRISC)
    { 33, "pc" },
#endif
    { -1, NULL },
};

static const char *core_name(int number)
{
    for (unsigned i = 0; special[i].name; i++) {
        if (special[i].number == number) {
            return special[i].name;
        }
    }
    return g_intern_string(g_strdup_printf("r%d", number));
}

/* Core registers that the stub has no names for, in front of the others. */
static GArray *make_list(CPUState *cpu)
{
    GArray *named = gdb_get_register_list(cpu);
    GArray *list = g_array_new(false, true, sizeof(struct re_register));
    bool core_is_named = false;

    for (guint i = 0; i < named->len; i++) {
        core_is_named |= g_array_index(named, GDBRegDesc, i).gdb_reg == 0;
    }
    for (int i = 0; i < cpu->cc->gdb_num_core_regs && !core_is_named; i++) {
        struct re_register reg = { i, core_name(i), "" };

        g_array_append_val(list, reg);
    }
    for (guint i = 0; i < named->len; i++) {
        GDBRegDesc *desc = &g_array_index(named, GDBRegDesc, i);
        struct re_register reg = { desc->gdb_reg, desc->name,
                                   desc->feature_name };

        if (reg.name && reg.name[0]) {
            reg.feature = reg.feature ? reg.feature : "";
            g_array_append_val(list, reg);
        }
    }
    g_array_free(named, true);
    return list;
}

/* All threads have the same. */
bool policy_register_at(void *guest, unsigned i, struct re_register *ret)
{
    static gsize once;
    GArray *list;

    if (g_once_init_enter(&once)) {
        g_once_init_leave(&once, (gsize)make_list(guest));
    }
    list = (GArray *)once;
    if (i >= list->len) {
        return false;
    }
    *ret = g_array_index(list, struct re_register, i);
    return true;
}

static bool is_register(void *guest, int number)
{
    struct re_register reg;

    for (unsigned i = 0; policy_register_at(guest, i, &reg); i++) {
        if (reg.number == number) {
            return true;
        }
    }
    return false;
}

ssize_t policy_register_read(void *guest, int number, void *buf, size_t size)
{
    g_autoptr(GByteArray) bytes = NULL;
    int len;

    if (!is_register(guest, number)) {
        return -ENOENT;
    }
    bytes = g_byte_array_new();
    len = gdb_read_register(guest, bytes, number);
    if (len <= 0 || (size_t)len > size || (guint)len > bytes->len) {
        return -ENOENT;
    }
    memcpy(buf, bytes->data, len);
    return len;
}

/* Whether it is one of the core registers, which the CPU class can set: where
 * the class does not say how many there are, those of the feature that has
 * number 0. */
static bool is_core(CPUState *cpu, int number)
{
    struct re_register first = { -1 }, reg;

    if (cpu->cc->gdb_num_core_regs) {
        return number < cpu->cc->gdb_num_core_regs;
    }
    for (unsigned i = 0; policy_register_at(cpu, i, &reg); i++) {
        if (reg.number == 0) {
            first = reg;
        }
    }
    for (unsigned i = 0; policy_register_at(cpu, i, &reg); i++) {
        if (reg.number == number) {
            return first.number == 0 && !strcmp(reg.feature, first.feature);
        }
    }
    return false;
}

/* The stub has no way to set the registers of coprocessors from outside. */
ssize_t policy_register_write(void *guest, int number, const void *buf,
                              size_t size)
{
    CPUState *cpu = guest;
    uint8_t bytes[256];

    if (!is_register(guest, number)) {
        return -ENOENT;
    }
    if (!is_core(cpu, number)) {
        return -EPERM;
    }
    if (size > sizeof(bytes)) {
        return -EINVAL;
    }
    memcpy(bytes, buf, size);
    return cpu->cc->gdb_write_register(cpu, bytes, number) > 0 ?
        (ssize_t)size : -EPERM;
}
