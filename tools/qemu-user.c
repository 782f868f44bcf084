/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-user: runs a program of another processor with the emulator that fits,
 * under the policies that its options name.
 *
 *     qemu-user [option ...] program [argument ...]
 *
 * becomes
 *
 *     qemu-<target> [option ...] [-0 name] program [argument ...]
 *
 * By the name qemu-user-binfmt it is what the kernel's binfmt_misc starts for
 * programs of other processors: without options, under the policy "binfmt".
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "diag-add.h"
#include "program.h"
#include "qemu-options.h"

/* The guest's command line while scripts put their interpreters before it. */
struct guest {
    char **argv;            /* NULL-terminated; argv[0] is opened */
    size_t argc;
    const char *argv0;      /* what the guest gets to see as argv[0], when it
                               is not the path that is opened; or NULL */
    const char *loader;     /* that the program names; "": it needs none */
};

__attribute__((format(printf, 2, 3), noreturn))
static void die(int code, const char *format, ...)
{
    va_list ap;

    fputs("qemu-user: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(code);
}

static void *need(void *memory)
{
    if (!memory) {
        die(EXIT_NOT_EXECUTABLE, "%s", strerror(ENOMEM));
    }
    return memory;
}

static void print_help(void)
{
    puts(
"usage: qemu-user [option ...] program [argument ...]\n"
"\n"
"Runs a program that was built for another processor. The program's ELF header\n"
"tells which emulator, qemu-<target>, is started; a script is run by the\n"
"interpreter behind its \"#!\", looked for below ROOT first. A program without a\n"
"slash in its name is looked up in PATH.\n"
"\n"
"  --policy FILE       the policy for its system calls; several are layers, of\n"
"                      which the strictest answer counts  (also QEMU_POLICY).\n"
"                      A NAME without a dot or a slash is NAME.ini in\n"
"                      /etc/qemu-policy, or else an installed one\n"
"  --rules DIR         a directory of Lua rules           (also QEMU_RULES)\n"
"  --rules-reload      rules are read again when they change\n"
"                                                         (also QEMU_RULES_RELOAD)\n"
"  --policy-log WHERE  where refused calls are recorded: FILE (JSON lines), - (standard\n"
"                      error, readable; so without it), fd:N, syslog:, journal:,\n"
"                      text: or kernel: and a file; up to four times\n"
"                                                         (also QEMU_POLICY_LOG)\n"
"  --policy-stats FILE all calls are counted and timed, for \"qemu-policy stats\"\n"
"                                                         (also QEMU_POLICY_STATS)\n"
"  --policy-learn FILE everything that the program does is written down, each thing\n"
"                      once, for \"qemu-policy learn\" to make a policy of\n"
"                                                         (also QEMU_POLICY_LEARN)\n"
"  -L ROOT             the folder that holds the program's libraries\n"
"  -strace             show all system calls, and what the policy made of them\n"
"  -0 NAME             the program's argv[0]\n"
"  -E VAR=VALUE        set an environment variable for the program\n"
"  -U VAR              unset one\n"
"  -h, --help          this text\n"
"  --version           the version of qemu-user\n"
"\n"
"All other options are the emulator's, with one dash or two: see\n"
"qemu-<target> -help. A value may stand behind \"=\": --policy=FILE.\n"
"\n"
"Exit status: the program's own, or 2 (wrong usage or a wrong policy),\n"
"126 (the program cannot be run), 127 (the program or its emulator is missing).");
}

/* --- the program ------------------------------------------------------- */

/* Puts count arguments in front of the guest's command line, in the place of
 * its first one. */
static void replace_first(struct guest *g, char *const *words, size_t count)
{
    char **argv = need(calloc(g->argc + count + 1, sizeof(*argv)));

    memcpy(argv, words, count * sizeof(*argv));
    memcpy(argv + count, g->argv + 1, g->argc * sizeof(*argv));
    g->argv = argv;
    g->argc += count - 1;
}

/* Where a script's interpreter is: as the guest names it, below ROOT, else on
 * the host. */
static char *find_interpreter(const char *name, const char *root)
{
    char *below;

    if (root && name[0] == '/') {
        if (asprintf(&below, "%s%s", root, name) < 0) {
            die(EXIT_NOT_EXECUTABLE, "%s", strerror(ENOMEM));
        }
        if (program_access(below) == 0) {
            return below;
        }
        free(below);
    }
    return need(strdup(name));
}

static void put_interpreter(struct guest *g, const struct program *p,
                            const char *root)
{
    char *words[3];
    size_t count = 0;

    words[count++] = find_interpreter(p->interpreter, root);
    if (*p->argument) {
        words[count++] = need(strdup(p->argument));
    }
    words[count++] = g->argv[0];
    replace_first(g, words, count);
    g->argv0 = strcmp(words[0], p->interpreter) == 0 ? NULL :
        need(strdup(p->interpreter));
}

/* Follows scripts to the program that is emulated in the end. */
static const struct st_target *resolve(struct guest *g, const char *root)
{
    const char *script = NULL;
    struct program p;

    for (int depth = 0; ; depth++) {
        int code = program_read(&p, g->argv[0]);

        if (code && script) {
            die(code, "%s, the interpreter of %s: %s", g->argv[0], script,
                p.why);
        }
        if (code) {
            die(code, "%s: %s", g->argv[0], p.why);
        }
        if (p.target) {
            g->loader = need(strdup(p.loader));
            return p.target;
        }
        if (depth == PROGRAM_SCRIPTS_MAX) {
            die(EXIT_NOT_EXECUTABLE, "%s: more than %d scripts lead to each "
                "other", g->argv[0], PROGRAM_SCRIPTS_MAX);
        }
        script = g->argv[0];
        put_interpreter(g, &p, root);
    }
}

static void find_program(struct guest *g)
{
    char path[PATH_MAX];
    int code = program_find(g->argv[0], path, sizeof(path));

    if (code == EXIT_NOT_FOUND) {
        die(code, "%s: no such program in PATH", g->argv[0]);
    }
    if (code) {
        die(code, "%s: %s", g->argv[0], strerror(EACCES));
    }
    if (strcmp(path, g->argv[0]) != 0) {
        g->argv0 = g->argv[0];
        g->argv[0] = need(strdup(path));
    }
}

/* --- the emulator ------------------------------------------------------ */

/* The folder of this program, without links; "" when it is not known. */
static void own_folder(char dir[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", dir, PATH_MAX - 1);
    char *slash;

    dir[len < 0 ? 0 : len] = '\0';
    slash = strrchr(dir, '/');
    if (slash) {
        *slash = '\0';
    }
}

static bool in_folder(const char *dir, const char *name, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    return n > 0 && n < PATH_MAX && program_access(path) == 0;
}

/* PREFIX/libexec/qemu-policy of PREFIX/bin, where an installation has its
 * emulators; false when there is none. */
static bool private_folder(const char *dir, char path[PATH_MAX])
{
    size_t len = strlen(dir);
    int n;

    if (len < 4 || strcmp(dir + len - 4, "/bin") != 0) {
        return false;
    }
    n = snprintf(path, PATH_MAX, "%.*s/libexec/qemu-policy", (int)len - 4,
                 dir);
    return n > 0 && n < PATH_MAX && access(path, X_OK) == 0;
}

/* Where an emulator is that knows policies: with the others of an installation,
 * else beside this program. Beside an installed launcher lie other emulators,
 * which know none. */
static bool find_own(const char *name, char dir[PATH_MAX], char path[PATH_MAX])
{
    char folder[PATH_MAX];

    own_folder(dir);
    if (private_folder(dir, folder)) {
        strcpy(dir, folder);
    }
    return in_folder(dir, name, path);
}

static bool is_native(const char *target)
{
    struct utsname host;

    return uname(&host) == 0 && strcmp(host.machine, target) == 0;
}

__attribute__((noreturn))
static void no_emulator(const char *program, const char *target,
                        const char *dir)
{
    if (is_native(target)) {
        die(EXIT_NOT_FOUND, "%s is a program of this machine (%s), which needs "
            "no emulator; to run it under a policy all the same, build one: "
            "tools/setup --targets %s", program, target, target);
    }
    die(EXIT_NOT_FOUND, "%s needs qemu-%s, which is neither in %s nor in PATH; "
        "build it: tools/setup --targets %s", program, target, dir, target);
}

static char *find_emulator(const char *program, const char *target)
{
    char name[64], path[PATH_MAX], dir[PATH_MAX];
    const char *variable = getenv("QEMU_POLICY") ? "QEMU_POLICY" :
        getenv("QEMU_RULES") ? "QEMU_RULES" :
        getenv("QEMU_POLICY_LEARN") ? "QEMU_POLICY_LEARN" :
        getenv("QEMU_POLICY_STATS") ? "QEMU_POLICY_STATS" : NULL;

    snprintf(name, sizeof(name), "qemu-%s", target);
    if (find_own(name, dir, path)) {
        return need(strdup(path));
    }
    if (program_find(name, path, sizeof(path)) != 0) {
        no_emulator(program, target, dir);
    }
    /* An option that an emulator lacks stops it; a variable it passes over. */
    if (variable) {
        die(EXIT_USAGE, "%s comes from PATH and may not know %s; name the "
            "policy in an option, which it cannot pass over", path, variable);
    }
    return need(strdup(path));
}

static bool is_below(const char *root, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s%s", root, name);

    return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}

/* A program with libraries, and no -L that leads to them: the emulator says
 * only which file it cannot open. */
static void look_for_loader(const struct guest *g, const char *root,
                            const char *target)
{
    char own_root[64];      /* where our emulators look without -L */
    char name[64], dir[PATH_MAX], path[PATH_MAX];

    snprintf(name, sizeof(name), "qemu-%s", target);
    if (!find_own(name, dir, path)) {
        return;             /* where this one looks is not known */
    }
    for (const char *s = g->loader; *s; s++) {
        if (!isprint((unsigned char)*s)) {
            return;
        }
    }
    snprintf(own_root, sizeof(own_root), "/usr/gnemul/qemu-%s", target);
    if (g->loader[0] != '/' || is_below(root ? root : own_root, g->loader) ||
        is_below("", g->loader)) {
        return;
    }
    fprintf(stderr, "qemu-user: %s needs %s, which is not %s%s; -L ROOT names "
            "the folder that holds its libraries\n", g->argv[0], g->loader,
            root ? "below " : "on this machine", root ? root : "");
}

/* --- both -------------------------------------------------------------- */

static void run(char *emulator, char **options, size_t option_count,
                const struct guest *g, bool has_argv0)
{
    char **argv = need(calloc(option_count + g->argc + 5, sizeof(*argv)));
    size_t n = 0;

    argv[n++] = emulator;
    memcpy(argv + n, options, option_count * sizeof(*argv));
    n += option_count;
    if (g->argv0 && !has_argv0) {
        argv[n++] = "-0";
        argv[n++] = (char *)g->argv0;
    }
    if (g->argv[0][0] == '-') {
        argv[n++] = "--";
    }
    memcpy(argv + n, g->argv, g->argc * sizeof(*argv));
    execv(emulator, argv);
    die(EXIT_NOT_EXECUTABLE, "%s: %s", emulator, strerror(errno));
}

/* --- from binfmt_misc --------------------------------------------------- */

#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 (1 << 0)
#endif

/*
 * The kernel gives the program's path and its arguments; with the flag P, the
 * name that the program was called by between them. With O it has opened the
 * program, but an emulator that is executed in turn cannot be told.
 */
static void run_for_kernel(int argc, char **argv)
{
    static char option[] = "--policy", name[] = "binfmt";
    char *options[] = { option, name };
    const struct st_target *target;
    int named = getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0 ? 1 : 0;
    struct guest g = { 0 };
    int fd;

    if (argc < 2 + named) {
        die(EXIT_USAGE, "qemu-user-binfmt is started by the kernel; see "
            "qemu-user(1)");
    }
    errno = 0;
    fd = getauxval(AT_EXECFD);
    if (errno == 0 && fd > STDERR_FILENO) {
        close(fd);
    }
    if (named) {
        g.argv0 = argv[2];
        argv[2] = argv[1];
    }
    g.argv = argv + 1 + named;
    g.argc = argc - 1 - named;
    target = resolve(&g, NULL);
    run(find_emulator(g.argv[0], st_target_name(target)), options, 2, &g,
        false);
}

static bool is_for_kernel(const char *argv0)
{
    const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

    return argv0 &&
        strcmp(slash ? slash + 1 : argv0, "qemu-user-binfmt") == 0;
}

static void refuse_option(const char *given)
{
    const char *name = given + strspn(given, "-");
    char word[RE_SUGGEST_MAX], near[RE_SUGGEST_MAX];

    snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "="), name);
    if (re_suggest(word, qemu_option_at, NULL, near, sizeof(near))) {
        die(EXIT_USAGE, "unknown option %s (did you mean %.*s%s?)", given,
            (int)(name - given), given, near);
    }
    die(EXIT_USAGE, "unknown option %s; qemu-user --help shows the common "
        "ones, qemu-<target> -help all", given);
}

int main(int argc, char **argv)
{
    struct qemu_command c;
    const struct st_target *target;
    struct guest g = { 0 };
    char *emulator;

    if (argc > 0 && is_for_kernel(argv[0])) {
        run_for_kernel(argc, argv);
    }
    argv = need(qemu_command_split(&argc, argv));
    qemu_command_parse(&c, argc, argv);
    if (c.help) {
        print_help();
        return 0;
    }
    if (c.version) {
        puts("qemu-user " TOOLS_VERSION);
        return 0;
    }
    if (c.unknown) {
        refuse_option(c.unknown);
    }
    if (c.lacking) {
        die(EXIT_USAGE, "option %s needs a value", c.lacking);
    }
    if (c.program >= argc) {
        die(EXIT_USAGE, "no program given; see qemu-user --help");
    }
    g.argv = argv + c.program;
    g.argc = argc - c.program;
    find_program(&g);
    target = resolve(&g, c.root);
    emulator = find_emulator(g.argv[0], st_target_name(target));
    look_for_loader(&g, c.root, st_target_name(target));
    run(emulator, argv + 1, c.options_end - 1, &g, c.has_argv0);
}
