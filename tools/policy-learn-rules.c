/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what was seen to rules that allow it: calls without a condition go into
 * a list, and into sets where that opens little more; the others get a rule each
 * that says what mattered.
 */
#include "policy-learn.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    NAMES_MAX = 2048,       /* bound of st_name_at() */
    SET_MIN = 4,            /* calls seen that make a set worth naming */
    SET_OPENS = 3,          /* further calls for each of these, at most */
    ADDRESSES_MANY = 4,     /* addresses with one port: any address */
    PORTS_MANY = 4,         /* ports of one address: any above */
    PORTS_FREE = 1024,      /* ... this */
    SIBLINGS_MAX = 32,
};

/* The things that one rule is for. */
struct use {
    const struct learn_trait *trait;
    const struct learn_thing **things;
    size_t count;
};

struct maker {
    struct learn_policy *policy;
    const struct learn_log *log;
    const struct learn_options *options;
    struct use *uses;
    size_t use_count;
    struct learn_words plain;       /* calls, each once */
};

/* --- tokens --------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void put(struct learn_words *tokens, const char *format, ...)
{
    char *text;
    va_list ap;

    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0) {
        text = NULL;
    }
    va_end(ap);
    learn_words_add(tokens, policy_need(text));
}

/* Text as a condition holds it; stars outside of quotes are for patterns. */
static char *quoted(const struct learn_pattern *pattern)
{
    static const char safe[] = "*?[]/._-+@%~=:0123456789"
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *text = pattern->text;
    const char *plain = pattern->relation == LEARN_LIKE ? safe : safe + 4;
    char *result, *to;

    if (*text && text[strspn(text, plain)] == '\0') {
        return policy_printf("%s", text);
    }
    to = result = policy_need(malloc(2 * strlen(text) + 3));
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return result;
}

/* "SUBJECT == a", "SUBJECT in {a, b}" */
static void put_choice(struct learn_words *tokens, const char *subject,
                       const char *one, const char *many,
                       const struct learn_words *values)
{
    if (values->count == 1) {
        put(tokens, "%s", subject);
        put(tokens, "%s", one);
        put(tokens, "%s", values->items[0]);
        return;
    }
    put(tokens, "%s", subject);
    put(tokens, "%s", many);
    for (size_t i = 0; i < values->count; i++) {
        put(tokens, "%s%s%s", i ? "" : "{", values->items[i],
            i + 1 < values->count ? "," : "}");
    }
}

static void put_patterns(struct learn_words *tokens, const char *subject,
                         const struct learn_patterns *patterns)
{
    static const struct {
        enum learn_relation relation;
        const char *one, *many;
    } kinds[] = {
        { LEARN_UNDER, "under", "under" },
        { LEARN_LIKE, "like", "like" },
        { LEARN_EQUAL, "==", "in" },
    };
    bool any = false;

    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct learn_words values = { 0 };

        for (size_t i = 0; i < patterns->count; i++) {
            if (patterns->items[i].relation == kinds[k].relation) {
                learn_words_add(&values, quoted(&patterns->items[i]));
            }
        }
        if (values.count) {
            if (any) {
                put(tokens, "||");
            }
            put_choice(tokens, subject, kinds[k].one, kinds[k].many, &values);
            any = true;
        }
        learn_words_free(&values);
    }
}

/* Puts brackets around tokens from "first" on. */
static void bracket(struct learn_words *tokens, size_t first)
{
    char **last = &tokens->items[tokens->count - 1];
    char *open = policy_printf("(%s", tokens->items[first]), *close;

    free(tokens->items[first]);
    tokens->items[first] = open;
    close = policy_printf("%s)", *last);
    free(*last);
    *last = close;
}

static struct learn_rule *add_rule(struct learn_policy *p, const char *name)
{
    struct learn_rule *rule;

    p->rules = policy_need(reallocarray(p->rules, p->rule_count + 1,
                                        sizeof(*p->rules)));
    rule = &p->rules[p->rule_count++];
    *rule = (struct learn_rule) { .name = policy_printf("%s", name) };
    return rule;
}

/* --- paths ---------------------------------------------------------------- */

