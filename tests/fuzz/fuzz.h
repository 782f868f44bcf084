/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the harnesses of this folder share. Each has one function that takes
 * any bytes; libFuzzer calls it, or main.c, which replays files and mutations
 * of them without clang. A harness aborts where a promise is broken.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libFuzzer's names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words that mutations put in: a NULL behind the last. */
extern const char *const fuzz_words[];

/* Inputs that came to the far end: a policy that loaded, say. A replay in
 * which none does has tested nothing. */
extern unsigned long fuzz_worth;

__attribute__((noreturn, unused))
static void fuzz_fail(const char *what)
{
    dprintf(STDERR_FILENO, "%s\n", what);
    abort();
}

/* A file without a place in the file system, so that nothing is left behind.
 * Its path goes into path[32]; the descriptor is the caller's to close. */
__attribute__((unused))
static int fuzz_file(const void *bytes, size_t size, char path[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
        fuzz_fail("no memory for a file");
    }
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

/* --- choices out of bytes ------------------------------------------------ */

/* Behind the last byte everything is 0. */
struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
};

__attribute__((unused))
static unsigned fuzz_byte(struct fuzz_bytes *b)
{
    if (b->left == 0) {
        return 0;
    }
    b->left--;
    return *b->at++;
}

__attribute__((unused))
static unsigned fuzz_below(struct fuzz_bytes *b, unsigned n)
{
    unsigned value = fuzz_byte(b);

    if (n > 256) {
        value = value << 8 | fuzz_byte(b);
    }
    return value % n;
}

__attribute__((unused))
static uint64_t fuzz_number(struct fuzz_bytes *b, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | fuzz_byte(b);
    }
    return value;
}

#endif
