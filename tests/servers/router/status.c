/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The router's page: ?NAME=VALUE sets, ?NAME shows, ?reboot restarts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/utsname.h>

#include "nvram.h"

static void show_all(void)
{
    static char all[4096];
    const char *text = all;

    if (nvram_all(all, sizeof(all)) < 0) {
        printf("no nvram\n");
        return;
    }
    for (; *text; text += strlen(text) + 1) {
        printf("%s\n", text);
    }
}

int main(void)
{
    char *query = getenv("QUERY_STRING"), *value;
    struct utsname name;

    printf("Content-Type: text/plain\r\n\r\n");
    uname(&name);
    printf("host: %s\n", name.nodename);
    if (!query || !*query) {
        show_all();
    } else if (strcmp(query, "reboot") == 0) {
        printf("restart: %d\n", reboot(1));
    } else if ((value = strchr(query, '='))) {
        *value++ = 0;
        printf("set: %d\n", nvram_set(query, value) | nvram_commit());
    } else {
        const char *found = nvram_get(query);

        printf("%s: %s\n", query, found ? found : "(none)");
    }
    return 0;
}
