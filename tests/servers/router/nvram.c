/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nvram.h"

static int nvram_fd = -1;
static const char *nvram_map;

int nvram_open(void)
{
    void *map;

    if (nvram_fd >= 0) {
        return 0;
    }
    nvram_fd = open("/dev/nvram", O_RDWR);
    if (nvram_fd < 0) {
        return -1;
    }
    map = mmap(NULL, NVRAM_SPACE, PROT_READ, MAP_SHARED, nvram_fd, 0);
    if (map == MAP_FAILED) {
        close(nvram_fd);
        nvram_fd = -1;
        return -1;
    }
    nvram_map = map;
    return 0;
}

const char *nvram_get(const char *name)
{
    unsigned long where;
    char buf[64];

    if (nvram_open() < 0 || strlen(name) >= sizeof(buf)) {
        return NULL;
    }
    strcpy(buf, name);
    if (read(nvram_fd, buf, sizeof(buf)) != (ssize_t)sizeof(where)) {
        return NULL;
    }
    memcpy(&where, buf, sizeof(where));
    return where < NVRAM_SPACE ? nvram_map + where : NULL;
}

int nvram_set(const char *name, const char *value)
{
    char buf[512];
    int len = snprintf(buf, sizeof(buf), "%s=%s", name, value) + 1;

    if (len > (int)sizeof(buf)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (nvram_open() < 0) {
        return -1;
    }
    return write(nvram_fd, buf, len) == len ? 0 : -1;
}

int nvram_commit(void)
{
    return nvram_open() < 0 ? -1 : ioctl(nvram_fd, NVRAM_COMMIT, NULL);
}

int nvram_all(char *buf, int size)
{
    if (nvram_open() < 0) {
        return -1;
    }
    buf[0] = 0;
    return read(nvram_fd, buf, size);
}
