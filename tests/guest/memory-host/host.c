/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of the memory attacks: runs an emulator with the program of
 * memory/, tells the guest where the emulator's own memory lies and what is in
 * it, which no guest could know better, and looks afterwards at what has
 * become of it.
 *
 *     memory-host EMULATOR [OPTION]... PROGRAM [ARGUMENT]...
 *
 * The guest begins:        cookie ADDRESS
 * it is told:              base ADDRESS             host address of guest 0
 *                          r ADDRESS VALUE          8 bytes in memory's order
 *                          w ADDRESS                a page of zeros
 *                          go
 * and may ask:             check
 * to be told:              slots N                  changed by now
 * Every other line of its is passed on. Numbers are hexadecimal.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define SLOT 64                 /* bytes, one for each way to write */
#define COOKIE 32               /* bytes */
#define REGIONS_MAX 48
#define TARGETS_MAX 40          /* of each kind */
#define CHUNK (1 << 20)         /* bytes read at once */
#define HUGE_REGION (UINT64_C(1) << 32)
#define SECONDS_MAX 120         /* for one emulator that hangs */

struct region {
    uint64_t start, end;
    char perm[8];
    char name[256];
};

static int memory = -1;
static uint64_t zeros[TARGETS_MAX];     /* pages that the guest may try to write */
static unsigned zero_count;

static void die(const char *why)
{
    printf("host: %s\n", why);
    exit(1);
}

static FILE *maps_of(pid_t pid)
{
    char name[64];
    FILE *f;

    snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
    f = fopen(name, "r");
    if (!f) {
        die("no maps");
    }
    return f;
}

static bool next_region(FILE *f, struct region *r)
{
    char line[1024];

    if (!fgets(line, sizeof(line), f)) {
        return false;
    }
    r->name[0] = '\0';
    return sscanf(line, "%lx-%lx %7s %*s %*s %*s %255[^\n]", &r->start,
                  &r->end, r->perm, r->name) >= 3;
}

/* --- where the guest's memory begins ------------------------------------ */

static void make_cookie(unsigned char *cookie)
{
    for (int i = 0; i < COOKIE; i++) {
        cookie[i] = (i * 37 + 11) ^ 0x5a;
    }
}

static uint64_t search(const struct region *r, const unsigned char *cookie,
                       uint64_t guest)
{
    static unsigned char buf[CHUNK];

    for (uint64_t at = r->start; at < r->end; at += sizeof(buf)) {
        size_t want = r->end - at < sizeof(buf) ? r->end - at : sizeof(buf);
        ssize_t got = pread(memory, buf, want, at);
        unsigned char *found = got <= 0 ? NULL :
            memmem(buf, got, cookie, COOKIE);

        /* A copy elsewhere does not lie on the same place of its page. */
        if (found && ((at + (found - buf) - guest) & (PAGE - 1)) == 0) {
            return at + (found - buf);
        }
    }
    return 0;
}

static uint64_t find_base(pid_t pid, uint64_t guest)
{
    unsigned char cookie[COOKIE];
    FILE *f = maps_of(pid);
    struct region r;
    uint64_t host = 0;

    make_cookie(cookie);
    while (!host && next_region(f, &r)) {
        if (r.perm[0] == 'r' && r.end - r.start < HUGE_REGION &&
            strncmp(r.name, "[v", 2) != 0) {
            host = search(&r, cookie, guest);
        }
    }
    fclose(f);
    if (!host) {
        die("the guest's cookie is nowhere");
    }
    return host - guest;
}

/* --- what is the emulator's --------------------------------------------- */

/* QEMU maps nothing executable for the guest. */
static bool is_emulators(const struct region *r, const char *emulator)
{
    const char *base = strrchr(emulator, '/');

    return r->end - r->start < HUGE_REGION && r->perm[0] == 'r' &&
        r->name[1] != 'v' &&
        (strchr(r->perm, 'x') || strstr(r->name, base ? base : emulator) ||
         strstr(r->name, ".so") || strcmp(r->name, "[heap]") == 0 ||
         strcmp(r->name, "[stack]") == 0);
}

/* Bytes that are there by no accident. */
static bool is_telling(const unsigned char *p)
{
    int kinds = 0;

    for (int i = 0; i < 8; i++) {
        kinds += p[i] != 0 && !memchr(p, p[i], i);
    }
    return kinds >= 5;
}

