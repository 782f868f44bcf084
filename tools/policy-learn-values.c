/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules about addresses, and about arguments that are numbers. */
#include "policy-learn-rules.h"

#include <stdlib.h>
#include <string.h>

enum {
    ADDRESSES_MANY = 4,     /* addresses with one port: any address */
    PORTS_MANY = 4,         /* ports of one address: any above */
    PORTS_FREE = 1024,      /* ... this */
};

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
        learn_put(&tokens, "port >= %d", PORTS_FREE);
    } else {
        learn_put_choice(&tokens, "port", "==", "in", &h->ports);
    }
    h->text = policy_join(tokens.items, tokens.count, " ");
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
            learn_put(&rule->looks, "reaches another machine: %s, %s",
                hosts[i].addr, hosts[i].text);
        }
    }
    learn_alternative(rule);
    if (addrs.count < ADDRESSES_MANY) {
        learn_put_choice(&rule->tokens, "addr", "==", "in", &addrs);
        learn_put(&rule->tokens, "&&");
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
    learn_put(&rule->tokens, "%s", hosts[0].text);
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
        learn_alternative(rule);
        learn_put_patterns(&rule->tokens, "unix", &patterns);
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
        learn_alternative(rule);
        learn_put_choice(&rule->tokens, "family", "==", "in", &families);
    }
    learn_words_free(&families);
}

void learn_make_address(struct maker *m, const struct use *u)
{
    struct learn_rule *rule = learn_add_rule(m->policy, u->trait->rule);

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

void learn_make_argument(struct maker *m, const struct use *u)
{
    struct learn_words values = { 0 };
    struct learn_rule *rule;

    if (!collect_values(u, u->trait->arg, &values)) {
        learn_words_once(&m->plain, u->trait->rule);
        if (!u->trait->look) {
            learn_put(&m->policy->looks, "%s: with any %s, for a record does not "
                "have it", u->trait->rule, u->trait->arg);
        }
        learn_words_free(&values);
        return;
    }
    rule = learn_add_rule(m->policy, u->trait->rule);
    learn_put_choice(&rule->tokens, u->trait->arg, "==", "in", &values);
    if (u->trait->look) {
        learn_put(&rule->looks, "%s", u->trait->look);
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

/* "AF_INET" with all types that it was used with, as one text; "": not all are
 * known. */
static char *types_of(const struct use *u, const char *domain)
{
    struct learn_words types = { 0 }, tokens = { 0 };
    bool known = true;
    char *text;

    for (size_t i = 0; i < u->count; i++) {
        const char *its = arg_of(u->things[i], "domain");
        const char *type = arg_of(u->things[i], "type");

        if (its && strcmp(its, domain) == 0) {
            char *word = type ? socket_type(type) : NULL;

            if (word) {
                learn_words_once(&types, word);
            }
            known = known && word;
            free(word);
        }
    }
    if (known) {
        learn_words_sort(&types);
        learn_put_choice(&tokens, "(type & SOCK_TYPE_MASK)", "==", "in",
                         &types);
    }
    text = policy_join(tokens.items, tokens.count, " ");
    learn_words_free(&types);
    learn_words_free(&tokens);
    return text;
}

static void look_at_sockets(struct learn_rule *rule, const char *domain,
                            const char *types)
{
    if (strcmp(domain, "AF_PACKET") == 0 ||
        (strstr(types, "SOCK_RAW") && strncmp(domain, "AF_INET", 7) == 0)) {
        learn_put(&rule->looks, "raw packets: %s", domain);
    }
}

void learn_make_socket(struct maker *m, const struct use *u)
{
    struct learn_words domains = { 0 };
    struct learn_rule *rule;

    if (!collect_values(u, "domain", &domains)) {
        learn_words_once(&m->plain, u->trait->rule);
        learn_words_free(&domains);
        return;
    }
    rule = learn_add_rule(m->policy, u->trait->rule);
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
        learn_alternative(rule);
        learn_put_choice(&rule->tokens, "domain", "==", "in", &same);
        if (*types) {
            learn_put(&rule->tokens, "&&");
            learn_put(&rule->tokens, "%s", types);
        } else {
            learn_put(&m->policy->looks, "%s: with any type, for a record does "
                "not have it", u->trait->rule);
        }
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

bool learn_makes_threads(const struct maker *m)
{
    bool threads = false;

    for (size_t i = 0; i < m->use_count; i++) {
        const struct use *u = &m->uses[i];

        threads |= u->trait->kind == LEARN_CLONE &&
            was_set(u, "clone_flags", "CLONE_THREAD");
    }
    return threads;
}

/* Threads; or processes as well; never name spaces that were not seen. */
void learn_make_clone(struct maker *m, const struct use *u)
{
    static const char name[] = "clone_flags";
    struct learn_rule *rule = learn_add_rule(m->policy, u->trait->rule);
    struct learn_words values = { 0 };

    m->policy->refuses_clone3 |= m->options->any_target;
    if (was_set(u, name, "CLONE_NEW") && collect_values(u, name, &values)) {
        learn_put_choice(&rule->tokens, name, "==", "in", &values);
        learn_put(&rule->looks, "makes name spaces");
    } else if (was_always_set(u, name, "CLONE_THREAD")) {
        learn_put(&rule->tokens, "(%s & CLONE_THREAD)", name);
    } else {
        learn_put(&rule->tokens, "(%s &", name);
        learn_put(&rule->tokens, "CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|"
            "CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET)");
        learn_put(&rule->tokens, "== 0");
        if (m->options->any_target) {
            learn_words_once(&m->policy->siblings, "fork");
            learn_words_once(&m->policy->siblings, "vfork");
        }
    }
    learn_words_free(&values);
}
