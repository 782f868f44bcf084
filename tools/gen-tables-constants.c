/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of constants, per target.
 *
 * QEMU's headers are preprocessed as for the target and their TARGET_ macros
 * kept; then one file is compiled that includes those and the kernel's headers
 * for the target's architecture and holds an array with all values. It is
 * never run: the array is copied out of the object.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gen-tables.h"

struct headers {
    struct list qemu, include, lines, stub;
};

/* --- sources/families.txt ------------------------------------------------ */

static struct constant *add_constant(struct constant_list *l, size_t family,
                                     const char *word)
{
    struct constant *c;
    size_t n;

    l->items = grow(l->items, l->count, sizeof(*l->items));
    c = &l->items[l->count++];
    memset(c, 0, sizeof(*c));
    c->family = family;
    for (;; word++) {
        if (*word == '~') {
            c->alias = true;
        } else if (*word == '+') {
            c->enumerator = true;
        } else if (*word == '%') {
            c->qemu_enumerator = true;
        } else if (*word == '&') {
            c->kernel_first = true;
        } else if (*word == '^') {
            c->kernel_only = true;
        } else {
            break;
        }
    }
    n = strcspn(word, "=");
    c->name = copy_text(word, n);
    c->lookup = c->name;
    if (word[n] && isdigit((unsigned char)word[n + 1])) {
        c->literal = true;
        c->value = strtoll(word + n + 1, NULL, 0);
    } else if (word[n]) {
        c->lookup = word + n + 1;
    }
    return c;
}

static int compare_family_names(const void *a, const void *b)
{
    return strcmp(((const struct family *)a)->name,
                  ((const struct family *)b)->name);
}

static int compare_constants(const void *a, const void *b)
{
    const struct constant *x = a, *y = b;

    return x->family != y->family ? x->family - y->family
        : strcmp(x->name, y->name);
}

