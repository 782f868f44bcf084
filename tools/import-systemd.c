/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A systemd unit: SystemCallFilter= and what belongs to it. Lines of a unit
 * count one after the other; rules here do not. So the verdict of every single
 * call is worked out first, sets are written where they lead to the same, and
 * the calls of which they do not are named.
 */
#include <stdlib.h>
#include <string.h>

#include "import-systemd.h"
#include "policy-question.h"

enum { NAMES_MAX = 1024, SETS_MAX = 64, FAMILIES_MAX = 64,
       RESTRICTIONS_MAX = 16, RULES_MAX = 12 };

enum state { UNSET, LISTED, REMOVED };

struct unit {
    struct policy_draft *draft;
    bool started, allow_list;       /* the first filter's kind */
    char error[32];                 /* SystemCallErrorNumber; "kill" */
    unsigned names;                 /* how many there are */
    enum state state[NAMES_MAX];    /* of each canonical name */
    char suffix[NAMES_MAX][24];     /* of those removed or refused: "EPERM" */
    bool single[NAMES_MAX];         /* named by itself */
    bool logged[NAMES_MAX];         /* or, with "~" in front, not logged */
    bool log_started, log_all;
    struct {
        const struct st_set *set;
        bool listed;                /* else: removed */
        char suffix[24];
    } sets[SETS_MAX];
    unsigned set_count;
    unsigned restricted[RESTRICTIONS_MAX];  /* the line that says so; 0: no */
    bool restricts_families, allows_families;
    char *families[FAMILIES_MAX];   /* owned; allowed, or refused */
    unsigned family_count, families_line;
    struct unit_namespaces namespaces;
    struct unit_addresses allowed, denied;
    struct unit_paths paths;
};

static int index_of(const char *name)
{
    const char *canonical = st_canonical_name(name), *at;

    for (unsigned i = 0; canonical && (at = st_name_at(i)); i++) {
        if (strcmp(at, canonical) == 0) {
            return i < NAMES_MAX ? (int)i : -1;
        }
    }
    return -1;
}

/* --- SystemCallFilter= -------------------------------------------------- */

static void mark(struct unit *u, const char *name, bool listed,
                 const char *suffix)
{
    int i = index_of(name);

    if (i >= 0) {
        u->state[i] = listed ? LISTED : REMOVED;
        snprintf(u->suffix[i], sizeof(u->suffix[i]), "%s", suffix);
    }
}

static void mark_set(struct unit *u, const struct st_set *set, bool listed,
                     const char *suffix)
{
    for (unsigned i = 0; i < set->count; i++) {
        mark(u, st_name_at(set->members[i]), listed, suffix);
    }
    if (u->set_count < SETS_MAX) {
        u->sets[u->set_count].set = set;
        u->sets[u->set_count].listed = listed;
        snprintf(u->sets[u->set_count++].suffix, sizeof(u->sets[0].suffix),
                 "%s", suffix);
    }
}

/* "name", "@set", "name:EPERM" */
static void filter_word(struct unit *u, unsigned line, char *word,
                        bool inverted)
{
    char *colon = strchr(word, ':');
    bool listed = u->allow_list ? !inverted : inverted;
    const char *suffix = "";
    int i;

    if (colon) {
        char *end;
        long number = strtol(colon + 1, &end, 10);

        *colon = '\0';
        suffix = *end || end == colon + 1 ? colon + 1 : draft_errno(number);
        if (!suffix) {
            draft_note(u->draft, line, "%s:%s: there is no such errno", word,
                       colon + 1);
            return;
        }
    }
    if (colon && u->allow_list && listed) {
        draft_note(u->draft, line, "%s:%s: an errno of an allowed call means "
                   "nothing", word, suffix);
        suffix = "";
    }
    if (word[0] == '@') {
        const struct st_set *set = st_set_by_name(word);

        if (!set) {
            draft_note(u->draft, line, "there is no set %s", word);
            return;
        }
        mark_set(u, set, listed, suffix);
        return;
    }
    i = index_of(word);
    if (i < 0) {
        draft_note(u->draft, line, "no target has %s", word);
        return;
    }
    mark(u, word, listed, suffix);
    u->single[i] = true;
}

