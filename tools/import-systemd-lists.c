/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import-systemd.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy-question.h"

int unit_truth(const char *value)
{
    static const char *const words[][2] = {
        { "yes", "no" }, { "true", "false" }, { "1", "0" }, { "on", "off" },
        { "y", "n" }, { "t", "f" },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (unsigned j = 0; j < 2; j++) {
            if (strcasecmp(value, words[i][j]) == 0) {
                return !j;
            }
        }
    }
    return -1;
}

/* --- namespaces ----------------------------------------------------------- */

static const struct {
    const char *name, *flag;
    bool cloned;            /* clone can make one, too */
} namespaces[] = {
    { "mnt", "CLONE_NEWNS", true }, { "cgroup", "CLONE_NEWCGROUP", true },
    { "uts", "CLONE_NEWUTS", true }, { "ipc", "CLONE_NEWIPC", true },
    { "user", "CLONE_NEWUSER", true }, { "pid", "CLONE_NEWPID", true },
    { "net", "CLONE_NEWNET", true }, { "time", "CLONE_NEWTIME", false },
};

enum {
    NAMESPACES = sizeof(namespaces) / sizeof(namespaces[0]),
    ALL_NAMESPACES = (1 << NAMESPACES) - 1,
};

static unsigned namespace_bit(struct policy_draft *d, unsigned line,
                              const char *word)
{
    for (unsigned i = 0; i < NAMESPACES; i++) {
        if (strcmp(namespaces[i].name, word) == 0) {
            return 1u << i;
        }
    }
    draft_note(d, line, "RestrictNamespaces: there is no namespace \"%s\"",
               word);
    return 0;
}

/* Lists add to those that may be made, or take away; the first one begins with
 * none of them, or with all. */
void unit_namespaces(struct unit_namespaces *n, struct policy_draft *d,
                     unsigned line, char *value)
{
    bool inverted = value[0] == '~';
    int truth = unit_truth(value);
    unsigned bits = 0;
    char *word;

    if (!value[strspn(value, " \t")]) {
        n->line = 0;
        return;
    }
    if (truth == 0) {
        n->line = line;
        n->kept = ALL_NAMESPACES;
        return;
    }
    value += inverted;
    while (truth < 0 && (word = strsep(&value, " \t"))) {
        bits |= *word ? namespace_bit(d, line, word) : 0;
    }
    if (!n->line || truth > 0) {
        n->kept = inverted ? ALL_NAMESPACES : 0;
    }
    n->line = line;
    n->kept = inverted ? n->kept & ~bits : n->kept | bits;
}

/* The flags of those that may not be made, or-ed; malloc'ed. */
static char *flags_of(const struct unit_namespaces *n, bool cloned)
{
    char *text = policy_printf("%s", "");

    for (unsigned i = 0; i < NAMESPACES; i++) {
        if (!(n->kept & 1u << i) && (namespaces[i].cloned || !cloned)) {
            char *longer = policy_printf("%s%s%s", text, *text ? "|" : "",
                                         namespaces[i].flag);

            free(text);
            text = longer;
        }
    }
    return text;
}

void unit_add_namespaces(const struct unit_namespaces *n,
                         struct policy_draft *d, unit_wants *wants,
                         const void *unit)
{
    static const struct {
        const char *call, *verdict, *condition;
        bool cloned;
    } rules[] = {
        { "clone", "EPERM", "(clone_flags & %s)", true },
        { "unshare", "EPERM", "(unshare_flags & %s)" },
        { "clone3", "ENOSYS", NULL },
        { "setns", "EPERM", "nstype == 0 || (nstype & %s)" },
    };

    if (!n->line || n->kept == ALL_NAMESPACES) {
        return;
    }
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        bool whole = !rules[i].condition ||
            (n->kept == 0 && strcmp(rules[i].call, "setns") == 0);
        const char *from = whole ? "" : rules[i].condition;
        const char *at = strstr(from, "%s");
        char *flags = flags_of(n, rules[i].cloned);
        char *condition = at ? policy_printf("%.*s%s%s", (int)(at - from),
                                             from, flags, at + 2) : NULL;

        if (wants(unit, rules[i].call) && (whole || *flags)) {
            draft_add(d, n->line, DRAFT_DENY, rules[i].call,
                      rules[i].verdict, condition, NULL);
        }
        free(condition);
        free(flags);
    }
}

/* --- addresses ------------------------------------------------------------ */

