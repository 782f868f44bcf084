/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy list: what a policy can name. */
#include "policy-tool.h"

#include <dirent.h>
#include <elf.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ruleengine/find.h>

static const char help[] =
"usage: qemu-policy list targets\n"
"       qemu-policy list syscalls [--target TARGET]\n"
"       qemu-policy list sets [@SET]\n"
"       qemu-policy list constants [--target TARGET [FAMILY]]\n"
"       qemu-policy list policies\n"
"       qemu-policy list binfmt [INTERPRETER]\n"
"\n"
"targets    all targets, with word size and byte order\n"
"syscalls   all names; of one target: number, name and arguments\n"
"sets       all sets; of one set: its members\n"
"constants  all families; of one target: the constants with their values\n"
"policies   the policies that have names here, with their files\n"
"binfmt     lines for /etc/binfmt.d: the kernel starts programs of all targets\n"
"           but this machine's own with INTERPRETER; left out: qemu-user-binfmt\n"
"           beside this program, else in /usr/bin\n";

static int list_targets(void)
{
    const struct st_target *t;

    for (unsigned i = 0; (t = st_target_at(i)); i++) {
        unsigned calls = 0;

        for (unsigned slot = 0; slot < st_number_count(t); slot++) {
            calls += st_slot_name(t, slot) != NULL;
        }
        printf("%-14s%u bits  %-6s endian  %u syscalls\n", st_target_name(t),
               st_word_bits(t), st_big_endian(t) ? "big" : "little", calls);
    }
    return POLICY_FINE;
}

/* "56  openat(dfd, filename, flags, mode)"; sub-calls name their carrier. */
static void print_syscall(const struct st_target *t, unsigned slot)
{
    unsigned operation = st_slot_operation(t, slot);
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(t, slot, args);

    printf("%4d  %s(", st_number_of_slot(t, slot), st_slot_name(t, slot));
    if (count < 0) {
        printf("arg0 .. arg5");
    }
    for (int i = 0; i < count; i++) {
        printf("%s%s", i ? ", " : "", args[i].name);
    }
    putchar(')');
    if (operation) {
        int carrier = st_slot_of_number(t, st_number_of_slot(t, slot));
        const char *name = carrier < 0 ? NULL : st_slot_name(t, carrier);

        printf("  %s %u", name ? name : "operation", operation);
    }
    putchar('\n');
}

static int list_syscalls(const struct st_target *t)
{
    const char *name;

    for (unsigned i = 0; !t && (name = st_name_at(i)); i++) {
        puts(name);
    }
    for (unsigned slot = 0; t && slot < st_slot_count(t); slot++) {
        if (st_slot_name(t, slot)) {
            print_syscall(t, slot);
        }
    }
    return POLICY_FINE;
}

static int list_sets(const char *name)
{
    const struct st_set *set;

    if (!name) {
        for (unsigned i = 0; (set = st_set_at(i)); i++) {
            printf("%-18s%s\n", set->name, set->description);
        }
        return POLICY_FINE;
    }
    set = st_set_by_name(name);
    if (!set) {
        return policy_unknown(&policy_list, "set", name, policy_set_at, NULL);
    }
    for (unsigned i = 0; i < set->count; i++) {
        puts(st_name_at(set->members[i]));
    }
    return POLICY_FINE;
}

static void print_family(const struct st_target *t, st_family_t family)
{
    const char *name;
    uint64_t value;

    printf("%s\n", st_family_at(family)->name);
    for (unsigned i = 0; (name = st_constant_at(t, family, i, &value)); i++) {
        printf("    %-28s0x%" PRIx64 "\n", name, value);
    }
}

static const char *family_at(void *unused, unsigned i)
{
    const struct st_family *family = st_family_at(i + 1);

    (void)unused;
    return family ? family->name : NULL;
}

static int list_constants(const struct st_target *t, const char *name)
{
    st_family_t wanted = name ? st_family_by_name(name) : 0;
    unsigned i;

    if (name && !wanted) {
        return policy_unknown(&policy_list, "family", name, family_at, NULL);
    }
    for (i = 1; i <= UINT8_MAX && st_family_at(i); i++) {
        if (!t) {
            puts(st_family_at(i)->name);
        } else if (!wanted || wanted == i) {
            print_family(t, i);
        }
    }
    return POLICY_FINE;
}

/* Whether programs of the target run on this machine without an emulator. */
static bool is_native(const char *target)
{
    static const struct { const char *machine, *also; } narrower[] = {
        { "x86_64", "i386" }, { "aarch64", "arm" }, { "ppc64", "ppc" },
        { "sparc64", "sparc" }, { "mips64", "mips" }, { "riscv64", "riscv32" },
        { "armv7l", "arm" }, { "armv8l", "arm" }, { "i686", "i386" },
    };
    struct utsname host;

    if (uname(&host) != 0) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(narrower) / sizeof(narrower[0]); i++) {
        if (strcmp(narrower[i].machine, host.machine) == 0 &&
            strcmp(narrower[i].also, target) == 0) {
            return true;
        }
    }
    return strcmp(target, host.machine) == 0;
}

static void put_escaped(const unsigned char *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        printf("\\x%02x", bytes[i]);
    }
}

