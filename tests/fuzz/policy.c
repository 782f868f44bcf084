/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader, parser, binder and compiler under any bytes. The first byte picks the
 * target; the rest is a policy, or several of them with a 0xff byte between.
 * Whatever is loaded must then decide calls, and agree with its own map.
 *
 * With clang: -DFUZZER and -fsanitize=fuzzer. As an ordinary program it
 * replays the files and folders that it is given, then mutations of each:
 *
 *     policy [-n MUTATIONS] [-s SEED] FILE|FOLDER ...
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"

enum { SIZE_MAX_INPUT = 1 << 16, LAYERS = 3 };

static unsigned long loaded;    /* inputs that were good policies */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

/* Each finding has a message and can be shown; errors name a file, and those
 * in a line name a column within it or just behind. */
static void check_findings(const struct re_diags *diags, int err)
{
    if ((err < 0) != (re_diags_errors(diags) > 0)) {
        fail("refused without an error, or loaded with one");
    }
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *d = re_diags_at(diags, i);
        char *text = re_diag_text(d);

        if (!text || !*text || !d->message || !*d->message) {
            fail("a finding without text");
        }
        if (d->line && d->source && d->column > strlen(d->source) + 1) {
            fail("a column behind the end of its line");
        }
        free(text);
    }
}

static void decide_all(struct re_engine *engine, const struct st_target *t)
{
    unsigned count = st_slot_count(t), size = re_engine_map_size(engine);
    struct re_thread thread = { .again = false };

    for (int slot = -1; slot < (int)count; slot++) {
        struct re_call call = {
            .slot = slot, .nr = slot < 0 ? -1 : st_number_of_slot(t, slot),
        };
        enum re_step step;

        for (int i = 0; i < ST_MAX_REGS; i++) {
            call.args[i] = (uint64_t)(slot + i) * UINT64_C(0x9e3779b97f4a7c15);
        }
        step = re_enter(engine, &thread, &call);
        if (slot >= 0 && (unsigned)slot < size &&
            !re_engine_map(engine)[slot] && step != RE_STEP_RUN) {
            fail("the map lets a call through that a rule refuses");
        }
    }
}

/* A file without a place in the file system, so that nothing is left behind. */
static int make_file(const uint8_t *data, size_t size, char *path, size_t room)
{
    int fd = memfd_create("policy", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        fail("no memory for a policy");
    }
    snprintf(path, room, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct st_target *t;
    char paths[LAYERS][32];
    const char *policies[LAYERS];
    int fds[LAYERS];
    struct re_config config = { .policies = policies };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    int err;

    if (size == 0 || !diags) {
        re_diags_free(diags);
        return 0;
    }
    t = config.target = st_target_at(data[0] % st_target_count());
    data++;
    size--;
    while (config.policy_count < LAYERS) {
        size_t i = config.policy_count++;
        const uint8_t *end = memchr(data, 0xff, size);
        size_t len = end ? (size_t)(end - data) : size;

        fds[i] = make_file(data, len, paths[i], sizeof(paths[i]));
        policies[i] = paths[i];
        if (!end) {
            break;
        }
        data = end + 1;
        size -= len + 1;
    }
    err = re_engine_new(&engine, &config, diags);
    check_findings(diags, err);
    if (!err) {
        loaded++;
        decide_all(engine, t);
    }
    re_engine_free(err ? NULL : engine);
    re_diags_free(diags);
    for (size_t i = 0; i < config.policy_count; i++) {
        close(fds[i]);
    }
    return 0;
}

#ifndef FUZZER
static uint64_t state = 1;      /* xorshift64*: the same figures everywhere */

static unsigned below(unsigned n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 33) % n;
}

/* Cuts, doubles, moves and changes parts; returns the new size. */
static size_t mutate(uint8_t *text, size_t size, size_t room)
{
    static const char *const words[] = {
        "\n[deny]\n", "\n[emulate]\n", " if ", " && ", " || ", "!", "(", ")",
        "{", "}", "..", "when 3+2", "log", "permissive", "\"", "\\", " ;",
        "0xffffffffffffffff", "-1", "18446744073709551615", "@open", "?",
        ":kill", "arg0", "path", "under /", "addr in 10.0.0.0/8", "=", "\xff",
    };
    size_t at = below(size), len = 1 + below(size - at), to = below(size);
    const char *word;

    switch (below(5)) {
    case 0:
        text[at] = below(256);
        return size;
    case 1:
        memmove(text + at, text + at + len, size - at - len);
        return size - len ? size - len : size;
    case 2:
        len = len < size - to ? len : size - to;
        memmove(text + to, text + at, len);
        return size;
    case 3:
        if (size + len > room) {
            return size;
        }
        memmove(text + at + len, text + at, size - at);
        return size + len;
    default:
        word = words[below(sizeof(words) / sizeof(words[0]))];
        len = strlen(word);
        if (size + len > room) {
            return size;
        }
        memmove(text + at + len, text + at, size - at);
        memcpy(text + at, word, len);
        return size + len;
    }
}

static void replay(const char *path, unsigned mutations)
{
    static uint8_t given[SIZE_MAX_INPUT], text[2 * SIZE_MAX_INPUT];
    FILE *f = fopen(path, "rb");
    size_t size = f ? fread(given, 1, sizeof(given), f) : 0;

    if (f) {
        fclose(f);
    }
    LLVMFuzzerTestOneInput(given, size);
    for (unsigned i = 0; i < mutations && size > 0; i++) {
        size_t now = size;

        memcpy(text, given, size);
        for (unsigned n = 1 + below(4); n > 0; n--) {
            now = mutate(text, now, sizeof(text));
        }
        LLVMFuzzerTestOneInput(text, now);
    }
    tap_ok(size > 0, "%s and %u like it", path, mutations);
}

static void replay_folder(const char *folder, unsigned mutations)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);

    if (count < 0) {
        tap_ok(false, "%s: %s", folder, strerror(errno));
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replay(path, mutations);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    unsigned mutations = 0;
    struct stat st;
    int opt;

    while ((opt = getopt(argc, argv, "n:s:")) != -1) {
        if (opt == 'n') {
            mutations = strtoul(optarg, NULL, 10);
        } else if (opt == 's') {
            state = strtoull(optarg, NULL, 10) | 1;
        } else {
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            replay_folder(argv[i], mutations);
        } else {
            replay(argv[i], mutations);
        }
    }
    tap_ok(loaded > 0, "%lu of all are policies that load", loaded);
    return tap_done();
}
#endif