static bool is_plain_device(const char *path)
{
    static const char *const devices[] = {
        "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts/",
        "/proc/self/fd/",
    };

    for (size_t i = 0; i < COUNT(devices); i++) {
        if (strncmp(path, devices[i], strlen(devices[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_secret(const char *path)
{
    static const char *const parts[] = {
        "/etc/shadow", "/etc/gshadow", "/.ssh/", "/.gnupg/", "/private/",
        "/.aws/", "/.netrc",
    };

    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(path, parts[i])) {
            return true;
        }
    }
    return false;
}

/* What a person should look at, as comments of the rule. */
static void look_at_paths(const struct maker *m, struct learn_rule *rule,
                          const struct learn_trait *trait,
                          const struct learn_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct learn_pattern *p = &patterns->items[i];

        if (trait->look) {
            put(&rule->looks, "%s: %s", trait->look, p->text);
        } else if (is_secret(p->text)) {
            put(&rule->looks, "may be a secret: %s", p->text);
        } else if (p->wrote && !is_plain_device(p->text) &&
                   !learn_is_within(p->text, &m->log->folders)) {
            put(&rule->looks, "changes files outside of its folder: %s",
                p->text);
        }
    }
}

struct opened {
    const char *path;
    long pid;
    unsigned mask;          /* of what it was opened for, see access_bit() */
};

enum { MASK_READ = 1, MASK_WRITE = 2, MASK_BOTH = 4, MASK_ALL = 7 };

static unsigned access_bit(const char *access)
{
    if (!access) {
        return MASK_ALL;        /* nobody could tell */
    }
    return strcmp(access, "read") == 0 ? MASK_READ :
        strcmp(access, "write") == 0 ? MASK_WRITE : MASK_BOTH;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct opened *)a)->path,
                  ((const struct opened *)b)->path);
}

/* One entry for each path. */
static size_t collect_opened(const struct use *u, struct opened *opened)
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < u->count; i++) {
        if (u->things[i]->path) {
            opened[count++] = (struct opened) {
                u->things[i]->path, u->things[i]->pid,
                access_bit(u->things[i]->access),
            };
        }
    }
    qsort(opened, count, sizeof(*opened), by_path);
    for (size_t i = 0; i < count; i++) {
        if (kept && by_path(&opened[kept - 1], &opened[i]) == 0) {
            opened[kept - 1].mask |= opened[i].mask;
        } else {
            opened[kept++] = opened[i];
        }
    }
    return kept;
}

static void put_access(struct learn_words *tokens, unsigned mask)
{
    struct learn_words names = { 0 };

    if (mask == MASK_ALL) {
        return;
    }
    if (mask & MASK_READ) {
        put(&names, "read");
    }
    if (mask & MASK_WRITE) {
        put(&names, "write");
    }
    if (mask & MASK_BOTH) {
        put(&names, "readwrite");
    }
    put_choice(tokens, "access", "==", "in", &names);
    put(tokens, "&&");
    learn_words_free(&names);
}

static void make_open(struct maker *m, const struct use *u)
{
    struct opened *opened = policy_need(calloc(u->count + 1, sizeof(*opened)));
    struct learn_path *paths = policy_need(calloc(u->count + 1,
                                                  sizeof(*paths)));
    size_t count = collect_opened(u, opened);

    m->policy->paths += count;
    for (unsigned mask = 1; mask <= MASK_ALL; mask++) {
        struct learn_path_options options = {
            .writes = mask != MASK_READ, .folds = true,
            .any_target = m->options->any_target,
            .folders = &m->log->folders,
        };
        struct learn_patterns patterns = { 0 };
        struct learn_rule *rule;
        size_t n = 0, first;

        for (size_t i = 0; i < count; i++) {
            if (opened[i].mask == mask) {
                paths[n++] = (struct learn_path) {
                    opened[i].path, opened[i].pid,
                };
            }
        }
        if (!n) {
            continue;
        }
        learn_generalise(&patterns, paths, n, &options, &m->policy->notes);
        rule = add_rule(m->policy, u->trait->rule);
        put_access(&rule->tokens, mask);
        first = rule->tokens.count;
        put_patterns(&rule->tokens, "path", &patterns);
        if (first && learn_words_have(&rule->tokens, "||")) {
            bracket(&rule->tokens, first);
        }
        look_at_paths(m, rule, u->trait, &patterns);
        learn_patterns_free(&patterns);
    }
    free(opened);
    free(paths);
}