static void start_filter(struct unit *u, bool inverted)
{
    u->started = true;
    u->allow_list = !inverted;
    /* systemd adds these by itself. */
    if (u->allow_list) {
        mark_set(u, st_set_by_name("@default"), true, "");
    }
}

static void reset_filter(struct unit *u)
{
    u->started = false;
    u->set_count = 0;
    memset(u->state, 0, sizeof(u->state));
    memset(u->single, 0, sizeof(u->single));
}

static void filter(struct unit *u, unsigned line, char *value)
{
    bool inverted = value[0] == '~';
    char *word;

    value += inverted;
    if (!value[strspn(value, " \t")] && !inverted) {
        reset_filter(u);
        return;
    }
    if (!u->started) {
        start_filter(u, inverted);
    }
    while ((word = strsep(&value, " \t"))) {
        if (*word) {
            filter_word(u, line, word, inverted);
        }
    }
}

/* --- other keys --------------------------------------------------------- */

static void log_calls(struct unit *u, unsigned line, char *value)
{
    bool inverted = value[0] == '~';
    char *word;

    value += inverted;
    if (!value[strspn(value, " \t")] && !inverted) {
        memset(u->logged, 0, sizeof(u->logged));
        u->log_all = u->log_started = false;
        return;
    }
    if (!u->log_started) {
        u->log_started = true;
        u->log_all = inverted;
    }
    while ((word = strsep(&value, " \t"))) {
        const struct st_set *set = st_set_by_name(word);
        int i = index_of(word);

        for (unsigned j = 0; set && j < set->count; j++) {
            int member = index_of(st_name_at(set->members[j]));

            if (member >= 0) {
                u->logged[member] = inverted == u->log_all;
            }
        }
        if (i >= 0) {
            u->logged[i] = inverted == u->log_all;
        } else if (*word && !set) {
            draft_note(u->draft, line, "SystemCallLog: no target has %s",
                       word);
        }
    }
}

static void error_number(struct unit *u, unsigned line, const char *value)
{
    char *end;
    long number = strtol(value, &end, 10);
    const char *name = *end || end == value ? value : draft_errno(number);

    if (!name || (!draft_is_errno(name) && strcmp(name, "kill") != 0)) {
        draft_fail(u->draft, line, "\"%s\" is not an errno", value);
        return;
    }
    snprintf(u->error, sizeof(u->error), "%s", name);
}

static void forget_family(struct unit *u, unsigned i)
{
    free(u->families[i]);
    u->families[i] = u->families[--u->family_count];
    u->families[u->family_count] = NULL;
}

static void family_word(struct unit *u, unsigned line, const char *word,
                        bool put)
{
    const struct st_target *t = st_target_by_name("x86_64");
    uint64_t number;

    for (unsigned i = 0; i < u->family_count; i++) {
        if (strcmp(u->families[i], word) == 0) {
            if (!put) {
                forget_family(u, i);
            }
            return;
        }
    }
    if (st_constant(t, st_family_by_name("af"), word, &number) < 0) {
        draft_note(u->draft, line, "RestrictAddressFamilies: there is no %s",
                   word);
    } else if (put && u->family_count < FAMILIES_MAX) {
        u->families[u->family_count++] = policy_printf("%s", word);
    }
}

/*
 * RestrictAddressFamilies=AF_INET AF_UNIX, or with "~" those it may not. The
 * first line says which kind of list it is; later ones add to it, or, when they
 * are of the other kind, take away from it. An empty one starts anew, and
 * "none" is a list of those that it may which has none.
 */
static void families(struct unit *u, unsigned line, char *value)
{
    bool inverted = value[0] == '~', none = strcmp(value, "none") == 0;
    char *word;

    value += inverted;
    if (none || !value[strspn(value, " \t")]) {
        while (u->family_count > 0) {
            forget_family(u, 0);
        }
        u->restricts_families = none;
        u->allows_families = true;
        u->families_line = line;
        return;
    }
    if (!u->restricts_families) {
        u->restricts_families = true;
        u->allows_families = !inverted;
    }
    u->families_line = line;
    while ((word = strsep(&value, " \t"))) {
        if (*word) {
            family_word(u, line, word, inverted != u->allows_families);
        }
    }
}