static void add_item(struct unit_addresses *a, const char *network)
{
    a->items = policy_need(reallocarray(a->items, a->count + 1,
                                        sizeof(*a->items)));
    a->items[a->count++] = policy_printf("%s", network);
}

/* An address or a network, as conditions have them, too. */
static bool is_network(const char *word)
{
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];
    size_t length = strcspn(word, "/");
    long bits = 0, most;
    char *end = NULL;

    if (length >= sizeof(text)) {
        return false;
    }
    memcpy(text, word, length);
    text[length] = '\0';
    most = inet_pton(AF_INET, text, address) == 1 ? 32 :
        inet_pton(AF_INET6, text, address) == 1 ? 128 : 0;
    if (most && word[length]) {
        bits = strtol(word + length + 1, &end, 10);
    }
    return most && (!end || (end > word + length + 1 && !*end && bits >= 0 &&
                             bits <= most));
}

/* What lies behind the prefix is no part of a network: conditions insist. */
static void add_network(struct unit_addresses *a, const char *word)
{
    const char *slash = strchr(word, '/');
    unsigned char address[16] = { 0 };
    char text[INET6_ADDRSTRLEN], *network;
    int family = strchr(word, ':') ? AF_INET6 : AF_INET;
    int length = slash ? slash - word : (int)strlen(word);
    unsigned bits = slash ? strtoul(slash + 1, NULL, 10) : 128;

    snprintf(text, sizeof(text), "%.*s", length, word);
    inet_pton(family, text, address);
    for (unsigned i = 0; i < 128; i++) {
        if (i >= bits) {
            address[i / 8] &= ~(0x80 >> i % 8);
        }
    }
    inet_ntop(family, address, text, sizeof(text));
    network = policy_printf("%s%s", text, slash ? slash : "");
    add_item(a, network);
    free(network);
}

void unit_addresses(struct unit_addresses *a, struct policy_draft *d,
                    unsigned line, char *value)
{
    static const struct {
        const char *word, *networks[2];
    } words[] = {
        { "localhost", { "127.0.0.0/8", "::1" } },
        { "link-local", { "169.254.0.0/16", "fe80::/64" } },
        { "multicast", { "224.0.0.0/4", "ff00::/8" } },
    };
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    char *word;

    if (!value[strspn(value, " \t")]) {
        unit_addresses_free(a);
        return;
    }
    while ((word = strsep(&value, " \t"))) {
        unsigned i = 0;

        while (i < WORDS && strcmp(words[i].word, word) != 0) {
            i++;
        }
        if (!*word) {
            continue;
        }
        a->line = line;
        if (i < WORDS) {
            add_item(a, words[i].networks[0]);
            add_item(a, words[i].networks[1]);
        } else if (strcmp(word, "any") == 0) {
            a->any = true;
        } else if (is_network(word)) {
            add_network(a, word);
        } else {
            draft_note(d, line, "\"%s\" is no address", word);
        }
    }
}

void unit_addresses_free(struct unit_addresses *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        free(a->items[i]);
    }
    free(a->items);
    *a = (struct unit_addresses) { 0 };
}

/* systemd looks at packets, whoever sends them; here it is the calls that say
 * with whom they talk. */
void unit_add_addresses(const struct unit_addresses *allowed,
                        const struct unit_addresses *denied,
                        struct policy_draft *d, unit_wants *wants,
                        const void *unit)
{
    static const struct {
        const char *call, *verdict;
    } rules[] = {
        { "connect", "EPERM" }, { "sendto", "EPERM" }, { "sendmsg", "EPERM" },
        { "sendmmsg", "EPERM" }, { "accept", "ECONNABORTED" },
        { "accept4", "ECONNABORTED" },
    };
    char *not_these = policy_join(allowed->items, allowed->count, ", ");
    char *these = policy_join(denied->items, denied->count, ", "), *condition;

    if (denied->line && !allowed->any) {
        condition = policy_printf(
            "%s%s%s%s%s%s", denied->any ? "family in {AF_INET, AF_INET6}" :
            "addr in {", denied->any ? "" : these, denied->any ? "" : "}",
            allowed->count ? " && addr !in {" : "", not_these,
            allowed->count ? "}" : "");
        draft_note(d, denied->line, "IPAddressDeny=: asked when a connection "
                   "is made or taken and when a message is sent, not of each "
                   "packet: datagrams of others are received");
        for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
            if (wants(unit, rules[i].call)) {
                draft_add(d, denied->line, DRAFT_DENY, rules[i].call,
                          rules[i].verdict, condition, NULL);
            }
        }
        free(condition);
    }
    free(not_these);
    free(these);
}
