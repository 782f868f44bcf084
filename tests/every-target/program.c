/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a program for any target, as an ELF file of straight machine code:
 *
 *     program [-t TEXT] TARGET FILE CALL...
 *
 * Each CALL is one argument: a system call's name as the target spells it,
 * and up to three values: numbers, `text` (the address of TEXT), `length`
 * (its bytes), or, as the first, `result` (what the call before has given).
 *
 *     program -t hello alpha hello 'write 1 text length' 'exit_group result'
 *
 *     program -l                lists the targets: name, bits, byte order
 *     program -n TARGET CALL    prints the number of a call
 *     program -e TARGET ERROR   prints the target's number of an error, and the
 *                               exit status that `exit_group result` makes of a
 *                               call that failed with it
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <syscall-tables.h>

#include "machines.h"

#define LOADED_AT       0x20000u    /* a multiple of every target's page */
#define MAX_WORDS       (2 + MACHINE_ARGS)

static int fail(const char *what, const char *which)
{
    fprintf(stderr, "program: %s: %s\n", which, what);
    return EXIT_FAILURE;
}

struct program {
    const struct machine *machine;
    const struct st_target *target;
    struct code code;
    const char *text;
    uint32_t text_at;       /* guest address */
};

/* --- calls ---------------------------------------------------------------- */

/* The number of a call in this very spelling; -1: none of its own */
static int call_number(const struct st_target *t, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned i, n = st_slots_of_name(t, name, slots);

    for (i = 0; i < n; i++) {
        if (slots[i] < st_number_count(t) &&
            strcmp(st_slot_name(t, slots[i]), name) == 0) {
            return st_number_of_slot(t, slots[i]);
        }
    }
    return -1;
}

/* A value in words; false: neither a number that can be loaded nor a name */
static bool value_of(const struct program *p, const char *word,
                     uint32_t *ret_value)
{
    char *end;
    unsigned long n;

    if (strcmp(word, "text") == 0) {
        *ret_value = p->text_at;
        return true;
    }
    if (strcmp(word, "length") == 0) {
        *ret_value = strlen(p->text);
        return true;
    }
    n = strtoul(word, &end, 0);
    if (end == word || *end || n >= MACHINE_LIMIT) {
        return false;
    }
    *ret_value = n;
    return true;
}

static bool add_call(struct program *p, const char *call)
{
    const struct machine *m = p->machine;
    char words[128], *word[MAX_WORDS], *rest = NULL;
    unsigned i, n = 0;
    uint32_t value;
    int number;

    if (strlen(call) >= sizeof(words)) {
        return false;
    }
    strcpy(words, call);
    for (word[0] = strtok_r(words, " ", &rest); word[n];
         word[n] = strtok_r(NULL, " ", &rest)) {
        if (++n == MAX_WORDS) {
            return false;
        }
    }
    number = n ? call_number(p->target, word[0]) : -1;
    if (number < 0) {
        return false;
    }
    /* The result first: loading may need its register. */
    for (i = 1; i < n; i++) {
        if (i == 1 && strcmp(word[i], "result") == 0) {
            if (m->args[0] != m->result) {
                m->move(&p->code, m->args[0], m->result);
            }
        } else if (value_of(p, word[i], &value)) {
            m->load(&p->code, m->args[i - 1], value);
        } else {
            return false;
        }
    }
    m->load(&p->code, m->number, number);
    m->call(&p->code, number);
    return true;
}

/* --- the file ------------------------------------------------------------- */

/* The members of an ELF header one by one, for they are written in the
 * target's byte order and word size. */