static void add_families(struct unit *u)
{
    char *list = policy_join(u->families, u->family_count, ", "), *text;

    text = u->family_count ? policy_printf(
        "domain %sin {%s}", u->allows_families ? "!" : "", list) : NULL;
    if (text || u->allows_families) {
        draft_add(u->draft, u->families_line, DRAFT_DENY, "socket",
                  "EAFNOSUPPORT", text, NULL);
    }
    free(text);
    free(list);
    while (u->family_count > 0) {
        forget_family(u, 0);
    }
}

/* --- restrictions that are filters ---------------------------------------- */

/* What a call that may make a file does, and what it may not. */
#define MAKES "((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)"
#define BUT_ITS_CALLS "all but its calls"
#define SETS_IDS "(mode & S_ISUID|S_ISGID)"

/* What systemd makes a filter of that refuses calls, besides what it does to
 * the unit's file systems and namespaces. */
static const struct restriction {
    const char *key;
    const char *note;       /* what is different here, or NULL */
    struct {
        const char *name, *verdict, *condition;
    } rules[RULES_MAX];
} restrictions[] = {
    { "LockPersonality", NULL, {
        { "personality", "EPERM", "personality !in {0, 0xffffffff}" } } },
    { "MemoryDenyWriteExecute", NULL, {
        { "mmap", "EPERM",
          "(prot & PROT_WRITE|PROT_EXEC) == PROT_WRITE|PROT_EXEC" },
        { "mprotect", "EPERM", "(prot & PROT_EXEC)" },
        { "pkey_mprotect", "EPERM", "(prot & PROT_EXEC)" },
        { "shmat", "EPERM", "(shmflg & SHM_EXEC)" } } },
    { "RestrictRealtime", "sched_setattr is let through, as by systemd: its "
      "policy lies in memory", {
        { "sched_setscheduler", "EPERM",
          "policy !in {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE}" } } },
    { "RestrictSUIDSGID", "openat2 is looked at, which systemd refuses, and "
      "so are files without a name (O_TMPFILE)", {
        { "chmod", "EPERM", SETS_IDS }, { "fchmod", "EPERM", SETS_IDS },
        { "fchmodat", "EPERM", SETS_IDS }, { "fchmodat2", "EPERM", SETS_IDS },
        { "mkdir", "EPERM", SETS_IDS }, { "mkdirat", "EPERM", SETS_IDS },
        { "mknod", "EPERM", SETS_IDS }, { "mknodat", "EPERM", SETS_IDS },
        { "creat", "EPERM", SETS_IDS },
        { "open", "EPERM", MAKES " && " SETS_IDS },
        { "openat", "EPERM", MAKES " && " SETS_IDS },
        { "openat2", "EPERM", MAKES " && " SETS_IDS } } },
    { "ProtectClock", BUT_ITS_CALLS, {
        { "adjtimex", "EPERM", NULL }, { "clock_adjtime", "EPERM", NULL },
        { "clock_settime", "EPERM", NULL }, { "settimeofday", "EPERM", NULL },
        { "stime", "EPERM", NULL } } },
    { "ProtectHostname", BUT_ITS_CALLS, {
        { "sethostname", "EPERM", NULL },
        { "setdomainname", "EPERM", NULL } } },
    { "ProtectKernelLogs", NULL, { { "syslog", "EPERM", NULL } } },
    { "ProtectKernelModules", NULL, {
        { "init_module", "EPERM", NULL }, { "finit_module", "EPERM", NULL },
        { "delete_module", "EPERM", NULL } } },
};

enum { RESTRICTIONS = sizeof(restrictions) / sizeof(restrictions[0]) };
_Static_assert((int)RESTRICTIONS <= (int)RESTRICTIONS_MAX, "room for all");

/* The last line counts. False: it is none of them, or not yes or no. */
static bool restriction(struct unit *u, unsigned line, const char *key,
                        const char *value)
{
    for (unsigned i = 0; i < RESTRICTIONS; i++) {
        if (strcmp(key, restrictions[i].key) == 0 && unit_truth(value) >= 0) {
            u->restricted[i] = unit_truth(value) ? line : 0;
            return true;
        }
    }
    return false;
}

/* Whether the filter refuses a call already, and in its own way. */
static bool is_refused(const struct unit *u, const char *name)
{
    int i = index_of(name);

    return i >= 0 && u->started && (u->state[i] == LISTED) != u->allow_list;
}

