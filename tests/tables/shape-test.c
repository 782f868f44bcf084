/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold for every entry of every table: order, bounds, and that each
 * lookup finds what the enumeration shows. */
#include <string.h>

#include "syscall-tables.h"
#include "check.h"

static struct checks checks;

static void check_names(void)
{
    const char *name, *last = "";
    unsigned i;

    for (i = 0; (name = st_name_at(i)); i++) {
        const char *canonical = st_canonical_name(name);

        CHECK(&checks, strcmp(last, name) < 0, "%s after %s", name, last);
        CHECK(&checks, st_name_known(name), "%s", name);
        CHECK(&checks, canonical && strcmp(st_canonical_name(canonical),
                                           canonical) == 0,
              "%s: %s", name, canonical ? canonical : "none");
        CHECK(&checks, st_call_at(i) && st_call_at(i) == st_call_of_name(name),
              "%s", name);
        last = name;
    }
    CHECK(&checks, i > 500, "%u names", i);
    CHECK(&checks, st_call_at(i) == 0, "past the end");
    CHECK(&checks, !st_name_known("opeenat"), "an unknown name");
    CHECK(&checks, !st_name_known(""), "an empty name");
    CHECK(&checks, !st_canonical_name("opeenat"), "an unknown name");
}

static void check_slot_args(const struct st_target *t, unsigned slot,
                            const char *name)
{
    struct st_arg args[ST_MAX_ARGS];
    unsigned used = 0, bits;
    int n = st_slot_args(t, slot, args), i;

    CHECK(&checks, n >= -1 && n <= ST_MAX_ARGS, "%s: %d", name, n);
    for (i = 0; i < n; i++) {
        const struct st_arg *a = &args[i];

        bits = a->pair == ST_PAIR_NONE ? 1u << a->reg : 3u << a->reg;
        CHECK(&checks, a->name[0] && a->type[0], "%s, %d", name, i);
        CHECK(&checks, a->width == 16 || a->width == 32 || a->width == 64,
              "%s, %s: %d", name, a->name, a->width);
        CHECK(&checks, a->reg + (a->pair != ST_PAIR_NONE) < ST_MAX_REGS,
              "%s, %s: register %d", name, a->name, a->reg);
        CHECK(&checks, !(used & bits), "%s, %s: register %d twice", name,
              a->name, a->reg);
        used |= bits;
        CHECK(&checks, (a->pair != ST_PAIR_NONE) ==
              (a->width > st_word_bits(t)), "%s %s, %s", st_target_name(t),
              name, a->name);
        CHECK(&checks, a->pair == ST_PAIR_NONE ||
              (a->pair == ST_PAIR_HIGH_LOW) == st_big_endian(t), "%s", name);
        CHECK(&checks, a->family == 0 || st_family_at(a->family), "%s, %s",
              name, a->name);
        CHECK(&checks, a->kind != ST_KIND_FLAGS || a->family, "%s, %s", name,
              a->name);
    }
}

static void check_slots(const struct st_target *t)
{
    unsigned slot, i, count, numbers = st_number_count(t), named = 0;
    uint16_t slots[ST_MAX_SPELLINGS];

    CHECK(&checks, st_slot_count(t) <= ST_MAX_SLOTS, "%u", st_slot_count(t));
    CHECK(&checks, st_slot_of_number(t, st_base(t) - 1) == -1, "below");
    CHECK(&checks, st_slot_of_number(t, st_base(t) + (int)numbers) == -1,
          "above");
    CHECK(&checks, st_slot_of_number(t, -1) == -1, "negative");
    CHECK(&checks, st_slot_of_number(t, INT32_MIN) == -1, "negative");
    CHECK(&checks, st_slot_of_number(t, INT32_MAX) == -1, "huge");
    for (slot = 0; slot < st_slot_count(t); slot++) {
        const char *name = st_slot_name(t, slot);
        int nr = st_number_of_slot(t, slot);

        if (slot < numbers) {
            CHECK(&checks, nr == st_base(t) + (int)slot, "slot %u", slot);
            CHECK(&checks, st_slot_of_number(t, nr) == (int)slot, "%d", nr);
            CHECK(&checks, st_slot_operation(t, slot) == 0, "%u", slot);
        } else {
            CHECK(&checks, name != NULL, "sub-call %u", slot);
            CHECK(&checks, st_slot_is_carrier(t, st_slot_of_number(t, nr)),
                  "%s: carried by %d", name, nr);
            CHECK(&checks, st_slot_operation(t, slot) > 0, "%s", name);
        }
        if (!name) {
            continue;
        }
        named++;
        CHECK(&checks, st_call_of_slot(t, slot) == st_call_of_name(name),
              "%s", name);
        count = st_slots_of_name(t, name, slots);
        for (i = 0; i < count && slots[i] != slot; i++) {
            CHECK(&checks, i == 0 || slots[i - 1] < slots[i], "%s", name);
        }
        CHECK(&checks, i < count, "%s does not govern its slot %u", name,
              slot);
        check_slot_args(t, slot, name);
    }
    CHECK(&checks, named > 250, "%s: %u calls", st_target_name(t), named);
    CHECK(&checks, !st_slot_name(t, st_slot_count(t)), "past the end");
    CHECK(&checks, st_slots_of_name(t, "opeenat", slots) == 0, "unknown");
    CHECK(&checks, st_slots_of_call(t, 0, slots) == 0, "no call");
    CHECK(&checks, st_number_of_slot(t, st_slot_count(t)) == -1, "past");
}

