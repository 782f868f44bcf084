/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files and ports a policy can ever let a call have: a table of policies.
 * What is told stands in order, without repetition, a folder with a "/" at its end.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ruleengine/engine.h>
#include <ruleengine/extent.h>
#include <ruleengine/facts.h>

#include "tap.h"
#include "engine-fixture.h"

#define ANY_ACCESS (-1)

#define PORTS (-2)

static const struct {
    const char *policy, *call;
    int access;                 /* or PORTS: ports are asked for */
    enum re_extent extent;
    const char *told;
} cases[] = {
    { "default = allow", "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = deny", "openat", ANY_ACCESS, RE_EXTENT_NONE, "" },
    { "default = deny\n[allow]\nopenat = path under /a || path == /b/c",
      "openat", ANY_ACCESS, RE_EXTENT_SOME, " /a/ /b/c" },
    { "default = deny\n[allow]\nopenat = path like /a/b/*.c",
      "openat", ANY_ACCESS, RE_EXTENT_SOME, " /a/b/" },
    { "default = deny\n[allow]\nopenat = path !under /a",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = deny\n[allow]\nopenat = path under /a || mode == 0",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = deny\n[allow]\nopenat = access == read && path under /a",
      "openat", RE_ACCESS_READ, RE_EXTENT_SOME, " /a/" },
    { "default = deny\n[allow]\nopenat = access == read && path under /a",
      "openat", RE_ACCESS_WRITE, RE_EXTENT_NONE, "" },
    { "default = deny\n[allow]\nopenat = access == read || path under /a",
      "openat", RE_ACCESS_READ, RE_EXTENT_ANY, "" },
    { "default = deny\n[allow]\nopenat = access == read || path under /a",
      "openat", RE_ACCESS_READWRITE, RE_EXTENT_SOME, " /a/" },
    /* what is refused binds what comes behind */
    { "default = allow\n[deny]\nopenat = EPERM if path !under /a",
      "openat", ANY_ACCESS, RE_EXTENT_SOME, " /a/" },
    { "default = allow\n[deny]\nopenat = EPERM if path !in {/a, /b}",
      "openat", ANY_ACCESS, RE_EXTENT_SOME, " /a /b" },
    { "default = allow\n[deny]\nopenat = EPERM if path under /a",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = allow\n[deny]\nopenat = EPERM if access != read && "
      "path !under /a", "openat", RE_ACCESS_READ, RE_EXTENT_ANY, "" },
    { "default = allow\n[deny]\nopenat = EPERM if access != read && "
      "path !under /a", "openat", RE_ACCESS_WRITE, RE_EXTENT_SOME, " /a/" },
    /* but not if it does not refuse each time, or not at all */
    { "default = allow\n[deny]\nopenat = EPERM if path !under /a when 3",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = allow\npermissive = yes\n[deny]\n"
      "openat = EPERM if path !under /a",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    { "default = deny\n[allow]\nopenat = path under /a\n[emulate]\n"
      "openat = redirect /else if path == /b",
      "openat", ANY_ACCESS, RE_EXTENT_ANY, "" },
    /* ports; other families do not count */
    { "default = deny\n[allow]\nbind = port in 80..82",
      "bind", PORTS, RE_EXTENT_SOME, " 80 81 82" },
    { "default = allow\n[deny]\n"
      "bind = EPERM if family in {AF_INET, AF_INET6} && port != 80",
      "bind", PORTS, RE_EXTENT_SOME, " 80" },
    { "default = deny\n[allow]\nbind = unix under /run",
      "bind", PORTS, RE_EXTENT_NONE, "" },
    { "default = deny\n[allow]\nconnect = port != 25",
      "connect", PORTS, RE_EXTENT_ANY, "" },
    { "default = deny\n[allow]\nconnect = addr in 10.0.0.0/8",
      "connect", PORTS, RE_EXTENT_ANY, "" },
};

#define TOLD_MAX 8

struct told {
    char words[TOLD_MAX][80];
    unsigned count;
};

static void tell(struct told *told, const char *word)
{
    for (unsigned i = 0; i < told->count; i++) {
        if (strcmp(told->words[i], word) == 0) {
            return;
        }
    }
    if (told->count < TOLD_MAX) {
        strcpy(told->words[told->count++], word);
    }
}

static void file(void *opaque, const char *name, bool below)
{
    char word[80];

    snprintf(word, sizeof(word), " %s%s", name, below ? "/" : "");
    tell(opaque, word);
}

static void port(void *opaque, uint16_t number)
{
    char word[80];

    snprintf(word, sizeof(word), " %u", number);
    tell(opaque, word);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void join(struct told *told, char *buf)
{
    qsort(told->words, told->count, sizeof(told->words[0]), by_text);
    buf[0] = '\0';
    for (unsigned i = 0; i < told->count; i++) {
        strcat(buf, told->words[i]);
    }
}

static struct re_engine *load(const struct st_target *target,
                              const char *rules)
{
    char path[] = "/tmp/extent-XXXXXX";
    const char *policies[] = { path };
    struct re_config config = {
        .target = target, .policies = policies, .policy_count = 1,
    };
    struct re_engine *engine = NULL;
    FILE *f = fdopen(mkstemp(path), "w");

    fprintf(f, "[policy]\n%s\n", rules);
    fclose(f);
    engine = engine_of(&config);
    unlink(path);
    return engine;
}

static void try(const struct st_target *t, unsigned i)
{
    struct re_engine *e = load(t, cases[i].policy);
    struct told told = { .count = 0 };
    uint16_t slots[ST_MAX_SPELLINGS];
    enum re_extent got;
    char text[700];

    if (!tap_ok(e && st_slots_of_name(t, cases[i].call, slots),
                "case %u loads", i)) {
        return;
    }
    got = cases[i].access == PORTS ?
        re_engine_ports(e, slots[0], port, &told) :
        re_engine_files(e, slots[0], RE_EXTENT_PATH, cases[i].access, file,
                        &told);
    join(&told, text);
    if (!tap_ok(got == cases[i].extent &&
                (got != RE_EXTENT_SOME || strcmp(text, cases[i].told) == 0),
                "%s: case %u", st_target_name(t), i)) {
        printf("# extent %d, told%s\n", got, text);
        tap_note(cases[i].policy);
    }
    re_engine_free(e);
}

int main(void)
{
    static const char *const targets[] = { "aarch64", "mips" };

    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            try(st_target_by_name(targets[k]), i);
        }
    }
    return tap_done();
}