/* The patterns of all first, or all second, paths. */
static void collect_paths(struct maker *m, const struct use *u, bool second,
                          struct learn_patterns *ret)
{
    struct learn_path *paths = policy_need(calloc(u->count + 1,
                                                  sizeof(*paths)));
    bool runs = strcmp(u->trait->rule, "@exec") == 0;
    struct learn_path_options options = {
        .writes = !runs, .folds = !runs,
        .any_target = m->options->any_target, .folders = &m->log->folders,
    };
    size_t n = 0;

    for (size_t i = 0; i < u->count; i++) {
        const char *path = second ? u->things[i]->path2 : u->things[i]->path;

        if (path) {
            paths[n++] = (struct learn_path) { path, u->things[i]->pid };
        }
    }
    m->policy->paths += n;
    learn_generalise(ret, paths, n, &options, &m->policy->notes);
    free(paths);
}

/* One rule; for other targets, also for the calls that are used there. */
static void make_path_rule(struct maker *m, const struct use *u,
                           const char *name,
                           const struct learn_patterns *patterns,
                           const struct learn_patterns *patterns2)
{
    struct learn_rule *rule = add_rule(m->policy, name);
    size_t second;

    put_patterns(&rule->tokens, "path", patterns);
    if (patterns2->count) {
        if (learn_words_have(&rule->tokens, "||")) {
            bracket(&rule->tokens, 0);
        }
        put(&rule->tokens, "&&");
        second = rule->tokens.count;
        put_patterns(&rule->tokens, "path2", patterns2);
        for (size_t i = second; i < rule->tokens.count; i++) {
            if (strcmp(rule->tokens.items[i], "||") == 0) {
                bracket(&rule->tokens, second);
                break;
            }
        }
    }
    look_at_paths(m, rule, u->trait, patterns);
    look_at_paths(m, rule, u->trait, patterns2);
}

static void make_paths(struct maker *m, const struct use *u)
{
    struct learn_patterns patterns = { 0 }, patterns2 = { 0 };
    const char *siblings[SIBLINGS_MAX];
    unsigned count = !m->options->any_target || u->trait->rule[0] == '@' ? 0 :
        learn_siblings(u->trait->rule, siblings, SIBLINGS_MAX);

    collect_paths(m, u, false, &patterns);
    if (u->trait->kind == LEARN_PATHS) {
        collect_paths(m, u, true, &patterns2);
    }
    if (patterns.count) {
        make_path_rule(m, u, u->trait->rule, &patterns, &patterns2);
    }
    for (unsigned i = 0; i < count && patterns.count; i++) {
        if (strcmp(siblings[i], u->trait->rule) != 0) {
            make_path_rule(m, u, siblings[i], &patterns, &patterns2);
        }
    }
    learn_patterns_free(&patterns);
    learn_patterns_free(&patterns2);
}

/* --- addresses ------------------------------------------------------------ */

struct host {
    char *addr;             /* NULL: any */
    struct learn_words ports;
    char *text;             /* the ports as a condition */
};

static int by_number(const void *a, const void *b)
{
    long x = atol(*(char *const *)a), y = atol(*(char *const *)b);

    return x < y ? -1 : x > y;
}

static int by_host(const void *a, const void *b)
{
    const struct host *x = a, *y = b;
    int order = strcmp(x->text, y->text);

    return order ? order : strcmp(x->addr, y->addr);
}

static char *join(const struct learn_words *words)
{
    char *text = policy_printf("%s", "");

    for (size_t i = 0; i < words->count; i++) {
        char *longer = policy_printf("%s%s%s", text, i ? " " : "",
                                     words->items[i]);

        free(text);
        text = longer;
    }
    return text;
}

