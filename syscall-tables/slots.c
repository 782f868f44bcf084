/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A target's properties, and its numbers, sub-calls and names as slots. */
#include "tables.h"

const char *st_target_name(const struct st_target *t)
{
    return t->name;
}

int st_base(const struct st_target *t)
{
    return t->base;
}

unsigned st_number_count(const struct st_target *t)
{
    return t->number_count;
}

unsigned st_slot_count(const struct st_target *t)
{
    return t->slot_count;
}

unsigned st_word_bits(const struct st_target *t)
{
    return t->word_bits;
}

bool st_big_endian(const struct st_target *t)
{
    return t->big_endian;
}

uint32_t st_audit_arch(const struct st_target *t)
{
    return t->audit_arch;
}

int st_slot_of_number(const struct st_target *t, int nr)
{
    /* Unsigned, so that numbers below the base are large and so refused. */
    unsigned slot = (unsigned)nr - (unsigned)t->base;

    return slot < t->number_count ? (int)slot : -1;
}

static const struct st_subcall *subcall_of(const struct st_target *t,
                                           unsigned slot)
{
    return slot >= t->number_count && slot < t->slot_count
        ? &t->subcalls[slot - t->number_count] : NULL;
}

int st_number_of_slot(const struct st_target *t, unsigned slot)
{
    const struct st_subcall *sub = subcall_of(t, slot);

    if (slot >= t->slot_count) {
        return -1;
    }
    return t->base + (!sub ? (int)slot : sub->ipc ? t->ipc : t->socketcall);
}

const char *st_slot_name(const struct st_target *t, unsigned slot)
{
    return slot < t->slot_count ? st_table_name(t->calls[slot].name) : NULL;
}

static int find_subcall(const struct st_target *t, bool ipc, unsigned op,
                        unsigned version)
{
    unsigned slot;

    for (slot = t->number_count; slot < t->slot_count; slot++) {
        const struct st_subcall *sub = subcall_of(t, slot);

        if (sub->ipc == ipc && sub->operation == op &&
            (sub->version < 0 || sub->version == (version != 0))) {
            return slot;
        }
    }
    return -1;
}

int st_slot_of_socketcall(const struct st_target *t, unsigned op)
{
    return find_subcall(t, false, op, 0);
}

int st_slot_of_ipc(const struct st_target *t, unsigned op, unsigned version)
{
    return find_subcall(t, true, op, version);
}

bool st_slot_is_carrier(const struct st_target *t, unsigned slot)
{
    if (slot >= t->number_count) {
        return false;
    }
    return (int)slot == t->socketcall || (int)slot == t->ipc ||
        t->calls[slot].name == ST_N_syscall;
}

unsigned st_slot_operation(const struct st_target *t, unsigned slot)
{
    const struct st_subcall *sub = subcall_of(t, slot);

    return sub ? sub->operation : 0;
}

unsigned st_slots_of_call(const struct st_target *t, unsigned call,
                          uint16_t slots[ST_MAX_SPELLINGS])
{
    const struct st_call *calls = t->calls;
    unsigned slots_of_target = t->slot_count, count = 0;

    for (unsigned slot = 0; slot < slots_of_target; slot++) {
        if (calls[slot].call == call && call != ST_N_none &&
            count < ST_MAX_SPELLINGS) {
            slots[count++] = slot;
        }
    }
    return count;
}

unsigned st_slots_of_name(const struct st_target *t, const char *name,
                          uint16_t slots[ST_MAX_SPELLINGS])
{
    return st_slots_of_call(t, st_call_of_name(name), slots);
}

unsigned st_call_of_slot(const struct st_target *t, unsigned slot)
{
    return slot < t->slot_count ? t->calls[slot].call : ST_N_none;
}
