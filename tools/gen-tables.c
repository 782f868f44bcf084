/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gen-tables: writes syscall-tables/generated/. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen-tables.h"

#define EXIT_STALE 1        /* --check: the tables differ from their inputs */
#define EXIT_SKIP 77        /* --check: made from other inputs, not comparable */

static const char help[] =
"Usage: gen-tables --qemu DIR --linux DIR [OPTION...]\n"
"\n"
"Writes syscall-tables/generated/ from QEMU's tree, the kernel's headers,\n"
"systemd's sets and the hand-kept files in syscall-tables/sources/.\n"
"\n"
"  --qemu DIR       an unpacked QEMU source tree\n"
"  --linux DIR      an unpacked Debian linux-headers-*-common: its root, or the\n"
"                   directory in it that holds include/ and arch/\n"
"  --root DIR       this project (default: found from the tool's own place)\n"
"  --output DIR     write there instead of syscall-tables/generated/\n"
"  --temporary DIR  an empty directory for intermediate files\n"
"  --check          write nothing; compare. Exit status 0: fresh; 1: stale;\n"
"                   77: made from other versions of the inputs, and different\n"
"  --unknown        also list the calls whose prototype is not known\n"
"  --help           this text\n"
"\n"
"To add a target\n"
"  1. Add its line to sources/targets.txt (what the columns mean stands there)\n"
"     and its name to the list in syscall-tables/meson.build. Numbers, byte\n"
"     order and word size come from QEMU's tree.\n"
"  2. Run this tool. Entry points that it reports as having no prototype\n"
"     (--unknown) go in sources/entries.txt, or, when the kernel's\n"
"     include/linux/syscalls.h lacks them, in sources/prototypes.txt.\n"
"  3. New spellings of a call go in sources/spellings.txt.\n"
"  4. Give st_target_for_elf its machine (syscall-tables/elf.c), and run the\n"
"     tests of the suite \"tables\".\n"
"\n"
"To move to another QEMU or kernel: run the tool with the new trees and read\n"
"the differences it makes; each generated file names the versions.\n";

static char *first_line(const char *path)
{
    char *text = read_file(path);

    return copy_text(text, strcspn(text, "\n"));
}

static char *make_value(const char *makefile, const char *key)
{
    char *at = strstr(makefile, format_text("\n%s = ", key));

    if (!at) {
        die("the kernel's Makefile has no %s", key);
    }
    at += strlen(key) + 4;
    return copy_text(at, strcspn(at, "\n"));
}

/* "QEMU 10.0.13, Linux 6.12.107, systemd 252.39": what the headers of the
 * generated files say. */
static char *input_versions(const char *qemu, const char *linux_tree)
{
    char *makefile = read_file(format_text("%s/Makefile", linux_tree));
    struct list words = split(run_command("systemd-analyze --version"), " \n");

    if (words.count < 2) {
        die("systemd-analyze --version printed nothing");
    }
    return format_text("QEMU %s, Linux %s.%s.%s, systemd %s",
                       first_line(format_text("%s/VERSION", qemu)),
                       make_value(makefile, "VERSION"),
                       make_value(makefile, "PATCHLEVEL"),
                       make_value(makefile, "SUBLEVEL"), words.items[1]);
}

static struct tables make_tables(const char *qemu, const char *linux_tree,
                                 const char *sources, const char *temporary,
                                 bool list_unknown)
{
    struct tables t = { .inputs = input_versions(qemu, linux_tree) };
    struct list unknown;
    size_t i;

    t.targets = read_targets(qemu, sources);
    t.prototypes = read_prototypes(linux_tree, sources);
    annotate_prototypes(&t.prototypes, sources);
    unknown = assign_prototypes(&t.targets, &t.prototypes, sources);
    for (i = 0; list_unknown && i < unknown.count; i++) {
        printf("no prototype: %s\n", unknown.items[i]);
    }
    t.constants = read_constants(sources);
    evaluate_constants(&t.constants, &t.targets, sources, qemu, linux_tree,
                       temporary);
    t.names = collect_names(&t.targets, sources);
    t.sets = read_sets(run_command("LC_ALL=C systemd-analyze syscall-filter "
                                   "2>/dev/null"), sources, &t.names);
    return t;
}

