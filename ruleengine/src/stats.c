/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "diag-add.h"
#include "parse.h"

struct re_stats {
    const struct st_target *target;
    int fd;
    struct re_stats_head *head;
    void *map;                      /* the section, from a page's start */
    size_t offset;                  /* of it in the file */
    size_t map_size;
    struct re_stats_slot *slots;
    unsigned slot_count;
    struct re_stats_rule *rules;
    char *text;
    size_t text_used, text_size;
    unsigned rule_count;            /* that have been found */
    uint8_t moves[ST_MAX_SLOTS];    /* MOVES_*: whose result is bytes */
};

enum { MOVES_IN = 1, MOVES_OUT = 2 };

#define PAGE ((size_t)65536)        /* the largest page of any host */

static size_t whole_pages(size_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

/* --- rules ------------------------------------------------------------- */

/* Counts a rule and what its text takes, or fills it in. */
struct listing {
    struct re_stats *stats;         /* NULL: only count */
    unsigned rules;
    size_t text;
};

static uint32_t put_text(struct listing *l, const char *text)
{
    size_t len = strlen(text) + 1;
    uint32_t at = l->text;

    if (l->stats) {
        memcpy(l->stats->text + at, text, len);
    }
    l->text += len;
    return at;
}

static void list_rule(struct listing *l, struct re_rule *rule)
{
    char place[512], what[512];
    struct re_stats_rule entry = { 0 };

    if (rule->line) {
        snprintf(place, sizeof(place), "%s:%u", rule->file, rule->line);
    } else {
        snprintf(place, sizeof(place), "%s", rule->file ? rule->file : "-");
    }
    snprintf(what, sizeof(what), "%s%s%s", rule->key ? rule->key : "default",
             rule->text ? " = " : "", rule->text ? rule->text : "");
    entry.place = put_text(l, place);
    entry.what = put_text(l, what);
    if (l->stats) {
        struct re_stats_rule *r = &l->stats->rules[l->rules];

        r->place = entry.place;
        r->what = entry.what;
        rule->hits = &r->hits;
    }
    l->rules++;
}

/* Rules of the files, in their order, and what is left to no rule. */
static void list_layer(struct listing *l, const struct re_layer *layer)
{
    const struct re_rule *before = NULL;

    for (const struct re_draft *d = layer->doc ? layer->doc->drafts : NULL; d;
         d = d->next) {
        if (d->rule != before) {
            list_rule(l, d->rule);
            before = d->rule;
        }
    }
    if (layer->exec && layer->exec->number == RE_EXEC_DENY) {
        list_rule(l, (struct re_rule *)&layer->exec->rule);
    }
    list_rule(l, (struct re_rule *)layer->default_rule);
    list_rule(l, (struct re_rule *)layer->unknown.candidates[0].rule);
    if (layer->lua) {
        list_rule(l, (struct re_rule *)layer->on_error);
    }
}

static struct listing list_rules(struct re_stats *stats,
                                 struct re_layer *const *layers,
                                 unsigned count)
{
    struct listing l = { .stats = stats };

    for (unsigned i = 0; i < count; i++) {
        list_layer(&l, layers[i]);
    }
    return l;
}

/* --- the file ---------------------------------------------------------- */

/* Whether there is nothing at that name that is not ours to replace. */
static bool may_replace(const char *path)
{
    char magic[8] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, magic, sizeof(magic));
    struct stat st;
    bool may = fd < 0 ? errno == ENOENT :
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (n == 0 || (n == sizeof(magic) &&
                    memcmp(magic, RE_STATS_MAGIC, sizeof(magic)) == 0));

    if (fd >= 0) {
        close(fd);
    }
    return may;
}

/* A new file, never an old one made shorter: another guest may be counting
 * there. */
static int create(const char *path)
{
    int low, fd, err;

    if (!may_replace(path)) {
        return -EEXIST;
    }
    unlink(path);
    low = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    fd = low < 0 ? -1 : re_move_high(low);
    err = errno;
    if (low >= 0) {
        close(low);
    }
    return fd < 0 ? -err : fd;
}

static void *map_part(int fd, size_t offset, size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                     offset);

    return map == MAP_FAILED ? NULL : map;
}

/* All blocks are there before they are written to: a full disk would show in a
 * counter as SIGBUS. */
