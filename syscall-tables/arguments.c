/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of calls: prototypes that targets share, and how each target
 * passes them. */
#include "tables.h"

static const struct argument_pool {
#define ARGUMENT_NAME(name) char a_##name[sizeof(#name)];
#include "generated/arguments.inc"
#undef ARGUMENT_NAME
} argument_names = {
#define ARGUMENT_NAME(name) #name,
#include "generated/arguments.inc"
#undef ARGUMENT_NAME
};

static const struct type_pool {
#define TYPE(id, text) char t_##id[sizeof(text)];
#include "generated/types.inc"
#undef TYPE
} types = {
#define TYPE(id, text) text,
#include "generated/types.inc"
#undef TYPE
};

_Static_assert(sizeof(argument_names) <= UINT16_MAX &&
               sizeof(types) <= UINT16_MAX, "offsets have 16 bits");
_Static_assert(ST_F_COUNT <= UINT8_MAX, "st_family_t has 8 bits");

struct argument {
    uint16_t name, type;    /* offsets */
    uint8_t cls;            /* enum st_class */
    uint8_t kind;           /* enum st_kind */
    uint8_t family;         /* enum st_family_id */
    uint8_t reg;            /* 0 .. 7 or ST_REG_NEXT */
};

static const struct argument arguments[] = {
#define PROTOTYPE(name, count)
#define ARG(name, type, cls, kind, family, reg) \
    { offsetof(struct argument_pool, a_##name), \
      offsetof(struct type_pool, t_##type), ST_CLASS_##cls, \
      ST_KIND_##kind, ST_F_##family, reg },
#include "generated/prototypes.inc"
#undef ARG
#undef PROTOTYPE
};

/* FIRST_x is the index in arguments[] of x's first one; LAST_x only makes the
 * next enumerator start behind x's. */
enum {
#define PROTOTYPE(name, count) FIRST_##name, LAST_##name = \
    FIRST_##name + count - 1,
#define ARG(name, type, cls, kind, family, reg)
#include "generated/prototypes.inc"
#undef ARG
#undef PROTOTYPE
};

static const struct {
    uint16_t first;
    uint8_t count;
} prototypes[] = {
    { 0, 0 },               /* ST_P_none */
#define PROTOTYPE(name, count) { FIRST_##name, count },
#define ARG(name, type, cls, kind, family, reg)
#include "generated/prototypes.inc"
#undef ARG
#undef PROTOTYPE
};

static unsigned class_width(const struct st_target *t, uint8_t cls)
{
    switch (cls) {
    case ST_CLASS_s16:
    case ST_CLASS_u16:
        return 16;
    case ST_CLASS_s32:
    case ST_CLASS_u32:
        return 32;
    case ST_CLASS_s64:
    case ST_CLASS_u64:
        return t->pairs == ST_PAIRS_whole ? 32 : 64;
    default:
        return t->word_bits;
    }
}

/* A descriptor is an int to everybody, whatever the kernel declares: -1 is no
 * descriptor in mmap as in close. */
static bool is_signed(const struct argument *from)
{
    uint8_t cls = from->cls;

    return cls == ST_CLASS_s16 || cls == ST_CLASS_s32 ||
        cls == ST_CLASS_s64 || cls == ST_CLASS_slong ||
        from->kind == ST_KIND_FD || from->kind == ST_KIND_DIRFD;
}

/* Whether a pair of this call starts at an even index. */
static bool pairs_aligned(const struct st_target *t, unsigned prototype)
{
    return t->pairs == ST_PAIRS_aligned ||
        (t->pairs == ST_PAIRS_rw64 &&
         (prototype == ST_P_pread64 || prototype == ST_P_pwrite64));
}

int st_slot_args(const struct st_target *t, unsigned slot,
                 struct st_arg args[ST_MAX_ARGS])
{
    unsigned prototype, next = 0;
    int i;

    if (slot >= t->slot_count) {
        return -1;
    }
    prototype = t->calls[slot].prototype;
    if (prototype == ST_P_none) {
        return -1;
    }
    for (i = 0; i < prototypes[prototype].count; i++) {
        const struct argument *from =
            &arguments[prototypes[prototype].first + i];
        unsigned width = class_width(t, from->cls);
        bool pair = width > t->word_bits;

        if (from->reg != ST_REG_NEXT) {
            next = from->reg;
        } else if (pair && pairs_aligned(t, prototype)) {
            next += next & 1;
        }
        args[i] = (struct st_arg){
            .name = (const char *)&argument_names + from->name,
            .type = (const char *)&types + from->type,
            .kind = from->kind,
            .family = from->family,
            .width = width,
            .is_signed = is_signed(from),
            .is_word = from->cls == ST_CLASS_slong ||
                from->cls == ST_CLASS_ulong,
            .reg = next,
            .pair = !pair ? ST_PAIR_NONE
                : t->big_endian ? ST_PAIR_HIGH_LOW : ST_PAIR_LOW_HIGH,
        };
        next += pair ? 2 : 1;
    }
    return i;
}
