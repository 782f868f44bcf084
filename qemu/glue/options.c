/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"

#include "options.h"

static char **start_argv;       /* of this process image */
static int start_argc;
static int option_count;        /* start_argv[1 .. option_count] are options */

/* QEMU's options that take no argument; all others take one. */
static bool is_flag(const char *name)
{
    static const char *const flags[] = {
        "h", "help", "one-insn-per-tb", "rules-reload", "strace", "version",
        "xtensa-abi-call0", "perfmap", "jitdump",
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (strcmp(name, flags[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *option_name(const char *arg)
{
    return arg + (arg[0] == '-') + (arg[0] == '-' && arg[1] == '-');
}

/* "policy=FILE" of an option that this project has: the value, or NULL. QEMU
 * itself takes a value as the next argument only. */
static const char *joined_value(const char *name)
{
    static const char *const own_options[] = {
        "policy", "policy-learn", "policy-log", "policy-stats", "rules",
    };
    size_t len = strcspn(name, "=");

    for (size_t i = 0; i < ARRAY_SIZE(own_options) && name[len]; i++) {
        if (strlen(own_options[i]) == len &&
            memcmp(own_options[i], name, len) == 0) {
            return name + len + 1;
        }
    }
    return NULL;
}

/* Makes two arguments of each "--policy=FILE" among the options. */
static void part_values(int *argc, char ***argv)
{
    GPtrArray *made = g_ptr_array_new();
    bool options = true, parted = false;

    for (int i = 0; i < *argc; i++) {
        char *arg = (*argv)[i];
        const char *value;

        options = options && (i == 0 || (arg[0] == '-' &&
                                         strcmp(arg, "--") != 0));
        value = options && i ? joined_value(option_name(arg)) : NULL;
        if (value) {
            g_ptr_array_add(made, g_strndup(arg, value - arg - 1));
            g_ptr_array_add(made, (char *)value);
            parted = true;
            continue;
        }
        g_ptr_array_add(made, arg);
        if (options && i && !is_flag(option_name(arg)) && i + 1 < *argc) {
            g_ptr_array_add(made, (*argv)[++i]);
        }
    }
    if (!parted) {
        g_ptr_array_free(made, true);
        return;
    }
    *argc = made->len;
    g_ptr_array_add(made, NULL);
    *argv = (char **)g_ptr_array_free(made, false);
}

/* Where options end: at the program's name, or "--" before it. */
static int end_of_options(char *const *argv, int argc)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0) {
        const char *name = option_name(argv[i]);

        i += is_flag(name) || joined_value(name) ? 1 : 2;
    }
    return MIN(i, argc);
}

int policy_options_end(char *const *argv, int argc)
{
    int end = end_of_options(argv, argc);

    return end < argc && strcmp(argv[end], "--") == 0 ? end + 1 : end;
}

static void count_options(void)
{
    option_count = end_of_options(start_argv, start_argc) - 1;
}

/* An option's value as it counts, the last one; or NULL. */
const char *policy_option_value(const char *option, const char *variable)
{
    const char *value = getenv(variable);

    for (int i = 1; i <= option_count; i++) {
        const char *name = option_name(start_argv[i]);

        if (is_flag(name)) {
            continue;
        }
        if (strcmp(name, option) == 0) {
            value = start_argv[i + 1];
        }
        i++;
    }
    return value;
}

bool policy_option_given(const char *option, const char *variable)
{
    return policy_option_value(option, variable) != NULL;
}

/* Whether an option goes on to the next emulator as it is. */
static bool is_kept(const char *name, bool same_target)
{
    static const char *const dropped[] = {
        /* handed over as they were read */
        "policy", "rules", "policy-log", "policy-learn", "policy-stats",
        "0", "E", "U",                      /* the guest has made its own */
        "g", "B",                           /* not for children; never */
        "L", "D",                           /* by names that stay right */
    };
    static const char *const own_target[] = {
        "cpu", "R", "xtensa-abi-call0",
    };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++) {
        if (strcmp(name, dropped[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(own_target) && !same_target; i++) {
        if (strcmp(name, own_target[i]) == 0) {
            return false;
        }
    }
    return true;
}

GPtrArray *policy_options_kept(bool same_target)
{
    GPtrArray *kept = g_ptr_array_new();

    for (int i = 1; i <= option_count; i++) {
        const char *name = option_name(start_argv[i]);
        bool goes_on = is_kept(name, same_target);

        if (goes_on) {
            g_ptr_array_add(kept, start_argv[i]);
        }
        if (!is_flag(name) && i < option_count) {
            i++;
            if (goes_on) {
                g_ptr_array_add(kept, start_argv[i]);
            }
        }
    }
    return kept;
}

void policy_options_start(int *argc, char ***argv)
{
    part_values(argc, argv);
    start_argc = *argc;
    start_argv = *argv;
    count_options();
}
