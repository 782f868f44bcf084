/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen-tables: from QEMU's tree, the kernel's headers, systemd's sets and
 * syscall-tables/sources/ to syscall-tables/generated/. This header is what its
 * files share.
 *
 * The generator is a short-lived program: what it allocates lives until it
 * exits, and whatever is wrong with its input ends it with a message.
 */
#ifndef GEN_TABLES_H
#define GEN_TABLES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- text (gen-tables-text.c) ------------------------------------------ */

struct list {               /* of strings; grows */
    char **items;
    size_t count;
};

void die(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void *grow(void *array, size_t count, size_t size);
char *copy_text(const char *from, size_t length);
char *format_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
char *read_file(const char *path);          /* dies when it cannot */
bool file_exists(const char *path);
void write_file(const char *path, const char *text);
char *run_command(const char *command);     /* its output; dies on failure */

void list_add(struct list *l, const char *text);
void list_sort(struct list *l);             /* strcmp order, no duplicates */
int list_find(const struct list *l, const char *text);  /* sorted; -1 */
struct list split(const char *text, const char *separators);
bool comma_list_has(const char *commas, const char *word);
void list_directory(const char *path, struct list *ret);

/* The lines of a file of sources/: comments and empty lines taken out. */
struct source {
    const char *path;
    struct list lines;
    int *numbers;           /* line number of each */
    bool *indented;
};
struct source read_source(const char *dir, const char *name);
void die_at(const struct source *s, size_t line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* --- targets and their numbers (gen-tables-targets.c) ------------------- */

struct call {
    int number;             /* counted from the target's base */
    const char *name;
    const char *entry;      /* entry point in the table, "" if none */
    const char *prototype;  /* "none" if not known */
    bool carrier_is_ipc;    /* of a sub-call; its entry is the version */
};

struct target {
    const char *name;
    const char *dir;        /* below linux-user/ */
    const char *table;      /* "syscall.tbl" */
    const char *abis;       /* those of its lines that hold: "common,32" */
    const char *audit_arch, *kernel_arch, *pairs;
    struct list defines;    /* for the kernel's headers */
    struct list qemu_defines;   /* TARGET_MIPS ... */
    int base, word_bits;
    bool big_endian;
    struct call *calls;     /* by number */
    size_t call_count;
    int number_count;
    int socketcall, ipc;    /* numbers, -1: none */
    struct call *subcalls;  /* number: the operation */
    size_t subcall_count;
    int64_t *values;        /* one per constant, see struct constant */
    bool *present;
    uint32_t audit_value;
};

struct target_list {
    struct target *items;
    size_t count;
};

struct target_list read_targets(const char *qemu, const char *sources);

/* --- prototypes (gen-tables-prototypes.c) ------------------------------- */

struct argument {
    const char *name, *type, *cls, *kind, *family;
    int reg;                /* -1: the next in turn */
};

struct prototype {
    const char *name;
    struct argument args[6];
    int count;
    bool used;
};

struct prototype_list {
    struct prototype *items;    /* sorted by name */
    size_t count;
};

struct prototype_list read_prototypes(const char *linux_tree,
                                      const char *sources);
void annotate_prototypes(struct prototype_list *l, const char *sources);
struct prototype *find_prototype(const struct prototype_list *l,
                                 const char *name);
/* Gives every call of every target its prototype; returns the calls without
 * one, "target:name entry". */
struct list assign_prototypes(struct target_list *targets,
                              struct prototype_list *l, const char *sources);

/* --- constants (gen-tables-constants.c) --------------------------------- */

struct family {
    const char *name, *description;
    uint64_t choice_mask;
};

struct constant {
    int family;             /* index of struct family */
    const char *name;
    const char *lookup;     /* the name whose value it has */
    bool alias, enumerator, qemu_enumerator, literal;
    bool kernel_only, kernel_first;
    int64_t value;          /* of most targets (gen-tables chooses) */
    bool absent;            /* of most targets */
};

struct constant_list {
    struct family *families;
    size_t family_count;
    struct constant *items; /* sorted by family name, then name */
    size_t count;
};

struct constant_list read_constants(const char *sources);
void evaluate_constants(struct constant_list *l, struct target_list *targets,
                        const char *sources, const char *qemu,
                        const char *linux_tree, const char *temporary);

/* --- names and sets (gen-tables-sets.c) --------------------------------- */

struct names {
    struct list all;        /* every name of every target, sorted */
    const char **canonical; /* one per name */
};

struct set {
    const char *name, *description;
    struct list members;    /* sorted, nested sets unfolded */
};

struct set_list {
    struct set *items;      /* sorted by name */
    size_t count;
};

struct names collect_names(const struct target_list *targets,
                           const char *sources);
struct set_list read_sets(const char *systemd_output, const char *sources,
                          const struct names *names);

/* --- output (gen-tables-write.c) ---------------------------------------- */

struct tables {
    struct target_list targets;
    struct prototype_list prototypes;
    struct constant_list constants;
    struct names names;
    struct set_list sets;
    const char *inputs;     /* "QEMU 10.0.13, Linux 6.12.107, systemd 252.39" */
};

void write_tables(const struct tables *t, const char *directory);

#endif
