/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tries every way at every address of the emulator's that the host's side (see
 * memory-host/host.c) tells, in each form that could lead there, once alone
 * and once with a second thread, for which other code is made.
 *
 *     memory [sweep]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define COOKIE 32
#define SLOT 64
#define PAGE 4096
#define TARGETS_MAX 64
#define FORMS_MAX 16
#define SWEEP_STEP 65536

static unsigned char cookie[COOKIE];
static uint64_t base;           /* host address of guest address 0 */
static struct {
    uint64_t addr;
    unsigned char value[8];
} secrets[TARGETS_MAX];
static uint64_t zeros[TARGETS_MAX];
static unsigned secret_count, zero_count;

static sigjmp_buf landing;
static bool said[512];

static void land(int sig)
{
    siglongjmp(landing, sig);
}

static void catch_faults(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction act = { .sa_handler = land, .sa_flags = SA_ONSTACK };

    /* Some ways use the stack pointer. */
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
    sigaction(SIGILL, &act, NULL);
    sigaction(SIGFPE, &act, NULL);
    sigaction(SIGTRAP, &act, NULL);
}

/* --- what the host's side says ------------------------------------------ */

static void add_secret(uint64_t addr, const char *hex)
{
    secrets[secret_count].addr = addr;
    for (int i = 0; i < 8; i++) {
        unsigned byte = 0;

        sscanf(hex + 2 * i, "%2x", &byte);
        secrets[secret_count].value[i] = byte;
    }
    secret_count++;
}

static void listen(void)
{
    unsigned long long addr;
    char line[256], hex[32];

    for (int i = 0; i < COOKIE; i++) {
        cookie[i] = (i * 37 + 11) ^ 0x5a;
    }
    printf("cookie %llx\n", (unsigned long long)(uintptr_t)cookie);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) && strcmp(line, "go\n") != 0) {
        if (sscanf(line, "base %llx", &addr) == 1) {
            base = addr;
        } else if (sscanf(line, "r %llx %16s", &addr, hex) == 2 &&
                   secret_count < TARGETS_MAX) {
            add_secret(addr, hex);
        } else if (sscanf(line, "w %llx", &addr) == 1 &&
                   zero_count < TARGETS_MAX) {
            zeros[zero_count++] = addr;
        }
    }
}

/* --- forms of an address ------------------------------------------------ */

/* Each is an address that could become "host" somewhere on its way. */
static int forms_of(uint64_t host, uintptr_t *forms)
{
    uint64_t guest = host - base;
    int count = 0;

    forms[count++] = host;
    forms[count++] = guest;
    if (sizeof(uintptr_t) == 8) {
        forms[count++] = guest | UINT64_C(0x5a) << 56;
        forms[count++] = guest ^ UINT64_C(0x5a) << 56;
        forms[count++] = host | UINT64_C(0xff) << 56;
        forms[count++] = guest | UINT64_C(0xffff) << 48;
        forms[count++] = guest & ~(UINT64_C(0xffff) << 48);
        forms[count++] = guest + (UINT64_C(1) << 46);
        forms[count++] = guest + (UINT64_C(1) << 47);
        forms[count++] = guest ^ UINT64_C(1) << 63;
        forms[count++] = -host;
        forms[count++] = (uint64_t)(int32_t)guest;
    } else {
        forms[count++] = host >> 32;
        forms[count++] = guest ^ 0x80000000;
    }
    return count;
}

/* --- trying ------------------------------------------------------------- */

static bool reads_secret(const struct read_way *way, uintptr_t addr,
                         const unsigned char *value)
{
    unsigned char got[8] = { 0 };

    if (sigsetjmp(landing, 1)) {
        return false;
    }
    way->read(addr, got);
    return memcmp(got, value, 8) == 0;
}

static bool try_read(const struct read_way *way)
{
    uintptr_t forms[FORMS_MAX];

    for (unsigned i = 0; i < secret_count; i++) {
        int count = forms_of(secrets[i].addr, forms);

        for (int f = 0; f < count; f++) {
            if (reads_secret(way, forms[f], secrets[i].value)) {
                return true;
            }
        }
    }
    return false;
}

static void write_once(const struct write_way *way, uintptr_t addr)
{
    if (sigsetjmp(landing, 1) == 0) {
        way->write(addr);
    }
}