/* The inputs that an existing file names, for --check. */
static char *named_inputs(const char *file)
{
    char *text = read_file(file), *at = strstr(text, "Inputs: ");

    if (!at) {
        return "unknown inputs";
    }
    at += strlen("Inputs: ");
    return copy_text(at, strcspn(at, "*") - 1);
}

/* What follows the header comment, which names the inputs. */
static const char *body(const char *text)
{
    const char *end = strstr(text, " */\n/* ");

    end = end ? strstr(end + 6, " */\n") : NULL;
    return end ? end : text;
}

static int compare_directories(const char *fresh, const char *kept,
                               const char *inputs)
{
    char *kept_inputs;
    struct list a = { NULL, 0 }, b = { NULL, 0 };
    int differences = 0;
    size_t i;

    list_directory(fresh, &a);
    list_directory(kept, &b);
    for (i = 0; i < b.count; i++) {
        if (list_find(&a, b.items[i]) < 0) {
            printf("%s: not generated any more\n", b.items[i]);
            differences++;
        }
    }
    for (i = 0; i < a.count; i++) {
        char *path = format_text("%s/%s", kept, a.items[i]);

        if (!file_exists(path) ||
            strcmp(body(read_file(path)),
                   body(read_file(format_text("%s/%s", fresh,
                                              a.items[i])))) != 0) {
            printf("%s: differs from what its inputs give\n", a.items[i]);
            differences++;
        }
    }
    if (!differences) {
        printf("fresh: %zu files, %s\n", a.count, inputs);
        return 0;
    }
    kept_inputs = named_inputs(format_text("%s/names.inc", kept));
    if (strcmp(kept_inputs, inputs) != 0) {
        printf("skipped: the tables are of %s; at hand are %s\n", kept_inputs,
               inputs);
        return EXIT_SKIP;
    }
    return EXIT_STALE;
}

/* The directory itself, or where an unpacked Debian package has it. */
static const char *find_linux(const char *dir)
{
    char *parent = format_text("%s/usr/src", dir);
    struct list names = { NULL, 0 };
    size_t i;

    if (file_exists(format_text("%s/include/linux/syscalls.h", dir))) {
        return dir;
    }
    if (file_exists(parent)) {
        list_directory(parent, &names);
    }
    for (i = names.count; i > 0; i--) {
        char *found = format_text("%s/%s", parent, names.items[i - 1]);

        if (file_exists(format_text("%s/include/linux/syscalls.h",
                                    found))) {
            return found;
        }
    }
    die("%s: no include/linux/syscalls.h there", dir);
}

struct options {
    const char *qemu, *linux_tree, *root, *output, *temporary;
    bool check, unknown;
};

static struct options read_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "qemu", required_argument, NULL, 'q' },
        { "linux", required_argument, NULL, 'l' },
        { "root", required_argument, NULL, 'r' },
        { "output", required_argument, NULL, 'o' },
        { "temporary", required_argument, NULL, 't' },
        { "check", no_argument, NULL, 'c' },
        { "unknown", no_argument, NULL, 'u' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct options o = { .root = "." };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'q':
            o.qemu = optarg;
            break;
        case 'l':
            o.linux_tree = find_linux(optarg);
            break;
        case 'r':
            o.root = optarg;
            break;
        case 'o':
            o.output = optarg;
            break;
        case 't':
            o.temporary = optarg;
            break;
        case 'c':
            o.check = true;
            break;
        case 'u':
            o.unknown = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind < argc || !o.qemu || !o.linux_tree || !o.temporary) {
        die("--qemu DIR, --linux DIR and --temporary DIR are needed; see "
            "--help");
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    const char *fresh;
    const char *sources = format_text("%s/syscall-tables/sources", o.root);
    const char *kept = format_text("%s/syscall-tables/generated", o.root);
    struct tables t;
    int status = 0;

    fresh = format_text("%s/generated", o.temporary);
    run_command(format_text("mkdir %s", fresh));
    t = make_tables(o.qemu, o.linux_tree, sources, o.temporary, o.unknown);
    if (o.check) {
        write_tables(&t, fresh);
        status = compare_directories(fresh, kept, t.inputs);
    } else {
        write_tables(&t, o.output ? o.output : kept);
    }
    return status;
}