static int find_family(const struct constant_list *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->family_count; i++) {
        if (strcmp(l->families[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static void add_family(struct constant_list *l, const struct source *s,
                       size_t line)
{
    struct list w = split(s->lines.items[line], " \t");
    struct family *f;

    if (w.count < 4 || strcmp(w.items[0], "family") != 0) {
        die_at(s, line, "\"family NAME MASK DESCRIPTION\" expected");
    }
    l->families = grow(l->families, l->family_count, sizeof(*l->families));
    f = &l->families[l->family_count++];
    f->name = w.items[1];
    f->choice_mask = strcmp(w.items[2], "all") == 0
        ? UINT64_MAX : strtoull(w.items[2], NULL, 0);
    f->description = strstr(s->lines.items[line], w.items[2]) +
        strlen(w.items[2]);
    f->description += strspn(f->description, " \t");
}

struct constant_list read_constants(const char *sources)
{
    struct source s = read_source(sources, "families.txt");
    struct constant_list l = { NULL, 0, NULL, 0 };
    int family = -1;
    size_t i, k;

    for (i = 0; i < s.lines.count; i++) {
        if (!s.indented[i]) {
            add_family(&l, &s, i);
        }
    }
    qsort(l.families, l.family_count, sizeof(*l.families),
          compare_family_names);
    for (i = 0; i < s.lines.count; i++) {
        struct list w = split(s.lines.items[i], " \t");

        if (!s.indented[i]) {
            family = find_family(&l, w.items[1]);
            continue;
        }
        for (k = 0; k < w.count; k++) {
            add_constant(&l, family, w.items[k]);
        }
    }
    qsort(l.items, l.count, sizeof(*l.items), compare_constants);
    for (i = 1; i < l.count; i++) {
        if (compare_constants(&l.items[i - 1], &l.items[i]) == 0) {
            die("sources/families.txt: %s twice in one family",
                l.items[i].name);
        }
    }
    return l;
}

/* --- the probe ------------------------------------------------------------ */

static struct headers read_headers(const char *sources)
{
    struct source s = read_source(sources, "headers.txt");
    struct headers h = { 0 };
    size_t i;

    for (i = 0; i < s.lines.count; i++) {
        struct list w = split(s.lines.items[i], " \t");
        struct list *to = NULL;

        if (w.count == 2) {
            to = strcmp(w.items[0], "qemu") == 0 ? &h.qemu
                : strcmp(w.items[0], "include") == 0 ? &h.include
                : strcmp(w.items[0], "lines") == 0 ? &h.lines
                : strcmp(w.items[0], "stub") == 0 ? &h.stub : NULL;
        }
        if (!to) {
            die_at(&s, i, "\"include\", \"lines\", \"qemu\" or \"stub\" and a "
                   "file expected");
        }
        list_add(to, w.items[1]);
    }
    return h;
}

static void make_directories(char *path)
{
    char *p;

    for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST) {
            die("%s: %s", path, strerror(errno));
        }
        *p = '/';
    }
}

/* Empty headers, and asm/X.h for each asm-generic/X.h: what the kernel's build
 * generates for architectures that have no asm/X.h of their own. */
static void make_stubs(const struct headers *h, const char *linux_tree,
                       const char *temporary)
{
    struct list generic = { NULL, 0 };
    size_t i;

    for (i = 0; i < h->stub.count; i++) {
        char *path = format_text("%s/stub/%s", temporary, h->stub.items[i]);

        make_directories(path);
        write_file(path, "");
    }
    list_directory(format_text("%s/include/uapi/asm-generic", linux_tree),
                   &generic);
    for (i = 0; i < generic.count; i++) {
        char *path = format_text("%s/generic/asm/%s", temporary,
                                 generic.items[i]);

        make_directories(path);
        write_file(path, format_text("#include <asm-generic/%s>\n",
                                     generic.items[i]));
    }
    /* The compiler runs on a little-endian host, whatever the target is. */
    make_directories(format_text("%s/asm/", temporary));
    write_file(format_text("%s/asm/byteorder.h", temporary),
               "#include <linux/byteorder/little_endian.h>\n");
}

/* "#define X v" lines of headers that only the kernel can include, each
 * guarded, for the constants that are wanted. */
static void print_kernel_lines(FILE *out, const struct headers *h,
                               const struct constant_list *l,
                               const char *linux_tree)
{
    size_t i, k, n;

    for (i = 0; i < h->lines.count; i++) {
        struct list lines = split(read_file(format_text("%s/%s", linux_tree,
                                                        h->lines.items[i])),
                                  "\n");

        for (k = 0; k < lines.count; k++) {
            struct list w = split(lines.items[k], " \t");

            if (w.count < 3 || strcmp(w.items[0], "#define") != 0) {
                continue;
            }
            for (n = 0; n < l->count; n++) {
                if (strcmp(l->items[n].lookup, w.items[1]) == 0) {
                    char *comment = strstr(lines.items[k], "/*");

                    if (comment) {      /* may go on in the next line */
                        *comment = '\0';
                    }
                    fprintf(out, "#ifndef %s\n%s\n#endif\n", w.items[1],
                            lines.items[k]);
                    break;
                }
            }
        }
    }
}

static void print_probe(FILE *out, const struct headers *h,
                        const struct constant_list *l,
                        const struct target *t, const char *linux_tree)
{
    bool has_headers = strcmp(t->kernel_arch, "-") != 0;
    size_t i;

    fputs("typedef int abi_int; typedef unsigned abi_uint;\n"
          "typedef long abi_long; typedef unsigned long abi_ulong;\n"
          "typedef __SIZE_TYPE__ size_t; typedef long long loff_t; "
          "typedef int pid_t; typedef long time_t;\n"
          "typedef long long abi_llong; typedef unsigned long long "
          "abi_ullong;\n#define __user\n#define __force\n"
          "#define __attribute_const__\n#define __bitwise\n", out);
    for (i = 0; i < h->include.count; i++) {
        fprintf(out, "#include <%s>\n", h->include.items[i]);
    }
    fputs("#include \"qemu-macros.h\"\n#include \"socket.h\"\n", out);
    print_kernel_lines(out, h, l, linux_tree);
    fputs("const long long st_values[][2] "
          "__attribute__((section(\".st_values\"))) = {\n", out);
    fprintf(out, "{ %s, 1 },\n", t->audit_arch);
    for (i = 0; i < l->count; i++) {
        const struct constant *c = &l->items[i];

        if (c->qemu_enumerator) {
            fprintf(out, "{ TARGET_%s, 1 },\n", c->lookup);
            continue;
        }
        if (c->literal) {
            fprintf(out, "{ %lld, 1 },\n", (long long)c->value);
            continue;
        }
        fputs("#if 0\n", out);
        if (!c->kernel_only && !(c->kernel_first && has_headers)) {
            fprintf(out, "#elif defined(TARGET_%s)\n"
                    "{ (long long)(TARGET_%s), 1 },\n", c->lookup, c->lookup);
        }
        if (c->enumerator) {
            fprintf(out, "#else\n{ (long long)(%s), 1 },\n#endif\n", c->lookup);
        } else {
            fprintf(out, "#elif defined(%s)\n{ (long long)(%s), 1 },\n"
                    "#else\n{ 0, 0 },\n#endif\n", c->lookup, c->lookup);
        }
    }
    fputs("};\n", out);
}

/* The compiler's options that make it see QEMU's headers for this target. */
static char *qemu_options(const struct target *t, const char *qemu,
                          const char *temporary)
{
    char *options = format_text("-I%s/stub -I%s/linux-user/%s "
                                "-I%s/linux-user -DHOST_BIG_ENDIAN=0",
                                temporary, qemu, t->dir, qemu);
    size_t i;

    for (i = 0; i < t->qemu_defines.count; i++) {
        options = format_text("%s -D%s", options, t->qemu_defines.items[i]);
    }
    return options;
}

/* Keeps "#define TARGET_..." only: the rest needs types we do not have. */
static void extract_qemu_macros(const struct headers *h,
                                const struct target *t, const char *qemu,
                                const char *linux_tree, const char *temporary)
{
    char *path = format_text("%s/qemu-macros.h", temporary);
    char *command = format_text("cc -E -dM -nostdinc %s "
                                "-I%s/include/uapi -I%s/generic "
                                "-x c %s/linux-user/%s",
                                qemu_options(t, qemu, temporary),
                                linux_tree, temporary, qemu,
                                h->qemu.items[0]);
    struct list lines = split(run_command(command), "\n");
    FILE *out = fopen(path, "w");
    size_t i;

    if (!out) {
        die("%s: %s", path, strerror(errno));
    }
    for (i = 0; i < lines.count; i++) {
        struct list w = split(lines.items[i], " ");

        if (w.count > 1 && strncmp(w.items[1], "TARGET_", 7) == 0 &&
            strncmp(w.items[1], "TARGET_SOCK_", 12) != 0) {
            char *name = copy_text(w.items[1], strcspn(w.items[1], "("));

            fprintf(out, "#undef %s\n%s\n", name, lines.items[i]);
        }
    }
    fclose(out);
}

static void compile_probe(const struct target *t, const char *qemu,
                          const char *linux_tree, const char *temporary)
{
    char *options = format_text("-m%d -U__x86_64__ -U__i386__ -Ulinux -Uunix",
                                t->word_bits);
    size_t i;

    for (i = 0; i < t->defines.count; i++) {
        options = format_text("%s -D%s", options, t->defines.items[i]);
    }
    if (strcmp(t->kernel_arch, "-") != 0) {
        options = format_text("%s -I%s/arch/%s/include/uapi", options,
                              linux_tree, t->kernel_arch);
    }
    run_command(format_text("cc -c -w -nostdinc -ffreestanding -I%s %s "
                            "-I%s/include/uapi -I%s/generic %s "
                            "-o %s/probe.o %s/probe.c && "
                            "objcopy -O binary -j .st_values %s/probe.o "
                            "%s/probe.bin",
                            temporary, options, linux_tree, temporary,
                            qemu_options(t, qemu, temporary), temporary,
                            temporary, temporary, temporary));
}

/*
 * A bit 31 that a header writes as a signed 32-bit constant arrives negative;
 * real negative constants (AT_FDCWD) are small.
 */
static int64_t tidy_value(int64_t value)
{
    return value < -4096 && value >= INT32_MIN ? (uint32_t)value : value;
}

static void read_values(const struct constant_list *l, struct target *t,
                        const char *temporary)
{
    char *path = format_text("%s/probe.bin", temporary);
    FILE *f = fopen(path, "r");
    int64_t pair[2];
    size_t i;

    t->values = calloc(l->count, sizeof(*t->values));
    t->present = calloc(l->count, sizeof(*t->present));
    if (!f || !t->values || !t->present || fread(pair, sizeof(pair), 1, f) < 1) {
        die("%s: %s", path, strerror(errno));
    }
    t->audit_value = pair[0];
    for (i = 0; i < l->count; i++) {
        if (fread(pair, sizeof(pair), 1, f) < 1) {
            die("%s: too short", path);
        }
        t->values[i] = tidy_value(pair[0]);
        t->present[i] = pair[1] != 0;
    }
    fclose(f);
}

/* The value that most targets have stands in the shared list. */
static void choose_common(struct constant_list *l,
                          const struct target_list *targets)
{
    size_t i, k, n;

    for (i = 0; i < l->count; i++) {
        struct constant *c = &l->items[i];
        size_t best = 0, missing = 0;

        for (k = 0; k < targets->count; k++) {
            const struct target *t = &targets->items[k];
            size_t same = 0;

            if (!t->present[i]) {
                missing++;
                continue;
            }
            for (n = 0; n < targets->count; n++) {
                same += targets->items[n].present[i] &&
                    targets->items[n].values[i] == t->values[i];
            }
            if (same > best) {
                best = same;
                c->value = t->values[i];
            }
        }
        if (missing == targets->count) {
            die("sources/families.txt: no target has %s", c->name);
        }
        c->absent = missing > best;
    }
}

void evaluate_constants(struct constant_list *l, struct target_list *targets,
                        const char *sources, const char *qemu,
                        const char *linux_tree, const char *temporary)
{
    struct headers h = read_headers(sources);
    char *path = format_text("%s/probe.c", temporary);
    size_t i;

    make_stubs(&h, linux_tree, temporary);
    for (i = 0; i < targets->count; i++) {
        struct target *t = &targets->items[i];
        FILE *out = fopen(path, "w");

        if (!out) {
            die("%s: %s", path, strerror(errno));
        }
        print_probe(out, &h, l, t, linux_tree);
        if (fclose(out) != 0) {
            die("%s: %s", path, strerror(errno));
        }
        extract_qemu_macros(&h, t, qemu, linux_tree, temporary);
        compile_probe(t, qemu, linux_tree, temporary);
        read_values(l, t, temporary);
    }
    choose_common(l, targets);
}