/* Ports that the kernel has chosen are others the next time. */
static void describe_ports(struct host *h)
{
    struct learn_words tokens = { 0 };
    bool free_ports = h->ports.count >= PORTS_MANY;

    qsort(h->ports.items, h->ports.count, sizeof(char *), by_number);
    for (size_t i = 0; i < h->ports.count; i++) {
        free_ports &= atol(h->ports.items[i]) >= PORTS_FREE;
    }
    if (free_ports) {
        put(&tokens, "port >= %d", PORTS_FREE);
    } else {
        put_choice(&tokens, "port", "==", "in", &h->ports);
    }
    h->text = join(&tokens);
    learn_words_free(&tokens);
}

static struct host *host_of(struct host *hosts, size_t *count,
                            const char *addr)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(hosts[i].addr, addr) == 0) {
            return &hosts[i];
        }
    }
    hosts[*count] = (struct host) { .addr = policy_printf("%s", addr) };
    return &hosts[(*count)++];
}

static bool is_local(const char *addr)
{
    return strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0 ||
        strcmp(addr, "0.0.0.0") == 0 || strcmp(addr, "::") == 0 ||
        strncmp(addr, "::ffff:127.", 11) == 0;
}

static void alternative(struct learn_rule *rule)
{
    if (rule->tokens.count) {
        put(&rule->tokens, "||");
    }
}

/* Addresses with the same ports are one alternative. */
static void put_hosts(struct maker *m, struct learn_rule *rule,
                      const struct host *hosts, size_t count)
{
    struct learn_words addrs = { 0 };
    char *shown;

    for (size_t i = 0; i < count; i++) {
        learn_words_once(&addrs, hosts[i].addr);
        if (!is_local(hosts[i].addr) &&
            strcmp(rule->name, "bind") != 0) {
            put(&rule->looks, "reaches another machine: %s, %s",
                hosts[i].addr, hosts[i].text);
        }
    }
    alternative(rule);
    if (addrs.count < ADDRESSES_MANY) {
        put_choice(&rule->tokens, "addr", "==", "in", &addrs);
        put(&rule->tokens, "&&");
    } else {
        shown = policy_printf("%s, any address", hosts[0].text);
        m->policy->notes.items = policy_need(reallocarray(
            m->policy->notes.items, m->policy->notes.count + 1,
            sizeof(struct learn_note)));
        m->policy->notes.items[m->policy->notes.count++] =
            (struct learn_note) {
                .from = policy_printf("%s", hosts[0].addr), .to = shown,
                .why = "many addresses with these ports", .count = addrs.count,
            };
    }
    put(&rule->tokens, "%s", hosts[0].text);
    learn_words_free(&addrs);
}

static void put_internet(struct maker *m, struct learn_rule *rule,
                         const struct use *u)
{
    struct host *hosts = policy_need(calloc(u->count + 1, sizeof(*hosts)));
    size_t count = 0;

    for (size_t i = 0; i < u->count; i++) {
        if (u->things[i]->addr && u->things[i]->port) {
            struct host *h = host_of(hosts, &count, u->things[i]->addr);

            m->policy->addresses += learn_words_once(&h->ports,
                                                     u->things[i]->port);
        }
    }
    for (size_t i = 0; i < count; i++) {
        describe_ports(&hosts[i]);
    }
    qsort(hosts, count, sizeof(*hosts), by_host);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count &&
             strcmp(hosts[i].text, hosts[i + n].text) == 0; n++) {
        }
        put_hosts(m, rule, hosts + i, n);
    }
    for (size_t i = 0; i < count; i++) {
        free(hosts[i].addr);
        free(hosts[i].text);
        learn_words_free(&hosts[i].ports);
    }
    free(hosts);
}

static void put_local(struct maker *m, struct learn_rule *rule,
                      const struct use *u)
{
    struct learn_path *paths = policy_need(calloc(u->count + 1,
                                                  sizeof(*paths)));
    struct learn_path_options options = {
        .writes = true, .folders = &m->log->folders,
    };
    struct learn_patterns patterns = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < u->count; i++) {
        if (u->things[i]->unix_name) {
            paths[n++] = (struct learn_path) {
                u->things[i]->unix_name, u->things[i]->pid,
            };
        }
    }
    m->policy->addresses += n;
    learn_generalise(&patterns, paths, n, &options, &m->policy->notes);
    if (patterns.count) {
        alternative(rule);
        put_patterns(&rule->tokens, "unix", &patterns);
    }
    learn_patterns_free(&patterns);
    free(paths);
}