static bool is_wanted(const void *unit, const char *name)
{
    return !is_refused(unit, name);
}

static const char *refusal(const struct unit *u, const char *suffix)
{
    return suffix[0] ? suffix : u->error;
}

static const char *how_refused(const void *unit, const char *name)
{
    const struct unit *u = unit;

    return is_refused(u, name) ? refusal(u, u->suffix[index_of(name)]) : NULL;
}

static void add_restrictions(struct unit *u)
{
    for (unsigned i = 0; i < RESTRICTIONS; i++) {
        const struct restriction *r = &restrictions[i];

        if (!u->restricted[i]) {
            continue;
        }
        if (r->note) {
            draft_note(u->draft, u->restricted[i], "%s=: %s", r->key,
                       r->note);
        }
        for (unsigned j = 0; j < RULES_MAX && r->rules[j].name; j++) {
            if (!is_refused(u, r->rules[j].name)) {
                draft_add(u->draft, u->restricted[i], DRAFT_DENY,
                          r->rules[j].name, r->rules[j].verdict,
                          r->rules[j].condition, NULL);
            }
        }
    }
}

/* What else a unit says about what its program may do. */
static bool restricts(const char *key)
{
    static const char *const starts[] = {
        "SystemCall", "Restrict", "Protect", "Private", "ReadOnly",
        "ReadWrite", "Inaccessible", "Exec", "NoExec", "NoNew", "Memory",
        "LockPersonality", "Capability", "Ambient", "Root",
        "IPAddress", "SocketBind", "Device", "ProcSubset", "TemporaryFile",
        "Bind", "RemoveIPC", "UMask", "Limit",
    };

    if (strcmp(key, "ExecStart") == 0 || strncmp(key, "ExecSt", 6) == 0 ||
        strcmp(key, "ExecReload") == 0 || strncmp(key, "ExecCond", 8) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (strncmp(key, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Some are both: files that cannot be reached, and calls that are refused. */
static bool is_carried(struct unit *u, unsigned line, const char *key,
                       char *value)
{
    bool calls = restriction(u, line, key, value);

    return unit_paths(&u->paths, u->draft, line, key, value) || calls;
}

static void setting(struct unit *u, unsigned line, const char *key,
                    char *value)
{
    if (strcmp(key, "RootDirectory") == 0 || strcmp(key, "RootImage") == 0) {
        u->paths.root_line = *value ? line : 0;
    }
    if (strcmp(key, "SystemCallFilter") == 0) {
        filter(u, line, value);
    } else if (strcmp(key, "SystemCallErrorNumber") == 0) {
        error_number(u, line, value);
    } else if (strcmp(key, "SystemCallLog") == 0) {
        log_calls(u, line, value);
    } else if (strcmp(key, "RestrictAddressFamilies") == 0) {
        families(u, line, value);
    } else if (strcmp(key, "RestrictNamespaces") == 0) {
        unit_namespaces(&u->namespaces, u->draft, line, value);
    } else if (strcmp(key, "IPAddressAllow") == 0) {
        unit_addresses(&u->allowed, u->draft, line, value);
    } else if (strcmp(key, "IPAddressDeny") == 0) {
        unit_addresses(&u->denied, u->draft, line, value);
    } else if (strcmp(key, "SystemCallArchitectures") == 0) {
        draft_note(u->draft, line, "%s=%s: a guest has the calls of its own "
                   "machine alone, and a program for another one an emulator "
                   "of its own below the same policy", key, value);
    } else if (strcmp(key, "NoNewPrivileges") == 0 && unit_truth(value) > 0) {
        return;             /* so it is below any policy */
    } else if (!is_carried(u, line, key, value) && restricts(key)) {
        draft_note(u->draft, line, "%s=%s", key, value);
    }
}

static void read_unit(struct unit *u, FILE *in)
{
    unsigned line = 0;
    char *text;

    while ((text = draft_line(in, &line))) {
        char *start = text + strspn(text, " \t");
        char *equals = strchr(start, '=');

        if (*start != '#' && *start != ';' && *start != '[' && equals) {
            char *value = equals + 1 + strspn(equals + 1, " \t");

            while (equals > start && strchr(" \t", equals[-1])) {
                equals--;
            }
            *equals = '\0';
            setting(u, line, start, value);
        }
        free(text);
    }
}

/* --- to rules ----------------------------------------------------------- */

/* What the sets alone make of a call: the stricter counts. */
static enum state by_sets(const struct unit *u, const char *name,
                          char suffix[24])
{
    enum state state = UNSET;

    suffix[0] = '\0';
    for (unsigned i = 0; i < u->set_count; i++) {
        bool refuses = u->sets[i].listed != u->allow_list;

        for (unsigned j = 0; j < u->sets[i].set->count; j++) {
            const char *member =
                st_canonical_name(st_name_at(u->sets[i].set->members[j]));

            if (strcmp(member, name) == 0 && (refuses || state == UNSET)) {
                state = u->sets[i].listed ? LISTED : REMOVED;
                snprintf(suffix, 24, "%s", u->sets[i].suffix);
            }
        }
    }
    return state;
}

static void add(struct unit *u, const char *name, bool allow,
                const char *suffix, bool log)
{
    draft_add(u->draft, 0, allow ? DRAFT_ALLOW : DRAFT_DENY, name,
              !allow ? refusal(u, suffix) : !log ? "" :
              u->log_all ? "quiet" : "log", NULL, NULL);
}

static void add_name(struct unit *u, unsigned i)
{
    const char *name = st_name_at(i);
    char suffix[24];
    enum state state = by_sets(u, name, suffix);
    bool allow = u->allow_list ? u->state[i] == LISTED :
        u->state[i] != LISTED;
    bool as_sets = state == u->state[i] &&
        (allow || strcmp(refusal(u, suffix),
                         refusal(u, u->suffix[i])) == 0);

    if (u->logged[i] && allow) {
        add(u, name, true, "", true);
    } else if (u->single[i] || !as_sets) {
        add(u, name, allow, u->suffix[i], false);
    }
}

static bool set_before(const struct unit *u, unsigned i)
{
    for (unsigned j = i + 1; j < u->set_count; j++) {
        if (u->sets[j].set == u->sets[i].set) {
            return true;        /* a later line says more of it */
        }
    }
    return false;
}

static void add_rules(struct unit *u)
{
    for (unsigned i = 0; i < u->set_count; i++) {
        bool allow = u->sets[i].listed == u->allow_list;

        if (set_before(u, i)) {
            u->sets[i--] = u->sets[--u->set_count];
            continue;
        }
        add(u, u->sets[i].set->name, allow, u->sets[i].suffix, false);
    }
    for (unsigned i = 0; i < u->names; i++) {
        if (u->state[i] != UNSET || u->logged[i]) {
            add_name(u, i);
        }
    }
}

void import_systemd(struct policy_draft *d, FILE *in,
                    const struct draft_options *options)
{
    struct unit *u = policy_need(calloc(1, sizeof(*u)));
    char *text;

    (void)options;
    u->draft = d;
    strcpy(u->error, "kill");
    while (u->names < NAMES_MAX && st_name_at(u->names)) {
        u->names++;
    }
    read_unit(u, in);
    if (u->log_all) {
        d->log = "all";
    }
    if (u->paths.protections[UNIT_DYNAMIC].value) {
        restriction(u, u->paths.protections[UNIT_DYNAMIC].line,
                    "RestrictSUIDSGID", "yes");
    }
    add_restrictions(u);
    unit_add_namespaces(&u->namespaces, d, is_wanted, u);
    unit_add_addresses(&u->allowed, &u->denied, d, is_wanted, u);
    unit_add_paths(&u->paths, d, how_refused, u);
    if (u->restricts_families) {
        add_families(u);
    }
    if (!u->started || !u->allow_list) {
        draft_set_default(d, "allow");
        d->unknown = policy_printf("allow");
    } else {
        text = policy_printf("%s%s", u->error[0] == 'E' ? "deny " : "",
                             u->error);
        draft_set_default(d, text);
        d->unknown = text;
    }
    if (u->started || u->log_started) {
        add_rules(u);
    } else if (d->count == 0 && !d->failed) {
        draft_note(d, 0, "the unit has no SystemCallFilter=: everything is "
                   "allowed");
    }
    unit_addresses_free(&u->allowed);
    unit_addresses_free(&u->denied);
    unit_paths_free(&u->paths);
    free(u);
}