static void add_header(struct code *c, const struct program *p, size_t size)
{
    bool wide = st_word_bits(p->target) == 64;
    bool big = st_big_endian(p->target);
    unsigned word = wide ? 8 : 4;
    unsigned header = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    unsigned segment = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint32_t start = header + segment;
    uint8_t ident[EI_NIDENT] = {
        ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, wide ? ELFCLASS64 : ELFCLASS32,
        big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT,
    };

    memcpy(c->bytes, ident, sizeof(ident));
    c->length = sizeof(ident);
    code_number(c, big, ET_EXEC, 2);
    code_number(c, big, p->machine->elf_machine, 2);
    code_number(c, big, EV_CURRENT, 4);
    code_number(c, big, LOADED_AT + start, word);       /* e_entry */
    code_number(c, big, header, word);                  /* e_phoff */
    code_number(c, big, 0, word);                       /* e_shoff */
    code_number(c, big, p->machine->elf_flags, 4);
    code_number(c, big, header, 2);
    code_number(c, big, segment, 2);
    code_number(c, big, 1, 2);                          /* e_phnum */
    code_number(c, big, 0, 2);
    code_number(c, big, 0, 2);
    code_number(c, big, 0, 2);

    code_number(c, big, PT_LOAD, 4);
    if (wide) {
        code_number(c, big, PF_R | PF_W | PF_X, 4);
    }
    code_number(c, big, 0, word);                       /* p_offset */
    code_number(c, big, LOADED_AT, word);
    code_number(c, big, LOADED_AT, word);
    code_number(c, big, start + size, word);            /* p_filesz */
    code_number(c, big, start + size, word);            /* p_memsz */
    if (!wide) {
        code_number(c, big, PF_R | PF_W | PF_X, 4);
    }
    code_number(c, big, 0x10000, word);                 /* p_align */
}

static int write_file(const char *path, const struct code *header,
                      const struct program *p)
{
    FILE *f = fopen(path, "wb");

    if (!f) {
        return fail(strerror(errno), path);
    }
    fwrite(header->bytes, header->length, 1, f);
    fwrite(p->code.bytes, p->code.length, 1, f);
    fwrite(p->text, strlen(p->text) + 1, 1, f);
    if (ferror(f) | fclose(f)) {
        return fail("cannot be written", path);
    }
    return chmod(path, 0755) ? fail(strerror(errno), path) : EXIT_SUCCESS;
}

static int make(struct program *p, const char *path, char **calls)
{
    struct code header = { 0 };
    unsigned pass;
    char **call;

    /* The length of the code does not depend on where the text is. */
    for (pass = 0; pass < 2; pass++) {
        p->text_at = LOADED_AT + header.length + p->code.length;
        p->code.length = 0;
        p->code.big = st_big_endian(p->target) && !p->machine->little_code;
        for (call = calls; *call; call++) {
            if (!add_call(p, *call)) {
                return fail("not a call that can be made", *call);
            }
        }
        add_header(&header, p, p->code.length + strlen(p->text) + 1);
    }
    return write_file(path, &header, p);
}

/* --- questions ------------------------------------------------------------ */

static int list(void)
{
    const struct machine *m;
    const struct st_target *t;
    unsigned i;

    for (i = 0; (m = machine_at(i)); i++) {
        t = st_target_by_name(m->target);
        if (!t) {
            return fail("unknown to the tables", m->target);
        }
        printf("%s %u %s\n", m->target, st_word_bits(t),
               st_big_endian(t) ? "big" : "little");
    }
    return EXIT_SUCCESS;
}

/* These return an error as a positive number, beside a flag. */
static bool errors_are_positive(const char *target)
{
    return strncmp(target, "mips", 4) == 0 || strncmp(target, "ppc", 3) == 0 ||
           strncmp(target, "sparc", 5) == 0 || strcmp(target, "alpha") == 0;
}

static int error_number(const struct st_target *t, const char *name)
{
    int number = st_errno_by_name(t, name);

    if (number < 0) {
        return fail("no such error", name);
    }
    printf("%d %d\n", number,
           (errors_are_positive(st_target_name(t)) ? number : -number) & 0xff);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct program p = { .text = "" };
    int option, question = 0;

    while ((option = getopt(argc, argv, "elnt:")) != -1) {
        switch (option) {
        case 'e':
        case 'n':
            question = option;
            break;
        case 'l':
            return list();
        case 't':
            p.text = optarg;
            break;
        default:
            return EXIT_FAILURE;
        }
    }
    if (question ? argc - optind != 2 : argc - optind < 3) {
        return fail("the command line is wrong", "usage");
    }
    p.target = st_target_by_name(argv[optind]);
    p.machine = machine_by_target(argv[optind]);
    if (!p.target || !p.machine) {
        return fail("no such target", argv[optind]);
    }
    switch (question) {
    case 'e':
        return error_number(p.target, argv[optind + 1]);
    case 'n':
        printf("%d\n", call_number(p.target, argv[optind + 1]));
        return EXIT_SUCCESS;
    default:
        return make(&p, argv[optind + 1], argv + optind + 2);
    }
}