static void put_families(struct learn_rule *rule, const struct use *u)
{
    struct learn_words families = { 0 };

    for (size_t i = 0; i < u->count; i++) {
        const struct learn_thing *t = u->things[i];

        if (t->family && !t->addr && !t->unix_name) {
            learn_words_once(&families, t->family);
        }
    }
    learn_words_sort(&families);
    if (families.count) {
        alternative(rule);
        put_choice(&rule->tokens, "family", "==", "in", &families);
    }
    learn_words_free(&families);
}

static void make_address(struct maker *m, const struct use *u)
{
    struct learn_rule *rule = add_rule(m->policy, u->trait->rule);

    put_internet(m, rule, u);
    put_local(m, rule, u);
    put_families(rule, u);
}

/* --- arguments ------------------------------------------------------------ */

static const char *arg_of(const struct learn_thing *t, const char *name)
{
    for (unsigned i = 0; i < t->arg_count; i++) {
        if (strcmp(t->args[i].name, name) == 0) {
            return t->args[i].value;
        }
    }
    return NULL;
}

/* Every value that the argument had; false: not all are known. */
static bool collect_values(const struct use *u, const char *name,
                           struct learn_words *values)
{
    for (size_t i = 0; i < u->count; i++) {
        const char *value = arg_of(u->things[i], name);

        if (!value) {
            return false;
        }
        learn_words_once(values, value);
    }
    learn_words_sort(values);
    return true;
}

static void make_argument(struct maker *m, const struct use *u)
{
    struct learn_words values = { 0 };
    struct learn_rule *rule;

    if (!collect_values(u, u->trait->arg, &values)) {
        learn_words_once(&m->plain, u->trait->rule);
        if (!u->trait->look) {
            put(&m->policy->looks, "%s: with any %s, for a record does not "
                "have it", u->trait->rule, u->trait->arg);
        }
        learn_words_free(&values);
        return;
    }
    rule = add_rule(m->policy, u->trait->rule);
    put_choice(&rule->tokens, u->trait->arg, "==", "in", &values);
    if (u->trait->look) {
        put(&rule->looks, "%s", u->trait->look);
    }
    learn_words_free(&values);
}

/* The type without SOCK_CLOEXEC and SOCK_NONBLOCK. */
static char *socket_type(const char *type)
{
    char *copy = policy_printf("%s", type), *rest = copy, *word;
    char *result = NULL;

    while ((word = strsep(&rest, "|"))) {
        if (strcmp(word, "SOCK_CLOEXEC") && strcmp(word, "SOCK_NONBLOCK")) {
            free(result);
            result = policy_printf("%s", word);
        }
    }
    free(copy);
    return result ? result : policy_printf("0");
}

/* "AF_INET" with all types that it was used with, as one text. */
static char *types_of(const struct use *u, const char *domain)
{
    struct learn_words types = { 0 }, tokens = { 0 };
    char *text;

    for (size_t i = 0; i < u->count; i++) {
        const char *its = arg_of(u->things[i], "domain");
        const char *type = arg_of(u->things[i], "type");

        if (its && type && strcmp(its, domain) == 0) {
            char *word = socket_type(type);

            learn_words_once(&types, word);
            free(word);
        }
    }
    learn_words_sort(&types);
    put_choice(&tokens, "(type & SOCK_TYPE_MASK)", "==", "in", &types);
    text = join(&tokens);
    learn_words_free(&types);
    learn_words_free(&tokens);
    return text;
}

static void look_at_sockets(struct learn_rule *rule, const char *domain,
                            const char *types)
{
    if (strcmp(domain, "AF_PACKET") == 0 ||
        (strstr(types, "SOCK_RAW") && strncmp(domain, "AF_INET", 7) == 0)) {
        put(&rule->looks, "raw packets: %s", domain);
    }
}