static int make_room(int fd, size_t offset, size_t size)
{
    return -posix_fallocate(fd, offset, size);
}

static int map_head(struct re_stats *s, bool fresh)
{
    int err = fresh ? make_room(s->fd, 0, PAGE) : 0;

    if (err) {
        return err;
    }
    s->head = map_part(s->fd, 0, PAGE);
    if (!s->head) {
        return -errno;
    }
    if (fresh) {
        s->head->started = time(NULL);
        memcpy(s->head->magic, RE_STATS_MAGIC, sizeof(s->head->magic));
    }
    return memcmp(s->head->magic, RE_STATS_MAGIC,
                  sizeof(s->head->magic)) == 0 ? 0 : -EINVAL;
}

/* What a section of these numbers takes; 0: no policy has such numbers. */
static size_t section_size(uint64_t slots, uint64_t rules, uint64_t text)
{
    return slots > ST_MAX_SLOTS || rules > UINT32_MAX || text > UINT32_MAX ? 0 :
        (slots + 1) * sizeof(struct re_stats_slot) +
        rules * sizeof(struct re_stats_rule) + text;
}

/*
 * The section of this target and these rules; a new one behind the others. The
 * file may have been written to by others since an earlier image: what it says
 * is copied, and used only where it says what this image has worked out by
 * itself.
 */
static int find_section(struct re_stats *s, const struct listing *l,
                        struct re_stats_section *ret)
{
    struct re_stats_section want = {
        .offset = PAGE, .slots = st_slot_count(s->target), .rules = l->rules,
        .text_size = l->text,
    };
    size_t size = section_size(want.slots, want.rules, want.text_size);
    struct re_stats_section had;
    uint32_t count = *(volatile uint32_t *)&s->head->section_count;
    uint32_t i;
    int err;

    snprintf(want.target, sizeof(want.target), "%s", st_target_name(s->target));
    for (i = 0; i < count && i < RE_STATS_SECTIONS; i++) {
        memcpy(&had, &s->head->sections[i], sizeof(had));
        had.target[sizeof(had.target) - 1] = '\0';
        if (strcmp(had.target, want.target) == 0 &&
            had.rules == want.rules && had.slots == want.slots &&
            had.text_size == want.text_size) {
            break;
        }
        had.offset = section_size(had.slots, had.rules, had.text_size);
        if (had.offset == 0) {
            return -EINVAL;
        }
        want.offset += whole_pages(had.offset);
    }
    if (i == RE_STATS_SECTIONS || size == 0) {
        return -E2BIG;
    }
    err = make_room(s->fd, want.offset, whole_pages(size));
    if (!err && i == count) {
        s->head->sections[i] = want;
        s->head->section_count = i + 1;
    }
    *ret = want;
    return err;
}

static int map_section(struct re_stats *s, const struct listing *l)
{
    struct re_stats_section section;
    int err;

    flock(s->fd, LOCK_EX);
    err = find_section(s, l, &section);
    flock(s->fd, LOCK_UN);
    if (err) {
        return err;
    }
    s->slot_count = section.slots;
    s->map_size = (section.slots + 1) * sizeof(*s->slots) +
        section.rules * sizeof(*s->rules) + section.text_size;
    s->offset = section.offset;
    s->map = map_part(s->fd, s->offset, s->map_size);
    if (!s->map) {
        return -errno;
    }
    s->slots = s->map;
    s->rules = (void *)(s->slots + section.slots + 1);
    s->text = (void *)(s->rules + section.rules);
    return 0;
}

/* --- bytes ------------------------------------------------------------- */

static void find_moves(struct re_stats *s)
{
    static const struct {
        const char *name;
        uint8_t moves;
    } calls[] = {
        { "read", MOVES_IN }, { "readv", MOVES_IN }, { "pread64", MOVES_IN },
        { "preadv", MOVES_IN }, { "preadv2", MOVES_IN },
        { "recv", MOVES_IN }, { "recvfrom", MOVES_IN },
        { "recvmsg", MOVES_IN }, { "getdents64", MOVES_IN },
        { "write", MOVES_OUT }, { "writev", MOVES_OUT },
        { "pwrite64", MOVES_OUT }, { "pwritev", MOVES_OUT },
        { "pwritev2", MOVES_OUT }, { "send", MOVES_OUT },
        { "sendto", MOVES_OUT }, { "sendmsg", MOVES_OUT },
        { "sendfile", MOVES_IN | MOVES_OUT },
        { "splice", MOVES_IN | MOVES_OUT },
        { "copy_file_range", MOVES_IN | MOVES_OUT },
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        uint16_t slots[ST_MAX_SPELLINGS];
        unsigned n = st_slots_of_name(s->target, calls[i].name, slots);

        while (n-- > 0) {
            s->moves[slots[n]] = calls[i].moves;
        }
    }
}

