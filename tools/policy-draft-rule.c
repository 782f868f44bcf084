/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule is one: what is imported may hold anything. */
#include "policy-draft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ruleengine/inspect.h>

#include "policy-question.h"

/* Nothing, or words that end nothing and begin nothing else. */
static bool are_options(const char *text)
{
    return *text == '\0' || (*text == ' ' &&
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789- ")] == '\0');
}

static bool is_errno_and_options(const char *text)
{
    char name[32];
    size_t length = strcspn(text, " ");

    if (length >= sizeof(name)) {
        return false;
    }
    memcpy(name, text, length);
    name[length] = '\0';
    return draft_is_errno(name) && are_options(text + length);
}

bool draft_is_verdict(enum draft_section section, const char *verdict)
{
    char *end;

    if (section == DRAFT_EMULATE && strncmp(verdict, "run", 3) == 0) {
        return are_options(verdict + 3);
    }
    if (section == DRAFT_EMULATE && strncmp(verdict, "return ", 7) == 0) {
        (void)strtoll(verdict + 7, &end, 0);
        return end > verdict + 7 && are_options(end);
    }
    if (section == DRAFT_EMULATE) {
        return strncmp(verdict, "error ", 6) == 0 &&
            is_errno_and_options(verdict + 6);
    }
    if (section == DRAFT_ALLOW) {
        return !*verdict || strcmp(verdict, "log") == 0 ||
            strcmp(verdict, "quiet") == 0;
    }
    return strcmp(verdict, "kill") == 0 || strcmp(verdict, "trap") == 0 ||
        draft_is_errno(verdict);
}

/* What is wrong with a policy for a target, malloc'ed; NULL: nothing. */
static char *fault_in(const char *path, const struct st_target *target)
{
    struct re_diags *diags = policy_need(re_diags_new());
    struct re_view *view = NULL;
    char *why = NULL;

    if (re_view_new(&view, target, path, diags) < 0) {
        for (size_t i = 0; i < re_diags_count(diags) && !why; i++) {
            const struct re_diag *diag = re_diags_at(diags, i);

            if (diag->severity == RE_ERROR) {
                why = policy_printf("%s", diag->message);
            }
        }
        why = why ? why : policy_printf("it does not load");
    }
    re_view_free(view);
    re_diags_free(diags);
    return why;
}

char *draft_rule_fault(const struct draft_rule *r)
{
    int fd = memfd_create("rule", MFD_CLOEXEC);
    FILE *file = policy_need(fd < 0 ? NULL : fdopen(fd, "w"));
    char *path = policy_printf("/proc/self/fd/%d", fd), *first = NULL;
    bool fine = false;

    draft_write_rule(r, file);
    if (fflush(file)) {
        policy_need(NULL);
    }
    /* Arguments and constants are not the same everywhere: some target must
     * take it, and most have what x86_64 has. */
    for (unsigned i = 0; i <= st_target_count() && !fine; i++) {
        char *why = fault_in(path, i ? st_target_at(i - 1) :
                             st_target_by_name("x86_64"));

        fine = !why;
        if (first) {
            free(why);
        } else {
            first = why;
        }
    }
    if (fine) {
        free(first);
        first = NULL;
    }
    fclose(file);
    free(path);
    return first;
}