static void make_socket(struct maker *m, const struct use *u)
{
    struct learn_words domains = { 0 };
    struct learn_rule *rule;

    if (!collect_values(u, "domain", &domains)) {
        learn_words_once(&m->plain, u->trait->rule);
        learn_words_free(&domains);
        return;
    }
    rule = add_rule(m->policy, u->trait->rule);
    while (domains.count) {
        struct learn_words same = { 0 }, rest = { 0 };
        char *types = types_of(u, domains.items[0]);

        for (size_t i = 0; i < domains.count; i++) {
            char *its = types_of(u, domains.items[i]);

            learn_words_once(strcmp(its, types) == 0 ? &same : &rest,
                             domains.items[i]);
            free(its);
        }
        for (size_t i = 0; i < same.count; i++) {
            look_at_sockets(rule, same.items[i], types);
        }
        alternative(rule);
        put_choice(&rule->tokens, "domain", "==", "in", &same);
        put(&rule->tokens, "&&");
        put(&rule->tokens, "%s", types);
        learn_words_free(&domains);
        learn_words_free(&same);
        free(types);
        domains = rest;
    }
}

/* Whether one of the flags is set in any of the things. */
static bool was_set(const struct use *u, const char *name, const char *flag)
{
    for (size_t i = 0; i < u->count; i++) {
        const char *value = arg_of(u->things[i], name);

        if (value && strstr(value, flag)) {
            return true;
        }
    }
    return false;
}

static bool was_always_set(const struct use *u, const char *name,
                           const char *flag)
{
    for (size_t i = 0; i < u->count; i++) {
        const char *value = arg_of(u->things[i], name);

        if (!value || !strstr(value, flag)) {
            return false;
        }
    }
    return true;
}

/* Threads; or processes as well; never name spaces that were not seen. */
static void make_clone(struct maker *m, const struct use *u)
{
    static const char name[] = "clone_flags";
    struct learn_rule *rule = add_rule(m->policy, u->trait->rule);
    struct learn_words values = { 0 };

    m->policy->refuses_clone3 |= m->options->any_target;
    if (was_set(u, name, "CLONE_NEW") && collect_values(u, name, &values)) {
        put_choice(&rule->tokens, name, "==", "in", &values);
        put(&rule->looks, "makes name spaces");
    } else if (was_always_set(u, name, "CLONE_THREAD")) {
        put(&rule->tokens, "(%s & CLONE_THREAD)", name);
    } else {
        put(&rule->tokens, "(%s &", name);
        put(&rule->tokens, "CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|"
            "CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET)");
        put(&rule->tokens, "== 0");
        if (m->options->any_target) {
            learn_words_once(&m->policy->siblings, "fork");
            learn_words_once(&m->policy->siblings, "vfork");
        }
    }
    learn_words_free(&values);
}

/* --- sets ----------------------------------------------------------------- */

struct names {
    const char *names[NAMES_MAX];       /* canonical, each once */
    bool harmless[NAMES_MAX];
    unsigned count;
};

static void collect_names(struct names *n)
{
    const char *name;

    for (unsigned i = 0; (name = st_name_at(i)) && n->count < NAMES_MAX; i++) {
        const char *call = st_canonical_name(name);

        if (call && strcmp(call, name) == 0) {
            n->names[n->count] = call;
            n->harmless[n->count++] = learn_is_harmless(call);
        }
    }
}

static bool is_harmless(const struct names *n, const char *call)
{
    for (unsigned i = 0; i < n->count; i++) {
        if (strcmp(n->names[i], call) == 0) {
            return n->harmless[i];
        }
    }
    return false;
}

/* Of the calls that a set opens, how many do what no call seen does; those that
 * do the same as each other count once. */
static size_t strangeness(const struct maker *m,
                          const struct learn_words *opened)
{
    struct learn_words kinds = { 0 };
    size_t count;

    for (size_t i = 0; i < opened->count; i++) {
        const char *siblings[SIBLINGS_MAX];
        unsigned n = learn_siblings(opened->items[i], siblings, SIBLINGS_MAX);
        bool known = false;

        for (unsigned j = 0; j < n; j++) {
            known |= learn_words_have(&m->plain, siblings[j]);
        }
        if (!known) {
            learn_words_once(&kinds, n ? siblings[0] : opened->items[i]);
        }
    }
    count = kinds.count;
    learn_words_free(&kinds);
    return count;
}

/* What naming a set would allow: true if it may be named at all. */
static bool weigh(const struct maker *m, const struct names *names,
                  const struct st_set *set, const struct learn_words *open,
                  struct learn_fold *ret)
{
    struct learn_words once = { 0 };
    bool fine = true;