static void check_constants(const struct st_target *t)
{
    unsigned family, i, total = 0;
    uint64_t value, found;
    const char *name;

    for (family = 1; st_family_at(family); family++) {
        const char *last = "";

        for (i = 0; (name = st_constant_at(t, family, i, &value)); i++) {
            CHECK(&checks, strcmp(last, name) < 0, "%s after %s", name, last);
            CHECK(&checks, st_constant(t, family, name, &found) == 0 &&
                  found == value, "%s of family %u", name, family);
            CHECK(&checks, st_constant(t, 0, name, &found) == 0, "%s", name);
            last = name;
        }
        total += i;
    }
    CHECK(&checks, family > 70, "%u families", family);
    CHECK(&checks, total > 1000, "%s: %u constants", st_target_name(t),
          total);
    found = 4711;
    CHECK(&checks, st_constant(t, 0, "O_RDONLYY", &found) < 0, "unknown");
    CHECK(&checks, found == 4711, "an output touched on failure");
}

static void check_errors(const struct st_target *t)
{
    int i, named = 0;

    for (i = 1; i < 1200; i++) {
        const char *name = st_errno_name(t, i);

        if (name) {
            CHECK(&checks, st_errno_by_name(t, name) == i, "%s", name);
            named++;
        }
    }
    CHECK(&checks, named > 125, "%s: %d errors", st_target_name(t), named);
    CHECK(&checks, !st_errno_name(t, 0), "0");
    CHECK(&checks, !st_errno_name(t, -1), "-1");
    CHECK(&checks, st_errno_by_name(t, "EWOULDBLOCK") ==
          st_errno_by_name(t, "EAGAIN"), "%s", st_target_name(t));
}

static void check_sets(void)
{
    const struct st_set *set;
    const char *last = "";
    unsigned i, k;

    for (i = 0; (set = st_set_at(i)); i++) {
        CHECK(&checks, set->name[0] == '@' && set->description[0], "%s",
              set->name);
        CHECK(&checks, strcmp(last, set->name) < 0, "%s", set->name);
        CHECK(&checks, st_set_by_name(set->name) == set, "%s", set->name);
        CHECK(&checks, set->count > 0, "%s", set->name);
        for (k = 0; k < set->count; k++) {
            CHECK(&checks, st_name_at(set->members[k]), "%s", set->name);
            CHECK(&checks, k == 0 || set->members[k - 1] < set->members[k],
                  "%s, %u", set->name, k);
        }
        last = set->name;
    }
    CHECK(&checks, i > 60, "%u sets", i);
    CHECK(&checks, !st_set_by_name("@nothing"), "an unknown set");
    CHECK(&checks, !st_set_by_name("basic-io"), "a set without its @");
}

/* What others call a target leads to one, and is none itself. */
static void check_other_names(void)
{
    static const char *const names[] = {
        "amd64", "arm64", "armel", "armhf", "armv6l", "armv7l", "i486", "i586",
        "i686", "loong64", "mips64le", "mipsle", "parisc", "powerpc",
        "powerpc64", "ppc64el", "x86", "x86-64",
    };

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *meant = st_target_meant(names[i]);

        CHECK(&checks, meant && st_target_by_name(meant) &&
              !st_target_by_name(names[i]), "%s", names[i]);
    }
    CHECK(&checks, strcmp(st_target_meant("arm64"), "aarch64") == 0, "arm64");
    CHECK(&checks, !st_target_meant("aarch64"), "aarch64 has no other name");
    CHECK(&checks, !st_target_meant("vax"), "an unknown target");
}

int main(void)
{
    const struct st_target *t;
    const char *last = "";
    unsigned i;

    check_names();
    check_sets();
    for (i = 0; (t = st_target_at(i)); i++) {
        CHECK(&checks, strcmp(last, st_target_name(t)) < 0, "%s",
              st_target_name(t));
        CHECK(&checks, st_target_by_name(st_target_name(t)) == t, "%s",
              st_target_name(t));
        last = st_target_name(t);
        check_slots(t);
        check_constants(t);
        check_errors(t);
    }
    CHECK(&checks, i == 33 && st_target_count() == 33, "%u targets", i);
    CHECK(&checks, !st_target_by_name("vax"), "an unknown target");
    check_other_names();
    CHECK(&checks, !st_family_at(0) && !st_family_at(255), "no family");
    CHECK(&checks, st_family_by_name("nonsense") == 0, "no family");
    CHECK(&checks, st_family_by_name("open") != 0, "open");
    return check_result(&checks);
}