/* ":name:M:offset:magic:mask:interpreter:flags". Of the first 20 bytes of an
 * ELF file those are compared that tell a target; type is 2 or 3. P: the
 * launcher learns argv[0]; F: it is found from within other roots too. */
static void print_binfmt(const struct st_target *t, uint8_t elf_class,
                         uint8_t data, uint16_t machine,
                         const char *interpreter)
{
    bool little = data == ELFDATA2LSB;
    unsigned char magic[20] = { 0x7f, 'E', 'L', 'F', elf_class, data, 1 };
    unsigned char mask[20] = { 255, 255, 255, 255, 255, 255, 255 };

    magic[little ? 16 : 17] = 2;
    mask[little ? 16 : 17] = 0xfe;
    mask[little ? 17 : 16] = mask[18] = mask[19] = 255;
    magic[18] = little ? machine : machine >> 8;
    magic[19] = little ? machine >> 8 : machine;
    printf(":qemu-policy-%s-%u:M:0:", st_target_name(t), machine);
    put_escaped(magic, sizeof(magic));
    putchar(':');
    put_escaped(mask, sizeof(mask));
    printf(":%s:PF\n", interpreter);
}

static int is_policy(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && dot > entry->d_name && strcmp(dot, ".ini") == 0;
}

/* Those of a folder that no other folder has before it. */
static void list_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_policy, alphasort);

    for (int i = 0; i < count; i++) {
        char *name = entries[i]->d_name, *found = NULL;
        char path[PATH_MAX + NAME_MAX + 2];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        *strrchr(name, '.') = '\0';
        if (re_policy_is_name(name) && re_policy_find(name, &found) == 0 &&
            strcmp(path, found) == 0) {
            printf("%-15s %s\n", name, path);
        }
        free(found);
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

static int list_policies(void)
{
    char folder[PATH_MAX];

    for (unsigned i = 0; re_policy_folder(i, folder, sizeof(folder)); i++) {
        list_folder(folder);
    }
    return POLICY_FINE;
}

/* The launcher that was installed with this program. */
static const char *own_launcher(char *buf, size_t size)
{
    static const char name[] = "/qemu-user-binfmt";
    ssize_t len = readlink("/proc/self/exe", buf, size - sizeof(name));

    while (len > 0 && buf[len - 1] != '/') {
        len--;
    }
    if (len > 0) {
        strcpy(buf + len - 1, name);
    }
    return len > 0 && access(buf, X_OK) == 0 ? buf :
        "/usr/bin/qemu-user-binfmt";
}

static int list_binfmt(const char *interpreter)
{
    char buf[PATH_MAX];

    if (!interpreter) {
        interpreter = own_launcher(buf, sizeof(buf));
    }
    puts("# Made by \"qemu-policy list binfmt\".");
    for (uint32_t machine = 0; machine <= UINT16_MAX; machine++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            uint8_t elf_class = kind & 1 ? ELFCLASS64 : ELFCLASS32;
            uint8_t data = kind & 2 ? ELFDATA2MSB : ELFDATA2LSB;
            const struct st_target *t =
                st_target_for_elf(elf_class, data, machine, 0, NULL);

            if (t && !is_native(st_target_name(t))) {
                print_binfmt(t, elf_class, data, machine, interpreter);
            }
        }
    }
    return POLICY_FINE;
}

static const char *list_at(void *unused, unsigned i)
{
    static const char *const lists[] = {
        "targets", "syscalls", "sets", "constants", "policies", "binfmt", NULL,
    };

    (void)unused;
    return lists[i];
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "target", required_argument, NULL, 't' },
        { NULL },
    };
    const struct st_target *target = NULL;
    const char *what, *which;
    int c;

    while ((c = getopt_long(argc, argv, "t:", options, NULL)) >= 0) {
        if (c != 't') {
            return policy_bad_option(&policy_list, argv);
        }
        target = policy_target(&policy_list, optarg);
        if (!target) {
            return POLICY_USAGE;
        }
    }
    what = optind < argc ? argv[optind++] : NULL;
    which = optind < argc ? argv[optind++] : NULL;
    if (!what) {
        return policy_usage(&policy_list, "of what?");
    }
    if (optind < argc) {
        return policy_usage(&policy_list, "too many arguments");
    }
    if (strcmp(what, "sets") == 0) {
        return list_sets(which);
    }
    if (strcmp(what, "binfmt") == 0) {
        return list_binfmt(which);
    }
    if (strcmp(what, "constants") == 0) {
        return which && !target ?
            policy_usage(&policy_list, "values differ: name a --target") :
            list_constants(target, which);
    }
    if (which) {
        return policy_usage(&policy_list, "too many arguments");
    }
    if (strcmp(what, "targets") == 0) {
        return list_targets();
    }
    if (strcmp(what, "policies") == 0) {
        return list_policies();
    }
    if (strcmp(what, "syscalls") == 0) {
        return list_syscalls(target);
    }
    return policy_unknown(&policy_list, "list", what, list_at, NULL);
}

const struct policy_command policy_list = {
    .name = "list",
    .summary = "targets, syscalls, sets and constants that a policy can name",
    .help = help,
    .run = run,
};