    *ret = (struct learn_fold) { .set = set->name };
    for (unsigned i = 0; i < set->count && fine; i++) {
        const char *call = st_canonical_name(st_name_at(set->members[i]));

        if (!call || !learn_words_once(&once, call)) {
            continue;
        }
        if (learn_words_have(&m->plain, call)) {
            ret->covered += !learn_words_have(open, call);
        } else if (!is_harmless(names, call)) {
            fine = false;
        } else if (!learn_words_have(open, call)) {
            learn_words_once(&ret->opened, call);
        }
    }
    learn_words_free(&once);
    return fine && ret->covered >= SET_MIN &&
        ret->opened.count <= SET_OPENS * ret->covered &&
        strangeness(m, &ret->opened) <= ret->covered;
}

static void take_fold(struct learn_policy *p, const struct learn_fold *fold,
                      struct learn_words *open)
{
    const struct st_set *set = st_set_by_name(fold->set);

    p->folds = policy_need(reallocarray(p->folds, p->fold_count + 1,
                                        sizeof(*p->folds)));
    p->folds[p->fold_count++] = *fold;
    for (unsigned i = 0; i < set->count; i++) {
        const char *call = st_canonical_name(st_name_at(set->members[i]));

        if (call) {
            learn_words_once(open, call);
        }
    }
    learn_words_once(&p->plain, fold->set);
}

/* The set that saves most is taken first, as long as one saves anything. */
static void fold_sets(struct maker *m, struct learn_words *open)
{
    struct names *names = policy_need(calloc(1, sizeof(*names)));
    bool found = true;

    collect_names(names);
    while (found) {
        struct learn_fold best = { 0 };
        const struct st_set *set;

        found = false;
        for (unsigned i = 0; (set = st_set_at(i)); i++) {
            struct learn_fold fold;
            bool fine = weigh(m, names, set, open, &fold);

            if (fine && (!found || fold.covered + best.opened.count >
                         best.covered + fold.opened.count)) {
                learn_words_free(&best.opened);
                best = fold;
                found = true;
            } else {
                learn_words_free(&fold.opened);
            }
        }
        if (found) {
            take_fold(m->policy, &best, open);
        }
    }
    free(names);
}

/* --- the list ------------------------------------------------------------- */