static void try_write(const struct write_way *way, unsigned slot)
{
    uintptr_t forms[FORMS_MAX];

    for (unsigned i = 0; i < zero_count; i++) {
        int count = forms_of(zeros[i] + slot * SLOT, forms);

        for (int f = 0; f < count; f++) {
            write_once(way, forms[f]);
        }
    }
}

static bool call_once(const struct call_way *way, uintptr_t addr)
{
    return sigsetjmp(landing, 1) == 0 && way->call(addr);
}

/* A form that is the guest's own memory, or could be, proves nothing. */
static bool try_call(const struct call_way *way)
{
    uintptr_t forms[FORMS_MAX];

    for (unsigned i = 0; i < secret_count; i++) {
        int count = forms_of(secrets[i].addr, forms);

        for (int f = 0; f < count; f++) {
            if ((forms[f] == secrets[i].addr || f == 1) &&
                (uint64_t)forms[f] == (f ? secrets[i].addr - base :
                                       secrets[i].addr) &&
                call_once(way, forms[f])) {
                return true;
            }
        }
    }
    return false;
}

static void name_it(unsigned index, const char *what, const char *name)
{
    if (!said[index]) {
        said[index] = true;
        fprintf(stderr, "%s: %s\n", what, name);
    }
}

static unsigned try_reads(const struct read_way *ways, unsigned *ret_tried,
                          unsigned index)
{
    unsigned worked = 0;

    for (; ways->name; ways++, index++) {
        (*ret_tried)++;
        if (try_read(ways)) {
            worked++;
            name_it(index, "read", ways->name);
        }
    }
    return worked;
}

static unsigned try_writes(const struct write_way *ways, unsigned slot)
{
    for (; ways->name; ways++) {
        try_write(ways, slot++);
    }
    return slot;
}

static unsigned try_calls(unsigned *ret_tried)
{
    unsigned worked = 0;

    for (const struct call_way *way = calls; way->name; way++) {
        (*ret_tried)++;
        if (try_call(way)) {
            worked++;
            name_it(400 + (way - calls), "call", way->name);
        }
    }
    return worked;
}

static unsigned ask_slots(void)
{
    char line[64];
    unsigned slots = 0;

    printf("check\n");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin) ||
        sscanf(line, "slots %x", &slots) != 1) {
        printf("host's side is gone\n");
    }
    return slots;
}

static void attack(const char *when)
{
    unsigned tried = 0, read, slots;

    read = try_reads(plain_reads, &tried, 0);
    read += try_reads(own_reads, &tried, 200);
    printf("%s: %u of %u reads\n", when, read, tried);
    slots = try_writes(own_writes, try_writes(plain_writes, 0));
    printf("%s: %u of %u writes\n", when, ask_slots(), slots);
    fflush(stdout);
}

static void *attack_beside(void *unused)
{
    (void)unused;
    catch_faults();
    attack("threads");
    return NULL;
}

/* --- all that 32 bits can name ------------------------------------------ */

static bool is_readable(uintptr_t addr)
{
    if (sigsetjmp(landing, 1)) {
        return false;
    }
    *(volatile unsigned char *)addr;
    return true;
}

static bool is_mapped(uintptr_t addr)
{
    FILE *f = fopen("/proc/self/maps", "r");
    unsigned long long start, end;
    char line[512];
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f)) {
        found = sscanf(line, "%llx-%llx", &start, &end) == 2 &&
            addr >= start && addr < end;
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static void sweep(void)
{
    uintptr_t addr = 0;
    unsigned count = 0;

    do {
        if (is_readable(addr) && !is_mapped(addr)) {
            count++;
            fprintf(stderr, "sweep: %llx\n", (unsigned long long)addr);
        }
        addr += SWEEP_STEP;
    } while ((uint32_t)addr);
    printf("sweep: %u places\n", count);
}

int main(int argc, char **argv)
{
    unsigned tried = 0, worked;
    pthread_t thread;

    catch_faults();
    if (argc > 1 && strcmp(argv[1], "sweep") == 0) {
        sweep();
        return 0;
    }
    listen();
    if (secret_count == 0 || zero_count == 0) {
        printf("nothing to attack\n");
        return 1;
    }
    attack("alone");
    pthread_create(&thread, NULL, attack_beside, NULL);
    pthread_join(thread, NULL);
    worked = try_calls(&tried);
    printf("calls: %u of %u\n", worked, tried);
    return 0;
}
