/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A harness as an ordinary program: replays the files and folders that it is
 * given, then mutations of each, the same ones each time.
 *
 *     fuzz-NAME [-n MUTATIONS] [-s SEED] [-k FILE] FILE|FOLDER ...
 *     fuzz-NAME -w        its words, as a dictionary of libFuzzer's
 *
 * -k keeps the input at work in FILE, for one that ends the program.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "tap.h"

enum { INPUT_MAX = 1 << 16 };

static uint64_t state = 1;          /* xorshift64*: the same figures everywhere */
static const char *keep;
static char where[4200];            /* for a message, should it be the last */

static unsigned below(unsigned n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 33) % n;
}

static size_t insert(uint8_t *text, size_t size, size_t room, size_t at,
                     const void *bytes, size_t len)
{
    if (size + len > room) {
        return size;
    }
    memmove(text + at + len, text + at, size - at);
    memcpy(text + at, bytes, len);
    return size + len;
}

/* Cuts, doubles, moves and changes parts; returns the new size. */
static size_t mutate(uint8_t *text, size_t size, size_t room)
{
    static uint8_t part[2 * INPUT_MAX];
    size_t at = below(size), len = 1 + below(size - at), to = below(size);
    unsigned words = 0;
    const char *word;

    while (fuzz_words[words]) {
        words++;
    }
    switch (below(words ? 6 : 5)) {
    case 0:
        text[at] = below(256);
        return size;
    case 1:
        text[at] ^= 1 << below(8);
        return size;
    case 2:
        if (len == size) {
            return size;
        }
        memmove(text + at, text + at + len, size - at - len);
        return size - len;
    case 3:
        len = len < size - to ? len : size - to;
        memmove(text + to, text + at, len);
        return size;
    case 4:
        memcpy(part, text + at, len);
        return insert(text, size, room, at, part, len);
    default:
        word = fuzz_words[below(words)];
        return insert(text, size, room, at, word, strlen(word));
    }
}

static void last_words(int number)
{
    if (write(STDERR_FILENO, where, strlen(where)) < 0) {
        _exit(2);
    }
    raise(number);
}

static void run(const uint8_t *data, size_t size)
{
    if (keep) {
        FILE *f = fopen(keep, "wb");

        if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
            perror(keep);
            exit(2);
        }
    }
    LLVMFuzzerTestOneInput(data, size);
}

static void replay(const char *path, unsigned mutations)
{
    static uint8_t given[INPUT_MAX], text[2 * INPUT_MAX];
    FILE *f = fopen(path, "rb");
    size_t size = f ? fread(given, 1, sizeof(given), f) : 0;

    if (f) {
        fclose(f);
    }
    snprintf(where, sizeof(where), "ended in %s, with -s %llu\n", path,
             (unsigned long long)state);
    run(given, size);
    for (unsigned i = 0; i < mutations && size > 0; i++) {
        size_t now = size;

        memcpy(text, given, size);
        for (unsigned n = 1 + below(4); n > 0; n--) {
            now = mutate(text, now, sizeof(text));
        }
        run(text, now);
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

static void print_words(void)
{
    for (const char *const *w = fuzz_words; *w; w++) {
        putchar('"');
        for (const char *s = *w; *s; s++) {
            bool plain = *s >= ' ' && *s <= '~' && *s != '"' && *s != '\\';

            printf(plain ? "%c" : "\\x%02x", (unsigned char)*s);
        }
        puts("\"");
    }
}

int main(int argc, char **argv)
{
    unsigned mutations = 0;
    struct stat st;
    int opt;

    while ((opt = getopt(argc, argv, "n:s:k:w")) != -1) {
        switch (opt) {
        case 'n':
            mutations = strtoul(optarg, NULL, 10);
            break;
        case 's':
            state = strtoull(optarg, NULL, 10) | 1;
            break;
        case 'k':
            keep = optarg;
            break;
        case 'w':
            print_words();
            return 0;
        default:
            return 2;
        }
    }
    sigaction(SIGABRT, &(struct sigaction) {
        .sa_handler = last_words, .sa_flags = SA_RESETHAND | SA_NODEFER,
    }, NULL);
    for (int i = optind; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            replay_folder(argv[i], mutations);
        } else {
            replay(argv[i], mutations);
        }
    }
    tap_ok(fuzz_worth > 0, "%lu inputs came to the far end", fuzz_worth);
    return tap_done();
}