bool learn_is_everywhere(const struct policy_scope *scope, const char *name)
{
    const struct st_set *set = st_set_by_name(name);
    uint16_t slots[ST_MAX_SPELLINGS];

    for (unsigned i = 0; i < scope->count; i++) {
        unsigned found = set ? 0 :
            st_slots_of_name(scope->targets[i], name, slots);

        for (unsigned j = 0; set && j < set->count && !found; j++) {
            found = st_slots_of_name(scope->targets[i],
                                     st_name_at(set->members[j]), slots);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void add_siblings_of(struct maker *m, const char *call,
                            const struct learn_words *open)
{
    const char *siblings[SIBLINGS_MAX];
    unsigned n = learn_siblings(call, siblings, SIBLINGS_MAX);

    for (unsigned i = 0; i < n; i++) {
        if (learn_trait_of(siblings[i])->kind == LEARN_PLAIN &&
            strcmp(siblings[i], "fork") && strcmp(siblings[i], "vfork") &&
            !learn_words_have(&m->plain, siblings[i]) &&
            !learn_words_have(open, siblings[i])) {
            learn_words_once(&m->policy->siblings, siblings[i]);
        }
    }
}

/* Of fork's, make_clone() knows. */
static void add_siblings(struct maker *m, const struct learn_words *open)
{
    for (size_t i = 0; i < m->plain.count; i++) {
        add_siblings_of(m, m->plain.items[i], open);
    }
    for (size_t i = 0; i < m->use_count; i++) {
        add_siblings_of(m, m->uses[i].trait->call, open);
    }
    add_siblings_of(m, "set_tid_address", open);
    learn_words_sort(&m->policy->siblings);
}

static void make_list(struct maker *m)
{
    struct learn_policy *p = m->policy;
    struct learn_words open = { 0 };

    learn_words_sort(&m->plain);
    fold_sets(m, &open);
    learn_words_sort(&p->plain);
    for (size_t i = 0; i < m->plain.count; i++) {
        const char *call = m->plain.items[i], *look = learn_look_of(call);

        if (!learn_words_have(&open, call)) {
            learn_words_once(&p->plain, call);
        }
        if (look) {
            put(&p->looks, "%s: %s", call, look);
        }
    }
    if (m->options->any_target) {
        add_siblings(m, &open);
    }
    learn_words_free(&open);
}

/* --- all of it ------------------------------------------------------------ */

static void add_use(struct maker *m, const struct learn_thing *thing)
{
    const struct learn_trait *trait = learn_trait_of(thing->call);
    struct use *u = NULL;

    if (trait->kind == LEARN_REFUSED) {
        m->policy->refuses_clone3 = true;
        return;
    }
    if (trait->kind == LEARN_PLAIN) {
        learn_words_once(&m->plain, thing->call);
        return;
    }
    for (size_t i = 0; i < m->use_count && !u; i++) {
        u = strcmp(m->uses[i].trait->rule, trait->rule) == 0 ? &m->uses[i] :
            NULL;
    }
    if (!u) {
        m->uses = policy_need(reallocarray(m->uses, m->use_count + 1,
                                           sizeof(*m->uses)));
        u = &m->uses[m->use_count++];
        *u = (struct use) { .trait = trait };
    }
    if ((u->count & (u->count - 1)) == 0) {
        u->things = policy_need(reallocarray(u->things, 2 * u->count + 1,
                                             sizeof(struct learn_thing *)));
    }
    u->things[u->count++] = thing;
}

static int by_rule(const void *a, const void *b)
{
    return strcmp(((const struct use *)a)->trait->rule,
                  ((const struct use *)b)->trait->rule);
}

static void make_use(struct maker *m, const struct use *u)
{
    switch (u->trait->kind) {
    case LEARN_OPEN:
        make_open(m, u);
        break;
    case LEARN_PATH:
    case LEARN_PATHS:
        make_paths(m, u);
        break;
    case LEARN_ADDRESS:
        make_address(m, u);
        break;
    case LEARN_SOCKET:
        make_socket(m, u);
        break;
    case LEARN_CLONE:
        make_clone(m, u);
        break;
    case LEARN_ARGUMENT:
        make_argument(m, u);
        break;
    case LEARN_PLAIN:
    case LEARN_REFUSED:
        break;
    }
}

static void set_scope(struct maker *m)
{
    struct policy_scope *scope = &m->policy->targets;

    if (!m->options->any_target) {
        *scope = m->log->targets;
        return;
    }
    scope->count = st_target_count();
    for (unsigned i = 0; i < scope->count; i++) {
        scope->targets[i] = st_target_at(i);
    }
}

void learn_make(struct learn_policy *ret, const struct learn_log *log,
                const struct learn_options *options)
{
    struct maker m = { .policy = ret, .log = log, .options = options };
    struct learn_words calls = { 0 };

    *ret = (struct learn_policy) { .base = options->base };
    set_scope(&m);
    for (size_t i = 0; i < log->kept; i++) {
        learn_words_once(&calls, log->things[i].call);
        add_use(&m, &log->things[i]);
    }
    ret->calls = calls.count;
    if (m.use_count) {
        qsort(m.uses, m.use_count, sizeof(*m.uses), by_rule);
    }
    for (size_t i = 0; i < m.use_count; i++) {
        make_use(&m, &m.uses[i]);
        free(m.uses[i].things);
    }
    make_list(&m);
    free(m.uses);
    learn_words_free(&m.plain);
    learn_words_free(&calls);
}

void learn_policy_free(struct learn_policy *p)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        free(p->rules[i].name);
        learn_words_free(&p->rules[i].tokens);
        learn_words_free(&p->rules[i].looks);
    }
    for (size_t i = 0; i < p->fold_count; i++) {
        learn_words_free(&p->folds[i].opened);
    }
    free(p->rules);
    free(p->folds);
    learn_words_free(&p->plain);
    learn_words_free(&p->siblings);
    learn_words_free(&p->looks);
    learn_words_free(&p->doubts);
    learn_notes_free(&p->notes);
}