static void tell_value(FILE *guest, const struct region *r)
{
    unsigned char page[PAGE];

    for (uint64_t at = r->start; at < r->end; at += PAGE) {
        if (pread(memory, page, PAGE, at) != PAGE) {
            return;
        }
        for (int i = 0; i + 8 <= PAGE; i += 8) {
            if (is_telling(page + i)) {
                fprintf(guest, "r %lx ", at + i);
                for (int j = 0; j < 8; j++) {
                    fprintf(guest, "%02x", page[i + j]);
                }
                fprintf(guest, "\n");
                return;
            }
        }
    }
}

static void tell_zeros(FILE *guest, const struct region *r)
{
    static const unsigned char none[PAGE];
    unsigned char page[PAGE];

    for (uint64_t at = r->end - PAGE; at > r->start; at -= PAGE) {
        if (pread(memory, page, PAGE, at) != PAGE) {
            return;
        }
        if (memcmp(page, none, PAGE) == 0) {
            zeros[zero_count++] = at;
            fprintf(guest, "w %lx\n", at);
            return;
        }
    }
}

/* Where zeros are not likely to be in use, so that an emulator which lets the
 * guest in goes on. */
static bool is_spare(const struct region *r, const char *emulator)
{
    const char *base = strrchr(emulator, '/');

    return strchr(r->perm, 'x') ||
        strstr(r->name, base ? base : emulator);
}

static void tell(FILE *guest, pid_t pid, const char *emulator)
{
    FILE *f = maps_of(pid);
    struct region r;
    unsigned values = 0;

    while (next_region(f, &r) && values < TARGETS_MAX) {
        if (!is_emulators(&r, emulator)) {
            continue;
        }
        tell_value(guest, &r);
        values++;
        if (r.perm[1] == 'w' && is_spare(&r, emulator) &&
            zero_count < TARGETS_MAX) {
            tell_zeros(guest, &r);
        }
    }
    fclose(f);
}

static unsigned changed_slots(void)
{
    static const unsigned char none[SLOT];
    unsigned char page[PAGE];
    bool changed[PAGE / SLOT] = { false };
    unsigned count = 0;

    for (unsigned i = 0; i < zero_count; i++) {
        if (pread(memory, page, PAGE, zeros[i]) != PAGE) {
            continue;
        }
        for (int s = 0; s < PAGE / SLOT; s++) {
            changed[s] |= memcmp(page + s * SLOT, none, SLOT) != 0;
        }
    }
    for (int s = 0; s < PAGE / SLOT; s++) {
        count += changed[s];
    }
    return count;
}

/* --- the conversation --------------------------------------------------- */

static volatile pid_t emulator_group = INT_MAX;

/* Children that a hurt emulator leaves behind would hold the pipes open. */
static void end_all(int sig)
{
    kill(-emulator_group, SIGKILL);
    if (sig == SIGALRM) {
        _exit(1);
    }
}

static pid_t start(char **argv, FILE **ret_to, FILE **ret_from)
{
    int to[2], from[2];
    pid_t pid;

    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) {
        die("no pipe");
    }
    signal(SIGCHLD, end_all);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        dup2(to[0], 0);
        dup2(from[1], 1);
        execv(argv[0], argv);
        _exit(127);
    }
    setpgid(pid, pid);
    emulator_group = pid;
    signal(SIGALRM, end_all);
    alarm(SECONDS_MAX);
    close(to[0]);
    close(from[1]);
    *ret_to = fdopen(to[1], "w");
    *ret_from = fdopen(from[0], "r");
    return pid;
}

int main(int argc, char **argv)
{
    char line[512], name[64];
    FILE *to, *from;
    uint64_t cookie;
    int status;
    pid_t pid;

    if (argc < 3) {
        die("what is to be run?");
    }
    pid = start(argv + 1, &to, &from);
    snprintf(name, sizeof(name), "/proc/%d/mem", (int)pid);
    while (fgets(line, sizeof(line), from)) {
        if (sscanf(line, "cookie %lx", &cookie) == 1) {
            memory = open(name, O_RDONLY | O_CLOEXEC);
            if (memory < 0) {
                die("the emulator's memory cannot be read");
            }
            fprintf(to, "base %lx\n", find_base(pid, cookie));
            tell(to, pid, argv[1]);
            fprintf(to, "go\n");
        } else if (strcmp(line, "check\n") == 0) {
            fprintf(to, "slots %x\n", changed_slots());
        } else {
            fputs(line, stdout);
        }
        fflush(to);
        fflush(stdout);
    }
    fclose(to);
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status)) {
        printf("host: the emulator died of signal %d\n", WTERMSIG(status));
        return 1;
    }
    return WEXITSTATUS(status);
}
