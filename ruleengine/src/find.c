/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleengine/find.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool re_policy_is_name(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return *word && word[strspn(word, letters)] == '\0';
}

/* Removes "end" from the end of text. */
static bool cut_end(char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    if (len < n || strcmp(text + len - n, end) != 0) {
        return false;
    }
    text[len - n] = '\0';
    return true;
}

/* PREFIX of the running program; false when it is not installed. */
static bool own_prefix(char prefix[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", prefix, PATH_MAX - 1);
    char *slash;

    if (len < 0) {
        return false;
    }
    prefix[len] = '\0';
    slash = strrchr(prefix, '/');
    if (!slash || prefix[0] != '/') {
        return false;
    }
    *slash = '\0';
    return cut_end(prefix, "/bin") || cut_end(prefix, "/libexec/qemu-policy");
}

bool re_policy_folder(unsigned i, char *buf, size_t size)
{
    char prefix[PATH_MAX];
    int n;

    if (i == 0) {
        n = snprintf(buf, size, "/etc/qemu-policy");
    } else if (i == 1 && own_prefix(prefix)) {
        n = snprintf(buf, size, "%s/share/qemu-policy/policies", prefix);
    } else {
        return false;
    }
    return n > 0 && (size_t)n < size;
}

int re_policy_find(const char *name, char **ret_path)
{
    char folder[PATH_MAX], *path;

    if (!re_policy_is_name(name)) {
        return -EINVAL;
    }
    for (unsigned i = 0; re_policy_folder(i, folder, sizeof(folder)); i++) {
        if (asprintf(&path, "%s/%s.ini", folder, name) < 0) {
            return -ENOMEM;
        }
        if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)) {
            *ret_path = path;
            return 0;
        }
        free(path);
    }
    return -ENOENT;
}
