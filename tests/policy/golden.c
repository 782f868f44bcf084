/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads every policy of a folder for one target and compares all that is said
 * of it with the text beside it:
 *
 *     golden bad FOLDER [--write]      x.ini is refused, with x.txt
 *     golden good FOLDER [--write]     x.ini loads, with warnings x.txt if any
 *
 * A first line "; target: NAME" picks another target than aarch64; a line
 * "; raw" is not looked at. With --write the texts are written instead.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"

static bool write_golden;

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int c;

    while (f && (c = getc(f)) != EOF) {
        putc(c, out);
    }
    fclose(out);
    if (f) {
        fclose(f);
    }
    return text;
}

static const struct st_target *target_of(const char *path)
{
    static const char mark[] = "; target: ";
    const struct st_target *target = st_target_by_name("aarch64");
    char *text = slurp(path);

    if (strncmp(text, mark, strlen(mark)) == 0) {
        char *name = text + strlen(mark);

        name[strcspn(name, "\n")] = '\0';
        target = st_target_by_name(name);
    }
    free(text);
    return target;
}

/* Everything that loading a policy says, as a user reads it. */
static char *findings(const char *path, int *ret_error)
{
    const char *policies[] = { path };
    struct re_config config = {
        .target = target_of(path), .policies = policies, .policy_count = 1,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!config.target) {
        fprintf(out, "unknown target\n");
        *ret_error = -ENOENT;
    } else {
        *ret_error = re_engine_new(&engine, &config, diags);
    }
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        char *one = re_diag_text(re_diags_at(diags, i));

        fputs(one, out);
        free(one);
    }
    fclose(out);
    re_engine_free(engine);
    re_diags_free(diags);
    return text;
}

static void check(const char *name, bool bad)
{
    char golden[300], *wanted, *got;
    bool is_golden_there;
    int error;

    snprintf(golden, sizeof(golden), "%.*s.txt", (int)strlen(name) - 4, name);
    got = findings(name, &error);
    if (write_golden) {
        FILE *f = *got ? fopen(golden, "w") : NULL;

        if (f) {
            fputs(got, f);
            fclose(f);
        } else {
            unlink(golden);
        }
    }
    is_golden_there = access(golden, R_OK) == 0;
    wanted = slurp(golden);
    if (!tap_ok((error < 0) == bad && strcmp(got, wanted) == 0 &&
                (is_golden_there || !bad), "%s is %s, with its message",
                name, bad ? "refused" : "loaded")) {
        tap_note(got);
        tap_note("-- wanted:\n");
        tap_note(wanted);
    }
    free(got);
    free(wanted);
}

static int is_policy(const struct dirent *d)
{
    size_t len = strlen(d->d_name);

    /* What an include needs beside it starts with a dot-free "part-". */
    return len > 4 && strcmp(d->d_name + len - 4, ".ini") == 0 &&
        strncmp(d->d_name, "part-", 5) != 0;
}

int main(int argc, char **argv)
{
    struct dirent **list;
    int count;

    if (argc < 3 || chdir(argv[2]) < 0) {
        fprintf(stderr, "usage: golden bad|good FOLDER [--write]\n");
        return 2;
    }
    write_golden = argc > 3 && strcmp(argv[3], "--write") == 0;
    count = scandir(".", &list, is_policy, alphasort);
    for (int i = 0; i < count; i++) {
        check(list[i]->d_name, strcmp(argv[1], "bad") == 0);
        free(list[i]);
    }
    free(list);
    return tap_done();
}
