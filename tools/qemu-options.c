/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu-options.h"

#include <stdlib.h>
#include <string.h>

/* QEMU 10.0 to 10.2 on all targets ("p" went in 10.2, "xtensa-abi-call0" is
 * xtensa's), and the options that the patches add. */
static const char *const flags[] = {
    "h", "help", "jitdump", "one-insn-per-tb", "perfmap", "rules-reload",
    "strace", "version", "xtensa-abi-call0",
};

static const char *const with_value[] = {
    "0", "B", "D", "E", "L", "R", "U", "cpu", "d", "dfilter", "g", "p",
    "plugin", "policy", "policy-learn", "policy-log", "policy-stats", "r",
    "rules", "s",
    "seed", "t", "tb-size", "trace",
};

static bool among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

enum qemu_option qemu_option_kind(const char *name)
{
    if (among(name, flags, sizeof(flags) / sizeof(flags[0]))) {
        return QEMU_OPTION_FLAG;
    }
    if (among(name, with_value, sizeof(with_value) / sizeof(with_value[0]))) {
        return QEMU_OPTION_VALUE;
    }
    return QEMU_OPTION_UNKNOWN;
}

const char *qemu_option_at(void *unused, unsigned i)
{
    const unsigned count = sizeof(flags) / sizeof(flags[0]);
    const unsigned more = sizeof(with_value) / sizeof(with_value[0]);

    (void)unused;
    return i < count ? flags[i] : i - count < more ? with_value[i - count] :
        NULL;
}

/* Behind the "=" of "--policy=FILE"; NULL when it is no such word. */
static const char *joined_value(const char *word)
{
    const char *name = word + 1 + (word[1] == '-');
    size_t len = strcspn(name, "=");
    char copy[32];

    if (!name[len] || len >= sizeof(copy)) {
        return NULL;
    }
    memcpy(copy, name, len);
    copy[len] = '\0';
    return qemu_option_kind(copy) == QEMU_OPTION_VALUE ? name + len + 1 : NULL;
}

char **qemu_command_split(int *argc, char *const *argv)
{
    char **words = calloc(2 * (size_t)*argc + 1, sizeof(*words));
    int in = 0, out = 0;

    if (!words) {
        return NULL;
    }
    if (*argc > 0) {
        words[out++] = argv[in++];
    }
    while (in < *argc && argv[in][0] == '-' && strcmp(argv[in], "--") != 0) {
        const char *word = argv[in], *value = joined_value(word);

        if (value) {
            words[out] = strndup(word, value - 1 - word);
            if (!words[out++]) {
                free(words);
                return NULL;
            }
            words[out++] = argv[in++] + (value - word);
            continue;
        }
        words[out++] = argv[in++];
        if (qemu_option_kind(word + 1 + (word[1] == '-')) ==
            QEMU_OPTION_VALUE && in < *argc) {
            words[out++] = argv[in++];
        }
    }
    while (in < *argc) {
        words[out++] = argv[in++];
    }
    *argc = out;
    return words;
}

static void note_option(struct qemu_command *c, const char *name,
                        const char *value)
{
    if (strcmp(name, "L") == 0) {
        c->root = value;
    } else if (strcmp(name, "0") == 0) {
        c->has_argv0 = true;
    } else if (strcmp(name, "h") == 0 || strcmp(name, "help") == 0) {
        c->help = true;
    } else if (strcmp(name, "version") == 0) {
        c->version = true;
    }
}

void qemu_command_parse(struct qemu_command *c, int argc, char **argv)
{
    int i = 1;

    *c = (struct qemu_command) {
        .program = argc,
        .root = getenv("QEMU_LD_PREFIX"),
        .has_argv0 = getenv("QEMU_ARGV0"),
    };
    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0) {
        const char *name = argv[i] + 1 + (argv[i][1] == '-');
        enum qemu_option kind = qemu_option_kind(name);

        if (kind == QEMU_OPTION_UNKNOWN) {
            c->unknown = argv[i];
            return;
        }
        if (kind == QEMU_OPTION_VALUE && i + 1 == argc) {
            c->lacking = argv[i];
            return;
        }
        note_option(c, name, kind == QEMU_OPTION_VALUE ? argv[i + 1] : NULL);
        i += kind == QEMU_OPTION_VALUE ? 2 : 1;
    }
    c->options_end = i;
    c->program = i < argc && strcmp(argv[i], "--") == 0 ? i + 1 : i;
}