/* --- opening ----------------------------------------------------------- */

int re_stats_new(struct re_stats **ret, const struct st_target *target,
                 struct re_layer *const *layers, unsigned layer_count,
                 const char *path, int fd, struct re_diags *diags)
{
    struct re_stats *s = calloc(1, sizeof(*s));
    struct listing l = list_rules(NULL, layers, layer_count);
    int err = s ? 0 : -ENOMEM;

    if (s) {
        s->target = target;
        s->fd = fd >= 0 ? fd : create(path);
        err = s->fd < 0 ? s->fd : map_head(s, fd < 0);
    }
    if (!err) {
        err = map_section(s, &l);
    }
    if (err) {
        re_stats_free(s);
        re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                     "cannot keep statistics: %s", strerror(-err));
        return err;
    }
    list_rules(s, layers, layer_count);
    find_moves(s);
    atomic_fetch_add(&s->head->images, 1);
    *ret = s;
    return 0;
}

void re_stats_free(struct re_stats *s)
{
    if (!s) {
        return;
    }
    if (s->map) {
        munmap(s->map, s->map_size);
    }
    if (s->head) {
        munmap(s->head, PAGE);
    }
    re_number_close(s->fd);
    free(s);
}

/* Where in the file an address lies that is mapped, or -1. */
static off_t place_in(const struct re_stats *s, uintptr_t addr)
{
    uintptr_t head = (uintptr_t)s->head, map = (uintptr_t)s->map;

    return head && addr - head < PAGE ? (off_t)(addr - head) :
        map && addr - map < whole_pages(s->map_size) ?
        (off_t)(s->offset + (addr - map)) : -1;
}

/* Only behind the end of the file: a guest can send itself such a signal with
 * any address. */
bool re_stats_mend(const struct re_stats *s, const void *addr)
{
    uintptr_t page = sysconf(_SC_PAGESIZE), at = (uintptr_t)addr & ~(page - 1);
    off_t place = place_in(s, at);
    struct stat st;

    return place >= 0 && fstat(s->fd, &st) == 0 && st.st_size <= place &&
        mmap((void *)at, page, PROT_READ | PROT_WRITE, MAP_PRIVATE |
             MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

int re_stats_fd(const struct re_stats *s)
{
    return s->fd;
}

/* --- counting ---------------------------------------------------------- */

static void add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static struct re_stats_slot *slot_of(struct re_stats *s,
                                     const struct re_call *call)
{
    return &s->slots[call->slot < 0 ? (int)s->slot_count : call->slot];
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void re_stats_begin(struct re_stats *s, struct re_call *call)
{
    (void)s;
    call->began = now();
}

void re_stats_decided(struct re_stats *s, const struct re_call *call,
                      bool refused, bool emulated)
{
    struct re_stats_slot *slot = slot_of(s, call);

    add(&slot->calls, 1);
    if (refused) {
        add(&slot->refused, 1);
    } else if (emulated) {
        add(&slot->emulated, 1);
    }
}

void re_stats_end(struct re_stats *s, const struct re_call *call)
{
    struct re_stats_slot *slot = slot_of(s, call);
    uint64_t time = now() - call->began;
    uint64_t longest = atomic_load_explicit(&slot->longest,
                                            memory_order_relaxed);
    unsigned moves = call->slot < 0 ? 0 : s->moves[call->slot];

    add(&slot->time, time);
    while (time > longest &&
           !atomic_compare_exchange_weak(&slot->longest, &longest, time)) {
    }
    if (call->result < 0 && call->result >= -4095) {
        add(&slot->errors, 1);
    } else if (call->result > 0) {
        add(&slot->bytes_in, moves & MOVES_IN ? call->result : 0);
        add(&slot->bytes_out, moves & MOVES_OUT ? call->result : 0);
    }
}
