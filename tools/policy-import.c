/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy import: policies of other systems as policies for this one. */
#include "policy-tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy-draft.h"
#include "policy-question.h"

static const char help[] =
"usage: qemu-policy import FORMAT FILE [-o OUT] [--cap CAPABILITY] ...\n"
"\n"
"oci        a container's seccomp profile, or a config.json that has one\n"
"systemd    a unit with SystemCallFilter=\n"
"minijail   a minijail policy\n"
"strace     expressions of strace's --inject, one a line\n"
"\n"
"FILE \"-\" is standard input. What cannot be carried over stands in comments of\n"
"the policy and on standard error. --cap says which capabilities the program\n"
"has, for profiles that ask (none).\n"
"\n"
"Exit status: 0, 1 the file is wrong, 2 wrong usage.\n";

static const struct format {
    const char *name, *title;
    void (*import)(struct policy_draft *d, FILE *in,
                   const struct draft_options *options);
} formats[] = {
    { "oci", "a container's seccomp profile", import_oci },
    { "systemd", "a systemd unit", import_systemd },
    { "minijail", "a minijail policy", import_minijail },
    { "strace", "expressions of strace's --inject", import_strace },
};

static const struct format *find_format(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    policy_usage(&policy_import, "unknown format \"%s\"", name);
    return NULL;
}

static int write_policy(struct policy_draft *d,
                        const struct format *format, const char *path)
{
    FILE *out = path ? fopen(path, "w") : stdout;
    bool fine = out;

    draft_settle(d);
    for (size_t i = 0; i < d->note_count; i++) {
        fprintf(stderr, "%s: not carried over: %s\n", d->file, d->notes[i]);
    }
    if (fine) {
        draft_write(d, format->title, out);
        fine = fflush(out) == 0;
        fine &= !path || fclose(out) == 0;
    }
    if (!fine) {
        fprintf(stderr, "%s: error: %s\n", path ? path : "standard output",
                strerror(errno));
    }
    return fine ? POLICY_FINE : POLICY_WRONG;
}

static int import(const struct format *format, const char *path,
                  const char *out, const struct draft_options *options)
{
    struct policy_draft draft = { .file = path };
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    int result = POLICY_WRONG;

    if (!in) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        return POLICY_WRONG;
    }
    format->import(&draft, in, options);
    if (!draft.failed) {
        result = write_policy(&draft, format, out);
    }
    draft_free(&draft);
    if (in != stdin) {
        fclose(in);
    }
    return result;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        { "cap", required_argument, NULL, 'c' },
        { "output", required_argument, NULL, 'o' },
        { NULL },
    };
    const char **caps = policy_need(calloc(argc, sizeof(*caps)));
    struct draft_options given = { .caps = caps };
    const struct format *format;
    const char *out = NULL;
    int c, result = POLICY_USAGE;

    while ((c = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
        if (c == 'c') {
            caps[given.cap_count++] = optarg;
        } else if (c == 'o') {
            out = optarg;
        } else {
            policy_bad_option(&policy_import, argv);
            goto done;
        }
    }
    if (argc - optind != 2) {
        policy_usage(&policy_import, "expected a format and a file");
        goto done;
    }
    format = find_format(argv[optind]);
    if (format) {
        result = import(format, argv[optind + 1], out, &given);
    }
done:
    free(caps);
    return result;
}

const struct policy_command policy_import = {
    .name = "import",
    .summary = "makes a policy of a seccomp profile, a unit, ...",
    .help = help,
    .run = run,
};
