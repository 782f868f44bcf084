/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways that C and its library have on every target. */
#define _GNU_SOURCE
#include <string.h>

#include "memory.h"

#define MARK 0x6d

/* --- reads -------------------------------------------------------------- */

static void read_bytes(uintptr_t addr, unsigned char *to)
{
    for (int i = 0; i < 8; i++) {
        to[i] = ((volatile unsigned char *)addr)[i];
    }
}

static void read_halves(uintptr_t addr, unsigned char *to)
{
    for (int i = 0; i < 4; i++) {
        uint16_t half = ((volatile uint16_t *)addr)[i];

        memcpy(to + 2 * i, &half, 2);
    }
}

static void read_words(uintptr_t addr, unsigned char *to)
{
    for (int i = 0; i < 2; i++) {
        uint32_t word = ((volatile uint32_t *)addr)[i];

        memcpy(to + 4 * i, &word, 4);
    }
}

static void read_long(uintptr_t addr, unsigned char *to)
{
    uint64_t value = *(volatile uint64_t *)addr;

    memcpy(to, &value, 8);
}

static void read_double(uintptr_t addr, unsigned char *to)
{
    double value = *(volatile double *)addr;

    memcpy(to, &value, 8);
}

/* From before the place on, across it. */
static void read_straddling(uintptr_t addr, unsigned char *to)
{
    struct __attribute__((packed)) odd { uint64_t value; };
    uint64_t low = ((volatile struct odd *)(addr - 3))->value;
    uint64_t high = ((volatile struct odd *)(addr + 5))->value;
    unsigned char bytes[16];

    memcpy(bytes, &low, 8);
    memcpy(bytes + 8, &high, 8);
    memcpy(to, bytes + 3, 8);
}

/* By an index that wraps around. */
static void read_indexed(uintptr_t addr, unsigned char *to)
{
    volatile uint64_t near[1] = { 0 };
    uintptr_t index = (addr - (uintptr_t)near) / 8;
    uint64_t value;

    value = near[index];
    memcpy(to, &value, 8);
}

static void read_library(uintptr_t addr, unsigned char *to)
{
    void *volatile from = (void *)addr;

    memcpy(to, from, 8);
}

static void read_string(uintptr_t addr, unsigned char *to)
{
    char *volatile from = (char *)addr;

    strncpy((char *)to, from, 8);
}

static void read_added(uintptr_t addr, unsigned char *to)
{
    for (int i = 0; i < 2; i++) {
        uint32_t word = __atomic_fetch_add((uint32_t *)addr + i, 0,
                                           __ATOMIC_SEQ_CST);

        memcpy(to + 4 * i, &word, 4);
    }
}

static void read_compared(uintptr_t addr, unsigned char *to)
{
    for (int i = 0; i < 2; i++) {
        uint32_t word = 0x12345678;

        __atomic_compare_exchange_n((uint32_t *)addr + i, &word, word, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        memcpy(to + 4 * i, &word, 4);
    }
}

#if __SIZEOF_POINTER__ == 8
static void read_long_added(uintptr_t addr, unsigned char *to)
{
    uint64_t value = __atomic_fetch_or((uint64_t *)addr, 0, __ATOMIC_SEQ_CST);

    memcpy(to, &value, 8);
}
#endif

const struct read_way plain_reads[] = {
    { "bytes", read_bytes }, { "halves", read_halves },
    { "words", read_words }, { "long", read_long },
    { "double", read_double }, { "straddling", read_straddling },
    { "indexed", read_indexed }, { "memcpy", read_library },
    { "strncpy", read_string }, { "fetch_add", read_added },
    { "compare_exchange", read_compared },
#if __SIZEOF_POINTER__ == 8
    { "long fetch_or", read_long_added },
#endif
    { NULL, NULL },
};

/* --- writes ------------------------------------------------------------- */

static void write_bytes(uintptr_t addr)
{
    ((volatile unsigned char *)addr)[1] = MARK;
}

static void write_halves(uintptr_t addr)
{
    *(volatile uint16_t *)addr = MARK;
}

static void write_words(uintptr_t addr)
{
    *(volatile uint32_t *)addr = MARK;
}

static void write_long(uintptr_t addr)
{
    *(volatile uint64_t *)addr = MARK;
}

static void write_double(uintptr_t addr)
{
    *(volatile double *)addr = MARK;
}

static void write_straddling(uintptr_t addr)
{
    struct __attribute__((packed)) odd { uint64_t value; };

    ((volatile struct odd *)(addr + 3))->value = MARK;
}

static void write_library(uintptr_t addr)
{
    void *volatile to = (void *)addr;

    memset(to, MARK, 64);
}

static void write_copied(uintptr_t addr)
{
    static const char from[64] = "these bytes go where they should not";
    void *volatile to = (void *)addr;

    memcpy(to, from, 64);
}

static void write_added(uintptr_t addr)
{
    __atomic_fetch_add((uint32_t *)addr, MARK, __ATOMIC_SEQ_CST);
}

static void write_exchanged(uintptr_t addr)
{
    __atomic_exchange_n((uint32_t *)addr, MARK, __ATOMIC_SEQ_CST);
}

static void write_compared(uintptr_t addr)
{
    uint32_t none = 0;

    __atomic_compare_exchange_n((uint32_t *)addr, &none, MARK, false,
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#if __SIZEOF_POINTER__ == 8
static void write_long_exchanged(uintptr_t addr)
{
    __atomic_exchange_n((uint64_t *)addr, MARK, __ATOMIC_SEQ_CST);
}
#endif

const struct write_way plain_writes[] = {
    { "bytes", write_bytes }, { "halves", write_halves },
    { "words", write_words }, { "long", write_long },
    { "double", write_double }, { "straddling", write_straddling },
    { "memset", write_library }, { "memcpy", write_copied },
    { "fetch_add", write_added }, { "exchange", write_exchanged },
    { "compare_exchange", write_compared },
#if __SIZEOF_POINTER__ == 8
    { "long exchange", write_long_exchanged },
#endif
    { NULL, NULL },
};
